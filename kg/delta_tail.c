/* delta_tail.c - the changes of the last small transactions. Each is a byte, the number of its space, its three ids
 * with the bits of their kind moved to the end, as most numbers are small, and its note if there is one:
 *
 *     byte    ops, + 4 with a note
 *     note    source, rule, height, score, as they are in memory */
#include "kg/tail.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_ROW_BYTES = 5,
    OPS = KG_HIDES | KG_PRESENT,
    WITH_NOTE = 4,
    MOST_ROW_BYTES = 1 + 4 * KG_VARINT_BYTES + sizeof(KgNote)
};

static uint64_t turn(KgId id)
{
    return id << 8 | id >> 56;
}

static KgId turn_back(uint64_t turned)
{
    return turned >> 8 | turned << 56;
}

static size_t encode_row(const KgDeltaRow *row, char out[MOST_ROW_BYTES])
{
    static const KgNote none;
    const bool with_note = memcmp(&row->note, &none, sizeof none) != 0;
    size_t length = 1;
    out[0] = (char)(row->ops | (with_note ? WITH_NOTE : 0));
    length += kg_put_varint(row->space, out + length);
    for (int i = 0; i < 3; i++)
        length += kg_put_varint(turn(row->keys[i]), out + length);
    if (with_note)
        memcpy(out + length, &row->note, sizeof row->note);
    return length + (with_note ? sizeof row->note : 0);
}

static bool decode_row(KgText *bytes, KgDeltaRow *out)
{
    uint64_t space, turned[3];
    const unsigned head = (unsigned char)*bytes->bytes;
    *bytes = (KgText){bytes->bytes + 1, bytes->length - 1};
    if (head & ~(unsigned)(OPS | WITH_NOTE) || !kg_take_varint(bytes, &space) || space > UINT32_MAX)
        return false;
    *out = (KgDeltaRow){.space = (uint32_t)space, .ops = head & OPS};
    for (int i = 0; i < 3; i++) {
        if (!kg_take_varint(bytes, &turned[i]))
            return false;
        out->keys[i] = turn_back(turned[i]);
    }
    if (!(head & WITH_NOTE))
        return true;
    if (bytes->length < sizeof out->note)
        return false;
    memcpy(&out->note, bytes->bytes, sizeof out->note);
    *bytes = (KgText){bytes->bytes + sizeof out->note, bytes->length - sizeof out->note};
    return true;
}

static size_t bytes_of(const KgDeltaRow *row)
{
    char bytes[MOST_ROW_BYTES];
    return encode_row(row, bytes);
}

/* ---- Rows ---- */

/* The first row not below the triple of the space. */
static size_t place_of(const KgChangesTail *tail, uint32_t space, const uint64_t keys[3])
{
    size_t low = 0, high = tail->rows.count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const KgDeltaRow *const row = &tail->rows.items[middle];
        if (row->space != space ? row->space < space : kg_compare_keys(row->keys, keys) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const KgChangesTail *tail, size_t place, uint32_t space, const uint64_t keys[3])
{
    return place < tail->rows.count && tail->rows.items[place].space == space &&
           kg_compare_keys(tail->rows.items[place].keys, keys) == 0;
}

const KgDeltaRow *kg_changes_tail_find(const KgChangesTail *tail, uint32_t space, const uint64_t keys[3])
{
    const size_t place = place_of(tail, space, keys);
    return is_at(tail, place, space, keys) ? &tail->rows.items[place] : NULL;
}

bool kg_changes_tail_put(KgChangesTail *tail, const KgDeltaRow *row)
{
    const size_t place = place_of(tail, row->space, row->keys);
    if (is_at(tail, place, row->space, row->keys)) {
        tail->bytes -= bytes_of(&tail->rows.items[place]);
    } else {
        if (!BASE_RESERVE(&tail->rows, tail->rows.count + 1))
            return false;
        memmove(tail->rows.items + place + 1, tail->rows.items + place, (tail->rows.count - place) * sizeof *row);
        tail->rows.count++;
    }
    tail->rows.items[place] = *row;
    tail->bytes += bytes_of(row);
    tail->changed = true;
    return true;
}

void kg_changes_tail_drop(KgChangesTail *tail, uint32_t space, const uint64_t keys[3])
{
    const size_t place = place_of(tail, space, keys);
    if (!is_at(tail, place, space, keys))
        return;
    KgDeltaRow *const row = &tail->rows.items[place];
    tail->bytes -= bytes_of(row);
    tail->rows.count--;
    memmove(row, row + 1, (tail->rows.count - place) * sizeof *row);
    tail->changed = true;
}

void kg_changes_tail_clear(KgChangesTail *tail)
{
    tail->changed = tail->changed || tail->rows.count > 0;
    tail->rows.count = tail->bytes = 0;
}

void kg_free_changes_tail(KgChangesTail *tail)
{
    if (tail)
        free(tail->rows.items);
    free(tail);
}

/* ---- In LMDB ---- */

static bool is_behind(const KgDeltaRow *row, const KgDeltaRow *last)
{
    return row->space != last->space ? row->space > last->space : kg_compare_keys(row->keys, last->keys) > 0;
}

static BaseStatus read_rows(KgTxn *txn, KgChangesTail *tail, BaseError *err)
{
    KgText bytes;
    const BaseStatus status = kg_tail_read(txn, KG_TAIL_CHANGES, &bytes, err);
    if (status != BASE_OK)
        return status;
    tail->bytes = bytes.length;
    if (bytes.length > 0 && !BASE_RESERVE(&tail->rows, bytes.length / LEAST_ROW_BYTES + 1))
        return base_fail(err, BASE_NO_MEMORY, "no memory for changes");
    while (bytes.length > 0) {
        KgDeltaRow row;
        if (!decode_row(&bytes, &row))
            return kg_tail_damaged(txn, err);
        if (tail->rows.count > 0 && !is_behind(&row, &tail->rows.items[tail->rows.count - 1]))
            return kg_tail_damaged(txn, err);
        if (!BASE_PUSH(&tail->rows, row))
            return base_fail(err, BASE_NO_MEMORY, "no memory for changes");
    }
    return BASE_OK;
}

BaseStatus kg_want_changes_tail(KgTxn *txn, BaseError *err)
{
    if (txn->changes_tail)
        return BASE_OK;
    KgChangesTail *const tail = calloc(1, sizeof *tail);
    const BaseStatus status =
        tail ? read_rows(txn, tail, err) : base_fail(err, BASE_NO_MEMORY, "no memory for changes");
    if (status == BASE_OK)
        txn->changes_tail = tail;
    else
        kg_free_changes_tail(tail);
    return status;
}

BaseStatus kg_write_changes_tail(KgTxn *txn, BaseError *err)
{
    KgChangesTail *const tail = txn->changes_tail;
    BaseBuffer bytes = {0};
    BaseStatus status = BASE_OK;
    if (!tail || !tail->changed)
        return BASE_OK;
    if (!BASE_RESERVE(&bytes, tail->bytes + MOST_ROW_BYTES))
        status = base_fail(err, BASE_NO_MEMORY, "no memory to write changes");
    for (size_t i = 0; status == BASE_OK && i < tail->rows.count; i++)
        bytes.count += encode_row(&tail->rows.items[i], bytes.items + bytes.count);
    if (status == BASE_OK)
        status = kg_tail_write(txn, KG_TAIL_CHANGES, (KgText){bytes.items, bytes.count}, err);
    tail->changed = status != BASE_OK;
    base_buffer_free(&bytes);
    return status;
}
