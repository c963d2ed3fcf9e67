/* Matching a body: nested loops over indexes, depth first, so that nothing is kept between the steps but the binding.
 * Each binding looks at the rows of one key only; an atom whose columns are all bound is one test. What heads say is
 * gathered in blocks and added block by block. The innermost loop, where nearly all rows are, fills the block without
 * binding anything. */
#include "reasoner/join.h"

#include <string.h>

enum {
    ROWS_PER_CHECK = 1 << 18, /* between two looks at the job */
    BLOCK = 2048,             /* tuples gathered for a head */
};

/* Where a head takes a value from in the innermost loop. */
typedef struct Source {
    bool is_column; /* of the row at hand; else a term known before */
    uint32_t column;
    Term term;
} Source;

typedef struct Output {
    const Atom *head;
    Relation *relation;
    uint32_t *tuples; /* BLOCK of them */
    uint32_t count;
    Source *sources; /* by column, for the innermost loop */
} Output;

typedef struct Match {
    Join *join;
    const Step *innermost; /* its rows go to the outputs at once; NULL: none does */
    uint32_t *binding;     /* by variable */
    Output *outputs;
    uint32_t output_count;
    uint64_t next_check;
    BaseStatus status;
} Match;

static bool match_from(Match *match, uint32_t depth);

static uint32_t value_of(const Match *match, Term term)
{
    return term.is_variable ? match->binding[term.index] : term.index;
}

/* ---- Heads --------------------------------------------------------------------------------------------------- */

static bool flush(Match *match, Output *output)
{
    uint64_t added = 0;
    const bool is_fine = reasoner_relation_add(output->relation, output->tuples, output->count, match->join->height,
                                               match->join->rule_index, &added);
    match->join->facts += added;
    output->count = 0;
    if (!is_fine)
        match->status = BASE_NO_MEMORY;
    return is_fine;
}

static bool emit(Match *match)
{
    match->join->matches++;
    for (uint32_t o = 0; o < match->output_count; o++) {
        Output *const output = &match->outputs[o];
        const uint32_t arity = output->relation->arity;
        uint32_t *const tuple = output->tuples + (size_t)output->count * arity;
        for (uint32_t c = 0; c < arity; c++)
            tuple[c] = value_of(match, output->head->arguments[c]);
        if (++output->count == BLOCK && !flush(match, output))
            return false;
    }
    return true;
}

static bool looked_at(Match *match, uint64_t rows)
{
    match->join->rows += rows;
    if (match->join->rows < match->next_check)
        return true;
    match->next_check = match->join->rows + ROWS_PER_CHECK;
    if (!match->join->is_stopped(match->join->context, match->join->facts))
        return true;
    match->status = BASE_CANCELLED;
    return false;
}

/* ---- The innermost loop -------------------------------------------------------------------------------------- */

/* Tuples that take column c of each of `count` rows: `values` apart by `stride`, column c at values[c]. For values of
 * an index, stride is 1 and the only column comes at values[0]. */
static void fill(const Match *match, Output *output, const uint32_t *values, uint32_t count, uint32_t stride,
                 bool is_single)
{
    const uint32_t arity = output->relation->arity;
    for (uint32_t c = 0; c < arity; c++) {
        const Source *const source = &output->sources[c];
        uint32_t *to = output->tuples + (size_t)output->count * arity + c;
        if (!source->is_column) {
            const uint32_t value = value_of(match, source->term);
            for (uint32_t i = 0; i < count; i++, to += arity)
                *to = value;
        } else {
            const uint32_t *from = values + (is_single ? 0 : source->column);
            for (uint32_t i = 0; i < count; i++, to += arity, from += stride)
                *to = *from;
        }
    }
    output->count += count;
}

static bool fill_all(Match *match, const uint32_t *values, uint32_t count, uint32_t stride, bool is_single)
{
    match->join->matches += count;
    for (uint32_t o = 0; o < match->output_count; o++) {
        Output *const output = &match->outputs[o];
        fill(match, output, values, count, stride, is_single);
        if (output->count == BLOCK && !flush(match, output))
            return false;
    }
    return true;
}

/* All outputs hold as many tuples as each other. */
static uint32_t room(const Match *match)
{
    return match->output_count ? BLOCK - match->outputs[0].count : BLOCK;
}

/* Rows [from, to) of the relation; it may grow, and move, meanwhile. */
static bool fill_rows(Match *match, const Step *step, uint32_t from, uint32_t to)
{
    while (from < to) {
        const uint32_t count = to - from < room(match) ? to - from : room(match);
        if (!fill_all(match, relation_row(step->relation, from), count, step->column_count, false))
            return false;
        from += count;
        if (!looked_at(match, count))
            return false;
    }
    return true;
}

static bool fill_values(Match *match, const uint32_t *values, uint32_t count)
{
    while (count > 0) {
        const uint32_t some = count < room(match) ? count : room(match);
        if (!fill_all(match, values, some, 1, true) || !looked_at(match, some))
            return false;
        values += some;
        count -= some;
    }
    return true;
}

