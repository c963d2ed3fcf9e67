/* calls.h - the built-in functions by families: numbers, tests and casts, texts. Private to the room. */
#ifndef KGQ_REASONER_CALLS_H
#define KGQ_REASONER_CALLS_H

#include "reasoner/functions.h"

/* false: no value. Texts of results borrow from arguments, or from the scratch of `values`. */
typedef bool Call(Function function, const Value *arguments, uint32_t count, Values *values, Value *out);

Call reasoner_call_number, reasoner_call_bits, reasoner_call_order;
Call reasoner_call_logic, reasoner_call_test, reasoner_call_cast;
Call reasoner_call_text, reasoner_call_texts, reasoner_call_concat, reasoner_call_substr, reasoner_call_uri;

/* -1, 0, 1; of one kind as such, a mix as doubles. */
int reasoner_order_numbers(const Value *a, const Value *b);
static inline bool give_boolean(bool truth, Value *out)
{
    *out = (Value){.kind = VALUE_BOOLEAN, .integer = truth};
    return true;
}
static inline bool give_integer(int64_t integer, Value *out)
{
    *out = (Value){.kind = VALUE_INTEGER, .integer = integer};
    return true;
}
/* The buffer's text in the scratch; the buffer is freed. `is_fine` false: no memory. */
bool reasoner_give_text(Value *out, ValueKind kind, KgText tag, BaseBuffer *text, bool is_fine, Values *values);

#endif
