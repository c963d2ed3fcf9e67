/* serve_form.h - what a request says in words: its parameters, its media types. */
#ifndef KGQ_CLI_SERVE_FORM_H
#define KGQ_CLI_SERVE_FORM_H

#include "kg/kg.h"

/* Percent-decodes; '+' is a blank. Its bytes are the arena's, with a NUL behind them. False: no memory, or (*is_bad) a
 * '%' without two hexadecimal digits, or a NUL. */
bool form_decode(KgText raw, BaseArena *arena, KgText *out, bool *is_bad);

/* Takes one parameter; false ends the reading. */
typedef bool FormTake(void *context, KgText name, KgText value);
/* a=b&c=d, by the rules of application/x-www-form-urlencoded. False as above, or as `take` said. */
bool form_read(KgText text, BaseArena *arena, FormTake *take, void *context, bool *is_bad);

/* Whether a Content-Type names that media type; parameters but a charset other than UTF-8 do not matter. */
bool media_type_is(const char *header, const char *type);

/* Which of the offers, best first, an Accept header wants most (RFC 9110, section 12.5.1); false: none. NULL accepts
 * all. */
bool media_choose(const char *accept, const char *const *offers, size_t count, size_t *out);

#endif
