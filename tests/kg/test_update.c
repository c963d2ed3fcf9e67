/* test_update.c - SPARQL 1.1 Update: what each operation leaves in the database, what is refused and where, that a
 * request is done whole or not at all, and a long run of random updates against a plain array of triples. */
#include "sparql/ask.h"

typedef struct Done {
    BaseStatus status;
    KgUpdateReport report;
    BaseError err;
} Done;

/* Runs the request and commits it; when it fails, tries to commit all the same, which must be refused once something
 * was done. */
static Done try_update(KgStore *store, const char *text)
{
    Done done = {0};
    KgTxn *const txn = begin_write(store);
    done.status = kg_update(txn, text, strlen(text), NULL, &done.report, &done.err);
    if (done.status == BASE_OK)
        commit(txn);
    else
        (void)kg_commit(txn, NULL);
    return done;
}

static KgUpdateReport update(KgStore *store, const char *text)
{
    const Done done = try_update(store, text);
    if (done.status != BASE_OK)
        print_error("%s\n", text);
    expect_ok(done.status, &done.err);
    expect_sound(store);
    return done.report;
}

#define expect_report(done, operations_, inserted_, deleted_)                                                          \
    do {                                                                                                               \
        const KgUpdateReport report_ = (done);                                                                         \
        assert_int_equal(report_.operations, operations_);                                                             \
        assert_int_equal(report_.inserted, inserted_);                                                                 \
        assert_int_equal(report_.deleted, deleted_);                                                                   \
    } while (0)

#define ALL "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o"

/* ---- INSERT DATA, DELETE DATA ---- */

static void insert_data_adds_what_is_new_and_counts_it(void **state)
{
    const Fixture *const f = *state;
    expect_report(update(f->store, "PREFIX x: <urn:x:> # a comment\n"
                                   "INSERT DATA { x:a x:p x:b , 5 ; a :thing . <urn:x:c> x:p \"text\"@EN }"),
                  1, 4, 0);
    expect_answer(f->store, ALL,
                  "<urn:x:a>\t<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>\t<kg:thing>\n"
                  "<urn:x:a>\t<urn:x:p>\t<urn:x:b>\n"
                  "<urn:x:a>\t<urn:x:p>\t5\n"
                  "<urn:x:c>\t<urn:x:p>\t\"text\"@en\n");
    expect_report(update(f->store, "BASE <urn:x:> INSERT DATA { <urn:x:a> <urn:x:p> <urn:x:b> , <urn:x:d> }"), 1, 1, 0);
}

static void delete_data_takes_away_what_is_there_and_passes_over_the_rest(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { :a :p :b . :a :p :c }");
    expect_report(update(f->store, "DELETE DATA { :a :p :b . :a :p :b . :a :p :never . :x :p :a . :b :p :a }"), 1, 0,
                  1);
    expect_answer(f->store, ALL, "<kg:a>\t<kg:p>\t<kg:c>\n");
}

static void operations_run_in_turn_and_see_those_before(void **state)
{
    const Fixture *const f = *state;
    expect_report(update(f->store, "INSERT DATA { :a :p :b } ;\n"
                                   "PREFIX y: <urn:y:>\n"
                                   "INSERT { ?o y:of ?s } WHERE { ?s :p ?o } ;\n"
                                   "DELETE DATA { :a :p :b } ; "),
                  3, 2, 1);
    expect_answer(f->store, ALL, "<kg:b>\t<urn:y:of>\t<kg:a>\n");
    expect_report(update(f->store, ""), 0, 0, 0);
    expect_report(update(f->store, "PREFIX y: <urn:y:>"), 0, 0, 0);
}

static void blank_nodes_of_data_are_new_ones_and_the_same_within_an_operation(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { _:n :p 1 . _:n :p 2 . [] :q ( 3 ) }");
    expect_answer(f->store, "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s :p ?o }", "1\n");
    expect_answer(f->store, "SELECT ?v { ?s :q / rdf:first ?v . ?s :q / rdf:rest rdf:nil }", "3\n");
    update(f->store, "INSERT DATA { _:n :p 1 }");
    expect_answer(f->store, "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s :p ?o }", "2\n");
}

