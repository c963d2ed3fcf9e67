/* Why a fact does not hold: per rule whose head fits, the instance that lacks the least. A missing premise that no fact
 * of its kind is asserted for is looked into in turn, a few rules deep, so that what is named in the end are facts that
 * could be asserted. Of the answers that is nearest which lacks the fewest of these, then whose other premises are
 * closest to what is asserted, then which takes the fewest rules, and then of which more holds. */
#include "reasoner/explain.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_LIMIT = 20,
    ROWS_PER_RULE = 200000, /* facts looked at for one rule; fewer for missing premises */
    ROWS_BELOW = 20000,
    INSTANCES = 64,  /* of one rule that are compared, by what they have */
    LOOKED_INTO = 4, /* and by what they lack, of those */
    DEEPEST = 3,     /* rules below one another */
    SEARCHES = 400,  /* of rules for missing premises, in all */
};

typedef struct Miss Miss;

/* A missing premise. */
typedef struct Gap {
    ReasonerProof *node;
    uint32_t relation;
    const uint32_t
        *tuple; /* of a positive premise whose terms are all known; of a negated one, what fits it; or NULL */
    bool is_negated;
    Miss *nearest; /* what would give it; NULL: nothing is told of it */
} Gap;

/* An instance of a rule that nearly gives the goal. */
struct Miss {
    ReasonerProof *node;
    Premise *premises; /* those that hold */
    size_t premise_count;
    Gap *gaps;
    size_t gap_count;
    /* Facts lacking in the end, heights of the premises that hold, rules below this one, premises that hold. */
    uint32_t cost, heights, depth, held;
};

typedef struct Goal Goal;
struct Goal {
    uint32_t relation, depth;
    const uint32_t *tuple;
    const Goal *above;
};

typedef struct Misses {
    Miss *items;
    size_t count, capacity;
} Misses;

typedef struct Asking {
    Case *with;
    ReasonerExplanation *out;
    const Goal *goal;
    Misses found; /* instances of the rule at hand */
    uint32_t searches_left;
    BaseStatus status;
    BaseError *err;
} Asking;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

static bool is_nearer(const Miss *a, const Miss *b)
{
    return a->cost != b->cost         ? a->cost < b->cost
           : a->heights != b->heights ? a->heights < b->heights
           : a->depth != b->depth     ? a->depth < b->depth
                                      : a->held > b->held;
}

/* ---- Instances ----------------------------------------------------------------------------------------------- */

static uint32_t *copy_atom(const Asking *asking, const Search *instance, const Atom *atom)
{
    const uint32_t arity = asking->with->program->relations.items[atom->relation].arity;
    uint32_t *const tuple = base_arena_alloc(asking->with->arena, arity, sizeof *tuple);
    for (uint32_t c = 0; tuple && c < arity; c++)
        tuple[c] = reasoner_search_term(instance, atom->arguments[c]);
    return tuple;
}

static bool is_known(const Search *instance, const Atom *atom)
{
    for (uint32_t c = 0; c < instance->facts->program->relations.items[atom->relation].arity; c++)
        if (reasoner_search_term(instance, atom->arguments[c]) == OPEN_TERM)
            return false;
    return true;
}

/* Whether the atom is a fact that is asked about already: the instance would lead nowhere. */
static bool is_asked(const Asking *asking, const Search *instance, const Atom *atom)
{
    const uint32_t arity = asking->with->program->relations.items[atom->relation].arity;
    for (const Goal *goal = asking->goal; goal; goal = goal->above) {
        bool is_same = goal->relation == atom->relation;
        for (uint32_t c = 0; c < arity && is_same; c++)
            is_same = reasoner_search_term(instance, atom->arguments[c]) == goal->tuple[c];
        if (is_same)
            return true;
    }
    return false;
}

/* An atom may be called missing when nothing fits it, and its fact is not what is asked about. */
static BaseStatus is_honest(const Asking *asking, Search *instance, bool *out)
{
    BaseStatus status = BASE_OK;
    *out = true;
    for (uint32_t b = 0; b < instance->rule->body_count && *out && status == BASE_OK; b++) {
        const Literal *const literal = &instance->rule->body[b];
        bool is_found = false;
        if (literal->is_comparison || literal->atom.is_negated)
            continue;
        *out = !is_asked(asking, instance, &literal->atom);
        if (*out && instance->states[b] == LITERAL_MISSING)
            status = reasoner_search_fits(instance, &literal->atom, NULL, &is_found);
        *out = *out && !is_found;
    }
    return status;
}

