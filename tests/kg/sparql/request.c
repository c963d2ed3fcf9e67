/* request.c - see request.h. */
#include "request.h"

#define ASSERTED KG_IN(KG_ASSERTED)

typedef struct Quads {
    Fact *items;
    size_t count, capacity;
} Quads;

/* ---- Facts ---- */

static int compare_facts(const void *a, const void *b)
{
    const Fact *const x = a, *const y = b;
    const int keys[][2] = {{x->graph, y->graph}, {x->s, y->s}, {x->p, y->p}, {x->o, y->o}};
    for (int i = 0; i < 4; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

void sort_facts(World *world)
{
    if (world->facts.count > 1)
        qsort(world->facts.items, world->facts.count, sizeof *world->facts.items, compare_facts);
}

void copy_facts(World *to, const World *from)
{
    to->facts.count = 0;
    for (size_t i = 0; i < from->facts.count; i++)
        assert_true(BASE_PUSH(&to->facts, from->facts.items[i]));
}

static void insert(World *world, Fact fact)
{
    for (size_t i = 0; i < world->facts.count; i++)
        if (compare_facts(&world->facts.items[i], &fact) == 0) {
            world->facts.items[i].layers |= ASSERTED;
            return;
        }
    fact.layers = ASSERTED;
    fact.from = 0;
    fact.until = STAGES;
    assert_true(BASE_PUSH(&world->facts, fact));
}

static void delete (World *world, Fact fact)
{
    size_t kept = 0;
    for (size_t i = 0; i < world->facts.count; i++) {
        Fact one = world->facts.items[i];
        if (compare_facts(&one, &fact) == 0)
            one.layers &= ~ASSERTED;
        if (one.layers)
            world->facts.items[kept++] = one;
    }
    world->facts.count = kept;
}

static void clear(World *world, int graph)
{
    for (size_t i = world->facts.count; i-- > 0;)
        if (world->facts.items[i].graph == graph)
            delete (world, world->facts.items[i]);
}

/* What is asserted of one graph, as of another. */
static Quads gather(const World *world, int from, int to)
{
    Quads quads = {0};
    for (size_t i = 0; i < world->facts.count; i++) {
        Fact fact = world->facts.items[i];
        if (fact.graph != from || !(fact.layers & ASSERTED))
            continue;
        fact.graph = to;
        assert_true(BASE_PUSH(&quads, fact));
    }
    return quads;
}

/* ---- Operations on graphs ---- */

static void write_graph(FILE *text, const World *world, const char *word, int graph)
{
    if (graph == 0) {
        fputs("DEFAULT ", text);
        return;
    }
    fputs(word, text);
    write_word(text, &world->lexicon, world->graphs[graph]);
    fputc(' ', text);
}

static Effect clear_graphs(BaseRandom *random, World *world, FILE *text)
{
    const int which = pick(random, GRAPHS + 2);
    fprintf(text, "%s %s", pick(random, 2) ? "CLEAR" : "DROP", pick(random, 2) ? "SILENT " : "");
    if (which < GRAPHS)
        write_graph(text, world, "GRAPH ", which);
    else
        fputs(which == GRAPHS ? "NAMED " : "ALL ", text);
    for (int graph = 0; graph < GRAPHS; graph++)
        if (which == graph || which > GRAPHS || (which == GRAPHS && graph > 0))
            clear(world, graph);
    return DONE;
}

static Effect transfer(BaseRandom *random, World *world, FILE *text)
{
    static const char *const words[] = {"ADD", "MOVE", "COPY"};
    const int kind = pick(random, 3), from = pick(random, GRAPHS), to = pick(random, GRAPHS);
    const bool is_silent = pick(random, 4) > 0;
    fprintf(text, "%s %s", words[kind], is_silent ? "SILENT " : "");
    write_graph(text, world, pick(random, 2) ? "GRAPH " : "", from);
    fputs("TO ", text);
    write_graph(text, world, pick(random, 2) ? "GRAPH " : "", to);
    Quads quads = gather(world, from, to);
    if (from > 0 && quads.count == 0) {
        free(quads.items);
        return is_silent ? DONE : REFUSED; /* a graph without triples is not there */
    }
    if (from != to && kind > 0)
        clear(world, to);
    for (size_t i = 0; i < quads.count; i++)
        insert(world, quads.items[i]);
    if (from != to && kind == 1)
        clear(world, from);
    free(quads.items);
    return DONE;
}

/* ---- Data ---- */

static bool is_ground(const World *world, int term)
{
    return world->lexicon.items[term].class != CLASS_BLANK;
}

/* One that is there, or nearly. */
static Fact random_fact(BaseRandom *random, const World *world)
{
    Fact fact;
    do {
        const Word *node;
        fact = (Fact){.s = world->nodes.items[pick(random, (int)world->nodes.count)],
                      .p = world->predicates.items[pick(random, (int)world->predicates.count)],
                      .o = pick(random, 2) ? world->nodes.items[pick(random, (int)world->nodes.count)]
                                           : world->literals.items[pick(random, (int)world->literals.count)],
                      .graph = pick(random, GRAPHS)};
        if (world->facts.count > 0 && pick(random, 2))
            fact = world->facts.items[pick(random, (int)world->facts.count)];
        if (pick(random, 6) == 0)
            fact.graph = pick(random, GRAPHS);
        node = &world->lexicon.items[fact.s];
        if (node->class != CLASS_IRI)
            fact.s = world->predicates.items[0];
    } while (!is_ground(world, fact.s) || !is_ground(world, fact.o));
    return fact;
}

static void write_fact(FILE *text, const World *world, const Fact *fact)
{
    const int terms[] = {fact->s, fact->p, fact->o};
    if (fact->graph > 0) {
        write_graph(text, world, "GRAPH ", fact->graph);
        fputs("{ ", text);
    }
    for (int i = 0; i < 3; i++) {
        write_word(text, &world->lexicon, terms[i]);
        fputc(' ', text);
    }
    fputs(fact->graph > 0 ? "} " : ". ", text);
}

static Effect change_data(BaseRandom *random, World *world, FILE *text)
{
    const bool is_insert = pick(random, 2);
    Quads quads = {0};
    for (int count = 1 + pick(random, 5); count > 0; count--)
        assert_true(BASE_PUSH(&quads, random_fact(random, world)));
    fputs(is_insert ? "INSERT DATA { " : "DELETE DATA { ", text);
    for (size_t i = 0; i < quads.count; i++)
        write_fact(text, world, &quads.items[i]);
    fputs("} ", text);
    for (size_t i = 0; i < quads.count; i++)
        if (is_insert)
            insert(world, quads.items[i]);
        else
            delete (world, quads.items[i]);
    free(quads.items);
    return DONE;
}

static Effect load_file(BaseRandom *random, World *world, const char *folder, FILE *text)
{
    static unsigned number;
    const int graph = pick(random, GRAPHS);
    char name[32];
    snprintf(name, sizeof name, "f%u.ttl", number++ % 8);
    char *const path = base_join_path(folder, name);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    fprintf(file, "@prefix : <%s> .\n", KG_NAME_SCHEME);
    for (int count = pick(random, 4); count > 0; count--) {
        Fact fact = random_fact(random, world);
        fact.graph = 0;
        write_fact(file, world, &fact);
        fact.graph = graph;
        insert(world, fact);
    }
    fclose(file);
    fprintf(text, "LOAD <file://%s> ", path);
    if (graph > 0)
        write_graph(text, world, "INTO GRAPH ", graph);
    free(path);
    return DONE;
}

/* ---- DELETE and INSERT by templates ---- */

typedef struct Template {
    struct {
        int s, p, o, graph; /* places; graph: 0, VARIABLE() or the number of a graph */
    } items[4];
    int count;
} Template;

static int random_place(BaseRandom *random, unsigned visible, int constant)
{
    const int v = pick(random, VARIABLES);
    return visible >> v & 1 || pick(random, 12) == 0 ? VARIABLE(v) : constant;
}

static Template random_template(BaseRandom *random, const World *world, unsigned visible)
{
    Template out = {.count = pick(random, 4)};
    for (int i = 0; i < out.count; i++) {
        const Fact fact = random_fact(random, world);
        out.items[i].s = random_place(random, visible, fact.s);
        out.items[i].p = pick(random, 4) ? fact.p : random_place(random, visible, fact.p);
        out.items[i].o = random_place(random, visible, fact.o);
        out.items[i].graph = pick(random, 6) ? fact.graph : random_place(random, visible, fact.graph);
    }
    return out;
}

static void write_place(FILE *text, const World *world, int place)
{
    if (is_variable(place))
        fprintf(text, "?v%d ", variable_of(place));
    else
        write_word(text, &world->lexicon, place);
    fputc(' ', text);
}

static void write_template(FILE *text, const World *world, const char *word, const Template *template)
{
    fprintf(text, "%s { ", word);
    for (int i = 0; i < template->count; i++) {
        const int graph = template->items[i].graph;
        if (graph) {
            fputs("GRAPH ", text);
            write_place(text, world, is_variable(graph) ? graph : world->graphs[graph]);
            fputs("{ ", text);
        }
        write_place(text, world, template->items[i].s);
        write_place(text, world, template->items[i].p);
        write_place(text, world, template->items[i].o);
        fputs(graph ? "} " : ". ", text);
    }
    fputs("} ", text);
}

static int value_of(int place, const Solution *solution)
{
    return is_variable(place) ? solution->cells[variable_of(place)] : place;
}

static int graph_of(const World *world, int place, int with, const Solution *solution)
{
    if (!is_variable(place))
        return place == 0 ? with : place;
    for (int i = 1; i < GRAPHS; i++)
        if (solution->cells[variable_of(place)] == world->graphs[i])
            return i;
    return NO_TERM;
}

/* False: the terms are no triple, or of a graph that the world has no number for. */
static bool fill(const World *world, const Template *template, int at, int with, const Solution *solution, Fact *out)
{
    *out = (Fact){.s = value_of(template->items[at].s, solution),
                  .p = value_of(template->items[at].p, solution),
                  .o = value_of(template->items[at].o, solution),
                  .graph = graph_of(world, template->items[at].graph, with, solution)};
    return out->s != NO_TERM && out->p != NO_TERM && out->o != NO_TERM && out->graph != NO_TERM &&
           world->lexicon.items[out->s].class <= CLASS_IRI && world->lexicon.items[out->p].class == CLASS_IRI;
}

static Quads fill_all(const World *world, const Template *template, int with, const Bag *rows)
{
    Quads quads = {0};
    Fact fact;
    for (size_t i = 0; i < rows->count; i++)
        for (int k = 0; k < template->count; k++)
            if (fill(world, template, k, with, &rows->items[i], &fact))
                assert_true(BASE_PUSH(&quads, fact));
    return quads;
}

/* INSERT into a graph that ?g names makes it, whatever term that is: the world knows its own graphs only. */
static bool names_other_graphs(const World *world, const Template *template, const Bag *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        for (int k = 0; k < template->count; k++)
            if (is_variable(template->items[k].graph) &&
                rows->items[i].cells[variable_of(template->items[k].graph)] != NO_TERM &&
                graph_of(world, template->items[k].graph, 0, &rows->items[i]) == NO_TERM)
                return true;
    return false;
}

static void add_using(BaseArena *arena, BaseRandom *random, const World *world, Node *select, FILE *text)
{
    Node **end = &select->child->next;
    for (int count = 1 + pick(random, 2); count > 0; count--) {
        const bool is_named = pick(random, 2);
        Node *const node = base_arena_alloc(arena, 1, sizeof *node);
        assert_non_null(node);
        *node = (Node){.kind = is_named ? FROM_NAMED : FROM,
                       .places = {world->graphs[1 + pick(random, GRAPHS - 1)], NOTHING, NOTHING}};
        fputs(is_named ? "USING NAMED " : "USING ", text);
        write_place(text, world, node->places[0]);
        *end = node;
        end = &node->next;
    }
}

static Effect modify(BaseRandom *random, World *world, FILE *text)
{
    BaseArena arena = {0};
    Node select = {.kind = SELECT, .child = random_where(&arena, random, world)};
    const unsigned visible = visible_variables(select.child);
    const Template deleted = random_template(random, world, visible),
                   inserted = random_template(random, world, visible);
    const int with = pick(random, 3) ? 0 : 1 + pick(random, GRAPHS - 1);
    if (with > 0) {
        fputs("WITH ", text);
        write_place(text, world, world->graphs[with]);
    }
    write_template(text, world, "DELETE", &deleted);
    write_template(text, world, "INSERT", &inserted);
    if (pick(random, 5) == 0)
        add_using(&arena, random, world, &select, text);
    fputs("WHERE ", text);
    write_query(text, &world->lexicon, select.child);
    Naive naive = {.world = world, .layers = KG_FACTS, .query = &select, .default_graph = with};
    Bag rows = evaluate_group(&naive, (Place){.graph = named_graph(&naive, 0)}, select.child);
    Effect effect = DONE;
    if (naive.is_too_large || naive.is_ambiguous || names_other_graphs(world, &inserted, &rows)) {
        effect = OPEN;
    } else {
        Quads out = fill_all(world, &deleted, with, &rows), in = fill_all(world, &inserted, with, &rows);
        for (size_t i = 0; i < out.count; i++)
            delete (world, out.items[i]);
        for (size_t i = 0; i < in.count; i++)
            insert(world, in.items[i]);
        free(out.items);
        free(in.items);
    }
    free_naive(&naive);
    drop_bag(&rows);
    base_arena_free(&arena);
    return effect;
}

Effect random_operation(BaseRandom *random, World *world, const char *folder, FILE *text)
{
    const int kind = pick(random, 14);
    if (kind == 0)
        return clear_graphs(random, world, text);
    if (kind < 3)
        return transfer(random, world, text);
    if (kind == 3)
        return load_file(random, world, folder, text);
    return kind < 8 ? change_data(random, world, text) : modify(random, world, text);
}
