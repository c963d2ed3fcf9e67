/* terms.c - the dictionary: numbers dense within each kind, handed out in the order terms are first met; their texts in
 * front-coded blocks (front.h) in the order of the numbers, and rows of a hash of each with its id. Terms whose hashes
 * agree are told apart by their texts. Terms are never deleted. */
#include "kg/terms.h"

#include "kg/front.h"
#include "kg/inline.h"
#include "kg/sort.h"
#include "kg/table.h"
#include "kg/tail.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* More new hashes than these are merged into the packed rows. */
#define NEW_HASHES 4096
/* Bits of a hash that are kept: few more than keep most terms apart, as each costs its share in every row. */
#define HASH_BITS 36
/* Fewer new terms of a kind at once go into small blocks: a commit of one then writes a page less. */
#define FEW_TERMS 64
/* So that numbers of all kinds together fit into an id. */
#define MOST_TERMS (UINT64_C(1) << 48)
/* Of the bytes for known terms: so many may be spent on telling that a term is not known. */
#define FILTER_SHARE 4

/* ---- Stored form: kind and what a literal has; language and datatype with their lengths as varints; the text ---- */

enum { HAS_LANGUAGE = 0x10, HAS_DATATYPE = 0x20, KIND_BITS = KG_STORED_KIND };

static bool add_part(KgText part, BaseBuffer *out)
{
    char length[10];
    size_t count = 0;
    for (size_t left = part.length;; left >>= 7) {
        length[count++] = (char)(left >= 0x80 ? (left & 0x7f) | 0x80 : left);
        if (left < 0x80)
            break;
    }
    return base_buffer_add(out, length, count) && base_buffer_add(out, part.bytes, part.length);
}

bool kg_encode_term(const KgTerm *term, BaseBuffer *out)
{
    const bool is_literal = term->kind == KG_LITERAL;
    const bool language = is_literal && term->language.length > 0, datatype = is_literal && term->datatype.length > 0;
    const char head = (char)((int)term->kind | (language ? HAS_LANGUAGE : 0) | (datatype ? HAS_DATATYPE : 0));
    return base_buffer_add(out, &head, 1) && (!language || add_part(term->language, out)) &&
           (!datatype || add_part(term->datatype, out)) && base_buffer_add(out, term->text.bytes, term->text.length);
}

