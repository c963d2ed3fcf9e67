/* Instances of rules for the proof checker: patterns, bindings, values, tests, and what fits a negation. */
#include "proof_instance.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RDF_TYPE "Ihttp://www.w3.org/1999/02/22-rdf-syntax-ns#type"

static char fault_text[1000];

const char *checker_fault(const ProofStep *step, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int used = snprintf(fault_text, sizeof fault_text, "%s: ", step->text ? step->text : "(no text)");
    if (used > 0 && (size_t)used < sizeof fault_text)
        vsnprintf(fault_text + used, sizeof fault_text - (size_t)used, format, arguments);
    va_end(arguments);
    return fault_text;
}

/* ---- Atoms as facts ------------------------------------------------------------------------------------------- */

static RuleNode *constant_node(Checker *checker, RuleTerm term)
{
    RuleNode *const node = base_arena_alloc(&checker->arena, 1, sizeof *node);
    if (!node)
        abort();
    node->kind = NODE_TERM;
    node->term = term;
    return node;
}

Pattern checker_pattern(Checker *checker, const RuleAtom *atom)
{
    Pattern out = {.count = 3};
    RuleNode *const predicate = constant_node(checker, atom->predicate);
    if (!checker->reader.is_by_itself && atom->is_triple) {
        memcpy(out.nodes, atom->arguments, 3 * sizeof *out.nodes);
    } else if (!checker->reader.is_by_itself && atom->count <= 2) {
        out.nodes[0] = atom->arguments[0];
        out.nodes[1] = atom->count == 2 ? predicate : constant_node(checker, RDF_TYPE);
        out.nodes[2] = atom->count == 2 ? atom->arguments[1] : predicate;
    } else {
        out.is_local = true;
        out.count = atom->count + 1;
        out.nodes[0] = predicate;
        memcpy(out.nodes + 1, atom->arguments, (size_t)atom->count * sizeof *out.nodes);
    }
    return out;
}

/* The printed terms of a fact; the name of a predicate comes first where it is one inside the program. */
RuleTerm checker_term(Checker *checker, const char *text)
{
    return read_printed(&checker->reader, text);
}

/* ---- Values --------------------------------------------------------------------------------------------------- */

RuleTerm checker_number(Instance *instance, bool is_integer, int64_t integer, double real)
{
    char text[64];
    if (is_integer)
        snprintf(text, sizeof text, "N%lld", (long long)integer);
    else
        snprintf(text, sizeof text, "D%.17g", real);
    if (!is_integer && !isfinite(real))
        return NULL;
    return base_arena_copy(&instance->checker->arena, text, strlen(text));
}

RuleTerm checker_arithmetic(Instance *instance, const char *name, RuleTerm left, RuleTerm right)
{
    bool is_integer[2];
    int64_t a, b, result = 0;
    double x, y;
    if (!term_number(left, &is_integer[0], &a, &x) || !term_number(right, &is_integer[1], &b, &y))
        return NULL;
    const bool both = is_integer[0] && is_integer[1];
    bool overflow = false;
    switch (name[0] == 'S' && name[2] == 'B' ? '-' : name[0]) {
    case 'S':
        overflow = both && __builtin_add_overflow(a, b, &result);
        return overflow ? NULL : checker_number(instance, both, result, x + y);
    case '-':
        overflow = both && __builtin_sub_overflow(a, b, &result);
        return overflow ? NULL : checker_number(instance, both, result, x - y);
    case 'P':
        overflow = both && __builtin_mul_overflow(a, b, &result);
        return overflow ? NULL : checker_number(instance, both, result, x * y);
    default:
        if (both ? b == 0 || (a == INT64_MIN && b == -1) : y == 0)
            return NULL;
        return checker_number(instance, both, both ? a / b : 0, x / y);
    }
}

RuleTerm checker_extreme(Instance *instance, const char *name, RuleTerm left, RuleTerm right)
{
    bool is_integer[2];
    int64_t a, b;
    double x, y;
    if (!term_number(left, &is_integer[0], &a, &x) || !term_number(right, &is_integer[1], &b, &y))
        return NULL;
    const bool both = is_integer[0] && is_integer[1];
    const bool left_wins = (both ? a < b : x < y) == (strcmp(name, "MIN") == 0);
    return checker_number(instance, both, left_wins ? a : b, left_wins ? x : y);
}

