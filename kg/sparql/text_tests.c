/* text_tests.c - what text_functions.c does for values (SPARQL 1.1, section 17.4.3), for ids: the text is borrowed from
 * where the dictionary has just read it. */
#include "kg/sparql/text_tests.h"

static bool is_plain_string(const AstExpr *expr)
{
    return expr->op == EXPR_TERM && expr->constant->type == VALUE_STRING;
}

bool sparql_find_text_test(const AstExpr *expr, TextTest *out)
{
    if (expr->op != EXPR_CALL || expr->count < 2 || !expr->builtin)
        return false;
    BuiltinCall *const call = expr->builtin->call;
    const bool is_regex = call == sparql_call_regex;
    if (call != sparql_call_contains && call != sparql_call_strstarts && call != sparql_call_strends && !is_regex)
        return false;
    const AstExpr *subject = expr->arguments[0], *const part = expr->arguments[1];
    const bool is_str = subject->op == EXPR_CALL && subject->builtin && subject->builtin->call == sparql_call_str;
    if (is_str)
        subject = subject->arguments[0];
    if (subject->op != EXPR_VARIABLE || part->op != EXPR_TERM ||
        (part->constant->type != VALUE_STRING && (is_regex || part->constant->type != VALUE_LANGUAGE)) ||
        (expr->count == 3 && !is_plain_string(expr->arguments[2])))
        return false;
    *out = (TextTest){.call = call,
                      .variable = subject->node.variable,
                      .is_str = is_str,
                      .part = part->constant,
                      .flags = expr->count == 3 ? expr->arguments[2]->constant->term.text : KG_TEXT("")};
    return true;
}

static bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (b.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

/* Whether the test may be asked of the term, which STR makes a plain string of. */
static bool takes(const TextTest *test, const KgTerm *term)
{
    const KgText language = test->part->term.language;
    if (test->is_str)
        return term->kind != KG_BLANK && language.length == 0;
    return term->kind == KG_LITERAL && term->datatype.length == 0 &&
           (language.length == 0 || same_text(language, term->language));
}

static bool ends_with(KgText text, KgText part)
{
    const KgText end = {text.bytes + (text.length - part.length), part.length};
    return part.length == 0 || same_text(end, part);
}

bool sparql_test_text(Eval *eval, const TextTest *test, KgId id)
{
    KgTerm term;
    const KgText part = test->part->term.text;
    if (id == 0)
        return false;
    const BaseStatus status = sparql_terms_borrow(eval->terms, id, &term, eval->err);
    if (status != BASE_OK) {
        eval->status = status;
        return false;
    }
    const KgText text = term.text;
    if (!takes(test, &term))
        return false;
    if (test->call == sparql_call_regex) {
        bool matches;
        return sparql_regex_matches(eval, text, part, test->flags, &matches) && matches;
    }
    if (part.length > text.length)
        return false;
    if (test->call == sparql_call_contains)
        return base_find(text.bytes, text.length, part.bytes, part.length) != SIZE_MAX;
    if (test->call == sparql_call_strends)
        return ends_with(text, part);
    return same_text((KgText){text.bytes, part.length}, part);
}
