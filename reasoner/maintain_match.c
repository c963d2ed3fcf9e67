/* Instances of one rule, by nested lookups in the database's orders, corrected by the ledger: over the facts as they
 * were when they were last inferred, or as far as it is known what becomes of them. */
#include "reasoner/functions.h"
#include "reasoner/maintain.h"

#include <stdlib.h>
#include <string.h>

static BaseStatus no_memory(const Maintenance *with)
{
    return base_fail(with->err, BASE_NO_MEMORY, "no memory to update what was derived");
}

static bool is_unknown(KgTriple pattern)
{
    return is_unknown_id(pattern.s) || is_unknown_id(pattern.p) || is_unknown_id(pattern.o);
}

/* ---- Single facts -------------------------------------------------------------------------------------------- */

static BaseStatus get_one(KgFinder *finder, KgTriple triple, KgNote *note, bool *is_there, BaseError *err)
{
    const BaseStatus status = kg_finder_get(finder, triple, note, err);
    *is_there = status == BASE_OK;
    return status == BASE_NOT_FOUND ? BASE_OK : status;
}

/* Whether anything is asserted with the predicate. */
static BaseStatus look_asserted(Maintenance *with, KgId predicate, bool *out)
{
    uint64_t count = 0;
    const uint64_t *const known = base_map_get(&with->asserted_of, predicate);
    *out = known && *known;
    if (known)
        return BASE_OK;
    const BaseStatus status = kg_count(with->txn, KG_IN(KG_ASSERTED), (KgTriple){.p = predicate}, &count, with->err);
    *out = count > 0;
    return status == BASE_OK && !base_map_put(&with->asserted_of, predicate, *out, NULL) ? no_memory(with) : status;
}

BaseStatus reasoner_fact_state(Maintenance *with, KgTriple triple, FactState *out)
{
    KgNote note = {0};
    BaseStatus status = BASE_OK;
    *out = (FactState){.known = reasoner_ledger_find(&with->ledger, triple), .height = NO_HEIGHT};
    if (out->known) {
        out->is_asserted = out->known->is_asserted;
        out->is_stored = out->known->is_stored;
        out->height = known_height(out->known, false);
        out->rule = out->known->rule;
        return BASE_OK;
    }
    if (is_unknown(triple))
        return BASE_OK;
    with->work += 2;
    status = get_one(with->inferred, triple, &note, &out->is_stored, with->err);
    bool may_be_asserted = false;
    if (status == BASE_OK && !out->is_stored)
        status = look_asserted(with, triple.p, &may_be_asserted);
    if (status == BASE_OK && may_be_asserted)
        status = get_one(with->asserted, triple, NULL, &out->is_asserted, with->err);
    if (out->is_stored) {
        out->height = note.height;
        out->rule = note.rule;
    } else if (out->is_asserted) {
        out->height = 0;
    }
    return status;
}

/* ---- Tests --------------------------------------------------------------------------------------------------- */

/* The numbers of what is bound, for those who compute; scratch of the caller. */
static bool number_binding(const Instance *instance, uint32_t *out)
{
    Maintenance *const with = instance->with;
    const uint32_t count = with->rules[instance->rule].rule->variable_count;
    for (uint32_t v = 0; v < count; v++) {
        const KgId id = instance->binding[v];
        out[v] = NO_VALUE;
        if (is_unknown_id(id))
            out[v] = (uint32_t)kg_number(id);
        else if (id != KG_ANY && !reasoner_terms_number(&with->terms, id, &out[v]))
            return false;
    }
    return true;
}

/* The id of a value: the database's, where it has the term. */
static BaseStatus id_of_value(Maintenance *with, uint32_t number, KgId *out)
{
    const uint64_t *const known = base_map_get(&with->found, number);
    *out = known ? *known : terms_id(&with->terms, number);
    if (*out != KG_ANY)
        return BASE_OK;
    BaseArena texts = {0};
    KgTerm term;
    BaseStatus status = reasoner_terms_read(&with->terms, number, &texts, &term, with->err);
    if (status == BASE_OK)
        status = kg_find(with->txn, &term, out, with->err);
    if (status == BASE_NOT_FOUND) {
        *out = unknown_id(number);
        status = BASE_OK;
    }
    base_arena_free(&texts);
    if (status == BASE_OK && !base_map_put(&with->found, number, *out, NULL))
        return no_memory(with);
    return status;
}

typedef bool Computation(void *context, const uint32_t *binding, Values *values);

