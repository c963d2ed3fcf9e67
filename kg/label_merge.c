/* label_merge.c - bringing an index of labels level with the facts: the labels there are, and those in the index, are
 * merged in the order of predicate, object, entity, and what differs is added or taken out. */
#include "kg/labels.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 1024 /* labels of a scan at a time */

int kg_labels_run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int kg_labels_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? SQLITE_OK : (code == SQLITE_DONE ? SQLITE_CORRUPT : code);
}

/* ---- The labels there are, in the order of predicate, object, entity ---- */

typedef struct Wanted {
    KgTxn *txn;
    KgId *predicates; /* ascending */
    size_t predicate_count, next_predicate;
    KgScan *scan;
    KgTriple batch[BATCH];
    size_t count, at;
} Wanted;

static int compare_ids(const void *left, const void *right)
{
    const KgId a = *(const KgId *)left, b = *(const KgId *)right;
    return a < b ? -1 : a > b;
}

static BaseStatus start_wanted(Wanted *wanted, KgTxn *txn, BaseArena *arena, BaseError *err)
{
    KgLabelPredicate *predicates;
    wanted->txn = txn;
    const BaseStatus status = kg_label_predicates(txn, arena, &predicates, &wanted->predicate_count, err);
    if (status != BASE_OK)
        return status;
    wanted->predicates = base_arena_alloc(arena, wanted->predicate_count + 1, sizeof *wanted->predicates);
    if (!wanted->predicates)
        return base_fail(err, BASE_NO_MEMORY, "no memory for labels");
    for (size_t i = 0; i < wanted->predicate_count; i++)
        wanted->predicates[i] = predicates[i].predicate;
    qsort(wanted->predicates, wanted->predicate_count, sizeof *wanted->predicates, compare_ids);
    return BASE_OK;
}

/* BASE_END after the last. */
static BaseStatus fill_batch(Wanted *wanted, BaseError *err)
{
    for (;;) {
        BaseStatus status = BASE_END;
        if (wanted->scan)
            status = kg_scan_many(wanted->scan, wanted->batch, BATCH, &wanted->count, err);
        wanted->at = 0;
        if (status != BASE_END)
            return status;
        kg_scan_close(wanted->scan);
        wanted->scan = NULL;
        if (wanted->next_predicate == wanted->predicate_count)
            return BASE_END;
        status = kg_scan_open(wanted->txn, KG_FACTS, (KgTriple){.p = wanted->predicates[wanted->next_predicate++]},
                              KG_ORDER_POS, &wanted->scan, err);
        if (status != BASE_OK)
            return status;
    }
}

/* The next label, KG_ANY as its predicate after the last. Blank nodes name nothing. */
static BaseStatus next_wanted(Wanted *wanted, KgTriple *out, BaseError *err)
{
    do {
        if (wanted->at == wanted->count) {
            const BaseStatus status = fill_batch(wanted, err);
            wanted->count = status == BASE_OK ? wanted->count : wanted->at;
            *out = (KgTriple){0};
            if (status != BASE_OK)
                return status == BASE_END ? BASE_OK : status;
        }
        *out = wanted->batch[wanted->at++];
    } while (kg_kind(out->o) == KG_BLANK);
    return BASE_OK;
}

BaseStatus kg_labels_digest(KgTxn *txn, BaseHash128 *out, BaseError *err)
{
    BaseArena arena = {0};
    KgTriple label = {0};
    *out = (BaseHash128){0, 0};
    Wanted *const wanted = calloc(1, sizeof *wanted);
    BaseStatus status =
        wanted ? start_wanted(wanted, txn, &arena, err) : base_fail(err, BASE_NO_MEMORY, "no memory for labels");
    while (status == BASE_OK && (status = next_wanted(wanted, &label, err)) == BASE_OK && label.p != KG_ANY) {
        const BaseHash128 hash = base_hash128(&label, sizeof label);
        out->high += hash.high;
        out->low += hash.low;
    }
    if (wanted)
        kg_scan_close(wanted->scan);
    free(wanted);
    base_arena_free(&arena);
    return status;
}

