/* page_tree.c - LMDB's pages, checked while they are walked. The format is described by the comments of LMDB 0.9's
 * mdb.c; what is checked is what LMDB itself would take on trust and could crash or go astray on. */
#include "kg/page_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0xBEEFC0DEu
#define DATA_VERSION 1
#define MAX_DEPTH 32 /* of LMDB's cursors */
#define MAX_KEY 511
#define LARGEST_PAGE 65536
#define SMALLEST_PAGE 512
#define LARGEST_MAP ((uint64_t)1 << 47)

enum { BRANCH = 0x01, LEAF = 0x02, LONG = 0x04, META = 0x08, DIRTY = 0x10 }; /* flags of a page */
enum { LONG_VALUE = 0x01, TABLE = 0x02, DUPLICATES = 0x04 };                 /* flags of a node of a leaf */
enum { DUPLICATE_KEYS = 0x04 }; /* a flag of a tree; we have none of these */

typedef struct PageHeader {
    uint64_t number;
    uint16_t pad, flags, lower, upper;
} PageHeader;
typedef struct NodeHeader {
    uint16_t low, high, flags, key_bytes;
} NodeHeader;
_Static_assert(sizeof(PageHeader) == 16 && sizeof(NodeHeader) == 8, "LMDB's format");
_Static_assert(sizeof(KgPageTree) == 48 && sizeof(KgPageMeta) == 136, "LMDB's format");

const char kg_free_list[] = "the list of free pages";

/* ---- The file ---- */

BaseStatus kg_page_fail(const KgPageFile *file, uint64_t page, const char *table, const char *what, BaseError *err)
{
    if (!table)
        return base_fail(err, BASE_BAD_INPUT, "the database %s is damaged: page %llu of data.mdb %s", file->name,
                         (unsigned long long)page, what);
    const char *const kind = table == kg_free_list ? "" : *table ? "table " : "the list of tables";
    return base_fail(err, BASE_BAD_INPUT, "the database %s is damaged: page %llu of data.mdb, of %s%s, %s", file->name,
                     (unsigned long long)page, kind, table, what);
}

BaseStatus kg_page_file_measure(KgPageFile *file, BaseError *err)
{
    struct statx found; /* without its times: see kg_pages_watch */
    if (statx(file->file, "", AT_EMPTY_PATH, STATX_SIZE, &found) != 0)
        return base_fail_errno(err, "cannot read %s/data.mdb", file->name);
    file->bytes = found.stx_size;
    file->page_count = file->page_bytes ? file->bytes / file->page_bytes : 0;
    return BASE_OK;
}

/* As many bytes as there are, up to `length`; -1 and errno on failure. */
static ssize_t read_at(int file, char *out, size_t length, uint64_t offset)
{
    size_t done = 0;
    while (done < length) {
        const ssize_t got = pread(file, out + done, length - done, (off_t)(offset + done));
        if (got < 0 && errno != EINTR)
            return -1;
        if (got == 0)
            break;
        done += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)done;
}

BaseStatus kg_page_read(const KgPageFile *file, uint64_t first, uint64_t count, char *out, BaseError *err)
{
    const size_t length = (size_t)count * file->page_bytes;
    const ssize_t got = read_at(file->file, out, length, first * file->page_bytes);
    if (got < 0)
        return base_fail_errno(err, "cannot read page %llu of %s/data.mdb", (unsigned long long)first, file->name);
    return (size_t)got == length ? BASE_OK : kg_page_fail(file, first, NULL, "is past the end of the file", err);
}

BaseStatus kg_page_at(const KgPageFile *file, uint64_t first, uint64_t count, char *room, const char **out,
                      BaseError *err)
{
    *out = room;
    if (!file->map || first + count > file->page_count || (first + count) * file->page_bytes > file->map_bytes)
        return kg_page_read(file, first, count, room, err);
    *out = file->map + first * file->page_bytes;
    return BASE_OK;
}

/* ---- Meta pages ---- */

static bool can_be_tree(const KgPageTree *tree, uint64_t last_page)
{
    if (tree->root == KG_NO_PAGE)
        return tree->depth == 0;
    return tree->depth >= 1 && tree->depth <= MAX_DEPTH && tree->root >= 2 && tree->root <= last_page &&
           !(tree->flags & DUPLICATE_KEYS);
}

