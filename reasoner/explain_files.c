/* Why facts of a program by itself hold, once it has run: its relations in memory are the facts that proofs are found
 * in. */
#include "reasoner/explain.h"
#include "reasoner/files.h"

#include <string.h>

/* The fact in the program's words: a program of that one fact. */
static BaseStatus parse_goal(const char *text, ReasonerProgram **out, BaseError *err)
{
    BaseBuffer statement = {0};
    const size_t length = strlen(text);
    const bool is_closed = length > 0 && text[length - 1] == '.';
    BaseStatus status =
        base_buffer_format(&statement, "%s%s", text, is_closed ? "" : ".") ? BASE_OK : reasoner_out_of_values(err);
    const ReasonerText source = {"<fact>", statement.items, statement.count};
    if (status == BASE_OK)
        status = reasoner_parse(&source, 1, &(ReasonerParseOptions){.for_files = true}, NULL, out, err);
    base_buffer_free(&statement);
    if (status == BASE_OK && ((*out)->rules.count != 1 || (*out)->rules.items[0].body_count > 0 ||
                              (*out)->rules.items[0].head_count != 1 || (*out)->transfers.count > 0))
        status = base_fail(err, BASE_BAD_INPUT, "expected a fact such as p(a, 1), found \"%s\"", text);
    return status;
}

/* The relation of the goal's predicate. */
static BaseStatus find_relation(const ReasonerProgram *program, const ReasonerProgram *goal, uint32_t *out,
                                BaseError *err)
{
    const Predicate *const wanted = &goal->predicates.items[goal->rules.items[0].heads[0].predicate];
    uint32_t other = NOWHERE;
    for (uint32_t p = 0; p < program->predicates.count; p++) {
        const Predicate *const predicate = &program->predicates.items[p];
        if (strcmp(predicate->iri, wanted->iri) != 0)
            continue;
        other = predicate->arity;
        *out = reasoner_relation_of(program, p);
        if (predicate->arity != wanted->arity || *out == NOWHERE)
            continue;
        if (predicate->is_needed)
            return BASE_OK;
        base_fail(err, BASE_BAD_INPUT, "no output needs %s, so it was not derived", wanted->name);
        base_hint(err, "name it in @output");
        return BASE_BAD_INPUT;
    }
    if (other != NOWHERE)
        return base_fail(err, BASE_BAD_INPUT, "%s has %u argument%s, not %u", wanted->name, other,
                         other == 1 ? "" : "s", wanted->arity);
    return base_fail(err, BASE_BAD_INPUT, "the program has no predicate %s", wanted->name);
}

static BaseStatus place_goal(const FileRun *run, const ReasonerProgram *goal, BaseArena *arena, uint32_t *relation,
                             uint32_t **tuple, BaseError *err)
{
    const Atom *const head = &goal->rules.items[0].heads[0];
    BaseStatus status = find_relation(run->program, goal, relation, err);
    *tuple = base_arena_alloc(arena, head->count + 1, sizeof **tuple);
    if (status == BASE_OK && !*tuple)
        status = reasoner_out_of_values(err);
    for (uint32_t i = 0; i < head->count && status == BASE_OK; i++) {
        (*tuple)[i] = reasoner_intern(run->evaluation.values, &goal->values.items[head->arguments[i].index]);
        if ((*tuple)[i] == NO_VALUE)
            status = reasoner_out_of_values(err);
    }
    return status;
}

static BaseStatus explain_one(const FileRun *run, const char *text, BaseError *err)
{
    const ReasonerFilesOptions *const options = run->options;
    ReasonerExplanation explanation = {0};
    ReasonerProgram *goal = NULL;
    Case with = {0};
    uint32_t relation = NOWHERE, *tuple = NULL, height;
    reasoner_case_take(&with, run->program);
    reasoner_facts_take(&run->evaluation, &with.computed);
    with.has_computed = true;
    BaseStatus status = parse_goal(text, &goal, err);
    if (status == BASE_OK)
        status = place_goal(run, goal, &explanation.memory, &relation, &tuple, err);
    if (status == BASE_OK)
        status = reasoner_case_begin(&with, true, &explanation.memory, err);
    bool holds = false;
    if (status == BASE_OK) {
        status = reasoner_facts_height(with.facts, relation, tuple, &height, err);
        holds = status == BASE_OK;
        if (holds)
            status = reasoner_prove_tuple(&with, relation, tuple, &options->how, NULL, &explanation, err);
        else if (status == BASE_NOT_FOUND)
            status = reasoner_find_misses(&with, relation, tuple, &options->how, &explanation, err);
    }
    if (status == BASE_OK)
        status = options->explained(options->context, text, holds, &explanation, err);
    reasoner_explanation_free(&explanation);
    reasoner_case_close(&with);
    reasoner_program_free(goal);
    return status;
}

BaseStatus reasoner_explain_files(const FileRun *run, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; run->options && i < run->options->fact_count && status == BASE_OK; i++)
        status = explain_one(run, run->options->facts[i], err);
    return status;
}