static RuleTerm call(Instance *instance, const RuleNode *node)
{
    RuleTerm values[16];
    for (int i = 0; i < node->count; i++)
        if (!(values[i] = checker_evaluate(instance, node->arguments[i])))
            return NULL;
    const bool is_arithmetic = strcmp(node->name, "SUM") == 0 || strcmp(node->name, "PRODUCT") == 0 ||
                               strcmp(node->name, "SUBTRACTION") == 0 || strcmp(node->name, "DIVISION") == 0;
    const bool is_extreme = strcmp(node->name, "MIN") == 0 || strcmp(node->name, "MAX") == 0;
    if ((is_arithmetic || is_extreme) && node->count >= 2) {
        RuleTerm value = values[0];
        for (int i = 1; i < node->count && value; i++)
            value = is_extreme ? checker_extreme(instance, node->name, value, values[i])
                               : checker_arithmetic(instance, node->name, value, values[i]);
        return value;
    }
    if (strcmp(node->name, "REM") == 0 && node->count == 2 && values[0][0] == 'N' && values[1][0] == 'N') {
        const int64_t by = strtoll(values[1] + 1, NULL, 10);
        return by == 0 ? NULL : checker_number(instance, true, strtoll(values[0] + 1, NULL, 10) % by, 0);
    }
    if (strcmp(node->name, "CONCAT") == 0) {
        BaseBuffer text = {0};
        bool is_fine = base_buffer_add(&text, "S", 1);
        for (int i = 0; i < node->count && is_fine; i++)
            is_fine = values[i][0] == 'S' && base_buffer_add(&text, values[i] + 1, strlen(values[i] + 1));
        RuleTerm out = is_fine ? base_arena_copy(&instance->checker->arena, text.items, text.count) : NULL;
        base_buffer_free(&text);
        return out;
    }
    if (strcmp(node->name, "STR") == 0 && (values[0][0] == 'S' || values[0][0] == 'I' || values[0][0] == 'N')) {
        char *const out = base_arena_copy(&instance->checker->arena, values[0], strlen(values[0]));
        if (!out)
            abort();
        out[0] = 'S';
        return out;
    }
    instance->is_unknown = true;
    return NULL;
}

/* NULL: open, without a value, or of an unknown function. */
RuleTerm checker_evaluate(Instance *instance, const RuleNode *node)
{
    switch (node->kind) {
    case NODE_TERM:
        return node->term;
    case NODE_VARIABLE:
        return instance->binding[node->variable];
    case NODE_CALL:
        return call(instance, node);
    case NODE_ANY:
    case NODE_AGGREGATE:
        break;
    }
    return NULL;
}

static bool holds(const char *sign, RuleTerm left, RuleTerm right)
{
    bool is_integer[2];
    int64_t a, b;
    double x, y;
    if (strcmp(sign, "=") == 0 || strcmp(sign, "!=") == 0)
        return (strcmp(left, right) == 0) == (sign[0] == '=');
    if (!term_number(left, &is_integer[0], &a, &x) || !term_number(right, &is_integer[1], &b, &y))
        return false;
    const int order = is_integer[0] && is_integer[1] ? (a > b) - (a < b) : (x > y) - (x < y);
    return sign[0] == '<' ? (sign[1] ? order <= 0 : order < 0) : (sign[1] ? order >= 0 : order > 0);
}

/* ---- Binding -------------------------------------------------------------------------------------------------- */

/* Gives the pattern's variables the fact's terms; false: it does not fit. Calls are left for later. */
bool checker_bind(Instance *instance, const Pattern *pattern, const RuleTerm *terms, size_t count)
{
    if ((size_t)pattern->count != count)
        return false;
    for (int i = 0; i < pattern->count; i++) {
        const RuleNode *const node = pattern->nodes[i];
        if (node->kind == NODE_TERM && strcmp(node->term, terms[i]) != 0)
            return false;
        if (node->kind != NODE_VARIABLE)
            continue;
        RuleTerm *const bound = &instance->binding[node->variable];
        if (*bound && strcmp(*bound, terms[i]) != 0)
            return false;
        *bound = terms[i];
    }
    return true;
}

/* Calls in the pattern have the fact's terms as values. */
bool checker_computes(Instance *instance, const Pattern *pattern, const RuleTerm *terms)
{
    for (int i = 0; i < pattern->count; i++) {
        if (pattern->nodes[i]->kind != NODE_CALL)
            continue;
        instance->is_unknown = false;
        RuleTerm value = checker_evaluate(instance, pattern->nodes[i]);
        if (instance->is_unknown)
            instance->checker->unchecked++;
        else if (!value || strcmp(value, terms[i]) != 0)
            return false;
    }
    return true;
}

/* `?v = expression` binds ?v, whatever their order. */
void checker_assign(Instance *instance)
{
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (int t = 0; t < instance->rule->test_count; t++) {
            const RuleTest *const test = &instance->rule->tests[t];
            for (int turn = 0; turn < 2 && strcmp(test->sign, "=") == 0; turn++) {
                const RuleNode *const open = turn ? test->right : test->left;
                if (open->kind != NODE_VARIABLE || instance->binding[open->variable])
                    continue;
                instance->binding[open->variable] = checker_evaluate(instance, turn ? test->left : test->right);
                is_changed |= instance->binding[open->variable] != NULL;
            }
        }
    }
}

/* Whether all variables of the expression are bound. */
bool checker_is_closed(const Instance *instance, const RuleNode *node)
{
    bool is_fine = node->kind != NODE_VARIABLE || instance->binding[node->variable] != NULL;
    for (int i = 0; i < node->count && is_fine; i++)
        is_fine = checker_is_closed(instance, node->arguments[i]);
    return is_fine;
}

/* NULL: all tests hold. `misses` (may be NULL) counts those that do not, instead; those about what is not known do not
 * count then where that is allowed. */
