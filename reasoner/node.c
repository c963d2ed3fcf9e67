/* What a node of a proof says: "dog.n.01 is_a canine.n.02", "not x hyponym _", "3 < 5", "p(a, b, c)". */
#include "reasoner/explain.h"
#include "reasoner/functions.h"

#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

static bool add_text(BaseBuffer *out, const char *text)
{
    return base_buffer_add(out, text, strlen(text));
}

/* A term; an open one by its variable's name. */
static BaseStatus add_term(const Case *with, uint32_t term, const char *variable, BaseBuffer *out, BaseError *err)
{
    if (term == OPEN_TERM)
        return add_text(out, variable) ? BASE_OK : no_memory(err);
    if (with->txn && term == with->program->type_constant)
        return add_text(out, "rdf:type") ? BASE_OK : no_memory(err);
    return reasoner_facts_write(with->facts, term, out, err);
}

static const char *variable_name(const Rule *rule, const Term *arguments, uint32_t c)
{
    return rule && arguments[c].is_variable ? rule->variables[arguments[c].index] : "_";
}

static BaseStatus copy_out(const Case *with, BaseBuffer *buffer, const char **out, BaseError *err)
{
    *out = base_arena_copy(with->arena, buffer->count ? buffer->items : "", buffer->count);
    buffer->count = 0;
    return *out ? BASE_OK : no_memory(err);
}

/* ---- Facts --------------------------------------------------------------------------------------------------- */

/* A tuple of a relation, or what of it is known; `rule` and `arguments` name its open places, and may be NULL when
 * there are none. */
typedef struct Said {
    const uint32_t *tuple;
    const Rule *rule;
    const Term *arguments;
    bool is_negated;
} Said;

static BaseStatus write_argument(const Case *with, const Said *said, uint32_t c, BaseBuffer *scratch, const char **out,
                                 BaseError *err)
{
    const BaseStatus status =
        add_term(with, said->tuple[c], variable_name(said->rule, said->arguments, c), scratch, err);
    return status == BASE_OK ? copy_out(with, scratch, out, err) : status;
}

static BaseStatus write_constant(const Case *with, uint32_t constant, BaseBuffer *scratch, const char **out,
                                 BaseError *err)
{
    const BaseStatus status = add_term(with, constant, "_", scratch, err);
    return status == BASE_OK ? copy_out(with, scratch, out, err) : status;
}

/* Subject, predicate and object, or a predicate's name and its arguments. */
static BaseStatus write_terms(const Case *with, uint32_t relation, const Said *said, BaseBuffer *scratch,
                              ReasonerProof *node, BaseError *err)
{
    const RelationShape *const shape = &with->program->relations.items[relation];
    const Predicate *const predicate = &with->program->predicates.items[shape->predicate];
    const bool is_local = shape->kind == PREDICATE_LOCAL;
    const char **const terms = base_arena_alloc(with->arena, is_local ? shape->arity + 1 : 3, sizeof *terms);
    BaseStatus status = terms ? BASE_OK : no_memory(err);
    node->terms = terms;
    node->term_count = is_local ? shape->arity + 1 : 3;
    if (status == BASE_OK && is_local) {
        terms[0] = base_arena_copy(with->arena, predicate->name, strlen(predicate->name));
        status = terms[0] ? BASE_OK : no_memory(err);
        for (uint32_t c = 0; c < shape->arity && status == BASE_OK; c++)
            status = write_argument(with, said, c, scratch, &terms[c + 1], err);
        return status;
    }
    if (status == BASE_OK)
        status = write_argument(with, said, 0, scratch, &terms[0], err);
    if (status == BASE_OK && shape->kind == PREDICATE_TRIPLE)
        status = write_argument(with, said, 1, scratch, &terms[1], err);
    else if (status == BASE_OK)
        status =
            write_constant(with, shape->kind == PREDICATE_CLASS ? with->program->type_constant : predicate->constant,
                           scratch, &terms[1], err);
    if (status == BASE_OK && shape->kind == PREDICATE_CLASS)
        status = write_constant(with, predicate->constant, scratch, &terms[2], err);
    else if (status == BASE_OK)
        status = write_argument(with, said, shape->arity - 1, scratch, &terms[2], err);
    return status;
}

