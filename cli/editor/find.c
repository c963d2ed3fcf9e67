#include "cli/editor/find.h"

#include <stdlib.h>
#include <string.h>

bool find_open(Find *find, const Text *text, const History *history)
{
    find_close(find);
    find->before = malloc(text->bytes.count + 1);
    if (!find->before)
        return false;
    if (text->bytes.count > 0)
        memcpy(find->before, text->bytes.items, text->bytes.count);
    find->before_length = text->bytes.count;
    find->before_cursor = text->cursor;
    find->at = history->count;
    find->is_open = true;
    return true;
}

void find_close(Find *find)
{
    free(find->before);
    base_buffer_free(&find->word);
    base_buffer_free(&find->line);
    *find = (Find){0};
}

/* Shows the nearest entry, from `at` on, that has the word. */
static void search(Find *find, Text *text, const History *history, size_t at, bool is_newer)
{
    find->has_failed = find->word.count > 0;
    for (; at < history->count && find->word.count > 0; at += is_newer ? 1 : (size_t)-1) {
        const char *const found = strstr(history->items[at], find->word.items);
        if (!found)
            continue;
        find->at = at;
        find->has_failed = false;
        text_set(text, history->items[at], strlen(history->items[at]), (size_t)(found - history->items[at]));
        return;
    }
}

static void restore(Find *find, Text *text)
{
    text_set(text, find->before, find->before_length, find->before_cursor);
}

bool find_take(Find *find, const Key *key, Text *text, const History *history)
{
    const size_t newest = history->count - 1;
    if (key->kind == KEY_TEXT) {
        base_buffer_add(&find->word, key->text, key->length);
        search(find, text, history, find->at < history->count ? find->at : newest, false);
    } else if (key->kind == KEY_BACKSPACE) {
        size_t *const count = &find->word.count;
        while (*count > 0 && ((unsigned char)find->word.items[--*count] & 0xc0) == 0x80)
            ;
        if (find->word.items)
            find->word.items[*count] = '\0';
        search(find, text, history, newest, false);
    } else if (key->kind == KEY_CONTROL && key->letter == 'R') {
        search(find, text, history, find->at < history->count ? find->at - 1 : newest, false);
    } else if (key->kind == KEY_CONTROL && key->letter == 'S') {
        search(find, text, history, find->at < history->count ? find->at + 1 : newest, true);
    } else if (key->kind == KEY_ESCAPE || (key->kind == KEY_CONTROL && key->letter == 'G')) {
        restore(find, text);
        find_close(find);
    } else {
        if (key->kind != KEY_RESIZE)
            find_close(find);
        return false;
    }
    return true;
}

DrawnLine find_line(Find *find)
{
    find->line.count = 0;
    if (!base_buffer_format(&find->line, "search: %.*s%s", (int)find->word.count,
                            find->word.items ? find->word.items : "", find->has_failed ? "  (not found)" : ""))
        return (DrawnLine){"search", 6};
    return (DrawnLine){find->line.items, base_utf8_columns(find->line.items, find->line.count)};
}
