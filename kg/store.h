/* store.h - private to kg: what an open database and a transaction are made of, and the tables inside LMDB.
 *
 * Tables (each a named LMDB database; their list, LMDB's main one, is written in every commit, and for that has the
 * stamps of the facts under "facts", see statistics.h, and what was written last, see tail.h):
 *     meta            "format", "generation" and "journal" (see catalog.h), "next.KIND" counters of the catalog
 *     iris, blanks, literals    last number in a block (8 bytes, native) -> the block's terms (front.h); the numbers in
 *                     use are 0 up to the last one
 *     hashes          packed rows (hash of a stored term, its id); hashes.new: such rows not packed yet
 *     graphs          id of a named graph -> its number, from 1; the default graph is number 0
 *     counts          graph's number, predicate (KG_ANY: all) -> KgCounts, how many triples are in exactly which layers
 *     tracked         see track.h; only where something is tracked
 *     spo, pos, osp, pso    packed rows of triples; a layer of a graph is a space; spo has the notes
 *     changes         space, triple -> what becomes of it: changes not merged into the packed rows yet (delta.h) */
#ifndef KGQ_KG_STORE_H
#define KGQ_KG_STORE_H

#include "kg/hash_filter.h"
#include "kg/inline.h"
#include "kg/kg.h"
#include "kg/term_set.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

typedef enum KgIndex { KG_SPO, KG_POS, KG_OSP, KG_PSO, KG_INDEXES } KgIndex;

typedef enum KgTable {
    KG_META,
    KG_IRIS,
    KG_BLANKS,
    KG_LITERALS,
    KG_HASHES,
    KG_NEW_HASHES,
    KG_GRAPHS,
    KG_COUNTS,
    KG_CHANGES,
    KG_ORDERS, /* + index */
    KG_TABLES = KG_ORDERS + KG_INDEXES
} KgTable;

#define KG_KINDS 3 /* of terms in the dictionary: kind - KG_IRI */

typedef struct KgCatalog KgCatalog;
typedef struct KgChangesTail KgChangesTail;
typedef struct KgDelta KgDelta;
typedef struct KgFigures KgFigures;
typedef struct KgFoundTerms KgFoundTerms;
typedef struct KgLabels KgLabels;
typedef struct KgPages KgPages;
typedef struct KgAdjacencies KgAdjacencies;
typedef struct KgPrefixes KgPrefixes;
typedef struct KgTermReader KgTermReader;

/* Where one way to do a thing gives way to another; 0: the usual. Tests set them low, so that little data takes every
 * way. */
typedef struct KgLimits {
    size_t changes;         /* that wait to be merged into the tables, at most */
    size_t records;         /* of one call, that become such changes, at most */
    size_t new_hashes;      /* that wait to be packed, at most */
    size_t tail_bytes;      /* of a tail, at most (tail.h) */
    size_t known_bytes;     /* of terms that a transaction keeps in memory */
    size_t loaded_rows;     /* that a load keeps in memory, at most */
    size_t chunk_rows;      /* that go from sorted runs into the tables at once */
    size_t split_work;      /* of a query, in rows to go through, from which on threads share it */
    size_t sampled_matches; /* of a pattern, from which on a planner looks at what it has */
    size_t part_work;       /* of a part that one thread takes at a time, at least */
} KgLimits;
static inline size_t kg_limit(size_t limit, size_t usual)
{
    return limit ? limit : usual;
}

/* Whether a transaction writes down what is asserted and deleted (track.h). */
typedef enum KgTracks { KG_TRACKS_UNKNOWN, KG_TRACKS_OFF, KG_TRACKS_ON } KgTracks;

#define KG_VERIFIED 8192 /* blocks remembered as verified, by their page */

struct KgStore {
    char *path;
    char *data_path; /* of data.mdb in it */
    bool read_only;
    bool made_folder, made_database; /* by this kg_open */
    bool committed;                  /* something, since this kg_open */
    bool remove_when_closed;         /* made for an import that failed */
    MDB_env *env;
    MDB_dbi tables[KG_TABLES];
    MDB_dbi list;                  /* of the tables */
    _Atomic MDB_dbi tracked;       /* track.h; 0: this store has not seen the table */
    KgBeforeCommit *before_commit; /* NULL: nobody asked */
    void *before_commit_context;
    KgCatalog *catalog;
    pthread_mutex_t delta_lock; /* for the next two */
    KgDelta *delta;             /* of the newest snapshot that was looked at, shared by readers */
    KgPrefixes *prefixes;       /* prefixes.c: those read last */
    pthread_mutex_t figures_lock;
    KgFigures *figures; /* figures.h */
    pthread_mutex_t adjacencies_lock;
    KgAdjacencies *adjacencies; /* sparql/adjacency_cache.h */
    pthread_mutex_t found_lock;
    KgFoundTerms *found;      /* sparql/found_terms.h */
    KgLabels *labels;         /* labels.h */
    KgPages *pages;           /* see pages.h */
    _Atomic pthread_t writer; /* the thread with a write transaction; 0: none */
    dev_t device;             /* of data.mdb: a process may open it once */
    ino_t inode;
    pid_t process;
    KgStore *next_open;
    _Atomic uint64_t verified[KG_VERIFIED]; /* marks of blocks: kg_is_verified */
    /* for tests: fewer hash bits make collisions; a crash between the commit of LMDB and that of SQLite */
    uint64_t hash_mask;
    size_t chunk_bytes; /* that files are read in; 0: the usual */
    KgLimits limits;
    bool stop_before_catalog;
};

