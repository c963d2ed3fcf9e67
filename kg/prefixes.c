/* prefixes.c - short names of namespaces, the database's own and known ones. Every query wants them, so those read last
 * are kept for as long as the catalog stays what it was. */
#include "kg/catalog_rows.h"

#include <stdlib.h>
#include <string.h>

static const KgPrefix known_prefixes[] = {
    {"", KG_NAME_SCHEME},
    {"kg", KG_NAME_SCHEME},
    {"kgq", KG_VOCABULARY},
    {"owl", "http://www.w3.org/2002/07/owl#"},
    {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
    {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
    {"sh", "http://www.w3.org/ns/shacl#"},
    {"xsd", "http://www.w3.org/2001/XMLSchema#"},
};

/* One catalog's, as the texts in turn, each with its NUL. */
struct KgPrefixes {
    uint64_t generation;
    size_t count, bytes;
    char texts[];
};

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to read the catalog");
}

/* ---- From the catalog ---- */

static void read_prefix(KgReading *reading, void *row)
{
    *(KgPrefix *)row = (KgPrefix){.prefix = kg_text_at(reading, 0), .iri = kg_text_at(reading, 1)};
}

static bool has_prefix(const KgPrefix *prefixes, size_t count, const char *prefix)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(prefixes[i].prefix, prefix) == 0)
            return true;
    return false;
}

static BaseStatus read_prefixes(KgTxn *txn, BaseArena *arena, KgPrefix **out, size_t *count, BaseError *err)
{
    KgReading reading;
    KgPrefix *own;
    size_t own_count;
    BaseStatus status = kg_reading_start(&reading, txn, arena, "SELECT prefix, iri FROM prefix ORDER BY prefix", err);
    if (status != BASE_OK)
        return status;
    own = kg_reading_all(&reading, read_prefix, sizeof *own, &own_count);
    status = kg_reading_finish(&reading, err);
    if (status != BASE_OK)
        return status;
    const size_t known_count = sizeof known_prefixes / sizeof *known_prefixes;
    KgPrefix *const all = base_arena_alloc(arena, own_count + known_count, sizeof *all);
    if (!all)
        return no_memory(err);
    memcpy(all, own, own_count * sizeof *all);
    size_t filled = own_count;
    for (size_t i = 0; i < known_count; i++)
        if (!has_prefix(own, own_count, known_prefixes[i].prefix))
            all[filled++] = known_prefixes[i];
    *out = all;
    *count = filled;
    return BASE_OK;
}

/* ---- Kept ---- */

/* For others to find. */
static BaseStatus keep(KgStore *store, uint64_t generation, const KgPrefix *prefixes, size_t count, BaseError *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(prefixes[i].prefix) + strlen(prefixes[i].iri) + 2;
    KgPrefixes *const kept = malloc(sizeof *kept + bytes);
    if (!kept)
        return no_memory(err);
    *kept = (KgPrefixes){.generation = generation, .count = count, .bytes = bytes};
    char *end = kept->texts;
    for (size_t i = 0; i < count; i++) {
        end = stpcpy(end, prefixes[i].prefix) + 1;
        end = stpcpy(end, prefixes[i].iri) + 1;
    }
    pthread_mutex_lock(&store->delta_lock);
    KgPrefixes *unused = store->prefixes;
    if (unused && unused->generation > generation)
        unused = kept;
    else
        store->prefixes = kept;
    pthread_mutex_unlock(&store->delta_lock);
    free(unused);
    return BASE_OK;
}

/* Those of that generation or a newer one, copied into the arena; *out NULL: none are kept. */
static BaseStatus find_kept(KgStore *store, uint64_t generation, BaseArena *arena, KgPrefix **out, size_t *count,
                            BaseError *err)
{
    KgPrefix *prefixes = NULL;
    char *texts = NULL;
    pthread_mutex_lock(&store->delta_lock);
    const KgPrefixes *const kept = store->prefixes;
    const bool has_them = kept && kept->generation >= generation;
    if (has_them) {
        *count = kept->count;
        prefixes = base_arena_alloc(arena, kept->count, sizeof *prefixes);
        texts = prefixes ? base_arena_copy(arena, kept->texts, kept->bytes) : NULL;
    }
    pthread_mutex_unlock(&store->delta_lock);
    if (has_them && !texts)
        return no_memory(err);
    for (size_t i = 0; texts && i < *count; i++) {
        prefixes[i].prefix = texts;
        texts += strlen(texts) + 1;
        prefixes[i].iri = texts;
        texts += strlen(texts) + 1;
    }
    *out = prefixes;
    return BASE_OK;
}

BaseStatus kg_prefixes(KgTxn *txn, BaseArena *arena, KgPrefix **out, size_t *count, BaseError *err)
{
    uint64_t generation;
    *out = NULL;
    *count = 0;
    BaseStatus status = kg_get_number(txn, "generation", &generation, err);
    if (status == BASE_OK)
        status = find_kept(txn->store, generation, arena, out, count, err);
    if (status != BASE_OK || *out)
        return status;
    status = read_prefixes(txn, arena, out, count, err);
    return status == BASE_OK ? keep(txn->store, generation, *out, *count, err) : status;
}

BaseStatus kg_put_prefix(KgTxn *txn, const char *prefix, const char *iri, BaseError *err)
{
    const BaseStatus status = kg_want_writer(txn, "kg_put_prefix", err);
    return status == BASE_OK ? KG_RECORD(txn, KG_WRITE_PREFIX, err, kg_text_value(prefix), kg_text_value(iri)) : status;
}
