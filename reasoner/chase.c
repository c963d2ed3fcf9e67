/* A program run rule by rule. One application of a rule finds the matches of its body that use something new since its
 * last application, and only then adds what follows, so that a rule sees the facts of all earlier applications and none
 * of its own. With existential variables that is the restricted (standard) chase: of each tuple of frontier values the
 * heads are asked for as a whole, and fresh nulls made only when no choice of values satisfies them (Fagin, Kolaitis,
 * Miller, Popa, "Data exchange: semantics and query answering", 2005; order: section 7.4 of the language). It need not
 * end, so that limits of time and memory stop it. */
#include "reasoner/chase.h"

#include "reasoner/match.h"

#include <stdlib.h>
#include <string.h>

typedef struct Chase {
    Evaluation *evaluation;
    Relation *frontiers; /* by rule, if existential: tuples of frontier values, each once, whose heads hold by now */
    uint32_t **seen;     /* by rule and body literal: rows of its relation at the last application */
    uint32_t step;       /* applications so far */
    double began;
    uint32_t rule; /* at work */
    bool is_over_time, is_over_memory, is_stopped;
    BaseArena scratch;
    BaseError *err;
    char stage[80];
} Chase;

/* One application of a rule. */
typedef struct Application {
    Chase *chase;
    const Rule *rule;
    uint32_t *binding;
    Tuples *tuples;     /* by head: what it gives */
    Gather *gathers;    /* by head: of aggregates */
    Relation *frontier; /* of existential rules */
    uint32_t *frontier_variables;
    uint32_t *key; /* scratch: one frontier tuple */
    uint32_t frontier_count;
    uint64_t matches, rows;
    bool no_memory, is_satisfied;
} Application;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to derive more facts");
}

/* ---- Stopping ------------------------------------------------------------------------------------------------ */

static uint64_t used_bytes(const Chase *chase)
{
    const Evaluation *const evaluation = chase->evaluation;
    uint64_t bytes = reasoner_values_bytes(evaluation->values);
    for (size_t r = 0; r < evaluation->program->rules.count; r++)
        bytes += reasoner_relation_bytes(&chase->frontiers[r]);
    for (size_t r = 0; r < evaluation->program->relations.count; r++)
        bytes += reasoner_relation_bytes(&evaluation->relations[r]);
    return bytes;
}

static bool must_stop(Chase *chase)
{
    const Evaluation *const evaluation = chase->evaluation;
    base_job_step(evaluation->job, chase->stage, "facts", evaluation->derived, 0, NULL);
    chase->is_over_time =
        evaluation->seconds_limit > 0 && base_wall_seconds() - chase->began > evaluation->seconds_limit;
    chase->is_over_memory = evaluation->memory_limit > 0 && used_bytes(chase) > evaluation->memory_limit;
    chase->is_stopped |= base_job_cancelled(evaluation->job) || chase->is_over_time || chase->is_over_memory;
    return chase->is_stopped;
}

static bool is_stopped(void *context)
{
    return must_stop(((Application *)context)->chase);
}

static BaseStatus tell_stop(const Chase *chase)
{
    const Evaluation *const evaluation = chase->evaluation;
    const Rule *const rule = &evaluation->program->rules.items[chase->rule];
    const unsigned long long facts = (unsigned long long)evaluation->derived;
    BaseStatus status;
    if (chase->is_over_time)
        status =
            base_fail(chase->err, BASE_CANCELLED, "the time budget of %g s was spent in round %u, %s, after %llu facts",
                      evaluation->seconds_limit, chase->step, rule->name, facts);
    else if (chase->is_over_memory)
        status = base_fail(chase->err, BASE_CANCELLED,
                           "the memory budget of %llu MiB was spent in round %u, %s, after %llu facts",
                           (unsigned long long)(evaluation->memory_limit >> 20), chase->step, rule->name, facts);
    else
        return base_fail(chase->err, BASE_CANCELLED, "reasoning was cancelled in round %u, %s", chase->step,
                         rule->name);
    if (rule->has_existential && chase->err)
        base_hint(chase->err, "each fresh null may give another: this chase need not end");
    return status;
}

/* ---- Taking matches ------------------------------------------------------------------------------------------ */

static uint32_t value_of(Term term, const uint32_t *binding)
{
    return term.is_variable ? binding[term.index] : term.index;
}

static bool push_tuple(const Relation *relation, const Atom *head, const uint32_t *binding, Tuples *out)
{
    for (uint32_t c = 0; c < relation->arity; c++)
        if (!BASE_PUSH(out, value_of(head->arguments[c], binding)))
            return false;
    return true;
}

