/* literal.h - numbers as rules write them. Private to the room. */
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

#endif
