/* naive_select.c - from the solutions of WHERE to those of the query: groups, HAVING, VALUES, SELECT's expressions,
 * order, projection, DISTINCT and slice (SPARQL 1.1, sections 18.2.4, 18.2.5 and 18.5.1). */
#include "naive.h"

/* A solution, the group it stands for, and what it is sorted by. */
#define MOST_KEYS 4
typedef struct Row {
    Solution solution;
    int group; /* NO_TERM: none */
    int keys[MOST_KEYS];
} Row;

typedef struct Query {
    Naive *naive;
    Place place;
    const Node *select;
    bool is_top;
    struct {
        Row *items;
        size_t count, capacity;
    } rows;
    struct {
        Bag *items;
        size_t count, capacity;
    } groups;
} Query;

/* ---- Aggregates ---- */

static bool same(const Solution *a, const Solution *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static size_t count_solutions(const Bag *group, bool is_distinct)
{
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++) {
        bool is_new = true;
        for (size_t k = 0; k < i && is_distinct && is_new; k++)
            is_new = !same(&group->items[i], &group->items[k]);
        count += is_new;
    }
    return count;
}

typedef struct Terms {
    int *items;
    size_t count, capacity;
} Terms;

/* The values of the argument; *errors counts those that are none. */
static Terms list_values(Naive *naive, Place place, const Node *call, const Bag *group, size_t *errors)
{
    Terms terms = {0};
    *errors = 0;
    for (size_t i = 0; i < group->count && spend(naive, terms.count); i++) {
        const int term = evaluate(naive, place, call->child, &group->items[i], NULL);
        bool is_new = true;
        for (size_t k = 0; k < terms.count && call->is_distinct && is_new; k++)
            is_new = terms.items[k] != term;
        if (term == NO_TERM)
            ++*errors;
        else if (is_new)
            assert_true(BASE_PUSH(&terms, term));
    }
    return terms;
}

static int whole(Naive *naive, size_t number)
{
    return add_fixed(&naive->world->lexicon, (Fixed)number * 1000000000000000000, false);
}

static int sum(Naive *naive, const Terms *terms)
{
    int total = whole(naive, 0);
    for (size_t i = 0; i < terms->count && total != NO_TERM; i++)
        total = add_numbers(naive, ADD, total, terms->items[i]);
    return total;
}

static int best(Naive *naive, const Terms *terms, Kind kind)
{
    int found = NO_TERM;
    for (size_t i = 0; i < terms->count; i++) {
        const int order = found == NO_TERM ? 1 : order_terms(naive, terms->items[i], found);
        naive->is_ambiguous |= order == 0 && terms->items[i] != found;
        if (found == NO_TERM || (kind == MIN ? order < 0 : order > 0))
            found = terms->items[i];
    }
    return found;
}

static bool all_the_same(const Terms *terms)
{
    for (size_t i = 1; i < terms->count; i++)
        if (terms->items[i] != terms->items[0])
            return false;
    return true;
}

static int concatenate(Naive *naive, const Terms *terms)
{
    BaseBuffer text = {0};
    bool is_error = false;
    for (size_t i = 0; i < terms->count; i++) {
        const Word *const one = word(naive, terms->items[i]);
        is_error |= one->class == CLASS_BLANK;
        assert_true(base_buffer_add(&text, "|", i > 0) &&
                    base_buffer_add(&text, one->term.text.bytes, one->term.text.length));
    }
    const int term =
        is_error ? NO_TERM : add_string(&naive->world->lexicon, (KgText){text.items ? text.items : "", text.count});
    base_buffer_free(&text);
    return term;
}

int aggregate(Naive *naive, Place place, const Node *call, const Bag *group)
{
    size_t errors;
    int term = NO_TERM;
    if (!call->child)
        return whole(naive, count_solutions(group, call->is_distinct));
    Terms terms = list_values(naive, place, call, group, &errors);
    if (call->kind == COUNT) {
        term = whole(naive, terms.count);
    } else if (call->kind == SAMPLE) {
        naive->is_ambiguous |= !all_the_same(&terms);
        term = terms.count > 0 ? terms.items[0] : NO_TERM;
    } else if (errors == 0) {
        switch (call->kind) {
        case SUM:
            term = sum(naive, &terms);
            break;
        case AVG:
            term = sum(naive, &terms);
            if (terms.count > 0)
                term = add_numbers(naive, DIVIDE, term, whole(naive, terms.count));
            break;
        case GROUP_CONCAT:
            naive->is_ambiguous |= !naive->is_order_free && !all_the_same(&terms);
            term = concatenate(naive, &terms);
            break;
        default:
            term = best(naive, &terms, call->kind);
        }
    }
    free(terms.items);
    return term;
}