static bool push_heads(Application *application)
{
    for (uint32_t h = 0; h < application->rule->head_count; h++) {
        const Atom *const head = &application->rule->heads[h];
        const Relation *const relation = &application->chase->evaluation->relations[head->relation];
        const bool is_fine = head->aggregate
                                 ? reasoner_gather(&application->gathers[h], application->binding)
                                 : push_tuple(relation, head, application->binding, &application->tuples[h]);
        if (!is_fine) {
            application->no_memory = true;
            return false;
        }
    }
    return true;
}

static bool take_match(void *context)
{
    Application *const application = context;
    application->matches++;
    return push_heads(application);
}

/* An existential rule keeps the frontier of the match. */
static bool take_frontier(void *context)
{
    Application *const application = context;
    uint64_t added;
    application->matches++;
    for (uint32_t i = 0; i < application->frontier_count; i++)
        application->key[i] = application->binding[application->frontier_variables[i]];
    if (!reasoner_relation_add(application->frontier, application->key, 1, 0, 0, &added))
        application->no_memory = true;
    return !application->no_memory;
}

static bool take_witness(void *context)
{
    ((Application *)context)->is_satisfied = true;
    return false;
}

/* ---- Bodies -------------------------------------------------------------------------------------------------- */

static bool is_positive(const Literal *literal)
{
    return !literal->is_comparison && !literal->atom.is_negated;
}

/* Matches of the body with a row of literal `first` that is new. */
static BaseStatus match_body(Application *application, uint32_t first, uint32_t from)
{
    Chase *const chase = application->chase;
    const Rule *const rule = application->rule;
    const BaseArenaMark start = base_arena_mark(&chase->scratch);
    Match match = {.body = rule->body,
                   .body_count = rule->body_count,
                   .variable_count = rule->variable_count,
                   .relations = chase->evaluation->relations,
                   .values = chase->evaluation->values,
                   .binding = application->binding,
                   .is_safe = rule->is_safe,
                   .first = first,
                   .first_from = from,
                   .take = rule->has_existential ? take_frontier : take_match,
                   .is_stopped = is_stopped,
                   .context = application};
    const BaseStatus status = reasoner_match(&match, &chase->scratch);
    base_arena_rewind(&chase->scratch, start);
    application->rows += match.rows;
    if (status != BASE_OK || application->no_memory || reasoner_values_failed(chase->evaluation->values))
        return no_memory(chase->err);
    return chase->is_stopped ? tell_stop(chase) : BASE_OK;
}

/* All matches that use something new: of each relation that grew since the last time, one by one. */
static BaseStatus match_new(Application *application, uint32_t *seen)
{
    const Rule *const rule = application->rule;
    const Evaluation *const evaluation = application->chase->evaluation;
    BaseStatus status = BASE_OK;
    bool is_first = true;
    for (uint32_t b = 0; b < rule->body_count; b++)
        is_first = is_first && (!is_positive(&rule->body[b]) || seen[b] == 0);
    for (uint32_t b = 0; b < rule->body_count && status == BASE_OK; b++) {
        if (!is_positive(&rule->body[b]))
            continue;
        if (seen[b] < evaluation->relations[rule->body[b].atom.relation].count)
            status = match_body(application, is_first ? NOWHERE : b, seen[b]);
        if (is_first) /* everything is new, and was looked at */
            break;
    }
    for (uint32_t b = 0; b < rule->body_count; b++)
        if (is_positive(&rule->body[b]))
            seen[b] = evaluation->relations[rule->body[b].atom.relation].count;
    return status;
}

/* ---- Existential heads --------------------------------------------------------------------------------------- */

/* The universal variables of the heads. */
static bool find_frontier(Application *application)
{
    const Rule *const rule = application->rule;
    BaseArena *const arena = &application->chase->scratch;
    application->frontier_variables = base_arena_alloc(arena, rule->variable_count + 1, sizeof(uint32_t));
    application->key = base_arena_alloc(arena, rule->variable_count + 1, sizeof(uint32_t));
    bool *const is_in = base_arena_alloc(arena, rule->variable_count + 1, sizeof *is_in);
    if (!application->frontier_variables || !application->key || !is_in)
        return false;
    for (uint32_t h = 0; h < rule->head_count; h++) {
        for (uint32_t i = 0; i < rule->heads[h].count; i++) {
            const Term term = rule->heads[h].arguments[i];
            if (!term.is_variable || term.is_existential || is_in[term.index])
                continue;
            is_in[term.index] = true;
            application->frontier_variables[application->frontier_count++] = term.index;
        }
    }
    /* An empty frontier is one tuple of one column. */
    application->frontier = &application->chase->frontiers[application->chase->rule];
    application->frontier->arity = application->frontier_count ? application->frontier_count : 1;
    return true;
}