static void new_triples_tell_the_update_as_their_source(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    BaseArena arena = {0};
    KgNote note;
    KgImport import;
    const char text[] =
        "INSERT DATA { :a :p :b } ;\nINSERT { :a :p :c } WHERE { :a :p :b } ;\nINSERT DATA { :a :p :b }";
    KgTxn *txn = begin_write(f->store);
    expect_ok(kg_update(txn, text, strlen(text), &(KgUpdateOptions){.name = "file.ru"}, NULL, &err), &err);
    commit(txn);
    txn = begin_read(f->store);
    expect_ok(kg_get(txn, KG_ASSERTED, (KgTriple){id_of(txn, "a"), id_of(txn, "p"), id_of(txn, "c")}, &note, &err),
              &err);
    expect_ok(kg_find_import(txn, note.source, &arena, &import, &err), &err);
    assert_string_equal(import.source, "file.ru");
    assert_string_equal(import.format, "sparql");
    assert_int_equal(import.lines, 3);
    assert_int_equal(import.triples, 3);
    assert_int_equal(import.added, 2);
    base_arena_free(&arena);
    kg_abort(txn);
    update(f->store, "DELETE DATA { :a :p :b }");
    KgImport *imports;
    size_t count;
    txn = begin_read(f->store);
    expect_ok(kg_imports(txn, &arena, &imports, &count, &err), &err);
    assert_int_equal(count, 1); /* who adds nothing is no source */
    base_arena_free(&arena);
    kg_abort(txn);
}

/* ---- Patterns ---- */

static void modify_matches_first_then_deletes_then_inserts(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { :a :next :b . :b :next :c . :c :next :a . :a :keep 1 }");
    /* Were the insertions seen by the pattern, or deleted afterwards, this would not end in the ring reversed. */
    expect_report(update(f->store, "DELETE { ?x :next ?y } INSERT { ?y :next ?x } WHERE { ?x :next ?y }"), 1, 3, 3);
    expect_answer(f->store, "SELECT ?x ?y { ?x :next ?y } ORDER BY ?x",
                  "<kg:a>\t<kg:c>\n<kg:b>\t<kg:a>\n<kg:c>\t<kg:b>\n");
    /* The same triple deleted and inserted stays. */
    expect_report(update(f->store, "DELETE { ?x :keep ?y } INSERT { ?x :keep ?y } WHERE { ?x :keep ?y }"), 1, 1, 1);
    expect_answer(f->store, "SELECT ?y { :a :keep ?y }", "1\n");
}

static void delete_where_removes_all_that_matches(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { :a :p :b . :a :q 1 . :b :p :c . :b :r 2 . :c :q 3 }");
    expect_report(update(f->store, "DELETE WHERE { ?x :p ?y ; :q ?z }"), 1, 0, 2);
    expect_report(update(f->store, "DELETE WHERE { :b ?p ?o . }"), 1, 0, 2);
    expect_report(update(f->store, "DELETE WHERE { }"), 1, 0, 0);
    expect_answer(f->store, ALL, "<kg:c>\t<kg:q>\t3\n");
}

static void templates_make_a_blank_node_for_each_solution_and_terms_that_are_new(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { :a :n 1 . :b :n 2 . :c :n 2 }");
    expect_report(update(f->store, "INSERT { _:r :of ?x ; :twice ?d . ?x :link _:r ; :name ?name } WHERE "
                                   "{ ?x :n ?n BIND(?n * 2000000000 AS ?d) BIND(CONCAT(\"number of the \", STR(?n)) AS "
                                   "?name) }"),
                  1, 12, 0);
    expect_answer(f->store, "SELECT (COUNT(DISTINCT ?r) AS ?n) { ?x :link ?r . ?r :of ?x }", "3\n");
    expect_answer(f->store, "SELECT DISTINCT ?d { ?r :twice ?d } ORDER BY ?d", "2000000000\n4000000000\n");
    expect_answer(f->store, "SELECT ?x { ?x :name \"number of the 2\" } ORDER BY ?x", "<kg:b>\n<kg:c>\n");
    /* A label in the template has nothing to do with one in the pattern, nor with that of another operation. */
    expect_report(update(f->store, "DELETE WHERE { ?r :of ?x ; :twice ?d } ; DELETE WHERE { ?x :link ?r ; :name ?m }; "
                                   "INSERT { _:r :made ?n } WHERE { _:r :n ?n }; "
                                   "INSERT { _:r :made ?n } WHERE { _:s :n ?n }"),
                  4, 6, 12);
    expect_answer(f->store, "SELECT (COUNT(DISTINCT ?r) AS ?n) { ?r :made ?x }", "6\n");
}

