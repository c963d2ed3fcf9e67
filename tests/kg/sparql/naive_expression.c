/* naive_expression.c - expressions (SPARQL 1.1, section 17) and the order of terms (15.1). Two literals of known but
 * different kinds are taken to be different, as all stores do, where the letter has an error. */
#include "naive.h"

#include <math.h>

typedef enum Truth { FALSE, TRUE, ERROR } Truth;

typedef struct Eval {
    Naive *naive;
    Place place;
    const Solution *solution;
    const Bag *group;
} Eval;

static int eval(const Eval *e, const Node *node);

/* ---- Comparing ---- */

static double number_of(const Word *one)
{
    if (one->class == CLASS_DOUBLE)
        return one->number;
    return strtod(one->term.text.bytes, NULL);
}

static int sign(bool is_greater, bool is_less)
{
    return is_greater - is_less;
}

static int compare_text(KgText a, KgText b)
{
    const int order = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);
    return order ? order : sign(a.length > b.length, a.length < b.length);
}

static bool is_nan(const Word *one)
{
    return one->class == CLASS_DOUBLE && isnan(one->number);
}

static int compare_numbers(const Word *a, const Word *b)
{
    if (a->class != CLASS_DOUBLE && b->class != CLASS_DOUBLE)
        return sign(a->fixed > b->fixed, a->fixed < b->fixed);
    const double x = number_of(a), y = number_of(b);
    return sign(x > y, x < y);
}

/* False: the two have no order by value. */
static bool compare_values(const Word *a, const Word *b, int *order)
{
    if (is_number(a) && is_number(b)) {
        *order = compare_numbers(a, b);
        return true;
    }
    if (a->class != b->class)
        return false;
    switch (a->class) {
    case CLASS_STRING:
        *order = compare_text(a->term.text, b->term.text);
        return true;
    case CLASS_BOOLEAN:
        *order = a->truth - b->truth;
        return true;
    case CLASS_DATETIME: /* XML Schema: without a zone it may be 14 hours off either way */
        *order = sign(a->seconds > b->seconds, a->seconds < b->seconds);
        return a->has_zone == b->has_zone || llabs(a->seconds - b->seconds) > 14 * 3600;
    case CLASS_DATE:
        *order = sign(a->seconds > b->seconds, a->seconds < b->seconds);
        return true;
    default:
        return false;
    }
}

/* Of the class among all; numbers are one. */
static int rank(const Word *one)
{
    return is_number(one) ? CLASS_INTEGER : (int)one->class;
}

/* Whole numbers that are equal as doubles are in the order of what they are, so that two integers are where a double
 * that is equal to both stands beside them. */
static int order_large(const Word *a, const Word *b)
{
    const long double x = a->class == CLASS_DOUBLE ? (long double)a->number : strtold(a->term.text.bytes, NULL);
    const long double y = b->class == CLASS_DOUBLE ? (long double)b->number : strtold(b->term.text.bytes, NULL);
    return fabsl(x) < 0x1p53L ? 0 : sign(x > y, x < y);
}

int order_terms(const Naive *naive, int a, int b)
{
    if (a == NO_TERM || b == NO_TERM)
        return (a != NO_TERM) - (b != NO_TERM);
    const Word *const x = word(naive, a), *const y = word(naive, b);
    int order;
    if (is_nan(x) || is_nan(y)) /* before all numbers, so that the order is whole */
        return is_number(x) && is_number(y) ? is_nan(y) - is_nan(x) : rank(x) - rank(y);
    if (x->class == y->class && (x->class == CLASS_DATETIME || x->class == CLASS_DATE))
        return sign(x->seconds > y->seconds, x->seconds < y->seconds);
    if (compare_values(x, y, &order))
        return order == 0 && is_number(x) && is_number(y) ? order_large(x, y) : order;
    if (x->class != y->class)
        return (int)x->class - (int)y->class;
    order = compare_text(x->term.text, y->term.text);
    if (order == 0)
        order = compare_text(x->term.language, y->term.language);
    return order ? order : compare_text(x->term.datatype, y->term.datatype);
}

