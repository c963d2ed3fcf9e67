/* The program of a rule set for a database, with the user's own rules beside it. What it derives may be axioms again (a
 * property may be below rdfs:subClassOf, restrictions may turn out to be subclasses); then the rules are made anew with
 * these, too, until what is derived has no axiom that did not make its rules. */
#include "reasoner/program_text.h"
#include "reasoner/rulesets/rulesets.h"
#include "reasoner/run.h"

#include <stdlib.h>
#include <string.h>

/* What the program that stands derives, where it was evaluated to find that it does: memory.program is not NULL then.
 */
typedef struct Derived {
    Memory memory;
    ReasonerReport figures;
} Derived;

typedef struct Making {
    KgTxn *txn;
    ReasonerRuleset kind;
    const ReasonerText *texts; /* the user's */
    size_t text_count;
    const ReasonerParseOptions *options;
    const BaseSink *sink;
    BaseJob *job;
    const ReasonerProgram *own; /* the user's rules by themselves */
    RulesetBuilder builder;
} Making;

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for the rules of the ontology");
}

static const char *set_name(ReasonerRuleset kind)
{
    return kind == REASONER_OWL2_RL ? "owl2-rl" : "rdfs";
}

bool reasoner_find_ruleset(const char *name, ReasonerRuleset *out)
{
    for (ReasonerRuleset kind = REASONER_RDFS; kind <= REASONER_OWL2_RL; kind++)
        if (strcmp(name, set_name(kind)) == 0) {
            *out = kind;
            return true;
        }
    return false;
}

/* The line that its text begins with. */
static void write_title(ReasonerRuleset kind, char out[80])
{
    snprintf(out, 80, "%% The rule set %s, made for this database.\n", set_name(kind));
}

bool reasoner_text_is_ruleset(const ReasonerText *text, ReasonerRuleset *out)
{
    char title[80];
    for (ReasonerRuleset kind = REASONER_RDFS; kind <= REASONER_OWL2_RL; kind++) {
        write_title(kind, title);
        if (text->length >= strlen(title) && memcmp(text->text, title, strlen(title)) == 0) {
            *out = kind;
            return true;
        }
    }
    return false;
}

/* ---- The builder --------------------------------------------------------------------------------------------- */

static void free_builder(RulesetBuilder *builder)
{
    reasoner_program_free(builder->terms);
    base_map_free(&builder->ids);
    base_arena_free(&builder->arena);
    free(builder->names.items);
    free(builder->axioms.items);
    free(builder->candidates.items);
    free(builder->heads.items);
    free(builder->watches.items);
    free(builder->keys.items);
    free(builder->live.items);
    free(builder->ready.items);
    free(builder->objects.items);
    free(builder->late.items);
    base_buffer_free(&builder->text);
    *builder = (RulesetBuilder){0};
}

/* What the user's rules derive may have facts. */
static void add_own_heads(RulesetBuilder *builder, const ReasonerProgram *own)
{
    for (size_t p = 0; own && p < own->predicates.count; p++) {
        const Predicate *const predicate = &own->predicates.items[p];
        if (!predicate->is_head || predicate->kind == PREDICATE_LOCAL)
            continue;
        const uint32_t term = ruleset_term(builder, &own->constants.items[predicate->constant]);
        if (predicate->kind == PREDICATE_TRIPLE)
            builder->all_live = builder->all_classes_live = builder->is_type_open = true;
        else if (predicate->kind == PREDICATE_PROPERTY && term == V_TYPE)
            builder->all_classes_live = builder->is_type_open = true;
        else
            ruleset_set_live(builder, predicate->kind == PREDICATE_CLASS ? class_key(term) : property_key(term));
        if (predicate->kind == PREDICATE_PROPERTY)
            ruleset_note_objects(builder, term, OBJECTS_DERIVED);
        if (predicate->kind == PREDICATE_PROPERTY && term == V_SAME_AS && builder->kind == REASONER_OWL2_RL)
            ruleset_set_live(builder, PROPER_SAME);
    }
}

