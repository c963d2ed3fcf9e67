/* node_set.h - nodes in the order they were found, each once. IRIs, whose numbers are dense, are marked in a bitmap,
 * others in a hash map; emptying a set costs as much as was in it. */
#ifndef KGQ_KG_SPARQL_NODE_SET_H
#define KGQ_KG_SPARQL_NODE_SET_H

#include "kg/kg.h"

typedef struct NodeSet {
    KgId *items;
    size_t count, capacity;
    uint64_t *marks; /* by number of the IRI */
    size_t iri_count;
    BaseMap others;
} NodeSet;

/* Start from {.iri_count}: how many IRIs the database has. False: no memory. */
bool node_set_add(NodeSet *set, KgId node);
bool node_set_has(const NodeSet *set, KgId node);
void node_set_empty(NodeSet *set);
void node_set_free(NodeSet *set);
size_t node_set_bytes(const NodeSet *set);

#endif
