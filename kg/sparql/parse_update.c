/* parse_update.c - SPARQL 1.1 Update: operations between semicolons, by productions 29 to 55 of the grammar. */
#include "kg/sparql/parse.h"

#include "kg/sparql/parser.h"

#include <stdlib.h>
#include <string.h>

/* ---- Quads ---- */

/* Triples up to a token that begins none; a list of one element, or of none when there is no triple. */
static bool parse_triples_of(Parser *parser, const AstNode *graph, AstQuads ***end)
{
    parser->triples.count = 0;
    if (!sparql_parse_triples_template(parser))
        return false;
    const size_t count = parser->triples.count;
    if (count == 0)
        return true;
    AstQuads *const quads = sparql_alloc(parser, 1, sizeof *quads);
    AstTriple *const triples = sparql_alloc(parser, count, sizeof *triples);
    if (!quads || !triples)
        return false;
    memcpy(triples, parser->triples.items, count * sizeof *triples);
    *quads = (AstQuads){.is_named = graph != NULL, .triples = triples, .count = count};
    if (graph)
        quads->graph = *graph;
    **end = quads;
    *end = &quads->next;
    return true;
}

/* QuadsNotTriples: GRAPH name { triples } */
static bool parse_graph_quads(Parser *parser, AstQuads ***end)
{
    AstNode graph;
    sparql_advance(parser);
    if (parser->token.kind != TOKEN_VARIABLE && !sparql_begins_iri(parser))
        return sparql_expected(parser, "a variable or an IRI after GRAPH");
    return sparql_parse_var_or_iri(parser, &graph) && sparql_open_brace(parser, "'{' after the graph's name") &&
           parse_triples_of(parser, &graph, end) && sparql_close_brace(parser, "a triple or '}'");
}

static bool parse_quads_inside(Parser *parser, AstQuads **out)
{
    AstQuads **end = out;
    if (!sparql_open_brace(parser, "'{'") || !parse_triples_of(parser, NULL, &end))
        return false;
    while (sparql_is_word(parser, "GRAPH")) {
        if (!parse_graph_quads(parser, &end))
            return false;
        sparql_accept(parser, '.');
        if (!parse_triples_of(parser, NULL, &end))
            return false;
    }
    return sparql_close_brace(parser, "a triple, GRAPH or '}'");
}

/* QuadPattern and QuadData. */
static bool parse_quads(Parser *parser, AstQuads **out)
{
    parser->in_template = true;
    parser->pattern = ++parser->last_pattern;
    const bool is_read = parse_quads_inside(parser, out);
    parser->in_template = false;
    return is_read;
}

/* A template's labels name nodes to be made; they have nothing to do with those of patterns and data. */
static bool parse_template(Parser *parser, AstQuads **out)
{
    const LabelTable labels = parser->labels;
    parser->labels = (LabelTable){0};
    const bool is_read = parse_quads(parser, out);
    sparql_free_labels(&parser->labels);
    parser->labels = labels;
    return is_read;
}

/* ---- What may stand where (notes 5 to 8 of the grammar) ---- */

typedef struct Refusal {
    const char *operation;
    bool variables, blanks, literal_subjects; /* are refused */
} Refusal;

static bool check_node(Parser *parser, const AstNode *node, const Refusal *refusal)
{
    if (node->variable == AST_NO_VARIABLE)
        return true;
    const char *const name = parser->scope->variables.items[node->variable].name;
    if (name && refusal->variables) {
        sparql_fail(parser, node->place, "%s takes no variables: ?%s", refusal->operation, name);
        base_hint(parser->err, "DELETE { ... } INSERT { ... } WHERE { ... } finds values for variables");
        return false;
    }
    if (!name && refusal->blanks) {
        sparql_fail(parser, node->place, "%s takes no blank nodes", refusal->operation);
        base_hint(parser->err, "a variable finds the node: DELETE { ?x ... } WHERE { ?x ... }");
        return false;
    }
    return true;
}

