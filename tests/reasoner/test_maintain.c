/* Updates of what was inferred, by random changes of facts and rules of random programs: after each the database holds
 * what a full run of the same program gives, with heights and rules, and what the naive oracle derives. */
#include "fixture.h"
#include "oracle_datalog.h"

enum { PROGRAMS = 220, CHANGES = 8 };

static size_t program_count = PROGRAMS;
static uint64_t seed = 31;

typedef struct Stored {
    uint32_t heights[TERMS][TERMS][TERMS], rules[TERMS][TERMS][TERMS];
    KgId ids[TERMS];
} Stored;

static void find_ids(KgTxn *txn, Stored *out)
{
    for (int term = 0; term < TERMS; term++)
        out->ids[term] = intern(txn, oracle_term(term));
}

/* What KG_INFERRED holds. */
static void read_stored(KgTxn *txn, Stored *out, uint32_t *run)
{
    BaseError err = {0};
    uint64_t count = 0;
    memset(out->heights, 0xff, sizeof out->heights);
    memset(out->rules, 0xff, sizeof out->rules);
    *run = 0;
    for (int s = 0; s < TERMS; s++)
        for (int p = 0; p < TERMS; p++)
            for (int o = 0; o < TERMS; o++) {
                KgNote note;
                const KgTriple triple = {out->ids[s], out->ids[p], out->ids[o]};
                const BaseStatus status = kg_get(txn, KG_INFERRED, triple, &note, &err);
                if (status == BASE_NOT_FOUND)
                    continue;
                assert_int_equal(status, BASE_OK);
                out->heights[s][p][o] = note.height;
                out->rules[s][p][o] = note.rule;
                assert_true(*run == 0 || *run == note.source);
                *run = note.source;
                count++;
            }
    assert_int_equal(count, count_layer(txn, KG_INFERRED));
}

static bool same_stored(const Stored *a, const Stored *b)
{
    for (int s = 0; s < TERMS; s++)
        for (int p = 0; p < TERMS; p++)
            for (int o = 0; o < TERMS; o++)
                if (a->heights[s][p][o] != b->heights[s][p][o] || a->rules[s][p][o] != b->rules[s][p][o]) {
                    print_error("%s %s %s: height %d rule %d, a full run has height %d rule %d\n", oracle_term(s),
                                oracle_term(p), oracle_term(o), (int)a->heights[s][p][o], (int)a->rules[s][p][o],
                                (int)b->heights[s][p][o], (int)b->rules[s][p][o]);
                    return false;
                }
    return true;
}

static bool is_storable(int s, int p)
{
    return (s < FIRST_NUMBER || s >= FIRST_CLASS) && (p < FIRST_NUMBER || p >= FIRST_CLASS);
}

static void check_heights(const Stored *stored, const OracleModel *model)
{
    for (int s = 0; s < TERMS; s++)
        for (int p = 0; p < TERMS; p++)
            for (int o = 0; o < TERMS; o++) {
                const uint32_t height = model->triples[s][p][o];
                const bool is_inferred = height != 0 && height != NOT_DERIVED && is_storable(s, p);
                assert_int_equal(stored->heights[s][p][o], is_inferred ? height : NOT_DERIVED);
            }
}

static void set_given(KgTxn *txn, OracleProgram *program, const Stored *names, int s, int p, int o, bool is_given)
{
    BaseError err = {0};
    const KgRecord record = {{names->ids[s], names->ids[p], names->ids[o]}, {.source = 1}};
    program->given[s][p][o] = is_given;
    if (is_given)
        expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
    else
        expect_ok(kg_delete(txn, KG_ASSERTED, record.triple, NULL, &err), &err);
}

/* Some facts come, some go. */
static void change_facts(KgTxn *txn, BaseRandom *random, OracleProgram *program, const Stored *names)
{
    const int count = 1 + (int)base_random_below(random, 4);
    for (int i = 0; i < count; i++) {
        const int s = (int)base_random_below(random, NAMES);
        const bool is_class = base_random_below(random, 3) == 0;
        const int p = is_class ? TYPE : FIRST_PROPERTY + (int)base_random_below(random, PROPERTIES);
        const int o = is_class ? FIRST_CLASS + (int)base_random_below(random, CLASSES)
                               : (int)base_random_below(random, base_random_below(random, 3) ? NAMES : NAMES + NUMBERS);
        set_given(txn, program, names, s, p, o, !program->given[s][p][o]);
    }
    for (int s = 0; s < TERMS && base_random_below(random, 2) == 0; s++) /* and some that are there go */
        for (int p = 0; p < TERMS; p++)
            for (int o = 0; o < TERMS; o++)
                if (program->given[s][p][o] && base_random_below(random, 4) == 0)
                    set_given(txn, program, names, s, p, o, false);
}

