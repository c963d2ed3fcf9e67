/* id_tests.c - verdicts of comparisons by SPARQL 1.1, section 17.3, for ids. Within a tag ids are in the order of their
 * values, so those less than, equal to and greater than a constant are ranges of ids, whose edges are found by
 * bisection with the evaluator's own comparison. NaN, at the end of the doubles, is a range by itself. Moments with and
 * without a zone lie among one another: where they are less than 14 hours from the constant it takes the evaluator to
 * tell. */
#include "kg/sparql/id_tests.h"

#include "kg/sparql/value_ids.h"

#define ZONE_MINUTES 840 /* by so much a moment without a zone may be off (XML Schema part 2, 3.2.7.4) */
#define LAST_DAY 3652366 /* as inlined days are counted: two past 9999-12-31 */

/* ---- Tags ---- */

/* The keys of a tag's ids: what is above the bits of form or zone, and below `end`. */
typedef struct TagKeys {
    ValueType type;
    int bits;
    uint64_t end;
} TagKeys;

/* False: the tag is not of an inlined literal. */
static bool keys_of(unsigned tag, TagKeys *out)
{
    switch (tag) {
    case KG_INLINE_INTEGER:
        *out = (TagKeys){VALUE_INTEGER, 0, UINT64_C(1) << 56};
        return true;
    case KG_INLINE_DECIMAL:
        *out = (TagKeys){VALUE_DECIMAL, KG_INLINE_DECIMAL_BITS, UINT64_C(1) << (56 - KG_INLINE_DECIMAL_BITS)};
        return true;
    case KG_INLINE_DOUBLE:
        *out = (TagKeys){VALUE_DOUBLE, KG_INLINE_DOUBLE_BITS, KG_INLINE_RANK_NAN};
        return true;
    case KG_INLINE_BOOLEAN:
        *out = (TagKeys){VALUE_BOOLEAN, 0, 2};
        return true;
    case KG_INLINE_DATE:
        *out = (TagKeys){VALUE_DATE, KG_INLINE_DATE_BITS, UINT64_C(1440) * LAST_DAY};
        return true;
    case KG_INLINE_DATETIME:
        *out = (TagKeys){VALUE_DATETIME, KG_INLINE_DATETIME_BITS, UINT64_C(86400000) * LAST_DAY};
        return true;
    case KG_INLINE_STRING:
        *out = (TagKeys){VALUE_STRING, 0, UINT64_C(1) << 56};
        return true;
    default:
        return false;
    }
}

static bool is_number(ValueType type)
{
    return type >= VALUE_INTEGER && type <= VALUE_DOUBLE;
}

static bool is_moment(ValueType type)
{
    return type == VALUE_DATE || type == VALUE_DATETIME;
}

static bool has_order(ValueType type)
{
    return type == VALUE_STRING || type == VALUE_BOOLEAN || is_number(type) || is_moment(type);
}

/* ---- Edges ---- */

static KgId first_id(unsigned tag, const TagKeys *keys, uint64_t key)
{
    return ((KgId)tag << 56) + (key << keys->bits);
}

/* Whether the literal with this key compares so with the constant; a moment is taken with a zone where that has one. */
static bool compares(unsigned tag, const TagKeys *keys, uint64_t key, ExprOp op, const Value *constant)
{
    char text[KG_INLINE_BYTES];
    Value value = {.type = VALUE_STRING};
    bool answer = false;
    const KgId id = first_id(tag, keys, key);
    if (keys->type == VALUE_STRING)
        kg_inline_term(id, text, &value.term);
    else
        sparql_value_of_id(id, NULL, &value);
    if (is_moment(keys->type))
        value.as.moment.has_zone = constant->as.moment.has_zone;
    return sparql_value_compare(op, &value, constant, &answer) && answer;
}

/* The first key from `low` on at which `op` is what it is at the end; it changes once at most. Sought near `low` first
 * (Bentley and Yao, "An almost optimal algorithm for unbounded searching", 1976). */