static bool can_be_meta(const KgPageMeta *meta)
{
    const uint64_t page_bytes = meta->free.pad;
    return page_bytes >= SMALLEST_PAGE && page_bytes <= LARGEST_PAGE && (page_bytes & (page_bytes - 1)) == 0 &&
           meta->last_page >= 1 && meta->last_page < LARGEST_MAP / page_bytes && meta->map_bytes <= LARGEST_MAP;
}

static bool can_be_walked(const KgPageMeta *meta)
{
    return can_be_tree(&meta->free, meta->last_page) && can_be_tree(&meta->main, meta->last_page);
}

/* The newer of the two is the one in use. The trees of the other need not make sense: LMDB, when it fails to write a
 * meta page, puts back the old transaction's number and leaves the new trees. */
static bool can_be_used(const KgPageMeta metas[2])
{
    return can_be_walked(&metas[metas[1].txn > metas[0].txn]);
}

static bool read_meta(const KgPageFile *file, uint64_t offset, KgPageMeta *out)
{
    char bytes[sizeof(PageHeader) + sizeof *out];
    PageHeader header;
    if (file->map)
        memcpy(bytes, file->map + offset, sizeof bytes);
    else if (read_at(file->file, bytes, sizeof bytes, offset) != (ssize_t)sizeof bytes)
        return false;
    memcpy(&header, bytes, sizeof header);
    memcpy(out, bytes + sizeof header, sizeof *out);
    return (header.flags & META) && out->magic == MAGIC && out->version == DATA_VERSION;
}

/* The number of the meta page that cannot be, or 2. */
static uint64_t read_metas(KgPageFile *file, KgPageMeta metas[2], bool *is_lmdb)
{
    *is_lmdb = read_meta(file, 0, &metas[0]);
    if (!*is_lmdb)
        return 2;
    if (!can_be_meta(&metas[0]))
        return 0;
    file->page_bytes = metas[0].free.pad;
    *is_lmdb = read_meta(file, file->page_bytes, &metas[1]);
    if (!*is_lmdb)
        return 2;
    if (!can_be_meta(&metas[1]) || metas[1].free.pad != file->page_bytes)
        return 1;
    return can_be_used(metas) ? 2 : metas[1].txn > metas[0].txn;
}

BaseStatus kg_page_metas(KgPageFile *file, KgPageMeta metas[2], bool *is_lmdb, BaseError *err)
{
    uint64_t fault = 2;
    for (int i = 0; i < 3; i++) { /* a writer may be at it */
        fault = read_metas(file, metas, is_lmdb);
        if (fault == 2)
            return kg_page_file_measure(file, err);
    }
    return kg_page_fail(file, fault, NULL, "is no meta page", err);
}

/* ---- One page ---- */

typedef struct Node {
    const char *key, *value; /* of a leaf: where the value starts, or the record of a long one */
    size_t key_bytes, value_bytes;
    unsigned flags;
    uint64_t child;
} Node;

static size_t node_count(const char *page)
{
    PageHeader header;
    memcpy(&header, page, sizeof header);
    return (header.lower - sizeof header) / 2;
}

/* False when the node leaves the page. */
static bool read_node(const KgPageFile *file, const char *page, size_t index, bool leaf, Node *out)
{
    PageHeader header;
    NodeHeader node;
    uint16_t at;
    memcpy(&header, page, sizeof header);
    memcpy(&at, page + sizeof header + 2 * index, sizeof at);
    if (at < header.upper || at + sizeof node > file->page_bytes)
        return false;
    memcpy(&node, page + at, sizeof node);
    const size_t room = file->page_bytes - at - sizeof node;
    const uint32_t low = node.low | (uint32_t)node.high << 16;
    *out = (Node){.key = page + at + sizeof node, .key_bytes = node.key_bytes};
    if (node.key_bytes > MAX_KEY || node.key_bytes > room)
        return false;
    if (!leaf) {
        out->child = low | (uint64_t)node.flags << 32;
        return true;
    }
    out->flags = node.flags;
    out->value = out->key + node.key_bytes;
    out->value_bytes = low;
    return (node.flags & LONG_VALUE ? sizeof(uint64_t) : low) <= room - node.key_bytes;
}