const char *checker_tests(Instance *instance, const ProofStep *step, bool may_be_open, int *misses)
{
    for (int t = 0; t < instance->rule->test_count; t++) {
        const RuleTest *const test = &instance->rule->tests[t];
        instance->is_unknown = false;
        RuleTerm left = checker_evaluate(instance, test->left), right = checker_evaluate(instance, test->right);
        if (instance->is_unknown)
            instance->checker->unchecked++;
        else if (may_be_open && !(checker_is_closed(instance, test->left) && checker_is_closed(instance, test->right)))
            continue; /* something it speaks of is not known */
        else if (misses)
            *misses += !left || !right || !holds(test->sign, left, right);
        else if (!left || !right || !holds(test->sign, left, right))
            return checker_fault(step, "test %d of its rule does not hold", t + 1);
    }
    return NULL;
}

/* ---- Negation ------------------------------------------------------------------------------------------------- */

typedef struct Absence {
    Instance *instance;
    const Pattern *pattern;
    bool is_found;
} Absence;

static bool take_fact(void *context, const char *const *terms)
{
    Absence *const absence = context;
    Instance copy = *absence->instance; /* open variables are bound for this fact only */
    RuleTerm read[MOST_TERMS];
    for (int i = 0; i < absence->pattern->count; i++)
        read[i] = checker_term(copy.checker, terms[i]);
    absence->is_found = checker_bind(&copy, absence->pattern, read, (size_t)absence->pattern->count) &&
                        checker_computes(&copy, absence->pattern, read);
    return !absence->is_found;
}

/* Whether some fact fits the pattern under the binding; `words` are those of the printed node, from which bound places
 * are looked up. */
bool checker_finds(Instance *instance, const Pattern *pattern, const ProofStep *child)
{
    Absence absence = {.instance = instance, .pattern = pattern};
    const char *words[MOST_TERMS] = {0};
    for (int i = 0; i < pattern->count; i++) {
        const RuleNode *const node = pattern->nodes[i];
        RuleTerm value = checker_evaluate(instance, node);
        if (value && child && strcmp(value, checker_term(instance->checker, child->terms[i])) == 0)
            words[i] = child->terms[i];
    }
    instance->checker->world->visit(instance->checker->world->context, words, (size_t)pattern->count, take_fact,
                                    &absence);
    return absence.is_found;
}

/* ---- One step ------------------------------------------------------------------------------------------------- */

bool checker_is(const ProofStep *step, const char *kind)
{
    return step->kind && strcmp(step->kind, kind) == 0;
}

const RuleTerm *checker_terms(Checker *checker, const ProofStep *step)
{
    RuleTerm *const terms = base_arena_alloc(&checker->arena, step->term_count + 1, sizeof *terms);
    if (!terms)
        abort();
    for (size_t i = 0; i < step->term_count; i++)
        terms[i] = checker_term(checker, step->terms[i]);
    return terms;
}

/* The premises stand for the body: atoms in order, tests among them. Binds what holds. */
const char *checker_bind_premises(Instance *instance, const ProofStep *step)
{
    int atom = 0;
    for (size_t i = 0; i < step->premise_count; i++) {
        const ProofStep *const child = step->premises[i];
        if (!child->terms)
            continue;
        if (atom == instance->rule->atom_count)
            return checker_fault(step, "more premises than its rule has atoms");
        const RuleAtom *const said = &instance->rule->atoms[atom++];
        const Pattern pattern = checker_pattern(instance->checker, said);
        if (checker_is(child, "missing") || checker_is(child, "untested"))
            continue;
        if (said->is_negated != checker_is(child, "negated"))
            return checker_fault(step, "premise %zu is of kind %s", i + 1, child->kind);
        if (!said->is_negated &&
            !checker_bind(instance, &pattern, checker_terms(instance->checker, child), child->term_count))
            return checker_fault(step, "premise %zu does not fit atom %d of its rule", i + 1, atom);
    }
    return atom == instance->rule->atom_count ? NULL
                                              : checker_fault(step, "its rule has more atoms than it has premises");
}

/* After all is bound: calls in atoms, and that nothing fits what is negated. */
const char *checker_premises(Instance *instance, const ProofStep *step)
{
    int atom = 0;
    for (size_t i = 0; i < step->premise_count; i++) {
        const ProofStep *const child = step->premises[i];
        if (!child->terms)
            continue;
        const RuleAtom *const said = &instance->rule->atoms[atom++];
        const Pattern pattern = checker_pattern(instance->checker, said);
        if (checker_is(child, "missing")) {
            if (checker_finds(instance, &pattern, child) != said->is_negated)
                return checker_fault(step, "premise %zu is called missing", i + 1);
        } else if (checker_is(child, "untested")) {
            continue; /* something it speaks of is not known */
        } else if (said->is_negated) {
            if (checker_finds(instance, &pattern, child))
                return checker_fault(step, "something fits the negated premise %zu", i + 1);
        } else if (!checker_computes(instance, &pattern, checker_terms(instance->checker, child))) {
            return checker_fault(step, "premise %zu has another value", i + 1);
        }
    }
    return NULL;
}
