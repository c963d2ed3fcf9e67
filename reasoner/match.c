/* A body matched by backtracking over an order made beforehand: tests as soon as they can be made, then the atom with
 * the most columns bound. Slower than join.c, and able to compute: each match is complete before the next begins. */
#include "reasoner/match.h"

#include <string.h>

#define ROWS_PER_CHECK 16384

typedef enum MatchKind { MATCH_SCAN, MATCH_LOOKUP, MATCH_MEMBER, MATCH_ABSENT, MATCH_TEST, MATCH_ASSIGN } MatchKind;

typedef struct MatchStep {
    MatchKind kind;
    const Literal *literal;
    Relation *relation;
    const RelationIndex *index;
    uint32_t from, to;
    bool *is_key;  /* by column: bound before this step */
    uint32_t *key; /* scratch, one value per bound column */
    uint32_t target;
    const Operand *source; /* ASSIGN */
} MatchStep;

typedef struct Planner {
    Match *match;
    BaseArena *arena;
    bool *is_bound, *is_done;
    bool has_failed;
} Planner;

/* ---- Order --------------------------------------------------------------------------------------------------- */

static bool is_known(const Planner *planner, Term term)
{
    return !term.is_variable || planner->is_bound[term.index];
}

static MatchStep *add_step(Planner *planner, MatchKind kind, uint32_t literal)
{
    MatchStep *const step = &planner->match->steps[planner->match->step_count++];
    *step = (MatchStep){.kind = kind, .literal = &planner->match->body[literal]};
    planner->is_done[literal] = true;
    return step;
}

static void set_columns(Planner *planner, MatchStep *step)
{
    const Atom *const atom = &step->literal->atom;
    uint64_t columns = 0;
    uint32_t bound = 0;
    step->relation = &planner->match->relations[atom->relation];
    const uint32_t arity = step->relation->arity;
    step->is_key = base_arena_alloc(planner->arena, arity, sizeof *step->is_key);
    step->key = base_arena_alloc(planner->arena, arity, sizeof *step->key);
    planner->has_failed |= !step->is_key || !step->key;
    for (uint32_t c = 0; c < arity && !planner->has_failed; c++) {
        step->is_key[c] = is_known(planner, atom->arguments[c]);
        bound += step->is_key[c];
        columns |= step->is_key[c] ? (uint64_t)1 << c : 0;
    }
    if (planner->has_failed || step->from > 0) /* new rows are scanned: an index has them somewhere among the old */
        return;
    if (bound == arity) {
        step->kind = step->kind == MATCH_ABSENT ? MATCH_ABSENT : MATCH_MEMBER;
        planner->has_failed |= !reasoner_relation_cover(step->relation, false);
    } else if (bound > 0) {
        step->kind = step->kind == MATCH_ABSENT ? MATCH_ABSENT : MATCH_LOOKUP;
        step->index = reasoner_relation_index(step->relation, columns, true);
        planner->has_failed |= !step->index;
    }
}

static void add_atom(Planner *planner, uint32_t literal)
{
    MatchStep *const step = add_step(planner, MATCH_SCAN, literal);
    step->from = literal == planner->match->first ? planner->match->first_from : 0;
    set_columns(planner, step);
    step->to = step->relation->count;
    for (uint32_t c = 0; !planner->has_failed && c < step->relation->arity; c++)
        if (step->literal->atom.arguments[c].is_variable)
            planner->is_bound[step->literal->atom.arguments[c].index] = true;
}

static bool add_comparison(Planner *planner, uint32_t literal)
{
    const Comparison *const comparison = &planner->match->body[literal].comparison;
    const bool left = reasoner_is_bound(&comparison->left, planner->is_bound),
               right = reasoner_is_bound(&comparison->right, planner->is_bound);
    if (left && right) {
        add_step(planner, MATCH_TEST, literal);
        return true;
    }
    const Operand *const open = left ? &comparison->right : &comparison->left;
    if (comparison->test != EQUAL || (!left && !right) || open->expression)
        return false;
    MatchStep *const step = add_step(planner, MATCH_ASSIGN, literal);
    step->target = open->term.index;
    step->source = left ? &comparison->left : &comparison->right;
    planner->is_bound[step->target] = true;
    return true;
}

