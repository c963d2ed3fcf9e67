/* Terms as text: fields read, faults with their column, and every term written reads back as itself. */
#include "fixture.h"

static BaseStatus parse(const char *field, BaseArena *arena, KgTerm *out, BaseError *err)
{
    return kg_parse_term((KgText){field, strlen(field)}, arena, out, err);
}

static void expect_text(KgText text, const char *expected)
{
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.bytes ? text.bytes : "", expected, text.length);
}

static void fields_are_read_as_the_terms_they_stand_for(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        KgKind kind;
        const char *text, *datatype, *language;
    } cases[] = {
        {"dog.n.01", KG_IRI, "kg:dog.n.01", "", ""},
        {"/m/027rn", KG_IRI, "kg:/m/027rn", "", ""},
        {"a b%c", KG_IRI, "kg:a%20b%25c", "", ""},
        {"x<y>\"{|}\\^`", KG_IRI, "kg:x%3Cy%3E%22%7B%7C%7D%5C%5E%60", "", ""},
        {"tab\there", KG_IRI, "kg:tab%09here", "", ""},
        {"caf\xc3\xa9", KG_IRI, "kg:caf\xc3\xa9", "", ""},
        {"<http://example.org/x#y>", KG_IRI, "http://example.org/x#y", "", ""},
        {"<http://example.org/\\u00e9>", KG_IRI, "http://example.org/\xc3\xa9", "", ""},
        {"<urn:x>", KG_IRI, "urn:x", "", ""},
        {"_:b1", KG_BLANK, "b1", "", ""},
        {"_:a.b-c", KG_BLANK, "a.b-c", "", ""},
        {"\"\"", KG_LITERAL, "", "", ""},
        {"\"a\"", KG_LITERAL, "a", "", ""},
        {"\"a\\tb\\n\\\"c\\\\\"", KG_LITERAL, "a\tb\n\"c\\", "", ""},
        {"\"\\U0001F600\"", KG_LITERAL, "\xf0\x9f\x98\x80", "", ""},
        {"\"chat\"@FR-be", KG_LITERAL, "chat", "", "fr-be"},
        {"\"1\"^^<http://www.w3.org/2001/XMLSchema#integer>", KG_LITERAL, "1",
         "http://www.w3.org/2001/XMLSchema#integer", ""},
        {"\"s\"^^<http://www.w3.org/2001/XMLSchema#string>", KG_LITERAL, "s", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BaseArena arena = {0};
        BaseError err = {0};
        KgTerm term;
        expect_ok(parse(cases[i].field, &arena, &term, &err), &err);
        assert_int_equal(term.kind, cases[i].kind);
        expect_text(term.text, cases[i].text);
        expect_text(term.datatype, cases[i].datatype);
        expect_text(term.language, cases[i].language);
        base_arena_free(&arena);
    }
}

static void faults_are_told_with_their_column(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        uint32_t column;
        const char *words;
    } cases[] = {
        {"", 1, "empty field"},
        {"<http://x", 1, "not closed"},
        {"<http://x y>", 10, "no IRI may have"},
        {"<relative>", 1, "without a scheme"},
        {"<>", 1, "without a scheme"},
        {"<1:x>", 1, "without a scheme"},
        {"<http://x\\n>", 10, "unknown escape"},
        {"<http://x\\u0020>", 10, "no IRI may have"},
        {"<http://x>y", 11, "end of the field"},
        {"\"open", 1, "not closed"},
        {"\"open\\\"", 1, "not closed"},
        {"\"\xc3\xa9\\q\"", 3, "unknown escape"},
        {"\"\\u12\"", 2, "cut short"},
        {"\"\\uD800\"", 2, "no character"},
        {"\"\\U00110000\"", 2, "no character"},
        {"\"a\"b", 4, "@language"},
        {"\"a\"@", 4, "language tag"},
        {"\"a\"@en-", 4, "language tag"},
        {"\"a\"@9", 4, "language tag"},
        {"\"a\"^^", 4, "datatype"},
        {"\"a\"^^x", 4, "datatype"},
        {"\"a\"^^<x", 6, "not closed"},
        {"\"a\"@en x", 7, "end of the field"},
        {"_:", 1, "without a label"},
        {"_:.a", 1, "without a label"},
        {"_:a b", 4, "end of the field"},
        {"_:a.", 4, "end of the field"},
        {"caf\xc3", 4, "invalid UTF-8"},
        {"\xc3\xa9\xff", 2, "0xff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BaseArena arena = {0};
        BaseError err = {0};
        KgTerm term;
        assert_int_equal(parse(cases[i].field, &arena, &term, &err), BASE_BAD_INPUT);
        expect_words(&err, cases[i].words);
        if (err.column != cases[i].column)
            fail_msg("%s: column %u, expected %u", cases[i].field, err.column, cases[i].column);
        base_arena_free(&arena);
    }
}

