/* Groups of an aggregate: inputs are sorted by the values of their group, and each stretch of one group is folded.
 * Values are small numbers, so the sort is by digits, from the last one on. */
#include "reasoner/group.h"

#include <stdlib.h>
#include <string.h>

bool reasoner_grouping_open(const ReasonerProgram *program, uint32_t rule, uint32_t head, BaseArena *arena,
                            Grouping *out)
{
    const Rule *const of = &program->rules.items[rule];
    const Atom *const atom = &of->heads[head];
    const Aggregate *const aggregate = atom->aggregate;
    const uint32_t width = aggregate->group_count + 1 + aggregate->distinct_count;
    *out = (Grouping){.rule = rule, .head = head, .of = of, .inputs = {.arity = width}};
    out->tuples.arity = program->relations.items[atom->relation].arity;
    out->arguments = base_arena_alloc(arena, width, sizeof *out->arguments);
    if (!out->arguments)
        return false;
    uint32_t at = 0;
    for (uint32_t g = 0; g < aggregate->group_count; g++)
        out->arguments[at++] = aggregate->groups[g];
    out->arguments[at++] = aggregate->input;
    for (uint32_t d = 0; d < aggregate->distinct_count; d++)
        out->arguments[at++] = aggregate->distinct[d];
    return true;
}

void reasoner_grouping_close(Grouping *grouping)
{
    reasoner_relation_free(&grouping->inputs);
    reasoner_relation_free(&grouping->tuples);
}

/* ---- Sorting ------------------------------------------------------------------------------------------------- */

/* Rows of inputs, or of tuples, to be put in order. */
typedef struct Sort {
    uint32_t *rows, *spare;
    size_t count;
} Sort;

/* By keys[rows * stride], keeping the order of equal ones. */
static void sort_by(Sort *sort, const uint32_t *keys, size_t stride)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < sort->count; i++)
        highest = keys[i * stride] > highest ? keys[i * stride] : highest;
    for (unsigned shift = 0; shift < 32 && highest >> shift > 0; shift += 8) {
        size_t starts[257] = {0};
        for (size_t i = 0; i < sort->count; i++)
            starts[(keys[i * stride] >> shift & 255) + 1]++;
        for (size_t digit = 0; digit < 256; digit++)
            starts[digit + 1] += starts[digit];
        for (size_t i = 0; i < sort->count; i++)
            sort->spare[starts[keys[sort->rows[i] * stride] >> shift & 255]++] = sort->rows[i];
        uint32_t *const sorted = sort->spare;
        sort->spare = sort->rows;
        sort->rows = sorted;
    }
}

static bool open_sort(Sort *sort, size_t count)
{
    *sort = (Sort){malloc((count + 1) * sizeof *sort->rows), malloc((count + 1) * sizeof *sort->spare), count};
    for (uint32_t i = 0; sort->rows && i < count; i++)
        sort->rows[i] = i;
    return sort->rows && sort->spare;
}

static void close_sort(Sort *sort)
{
    free(sort->rows);
    free(sort->spare);
}

static uint32_t *heights_of(const Relation *relation)
{
    uint32_t *const heights = malloc(((size_t)relation->count + 1) * sizeof *heights);
    uint32_t row = 0;
    for (size_t s = 0; heights && s < relation->segments.count; s++)
        for (; row < relation->segments.items[s].end; row++)
            heights[row] = relation->segments.items[s].height;
    return heights;
}

/* ---- Folding ------------------------------------------------------------------------------------------------- */

typedef struct Folding {
    Grouping *grouping;
    Values *values;
    uint32_t *binding, *inputs, *heights; /* inputs: of a group; heights: by input row */
    struct {
        uint32_t *items; /* a tuple's values */
        size_t count, capacity;
    } tuples;
    struct {
        uint32_t *items; /* by tuple */
        size_t count, capacity;
    } tuple_heights;
    BaseError *err;
} Folding;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to derive more facts");
}

static bool push_tuple(Folding *folding, uint32_t height)
{
    const Atom *const head = &folding->grouping->of->heads[folding->grouping->head];
    for (uint32_t c = 0; c < folding->grouping->tuples.arity; c++) {
        const Term term = head->arguments[c];
        if (!BASE_PUSH(&folding->tuples, term.is_variable ? folding->binding[term.index] : term.index))
            return false;
    }
    return BASE_PUSH(&folding->tuple_heights, height);
}

