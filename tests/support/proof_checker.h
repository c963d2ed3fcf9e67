/* proof_checker.h - checks proofs as they are printed, with nothing of the reasoner: it reads the rules by itself, and
 * the conclusions by their words. Every step must be an instance of the rule it names, its premises standing for the
 * body in order; every leaf must be given, or be a test that holds; heights must fall; what is shown elsewhere must be
 * there; what an aggregate is made of must be all there is. */
#ifndef KGQ_TESTS_PROOF_CHECKER_H
#define KGQ_TESTS_PROOF_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A node as it was printed. */
typedef struct ProofStep ProofStep;
struct ProofStep {
    const char *kind; /* "derived", "asserted", "negated", "compared", "shared", "match", "missing", "lost" */
    const char *text;
    const char *const *terms; /* of a fact: subject, predicate, object, or predicate and arguments */
    size_t term_count;
    const char *rule_text; /* NULL: none */
    uint32_t number, height;
    size_t left_out; /* matches of an aggregate that are not shown */
    ProofStep *const *premises;
    size_t premise_count;
};

typedef bool ProofVisit(void *context, const char *const *terms); /* false: enough */
typedef struct ProofWorld {
    const char *rules;      /* the program's whole text */
    bool is_by_itself;      /* no database: bare names are IRIs of that text, and no atom is a triple */
    bool has_least_heights; /* a step is 1 higher than its highest premise; else higher than all */
    bool (*is_given)(void *context, const char *const *terms, size_t count);
    /* Visits at least all facts that hold and fit the pattern, NULL being any term. */
    void (*visit)(void *context, const char *const *pattern, size_t count, ProofVisit *take, void *taker);
    void *context;
} ProofWorld;

/* Proofs of one fact, numbered together; behind them parts that they refer to, and other ways to conclusions in them.
 * NULL: all are sound. Else what is wrong, in a buffer that lasts until the next call. *unchecked (may be NULL) counts
 * the tests that hold a function which the checker does not know. */
const char *check_proofs(const ProofWorld *world, ProofStep *const *roots, size_t count, size_t *unchecked);
/* A near miss: an instance of its rule, of which what is called missing does not hold, and the rest does. */
const char *check_miss(const ProofWorld *world, const ProofStep *root, size_t *unchecked);

#endif