static bool take_part(KgText *bytes, KgText *out)
{
    uint64_t length = 0;
    for (int shift = 0; shift < 63; shift += 7) {
        if (bytes->length == 0)
            return false;
        const unsigned char byte = (unsigned char)*bytes->bytes++;
        bytes->length--;
        length |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    if (length > bytes->length)
        return false;
    *out = (KgText){bytes->bytes, (size_t)length};
    bytes->bytes += length;
    bytes->length -= (size_t)length;
    return true;
}

bool kg_decode_term(KgText bytes, KgTerm *out)
{
    if (bytes.length == 0)
        return false;
    const int head = (unsigned char)bytes.bytes[0];
    *out = (KgTerm){.kind = (KgKind)(head & KIND_BITS)};
    bytes = (KgText){bytes.bytes + 1, bytes.length - 1};
    if (out->kind < KG_IRI || out->kind > KG_LITERAL || head & ~(KIND_BITS | HAS_LANGUAGE | HAS_DATATYPE) ||
        (out->kind != KG_LITERAL && head & ~KIND_BITS) || (head & HAS_LANGUAGE && !take_part(&bytes, &out->language)) ||
        (head & HAS_DATATYPE && !take_part(&bytes, &out->datatype)))
        return false;
    out->text = bytes;
    return true;
}

BaseHash128 kg_hash_encoded(const KgStore *store, KgText bytes)
{
    BaseHash128 hash = base_hash128(bytes.bytes, bytes.length);
    hash.high &= store->hash_mask;
    hash.low &= store->hash_mask;
    return hash;
}

uint64_t kg_hash_key(BaseHash128 hash)
{
    return hash.low & ((UINT64_C(1) << HASH_BITS) - 1);
}

/* ---- Numbers ---- */

KgTable kg_term_table(KgKind kind)
{
    return (KgTable)(KG_IRIS + (int)kind - (int)KG_IRI);
}

uint64_t kg_front_seed(KgKind kind, uint64_t last)
{
    return base_mix(last) ^ (uint64_t)kind;
}

int kg_stored_terms(KgTxn *txn, KgKind kind, uint64_t *out)
{
    uint64_t *const count = &txn->term_counts[kind - KG_IRI];
    int code = MDB_SUCCESS;
    if (*count == UINT64_MAX) {
        MDB_cursor *cursor = NULL;
        MDB_val key, value;
        code = mdb_cursor_open(txn->mdb, txn->store->tables[kg_term_table(kind)], &cursor);
        if (code == MDB_SUCCESS)
            code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
        uint64_t last = UINT64_MAX; /* + 1 is 0 */
        if (code == MDB_SUCCESS && key.mv_size == sizeof last)
            memcpy(&last, key.mv_data, sizeof last);
        else if (code == MDB_SUCCESS)
            code = MDB_CORRUPTED;
        if (code == MDB_SUCCESS && last >= MOST_TERMS)
            code = MDB_CORRUPTED;
        code = code == MDB_NOTFOUND ? MDB_SUCCESS : code;
        if (code == MDB_SUCCESS)
            *count = last + 1;
        if (cursor)
            mdb_cursor_close(cursor);
    }
    *out = *count;
    return code;
}

uint64_t kg_term_count(KgTxn *txn, KgKind kind)
{
    uint64_t stored;
    if (!kg_is_stored_kind(kind) || kg_stored_terms(txn, kind, &stored) != MDB_SUCCESS)
        return 0;
    return stored + (txn->known.has_tail ? txn->known.fresh[kind - KG_IRI].count : kg_count_terms_tail(txn, kind));
}

bool kg_is_known(KgTxn *txn, KgId id)
{
    if (kg_is_inline(id))
        return kg_inline_is_valid(id);
    uint64_t stored;
    if (!kg_is_stored_kind(kg_tag(id)) || kg_stored_terms(txn, kg_kind(id), &stored) != MDB_SUCCESS)
        return false;
    return kg_number(id) < stored || kg_number(id) < kg_term_count(txn, kg_kind(id));
}

/* ---- From a text to its id ---- */

/* Whether the term with this id is the one asked for; *out is then the id. */
static BaseStatus try_id(KgTxn *txn, KgId id, KgText bytes, KgId *out, BaseError *err)
{
    KgText stored;
    const BaseStatus status = kg_read_stored(txn, id, &stored, err);
    if (status == BASE_OK && stored.length == bytes.length && memcmp(stored.bytes, bytes.bytes, bytes.length) == 0)
        *out = id;
    return status == BASE_NOT_FOUND ? kg_damaged_term(txn, id, err) : status;
}

static BaseStatus find_packed(KgTxn *txn, uint64_t hash, KgText bytes, KgId *out, BaseError *err)
{
    KgPlace place;
    BaseStatus status = kg_table_seek(txn, KG_HASHES, 0, &hash, 1, false, &place, err);
    while (status == BASE_OK && *out == KG_ANY) {
        uint64_t hashes[KG_RUN_ROWS], ids[KG_RUN_ROWS];
        const uint32_t run = place.row / KG_RUN_ROWS, rows = kg_block_run_rows(&place.block, run);
        kg_block_column(&place.block, run, 0, hashes, 1);
        kg_block_column(&place.block, run, 1, ids, 1);
        for (uint32_t i = place.row % KG_RUN_ROWS; status == BASE_OK && *out == KG_ANY && i < rows; i++) {
            if (hashes[i] != hash)
                return BASE_OK;
            status = try_id(txn, ids[i], bytes, out, err);
        }
        place.row = (run + 1) * KG_RUN_ROWS;
        if (status == BASE_OK && *out == KG_ANY && place.row >= place.block.rows)
            status = kg_table_next(txn, KG_HASHES, 0, &place, err);
    }
    return status == BASE_END ? BASE_OK : status;
}

typedef struct HashKey {
    uint64_t big_hash, big_id; /* big-endian */
} HashKey;

static BaseStatus find_new(KgTxn *txn, uint64_t hash, KgText bytes, KgId *out, BaseError *err)
{
    MDB_cursor **const cursor = &txn->seekers[KG_NEW_HASHES];
    HashKey row = {htobe64(hash), 0};
    MDB_val key = {sizeof row, &row}, value;
    int code = MDB_SUCCESS;
    BaseStatus status = BASE_OK;
    if (!*cursor)
        code = mdb_cursor_open(txn->mdb, txn->store->tables[KG_NEW_HASHES], cursor);
    if (code == MDB_SUCCESS)
        code = mdb_cursor_get(*cursor, &key, &value, MDB_SET_RANGE);
    while (code == MDB_SUCCESS && status == BASE_OK && *out == KG_ANY) {
        if (key.mv_size != sizeof row) {
            code = MDB_CORRUPTED;
            break;
        }
        memcpy(&row, key.mv_data, sizeof row);
        if (be64toh(row.big_hash) != hash)
            return BASE_OK;
        status = try_id(txn, be64toh(row.big_id), bytes, out, err);
        if (status == BASE_OK && *out == KG_ANY)
            code = mdb_cursor_get(*cursor, &key, &value, MDB_NEXT);
    }
    if (code == MDB_SUCCESS || code == MDB_NOTFOUND)
        return status;
    return kg_mdb_fail(txn->store, code, "read", err);
}

BaseStatus kg_find_in_tables(KgTxn *txn, BaseHash128 hash, KgText bytes, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    const uint64_t key = kg_hash_key(hash);
    BaseStatus status =
        kg_hash_filter_may_have(&txn->known.filter, key) ? find_packed(txn, key, bytes, out, err) : BASE_OK;
    if (status == BASE_OK && *out == KG_ANY)
        status = find_new(txn, key, bytes, out, err);
    return status;
}

BaseStatus kg_find_encoded(KgTxn *txn, BaseHash128 hash, KgText bytes, KgId *out, BaseError *err)
{
    BaseStatus status = kg_want_terms_tail(txn, err);
    if (status != BASE_OK)
        return status;
    const size_t place = kg_term_set_find(&txn->known.set, hash, bytes);
    if (place != KG_NO_PLACE) {
        *out = txn->known.ids.items[place];
        return BASE_OK;
    }
    status = kg_find_in_tables(txn, hash, bytes, out, err);
    return status == BASE_OK && *out == KG_ANY ? BASE_NOT_FOUND : status;
}

static BaseStatus encode(KgTxn *txn, const KgTerm *term, BaseError *err)
{
    if (!kg_is_stored_kind(term->kind))
        return base_fail(err, BASE_BAD_CALL, "a term of no known kind (%d)", (int)term->kind);
    if (kg_is_too_long(term))
        return base_fail(err, BASE_BAD_CALL, "a term of %zu bytes is too long: at most 1 GiB", term->text.length);
    txn->encoded.count = 0;
    if (!kg_encode_term(term, &txn->encoded))
        return base_fail(err, BASE_NO_MEMORY, "no memory for a term of %zu bytes", term->text.length);
    return BASE_OK;
}

BaseStatus kg_find(KgTxn *txn, const KgTerm *term, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    if (kg_inline(term, out))
        return BASE_OK;
    const BaseStatus status = encode(txn, term, err);
    if (status != BASE_OK)
        return status;
    const KgText bytes = {txn->encoded.items, txn->encoded.count};
    return kg_find_encoded(txn, kg_hash_encoded(txn->store, bytes), bytes, out, err);
}

/* ---- New terms ---- */

/* What the terms that are remembered take, about. */
static size_t known_bytes(const KgTxn *txn)
{
    return txn->known.set.bytes.count + txn->known.set.terms.count * (sizeof(KgSetTerm) + sizeof(KgId) + 16);
}

void kg_free_known_terms(KgKnownTerms *known)
{
    kg_term_set_free(&known->set);
    kg_hash_filter_free(&known->filter);
    free(known->ids.items);
    for (int kind = 0; kind < KG_KINDS; kind++)
        free(known->fresh[kind].items);
    *known = (KgKnownTerms){0};
}

static BaseStatus no_memory(KgTxn *txn, BaseError *err)
{
    txn->broken = true;
    return base_fail(err, BASE_NO_MEMORY, "no memory for terms");
}

BaseStatus kg_intern_encoded(KgTxn *txn, BaseHash128 hash, KgText bytes, KgId *out, BaseError *err)
{
    KgKnownTerms *const known = &txn->known;
    bool is_new;
    *out = KG_ANY;
    BaseStatus status = kg_want_terms_tail(txn, err);
    if (status == BASE_OK && known_bytes(txn) > txn->known_limit) {
        status = kg_flush_terms(txn, err);
        if (status == BASE_OK && !known->filter.lines)
            status = kg_hash_filter_make(&known->filter, txn, txn->known_limit / FILTER_SHARE, err);
    }
    if (status != BASE_OK)
        return status;
    const size_t place = kg_term_set_put(&known->set, hash, bytes, &is_new);
    if (place == KG_NO_PLACE)
        return no_memory(txn, err);
    if (!is_new) {
        *out = known->ids.items[place];
        return BASE_OK;
    }
    status = kg_find_in_tables(txn, hash, bytes, out, err);
    const KgKind kind = (KgKind)(bytes.bytes[0] & KIND_BITS);
    if (status == BASE_OK && *out == KG_ANY) {
        *out = kg_id(kind, kg_term_count(txn, kind));
        if (!BASE_PUSH(&known->fresh[kind - KG_IRI], place))
            return no_memory(txn, err);
    }
    if (status != BASE_OK) {
        txn->broken = true; /* the set has a term without an id */
        return status;
    }
    return BASE_PUSH(&known->ids, *out) ? BASE_OK : no_memory(txn, err);
}

BaseStatus kg_intern(KgTxn *txn, const KgTerm *term, KgId *out, BaseError *err)
{
    *out = KG_ANY;
    BaseStatus status = kg_want_writer(txn, "kg_intern", err);
    if (status != BASE_OK || kg_inline(term, out))
        return status;
    status = encode(txn, term, err);
    if (status != BASE_OK)
        return status;
    const KgText bytes = {txn->encoded.items, txn->encoded.count};
    return kg_intern_encoded(txn, kg_hash_encoded(txn->store, bytes), bytes, out, err);
}

/* ---- Into the tables ---- */

static BaseStatus put_front(KgTxn *txn, KgKind kind, KgFrontWriter *writer, uint64_t last, BaseError *err)
{
    const KgText block = kg_front_finish(writer, kg_front_seed(kind, last));
    if (!block.bytes)
        return no_memory(txn, err);
    MDB_val key = {sizeof last, &last}, value = {block.length, (void *)block.bytes};
    const int code = kg_mdb_put(txn, txn->store->tables[kg_term_table(kind)], &key, &value, MDB_APPEND);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

/* Takes the last block of the kind, where it has room, out of the table and into the writer. */
static BaseStatus reopen_last(KgTxn *txn, KgKind kind, KgFrontWriter *writer, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    int code = mdb_cursor_open(txn->mdb, txn->store->tables[kg_term_table(kind)], &cursor);
    if (code == MDB_SUCCESS)
        code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    BaseStatus status = BASE_OK;
    const size_t most = writer->most ? writer->most : KG_FRONT_BYTES;
    if (code == MDB_SUCCESS && value.mv_size < most - most / 16) {
        KgFront front;
        uint64_t last = 0;
        memcpy(&last, key.mv_data, key.mv_size == sizeof last ? sizeof last : 0);
        if (!kg_front_open(&front, (KgText){value.mv_data, value.mv_size}, kg_front_seed(kind, last), true))
            status = kg_damaged_term(txn, kg_id(kind, last), err);
        else if (!kg_front_reopen(writer, &front))
            status = no_memory(txn, err);
        else
            code = kg_mdb_cursor_del(txn, cursor);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    if (status == BASE_OK && code != MDB_SUCCESS && code != MDB_NOTFOUND)
        status = kg_break(txn, code, err);
    return status;
}

static BaseStatus flush_kind(KgTxn *txn, KgKind kind, BaseError *err)
{
    const KgKnownTerms *const known = &txn->known;
    const size_t count = known->fresh[kind - KG_IRI].count;
    uint64_t next;
    if (count == 0)
        return BASE_OK;
    const int code = kg_stored_terms(txn, kind, &next);
    if (code != MDB_SUCCESS)
        return kg_break(txn, code, err);
    KgFrontWriter writer = {.most = count < FEW_TERMS ? KG_FRONT_SMALL_BYTES : 0};
    BaseStatus status = reopen_last(txn, kind, &writer, err);
    for (size_t i = 0; status == BASE_OK && i < count;) {
        bool fits;
        if (kg_front_add(&writer, kg_term_set_text(&known->set, known->fresh[kind - KG_IRI].items[i]), &fits)) {
            i++;
            next++;
        } else {
            status = fits ? no_memory(txn, err) : put_front(txn, kind, &writer, next - 1, err);
        }
    }
    if (status == BASE_OK)
        status = put_front(txn, kind, &writer, next - 1, err);
    kg_front_free(&writer);
    txn->term_counts[kind - KG_IRI] = next;
    return status;
}

/* The rows of new terms, and of those that are not packed yet. */
static BaseStatus gather_hashes(KgTxn *txn, KgPair *rows, size_t *count, BaseError *err)
{
    const KgKnownTerms *const known = &txn->known;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    int code = mdb_cursor_open(txn->mdb, txn->store->tables[KG_NEW_HASHES], &cursor);
    *count = 0;
    while (code == MDB_SUCCESS && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        HashKey row;
        if (key.mv_size != sizeof row) {
            code = MDB_CORRUPTED;
            break;
        }
        memcpy(&row, key.mv_data, sizeof row);
        rows[(*count)++] = (KgPair){be64toh(row.big_hash), be64toh(row.big_id)};
    }
    if (cursor)
        mdb_cursor_close(cursor);
    for (int kind = 0; kind < KG_KINDS; kind++)
        for (size_t i = 0; i < known->fresh[kind].count; i++) {
            const size_t place = known->fresh[kind].items[i];
            rows[(*count)++] = (KgPair){kg_hash_key(known->set.terms.items[place].hash), known->ids.items[place]};
        }
    return code == MDB_NOTFOUND ? BASE_OK : kg_break(txn, code, err);
}

/* Sorted by hash and, where hashes agree, by id. */
static void sort_hashes(KgPair *rows, KgPair *scratch, size_t count)
{
    kg_sort_pairs(rows, scratch, count, HASH_BITS);
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && rows[j].key == rows[j - 1].key && rows[j].with < rows[j - 1].with; j--) {
            const KgPair swap = rows[j];
            rows[j] = rows[j - 1];
            rows[j - 1] = swap;
        }
}

static BaseStatus pack_hashes(KgTxn *txn, size_t most, BaseError *err)
{
    size_t count = 0;
    KgPair *const rows = malloc((most + 1) * sizeof *rows), *const scratch = malloc((most + 1) * sizeof *scratch);
    KgRows columns = {0};
    BaseStatus status = BASE_OK;
    kg_hash_filter_free(&txn->known.filter);
    if (!rows || !scratch || !kg_rows_reserve(&columns, 2, most))
        status = no_memory(txn, err);
    if (status == BASE_OK)
        status = gather_hashes(txn, rows, &count, err);
    if (status == BASE_OK) {
        sort_hashes(rows, scratch, count);
        for (size_t i = 0; i < count; i++) {
            columns.columns[0][i] = rows[i].key;
            columns.columns[1][i] = rows[i].with;
        }
        columns.count = count;
        status = kg_table_merge(txn, KG_HASHES, 0, &columns, NULL, err);
    }
    if (status == BASE_OK) {
        const int code = kg_mdb_empty(txn, txn->store->tables[KG_NEW_HASHES]);
        status = code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
    }
    kg_rows_free(&columns);
    free(rows);
    free(scratch);
    return status;
}

static BaseStatus put_new_hashes(KgTxn *txn, BaseError *err)
{
    const KgKnownTerms *const known = &txn->known;
    for (int kind = 0; kind < KG_KINDS; kind++)
        for (size_t i = 0; i < known->fresh[kind].count; i++) {
            const size_t place = known->fresh[kind].items[i];
            HashKey row = {htobe64(kg_hash_key(known->set.terms.items[place].hash)), htobe64(known->ids.items[place])};
            MDB_val key = {sizeof row, &row}, value = {0};
            const int code = kg_mdb_put(txn, txn->store->tables[KG_NEW_HASHES], &key, &value, 0);
            if (code != MDB_SUCCESS)
                return kg_break(txn, code, err);
        }
    return BASE_OK;
}

static size_t count_fresh(const KgKnownTerms *known)
{
    size_t fresh = 0;
    for (int kind = 0; kind < KG_KINDS; kind++)
        fresh += known->fresh[kind].count;
    return fresh;
}

BaseStatus kg_flush_terms(KgTxn *txn, BaseError *err)
{
    KgKnownTerms *const known = &txn->known;
    BaseStatus status = kg_want_terms_tail(txn, err);
    const size_t fresh = count_fresh(known);
    if (status == BASE_OK && fresh > 0) {
        MDB_stat stat;
        const int code = mdb_stat(txn->mdb, txn->store->tables[KG_NEW_HASHES], &stat);
        if (code != MDB_SUCCESS)
            return kg_break(txn, code, err);
        status = fresh + stat.ms_entries > kg_limit(txn->store->limits.new_hashes, NEW_HASHES)
                     ? pack_hashes(txn, fresh + stat.ms_entries, err)
                     : put_new_hashes(txn, err);
        for (int kind = KG_IRI; status == BASE_OK && kind <= KG_LITERAL; kind++)
            status = flush_kind(txn, (KgKind)kind, err);
        if (status == BASE_OK && known->tail_terms > 0)
            status = kg_tail_write(txn, KG_TAIL_TERMS, (KgText){0}, err);
    }
    if (status != BASE_OK) {
        txn->broken = true;
        return status;
    }
    kg_term_set_clear(&known->set);
    known->ids.count = known->tail_terms = 0;
    for (int kind = 0; kind < KG_KINDS; kind++)
        known->fresh[kind].count = 0;
    return BASE_OK;
}

BaseStatus kg_settle_terms(KgTxn *txn, BaseError *err)
{
    bool fits = true;
    if (count_fresh(&txn->known) == txn->known.tail_terms) /* none is new */
        return BASE_OK;
    const BaseStatus status = kg_write_terms_tail(txn, &fits, err);
    return status == BASE_OK && !fits ? kg_flush_terms(txn, err) : status;
}
