/* Proof trees of least height, rebuilt on demand. Every fact's height is that of its lowest proof, so a fact of height
 * h has a rule instance whose premises all lie below h, found by a backward join; each premise has one in turn, down to
 * asserted facts. A conclusion that occurs twice is proved once and referred to from then on, so a tree has no more
 * inner nodes than there are facts below its root. Nodes wait on a stack and not on the call stack: proofs may be deep.
 */
#include "reasoner/explain.h"

#include <stdlib.h>
#include <string.h>

typedef struct Grower {
    Case *with;
    struct {
        Premise *items;
        size_t count, capacity;
    } pending;
    ReasonerProof *node; /* gets the children of the next instance found */
    BaseStatus status;
    BaseError *err;
} Grower;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

/* ---- Conclusions seen ---------------------------------------------------------------------------------------- */

static bool same_tuple(const Shown *shown, uint32_t relation, const uint32_t *tuple, uint32_t arity)
{
    return shown->relation == relation && memcmp(shown->tuple, tuple, arity * sizeof *tuple) == 0;
}

/* The entry of this conclusion, made with the next number when it is new. NULL: no memory. */
static Shown *find_shown(Case *with, uint32_t relation, const uint32_t *tuple)
{
    const uint32_t arity = with->program->relations.items[relation].arity;
    for (uint64_t key = base_hash(tuple, arity * sizeof *tuple, relation) >> 1;; key++) {
        bool is_new;
        const uint64_t *const place = base_map_put(&with->shown_places, key, with->shown.count, &is_new);
        if (!place)
            return NULL;
        if (!is_new && same_tuple(&with->shown.items[*place], relation, tuple, arity))
            return &with->shown.items[*place];
        if (!is_new)
            continue;
        const Shown shown = {.relation = relation, .number = (uint32_t)with->shown.count + 1, .tuple = tuple};
        return BASE_PUSH(&with->shown, shown) ? &with->shown.items[with->shown.count - 1] : NULL;
    }
}

uint32_t reasoner_case_number(Case *with, uint32_t relation, const uint32_t *tuple, const ReasonerProof *node)
{
    Shown *const shown = find_shown(with, relation, tuple);
    if (!shown)
        return 0;
    shown->node = shown->is_proved ? shown->node : node;
    shown->is_proved = true;
    return shown->number;
}

/* ---- One instance -------------------------------------------------------------------------------------------- */

static const uint32_t *copy_tuple(const Grower *grower, const Search *instance, const Atom *atom)
{
    const uint32_t arity = grower->with->program->relations.items[atom->relation].arity;
    uint32_t *const tuple = base_arena_alloc(grower->with->arena, arity, sizeof *tuple);
    for (uint32_t c = 0; tuple && c < arity; c++)
        tuple[c] = reasoner_search_term(instance, atom->arguments[c]);
    return tuple;
}

static BaseStatus add_child(Grower *grower, const Search *instance, uint32_t b)
{
    const Literal *const literal = &instance->rule->body[b];
    ReasonerProof *child;
    const BaseStatus status = reasoner_node_literal(grower->with, instance, b, &child, grower->err);
    if (status != BASE_OK)
        return status;
    grower->node->children[b] = child;
    if (instance->states[b] == LITERAL_MISSING) {
        child->kind = REASONER_MISSING;
    } else if (instance->states[b] == LITERAL_UNTESTED) {
        child->kind = REASONER_UNTESTED;
    } else if (reasoner_is_external(grower->with->program, literal) && !literal->atom.is_negated) {
        child->kind = REASONER_COMPARED;
    } else if (literal->is_comparison || literal->atom.is_negated) {
        child->kind = literal->is_comparison ? REASONER_COMPARED : REASONER_NEGATED;
    } else {
        const Premise pending = {child, literal->atom.relation, instance->heights[b],
                                 copy_tuple(grower, instance, &literal->atom)};
        if (!pending.tuple || !BASE_PUSH(&grower->pending, pending))
            return no_memory(grower->err);
    }
    return BASE_OK;
}

static BaseStatus make_children(const Grower *grower, ReasonerProof *node, size_t count)
{
    node->children = base_arena_alloc(grower->with->arena, count + 1, sizeof *node->children);
    node->child_count = count;
    return node->children ? BASE_OK : no_memory(grower->err);
}

