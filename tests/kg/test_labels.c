/* Search for entities by their labels: it finds what it should, whatever the text; and the index behind it may be
 * behind, damaged, killed, foreign or not there, and answers are right. */
#include "fixture.h"
#include "kg/labels.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define RDFS_LABEL "<http://www.w3.org/2000/01/rdf-schema#label>"
#define ALT_LABEL "<http://www.w3.org/2004/02/skos/core#altLabel>"

static void change(KgTxn *txn, KgLayer layer, bool adds, const char *s, const char *p, const char *o)
{
    BaseError err = {0};
    const KgRecord record = {.triple = {intern_field(txn, s), intern_field(txn, p), intern_field(txn, o)}};
    if (adds)
        expect_ok(kg_add(txn, layer, &record, NULL, &err), &err);
    else
        expect_ok(kg_delete(txn, layer, record.triple, NULL, &err), &err);
}

static void change_one(KgStore *store, bool adds, const char *s, const char *p, const char *o)
{
    KgTxn *const txn = begin_write(store);
    change(txn, KG_ASSERTED, adds, s, p, o);
    commit(txn);
}

/* The entities found, by name, parted by blanks. */
static const char *search_in(KgTxn *txn, KgText text, const KgLabelOptions *options)
{
    static _Thread_local char names[4096];
    BaseArena arena = {0};
    BaseError err = {0};
    KgLabelHit *hits;
    size_t count;
    expect_ok(kg_search_labels(txn, text, options, &arena, &hits, &count, &err), &err);
    names[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        BaseBuffer name = {0};
        expect_ok(kg_write_term(txn, hits[i].entity, KG_SYNTAX_NAME, &name, &err), &err);
        assert_true(strlen(names) + name.count + 2 < sizeof names);
        strcat(strcat(names, i ? " " : ""), name.items);
        assert_true(i == 0 || hits[i - 1].score >= hits[i].score);
        assert_true(layers_hold(txn, KG_FACTS, (KgTriple){hits[i].entity, hits[i].predicate, hits[i].object}));
        base_buffer_free(&name);
    }
    base_arena_free(&arena);
    return names;
}

static const char *search_with(KgStore *store, const char *text, const KgLabelOptions *options)
{
    KgTxn *const txn = begin_read(store);
    const char *const names = search_in(txn, (KgText){text, strlen(text)}, options);
    kg_abort(txn);
    return names;
}

static const char *search(KgStore *store, const char *text)
{
    return search_with(store, text, NULL);
}

static void add_animals(KgStore *store)
{
    KgTxn *const txn = begin_write(store);
    change(txn, KG_ASSERTED, true, "dog", RDFS_LABEL, "\"dog\"@en");
    change(txn, KG_ASSERTED, true, "dog", ALT_LABEL, "\"domestic dog\"@en");
    change(txn, KG_ASSERTED, true, "dogma", "label", "\"dogma of a church\"");
    change(txn, KG_ASSERTED, true, "hotdog", "name", "hot_dog");
    change(txn, KG_ASSERTED, true, "zoe", "<http://xmlns.com/foaf/0.1/name>", "\"Zo\303\253 Na\303\257ve\"");
    change(txn, KG_ASSERTED, true, "film", "<http://purl.org/dc/terms/title>", "\"2001: A Space Odyssey\"");
    change(txn, KG_ASSERTED, true, "dog", "comment", "\"barks\"");
    change(txn, KG_ASSERTED, true, "dog", "subname", "\"barks\"");
    change(txn, KG_INFERRED, true, "wolf", "label", "\"wild dog\"");
    change(txn, KG_PREDICTED, true, "cat", "label", "\"dog\"");
    commit(txn);
}