static uint64_t find_edge(unsigned tag, const TagKeys *keys, ExprOp op, const Value *constant, uint64_t low)
{
    uint64_t high = keys->end;
    for (uint64_t step = 1; low > 0 && step < high - low; step *= 4) {
        if (compares(tag, keys, low + step - 1, op, constant)) {
            high = low + step - 1;
            break;
        }
        low += step;
    }
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (compares(tag, keys, middle, op, constant))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

enum { LESS, PERHAPS_LESS, EQUAL, PERHAPS_GREATER, GREATER, NOT_A_NUMBER };

static void give_all(TagTest *test, Verdict verdict)
{
    *test = (TagTest){.verdicts[ID_REGIONS - 1] = (uint8_t)verdict}; /* all ids are in the last region */
}

/* One id of the tag against all others. */
static void give_one(TagTest *test, KgId id, Verdict verdict, Verdict others)
{
    *test = (TagTest){.edges = {id, id, id + 1, UINT64_MAX, UINT64_MAX}};
    for (int i = 0; i < ID_REGIONS; i++)
        test->verdicts[i] = (uint8_t)(i == EQUAL ? verdict : others);
}

/* The verdicts of each region for values that are in a total order but for NaN. */
static void give_verdicts(TagTest *test, ExprOp op)
{
    const bool less = op == EXPR_LT || op == EXPR_LE || op == EXPR_NE;
    const bool equal = op == EXPR_LE || op == EXPR_GE || op == EXPR_EQ;
    const bool greater = op == EXPR_GT || op == EXPR_GE || op == EXPR_NE;
    test->verdicts[LESS] = test->verdicts[PERHAPS_LESS] = less;
    test->verdicts[EQUAL] = equal;
    test->verdicts[PERHAPS_GREATER] = test->verdicts[GREATER] = greater;
    test->verdicts[NOT_A_NUMBER] = op == EXPR_NE;
}

static uint64_t add_up_to(uint64_t key, uint64_t more, uint64_t end)
{
    return key + more < end ? key + more : end;
}

static void make_ordered(ExprOp op, const Value *constant, unsigned tag, const TagKeys *keys, TagTest *out)
{
    if (is_number(constant->type) && constant->type > VALUE_DECIMAL && constant->as.number != constant->as.number) {
        give_all(out, op == EXPR_NE ? VERDICT_TRUE : VERDICT_FALSE);
        return;
    }
    const uint64_t equal = find_edge(tag, keys, EXPR_GE, constant, 0);
    const uint64_t greater = find_edge(tag, keys, EXPR_GT, constant, equal);
    uint64_t reach = 0; /* how far from the constant one with a zone and one without may not be compared */
    give_verdicts(out, op);
    if (is_moment(keys->type)) {
        reach = ZONE_MINUTES * (keys->type == VALUE_DATE ? 1 : 60000);
        for (int region = PERHAPS_LESS; region <= PERHAPS_GREATER; region++)
            if (out->verdicts[region] == VERDICT_TRUE)
                out->verdicts[region] = VERDICT_UNSURE;
    }
    out->edges[0] = first_id(tag, keys, equal > reach ? equal - reach : 0);
    out->edges[1] = first_id(tag, keys, equal);
    out->edges[2] = first_id(tag, keys, greater);
    out->edges[3] = first_id(tag, keys, add_up_to(greater, reach, keys->end));
    out->edges[4] = keys->type == VALUE_DOUBLE ? first_id(tag, keys, keys->end) : UINT64_MAX;
}

/* = and != of a constant that only the same term is equal to. */
static void make_same(ExprOp op, const Value *constant, unsigned tag, Verdict others, TagTest *out)
{
    const Verdict verdict = op == EXPR_EQ ? VERDICT_TRUE : VERDICT_FALSE;
    if (constant->id >> 56 == tag)
        give_one(out, constant->id, verdict, others);
    else
        give_all(out, others);
}

void sparql_make_tag_test(ExprOp op, const Value *constant, unsigned tag, TagTest *out)
{
    TagKeys keys;
    const bool is_equality = op == EXPR_EQ || op == EXPR_NE;
    const unsigned kind = tag & ~LOCAL_TERM;
    if (tag == 0 || (!is_equality && !has_order(constant->type)))
        give_all(out, VERDICT_FALSE);
    else if (op == EXPR_EQ && (!has_order(constant->type) || constant->type == VALUE_STRING))
        make_same(op, constant, tag, VERDICT_FALSE, out);
    else if (op == EXPR_NE && constant->type <= VALUE_IRI)
        make_same(op, constant, tag, VERDICT_TRUE, out);
    else if (kind == KG_IRI || kind == KG_BLANK)
        give_all(out, op == EXPR_NE ? VERDICT_TRUE : VERDICT_FALSE);
    else if (!keys_of(tag, &keys))
        give_all(out, VERDICT_UNSURE);
    else if (keys.type == constant->type || (is_number(keys.type) && is_number(constant->type)))
        make_ordered(op, constant, tag, &keys, out);
    else /* of two types that are known: they differ */
        give_all(out, op == EXPR_NE && constant->type != VALUE_OTHER ? VERDICT_TRUE : VERDICT_FALSE);
}

const TagTest *sparql_add_tag_test(IdTest *test, unsigned tag)
{
    const size_t most = sizeof test->tests / sizeof *test->tests;
    TagTest *const made = &test->tests[test->count < most ? test->count : most - 1];
    sparql_make_tag_test(test->comparison.op, test->comparison.constant, tag, made);
    if (test->count < most - 1) /* the last place is for tags that no id should have */
        test->by_tag[tag] = ++test->count;
    return made;
}

/* ---- Expressions ---- */

static ExprOp mirrored(ExprOp op)
{
    switch (op) {
    case EXPR_LT:
        return EXPR_GT;
    case EXPR_GT:
        return EXPR_LT;
    case EXPR_LE:
        return EXPR_GE;
    case EXPR_GE:
        return EXPR_LE;
    default:
        return op;
    }
}

bool sparql_find_comparison(const AstExpr *expr, Comparison *out)
{
    if (expr->op < EXPR_EQ || expr->op > EXPR_GE)
        return false;
    const AstExpr *const left = expr->arguments[0], *const right = expr->arguments[1];
    const bool is_mirrored = left->op == EXPR_TERM;
    const AstExpr *const variable = is_mirrored ? right : left, *const constant = is_mirrored ? left : right;
    if (variable->op != EXPR_VARIABLE || constant->op != EXPR_TERM || constant->constant->id == 0)
        return false;
    *out = (Comparison){.op = is_mirrored ? mirrored(expr->op) : expr->op,
                        .variable = variable->node.variable,
                        .constant = constant->constant};
    return true;
}

/* ---- Two ids ---- */

static bool is_nan(KgId id)
{
    return kg_inline_tag(id) == KG_INLINE_DOUBLE &&
           kg_inline_payload(id) >> KG_INLINE_DOUBLE_BITS >= KG_INLINE_RANK_NAN;
}

static bool has_zone(KgId id)
{
    const int bits = kg_inline_tag(id) == KG_INLINE_DATE ? KG_INLINE_DATE_BITS : KG_INLINE_DATETIME_BITS;
    return (id & ((UINT64_C(1) << bits) - 1)) != 0;
}

static Verdict compare_inline(ExprOp op, KgId a, KgId b)
{
    const KgInlineTag tag = kg_inline_tag(a);
    TagTest test;
    if (tag != kg_inline_tag(b) || ((tag == KG_INLINE_DATE || tag == KG_INLINE_DATETIME) && has_zone(a) != has_zone(b)))
        return VERDICT_UNSURE;
    give_verdicts(&test, op);
    const uint64_t x = sparql_order_key(a), y = sparql_order_key(b);
    const int region = is_nan(a) || is_nan(b) ? NOT_A_NUMBER : x < y ? LESS : x > y ? GREATER : EQUAL;
    return (Verdict)test.verdicts[region];
}

Verdict sparql_compare_ids(ExprOp op, KgId a, KgId b)
{
    if (a == 0 || b == 0)
        return VERDICT_FALSE;
    if (kg_is_inline(a) && kg_is_inline(b))
        return compare_inline(op, a, b);
    const KgKind p = sparql_term_kind(a), q = sparql_term_kind(b);
    const bool is_name = p == KG_IRI || p == KG_BLANK || q == KG_IRI || q == KG_BLANK;
    if (!is_name)
        return VERDICT_UNSURE;
    return op == EXPR_EQ ? (Verdict)(a == b) : op == EXPR_NE ? (Verdict)(a != b) : VERDICT_FALSE;
}
