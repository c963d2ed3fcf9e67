/* solutions.c - readers of the result formats, as small as the suite allows, and the comparison. */
#include "solutions.h"

#include "turtle.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RS "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
#define XSD "http://www.w3.org/2001/XMLSchema#"

static KgText keep(Solutions *solutions, const char *bytes, size_t length)
{
    return (KgText){base_arena_copy(&solutions->arena, bytes, length), length};
}

static KgTerm keep_term(Solutions *solutions, const KgTerm *term)
{
    return (KgTerm){.kind = term->kind,
                    .text = keep(solutions, term->text.bytes, term->text.length),
                    .datatype = keep(solutions, term->datatype.bytes, term->datatype.length),
                    .language = keep(solutions, term->language.bytes, term->language.length)};
}

static size_t column(Solutions *solutions, const char *name)
{
    for (size_t i = 0; i < solutions->width; i++)
        if (strcmp(solutions->names[i], name) == 0)
            return i;
    if (solutions->width == MOST_COLUMNS || solutions->cells.count > 0)
        return MOST_COLUMNS;
    solutions->names[solutions->width] = keep(solutions, name, strlen(name)).bytes;
    return solutions->width++;
}

static KgTerm *add_row(Solutions *solutions)
{
    for (size_t i = 0; i < (solutions->width ? solutions->width : 1); i++)
        if (!BASE_PUSH(&solutions->cells, (KgTerm){0}))
            return NULL;
    return solutions->cells.items + solutions->cells.count - (solutions->width ? solutions->width : 1);
}

static void set_cell(Solutions *solutions, const char *name, const KgTerm *term)
{
    const size_t at = column(solutions, name);
    if (at < solutions->width && solutions->cells.count >= solutions->width)
        solutions->cells.items[solutions->cells.count - solutions->width + at] = keep_term(solutions, term);
}

void free_solutions(Solutions *solutions)
{
    free(solutions->cells.items);
    base_arena_free(&solutions->arena);
    *solutions = (Solutions){0};
}

bool read_query(KgQuery *query, Solutions *out, BaseError *err)
{
    *out = (Solutions){.is_boolean = kg_query_form(query) == KG_ASK, .answer = kg_query_answer(query)};
    BaseStatus status;
    for (size_t i = 0; i < kg_query_column_count(query); i++)
        column(out, kg_query_column(query, i));
    while ((status = kg_query_next(query, err)) == BASE_OK) {
        KgTerm term, *const row = add_row(out);
        for (size_t i = 0; row && i < out->width; i++)
            if (kg_query_cell(query, i, &term))
                row[i] = keep_term(out, &term);
    }
    return status == BASE_END;
}

/* ---- XML ---- */

typedef struct Tag {
    const char *name;
    size_t length;
    const char *attributes, *end; /* end: behind the '>' */
    bool is_close, is_empty;
} Tag;

/* The next tag from `at`; NULL name: none. Comments and declarations are passed over. */
static Tag next_tag(const char *at)
{
    Tag tag = {0};
    while ((at = strchr(at, '<')) != NULL) {
        if (strncmp(at, "<!--", 4) == 0) {
            at = strstr(at, "-->");
            if (!at)
                return tag;
        } else if (at[1] == '?' || at[1] == '!') {
            at++;
        } else {
            tag.is_close = at[1] == '/';
            tag.name = at + 1 + tag.is_close;
            tag.length = strcspn(tag.name, " \t\r\n/>");
            tag.attributes = tag.name + tag.length;
            const char *const close = strchr(tag.attributes, '>');
            if (!close)
                return (Tag){0};
            tag.is_empty = close[-1] == '/';
            tag.end = close + 1;
            const char *const colon = memchr(tag.name, ':', tag.length);
            if (colon) { /* local names are enough to tell them apart */
                tag.length -= (size_t)(colon + 1 - tag.name);
                tag.name = colon + 1;
            }
            return tag;
        }
    }
    return tag;
}

static bool tag_is(const Tag *tag, const char *name)
{
    return tag->length == strlen(name) && memcmp(tag->name, name, tag->length) == 0;
}

