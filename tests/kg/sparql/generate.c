/* generate.c - see generate.h. */
#include "generate.h"

/* The terms that have been made variables, so that one stays one all over the query. */
typedef struct Disguise {
    int terms[24], places[24];
    int count;
} Disguise;

typedef struct Generator {
    BaseArena *arena;
    BaseRandom *random;
    const World *world;
    bool in_exists;
    int graph;      /* whose facts are of use */
    unsigned scope; /* bits of the variables that expressions had better use */
    struct Disguise *known;
} Generator;

static Node *random_group(Generator *g, int depth);
static Node *random_expression(Generator *g, int depth);
static Node *random_condition(Generator *g, int depth);

static int below(const Generator *g, int limit)
{
    return pick(g->random, limit);
}

static bool one_in(const Generator *g, int n)
{
    return below(g, n) == 0;
}

static Node *new_node(const Generator *g, Kind kind)
{
    Node *const node = base_arena_alloc(g->arena, 1, sizeof *node);
    assert_non_null(node);
    *node = (Node){.kind = kind, .places = {NOTHING, NOTHING, NOTHING}, .limit = NOTHING, .offset = NOTHING};
    return node;
}

static Node *with(Node *node, Node *child)
{
    Node **end = &node->child;
    while (*end)
        end = &(*end)->next;
    *end = child;
    return node;
}

static Node *of(const Generator *g, Kind kind, Node *child)
{
    return with(new_node(g, kind), child);
}

static Node *term_node(const Generator *g, int place)
{
    Node *const node = new_node(g, TERM);
    node->places[0] = place;
    return node;
}

/* ---- Places ---- */

static int random_variable(const Generator *g)
{
    return VARIABLE(one_in(g, 4) ? below(g, VARIABLES) : below(g, 4));
}

static bool is_blank(const Generator *g, int term)
{
    return g->world->lexicon.items[term].class == CLASS_BLANK;
}

static int random_iri(const Generator *g)
{
    const int term = g->world->nodes.items[below(g, (int)g->world->nodes.count)];
    return is_blank(g, term) ? g->world->predicates.items[0] : term;
}

static int random_predicate(const Generator *g)
{
    const int unused = one_in(g, 6) ? 0 : 1; /* the last one */
    return g->world->predicates.items[below(g, (int)g->world->predicates.count - unused)];
}

static int random_literal(const Generator *g)
{
    return g->world->literals.items[below(g, (int)g->world->literals.count)];
}

static int random_constant(const Generator *g)
{
    return one_in(g, 2) ? random_literal(g) : random_iri(g);
}

static int random_subject(const Generator *g)
{
    return one_in(g, 5) ? random_iri(g) : one_in(g, 25) ? ANONYMOUS : random_variable(g);
}

static int random_object(const Generator *g)
{
    return one_in(g, 4) ? random_constant(g) : one_in(g, 25) ? ANONYMOUS : random_variable(g);
}

/* ---- Triple patterns ---- */

static Node *new_triple(const Generator *g, int s, int p, int o)
{
    Node *const node = new_node(g, TRIPLE);
    node->places[0] = s;
    node->places[1] = p;
    node->places[2] = o;
    return node;
}

static const Fact *random_fact(const Generator *g)
{
    const Fact *fact = NULL;
    for (int tries = 0; tries < 12 && (!fact || fact->graph != g->graph); tries++)
        fact = &g->world->facts.items[below(g, (int)g->world->facts.count)];
    return fact;
}

/* A fact of that subject; any where there is none near. */
static const Fact *fact_of(const Generator *g, int subject)
{
    const size_t count = g->world->facts.count, start = (size_t)below(g, (int)count);
    for (size_t i = 0; i < count && i < 4000; i++) {
        const Fact *const fact = &g->world->facts.items[(start + i) % count];
        if (fact->s == subject && fact->graph == g->graph)
            return fact;
    }
    return random_fact(g);
}

static int disguise(const Generator *g, int term, int constant_in)
{
    Disguise *const known = g->known;
    for (int i = 0; i < known->count; i++)
        if (known->terms[i] == term)
            return known->places[i];
    const bool is_constant = !is_blank(g, term) && one_in(g, constant_in);
    int place = is_constant ? term : random_variable(g);
    for (int i = 0; i < known->count; i++) /* two terms rarely share a variable */
        if (known->places[i] == place && !is_constant && !one_in(g, 8)) {
            place = random_variable(g);
            i = -1;
        }
    if (known->count < 24) {
        known->terms[known->count] = term;
        known->places[known->count++] = place;
    }
    return place;
}

