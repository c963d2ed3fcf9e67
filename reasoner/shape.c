/* Which relations of a stratum are multiplied as matrices, and which way round: so that most rules are products. A
 * column is kept for each value that may come into one: what is given, and what rules take from elsewhere than from
 * the columns of matrices. */
#include "reasoner/stratum.h"

#include <stdlib.h>
#include <string.h>

static const Rule *rule_of(const Stratum *stratum, size_t active)
{
    return stratum->rules[active].join.rule;
}

static bool find(const Stratum *stratum, size_t active, bool is_turned, Product *out)
{
    const DeltaJoin *const join = &stratum->rules[active].join;
    return reasoner_product_find(join->rule, join->heads, join->head_count, stratum->evaluation->relations, is_turned,
                                 out);
}

/* Whether rounds may bring values that are nowhere yet. */
static bool makes_values(const Stratum *stratum)
{
    for (size_t i = 0; i < stratum->rule_count; i++) {
        const Rule *const rule = rule_of(stratum, i);
        if (rule->has_aggregate || rule->has_existential || rule->has_external)
            return true;
        for (uint32_t b = 0; b < rule->body_count; b++)
            if (rule->body[b].is_comparison &&
                (rule->body[b].comparison.left.expression || rule->body[b].comparison.right.expression))
                return true;
    }
    return false;
}

/* ---- Which way round ----------------------------------------------------------------------------------------- */

/* Products with a factor that grows, of all rules. */
static size_t count_products(const Stratum *stratum, bool is_turned)
{
    size_t count = 0;
    for (size_t i = 0; i < stratum->rule_count; i++) {
        Product product;
        count += find(stratum, i, is_turned, &product);
    }
    return count;
}

static void set_candidates(const Stratum *stratum, const MatrixShape *shape)
{
    for (size_t r = 0; r < stratum->evaluation->program->relations.count; r++) {
        Relation *const relation = &stratum->evaluation->relations[r];
        relation->shape = stratum->is_growing[r] && relation->arity == 2 ? shape : NULL;
    }
}

/* Only what products multiply keeps its shape. */
static bool keep_factors(const Stratum *stratum)
{
    const size_t count = stratum->evaluation->program->relations.count;
    Relation *const relations = stratum->evaluation->relations;
    bool *const is_factor = calloc(count + 1, sizeof *is_factor);
    for (size_t i = 0; is_factor && i < stratum->rule_count; i++) {
        Product product;
        if (!find(stratum, i, stratum->shape.is_turned, &product))
            continue;
        is_factor[product.head - relations] = is_factor[product.last.relation - relations] = true;
        if (product.middle.relation)
            is_factor[product.middle.relation - relations] = true;
    }
    for (size_t r = 0; is_factor && r < count; r++)
        if (!is_factor[r])
            relations[r].shape = NULL;
    free(is_factor);
    return is_factor != NULL;
}

/* ---- Columns ------------------------------------------------------------------------------------------------- */

static void mark_column(const Relation *relation, uint32_t column, bool *is_column)
{
    for (uint32_t row = 0; row < relation->count; row++)
        is_column[relation_row(relation, row)[column]] = true;
}

/* What a rule that is no product may put into the columns of its head; false: that is not known beforehand. */
static bool mark_head(const Stratum *stratum, const Rule *rule, const Atom *head, bool *is_column)
{
    const Term term = head->arguments[!stratum->shape.is_turned];
    if (!term.is_variable) {
        is_column[term.index] = true;
        return true;
    }
    for (uint32_t b = 0; b < rule->body_count; b++) {
        const Atom *const atom = &rule->body[b].atom;
        if (rule->body[b].is_comparison || atom->is_negated || stratum->is_growing[atom->relation])
            continue;
        const Relation *const relation = &stratum->evaluation->relations[atom->relation];
        for (uint32_t c = 0; c < relation->arity; c++)
            if (atom->arguments[c].is_variable && atom->arguments[c].index == term.index) {
                mark_column(relation, c, is_column);
                return true;
            }
    }
    return false;
}

/* false: any value may come. */
static bool find_columns(const Stratum *stratum, bool *is_column)
{
    Relation *const relations = stratum->evaluation->relations;
    const uint32_t side = !stratum->shape.is_turned;
    for (size_t r = 0; r < stratum->evaluation->program->relations.count; r++)
        if (relations[r].shape) {
            mark_column(&relations[r], side, is_column);
            mark_column(&stratum->waiting[r].rows, side, is_column);
        }
    for (size_t i = 0; i < stratum->rule_count; i++) {
        const Rule *const rule = rule_of(stratum, i);
        Product product;
        if (find(stratum, i, stratum->shape.is_turned, &product))
            continue;
        for (uint32_t h = 0; h < rule->head_count; h++)
            if (relations[rule->heads[h].relation].shape && !mark_head(stratum, rule, &rule->heads[h], is_column))
                return false;
    }
    return true;
}

/* Numbers the columns where they are clearly fewer than values. */
static bool set_columns(MatrixShape *shape, const bool *is_column)
{
    uint32_t count = 0;
    for (uint32_t value = 0; value < shape->row_count; value++)
        count += is_column[value];
    if (count > shape->row_count / 4 * 3)
        return true;
    shape->columns = malloc(((size_t)shape->row_count + 1) * sizeof *shape->columns);
    shape->values = malloc(((size_t)count + 1) * sizeof *shape->values);
    if (!shape->columns || !shape->values)
        return false;
    shape->column_count = 0;
    for (uint32_t value = 0; value < shape->row_count; value++) {
        shape->columns[value] = is_column[value] ? shape->column_count : UINT32_MAX;
        if (is_column[value])
            shape->values[shape->column_count++] = value;
    }
    return true;
}

static uint32_t above(const Relation *relation, uint32_t least)
{
    for (size_t i = 0; i < (size_t)relation->count * relation->arity; i++)
        least = relation->values[i] >= least ? relation->values[i] + 1 : least;
    return least;
}

/* All values are below it. */
static uint32_t value_count(const Stratum *stratum)
{
    const ReasonerProgram *const program = stratum->evaluation->program;
    uint32_t count = (uint32_t)program->constants.count + 1;
    for (size_t r = 0; r < program->relations.count; r++)
        count = above(&stratum->waiting[r].rows, above(&stratum->evaluation->relations[r], count));
    return count;
}

static bool fill_shape(Stratum *stratum)
{
    MatrixShape *const shape = &stratum->shape;
    shape->row_count = shape->column_count = value_count(stratum);
    bool *const is_column = calloc((size_t)shape->row_count + 1, sizeof *is_column);
    const bool is_fine = is_column && (!find_columns(stratum, is_column) || set_columns(shape, is_column));
    free(is_column);
    shape->words = shape->column_count / 64 + 1;
    return is_fine;
}

bool reasoner_stratum_shape(Stratum *stratum)
{
    MatrixShape *const shape = &stratum->shape;
    if (stratum->gathers || makes_values(stratum))
        return true;
    set_candidates(stratum, shape);
    const size_t plain = count_products(stratum, false), turned = count_products(stratum, true);
    shape->is_turned = turned > plain;
    return keep_factors(stratum) && (turned + plain == 0 || fill_shape(stratum));
}
