/* From what was written to what is evaluated. Parameters get their values, ground calls are computed, and then heads
 * and body atoms are left with variables and constants only: a call in an argument becomes a fresh variable and the
 * comparison `fresh = call`, an aggregate becomes a description beside its head. Faults of translation are told here:
 * the codes 109 to 124, 20x, 21x, 24x and 99x of the language. */
#include "reasoner/lower.h"

#include "reasoner/functions.h"

#include <stdlib.h>
#include <string.h>

/* ---- Expressions --------------------------------------------------------------------------------------------- */

static bool is_ground_term(const Expression *expression)
{
    return expression->kind == EXPRESSION_TERM && !expression->term.is_variable;
}

static bool no_memory(Lowering *lowering)
{
    lowering->no_memory = true;
    return false;
}

/* The program's constants as values, each under its own number. */
static bool sync_values(Lowering *lowering)
{
    const ReasonerProgram *const program = lowering->program;
    for (size_t c = reasoner_values_count(lowering->values); c < program->values.count; c++)
        if (reasoner_values_append(lowering->values, &program->values.items[c]) == NO_VALUE)
            return no_memory(lowering);
    return true;
}

/* A ground call becomes the constant that it computes. */
static bool fold(Lowering *lowering, Expression *call)
{
    uint32_t number;
    if (!sync_values(lowering))
        return false;
    if (!reasoner_compute(call, NULL, lowering->values, &number)) {
        lowering->has_no_value = true;
        return !reasoner_values_failed(lowering->values) || no_memory(lowering);
    }
    if (number >= lowering->program->constants.count) {
        const Value value = reasoner_value(lowering->values, number);
        if (reasoner_program_value(lowering->program, &value) != number)
            return no_memory(lowering);
    }
    call->kind = EXPRESSION_TERM;
    call->term = (Term){.index = number, .place = call->place};
    return true;
}

static bool resolve_parameter(Lowering *lowering, Expression *use)
{
    Parameter *const parameter = &lowering->program->parameters.items[use->index];
    if (parameter->is_resolving && !parameter->is_resolved) {
        reasoner_fault(lowering->faults, use->place, NULL, "[240] the parameter $%s is defined by itself",
                       parameter->name);
        return false;
    }
    if (!parameter->is_resolved) {
        parameter->is_resolving = true;
        if (!parameter->definition)
            reasoner_fault(lowering->faults, use->place, "define it with @parameter, or give it with --param",
                           "[241] the parameter $%s has no value", parameter->name);
        else if (reasoner_resolve(lowering, parameter->definition)) {
            parameter->value = lowering->program->parameters.items[use->index].definition;
            if (reasoner_is_open(parameter->value)) {
                reasoner_fault(lowering->faults, parameter->place, "it may hold constants, parameters and functions",
                               "[242] the value of $%s is not ground", parameter->name);
                parameter->value = NULL;
            }
        }
        parameter->is_resolved = true;
    }
    if (!parameter->value)
        return false;
    const Place place = use->place;
    *use = *parameter->value;
    use->place = use->term.place = place;
    return true;
}

bool reasoner_resolve(Lowering *lowering, Expression *expression)
{
    if (expression->kind == EXPRESSION_PARAMETER)
        return resolve_parameter(lowering, expression);
    bool is_ground = expression->kind == EXPRESSION_CALL;
    for (uint32_t i = 0; i < expression->count; i++) {
        if (!reasoner_resolve(lowering, expression->arguments[i]))
            return false;
        is_ground = is_ground && is_ground_term(expression->arguments[i]);
    }
    return !is_ground || fold(lowering, expression);
}

bool reasoner_is_open(const Expression *expression)
{
    if ((expression->kind == EXPRESSION_TERM && expression->term.is_variable) ||
        expression->kind == EXPRESSION_ANONYMOUS || expression->kind == EXPRESSION_AGGREGATE)
        return true;
    for (uint32_t i = 0; i < expression->count; i++)
        if (reasoner_is_open(expression->arguments[i]))
            return true;
    return false;
}

