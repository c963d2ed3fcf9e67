/* test_sparql_oracle.c - random queries over random small graphs, answered twice: by kgq, and by the definitions of the
 * SPARQL algebra taken at their word, with nested loops over all triples and whole bags of solutions between the steps.
 */
#include "sparql/ask.h"

#define VARIABLES 5
#define NODES 5      /* n0 ... */
#define NUMBERS 3    /* 1, 2, 3: terms NODES ... */
#define PREDICATES 3 /* p0 ...: the terms behind */
#define TERMS (NODES + NUMBERS + PREDICATES)
#define UNBOUND (-1)
#define MOST_FACTS 24
#define MOST_ROWS 100000

typedef struct Solution {
    int8_t terms[VARIABLES];
} Solution;

typedef struct Bag {
    Solution *items;
    size_t count, capacity;
} Bag;

typedef struct Fact {
    int s, p, o;
} Fact;

typedef struct Graph {
    Fact facts[MOST_FACTS];
    size_t count;
} Graph;

/* ---- Random queries ---- */

typedef enum Kind { TRIPLE, PATH, GROUP, OPTIONAL, UNION, MINUS, FILTER, SUBQUERY } Kind;
typedef enum PathKind { PLUS, STAR, SEQUENCE, ALTERNATIVE, INVERSE, PATH_KINDS } PathKind;
typedef enum Test { EQUAL, DIFFERENT, LESS, BOUND, NOT_BOUND, EITHER, EXISTS, NOT_EXISTS, TESTS } Test;

/* A place is a term, or TERMS + a variable. */
typedef struct Element {
    Kind kind;
    int s, p, o; /* TRIPLE; PATH: p and q are predicates */
    PathKind path;
    int q;
    Test test;     /* FILTER: on places s and o; EITHER: s = o || o < q; EXISTS: of the triple s p o */
    int projected; /* SUBQUERY: bits */
    bool distinct;
    struct Element *group, *other, *next; /* other: the second arm of a UNION */
} Element;

static BaseRandom chance;

static int below(int limit)
{
    return (int)base_random_below(&chance, (uint64_t)limit);
}

static int random_variable(void)
{
    return TERMS + below(VARIABLES);
}

static Element *new_element(BaseArena *arena, Kind kind)
{
    Element *const element = base_arena_alloc(arena, 1, sizeof *element);
    assert_non_null(element);
    element->kind = kind;
    return element;
}

static Element *random_triple(BaseArena *arena)
{
    Element *const e = new_element(arena, TRIPLE);
    e->s = below(4) ? random_variable() : below(NODES);
    e->p = below(6) ? NODES + NUMBERS + below(PREDICATES) : random_variable();
    e->o = below(3) ? random_variable() : below(NODES + NUMBERS);
    return e;
}

static Element *random_group(BaseArena *arena, int depth);

static Element *random_element(BaseArena *arena, int depth)
{
    static const Kind kinds[] = {TRIPLE,   TRIPLE,   TRIPLE, TRIPLE, FILTER, FILTER,  PATH,
                                 OPTIONAL, OPTIONAL, UNION,  GROUP,  MINUS,  SUBQUERY};
    const Kind kind = kinds[below(depth > 0 ? (int)(sizeof kinds / sizeof *kinds) : 7)];
    Element *e = kind == TRIPLE ? random_triple(arena) : new_element(arena, kind);
    switch (kind) {
    case PATH:
        e->path = (PathKind)below(PATH_KINDS);
        e->s = below(4) ? random_variable() : below(NODES);
        e->p = NODES + NUMBERS + below(PREDICATES);
        e->q = NODES + NUMBERS + below(PREDICATES);
        e->o = below(4) ? random_variable() : below(NODES);
        break;
    case FILTER:
        e->test = (Test)below(TESTS);
        e->s = random_variable();
        e->o = below(3) || e->test == BOUND || e->test == NOT_BOUND ? random_variable() : below(NODES + NUMBERS);
        e->q = random_variable();
        if (e->test == EXISTS || e->test == NOT_EXISTS)
            e->group = random_triple(arena);
        break;
    case SUBQUERY:
        e->projected = 1 + below((1 << VARIABLES) - 1);
        e->distinct = below(2);
        e->group = random_group(arena, depth - 1);
        break;
    case UNION:
        e->other = random_group(arena, depth - 1);
        e->group = random_group(arena, depth - 1);
        break;
    case GROUP:
    case OPTIONAL:
    case MINUS:
        e->group = random_group(arena, depth - 1);
        break;
    default:
        break;
    }
    return e;
}

