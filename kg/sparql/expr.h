/* expr.h - expressions over one row. */
#ifndef KGQ_KG_SPARQL_EXPR_H
#define KGQ_KG_SPARQL_EXPR_H

#include "kg/sparql/terms.h"

typedef struct RegexCache RegexCache; /* text_functions.c */

/* What evaluating needs beside the row. One per query. */
typedef struct Eval {
    Terms *terms;
    struct Run *run;
    BaseArena scratch; /* values made on the way; whoever evaluates rewinds it */
    BaseStatus status; /* of the machine: a type error leaves it BASE_OK */
    BaseError *err;    /* of the call that is running */
    BaseJob *job;
    KgText base;
    int64_t now; /* microseconds since 1970, when the query began */
    BaseRandom random;
    RegexCache *regexes;
    struct {
        struct NamedBlank {
            KgText label;
            KgId id;
        } * items;
        size_t count, capacity;
    } blanks; /* of BNODE(label), within one row */
    /* Whether the sub-plan has a row, given this one. */
    bool (*exists)(struct Eval *eval, struct SubPlan *plan, const KgId *row, bool *out);
} Eval;

/* False: an error, which leaves the row's value unbound or its filter false; check eval->status for the machine's. */
bool sparql_eval(Eval *eval, const AstExpr *expr, const KgId *row, Value *out);
/* A function that is not SPARQL's own (extensions.c). */
bool sparql_call_function(Eval *eval, const AstExpr *expr, const KgId *row, Value *out);
/* + - * / of two numbers; false: not numbers, overflow, division by zero. */
bool sparql_arithmetic(ExprOp op, const Value *left, const Value *right, Value *out);
/* The effective boolean value; an error is false. */
bool sparql_eval_truth(Eval *eval, const AstExpr *expr, const KgId *row);
/* The id of a value, made when needed; false only when the machine failed. */
bool sparql_eval_intern(Eval *eval, Value *value, KgId *out);
bool sparql_eval_decode(Eval *eval, KgId id, Value *out);
bool sparql_eval_no_memory(Eval *eval); /* false */
void sparql_eval_free(Eval *eval);
void sparql_regexes_free(RegexCache *cache);

#endif
