/* parse_pattern.c - group graph patterns, triples with their abbreviations, and property paths. */
#include "kg/sparql/parser.h"

#include <stdlib.h>
#include <string.h>

static bool parse_graph_node(Parser *parser, AstNode *out, bool *has_triples);
static AstPath *parse_path(Parser *parser);

/* ---- Triples ---- */

static bool add_triple(Parser *parser, AstNode subject, AstNode predicate, AstPath *path, AstNode object)
{
    const AstTriple triple = {subject, predicate, object, path};
    return BASE_PUSH(&parser->triples, triple) || sparql_parse_no_memory(parser);
}

static AstNode iri_node(const char *iri, AstPlace place)
{
    return (AstNode){.place = place, .variable = AST_NO_VARIABLE, .term = sparql_iri_term(iri)};
}

/* Verb, VerbPath or VerbSimple. A path of one IRI becomes a plain predicate. */
static bool parse_verb(Parser *parser, AstNode *predicate, AstPath **path)
{
    *path = NULL;
    *predicate = (AstNode){.place = sparql_token_place(parser), .variable = AST_NO_VARIABLE};
    if (parser->token.kind == TOKEN_VARIABLE)
        return sparql_parse_variable(parser, predicate);
    if (!parser->in_template) {
        const uint32_t start = parser->token.offset;
        *path = parse_path(parser);
        if (!*path)
            return false;
        predicate->place = sparql_since(parser, start);
        if ((*path)->kind == PATH_LINK) {
            predicate->term = (*path)->iri;
            *path = NULL;
        }
        return true;
    }
    if (parser->token.kind == TOKEN_WORD && parser->token.length == 1 &&
        parser->lexer.text[parser->token.offset] == 'a') {
        predicate->term = sparql_iri_term(RDF "type");
        sparql_advance(parser);
        return true;
    }
    if (!sparql_begins_iri(parser))
        return sparql_expected(parser, "a predicate: a variable, an IRI or 'a'");
    return sparql_parse_iri(parser, &predicate->term);
}

static bool begins_verb(const Parser *parser)
{
    if (parser->token.kind == TOKEN_VARIABLE || sparql_begins_iri(parser))
        return true;
    if (parser->token.kind == TOKEN_WORD)
        return parser->token.length == 1 && parser->lexer.text[parser->token.offset] == 'a';
    return !parser->in_template && (sparql_is(parser, '^') || sparql_is(parser, '!') || sparql_is(parser, '('));
}

static bool parse_object_list(Parser *parser, AstNode subject, AstNode predicate, AstPath *path)
{
    do {
        AstNode object;
        bool has_triples;
        if (!parse_graph_node(parser, &object, &has_triples) || !add_triple(parser, subject, predicate, path, object))
            return false;
    } while (sparql_accept(parser, ','));
    return true;
}

/* PropertyListPathNotEmpty: verb objects (';' (verb objects)?)* */
static bool parse_property_list(Parser *parser, AstNode subject)
{
    for (;;) {
        AstNode predicate;
        AstPath *path;
        if (!begins_verb(parser))
            return sparql_expected(parser, "a predicate: a variable, an IRI, 'a' or a path");
        if (!parse_verb(parser, &predicate, &path) || !parse_object_list(parser, subject, predicate, path))
            return false;
        if (!sparql_is(parser, ';'))
            return true;
        while (sparql_accept(parser, ';'))
            ;
        if (!begins_verb(parser))
            return true;
    }
}

/* BlankNodePropertyListPath: [ verb objects; ... ] */
static bool parse_blank_property_list(Parser *parser, AstNode *out)
{
    const uint32_t start = parser->token.offset;
    *out = (AstNode){.place = sparql_token_place(parser),
                     .variable = sparql_fresh_variable(parser, sparql_token_place(parser))};
    sparql_advance(parser);
    if (parser->status != BASE_OK || !parse_property_list(parser, *out) ||
        !sparql_expect(parser, ']', "']' or ';' and a predicate"))
        return false;
    out->place = sparql_since(parser, start);
    return true;
}

