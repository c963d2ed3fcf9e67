/* check_terms.c - packed tables block by block, and the dictionary both ways: the terms in their blocks, and the rows
 * of their hashes. The two agree when they are as many and the sums of a 128-bit hash over (hash, id) are the same. */
#include "kg/check.h"
#include "kg/front.h"
#include "kg/inline.h"
#include "kg/table.h"
#include "kg/tail.h"
#include "kg/terms.h"

#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *table_name(KgTable table)
{
    static const char *const orders[KG_INDEXES] = {"SPO", "POS", "OSP", "PSO"};
    return table >= KG_ORDERS ? orders[table - KG_ORDERS] : "the dictionary's hashes";
}

/* ---- Blocks of packed tables ---- */

typedef struct Walk {
    KgTable table;
    KgShape shape;
    bool any;
    uint32_t space;
    uint64_t before[KG_TABLE_KEYS]; /* the row last seen */
    KgRows rows;
} Walk;

static bool read_block(Walk *walk, const MDB_val *key, const MDB_val *value)
{
    KgBlock block;
    const unsigned char *const bytes = key->mv_data;
    const size_t keys_end = 4 + 8 * (size_t)walk->shape.keys;
    uint32_t rows;
    if (key->mv_size != keys_end + 4 ||
        !kg_block_open(&block, walk->shape, value->mv_data, value->mv_size, base_hash(bytes, key->mv_size, 0), true))
        return false;
    memcpy(&rows, bytes + keys_end, sizeof rows);
    if (be32toh(rows) != block.rows || block.rows == 0)
        return false;
    for (int c = 0; c < walk->shape.keys + walk->shape.values; c++)
        for (uint32_t run = 0; run < block.runs; run++)
            kg_block_column(&block, run, c, walk->rows.columns[c] + (size_t)run * KG_RUN_ROWS, 1);
    walk->rows.count = block.rows;
    for (int c = 0; c < walk->shape.keys; c++) {
        uint64_t last;
        memcpy(&last, bytes + 4 + 8 * c, sizeof last);
        if (be64toh(last) != walk->rows.columns[c][block.rows - 1])
            return false;
    }
    return true;
}

static bool is_above(const Walk *walk, size_t row)
{
    for (int c = 0; c < walk->shape.keys; c++)
        if (walk->rows.columns[c][row] != walk->before[c])
            return walk->rows.columns[c][row] > walk->before[c];
    return false;
}

static void check_order(KgCheck *check, Walk *walk)
{
    for (size_t row = 0; row < walk->rows.count; row++) {
        if (walk->any && !is_above(walk, row)) {
            kg_check_fault(check, "%s is not in order", table_name(walk->table));
            return;
        }
        walk->any = true;
        for (int c = 0; c < walk->shape.keys; c++)
            walk->before[c] = walk->rows.columns[c][row];
    }
}

