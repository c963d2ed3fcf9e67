/* lookup_operator.c - joins rows with the matches of a triple pattern whose bound places are the same in every row. The
 * rows of a batch are sorted by what they look up, so that a cursor goes through its index in one direction and equal
 * keys are looked up once. Where lookups have become as dear as reading all that the pattern's constants match, that is
 * read into memory once (adjacency.h), and later lookups are memory accesses: never more than about twice the time of
 * the better way, whatever the planner thought. */
#include "kg/sparql/lookup.h"

#include "kg/cursor.h"
#include "kg/delta.h"
#include "kg/sort.h"
#include "kg/sparql/adjacency_cache.h"

#include <stdlib.h>

typedef struct Lookup {
    Operator base;
    LookupSpec spec;
    KgIndex index;
    int width;                 /* of the bound places, which come first in the index */
    uint32_t key_variable;     /* the one that rows are sorted by; AST_NO_VARIABLE: all constants */
    int new_count;             /* variables that it binds, */
    uint32_t new_variables[3]; /* which ones, */
    int new_columns[3];        /* and from which columns of the index */
    KgCursor *cursor;
    KgId graph; /* of the cursor, or of what is kept */
    /* What is kept in memory. */
    TriplePlace kept_key, kept_value; /* PLACE_NONE: it cannot be */
    const Adjacency *kept;            /* NULL: nothing is; either of: */
    Adjacency own;                    /* what the pattern's constants match, by `kept_key` */
    SharedAdjacency *shared;          /* all triples of the predicate, by `kept_key` */
    bool is_lent;                     /* which sparql_lend decides, not this operator */
    struct {
        LookupPart bounds;
        bool is_chosen;
    } part;
    /* The batch being looked up. */
    Batch in;
    KgPair *order, *scratch; /* rows by key; NULL `order`: not allocated yet */
    size_t order_capacity;
    IdList *lists; /* by row, where it is kept */
    size_t list_capacity;
    size_t at;             /* in `order`, or where it is kept of the rows: the group being joined */
    size_t end;            /* behind the group, whose rows look up the same */
    size_t row;            /* of the group, from 0 */
    size_t range;          /* of the spec's ranges */
    bool is_open;          /* the group was found */
    bool wants_rows;       /* of the cursor */
    const KgId *values[3]; /* by column: the matches at hand, */
    size_t count, value;   /* their number, and the next one */
} Lookup;

/* ---- The shape of a pattern ---- */

static KgIndex index_for(const LookupSpec *spec)
{
    const bool s = spec->is_bound[0], p = spec->is_bound[1], o = spec->is_bound[2];
    const bool is_named = p && spec->places[1].variable == AST_NO_VARIABLE;
    if (p && o && !s)
        return KG_POS;
    if (o && !p)
        return KG_OSP;
    if (p && !s && spec->range_count > 0)
        return KG_POS;
    return is_named || (p && !s) ? KG_PSO : KG_SPO; /* of one predicate's triples more lie close together */
}

static void find_shape(Lookup *lookup)
{
    const LookupSpec *const spec = &lookup->spec;
    lookup->index = index_for(spec);
    lookup->key_variable = AST_NO_VARIABLE;
    for (int c = 0; c < 3; c++) {
        const int place = kg_places[lookup->index][c];
        const uint32_t variable = spec->places[place].variable;
        lookup->width += spec->is_bound[place];
        if (variable == AST_NO_VARIABLE)
            continue;
        if (!spec->is_bound[place]) {
            lookup->new_variables[lookup->new_count] = variable;
            lookup->new_columns[lookup->new_count++] = c;
        } else if (lookup->key_variable == AST_NO_VARIABLE) {
            lookup->key_variable = variable;
        }
    }
}

/* By which place its matches can be kept: the predicate is a constant, and subject or object a bound variable. */
static void find_kept(Lookup *lookup)
{
    const LookupSpec *const spec = &lookup->spec;
    lookup->kept_key = lookup->kept_value = PLACE_NONE;
    if (spec->places[1].variable != AST_NO_VARIABLE || spec->range_count > 0 || spec->matches > ADJACENCY_MOST)
        return;
    for (int place = 2; place >= 0; place -= 2) { /* the subject's lists are shorter, mostly */
        const int other = 2 - place;
        if (!spec->is_bound[place] || spec->places[place].variable == AST_NO_VARIABLE)
            continue;
        lookup->kept_key = (TriplePlace)place;
        lookup->kept_value = spec->places[other].variable == AST_NO_VARIABLE ? PLACE_NONE : (TriplePlace)other;
    }
}

/* ---- Keeping all ---- */

