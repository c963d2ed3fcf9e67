/* editor.h - a line editor for texts of several lines, on any terminal with ANSI's control sequences: keys as emacs has
 * them, undo, history and search in it, pastes as one, colours while typing, and a menu of completions.
 *
 * None of the editors that Debian 12 packages does this for a program of this licence: libedit has neither colours nor
 * pastes, readline is GPL's, libtecla is kept no more; replxx and linenoise are not packaged. */
#ifndef KGQ_CLI_EDITOR_EDITOR_H
#define KGQ_CLI_EDITOR_EDITOR_H

#include "cli/editor/history.h"

typedef enum EditorStyle {
    STYLE_PLAIN,
    STYLE_KEYWORD,
    STYLE_FUNCTION,
    STYLE_VARIABLE,
    STYLE_NAME, /* IRIs and what stands for them */
    STYLE_STRING,
    STYLE_NUMBER,
    STYLE_COMMENT,
    STYLE_COMMAND,
    STYLE_WRONG,
    STYLE_PAIR, /* the bracket at the cursor, and its partner */
    STYLES
} EditorStyle;

/* What may stand in place of the text from `start` to the cursor. */
typedef struct EditorCandidate {
    const char *text; /* owned by the arena of the call */
    const char *note; /* shown beside it; NULL: none */
} EditorCandidate;
typedef struct EditorCandidates {
    EditorCandidate *items; /* the best first */
    size_t count, capacity;
    size_t start;
    const char *remark; /* shown below them; NULL: none */
} EditorCandidates;

typedef struct EditorHooks {
    void *context;
    /* Does Enter behind this end the text, or begin a new line of it? */
    bool (*is_whole)(void *context, const char *text, size_t length);
    /* Fills in an EditorStyle for each byte. */
    void (*paint)(void *context, const char *text, size_t length, unsigned char *styles);
    void (*complete)(void *context, const char *text, size_t length, size_t cursor, BaseArena *arena,
                     EditorCandidates *out);
} EditorHooks;

typedef enum EditorEnd {
    EDITOR_ENTERED,
    EDITOR_DROPPED, /* Ctrl-C */
    EDITOR_LEFT,    /* Ctrl-D in an empty text, or the terminal is gone */
    EDITOR_FAILED,  /* no memory */
} EditorEnd;

typedef struct Editor Editor;
/* `input` and `output` are the terminal's; history and hooks are borrowed. NULL: no memory. */
Editor *editor_new(int input, int output, const EditorHooks *hooks, History *history, bool has_colours);
void editor_free(Editor *editor);
/* Edits a new text until it is entered, which *text and *length then say, borrowed until the next call; it has gone to
 * the history. The terminal's modes are its own in between only. */
EditorEnd editor_read(Editor *editor, const char *prompt, const char *more, const char **text, size_t *length);

#endif