/* ---- Atoms --------------------------------------------------------------------------------------------------- */

static uint32_t span_from(const Step *step)
{
    return step->span == SPAN_DELTA ? step->relation->low : 0;
}

static uint32_t span_to(const Step *step)
{
    return step->span == SPAN_OLD ? step->relation->low : step->relation->high;
}

/* Binds what the row gives; false when it repeats a variable with another value. */
static bool take_row(Match *match, const Step *step, uint32_t row)
{
    const uint32_t *const values = relation_row(step->relation, row);
    for (uint32_t c = 0; c < step->column_count; c++) {
        const Column *const column = &step->columns[c];
        if (column->role == COLUMN_BIND)
            match->binding[column->term.index] = values[c];
        else if (column->role == COLUMN_SAME && match->binding[column->term.index] != values[c])
            return false;
    }
    return true;
}

/* What follows the row; *is_enough: no other row is wanted. */
static bool go_on(Match *match, const Step *step, uint32_t depth, bool *is_enough)
{
    const uint64_t before = match->join->matches;
    if (!looked_at(match, 1) || !match_from(match, depth + 1))
        return false;
    *is_enough = step->is_test && match->join->matches > before;
    return true;
}

static bool scan(Match *match, const Step *step, uint32_t depth)
{
    const uint32_t to = span_to(step);
    if (step == match->innermost)
        return fill_rows(match, step, span_from(step), to);
    bool is_enough = false;
    for (uint32_t row = span_from(step); row < to && !is_enough; row++)
        if (take_row(match, step, row) && !go_on(match, step, depth, &is_enough))
            return false;
    return true;
}

static void fill_key(const Match *match, const Step *step)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < step->column_count; c++)
        if (step->columns[c].role == COLUMN_KEY)
            step->key[count++] = value_of(match, step->columns[c].term);
}

static bool fits(const Step *step, uint32_t row)
{
    return !step->index->is_hashed || index_fits(step->index, relation_row(step->relation, row), step->key);
}

static bool one_row(Match *match, const Step *step, uint32_t row, uint32_t depth, bool *is_enough)
{
    if (!fits(step, row))
        return true;
    if (step == match->innermost)
        return fill_rows(match, step, row, row + 1);
    return !take_row(match, step, row) || go_on(match, step, depth, is_enough);
}

static bool packed_values(Match *match, const Step *step, uint32_t bucket, uint32_t depth, bool *is_enough)
{
    const RelationIndex *const index = step->index;
    const uint32_t from = index->starts[bucket], to = index->starts[bucket + 1];
    if (step == match->innermost)
        return fill_values(match, index->entries + from, to - from);
    uint32_t *const bound = &match->binding[step->columns[index->other].term.index];
    for (uint32_t i = from; i < to && !*is_enough; i++) {
        *bound = index->entries[i];
        if (!go_on(match, step, depth, is_enough))
            return false;
    }
    return true;
}

static bool packed_rows(Match *match, const Step *step, uint32_t bucket, uint32_t depth, bool *is_enough)
{
    const RelationIndex *const index = step->index;
    const uint32_t to = span_to(step), from = span_from(step);
    for (uint32_t i = index->starts[bucket]; i < index->starts[bucket + 1] && !*is_enough; i++) {
        const uint32_t row = index->entries[i];
        if (row >= from && row < to && !one_row(match, step, row, depth, is_enough))
            return false;
    }
    return true;
}

/* Of packed values the rows are not known, but they are all old, or else everything is new. */
static bool lookup(Match *match, const Step *step, uint32_t depth)
{
    const RelationIndex *const index = step->index;
    fill_key(match, step);
    const uint32_t bucket = reasoner_index_bucket(index, step->key), from = span_from(step), to = span_to(step);
    bool is_enough = false;
    if (bucket == NO_ROW)
        return true;
    if (from < index->base) {
        const bool is_fine = index->holds_values ? packed_values(match, step, bucket, depth, &is_enough)
                                                 : packed_rows(match, step, bucket, depth, &is_enough);
        if (!is_fine)
            return false;
    }
    uint32_t row = index->newest ? index->newest[bucket] : NO_ROW;
    for (; row != NO_ROW && row >= from && !is_enough; row = index->older[row - index->base])
        if (row < to && !one_row(match, step, row, depth, &is_enough))
            return false;
    return true;
}

/* ---- Tests --------------------------------------------------------------------------------------------------- */

