/* From a name to the entities that bear it. The name is tried in a few forms, the plainest first: as it stands, in
 * lower case, capitalised, with underscores for blanks; then, when none of these is known, without an English ending.
 * Forms are looked up in the dictionary as literals (labels) and as plain names (an entity without labels is called by
 * its id). */
#include "embed/candidates.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* A label says little more than a lemma: where labels list all names, as in WordNet, only what has a single name is
 * labelled by just that. The order of the predicates breaks ties. */
#define LATER_PREDICATE 0.05 /* of predicates given; the usual ones are kg_label_predicates's */
#define NAME_FIT 0.7         /* an entity's own id, where it has no label */
#define FOLDED_FIT 0.95      /* another case, underscores */
#define ENDING_FIT 0.6       /* without an ending */
#define MOST_BEARERS 200     /* of one name */

static BaseStatus add_predicate(EmbedLabels *labels, KgId id, double fit, BaseArena *arena, BaseError *err)
{
    BaseBuffer shown = {0};
    const BaseStatus status = kg_write_term(labels->txn, id, KG_SYNTAX_PLAIN, &shown, err);
    const char *const name = status == BASE_OK ? base_arena_copy(arena, shown.items, shown.count) : NULL;
    base_buffer_free(&shown);
    if (status != BASE_OK)
        return status;
    if (!name)
        return base_fail(err, BASE_NO_MEMORY, "no memory to link");
    labels->predicates[labels->count] = id;
    labels->fits[labels->count] = fit;
    labels->names[labels->count++] = name;
    return BASE_OK;
}

static BaseStatus want_room(EmbedLabels *labels, size_t count, BaseArena *arena, BaseError *err)
{
    labels->predicates = base_arena_alloc(arena, count + 1, sizeof *labels->predicates);
    labels->fits = base_arena_alloc(arena, count + 1, sizeof *labels->fits);
    labels->names = base_arena_alloc(arena, count + 1, sizeof *labels->names);
    return labels->predicates && labels->fits && labels->names ? BASE_OK
                                                               : base_fail(err, BASE_NO_MEMORY, "no memory to link");
}

static BaseStatus add_usual(EmbedLabels *labels, BaseArena *arena, BaseError *err)
{
    KgLabelPredicate *usual;
    size_t count;
    BaseStatus status = kg_label_predicates(labels->txn, arena, &usual, &count, err);
    if (status == BASE_OK)
        status = want_room(labels, count, arena, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++)
        status = add_predicate(labels, usual[i].predicate, usual[i].fit, arena, err);
    return status;
}

/* Those that the database does not have are passed over. */
static BaseStatus add_given(EmbedLabels *labels, const char *const *names, size_t count, BaseArena *arena,
                            BaseError *err)
{
    BaseStatus status = want_room(labels, count, arena, err);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        KgTerm term;
        KgId id = KG_ANY;
        status = kg_parse_term((KgText){names[i], strlen(names[i])}, arena, &term, err);
        if (status == BASE_OK)
            status = kg_find(labels->txn, &term, &id, err);
        if (status == BASE_OK)
            status = add_predicate(labels, id, 1.0 - LATER_PREDICATE * (double)i / (double)count, arena, err);
        else if (status == BASE_NOT_FOUND)
            status = BASE_OK;
    }
    return status;
}

BaseStatus embed_labels_open(KgTxn *txn, const EmbedLinkOptions *options, BaseArena *arena, EmbedLabels *out,
                             BaseError *err)
{
    *out = (EmbedLabels){.txn = txn, .layers = options->layers ? options->layers : KG_FACTS};
    return options->predicates ? add_given(out, options->predicates, options->predicate_count, arena, err)
                               : add_usual(out, arena, err);
}

/* ---- Forms of a name --------------------------------------------------------------------------------------------- */

typedef struct Form {
    char *text;
    double fit;
} Form;
typedef struct Forms {
    Form *items;
    size_t count, capacity;
} Forms;

