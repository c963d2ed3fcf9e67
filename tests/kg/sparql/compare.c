/* compare.c - see compare.h. Bags are compared as such; where ORDER BY leaves rows tied, each tie is a bag; a slice of
 * a tie may be any part of it. */
#include "compare.h"

char *query_text(const Lexicon *lexicon, const Node *select)
{
    char *text = NULL;
    size_t length;
    FILE *const out = open_memstream(&text, &length);
    assert_non_null(out);
    write_query(out, lexicon, select);
    fclose(out);
    return text;
}

/* ---- What the standard leaves open in a term ---- */

static int compare_pieces(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The pieces of a GROUP_CONCAT, sorted. */
static int sort_pieces(Lexicon *lexicon, const char *text)
{
    struct {
        char **items;
        size_t count, capacity;
    } pieces = {0};
    char *const copy = strdup(text), *rest = copy, *piece;
    BaseBuffer sorted = {0};
    assert_non_null(copy);
    while ((piece = strsep(&rest, "|")) != NULL)
        assert_true(BASE_PUSH(&pieces, piece));
    qsort(pieces.items, pieces.count, sizeof *pieces.items, compare_pieces);
    for (size_t i = 0; i < pieces.count; i++)
        assert_true(base_buffer_format(&sorted, "%s%s", i ? "|" : "", pieces.items[i]));
    free(pieces.items);
    const int term = add_string(lexicon, (KgText){sorted.items, sorted.count});
    base_buffer_free(&sorted);
    free(copy);
    return term;
}

/* Sums of doubles depend on their order in the last digits. */
static int32_t plain(Lexicon *lexicon, int32_t term)
{
    if (term == NO_TERM)
        return term;
    const Word one = lexicon->items[term];
    char text[64];
    if (one.class == CLASS_STRING && memchr(one.term.text.bytes, '|', one.term.text.length))
        return sort_pieces(lexicon, one.term.text.bytes);
    if (one.class != CLASS_DOUBLE || one.term.text.length < 15)
        return term;
    snprintf(text, sizeof text, "%.11e", one.number);
    return add_typed(lexicon, text, "double");
}

static void make_plain(Lexicon *lexicon, Bag *bag)
{
    for (size_t i = 0; i < bag->count; i++)
        for (int v = 0; v < VARIABLES; v++)
            bag->items[i].cells[v] = plain(lexicon, bag->items[i].cells[v]);
}

/* ---- kgq's answer ---- */

#define MOST_SECONDS 10
#define MOST_SECONDS_TO_CUT 300

static BaseStatus ask_kgq(const Case *one, Naive *naive, Bag *bag, char *why, size_t room)
{
    BaseError err = {0};
    KgQuery *query = NULL;
    char *const text = query_text(&one->world->lexicon, one->select);
    const KgQueryOptions options = {.layers = one->layers, .timeout = MOST_SECONDS};
    BaseStatus status = kg_query_open(one->txn, text, strlen(text), &options, &query, &err);
    while (status == BASE_OK && (status = kg_query_next(query, &err)) == BASE_OK) {
        Solution solution = nothing_bound;
        size_t column = 0;
        for (const Node *item = one->select->child; item; item = item->next) {
            KgTerm term;
            if (item->kind == ITEM && kg_query_cell(query, column++, &term))
                solution.cells[variable_of(item->places[0])] = add_term(&naive->world->lexicon, &term);
        }
        assert_true(BASE_PUSH(bag, solution));
    }
    if (status != BASE_END)
        snprintf(why, room, "%s", err.message);
    kg_query_close(query);
    free(text);
    return status;
}

/* ---- Comparing ---- */

static int compare_solutions(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Solution));
}

static void sort(Solution *items, size_t count)
{
    if (count > 1)
        qsort(items, count, sizeof *items, compare_solutions);
}

/* Whether each solution of `part` is in `all`, as often; both get sorted. */
static bool is_part(Solution *part, size_t part_count, Solution *all, size_t count)
{
    size_t at = 0;
    sort(part, part_count);
    sort(all, count);
    for (size_t i = 0; i < part_count; i++, at++) {
        while (at < count && compare_solutions(&all[at], &part[i]) < 0)
            at++;
        if (at == count || compare_solutions(&all[at], &part[i]) != 0)
            return false;
    }
    return true;
}

static bool is_answer(Bag *got, Expected *wanted)
{
    if (got->count != wanted->count)
        return false;
    for (size_t first = 0; first < wanted->rows.count;) {
        size_t last = first;
        while (last < wanted->rows.count && wanted->ties[last] == wanted->ties[first])
            last++;
        const size_t end = wanted->first + wanted->count;
        const size_t from = first > wanted->first ? first : wanted->first, to = last < end ? last : end;
        if (from < to &&
            !is_part(got->items + (from - wanted->first), to - from, wanted->rows.items + first, last - first))
            return false;
        first = last;
    }
    return true;
}

