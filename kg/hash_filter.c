/* hash_filter.c - five bits of 512 for each hash, and about 12 bits of the filter: one in a hundred of the hashes that
 * are not in the table is looked for there all the same. */
#include "kg/hash_filter.h"

#include "kg/table.h"

#include <stdlib.h>

#define BITS_A_HASH 12u
#define LEAST_BITS_A_HASH 5u
#define PROBES 5
#define LINE_BITS ((uint64_t)KG_FILTER_WORDS * 64)

/* The hash's line, and in *bits what its places in it are taken from. */
static uint64_t line_of(const KgHashFilter *filter, uint64_t hash, uint64_t *bits)
{
    const uint64_t mixed = base_mix(hash);
    *bits = base_mix(mixed);
    return (uint64_t)((unsigned __int128)mixed * filter->line_count >> 64);
}

bool kg_hash_filter_may_have(const KgHashFilter *filter, uint64_t hash)
{
    if (!filter->lines)
        return true;
    uint64_t bits;
    const uint64_t *const line = filter->lines[line_of(filter, hash, &bits)];
    for (int i = 0; i < PROBES; i++, bits >>= 9)
        if (!(line[bits % LINE_BITS / 64] >> bits % 64 & 1))
            return false;
    return true;
}

static void add(KgHashFilter *filter, uint64_t hash)
{
    uint64_t bits;
    uint64_t *const line = filter->lines[line_of(filter, hash, &bits)];
    for (int i = 0; i < PROBES; i++, bits >>= 9)
        line[bits % LINE_BITS / 64] |= UINT64_C(1) << bits % 64;
}

static BaseStatus add_all(KgHashFilter *filter, KgTxn *txn, BaseError *err)
{
    const uint64_t least = 0;
    KgPlace place;
    BaseStatus status = kg_table_seek(txn, KG_HASHES, 0, &least, 1, false, &place, err);
    while (status == BASE_OK) {
        for (uint32_t run = 0; run < place.block.runs; run++) {
            uint64_t hashes[KG_RUN_ROWS];
            kg_block_column(&place.block, run, 0, hashes, 1);
            for (uint32_t i = 0; i < kg_block_run_rows(&place.block, run); i++)
                add(filter, hashes[i]);
        }
        status = kg_table_next(txn, KG_HASHES, 0, &place, err);
    }
    return status == BASE_END ? BASE_OK : status;
}

BaseStatus kg_hash_filter_make(KgHashFilter *filter, KgTxn *txn, size_t most_bytes, BaseError *err)
{
    uint64_t count;
    kg_hash_filter_free(filter);
    BaseStatus status = kg_table_count(txn, KG_HASHES, 0, NULL, 0, &count, err);
    if (status != BASE_OK || count == 0 || most_bytes < count * LEAST_BITS_A_HASH / 8)
        return status;
    uint64_t lines = count * BITS_A_HASH / LINE_BITS + 1;
    if (lines > most_bytes / sizeof *filter->lines + 1)
        lines = most_bytes / sizeof *filter->lines + 1;
    filter->lines = calloc((size_t)lines, sizeof *filter->lines);
    if (!filter->lines)
        return BASE_OK;
    filter->line_count = lines;
    status = add_all(filter, txn, err);
    if (status != BASE_OK)
        kg_hash_filter_free(filter);
    return status;
}

void kg_hash_filter_free(KgHashFilter *filter)
{
    free(filter->lines);
    *filter = (KgHashFilter){0};
}
