/* graph.h - small databases for the tests of embed, built from text. */
#ifndef KGQ_TESTS_EMBED_GRAPH_H
#define KGQ_TESTS_EMBED_GRAPH_H

#include "expect.h"

#include "embed/embed.h"

typedef struct Graph {
    char *folder;
    KgStore *store;
} Graph;

static inline Graph make_graph(void)
{
    Graph graph = {.folder = make_temporary_folder()};
    BaseError err = {0};
    char *const path = base_join_path(graph.folder, "db");
    expect_ok(kg_open(path, &(KgOptions){.create = true}, &graph.store, &err), &err);
    free(path);
    return graph;
}

static inline void free_graph(Graph *graph)
{
    BaseError err = {0};
    kg_close(graph->store);
    expect_ok(base_remove(graph->folder, &err), &err);
    free(graph->folder);
}

static inline KgId id_of(KgTxn *txn, const char *field)
{
    BaseArena arena = {0};
    BaseError err = {0};
    KgTerm term;
    KgId id = KG_ANY;
    expect_ok(kg_parse_term((KgText){field, strlen(field)}, &arena, &term, &err), &err);
    expect_ok(kg_find(txn, &term, &id, &err), &err);
    base_arena_free(&arena);
    return id;
}

/* Adds triples written as lines `head relation tail`, the tail reaching to the line's end. */
static inline void add_triples(Graph *graph, KgLayer layer, const char *text)
{
    BaseArena arena = {0};
    BaseError err = {0};
    KgTxn *txn = NULL;
    expect_ok(kg_write_begin(graph->store, &txn, &err), &err);
    for (const char *line = text; *line;) {
        const char *const end = line + strcspn(line, "\n");
        KgId ids[3];
        for (int i = 0; i < 3; i++) {
            const size_t length = i < 2 ? strcspn(line, " ") : (size_t)(end - line);
            KgTerm term;
            expect_ok(kg_parse_term((KgText){line, length}, &arena, &term, &err), &err);
            expect_ok(kg_intern(txn, &term, &ids[i], &err), &err);
            line += length + (i < 2);
        }
        line += *line == '\n';
        const KgRecord record = {.triple = {ids[0], ids[1], ids[2]}};
        expect_ok(kg_add(txn, layer, &record, NULL, &err), &err);
    }
    expect_ok(kg_commit(txn, &err), &err);
    base_arena_free(&arena);
}

/* A family of `count` people on a ring: each next to the following one, and every second one of the other team. */
static inline void add_ring(Graph *graph, int count)
{
    BaseBuffer text = {0};
    for (int i = 0; i < count; i++) {
        assert_true(base_buffer_format(&text, "p%d next p%d\n", i, (i + 1) % count));
        assert_true(base_buffer_format(&text, "p%d second p%d\n", i, (i + 2) % count));
        assert_true(base_buffer_format(&text, "p%d team team%d\n", i, i % 2));
        assert_true(base_buffer_format(&text, "p%d age \"%d\"\n", i, i));
    }
    add_triples(graph, KG_ASSERTED, text.items);
    base_buffer_free(&text);
}

static inline KgTxn *begin_read(Graph *graph)
{
    BaseError err = {0};
    KgTxn *txn = NULL;
    expect_ok(kg_read_begin(graph->store, &txn, &err), &err);
    return txn;
}

static inline EmbedModel *open_model(Graph *graph, const char *name)
{
    BaseError err = {0};
    EmbedModel *model = NULL;
    KgTxn *const txn = begin_read(graph);
    expect_ok(embed_open(txn, name, &model, &err), &err);
    kg_abort(txn);
    return model;
}

#endif