static KgTriple constants(const LookupSpec *spec)
{
    KgId ids[3];
    for (int place = 0; place < 3; place++)
        ids[place] = spec->places[place].variable == AST_NO_VARIABLE ? spec->places[place].id : KG_ANY;
    return (KgTriple){ids[0], ids[1], ids[2]};
}

static bool has_local(const LookupSpec *spec)
{
    const KgTriple triple = constants(spec);
    return is_local(triple.s) || is_local(triple.p) || is_local(triple.o);
}

static void forget(Lookup *lookup)
{
    sparql_release_shared(lookup->base.run, lookup->shared);
    sparql_adjacency_free(&lookup->own);
    lookup->shared = NULL;
    lookup->kept = NULL;
    lookup->base.run->memory.held -= lookup->base.held;
    lookup->base.held = 0;
}

/* Whether reading all that the constants match pays, with so many lookups to come at least. */
static bool pays_to_keep(const Lookup *lookup, size_t rows)
{
    const Run *const run = lookup->base.run;
    const size_t bytes = adjacency_bytes((uint64_t)lookup->spec.matches);
    const double expected = lookup->spec.input_rows / 2; /* it is only a guess */
    const double known = (double)(lookup->base.profile.lookups + rows);
    if (run->memory.most && run->memory.held + bytes > run->memory.most / 2)
        return false;
    return adjacency_pays(known > expected ? known : expected, lookup->spec.matches);
}

static BaseStatus keep_own(Lookup *lookup, BaseError *err)
{
    const BaseStatus status = sparql_adjacency_build(&lookup->base, constants(&lookup->spec), lookup->kept_key,
                                                     lookup->kept_value, &lookup->own, err);
    lookup->kept = status == BASE_OK ? &lookup->own : NULL;
    return status;
}

static BaseStatus keep_shared(Lookup *lookup, size_t rows, BaseError *err)
{
    const KgId predicate = lookup->spec.places[1].id;
    uint64_t matches = (uint64_t)lookup->spec.matches;
    BaseStatus status = BASE_OK;
    if (lookup->kept_value == PLACE_NONE)
        status = sparql_count_at_most(lookup->base.run, (KgTriple){.p = predicate}, &matches, err);
    else if (pays_to_keep(lookup, rows))
        rows = (size_t)matches; /* this query alone makes it worth while */
    if (status == BASE_OK)
        status = sparql_want_shared(&lookup->base, predicate, lookup->kept_key, matches, rows, &lookup->shared, err);
    return status;
}

/* From memory, where the matches are there already or lookups have come to cost what reading them does. */
static BaseStatus keep(Lookup *lookup, size_t rows, BaseError *err)
{
    BaseStatus status = BASE_OK;
    if (lookup->kept || lookup->kept_key == PLACE_NONE)
        return BASE_OK;
    lookup->shared = sparql_find_shared(lookup->base.run, lookup->spec.places[1].id, lookup->kept_key);
    if (!lookup->shared)
        status = keep_shared(lookup, rows, err);
    if (lookup->shared)
        lookup->kept = sparql_shared(lookup->shared);
    else if (status == BASE_OK && pays_to_keep(lookup, rows))
        status = keep_own(lookup, err);
    return status;
}

/* ---- A batch ---- */

static BaseStatus find_lists(Lookup *lookup, BaseError *err)
{
    const Batch *const in = &lookup->in;
    if (in->count > lookup->list_capacity) {
        lookup->list_capacity = 0;
        lookup->lists = base_arena_alloc(lookup->base.run->arena, in->capacity, sizeof *lookup->lists);
        if (!lookup->lists)
            return sparql_no_memory(err);
        lookup->list_capacity = in->capacity;
    }
    sparql_adjacency_find_all(lookup->kept, in->cells + lookup->spec.places[lookup->kept_key].variable, in->width,
                              in->count, lookup->lists);
    return BASE_OK;
}

static bool reserve_order(Lookup *lookup, size_t rows)
{
    if (rows <= lookup->order_capacity)
        return true;
    BaseArena *const arena = lookup->base.run->arena;
    lookup->order = base_arena_alloc(arena, rows, sizeof *lookup->order);
    lookup->scratch = base_arena_alloc(arena, rows, sizeof *lookup->scratch);
    lookup->order_capacity = lookup->order && lookup->scratch ? rows : 0;
    return lookup->order_capacity > 0;
}

