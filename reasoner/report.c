/* Figures of a run, of a program on a database and of one by itself. */
#include "reasoner/report.h"

#include "reasoner/violation.h"

#include "reasoner/rulesets/literals.h"

#include "reasoner/value_text.h"

#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for the report");
}

void reasoner_report_free(ReasonerReport *report)
{
    base_arena_free(&report->memory);
    *report = (ReasonerReport){0};
}

static const char *copy(ReasonerReport *report, const char *text)
{
    return base_arena_copy(&report->memory, text, strlen(text));
}

/* ---- Predicates ---------------------------------------------------------------------------------------------- */

static bool belongs(const Memory *memory, const Predicate *predicate, uint32_t relation, uint32_t row)
{
    uint32_t triple[3];
    const RelationShape *const shape = &memory->program->relations.items[relation];
    if (shape->kind == PREDICATE_LOCAL || predicate->kind == PREDICATE_LOCAL)
        return &memory->program->predicates.items[shape->predicate] == predicate;
    reasoner_memory_triple(memory, relation, row, triple);
    if (predicate->kind == PREDICATE_CLASS)
        return triple[1] == memory->program->type_constant && triple[2] == predicate->constant;
    return predicate->kind == PREDICATE_TRIPLE || triple[1] == predicate->constant;
}

static void count_rows(const Memory *memory, const Predicate *predicate, ReasonerPredicateReport *out)
{
    for (uint32_t r = 0; r < memory->program->relations.count; r++) {
        const Relation *const relation = &memory->evaluation.relations[r];
        const uint32_t given = reasoner_relation_height_start(relation, 1);
        if (!memory->program->relations.items[r].is_head)
            continue;
        if (!reasoner_memory_is_shared(memory, r)) {
            const bool is_its = relation->count > 0 && belongs(memory, predicate, r, 0);
            out->given += is_its ? given : 0;
            out->derived += is_its ? relation->count - given : 0;
            continue;
        }
        for (uint32_t row = 0; row < relation->count; row++)
            if (belongs(memory, predicate, r, row))
                (*(row < given ? &out->given : &out->derived))++;
    }
}

/* In a program by itself each predicate has a relation. */
static void count_own_rows(const Evaluation *evaluation, uint32_t predicate, ReasonerPredicateReport *out)
{
    for (size_t r = 0; r < evaluation->program->relations.count; r++) {
        const Relation *const relation = &evaluation->relations[r];
        if (evaluation->program->relations.items[r].predicate != predicate)
            continue;
        out->given = reasoner_relation_height_start(relation, 1);
        out->derived = relation->count - out->given;
    }
}

static bool report_predicates(const Evaluation *evaluation, const Memory *memory, ReasonerReport *report)
{
    const ReasonerProgram *const program = evaluation->program;
    report->predicates = base_arena_alloc(&report->memory, program->predicates.count + 1, sizeof *report->predicates);
    if (!report->predicates)
        return false;
    for (uint32_t p = 0; p < program->predicates.count; p++) {
        const Predicate *const predicate = &program->predicates.items[p];
        if (!predicate->is_head || predicate->is_violation)
            continue;
        ReasonerPredicateReport *const out = &report->predicates[report->predicate_count++];
        *out = (ReasonerPredicateReport){.name = copy(report, predicate->name),
                                         .arity = predicate->arity,
                                         .is_stored = memory && predicate->is_stored};
        if (!out->name)
            return false;
        if (memory)
            count_rows(memory, predicate, out);
        else
            count_own_rows(evaluation, p, out);
    }
    return true;
}

static bool report_rules(const Evaluation *evaluation, ReasonerReport *report)
{
    const ReasonerProgram *const program = evaluation->program;
    report->rules = base_arena_alloc(&report->memory, program->rules.count + 1, sizeof *report->rules);
    for (size_t r = 0; report->rules && r < program->rules.count; r++) {
        const RuleFigures *const figures = &evaluation->rules[r];
        ReasonerRuleReport *const out = &report->rules[report->rule_count++];
        *out = (ReasonerRuleReport){.name = copy(report, program->rules.items[r].name),
                                    .place = copy(report, program->rules.items[r].place_text),
                                    .facts = figures->facts,
                                    .matches = figures->matches,
                                    .rows = figures->rows,
                                    .seconds = figures->seconds};
        if (!out->name || !out->place)
            return false;
    }
    return report->rules != NULL;
}

BaseStatus reasoner_report_fill(const Evaluation *evaluation, const Memory *memory, ReasonerReport *report,
                                BaseError *err)
{
    return report_predicates(evaluation, memory, report) && report_rules(evaluation, report) ? BASE_OK : no_memory(err);
}

/* ---- Violations ---------------------------------------------------------------------------------------------- */

static bool write_binding(const ReasonerBinding *binding, const Value *value, BaseBuffer *out)
{
    return base_buffer_format(out, "%s%s = ", out->count > 0 ? ", " : "", binding->variable) &&
           (value ? reasoner_write_cell(value, out) : kg_format_term(&binding->term, KG_SYNTAX_NAME, out));
}