/* Premises go onto the stack last first, so that proofs come in reading order. */
static BaseStatus add_literals(Grower *grower, const Search *instance)
{
    BaseStatus status = make_children(grower, grower->node, instance->rule->body_count);
    for (uint32_t b = instance->rule->body_count; b-- > 0 && status == BASE_OK;)
        status = add_child(grower, instance, b);
    return status;
}

static BaseStatus add_children(Grower *grower, const Search *instance)
{
    const BaseStatus status = reasoner_node_rule(grower->with, instance->rule, grower->node, grower->err);
    return status == BASE_OK ? add_literals(grower, instance) : status;
}

/* The matches that an aggregate folds, below the conclusion. */
static BaseStatus add_matches(Grower *grower, ReasonerProof *node, Tally *tally)
{
    const Aggregate *const aggregate = tally->rule->heads[tally->head].aggregate;
    const size_t shown = reasoner_tally_shown(tally);
    node->left_out = (uint32_t)(tally->group.count - shown);
    BaseStatus status = reasoner_node_rule(grower->with, tally->rule, node, grower->err);
    if (status == BASE_OK)
        status = make_children(grower, node, shown);
    for (size_t i = shown; i-- > 0 && status == BASE_OK;) {
        Search instance;
        status = reasoner_tally_instance(tally, i, &tally->memory, &instance, grower->err);
        if (status == BASE_OK)
            status = reasoner_node_match(grower->with, &instance, aggregate, &node->children[i], grower->err);
        grower->node = node->children[i];
        if (status == BASE_OK)
            status = add_literals(grower, &instance);
    }
    return status;
}

static bool take_instance(void *context, Search *instance)
{
    Grower *const grower = context;
    grower->status = add_children(grower, instance);
    return true;
}

/* ---- One fact ------------------------------------------------------------------------------------------------ */

static BaseStatus read_note(const Grower *grower, KgLayer layer, ReasonerProof *node)
{
    if (!node->is_triple || node->triple.s == KG_ANY || node->triple.p == KG_ANY || node->triple.o == KG_ANY)
        return BASE_OK;
    const BaseStatus status = kg_get(grower->with->txn, layer, node->triple, &node->note, grower->err);
    return status == BASE_NOT_FOUND ? BASE_OK : status;
}

static BaseStatus try_aggregate(Grower *grower, const Premise *fact, const Rule *rule, uint32_t head, bool *found)
{
    Tally tally;
    uint32_t other;
    BaseStatus status =
        reasoner_tally_open(grower->with->facts, rule, head, fact->tuple, fact->height - 1, &tally, grower->err);
    if (status == BASE_OK)
        status = reasoner_tally_find(&tally, found, &other, grower->err);
    if (status == BASE_OK && *found)
        status = add_matches(grower, fact->node, &tally);
    reasoner_tally_close(&tally);
    return status;
}

/* Looks for an instance of the rule that gives the fact from lower ones; *found says whether there is one. */
static BaseStatus try_rule(Grower *grower, const Premise *fact, const Rule *rule, bool *found)
{
    BaseArena *const arena = grower->with->arena;
    for (uint32_t h = 0; h < rule->head_count && !*found; h++) {
        if (rule->heads[h].relation != fact->relation)
            continue;
        if (rule->heads[h].aggregate) {
            const BaseStatus status = try_aggregate(grower, fact, rule, h, found);
            if (status != BASE_OK)
                return status;
            continue;
        }
        const BaseArenaMark start = base_arena_mark(arena);
        Search search = {.facts = grower->with->facts,
                         .rule = rule,
                         .most_height = fact->height - 1,
                         .rows_left = UINT64_MAX,
                         .found = take_instance,
                         .context = grower};
        grower->node = fact->node;
        const BaseStatus status = reasoner_search(&search, h, fact->tuple, arena, grower->err);
        if (status != BASE_OK || grower->status != BASE_OK)
            return status != BASE_OK ? status : grower->status;
        *found = search.is_enough;
        if (!*found)
            base_arena_rewind(arena, start);
    }
    return BASE_OK;
}

/* The rule that the database notes, where that rule is of the program at hand. */
static BaseStatus name_rule(Grower *grower, ReasonerProof *node)
{
    const Case *const with = grower->with;
    if (!with->owned || node->note.source == 0 || node->note.rule >= with->program->rules.count)
        return BASE_OK;
    return reasoner_node_rule(with, &with->program->rules.items[node->note.rule], node, grower->err);
}

