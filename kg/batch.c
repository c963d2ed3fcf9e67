/* batch.c - what one thread reads: its distinct terms in their stored form, found by a small hash table, and statements
 * over their places. Open addressing with linear probing, at most half full; the table is kept small so that it stays
 * in a core's cache while a part of a file is read. */
#include "kg/load.h"

#include "kg/inline.h"
#include "kg/terms.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_TABLE ((size_t)1 << 10)

/* The slot of the term with this stored form: that of its place + 1, or the empty one where it belongs. */
static uint32_t *find_slot(const KgBatch *batch, BaseHash128 hash, const char *form, size_t length)
{
    const size_t mask = batch->table_size - 1;
    for (size_t slot = (size_t)hash.low & mask;; slot = (slot + 1) & mask) {
        const uint32_t held = batch->table[slot];
        if (held == 0)
            return &batch->table[slot];
        const KgBatchTerm *const term = &batch->terms.items[held - 1];
        if (term->hash.low == hash.low && term->hash.high == hash.high && term->length == length &&
            memcmp(batch->bytes.items + term->offset, form, length) == 0)
            return &batch->table[slot];
    }
}

static bool grow_table(KgBatch *batch)
{
    const size_t size = batch->table_size ? batch->table_size * 2 : FIRST_TABLE;
    uint32_t *const table = calloc(size, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < batch->terms.count; i++) {
        size_t slot = (size_t)batch->terms.items[i].hash.low & (size - 1);
        while (table[slot] != 0)
            slot = (slot + 1) & (size - 1);
        table[slot] = (uint32_t)i + 1;
    }
    free(batch->table);
    batch->table = table;
    batch->table_size = size;
    return true;
}

/* Takes the stored form at the end of `bytes`, from `start`: it stays there when it is new. */
static bool take_form(KgBatch *batch, size_t start, KgId *out)
{
    if (batch->terms.count >= batch->table_size / 2 && !grow_table(batch))
        return false;
    const char *const form = batch->bytes.items + start;
    const size_t length = batch->bytes.count - start;
    const BaseHash128 hash = base_hash128(form, length);
    uint32_t *const slot = find_slot(batch, hash, form, length);
    if (*slot == 0) {
        if (batch->terms.count >= UINT32_MAX - 1 ||
            !BASE_PUSH(&batch->terms, (KgBatchTerm){hash, start, (uint32_t)length}))
            return false;
        *slot = (uint32_t)batch->terms.count;
    } else {
        batch->bytes.count = start;
    }
    *out = kg_local(*slot - 1);
    return true;
}

bool kg_batch_term(KgBatch *batch, const KgTerm *term, KgId *out)
{
    if (term->kind == KG_LITERAL && kg_inline(term, out))
        return true;
    const size_t start = batch->bytes.count;
    if (kg_is_too_long(term))
        return false;
    if (kg_encode_term(term, &batch->bytes) && take_form(batch, start, out))
        return true;
    batch->bytes.count = start;
    return false;
}

bool kg_batch_add(KgBatch *batch, KgBatchQuad quad)
{
    return BASE_PUSH(&batch->quads, quad);
}

void kg_batch_clear(KgBatch *batch)
{
    batch->bytes.count = batch->terms.count = batch->quads.count = 0;
    if (batch->table)
        memset(batch->table, 0, batch->table_size * sizeof *batch->table);
}

void kg_batch_free(KgBatch *batch)
{
    base_buffer_free(&batch->bytes);
    free(batch->terms.items);
    free(batch->quads.items);
    free(batch->table);
    *batch = (KgBatch){0};
}
