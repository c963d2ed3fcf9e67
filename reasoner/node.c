/* What a node of a proof says: "dog.n.01 is_a canine.n.02", "not x hyponym _", "3 < 5", "p(a, b, c)". */
#include "reasoner/explain.h"

#include <string.h>

static BaseStatus no_memory(BaseError *err)
{
    return base_fail(err, BASE_NO_MEMORY, "no memory for a proof");
}

/* A term; an open one by its variable's name. */
static BaseStatus add_term(const Case *with, uint32_t term, const char *variable, BaseBuffer *out, BaseError *err)
{
    if (term == OPEN_TERM)
        return base_buffer_add(out, variable, strlen(variable)) ? BASE_OK : no_memory(err);
    if (with->txn && term == with->program->type_constant)
        return base_buffer_add(out, "rdf:type", strlen("rdf:type")) ? BASE_OK : no_memory(err);
    return reasoner_facts_write(with->facts, term, out, err);
}

static const char *variable_name(const Rule *rule, const Term *arguments, uint32_t c)
{
    return rule && arguments[c].is_variable ? rule->variables[arguments[c].index] : "_";
}

/* A tuple of a relation; `rule` and `arguments` name its open places and may be NULL when there are none. */
static BaseStatus add_tuple(const Case *with, uint32_t relation, const uint32_t *tuple, const Rule *rule,
                            const Term *arguments, BaseBuffer *out, BaseError *err)
{
    const RelationShape *const shape = &with->program->relations.items[relation];
    BaseStatus status = BASE_OK;
    if (shape->kind == PREDICATE_LOCAL) {
        bool is_fine = base_buffer_format(out, "%s(", with->program->predicates.items[shape->predicate].name);
        for (uint32_t c = 0; c < shape->arity && status == BASE_OK && is_fine; c++) {
            is_fine = base_buffer_add(out, ", ", c > 0 ? 2 : 0);
            status = add_term(with, tuple[c], variable_name(rule, arguments, c), out, err);
        }
        return status != BASE_OK ? status : is_fine && base_buffer_add(out, ")", 1) ? BASE_OK : no_memory(err);
    }
    const uint32_t name = with->program->predicates.items[shape->predicate].constant;
    const bool is_triple = shape->kind == PREDICATE_TRIPLE, is_class = shape->kind == PREDICATE_CLASS;
    const uint32_t predicate = is_triple ? tuple[1] : is_class ? with->program->type_constant : name;
    const uint32_t last = shape->arity - 1;
    status = add_term(with, tuple[0], variable_name(rule, arguments, 0), out, err);
    if (status == BASE_OK)
        status = base_buffer_add(out, " ", 1) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = add_term(with, predicate, is_triple ? variable_name(rule, arguments, 1) : "", out, err);
    if (status == BASE_OK)
        status = base_buffer_add(out, " ", 1) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = add_term(with, is_class ? name : tuple[last], variable_name(rule, arguments, last), out, err);
    return status;
}

static BaseStatus add_comparison(const Case *with, const Search *instance, const Comparison *comparison,
                                 BaseBuffer *out, BaseError *err)
{
    static const char *const signs[] = {[EQUAL] = " = ",       [NOT_EQUAL] = " != ", [LESS] = " < ",
                                        [LESS_EQUAL] = " <= ", [GREATER] = " > ",    [GREATER_EQUAL] = " >= "};
    const char *const sign = signs[comparison->test];
    BaseStatus status = add_term(with, reasoner_search_term(instance, comparison->left.term),
                                 variable_name(instance->rule, &comparison->left.term, 0), out, err);
    if (status == BASE_OK)
        status = base_buffer_add(out, sign, strlen(sign)) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = add_term(with, reasoner_search_term(instance, comparison->right.term),
                          variable_name(instance->rule, &comparison->right.term, 0), out, err);
    return status;
}

/* The node with what `text` holds; the text is freed. */
static BaseStatus finish(const Case *with, BaseStatus status, BaseBuffer *text, ReasonerProof **out, BaseError *err)
{
    ReasonerProof *node = NULL;
    if (status == BASE_OK) {
        node = base_arena_alloc(with->arena, 1, sizeof *node);
        if (node)
            node->text = base_arena_copy(with->arena, text->items, text->count);
        if (!node || !node->text)
            status = no_memory(err);
    }
    base_buffer_free(text);
    *out = node;
    return status;
}

static void set_triple(const Case *with, uint32_t relation, const uint32_t *tuple, ReasonerProof *node)
{
    node->is_triple = reasoner_facts_triple(with->facts, relation, tuple, &node->triple);
}

BaseStatus reasoner_node_fact(const Case *with, uint32_t relation, const uint32_t *tuple, ReasonerProof **out,
                              BaseError *err)
{
    BaseBuffer text = {0};
    BaseStatus status = add_tuple(with, relation, tuple, NULL, NULL, &text, err);
    status = finish(with, status, &text, out, err);
    if (status == BASE_OK)
        set_triple(with, relation, tuple, *out);
    return status;
}

BaseStatus reasoner_node_literal(const Case *with, const Search *instance, uint32_t b, ReasonerProof **out,
                                 BaseError *err)
{
    const Literal *const literal = &instance->rule->body[b];
    BaseBuffer text = {0};
    uint32_t tuple[ARITY_LIMIT];
    if (literal->is_comparison) {
        const BaseStatus status = add_comparison(with, instance, &literal->comparison, &text, err);
        return finish(with, status, &text, out, err);
    }
    const Atom *const atom = &literal->atom;
    const uint32_t arity = with->program->relations.items[atom->relation].arity;
    for (uint32_t c = 0; c < arity; c++)
        tuple[c] = reasoner_search_term(instance, atom->arguments[c]);
    BaseStatus status = !atom->is_negated || base_buffer_add(&text, "not ", 4) ? BASE_OK : no_memory(err);
    if (status == BASE_OK)
        status = add_tuple(with, atom->relation, tuple, instance->rule, atom->arguments, &text, err);
    status = finish(with, status, &text, out, err);
    if (status == BASE_OK)
        set_triple(with, atom->relation, tuple, *out);
    return status;
}

BaseStatus reasoner_node_rule(const Case *with, const Rule *rule, ReasonerProof *node, BaseError *err)
{
    node->rule_name = base_arena_copy(with->arena, rule->name, strlen(rule->name));
    node->rule_text = base_arena_copy(with->arena, rule->text, strlen(rule->text));
    node->rule_place = base_arena_copy(with->arena, rule->place_text, strlen(rule->place_text));
    return node->rule_name && node->rule_text && node->rule_place ? BASE_OK : no_memory(err);
}
