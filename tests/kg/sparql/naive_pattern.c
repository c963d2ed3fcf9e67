/* naive_pattern.c - the operators on bags of solutions (SPARQL 1.1, section 18.5), group by group (18.2.2.6).
 * EXISTS (18.6): variables that its solution binds are as good as terms in every pattern below. */
#include "naive.h"

static bool compatible(const Solution *a, const Solution *b)
{
    for (int v = 0; v < VARIABLES; v++)
        if (a->cells[v] != NO_TERM && b->cells[v] != NO_TERM && a->cells[v] != b->cells[v])
            return false;
    return true;
}

static Solution merge(Solution a, const Solution *b)
{
    for (int v = 0; v < VARIABLES; v++)
        if (a.cells[v] == NO_TERM)
            a.cells[v] = b->cells[v];
    return a;
}

Bag join_bags(Naive *naive, const Bag *a, const Bag *b)
{
    Bag bag = {0};
    for (size_t i = 0; i < a->count && spend(naive, b->count); i++)
        for (size_t k = 0; k < b->count; k++)
            if (compatible(&a->items[i], &b->items[k]))
                add_solution(naive, &bag, merge(a->items[i], &b->items[k]));
    return bag;
}

Bag values_bag(Naive *naive, const Node *values)
{
    Bag bag = {0};
    for (const Node *row = values->child; row; row = row->next) {
        Solution solution = nothing_bound;
        for (int i = 0; i < 3; i++)
            if (values->places[i] != NOTHING)
                solution.cells[variable_of(values->places[i])] = row->places[i];
        add_solution(naive, &bag, solution);
    }
    return bag;
}

static bool all_hold(Naive *naive, Place place, const Node *group, const Solution *solution)
{
    for (const Node *node = group->child; node; node = node->next)
        if (node->kind == FILTER && !holds(naive, place, node->child, solution, NULL))
            return false;
    return true;
}

static Bag evaluate_body(Naive *naive, Place place, const Node *group);

/* The filters of the optional group belong to the left join's condition. */
static Bag left_join(Naive *naive, Place place, const Bag *left, const Node *group)
{
    Bag right = evaluate_body(naive, place, group), bag = {0};
    for (size_t i = 0; i < left->count && spend(naive, right.count); i++) {
        bool is_matched = false;
        for (size_t k = 0; k < right.count; k++) {
            if (!compatible(&left->items[i], &right.items[k]))
                continue;
            const Solution merged = merge(left->items[i], &right.items[k]);
            if (all_hold(naive, place, group, &merged)) {
                is_matched = true;
                add_solution(naive, &bag, merged);
            }
        }
        if (!is_matched)
            add_solution(naive, &bag, left->items[i]);
    }
    drop_bag(&right);
    return bag;
}

/* Within EXISTS the letter puts terms for variables, which then are in no domain, so that MINUS may remove nothing;
 * others keep them in. Where that makes a difference the answer is open. */
static bool removes(Naive *naive, Place place, const Solution *a, const Solution *b)
{
    bool shares = false, shares_own = false;
    for (int v = 0; v < VARIABLES; v++)
        if (a->cells[v] != NO_TERM && b->cells[v] != NO_TERM) {
            shares = true;
            shares_own |= !place.given || place.given->cells[v] == NO_TERM;
        }
    if (!shares || !compatible(a, b))
        return false;
    naive->is_ambiguous |= !shares_own;
    return true;
}

static Bag subtract(Naive *naive, Place place, const Bag *left, const Bag *right)
{
    Bag bag = {0};
    for (size_t i = 0; i < left->count && spend(naive, right->count); i++) {
        bool is_removed = false;
        for (size_t k = 0; k < right->count && !is_removed; k++)
            is_removed = removes(naive, place, &left->items[i], &right->items[k]);
        if (!is_removed)
            add_solution(naive, &bag, left->items[i]);
    }
    return bag;
}

static Bag unite(Naive *naive, Place place, const Node *node)
{
    Bag bag = {0};
    for (const Node *arm = node->child; arm; arm = arm->next) {
        Bag more = evaluate_group(naive, place, arm);
        for (size_t i = 0; i < more.count; i++)
            add_solution(naive, &bag, more.items[i]);
        drop_bag(&more);
    }
    return bag;
}

