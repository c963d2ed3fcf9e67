/* lexicon.h - the terms of a random world, each with a small number, and what the naive evaluator reads in them. It
 * shares no code with kg/sparql: numbers are fixed-point, moments are seconds. */
#ifndef KGQ_TESTS_SPARQL_LEXICON_H
#define KGQ_TESTS_SPARQL_LEXICON_H

#include "../fixture.h"

#define NO_TERM (-1)
#define FIXED_DIGITS 18
typedef __int128 Fixed; /* times 10^FIXED_DIGITS */

/* In the order in which ORDER BY puts literals of different kinds, which the standard leaves open. */
typedef enum Class {
    CLASS_BLANK,
    CLASS_IRI,
    CLASS_STRING,
    CLASS_LANGUAGE,
    CLASS_BOOLEAN,
    CLASS_INTEGER,
    CLASS_DECIMAL,
    CLASS_DOUBLE,
    CLASS_DATETIME,
    CLASS_DATE,
    CLASS_OTHER, /* a datatype nobody knows, or a text that does not fit its datatype */
} Class;

typedef struct Word {
    KgTerm term;
    Class class;
    bool truth;      /* BOOLEAN */
    bool is_bad_xsd; /* OTHER: a number or a boolean with a wrong text */
    bool has_zone;   /* DATETIME */
    Fixed fixed;     /* INTEGER, DECIMAL */
    double number;   /* DOUBLE */
    int64_t seconds; /* DATETIME, DATE */
} Word;

typedef struct Lexicon {
    Word *items;
    size_t count, capacity;
    BaseArena texts;
    BaseMap numbers;
} Lexicon;

int add_term(Lexicon *lexicon, const KgTerm *term); /* its number, new or not */
int add_iri(Lexicon *lexicon, const char *iri);
int add_blank(Lexicon *lexicon, const char *label);
int add_typed(Lexicon *lexicon, const char *text, const char *xsd_type); /* "integer"; "": a plain string */
int add_language(Lexicon *lexicon, const char *text, const char *language);
int add_string(Lexicon *lexicon, KgText text);
int add_boolean(Lexicon *lexicon, bool truth);
int add_fixed(Lexicon *lexicon, Fixed number, bool is_decimal);
int add_double(Lexicon *lexicon, double number);
void free_lexicon(Lexicon *lexicon);

/* In N-Triples, for queries and reports. */
void write_word(FILE *out, const Lexicon *lexicon, int term);

#endif