/* Whether the heads hold together for some values of the existential variables. */
static BaseStatus ask_heads(Application *application, const Literal *question, const bool *given)
{
    Chase *const chase = application->chase;
    const BaseArenaMark start = base_arena_mark(&chase->scratch);
    Match match = {.body = question,
                   .body_count = application->rule->head_count,
                   .variable_count = application->rule->variable_count,
                   .relations = chase->evaluation->relations,
                   .values = chase->evaluation->values,
                   .binding = application->binding,
                   .given = given,
                   .first = NOWHERE,
                   .take = take_witness,
                   .is_stopped = is_stopped,
                   .context = application};
    application->is_satisfied = false;
    const BaseStatus status = reasoner_match(&match, &chase->scratch);
    base_arena_rewind(&chase->scratch, start);
    application->rows += match.rows;
    if (status != BASE_OK)
        return no_memory(chase->err);
    return chase->is_stopped ? tell_stop(chase) : BASE_OK;
}

static bool make_nulls(Application *application)
{
    const Rule *const rule = application->rule;
    for (uint32_t v = 0; v < rule->variable_count; v++)
        if (rule->variables[v][0] == '!' &&
            (application->binding[v] = reasoner_fresh_null(application->chase->evaluation->values)) == NO_VALUE)
            return false;
    return push_heads(application);
}

/* Of the frontier's tuples from `first` on: facts never go away, so what held once holds still. */
static BaseStatus create(Application *application, uint32_t first)
{
    Chase *const chase = application->chase;
    const Rule *const rule = application->rule;
    Literal *const question = base_arena_alloc(&chase->scratch, rule->head_count + 1, sizeof *question);
    bool *const given = base_arena_alloc(&chase->scratch, rule->variable_count + 1, sizeof *given);
    BaseStatus status = question && given ? BASE_OK : no_memory(chase->err);
    for (uint32_t h = 0; h < rule->head_count && status == BASE_OK; h++)
        question[h].atom = rule->heads[h];
    for (uint32_t i = 0; i < application->frontier_count && status == BASE_OK; i++)
        given[application->frontier_variables[i]] = true;
    for (uint32_t row = first; row < application->frontier->count && status == BASE_OK; row++) {
        for (uint32_t i = 0; i < application->frontier_count; i++)
            application->binding[application->frontier_variables[i]] = relation_row(application->frontier, row)[i];
        status = ask_heads(application, question, given);
        if (status == BASE_OK && !application->is_satisfied && !make_nulls(application))
            status = no_memory(chase->err);
    }
    return status;
}

/* ---- Applications -------------------------------------------------------------------------------------------- */

static bool begin_application(Application *application)
{
    const Rule *const rule = application->rule;
    BaseArena *const arena = &application->chase->scratch;
    application->binding = base_arena_alloc(arena, rule->variable_count + 1, sizeof *application->binding);
    application->tuples = base_arena_alloc(arena, rule->head_count + 1, sizeof *application->tuples);
    application->gathers = base_arena_alloc(arena, rule->head_count + 1, sizeof *application->gathers);
    if (!application->binding || !application->tuples || !application->gathers)
        return false;
    for (uint32_t h = 0; h < rule->head_count; h++)
        application->gathers[h] = (Gather){.rule = rule, .head = &rule->heads[h]};
    return !rule->has_existential || find_frontier(application);
}

static void end_application(Application *application)
{
    for (uint32_t h = 0; application->tuples && application->gathers && h < application->rule->head_count; h++) {
        free(application->tuples[h].items);
        free(application->gathers[h].rows.items);
    }
}

/* What was found goes to the relations. */
static BaseStatus add_found(Application *application, uint64_t *added)
{
    Chase *const chase = application->chase;
    const Rule *const rule = application->rule;
    BaseStatus status = BASE_OK;
    for (uint32_t h = 0; h < rule->head_count && status == BASE_OK; h++) {
        Tuples *const tuples = &application->tuples[h];
        Relation *const relation = &chase->evaluation->relations[rule->heads[h].relation];
        if (rule->heads[h].aggregate)
            status = reasoner_fold_groups(&application->gathers[h], application->binding, chase->evaluation->values,
                                          tuples, chase->err);
        uint64_t fresh = 0;
        if (status == BASE_OK && tuples->count > 0 &&
            !reasoner_relation_add(relation, tuples->items, tuples->count / relation->arity, chase->step, chase->rule,
                                   &fresh))
            status = BASE_NO_MEMORY;
        *added += fresh;
    }
    return status == BASE_NO_MEMORY ? no_memory(chase->err) : status;
}

