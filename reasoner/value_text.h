/* value_text.h - values from texts and back: typed literals, cells of tables, canonical forms (sections 5 and 8 of the
 * language). Private to the room. */
#ifndef KGQ_REASONER_VALUE_TEXT_H
#define KGQ_REASONER_VALUE_TEXT_H

#include "reasoner/values.h"

/* Texts of values read borrow from what was read, or from the arena. */

typedef enum ReadResult { READ_OK, READ_ILL_FORMED, READ_NO_MEMORY } ReadResult;

/* "lexical"^^<datatype> in its normal form. */
ReadResult reasoner_read_literal(KgText lexical, KgText datatype, BaseArena *arena, Value *out);
/* The value of a term; an ill-formed literal is of kind OTHER, a blank node a VALUE_OTHER without meaning. false: no
 * memory. */
bool reasoner_value_of_term(const KgTerm *term, BaseArena *arena, Value *out);
/* The term that writes the value; its texts borrow from the value or from the empty `text`. false: no memory. */
bool reasoner_term_of_value(const Value *value, BaseBuffer *text, KgTerm *out);

/* A cell of a table under the formats `any`, `int` and `double` (section 5.3). */
ReadResult reasoner_read_any(KgText cell, BaseArena *arena, Value *out);
ReadResult reasoner_read_int(KgText cell, BaseArena *arena, Value *out);
ReadResult reasoner_read_double(KgText cell, Value *out);

/* What follows appends to `out`; false: no memory. */
bool reasoner_write_lexical(const Value *value, BaseBuffer *out);   /* what STR gives */
bool reasoner_write_canonical(const Value *value, BaseBuffer *out); /* section 8 */
bool reasoner_write_cell(const Value *value, BaseBuffer *out);      /* under `any`, before quoting */
bool reasoner_write_term(const Value *value, BaseBuffer *out);      /* as a rule names it; strings with escapes */
KgText reasoner_datatype(const Value *value);                       /* empty: of no literal */

bool reasoner_is_number(const Value *value); /* INTEGER, FLOAT, DOUBLE */
double reasoner_as_double(const Value *value);

#endif
