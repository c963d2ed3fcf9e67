/* complete.c - candidates for a word: of lists, of the statement, and of the database. Which of them come into question
 * is for complete_sparql.c and complete_command.c to say. */
#include "cli/complete.h"

#include "cli/pieces.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_CANDIDATES 400
#define SHORTEST_LABEL 2 /* bytes of a word that labels are searched for */

void add_candidate(Completion *at, const char *text, const char *note)
{
    if (!text || at->out->count >= MOST_CANDIDATES)
        return;
    for (size_t i = 0; i < at->out->count; i++)
        if (strcmp(at->out->items[i].text, text) == 0)
            return;
    const EditorCandidate candidate = {base_arena_copy(at->arena, text, strlen(text)),
                                       note ? base_arena_copy(at->arena, note, strlen(note)) : NULL};
    if (candidate.text)
        (void)BASE_PUSH(at->out, candidate);
}

bool begins_with_word(const Completion *at, const char *text)
{
    return strncasecmp(text, at->word, at->word_length) == 0;
}

void add_words(Completion *at, const char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        if (begins_with_word(at, list[i]))
            add_candidate(at, list[i], NULL);
}

void add_variables(Completion *at)
{
    for (Piece piece = piece_at(false, at->statement, at->length, 0); piece.kind != PIECE_END;
         piece = piece_at(false, at->statement, at->length, piece.end)) {
        const size_t length = piece.end - piece.start;
        const bool is_word = piece.start < at->cursor && piece.end >= at->cursor;
        char name[128];
        if (piece.kind != PIECE_VARIABLE || is_word || length >= sizeof name)
            continue;
        memcpy(name, at->statement + piece.start, length);
        name[length] = '\0';
        if (begins_with_word(at, name))
            add_candidate(at, name, NULL);
    }
}

/* ---- The database's names ---- */

/* `lab` finds v:label as `v:la` does, and <http://ex.org/v/label> where no prefix is known. */
static bool fits(const Completion *at, const char *name, KgText iri)
{
    const KgText local = local_name(iri);
    const bool is_iri = at->word_length > 0 && *at->word == '<';
    const char *const start = is_iri ? at->word + 1 : names_expand(&at->names, at->word, at->word_length);
    const size_t length = is_iri ? at->word_length - 1 : start ? strlen(start) : 0;
    return begins_with_word(at, name) || (start && iri.length >= length && memcmp(iri.bytes, start, length) == 0) ||
           (local.length >= at->word_length && at->word_length > 0 &&
            strncasecmp(local.bytes, at->word, at->word_length) == 0);
}

/* As a field of facts, or as rules have it; NULL where a rule has no such name. */
static const char *plain_name(Completion *at, const KgTerm *term)
{
    BaseBuffer name = {0};
    const char *copy = NULL;
    if (kg_format_term(term, KG_SYNTAX_NAME, &name))
        copy = base_arena_copy(at->arena, name.items, name.count);
    base_buffer_free(&name);
    return copy;
}

static const char *written(Completion *at, const KgTerm *term, bool is_plain)
{
    if (is_plain || term->kind != KG_IRI)
        return plain_name(at, term);
    return names_shorten_like(&at->names, term->text, at->word, at->word_length);
}

void add_predicates(Completion *at, bool is_plain)
{
    KgTxn *txn = NULL;
    KgPredicateCount *counts = NULL;
    size_t count = 0;
    BaseStatus status = kg_read_begin(at->shell->cli->store, &txn, NULL);
    if (status == BASE_OK)
        status = kg_predicate_counts(txn, &counts, &count, NULL);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        KgTerm term;
        status = kg_term(txn, counts[i].predicate, at->arena, &term, NULL);
        const char *const name = status == BASE_OK ? written(at, &term, is_plain) : NULL;
        if (name && fits(at, name, term.text))
            add_candidate(at, name, grouped(counts[i].asserted + counts[i].inferred));
    }
    free(counts);
    kg_abort(txn);
}

static void ask(Completion *at, LookupKind kind, const char *question, size_t length, LookupAnswer *out)
{
    Shell *const shell = at->shell;
    if (!shell->lookup)
        shell->lookup = lookup_new(shell->cli->store);
    lookup_ask(shell->lookup, kind, question, length, at->arena, out);
    if (!out->is_whole)
        at->out->remark = "still searching: Tab again for more";
}

void add_classes(Completion *at)
{
    LookupAnswer answer;
    ask(at, LOOKUP_CLASSES, "", 0, &answer);
    for (size_t i = 0; i < answer.count; i++) {
        const char *const name = written(at, &answer.items[i].term, false);
        if (name && fits(at, name, answer.items[i].term.text))
            add_candidate(at, name, grouped(answer.items[i].count));
    }
    if (answer.count == LOOKUP_MOST && at->word_length > 0)
        add_entities(at, false); /* rarer ones */
}

void add_objects(Completion *at, const char *predicate, size_t length)
{
    LookupAnswer answer;
    ask(at, LOOKUP_OBJECTS, predicate, length, &answer);
    for (size_t i = 0; i < answer.count && i < 50; i++) {
        const KgTerm *const term = &answer.items[i].term;
        const char *const name = written(at, term, false);
        if (name && term->kind != KG_BLANK && strlen(name) < 200 && begins_with_word(at, name))
            add_candidate(at, name, grouped(answer.items[i].count));
    }
}

