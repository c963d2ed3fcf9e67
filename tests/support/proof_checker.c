/* The proof checker: one step at a time, its rule read anew, bound from the conclusion and the premises. */
#include "proof_checker.h"

#include "proof_rules.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RDF_TYPE "Ihttp://www.w3.org/1999/02/22-rdf-syntax-ns#type"
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

static char fault_text[1000];

static const char *fault(const ProofStep *step, const char *format, ...)
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

/* The places of a fact that an atom speaks of, as nodes: subject, predicate, object, or predicate and arguments. */
typedef struct Pattern {
    RuleNode *nodes[MOST_TERMS];
    int count;
    bool is_local; /* the first is the predicate's name */
} Pattern;

static RuleNode *constant_node(Checker *checker, RuleTerm term)
{
    RuleNode *const node = base_arena_alloc(&checker->arena, 1, sizeof *node);
    if (!node)
        abort();
    node->kind = NODE_TERM;
    node->term = term;
    return node;
}

static Pattern pattern_of(Checker *checker, const RuleAtom *atom)
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
static RuleTerm printed(Checker *checker, const char *text)
{
    return read_printed(&checker->reader, text);
}

/* ---- Values --------------------------------------------------------------------------------------------------- */

typedef struct Instance {
    Checker *checker;
    const ReadRule *rule;
    RuleTerm binding[64]; /* NULL: open */
    bool is_unknown;      /* a function was met that is not computed here */
} Instance;

static RuleTerm number_term(Instance *instance, bool is_integer, int64_t integer, double real)
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

static RuleTerm evaluate(Instance *instance, const RuleNode *node);

static RuleTerm arithmetic(Instance *instance, const char *name, RuleTerm left, RuleTerm right)
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
        return overflow ? NULL : number_term(instance, both, result, x + y);
    case '-':
        overflow = both && __builtin_sub_overflow(a, b, &result);
        return overflow ? NULL : number_term(instance, both, result, x - y);
    case 'P':
        overflow = both && __builtin_mul_overflow(a, b, &result);
        return overflow ? NULL : number_term(instance, both, result, x * y);
    default:
        if (both ? b == 0 || (a == INT64_MIN && b == -1) : y == 0)
            return NULL;
        return number_term(instance, both, both ? a / b : 0, x / y);
    }
}

static RuleTerm extreme(Instance *instance, const char *name, RuleTerm left, RuleTerm right)
{
    bool is_integer[2];
    int64_t a, b;
    double x, y;
    if (!term_number(left, &is_integer[0], &a, &x) || !term_number(right, &is_integer[1], &b, &y))
        return NULL;
    const bool both = is_integer[0] && is_integer[1];
    const bool left_wins = (both ? a < b : x < y) == (strcmp(name, "MIN") == 0);
    return number_term(instance, both, left_wins ? a : b, left_wins ? x : y);
}