/* Terms met in a write transaction: new ones, those of the tail among them, which go into the tables when there are
 * many of them, and others, so that an import looks most terms up in memory. A reader has only those of the tail here.
 */
typedef struct KgKnownTerms {
    KgTermSet set;
    struct {
        KgId *items;
        size_t count, capacity;
    } ids; /* by place in the set */
    struct {
        size_t *items;
        size_t count, capacity;
    } fresh[KG_KINDS];   /* places of the new ones, in the order of their numbers */
    bool has_tail;       /* the terms of the snapshot's tail (tail.h) are among them, */
    size_t tail_terms;   /* so many */
    KgHashFilter filter; /* made when terms had to go into the tables before the end */
} KgKnownTerms;

struct KgTxn {
    KgStore *store;
    MDB_txn *mdb;
    bool writes;
    size_t snapshot; /* LMDB's number of it */
    bool has_pages;  /* kg_pages_begin succeeded */
    bool is_watched; /* kg_pages_watch was called */
    size_t touched;  /* pages that may have been changed, at most */
    bool broken;     /* a write failed half way: kg_commit refuses */
    KgKnownTerms known;
    size_t known_limit;                /* bytes of them; past it they go into the tables */
    uint64_t term_counts[KG_KINDS];    /* in the tables; UINT64_MAX: not looked up yet */
    BaseBuffer encoded;                /* the term being looked up */
    KgTermReader *terms;               /* term_reader.c: of the dictionary */
    char inline_text[KG_INLINE_BYTES]; /* of the term that an id holds, borrowed out */
    BaseBuffer journal;                /* what this transaction says to the catalog */
    MDB_cursor *seekers[KG_TABLES];    /* opened when first used */
    KgChangesTail *changes_tail;       /* the changes written last, when they have been looked at */
    KgDelta *delta;                    /* this snapshot's, when it has been looked at */
    bool delta_is_old;                 /* a writer has changed it since */
    bool facts_changed;                /* since the stamp of the facts was written (statistics.h) */
    bool bulk_changed;                 /* by many at once: statistics may be due */
    bool has_patch_count;
    size_t patch_count; /* rows of the patch (patch.h), when it has been looked at */
    KgTracks tracks;
    MDB_dbi tracked_table; /* 0: not looked at yet */
    bool has_tracked;      /* something asserted came or went that is tracked */
};

/* Blocks whose checksum a reader of the same snapshot has verified are not verified again; those of a writer may change
 * under their address. */
static inline uint64_t kg_verified_mark(const KgTxn *txn, const void *block)
{
    return base_mix((uintptr_t)block ^ base_mix(txn->snapshot));
}
static inline bool kg_is_verified(const KgTxn *txn, const void *block)
{
    return !txn->writes && atomic_load_explicit(&txn->store->verified[((uintptr_t)block >> 12) % KG_VERIFIED],
                                                memory_order_relaxed) == kg_verified_mark(txn, block);
}
static inline void kg_set_verified(KgTxn *txn, const void *block)
{
    if (!txn->writes)
        atomic_store_explicit(&txn->store->verified[((uintptr_t)block >> 12) % KG_VERIFIED],
                              kg_verified_mark(txn, block), memory_order_relaxed);
}

/* Reports LMDB's `code` (not MDB_SUCCESS) about the database; `doing` says what was tried: "read", "write". */
BaseStatus kg_mdb_fail(const KgStore *store, int code, const char *doing, BaseError *err);
/* The same within a write that may now be half done. */
BaseStatus kg_break(KgTxn *txn, int code, BaseError *err);
/* BASE_BAD_CALL unless txn may write and no write of it has failed. */
BaseStatus kg_want_writer(const KgTxn *txn, const char *call, BaseError *err);

/* LMDB's calls that write, the last two mdb_drop of what is in a table and mdb_cursor_del: all writes of a transaction
 * go through these, as kg_pages_watch must be called before it has become so large that LMDB writes pages early. */
int kg_mdb_put(KgTxn *txn, MDB_dbi table, MDB_val *key, MDB_val *value, unsigned flags);
int kg_mdb_cursor_put(KgTxn *txn, MDB_cursor *cursor, MDB_val *key, MDB_val *value, unsigned flags);
int kg_mdb_del(KgTxn *txn, MDB_dbi table, MDB_val *key);
int kg_mdb_empty(KgTxn *txn, MDB_dbi table);
int kg_mdb_cursor_del(KgTxn *txn, MDB_cursor *cursor);

/* Values of the table `meta`; a number that is not there is 0. */
BaseStatus kg_get_number(KgTxn *txn, const char *key, uint64_t *out, BaseError *err);
BaseStatus kg_put_number(KgTxn *txn, const char *key, uint64_t value, BaseError *err);

#endif
