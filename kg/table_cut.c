/* table_cut.c - goes over the blocks of a stretch; those at its ends are looked into, others only where steps are
 * smaller than they are. */
#include "kg/table_cut.h"

#include <string.h>

/* A block with rows of the stretch, first..end of it. */
typedef struct Piece {
    const KgBlock *block;
    uint32_t first, end;
} Piece;

typedef struct Walk {
    bool (*visit)(void *context, const Piece *piece); /* false: no memory */
    void *context;
} Walk;

static BaseStatus walk_from(KgTxn *txn, const KgStretch *stretch, MDB_cursor *cursor, const Walk *walk, BaseError *err)
{
    KgPlace place;
    uint64_t key[3];
    bool is_first = true, has_room = true;
    BaseStatus status = kg_table_open_block(txn, stretch->table, stretch->space, cursor, stretch->low, &place, err);
    while (status == BASE_OK && has_room) {
        const bool goes_on = kg_compare_keys(place.last, stretch->high) <= 0;
        Piece piece = {&place.block, 0, place.block.rows};
        if (is_first || !goes_on)
            kg_block_range(&place.block, stretch->low, stretch->high, stretch->column + 1, &piece.first, &piece.end);
        if (piece.first < piece.end)
            has_room = walk->visit(walk->context, &piece);
        if (!goes_on)
            break;
        is_first = false;
        memcpy(key, place.last, sizeof key);
        for (int c = 2; c >= 0 && ++key[c] == 0; c--)
            ; /* the least above */
        status = kg_table_next_block(txn, stretch->table, stretch->space, cursor, key, &place, err);
    }
    if (!has_room)
        return base_fail(err, BASE_NO_MEMORY, "no memory to look over an index");
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus walk_over(KgTxn *txn, const KgStretch *stretch, const Walk *walk, BaseError *err)
{
    MDB_cursor *cursor;
    BaseStatus status = kg_table_cursor(txn, stretch->table, &cursor, err);
    if (status != BASE_OK)
        return status;
    status = walk_from(txn, stretch, cursor, walk, err);
    mdb_cursor_close(cursor);
    return status;
}

static uint64_t value_at(const KgBlock *block, uint32_t row, int column)
{
    uint64_t value;
    kg_block_rows(block, row / KG_RUN_ROWS, column, row % KG_RUN_ROWS, 1, &value, 1);
    return value;
}

/* ---- Cutting and sampling ---- */

typedef struct Steps {
    uint64_t rows, passed; /* of a step: wanted, and since the last one */
    int column;
    bool ascends; /* a value that was there already is left out */
    KgValues *out;
} Steps;

static bool add_value(Steps *steps, uint64_t value)
{
    const KgValues *const out = steps->out;
    if (steps->ascends && out->count > 0 && out->items[out->count - 1] >= value)
        return true;
    steps->passed = 0;
    return BASE_PUSH(steps->out, value);
}

static bool step_over(void *context, const Piece *piece)
{
    Steps *const steps = context;
    for (uint32_t row = piece->first; row < piece->end;) {
        const uint64_t left = steps->passed < steps->rows ? steps->rows - steps->passed : 1;
        if (left > piece->end - row) {
            steps->passed += piece->end - row;
            return true;
        }
        row += (uint32_t)left;
        steps->passed += left;
        if (!add_value(steps, value_at(piece->block, row - 1, steps->column)))
            return false;
    }
    return true;
}

BaseStatus kg_table_cut(KgTxn *txn, const KgStretch *stretch, uint64_t rows, KgValues *out, BaseError *err)
{
    Steps steps = {.rows = rows ? rows : 1, .column = stretch->column, .ascends = true, .out = out};
    return walk_over(txn, stretch, &(Walk){step_over, &steps}, err);
}

BaseStatus kg_table_sample(KgTxn *txn, const KgStretch *stretch, uint64_t rows, int sampled, KgValues *out,
                           BaseError *err)
{
    Steps steps = {.rows = rows ? rows : 1, .column = sampled, .out = out};
    return walk_over(txn, stretch, &(Walk){step_over, &steps}, err);
}

/* ---- Counting ---- */

static bool add_rows(void *context, const Piece *piece)
{
    *(uint64_t *)context += piece->end - piece->first;
    return true;
}

BaseStatus kg_table_extent(KgTxn *txn, const KgStretch *stretch, uint64_t *out, BaseError *err)
{
    *out = 0;
    return walk_over(txn, stretch, &(Walk){add_rows, out}, err);
}
