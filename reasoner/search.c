/* Backward join: the head's terms are bound by the fact, then body literals are met one after the other, tests as soon
 * as they can be made, atoms by the fewest facts that fit, with backtracking. An atom may be passed over as missing
 * while the instance may still miss one more; that is how "why not" finds the nearest miss. */
#include "reasoner/search.h"

#include <string.h>

#define PROBE 64 /* facts counted at most to compare atoms */

static void step(Search *search);

KgId reasoner_search_id(const Search *search, Term term)
{
    return term.is_variable ? search->binding[term.index] : search->facts->constants[term.index];
}

static bool is_known(const Search *search, Term term)
{
    return reasoner_search_id(search, term) != KG_ANY;
}

static void pattern_of(const Search *search, const Atom *atom, KgId *out)
{
    const uint32_t arity = search->facts->program->relations.items[atom->relation].arity;
    for (uint32_t c = 0; c < arity; c++)
        out[c] = reasoner_search_id(search, atom->arguments[c]);
}

static bool stop(Search *search, BaseStatus status)
{
    if (status != BASE_OK && status != BASE_END && search->status == BASE_OK)
        search->status = status;
    return search->status != BASE_OK || search->is_enough || search->rows_left == 0;
}

/* Whether the tuple gives repeated variables of the atom the same value; binds the open ones, marking them in `bound`.
 */
static bool bind(Search *search, const Atom *atom, const KgId *tuple, uint32_t arity, bool *bound)
{
    for (uint32_t c = 0; c < arity; c++) {
        const Term term = atom->arguments[c];
        const KgId id = reasoner_search_id(search, term);
        bound[c] = id == KG_ANY;
        if (id == KG_ANY)
            search->binding[term.index] = tuple[c];
        else if (id != tuple[c]) {
            for (uint32_t before = 0; before < c; before++)
                if (bound[before])
                    search->binding[atom->arguments[before].index] = KG_ANY;
            return false;
        }
    }
    return true;
}

static void unbind(Search *search, const Atom *atom, uint32_t arity, const bool *bound)
{
    for (uint32_t c = 0; c < arity; c++)
        if (bound[c])
            search->binding[atom->arguments[c].index] = KG_ANY;
}

/* ---- Tests --------------------------------------------------------------------------------------------------- */

static bool compare(Search *search, const Comparison *comparison)
{
    const KgId left = reasoner_search_id(search, comparison->left.term),
               right = reasoner_search_id(search, comparison->right.term);
    if (comparison->test == EQUAL || comparison->test == NOT_EQUAL)
        return (left == right) == (comparison->test == EQUAL);
    KgTerm terms[2];
    BaseArena texts = {0};
    BaseStatus status = reasoner_facts_term(search->facts, left, &texts, &terms[0], search->err);
    const Number a = status == BASE_OK ? reasoner_number(&terms[0]) : (Number){0};
    if (status == BASE_OK)
        status = reasoner_facts_term(search->facts, right, &texts, &terms[1], search->err);
    const Number b = status == BASE_OK ? reasoner_number(&terms[1]) : (Number){0};
    base_arena_free(&texts); /* a Number is a value of its own */
    if (stop(search, status) || a.kind == NUMBER_NONE || b.kind == NUMBER_NONE)
        return false;
    const int order = reasoner_compare_numbers(a, b);
    return comparison->test == LESS         ? order < 0
           : comparison->test == LESS_EQUAL ? order <= 0
           : comparison->test == GREATER    ? order > 0
                                            : order >= 0;
}

/* Whether nothing fits the negated atom; its variables that are open hold anything, repeated ones the same. */
static bool is_absent(Search *search, const Atom *atom)
{
    KgId pattern[ARITY_LIMIT];
    bool bound[ARITY_LIMIT];
    FactCursor cursor;
    pattern_of(search, atom, pattern);
    BaseStatus status = reasoner_facts_match(search->facts, atom->relation, pattern, &cursor, search->err);
    bool is_found = false;
    while (status == BASE_OK && !is_found && (status = reasoner_facts_next(&cursor, search->err)) == BASE_OK) {
        is_found = bind(search, atom, cursor.tuple, cursor.arity, bound);
        if (is_found)
            unbind(search, atom, cursor.arity, bound);
    }
    reasoner_facts_end(&cursor);
    return !stop(search, status) && !is_found;
}

