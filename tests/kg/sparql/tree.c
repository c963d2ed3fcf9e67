/* tree.c - what a query tree says of itself; copies, and cuts for the search of a least failing case. */
#include "tree.h"

static unsigned bit_of(int place)
{
    return is_variable(place) ? 1u << variable_of(place) : 0;
}

unsigned visible_variables(const Node *node)
{
    unsigned bits = 0;
    switch (node->kind) {
    case FILTER:
    case MINUS:
    case ROW:
        return 0;
    case SUBQUERY:
        for (const Node *item = node->child->child; item; item = item->next)
            bits |= item->kind == ITEM ? bit_of(item->places[0]) : 0;
        return bits;
    case BIND:
        return bit_of(node->places[0]);
    case TRIPLE:
    case PATH:
    case VALUES:
        return bit_of(node->places[0]) | bit_of(node->places[1]) | bit_of(node->places[2]);
    default:
        break;
    }
    if (node->kind == GRAPH)
        bits = bit_of(node->places[0]);
    for (const Node *child = node->child; child; child = child->next)
        bits |= visible_variables(child);
    return bits;
}

bool has_aggregate(const Node *node)
{
    if (is_aggregate(node->kind))
        return true;
    for (const Node *child = node->child; child && node->kind != GROUP; child = child->next)
        if (has_aggregate(child))
            return true;
    return false;
}

bool is_grouped(const Node *select)
{
    if (child_of(select, KEY) || child_of(select, HAVING))
        return true;
    for (const Node *child = select->child; child; child = child->next)
        if ((child->kind == ITEM || child->kind == ORDER) && has_aggregate(child))
            return true;
    return false;
}

Node *copy_tree(BaseArena *arena, const Node *node)
{
    Node *const copy = base_arena_alloc(arena, 1, sizeof *copy);
    assert_non_null(copy);
    *copy = *node;
    Node **end = &copy->child;
    for (const Node *child = node->child; child; child = child->next) {
        *end = copy_tree(arena, child);
        end = &(*end)->next;
    }
    *end = NULL;
    copy->next = NULL;
    return copy;
}

/* ---- Cuts ---- */

static int count_of_kind(const Node *parent, Kind kind)
{
    int count = 0;
    for (const Node *child = parent->child; child; child = child->next)
        count += child->kind == kind;
    return count;
}

static bool is_removable(const Node *parent, const Node *child)
{
    switch (parent->kind) {
    case GROUP:
        return true;
    case UNION:
    case NEGATED:
    case COALESCE:
        return parent->child->next != NULL;
    case VALUES:
        return parent->child->next != NULL;
    case IN:
    case NOT_IN:
        return child != parent->child && parent->child->next->next != NULL;
    case SELECT:
        return child->kind != GROUP && (child->kind != ITEM || count_of_kind(parent, ITEM) > 1);
    default:
        return false;
    }
}

static bool is_expression(Kind kind)
{
    return kind >= TERM;
}

static bool is_path(Kind kind)
{
    return kind >= LINK && kind <= NEGATED;
}

/* The n-th node that can stand for `node`: one of its parts, or their parts. */
static const Node *part(const Node *node, int n)
{
    const Node *child = node->child;
    switch (node->kind) {
    case SUBQUERY:
        return n == 0 ? child_of(child, GROUP) : NULL;
    case OPTIONAL:
    case GRAPH:
    case UNION:
    case GROUP:
        break;
    default:
        if (!is_path(node->kind) && !is_expression(node->kind))
            return NULL;
        if (node->kind == EXISTS || node->kind == NOT_EXISTS)
            return NULL;
    }
    while (child && n-- > 0)
        child = child->next;
    return child;
}

static bool simplify_flags(Node *node, int *n)
{
    if (node->is_distinct && (*n)-- == 0) {
        node->is_distinct = false;
        return true;
    }
    if (node->kind != SELECT)
        return false;
    if (node->limit != NOTHING && (*n)-- == 0) {
        node->limit = NOTHING;
        return true;
    }
    if (node->offset != NOTHING && (*n)-- == 0) {
        node->offset = NOTHING;
        return true;
    }
    return false;
}

static bool cut_below(BaseArena *arena, Node *parent, int *n)
{
    if (simplify_flags(parent, n))
        return true;
    for (Node **at = &parent->child; *at; at = &(*at)->next) {
        if (is_removable(parent, *at) && (*n)-- == 0) {
            *at = (*at)->next;
            return true;
        }
        const bool is_fixed = parent->kind == SELECT || parent->kind == UNION || parent->kind == OPTIONAL ||
                              parent->kind == MINUS || parent->kind == EXISTS || parent->kind == NOT_EXISTS ||
                              parent->kind == GRAPH || parent->kind == NEGATED;
        const Node *with;
        for (int k = 0; !is_fixed && (with = part(*at, k)) != NULL; k++)
            if ((*n)-- == 0) {
                Node *const copy = copy_tree(arena, with);
                copy->next = (*at)->next;
                *at = copy;
                return true;
            }
        if (cut_below(arena, *at, n))
            return true;
    }
    return false;
}

bool cut_tree(BaseArena *arena, Node *select, int n)
{
    return cut_below(arena, select, &n);
}
