/* Words of a text: runs of letters, digits and marks by their Unicode category; an apostrophe, hyphen or full stop
 * between two of them is part of the word ("cat-o'-nine-tails", "U.S"). */
#include "embed/mentions.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Function words of English, in order. */
static const char *const stop_words[] = {
    "a",     "about", "after",   "again", "all",    "also",  "am",   "an",   "and",   "any",    "are",    "as",
    "at",    "be",    "because", "been",  "before", "being", "but",  "by",   "can",   "could",  "did",    "do",
    "does",  "each",  "for",     "from",  "had",    "has",   "have", "he",   "her",   "here",   "hers",   "him",
    "his",   "how",   "i",       "if",    "in",     "into",  "is",   "it",   "its",   "itself", "just",   "may",
    "me",    "might", "more",    "most",  "must",   "my",    "no",   "nor",  "not",   "of",     "off",    "on",
    "only",  "or",    "other",   "our",   "out",    "over",  "own",  "same", "shall", "she",    "should", "so",
    "some",  "such",  "than",    "that",  "the",    "their", "them", "then", "there", "these",  "they",   "this",
    "those", "to",    "too",     "under", "up",     "us",    "very", "was",  "we",    "were",   "what",   "when",
    "where", "which", "while",   "who",   "whom",   "why",   "will", "with", "would", "you",    "your",
};

static int compare_word(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static bool is_stop_word(const char *bytes, size_t length)
{
    char lower[16];
    if (length >= sizeof lower)
        return false;
    for (size_t i = 0; i < length; i++)
        lower[i] = bytes[i] >= 'A' && bytes[i] <= 'Z' ? (char)(bytes[i] - 'A' + 'a') : bytes[i];
    lower[length] = '\0';
    return bsearch(lower, stop_words, sizeof stop_words / sizeof *stop_words, sizeof *stop_words, compare_word) != NULL;
}

static bool is_letter(uint32_t code_point)
{
    switch (utf8proc_category((utf8proc_int32_t)code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

/* Bytes of the letter at `at`; 0: there is none. */
static size_t letter_at(const char *text, size_t length, size_t at)
{
    uint32_t code_point = 0;
    const size_t bytes = at < length ? base_utf8_decode(text + at, length - at, &code_point) : 0;
    return bytes > 0 && is_letter(code_point) ? bytes : 0;
}

/* Bytes of a joining sign at `at` with a letter behind it; 0: there is none. */
static size_t join_at(const char *text, size_t length, size_t at)
{
    uint32_t code_point = 0;
    const size_t bytes = at < length ? base_utf8_decode(text + at, length - at, &code_point) : 0;
    const bool is_sign = code_point == '\'' || code_point == '-' || code_point == '.' || code_point == '_' ||
                         code_point == 0x2019 /* right single quotation mark */ || code_point == 0x2010 /* hyphen */;
    if (bytes == 0 || !is_sign)
        return 0;
    if (letter_at(text, length, at + bytes) > 0)
        return bytes;
    /* "cat-o'-nine-tails": two signs in a row */
    return code_point == '\'' && at + 1 < length && text[at + 1] == '-' && letter_at(text, length, at + 2) > 0 ? 2 : 0;
}

static size_t word_end(const char *text, size_t length, size_t start)
{
    size_t at = start;
    for (;;) {
        size_t step = letter_at(text, length, at);
        if (step == 0 && at > start)
            step = join_at(text, length, at);
        if (step == 0)
            return at;
        at += step;
    }
}

/* Only blanks lie between the word and the next: a phrase may go on. */
static bool is_phrase_end(const char *text, size_t length, size_t at)
{
    while (at < length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r'))
        at++;
    return letter_at(text, length, at) == 0;
}

BaseStatus embed_words(const char *text, size_t length, EmbedWords *out, BaseError *err)
{
    for (size_t at = 0; at < length;) {
        const size_t end = word_end(text, length, at);
        if (end == at) {
            uint32_t code_point = 0;
            const size_t step = base_utf8_decode(text + at, length - at, &code_point);
            at += step > 0 ? step : 1;
            continue;
        }
        const EmbedWord word = {.start = at,
                                .length = end - at,
                                .is_stop = is_stop_word(text + at, end - at),
                                .ends_phrase = is_phrase_end(text, length, end)};
        if (!BASE_PUSH(out, word))
            return base_fail(err, BASE_NO_MEMORY, "no memory for %zu words", out->count);
        at = end;
    }
    return BASE_OK;
}
