/* compare.h - one case: a world, a query, the answer of kgq and whether it is as the definitions have it. */
#ifndef KGQ_TESTS_SPARQL_COMPARE_H
#define KGQ_TESTS_SPARQL_COMPARE_H

#include "naive.h"

typedef enum Verdict {
    AGREED,
    DIFFERS,
    FAILS,   /* kgq refuses the query */
    SKIPPED, /* more than one answer is right, or it is too large for the naive evaluator */
    SLOW,    /* kgq takes more than some seconds */
    VERDICTS
} Verdict;

typedef struct Case {
    World *world;
    KgTxn *txn;
    bool is_pending; /* the last stage is not committed: the transaction writes it */
    const Node *select;
    unsigned layers; /* 0: what a query sees by default */
} Case;

typedef struct Judgement {
    Verdict verdict;
    bool is_empty;
    Expected wanted;
    Bag got;
    char why[512];
} Judgement;

Judgement judge(const Case *one);
void free_judgement(Judgement *judgement);
char *query_text(const Lexicon *lexicon, const Node *select); /* the caller frees it */

/* Cuts query and data as long as the verdict stays, and prints what is left: query, data, both answers. */
void report_least(KgStore *store, Case failing, const char *origin);

#endif
