/* fill_codes.c - codes for the ids of triples that are given as columns of numbers. */
#include "kg/fill.h"

#include "kg/inline.h"
#include "kg/sort.h"
#include "kg/terms.h"

#include <stdlib.h>
#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to sort triples");
}

static int bits_of(uint64_t count) /* of numbers below it */
{
    return count > 1 ? 64 - __builtin_clzll(count - 1) : 0;
}

/* The first rank whose id is not below. */
static uint32_t rank_from(const KgFillCodes *codes, uint64_t id)
{
    uint32_t from = 0, to = codes->id_count;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (codes->ids[middle] < id)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void rank_pairs(KgFillCodes *codes, const KgPair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (codes->id_count == 0 || codes->ids[codes->id_count - 1] != pairs[i].key)
            codes->ids[codes->id_count++] = pairs[i].key;
        codes->ranks[pairs[i].with] = codes->id_count - 1;
    }
    codes->first_iri = rank_from(codes, KG_ANY + 1);
    codes->first_blank = rank_from(codes, kg_id(KG_BLANK, 0));
    codes->first_literal = rank_from(codes, kg_id(KG_LITERAL, 0));
}

static BaseStatus rank_ids(KgFillCodes *codes, const KgId *terms, BaseError *err)
{
    const size_t count = codes->term_count + 3 * codes->part_count;
    KgPair *const pairs = malloc((count + 1) * sizeof *pairs), *const scratch = malloc((count + 1) * sizeof *scratch);
    codes->ranks = malloc((count + 1) * sizeof *codes->ranks);
    codes->ids = malloc((count + 1) * sizeof *codes->ids);
    const bool is_fine = pairs && scratch && codes->ranks && codes->ids;
    if (is_fine) {
        for (size_t i = 0; i < codes->term_count; i++)
            pairs[i] = (KgPair){terms[i], i};
        for (size_t i = codes->term_count; i < count; i++)
            pairs[i] = (KgPair){codes->parts[(i - codes->term_count) / 3].same[(i - codes->term_count) % 3], i};
        kg_sort_pairs(pairs, scratch, count, 64);
        rank_pairs(codes, pairs, count);
    }
    free(pairs);
    free(scratch);
    return is_fine ? BASE_OK : no_memory(err);
}

static BaseStatus want_known(KgTxn *txn, const KgFillCodes *codes, BaseError *err)
{
    for (uint32_t rank = codes->first_iri; rank < codes->id_count; rank++)
        if (!kg_is_known(txn, codes->ids[rank]))
            return base_fail(err, BASE_BAD_CALL, "a term of triples to add, id %llx, is no term of the database",
                             (unsigned long long)codes->ids[rank]);
    return BASE_OK;
}

static BaseStatus code_predicates(KgFillCodes *codes, BaseError *err)
{
    codes->predicate_codes = malloc((codes->id_count + (size_t)1) * sizeof *codes->predicate_codes);
    if (!codes->predicate_codes)
        return no_memory(err);
    memset(codes->predicate_codes, 0xff, codes->id_count * sizeof *codes->predicate_codes);
    for (size_t part = 0; part < codes->part_count; part++) {
        const KgFillRows rows = kg_fill_rows(codes, part);
        if (!rows.columns[1] && codes->parts[part].count > 0)
            codes->predicate_codes[rows.same[1]] = 0;
        for (size_t row = 0; rows.columns[1] && row < codes->parts[part].count; row++)
            codes->predicate_codes[codes->ranks[rows.columns[1][row * rows.stride]]] = 0;
    }
    for (uint32_t rank = 0; rank < codes->id_count; rank++)
        if (codes->predicate_codes[rank] == 0)
            codes->predicate_codes[rank] = codes->predicate_count++;
    codes->predicates = malloc((codes->predicate_count + (size_t)1) * sizeof *codes->predicates);
    if (!codes->predicates)
        return no_memory(err);
    for (uint32_t rank = 0; rank < codes->id_count; rank++)
        if (codes->predicate_codes[rank] != UINT32_MAX)
            codes->predicates[codes->predicate_codes[rank]] = rank;
    return BASE_OK;
}

BaseStatus kg_fill_codes(KgTxn *txn, const KgId *terms, size_t term_count, const KgColumns *parts, size_t part_count,
                         KgFillCodes *out, BaseError *err)
{
    *out = (KgFillCodes){.parts = parts, .part_count = part_count, .term_count = term_count};
    out->starts = malloc((part_count + 1) * sizeof *out->starts);
    if (!out->starts)
        return no_memory(err);
    out->starts[0] = 0;
    for (size_t part = 0; part < part_count; part++)
        out->starts[part + 1] = out->starts[part] + parts[part].count;
    BaseStatus status = rank_ids(out, terms, err);
    if (status == BASE_OK)
        status = want_known(txn, out, err);
    if (status == BASE_OK)
        status = code_predicates(out, err);
    out->term_bits = bits_of(out->id_count);
    out->predicate_bits = bits_of(out->predicate_count);
    out->part_bits = bits_of(part_count);
    return status;
}

void kg_fill_codes_free(KgFillCodes *codes)
{
    free(codes->starts);
    free(codes->ranks);
    free(codes->ids);
    free(codes->predicate_codes);
    free(codes->predicates);
    *codes = (KgFillCodes){0};
}

KgFillRows kg_fill_rows(const KgFillCodes *codes, size_t part)
{
    const KgColumns *const given = &codes->parts[part];
    KgFillRows rows = {.stride = given->stride};
    for (int c = 0; c < 3; c++) {
        rows.columns[c] = given->same[c] == KG_ANY ? given->columns[c] : NULL;
        rows.same[c] = codes->ranks[codes->term_count + 3 * part + (size_t)c];
    }
    return rows;
}
