/* words.c - cutting typed lines into words and facts into terms. */
#include "cli/cli.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The end of the term that starts at `at`: "..." with its language or datatype, <...>, or up to a blank. */
static const char *term_end(const char *at)
{
    if (*at == '"') {
        at++;
        while (*at && *at != '"')
            at += *at == '\\' && at[1] ? 2 : 1;
        if (*at)
            at++;
        if (strncmp(at, "^^<", 3) == 0)
            at += 2;
    }
    if (*at == '<') {
        const char *const close = strchr(at, '>');
        return close ? close + 1 : at + strlen(at);
    }
    while (*at && !is_blank(*at))
        at++;
    return at;
}

BaseStatus split_fact(const char *text, BaseArena *arena, const char *fields[3], BaseError *err)
{
    const bool by_tabs = strchr(text, '\t') != NULL;
    const char *at = text;
    size_t count = 0;
    for (;;) {
        while (is_blank(*at))
            at++;
        if (!*at)
            break;
        const char *const end = by_tabs ? at + strcspn(at, "\t\n") : term_end(at);
        if (count < 3) {
            fields[count] = base_arena_copy(arena, at, (size_t)(end - at));
            if (!fields[count])
                return base_fail(err, BASE_NO_MEMORY, "no memory for the words of \"%s\"", text);
        }
        count++;
        at = end;
    }
    if (count == 3)
        return BASE_OK;
    base_fail(err, BASE_BAD_CALL, "expected three terms (head relation tail), found %zu in \"%s\"", count, text);
    if (count > 3)
        base_hint(err, "part terms that have blanks in them by tabs");
    return BASE_BAD_CALL;
}

BaseStatus split_words(const char *line, BaseArena *arena, TextList *words, BaseError *err)
{
    const size_t length = strlen(line);
    for (size_t at = 0;;) {
        while (is_blank(line[at]))
            at++;
        if (!line[at])
            return BASE_OK;
        char *const word = base_arena_alloc(arena, length + 1, 1);
        if (!word || !BASE_PUSH(words, word))
            return base_fail(err, BASE_NO_MEMORY, "no memory for the words of a command");
        size_t out = 0;
        while (line[at] && !is_blank(line[at])) {
            const char quote = line[at];
            if (quote != '\'' && quote != '"') {
                word[out++] = line[at++];
                continue;
            }
            const char *const close = strchr(line + at + 1, quote);
            if (!close)
                return base_fail_at(err, BASE_BAD_INPUT, base_source_at("<command>", line, length, at, 1),
                                    "this quote is not closed, expected %c", quote);
            const size_t inside = (size_t)(close - (line + at + 1));
            memcpy(word + out, line + at + 1, inside);
            out += inside;
            at += inside + 2;
        }
    }
}
