/* The order in which a body is met when some of its terms are given: tests as soon as they can be made, atoms by the
 * fewest matches that the sizes and distinct values in the statistics let expect. Made once for what is given. */
#include "reasoner/functions.h"
#include "reasoner/maintain.h"

#include <stdlib.h>

static BaseStatus no_memory(const Maintenance *with)
{
    return base_fail(with->err, BASE_NO_MEMORY, "no memory to update what was derived");
}

static bool is_unknown(KgTriple pattern)
{
    return is_unknown_id(pattern.s) || is_unknown_id(pattern.p) || is_unknown_id(pattern.o);
}

typedef struct Planner {
    Maintenance *with;
    const RuleForm *form;
    bool *is_known; /* by variable */
    bool *is_done;  /* by literal */
} Planner;

static bool knows(const Planner *planner, Term term)
{
    return !term.is_variable || planner->is_known[term.index];
}

/* Whether the side is a variable that `=` may bind. */
static bool is_free(const Planner *planner, const Operand *side)
{
    return !side->expression && !knows(planner, side->term);
}

/* A test can be made once all that positive atoms bind in it is bound. */
static bool is_ready(const Planner *planner, const Literal *literal, const TripleAtom *atom)
{
    if (literal->is_comparison) {
        const Operand *const sides[2] = {&literal->comparison.left, &literal->comparison.right};
        const bool left = reasoner_is_bound(sides[0], planner->is_known),
                   right = reasoner_is_bound(sides[1], planner->is_known);
        return (left && right) || (literal->comparison.test == EQUAL &&
                                   ((left && is_free(planner, sides[1])) || (right && is_free(planner, sides[0]))));
    }
    for (int t = 0; literal->atom.is_negated && !atom->is_dead && t < 3; t++)
        if (atom->terms[t].is_variable && planner->form->rule->is_safe[atom->terms[t].index] &&
            !knows(planner, atom->terms[t]))
            return false;
    return literal->atom.is_negated;
}

static KgTriple constants_of(const Maintenance *with, const TripleAtom *atom)
{
    KgId ids[3];
    for (int t = 0; t < 3; t++)
        ids[t] = atom->terms[t].is_variable ? KG_ANY : with->constants[atom->terms[t].index];
    return (KgTriple){ids[0], ids[1], ids[2]};
}

/* How many matches of the atom are to be expected, roughly. */
static BaseStatus expect(const Planner *planner, const TripleAtom *atom, double *out)
{
    Maintenance *const with = planner->with;
    const KgTriple pattern = constants_of(with, atom);
    uint64_t count = 0;
    BaseStatus status = BASE_OK;
    double subjects = 0, objects = 0;
    uint64_t inferred = 0; /* apart: where layers overlap, counting both is a scan */
    if (!is_unknown(pattern))
        status = kg_count(with->txn, KG_IN(KG_ASSERTED), pattern, &count, with->err);
    if (!is_unknown(pattern) && status == BASE_OK)
        status = kg_count(with->txn, KG_IN(KG_INFERRED), pattern, &inferred, with->err);
    count += inferred;
    for (size_t i = 0; i < with->statistics.row_count; i++) {
        const KgPredicateStatistics *const row = &with->statistics.rows[i];
        if (row->predicate == pattern.p) {
            subjects = (double)row->subjects;
            objects = (double)row->objects;
        }
    }
    *out = (double)count;
    const bool has_subject = knows(planner, atom->terms[0]) && pattern.s == KG_ANY,
               has_object = knows(planner, atom->terms[2]) && pattern.o == KG_ANY,
               has_predicate = knows(planner, atom->terms[1]) && pattern.p == KG_ANY;
    if (has_subject)
        *out /= subjects >= 1 ? subjects : 1 + *out / 4;
    if (has_object)
        *out /= objects >= 1 ? objects : 1 + *out / 4;
    if (has_predicate)
        *out /= 10;
    return status;
}