static RuleTerm call(Instance *instance, const RuleNode *node)
{
    RuleTerm values[16];
    for (int i = 0; i < node->count; i++)
        if (!(values[i] = evaluate(instance, node->arguments[i])))
            return NULL;
    const bool is_arithmetic = strcmp(node->name, "SUM") == 0 || strcmp(node->name, "PRODUCT") == 0 ||
                               strcmp(node->name, "SUBTRACTION") == 0 || strcmp(node->name, "DIVISION") == 0;
    const bool is_extreme = strcmp(node->name, "MIN") == 0 || strcmp(node->name, "MAX") == 0;
    if ((is_arithmetic || is_extreme) && node->count >= 2) {
        RuleTerm value = values[0];
        for (int i = 1; i < node->count && value; i++)
            value = is_extreme ? extreme(instance, node->name, value, values[i])
                               : arithmetic(instance, node->name, value, values[i]);
        return value;
    }
    if (strcmp(node->name, "REM") == 0 && node->count == 2 && values[0][0] == 'N' && values[1][0] == 'N') {
        const int64_t by = strtoll(values[1] + 1, NULL, 10);
        return by == 0 ? NULL : number_term(instance, true, strtoll(values[0] + 1, NULL, 10) % by, 0);
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
static RuleTerm evaluate(Instance *instance, const RuleNode *node)
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
static bool bind(Instance *instance, const Pattern *pattern, const RuleTerm *terms, size_t count)
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
static bool computes(Instance *instance, const Pattern *pattern, const RuleTerm *terms)
{
    for (int i = 0; i < pattern->count; i++) {
        if (pattern->nodes[i]->kind != NODE_CALL)
            continue;
        instance->is_unknown = false;
        RuleTerm value = evaluate(instance, pattern->nodes[i]);
        if (instance->is_unknown)
            instance->checker->unchecked++;
        else if (!value || strcmp(value, terms[i]) != 0)
            return false;
    }
    return true;
}

/* `?v = expression` binds ?v, whatever their order. */
static void assign(Instance *instance)
{
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (int t = 0; t < instance->rule->test_count; t++) {
            const RuleTest *const test = &instance->rule->tests[t];
            for (int turn = 0; turn < 2 && strcmp(test->sign, "=") == 0; turn++) {
                const RuleNode *const open = turn ? test->right : test->left;
                if (open->kind != NODE_VARIABLE || instance->binding[open->variable])
                    continue;
                instance->binding[open->variable] = evaluate(instance, turn ? test->left : test->right);
                is_changed |= instance->binding[open->variable] != NULL;
            }
        }
    }
}

/* Whether all variables of the expression are bound. */
static bool is_closed(const Instance *instance, const RuleNode *node)
{
    bool is_fine = node->kind != NODE_VARIABLE || instance->binding[node->variable] != NULL;
    for (int i = 0; i < node->count && is_fine; i++)
        is_fine = is_closed(instance, node->arguments[i]);
    return is_fine;
}

/* NULL: all tests hold. `misses` (may be NULL) counts those that do not, instead; those about what is not known do not
 * count then where that is allowed. */
static const char *check_tests(Instance *instance, const ProofStep *step, bool may_be_open, int *misses)
{
    for (int t = 0; t < instance->rule->test_count; t++) {
        const RuleTest *const test = &instance->rule->tests[t];
        instance->is_unknown = false;
        RuleTerm left = evaluate(instance, test->left), right = evaluate(instance, test->right);
        if (instance->is_unknown)
            instance->checker->unchecked++;
        else if (may_be_open && !(is_closed(instance, test->left) && is_closed(instance, test->right)))
            continue; /* something it speaks of is not known */
        else if (misses)
            *misses += !left || !right || !holds(test->sign, left, right);
        else if (!left || !right || !holds(test->sign, left, right))
            return fault(step, "test %d of its rule does not hold", t + 1);
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
        read[i] = printed(copy.checker, terms[i]);
    absence->is_found =
        bind(&copy, absence->pattern, read, (size_t)absence->pattern->count) && computes(&copy, absence->pattern, read);
    return !absence->is_found;
}

/* Whether some fact fits the pattern under the binding; `words` are those of the printed node, from which bound places
 * are looked up. */
static bool is_found(Instance *instance, const Pattern *pattern, const ProofStep *child)
{
    Absence absence = {.instance = instance, .pattern = pattern};
    const char *words[MOST_TERMS] = {0};
    for (int i = 0; i < pattern->count; i++) {
        const RuleNode *const node = pattern->nodes[i];
        RuleTerm value = evaluate(instance, node);
        if (value && child && strcmp(value, printed(instance->checker, child->terms[i])) == 0)
            words[i] = child->terms[i];
    }
    instance->checker->world->visit(instance->checker->world->context, words, (size_t)pattern->count, take_fact,
                                    &absence);
    return absence.is_found;
}

/* ---- One step ------------------------------------------------------------------------------------------------- */

static bool is_kind(const ProofStep *step, const char *kind)
{
    return step->kind && strcmp(step->kind, kind) == 0;
}

static const RuleTerm *read_terms(Checker *checker, const ProofStep *step)
{
    RuleTerm *const terms = base_arena_alloc(&checker->arena, step->term_count + 1, sizeof *terms);
    if (!terms)
        abort();
    for (size_t i = 0; i < step->term_count; i++)
        terms[i] = printed(checker, step->terms[i]);
    return terms;
}

/* The premises stand for the body: atoms in order, tests among them. Binds what holds. */
static const char *bind_premises(Instance *instance, const ProofStep *step)
{
    int atom = 0;
    for (size_t i = 0; i < step->premise_count; i++) {
        const ProofStep *const child = step->premises[i];
        if (!child->terms)
            continue;
        if (atom == instance->rule->atom_count)
            return fault(step, "more premises than its rule has atoms");
        const RuleAtom *const said = &instance->rule->atoms[atom++];
        const Pattern pattern = pattern_of(instance->checker, said);
        if (is_kind(child, "missing") || is_kind(child, "untested"))
            continue;
        if (said->is_negated != is_kind(child, "negated"))
            return fault(step, "premise %zu is of kind %s", i + 1, child->kind);
        if (!said->is_negated && !bind(instance, &pattern, read_terms(instance->checker, child), child->term_count))
            return fault(step, "premise %zu does not fit atom %d of its rule", i + 1, atom);
    }
    return atom == instance->rule->atom_count ? NULL : fault(step, "its rule has more atoms than it has premises");
}

/* After all is bound: calls in atoms, and that nothing fits what is negated. */
static const char *check_premises(Instance *instance, const ProofStep *step)
{
    int atom = 0;
    for (size_t i = 0; i < step->premise_count; i++) {
        const ProofStep *const child = step->premises[i];
        if (!child->terms)
            continue;
        const RuleAtom *const said = &instance->rule->atoms[atom++];
        const Pattern pattern = pattern_of(instance->checker, said);
        if (is_kind(child, "missing")) {
            if (is_found(instance, &pattern, child) != said->is_negated)
                return fault(step, "premise %zu is called missing", i + 1);
        } else if (is_kind(child, "untested")) {
            continue; /* something it speaks of is not known */
        } else if (said->is_negated) {
            if (is_found(instance, &pattern, child))
                return fault(step, "something fits the negated premise %zu", i + 1);
        } else if (!computes(instance, &pattern, read_terms(instance->checker, child))) {
            return fault(step, "premise %zu has another value", i + 1);
        }
    }
    return NULL;
}

static const RuleNode *find_aggregate(const RuleNode *node)
{
    if (node->kind == NODE_AGGREGATE)
        return node;
    for (int i = 0; i < node->count; i++)
        if (find_aggregate(node->arguments[i]))
            return find_aggregate(node->arguments[i]);
    return NULL;
}

/* The place of the head's aggregate; -1: it has none. */
static int aggregate_column(const Pattern *head)
{
    for (int i = 0; i < head->count; i++)
        if (find_aggregate(head->nodes[i]))
            return i;
    return -1;
}

static const char *check_instance(Checker *checker, const ReadRule *rule, const Pattern *head, const ProofStep *step)
{
    Instance instance = {.checker = checker, .rule = rule};
    if (head && !bind(&instance, head, read_terms(checker, step), step->term_count))
        return fault(step, "the conclusion does not fit its rule's head");
    const char *wrong = bind_premises(&instance, step);
    if (wrong)
        return wrong;
    assign(&instance);
    if (!(wrong = check_tests(&instance, step, false, NULL)) && !(wrong = check_premises(&instance, step)) && head &&
        !computes(&instance, head, read_terms(checker, step)))
        wrong = fault(step, "its rule computes another conclusion");
    return wrong;
}

/* ---- Aggregates ----------------------------------------------------------------------------------------------- */

/* Distinct rows (input, distinct...) of one group, from the premises shown and from the whole world. */
typedef struct Fold {
    Checker *checker;
    const ReadRule *rule;
    const RuleNode *aggregate;
    const Pattern *head;
    const RuleTerm *conclusion;
    struct {
        const char **items; /* rows, their terms joined; beside each its input */
        size_t count, capacity;
    } rows, inputs;
} Fold;

static void add_row(Fold *fold, Instance *instance)
{
    BaseBuffer row = {0};
    RuleTerm input = NULL;
    for (int i = 0; i < fold->aggregate->count; i++) {
        RuleTerm value = evaluate(instance, fold->aggregate->arguments[i]);
        if (i == 0)
            input = value;
        if (!value || !base_buffer_format(&row, "%s\n", value))
            goto done; /* no value, no row */
    }
    for (size_t i = 0; i < fold->rows.count; i++)
        if (strcmp(fold->rows.items[i], row.items) == 0)
            goto done;
    if (!BASE_PUSH(&fold->rows, base_arena_copy(&fold->checker->arena, row.items, row.count)) ||
        !BASE_PUSH(&fold->inputs, input))
        abort();
done:
    base_buffer_free(&row);
}

/* Whether the instance is of the conclusion's group: all places of the head but the aggregate's. */
static bool is_of_group(Fold *fold, Instance *instance)
{
    for (int i = 0; i < fold->head->count; i++) {
        const RuleNode *const node = fold->head->nodes[i];
        if (find_aggregate(node))
            continue;
        RuleTerm value = evaluate(instance, node);
        if (!value || strcmp(value, fold->conclusion[i]) != 0)
            return false;
    }
    return true;
}

typedef struct Enumeration {
    Fold *fold;
    Instance instance;
    int atom;
    Pattern pattern;
} Enumeration;

static void enumerate(Fold *fold, const Instance *instance, int atom);

static bool take_premise(void *context, const char *const *terms)
{
    Enumeration *const at = context;
    Instance next = at->instance;
    RuleTerm read[MOST_TERMS];
    for (int i = 0; i < at->pattern.count; i++)
        read[i] = printed(next.checker, terms[i]);
    if (bind(&next, &at->pattern, read, (size_t)at->pattern.count))
        enumerate(at->fold, &next, at->atom + 1);
    return true;
}

/* All matches of the body in the world, by nested loops. */
static void enumerate(Fold *fold, const Instance *instance, int atom)
{
    while (atom < fold->rule->atom_count && fold->rule->atoms[atom].is_negated)
        atom++;
    if (atom < fold->rule->atom_count) {
        Enumeration next = {.fold = fold,
                            .instance = *instance,
                            .atom = atom,
                            .pattern = pattern_of(fold->checker, &fold->rule->atoms[atom])};
        const char *const any[MOST_TERMS] = {0};
        fold->checker->world->visit(fold->checker->world->context, any, (size_t)next.pattern.count, take_premise,
                                    &next);
        return;
    }
    Instance last = *instance;
    int misses = 0;
    assign(&last);
    check_tests(&last, &(ProofStep){0}, false, &misses);
    for (int a = 0; a < fold->rule->atom_count && misses == 0; a++) {
        const Pattern pattern = pattern_of(fold->checker, &fold->rule->atoms[a]);
        misses += fold->rule->atoms[a].is_negated && is_found(&last, &pattern, NULL);
    }
    if (misses == 0 && is_of_group(fold, &last))
        add_row(fold, &last);
}

/* Folds the rows to a term; NULL: none. */
static RuleTerm fold_rows(Fold *fold, Instance *scratch)
{
    RuleTerm result = NULL;
    const char *const name = fold->aggregate->name;
    if (strcmp(name, "COUNT") == 0)
        return number_term(scratch, true, (int64_t)fold->rows.count, 0);
    for (size_t i = 0; i < fold->inputs.count; i++) {
        bool is_integer;
        int64_t integer;
        double real;
        RuleTerm input = fold->inputs.items[i];
        if (!term_number(input, &is_integer, &integer, &real))
            continue; /* sums leave it out; extremes of what is no number are not tested */
        result = !result                    ? input
                 : strcmp(name, "SUM") == 0 ? arithmetic(scratch, "SUM", result, input)
                                            : extreme(scratch, name, result, input);
    }
    return result;
}

/* Puts the folded value in the aggregate's place. */
static RuleTerm compute_around(Instance *instance, const RuleNode *node, RuleTerm folded)
{
    if (node->kind == NODE_AGGREGATE)
        return folded;
    if (node->kind != NODE_CALL)
        return evaluate(instance, node);
    RuleNode copy = *node;
    RuleNode arguments[16];
    for (int i = 0; i < node->count; i++) {
        arguments[i] = (RuleNode){.kind = NODE_TERM, .term = compute_around(instance, node->arguments[i], folded)};
        if (!arguments[i].term)
            return NULL;
        copy.arguments[i] = &arguments[i];
    }
    return evaluate(instance, &copy);
}

static const char *check_aggregate(Checker *checker, const ReadRule *rule, const Pattern *head, int column,
                                   const ProofStep *step)
{
    const RuleTerm *const conclusion = read_terms(checker, step);
    Fold shown = {.checker = checker,
                  .rule = rule,
                  .aggregate = find_aggregate(head->nodes[column]),
                  .head = head,
                  .conclusion = conclusion};
    Fold all = shown;
    Instance some = {.checker = checker, .rule = rule};
    const char *wrong = step->premise_count > 0 ? NULL : fault(step, "an aggregate of nothing");
    for (size_t i = 0; i < step->premise_count && !wrong; i++) {
        const ProofStep *const match = step->premises[i];
        Instance instance = {.checker = checker, .rule = rule};
        if (!is_kind(match, "match"))
            wrong = fault(step, "premise %zu is no match of an aggregate", i + 1);
        if (!wrong && !(wrong = bind_premises(&instance, match))) {
            assign(&instance);
            if (!(wrong = check_tests(&instance, match, false, NULL)))
                wrong = check_premises(&instance, match);
            if (!wrong && !is_of_group(&shown, &instance))
                wrong = fault(step, "match %zu is of another group", i + 1);
            add_row(&shown, &instance);
            some = instance;
        }
    }
    if (!wrong) {
        enumerate(&all, &(Instance){.checker = checker, .rule = rule}, 0);
        const RuleTerm folded = fold_rows(&all, &some);
        const RuleTerm value = folded ? compute_around(&some, head->nodes[column], folded) : NULL;
        if (!value || strcmp(value, conclusion[column]) != 0)
            wrong = fault(step, "the aggregate is %s", value ? value : "without a value");
        else if (shown.rows.count + step->left_out != all.rows.count)
            wrong = fault(step, "%zu matches are shown and %zu left out, of %zu", shown.rows.count, step->left_out,
                          all.rows.count);
    }
    free(shown.rows.items);
    free(shown.inputs.items);
    free(all.rows.items);
    free(all.inputs.items);
    return wrong;
}

/* ---- Steps by their rule -------------------------------------------------------------------------------------- */

static const char *check_rule(Checker *checker, const ProofStep *step)
{
    static ReadRule rule;
    const char *wrong = step->rule_text ? NULL : fault(step, "a derived conclusion without a rule");
    if (!wrong && !strstr(checker->world->rules, step->rule_text))
        wrong = fault(step, "the program has no rule \"%s\"", step->rule_text);
    const char *const unread = wrong ? NULL : read_rule(&checker->reader, step->rule_text, &rule);
    if (unread)
        wrong = fault(step, "%s: %s", unread, step->rule_text);
    if (wrong)
        return wrong;
    if (rule.is_constraint)
        return check_instance(checker, &rule, NULL, step);
    for (int h = 0; h < rule.head_count; h++) {
        const Pattern head = pattern_of(checker, &rule.heads[h]);
        const int column = aggregate_column(&head);
        wrong = column < 0 ? check_instance(checker, &rule, &head, step)
                           : check_aggregate(checker, &rule, &head, column, step);
        if (!wrong)
            return NULL;
    }
    return wrong;
}

/* The highest premise, those of an aggregate's matches included. */
static uint32_t highest_premise(const ProofStep *step)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < step->premise_count; i++) {
        const ProofStep *const child = step->premises[i];
        const uint32_t height = is_kind(child, "match") ? highest_premise(child) : child->height;
        highest = height > highest ? height : highest;
    }
    return highest;
}