/* Calls with the numbers of the binding. */
static BaseStatus compute(const Instance *instance, Computation *call, void *context, bool *has_value)
{
    Maintenance *const with = instance->with;
    uint32_t few[16] = {0};
    const uint32_t count = with->rules[instance->rule].rule->variable_count;
    uint32_t *const numbers = count <= 16 ? few : calloc(count, sizeof *numbers);
    bool is_fine = numbers && number_binding(instance, numbers);
    *has_value = is_fine && call(context, numbers, with->terms.values);
    is_fine = is_fine && !(with->terms.values && reasoner_values_failed(with->terms.values));
    if (numbers != few)
        free(numbers);
    return is_fine ? BASE_OK : no_memory(with);
}

static bool call_compare(void *context, const uint32_t *binding, Values *values)
{
    return reasoner_compare(context, binding, values);
}

static BaseStatus compare(const Instance *instance, const Comparison *comparison, bool *holds)
{
    if ((comparison->test == EQUAL || comparison->test == NOT_EQUAL) && !comparison->left.expression &&
        !comparison->right.expression) {
        const bool is_same = term_id(instance->with, instance->binding, comparison->left.term) ==
                             term_id(instance->with, instance->binding, comparison->right.term);
        *holds = is_same == (comparison->test == EQUAL);
        return BASE_OK;
    }
    Comparison copy = *comparison;
    return compute(instance, call_compare, &copy, holds);
}

typedef struct Computed {
    const Operand *operand;
    uint32_t number;
} Computed;

static bool call_operand(void *context, const uint32_t *binding, Values *values)
{
    Computed *const computed = context;
    return reasoner_operand(computed->operand, binding, values, &computed->number);
}

/* Binds the variable of an ASSIGN; false in *holds: there is no value. */
static BaseStatus assign(const Instance *instance, const WayStep *step, bool *holds)
{
    Maintenance *const with = instance->with;
    *holds = true;
    if (!step->from.expression) {
        instance->binding[step->to] = term_id(with, instance->binding, step->from.term);
        return BASE_OK;
    }
    Computed computed = {.operand = &step->from};
    const BaseStatus status = compute(instance, call_operand, &computed, holds);
    return status == BASE_OK && *holds ? id_of_value(with, computed.number, &instance->binding[step->to]) : status;
}

/* ---- Matches of an atom -------------------------------------------------------------------------------------- */

/* One after the other: those that are asserted, those that are inferred, those that the database does not have. */
typedef struct Matches {
    Instance *instance;
    WayStep *step;
    KgTriple pattern;
    int stage; /* 0: asserted, 1: inferred, 2: of the ledger */
    LedgerCursor cursor;
    ShelfCursor shelf;
    bool is_one, is_done; /* the pattern is a triple, looked up as such; it was */
} Matches;

static BaseStatus seek(Matches *matches, KgLayer layer, KgFinder **finder)
{
    Maintenance *const with = matches->instance->with;
    const KgTriple pattern = matches->pattern;
    BaseStatus status = reasoner_shelf_find(with, layer, pattern, &matches->shelf);
    with->work++;
    if (status != BASE_OK || matches->shelf.shelf)
        return status;
    status = *finder ? BASE_OK : kg_finder_open(with->txn, layer, finder, with->err);
    with->work++;
    matches->is_one = pattern.s != KG_ANY && pattern.p != KG_ANY && pattern.o != KG_ANY;
    matches->is_done = false;
    return status == BASE_OK && !matches->is_one ? kg_finder_seek(*finder, pattern, with->err) : status;
}

/* The next fact of the layer, with its height. */
static BaseStatus next_found(Matches *matches, KgFinder *finder, bool has_notes, KgTriple *triple, uint32_t *height)
{
    BaseError *const err = matches->instance->with->err;
    KgNote note = {0};
    BaseStatus status = BASE_OK;
    if (matches->shelf.shelf)
        return reasoner_shelf_next(&matches->shelf, matches->pattern, triple, height) ? BASE_OK : BASE_END;
    if (matches->is_one) {
        *triple = matches->pattern;
        status = matches->is_done ? BASE_END : kg_finder_get(finder, *triple, has_notes ? &note : NULL, err);
        status = status == BASE_NOT_FOUND ? BASE_END : status;
        matches->is_done = true;
    } else {
        status = kg_finder_next(finder, triple, has_notes ? &note : NULL, err);
    }
    *height = note.height;
    return status;
}

