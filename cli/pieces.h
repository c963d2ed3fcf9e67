/* pieces.h - cutting what is being typed, whole or not, into words, strings, IRIs and so on: for knowing where a
 * statement ends, for colours, and for what Tab offers. The room kg parses it in earnest. */
#ifndef KGQ_CLI_PIECES_H
#define KGQ_CLI_PIECES_H

#include <stdbool.h>
#include <stddef.h>

typedef enum PieceKind {
    PIECE_END,
    PIECE_BLANK,
    PIECE_COMMENT,
    PIECE_STRING,
    PIECE_IRI,      /* <...>; an open one where it is not closed */
    PIECE_NAME,     /* a colon in it, or before it: prefix:local, _:b */
    PIECE_VARIABLE, /* ?x $x; alone, the sign is a symbol */
    PIECE_WORD,
    PIECE_NUMBER,
    PIECE_TAG,    /* @en, @prefix, ^^ */
    PIECE_SYMBOL, /* one character; :- is one too */
} PieceKind;

typedef struct Piece {
    PieceKind kind;
    size_t start, end;
    bool is_open; /* a string or IRI that does not close; of a string: one that may go over lines */
} Piece;

/* The piece that begins at `start`. Rules have % for comments, SPARQL has #. */
Piece piece_at(bool is_rule, const char *text, size_t length, size_t start);

/* The words of SPARQL, in capitals; closed by NULL. */
extern const char *const sparql_keywords[], *const sparql_functions[];
/* Is one of `words`, in any case? */
bool is_listed_word(const char *const *words, const char *word, size_t length);

#endif
