/* The oracle: makes programs that are stratified by construction (each predicate has a level; negation looks strictly
 * down, views look at everything from the top), and evaluates them level by level. */
#include "oracle_datalog.h"

#include <stdio.h>
#include <string.h>

static const char *const names[TERMS] = {"a",
                                         "b",
                                         "c",
                                         "d",
                                         "e",
                                         "\"1\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                                         "\"2\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                                         "\"3\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                                         "c0",
                                         "c1",
                                         "c2",
                                         "p0",
                                         "p1",
                                         "p2",
                                         "rdf:type"};

const char *oracle_term(int term)
{
    return term == TYPE ? "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>" : names[term];
}

const char *oracle_name(int term)
{
    return names[term];
}

int oracle_find_term(const char *text, size_t length)
{
    for (int term = 0; term < TERMS; term++)
        if (strlen(names[term]) == length && memcmp(names[term], text, length) == 0)
            return term;
    return -1;
}

/* ---- Making -------------------------------------------------------------------------------------------------- */

static int below(BaseRandom *random, int limit)
{
    return (int)base_random_below(random, (uint64_t)limit);
}

/* Levels: c0 p0 are 0, c1 p1 local0 are 1, c2 p2 local1 are 2; a body with a view belongs to level 3, heads there are
 * those of level 2. */
static int level_of(OracleKind kind, int which)
{
    return kind == ORACLE_LOCAL ? which + 1 : which;
}

static OracleTerm random_term(BaseRandom *random, int variables)
{
    if (variables > 0 && below(random, 10) > 0)
        return (OracleTerm){true, below(random, variables)};
    return (OracleTerm){false, below(random, NAMES + NUMBERS)};
}

/* Mostly different variables, so that joins find something. */
static void fill_terms(BaseRandom *random, int variables, OracleAtom *atom)
{
    for (int t = 0; t < atom->count; t++) {
        atom->terms[t] = random_term(random, variables);
        if (t > 0 && atom->terms[t].is_variable && atom->terms[t - 1].is_variable && below(random, 6) > 0)
            atom->terms[t].index = (atom->terms[t - 1].index + 1 + below(random, 2)) % variables;
    }
}

static OracleAtom random_atom(BaseRandom *random, int level, int variables)
{
    OracleAtom atom = {
        .kind = (OracleKind[]){ORACLE_CLASS, ORACLE_PROPERTY, ORACLE_PROPERTY, ORACLE_LOCAL}[below(random, 4)]};
    if (atom.kind == ORACLE_LOCAL && level == 0)
        atom.kind = ORACLE_PROPERTY;
    atom.which = atom.kind == ORACLE_LOCAL ? below(random, level < LOCALS ? level : LOCALS) : below(random, level + 1);
    atom.count = atom.kind == ORACLE_CLASS ? 1 : atom.kind == ORACLE_PROPERTY ? 2 : 3;
    fill_terms(random, variables, &atom);
    return atom;
}

static OracleAtom random_view(BaseRandom *random, int variables)
{
    OracleAtom atom = {.kind = below(random, 2) ? ORACLE_TRIPLE : ORACLE_OPEN_TYPE};
    atom.count = atom.kind == ORACLE_TRIPLE ? 3 : 2;
    fill_terms(random, variables, &atom);
    if (atom.kind == ORACLE_TRIPLE && below(random, 3) == 0)
        atom.terms[1] = (OracleTerm){false, FIRST_PROPERTY + below(random, PROPERTIES + 1)};
    if (atom.kind == ORACLE_OPEN_TYPE && below(random, 3) == 0)
        atom.terms[1] = (OracleTerm){false, FIRST_CLASS + below(random, CLASSES)};
    return atom;
}

static bool is_bound(const OracleRule *rule, int variable)
{
    for (int b = 0; b < rule->body_count; b++) {
        const OracleLiteral *const literal = &rule->body[b];
        if (literal->is_comparison || literal->atom.is_negated)
            continue;
        for (int t = 0; t < literal->atom.count; t++)
            if (literal->atom.terms[t].is_variable && literal->atom.terms[t].index == variable)
                return true;
    }
    return false;
}

