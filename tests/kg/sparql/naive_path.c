/* naive_path.c - property paths (SPARQL 1.1, sections 9.1 and 18.4): the nodes a path leads to from a given one, as
 * often as it does. * + ? lead to each node once. A path of length zero is at every node of the graph, and at a term
 * that stands at the path's own end. */
#include "naive.h"

typedef struct Nodes {
    int *items;
    size_t count, capacity;
} Nodes;

typedef struct Walk {
    Naive *naive;
    const Graph *graph;
    bool is_backward; /* from objects to subjects */
    bool in_closure;
} Walk;

/* One end of a path: where it begins, whether that is a term of the pattern, and the term at the other end, if any. */
typedef struct Ends {
    int start;
    bool is_term;
    int goal;
} Ends;

static Nodes follow(const Walk *walk, const Node *path, Ends ends);

static void add_to(Nodes *nodes, int node)
{
    assert_true(BASE_PUSH(nodes, node));
}

static void add_once(Nodes *nodes, int node)
{
    for (size_t i = 0; i < nodes->count; i++)
        if (nodes->items[i] == node)
            return;
    add_to(nodes, node);
}

static bool is_excluded(const Node *path, int predicate, bool is_inverse, bool *is_asked)
{
    bool found = false;
    *is_asked = false;
    for (const Node *one = path->child; one; one = one->next) {
        if ((one->kind == INVERSE) != is_inverse)
            continue;
        *is_asked = true;
        found |= (is_inverse ? one->child : one)->places[0] == predicate;
    }
    return found;
}

/* All links at `node` in one direction that the path, a LINK or a NEGATED set, allows. */
static void follow_links(const Walk *walk, const Node *path, int node, bool is_backward, bool is_inverse, Nodes *out)
{
    const Graph *const graph = walk->graph;
    if ((size_t)node >= graph->terms)
        return;
    int i = is_backward ? graph->first_o[node] : graph->first_s[node];
    for (; i != NO_TERM && spend(walk->naive, 1); i = is_backward ? graph->facts[i].next_o : graph->facts[i].next_s) {
        bool is_asked = true;
        const bool is_taken = path->kind == LINK ? graph->facts[i].p == path->places[0]
                                                 : !is_excluded(path, graph->facts[i].p, is_inverse, &is_asked);
        if (is_taken && is_asked)
            add_to(out, is_backward ? graph->facts[i].s : graph->facts[i].o);
    }
}

/* The two parts of a sequence meet in a variable: neither has a term there. */
static Nodes follow_sequence(const Walk *walk, const Node *path, Ends ends)
{
    const Node *const first = walk->is_backward ? path->child->next : path->child;
    const Node *const second = walk->is_backward ? path->child : path->child->next;
    Nodes out = {0};
    Nodes middle = follow(walk, first, (Ends){ends.start, ends.is_term, NO_TERM});
    for (size_t i = 0; i < middle.count && !walk->naive->is_too_large; i++) {
        /* Within * and +, at a term that is no node of the graph, the letter gives up here; nobody would. */
        walk->naive->is_ambiguous |= walk->in_closure && !graph_has_node(walk->graph, middle.items[i]);
        Nodes found = follow(walk, second, (Ends){middle.items[i], false, ends.goal});
        for (size_t k = 0; k < found.count && spend(walk->naive, 1); k++)
            add_to(&out, found.items[k]);
        free(found.items);
    }
    free(middle.items);
    return out;
}

/* Where a path of length zero is, and where * + ? begin: a variable stands for nodes of the graph. */
static bool is_start(const Walk *walk, Ends ends)
{
    return ends.is_term || ends.start == ends.goal || graph_has_node(walk->graph, ends.start);
}

/* ALP: every node that repeated steps reach. */
static Nodes follow_closure(const Walk *walk, const Node *path, Ends ends)
{
    Nodes out = {0}, edge = {0};
    Walk inner = *walk;
    inner.in_closure = true;
    if (!is_start(walk, ends))
        return out;
    if (path->kind == STAR)
        add_once(&out, ends.start);
    add_to(&edge, ends.start);
    for (size_t i = 0; i < edge.count && spend(walk->naive, 1); i++) {
        Nodes found = follow(&inner, path->child, (Ends){edge.items[i], true, NO_TERM});
        for (size_t k = 0; k < found.count && spend(walk->naive, out.count); k++) {
            add_once(&out, found.items[k]);
            add_once(&edge, found.items[k]);
        }
        free(found.items);
    }
    free(edge.items);
    return out;
}