static const char *check_shared(Checker *checker, const ProofStep *step)
{
    const uint64_t *const place = base_map_get(&checker->proved, step->number);
    if (!place)
        return fault(step, "shown elsewhere as %u, but it is nowhere", step->number);
    const ProofStep *const proved = checker->steps.items[*place];
    if (strcmp(proved->text, step->text) != 0 || proved->height != step->height)
        return fault(step, "shown elsewhere as %u, which is %s", step->number, proved->text);
    return NULL;
}

static const char *check_step(Checker *checker, const ProofStep *step)
{
    const ProofWorld *const world = checker->world;
    if (is_kind(step, "match") || is_kind(step, "compared") || is_kind(step, "negated"))
        return step->text ? NULL : fault(step, "it says nothing"); /* its conclusion's step has judged it */
    if (step->term_count == 0 && !is_kind(step, "derived"))
        return fault(step, "no fact of kind %s", step->kind);
    if (is_kind(step, "asserted")) {
        if (step->height != 0 || step->premise_count > 0)
            return fault(step, "an asserted fact with height %u", step->height);
        return world->is_given(world->context, step->terms, step->term_count) ? NULL : fault(step, "it is not given");
    }
    if (is_kind(step, "shared"))
        return check_shared(checker, step);
    if (!is_kind(step, "derived"))
        return fault(step, "a proof has no place for the kind %s", step->kind);
    const uint32_t highest = highest_premise(step);
    if (step->height <= highest || (world->has_least_heights && step->left_out == 0 && step->height != highest + 1))
        return fault(step, "height %u above premises of %u", step->height, highest);
    return check_rule(checker, step);
}

