/* path_operator.c - property paths with * + ? (SPARQL 1.1, section 18.4, ALP): breadth-first, every node once. */
#include "kg/sparql/operator.h"

#include <stdlib.h>

/* Nodes in the order they were found, each once. */
typedef struct NodeSet {
    KgId *items;
    size_t count, capacity;
    BaseMap seen;
} NodeSet;

typedef struct PathOperator {
    Operator base;
    Place s, o;
    const Path *path;
    Batch in;
    size_t row;
    bool is_open;
    NodeSet starts; /* of the open row: its subject, or its object when the path is walked backwards, or all nodes */
    size_t start;
    bool is_backward;
    bool start_is_open;
    NodeSet found; /* from starts.items[start] */
    size_t at;
    uint64_t steps;
} PathOperator;

static void empty(NodeSet *set)
{
    set->count = 0;
    if (set->seen.capacity > 4096) { /* clearing a large table for a few nodes costs more than a new one */
        base_map_free(&set->seen);
    } else if (set->seen.capacity) {
        memset(set->seen.keys, 0xff, set->seen.capacity * sizeof *set->seen.keys);
        set->seen.count = 0;
    }
}

static void free_set(NodeSet *set)
{
    free(set->items);
    base_map_free(&set->seen);
    *set = (NodeSet){0};
}

static BaseStatus add_node(NodeSet *set, KgId node, BaseError *err)
{
    bool is_new;
    if (!base_map_put(&set->seen, node, 0, &is_new) || (is_new && !BASE_PUSH(set, node)))
        return sparql_no_memory(err);
    return BASE_OK;
}

/* ---- One step of a path from one node ---- */

static BaseStatus walk(PathOperator *op, const Path *path, KgId node, bool is_backward, NodeSet *out, BaseError *err);