BaseStatus kg_check_table(KgCheck *check, KgTable table, KgVisitBlock *visit, void *context, BaseError *err)
{
    Walk walk = {.table = table, .shape = kg_table_shape(table)};
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    BaseStatus status = BASE_OK;
    if (!kg_rows_reserve(&walk.rows, walk.shape.keys + walk.shape.values, KG_BLOCK_ROWS)) {
        kg_rows_free(&walk.rows);
        return kg_check_no_memory(err);
    }
    int code = mdb_cursor_open(check->txn->mdb, check->txn->store->tables[table], &cursor);
    while (code == MDB_SUCCESS && status == BASE_OK &&
           (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        if (!read_block(&walk, &key, &value)) {
            kg_check_fault(check, "a block of %s is damaged", table_name(table));
            continue;
        }
        uint32_t space;
        memcpy(&space, key.mv_data, sizeof space);
        walk.any = walk.any && be32toh(space) == walk.space;
        walk.space = be32toh(space);
        check_order(check, &walk);
        status = visit(check, context, walk.space, walk.rows.columns, walk.rows.count, err);
        if (status == BASE_OK)
            status = kg_check_step(check, err);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    kg_rows_free(&walk.rows);
    if (status != BASE_OK || code == MDB_SUCCESS || code == MDB_NOTFOUND)
        return status;
    return kg_mdb_fail(check->txn->store, code, "read", err);
}

/* ---- The dictionary ---- */

typedef struct Sum {
    uint64_t count;
    BaseHash128 sum;
} Sum;

static void add_row(Sum *sum, uint64_t hash, KgId id)
{
    const uint64_t row[2] = {hash, id};
    const BaseHash128 mixed = base_hash128(row, sizeof row);
    sum->count++;
    sum->sum.high += mixed.high;
    sum->sum.low += mixed.low;
}

static BaseStatus visit_hashes(KgCheck *check, void *context, uint32_t space, uint64_t *const columns[], size_t rows,
                               BaseError *err)
{
    (void)check;
    (void)space;
    (void)err;
    for (size_t row = 0; row < rows; row++)
        add_row(context, columns[0][row], columns[1][row]);
    return BASE_OK;
}

static BaseStatus sum_new_hashes(KgCheck *check, Sum *sum, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    int code = mdb_cursor_open(check->txn->mdb, check->txn->store->tables[KG_NEW_HASHES], &cursor);
    while (code == MDB_SUCCESS && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        uint64_t row[2];
        if (key.mv_size != sizeof row) {
            kg_check_fault(check, "a new hash of %zu bytes", key.mv_size);
            continue;
        }
        memcpy(row, key.mv_data, sizeof row);
        add_row(sum, be64toh(row[0]), be64toh(row[1]));
    }
    if (cursor)
        mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? BASE_OK : kg_mdb_fail(check->txn->store, code, "read", err);
}

/* The terms of one kind, block by block. */
typedef struct Terms {
    KgCheck *check;
    KgKind kind;
    uint64_t first, next; /* of the block; expected next */
    Sum *sum;
    bool look_up; /* something is wrong: say what */
    BaseStatus status;
    BaseError *err;
} Terms;

static bool take_term(void *context, uint32_t place, KgText bytes)
{
    Terms *const terms = context;
    const KgId id = kg_id(terms->kind, terms->first + place);
    KgTerm term;
    KgId held;
    if (!kg_decode_term(bytes, &term) || term.kind != terms->kind) {
        kg_check_fault(terms->check, "term %" PRIx64 " cannot be read", id);
        return true;
    }
    if (kg_inline(&term, &held))
        kg_check_fault(terms->check, "term %" PRIx64 " is in the dictionary, expected in its id", id);
    const BaseHash128 hash = kg_hash_encoded(terms->check->txn->store, bytes);
    add_row(terms->sum, kg_hash_key(hash), id);
    if (!terms->look_up)
        return true;
    KgId found = KG_ANY;
    terms->status = kg_find_encoded(terms->check->txn, hash, bytes, &found, terms->err);
    if (terms->status == BASE_NOT_FOUND || (terms->status == BASE_OK && found != id)) {
        kg_check_fault(terms->check, "term %" PRIx64 " is found under its text as %" PRIx64, id, found);
        terms->status = BASE_OK;
    }
    return terms->status == BASE_OK;
}

static BaseStatus check_kind(Terms *terms)
{
    KgCheck *const check = terms->check;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    int code = mdb_cursor_open(check->txn->mdb, check->txn->store->tables[kg_term_table(terms->kind)], &cursor);
    while (terms->status == BASE_OK && code == MDB_SUCCESS &&
           (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        uint64_t last = 0;
        KgFront front;
        if (key.mv_size == sizeof last)
            memcpy(&last, key.mv_data, sizeof last);
        if (key.mv_size != sizeof last ||
            !kg_front_open(&front, (KgText){value.mv_data, value.mv_size}, kg_front_seed(terms->kind, last), true)) {
            kg_check_fault(check, "a block of terms of kind %d is damaged", (int)terms->kind);
            terms->next = last + 1;
            continue;
        }
        terms->first = last + 1 - front.count;
        if (terms->first != terms->next)
            kg_check_fault(check, "terms of kind %d go on with number %" PRIu64 ", expected %" PRIu64, (int)terms->kind,
                           terms->first, terms->next);
        terms->next = last + 1;
        if (!kg_front_each(&front, take_term, terms) && terms->status == BASE_OK)
            terms->status = kg_check_no_memory(terms->err);
        if (terms->status == BASE_OK)
            terms->status = kg_check_step(check, terms->err);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    if (terms->status != BASE_OK || code == MDB_NOTFOUND)
        return terms->status;
    return kg_mdb_fail(check->txn->store, code, "read", terms->err);
}

static BaseStatus check_kinds(KgCheck *check, Sum *sum, bool look_up, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (int kind = KG_IRI; status == BASE_OK && kind <= KG_LITERAL; kind++) {
        Terms terms = {.check = check, .kind = (KgKind)kind, .sum = sum, .look_up = look_up, .err = err};
        status = check_kind(&terms);
    }
    return status;
}

/* The terms of the tail, of a transaction that has no others: they are not in the tables as well. */
static BaseStatus check_tail(KgCheck *check, BaseError *err)
{
    const KgKnownTerms *const known = &check->txn->known;
    BaseStatus status = kg_want_terms_tail(check->txn, err);
    for (size_t i = 0; status == BASE_OK && i < known->tail_terms; i++) {
        const KgText bytes = kg_term_set_text(&known->set, i);
        KgTerm term;
        KgId held, found = KG_ANY;
        if (!kg_decode_term(bytes, &term) || kg_inline(&term, &held))
            kg_check_fault(check, "term %" PRIx64 " is in the dictionary, expected in its id", known->ids.items[i]);
        status = kg_find_in_tables(check->txn, known->set.terms.items[i].hash, bytes, &found, err);
        if (found != KG_ANY)
            kg_check_fault(check, "terms %" PRIx64 " and %" PRIx64 " say the same", found, known->ids.items[i]);
    }
    return status;
}

BaseStatus kg_check_terms(KgCheck *check, BaseError *err)
{
    Sum hashes = {0}, terms = {0}, again = {0};
    check->told = 0;
    BaseStatus status = kg_check_table(check, KG_HASHES, visit_hashes, &hashes, err);
    if (status == BASE_OK)
        status = sum_new_hashes(check, &hashes, err);
    if (status == BASE_OK)
        status = check_kinds(check, &terms, false, err);
    if (status == BASE_OK)
        status = check_tail(check, err);
    if (status != BASE_OK ||
        (hashes.count == terms.count && hashes.sum.high == terms.sum.high && hashes.sum.low == terms.sum.low))
        return status;
    if (hashes.count != terms.count)
        kg_check_fault(check, "the dictionary has %" PRIu64 " terms and %" PRIu64 " hashes", terms.count, hashes.count);
    const uint64_t before = check->faults;
    status = check_kinds(check, &again, true, err);
    if (status == BASE_BAD_INPUT) {
        if (err)
            *err = (BaseError){0};
        status = BASE_OK; /* a block on the way was damaged, which is told */
    }
    if (status == BASE_OK && check->faults == before && hashes.count == terms.count)
        kg_check_fault(check, "the dictionary's hashes are not those of its terms");
    return status;
}