/* CollectionPath: ( node node ... ), a chain of rdf:first and rdf:rest. */
static bool parse_collection(Parser *parser, AstNode *out)
{
    const AstPlace place = sparql_token_place(parser);
    AstNode cell = {.place = place, .variable = sparql_fresh_variable(parser, place)};
    *out = cell;
    sparql_advance(parser);
    if (parser->status != BASE_OK)
        return false;
    for (;;) {
        AstNode item;
        bool has_triples;
        if (!parse_graph_node(parser, &item, &has_triples) ||
            !add_triple(parser, cell, iri_node(RDF "first", place), NULL, item))
            return false;
        const bool is_last = sparql_accept(parser, ')');
        AstNode rest = iri_node(RDF "nil", place);
        if (!is_last)
            rest = (AstNode){.place = place, .variable = sparql_fresh_variable(parser, place)};
        if (parser->status != BASE_OK || !add_triple(parser, cell, iri_node(RDF "rest", place), NULL, rest))
            return false;
        if (is_last)
            return true;
        cell = rest;
    }
}

/* GraphNodePath: a term, a variable, or a node with triples of its own. */
static bool parse_graph_node(Parser *parser, AstNode *out, bool *has_triples)
{
    *has_triples = sparql_is(parser, '[') || sparql_is(parser, '(');
    if (!*has_triples)
        return sparql_parse_graph_term(parser, out);
    if (!sparql_enter(parser))
        return false;
    const bool is_read =
        sparql_is(parser, '[') ? parse_blank_property_list(parser, out) : parse_collection(parser, out);
    sparql_leave(parser);
    return is_read;
}

static bool begins_triples(const Parser *parser)
{
    return sparql_begins_term(parser) || sparql_is(parser, '[') || sparql_is(parser, '(');
}

/* TriplesSameSubjectPath */
static bool parse_triples_same_subject(Parser *parser)
{
    AstNode subject;
    bool has_triples;
    if (!parse_graph_node(parser, &subject, &has_triples))
        return false;
    if (has_triples && !begins_verb(parser))
        return true;
    return parse_property_list(parser, subject);
}

bool sparql_parse_triples_template(Parser *parser)
{
    while (begins_triples(parser)) {
        if (!parse_triples_same_subject(parser))
            return false;
        if (!sparql_accept(parser, '.')) {
            if (begins_triples(parser)) {
                sparql_expected(parser, "'.' between two triples");
                return false;
            }
            return true;
        }
    }
    return true;
}

/* ---- Property paths ---- */

static AstPath *new_path(Parser *parser, AstPathKind kind, AstPath *first, AstPath *second, uint32_t start)
{
    AstPath *const path = sparql_alloc(parser, 1, sizeof *path);
    if (!path)
        return NULL;
    *path = (AstPath){.kind = kind, .first = first, .second = second, .place = sparql_since(parser, start)};
    for (const AstPath *part = first; part; part = part->next)
        if (part->depth >= path->depth)
            path->depth = part->depth + 1;
    if (second && second->depth >= path->depth)
        path->depth = second->depth + 1;
    if (path->depth > PARSER_LONGEST_PATH) {
        sparql_fail(parser, sparql_token_place(parser), "a path too long: more than %d steps", PARSER_LONGEST_PATH);
        base_hint(parser->err, "parts of it can be patterns of their own, with variables between them");
        return NULL;
    }
    return path;
}

static AstPath *parse_path_link(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    KgTerm iri = sparql_iri_term(RDF "type");
    if (parser->token.kind == TOKEN_WORD && parser->token.length == 1 && parser->lexer.text[start] == 'a')
        sparql_advance(parser);
    else if (!sparql_begins_iri(parser)) {
        sparql_expected(parser, "a predicate: an IRI, 'a' or a path");
        return NULL;
    } else if (!sparql_parse_iri(parser, &iri))
        return NULL;
    AstPath *const path = new_path(parser, PATH_LINK, NULL, NULL, start);
    if (path)
        path->iri = iri;
    return path;
}

