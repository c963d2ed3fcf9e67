/* memo.c - a table of results without collision lists: a new one takes the place of what was there. */
#include "kg/sparql/memo.h"

#include "kg/sparql/functions.h"

#define FEW_BITS 10
#define MANY_BITS 14
#define TRIALS 4 /* so many results for each slot are kept before it is asked whether they helped */

/* False: it depends on something else, or on a second variable. */
static bool find_variable(const AstExpr *expr, uint32_t *variable)
{
    if (expr->algebra || expr->pattern || expr->function || (expr->op == EXPR_CAST && !expr->builtin) ||
        (expr->builtin && expr->builtin->form == BUILTIN_VOLATILE))
        return false;
    if (expr->op == EXPR_VARIABLE) {
        if (*variable != AST_NO_VARIABLE && *variable != expr->node.variable)
            return false;
        *variable = expr->node.variable;
    }
    for (size_t i = 0; i < expr->count; i++)
        if (!find_variable(expr->arguments[i], variable))
            return false;
    return true;
}

Memo sparql_memo_of(const AstExpr *expr)
{
    Memo memo = {.variable = AST_NO_VARIABLE};
    if (expr->op == EXPR_VARIABLE || expr->op == EXPR_TERM || !find_variable(expr, &memo.variable))
        memo.variable = AST_NO_VARIABLE;
    return memo;
}

static void resize(Memo *memo, BaseArena *arena, int bits)
{
    memo->slots = base_arena_alloc(arena, (size_t)1 << bits, sizeof *memo->slots);
    memo->bits = bits;
    memo->hits = memo->misses = 0;
    if (!memo->slots) /* it goes without */
        memo->variable = AST_NO_VARIABLE;
}

static void look_back(Memo *memo, BaseArena *arena)
{
    if (memo->hits >= memo->misses / 4) {
        memo->hits = memo->misses = 0;
    } else if (memo->bits < MANY_BITS) {
        resize(memo, arena, MANY_BITS);
    } else {
        memo->slots = NULL;
        memo->variable = AST_NO_VARIABLE;
    }
}

void sparql_memo_keep(Memo *memo, BaseArena *arena, KgId id, KgId result)
{
    if (memo->variable == AST_NO_VARIABLE || id == 0)
        return;
    if (!memo->slots)
        resize(memo, arena, FEW_BITS);
    else if (++memo->misses == (uint32_t)TRIALS << memo->bits)
        look_back(memo, arena);
    if (memo->slots)
        *sparql_memo_slot(memo, id) = (struct MemoSlot){id, result};
}
