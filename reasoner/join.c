/* Matching a body: nested loops over indexes, depth first, so that nothing is kept between the steps but the binding.
 * Each binding looks at the rows of one key only; an atom whose columns are all bound is one test. What heads say is
 * gathered in blocks and added block by block. The innermost loop, where nearly all rows are, fills the block without
 * binding anything; for pairs expand.c has it. */
#include "reasoner/join.h"

#include "reasoner/expand.h"

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
    bool is_pair; /* the innermost step gives one side of the only head, a pair */
    Expand expand;
    Term known;                       /* its other side */
    uint32_t run_from, run_to;        /* rows of the STEP_GROUP at hand */
    bool is_run_gathered, is_run_new; /* as bits in expand.words; not tried yet */
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

/* ---- Pairs --------------------------------------------------------------------------------------------------- */

static bool or_no_memory(Match *match, bool is_fine)
{
    if (!is_fine)
        match->status = BASE_NO_MEMORY;
    return is_fine;
}

static bool expand_row(Match *match, const Step *step, uint32_t row)
{
    const uint32_t column = step->columns[0].role == COLUMN_BIND ? 0 : 1;
    const uint32_t value = relation_row(step->relation, row)[column];
    match->join->matches++;
    return or_no_memory(match, reasoner_expand_values(&match->expand, value_of(match, match->known), &value, 1));
}

static bool expand_list(Match *match, const uint32_t *values, uint32_t count)
{
    match->join->matches += count;
    return or_no_memory(match, reasoner_expand_values(&match->expand, value_of(match, match->known), values, count)) &&
           looked_at(match, count);
}

static bool expand_bits(Match *match, const uint64_t *words)
{
    const uint32_t before = match->expand.head->count;
    const bool is_fine =
        or_no_memory(match, reasoner_expand_words(&match->expand, value_of(match, match->known), words));
    match->join->matches += match->expand.head->count - before;
    return is_fine && looked_at(match, expand_row_words(&match->expand));
}

/* Whether all that the bucket of the step's index has was taken as bits; *is_fine as usual. */
static bool expand_bucket(Match *match, const Step *step, uint32_t bucket, bool *is_fine)
{
    enum { CHEAP = 512 /* words: fewer cost less than following a chain */ };
    const RelationIndex *const index = step->index;
    const size_t width = expand_row_words(&match->expand);
    const uint32_t packed = step->span == SPAN_DELTA ? 0 : index->starts[bucket + 1] - index->starts[bucket];
    const uint32_t newest = index->newest ? index->newest[bucket] : NO_ROW;
    const bool is_chained = newest != NO_ROW && newest >= step_from(step);
    if (step->key_columns != 1 || !index->holds_values || (packed < width / 2 && (!is_chained || width > CHEAP)))
        return false;
    const uint64_t *const words =
        reasoner_expand_source(&match->expand, step->relation, step->key[0], step->is_partial);
    if (words)
        *is_fine = expand_bits(match, words);
    return words != NULL;
}

static bool expand_run(Match *match, const Step *step)
{
    const uint32_t count = match->run_to - match->run_from;
    if (match->is_run_new) {
        match->is_run_new = false;
        match->is_run_gathered = reasoner_expand_gather(&match->expand, step->relation, match->run_from, match->run_to);
    }
    if (match->is_run_gathered)
        return expand_bits(match, match->expand.words);
    match->join->matches += count;
    return or_no_memory(match, reasoner_expand_rows(&match->expand, value_of(match, match->known), step->relation,
                                                    match->run_from, match->run_to)) &&
           looked_at(match, count);
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

/* What follows the row; *is_enough: no other row is wanted. */
static bool go_on(Match *match, const Step *step, uint32_t depth, bool *is_enough)
{
    const uint64_t before = match->join->matches;
    if (!looked_at(match, 1) || !match_from(match, depth + 1))
        return false;
    *is_enough = step->is_test && match->join->matches > before;
    return true;
}

/* The column of the scanned pairs that the innermost step looks up while the head takes the other, or nothing of them;
 * NO_ROW: it is not as simple as that. */
static uint32_t key_of_pairs(const Match *match, const Step *step)
{
    const Step *const inner = match->innermost;
    if (!match->is_pair || step + 1 != inner || inner->kind != STEP_LOOKUP || !inner->index->holds_values ||
        step->column_count != 2 || step->columns[0].role != COLUMN_BIND || step->columns[1].role != COLUMN_BIND)
        return NO_ROW;
    const Term key = inner->columns[1 - inner->index->other].term;
    for (uint32_t c = 0; c < 2; c++) {
        const bool is_key = match->known.is_variable && match->known.index == step->columns[c].term.index;
        if (key.is_variable && key.index == step->columns[c].term.index && !is_key)
            return c;
    }
    return NO_ROW;
}

static bool scan_pairs(Match *match, const Step *step, uint32_t key)
{
    enum { SOME = 1 << 14 /* rows between two checks */ };
    const Step *const inner = match->innermost;
    const ExpandIndex by = {inner->relation, inner->index, step_from(inner), step_to(inner)};
    const bool is_other = match->known.is_variable && match->known.index == step->columns[1 - key].term.index;
    const uint32_t known = is_other ? 0 : value_of(match, match->known), to = step_to(step);
    for (uint32_t row = step_from(step), end; row < to; row = end) {
        const uint64_t before = match->join->matches;
        end = to - row < SOME ? to : row + SOME;
        if (!or_no_memory(match, reasoner_expand_lookups(&match->expand, step->relation, row, end, key,
                                                         is_other ? NULL : &known, &by, &match->join->matches)) ||
            !looked_at(match, end - row + match->join->matches - before))
            return false;
    }
    return true;
}

static bool scan(Match *match, const Step *step, uint32_t depth)
{
    const uint32_t to = step_to(step);
    if (step == match->innermost)
        return fill_rows(match, step, step_from(step), to);
    const uint32_t key = key_of_pairs(match, step);
    if (key != NO_ROW)
        return scan_pairs(match, step, key);
    bool is_enough = false;
    for (uint32_t row = step_from(step); row < to && !is_enough; row++)
        if (take_row(match, step, row) && !go_on(match, step, depth, &is_enough))
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
        if (!go_on(match, step, depth, &is_enough))
            return false;
    }
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
        return match->is_pair ? expand_row(match, step, row) : fill_rows(match, step, row, row + 1);
    return !take_row(match, step, row) || go_on(match, step, depth, is_enough);
}

