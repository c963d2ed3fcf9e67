/* lex.h - the tokens of a SPARQL query, by the terminals of the SPARQL 1.1 grammar (section 19.8). */
#ifndef KGQ_KG_SPARQL_LEX_H
#define KGQ_KG_SPARQL_LEX_H

#include "kg/kg.h"

typedef enum TokenKind {
    TOKEN_END,      /* of the text */
    TOKEN_BAD,      /* Lexer.problem says why */
    TOKEN_IRI,      /* <...> */
    TOKEN_NAME,     /* prefix:local, prefix: */
    TOKEN_BLANK,    /* _:label */
    TOKEN_VARIABLE, /* ?x $x */
    TOKEN_LANGUAGE, /* @en */
    TOKEN_INTEGER,  /* numbers carry no sign: the parser joins a sign that touches one */
    TOKEN_DECIMAL,
    TOKEN_DOUBLE,
    TOKEN_STRING, /* any of the four quotings */
    TOKEN_WORD,   /* a keyword, a function's name, true, false, a */
    TOKEN_NIL,    /* ( ) */
    TOKEN_ANON,   /* [ ] */
    TOKEN_SYMBOL, /* Token.symbol */
} TokenKind;

/* Symbols of one character are that character. */
typedef enum Symbol { SYMBOL_AND = 256, SYMBOL_OR, SYMBOL_NE, SYMBOL_LE, SYMBOL_GE, SYMBOL_TYPED } Symbol;

typedef struct Token {
    TokenKind kind;
    int symbol;
    uint32_t offset, length; /* in bytes of the query text */
} Token;

typedef struct Lexer {
    const char *text;
    size_t length, at;
    const char *problem; /* of the last TOKEN_BAD */
    const char *hint;    /* what to do about it, or NULL */
} Lexer;

/* Lexer starts as {text, length}. The text is UTF-8 (the caller has checked) of less than 4 GB. */
Token sparql_lex_next(Lexer *lexer);

#endif
