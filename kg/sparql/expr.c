/* expr.c - the operators of SPARQL expressions, section 17.3, and their three truth values, 17.2. */
#include "kg/sparql/expr.h"

#include "kg/sparql/functions.h"
#include "kg/sparql/value_ids.h"

#include <math.h>
#include <stdlib.h>

bool sparql_eval_no_memory(Eval *eval)
{
    if (eval->status == BASE_OK)
        eval->status = base_fail(eval->err, BASE_NO_MEMORY, "no memory to evaluate an expression");
    return false;
}

bool sparql_eval_decode(Eval *eval, KgId id, Value *out)
{
    if (kg_is_inline(id))
        return sparql_value_of_id(id, &eval->scratch, out) || sparql_eval_no_memory(eval);
    KgTerm term;
    const BaseStatus status = sparql_terms_get(eval->terms, id, &eval->scratch, &term, eval->err);
    if (status != BASE_OK) {
        eval->status = status;
        return false;
    }
    sparql_value_decode(&term, out);
    out->id = id;
    return true;
}

bool sparql_eval_intern(Eval *eval, Value *value, KgId *out)
{
    if (!value->id && !sparql_value_id(value, &value->id)) {
        if (!sparql_value_term(value, &eval->scratch))
            return sparql_eval_no_memory(eval);
        const BaseStatus status = sparql_terms_intern(eval->terms, &value->term, &value->id, eval->err);
        if (status != BASE_OK) {
            eval->status = status;
            return false;
        }
    }
    *out = value->id;
    return true;
}

void sparql_eval_free(Eval *eval)
{
    base_arena_free(&eval->scratch);
    sparql_regexes_free(eval->regexes);
    free(eval->blanks.items);
}

/* ---- Logic ---- */

/* true, false or error, for the tables of section 17.2 */
typedef enum Truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_ERROR } Truth;

static Truth truth_of(Eval *eval, const AstExpr *expr, const KgId *row)
{
    Value value;
    bool truth;
    if (!sparql_eval(eval, expr, row, &value) || !sparql_value_truth(&value, &truth))
        return TRUTH_ERROR;
    return truth ? TRUTH_TRUE : TRUTH_FALSE;
}

bool sparql_eval_truth(Eval *eval, const AstExpr *expr, const KgId *row)
{
    return truth_of(eval, expr, row) == TRUTH_TRUE;
}

static bool give_truth(Truth truth, Value *out)
{
    *out = sparql_value_boolean(truth == TRUTH_TRUE);
    return truth != TRUTH_ERROR;
}

/* || when `decides` is TRUE, && when it is FALSE: that value on either side settles it, even beside an error. */
static bool eval_logic(Eval *eval, const AstExpr *expr, const KgId *row, Truth decides, Value *out)
{
    const Truth left = truth_of(eval, expr->arguments[0], row);
    if (left == decides)
        return give_truth(left, out);
    const Truth right = truth_of(eval, expr->arguments[1], row);
    if (right == decides)
        return give_truth(right, out);
    return give_truth(left == TRUTH_ERROR || right == TRUTH_ERROR ? TRUTH_ERROR : left, out);
}

static bool eval_comparison(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    Value left, right;
    bool answer;
    if (!sparql_eval(eval, expr->arguments[0], row, &left) || !sparql_eval(eval, expr->arguments[1], row, &right))
        return false;
    if (expr->op == EXPR_EQ || expr->op == EXPR_NE) {
        if (!sparql_value_equal(&left, &right, &answer))
            return false;
        answer = answer == (expr->op == EXPR_EQ);
    } else if (!sparql_value_compare(expr->op, &left, &right, &answer)) {
        return false;
    }
    return give_truth(answer ? TRUTH_TRUE : TRUTH_FALSE, out);
}

/* IN is a chain of = and ||: an error counts only where nothing is equal. */
static bool eval_in(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    Value left, right;
    if (!sparql_eval(eval, expr->arguments[0], row, &left))
        return false;
    Truth found = TRUTH_FALSE;
    for (size_t i = 1; i < expr->count && found != TRUTH_TRUE; i++) {
        bool is_equal;
        if (!sparql_eval(eval, expr->arguments[i], row, &right) || !sparql_value_equal(&left, &right, &is_equal))
            found = TRUTH_ERROR;
        else if (is_equal)
            found = TRUTH_TRUE;
    }
    if (found != TRUTH_ERROR && expr->op == EXPR_NOT_IN)
        found = found == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
    return give_truth(found, out);
}

static bool eval_exists(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    bool found;
    if (!eval->exists(eval, expr->plan, row, &found))
        return false;
    *out = sparql_value_boolean(found == (expr->op == EXPR_EXISTS));
    return true;
}

/* ---- Arithmetic ---- */

static bool exact_arithmetic(ExprOp op, Exact a, Exact b, Exact *out)
{
    switch (op) {
    case EXPR_ADD:
        return sparql_exact_add(a, b, out);
    case EXPR_SUBTRACT:
        return sparql_exact_add(a, sparql_exact_negate(b), out);
    case EXPR_MULTIPLY:
        return sparql_exact_multiply(a, b, out);
    default:
        return sparql_exact_divide(a, b, out);
    }
}

