/* proof_instance.h - one rule, bound, as the parts of the proof checker share it. */
#ifndef KGQ_TESTS_PROOF_INSTANCE_H
#define KGQ_TESTS_PROOF_INSTANCE_H

#include "proof_checker.h"
#include "proof_rules.h"

enum { MOST_TERMS = 20 };

typedef struct Checker {
    const ProofWorld *world;
    RuleReader reader;
    BaseArena arena;
    struct {
        const ProofStep **items; /* all nodes, each once */
        size_t count, capacity;
    } steps;
    BaseMap proved; /* number to place in steps */
    size_t unchecked;
} Checker;

/* The places of a fact that an atom speaks of, as nodes: subject, predicate, object, or predicate and arguments. */
typedef struct Pattern {
    RuleNode *nodes[MOST_TERMS];
    int count;
    bool is_local; /* the first is the predicate's name */
} Pattern;

typedef struct Instance {
    Checker *checker;
    const ReadRule *rule;
    RuleTerm binding[64]; /* NULL: open */
    bool is_unknown;      /* a function was met that is not computed here */
} Instance;

/* What is wrong with a step, in a buffer that lasts until the next call. */
const char *checker_fault(const ProofStep *step, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool checker_is(const ProofStep *step, const char *kind);
Pattern checker_pattern(Checker *checker, const RuleAtom *atom);
RuleTerm checker_term(Checker *checker, const char *text); /* as printed */
const RuleTerm *checker_terms(Checker *checker, const ProofStep *step);

/* NULL: open, without a value, or of an unknown function. */
RuleTerm checker_evaluate(Instance *instance, const RuleNode *node);
RuleTerm checker_number(Instance *instance, bool is_integer, int64_t integer, double real);
RuleTerm checker_arithmetic(Instance *instance, const char *name, RuleTerm left, RuleTerm right);
RuleTerm checker_extreme(Instance *instance, const char *name, RuleTerm left, RuleTerm right);
bool checker_is_closed(const Instance *instance, const RuleNode *node); /* all its variables are bound */

/* Gives the pattern's variables the fact's terms; false: it does not fit. Calls are left for checker_computes. */
bool checker_bind(Instance *instance, const Pattern *pattern, const RuleTerm *terms, size_t count);
bool checker_computes(Instance *instance, const Pattern *pattern, const RuleTerm *terms);
void checker_assign(Instance *instance); /* `?v = expression` binds ?v */
/* NULL: all tests hold. `misses` (may be NULL) counts those that do not, instead. */
const char *checker_tests(Instance *instance, const ProofStep *step, bool may_be_open, int *misses);
bool checker_finds(Instance *instance, const Pattern *pattern, const ProofStep *child); /* some fact fits */

/* The premises bind the body; and, once all is bound, they hold. NULL: so it is. */
const char *checker_bind_premises(Instance *instance, const ProofStep *step);
const char *checker_premises(Instance *instance, const ProofStep *step);

/* proof_fold.c */
const RuleNode *checker_aggregate(const RuleNode *node); /* within; NULL: there is none */
int checker_aggregate_column(const Pattern *head);       /* -1: it has none */
const char *checker_check_aggregate(Checker *checker, const ReadRule *rule, const Pattern *head, int column,
                                    const ProofStep *step);
const char *checker_check_other_value(Checker *checker, const ReadRule *rule, const Pattern *head, int column,
                                      const ProofStep *step);

#endif