/* ---- One rule ------------------------------------------------------------------------------------------------ */

static bool fault(Lowering *lowering, Place place, const char *hint, const char *message)
{
    reasoner_fault(lowering->faults, place, hint, "%s", message);
    return false;
}

static bool add_variable(Lowering *lowering, const char *name, Place place, Term *out)
{
    if (!BASE_PUSH(&lowering->variables, name))
        return no_memory(lowering);
    *out = (Term){.is_variable = true, .index = (uint32_t)lowering->variables.count - 1, .place = place};
    return true;
}

/* A fresh variable that holds the call's value. */
static bool name_call(Lowering *lowering, const Expression *call, bool is_of_head, Term *out)
{
    if (!add_variable(lowering, "_", call->place, out))
        return false;
    const Literal literal = {
        .is_comparison = true,
        .comparison = {.left = {.term = *out},
                       .right = {.expression = call},
                       .is_of_head = is_of_head,
                       .place = call->place},
    };
    return BASE_PUSH(&lowering->body, literal) || no_memory(lowering);
}

/* Within a call: terms and calls only. */
bool reasoner_check_call(Lowering *lowering, const Expression *expression)
{
    switch (expression->kind) {
    case EXPRESSION_TERM:
        return !expression->term.is_existential ||
               fault(lowering, expression->place, NULL, "[201] an existential variable stands alone, in a head");
    case EXPRESSION_ANONYMOUS:
        return fault(lowering, expression->place, "name the variable", "[218] `_` has no value to compute with");
    case EXPRESSION_AGGREGATE:
        return fault(lowering, expression->place, NULL, "[206] aggregates stand in heads only");
    case EXPRESSION_FUNCTOR:
    case EXPRESSION_TUPLE:
    case EXPRESSION_MAP:
        return reasoner_refuse_compound(lowering, expression);
    default:
        break;
    }
    bool is_fine = true;
    for (uint32_t i = 0; i < expression->count; i++)
        is_fine = reasoner_check_call(lowering, expression->arguments[i]) && is_fine;
    return is_fine;
}

bool reasoner_refuse_compound(Lowering *lowering, const Expression *expression)
{
    char hint[80] = "they serve in the options of @import and @export";
    const char *const near = expression->kind == EXPRESSION_FUNCTOR ? reasoner_near_function(expression->name) : NULL;
    if (near)
        snprintf(hint, sizeof hint, "did you mean %s?", near);
    if (expression->kind == EXPRESSION_FUNCTOR)
        reasoner_fault(lowering->faults, expression->place, hint,
                       "[996] `%s(...)` is no function; compound terms are not for rules and facts", expression->name);
    else
        reasoner_fault(lowering->faults, expression->place, hint, "[996] a %s cannot stand in a rule or a fact",
                       expression->kind == EXPRESSION_TUPLE ? "tuple" : "map");
    return false;
}

/* A body atom's or a head's argument as a term. */
static bool lower_argument(Lowering *lowering, Expression *argument, bool is_head, Term *out)
{
    if (!reasoner_resolve(lowering, argument))
        return false;
    if (argument->kind == EXPRESSION_TERM) {
        *out = argument->term;
        if (out->is_existential && !is_head)
            return fault(lowering, argument->place, NULL, "[201] existential variables (`!`) stand in heads only");
        return true;
    }
    if (argument->kind == EXPRESSION_ANONYMOUS) {
        if (is_head)
            return fault(lowering, argument->place, "name the variable", "[203] `_` cannot stand in a head");
        return add_variable(lowering, "_", argument->place, out);
    }
    if (!reasoner_check_call(lowering, argument))
        return false;
    lowering->has_expression = true;
    return name_call(lowering, argument, is_head, out);
}

