/* The restricted (standard) chase of one stratum, rule by rule. One application of a rule finds the matches of its body
 * that use something new since its last application, so that a rule sees the facts of all earlier applications and none
 * of its own. Of each tuple of frontier values the heads are asked for as a whole, and fresh nulls made only when no
 * choice of values satisfies them (Fagin, Kolaitis, Miller, Popa, "Data exchange: semantics and query answering", 2005;
 * order: section 7.4 of the language). It need not end, so that budgets of time and memory stop it.
 *
 * Only what is created is kept. The facts go away again: the rounds of the stratum find them anew, at their heights. */
#include "reasoner/chase.h"

#include "reasoner/delta.h"
#include "reasoner/external.h"
#include "reasoner/match.h"

#include <stdlib.h>
#include <string.h>

#define CHASED (UINT32_MAX - 1) /* a height above all others */

typedef struct ChaseRule {
    DeltaJoin join;
    uint32_t *seen; /* by body literal: rows of its relation at the last application */
    Creation *creation;
} ChaseRule;

typedef struct Chase {
    Evaluation *evaluation;
    uint32_t stratum;
    const Groupings *groupings;
    Externals *externals;
    Components components;
    ChaseRule *rules;    /* by rule of the program; those of the components are set */
    uint32_t *counts;    /* by relation: rows before the chase */
    Relation **complete; /* by relation: itself */
    bool *is_partial;    /* by relation */
    uint32_t step;       /* applications so far */
    Budget *budget;
    BaseArena memory, scratch;
    BaseError *err;
} Chase;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to derive more facts");
}

static bool is_stopped(void *context, uint64_t found)
{
    Chase *const chase = context;
    return reasoner_budget_is_spent(chase->budget, found);
}

static bool is_here(const Chase *chase, const Atom *head)
{
    return chase->evaluation->program->predicates.items[head->meant].stratum == chase->stratum;
}

/* ---- Bodies -------------------------------------------------------------------------------------------------- */

/* Sets what the rule's literals see: everything, of which that is new which it has not seen. */
static void set_spans(const Chase *chase, const ChaseRule *rule)
{
    for (uint32_t b = 0; b < rule->join.rule->body_count; b++) {
        if (!is_positive(&rule->join.rule->body[b]))
            continue;
        Relation *const relation = &chase->evaluation->relations[rule->join.rule->body[b].atom.relation];
        relation->low = rule->seen[b];
        relation->high = relation->count;
        relation_hint(relation, reasoner_values_count(chase->evaluation->values));
    }
    for (uint32_t h = 0; h < rule->join.head_count; h++)
        relation_hint(rule->join.heads[h].relation, reasoner_values_count(chase->evaluation->values));
}

static BaseStatus match_body(Chase *chase, ChaseRule *rule, uint64_t *facts)
{
    Evaluation *const evaluation = chase->evaluation;
    const PlanContext context = {.relations = evaluation->relations,
                                 .complete = chase->complete,
                                 .is_partial = chase->is_partial,
                                 .looks_back = true};
    Join work = {.height = CHASED,
                 .values = evaluation->values,
                 .is_stopped = is_stopped,
                 .context = chase,
                 .externals = chase->externals};
    const BaseStatus status = reasoner_delta_run(&rule->join, &context, &work, &chase->scratch);
    evaluation->rules[rule->join.number].matches += work.matches;
    evaluation->rules[rule->join.number].rows += work.rows;
    for (uint32_t b = 0; b < rule->join.rule->body_count; b++)
        if (is_positive(&rule->join.rule->body[b]))
            rule->seen[b] = evaluation->relations[rule->join.rule->body[b].atom.relation].high;
    *facts = work.facts;
    return status == BASE_NO_MEMORY   ? no_memory(chase->err)
           : status == BASE_CANCELLED ? reasoner_budget_tell(chase->budget, chase->err)
                                      : status;
}

/* ---- Heads --------------------------------------------------------------------------------------------------- */

/* Whether the heads hold together for some values of the existential variables. */
typedef struct Question {
    Match match;
    bool is_satisfied;
    Chase *chase;
} Question;

static bool is_question_stopped(void *context)
{
    return reasoner_budget_is_spent(((Question *)context)->chase->budget, 0);
}

static bool take_witness(void *context)
{
    ((Question *)context)->is_satisfied = true;
    return false;
}

