/* oracle_datalog.h - small random rule programs, and a slow, obvious evaluator to compare with. It shares nothing with
 * the reasoner: programs are made as structures, written out as text for the reasoner, and evaluated here by trying
 * every assignment of terms to variables until nothing changes. */
#ifndef KGQ_TESTS_ORACLE_DATALOG_H
#define KGQ_TESTS_ORACLE_DATALOG_H

#include "base/base.h"

#include <stdbool.h>
#include <stdint.h>

/* Terms are small numbers: names a..e, numbers 1..3, classes c0..c2, properties p0..p2, rdf:type. */
enum { NAMES = 5, NUMBERS = 3, CLASSES = 3, PROPERTIES = 3 };
enum { FIRST_NUMBER = NAMES, FIRST_CLASS = NAMES + NUMBERS, FIRST_PROPERTY = FIRST_CLASS + CLASSES };
enum { TYPE = FIRST_PROPERTY + PROPERTIES, TERMS = TYPE + 1, LOCALS = 2 };
#define NOT_DERIVED UINT32_MAX

/* What an atom is about. */
typedef enum OracleKind { ORACLE_CLASS, ORACLE_PROPERTY, ORACLE_TRIPLE, ORACLE_OPEN_TYPE, ORACLE_LOCAL } OracleKind;
typedef struct OracleTerm {
    bool is_variable;
    int index; /* variable, or term */
} OracleTerm;
typedef struct OracleAtom {
    OracleKind kind;
    int which; /* class, property, local */
    bool is_negated;
    int count;
    OracleTerm terms[3];
} OracleAtom;
typedef enum OracleTest { ORACLE_EQ, ORACLE_NE, ORACLE_LT, ORACLE_LE, ORACLE_GT, ORACLE_GE } OracleTest;
typedef struct OracleLiteral {
    bool is_comparison;
    OracleAtom atom;
    OracleTest test;
    OracleTerm left, right;
} OracleLiteral;
enum { MOST_LITERALS = 5, MOST_HEADS = 2, MOST_RULES = 8, MOST_VARIABLES = 4 };
typedef struct OracleRule {
    int head_count, body_count, variable_count;
    OracleAtom heads[MOST_HEADS];
    OracleLiteral body[MOST_LITERALS];
} OracleRule;

typedef struct OracleProgram {
    int rule_count;
    OracleRule rules[MOST_RULES];
    bool given[TERMS][TERMS][TERMS]; /* asserted triples */
} OracleProgram;

/* Heights of what holds: triples, and tuples of the ternary relations inside the program. */
typedef struct OracleModel {
    uint32_t triples[TERMS][TERMS][TERMS];
    uint32_t locals[LOCALS][TERMS][TERMS][TERMS];
} OracleModel;

void oracle_make(BaseRandom *random, OracleProgram *out);
void oracle_write(const OracleProgram *program, BaseBuffer *out); /* rules named r0, r1, ... */
void oracle_evaluate(const OracleProgram *program, OracleModel *out);

const char *oracle_term(int term);                     /* as a TSV field */
const char *oracle_name(int term);                     /* as proofs write it */
int oracle_find_term(const char *text, size_t length); /* -1: none */

#endif