/* NULL, or what is wrong with a page of a tree that should be `number`, a leaf or a branch. */
static const char *page_fault(const KgPageFile *file, const char *page, uint64_t number, bool leaf, bool is_free_list)
{
    PageHeader header;
    memcpy(&header, page, sizeof header);
    if (header.number != number || header.flags != (leaf ? LEAF : BRANCH))
        return leaf ? "is no leaf page" : "is no branch page";
    if (header.lower < sizeof header || header.lower % 2 != 0 || header.lower > header.upper ||
        header.upper > file->page_bytes)
        return "has bounds that cannot be";
    const size_t count = node_count(page), least = leaf || is_free_list ? 1 : 2;
    if (count < least)
        return "has too few entries";
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        Node node;
        if (!read_node(file, page, i, leaf, &node))
            return "has an entry outside of it";
        if (node.flags & ~(unsigned)(LONG_VALUE | TABLE) || (leaf && node.key_bytes == 0))
            return "has an entry of no known kind";
        const size_t value = !leaf ? 0 : node.flags & LONG_VALUE ? sizeof(uint64_t) : node.value_bytes;
        used += (sizeof(NodeHeader) + node.key_bytes + value + 1) & ~(size_t)1;
    }
    return used <= file->page_bytes - header.upper ? NULL : "has entries that overlap";
}

static const char *link_fault(const KgPageFile *file, uint64_t last_page, uint64_t first, uint64_t count)
{
    if (first < 2 || first > last_page || count > last_page - first + 1)
        return "points to a page that is not there";
    return first + count <= file->page_count ? NULL : "points past the end of the file";
}

/* The pages of a long value; false when they are not there. */
static const char *long_value(const KgPageFile *file, uint64_t last_page, const Node *node, uint64_t *first,
                              uint64_t *count)
{
    memcpy(first, node->value, sizeof *first);
    *count = (sizeof(PageHeader) + node->value_bytes + file->page_bytes - 1) / file->page_bytes;
    return link_fault(file, last_page, *first, *count);
}

bool kg_page_is_of_value(const void *value, size_t value_bytes, size_t page_bytes)
{
    PageHeader header;
    memcpy(&header, (const char *)value - sizeof header, sizeof header);
    const uint32_t pages = header.lower | (uint32_t)header.upper << 16;
    return (header.flags & ~DIRTY) == LONG && pages == (sizeof header + value_bytes + page_bytes - 1) / page_bytes;
}

/* ---- A tree and the table it is of ---- */

typedef struct Table {
    char name[64];
    KgPageTree tree;
} Table;
typedef struct Tables {
    Table *items;
    size_t count, capacity;
} Tables;

/* A named table, from its entry in the list of tables. */
static BaseStatus read_table(const KgPageFile *file, uint64_t last_page, uint64_t page, const Node *node, Tables *out,
                             BaseError *err)
{
    Table table = {0};
    if (node->flags & LONG_VALUE || node->value_bytes != sizeof table.tree || node->key_bytes >= sizeof table.name)
        return kg_page_fail(file, page, "", "has an entry that is no table", err);
    memcpy(table.name, node->key, node->key_bytes);
    memcpy(&table.tree, node->value, sizeof table.tree);
    if (!can_be_tree(&table.tree, last_page) || !*table.name)
        return kg_page_fail(file, page, "", "has a table that cannot be", err);
    return BASE_PUSH(out, table) ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to read %s", file->name);
}

/* ---- Walking all ---- */

typedef struct Walk {
    const KgPageFile *file;
    const KgPageMeta *meta;
    KgPageVisitor *visit;
    void *context;
    char *pages;      /* one per level */
    uint8_t *visited; /* a bit per page */
    Tables tables;
    const char *table; /* being walked */
} Walk;