/* One group: `count` rows of the inputs. */
static BaseStatus fold_group(Folding *folding, const uint32_t *rows, size_t count)
{
    const Grouping *const grouping = folding->grouping;
    const Aggregate *const aggregate = grouping->of->heads[grouping->head].aggregate;
    const uint32_t *const group = relation_row(&grouping->inputs, rows[0]);
    uint32_t height = 0;
    for (size_t i = 0; i < count; i++) {
        folding->inputs[i] = relation_row(&grouping->inputs, rows[i])[aggregate->group_count];
        height = folding->heights[rows[i]] > height ? folding->heights[rows[i]] : height;
    }
    for (uint32_t g = 0; g < aggregate->group_count; g++)
        folding->binding[aggregate->groups[g].index] = group[g];
    const BaseStatus status = reasoner_fold(aggregate->kind, folding->inputs, count, folding->values,
                                            &folding->binding[aggregate->folded], folding->err);
    if (status == BASE_BAD_INPUT && folding->err)
        base_hint(folding->err, "it is in %s", grouping->of->name);
    if (status != BASE_OK)
        return status == BASE_NOT_FOUND ? BASE_OK : status;
    if (aggregate->around &&
        !reasoner_compute(aggregate->around, folding->binding, folding->values, &folding->binding[aggregate->result]))
        return reasoner_values_failed(folding->values) ? no_memory(folding->err) : BASE_OK;
    return push_tuple(folding, height) ? BASE_OK : no_memory(folding->err);
}

static BaseStatus fold_groups(Folding *folding, Sort *sort)
{
    const Relation *const inputs = &folding->grouping->inputs;
    const uint32_t groups = folding->grouping->of->heads[folding->grouping->head].aggregate->group_count;
    BaseStatus status = BASE_OK;
    for (uint32_t c = groups; c-- > 0 && sort->count > 0;)
        sort_by(sort, inputs->values + c, inputs->arity);
    for (size_t from = 0, to; from < sort->count && status == BASE_OK; from = to) {
        const uint32_t *const first = relation_row(inputs, sort->rows[from]);
        for (to = from + 1; to < sort->count; to++)
            if (groups > 0 && memcmp(relation_row(inputs, sort->rows[to]), first, groups * sizeof *first) != 0)
                break;
        status = fold_group(folding, sort->rows + from, to - from);
    }
    return status;
}

/* The tuples in the order of their heights, each once. */
static bool put_in_order(Folding *folding)
{
    Relation *const tuples = &folding->grouping->tuples;
    Sort sort;
    bool is_fine = open_sort(&sort, folding->tuple_heights.count);
    if (is_fine && sort.count > 0)
        sort_by(&sort, folding->tuple_heights.items, 1);
    for (size_t i = 0; i < sort.count && is_fine; i++) {
        uint64_t added;
        is_fine = reasoner_relation_add(tuples, folding->tuples.items + (size_t)sort.rows[i] * tuples->arity, 1,
                                        folding->tuple_heights.items[sort.rows[i]], folding->grouping->rule, &added);
    }
    close_sort(&sort);
    return is_fine;
}

BaseStatus reasoner_grouping_fold(Grouping *grouping, Values *values, BaseError *err)
{
    Folding folding = {.grouping = grouping, .values = values, .err = err};
    const size_t count = grouping->inputs.count;
    Sort sort;
    const bool is_open = open_sort(&sort, count);
    folding.binding = malloc((grouping->of->variable_count + 1) * sizeof *folding.binding);
    folding.inputs = malloc((count + 1) * sizeof *folding.inputs);
    folding.heights = heights_of(&grouping->inputs);
    BaseStatus status = is_open && folding.binding && folding.inputs && folding.heights ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = fold_groups(&folding, &sort);
    close_sort(&sort);
    free(folding.binding);
    free(folding.inputs);
    free(folding.heights);
    reasoner_relation_free(&grouping->inputs);
    if (status == BASE_OK && !put_in_order(&folding))
        status = no_memory(err);
    free(folding.tuples.items);
    free(folding.tuple_heights.items);
    return status;
}

bool reasoner_grouping_give(Grouping *grouping, Relation *relation, uint32_t height, uint64_t *added)
{
    const uint32_t from = grouping->given, to = reasoner_relation_height_start(&grouping->tuples, height + 1);
    *added = 0;
    grouping->given = to;
    return from == to || reasoner_relation_add(relation, relation_row(&grouping->tuples, from), to - from, height,
                                               grouping->rule, added);
}
