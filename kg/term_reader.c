/* term_reader.c - from ids to what they say. Of each kind of terms the blocks read last stay at hand, each with how far
 * it was read: ids that ascend, or lie near others, take a step or a few. */
#include "kg/front.h"
#include "kg/inline.h"
#include "kg/tail.h"
#include "kg/terms.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4 }; /* blocks of each kind */

/* An open block; front.count is 0 where there is none. */
typedef struct Slot {
    uint64_t first; /* number of its first term */
    KgFrontReader reader;
} Slot;

struct KgTermReader {
    Slot slots[KG_KINDS][SLOTS];
    unsigned char latest[KG_KINDS]; /* slot read last */
};

BaseStatus kg_damaged_term(const KgTxn *txn, KgId id, BaseError *err)
{
    return base_fail(err, BASE_BAD_INPUT, "the database %s is damaged: term %llx cannot be read", txn->store->path,
                     (unsigned long long)id);
}

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a term");
}

void kg_free_term_reader(KgTermReader *reader)
{
    for (int kind = 0; reader && kind < KG_KINDS; kind++)
        for (int i = 0; i < SLOTS; i++)
            base_buffer_free(&reader->slots[kind][i].reader.string);
    free(reader);
}

/* ---- Blocks ---- */

/* Opens the block that the stored term is in. */
static BaseStatus open_block(KgTxn *txn, KgId id, Slot *slot, BaseError *err)
{
    const KgTable table = kg_term_table(kg_kind(id));
    const uint64_t number = kg_number(id);
    uint64_t last = number;
    MDB_cursor **const cursor = &txn->seekers[table];
    MDB_val key = {sizeof last, &last}, value;
    KgFront *const front = &slot->reader.front;
    int code = MDB_SUCCESS;
    if (!*cursor)
        code = mdb_cursor_open(txn->mdb, txn->store->tables[table], cursor);
    if (code == MDB_SUCCESS)
        code = mdb_cursor_get(*cursor, &key, &value, MDB_SET_RANGE);
    if (code != MDB_SUCCESS || key.mv_size != sizeof last)
        return code == MDB_SUCCESS || code == MDB_NOTFOUND ? kg_damaged_term(txn, id, err)
                                                           : kg_mdb_fail(txn->store, code, "read", err);
    memcpy(&last, key.mv_data, sizeof last);
    const KgText block = {value.mv_data, value.mv_size};
    const bool verified = kg_is_verified(txn, block.bytes);
    slot->reader.next = 0;
    if (!kg_front_open(front, block, kg_front_seed(kg_kind(id), last), !verified) || last - number >= front->count) {
        front->count = 0;
        return kg_damaged_term(txn, id, err);
    }
    if (!verified)
        kg_set_verified(txn, block.bytes);
    slot->first = last + 1 - front->count;
    return BASE_OK;
}

/* The slot that has the term's block open; NULL: none has, or a writer may have changed it since. */
static Slot *find_slot(KgTxn *txn, KgId id)
{
    KgTermReader *const reader = txn->terms;
    if (!reader || txn->writes || !kg_is_stored_kind(kg_tag(id)))
        return NULL;
    const int kind = (int)kg_kind(id) - (int)KG_IRI;
    const uint64_t number = kg_number(id);
    unsigned at = reader->latest[kind];
    for (unsigned i = 0; i < SLOTS; i++, at = (at + 1) % SLOTS) {
        Slot *const slot = &reader->slots[kind][at];
        if (number - slot->first < slot->reader.front.count) {
            reader->latest[kind] = (unsigned char)at;
            return slot;
        }
    }
    return NULL;
}

/* Opens the block of a stored term in a slot, though not in the one read last. */
static BaseStatus fill_slot(KgTxn *txn, KgId id, Slot **out, BaseError *err)
{
    const int kind = (int)kg_kind(id) - (int)KG_IRI;
    if (!txn->terms)
        txn->terms = calloc(1, sizeof *txn->terms);
    if (!txn->terms)
        return no_memory(err);
    unsigned char *const latest = &txn->terms->latest[kind];
    *latest = (unsigned char)((*latest + SLOTS - 1) % SLOTS);
    *out = &txn->terms->slots[kind][*latest];
    return open_block(txn, id, *out, err);
}

