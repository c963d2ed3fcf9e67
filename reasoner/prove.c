/* Why a fact holds among the facts of one case: its lowest proof, or all instances of rules that give it. */
#include "reasoner/explain.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 20
#define ROWS_PER_RULE 200000 /* facts looked at for one rule */
#define MOST_OTHERS 10000    /* instances of a forest beside those of the fact itself */

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

/* An item, and the premises that its tree is still to grow from. */
typedef struct Found {
    ReasonerProof *node;
    Premise *premises;
    size_t premise_count;
} Found;

/* The items found so far, of which the best few are kept. */
typedef struct Collection {
    Case *with;
    ReasonerExplanation *out;
    uint32_t relation;
    const uint32_t *tuple;
    struct {
        Found *items;
        size_t count, capacity;
    } found;
    size_t limit;
    BaseStatus status;
    BaseError *err;
} Collection;

static BaseStatus keep(Collection *collection, ReasonerProof *node)
{
    return BASE_PUSH(&collection->found, (Found){.node = node}) ? BASE_OK : no_memory(collection->err);
}

/* Lowest first, equal ones in the order of the rules. */
static void sort_found(Collection *collection)
{
    Found *const items = collection->found.items;
    for (size_t i = 1; i < collection->found.count; i++) { /* insertion keeps equal ones in order */
        const Found moved = items[i];
        size_t at = i;
        for (; at > 0 && moved.node->height < items[at - 1].node->height; at--)
            items[at] = items[at - 1];
        items[at] = moved;
    }
}

/* The best items go out. Their trees grow only now, in the order of reading, so that a conclusion is proved where it is
 * met first. */
static BaseStatus hand_out(Collection *collection)
{
    ReasonerExplanation *const out = collection->out;
    sort_found(collection);
    out->count = collection->found.count < collection->limit ? collection->found.count : collection->limit;
    out->is_cut |= collection->found.count > collection->limit;
    out->items = base_arena_alloc(&out->memory, out->count + 1, sizeof *out->items);
    if (!out->items)
        return no_memory(collection->err);
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < out->count && status == BASE_OK; i++) {
        const Found *const found = &collection->found.items[i];
        out->items[i] = found->node;
        if (found->premise_count > 0)
            status =
                reasoner_grow_premises(collection->with, found->premises, found->premise_count, true, collection->err);
    }
    return status;
}

/* ---- One proof ----------------------------------------------------------------------------------------------- */

static BaseStatus prove_lowest(Collection *collection)
{
    ReasonerProof *root;
    BaseStatus status =
        reasoner_node_fact(collection->with, collection->relation, collection->tuple, &root, collection->err);
    if (status == BASE_OK)
        status = reasoner_grow_proof(collection->with, root, collection->relation, collection->tuple, collection->err);
    return status == BASE_OK ? keep(collection, root) : status;
}

/* ---- All proofs ---------------------------------------------------------------------------------- */

/* Whether the instance has the very fact among its premises, which proves nothing. */
static bool is_circular(const Collection *collection, const Search *instance)
{
    for (uint32_t b = 0; b < instance->rule->body_count; b++) {
        const Literal *const literal = &instance->rule->body[b];
        if (literal->is_comparison || literal->atom.is_negated || literal->atom.relation != collection->relation)
            continue;
        const uint32_t arity = collection->with->program->relations.items[collection->relation].arity;
        bool is_same = true;
        for (uint32_t c = 0; c < arity && is_same; c++)
            is_same = reasoner_search_term(instance, literal->atom.arguments[c]) == collection->tuple[c];
        if (is_same)
            return true;
    }
    return false;
}

/* An item for the instance. */
static BaseStatus add_instance(Collection *collection, const Search *instance)
{
    Found found = {0};
    BaseStatus status =
        reasoner_node_fact(collection->with, collection->relation, collection->tuple, &found.node, collection->err);
    if (status != BASE_OK)
        return status;
    ReasonerProof *const node = found.node;
    node->number = reasoner_case_number(collection->with, collection->relation, collection->tuple, node);
    if (node->number == 0)
        return no_memory(collection->err);
    node->kind = REASONER_DERIVED;
    node->height = 1;
    for (uint32_t b = 0; b < instance->rule->body_count; b++)
        if (instance->states[b] == LITERAL_HOLDS && instance->heights[b] >= node->height)
            node->height = instance->heights[b] + 1;
    status = reasoner_grow_instance(collection->with, node, instance, &found.premises, &found.premise_count,
                                    collection->err);
    if (status == BASE_OK && !BASE_PUSH(&collection->found, found))
        status = no_memory(collection->err);
    return status;
}

