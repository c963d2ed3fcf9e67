/* page_tree.h - private to kg: LMDB's B-trees as they stand in data.mdb, read without LMDB.
 *
 * LMDB 0.9 trusts every page it reads: a wrong offset or page number in one sends it out of its map. So whatever LMDB
 * is about to walk is read here first, with every number checked before it is used. The format is that of 0.9 on a
 * 64-bit little-endian machine: a 16-byte page header, 16-bit offsets to nodes, nodes from the page's end downwards. */
#ifndef KGQ_KG_PAGE_TREE_H
#define KGQ_KG_PAGE_TREE_H

#include "base/base.h"

#include <sys/types.h>

#define KG_NO_PAGE UINT64_MAX /* the root of an empty tree */

/* A tree as its record has it, in a meta page or as a named table's value. */
typedef struct KgPageTree {
    uint32_t pad;
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, value_pages, entries, root;
} KgPageTree;

/* One of the two meta pages: a snapshot of everything. */
typedef struct KgPageMeta {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    KgPageTree free, main; /* free.pad is the page size */
    uint64_t last_page, txn;
} KgPageMeta;

/* data.mdb, open for reading. `name` is the database in messages, borrowed. */
typedef struct KgPageFile {
    int file;
    const char *name;
    size_t page_bytes;
    uint64_t page_count; /* whole pages in the file */
    uint64_t bytes;
    const char *map; /* NULL, or the file as far as map_bytes, for who reads what he has just written */
    uint64_t map_bytes;
} KgPageFile;

/* Sizes as they are now. */
BaseStatus kg_page_file_measure(KgPageFile *file, BaseError *err);
/* Reads `count` pages from `first` into `out`; BASE_BAD_INPUT when the file ends before. */
BaseStatus kg_page_read(const KgPageFile *file, uint64_t first, uint64_t count, char *out, BaseError *err);
/* The same, *out in the map where there is one, else in `room`. */
BaseStatus kg_page_at(const KgPageFile *file, uint64_t first, uint64_t count, char *room, const char **out,
                      BaseError *err);
/* Reads both meta pages; false in *is_lmdb when they are of no LMDB file of this format. BASE_BAD_INPUT when they are,
 * but say what cannot be. Sets file->page_bytes. */
BaseStatus kg_page_metas(KgPageFile *file, KgPageMeta metas[2], bool *is_lmdb, BaseError *err);

/* What a page is part of. */
extern const char kg_free_list[]; /* stands, by its address, for LMDB's list of free pages */
typedef enum KgPageRole { KG_PAGE_BRANCH, KG_PAGE_LEAF, KG_PAGE_VALUE } KgPageRole;
typedef struct KgPageVisit {
    uint64_t first, count; /* more than one page for a long value */
    KgPageRole role;
    const char *table; /* a name, "" for LMDB's list of tables, or kg_free_list */
    const char *bytes; /* of the page; NULL for long values, but those of kg_free_list */
} KgPageVisit;
/* BASE_END for a page that is known to be whole and need not be checked, nor, if it is a leaf of a named table, read.
 */
typedef BaseStatus KgPageVisitor(void *context, const KgPageVisit *visit, BaseError *err);

/* Visits every page that hangs from `meta`, a page before those below it, each checked after its visit.
 * BASE_BAD_INPUT: the message names the page and what is wrong with it. */
BaseStatus kg_page_walk(const KgPageFile *file, const KgPageMeta *meta, KgPageVisitor *visit, void *context,
                        BaseError *err);

/* Whether the page before a long value (one that LMDB keeps on pages of its own) says what it should. LMDB believes the
 * number of pages it finds there when it frees them: to be asked before such a value is replaced or deleted. */
bool kg_page_is_of_value(const void *value, size_t value_bytes, size_t page_bytes);

typedef struct KgPageList {
    uint64_t *items;
    size_t count, capacity;
} KgPageList;
/* Adds to `out`, in no order and maybe twice, the pages that may have been written between two snapshots, `after` the
 * one right after `before`: those of its trees that `before` has not; and to `dropped` those it made and dropped again.
 * Costs what changed: LMDB copies a page before it changes it, so what hangs from a page that both have is the same. */
BaseStatus kg_page_changes(const KgPageFile *file, const KgPageMeta *before, const KgPageMeta *after, KgPageList *out,
                           KgPageList *dropped, BaseError *err);
bool kg_page_list_add(KgPageList *to, const KgPageList *from); /* false: no memory */
void kg_page_list_sort(KgPageList *list);                      /* and drops what is there twice */

/* The fault "page N of data.mdb ...". */
BaseStatus kg_page_fail(const KgPageFile *file, uint64_t page, const char *table, const char *what, BaseError *err);

#endif