static bool lower_atom(Lowering *lowering, Atom *atom, bool is_head)
{
    bool is_fine = true;
    atom->terms = base_arena_alloc(&lowering->program->arena, atom->count + 1, sizeof *atom->terms);
    if (!atom->terms)
        return no_memory(lowering);
    for (uint32_t i = 0; i < atom->count; i++) {
        Expression *const aggregate = is_head ? reasoner_find_aggregate(atom->written[i]) : NULL;
        is_fine = (aggregate ? reasoner_lower_aggregate(lowering, atom, i)
                             : lower_argument(lowering, atom->written[i], is_head, &atom->terms[i])) &&
                  is_fine;
    }
    if (is_head && lowering->program->predicates.items[atom->predicate].external) {
        reasoner_fault(lowering->faults, atom->place, "it stands in bodies only",
                       "%s is external: no rule or fact can give it",
                       lowering->program->predicates.items[atom->predicate].name);
        return false;
    }
    return is_fine && (!atom->aggregate || reasoner_group(lowering, atom));
}

static bool lower_operand(Lowering *lowering, Operand *operand)
{
    Expression *const expression = (Expression *)(uintptr_t)operand->expression;
    if (!reasoner_resolve(lowering, expression) || !reasoner_check_call(lowering, expression))
        return false;
    if (expression->kind != EXPRESSION_TERM) {
        lowering->has_expression = true;
        return true;
    }
    operand->term = expression->term;
    operand->expression = NULL;
    return true;
}

bool reasoner_name_input(Lowering *lowering, Expression *expression, Term *out)
{
    if (!reasoner_resolve(lowering, expression) || !reasoner_check_call(lowering, expression))
        return false;
    *out = expression->term;
    return expression->kind == EXPRESSION_TERM || name_call(lowering, expression, true, out);
}

/* Facts stand alone: no variables and no aggregates. */
static bool check_fact(Lowering *lowering, const Expression *argument)
{
    if (argument->kind == EXPRESSION_AGGREGATE)
        return fault(lowering, argument->place, NULL, "[228] a fact cannot have an aggregate");
    if (argument->kind == EXPRESSION_TERM && argument->term.is_variable) {
        reasoner_fault(lowering->faults, argument->place, "a rule needs `:-` and a body that binds its variables",
                       "[208] variable %s in a fact", lowering->rule->variables[argument->term.index]);
        return false;
    }
    for (uint32_t i = 0; i < argument->count; i++)
        if (!check_fact(lowering, argument->arguments[i]))
            return false;
    return true;
}

static bool lower_literals(Lowering *lowering, Rule *rule)
{
    bool is_fine = true;
    for (uint32_t h = 0; h < rule->head_count && rule->body_count == 0; h++)
        for (uint32_t i = 0; i < rule->heads[h].count; i++)
            if (!check_fact(lowering, rule->heads[h].written[i]))
                return false;
    for (uint32_t b = 0; b < rule->body_count; b++) {
        Literal literal = rule->body[b];
        if (literal.is_comparison) { /* faults of both sides are told */
            is_fine = lower_operand(lowering, &literal.comparison.left) && is_fine;
            is_fine = lower_operand(lowering, &literal.comparison.right) && is_fine;
        } else {
            is_fine = lower_atom(lowering, &literal.atom, false) && is_fine;
        }
        if (!BASE_PUSH(&lowering->body, literal))
            return no_memory(lowering);
    }
    for (uint32_t h = 0; h < rule->head_count; h++)
        is_fine = lower_atom(lowering, &rule->heads[h], true) && is_fine;
    return is_fine && !lowering->no_memory;
}