static BaseStatus claim(Walk *walk, uint64_t from, uint64_t first, uint64_t count, BaseError *err)
{
    for (uint64_t page = first; page < first + count; page++) {
        if (walk->visited[page / 8] & 1 << page % 8)
            return kg_page_fail(walk->file, from, walk->table, "points to a page that is used twice", err);
        walk->visited[page / 8] |= (uint8_t)(1 << page % 8);
    }
    return BASE_OK;
}

/* A record of the list of free pages: a count, and so many page numbers, falling. */
static BaseStatus check_free_list(Walk *walk, uint64_t page, const char *value, size_t bytes, BaseError *err)
{
    uint64_t count, number, before = UINT64_MAX;
    if (bytes < sizeof count)
        return kg_page_fail(walk->file, page, walk->table, "has a record too short", err);
    memcpy(&count, value, sizeof count);
    if (count > bytes / sizeof count - 1)
        return kg_page_fail(walk->file, page, walk->table, "has a record too short", err);
    for (uint64_t i = 1; i <= count; i++) {
        memcpy(&number, value + i * sizeof number, sizeof number);
        if (number < 2 || number > walk->meta->last_page || number >= before)
            return kg_page_fail(walk->file, page, walk->table, "lists pages that cannot be", err);
        if (walk->visited[number / 8] & 1 << number % 8)
            return kg_page_fail(walk->file, page, walk->table, "lists a page as free that is in use", err);
        before = number;
    }
    return BASE_OK;
}

static BaseStatus walk_value(Walk *walk, uint64_t page, const Node *node, BaseError *err)
{
    const bool listed = walk->table == kg_free_list, is_long = node->flags & LONG_VALUE;
    if (!is_long)
        return listed ? check_free_list(walk, page, node->value, node->value_bytes, err) : BASE_OK;
    KgPageVisit visit = {.role = KG_PAGE_VALUE, .table = walk->table};
    const char *const fault = long_value(walk->file, walk->meta->last_page, node, &visit.first, &visit.count);
    if (fault)
        return kg_page_fail(walk->file, page, walk->table, fault, err);
    BaseStatus status = claim(walk, page, visit.first, visit.count, err);
    if (status != BASE_OK || !listed)
        return status == BASE_OK ? walk->visit(walk->context, &visit, err) : status;
    char *const bytes = malloc((size_t)visit.count * walk->file->page_bytes);
    status = bytes ? kg_page_read(walk->file, visit.first, visit.count, bytes, err)
                   : base_fail(err, BASE_NO_MEMORY, "no memory to read %s", walk->file->name);
    visit.bytes = bytes;
    if (status == BASE_OK)
        status = walk->visit(walk->context, &visit, err);
    if (status == BASE_OK || status == BASE_END)
        status = check_free_list(walk, page, bytes + sizeof(PageHeader), node->value_bytes, err);
    free(bytes);
    return status;
}

static BaseStatus walk_page(Walk *walk, uint64_t from, uint64_t number, unsigned height, BaseError *err)
{
    const KgPageFile *const file = walk->file;
    const bool leaf = height == 1;
    const char *fault = link_fault(file, walk->meta->last_page, number, 1);
    if (fault)
        return kg_page_fail(file, from, walk->table, fault, err);
    BaseStatus status = claim(walk, from, number, 1, err);
    char *const page = walk->pages + (height - 1) * file->page_bytes;
    if (status == BASE_OK)
        status = kg_page_read(file, number, 1, page, err);
    const KgPageVisit visit = {number, 1, leaf ? KG_PAGE_LEAF : KG_PAGE_BRANCH, walk->table, page};
    if (status == BASE_OK)
        status = walk->visit(walk->context, &visit, err);
    if (status == BASE_END) {
        status = BASE_OK;
        if (leaf && *walk->table && walk->table != kg_free_list)
            return status;
    } else if (status == BASE_OK && (fault = page_fault(file, page, number, leaf, walk->table == kg_free_list))) {
        status = kg_page_fail(file, number, walk->table, fault, err);
    }
    for (size_t i = 0, count = status == BASE_OK ? node_count(page) : 0; status == BASE_OK && i < count; i++) {
        Node node;
        read_node(file, page, i, leaf, &node);
        if (!leaf)
            status = walk_page(walk, number, node.child, height - 1, err);
        else if (!*walk->table)
            status = node.flags & TABLE ? read_table(file, walk->meta->last_page, number, &node, &walk->tables, err)
                                        : walk_value(walk, number, &node, err);
        else
            status = node.flags & TABLE ? kg_page_fail(file, number, walk->table, "has a table", err)
                                        : walk_value(walk, number, &node, err);
    }
    return status;
}

