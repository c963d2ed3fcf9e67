/* Packed changes against arrays: what comes and goes many at once, one by one, by folding and clearing, in any order,
 * over several layers and a named graph, is what is then found, counted and noted; and the database is sound. */
#include "fixture.h"
#include "kg/patch.h"

enum { NAMES = 7, CELLS = NAMES * NAMES * NAMES, LAYERS_USED = 2, STEPS = 250 };

typedef struct Model {
    KgId ids[NAMES];
    bool is_there[LAYERS_USED][CELLS], in_graph[CELLS];
    KgNote notes[LAYERS_USED][CELLS];
} Model;

static KgTriple triple_at(const Model *model, size_t cell)
{
    return (KgTriple){model->ids[cell % NAMES], model->ids[cell / NAMES % NAMES], model->ids[cell / NAMES / NAMES]};
}

static KgNote random_note(BaseRandom *random)
{
    return (KgNote){.rule = (uint32_t)base_random_below(random, 9), .height = (uint32_t)base_random_below(random, 5)};
}

static void set(Model *model, size_t layer, size_t cell, bool is_there, KgNote note)
{
    model->is_there[layer][cell] = is_there;
    model->notes[layer][cell] = is_there ? note : (KgNote){0};
}

static void change_many(Model *model, KgTxn *txn, BaseRandom *random)
{
    static KgChange changes[CELLS];
    static bool added[CELLS], before[CELLS];
    const size_t layer = base_random_below(random, LAYERS_USED);
    const bool keeps = base_random_below(random, 2);
    const uint64_t share = 1 + base_random_below(random, 8);
    size_t count = 0, changed = 0, expected = 0;
    size_t cells[CELLS];
    BaseError err = {0};
    for (size_t cell = CELLS; cell-- > 0;) { /* not in their order */
        if (base_random_below(random, share) != 0)
            continue;
        const bool is_gone = base_random_below(random, 2), was_there = model->is_there[layer][cell];
        changes[count] = (KgChange){.record = {triple_at(model, cell), random_note(random)}, .is_gone = is_gone};
        before[count] = was_there;
        cells[count++] = cell;
        expected += was_there == is_gone;
        if (is_gone || !was_there || !keeps)
            set(model, layer, cell, !is_gone, changes[count - 1].record.note);
    }
    expect_ok(kg_patch_change(txn, (KgLayer)layer, changes, count, keeps, added, &changed, &err), &err);
    assert_int_equal(changed, expected);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(added[i], !before[i] && model->is_there[layer][cells[i]]);
}

static void change_one(Model *model, KgTxn *txn, BaseRandom *random)
{
    const size_t layer = base_random_below(random, LAYERS_USED), cell = base_random_below(random, CELLS);
    const KgRecord record = {triple_at(model, cell), random_note(random)};
    BaseError err = {0};
    bool changed;
    const bool was_there = model->is_there[layer][cell];
    if (base_random_below(random, 2)) {
        expect_ok(kg_add(txn, (KgLayer)layer, &record, &changed, &err), &err);
        assert_int_equal(changed, !was_there);
        if (!was_there)
            set(model, layer, cell, true, record.note);
    } else {
        expect_ok(kg_delete(txn, (KgLayer)layer, record.triple, &changed, &err), &err);
        assert_int_equal(changed, was_there);
        set(model, layer, cell, false, (KgNote){0});
    }
    const size_t other = base_random_below(random, CELLS);
    const KgRecord of_graph = {triple_at(model, other), {0}};
    expect_ok(kg_add_in(txn, model->ids[0], KG_ASSERTED, &of_graph, NULL, &err), &err);
    model->in_graph[other] = true;
}

static void expect_model(const Model *model, KgTxn *txn, BaseRandom *random)
{
    BaseError err = {0};
    for (size_t layer = 0; layer < LAYERS_USED; layer++) {
        uint64_t count = 0, expected = 0, of_pattern = 0;
        const KgTriple pattern = {base_random_below(random, 2) ? model->ids[base_random_below(random, NAMES)] : KG_ANY,
                                  base_random_below(random, 2) ? model->ids[base_random_below(random, NAMES)] : KG_ANY,
                                  base_random_below(random, 2) ? model->ids[base_random_below(random, NAMES)] : KG_ANY};
        for (size_t cell = 0; cell < CELLS; cell++) {
            KgNote note = {0};
            const KgTriple triple = triple_at(model, cell);
            const BaseStatus status = kg_get(txn, (KgLayer)layer, triple, &note, &err);
            assert_int_equal(status == BASE_OK, model->is_there[layer][cell]);
            if (status == BASE_OK)
                assert_memory_equal(&note, &model->notes[layer][cell], sizeof note);
            expected += model->is_there[layer][cell];
            of_pattern += model->is_there[layer][cell] && (!pattern.s || pattern.s == triple.s) &&
                          (!pattern.p || pattern.p == triple.p) && (!pattern.o || pattern.o == triple.o);
        }
        expect_ok(kg_count(txn, KG_IN(layer), (KgTriple){0}, &count, &err), &err);
        assert_int_equal(count, expected);
        expect_ok(kg_count(txn, KG_IN(layer), pattern, &count, &err), &err);
        assert_int_equal(count, of_pattern);
    }
    uint64_t in_graph = 0, expected = 0;
    for (size_t cell = 0; cell < CELLS; cell++)
        expected += model->in_graph[cell];
    expect_ok(kg_count_in(txn, model->ids[0], KG_IN(KG_ASSERTED), (KgTriple){0}, &in_graph, &err), &err);
    assert_int_equal(in_graph, expected);
}

static void random_changes_are_what_is_found(void **state)
{
    Fixture *const f = *state;
    Model *const model = calloc(1, sizeof *model);
    BaseRandom random;
    BaseError err = {0};
    static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f", "g"};
    assert_non_null(model);
    base_random_seed(&random, 17);
    KgTxn *txn = begin_write(f->store);
    for (int i = 0; i < NAMES; i++)
        model->ids[i] = intern_field(txn, names[i]);
    for (int step = 0; step < STEPS; step++) {
        const uint64_t choice = base_random_below(&random, 20);
        if (choice < 6)
            change_many(model, txn, &random);
        for (int i = 0; choice >= 6 && choice < 16 && i < (choice < 12 ? 1 : 60); i++)
            change_one(model, txn, &random);
        if (choice == 16)
            expect_ok(kg_delta_fold(txn, &err), &err);
        if (choice == 17) {
            const size_t layer = base_random_below(&random, LAYERS_USED);
            expect_ok(kg_clear_layer(txn, (KgLayer)layer, &err), &err);
            for (size_t cell = 0; cell < CELLS; cell++)
                set(model, layer, cell, false, (KgNote){0});
        }
        if (choice >= 13 || step % 5 == 0) {
            expect_model(model, txn, &random);
            commit(txn);
            txn = begin_read(f->store);
            expect_model(model, txn, &random);
            kg_abort(txn);
            txn = begin_write(f->store);
        }
    }
    commit(txn);
    expect_sound(f->store);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_changes_are_what_is_found, make_fixture, drop_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
