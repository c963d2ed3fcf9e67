/* Aggregates for the proof checker: folded anew over what a proof shows, and over all that holds. */
#include "proof_instance.h"

#include <stdlib.h>
#include <string.h>

const RuleNode *checker_aggregate(const RuleNode *node)
{
    if (node->kind == NODE_AGGREGATE)
        return node;
    for (int i = 0; i < node->count; i++)
        if (checker_aggregate(node->arguments[i]))
            return checker_aggregate(node->arguments[i]);
    return NULL;
}

/* The place of the head's aggregate; -1: it has none. */
int checker_aggregate_column(const Pattern *head)
{
    for (int i = 0; i < head->count; i++)
        if (checker_aggregate(head->nodes[i]))
            return i;
    return -1;
}

/* ---- Aggregates ----------------------------------------------------------------------------------------------- */

/* Distinct rows (input, distinct...) of one group, from the premises shown and from the whole world. */
typedef struct Fold {
    Checker *checker;
    const ReadRule *rule;
    const RuleNode *aggregate;
    const Pattern *head;
    const RuleTerm *conclusion;
    struct {
        const char **items; /* rows, their terms joined; beside each its input */
        size_t count, capacity;
    } rows, inputs;
} Fold;

static void add_row(Fold *fold, Instance *instance)
{
    BaseBuffer row = {0};
    RuleTerm input = NULL;
    for (int i = 0; i < fold->aggregate->count; i++) {
        RuleTerm value = checker_evaluate(instance, fold->aggregate->arguments[i]);
        if (i == 0)
            input = value;
        if (!value || !base_buffer_format(&row, "%s\n", value))
            goto done; /* no value, no row */
    }
    for (size_t i = 0; i < fold->rows.count; i++)
        if (strcmp(fold->rows.items[i], row.items) == 0)
            goto done;
    if (!BASE_PUSH(&fold->rows, base_arena_copy(&fold->checker->arena, row.items, row.count)) ||
        !BASE_PUSH(&fold->inputs, input))
        abort();
done:
    base_buffer_free(&row);
}

/* Whether the instance is of the conclusion's group: all places of the head but the aggregate's. */
static bool is_of_group(Fold *fold, Instance *instance)
{
    for (int i = 0; i < fold->head->count; i++) {
        const RuleNode *const node = fold->head->nodes[i];
        if (checker_aggregate(node))
            continue;
        RuleTerm value = checker_evaluate(instance, node);
        if (!value || strcmp(value, fold->conclusion[i]) != 0)
            return false;
    }
    return true;
}

typedef struct Enumeration {
    Fold *fold;
    Instance instance;
    int atom;
    Pattern pattern;
} Enumeration;

static void enumerate(Fold *fold, const Instance *instance, int atom);

static bool take_premise(void *context, const char *const *terms)
{
    Enumeration *const at = context;
    Instance next = at->instance;
    RuleTerm read[MOST_TERMS];
    for (int i = 0; i < at->pattern.count; i++)
        read[i] = checker_term(next.checker, terms[i]);
    if (checker_bind(&next, &at->pattern, read, (size_t)at->pattern.count))
        enumerate(at->fold, &next, at->atom + 1);
    return true;
}

/* All matches of the body in the world, by nested loops. */
static void enumerate(Fold *fold, const Instance *instance, int atom)
{
    while (atom < fold->rule->atom_count && fold->rule->atoms[atom].is_negated)
        atom++;
    if (atom < fold->rule->atom_count) {
        Enumeration next = {.fold = fold,
                            .instance = *instance,
                            .atom = atom,
                            .pattern = checker_pattern(fold->checker, &fold->rule->atoms[atom])};
        const char *const any[MOST_TERMS] = {0};
        fold->checker->world->visit(fold->checker->world->context, any, (size_t)next.pattern.count, take_premise,
                                    &next);
        return;
    }
    Instance last = *instance;
    int misses = 0;
    checker_assign(&last);
    checker_tests(&last, &(ProofStep){0}, false, &misses);
    for (int a = 0; a < fold->rule->atom_count && misses == 0; a++) {
        const Pattern pattern = checker_pattern(fold->checker, &fold->rule->atoms[a]);
        misses += fold->rule->atoms[a].is_negated && checker_finds(&last, &pattern, NULL);
    }
    if (misses == 0 && is_of_group(fold, &last))
        add_row(fold, &last);
}

