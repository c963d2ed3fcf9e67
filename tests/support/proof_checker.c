/* The proof checker: one step at a time, its rule read anew, bound from the conclusion and the premises. */
#include "proof_instance.h"

#include <stdlib.h>
#include <string.h>

static const char *check_instance(Checker *checker, const ReadRule *rule, const Pattern *head, const ProofStep *step)
{
    Instance instance = {.checker = checker, .rule = rule};
    if (head && !checker_bind(&instance, head, checker_terms(checker, step), step->term_count))
        return checker_fault(step, "the conclusion does not fit its rule's head");
    const char *wrong = checker_bind_premises(&instance, step);
    if (wrong)
        return wrong;
    checker_assign(&instance);
    if (!(wrong = checker_tests(&instance, step, false, NULL)) && !(wrong = checker_premises(&instance, step)) &&
        head && !checker_computes(&instance, head, checker_terms(checker, step)))
        wrong = checker_fault(step, "its rule computes another conclusion");
    return wrong;
}

/* ---- Steps by their rule -------------------------------------------------------------------------------------- */

static const char *check_rule(Checker *checker, const ProofStep *step)
{
    static ReadRule rule;
    const char *wrong = step->rule_text ? NULL : checker_fault(step, "a derived conclusion without a rule");
    if (!wrong && !strstr(checker->world->rules, step->rule_text))
        wrong = checker_fault(step, "the program has no rule \"%s\"", step->rule_text);
    const char *const unread = wrong ? NULL : read_rule(&checker->reader, step->rule_text, &rule);
    if (unread)
        wrong = checker_fault(step, "%s: %s", unread, step->rule_text);
    if (wrong)
        return wrong;
    if (rule.is_constraint)
        return check_instance(checker, &rule, NULL, step);
    for (int h = 0; h < rule.head_count; h++) {
        const Pattern head = checker_pattern(checker, &rule.heads[h]);
        const int column = checker_aggregate_column(&head);
        wrong = column < 0 ? check_instance(checker, &rule, &head, step)
                           : checker_check_aggregate(checker, &rule, &head, column, step);
        if (!wrong)
            return NULL;
    }
    return wrong;
}

/* The highest premise, those of an aggregate's matches included. */
static uint32_t highest_premise(const ProofStep *step)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < step->premise_count; i++) {
        const ProofStep *const child = step->premises[i];
        const uint32_t height = checker_is(child, "match") ? highest_premise(child) : child->height;
        highest = height > highest ? height : highest;
    }
    return highest;
}

static const char *check_shared(Checker *checker, const ProofStep *step)
{
    const uint64_t *const place = base_map_get(&checker->proved, step->number);
    if (!place)
        return checker_fault(step, "shown elsewhere as %u, but it is nowhere", step->number);
    const ProofStep *const proved = checker->steps.items[*place];
    if (strcmp(proved->text, step->text) != 0 || proved->height != step->height)
        return checker_fault(step, "shown elsewhere as %u, which is %s", step->number, proved->text);
    return NULL;
}

static const char *check_step(Checker *checker, const ProofStep *step)
{
    const ProofWorld *const world = checker->world;
    if (checker_is(step, "match") || checker_is(step, "compared") || checker_is(step, "negated"))
        return step->text ? NULL : checker_fault(step, "it says nothing"); /* its conclusion's step has judged it */
    if (step->term_count == 0 && !checker_is(step, "derived"))
        return checker_fault(step, "no fact of kind %s", step->kind);
    if (checker_is(step, "asserted")) {
        if (step->height != 0 || step->premise_count > 0)
            return checker_fault(step, "an asserted fact with height %u", step->height);
        return world->is_given(world->context, step->terms, step->term_count) ? NULL
                                                                              : checker_fault(step, "it is not given");
    }
    if (checker_is(step, "shared"))
        return check_shared(checker, step);
    if (!checker_is(step, "derived"))
        return checker_fault(step, "a proof has no place for the kind %s", step->kind);
    const uint32_t highest = highest_premise(step);
    if (step->height <= highest || (world->has_least_heights && step->left_out == 0 && step->height != highest + 1))
        return checker_fault(step, "height %u above premises of %u", step->height, highest);
    return check_rule(checker, step);
}

/* ---- Trees ---------------------------------------------------------------------------------------------------- */