/* Starts anew with the axioms of the database and those in *known, of another builder's terms. */
static BaseStatus build(Making *making, const RulesetBuilder *before, BaseError *err)
{
    RulesetBuilder *const builder = &making->builder;
    *builder = (RulesetBuilder){.txn = making->txn, .kind = making->kind};
    BaseStatus status = ruleset_begin(builder) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = kg_prefixes(making->txn, &builder->arena, &builder->prefixes, &builder->prefix_count, err);
    if (status == BASE_OK) {
        builder->is_prefix_used =
            base_arena_alloc(&builder->arena, builder->prefix_count + 1, sizeof *builder->is_prefix_used);
        status = builder->is_prefix_used ? BASE_OK : no_memory(err);
    }
    if (status == BASE_OK)
        status = ruleset_read_predicates(builder, err);
    if (status == BASE_OK)
        add_own_heads(builder, making->own);
    if (status == BASE_OK)
        status = ruleset_read_axioms(builder, err);
    for (size_t i = 0; before && i < before->axioms.count && status == BASE_OK; i++) {
        const Axiom *const axiom = &before->axioms.items[i];
        const KgTerm *const terms = before->terms->constants.items;
        const uint32_t s = ruleset_term(builder, &terms[axiom->s]), p = ruleset_term(builder, &terms[axiom->p]),
                       o = ruleset_term(builder, &terms[axiom->o]);
        ruleset_add_axiom(builder, s, p, o);
    }
    if (status != BASE_OK)
        return status;
    ruleset_sort_axioms(builder);
    if (making->kind == REASONER_OWL2_RL)
        status = ruleset_add_owl(builder, making->sink, err);
    else
        ruleset_add_rdfs(builder);
    return status == BASE_OK && builder->no_memory ? no_memory(err) : status;
}

/* ---- Programs ------------------------------------------------------------------------------------------------ */

static BaseStatus parse(const Making *making, bool only_schema, ReasonerProgram **out, BaseError *err)
{
    BaseBuffer text = {0};
    RulesetBuilder *const builder = (RulesetBuilder *)(uintptr_t)&making->builder;
    ReasonerText *const texts = calloc(making->text_count + 1, sizeof *texts);
    char title[80];
    write_title(making->kind, title);
    BaseStatus status =
        texts && base_buffer_add(&text, title, strlen(title)) && ruleset_write(builder, only_schema, &text)
            ? BASE_OK
            : no_memory(err);
    if (status == BASE_OK) {
        texts[0] = (ReasonerText){set_name(making->kind), text.items, text.count};
        for (size_t i = 0; i < making->text_count; i++)
            texts[i + 1] = making->texts[i];
        /* The user's rules were judged by themselves; what is at fault now was not there then. */
        BaseError fault = {0};
        status = reasoner_parse(texts, only_schema ? 1 : making->text_count + 1, making->options, NULL, out, &fault);
        if (status == BASE_BAD_INPUT)
            base_sink(making->sink, &fault);
        if (status != BASE_OK && err && err->status == BASE_OK)
            *err = fault;
    }
    free(texts);
    base_buffer_free(&text);
    return status;
}

/* ---- Derived axioms ------------------------------------------------------------------------------------------ */

/* Evaluates the program and adds the axioms that it derives. */
static BaseStatus derive_axioms(Making *making, const ReasonerProgram *program, Derived *derived, bool *is_new,
                                BaseError *err)
{
    BaseStatus status =
        reasoner_run_derive(making->txn, program, NULL, &derived->memory, &derived->figures, making->job, err);
    if (status == BASE_OK)
        status = ruleset_note_axioms(&making->builder, &derived->memory, is_new, err);
    return status;
}

/* Once more with the axioms that were found. */
static BaseStatus rebuild(Making *making, BaseError *err)
{
    RulesetBuilder before = making->builder;
    making->builder = (RulesetBuilder){0};
    const BaseStatus status = build(making, &before, err);
    free_builder(&before);
    return status;
}

static void forget(Derived *derived)
{
    if (derived->memory.program)
        reasoner_memory_free(&derived->memory);
    reasoner_report_free(&derived->figures);
}

