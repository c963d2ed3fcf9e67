/* complete_sparql.c - what may stand at a place of a SPARQL statement, by the words before it: the place in a triple,
 * an expression, or where keywords are due. */
#include "cli/complete.h"

#include "cli/pieces.h"

#include <string.h>
#include <strings.h>

#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
#define DEEPEST 64

typedef enum PlaceKind {
    AT_PROLOGUE,  /* PREFIX */
    AT_SELECTION, /* before the pattern: variables, expressions, WHERE */
    AT_SUBJECT,
    AT_PREDICATE,
    AT_OBJECT,
    AT_EXPRESSION,
    AT_MODIFIER, /* behind the pattern */
    AT_NAME,     /* behind GRAPH, SERVICE and DESCRIBE */
} PlaceKind;

/* Read from the statement's start up to the word. */
typedef struct Place {
    PlaceKind kind;
    Piece predicate;             /* of the triple, when the kind is AT_OBJECT */
    int braces, parentheses;     /* open ones; parentheses: of an expression */
    PlaceKind brackets[DEEPEST]; /* [ ]: where the triple around goes on */
    int bracket_count;
    bool awaits_expression; /* FILTER, BIND: the next parenthesis opens one */
} Place;

static bool is_word(const char *text, Piece piece, const char *word)
{
    return piece.kind == PIECE_WORD && piece.end - piece.start == strlen(word) &&
           strncasecmp(text + piece.start, word, strlen(word)) == 0;
}

static bool is_any_word(const char *text, Piece piece, const char *const *words)
{
    return piece.kind == PIECE_WORD && is_listed_word(words, text + piece.start, piece.end - piece.start);
}

/* A term in a triple was read: on to the next place. */
static void take_term(Place *place, Piece piece)
{
    if (place->kind == AT_SUBJECT) {
        place->kind = AT_PREDICATE;
    } else if (place->kind == AT_PREDICATE) {
        place->kind = AT_OBJECT;
        place->predicate = piece;
    } else if (place->kind == AT_OBJECT) {
        place->kind = AT_SUBJECT; /* unless ; or , follows */
    }
}

static void take_word(Place *place, const char *text, Piece piece)
{
    static const char *const expressions[] = {"FILTER", "BIND", "HAVING", NULL};
    static const char *const named[] = {"GRAPH", "SERVICE", "DESCRIBE", NULL};
    static const char *const skipped[] = {"OPTIONAL", "UNION", "MINUS", "VALUES", "WHERE", "EXISTS", "NOT", NULL};
    if (is_any_word(text, piece, expressions))
        place->awaits_expression = true;
    else if (is_any_word(text, piece, named))
        place->kind = AT_NAME;
    else if (is_word(text, piece, "PREFIX") || is_word(text, piece, "BASE"))
        place->kind = AT_PROLOGUE;
    else if (is_any_word(text, piece, sparql_openers))
        place->kind = AT_SELECTION;
    else if (place->braces > 0 && !is_any_word(text, piece, skipped) && !place->awaits_expression)
        take_term(place, piece);
}

static void take_brace(Place *place, char c)
{
    place->braces += c == '{' ? 1 : -1;
    place->kind = place->braces > 0 ? AT_SUBJECT : AT_MODIFIER;
    place->parentheses = 0;
    place->awaits_expression = false;
    place->bracket_count = 0;
}

static void take_bracket(Place *place, char c)
{
    if (c == '[' && place->bracket_count < DEEPEST) {
        place->brackets[place->bracket_count++] = place->kind;
        place->kind = AT_PREDICATE;
    } else if (c == ']' && place->bracket_count > 0) {
        place->kind = place->brackets[--place->bracket_count];
        take_term(place, (Piece){0});
    }
}

static void take_symbol(Place *place, char c)
{
    const bool in_triples = place->braces > 0;
    if (c == '{' || c == '}') {
        take_brace(place, c);
    } else if (c == '(') {
        if (place->awaits_expression || place->parentheses > 0 || place->kind == AT_SELECTION)
            place->parentheses++;
    } else if (c == ')') {
        place->parentheses -= place->parentheses > 0;
        if (place->parentheses == 0 && place->awaits_expression) {
            place->awaits_expression = false;
            place->kind = place->braces > 0 ? AT_SUBJECT : place->kind;
        }
    } else if (!in_triples || place->parentheses > 0) {
        return;
    } else if (c == '[' || c == ']') {
        take_bracket(place, c);
    } else if (c == '.') {
        place->kind = AT_SUBJECT;
    } else if (c == ';') {
        place->kind = AT_PREDICATE;
    } else if (c == ',') {
        place->kind = AT_OBJECT;
    } else if ((c == '/' || c == '|' || c == '^') && place->kind == AT_OBJECT) {
        place->kind = AT_PREDICATE; /* a path goes on */
    }
}

static void take_piece(Place *place, const char *text, Piece piece)
{
    const bool in_expression = place->parentheses > 0 || place->awaits_expression;
    switch (piece.kind) {
    case PIECE_SYMBOL:
        take_symbol(place, text[piece.start]);
        break;
    case PIECE_WORD:
        if (place->parentheses == 0)
            take_word(place, text, piece);
        break;
    case PIECE_NAME:
    case PIECE_IRI:
        if (place->kind == AT_PROLOGUE)
            place->kind = piece.kind == PIECE_IRI ? AT_SELECTION : AT_PROLOGUE;
        else if (!in_expression)
            take_term(place, piece);
        break;
    case PIECE_VARIABLE:
    case PIECE_STRING:
    case PIECE_NUMBER:
        if (!in_expression && place->kind != AT_SELECTION)
            take_term(place, piece);
        break;
    default:
        break;
    }
}