/* The step of `?` is no ALP: its path keeps the ends it has. */
static Nodes follow_maybe(const Walk *walk, const Node *path, Ends ends)
{
    Nodes out = {0};
    if (is_start(walk, ends))
        add_once(&out, ends.start);
    Nodes found = follow(walk, path->child, ends);
    for (size_t k = 0; k < found.count && spend(walk->naive, out.count); k++)
        add_once(&out, found.items[k]);
    free(found.items);
    return out;
}

static Nodes follow(const Walk *walk, const Node *path, Ends ends)
{
    Walk inverse = *walk;
    Nodes out = {0}, more;
    switch (path->kind) {
    case LINK:
        follow_links(walk, path, ends.start, walk->is_backward, false, &out);
        return out;
    case NEGATED:
        follow_links(walk, path, ends.start, walk->is_backward, false, &out);
        follow_links(walk, path, ends.start, !walk->is_backward, true, &out);
        return out;
    case INVERSE:
        inverse.is_backward = !walk->is_backward;
        return follow(&inverse, path->child, ends);
    case SEQUENCE:
        return follow_sequence(walk, path, ends);
    case ALTERNATIVE:
        out = follow(walk, path->child, ends);
        more = follow(walk, path->child->next, ends);
        for (size_t i = 0; i < more.count && spend(walk->naive, 1); i++)
            add_to(&out, more.items[i]);
        free(more.items);
        return out;
    case MAYBE:
        return follow_maybe(walk, path, ends);
    default:
        return follow_closure(walk, path, ends);
    }
}

/* A term that EXISTS gives and that is no node of the graph: the letter has a path of length zero there, readings of
 * EXISTS that keep it a variable have none. */
static int term_at(Naive *naive, Place place, int at)
{
    if (!is_variable(at))
        return at == ANONYMOUS ? NO_TERM : at;
    const int term = place.given ? place.given->cells[variable_of(at)] : NO_TERM;
    naive->is_ambiguous |= term != NO_TERM && !graph_has_node(place.graph, term);
    return term;
}

static void add_pair(Naive *naive, const Node *path, int from, int to, Bag *bag)
{
    const int ends[] = {path->places[0], path->places[2]}, terms[] = {from, to};
    Solution solution = nothing_bound;
    for (int i = 0; i < 2; i++) {
        if (!is_variable(ends[i])) {
            if (ends[i] != ANONYMOUS && ends[i] != terms[i])
                return;
            continue;
        }
        int32_t *const cell = &solution.cells[variable_of(ends[i])];
        if (*cell != NO_TERM && *cell != terms[i])
            return;
        *cell = terms[i];
    }
    add_solution(naive, bag, solution);
}

static void follow_from(const Walk *walk, const Node *path, Ends ends, Bag *bag)
{
    Nodes found = follow(walk, path->child, ends);
    for (size_t i = 0; i < found.count; i++) {
        const int from = walk->is_backward ? found.items[i] : ends.start;
        const int to = walk->is_backward ? ends.start : found.items[i];
        if (ends.goal == NO_TERM || found.items[i] == ends.goal)
            add_pair(walk->naive, path, from, to, bag);
    }
    free(found.items);
}

Bag match_path(Naive *naive, Place place, const Node *path)
{
    Bag bag = {0};
    const int s = term_at(naive, place, path->places[0]), o = term_at(naive, place, path->places[2]);
    Walk walk = {.naive = naive, .graph = place.graph, .is_backward = s == NO_TERM && o != NO_TERM};
    if (s != NO_TERM) {
        follow_from(&walk, path, (Ends){s, true, o}, &bag);
    } else if (o != NO_TERM) {
        follow_from(&walk, path, (Ends){o, true, NO_TERM}, &bag);
    } else {
        for (size_t node = 0; node < place.graph->terms && spend(naive, 1); node++)
            if (graph_has_node(place.graph, (int)node))
                follow_from(&walk, path, (Ends){(int)node, false, NO_TERM}, &bag);
    }
    return bag;
}