static bool join_terms(const ReasonerProof *node, bool is_local, bool is_negated, BaseBuffer *out)
{
    bool is_fine = add_text(out, is_negated ? "not " : "") && add_text(out, node->terms[0]);
    for (uint32_t t = 1; t < node->term_count && is_fine; t++)
        is_fine = add_text(out, !is_local ? " " : t == 1 ? "(" : ", ") && add_text(out, node->terms[t]);
    return is_fine && add_text(out, is_local ? ")" : "");
}

static BaseStatus say_fact(const Case *with, uint32_t relation, const Said *said, ReasonerProof **out, BaseError *err)
{
    BaseBuffer scratch = {0};
    ReasonerProof *const node = base_arena_alloc(with->arena, 1, sizeof *node);
    const bool is_local = with->program->relations.items[relation].kind == PREDICATE_LOCAL;
    *out = node;
    BaseStatus status = node ? write_terms(with, relation, said, &scratch, node, err) : no_memory(err);
    if (status == BASE_OK && !join_terms(node, is_local, said->is_negated, &scratch))
        status = no_memory(err);
    if (status == BASE_OK)
        status = copy_out(with, &scratch, &node->text, err);
    if (status == BASE_OK)
        node->is_triple = reasoner_facts_triple(with->facts, relation, said->tuple, &node->triple);
    base_buffer_free(&scratch);
    return status;
}

BaseStatus reasoner_node_fact(const Case *with, uint32_t relation, const uint32_t *tuple, ReasonerProof **out,
                              BaseError *err)
{
    return say_fact(with, relation, &(Said){.tuple = tuple}, out, err);
}

/* ---- Comparisons --------------------------------------------------------------------------------------------- */

static BaseStatus add_expression(const Case *with, const Search *instance, const Expression *expression, bool is_inner,
                                 BaseBuffer *out, BaseError *err)
{
    static const char *const signs[] = {[FUNCTION_SUM] = " + ",
                                        [FUNCTION_PRODUCT] = " * ",
                                        [FUNCTION_SUBTRACTION] = " - ",
                                        [FUNCTION_DIVISION] = " / "};
    if (expression->kind == EXPRESSION_TERM)
        return add_term(with, reasoner_search_term(instance, expression->term),
                        variable_name(instance->rule, &expression->term, 0), out, err);
    const bool is_operator = expression->count == 2 && (size_t)expression->function < sizeof signs / sizeof *signs &&
                             signs[expression->function];
    const char *const between = is_operator ? signs[expression->function] : ", ";
    BaseStatus status = BASE_OK;
    if (!add_text(out, is_operator ? "" : reasoner_function_name(expression->function)) ||
        !add_text(out, is_operator && !is_inner ? "" : "("))
        return no_memory(err);
    for (uint32_t i = 0; i < expression->count && status == BASE_OK; i++) {
        status = i == 0 || add_text(out, between) ? BASE_OK : no_memory(err);
        if (status == BASE_OK)
            status = add_expression(with, instance, expression->arguments[i], true, out, err);
    }
    return status != BASE_OK || add_text(out, is_operator && !is_inner ? "" : ")") ? status : no_memory(err);
}

static BaseStatus add_side(const Case *with, const Search *instance, const Operand *side, BaseBuffer *out,
                           BaseError *err)
{
    if (side->expression)
        return add_expression(with, instance, side->expression, false, out, err);
    return add_term(with, reasoner_search_term(instance, side->term), variable_name(instance->rule, &side->term, 0),
                    out, err);
}

/* What is computed stands on the left: "2 + 3 = 5". */
static BaseStatus add_comparison(const Case *with, const Search *instance, const Comparison *comparison,
                                 BaseBuffer *out, BaseError *err)
{
    static const char *const signs[] = {[EQUAL] = " = ",       [NOT_EQUAL] = " != ", [LESS] = " < ",
                                        [LESS_EQUAL] = " <= ", [GREATER] = " > ",    [GREATER_EQUAL] = " >= "};
    const bool is_turned = comparison->test == EQUAL && comparison->right.expression && !comparison->left.expression;
    BaseStatus status = add_side(with, instance, is_turned ? &comparison->right : &comparison->left, out, err);
    if (status == BASE_OK)
        status = add_text(out, signs[comparison->test]) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = add_side(with, instance, is_turned ? &comparison->left : &comparison->right, out, err);
    return status;
}