static void what_is_no_triple_is_left_out_of_templates(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { :a :p 1 . :b :p :c . :b :q _:x }");
    expect_report(update(f->store, "INSERT { ?o :of ?s . ?s ?o ?unbound . ?s ?o :x } WHERE { ?s ?p ?o }"), 1, 3, 0);
    expect_answer(f->store, "SELECT ?s { ?s :of ?o FILTER(isIRI(?s)) }", "<kg:c>\n");
    expect_answer(f->store, "SELECT ?s { ?s :c :x }", "<kg:b>\n");
    expect_report(update(f->store, "DELETE { ?o :of ?s . ?s ?q ?o } WHERE { ?s :p ?o }"), 1, 0, 1);
}

static void only_what_is_asserted_is_deleted_and_patterns_see_what_is_inferred(void **state)
{
    const Fixture *const f = *state;
    static const char *const asserted[] = {"a", "p", "b", NULL}, *const inferred[] = {"a", "p", "b", "a",
                                                                                      "p", "c", NULL};
    add_facts(f->store, KG_ASSERTED, asserted);
    KgTxn *txn = begin_write(f->store); /* inferred triples name a run as their source */
    uint32_t run;
    BaseError err = {0};
    expect_ok(kg_put_run(txn, &(KgRun){.kind = "reason", .name = "", .text = "", .details = "{}"}, &run, &err), &err);
    commit(txn);
    add_facts(f->store, KG_INFERRED, inferred);
    const Done done = try_update(f->store, "INSERT { :seen :n ?y } WHERE { :a :p ?y } ; DELETE WHERE { :a :p ?y }");
    expect_ok(done.status, &done.err);
    expect_report(done.report, 2, 2, 1);
    txn = begin_read(f->store);
    assert_int_equal(count_matches(txn, KG_IN(KG_INFERRED), (KgTriple){0}), 2);
    assert_int_equal(count_matches(txn, KG_IN(KG_ASSERTED), (KgTriple){0}), 2);
    kg_abort(txn);
}

/* ---- Graphs ---- */

static void clear_and_drop_empty_the_default_graph(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { :a :p :b . :b :p :c }");
    expect_report(update(f->store, "CLEAR DEFAULT"), 1, 0, 2);
    update(f->store, "INSERT DATA { :a :p :b }");
    expect_report(update(f->store, "DROP ALL ; CLEAR NAMED ; DROP SILENT GRAPH <urn:g> ; CLEAR GRAPH <urn:g>"), 4, 0,
                  1);
    expect_answer(f->store, ALL, "");
}

static void graphs_that_are_not_there_are_missed_unless_silent(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { :a :p :b }");
    static const char *const words[] = {"ADD", "MOVE", "COPY"};
    for (size_t i = 0; i < 3; i++) {
        char text[100];
        snprintf(text, sizeof text, "%s <urn:none> TO DEFAULT", words[i]);
        const Done done = try_update(f->store, text);
        assert_int_equal(done.status, BASE_BAD_INPUT);
        expect_words(&done.err, "there is no graph <urn:none>");
        assert_int_equal(done.err.column, strlen(words[i]) + 2);
        snprintf(text, sizeof text, "%s SILENT GRAPH <urn:none> TO DEFAULT ; %s DEFAULT TO DEFAULT", words[i],
                 words[i]);
        expect_report(update(f->store, text), 2, 0, 0);
    }
    expect_report(update(f->store, "CREATE GRAPH <urn:g> ; CREATE SILENT GRAPH <urn:g>"), 2, 0, 0);
    expect_answer(f->store, ALL, "<kg:a>\t<kg:p>\t<kg:b>\n");
}

