/* terms.h - the terms of a database that a program meets, numbered densely, the program's constants first; and what
 * they stand for, where the program computes. Private to the room. */
#ifndef KGQ_REASONER_TERMS_H
#define KGQ_REASONER_TERMS_H

#include "reasoner/evaluate.h"

typedef struct Terms Terms;
struct Terms {
    KgTxn *txn; /* borrowed */
    const ReasonerProgram *program;
    struct {
        KgId *items; /* by number; KG_ANY: the database lacks it. Numbers of computed values may be past the end */
        size_t count, capacity;
    } ids;
    BaseMap numbers; /* KgId to number */
    Values *values;  /* by number; NULL: nothing is computed */
    struct {
        const char **items; /* by number: of nulls that were created, in `labels` */
        size_t count, capacity;
    } null_labels;
    BaseArena labels;
};

/* Numbers the constants. *out is closed even after a failure, and stays where it is. */
BaseStatus reasoner_terms_open(KgTxn *txn, const ReasonerProgram *program, Terms *out, BaseError *err);
void reasoner_terms_close(Terms *terms);
/* The number of a term of the database, new when it was not met. false: no memory. */
bool reasoner_terms_number(Terms *terms, KgId id, uint32_t *out);
/* Numbers of computed values have no ids, and the next term's comes behind them. false: no memory. */
bool reasoner_terms_step_over(Terms *terms);
static inline KgId terms_id(const Terms *terms, uint32_t number)
{
    return number < terms->ids.count ? terms->ids.items[number] : KG_ANY;
}
/* The term of a number: the database's, the program's constant, or what was computed. In the arena, or the program's.
 */
BaseStatus reasoner_terms_read(const Terms *terms, uint32_t number, BaseArena *arena, KgTerm *out, BaseError *err);
/* Makes the table of values, whose first numbers are those given so far. */
BaseStatus reasoner_terms_lend(Terms *terms, BaseError *err);

/* null_labels.c: what was computed gets the id that the database has for it, and each null that was created the label
 * of the blank node that stands for it: it tells rule, variable and frontier, so that another run makes the same one.
 */
BaseStatus reasoner_terms_settle(Terms *terms, const Evaluation *evaluation, BaseError *err);

#endif