/* PathOneInPropertySet: iri, a, or ^ before one. */
static AstPath *parse_path_one(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    const bool is_inverse = sparql_accept(parser, '^');
    AstPath *const link = parse_path_link(parser);
    return link && is_inverse ? new_path(parser, PATH_INVERSE, link, NULL, start) : link;
}

/* PathNegatedPropertySet, behind the '!'. */
static AstPath *parse_negated(Parser *parser, uint32_t start)
{
    AstPath *first = NULL, **end = &first;
    if (parser->token.kind == TOKEN_NIL) {
        sparql_advance(parser);
        return new_path(parser, PATH_NEGATED, NULL, NULL, start);
    }
    const bool is_list = sparql_accept(parser, '(');
    do {
        *end = parse_path_one(parser);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    } while (is_list && sparql_accept(parser, '|'));
    if (is_list && !sparql_expect(parser, ')', "'|' or ')'"))
        return NULL;
    return new_path(parser, PATH_NEGATED, first, NULL, start);
}

static AstPath *parse_path_primary(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    if (sparql_accept(parser, '!'))
        return parse_negated(parser, start);
    if (!sparql_accept(parser, '('))
        return parse_path_link(parser);
    AstPath *const path = parse_path(parser);
    return path && sparql_expect(parser, ')', "')'") ? path : NULL;
}

/* PathEltOrInverse: ^? primary [?*+]? */
static AstPath *parse_path_element(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    const bool is_inverse = sparql_accept(parser, '^');
    AstPath *path = parse_path_primary(parser);
    if (path && sparql_accept(parser, '*'))
        path = new_path(parser, PATH_ZERO_OR_MORE, path, NULL, start);
    else if (path && sparql_accept(parser, '+'))
        path = new_path(parser, PATH_ONE_OR_MORE, path, NULL, start);
    else if (path && sparql_accept(parser, '?'))
        path = new_path(parser, PATH_ZERO_OR_ONE, path, NULL, start);
    return path && is_inverse ? new_path(parser, PATH_INVERSE, path, NULL, start) : path;
}

static AstPath *parse_path_sequence(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    AstPath *path = parse_path_element(parser);
    while (path && sparql_accept(parser, '/')) {
        AstPath *const second = parse_path_element(parser);
        path = second ? new_path(parser, PATH_SEQUENCE, path, second, start) : NULL;
    }
    return path;
}

/* Path, that is PathAlternative */
static AstPath *parse_path(Parser *parser)
{
    if (!sparql_enter(parser))
        return NULL;
    const uint32_t start = parser->token.offset;
    AstPath *path = parse_path_sequence(parser);
    while (path && sparql_accept(parser, '|')) {
        AstPath *const second = parse_path_sequence(parser);
        path = second ? new_path(parser, PATH_ALTERNATIVE, path, second, start) : NULL;
    }
    sparql_leave(parser);
    return path;
}

/* ---- Groups ---- */

bool sparql_count_parts(Parser *parser, size_t count)
{
    parser->parts += count;
    if (parser->parts <= PARSER_MOST_PARTS)
        return true;
    sparql_fail(parser, sparql_token_place(parser), "a query too long: more than %d patterns", PARSER_MOST_PARTS);
    base_hint(parser->err, "VALUES takes a list of any length, where the same pattern is there for many terms");
    return false;
}

AstPattern *sparql_new_pattern(Parser *parser, AstPatternKind kind, uint32_t start)
{
    AstPattern *const pattern = sparql_count_parts(parser, 1) ? sparql_alloc(parser, 1, sizeof *pattern) : NULL;
    if (pattern)
        *pattern = (AstPattern){.kind = kind, .place = sparql_since(parser, start)};
    return pattern;
}

