/* The table of operators and built-in functions, and expressions computed by it. */
#include "reasoner/functions.h"

#include "reasoner/calls.h"
#include "reasoner/value_text.h"

#include <string.h>
#include <strings.h>

#define ANY 255 /* as many arguments as there are */

static const struct FunctionShape {
    const char *name;
    unsigned char least, most;
    Call *call;
    bool gives_number;
} shapes[FUNCTION_COUNT] = {
    [FUNCTION_SUM] = {"SUM", 1, ANY, reasoner_call_number, true},
    [FUNCTION_PRODUCT] = {"PRODUCT", 1, ANY, reasoner_call_number, true},
    [FUNCTION_SUBTRACTION] = {"SUBTRACTION", 2, 2, reasoner_call_number, true},
    [FUNCTION_DIVISION] = {"DIVISION", 2, 2, reasoner_call_number, true},
    [FUNCTION_MIN] = {"MIN", 1, ANY, reasoner_call_number, true},
    [FUNCTION_MAX] = {"MAX", 1, ANY, reasoner_call_number, true},
    [FUNCTION_LUKA] = {"LUKA", 1, ANY, reasoner_call_number, true},
    [FUNCTION_REM] = {"REM", 2, 2, reasoner_call_number, true},
    [FUNCTION_POW] = {"POW", 2, 2, reasoner_call_number, true},
    [FUNCTION_LOG] = {"LOG", 2, 2, reasoner_call_number, true},
    [FUNCTION_ABS] = {"ABS", 1, 1, reasoner_call_number, true},
    [FUNCTION_INVERTSIGN] = {"INVERTSIGN", 1, 1, reasoner_call_number, true},
    [FUNCTION_SQRT] = {"SQRT", 1, 1, reasoner_call_number, true},
    [FUNCTION_SIN] = {"SIN", 1, 1, reasoner_call_number, true},
    [FUNCTION_COS] = {"COS", 1, 1, reasoner_call_number, true},
    [FUNCTION_TAN] = {"TAN", 1, 1, reasoner_call_number, true},
    [FUNCTION_ROUND] = {"ROUND", 1, 1, reasoner_call_number, true},
    [FUNCTION_CEIL] = {"CEIL", 1, 1, reasoner_call_number, true},
    [FUNCTION_FLOOR] = {"FLOOR", 1, 1, reasoner_call_number, true},
    [FUNCTION_BITAND] = {"BITAND", 1, ANY, reasoner_call_bits, true},
    [FUNCTION_BITOR] = {"BITOR", 1, ANY, reasoner_call_bits, true},
    [FUNCTION_BITXOR] = {"BITXOR", 1, ANY, reasoner_call_bits, true},
    [FUNCTION_BITSHL] = {"BITSHL", 2, 2, reasoner_call_bits, true},
    [FUNCTION_BITSHR] = {"BITSHR", 2, 2, reasoner_call_bits, true},
    [FUNCTION_BITSHRU] = {"BITSHRU", 2, 2, reasoner_call_bits, true},
    [FUNCTION_NUMLESS] = {"NUMLESS", 2, 2, reasoner_call_order, false},
    [FUNCTION_NUMLESSEQ] = {"NUMLESSEQ", 2, 2, reasoner_call_order, false},
    [FUNCTION_NUMGREATER] = {"NUMGREATER", 2, 2, reasoner_call_order, false},
    [FUNCTION_NUMGREATEREQ] = {"NUMGREATEREQ", 2, 2, reasoner_call_order, false},
    [FUNCTION_EQUALITY] = {"EQUALITY", 2, 2, reasoner_call_logic, false},
    [FUNCTION_UNEQUALITY] = {"UNEQUALITY", 2, 2, reasoner_call_logic, false},
    [FUNCTION_NOT] = {"NOT", 1, 1, reasoner_call_logic, false},
    [FUNCTION_AND] = {"AND", 0, ANY, reasoner_call_logic, false},
    [FUNCTION_OR] = {"OR", 0, ANY, reasoner_call_logic, false},
    [FUNCTION_ISINTEGER] = {"isInteger", 1, 1, reasoner_call_test, false},
    [FUNCTION_ISFLOAT] = {"isFloat", 1, 1, reasoner_call_test, false},
    [FUNCTION_ISDOUBLE] = {"isDouble", 1, 1, reasoner_call_test, false},
    [FUNCTION_ISNUMERIC] = {"isNumeric", 1, 1, reasoner_call_test, false},
    [FUNCTION_ISSTRING] = {"isString", 1, 1, reasoner_call_test, false},
    [FUNCTION_ISIRI] = {"isIri", 1, 1, reasoner_call_test, false},
    [FUNCTION_ISNULL] = {"isNull", 1, 1, reasoner_call_test, false},
    [FUNCTION_INT] = {"INT", 1, 1, reasoner_call_cast, true},
    [FUNCTION_DOUBLE] = {"DOUBLE", 1, 1, reasoner_call_cast, true},
    [FUNCTION_FLOAT] = {"FLOAT", 1, 1, reasoner_call_cast, true},
    [FUNCTION_IRI] = {"IRI", 1, 1, reasoner_call_cast, false},
    [FUNCTION_STR] = {"STR", 1, 1, reasoner_call_cast, false},
    [FUNCTION_FULLSTR] = {"fullStr", 1, 1, reasoner_call_cast, false},
    [FUNCTION_DATATYPE] = {"DATATYPE", 1, 1, reasoner_call_cast, false},
    [FUNCTION_LANG] = {"LANG", 1, 1, reasoner_call_cast, false},
    [FUNCTION_STRLANG] = {"STRLANG", 2, 2, reasoner_call_cast, false},
    [FUNCTION_STRLEN] = {"STRLEN", 1, 1, reasoner_call_text, true},
    [FUNCTION_STRREV] = {"STRREV", 1, 1, reasoner_call_text, false},
    [FUNCTION_UCASE] = {"UCASE", 1, 1, reasoner_call_text, false},
    [FUNCTION_LCASE] = {"LCASE", 1, 1, reasoner_call_text, false},
    [FUNCTION_CONCAT] = {"CONCAT", 0, ANY, reasoner_call_concat, false},
    [FUNCTION_COMPARE] = {"COMPARE", 2, 2, reasoner_call_texts, true},
    [FUNCTION_CONTAINS] = {"CONTAINS", 2, 2, reasoner_call_texts, false},
    [FUNCTION_STRSTARTS] = {"STRSTARTS", 2, 2, reasoner_call_texts, false},
    [FUNCTION_STRENDS] = {"STRENDS", 2, 2, reasoner_call_texts, false},
    [FUNCTION_REGEX] = {"REGEX", 2, 2, reasoner_call_texts, false},
    [FUNCTION_STRBEFORE] = {"STRBEFORE", 2, 2, reasoner_call_texts, false},
    [FUNCTION_STRAFTER] = {"STRAFTER", 2, 2, reasoner_call_texts, false},
    [FUNCTION_SUBSTR] = {"SUBSTR", 2, 3, reasoner_call_substr, false},
    [FUNCTION_LEVENSHTEIN] = {"LEVENSHTEIN", 2, 2, reasoner_call_texts, true},
    [FUNCTION_URIENCODE] = {"URIENCODE", 1, 1, reasoner_call_uri, false},
    [FUNCTION_URIDECODE] = {"URIDECODE", 1, 1, reasoner_call_uri, false},
};

