/* check_explanations RULES GIVEN HOLDS [--by-itself]: reads what `kgq explain --output json` or `kgq run --explain`
 * printed, an object a line, and puts every proof in it through the proof checker. GIVEN and HOLDS are files of facts,
 * a line each, terms between tabs: what is asserted, and all that holds. Prints how many proofs and near misses it
 * checked; exit 1: one is not sound, and is told. */
#include "base/base.h"
#include "proof_checker.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TERMS = 20 };

enum { INDEXED = 3 }; /* terms that facts are found by */
typedef struct Fact {
    const char *terms[MOST_TERMS];
    size_t count, before[INDEXED]; /* the fact before with the same term there, counted from 1; 0: none */
} Fact;
typedef struct Facts {
    Fact *items;
    size_t count, capacity;
    BaseMap places; /* by hash */
    BaseMap latest; /* fact, counted from 1, by place of a term and term */
} Facts;
typedef struct World {
    Facts given, holds;
    BaseArena arena;
} World;

static void quit(const char *what)
{
    fprintf(stderr, "check_explanations: %s\n", what);
    exit(2);
}

static uint64_t hash_terms(const char *const *terms, size_t count)
{
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++)
        hash = base_hash(terms[i], strlen(terms[i]), hash);
    return hash >> 1;
}

static uint64_t hash_place(const char *term, size_t place)
{
    return base_hash(term, strlen(term), place + 100) >> 1;
}

static void index_fact(Facts *facts)
{
    Fact *const fact = &facts->items[facts->count - 1];
    for (size_t i = 0; i < INDEXED && i < fact->count; i++) {
        bool is_new;
        uint64_t *const latest = base_map_put(&facts->latest, hash_place(fact->terms[i], i), facts->count, &is_new);
        if (!latest)
            quit("no memory");
        fact->before[i] = is_new ? 0 : (size_t)*latest;
        *latest = facts->count;
    }
}

static void read_facts(World *world, const char *path, Facts *out)
{
    BaseInput *input = NULL;
    const char *line;
    size_t length;
    if (base_input_open(path, &input, NULL) != BASE_OK)
        quit(path);
    while (base_input_line(input, &line, &length, NULL) == BASE_OK) {
        Fact fact = {0};
        char *at = base_arena_copy(&world->arena, line, length);
        for (char *field = at ? strsep(&at, "\t") : NULL; field && fact.count < MOST_TERMS; field = strsep(&at, "\t"))
            fact.terms[fact.count++] =
                strcmp(field, "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>") == 0 ? "rdf:type" : field;
        if (!BASE_PUSH(out, fact) ||
            !base_map_put(&out->places, hash_terms(fact.terms, fact.count), out->count - 1, NULL))
            quit("no memory");
        index_fact(out);
    }
    base_input_close(input);
}

static bool is_given(void *context, const char *const *terms, size_t count)
{
    const Facts *const given = &((World *)context)->given;
    const uint64_t *const place = base_map_get(&given->places, hash_terms(terms, count));
    if (!place || given->items[*place].count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(given->items[*place].terms[i], terms[i]) != 0)
            return false;
    return true;
}

static bool fits(const Fact *fact, const char *const *pattern, size_t count)
{
    bool is_fine = fact->count == count;
    for (size_t i = 0; i < count && is_fine; i++)
        is_fine = !pattern[i] || strcmp(pattern[i], fact->terms[i]) == 0;
    return is_fine;
}

static void visit(void *context, const char *const *pattern, size_t count, ProofVisit *take, void *taker)
{
    static const size_t order[INDEXED] = {0, 2, 1}; /* few have the same subject, many the same predicate */
    const Facts *const holds = &((World *)context)->holds;
    size_t by = INDEXED;
    for (size_t i = INDEXED; i-- > 0;)
        by = order[i] < count && pattern[order[i]] ? order[i] : by;
    if (by == INDEXED) {
        for (size_t f = 0; f < holds->count; f++)
            if (fits(&holds->items[f], pattern, count) && !take(taker, holds->items[f].terms))
                return;
        return;
    }
    const uint64_t *const latest = base_map_get(&holds->latest, hash_place(pattern[by], by));
    for (size_t f = latest ? (size_t)*latest : 0; f > 0; f = holds->items[f - 1].before[by])
        if (fits(&holds->items[f - 1], pattern, count) && !take(taker, holds->items[f - 1].terms))
            return;
}

