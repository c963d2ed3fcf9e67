/* id_ranges.c - comparisons with constants as ranges of ids, joined as && and || and IN join them. */
#include "kg/sparql/id_ranges.h"

#include "kg/sparql/id_tests.h"
#include "kg/sparql/value_ids.h"

#define DEEPEST 100 /* expressions nested deeper tell nothing */

typedef struct Ranges {
    IdRange items[ID_RANGES_MOST];
    size_t count;
    bool is_full; /* there were more */
} Ranges;

static void add_range(Ranges *ranges, KgId low, KgId high, bool is_sure)
{
    IdRange *const last = ranges->count ? &ranges->items[ranges->count - 1] : NULL;
    if (low > high)
        return;
    if (last && last->is_sure == is_sure && last->high + 1 == low)
        last->high = high;
    else if (ranges->count < ID_RANGES_MOST)
        ranges->items[ranges->count++] = (IdRange){low, high, is_sure};
    else
        ranges->is_full = true;
}

/* ---- One comparison ---- */

static void add_tag(ExprOp op, const Value *constant, unsigned tag, Ranges *out)
{
    TagTest test;
    const KgId first = (KgId)tag << 56, behind = (KgId)(tag + 1) << 56;
    sparql_make_tag_test(op, constant, tag, &test);
    for (int region = 0; region < ID_REGIONS; region++) {
        KgId begin = first, end = behind;
        if (region > 0 && test.edges[region - 1] > begin)
            begin = test.edges[region - 1];
        if (region < ID_REGIONS - 1 && test.edges[region] < end)
            end = test.edges[region];
        if (begin < end && test.verdicts[region] != VERDICT_FALSE)
            add_range(out, begin, end - 1, test.verdicts[region] == VERDICT_TRUE);
    }
}

static void add_comparison(ExprOp op, const Value *constant, Ranges *out)
{
    static const unsigned tags[] = {
        KG_IRI,           KG_BLANK,          KG_LITERAL,     KG_INLINE_INTEGER,  KG_INLINE_DECIMAL,
        KG_INLINE_DOUBLE, KG_INLINE_BOOLEAN, KG_INLINE_DATE, KG_INLINE_DATETIME, KG_INLINE_STRING};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        add_tag(op, constant, tags[i], out);
}

/* ---- Joined ---- */

/* In both; sure where both are. */
static void intersect(const Ranges *a, const Ranges *b, Ranges *out)
{
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        const IdRange *const x = &a->items[i], *const y = &b->items[k];
        const KgId low = x->low > y->low ? x->low : y->low, high = x->high < y->high ? x->high : y->high;
        add_range(out, low, high, x->is_sure && y->is_sure);
        if (x->high < y->high)
            i++;
        else
            k++;
    }
}

/* Where the next piece of `ranges` at or behind `at` begins and ends; what lies between pieces is none. False: none. */
static bool piece_at(const Ranges *ranges, size_t *place, KgId at, IdRange *out)
{
    while (*place < ranges->count && ranges->items[*place].high < at)
        ++*place;
    if (*place == ranges->count)
        return false;
    *out = ranges->items[*place];
    if (out->low < at)
        out->low = at;
    return true;
}

/* In one of them; sure where one is. */
static void unite(const Ranges *a, const Ranges *b, Ranges *out)
{
    size_t i = 0, k = 0;
    for (KgId at = 0;;) {
        IdRange x, y, piece;
        const bool has_x = piece_at(a, &i, at, &x), has_y = piece_at(b, &k, at, &y);
        if (!has_x && !has_y)
            return;
        if (has_x && has_y && x.low == y.low)
            piece = (IdRange){x.low, x.high < y.high ? x.high : y.high, x.is_sure || y.is_sure};
        else if (has_x && (!has_y || x.low < y.low))
            piece = (IdRange){x.low, has_y && y.low <= x.high ? y.low - 1 : x.high, x.is_sure};
        else
            piece = (IdRange){y.low, has_x && x.low <= y.high ? x.low - 1 : y.high, y.is_sure};
        add_range(out, piece.low, piece.high, piece.is_sure);
        at = piece.high + 1;
    }
}