static BaseStatus choose_atom(const Planner *planner, uint32_t *out)
{
    const Rule *const rule = planner->form->rule;
    double least = 0;
    BaseStatus status = BASE_OK;
    *out = NOWHERE;
    for (uint32_t b = 0; b < rule->body_count && status == BASE_OK; b++) {
        double rows;
        if (planner->is_done[b] || rule->body[b].is_comparison || rule->body[b].atom.is_negated)
            continue;
        status = expect(planner, &planner->form->body[b], &rows);
        if (*out == NOWHERE || rows < least) {
            *out = b;
            least = rows;
        }
    }
    return status;
}

static void take_atom(Planner *planner, const TripleAtom *atom)
{
    for (int t = 0; t < 3; t++)
        if (atom->terms[t].is_variable)
            planner->is_known[atom->terms[t].index] = true;
}

static WayStep test_step(Planner *planner, uint32_t b)
{
    const Literal *const literal = &planner->form->rule->body[b];
    WayStep step = {.kind = literal->is_comparison ? WAY_COMPARE : WAY_ABSENT, .literal = b};
    if (!literal->is_comparison)
        return step;
    const Operand left = literal->comparison.left, right = literal->comparison.right;
    const bool has_left = reasoner_is_bound(&left, planner->is_known),
               has_right = reasoner_is_bound(&right, planner->is_known);
    if (has_left && has_right)
        return step;
    step.kind = WAY_ASSIGN;
    step.from = has_left ? left : right;
    step.to = has_left ? right.term.index : left.term.index;
    planner->is_known[step.to] = true;
    return step;
}

static bool next_test(const Planner *planner, uint32_t *out)
{
    const RuleForm *const form = planner->form;
    for (*out = 0; *out < form->rule->body_count; ++*out)
        if (!planner->is_done[*out] && is_ready(planner, &form->rule->body[*out], &form->body[*out]))
            return true;
    return false;
}

/* Whether KG_INFERRED may have matches. */
static BaseStatus look_inferred(Maintenance *with, const TripleAtom *atom, bool *out)
{
    uint64_t count = 0;
    const KgTriple pattern = constants_of(with, atom);
    BaseStatus status = BASE_OK;
    if (!is_unknown(pattern))
        status = kg_count(with->txn, KG_IN(KG_INFERRED), pattern, &count, with->err);
    *out = count > 0;
    return status;
}

static BaseStatus order(Planner *planner, Way *way)
{
    const RuleForm *const form = planner->form;
    BaseStatus status = BASE_OK;
    for (;;) {
        uint32_t b;
        WayStep step;
        if (next_test(planner, &b)) {
            step = test_step(planner, b);
        } else {
            status = choose_atom(planner, &b);
            if (status != BASE_OK || b == NOWHERE)
                return status;
            step = (WayStep){.kind = WAY_ATOM, .literal = b};
            take_atom(planner, &form->body[b]);
        }
        planner->is_done[b] = true;
        if (step.kind == WAY_ABSENT && form->body[b].is_dead)
            continue;
        if (step.kind == WAY_ATOM || step.kind == WAY_ABSENT)
            status = look_inferred(planner->with, &form->body[b], &step.is_inferred);
        if (status != BASE_OK)
            return status;
        way->steps[way->count++] = step;
    }
}

BaseStatus reasoner_plan_way(Maintenance *with, const RuleForm *form, const TripleAtom *given, uint32_t done, Way *way)
{
    const Rule *const rule = form->rule;
    if (way->is_planned)
        return BASE_OK;
    Planner planner = {with, form, calloc(rule->variable_count + 1, sizeof(bool)),
                       calloc(rule->body_count + 1, sizeof(bool))};
    way->steps = base_arena_alloc(&with->memory, rule->body_count + 1, sizeof *way->steps);
    BaseStatus status = planner.is_known && planner.is_done && way->steps ? BASE_OK : no_memory(with);
    if (status == BASE_OK) {
        for (int t = 0; given && t < 3; t++)
            if (given->terms[t].is_variable && rule->is_safe[given->terms[t].index])
                planner.is_known[given->terms[t].index] = true;
        if (done != NOWHERE)
            planner.is_done[done] = true;
        status = order(&planner, way);
        way->is_planned = status == BASE_OK;
    }
    free(planner.is_known);
    free(planner.is_done);
    return status;
}
