/* intersect_operator.c - one variable that several patterns bind at once, as the last edge of a triangle does: the
 * shortest list of candidates is sought in the others, so that no row comes to be that one of the patterns forbids. */
#include "kg/sparql/lookup.h"

typedef struct Intersect {
    Operator base;
    uint32_t variable;
    IntersectPart *parts;
    Adjacency *kept; /* by part */
    size_t count;
    KgId graph;
    bool is_built;
    Batch in;
    size_t row;
    bool is_open;
    const KgId **lists; /* of the open row, the shortest first */
    size_t *lengths, *places;
} Intersect;

static void forget(Intersect *all)
{
    for (size_t i = 0; i < all->count; i++)
        sparql_adjacency_free(&all->kept[i]);
    all->base.run->memory.used -= all->base.held;
    all->base.held = 0;
    all->is_built = false;
}

static bool same_part(const IntersectPart *a, const IntersectPart *b)
{
    return a->pattern.p == b->pattern.p && a->from_place == b->from_place;
}

/* A part like an earlier one shares what that has kept. */
static const Adjacency *kept_of(const Intersect *all, size_t part)
{
    for (size_t i = 0; i < part; i++)
        if (same_part(&all->parts[i], &all->parts[part]))
            return &all->kept[i];
    return &all->kept[part];
}

static BaseStatus build(Intersect *all, BaseError *err)
{
    Run *const run = all->base.run;
    BaseStatus status = BASE_OK;
    if (all->is_built && all->graph == run->graph)
        return BASE_OK;
    forget(all);
    all->graph = run->graph;
    for (size_t i = 0; i < all->count && status == BASE_OK; i++)
        if (kept_of(all, i) == &all->kept[i])
            status = sparql_adjacency_build(&all->base, all->parts[i].pattern, all->parts[i].from_place,
                                            all->parts[i].to_place, &all->kept[i], err);
    all->is_built = status == BASE_OK;
    return status;
}

/* False: one of the lists is empty. */
static bool open_row(Intersect *all, const KgId *row)
{
    for (size_t i = 0; i < all->count; i++) {
        size_t length, at = i;
        const KgId *const list = adjacency_values(kept_of(all, i), row[all->parts[i].from], &length);
        if (length == 0)
            return false;
        for (; at > 0 && all->lengths[at - 1] > length; at--) {
            all->lists[at] = all->lists[at - 1];
            all->lengths[at] = all->lengths[at - 1];
        }
        all->lists[at] = list;
        all->lengths[at] = length;
    }
    memset(all->places, 0, all->count * sizeof *all->places);
    return true;
}

/* The next id in all lists; KG_ANY: there is none. */
static KgId next_common(Intersect *all)
{
    while (all->places[0] < all->lengths[0]) {
        const KgId id = all->lists[0][all->places[0]];
        size_t i = 1;
        for (; i < all->count; i++) {
            all->places[i] = ids_seek(all->lists[i], all->lengths[i], all->places[i], id);
            if (all->places[i] == all->lengths[i])
                return KG_ANY;
            const KgId found = all->lists[i][all->places[i]];
            if (found != id) {
                all->places[0] = ids_seek(all->lists[0], all->lengths[0], all->places[0], found);
                break;
            }
        }
        if (i == all->count) {
            all->places[0]++;
            return id;
        }
    }
    return KG_ANY;
}

static BaseStatus intersect_next(Operator *op, Batch *out, BaseError *err)
{
    Intersect *const all = (Intersect *)op;
    while (!batch_is_full(out)) {
        if (!all->is_open && all->row >= all->in.count) {
            all->row = 0;
            BaseStatus status = sparql_next(op->input, &all->in, err);
            if (status == BASE_OK)
                status = build(all, err);
            if (status != BASE_OK)
                all->in.count = 0;
            if (status == BASE_END)
                break;
            if (status != BASE_OK)
                return status;
        }
        const KgId *const row = batch_row(&all->in, all->row);
        if (!all->is_open && !open_row(all, row)) {
            all->row++;
            continue;
        }
        const KgId id = next_common(all);
        all->is_open = id != KG_ANY;
        if (all->is_open)
            batch_add(out, row)[all->variable] = id;
        else
            all->row++;
    }
    return out->count ? BASE_OK : BASE_END;
}

static void intersect_rewind(Operator *op)
{
    Intersect *const all = (Intersect *)op;
    all->row = all->in.count = 0;
    all->is_open = false;
}

static void intersect_close(Operator *op)
{
    Intersect *const all = (Intersect *)op;
    for (size_t i = 0; i < all->count; i++)
        sparql_adjacency_free(&all->kept[i]);
}

static bool intersect_describe(const Operator *op, BaseBuffer *out)
{
    return base_buffer_format(out, "%zu lists", ((const Intersect *)op)->count);
}

Operator *sparql_new_intersect(Builder *builder, Operator *input, uint32_t variable, const IntersectPart *parts,
                               size_t count)
{
    static const OperatorType type = {.name = "intersect",
                                      .next = intersect_next,
                                      .rewind = intersect_rewind,
                                      .close = intersect_close,
                                      .describe = intersect_describe};
    IntersectPart *const copy = sparql_build_alloc(builder, count, sizeof *copy);
    Adjacency *const kept = sparql_build_alloc(builder, count, sizeof *kept);
    const KgId **const lists = sparql_build_alloc(builder, count, sizeof *lists);
    size_t *const lengths = sparql_build_alloc(builder, 2 * count, sizeof *lengths);
    if (!copy || !kept || !lists || !lengths)
        return NULL;
    Intersect *const all = sparql_new_operator(builder, &type, sizeof *all, input);
    if (!all || !sparql_new_batch(builder, &all->in))
        return NULL;
    memcpy(copy, parts, count * sizeof *copy);
    all->variable = variable;
    all->parts = copy;
    all->kept = kept;
    all->count = count;
    all->lists = lists;
    all->lengths = lengths;
    all->places = lengths + count;
    return &all->base;
}