/* Adds a copy unless it is there already. */
static bool add_form(Forms *forms, BaseArena *arena, const char *text, double fit)
{
    for (size_t i = 0; i < forms->count; i++)
        if (strcmp(forms->items[i].text, text) == 0)
            return true;
    char *const copy = base_arena_copy(arena, text, strlen(text));
    return copy && *copy && BASE_PUSH(forms, (Form){copy, fit});
}

/* Unicode NFKC, blanks and underscores as single blanks, trimmed. The caller's to free(); NULL: no memory, or not text.
 */
static char *normalize(const char *name, size_t length, bool fold)
{
    utf8proc_uint8_t *mapped = NULL;
    const int options = UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_STABLE | (fold ? UTF8PROC_CASEFOLD : 0);
    if (utf8proc_map((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)length, &mapped, (utf8proc_option_t)options) < 0)
        return NULL;
    char *const text = (char *)mapped;
    size_t used = 0;
    for (const char *c = text; *c; c++) {
        const bool is_blank = isspace((unsigned char)*c) || *c == '_';
        if (!is_blank)
            text[used++] = *c;
        else if (used > 0 && text[used - 1] != ' ')
            text[used++] = ' ';
    }
    while (used > 0 && text[used - 1] == ' ')
        used--;
    text[used] = '\0';
    return text;
}

static void capitalize(char *text, bool every_word)
{
    for (char *c = text; *c; c++)
        if (c == text || (every_word && c[-1] == ' '))
            *c = (char)toupper((unsigned char)*c); /* ASCII only: other scripts are found in the cases above */
}

static bool add_with_underscores(Forms *forms, BaseArena *arena, const char *text, double fit)
{
    if (!add_form(forms, arena, text, fit))
        return false;
    if (!strchr(text, ' '))
        return true;
    char *const joined = base_arena_copy(arena, text, strlen(text));
    for (char *c = joined; c && *c; c++)
        *c = *c == ' ' ? '_' : *c;
    return joined && add_form(forms, arena, joined, fit * FOLDED_FIT);
}

/* English endings and what stands in their place in the base form: the rules of WordNet's morphy(7). */
static const struct {
    const char *ending, *base;
} endings[] = {
    {"ies", "y"}, {"ses", "s"}, {"xes", "x"}, {"zes", "z"}, {"ches", "ch"}, {"shes", "sh"}, {"men", "man"},
    {"es", "e"},  {"s", ""},    {"ied", "y"}, {"ed", "e"},  {"ed", ""},     {"ing", "e"},   {"ing", ""},
};

static bool add_without_endings(Forms *forms, BaseArena *arena, const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t ending = strlen(endings[i].ending);
        if (length < ending + 2 || strcmp(text + length - ending, endings[i].ending) != 0)
            continue;
        if (strcmp(endings[i].ending, "s") == 0 && text[length - 2] == 's')
            continue;
        BaseBuffer base = {0};
        const bool is_added = base_buffer_add(&base, text, length - ending) &&
                              base_buffer_add(&base, endings[i].base, strlen(endings[i].base)) &&
                              add_with_underscores(forms, arena, base.items, ENDING_FIT);
        base_buffer_free(&base);
        if (!is_added)
            return false;
        const size_t stem = length - ending; /* "stopped": "stop" */
        if (ending >= 2 && *endings[i].base == '\0' && stem > 2 && text[stem - 1] == text[stem - 2]) {
            char *const single = base_arena_copy(arena, text, stem - 1);
            if (!single || !add_form(forms, arena, single, ENDING_FIT * FOLDED_FIT))
                return false;
        }
    }
    return true;
}

