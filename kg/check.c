/* check.c - the integrity of a database as one snapshot shows it: the dictionary both ways, the three orders against
 * each other, counts against what they count, and the catalog against the notes.
 * Two orders hold the same set when they hold as many keys, each strictly above the one before it, and the same sum of
 * a 128-bit hash of every triple; only where they do not are the triples compared one by one. */
#include "kg/catalog.h"
#include "kg/index.h"
#include "kg/terms.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

/* Faults of one kind told one by one, at most, and items between two looks at the job. */
#define FAULTS_TOLD 20
#define ITEMS_BETWEEN_STEPS 16384

static const char *const layer_names[KG_LAYERS] = {"asserted", "inferred", "predicted", "observed"};
static const char *const index_names[KG_INDEXES] = {"SPO", "POS", "OSP"};

typedef struct Check {
    KgTxn *txn;
    const BaseSink *sink;
    BaseJob *job;
    uint64_t faults;
    int told; /* of the part being checked */
    uint64_t done, total;
} Check;

static void __attribute__((format(printf, 2, 3))) report(Check *check, const char *format, ...)
{
    check->faults++;
    if (check->told++ >= FAULTS_TOLD)
        return;
    BaseError error = {.status = BASE_BAD_INPUT};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error.message, sizeof error.message, format, arguments);
    va_end(arguments);
    snprintf(error.source, sizeof error.source, "%s", check->txn->store->path);
    base_sink(check->sink, &error);
}

static BaseStatus step(Check *check, BaseError *err)
{
    if (++check->done % ITEMS_BETWEEN_STEPS != 0)
        return BASE_OK;
    base_job_step(check->job, "checking", "entries", check->done, check->total, NULL);
    return base_job_cancelled(check->job) ? base_fail(err, BASE_CANCELLED, "cancelled while checking") : BASE_OK;
}

static size_t table_size(const Check *check, MDB_dbi table)
{
    MDB_stat stat;
    return mdb_stat(check->txn->mdb, table, &stat) == MDB_SUCCESS ? stat.ms_entries : 0;
}