static BaseStatus fill_gap(const Asking *asking, Search *instance, uint32_t b, const ReasonerProof *node, Gap *gap)
{
    const Literal *const literal = &instance->rule->body[b];
    *gap = (Gap){.node = node->children[b]};
    if (literal->is_comparison)
        return BASE_OK;
    gap->relation = literal->atom.relation;
    gap->is_negated = literal->atom.is_negated;
    if (!gap->is_negated && !is_known(instance, &literal->atom))
        return BASE_OK;
    uint32_t *const tuple = copy_atom(asking, instance, &literal->atom);
    bool is_found = false;
    gap->tuple = tuple;
    if (!tuple)
        return no_memory(asking->err);
    return gap->is_negated ? reasoner_search_fits(instance, &literal->atom, tuple, &is_found) : BASE_OK;
}

static BaseStatus fill_miss(Asking *asking, Search *instance, Miss *miss)
{
    const Goal *const goal = asking->goal;
    const Rule *const rule = instance->rule;
    BaseStatus status = reasoner_node_fact(asking->with, goal->relation, goal->tuple, &miss->node, asking->err);
    if (status != BASE_OK)
        return status;
    miss->node->kind = REASONER_DERIVED;
    miss->node->missing = instance->missing;
    miss->node->number = reasoner_case_number(asking->with, goal->relation, goal->tuple, miss->node);
    miss->gaps = base_arena_alloc(asking->with->arena, instance->missing + 1, sizeof *miss->gaps);
    if (miss->node->number == 0 || !miss->gaps)
        return no_memory(asking->err);
    status =
        reasoner_grow_instance(asking->with, miss->node, instance, &miss->premises, &miss->premise_count, asking->err);
    miss->held = (uint32_t)miss->premise_count;
    for (size_t p = 0; p < miss->premise_count && status == BASE_OK; p++)
        miss->heights += miss->premises[p].height;
    for (uint32_t b = 0; b < rule->body_count && status == BASE_OK; b++)
        if (instance->states[b] == LITERAL_MISSING)
            status = fill_gap(asking, instance, b, miss->node, &miss->gaps[miss->gap_count++]);
    return status;
}

static bool take_instance(void *context, Search *instance)
{
    Asking *const asking = context;
    Miss miss = {0};
    bool is_wanted = false;
    asking->status = is_honest(asking, instance, &is_wanted);
    if (asking->status == BASE_OK && is_wanted) {
        asking->status = fill_miss(asking, instance, &miss);
        if (asking->status == BASE_OK && !BASE_PUSH(&asking->found, miss))
            asking->status = no_memory(asking->err);
    }
    return asking->status != BASE_OK || asking->found.count >= INSTANCES;
}

/* An aggregate whose group has matches gives something else than what is asked. */
static BaseStatus search_aggregate(Asking *asking, const Rule *rule, uint32_t head, bool *gives)
{
    const Goal *const goal = asking->goal;
    const Atom *const atom = &rule->heads[head];
    Tally tally;
    Miss miss = {0};
    bool is_found;
    uint32_t value, column = 0;
    BaseStatus status =
        reasoner_tally_open(asking->with->facts, rule, head, goal->tuple, UINT32_MAX, &tally, asking->err);
    if (status == BASE_OK)
        status = reasoner_tally_find(&tally, &is_found, &value, asking->err);
    *gives = tally.rows.count > 0;
    while (!atom->arguments[column].is_variable || atom->arguments[column].index != atom->aggregate->result)
        column++;
    if (status == BASE_OK && *gives)
        status = reasoner_node_fact(asking->with, goal->relation, goal->tuple, &miss.node, asking->err);
    if (status == BASE_OK && *gives) {
        miss.node->kind = REASONER_DERIVED;
        miss.node->missing = 1;
        miss.node->number = reasoner_case_number(asking->with, goal->relation, goal->tuple, miss.node);
        miss.node->children = base_arena_alloc(asking->with->arena, 1, sizeof *miss.node->children);
        miss.gaps = base_arena_alloc(asking->with->arena, 1, sizeof *miss.gaps);
        miss.node->child_count = miss.gap_count = 1;
        if (!miss.node->children || !miss.gaps || miss.node->number == 0)
            status = no_memory(asking->err);
    }
    if (status == BASE_OK && *gives)
        status = reasoner_node_rule(asking->with, rule, miss.node, asking->err);
    if (status == BASE_OK && *gives)
        status = reasoner_node_other(asking->with, atom->aggregate, value, goal->tuple[column], &miss.node->children[0],
                                     asking->err);
    if (status == BASE_OK && *gives) {
        miss.gaps[0] = (Gap){.node = miss.node->children[0]};
        status = BASE_PUSH(&asking->found, miss) ? BASE_OK : no_memory(asking->err);
    }
    reasoner_tally_close(&tally);
    return status;
}

