/* complete_command.c - what may stand behind a dot command, and in a rule. */
#include "cli/complete.h"

#include <ctype.h>
#include <glob.h>
#include <string.h>

/* Words of the line before the one at the cursor, the command's own included. */
static size_t words_before(const Completion *at)
{
    size_t count = 0;
    const char *const end = at->word;
    for (const char *c = at->statement; c < end; c++)
        count += !isspace((unsigned char)*c) && (c + 1 == end || isspace((unsigned char)c[1]));
    return count;
}

static void add_files(Completion *at)
{
    char *const pattern = base_arena_alloc(at->arena, at->word_length + 2, 1);
    if (!pattern)
        return;
    memcpy(pattern, at->word, at->word_length);
    pattern[at->word_length] = '*';
    glob_t found;
    if (glob(pattern, GLOB_MARK | GLOB_TILDE, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        add_candidate(at, found.gl_pathv[i], NULL);
    globfree(&found);
}

static void add_known_prefixes(Completion *at, size_t words)
{
    for (const KgPrefix *known = kg_vocabularies; known->prefix; known++) {
        const bool is_iri = words == 2;
        if (is_iri) { /* of the prefix before it, or any */
            const size_t length = strlen(known->prefix);
            const char *before = at->word;
            while (before > at->statement && isspace((unsigned char)before[-1]))
                before--;
            const bool has_colon = before > at->statement && before[-1] == ':';
            const size_t bytes = length + has_colon;
            if ((size_t)(before - at->statement) <= bytes || memcmp(before - bytes, known->prefix, length) != 0 ||
                !isspace((unsigned char)before[-(ptrdiff_t)bytes - 1]))
                continue;
        }
        const char *const word = is_iri ? known->iri : known->prefix;
        if (begins_with_word(at, word))
            add_candidate(at, word, is_iri ? NULL : known->iri);
    }
}

static void add_fact_words(Completion *at, const DotCommand *command, size_t words)
{
    static const char *const queries[] = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE", "PREFIX", NULL};
    if (words == 1 && at->word_length > 0 && strcmp(command->name, ".explain") == 0)
        add_words(at, queries);
    if (words == 2)
        add_predicates(at, true);
    else if (at->word_length > 0)
        add_entities(at, true);
}

void complete_command(Completion *at)
{
    static const char *const switches[] = {"on", "off", NULL}, *const off[] = {"off", NULL};
    static const char *const layers[] = {"all",      "asserted", "asserted,inferred", "inferred", "predicted",
                                         "observed", NULL};
    size_t end = 0;
    const size_t words = words_before(at);
    while (end < at->cursor && !isspace((unsigned char)at->statement[end]))
        end++;
    const DotCommand *const command = find_dot_command(at->statement, end);
    if (!command)
        return;
    switch (command->arguments) {
    case TAKES_NOTHING:
        break;
    case TAKES_FILES:
        add_files(at);
        break;
    case TAKES_FACT:
        add_fact_words(at, command, words);
        break;
    case TAKES_FORMAT:
        add_words(at, result_format_names);
        break;
    case TAKES_PREFIX:
        add_known_prefixes(at, words);
        break;
    case TAKES_SWITCH:
        add_words(at, switches);
        break;
    case TAKES_LIMIT:
        add_words(at, off);
        break;
    case TAKES_LAYERS:
        add_words(at, layers);
        break;
    case TAKES_COMMAND:
        for (size_t i = 0; i < dot_command_count; i++)
            if (begins_with_word(at, dot_commands[i].name) || begins_with_word(at, dot_commands[i].name + 1))
                add_candidate(at, dot_commands[i].name, dot_commands[i].summary);
        break;
    }
}

/* Predicates stand before a parenthesis, names within. */
void complete_rule(Completion *at)
{
    int depth = 0;
    for (const char *c = at->statement; c < at->word; c++)
        depth += *c == '(' ? 1 : *c == ')' ? -1 : 0;
    if (at->word_length > 0 && *at->word == '?')
        add_variables(at);
    else if (depth <= 0 && at->word_length > 0)
        add_predicates(at, true);
    else if (at->word_length > 0)
        add_entities(at, true);
}