static bool check_triple(Parser *parser, const AstTriple *triple, const Refusal *refusal)
{
    const AstNode *const subject = &triple->subject;
    if (refusal->literal_subjects && subject->variable == AST_NO_VARIABLE && subject->term.kind == KG_LITERAL)
        return sparql_fail(parser, subject->place, "a literal cannot be the subject, expected an IRI or a blank node");
    return check_node(parser, subject, refusal) && check_node(parser, &triple->predicate, refusal) &&
           check_node(parser, &triple->object, refusal);
}

static bool check_quads(Parser *parser, const AstQuads *quads, Refusal refusal)
{
    for (; quads; quads = quads->next) {
        if (quads->is_named && !check_node(parser, &quads->graph, &refusal))
            return false;
        for (size_t i = 0; i < quads->count; i++)
            if (!check_triple(parser, &quads->triples[i], &refusal))
                return false;
    }
    return true;
}

/* ---- Data and templates ---- */

static bool parse_insert_data(Parser *parser, AstOperation *operation)
{
    operation->kind = UPDATE_INSERT_DATA;
    return parse_quads(parser, &operation->inserted) &&
           check_quads(parser, operation->inserted,
                       (Refusal){.operation = "INSERT DATA", .variables = true, .literal_subjects = true});
}

static bool parse_delete_data(Parser *parser, AstOperation *operation)
{
    operation->kind = UPDATE_DELETE_DATA;
    return parse_quads(parser, &operation->deleted) &&
           check_quads(
               parser, operation->deleted,
               (Refusal){.operation = "DELETE DATA", .variables = true, .blanks = true, .literal_subjects = true});
}

static AstPattern *new_pattern(Parser *parser, AstPatternKind kind, AstPlace place)
{
    AstPattern *const pattern = sparql_count_parts(parser, 1) ? sparql_alloc(parser, 1, sizeof *pattern) : NULL;
    if (pattern)
        *pattern = (AstPattern){.kind = kind, .place = place};
    return pattern;
}

static AstPattern *new_triples(Parser *parser, const AstQuads *quads, AstPlace place)
{
    AstPattern *const pattern =
        sparql_count_parts(parser, quads->count) ? new_pattern(parser, PATTERN_TRIPLES, place) : NULL;
    if (pattern) {
        pattern->triples = quads->triples;
        pattern->triple_count = quads->count;
    }
    return pattern;
}

/* The quads are also the pattern. */
static AstPattern *pattern_of(Parser *parser, const AstQuads *quads, AstPlace place)
{
    AstPattern *const group = new_pattern(parser, PATTERN_GROUP, place);
    AstPattern **end = group ? &group->children : NULL;
    for (; quads && end; quads = quads->next) {
        *end = new_triples(parser, quads, place);
        if (quads->is_named && *end) {
            AstPattern *const inner = new_pattern(parser, PATTERN_GROUP, place);
            AstPattern *const graph = new_pattern(parser, PATTERN_GRAPH, place);
            if (!inner || !graph)
                return NULL;
            inner->children = *end;
            graph->target = quads->graph;
            graph->children = inner;
            *end = graph;
        }
        end = *end ? &(*end)->next : NULL;
    }
    return end ? group : NULL;
}

static bool parse_delete_where(Parser *parser, AstOperation *operation)
{
    const uint32_t start = parser->token.offset;
    if (!parse_quads(parser, &operation->deleted) ||
        !check_quads(parser, operation->deleted, (Refusal){.operation = "DELETE WHERE", .blanks = true}))
        return false;
    operation->select->where = pattern_of(parser, operation->deleted, sparql_since(parser, start));
    return operation->select->where != NULL;
}

/* Behind WITH and the words DELETE or INSERT: the templates, the graphs and the pattern. */
static bool parse_modify(Parser *parser, AstOperation *operation, bool deletes)
{
    if (deletes) {
        if (!sparql_is(parser, '{'))
            return sparql_expected(parser, operation->has_with ? "'{' after DELETE" : "'{', DATA or WHERE");
        if (!parse_template(parser, &operation->deleted) ||
            !check_quads(parser, operation->deleted, (Refusal){.operation = "DELETE", .blanks = true}))
            return false;
    }
    if (!deletes || sparql_accept_word(parser, "INSERT")) {
        if (!sparql_is(parser, '{'))
            return sparql_expected(parser, deletes || operation->has_with ? "'{' after INSERT" : "'{' or DATA");
        if (!parse_template(parser, &operation->inserted))
            return false;
    }
    AstSelect *const select = operation->select;
    if (!sparql_parse_dataset(parser, "USING", &select->dataset))
        return false;
    if (!sparql_is_word(parser, "WHERE"))
        return sparql_expected(parser, operation->inserted || select->dataset ? "WHERE and '{'" : "INSERT or WHERE");
    return sparql_parse_where_clause(parser, select);
}