/* EXISTS gives a variable that the pattern would bind: the standard does not say what happens. */
static void check_target(Naive *naive, Place place, int target)
{
    if (is_variable(target) && place.given)
        naive->is_ambiguous |= place.given->cells[variable_of(target)] != NO_TERM;
}

static Bag extend(Naive *naive, Place place, const Bag *from, const Node *node)
{
    Bag bag = {0};
    check_target(naive, place, node->places[0]);
    for (size_t i = 0; i < from->count; i++) {
        Solution solution = from->items[i];
        solution.cells[variable_of(node->places[0])] = evaluate(naive, place, node->child, &solution, NULL);
        add_solution(naive, &bag, solution);
    }
    return bag;
}

/* A graph exists while it has facts, be it in a layer that the query does not look at. */
static bool is_there(const World *world, int graph)
{
    for (size_t i = 0; i < world->facts.count; i++)
        if (world->facts.items[i].graph == graph && is_stored(world, &world->facts.items[i]))
            return true;
    return false;
}

/* GRAPH ?g { P }: the union over the named graphs of P there, joined with the graph's name; of no graph: nothing. */
static Bag match_graphs(Naive *naive, Place place, const Node *node)
{
    Bag bag = {0};
    const int at = node->places[0];
    const int wanted = !is_variable(at) ? at : place.given ? place.given->cells[variable_of(at)] : NO_TERM;
    for (int i = 1; i < naive->world->graph_count; i++) {
        const int name = naive->world->graphs[i];
        const Graph *const graph = is_in_dataset(naive, i) ? named_graph(naive, i) : NULL;
        if ((wanted != NO_TERM && wanted != name) || !graph || !is_there(naive->world, i))
            continue;
        Bag here = evaluate_group(naive, (Place){graph, place.given}, node->child), names = {0};
        Solution solution = nothing_bound;
        if (is_variable(at))
            solution.cells[variable_of(at)] = name;
        add_solution(naive, &names, solution);
        Bag joined = join_bags(naive, &here, &names);
        for (size_t k = 0; k < joined.count; k++)
            add_solution(naive, &bag, joined.items[k]);
        drop_bag(&here);
        drop_bag(&names);
        drop_bag(&joined);
    }
    return bag;
}

static Bag evaluate_element(Naive *naive, Place place, const Node *node)
{
    switch (node->kind) {
    case PATH:
        return match_path(naive, place, node);
    case UNION:
        return unite(naive, place, node);
    case VALUES:
        for (int i = 0; i < 3; i++)
            check_target(naive, place, node->places[i]);
        return values_bag(naive, node);
    case GRAPH:
        return match_graphs(naive, place, node);
    case SUBQUERY:
        return evaluate_subquery(naive, place, node->child);
    default:
        return evaluate_group(naive, place, node);
    }
}

static Bag step(Naive *naive, Place place, const Bag *before, const Node *node)
{
    Bag right, after;
    if (node->kind == OPTIONAL)
        return left_join(naive, place, before, node->child);
    if (node->kind == BIND)
        return extend(naive, place, before, node);
    if (node->kind == MINUS)
        right = evaluate_group(naive, place, node->child);
    else
        right = node->kind == TRIPLE ? match_triples(naive, place, node) : evaluate_element(naive, place, node);
    after = node->kind == MINUS ? subtract(naive, place, before, &right) : join_bags(naive, before, &right);
    drop_bag(&right);
    return after;
}

/* The elements from the first to the last, filters left out; neighbouring triples are one pattern. */
static Bag evaluate_body(Naive *naive, Place place, const Node *group)
{
    Bag bag = {0};
    bool in_triples = false;
    add_solution(naive, &bag, nothing_bound);
    for (const Node *node = group->child; node && !naive->is_too_large; node = node->next) {
        if (node->kind == FILTER || (node->kind == TRIPLE && in_triples))
            continue;
        in_triples = node->kind == TRIPLE;
        Bag after = step(naive, place, &bag, node);
        drop_bag(&bag);
        bag = after;
    }
    return bag;
}

Bag evaluate_group(Naive *naive, Place place, const Node *group)
{
    Bag bag = evaluate_body(naive, place, group);
    size_t kept = 0;
    for (size_t i = 0; i < bag.count; i++)
        if (all_hold(naive, place, group, &bag.items[i]))
            bag.items[kept++] = bag.items[i];
    bag.count = kept;
    return bag;
}