/* ---- LOAD ---- */

static void load_reads_a_local_file_within_the_transaction(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    BaseArena arena = {0};
    KgImport *imports;
    size_t count;
    char text[600], path[300], bad[300];
    snprintf(path, sizeof path, "%s/two words.ttl", f->folder);
    snprintf(bad, sizeof bad, "%s/bad.ttl", f->folder);
    write_text_file(path, "<urn:a> <urn:p> <urn:b> , <urn:c> .\n");
    write_text_file(bad, "<urn:a> <urn:p> <urn:b> .\n<urn:x> <urn:p .\n");
    snprintf(text, sizeof text,
             "INSERT DATA { <urn:a> <urn:p> <urn:b> } ; LOAD <file://%s/two%%20words.ttl> ; "
             "DELETE DATA { <urn:a> <urn:p> <urn:c> }",
             f->folder);
    expect_report(update(f->store, text), 3, 2, 1);
    expect_answer(f->store, ALL, "<urn:a>\t<urn:p>\t<urn:b>\n");
    KgTxn *const txn = begin_read(f->store);
    expect_ok(kg_imports(txn, &arena, &imports, &count, &err), &err);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        const bool is_file = strcmp(imports[i].format, "turtle") == 0;
        assert_string_equal(imports[i].source, is_file ? path : "<update>");
        assert_int_equal(imports[i].added, 1);
    }
    base_arena_free(&arena);
    kg_abort(txn);

    snprintf(text, sizeof text, "INSERT DATA { <urn:n> <urn:p> 1 } ; LOAD <file:%s>", bad);
    Done done = try_update(f->store, text);
    assert_int_equal(done.status, BASE_BAD_INPUT);
    assert_string_equal(done.err.source, bad);
    assert_int_equal(done.err.line, 2);
    done = try_update(f->store, "INSERT DATA { <urn:n> <urn:p> 1 } ; LOAD <file:///no/such/file.ttl>");
    assert_int_equal(done.status, BASE_NOT_FOUND);
    expect_words(&done.err, "/no/such/file.ttl");
    done = try_update(f->store, "LOAD <http://example.org/data.ttl>");
    assert_int_equal(done.status, BASE_BAD_INPUT);
    expect_words(&done.err, "local files");
    done = try_update(f->store, "LOAD <file://elsewhere/data.ttl>");
    expect_words(&done.err, "local files");
    expect_answer(f->store, ALL, "<urn:a>\t<urn:p>\t<urn:b>\n");
    snprintf(text, sizeof text,
             "LOAD SILENT <file:%s> ; LOAD SILENT <file:///no/such/file.ttl> ; "
             "LOAD SILENT <http://example.org/data.ttl> INTO GRAPH <urn:g> ; "
             "INSERT DATA { <urn:a> <urn:q> 1 }",
             bad);
    expect_report(update(f->store, text), 4, 1, 0);
    expect_answer(f->store, ALL, "<urn:a>\t<urn:p>\t<urn:b>\n<urn:a>\t<urn:q>\t1\n");
}

/* ---- Faults ---- */

