/* load.h - private to kg: many triples at once into one layer. Readers put what they find into batches, each by itself
 * and on whatever thread; the loader takes the batches in the order of the input and gives terms their ids. So ids, and
 * with them the database, do not depend on how the work was cut or how many threads did it. */
#ifndef KGQ_KG_LOAD_H
#define KGQ_KG_LOAD_H

#include "kg/store.h"

/* ---- Batches ---- */

/* A distinct term of a batch in its stored form (kg_encode_term); literals that ids hold are not among them. */
typedef struct KgBatchTerm {
    BaseHash128 hash;
    size_t offset; /* in batch->bytes */
    uint32_t length;
} KgBatchTerm;

/* The four places of a statement as they are in a batch: KG_ANY (of `g`: the default graph), an id that holds its
 * literal, or kg_local(place of the term in the batch). */
typedef struct KgBatchQuad {
    KgId s, p, o, g;
} KgBatchQuad;
static inline KgId kg_local(size_t place)
{
    return (KgId)place + 1; /* tag 0 */
}

typedef struct KgBatch {
    BaseBuffer bytes;
    struct {
        KgBatchTerm *items; /* in the order first met */
        size_t count, capacity;
    } terms;
    struct {
        KgBatchQuad *items;
        size_t count, capacity;
    } quads;
    uint32_t *table; /* open addressing over terms: place + 1 */
    size_t table_size;
} KgBatch;

/* Start from {0}. False: no memory. The term is copied. */
bool kg_batch_term(KgBatch *batch, const KgTerm *term, KgId *out);
bool kg_batch_add(KgBatch *batch, KgBatchQuad quad);
void kg_batch_clear(KgBatch *batch); /* empty, memory kept for the next use */
void kg_batch_free(KgBatch *batch);

/* ---- The loader ---- */

typedef struct KgLoader KgLoader;
typedef struct KgLoadOptions {
    KgLayer layer;
    uint64_t memory; /* bytes; 0: a third of the machine's */
    BaseJob *job;    /* may be NULL */
} KgLoadOptions;

BaseStatus kg_load_begin(KgTxn *txn, const KgLoadOptions *options, KgLoader **out, BaseError *err);
/* Takes over what is in the batch, all its triples with note.source = source; the batch is the caller's to clear. On
 * one thread, in the order of the input. */
BaseStatus kg_load_batch(KgLoader *loader, const KgBatch *batch, uint32_t source, BaseError *err);
/* Puts all of it into the transaction. added_by[source - first] grows by the triples that were not there before. */
BaseStatus kg_load_finish(KgLoader *loader, uint64_t *added, uint64_t *added_by, uint32_t first, BaseError *err);
void kg_load_free(KgLoader *loader); /* NULL is fine */

#endif
