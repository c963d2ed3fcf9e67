/* A reader of rules for the proof checker: recursive descent over the text, no tokens, no error recovery. */
#include "proof_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XSD "http://www.w3.org/2001/XMLSchema#"

typedef struct Cursor {
    const RuleReader *reader;
    ReadRule *rule;
    const char *at, *fault;
} Cursor;

static RuleNode *read_expression(Cursor *cursor);

static const char *keep(BaseArena *arena, const char *kind, const char *text, size_t length)
{
    BaseBuffer buffer = {0};
    char *out = NULL;
    if (base_buffer_format(&buffer, "%s%.*s", kind, (int)length, text))
        out = base_arena_copy(arena, buffer.items, buffer.count);
    base_buffer_free(&buffer);
    if (!out)
        abort();
    return out;
}

/* ---- Literals ------------------------------------------------------------------------------------------------- */

static const char *real_term(BaseArena *arena, const char *kind, double real)
{
    char text[64];
    snprintf(text, sizeof text, "%.17g", real);
    return keep(arena, kind, text, strlen(text));
}

static bool is_integer_type(const char *name)
{
    static const char *const names[] = {"integer",
                                        "int",
                                        "long",
                                        "short",
                                        "byte",
                                        "nonNegativeInteger",
                                        "positiveInteger",
                                        "nonPositiveInteger",
                                        "negativeInteger",
                                        "unsignedInt",
                                        "unsignedShort",
                                        "unsignedByte",
                                        "unsignedLong"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

RuleTerm make_literal(BaseArena *arena, const char *lexical, const char *datatype)
{
    char text[64];
    char *end;
    const bool is_xsd = datatype && strncmp(datatype, XSD, strlen(XSD)) == 0;
    const char *const name = is_xsd ? datatype + strlen(XSD) : "";
    if (!datatype || strcmp(name, "string") == 0)
        return keep(arena, "S", lexical, strlen(lexical));
    if (is_integer_type(name)) {
        const long long number = strtoll(lexical, &end, 10);
        snprintf(text, sizeof text, "%lld", number);
        if (*lexical && !*end)
            return keep(arena, "N", text, strlen(text));
    }
    if (strcmp(name, "double") == 0 && *lexical) {
        const double number = strtod(lexical, &end);
        if (!*end)
            return real_term(arena, "D", number);
    }
    if (strcmp(name, "boolean") == 0)
        return strcmp(lexical, "true") == 0 || strcmp(lexical, "1") == 0 ? "Ttrue" : "Tfalse";
    BaseBuffer both = {0};
    if (!base_buffer_format(&both, "%s^^%s", lexical, datatype))
        abort();
    const char *const term = keep(arena, "O", both.items, both.count);
    base_buffer_free(&both);
    return term;
}

bool term_number(RuleTerm term, bool *is_integer, int64_t *integer, double *real)
{
    *is_integer = term[0] == 'N';
    *integer = *is_integer ? strtoll(term + 1, NULL, 10) : 0;
    *real = strtod(term + 1, NULL);
    return term[0] == 'N' || term[0] == 'D' || term[0] == 'F';
}

/* ---- Names ---------------------------------------------------------------------------------------------------- */

static bool find_prefix(const RuleReader *reader, const char *prefix, size_t length, BaseBuffer *out)
{
    static const struct {
        const char *prefix, *iri;
    } known[] = {{"kg", "kg:"},
                 {"", "kg:"},
                 {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
                 {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
                 {"owl", "http://www.w3.org/2002/07/owl#"},
                 {"xsd", XSD},
                 {"sh", "http://www.w3.org/ns/shacl#"}};
    for (const char *at = reader->program; (at = strstr(at, "@prefix")) != NULL;) {
        at += strlen("@prefix");
        at += strspn(at, " \t\n");
        if (strncmp(at, prefix, length) == 0 && at[length] == ':') {
            const char *const open = strchr(at, '<'), *const close = open ? strchr(open, '>') : NULL;
            return close && base_buffer_add(out, open + 1, (size_t)(close - open - 1));
        }
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].prefix) == length && strncmp(known[i].prefix, prefix, length) == 0)
            return base_buffer_add(out, known[i].iri, strlen(known[i].iri));
    return false;
}

static RuleTerm bare_name(const RuleReader *reader, const char *text, size_t length)
{
    BaseBuffer iri = {0};
    const char *const base = strstr(reader->program, "@base");
    const char *const open = base ? strchr(base, '<') : NULL, *const close = open ? strchr(open, '>') : NULL;
    bool is_fine = close ? base_buffer_add(&iri, open + 1, (size_t)(close - open - 1))
                         : base_buffer_add(&iri, "kg:", reader->is_by_itself ? 0 : 3);
    is_fine = is_fine && base_buffer_add(&iri, text, length);
    if (!is_fine)
        abort();
    RuleTerm term = keep(reader->arena, "I", iri.items, iri.count);
    base_buffer_free(&iri);
    return term;
}

static size_t name_length(const char *at)
{
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || at[length] == '_' || at[length] == '%')
        length++;
    return isalpha((unsigned char)at[0]) ? length : 0;
}

/* <iri>, p:x or a bare name; NULL: none of them. */
static RuleTerm read_name(Cursor *cursor)
{
    const char *const at = cursor->at;
    if (*at == '<') {
        const char *const close = strchr(at, '>');
        if (!close)
            return NULL;
        cursor->at = close + 1;
        if (!cursor->reader->is_by_itself && strncmp(at, "<_:", 3) == 0) /* a blank node of the database */
            return keep(cursor->reader->arena, "B", at + 3, (size_t)(close - at - 3));
        return keep(cursor->reader->arena, "I", at + 1, (size_t)(close - at - 1));
    }
    const size_t length = name_length(at);
    if (at[length] == ':' && name_length(at + length + 1) > 0) {
        BaseBuffer iri = {0};
        const size_t local = name_length(at + length + 1);
        if (!find_prefix(cursor->reader, at, length, &iri) || !base_buffer_add(&iri, at + length + 1, local)) {
            base_buffer_free(&iri);
            return NULL;
        }
        cursor->at = at + length + 1 + local;
        RuleTerm term = keep(cursor->reader->arena, "I", iri.items, iri.count);
        base_buffer_free(&iri);
        return term;
    }
    if (length == 0)
        return NULL;
    cursor->at = at + length;
    return bare_name(cursor->reader, at, length);
}

/* ---- Constants ------------------------------------------------------------------------------------------------ */

/* A quoted text; rules have no escapes, printed terms do. */
static RuleTerm read_string(Cursor *cursor, bool has_escapes)
{
    BaseArena *const arena = cursor->reader->arena;
    BaseBuffer text = {0};
    const char *at = cursor->at;
    const bool is_long = !has_escapes && strncmp(at, "\"\"\"", 3) == 0;
    for (at += is_long ? 3 : 1; *at && (is_long ? strncmp(at, "\"\"\"", 3) != 0 : *at != '"'); at++) {
        char c = *at;
        if (has_escapes && c == '\\') {
            at++;
            c = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at == 'r' ? '\r' : *at;
        }
        if (!base_buffer_add(&text, &c, 1))
            abort();
    }
    at += is_long ? 3 : 1;
    const char *const lexical = base_arena_copy(arena, text.count ? text.items : "", text.count);
    base_buffer_free(&text);
    cursor->at = at;
    if (*at == '@') {
        size_t length = 1;
        while (isalnum((unsigned char)at[length]) || at[length] == '-')
            length++;
        BaseBuffer both = {0};
        if (!base_buffer_format(&both, "%.*s@", (int)length - 1, at + 1))
            abort();
        for (size_t i = 0; i + 1 < both.count; i++)
            both.items[i] = (char)tolower((unsigned char)both.items[i]);
        if (!base_buffer_format(&both, "%s", lexical))
            abort();
        cursor->at = at + length;
        RuleTerm term = keep(arena, "L", both.items, both.count);
        base_buffer_free(&both);
        return term;
    }
    if (strncmp(at, "^^", 2) != 0)
        return make_literal(arena, lexical, NULL);
    cursor->at = at + 2;
    RuleTerm datatype = read_name(cursor);
    return datatype ? make_literal(arena, lexical, datatype + 1) : NULL;
}

static RuleTerm read_number(Cursor *cursor)
{
    BaseArena *const arena = cursor->reader->arena;
    const char *const at = cursor->at;
    size_t length = strspn(at, "+-");
    length += strspn(at + length, "0123456789");
    bool is_real = false;
    if (at[length] == '.' && isdigit((unsigned char)at[length + 1])) {
        is_real = true;
        length += 1 + strspn(at + length + 1, "0123456789");
    }
    if (tolower((unsigned char)at[length]) == 'e') {
        is_real = true;
        length += 1 + strspn(at + length + 1, "+-0123456789");
    }
    char text[80];
    snprintf(text, sizeof text, "%.*s", (int)length, at);
    cursor->at = at + length;
    if (*cursor->at == 'f' || *cursor->at == 'd') {
        const bool is_float = *cursor->at++ == 'f';
        if (is_real)
            return real_term(arena, is_float ? "F" : "D", is_float ? (double)strtof(text, NULL) : strtod(text, NULL));
    }
    return is_real ? real_term(arena, "D", strtod(text, NULL)) : make_literal(arena, text, XSD "integer");
}

static bool starts_number(const char *at)
{
    return isdigit((unsigned char)at[at[0] == '-' || at[0] == '+' ? 1 : 0]);
}

RuleTerm read_printed(const RuleReader *reader, const char *text)
{
    Cursor cursor = {.reader = reader, .at = text};
    if (*text == '"')
        return read_string(&cursor, true);
    if (strncmp(text, "_:", 2) == 0)
        return keep(reader->arena, "B", text + 2, strlen(text + 2));
    if (*text == '<')
        return keep(reader->arena, "I", text + 1, strlen(text) - 2);
    if (!reader->is_by_itself)
        return strcmp(text, "rdf:type") == 0 ? "Ihttp://www.w3.org/1999/02/22-rdf-syntax-ns#type"
                                             : keep(reader->arena, "Ikg:", text, strlen(text));
    if (starts_number(text))
        return read_number(&cursor);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return keep(reader->arena, "T", text, strlen(text));
    return keep(reader->arena, "I", text, strlen(text));
}

/* ---- Expressions ---------------------------------------------------------------------------------------------- */

static void skip(Cursor *cursor)
{
    for (;;) {
        cursor->at += strspn(cursor->at, " \t\r\n");
        if (*cursor->at != '%')
            return;
        cursor->at += strcspn(cursor->at, "\n");
    }
}

static bool accept(Cursor *cursor, const char *text)
{
    skip(cursor);
    if (strncmp(cursor->at, text, strlen(text)) != 0)
        return false;
    cursor->at += strlen(text);
    return true;
}

static RuleNode *new_node(const Cursor *cursor, RuleNodeKind kind)
{
    RuleNode *const node = base_arena_alloc(cursor->reader->arena, 1, sizeof *node);
    if (!node)
        abort();
    node->kind = kind;
    return node;
}

static RuleNode *fault(Cursor *cursor, const char *message)
{
    cursor->fault = cursor->fault ? cursor->fault : message;
    return NULL;
}

static int find_variable(Cursor *cursor, const char *name, size_t length)
{
    ReadRule *const rule = cursor->rule;
    for (int v = 0; v < rule->variable_count; v++)
        if (strlen(rule->variables[v]) == length && strncmp(rule->variables[v], name, length) == 0)
            return v;
    if (rule->variable_count == 64)
        abort();
    rule->variables[rule->variable_count] = base_arena_copy(cursor->reader->arena, name, length);
    return rule->variable_count++;
}

static bool read_arguments(Cursor *cursor, RuleNode *call)
{
    while (!accept(cursor, ")")) {
        if (call->count > 0 && !accept(cursor, ","))
            return fault(cursor, "a comma is missing") != NULL;
        if (call->count == 16 || !(call->arguments[call->count++] = read_expression(cursor)))
            return fault(cursor, "an argument cannot be read") != NULL;
    }
    return true;
}

static RuleNode *read_call(Cursor *cursor, RuleNodeKind kind, size_t name)
{
    RuleNode *const node = new_node(cursor, kind);
    for (size_t i = 0; i < name && i + 1 < sizeof node->name; i++)
        node->name[i] = (char)toupper((unsigned char)cursor->at[i]);
    cursor->at += name + 1;
    return read_arguments(cursor, node) ? node : NULL;
}

static RuleNode *read_primary(Cursor *cursor)
{
    skip(cursor);
    const char *const at = cursor->at;
    if (accept(cursor, "(")) {
        RuleNode *const inner = read_expression(cursor);
        return accept(cursor, ")") ? inner : fault(cursor, "a parenthesis is missing");
    }
    if (*at == '?' || (*at == '!' && at[1] != '=')) {
        const size_t length = 1 + name_length(at + 1);
        RuleNode *const node = new_node(cursor, NODE_VARIABLE);
        node->variable = find_variable(cursor, at, length);
        cursor->at = at + length;
        return node;
    }
    if (*at == '_' && at[1] != ':') {
        cursor->at++;
        return new_node(cursor, NODE_ANY);
    }
    if (*at == '#') {
        cursor->at++;
        return read_call(cursor, NODE_AGGREGATE, name_length(cursor->at));
    }
    const size_t name = name_length(at);
    if (name > 0 && at[name] == '(')
        return read_call(cursor, NODE_CALL, name);
    RuleNode *const node = new_node(cursor, NODE_TERM);
    if (starts_number(at))
        node->term = read_number(cursor);
    else if (*at == '"')
        node->term = read_string(cursor, false);
    else if (name > 0 && (strncmp(at, "true", name) == 0 || strncmp(at, "false", name) == 0) && at[name] != ':' &&
             name >= 4) {
        node->term = keep(cursor->reader->arena, "T", at, name);
        cursor->at += name;
    } else
        node->term = read_name(cursor);
    return node->term ? node : fault(cursor, "a term cannot be read");
}

static RuleNode *combine(Cursor *cursor, const char *function, RuleNode *left, RuleNode *right)
{
    RuleNode *const node = new_node(cursor, NODE_CALL);
    snprintf(node->name, sizeof node->name, "%s", function);
    node->arguments[0] = left;
    node->arguments[1] = right;
    node->count = 2;
    return right ? node : NULL;
}

static RuleNode *read_product(Cursor *cursor)
{
    RuleNode *left = read_primary(cursor);
    while (left) {
        skip(cursor);
        if (*cursor->at == '*' || *cursor->at == '/') {
            const char *const name = *cursor->at++ == '*' ? "PRODUCT" : "DIVISION";
            left = combine(cursor, name, left, read_primary(cursor));
        } else
            return left;
    }
    return NULL;
}

static RuleNode *read_expression(Cursor *cursor)
{
    RuleNode *left = read_product(cursor);
    while (left) {
        skip(cursor);
        if (*cursor->at == '+' || *cursor->at == '-') {
            const char *const name = *cursor->at++ == '+' ? "SUM" : "SUBTRACTION";
            left = combine(cursor, name, left, read_product(cursor));
        } else
            return left;
    }
    return NULL;
}

/* ---- Rules ---------------------------------------------------------------------------------------------------- */

static const char *const function_names[] = {
    "STRSTARTS", "STRENDS",  "CONTAINS",  "REGEX",    "NOT",      "AND",        "OR",      "ISINTEGER", "ISIRI",
    "ISNULL",    "ISSTRING", "ISNUMERIC", "ISDOUBLE", "EQUALITY", "UNEQUALITY", "NUMLESS", "NUMGREATER"};

static bool is_condition(const char *at, size_t name)
{
    for (size_t i = 0; i < sizeof function_names / sizeof *function_names; i++)
        if (strlen(function_names[i]) == name && strncasecmp(function_names[i], at, name) == 0)
            return true;
    return false;
}

/* An atom where a predicate's name and a parenthesis come; false: something else comes, and nothing was read. */
static bool read_atom(Cursor *cursor, RuleAtom *out)
{
    skip(cursor);
    const char *const start = cursor->at;
    const bool is_negated = accept(cursor, "~");
    skip(cursor);
    const size_t name = name_length(cursor->at);
    const bool is_triple = !cursor->reader->is_by_itself && name == 6 && strncmp(cursor->at, "triple", 6) == 0;
    RuleTerm predicate =
        name > 0 && cursor->at[name] == '(' && is_condition(cursor->at, name) ? NULL : read_name(cursor);
    if (!predicate || *cursor->at != '(') {
        cursor->at = start;
        return false;
    }
    cursor->at++;
    RuleNode call = {0};
    const bool is_fine = read_arguments(cursor, &call);
    *out = (RuleAtom){.is_negated = is_negated,
                      .predicate = predicate,
                      .is_triple = is_triple && call.count == 3,
                      .count = call.count};
    memcpy(out->arguments, call.arguments, sizeof call.arguments);
    return is_fine;
}

static void read_test(Cursor *cursor)
{
    static const char *const signs[] = {"!=", "<=", ">=", "=", "<", ">"};
    RuleTest *const test = &cursor->rule->tests[cursor->rule->test_count++];
    test->left = read_expression(cursor);
    for (size_t i = 0; i < sizeof signs / sizeof *signs && !test->sign[0]; i++)
        if (accept(cursor, signs[i]))
            snprintf(test->sign, sizeof test->sign, "%s", signs[i]);
    if (test->sign[0]) {
        test->right = read_expression(cursor);
        return;
    }
    snprintf(test->sign, sizeof test->sign, "=");
    test->right = new_node(cursor, NODE_TERM);
    test->right->term = "Ttrue";
}

const char *read_rule(const RuleReader *reader, const char *text, ReadRule *out)
{
    Cursor cursor = {.reader = reader, .rule = out, .at = text};
    memset(out, 0, sizeof *out);
    if (accept(&cursor, "#false"))
        out->is_constraint = true;
    else
        do {
            if (!read_atom(&cursor, &out->heads[out->head_count++]))
                return "a head cannot be read";
        } while (accept(&cursor, ","));
    if (accept(&cursor, ":-")) {
        do {
            if (read_atom(&cursor, &out->atoms[out->atom_count]))
                out->atom_count++;
            else
                read_test(&cursor);
        } while (!cursor.fault && accept(&cursor, ","));
    }
    if (!cursor.fault && !accept(&cursor, "."))
        return "the rule does not end where it should";
    return cursor.fault;
}
