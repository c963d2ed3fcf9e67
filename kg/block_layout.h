/* block_layout.h - private to block.c and block_pack.c: what lies where in a packed block. All numbers little-endian.
 *
 *   8 bytes  XXH3 of all that follows, by the caller's seed
 *   4 bytes  rows (2), keys, values
 *   columns, 4 bytes each: kind, count, size, bytes | group << 4
 *       constant    every row holds the value in the table
 *       plain       `count` stretches; a code is stretch << size | value - base. One stretch alone: the code is
 *                   value - base, and `size` says how many codes there are (0: more than KG_GROUPS)
 *       stepped     the same with (value - base) / step, where the steps are not all 1
 *       dictionary  `count` values, ascending; a code is a place among them; `size`: bytes of each less the least
 *       bytes       how many hold any code of the column
 *       group       0, or 1 + the column whose codes choose this column's frames of reference
 *   tables of the columns in turn: the value; the bases (8 each), then the steps (8 each) if stepped; the least value
 *       (8), then the dictionary
 *   groups of the grouped columns in turn: for each code of the other column a width (1) and the least code (`bytes`)
 *   runs, for each column that is not constant: place in the payload | method << 12 (2), width (1), least code of the
 *       run (`bytes`)
 *   payload: what the methods say below, each part from a whole byte
 *   8 bytes of zeros, so that a number may be read by one load of 8 bytes
 *
 * Widths are 0..56 or 64 bits (of groups 0..56): one load from the byte where a number starts holds all of it. */
#ifndef KGQ_KG_BLOCK_LAYOUT_H
#define KGQ_KG_BLOCK_LAYOUT_H

#include "kg/block.h"

#include <endian.h>
#include <string.h>

#define KG_BLOCK_HEADER 12
#define KG_BLOCK_COLUMN 4
#define KG_BLOCK_PADDING 8
#define KG_GROUPS 64 /* most entries of a dictionary, most codes of a column that chooses frames */
#define KG_STRETCHES 16
#define KG_RUN_HEAD 3 /* bytes of a run's column before the least code */

enum { KG_COLUMN_CONSTANT, KG_COLUMN_PLAIN, KG_COLUMN_STEPPED, KG_COLUMN_DICTIONARY };

enum {
    KG_FRAME,   /* code - least, `width` bits each */
    KG_ASCENT,  /* code - code before; the first is the least code, its bits are 0 */
    KG_CLIMB,   /* code - code before - 1; the first is the least code, its bits are 0 */
    KG_STEPS,   /* a bit for each row: differs from the row before; then for each that does, code - code before - 1 */
    KG_PATCHED, /* like KG_FRAME, but first: how many do not fit, bytes of each, their rows, their codes - least */
    KG_GROUPED, /* code - least code of the group, in that group's width; first what does not fit, as in
                 * KG_PATCHED, but the codes themselves */
};

static inline uint64_t kg_load(const unsigned char *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof number);
    return le64toh(number);
}
static inline void kg_save(unsigned char *bytes, uint64_t number)
{
    number = htole64(number);
    memcpy(bytes, &number, sizeof number);
}
static inline uint64_t kg_low_bits(unsigned width)
{
    return width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;
}
static inline unsigned kg_bit_width(uint64_t number)
{
    return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

#endif
