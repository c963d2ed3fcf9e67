/* Backward join: the head's terms are bound by the fact, then body literals are met one after the other, tests as soon
 * as they can be made, atoms by the fewest facts that fit, with backtracking. An atom may be passed over as missing
 * while the instance may still miss one more; that is how "why not" finds the nearest miss. */
#include "reasoner/search.h"

#include <string.h>

static void step(Search *search);

static bool is_known(const Search *search, Term term)
{
    return reasoner_search_term(search, term) != OPEN_TERM;
}

static bool is_expression_known(const Search *search, const Expression *expression)
{
    if (expression->kind == EXPRESSION_TERM)
        return is_known(search, expression->term);
    for (uint32_t i = 0; i < expression->count; i++)
        if (!is_expression_known(search, expression->arguments[i]))
            return false;
    return true;
}

static bool is_side_known(const Search *search, const Operand *side)
{
    return side->expression ? is_expression_known(search, side->expression) : is_known(search, side->term);
}

static void pattern_of(const Search *search, const Atom *atom, uint32_t *out)
{
    const uint32_t arity = search->facts->program->relations.items[atom->relation].arity;
    for (uint32_t c = 0; c < arity; c++)
        out[c] = reasoner_search_term(search, atom->arguments[c]);
}

static bool stop(Search *search, BaseStatus status)
{
    if (status != BASE_OK && status != BASE_END && search->status == BASE_OK)
        search->status = status;
    return search->status != BASE_OK || search->is_enough || search->rows_left == 0;
}

/* Whether the tuple gives repeated variables of the atom the same value; binds the open ones, marking them in `bound`.
 */
static bool bind(Search *search, const Atom *atom, const uint32_t *tuple, uint32_t arity, bool *bound)
{
    for (uint32_t c = 0; c < arity; c++) {
        const Term term = atom->arguments[c];
        const uint32_t id = reasoner_search_term(search, term);
        bound[c] = id == OPEN_TERM;
        if (id == OPEN_TERM)
            search->binding[term.index] = tuple[c];
        else if (id != tuple[c]) {
            for (uint32_t before = 0; before < c; before++)
                if (bound[before])
                    search->binding[atom->arguments[before].index] = OPEN_TERM;
            return false;
        }
    }
    return true;
}

static void unbind(Search *search, const Atom *atom, uint32_t arity, const bool *bound)
{
    for (uint32_t c = 0; c < arity; c++)
        if (bound[c])
            search->binding[atom->arguments[c].index] = OPEN_TERM;
}

/* ---- Tests --------------------------------------------------------------------------------------------------- */

/* Open variables hold anything, repeated ones the same thing. */
BaseStatus reasoner_search_fits(Search *search, const Atom *atom, uint32_t *tuple, bool *out)
{
    uint32_t pattern[ARITY_LIMIT];
    bool bound[ARITY_LIMIT];
    FactCursor cursor;
    *out = false;
    pattern_of(search, atom, pattern);
    BaseStatus status = reasoner_facts_match(search->facts, atom->relation, pattern, &cursor, search->err);
    while (status == BASE_OK && !*out && (status = reasoner_facts_next(&cursor, search->err)) == BASE_OK) {
        *out = bind(search, atom, cursor.tuple, cursor.arity, bound);
        if (*out)
            unbind(search, atom, cursor.arity, bound);
    }
    if (*out && tuple)
        memcpy(tuple, cursor.tuple, cursor.arity * sizeof *tuple);
    reasoner_facts_end(&cursor);
    return status == BASE_END ? BASE_OK : status;
}

/* A test can be made when what it speaks of is bound; `?v = term` binds ?v. */
static bool is_ready(const Search *search, const Literal *literal)
{
    if (literal->is_comparison) {
        const Comparison *const comparison = &literal->comparison;
        const bool left = is_side_known(search, &comparison->left), right = is_side_known(search, &comparison->right);
        const Operand *const open = left ? &comparison->right : &comparison->left;
        return (left && right) || (comparison->test == EQUAL && (left || right) && !open->expression);
    }
    for (uint32_t t = 0; literal->atom.is_negated && t < literal->atom.count; t++) {
        const Term term = literal->atom.terms[t];
        if (term.is_variable && search->rule->is_safe[term.index] && !is_known(search, term))
            return false;
    }
    return literal->atom.is_negated;
}