/* A rule goes, or is taken from another program and put somewhere. */
static void change_rules(BaseRandom *random, OracleProgram *program, const OracleProgram *other)
{
    const int at = (int)base_random_below(random, (uint64_t)program->rule_count + 1);
    if (program->rule_count > 1 && (base_random_below(random, 2) || program->rule_count == MOST_RULES)) {
        const int gone = at % program->rule_count;
        memmove(&program->rules[gone], &program->rules[gone + 1],
                (size_t)(program->rule_count - gone - 1) * sizeof program->rules[0]);
        program->rule_count--;
    } else if (program->rule_count < MOST_RULES) {
        memmove(&program->rules[at + 1], &program->rules[at],
                (size_t)(program->rule_count - at) * sizeof program->rules[0]);
        program->rules[at] = other->rules[base_random_below(random, (uint64_t)other->rule_count)];
        program->rule_count++;
    }
}

static bool derives_locals(const OracleProgram *program)
{
    for (int r = 0; r < program->rule_count; r++)
        for (int h = 0; h < program->rules[r].head_count; h++)
            if (program->rules[r].heads[h].kind == ORACLE_LOCAL)
                return true;
    return false;
}

static ReasonerProgram *parse_oracle(const OracleProgram *program, BaseBuffer *text)
{
    text->count = 0;
    oracle_write(program, text);
    return parse(text->items);
}

static bool has_view_head(const OracleProgram *program)
{
    for (int r = 0; r < program->rule_count; r++)
        for (int h = 0; h < program->rules[r].head_count; h++)
            if (program->rules[r].heads[h].kind == ORACLE_TRIPLE || program->rules[r].heads[h].kind == ORACLE_OPEN_TYPE)
                return true;
    return false;
}

typedef struct Figures {
    size_t updates, full, deep, changed;
} Figures;

/* One change of a program's facts, or of its rules, too. */
static void change_and_check(Fixture *f, BaseRandom *random, OracleProgram *program, const OracleProgram *other,
                             Figures *figures)
{
    static Stored updated, full;
    static OracleModel model;
    BaseBuffer text = {0};
    BaseError err = {0};
    ReasonerReport report = {0};
    uint32_t run = 0, full_run = 0;
    KgTxn *txn = begin_write(f);
    find_ids(txn, &updated);
    memcpy(full.ids, updated.ids, sizeof full.ids);
    if (base_random_below(random, 4) > 0)
        change_facts(txn, random, program, &updated);
    if (base_random_below(random, 3) == 0 && has_view_head(program) == has_view_head(other))
        change_rules(random, program, other);
    ReasonerProgram *const parsed = parse_oracle(program, &text);
    expect_ok(reasoner_update(txn, parsed, NULL, &report, NULL, &err), &err);
    base_arena_free(&report.memory);
    commit(txn);
    figures->updates += report.is_update;
    figures->full += !report.is_update;
    figures->changed += report.added + report.deleted + report.changed;
    txn = begin_write(f);
    read_stored(txn, &updated, &run);
    expect_ok(reasoner_run(txn, parsed, NULL, NULL, NULL, &err), &err);
    read_stored(txn, &full, &full_run);
    kg_abort(txn);
    if (!same_stored(&updated, &full)) {
        print_error("%s (%s)\n", text.items, report.is_update ? "update" : report.full_because);
        fail();
    }
    oracle_evaluate(program, &model);
    check_heights(&updated, &model);
    for (int s = 0; s < TERMS; s++)
        for (int o = 0; o < TERMS; o++)
            for (int p = 0; p < TERMS; p++)
                figures->deep += updated.heights[s][p][o] != NOT_DERIVED && updated.heights[s][p][o] > 2;
    reasoner_program_free(parsed);
    base_buffer_free(&text);
}