static Element *random_group(BaseArena *arena, int depth)
{
    Element *first = NULL, **end = &first;
    for (int count = 1 + below(3); count > 0; count--) {
        *end = random_element(arena, depth);
        end = &(*end)->next;
    }
    return first;
}

/* ---- As text ---- */

static void write_place(FILE *out, int place)
{
    if (place >= TERMS)
        fprintf(out, "?v%d", place - TERMS);
    else if (place < NODES)
        fprintf(out, ":n%d", place);
    else if (place < NODES + NUMBERS)
        fprintf(out, "%d", place - NODES + 1);
    else
        fprintf(out, ":p%d", place - NODES - NUMBERS);
}

static void write_triple(FILE *out, const Element *e)
{
    write_place(out, e->s);
    fputc(' ', out);
    write_place(out, e->p);
    fputc(' ', out);
    write_place(out, e->o);
}

static void write_group(FILE *out, const Element *group);

static void write_path(FILE *out, const Element *e)
{
    static const char *const before[] = {"", "", "", "", "^"}, *const between[] = {"+", "*", "/", "|", ""};
    write_place(out, e->s);
    fprintf(out, " %s", before[e->path]);
    write_place(out, e->p);
    fputs(between[e->path], out);
    if (e->path == SEQUENCE || e->path == ALTERNATIVE)
        write_place(out, e->q);
    fputc(' ', out);
    write_place(out, e->o);
    fputs(" . ", out);
}

static void write_operation(FILE *out, int left, const char *operation, int right)
{
    write_place(out, left);
    fprintf(out, " %s ", operation);
    write_place(out, right);
}

static void write_filter(FILE *out, const Element *e)
{
    static const char *const operations[] = {"=", "!=", "<"};
    fputs("FILTER ", out);
    switch (e->test) {
    case BOUND:
    case NOT_BOUND:
        fprintf(out, "(%sBOUND(?v%d)) ", e->test == BOUND ? "" : "!", e->s - TERMS);
        return;
    case EXISTS:
    case NOT_EXISTS:
        fputs(e->test == EXISTS ? "EXISTS { " : "NOT EXISTS { ", out);
        write_triple(out, e->group);
        fputs(" } ", out);
        return;
    case EITHER:
        fputc('(', out);
        write_operation(out, e->s, "=", e->o);
        fputs(" || ", out);
        write_operation(out, e->o, "<", e->q);
        break;
    default:
        fputc('(', out);
        write_operation(out, e->s, operations[e->test], e->o);
    }
    fputs(") ", out);
}

static void write_element(FILE *out, const Element *e)
{
    switch (e->kind) {
    case TRIPLE:
        write_triple(out, e);
        fputs(" . ", out);
        break;
    case PATH:
        write_path(out, e);
        break;
    case FILTER:
        write_filter(out, e);
        break;
    case UNION:
        write_group(out, e->group);
        fputs("UNION ", out);
        write_group(out, e->other);
        break;
    case SUBQUERY:
        fprintf(out, "{ SELECT %s", e->distinct ? "DISTINCT " : "");
        for (int v = 0; v < VARIABLES; v++)
            if (e->projected >> v & 1)
                fprintf(out, "?v%d ", v);
        write_group(out, e->group);
        fputs("} ", out);
        break;
    default:
        fputs(e->kind == OPTIONAL ? "OPTIONAL " : e->kind == MINUS ? "MINUS " : "", out);
        write_group(out, e->group);
    }
}

static void write_group(FILE *out, const Element *group)
{
    fputs("{ ", out);
    for (; group; group = group->next)
        write_element(out, group);
    fputs("} ", out);
}

/* ---- The definitions (SPARQL 1.1, section 18) ---- */

static const Solution nothing = {{UNBOUND, UNBOUND, UNBOUND, UNBOUND, UNBOUND}};

static void add(Bag *bag, Solution solution)
{
    assert_true(BASE_PUSH(bag, solution));
}

static void drop(Bag *bag)
{
    free(bag->items);
    *bag = (Bag){0};
}

static bool set_place(Solution *solution, int place, int term)
{
    if (place < TERMS)
        return place == term;
    int8_t *const cell = &solution->terms[place - TERMS];
    if (*cell != UNBOUND && *cell != term)
        return false;
    *cell = (int8_t)term;
    return true;
}

