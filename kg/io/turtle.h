/* turtle.h - private to kg/io: what the parts of the Turtle and TriG reader share: turtle_window.c has
 * the bytes, turtle_text.c the tokens, turtle.c the grammar. */
#ifndef KGQ_KG_IO_TURTLE_H
#define KGQ_KG_IO_TURTLE_H

#include "kg/io/import.h"

typedef struct KgTurtlePrefix {
    KgText label, iri;
} KgTurtlePrefix;

/* A file is read through a window that moves over it: from the start of the line that is being read (or not far in
 * front of the next token, when the line is very long) to as far as the input has been read. */
typedef struct KgTurtle {
    KgImporter *importer;
    KgPart part;
    char *bytes;
    size_t line_start, at, good, end, capacity; /* `at`: the next token; from `good` on: not UTF-8, or not yet known */
    uint64_t line;                              /* of `line_start`, from 1 */
    uint32_t columns_before;                    /* characters of that line that are out of the window */
    bool has_ended, is_bad;                     /* no more input; the byte at `good` is no text */
    BaseArena names;                            /* prefixes and the base */
    struct {
        KgTurtlePrefix *items;
        size_t count, capacity;
    } prefixes;
    size_t last_prefix; /* found last */
    KgText base;
    BaseBuffer text, tag; /* of the term being read; its language or datatype */
    /* the grammar's */
    KgId graph; /* of the block in the batch; KG_ANY: outside of blocks */
    KgTerm graph_term;
    BaseBuffer graph_text;
    uint64_t blank_count; /* nodes without a label */
    int depth;
    BaseStatus status; /* the first failure; BASE_BAD_INPUT: a fault, which is in the part */
    BaseError *err;
} KgTurtle;

/* All that return bool return false after a failure. */

bool kg_turtle_fail(KgTurtle *turtle, BaseStatus status, const char *message);
/* A fault `offset` bytes after the next token's start. */
bool kg_turtle_fault(KgTurtle *turtle, size_t offset, size_t width, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same where a byte is not what it should be (or is not text, which it then says), */
bool kg_turtle_fault_here(KgTurtle *turtle, size_t i, size_t width, const char *message);
/* and where the text ends too early for the token, which is to blame unless there is a byte that is no text. */
bool kg_turtle_fault_at_end(KgTurtle *turtle, size_t offset, size_t width, const char *message);

/* The byte `i` after the next token's start; -1: there is none. */
int kg_turtle_more(KgTurtle *turtle, size_t i);
static inline int kg_turtle_byte(KgTurtle *turtle, size_t i)
{
    return turtle->at + i < turtle->good ? (unsigned char)turtle->bytes[turtle->at + i] : kg_turtle_more(turtle, i);
}
void kg_turtle_pass(KgTurtle *turtle, size_t length); /* the token and its line ends */
/* The first byte of the next token, white space and comments passed; -1: the end. */
int kg_turtle_next(KgTurtle *turtle);
/* Passes one symbol; a fault, which says what was expected, when it is not there. */
bool kg_turtle_expect(KgTurtle *turtle, char symbol, const char *expected);
size_t kg_turtle_letters(KgTurtle *turtle); /* how many are next */
/* The length of the word (letters only) that is next and is not the label of a prefixed name. */
size_t kg_turtle_word(KgTurtle *turtle);
bool kg_turtle_word_is(KgTurtle *turtle, size_t length, const char *word, bool any_case);

/* Tokens; the text goes to `out`, whole and without escapes. */
bool kg_turtle_prefix_label(KgTurtle *turtle, BaseBuffer *out); /* `label:`, without the colon */
bool kg_turtle_iri(KgTurtle *turtle, BaseBuffer *out);          /* <iri>, resolved, or prefix:name */
bool kg_turtle_absolute(KgTurtle *turtle, BaseBuffer *out);     /* <iri> only */
bool kg_turtle_label(KgTurtle *turtle, BaseBuffer *out);        /* of _:label, with the file's own prefix */
bool kg_turtle_literal(KgTurtle *turtle, KgTerm *out);          /* of all kinds; borrows text and tag */
bool kg_turtle_put_prefix(KgTurtle *turtle, KgText label, KgText iri);

#endif