static Place find_place(const Completion *at)
{
    Place place = {.kind = AT_SELECTION};
    const size_t end = (size_t)(at->word - at->statement);
    size_t start = explained_length(at->statement, at->length);
    for (Piece piece = piece_at(false, at->statement, end, start); piece.kind != PIECE_END;
         piece = piece_at(false, at->statement, end, piece.end))
        take_piece(&place, at->statement, piece);
    if (place.parentheses > 0 || place.awaits_expression)
        place.kind = AT_EXPRESSION;
    return place;
}

/* The IRI that the piece stands for; NULL: none. */
static const char *iri_of(const Completion *at, Piece piece)
{
    const char *const text = at->statement + piece.start;
    const size_t length = piece.end - piece.start;
    if (piece.kind == PIECE_WORD && length == 1 && *text == 'a')
        return RDF_TYPE;
    if (piece.kind == PIECE_NAME)
        return names_expand(&at->names, text, length);
    if (piece.kind == PIECE_IRI && !piece.is_open)
        return base_arena_copy(at->arena, text + 1, length - 2);
    return NULL;
}

/* `fo` to `foaf:` where the database or the statement knows it. */
static void add_prefixes(Completion *at)
{
    BaseBuffer name = {0};
    for (size_t i = 0; i < at->names.prefixes.count; i++) {
        const KgPrefix *const prefix = &at->names.prefixes.items[i];
        name.count = 0;
        if (*prefix->prefix && base_buffer_format(&name, "%s:", prefix->prefix) && begins_with_word(at, name.items))
            add_candidate(at, name.items, prefix->iri);
    }
    base_buffer_free(&name);
}

/* Behind PREFIX: a vocabulary with its IRI. */
static void add_vocabularies(Completion *at)
{
    BaseBuffer whole = {0};
    for (const KgPrefix *known = kg_vocabularies; known->prefix; known++) {
        whole.count = 0;
        if (base_buffer_format(&whole, "%s: <%s>", known->prefix, known->iri) && begins_with_word(at, whole.items))
            add_candidate(at, whole.items, NULL);
    }
    base_buffer_free(&whole);
}

static void complete_object(Completion *at, const Place *place)
{
    const char *const predicate = iri_of(at, place->predicate);
    if (predicate && strcmp(predicate, RDF_TYPE) == 0) {
        add_classes(at);
        return;
    }
    add_variables(at);
    if (predicate && *predicate)
        add_objects(at, predicate, strlen(predicate));
    if (at->word_length > 0)
        add_entities(at, false);
}

static void add_keywords(Completion *at, const char *const *list)
{
    if (at->word_length > 0)
        add_words(at, list);
}

void complete_sparql(Completion *at)
{
    static const char *const in_pattern[] = {
        "FILTER",        "OPTIONAL",          "UNION", "MINUS", "BIND(", "VALUES", "GRAPH", "SERVICE", "SELECT",
        "FILTER EXISTS", "FILTER NOT EXISTS", NULL};
    static const char *const behind[] = {"ORDER BY", "GROUP BY", "HAVING", "LIMIT", "OFFSET",
                                         "ASC(",     "DESC(",    "VALUES", NULL};
    static const char *const before[] = {"WHERE", "DISTINCT", "REDUCED", "FROM", "NAMED",
                                         "DATA",  "USING",    "INTO",    NULL};
    const Place place = find_place(at);
    const bool is_variable = at->word_length > 0 && (*at->word == '?' || *at->word == '$');
    if (is_variable) {
        add_variables(at);
        return;
    }
    switch (place.kind) {
    case AT_PROLOGUE:
        add_vocabularies(at);
        break;
    case AT_SUBJECT:
        add_variables(at);
        add_keywords(at, in_pattern);
        if (at->word_length > 0)
            add_entities(at, false);
        break;
    case AT_PREDICATE:
        add_predicates(at, false);
        break;
    case AT_OBJECT:
        complete_object(at, &place);
        break;
    case AT_EXPRESSION:
        add_variables(at);
        add_keywords(at, sparql_functions);
        if (memchr(at->word, ':', at->word_length) || (at->word_length > 0 && *at->word == '<'))
            add_entities(at, false);
        break;
    case AT_MODIFIER:
        add_keywords(at, behind);
        add_variables(at);
        break;
    case AT_SELECTION:
        add_variables(at);
        add_keywords(at, before);
        add_keywords(at, sparql_openers);
        add_keywords(at, sparql_functions);
        if (memchr(at->word, ':', at->word_length) || (at->word_length > 0 && *at->word == '<'))
            add_entities(at, false);
        break;
    case AT_NAME:
        add_variables(at);
        add_keywords(at, before);
        if (at->word_length > 0)
            add_entities(at, false);
        break;
    }
    if (at->word_length > 0 && place.kind != AT_PROLOGUE && !memchr(at->word, ':', at->word_length))
        add_prefixes(at);
}