static double double_arithmetic(ExprOp op, double a, double b)
{
    switch (op) {
    case EXPR_ADD:
        return a + b;
    case EXPR_SUBTRACT:
        return a - b;
    case EXPR_MULTIPLY:
        return a * b;
    default:
        return a / b;
    }
}

/* Operands are promoted to the wider type (integer < decimal < float < double); integers divide to a decimal. */
bool sparql_arithmetic(ExprOp op, const Value *left, const Value *right, Value *out)
{
    if (!value_is_numeric(left) || !value_is_numeric(right))
        return false;
    ValueType type = left->type > right->type ? left->type : right->type;
    if (type == VALUE_INTEGER && op == EXPR_DIVIDE)
        type = VALUE_DECIMAL;
    if (type == VALUE_FLOAT || type == VALUE_DOUBLE) {
        const double answer = double_arithmetic(op, sparql_value_number(left), sparql_value_number(right));
        *out = sparql_value_double(type, answer);
        return true;
    }
    Exact answer;
    if (!exact_arithmetic(op, left->as.exact, right->as.exact, &answer))
        return false;
    *out = sparql_value_exact(type, answer);
    return true;
}

static bool eval_arithmetic(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    Value left, right;
    return sparql_eval(eval, expr->arguments[0], row, &left) && sparql_eval(eval, expr->arguments[1], row, &right) &&
           sparql_arithmetic(expr->op, &left, &right, out);
}

static bool eval_sign(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    Value value;
    if (!sparql_eval(eval, expr->arguments[0], row, &value) || !value_is_numeric(&value))
        return false;
    if (expr->op == EXPR_PLUS)
        *out = value;
    else if (value.type <= VALUE_DECIMAL)
        *out = sparql_value_exact(value.type, sparql_exact_negate(value.as.exact));
    else
        *out = sparql_value_double(value.type, -value.as.number);
    return true;
}

/* ---- Calls ---- */

static bool eval_if(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    const Truth condition = truth_of(eval, expr->arguments[0], row);
    if (condition == TRUTH_ERROR)
        return false;
    return sparql_eval(eval, expr->arguments[condition == TRUTH_TRUE ? 1 : 2], row, out);
}

static bool eval_coalesce(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    for (size_t i = 0; i < expr->count; i++) {
        if (sparql_eval(eval, expr->arguments[i], row, out))
            return true;
        if (eval->status != BASE_OK)
            return false;
    }
    return false;
}

static bool eval_call(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    switch (expr->builtin->form) {
    case BUILTIN_BOUND:
        *out = sparql_value_boolean(row[expr->arguments[0]->node.variable] != 0);
        return true;
    case BUILTIN_IF:
        return eval_if(eval, expr, row, out);
    case BUILTIN_COALESCE:
        return eval_coalesce(eval, expr, row, out);
    case BUILTIN_PLAIN:
    case BUILTIN_VOLATILE:
        break;
    }
    Value few[4], *values = few;
    if (expr->count > sizeof few / sizeof *few) {
        values = base_arena_alloc(&eval->scratch, expr->count, sizeof *values);
        if (!values)
            return sparql_eval_no_memory(eval);
    }
    for (size_t i = 0; i < expr->count; i++)
        if (!sparql_eval(eval, expr->arguments[i], row, &values[i]))
            return false;
    return expr->builtin->call(eval, values, expr->count, out);
}

bool sparql_eval(Eval *eval, const AstExpr *expr, const KgId *row, Value *out)
{
    Truth truth;
    switch (expr->op) {
    case EXPR_VARIABLE:
        return row[expr->node.variable] != 0 && sparql_eval_decode(eval, row[expr->node.variable], out);
    case EXPR_TERM:
        *out = *expr->constant;
        return true;
    case EXPR_OR:
        return eval_logic(eval, expr, row, TRUTH_TRUE, out);
    case EXPR_AND:
        return eval_logic(eval, expr, row, TRUTH_FALSE, out);
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_GT:
    case EXPR_LE:
    case EXPR_GE:
        return eval_comparison(eval, expr, row, out);
    case EXPR_IN:
    case EXPR_NOT_IN:
        return eval_in(eval, expr, row, out);
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE:
        return eval_arithmetic(eval, expr, row, out);
    case EXPR_NOT:
        truth = truth_of(eval, expr->arguments[0], row);
        return give_truth(truth == TRUTH_ERROR ? truth : truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE, out);
    case EXPR_PLUS:
    case EXPR_MINUS:
        return eval_sign(eval, expr, row, out);
    case EXPR_EXISTS:
    case EXPR_NOT_EXISTS:
        return eval_exists(eval, expr, row, out);
    case EXPR_CALL:
    case EXPR_CAST:
        if (expr->function)
            return sparql_call_function(eval, expr, row, out);
        return eval_call(eval, expr, row, out);
    case EXPR_AGGREGATE:
        break; /* the translation has put a variable in its place */
    }
    return false;
}
