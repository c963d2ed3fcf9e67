/* The order of a stratum's rules: Tarjan's strongly connected components of the positive rule graph, with a stack of
 * its own since chains of rules may be long; then components in topological order, the one that is written first
 * whenever several may come. Only those rules count that an existential rule may wait for. */
#include "reasoner/chase.h"

#include <stdlib.h>
#include <string.h>

typedef struct Frame {
    uint32_t rule, edge; /* next to be followed */
} Frame;

typedef struct Sorter {
    const ReasonerProgram *program;
    uint32_t count; /* rules */
    uint32_t stratum;
    bool *runs; /* by rule */
    /* Edges from a rule to those that read what it derives: edges[starts[r] .. starts[r + 1]]. */
    uint32_t *starts, *edges;
    uint32_t *numbers, *lows, *component; /* by rule; number 0: not met */
    uint32_t *stack;
    Frame *frames;
    uint32_t stacked, met, components;
} Sorter;

/* ---- Which rules --------------------------------------------------------------------------------------------- */

static bool is_here(const Sorter *sorter, const Atom *head)
{
    return !head->aggregate && sorter->program->predicates.items[head->meant].stratum == sorter->stratum;
}

/* Relations that the rule looks at: those of its body, and of existential heads, which may hold already. */
static void want(const Rule *rule, bool *is_wanted)
{
    for (uint32_t b = 0; b < rule->body_count; b++)
        if (is_positive(&rule->body[b]))
            is_wanted[rule->body[b].atom.relation] = true;
    for (uint32_t h = 0; h < rule->head_count && rule->has_existential; h++)
        is_wanted[rule->heads[h].relation] = true;
}

static bool gives_wanted(const Sorter *sorter, const Rule *rule, const bool *is_wanted)
{
    for (uint32_t h = 0; h < rule->head_count; h++)
        if (is_here(sorter, &rule->heads[h]) && (rule->has_existential || is_wanted[rule->heads[h].relation]))
            return true;
    return false;
}

/* Backwards from the existential rules: what they read, and what decides whether they create. */
static bool choose_rules(Sorter *sorter, BaseArena *arena)
{
    bool *const is_wanted = base_arena_alloc(arena, sorter->program->relations.count + 1, sizeof *is_wanted);
    for (bool is_changed = is_wanted != NULL; is_changed;) {
        is_changed = false;
        for (uint32_t r = 0; r < sorter->count; r++) {
            const Rule *const rule = &sorter->program->rules.items[r];
            if (sorter->runs[r] || !rule->is_needed || rule->body_count == 0 || !gives_wanted(sorter, rule, is_wanted))
                continue;
            sorter->runs[r] = is_changed = true;
            want(rule, is_wanted);
        }
    }
    return is_wanted != NULL;
}

/* ---- Edges --------------------------------------------------------------------------------------------------- */

/* Rules by the relation that a positive atom of theirs reads: readers[starts[r] .. starts[r + 1]]. */
typedef struct Readers {
    uint32_t *starts, *items;
} Readers;

static bool find_readers(const Sorter *sorter, BaseArena *arena, Readers *out)
{
    const ReasonerProgram *const program = sorter->program;
    const size_t relations = program->relations.count;
    size_t total = 0;
    out->starts = base_arena_alloc(arena, relations + 2, sizeof *out->starts);
    if (!out->starts)
        return false;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t r = 0; r < sorter->count; r++) {
            const Rule *const rule = &program->rules.items[r];
            for (uint32_t b = 0; b < rule->body_count && sorter->runs[r]; b++) {
                if (!is_positive(&rule->body[b]))
                    continue;
                const uint32_t relation = rule->body[b].atom.relation;
                if (pass == 0) {
                    out->starts[relation + 2]++;
                    total++;
                } else {
                    out->items[out->starts[relation + 1]++] = r;
                }
            }
        }
        if (pass == 1)
            break;
        for (size_t i = 2; i < relations + 2; i++)
            out->starts[i] += out->starts[i - 1];
        out->items = base_arena_alloc(arena, total + 1, sizeof *out->items);
        if (!out->items)
            return false;
    }
    return true;
}

