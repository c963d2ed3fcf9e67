/* The rule language: what parses, and for what does not, the exact place, words and hint of every fault. */
#include "expect.h"

#include "reasoner/reasoner.h"

#include <math.h>

typedef struct Heard {
    struct {
        BaseError *items;
        size_t count, capacity;
    } faults;
    size_t warnings;
} Heard;

static void hear(void *context, const BaseError *error)
{
    Heard *const heard = context;
    heard->warnings += error->is_warning;
    assert_true(error->is_warning || BASE_PUSH(&heard->faults, *error));
}

static BaseStatus parse_text(const char *text, size_t length, Heard *heard, ReasonerProgram **out, BaseError *err)
{
    const ReasonerText source = {"t.rls", text, length};
    const BaseSink sink = {hear, heard};
    return reasoner_parse(&source, 1, NULL, &sink, out, err);
}

typedef struct Case {
    const char *text;
    uint32_t line, column, width;
    const char *words; /* of the message or hint */
} Case;

static void check_first_fault(const Case *expected)
{
    Heard heard = {0};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    const BaseStatus status = parse_text(expected->text, strlen(expected->text), &heard, &program, &err);
    if (status != BASE_BAD_INPUT || heard.faults.count == 0) {
        print_error("no fault in: %s\n", expected->text);
        fail();
    }
    assert_null(program);
    const BaseError *const first = &heard.faults.items[0];
    if (first->line != expected->line || first->column != expected->column || first->width != expected->width ||
        (!strstr(first->message, expected->words) && !strstr(first->hint, expected->words))) {
        print_error("%s\n", expected->text);
        base_error_print(stderr, first);
        print_error("expected %u:%u width %u: %s\n", expected->line, expected->column, expected->width,
                    expected->words);
        fail();
    }
    assert_string_equal(first->source, "t.rls");
    assert_string_equal(err.message, first->message);
    free(heard.faults.items);
}

