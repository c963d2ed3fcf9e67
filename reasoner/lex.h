/* lex.h - tokens of the rule language. Private to the room. */
#ifndef KGQ_REASONER_LEX_H
#define KGQ_REASONER_LEX_H

#include <stdbool.h>
#include <stddef.h>

typedef enum TokenKind {
    TOKEN_END,
    TOKEN_NAME,        /* abc */
    TOKEN_PREFIXED,    /* p:abc or :abc; `inner` is p, `local` abc */
    TOKEN_PREFIX,      /* p: or : */
    TOKEN_IRI,         /* <...>; `inner` is without the brackets */
    TOKEN_VARIABLE,    /* ?x */
    TOKEN_EXISTENTIAL, /* !x */
    TOKEN_PARAMETER,   /* $x */
    TOKEN_ANONYMOUS,   /* _ */
    TOKEN_BLANK,       /* _:b1; `local` is b1 */
    TOKEN_NUMBER,      /* unsigned */
    TOKEN_STRING,      /* "..." or """..."""; `inner` is without the quotes */
    TOKEN_FORMATTED,   /* the opening f" or f""" of a formatted string; the parser reads on */
    TOKEN_LANGUAGE,    /* @en, right after a string; `inner` is en */
    TOKEN_DATATYPE,    /* ^^, right after a string */
    TOKEN_DIRECTIVE,   /* @base; `inner` is base */
    TOKEN_ATTRIBUTE,   /* #[ */
    TOKEN_AGGREGATE,   /* #count, #false; `inner` is count */
    TOKEN_IF,          /* :- */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_OPEN_SQUARE,
    TOKEN_CLOSE_SQUARE,
    TOKEN_OPEN_BRACE,
    TOKEN_CLOSE_BRACE,
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_NOT, /* ~ */
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL,
    TOKEN_LESS,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_EQUAL,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_STAR,
    TOKEN_SLASH,
    TOKEN_BAD, /* `trouble` says why */
} TokenKind;

typedef struct Slice {
    size_t offset, length; /* bytes of the text */
} Slice;

typedef struct Token {
    TokenKind kind;
    size_t offset, length;
    Slice inner, local;
    bool is_glued;      /* nothing between it and the token before */
    bool is_documented; /* a %%% comment stands between */
    const char *trouble, *hint;
} Token;

typedef struct Lexer {
    const char *text;
    size_t length, offset;
    TokenKind before; /* the kind of the token before, for `<` and what sticks to strings */
} Lexer;

/* Start from {.text, .length, .before = TOKEN_DOT}. */
Token reasoner_lex(Lexer *lexer);

#endif