static void random_changes_give_what_a_full_run_gives(void **state)
{
    Fixture *const f = *state;
    static OracleProgram program, other;
    static Stored names;
    BaseRandom random;
    Figures figures = {0};
    base_random_seed(&random, seed);
    for (size_t i = 0; i < program_count; i++) {
        BaseBuffer text = {0};
        BaseError err = {0};
        do
            oracle_make(&random, &program);
        while (derives_locals(&program));
        do
            oracle_make(&random, &other);
        while (derives_locals(&other));
        ReasonerProgram *const parsed = parse_oracle(&program, &text);
        KgTxn *const txn = begin_write(f);
        find_ids(txn, &names);
        expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
        for (int s = 0; s < TERMS; s++)
            for (int p = 0; p < TERMS; p++)
                for (int o = 0; o < TERMS; o++)
                    if (program.given[s][p][o])
                        set_given(txn, &program, &names, s, p, o, true);
        expect_ok(reasoner_run(txn, parsed, NULL, NULL, NULL, &err), &err);
        commit(txn);
        for (int change = 0; change < CHANGES; change++)
            change_and_check(f, &random, &program, &other, &figures);
        reasoner_program_free(parsed);
        base_buffer_free(&text);
    }
    print_message("%zu updates changed %zu facts, %zu were full runs; %zu facts higher than 2\n", figures.updates,
                  figures.changed, figures.full, figures.deep);
    assert_true(figures.updates > 4 * program_count && figures.changed > 2 * figures.updates);
}

/* ---- Deep recursion ------------------------------------------------------------------------------------------ */

typedef struct Layer {
    struct {
        KgRecord *items;
        size_t count, capacity;
    } facts;
    uint32_t highest;
} Layer;

/* What KG_INFERRED holds; runs aside. */
static void read_layer(KgTxn *txn, Layer *out)
{
    KgFinder *finder = NULL;
    KgRecord record;
    BaseError err = {0};
    BaseStatus status;
    *out = (Layer){0};
    expect_ok(kg_finder_open(txn, KG_INFERRED, &finder, &err), &err);
    expect_ok(kg_finder_seek(finder, (KgTriple){0}, &err), &err);
    while ((status = kg_finder_next(finder, &record.triple, &record.note, &err)) == BASE_OK) {
        record.note.source = 0;
        out->highest = record.note.height > out->highest ? record.note.height : out->highest;
        assert_true(BASE_PUSH(&out->facts, record));
    }
    assert_int_equal(status, BASE_END);
    kg_finder_close(finder);
}

static void print_record(KgTxn *txn, const char *where, const KgRecord *record)
{
    BaseBuffer text = {0};
    const KgId ids[3] = {record->triple.s, record->triple.p, record->triple.o};
    for (int i = 0; i < 3; i++) {
        kg_write_term(txn, ids[i], KG_SYNTAX_NAME, &text, NULL);
        base_buffer_add(&text, " ", 1);
    }
    print_error("%s: %.*s height %u rule %u\n", where, (int)text.count, text.items, record->note.height,
                record->note.rule);
    base_buffer_free(&text);
}

/* The layer as it is, and as a full run of the program makes it; the run is not kept. */
static uint32_t expect_as_full_run(Fixture *f, const char *program, size_t *facts)
{
    Layer updated, full;
    BaseError err = {0};
    ReasonerProgram *const parsed = parse(program);
    KgTxn *const txn = begin_write(f);
    read_layer(txn, &updated);
    expect_ok(reasoner_run(txn, parsed, NULL, NULL, NULL, &err), &err);
    read_layer(txn, &full);
    for (size_t i = 0; i < full.facts.count && i < updated.facts.count; i++)
        if (memcmp(&full.facts.items[i], &updated.facts.items[i], sizeof(KgRecord)) != 0) {
            print_record(txn, "updated ", &updated.facts.items[i]);
            print_record(txn, "full run", &full.facts.items[i]);
            fail();
        }
    assert_int_equal(updated.facts.count, full.facts.count);
    kg_abort(txn);
    reasoner_program_free(parsed);
    free(updated.facts.items);
    free(full.facts.items);
    *facts = full.facts.count;
    return full.highest;
}

