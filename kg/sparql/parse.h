/* parse.h - the text of a query or an update to its syntax tree. */
#ifndef KGQ_KG_SPARQL_PARSE_H
#define KGQ_KG_SPARQL_PARSE_H

#include "kg/sparql/ast.h"

/* The tree lies in `arena` and borrows from it alone. `name` is for messages, `base` what relative IRIs are
 * resolved against without a BASE, or NULL. BASE_BAD_INPUT has the place. */
BaseStatus sparql_parse(const char *text, size_t length, const char *name, const char *base, const KgPrefix *prefixes,
                        size_t prefix_count, BaseArena *arena, AstSelect **out, BaseError *err);
BaseStatus sparql_parse_update(const char *text, size_t length, const char *name, const char *base,
                               const KgPrefix *prefixes, size_t prefix_count, BaseArena *arena, AstUpdate **out,
                               BaseError *err);

#endif