/* A term that a writer has not put into the tables yet. */
static BaseStatus read_new(KgTxn *txn, KgId id, uint64_t stored, KgText *out, BaseError *err)
{
    const BaseStatus status = kg_want_terms_tail(txn, err);
    if (status != BASE_OK)
        return status;
    if (!kg_is_known(txn, id))
        return base_fail(err, BASE_NOT_FOUND, "no term has the id %llx", (unsigned long long)id);
    const size_t *const places = txn->known.fresh[kg_kind(id) - KG_IRI].items;
    *out = kg_term_set_text(&txn->known.set, places[kg_number(id) - stored]);
    return BASE_OK;
}

BaseStatus kg_read_stored(KgTxn *txn, KgId id, KgText *out, BaseError *err)
{
    Slot *slot = find_slot(txn, id);
    if (!slot) {
        uint64_t stored = 0;
        const int code = kg_is_stored_kind(kg_tag(id)) ? kg_stored_terms(txn, kg_kind(id), &stored) : MDB_SUCCESS;
        if (code != MDB_SUCCESS)
            return kg_mdb_fail(txn->store, code, "read", err);
        if (kg_number(id) >= stored)
            return read_new(txn, id, stored, out, err);
        const BaseStatus status = fill_slot(txn, id, &slot, err);
        if (status != BASE_OK)
            return status;
    }
    const BaseStatus status = kg_front_read(&slot->reader, (uint32_t)(kg_number(id) - slot->first), out);
    return status == BASE_NO_MEMORY   ? no_memory(err)
           : status == BASE_BAD_INPUT ? kg_damaged_term(txn, id, err)
                                      : status;
}

/* ---- Terms ---- */

BaseStatus kg_borrow_term(KgTxn *txn, KgId id, KgTerm *out, BaseError *err)
{
    if (kg_is_inline(id)) {
        if (!kg_inline_is_valid(id))
            return base_fail(err, BASE_NOT_FOUND, "no term has the id %llx", (unsigned long long)id);
        kg_inline_term(id, txn->inline_text, out);
        return BASE_OK;
    }
    KgText bytes;
    const BaseStatus status = kg_read_stored(txn, id, &bytes, err);
    return status == BASE_OK && !kg_decode_term(bytes, out) ? kg_damaged_term(txn, id, err) : status;
}

static bool copy_text(BaseArena *arena, KgText *text)
{
    if (text->length > 0)
        text->bytes = base_arena_copy(arena, text->bytes, text->length);
    return text->bytes || text->length == 0;
}

BaseStatus kg_term(KgTxn *txn, KgId id, BaseArena *arena, KgTerm *out, BaseError *err)
{
    KgText bytes;
    if (kg_is_inline(id)) {
        const BaseStatus status = kg_borrow_term(txn, id, out, err);
        return status == BASE_OK && !copy_text(arena, &out->text) ? no_memory(err) : status;
    }
    const BaseStatus status = kg_read_stored(txn, id, &bytes, err);
    if (status != BASE_OK)
        return status;
    bytes.bytes = base_arena_copy(arena, bytes.bytes, bytes.length);
    if (!bytes.bytes)
        return no_memory(err);
    return kg_decode_term(bytes, out) ? BASE_OK : kg_damaged_term(txn, id, err);
}

BaseStatus kg_write_term(KgTxn *txn, KgId id, KgSyntax syntax, BaseBuffer *out, BaseError *err)
{
    KgTerm term;
    const BaseStatus status = kg_borrow_term(txn, id, &term, err);
    return status == BASE_OK && !kg_format_term(&term, syntax, out)
               ? base_fail(err, BASE_NO_MEMORY, "no memory to write a term")
               : status;
}