static const char *const recursive[] = {
    "path(?x, ?y) :- edge(?x, ?y). path(?x, ?z) :- path(?x, ?y), edge(?y, ?z).",
    "path(?x, ?y) :- edge(?x, ?y). path(?x, ?z) :- path(?x, ?y), path(?y, ?z).",
    "reached(?y) :- start(?x), edge(?x, ?y). reached(?y) :- reached(?x), edge(?x, ?y)."
    " left(?x) :- node(?x), ~reached(?x). lonely(?x, ?y) :- left(?x), left(?y), edge(?x, ?y).",
    "same(?x, ?y) :- edge(?p, ?x), edge(?p, ?y), ?x != ?y."
    " same(?x, ?y) :- edge(?p, ?x), same(?p, ?q), edge(?q, ?y). same(?y, ?x) :- same(?x, ?y).",
    "edge(?y, ?x) :- back(?x, ?y). path(?x, ?y) :- edge(?x, ?y). path(?x, ?z) :- edge(?x, ?y), path(?y, ?z)."
    " edge(?x, ?y) :- path(?x, ?y), short(?x, ?y). alone(?x, ?x) :- node(?x), ~edge(?x, ?x).",
    "triple(?x, ?q, ?y) :- triple(?x, ?p, ?y), under(?p, ?q). under(edge, way). way(?x, ?z) :- way(?x, ?y), way(?y, "
    "?z).",
    "c(?x) :- start(?x). rdf:type(?y, ?t) :- rdf:type(?x, ?t), edge(?x, ?y).",
    "far(?x, 0) :- start(?x). far(?y, ?d + 1) :- far(?x, ?d), edge(?x, ?y), ?d < 9."
    " near(?x, ?d * 2) :- far(?x, ?d), ?d < 3. named(?x, CONCAT(STR(?x), \"!\")) :- near(?x, ?d), ~short(?x, ?x).",
};

enum { NODES = 30, DEEP_CHANGES = 60 };

static KgRecord random_fact(KgTxn *txn, BaseRandom *random)
{
    static const char *const names[] = {"edge", "edge", "edge", "edge", "back", "short"};
    char from[16], to[16];
    const uint64_t at = base_random_below(random, NODES), kind = base_random_below(random, 8);
    snprintf(from, sizeof from, "n%d", (int)at);
    /* Mostly to the next ones, so that ways are long. */
    snprintf(to, sizeof to, "n%d",
             (int)(base_random_below(random, 6) ? (at + 1 + base_random_below(random, 2)) % NODES
                                                : base_random_below(random, NODES)));
    KgRecord record = {{intern(txn, from), 0, 0}, {.source = 1}};
    if (kind >= 6) {
        record.triple.p = intern(txn, oracle_term(TYPE));
        record.triple.o = intern(txn, kind == 6 && base_random_below(random, 6) == 0 ? "start" : "node");
    } else {
        record.triple.p = intern(txn, names[kind]);
        record.triple.o = intern(txn, to);
    }
    return record;
}

static void deep_recursion_is_updated_height_by_height(void **state)
{
    Fixture *const f = *state;
    BaseRandom random;
    uint32_t highest = 0;
    size_t facts, all = 0, updates = 0;
    const size_t programs = sizeof recursive / sizeof *recursive;
    base_random_seed(&random, seed);
    for (size_t p = 0; p < programs; p++) {
        BaseError err = {0};
        KgTxn *txn = begin_write(f);
        expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
        for (int i = 0; i < 2 * NODES; i++) {
            const KgRecord record = random_fact(txn, &random);
            expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
        }
        commit(txn);
        run_and_commit(f, recursive[p], NULL);
        for (int change = 0; change < DEEP_CHANGES; change++) {
            ReasonerReport report = {0};
            txn = begin_write(f);
            for (uint64_t i = 0; i < 1 + base_random_below(&random, 5); i++) {
                const KgRecord record = random_fact(txn, &random);
                bool was_there = false;
                expect_ok(kg_delete(txn, KG_ASSERTED, record.triple, &was_there, &err), &err);
                if (!was_there)
                    expect_ok(kg_add(txn, KG_ASSERTED, &record, NULL, &err), &err);
            }
            expect_ok(reasoner_update(txn, NULL, NULL, &report, NULL, &err), &err);
            updates += report.is_update;
            reasoner_report_free(&report);
            commit(txn);
            const uint32_t height = expect_as_full_run(f, recursive[p], &facts);
            highest = height > highest ? height : highest;
            all += facts;
        }
    }
    print_message("%zu facts, up to height %u\n", all, highest);
    assert_true(highest > 8);
    assert_true(updates > programs * DEEP_CHANGES * 9 / 10); /* few are better done by a full run */
}

