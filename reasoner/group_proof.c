/* Why a fact of an aggregate holds: all matches of the rule's body for its group are looked up, each distinct input
 * keeps its lowest one, and the fold over the inputs must give the fact. The proof has, for each input, the literals of
 * its match as children, and behind them what was folded. */
#include "reasoner/explain.h"

#include "reasoner/functions.h"

#include <stdlib.h>
#include <string.h>

enum { INPUTS_SHOWN = 100 };

/* A match of the body: its binding and heights, in `memory`. */
typedef struct Witness {
    const uint32_t *binding, *heights;
    uint32_t height; /* of the highest premise */
} Witness;

typedef struct GroupProof {
    Case *with;
    const Rule *rule;
    const Aggregate *aggregate;
    struct {
        Witness *items;
        size_t count, capacity;
    } witnesses;
    BaseMap places; /* hash of group, input and distinct values to place in `witnesses` */
    BaseArena memory;
    BaseStatus status;
    BaseError *err;
} GroupProof;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

static uint32_t value_of(const uint32_t *binding, Term term)
{
    return term.is_variable ? binding[term.index] : term.index;
}

static bool same_group(const Aggregate *aggregate, const uint32_t *a, const uint32_t *b)
{
    for (uint32_t g = 0; g < aggregate->group_count; g++)
        if (value_of(a, aggregate->groups[g]) != value_of(b, aggregate->groups[g]))
            return false;
    return true;
}

static bool same_input(const Aggregate *aggregate, const uint32_t *a, const uint32_t *b)
{
    if (!same_group(aggregate, a, b) || value_of(a, aggregate->input) != value_of(b, aggregate->input))
        return false;
    for (uint32_t d = 0; d < aggregate->distinct_count; d++)
        if (value_of(a, aggregate->distinct[d]) != value_of(b, aggregate->distinct[d]))
            return false;
    return true;
}

static uint64_t hash_input(const Aggregate *aggregate, const uint32_t *binding)
{
    uint64_t hash = base_mix(value_of(binding, aggregate->input));
    for (uint32_t g = 0; g < aggregate->group_count; g++)
        hash = base_mix(hash + value_of(binding, aggregate->groups[g]));
    for (uint32_t d = 0; d < aggregate->distinct_count; d++)
        hash = base_mix(hash ^ value_of(binding, aggregate->distinct[d]));
    return hash >> 1;
}

/* ---- Inputs -------------------------------------------------------------------------------------------------- */

/* The input's entry, made when it is new. NULL: no memory. */
static Witness *find_witness(GroupProof *proof, const uint32_t *binding, bool *is_new)
{
    for (uint64_t key = hash_input(proof->aggregate, binding);; key++) {
        const uint64_t *const place = base_map_put(&proof->places, key, proof->witnesses.count, is_new);
        if (!place)
            return NULL;
        if (*is_new)
            return BASE_PUSH(&proof->witnesses, (Witness){0}) ? &proof->witnesses.items[*place] : NULL;
        if (same_input(proof->aggregate, proof->witnesses.items[*place].binding, binding))
            return &proof->witnesses.items[*place];
    }
}

