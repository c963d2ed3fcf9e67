/* adjacency_cache.c - a list of adjacencies by graph, layers, predicate and direction, all of one snapshot; a commit
 * makes them old. Where they take too much memory those go that were used longest ago. Guarded by the store's lock;
 * what is handed out stays whole until its last user gives it back. */
#include "kg/sparql/adjacency_cache.h"

#include "kg/store.h"

#include <stdlib.h>

/* Of memory, for all of a store's. */
#define MOST_BYTES ((size_t)128 << 20)
#define MOST_ENTRIES 256 /* read or not: the list is searched one by one */

struct SharedAdjacency {
    SharedAdjacency *next;
    KgId graph, predicate;
    unsigned layers;
    TriplePlace key;
    uint64_t lookups; /* in the index, for want of it */
    uint64_t used;    /* by the cache's clock */
    size_t users;     /* those who hold it, and one for the list */
    size_t bytes;     /* 0: not read */
    Adjacency adjacency;
};

struct KgAdjacencies {
    uint64_t snapshot, clock;
    SharedAdjacency *first;
    size_t count, bytes;
};

/* ---- With the lock held ---- */

static void let_go(SharedAdjacency *shared)
{
    if (--shared->users > 0)
        return;
    sparql_adjacency_free(&shared->adjacency);
    free(shared);
}

static void drop(KgAdjacencies *cache, SharedAdjacency **link)
{
    SharedAdjacency *const shared = *link;
    *link = shared->next;
    cache->count--;
    cache->bytes -= shared->bytes;
    let_go(shared);
}

/* The cache where it is of the run's snapshot; NULL: there is none, or it is of a newer one, or the run writes. */
static KgAdjacencies *current(Run *run)
{
    KgStore *const store = kg_store(run->txn);
    const uint64_t snapshot = run->txn->snapshot;
    if (run->txn->writes || run->graph >= MERGED_GRAPH)
        return NULL;
    if (!store->adjacencies)
        store->adjacencies = calloc(1, sizeof *store->adjacencies);
    KgAdjacencies *const cache = store->adjacencies;
    if (!cache || cache->snapshot > snapshot)
        return NULL;
    if (cache->snapshot < snapshot)
        while (cache->first)
            drop(cache, &cache->first);
    cache->snapshot = snapshot;
    return cache;
}

/* The one used longest ago, of those that were read or of all. */
static void drop_oldest(KgAdjacencies *cache, bool was_read)
{
    SharedAdjacency **oldest = NULL;
    for (SharedAdjacency **link = &cache->first; *link; link = &(*link)->next)
        if ((!was_read || (*link)->bytes > 0) && (!oldest || (*link)->used < (*oldest)->used))
            oldest = link;
    if (oldest)
        drop(cache, oldest);
}

static SharedAdjacency *find(KgAdjacencies *cache, const Run *run, KgId predicate, TriplePlace key)
{
    SharedAdjacency *shared = cache->first;
    while (shared && !(shared->predicate == predicate && shared->key == key && shared->graph == run->graph &&
                       shared->layers == run->layers))
        shared = shared->next;
    if (shared)
        shared->used = ++cache->clock;
    return shared;
}

static SharedAdjacency *find_or_add(KgAdjacencies *cache, const Run *run, KgId predicate, TriplePlace key)
{
    SharedAdjacency *shared = find(cache, run, predicate, key);
    if (shared || !(shared = calloc(1, sizeof *shared)))
        return shared;
    if (cache->count == MOST_ENTRIES)
        drop_oldest(cache, false);
    *shared = (SharedAdjacency){.next = cache->first,
                                .graph = run->graph,
                                .predicate = predicate,
                                .layers = run->layers,
                                .key = key,
                                .used = ++cache->clock,
                                .users = 1};
    cache->first = shared;
    cache->count++;
    return shared;
}

static void make_room(KgAdjacencies *cache, size_t bytes)
{
    while (cache->bytes > 0 && cache->bytes + bytes > MOST_BYTES)
        drop_oldest(cache, true);
}

/* ---- For queries ---- */

SharedAdjacency *sparql_find_shared(Run *run, KgId predicate, TriplePlace key)
{
    KgStore *const store = kg_store(run->txn);
    SharedAdjacency *found = NULL;
    pthread_mutex_lock(&store->adjacencies_lock);
    KgAdjacencies *const cache = current(run);
    if (cache && (found = find(cache, run, predicate, key)) && found->bytes > 0)
        found->users++;
    else
        found = NULL;
    pthread_mutex_unlock(&store->adjacencies_lock);
    return found;
}

/* Whether lookups have become as dear as reading. */
static bool is_due(Run *run, KgId predicate, TriplePlace key, uint64_t matches, uint64_t lookups)
{
    KgStore *const store = kg_store(run->txn);
    bool due = false;
    pthread_mutex_lock(&store->adjacencies_lock);
    KgAdjacencies *const cache = current(run);
    SharedAdjacency *const shared = cache ? find_or_add(cache, run, predicate, key) : NULL;
    if (shared) {
        shared->lookups += lookups;
        due = adjacency_pays((double)shared->lookups, (double)matches);
    }
    pthread_mutex_unlock(&store->adjacencies_lock);
    return due;
}

/* The cache takes what was read; another thread may have been quicker, or a commit. */
static SharedAdjacency *share(Run *run, KgId predicate, TriplePlace key, Adjacency *adjacency, size_t bytes)
{
    KgStore *const store = kg_store(run->txn);
    pthread_mutex_lock(&store->adjacencies_lock);
    KgAdjacencies *const cache = current(run);
    if (cache)
        make_room(cache, bytes);
    SharedAdjacency *const shared = cache ? find_or_add(cache, run, predicate, key) : NULL;
    if (shared && shared->bytes == 0) {
        shared->adjacency = *adjacency;
        shared->bytes = bytes;
        cache->bytes += bytes;
        *adjacency = (Adjacency){0};
    }
    if (shared)
        shared->users++;
    pthread_mutex_unlock(&store->adjacencies_lock);
    return shared;
}

BaseStatus sparql_want_shared(Operator *op, KgId predicate, TriplePlace key, uint64_t matches, uint64_t lookups,
                              SharedAdjacency **out, BaseError *err)
{
    Run *const run = op->run;
    Adjacency adjacency = {0};
    *out = NULL;
    const size_t expected = adjacency_bytes(matches);
    if (expected > MOST_BYTES / 2 || (run->memory.most && run->memory.held + expected > run->memory.most) ||
        !is_due(run, predicate, key, matches, lookups))
        return BASE_OK;
    const size_t held = op->held;
    const BaseStatus status = sparql_adjacency_build(op, (KgTriple){.p = predicate}, key,
                                                     key == PLACE_S ? PLACE_O : PLACE_S, &adjacency, err);
    if (status != BASE_OK)
        return status;
    const size_t bytes = op->held - held;
    *out = share(run, predicate, key, &adjacency, bytes);
    sparql_adjacency_free(&adjacency);
    return sparql_hold(op, held, err); /* it is not the query's */
}

const Adjacency *sparql_shared(const SharedAdjacency *shared)
{
    return &shared->adjacency;
}

void sparql_release_shared(Run *run, SharedAdjacency *shared)
{
    KgStore *const store = kg_store(run->txn);
    if (!shared)
        return;
    pthread_mutex_lock(&store->adjacencies_lock);
    let_go(shared);
    pthread_mutex_unlock(&store->adjacencies_lock);
}

void kg_adjacencies_free(KgAdjacencies *cache)
{
    while (cache && cache->first)
        drop(cache, &cache->first);
    free(cache);
}