/* ---- Trees ---------------------------------------------------------------------------------------------------- */

/* All nodes in a list, for trees may be deep; and where each conclusion is proved. */
static const char *collect(Checker *checker, ProofStep *const *roots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!BASE_PUSH(&checker->steps, roots[i]))
            abort();
    for (size_t at = 0; at < checker->steps.count; at++) {
        const ProofStep *const step = checker->steps.items[at];
        for (size_t i = 0; i < step->premise_count; i++)
            if (!BASE_PUSH(&checker->steps, step->premises[i]))
                abort();
        if (!is_kind(step, "derived") || (step->number == 0 && at < count)) /* a violation has no number */
            continue;
        bool is_new;
        uint64_t *const place = base_map_put(&checker->proved, step->number, at, &is_new);
        if (!place)
            abort();
        if (is_new && step->number > 0)
            continue;
        const ProofStep *const known = checker->steps.items[*place];
        if (step->number == 0 || strcmp(known->text, step->text) != 0 || (at >= count && *place >= count))
            return fault(step, "number %u is taken", step->number);
        if (step->height < known->height) /* several ways to a conclusion: others refer to the lowest */
            *place = at;
    }
    return NULL;
}

static void begin(Checker *checker, const ProofWorld *world)
{
    *checker = (Checker){.world = world, .reader = {.program = world->rules, .is_by_itself = world->is_by_itself}};
    checker->reader.arena = &checker->arena;
}