static BaseStatus scan_links(PathOperator *op, KgTriple pattern, const Path *excluded, bool excludes_inverse,
                             bool is_backward, NodeSet *out, BaseError *err)
{
    RunScan scan = {0};
    BaseStatus status = sparql_scan(op->base.run, pattern, KG_ORDER_BEST, &scan, err);
    while (status == BASE_OK) {
        KgTriple triple;
        status = sparql_scan_next(op->base.run, &scan, &triple, err);
        if (status != BASE_OK)
            break;
        bool is_excluded = false;
        for (const Path *one = excluded; one && !is_excluded; one = one->next) {
            const bool is_inverse = one->kind == PATH_INVERSE;
            is_excluded = is_inverse == excludes_inverse && (is_inverse ? one->first->iri : one->iri) == triple.p;
        }
        if (!is_excluded)
            status = add_node(out, is_backward ? triple.s : triple.o, err);
        if (status == BASE_OK && ++op->steps % 4096 == 0)
            status = sparql_cancelled(op->base.run, err);
    }
    sparql_scan_close(&scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus walk_link(PathOperator *op, const Path *path, KgId node, bool is_backward, NodeSet *out,
                            BaseError *err)
{
    if (!path->iri || is_local(path->iri) || is_local(node))
        return BASE_OK;
    const KgTriple pattern = {is_backward ? KG_ANY : node, path->iri, is_backward ? node : KG_ANY};
    return scan_links(op, pattern, NULL, false, is_backward, out, err);
}

/* !(a|^b): links forward that are not a, and, when inverses are named, links backward that are not b. */
static BaseStatus walk_negated(PathOperator *op, const Path *path, KgId node, bool is_backward, NodeSet *out,
                               BaseError *err)
{
    bool has_forward = !path->first, has_inverse = false;
    for (const Path *one = path->first; one; one = one->next) {
        has_inverse |= one->kind == PATH_INVERSE;
        has_forward |= one->kind == PATH_LINK;
    }
    if (is_local(node))
        return BASE_OK;
    BaseStatus status = BASE_OK;
    for (int inverse = 0; inverse < 2 && status == BASE_OK; inverse++) {
        if (!(inverse ? has_inverse : has_forward))
            continue;
        const bool back = is_backward != (inverse != 0);
        const KgTriple pattern = {back ? KG_ANY : node, KG_ANY, back ? node : KG_ANY};
        status = scan_links(op, pattern, path->first, inverse != 0, back, out, err);
    }
    return status;
}

static BaseStatus walk_sequence(PathOperator *op, const Path *path, KgId node, bool is_backward, NodeSet *out,
                                BaseError *err)
{
    NodeSet middle = {0};
    BaseStatus status = walk(op, is_backward ? path->second : path->first, node, is_backward, &middle, err);
    for (size_t i = 0; i < middle.count && status == BASE_OK; i++)
        status = walk(op, is_backward ? path->first : path->second, middle.items[i], is_backward, out, err);
    free_set(&middle);
    return status;
}

/* Everything reached in one or more steps; `reached` may hold where to begin already. */
static BaseStatus walk_closure(PathOperator *op, const Path *path, KgId node, bool is_backward, bool with_start,
                               NodeSet *out, BaseError *err)
{
    NodeSet reached = {0};
    BaseStatus status =
        with_start ? add_node(&reached, node, err) : walk(op, path->first, node, is_backward, &reached, err);
    for (size_t i = 0; i < reached.count && status == BASE_OK; i++)
        status = walk(op, path->first, reached.items[i], is_backward, &reached, err);
    for (size_t i = 0; i < reached.count && status == BASE_OK; i++)
        status = add_node(out, reached.items[i], err);
    free_set(&reached);
    return status;
}

/* Adds the nodes that the path leads to from `node`, or, backward, those it leads from. */
static BaseStatus walk(PathOperator *op, const Path *path, KgId node, bool is_backward, NodeSet *out, BaseError *err)
{
    BaseStatus status;
    switch (path->kind) {
    case PATH_LINK:
        return walk_link(op, path, node, is_backward, out, err);
    case PATH_INVERSE:
        return walk(op, path->first, node, !is_backward, out, err);
    case PATH_SEQUENCE:
        return walk_sequence(op, path, node, is_backward, out, err);
    case PATH_ALTERNATIVE:
        status = walk(op, path->first, node, is_backward, out, err);
        return status == BASE_OK ? walk(op, path->second, node, is_backward, out, err) : status;
    case PATH_ZERO_OR_MORE:
        return walk_closure(op, path, node, is_backward, true, out, err);
    case PATH_ONE_OR_MORE:
        return walk_closure(op, path, node, is_backward, false, out, err);
    case PATH_ZERO_OR_ONE:
        status = add_node(out, node, err);
        return status == BASE_OK ? walk(op, path->first, node, is_backward, out, err) : status;
    case PATH_NEGATED:
        return walk_negated(op, path, node, is_backward, out, err);
    }
    return BASE_OK;
}

/* ---- Rows ---- */

/* All subjects and objects: where a path of length zero may be. */
static BaseStatus add_all_nodes(PathOperator *op, NodeSet *out, BaseError *err)
{
    RunScan scan = {0};
    BaseStatus status = sparql_scan(op->base.run, (KgTriple){0}, KG_ORDER_SPO, &scan, err);
    while (status == BASE_OK) {
        KgTriple triple;
        status = sparql_scan_next(op->base.run, &scan, &triple, err);
        if (status == BASE_OK)
            status = add_node(out, triple.s, err);
        if (status == BASE_OK)
            status = add_node(out, triple.o, err);
        if (status == BASE_OK && ++op->steps % 4096 == 0)
            status = sparql_cancelled(op->base.run, err);
    }
    sparql_scan_close(&scan);
    return status == BASE_END ? BASE_OK : status;
}

/* Whether a variable's value may begin a path: a path from a variable begins at nodes of the graph only. */
static BaseStatus is_node(PathOperator *op, KgId id, bool *out, BaseError *err)
{
    *out = false;
    for (int side = 0; side < 2 && !*out && !is_local(id); side++) {
        RunScan scan = {0};
        KgTriple triple = {.s = side == 0 ? id : KG_ANY, .o = side == 1 ? id : KG_ANY};
        BaseStatus status = sparql_scan(op->base.run, triple, KG_ORDER_BEST, &scan, err);
        if (status == BASE_OK)
            status = sparql_scan_next(op->base.run, &scan, &triple, err);
        sparql_scan_close(&scan);
        if (status != BASE_OK && status != BASE_END)
            return status;
        *out = status == BASE_OK;
    }
    return BASE_OK;
}

static KgId place_id(Place place, const KgId *row)
{
    return place.variable == AST_NO_VARIABLE ? place.id : row[place.variable];
}

static BaseStatus open_path_row(PathOperator *op, const KgId *row, BaseError *err)
{
    const KgId s = place_id(op->s, row), o = place_id(op->o, row);
    empty(&op->starts);
    op->start = 0;
    op->is_open = true;
    op->start_is_open = false;
    op->is_backward = !s && o;
    if (!s && !o)
        return add_all_nodes(op, &op->starts, err);
    bool may_start = true;
    BaseStatus status = BASE_OK;
    const Place place = op->is_backward ? op->o : op->s, other = op->is_backward ? op->s : op->o;
    if (place.variable != AST_NO_VARIABLE && other.variable != AST_NO_VARIABLE)
        status = is_node(op, op->is_backward ? o : s, &may_start, err);
    return status == BASE_OK && may_start ? add_node(&op->starts, op->is_backward ? o : s, err) : status;
}

/* Puts the ends of the path into the row; false when they do not fit what is bound. */
static bool bind_ends(const PathOperator *op, KgId start, KgId end, KgId *row)
{
    const KgId ids[2] = {op->is_backward ? end : start, op->is_backward ? start : end};
    const Place places[2] = {op->s, op->o};
    for (int i = 0; i < 2; i++) {
        const KgId bound = place_id(places[i], row);
        if (bound && bound != ids[i])
            return false;
        if (places[i].variable != AST_NO_VARIABLE)
            row[places[i].variable] = ids[i];
    }
    return true;
}

/* Appends rows of the open input row until the batch is full (BASE_OK) or they end (BASE_END). */
static BaseStatus drain_path_row(PathOperator *op, const KgId *row, Batch *out, BaseError *err)
{
    while (op->start < op->starts.count) {
        const KgId start = op->starts.items[op->start];
        if (!op->start_is_open) {
            empty(&op->found);
            const BaseStatus status = walk(op, op->path, start, op->is_backward, &op->found, err);
            if (status != BASE_OK)
                return status;
            op->start_is_open = true;
            op->at = 0;
        }
        while (op->at < op->found.count) {
            if (batch_is_full(out))
                return BASE_OK;
            KgId *const added = batch_add(out, row);
            if (!bind_ends(op, start, op->found.items[op->at++], added))
                out->count--;
        }
        op->start_is_open = false;
        op->start++;
    }
    return BASE_END;
}

static BaseStatus path_next(Operator *base, Batch *out, BaseError *err)
{
    PathOperator *const op = (PathOperator *)base;
    while (!batch_is_full(out)) {
        BaseStatus status = BASE_OK;
        if (op->row >= op->in.count) {
            op->row = 0;
            status = sparql_next(base->input, &op->in, err);
            if (status != BASE_OK)
                op->in.count = 0;
            if (status == BASE_END)
                break;
            if (status != BASE_OK)
                return status;
        }
        const KgId *const row = batch_row(&op->in, op->row);
        if (!op->is_open)
            status = open_path_row(op, row, err);
        if (status == BASE_OK)
            status = drain_path_row(op, row, out, err);
        if (status == BASE_END) {
            op->is_open = false;
            op->row++;
        } else if (status != BASE_OK) {
            return status;
        }
    }
    return out->count ? BASE_OK : BASE_END;
}

static void path_rewind(Operator *base)
{
    PathOperator *const op = (PathOperator *)base;
    op->row = op->in.count = 0;
    op->is_open = false;
}

static void path_close(Operator *base)
{
    PathOperator *const op = (PathOperator *)base;
    free_set(&op->starts);
    free_set(&op->found);
}

Operator *sparql_new_path(Builder *builder, Operator *input, Place s, const Path *path, Place o)
{
    static const OperatorType type = {.name = "path", .next = path_next, .rewind = path_rewind, .close = path_close};
    PathOperator *const op = sparql_new_operator(builder, &type, sizeof *op, input);
    if (!op || !sparql_new_batch(builder, &op->in))
        return NULL;
    op->s = s;
    op->path = path;
    op->o = o;
    return &op->base;
}
