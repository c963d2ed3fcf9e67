/* Safety of one rule: whatever its head, comparisons and negated atoms speak of must be bound by a positive atom,
 * directly or through `?v = term`, so that every match is finite and found by joins alone. */
#include "reasoner/program.h"

#include <stdlib.h>
#include <string.h>

typedef struct Check {
    const Rule *rule;
    Faults *faults;
    bool *is_safe;        /* by variable; the rule's own */
    const Atom **negated; /* by variable: the negated atom that alone binds it */
} Check;

static void bind_atoms(const Check *check)
{
    for (uint32_t i = 0; i < check->rule->body_count; i++) {
        const Literal *const literal = &check->rule->body[i];
        if (literal->is_comparison || literal->atom.is_negated)
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

/* `?v = term` binds ?v once the term is bound, in any order. */
static void bind_equalities(const Check *check)
{
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (uint32_t i = 0; i < check->rule->body_count; i++) {
            const Literal *const literal = &check->rule->body[i];
            if (!literal->is_comparison || literal->comparison.test != EQUAL)
                continue;
            const Term left = literal->comparison.left.term, right = literal->comparison.right.term;
            if (is_bound(check, left) == is_bound(check, right))
                continue;
            check->is_safe[is_bound(check, left) ? right.index : left.index] = true;
            is_changed = true;
        }
    }
}

/* The name of a body variable like `name`, for a hint. */
static const char *near_variable(const Check *check, const char *name)
{
    const char **const known = calloc(check->rule->variable_count + 1, sizeof *known);
    size_t count = 0;
    for (uint32_t v = 0; known && v < check->rule->variable_count; v++)
        if (check->is_safe[v] && strcmp(check->rule->variables[v], "_") != 0)
            known[count++] = check->rule->variables[v];
    const char *const near = known ? base_nearest(name, known, count) : NULL;
    free(known);
    return near;
}

static void unsafe(const Check *check, Term term, const char *code, const char *where)
{
    const char *const name = check->rule->variables[term.index];
    const char *const near = near_variable(check, name);
    char hint[160], of[128] = "";
    snprintf(hint, sizeof hint, "did you mean %s?", near ? near : "");
    if (strncmp(check->rule->name, "rule at ", 8) != 0)
        snprintf(of, sizeof of, " of rule \"%.100s\"", check->rule->name);
    reasoner_fault(check->faults, term.place, near ? hint : "a positive atom of the body must bind it",
                   "[%s] variable %s is %s of the body%s", code, name, where, of);
}

static void check_heads(const Check *check)
{
    const Rule *const rule = check->rule;
    for (uint32_t h = 0; h < rule->head_count; h++) {
        for (uint32_t t = 0; t < rule->heads[h].count; t++) {
            const Term term = rule->heads[h].terms[t];
            if (is_bound(check, term))
                continue;
            if (rule->body_count == 0)
                reasoner_fault(check->faults, term.place, "a rule needs `:-` and a body that binds its variables",
                               "[208] variable %s in a fact", rule->variables[term.index]);
            else
                unsafe(check, term, "202", "in the head but in no positive atom");
        }
    }
}

static void check_comparison(const Check *check, const Comparison *comparison)
{
    if (!is_bound(check, comparison->left.term))
        unsafe(check, comparison->left.term, "204", "compared but in no positive atom");
    if (!is_bound(check, comparison->right.term))
        unsafe(check, comparison->right.term, "204", "compared but in no positive atom");
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

static void check_body(const Check *check)
{
    bool has_positive = false;
    for (uint32_t i = 0; i < check->rule->body_count; i++) {
        const Literal *const literal = &check->rule->body[i];
        if (literal->is_comparison)
            check_comparison(check, &literal->comparison);
        else if (literal->atom.is_negated)
            check_negated(check, &literal->atom);
        else
            has_positive = true;
    }
    if (check->rule->body_count > 0 && !has_positive)
        reasoner_fault(check->faults, check->rule->place, "add the atom that says what the variables range over",
                       "[994] the body has no positive atom");
}

void reasoner_check_rule(Rule *rule, Faults *faults)
{
    Check check = {.rule = rule, .faults = faults, .is_safe = rule->is_safe};
    check.negated = calloc(rule->variable_count + 1, sizeof *check.negated);
    if (check.negated) {
        bind_atoms(&check);
        bind_equalities(&check);
        check_heads(&check);
        check_body(&check);
    } else {
        reasoner_fault(faults, rule->place, NULL, "no memory to check this rule");
    }
    free(check.negated);
}
