/* complete.h - what Tab offers in the shell. */
#ifndef KGQ_CLI_COMPLETE_H
#define KGQ_CLI_COMPLETE_H

#include "cli/complete_lookup.h"
#include "cli/editor/editor.h"
#include "cli/prefixed_names.h"
#include "cli/shell.h"

/* What may stand at the cursor of a text that may hold several statements. */
void complete_text(Shell *shell, const char *text, size_t length, size_t cursor, BaseArena *arena,
                   EditorCandidates *out);

/* ---- Shared by its files ---- */

typedef struct Completion {
    Shell *shell;
    NameSpaces names;
    BaseArena *arena;
    const char *statement; /* the one that the cursor is in */
    size_t length;         /* of it, up to the text's end */
    size_t cursor;         /* in it */
    const char *word;      /* before the cursor, to be replaced */
    size_t word_length;
    EditorCandidates *out;
} Completion;

/* Adds a candidate, in capitals or not as it comes; one that is there already is passed over. `note` may be NULL. */
void add_candidate(Completion *at, const char *text, const char *note);
bool begins_with_word(const Completion *at, const char *text); /* in any case */
void add_words(Completion *at, const char *const *list);       /* those that begin with the word */
void add_variables(Completion *at);
void add_predicates(Completion *at, bool is_plain); /* plain: as names of rules and facts */
void add_classes(Completion *at);
void add_objects(Completion *at, const char *predicate, size_t length); /* of the predicate with that IRI */
void add_entities(Completion *at, bool is_plain); /* names that begin with the word, and labels that have it */

void complete_sparql(Completion *at);
void complete_command(Completion *at);
void complete_rule(Completion *at);

#endif
