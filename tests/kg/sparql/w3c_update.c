/* w3c_update.c - update evaluation tests: the graphs before, the request, and the graphs after. */
#include "w3c.h"

/* Graphs as rows of graph, subject, predicate and object; the graph is unbound in the default graph's. */
static void begin_rows(Solutions *out)
{
    static const char *const names[] = {"graph", "subject", "predicate", "object"};
    *out = (Solutions){.width = 4};
    memcpy(out->names, names, sizeof names);
}

static KgText keep_text(Solutions *out, KgText text)
{
    return (KgText){base_arena_copy(&out->arena, text.bytes ? text.bytes : "", text.length), text.length};
}

static void add_cell(Solutions *out, const KgTerm *term)
{
    KgTerm cell = {0};
    if (term)
        cell = (KgTerm){.kind = term->kind,
                        .text = keep_text(out, term->text),
                        .datatype = keep_text(out, term->datatype),
                        .language = keep_text(out, term->language)};
    assert_true(BASE_PUSH(&out->cells, cell));
}

static void read_graph(KgTxn *txn, KgId graph, Solutions *out)
{
    BaseError err = {0};
    KgScan *scan;
    KgTriple triple;
    BaseStatus status;
    expect_ok(kg_scan_open_in(txn, graph, KG_IN(KG_ASSERTED), (KgTriple){0}, KG_ORDER_SPO, &scan, &err), &err);
    while ((status = kg_scan_next(scan, &triple, &err)) == BASE_OK) {
        const KgId ids[] = {graph, triple.s, triple.p, triple.o};
        for (int i = 0; i < 4; i++) {
            KgTerm term;
            if (ids[i])
                expect_ok(kg_term(txn, ids[i], &out->arena, &term, &err), &err);
            add_cell(out, ids[i] ? &term : NULL);
        }
    }
    assert_int_equal(status, BASE_END);
    kg_scan_close(scan);
}

static void read_store(KgStore *store, Solutions *out)
{
    BaseError err = {0};
    KgId *graphs;
    size_t count;
    KgTxn *const txn = begin_read(store);
    begin_rows(out);
    read_graph(txn, KG_ANY, out);
    expect_ok(kg_graphs(txn, &graphs, &count, &err), &err);
    for (size_t i = 0; i < count; i++)
        read_graph(txn, graphs[i], out);
    free(graphs);
    kg_abort(txn);
}

static bool add_file_rows(const KgTerm *data, const KgTerm *graph, Solutions *out)
{
    Document document = {0};
    const bool is_read = read_data(data, &document);
    for (size_t i = 0; i < document.count && is_read; i++) {
        add_cell(out, graph);
        add_cell(out, &document.items[i].s);
        add_cell(out, &document.items[i].p);
        add_cell(out, &document.items[i].o);
    }
    free_document(&document);
    return is_read;
}

/* The n-th named graph of an action or a result: its file, and its name as an IRI. */
static bool find_graph_data(const Document *manifest, const KgTerm *node, size_t n, const KgTerm **file, KgTerm *name)
{
    for (size_t i = 0; i < manifest->count; i++) {
        const Fact *const fact = &manifest->items[i];
        if (!same_term(&fact->s, node) || !term_is(&fact->p, UT "graphData") || n-- > 0)
            continue;
        const KgTerm *const label = object_of(manifest, &fact->o, RDFS "label");
        *file = object_of(manifest, &fact->o, UT "graph");
        *name = (KgTerm){.kind = KG_IRI, .text = label ? label->text : KG_TEXT("")};
        return *file && label;
    }
    return false;
}

/* The state before: a database with what the action names. */
static BaseStatus load_action(KgStore *store, const Document *manifest, const KgTerm *action, BaseError *err)
{
    KgTxn *const txn = begin_write(store);
    const KgTerm *const data = object_of(manifest, action, UT "data"), *file;
    KgTerm name;
    BaseStatus status = kg_update(txn, "CLEAR ALL", 9, NULL, NULL, err);
    if (status == BASE_OK && data)
        status = add_data(txn, KG_ANY, data, err);
    for (size_t n = 0; status == BASE_OK && find_graph_data(manifest, action, n, &file, &name); n++) {
        KgId graph;
        status = kg_intern(txn, &name, &graph, err);
        if (status == BASE_OK)
            status = add_data(txn, graph, file, err);
    }
    if (status == BASE_OK)
        return kg_commit(txn, err);
    kg_abort(txn);
    return status;
}

static bool read_wanted(const Document *manifest, const KgTerm *result, Solutions *out)
{
    const KgTerm *const data = object_of(manifest, result, UT "data"), *file;
    KgTerm name;
    begin_rows(out);
    bool is_read = !data || add_file_rows(data, NULL, out);
    for (size_t n = 0; is_read && find_graph_data(manifest, result, n, &file, &name); n++)
        is_read = add_file_rows(file, &name, out);
    return is_read;
}

static BaseStatus run_request(KgStore *store, const KgTerm *file, BaseError *err)
{
    char *const text = read_query_text(file);
    KgTxn *txn = begin_write(store);
    BaseStatus status = kg_update(txn, text, strlen(text), NULL, NULL, err);
    if (status == BASE_OK) {
        status = kg_commit(txn, err);
        txn = NULL;
    }
    kg_abort(txn);
    free(text);
    return status;
}

Outcome run_update(Test *test)
{
    const Document *const manifest = test->manifest;
    const KgTerm *const action = object_of(manifest, test->node, MF "action");
    const KgTerm *const result = object_of(manifest, test->node, MF "result");
    const KgTerm *const request = object_of(manifest, action, UT "request");
    BaseError err = {0};
    Solutions got = {0}, wanted = {0};
    Outcome outcome = FAILED;
    BaseStatus status = request && result ? load_action(test->store, manifest, action, &err)
                                          : base_fail(&err, BASE_BAD_INPUT, "the test has no request or no result");
    if (status == BASE_OK)
        status = run_request(test->store, request, &err);
    if (status != BASE_OK) {
        snprintf(test->why, sizeof test->why, "%s", err.message);
        return FAILED;
    }
    read_store(test->store, &got);
    if (!read_wanted(manifest, result, &wanted))
        snprintf(test->why, sizeof test->why, "the expected graphs cannot be read");
    else if (same_solutions(&got, &wanted, false))
        outcome = PASSED;
    else
        snprintf(test->why, sizeof test->why, "other graphs: %zu triples, expected %zu", got.cells.count / 4,
                 wanted.cells.count / 4);
    free_solutions(&got);
    free_solutions(&wanted);
    return outcome;
}
