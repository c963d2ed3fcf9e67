/* The texts of a program in one string, for the catalog. */
#include "reasoner/program_text.h"

#include "reasoner/program.h"

#include <stdlib.h>
#include <string.h>

bool reasoner_program_join_texts(const ReasonerProgram *program, BaseBuffer *out)
{
    bool is_fine = base_buffer_add(out, "", 0);
    for (size_t i = 0; is_fine && i < program->texts.count; i++) {
        const ReasonerText *const text = &program->texts.items[i];
        is_fine = base_buffer_format(out, "%%%% %zu %s\n", text->length, text->name) &&
                  base_buffer_add(out, text->text, text->length) && base_buffer_add(out, "\n", 1);
    }
    return is_fine;
}

/* Reads one header line and moves behind it; false: it is none. */
static bool read_header(const char **at, size_t *length, KgText *name)
{
    if (strncmp(*at, "%% ", 3) != 0)
        return false;
    char *end;
    const unsigned long long bytes = strtoull(*at + 3, &end, 10);
    const char *const newline = *end == ' ' ? strchr(end, '\n') : NULL;
    if (!newline || bytes > strlen(newline + 1))
        return false;
    *length = (size_t)bytes;
    *name = (KgText){end + 1, (size_t)(newline - end) - 1};
    *at = newline + 1;
    return true;
}

BaseStatus reasoner_split_texts(const char *joined, const char *name, BaseArena *arena, ReasonerText **out,
                                size_t *count, BaseError *err)
{
    size_t parts = 0, length;
    KgText part;
    for (const char *at = joined; read_header(&at, &length, &part); at += length + (at[length] == '\n'))
        parts++;
    ReasonerText *const texts = base_arena_alloc(arena, parts + 1, sizeof *texts);
    if (!texts)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the rules");
    *out = texts;
    *count = parts ? parts : 1;
    texts[0] = (ReasonerText){name, joined, strlen(joined)};
    const char *at = joined;
    for (size_t i = 0; i < parts && read_header(&at, &length, &part); i++) {
        texts[i] = (ReasonerText){base_arena_copy(arena, part.bytes, part.length), at, length};
        if (!texts[i].name)
            return base_fail(err, BASE_NO_MEMORY, "no memory for the rules");
        at += length + (at[length] == '\n');
    }
    return BASE_OK;
}