/* The instances of one rule head that lack the fewest literals, in asking->found. */
static BaseStatus search_head(Asking *asking, const Rule *rule, uint32_t head)
{
    BaseStatus status = BASE_OK;
    bool gives = false;
    asking->found.count = 0;
    if (rule->heads[head].aggregate)
        status = search_aggregate(asking, rule, head, &gives);
    if (status != BASE_OK || gives)
        return status;
    for (uint32_t missing = 0; missing <= rule->body_count && asking->found.count == 0 && status == BASE_OK;
         missing++) {
        BaseArena scratch = {0};
        Search search = {.facts = asking->with->facts,
                         .rule = rule,
                         .most_missing = missing,
                         .most_height = UINT32_MAX,
                         .rows_left = asking->goal->depth == 0 ? ROWS_PER_RULE : ROWS_BELOW,
                         .found = take_instance,
                         .context = asking};
        status = reasoner_search(&search, head, asking->goal->tuple, &scratch, asking->err);
        if (status == BASE_OK)
            status = asking->status;
        asking->out->is_cut |= search.rows_left == 0 && asking->goal->depth == 0;
        base_arena_free(&scratch);
    }
    return status;
}

/* ---- Missing premises ---------------------------------------------------------------------------------------- */

static BaseStatus find_misses(Asking *asking, const Goal *goal, Misses *out);

/* The nearest way to a missing premise; *nearest NULL: none was found, or it could be asserted itself. */
static BaseStatus look_into(Asking *asking, const Gap *gap, const Goal *goal, Miss **nearest)
{
    bool is_given = false;
    Misses found = {0};
    *nearest = NULL;
    if (!gap->tuple || gap->is_negated || goal->depth + 1 >= DEEPEST)
        return BASE_OK;
    BaseStatus status =
        reasoner_facts_are_given(asking->with->facts, gap->relation, gap->tuple, &is_given, asking->err);
    if (status != BASE_OK || is_given)
        return status;
    const Goal below = {.relation = gap->relation, .depth = goal->depth + 1, .tuple = gap->tuple, .above = goal};
    status = find_misses(asking, &below, &found);
    for (size_t i = 0; i < found.count && status == BASE_OK; i++)
        if (!*nearest || is_nearer(&found.items[i], *nearest))
            *nearest = &found.items[i];
    if (status == BASE_OK && *nearest) {
        Miss *const kept = base_arena_alloc(asking->with->arena, 1, sizeof *kept);
        if (kept)
            *kept = **nearest;
        else
            status = no_memory(asking->err);
        *nearest = kept;
    }
    free(found.items);
    return status;
}

/* What the instance lacks in the end. */
static BaseStatus weigh(Asking *asking, const Goal *goal, Miss *miss)
{
    BaseStatus status = BASE_OK;
    for (size_t g = 0; g < miss->gap_count && status == BASE_OK; g++) {
        Gap *const gap = &miss->gaps[g];
        status = look_into(asking, gap, goal, &gap->nearest);
        const bool is_deep = gap->tuple && !gap->is_negated;
        miss->cost += gap->nearest ? gap->nearest->cost : 1;
        miss->held += gap->nearest ? gap->nearest->held : 0;
        miss->heights += gap->nearest ? gap->nearest->heights : 0;
        bool is_given = !is_deep;
        if (status == BASE_OK && is_deep && !gap->nearest)
            status = reasoner_facts_are_given(asking->with->facts, gap->relation, gap->tuple, &is_given, asking->err);
        const uint32_t depth = gap->nearest ? gap->nearest->depth + 1 : is_given ? 0 : DEEPEST;
        miss->depth = depth > miss->depth ? depth : miss->depth;
    }
    return status;
}

/* Insertion keeps equal ones in their order. */
static void sort_misses(Misses *misses)
{
    for (size_t i = 1; i < misses->count; i++) {
        const Miss moved = misses->items[i];
        size_t at = i;
        for (; at > 0 && is_nearer(&moved, &misses->items[at - 1]); at--)
            misses->items[at] = misses->items[at - 1];
        misses->items[at] = moved;
    }
}

/* Of the instances found of one rule, the nearest. */
static BaseStatus keep_nearest(Asking *asking, const Goal *goal, Misses *out)
{
    Misses instances = asking->found;
    BaseStatus status = BASE_OK;
    asking->found = (Misses){0}; /* looking into premises finds others */
    sort_misses(&instances);
    instances.count = instances.count < LOOKED_INTO ? instances.count : LOOKED_INTO;
    for (size_t i = 0; i < instances.count && status == BASE_OK; i++)
        status = weigh(asking, goal, &instances.items[i]);
    sort_misses(&instances);
    if (status == BASE_OK && instances.count > 0 && !BASE_PUSH(out, instances.items[0]))
        status = no_memory(asking->err);
    free(instances.items);
    return status;
}