/* One of a subject that the query speaks of already. */
static const Fact *known_fact(const Generator *g)
{
    const int count = g->known->count;
    return count > 0 && below(g, 4) ? fact_of(g, g->known->terms[below(g, count)]) : random_fact(g);
}

typedef enum Shape { LOOSE, STAR_SHAPE, CHAIN, CYCLE, SHAPES } Shape;

static Node *fact_triples(Generator *g, Shape shape, int count)
{
    const int constant_in = g->world->is_large ? 3 : 8;
    const Fact *fact = known_fact(g);
    Node *first = NULL, **end = &first;
    for (int i = 0; i < count; i++) {
        const int s = disguise(g, fact->s, constant_in);
        const int p = one_in(g, 10) ? disguise(g, fact->p, 1000) : fact->p;
        *end = new_triple(g, s, p, disguise(g, fact->o, constant_in));
        end = &(*end)->next;
        fact = shape == LOOSE ? random_fact(g) : fact_of(g, shape == STAR_SHAPE ? fact->s : fact->o);
    }
    return first;
}

static Node *free_triples(Generator *g, Shape shape, int count)
{
    const int start = random_subject(g);
    int s = start;
    Node *first = NULL, **end = &first;
    for (int i = 0; i < count; i++) {
        const int p = one_in(g, 8) ? random_variable(g) : random_predicate(g);
        const int o = shape == CYCLE && i + 1 == count ? start : random_object(g);
        const bool is_subject = is_variable(o) || (o >= 0 && g->world->lexicon.items[o].class == CLASS_IRI);
        *end = new_triple(g, s, p, o);
        end = &(*end)->next;
        s = shape == LOOSE ? random_subject(g) : shape == STAR_SHAPE ? start : is_subject ? o : random_variable(g);
    }
    return first;
}

static Node *random_triples(Generator *g)
{
    const Shape shape = (Shape)below(g, SHAPES);
    const int count = one_in(g, 6) ? 1 + below(g, 8) : shape == CYCLE ? 2 + below(g, 3) : 1 + below(g, 3);
    return below(g, 8) ? fact_triples(g, shape, count) : free_triples(g, shape, count);
}

/* ---- Paths ---- */

static Node *random_link(const Generator *g)
{
    Node *const node = new_node(g, LINK);
    node->places[0] = random_predicate(g);
    return node;
}

static Node *random_path(Generator *g, int depth)
{
    Node *node;
    if (depth == 0)
        return random_link(g);
    switch (below(g, 8)) {
    case 0:
        return random_link(g);
    case 1:
        return of(g, INVERSE, random_path(g, depth - 1));
    case 2:
        return with(of(g, SEQUENCE, random_path(g, depth - 1)), random_path(g, depth - 1));
    case 3:
        return with(of(g, ALTERNATIVE, random_path(g, depth - 1)), random_path(g, depth - 1));
    case 4:
        return of(g, STAR, random_path(g, depth - 1));
    case 5:
        return of(g, PLUS, random_path(g, depth - 1));
    case 6:
        return of(g, MAYBE, random_path(g, depth - 1));
    default:
        node = new_node(g, NEGATED);
        for (int count = 1 + below(g, 3); count > 0; count--)
            with(node, one_in(g, 3) ? of(g, INVERSE, random_link(g)) : random_link(g));
        return node;
    }
}

static Node *random_path_pattern(Generator *g)
{
    Node *const node = of(g, PATH, random_path(g, 1 + below(g, 3)));
    if (below(g, 3)) {
        const Fact *const fact = known_fact(g);
        node->places[0] = disguise(g, fact->s, g->world->is_large ? 1 : 6);
        node->places[2] = disguise(g, one_in(g, 2) ? fact->o : random_fact(g)->o, 6);
    } else {
        node->places[0] = g->world->is_large ? random_iri(g) : random_subject(g);
        node->places[2] = one_in(g, 10) ? node->places[0] : random_object(g);
    }
    if (one_in(g, 2)) {
        const int end = node->places[0];
        node->places[0] = node->places[2];
        node->places[2] = end;
    }
    return node;
}