static void a_nul_byte_is_a_fault(void **state)
{
    (void)state;
    BaseArena arena = {0};
    KgTerm term;
    const KgText fields[] = {KG_TEXT("ab\0c"), KG_TEXT("\"ab\0c\""), KG_TEXT("_:a\0")};
    for (size_t i = 0; i < 3; i++) {
        BaseError err = {0};
        assert_int_equal(kg_parse_term(fields[i], &arena, &term, &err), BASE_BAD_INPUT);
        expect_words(&err, "NUL");
    }
    base_arena_free(&arena);
}

static void names_are_written_plain_only_where_that_reads_back(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"kg:dog.n.01", "dog.n.01"},
        {"kg:a%20b", "a b"},
        {"kg:a%2520b", "a%20b"},
        {"kg:50%25", "50%"},
        {"kg:a%2fb", "<kg:a%2fb>"},   /* encoded without need */
        {"kg:a%2", "<kg:a%2>"},       /* encoded wrongly */
        {"kg:a%09b", "<kg:a%09b>"},   /* a tab ends a field */
        {"kg:a%0Ab", "<kg:a%0Ab>"},   /* a newline ends a line */
        {"kg:%00", "<kg:%00>"},       /* NUL is a fault */
        {"kg:%FF", "<kg:%FF>"},       /* not UTF-8 */
        {"kg:%C3%A9", "<kg:%C3%A9>"}, /* stays as it is in an IRI */
        {"kg:%3Cx", "<kg:%3Cx>"},     /* would begin an IRI */
        {"kg:%22x", "<kg:%22x>"},     /* would begin a literal */
        {"kg:x%22", "x\""},
        {"kg:_:b", "<kg:_:b>"},                     /* would be a blank node */
        {"kg:", "<kg:>"},                           /* an empty field */
        {"kg:%20", "<kg:%20>"},                     /* a blank line */
        {"kg:\xef\xbb\xbfx", "<kg:\xef\xbb\xbfx>"}, /* a byte order mark */
        {"kg:kg:x", "kg:x"},
        {"http://example.org/", "<http://example.org/>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BaseBuffer out = {0};
        const KgTerm term = {.kind = KG_IRI, .text = {cases[i][0], strlen(cases[i][0])}};
        assert_true(kg_format_term(&term, KG_SYNTAX_NAME, &out));
        assert_string_equal(out.items, cases[i][1]);
        base_buffer_free(&out);
    }
}

static void each_syntax_writes_its_own_way(void **state)
{
    (void)state;
    const KgTerm literal = {.kind = KG_LITERAL, .text = KG_TEXT("say \"hi\"\n\x01"), .language = KG_TEXT("en")};
    const KgTerm number = {.kind = KG_LITERAL, .text = KG_TEXT("1"), .datatype = KG_TEXT("urn:int")};
    const KgTerm name = {.kind = KG_IRI, .text = KG_TEXT("kg:dog")};
    const KgTerm blank = {.kind = KG_BLANK, .text = KG_TEXT("b")};
    static const struct {
        KgSyntax syntax;
        const char *words;
    } cases[] = {
        {KG_SYNTAX_NAME, "\"say \\\"hi\\\"\\n\\u0001\"@en \"1\"^^<urn:int> dog _:b"},
        {KG_SYNTAX_NTRIPLES, "\"say \\\"hi\\\"\\n\\u0001\"@en \"1\"^^<urn:int> <kg:dog> _:b"},
        {KG_SYNTAX_PLAIN, "say \"hi\"\n\x01 1 dog _:b"},
    };
    for (size_t i = 0; i < 3; i++) {
        BaseBuffer out = {0};
        const KgTerm *const terms[] = {&literal, &number, &name, &blank};
        for (int j = 0; j < 4; j++) {
            assert_true(j == 0 || base_buffer_add(&out, " ", 1));
            assert_true(kg_format_term(terms[j], cases[i].syntax, &out));
        }
        assert_string_equal(out.items, cases[i].words);
        base_buffer_free(&out);
    }
}

