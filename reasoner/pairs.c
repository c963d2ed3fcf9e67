/* Heads that are pairs: the innermost step gives one side, and expand.c takes all its values at once. */
#include "reasoner/joining.h"

#include "reasoner/transpose.h"

/* ---- Pairs --------------------------------------------------------------------------------------------------- */

bool reasoner_pairs_row(Match *match, const Step *step, uint32_t row)
{
    const uint32_t column = step->columns[0].role == COLUMN_BIND ? 0 : 1;
    const uint32_t value = relation_row(step->relation, row)[column];
    match->join->matches++;
    return or_no_memory(match, reasoner_expand_values(&match->expand, match_value(match, match->known), &value, 1));
}

bool reasoner_pairs_values(Match *match, const uint32_t *values, uint32_t count)
{
    match->join->matches += count;
    return or_no_memory(match,
                        reasoner_expand_values(&match->expand, match_value(match, match->known), values, count)) &&
           reasoner_match_rows(match, count);
}

static bool expand_bits(Match *match, const uint64_t *words)
{
    const uint32_t before = match->expand.head->count;
    const bool is_fine =
        or_no_memory(match, reasoner_expand_words(&match->expand, match_value(match, match->known), words));
    match->join->matches += match->expand.head->count - before;
    return is_fine && reasoner_match_rows(match, expand_row_words(&match->expand));
}

bool reasoner_pairs_bucket(Match *match, const Step *step, uint32_t bucket, bool *is_fine)
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

bool reasoner_pairs_run(Match *match, const Step *step)
{
    const uint32_t count = match->run_to - match->run_from;
    if (match->is_run_new) {
        match->is_run_new = false;
        match->is_run_gathered = reasoner_expand_gather(&match->expand, step->relation, match->run_from, match->run_to);
    }
    if (match->is_run_gathered)
        return expand_bits(match, match->expand.words);
    match->join->matches += count;
    return or_no_memory(match, reasoner_expand_rows(&match->expand, match_value(match, match->known), step->relation,
                                                    match->run_from, match->run_to)) &&
           reasoner_match_rows(match, count);
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
    const uint32_t known = is_other ? 0 : match_value(match, match->known), to = step_to(step);
    for (uint32_t row = step_from(step), end; row < to; row = end) {
        const uint64_t before = match->join->matches;
        end = to - row < SOME ? to : row + SOME;
        if (!or_no_memory(match, reasoner_expand_lookups(&match->expand, step->relation, row, end, key,
                                                         is_other ? NULL : &known, &by, &match->join->matches)) ||
            !reasoner_match_rows(match, end - row + match->join->matches - before))
            return false;
    }
    return true;
}

/* ---- Rows in the order of their second values ---------------------------------------------------------------- */

typedef bool (*TakeGroup)(Match *match, uint32_t second, const uint32_t *firsts, uint32_t count);

/* Hands over the rows that the step sees, group by group. */
static bool each_group(Match *match, const Step *step, TakeGroup take)
{
    Transposed rows;
    bool is_fine = or_no_memory(match, reasoner_transpose(step->relation, step_from(step), step_to(step), &rows));
    for (uint32_t second = 0; is_fine && second < rows.bucket_count; second++) {
        const uint32_t start = rows.starts[second], count = rows.starts[second + 1] - start;
        if (count > 0)
            is_fine = take(match, second, rows.entries + start, count);
    }
    reasoner_transpose_free(&rows);
    return is_fine;
}

static bool take_inverse(Match *match, uint32_t second, const uint32_t *firsts, uint32_t count)
{
    match->join->matches += count;
    return or_no_memory(match, reasoner_expand_values(&match->expand, second, firsts, count)) &&
           reasoner_match_rows(match, count);
}

bool reasoner_pairs_inverse(Match *match, const Step *step)
{
    const uint32_t to = step_to(step);
    if (reasoner_transpose_pays(step->relation, step_from(step), to))
        return each_group(match, step, take_inverse);
    for (uint32_t row = step_from(step); row < to; row++) {
        const uint32_t *const pair = relation_row(step->relation, row), first = pair[0];
        if (!take_inverse(match, pair[1], &first, 1))
            return false;
    }
    return true;
}

static bool take_keys(Match *match, uint32_t second, const uint32_t *firsts, uint32_t count)
{
    const Step *const inner = match->innermost;
    const ExpandIndex by = {inner->relation, inner->index, step_from(inner), step_to(inner)};
    const uint64_t before = match->join->matches;
    return or_no_memory(match,
                        reasoner_expand_keys(&match->expand, second, firsts, count, &by, &match->join->matches)) &&
           reasoner_match_rows(match, count + match->join->matches - before);
}

bool reasoner_pairs_scan(Match *match, const Step *step, bool *is_fine)
{
    const uint32_t key = key_of_pairs(match, step);
    if (key == NO_ROW)
        return false;
    const bool takes_second = match->known.is_variable && match->known.index == step->columns[1].term.index;
    if (key == 0 && takes_second && match->expand.column == 1 && !match->expand.is_direct &&
        reasoner_transpose_pays(step->relation, step_from(step), step_to(step)))
        *is_fine = each_group(match, step, take_keys);
    else
        *is_fine = scan_pairs(match, step, key);
    return true;
}
