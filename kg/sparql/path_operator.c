/* path_operator.c - joins rows with a property path that has * + or ? in it (SPARQL 1.1, section 18.4, ALP): from the
 * end that is bound, or from every node that the path may begin at, each pair of ends once. */
#include "kg/sparql/path_walk.h"

#include <stdlib.h>

typedef struct PathOperator {
    Operator base;
    Place s, o;
    const Path *path;
    PathWalk walk;
    Batch in;
    size_t row;
    bool is_open;
    NodeSet *starts; /* of the open row: its subject, or its object when the path is walked backwards, or all nodes */
    size_t start;
    bool is_backward;
    bool start_is_open;
    NodeSet *found; /* from starts->items[start] */
    size_t at;
} PathOperator;

static KgId place_id(Place place, const KgId *row)
{
    return place.variable == AST_NO_VARIABLE ? place.id : row[place.variable];
}

static bool want_sets(PathOperator *op)
{
    if (!op->starts)
        op->starts = path_take_set(&op->walk);
    if (!op->found)
        op->found = path_take_set(&op->walk);
    return op->starts && op->found;
}

/* A path from a variable begins at nodes of the graph only. */
static BaseStatus open_path_row(PathOperator *op, const KgId *row, BaseError *err)
{
    const KgId s = place_id(op->s, row), o = place_id(op->o, row);
    if (!want_sets(op))
        return sparql_no_memory(err);
    node_set_empty(op->starts);
    op->start = 0;
    op->is_open = true;
    op->start_is_open = false;
    op->is_backward = !s && o;
    op->walk.goal = s ? o : KG_ANY;
    if (!s && !o)
        return path_starts(&op->walk, op->path, false, op->starts, err);
    bool may_start = true;
    BaseStatus status = BASE_OK;
    const Place place = op->is_backward ? op->o : op->s, other = op->is_backward ? op->s : op->o;
    if (place.variable != AST_NO_VARIABLE && other.variable != AST_NO_VARIABLE)
        status = path_is_node(&op->walk, op->is_backward ? o : s, &may_start, err);
    if (status == BASE_OK && may_start && !node_set_add(op->starts, op->is_backward ? o : s))
        status = sparql_no_memory(err);
    return status;
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
    while (op->start < op->starts->count) {
        const KgId start = op->starts->items[op->start];
        if (!op->start_is_open) {
            node_set_empty(op->found);
            const BaseStatus status = path_walk(&op->walk, op->path, start, op->is_backward, op->found, err);
            if (status != BASE_OK)
                return status;
            op->start_is_open = true;
            op->at = 0;
        }
        while (op->at < op->found->count) {
            if (batch_is_full(out))
                return BASE_OK;
            KgId *const added = batch_add(out, row);
            if (!bind_ends(op, start, op->found->items[op->at++], added))
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
    path_give_set(&op->walk, op->starts);
    path_give_set(&op->walk, op->found);
    op->starts = op->found = NULL;
    path_walk_close(&op->walk);
}

Operator *sparql_new_path(Builder *builder, Operator *input, Place s, const Path *path, Place o)
{
    static const OperatorType type = {.name = "path", .next = path_next, .rewind = path_rewind, .close = path_close};
    PathOperator *const op = sparql_new_operator(builder, &type, sizeof *op, input);
    if (!op)
        return NULL;
    sparql_new_batch(builder, &op->in);
    op->s = s;
    op->path = path;
    op->o = o;
    op->walk.op = &op->base;
    return &op->base;
}