static void words_of_labels_find_their_entities(void **state)
{
    Fixture *const f = *state;
    assert_string_equal(search(f->store, "dog"), ""); /* an empty database */
    add_animals(f->store);
    const KgLabelOptions whole = {.whole_words = true};
    assert_string_equal(search_with(f->store, "DOMESTIC dog", &whole), "dog");
    assert_string_equal(search(f->store, "dog domestic"), "dog"); /* in any order */
    assert_string_equal(search(f->store, "domestic cat"), "");    /* all of them */
    assert_string_equal(search(f->store, "hot dog"), "hotdog");   /* a plain name */
    assert_string_equal(search(f->store, "zoe naive"), "zoe");
    assert_string_equal(search(f->store, "ZO\303\213"), "zoe");
    assert_string_equal(search(f->store, "2001 odys"), "film");
    assert_string_equal(search_with(f->store, "2001 odys", &whole), "");
    assert_string_equal(search(f->store, "dogm"), "dogma");
    assert_string_equal(search(f->store, "barks"), ""); /* no label */
    const char *const all = search(f->store, "dog");
    assert_int_equal(strncmp(all, "dog ", 4), 0); /* the label that is just that comes first, each entity once */
    assert_int_equal(strlen(all), strlen("dog hotdog wolf dogma"));
    assert_string_equal(strrchr(all, ' '), " dogma"); /* what only begins so comes last */
    assert_string_equal(search_with(f->store, "dog", &(KgLabelOptions){.limit = 1}), "dog");
    assert_string_equal(search_with(f->store, "wild dog", &(KgLabelOptions){.layers = KG_IN(KG_INFERRED)}), "wolf");
    assert_string_equal(search_with(f->store, "wild dog", &(KgLabelOptions){.layers = KG_IN(KG_ASSERTED)}), "");
    BaseArena arena = {0};
    BaseError err = {0};
    KgLabelHit *hits;
    size_t count;
    KgTxn *const txn = begin_read(f->store);
    expect_ok(kg_search_labels(txn, KG_TEXT("naive"), NULL, &arena, &hits, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_string_equal(hits[0].label, "Zo\303\253 Na\303\257ve");
    assert_int_equal(hits[0].entity, id_of(txn, "zoe"));
    const KgLabelOptions predicted = {.layers = KG_IN(KG_PREDICTED)};
    assert_int_equal(kg_search_labels(txn, KG_TEXT("dog"), &predicted, &arena, &hits, &count, &err), BASE_BAD_CALL);
    kg_abort(txn);
    base_arena_free(&arena);
    expect_sound(f->store);
}

static void label_predicates_are_known_by_their_names_best_first(void **state)
{
    Fixture *const f = *state;
    add_animals(f->store);
    BaseArena arena = {0};
    BaseError err = {0};
    KgLabelPredicate *found;
    size_t count;
    KgTxn *const txn = begin_read(f->store);
    expect_ok(kg_label_predicates(txn, &arena, &found, &count, &err), &err);
    assert_int_equal(count, 6);
    assert_int_equal(found[0].predicate, id_of(txn, RDFS_LABEL));
    assert_int_equal(found[1].predicate, id_of(txn, "label"));
    assert_int_equal(found[5].predicate, id_of(txn, ALT_LABEL));
    assert_true(found[0].fit == 1 && found[1].fit == 1 && found[5].fit < found[4].fit && found[5].fit > 0.9);
    kg_abort(txn);
    base_arena_free(&arena);
}

static void no_text_is_syntax_and_none_does_harm(void **state)
{
    Fixture *const f = *state;
    static const char *const texts[] = {
        "dog\" OR \"cat",
        "\"",
        "\"\"",
        "dog OR wolf",
        "dog AND (",
        "NEAR(dog hot, 3)",
        "^dog*wolf",
        "text : wild zz",
        "{",
        "*",
        "'",
        "-dog +cat",
        "\\",
        "dog'; DROP TABLE label",
        "%s%n",
        "\xff\xfe",
        "\xe2\x80\x9c",
        "",
        " \t",
        "\xf0\x9f\x90",
        "AND",
        "NOT wolf",
        "OR OR OR",
    };
    add_animals(f->store);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(search(f->store, texts[i]), "");
    assert_string_equal(search(f->store, "\"dog\" (domestic)*"), "dog"); /* signs only part words */
    assert_string_equal(search(f->store, "domestic\x80 dog"), "dog");
    KgTxn *const txn = begin_read(f->store);
    assert_string_equal(search_in(txn, (KgText){"domestic\0dog", 12}, NULL), "dog");
    BaseRandom random;
    base_random_seed(&random, 4);
    for (int round = 0; round < 2000; round++) {
        char bytes[64];
        const size_t length = (size_t)base_random_below(&random, sizeof bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = round % 2 ? (char)base_random_below(&random, 256)
                                 : "dog wild\"*()^:-+{},\xc3\xab'\0OR"[base_random_below(&random, 25)];
        search_in(txn, (KgText){bytes, length}, NULL);
    }
    const size_t large = 1 << 20;
    char *const bytes = malloc(large);
    memset(bytes, 'a', large);
    assert_string_equal(search_in(txn, (KgText){bytes, large}, NULL), "");
    for (size_t i = 0; i < large; i += 2)
        bytes[i] = ' ';
    assert_string_equal(search_in(txn, (KgText){bytes, large}, NULL), "dogma film"); /* both have the word "a" */
    free(bytes);
    kg_abort(txn);
    expect_sound(f->store);
}

#define ENTITIES 12
#define WORDS 8

/* What a search for "wordN" has to find, by plain look-up: one bit per entity. */
static unsigned bearers(KgTxn *txn, int word)
{
    unsigned found = 0;
    BaseError err = {0};
    for (int entity = 0; entity < ENTITIES; entity++)
        for (int p = 0; p < 2; p++) {
            char fields[3][32];
            KgTriple triple;
            snprintf(fields[0], sizeof fields[0], "e%d", entity);
            snprintf(fields[1], sizeof fields[1], p ? "label" : "alias");
            snprintf(fields[2], sizeof fields[2], "\"word%d\"", word);
            if (kg_find_name(txn, fields[0], &triple.s, &err) == BASE_OK &&
                kg_find_name(txn, fields[1], &triple.p, &err) == BASE_OK &&
                kg_find_name(txn, fields[2], &triple.o, &err) == BASE_OK && layers_hold(txn, KG_FACTS, triple))
                found |= 1u << entity;
        }
    return found;
}

static unsigned found_by(KgTxn *txn, int word)
{
    char text[32];
    unsigned found = 0;
    snprintf(text, sizeof text, "word%d", word);
    const char *at = search_in(txn, (KgText){text, strlen(text)}, &(KgLabelOptions){.whole_words = true});
    for (; *at; at += strspn(at, " ")) {
        assert_int_equal(*at, 'e');
        found |= 1u << strtol(at + 1, (char **)&at, 10);
    }
    return found;
}

static void expect_right_in(KgTxn *txn)
{
    for (int word = 0; word < WORDS; word++)
        assert_int_equal(found_by(txn, word), bearers(txn, word));
}

static void expect_right(KgStore *store)
{
    KgTxn *const txn = begin_read(store);
    expect_right_in(txn);
    kg_abort(txn);
}

static void change_randomly(KgStore *store, BaseRandom *random)
{
    KgTxn *const txn = begin_write(store);
    for (uint64_t i = base_random_below(random, 6); i < 6; i++) {
        char entity[32], object[32];
        snprintf(entity, sizeof entity, "e%d", (int)base_random_below(random, ENTITIES));
        snprintf(object, sizeof object, "\"word%d\"", (int)base_random_below(random, WORDS));
        change(txn, base_random_below(random, 3) ? KG_ASSERTED : KG_INFERRED, base_random_below(random, 2) == 0, entity,
               base_random_below(random, 2) ? "label" : "alias", object);
    }
    if (base_random_below(random, 4) == 0)
        kg_abort(txn);
    else
        commit(txn);
}

static void what_comes_and_goes_is_found_and_not_found(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    base_random_seed(&random, 9);
    for (int round = 0; round < 60; round++) {
        change_randomly(f->store, &random);
        if (round % 3 == 0)
            expect_right(f->store);
        if (round % 10 == 0)
            expect_sound(f->store);
        if (round % 20 == 7) {
            kg_close(f->store);
            f->store = open_store(f->path, (KgOptions){0});
        }
    }
}

static void every_reader_sees_the_labels_of_its_own_state(void **state)
{
    Fixture *const f = *state;
    change_one(f->store, true, "a", "label", "\"first\"");
    KgTxn *const old = begin_read(f->store);
    change_one(f->store, false, "a", "label", "\"first\"");
    change_one(f->store, true, "b", "label", "\"second\"");
    for (int i = 0; i < 2; i++) {
        assert_string_equal(search(f->store, "second"), "b");
        assert_string_equal(search(f->store, "first"), "");
        assert_string_equal(search_in(old, KG_TEXT("first"), NULL), "a");
        assert_string_equal(search_in(old, KG_TEXT("second"), NULL), "");
    }
    kg_abort(old);
    KgTxn *const writer = begin_write(f->store);
    change(writer, KG_ASSERTED, true, "c", "label", "\"third\"");
    assert_string_equal(search_in(writer, KG_TEXT("third"), NULL), ""); /* as of the last commit */
    assert_string_equal(search_in(writer, KG_TEXT("second"), NULL), "b");
    commit(writer);
    assert_string_equal(search(f->store, "third"), "c");
}

static void nothing_is_written_where_only_reading_is_allowed(void **state)
{
    Fixture *const f = *state;
    char *const path = base_join_path(f->path, KG_LABELS_FILE);
    add_animals(f->store);
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){.read_only = true});
    assert_string_equal(search(f->store, "domestic"), "dog");
    assert_string_equal(search(f->store, "wild"), "wolf");
    assert_false(base_is_file(path));
    expect_sound(f->store);
    kg_close(f->store);
    f->store = open_store(f->path, (KgOptions){0});
    assert_string_equal(search(f->store, "domestic"), "dog");
    assert_true(base_is_file(path));
    change_one(f->store, true, "e1", "label", "\"domestic cat\"");
    kg_close(f->store);
    char *before, *after;
    size_t before_length, after_length;
    BaseError err = {0};
    expect_ok(base_read_file(path, &before, &before_length, &err), &err);
    f->store = open_store(f->path, (KgOptions){.read_only = true}); /* and where there is one that is behind */
    assert_string_equal(search(f->store, "domestic cat"), "e1");
    assert_string_equal(search(f->store, "domestic dog"), "dog");
    expect_ok(base_read_file(path, &after, &after_length, &err), &err);
    assert_int_equal(before_length, after_length);
    assert_memory_equal(before, after, after_length);
    free(before);
    free(after);
    free(path);
}

static void write_bytes(const char *path, const char *bytes, size_t length)
{
    FILE *const out = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

/* Damage that is met makes the index anew; the store is opened again, as pages are cached. */
static void a_damaged_or_foreign_index_is_made_anew(void **state)
{
    Fixture *const f = *state;
    char *const path = base_join_path(f->path, KG_LABELS_FILE), *bytes;
    size_t length;
    BaseError err = {0};
    add_animals(f->store);
    assert_string_equal(search(f->store, "domestic"), "dog");
    kg_close(f->store);
    expect_ok(base_read_file(path, &bytes, &length, &err), &err);
    for (int damage = 0; damage < 5; damage++) {
        char *const copy = malloc(length);
        memcpy(copy, bytes, length);
        if (damage == 0)
            memset(copy, 'x', length);
        if (damage == 1)
            memset(copy + 100, 0, length - 100);
        if (damage == 2)
            memset(copy + 4096, 0xa5, length - 4096);
        write_bytes(path, copy, damage == 3 ? length / 2 : (damage == 4 ? 0 : length));
        free(copy);
        f->store = open_store(f->path, (KgOptions){.read_only = damage % 2 == 1});
        assert_string_equal(search(f->store, "domestic"), "dog");
        kg_close(f->store);
        f->store = open_store(f->path, (KgOptions){0});
        assert_string_equal(search(f->store, "wild"), "wolf");
        expect_sound(f->store);
        kg_close(f->store);
    }
    /* that of another database, with as many commits behind it */
    char *const other = base_join_path(f->folder, "other"), *const other_path = base_join_path(other, KG_LABELS_FILE);
    KgStore *const store = open_store(other, (KgOptions){.create = true});
    change_one(store, true, "dog", "label", "\"not the same\"");
    assert_string_equal(search(store, "same"), "dog");
    kg_close(store);
    free(bytes);
    expect_ok(base_read_file(other_path, &bytes, &length, &err), &err);
    write_bytes(path, bytes, length);
    f->store = open_store(f->path, (KgOptions){0});
    assert_string_equal(search(f->store, "domestic"), "dog");
    assert_string_equal(search(f->store, "same"), "");
    free(bytes);
    free(path);
    free(other);
    free(other_path);
}

static void check_finds_an_index_that_is_wrong(void **state)
{
    Fixture *const f = *state;
    static const char *const changes[] = {
        "DELETE FROM label WHERE id = 1",
        "UPDATE label SET entity = entity + 4 WHERE id = 2",
        "DELETE FROM words_docsize WHERE id = 3",
        "DELETE FROM words_data WHERE id > 10",
    };
    char *const path = base_join_path(f->path, KG_LABELS_FILE);
    add_animals(f->store);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_string_equal(search(f->store, "domestic"), "dog");
        expect_sound(f->store);
        kg_close(f->store);
        sqlite3 *db;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        f->store = open_store(f->path, (KgOptions){0});
        BaseError err = {0};
        uint64_t faults;
        KgTxn *const txn = begin_read(f->store);
        assert_int_equal(kg_check(txn, &faults, NULL, NULL, &err), BASE_BAD_INPUT);
        assert_int_equal(faults, 1);
        kg_abort(txn);
        assert_int_equal(unlink(path), 0); /* it may be deleted at any time */
        kg_close(f->store);
        f->store = open_store(f->path, (KgOptions){0});
    }
    free(path);
}

#define MANY 4000

static void add_many_labels(KgStore *store)
{
    BaseError err = {0};
    KgRecord *const records = calloc(MANY, sizeof *records);
    KgTxn *const txn = begin_write(store);
    const KgId label = intern_field(txn, "label");
    for (int i = 0; i < MANY; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "many%d", i);
        snprintf(text, sizeof text, "\"number %d of many\"", i);
        records[i].triple = (KgTriple){intern_field(txn, name), label, intern_field(txn, text)};
    }
    expect_ok(kg_add_many(txn, KG_ASSERTED, records, MANY, NULL, NULL, &err), &err);
    commit(txn);
    free(records);
}

