#include "cli/editor/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MOST_UNDONE 200
#define MOST_UNDO_BYTES (1u << 20) /* larger texts have no past */

static void forget_past(Text *text)
{
    for (size_t i = 0; i < text->past.count; i++)
        free(text->past.items[i].bytes);
    text->past.count = 0;
    text->is_typing = false;
}

void text_free(Text *text)
{
    forget_past(text);
    free(text->past.items);
    base_buffer_free(&text->bytes);
    base_buffer_free(&text->cut);
}

void text_clear(Text *text)
{
    forget_past(text);
    text->bytes.count = 0;
    text->cursor = 0;
}

/* The state to come back to. One that cannot be kept costs the undo, not the change. */
static void remember(Text *text)
{
    text->is_typing = false;
    if (text->bytes.count > MOST_UNDO_BYTES) {
        forget_past(text);
        return;
    }
    TextState state = {malloc(text->bytes.count + 1), text->bytes.count, text->cursor};
    if (!state.bytes)
        return;
    if (text->bytes.count > 0)
        memcpy(state.bytes, text->bytes.items, text->bytes.count);
    if (text->past.count == MOST_UNDONE) {
        free(text->past.items[0].bytes);
        memmove(text->past.items, text->past.items + 1, (MOST_UNDONE - 1) * sizeof *text->past.items);
        text->past.count--;
    }
    if (!BASE_PUSH(&text->past, state))
        free(state.bytes);
}

static bool replace(Text *text, size_t start, size_t end, const char *bytes, size_t length)
{
    BaseBuffer *const buffer = &text->bytes;
    if (!BASE_RESERVE(buffer, buffer->count - (end - start) + length + 1))
        return false;
    memmove(buffer->items + start + length, buffer->items + end, buffer->count - end);
    if (length > 0)
        memcpy(buffer->items + start, bytes, length);
    buffer->count = buffer->count - (end - start) + length;
    buffer->items[buffer->count] = '\0';
    return true;
}

bool text_set(Text *text, const char *bytes, size_t length, size_t cursor)
{
    remember(text);
    if (!replace(text, 0, text->bytes.count, bytes, length))
        return false;
    text->cursor = cursor < length ? cursor : length;
    return true;
}

bool text_insert(Text *text, const char *bytes, size_t length)
{
    remember(text);
    if (!replace(text, text->cursor, text->cursor, bytes, length))
        return false;
    text->cursor += length;
    return true;
}

bool text_type(Text *text, const char *bytes, size_t length)
{
    if (!text->is_typing || isspace((unsigned char)bytes[0]))
        remember(text);
    if (!replace(text, text->cursor, text->cursor, bytes, length))
        return false;
    text->cursor += length;
    text->is_typing = true;
    return true;
}

bool text_delete(Text *text, size_t start, size_t end)
{
    if (start >= end)
        return true;
    remember(text);
    if (!replace(text, start, end, NULL, 0))
        return false;
    text->cursor = start;
    return true;
}

bool text_cut(Text *text, size_t start, size_t end)
{
    if (start >= end)
        return true;
    text->cut.count = 0;
    return base_buffer_add(&text->cut, text->bytes.items + start, end - start) && text_delete(text, start, end);
}

bool text_paste_cut(Text *text)
{
    return text->cut.count == 0 || text_insert(text, text->cut.items, text->cut.count);
}

bool text_swap(Text *text)
{
    const size_t at = text->cursor == text->bytes.count ? text_before(text, text->cursor) : text->cursor;
    const size_t start = text_before(text, at), end = text_behind(text, at);
    char pair[128];
    if (start == at || at == end || end - start > sizeof pair)
        return true;
    memcpy(pair, text->bytes.items + at, end - at);
    memcpy(pair + (end - at), text->bytes.items + start, at - start);
    remember(text);
    memcpy(text->bytes.items + start, pair, end - start);
    text->cursor = end;
    return true;
}

void text_undo(Text *text)
{
    text->is_typing = false;
    if (text->past.count == 0)
        return;
    const TextState state = text->past.items[--text->past.count];
    if (replace(text, 0, text->bytes.count, state.bytes, state.length))
        text->cursor = state.cursor;
    free(state.bytes);
}

/* ---- Places ---- */

/* Does the character there combine with the one before it? */
static bool is_joined(const Text *text, size_t at)
{
    uint32_t c;
    const size_t bytes = base_utf8_decode(text->bytes.items + at, text->bytes.count - at, &c);
    return bytes > 1 && base_utf8_columns(text->bytes.items + at, bytes) == 0;
}

static size_t character_before(const Text *text, size_t at)
{
    do
        at--;
    while (at > 0 && ((unsigned char)text->bytes.items[at] & 0xc0) == 0x80);
    return at;
}

static size_t character_behind(const Text *text, size_t at)
{
    do
        at++;
    while (at < text->bytes.count && ((unsigned char)text->bytes.items[at] & 0xc0) == 0x80);
    return at;
}

size_t text_before(const Text *text, size_t at)
{
    if (at == 0)
        return 0;
    do
        at = character_before(text, at);
    while (at > 0 && is_joined(text, at));
    return at;
}

size_t text_behind(const Text *text, size_t at)
{
    if (at >= text->bytes.count)
        return text->bytes.count;
    do
        at = character_behind(text, at);
    while (at < text->bytes.count && is_joined(text, at));
    return at;
}

static bool is_word(const Text *text, size_t at)
{
    const unsigned char c = (unsigned char)text->bytes.items[at];
    return isalnum(c) || c == '_' || c >= 0x80;
}

size_t text_word_before(const Text *text, size_t at)
{
    while (at > 0 && !is_word(text, at - 1))
        at--;
    while (at > 0 && is_word(text, at - 1))
        at--;
    return at;
}

size_t text_word_behind(const Text *text, size_t at)
{
    while (at < text->bytes.count && !is_word(text, at))
        at++;
    while (at < text->bytes.count && is_word(text, at))
        at++;
    return at;
}

size_t text_line_start(const Text *text, size_t at)
{
    while (at > 0 && text->bytes.items[at - 1] != '\n')
        at--;
    return at;
}

size_t text_line_end(const Text *text, size_t at)
{
    while (at < text->bytes.count && text->bytes.items[at] != '\n')
        at++;
    return at;
}