static void end(Checker *checker, size_t *unchecked)
{
    if (unchecked)
        *unchecked += checker->unchecked;
    free(checker->steps.items);
    base_map_free(&checker->proved);
    base_arena_free(&checker->arena);
}

const char *check_proofs(const ProofWorld *world, ProofStep *const *roots, size_t count, size_t *unchecked)
{
    Checker checker;
    begin(&checker, world);
    const char *wrong = count > 0 ? collect(&checker, roots, count) : "there is no proof";
    for (size_t i = 0; i < checker.steps.count && !wrong; i++) {
        const BaseArenaMark start = base_arena_mark(&checker.arena);
        wrong = check_step(&checker, checker.steps.items[i]);
        base_arena_rewind(&checker.arena, start);
    }
    end(&checker, unchecked);
    return wrong;
}

/* An aggregate that gives something else: told by one test that is missing. */
static const char *check_other_value(Checker *checker, const ReadRule *rule, const Pattern *head, int column,
                                     const ProofStep *step)
{
    const RuleTerm *const conclusion = read_terms(checker, step);
    Fold all = {.checker = checker,
                .rule = rule,
                .aggregate = find_aggregate(head->nodes[column]),
                .head = head,
                .conclusion = conclusion};
    Instance some = {.checker = checker, .rule = rule};
    const char *wrong = NULL;
    if (step->premise_count != 1 || step->premises[0]->terms || !is_kind(step->premises[0], "missing"))
        return fault(step, "an aggregate without a value that it has");
    bind(&some, head, conclusion, step->term_count);
    enumerate(&all, &(Instance){.checker = checker, .rule = rule}, 0);
    const RuleTerm folded = fold_rows(&all, &some);
    const RuleTerm value = folded ? compute_around(&some, head->nodes[column], folded) : NULL;
    if (all.rows.count == 0)
        wrong = fault(step, "the aggregate has no matches");
    else if (value && strcmp(value, conclusion[column]) == 0)
        wrong = fault(step, "the aggregate gives it");
    free(all.rows.items);
    free(all.inputs.items);
    return wrong;
}

