/* id_tests.h - comparisons of a variable with a constant, decided from ids alone where they tell enough. */
#ifndef KGQ_KG_SPARQL_ID_TESTS_H
#define KGQ_KG_SPARQL_ID_TESTS_H

#include "kg/sparql/terms.h"

/* What a filter comes to. An error is as good as false. */
typedef enum Verdict {
    VERDICT_FALSE,
    VERDICT_TRUE,
    VERDICT_UNSURE, /* ask the evaluator */
} Verdict;

#define ID_REGIONS 6

/* For ids of one tag: the edges cut them into regions, each with a verdict. */
typedef struct TagTest {
    KgId edges[ID_REGIONS - 1]; /* where regions 1, 2, ... begin; ascending */
    uint8_t verdicts[ID_REGIONS];
} TagTest;

/* `variable` op constant; `op` is one of = != < > <= >=. */
typedef struct Comparison {
    ExprOp op;
    uint32_t variable;
    const Value *constant;
} Comparison;
/* False: the expression is none, in either order. Its constant is translated. */
bool sparql_find_comparison(const AstExpr *expr, Comparison *out);

/* A comparison for ids of any tag. Start from {.comparison}. */
typedef struct IdTest {
    Comparison comparison;
    uint8_t by_tag[256]; /* place in tests + 1; 0: not made yet */
    uint8_t count;
    TagTest tests[20]; /* there are fewer tags that ids have */
} IdTest;

void sparql_make_tag_test(ExprOp op, const Value *constant, unsigned tag, TagTest *out);
const TagTest *sparql_add_tag_test(IdTest *test, unsigned tag);

static inline Verdict tag_verdict(const TagTest *test, KgId id)
{
    size_t region = 0;
    for (int i = 0; i < ID_REGIONS - 1; i++)
        region += id >= test->edges[i];
    return (Verdict)test->verdicts[region];
}
static inline Verdict sparql_test_id(IdTest *test, KgId id)
{
    const unsigned tag = (unsigned)(id >> 56), place = test->by_tag[tag];
    return tag_verdict(place ? &test->tests[place - 1] : sparql_add_tag_test(test, tag), id);
}

/* Likewise of two ids. */
Verdict sparql_compare_ids(ExprOp op, KgId a, KgId b);

#endif
