/* exact.h - xsd:integer and xsd:decimal: 128-bit decimals with up to 18 digits behind the point. What does not fit is
 * an error, which SPARQL knows how to go on from; it is never a rounded integer. */
#ifndef KGQ_KG_SPARQL_EXACT_H
#define KGQ_KG_SPARQL_EXACT_H

#include "kg/kg.h"

#define EXACT_DIGITS 18 /* behind the point */
#define EXACT_TEXT 48   /* bytes that any Exact fits in, with its NUL */

typedef __int128 ExactMantissa;

typedef struct Exact {
    ExactMantissa mantissa; /* the number times 10^scale */
    int scale;              /* 0 .. EXACT_DIGITS; no trailing zeros in a scaled mantissa */
} Exact;

/* [+-]?digits, and for decimals also .digits; digits past EXACT_DIGITS are dropped. */
bool sparql_exact_parse(KgText text, bool is_decimal, Exact *out);
size_t sparql_exact_format(Exact number, bool is_decimal, char out[EXACT_TEXT]); /* canonical: 3, 3.0, -0.25 */
double sparql_exact_double(Exact number);
bool sparql_exact_from_double(double number, Exact *out); /* false: not finite or too large */
/* False: overflow, or a division by zero. Division keeps EXACT_DIGITS digits. */
bool sparql_exact_add(Exact a, Exact b, Exact *out);
bool sparql_exact_multiply(Exact a, Exact b, Exact *out);
bool sparql_exact_divide(Exact a, Exact b, Exact *out);
Exact sparql_exact_negate(Exact number);
int sparql_exact_compare(Exact a, Exact b);                             /* < 0, 0, > 0 */
typedef enum Rounding { ROUND_DOWN, ROUND_UP, ROUND_HALF_UP } Rounding; /* toward -inf, +inf; nearest, half to +inf */
Exact sparql_exact_round(Exact number, Rounding rounding);

#endif