static BaseStatus begin_stage(Matches *matches, int stage)
{
    WayStep *const step = matches->step;
    matches->stage = stage;
    if (stage == 0)
        return seek(matches, KG_ASSERTED, &step->asserted);
    if (stage == 1 && step->is_inferred)
        return seek(matches, KG_INFERRED, &step->inferred);
    if (stage <= 2) {
        matches->stage = 2;
        matches->cursor = reasoner_ledger_match(&matches->instance->with->ledger, matches->pattern);
    }
    return BASE_OK;
}

static BaseStatus begin(Matches *matches)
{
    return begin_stage(matches, is_unknown(matches->pattern) ? 2 : 0);
}

/* The next fact of the stage, whether it holds or not. */
static BaseStatus next_of_stage(Matches *matches, KgTriple *triple, uint32_t *height)
{
    Maintenance *const with = matches->instance->with;
    const bool is_old = matches->instance->is_old;
    if (matches->stage == 2) {
        const Known *const known = reasoner_ledger_next(&with->ledger, &matches->cursor, matches->pattern);
        if (!known)
            return BASE_END;
        *triple = known->triple;
        *height = known_height(known, is_old);
        return BASE_OK;
    }
    const bool is_stored = matches->stage == 1;
    uint32_t noted = 0;
    const BaseStatus status =
        next_found(matches, is_stored ? matches->step->inferred : matches->step->asserted, is_stored, triple, &noted);
    if (status != BASE_OK)
        return status;
    const Known *const known = reasoner_ledger_find_stored(&with->ledger, *triple, !is_stored);
    /* One that is in both layers was met among the asserted ones. */
    *height = !known ? noted : is_stored && known->is_asserted ? NO_HEIGHT : known_height(known, is_old);
    return BASE_OK;
}

static BaseStatus next(Matches *matches, KgTriple *triple, uint32_t *height)
{
    for (;;) {
        const BaseStatus status = next_of_stage(matches, triple, height);
        matches->instance->with->work++;
        if (status == BASE_OK && *height <= matches->instance->most_height)
            return BASE_OK;
        if (status == BASE_OK)
            continue;
        if (status != BASE_END || matches->stage == 2)
            return status;
        const BaseStatus begun = begin_stage(matches, matches->stage + 1);
        if (begun != BASE_OK)
            return begun;
    }
}

/* ---- Instances ----------------------------------------------------------------------------------------------- */

/* Gives the atom's open variables the triple's ids, marking them; false: a repeated one has two. */
static bool bind(const Instance *instance, const TripleAtom *atom, KgTriple triple, bool bound[3])
{
    const KgId ids[3] = {triple.s, triple.p, triple.o};
    bool fits = true;
    bound[0] = bound[1] = bound[2] = false;
    for (int t = 0; t < 3 && fits; t++) {
        const KgId id = term_id(instance->with, instance->binding, atom->terms[t]);
        bound[t] = id == KG_ANY;
        if (bound[t])
            instance->binding[atom->terms[t].index] = ids[t];
        fits = bound[t] || id == ids[t];
    }
    return fits;
}

static void unbind(const Instance *instance, const TripleAtom *atom, const bool bound[3])
{
    for (int t = 0; t < 3; t++)
        if (bound[t])
            instance->binding[atom->terms[t].index] = KG_ANY;
}

static KgTriple pattern_of(const Instance *instance, const TripleAtom *atom)
{
    return (KgTriple){term_id(instance->with, instance->binding, atom->terms[0]),
                      term_id(instance->with, instance->binding, atom->terms[1]),
                      term_id(instance->with, instance->binding, atom->terms[2])};
}

static BaseStatus look_absent(Instance *instance, WayStep *step, bool *out)
{
    const TripleAtom *const atom = &instance->with->rules[instance->rule].body[step->literal];
    const uint32_t most = instance->most_height;
    Matches matches = {.instance = instance, .step = step, .pattern = pattern_of(instance, atom)};
    KgTriple triple;
    uint32_t height;
    bool bound[3];
    *out = true;
    instance->most_height = NO_HEIGHT - 1;
    BaseStatus status = begin(&matches);
    while (status == BASE_OK && *out && (status = next(&matches, &triple, &height)) == BASE_OK) {
        *out = !bind(instance, atom, triple, bound);
        unbind(instance, atom, bound);
    }
    instance->most_height = most;
    return status == BASE_END ? BASE_OK : status;
}

