/* test_extensions.c - functions and property functions that a program adds to SPARQL: values in and out, unbound and
 * computed terms, type errors, faults with their place, lists as arguments, and the order a planner gives them. */
#include "sparql/endpoints.h"

#include <math.h>

#define EX "http://ex/"
#define PREFIX "PREFIX ex: <http://ex/> "

/* ex:length(?text, ...): characters of all arguments together; no value for IRIs. */
static BaseStatus call_length(void *context, KgCall *call, const KgTerm *arguments, size_t count, KgTerm *out,
                              BaseError *err)
{
    size_t length = 0;
    ++*(unsigned *)context;
    for (size_t i = 0; i < count; i++) {
        if (arguments[i].kind != KG_LITERAL)
            return BASE_NOT_FOUND;
        length += arguments[i].text.length;
    }
    char text[24];
    const int digits = snprintf(text, sizeof text, "%zu", length);
    *out = (KgTerm){.kind = KG_LITERAL,
                    .text = {base_arena_copy(kg_call_arena(call), text, (size_t)digits), (size_t)digits},
                    .datatype = KG_TEXT("http://www.w3.org/2001/XMLSchema#integer")};
    return out->text.bytes ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory");
}

static BaseStatus call_broken(void *context, KgCall *call, const KgTerm *arguments, size_t count, KgTerm *out,
                              BaseError *err)
{
    (void)context;
    (void)call;
    (void)arguments;
    (void)count;
    (void)out;
    return base_fail(err, BASE_IO, "the instrument is gone");
}

/* (?word) ex:letter (?position ?letter): what a word is made of. The word must be known. */
typedef struct Letters {
    KgText word;
    size_t at;
} Letters;

static BaseStatus open_letters(void *context, KgCall *call, const KgId *arguments, size_t subjects, size_t objects,
                               void **cursor, BaseError *err)
{
    KgTerm term;
    (void)context;
    assert_int_equal(subjects, 1);
    assert_true(objects == 1 || objects == 2);
    if (!arguments[0])
        return base_fail(err, BASE_BAD_CALL, "ex:letter needs a word");
    const BaseStatus status = kg_call_term(call, arguments[0], &term, err);
    if (status != BASE_OK)
        return status;
    if (term.kind != KG_LITERAL)
        return BASE_END;
    Letters *const letters = base_arena_alloc(kg_call_arena(call), 1, sizeof *letters);
    *letters = (Letters){.word = term.text};
    *cursor = letters;
    return BASE_OK;
}

static unsigned cursors_closed;

static BaseStatus next_letter(void *cursor, KgCall *call, KgId *row, BaseError *err)
{
    Letters *const letters = cursor;
    if (letters->at == letters->word.length)
        return BASE_END;
    char number[24];
    snprintf(number, sizeof number, "%zu", letters->at + 1);
    const KgTerm letter = {.kind = KG_LITERAL, .text = {letters->word.bytes + letters->at, 1}},
                 position = {.kind = KG_LITERAL,
                             .text = {number, strlen(number)},
                             .datatype = KG_TEXT("http://www.w3.org/2001/XMLSchema#integer")};
    letters->at++;
    BaseStatus status = kg_call_intern(call, &position, &row[1], err);
    if (status == BASE_OK)
        status = kg_call_intern(call, &letter, &row[2], err);
    return status;
}

static void close_letters(void *cursor)
{
    (void)cursor;
    cursors_closed++;
}

static double expect_letters(void *context, KgTxn *txn, uint32_t bound, size_t subjects, size_t objects)
{
    (void)context;
    assert_non_null(txn);
    assert_int_equal(subjects, 1);
    assert_int_equal(objects, 2);
    return bound & 1 ? 6 : INFINITY;
}

static void note_release(void *context)
{
    *(unsigned *)context += 1000;
}

typedef struct World {
    void *state;
    KgStore *store;
    KgExtensions *extensions;
    unsigned calls;
} World;

static const KgPropertyFunction letter = {.iri = EX "letter",
                                          .least_subjects = 1,
                                          .most_subjects = 1,
                                          .least_objects = 2,
                                          .most_objects = 2,
                                          .expect = expect_letters,
                                          .open = open_letters,
                                          .next = next_letter,
                                          .close = close_letters};

static int make_world(void **state)
{
    static const char *const facts[] = {"a", "name", "\"abba\"", "b", "name", "\"cab\"", "b", "is", "a", NULL};
    World *const world = calloc(1, sizeof *world);
    BaseError err = {0};
    assert_int_equal(make_fixture(&world->state), 0);
    world->store = ((Fixture *)world->state)->store;
    add_facts(world->store, KG_ASSERTED, facts);
    world->extensions = kg_extensions_new();
    const KgFunction length = {.iri = EX "length",
                               .least = 1,
                               .most = KG_ANY_COUNT,
                               .call = call_length,
                               .context = &world->calls,
                               .release = note_release},
                     broken = {.iri = EX "broken", .call = call_broken};
    expect_ok(kg_add_function(world->extensions, &length, &err), &err);
    expect_ok(kg_add_function(world->extensions, &broken, &err), &err);
    expect_ok(kg_add_property_function(world->extensions, &letter, &err), &err);
    *state = world;
    return 0;
}