static void faults_are_told_with_their_place_and_change_nothing(void **state)
{
    const Fixture *const f = *state;
    static const struct {
        const char *text;
        uint32_t line, column;
        const char *message, *hint;
    } cases[] = {
        {"INSERT DATA { :a :p ?x }", 1, 21, "INSERT DATA takes no variables: ?x", "WHERE"},
        {"DELETE DATA { :a :p ?x }", 1, 21, "DELETE DATA takes no variables: ?x", "WHERE"},
        {"DELETE DATA { _:b :p :x }", 1, 15, "DELETE DATA takes no blank nodes", "variable"},
        {"DELETE DATA { :a :p [] }", 1, 21, "DELETE DATA takes no blank nodes", NULL},
        {"DELETE WHERE { :a :p _:b }", 1, 22, "DELETE WHERE takes no blank nodes", NULL},
        {"DELETE { :a :p [ :q 1 ] } WHERE { :a :p ?x }", 1, 16, "DELETE takes no blank nodes", NULL},
        {"INSERT DATA { \"x\" :p :b }", 1, 15, "a literal cannot be the subject", NULL},
        {"INSERT DATA { :a :p :b }\nINSERT DATA { :a :p :b }", 2, 1, "expected ';' or the end of the update", NULL},
        {"INSERT DATA { :a :p :b ", 1, 24, "found the end of the update", "is not closed"},
        {"INSERT DATA { :a :p/:q :b }", 1, 20, "found '/'", NULL},
        {"INSERT { :a :p :b }", 1, 20, "expected WHERE and '{'", NULL},
        {"DELETE { :a :p :b }", 1, 20, "expected INSERT or WHERE", NULL},
        {"DELETE :a", 1, 8, "expected '{', DATA or WHERE", NULL},
        {"DELET DATA { }", 1, 1, "expected INSERT, DELETE", "did you mean DELETE?"},
        {"SELECT * { ?x ?y ?z }", 1, 1, "it is a query, not an update", "kgq query"},
        {"WITH <urn:g> SELECT", 1, 14, "expected DELETE or INSERT", NULL},
        {"INSERT DATA { x:a :p :b }", 1, 15, "unknown prefix 'x:'", "PREFIX x:"},
        {"INSERT DATA { _:b :p 1 } ; INSERT DATA { _:b :p 2 }", 1, 42, "used in two separate operations", NULL},
        {"DELETE { ?x :p 1 } WHERE { _:b :p ?x } ; DELETE { ?x :p 1 } WHERE { _:b :p ?x }", 1, 69,
         "used in two separate graph patterns", NULL},
        {"CLEAR <urn:g>", 1, 7, "expected GRAPH and an IRI, DEFAULT, NAMED or ALL", NULL},
        {"COPY DEFAULT <urn:g>", 1, 14, "expected TO", NULL},
        {"CREATE DEFAULT", 1, 8, "expected GRAPH and an IRI", NULL},
        {"LOAD \"file\"", 1, 6, "expected the IRI of a file", NULL},
        {"INSERT DATA { :a :p :b } ; \xff", 1, 28, "the update is not UTF-8", NULL},
    };
    update(f->store, "INSERT DATA { :a :p :b }");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        snprintf(text, sizeof text, "%s", cases[i].text);
        const Done done = try_update(f->store, text);
        if (done.status != BASE_BAD_INPUT || done.err.line != cases[i].line || done.err.column != cases[i].column ||
            !strstr(done.err.message, cases[i].message) || (cases[i].hint && !strstr(done.err.hint, cases[i].hint))) {
            print_error("%s\n", cases[i].text);
            base_error_print(stderr, &done.err);
            fail();
        }
        assert_int_equal(done.report.operations, 0);
    }
    expect_answer(f->store, ALL, "<kg:a>\t<kg:p>\t<kg:b>\n");
    expect_sound(f->store);
}

static void an_operation_that_fails_takes_those_before_it_with_it(void **state)
{
    const Fixture *const f = *state;
    update(f->store, "INSERT DATA { :a :p :b }");
    /* try_update commits after the failure: kg_commit must refuse. */
    const Done done = try_update(f->store, "INSERT DATA { :new :p :c } ;\nDELETE WHERE { :a ?p ?o } ;\n"
                                           "COPY <urn:none> TO DEFAULT ;\nINSERT DATA { :never :p :c }");
    assert_int_equal(done.status, BASE_BAD_INPUT);
    assert_int_equal(done.err.line, 3);
    assert_int_equal(done.report.inserted, 0);
    expect_answer(f->store, ALL, "<kg:a>\t<kg:p>\t<kg:b>\n");
    expect_sound(f->store);
}