static bool find_ranges(const AstExpr *expr, uint32_t variable, int depth, Ranges *out);

static void make_unsure(Ranges *ranges)
{
    const Ranges sure = *ranges;
    *ranges = (Ranges){.is_full = sure.is_full};
    for (size_t i = 0; i < sure.count; i++)
        add_range(ranges, sure.items[i].low, sure.items[i].high, false);
}

static bool find_both(const AstExpr *expr, uint32_t variable, int depth, Ranges *out)
{
    Ranges left = {0}, right = {0};
    const bool has_left = find_ranges(expr->arguments[0], variable, depth, &left);
    const bool has_right = find_ranges(expr->arguments[1], variable, depth, &right);
    if (expr->op == EXPR_OR) {
        unite(&left, &right, out);
        return has_left && has_right;
    }
    if (has_left && has_right) {
        intersect(&left, &right, out);
        return true;
    }
    *out = has_left ? left : right;
    make_unsure(out);
    return has_left || has_right;
}

/* IN is = with one of the list, NOT IN is != with all of it. */
static bool find_listed(const AstExpr *expr, uint32_t variable, Ranges *out)
{
    if (expr->arguments[0]->op != EXPR_VARIABLE || expr->arguments[0]->node.variable != variable)
        return false;
    for (size_t i = 1; i < expr->count; i++) {
        const AstExpr *const item = expr->arguments[i];
        const Ranges before = *out;
        Ranges one = {0};
        if (item->op != EXPR_TERM || item->constant->id == 0)
            return false;
        add_comparison(expr->op == EXPR_IN ? EXPR_EQ : EXPR_NE, item->constant, &one);
        *out = (Ranges){.is_full = before.is_full || one.is_full};
        if (expr->op == EXPR_IN)
            unite(&before, &one, out);
        else if (i == 1)
            *out = one;
        else
            intersect(&before, &one, out);
        if (out->is_full)
            return false;
    }
    return expr->op == EXPR_IN || expr->count > 1;
}

static bool find_ranges(const AstExpr *expr, uint32_t variable, int depth, Ranges *out)
{
    Comparison comparison;
    if (depth > DEEPEST)
        return false;
    if (expr->op == EXPR_AND || expr->op == EXPR_OR)
        return find_both(expr, variable, depth + 1, out) && !out->is_full;
    if (expr->op == EXPR_IN || expr->op == EXPR_NOT_IN)
        return find_listed(expr, variable, out) && !out->is_full;
    if (!sparql_find_comparison(expr, &comparison) || comparison.variable != variable)
        return false;
    add_comparison(comparison.op, comparison.constant, out);
    return !out->is_full;
}

bool sparql_id_ranges(const AstExpr *filter, uint32_t variable, IdRange *out, size_t *count, bool *is_exact)
{
    Ranges ranges = {0};
    *count = 0;
    *is_exact = false;
    if (!find_ranges(filter, variable, 0, &ranges))
        return false;
    *is_exact = true;
    for (size_t i = 0; i < ranges.count; i++) {
        out[i] = ranges.items[i];
        *is_exact = *is_exact && out[i].is_sure;
    }
    *count = ranges.count;
    return true;
}

bool sparql_common_ranges(const IdRange *a, size_t a_count, const IdRange *b, size_t b_count, IdRange *out,
                          size_t *count)
{
    Ranges left = {.count = a_count}, right = {.count = b_count}, both = {0};
    memcpy(left.items, a, a_count * sizeof *a);
    memcpy(right.items, b, b_count * sizeof *b);
    intersect(&left, &right, &both);
    make_unsure(&both);
    memcpy(out, both.items, both.count * sizeof *out);
    *count = both.count;
    return !both.is_full;
}