/* Text with the entities taken out. */
static KgText unescape(Solutions *solutions, const char *from, const char *to)
{
    char *const text = base_arena_alloc(&solutions->arena, (size_t)(to - from) + 1, 1);
    size_t length = 0;
    while (from < to) {
        static const struct {
            const char *name;
            char meant;
        } entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
        bool is_entity = false;
        for (size_t i = 0; i < sizeof entities / sizeof *entities && !is_entity; i++) {
            const size_t size = strlen(entities[i].name);
            if ((size_t)(to - from) >= size && memcmp(from, entities[i].name, size) == 0) {
                text[length++] = entities[i].meant;
                from += size;
                is_entity = true;
            }
        }
        if (!is_entity)
            text[length++] = *from++;
    }
    return (KgText){text, length};
}

static KgText attribute(Solutions *solutions, const Tag *tag, const char *name)
{
    const size_t size = strlen(name);
    for (const char *at = tag->attributes; at < tag->end; at++)
        if (strncmp(at, name, size) == 0 && at[size] == '=') {
            const char quote = at[size + 1], *const start = at + size + 2, *const end = strchr(start, quote);
            return end ? unescape(solutions, start, end) : (KgText){0};
        }
    return (KgText){0};
}

typedef struct XmlState {
    KgText variable;
} XmlState;

static void on_sparql_tag(Solutions *out, XmlState *state, const Tag *tag, KgText content)
{
    KgTerm term = {0};
    if (tag->is_close)
        return;
    if (tag_is(tag, "variable") && tag->is_empty)
        column(out, attribute(out, tag, "name").bytes);
    else if (tag_is(tag, "variable") && attribute(out, tag, "name").bytes)
        column(out, attribute(out, tag, "name").bytes);
    else if (tag_is(tag, "result"))
        add_row(out);
    else if (tag_is(tag, "binding"))
        state->variable = attribute(out, tag, "name");
    else if (tag_is(tag, "boolean")) {
        out->is_boolean = true;
        out->answer = content.length >= 4 && strncmp(content.bytes, "true", 4) == 0;
    } else if (tag_is(tag, "uri") || tag_is(tag, "bnode") || tag_is(tag, "literal")) {
        term.kind = tag_is(tag, "uri") ? KG_IRI : tag_is(tag, "bnode") ? KG_BLANK : KG_LITERAL;
        term.text = content;
        term.datatype = attribute(out, tag, "datatype");
        term.language = attribute(out, tag, "xml:lang");
        set_cell(out, state->variable.bytes, &term);
    }
}

static void on_result_set_tag(Solutions *out, XmlState *state, const Tag *tag, KgText content)
{
    KgTerm term = {.kind = KG_LITERAL, .text = content};
    if (tag->is_close)
        return;
    if (tag_is(tag, "resultVariable"))
        column(out, content.bytes);
    else if (tag_is(tag, "solution"))
        add_row(out);
    else if (tag_is(tag, "variable"))
        state->variable = content;
    else if (tag_is(tag, "value")) {
        const KgText iri = attribute(out, tag, "rdf:resource"), blank = attribute(out, tag, "rdf:nodeID");
        if (iri.bytes || blank.bytes)
            term = (KgTerm){.kind = iri.bytes ? KG_IRI : KG_BLANK, .text = iri.bytes ? iri : blank};
        else {
            term.datatype = attribute(out, tag, "rdf:datatype");
            term.language = attribute(out, tag, "xml:lang");
        }
        set_cell(out, state->variable.bytes, &term);
    }
}

bool read_xml_solutions(const char *path, Solutions *out)
{
    char *bytes;
    size_t length;
    *out = (Solutions){0};
    if (base_read_file(path, &bytes, &length, NULL) != BASE_OK)
        return false;
    const bool is_rdf = strstr(bytes, RS) != NULL;
    XmlState state = {0};
    for (Tag tag = next_tag(bytes); tag.name; tag = next_tag(tag.end)) {
        const char *const stop = strchr(tag.end, '<');
        const KgText content = tag.is_empty || !stop ? (KgText){"", 0} : unescape(out, tag.end, stop);
        if (is_rdf)
            on_result_set_tag(out, &state, &tag, content);
        else
            on_sparql_tag(out, &state, &tag, content);
    }
    free(bytes);
    return true;
}

