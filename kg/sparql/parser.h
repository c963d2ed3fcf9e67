/* parser.h - what the parts of the parser share: the state, the current token, and how they report. Functions are named
 * for the productions of the SPARQL 1.1 grammar (section 19.8). On a fault a function returns NULL or false and the
 * report is made: every caller only hands it on. */
#ifndef KGQ_KG_SPARQL_PARSER_H
#define KGQ_KG_SPARQL_PARSER_H

#include "kg/sparql/ast.h"
#include "kg/sparql/lex.h"

/* Operators in a row, as in a + b + c ..., those within EXISTS added to those around it: each is a level of recursion
 * when it is evaluated. */
#define PARSER_LONGEST_CHAIN 1000
/* Triple patterns, groups, OPTIONALs and so on, of one query: each is an operator, and one that pulls from another. */
#define PARSER_MOST_PARTS 2000
#define PARSER_LONGEST_PATH 500 /* steps; each becomes an operator with rows of its own */

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define XSD "http://www.w3.org/2001/XMLSchema#"

/* The variables of one SELECT, its aggregates and the SELECT around it. */
typedef struct Scope {
    struct {
        AstVariable *items;
        size_t count, capacity;
    } variables;
    bool has_aggregate;
    struct Scope *outer;
} Scope;

typedef struct Label {
    KgText name;
    uint32_t variable;
    uint32_t pattern; /* the basic graph pattern it belongs to */
} Label;

typedef struct LabelTable {
    Label *items;
    size_t count, capacity;
    BaseMap places; /* hash of the name -> its number */
} LabelTable;

typedef struct PrefixTable {
    KgPrefix *items;
    size_t count, capacity;
} PrefixTable;

typedef struct TripleList {
    AstTriple *items;
    size_t count, capacity;
} TripleList;

typedef struct Parser {
    Lexer lexer;
    const char *what; /* is parsed: "query", "update" */
    Token token;      /* the current one */
    size_t last_end;  /* of the token before it */
    const char *name;
    PrefixTable prefixes;
    KgText base;
    BaseArena *arena;
    BaseError *err;
    BaseStatus status; /* of the first fault */
    Scope *scope;
    LabelTable labels;
    struct {
        uint32_t *items;
        size_t count, capacity;
    } braces;              /* offsets of those still open */
    TripleList triples;    /* of the block being read */
    uint32_t pattern;      /* number of the basic graph pattern being read */
    uint32_t last_pattern; /* numbers given so far */
    bool in_template;      /* of CONSTRUCT and updates: no paths */
    bool no_aggregates;
    bool in_aggregate;
    int depth;
    uint32_t longest_chain; /* so far, in the group being read */
    size_t parts;           /* of the query being read */
} Parser;

/* parse.c */
AstSelect *sparql_new_select(Parser *parser, KgQueryForm form);
AstSelect *sparql_parse_sub_select(Parser *parser);
bool sparql_parse_where_clause(Parser *parser, AstSelect *select);
bool sparql_parse_dataset(Parser *parser, const char *word, AstDataset **out); /* any number of FROM or USING */
/* What is left to do behind the last clause: checks, and the scope's variables are the SELECT's. */
bool sparql_finish_select(Parser *parser, AstSelect *select);
AstValues *sparql_parse_data_block(Parser *parser);

/* parse_pattern.c */
AstPattern *sparql_parse_group_graph_pattern(Parser *parser);
/* Appends to parser->triples, up to a token that begins no triple. */
bool sparql_parse_triples_template(Parser *parser);
AstPattern *sparql_new_pattern(Parser *parser, AstPatternKind kind, uint32_t start);
bool sparql_count_parts(Parser *parser, size_t count); /* false, reported: these are too many */

/* parse_service.c */
AstPattern *sparql_parse_service(Parser *parser); /* the current token is SERVICE */

/* parse_expression.c */
AstExpr *sparql_parse_expression(Parser *parser);
AstExpr *sparql_parse_constraint(Parser *parser);
AstExpr *sparql_parse_bracketted_expression(Parser *parser);
AstExpr *sparql_parse_builtin_call(Parser *parser);
AstExpr *sparql_parse_function_call(Parser *parser);
bool sparql_begins_constraint(const Parser *parser); /* '(', a function's name or IRI */

/* parse_term.c */
bool sparql_parse_prologue(Parser *parser); /* BASE and PREFIX, any number */
bool sparql_parse_iri(Parser *parser, KgTerm *out);
bool sparql_parse_variable(Parser *parser, AstNode *out);
bool sparql_parse_var_or_iri(Parser *parser, AstNode *out);
bool sparql_parse_rdf_literal(Parser *parser, KgTerm *out);
bool sparql_parse_numeric_literal(Parser *parser, KgTerm *out); /* with a sign that touches it */
/* GraphTerm or a variable. NIL and blank nodes (in patterns: their variables) included. */
bool sparql_parse_graph_term(Parser *parser, AstNode *out);
bool sparql_parse_string(Parser *parser, KgText *out);
bool sparql_begins_number(const Parser *parser); /* a number, or a sign that touches one */
bool sparql_begins_iri(const Parser *parser);
bool sparql_begins_term(const Parser *parser);

/* parser.c */
/* Starts a parser that has been given its text, name, arena, and error: the first token becomes the current one.
 * False: reported. Afterwards, whatever was returned, sparql_close frees what it holds and gives the status of all. */
bool sparql_open(Parser *parser, const KgPrefix *prefixes, size_t prefix_count);
BaseStatus sparql_close(Parser *parser);
void sparql_free_labels(LabelTable *labels);
void sparql_advance(Parser *parser);
bool sparql_is(const Parser *parser, int symbol);
bool sparql_is_word(const Parser *parser, const char *word); /* in any case */
bool sparql_accept(Parser *parser, int symbol);
bool sparql_accept_word(Parser *parser, const char *word);
bool sparql_expect(Parser *parser, int symbol, const char *what);
bool sparql_open_brace(Parser *parser, const char *what);
bool sparql_close_brace(Parser *parser, const char *what);
AstPlace sparql_token_place(const Parser *parser);            /* of the current token */
AstPlace sparql_since(const Parser *parser, uint32_t offset); /* from there to the token before the current one */
bool sparql_fail(Parser *parser, AstPlace place, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool sparql_expected(Parser *parser, const char *what); /* found: the current token */
bool sparql_parse_no_memory(Parser *parser);
void *sparql_alloc(Parser *parser, size_t count, size_t size); /* NULL: reported */
/* A nesting one deeper; false, reported, when that is too deep for the stack. */
bool sparql_enter(Parser *parser);
void sparql_leave(Parser *parser);
uint32_t sparql_variable(Parser *parser, const char *name, size_t length, AstPlace place); /* made when new */
uint32_t sparql_fresh_variable(Parser *parser, AstPlace place);
bool sparql_same(KgText text, const char *word);
KgTerm sparql_iri_term(const char *iri);

#endif