/* ---- Merging them into the index ---- */

typedef struct Merge {
    KgTxn *txn;
    sqlite3 *db;
    bool looks_only; /* counts the differences and changes nothing */
    uint64_t differences;
    sqlite3_stmt *stored, *add_label, *add_words, *delete_label, *delete_words;
    int64_t last_id;
    BaseBuffer text;
    BaseJob *job;
    uint64_t done, total;
} Merge;

static int prepare(Merge *merge)
{
    static const char *const texts[] = {
        /* in the order of the ids themselves: see kg_pack_id */
        "SELECT id, predicate, object, entity FROM label ORDER BY predicate < 0, predicate & 3, predicate, object < 0,"
        " CASE WHEN object < 0 THEN 0 ELSE object & 3 END, object, entity < 0,"
        " CASE WHEN entity < 0 THEN 0 ELSE entity & 3 END, entity",
        "INSERT INTO label VALUES(?,?,?,?)",
        "INSERT INTO words(rowid, text) VALUES(?,?)",
        "DELETE FROM label WHERE id = ?",
        "INSERT INTO words(rowid, text, words) VALUES(?,?,'delete')",
    };
    sqlite3_stmt **const statements[] = {&merge->stored, &merge->add_label, &merge->add_words, &merge->delete_label,
                                         &merge->delete_words};
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < sizeof texts / sizeof *texts; i++)
        code = sqlite3_prepare_v2(merge->db, texts[i], -1, statements[i], NULL);
    return code == SQLITE_OK ? kg_labels_number(merge->db, "SELECT coalesce(max(id), 0) FROM label", &merge->last_id)
                             : code;
}

static void end_merge(Merge *merge)
{
    sqlite3_stmt *const statements[] = {merge->stored, merge->add_label, merge->add_words, merge->delete_label,
                                        merge->delete_words};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        sqlite3_finalize(statements[i]);
    base_buffer_free(&merge->text);
}

static int do_once(sqlite3_stmt *statement)
{
    const int code = sqlite3_step(statement);
    const int again = sqlite3_reset(statement);
    return code == SQLITE_DONE ? again : code;
}

/* Adds the words of the label's text under `id`, or takes them out, by `statement`. */
static BaseStatus change_words(Merge *merge, sqlite3_stmt *statement, int64_t id, KgId object, int *code,
                               BaseError *err)
{
    merge->text.count = 0;
    const BaseStatus status = kg_write_term(merge->txn, object, KG_SYNTAX_PLAIN, &merge->text, err);
    if (status != BASE_OK)
        return status;
    sqlite3_bind_int64(statement, 1, id);
    *code = sqlite3_bind_text64(statement, 2, merge->text.items ? merge->text.items : "", merge->text.count,
                                SQLITE_STATIC, SQLITE_UTF8);
    if (*code == SQLITE_OK)
        *code = do_once(statement);
    return BASE_OK;
}

static BaseStatus add_label(Merge *merge, KgTriple label, int *code, BaseError *err)
{
    const int64_t id = ++merge->last_id;
    sqlite3_bind_int64(merge->add_label, 1, id);
    sqlite3_bind_int64(merge->add_label, 2, kg_pack_id(label.p));
    sqlite3_bind_int64(merge->add_label, 3, kg_pack_id(label.o));
    sqlite3_bind_int64(merge->add_label, 4, kg_pack_id(label.s));
    *code = do_once(merge->add_label);
    return *code == SQLITE_OK ? change_words(merge, merge->add_words, id, label.o, code, err) : BASE_OK;
}

static BaseStatus delete_label(Merge *merge, int64_t id, KgId object, int *code, BaseError *err)
{
    sqlite3_bind_int64(merge->delete_label, 1, id);
    *code = do_once(merge->delete_label);
    return *code == SQLITE_OK ? change_words(merge, merge->delete_words, id, object, code, err) : BASE_OK;
}

