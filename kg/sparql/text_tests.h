/* text_tests.h - filters that look at the text of one variable: CONTAINS(?v, "constant") and its like, without making
 * values or copies. */
#ifndef KGQ_KG_SPARQL_TEXT_TESTS_H
#define KGQ_KG_SPARQL_TEXT_TESTS_H

#include "kg/sparql/functions.h"

typedef struct TextTest {
    BuiltinCall *call; /* CONTAINS, STRSTARTS, STRENDS or REGEX */
    uint32_t variable;
    bool is_str; /* of STR(?v) */
    const Value *part;
    KgText flags; /* of REGEX */
} TextTest;

/* False: the expression is no such test. Its constants are translated. */
bool sparql_find_text_test(const AstExpr *expr, TextTest *out);
/* Whether it is true; an error is false. */
bool sparql_test_text(Eval *eval, const TextTest *test, KgId id);

#endif