/* The nearest instance of each rule head. */
static BaseStatus find_misses(Asking *asking, const Goal *goal, Misses *out)
{
    const ReasonerProgram *const program = asking->with->program;
    BaseStatus status = BASE_OK;
    for (size_t r = 0; r < program->rules.count && status == BASE_OK; r++) {
        const Rule *const rule = &program->rules.items[r];
        for (uint32_t h = 0; h < rule->head_count && status == BASE_OK; h++) {
            if (rule->heads[h].relation != goal->relation || (goal->depth > 0 && asking->searches_left == 0))
                continue;
            asking->searches_left -= goal->depth > 0;
            asking->goal = goal;
            status = search_head(asking, rule, h);
            if (status == BASE_OK)
                status = keep_nearest(asking, goal, out);
        }
    }
    return status;
}

/* ---- Handing out --------------------------------------------------------------------------------------------- */

static BaseStatus grow(Asking *asking, const Miss *miss, bool with_trees);

/* Below a missing premise stands what would give it; below a negated one, what fits it. */
static BaseStatus grow_gap(Asking *asking, const Gap *gap, bool with_trees)
{
    ReasonerProof *const node = gap->node;
    if (gap->nearest) {
        const ReasonerProof *const nearest = gap->nearest->node;
        node->rule_name = nearest->rule_name;
        node->rule_text = nearest->rule_text;
        node->rule_place = nearest->rule_place;
        node->children = nearest->children;
        node->child_count = nearest->child_count;
        node->missing = nearest->missing;
        node->number = nearest->number;
        return grow(asking, gap->nearest, with_trees);
    }
    if (!gap->is_negated)
        return BASE_OK;
    Premise fact = {.relation = gap->relation, .tuple = gap->tuple};
    node->children = base_arena_alloc(asking->with->arena, 1, sizeof *node->children);
    BaseStatus status = node->children ? BASE_OK : no_memory(asking->err);
    if (status == BASE_OK)
        status = reasoner_node_fact(asking->with, gap->relation, gap->tuple, &fact.node, asking->err);
    if (status == BASE_OK)
        status = reasoner_facts_height(asking->with->facts, gap->relation, gap->tuple, &fact.height, asking->err);
    if (status != BASE_OK)
        return status;
    node->children[0] = fact.node;
    node->child_count = 1;
    return reasoner_grow_premises(asking->with, &fact, 1, with_trees, asking->err);
}

/* In the order of reading, so that a conclusion is proved where it is met first. */
static BaseStatus grow(Asking *asking, const Miss *miss, bool with_trees)
{
    BaseStatus status = BASE_OK;
    for (size_t c = 0; c < miss->node->child_count && status == BASE_OK; c++) {
        const ReasonerProof *const child = miss->node->children[c];
        for (size_t p = 0; p < miss->premise_count && status == BASE_OK; p++)
            if (miss->premises[p].node == child)
                status = reasoner_grow_premises(asking->with, &miss->premises[p], 1, with_trees, asking->err);
        for (size_t g = 0; g < miss->gap_count && status == BASE_OK; g++)
            if (miss->gaps[g].node == child)
                status = grow_gap(asking, &miss->gaps[g], with_trees);
    }
    return status;
}

static BaseStatus hand_out(Asking *asking, Misses *misses, const ReasonerProveOptions *options)
{
    ReasonerExplanation *const out = asking->out;
    const size_t limit = options && options->limit ? options->limit : DEFAULT_LIMIT;
    sort_misses(misses);
    out->count = misses->count < limit ? misses->count : limit;
    out->is_cut |= misses->count > limit;
    out->items = base_arena_alloc(&out->memory, out->count + 1, sizeof *out->items);
    BaseStatus status = out->items ? BASE_OK : no_memory(asking->err);
    for (size_t i = 0; i < out->count && status == BASE_OK; i++) {
        out->items[i] = misses->items[i].node;
        status = grow(asking, &misses->items[i], options && options->with_trees);
    }
    return status;
}

BaseStatus reasoner_find_misses(Case *with, uint32_t relation, const uint32_t *tuple,
                                const ReasonerProveOptions *options, ReasonerExplanation *out, BaseError *err)
{
    Asking asking = {.with = with, .out = out, .searches_left = SEARCHES, .err = err};
    const Goal goal = {.relation = relation, .tuple = tuple};
    Misses found = {0};
    BaseStatus status = relation != NOWHERE ? find_misses(&asking, &goal, &found) : BASE_OK;
    if (status == BASE_OK)
        status = hand_out(&asking, &found, options);
    free(found.items);
    free(asking.found.items);
    return status;
}
