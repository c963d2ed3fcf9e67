/* table.c - finding, counting and merging rows of packed blocks inside LMDB. A merge rewrites only the blocks that
 * changes fall into; rows that overflow a block are packed on, into the blocks that follow it where those change too.
 */
#include "kg/table.h"

#include "kg/page_tree.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* ---- Keys of blocks ---- */

typedef struct Key {
    unsigned char bytes[4 + 8 * KG_TABLE_KEYS + 4];
    size_t length;
} Key;

KgShape kg_table_shape(KgTable table)
{
    switch (table) {
    case KG_HASHES:
        return (KgShape){2, 0};
    case KG_ORDERS + KG_SPO:
        return (KgShape){3, 4}; /* + the note */
    case KG_CHANGES:
        return (KgShape){3, 5}; /* of the patch: + the note, and what becomes of the triple (patch.h) */
    default:
        return (KgShape){3, 0};
    }
}

static void put_u32(Key *key, uint32_t value)
{
    const uint32_t big = htobe32(value);
    memcpy(key->bytes + key->length, &big, sizeof big);
    key->length += sizeof big;
}

static void put_u64(Key *key, uint64_t value)
{
    const uint64_t big = htobe64(value);
    memcpy(key->bytes + key->length, &big, sizeof big);
    key->length += sizeof big;
}

static uint32_t get_u32(const unsigned char *bytes)
{
    uint32_t big;
    memcpy(&big, bytes, sizeof big);
    return be32toh(big);
}

static Key make_key(uint32_t space, const uint64_t *last, int keys, uint32_t rows)
{
    Key key = {.length = 0};
    put_u32(&key, space);
    for (int i = 0; i < keys; i++)
        put_u64(&key, last[i]);
    put_u32(&key, rows);
    return key;
}

/* The key that a search for the first row not below (`after`: above) the prefix starts from. */
static Key make_bound(uint32_t space, const uint64_t *prefix, int width, int keys, bool after)
{
    uint64_t row[KG_TABLE_KEYS];
    for (int i = 0; i < keys; i++)
        row[i] = i < width ? prefix[i] : (after ? UINT64_MAX : 0);
    return make_key(space, row, keys, after ? UINT32_MAX : 0);
}

static uint64_t seed_of(const void *key, size_t length)
{
    return base_hash(key, length, 0);
}

/* ---- Opening what a cursor stands at ---- */

/* Of LMDB's format: bytes of a page's header and of an entry's, which decide what goes on pages of its own. */
enum { PAGE_HEADER = 16, NODE_HEADER = 8 };

static BaseStatus damaged(const KgTxn *txn, const char *what, BaseError *err)
{
    return base_fail(err, BASE_BAD_INPUT, "the database %s is damaged: %s", txn->store->path, what);
}

/* LMDB frees as many pages of a long value as the header before it says, which no checksum of ours covers: a writer
 * asks before it takes the value away. */
static BaseStatus want_freeable(const KgTxn *txn, const MDB_val *key, const MDB_val *value, BaseError *err)
{
    MDB_stat stat;
    const int code = mdb_env_stat(txn->store->env, &stat);
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code, "write", err);
    const size_t longest_node = (((stat.ms_psize - PAGE_HEADER) / 2) & ~(size_t)1) - 2;
    const bool is_long = NODE_HEADER + key->mv_size + value->mv_size > longest_node;
    return !is_long || kg_page_is_of_value(value->mv_data, value->mv_size, stat.ms_psize)
               ? BASE_OK
               : damaged(txn, "the pages of a block are not what they should be", err);
}

