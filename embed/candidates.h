/* candidates.h - which entities a name may mean: those with it as a label, as it stands or in a near form. */
#ifndef KGQ_EMBED_CANDIDATES_H
#define KGQ_EMBED_CANDIDATES_H

#include "embed/embed.h"

/* A way in which an entity bears a name. */
typedef struct EmbedBearer {
    KgId entity;
    double fit;           /* how well the name fits, in (0, 1]: which predicate, which form of the name */
    double degree;        /* asserted links to other entities, counted up to EMBED_MOST_LINKS */
    double namesake;      /* it is called after the name: 1, less for further senses, 0: it is not */
    const char *evidence; /* `lemma "nine"` */
} EmbedBearer;
typedef struct EmbedBearers {
    EmbedBearer *items;
    size_t count, capacity;
} EmbedBearers;
#define EMBED_MOST_LINKS 256

/* The predicates that carry labels, looked up once. */
typedef struct EmbedLabels {
    KgTxn *txn;
    unsigned layers;
    KgId *predicates; /* those that the database has, best first */
    double *fits;
    const char **names;
    size_t count;
} EmbedLabels;
/* All memory is the arena's. */
BaseStatus embed_labels_open(KgTxn *txn, const EmbedLinkOptions *options, BaseArena *arena, EmbedLabels *out,
                             BaseError *err);
/* Entities that bear `name`, each once with its best fit; none is no failure. Evidence lives in the arena; free
 * out->items with free(). */
BaseStatus embed_labels_find(const EmbedLabels *labels, const char *name, size_t length, BaseArena *arena,
                             EmbedBearers *out, BaseError *err);

#endif
