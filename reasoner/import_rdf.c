/* @import of ntriples, turtle, nquads and trig. The database's readers are the room's only ones of RDF, and they fill a
 * database: so the file goes into one of its own in a temporary folder, and from there into the relation. */
#include "reasoner/files.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_GRAPH "tag:nemo:defaultgraph"

typedef struct RdfImport {
    FileRun *run;
    const Transfer *transfer;
    Relation *relation;
    const char *path;
    KgTxn *txn;
    BaseMap values; /* KgId to value number */
    BaseArena scratch;
    uint64_t left_out; /* triples with an ill-formed literal */
    uint64_t records;
} RdfImport;

static bool make_value(RdfImport *import, const KgTerm *term, uint32_t *out)
{
    Values *const values = import->run->evaluation.values;
    Value value;
    ReadResult result = READ_OK;
    if (term->kind == KG_BLANK) {
        *out = reasoner_fresh_null(values);
        return *out != NO_VALUE;
    }
    if (term->kind == KG_LITERAL && term->datatype.length > 0)
        result = reasoner_read_literal(term->text, term->datatype, &import->scratch, &value);
    else if (!reasoner_value_of_term(term, &import->scratch, &value))
        result = READ_NO_MEMORY;
    *out = result == READ_OK ? reasoner_intern(values, &value) : NO_VALUE;
    return result == READ_ILL_FORMED || *out != NO_VALUE;
}

/* The term's value, asked for once. NO_VALUE: an ill-formed literal. */
static BaseStatus value_of(RdfImport *import, KgId id, uint32_t *out, BaseError *err)
{
    const uint64_t *const known = base_map_get(&import->values, id);
    if (known) {
        *out = (uint32_t)*known;
        return BASE_OK;
    }
    KgTerm term;
    const BaseArenaMark start = base_arena_mark(&import->scratch);
    BaseStatus status = kg_term(import->txn, id, &import->scratch, &term, err);
    if (status == BASE_OK && (!make_value(import, &term, out) || !base_map_put(&import->values, id, *out, NULL)))
        status = reasoner_out_of_values(err);
    base_arena_rewind(&import->scratch, start);
    return status;
}

/* The columns of the file, those that are kept, as a tuple. */
static BaseStatus add_row(RdfImport *import, const uint32_t *row, uint32_t columns, BaseError *err)
{
    const TransferPlan *const plan = import->transfer->plan;
    uint32_t tuple[4], count = 0;
    uint64_t added;
    for (uint32_t c = 0; c < columns; c++) {
        if (row[c] == NO_VALUE) {
            import->left_out++;
            return BASE_OK;
        }
        if (!plan->columns || plan->columns[c] != CELL_SKIP)
            tuple[count++] = row[c];
    }
    return reasoner_relation_add(import->relation, tuple, 1, 0, NOWHERE, &added) ? BASE_OK
                                                                                 : reasoner_out_of_values(err);
}

static bool is_full(const RdfImport *import)
{
    const uint64_t limit = import->transfer->plan->limit;
    return limit > 0 && import->records >= limit;
}

