/* complete.c - what Tab offers: shell commands, files behind them, SPARQL words, and the database's own names. */
#include "cli/shell.h"
#include "cli/statement.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MOST_CANDIDATES 200
#define MOST_TERMS_READ 2000000

static const char *const sparql_words[] = {"WHERE",  "FILTER",   "OPTIONAL", "ORDER BY", "GROUP BY", "LIMIT",
                                           "OFFSET", "DISTINCT", "COUNT(",   "UNION",    "BIND(",    "VALUES",
                                           "HAVING", "EXISTS",   "MINUS",    "REGEX(",   NULL};

static bool add_candidate(BaseArena *arena, TextList *out, const char *text, size_t length)
{
    if (out->count >= MOST_CANDIDATES)
        return false;
    char *const copy = base_arena_copy(arena, text, length);
    return copy && BASE_PUSH(out, copy);
}

static void add_from_list(const char *const *list, const char *word, size_t length, BaseArena *arena, TextList *out)
{
    for (size_t i = 0; list[i]; i++)
        if (strncasecmp(list[i], word, length) == 0)
            add_candidate(arena, out, list[i], strlen(list[i]));
}

static void add_files(const char *word, size_t length, BaseArena *arena, TextList *out)
{
    char *const pattern = base_arena_alloc(arena, length + 2, 1);
    if (!pattern)
        return;
    memcpy(pattern, word, length);
    pattern[length] = '*';
    glob_t found;
    if (glob(pattern, GLOB_MARK, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        add_candidate(arena, out, found.gl_pathv[i], strlen(found.gl_pathv[i]));
    globfree(&found);
}

/* IRIs of the database that begin with the word: `kg:do` and `:do` stand for kg: names, a declared prefix for its own,
 * and (`plain`) a bare `do` in rules and facts for kg: names. */
static void add_names(Shell *shell, const char *word, size_t length, bool plain, BaseArena *arena, TextList *out)
{
    KgTxn *txn = NULL;
    if (kg_read_begin(shell->cli->store, &txn, NULL) != BASE_OK)
        return;
    KgPrefix *prefixes = NULL;
    size_t prefix_count = 0;
    const char *const colon = memchr(word, ':', length);
    const char *iri = plain && !colon ? KG_NAME_SCHEME : NULL;
    size_t shown = 0; /* bytes of the word that stand for `iri` */
    if (colon && kg_prefixes(txn, arena, &prefixes, &prefix_count, NULL) == BASE_OK) {
        shown = (size_t)(colon - word) + 1;
        for (size_t i = 0; i < prefix_count; i++)
            if (strlen(prefixes[i].prefix) == shown - 1 && strncmp(prefixes[i].prefix, word, shown - 1) == 0)
                iri = prefixes[i].iri;
    }
    const uint64_t count = kg_term_count(txn, KG_IRI);
    for (uint64_t i = 0; iri && i < count && i < MOST_TERMS_READ && out->count < MOST_CANDIDATES; i++) {
        KgTerm term;
        const BaseArenaMark mark = base_arena_mark(arena);
        if (kg_term(txn, kg_id(KG_IRI, i), arena, &term, NULL) != BASE_OK)
            break;
        const size_t base = strlen(iri), typed = length - shown;
        if (term.text.length < base + typed || memcmp(term.text.bytes, iri, base) != 0 ||
            memcmp(term.text.bytes + base, word + shown, typed) != 0) {
            base_arena_rewind(arena, mark);
            continue;
        }
        char *const whole = base_arena_alloc(arena, shown + term.text.length - base + 1, 1);
        if (!whole)
            break;
        memcpy(whole, word, shown);
        memcpy(whole + shown, term.text.bytes + base, term.text.length - base);
        if (!BASE_PUSH(out, whole))
            break;
    }
    kg_abort(txn);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

BaseStatus complete_word(Shell *shell, const char *line, size_t cursor, BaseArena *arena, TextList *out, size_t *start)
{
    size_t at = cursor;
    while (at > 0 && !isspace((unsigned char)line[at - 1]) && !strchr("{}(),;'\"", line[at - 1]))
        at--;
    *start = at;
    const char *const word = line + at;
    const size_t length = cursor - at;
    const StatementKind kind = statement_kind(line, cursor);
    if (kind == STATEMENT_COMMAND && at == 0) {
        add_from_list(shell_commands, word, length, arena, out);
    } else if (kind == STATEMENT_COMMAND) {
        const bool takes_names = strncmp(line, ".explain", 8) == 0 || strncmp(line, ".predict", 8) == 0;
        if (takes_names)
            add_names(shell, word, length, true, arena, out);
        else
            add_files(word, length, arena, out);
    } else {
        if (length > 0 && !memchr(word, ':', length)) {
            add_from_list(sparql_openers, word, length, arena, out);
            add_from_list(sparql_words, word, length, arena, out);
        }
        if (length > 0)
            add_names(shell, word, length, true, arena, out);
    }
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_text);
    return BASE_OK;
}
