/* facts.h - where a proof looks: the facts of a database, or those of a program evaluated in memory. Private to the
 * room. Both are seen as the program's relations, with ids for terms: a KgId, or the id of a constant that the database
 * lacks. */
#ifndef KGQ_REASONER_FACTS_H
#define KGQ_REASONER_FACTS_H

#include "reasoner/memory.h"

typedef struct Facts {
    KgTxn *txn;
    const ReasonerProgram *program;
    Memory *memory;  /* NULL: the database's own */
    KgId *constants; /* by constant of the program */
} Facts;

/* The id of a constant that the database does not know: a kind that kg never uses. */
static inline KgId unknown_constant(uint32_t constant)
{
    return kg_id((KgKind)0xff, constant);
}
static inline bool is_unknown_constant(KgId id)
{
    return kg_kind(id) == (KgKind)0xff;
}

/* `memory` may be NULL and is borrowed. *out is freed even after a failure. */
BaseStatus reasoner_facts_open(KgTxn *txn, const ReasonerProgram *program, Memory *memory, Facts *out, BaseError *err);
void reasoner_facts_close(Facts *facts);

/* The relation and tuple of a triple; false: the program has no relation for it. */
bool reasoner_facts_place(const Facts *facts, KgTriple triple, uint32_t *relation, KgId tuple[3]);
/* The triple of a tuple; false: it is of a relation inside the program. */
bool reasoner_facts_triple(const Facts *facts, uint32_t relation, const KgId *tuple, KgTriple *out);
/* The term of an id; borrowed as kg_term says. */
BaseStatus reasoner_facts_term(const Facts *facts, KgId id, BaseArena *arena, KgTerm *out, BaseError *err);

/* The tuples of a relation that fit a pattern (KG_ANY: any), one after the other. */
typedef struct FactCursor {
    const Facts *facts;
    uint32_t relation, arity;
    KgId pattern[ARITY_LIMIT];
    KgId tuple[ARITY_LIMIT]; /* the one at hand */
    uint32_t height;
    /* private: */
    KgScan *scan;
    const RelationIndex *index;
    uint32_t key[ARITY_LIMIT];
    IndexCursor rows;
    uint32_t row;
} FactCursor;
BaseStatus reasoner_facts_match(const Facts *facts, uint32_t relation, const KgId *pattern, FactCursor *out,
                                BaseError *err);
BaseStatus reasoner_facts_next(FactCursor *cursor, BaseError *err); /* BASE_END after the last */
void reasoner_facts_end(FactCursor *cursor);

#endif