/* Text of characters that are likely to be mistaken for something else. */
static size_t random_text(BaseRandom *random, char *out, size_t characters, bool allow_nul)
{
    static const uint32_t odd[] = {' ',  '\t', '\n', '\r', '"', '\\', '<',  '>',  '%',    '@',     '^',    ':',
                                   '_',  '.',  '#',  '{',  '|', '`',  0x7f, 0x80, 0xe9,   0xfeff,  0x2028, 0x1f600,
                                   0x01, 'u',  'U',  '0',  '2', 'F',  'k',  'g',  0xffff, 0x10ffff};
    size_t length = 0;
    for (size_t i = 0; i < characters; i++) {
        uint32_t code_point = base_random_below(random, 3) ? odd[base_random_below(random, sizeof odd / sizeof *odd)]
                                                           : (uint32_t)base_random_below(random, 0x250);
        if (code_point == 0 && !allow_nul)
            code_point = 'x';
        length += base_utf8_encode(code_point, out + length);
    }
    return length;
}

static void expect_reads_back(const KgTerm *term)
{
    for (int syntax = KG_SYNTAX_NAME; syntax <= KG_SYNTAX_NTRIPLES; syntax++) {
        BaseBuffer field = {0};
        BaseArena arena = {0};
        BaseError err = {0};
        KgTerm again;
        assert_true(kg_format_term(term, (KgSyntax)syntax, &field));
        for (size_t i = 0; i < field.count; i++) /* it fits in a field of a line */
            assert_false(field.items[i] == '\t' || field.items[i] == '\n' || field.items[i] == '\0');
        expect_ok(kg_parse_term((KgText){field.items, field.count}, &arena, &again, &err), &err);
        assert_int_equal(again.kind, term->kind);
        const KgText *const written[] = {&term->text, &term->datatype, &term->language};
        const KgText *const read[] = {&again.text, &again.datatype, &again.language};
        for (int i = 0; i < 3; i++) {
            assert_int_equal(read[i]->length, written[i]->length);
            if (read[i]->length)
                assert_memory_equal(read[i]->bytes, written[i]->bytes, read[i]->length);
        }
        base_arena_free(&arena);
        base_buffer_free(&field);
    }
}

static void every_term_written_reads_back_as_itself(void **state)
{
    (void)state;
    BaseRandom random;
    base_random_seed(&random, 42);
    for (int i = 0; i < 20000; i++) {
        char text[64], field[64];
        const size_t characters = (size_t)base_random_below(&random, 8);
        BaseArena arena = {0};
        KgTerm term = {.kind = KG_LITERAL, .text = {text, random_text(&random, text, characters, true)}};
        if (i % 3 == 0)
            term.language = KG_TEXT("en-gb");
        if (i % 3 == 1)
            term.datatype = KG_TEXT("http://example.org/\xc3\xa9");
        expect_reads_back(&term);
        /* A name: whatever plain field can be read is written as some field that reads as the same IRI. */
        const size_t length = random_text(&random, field, characters, false);
        if (kg_parse_term((KgText){field, length}, &arena, &term, NULL) == BASE_OK)
            expect_reads_back(&term);
        base_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read_as_the_terms_they_stand_for),
        cmocka_unit_test(faults_are_told_with_their_column),
        cmocka_unit_test(a_nul_byte_is_a_fault),
        cmocka_unit_test(names_are_written_plain_only_where_that_reads_back),
        cmocka_unit_test(each_syntax_writes_its_own_way),
        cmocka_unit_test(every_term_written_reads_back_as_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
