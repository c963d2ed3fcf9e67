/* Forward chaining to a fixpoint, stratum by stratum, in rounds that are heights: round h finds exactly the facts whose
 * lowest proof has height h. It uses rule instances with at least one premise of height h-1 and none higher, so no
 * instance is looked at twice (semi-naive: Abiteboul, Hull, Vianu, "Foundations of Databases", ch. 13) and the first
 * time a fact is found is its lowest. Facts of lower strata come in at their own heights too; rounds go on until the
 * highest of them is passed. */
#include "reasoner/evaluate.h"

#include "reasoner/plan.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_PER_CHECK 65536 /* between two looks at the job */

/* What a round may see of a relation: all of its rows below the round's height, those just below, and the others. */
typedef struct Visible {
    Span all, delta, old;
} Visible;

typedef struct Round {
    Evaluation *evaluation;
    uint32_t stratum, height;
    Visible *visible; /* by relation */
    uint64_t found;
    uint64_t rows_to_check;
    BaseArena scratch; /* one rule's plan; rewound after it */
    char stage[80];
    BaseError *err;
} Round;

/* One rule body being matched. */
typedef struct Match {
    Round *round;
    const Rule *rule;
    uint32_t rule_index;
    Plan plan;
    uint32_t *binding; /* by variable */
    uint32_t *tuple;   /* for heads */
    uint64_t matches, rows, facts;
    BaseStatus status;
} Match;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to derive more facts");
}

/* ---- Matching a body ----------------------------------------------------------------------------------------- */

static bool match_from(Match *match, uint32_t depth);

static uint32_t value_of(const Match *match, Term term)
{
    return term.is_variable ? match->binding[term.index] : term.index;
}

static bool emit(Match *match)
{
    const Round *const round = match->round;
    const ReasonerProgram *const program = round->evaluation->program;
    match->matches++;
    for (uint32_t h = 0; h < match->rule->head_count; h++) {
        const Atom *const head = &match->rule->heads[h];
        if (program->predicates.items[head->meant].stratum != round->stratum)
            continue;
        Relation *const relation = &round->evaluation->relations[head->relation];
        for (uint32_t c = 0; c < relation->arity; c++)
            match->tuple[c] = value_of(match, head->arguments[c]);
        bool is_new;
        if (!reasoner_relation_add(relation, match->tuple, round->height, match->rule_index, &is_new)) {
            match->status = no_memory(round->err);
            return false;
        }
        match->facts += is_new;
    }
    return true;
}

