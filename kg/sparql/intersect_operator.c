/* intersect_operator.c - one variable that several patterns bind at once, as the last edge of a triangle does: the
 * shortest list of candidates is sought in the others, so that no row comes to be that one of the patterns forbids. */
#include "kg/sparql/adjacency_cache.h"
#include "kg/sparql/lookup.h"

#include <stdlib.h>

typedef struct Intersect {
    Operator base;
    uint32_t variable;
    IntersectPart *parts;
    struct {
        const Adjacency *kept; /* either of: */
        Adjacency own;
        SharedAdjacency *shared;
    } * sides; /* by part */
    size_t count;
    KgId graph;
    bool is_built;
    Batch in;
    size_t row;
    bool is_open;
    IdList *found; /* by part and row of the batch */
    size_t found_capacity;
    IdList *lists; /* of the open row, the shortest first */
    size_t *places;
    /* Of two lists, the one that several rows have in common, as bits by the numbers of its IRIs. */
    struct {
        uint64_t *words;
        size_t capacity;
        IdList list; /* that is marked */
    } bits;
    bool looks_at_bits; /* for the open row, whose lists[0] is the other one */
} Intersect;

static void forget(Intersect *all)
{
    for (size_t i = 0; i < all->count; i++) {
        sparql_release_shared(all->base.run, all->sides[i].shared);
        sparql_adjacency_free(&all->sides[i].own);
        all->sides[i].shared = NULL;
        all->sides[i].kept = NULL;
    }
    all->base.run->memory.held -= all->base.held;
    all->base.held = 0;
    all->is_built = false;
    if (all->bits.capacity)
        memset(all->bits.words, 0, all->bits.capacity * sizeof *all->bits.words);
    all->bits.list = (IdList){0};
}

static BaseStatus keep(Intersect *all, size_t part, BaseError *err)
{
    const IntersectPart *const one = &all->parts[part];
    const KgId predicate = one->pattern.p;
    const uint64_t matches = (uint64_t)one->matches;
    BaseStatus status = BASE_OK;
    all->sides[part].shared = sparql_find_shared(all->base.run, predicate, one->from_place);
    if (!all->sides[part].shared)
        status =
            sparql_want_shared(&all->base, predicate, one->from_place, matches, matches, &all->sides[part].shared, err);
    if (all->sides[part].shared) {
        all->sides[part].kept = sparql_shared(all->sides[part].shared);
    } else if (status == BASE_OK) {
        status = sparql_adjacency_build(&all->base, one->pattern, one->from_place, one->to_place, &all->sides[part].own,
                                        err);
        all->sides[part].kept = &all->sides[part].own;
    }
    return status;
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
        status = keep(all, i, err);
    all->is_built = status == BASE_OK;
    return status;
}

static BaseStatus find_lists(Intersect *all, BaseError *err)
{
    const Batch *const in = &all->in;
    if (in->count > all->found_capacity) {
        all->found_capacity = 0;
        all->found = base_arena_alloc(all->base.run->arena, in->capacity * all->count, sizeof *all->found);
        if (!all->found)
            return sparql_no_memory(err);
        all->found_capacity = in->capacity;
    }
    for (size_t i = 0; i < all->count; i++)
        sparql_adjacency_find_all(all->sides[i].kept, in->cells + all->parts[i].from, in->width, in->count,
                                  all->found + i * all->found_capacity);
    return BASE_OK;
}

/* ---- Two lists of which one stays the same ---- */

#define MOST_MARKED 4096  /* a longer one is sought in more quickly than it is marked */
#define MOST_TO_LOOK_UP 8 /* for each marked id: more are sought in the other direction */

static void set_bits(uint64_t *words, IdList list, bool to)
{
    for (size_t i = 0; i < list.count; i++) {
        const uint64_t number = kg_number(list.ids[i]), bit = (uint64_t)1 << number % 64;
        words[number / 64] = to ? words[number / 64] | bit : words[number / 64] & ~bit;
    }
}

/* False: it is not one of IRIs, or there is no memory. */
static bool mark(Intersect *all, IdList list)
{
    const size_t before = all->bits.capacity;
    if (kg_tag(list.ids[0]) != KG_IRI || kg_tag(list.ids[list.count - 1]) != KG_IRI)
        return false;
    if (before)
        set_bits(all->bits.words, all->bits.list, false);
    all->bits.list = (IdList){0};
    if (!base_reserve((void **)&all->bits.words, &all->bits.capacity, kg_number(list.ids[list.count - 1]) / 64 + 1,
                      sizeof *all->bits.words))
        return false;
    memset(all->bits.words + before, 0, (all->bits.capacity - before) * sizeof *all->bits.words);
    set_bits(all->bits.words, list, true);
    all->bits.list = list;
    return true;
}

/* Whether the next row has the same list of that part, or this one is marked already. */
static bool pays_to_mark(const Intersect *all, size_t part, size_t row)
{
    const IdList *const lists = all->found + part * all->found_capacity;
    return lists[row].ids == all->bits.list.ids ||
           (row + 1 < all->in.count && lists[row + 1].ids == lists[row].ids && lists[row].count <= MOST_MARKED);
}

