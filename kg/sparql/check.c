/* check.c - scopes of variables by SPARQL 1.1, sections 18.2.1, 18.2.4.1 and the notes below the grammar (19.8). */
#include "kg/sparql/check.h"

#include <stdlib.h>

static void mark(bool *visible, uint32_t variable)
{
    if (variable != AST_NO_VARIABLE)
        visible[variable] = true;
}

static void mark_values(const AstValues *values, bool *visible)
{
    for (size_t i = 0; i < values->width; i++)
        mark(visible, values->variables[i]);
}

void sparql_mark_visible(const AstPattern *pattern, bool *visible)
{
    switch (pattern->kind) {
    case PATTERN_TRIPLES:
        for (size_t i = 0; i < pattern->triple_count; i++) {
            mark(visible, pattern->triples[i].subject.variable);
            mark(visible, pattern->triples[i].predicate.variable);
            mark(visible, pattern->triples[i].object.variable);
        }
        break;
    case PATTERN_GROUP:
    case PATTERN_UNION:
    case PATTERN_OPTIONAL:
        for (const AstPattern *child = pattern->children; child; child = child->next)
            sparql_mark_visible(child, visible);
        break;
    case PATTERN_GRAPH:
    case PATTERN_SERVICE:
        mark(visible, pattern->target.variable);
        sparql_mark_visible(pattern->children, visible);
        break;
    case PATTERN_MINUS:
    case PATTERN_FILTER:
        break;
    case PATTERN_BIND:
        mark(visible, pattern->target.variable);
        break;
    case PATTERN_VALUES:
        mark_values(pattern->values, visible);
        break;
    case PATTERN_SELECT:
        for (size_t i = 0; i < pattern->select->item_count; i++)
            mark(visible, pattern->select->items[i].outer);
        break;
    }
}

static const char *name_of(const Parser *parser, uint32_t variable)
{
    const char *const name = parser->scope->variables.items[variable].name;
    return name ? name : "_";
}

/* ---- BIND ---- */

static bool check_pattern(Parser *parser, const AstPattern *pattern);

static bool check_expr(Parser *parser, const AstExpr *expr)
{
    if (expr->pattern && !check_pattern(parser, expr->pattern))
        return false;
    for (size_t i = 0; i < expr->count; i++)
        if (!check_expr(parser, expr->arguments[i]))
            return false;
    return true;
}

/* A BIND's variable must not be in scope in the elements of the group before it. */
static bool check_group(Parser *parser, const AstPattern *group)
{
    bool *const visible = calloc(parser->scope->variables.count + 1, sizeof *visible);
    if (!visible)
        return sparql_parse_no_memory(parser);
    bool is_right = true;
    for (const AstPattern *child = group->children; child && is_right; child = child->next) {
        if (child->kind == PATTERN_BIND && visible[child->target.variable])
            is_right =
                sparql_fail(parser, child->target.place, "BIND needs a new variable: ?%s is already used in this group",
                            name_of(parser, child->target.variable));
        else
            is_right = check_pattern(parser, child);
        sparql_mark_visible(child, visible);
    }
    free(visible);
    return is_right;
}

static bool check_pattern(Parser *parser, const AstPattern *pattern)
{
    if (pattern->kind == PATTERN_GROUP)
        return check_group(parser, pattern);
    if (pattern->expr && !check_expr(parser, pattern->expr))
        return false;
    for (const AstPattern *child = pattern->children; child; child = child->next)
        if (!check_pattern(parser, child))
            return false;
    return true;
}

/* ---- Projection ---- */

/* Every variable outside of an aggregate is one of `allowed`. */
static bool check_grouped(Parser *parser, const AstExpr *expr, const bool *allowed)
{
    if (expr->op == EXPR_AGGREGATE)
        return true;
    if (expr->op == EXPR_VARIABLE && !allowed[expr->node.variable]) {
        const char *const name = name_of(parser, expr->node.variable);
        sparql_fail(parser, expr->place, "?%s is neither grouped nor inside an aggregate", name);
        base_hint(parser->err, "add it to GROUP BY, or ask for SAMPLE(?%s)", name);
        return false;
    }
    for (size_t i = 0; i < expr->count; i++)
        if (!check_grouped(parser, expr->arguments[i], allowed))
            return false;
    return true;
}

static bool fill_star(Parser *parser, AstSelect *select, const bool *visible)
{
    if (select->is_grouped) {
        sparql_fail(parser, select->place, "SELECT * of a grouped query");
        base_hint(parser->err, "name the grouped variables and the aggregates");
        return false;
    }
    select->items = sparql_alloc(parser, parser->scope->variables.count, sizeof *select->items);
    if (!select->items)
        return false;
    for (size_t i = 0; i < parser->scope->variables.count; i++) {
        const AstVariable *const variable = &parser->scope->variables.items[i];
        if (!visible[i] || !variable->name)
            continue;
        select->items[select->item_count++] =
            (AstItem){.target = {.place = variable->place, .variable = (uint32_t)i}, .outer = AST_NO_VARIABLE};
    }
    return true;
}

static bool check_items(Parser *parser, AstSelect *select, bool *visible, bool *allowed)
{
    for (size_t i = 0; i < select->item_count; i++) {
        const AstItem *const item = &select->items[i];
        const uint32_t target = item->target.variable;
        if (item->expr && visible[target])
            return sparql_fail(parser, item->target.place, "AS needs a new variable: ?%s is already used in the query",
                               name_of(parser, target));
        if (select->is_grouped && !item->expr && !allowed[target]) {
            const AstExpr bare = {.op = EXPR_VARIABLE, .place = item->target.place, .node = item->target};
            return check_grouped(parser, &bare, allowed);
        }
        if (item->expr && !check_expr(parser, item->expr))
            return false;
        if (item->expr && select->is_grouped && !check_grouped(parser, item->expr, allowed))
            return false;
        if (item->expr) { /* later items may use it */
            visible[target] = true;
            allowed[target] = true;
        }
    }
    return true;
}

static bool check_modifiers(Parser *parser, AstSelect *select, bool *visible, bool *allowed)
{
    for (size_t i = 0; i < select->group_count; i++) {
        const AstItem *const group = &select->groups[i];
        if (group->expr && !check_expr(parser, group->expr))
            return false;
        if (group->target.variable == AST_NO_VARIABLE)
            continue;
        if (group->expr && visible[group->target.variable])
            return sparql_fail(parser, group->target.place, "AS needs a new variable: ?%s is already used in the query",
                               name_of(parser, group->target.variable));
        allowed[group->target.variable] = true;
        visible[group->target.variable] = true;
    }
    for (size_t i = 0; i < select->having_count; i++)
        if (!check_expr(parser, select->having[i]))
            return false;
    for (size_t i = 0; i < select->order_count; i++)
        if (!check_expr(parser, select->order[i].expr))
            return false;
    return true;
}

bool sparql_check_select(Parser *parser, AstSelect *select)
{
    const size_t count = parser->scope->variables.count;
    bool *const visible = calloc(2 * count + 1, sizeof *visible);
    bool *const allowed = visible + count;
    if (!visible)
        return sparql_parse_no_memory(parser);
    bool is_right = !select->where || check_pattern(parser, select->where);
    if (is_right && select->where)
        sparql_mark_visible(select->where, visible);
    if (is_right && select->values)
        mark_values(select->values, visible);
    is_right = is_right && (!select->star || select->form == KG_CONSTRUCT || fill_star(parser, select, visible)) &&
               check_modifiers(parser, select, visible, allowed) && check_items(parser, select, visible, allowed);
    free(visible);
    return is_right;
}