static void every_fault_has_its_place_and_says_what_was_expected(void **state)
{
    (void)state;
    static const Case cases[] = {
        /* syntax */
        {"p(a)", 1, 5, 1, "expected `.`, `,` or `:-`, found the end of the text"},
        {"p(a) :- q(?x)", 1, 14, 1, "expected `,` or `.`"},
        {"p(?x) :- q(?x), .. ", 1, 18, 1, "expected a rule or a fact, found `.`"},
        {"p(?x) :- q(?x) r(?x).", 1, 16, 1, "expected `,` or `.`, found `r`"},
        {"p (a).", 1, 3, 1, "expected `(` right after the predicate, found `(`"},
        {"p (a).", 1, 3, 1, "no blank may stand before"},
        {"p().", 1, 3, 1, "expected a term, found `)`"},
        {"p(a,).", 1, 5, 1, "expected a term, found `)`"},
        {"p(a b).", 1, 5, 1, "expected `,` or `)`, found `b`"},
        {"p(?).", 1, 3, 1, "`?` wants the name of a variable"},
        {"p(_x).", 1, 3, 1, "a name begins with a letter"},
        {"p(_:b).", 1, 3, 2, "a blank node cannot be named"},
        {"p(\"x).", 1, 3, 1, "this string is not closed"},
        {"p(<http://x y>).", 1, 3, 9, "has no closing `>`"},
        {"p(<>).", 1, 3, 2, "an IRI cannot be empty"},
        {"p(<x>).", 1, 3, 3, "an IRI without a scheme"},
        {"@prefix e: <x>. p(e:y).", 1, 19, 3, "an IRI without a scheme"},
        {"p(<u:a\\u0062>).", 1, 3, 11, "not an IRI"},
        {"p(1a).", 1, 3, 2, "neither a number nor a name"},
        {"p(-x).", 1, 4, 1, "a number right after the sign"},
        {"p(ä).", 1, 3, 1, "this character has no meaning here"},
        {"p(a) /* no end", 1, 6, 2, "this comment is not closed"},
        {"p(a), q(b).", 1, 11, 1, "expected `:-`"},
        {"~p(a) :- q(a).", 1, 1, 1, "expected a rule or a fact, found `~`"},
        {"p(?x) :- q(?x), ?x.", 1, 19, 1, "expected a comparison"},
        {"p(?x) :- q(?x), ?x < .", 1, 22, 1, "expected a term"},
        {"\n\n  p(?x) :- q(?x), ?x ? 3.", 3, 22, 1, "wants the name of a variable"},
        {"p(?x) :- q(~r(?x)).", 1, 12, 1, "[111]"},
        {"p(?x) :- q(?x = 3).", 1, 15, 1, "[110]"},
        {"p(\"abc\"^^xsd:integer).", 1, 3, 18, "[107]"},
        {"p(\"abc\"^^ xsd:integer).", 1, 11, 11, "a datatype right after"},
        /* names */
        {"p(ex:a).", 1, 3, 3, "[103] unknown prefix `ex:`"},
        {"@prefix ex: <http://e/>.\n@prefix ex: <http://f/>.", 2, 9, 3, "[114]"},
        {"@base <http://e/>.\n@base <http://f/>.", 2, 1, 5, "[113]"},
        {"@perfix ex: <http://e/>.", 1, 1, 7, "[112] unknown directive `@perfix`"},
        {"@perfix ex: <http://e/>.", 1, 1, 7, "did you mean @prefix?"},
        {"@output nothing.\np(a).", 1, 9, 7, "no rule or fact has the predicate"},
        {"#[nam(\"x\")] p(a).", 1, 3, 3, "[119]"},
        {"#[name(x)] p(a).", 1, 8, 1, "the rule's name as a string"},
        /* checks */
        {"p(?x, ?y) :- q(?x).", 1, 7, 2, "[202] variable ?y is in the head but in no positive atom"},
        {"#[name(\"uncle\")]\nuncle(?who, ?y) :- q(?y, ?whom).", 2, 7, 4, "rule \"uncle\""},
        {"p(?who) :- q(?whom).", 1, 3, 4, "did you mean ?whom?"},
        {"p(?x).", 1, 3, 2, "[208]"},
        {"p(_) :- q(?x).", 1, 3, 1, "[203]"},
        {"p(?x) :- q(?x), _ = 3.", 1, 17, 1, "[218]"},
        {"p(?x) :- q(?x), ?y < 3.", 1, 17, 2, "[204] variable ?y"},
        {"p(?x) :- q(?x), ~r(?x, ?y), ~s(?x, ?y).", 1, 36, 2, "[205]"},
        {"p(a) :- ~q(a).", 1, 1, 13, "[994]"},
        {"p(a) :- 1 = 1.", 1, 1, 13, "[994]"},
        {"p(a).\nq(?x) :- p(?x, ?x, ?x).", 2, 10, 1, "[219] p has 3 arguments here and 1 at t.rls:1:1"},
        {"p(?x) :- triple(?x, ?x).", 1, 10, 6, "[219] triple takes 3 arguments"},
        /* negation in a cycle */
        {"win(?x) :- move(?x, ?y), ~win(?y).", 1, 26, 8, "win depends on its own negation: win -> ~win"},
        {"a(?x) :- e(?x), ~b(?x).\nb(?x) :- c(?x).\nc(?x) :- e(?x), a(?x).", 1, 17, 6, "a -> ~b -> c -> a"},
        {"p(?x, ?y) :- q(?x, ?y), ~triple(?x, p, ?y).", 1, 25, 18, "p -> ~p"},
        {"p(?x, ?y) :- q(?x, ?y), ~triple(?x, ?z, ?y).", 1, 25, 19, "p -> ~triple -> p"},
        /* what the language has and the reasoner has not yet */
        {"@import p :- csv{}.", 1, 1, 7, "kgq import"},
        {"@export p :- csv{}.", 1, 1, 7, "kgq export --inferred"},
        {"p(f(a)).", 1, 3, 4, "[996]"},
        {"p($n).", 1, 3, 2, "[241]"},
        {"@declare p(any).", 1, 1, 8, "[899]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_first_fault(&cases[i]);
}

static void one_run_tells_all_faults(void **state)
{
    (void)state;
    static const char text[] = "p(a.\n"
                               "q(?x) :- p(?y).\n"
                               "% fine:\n"
                               "r(?x) :- p(?x).\n"
                               "s(?x :- r(?x), r(?x).\n"
                               "t(?x) :- r(?x), ~u(?z), ~v(?z).\n";
    static const uint32_t places[][2] = {{1, 4}, {2, 3}, {5, 6}, {6, 28}};
    Heard heard = {0};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    assert_int_equal(parse_text(text, strlen(text), &heard, &program, &err), BASE_BAD_INPUT);
    assert_int_equal(heard.faults.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(heard.faults.items[i].line, places[i][0]);
        assert_int_equal(heard.faults.items[i].column, places[i][1]);
        assert_true(heard.faults.items[i].excerpt[0] != '\0');
    }
    free(heard.faults.items);
}

static void expect_parses(const char *text, size_t rules)
{
    Heard heard = {0};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    expect_ok(parse_text(text, strlen(text), &heard, &program, &err), &err);
    assert_int_equal(heard.faults.count, 0);
    assert_int_equal(reasoner_rule_count(program), rules);
    reasoner_program_free(program);
}

static void legal_programs_parse(void **state)
{
    (void)state;
    expect_parses("", 0);
    expect_parses("%! a file\n%%% a documented fact\np(a) . %% end", 1);
    expect_parses("/* p(b). */ p(a).p(b).\r\n\tp(c).", 3);
    expect_parses("p(?x), q(?x, ?x) :- r(?x, _), ~s(?x, _), ?x != a, ?y = ?x, ?y = ?z, .", 1);
    expect_parses("p(?x):-q(?x),?x<5,?x>=-3,?x<=1.5e3.", 1);
    expect_parses("p(?x) :- q(?x, ?y), ?x<?y, ?y>?x.", 1);
    expect_parses("p(a, \"s\"), p(\"\", \"\"\"a \" b\"\"\") :- p(\"x\"@en, \"1\"^^<http://x>).", 1);
    expect_parses("p(0x1F, 12d), p(0b101, 1.5f), p(true, false) :- p(+7, 0o17).", 1);
    expect_parses(
        ":p(kg:a, rdf:type), <http://x/y>(a) :- owl:sameAs(?x, ?y), rdfs:label(?x, ?y), sh:x(?z), <kg:dog.n.01>(?x).",
        1);
    expect_parses("p(?x, !z) :- q(?x). r(?x, #count(?y)) :- p(?x, ?y). s(?x + 1) :- t(?x), ?x-1 = 2.", 3);
    expect_parses("#false :- p(?x), q(?x).", 1);
    expect_parses("p(ex:a). @prefix ex: <http://e/>. p(ex:b).", 2);
    expect_parses("#[name(\"r\")] #[display(f\"x {?x} . \")] p(?x) :- q(?x).", 1);
    expect_parses("@base <http://b/>. p(a). @output p.", 1);
}

static void names_and_texts_of_rules_are_as_written(void **state)
{
    (void)state;
    static const char text[] = "#[name(\"first\")]\n@weight(0.25) p(?x)  :-\n   q(?x,?y), % why\n  ~r(?y) .\n\nq(a,b).";
    Heard heard = {0};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    expect_ok(parse_text(text, strlen(text), &heard, &program, &err), &err);
    assert_string_equal(reasoner_rule_name(program, 0), "first");
    assert_true(reasoner_rule_weight(program, 0) == 0.25 && isnan(reasoner_rule_weight(program, 1)));
    assert_string_equal(reasoner_rule_text(program, 0), "p(?x) :- q(?x,?y), ~r(?y) .");
    assert_string_equal(reasoner_rule_place(program, 0), "t.rls:2");
    assert_string_equal(reasoner_rule_name(program, 1), "rule at t.rls:6");
    reasoner_program_free(program);
}

static void texts_share_predicates_but_not_prefixes(void **state)
{
    (void)state;
    const char *const one = "@prefix e: <http://one/>.\np(e:a).", *const two =
                                                                      "@prefix e: <http://two/>.\np(e:a, e:b, e:c).";
    const ReasonerText texts[] = {{"one.rls", one, strlen(one)}, {"two.rls", two, strlen(two)}};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    assert_int_equal(reasoner_parse(texts, 2, NULL, NULL, &program, &err), BASE_BAD_INPUT);
    assert_string_equal(err.source, "two.rls");
    assert_int_equal(err.line, 2);
    expect_words(&err, "1 at one.rls:2:1");
}

static void prefixes_of_the_caller_are_known(void **state)
{
    (void)state;
    const ReasonerText text = {"t", "p(wn:a).", 8};
    const KgPrefix prefix = {"wn", "http://wn/"};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    expect_ok(
        reasoner_parse(&text, 1, &(ReasonerParseOptions){.prefixes = &prefix, .prefix_count = 1}, NULL, &program, &err),
        &err);
    reasoner_program_free(program);
}

static void text_that_is_not_utf8_is_refused_with_its_place(void **state)
{
    (void)state;
    Heard heard = {0};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    assert_int_equal(parse_text("p(a).\np(\"\xff\").", 12, &heard, &program, &err), BASE_BAD_INPUT);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 4);
    err = (BaseError){0};
    assert_int_equal(parse_text("p(a).\0p(b).", 11, &heard, &program, &err), BASE_BAD_INPUT);
    expect_words(&err, "NUL");
    free(heard.faults.items);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    const char *const files[] = {"no/such.rls"};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    assert_int_equal(reasoner_parse_files(files, 1, NULL, NULL, &program, &err), BASE_NOT_FOUND);
    expect_words(&err, "no/such.rls");
    assert_null(program);
}

static void a_folder_for_a_file_is_a_fault_that_the_sink_hears(void **state)
{
    (void)state;
    const char *const files[] = {"."};
    Heard heard = {0};
    const BaseSink sink = {hear, &heard};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    assert_int_equal(reasoner_parse_files(files, 1, NULL, &sink, &program, &err), BASE_BAD_INPUT);
    assert_int_equal(heard.faults.count, 1);
    expect_words(&heard.faults.items[0], "folder");
    expect_words(&err, "folder");
    assert_null(program);
    free(heard.faults.items);
}

static void a_byte_order_mark_is_no_part_of_the_text(void **state)
{
    (void)state;
    static const char good[] = "\xef\xbb\xbfp(a).\r\n", bad[] = "\xef\xbb\xbfp(?x).";
    Heard heard = {0};
    BaseError err = {0};
    ReasonerProgram *program = NULL;
    expect_ok(parse_text(good, sizeof good - 1, &heard, &program, &err), &err);
    assert_string_equal(reasoner_rule_text(program, 0), "p(a).");
    reasoner_program_free(program);
    assert_int_equal(parse_text(bad, sizeof bad - 1, &heard, &program, &err), BASE_BAD_INPUT);
    assert_int_equal(err.column, 3);
    free(heard.faults.items);
}

static void a_statement_is_complete_at_its_dot(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_complete;
    } cases[] = {
        {"", false},
        {"p(a).", true},
        {"p(a). % done.", true},
        {"p(a) % not.", false},
        {"p(\"a.", false},
        {"p(?x) :- q(?x),", false},
        {"p(1.5", false},
        {"p(\"\"\"a.\n\"\"\") .\n", true},
        {"p(a) /* . ", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(reasoner_is_complete(cases[i].text, strlen(cases[i].text)), cases[i].is_complete);
}

/* Whatever is done to a program's bytes, the parser ends with a verdict, and a fault always has a place in the text. */
static void broken_programs_are_refused_and_never_more(void **state)
{
    (void)state;
    static const char seed[] = "@prefix ex: <http://e/>. @base <http://b/>.\n#[name(\"r\")] p(?x, \"a\"@en), q(?x) :- "
                               "ex:r(?x, ?y, 1.5), ~s(_, ?y), ?x != <kg:z>, triple(?x, ?p, \"1\"^^xsd:int).\n"
                               "/* c */ q(a). % d\n@output q, p.\nt(?x) :- q(?x), ?z = 4, ?z <= 0x1f.\n";
    static const char alphabet[] = "()[]{}<>.,:;~?!_%#@\"^=+-*/$ \n\\abpq019\xc3\xa4";
    BaseRandom random;
    base_random_seed(&random, 22);
    for (int i = 0; i < 20000; i++) {
        char text[sizeof seed + 16];
        size_t length = sizeof seed - 1;
        memcpy(text, seed, sizeof seed);
        for (int edits = 1 + (int)base_random_below(&random, 6); edits > 0; edits--) {
            const size_t at = (size_t)base_random_below(&random, length);
            const char byte = alphabet[base_random_below(&random, sizeof alphabet - 1)];
            switch (base_random_below(&random, 4)) {
            case 0:
                text[at] = byte;
                break;
            case 1:
                memmove(text + at, text + at + 1, length - at - 1);
                length--;
                break;
            case 2:
                memmove(text + at + 1, text + at, length - at);
                text[at] = byte;
                length++;
                break;
            default:
                if (base_random_below(&random, 8) == 0)
                    length = at + 1;
            }
        }
        char *const exact = malloc(length); /* so that a sanitizer sees reads past the end */
        assert_non_null(exact);
        memcpy(exact, text, length);
        Heard heard = {0};
        BaseError err = {0};
        ReasonerProgram *program = NULL;
        const BaseStatus status = parse_text(exact, length, &heard, &program, &err);
        assert_true(status == BASE_OK || (status == BASE_BAD_INPUT && heard.faults.count > 0));
        for (size_t f = 0; f < heard.faults.count; f++)
            assert_true(heard.faults.items[f].line > 0 && heard.faults.items[f].column > 0);
        reasoner_program_free(program);
        reasoner_is_complete(exact, length);
        free(heard.faults.items);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_place_and_says_what_was_expected),
        cmocka_unit_test(one_run_tells_all_faults),
        cmocka_unit_test(legal_programs_parse),
        cmocka_unit_test(names_and_texts_of_rules_are_as_written),
        cmocka_unit_test(texts_share_predicates_but_not_prefixes),
        cmocka_unit_test(prefixes_of_the_caller_are_known),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_with_its_place),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_folder_for_a_file_is_a_fault_that_the_sink_hears),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_text),
        cmocka_unit_test(a_statement_is_complete_at_its_dot),
        cmocka_unit_test(broken_programs_are_refused_and_never_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