static bool packed_values(Match *match, const Step *step, uint32_t bucket, uint32_t depth, bool *is_enough)
{
    const RelationIndex *const index = step->index;
    const uint32_t from = index->starts[bucket], to = index->starts[bucket + 1];
    if (step == match->innermost)
        return match->is_pair ? expand_list(match, index->entries + from, to - from)
                              : fill_values(match, index->entries + from, to - from);
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
        (step == match->innermost && match->is_pair && expand_bucket(match, step, bucket, &is_fine)))
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
    case STEP_GROUP:
        return each_run(match, step, depth);
    case STEP_RUN:
        return expand_run(match, step);
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
    if (!step || (step->kind != STEP_SCAN && step->kind != STEP_LOOKUP && step->kind != STEP_RUN) || step->is_test)
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

static bool open_output(Match *match, Output *output, const Atom *head, BaseArena *arena)
{
    output->head = head;
    output->relation = &match->join->relations[head->relation];
    const uint32_t arity = output->relation->arity;
    output->tuples = base_arena_alloc(arena, (size_t)BLOCK * arity, sizeof *output->tuples);
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
    if (!step || step->kind == STEP_SCAN || step->column_count != 2 || match->output_count != 1 ||
        output->relation->arity != 2 || output->sources[0].is_column == output->sources[1].is_column)
        return true;
    Expand *const expand = &match->expand;
    match->is_pair = true;
    match->known = output->sources[0].is_column ? output->sources[1].term : output->sources[0].term;
    *expand = (Expand){.head = output->relation,
                       .height = match->join->height,
                       .rule = match->join->rule_index,
                       .column = output->sources[0].is_column ? 0 : 1,
                       .pairs = output->tuples};
    if (!reasoner_relation_weigh_bits(expand->head) || !reasoner_relation_cover(expand->head, false))
        return false;
    reasoner_expand_begin(expand);
    if (!expand->is_direct || step->kind != STEP_RUN)
        return true;
    expand->words = base_arena_alloc(arena, expand_row_words(expand), sizeof *expand->words);
    return expand->words != NULL;
}

static bool open_outputs(Match *match, BaseArena *arena)
{
    const Rule *const rule = match->join->rule;
    match->binding = base_arena_alloc(arena, rule->variable_count + 1, sizeof *match->binding);
    match->outputs = base_arena_alloc(arena, rule->head_count + 1, sizeof *match->outputs);
    if (!match->binding || !match->outputs)
        return false;
    for (uint32_t h = 0; h < rule->head_count; h++)
        if (match->join->takes_head[h] &&
            !open_output(match, &match->outputs[match->output_count++], &rule->heads[h], arena))
            return false;
    return open_pair(match, arena);
}

/* Adds what is still gathered. false: no memory. */
static bool close_outputs(Match *match)
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

BaseStatus reasoner_join(Join *join, BaseArena *arena)
{
    Match match = {.join = join, .innermost = innermost_step(join->plan), .next_check = ROWS_PER_CHECK};
    if (!open_outputs(&match, arena))
        return BASE_NO_MEMORY;
    match_from(&match, 0);
    if (!close_outputs(&match) && match.status == BASE_OK)
        match.status = BASE_NO_MEMORY;
    return match.status;
}