static bool parse_insert(Parser *parser, AstOperation *operation)
{
    sparql_advance(parser);
    return sparql_accept_word(parser, "DATA") ? parse_insert_data(parser, operation)
                                              : parse_modify(parser, operation, false);
}

static bool parse_delete(Parser *parser, AstOperation *operation)
{
    sparql_advance(parser);
    if (sparql_accept_word(parser, "DATA"))
        return parse_delete_data(parser, operation);
    return sparql_accept_word(parser, "WHERE") ? parse_delete_where(parser, operation)
                                               : parse_modify(parser, operation, true);
}

static bool parse_with(Parser *parser, AstOperation *operation)
{
    sparql_advance(parser);
    operation->has_with = true;
    if (!sparql_parse_iri(parser, &operation->with))
        return false;
    const bool deletes = sparql_accept_word(parser, "DELETE");
    if (!deletes && !sparql_accept_word(parser, "INSERT"))
        return sparql_expected(parser, "DELETE or INSERT");
    return parse_modify(parser, operation, deletes);
}

/* ---- Graphs ---- */

static bool parse_graph_iri(Parser *parser, AstGraphs *out)
{
    *out = (AstGraphs){.kind = GRAPHS_IRI, .place = sparql_token_place(parser)};
    return sparql_parse_iri(parser, &out->iri);
}

/* GraphRef: GRAPH iri */
static bool parse_graph_ref(Parser *parser, AstGraphs *out)
{
    if (!sparql_accept_word(parser, "GRAPH"))
        return sparql_expected(parser, "GRAPH and an IRI");
    return parse_graph_iri(parser, out);
}

static bool parse_graph_or_default(Parser *parser, AstGraphs *out)
{
    *out = (AstGraphs){.kind = GRAPHS_DEFAULT, .place = sparql_token_place(parser)};
    if (sparql_accept_word(parser, "DEFAULT"))
        return true;
    if (!sparql_is_word(parser, "GRAPH") && !sparql_begins_iri(parser))
        return sparql_expected(parser, "DEFAULT or the IRI of a graph");
    sparql_accept_word(parser, "GRAPH");
    return parse_graph_iri(parser, out);
}

static bool parse_clear(Parser *parser, AstOperation *operation)
{
    static const struct {
        const char *word;
        AstGraphsKind kind;
    } many[] = {{"DEFAULT", GRAPHS_DEFAULT}, {"NAMED", GRAPHS_NAMED}, {"ALL", GRAPHS_ALL}};
    sparql_advance(parser);
    operation->silent = sparql_accept_word(parser, "SILENT");
    operation->from.place = sparql_token_place(parser);
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        if (sparql_accept_word(parser, many[i].word)) {
            operation->from.kind = many[i].kind;
            return true;
        }
    return sparql_is_word(parser, "GRAPH") ? parse_graph_ref(parser, &operation->from)
                                           : sparql_expected(parser, "GRAPH and an IRI, DEFAULT, NAMED or ALL");
}

static bool parse_create(Parser *parser, AstOperation *operation)
{
    sparql_advance(parser);
    operation->silent = sparql_accept_word(parser, "SILENT");
    return parse_graph_ref(parser, &operation->to);
}

static bool parse_load(Parser *parser, AstOperation *operation)
{
    sparql_advance(parser);
    operation->silent = sparql_accept_word(parser, "SILENT");
    operation->from.place = sparql_token_place(parser);
    operation->to = (AstGraphs){.kind = GRAPHS_DEFAULT};
    if (!sparql_begins_iri(parser))
        return sparql_expected(parser, "the IRI of a file, as in LOAD <file:///tmp/data.ttl>");
    if (!sparql_parse_iri(parser, &operation->source))
        return false;
    return !sparql_accept_word(parser, "INTO") || parse_graph_ref(parser, &operation->to);
}

