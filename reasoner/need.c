/* Which rules run: those that an output may depend on, and constraints. Backwards from what @output and @export name
 * through bodies to heads, by relations (predicates that a view covers share one), until nothing changes. */
#include "reasoner/hints.h"

#include <stdlib.h>

/* Views put out whatever they cover, so with one among the outputs every rule is needed. */
static bool is_view(const ReasonerProgram *program, const Predicate *predicate)
{
    return !program->for_files && (!predicate->is_meant || predicate->kind == PREDICATE_TRIPLE ||
                                   predicate->constant == program->type_constant);
}

static bool has_goals(const ReasonerProgram *program)
{
    bool has_some = program->outputs.count > 0;
    for (size_t t = 0; t < program->transfers.count; t++)
        has_some |= program->transfers.items[t].is_export;
    for (size_t p = 0; p < program->predicates.count; p++)
        if (program->predicates.items[p].is_output && is_view(program, &program->predicates.items[p]))
            return false;
    return has_some;
}

static void mark_goals(ReasonerProgram *program)
{
    for (size_t p = 0; p < program->predicates.count; p++)
        program->predicates.items[p].is_needed = program->predicates.items[p].is_output;
    for (size_t t = 0; t < program->transfers.count; t++)
        if (program->transfers.items[t].is_export && program->transfers.items[t].found != NOWHERE)
            program->predicates.items[program->transfers.items[t].found].is_needed = true;
}

static bool is_wanted(const ReasonerProgram *program, const Rule *rule, const bool *is_read)
{
    for (uint32_t h = 0; h < rule->head_count; h++)
        if (program->predicates.items[rule->heads[h].meant].is_needed || is_read[rule->heads[h].relation])
            return true;
    return rule->is_constraint;
}

/* The rule is needed, and so is all that its body reads, and what its existential heads may find. */
static void need_rule(ReasonerProgram *program, Rule *rule, bool *is_read)
{
    rule->is_needed = true;
    for (uint32_t b = 0; b < rule->body_count; b++) {
        if (rule->body[b].is_comparison)
            continue;
        program->predicates.items[rule->body[b].atom.meant].is_needed = true;
        is_read[rule->body[b].atom.relation] = true;
    }
    for (uint32_t h = 0; h < rule->head_count && rule->has_existential; h++) {
        program->predicates.items[rule->heads[h].meant].is_needed = true;
        is_read[rule->heads[h].relation] = true;
    }
}

static bool need_rules(ReasonerProgram *program)
{
    bool *const is_read = calloc(program->relations.count + 1, sizeof *is_read);
    for (bool is_changed = is_read != NULL; is_changed;) {
        is_changed = false;
        for (size_t r = 0; r < program->rules.count; r++) {
            Rule *const rule = &program->rules.items[r];
            if (rule->is_needed || !is_wanted(program, rule, is_read))
                continue;
            need_rule(program, rule, is_read);
            is_changed = true;
        }
    }
    free(is_read);
    return is_read != NULL;
}

static bool is_imported(const ReasonerProgram *program, uint32_t predicate)
{
    for (size_t t = 0; t < program->transfers.count; t++)
        if (!program->transfers.items[t].is_export && program->transfers.items[t].found == predicate)
            return true;
    return false;
}

/* Of a program by itself: predicates of bodies that have no tuples, whatever happens. */
static void warn_of_empty(const ReasonerProgram *program, Faults *faults)
{
    const char **const names = calloc(program->predicates.count + 1, sizeof *names);
    bool *const is_told = calloc(program->predicates.count + 1, sizeof *is_told);
    size_t count = 0;
    for (uint32_t p = 0; names && is_told && p < program->predicates.count; p++) {
        is_told[p] =
            program->predicates.items[p].is_head || program->predicates.items[p].external || is_imported(program, p);
        if (is_told[p])
            names[count++] = program->predicates.items[p].name;
    }
    for (size_t r = 0; names && is_told && r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        for (uint32_t b = 0; b < rule->body_count; b++) {
            const Atom *const atom = &rule->body[b].atom;
            char hint[HINT_BYTES];
            if (rule->body[b].is_comparison || is_told[atom->meant])
                continue;
            const char *const name = program->predicates.items[atom->meant].name;
            is_told[atom->meant] = true;
            reasoner_warn(faults, program->predicates.items[atom->meant].place,
                          reasoner_near_hint(name, names, count, "it is empty", hint),
                          "no fact, rule or @import gives %s", name);
        }
    }
    free(names);
    free(is_told);
}

BaseStatus reasoner_find_needs(ReasonerProgram *program, Faults *faults, BaseError *err)
{
    if (program->for_files)
        warn_of_empty(program, faults);
    const bool is_open = !has_goals(program);
    for (size_t p = 0; p < program->predicates.count; p++)
        program->predicates.items[p].is_needed = true;
    if (is_open)
        return BASE_OK;
    mark_goals(program);
    for (size_t r = 0; r < program->rules.count; r++)
        program->rules.items[r].is_needed = false;
    if (!need_rules(program))
        return base_fail(err, BASE_NO_MEMORY, "no memory for the rules");
    for (size_t r = 0; r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        if (!rule->is_needed && rule->body_count > 0)
            reasoner_warn(faults, rule->place,
                          program->for_files ? "name its predicate with @output or @export, or take the rule away"
                                             : "name its predicate with @output, or take the rule away",
                          "no output needs this rule");
    }
    return BASE_OK;
}
