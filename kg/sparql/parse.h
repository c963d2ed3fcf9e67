/* parse.h - query text to syntax tree. */
#ifndef KGQ_KG_SPARQL_PARSE_H
#define KGQ_KG_SPARQL_PARSE_H

#include "kg/sparql/ast.h"

/* The tree lies in `arena` and borrows from it alone. `name` is for messages. BASE_BAD_INPUT has the place. */
BaseStatus sparql_parse(const char *text, size_t length, const char *name, const KgPrefix *prefixes,
                        size_t prefix_count, BaseArena *arena, AstSelect **out, BaseError *err);

#endif
