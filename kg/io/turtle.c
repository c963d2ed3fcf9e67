/* turtle.c - Turtle and TriG (W3C "RDF 1.1 Turtle", "RDF 1.1 TriG") by recursive descent. A fault leaves the rest of a
 * file without meaning, so reading stops at the first and the whole import is refused. */
#include "kg/io/turtle.h"

#include <stdlib.h>
#include <string.h>

#define MOST_DEPTH 1000 /* of [ and ( inside each other */
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

static bool predicates(KgTurtle *turtle, KgId subject);

/* ---- Terms and statements ---- */

static bool put_term(KgTurtle *turtle, const KgTerm *term, KgId *out)
{
    return kg_batch_term(&turtle->part.batch, term, out) ||
           kg_turtle_fail(turtle, BASE_NO_MEMORY, "no memory for the terms of a file");
}

static bool put_text(KgTurtle *turtle, KgKind kind, const BaseBuffer *text, KgId *out)
{
    return put_term(turtle, &(KgTerm){.kind = kind, .text = {text->items, text->count}}, out);
}

static bool put_rdf(KgTurtle *turtle, KgText iri, KgId *out)
{
    return put_term(turtle, &(KgTerm){.kind = KG_IRI, .text = iri}, out);
}

/* No label in a file begins with a dot, so these are nobody's. */
static bool new_blank(KgTurtle *turtle, KgId *out)
{
    turtle->text.count = 0;
    if (!base_buffer_format(&turtle->text, "%s.%llu", turtle->part.reading->blank_prefix,
                            (unsigned long long)++turtle->blank_count))
        return kg_turtle_fail(turtle, BASE_NO_MEMORY, "no memory for a term");
    return put_text(turtle, KG_BLANK, &turtle->text, out);
}

static bool put_statement(KgTurtle *turtle, KgId subject, KgId predicate, KgId object)
{
    static const KgTerm all_known[4];
    KgId ids[4] = {subject, predicate, object, turtle->graph};
    if (kg_part_add(&turtle->part, all_known, ids, turtle->err) == BASE_OK)
        return true;
    turtle->status = BASE_NO_MEMORY;
    return false;
}

/* What is read so far goes to the loader, when it is enough; between statements, as places in the batch end with it. */
static bool hand_over(KgTurtle *turtle)
{
    turtle->part.lines = turtle->line - 1 - turtle->importer->row.lines;
    if (turtle->status == BASE_OK)
        turtle->status = kg_import_take_some(turtle->importer, &turtle->part, turtle->err);
    if (turtle->status != BASE_OK)
        return false;
    return turtle->graph == KG_ANY || put_term(turtle, &turtle->graph_term, &turtle->graph);
}

/* ---- [ ] and ( ) ---- */

static bool deeper(KgTurtle *turtle)
{
    if (++turtle->depth <= MOST_DEPTH)
        return true;
    return kg_turtle_fault(turtle, 0, 1, "[ and ( are nested deeper than %d", MOST_DEPTH);
}

/* From the [ on. *is_empty: it is a blank node and says nothing of it. */
static bool bracketed(KgTurtle *turtle, KgId *out, bool *is_empty)
{
    turtle->at++;
    if (!new_blank(turtle, out))
        return false;
    *is_empty = kg_turtle_next(turtle) == ']';
    if (!*is_empty && !(deeper(turtle) && predicates(turtle, *out)))
        return false;
    turtle->depth -= !*is_empty;
    return kg_turtle_expect(turtle, ']', "expected ; or ] after the object");
}

static bool object_term(KgTurtle *turtle, KgId *out);

/* From the ( on: a list of rdf:first and rdf:rest. */
static bool collection(KgTurtle *turtle, KgId *out)
{
    KgId first, rest, nil, last = KG_ANY;
    turtle->at++;
    if (!deeper(turtle))
        return false;
    while (kg_turtle_next(turtle) != ')') {
        KgId node, item;
        if (!new_blank(turtle, &node) || !put_rdf(turtle, KG_TEXT(RDF "first"), &first) ||
            !put_rdf(turtle, KG_TEXT(RDF "rest"), &rest))
            return false;
        if (last == KG_ANY)
            *out = node;
        else if (!put_statement(turtle, last, rest, node))
            return false;
        last = node;
        if (!object_term(turtle, &item) || !put_statement(turtle, node, first, item))
            return false;
    }
    turtle->at++;
    turtle->depth--;
    if (!put_rdf(turtle, KG_TEXT(RDF "nil"), &nil))
        return false;
    if (last != KG_ANY)
        return put_statement(turtle, last, rest, nil);
    *out = nil;
    return true;
}

/* ---- Subject, predicate, object ---- */

static bool iri_term(KgTurtle *turtle, KgId *out)
{
    return kg_turtle_iri(turtle, &turtle->text) && put_text(turtle, KG_IRI, &turtle->text, out);
}

static bool labelled(KgTurtle *turtle, KgId *out)
{
    return kg_turtle_label(turtle, &turtle->text) && put_text(turtle, KG_BLANK, &turtle->text, out);
}