/* Calls `visit` for each entry of a table. */
typedef BaseStatus Visit(Check *check, void *context, MDB_val key, MDB_val value, BaseError *err);
static BaseStatus visit_all(Check *check, MDB_dbi table, Visit *visit, void *context, BaseError *err)
{
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(check->txn->mdb, table, &cursor);
    BaseStatus status = BASE_OK;
    MDB_val key, value;
    while (code == MDB_SUCCESS && status == BASE_OK &&
           (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        status = visit(check, context, key, value, err);
        if (status == BASE_OK)
            status = step(check, err);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    if (status != BASE_OK || code == MDB_SUCCESS || code == MDB_NOTFOUND)
        return status;
    return kg_mdb_fail(check->txn->store, code, "read", err);
}

/* ---- Dictionary ---- */

typedef struct Terms {
    KgKind kind;
    uint64_t next;
} Terms;

static BaseStatus visit_term(Check *check, void *context, MDB_val key, MDB_val value, BaseError *err)
{
    Terms *const terms = context;
    uint64_t number = UINT64_MAX;
    if (key.mv_size == sizeof number)
        memcpy(&number, key.mv_data, sizeof number);
    if (number != terms->next)
        report(check, "a term of kind %d has the number %" PRIu64 ", expected %" PRIu64, (int)terms->kind, number,
               terms->next);
    terms->next = number + 1;
    const KgId id = kg_id(terms->kind, number);
    KgTerm term;
    if (!kg_decode_term((KgText){value.mv_data, value.mv_size}, &term) || term.kind != terms->kind) {
        report(check, "term %" PRIx64 " cannot be read", id);
        return BASE_OK;
    }
    KgId found;
    const BaseStatus status = kg_find_encoded(check->txn, (KgText){value.mv_data, value.mv_size}, &found, err);
    if (status == BASE_NOT_FOUND || (status == BASE_OK && found != id))
        report(check, "term %" PRIx64 " is found under its text as %" PRIx64, id, status == BASE_OK ? found : 0);
    return status == BASE_NOT_FOUND ? BASE_OK : status;
}

static BaseStatus check_terms(Check *check, BaseError *err)
{
    const KgStore *const store = check->txn->store;
    uint64_t all = 0;
    check->told = 0;
    for (int kind = KG_IRI; kind <= KG_LITERAL; kind++) {
        Terms terms = {.kind = (KgKind)kind};
        const BaseStatus status = visit_all(check, store->tables[KG_IRIS + kind - KG_IRI], visit_term, &terms, err);
        if (status != BASE_OK)
            return status;
        all += terms.next;
    }
    const uint64_t hashes = table_size(check, store->tables[KG_HASHES]);
    if (hashes != all)
        report(check, "the dictionary has %" PRIu64 " terms and %" PRIu64 " hashes", all, hashes);
    return BASE_OK;
}

/* ---- Orders ---- */

typedef struct Order {
    KgLayer layer;
    KgIndex index;
    bool any;
    KgKey before;
    uint64_t count;
    BaseHash128 sum;
    BaseMap sources; /* numbers that notes name */
} Order;

static void check_triple(Check *check, const Order *order, KgTriple triple)
{
    const KgId ids[] = {triple.s, triple.p, triple.o};
    for (int i = 0; i < 3; i++)
        if (!kg_is_known(check->txn, ids[i]))
            report(check, "%s %s has a triple with the unknown term %" PRIx64, layer_names[order->layer],
                   index_names[order->index], ids[i]);
}

static BaseStatus visit_key(Check *check, void *context, MDB_val key, MDB_val value, BaseError *err)
{
    Order *const order = context;
    const size_t value_bytes = order->index == KG_SPO ? sizeof(KgNote) : 0;
    if (key.mv_size != KG_KEY_BYTES || value.mv_size != value_bytes) {
        report(check, "%s %s has an entry of %zu and %zu bytes", layer_names[order->layer], index_names[order->index],
               key.mv_size, value.mv_size);
        return BASE_OK;
    }
    if (order->any && memcmp(&order->before, key.mv_data, sizeof order->before) >= 0)
        report(check, "%s %s is not in order", layer_names[order->layer], index_names[order->index]);
    order->any = true;
    memcpy(&order->before, key.mv_data, sizeof order->before);
    const KgTriple triple = kg_key_triple(key.mv_data, order->index);
    const BaseHash128 hash = base_hash128(&triple, sizeof triple);
    order->sum.high += hash.high;
    order->sum.low += hash.low;
    order->count++;
    if (order->index != KG_SPO)
        return BASE_OK;
    check_triple(check, order, triple);
    KgNote note;
    memcpy(&note, value.mv_data, sizeof note);
    if (note.source != 0 && !base_map_put(&order->sources, note.source, 0, NULL))
        return base_fail(err, BASE_NO_MEMORY, "no memory to check");
    return BASE_OK;
}

/* Tells which triples of `from` are not in `to`. */
typedef struct Missing {
    KgLayer layer;
    KgIndex from, to;
} Missing;

static BaseStatus visit_for_missing(Check *check, void *context, MDB_val key, MDB_val value, BaseError *err)
{
    (void)value;
    (void)err;
    const Missing *const missing = context;
    if (key.mv_size != KG_KEY_BYTES)
        return BASE_OK;
    const KgTriple triple = kg_key_triple(key.mv_data, missing->from);
    KgKey bytes = kg_key(triple, missing->to);
    MDB_val other = {sizeof bytes, &bytes}, found;
    if (mdb_get(check->txn->mdb, kg_triple_table(check->txn->store, missing->layer, missing->to), &other, &found) !=
        MDB_SUCCESS)
        report(check, "%s: the triple %" PRIx64 " %" PRIx64 " %" PRIx64 " is in %s and not in %s",
               layer_names[missing->layer], triple.s, triple.p, triple.o, index_names[missing->from],
               index_names[missing->to]);
    return BASE_OK;
}

static BaseStatus name_differences(Check *check, KgLayer layer, KgIndex index, BaseError *err)
{
    const KgStore *const store = check->txn->store;
    const uint64_t before = check->faults;
    Missing there = {layer, KG_SPO, index}, back = {layer, index, KG_SPO};
    BaseStatus status = visit_all(check, kg_triple_table(store, layer, KG_SPO), visit_for_missing, &there, err);
    if (status == BASE_OK)
        status = visit_all(check, kg_triple_table(store, layer, index), visit_for_missing, &back, err);
    if (status == BASE_OK && check->faults == before)
        report(check, "%s: %s and SPO differ", layer_names[layer], index_names[index]);
    return status;
}

/* The orders of a layer; the sources its notes name go to `sources`. */
static BaseStatus check_layer(Check *check, KgLayer layer, BaseMap *sources, BaseError *err)
{
    Order orders[KG_INDEXES] = {0};
    BaseStatus status = BASE_OK;
    check->told = 0;
    for (int index = 0; status == BASE_OK && index < KG_INDEXES; index++) {
        orders[index].layer = layer;
        orders[index].index = (KgIndex)index;
        status =
            visit_all(check, kg_triple_table(check->txn->store, layer, (KgIndex)index), visit_key, &orders[index], err);
        if (status == BASE_OK && index != KG_SPO &&
            (orders[index].count != orders[KG_SPO].count || orders[index].sum.high != orders[KG_SPO].sum.high ||
             orders[index].sum.low != orders[KG_SPO].sum.low))
            status = name_differences(check, layer, (KgIndex)index, err);
    }
    *sources = orders[KG_SPO].sources;
    return status;
}

/* ---- Counts ---- */

typedef struct Counted {
    BaseMap places; /* predicate -> place */
    struct {
        KgCounts *items;
        size_t count, capacity;
    } counts;
} Counted;

static bool count_triple(Counted *counted, KgId predicate, unsigned layers)
{
    bool is_new;
    const uint64_t *const place = base_map_put(&counted->places, predicate, counted->counts.count, &is_new);
    if (!place || (is_new && !BASE_PUSH(&counted->counts, (KgCounts){0})))
        return false;
    counted->counts.items[*place].by_layers[layers]++;
    return true;
}

/* Compares a stored row of counts with what was counted, and forgets the latter. */
static BaseStatus visit_counts(Check *check, void *context, MDB_val key, MDB_val value, BaseError *err)
{
    (void)err;
    Counted *const counted = context;
    KgId predicate = KG_ANY;
    if (key.mv_size != sizeof predicate || value.mv_size != sizeof(KgCounts)) {
        report(check, "a row of counts of %zu bytes", value.mv_size);
        return BASE_OK;
    }
    memcpy(&predicate, key.mv_data, sizeof predicate);
    const uint64_t *const place = base_map_get(&counted->places, predicate);
    static const KgCounts none;
    const KgCounts *const found = place ? &counted->counts.items[*place] : &none;
    if (memcmp(found, value.mv_data, sizeof *found) != 0)
        report(check, "the counts of predicate %" PRIx64 " are not what there is", predicate);
    if (place)
        counted->counts.items[*place] = none;
    return BASE_OK;
}

static BaseStatus check_counts(Check *check, BaseError *err)
{
    Counted counted = {0};
    KgScan *scan = NULL;
    KgTriple triple;
    bool enough = true;
    check->told = 0;
    BaseStatus status = kg_scan_open(check->txn, KG_ALL_LAYERS, (KgTriple){0}, KG_ORDER_SPO, &scan, err);
    while (status == BASE_OK && enough && (status = kg_scan_next(scan, &triple, err)) == BASE_OK) {
        enough = count_triple(&counted, triple.p, kg_scan_layers(scan)) &&
                 count_triple(&counted, KG_ANY, kg_scan_layers(scan));
        status = step(check, err);
    }
    kg_scan_close(scan);
    if (!enough)
        status = base_fail(err, BASE_NO_MEMORY, "no memory to check");
    if (status == BASE_END)
        status = visit_all(check, check->txn->store->tables[KG_COUNTS], visit_counts, &counted, err);
    for (size_t slot = 0; status == BASE_OK && slot < counted.places.capacity; slot++) {
        const uint64_t predicate = counted.places.keys[slot];
        static const KgCounts none;
        if (predicate != BASE_NO_KEY &&
            memcmp(&counted.counts.items[counted.places.values[slot]], &none, sizeof none) != 0)
            report(check, "the triples of predicate %" PRIx64 " are not counted", predicate);
    }
    base_map_free(&counted.places);
    free(counted.counts.items);
    return status;
}

/* ---- Catalog ---- */

static BaseStatus check_sqlite(Check *check, sqlite3 *db, BaseError *err)
{
    KgStore *const store = check->txn->store;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *const words = (const char *)sqlite3_column_text(statement, 0);
        if (words && strcmp(words, "ok") != 0)
            report(check, "catalog.db: %s", words);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_OK || code == SQLITE_DONE ? BASE_OK : kg_sqlite_fail(store, code, "read", err);
}

/* SQLite follows LMDB, so it can never be ahead of what LMDB committed last. */
static BaseStatus check_generation(Check *check, sqlite3 *db, BaseError *err)
{
    KgStore *const store = check->txn->store;
    KgTxn *now = NULL;
    uint64_t catalog, last = 0;
    BaseStatus status = kg_catalog_generation(store, db, &catalog, err);
    if (status == BASE_OK)
        status = kg_read_begin(store, &now, err);
    if (status == BASE_OK)
        status = kg_get_number(now, "generation", &last, err);
    kg_abort(now);
    if (status == BASE_OK && catalog > last)
        report(check, "catalog.db is of another state: its generation is %" PRIu64 ", that of data.mdb %" PRIu64,
               catalog, last);
    return status;
}

static BaseStatus check_sources(Check *check, sqlite3 *db, KgLayer layer, const BaseMap *sources, BaseError *err)
{
    static const char *const queries[KG_LAYERS] = {
        [KG_ASSERTED] = "SELECT 1 FROM import WHERE id = ?",
        [KG_INFERRED] = "SELECT 1 FROM run WHERE id = ?",
        [KG_PREDICTED] = "SELECT 1 FROM model WHERE id = ?",
        [KG_OBSERVED] = "SELECT 1 FROM evidence WHERE id = ?",
    };
    static const char *const names[KG_LAYERS] = {"import", "run", "model", "evidence"};
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, queries[layer], -1, &statement, NULL);
    for (size_t slot = 0; code == SQLITE_OK && slot < sources->capacity; slot++) {
        if (sources->keys[slot] == BASE_NO_KEY)
            continue;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)sources->keys[slot]);
        code = sqlite3_step(statement);
        if (code == SQLITE_DONE)
            report(check, "%s triples name %s %" PRIu64 ", which the catalog does not have", layer_names[layer],
                   names[layer], sources->keys[slot]);
        code = code == SQLITE_DONE || code == SQLITE_ROW ? sqlite3_reset(statement) : code;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_OK ? BASE_OK : kg_sqlite_fail(check->txn->store, code, "read", err);
}