static bool compare(const Match *match, const Step *step)
{
    const uint32_t left = value_of(match, step->left), right = value_of(match, step->right);
    if (step->test == EQUAL || step->test == NOT_EQUAL)
        return (left == right) == (step->test == EQUAL);
    const Number *const numbers = match->join->numbers;
    if (numbers[left].kind == NUMBER_NONE || numbers[right].kind == NUMBER_NONE)
        return false;
    const int order = reasoner_compare_numbers(numbers[left], numbers[right]);
    switch (step->test) {
    case LESS:
        return order < 0;
    case LESS_EQUAL:
        return order <= 0;
    case GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* Open columns of a negated atom hold anything, but a repeated variable the same thing. */
static bool fits_pattern(const Step *step, uint32_t row)
{
    const uint32_t *const values = relation_row(step->relation, row);
    for (uint32_t c = 0; c < step->column_count; c++) {
        if (step->columns[c].role != COLUMN_SAME)
            continue;
        for (uint32_t before = 0; before < c; before++)
            if (step->columns[before].term.is_variable &&
                step->columns[before].term.index == step->columns[c].term.index && values[before] != values[c])
                return false;
    }
    return true;
}

/* Negated predicates are complete, at whatever heights. */
static bool is_absent(Match *match, const Step *step)
{
    fill_key(match, step);
    match->join->rows++;
    if (!step->index && step->key_columns != 0)
        return !reasoner_relation_has(step->relation, step->key, false);
    if (!step->index) {
        for (uint32_t row = 0; row < step->relation->count; row++)
            if (fits_pattern(step, row))
                return false;
        return true;
    }
    IndexCursor cursor = reasoner_index_find(step->relation, step->index, step->key);
    for (uint32_t row = reasoner_index_next(&cursor); row != NO_ROW; row = reasoner_index_next(&cursor))
        if (fits_pattern(step, row))
            return false;
    return true;
}

/* false: stop, as match->status says. */
static bool match_from(Match *match, uint32_t depth)
{
    if (depth == match->join->plan->step_count)
        return emit(match);
    const Step *const step = &match->join->plan->steps[depth];
    switch (step->kind) {
    case STEP_SCAN:
        return scan(match, step, depth);
    case STEP_LOOKUP:
        return lookup(match, step, depth);
    case STEP_MEMBER:
        fill_key(match, step);
        match->join->rows++;
        return !reasoner_relation_has(step->relation, step->key, step->is_partial) || match_from(match, depth + 1);
    case STEP_ABSENT:
        return !is_absent(match, step) || match_from(match, depth + 1);
    case STEP_COMPARE:
        return !compare(match, step) || match_from(match, depth + 1);
    case STEP_ASSIGN:
        match->binding[step->left.index] = value_of(match, step->right);
        return match_from(match, depth + 1);
    }
    return true;
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

/* The last step's rows are taken without a test when no variable repeats in it and the head wants some of it. */
static const Step *innermost_step(const Plan *plan)
{
    const Step *const step = plan->step_count ? &plan->steps[plan->step_count - 1] : NULL;
    if (!step || (step->kind != STEP_SCAN && step->kind != STEP_LOOKUP) || step->is_test)
        return NULL;
    for (uint32_t c = 0; c < step->column_count; c++)
        if (step->columns[c].role == COLUMN_SAME)
            return NULL;
    return step;
}

static Source source_of(const Step *innermost, Term term)
{
    for (uint32_t c = 0; innermost && term.is_variable && c < innermost->column_count; c++)
        if (innermost->columns[c].role == COLUMN_BIND && innermost->columns[c].term.index == term.index)
            return (Source){.is_column = true, .column = c};
    return (Source){.term = term};
}

static bool open_outputs(Match *match, BaseArena *arena)
{
    const Rule *const rule = match->join->rule;
    match->binding = base_arena_alloc(arena, rule->variable_count + 1, sizeof *match->binding);
    match->outputs = base_arena_alloc(arena, rule->head_count + 1, sizeof *match->outputs);
    if (!match->binding || !match->outputs)
        return false;
    for (uint32_t h = 0; h < rule->head_count; h++) {
        if (!match->join->takes_head[h])
            continue;
        Output *const output = &match->outputs[match->output_count++];
        output->head = &rule->heads[h];
        output->relation = &match->join->relations[output->head->relation];
        const uint32_t arity = output->relation->arity;
        output->tuples = base_arena_alloc(arena, (size_t)BLOCK * arity, sizeof *output->tuples);
        output->sources = base_arena_alloc(arena, arity, sizeof *output->sources);
        if (!output->tuples || !output->sources)
            return false;
        for (uint32_t c = 0; c < arity; c++)
            output->sources[c] = source_of(match->innermost, output->head->arguments[c]);
    }
    return true;
}

BaseStatus reasoner_join(Join *join, BaseArena *arena)
{
    Match match = {.join = join, .innermost = innermost_step(join->plan), .next_check = ROWS_PER_CHECK};
    if (!open_outputs(&match, arena))
        return BASE_NO_MEMORY;
    bool is_fine = match_from(&match, 0);
    for (uint32_t o = 0; o < match.output_count && is_fine; o++)
        is_fine = flush(&match, &match.outputs[o]);
    return match.status;
}