static BaseStatus open_block(KgTxn *txn, KgTable table, const MDB_val *key, const MDB_val *value, KgPlace *out,
                             BaseError *err)
{
    const KgShape shape = kg_table_shape(table);
    const unsigned char *const bytes = key->mv_data;
    const BaseStatus status = txn->writes ? want_freeable(txn, key, value, err) : BASE_OK;
    if (status != BASE_OK)
        return status;
    if (key->mv_size != 8 + 8 * (size_t)shape.keys)
        return damaged(txn, "a block has no key of its table", err);
    const bool verified = kg_is_verified(txn, value->mv_data);
    if (!kg_block_open(&out->block, shape, value->mv_data, value->mv_size, seed_of(bytes, key->mv_size), !verified) ||
        out->block.rows != get_u32(bytes + 4 + 8 * shape.keys))
        return damaged(txn, "a block does not fit its checksum", err);
    if (!verified)
        kg_set_verified(txn, value->mv_data);
    for (int i = 0; i < shape.keys; i++) {
        uint64_t big;
        memcpy(&big, bytes + 4 + 8 * i, sizeof big);
        out->last[i] = be64toh(big);
    }
    out->row = 0;
    return BASE_OK;
}

/* The cursor that seeks in this table, kept for the transaction's life. */
static int seeker(KgTxn *txn, KgTable table, MDB_cursor **out)
{
    MDB_cursor **const kept = &txn->seekers[table];
    int code = MDB_SUCCESS;
    if (!*kept)
        code = mdb_cursor_open(txn->mdb, txn->store->tables[table], kept);
    *out = *kept;
    return code;
}

/* Puts the cursor, or the transaction's where it is NULL, at the first block whose key is not below `bound`. */
static BaseStatus seek_block(KgTxn *txn, KgTable table, const Key *bound, MDB_cursor **cursor, MDB_val *key,
                             MDB_val *value, BaseError *err)
{
    int code = *cursor ? MDB_SUCCESS : seeker(txn, table, cursor);
    *key = (MDB_val){bound->length, (void *)bound->bytes};
    if (code == MDB_SUCCESS)
        code = mdb_cursor_get(*cursor, key, value, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND)
        return BASE_END;
    if (code != MDB_SUCCESS)
        return kg_mdb_fail(txn->store, code, "read", err);
    return key->mv_size >= 4 && memcmp(key->mv_data, bound->bytes, 4) == 0 ? BASE_OK : BASE_END;
}

BaseStatus kg_table_seek(KgTxn *txn, KgTable table, uint32_t space, const uint64_t *key, int width, bool after,
                         KgPlace *out, BaseError *err)
{
    const Key bound = make_bound(space, key, width, kg_table_shape(table).keys, after);
    MDB_cursor *cursor = NULL;
    MDB_val found, value;
    BaseStatus status = seek_block(txn, table, &bound, &cursor, &found, &value, err);
    if (status == BASE_OK)
        status = open_block(txn, table, &found, &value, out, err);
    if (status != BASE_OK)
        return status;
    out->row = width ? kg_block_find(&out->block, key, width, after) : 0;
    return out->row < out->block.rows ? BASE_OK : kg_table_misplaced(txn, err);
}

BaseStatus kg_table_misplaced(const KgTxn *txn, BaseError *err)
{
    return damaged(txn, "a block is not where its rows are", err);
}

BaseStatus kg_table_next(KgTxn *txn, KgTable table, uint32_t space, KgPlace *place, BaseError *err)
{
    const int keys = kg_table_shape(table).keys;
    uint64_t last[KG_TABLE_KEYS];
    memcpy(last, place->last, sizeof last);
    return kg_table_seek(txn, table, space, last, keys, true, place, err);
}

/* ---- From block to block ---- */

static bool in_prefix(const MDB_val *key, const Key *prefix, size_t length)
{
    return key->mv_size > length && memcmp(key->mv_data, prefix->bytes, length) == 0;
}

BaseStatus kg_table_cursor(KgTxn *txn, KgTable table, MDB_cursor **out, BaseError *err)
{
    const int code = mdb_cursor_open(txn->mdb, txn->store->tables[table], out);
    return code == MDB_SUCCESS ? BASE_OK : kg_mdb_fail(txn->store, code, "read", err);
}

BaseStatus kg_table_open_block(KgTxn *txn, KgTable table, uint32_t space, MDB_cursor *cursor, const uint64_t *key,
                               KgPlace *out, BaseError *err)
{
    const int keys = kg_table_shape(table).keys;
    const Key bound = make_bound(space, key, keys, keys, false);
    MDB_val found, value;
    const BaseStatus status = seek_block(txn, table, &bound, &cursor, &found, &value, err);
    return status == BASE_OK ? open_block(txn, table, &found, &value, out, err) : status;
}