static bool find_edges(Sorter *sorter, BaseArena *arena)
{
    const ReasonerProgram *const program = sorter->program;
    Readers readers = {0};
    struct {
        uint32_t *items;
        size_t count, capacity;
    } edges = {0};
    bool is_fine = find_readers(sorter, arena, &readers);
    sorter->starts = base_arena_alloc(arena, sorter->count + 1, sizeof *sorter->starts);
    is_fine = is_fine && sorter->starts;
    for (uint32_t r = 0; r < sorter->count && is_fine; r++) {
        const Rule *const rule = &program->rules.items[r];
        sorter->starts[r] = (uint32_t)edges.count;
        for (uint32_t h = 0; h < rule->head_count && sorter->runs[r] && is_fine; h++) {
            const uint32_t relation = rule->heads[h].relation;
            if (!is_here(sorter, &rule->heads[h]))
                continue;
            for (uint32_t i = readers.starts[relation]; i < readers.starts[relation + 1] && is_fine; i++)
                is_fine = BASE_PUSH(&edges, readers.items[i]);
        }
    }
    sorter->edges = is_fine ? base_arena_alloc(arena, edges.count + 1, sizeof *sorter->edges) : NULL;
    if (sorter->edges) {
        sorter->starts[sorter->count] = (uint32_t)edges.count;
        if (edges.count > 0)
            memcpy(sorter->edges, edges.items, edges.count * sizeof *sorter->edges);
    }
    free(edges.items);
    return sorter->edges != NULL;
}

/* ---- Components ---------------------------------------------------------------------------------------------- */

static void meet(Sorter *sorter, uint32_t rule, uint32_t *depth)
{
    sorter->numbers[rule] = sorter->lows[rule] = ++sorter->met;
    sorter->stack[sorter->stacked++] = rule;
    sorter->component[rule] = NOWHERE;
    sorter->frames[(*depth)++] = (Frame){rule, sorter->starts[rule]};
}

static void close_component(Sorter *sorter, uint32_t root)
{
    uint32_t rule;
    do {
        rule = sorter->stack[--sorter->stacked];
        sorter->component[rule] = sorter->components;
    } while (rule != root);
    sorter->components++;
}

static void visit(Sorter *sorter, uint32_t root)
{
    uint32_t depth = 0;
    meet(sorter, root, &depth);
    while (depth > 0) {
        Frame *const frame = &sorter->frames[depth - 1];
        const uint32_t rule = frame->rule;
        if (frame->edge < sorter->starts[rule + 1]) {
            const uint32_t next = sorter->edges[frame->edge++];
            if (sorter->numbers[next] == 0)
                meet(sorter, next, &depth);
            else if (sorter->component[next] == NOWHERE && sorter->numbers[next] < sorter->lows[rule])
                sorter->lows[rule] = sorter->numbers[next];
            continue;
        }
        if (sorter->lows[rule] == sorter->numbers[rule])
            close_component(sorter, rule);
        if (--depth > 0 && sorter->lows[rule] < sorter->lows[sorter->frames[depth - 1].rule])
            sorter->lows[sorter->frames[depth - 1].rule] = sorter->lows[rule];
    }
}

/* ---- Order --------------------------------------------------------------------------------------------------- */

/* Components that may come next, the one written first at the root: a heap of first rules. */
typedef struct Heap {
    uint32_t *items, count;
} Heap;

static void push_heap(Heap *heap, uint32_t item)
{
    uint32_t at = heap->count++;
    for (; at > 0 && heap->items[(at - 1) / 2] > item; at = (at - 1) / 2)
        heap->items[at] = heap->items[(at - 1) / 2];
    heap->items[at] = item;
}

static uint32_t pop_heap(Heap *heap)
{
    const uint32_t top = heap->items[0], last = heap->items[--heap->count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap->items[child + 1] < heap->items[child])
            child++;
        if (heap->items[child] >= last)
            break;
        heap->items[at] = heap->items[child];
        at = child;
    }
    heap->items[at] = last;
    return top;
}