static AstPattern *parse_triples_block(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    parser->triples.count = 0;
    if (!sparql_parse_triples_template(parser) || !sparql_count_parts(parser, parser->triples.count))
        return NULL;
    AstPattern *const pattern = sparql_new_pattern(parser, PATTERN_TRIPLES, start);
    AstTriple *const triples = sparql_alloc(parser, parser->triples.count, sizeof *triples);
    if (!pattern || !triples)
        return NULL;
    memcpy(triples, parser->triples.items, parser->triples.count * sizeof *triples);
    pattern->triples = triples;
    pattern->triple_count = parser->triples.count;
    return pattern;
}

/* One group, or several with UNION between them. */
static AstPattern *parse_group_or_union(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    AstPattern *const first = sparql_parse_group_graph_pattern(parser);
    if (!first || !sparql_is_word(parser, "UNION"))
        return first;
    AstPattern **end = &first->next;
    while (sparql_accept_word(parser, "UNION")) {
        if (!sparql_is(parser, '{')) {
            sparql_expected(parser, "'{' after UNION");
            return NULL;
        }
        *end = sparql_parse_group_graph_pattern(parser);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    }
    AstPattern *const pattern = sparql_new_pattern(parser, PATTERN_UNION, start);
    if (pattern)
        pattern->children = first;
    return pattern;
}

/* OPTIONAL or MINUS, and its group. */
static AstPattern *parse_with_group(Parser *parser, AstPatternKind kind, const char *what)
{
    const uint32_t start = parser->token.offset;
    sparql_advance(parser);
    if (!sparql_is(parser, '{')) {
        sparql_expected(parser, what);
        return NULL;
    }
    AstPattern *const group = sparql_parse_group_graph_pattern(parser);
    AstPattern *const pattern = group ? sparql_new_pattern(parser, kind, start) : NULL;
    if (pattern)
        pattern->children = group;
    return pattern;
}

/* GraphGraphPattern */
static AstPattern *parse_graph(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    AstNode name;
    sparql_advance(parser);
    if (parser->token.kind != TOKEN_VARIABLE && !sparql_begins_iri(parser)) {
        sparql_expected(parser, "a variable or an IRI after GRAPH");
        return NULL;
    }
    if (!sparql_parse_var_or_iri(parser, &name))
        return NULL;
    if (!sparql_is(parser, '{')) {
        sparql_expected(parser, "'{' after the graph's name");
        return NULL;
    }
    AstPattern *const group = sparql_parse_group_graph_pattern(parser);
    AstPattern *const pattern = group ? sparql_new_pattern(parser, PATTERN_GRAPH, start) : NULL;
    if (pattern) {
        pattern->target = name;
        pattern->children = group;
    }
    return pattern;
}

static AstPattern *parse_filter(Parser *parser)
{
    const uint32_t start = parser->token.offset, current = parser->pattern;
    sparql_advance(parser);
    AstExpr *const expr = sparql_parse_constraint(parser);
    parser->pattern = current; /* a filter does not end the basic graph pattern around it */
    AstPattern *const pattern = expr ? sparql_new_pattern(parser, PATTERN_FILTER, start) : NULL;
    if (pattern)
        pattern->expr = expr;
    return pattern;
}

static AstPattern *parse_bind(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    AstNode target;
    sparql_advance(parser);
    if (!sparql_expect(parser, '(', "'(' after BIND"))
        return NULL;
    AstExpr *const expr = sparql_parse_expression(parser);
    if (!expr)
        return NULL;
    if (!sparql_accept_word(parser, "AS")) {
        sparql_expected(parser, "AS and a variable");
        return NULL;
    }
    if (!sparql_parse_variable(parser, &target) || !sparql_expect(parser, ')', "')'"))
        return NULL;
    AstPattern *const pattern = sparql_new_pattern(parser, PATTERN_BIND, start);
    if (pattern) {
        pattern->expr = expr;
        pattern->target = target;
    }
    return pattern;
}

