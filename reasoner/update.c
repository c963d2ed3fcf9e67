/* Bringing what was inferred up to what changed since: the changes that kg tracks and the difference of the rules go
 * through maintenance (maintain.c), and only facts that differ are written. Where that cannot be done, or would not
 * pay, a full run does it.
 *
 * What is tracked belongs to a run, whose program is kept beside it, as the catalog does not show what is not committed
 * yet. Updates keep the run: its facts carry its number, and its text in the catalog becomes that of the new rules. */
#include "reasoner/update.h"
#include "reasoner/functions.h"
#include "reasoner/maintain.h"
#include "reasoner/program_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory to update what was derived");
}

/* ---- Tracking ------------------------------------------------------------------------------------------------ */

static bool derives_hidden(const ReasonerProgram *program)
{
    for (size_t p = 0; p < program->predicates.count; p++)
        if (program->predicates.items[p].is_head && !program->predicates.items[p].is_stored)
            return true;
    return false;
}

/* Why the program's facts cannot be maintained; NULL: they can. */
static const char *hindrance(const ReasonerProgram *program)
{
    for (size_t r = 0; r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        if (rule->has_aggregate || rule->has_existential || rule->is_constraint)
            return rule->has_aggregate     ? "the rules have aggregates"
                   : rule->has_existential ? "the rules create nulls"
                                           : "the rules have constraints";
    }
    return derives_hidden(program) ? "the rules derive facts that are not stored" : NULL;
}

static bool is_body(const ReasonerProgram *program, uint32_t relation)
{
    for (size_t r = 0; r < program->rules.count; r++)
        for (uint32_t b = 0; b < program->rules.items[r].body_count; b++) {
            const Literal *const literal = &program->rules.items[r].body[b];
            if (!literal->is_comparison && literal->atom.relation == relation)
                return true;
        }
    return false;
}

static bool has_hidden_row(const Memory *memory, uint32_t r)
{
    const Relation *const relation = &memory->evaluation.relations[r];
    for (uint32_t row = reasoner_relation_height_start(relation, 1); row < relation->count; row++) {
        uint32_t values[3];
        if (!reasoner_memory_triple(memory, r, row, values))
            return true;
        const KgId subject = terms_id(&memory->terms, values[0]), predicate = terms_id(&memory->terms, values[1]);
        if (subject == KG_ANY || predicate == KG_ANY || kg_kind(subject) == KG_LITERAL || kg_kind(predicate) != KG_IRI)
            return true;
    }
    return false;
}

bool reasoner_hides(const Memory *memory)
{
    for (uint32_t r = 0; r < memory->program->relations.count; r++)
        if (memory->program->relations.items[r].is_head && is_body(memory->program, r) && has_hidden_row(memory, r))
            return true;
    return false;
}

BaseStatus reasoner_track(KgTxn *txn, const ReasonerProgram *program, uint32_t run, uint32_t flags, BaseError *err)
{
    BaseBuffer text = {0};
    BaseStatus status = reasoner_program_join_texts(program, &text) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = kg_track(txn, &(KgTracking){.run = run, .flags = flags, .text = {text.items, text.count}}, err);
    base_buffer_free(&text);
    return status;
}

/* The flags that a run is to leave. */
BaseStatus reasoner_track_flags(KgTxn *txn, ReasonerKeep keep, uint32_t *out, BaseError *err)
{
    KgTracking before;
    const BaseStatus status = kg_tracking(txn, &before, err);
    *out = before.is_on ? before.flags & TRACK_KEEPS : 0;
    if (keep != REASONER_KEEP_AS_IT_IS)
        *out = keep == REASONER_KEEP_CURRENT ? TRACK_KEEPS : 0;
    return status;
}

/* The program of the tracked run, as it ran, or (is_anew) with its rule set made anew. BASE_OK with *out NULL: nothing
 * is tracked, or it has no rule set. */
