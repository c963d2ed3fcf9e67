/* Which rules run: those that an output may depend on, and constraints. Backwards from what @output and @export name
 * through bodies to heads, until nothing changes. */
#include "reasoner/program.h"

static bool has_goals(const ReasonerProgram *program)
{
    if (program->outputs.count > 0)
        return true;
    for (size_t t = 0; t < program->transfers.count; t++)
        if (program->transfers.items[t].is_export)
            return true;
    return false;
}

static void mark_goals(ReasonerProgram *program)
{
    for (size_t p = 0; p < program->predicates.count; p++)
        program->predicates.items[p].is_needed = program->predicates.items[p].is_output;
    for (size_t t = 0; t < program->transfers.count; t++)
        if (program->transfers.items[t].is_export && program->transfers.items[t].found != NOWHERE)
            program->predicates.items[program->transfers.items[t].found].is_needed = true;
}

static bool is_wanted(const ReasonerProgram *program, const Rule *rule)
{
    for (uint32_t h = 0; h < rule->head_count; h++)
        if (program->predicates.items[rule->heads[h].meant].is_needed)
            return true;
    return rule->is_constraint;
}

/* The rule is needed, and so is all that its body reads, and its heads (they come together). */
static void need_rule(ReasonerProgram *program, Rule *rule)
{
    rule->is_needed = true;
    for (uint32_t b = 0; b < rule->body_count; b++)
        if (!rule->body[b].is_comparison)
            program->predicates.items[rule->body[b].atom.meant].is_needed = true;
}

void reasoner_find_needs(ReasonerProgram *program, Faults *faults)
{
    const bool is_open = !has_goals(program);
    for (size_t p = 0; p < program->predicates.count; p++)
        program->predicates.items[p].is_needed = true;
    if (is_open || !program->for_files)
        return;
    mark_goals(program);
    for (size_t r = 0; r < program->rules.count; r++)
        program->rules.items[r].is_needed = false;
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (size_t r = 0; r < program->rules.count; r++) {
            Rule *const rule = &program->rules.items[r];
            if (rule->is_needed || !is_wanted(program, rule))
                continue;
            need_rule(program, rule);
            is_changed = true;
        }
    }
    for (size_t r = 0; r < program->rules.count; r++) {
        const Rule *const rule = &program->rules.items[r];
        if (!rule->is_needed && rule->body_count > 0)
            reasoner_warn(faults, rule->place, "name its predicate with @output or @export, or take the rule away",
                          "no output needs this rule");
    }
}
