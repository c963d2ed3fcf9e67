/* store.h - private to kg: what an open database and a transaction are made of, and the tables inside LMDB.
 *
 * Tables (each a named LMDB database):
 *     meta        "format", "generation" and "journal" (see catalog.h), "next.KIND" counters of the catalog
 *     iris, blanks, literals    number of the term (8 bytes, native) -> encoded term; the table's size is the next
 * number hashes      128-bit hash of the encoded term -> KgId counts      predicate (KG_ANY: all) -> KgCounts, how many
 * triples are in exactly which layers LAYER.ORDER twelve tables of 24-byte keys, three big-endian ids; the SPO ones
 * hold a KgNote, the others nothing */
#ifndef KGQ_KG_STORE_H
#define KGQ_KG_STORE_H

#include "kg/kg.h"

#include <lmdb.h>
#include <pthread.h>
#include <sys/types.h>

typedef enum KgTable {
    KG_META,
    KG_IRIS,
    KG_BLANKS,
    KG_LITERALS,
    KG_HASHES,
    KG_COUNTS,
    KG_TRIPLES, /* + 3 * layer + index */
    KG_TABLES = KG_TRIPLES + 3 * KG_LAYERS
} KgTable;

typedef enum KgIndex { KG_SPO, KG_POS, KG_OSP, KG_INDEXES } KgIndex;

typedef struct KgCatalog KgCatalog;

struct KgStore {
    char *path;
    bool read_only;
    bool made_folder, made_database; /* by this kg_open */
    bool committed;                  /* something, since this kg_open */
    bool remove_when_closed;         /* made for an import that failed */
    MDB_env *env;
    MDB_dbi tables[KG_TABLES];
    KgCatalog *catalog;
    _Atomic pthread_t writer; /* the thread with a write transaction; 0: none */
    dev_t device;             /* of data.mdb: a process may open it once */
    ino_t inode;
    pid_t process;
    KgStore *next_open;
    /* for tests: fewer hash bits make collisions; a crash between the commit of LMDB and that of SQLite */
    uint64_t hash_mask;
    bool stop_before_catalog;
};

/* Terms met in a write transaction, by hash, so that an import looks most of them up in memory. */
typedef struct KgKnownTerm {
    BaseHash128 hash;
    const char *bytes;
    size_t length;
    KgId id;
} KgKnownTerm;
typedef struct KgTermCache {
    BaseMap places; /* low half of the hash -> place in `items` */
    KgKnownTerm *items;
    size_t count, capacity;
    BaseArena bytes;
    size_t byte_count;
} KgTermCache;

struct KgTxn {
    KgStore *store;
    MDB_txn *mdb;
    bool writes;
    bool broken; /* a write failed half way: kg_commit refuses */
    KgTermCache cache;
    BaseBuffer encoded; /* the term being looked up */
    BaseArena texts;    /* the term being written */
    BaseBuffer journal; /* what this transaction says to the catalog */
};

static inline MDB_dbi kg_triple_table(const KgStore *store, KgLayer layer, KgIndex index)
{
    return store->tables[KG_TRIPLES + 3 * (int)layer + (int)index];
}

/* Reports LMDB's `code` (not MDB_SUCCESS) about the database; `doing` says what was tried: "read", "write". */
BaseStatus kg_mdb_fail(const KgStore *store, int code, const char *doing, BaseError *err);
/* The same within a write that may now be half done. */
BaseStatus kg_break(KgTxn *txn, int code, BaseError *err);
/* BASE_BAD_CALL unless txn may write and no write of it has failed. */
BaseStatus kg_want_writer(const KgTxn *txn, const char *call, BaseError *err);

/* Values of the table `meta`; a number that is not there is 0. */
BaseStatus kg_get_number(KgTxn *txn, const char *key, uint64_t *out, BaseError *err);
BaseStatus kg_put_number(KgTxn *txn, const char *key, uint64_t value, BaseError *err);

#endif
