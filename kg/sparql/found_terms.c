/* found_terms.c - a table of fixed size by hash, in which the last one found takes its place. An id stays what it is
 * for the life of the database: what one snapshot has, all later ones do. */
#include "kg/sparql/found_terms.h"

#include <stdlib.h>
#include <string.h>

#define PLACES 256     /* a power of two */
#define LONGEST_IRI 96 /* that is kept */

struct KgFoundTerms {
    struct FoundTerm {
        KgId id; /* 0: none */
        size_t snapshot;
        size_t length;
        char iri[LONGEST_IRI];
    } places[PLACES];
};

static size_t place_of(KgText iri)
{
    return base_hash(iri.bytes, iri.length, 0) & (PLACES - 1);
}

/* A writer may drop again what it has made. */
static bool may_keep(const KgTxn *txn, KgText iri)
{
    return !txn->writes && iri.length <= LONGEST_IRI;
}

KgId kg_recall_iri(KgTxn *txn, KgText iri)
{
    KgStore *const store = txn->store;
    KgId id = KG_ANY;
    if (!may_keep(txn, iri))
        return KG_ANY;
    pthread_mutex_lock(&store->found_lock);
    if (store->found) {
        const struct FoundTerm *const one = &store->found->places[place_of(iri)];
        if (one->id && one->snapshot <= txn->snapshot && one->length == iri.length &&
            memcmp(one->iri, iri.bytes, iri.length) == 0)
            id = one->id;
    }
    pthread_mutex_unlock(&store->found_lock);
    return id;
}

void kg_remember_iri(KgTxn *txn, KgText iri, KgId id)
{
    KgStore *const store = txn->store;
    if (!may_keep(txn, iri))
        return;
    pthread_mutex_lock(&store->found_lock);
    if (!store->found)
        store->found = calloc(1, sizeof *store->found); /* without it, terms are found as ever */
    if (store->found) {
        struct FoundTerm *const one = &store->found->places[place_of(iri)];
        *one = (struct FoundTerm){.id = id, .snapshot = txn->snapshot, .length = iri.length};
        memcpy(one->iri, iri.bytes, iri.length);
    }
    pthread_mutex_unlock(&store->found_lock);
}

void kg_found_terms_free(KgFoundTerms *found)
{
    free(found);
}