/* ---- Single cases -------------------------------------------------------------------------------------------- */

static const char family[] = "ancestor(?x, ?y) :- parent(?x, ?y).\n"
                             "ancestor(?x, ?z) :- ancestor(?x, ?y), parent(?y, ?z).\n";

static void begin_family(Fixture *f)
{
    KgTxn *const txn = begin_write(f);
    assert_fact(txn, "ann parent bob", 1);
    assert_fact(txn, "bob parent carl", 1);
    assert_fact(txn, "ann parent carl", 1);
    commit(txn);
    run_and_commit(f, family, NULL);
}

static void expect_note(Fixture *f, const char *fact, uint32_t height, uint32_t rule)
{
    BaseError err = {0};
    KgNote note = {0};
    KgTxn *const txn = begin_read(f);
    const BaseStatus status = kg_get(txn, KG_INFERRED, find_fact(txn, fact), &note, &err);
    assert_int_equal(status, height ? BASE_OK : BASE_NOT_FOUND);
    if (height) {
        assert_int_equal(note.height, height);
        assert_int_equal(note.rule, rule);
        assert_int_equal(note.source, 1); /* still of the first run */
    }
    kg_abort(txn);
}

static void change_fact(Fixture *f, const char *fact, bool is_deleted)
{
    BaseError err = {0};
    KgTxn *const txn = begin_write(f);
    if (is_deleted)
        expect_ok(kg_delete(txn, KG_ASSERTED, find_fact(txn, fact), NULL, &err), &err);
    else
        assert_fact(txn, fact, 1);
    commit(txn);
}

static void update_and_commit(Fixture *f, const char *program, const ReasonerRunOptions *options,
                              ReasonerReport *report)
{
    BaseError err = {0};
    ReasonerProgram *const parsed = program ? parse(program) : NULL;
    KgTxn *const txn = begin_write(f);
    expect_ok(reasoner_update(txn, parsed, options, report, NULL, &err), &err);
    if (report) /* the figures are enough */
        base_arena_free(&report->memory);
    commit(txn);
    reasoner_program_free(parsed);
}

static void a_fact_without_its_low_proof_rises_to_the_next_one(void **state)
{
    Fixture *const f = *state;
    ReasonerReport report = {0};
    begin_family(f);
    expect_note(f, "ann ancestor carl", 1, 0);
    change_fact(f, "ann parent carl", true);
    update_and_commit(f, NULL, NULL, &report);
    assert_true(report.is_update);
    assert_int_equal(report.changes, 1);
    assert_int_equal(report.changed, 1);
    assert_int_equal(report.added + report.deleted, 0);
    expect_note(f, "ann ancestor carl", 2, 1);
    change_fact(f, "bob parent carl", true);
    update_and_commit(f, NULL, NULL, &report);
    assert_int_equal(report.deleted, 2);
    expect_note(f, "ann ancestor carl", 0, 0);
}

static void what_is_asserted_is_not_inferred_and_may_be_again(void **state)
{
    Fixture *const f = *state;
    begin_family(f);
    change_fact(f, "ann ancestor carl", false);
    update_and_commit(f, NULL, NULL, NULL);
    expect_note(f, "ann ancestor carl", 0, 0);
    change_fact(f, "ann ancestor carl", true);
    update_and_commit(f, NULL, NULL, NULL);
    expect_note(f, "ann ancestor carl", 1, 0);
}

static void rules_that_come_and_go_are_changes_too(void **state)
{
    Fixture *const f = *state;
    ReasonerReport report = {0};
    BaseArena arena = {0};
    BaseError err = {0};
    KgRun run;
    size_t facts;
    begin_family(f);
    /* The same rules with other variables and a new one before them, which shifts their numbers. */
    const char more[] = "child(?y, ?x) :- parent(?x, ?y).\n"
                        "ancestor(?a, ?b) :- parent(?a, ?b).\n"
                        "ancestor(?x, ?z) :- ancestor(?x, ?y), parent(?y, ?z).\n";
    update_and_commit(f, more, NULL, &report);
    assert_true(report.is_update);
    assert_int_equal(report.added, 3);
    expect_note(f, "ann ancestor bob", 1, 1);
    expect_note(f, "bob child ann", 1, 0);
    expect_as_full_run(f, more, &facts);
    KgTxn *const txn = begin_read(f);
    expect_ok(kg_find_run(txn, 1, &arena, &run, &err), &err);
    assert_non_null(strstr(run.text, "child"));
    kg_abort(txn);
    base_arena_free(&arena);
    const char fewer[] = "ancestor(?x, ?z) :- ancestor(?x, ?y), parent(?y, ?z).\n";
    update_and_commit(f, fewer, NULL, &report);
    assert_true(report.is_update);
    expect_as_full_run(f, fewer, &facts);
    assert_int_equal(facts, 0);
}

