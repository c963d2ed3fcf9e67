/* keys.h - what comes from a terminal's keyboard: bytes to keys, with pastes as one (bracketed paste, xterm's control
 * sequences) and resizes of the window in between. */
#ifndef KGQ_CLI_EDITOR_KEYS_H
#define KGQ_CLI_EDITOR_KEYS_H

#include "base/base.h"

#include <signal.h>

typedef enum KeyKind {
    KEY_TEXT,    /* Key.text: one character */
    KEY_PASTE,   /* KeyReader.paste: lines, with their newlines, and nothing that is no text */
    KEY_CONTROL, /* Key.letter: 'A' is Ctrl-A */
    KEY_ALT,     /* Key.letter */
    KEY_ENTER,
    KEY_ALT_ENTER,
    KEY_TAB,
    KEY_SHIFT_TAB,
    KEY_BACKSPACE,
    KEY_ALT_BACKSPACE,
    KEY_DELETE,
    KEY_ESCAPE,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_UP,
    KEY_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_TEXT_HOME, /* Ctrl-Home, Ctrl-End */
    KEY_TEXT_END,
    KEY_UNKNOWN, /* a sequence that means nothing here */
    KEY_RESIZE,  /* the window has another size */
    KEY_CLOSED,  /* the terminal is gone, or the program is to end */
} KeyKind;

typedef struct Key {
    KeyKind kind;
    char letter;
    char text[4];
    size_t length;
} Key;

typedef struct KeyReader {
    int input;
    unsigned char pending[4096];
    size_t count, at;
    BaseBuffer paste;
    sigset_t awake; /* the signals let in while it waits */
    bool is_closed;
} KeyReader;

/* Between the two, SIGWINCH becomes KEY_RESIZE, SIGTERM and SIGHUP become KEY_CLOSED. */
typedef struct KeySignals {
    struct sigaction resize, terminate, hang_up;
    sigset_t mask;
} KeySignals;
void keys_begin(KeyReader *reader, KeySignals *before);
void keys_end(const KeySignals *before);

Key key_read(KeyReader *reader);        /* waits */
bool key_is_waiting(KeyReader *reader); /* so that drawing can wait until the rest of a burst is in */

#endif