static void *copy_items(Lowering *lowering, const void *items, size_t count, size_t size)
{
    void *const copy = base_arena_alloc(&lowering->program->arena, count + 1, size);
    if (!copy)
        no_memory(lowering);
    else if (count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

static bool keep_rule(Lowering *lowering, Rule *rule)
{
    rule->variable_count = (uint32_t)lowering->variables.count;
    rule->body_count = (uint32_t)lowering->body.count;
    rule->variables = copy_items(lowering, lowering->variables.items, rule->variable_count, sizeof *rule->variables);
    rule->body = copy_items(lowering, lowering->body.items, rule->body_count, sizeof *rule->body);
    rule->is_safe = base_arena_alloc(&lowering->program->arena, rule->variable_count + 1, sizeof *rule->is_safe);
    if (lowering->no_memory || !rule->is_safe)
        return no_memory(lowering);
    for (uint32_t h = 0; h < rule->head_count; h++) {
        rule->has_aggregate |= rule->heads[h].aggregate != NULL;
        for (uint32_t i = 0; i < rule->heads[h].count; i++)
            rule->has_existential |= rule->heads[h].terms[i].is_existential;
    }
    rule->has_expression = lowering->has_expression;
    return true;
}

/* A constraint's head holds the variables that its body binds, so that each violation is a fact that tells its
 * instance; each constraint has a predicate of its own, inside the program. */
static bool make_violation(Lowering *lowering, Rule *rule, size_t number)
{
    ReasonerProgram *const program = lowering->program;
    char name[48];
    Atom *const head = &rule->heads[0];
    const int length = snprintf(name, sizeof name, "#false:%zu", number);
    head->terms = base_arena_alloc(&program->arena, rule->variable_count + 1, sizeof *head->terms);
    if (!head->terms)
        return no_memory(lowering);
    for (uint32_t v = 0; v < rule->variable_count && head->count < ARITY_LIMIT; v++)
        if (rule->is_safe[v] && strcmp(rule->variables[v], "_") != 0)
            head->terms[head->count++] = (Term){.is_variable = true, .index = v, .place = head->place};
    if (head->count == 0) /* no variables: one violation at most */
        head->terms[head->count++] = (Term){.index = program->type_constant, .place = head->place};
    head->predicate = reasoner_program_predicate(program, PREDICATE_LOCAL, (KgText){name, (size_t)length}, head->count);
    if (head->predicate == NOWHERE)
        return no_memory(lowering);
    program->predicates.items[head->predicate].is_written = true;
    program->predicates.items[head->predicate].is_violation = true;
    return true;
}

/* Every universal variable that stands once in the rule: likely a slip of the pen. */
static void warn_of_singletons(Lowering *lowering, const Rule *rule);

static bool lower_whole(Lowering *lowering, Rule *rule)
{
    const bool is_fact = rule->body_count == 0;
    if (!lower_literals(lowering, rule) || !keep_rule(lowering, rule))
        return false;
    if (lowering->has_no_value) {
        reasoner_warn(lowering->faults, rule->place,
                      "look for a division by zero, an overflow, or a value of another type",
                      "[238] an expression here has no value, so this %s gives nothing", is_fact ? "fact" : "rule");
        rule->is_void = true;
        return true;
    }
    for (uint32_t b = 0; b < rule->body_count; b++)
        rule->has_external |= reasoner_is_external(lowering->program, &rule->body[b]);
    const size_t before = lowering->faults->count;
    return reasoner_check_rule(lowering->program, rule, lowering->faults) ? lowering->faults->count == before
                                                                          : no_memory(lowering);
}

/* Of a faulty rule the faults are told, and no singletons: most come of the fault. */
static bool lower_rule(Lowering *lowering, Rule *rule)
{
    lowering->rule = rule;
    lowering->variables.count = lowering->body.count = 0;
    lowering->has_no_value = lowering->has_expression = false;
    for (uint32_t v = 0; v < rule->variable_count; v++)
        if (!BASE_PUSH(&lowering->variables, rule->variables[v]))
            return no_memory(lowering);
    const size_t before = lowering->faults->told.count;
    if (!rule->is_constraint)
        warn_of_singletons(lowering, rule);
    const size_t after = lowering->faults->told.count;
    const bool is_fine = lower_whole(lowering, rule);
    if (!is_fine)
        reasoner_forget_faults(lowering->faults, before, after);
    return is_fine;
}

/* ---- Singletons ---------------------------------------------------------------------------------------------- */

static void count_uses(const Expression *expression, uint32_t *uses, Place *places)
{
    if (expression->kind == EXPRESSION_TERM && expression->term.is_variable) {
        uses[expression->term.index]++;
        places[expression->term.index] = expression->place;
    }
    for (uint32_t i = 0; i < expression->count; i++)
        count_uses(expression->arguments[i], uses, places);
}

static void count_atom(const Atom *atom, uint32_t *uses, Place *places)
{
    for (uint32_t i = 0; i < atom->count; i++)
        count_uses(atom->written[i], uses, places);
}

static void warn_of_singletons(Lowering *lowering, const Rule *rule)
{
    uint32_t *const uses = calloc(rule->variable_count + 1, sizeof *uses);
    Place *const places = calloc(rule->variable_count + 1, sizeof *places);
    for (uint32_t h = 0; uses && places && h < rule->head_count; h++)
        count_atom(&rule->heads[h], uses, places);
    for (uint32_t b = 0; uses && places && b < rule->body_count; b++) {
        if (!rule->body[b].is_comparison) {
            count_atom(&rule->body[b].atom, uses, places);
        } else {
            count_uses(rule->body[b].comparison.left.expression, uses, places);
            count_uses(rule->body[b].comparison.right.expression, uses, places);
        }
    }
    if (rule->display && uses && places)
        count_uses(rule->display, uses, places);
    for (uint32_t v = 0; uses && places && rule->body_count > 0 && v < rule->variable_count; v++)
        if (uses[v] == 1 && rule->variables[v][0] == '?')
            reasoner_warn(lowering->faults, places[v], "write _ when any value will do",
                          "variable %s stands only once in this rule", rule->variables[v]);
    free(uses);
    free(places);
}

/* ---- All ----------------------------------------------------------------------------------------------------- */

/* Void rules and faulty ones go, so that what follows sees whole rules only. */
static void drop_rules(ReasonerProgram *program)
{
    size_t kept = 0;
    for (size_t r = 0; r < program->rules.count; r++)
        if (!program->rules.items[r].is_void)
            program->rules.items[kept++] = program->rules.items[r];
    program->rules.count = kept;
}

static bool lower_rules(Lowering *lowering)
{
    ReasonerProgram *const program = lowering->program;
    for (size_t p = 0; p < program->parameters.count; p++) {
        Expression use = {
            .kind = EXPRESSION_PARAMETER, .index = (uint32_t)p, .place = program->parameters.items[p].place};
        lowering->has_no_value = false;
        if (program->parameters.items[p].definition)
            resolve_parameter(lowering, &use);
    }
    for (size_t r = 0; r < program->rules.count && !lowering->no_memory; r++) {
        Rule *const rule = &program->rules.items[r];
        if (!lower_rule(lowering, rule))
            rule->is_void = true;
        else if (rule->is_constraint && !rule->is_void && !make_violation(lowering, rule, r))
            return no_memory(lowering);
        program->needs_values |=
            !rule->is_void && (rule->has_aggregate || rule->has_existential || rule->has_expression);
    }
    drop_rules(program);
    return !lowering->no_memory;
}

BaseStatus reasoner_lower(ReasonerProgram *program, Faults *faults, BaseError *err)
{
    Lowering lowering = {.program = program, .faults = faults, .values = reasoner_values_new()};
    const bool is_fine = lowering.values && lower_rules(&lowering) && reasoner_lower_transfers(&lowering);
    reasoner_values_free(lowering.values);
    free(lowering.variables.items);
    free(lowering.body.items);
    return is_fine ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for the rules");
}
