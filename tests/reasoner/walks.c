#include "walks.h"

#include "expect.h"

static uint32_t node_of(WalkGraph *graph, const char *name, size_t length)
{
    bool is_new;
    const uint64_t *const number =
        base_map_put(&graph->nodes, base_hash(name, length, 0) >> 1, graph->names.count, &is_new);
    assert_non_null(number);
    if (is_new)
        assert_true(BASE_PUSH(&graph->names, strndup(name, length)));
    return (uint32_t)*number;
}

static uint32_t relation_of(WalkGraph *graph, const char *name, size_t length)
{
    for (uint32_t r = 0; r < graph->relation_count; r++)
        if (strlen(graph->relations[r].name) == length && memcmp(graph->relations[r].name, name, length) == 0)
            return r;
    assert_true(graph->relation_count < WALK_RELATIONS);
    graph->relations[graph->relation_count].name = strndup(name, length);
    return (uint32_t)graph->relation_count++;
}

static void read_file(WalkGraph *graph, const char *path)
{
    BaseInput *input = NULL;
    BaseError err = {0};
    const char *line;
    size_t length;
    expect_ok(base_input_open(path, &input, &err), &err);
    while (base_input_line(input, &line, &length, &err) == BASE_OK) {
        const char *const second = memchr(line, '\t', length);
        const char *const third = second ? memchr(second + 1, '\t', length - (size_t)(second + 1 - line)) : NULL;
        assert_non_null(third);
        assert_true(BASE_RESERVE(&graph->edges, graph->edges.count + 1));
        uint32_t *const edge = graph->edges.items[graph->edges.count++];
        edge[0] = node_of(graph, line, (size_t)(second - line));
        edge[1] = relation_of(graph, second + 1, (size_t)(third - second - 1));
        edge[2] = node_of(graph, third + 1, length - (size_t)(third + 1 - line));
    }
    base_input_close(input);
}

static void list_targets(WalkGraph *graph, uint32_t r)
{
    WalkRelation *const relation = &graph->relations[r];
    relation->starts = calloc(graph->names.count + 2, sizeof *relation->starts);
    relation->targets = calloc(graph->edges.count + 1, sizeof *relation->targets);
    assert_true(relation->starts && relation->targets);
    for (size_t i = 0; i < graph->edges.count; i++)
        if (graph->edges.items[i][1] == r)
            relation->starts[graph->edges.items[i][0] + 2]++;
    for (size_t node = 0; node < graph->names.count; node++)
        relation->starts[node + 2] += relation->starts[node + 1];
    for (size_t i = 0; i < graph->edges.count; i++)
        if (graph->edges.items[i][1] == r)
            relation->targets[relation->starts[graph->edges.items[i][0] + 1]++] = graph->edges.items[i][2];
}

void walk_read(WalkGraph *graph, const char *const *files, size_t count)
{
    *graph = (WalkGraph){0};
    for (size_t i = 0; i < count; i++)
        read_file(graph, files[i]);
    for (uint32_t r = 0; r < graph->relation_count; r++)
        list_targets(graph, r);
    const size_t places = graph->names.count * WALK_STATES;
    graph->seen = calloc(places + 1, sizeof *graph->seen);
    graph->distances = calloc(places + 1, sizeof *graph->distances);
    graph->queue = calloc(places + 1, sizeof *graph->queue);
    assert_true(graph->seen && graph->distances && graph->queue);
}

void walk_free(WalkGraph *graph)
{
    for (size_t i = 0; i < graph->names.count; i++)
        free(graph->names.items[i]);
    for (size_t r = 0; r < graph->relation_count; r++) {
        free(graph->relations[r].name);
        free(graph->relations[r].starts);
        free(graph->relations[r].targets);
    }
    base_map_free(&graph->nodes);
    free(graph->names.items);
    free(graph->edges.items);
    free(graph->seen);
    free(graph->distances);
    free(graph->queue);
}

size_t walk_from(WalkGraph *graph, uint32_t node, const WalkMove *moves, size_t count)
{
    uint32_t relations[16];
    size_t found = 0;
    assert_true(count <= 16);
    for (size_t m = 0; m < count; m++)
        relations[m] = relation_of(graph, moves[m].relation, strlen(moves[m].relation));
    graph->walk++;
    graph->queue[0] = node * WALK_STATES;
    graph->distances[graph->queue[0]] = 0;
    graph->seen[graph->queue[0]] = graph->walk;
    graph->reached = 1;
    for (size_t at = 0; at < graph->reached; at++) {
        const uint32_t place = graph->queue[at];
        for (size_t m = 0; m < count; m++) {
            const WalkRelation *const relation = &graph->relations[relations[m]];
            if (moves[m].from != place % WALK_STATES)
                continue;
            for (uint32_t i = relation->starts[place / WALK_STATES]; i < relation->starts[place / WALK_STATES + 1];
                 i++) {
                const uint32_t next = relation->targets[i] * WALK_STATES + moves[m].to;
                if (graph->seen[next] == graph->walk)
                    continue;
                graph->seen[next] = graph->walk;
                graph->distances[next] = graph->distances[place] + 1;
                graph->queue[graph->reached++] = next;
                found += moves[m].to == 1;
            }
        }
    }
    return found;
}

uint32_t walk_reached(const WalkGraph *graph, size_t n)
{
    return graph->queue[n] % WALK_STATES == 1 ? graph->queue[n] / WALK_STATES : UINT32_MAX;
}