/* One level of a near miss. */
static const char *check_near(Checker *checker, const ProofStep *step)
{
    static ReadRule rule;
    const char *wrong = step->rule_text && strstr(checker->world->rules, step->rule_text)
                            ? read_rule(&checker->reader, step->rule_text, &rule)
                            : "no rule";
    if (wrong)
        return fault(step, "%s", wrong);
    wrong = fault(step, "no head fits");
    for (int h = 0; h < rule.head_count && wrong; h++) {
        const Pattern head = pattern_of(checker, &rule.heads[h]);
        Instance instance = {.checker = checker, .rule = &rule};
        int failed = 0, told = 0;
        if (!bind(&instance, &head, read_terms(checker, step), step->term_count))
            continue;
        const int column = aggregate_column(&head);
        if (column >= 0 && step->premise_count == 1 && !step->premises[0]->terms) {
            wrong = check_other_value(checker, &rule, &head, column, step);
            continue;
        }
        if ((wrong = bind_premises(&instance, step)))
            continue;
        assign(&instance);
        check_tests(&instance, step, true, &failed);
        for (int i = 0; i < head.count; i++) { /* a call in the head is a test here, unless something in it is open */
            if (head.nodes[i]->kind != NODE_CALL || find_aggregate(head.nodes[i]) ||
                !is_closed(&instance, head.nodes[i]))
                continue;
            RuleTerm value = evaluate(&instance, head.nodes[i]);
            failed += !value || strcmp(value, read_terms(checker, step)[i]) != 0;
        }
        for (size_t i = 0; i < step->premise_count; i++)
            told += !step->premises[i]->terms && is_kind(step->premises[i], "missing");
        wrong =
            failed == told ? check_premises(&instance, step) : fault(step, "%d tests fail, %d are told", failed, told);
    }
    return wrong;
}

const char *check_miss(const ProofWorld *world, const ProofStep *root, size_t *unchecked)
{
    Checker checker;
    begin(&checker, world);
    const char *wrong = BASE_PUSH(&checker.steps, root) ? check_near(&checker, root) : "no memory";
    for (size_t at = 0; at < checker.steps.count && !wrong; at++) {
        const ProofStep *const step = checker.steps.items[at];
        for (size_t i = 0; i < step->premise_count && !wrong; i++) {
            const ProofStep *const child = step->premises[i];
            if (is_kind(child, "missing") && child->rule_text)
                wrong = BASE_PUSH(&checker.steps, child) ? check_near(&checker, child) : "no memory";
        }
    }
    end(&checker, unchecked);
    return wrong;
}