/* Goes on with the literal in this state. */
static void settle(Search *search, uint32_t b, bool holds)
{
    if (!holds && search->missing >= search->most_missing)
        return;
    search->missing += !holds;
    search->states[b] = holds ? LITERAL_HOLDS : LITERAL_MISSING;
    search->heights[b] = 0;
    step(search);
    search->states[b] = LITERAL_OPEN;
    search->missing -= !holds;
}

static void make_test(Search *search, uint32_t b)
{
    const Literal *const literal = &search->rule->body[b];
    if (!literal->is_comparison) {
        bool is_found;
        const BaseStatus status = reasoner_search_fits(search, &literal->atom, NULL, &is_found);
        if (!stop(search, status))
            settle(search, b, !is_found);
        return;
    }
    const Comparison *const comparison = &literal->comparison;
    const bool left = is_side_known(search, &comparison->left), right = is_side_known(search, &comparison->right);
    if (left && right) {
        bool holds = false;
        const BaseStatus status =
            reasoner_facts_compare(search->facts, comparison, search->binding, &holds, search->err);
        if (!stop(search, status))
            settle(search, b, holds);
        return;
    }
    const uint32_t open = (left ? comparison->right : comparison->left).term.index;
    uint32_t value;
    const BaseStatus status = reasoner_facts_operand(search->facts, left ? &comparison->left : &comparison->right,
                                                     search->binding, &value, search->err);
    if (stop(search, status))
        return;
    search->binding[open] = value;
    settle(search, b, value != OPEN_TERM);
    search->binding[open] = OPEN_TERM;
}

/* ---- Atoms --------------------------------------------------------------------------------------------------- */

static uint64_t count_facts(Search *search, const Atom *atom)
{
    uint32_t pattern[ARITY_LIMIT];
    uint64_t count = 0;
    pattern_of(search, atom, pattern);
    stop(search, reasoner_facts_count(search->facts, atom->relation, pattern, &count, search->err));
    return count;
}

/* The open atom with the fewest facts, of those the one with the most bound terms; NOWHERE: none is open. */
static uint32_t choose_atom(Search *search)
{
    uint32_t best = NOWHERE, most_bound = 0, open = 0;
    uint64_t least = 0;
    for (uint32_t b = 0; b < search->rule->body_count; b++)
        open += search->states[b] == LITERAL_OPEN && !search->rule->body[b].is_comparison &&
                !search->rule->body[b].atom.is_negated;
    for (uint32_t b = 0; b < search->rule->body_count; b++) {
        const Literal *const literal = &search->rule->body[b];
        if (search->states[b] != LITERAL_OPEN || literal->is_comparison || literal->atom.is_negated)
            continue;
        const uint64_t count = open > 1 ? count_facts(search, &literal->atom) : 0;
        uint32_t bound = 0;
        for (uint32_t t = 0; t < literal->atom.count; t++)
            bound += is_known(search, literal->atom.terms[t]);
        if (best == NOWHERE || count < least || (count == least && bound > most_bound)) {
            best = b;
            least = count;
            most_bound = bound;
        }
    }
    return best;
}

/* Goes on with the atom met by a fact of this height. */
static void meet(Search *search, uint32_t b, uint32_t height)
{
    search->states[b] = LITERAL_HOLDS;
    search->heights[b] = height;
    step(search);
    search->states[b] = LITERAL_OPEN;
}