static bool open_question(Chase *chase, const Creation *creation, Question *out)
{
    const Rule *const rule = creation->of;
    Literal *const heads = base_arena_alloc(&chase->scratch, rule->head_count + 1, sizeof *heads);
    bool *const given = base_arena_alloc(&chase->scratch, rule->variable_count + 1, sizeof *given);
    uint32_t *const binding = base_arena_alloc(&chase->scratch, rule->variable_count + 1, sizeof *binding);
    if (!heads || !given || !binding)
        return false;
    for (uint32_t h = 0; h < rule->head_count; h++)
        heads[h].atom = rule->heads[h];
    for (uint32_t i = 0; i < creation->frontier_count; i++)
        if (creation->frontier[i].is_variable)
            given[creation->frontier[i].index] = true;
    *out = (Question){.chase = chase,
                      .match = {.body = heads,
                                .body_count = rule->head_count,
                                .variable_count = rule->variable_count,
                                .relations = chase->evaluation->relations,
                                .values = chase->evaluation->values,
                                .binding = binding,
                                .given = given,
                                .first = NOWHERE,
                                .take = take_witness,
                                .is_stopped = is_question_stopped,
                                .context = out}};
    return reasoner_match_plan(&out->match, &chase->scratch);
}

static bool make_nulls(Chase *chase, Creation *creation, const uint32_t *frontier, uint32_t *row)
{
    memcpy(row, frontier, creation->frontier_count * sizeof *row);
    for (uint32_t i = 0; i < creation->null_count; i++) {
        row[creation->frontier_count + i] = reasoner_fresh_null(chase->evaluation->values);
        if (row[creation->frontier_count + i] == NO_VALUE)
            return false;
    }
    return reasoner_relation_append(&creation->made, row, 1, 0, creation->rule);
}

/* Of the frontier's tuples from `first` on: facts never go away, so what held once holds still. */
static BaseStatus create(Chase *chase, Creation *creation, uint32_t first, uint64_t *facts)
{
    Evaluation *const evaluation = chase->evaluation;
    Question question;
    if (first == creation->met.count)
        return BASE_OK;
    uint32_t *const made = base_arena_alloc(&chase->scratch, creation->made.arity, sizeof *made);
    if (!made || !open_question(chase, creation, &question))
        return no_memory(chase->err);
    for (uint32_t row = first; row < creation->met.count; row++) {
        for (uint32_t i = 0; i < creation->frontier_count; i++)
            if (creation->frontier[i].is_variable)
                question.match.binding[creation->frontier[i].index] = relation_row(&creation->met, row)[i];
        question.is_satisfied = false;
        reasoner_match_run(&question.match);
        if (chase->budget->state != BUDGET_LEFT)
            return reasoner_budget_tell(chase->budget, chase->err);
        if (!question.is_satisfied && !make_nulls(chase, creation, relation_row(&creation->met, row), made))
            return no_memory(chase->err);
    }
    evaluation->rules[creation->rule].rows += question.match.rows;
    return reasoner_creation_give(creation, first, CHASED, evaluation->relations, facts) ? BASE_OK
                                                                                         : no_memory(chase->err);
}

/* ---- Applications -------------------------------------------------------------------------------------------- */

static BaseStatus apply(Chase *chase, ChaseRule *rule, uint64_t *added)
{
    const double began = base_wall_seconds();
    const BaseArenaMark start = base_arena_mark(&chase->scratch);
    Creation *const creation = rule->creation;
    const uint32_t known = creation ? creation->met.count : 0;
    *added = 0;
    if (reasoner_budget_begin(chase->budget, rule->join.number, ++chase->step))
        return reasoner_budget_tell(chase->budget, chase->err);
    BaseStatus status = match_body(chase, rule, added);
    if (status == BASE_OK && creation) {
        *added = 0;
        status = create(chase, creation, known, added);
    }
    if (status == BASE_OK && reasoner_values_failed(chase->evaluation->values)) /* a missing value was no answer */
        status = no_memory(chase->err);
    base_arena_rewind(&chase->scratch, start);
    chase->evaluation->rules[rule->join.number].seconds += base_wall_seconds() - began;
    chase->budget->found += *added;
    return status;
}

/* Round robin, a rule that reads what it derives being repeated, until nothing new comes. */
static BaseStatus run_component(Chase *chase, const Component *component)
{
    BaseStatus status = BASE_OK;
    for (bool is_changed = true; is_changed && status == BASE_OK;) {
        is_changed = false;
        for (uint32_t i = 0; i < component->count && status == BASE_OK; i++) {
            ChaseRule *const rule = &chase->rules[component->rules[i]];
            uint64_t added;
            for (bool again = true; again && status == BASE_OK; again = chase->components.repeats[rule->join.number]) {
                set_spans(chase, rule);
                if (!reasoner_delta_has_news(&rule->join, chase->evaluation->relations))
                    break;
                status = apply(chase, rule, &added);
                is_changed |= added > 0;
            }
        }
    }
    return status;
}

/* ---- Opening and closing ------------------------------------------------------------------------------------- */

