/* What a user reads about a program that is not right: every message whole, with its place, caret and hint. */
#include "expect.h"

#include "reasoner/reasoner.h"

typedef struct Case {
    const char *claim, *text, *told;
} Case;

static const Case cases[] = {
    {"the end of the text is where it ends", "p(?x) :- q(?x)\n",
     "x.rls:1:15: error: expected `,` or `.`, found the end of the text\n"
     "  p(?x) :- q(?x)\n"
     "                ^\n"},
    {"a missing dot is on the line before",
     "p(a).\n"
     "q(?x) :- p(?x)\n"
     "r(?x) :- q(?x).\n"
     "s(?x) : r(?x).\n",
     "x.rls:3:1: error: expected `,` or `.`, found `r`\n"
     "  r(?x) :- q(?x).\n"
     "  ^\n"
     "  hint: is a `,` or the `.` missing on the line before?\n"
     "x.rls:4:7: error: expected `.`, `,` or `:-`, found `:`\n"
     "  s(?x) : r(?x).\n"
     "        ^\n"
     "  hint: it is written :-\n"},
    {"an arrow",
     "p(?x) <- q(?x).\n"
     "r(a).\n",
     "x.rls:1:7: error: expected `.`, `,` or `:-`, found `<`\n"
     "  p(?x) <- q(?x).\n"
     "        ^\n"
     "  hint: a rule is head :- body.\n"},
    {"an implication", "p(?x) => q(?x).\n",
     "x.rls:1:7: error: expected `.`, `,` or `:-`, found `=`\n"
     "  p(?x) => q(?x).\n"
     "        ^\n"
     "  hint: a rule is head :- body.\n"},
    {"a negation in words",
     "q(a). r(a).\n"
     "p(?x) :- q(?x), not r(?x).\n",
     "x.rls:2:21: error: expected a comparison (= != < <= > >=), found `r`\n"
     "  p(?x) :- q(?x), not r(?x).\n"
     "                      ^\n"
     "  hint: negation is written ~, as in ~p(?x)\n"},
    {"a negation by a mark", "p(?x) :- q(?x), !r(?x).\n",
     "x.rls:1:19: error: expected a comparison (= != < <= > >=), found `(`\n"
     "  p(?x) :- q(?x), !r(?x).\n"
     "                    ^\n"
     "  hint: negation is written ~, as in ~p(?x)\n"},
    {"a conjunction in words", "p(?x) :- q(?x) and r(?x).\n",
     "x.rls:1:16: error: expected `,` or `.`, found `and`\n"
     "  p(?x) :- q(?x) and r(?x).\n"
     "                 ^~~\n"
     "  hint: atoms of a body are separated by `,`\n"},
    {"a disjunction by a sign", "p(?x) :- q(?x); r(?x).\n",
     "x.rls:1:15: error: this character has no meaning here\n"
     "  p(?x) :- q(?x); r(?x).\n"
     "                ^\n"
     "  hint: for \"or\" write one rule for each case\n"},
    {"equality of programs", "p(?x) :- q(?x), ?x == 5.\n",
     "x.rls:1:21: error: expected a term, found `=`\n"
     "  p(?x) :- q(?x), ?x == 5.\n"
     "                      ^\n"
     "  hint: equality is written =\n"},
    {"inequality of databases", "p(?x) :- q(?x), ?x <> 5.\n",
     "x.rls:1:21: error: expected a term, found `>`\n"
     "  p(?x) :- q(?x), ?x <> 5.\n"
     "                      ^\n"
     "  hint: inequality is written !=\n"},
    {"single quotes", "p('abc').\n",
     "x.rls:1:3: error: this character has no meaning here\n"
     "  p('abc').\n"
     "    ^\n"
     "  hint: strings stand in double quotes\n"},
    {"variables of prolog",
     "par(a, b).\n"
     "anc(X, Y) :- par(X, Y).\n",
     "x.rls:2:5: warning: this is a constant, and the rule has no variable\n"
     "  anc(X, Y) :- par(X, Y).\n"
     "      ^\n"
     "  hint: variables begin with ?\n"},
    {"an unsafe variable alone",
     "q(a).\n"
     "p(?person) :- q(?persn).\n"
     "r(?x) :- q(?y), ?z > ?z.\n",
     "x.rls:2:3: error: [202] variable ?person is in the head but in no positive atom of the body\n"
     "  p(?person) :- q(?persn).\n"
     "    ^~~~~~~\n"
     "  hint: did you mean ?persn?\n"
     "x.rls:3:3: error: [202] variable ?x is in the head but in no positive atom of the body\n"
     "  r(?x) :- q(?y), ?z > ?z.\n"
     "    ^~\n"
     "  hint: a positive atom of the body must bind it\n"
     "x.rls:3:17: error: [204] variable ?z is compared but in no positive atom of the body\n"
     "  r(?x) :- q(?y), ?z > ?z.\n"
     "                  ^~\n"
     "  hint: a positive atom of the body must bind it\n"},
    {"a prefix nearly right",
     "@prefix ex: <http://e/>.\n"
     "p(exx:a).\n",
     "x.rls:2:3: error: [103] unknown prefix `exx:`\n"
     "  p(exx:a).\n"
     "    ^~~~\n"
     "  hint: did you mean ex:?\n"},
    {"an output nearly right",
     "@output pth.\n"
     "edge(a, b).\n"
     "path(?x, ?y) :- edge(?x, ?y).\n",
     "x.rls:1:9: error: no rule or fact has the predicate that @output names\n"
     "  @output pth.\n"
     "          ^~~\n"
     "  hint: did you mean path?\n"},
    {"an output of a program that was not read",
     "@output p q.\n"
     "p(a).\n",
     "x.rls:1:11: error: expected `,` or `.`, found `q`\n"
     "  @output p q.\n"
     "            ^\n"},
    {"a predicate that nothing gives",
     "edge(a, b).\n"
     "path(?x, ?y) :- egde(?x, ?y).\n",
     "x.rls:2:17: warning: no fact, rule or @import gives egde\n"
     "  path(?x, ?y) :- egde(?x, ?y).\n"
     "                  ^~~~\n"
     "  hint: did you mean edge?\n"},
    {"a directive nearly right", "@prefx ex: <http://e/>.\n",
     "x.rls:1:1: error: [112] unknown directive `@prefx`\n"
     "  @prefx ex: <http://e/>.\n"
     "  ^~~~~~\n"
     "  hint: did you mean @prefix?\n"},
    {"an attribute nearly right", "#[nmae(\"x\")] p(?x) :- q(?x).\n",
     "x.rls:1:3: error: [119] no attribute is called `nmae`: there are name, display and weight\n"
     "  #[nmae(\"x\")] p(?x) :- q(?x).\n"
     "    ^~~~\n"
     "  hint: did you mean name?\n"},
    {"a function nearly right", "p(STRLENN(\"a\")).\n",
     "x.rls:1:3: error: [996] `STRLENN(...)` is no function; compound terms are not for rules and facts\n"
     "  p(STRLENN(\"a\")).\n"
     "    ^~~~~~~~~~~~\n"
     "  hint: did you mean STRLEN?\n"},
    {"arguments too many", "p(STRLEN(\"a\", \"b\")).\n",
     "x.rls:1:3: error: [217] STRLEN does not take 2 arguments\n"
     "  p(STRLEN(\"a\", \"b\")).\n"
     "    ^~~~~~~~~~~~~~~~\n"
     "  hint: STRLEN takes 1\n"},
    {"an option nearly right",
     "@import p :- csv{resorce=\"x.csv\"}.\n"
     "q(?x) :- p(?x).\n",
     "x.rls:1:18: error: [221] csv has no option `resorce`\n"
     "  @import p :- csv{resorce=\"x.csv\"}.\n"
     "                   ^~~~~~~\n"
     "  hint: did you mean resource?\n"},
    {"a format nearly right",
     "@import p :- cvs{}.\n"
     "q(?x) :- p(?x).\n",
     "x.rls:1:14: error: [231] unknown format `cvs`\n"
     "  @import p :- cvs{}.\n"
     "               ^~~\n"
     "  hint: did you mean csv?\n"},
    {"a string left open", "p(\"abc).\n",
     "x.rls:1:3: error: this string is not closed\n"
     "  p(\"abc).\n"
     "    ^\n"
     "  hint: a string that has a quote in it stands between \"\"\"\n"},
    {"arities that differ",
     "p(a, b).\n"
     "q(?x) :- p(?x).\n",
     "x.rls:2:10: error: [219] p has 1 argument here and 2 at x.rls:1:1, where it is first used\n"
     "  q(?x) :- p(?x).\n"
     "           ^\n"},
    {"a cycle through a negation",
     "q(a).\n"
     "p(?x) :- q(?x), ~p(?x).\n",
     "x.rls:2:17: error: p depends on its own negation: p -> ~p\n"
     "  p(?x) :- q(?x), ~p(?x).\n"
     "                  ^~~~~~\n"
     "  hint: what is negated must be known before: no cycle may pass through a ~\n"},
    {"a rule without a head",
     "p(a).\n"
     ":- p(a).\n",
     "x.rls:2:1: warning: a rule without a head derives nothing\n"
     "  :- p(a).\n"
     "  ^~~~~~~\n"
     "  hint: #false :- ... would tell each match\n"},
    {"a number without its first digit",
     "q(1).\n"
     "p(?x) :- q(?x), ?x = .5.\n",
     "x.rls:2:22: error: expected a term, found `.`\n"
     "  p(?x) :- q(?x), ?x = .5.\n"
     "                       ^\n"
     "  hint: a number begins with a digit, as in 0.5\n"},
    {"three faults in one run",
     "p(?x) :- q(?y).\n"
     "p(a, b).\n"
     "r(?x) :- q(?x), ~r(?x)\n"
     "\n"
     "s(?x) :- t(?x, .\n"
     "u(5, ex:a).\n",
     "x.rls:1:3: error: [202] variable ?x is in the head but in no positive atom of the body\n"
     "  p(?x) :- q(?y).\n"
     "    ^~\n"
     "  hint: a positive atom of the body must bind it\n"
     "x.rls:2:1: error: [219] p has 2 arguments here and 1 at x.rls:1:1, where it is first used\n"
     "  p(a, b).\n"
     "  ^\n"
     "x.rls:5:1: error: expected `,` or `.`, found `s`\n"
     "  s(?x) :- t(?x, .\n"
     "  ^\n"
     "  hint: is a `,` or the `.` missing on the line before?\n"
     "x.rls:5:16: error: expected a term, found `.`\n"
     "  s(?x) :- t(?x, .\n"
     "                 ^\n"
     "x.rls:6:6: error: [103] unknown prefix `ex:`\n"
     "  u(5, ex:a).\n"
     "       ^~~\n"
     "  hint: declare it with @prefix name: <iri>.\n"},
};

static void print(void *context, const BaseError *error)
{
    base_error_print(context, error);
}

static char *told_of(const char *text)
{
    char *told = NULL;
    size_t length = 0;
    FILE *const out = open_memstream(&told, &length);
    const ReasonerText source = {"x.rls", text, strlen(text)};
    const ReasonerParseOptions options = {.for_files = true};
    const BaseSink sink = {print, out};
    ReasonerProgram *program = NULL;
    BaseError err = {0};
    assert_non_null(out);
    const BaseStatus status = reasoner_parse(&source, 1, &options, &sink, &program, &err);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(status, strstr(told, " error: ") ? BASE_BAD_INPUT : BASE_OK);
    reasoner_program_free(program);
    return told;
}

static void messages_say_what_where_and_what_was_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *const told = told_of(cases[i].text);
        if (strcmp(told, cases[i].told) != 0)
            fail_msg("%s:\n%swas told as\n%sand not as\n%s", cases[i].claim, cases[i].text, told, cases[i].told);
        free(told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(messages_say_what_where_and_what_was_meant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