static int drop_world(void **state)
{
    World *const world = *state;
    world->calls = 0;
    kg_extensions_free(world->extensions);
    assert_int_equal(world->calls, 1000); /* released once */
    const int code = drop_fixture(&world->state);
    free(world);
    return code;
}

#define expect_rows(world, text, rows) expect_rows_at((world), PREFIX text, (rows), __FILE__, __LINE__)
static void expect_rows_at(const World *world, const char *text, const char *rows, const char *file, int line)
{
    BaseError err = {0};
    char *out = NULL;
    const KgQueryOptions options = {.extensions = world->extensions};
    expect_ok_at(try_query(world->store, text, &options, &out, &err), &err, file, line);
    if (strcmp(strchr(out, '\n') + 1, rows) != 0) {
        print_error("%s\nexpected:\n%sfound:\n%s", text, rows, strchr(out, '\n') + 1);
        _fail(file, line);
    }
    free(out);
}

#define expect_fault(world, text, status, words, column)                                                               \
    expect_fault_at((world), PREFIX text, (status), (words), (column), __FILE__, __LINE__)
static void expect_fault_at(const World *world, const char *text, BaseStatus status, const char *words, uint32_t column,
                            const char *file, int line)
{
    BaseError err = {0};
    char *out = NULL;
    const KgQueryOptions options = {.extensions = world->extensions};
    const BaseStatus given = try_query(world->store, text, &options, &out, &err);
    if (given != status || (column && err.column != column + sizeof PREFIX - 1)) {
        print_error("%s\nstatus %d, column %u: %s\n", text, (int)given, err.column - (unsigned)sizeof PREFIX + 1,
                    err.message);
        _fail(file, line);
    }
    expect_words_at(&err, words, file, line);
    free(out);
}

static void a_function_is_called_with_values_and_gives_one(void **state)
{
    const World *const world = *state;
    expect_rows(world, "SELECT ?n { :a :name ?w BIND(ex:length(?w) AS ?n) }", "4\n");
    expect_rows(world, "SELECT ?x { ?x :name ?w FILTER(ex:length(?w, 'de', 7) = 6) }", "<kg:b>\n");
    expect_rows(world, "SELECT (ex:length(CONCAT(?w, '!')) + 1 AS ?n) { :a :name ?w }", "6\n");
    expect_rows(world, "SELECT ?x (SUM(ex:length(?w)) AS ?n) { ?x :name ?w } GROUP BY ?x ORDER BY ex:length(?x) ?x",
                "<kg:a>\t4\n<kg:b>\t3\n");
}

static void no_value_is_a_type_error(void **state)
{
    const World *const world = *state;
    expect_rows(world, "SELECT ?n { :b :is ?w BIND(ex:length(?w) AS ?n) }", "\n");
    expect_rows(world, "SELECT ?w { ?x ?p ?w FILTER(ex:length(?w) < 4) }", "\"cab\"\n");
    expect_rows(world, "SELECT ?n { BIND(ex:length(?nothing) AS ?n) }", "\n");
    assert_true(world->calls > 0);
    expect_rows(world, "SELECT (COALESCE(ex:length(:a), 0) AS ?n) { }", "0\n");
}

static void what_is_unknown_or_called_wrongly_is_told_at_its_place(void **state)
{
    const World *const world = *state;
    expect_fault(world, "SELECT (ex:none(1) AS ?x) { }", BASE_BAD_INPUT, "unknown function <http://ex/none>", 9);
    expect_fault(world, "SELECT (ex:length() AS ?x) { }", BASE_BAD_INPUT, "wrong number of arguments", 9);
    expect_fault(world, "SELECT (ex:broken() AS ?x) { }", BASE_IO, "the instrument is gone", 9);
    expect_fault(world, "SELECT * { ?w ex:letter ?l }", BASE_BAD_INPUT, "takes 2 objects, found 1", 15);
    expect_fault(world, "SELECT * { (?v ?w) ex:letter (1 ?l) }", BASE_BAD_INPUT, "takes 1 subject, found 2", 20);
    expect_fault(world, "SELECT * { ?w ex:letter (?i ?l) }", BASE_BAD_CALL, "ex:letter needs a word", 15);
    expect_fault(world, "SELECT * { ?w ex:letter _:l . _:l rdf:first ?x ; rdf:rest _:l }", BASE_BAD_INPUT,
                 "too many arguments", 0);
    expect_fault(world, "SELECT * { ?w ex:letter _:l . _:l rdf:first ?x ; rdf:rest ?y }", BASE_BAD_INPUT, "has no end",
                 0);
}