static Truth equal(const Eval *e, int a, int b)
{
    if (a == NO_TERM || b == NO_TERM)
        return ERROR;
    const Word *const x = word(e->naive, a), *const y = word(e->naive, b);
    int order;
    if ((is_nan(x) && is_number(y)) || (is_number(x) && is_nan(y)))
        return FALSE;
    if (compare_values(x, y, &order))
        return order == 0 ? TRUE : FALSE;
    if (x->class == CLASS_DATETIME && y->class == CLASS_DATETIME)
        return ERROR;
    if (a == b)
        return TRUE;
    if (x->class < CLASS_STRING || y->class < CLASS_STRING || x->class == CLASS_LANGUAGE || y->class == CLASS_LANGUAGE)
        return FALSE;
    return x->class == CLASS_OTHER || y->class == CLASS_OTHER ? ERROR : FALSE;
}

static Truth compare(const Eval *e, Kind kind, int a, int b)
{
    int order;
    if (kind == EQUAL || kind == DIFFERENT) {
        const Truth truth = equal(e, a, b);
        return truth == ERROR ? ERROR : (truth == TRUE) == (kind == EQUAL) ? TRUE : FALSE;
    }
    if (a == NO_TERM || b == NO_TERM || !compare_values(word(e->naive, a), word(e->naive, b), &order))
        return ERROR;
    if (is_nan(word(e->naive, a)) || is_nan(word(e->naive, b)))
        return FALSE;
    const bool is_true = kind == LESS      ? order < 0
                         : kind == GREATER ? order > 0
                         : kind == AT_MOST ? order <= 0
                                           : order >= 0;
    return is_true ? TRUE : FALSE;
}

/* ---- Truth (section 17.2) ---- */

static Truth truth_of(const Eval *e, int term)
{
    if (term == NO_TERM)
        return ERROR;
    const Word *const one = word(e->naive, term);
    switch (one->class) {
    case CLASS_BOOLEAN:
        return one->truth ? TRUE : FALSE;
    case CLASS_STRING:
        return one->term.text.length > 0 ? TRUE : FALSE;
    case CLASS_LANGUAGE: /* a plain literal in RDF 1.0, another type in RDF 1.1 */
        e->naive->is_ambiguous = true;
        return ERROR;
    case CLASS_INTEGER:
    case CLASS_DECIMAL:
        return one->fixed != 0 ? TRUE : FALSE;
    case CLASS_DOUBLE:
        return one->number != 0 && one->number == one->number ? TRUE : FALSE;
    default:
        return one->is_bad_xsd ? FALSE : ERROR;
    }
}

static int term_of(const Eval *e, Truth truth)
{
    return truth == ERROR ? NO_TERM : add_boolean(&e->naive->world->lexicon, truth == TRUE);
}

static Truth logic(const Eval *e, const Node *node)
{
    const Truth a = truth_of(e, eval(e, node->child));
    if (node->kind == NOT)
        return a == ERROR ? ERROR : a == TRUE ? FALSE : TRUE;
    const Truth b = truth_of(e, eval(e, node->child->next)), deciding = node->kind == OR ? TRUE : FALSE;
    if (a == deciding || b == deciding)
        return deciding;
    return a == ERROR || b == ERROR ? ERROR : a;
}

static Truth among(const Eval *e, const Node *node)
{
    const int term = eval(e, node->child);
    Truth found = FALSE;
    for (const Node *one = node->child->next; one && found != TRUE; one = one->next) {
        const Truth truth = equal(e, term, eval(e, one));
        found = truth == FALSE ? found : truth;
    }
    if (term == NO_TERM || found == ERROR)
        return ERROR;
    return (found == TRUE) == (node->kind == IN) ? TRUE : FALSE;
}

static Truth exists(const Eval *e, const Node *group)
{
    Solution given = *e->solution;
    for (int v = 0; v < VARIABLES && e->place.given; v++)
        if (given.cells[v] == NO_TERM)
            given.cells[v] = e->place.given->cells[v];
    Bag bag = evaluate_group(e->naive, (Place){e->place.graph, &given}, group);
    const Truth found = bag.count > 0 ? TRUE : FALSE;
    drop_bag(&bag);
    return found;
}