Function reasoner_find_function(const char *name, size_t length)
{
    for (Function f = FUNCTION_NONE + 1; f < FUNCTION_COUNT; f++)
        if (strlen(shapes[f].name) == length && strncasecmp(shapes[f].name, name, length) == 0)
            return f;
    return FUNCTION_NONE;
}

const char *reasoner_function_name(Function function)
{
    return shapes[function].name;
}

bool reasoner_gives_number(Function function)
{
    return shapes[function].gives_number;
}

bool reasoner_takes(Function function, size_t count)
{
    return count >= shapes[function].least && (shapes[function].most == ANY || count <= shapes[function].most);
}

void reasoner_say_arguments(Function function, char *out, size_t capacity)
{
    const unsigned least = shapes[function].least, most = shapes[function].most;
    if (most == ANY)
        snprintf(out, capacity, "%s takes %u or more", shapes[function].name, least);
    else if (least == most)
        snprintf(out, capacity, "%s takes %u", shapes[function].name, least);
    else
        snprintf(out, capacity, "%s takes %u to %u", shapes[function].name, least, most);
}

const char *reasoner_near_function(const char *name)
{
    const char *names[FUNCTION_COUNT];
    char upper[32] = "";
    for (size_t i = 0; name[i] && i + 1 < sizeof upper; i++)
        upper[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    for (Function f = FUNCTION_NONE + 1; f < FUNCTION_COUNT; f++)
        names[f - 1] = shapes[f].name;
    return base_nearest(upper, names, FUNCTION_COUNT - 1);
}

/* ---- Variables ----------------------------------------------------------------------------------------------- */

static bool is_expression_bound(const Expression *expression, const bool *is_bound)
{
    if (expression->kind == EXPRESSION_TERM)
        return !expression->term.is_variable || is_bound[expression->term.index];
    for (uint32_t i = 0; i < expression->count; i++)
        if (!is_expression_bound(expression->arguments[i], is_bound))
            return false;
    return true;
}

bool reasoner_is_bound(const Operand *operand, const bool *is_bound)
{
    if (operand->expression)
        return is_expression_bound(operand->expression, is_bound);
    return !operand->term.is_variable || is_bound[operand->term.index];
}

static uint32_t count_in(const Expression *expression, uint32_t variable)
{
    if (expression->kind == EXPRESSION_TERM)
        return expression->term.is_variable && expression->term.index == variable;
    uint32_t uses = 0;
    for (uint32_t i = 0; i < expression->count; i++)
        uses += count_in(expression->arguments[i], variable);
    return uses;
}

uint32_t reasoner_count_uses(const Operand *operand, uint32_t variable)
{
    if (operand->expression)
        return count_in(operand->expression, variable);
    return operand->term.is_variable && operand->term.index == variable;
}

/* ---- Computing ----------------------------------------------------------------------------------------------- */

bool reasoner_compute_value(const Expression *expression, const uint32_t *binding, Values *values, Value *out)
{
    if (expression->kind == EXPRESSION_TERM) {
        const Term term = expression->term;
        *out = reasoner_value(values, term.is_variable ? binding[term.index] : term.index);
        return true;
    }
    Value *const arguments =
        base_arena_alloc(reasoner_values_scratch(values), expression->count + 1, sizeof *arguments);
    if (!arguments) {
        reasoner_values_fail(values);
        return false;
    }
    for (uint32_t i = 0; i < expression->count; i++)
        if (!reasoner_compute_value(expression->arguments[i], binding, values, &arguments[i]))
            return false;
    return shapes[expression->function].call(expression->function, arguments, expression->count, values, out);
}

bool reasoner_compute(const Expression *expression, const uint32_t *binding, Values *values, uint32_t *out)
{
    BaseArena *const scratch = reasoner_values_scratch(values);
    const BaseArenaMark start = base_arena_mark(scratch);
    Value value;
    *out = reasoner_compute_value(expression, binding, values, &value) ? reasoner_intern(values, &value) : NO_VALUE;
    base_arena_rewind(scratch, start);
    return *out != NO_VALUE;
}

bool reasoner_operand(const Operand *operand, const uint32_t *binding, Values *values, uint32_t *out)
{
    if (operand->expression)
        return reasoner_compute(operand->expression, binding, values, out);
    *out = operand->term.is_variable ? binding[operand->term.index] : operand->term.index;
    return true;
}

static bool operand_value(const Operand *operand, const uint32_t *binding, Values *values, Value *out)
{
    if (operand->expression)
        return reasoner_compute_value(operand->expression, binding, values, out);
    *out = reasoner_value(values, operand->term.is_variable ? binding[operand->term.index] : operand->term.index);
    return true;
}

/* Equality is that of numbers, as joins have it: in a database terms, not what they stand for. */
static bool is_equal(const Comparison *comparison, const uint32_t *binding, Values *values, bool *out)
{
    const Operand *const left = &comparison->left, *const right = &comparison->right;
    uint32_t numbers[2] = {NO_VALUE, NO_VALUE};
    Value computed[2];
    for (int side = 0; side < 2; side++) {
        const Operand *const operand = side == 0 ? left : right;
        if (!operand->expression)
            numbers[side] = operand->term.is_variable ? binding[operand->term.index] : operand->term.index;
        else if (!reasoner_compute_value(operand->expression, binding, values, &computed[side]))
            return false;
    }
    if (left->expression && right->expression) {
        *out = reasoner_same_value(&computed[0], &computed[1]);
        return true;
    }
    for (int side = 0; side < 2; side++)
        if ((side == 0 ? left : right)->expression)
            numbers[side] = reasoner_find_value(values, &computed[side]);
    *out = numbers[0] == numbers[1];
    return true;
}

bool reasoner_is_ordered(CompareOperator test, const Value *left, const Value *right)
{
    if (!reasoner_is_number(left) || !reasoner_is_number(right))
        return false;
    const int order = reasoner_order_numbers(left, right);
    return test == LESS ? order < 0 : test == LESS_EQUAL ? order <= 0 : test == GREATER ? order > 0 : order >= 0;
}

bool reasoner_compare(const Comparison *comparison, const uint32_t *binding, Values *values)
{
    const bool computes = comparison->left.expression || comparison->right.expression;
    BaseArena *const scratch = computes ? reasoner_values_scratch(values) : NULL;
    const BaseArenaMark start = computes ? base_arena_mark(scratch) : (BaseArenaMark){0};
    bool holds, same = false;
    Value left, right;
    if (comparison->test == EQUAL || comparison->test == NOT_EQUAL)
        holds = is_equal(comparison, binding, values, &same) && same == (comparison->test == EQUAL);
    else
        holds = operand_value(&comparison->left, binding, values, &left) &&
                operand_value(&comparison->right, binding, values, &right) &&
                reasoner_is_ordered(comparison->test, &left, &right);
    if (computes)
        base_arena_rewind(scratch, start);
    return holds;
}