/* ---- Grouping ---- */

static void add_row(Query *query, Solution solution, int group)
{
    Row row = {.solution = solution, .group = group};
    assert_true(BASE_PUSH(&query->rows, row));
}

static void add_keys(Query *query, Solution *solution, Solution *key)
{
    *key = nothing_bound;
    for (const Node *node = query->select->child; node; node = node->next) {
        if (node->kind != KEY)
            continue;
        int32_t *const cell = &solution->cells[variable_of(node->places[0])];
        if (node->child)
            *cell = evaluate(query->naive, query->place, node->child, solution, NULL);
        key->cells[variable_of(node->places[0])] = *cell;
    }
}

static void group_rows(Query *query, const Bag *where)
{
    if (!child_of(query->select, KEY)) {
        assert_true(BASE_PUSH(&query->groups, (Bag){0}));
        add_row(query, nothing_bound, 0);
    }
    for (size_t i = 0; i < where->count && spend(query->naive, query->groups.count); i++) {
        Solution solution = where->items[i], key;
        size_t number = 0;
        add_keys(query, &solution, &key);
        while (number < query->groups.count && !same(&query->rows.items[number].solution, &key))
            number++;
        if (number == query->groups.count) {
            assert_true(BASE_PUSH(&query->groups, (Bag){0}));
            add_row(query, key, (int)number);
        }
        add_solution(query->naive, &query->groups.items[number], solution);
    }
}

static const Bag *group_of(const Query *query, const Row *row)
{
    return row->group == NO_TERM ? NULL : &query->groups.items[row->group];
}

static void keep_having(Query *query)
{
    size_t kept = 0;
    for (size_t i = 0; i < query->rows.count; i++) {
        const Row row = query->rows.items[i];
        bool is_kept = true;
        for (const Node *node = query->select->child; node && is_kept; node = node->next)
            if (node->kind == HAVING)
                is_kept = holds(query->naive, query->place, node->child, &row.solution, group_of(query, &row));
        if (is_kept)
            query->rows.items[kept++] = row;
    }
    query->rows.count = kept;
}

/* ---- VALUES, expressions, order ---- */

static void join_trailing(Query *query, const Node *trailing)
{
    Bag values = values_bag(query->naive, trailing->child);
    Query joined = *query;
    joined.rows.items = NULL;
    joined.rows.count = joined.rows.capacity = 0;
    for (size_t i = 0; i < query->rows.count; i++) {
        Bag one = {&query->rows.items[i].solution, 1, 1};
        Bag found = join_bags(query->naive, &one, &values);
        for (size_t k = 0; k < found.count; k++)
            add_row(&joined, found.items[k], query->rows.items[i].group);
        drop_bag(&found);
    }
    free(query->rows.items);
    query->rows = joined.rows;
    drop_bag(&values);
}

/* Several concatenations in any order are compared piece by piece, at the top and nowhere else. */
static bool has_open_order(const Query *query, const Node *item)
{
    return item->child->kind == GROUP_CONCAT && query->is_top && !query->select->is_distinct &&
           !child_of(query->select, ORDER);
}

static void add_items(Query *query, Row *row)
{
    for (const Node *node = query->select->child; node; node = node->next) {
        if (node->kind != ITEM || !node->child)
            continue;
        query->naive->is_order_free = has_open_order(query, node);
        row->solution.cells[variable_of(node->places[0])] =
            evaluate(query->naive, query->place, node->child, &row->solution, group_of(query, row));
    }
    query->naive->is_order_free = false;
}

static void find_keys(Query *query, Row *row)
{
    int at = 0;
    for (const Node *node = query->select->child; node; node = node->next)
        if (node->kind == ORDER && at < MOST_KEYS)
            row->keys[at++] = evaluate(query->naive, query->place, node->child, &row->solution, group_of(query, row));
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const Query *const query = context;
    const Row *const x = a, *const y = b;
    int at = 0;
    for (const Node *node = query->select->child; node; node = node->next) {
        if (node->kind != ORDER || at == MOST_KEYS)
            continue;
        const int order = order_terms(query->naive, x->keys[at], y->keys[at]);
        if (order)
            return node->is_distinct ? -order : order;
        at++;
    }
    return 0;
}

static void project(Query *query)
{
    unsigned kept = 0;
    for (const Node *node = query->select->child; node; node = node->next)
        kept |= node->kind == ITEM ? 1u << variable_of(node->places[0]) : 0;
    for (size_t i = 0; i < query->rows.count; i++)
        for (int v = 0; v < VARIABLES; v++)
            if (!(kept >> v & 1))
                query->rows.items[i].solution.cells[v] = NO_TERM;
}