static void sort_rows(Lookup *lookup)
{
    const Batch *const in = &lookup->in;
    const uint32_t variable = lookup->key_variable;
    KgPair *const order = lookup->order;
    KgId least = UINT64_MAX, most = 0;
    bool is_sorted = true;
    for (size_t i = 0; i < in->count; i++) {
        const KgId key = variable == AST_NO_VARIABLE ? 0 : batch_row(in, i)[variable];
        is_sorted = is_sorted && key >= most;
        least = key < least ? key : least;
        most = key > most ? key : most;
        order[i] = (KgPair){key, i};
    }
    if (is_sorted)
        return;
    for (size_t i = 0; i < in->count; i++)
        order[i].key -= least;
    kg_sort_pairs(order, lookup->scratch, in->count, 64 - __builtin_clzll(most - least));
}

/* What is of another graph than the run's is of no use. */
static void use_graph(Lookup *lookup)
{
    Run *const run = lookup->base.run;
    if (lookup->graph == run->graph)
        return;
    kg_cursor_close(lookup->cursor);
    lookup->cursor = NULL;
    forget(lookup);
    lookup->graph = run->graph;
}

static BaseStatus want_cursor(Lookup *lookup, BaseError *err)
{
    Run *const run = lookup->base.run;
    return lookup->cursor ? BASE_OK
                          : kg_cursor_open(run->txn, run->graph, run->layers, lookup->index, &lookup->cursor, err);
}

static BaseStatus open_batch(Lookup *lookup, BaseError *err)
{
    lookup->at = lookup->end = 0;
    lookup->is_open = false;
    BaseStatus status = sparql_next(lookup->base.input, &lookup->in, err);
    if (status != BASE_OK) {
        lookup->in.count = 0;
        return status;
    }
    use_graph(lookup);
    status = lookup->is_lent ? BASE_OK : keep(lookup, lookup->in.count, err);
    if (status == BASE_OK && !lookup->kept)
        status = want_cursor(lookup, err);
    if (status != BASE_OK || lookup->kept)
        return status == BASE_OK ? find_lists(lookup, err) : status;
    if (!reserve_order(lookup, lookup->in.count))
        return sparql_no_memory(err);
    sort_rows(lookup);
    return BASE_OK;
}

/* ---- A group of rows that look up the same ---- */

static KgId *group_row(const Lookup *lookup, size_t number)
{
    return batch_row(&lookup->in, lookup->kept ? lookup->at + number : lookup->order[lookup->at + number].with);
}

static bool same_key(const Lookup *lookup, const KgId *a, const KgId *b)
{
    for (int place = 0; place < 3; place++) {
        const uint32_t variable = lookup->spec.places[place].variable;
        if (lookup->spec.is_bound[place] && variable != AST_NO_VARIABLE && a[variable] != b[variable])
            return false;
    }
    return true;
}

static void end_group(Lookup *lookup)
{
    lookup->at = lookup->end;
    lookup->is_open = false;
}

/* Its values from memory, all at once. */
static void open_kept(Lookup *lookup)
{
    const IdList list = lookup->lists[lookup->at];
    const Place other = lookup->spec.places[PLACE_O - lookup->kept_key];
    lookup->end = lookup->at + 1;
    lookup->row = lookup->value = 0;
    lookup->wants_rows = false;
    lookup->count = list.count;
    if (list.ids && lookup->new_count > 0)
        lookup->values[lookup->new_columns[0]] = list.ids;
    else if (list.ids)
        lookup->count =
            ids_have(list.ids, list.count,
                     other.variable == AST_NO_VARIABLE ? other.id : batch_row(&lookup->in, lookup->at)[other.variable]);
    lookup->is_open = lookup->count > 0;
}

static BaseStatus find_range(Lookup *lookup, const uint64_t key[3], BaseError *err)
{
    for (; lookup->range < lookup->spec.range_count; lookup->range++) {
        const IdRange *const range = &lookup->spec.ranges[lookup->range];
        const BaseStatus status =
            kg_cursor_find_range(lookup->cursor, key, lookup->width, range->low, range->high, err);
        if (status != BASE_END)
            return status;
    }
    return BASE_END;
}

static BaseStatus find(Lookup *lookup, BaseError *err)
{
    const KgId *const row = group_row(lookup, 0);
    uint64_t key[3] = {0, 0, 0};
    for (int c = 0; c < lookup->width; c++) {
        const Place place = lookup->spec.places[kg_places[lookup->index][c]];
        key[c] = place.variable == AST_NO_VARIABLE ? place.id : row[place.variable];
    }
    if (lookup->part.is_chosen)
        return kg_cursor_find_range(lookup->cursor, key, lookup->width, lookup->part.bounds.low,
                                    lookup->part.bounds.high, err);
    return lookup->spec.range_count > 0 ? find_range(lookup, key, err)
                                        : kg_cursor_find(lookup->cursor, key, lookup->width, err);
}

