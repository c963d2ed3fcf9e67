/* tail.h - private to kg: what the last small transactions wrote, in two values beside the list of tables: changes of
 * triples (delta_tail.c) and new terms (term_tail.c). Every commit writes the page of that list anyway; so one of
 * little writes it and the list of free pages, and not a leaf, and what is above it, of each table that something goes
 * into. When a tail is full, all of it goes into the tables at once. (The smallest component of a log-structured merge
 * tree, O'Neil, Cheng, Gawlick, O'Neil, 1996, kept where a page is dirty at no cost.)
 *
 * Each value begins with a checksum of the rest. A database gets format version 3 with its first tail. */
#ifndef KGQ_KG_TAIL_H
#define KGQ_KG_TAIL_H

#include "kg/delta.h"

typedef enum KgTailPart { KG_TAIL_CHANGES, KG_TAIL_TERMS } KgTailPart;

/* Of one tail, at most: both and the list of tables fit into one page. */
#define KG_TAIL_BYTES 900

/* What the snapshot's tail says, without its checksum; empty where there is none. Borrowed until the next write in txn
 * or its end. BASE_BAD_INPUT: it is damaged. */
BaseStatus kg_tail_read(KgTxn *txn, KgTailPart part, KgText *out, BaseError *err);
/* For what programs of format 2 know nothing of: they must not take the database for one without. */
BaseStatus kg_raise_format(KgTxn *txn, BaseError *err);
/* Empty: there is no tail from now on. */
BaseStatus kg_tail_write(KgTxn *txn, KgTailPart part, KgText bytes, BaseError *err);
/* BASE_BAD_INPUT, for a tail that says what cannot be. */
BaseStatus kg_tail_damaged(const KgTxn *txn, BaseError *err);

/* Lengths and numbers, seven bits a byte, the lowest first. */
#define KG_VARINT_BYTES 10
static inline size_t kg_put_varint(uint64_t number, char *out)
{
    size_t count = 0;
    for (; number >= 0x80; number >>= 7)
        out[count++] = (char)(number | 0x80);
    out[count++] = (char)number;
    return count;
}
/* Takes it off the front; false: there is none. */
static inline bool kg_take_varint(KgText *bytes, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64 && bytes->length > 0; shift += 7) {
        const unsigned char byte = (unsigned char)*bytes->bytes++;
        bytes->length--;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* ---- Changes: rows sorted by space and triple in SPO order; ops 0 takes away what the table of changes says ---- */

typedef struct KgChangesTail {
    struct {
        KgDeltaRow *items;
        size_t count, capacity;
    } rows;
    size_t bytes; /* that they take when written */
    bool changed;
} KgChangesTail;

/* Reads it where it has not been. */
BaseStatus kg_want_changes_tail(KgTxn *txn, BaseError *err);
void kg_free_changes_tail(KgChangesTail *tail); /* NULL is fine */
/* NULL: nothing is said of the triple. */
const KgDeltaRow *kg_changes_tail_find(const KgChangesTail *tail, uint32_t space, const uint64_t keys[3]);
/* False: no memory. */
bool kg_changes_tail_put(KgChangesTail *tail, const KgDeltaRow *row);
void kg_changes_tail_drop(KgChangesTail *tail, uint32_t space, const uint64_t keys[3]);
void kg_changes_tail_clear(KgChangesTail *tail);
/* A row of the table of changes; false: it is none. */
bool kg_delta_read_row(const MDB_val *key, const MDB_val *value, KgDeltaRow *out);
/* How many changes there are, or more: a triple may be in the tail and in the table. */
BaseStatus kg_delta_most(KgTxn *txn, size_t *out, BaseError *err);
/* Writes it, where it has changed. */
BaseStatus kg_write_changes_tail(KgTxn *txn, BaseError *err);

/* ---- Terms, in the order of their numbers within each kind; a transaction has them among those it knows ---- */

BaseStatus kg_want_terms_tail(KgTxn *txn, BaseError *err);
/* How many of the kind it has, for who does not want it: takes no memory. */
uint64_t kg_count_terms_tail(KgTxn *txn, KgKind kind);
/* Writes all new terms there; *fits false: they are too many, and nothing was done. */
BaseStatus kg_write_terms_tail(KgTxn *txn, bool *fits, BaseError *err);

#endif