/* Takes every instance, up to twice the limit so that the best may be chosen. */
static bool take_any(void *context, Search *instance)
{
    Collection *const collection = context;
    if (is_circular(collection, instance))
        return false;
    collection->status = add_instance(collection, instance);
    return collection->status != BASE_OK || collection->found.count >= 2 * collection->limit;
}

static uint32_t highest_of(const Premise *premises, size_t count)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < count; i++)
        highest = premises[i].height > highest ? premises[i].height : highest;
    return highest;
}

/* What an aggregate gives comes from all matches of a group: one item. */
static BaseStatus search_aggregate(Collection *collection, const Rule *rule, uint32_t head)
{
    Case *const with = collection->with;
    Tally tally;
    uint32_t other;
    bool is_found = false;
    Found found = {0};
    BaseStatus status =
        reasoner_tally_open(with->facts, rule, head, collection->tuple, UINT32_MAX, &tally, collection->err);
    if (status == BASE_OK)
        status = reasoner_tally_find(&tally, &is_found, &other, collection->err);
    if (status == BASE_OK && is_found)
        status = reasoner_node_fact(with, collection->relation, collection->tuple, &found.node, collection->err);
    if (status == BASE_OK && is_found)
        status = reasoner_grow_tally(with, found.node, &tally, &found.premises, &found.premise_count, collection->err);
    if (status == BASE_OK && is_found) {
        found.node->kind = REASONER_DERIVED;
        found.node->height = 1 + highest_of(found.premises, found.premise_count);
        found.node->number = reasoner_case_number(with, collection->relation, collection->tuple, found.node);
        if (found.node->number == 0 || !BASE_PUSH(&collection->found, found))
            status = no_memory(collection->err);
    }
    reasoner_tally_close(&tally);
    return status;
}

/* The instances of one rule head. */
static BaseStatus search_head(Collection *collection, const Rule *rule, uint32_t head)
{
    BaseArena scratch = {0};
    Search search = {.facts = collection->with->facts,
                     .rule = rule,
                     .most_height = UINT32_MAX,
                     .rows_left = ROWS_PER_RULE,
                     .found = take_any,
                     .context = collection};
    BaseStatus status = reasoner_search(&search, head, collection->tuple, &scratch, collection->err);
    if (status == BASE_OK)
        status = collection->status;
    collection->out->is_cut |= search.rows_left == 0;
    base_arena_free(&scratch);
    return status;
}

static BaseStatus search_rules(Collection *collection)
{
    const ReasonerProgram *const program = collection->with->program;
    BaseStatus status = BASE_OK;
    for (size_t r = 0; r < program->rules.count && status == BASE_OK; r++) {
        const Rule *const rule = &program->rules.items[r];
        for (uint32_t h = 0; h < rule->head_count && status == BASE_OK; h++)
            if (rule->heads[h].relation == collection->relation)
                status =
                    rule->heads[h].aggregate ? search_aggregate(collection, rule, h) : search_head(collection, rule, h);
    }
    return status;
}

/* ---- Forests -------------------------------------------------------------------------------------------------- */

static bool is_same_instance(const ReasonerProof *a, const ReasonerProof *b)
{
    if (!a->rule_place || strcmp(a->rule_place, b->rule_place) != 0 || a->child_count != b->child_count)
        return false;
    for (size_t c = 0; c < a->child_count; c++)
        if (strcmp(a->children[c]->text, b->children[c]->text) != 0)
            return false;
    return true;
}

/* The instances of a conclusion but the one that is shown. */
static BaseStatus add_others(const Collection *root, const Shown *shown, size_t *capacity)
{
    ReasonerExplanation *const out = root->out;
    Collection collection = {.with = root->with,
                             .out = out,
                             .relation = shown->relation,
                             .tuple = shown->tuple,
                             .limit = root->limit,
                             .err = root->err};
    BaseStatus status = search_rules(&collection);
    sort_found(&collection);
    for (size_t i = 0, kept = 0; i < collection.found.count && status == BASE_OK; i++) {
        const Found *const found = &collection.found.items[i];
        if (is_same_instance(shown->node, found->node))
            continue;
        out->is_cut |= kept == root->limit || out->other_count == MOST_OTHERS;
        if (kept == root->limit || out->other_count == MOST_OTHERS)
            break;
        kept++;
        if (!base_reserve((void **)&out->others, capacity, out->other_count + 1, sizeof *out->others))
            status = no_memory(root->err);
        else
            out->others[out->other_count++] = found->node;
        if (status == BASE_OK && found->premise_count > 0)
            status = reasoner_grow_premises(root->with, found->premises, found->premise_count, true, root->err);
    }
    free(collection.found.items);
    return status;
}