static const char *text_of(const json_t *node, const char *name)
{
    return json_string_value(json_object_get(node, name));
}

/* Nodes are no deeper than JSON's own reader goes. */
static ProofStep *read_step(BaseArena *arena, const json_t *node)
{
    const json_t *const terms = json_object_get(node, "terms"), *const premises = json_object_get(node, "premises");
    ProofStep *const step = base_arena_alloc(arena, 1, sizeof *step);
    const char **const words = base_arena_alloc(arena, json_array_size(terms) + 1, sizeof *words);
    ProofStep **const children = base_arena_alloc(arena, json_array_size(premises) + 1, sizeof *children);
    if (!step || !words || !children)
        quit("no memory");
    for (size_t i = 0; i < json_array_size(terms); i++)
        words[i] = json_string_value(json_array_get(terms, i));
    for (size_t i = 0; i < json_array_size(premises); i++)
        children[i] = read_step(arena, json_array_get(premises, i));
    *step = (ProofStep){.kind = text_of(node, "kind"),
                        .text = text_of(node, "text"),
                        .terms = terms ? words : NULL,
                        .term_count = json_array_size(terms),
                        .rule_text = text_of(json_object_get(node, "rule"), "text"),
                        .number = (uint32_t)json_integer_value(json_object_get(node, "number")),
                        .height = (uint32_t)json_integer_value(json_object_get(node, "height")),
                        .left_out = (size_t)json_integer_value(json_object_get(node, "left_out")),
                        .premises = children,
                        .premise_count = json_array_size(premises)};
    return step;
}

static size_t add_roots(BaseArena *arena, const json_t *list, ProofStep **roots, size_t count)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        roots[count++] = read_step(arena, json_array_get(list, i));
    return count;
}

static const char *check_explanation(const ProofWorld *world, const json_t *explanation, size_t *proofs, size_t *misses)
{
    static const char *const parts[] = {"proofs", "others", "continued"};
    BaseArena arena = {0};
    size_t room = 1, count = 0;
    const char *wrong = NULL;
    for (size_t i = 0; i < 3; i++)
        room += json_array_size(json_object_get(explanation, parts[i]));
    ProofStep **const roots = base_arena_alloc(&arena, room, sizeof *roots);
    for (size_t i = 0; i < 3 && roots; i++)
        count = add_roots(&arena, json_object_get(explanation, parts[i]), roots, count);
    if (json_object_get(explanation, "proofs"))
        wrong = check_proofs(world, roots, count, NULL);
    *proofs += json_object_get(explanation, "proofs") != NULL;
    const json_t *const near = json_object_get(explanation, "near_misses");
    for (size_t i = 0; i < json_array_size(near) && !wrong; i++, ++*misses)
        wrong = check_miss(world, read_step(&arena, json_array_get(near, i)), NULL);
    base_arena_free(&arena);
    return wrong;
}

static char *read_text(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    FILE *const in = fopen(path, "r");
    if (!in || getdelim(&text, &length, '\0', in) < 0)
        quit(path);
    fclose(in);
    return text;
}

int main(int argc, char **argv)
{
    static World world;
    char *line = NULL;
    size_t room = 0, proofs = 0, misses = 0;
    if (argc < 4)
        quit("RULES GIVEN HOLDS [--by-itself] are wanted");
    char *const rules = read_text(argv[1]);
    read_facts(&world, argv[2], &world.given);
    read_facts(&world, argv[3], &world.holds);
    const ProofWorld told = {.rules = rules,
                             .is_by_itself = argc > 4 && strcmp(argv[4], "--by-itself") == 0,
                             .has_least_heights = true,
                             .is_given = is_given,
                             .visit = visit,
                             .context = &world};
    const char *wrong = NULL;
    while (!wrong && getline(&line, &room, stdin) > 0) {
        json_t *const explanation = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        wrong = explanation ? check_explanation(&told, explanation, &proofs, &misses) : "this is no JSON";
        if (wrong)
            printf("%s\nin %s", wrong, line);
        json_decref(explanation);
    }
    printf("%zu proofs, %zu near misses\n", proofs, misses);
    free(line);
    free(rules);
    free(world.given.items);
    free(world.holds.items);
    base_map_free(&world.given.places);
    base_map_free(&world.holds.places);
    base_map_free(&world.given.latest);
    base_map_free(&world.holds.latest);
    base_arena_free(&world.arena);
    return wrong != NULL;
}