static BaseStatus take_triples(RdfImport *import, KgScan *scan, uint32_t graph, bool has_graph, BaseError *err)
{
    KgTriple triple;
    uint32_t row[4];
    uint32_t *const terms = has_graph ? row + 1 : row;
    BaseStatus status = BASE_OK;
    row[0] = graph;
    while (!is_full(import) && (status = kg_scan_next(scan, &triple, err)) == BASE_OK) {
        import->records++;
        status = value_of(import, triple.s, &terms[0], err);
        if (status == BASE_OK)
            status = value_of(import, triple.p, &terms[1], err);
        if (status == BASE_OK)
            status = value_of(import, triple.o, &terms[2], err);
        if (status == BASE_OK)
            status = add_row(import, row, has_graph ? 4 : 3, err);
        if (status != BASE_OK)
            break;
    }
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus take_default(RdfImport *import, bool has_graph, BaseError *err)
{
    KgScan *scan = NULL;
    const uint32_t graph =
        reasoner_intern(import->run->evaluation.values, &(Value){.kind = VALUE_IRI, .text = KG_TEXT(DEFAULT_GRAPH)});
    if (graph == NO_VALUE)
        return reasoner_out_of_values(err);
    BaseStatus status = kg_scan_open(import->txn, KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_BEST, &scan, err);
    if (status == BASE_OK)
        status = take_triples(import, scan, graph, has_graph, err);
    kg_scan_close(scan);
    return status;
}

static BaseStatus take_named(RdfImport *import, BaseError *err)
{
    KgId *graphs = NULL;
    size_t count = 0;
    BaseStatus status = kg_graphs(import->txn, &graphs, &count, err);
    for (size_t g = 0; g < count && status == BASE_OK; g++) {
        KgScan *scan = NULL;
        uint32_t graph;
        status = value_of(import, graphs[g], &graph, err);
        if (status == BASE_OK)
            status =
                kg_scan_open_in(import->txn, graphs[g], KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_BEST, &scan, err);
        if (status == BASE_OK)
            status = take_triples(import, scan, graph, true, err);
        kg_scan_close(scan);
    }
    free(graphs);
    return status;
}

static KgFormat kg_format(const char *extension)
{
    return strcmp(extension, "nt") == 0    ? KG_NTRIPLES
           : strcmp(extension, "nq") == 0  ? KG_NQUADS
           : strcmp(extension, "ttl") == 0 ? KG_TURTLE
                                           : KG_TRIG;
}

/* A bad statement is told as a warning, and the rest kept. */
static void warn(void *context, const BaseError *fault)
{
    RdfImport *const import = context;
    BaseError warning = *fault;
    warning.is_warning = true;
    import->run->bad_rows++;
    if (import->run->options)
        base_sink(import->run->options->sink, &warning);
}

static BaseStatus fill(RdfImport *import, KgStore *store, BaseError *err)
{
    const char *const extension = import->transfer->plan->extension;
    const bool has_graph = strcmp(extension, "nq") == 0 || strcmp(extension, "trig") == 0;
    const KgImportOptions options = {.format = kg_format(extension), .max_errors = UINT64_MAX};
    const BaseSink sink = {warn, import};
    BaseStatus status = kg_import(store, &import->path, 1, &options, NULL, &sink, import->run->job, err);
    if (status == BASE_OK)
        status = kg_read_begin(store, &import->txn, err);
    if (status == BASE_OK)
        status = take_default(import, has_graph, err);
    if (status == BASE_OK && has_graph)
        status = take_named(import, err);
    kg_abort(import->txn);
    if (status == BASE_OK && import->left_out > 0)
        reasoner_bad_row(import->run, import->path, 0, 0,
                         "%llu statements with a literal that is no value of its type "
                         "are left out",
                         (unsigned long long)import->left_out);
    return status;
}

BaseStatus reasoner_import_rdf(FileRun *run, const Transfer *transfer, const char *path, BaseError *err)
{
    const uint32_t relation = reasoner_relation_of(run->program, transfer->found);
    RdfImport import = {
        .run = run, .transfer = transfer, .relation = &run->evaluation.relations[relation], .path = path};
    const char *const where = getenv("TMPDIR");
    char *const folder = base_join_path(where && *where ? where : "/tmp", "kgq-import-XXXXXX");
    char *database = NULL;
    KgStore *store = NULL;
    if (!folder)
        return reasoner_out_of_values(err);
    BaseStatus status =
        mkdtemp(folder) ? BASE_OK : base_fail_errno(err, "cannot make a temporary folder like %s", folder);
    if (status == BASE_OK) {
        database = base_join_path(folder, "db");
        status = database ? kg_open(database, &(KgOptions){.create = true}, &store, err) : reasoner_out_of_values(err);
        if (status == BASE_OK)
            status = fill(&import, store, err);
        kg_close(store);
        base_remove(folder, NULL);
    }
    run->records += import.records;
    base_map_free(&import.values);
    base_arena_free(&import.scratch);
    free(database);
    free(folder);
    return status;
}