BaseStatus kg_table_next_block(KgTxn *txn, KgTable table, uint32_t space, MDB_cursor *cursor, const uint64_t *key,
                               KgPlace *out, BaseError *err)
{
    const int keys = kg_table_shape(table).keys;
    const Key bound = make_bound(space, key, keys, keys, false);
    MDB_val found, value;
    const int code = mdb_cursor_get(cursor, &found, &value, MDB_NEXT);
    if (code != MDB_SUCCESS)
        return code == MDB_NOTFOUND ? BASE_END : kg_mdb_fail(txn->store, code, "read", err);
    if (!in_prefix(&found, &bound, 4))
        return BASE_END;
    if (found.mv_size != bound.length || memcmp(found.mv_data, bound.bytes, bound.length) < 0)
        return BASE_NOT_FOUND;
    return open_block(txn, table, &found, &value, out, err);
}

/* ---- Counting ---- */

BaseStatus kg_table_count(KgTxn *txn, KgTable table, uint32_t space, const uint64_t *key, int width, uint64_t *out,
                          BaseError *err)
{
    *out = 0;
    const int keys = kg_table_shape(table).keys;
    const Key bound = make_bound(space, key, width, keys, false);
    const size_t prefix = 4 + 8 * (size_t)width, rows_at = 4 + 8 * (size_t)keys;
    MDB_cursor *cursor = NULL;
    MDB_val found, value;
    KgPlace place;
    BaseStatus status = seek_block(txn, table, &bound, &cursor, &found, &value, err);
    if (status == BASE_OK && width)
        status = open_block(txn, table, &found, &value, &place, err);
    if (status != BASE_OK)
        return status == BASE_END ? BASE_OK : status;
    const uint32_t before = width ? kg_block_find(&place.block, key, width, false) : 0;
    int code = MDB_SUCCESS;
    while (code == MDB_SUCCESS && in_prefix(&found, &bound, prefix) && found.mv_size == rows_at + 4) {
        *out += get_u32((const unsigned char *)found.mv_data + rows_at); /* its last row is in: all are, up to here */
        code = mdb_cursor_get(cursor, &found, &value, MDB_NEXT);
    }
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
        return kg_mdb_fail(txn->store, code, "read", err);
    /* The block after them may begin with the prefix as well. */
    if (code == MDB_SUCCESS && width && in_prefix(&found, &bound, 4)) {
        status = open_block(txn, table, &found, &value, &place, err);
        if (status == BASE_OK)
            *out += kg_block_find(&place.block, key, width, true);
    }
    *out -= before;
    return status;
}

/* ---- Rows as columns ---- */

bool kg_rows_reserve(KgRows *rows, int columns, size_t count)
{
    if (count <= rows->capacity && rows->columns[0])
        return true;
    size_t capacity = rows->capacity ? rows->capacity : 64;
    while (capacity < count)
        capacity += capacity / 2;
    for (int c = 0; c < columns; c++) {
        uint64_t *const grown = realloc(rows->columns[c], capacity * sizeof *grown);
        if (!grown)
            return false;
        rows->columns[c] = grown;
    }
    rows->capacity = capacity;
    return true;
}

void kg_rows_free(KgRows *rows)
{
    for (int c = 0; c < KG_BLOCK_COLUMNS; c++)
        free(rows->columns[c]);
    *rows = (KgRows){0};
}

/* ---- Packing away from the transaction ---- */

bool kg_pack_rows(KgShape shape, uint32_t space, const KgRows *rows, KgPacked *out)
{
    size_t guess = 0;
    for (size_t at = 0; at < rows->count;) {
        const uint64_t *columns[KG_BLOCK_COLUMNS] = {NULL};
        struct KgPackedBlock block = {.offset = out->bytes.count};
        for (int c = 0; c < shape.keys + shape.values; c++)
            columns[c] = rows->columns[c] + at;
        if (!base_reserve((void **)&out->bytes.items, &out->bytes.capacity, out->bytes.count + KG_BLOCK_BYTES, 1) ||
            !BASE_RESERVE(&out->blocks, out->blocks.count + 1))
            return false;
        unsigned char *const to = (unsigned char *)out->bytes.items + out->bytes.count;
        size_t packed = kg_block_pack(shape, columns, rows->count - at, guess, 0, to, &block.length);
        guess = packed;
        for (int c = 0; c < shape.keys; c++)
            block.last[c] = rows->columns[c][at + packed - 1];
        block.rows = (uint32_t)packed;
        const Key key = make_key(space, block.last, shape.keys, block.rows);
        kg_block_seal(to, block.length, seed_of(key.bytes, key.length));
        out->bytes.count += block.length;
        out->blocks.items[out->blocks.count++] = block;
        at += packed;
    }
    return true;
}