/* ---- JSON ---- */

static KgText json_text(Solutions *out, const json_t *object, const char *key)
{
    const json_t *const value = json_object_get(object, key);
    return value ? keep(out, json_string_value(value), json_string_length(value)) : (KgText){0};
}

bool read_json_solutions(const char *path, Solutions *out)
{
    *out = (Solutions){0};
    json_t *const root = json_load_file(path, 0, NULL);
    if (!root)
        return false;
    size_t i;
    json_t *item, *cell;
    const char *name;
    const json_t *const answer = json_object_get(root, "boolean");
    out->is_boolean = answer != NULL;
    out->answer = json_is_true(answer);
    json_array_foreach(json_object_get(json_object_get(root, "head"), "vars"), i, item)
        column(out, json_string_value(item));
    json_array_foreach(json_object_get(json_object_get(root, "results"), "bindings"), i, item)
    {
        add_row(out);
        json_object_foreach(item, name, cell)
        {
            const KgText type = json_text(out, cell, "type");
            const KgTerm term = {.kind = strcmp(type.bytes, "uri") == 0     ? KG_IRI
                                         : strcmp(type.bytes, "bnode") == 0 ? KG_BLANK
                                                                            : KG_LITERAL,
                                 .text = json_text(out, cell, "value"),
                                 .datatype = json_text(out, cell, "datatype"),
                                 .language = json_text(out, cell, "xml:lang")};
            set_cell(out, name, &term);
        }
    }
    json_decref(root);
    return true;
}

/* ---- Turtle ---- */

static void read_solution(const Document *document, const KgTerm *solution, Solutions *out)
{
    add_row(out);
    for (size_t i = 0; i < document->count; i++) {
        const Fact *const fact = &document->items[i];
        if (!term_is(&fact->p, RS "binding") || !same_term(&fact->s, solution))
            continue;
        const KgTerm *const variable = object_of(document, &fact->o, RS "variable");
        const KgTerm *const value = object_of(document, &fact->o, RS "value");
        if (variable && value)
            set_cell(out, variable->text.bytes, value);
    }
}

/* Solutions in the order of their rs:index, where they have one. */
static void read_result_set(const Document *document, Solutions *out)
{
    for (size_t i = 0; i < document->count; i++)
        if (term_is(&document->items[i].p, RS "resultVariable"))
            column(out, document->items[i].o.text.bytes);
    size_t given = 0, total = 0;
    for (size_t i = 0; i < document->count; i++)
        total += term_is(&document->items[i].p, RS "solution");
    for (int index = 1; given < total && index < 1000; index++)
        for (size_t i = 0; i < document->count; i++) {
            const Fact *const fact = &document->items[i];
            if (!term_is(&fact->p, RS "solution"))
                continue;
            const KgTerm *const number = object_of(document, &fact->o, RS "index");
            if (number ? atoi(number->text.bytes) != index : index != 1)
                continue;
            read_solution(document, &fact->o, out);
            given++;
        }
}

bool read_turtle_solutions(const char *path, const char *base, Solutions *out)
{
    Document document;
    *out = (Solutions){0};
    const bool is_read = read_turtle(path, base, &document);
    bool is_result_set = false;
    for (size_t i = 0; i < document.count; i++) {
        is_result_set |= term_is(&document.items[i].o, RS "ResultSet");
        if (term_is(&document.items[i].p, RS "boolean")) {
            out->is_boolean = true;
            out->answer = term_is(&document.items[i].o, "true");
        }
    }
    if (is_result_set) {
        read_result_set(&document, out);
    } else {
        column(out, "subject");
        column(out, "predicate");
        column(out, "object");
        for (size_t i = 0; i < document.count; i++) {
            KgTerm *const row = add_row(out);
            row[0] = keep_term(out, &document.items[i].s);
            row[1] = keep_term(out, &document.items[i].p);
            row[2] = keep_term(out, &document.items[i].o);
        }
    }
    free_document(&document);
    return is_read;
}

/* ---- Comparing ---- */

