/* memo.h - what an expression of one variable came to, by that variable's id: columns repeat themselves. */
#ifndef KGQ_KG_SPARQL_MEMO_H
#define KGQ_KG_SPARQL_MEMO_H

#include "kg/sparql/ast.h"

typedef struct Memo {
    uint32_t variable; /* AST_NO_VARIABLE: nothing is kept */
    uint32_t hits, misses;
    int bits; /* there are 2^bits slots */
    struct MemoSlot {
        KgId id, result;
    } * slots; /* NULL: none yet */
} Memo;

/* For an expression that depends on one variable and nothing else: not on EXISTS, chance or functions of others. */
Memo sparql_memo_of(const AstExpr *expr);
/* Keeps a result; the slots are the arena's. A memo that seldom helps is made larger once, then given up. */
void sparql_memo_keep(Memo *memo, BaseArena *arena, KgId id, KgId result);

static inline struct MemoSlot *sparql_memo_slot(const Memo *memo, KgId id)
{
    return &memo->slots[(id * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - memo->bits)];
}
/* Whether the result for the row's id is known. Unbound has none. */
static inline bool sparql_memo_find(Memo *memo, const KgId *row, KgId *out)
{
    if (!memo->slots || row[memo->variable] == 0)
        return false;
    const struct MemoSlot *const slot = sparql_memo_slot(memo, row[memo->variable]);
    const bool is_known = slot->id == row[memo->variable];
    memo->hits += is_known;
    *out = slot->result;
    return is_known;
}

#endif