/* The plain forms first, *plain_count of them; then those without endings. */
static bool make_forms(const char *name, size_t length, BaseArena *arena, Forms *forms, size_t *plain_count)
{
    char *const plain = normalize(name, length, false), *const folded = normalize(name, length, true);
    bool is_made = plain && folded;
    if (is_made && *plain) {
        is_made =
            add_with_underscores(forms, arena, plain, 1.0) && add_with_underscores(forms, arena, folded, FOLDED_FIT);
        char *const capital = base_arena_copy(arena, folded, strlen(folded));
        char *const title = base_arena_copy(arena, folded, strlen(folded));
        if (capital && title) {
            capitalize(capital, false);
            capitalize(title, true);
        }
        is_made = is_made && capital && title && add_with_underscores(forms, arena, capital, FOLDED_FIT * 0.95) &&
                  add_with_underscores(forms, arena, title, FOLDED_FIT * 0.95);
        *plain_count = forms->count;
        is_made = is_made && add_without_endings(forms, arena, folded);
    } else {
        *plain_count = 0;
    }
    free(plain);
    free(folded);
    return is_made;
}

/* ---- Bearers of a form ------------------------------------------------------------------------------------------- */

static BaseStatus count_links(const EmbedLabels *labels, KgId entity, double *out, BaseError *err)
{
    *out = 0;
    for (int side = 0; side < 2; side++) {
        KgScan *scan = NULL;
        KgTriple triple;
        const KgTriple pattern = side == 0 ? (KgTriple){.s = entity} : (KgTriple){.o = entity};
        BaseStatus status = kg_scan_open(labels->txn, KG_IN(KG_ASSERTED), pattern, KG_ORDER_BEST, &scan, err);
        while (status == BASE_OK && *out < EMBED_MOST_LINKS && (status = kg_scan_next(scan, &triple, err)) == BASE_OK)
            *out += kg_kind(triple.o) != KG_LITERAL;
        kg_scan_close(scan);
        if (status != BASE_OK && status != BASE_END)
            return status;
    }
    return BASE_OK;
}

static BaseStatus add_bearer(EmbedBearers *out, KgId entity, double fit, const char *predicate, const char *form,
                             BaseArena *arena, BaseError *err)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].entity == entity && out->items[i].fit >= fit)
            return BASE_OK;
    BaseBuffer evidence = {0};
    char *const copy = base_buffer_format(&evidence, "%s \"%s\"", predicate, form)
                           ? base_arena_copy(arena, evidence.items, evidence.count)
                           : NULL;
    base_buffer_free(&evidence);
    if (!copy)
        return base_fail(err, BASE_NO_MEMORY, "no memory to link");
    const EmbedBearer bearer = {.entity = entity, .fit = fit, .evidence = copy};
    for (size_t i = 0; i < out->count; i++) {
        if (out->items[i].entity == entity) {
            out->items[i] = bearer;
            return BASE_OK;
        }
    }
    return BASE_PUSH(out, bearer) ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to link");
}

/* Entities with `text` as the object of a label predicate. */
static BaseStatus find_labelled(const EmbedLabels *labels, KgId text, const Form *form, BaseArena *arena,
                                EmbedBearers *out, BaseError *err)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < labels->count && status == BASE_OK; i++) {
        KgScan *scan = NULL;
        KgTriple triple;
        status = kg_scan_open(labels->txn, labels->layers, (KgTriple){.p = labels->predicates[i], .o = text},
                              KG_ORDER_BEST, &scan, err);
        while (status == BASE_OK && out->count < MOST_BEARERS && (status = kg_scan_next(scan, &triple, err)) == BASE_OK)
            status = add_bearer(out, triple.s, form->fit * labels->fits[i], labels->names[i], form->text, arena, err);
        kg_scan_close(scan);
        status = status == BASE_END ? BASE_OK : status;
    }
    return status;
}

