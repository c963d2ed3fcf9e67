/* complete_lookup.h - questions to the database while somebody waits for Tab: asked on threads of their own, so that
 * the answer comes in a moment or later, but the shell never hangs. */
#ifndef KGQ_CLI_COMPLETE_LOOKUP_H
#define KGQ_CLI_COMPLETE_LOOKUP_H

#include "kg/kg.h"

typedef enum LookupKind {
    LOOKUP_CLASSES, /* what is rdf:type's object, most members first */
    LOOKUP_NAMES,   /* IRIs that begin with the question */
    LOOKUP_LABELS,  /* entities whose labels have the question's words */
    LOOKUP_OBJECTS, /* what stands behind the predicate whose IRI is the question, the commonest first */
    LOOKUP_KINDS
} LookupKind;

typedef struct LookupFound {
    KgTerm term;
    const char *label; /* LABELS; else NULL */
    uint64_t count;    /* CLASSES, OBJECTS */
} LookupFound;

typedef struct LookupAnswer {
    LookupFound *items; /* in the arena of the call */
    size_t count;
    bool is_whole; /* else there may be more, or all is still to come */
} LookupAnswer;

#define LOOKUP_MOST 200 /* found things at most */

typedef struct Lookup Lookup;
Lookup *lookup_new(KgStore *store); /* the store is borrowed; NULL: no memory */
void lookup_free(Lookup *lookup);   /* stops what is being asked; NULL is fine */
/* Waits a moment at most. Answers are kept until another question of the same kind, or a change of the facts. */
void lookup_ask(Lookup *lookup, LookupKind kind, const char *question, size_t length, BaseArena *arena,
                LookupAnswer *out);

#endif