/* Whether an <iri> or a prefixed name is next, going by its first byte and, of words, what follows them. */
static bool is_iri_next(KgTurtle *turtle, int byte)
{
    if (byte == '<' || byte == ':' || byte >= 0x80)
        return true;
    const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    return is_letter && kg_turtle_word(turtle) == 0;
}

static bool object_term(KgTurtle *turtle, KgId *out)
{
    KgTerm literal;
    bool is_empty;
    const int byte = kg_turtle_next(turtle);
    switch (byte) {
    case '[':
        return bracketed(turtle, out, &is_empty);
    case '(':
        return collection(turtle, out);
    case '_':
        return labelled(turtle, out);
    default:
        if (is_iri_next(turtle, byte))
            return iri_term(turtle, out);
        return kg_turtle_literal(turtle, &literal) && put_term(turtle, &literal, out);
    }
}

static bool predicate_term(KgTurtle *turtle, KgId *out)
{
    const int byte = kg_turtle_next(turtle);
    if (byte == 'a' && kg_turtle_word(turtle) == 1) {
        turtle->at++;
        return put_rdf(turtle, KG_TEXT(RDF "type"), out);
    }
    if (byte == '"' || byte == '\'' || byte == '_' || byte == '[' || byte == '(')
        return kg_turtle_fault(turtle, 0, 1, "%s cannot be the predicate, expected an <iri>, a name or a",
                               byte == '"' || byte == '\'' ? "a literal" : "a blank node");
    return iri_term(turtle, out);
}

static bool objects(KgTurtle *turtle, KgId subject, KgId predicate)
{
    KgId object;
    for (;;) {
        if (!object_term(turtle, &object) || !put_statement(turtle, subject, predicate, object))
            return false;
        if (kg_turtle_next(turtle) != ',')
            return turtle->status == BASE_OK;
        turtle->at++;
    }
}

/* Up to what is neither ; nor a predicate. */
static bool predicates(KgTurtle *turtle, KgId subject)
{
    KgId predicate;
    for (;;) {
        if (!predicate_term(turtle, &predicate) || !objects(turtle, subject, predicate))
            return false;
        int byte = kg_turtle_next(turtle);
        if (byte != ';')
            return turtle->status == BASE_OK;
        while (byte == ';') {
            turtle->at++;
            byte = kg_turtle_next(turtle);
        }
        if (byte == '.' || byte == ']' || byte == '}' || byte < 0)
            return turtle->status == BASE_OK;
    }
}

/* What a statement begins with. A graph may have that name where `may_name` says so afterwards. */
static bool subject_term(KgTurtle *turtle, KgId *out, bool *may_name, bool *may_stand_alone)
{
    bool is_empty;
    *may_name = true;
    *may_stand_alone = false;
    const int byte = kg_turtle_next(turtle);
    switch (byte) {
    case '[':
        if (!bracketed(turtle, out, &is_empty))
            return false;
        *may_name = is_empty;
        *may_stand_alone = !is_empty;
        return true;
    case '(':
        *may_name = false;
        return collection(turtle, out);
    case '_':
        return labelled(turtle, out);
    case '"':
    case '\'':
        return kg_turtle_fault(turtle, 0, 1,
                               "a literal cannot be the subject, expected an <iri>, a name, _:label or [");
    default:
        return iri_term(turtle, out);
    }
}

static bool rest_of_statement(KgTurtle *turtle, KgId subject, bool may_stand_alone)
{
    const int byte = kg_turtle_next(turtle);
    return (may_stand_alone && (byte == '.' || byte == '}')) || predicates(turtle, subject);
}

/* ---- Directives and blocks ---- */

/* After @base, BASE, @prefix or PREFIX. */
static bool directive(KgTurtle *turtle, bool is_base, bool ends_with_dot)
{
    static const char expected[] = "expected . at the end of the directive";
    if (is_base) {
        if (!kg_turtle_absolute(turtle, &turtle->text))
            return false;
        turtle->base =
            (KgText){base_arena_copy(&turtle->names, turtle->text.items, turtle->text.count), turtle->text.count};
        if (!turtle->base.bytes)
            return kg_turtle_fail(turtle, BASE_NO_MEMORY, "no memory for an IRI");
    } else if (!kg_turtle_prefix_label(turtle, &turtle->tag) || !kg_turtle_absolute(turtle, &turtle->text) ||
               !kg_turtle_put_prefix(turtle, (KgText){turtle->tag.items, turtle->tag.count},
                                     (KgText){turtle->text.items, turtle->text.count})) {
        return false;
    }
    return !ends_with_dot || kg_turtle_expect(turtle, '.', expected);
}

static bool at_directive(KgTurtle *turtle)
{
    turtle->at++;
    const size_t length = kg_turtle_letters(turtle);
    const bool is_base = kg_turtle_word_is(turtle, length, "base", false);
    if (!is_base && !kg_turtle_word_is(turtle, length, "prefix", false))
        return kg_turtle_fault(turtle, 0, length ? length : 1, "expected @prefix or @base");
    turtle->at += length;
    return directive(turtle, is_base, true);
}

