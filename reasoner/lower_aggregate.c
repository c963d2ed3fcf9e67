/* Aggregates of heads (section 7.3 of the language): what is folded, over what it is distinct, and by what it is
 * grouped. */
#include "reasoner/lower.h"

#include "reasoner/functions.h"

#include <string.h>

Expression *reasoner_find_aggregate(Expression *expression)
{
    if (expression->kind == EXPRESSION_AGGREGATE)
        return expression;
    for (uint32_t i = 0; i < expression->count; i++) {
        Expression *const found = reasoner_find_aggregate(expression->arguments[i]);
        if (found)
            return found;
    }
    return NULL;
}

static size_t count_aggregates(const Expression *expression)
{
    size_t count = expression->kind == EXPRESSION_AGGREGATE;
    for (uint32_t i = 0; i < expression->count; i++)
        count += count_aggregates(expression->arguments[i]);
    return count;
}

static bool fault(Lowering *lowering, Place place, const char *hint, const char *message)
{
    reasoner_fault(lowering->faults, place, hint, "%s", message);
    return false;
}

static bool no_memory(Lowering *lowering)
{
    lowering->no_memory = true;
    return false;
}

static bool add_variable(Lowering *lowering, Place place, Term *out)
{
    *out = (Term){.is_variable = true, .index = (uint32_t)lowering->variables.count, .place = place};
    return BASE_PUSH(&lowering->variables, "_") || no_memory(lowering);
}

/* #count takes anything; the others numbers, where that can be seen. */
static bool check_input(Lowering *lowering, const Expression *aggregate)
{
    const Expression *const input = aggregate->arguments[0];
    const Value *const constant = input->kind == EXPRESSION_TERM && !input->term.is_variable
                                      ? &lowering->program->values.items[input->term.index]
                                      : NULL;
    const bool is_text = input->kind == EXPRESSION_CALL && !reasoner_gives_number(input->function);
    if (aggregate->aggregate == AGGREGATE_COUNT ||
        (!is_text && (!constant || constant->kind == VALUE_INTEGER || constant->kind == VALUE_FLOAT ||
                      constant->kind == VALUE_DOUBLE)))
        return true;
    return fault(lowering, input->place, "#count counts any values", "[212] only numbers can be aggregated so");
}

static bool has_term(const Term *terms, uint32_t count, Term term)
{
    for (uint32_t i = 0; i < count; i++)
        if (terms[i].index == term.index)
            return true;
    return false;
}

static bool lower_distinct(Lowering *lowering, const Expression *written, Aggregate *aggregate)
{
    Term *const distinct = base_arena_alloc(&lowering->program->arena, written->count, sizeof *distinct);
    if (!distinct)
        return no_memory(lowering);
    aggregate->distinct = distinct;
    for (uint32_t i = 1; i < written->count; i++) {
        const Expression *const item = written->arguments[i];
        if (item->kind != EXPRESSION_TERM || !item->term.is_variable)
            return fault(lowering, item->place, NULL, "[109] behind what is aggregated only variables may stand");
        if (item->term.is_existential)
            return fault(lowering, item->place, NULL, "[215] an existential variable cannot make values distinct");
        if (has_term(distinct, aggregate->distinct_count, item->term))
            reasoner_warn(lowering->faults, item->place, NULL, "[213] a variable stands here again, to no effect");
        else
            distinct[aggregate->distinct_count++] = item->term;
    }
    return true;
}

/* A copy of the expression with the aggregate replaced by its folded value. */
static Expression *copy_around(Lowering *lowering, const Expression *expression, const Term *folded)
{
    Expression *const copy = base_arena_alloc(&lowering->program->arena, 1, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *expression;
    if (expression->kind == EXPRESSION_AGGREGATE) {
        *copy = (Expression){.kind = EXPRESSION_TERM, .term = *folded, .place = expression->place};
        return copy;
    }
    copy->arguments = base_arena_alloc(&lowering->program->arena, expression->count + 1, sizeof(Expression *));
    for (uint32_t i = 0; copy->arguments && i < expression->count; i++)
        if (!(copy->arguments[i] = copy_around(lowering, expression->arguments[i], folded)))
            return NULL;
    return copy->arguments ? copy : NULL;
}

bool reasoner_lower_aggregate(Lowering *lowering, Atom *atom, uint32_t column)
{
    Expression *const argument = atom->written[column], *const written = reasoner_find_aggregate(argument);
    if (atom->aggregate || count_aggregates(argument) > 1)
        return fault(lowering, written->place, "use one rule for each", "[999] an atom has one aggregate at most");
    Aggregate *const aggregate = base_arena_alloc(&lowering->program->arena, 1, sizeof *aggregate);
    if (!aggregate)
        return no_memory(lowering);
    *aggregate = (Aggregate){.kind = written->aggregate, .column = column, .place = written->place};
    if (!reasoner_name_input(lowering, written->arguments[0], &aggregate->input) || !check_input(lowering, written) ||
        !lower_distinct(lowering, written, aggregate))
        return false;
    Term folded, result;
    if (!add_variable(lowering, written->place, &folded))
        return false;
    result = folded;
    if (argument != written) {
        if (!add_variable(lowering, argument->place, &result))
            return false;
        Expression *const around = copy_around(lowering, argument, &folded);
        if (!around)
            return no_memory(lowering);
        if (!reasoner_resolve(lowering, around) || !reasoner_check_call(lowering, around))
            return false;
        aggregate->around = around;
        lowering->has_expression = true;
    }
    aggregate->folded = folded.index;
    aggregate->result = result.index;
    atom->terms[column] = result;
    atom->aggregate = aggregate;
    return true;
}

/* ---- Groups -------------------------------------------------------------------------------------------------- */

static bool add_group(Lowering *lowering, Term *groups, Aggregate *aggregate, Term term)
{
    if (!term.is_variable || term.index == aggregate->folded || term.index == aggregate->result ||
        has_term(groups, aggregate->group_count, term))
        return true;
    if (aggregate->input.is_variable && aggregate->input.index == term.index)
        return fault(lowering, aggregate->place, "within a group it has one value only",
                     "[214] what is aggregated also makes the groups");
    groups[aggregate->group_count++] = term;
    return true;
}

static bool add_groups_of(Lowering *lowering, Term *groups, Aggregate *aggregate, const Expression *expression)
{
    if (expression->kind == EXPRESSION_TERM && !add_group(lowering, groups, aggregate, expression->term))
        return false;
    for (uint32_t i = 0; i < expression->count; i++)
        if (!add_groups_of(lowering, groups, aggregate, expression->arguments[i]))
            return false;
    return true;
}

bool reasoner_group(Lowering *lowering, Atom *atom)
{
    Aggregate *const aggregate = atom->aggregate;
    Term *const groups = base_arena_alloc(&lowering->program->arena, lowering->variables.count + 1, sizeof *groups);
    if (!groups)
        return no_memory(lowering);
    aggregate->groups = groups;
    for (uint32_t h = 0; h < lowering->rule->head_count; h++) {
        const Atom *const head = &lowering->rule->heads[h];
        for (uint32_t i = 0; i < head->count; i++)
            if (head->written[i]->kind == EXPRESSION_TERM && head->written[i]->term.is_existential)
                return fault(lowering, aggregate->place, "use two rules",
                             "[998] a rule has no aggregate beside existential variables");
    }
    for (uint32_t i = 0; i < atom->count; i++)
        if (i != aggregate->column && !add_group(lowering, groups, aggregate, atom->terms[i]))
            return false;
    return !aggregate->around || add_groups_of(lowering, groups, aggregate, aggregate->around);
}