/* ADD, MOVE and COPY. */
static bool parse_transfer(Parser *parser, AstOperation *operation)
{
    sparql_advance(parser);
    operation->silent = sparql_accept_word(parser, "SILENT");
    if (!parse_graph_or_default(parser, &operation->from))
        return false;
    if (!sparql_accept_word(parser, "TO"))
        return sparql_expected(parser, "TO and the other graph");
    return parse_graph_or_default(parser, &operation->to);
}

/* ---- Operations ---- */

static const struct {
    const char *word;
    AstOperationKind kind;
    bool (*parse)(Parser *parser, AstOperation *operation);
} operations[] = {
    {"INSERT", UPDATE_MODIFY, parse_insert}, {"DELETE", UPDATE_MODIFY, parse_delete},
    {"WITH", UPDATE_MODIFY, parse_with},     {"LOAD", UPDATE_LOAD, parse_load},
    {"CLEAR", UPDATE_CLEAR, parse_clear},    {"DROP", UPDATE_CLEAR, parse_clear},
    {"CREATE", UPDATE_CREATE, parse_create}, {"ADD", UPDATE_ADD, parse_transfer},
    {"MOVE", UPDATE_MOVE, parse_transfer},   {"COPY", UPDATE_COPY, parse_transfer},
};

static bool refuse_operation(Parser *parser)
{
    static const char *const queries[] = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        if (sparql_is_word(parser, queries[i])) {
            sparql_fail(parser, sparql_token_place(parser), "%s asks and changes nothing: it is a query, not an update",
                        queries[i]);
            base_hint(parser->err, "kgq query runs it");
            return false;
        }
    return sparql_expected(parser, "INSERT, DELETE, WITH, LOAD, CLEAR, DROP, CREATE, ADD, MOVE or COPY");
}

/* Each operation has variables of its own. */
static bool parse_operation(Parser *parser, AstOperation *operation)
{
    size_t which = 0;
    const size_t count = sizeof operations / sizeof *operations;
    while (which < count && !sparql_is_word(parser, operations[which].word))
        which++;
    if (which == count)
        return refuse_operation(parser);
    Scope scope = {0};
    parser->scope = &scope;
    parser->parts = 0;
    *operation = (AstOperation){.kind = operations[which].kind,
                                .place = sparql_token_place(parser),
                                .select = sparql_new_select(parser, KG_CONSTRUCT)};
    const bool is_read = operation->select && operations[which].parse(parser, operation) &&
                         sparql_finish_select(parser, operation->select);
    parser->scope = NULL;
    free(scope.variables.items);
    return is_read;
}

static bool parse_all(Parser *parser, AstUpdate *update)
{
    AstOperation **end = &update->first;
    for (;;) {
        if (!sparql_parse_prologue(parser))
            return false;
        if (parser->token.kind == TOKEN_END)
            return true;
        *end = sparql_alloc(parser, 1, sizeof **end);
        if (!*end || !parse_operation(parser, *end))
            return false;
        end = &(*end)->next;
        update->count++;
        if (!sparql_accept(parser, ';'))
            return parser->token.kind == TOKEN_END || sparql_expected(parser, "';' or the end of the update");
    }
}

BaseStatus sparql_parse_update(const char *text, size_t length, const char *name, const char *base,
                               const KgPrefix *prefixes, size_t prefix_count, BaseArena *arena, AstUpdate **out,
                               BaseError *err)
{
    BaseError unwanted = {0};
    Parser parser = {.lexer = {.text = text, .length = length},
                     .what = "update",
                     .name = name,
                     .base = {base ? base : "", base ? strlen(base) : 0},
                     .arena = arena,
                     .err = err ? err : &unwanted};
    *out = NULL;
    AstUpdate *const update =
        sparql_open(&parser, prefixes, prefix_count) ? sparql_alloc(&parser, 1, sizeof *update) : NULL;
    if (update)
        parse_all(&parser, update);
    const BaseStatus status = sparql_close(&parser);
    if (status == BASE_OK)
        *out = update;
    return status;
}