/* A test can be made when what it speaks of is bound; `?v = term` binds ?v. */
static bool is_ready(const Search *search, const Literal *literal)
{
    if (literal->is_comparison) {
        const bool left = is_known(search, literal->comparison.left.term),
                   right = is_known(search, literal->comparison.right.term);
        return literal->comparison.test == EQUAL ? left || right : left && right;
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
        const bool holds = is_absent(search, &literal->atom);
        if (!stop(search, BASE_OK))
            settle(search, b, holds);
        return;
    }
    const Comparison *const comparison = &literal->comparison;
    const bool left = is_known(search, comparison->left.term), right = is_known(search, comparison->right.term);
    if (left && right) {
        const bool holds = compare(search, comparison);
        if (!stop(search, BASE_OK))
            settle(search, b, holds);
        return;
    }
    const Term open = left ? comparison->right.term : comparison->left.term;
    search->binding[open.index] = reasoner_search_id(search, left ? comparison->left.term : comparison->right.term);
    settle(search, b, true);
    search->binding[open.index] = KG_ANY;
}

/* ---- Atoms --------------------------------------------------------------------------------------------------- */

/* How many facts fit the atom, up to PROBE. */
static uint32_t probe(Search *search, const Atom *atom)
{
    KgId pattern[ARITY_LIMIT];
    FactCursor cursor;
    uint32_t count = 0;
    pattern_of(search, atom, pattern);
    BaseStatus status = reasoner_facts_match(search->facts, atom->relation, pattern, &cursor, search->err);
    while (count < PROBE && status == BASE_OK && (status = reasoner_facts_next(&cursor, search->err)) == BASE_OK)
        count++;
    reasoner_facts_end(&cursor);
    stop(search, status);
    return count;
}

/* The open atom with the fewest facts, of those the one with the most bound terms; NOWHERE: none is open. */
static uint32_t choose_atom(Search *search)
{
    uint32_t best = NOWHERE, least = 0, most_bound = 0, open = 0;
    for (uint32_t b = 0; b < search->rule->body_count; b++)
        open += search->states[b] == LITERAL_OPEN && !search->rule->body[b].is_comparison &&
                !search->rule->body[b].atom.is_negated;
    for (uint32_t b = 0; b < search->rule->body_count; b++) {
        const Literal *const literal = &search->rule->body[b];
        if (search->states[b] != LITERAL_OPEN || literal->is_comparison || literal->atom.is_negated)
            continue;
        const uint32_t count = open > 1 ? probe(search, &literal->atom) : 0;
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

static void match_atom(Search *search, uint32_t b)
{
    const Atom *const atom = &search->rule->body[b].atom;
    KgId pattern[ARITY_LIMIT];
    bool bound[ARITY_LIMIT];
    FactCursor cursor;
    pattern_of(search, atom, pattern);
    BaseStatus status = reasoner_facts_match(search->facts, atom->relation, pattern, &cursor, search->err);
    while (!stop(search, status) && (status = reasoner_facts_next(&cursor, search->err)) == BASE_OK) {
        search->rows_left--;
        if (cursor.height > search->most_height || !bind(search, atom, cursor.tuple, cursor.arity, bound))
            continue;
        search->states[b] = LITERAL_HOLDS;
        search->heights[b] = cursor.height;
        step(search);
        search->states[b] = LITERAL_OPEN;
        unbind(search, atom, cursor.arity, bound);
    }
    stop(search, status);
    reasoner_facts_end(&cursor);
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
            settle(search, open, false);
            return;
        }
    }
    search->is_enough = search->found(search->context, search);
}

BaseStatus reasoner_search(Search *search, uint32_t head, const KgId *tuple, BaseArena *arena, BaseError *err)
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
    if (bind(search, atom, tuple, search->facts->program->relations.items[atom->relation].arity, bound))
        step(search);
    return search->status;
}
