/* hints.h - what was probably meant where a program says something else. Private to the room. */
#ifndef KGQ_REASONER_HINTS_H
#define KGQ_REASONER_HINTS_H

#include "reasoner/parser.h"

/* The habit of another language that the token at hand, or the one before it, shows; NULL: none. */
const char *reasoner_habit(const Parser *parser);
/* Whether the token at hand, where a statement is not over yet, looks like the first of the next one: not indented. */
bool reasoner_begins_anew(const Parser *parser);
/* For a character that no token begins with. */
const char *reasoner_character_hint(char character);
/* "did you mean NAME?" in `out` for the nearest of `items`, else `usual`; which may be NULL. Names of one letter are
 * all near each other, and none is suggested. */
enum { HINT_BYTES = 160 };
const char *reasoner_near_hint(const char *word, const char *const *items, size_t count, const char *usual,
                               char out[HINT_BYTES]);

#endif