/* The rule noted with the fact first, then the others in their order. */
static BaseStatus derive(Grower *grower, const Premise *fact)
{
    const ReasonerProgram *const program = grower->with->program;
    const uint32_t noted = fact->node->note.source ? fact->node->note.rule : NOWHERE;
    bool found = false;
    BaseStatus status = BASE_OK;
    if (noted < program->rules.count)
        status = try_rule(grower, fact, &program->rules.items[noted], &found);
    for (uint32_t r = 0; r < program->rules.count && status == BASE_OK && !found; r++)
        if (r != noted)
            status = try_rule(grower, fact, &program->rules.items[r], &found);
    if (status != BASE_OK || found)
        return status;
    grower->with->is_lost = true;
    fact->node->kind = REASONER_LOST;
    return name_rule(grower, fact->node);
}

/* Says what the fact is; with_tree: and why. */
static BaseStatus expand(Grower *grower, const Premise *fact, bool with_tree)
{
    ReasonerProof *const node = fact->node;
    Shown *const shown = find_shown(grower->with, fact->relation, fact->tuple);
    if (!shown)
        return no_memory(grower->err);
    node->number = shown->number;
    node->height = fact->height;
    node->kind = fact->height == 0 ? REASONER_ASSERTED : REASONER_DERIVED;
    const BaseStatus status = read_note(grower, fact->height == 0 ? KG_ASSERTED : KG_INFERRED, node);
    if (status != BASE_OK || fact->height == 0)
        return status;
    if (!with_tree)
        return name_rule(grower, node);
    if (shown->is_proved) {
        node->kind = REASONER_SHARED;
        return BASE_OK;
    }
    shown->is_proved = true;
    shown->node = node;
    return derive(grower, fact);
}

static BaseStatus expand_all(Grower *grower, bool with_trees)
{
    BaseStatus status = BASE_OK;
    while (grower->pending.count > 0 && status == BASE_OK) {
        const Premise fact = grower->pending.items[--grower->pending.count];
        status = expand(grower, &fact, with_trees);
    }
    free(grower->pending.items);
    return status;
}

BaseStatus reasoner_grow_proof(Case *with, ReasonerProof *node, uint32_t relation, const uint32_t *tuple,
                               BaseError *err)
{
    Grower grower = {.with = with, .err = err};
    Premise root = {.node = node, .relation = relation, .tuple = tuple};
    const BaseStatus status = reasoner_facts_height(with->facts, relation, tuple, &root.height, err);
    if (status != BASE_OK)
        return status;
    if (!BASE_PUSH(&grower.pending, root))
        return no_memory(err);
    return expand_all(&grower, true);
}

/* What is pending goes to the caller. */
static BaseStatus hand_over(Grower *grower, BaseStatus status, Premise **premises, size_t *count)
{
    *count = grower->pending.count;
    *premises = base_arena_alloc(grower->with->arena, *count + 1, sizeof **premises);
    if (status == BASE_OK && !*premises)
        status = no_memory(grower->err);
    if (status == BASE_OK && *count > 0)
        memcpy(*premises, grower->pending.items, *count * sizeof **premises);
    free(grower->pending.items);
    return status;
}

BaseStatus reasoner_grow_instance(Case *with, ReasonerProof *node, const Search *instance, Premise **premises,
                                  size_t *count, BaseError *err)
{
    Grower grower = {.with = with, .err = err, .node = node};
    return hand_over(&grower, add_children(&grower, instance), premises, count);
}

BaseStatus reasoner_grow_tally(Case *with, ReasonerProof *node, Tally *tally, Premise **premises, size_t *count,
                               BaseError *err)
{
    Grower grower = {.with = with, .err = err};
    return hand_over(&grower, add_matches(&grower, node, tally), premises, count);
}

BaseStatus reasoner_grow_premises(Case *with, const Premise *premises, size_t count, bool with_trees, BaseError *err)
{
    Grower grower = {.with = with, .err = err};
    for (size_t i = 0; i < count; i++) {
        if (!BASE_PUSH(&grower.pending, premises[i])) {
            free(grower.pending.items);
            return no_memory(err);
        }
    }
    return expand_all(&grower, with_trees);
}
