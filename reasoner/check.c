/* Safety of one rule: whatever its head, comparisons and negated atoms speak of must be bound by a positive atom,
 * directly or through `?v = term`, so that every match is finite and found by joins alone. */
#include "reasoner/functions.h"
#include "reasoner/hints.h"

#include <stdlib.h>
#include <string.h>

typedef struct Check {
    const ReasonerProgram *program;
    const Rule *rule;
    Faults *faults;
    bool *is_safe;        /* by variable; the rule's own */
    const Atom **negated; /* by variable: the negated atom that alone binds it */
    bool *is_told;        /* by variable: it is unsafe */
} Check;

static void bind_atoms(const Check *check)
{
    for (uint32_t i = 0; i < check->rule->body_count; i++) {
        const Literal *const literal = &check->rule->body[i];
        if (literal->is_comparison || literal->atom.is_negated || reasoner_is_external(check->program, literal))
            continue;
        for (uint32_t t = 0; t < literal->atom.count; t++)
            if (literal->atom.terms[t].is_variable)
                check->is_safe[literal->atom.terms[t].index] = true;
    }
}

static bool is_bound(const Check *check, Term term)
{
    return !term.is_variable || check->is_safe[term.index];
}

/* An external atom binds what it gives once its inputs are bound. */
static bool bind_external(const Check *check, const Atom *atom)
{
    const uint64_t inputs = check->program->predicates.items[atom->predicate].external->inputs;
    bool is_changed = false;
    for (uint32_t t = 0; t < atom->count; t++)
        if ((inputs >> t & 1) && !is_bound(check, atom->terms[t]))
            return false;
    for (uint32_t t = 0; t < atom->count && !atom->is_negated; t++) {
        is_changed |= !is_bound(check, atom->terms[t]);
        if (atom->terms[t].is_variable)
            check->is_safe[atom->terms[t].index] = true;
    }
    return is_changed;
}

/* `?v = e` binds ?v once all of e is bound, in any order. */
static void bind_equalities(const Check *check)
{
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (uint32_t i = 0; i < check->rule->body_count; i++) {
            const Literal *const literal = &check->rule->body[i];
            if (reasoner_is_external(check->program, literal))
                is_changed |= bind_external(check, &literal->atom);
            if (!literal->is_comparison || literal->comparison.test != EQUAL)
                continue;
            const Operand *const left = &literal->comparison.left, *const right = &literal->comparison.right;
            const bool is_left = reasoner_is_bound(left, check->is_safe);
            const Operand *const open = is_left ? right : left;
            if (is_left == reasoner_is_bound(right, check->is_safe) || open->expression)
                continue;
            check->is_safe[open->term.index] = true;
            is_changed = true;
        }
    }
}

static const char *near_variable(const Check *check, const char *name, char hint[HINT_BYTES])
{
    const char **const known = calloc(check->rule->variable_count + 1, sizeof *known);
    size_t count = 0;
    for (uint32_t v = 0; known && v < check->rule->variable_count; v++)
        if (check->is_safe[v] && strcmp(check->rule->variables[v], "_") != 0)
            known[count++] = check->rule->variables[v];
    const char *const near = reasoner_near_hint(name, known, count, "a positive atom of the body must bind it", hint);
    free(known);
    return near;
}

/* Each variable once. */
static void unsafe(const Check *check, Term term, const char *code, const char *where)
{
    const char *const name = check->rule->variables[term.index];
    char hint[HINT_BYTES], of[128] = "";
    if (check->is_told[term.index])
        return;
    check->is_told[term.index] = true;
    if (strncmp(check->rule->name, "rule at ", 8) != 0)
        snprintf(of, sizeof of, " of rule \"%.100s\"", check->rule->name);
    reasoner_fault(check->faults, term.place, near_variable(check, name, hint), "[%s] variable %s is %s of the body%s",
                   code, name, where, of);
}

/* What is created is looked up by its frontier, an index by columns. */
static void check_frontier(const Check *check)
{
    const Rule *const rule = check->rule;
    uint32_t count = 0;
    for (uint32_t v = 0; v < rule->variable_count && rule->has_existential; v++) {
        bool is_used = false;
        for (uint32_t h = 0; h < rule->head_count; h++)
            for (uint32_t t = 0; t < rule->heads[h].count; t++)
                is_used |= rule->heads[h].terms[t].is_variable && !rule->heads[h].terms[t].is_existential &&
                           rule->heads[h].terms[t].index == v;
        count += is_used;
    }
    if (count > ARITY_LIMIT)
        reasoner_fault(check->faults, rule->place, "derive a fact with an existential variable first, then the others",
                       "the heads of a rule with existential variables have %u other variables; %d are the most", count,
                       ARITY_LIMIT);
}

