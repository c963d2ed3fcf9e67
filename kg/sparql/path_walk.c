/* path_walk.c - breadth-first over the links of a path, every node once. A link's triples are found by a cursor, or,
 * when many nodes have been looked up, read into memory once, as in lookup_operator.c. */
#include "kg/sparql/path_walk.h"

#include "kg/cursor.h"
#include "kg/sparql/adjacency_cache.h"

#include <stdlib.h>

#define SCAN_TRIPLES 512
#define NODES_AT_ONCE 64
#define STEPS_PER_CHECK 4096
#define LOOKUPS_PER_NOTE 16 /* that the cache is told of at once */

/* The triples of a predicate in one direction. */
struct PathLink {
    PathLink *next; /* of the walk */
    KgId iri;
    bool is_backward;
    KgCursor *cursor;
    const Adjacency *kept; /* NULL: nothing is; either of: */
    Adjacency own;
    SharedAdjacency *shared;
    uint64_t lookups, matches; /* lookups: in the index */
};

/* ---- Sets ---- */

NodeSet *path_take_set(PathWalk *walk)
{
    if (walk->spare.count > 0)
        return walk->spare.items[--walk->spare.count];
    NodeSet *const set = calloc(1, sizeof *set);
    if (set)
        set->iri_count = (size_t)kg_term_count(walk->op->run->txn, KG_IRI);
    return set;
}

void path_give_set(PathWalk *walk, NodeSet *set)
{
    if (!set)
        return;
    node_set_empty(set);
    if (BASE_PUSH(&walk->spare, set))
        return;
    node_set_free(set);
    free(set);
}

static BaseStatus add_node(NodeSet *set, KgId node, BaseError *err)
{
    return node_set_add(set, node) ? BASE_OK : sparql_no_memory(err);
}

/* Now and then: whether to go on. */
static BaseStatus check(PathWalk *walk, size_t steps, const NodeSet *out, BaseError *err)
{
    walk->steps += steps;
    if (walk->steps < STEPS_PER_CHECK)
        return BASE_OK;
    walk->steps = 0;
    size_t bytes = node_set_bytes(out);
    for (const PathLink *link = walk->links; link; link = link->next)
        bytes += adjacency_bytes(link->own.value_count);
    const BaseStatus status = sparql_hold(walk->op, bytes, err);
    return status == BASE_OK ? sparql_cancelled(walk->op->run, err) : status;
}

/* ---- Links ---- */

static bool is_plain_graph(const Run *run)
{
    return run->graph < MERGED_GRAPH;
}

static void forget_links(PathWalk *walk)
{
    for (PathLink *link = walk->links; link; link = link->next) {
        kg_cursor_close(link->cursor);
        sparql_adjacency_free(&link->own);
        sparql_release_shared(walk->op->run, link->shared);
        link->cursor = NULL;
        link->shared = NULL;
        link->kept = NULL;
        link->lookups = 0;
    }
}

static BaseStatus open_link(PathWalk *walk, KgId iri, bool is_backward, PathLink **out, BaseError *err)
{
    Run *const run = walk->op->run;
    if (walk->graph != run->graph)
        forget_links(walk);
    walk->graph = run->graph;
    PathLink *link = walk->links;
    while (link && (link->iri != iri || link->is_backward != is_backward))
        link = link->next;
    if (!link) {
        link = base_arena_alloc(run->arena, 1, sizeof *link);
        if (!link)
            return sparql_no_memory(err);
        *link = (PathLink){.next = walk->links, .iri = iri, .is_backward = is_backward};
        walk->links = link;
    }
    *out = link;
    if (link->kept || link->cursor)
        return BASE_OK;
    link->shared = sparql_find_shared(run, iri, is_backward ? PLACE_O : PLACE_S);
    if (link->shared) {
        link->kept = sparql_shared(link->shared);
        return BASE_OK;
    }
    const BaseStatus status = sparql_count_at_most(run, (KgTriple){.p = iri}, &link->matches, err);
    return status == BASE_OK
               ? kg_cursor_open(run->txn, run->graph, run->layers, is_backward ? KG_POS : KG_PSO, &link->cursor, err)
               : status;
}

static bool pays_to_keep(const PathWalk *walk, const PathLink *link)
{
    const Run *const run = walk->op->run;
    if (!adjacency_pays((double)link->lookups, (double)link->matches) || link->matches > ADJACENCY_MOST)
        return false;
    return run->memory.most == 0 || run->memory.held + adjacency_bytes(link->matches) < run->memory.most / 2;
}