static BaseStatus walk_tree(Walk *walk, const KgPageTree *tree, const char *table, BaseError *err)
{
    walk->table = table;
    if (tree->root == KG_NO_PAGE)
        return BASE_OK;
    return walk_page(walk, 0, tree->root, tree->depth, err);
}

BaseStatus kg_page_walk(const KgPageFile *file, const KgPageMeta *meta, KgPageVisitor *visit, void *context,
                        BaseError *err)
{
    Walk walk = {.file = file, .meta = meta, .visit = visit, .context = context};
    if (!can_be_walked(meta))
        return kg_page_fail(file, 0, NULL, "names trees that cannot be", err);
    walk.pages = malloc(MAX_DEPTH * file->page_bytes);
    walk.visited = calloc((size_t)(meta->last_page / 8 + 1), 1);
    BaseStatus status = BASE_OK;
    if (!walk.pages || !walk.visited)
        status = base_fail(err, BASE_NO_MEMORY, "no memory to read %s", file->name);
    if (status == BASE_OK)
        status = walk_tree(&walk, &meta->main, "", err);
    for (size_t i = 0; status == BASE_OK && i < walk.tables.count; i++)
        status = walk_tree(&walk, &walk.tables.items[i].tree, walk.tables.items[i].name, err);
    if (status == BASE_OK) /* last: then it is known what is in use */
        status = walk_tree(&walk, &meta->free, kg_free_list, err);
    free(walk.pages);
    free(walk.visited);
    free(walk.tables.items);
    return status;
}

/* ---- What changed ---- */

/* One of two snapshots: the pages at the height being compared, those below them, and what hangs from its leaves. */
typedef struct Side {
    const KgPageMeta *meta;
    KgPageList level, below, values;
    KgPageList dropped; /* pages freed by this very transaction */
    Tables tables;
} Side;
typedef struct Compare {
    const KgPageFile *file;
    Side before, after;
    KgPageList *out, *dropped;
    KgPageList gone; /* from the trees */
    char *page;
    const char *table;
} Compare;

static int by_number(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

void kg_page_list_sort(KgPageList *list)
{
    size_t kept = 0;
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, by_number);
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || list->items[kept - 1] != list->items[i])
            list->items[kept++] = list->items[i];
    list->count = kept;
}

/* Takes out of both the pages they begin and end with alike: nearly all, where one branch page took another's place. */
static void drop_ends(KgPageList *left, KgPageList *right)
{
    size_t head = 0, tail = 0, least = left->count < right->count ? left->count : right->count;
    while (head < least && left->items[head] == right->items[head])
        head++;
    while (tail < least - head && left->items[left->count - 1 - tail] == right->items[right->count - 1 - tail])
        tail++;
    if (head + tail == 0)
        return;
    left->count -= head + tail;
    right->count -= head + tail;
    memmove(left->items, left->items + head, left->count * sizeof *left->items);
    memmove(right->items, right->items + head, right->count * sizeof *right->items);
}

/* Takes out of both what both have. */
static void drop_common(KgPageList *left, KgPageList *right)
{
    drop_ends(left, right);
    kg_page_list_sort(left);
    kg_page_list_sort(right);
    size_t i = 0, j = 0, kept_left = 0, kept_right = 0;
    while (i < left->count && j < right->count) {
        const uint64_t a = left->items[i], b = right->items[j];
        if (a < b)
            left->items[kept_left++] = a;
        else if (b < a)
            right->items[kept_right++] = b;
        i += a <= b;
        j += b <= a;
    }
    while (i < left->count)
        left->items[kept_left++] = left->items[i++];
    while (j < right->count)
        right->items[kept_right++] = right->items[j++];
    left->count = kept_left;
    right->count = kept_right;
}