/* False: the lists are to be sought in one another. */
static bool open_marked(Intersect *all, size_t row)
{
    for (size_t part = 0; all->count == 2 && part < 2; part++) {
        const IdList list = all->found[part * all->found_capacity + row];
        const IdList other = all->found[(1 - part) * all->found_capacity + row];
        if (!pays_to_mark(all, part, row) || other.count > MOST_TO_LOOK_UP * list.count)
            continue;
        if (list.ids != all->bits.list.ids && !mark(all, list))
            continue;
        all->lists[0] = other;
        return true;
    }
    return false;
}

static KgId next_marked(Intersect *all)
{
    const IdList list = all->lists[0];
    const size_t most = all->bits.capacity * 64;
    while (all->places[0] < list.count) {
        const KgId id = list.ids[all->places[0]++];
        const uint64_t number = kg_number(id);
        if (number < most && all->bits.words[number / 64] >> number % 64 & 1 && kg_tag(id) == KG_IRI)
            return id;
    }
    return KG_ANY;
}

/* ---- Rows ---- */

#define AHEAD 8      /* rows whose lists are asked of the memory before they are looked at */
#define LINE_IDS 8   /* of a cache line */
#define MOST_LINES 8 /* of a list */

static void fetch_lists(const Intersect *all, size_t row)
{
    for (size_t part = 0; part < all->count && row < all->in.count; part++) {
        const IdList list = all->found[part * all->found_capacity + row];
        if (list.ids == all->bits.list.ids)
            continue;
        for (size_t i = 0; i < list.count && i < LINE_IDS * MOST_LINES; i += LINE_IDS)
            __builtin_prefetch(list.ids + i);
    }
}

/* False: one of the lists is empty. */
static bool open_row(Intersect *all, size_t row)
{
    fetch_lists(all, row + AHEAD);
    for (size_t i = 0; i < all->count; i++) {
        const IdList list = all->found[i * all->found_capacity + row];
        size_t at = i;
        if (list.count == 0)
            return false;
        for (; at > 0 && all->lists[at - 1].count > list.count; at--)
            all->lists[at] = all->lists[at - 1];
        all->lists[at] = list;
    }
    memset(all->places, 0, all->count * sizeof *all->places);
    all->looks_at_bits = open_marked(all, row);
    return true;
}

/* The next id in all lists; KG_ANY: there is none. */
static KgId next_common(Intersect *all)
{
    while (all->places[0] < all->lists[0].count) {
        const KgId id = all->lists[0].ids[all->places[0]];
        size_t i = 1;
        for (; i < all->count; i++) {
            all->places[i] = ids_seek(all->lists[i].ids, all->lists[i].count, all->places[i], id);
            if (all->places[i] == all->lists[i].count)
                return KG_ANY;
            const KgId found = all->lists[i].ids[all->places[i]];
            if (found != id) {
                all->places[0] = ids_seek(all->lists[0].ids, all->lists[0].count, all->places[0], found);
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
            if (status == BASE_OK)
                status = find_lists(all, err);
            if (status != BASE_OK)
                all->in.count = 0;
            if (status == BASE_END)
                break;
            if (status != BASE_OK)
                return status;
        }
        const KgId *const row = batch_row(&all->in, all->row);
        if (!all->is_open && !open_row(all, all->row)) {
            all->row++;
            continue;
        }
        const KgId id = all->looks_at_bits ? next_marked(all) : next_common(all);
        all->is_open = id != KG_ANY;
        if (all->is_open)
            batch_add(out, row)[all->variable] = id;
        else
            all->row++;
    }
    return out->count ? BASE_OK : BASE_END;
}

/* The copies borrow the lists, and have none of their own to give back. */
static BaseStatus intersect_lend(Operator *op, Operator *const *copies, size_t count, bool *is_final, BaseError *err)
{
    Intersect *const all = (Intersect *)op;
    (void)is_final;
    const BaseStatus status = build(all, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        Intersect *const copy = (Intersect *)copies[i];
        for (size_t part = 0; part < all->count; part++)
            copy->sides[part].kept = all->sides[part].kept;
        copy->graph = all->graph;
        copy->is_built = true;
    }
    return status;
}

static void intersect_rewind(Operator *op)
{
    Intersect *const all = (Intersect *)op;
    all->row = all->in.count = 0;
    all->is_open = false;
}

static void intersect_close(Operator *op)
{
    forget((Intersect *)op);
    free(((Intersect *)op)->bits.words);
}

static size_t intersect_bytes(const Operator *op)
{
    return ((const Intersect *)op)->bits.capacity * sizeof(uint64_t);
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
                                      .describe = intersect_describe,
                                      .bytes = intersect_bytes,
                                      .may_split = sparql_always_splits,
                                      .lend = intersect_lend};
    IntersectPart *const copy = sparql_build_alloc(builder, count, sizeof *copy);
    IdList *const lists = sparql_build_alloc(builder, count, sizeof *lists);
    size_t *const places = sparql_build_alloc(builder, count, sizeof *places);
    if (!copy || !lists || !places)
        return NULL;
    Intersect *const all = sparql_new_operator(builder, &type, sizeof *all, input);
    if (!all)
        return NULL;
    sparql_new_batch(builder, &all->in);
    all->sides = sparql_build_alloc(builder, count, sizeof *all->sides);
    if (!all->sides)
        return NULL;
    memcpy(copy, parts, count * sizeof *copy);
    all->variable = variable;
    all->parts = copy;
    all->count = count;
    all->lists = lists;
    all->places = places;
    return &all->base;
}