typedef struct Matching {
    const Solutions *a, *b;
    size_t columns[MOST_COLUMNS]; /* of b, by column of a */
    bool in_order;
    bool *is_used; /* rows of b */
    struct {
        KgText a, b;
    } blanks[256];
    size_t blank_count;
    size_t tries;
} Matching;

static bool same_text(KgText a, KgText b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static bool match_blanks(Matching *matching, KgText a, KgText b)
{
    for (size_t i = 0; i < matching->blank_count; i++)
        if (same_text(matching->blanks[i].a, a) || same_text(matching->blanks[i].b, b))
            return same_text(matching->blanks[i].a, a) && same_text(matching->blanks[i].b, b);
    if (matching->blank_count == 256)
        return false;
    matching->blanks[matching->blank_count].a = a;
    matching->blanks[matching->blank_count++].b = b;
    return true;
}

static bool same_number(const KgTerm *a, const KgTerm *b)
{
    static const char *const types[] = {XSD "decimal", XSD "double", XSD "float", XSD "integer"};
    bool is_number = false;
    for (size_t i = 0; i < 4; i++)
        is_number |= a->datatype.length && strcmp(a->datatype.bytes, types[i]) == 0;
    double x, y;
    return is_number && same_text(a->datatype, b->datatype) && base_parse_double(a->text.bytes, -1e300, 1e300, &x) &&
           base_parse_double(b->text.bytes, -1e300, 1e300, &y) && fabs(x - y) <= 1e-9 * fabs(x);
}

static bool match_terms(Matching *matching, const KgTerm *a, const KgTerm *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == KG_BLANK)
        return match_blanks(matching, a->text, b->text);
    if (a->kind == KG_LITERAL && same_number(a, b))
        return true;
    const KgText string = {XSD "string", sizeof XSD "string" - 1};
    const KgText x = a->datatype.length ? a->datatype : string, y = b->datatype.length ? b->datatype : string;
    const bool same_language =
        a->language.length == b->language.length &&
        (a->language.length == 0 || strncasecmp(a->language.bytes, b->language.bytes, a->language.length) == 0);
    return same_text(a->text, b->text) && same_text(x, y) && same_language;
}

static bool match_rows(Matching *matching, size_t row, size_t other)
{
    const size_t width = matching->a->width;
    for (size_t i = 0; i < width; i++)
        if (!match_terms(matching, &matching->a->cells.items[row * width + i],
                         &matching->b->cells.items[other * width + matching->columns[i]]))
            return false;
    return true;
}

/* Backtracking: row after row of a takes an unused row of b, blank nodes staying consistent. */
static bool match_from(Matching *matching, size_t row, size_t rows)
{
    if (row == rows)
        return true;
    for (size_t other = matching->in_order ? row : 0; other < (matching->in_order ? row + 1 : rows); other++) {
        const size_t blanks = matching->blank_count;
        if (matching->is_used[other] || ++matching->tries > 2000000)
            continue;
        if (match_rows(matching, row, other)) {
            matching->is_used[other] = true;
            if (match_from(matching, row + 1, rows))
                return true;
            matching->is_used[other] = false;
        }
        matching->blank_count = blanks;
    }
    return false;
}

bool same_solutions(const Solutions *a, const Solutions *b, bool in_order)
{
    if (a->is_boolean || b->is_boolean)
        return a->is_boolean == b->is_boolean && a->answer == b->answer;
    if (a->width != b->width || a->cells.count != b->cells.count)
        return false;
    Matching *const matching = calloc(1, sizeof *matching);
    const size_t rows = a->cells.count / (a->width ? a->width : 1);
    bool *const is_used = calloc(rows + 1, sizeof *is_used);
    bool is_same = matching && is_used;
    for (size_t i = 0; i < a->width && is_same; i++) {
        matching->columns[i] = MOST_COLUMNS;
        for (size_t k = 0; k < b->width; k++)
            if (strcmp(a->names[i], b->names[k]) == 0)
                matching->columns[i] = k;
        is_same = matching->columns[i] != MOST_COLUMNS;
    }
    if (is_same) {
        matching->a = a;
        matching->b = b;
        matching->in_order = in_order;
        matching->is_used = is_used;
        is_same = match_from(matching, 0, rows);
    }
    free(is_used);
    free(matching);
    return is_same;
}
