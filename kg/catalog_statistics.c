/* catalog_statistics.c - statistics in the catalog. A characteristic set is one row; its blob has, for each predicate,
 * two numbers of seven bits a byte, the lowest first (LEB128): the id turned left by its tag's 8 bits, so that usual
 * ids are short, and the triples. */
#include "kg/catalog_rows.h"
#include "kg/statistics.h"

#include <string.h>

/* ---- Blobs ---- */

static bool add_number(BaseBuffer *blob, uint64_t number)
{
    char bytes[10];
    size_t length = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[length++] = (char)(0x80 | (number & 0x7f));
    bytes[length++] = (char)number;
    return base_buffer_add(blob, bytes, length);
}

/* 0 beyond the end, which no blob of ours has inside. */
static uint64_t take_number(const unsigned char **at, const unsigned char *end)
{
    uint64_t number = 0;
    for (int shift = 0; *at < end && shift < 64; shift += 7) {
        const unsigned char byte = *(*at)++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return number;
}

static bool write_set(BaseBuffer *blob, const KgCharacteristicSet *set)
{
    blob->count = 0;
    bool enough = true;
    for (size_t i = 0; enough && i < set->predicate_count; i++)
        enough =
            add_number(blob, set->predicates[i] << 8 | set->predicates[i] >> 56) && add_number(blob, set->triples[i]);
    return enough;
}

static void read_set(KgReading *reading, void *row)
{
    KgCharacteristicSet *const set = row;
    const unsigned char *at = sqlite3_column_blob(reading->statement, 1);
    const size_t length = (size_t)sqlite3_column_bytes(reading->statement, 1);
    const unsigned char *const end = at ? at + length : NULL;
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += at[i] < 0x80;
    KgId *const predicates = base_arena_alloc(reading->arena, count / 2 + 1, sizeof *predicates);
    uint64_t *const triples = base_arena_alloc(reading->arena, count / 2 + 1, sizeof *triples);
    reading->no_memory = reading->no_memory || !predicates || !triples;
    if (!predicates || !triples)
        count = 0;
    *set = (KgCharacteristicSet){.subjects = kg_number_at(reading, 0),
                                 .predicate_count = count / 2,
                                 .predicates = predicates,
                                 .triples = triples};
    for (size_t i = 0; i < count / 2; i++) {
        const uint64_t turned = take_number(&at, end);
        predicates[i] = turned >> 8 | turned << 56;
        triples[i] = take_number(&at, end);
    }
}

/* ---- Writing ---- */

BaseStatus kg_put_statistics(KgTxn *txn, uint64_t stamp, const KgStatistics *statistics,
                             const KgCharacteristicSets *sets, BaseError *err)
{
    BaseStatus status = KG_RECORD(txn, KG_WRITE_STATISTICS, err, kg_number_value(stamp),
                                  kg_number_value(statistics->triples), kg_number_value(statistics->subject_count),
                                  kg_number_value(statistics->predicate_count), kg_number_value(statistics->set_count),
                                  kg_number_value(sets->other_subjects), kg_number_value(sets->other_triples));
    if (status == BASE_OK)
        status = kg_catalog_record(txn, KG_CLEAR_PREDICATES, NULL, 0, err);
    for (size_t i = 0; status == BASE_OK && i < statistics->row_count; i++) {
        const KgPredicateStatistics *const row = &statistics->rows[i];
        status = KG_RECORD(txn, KG_WRITE_PREDICATE, err, kg_number_value(row->predicate), kg_number_value(row->triples),
                           kg_number_value(row->subjects), kg_number_value(row->objects));
    }
    if (status == BASE_OK)
        status = kg_catalog_record(txn, KG_CLEAR_SETS, NULL, 0, err);
    BaseBuffer blob = {0};
    for (size_t i = 0; status == BASE_OK && i < sets->count; i++) {
        if (!write_set(&blob, &sets->sets[i])) {
            txn->broken = true;
            status = base_fail(err, BASE_NO_MEMORY, "no memory for statistics");
            break;
        }
        status = KG_RECORD(txn, KG_WRITE_SET, err, kg_number_value(i), kg_number_value(sets->sets[i].subjects),
                           (KgCatalogValue){.type = SQLITE_BLOB, .text = blob.items, .length = blob.count});
    }
    base_buffer_free(&blob);
    return status;
}

/* ---- Reading ---- */

static void read_predicate(KgReading *reading, void *row)
{
    *(KgPredicateStatistics *)row = (KgPredicateStatistics){.predicate = kg_number_at(reading, 0),
                                                            .triples = kg_number_at(reading, 1),
                                                            .subjects = kg_number_at(reading, 2),
                                                            .objects = kg_number_at(reading, 3)};
}

/* The one row of the table: what the statistics are of. *is_current also asks whether that is the transaction's state.
 */
static BaseStatus read_summary(KgTxn *txn, KgStatistics *out, KgCharacteristicSets *sets, BaseError *err)
{
    KgReading reading;
    uint64_t now;
    *out = (KgStatistics){0};
    *sets = (KgCharacteristicSets){0};
    BaseStatus status = kg_facts_stamp(txn, &now, err);
    if (status == BASE_OK)
        status = kg_reading_start(&reading, txn, NULL,
                                  "SELECT stamp, triples, subjects, predicates, sets, other_subjects, other_triples"
                                  " FROM statistics",
                                  err);
    if (status != BASE_OK)
        return status;
    bool is_current = now == 0; /* of nothing, no statistics are the right ones */
    if (kg_reading_next(&reading)) {
        is_current = kg_number_at(&reading, 0) == now;
        out->triples = kg_number_at(&reading, 1);
        out->subject_count = kg_number_at(&reading, 2);
        out->predicate_count = kg_number_at(&reading, 3);
        out->set_count = kg_number_at(&reading, 4);
        sets->other_subjects = kg_number_at(&reading, 5);
        sets->other_triples = kg_number_at(&reading, 6);
    }
    out->is_current = sets->is_current = is_current && !txn->facts_changed;
    return kg_reading_finish(&reading, err);
}

BaseStatus kg_statistics(KgTxn *txn, BaseArena *arena, KgStatistics *out, BaseError *err)
{
    KgCharacteristicSets unused;
    KgReading reading;
    BaseStatus status = read_summary(txn, out, &unused, err);
    if (status == BASE_OK)
        status = kg_reading_start(&reading, txn, arena,
                                  "SELECT predicate, triples, subjects, objects FROM predicate_statistics"
                                  " ORDER BY triples DESC, predicate",
                                  err);
    if (status != BASE_OK)
        return status;
    out->rows = kg_reading_all(&reading, read_predicate, sizeof *out->rows, &out->row_count);
    return kg_reading_finish(&reading, err);
}

BaseStatus kg_characteristic_sets(KgTxn *txn, BaseArena *arena, KgCharacteristicSets *out, BaseError *err)
{
    KgStatistics unused;
    KgReading reading;
    BaseStatus status = read_summary(txn, &unused, out, err);
    if (status == BASE_OK)
        status = kg_reading_start(&reading, txn, arena,
                                  "SELECT subjects, predicates FROM characteristic_set ORDER BY id", err);
    if (status != BASE_OK)
        return status;
    out->sets = kg_reading_all(&reading, read_set, sizeof *out->sets, &out->count);
    return kg_reading_finish(&reading, err);
}
