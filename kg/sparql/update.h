/* update.h - what the operations of an update request share. They gather what to write first, as open scans do not
 * survive a write, and hand it to sparql_delete_quads and sparql_insert_quads. */
#ifndef KGQ_KG_SPARQL_UPDATE_H
#define KGQ_KG_SPARQL_UPDATE_H

#include "kg/sparql/ast.h"

typedef struct Quad {
    KgId graph; /* KG_ANY: the default graph */
    KgTriple triple;
} Quad;

typedef struct QuadList {
    Quad *items;
    size_t count, capacity;
} QuadList;

typedef struct Update {
    KgTxn *txn;
    BaseJob *job;
    const KgDataset *dataset;
    bool no_load;
    const KgExtensions *extensions;
    const KgServices *services;
    const char *name, *text; /* of the request */
    size_t length;
    double began;
    uint32_t source; /* its number in the catalog; 0: nothing was to be inserted yet */
    char blank_prefix[24];
    uint64_t blank_count; /* labels given under it */
    uint64_t offered;     /* triples to insert, those that were there already among them */
    uint64_t loaded;      /* of the inserted: by LOAD, which has a row of its own in the catalog */
    KgUpdateReport report;
} Update;

/* Sorts the list; what is not asserted in its graph is passed over. */
BaseStatus sparql_delete_quads(Update *update, QuadList *list, BaseError *err);
/* Sorts the list; the ids are terms of the database. */
BaseStatus sparql_insert_quads(Update *update, QuadList *list, BaseError *err);
/* Makes the request known to the catalog, so that triples can name it as their source. */
BaseStatus sparql_want_source(Update *update, BaseError *err);

/* BASE_BAD_INPUT at a place of the request. */
BaseStatus sparql_refuse(const Update *update, AstPlace place, BaseError *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

BaseStatus sparql_modify(Update *update, const AstOperation *operation, BaseError *err);        /* update_modify.c */
BaseStatus sparql_manage_graphs(Update *update, const AstOperation *operation, BaseError *err); /* update_graphs.c */
BaseStatus sparql_load(Update *update, const AstOperation *operation, BaseError *err);          /* update_load.c */

#endif