static void a_database_kept_current_updates_with_the_change(void **state)
{
    Fixture *const f = *state;
    BaseError err = {0};
    begin_family(f);
    reasoner_keep(f->store);
    change_fact(f, "carl parent dora", false); /* not set so yet */
    update_and_commit(f, NULL, &(ReasonerRunOptions){.keep = REASONER_KEEP_CURRENT}, NULL);
    expect_note(f, "ann ancestor dora", 2, 1);
    change_fact(f, "carl parent dora", true);
    expect_note(f, "ann ancestor dora", 0, 0);
    const char request[] = "INSERT DATA { kg:dora kg:parent kg:carl }";
    KgTxn *txn = begin_write(f);
    expect_ok(kg_update(txn, request, strlen(request), NULL, NULL, &err), &err);
    commit(txn);
    expect_note(f, "dora ancestor carl", 1, 0);
    run_and_commit(f, family, NULL); /* a full run leaves it so */
    change_fact(f, "dora parent carl", true);
    txn = begin_read(f);
    assert_int_equal(count_layer(txn, KG_INFERRED), 3);
    kg_abort(txn);
    update_and_commit(f, NULL, &(ReasonerRunOptions){.keep = REASONER_KEEP_NOT}, NULL);
    change_fact(f, "bob parent carl", true);
    txn = begin_read(f);
    assert_int_equal(count_layer(txn, KG_INFERRED), 3);
    kg_abort(txn);
}

static void an_aborted_change_is_not_followed(void **state)
{
    Fixture *const f = *state;
    ReasonerReport report = {0};
    begin_family(f);
    KgTxn *const txn = begin_write(f);
    assert_fact(txn, "carl parent dora", 1);
    kg_abort(txn);
    update_and_commit(f, NULL, NULL, &report);
    assert_true(report.is_update);
    assert_int_equal(report.changes, 0);
}

static void what_cannot_be_followed_is_a_full_run_and_says_why(void **state)
{
    Fixture *const f = *state;
    ReasonerReport report = {0};
    BaseError err = {0};
    size_t facts;
    begin_family(f);
    KgTxn *txn = begin_write(f);
    expect_ok(kg_clear_layer(txn, KG_ASSERTED, &err), &err);
    assert_fact(txn, "a parent b", 1);
    commit(txn);
    update_and_commit(f, NULL, NULL, &report);
    assert_false(report.is_update);
    assert_string_equal(report.full_because, "more has changed than is followed");
    expect_as_full_run(f, family, &facts);
    assert_int_equal(facts, 1);
    const char local[] = "pair(?x, ?y, ?x) :- parent(?x, ?y). kin(?x, ?y) :- pair(?x, ?y, ?z).";
    update_and_commit(f, local, NULL, &report);
    assert_string_equal(report.full_because, "the rules derive facts that are not stored");
    txn = begin_write(f);
    expect_ok(reasoner_drop(txn, NULL, &err), &err);
    commit(txn);
    txn = begin_write(f);
    assert_int_equal(reasoner_update(txn, NULL, NULL, NULL, NULL, &err), BASE_BAD_CALL);
    kg_abort(txn);
}

/* --programs N --seed N: more of the random ones. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_changes_give_what_a_full_run_gives, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(deep_recursion_is_updated_height_by_height, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_fact_without_its_low_proof_rises_to_the_next_one, open_fixture,
                                        close_fixture),
        cmocka_unit_test_setup_teardown(what_is_asserted_is_not_inferred_and_may_be_again, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(rules_that_come_and_go_are_changes_too, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_database_kept_current_updates_with_the_change, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(an_aborted_change_is_not_followed, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(what_cannot_be_followed_is_a_full_run_and_says_why, open_fixture,
                                        close_fixture),
    };
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "--programs") == 0)
            program_count = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
