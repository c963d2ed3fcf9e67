/* path_walk.h - where a property path leads from a node (SPARQL 1.1, sections 9.3 and 18.4). */
#ifndef KGQ_KG_SPARQL_PATH_WALK_H
#define KGQ_KG_SPARQL_PATH_WALK_H

#include "kg/sparql/node_set.h"
#include "kg/sparql/operator.h"

typedef struct PathLink PathLink;

typedef struct PathWalk {
    Operator *op; /* that walks */
    PathLink *links;
    KgId graph; /* that the links are of */
    struct {
        NodeSet **items; /* sets that nobody uses now */
        size_t count, capacity;
    } spare;
    KgId goal; /* nothing further is wanted once it is found; KG_ANY: all */
    uint64_t steps;
} PathWalk;

/* Adds the nodes that the path leads to from `node`, or, backward, those it leads from. */
BaseStatus path_walk(PathWalk *walk, const Path *path, KgId node, bool is_backward, NodeSet *out, BaseError *err);
/* Nodes that a path may begin (backward: end) at, and perhaps others; all nodes of the graph where it may be empty. */
BaseStatus path_starts(PathWalk *walk, const Path *path, bool is_backward, NodeSet *out, BaseError *err);
/* Whether the graph has a triple with the node as its subject or object. */
BaseStatus path_is_node(PathWalk *walk, KgId node, bool *out, BaseError *err);
NodeSet *path_take_set(PathWalk *walk); /* an empty one; NULL: no memory */
void path_give_set(PathWalk *walk, NodeSet *set);
void path_walk_close(PathWalk *walk);

#endif