static bool copy_value(const Value *value, BaseArena *arena, KgTerm *out)
{
    BaseBuffer text = {0};
    bool is_fine = reasoner_term_of_value(value, &text, out);
    KgText *const texts[] = {&out->text, &out->datatype, &out->language};
    for (int i = 0; i < 3 && is_fine; i++) {
        texts[i]->bytes = base_arena_copy(arena, texts[i]->length ? texts[i]->bytes : "", texts[i]->length);
        is_fine = texts[i]->bytes != NULL;
    }
    base_buffer_free(&text);
    return is_fine;
}

/* What the variable is, and its words. */
static BaseStatus bind(const Evaluation *evaluation, const Memory *memory, uint32_t value, ReasonerReport *report,
                       ReasonerBinding *out, BaseBuffer *words, BaseError *err)
{
    BaseStatus status = BASE_OK;
    const Value own = memory ? (Value){0} : reasoner_value(evaluation->values, value);
    if (memory) {
        out->id = terms_id(&memory->terms, value);
        status = reasoner_terms_read(&memory->terms, value, &report->memory, &out->term, err);
    } else if (!copy_value(&own, &report->memory, &out->term)) {
        status = no_memory(err);
    }
    return status == BASE_OK && !write_binding(out, memory ? NULL : &own, words) ? no_memory(err) : status;
}

static BaseStatus keep_violation(const Evaluation *evaluation, const Memory *memory, uint32_t rule, const uint32_t *row,
                                 ReasonerReport *report, BaseError *err)
{
    const Rule *const of = &evaluation->program->rules.items[rule];
    const Atom *const head = &of->heads[0];
    ReasonerViolation *const out = &report->violations[report->violation_count];
    ReasonerBinding *const bindings = base_arena_alloc(&report->memory, head->count + 1, sizeof *bindings);
    BaseBuffer words = {0};
    BaseStatus status = bindings ? BASE_OK : no_memory(err);
    *out = (ReasonerViolation){.rule = rule, .bindings = bindings};
    for (uint32_t c = 0; c < head->count && status == BASE_OK; c++) {
        if (!head->terms[c].is_variable)
            continue;
        ReasonerBinding *const binding = &bindings[out->binding_count++];
        binding->variable = copy(report, of->variables[head->terms[c].index]);
        status = binding->variable ? bind(evaluation, memory, row[c], report, binding, &words, err) : no_memory(err);
    }
    BaseBuffer text = {0};
    if (status == BASE_OK && !base_buffer_format(&text, "%s is violated%s%s", of->name, words.count ? ": " : "",
                                                 words.count ? words.items : ""))
        status = no_memory(err);
    if (status == BASE_OK && !(out->text = copy(report, text.items)))
        status = no_memory(err);
    report->violation_count += status == BASE_OK;
    base_buffer_free(&words);
    base_buffer_free(&text);
    return status;
}

/* Proofs take time and room: the first ones come with theirs. */
enum { VIOLATIONS_PROVED = 100 };

static void tell(const ReasonerProgram *program, const ReasonerViolation *violation, const BaseSink *sink)
{
    BaseError fault = {0};
    base_fail_at(&fault, BASE_BAD_INPUT, reasoner_program_source(program, program->rules.items[violation->rule].place),
                 "%s", violation->text);
    if (violation->proof)
        reasoner_say_premises(violation->proof, &fault);
    base_sink(sink, &fault);
}

BaseStatus reasoner_report_violations(const Evaluation *evaluation, Memory *memory, const BaseSink *sink,
                                      ReasonerReport *report, BaseError *err)
{
    const ReasonerProgram *const program = evaluation->program;
    BaseStatus status = BASE_OK;
    report->violations = base_arena_alloc(&report->memory, VIOLATIONS_TOLD, sizeof *report->violations);
    if (!report->violations)
        return no_memory(err);
    for (uint32_t r = 0; r < program->rules.count; r++) {
        if (!program->rules.items[r].is_constraint)
            continue;
        const uint32_t kept_in = program->rules.items[r].heads[0].relation;
        const Relation *const relation = &evaluation->relations[kept_in];
        report->violations_found += relation->count;
        for (uint32_t row = 0; row < relation->count && report->violation_count < VIOLATIONS_TOLD; row++) {
            ReasonerViolation *const violation = &report->violations[report->violation_count];
            status = keep_violation(evaluation, memory, r, relation_row(relation, row), report, err);
            if (status == BASE_OK && report->violation_count <= VIOLATIONS_PROVED)
                status = reasoner_prove_violation(evaluation, memory, kept_in, relation_row(relation, row),
                                                  violation->text, &report->memory, &violation->proof, err);
            if (status != BASE_OK)
                return status;
            tell(program, violation, sink);
        }
    }
    if (memory && program->is_ruleset)
        status = ruleset_tell_literals(memory, sink, &report->violations_found, err);
    return status;
}