/* ---- Expressions ---- */

static Node *random_variable_node(const Generator *g)
{
    int place = random_variable(g);
    for (int tries = 0; tries < 8 && !(g->scope >> variable_of(place) & 1); tries++)
        place = VARIABLE(below(g, VARIABLES));
    return term_node(g, place);
}

static Node *random_leaf(const Generator *g)
{
    return one_in(g, 3) ? term_node(g, random_constant(g)) : random_variable_node(g);
}

static Node *random_expression(Generator *g, int depth)
{
    static const Kind unary[] = {STR, LANG, DATATYPE, STRLEN};
    if (depth == 0 || one_in(g, 3))
        return random_leaf(g);
    switch (below(g, 5)) {
    case 0:
        return of(g, unary[below(g, 4)], random_expression(g, depth - 1));
    case 1:
        return with(with(of(g, IF, random_condition(g, depth - 1)), random_expression(g, depth - 1)),
                    random_expression(g, depth - 1));
    case 2:
        return with(of(g, COALESCE, random_expression(g, depth - 1)), random_expression(g, depth - 1));
    case 3:
        return random_condition(g, depth - 1);
    default:
        return with(of(g, (Kind)(ADD + below(g, 4)), random_expression(g, depth - 1)), random_leaf(g));
    }
}

static Node *random_exists(Generator *g, int depth)
{
    Generator inner = *g;
    inner.in_exists = true;
    return of(g, one_in(g, 2) ? EXISTS : NOT_EXISTS, random_group(&inner, depth > 0 ? depth - 1 : 0));
}

static Node *random_list_test(Generator *g)
{
    Node *const node = of(g, one_in(g, 3) ? NOT_IN : IN, random_variable_node(g));
    for (int count = 1 + below(g, 4); count > 0; count--)
        with(node, one_in(g, 6) ? random_variable_node(g) : term_node(g, random_constant(g)));
    return node;
}

static Node *random_comparison(Generator *g, int depth)
{
    Node *const left = one_in(g, 4) ? random_expression(g, depth) : random_variable_node(g);
    return with(of(g, (Kind)(EQUAL + below(g, 6)), left), one_in(g, 4) ? random_expression(g, depth) : random_leaf(g));
}

static Node *random_search(Generator *g)
{
    Node *const whole = random_variable_node(g);
    Node *const text = one_in(g, 2) ? of(g, STR, whole) : whole;
    return with(of(g, (Kind)(STRSTARTS + below(g, 4)), text), term_node(g, random_literal(g)));
}

static Node *random_condition(Generator *g, int depth)
{
    static const Kind tests[] = {IS_IRI, IS_BLANK, IS_LITERAL, IS_NUMERIC};
    switch (below(g, depth > 0 ? 12 : 7)) {
    case 0:
        return random_list_test(g);
    case 1:
        return of(g, BOUND, random_variable_node(g));
    case 2:
        return with(of(g, SAME_TERM, random_variable_node(g)), random_leaf(g));
    case 3:
        return one_in(g, 2) ? of(g, tests[below(g, 4)], random_expression(g, depth)) : random_search(g);
    case 7:
        return of(g, NOT, random_condition(g, depth - 1));
    case 8:
    case 9:
        return with(of(g, one_in(g, 2) ? AND : OR, random_condition(g, depth - 1)), random_condition(g, depth - 1));
    case 10:
    case 11:
        return random_exists(g, depth - 1);
    default:
        return random_comparison(g, depth);
    }
}

/* ---- Groups ---- */

static int unused_variable(const Generator *g, unsigned used)
{
    const int start = below(g, VARIABLES);
    for (int i = 0; i < VARIABLES; i++)
        if (!(used >> (start + i) % VARIABLES & 1))
            return VARIABLE((start + i) % VARIABLES);
    return NOTHING;
}

static Node *random_values(const Generator *g, unsigned of_these)
{
    Node *const node = new_node(g, VALUES);
    unsigned used = 0;
    const int width = 1 + below(g, 3);
    for (int i = 0; i < width; i++) {
        node->places[i] = unused_variable(g, ~of_these | used);
        if (node->places[i] != NOTHING)
            used |= 1u << variable_of(node->places[i]);
    }
    for (int rows = 1 + below(g, 3); rows > 0; rows--) {
        Node *const row = new_node(g, ROW);
        for (int i = 0; i < 3; i++) {
            if (node->places[i] == NOTHING)
                continue;
            const Fact *const fact = random_fact(g);
            const int term = one_in(g, 2) ? fact->s : fact->o;
            row->places[i] = one_in(g, 6) ? NOTHING : is_blank(g, term) ? random_constant(g) : term;
        }
        with(node, row);
    }
    return node;
}