static BaseStatus add_all(NodeSet *out, const KgId *ids, size_t count, BaseError *err)
{
    for (size_t i = 0; i < count; i++)
        if (!node_set_add(out, ids[i]))
            return sparql_no_memory(err);
    return BASE_OK;
}

static BaseStatus follow_cursor(PathWalk *walk, PathLink *link, KgId node, NodeSet *out, BaseError *err)
{
    /* PSO and POS both begin with two places and end with what is wanted. */
    const uint64_t key[3] = {link->iri, node, 0};
    BaseStatus status = kg_cursor_find(link->cursor, key, 2, err);
    while (status == BASE_OK) {
        const uint64_t *columns[3];
        size_t count;
        status = kg_cursor_rows(link->cursor, columns, &count, err);
        if (status == BASE_OK)
            status = add_all(out, columns[2], count, err);
        if (status == BASE_OK)
            status = check(walk, count, out, err);
    }
    return status == BASE_END ? BASE_OK : status;
}

/* Into memory, where lookups have come to cost what reading all does; for all queries, if that can be. */
static BaseStatus keep(PathWalk *walk, PathLink *link, BaseError *err)
{
    const TriplePlace from = link->is_backward ? PLACE_O : PLACE_S, to = link->is_backward ? PLACE_S : PLACE_O;
    const bool pays = pays_to_keep(walk, link);
    BaseStatus status = BASE_OK;
    if (pays || link->lookups % LOOKUPS_PER_NOTE == 0)
        status = sparql_want_shared(walk->op, link->iri, from, link->matches, pays ? link->matches : LOOKUPS_PER_NOTE,
                                    &link->shared, err);
    if (status == BASE_OK && link->shared) {
        link->kept = sparql_shared(link->shared);
    } else if (status == BASE_OK && pays) {
        status = sparql_adjacency_build(walk->op, (KgTriple){.p = link->iri}, from, to, &link->own, err);
        link->kept = status == BASE_OK ? &link->own : NULL;
    }
    return status;
}

static BaseStatus follow_link(PathWalk *walk, KgId iri, KgId node, bool is_backward, NodeSet *out, BaseError *err)
{
    PathLink *link = NULL;
    BaseStatus status = open_link(walk, iri, is_backward, &link, err);
    if (status != BASE_OK)
        return status;
    if (!link->kept) {
        link->lookups++;
        status = keep(walk, link, err);
    }
    if (status != BASE_OK || !link->kept)
        return status == BASE_OK ? follow_cursor(walk, link, node, out, err) : status;
    size_t count;
    const KgId *const ids = adjacency_values(link->kept, node, &count);
    status = add_all(out, ids, count, err);
    return status == BASE_OK ? check(walk, count + 1, out, err) : status;
}

