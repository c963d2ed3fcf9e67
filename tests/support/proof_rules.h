/* proof_rules.h - rules and terms as the proof checker reads them: a small parser of its own. */
#ifndef KGQ_TESTS_PROOF_RULES_H
#define KGQ_TESTS_PROOF_RULES_H

#include "base/base.h"

/* A term is a string that says its kind first: "I" IRI, "B" null, "N" integer, "D" double, "F" float, "T" truth value,
 * "S" string, "L" string with language, "O" other literal. Equal terms are equal strings. */
typedef const char *RuleTerm;

typedef enum RuleNodeKind { NODE_TERM, NODE_VARIABLE, NODE_ANY, NODE_CALL, NODE_AGGREGATE } RuleNodeKind;
typedef struct RuleNode RuleNode;
struct RuleNode {
    RuleNodeKind kind;
    RuleTerm term;
    int variable;
    char name[40]; /* of the function, in upper case; "+" is SUM and so on */
    RuleNode *arguments[16];
    int count;
};

typedef struct RuleAtom {
    bool is_negated;
    RuleTerm predicate; /* as a term */
    bool is_triple;     /* the predicate `triple` of a database */
    RuleNode *arguments[16];
    int count;
} RuleAtom;

typedef struct RuleTest {
    char sign[3];
    RuleNode *left, *right;
} RuleTest;

typedef struct ReadRule {
    RuleAtom heads[8];
    int head_count;
    bool is_constraint;
    RuleAtom atoms[40]; /* of the body, in order */
    int atom_count;
    RuleTest tests[40];
    int test_count;
    const char *variables[64];
    int variable_count;
} ReadRule;

typedef struct RuleReader {
    const char *program; /* its @base and @prefix hold */
    bool is_by_itself;
    BaseArena *arena;
} RuleReader;

/* One rule or fact. NULL: it could be read. */
const char *read_rule(const RuleReader *reader, const char *text, ReadRule *out);
/* A term as proofs print it. */
RuleTerm read_printed(const RuleReader *reader, const char *text);
/* A literal in its normal form; datatype NULL: a plain string. */
RuleTerm make_literal(BaseArena *arena, const char *lexical, const char *datatype);
bool term_number(RuleTerm term, bool *is_integer, int64_t *integer, double *real);

#endif
