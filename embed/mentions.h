/* mentions.h - free text cut into words, and the words that never are a mention by themselves. */
#ifndef KGQ_EMBED_MENTIONS_H
#define KGQ_EMBED_MENTIONS_H

#include "base/base.h"

typedef struct EmbedWord {
    size_t start, length; /* bytes of the text */
    bool is_stop;         /* "the", "of", ... */
    bool ends_phrase;     /* punctuation follows: no mention reaches past it */
} EmbedWord;
typedef struct EmbedWords {
    EmbedWord *items;
    size_t count, capacity;
} EmbedWords;
/* Appends the words of well-formed UTF-8 text. Free out->items with free(). */
BaseStatus embed_words(const char *text, size_t length, EmbedWords *out, BaseError *err);

#endif