static void keep_distinct(Query *query)
{
    size_t kept = 0;
    for (size_t i = 0; i < query->rows.count && spend(query->naive, kept); i++) {
        bool is_new = true;
        for (size_t k = 0; k < kept && is_new; k++)
            is_new = !same(&query->rows.items[i].solution, &query->rows.items[k].solution);
        if (is_new)
            query->rows.items[kept++] = query->rows.items[i];
    }
    query->rows.count = kept;
}

/* All rows in order, the slice not taken yet. */
static void run(Query *query)
{
    const Node *const select = query->select, *const trailing = child_of(select, TRAILING);
    Bag where = evaluate_group(query->naive, query->place, child_of(select, GROUP));
    if (is_grouped(select))
        group_rows(query, &where);
    else
        for (size_t i = 0; i < where.count; i++)
            add_row(query, where.items[i], NO_TERM);
    drop_bag(&where);
    keep_having(query);
    if (trailing)
        join_trailing(query, trailing);
    for (size_t i = 0; i < query->rows.count && !query->naive->is_too_large; i++) {
        add_items(query, &query->rows.items[i]);
        find_keys(query, &query->rows.items[i]);
    }
    if (query->rows.count > 1)
        qsort_r(query->rows.items, query->rows.count, sizeof *query->rows.items, compare_rows, query);
    project(query);
    if (select->is_distinct)
        keep_distinct(query);
}

static void end(Query *query)
{
    for (size_t i = 0; i < query->groups.count; i++)
        drop_bag(&query->groups.items[i]);
    free(query->groups.items);
    free(query->rows.items);
}

static void find_slice(const Query *query, size_t *first, size_t *last)
{
    const size_t count = query->rows.count;
    *first = query->select->offset == NOTHING ? 0 : (size_t)query->select->offset;
    if (*first > count)
        *first = count;
    *last = query->select->limit == NOTHING ? count : *first + (size_t)query->select->limit;
    if (*last > count)
        *last = count;
}

/* Whether the slice ends, or begins, between rows that could as well change places. */
static bool is_edge_open(Query *query, size_t at)
{
    if (at == 0 || at >= query->rows.count)
        return false;
    const Row *const row = &query->rows.items[at];
    size_t first = at, last = at;
    if (compare_rows(row - 1, row, query) != 0)
        return false;
    while (first > 0 && compare_rows(&query->rows.items[first - 1], row, query) == 0)
        first--;
    while (last < query->rows.count && compare_rows(row, &query->rows.items[last], query) == 0)
        last++;
    for (size_t i = first; i < last; i++)
        if (!same(&query->rows.items[i].solution, &row->solution))
            return true;
    return false;
}

Bag evaluate_subquery(Naive *naive, Place place, const Node *select)
{
    Query query = {.naive = naive, .place = place, .select = select};
    Solution given = nothing_bound;
    Bag bag = {0};
    size_t first, last;
    for (const Node *node = select->child; node && place.given; node = node->next)
        if (node->kind == ITEM && !node->child) /* the others are variables of the subquery's own */
            given.cells[variable_of(node->places[0])] = place.given->cells[variable_of(node->places[0])];
    if (place.given)
        query.place.given = &given;
    run(&query);
    find_slice(&query, &first, &last);
    naive->is_ambiguous |= is_edge_open(&query, first) || is_edge_open(&query, last);
    for (size_t i = first; i < last; i++)
        add_solution(naive, &bag, query.rows.items[i].solution);
    end(&query);
    return bag;
}

Expected answer_naively(Naive *naive, const Node *select)
{
    naive->query = select;
    Query query = {.naive = naive, .place = {.graph = named_graph(naive, 0)}, .select = select, .is_top = true};
    Expected expected = {0};
    size_t last;
    run(&query);
    find_slice(&query, &expected.first, &last);
    expected.count = last - expected.first;
    expected.ties = calloc(query.rows.count + 1, sizeof *expected.ties);
    assert_non_null(expected.ties);
    for (size_t i = 0; i < query.rows.count; i++) {
        add_solution(naive, &expected.rows, query.rows.items[i].solution);
        if (i > 0)
            expected.ties[i] =
                expected.ties[i - 1] + (compare_rows(&query.rows.items[i - 1], &query.rows.items[i], &query) != 0);
    }
    end(&query);
    return expected;
}

void free_expected(Expected *expected)
{
    drop_bag(&expected->rows);
    free(expected->ties);
    *expected = (Expected){0};
}