static void a_cancelled_search_leaves_the_index_to_the_next(void **state)
{
    Fixture *const f = *state;
    BaseArena arena = {0};
    BaseError err = {0};
    BaseJob job = {.cancelled = true};
    KgLabelHit *hits;
    size_t count;
    add_many_labels(f->store);
    KgTxn *const txn = begin_read(f->store);
    assert_int_equal(kg_search_labels(txn, KG_TEXT("17"), &(KgLabelOptions){.job = &job}, &arena, &hits, &count, &err),
                     BASE_CANCELLED);
    assert_string_equal(search_in(txn, KG_TEXT("number 17"), &(KgLabelOptions){.whole_words = true}), "many17");
    kg_abort(txn);
    base_arena_free(&arena);
    expect_sound(f->store);
}

/* In a child: searches once. */
static void search_and_exit(const char *path)
{
    BaseArena arena = {0};
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    KgLabelHit *hits;
    size_t count;
    const bool done = kg_open(path, NULL, &store, NULL) == BASE_OK && kg_read_begin(store, &txn, NULL) == BASE_OK &&
                      kg_search_labels(txn, KG_TEXT("17"), NULL, &arena, &hits, &count, NULL) == BASE_OK && count > 0;
    _exit(done ? 0 : 1);
}

static void a_kill_while_it_is_made_leaves_it_to_the_next(void **state)
{
    Fixture *const f = *state;
    char *const path = base_join_path(f->path, KG_LABELS_FILE), *journal = NULL;
    BaseRandom random;
    BaseError err = {0};
    int finished = 0, killed = 0;
    uint64_t longest = 0;
    assert_true(asprintf(&journal, "%s-journal", path) > 0);
    base_random_seed(&random, 6);
    add_many_labels(f->store);
    kg_close(f->store);
    for (int round = 0; round < 30; round++) {
        if (round % 2 == 0) { /* from nothing, or from one that is behind */
            expect_ok(base_remove(path, &err), &err);
            expect_ok(base_remove(journal, &err), &err);
        } else {
            char name[32];
            f->store = open_store(f->path, (KgOptions){0});
            snprintf(name, sizeof name, "e%d", round % ENTITIES);
            change_one(f->store, true, name, "label", "\"word3\"");
            kg_close(f->store);
        }
        const double began = base_wall_seconds();
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            search_and_exit(f->path);
        int how;
        if (round > 0) {
            nanosleep(&(struct timespec){.tv_nsec = (long)base_random_below(&random, longest)}, NULL);
            kill(child, SIGKILL);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
        if (round == 0)
            longest = (uint64_t)((base_wall_seconds() - began) * 1e9) % 900000000 + 1;
        finished += !WIFSIGNALED(how);
        killed += WIFSIGNALED(how);
        f->store = open_store(f->path, (KgOptions){.read_only = round % 3 == 0});
        assert_string_equal(search_with(f->store, "number 17", &(KgLabelOptions){.whole_words = true}), "many17");
        expect_right(f->store);
        expect_sound(f->store);
        kg_close(f->store);
    }
    assert_true(finished > 0 && killed > 5);
    f->store = open_store(f->path, (KgOptions){0});
    free(path);
    free(journal);
}

static void a_backup_and_a_compacted_database_answer_as_well(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    BaseError err = {0};
    char *const copy = base_join_path(f->folder, "copy");
    base_random_seed(&random, 1);
    for (int i = 0; i < 9; i++)
        change_randomly(f->store, &random);
    expect_right(f->store);
    expect_ok(kg_backup(f->store, copy, &err), &err);
    kg_close(f->store);
    expect_ok(kg_compact(f->path, NULL, NULL, &err), &err);
    f->store = open_store(f->path, (KgOptions){0});
    expect_right(f->store);
    KgStore *other = open_store(copy, (KgOptions){0});
    expect_right(other);
    expect_sound(other);
    /* they part ways, each with terms that have the other's ids, and one gets the other's index */
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "\"word%d\"", i);
        change_one(other, true, "e7", "label", name);
        change_one(f->store, true, i ? "e7" : "e11", "alias", i ? name : "\"elsewhere\"");
    }
    expect_right(other);
    expect_right(f->store);
    kg_close(other);
    char *const from = base_join_path(f->path, KG_LABELS_FILE), *const to = base_join_path(copy, KG_LABELS_FILE),
                *bytes;
    size_t length;
    expect_ok(base_read_file(from, &bytes, &length, &err), &err);
    write_bytes(to, bytes, length);
    other = open_store(copy, (KgOptions){0});
    expect_right(other);
    assert_string_equal(search(other, "elsewhere"), "");
    expect_sound(other);
    kg_close(other);
    free(bytes);
    free(from);
    free(to);
    free(copy);
}

