/* text.h - a text being edited: its bytes, the cursor, what was cut, and the way back. */
#ifndef KGQ_CLI_EDITOR_TEXT_H
#define KGQ_CLI_EDITOR_TEXT_H

#include "base/base.h"

typedef struct TextState {
    char *bytes;
    size_t length, cursor;
} TextState;

typedef struct Text {
    BaseBuffer bytes; /* UTF-8; lines end with \n */
    size_t cursor;    /* a byte offset, at the start of a character */
    BaseBuffer cut;   /* for text_paste_cut */
    struct {
        TextState *items;
        size_t count, capacity;
    } past;         /* for text_undo */
    bool is_typing; /* single characters in a row are undone together */
} Text;

void text_free(Text *text);
void text_clear(Text *text); /* with its past, but not what was cut */
/* Each false: no memory, and nothing changed. */
bool text_set(Text *text, const char *bytes, size_t length, size_t cursor);
bool text_insert(Text *text, const char *bytes, size_t length);
bool text_type(Text *text, const char *bytes, size_t length); /* one character, by hand */
bool text_delete(Text *text, size_t start, size_t end);
bool text_cut(Text *text, size_t start, size_t end); /* keeps it for text_paste_cut */
bool text_paste_cut(Text *text);
bool text_swap(Text *text); /* the characters around the cursor */
void text_undo(Text *text);

/* Places in the text, from one on; a character takes what combines with it along. */
size_t text_before(const Text *text, size_t at);
size_t text_behind(const Text *text, size_t at);
size_t text_word_before(const Text *text, size_t at);
size_t text_word_behind(const Text *text, size_t at);
size_t text_line_start(const Text *text, size_t at);
size_t text_line_end(const Text *text, size_t at);

#endif