/* All nodes in a list, for trees may be deep; and where each conclusion is proved. */
static const char *collect(Checker *checker, ProofStep *const *roots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!BASE_PUSH(&checker->steps, roots[i]))
            abort();
    for (size_t at = 0; at < checker->steps.count; at++) {
        const ProofStep *const step = checker->steps.items[at];
        for (size_t i = 0; i < step->premise_count; i++)
            if (!BASE_PUSH(&checker->steps, step->premises[i]))
                abort();
        if (!checker_is(step, "derived") || (step->number == 0 && at < count)) /* a violation has no number */
            continue;
        bool is_new;
        uint64_t *const place = base_map_put(&checker->proved, step->number, at, &is_new);
        if (!place)
            abort();
        if (is_new && step->number > 0)
            continue;
        const ProofStep *const known = checker->steps.items[*place];
        if (step->number == 0 || strcmp(known->text, step->text) != 0 || (at >= count && *place >= count))
            return checker_fault(step, "number %u is taken", step->number);
        if (step->height < known->height) /* several ways to a conclusion: others refer to the lowest */
            *place = at;
    }
    return NULL;
}

static void begin(Checker *checker, const ProofWorld *world)
{
    *checker = (Checker){.world = world, .reader = {.program = world->rules, .is_by_itself = world->is_by_itself}};
    checker->reader.arena = &checker->arena;
}

static void end(Checker *checker, size_t *unchecked)
{
    if (unchecked)
        *unchecked += checker->unchecked;
    free(checker->steps.items);
    base_map_free(&checker->proved);
    base_arena_free(&checker->arena);
}

const char *check_proofs(const ProofWorld *world, ProofStep *const *roots, size_t count, size_t *unchecked)
{
    Checker checker;
    begin(&checker, world);
    const char *wrong = count > 0 ? collect(&checker, roots, count) : "there is no proof";
    for (size_t i = 0; i < checker.steps.count && !wrong; i++) {
        const BaseArenaMark start = base_arena_mark(&checker.arena);
        wrong = check_step(&checker, checker.steps.items[i]);
        base_arena_rewind(&checker.arena, start);
    }
    end(&checker, unchecked);
    return wrong;
}

/* One level of a near miss. */
static const char *check_near(Checker *checker, const ProofStep *step)
{
    static ReadRule rule;
    const char *wrong = step->rule_text && strstr(checker->world->rules, step->rule_text)
                            ? read_rule(&checker->reader, step->rule_text, &rule)
                            : "no rule";
    if (wrong)
        return checker_fault(step, "%s", wrong);
    wrong = checker_fault(step, "no head fits");
    for (int h = 0; h < rule.head_count && wrong; h++) {
        const Pattern head = checker_pattern(checker, &rule.heads[h]);
        Instance instance = {.checker = checker, .rule = &rule};
        int failed = 0, told = 0;
        if (!checker_bind(&instance, &head, checker_terms(checker, step), step->term_count))
            continue;
        const int column = checker_aggregate_column(&head);
        if (column >= 0 && step->premise_count == 1 && !step->premises[0]->terms) {
            wrong = checker_check_other_value(checker, &rule, &head, column, step);
            continue;
        }
        if ((wrong = checker_bind_premises(&instance, step)))
            continue;
        checker_assign(&instance);
        checker_tests(&instance, step, true, &failed);
        for (int i = 0; i < head.count; i++) { /* a call in the head is a test here, unless something in it is open */
            if (head.nodes[i]->kind != NODE_CALL || checker_aggregate(head.nodes[i]) ||
                !checker_is_closed(&instance, head.nodes[i]))
                continue;
            RuleTerm value = checker_evaluate(&instance, head.nodes[i]);
            failed += !value || strcmp(value, checker_terms(checker, step)[i]) != 0;
        }
        for (size_t i = 0; i < step->premise_count; i++)
            told += !step->premises[i]->terms && checker_is(step->premises[i], "missing");
        wrong = failed == told ? checker_premises(&instance, step)
                               : checker_fault(step, "%d tests fail, %d are told", failed, told);
    }
    return wrong;
}

const char *check_miss(const ProofWorld *world, const ProofStep *root, size_t *unchecked)
{
    Checker checker;
    begin(&checker, world);
    const char *wrong = BASE_PUSH(&checker.steps, root) ? check_near(&checker, root) : "no memory";
    for (size_t at = 0; at < checker.steps.count && !wrong; at++) {
        const ProofStep *const step = checker.steps.items[at];
        for (size_t i = 0; i < step->premise_count && !wrong; i++) {
            const ProofStep *const child = step->premises[i];
            if (checker_is(child, "missing") && child->rule_text)
                wrong = BASE_PUSH(&checker.steps, child) ? check_near(&checker, child) : "no memory";
        }
    }
    end(&checker, unchecked);
    return wrong;
}