/* Conclusions come to be shown on the way, and are looked at in turn. */
static BaseStatus grow_forest(const Collection *root)
{
    ReasonerExplanation *const out = root->out;
    Case *const with = root->with;
    BaseStatus status = BASE_OK;
    size_t capacity = 0;
    for (size_t i = 0; i < with->shown.count && status == BASE_OK && out->other_count < MOST_OTHERS; i++) {
        const Shown shown = with->shown.items[i];
        const bool is_root = shown.tuple == root->tuple; /* all its instances are items */
        if (shown.is_proved && shown.node && shown.node->kind == REASONER_DERIVED && !is_root)
            status = add_others(root, &shown, &capacity);
    }
    ReasonerProof **const others = base_arena_alloc(&out->memory, out->other_count + 1, sizeof *others);
    if (others && out->other_count > 0)
        memcpy(others, out->others, out->other_count * sizeof *others);
    free(out->others);
    out->others = others;
    return others || status != BASE_OK ? status : no_memory(root->err);
}

/* ---- The whole -------------------------------------------------------------------------------------------------- */

static Collection collection_for(Case *with, const ReasonerProveOptions *options, ReasonerExplanation *out,
                                 BaseError *err)
{
    return (Collection){
        .with = with, .out = out, .limit = options && options->limit ? options->limit : DEFAULT_LIMIT, .err = err};
}

BaseStatus reasoner_prove_tuple(Case *with, uint32_t relation, const uint32_t *tuple,
                                const ReasonerProveOptions *options, ReasonerProof *asserted, ReasonerExplanation *out,
                                BaseError *err)
{
    Collection collection = collection_for(with, options, out, err);
    const bool all = options && (options->all || options->forest);
    uint32_t height;
    collection.relation = relation;
    collection.tuple = tuple;
    out->count = out->other_count = 0; /* what an earlier try left stays in the arena */
    out->others = NULL;
    out->is_cut = false;
    BaseStatus status = reasoner_facts_height(with->facts, relation, tuple, &height, err);
    if (status == BASE_OK && asserted)
        status = keep(&collection, asserted);
    if (status == BASE_OK && all && height == 0 && !asserted)
        status = prove_lowest(&collection);
    if (status == BASE_OK)
        status = all ? search_rules(&collection) : prove_lowest(&collection);
    if (status == BASE_OK)
        status = hand_out(&collection);
    if (status == BASE_OK && options && options->forest)
        status = grow_forest(&collection);
    /* The lowest instance is among all of them, unless it has premises that are not stored. */
    if (status == BASE_OK && all && (out->count == 0 || out->items[0]->height != height))
        with->is_lost = true;
    free(collection.found.items);
    return status;
}

/* Begins with the fact's relation and tuple; conclusions shown refer to it. BASE_NOT_FOUND, with no message: the
 * program has no relation for it. */
static BaseStatus place(Case *with, bool in_memory, KgTriple fact, BaseArena *memory, uint32_t *relation,
                        uint32_t **tuple, BaseError *err)
{
    *tuple = base_arena_alloc(memory, 3, sizeof **tuple);
    if (!*tuple)
        return no_memory(err);
    const BaseStatus status = reasoner_case_begin(with, in_memory, memory, err);
    return status == BASE_OK ? reasoner_facts_place(with->facts, fact, relation, *tuple, err) : status;
}

BaseStatus reasoner_prove_in(Case *with, bool in_memory, KgTriple fact, const ReasonerProveOptions *options,
                             ReasonerProof *asserted, ReasonerExplanation *out, BaseError *err)
{
    uint32_t relation, *tuple;
    const BaseStatus status = place(with, in_memory, fact, &out->memory, &relation, &tuple, err);
    return status == BASE_OK ? reasoner_prove_tuple(with, relation, tuple, options, asserted, out, err) : status;
}

BaseStatus reasoner_miss_in(Case *with, bool in_memory, KgTriple fact, const ReasonerProveOptions *options,
                            ReasonerExplanation *out, BaseError *err)
{
    uint32_t relation, *tuple;
    const BaseStatus status = place(with, in_memory, fact, &out->memory, &relation, &tuple, err);
    if (status != BASE_OK && status != BASE_NOT_FOUND)
        return status;
    return reasoner_find_misses(with, status == BASE_OK ? relation : NOWHERE, tuple, options, out, err);
}