static AstPattern *parse_inline_data(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    sparql_advance(parser);
    AstValues *const values = sparql_parse_data_block(parser);
    AstPattern *const pattern = values ? sparql_new_pattern(parser, PATTERN_VALUES, start) : NULL;
    if (pattern)
        pattern->values = values;
    return pattern;
}

/* GraphPatternNotTriples, or *is_one = false when no such thing begins here. */
static AstPattern *parse_not_triples(Parser *parser, bool *is_one)
{
    *is_one = true;
    if (sparql_is(parser, '{'))
        return parse_group_or_union(parser);
    if (sparql_is_word(parser, "OPTIONAL"))
        return parse_with_group(parser, PATTERN_OPTIONAL, "'{' after OPTIONAL");
    if (sparql_is_word(parser, "MINUS"))
        return parse_with_group(parser, PATTERN_MINUS, "'{' after MINUS");
    if (sparql_is_word(parser, "FILTER"))
        return parse_filter(parser);
    if (sparql_is_word(parser, "BIND"))
        return parse_bind(parser);
    if (sparql_is_word(parser, "VALUES"))
        return parse_inline_data(parser);
    if (sparql_is_word(parser, "GRAPH"))
        return parse_graph(parser);
    if (sparql_is_word(parser, "SERVICE"))
        return sparql_parse_service(parser);
    *is_one = false;
    return NULL;
}

static bool append_elements(Parser *parser, AstPattern *group)
{
    AstPattern **end = &group->children;
    bool after_triples = false;
    for (;;) {
        bool is_one;
        AstPattern *element = NULL;
        if (!after_triples && begins_triples(parser)) {
            element = parse_triples_block(parser);
            after_triples = true;
        } else {
            element = parse_not_triples(parser, &is_one);
            if (!is_one)
                return true;
            after_triples = false;
            sparql_accept(parser, '.');
        }
        if (!element)
            return false;
        if (element->kind != PATTERN_TRIPLES && element->kind != PATTERN_FILTER)
            parser->pattern = ++parser->last_pattern;
        *end = element;
        end = &element->next;
    }
}

static AstPattern *parse_group_body(Parser *parser)
{
    const uint32_t start = parser->token.offset;
    if (!sparql_open_brace(parser, "'{'"))
        return NULL;
    AstPattern *const group = sparql_new_pattern(parser, PATTERN_GROUP, start);
    if (!group)
        return NULL;
    if (sparql_is_word(parser, "SELECT")) {
        AstPattern *const inner = sparql_new_pattern(parser, PATTERN_SELECT, parser->token.offset);
        if (!inner)
            return NULL;
        inner->select = sparql_parse_sub_select(parser);
        inner->place.width = 6;
        group->children = inner;
        if (!inner->select || !sparql_close_brace(parser, "'}' after the subquery"))
            return NULL;
    } else if (!append_elements(parser, group) ||
               !sparql_close_brace(parser, "a triple, a pattern such as FILTER or OPTIONAL, or '}'")) {
        return NULL;
    }
    group->place = sparql_since(parser, start);
    return group;
}

AstPattern *sparql_parse_group_graph_pattern(Parser *parser)
{
    if (!sparql_enter(parser))
        return NULL;
    /* Triples of a group inside an expression must not mix with those being read around it. */
    const TripleList around = parser->triples;
    const bool no_aggregates = parser->no_aggregates;
    parser->triples = (TripleList){0};
    parser->no_aggregates = true;
    parser->pattern = ++parser->last_pattern;
    AstPattern *const group = parse_group_body(parser);
    free(parser->triples.items);
    parser->triples = around;
    parser->no_aggregates = no_aggregates;
    sparql_leave(parser);
    return group;
}
