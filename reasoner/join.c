/* Matching a body: nested loops over indexes, depth first, so that nothing is kept between the steps but the binding.
 * Each binding looks at the rows of one key only; an atom whose columns are all bound is one test. What heads say is
 * gathered in blocks and added block by block. The innermost loop, where nearly all rows are, fills the block without
 * binding anything; for pairs expand.c has it. */
#include "reasoner/joining.h"

#include <string.h>

enum { ROWS_PER_CHECK = 1 << 18 /* between two looks at the job */ };

static bool match_from(Match *match, uint32_t depth);

bool reasoner_match_rows(Match *match, uint64_t rows)
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

/* ---- Atoms --------------------------------------------------------------------------------------------------- */

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

bool reasoner_match_go_on(Match *match, const Step *step, uint32_t depth, bool *is_enough)
{
    const uint64_t before = match->join->matches;
    if (!reasoner_match_rows(match, 1) || !match_from(match, depth + 1))
        return false;
    *is_enough = step->is_test && match->join->matches > before;
    return true;
}

static bool scan(Match *match, const Step *step, uint32_t depth)
{
    const uint32_t to = step_to(step);
    if (step == match->innermost)
        return match->is_inverse ? reasoner_pairs_inverse(match, step)
                                 : reasoner_heads_rows(match, step, step_from(step), to);
    bool is_fine = true, is_enough = false;
    if (reasoner_pairs_scan(match, step, &is_fine))
        return is_fine;
    for (uint32_t row = step_from(step); row < to && !is_enough; row++)
        if (take_row(match, step, row) && !reasoner_match_go_on(match, step, depth, &is_enough))
            return false;
    return true;
}

static bool each_run(Match *match, const Step *step, uint32_t depth)
{
    const uint32_t to = step_to(step);
    bool is_enough = false;
    for (uint32_t row = step_from(step); row < to && !is_enough; row = match->run_to) {
        const uint32_t first = relation_row(step->relation, row)[0];
        uint32_t end = row + 1;
        while (end < to && relation_row(step->relation, end)[0] == first)
            end++;
        match->binding[step->columns[0].term.index] = first;
        match->run_from = row;
        match->run_to = end;
        match->is_run_new = true;
        if (!reasoner_match_go_on(match, step, depth, &is_enough))
            return false;
    }
    return true;
}

static void fill_key(const Match *match, const Step *step)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < step->column_count; c++)
        if (step->columns[c].role == COLUMN_KEY)
            step->key[count++] = match_value(match, step->columns[c].term);
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
        return match->is_pair ? reasoner_pairs_row(match, step, row) : reasoner_heads_rows(match, step, row, row + 1);
    return !take_row(match, step, row) || reasoner_match_go_on(match, step, depth, is_enough);
}

static bool packed_values(Match *match, const Step *step, uint32_t bucket, uint32_t depth, bool *is_enough)
{
    const RelationIndex *const index = step->index;
    const uint32_t from = index->starts[bucket], to = index->starts[bucket + 1];
    if (step == match->innermost)
        return match->is_pair ? reasoner_pairs_values(match, index->entries + from, to - from)
                              : reasoner_heads_values(match, index->entries + from, to - from);
    uint32_t *const bound = &match->binding[step->columns[index->other].term.index];
    for (uint32_t i = from; i < to && !*is_enough; i++) {
        *bound = index->entries[i];
        if (!reasoner_match_go_on(match, step, depth, is_enough))
            return false;
    }
    return true;
}

static bool packed_rows(Match *match, const Step *step, uint32_t bucket, uint32_t depth, bool *is_enough)
{
    const RelationIndex *const index = step->index;
    const uint32_t to = step_to(step), from = step_from(step);
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
    const uint32_t bucket = reasoner_index_bucket(index, step->key), from = step_from(step), to = step_to(step);
    bool is_enough = false;
    bool is_fine = true;
    if (bucket == NO_ROW ||
        (step == match->innermost && match->is_pair && reasoner_pairs_bucket(match, step, bucket, &is_fine)))
        return is_fine;
    if (from < index->base) {
        is_fine = index->holds_values ? packed_values(match, step, bucket, depth, &is_enough)
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

/* Whether the combination comes for the first time; beyond very many, all are let through. */
static bool is_new(Match *match, const Step *step)
{
    enum { MOST = 1 << 20 };
    uint64_t added = 0;
    for (uint32_t c = 0; c < step->column_count; c++)
        step->key[c] = match_value(match, step->columns[c].term);
    if (step->relation->count >= MOST)
        return !reasoner_relation_has(step->relation, step->key, false);
    or_no_memory(match, reasoner_relation_add(step->relation, step->key, 1, 0, 0, &added));
    return added > 0;
}

static void forget_combinations(const Plan *plan)
{
    for (uint32_t s = 0; s < plan->step_count; s++)
        if (plan->steps[s].kind == STEP_DISTINCT)
            reasoner_relation_free(plan->steps[s].relation);
}

/* false: stop, as match->status says. */
static bool match_from(Match *match, uint32_t depth)
{
    if (depth == match->join->plan->step_count)
        return reasoner_heads_emit(match);
    const Step *const step = &match->join->plan->steps[depth];
    switch (step->kind) {
    case STEP_SCAN:
        return scan(match, step, depth);
    case STEP_GROUP:
        return each_run(match, step, depth);
    case STEP_RUN:
        return reasoner_pairs_run(match, step);
    case STEP_LOOKUP:
        return lookup(match, step, depth);
    case STEP_MEET:
        return reasoner_match_meet(match, step, depth);
    case STEP_MEMBER:
        fill_key(match, step);
        match->join->rows++;
        return !reasoner_relation_has(step->relation, step->key, step->is_partial) || match_from(match, depth + 1);
    case STEP_ABSENT:
        return !is_absent(match, step) || match_from(match, depth + 1);
    case STEP_DISTINCT:
        return !is_new(match, step) || match_from(match, depth + 1);
    case STEP_COMPARE:
        return !reasoner_compare(step->comparison, match->binding, match->join->values) || match_from(match, depth + 1);
    case STEP_ASSIGN:
        return !reasoner_operand(step->source, match->binding, match->join->values, &match->binding[step->target]) ||
               match_from(match, depth + 1);
    }
    return true;
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

/* The last step's rows are taken without a test when no variable repeats in it and the head wants some of it. */
static const Step *innermost_step(const Plan *plan)
{
    const Step *const step = plan->step_count ? &plan->steps[plan->step_count - 1] : NULL;
    if (!step ||
        (step->kind != STEP_SCAN && step->kind != STEP_LOOKUP && step->kind != STEP_MEET && step->kind != STEP_RUN) ||
        step->is_test)
        return NULL;
    for (uint32_t c = 0; c < step->column_count; c++)
        if (step->columns[c].role == COLUMN_SAME)
            return NULL;
    return step;
}

BaseStatus reasoner_join(Join *join, BaseArena *arena)
{
    if (join->plan->is_product)
        return reasoner_multiply(join, arena);
    Match match = {.join = join, .innermost = innermost_step(join->plan), .next_check = join->rows + ROWS_PER_CHECK};
    if (!reasoner_heads_open(&match, arena))
        return BASE_NO_MEMORY;
    join->is_direct = match.is_pair && match.expand.is_direct;
    match_from(&match, 0);
    forget_combinations(join->plan);
    if (!reasoner_heads_close(&match) && match.status == BASE_OK)
        match.status = BASE_NO_MEMORY;
    return match.status;
}