/* { ... } of the graph `name`, KG_ANY: the default graph. */
static bool block(KgTurtle *turtle, KgId name)
{
    if (!kg_turtle_expect(turtle, '{', "expected { after the name of a graph"))
        return false;
    turtle->graph = name;
    for (int byte = kg_turtle_next(turtle); byte != '}'; byte = kg_turtle_next(turtle)) {
        KgId subject;
        bool may_name, may_stand_alone;
        if (!subject_term(turtle, &subject, &may_name, &may_stand_alone) ||
            !rest_of_statement(turtle, subject, may_stand_alone))
            return false;
        if (kg_turtle_next(turtle) == '}')
            break;
        if (!kg_turtle_expect(turtle, '.', "expected . or } after the statement") || !hand_over(turtle))
            return false;
    }
    turtle->graph = KG_ANY;
    return kg_turtle_expect(turtle, '}', "expected } at the end of the graph") && hand_over(turtle);
}

/* Keeps what the graph is called, as the batch that knows it may be handed over within it. */
static bool name_graph(KgTurtle *turtle, bool is_blank)
{
    turtle->graph_text.count = 0;
    if (!base_buffer_add(&turtle->graph_text, turtle->text.items, turtle->text.count))
        return kg_turtle_fail(turtle, BASE_NO_MEMORY, "no memory for the name of a graph");
    turtle->graph_term =
        (KgTerm){.kind = is_blank ? KG_BLANK : KG_IRI, .text = {turtle->graph_text.items, turtle->graph_text.count}};
    return true;
}

/* After GRAPH. */
static bool named_block(KgTurtle *turtle)
{
    KgId name;
    bool is_empty = true;
    const int byte = kg_turtle_next(turtle);
    const bool is_blank = byte == '_' || byte == '[';
    const bool is_read = byte == '[' ? bracketed(turtle, &name, &is_empty)
                                     : (byte == '_' ? labelled(turtle, &name) : iri_term(turtle, &name));
    if (!is_read)
        return false;
    if (!is_empty)
        return kg_turtle_fault(turtle, 0, 1, "expected the name of a graph, <iri>, _:label or []");
    return name_graph(turtle, is_blank) && block(turtle, name);
}

static bool statement(KgTurtle *turtle)
{
    const bool is_trig = turtle->part.reading->format == KG_TRIG;
    const int byte = kg_turtle_next(turtle);
    if (byte == '@')
        return at_directive(turtle);
    if (byte == '{' && is_trig)
        return block(turtle, KG_ANY);
    const size_t length = kg_turtle_word(turtle);
    const bool is_base = kg_turtle_word_is(turtle, length, "base", true);
    const bool is_prefix = kg_turtle_word_is(turtle, length, "prefix", true);
    const bool is_graph = is_trig && kg_turtle_word_is(turtle, length, "graph", true);
    if (is_base || is_prefix || is_graph) {
        turtle->at += length;
        return is_graph ? named_block(turtle) : directive(turtle, is_base, false);
    }
    KgId subject;
    bool may_name, may_stand_alone;
    if (!subject_term(turtle, &subject, &may_name, &may_stand_alone))
        return false;
    if (is_trig && may_name && kg_turtle_next(turtle) == '{')
        return name_graph(turtle, byte == '_' || byte == '[') && block(turtle, subject);
    return rest_of_statement(turtle, subject, may_stand_alone) &&
           kg_turtle_expect(turtle, '.', "expected . at the end of the statement") && hand_over(turtle);
}

static void skip_byte_order_mark(KgTurtle *turtle)
{
    if (kg_turtle_byte(turtle, 2) == 0xbf && memcmp(turtle->bytes, "\xef\xbb\xbf", 3) == 0)
        turtle->at = turtle->line_start = 3;
}

static void read_all(KgTurtle *turtle)
{
    skip_byte_order_mark(turtle);
    while (kg_turtle_next(turtle) >= 0)
        if (!statement(turtle))
            return;
    if (turtle->is_bad)
        kg_turtle_expect(turtle, '.', ""); /* says which byte it is */
}

BaseStatus kg_read_turtle(KgImporter *importer, BaseError *err)
{
    KgTurtle turtle = {.importer = importer,
                       .part = {.reading = &importer->reading},
                       .line = 1,
                       .base = importer->reading.base,
                       .err = err};
    read_all(&turtle);
    BaseStatus status = turtle.status;
    const bool ends_in_line = turtle.end > turtle.line_start;
    if (status == BASE_OK || status == BASE_BAD_INPUT) {
        if (status == BASE_OK)
            turtle.part.lines = turtle.line - (ends_in_line ? 0 : 1) - importer->row.lines;
        /* bad input that is no fault of the text, such as damaged gzip, has its message in *err */
        if (status == BASE_OK || turtle.part.fault_count > 0)
            status = kg_import_take(importer, &turtle.part, err);
    }
    kg_part_free(&turtle.part);
    base_arena_free(&turtle.names);
    base_buffer_free(&turtle.text);
    base_buffer_free(&turtle.tag);
    base_buffer_free(&turtle.graph_text);
    free(turtle.prefixes.items);
    free(turtle.bytes);
    return status;
}