/* The rules of each component, as written, and how many edges come in from others. */
static bool fill_components(const Sorter *sorter, Component *parts, uint32_t *incoming, BaseArena *arena)
{
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t r = 0; r < sorter->count; r++) {
            if (!sorter->runs[r])
                continue;
            Component *const part = &parts[sorter->component[r]];
            if (pass == 0) {
                part->count++;
                for (uint32_t e = sorter->starts[r]; e < sorter->starts[r + 1]; e++)
                    incoming[sorter->component[sorter->edges[e]]] +=
                        sorter->component[sorter->edges[e]] != sorter->component[r];
                continue;
            }
            if (!part->rules) {
                part->rules = base_arena_alloc(arena, part->count, sizeof *part->rules);
                part->count = 0;
            }
            if (!part->rules)
                return false;
            part->rules[part->count++] = r;
        }
    }
    return true;
}

static void take_component(const Sorter *sorter, const Component *part, uint32_t *incoming, const Component *parts,
                           Heap *heap)
{
    for (uint32_t i = 0; i < part->count; i++) {
        const uint32_t r = part->rules[i];
        for (uint32_t e = sorter->starts[r]; e < sorter->starts[r + 1]; e++) {
            const uint32_t to = sorter->component[sorter->edges[e]];
            if (to != sorter->component[r] && --incoming[to] == 0)
                push_heap(heap, parts[to].rules[0]);
        }
    }
}

static bool put_in_order(const Sorter *sorter, BaseArena *arena, Components *out)
{
    const uint32_t count = sorter->components;
    Component *const parts = base_arena_alloc(arena, count + 1, sizeof *parts);
    uint32_t *const incoming = base_arena_alloc(arena, count + 1, sizeof *incoming);
    Heap heap = {.items = base_arena_alloc(arena, count + 1, sizeof *heap.items)};
    out->items = base_arena_alloc(&out->memory, count + 1, sizeof *out->items);
    if (!parts || !incoming || !heap.items || !out->items || !fill_components(sorter, parts, incoming, &out->memory))
        return false;
    for (uint32_t c = 0; c < count; c++)
        if (incoming[c] == 0)
            push_heap(&heap, parts[c].rules[0]);
    while (heap.count > 0) {
        const uint32_t first = pop_heap(&heap);
        const Component *const part = &parts[sorter->component[first]];
        out->items[out->count++] = *part;
        take_component(sorter, part, incoming, parts, &heap);
    }
    return true;
}

static bool find_repeats(const Sorter *sorter, Components *out)
{
    out->repeats = base_arena_alloc(&out->memory, sorter->count + 1, sizeof *out->repeats);
    for (uint32_t r = 0; out->repeats && r < sorter->count; r++)
        for (uint32_t e = sorter->starts[r]; e < sorter->starts[r + 1]; e++)
            out->repeats[r] |= sorter->edges[e] == r;
    return out->repeats != NULL;
}

static bool prepare(Sorter *sorter, BaseArena *arena)
{
    uint32_t **const arrays[] = {&sorter->numbers, &sorter->lows, &sorter->component, &sorter->stack};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (!(*arrays[i] = base_arena_alloc(arena, sorter->count + 1, sizeof **arrays[i])))
            return false;
    sorter->runs = base_arena_alloc(arena, sorter->count + 1, sizeof *sorter->runs);
    sorter->frames = base_arena_alloc(arena, sorter->count + 1, sizeof *sorter->frames);
    return sorter->runs && sorter->frames && choose_rules(sorter, arena) && find_edges(sorter, arena);
}

bool reasoner_components(const ReasonerProgram *program, uint32_t stratum, Components *out)
{
    BaseArena scratch = {0};
    Sorter sorter = {.program = program, .count = (uint32_t)program->rules.count, .stratum = stratum};
    *out = (Components){0};
    bool is_fine = prepare(&sorter, &scratch);
    for (uint32_t r = 0; r < sorter.count && is_fine; r++)
        if (sorter.runs[r] && sorter.numbers[r] == 0)
            visit(&sorter, r);
    is_fine = is_fine && put_in_order(&sorter, &scratch, out) && find_repeats(&sorter, out);
    base_arena_free(&scratch);
    return is_fine;
}

void reasoner_components_free(Components *components)
{
    base_arena_free(&components->memory);
    *components = (Components){0};
}