static Bag match_triple(const Graph *graph, const Element *e)
{
    Bag bag = {0};
    for (size_t i = 0; i < graph->count; i++) {
        Solution solution = nothing;
        if (set_place(&solution, e->s, graph->facts[i].s) && set_place(&solution, e->p, graph->facts[i].p) &&
            set_place(&solution, e->o, graph->facts[i].o))
            add(&bag, solution);
    }
    return bag;
}

static void add_pair(const Element *e, int from, int to, size_t times, Bag *bag)
{
    Solution solution = nothing;
    if (set_place(&solution, e->s, from) && set_place(&solution, e->o, to))
        for (; times > 0; times--)
            add(bag, solution);
}

/* How often each pair of terms is linked by the path. */
static Bag match_path(const Graph *graph, const Element *e)
{
    Bag bag = {0};
    size_t p[TERMS][TERMS] = {0}, q[TERMS][TERMS] = {0}, both[TERMS][TERMS] = {0};
    bool is_node[TERMS] = {0};
    for (size_t i = 0; i < graph->count; i++) {
        const Fact *const fact = &graph->facts[i];
        p[fact->s][fact->o] += fact->p == e->p;
        q[fact->s][fact->o] += fact->p == e->q;
        is_node[fact->s] = is_node[fact->o] = true;
    }
    for (int a = 0; a < TERMS; a++) /* a path of length zero is also at a term that the pattern names */
        is_node[a] |= a == e->s || a == e->o;
    for (int a = 0; a < TERMS; a++)
        for (int b = 0; b < TERMS; b++) {
            if (e->path == ALTERNATIVE)
                both[a][b] = p[a][b] + q[a][b];
            else if (e->path == INVERSE)
                both[a][b] = p[b][a];
            else if (e->path != SEQUENCE)
                both[a][b] = p[a][b] > 0;
            for (int c = 0; c < TERMS && e->path == SEQUENCE; c++)
                both[a][b] += p[a][c] * q[c][b];
        }
    if (e->path == PLUS || e->path == STAR)
        for (int k = 0; k < TERMS; k++)
            for (int a = 0; a < TERMS; a++)
                for (int b = 0; b < TERMS; b++)
                    both[a][b] |= both[a][k] && both[k][b];
    for (int a = 0; a < TERMS; a++)
        for (int b = 0; b < TERMS; b++)
            add_pair(e, a, b, e->path == STAR && a == b && is_node[a] ? 1 : both[a][b], &bag);
    return bag;
}

static bool compatible(const Solution *a, const Solution *b)
{
    for (int v = 0; v < VARIABLES; v++)
        if (a->terms[v] != UNBOUND && b->terms[v] != UNBOUND && a->terms[v] != b->terms[v])
            return false;
    return true;
}

static bool share(const Solution *a, const Solution *b)
{
    for (int v = 0; v < VARIABLES; v++)
        if (a->terms[v] != UNBOUND && b->terms[v] != UNBOUND)
            return true;
    return false;
}

static Solution merge(Solution a, const Solution *b)
{
    for (int v = 0; v < VARIABLES; v++)
        if (a.terms[v] == UNBOUND)
            a.terms[v] = b->terms[v];
    return a;
}

static int value_at(const Solution *solution, int place)
{
    return place < TERMS ? place : solution->terms[place - TERMS];
}

/* 1, 0, or -1 for an error */
static int compare(const Solution *solution, int left, Test test, int right)
{
    const int a = value_at(solution, left), b = value_at(solution, right);
    if (a == UNBOUND || b == UNBOUND)
        return -1;
    if (test == EQUAL)
        return a == b;
    if (test == DIFFERENT)
        return a != b;
    const bool are_numbers = a >= NODES && a < NODES + NUMBERS && b >= NODES && b < NODES + NUMBERS;
    return are_numbers ? a < b : -1;
}

static bool exists(const Graph *graph, const Element *triple, const Solution *solution)
{
    Bag bag = match_triple(graph, triple);
    bool found = false;
    for (size_t i = 0; i < bag.count; i++)
        found |= compatible(&bag.items[i], solution);
    drop(&bag);
    return found;
}

static bool holds(const Graph *graph, const Element *e, const Solution *solution)
{
    switch (e->test) {
    case BOUND:
    case NOT_BOUND:
        return (value_at(solution, e->s) != UNBOUND) == (e->test == BOUND);
    case EXISTS:
    case NOT_EXISTS:
        return exists(graph, e->group, solution) == (e->test == EXISTS);
    case EITHER:
        return compare(solution, e->s, EQUAL, e->o) == 1 || compare(solution, e->o, LESS, e->q) == 1;
    default:
        return compare(solution, e->s, e->test, e->o) == 1;
    }
}