/* The axioms that follow from axioms alone come first, which is cheap; then those that need the facts. */
static BaseStatus settle(Making *making, ReasonerProgram **out, Derived *derived, BaseError *err)
{
    BaseStatus status = build(making, NULL, err);
    for (bool only_schema = true, is_new = true; status == BASE_OK;) {
        is_new = false;
        status = parse(making, only_schema, out, err);
        if (status == BASE_OK && ruleset_may_give_axioms(&making->builder, *out, only_schema))
            status = derive_axioms(making, *out, derived, &is_new, err);
        if (status == BASE_OK && !is_new && !only_schema) {
            (*out)->is_ruleset = true;
            return BASE_OK;
        }
        forget(derived);
        reasoner_program_free(*out);
        *out = NULL;
        if (status == BASE_OK && is_new)
            status = rebuild(making, err);
        only_schema &= is_new;
    }
    return status;
}

static BaseStatus make(KgTxn *txn, ReasonerRuleset kind, const ReasonerText *texts, size_t count,
                       const ReasonerParseOptions *options, const BaseSink *sink, BaseJob *job, ReasonerProgram **out,
                       Derived *derived, BaseError *err)
{
    ReasonerProgram *own = NULL;
    BaseStatus status = count > 0 ? reasoner_parse(texts, count, options, sink, &own, err) : BASE_OK;
    Making making = {.txn = txn,
                     .kind = kind,
                     .texts = texts,
                     .text_count = count,
                     .options = options,
                     .sink = sink,
                     .job = job,
                     .own = own};
    if (status == BASE_OK)
        status = settle(&making, out, derived, err);
    free_builder(&making.builder);
    reasoner_program_free(own);
    return status;
}

BaseStatus reasoner_ruleset_program(KgTxn *txn, ReasonerRuleset kind, const ReasonerText *texts, size_t count,
                                    const ReasonerParseOptions *options, const BaseSink *sink, BaseJob *job,
                                    ReasonerProgram **out, BaseError *err)
{
    if (!txn || !out || (count > 0 && !texts))
        return base_fail(err, BASE_BAD_CALL, "reasoner_ruleset_program: a transaction and a place for the program");
    *out = NULL;
    Derived derived = {0};
    const BaseStatus status = make(txn, kind, texts, count, options, sink, job, out, &derived, err);
    forget(&derived);
    return status;
}

BaseStatus reasoner_run_ruleset(KgTxn *txn, ReasonerRuleset kind, const ReasonerText *texts, size_t count,
                                const ReasonerParseOptions *parse_options, const ReasonerRunOptions *options,
                                ReasonerReport *report, BaseJob *job, BaseError *err)
{
    if (!txn || (count > 0 && !texts))
        return base_fail(err, BASE_BAD_CALL, "reasoner_run_ruleset: a transaction is needed");
    const double began = base_wall_seconds(), cpu_began = base_cpu_seconds();
    ReasonerProgram *program = NULL;
    Derived derived = {0};
    BaseStatus status =
        make(txn, kind, texts, count, parse_options, options ? options->sink : NULL, job, &program, &derived, err);
    if (status == BASE_OK && !derived.memory.program)
        status = reasoner_run_derive(txn, program, options, &derived.memory, &derived.figures, job, err);
    if (status == BASE_OK)
        status = reasoner_run_store(txn, program, options, &derived.memory, &derived.figures, job, err);
    derived.figures.wall_seconds = base_wall_seconds() - began;
    derived.figures.cpu_seconds = base_cpu_seconds() - cpu_began;
    if (status == BASE_OK && report) {
        *report = derived.figures;
        derived.figures = (ReasonerReport){0};
    }
    forget(&derived);
    reasoner_program_free(program);
    return status;
}

BaseStatus reasoner_parse_again(KgTxn *txn, const ReasonerText *texts, size_t count,
                                const ReasonerParseOptions *options, const BaseSink *sink, BaseJob *job,
                                ReasonerProgram **out, BaseError *err)
{
    ReasonerRuleset kind;
    if (count > 0 && texts && reasoner_text_is_ruleset(&texts[0], &kind))
        return reasoner_ruleset_program(txn, kind, texts + 1, count - 1, options, sink, job, out, err);
    return reasoner_parse(texts, count, options, sink, out, err);
}
