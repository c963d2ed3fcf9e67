/* literal.h - numbers as rules write and compare them. Private to the room. */
#ifndef KGQ_REASONER_LITERAL_H
#define KGQ_REASONER_LITERAL_H

#include "kg/kg.h"

/* A number of a rule's text as a literal. */
typedef struct NumberText {
    char lexical[80];
    const char *datatype;
    bool is_big; /* 0b, 0o or 0x past 63 bits */
} NumberText;
/* `sign` is '+', '-' or 0. false: too long, not a number of its base, or not finite. */
bool reasoner_read_number(char sign, const char *bytes, size_t length, NumberText *out);

/* What `<` compares. Integers (every XML Schema integer type, whole decimals) within 64 bits, and finite doubles. */
typedef enum NumberKind { NUMBER_NONE, NUMBER_INTEGER, NUMBER_DOUBLE } NumberKind;
typedef struct Number {
    NumberKind kind;
    union {
        int64_t integer;
        double real;
    } value;
} Number;
Number reasoner_number(const KgTerm *term);
/* -1, 0, 1; integers as such, a mix as doubles. Both must be numbers. */
int reasoner_compare_numbers(Number a, Number b);

#endif