static Node *random_graph(Generator *g, int depth)
{
    const World *const world = g->world;
    const int n = below(g, world->graph_count);
    Generator inner = *g;
    inner.graph = n;
    Node *const node = of(g, GRAPH, random_group(&inner, depth - 1));
    node->places[0] = one_in(g, 2) ? random_variable(g) : n > 0 ? world->graphs[n] : random_iri(g);
    return node;
}

static Node *random_select(Generator *g, int depth, bool is_top);

static Node *random_element(Generator *g, int depth, unsigned used)
{
    Node *node;
    if (depth == 0)
        return below(g, 5) ? random_triples(g) : random_path_pattern(g);
    switch (below(g, 16)) {
    case 0:
    case 1:
    case 2:
        return of(g, OPTIONAL, random_group(g, depth - 1));
    case 3:
        return with(of(g, UNION, random_group(g, depth - 1)), random_group(g, depth - 1));
    case 4:
        return of(g, MINUS, random_group(g, depth - 1));
    case 5:
        node = of(g, BIND, random_expression(g, 2));
        node->places[0] = unused_variable(g, used);
        return node->places[0] == NOTHING ? random_triples(g) : node;
    case 6:
        return random_values(g, used ? used : ~0u);
    case 7:
        return random_graph(g, depth);
    case 8:
        return of(g, SUBQUERY, random_select(g, depth - 1, false));
    case 9:
        return random_group(g, depth - 1);
    case 10:
    case 11:
        return random_path_pattern(g);
    default:
        return random_triples(g);
    }
}

static Node *random_group(Generator *g, int depth)
{
    Node *const group = new_node(g, GROUP);
    const int count = one_in(g, 30) ? 0 : 1 + below(g, depth > 0 ? 3 : 2);
    Generator inner = *g;
    for (int i = 0; i < count; i++) {
        inner.scope = g->scope | visible_variables(group);
        with(group,
             i == 0 && below(g, 3) ? random_triples(g) : random_element(&inner, depth, visible_variables(group)));
    }
    inner.scope = g->scope | visible_variables(group);
    while (one_in(g, 4))
        with(group, of(g, FILTER, random_condition(&inner, depth < 2 ? depth : 2)));
    return group;
}

/* ---- Queries ---- */

static Node *new_item(const Generator *g, Kind kind, int variable, Node *expression)
{
    Node *const node = of(g, kind, expression);
    node->places[0] = variable;
    return node;
}

static Node *random_aggregate(Generator *g)
{
    const Kind kind = (Kind)(COUNT + below(g, GROUP_CONCAT - COUNT + 1));
    Node *const node = new_node(g, kind);
    node->is_distinct = one_in(g, 3);
    if (kind == GROUP_CONCAT)
        with(node, of(g, STR, random_variable_node(g)));
    else if (kind != COUNT || !one_in(g, 3))
        with(node, one_in(g, 4) ? random_expression(g, 1) : random_variable_node(g));
    return node;
}

static void add_grouping(Generator *g, Node *select, unsigned used)
{
    unsigned taken = used;
    for (int keys = below(g, 3); keys > 0; keys--) {
        const bool is_computed = one_in(g, 5);
        const int variable = is_computed ? unused_variable(g, taken) : unused_variable(g, ~used);
        if (variable == NOTHING || (!is_computed && !(used >> variable_of(variable) & 1)))
            continue;
        used &= ~(1u << variable_of(variable));
        taken |= 1u << variable_of(variable);
        with(select, new_item(g, KEY, variable, is_computed ? random_expression(g, 1) : NULL));
        if (below(g, 6))
            with(select, new_item(g, ITEM, variable, NULL));
    }
    for (int count = 1 + below(g, 2); count > 0; count--) {
        const int variable = unused_variable(g, taken);
        if (variable == NOTHING)
            continue;
        taken |= 1u << variable_of(variable);
        with(select, new_item(g, ITEM, variable, random_aggregate(g)));
    }
    if (one_in(g, 4))
        with(select,
             of(g, HAVING,
                with(of(g, (Kind)(EQUAL + below(g, 6)), random_aggregate(g)), term_node(g, random_literal(g)))));
}