bool kg_page_list_add(KgPageList *to, const KgPageList *from)
{
    if (!BASE_RESERVE(to, to->count + from->count))
        return false;
    if (from->count > 0)
        memcpy(to->items + to->count, from->items, from->count * sizeof *from->items);
    to->count += from->count;
    return true;
}

static BaseStatus no_memory(const Compare *compare, BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", compare->file->name);
}

/* The pages that the transaction itself freed, of a record of the list of free pages. */
static BaseStatus read_dropped(Compare *compare, Side *side, uint64_t page, const Node *node, BaseError *err)
{
    uint64_t txn = 0, first = 0, pages = 0, count = 0;
    if (node->key_bytes != sizeof txn)
        return kg_page_fail(compare->file, page, compare->table, "has a key of another kind", err);
    memcpy(&txn, node->key, sizeof txn);
    if (txn != side->meta->txn)
        return BASE_OK;
    char *bytes = NULL;
    const char *value = node->value;
    BaseStatus status = BASE_OK;
    if (node->flags & LONG_VALUE) {
        const char *const fault = long_value(compare->file, side->meta->last_page, node, &first, &pages);
        if (fault)
            return kg_page_fail(compare->file, page, compare->table, fault, err);
        bytes = malloc((size_t)pages * compare->file->page_bytes);
        status = bytes ? kg_page_read(compare->file, first, pages, bytes, err) : no_memory(compare, err);
        value = bytes ? bytes + sizeof(PageHeader) : NULL;
    }
    if (status == BASE_OK && node->value_bytes >= sizeof count)
        memcpy(&count, value, sizeof count);
    if (status == BASE_OK && (node->value_bytes < sizeof count || count > node->value_bytes / sizeof count - 1))
        status = kg_page_fail(compare->file, page, compare->table, "has a record too short", err);
    for (uint64_t i = 1; status == BASE_OK && i <= count; i++) {
        uint64_t number;
        memcpy(&number, value + i * sizeof number, sizeof number);
        if (!BASE_PUSH(&side->dropped, number))
            status = no_memory(compare, err);
    }
    free(bytes);
    return status;
}

static BaseStatus open_leaf(Compare *compare, Side *side, uint64_t number, const Node *node, BaseError *err)
{
    if (!*compare->table && node->flags & TABLE)
        return read_table(compare->file, side->meta->last_page, number, node, &side->tables, err);
    if (compare->table == kg_free_list) {
        const BaseStatus status = read_dropped(compare, side, number, node, err);
        if (status != BASE_OK)
            return status;
    }
    if (!(node->flags & LONG_VALUE))
        return BASE_OK;
    uint64_t first, count;
    const char *const fault = long_value(compare->file, side->meta->last_page, node, &first, &count);
    if (fault)
        return kg_page_fail(compare->file, number, compare->table, fault, err);
    for (uint64_t page = first; page < first + count; page++)
        if (!BASE_PUSH(&side->values, page))
            return no_memory(compare, err);
    return BASE_OK;
}

/* Puts what the pages of a side's level point to into `below`, or reads the leaves. */
static BaseStatus descend(Compare *compare, Side *side, unsigned height, BaseError *err)
{
    const KgPageFile *const file = compare->file;
    const bool leaf = height == 1;
    BaseStatus status = BASE_OK;
    side->below.count = 0;
    for (size_t i = 0; status == BASE_OK && i < side->level.count; i++) {
        const uint64_t number = side->level.items[i];
        const char *fault = link_fault(file, side->meta->last_page, number, 1);
        if (fault)
            return kg_page_fail(file, number, compare->table, fault, err);
        const char *page;
        status = kg_page_at(file, number, 1, compare->page, &page, err);
        if (status != BASE_OK)
            return status;
        if ((fault = page_fault(file, page, number, leaf, compare->table == kg_free_list)))
            return kg_page_fail(file, number, compare->table, fault, err);
        for (size_t n = 0, count = node_count(page); status == BASE_OK && n < count; n++) {
            Node node;
            read_node(file, page, n, leaf, &node);
            if (leaf)
                status = open_leaf(compare, side, number, &node, err);
            else if (!BASE_PUSH(&side->below, node.child))
                status = no_memory(compare, err);
        }
    }
    const KgPageList level = side->level;
    side->level = side->below;
    side->below = level;
    return status;
}