/* Replaces variables that no positive atom binds. */
static void make_safe(BaseRandom *random, const OracleRule *rule, OracleTerm *term)
{
    while (term->is_variable && !is_bound(rule, term->index))
        *term = random_term(random, rule->variable_count);
}

static OracleAtom property(int which, int from, int to)
{
    return (OracleAtom){.kind = ORACLE_PROPERTY, .which = which, .count = 2, .terms = {{true, from}, {true, to}}};
}

/* p(?v0, ?v2) :- q(?v0, ?v1), r(?v1, ?v2), the stuff of closures; p(?v1, ?v0) :- q(?v0, ?v1). */
static void make_chain(BaseRandom *random, OracleRule *rule)
{
    const int level = below(random, 3);
    const bool is_inverse = below(random, 4) == 0;
    *rule = (OracleRule){.variable_count = 3, .head_count = 1, .body_count = is_inverse ? 1 : 2};
    rule->heads[0] = is_inverse ? property(level, 1, 0) : property(level, 0, 2);
    rule->body[0].atom = property(below(random, level + 1), 0, 1);
    rule->body[1].atom = property(below(random, level + 1), 1, 2);
}

static void make_rule(BaseRandom *random, bool has_views, bool has_view_heads, OracleRule *rule)
{
    *rule = (OracleRule){.variable_count = (int[]){1, 2, 2, 3, 3, 3, 3, 3}[below(random, 8)]};
    const bool has_view = has_views && below(random, 3) == 0;
    const int level = has_view || has_view_heads ? 2 : below(random, 3);
    const int positive = below(random, 8) == 0 ? 0 : 1 + below(random, 2) + below(random, 6) / 5;
    for (int b = 0; b < positive; b++)
        rule->body[rule->body_count++].atom = has_view && b == 0 ? random_view(random, rule->variable_count)
                                                                 : random_atom(random, level, rule->variable_count);
    if (positive > 0 && level > 0 && !has_view_heads && below(random, 3) == 0) {
        OracleAtom *const atom = &rule->body[rule->body_count++].atom;
        *atom = random_atom(random, level - 1, rule->variable_count);
        atom->is_negated = true;
    }
    if (positive > 0 && below(random, 4) == 0) {
        OracleLiteral *const literal = &rule->body[rule->body_count++];
        literal->is_comparison = true;
        literal->test = (OracleTest)below(random, 6);
        literal->left = random_term(random, rule->variable_count);
        literal->right = random_term(random, rule->variable_count);
        make_safe(random, rule, &literal->left);
        make_safe(random, rule, &literal->right);
    }
    rule->head_count = positive > 0 && below(random, 4) == 0 ? 2 : 1;
    for (int h = 0; h < rule->head_count; h++) {
        OracleAtom *const head = &rule->heads[h];
        do
            *head = random_atom(random, level, rule->variable_count);
        while (level_of(head->kind, head->which) != level);
        if (has_view_heads && below(random, 2) == 0)
            *head = random_view(random, rule->variable_count);
        for (int t = 0; t < head->count; t++)
            make_safe(random, rule, &head->terms[t]);
    }
}

