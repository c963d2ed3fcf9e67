/* Where members are bits and the side that varies is the second, a row of bits is known for the whole expansion: a
 * value costs a load, a test and a store, without a branch, and a set of values that is known as bits, a few operations
 * per 64 of them. Otherwise pairs are gathered in blocks. */
#include "reasoner/expand.h"

#include <string.h>

enum { WORDS = 8 /* looked at together */, PER_WORD = 2 /* values for which a word is cheaper */ };

void reasoner_expand_begin(Expand *expand)
{
    const Relation *const head = expand->head;
    const Members *const members = &head->members;
    expand->before = head->count;
    expand->count = 0;
    expand->facts = 0;
    expand->is_direct = expand->column == 1 && members->kind == MEMBERS_BITS && members->covered == head->count &&
                        head->value_hint > 0 && members->domain[0] >= head->value_hint &&
                        members->domain[1] >= head->value_hint;
}

static bool flush(Expand *expand)
{
    uint64_t added = 0;
    const bool is_fine =
        reasoner_relation_add(expand->head, expand->pairs, expand->count, expand->height, expand->rule, &added);
    expand->facts += added;
    expand->count = 0;
    return is_fine;
}

bool reasoner_expand_end(Expand *expand)
{
    if (!expand->is_direct)
        return flush(expand);
    expand->head->members.covered = expand->head->count;
    expand->facts = expand->head->count - expand->before;
    if (!reasoner_relation_reserve(expand->head, 0))
        return false;
    reasoner_relation_note(expand->head, expand->before, expand->height, expand->rule);
    return true;
}

/* ---- Values -------------------------------------------------------------------------------------------------- */

static bool direct_values(Expand *expand, uint32_t known, const uint32_t *values, uint32_t count, uint32_t stride)
{
    Relation *const head = expand->head;
    uint64_t *const row = head->members.bits + known * head->members.words;
    uint32_t *to = head->values + (size_t)head->count * 2;
    for (uint32_t i = 0; i < count; i++, values += stride) {
        const uint64_t word = row[*values / 64], bit = (uint64_t)1 << *values % 64;
        row[*values / 64] = word | bit;
        to[0] = known;
        to[1] = *values;
        to += word & bit ? 0 : 2;
    }
    head->count = (uint32_t)((size_t)(to - head->values) / 2);
    head->tried += count;
    return true;
}

static inline bool has_room(Relation *head, uint32_t count)
{
    return (size_t)head->count + count <= head->capacity || reasoner_relation_reserve(head, count);
}

static uint32_t gather(Expand *expand, uint32_t known, const uint32_t *values, uint32_t count, uint32_t stride)
{
    const uint32_t left = EXPAND_BLOCK - expand->count, some = count < left ? count : left;
    uint32_t *to = expand->pairs + (size_t)expand->count * 2;
    const uint32_t varies = expand->column, fixed = 1 - varies;
    for (uint32_t i = 0; i < some; i++, to += 2, values += stride) {
        to[fixed] = known;
        to[varies] = *values;
    }
    expand->count += some;
    return some;
}

bool reasoner_expand_values(Expand *expand, uint32_t known, const uint32_t *values, uint32_t count)
{
    if (expand->is_direct)
        return has_room(expand->head, count) && direct_values(expand, known, values, count, 1);
    while (count > 0) {
        const uint32_t some = gather(expand, known, values, count, 1);
        values += some;
        count -= some;
        if (expand->count == EXPAND_BLOCK && !flush(expand))
            return false;
    }
    return true;
}

bool reasoner_expand_rows(Expand *expand, uint32_t known, const Relation *relation, uint32_t from, uint32_t to)
{
    if (expand->is_direct) /* the rows may move when room is made */
        return reasoner_relation_reserve(expand->head, to - from) &&
               direct_values(expand, known, relation_row(relation, from) + 1, to - from, 2);
    while (from < to) {
        from += gather(expand, known, relation_row(relation, from) + 1, to - from, 2);
        if (expand->count == EXPAND_BLOCK && !flush(expand))
            return false;
    }
    return true;
}