static BaseStatus say_comparison(const Case *with, const Search *instance, const Comparison *comparison,
                                 ReasonerProof **out, BaseError *err)
{
    BaseBuffer text = {0};
    *out = base_arena_alloc(with->arena, 1, sizeof **out);
    BaseStatus status = *out ? add_comparison(with, instance, comparison, &text, err) : no_memory(err);
    if (status == BASE_OK)
        status = copy_out(with, &text, &(*out)->text, err);
    base_buffer_free(&text);
    return status;
}

/* ---- Aggregates ---------------------------------------------------------------------------------------------- */

static BaseStatus add_input(const Case *with, const Search *instance, Term term, BaseBuffer *out, BaseError *err)
{
    const char *const name = variable_name(instance->rule, &term, 0);
    const bool has_name = term.is_variable && name[0] == '?';
    if (!add_text(out, out->count > 0 ? ", " : "") || !add_text(out, has_name ? name : "") ||
        !add_text(out, has_name ? " = " : ""))
        return no_memory(err);
    return add_term(with, reasoner_search_term(instance, term), name, out, err);
}

BaseStatus reasoner_node_match(const Case *with, const Search *instance, const Aggregate *aggregate,
                               ReasonerProof **out, BaseError *err)
{
    BaseBuffer text = {0};
    *out = base_arena_alloc(with->arena, 1, sizeof **out);
    BaseStatus status = *out ? add_input(with, instance, aggregate->input, &text, err) : no_memory(err);
    for (uint32_t d = 0; d < aggregate->distinct_count && status == BASE_OK; d++)
        status = add_input(with, instance, aggregate->distinct[d], &text, err);
    if (status == BASE_OK) {
        (*out)->kind = REASONER_MATCH;
        status = copy_out(with, &text, &(*out)->text, err);
    }
    base_buffer_free(&text);
    return status;
}

BaseStatus reasoner_node_other(const Case *with, const Aggregate *aggregate, uint32_t value, uint32_t asked,
                               ReasonerProof **out, BaseError *err)
{
    static const char *const names[] = {
        [AGGREGATE_COUNT] = "#count", [AGGREGATE_SUM] = "#sum", [AGGREGATE_MIN] = "#min", [AGGREGATE_MAX] = "#max"};
    BaseBuffer text = {0};
    *out = base_arena_alloc(with->arena, 1, sizeof **out);
    BaseStatus status =
        *out && add_text(&text, names[aggregate->kind]) && add_text(&text, aggregate->around ? " gives " : " is ")
            ? BASE_OK
            : no_memory(err);
    if (status == BASE_OK)
        status = add_term(with, value, "nothing", &text, err);
    if (status == BASE_OK)
        status = add_text(&text, ", not ") ? add_term(with, asked, "_", &text, err) : no_memory(err);
    if (status == BASE_OK) {
        (*out)->kind = REASONER_MISSING;
        status = copy_out(with, &text, &(*out)->text, err);
    }
    base_buffer_free(&text);
    return status;
}

/* ---- Literals and rules -------------------------------------------------------------------------------------- */

BaseStatus reasoner_node_literal(const Case *with, const Search *instance, uint32_t b, ReasonerProof **out,
                                 BaseError *err)
{
    const Literal *const literal = &instance->rule->body[b];
    if (literal->is_comparison)
        return say_comparison(with, instance, &literal->comparison, out, err);
    const Atom *const atom = &literal->atom;
    const uint32_t arity = with->program->relations.items[atom->relation].arity;
    uint32_t tuple[ARITY_LIMIT];
    for (uint32_t c = 0; c < arity; c++)
        tuple[c] = reasoner_search_term(instance, atom->arguments[c]);
    const Said said = {
        .tuple = tuple, .rule = instance->rule, .arguments = atom->arguments, .is_negated = atom->is_negated};
    return say_fact(with, atom->relation, &said, out, err);
}

BaseStatus reasoner_node_rule(const Case *with, const Rule *rule, ReasonerProof *node, BaseError *err)
{
    node->rule_name = base_arena_copy(with->arena, rule->name, strlen(rule->name));
    node->rule_text = base_arena_copy(with->arena, rule->text, strlen(rule->text));
    node->rule_place = base_arena_copy(with->arena, rule->place_text, strlen(rule->place_text));
    return node->rule_name && node->rule_text && node->rule_place ? BASE_OK : no_memory(err);
}
