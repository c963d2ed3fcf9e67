/* values.h - the values of the rule language as dense 32-bit numbers: equal values have equal numbers (section 5 of the
 * language: identity of kind and value), so joins compare numbers only. Private to the room. */
#ifndef KGQ_REASONER_VALUES_H
#define KGQ_REASONER_VALUES_H

#include "kg/kg.h"

#include <string.h>

#define NO_VALUE UINT32_MAX

typedef enum ValueKind {
    VALUE_IRI = 1,  /* text */
    VALUE_STRING,   /* text */
    VALUE_LANGUAGE, /* text, tag: the language in lower case */
    VALUE_BOOLEAN,  /* integer: 0, 1 */
    VALUE_INTEGER,  /* integer */
    VALUE_UNSIGNED, /* integer: the bits of a number past INT64_MAX */
    VALUE_FLOAT,    /* real, exactly a 32-bit float; finite */
    VALUE_DOUBLE,   /* real; finite */
    VALUE_NULL,     /* integer: its number, from 0; of a database's blank nodes their id */
    VALUE_OTHER,    /* text: the lexical form, tag: the datatype */
} ValueKind;

typedef struct Value {
    ValueKind kind;
    int64_t integer;
    double real;
    KgText text, tag;
} Value;

static inline bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

typedef struct Values Values;

Values *reasoner_values_new(void); /* NULL: no memory */
void reasoner_values_free(Values *values);
/* The value's number, given to it when it is new; texts are copied. NO_VALUE: no memory, or 2^32 - 1 values. */
uint32_t reasoner_intern(Values *values, const Value *value);
/* The next number for this value, though it may have one already: for tables whose first numbers are set by others.
 * reasoner_intern goes on to give the first. NO_VALUE as above. */
uint32_t reasoner_values_append(Values *values, const Value *value);
/* Where the values of the first numbers are, to be read as they are asked for: the terms of a database. */
typedef struct ValueSource {
    /* Texts borrow from the arena. false: no memory, or what holds it is damaged. */
    bool (*read)(void *context, uint32_t number, BaseArena *texts, Value *out);
    /* The number of a value, NO_VALUE: it has none. false: as above. */
    bool (*find)(void *context, const Value *value, uint32_t *out);
    void *context;
} ValueSource;
/* Of an empty table: numbers below `count` are the source's. false: no memory. */
bool reasoner_values_lend(Values *values, const ValueSource *source, uint32_t count);
/* The next number is the source's, too. false: no memory. */
bool reasoner_values_lend_one(Values *values);
/* The source's number for this value, known without asking. false: no memory. */
bool reasoner_values_know(Values *values, uint32_t number, const Value *value);
/* The value's number; NO_VALUE: it has none. */
uint32_t reasoner_find_value(Values *values, const Value *value);

/* Texts are borrowed until the table is freed. */
Value reasoner_value(const Values *values, uint32_t number);
uint32_t reasoner_values_count(const Values *values);
size_t reasoner_values_bytes(const Values *values);
uint32_t reasoner_fresh_null(Values *values); /* NO_VALUE: no memory */
/* Sticky: some call above, or a computation, had no memory. A computation can only say "no value", so look at this
 * when a round ends. */
bool reasoner_values_failed(const Values *values);
void reasoner_values_fail(Values *values);
BaseArena *reasoner_values_scratch(Values *values); /* for texts on the way; whoever uses it rewinds it */

/* The regular expression compiled last. */
typedef struct KeptPattern {
    char *text;
    size_t length;
    void *code; /* NULL: a bad pattern */
    void (*free)(void *code);
} KeptPattern;
KeptPattern *reasoner_values_pattern(Values *values);
void reasoner_forget_pattern(KeptPattern *pattern);

bool reasoner_same_value(const Value *a, const Value *b);

#endif