/* ---- Numbers ---- */

static int multiply(Naive *naive, Fixed a, Fixed b, bool is_decimal)
{
    int places = 2 * FIXED_DIGITS;
    Fixed product;
    for (; a % 10 == 0 && a != 0 && places > FIXED_DIGITS; places--)
        a /= 10;
    for (; b % 10 == 0 && b != 0 && places > FIXED_DIGITS; places--)
        b /= 10;
    if (__builtin_mul_overflow(a, b, &product)) {
        naive->is_ambiguous = true; /* out of the range of this evaluator */
        return NO_TERM;
    }
    for (; places > FIXED_DIGITS; places--)
        product /= 10;
    return add_fixed(&naive->world->lexicon, product, is_decimal);
}

/* Digit by digit; what is behind FIXED_DIGITS is cut off. */
static int divide(Naive *naive, Fixed a, Fixed b)
{
    if (b == 0)
        return NO_TERM;
    Fixed quotient = a / b, rest = a % b;
    for (int i = 0; i < FIXED_DIGITS; i++) {
        quotient = quotient * 10 + rest * 10 / b;
        rest = rest * 10 % b;
    }
    return add_fixed(&naive->world->lexicon, quotient, true);
}

static const Fixed most_fixed = (Fixed)1000000000000000000 * 1000000000000000000; /* a whole of 18 digits */

int add_numbers(Naive *naive, Kind operation, int a, int b)
{
    if (a == NO_TERM || b == NO_TERM || !is_number(word(naive, a)) || !is_number(word(naive, b)))
        return NO_TERM;
    const Word x = *word(naive, a), y = *word(naive, b);
    Lexicon *const lexicon = &naive->world->lexicon;
    if (x.class == CLASS_DOUBLE || y.class == CLASS_DOUBLE) {
        const double p = number_of(&x), q = number_of(&y);
        return add_double(lexicon, operation == ADD        ? p + q
                                   : operation == SUBTRACT ? p - q
                                   : operation == MULTIPLY ? p * q
                                                           : p / q);
    }
    const bool is_decimal = x.class == CLASS_DECIMAL || y.class == CLASS_DECIMAL;
    if (x.fixed > most_fixed || x.fixed < -most_fixed || y.fixed > most_fixed || y.fixed < -most_fixed)
        naive->is_ambiguous = true;
    if (naive->is_ambiguous)
        return NO_TERM;
    if (operation == MULTIPLY)
        return multiply(naive, x.fixed, y.fixed, is_decimal);
    if (operation == DIVIDE)
        return divide(naive, x.fixed, y.fixed);
    return add_fixed(lexicon, operation == ADD ? x.fixed + y.fixed : x.fixed - y.fixed, is_decimal);
}

/* ---- Strings ---- */

static bool is_text(const Word *one)
{
    return one->class == CLASS_STRING || one->class == CLASS_LANGUAGE;
}

static int text_length(KgText text)
{
    int count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += ((unsigned char)text.bytes[i] & 0xc0) != 0x80;
    return count;
}

static Truth search(const Eval *e, const Node *node)
{
    const int a = eval(e, node->child), b = eval(e, node->child->next);
    if (a == NO_TERM || b == NO_TERM || !is_text(word(e->naive, a)) || !is_text(word(e->naive, b)))
        return ERROR;
    const KgTerm *const whole = &word(e->naive, a)->term, *const part = &word(e->naive, b)->term;
    if (node->kind == REGEX && part->language.length > 0)
        return ERROR; /* the pattern is a simple literal */
    if (part->language.length > 0 && compare_text(part->language, whole->language) != 0)
        return ERROR; /* section 17.4.3.1.1: the arguments are not compatible */
    const KgText text = whole->text, sought = part->text;
    if (sought.length > text.length)
        return FALSE;
    if (node->kind == STRSTARTS)
        return memcmp(text.bytes, sought.bytes, sought.length) == 0 ? TRUE : FALSE;
    if (node->kind == STRENDS)
        return memcmp(text.bytes + text.length - sought.length, sought.bytes, sought.length) == 0 ? TRUE : FALSE;
    return strstr(text.bytes, sought.bytes) ? TRUE : FALSE;
}

