/* prefixed_names.h - IRIs as they are typed: shortened by a prefix of the database or of the statement, and the way
 * back. */
#ifndef KGQ_CLI_PREFIXED_NAMES_H
#define KGQ_CLI_PREFIXED_NAMES_H

#include "kg/kg.h"

typedef struct NameSpaces {
    struct {
        KgPrefix *items;
        size_t count, capacity;
    } prefixes; /* texts in the arena */
    BaseArena *arena;
} NameSpaces;

/* The prefixes of the database, and those that the SPARQL text declares, which hold before them. */
BaseStatus names_open(NameSpaces *names, KgStore *store, const char *text, size_t length, BaseArena *arena);
void names_close(NameSpaces *names);
/* The IRI of `prefix:...`, with the rest behind it; NULL: the prefix is not known. In the arena. */
const char *names_expand(const NameSpaces *names, const char *word, size_t length);
/* As short as it can be written in SPARQL: prefix:local, or <iri>. In the arena; NULL: no memory. */
const char *names_shorten(const NameSpaces *names, KgText iri);
/* The same, with the prefix of `word` where that will do. */
const char *names_shorten_like(const NameSpaces *names, KgText iri, const char *word, size_t length);
/* What stands behind the IRI's last '#', '/' or ':'. */
KgText local_name(KgText iri);

#endif