static bool is_above_all(MDB_cursor *cursor, const Key *key)
{
    MDB_val last, value;
    const int code = mdb_cursor_get(cursor, &last, &value, MDB_LAST);
    if (code == MDB_NOTFOUND)
        return true;
    return code == MDB_SUCCESS && last.mv_size == key->length && memcmp(last.mv_data, key->bytes, key->length) < 0;
}

BaseStatus kg_table_put_packed(KgTxn *txn, KgTable table, uint32_t space, const KgPacked *packed, BaseError *err)
{
    const int keys = kg_table_shape(table).keys;
    MDB_cursor *cursor;
    int code = seeker(txn, table, &cursor);
    unsigned flags = 0;
    for (size_t i = 0; code == MDB_SUCCESS && i < packed->blocks.count; i++) {
        const struct KgPackedBlock *const block = &packed->blocks.items[i];
        const Key bytes = make_key(space, block->last, keys, block->rows);
        MDB_val key = {bytes.length, (void *)bytes.bytes};
        MDB_val value = {block->length, packed->bytes.items + block->offset};
        if (i == 0 && is_above_all(cursor, &bytes))
            flags = MDB_APPEND;
        code = kg_mdb_cursor_put(txn, cursor, &key, &value, flags);
    }
    return code == MDB_SUCCESS ? BASE_OK : kg_break(txn, code, err);
}

void kg_packed_free(KgPacked *packed)
{
    base_buffer_free(&packed->bytes);
    free(packed->blocks.items);
    *packed = (KgPacked){0};
}

/* ---- Merging ---- */

/* More merged rows than these do not wait for the rows that follow them. */
#define ROWS_WAITING ((size_t)1 << 16)

/* Changes on their way into a space. */
typedef struct Merge {
    KgTxn *txn;
    KgTable table;
    uint32_t space;
    KgShape shape;
    int columns;
    const KgRows *changes;
    const unsigned char *ops;
    size_t at;                   /* changes not merged yet */
    uint64_t end[KG_TABLE_KEYS]; /* of the block merged last */
    KgRows old;                  /* of the block being merged */
    KgRows merged;               /* not packed yet */
    KgPacked packed;
    BaseError *err;
} Merge;

static BaseStatus no_memory(Merge *merge)
{
    merge->txn->broken = true;
    return base_fail(merge->err, BASE_NO_MEMORY, "no memory to write triples");
}

/* -1, 0, 1: change `at` against row `row` of `rows`. */
static int compare(const Merge *merge, size_t at, const KgRows *rows, size_t row)
{
    for (int c = 0; c < merge->shape.keys; c++) {
        const uint64_t a = merge->changes->columns[c][at], b = rows->columns[c][row];
        if (a != b)
            return a < b ? -1 : 1;
    }
    return 0;
}

static void take_row(Merge *merge, const KgRows *from, size_t row)
{
    for (int c = 0; c < merge->columns; c++)
        merge->merged.columns[c][merge->merged.count] = from->columns[c][row];
    merge->merged.count++;
}

static void take_change(Merge *merge)
{
    if (!merge->ops || merge->ops[merge->at] & KG_PRESENT)
        take_row(merge, merge->changes, merge->at);
    merge->at++;
}