/* Variables that only the negated atom has stay open. */
static bool add_absent(Planner *planner, uint32_t literal)
{
    const Atom *const atom = &planner->match->body[literal].atom;
    const bool *const is_safe = planner->match->is_safe;
    for (uint32_t t = 0; t < atom->count; t++)
        if (!is_known(planner, atom->terms[t]) && (!is_safe || is_safe[atom->terms[t].index]))
            return false;
    set_columns(planner, add_step(planner, MATCH_ABSENT, literal));
    return true;
}

static void add_ready(Planner *planner)
{
    for (bool is_changed = true; is_changed && !planner->has_failed;) {
        is_changed = false;
        for (uint32_t b = 0; b < planner->match->body_count && !planner->has_failed; b++) {
            const Literal *const literal = &planner->match->body[b];
            if (planner->is_done[b])
                continue;
            if (literal->is_comparison)
                is_changed |= add_comparison(planner, b);
            else if (literal->atom.is_negated)
                is_changed |= add_absent(planner, b);
        }
    }
}

/* The atom with the largest share of its columns bound, of those the one with the fewest rows. */
static uint32_t choose(const Planner *planner)
{
    uint32_t best = NOWHERE, best_open = 0, best_rows = 0;
    for (uint32_t b = 0; b < planner->match->body_count; b++) {
        const Literal *const literal = &planner->match->body[b];
        if (planner->is_done[b] || literal->is_comparison || literal->atom.is_negated)
            continue;
        const uint32_t arity = planner->match->relations[literal->atom.relation].arity;
        uint32_t open = 0;
        for (uint32_t c = 0; c < arity; c++)
            open += !is_known(planner, literal->atom.arguments[c]);
        const bool is_cross = open == arity; /* nothing bound: late */
        const uint32_t cost = open + (is_cross ? ARITY_LIMIT : 0),
                       rows = planner->match->relations[literal->atom.relation].count;
        if (best == NOWHERE || cost < best_open || (cost == best_open && rows < best_rows)) {
            best = b;
            best_open = cost;
            best_rows = rows;
        }
    }
    return best;
}

bool reasoner_match_plan(Match *match, BaseArena *arena)
{
    Planner planner = {.match = match, .arena = arena};
    match->step_count = 0;
    match->next_check = ROWS_PER_CHECK;
    match->steps = base_arena_alloc(arena, match->body_count + 1, sizeof *match->steps);
    planner.is_bound = base_arena_alloc(arena, match->variable_count + 1, sizeof(bool));
    planner.is_done = base_arena_alloc(arena, match->body_count + 1, sizeof(bool));
    if (!match->steps || !planner.is_bound || !planner.is_done)
        return false;
    if (match->given && match->variable_count > 0)
        memcpy(planner.is_bound, match->given, match->variable_count * sizeof(bool));
    add_ready(&planner);
    for (uint32_t next = match->first != NOWHERE ? match->first : choose(&planner);
         next != NOWHERE && !planner.has_failed; next = choose(&planner)) {
        add_atom(&planner, next);
        add_ready(&planner);
    }
    return !planner.has_failed;
}

/* ---- Matching ------------------------------------------------------------------------------------------------ */

static bool match_from(Match *match, uint32_t depth);

static uint32_t value_of(const Match *match, Term term)
{
    return term.is_variable ? match->binding[term.index] : term.index;
}

/* The row's values into the binding; false: it repeats a variable with another value, or the key differs. */
static bool take_row(Match *match, const MatchStep *step, const uint32_t *row)
{
    const Term *const arguments = step->literal->atom.arguments;
    for (uint32_t c = 0; c < step->relation->arity; c++)
        if (!step->is_key[c])
            match->binding[arguments[c].index] = row[c];
    for (uint32_t c = 0; c < step->relation->arity; c++)
        if (value_of(match, arguments[c]) != row[c])
            return false;
    return true;
}