static bool all_hold(const Graph *graph, const Element *group, const Solution *solution)
{
    for (; group; group = group->next)
        if (group->kind == FILTER && !holds(graph, group, solution))
            return false;
    return true;
}

static bool too_large;

static Bag join(const Bag *a, const Bag *b)
{
    Bag bag = {0};
    too_large |= a->count * b->count > 4000000;
    for (size_t i = 0; i < a->count && !too_large; i++)
        for (size_t k = 0; k < b->count; k++)
            if (compatible(&a->items[i], &b->items[k]))
                add(&bag, merge(a->items[i], &b->items[k]));
    too_large |= bag.count > MOST_ROWS;
    return bag;
}

static Bag evaluate_body(const Graph *graph, const Element *group);

static Bag evaluate_group(const Graph *graph, const Element *group)
{
    Bag bag = evaluate_body(graph, group);
    size_t kept = 0;
    for (size_t i = 0; i < bag.count; i++)
        if (all_hold(graph, group, &bag.items[i]))
            bag.items[kept++] = bag.items[i];
    bag.count = kept;
    return bag;
}

static Bag left_join(const Graph *graph, const Bag *left, const Element *group)
{
    Bag right = evaluate_body(graph, group), bag = {0};
    too_large |= left->count * right.count > 4000000;
    for (size_t i = 0; i < left->count && !too_large; i++) {
        bool matched = false;
        for (size_t k = 0; k < right.count; k++) {
            if (!compatible(&left->items[i], &right.items[k]))
                continue;
            const Solution merged = merge(left->items[i], &right.items[k]);
            if (all_hold(graph, group, &merged)) {
                matched = true;
                add(&bag, merged);
            }
        }
        if (!matched)
            add(&bag, left->items[i]);
    }
    drop(&right);
    return bag;
}

static Bag subtract(const Bag *left, const Bag *right)
{
    Bag bag = {0};
    for (size_t i = 0; i < left->count; i++) {
        bool is_removed = false;
        for (size_t k = 0; k < right->count && !is_removed; k++)
            is_removed = compatible(&left->items[i], &right->items[k]) && share(&left->items[i], &right->items[k]);
        if (!is_removed)
            add(&bag, left->items[i]);
    }
    return bag;
}

static Bag project(const Bag *from, int projected, bool distinct)
{
    Bag bag = {0};
    for (size_t i = 0; i < from->count; i++) {
        Solution solution = from->items[i];
        bool is_new = true;
        for (int v = 0; v < VARIABLES; v++)
            if (!(projected >> v & 1))
                solution.terms[v] = UNBOUND;
        for (size_t k = 0; k < bag.count && distinct && is_new; k++)
            is_new = memcmp(&bag.items[k], &solution, sizeof solution) != 0;
        if (is_new)
            add(&bag, solution);
    }
    return bag;
}

static Bag evaluate_element(const Graph *graph, const Element *e)
{
    Bag bag, other;
    switch (e->kind) {
    case TRIPLE:
        return match_triple(graph, e);
    case PATH:
        return match_path(graph, e);
    case UNION:
        bag = evaluate_group(graph, e->group);
        other = evaluate_group(graph, e->other);
        for (size_t i = 0; i < other.count; i++)
            add(&bag, other.items[i]);
        drop(&other);
        return bag;
    case SUBQUERY:
        other = evaluate_group(graph, e->group);
        bag = project(&other, e->projected, e->distinct);
        drop(&other);
        return bag;
    default:
        return evaluate_group(graph, e->group);
    }
}

/* The elements from the first to the last, filters left out. */
static Bag evaluate_body(const Graph *graph, const Element *group)
{
    Bag bag = {0};
    add(&bag, nothing);
    for (; group && !too_large; group = group->next) {
        Bag after, right;
        if (group->kind == FILTER)
            continue;
        if (group->kind == OPTIONAL) {
            after = left_join(graph, &bag, group->group);
        } else {
            right = evaluate_element(graph, group);
            after = group->kind == MINUS ? subtract(&bag, &right) : join(&bag, &right);
            drop(&right);
        }
        drop(&bag);
        bag = after;
    }
    return bag;
}

/* ---- Comparing ---- */

static int compare_solutions(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Solution));
}

