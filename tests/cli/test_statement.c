/* When a statement typed into the shell is whole, and how lines are cut into words. */
#include "expect.h"

#include "cli/cli.h"
#include "cli/statement.h"

static StatementKind kind(const char *text)
{
    return statement_kind(text, strlen(text));
}

static bool whole(const char *text)
{
    return statement_is_whole(kind(text), text, strlen(text));
}

static void the_first_word_tells_the_kind(void **state)
{
    (void)state;
    assert_int_equal(kind(""), STATEMENT_EMPTY);
    assert_int_equal(kind("  \n% a comment\n# another\n"), STATEMENT_EMPTY);
    assert_int_equal(kind(".help\n"), STATEMENT_COMMAND);
    assert_int_equal(kind("help\n"), STATEMENT_COMMAND);
    assert_int_equal(kind("quit;\n"), STATEMENT_COMMAND);
    assert_int_equal(kind("exit(a, b).\n"), STATEMENT_RULE);
    assert_int_equal(kind("helper\n"), STATEMENT_RULE);
    assert_int_equal(kind("select ?x {"), STATEMENT_SPARQL);
    assert_int_equal(kind("# note\nPREFIX a: <b>"), STATEMENT_SPARQL);
    assert_int_equal(kind("selection(?x) :- p(?x)."), STATEMENT_RULE);
    assert_int_equal(kind("add(a, b)."), STATEMENT_RULE);
    assert_int_equal(kind("#[name(\"r\")] p(?x) :- q(?x)."), STATEMENT_RULE);
}

static bool is_update(const char *text)
{
    return statement_is_update(text, strlen(text));
}

static void the_word_behind_the_prefixes_tells_an_update(void **state)
{
    (void)state;
    assert_true(is_update("INSERT DATA { :a :b :c }"));
    assert_true(is_update("# SELECT\n PREFIX insert: <http://x/#select>\nBASE<b> # x\nwith <g> DELETE { } WHERE { }"));
    assert_false(is_update("PREFIX insert: <http://x/#i> SELECT * { ?insert insert:delete 1 }"));
    assert_false(is_update("ASK { }"));
    assert_false(is_update("PREFIX a: <http://x/"));
    assert_false(is_update("PREFIX a: <http://x/>"));
    assert_false(is_update(""));
}

static void sparql_ends_at_a_blank_line_or_a_semicolon_outside_braces(void **state)
{
    (void)state;
    assert_false(whole("SELECT * { ?s ?p ?o }\n"));
    assert_true(whole("SELECT * { ?s ?p ?o };\n"));
    assert_true(whole("SELECT * { ?s ?p ?o }\n\n"));
    assert_true(whole("SELECT * { ?s ?p ?o }\n  \n"));
    assert_false(whole("SELECT * { ?s ?p ?o ;\n"));
    assert_false(whole("SELECT * { ?s ?p \"};\" ;\n"));
    assert_false(whole("SELECT * { ?s ?p ?o } # not yet;\n"));
    assert_true(whole("SELECT * { ?s <http://x/#y> '}' }; # done\n"));
    assert_false(whole("SELECT * { ?s ?p \"\"\"\n};\n\n"));
    assert_true(whole("SELECT * { FILTER(?a < 3 && ?b > 2) };\n"));
}

static void a_rule_ends_at_a_full_stop_outside_strings_and_comments(void **state)
{
    (void)state;
    assert_true(whole("p(a).\n"));
    assert_false(whole("p(?x) :-\n"));
    assert_true(whole("p(?x) :-\n q(?x). % why\n"));
    assert_false(whole("p(?x) :- q(\"a.\n"));
    assert_false(whole("p(?x) :- q(?x) % .\n"));
    assert_false(whole("p(<http://x.>\n"));
}

static void the_ending_is_not_part_of_the_text(void **state)
{
    (void)state;
    const char query[] = "ASK {};  \n";
    assert_int_equal(statement_length(STATEMENT_SPARQL, query, sizeof query - 1), 6);
    const char rule[] = "p(a).\n";
    assert_int_equal(statement_length(STATEMENT_RULE, rule, sizeof rule - 1), 5);
}

static void facts_are_three_terms_parted_by_tabs_or_blanks(void **state)
{
    (void)state;
    BaseArena arena = {0};
    const char *fields[3];
    BaseError err = {0};
    expect_ok(split_fact(" dog.n.01  is_a\nentity.n.01 ", &arena, fields, &err), &err);
    assert_string_equal(fields[0], "dog.n.01");
    assert_string_equal(fields[2], "entity.n.01");
    expect_ok(split_fact("a label \"two \\\" words\"@en", &arena, fields, &err), &err);
    assert_string_equal(fields[2], "\"two \\\" words\"@en");
    expect_ok(split_fact("<http://a b> p \"1 2\"^^<http://x y>", &arena, fields, &err), &err);
    assert_string_equal(fields[0], "<http://a b>");
    assert_string_equal(fields[2], "\"1 2\"^^<http://x y>");
    expect_ok(split_fact("United States\tborders\tMexico", &arena, fields, &err), &err);
    assert_string_equal(fields[0], "United States");
    assert_int_equal(split_fact("a b", &arena, fields, &err), BASE_BAD_CALL);
    expect_words(&err, "found 2");
    err = (BaseError){0};
    assert_int_equal(split_fact("a b c d", &arena, fields, &err), BASE_BAD_CALL);
    expect_words(&err, "tabs");
    base_arena_free(&arena);
}

static void words_keep_together_inside_quotes(void **state)
{
    (void)state;
    BaseArena arena = {0};
    TextList words = {0};
    BaseError err = {0};
    expect_ok(split_words(".link --text 'a dog' x\"y z\"  ", &arena, &words, &err), &err);
    assert_int_equal(words.count, 4);
    assert_string_equal(words.items[2], "a dog");
    assert_string_equal(words.items[3], "xy z");
    assert_int_equal(split_words("a 'open", &arena, &words, &err), BASE_BAD_INPUT);
    assert_int_equal(err.column, 3);
    free(words.items);
    base_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_word_tells_the_kind),
        cmocka_unit_test(the_word_behind_the_prefixes_tells_an_update),
        cmocka_unit_test(sparql_ends_at_a_blank_line_or_a_semicolon_outside_braces),
        cmocka_unit_test(a_rule_ends_at_a_full_stop_outside_strings_and_comments),
        cmocka_unit_test(the_ending_is_not_part_of_the_text),
        cmocka_unit_test(facts_are_three_terms_parted_by_tabs_or_blanks),
        cmocka_unit_test(words_keep_together_inside_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
