/* world.h - a small random dataset: facts of graphs and layers, with literals of all kinds, and the way it gets into a
 * database. */
#ifndef KGQ_TESTS_SPARQL_WORLD_H
#define KGQ_TESTS_SPARQL_WORLD_H

#include "lexicon.h"

#define GRAPHS 4 /* the default graph, and three named ones */

typedef struct Fact {
    int s, p, o;
    int graph;       /* 0: the default graph */
    unsigned layers; /* KG_IN bits: asserted, inferred */
    int from, until; /* stages: 0 the bulk, 1 a small commit behind it, 2 a change between queries */
} Fact;

#define STAGES 3

typedef struct World {
    Lexicon lexicon;
    struct {
        Fact *items;
        size_t count, capacity;
    } facts;
    struct {
        int *items;
        size_t count, capacity;
    } nodes, literals, predicates; /* the terms it is made of, and a few that no fact has */
    int graphs[GRAPHS];            /* names; [0]: NO_TERM */
    int graph_count;
    bool is_large;
    int stage;
} World;

static inline bool is_stored(const World *world, const Fact *fact)
{
    return fact->from <= world->stage && world->stage < fact->until;
}

void make_world(World *world, BaseRandom *random);
void free_world(World *world);
/* In place of all that the database has: the world of stage 1. */
void store_world(World *world, KgStore *store);
void store_last_stage(World *world, KgTxn *txn);
void write_world(FILE *out, const World *world);

static inline int pick(BaseRandom *random, int limit)
{
    return (int)base_random_below(random, (uint64_t)limit);
}

#endif