static BaseStatus parse_tracked(KgTxn *txn, const KgTracking *tracking, bool is_anew, ReasonerProgram **out,
                                BaseError *err)
{
    BaseArena scratch = {0};
    ReasonerText *texts = NULL;
    size_t count = 0;
    ReasonerParseOptions options = {0};
    KgPrefix *prefixes = NULL;
    ReasonerRuleset set;
    *out = NULL;
    if (!tracking->is_on)
        return BASE_OK;
    const char *const joined = base_arena_copy(&scratch, tracking->text.bytes, tracking->text.length);
    BaseStatus status = joined ? reasoner_split_texts(joined, "rules", &scratch, &texts, &count, err) : no_memory(err);
    if (status == BASE_OK)
        status = kg_prefixes(txn, &scratch, &prefixes, &options.prefix_count, err);
    options.prefixes = prefixes;
    if (status == BASE_OK)
        status = !is_anew ? reasoner_parse(texts, count, &options, NULL, out, err)
                 : reasoner_text_is_ruleset(&texts[0], &set)
                     ? reasoner_parse_again(txn, texts, count, &options, NULL, NULL, out, err)
                     : BASE_OK;
    base_arena_free(&scratch);
    return status;
}

/* ---- Differences of programs --------------------------------------------------------------------------------- */

/* Two rules are the same when they say the same, whatever prefixes and names of variables they say it with. */
static bool write_term(const ReasonerProgram *program, Term term, BaseBuffer *out)
{
    if (term.is_variable)
        return base_buffer_format(out, "?%u ", term.index);
    return kg_format_term(&program->constants.items[term.index], KG_SYNTAX_NTRIPLES, out) &&
           base_buffer_add(out, " ", 1);
}

static bool write_expression(const ReasonerProgram *program, const Expression *expression, BaseBuffer *out)
{
    if (expression->kind == EXPRESSION_TERM)
        return write_term(program, expression->term, out);
    bool is_fine = base_buffer_format(out, "%s(", reasoner_function_name(expression->function));
    for (uint32_t i = 0; i < expression->count && is_fine; i++)
        is_fine = write_expression(program, expression->arguments[i], out);
    return is_fine && base_buffer_add(out, ")", 1);
}

static bool write_side(const ReasonerProgram *program, const Operand *side, BaseBuffer *out)
{
    return side->expression ? write_expression(program, side->expression, out) : write_term(program, side->term, out);
}

static bool write_atom(const ReasonerProgram *program, const Atom *atom, BaseBuffer *out)
{
    const Predicate *const predicate = &program->predicates.items[atom->predicate];
    bool is_fine =
        base_buffer_format(out, "%s%d %s(", atom->is_negated ? "~" : "", (int)predicate->kind, predicate->iri);
    for (uint32_t t = 0; t < atom->count && is_fine; t++)
        is_fine = write_term(program, atom->terms[t], out);
    return is_fine && base_buffer_add(out, ")", 1);
}

static bool write_rule(const ReasonerProgram *program, const Rule *rule, BaseBuffer *out)
{
    bool is_fine = true;
    for (uint32_t h = 0; h < rule->head_count && is_fine; h++)
        is_fine = write_atom(program, &rule->heads[h], out);
    for (uint32_t b = 0; b < rule->body_count && is_fine; b++) {
        const Literal *const literal = &rule->body[b];
        is_fine = base_buffer_format(out, b == 0 ? " :- " : ", ");
        if (literal->is_comparison)
            is_fine = is_fine && write_side(program, &literal->comparison.left, out) &&
                      base_buffer_format(out, "#%d ", (int)literal->comparison.test) &&
                      write_side(program, &literal->comparison.right, out);
        else
            is_fine = is_fine && write_atom(program, &literal->atom, out);
    }
    return is_fine;
}

/* A hash of each rule. */
static bool hash_rules(const ReasonerProgram *program, BaseHash128 *out)
{
    BaseBuffer text = {0};
    bool is_fine = true;
    for (size_t r = 0; r < program->rules.count && is_fine; r++) {
        text.count = 0;
        is_fine = write_rule(program, &program->rules.items[r], &text);
        out[r] = base_hash128(text.items ? text.items : "", text.count);
    }
    base_buffer_free(&text);
    return is_fine;
}

/* What became of the rules: which stay is a longest common subsequence, so that those that stay keep their order, on
 * which the choice among rules rests. */
typedef struct RuleChanges {
    uint32_t *new_rules; /* by old rule */
    bool *is_added;      /* by new rule */
    size_t old_count;
    bool is_any, is_renumbered;
} RuleChanges;

static void free_changes(RuleChanges *changes)
{
    free(changes->new_rules);
    free(changes->is_added);
}

static bool same_hash(BaseHash128 a, BaseHash128 b)
{
    return a.high == b.high && a.low == b.low;
}