static Graph random_graph(KgStore *store)
{
    BaseError err = {0};
    Graph graph = {0};
    KgTxn *const txn = begin_write(store);
    expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
    expect_ok(kg_clear_layer(txn, KG_INFERRED, &err), &err);
    for (int tries = 2 + below(MOST_FACTS - 2); tries > 0; tries--) {
        const Fact fact = {below(NODES), NODES + NUMBERS + below(PREDICATES), below(NODES + NUMBERS)};
        bool is_new = true;
        char fields[3][80];
        for (size_t i = 0; i < graph.count; i++)
            is_new &= memcmp(&graph.facts[i], &fact, sizeof fact) != 0;
        if (is_new)
            graph.facts[graph.count++] = fact;
        snprintf(fields[0], sizeof *fields, "n%d", fact.s);
        snprintf(fields[1], sizeof *fields, "p%d", fact.p - NODES - NUMBERS);
        snprintf(fields[2], sizeof *fields,
                 fact.o < NODES ? "n%d" : "\"%d\"^^<http://www.w3.org/2001/XMLSchema#integer>",
                 fact.o < NODES ? fact.o : fact.o - NODES + 1);
        const KgRecord record = {
            .triple = {intern_field(txn, fields[0]), intern_field(txn, fields[1]), intern_field(txn, fields[2])}};
        const int layers = 1 + below(3); /* asserted, inferred or both */
        if (layers & 1)
            expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
        if (layers & 2)
            expect_ok(kg_add(txn, KG_INFERRED, &record, NULL, &err), &err);
    }
    commit(txn);
    return graph;
}

static int8_t term_of(const KgTerm *term)
{
    if (term->kind == KG_LITERAL)
        return (int8_t)(NODES + term->text.bytes[0] - '1');
    const int number = term->text.bytes[4] - '0'; /* kg:n3 */
    return (int8_t)(term->text.bytes[3] == 'n' ? number : NODES + NUMBERS + number);
}

static Bag ask_kgq(KgTxn *txn, const char *text)
{
    BaseError err = {0};
    KgQuery *query = NULL;
    Bag bag = {0};
    BaseStatus status = kg_query_open(txn, text, strlen(text), NULL, &query, &err);
    while (status == BASE_OK && (status = kg_query_next(query, &err)) == BASE_OK) {
        Solution solution = nothing;
        for (size_t v = 0; v < VARIABLES; v++) {
            KgTerm term;
            if (kg_query_cell(query, v, &term))
                solution.terms[v] = term_of(&term);
        }
        add(&bag, solution);
    }
    if (status != BASE_END) {
        print_error("%s\n", text);
        expect_ok(status, &err);
    }
    kg_query_close(query);
    return bag;
}

static void compare_bags(const Graph *graph, const char *text, Bag *got, Bag *wanted)
{
    if (got->count)
        qsort(got->items, got->count, sizeof *got->items, compare_solutions);
    if (wanted->count)
        qsort(wanted->items, wanted->count, sizeof *wanted->items, compare_solutions);
    if (got->count == wanted->count &&
        (got->count == 0 || memcmp(got->items, wanted->items, got->count * sizeof *got->items) == 0))
        return;
    print_error("%s\n%zu solutions, expected %zu\n", text, got->count, wanted->count);
    for (size_t i = 0; i < graph->count; i++)
        print_error("  %d %d %d\n", graph->facts[i].s, graph->facts[i].p, graph->facts[i].o);
    fail();
}

static void random_queries_agree_with_the_definitions(void **state)
{
    const Fixture *const f = *state;
    size_t answered = 0, empty = 0;
    base_random_seed(&chance, 1);
    for (int round = 0; round < 250; round++) {
        const Graph graph = random_graph(f->store);
        KgTxn *const txn = begin_read(f->store);
        for (int k = 0; k < 40; k++) {
            BaseArena arena = {0};
            const Element *const group = random_group(&arena, 2);
            char *text = NULL;
            size_t length;
            FILE *const out = open_memstream(&text, &length);
            fputs("SELECT ?v0 ?v1 ?v2 ?v3 ?v4 ", out);
            write_group(out, group);
            fclose(out);
            too_large = false;
            Bag wanted = evaluate_group(&graph, group);
            if (!too_large) {
                Bag got = ask_kgq(txn, text);
                compare_bags(&graph, text, &got, &wanted);
                answered++;
                empty += got.count == 0;
                drop(&got);
            }
            drop(&wanted);
            free(text);
            base_arena_free(&arena);
        }
        kg_abort(txn);
    }
    print_message("%zu queries, %zu of them without a solution\n", answered, empty);
    assert_true(answered > 8000 && empty < answered * 3 / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_queries_agree_with_the_definitions, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