/* Old rows and the changes before `end`, in order. */
static BaseStatus merge_rows(Merge *merge, size_t end)
{
    const KgRows *const old = &merge->old;
    if (!kg_rows_reserve(&merge->merged, merge->columns, merge->merged.count + old->count + (end - merge->at) + 1))
        return no_memory(merge);
    for (size_t row = 0; row < old->count;) {
        const int order = merge->at < end ? compare(merge, merge->at, old, row) : 1;
        if (order > 0)
            take_row(merge, old, row++);
        else
            take_change(merge);
        row += order == 0; /* replaced, or hidden */
    }
    while (merge->at < end)
        take_change(merge);
    return BASE_OK;
}

static void read_block(Merge *merge, const KgBlock *block)
{
    for (int c = 0; c < merge->columns; c++)
        for (uint32_t run = 0; run < block->runs; run++)
            kg_block_column(block, run, c, merge->old.columns[c] + (size_t)run * KG_RUN_ROWS, 1);
    merge->old.count = block->rows;
}

/* The last two blocks share their rows evenly where the last would be small. */
static bool even_out(Merge *merge)
{
    const size_t blocks = merge->packed.blocks.count;
    if (blocks < 2)
        return true;
    const struct KgPackedBlock two[2] = {merge->packed.blocks.items[blocks - 2],
                                         merge->packed.blocks.items[blocks - 1]};
    const size_t shared = (size_t)two[0].rows + two[1].rows;
    if (two[1].rows >= shared / 3)
        return true;
    merge->packed.bytes.count = two[0].offset;
    merge->packed.blocks.count = blocks - 2;
    size_t start = merge->merged.count - shared;
    for (int i = 0; i < 2; i++) {
        KgRows half = {.count = i ? shared - shared / 2 : shared / 2};
        for (int c = 0; c < merge->columns; c++)
            half.columns[c] = merge->merged.columns[c] + start;
        if (!kg_pack_rows(merge->shape, merge->space, &half, &merge->packed))
            return false;
        start += half.count;
    }
    return true;
}

/* Packs what has been merged and writes it; `more`: rows that follow directly are still to come, so that what the last
 * block would hold waits for them. */
static BaseStatus flush(Merge *merge, bool more)
{
    KgRows *const rows = &merge->merged;
    size_t left = 0;
    if (rows->count == 0)
        return BASE_OK;
    merge->packed.bytes.count = merge->packed.blocks.count = 0;
    if (!kg_pack_rows(merge->shape, merge->space, rows, &merge->packed) || (!more && !even_out(merge)))
        return no_memory(merge);
    if (more)
        left = merge->packed.blocks.items[--merge->packed.blocks.count].rows;
    for (int c = 0; c < merge->columns && left; c++)
        memmove(rows->columns[c], rows->columns[c] + rows->count - left, left * sizeof **rows->columns);
    rows->count = left;
    return kg_table_put_packed(merge->txn, merge->table, merge->space, &merge->packed, merge->err);
}

