/* Stratified negation (Apt, Blair, Walker 1988): each predicate gets the least number that is not below those of the
 * predicates it depends on, and above those it depends on through a negated atom. Such numbers exist unless some
 * predicate depends on its own negation. Positive recursion stays within one stratum, so a predicate's facts all come
 * from one stratum, in the order of their heights.
 *
 * A view (triple, open rdf:type) depends on all it covers. One that a rule derives may also give any of them, so they
 * then share its stratum. */
#include "reasoner/program.h"

#include <stdlib.h>
#include <string.h>

typedef struct Edge {
    uint32_t from, to; /* predicate `from` depends on `to` */
    bool is_negative;
    Place place; /* of the body atom */
} Edge;

typedef struct Graph {
    ReasonerProgram *program;
    struct {
        Edge *items;
        size_t count, capacity;
    } edges;
} Graph;

static bool covers(const ReasonerProgram *program, const Predicate *view, const Predicate *predicate)
{
    if (view == predicate || predicate->kind == PREDICATE_LOCAL)
        return false;
    if (view->kind == PREDICATE_TRIPLE)
        return true;
    return view->kind == PREDICATE_PROPERTY && view->constant == program->type_constant &&
           predicate->kind == PREDICATE_CLASS;
}

static bool add_rules(Graph *graph)
{
    const ReasonerProgram *const program = graph->program;
    for (size_t r = 0; r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        for (uint32_t h = 0; h < rule->head_count; h++) {
            for (uint32_t b = 0; b < rule->body_count; b++) {
                const Atom *const atom = &rule->body[b].atom;
                if (rule->body[b].is_comparison)
                    continue;
                /* An aggregate wants all of its input before it folds. */
                const bool is_strict = atom->is_negated || rule->has_aggregate;
                if (!BASE_PUSH(&graph->edges, (Edge){rule->heads[h].meant, atom->meant, is_strict, atom->place}))
                    return false;
            }
            /* Heads with a common null are derived together. */
            if (rule->has_existential && rule->head_count > 1 &&
                !BASE_PUSH(&graph->edges, (Edge){rule->heads[h].meant, rule->heads[(h + 1) % rule->head_count].meant,
                                                 false, rule->heads[h].place}))
                return false;
        }
    }
    return true;
}

static bool add_views(Graph *graph)
{
    const ReasonerProgram *const program = graph->program;
    for (uint32_t v = 0; v < program->predicates.count; v++) {
        const Predicate *const view = &program->predicates.items[v];
        if (view->kind != PREDICATE_TRIPLE && view->constant != program->type_constant)
            continue;
        for (uint32_t p = 0; p < program->predicates.count; p++) {
            const Predicate *const predicate = &program->predicates.items[p];
            if (!covers(program, view, predicate))
                continue;
            if (!BASE_PUSH(&graph->edges, (Edge){v, p, false, view->place}))
                return false;
            if (view->is_head && !BASE_PUSH(&graph->edges, (Edge){p, v, false, view->place}))
                return false;
        }
    }
    return true;
}

/* Raises strata until every edge is content. false: some stratum passed the number of predicates, so there is a cycle
 * through negation. */
static bool settle(Graph *graph)
{
    Predicate *const predicates = graph->program->predicates.items;
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (size_t e = 0; e < graph->edges.count; e++) {
            const Edge *const edge = &graph->edges.items[e];
            const uint32_t least = predicates[edge->to].stratum + (edge->is_negative ? 1 : 0);
            if (predicates[edge->from].stratum >= least)
                continue;
            if (least > graph->program->predicates.count)
                return false;
            predicates[edge->from].stratum = least;
            is_changed = true;
        }
    }
    return true;
}

/* The shortest way along edges from `start` to `goal`: came_by[p] is the edge that reached p. false: none. */
static bool find_way(const Graph *graph, uint32_t start, uint32_t goal, uint32_t *queue, uint32_t *came_by)
{
    const size_t count = graph->program->predicates.count;
    for (size_t p = 0; p < count; p++)
        came_by[p] = NOWHERE;
    size_t head = 0, tail = 0;
    queue[tail++] = start;
    while (head < tail) {
        const uint32_t at = queue[head++];
        if (at == goal)
            return true;
        for (size_t e = 0; e < graph->edges.count; e++) {
            const Edge *const edge = &graph->edges.items[e];
            if (edge->from != at || edge->to == start || came_by[edge->to] != NOWHERE)
                continue;
            came_by[edge->to] = (uint32_t)e;
            queue[tail++] = edge->to;
        }
    }
    return false;
}

static bool name_cycle(const Graph *graph, const Edge *negative, const uint32_t *came_by, uint32_t *queue,
                       BaseBuffer *out)
{
    const Predicate *const predicates = graph->program->predicates.items;
    size_t length = 0;
    for (uint32_t at = negative->from; at != negative->to; at = graph->edges.items[came_by[at]].from)
        queue[length++] = came_by[at];
    bool is_fine = base_buffer_format(out, "%s -> ~%s", predicates[negative->from].name, predicates[negative->to].name);
    while (is_fine && length-- > 0) {
        const Edge *const edge = &graph->edges.items[queue[length]];
        is_fine = base_buffer_format(out, " -> %s%s", edge->is_negative ? "~" : "", predicates[edge->to].name);
    }
    return is_fine;
}

/* A fault at each negated atom that lies on a cycle. */
static bool tell_cycles(const Graph *graph, Faults *faults)
{
    const size_t count = graph->program->predicates.count + 1;
    uint32_t *const queue = calloc(count, sizeof *queue), *const came_by = calloc(count, sizeof *came_by);
    BaseBuffer words = {0};
    bool is_fine = queue && came_by;
    for (size_t e = 0; is_fine && e < graph->edges.count; e++) {
        const Edge *const edge = &graph->edges.items[e];
        const bool is_told = e > 0 && memcmp(&edge[-1].place, &edge->place, sizeof edge->place) == 0;
        if (!edge->is_negative || is_told || !find_way(graph, edge->to, edge->from, queue, came_by))
            continue;
        words.count = 0;
        is_fine = name_cycle(graph, edge, came_by, queue, &words);
        if (is_fine)
            reasoner_fault(faults, edge->place, "what is negated must be known before: no cycle may pass through a ~",
                           "%s depends on its own negation: %s", graph->program->predicates.items[edge->from].name,
                           words.items);
    }
    free(queue);
    free(came_by);
    base_buffer_free(&words);
    return is_fine;
}

BaseStatus reasoner_stratify(ReasonerProgram *program, Faults *faults, BaseError *err)
{
    Graph graph = {.program = program};
    bool is_fine = add_rules(&graph) && add_views(&graph);
    if (is_fine && !settle(&graph))
        is_fine = tell_cycles(&graph, faults);
    free(graph.edges.items);
    if (!is_fine)
        return base_fail(err, BASE_NO_MEMORY, "no memory for the rules");
    for (size_t p = 0; p < program->predicates.count; p++)
        if (program->predicates.items[p].stratum >= program->stratum_count)
            program->stratum_count = program->predicates.items[p].stratum + 1;
    return BASE_OK;
}