static void check_heads(const Check *check)
{
    const Rule *const rule = check->rule;
    for (uint32_t h = 0; h < rule->head_count; h++) {
        const Aggregate *const aggregate = rule->heads[h].aggregate;
        for (uint32_t t = 0; !rule->heads[h].is_violation && t < rule->heads[h].count; t++) {
            const Term term = rule->heads[h].terms[t];
            const bool is_folded = aggregate && aggregate->column == t;
            /* What is computed for the head was told of where it is computed. */
            if (is_bound(check, term) || is_folded || term.is_existential || *rule->variables[term.index] == '_')
                continue;
            unsafe(check, term, "202", "in the head but in no positive atom");
        }
        if (!aggregate)
            continue;
        if (!is_bound(check, aggregate->input) && *rule->variables[aggregate->input.index] != '_')
            unsafe(check, aggregate->input, "202", "aggregated but in no positive atom");
        for (uint32_t d = 0; d < aggregate->distinct_count; d++)
            if (!is_bound(check, aggregate->distinct[d]))
                unsafe(check, aggregate->distinct[d], "202", "aggregated but in no positive atom");
        for (uint32_t g = 0; aggregate->around && g < aggregate->group_count; g++)
            if (!is_bound(check, aggregate->groups[g]) && *rule->variables[aggregate->groups[g].index] != '_')
                unsafe(check, aggregate->groups[g], "202", "in the head but in no positive atom");
    }
}

static void check_expression(const Check *check, const Expression *expression, bool is_of_head)
{
    if (expression->kind == EXPRESSION_TERM && !is_bound(check, expression->term))
        unsafe(check, expression->term, is_of_head ? "202" : "204",
               is_of_head ? "in the head but in no positive atom" : "computed with but in no positive atom");
    for (uint32_t i = 0; i < expression->count; i++)
        check_expression(check, expression->arguments[i], is_of_head);
}

static void check_operand(const Check *check, const Comparison *comparison, const Operand *operand)
{
    if (operand->expression)
        check_expression(check, operand->expression, comparison->is_of_head);
    else if (!is_bound(check, operand->term) && *check->rule->variables[operand->term.index] != '_')
        unsafe(check, operand->term, "204", "compared but in no positive atom");
}

/* A variable that only a negated atom has means "none at all", and may be in that atom only. */
static void check_negated(const Check *check, const Atom *atom)
{
    for (uint32_t t = 0; t < atom->count; t++) {
        const Term term = atom->terms[t];
        if (is_bound(check, term))
            continue;
        const Atom *const other = check->negated[term.index];
        if (other && other != atom)
            unsafe(check, term, "205", "in two negated atoms but in no positive one");
        check->negated[term.index] = atom;
    }
}

static void check_external(const Check *check, const Atom *atom)
{
    const uint64_t inputs = check->program->predicates.items[atom->predicate].external->inputs;
    for (uint32_t t = 0; t < atom->count; t++)
        if ((inputs >> t & 1) && !is_bound(check, atom->terms[t]))
            unsafe(check, atom->terms[t], "204", "given to an external predicate but in no positive atom");
}

static void check_body(const Check *check)
{
    bool has_positive = false;
    for (uint32_t i = 0; i < check->rule->body_count; i++) {
        const Literal *const literal = &check->rule->body[i];
        if (literal->is_comparison) {
            check_operand(check, &literal->comparison, &literal->comparison.left);
            check_operand(check, &literal->comparison, &literal->comparison.right);
        } else if (reasoner_is_external(check->program, literal)) {
            check_external(check, &literal->atom);
        } else {
            has_positive |= !literal->atom.is_negated;
        }
        if (!literal->is_comparison && literal->atom.is_negated)
            check_negated(check, &literal->atom);
    }
    if (check->rule->body_count > 0 && !has_positive)
        reasoner_fault(check->faults, check->rule->place, "add the atom that says what the variables range over",
                       "[994] the body has no positive atom");
}

/* A bare name with a capital letter, as Prolog writes variables. */
static bool looks_like_variable(const ReasonerProgram *program, Term term)
{
    const char first = program->texts.items[term.place.text].text[term.place.offset];
    return !term.is_variable && term.place.length > 0 && first >= 'A' && first <= 'Z';
}

static void warn_of_capitals(const Check *check)
{
    const Rule *const rule = check->rule;
    for (uint32_t h = 0; h < rule->head_count && rule->variable_count == 0 && rule->body_count > 0; h++)
        for (uint32_t t = 0; t < rule->heads[h].count; t++)
            if (looks_like_variable(check->program, rule->heads[h].terms[t])) {
                reasoner_warn(check->faults, rule->heads[h].terms[t].place, "variables begin with ?",
                              "this is a constant, and the rule has no variable");
                return;
            }
}

bool reasoner_check_rule(const ReasonerProgram *program, Rule *rule, Faults *faults)
{
    Check check = {.program = program, .rule = rule, .faults = faults, .is_safe = rule->is_safe};
    check.negated = calloc(rule->variable_count + 1, sizeof *check.negated);
    check.is_told = calloc(rule->variable_count + 1, sizeof *check.is_told);
    const bool is_fine = check.negated && check.is_told;
    if (is_fine) {
        bind_atoms(&check);
        bind_equalities(&check);
        check_heads(&check);
        check_frontier(&check);
        check_body(&check);
        warn_of_capitals(&check);
    }
    free(check.negated);
    free(check.is_told);
    return is_fine;
}