/* The block that the next change falls into: the first that does not end before it, or the last one. */
static BaseStatus find_block(Merge *merge, KgPlace *place, bool *is_last)
{
    uint64_t key[KG_TABLE_KEYS];
    for (int c = 0; c < merge->shape.keys; c++)
        key[c] = merge->changes->columns[c][merge->at];
    const Key bound = make_bound(merge->space, key, merge->shape.keys, merge->shape.keys, false);
    MDB_cursor *cursor = NULL;
    MDB_val found, value;
    BaseStatus status = seek_block(merge->txn, merge->table, &bound, &cursor, &found, &value, merge->err);
    *is_last = status == BASE_END;
    if (status == BASE_END) {
        /* The block before where the search ended, if it is of this space. */
        const Key end = make_bound(merge->space, key, 0, merge->shape.keys, true);
        found = (MDB_val){end.length, (void *)end.bytes};
        int code = mdb_cursor_get(cursor, &found, &value, MDB_SET_RANGE);
        if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
            return kg_break(merge->txn, code, merge->err);
        code = mdb_cursor_get(cursor, &found, &value, code == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
        if (code == MDB_NOTFOUND)
            return BASE_END;
        if (code != MDB_SUCCESS)
            return kg_break(merge->txn, code, merge->err);
        if (found.mv_size < 4 || memcmp(found.mv_data, end.bytes, 4) != 0)
            return BASE_END;
        status = BASE_OK;
    }
    if (status == BASE_OK)
        status = open_block(merge->txn, merge->table, &found, &value, place, merge->err);
    if (status != BASE_OK)
        merge->txn->broken = true;
    return status;
}

/* Takes the block the cursor stands at out of the table, its rows being in `old`. */
static BaseStatus remove_block(Merge *merge)
{
    MDB_cursor *cursor;
    int code = seeker(merge->txn, merge->table, &cursor);
    if (code == MDB_SUCCESS)
        code = kg_mdb_cursor_del(merge->txn, cursor);
    return code == MDB_SUCCESS ? BASE_OK : kg_break(merge->txn, code, merge->err);
}

/* How many changes fall into the block that ends with `last`. */
static size_t changes_until(const Merge *merge, const uint64_t *last)
{
    KgRows end = {.count = 1};
    for (int c = 0; c < merge->shape.keys; c++)
        end.columns[c] = (uint64_t *)last + c;
    size_t low = merge->at, high = merge->changes->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(merge, middle, &end, 0) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* One block and the changes that fall into it; merge->end is then where the block ended. */
static BaseStatus merge_block(Merge *merge)
{
    KgPlace place;
    bool is_last = false;
    size_t end = merge->changes->count;
    BaseStatus status = find_block(merge, &place, &is_last);
    merge->old.count = 0;
    if (status == BASE_END || (status == BASE_OK && is_last && merge->merged.count > 0))
        return merge_rows(merge, end); /* nothing there, or the last block is among the merged rows: all goes behind */
    if (status != BASE_OK)
        return status;
    memcpy(merge->end, place.last, sizeof merge->end);
    if (!is_last)
        end = changes_until(merge, place.last);
    read_block(merge, &place.block);
    status = remove_block(merge);
    return status == BASE_OK ? merge_rows(merge, end) : status;
}

/* Merged rows may wait to be packed with those of the block that the next change falls into, when that is the very next
 * one; else they are written now. */
static BaseStatus write_merged(Merge *merge)
{
    KgPlace next;
    BaseStatus status =
        kg_table_seek(merge->txn, merge->table, merge->space, merge->end, merge->shape.keys, true, &next, merge->err);
    if (status == BASE_OK && changes_until(merge, next.last) == merge->at)
        return flush(merge, false);
    if (status == BASE_OK || status == BASE_END)
        return merge->merged.count > ROWS_WAITING ? flush(merge, true) : BASE_OK;
    return status;
}

BaseStatus kg_table_merge(KgTxn *txn, KgTable table, uint32_t space, const KgRows *changes, const unsigned char *ops,
                          BaseError *err)
{
    Merge merge = {.txn = txn,
                   .table = table,
                   .space = space,
                   .shape = kg_table_shape(table),
                   .changes = changes,
                   .ops = ops,
                   .err = err};
    merge.columns = merge.shape.keys + merge.shape.values;
    BaseStatus status = kg_rows_reserve(&merge.old, merge.columns, KG_BLOCK_ROWS) ? BASE_OK : no_memory(&merge);
    while (status == BASE_OK && merge.at < changes->count) {
        status = merge_block(&merge);
        if (status == BASE_OK && merge.at < changes->count)
            status = write_merged(&merge);
    }
    if (status == BASE_OK)
        status = flush(&merge, false);
    if (status != BASE_OK)
        txn->broken = true;
    kg_rows_free(&merge.old);
    kg_rows_free(&merge.merged);
    kg_packed_free(&merge.packed);
    return status;
}

BaseStatus kg_table_clear(KgTxn *txn, KgTable table, uint32_t space, BaseError *err)
{
    const Key bound = make_bound(space, NULL, 0, kg_table_shape(table).keys, false);
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    BaseStatus status;
    while ((status = seek_block(txn, table, &bound, &cursor, &key, &value, err)) == BASE_OK) {
        status = want_freeable(txn, &key, &value, err);
        if (status != BASE_OK)
            return status;
        const int code = kg_mdb_cursor_del(txn, cursor);
        if (code != MDB_SUCCESS)
            return kg_break(txn, code, err);
    }
    return status == BASE_END ? BASE_OK : status;
}