static bool goes_on(Match *match)
{
    if (++match->rows < match->next_check)
        return true;
    match->next_check = match->rows + ROWS_PER_CHECK;
    return !match->is_stopped || !match->is_stopped(match->context);
}

static void fill_key(const Match *match, const MatchStep *step)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < step->relation->arity; c++)
        if (step->is_key[c])
            step->key[count++] = value_of(match, step->literal->atom.arguments[c]);
}

static bool scan(Match *match, const MatchStep *step, uint32_t depth)
{
    for (uint32_t row = step->from; row < step->to; row++)
        if (!goes_on(match) ||
            (take_row(match, step, relation_row(step->relation, row)) && !match_from(match, depth + 1)))
            return false;
    return true;
}

static bool look_up(Match *match, const MatchStep *step, uint32_t depth)
{
    fill_key(match, step);
    IndexCursor cursor = reasoner_index_find(step->relation, step->index, step->key);
    for (uint32_t row = reasoner_index_next(&cursor); row != NO_ROW; row = reasoner_index_next(&cursor)) {
        if (!goes_on(match))
            return false;
        if (take_row(match, step, relation_row(step->relation, row)) && !match_from(match, depth + 1))
            return false;
    }
    return true;
}

static bool is_member(Match *match, const MatchStep *step)
{
    fill_key(match, step);
    match->rows++;
    return reasoner_relation_has(step->relation, step->key, false);
}

/* Open columns hold anything, but a repeated variable the same thing. */
static bool fits(const MatchStep *step, const uint32_t *row)
{
    const Term *const arguments = step->literal->atom.arguments;
    for (uint32_t c = 0; c < step->relation->arity; c++) {
        for (uint32_t before = 0; !step->is_key[c] && before < c; before++)
            if (arguments[before].is_variable && arguments[before].index == arguments[c].index && row[before] != row[c])
                return false;
    }
    return true;
}

static bool is_absent(Match *match, const MatchStep *step)
{
    fill_key(match, step);
    match->rows++;
    if (step->index) {
        IndexCursor cursor = reasoner_index_find(step->relation, step->index, step->key);
        for (uint32_t row = reasoner_index_next(&cursor); row != NO_ROW; row = reasoner_index_next(&cursor))
            if (fits(step, relation_row(step->relation, row)))
                return false;
        return true;
    }
    bool is_whole = true;
    for (uint32_t c = 0; c < step->relation->arity; c++)
        is_whole = is_whole && step->is_key[c];
    if (is_whole)
        return !reasoner_relation_has(step->relation, step->key, false);
    for (uint32_t row = 0; row < step->relation->count; row++)
        if (fits(step, relation_row(step->relation, row)))
            return false;
    return true;
}

/* false: stop. */
static bool match_from(Match *match, uint32_t depth)
{
    if (depth == match->step_count)
        return match->take(match->context);
    const MatchStep *const step = &match->steps[depth];
    switch (step->kind) {
    case MATCH_SCAN:
        return scan(match, step, depth);
    case MATCH_LOOKUP:
        return look_up(match, step, depth);
    case MATCH_MEMBER:
        return !is_member(match, step) || match_from(match, depth + 1);
    case MATCH_ABSENT:
        return !is_absent(match, step) || match_from(match, depth + 1);
    case MATCH_TEST:
        return !reasoner_compare(&step->literal->comparison, match->binding, match->values) ||
               match_from(match, depth + 1);
    case MATCH_ASSIGN:
        return !reasoner_operand(step->source, match->binding, match->values, &match->binding[step->target]) ||
               match_from(match, depth + 1);
    }
    return true;
}

void reasoner_match_run(Match *match)
{
    match_from(match, 0);
}