/* Folds the rows to a term; NULL: none. */
static RuleTerm fold_rows(Fold *fold, Instance *scratch)
{
    RuleTerm result = NULL;
    const char *const name = fold->aggregate->name;
    if (strcmp(name, "COUNT") == 0)
        return checker_number(scratch, true, (int64_t)fold->rows.count, 0);
    for (size_t i = 0; i < fold->inputs.count; i++) {
        bool is_integer;
        int64_t integer;
        double real;
        RuleTerm input = fold->inputs.items[i];
        if (!term_number(input, &is_integer, &integer, &real))
            continue; /* sums leave it out; extremes of what is no number are not tested */
        result = !result                    ? input
                 : strcmp(name, "SUM") == 0 ? checker_arithmetic(scratch, "SUM", result, input)
                                            : checker_extreme(scratch, name, result, input);
    }
    return result;
}

/* Puts the folded value in the aggregate's place. */
static RuleTerm compute_around(Instance *instance, const RuleNode *node, RuleTerm folded)
{
    if (node->kind == NODE_AGGREGATE)
        return folded;
    if (node->kind != NODE_CALL)
        return checker_evaluate(instance, node);
    RuleNode copy = *node;
    RuleNode arguments[16];
    for (int i = 0; i < node->count; i++) {
        arguments[i] = (RuleNode){.kind = NODE_TERM, .term = compute_around(instance, node->arguments[i], folded)};
        if (!arguments[i].term)
            return NULL;
        copy.arguments[i] = &arguments[i];
    }
    return checker_evaluate(instance, &copy);
}

const char *checker_check_aggregate(Checker *checker, const ReadRule *rule, const Pattern *head, int column,
                                    const ProofStep *step)
{
    const RuleTerm *const conclusion = checker_terms(checker, step);
    Fold shown = {.checker = checker,
                  .rule = rule,
                  .aggregate = checker_aggregate(head->nodes[column]),
                  .head = head,
                  .conclusion = conclusion};
    Fold all = shown;
    Instance some = {.checker = checker, .rule = rule};
    const char *wrong = step->premise_count > 0 ? NULL : checker_fault(step, "an aggregate of nothing");
    for (size_t i = 0; i < step->premise_count && !wrong; i++) {
        const ProofStep *const match = step->premises[i];
        Instance instance = {.checker = checker, .rule = rule};
        if (!checker_is(match, "match"))
            wrong = checker_fault(step, "premise %zu is no match of an aggregate", i + 1);
        if (!wrong && !(wrong = checker_bind_premises(&instance, match))) {
            checker_assign(&instance);
            if (!(wrong = checker_tests(&instance, match, false, NULL)))
                wrong = checker_premises(&instance, match);
            if (!wrong && !is_of_group(&shown, &instance))
                wrong = checker_fault(step, "match %zu is of another group", i + 1);
            add_row(&shown, &instance);
            some = instance;
        }
    }
    if (!wrong) {
        enumerate(&all, &(Instance){.checker = checker, .rule = rule}, 0);
        const RuleTerm folded = fold_rows(&all, &some);
        const RuleTerm value = folded ? compute_around(&some, head->nodes[column], folded) : NULL;
        if (!value || strcmp(value, conclusion[column]) != 0)
            wrong = checker_fault(step, "the aggregate is %s", value ? value : "without a value");
        else if (shown.rows.count + step->left_out != all.rows.count)
            wrong = checker_fault(step, "%zu matches are shown and %zu left out, of %zu", shown.rows.count,
                                  step->left_out, all.rows.count);
    }
    free(shown.rows.items);
    free(shown.inputs.items);
    free(all.rows.items);
    free(all.inputs.items);
    return wrong;
}

/* An aggregate that gives something else: told by one test that is missing. */
const char *checker_check_other_value(Checker *checker, const ReadRule *rule, const Pattern *head, int column,
                                      const ProofStep *step)
{
    const RuleTerm *const conclusion = checker_terms(checker, step);
    Fold all = {.checker = checker,
                .rule = rule,
                .aggregate = checker_aggregate(head->nodes[column]),
                .head = head,
                .conclusion = conclusion};
    Instance some = {.checker = checker, .rule = rule};
    const char *wrong = NULL;
    if (step->premise_count != 1 || step->premises[0]->terms || !checker_is(step->premises[0], "missing"))
        return checker_fault(step, "an aggregate without a value that it has");
    checker_bind(&some, head, conclusion, step->term_count);
    enumerate(&all, &(Instance){.checker = checker, .rule = rule}, 0);
    const RuleTerm folded = fold_rows(&all, &some);
    const RuleTerm value = folded ? compute_around(&some, head->nodes[column], folded) : NULL;
    if (all.rows.count == 0)
        wrong = checker_fault(step, "the aggregate has no matches");
    else if (value && strcmp(value, conclusion[column]) == 0)
        wrong = checker_fault(step, "the aggregate gives it");
    free(all.rows.items);
    free(all.inputs.items);
    return wrong;
}