static int compare_candidates(const void *left, const void *right)
{
    return strcmp(((const EditorCandidate *)left)->text, ((const EditorCandidate *)right)->text);
}

/* IRIs of the database that begin as `start` does. */
static void add_names_from(Completion *at, const char *start, bool is_plain)
{
    LookupAnswer answer;
    const size_t before = at->out->count;
    ask(at, LOOKUP_NAMES, start, strlen(start), &answer);
    for (size_t i = 0; i < answer.count; i++) {
        const char *const name = written(at, &answer.items[i].term, is_plain);
        if (name)
            add_candidate(at, name, NULL);
    }
    if (at->out->count > before + 1)
        qsort(at->out->items + before, at->out->count - before, sizeof *at->out->items, compare_candidates);
    if (answer.count == LOOKUP_MOST)
        at->out->remark = "there are more: type on";
}

static void add_labelled(Completion *at, bool is_plain)
{
    LookupAnswer answer;
    const char *words = at->word;
    size_t length = at->word_length;
    if (length > 0 && (*words == '"' || *words == '\'')) {
        words++;
        length--;
    }
    if (length < SHORTEST_LABEL)
        return;
    ask(at, LOOKUP_LABELS, words, length, &answer);
    for (size_t i = 0; i < answer.count; i++)
        add_candidate(at, written(at, &answer.items[i].term, is_plain), answer.items[i].label);
    if (!answer.is_whole)
        at->out->remark = "the index of labels is being made: Tab again in a moment";
}

void add_entities(Completion *at, bool is_plain)
{
    const char *const colon = memchr(at->word, ':', at->word_length);
    const char *start = NULL;
    char plain[160];
    if (at->word_length > 0 && *at->word == '<')
        start = base_arena_copy(at->arena, at->word + 1, at->word_length - 1);
    else if (colon)
        start = names_expand(&at->names, at->word, at->word_length);
    else if (is_plain && at->word_length > 0 && at->word_length < sizeof plain - 8) {
        snprintf(plain, sizeof plain, KG_NAME_SCHEME "%.*s", (int)at->word_length, at->word);
        start = plain;
    }
    if (start && (*start || colon))
        add_names_from(at, start, is_plain);
    if (!colon && (at->word_length == 0 || *at->word != '<'))
        add_labelled(at, is_plain);
}

/* ---- The word and its statement ---- */

/* Is the piece, a string, still being typed at `cursor`? */
static bool is_open_string(const char *text, Piece piece)
{
    return piece.kind == PIECE_STRING &&
           (piece.is_open || piece.end - piece.start == 1 || text[piece.end - 1] != text[piece.start]);
}

/* The piece that ends at the cursor, if it is a word of some kind; commands are cut at blanks alone. */
static size_t word_start(StatementKind kind, const char *text, size_t cursor)
{
    if (kind == STATEMENT_COMMAND) {
        size_t at = cursor;
        while (at > 0 && !isspace((unsigned char)text[at - 1]))
            at--;
        return at;
    }
    Piece last = {0};
    for (Piece piece = piece_at(kind == STATEMENT_RULE, text, cursor, explained_length(text, cursor));
         piece.kind != PIECE_END; piece = piece_at(kind == STATEMENT_RULE, text, cursor, piece.end))
        last = piece;
    switch (last.kind) {
    case PIECE_WORD:
    case PIECE_NAME:
    case PIECE_VARIABLE:
    case PIECE_NUMBER:
        return last.start;
    case PIECE_IRI:
        return last.is_open ? last.start : cursor;
    case PIECE_STRING:
        return is_open_string(text, last) ? last.start : cursor;
    case PIECE_SYMBOL:
        return cursor > 0 && strchr("?$<", text[cursor - 1]) ? cursor - 1 : cursor;
    default:
        return cursor;
    }
}

static void complete_start(Completion *at)
{
    if (at->word_length == 0)
        return;
    for (size_t i = 0; i < dot_command_count && *at->word == '.'; i++)
        if (begins_with_word(at, dot_commands[i].name))
            add_candidate(at, dot_commands[i].name, dot_commands[i].summary);
    add_words(at, sparql_openers);
}

void complete_text(Shell *shell, const char *text, size_t length, size_t cursor, BaseArena *arena,
                   EditorCandidates *out)
{
    size_t line = cursor;
    while (line > 0 && text[line - 1] != '\n')
        line--;
    const size_t start = shell_unfinished(text, line);
    Completion at = {.shell = shell,
                     .arena = arena,
                     .statement = text + start,
                     .length = length - start,
                     .cursor = cursor - start,
                     .out = out};
    const StatementKind kind = statement_kind(at.statement, at.cursor);
    const size_t word = word_start(kind, at.statement, at.cursor);
    at.word = at.statement + word;
    at.word_length = at.cursor - word;
    out->start = start + word;
    if (names_open(&at.names, shell->cli->store, at.statement, at.length, arena) == BASE_OK) {
        if (statement_start(at.statement, at.cursor) >= word)
            complete_start(&at);
        else if (kind == STATEMENT_COMMAND)
            complete_command(&at);
        else if (kind == STATEMENT_SPARQL)
            complete_sparql(&at);
        if (kind == STATEMENT_RULE)
            complete_rule(&at);
    }
    names_close(&at.names);
}