static const uint32_t *keep(GroupProof *proof, const uint32_t *values, uint32_t count)
{
    uint32_t *const copy = base_arena_alloc(&proof->memory, count + 1, sizeof *copy);
    if (copy && count > 0)
        memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static bool take_match(void *context, Search *instance)
{
    GroupProof *const proof = context;
    uint32_t height = 0;
    bool is_new;
    for (uint32_t b = 0; b < proof->rule->body_count; b++)
        height = instance->heights[b] > height ? instance->heights[b] : height;
    Witness *const witness = find_witness(proof, instance->binding, &is_new);
    if (witness && (is_new || height < witness->height)) {
        *witness = (Witness){keep(proof, instance->binding, proof->rule->variable_count),
                             keep(proof, instance->heights, proof->rule->body_count), height};
    }
    if (!witness || !witness->binding || !witness->heights)
        proof->status = no_memory(proof->err);
    return proof->status != BASE_OK;
}

/* ---- Folding ------------------------------------------------------------------------------------------------- */

/* What the group of this witness gives, NO_VALUE when nothing; *count: its inputs, put first among the witnesses from
 * `from`. */
static BaseStatus fold(GroupProof *proof, size_t from, uint32_t *value, size_t *count)
{
    const Aggregate *const aggregate = proof->aggregate;
    Values *const values = proof->with->facts->values;
    Witness *const items = proof->witnesses.items;
    uint32_t *const inputs = malloc((proof->witnesses.count + 1) * sizeof *inputs);
    uint32_t *const binding = malloc((proof->rule->variable_count + 1) * sizeof *binding);
    BaseStatus status = inputs && binding ? BASE_OK : no_memory(proof->err);
    *count = 0;
    for (size_t i = from; i < proof->witnesses.count && status == BASE_OK; i++) {
        if (!same_group(aggregate, items[from].binding, items[i].binding))
            continue;
        const Witness kept = items[i];
        items[i] = items[from + *count];
        items[from + *count] = kept;
        inputs[(*count)++] = value_of(kept.binding, aggregate->input);
    }
    if (status == BASE_OK) {
        memcpy(binding, items[from].binding, proof->rule->variable_count * sizeof *binding);
        status = reasoner_fold(aggregate->kind, inputs, *count, values, &binding[aggregate->folded], proof->err);
    }
    *value = status == BASE_OK && (!aggregate->around ||
                                   reasoner_compute(aggregate->around, binding, values, &binding[aggregate->result]))
                 ? binding[aggregate->result]
                 : NO_VALUE;
    free(inputs);
    free(binding);
    return status == BASE_NOT_FOUND ? BASE_OK : status;
}

/* ---- Nodes --------------------------------------------------------------------------------------------------- */

typedef struct Premises {
    Premise *items;
    size_t count, capacity;
} Premises;

/* The literals of one match, as children from `at` on. */
static BaseStatus add_match(GroupProof *proof, const Witness *witness, ReasonerProof *node, size_t at,
                            LiteralState *states, Premises *premises)
{
    Case *const with = proof->with;
    const Search instance = {.facts = with->facts,
                             .rule = proof->rule,
                             .binding = (uint32_t *)(uintptr_t)witness->binding,
                             .heights = (uint32_t *)(uintptr_t)witness->heights,
                             .states = states};
    for (uint32_t b = 0; b < proof->rule->body_count; b++) {
        const Literal *const literal = &proof->rule->body[b];
        ReasonerProof *child;
        const BaseStatus status = reasoner_node_literal(with, &instance, b, &child, proof->err);
        if (status != BASE_OK)
            return status;
        node->children[at + b] = child;
        const bool is_external = reasoner_is_external(with->program, literal);
        child->kind =
            literal->is_comparison || (is_external && !literal->atom.is_negated) ? REASONER_COMPARED : REASONER_NEGATED;
        if (literal->is_comparison || literal->atom.is_negated || is_external)
            continue;
        const uint32_t arity = with->program->relations.items[literal->atom.relation].arity;
        uint32_t *const tuple = base_arena_alloc(with->arena, arity, sizeof *tuple);
        for (uint32_t c = 0; tuple && c < arity; c++)
            tuple[c] = value_of(witness->binding, literal->atom.arguments[c]);
        if (!tuple || !BASE_PUSH(premises, (Premise){child, literal->atom.relation, witness->heights[b], tuple}))
            return no_memory(proof->err);
    }
    return BASE_OK;
}

/* "#sum of 3 inputs = 12", and that not all of them are shown. */
static BaseStatus add_fold(GroupProof *proof, ReasonerProof *node, size_t at, size_t count, uint32_t value)
{
    static const char *const names[] = {
        [AGGREGATE_COUNT] = "count", [AGGREGATE_SUM] = "sum", [AGGREGATE_MIN] = "min", [AGGREGATE_MAX] = "max"};
    BaseBuffer text = {0};
    ReasonerProof *const child = base_arena_alloc(proof->with->arena, 1, sizeof *child);
    BaseStatus status =
        child && base_buffer_format(&text, "#%s of %zu input%s%s gives ", names[proof->aggregate->kind], count,
                                    count == 1 ? "" : "s", count > INPUTS_SHOWN ? ", of which 100 are shown," : "")
            ? BASE_OK
            : no_memory(proof->err);
    if (status == BASE_OK && value == NO_VALUE && !base_buffer_format(&text, "nothing"))
        status = no_memory(proof->err);
    if (status == BASE_OK && value != NO_VALUE)
        status = reasoner_facts_write(proof->with->facts, value, &text, proof->err);
    if (status == BASE_OK) {
        child->kind = REASONER_COMPARED;
        child->text = base_arena_copy(proof->with->arena, text.items, text.count);
        node->children[at] = child;
        status = child->text ? BASE_OK : no_memory(proof->err);
    }
    base_buffer_free(&text);
    return status;
}

static BaseStatus build(GroupProof *proof, size_t from, size_t count, uint32_t value, ReasonerProof *node,
                        Premises *premises)
{
    const size_t shown = count < INPUTS_SHOWN ? count : INPUTS_SHOWN, literals = proof->rule->body_count;
    LiteralState *const states = base_arena_alloc(&proof->memory, literals + 1, sizeof *states);
    node->children = base_arena_alloc(proof->with->arena, shown * literals + 1, sizeof(ReasonerProof *));
    if (!states || !node->children)
        return no_memory(proof->err);
    for (size_t b = 0; b < literals; b++)
        states[b] = LITERAL_HOLDS;
    BaseStatus status = reasoner_node_rule(proof->with, proof->rule, node, proof->err);
    for (size_t i = 0; i < shown && status == BASE_OK; i++)
        status = add_match(proof, &proof->witnesses.items[from + i], node, i * literals, states, premises);
    if (status == BASE_OK)
        status = add_fold(proof, node, shown * literals, count, value);
    node->child_count = status == BASE_OK ? shown * literals + 1 : 0;
    return status;
}

/* The highest first, so that what is shown tells the height; then as they were found. */
static int by_height(const void *a, const void *b)
{
    const Witness *const left = a, *const right = b;
    return left->height != right->height ? (left->height < right->height) - (left->height > right->height) : 0;
}

/* Premises go onto a stack, last first. */
static BaseStatus hand_over(GroupProof *proof, const Premises *premises, Premise **out, size_t *count)
{
    *out = base_arena_alloc(proof->with->arena, premises->count + 1, sizeof **out);
    if (!*out)
        return no_memory(proof->err);
    *count = premises->count;
    for (size_t i = 0; i < premises->count; i++)
        (*out)[i] = premises->items[premises->count - 1 - i];
    return BASE_OK;
}

static GroupProof open_proof(Case *with, const Rule *rule, uint32_t head, BaseError *err)
{
    return (GroupProof){.with = with, .rule = rule, .aggregate = rule->heads[head].aggregate, .err = err};
}

static void close_proof(GroupProof *proof)
{
    free(proof->witnesses.items);
    base_map_free(&proof->places);
    base_arena_free(&proof->memory);
}

static BaseStatus find_inputs(GroupProof *proof, uint32_t head, const uint32_t *tuple)
{
    Search search = {.facts = proof->with->facts,
                     .rule = proof->rule,
                     .most_height = UINT32_MAX,
                     .rows_left = UINT64_MAX,
                     .found = take_match,
                     .context = proof};
    const BaseStatus status = reasoner_search(&search, head, tuple, &proof->memory, proof->err);
    return status == BASE_OK ? proof->status : status;
}

/* What the fact has in the column of the aggregate. */
static uint32_t folded_column(const GroupProof *proof, uint32_t head, const uint32_t *tuple)
{
    const Atom *const atom = &proof->rule->heads[head];
    for (uint32_t c = 0; c < proof->with->program->relations.items[atom->relation].arity; c++)
        if (atom->arguments[c].is_variable && atom->arguments[c].index == proof->aggregate->result)
            return tuple[c];
    return NO_VALUE;
}

BaseStatus reasoner_grow_group(Case *with, ReasonerProof *node, const Rule *rule, uint32_t head, const uint32_t *tuple,
                               Premise **premises, size_t *count, bool *found, BaseError *err)
{
    GroupProof proof = open_proof(with, rule, head, err);
    Premises pending = {0};
    *found = false;
    *count = 0;
    BaseStatus status = find_inputs(&proof, head, tuple);
    for (size_t from = 0, inputs; from < proof.witnesses.count && status == BASE_OK && !*found; from += inputs) {
        uint32_t value = NO_VALUE;
        status = fold(&proof, from, &value, &inputs);
        *found = status == BASE_OK && value != NO_VALUE && value == folded_column(&proof, head, tuple);
        if (!*found)
            continue;
        qsort(proof.witnesses.items + from, inputs, sizeof *proof.witnesses.items, by_height);
        node->height = 1 + proof.witnesses.items[from].height;
        status = build(&proof, from, inputs, value, node, &pending);
        if (status == BASE_OK)
            status = hand_over(&proof, &pending, premises, count);
    }
    free(pending.items);
    close_proof(&proof);
    return status;
}

BaseStatus reasoner_miss_group(Case *with, ReasonerProof *node, const Rule *rule, uint32_t head, const uint32_t *tuple,
                               BaseError *err)
{
    GroupProof proof = open_proof(with, rule, head, err);
    uint32_t value = NO_VALUE;
    size_t inputs = 0;
    node->children = base_arena_alloc(with->arena, 1, sizeof *node->children);
    BaseStatus status = node->children ? find_inputs(&proof, head, tuple) : no_memory(err);
    if (status == BASE_OK && proof.witnesses.count > 0)
        status = fold(&proof, 0, &value, &inputs);
    if (status == BASE_OK)
        status = reasoner_node_rule(with, rule, node, err);
    if (status == BASE_OK)
        status = add_fold(&proof, node, 0, inputs, value);
    if (status == BASE_OK) {
        node->child_count = 1;
        node->children[0]->kind = REASONER_MISSING;
    }
    close_proof(&proof);
    return status;
}
