#include "cli/editor/keys.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ESCAPE 0x1b
#define SEQUENCE_MS 50 /* a lone Escape is one when nothing follows for so long */
#define PASTE_MS 10000 /* a paste that has no end is over then */

static volatile sig_atomic_t was_resized, is_to_end;

static void on_resize(int number)
{
    (void)number;
    was_resized = 1;
}

static void on_end(int number)
{
    (void)number;
    is_to_end = 1;
}

void keys_begin(KeyReader *reader, KeySignals *before)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGWINCH);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, &before->mask);
    reader->awake = before->mask;
    sigdelset(&reader->awake, SIGWINCH);
    sigdelset(&reader->awake, SIGTERM);
    sigdelset(&reader->awake, SIGHUP);
    was_resized = 0;
    const struct sigaction resize = {.sa_handler = on_resize}, end = {.sa_handler = on_end};
    sigaction(SIGWINCH, &resize, &before->resize);
    sigaction(SIGTERM, &end, &before->terminate);
    sigaction(SIGHUP, &end, &before->hang_up);
}

void keys_end(const KeySignals *before)
{
    sigaction(SIGWINCH, &before->resize, NULL);
    sigaction(SIGTERM, &before->terminate, NULL);
    sigaction(SIGHUP, &before->hang_up, NULL);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* More bytes into `pending`; false: none within the time (negative: without end), or a signal came. */
static bool fill(KeyReader *reader, long milliseconds)
{
    struct pollfd poll = {.fd = reader->input, .events = POLLIN};
    const struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    if (ppoll(&poll, 1, milliseconds < 0 ? NULL : &limit, &reader->awake) <= 0)
        return false;
    const ssize_t got = read(reader->input, reader->pending, sizeof reader->pending);
    if (got <= 0) {
        reader->is_closed = got == 0 || (errno != EINTR && errno != EAGAIN);
        return false;
    }
    reader->at = 0;
    reader->count = (size_t)got;
    return true;
}

static bool next_byte(KeyReader *reader, long milliseconds, unsigned char *out)
{
    if (reader->at == reader->count && !fill(reader, milliseconds))
        return false;
    *out = reader->pending[reader->at++];
    return true;
}

bool key_is_waiting(KeyReader *reader)
{
    return reader->at < reader->count || (!reader->is_closed && !is_to_end && fill(reader, 0));
}

/* ---- Pastes ---- */

/* What was pasted as lines of text: terminals send carriage returns for newlines; what is no text is left out. */
static void clean_paste(BaseBuffer *paste)
{
    size_t out = 0;
    for (size_t i = 0; i < paste->count;) {
        uint32_t code_point;
        const size_t bytes = base_utf8_decode(paste->items + i, paste->count - i, &code_point);
        if (bytes == 0) {
            i++;
            continue;
        }
        if (code_point == '\r') {
            paste->items[out++] = '\n';
            i += i + 1 < paste->count && paste->items[i + 1] == '\n' ? 2 : 1;
            continue;
        }
        if ((code_point >= 0x20 && code_point != 0x7f) || code_point == '\n' || code_point == '\t') {
            memmove(paste->items + out, paste->items + i, bytes);
            out += bytes;
        }
        i += bytes;
    }
    paste->count = out;
}

static Key read_paste(KeyReader *reader)
{
    static const char end[] = "\x1b[201~";
    const size_t end_length = sizeof end - 1;
    BaseBuffer *const paste = &reader->paste;
    unsigned char byte;
    paste->count = 0;
    while (!reader->is_closed && !is_to_end) {
        if (!next_byte(reader, PASTE_MS, &byte)) {
            if (was_resized && !reader->is_closed)
                continue; /* told with the next key */
            break;
        }
        if (!base_buffer_add(paste, (const char *)&byte, 1))
            break;
        if (byte == '~' && paste->count >= end_length &&
            memcmp(paste->items + paste->count - end_length, end, end_length) == 0) {
            paste->count -= end_length;
            break;
        }
    }
    clean_paste(paste);
    return (Key){.kind = KEY_PASTE};
}

/* ---- Sequences ---- */

static Key plain(KeyKind kind)
{
    return (Key){.kind = kind};
}

/* The key of `CSI parameters letter`; `modifier` is 1 + Shift 1, Alt 2, Ctrl 4. */
static KeyKind key_of_letter(unsigned char letter, int modifier)
{
    const bool is_jump = modifier > 2;
    switch (letter) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return is_jump ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D':
        return is_jump ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H':
        return is_jump ? KEY_TEXT_HOME : KEY_HOME;
    case 'F':
        return is_jump ? KEY_TEXT_END : KEY_END;
    case 'Z':
        return KEY_SHIFT_TAB;
    default:
        return KEY_UNKNOWN;
    }
}

