/* naive_graph.c - graphs of the dataset, and basic graph patterns: every mapping that puts the patterns into it. */
#include "naive.h"

#define MOST_STEPS 3000000
#define MOST_ROWS 40000

const Solution nothing_bound = {{NO_TERM, NO_TERM, NO_TERM, NO_TERM, NO_TERM, NO_TERM, NO_TERM, NO_TERM}};

bool spend(Naive *naive, uint64_t steps)
{
    naive->steps += steps;
    naive->is_too_large |= naive->steps > MOST_STEPS;
    return !naive->is_too_large;
}

void add_solution(Naive *naive, Bag *bag, Solution solution)
{
    assert_true(BASE_PUSH(bag, solution));
    naive->is_too_large |= bag->count > MOST_ROWS;
}

void drop_bag(Bag *bag)
{
    free(bag->items);
    *bag = (Bag){0};
}

/* ---- Graphs ---- */

static void link_fact(Graph *graph, size_t i)
{
    graph->facts[i].next_s = graph->first_s[graph->facts[i].s];
    graph->first_s[graph->facts[i].s] = (int)i;
    graph->facts[i].next_o = graph->first_o[graph->facts[i].o];
    graph->first_o[graph->facts[i].o] = (int)i;
}

static bool graph_has(const Graph *graph, const Fact *fact)
{
    for (int i = graph->first_o[fact->o]; i != NO_TERM; i = graph->facts[i].next_o)
        if (graph->facts[i].s == fact->s && graph->facts[i].p == fact->p)
            return true;
    return false;
}

/* `wanted`: bits of the world's graphs. */
static Graph *merge_graphs(const Naive *naive, unsigned wanted)
{
    const World *const world = naive->world;
    Graph *const graph = calloc(1, sizeof *graph);
    assert_non_null(graph);
    graph->terms = world->lexicon.count;
    graph->facts = calloc(world->facts.count + 1, sizeof *graph->facts);
    graph->first_s = malloc(graph->terms * sizeof *graph->first_s);
    graph->first_o = malloc(graph->terms * sizeof *graph->first_o);
    assert_true(graph->facts && graph->first_s && graph->first_o);
    memset(graph->first_s, 0xff, graph->terms * sizeof *graph->first_s);
    memset(graph->first_o, 0xff, graph->terms * sizeof *graph->first_o);
    const bool is_merged = (wanted & (wanted - 1)) != 0;
    for (size_t i = 0; i < world->facts.count; i++) {
        const Fact *const fact = &world->facts.items[i];
        if (!is_stored(world, fact) || !(fact->layers & naive->layers) || !(wanted >> fact->graph & 1) ||
            (is_merged && graph_has(graph, fact)))
            continue;
        graph->facts[graph->count].s = fact->s;
        graph->facts[graph->count].p = fact->p;
        graph->facts[graph->count].o = fact->o;
        link_fact(graph, graph->count++);
    }
    return graph;
}

static unsigned bit_of_graph(const World *world, int name)
{
    for (int i = 1; i < world->graph_count; i++)
        if (world->graphs[i] == name)
            return 1u << i;
    return 0;
}

static unsigned dataset_bits(const Naive *naive, Kind kind, bool *is_given)
{
    unsigned bits = 0;
    *is_given = child_of(naive->query, FROM) || child_of(naive->query, FROM_NAMED);
    for (const Node *child = naive->query->child; child; child = child->next)
        bits |= child->kind == kind ? bit_of_graph(naive->world, child->places[0]) : 0;
    return bits;
}

bool is_in_dataset(const Naive *naive, int index)
{
    bool is_given;
    const unsigned bits = dataset_bits(naive, FROM_NAMED, &is_given);
    return is_given ? bits >> index & 1 : index < naive->world->graph_count;
}

const Graph *named_graph(Naive *naive, int index)
{
    bool is_given;
    const unsigned bits = dataset_bits(naive, FROM, &is_given);
    const unsigned wanted = index > 0  ? (is_in_dataset(naive, index) ? 1u << index : 0)
                            : is_given ? bits
                                       : 1u << naive->default_graph;
    if (!naive->graphs[index])
        naive->graphs[index] = merge_graphs(naive, wanted);
    return naive->graphs[index];
}