static int compare_labels(KgTriple a, KgTriple b)
{
    const KgId left[] = {a.p, a.o, a.s}, right[] = {b.p, b.o, b.s};
    for (int i = 0; i < 3; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

/* The next label of the index, KG_ANY as its predicate after the last. Its rows come from a sort, so that the table may
 * be changed meanwhile. */
static int next_stored(Merge *merge, int64_t *id, KgTriple *out)
{
    *out = (KgTriple){0};
    const int code = sqlite3_step(merge->stored);
    if (code != SQLITE_ROW)
        return code == SQLITE_DONE ? SQLITE_OK : code;
    *id = sqlite3_column_int64(merge->stored, 0);
    *out = (KgTriple){.p = kg_unpack_id(sqlite3_column_int64(merge->stored, 1)),
                      .o = kg_unpack_id(sqlite3_column_int64(merge->stored, 2)),
                      .s = kg_unpack_id(sqlite3_column_int64(merge->stored, 3))};
    return out->p == KG_ANY ? SQLITE_CORRUPT : SQLITE_OK;
}

static BaseStatus step(Merge *merge, BaseError *err)
{
    if (++merge->done % BATCH != 0)
        return BASE_OK;
    base_job_step(merge->job, "indexing labels", "labels", merge->done, merge->total, NULL);
    return base_job_cancelled(merge->job) ? base_fail(err, BASE_CANCELLED, "cancelled while indexing labels") : BASE_OK;
}

/* A failure of SQLite is left in *code. */
static BaseStatus merge_all(Merge *merge, Wanted *wanted, int *code, BaseError *err)
{
    KgTriple have, want;
    int64_t id = 0;
    *code = next_stored(merge, &id, &have);
    BaseStatus status = next_wanted(wanted, &want, err);
    while (status == BASE_OK && *code == SQLITE_OK && (have.p != KG_ANY || want.p != KG_ANY)) {
        const int order = have.p == KG_ANY ? 1 : (want.p == KG_ANY ? -1 : compare_labels(have, want));
        merge->differences += order != 0;
        if (order < 0 && !merge->looks_only)
            status = delete_label(merge, id, have.o, code, err);
        if (order > 0 && !merge->looks_only)
            status = add_label(merge, want, code, err);
        if (order <= 0 && status == BASE_OK && *code == SQLITE_OK)
            *code = next_stored(merge, &id, &have);
        if (order >= 0 && status == BASE_OK && *code == SQLITE_OK)
            status = next_wanted(wanted, &want, err);
        if (status == BASE_OK)
            status = step(merge, err);
    }
    return status;
}

BaseStatus kg_labels_merge(KgTxn *txn, sqlite3 *db, bool looks_only, uint64_t *differences, BaseJob *job, int *code,
                           BaseError *err)
{
    BaseArena arena = {0};
    Merge merge = {.txn = txn, .db = db, .looks_only = looks_only, .job = job};
    Wanted *const wanted = calloc(1, sizeof *wanted);
    BaseStatus status =
        wanted ? start_wanted(wanted, txn, &arena, err) : base_fail(err, BASE_NO_MEMORY, "no memory for labels");
    for (size_t i = 0; status == BASE_OK && i < wanted->predicate_count; i++) {
        uint64_t count;
        status = kg_count(txn, KG_FACTS, (KgTriple){.p = wanted->predicates[i]}, &count, err);
        merge.total += status == BASE_OK ? count : 0;
    }
    if (status == BASE_OK)
        *code = prepare(&merge);
    const bool is_first = merge.last_id == 0;
    if (status == BASE_OK && *code == SQLITE_OK)
        status = merge_all(&merge, wanted, code, err);
    if (status == BASE_OK && *code == SQLITE_OK && is_first && merge.last_id > 0)
        *code = kg_labels_run(db, "INSERT INTO words(words) VALUES('optimize')");
    *differences = merge.differences;
    end_merge(&merge);
    if (wanted)
        kg_scan_close(wanted->scan);
    free(wanted);
    base_arena_free(&arena);
    return status;
}
