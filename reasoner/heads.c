/* What heads say: tuples gathered in blocks, for each head of the rule one, added to its relation block by block. */
#include "reasoner/joining.h"

/* ---- Matches------------------------------------------------------------------------------------------------- */

static bool flush(Match *match, Output *output)
{
    uint64_t added = 0;
    const bool is_fine = reasoner_relation_add(output->relation, output->tuples, output->count, match->join->height,
                                               match->join->rule, &added);
    match->join->facts += added;
    output->count = 0;
    if (!is_fine)
        match->status = BASE_NO_MEMORY;
    return is_fine;
}

bool reasoner_heads_emit(Match *match)
{
    match->join->matches++;
    for (uint32_t o = 0; o < match->output_count; o++) {
        Output *const output = &match->outputs[o];
        const uint32_t arity = output->relation->arity;
        uint32_t *const tuple = output->tuples + (size_t)output->count * arity;
        for (uint32_t c = 0; c < arity; c++)
            tuple[c] = match_value(match, output->arguments[c]);
        if (++output->count == EXPAND_BLOCK && !flush(match, output))
            return false;
    }
    return true;
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
            const uint32_t value = match_value(match, source->term);
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

/* The rows may be those of a head's relation, which a flush may move: all outputs are filled before any is flushed. */
static bool fill_all(Match *match, const uint32_t *values, uint32_t count, uint32_t stride, bool is_single)
{
    match->join->matches += count;
    for (uint32_t o = 0; o < match->output_count; o++)
        fill(match, &match->outputs[o], values, count, stride, is_single);
    for (uint32_t o = 0; o < match->output_count; o++)
        if (match->outputs[o].count == EXPAND_BLOCK && !flush(match, &match->outputs[o]))
            return false;
    return true;
}

/* All outputs hold as many tuples as each other. */
static uint32_t room(const Match *match)
{
    return match->output_count ? EXPAND_BLOCK - match->outputs[0].count : EXPAND_BLOCK;
}

bool reasoner_heads_rows(Match *match, const Step *step, uint32_t from, uint32_t to)
{
    while (from < to) {
        const uint32_t count = to - from < room(match) ? to - from : room(match);
        if (!fill_all(match, relation_row(step->relation, from), count, step->column_count, false))
            return false;
        from += count;
        if (!reasoner_match_rows(match, count))
            return false;
    }
    return true;
}

bool reasoner_heads_values(Match *match, const uint32_t *values, uint32_t count)
{
    while (count > 0) {
        const uint32_t some = count < room(match) ? count : room(match);
        if (!fill_all(match, values, some, 1, true) || !reasoner_match_rows(match, some))
            return false;
        values += some;
        count -= some;
    }
    return true;
}

/* ---- Opening and closing -------------------- */

static Source source_of(const Step *innermost, Term term)
{
    for (uint32_t c = 0; innermost && term.is_variable && c < innermost->column_count; c++)
        if (innermost->columns[c].role == COLUMN_BIND && innermost->columns[c].term.index == term.index)
            return (Source){.is_column = true, .column = c};
    return (Source){.term = term};
}

static bool open_output(const Match *match, Output *output, const JoinHead *head, BaseArena *arena)
{
    output->arguments = head->arguments;
    output->relation = head->relation;
    const uint32_t arity = output->relation->arity;
    output->tuples = base_arena_alloc(arena, (size_t)EXPAND_BLOCK * arity, sizeof *output->tuples);
    output->sources = base_arena_alloc(arena, arity, sizeof *output->sources);
    if (!output->tuples || !output->sources)
        return false;
    for (uint32_t c = 0; c < arity; c++)
        output->sources[c] = source_of(match->innermost, head->arguments[c]);
    return true;
}

/* The only head is a pair, and the innermost step one value of it. */
static bool open_pair(Match *match, BaseArena *arena)
{
    const Output *const output = &match->outputs[0];
    const Step *const step = match->innermost;
    if (!step || match->join->plan->computes || step->column_count != 2 || match->output_count != 1 ||
        output->relation->arity != 2)
        return true;
    const Source *const sources = output->sources;
    match->is_inverse = step->kind == STEP_SCAN && sources[0].is_column && sources[1].is_column &&
                        sources[0].column == 1 && sources[1].column == 0;
    match->is_pair = match->is_inverse || (step->kind != STEP_SCAN && sources[0].is_column != sources[1].is_column);
    if (!match->is_pair)
        return true;
    Expand *const expand = &match->expand;
    match->known = sources[0].is_column ? sources[1].term : sources[0].term;
    *expand = (Expand){.head = output->relation,
                       .height = match->join->height,
                       .rule = match->join->rule,
                       .column = sources[0].is_column && !match->is_inverse ? 0 : 1,
                       .pairs = output->tuples};
    const bool is_log = expand->head->is_log;
    if (!is_log && (!reasoner_relation_weigh_bits(expand->head) || !reasoner_relation_cover(expand->head, false)))
        return false;
    reasoner_expand_begin(expand);
    if (!expand->is_direct || step->kind != STEP_RUN)
        return true;
    expand->words = base_arena_alloc(arena, expand_row_words(expand), sizeof *expand->words);
    return expand->words != NULL;
}

bool reasoner_heads_open(Match *match, BaseArena *arena)
{
    const Join *const join = match->join;
    match->binding = base_arena_alloc(arena, join->variable_count + 1, sizeof *match->binding);
    match->outputs = base_arena_alloc(arena, join->head_count + 1, sizeof *match->outputs);
    if (!match->binding || !match->outputs)
        return false;
    for (uint32_t h = 0; h < join->head_count; h++)
        if (!open_output(match, &match->outputs[match->output_count++], &join->heads[h], arena))
            return false;
    return open_pair(match, arena);
}

bool reasoner_heads_close(Match *match)
{
    bool is_fine = true;
    if (match->is_pair) {
        is_fine = reasoner_expand_end(&match->expand);
        match->join->facts += match->expand.facts;
        return is_fine;
    }
    for (uint32_t o = 0; o < match->output_count && is_fine; o++)
        is_fine = flush(match, &match->outputs[o]);
    return is_fine;
}
