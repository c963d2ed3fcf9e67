/* Proofs of violations: a match of a constraint is a tuple of a relation of its own, and proved like any other. */
#include "reasoner/violation.h"

#include "reasoner/explain.h"

#include <string.h>

BaseStatus reasoner_prove_violation(const Evaluation *evaluation, Memory *memory, uint32_t relation,
                                    const uint32_t *row, const char *text, BaseArena *arena, ReasonerProof **out,
                                    BaseError *err)
{
    const uint32_t arity = evaluation->program->relations.items[relation].arity;
    Case with = {.txn = memory ? memory->txn : NULL};
    uint32_t *const tuple = base_arena_alloc(arena, arity, sizeof *tuple);
    BaseStatus status = tuple ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
    *out = NULL;
    if (status == BASE_OK) {
        memcpy(tuple, row, arity * sizeof *tuple); /* searching makes indexes, and rows may move */
        reasoner_case_take(&with, evaluation->program);
        if (memory)
            status = reasoner_facts_open(memory->txn, evaluation->program, memory, &with.computed, err);
        else
            reasoner_facts_take(evaluation, &with.computed);
        with.has_computed = true;
    }
    if (status == BASE_OK)
        status = reasoner_case_begin(&with, true, arena, err);
    if (status == BASE_OK)
        status = reasoner_node_fact(&with, relation, tuple, out, err);
    if (status == BASE_OK)
        status = reasoner_grow_proof(&with, *out, relation, tuple, err);
    if (status == BASE_OK) { /* it says what is violated, and not how that is kept */
        (*out)->text = text;
        (*out)->terms = NULL;
        (*out)->term_count = 0;
    }
    reasoner_case_close(&with);
    return status;
}

/* "because a p b, b p c, not c p a": as far as it goes. */
void reasoner_say_premises(const ReasonerProof *proof, BaseError *err)
{
    char text[sizeof err->hint];
    size_t used = 0;
    for (size_t c = 0; c < proof->child_count; c++) {
        const int more =
            snprintf(text + used, sizeof text - used, "%s%s", c > 0 ? ", " : "because ", proof->children[c]->text);
        if (more < 0 || (size_t)more >= sizeof text - used) {
            snprintf(text + used, sizeof text - used, used + 6 < sizeof text ? ", ..." : "");
            break;
        }
        used += (size_t)more;
    }
    if (proof->child_count > 0)
        base_hint(err, "%s", text);
}