/* Whether the tree's leaves have something to look for: tables, long values, or what is free. */
static bool wants_leaves(const KgPageTree *tree, const char *table)
{
    return !*table || table == kg_free_list || tree->value_pages > 0;
}

/* Height by height from the top; a page keeps its height, above the leaves, as long as it lives. In the list of tables
 * nothing is skipped: all tables are to be found. */
static BaseStatus compare_trees(Compare *compare, const KgPageTree *before, const KgPageTree *after, const char *table,
                                BaseError *err)
{
    Side *const old = &compare->before, *const new = &compare->after;
    const unsigned deepest = before->depth > after->depth ? before->depth : after->depth;
    const unsigned top = deepest < MAX_DEPTH ? deepest : MAX_DEPTH;
    BaseStatus status = BASE_OK;
    if (*table && before->root == after->root)
        return BASE_OK;
    compare->table = table;
    old->level.count = new->level.count = old->values.count = new->values.count = 0;
    for (unsigned height = top; status == BASE_OK && height >= 1; height--) {
        if ((height == before->depth && !BASE_PUSH(&old->level, before->root)) ||
            (height == after->depth && !BASE_PUSH(&new->level, after->root)))
            return no_memory(compare, err);
        if (*table)
            drop_common(&old->level, &new->level);
        if (!kg_page_list_add(compare->out, &new->level) || !kg_page_list_add(&compare->gone, &old->level))
            return no_memory(compare, err);
        if (height > 1 || wants_leaves(before, table))
            status = descend(compare, old, height, err);
        if (status == BASE_OK && (height > 1 || wants_leaves(after, table)))
            status = descend(compare, new, height, err);
    }
    if (status != BASE_OK)
        return status;
    drop_common(&old->values, &new->values);
    return kg_page_list_add(compare->out, &new->values) && kg_page_list_add(&compare->gone, &old->values)
               ? BASE_OK
               : no_memory(compare, err);
}

static const KgPageTree *find_table(const Tables *tables, const char *name)
{
    static const KgPageTree none = {.root = KG_NO_PAGE};
    for (size_t i = 0; i < tables->count; i++)
        if (strcmp(tables->items[i].name, name) == 0)
            return &tables->items[i].tree;
    return &none;
}

static BaseStatus compare_all(Compare *compare, BaseError *err)
{
    const KgPageMeta *const before = compare->before.meta, *const after = compare->after.meta;
    BaseStatus status = compare_trees(compare, &before->main, &after->main, "", err);
    for (size_t i = 0; status == BASE_OK && i < compare->after.tables.count; i++) {
        const Table *const table = &compare->after.tables.items[i];
        status =
            compare_trees(compare, find_table(&compare->before.tables, table->name), &table->tree, table->name, err);
    }
    if (status == BASE_OK)
        status = compare_trees(compare, &before->free, &after->free, kg_free_list, err);
    drop_common(&compare->after.dropped, &compare->gone); /* those stay as they were written */
    if (status == BASE_OK && !kg_page_list_add(compare->dropped, &compare->after.dropped))
        status = no_memory(compare, err);
    return status;
}

static void free_side(Side *side)
{
    free(side->level.items);
    free(side->below.items);
    free(side->values.items);
    free(side->dropped.items);
    free(side->tables.items);
}

BaseStatus kg_page_changes(const KgPageFile *file, const KgPageMeta *before, const KgPageMeta *after, KgPageList *out,
                           KgPageList *dropped, BaseError *err)
{
    Compare compare = {.file = file, .before.meta = before, .after.meta = after, .out = out, .dropped = dropped};
    if (!can_be_walked(before) || !can_be_walked(after))
        return kg_page_fail(file, 0, NULL, "names trees that cannot be", err);
    compare.page = malloc(file->page_bytes);
    const BaseStatus status = compare.page ? compare_all(&compare, err) : no_memory(&compare, err);
    free(compare.page);
    free(compare.gone.items);
    free_side(&compare.before);
    free_side(&compare.after);
    return status;
}
