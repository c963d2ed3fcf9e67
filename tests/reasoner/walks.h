/* walks.h - an independent second opinion on closures: breadth-first walks over a graph read from TSV, by moves that a
 * finite automaton allows. It shares nothing with the reasoner. */
#ifndef KGQ_TESTS_REASONER_WALKS_H
#define KGQ_TESTS_REASONER_WALKS_H

#include "base/base.h"

enum { WALK_STATES = 3, WALK_RELATIONS = 64 };

typedef struct WalkRelation {
    char *name;
    uint32_t *starts, *targets; /* by node, and one more; what it leads to */
} WalkRelation;

typedef struct WalkGraph {
    BaseMap nodes; /* hash of the name: number */
    struct {
        char **items;
        size_t count, capacity;
    } names;
    struct {
        uint32_t (*items)[3];
        size_t count, capacity;
    } edges; /* node, relation, node */
    WalkRelation relations[WALK_RELATIONS];
    size_t relation_count;
    uint32_t *seen, *distances; /* by node and state: the walk that was there last, and how far it was */
    uint32_t *queue;
    uint32_t walk;
    size_t reached; /* entries of the queue, of the last walk */
} WalkGraph;

/* Along an edge of the relation from one state to another. Walks begin in state 0. */
typedef struct WalkMove {
    const char *relation;
    uint32_t from, to;
} WalkMove;

/* Reads files of three columns; fails the test when it cannot. */
void walk_read(WalkGraph *graph, const char *const *files, size_t count);
void walk_free(WalkGraph *graph);
/* Nodes of state 1 that a walk from the node comes to, with distances[node * WALK_STATES + 1]; returns how many. */
size_t walk_from(WalkGraph *graph, uint32_t node, const WalkMove *moves, size_t count);
/* The n-th node that the last walk came to in state 1, or UINT32_MAX where it was another state. */
uint32_t walk_reached(const WalkGraph *graph, size_t n);

#endif