static bool expand_one(Expand *expand, uint32_t known, const ExpandIndex *by, uint32_t bucket, uint64_t *matches)
{
    const RelationIndex *const index = by->index;
    const uint32_t start = index->starts[bucket], count = index->starts[bucket + 1] - start;
    if (by->from < index->base && count > 0) {
        *matches += count;
        if (!reasoner_expand_values(expand, known, index->entries + start, count))
            return false;
    }
    uint32_t row = index->newest ? index->newest[bucket] : NO_ROW;
    for (; row != NO_ROW && row >= by->from; row = index->older[row - index->base]) {
        if (row >= by->to)
            continue;
        const uint32_t value = relation_row(by->relation, row)[index->other];
        ++*matches;
        if (!reasoner_expand_values(expand, known, &value, 1))
            return false;
    }
    return true;
}

bool reasoner_expand_lookups(Expand *expand, const Relation *rows, uint32_t from, uint32_t to, uint32_t key,
                             const uint32_t *known, const ExpandIndex *by, uint64_t *matches)
{
    for (uint32_t row = from; row < to; row++) {
        const uint32_t *const values = relation_row(rows, row);
        if (values[key] < by->index->bucket_count &&
            !expand_one(expand, known ? *known : values[1 - key], by, values[key], matches))
            return false;
    }
    return true;
}

bool reasoner_expand_keys(Expand *expand, uint32_t known, const uint32_t *keys, uint32_t count, const ExpandIndex *by,
                          uint64_t *matches)
{
    for (uint32_t i = 0; i < count; i++)
        if (keys[i] < by->index->bucket_count && !expand_one(expand, known, by, keys[i], matches))
            return false;
    return true;
}

/* ---- Bits ---------------------------------------------------------------------------------------------------- */

static uint32_t *write_bits(uint32_t *to, uint32_t known, uint32_t base, uint64_t bits)
{
    for (; bits; bits &= bits - 1) {
        *to++ = known;
        *to++ = base + (uint32_t)__builtin_ctzll(bits);
    }
    return to;
}

static uint64_t news(const uint64_t *row, const uint64_t *words, size_t count)
{
    uint64_t any = 0;
    for (size_t w = 0; w < count; w++)
        any |= words[w] & ~row[w];
    return any;
}

bool reasoner_expand_words(Expand *expand, uint32_t known, const uint64_t *words)
{
    Relation *const head = expand->head;
    const size_t count = head->members.words;
    uint64_t *const row = head->members.bits + known * count;
    if (!reasoner_relation_reserve(head, count * 64))
        return false;
    uint32_t *to = head->values + (size_t)head->count * 2;
    for (size_t at = 0; at < count; at += WORDS) {
        const size_t some = count - at < WORDS ? count - at : WORDS;
        if (some == WORDS ? !news(row + at, words + at, WORDS) : !news(row + at, words + at, some))
            continue;
        for (size_t w = at; w < at + some; w++) {
            to = write_bits(to, known, (uint32_t)w * 64, words[w] & ~row[w]);
            row[w] |= words[w];
        }
    }
    head->count = (uint32_t)((size_t)(to - head->values) / 2);
    return true;
}

const uint64_t *reasoner_expand_source(const Expand *expand, const Relation *relation, uint32_t first, bool is_partial)
{
    const Members *const members = &relation->members;
    const uint64_t *const bits = is_partial ? members->visible : members->bits;
    if (!expand->is_direct || members->kind != MEMBERS_BITS || relation->arity != 2 || !bits ||
        members->words != expand->head->members.words || first >= members->domain[0] ||
        (is_partial ? members->visible_rows != relation->high : members->covered != relation->count))
        return NULL;
    return bits + first * members->words;
}

bool reasoner_expand_gather(Expand *expand, const Relation *relation, uint32_t from, uint32_t to)
{
    const size_t words = expand_row_words(expand);
    if (!expand->is_direct || !expand->words || (size_t)(to - from) < words / PER_WORD)
        return false;
    memset(expand->words, 0, words * sizeof *expand->words);
    for (uint32_t row = from; row < to; row++) {
        const uint32_t value = relation_row(relation, row)[1];
        expand->words[value / 64] |= (uint64_t)1 << value % 64;
    }
    return true;
}