static BaseStatus open_found(Lookup *lookup, BaseError *err)
{
    const KgPair *const order = lookup->order;
    size_t end = lookup->at + 1;
    const KgId *const first = group_row(lookup, 0);
    while (end < lookup->in.count && order[end].key == order[lookup->at].key &&
           same_key(lookup, first, batch_row(&lookup->in, order[end].with)))
        end++;
    lookup->end = end;
    lookup->row = lookup->value = lookup->count = lookup->range = 0;
    lookup->base.profile.lookups++;
    const BaseStatus status = find(lookup, err);
    lookup->is_open = status == BASE_OK;
    lookup->wants_rows = lookup->is_open;
    if (lookup->is_open && (lookup->new_count == 0 || lookup->spec.only_first)) {
        lookup->wants_rows = false;
        lookup->count = 1;
    }
    return status == BASE_END ? BASE_OK : status;
}

/* More matches of the group from the cursor; BASE_END: there are none. */
static BaseStatus want_values(Lookup *lookup, BaseError *err)
{
    if (!lookup->wants_rows)
        return BASE_END;
    BaseStatus status = kg_cursor_rows(lookup->cursor, lookup->values, &lookup->count, err);
    while (status == BASE_END && !lookup->part.is_chosen && lookup->range + 1 < lookup->spec.range_count) {
        lookup->range++;
        status = find(lookup, err);
        if (status == BASE_OK)
            status = kg_cursor_rows(lookup->cursor, lookup->values, &lookup->count, err);
    }
    lookup->row = lookup->value = 0;
    return status;
}

/* `count` copies of the row with the next values in them. */
static void add_matches(Lookup *lookup, const KgId *row, size_t count, Batch *out)
{
    const size_t width = out->width;
    KgId *const first = batch_row(out, out->count);
    for (size_t i = 0; i < count; i++)
        memcpy(first + i * width, row, width * sizeof *row);
    for (int n = 0; n < lookup->new_count && !lookup->spec.only_first; n++) {
        const KgId *const values = lookup->values[lookup->new_columns[n]] + lookup->value;
        KgId *const cells = first + lookup->new_variables[n];
        for (size_t i = 0; i < count; i++)
            cells[i * width] = values[i];
    }
    out->count += count;
}

/* Appends until the batch is full (BASE_OK) or the group is done (BASE_END). */
static BaseStatus join_group(Lookup *lookup, Batch *out, BaseError *err)
{
    const size_t rows = lookup->end - lookup->at;
    for (;;) {
        if (lookup->spec.only_first && lookup->count > 1)
            lookup->count = 1;
        while (lookup->row < rows && lookup->count > 0) {
            size_t count = lookup->count - lookup->value;
            if (count > out->capacity - out->count)
                count = out->capacity - out->count;
            if (count == 0)
                return BASE_OK;
            add_matches(lookup, group_row(lookup, lookup->row), count, out);
            lookup->value += count;
            if (lookup->value == lookup->count) {
                lookup->value = 0;
                lookup->row++;
            }
        }
        const BaseStatus status = want_values(lookup, err);
        if (status != BASE_OK)
            return status;
    }
}

static BaseStatus lookup_next(Operator *op, Batch *out, BaseError *err)
{
    Lookup *const lookup = (Lookup *)op;
    if (has_local(&lookup->spec)) /* the database knows nothing of what only this query has computed */
        return BASE_END;
    while (!batch_is_full(out)) {
        BaseStatus status = BASE_OK;
        if (!lookup->is_open && lookup->at >= lookup->in.count) {
            status = open_batch(lookup, err);
            if (status == BASE_END)
                break;
            if (status != BASE_OK)
                return status;
        }
        if (!lookup->is_open && lookup->kept)
            open_kept(lookup);
        else if (!lookup->is_open)
            status = open_found(lookup, err);
        if (status == BASE_OK && lookup->is_open)
            status = join_group(lookup, out, err);
        else if (status == BASE_OK)
            status = BASE_END;
        if (status == BASE_END)
            end_group(lookup);
        else if (status != BASE_OK)
            return status;
    }
    return out->count ? BASE_OK : BASE_END;
}

/* ---- On several threads ---- */

bool sparql_can_cut(const Operator *op)
{
    const Lookup *const lookup = (const Lookup *)op;
    return op->type->next == lookup_next && lookup->key_variable == AST_NO_VARIABLE && lookup->new_count > 0 &&
           !lookup->spec.only_first && !has_local(&lookup->spec);
}