static bool open_rule(Chase *chase, uint32_t r)
{
    Evaluation *const evaluation = chase->evaluation;
    const Rule *const rule = &evaluation->program->rules.items[r];
    ChaseRule *const out = &chase->rules[r];
    DeltaJoin *const join = &out->join;
    out->seen = base_arena_alloc(&chase->memory, rule->body_count + 1, sizeof *out->seen);
    if (!out->seen || !reasoner_delta_open(evaluation->program, r, rule->head_count + 1, &chase->memory, join))
        return false;
    if (rule->has_existential) {
        out->creation = &evaluation->creations[r];
        join->heads[join->head_count++] = (JoinHead){out->creation->frontier, &out->creation->met};
    }
    for (uint32_t h = 0; h < rule->head_count; h++) {
        if (!is_here(chase, &rule->heads[h]) || rule->heads[h].aggregate)
            continue;
        chase->is_partial[rule->heads[h].relation] = true;
        if (!rule->has_existential)
            join->heads[join->head_count++] =
                (JoinHead){rule->heads[h].arguments, &evaluation->relations[rule->heads[h].relation]};
    }
    return true;
}

static bool open_chase(Chase *chase)
{
    const ReasonerProgram *const program = chase->evaluation->program;
    const size_t relations = program->relations.count;
    chase->rules = base_arena_alloc(&chase->memory, program->rules.count + 1, sizeof *chase->rules);
    chase->counts = base_arena_alloc(&chase->memory, relations + 1, sizeof *chase->counts);
    chase->complete = base_arena_alloc(&chase->memory, relations + 1, sizeof *chase->complete);
    chase->is_partial = base_arena_alloc(&chase->memory, relations + 1, sizeof *chase->is_partial);
    if (!chase->rules || !chase->counts || !chase->complete || !chase->is_partial ||
        !reasoner_components(program, chase->stratum, &chase->components))
        return false;
    for (size_t r = 0; r < relations; r++) {
        chase->complete[r] = &chase->evaluation->relations[r];
        chase->counts[r] = chase->complete[r]->count;
        reasoner_members_hide(&chase->complete[r]->members);
    }
    for (uint32_t c = 0; c < chase->components.count; c++)
        for (uint32_t i = 0; i < chase->components.items[c].count; i++)
            if (!open_rule(chase, chase->components.items[c].rules[i]))
                return false;
    return true;
}

static void close_chase(Chase *chase)
{
    const ReasonerProgram *const program = chase->evaluation->program;
    for (size_t r = 0; chase->rules && r < program->rules.count; r++)
        if (chase->rules[r].join.rule)
            reasoner_delta_close(&chase->rules[r].join);
    for (size_t r = 0; chase->counts && chase->complete && r < program->relations.count; r++)
        if (chase->complete[r] && chase->counts[r] < chase->complete[r]->count && !chase->externals->items[r].of)
            reasoner_relation_truncate(chase->complete[r], chase->counts[r]);
    reasoner_components_free(&chase->components);
    base_arena_free(&chase->memory);
    base_arena_free(&chase->scratch);
}

/* What is there before any rule: facts of the program, and tuples of aggregates. */
static bool add_given(Chase *chase)
{
    const ReasonerProgram *const program = chase->evaluation->program;
    uint32_t tuple[ARITY_LIMIT];
    uint64_t added;
    for (uint32_t r = 0; r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        if (rule->body_count > 0 || !rule->is_needed || !is_here(chase, &rule->heads[0]))
            continue;
        Relation *const relation = &chase->evaluation->relations[rule->heads[0].relation];
        for (uint32_t c = 0; c < relation->arity; c++)
            tuple[c] = rule->heads[0].arguments[c].index;
        if (!reasoner_relation_add(relation, tuple, 1, CHASED, r, &added))
            return false;
    }
    for (size_t g = 0; g < chase->groupings->count; g++) {
        const Grouping *const grouping = &chase->groupings->items[g];
        Relation *const relation = &chase->evaluation->relations[grouping->of->heads[grouping->head].relation];
        if (grouping->tuples.count > 0 &&
            !reasoner_relation_add(relation, grouping->tuples.values, grouping->tuples.count, CHASED, grouping->rule,
                                   &added))
            return false;
    }
    return true;
}

BaseStatus reasoner_chase(Evaluation *evaluation, uint32_t stratum, const Groupings *groupings, Externals *externals,
                          Budget *budget, BaseError *err)
{
    Chase chase = {.evaluation = evaluation,
                   .stratum = stratum,
                   .groupings = groupings,
                   .externals = externals,
                   .budget = budget,
                   .err = err};
    BaseStatus status = open_chase(&chase) && add_given(&chase) ? BASE_OK : no_memory(err);
    for (uint32_t c = 0; c < chase.components.count && status == BASE_OK; c++)
        status = run_component(&chase, &chase.components.items[c]);
    budget->found = 0;
    close_chase(&chase);
    return status;
}