static BaseStatus apply(Chase *chase, uint32_t rule, uint64_t *added)
{
    Application application = {.chase = chase, .rule = &chase->evaluation->program->rules.items[rule]};
    RuleFigures *const figures = &chase->evaluation->rules[rule];
    const double began = base_wall_seconds();
    const BaseArenaMark start = base_arena_mark(&chase->scratch);
    *added = 0;
    chase->rule = rule;
    chase->step++;
    snprintf(chase->stage, sizeof chase->stage, "round %u: %.50s", chase->step, application.rule->name);
    BaseStatus status = must_stop(chase) ? tell_stop(chase) : BASE_OK;
    if (status == BASE_OK && !begin_application(&application))
        status = no_memory(chase->err);
    const uint32_t known = application.frontier ? application.frontier->count : 0;
    if (status == BASE_OK)
        status = match_new(&application, chase->seen[rule]);
    if (status == BASE_OK && application.rule->has_existential)
        status = create(&application, known);
    if (status == BASE_OK)
        status = add_found(&application, added);
    if (status == BASE_OK && reasoner_values_failed(chase->evaluation->values)) /* a missing value was no answer */
        status = no_memory(chase->err);
    end_application(&application);
    base_arena_rewind(&chase->scratch, start);
    figures->matches += application.matches;
    figures->rows += application.rows;
    figures->facts += *added;
    figures->seconds += base_wall_seconds() - began;
    chase->evaluation->derived += *added;
    chase->evaluation->rounds += *added > 0;
    chase->evaluation->highest = *added > 0 ? chase->step : chase->evaluation->highest;
    return status;
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

/* Whether the body may have matches it had not the last time. */
static bool has_news(const Chase *chase, uint32_t r)
{
    const Rule *const rule = &chase->evaluation->program->rules.items[r];
    for (uint32_t b = 0; b < rule->body_count; b++)
        if (is_positive(&rule->body[b]) &&
            chase->seen[r][b] < chase->evaluation->relations[rule->body[b].atom.relation].count)
            return true;
    return false;
}

/* Round robin, a rule that reads what it derives being repeated, until nothing new comes. */
static BaseStatus run_component(Chase *chase, const Component *component, const bool *repeats)
{
    BaseStatus status = BASE_OK;
    uint64_t added;
    for (bool is_changed = true; is_changed && status == BASE_OK;) {
        is_changed = false;
        for (uint32_t i = 0; i < component->count && status == BASE_OK; i++) {
            const uint32_t rule = component->rules[i];
            while (status == BASE_OK && has_news(chase, rule)) {
                status = apply(chase, rule, &added);
                is_changed |= added > 0;
                if (!repeats[rule])
                    break;
            }
        }
    }
    return status;
}

/* The facts that the program itself holds. */
static BaseStatus add_facts(Chase *chase)
{
    const ReasonerProgram *const program = chase->evaluation->program;
    uint32_t tuple[ARITY_LIMIT];
    chase->step = 1;
    for (uint32_t r = 0; r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        if (rule->body_count > 0 || !rule->is_needed)
            continue;
        const Atom *const head = &rule->heads[0];
        Relation *const relation = &chase->evaluation->relations[head->relation];
        uint64_t added = 0;
        for (uint32_t c = 0; c < relation->arity; c++)
            tuple[c] = head->arguments[c].index;
        if (!reasoner_relation_add(relation, tuple, 1, chase->step, r, &added))
            return no_memory(chase->err);
        chase->evaluation->rules[r].facts += added;
        chase->evaluation->rules[r].matches++;
        chase->evaluation->derived += added;
    }
    return BASE_OK;
}

static bool make_seen(Chase *chase, BaseArena *arena)
{
    const ReasonerProgram *const program = chase->evaluation->program;
    chase->seen = base_arena_alloc(arena, program->rules.count + 1, sizeof *chase->seen);
    for (size_t r = 0; chase->seen && r < program->rules.count; r++) {
        chase->seen[r] = base_arena_alloc(arena, program->rules.items[r].body_count + 1, sizeof **chase->seen);
        if (!chase->seen[r])
            return false;
    }
    return chase->seen != NULL;
}

BaseStatus reasoner_chase(Evaluation *evaluation, BaseError *err)
{
    Chase chase = {.evaluation = evaluation, .began = base_wall_seconds(), .err = err};
    Components components = {0};
    BaseArena lasting = {0};
    BaseStatus status = BASE_OK;
    const size_t rules = evaluation->program->rules.count;
    chase.frontiers = base_arena_alloc(&lasting, rules + 1, sizeof *chase.frontiers);
    if (!chase.frontiers || !make_seen(&chase, &lasting) || !reasoner_components(evaluation->program, &components))
        status = no_memory(err);
    if (status == BASE_OK)
        status = add_facts(&chase);
    for (uint32_t c = 0; c < components.count && status == BASE_OK; c++)
        status = run_component(&chase, &components.items[c], components.repeats);
    evaluation->strata = evaluation->program->stratum_count;
    reasoner_components_free(&components);
    for (size_t r = 0; chase.frontiers && r < rules; r++)
        reasoner_relation_free(&chase.frontiers[r]);
    base_arena_free(&lasting);
    base_arena_free(&chase.scratch);
    return status;
}
