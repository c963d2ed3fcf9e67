/* A relation keeps its rows one after the other in the order in which they were found, so that "found in round n" and
 * "found by rule r in round n" are ranges of rows and cost nothing per row. */
#include "reasoner/relation.h"

#include <stdlib.h>
#include <string.h>

void reasoner_relation_free(Relation *relation)
{
    reasoner_relation_drop_indexes(relation);
    reasoner_members_free(&relation->members);
    free(relation->indexes.items);
    free(relation->values);
    free(relation->segments.items);
    free(relation->distinct);
    *relation = (Relation){.arity = relation->arity, .value_hint = relation->value_hint};
}

/* ---- Rows ---------------------------------------------------------------------------------------------------- */

const Segment *reasoner_relation_segment(const Relation *relation, uint32_t row)
{
    size_t from = 0, to = relation->segments.count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (relation->segments.items[middle].end <= row)
            from = middle + 1;
        else
            to = middle;
    }
    return &relation->segments.items[from];
}

uint32_t reasoner_relation_height_start(const Relation *relation, uint32_t height)
{
    size_t from = 0, to = relation->segments.count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (relation->segments.items[middle].height < height)
            from = middle + 1;
        else
            to = middle;
    }
    return from == 0 ? 0 : relation->segments.items[from - 1].end;
}

bool reasoner_relation_reserve(Relation *relation, size_t extra)
{
    const size_t wanted = (size_t)relation->count + extra;
    if (wanted <= relation->capacity)
        return BASE_RESERVE(&relation->segments, relation->segments.count + 1);
    if (wanted >= NO_ROW)
        return false;
    size_t capacity = relation->capacity ? relation->capacity : 32;
    while (capacity < wanted)
        capacity *= 2;
    uint32_t *const values = realloc(relation->values, capacity * relation->arity * sizeof *values);
    if (!values)
        return false;
    relation->values = values;
    relation->capacity = capacity;
    return BASE_RESERVE(&relation->segments, relation->segments.count + 1);
}

void reasoner_relation_note(Relation *relation, uint32_t before, uint32_t height, uint32_t rule)
{
    if (relation->count == before)
        return;
    Segment *const last = relation->segments.count ? &relation->segments.items[relation->segments.count - 1] : NULL;
    if (last && last->height == height && last->rule == rule)
        last->end = relation->count;
    else
        relation->segments.items[relation->segments.count++] = (Segment){relation->count, height, rule};
}

bool reasoner_relation_append(Relation *relation, const uint32_t *tuples, size_t count, uint32_t height, uint32_t rule)
{
    const uint32_t before = relation->count;
    if (count == 0)
        return true;
    if (!reasoner_relation_reserve(relation, count))
        return false;
    memcpy(relation->values + (size_t)before * relation->arity, tuples, count * relation->arity * sizeof *tuples);
    relation->count += (uint32_t)count;
    reasoner_relation_note(relation, before, height, rule);
    return true;
}

void reasoner_relation_truncate(Relation *relation, uint32_t count)
{
    reasoner_relation_drop_indexes(relation);
    reasoner_members_free(&relation->members);
    relation->count = count;
    relation->measured_rows = 0;
    while (relation->segments.count > 0) {
        Segment *const last = &relation->segments.items[relation->segments.count - 1];
        const uint32_t start = relation->segments.count > 1 ? last[-1].end : 0;
        if (start < count) {
            last->end = last->end < count ? last->end : count;
            return;
        }
        relation->segments.count--;
    }
}

/* ---- Adding new ones ----------------------------------------------------------------------------------------- */

bool reasoner_relation_add(Relation *relation, const uint32_t *tuples, size_t count, uint32_t height, uint32_t rule,
                           uint64_t *added)
{
    enum { BLOCK = 4096 };
    const uint32_t before = relation->count;
    *added = relation->is_log ? count : 0;
    if (relation->is_log)
        return reasoner_relation_append(relation, tuples, count, height, rule);
    bool is_fine = true;
    for (size_t from = 0; from < count && is_fine; from += BLOCK) {
        const size_t block = count - from < BLOCK ? count - from : BLOCK;
        is_fine = reasoner_relation_reserve(relation, block) &&
                  reasoner_members_insert(relation, tuples + from * relation->arity, block);
    }
    reasoner_relation_note(relation, before, height, rule);
    *added = relation->count - before;
    return is_fine;
}

/* ---- Figures ------------------------------------------------------------------------------------------------- */

enum { SAMPLE = 1 << 18 /* rows looked at, evenly spread */ };

/* How many values the column has; of a sample, those that it shows, and more where it shows few of them again. */
static uint32_t count_values(const Relation *relation, uint32_t column, uint64_t *seen, size_t words)
{
    const uint32_t step = relation->count / SAMPLE + 1;
    uint32_t count = 0, looked_at = 0;
    memset(seen, 0, words * sizeof *seen);
    for (uint64_t row = 0; row < relation->count; row += step, looked_at++) {
        const uint32_t value = relation->values[row * relation->arity + column];
        const uint64_t bit = (uint64_t)1 << value % 64;
        if (value / 64 >= words) { /* above the hint */
            count++;
            continue;
        }
        count += !(seen[value / 64] & bit);
        seen[value / 64] |= bit;
    }
    return (uint32_t)(count * (1.0 + (step - 1.0) * count / (looked_at + 1.0)));
}

bool reasoner_relation_measure(Relation *relation)
{
    if (relation->distinct && relation->count / 4 <= relation->measured_rows &&
        relation->measured_rows <= relation->count)
        return true;
    if (!relation->distinct)
        relation->distinct = calloc(relation->arity + 1, sizeof *relation->distinct);
    if (!relation->distinct)
        return false;
    uint32_t highest = relation->value_hint;
    for (size_t i = 0; relation->value_hint == 0 && i < (size_t)relation->count * relation->arity; i++)
        highest = relation->values[i] > highest ? relation->values[i] : highest;
    const size_t words = highest / 64 + 1;
    uint64_t *const seen = malloc(words * sizeof *seen);
    if (!seen)
        return false;
    for (uint32_t c = 0; c < relation->arity; c++)
        relation->distinct[c] = count_values(relation, c, seen, words);
    free(seen);
    relation->measured_rows = relation->count;
    return true;
}
