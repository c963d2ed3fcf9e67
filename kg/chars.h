/* chars.h - private to kg: the classes of characters that names are made of in SPARQL, Turtle and N-Triples. */
#ifndef KGQ_KG_CHARS_H
#define KGQ_KG_CHARS_H

#include <stdbool.h>
#include <stdint.h>

bool kg_is_letter(uint32_t code_point);         /* PN_CHARS_BASE */
bool kg_is_name_character(uint32_t code_point); /* PN_CHARS */
static inline bool kg_is_digit(uint32_t code_point)
{
    return code_point >= '0' && code_point <= '9';
}
/* The value of a hexadecimal digit; -1: it is none. */
int kg_hex_value(int character);

#endif