static BaseStatus check_models(Check *check, BaseError *err)
{
    BaseArena arena = {0};
    KgModel *models;
    size_t count;
    BaseStatus status = kg_models(check->txn, &arena, &models, &count, err);
    for (size_t i = 0; status == BASE_OK && i < count; i++) {
        char *path = NULL;
        if (!*models[i].file)
            continue;
        if (asprintf(&path, "%s/models/%s", check->txn->store->path, models[i].file) < 0)
            status = base_fail(err, BASE_NO_MEMORY, "no memory to check");
        else if (!base_is_file(path))
            report(check, "the file of model \"%s\" is missing: models/%s", models[i].name, models[i].file);
        free(path);
    }
    base_arena_free(&arena);
    return status;
}

static BaseStatus check_catalog(Check *check, const BaseMap sources[KG_LAYERS], BaseError *err)
{
    sqlite3 *db;
    check->told = 0;
    BaseStatus status = kg_catalog_enter(check->txn, &db, err);
    if (status != BASE_OK)
        return status;
    status = check_sqlite(check, db, err);
    if (status == BASE_OK)
        status = check_generation(check, db, err);
    for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++)
        status = check_sources(check, db, (KgLayer)layer, &sources[layer], err);
    kg_catalog_leave(check->txn->store);
    return status == BASE_OK ? check_models(check, err) : status;
}

/* ---- All of it ---- */

BaseStatus kg_check(KgTxn *txn, uint64_t *faults, const BaseSink *sink, BaseJob *job, BaseError *err)
{
    Check check = {.txn = txn, .sink = sink, .job = job};
    BaseMap sources[KG_LAYERS] = {0};
    for (int table = KG_IRIS; table < KG_TABLES; table++)
        check.total += table_size(&check, txn->store->tables[table]);
    BaseStatus status = check_terms(&check, err);
    for (int layer = 0; status == BASE_OK && layer < KG_LAYERS; layer++)
        status = check_layer(&check, (KgLayer)layer, &sources[layer], err);
    if (status == BASE_OK)
        status = check_counts(&check, err);
    if (status == BASE_OK)
        status = check_catalog(&check, sources, err);
    base_job_step(job, "checking", "entries", check.total, check.total, NULL);
    for (int layer = 0; layer < KG_LAYERS; layer++)
        base_map_free(&sources[layer]);
    if (faults)
        *faults = check.faults;
    if (status == BASE_OK && check.faults > 0)
        return base_fail(err, BASE_BAD_INPUT, "%" PRIu64 " fault%s in the database %s", check.faults,
                         check.faults == 1 ? "" : "s", txn->store->path);
    return status;
}