static BaseStatus find_form(const EmbedLabels *labels, const Form *form, BaseArena *arena, EmbedBearers *out,
                            BaseError *err)
{
    const KgText text = {form->text, strlen(form->text)};
    const KgTerm literals[] = {{.kind = KG_LITERAL, .text = text},
                               {.kind = KG_LITERAL, .text = text, .language = KG_TEXT("en")}};
    KgId id = KG_ANY;
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < 2 && status == BASE_OK; i++) {
        status = kg_find(labels->txn, &literals[i], &id, err);
        if (status == BASE_OK)
            status = find_labelled(labels, id, form, arena, out, err);
        else if (status == BASE_NOT_FOUND)
            status = BASE_OK;
    }
    if (status != BASE_OK)
        return status;
    /* The plain name: a label written without quotes, or an entity called so. */
    KgTerm term;
    if (kg_parse_term(text, arena, &term, NULL) != BASE_OK || term.kind != KG_IRI)
        return BASE_OK;
    status = kg_find(labels->txn, &term, &id, err);
    if (status == BASE_NOT_FOUND)
        return BASE_OK;
    if (status == BASE_OK)
        status = find_labelled(labels, id, form, arena, out, err);
    double links = 0;
    if (status == BASE_OK)
        status = count_links(labels, id, &links, err);
    if (status == BASE_OK && links > 0)
        status = add_bearer(out, id, form->fit * NAME_FIT, "named", form->text, arena, err);
    return status;
}

/* Many vocabularies call an entity after its usual label and number the senses by use: dog.n.01, "Paris (2)". 1 for an
 * entity called so, or with its lowest number; less for higher numbers; 0 when it is called otherwise. */
static BaseStatus judge_name(const EmbedLabels *labels, KgId entity, const Form *plain, double *out, BaseError *err)
{
    BaseBuffer shown = {0};
    const BaseStatus status = kg_write_term(labels->txn, entity, KG_SYNTAX_PLAIN, &shown, err);
    const size_t stem = strlen(plain->text);
    *out = 0;
    if (status == BASE_OK && shown.count >= stem) {
        bool is_same = true;
        for (size_t i = 0; i < stem && is_same; i++) {
            const char own = shown.items[i] == '_' ? ' ' : (char)tolower((unsigned char)shown.items[i]);
            is_same = own == plain->text[i];
        }
        const char *const rest = shown.items + stem;
        if (is_same && !isalnum((unsigned char)*rest) && *rest != '-' && *rest != '_' && *rest != ' ') {
            const size_t digits = strcspn(rest, "0123456789");
            const unsigned long number = strtoul(rest + digits, NULL, 10);
            *out = 1.0 / sqrt(number > 1 ? (double)number : 1.0);
        }
    }
    base_buffer_free(&shown);
    return status;
}

BaseStatus embed_labels_find(const EmbedLabels *labels, const char *name, size_t length, BaseArena *arena,
                             EmbedBearers *out, BaseError *err)
{
    Forms forms = {0};
    size_t plain_count = 0;
    out->count = 0;
    if (base_utf8_check(name, length) < length)
        return base_fail(err, BASE_BAD_INPUT, "a name to link is not valid UTF-8");
    BaseStatus status = make_forms(name, length, arena, &forms, &plain_count)
                            ? BASE_OK
                            : base_fail(err, BASE_NO_MEMORY, "no memory to link");
    for (size_t i = 0; i < forms.count && status == BASE_OK; i++) {
        if (i == plain_count && out->count > 0)
            break; /* a form without an ending serves only where there is no other */
        status = find_form(labels, &forms.items[i], arena, out, err);
    }
    for (size_t i = 0; i < out->count && status == BASE_OK; i++) {
        EmbedBearer *const bearer = &out->items[i];
        status = count_links(labels, bearer->entity, &bearer->degree, err);
        for (size_t j = 0; j < forms.count && status == BASE_OK && bearer->namesake <= 0; j++)
            status = judge_name(labels, bearer->entity, &forms.items[j], &bearer->namesake, err);
    }
    free(forms.items);
    return status;
}