/* The nodes at the other end of the pattern's triples, but for predicates that `excluded` has in this direction. */
static BaseStatus scan_links(PathWalk *walk, KgTriple pattern, const Path *excluded, bool excludes_inverse,
                             bool is_backward, NodeSet *out, BaseError *err)
{
    Run *const run = walk->op->run;
    KgTriple triples[SCAN_TRIPLES];
    RunScan scan = {0};
    BaseStatus status = sparql_scan(run, pattern, KG_ORDER_BEST, &scan, err);
    while (status == BASE_OK) {
        size_t count;
        status = sparql_scan_many(run, &scan, triples, SCAN_TRIPLES, &count, err);
        for (size_t i = 0; status == BASE_OK && i < count; i++) {
            bool is_excluded = false;
            for (const Path *one = excluded; one && !is_excluded; one = one->next) {
                const bool is_inverse = one->kind == PATH_INVERSE;
                is_excluded =
                    is_inverse == excludes_inverse && (is_inverse ? one->first->iri : one->iri) == triples[i].p;
            }
            if (!is_excluded)
                status = add_node(out, is_backward ? triples[i].s : triples[i].o, err);
        }
        if (status == BASE_OK)
            status = check(walk, count, out, err);
    }
    sparql_scan_close(&scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus walk_link(PathWalk *walk, const Path *path, KgId node, bool is_backward, NodeSet *out, BaseError *err)
{
    if (!path->iri || is_local(path->iri) || is_local(node))
        return BASE_OK;
    if (is_plain_graph(walk->op->run))
        return follow_link(walk, path->iri, node, is_backward, out, err);
    const KgTriple pattern = {is_backward ? KG_ANY : node, path->iri, is_backward ? node : KG_ANY};
    return scan_links(walk, pattern, NULL, false, is_backward, out, err);
}

/* ---- Paths ---- */

/* !(a|^b): links forward that are not a, and, when inverses are named, links backward that are not b. */
static BaseStatus walk_negated(PathWalk *walk, const Path *path, KgId node, bool is_backward, NodeSet *out,
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
        status = scan_links(walk, pattern, path->first, inverse != 0, back, out, err);
    }
    return status;
}

static BaseStatus walk_sequence(PathWalk *walk, const Path *path, KgId node, bool is_backward, NodeSet *out,
                                BaseError *err)
{
    NodeSet *const middle = path_take_set(walk);
    const KgId goal = walk->goal;
    if (!middle)
        return sparql_no_memory(err);
    walk->goal = KG_ANY;
    BaseStatus status = path_walk(walk, is_backward ? path->second : path->first, node, is_backward, middle, err);
    walk->goal = goal;
    for (size_t i = 0; i < middle->count && status == BASE_OK; i++)
        status = path_walk(walk, is_backward ? path->first : path->second, middle->items[i], is_backward, out, err);
    path_give_set(walk, middle);
    return status;
}

/* The triples of a path that is one link, where they are in memory; NULL: it is none, or they are not. */
static const Adjacency *kept_triples(const PathWalk *walk, const Path *path, bool is_backward)
{
    for (; path->kind == PATH_INVERSE; path = path->first)
        is_backward = !is_backward;
    if (path->kind != PATH_LINK || walk->graph != walk->op->run->graph)
        return NULL;
    const PathLink *link = walk->links;
    while (link && (link->iri != path->iri || link->is_backward != is_backward))
        link = link->next;
    return link ? link->kept : NULL;
}

/* What the next nodes of the set lead to, many at once. */
static BaseStatus add_neighbours(PathWalk *walk, const Adjacency *kept, size_t *at, NodeSet *reached, BaseError *err)
{
    KgId nodes[NODES_AT_ONCE]; /* the set may move as it grows */
    IdList lists[NODES_AT_ONCE];
    const size_t left = reached->count - *at, count = left < NODES_AT_ONCE ? left : NODES_AT_ONCE;
    size_t steps = 0;
    memcpy(nodes, reached->items + *at, count * sizeof *nodes);
    sparql_adjacency_find_all(kept, nodes, 1, count, lists);
    for (size_t i = 0; i < count; i++) {
        const BaseStatus status = add_all(reached, lists[i].ids, lists[i].count, err);
        if (status != BASE_OK)
            return status;
        steps += lists[i].count + 1;
    }
    *at += count;
    return check(walk, steps, reached, err);
}

/* Everything that one or more steps lead to, in an empty set; it holds where to begin already, or one step does. */
static BaseStatus close_over(PathWalk *walk, const Path *path, bool is_backward, NodeSet *reached, BaseError *err)
{
    const KgId goal = walk->goal;
    BaseStatus status = BASE_OK;
    walk->goal = KG_ANY; /* steps are walked whole */
    for (size_t i = 0; i < reached->count && status == BASE_OK;) {
        const Adjacency *const kept = kept_triples(walk, path->first, is_backward);
        if (goal && node_set_has(reached, goal))
            break;
        status = kept ? add_neighbours(walk, kept, &i, reached, err)
                      : path_walk(walk, path->first, reached->items[i++], is_backward, reached, err);
    }
    walk->goal = goal;
    return status;
}

static BaseStatus walk_closure(PathWalk *walk, const Path *path, KgId node, bool is_backward, NodeSet *out,
                               BaseError *err)
{
    NodeSet *const own = out->count > 0 ? path_take_set(walk) : NULL;
    NodeSet *const reached = own ? own : out; /* what is in `out` already is no place to go on from */
    const KgId goal = walk->goal;
    if (out->count > 0 && !own)
        return sparql_no_memory(err);
    BaseStatus status;
    walk->goal = KG_ANY;
    if (path->kind == PATH_ZERO_OR_MORE)
        status = add_node(reached, node, err);
    else
        status = path_walk(walk, path->first, node, is_backward, reached, err);
    walk->goal = goal;
    if (status == BASE_OK)
        status = close_over(walk, path, is_backward, reached, err);
    if (own && status == BASE_OK)
        status = add_all(out, own->items, own->count, err);
    path_give_set(walk, own);
    return status;
}

BaseStatus path_walk(PathWalk *walk, const Path *path, KgId node, bool is_backward, NodeSet *out, BaseError *err)
{
    BaseStatus status;
    switch (path->kind) {
    case PATH_LINK:
        return walk_link(walk, path, node, is_backward, out, err);
    case PATH_INVERSE:
        return path_walk(walk, path->first, node, !is_backward, out, err);
    case PATH_SEQUENCE:
        return walk_sequence(walk, path, node, is_backward, out, err);
    case PATH_ALTERNATIVE:
        status = path_walk(walk, path->first, node, is_backward, out, err);
        return status == BASE_OK ? path_walk(walk, path->second, node, is_backward, out, err) : status;
    case PATH_ZERO_OR_MORE:
    case PATH_ONE_OR_MORE:
        return walk_closure(walk, path, node, is_backward, out, err);
    case PATH_ZERO_OR_ONE:
        status = add_node(out, node, err);
        return status == BASE_OK ? path_walk(walk, path->first, node, is_backward, out, err) : status;
    case PATH_NEGATED:
        return walk_negated(walk, path, node, is_backward, out, err);
    }
    return BASE_OK;
}

/* ---- Where to begin ---- */

/* Subjects (backward: objects) of the pattern's triples, or both. */
static BaseStatus add_ends(PathWalk *walk, KgTriple pattern, bool subjects, bool objects, NodeSet *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    if (subjects)
        status = scan_links(walk, pattern, NULL, false, true, out, err);
    if (objects && status == BASE_OK)
        status = scan_links(walk, pattern, NULL, false, false, out, err);
    return status;
}

static bool may_be_empty(const Path *path)
{
    switch (path->kind) {
    case PATH_ZERO_OR_MORE:
    case PATH_ZERO_OR_ONE:
        return true;
    case PATH_INVERSE:
    case PATH_ONE_OR_MORE:
        return may_be_empty(path->first);
    case PATH_SEQUENCE:
        return may_be_empty(path->first) && may_be_empty(path->second);
    case PATH_ALTERNATIVE:
        return may_be_empty(path->first) || may_be_empty(path->second);
    case PATH_LINK:
    case PATH_NEGATED:
        break;
    }
    return false;
}

BaseStatus path_starts(PathWalk *walk, const Path *path, bool is_backward, NodeSet *out, BaseError *err)
{
    if (may_be_empty(path))
        return add_ends(walk, (KgTriple){0}, true, true, out, err);
    const Path *next = is_backward ? path->second : path->first;
    switch (path->kind) {
    case PATH_LINK:
        if (!path->iri || is_local(path->iri))
            return BASE_OK;
        return add_ends(walk, (KgTriple){.p = path->iri}, !is_backward, is_backward, out, err);
    case PATH_INVERSE:
        return path_starts(walk, path->first, !is_backward, out, err);
    case PATH_SEQUENCE:
        return path_starts(walk, next, is_backward, out, err);
    case PATH_ALTERNATIVE: {
        const BaseStatus status = path_starts(walk, path->first, is_backward, out, err);
        return status == BASE_OK ? path_starts(walk, path->second, is_backward, out, err) : status;
    }
    case PATH_ONE_OR_MORE:
        return path_starts(walk, path->first, is_backward, out, err);
    default:
        return add_ends(walk, (KgTriple){0}, true, true, out, err);
    }
}

BaseStatus path_is_node(PathWalk *walk, KgId node, bool *out, BaseError *err)
{
    Run *const run = walk->op->run;
    *out = false;
    for (int side = 0; side < 2 && !*out && !is_local(node); side++) {
        RunScan scan = {0};
        KgTriple triple = {.s = side == 0 ? node : KG_ANY, .o = side == 1 ? node : KG_ANY};
        BaseStatus status = sparql_scan(run, triple, KG_ORDER_BEST, &scan, err);
        if (status == BASE_OK)
            status = sparql_scan_next(run, &scan, &triple, err);
        sparql_scan_close(&scan);
        if (status != BASE_OK && status != BASE_END)
            return status;
        *out = status == BASE_OK;
    }
    return BASE_OK;
}

void path_walk_close(PathWalk *walk)
{
    forget_links(walk);
    for (size_t i = 0; i < walk->spare.count; i++) {
        node_set_free(walk->spare.items[i]);
        free(walk->spare.items[i]);
    }
    free(walk->spare.items);
    walk->spare.items = NULL;
    walk->spare.count = walk->spare.capacity = 0;
}