static void readers_and_cancelled_jobs_change_nothing(void **state)
{
    const Fixture *const f = *state;
    BaseError err = {0};
    const char text[] = "INSERT DATA { :a :p :b }";
    KgTxn *txn = begin_read(f->store);
    assert_int_equal(kg_update(txn, text, strlen(text), NULL, NULL, &err), BASE_BAD_CALL);
    kg_abort(txn);
    BaseJob job = {0};
    job.cancelled = true;
    txn = begin_write(f->store);
    err = (BaseError){0};
    assert_int_equal(kg_update(txn, text, strlen(text), &(KgUpdateOptions){.job = &job}, NULL, &err), BASE_CANCELLED);
    assert_int_equal(kg_commit(txn, NULL), BASE_BAD_CALL);
    expect_answer(f->store, ALL, "");
}

/* ---- Many ---- */

static void a_large_batch_goes_in_and_out_whole(void **state)
{
    const Fixture *const f = *state;
    enum { COUNT = 100000 };
    BaseBuffer text = {0};
    assert_true(base_buffer_format(&text, "INSERT DATA {\n"));
    for (int i = 0; i < COUNT; i++)
        assert_true(base_buffer_format(&text, ":s%d :p%d %s%d .\n", i % 9973, i % 7, i % 2 ? "_:n" : ":o", i));
    assert_true(base_buffer_format(&text, "}"));
    expect_report(update(f->store, text.items), 1, COUNT, 0);
    text.count = 0;
    assert_true(base_buffer_format(&text, "DELETE DATA {\n"));
    for (int i = 0; i < COUNT; i += 2)
        assert_true(base_buffer_format(&text, ":s%d :p%d :o%d .\n", i % 9973, i % 7, i));
    assert_true(base_buffer_format(&text, "}"));
    expect_report(update(f->store, text.items), 1, 0, COUNT / 2);
    expect_answer(f->store, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(isBlank(?o)) }", "50000\n");
    expect_report(update(f->store, "DELETE { ?s ?p ?o } INSERT { ?o :back ?s } WHERE { ?s ?p ?o }"), 1, COUNT / 2,
                  COUNT / 2);
    base_buffer_free(&text);
}

/* The oracle: which of 6 * 3 * 6 triples there are. */
enum { NODES = 6, LINKS = 3 };
typedef bool World[NODES][LINKS][NODES];

static void write_facts(BaseBuffer *text, BaseRandom *random, World world, bool value)
{
    const int count = (int)base_random_below(random, 6);
    assert_true(base_buffer_format(text, "%s DATA { ", value ? "INSERT" : "DELETE"));
    for (int i = 0; i < count; i++) {
        const size_t s = base_random_below(random, NODES), p = base_random_below(random, LINKS),
                     o = base_random_below(random, NODES);
        assert_true(base_buffer_format(text, ":n%zu :p%zu :n%zu . ", s, p, o));
        world[s][p][o] = value;
    }
    assert_true(base_buffer_format(text, "}"));
}

/* Deletes { ?x a ?y } and inserts { ?y b ?z } for { ?x a ?y . ?y c ?z }. */
static void write_modify(BaseBuffer *text, BaseRandom *random, World world)
{
    const size_t a = base_random_below(random, LINKS), b = base_random_below(random, LINKS),
                 c = base_random_below(random, LINKS);
    World removed = {0}, added = {0};
    assert_true(base_buffer_format(
        text, "DELETE { ?x :p%zu ?y } INSERT { ?y :p%zu ?z } WHERE { ?x :p%zu ?y . ?y :p%zu ?z }", a, b, a, c));
    for (size_t x = 0; x < NODES; x++)
        for (size_t y = 0; y < NODES; y++)
            for (size_t z = 0; z < NODES; z++)
                if (world[x][a][y] && world[y][c][z])
                    removed[x][a][y] = added[y][b][z] = true;
    for (size_t i = 0; i < sizeof(World); i++) {
        bool *const fact = &world[0][0][0] + i;
        *fact = (*fact && !(&removed[0][0][0])[i]) || (&added[0][0][0])[i];
    }
}