static bool go_on(Instance *instance, const Way *way, uint32_t at, uint32_t highest);

static bool meet_atom(Instance *instance, const Way *way, uint32_t at, uint32_t highest)
{
    const TripleAtom *const atom = &instance->with->rules[instance->rule].body[way->steps[at].literal];
    Matches matches = {.instance = instance, .step = &way->steps[at], .pattern = pattern_of(instance, atom)};
    KgTriple triple;
    uint32_t height;
    bool bound[3], is_enough = false;
    BaseStatus status = begin(&matches);
    while (status == BASE_OK && !is_enough && highest <= instance->most_height &&
           (status = next(&matches, &triple, &height)) == BASE_OK) {
        if (bind(instance, atom, triple, bound))
            is_enough = go_on(instance, way, at + 1, height > highest ? height : highest);
        unbind(instance, atom, bound);
    }
    if (status != BASE_OK && status != BASE_END && instance->status == BASE_OK)
        instance->status = status;
    return is_enough || instance->status != BASE_OK;
}

/* Meets the steps from `at` on; true: enough, or a failure. */
static bool go_on(Instance *instance, const Way *way, uint32_t at, uint32_t highest)
{
    bool holds = true;
    if (at == way->count)
        return instance->found(instance, highest);
    WayStep *const step = &way->steps[at];
    const Literal *const literal = &instance->with->rules[instance->rule].rule->body[step->literal];
    switch (step->kind) {
    case WAY_ATOM:
        return meet_atom(instance, way, at, highest);
    case WAY_ABSENT:
        instance->status = look_absent(instance, step, &holds);
        break;
    case WAY_COMPARE:
        instance->status = compare(instance, &literal->comparison, &holds);
        break;
    case WAY_ASSIGN:
        instance->status = assign(instance, step, &holds);
        break;
    }
    if (instance->status != BASE_OK)
        return true;
    const bool is_enough = holds && go_on(instance, way, at + 1, highest);
    if (step->kind == WAY_ASSIGN)
        instance->binding[step->to] = KG_ANY;
    return is_enough;
}

static BaseStatus run(Instance *instance, const TripleAtom *given, KgTriple triple, uint32_t done, uint32_t highest,
                      Way *way)
{
    Maintenance *const with = instance->with;
    const RuleForm *const form = &with->rules[instance->rule];
    KgId few[16] = {0};
    bool bound[3] = {false, false, false};
    if (form->is_dead)
        return BASE_OK;
    const BaseStatus status = reasoner_plan_way(with, form, given, done, way);
    if (status != BASE_OK)
        return status;
    const uint32_t count = form->rule->variable_count;
    instance->binding = count <= 16 ? few : calloc(count, sizeof *instance->binding);
    instance->status = instance->binding ? BASE_OK : no_memory(with);
    if (instance->status == BASE_OK && (!given || bind(instance, given, triple, bound))) {
        for (int t = 0; given && t < 3; t++) /* what is open within a negation stays open */
            if (given->terms[t].is_variable && !form->rule->is_safe[given->terms[t].index])
                instance->binding[given->terms[t].index] = KG_ANY;
        go_on(instance, way, 0, highest);
    }
    if (instance->binding != few)
        free(instance->binding);
    if (instance->status == BASE_OK && with->work > with->work_limit)
        with->given_up = "the changes concern too much of what was derived";
    return instance->status;
}

BaseStatus reasoner_match_all(Instance *instance)
{
    return run(instance, NULL, (KgTriple){0}, NOWHERE, 0, &instance->with->rules[instance->rule].from_nothing);
}

BaseStatus reasoner_match_head(Instance *instance, uint32_t head, KgTriple triple)
{
    RuleForm *const form = &instance->with->rules[instance->rule];
    return run(instance, &form->heads[head], triple, NOWHERE, 0, &form->from_heads[head]);
}

BaseStatus reasoner_match_literal(Instance *instance, uint32_t literal, KgTriple triple)
{
    RuleForm *const form = &instance->with->rules[instance->rule];
    const bool is_negated = form->rule->body[literal].atom.is_negated;
    uint32_t height = 0;
    if (!is_negated) {
        const Known *const known = reasoner_ledger_find(&instance->with->ledger, triple);
        height = known ? known_height(known, instance->is_old) : 0;
    }
    return run(instance, &form->body[literal], triple, is_negated ? NOWHERE : literal, height,
               &form->from_body[literal]);
}
