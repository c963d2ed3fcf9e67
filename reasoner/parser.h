/* parser.h - the parser at work on a program: its tokens, names and terms. Private to the room. */
#ifndef KGQ_REASONER_PARSER_H
#define KGQ_REASONER_PARSER_H

#include "reasoner/lex.h"
#include "reasoner/program.h"

typedef struct Prefix {
    Slice name;
    const char *iri;
    size_t offset; /* of its definition */
} Prefix;

typedef struct Parser {
    ReasonerProgram *program;
    Faults *faults;
    const ReasonerParseOptions *options;
    bool no_memory;
    /* The text at hand. */
    uint32_t text;
    const char *bytes;
    Lexer lexer;
    Token token;        /* the next one */
    size_t behind;      /* where the last token taken ended */
    size_t line_offset; /* `line` is the line there; for places of rules */
    uint32_t line;
    struct {
        Prefix *items;
        size_t count, capacity;
    } prefixes;
    Slice base; /* length 0: none */
    /* The statement at hand. */
    BaseBuffer statement; /* its tokens, with single blanks */
    const char *rule_name;
    struct {
        Atom *items;
        size_t count, capacity;
    } heads;
    struct {
        Literal *items;
        size_t count, capacity;
    } body;
    struct {
        const char **items;
        size_t count, capacity;
    } variables;
    Expression *display; /* attributes; NULL, NAN: none */
    double weight;
    Place constraint_place; /* of #false */
    size_t depth;           /* brackets and calls that are open */
    size_t operators;       /* of the statement so far */
    bool is_ending;         /* the token at hand is the statement's last */
    struct {
        Expression **items; /* arguments of what is open */
        size_t count, capacity;
    } pending;
    struct {
        Setting *items;
        size_t count, capacity;
    } settings, bindings;
} Parser;

/* Functions that return bool: false, the statement at hand has a fault, which was told, or memory ran out. */

Place reasoner_place(const Parser *parser, size_t offset, size_t length);
Place reasoner_token_place(const Parser *parser);
Place reasoner_place_since(const Parser *parser, size_t offset); /* to the end of the last token taken */
bool reasoner_out_of_memory(Parser *parser);                     /* false */
bool reasoner_advance(Parser *parser);
bool reasoner_take(Parser *parser, TokenKind kind, const char *what);
/* Tells what stands where something else was expected; what is not supported yet. false, always. */
bool reasoner_expected(Parser *parser, const char *what, const char *hint);
bool reasoner_unsupported(Parser *parser, const char *what, const char *hint);

/* The `.` of a statement. */
bool reasoner_end_statement(Parser *parser, const char *what);

bool reasoner_same_slice(const Parser *parser, Slice slice, const char *word);
bool reasoner_is_tag(TokenKind kind); /* NAME, PREFIXED, IRI */
bool reasoner_is_comparison(TokenKind kind);
/* The IRI that a tag means, appended to the empty `out`; one that a database can hold. */
bool reasoner_expand(Parser *parser, const Token *token, BaseBuffer *out);
bool reasoner_add_constant(Parser *parser, const KgTerm *term, Term *out);

/* parse_term.c: a variable or a constant. parse_expression.c: any expression; the arguments behind `(`, up to `)`. */
bool reasoner_parse_term(Parser *parser, Term *out);
bool reasoner_parse_expression(Parser *parser, Expression **out);
bool reasoner_parse_arguments(Parser *parser, Expression ***out, uint32_t *count);

/* parse_rule.c, parse_directive.c: the statement at hand, its attributes, and the index of a parameter, made when it is
 * new. */
bool reasoner_parse_rule(Parser *parser);
bool reasoner_parse_attribute(Parser *parser);
bool reasoner_parse_weight_directive(Parser *parser);
bool reasoner_parse_directive(Parser *parser);
bool reasoner_find_parameter(Parser *parser, Slice name, uint32_t *out);

#endif