static int describe(const Eval *e, Kind kind, int term)
{
    if (term == NO_TERM)
        return NO_TERM;
    Lexicon *const lexicon = &e->naive->world->lexicon;
    const Word one = *word(e->naive, term);
    switch (kind) {
    case IS_IRI:
        return add_boolean(lexicon, one.class == CLASS_IRI);
    case IS_BLANK:
        return add_boolean(lexicon, one.class == CLASS_BLANK);
    case IS_LITERAL:
        return add_boolean(lexicon, one.class >= CLASS_STRING);
    case IS_NUMERIC:
        return add_boolean(lexicon, is_number(&one));
    case STR:
        return one.class == CLASS_BLANK ? NO_TERM : add_string(lexicon, one.term.text);
    case STRLEN:
        return is_text(&one) ? add_fixed(lexicon, (Fixed)text_length(one.term.text) * 1000000000000000000, false)
                             : NO_TERM;
    case LANG:
        return one.class < CLASS_STRING ? NO_TERM : add_string(lexicon, one.term.language);
    default:
        break;
    }
    if (one.class < CLASS_STRING)
        return NO_TERM;
    if (one.class == CLASS_LANGUAGE)
        return add_iri(lexicon, "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString");
    if (one.class == CLASS_STRING)
        return add_iri(lexicon, "http://www.w3.org/2001/XMLSchema#string");
    return add_iri(lexicon, one.term.datatype.bytes);
}

/* ---- Expressions ---- */

static int read_variable(const Eval *e, int v)
{
    const int own = e->solution->cells[v];
    return own == NO_TERM && e->place.given ? e->place.given->cells[v] : own;
}

static int choose(const Eval *e, const Node *node)
{
    if (node->kind == COALESCE) {
        for (const Node *one = node->child; one; one = one->next) {
            const int term = eval(e, one);
            if (term != NO_TERM)
                return term;
        }
        return NO_TERM;
    }
    const Truth truth = truth_of(e, eval(e, node->child));
    if (truth == ERROR)
        return NO_TERM;
    return eval(e, truth == TRUE ? node->child->next : node->child->next->next);
}

static int eval(const Eval *e, const Node *node)
{
    int a, b;
    if (is_aggregate(node->kind))
        return aggregate(e->naive, e->place, node, e->group);
    switch (node->kind) {
    case TERM:
        return is_variable(node->places[0]) ? read_variable(e, variable_of(node->places[0])) : node->places[0];
    case OR:
    case AND:
    case NOT:
        return term_of(e, logic(e, node));
    case IN:
    case NOT_IN:
        return term_of(e, among(e, node));
    case BOUND:
        return term_of(e, read_variable(e, variable_of(node->child->places[0])) != NO_TERM ? TRUE : FALSE);
    case EXISTS:
        return term_of(e, exists(e, node->child));
    case NOT_EXISTS:
        return term_of(e, exists(e, node->child) == TRUE ? FALSE : TRUE);
    case IF:
    case COALESCE:
        return choose(e, node);
    case STRSTARTS:
    case STRENDS:
    case CONTAINS:
    case REGEX:
        return term_of(e, search(e, node));
    default:
        break;
    }
    a = eval(e, node->child);
    if (node->kind >= STR)
        return describe(e, node->kind, a);
    b = eval(e, node->child->next);
    if (node->kind == SAME_TERM)
        return term_of(e, a == NO_TERM || b == NO_TERM ? ERROR : a == b ? TRUE : FALSE);
    if (node->kind >= ADD)
        return add_numbers(e->naive, node->kind, a, b);
    return term_of(e, compare(e, node->kind, a, b));
}

int evaluate(Naive *naive, Place place, const Node *expression, const Solution *solution, const Bag *group)
{
    return eval(&(Eval){naive, place, solution, group}, expression);
}

bool holds(Naive *naive, Place place, const Node *expression, const Solution *solution, const Bag *group)
{
    const Eval e = {naive, place, solution, group};
    return truth_of(&e, eval(&e, expression)) == TRUE;
}