void oracle_make(BaseRandom *random, OracleProgram *out)
{
    memset(out, 0, sizeof *out);
    const bool has_views = below(random, 3) == 0, has_view_heads = has_views && below(random, 3) == 0;
    out->rule_count = 1 + below(random, MOST_RULES / 2) + below(random, MOST_RULES / 2 + 1);
    for (int r = 0; r < out->rule_count; r++)
        if (has_view_heads || below(random, 2))
            make_rule(random, has_views, has_view_heads, &out->rules[r]);
        else
            make_chain(random, &out->rules[r]);
    const int facts = below(random, 10) == 0 ? 0 : 6 + below(random, 34);
    for (int f = 0; f < facts; f++) {
        const int s = below(random, NAMES);
        if (below(random, 3) == 0)
            out->given[s][TYPE][FIRST_CLASS + below(random, CLASSES)] = true;
        else
            out->given[s][FIRST_PROPERTY + below(random, PROPERTIES)]
                      [below(random, below(random, 3) ? NAMES : NAMES + NUMBERS)] = true;
    }
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

static void write_term(OracleTerm term, BaseBuffer *out)
{
    if (term.is_variable)
        base_buffer_format(out, "?v%d", term.index);
    else if (term.index >= FIRST_NUMBER && term.index < FIRST_CLASS)
        base_buffer_format(out, "%d", term.index - FIRST_NUMBER + 1);
    else
        base_buffer_format(out, "%s", names[term.index]);
}

static void write_atom(const OracleAtom *atom, BaseBuffer *out)
{
    static const char *const prefixes[] = {"c%d(", "p%d(", "triple(", "rdf:type(", "local%d("};
    char name[16];
    snprintf(name, sizeof name, prefixes[atom->kind], atom->which);
    base_buffer_format(out, "%s%s", atom->is_negated ? "~" : "", name);
    for (int t = 0; t < atom->count; t++) {
        base_buffer_format(out, "%s", t > 0 ? ", " : "");
        write_term(atom->terms[t], out);
    }
    base_buffer_format(out, ")");
}

void oracle_write(const OracleProgram *program, BaseBuffer *out)
{
    static const char *const signs[] = {" = ", " != ", " < ", " <= ", " > ", " >= "};
    for (int r = 0; r < program->rule_count; r++) {
        const OracleRule *const rule = &program->rules[r];
        base_buffer_format(out, "#[name(\"r%d\")] ", r);
        for (int h = 0; h < rule->head_count; h++) {
            base_buffer_format(out, "%s", h > 0 ? ", " : "");
            write_atom(&rule->heads[h], out);
        }
        for (int b = 0; b < rule->body_count; b++) {
            base_buffer_format(out, "%s", b > 0 ? ", " : " :- ");
            if (rule->body[b].is_comparison) {
                write_term(rule->body[b].left, out);
                base_buffer_format(out, "%s", signs[rule->body[b].test]);
                write_term(rule->body[b].right, out);
            } else {
                write_atom(&rule->body[b].atom, out);
            }
        }
        base_buffer_format(out, ".\n");
    }
}

/* ---- Evaluating ---------------------------------------------------------------------------------------------- */

static int value(OracleTerm term, const int *binding)
{
    return term.is_variable ? binding[term.index] : term.index;
}

static uint32_t *cell(OracleModel *model, const OracleAtom *atom, const int *binding)
{
    const int first = value(atom->terms[0], binding);
    const int second = atom->count > 1 ? value(atom->terms[1], binding) : 0;
    const int third = atom->count > 2 ? value(atom->terms[2], binding) : 0;
    switch (atom->kind) {
    case ORACLE_CLASS:
        return &model->triples[first][TYPE][FIRST_CLASS + atom->which];
    case ORACLE_PROPERTY:
        return &model->triples[first][FIRST_PROPERTY + atom->which][second];
    case ORACLE_TRIPLE:
        return &model->triples[first][second][third];
    case ORACLE_OPEN_TYPE:
        return &model->triples[first][TYPE][second];
    case ORACLE_LOCAL:
        break;
    }
    return &model->locals[atom->which][first][second][third];
}

static uint32_t height_of(const OracleModel *model, const OracleAtom *atom, const int *binding)
{
    return *cell((OracleModel *)(uintptr_t)model, atom, binding);
}

static bool compare(const OracleLiteral *literal, const int *binding)
{
    const int left = value(literal->left, binding), right = value(literal->right, binding);
    const bool numbers = left >= FIRST_NUMBER && left < FIRST_CLASS && right >= FIRST_NUMBER && right < FIRST_CLASS;
    switch (literal->test) {
    case ORACLE_EQ:
        return left == right;
    case ORACLE_NE:
        return left != right;
    case ORACLE_LT:
        return numbers && left < right;
    case ORACLE_LE:
        return numbers && left <= right;
    case ORACLE_GT:
        return numbers && left > right;
    case ORACLE_GE:
        return numbers && left >= right;
    }
    return false;
}

/* Variables bound to -1 are open: every choice for them is tried. */
static bool some_holds(const OracleModel *model, const OracleAtom *atom, int *binding, int variable)
{
    if (variable == MOST_VARIABLES)
        return height_of(model, atom, binding) != NOT_DERIVED;
    if (binding[variable] >= 0)
        return some_holds(model, atom, binding, variable + 1);
    for (int term = 0; term < TERMS; term++) {
        binding[variable] = term;
        const bool holds = some_holds(model, atom, binding, variable + 1);
        binding[variable] = -1;
        if (holds)
            return true;
    }
    return false;
}

static bool is_absent(const OracleModel *model, const OracleAtom *atom, const int *binding)
{
    int copy[MOST_VARIABLES];
    memcpy(copy, binding, sizeof copy);
    return !some_holds(model, atom, copy, 0);
}

static bool take_instance(OracleModel *model, const OracleRule *rule, const int *binding)
{
    uint32_t height = 0;
    for (int b = 0; b < rule->body_count; b++) {
        const OracleLiteral *const literal = &rule->body[b];
        if (literal->is_comparison || literal->atom.is_negated)
            continue;
        const uint32_t premise = height_of(model, &literal->atom, binding);
        if (premise == NOT_DERIVED)
            return false;
        height = premise > height ? premise : height;
    }
    for (int b = 0; b < rule->body_count; b++) {
        const OracleLiteral *const literal = &rule->body[b];
        if (literal->is_comparison && !compare(literal, binding))
            return false;
        if (!literal->is_comparison && literal->atom.is_negated && !is_absent(model, &literal->atom, binding))
            return false;
    }
    bool is_changed = false;
    for (int h = 0; h < rule->head_count; h++) {
        uint32_t *const head = cell(model, &rule->heads[h], binding);
        if (*head <= height + 1)
            continue;
        *head = height + 1;
        is_changed = true;
    }
    return is_changed;
}

static bool try_bindings(OracleModel *model, const OracleRule *rule, int *binding, int variable)
{
    if (variable == rule->variable_count)
        return take_instance(model, rule, binding);
    if (!is_bound(rule, variable)) {
        binding[variable] = -1;
        return try_bindings(model, rule, binding, variable + 1);
    }
    bool is_changed = false;
    for (binding[variable] = 0; binding[variable] < TERMS; binding[variable]++)
        is_changed |= try_bindings(model, rule, binding, variable + 1);
    return is_changed;
}

static int rule_level(const OracleRule *rule)
{
    const OracleAtom *const head = &rule->heads[0];
    return head->kind == ORACLE_TRIPLE || head->kind == ORACLE_OPEN_TYPE ? 2 : level_of(head->kind, head->which);
}

void oracle_evaluate(const OracleProgram *program, OracleModel *out)
{
    memset(out, 0xff, sizeof *out);
    for (int s = 0; s < TERMS; s++)
        for (int p = 0; p < TERMS; p++)
            for (int o = 0; o < TERMS; o++)
                if (program->given[s][p][o])
                    out->triples[s][p][o] = 0;
    for (int level = 0; level < 3; level++) {
        for (bool is_changed = true; is_changed;) {
            is_changed = false;
            for (int r = 0; r < program->rule_count; r++) {
                int binding[MOST_VARIABLES] = {0};
                if (rule_level(&program->rules[r]) == level)
                    is_changed |= try_bindings(out, &program->rules[r], binding, 0);
            }
        }
    }
}
