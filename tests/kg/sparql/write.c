/* write.c - a query tree as text. */
#include "tree.h"

typedef struct Writer {
    FILE *out;
    const Lexicon *lexicon;
} Writer;

static void write_node(const Writer *w, const Node *node);

static void write_place(const Writer *w, int place)
{
    if (is_variable(place))
        fprintf(w->out, "?v%d", variable_of(place));
    else if (place == ANONYMOUS)
        fputs("[]", w->out);
    else if (place == NOTHING)
        fputs("UNDEF", w->out);
    else
        write_word(w->out, w->lexicon, place);
}

static void write_list(const Writer *w, const Node *first, const char *before, const char *between, const char *after)
{
    fputs(before, w->out);
    for (const Node *node = first; node; node = node->next) {
        fputs(node == first ? "" : between, w->out);
        write_node(w, node);
    }
    fputs(after, w->out);
}

static void write_values(const Writer *w, const Node *node)
{
    fputs("VALUES (", w->out);
    for (int i = 0; i < 3; i++)
        if (node->places[i] != NOTHING)
            fprintf(w->out, " ?v%d", variable_of(node->places[i]));
    fputs(" ) { ", w->out);
    for (const Node *row = node->child; row; row = row->next) {
        fputs("( ", w->out);
        for (int i = 0; i < 3; i++)
            if (node->places[i] != NOTHING) {
                write_place(w, row->places[i]);
                fputc(' ', w->out);
            }
        fputs(") ", w->out);
    }
    fputs("} ", w->out);
}

static void write_clauses(const Writer *w, const Node *select, Kind kind, const char *before)
{
    for (const Node *child = select->child; child; child = child->next)
        if (child->kind == kind) {
            fputs(before, w->out);
            before = "";
            write_node(w, child);
        }
}

static void write_select(const Writer *w, const Node *select)
{
    fprintf(w->out, "SELECT %s", select->is_distinct ? "DISTINCT " : "");
    write_clauses(w, select, ITEM, "");
    write_clauses(w, select, FROM, "");
    write_clauses(w, select, FROM_NAMED, "");
    write_clauses(w, select, GROUP, "WHERE ");
    write_clauses(w, select, KEY, "GROUP BY ");
    write_clauses(w, select, HAVING, "HAVING ");
    write_clauses(w, select, ORDER, "ORDER BY ");
    if (select->limit != NOTHING)
        fprintf(w->out, "LIMIT %d ", select->limit);
    if (select->offset != NOTHING)
        fprintf(w->out, "OFFSET %d ", select->offset);
    write_clauses(w, select, TRAILING, "");
}

static void write_named(const Writer *w, const Node *node)
{
    if (!node->child) {
        write_place(w, node->places[0]);
        fputc(' ', w->out);
        return;
    }
    fputc('(', w->out);
    write_node(w, node->child);
    fprintf(w->out, " AS ?v%d) ", variable_of(node->places[0]));
}

static const char *name_of(Kind kind)
{
    static const char *const names[] = {
        [OR] = " || ",
        [AND] = " && ",
        [EQUAL] = " = ",
        [DIFFERENT] = " != ",
        [LESS] = " < ",
        [GREATER] = " > ",
        [AT_MOST] = " <= ",
        [AT_LEAST] = " >= ",
        [ADD] = " + ",
        [SUBTRACT] = " - ",
        [MULTIPLY] = " * ",
        [DIVIDE] = " / ",
        [BOUND] = "BOUND",
        [IF] = "IF",
        [COALESCE] = "COALESCE",
        [SAME_TERM] = "sameTerm",
        [STR] = "STR",
        [LANG] = "LANG",
        [DATATYPE] = "DATATYPE",
        [STRLEN] = "STRLEN",
        [STRSTARTS] = "STRSTARTS",
        [CONTAINS] = "CONTAINS",
        [STRENDS] = "STRENDS",
        [REGEX] = "REGEX",
        [IS_IRI] = "isIRI",
        [IS_BLANK] = "isBlank",
        [IS_LITERAL] = "isLiteral",
        [IS_NUMERIC] = "isNumeric",
        [COUNT] = "COUNT",
        [SUM] = "SUM",
        [MIN] = "MIN",
        [MAX] = "MAX",
        [AVG] = "AVG",
        [SAMPLE] = "SAMPLE",
        [GROUP_CONCAT] = "GROUP_CONCAT",
    };
    return names[kind];
}