static void match_atom(Search *search, uint32_t b)
{
    const Atom *const atom = &search->rule->body[b].atom;
    uint32_t pattern[ARITY_LIMIT];
    bool bound[ARITY_LIMIT], is_whole = true;
    uint32_t height;
    FactCursor cursor;
    pattern_of(search, atom, pattern);
    for (uint32_t c = 0; c < search->facts->program->relations.items[atom->relation].arity; c++)
        is_whole = is_whole && pattern[c] != OPEN_TERM;
    if (is_whole) {
        const BaseStatus found = reasoner_facts_height(search->facts, atom->relation, pattern, &height, search->err);
        search->rows_left--;
        if (found != BASE_NOT_FOUND && !stop(search, found) && height <= search->most_height)
            meet(search, b, height);
        return;
    }
    BaseStatus status = reasoner_facts_match(search->facts, atom->relation, pattern, &cursor, search->err);
    while (!stop(search, status) && (status = reasoner_facts_next(&cursor, search->err)) == BASE_OK) {
        search->rows_left--;
        if (!bind(search, atom, cursor.tuple, cursor.arity, bound))
            continue;
        status = reasoner_facts_cursor_height(&cursor, &height, search->err);
        if (!stop(search, status) && height <= search->most_height)
            meet(search, b, height);
        unbind(search, atom, cursor.arity, bound);
    }
    stop(search, status);
    reasoner_facts_end(&cursor);
}

/* Nulls that the heads create stand for one choice of them: all heads hold with the same ones. */
static BaseStatus check_created(Search *search, bool *out)
{
    const Rule *const rule = search->rule;
    BaseStatus status = BASE_OK;
    *out = true;
    for (uint32_t h = 0; rule->has_existential && h < rule->head_count && *out && status == BASE_OK; h++)
        status = reasoner_search_fits(search, &rule->heads[h], NULL, out);
    return status;
}

/* One more literal, or the whole instance. */
static void step(Search *search)
{
    if (stop(search, BASE_OK))
        return;
    for (uint32_t b = 0; b < search->rule->body_count; b++) {
        if (search->states[b] == LITERAL_OPEN && is_ready(search, &search->rule->body[b])) {
            make_test(search, b);
            return;
        }
    }
    const uint32_t b = choose_atom(search);
    if (stop(search, BASE_OK))
        return;
    if (b != NOWHERE) {
        match_atom(search, b);
        if (!stop(search, BASE_OK))
            settle(search, b, false);
        return;
    }
    /* What is open still are tests about variables that only a missing atom would have bound. */
    for (uint32_t open = 0; open < search->rule->body_count; open++) {
        if (search->states[open] == LITERAL_OPEN) {
            search->states[open] = LITERAL_UNTESTED;
            step(search);
            search->states[open] = LITERAL_OPEN;
            return;
        }
    }
    bool are_created;
    const BaseStatus status = search->missing == 0 ? check_created(search, &are_created) : BASE_OK;
    if (!stop(search, status) && (search->missing > 0 || are_created))
        search->is_enough = search->found(search->context, search);
}

BaseStatus reasoner_search(Search *search, uint32_t head, const uint32_t *tuple, BaseArena *arena, BaseError *err)
{
    const Rule *const rule = search->rule;
    const Atom *const atom = &rule->heads[head];
    bool bound[ARITY_LIMIT];
    search->binding = base_arena_alloc(arena, rule->variable_count + 1, sizeof *search->binding);
    search->states = base_arena_alloc(arena, rule->body_count + 1, sizeof *search->states);
    search->heights = base_arena_alloc(arena, rule->body_count + 1, sizeof *search->heights);
    search->missing = 0;
    search->is_enough = false;
    search->status = BASE_OK;
    search->err = err;
    if (!search->binding || !search->states || !search->heights)
        return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
    for (uint32_t v = 0; v < rule->variable_count; v++)
        search->binding[v] = OPEN_TERM;
    const uint32_t arity = search->facts->program->relations.items[atom->relation].arity;
    bool is_fine = bind(search, atom, tuple, arity, bound);
    for (uint32_t c = 0; c < arity && is_fine; c++)
        is_fine = !atom->arguments[c].is_existential || reasoner_facts_is_null(search->facts, tuple[c]);
    if (is_fine)
        step(search);
    return search->status;
}