static void add_projection(Generator *g, Node *select, unsigned used)
{
    for (int v = 0; v < VARIABLES; v++)
        if ((used >> v & 1 && below(g, 4)) || one_in(g, 30))
            with(select, new_item(g, ITEM, VARIABLE(v), NULL));
    unsigned taken = used;
    for (const Node *item = select->child; item; item = item->next)
        if (item->kind == ITEM)
            taken |= 1u << variable_of(item->places[0]);
    const int variable = g->in_exists || !one_in(g, 5) ? NOTHING : unused_variable(g, taken);
    if (variable != NOTHING)
        with(select, new_item(g, ITEM, variable, random_expression(g, 2)));
}

static int random_projected(const Generator *g, const Node *select)
{
    int chosen = NOTHING, seen = 0;
    for (const Node *item = select->child; item; item = item->next)
        if (item->kind == ITEM && one_in(g, ++seen))
            chosen = item->places[0];
    return chosen;
}

static void add_order(Generator *g, Node *select)
{
    const bool is_free = !select->is_distinct && !is_grouped(select);
    for (int keys = 1 + below(g, 3); keys > 0; keys--) {
        Node *const key = is_free && one_in(g, 4) ? random_expression(g, 1) : term_node(g, random_projected(g, select));
        Node *const order = of(g, ORDER, key);
        order->is_distinct = one_in(g, 3);
        with(select, order);
    }
}

static void add_dataset(Generator *g, Node *select)
{
    for (int count = 1 + below(g, 3); count > 0; count--) {
        const int graph = 1 + below(g, g->world->graph_count - 1);
        with(select, new_item(g, one_in(g, 2) ? FROM : FROM_NAMED, g->world->graphs[graph], NULL));
        if (g->world->is_large)
            break;
    }
}

static unsigned keys_of(const Node *select)
{
    unsigned bits = 0;
    for (const Node *key = select->child; key; key = key->next)
        bits |= key->kind == KEY ? 1u << variable_of(key->places[0]) : 0;
    return bits;
}

static Node *random_select(Generator *around, int depth, bool is_top)
{
    Generator own = *around, *const g = &own;
    own.scope = 0;
    Node *const group = random_group(g, depth), *const select = of(g, SELECT, group);
    const unsigned used = visible_variables(group);
    own.scope = used;
    select->is_distinct = one_in(g, 4);
    if (!g->in_exists && one_in(g, 4))
        add_grouping(g, select, used);
    else
        add_projection(g, select, used);
    const int unused = unused_variable(g, used | keys_of(select));
    if (!child_of(select, ITEM) && is_grouped(select) && unused != NOTHING)
        with(select, new_item(g, ITEM, unused, of(g, COUNT, NULL)));
    if (!child_of(select, ITEM)) {
        group->next = NULL;
        with(select, new_item(g, ITEM, VARIABLE(0), NULL));
    }
    if (is_top ? one_in(g, 4) : !g->in_exists && one_in(g, 5))
        add_order(g, select);
    if (!g->in_exists && one_in(g, is_top ? 5 : 8))
        select->limit = below(g, 12);
    if (!g->in_exists && one_in(g, is_top ? 8 : 20))
        select->offset = below(g, 5);
    if (!g->in_exists && used && one_in(g, 16))
        with(select, of(g, TRAILING, random_values(g, used)));
    if (is_top && g->world->graph_count > 1 && one_in(g, 12))
        add_dataset(g, select);
    return select;
}

Node *random_query(BaseArena *arena, BaseRandom *random, const World *world)
{
    Disguise known = {0};
    Generator g = {.arena = arena, .random = random, .world = world, .known = &known};
    return random_select(&g, world->is_large ? pick(random, 2) : pick(random, 3), true);
}

Node *random_where(BaseArena *arena, BaseRandom *random, const World *world)
{
    Disguise known = {0};
    Generator g = {.arena = arena, .random = random, .world = world, .known = &known};
    g.graph = pick(random, 3) ? 0 : pick(random, world->graph_count);
    return random_group(&g, pick(random, 2));
}