Judgement judge(const Case *one)
{
    Judgement judgement = {0};
    Naive naive = {.world = one->world, .layers = one->layers ? one->layers : KG_FACTS};
    judgement.wanted = answer_naively(&naive, one->select);
    judgement.verdict = SKIPPED;
    if (!naive.is_too_large && !naive.is_ambiguous) {
        const BaseStatus status = ask_kgq(one, &naive, &judgement.got, judgement.why, sizeof judgement.why);
        make_plain(&one->world->lexicon, &judgement.got);
        make_plain(&one->world->lexicon, &judgement.wanted.rows);
        judgement.verdict = status == BASE_LIMIT                           ? SLOW
                            : status != BASE_END                           ? FAILS
                            : is_answer(&judgement.got, &judgement.wanted) ? AGREED
                                                                           : DIFFERS;
    }
    judgement.is_empty = judgement.wanted.count == 0;
    free_naive(&naive);
    return judgement;
}

void free_judgement(Judgement *judgement)
{
    free_expected(&judgement->wanted);
    drop_bag(&judgement->got);
}

/* ---- The least failing case ---- */

typedef struct Search {
    KgStore *store;
    Case failing;
    Verdict verdict;
    char why[512];
    double end;
} Search;

static bool still_fails(Search *search, const Case *one)
{
    if (base_wall_seconds() > search->end)
        return false;
    Judgement judgement = judge(one);
    /* Another complaint is another case: cuts make queries that are none. */
    const bool is_same = judgement.verdict == search->verdict && strncmp(judgement.why, search->why, 12) == 0;
    free_judgement(&judgement);
    return is_same;
}

static void cut_query(Search *search, BaseArena *arena)
{
    for (int n = 0;; n++) {
        Case cut = search->failing;
        Node *const copy = copy_tree(arena, cut.select);
        if (!cut_tree(arena, copy, n))
            return;
        cut.select = copy;
        if (still_fails(search, &cut)) {
            search->failing.select = copy;
            n = -1;
        }
    }
}

/* The world into the database, and up to the stage of the case. */
static void restore(Search *search)
{
    Case *const failing = &search->failing;
    const int stage = failing->world->stage;
    kg_abort(failing->txn);
    store_world(failing->world, search->store);
    failing->txn = stage > 1 ? begin_write(search->store) : begin_read(search->store);
    if (stage > 1)
        store_last_stage(failing->world, failing->txn);
    if (stage > 1 && !failing->is_pending) {
        commit(failing->txn);
        failing->txn = begin_read(search->store);
    }
}

static bool fails_without(Search *search, size_t first, size_t count)
{
    World *const world = search->failing.world;
    const World whole = *world;
    world->facts.items = malloc((whole.facts.count + 1) * sizeof *world->facts.items);
    assert_non_null(world->facts.items);
    memcpy(world->facts.items, whole.facts.items, first * sizeof *world->facts.items);
    memcpy(world->facts.items + first, whole.facts.items + first + count,
           (whole.facts.count - first - count) * sizeof *world->facts.items);
    world->facts.count = whole.facts.count - count;
    restore(search);
    if (still_fails(search, &search->failing)) {
        free(whole.facts.items);
        return true;
    }
    free(world->facts.items);
    world->facts = whole.facts;
    return false;
}

static bool cut_data(Search *search)
{
    World *const world = search->failing.world;
    bool is_cut = false;
    for (size_t size = (world->facts.count + 1) / 2; size > 0; size /= 2)
        for (size_t first = 0; first + size <= world->facts.count;) {
            if (fails_without(search, first, size))
                is_cut = true;
            else
                first += size;
        }
    restore(search);
    return is_cut;
}

static void write_solutions(const Case *one, const char *title, const Solution *items, size_t count)
{
    fprintf(stderr, "%s: %zu\n", title, count);
    for (size_t i = 0; i < count && i < 30; i++) {
        fputs(" ", stderr);
        for (const Node *item = one->select->child; item; item = item->next) {
            const int v = item->kind == ITEM ? variable_of(item->places[0]) : 0;
            if (item->kind != ITEM)
                continue;
            fprintf(stderr, " ?v%d=", v);
            if (items[i].cells[v] == NO_TERM)
                fputc('-', stderr);
            else
                write_word(stderr, &one->world->lexicon, items[i].cells[v]);
        }
        fputc('\n', stderr);
    }
}

void report_least(KgStore *store, Case failing, const char *origin)
{
    BaseArena arena = {0};
    Search search = {.store = store, .failing = failing};
    Judgement judgement = judge(&failing);
    search.verdict = judgement.verdict;
    snprintf(search.why, sizeof search.why, "%s", judgement.why);
    free_judgement(&judgement);
    fprintf(stderr, "%s: %s; cutting it\n", origin, search.verdict == FAILS ? search.why : "another answer");
    search.end = base_wall_seconds() + MOST_SECONDS_TO_CUT;
    do
        cut_query(&search, &arena);
    while (cut_data(&search) && base_wall_seconds() < search.end);
    cut_query(&search, &arena);
    const Case *const least = &search.failing;
    char *const text = query_text(&least->world->lexicon, least->select);
    judgement = judge(least);
    fprintf(stderr, "---- %s, layers %u%s\n%s\n", origin, least->layers,
            least->is_pending ? ", in a write transaction" : "", text);
    write_world(stderr, least->world);
    if (judgement.verdict == FAILS)
        fprintf(stderr, "refused: %s\n", judgement.why);
    write_solutions(least, "kgq's answer", judgement.got.items, judgement.got.count);
    write_solutions(least, "by the definitions, before OFFSET and LIMIT", judgement.wanted.rows.items,
                    judgement.wanted.rows.count);
    free_judgement(&judgement);
    free(text);
    base_arena_free(&arena);
    kg_abort(search.failing.txn);
}