static bool compare(const Match *match, const Step *step)
{
    const uint32_t left = value_of(match, step->left), right = value_of(match, step->right);
    if (step->test == EQUAL || step->test == NOT_EQUAL)
        return (left == right) == (step->test == EQUAL);
    const Number *const numbers = match->round->evaluation->numbers;
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

static bool is_cancelled(Match *match)
{
    Round *const round = match->round;
    Evaluation *const evaluation = round->evaluation;
    if (++match->rows % ROWS_PER_CHECK != 0)
        return false;
    base_job_step(evaluation->job, round->stage, "facts", evaluation->derived + round->found + match->facts, 0, NULL);
    if (!base_job_cancelled(evaluation->job))
        return false;
    match->status = base_fail(round->err, BASE_CANCELLED, "reasoning was cancelled");
    return true;
}

static bool scan(Match *match, const Step *step, uint32_t depth)
{
    for (int range = 0; range < 2; range++) {
        for (uint32_t row = step->span.from[range]; row < step->span.to[range]; row++) {
            if (is_cancelled(match))
                return false;
            if (take_row(match, step, row) && !match_from(match, depth + 1))
                return false;
        }
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

static bool lookup(Match *match, const Step *step, uint32_t depth)
{
    fill_key(match, step);
    /* Chains run from new to old: below the span's first row nothing more is wanted. */
    const uint32_t least = step->span.from[0] < step->span.to[0] ? step->span.from[0] : step->span.from[1];
    for (uint32_t row = reasoner_relation_first(step->relation, step->index, step->key); row != NO_ROW && row >= least;
         row = step->index->older[row]) {
        if (is_cancelled(match))
            return false;
        if (span_has(&step->span, row) && take_row(match, step, row) && !match_from(match, depth + 1))
            return false;
    }
    return true;
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

static bool is_absent(Match *match, const Step *step)
{
    fill_key(match, step);
    match->rows++;
    if (step->index) {
        uint32_t row = reasoner_relation_first(step->relation, step->index, step->key);
        while (row != NO_ROW && !fits_pattern(step, row))
            row = step->index->older[row];
        return row == NO_ROW;
    }
    if (step->key_columns != 0)
        return reasoner_relation_find(step->relation, step->key) == NO_ROW;
    for (uint32_t row = 0; row < step->span.to[0]; row++)
        if (fits_pattern(step, row))
            return false;
    return true;
}

/* false: stop; match->status says whether that is a failure. */
static bool match_from(Match *match, uint32_t depth)
{
    if (depth == match->plan.step_count)
        return emit(match);
    const Step *const step = &match->plan.steps[depth];
    uint32_t row;
    switch (step->kind) {
    case STEP_SCAN:
        return scan(match, step, depth);
    case STEP_LOOKUP:
        return lookup(match, step, depth);
    case STEP_MEMBER:
        fill_key(match, step);
        row = reasoner_relation_find(step->relation, step->key);
        match->rows++;
        return row == NO_ROW || !span_has(&step->span, row) || match_from(match, depth + 1);
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

/* ---- Rules of a round ---------------------------------------------------------------------------------------- */

static bool is_positive(const Literal *literal)
{
    return !literal->is_comparison && !literal->atom.is_negated;
}

static BaseStatus run_match(Round *round, uint32_t rule_index, const Span *spans)
{
    const Rule *const rule = &round->evaluation->program->rules.items[rule_index];
    Match match = {.round = round, .rule = rule, .rule_index = rule_index};
    match.binding = base_arena_alloc(&round->scratch, rule->variable_count + 1, sizeof *match.binding);
    match.tuple = base_arena_alloc(&round->scratch, ARITY_LIMIT, sizeof *match.tuple);
    if (!match.binding || !match.tuple ||
        !reasoner_plan(rule, round->evaluation->relations, spans, &round->scratch, &match.plan))
        return no_memory(round->err);
    match_from(&match, 0);
    RuleFigures *const figures = &round->evaluation->rules[rule_index];
    figures->matches += match.matches;
    figures->rows += match.rows;
    figures->facts += match.facts;
    round->found += match.facts;
    return match.status;
}

/* The span of body literal b when literal `delta` must be of the height just below: those before it are lower still, so
 * that an instance is found for its first such premise only. */
static Span span_of(const Round *round, const Rule *rule, uint32_t b, uint32_t delta)
{
    const Visible *const visible = &round->visible[rule->body[b].atom.relation];
    return b < delta ? visible->old : b == delta ? visible->delta : visible->all;
}

static BaseStatus run_rule(Round *round, uint32_t rule_index)
{
    const Rule *const rule = &round->evaluation->program->rules.items[rule_index];
    if (rule->body_count == 0) /* a fact: height 1 */
        return round->height == 1 ? run_match(round, rule_index, NULL) : BASE_OK;
    BaseStatus status = BASE_OK;
    for (uint32_t delta = 0; delta < rule->body_count && status == BASE_OK; delta++) {
        if (!is_positive(&rule->body[delta]))
            continue;
        const BaseArenaMark start = base_arena_mark(&round->scratch);
        Span *const spans = base_arena_alloc(&round->scratch, rule->body_count, sizeof *spans);
        bool is_empty = false;
        for (uint32_t b = 0; spans && b < rule->body_count; b++) {
            if (!is_positive(&rule->body[b]))
                continue;
            spans[b] = span_of(round, rule, b, delta);
            is_empty |= span_rows(&spans[b]) == 0;
        }
        if (!spans)
            status = no_memory(round->err);
        else if (!is_empty)
            status = run_match(round, rule_index, spans);
        base_arena_rewind(&round->scratch, start);
    }
    return status;
}

static bool is_in_stratum(const Round *round, const Rule *rule)
{
    for (uint32_t h = 0; h < rule->head_count; h++)
        if (round->evaluation->program->predicates.items[rule->heads[h].meant].stratum == round->stratum)
            return true;
    return false;
}

static void set_visible(Round *round)
{
    const uint32_t height = round->height;
    for (size_t r = 0; r < round->evaluation->program->relations.count; r++) {
        const Relation *const relation = &round->evaluation->relations[r];
        const uint32_t settled = relation->settled, count = relation->count;
        const uint32_t low = reasoner_relation_height_start(relation, 0, settled, height - 1);
        const uint32_t high = reasoner_relation_height_start(relation, low, settled, height);
        const uint32_t fresh = reasoner_relation_height_start(relation, settled, count, height - 1);
        round->visible[r] = (Visible){.all = {{0, settled}, {high, count}},
                                      .delta = {{low, fresh}, {high, count}},
                                      .old = {{0, settled}, {low, fresh}}};
    }
}

static BaseStatus run_round(Round *round)
{
    Evaluation *const evaluation = round->evaluation;
    const ReasonerProgram *const program = evaluation->program;
    BaseStatus status = BASE_OK;
    set_visible(round);
    round->found = 0;
    for (uint32_t r = 0; r < program->rules.count && status == BASE_OK; r++) {
        const Rule *const rule = &program->rules.items[r];
        if (!is_in_stratum(round, rule))
            continue;
        snprintf(round->stage, sizeof round->stage, "round %u: %.50s", round->height,
                 program->predicates.items[rule->heads[0].meant].name);
        if (base_job_cancelled(evaluation->job)) {
            status = base_fail(round->err, BASE_CANCELLED, "reasoning was cancelled");
            break;
        }
        base_job_step(evaluation->job, round->stage, "facts", evaluation->derived + round->found, 0, NULL);
        const double began = base_wall_seconds();
        const BaseArenaMark start = base_arena_mark(&round->scratch);
        status = run_rule(round, r);
        base_arena_rewind(&round->scratch, start);
        evaluation->rules[r].seconds += base_wall_seconds() - began;
    }
    evaluation->derived += round->found;
    evaluation->rounds += round->found > 0;
    if (round->found > 0 && round->height > evaluation->highest)
        evaluation->highest = round->height;
    return status;
}

/* The greatest height among what the stratum's bodies look at. */
static uint32_t highest_premise(const Round *round)
{
    const ReasonerProgram *const program = round->evaluation->program;
    uint32_t highest = 0;
    for (size_t r = 0; r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        for (uint32_t b = 0; b < rule->body_count && is_in_stratum(round, rule); b++) {
            if (!is_positive(&rule->body[b]))
                continue;
            const Relation *const relation = &round->evaluation->relations[rule->body[b].atom.relation];
            const uint32_t last = relation->settled ? relation->heights[relation->settled - 1] : 0;
            highest = last > highest ? last : highest;
        }
    }
    return highest;
}

static bool has_rules(const Round *round)
{
    const ReasonerProgram *const program = round->evaluation->program;
    for (size_t r = 0; r < program->rules.count; r++)
        if (is_in_stratum(round, &program->rules.items[r]))
            return true;
    return false;
}

static BaseStatus run_stratum(Round *round)
{
    if (!has_rules(round))
        return BASE_OK;
    round->evaluation->strata++;
    BaseStatus status = BASE_OK;
    uint32_t last = highest_premise(round);
    for (round->height = 1; status == BASE_OK && round->height - 1 <= last; round->height++) {
        status = run_round(round);
        if (round->found > 0 && round->height > last)
            last = round->height;
    }
    for (size_t r = 0; r < round->evaluation->program->relations.count && status == BASE_OK; r++)
        if (!reasoner_relation_settle(&round->evaluation->relations[r]))
            status = no_memory(round->err);
    return status;
}

BaseStatus reasoner_evaluate(Evaluation *evaluation, BaseError *err)
{
    const ReasonerProgram *const program = evaluation->program;
    Round round = {.evaluation = evaluation, .err = err};
    round.visible = calloc(program->relations.count + 1, sizeof *round.visible);
    BaseStatus status = round.visible ? BASE_OK : no_memory(err);
    for (size_t r = 0; r < program->relations.count && status == BASE_OK; r++)
        if (!reasoner_relation_settle(&evaluation->relations[r]))
            status = no_memory(err);
    for (round.stratum = 0; round.stratum < program->stratum_count && status == BASE_OK; round.stratum++)
        status = run_stratum(&round);
    free(round.visible);
    base_arena_free(&round.scratch);
    return status;
}