static void write_delete_where(BaseBuffer *text, BaseRandom *random, World world)
{
    const size_t a = base_random_below(random, LINKS), node = base_random_below(random, NODES);
    assert_true(base_buffer_format(text, "DELETE WHERE { ?x :p%zu :n%zu }", a, node));
    for (size_t x = 0; x < NODES; x++)
        world[x][a][node] = false;
}

static void expect_world(KgStore *store, World world, const char *text)
{
    BaseError err = {0};
    KgTxn *const txn = begin_read(store);
    uint64_t count = 0;
    for (size_t s = 0; s < NODES; s++)
        for (size_t p = 0; p < LINKS; p++)
            for (size_t o = 0; o < NODES; o++) {
                char names[3][8];
                KgTriple triple = {0};
                KgId *const ids[] = {&triple.s, &triple.p, &triple.o};
                bool is_there = true;
                snprintf(names[0], sizeof names[0], "n%zu", s);
                snprintf(names[1], sizeof names[1], "p%zu", p);
                snprintf(names[2], sizeof names[2], "n%zu", o);
                for (int i = 0; i < 3 && is_there; i++)
                    is_there = kg_find_name(txn, names[i], ids[i], NULL) == BASE_OK;
                if (is_there)
                    expect_ok(kg_holds(txn, KG_IN(KG_ASSERTED), triple, &is_there, &err), &err);
                if (is_there != world[s][p][o])
                    print_error("%s\n%s %s %s\n", text, names[0], names[1], names[2]);
                assert_int_equal(is_there, world[s][p][o]);
                count += world[s][p][o];
            }
    assert_int_equal(count_matches(txn, KG_IN(KG_ASSERTED), (KgTriple){0}), count);
    kg_abort(txn);
}

static void random_requests_agree_with_an_array_of_triples(void **state)
{
    const Fixture *const f = *state;
    BaseRandom random;
    World world = {0};
    base_random_seed(&random, 20);
    for (int round = 0; round < 300; round++) {
        BaseBuffer text = {0};
        World before;
        memcpy(before, world, sizeof before);
        const size_t operations = base_random_below(&random, 4);
        for (size_t i = 0; i < operations; i++) {
            const size_t kind = base_random_below(&random, 10);
            if (kind < 6)
                write_facts(&text, &random, world, kind < 4);
            else if (kind < 8)
                write_modify(&text, &random, world);
            else
                write_delete_where(&text, &random, world);
            assert_true(base_buffer_format(&text, " ;\n"));
        }
        const bool fails = base_random_below(&random, 5) == 0;
        assert_true(base_buffer_format(&text, fails ? "MOVE <urn:none> TO DEFAULT" : "# done"));
        const Done done = try_update(f->store, text.items);
        assert_int_equal(done.status, fails ? BASE_BAD_INPUT : BASE_OK);
        if (fails)
            memcpy(world, before, sizeof before);
        expect_world(f->store, world, text.items);
        base_buffer_free(&text);
    }
    expect_sound(f->store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(insert_data_adds_what_is_new_and_counts_it),
        TEST(delete_data_takes_away_what_is_there_and_passes_over_the_rest),
        TEST(operations_run_in_turn_and_see_those_before),
        TEST(blank_nodes_of_data_are_new_ones_and_the_same_within_an_operation),
        TEST(new_triples_tell_the_update_as_their_source),
        TEST(modify_matches_first_then_deletes_then_inserts),
        TEST(delete_where_removes_all_that_matches),
        TEST(templates_make_a_blank_node_for_each_solution_and_terms_that_are_new),
        TEST(what_is_no_triple_is_left_out_of_templates),
        TEST(only_what_is_asserted_is_deleted_and_patterns_see_what_is_inferred),
        TEST(clear_and_drop_empty_the_default_graph),
        TEST(graphs_that_are_not_there_are_missed_unless_silent),
        TEST(load_reads_a_local_file_within_the_transaction),
        TEST(faults_are_told_with_their_place_and_change_nothing),
        TEST(an_operation_that_fails_takes_those_before_it_with_it),
        TEST(readers_and_cancelled_jobs_change_nothing),
        TEST(a_large_batch_goes_in_and_out_whole),
        TEST(random_requests_agree_with_an_array_of_triples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
