/* Groups of an aggregate: rows are sorted, equal ones fall together, and each stretch with the same group values is
 * folded (section 7.3 of the language). */
#include "reasoner/chase.h"

#include "reasoner/functions.h"

#include <stdlib.h>
#include <string.h>

static uint32_t width_of(const Aggregate *aggregate)
{
    return aggregate->group_count + 1 + aggregate->distinct_count;
}

static uint32_t value_of(Term term, const uint32_t *binding)
{
    return term.is_variable ? binding[term.index] : term.index;
}

bool reasoner_gather(Gather *gather, const uint32_t *binding)
{
    const Aggregate *const aggregate = gather->head->aggregate;
    if (!BASE_RESERVE(&gather->rows, gather->rows.count + width_of(aggregate)))
        return false;
    uint32_t *const row = gather->rows.items + gather->rows.count;
    uint32_t at = 0;
    for (uint32_t g = 0; g < aggregate->group_count; g++)
        row[at++] = value_of(aggregate->groups[g], binding);
    row[at++] = value_of(aggregate->input, binding);
    for (uint32_t d = 0; d < aggregate->distinct_count; d++)
        row[at++] = value_of(aggregate->distinct[d], binding);
    gather->rows.count += at;
    return true;
}

static int by_row(const void *a, const void *b, void *context)
{
    const uint32_t *const left = a, *const right = b;
    const uint32_t width = *(const uint32_t *)context;
    for (uint32_t c = 0; c < width; c++)
        if (left[c] != right[c])
            return left[c] < right[c] ? -1 : 1;
    return 0;
}

/* Sorted, each row once; returns how many. */
static size_t sort_rows(Gather *gather, uint32_t width)
{
    uint32_t *const rows = gather->rows.items;
    const size_t count = gather->rows.count / width;
    size_t kept = 0;
    if (count == 0)
        return 0;
    qsort_r(rows, count, width * sizeof *rows, by_row, &(uint32_t){width});
    for (size_t i = 0; i < count; i++)
        if (i == 0 || memcmp(rows + i * width, rows + (kept - 1) * width, width * sizeof *rows) != 0)
            memmove(rows + kept++ * width, rows + i * width, width * sizeof *rows);
    return kept;
}

/* Folds one group into a tuple. BASE_NOT_FOUND: it gives none. */
static BaseStatus fold_group(const Gather *gather, const uint32_t *group, const uint32_t *inputs, size_t count,
                             uint32_t *binding, Values *values, BaseError *err)
{
    const Aggregate *const aggregate = gather->head->aggregate;
    for (uint32_t g = 0; g < aggregate->group_count; g++)
        binding[aggregate->groups[g].index] = group[g];
    const BaseStatus status = reasoner_fold(aggregate->kind, inputs, count, values, &binding[aggregate->folded], err);
    if (status == BASE_BAD_INPUT && err)
        base_hint(err, "it is in %s", gather->rule->name);
    if (status != BASE_OK || !aggregate->around)
        return status;
    return reasoner_compute(aggregate->around, binding, values, &binding[aggregate->result]) ? BASE_OK : BASE_NOT_FOUND;
}

static bool add_tuple(const Gather *gather, const uint32_t *binding, Tuples *out)
{
    for (uint32_t c = 0; c < gather->head->count; c++)
        if (!BASE_PUSH(out, value_of(gather->head->arguments[c], binding)))
            return false;
    return true;
}

BaseStatus reasoner_fold_groups(Gather *gather, uint32_t *binding, Values *values, Tuples *out, BaseError *err)
{
    const Aggregate *const aggregate = gather->head->aggregate;
    const uint32_t width = width_of(aggregate), groups = aggregate->group_count;
    const size_t count = sort_rows(gather, width);
    uint32_t *const inputs = malloc((count + 1) * sizeof *inputs);
    BaseStatus status = inputs ? BASE_OK : BASE_NO_MEMORY;
    for (size_t from = 0, to; from < count && status == BASE_OK; from = to) {
        const uint32_t *const first = gather->rows.items + from * width;
        for (to = from; to < count; to++) {
            const uint32_t *const row = gather->rows.items + to * width;
            if (groups > 0 && memcmp(row, first, groups * sizeof *row) != 0)
                break;
            inputs[to - from] = row[groups];
        }
        status = fold_group(gather, first, inputs, to - from, binding, values, err);
        if (status == BASE_OK && !add_tuple(gather, binding, out))
            status = BASE_NO_MEMORY;
        if (status == BASE_NOT_FOUND)
            status = BASE_OK;
    }
    free(inputs);
    return status;
}
