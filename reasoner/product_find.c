/* Which bodies are products. One atom, the last factor, carries a column of the head along; of the others, one may be a
 * matrix, too, and one any relation of pairs. Every variable is in just two places, counting the head. */
#include "reasoner/product.h"

#include <string.h>

enum { MOST = 3 /* atoms */ };

typedef struct Finder {
    const Rule *rule;
    const JoinHead *head;
    Relation *relations;
    uint32_t row, column;  /* sides of a pair */
    uint32_t key, carried; /* variables of the head */
} Finder;

/* Two different variables. */
static bool is_plain(const Relation *relation, const Term *arguments)
{
    return relation->arity == 2 && arguments[0].is_variable && arguments[1].is_variable &&
           arguments[0].index != arguments[1].index;
}

static bool is_suitable(const Finder *finder)
{
    const Rule *const rule = finder->rule;
    if (rule->body_count == 0 || rule->body_count > MOST ||
        !is_plain(finder->head->relation, finder->head->arguments) || !finder->head->relation->shape)
        return false;
    for (uint32_t b = 0; b < rule->body_count; b++) {
        const Atom *const atom = &rule->body[b].atom;
        if (rule->body[b].is_comparison || atom->is_negated ||
            !is_plain(&finder->relations[atom->relation], atom->arguments))
            return false;
    }
    return true;
}

static const Atom *atom_of(const Finder *finder, uint32_t literal)
{
    return &finder->rule->body[literal].atom;
}

static uint32_t row_variable(const Finder *finder, uint32_t literal)
{
    return atom_of(finder, literal)->arguments[finder->row].index;
}

static uint32_t column_variable(const Finder *finder, uint32_t literal)
{
    return atom_of(finder, literal)->arguments[finder->column].index;
}

static bool is_matrix(const Finder *finder, uint32_t literal)
{
    return finder->relations[atom_of(finder, literal)->relation].shape != NULL;
}

/* The column of the pairs that holds k, where their other one holds q; NOWHERE: they hold something else. */
static uint32_t key_of_pairs(const Finder *finder, uint32_t literal, uint32_t k, uint32_t q)
{
    const Term *const arguments = atom_of(finder, literal)->arguments;
    for (uint32_t c = 0; c < 2; c++)
        if (arguments[c].index == k && arguments[1 - c].index == q)
            return c;
    return NOWHERE;
}

static Factor factor_of(const Finder *finder, uint32_t literal)
{
    return literal == NOWHERE
               ? (Factor){.literal = NOWHERE}
               : (Factor){.literal = literal, .relation = &finder->relations[atom_of(finder, literal)->relation]};
}

static bool take(const Finder *finder, ProductKind kind, uint32_t pairs, uint32_t middle, uint32_t last, uint32_t key,
                 Product *out)
{
    if (key == NOWHERE)
        return false;
    *out = (Product){.kind = kind,
                     .pairs = factor_of(finder, pairs),
                     .middle = factor_of(finder, middle),
                     .last = factor_of(finder, last),
                     .key = key,
                     .head = finder->head->relation};
    return true;
}

/* With a middle matrix and pairs, or NOWHERE for pairs that are each (x, x). */
static bool fit_middle(const Finder *finder, uint32_t pairs, uint32_t middle, uint32_t last, Product *out)
{
    const uint32_t q = row_variable(finder, last), row = row_variable(finder, middle),
                   column = column_variable(finder, middle);
    if (!is_matrix(finder, middle))
        return false;
    if (column == q && row != finder->carried) {
        const uint32_t key = pairs != NOWHERE     ? key_of_pairs(finder, pairs, finder->key, row)
                             : row == finder->key ? 0
                                                  : NOWHERE;
        if (take(finder, PRODUCT_THROUGH, pairs, middle, last, key, out))
            return true;
    }
    if (column != finder->key || row == finder->carried)
        return false;
    if (pairs == NOWHERE)
        return take(finder, PRODUCT_SPREAD, pairs, middle, last, row == q ? 0 : NOWHERE, out);
    return row != q && take(finder, PRODUCT_SPREAD, pairs, middle, last, key_of_pairs(finder, pairs, row, q), out);
}

static bool fit_last(const Finder *finder, uint32_t last, Product *out)
{
    uint32_t others[MOST], count = 0;
    const uint32_t q = row_variable(finder, last);
    if (!is_matrix(finder, last) || column_variable(finder, last) != finder->carried)
        return false;
    for (uint32_t b = 0; b < finder->rule->body_count; b++) {
        if (b == last)
            continue;
        const Term *const arguments = atom_of(finder, b)->arguments;
        if (arguments[0].index == finder->carried || arguments[1].index == finder->carried)
            return false;
        others[count++] = b;
    }
    if (count == 0)
        return q == finder->key && take(finder, PRODUCT_OVER, NOWHERE, NOWHERE, last, 0, out);
    if (q == finder->key)
        return false;
    if (count == 1)
        return fit_middle(finder, NOWHERE, others[0], last, out) ||
               take(finder, PRODUCT_OVER, others[0], NOWHERE, last, key_of_pairs(finder, others[0], finder->key, q),
                    out);
    return fit_middle(finder, others[0], others[1], last, out) || fit_middle(finder, others[1], others[0], last, out);
}

bool reasoner_product_find(const Rule *rule, const JoinHead *heads, uint32_t head_count, Relation *relations,
                           bool is_turned, Product *out)
{
    Finder finder = {.rule = rule, .head = heads, .relations = relations, .row = is_turned, .column = !is_turned};
    *out = (Product){.kind = PRODUCT_NONE};
    if (head_count != 1 || !is_suitable(&finder))
        return false;
    finder.key = heads[0].arguments[finder.row].index;
    finder.carried = heads[0].arguments[finder.column].index;
    for (uint32_t b = 0; b < rule->body_count; b++)
        if (fit_last(&finder, b, out))
            return true;
    return false;
}