double sparql_lookup_matches(const Operator *op)
{
    const LookupSpec *const spec = &((const Lookup *)op)->spec;
    if (op->type->next != lookup_next)
        return 0;
    return spec->range_count > 0 ? op->estimate : spec->matches;
}

BaseStatus sparql_cut_lookup(Operator *op, uint64_t rows, LookupParts *out, BaseError *err)
{
    Lookup *const lookup = (Lookup *)op;
    static const IdRange all = {.low = 0, .high = UINT64_MAX};
    const IdRange *const ranges = lookup->spec.range_count ? lookup->spec.ranges : &all;
    const size_t range_count = lookup->spec.range_count ? lookup->spec.range_count : 1;
    uint64_t key[3] = {0, 0, 0};
    KgValues bounds = {0};
    use_graph(lookup);
    BaseStatus status = want_cursor(lookup, err);
    for (int c = 0; c < lookup->width; c++)
        key[c] = lookup->spec.places[kg_places[lookup->index][c]].id;
    for (size_t i = 0; i < range_count && status == BASE_OK; i++) {
        KgId low = ranges[i].low;
        bounds.count = 0;
        status = kg_cursor_cut(lookup->cursor, key, lookup->width, low, ranges[i].high, rows, &bounds, err);
        for (size_t b = 0; b < bounds.count && status == BASE_OK; b++) {
            if (!BASE_PUSH(out, (LookupPart){low, bounds.items[b]}))
                status = sparql_no_memory(err);
            low = bounds.items[b] + 1;
        }
    }
    free(bounds.items);
    return status;
}

void sparql_choose_part(Operator *op, LookupPart part)
{
    Lookup *const lookup = (Lookup *)op;
    lookup->part.bounds = part;
    lookup->part.is_chosen = true;
}

/* What is kept in memory is the same for all: rows come in another order from there. The profile has the lookups of the
 * copies in it already. */
static BaseStatus lookup_lend(Operator *op, Operator *const *copies, size_t count, bool *is_final, BaseError *err)
{
    Lookup *const lookup = (Lookup *)op;
    lookup->is_lent = true;
    use_graph(lookup);
    const BaseStatus status = has_local(&lookup->spec) ? BASE_OK : keep(lookup, 0, err);
    for (size_t i = 0; i < count; i++) {
        Lookup *const copy = (Lookup *)copies[i];
        copy->is_lent = true;
        copy->graph = lookup->graph;
        copy->kept = lookup->kept;
    }
    if (!lookup->kept && lookup->kept_key != PLACE_NONE)
        *is_final = false;
    return status;
}

static void lookup_rewind(Operator *op)
{
    Lookup *const lookup = (Lookup *)op;
    lookup->at = lookup->end = lookup->in.count = 0;
    lookup->is_open = false;
}

static void lookup_close(Operator *op)
{
    Lookup *const lookup = (Lookup *)op;
    kg_cursor_close(lookup->cursor);
    lookup->cursor = NULL;
    forget(lookup);
}

static bool lookup_describe(const Operator *op, BaseBuffer *out)
{
    static const char *const names[] = {[KG_SPO] = "SPO", [KG_POS] = "POS", [KG_OSP] = "OSP", [KG_PSO] = "PSO"};
    const Lookup *const lookup = (const Lookup *)op;
    if (lookup->kept && !base_buffer_format(out, "%zu keys in memory%s, after ", lookup->kept->key_count,
                                            lookup->shared ? " for all queries" : ""))
        return false;
    if (op->run->is_profiled && !base_buffer_format(out, "%llu lookups ", (unsigned long long)op->profile.lookups))
        return false;
    return base_buffer_format(out, "in %s, %d bound%s", names[lookup->index], lookup->width,
                              lookup->spec.range_count > 0 ? " and a range" : "");
}

Operator *sparql_new_lookup(Builder *builder, Operator *input, const LookupSpec *spec)
{
    static const OperatorType type = {.name = "lookup",
                                      .next = lookup_next,
                                      .rewind = lookup_rewind,
                                      .close = lookup_close,
                                      .describe = lookup_describe,
                                      .may_split = sparql_always_splits,
                                      .lend = lookup_lend};
    Lookup *const lookup = sparql_new_operator(builder, &type, sizeof *lookup, input);
    if (!lookup)
        return NULL;
    sparql_new_batch(builder, &lookup->in);
    lookup->spec = *spec;
    find_shape(lookup);
    find_kept(lookup);
    return &lookup->base;
}

bool sparql_want_first_only(Operator *op)
{
    if (op->type->next != lookup_next)
        return false;
    ((Lookup *)op)->spec.only_first = true;
    return true;
}