bool graph_has_node(const Graph *graph, int term)
{
    return (size_t)term < graph->terms && (graph->first_s[term] != NO_TERM || graph->first_o[term] != NO_TERM);
}

void free_naive(Naive *naive)
{
    for (size_t i = 0; i < sizeof naive->graphs / sizeof *naive->graphs; i++) {
        if (!naive->graphs[i])
            continue;
        free(naive->graphs[i]->facts);
        free(naive->graphs[i]->first_s);
        free(naive->graphs[i]->first_o);
        free(naive->graphs[i]);
    }
}

/* ---- Triple patterns ---- */

typedef struct Matcher {
    Naive *naive;
    const Graph *graph;
    const Node *patterns[32];
    int count;
    unsigned done; /* bits */
    Bag found;
} Matcher;

static int value_at(const Solution *solution, int place)
{
    return is_variable(place) ? solution->cells[variable_of(place)] : place;
}

static bool is_known(const Solution *solution, int place)
{
    return place != ANONYMOUS && value_at(solution, place) != NO_TERM;
}

static bool set_place(Solution *solution, int place, int term)
{
    if (place == ANONYMOUS)
        return true;
    if (!is_variable(place))
        return place == term;
    int32_t *const cell = &solution->cells[variable_of(place)];
    if (*cell != NO_TERM && *cell != term)
        return false;
    *cell = term;
    return true;
}

static void match_rest(Matcher *matcher, Solution solution);

static void try_fact(Matcher *matcher, const Node *pattern, Solution solution, int i)
{
    if (set_place(&solution, pattern->places[0], matcher->graph->facts[i].s) &&
        set_place(&solution, pattern->places[1], matcher->graph->facts[i].p) &&
        set_place(&solution, pattern->places[2], matcher->graph->facts[i].o))
        match_rest(matcher, solution);
}

static void match_one(Matcher *matcher, const Node *pattern, Solution solution)
{
    const Graph *const graph = matcher->graph;
    const bool by_subject = is_known(&solution, pattern->places[0]),
               by_object = is_known(&solution, pattern->places[2]);
    const int term = value_at(&solution, pattern->places[by_subject ? 0 : 2]);
    if (!by_subject && !by_object) {
        for (size_t i = 0; i < graph->count && spend(matcher->naive, 1); i++)
            try_fact(matcher, pattern, solution, (int)i);
        return;
    }
    if ((size_t)term >= graph->terms)
        return;
    int i = by_subject ? graph->first_s[term] : graph->first_o[term];
    for (; i != NO_TERM && spend(matcher->naive, 1); i = by_subject ? graph->facts[i].next_s : graph->facts[i].next_o)
        try_fact(matcher, pattern, solution, i);
}

/* The pattern with most places known comes next: the order of the patterns has no meaning, only a price. */
static void match_rest(Matcher *matcher, Solution solution)
{
    int best = -1, most = -1;
    for (int i = 0; i < matcher->count; i++) {
        const Node *const pattern = matcher->patterns[i];
        const int known = 2 * is_known(&solution, pattern->places[0]) + is_known(&solution, pattern->places[1]) +
                          2 * is_known(&solution, pattern->places[2]);
        if (!(matcher->done >> i & 1) && known > most) {
            best = i;
            most = known;
        }
    }
    if (best < 0) {
        add_solution(matcher->naive, &matcher->found, solution);
        return;
    }
    matcher->done |= 1u << best;
    if (!matcher->naive->is_too_large)
        match_one(matcher, matcher->patterns[best], solution);
    matcher->done &= ~(1u << best);
}

Bag match_triples(Naive *naive, Place place, const Node *first)
{
    Matcher matcher = {.naive = naive, .graph = place.graph};
    Solution start = nothing_bound;
    for (const Node *node = first; node && (node->kind == TRIPLE || node->kind == FILTER); node = node->next) {
        if (node->kind == FILTER)
            continue;
        assert_true(matcher.count < 32);
        matcher.patterns[matcher.count++] = node;
        for (int i = 0; i < 3 && place.given; i++)
            if (is_variable(node->places[i]))
                start.cells[variable_of(node->places[i])] = place.given->cells[variable_of(node->places[i])];
    }
    match_rest(&matcher, start);
    return matcher.found;
}