static KeyKind key_of_number(int number, int modifier)
{
    switch (number) {
    case 1:
    case 7:
        return modifier > 2 ? KEY_TEXT_HOME : KEY_HOME;
    case 3:
        return KEY_DELETE;
    case 4:
    case 8:
        return modifier > 2 ? KEY_TEXT_END : KEY_END;
    case 5:
        return KEY_PAGE_UP;
    case 6:
        return KEY_PAGE_DOWN;
    default:
        return KEY_UNKNOWN;
    }
}

/* Behind ESC [: digits and semicolons up to a letter or ~. */
static Key read_sequence(KeyReader *reader)
{
    int numbers[2] = {0, 0};
    size_t index = 0;
    unsigned char byte;
    while (next_byte(reader, SEQUENCE_MS, &byte)) {
        if (byte >= '0' && byte <= '9') {
            if (index < 2 && numbers[index] < 10000)
                numbers[index] = numbers[index] * 10 + (byte - '0');
        } else if (byte == ';') {
            index++;
        } else if (byte == '~' && numbers[0] == 200) {
            return read_paste(reader);
        } else if (byte >= 0x40 && byte <= 0x7e) {
            return plain(byte == '~' ? key_of_number(numbers[0], numbers[1]) : key_of_letter(byte, numbers[1]));
        }
    }
    return plain(KEY_UNKNOWN);
}

static Key read_escape(KeyReader *reader)
{
    unsigned char byte;
    if (!next_byte(reader, SEQUENCE_MS, &byte))
        return plain(KEY_ESCAPE);
    if (byte == '[')
        return read_sequence(reader);
    if (byte == 'O' && next_byte(reader, SEQUENCE_MS, &byte))
        return plain(key_of_letter(byte, 0));
    if (byte == '\r' || byte == '\n')
        return plain(KEY_ALT_ENTER);
    if (byte == 0x7f || byte == 0x08)
        return plain(KEY_ALT_BACKSPACE);
    if (byte > 0x20 && byte < 0x7f)
        return (Key){.kind = KEY_ALT, .letter = (char)byte};
    return plain(KEY_UNKNOWN);
}

/* The rest of a character of several bytes. */
static Key read_character(KeyReader *reader, unsigned char first)
{
    Key key = {.kind = KEY_TEXT, .text = {(char)first}, .length = 1};
    const size_t wanted = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    unsigned char byte;
    while (key.length < wanted && next_byte(reader, SEQUENCE_MS, &byte))
        key.text[key.length++] = (char)byte;
    if (base_utf8_check(key.text, key.length) != key.length)
        key.kind = KEY_UNKNOWN;
    return key;
}

Key key_read(KeyReader *reader)
{
    unsigned char byte;
    for (;;) {
        if (is_to_end || reader->is_closed)
            return plain(KEY_CLOSED);
        if (was_resized) {
            was_resized = 0;
            return plain(KEY_RESIZE);
        }
        if (next_byte(reader, -1, &byte))
            break;
    }
    switch (byte) {
    case ESCAPE:
        return read_escape(reader);
    case '\r':
    case '\n':
        return plain(KEY_ENTER);
    case '\t':
        return plain(KEY_TAB);
    case 0x7f:
    case 0x08:
        return plain(KEY_BACKSPACE);
    default:
        return byte < 0x20 ? (Key){.kind = KEY_CONTROL, .letter = (char)(byte + '@')} : read_character(reader, byte);
    }
}