static void a_property_function_joins_with_the_pattern_around_it(void **state)
{
    const World *const world = *state;
    cursors_closed = 0;
    expect_rows(world, "SELECT ?x ?i ?l { ?w ex:letter (?i ?l) . ?x :name ?w FILTER(?l != 'b') } ORDER BY ?x ?i",
                "<kg:a>\t1\t\"a\"\n<kg:a>\t4\t\"a\"\n<kg:b>\t1\t\"c\"\n<kg:b>\t2\t\"a\"\n");
    assert_int_equal(cursors_closed, 2);
    expect_rows(world, "SELECT ?x { ?x :name ?w . (?w) ex:letter (2 'a') }", "<kg:b>\n");
    expect_rows(world, "SELECT ?l { 'xyz' ex:letter (3 ?l) }", "\"z\"\n");
    expect_rows(world, "SELECT ?w { 'same' ex:letter (?i ?w) . ?x :name 'cab' FILTER(?i = 4) }", "\"e\"\n");
    expect_rows(world, "SELECT ?x ?l { ?x :name|:is ?w OPTIONAL { ?w ex:letter (1 ?l) } } ORDER BY ?x ?w",
                "<kg:a>\t\"a\"\n<kg:b>\t\n<kg:b>\t\"c\"\n");
    expect_rows(world, "SELECT ?x { ?x :name ?w FILTER EXISTS { ?w ex:letter (?i 'c') } }", "<kg:b>\n");
    expect_rows(world,
                "SELECT ?l { ?x :name ?w { SELECT DISTINCT ?w ?l { ?x :name ?w . ?w ex:letter (1 ?l) } } } "
                "ORDER BY ?l",
                "\"a\"\n\"c\"\n");
    expect_rows(world, "SELECT ?i { BIND('b' AS ?b) 'abba' ex:letter (?i ?b) } ORDER BY ?i LIMIT 1", "2\n");
}

static void without_the_registry_the_name_is_a_predicate(void **state)
{
    const World *const world = *state;
    expect_answer(world->store, PREFIX "SELECT * { ?w ex:letter ?l }", "");
    expect_answer(world->store, PREFIX "SELECT * { ?w ex:letter (?i ?l) }", "");
}

static void names_are_registered_once_and_whole(void **state)
{
    const World *const world = *state;
    BaseError err = {0};
    KgPropertyFunction other = letter;
    assert_int_equal(kg_add_property_function(world->extensions, &other, &err), BASE_BAD_CALL);
    expect_words(&err, "<http://ex/letter> is registered already");
    other.iri = KG_VOCABULARY "layer";
    assert_int_equal(kg_add_property_function(world->extensions, &other, NULL), BASE_BAD_CALL);
    other.iri = EX "other";
    other.next = NULL;
    assert_int_equal(kg_add_property_function(world->extensions, &other, NULL), BASE_BAD_CALL);
    other = letter;
    other.iri = EX "many";
    other.most_objects = KG_MOST_ARGUMENTS;
    assert_int_equal(kg_add_property_function(world->extensions, &other, NULL), BASE_BAD_CALL);
    assert_int_equal(kg_add_function(world->extensions, &(KgFunction){.iri = EX "f"}, NULL), BASE_BAD_CALL);
    assert_int_equal(kg_add_function(world->extensions, &(KgFunction){.iri = EX "length", .call = call_broken}, NULL),
                     BASE_BAD_CALL);
}

static void an_update_may_use_them(void **state)
{
    const World *const world = *state;
    BaseError err = {0};
    KgTxn *const txn = begin_write(world->store);
    static const char text[] = PREFIX "INSERT { ?x :letter ?l ; :length ?n } WHERE { ?x :name ?w . ?w ex:letter (1 ?l) "
                                      "BIND(ex:length(?w) AS ?n) }";
    const KgUpdateOptions options = {.extensions = world->extensions};
    expect_ok(kg_update(txn, text, sizeof text - 1, &options, NULL, &err), &err);
    commit(txn);
    expect_rows(world, "SELECT * { ?x :letter ?l ; :length ?n } ORDER BY ?x", "<kg:a>\t\"a\"\t4\n<kg:b>\t\"c\"\t3\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_function_is_called_with_values_and_gives_one, make_world, drop_world),
        cmocka_unit_test_setup_teardown(no_value_is_a_type_error, make_world, drop_world),
        cmocka_unit_test_setup_teardown(what_is_unknown_or_called_wrongly_is_told_at_its_place, make_world, drop_world),
        cmocka_unit_test_setup_teardown(a_property_function_joins_with_the_pattern_around_it, make_world, drop_world),
        cmocka_unit_test_setup_teardown(without_the_registry_the_name_is_a_predicate, make_world, drop_world),
        cmocka_unit_test_setup_teardown(names_are_registered_once_and_whole, make_world, drop_world),
        cmocka_unit_test_setup_teardown(an_update_may_use_them, make_world, drop_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