/* lengths[i * (news + 1) + j]: of the longest common subsequence of olds from i on and news from j on. */
static void match_rules(const BaseHash128 *old, size_t olds, const BaseHash128 *new, size_t news, uint32_t *lengths,
                        RuleChanges *out)
{
    const size_t width = news + 1;
    for (size_t i = olds; i-- > 0;)
        for (size_t j = news; j-- > 0;) {
            const uint32_t down = lengths[(i + 1) * width + j], right = lengths[i * width + j + 1];
            lengths[i * width + j] = same_hash(old[i], new[j]) ? lengths[(i + 1) * width + j + 1] + 1
                                     : down > right            ? down
                                                               : right;
        }
    for (size_t i = 0, j = 0; i < olds && j < news;) {
        if (same_hash(old[i], new[j])) {
            out->new_rules[i] = (uint32_t)j;
            out->is_added[j] = false;
            out->is_renumbered |= i != j;
            i++;
            j++;
        } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) {
            i++;
        } else {
            j++;
        }
    }
}

#define MOST_PAIRS 4000000 /* of rules to compare */

static BaseStatus compare_programs(const ReasonerProgram *old, const ReasonerProgram *new, RuleChanges *out,
                                   BaseError *err)
{
    const size_t olds = old->rules.count, news = new->rules.count;
    BaseHash128 *const old_hashes = calloc(olds + 1, sizeof *old_hashes), *const new_hashes =
                                                                              calloc(news + 1, sizeof *new_hashes);
    uint32_t *const lengths = calloc((olds + 1) * (news + 1), sizeof *lengths);
    *out = (RuleChanges){.new_rules = calloc(olds + 1, sizeof *out->new_rules),
                         .is_added = calloc(news + 1, sizeof *out->is_added),
                         .old_count = olds};
    bool is_fine = old_hashes && new_hashes && lengths && out->new_rules && out->is_added &&
                   hash_rules(old, old_hashes) && hash_rules(new, new_hashes);
    if (is_fine) {
        for (size_t i = 0; i < olds; i++)
            out->new_rules[i] = RULE_GONE;
        for (size_t j = 0; j < news; j++)
            out->is_added[j] = true;
        match_rules(old_hashes, olds, new_hashes, news, lengths, out);
        for (size_t i = 0; i < olds; i++)
            out->is_any |= out->new_rules[i] == RULE_GONE;
        for (size_t j = 0; j < news; j++)
            out->is_any |= out->is_added[j];
    }
    free(old_hashes);
    free(new_hashes);
    free(lengths);
    return is_fine ? BASE_OK : no_memory(err);
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

typedef struct Writing {
    struct {
        KgChange *items;
        size_t count, capacity;
    } changes;
    uint64_t added, deleted, changed;
} Writing;

static BaseStatus know_id(Maintenance *with, KgId *id)
{
    BaseArena texts = {0};
    KgTerm term;
    if (!is_unknown_id(*id))
        return BASE_OK;
    BaseStatus status = reasoner_terms_read(&with->terms, (uint32_t)kg_number(*id), &texts, &term, with->err);
    if (status == BASE_OK)
        status = kg_intern(with->txn, &term, id, with->err);
    base_arena_free(&texts);
    return status;
}

static BaseStatus note_known(Maintenance *with, const Known *fact, uint32_t run, Writing *out)
{
    const bool is_wanted = fact->height != NO_HEIGHT && fact->height > 0;
    if (fact->state != KNOWN_SETTLED || (!is_wanted && !fact->is_stored))
        return BASE_OK;
    KgChange change = {{fact->triple, {.source = run, .rule = fact->rule, .height = fact->height}},
                       !is_wanted,
                       fact->is_stored ? KG_IS_THERE : KG_IS_NOT_THERE};
    out->added += !fact->is_stored;
    out->deleted += !is_wanted;
    out->changed += fact->is_stored && is_wanted;
    BaseStatus status = know_id(with, &change.record.triple.s);
    if (status == BASE_OK)
        status = know_id(with, &change.record.triple.p);
    if (status == BASE_OK)
        status = know_id(with, &change.record.triple.o);
    return status == BASE_OK && !BASE_PUSH(&out->changes, change) ? no_memory(with->err) : status;
}

/* Facts that stay as they are, by rules that have other numbers now. */
static BaseStatus renumber(Maintenance *with, const RuleChanges *rules, uint32_t run, Writing *out)
{
    KgFinder *finder = NULL;
    KgTriple triple;
    KgNote note;
    if (!rules->is_renumbered)
        return BASE_OK;
    BaseStatus status = kg_finder_open(with->txn, KG_INFERRED, &finder, with->err);
    if (status == BASE_OK)
        status = kg_finder_seek(finder, (KgTriple){0}, with->err);
    while (status == BASE_OK && (status = kg_finder_next(finder, &triple, &note, with->err)) == BASE_OK) {
        const Known *const known = reasoner_ledger_find(&with->ledger, triple);
        const uint32_t rule = note.rule < rules->old_count ? rules->new_rules[note.rule] : RULE_GONE;
        if (rule == note.rule || (known && known->state == KNOWN_SETTLED))
            continue;
        const KgChange change = {{triple, {.source = run, .rule = rule, .height = note.height}}, false, KG_IS_THERE};
        if (!BASE_PUSH(&out->changes, change))
            status = no_memory(with->err);
    }
    kg_finder_close(finder);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus write_changes(Maintenance *with, const RuleChanges *rules, uint32_t run, Writing *out)
{
    BaseStatus status = renumber(with, rules, run, out);
    for (size_t i = 0; i < with->ledger.facts.count && status == BASE_OK; i++)
        status = note_known(with, &with->ledger.facts.items[i], run, out);
    reasoner_forms_close(with); /* finders do not survive writes */
    if (status == BASE_OK)
        status = kg_change_many(with->txn, KG_INFERRED, out->changes.items, out->changes.count, with->job, with->err);
    return status;
}

/* ---- All of it ----------------------------------------------------------------------------------------------- */

typedef struct Update {
    KgTxn *txn;
    const ReasonerProgram *program;
    KgTracking tracking;
    RuleChanges rules;
    KgChanged *changes;
    size_t change_count;
    ReasonerReport *report;
    BaseJob *job;
    BaseError *err;
} Update;

static BaseStatus maintain(Update *update, const char **hindered)
{
    uint64_t facts = 0;
    Writing writing = {0};
    Maintenance with = {.txn = update->txn, .program = update->program, .job = update->job, .err = update->err};
    const MaintainInput input = {.changes = update->changes,
                                 .change_count = update->change_count,
                                 .new_rules = update->rules.is_any ? update->rules.new_rules : NULL,
                                 .old_rule_count = update->rules.old_count,
                                 .is_added = update->rules.is_any ? update->rules.is_added : NULL};
    const double began = base_wall_seconds();
    BaseStatus status = kg_count(update->txn, KG_FACTS, (KgTriple){0}, &facts, update->err);
    with.work_limit = facts + 100000;
    if (status == BASE_OK)
        status = reasoner_forms_open(&with);
    if (status == BASE_OK)
        status = reasoner_maintain(&with, &input);
    const double derived = base_wall_seconds();
    *hindered = with.given_up;
    const uint64_t looked_at = with.work;
    if (status == BASE_OK && !*hindered)
        status = write_changes(&with, &update->rules, update->tracking.run, &writing);
    reasoner_forms_close(&with);
    update->report->derive_seconds = derived - began;
    update->report->store_seconds = base_wall_seconds() - derived;
    update->report->changes = update->change_count;
    update->report->looked_at = looked_at;
    update->report->added = writing.added;
    update->report->deleted = writing.deleted;
    update->report->changed = writing.changed;
    free(writing.changes.items);
    return status;
}

/* The catalog's run says the rules that its facts follow from now. */
static BaseStatus put_rules(Update *update)
{
    BaseArena arena = {0};
    BaseBuffer text = {0};
    KgRun run;
    BaseStatus status = kg_find_run(update->txn, update->tracking.run, &arena, &run, NULL);
    if (status == BASE_NOT_FOUND) { /* of this transaction */
        run = (KgRun){.id = update->tracking.run, .kind = "reason", .name = "rules", .text = "", .details = "{}"};
        run.time = (int64_t)time(NULL);
        status = BASE_OK;
    }
    if (status == BASE_OK && !reasoner_program_join_texts(update->program, &text))
        status = no_memory(update->err);
    if (status == BASE_OK && strcmp(run.text, text.items) != 0) {
        run.text = text.items;
        status = kg_replace_run(update->txn, &run, update->err);
    }
    base_buffer_free(&text);
    base_arena_free(&arena);
    return status;
}

/* Whether maintenance can be tried; in *hindered why not. */
static BaseStatus look_ahead(Update *update, const ReasonerProgram *tracked, const char **hindered)
{
    const KgTracking *const tracking = &update->tracking;
    BaseStatus status = BASE_OK;
    *hindered = !tracking->is_on                ? "no run is followed"
                : tracking->is_lost             ? "more has changed than is followed"
                : tracking->flags & TRACK_HIDES ? "the last run derived facts that are not stored"
                                                : hindrance(update->program);
    if (!*hindered)
        *hindered = hindrance(tracked);
    if (!*hindered && tracked->rules.count * update->program->rules.count > MOST_PAIRS)
        *hindered = "there are too many rules to compare";
    if (!*hindered && tracked != update->program)
        status = compare_programs(tracked, update->program, &update->rules, update->err);
    if (status == BASE_OK && !*hindered)
        status = kg_tracked(update->txn, &update->changes, &update->change_count, update->err);
    return status;
}

static BaseStatus update_facts(Update *update, const ReasonerProgram *tracked, const ReasonerRunOptions *options,
                               const char **hindered)
{
    uint32_t flags = 0;
    BaseStatus status = look_ahead(update, tracked, hindered);
    if (status == BASE_OK && !*hindered && (update->rules.is_any || update->change_count > 0))
        status = maintain(update, hindered);
    if (status != BASE_OK || *hindered)
        return status;
    update->report->run = update->tracking.run;
    if (tracked != update->program)
        status = put_rules(update);
    if (status == BASE_OK)
        status =
            reasoner_track_flags(update->txn, options ? options->keep : REASONER_KEEP_AS_IT_IS, &flags, update->err);
    return status == BASE_OK ? reasoner_track(update->txn, update->program, update->tracking.run, flags, update->err)
                             : status;
}

BaseStatus reasoner_update(KgTxn *txn, const ReasonerProgram *program, const ReasonerRunOptions *options,
                           ReasonerReport *report, BaseJob *job, BaseError *err)
{
    if (!txn)
        return base_fail(err, BASE_BAD_CALL, "reasoner_update: a transaction is needed");
    const double began = base_wall_seconds(), cpu_began = base_cpu_seconds();
    ReasonerReport figures = {0};
    ReasonerProgram *tracked = NULL, *anew = NULL;
    const char *hindered = NULL;
    Update update = {.txn = txn, .report = &figures, .job = job, .err = err};
    BaseStatus status = kg_tracking(txn, &update.tracking, err);
    if (status == BASE_OK)
        status = parse_tracked(txn, &update.tracking, false, &tracked, err);
    if (status == BASE_OK && !program)
        status = parse_tracked(txn, &update.tracking, true, &anew, err);
    update.program = program ? program : anew ? anew : tracked;
    if (status == BASE_OK && !update.program)
        status = base_fail(err, BASE_BAD_CALL, "no rules have run on this database yet");
    if (status == BASE_OK)
        status = update_facts(&update, tracked, options, &hindered);
    if (status == BASE_OK && hindered) {
        reasoner_report_free(&figures);
        status = reasoner_run(txn, update.program, options, &figures, job, err);
    }
    figures.full_because = hindered;
    figures.is_update = !hindered;
    figures.wall_seconds = base_wall_seconds() - began;
    figures.cpu_seconds = base_cpu_seconds() - cpu_began;
    if (status == BASE_OK && report)
        *report = figures;
    else
        reasoner_report_free(&figures);
    free_changes(&update.rules);
    free(update.changes);
    reasoner_program_free(tracked);
    reasoner_program_free(anew);
    return status;
}

/* ---- Keeping current ----------------------------------------------------------------------------------------- */

static BaseStatus keep_current(void *context, KgTxn *txn, BaseError *err)
{
    (void)context;
    KgTracking tracking;
    const BaseStatus status = kg_tracking(txn, &tracking, err);
    if (status != BASE_OK || !tracking.is_on || !(tracking.flags & TRACK_KEEPS))
        return status;
    return reasoner_update(txn, NULL, NULL, NULL, NULL, err);
}

void reasoner_keep(KgStore *store)
{
    kg_before_commit(store, keep_current, NULL);
}
