/* naive.h - SPARQL queries answered by the definitions of SPARQL 1.1, section 18, taken at their word: whole bags of
 * solutions between the steps, joins by nested loops, paths by following every link. Where the standard leaves a choice
 * (which of two equal numbers MIN gives, which rows a LIMIT without ORDER BY), it says so: `is_ambiguous`. */
#ifndef KGQ_TESTS_SPARQL_NAIVE_H
#define KGQ_TESTS_SPARQL_NAIVE_H

#include "tree.h"
#include "world.h"

typedef struct Solution {
    int32_t cells[VARIABLES]; /* NO_TERM: unbound */
} Solution;

typedef struct Bag {
    Solution *items;
    size_t count, capacity;
} Bag;

/* The facts of one graph, or of several merged, each once. */
typedef struct Graph {
    struct {
        int s, p, o;
        int next_s, next_o; /* further facts of the same subject, object */
    } * facts;
    size_t count;
    int *first_s, *first_o; /* by term; NO_TERM: none */
    size_t terms;
} Graph;

typedef struct Naive {
    World *world; /* its lexicon grows by computed terms */
    unsigned layers;
    const Node *query;     /* its FROM and FROM NAMED are the dataset */
    int default_graph;     /* where there is neither: WITH's; 0: the default graph */
    Graph *graphs[GRAPHS]; /* made when they are wanted */
    uint64_t steps;
    bool is_too_large, is_ambiguous;
    bool is_order_free; /* GROUP_CONCAT may take its values in any order */
} Naive;

/* Where a pattern is evaluated. */
typedef struct Place {
    const Graph *graph;
    const Solution *given; /* by EXISTS: its variables are as good as terms; NULL: nothing */
} Place;

/* What to compare an answer with: all rows, in order, and which of them are the answer. */
typedef struct Expected {
    Bag rows;
    int *ties; /* row by row: rows of one number may come in any order */
    size_t first, count;
} Expected;

Expected answer_naively(Naive *naive, const Node *select);
void free_expected(Expected *expected);
void free_naive(Naive *naive);

/* ---- The parts, for each other ---- */

extern const Solution nothing_bound;
void add_solution(Naive *naive, Bag *bag, Solution solution);
void drop_bag(Bag *bag);
bool spend(Naive *naive, uint64_t steps); /* false: the query is too large for this evaluator */

const Graph *named_graph(Naive *naive, int index); /* 0: the default graph of the dataset */
bool is_in_dataset(const Naive *naive, int index); /* a named graph */
bool graph_has_node(const Graph *graph, int term);
/* All solutions of the triple patterns that begin at `first`, up to another kind of element. */
Bag match_triples(Naive *naive, Place place, const Node *first);
Bag match_path(Naive *naive, Place place, const Node *path);

Bag evaluate_group(Naive *naive, Place place, const Node *group);
Bag evaluate_subquery(Naive *naive, Place place, const Node *select);
Bag join_bags(Naive *naive, const Bag *a, const Bag *b);
Bag values_bag(Naive *naive, const Node *values);

/* The term an expression gives, NO_TERM for an error or an unbound variable. `group`: the solutions that aggregates
 * are over; NULL outside of grouping. */
int evaluate(Naive *naive, Place place, const Node *expression, const Solution *solution, const Bag *group);
bool holds(Naive *naive, Place place, const Node *expression, const Solution *solution, const Bag *group);
int aggregate(Naive *naive, Place place, const Node *call, const Bag *group);
int add_numbers(Naive *naive, Kind operation, int a, int b); /* NO_TERM: not numbers, or a division by zero */
int order_terms(const Naive *naive, int a, int b);           /* ORDER BY */

static inline const Word *word(const Naive *naive, int term)
{
    return &naive->world->lexicon.items[term];
}
static inline bool is_number(const Word *one)
{
    return one->class >= CLASS_INTEGER && one->class <= CLASS_DOUBLE;
}

#endif