static void write_expression(const Writer *w, const Node *node)
{
    switch (node->kind) {
    case TERM:
        write_place(w, node->places[0]);
        break;
    case NOT:
        fputs("(! ", w->out);
        write_node(w, node->child);
        fputc(')', w->out);
        break;
    case IN:
    case NOT_IN:
        fputc('(', w->out);
        write_node(w, node->child);
        write_list(w, node->child->next, node->kind == IN ? " IN (" : " NOT IN (", ", ", "))");
        break;
    case EXISTS:
    case NOT_EXISTS:
        fputs(node->kind == EXISTS ? "EXISTS " : "NOT EXISTS ", w->out);
        write_node(w, node->child);
        break;
    default:
        if (node->kind >= OR && node->kind <= DIVIDE) {
            write_list(w, node->child, "(", name_of(node->kind), ")");
            break;
        }
        fprintf(w->out, "%s(%s", name_of(node->kind), node->is_distinct ? "DISTINCT " : "");
        write_list(w, node->child, node->child ? "" : "*", ", ", "");
        fputs(node->kind == GROUP_CONCAT ? "; SEPARATOR=\"|\")" : ")", w->out);
    }
}

static void write_path(const Writer *w, const Node *node)
{
    switch (node->kind) {
    case LINK:
        write_place(w, node->places[0]);
        break;
    case INVERSE:
        write_list(w, node->child, node->child->kind == LINK ? "^" : "^(", "", node->child->kind == LINK ? "" : ")");
        break;
    case SEQUENCE:
        write_list(w, node->child, "(", "/", ")");
        break;
    case ALTERNATIVE:
        write_list(w, node->child, "(", "|", ")");
        break;
    case NEGATED:
        write_list(w, node->child, "!(", "|", ")");
        break;
    default: /* one sign behind a path in parentheses */
        write_list(w, node->child, "(", "", node->kind == STAR ? ")*" : node->kind == PLUS ? ")+" : ")?");
    }
}

static void write_element(const Writer *w, const Node *node)
{
    switch (node->kind) {
    case TRIPLE:
    case PATH:
        write_place(w, node->places[0]);
        fputc(' ', w->out);
        if (node->kind == PATH)
            write_node(w, node->child);
        else
            write_place(w, node->places[1]);
        fputc(' ', w->out);
        write_place(w, node->places[2]);
        fputs(" . ", w->out);
        break;
    case FILTER:
        write_list(w, node->child, "FILTER (", "", ") ");
        break;
    case BIND:
        fputs("BIND ", w->out);
        write_named(w, node);
        break;
    case VALUES:
        write_values(w, node);
        break;
    case OPTIONAL:
        write_list(w, node->child, "OPTIONAL ", "", "");
        break;
    case MINUS:
        write_list(w, node->child, "MINUS ", "", "");
        break;
    case UNION:
        write_list(w, node->child, "", "UNION ", "");
        break;
    case GRAPH:
        fputs("GRAPH ", w->out);
        write_place(w, node->places[0]);
        write_list(w, node->child, " ", "", "");
        break;
    default:
        write_list(w, node->child, "{ ", "", "} ");
    }
}

static void write_clause(const Writer *w, const Node *node)
{
    switch (node->kind) {
    case SELECT:
        write_select(w, node);
        break;
    case ITEM:
    case KEY:
        write_named(w, node);
        break;
    case HAVING:
        write_list(w, node->child, "(", "", ") ");
        break;
    case ORDER:
        write_list(w, node->child, node->is_distinct ? "DESC(" : "ASC(", "", ") ");
        break;
    case FROM:
    case FROM_NAMED:
        fputs(node->kind == FROM ? "FROM " : "FROM NAMED ", w->out);
        write_place(w, node->places[0]);
        fputc(' ', w->out);
        break;
    default:
        write_node(w, node->child);
    }
}

static void write_node(const Writer *w, const Node *node)
{
    if (node->kind >= TERM)
        write_expression(w, node);
    else if (node->kind >= LINK)
        write_path(w, node);
    else if (node->kind >= SELECT)
        write_clause(w, node);
    else
        write_element(w, node);
}

void write_query(FILE *out, const Lexicon *lexicon, const Node *select)
{
    write_node(&(Writer){out, lexicon}, select);
}