static void *search_for_a_while(void *store)
{
    for (int i = 0; i < 60; i++)
        expect_right(store);
    return NULL;
}

static void threads_that_search_while_labels_change_are_each_right(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    pthread_t threads[3];
    base_random_seed(&random, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, search_for_a_while, f->store), 0);
    for (int i = 0; i < 60; i++)
        change_randomly(f->store, &random);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    expect_right(f->store);
    expect_sound(f->store);
}

static void ids_survive_being_packed(void **state)
{
    (void)state;
    static const KgId ids[] = {0x0100000000000000, 0x0300000000000005, 0x02ffffffffffffff,
                               0x1000000000000000, 0x7fffffffffffffff, 0x4200000000001234};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_true(kg_unpack_id(kg_pack_id(ids[i])) == ids[i]);
        assert_int_equal(kg_pack_id(ids[i]) < 0, kg_tag(ids[i]) >= 0x10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_of_labels_find_their_entities, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(label_predicates_are_known_by_their_names_best_first, make_fixture,
                                        drop_fixture),
        cmocka_unit_test_setup_teardown(no_text_is_syntax_and_none_does_harm, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(what_comes_and_goes_is_found_and_not_found, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(every_reader_sees_the_labels_of_its_own_state, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(nothing_is_written_where_only_reading_is_allowed, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_damaged_or_foreign_index_is_made_anew, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(check_finds_an_index_that_is_wrong, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_cancelled_search_leaves_the_index_to_the_next, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_kill_while_it_is_made_leaves_it_to_the_next, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(a_backup_and_a_compacted_database_answer_as_well, make_fixture, drop_fixture),
        cmocka_unit_test_setup_teardown(threads_that_search_while_labels_change_are_each_right, make_fixture,
                                        drop_fixture),
        cmocka_unit_test(ids_survive_being_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
