/* iso.c - countries, their parts, languages, scripts and currencies: the JSON files of Debian's iso-codes (ISO 3166-1,
 * -2 and -3, 639-3, 639-5, 15924, 4217; https://salsa.debian.org/iso-codes-team/iso-codes) as triples. Each file is one
 * object with one list of flat entries. Codes that are not unique among all the standards get a prefix: fam:aav,
 * cur:USD, former:AIDJ. */
#include "datasets/output.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct Conversion {
    const char *path; /* of the file at hand */
    size_t number;    /* of the entry at hand, from 1 */
    const json_t *entry;
    DatasetsPart *triples, *literals;
} Conversion;

/* jansson keeps no places of values: the message names the entry. */
static BaseStatus fail_entry(const Conversion *conversion, const char *field, const char *expected, BaseError *err)
{
    return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = conversion->path}, "entry %zu: expected %s in \"%s\"",
                        conversion->number, expected, field);
}

static bool is_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ')
            return false;
    return true;
}

/* NULL, and BASE_OK, where the entry has no such field. */
static BaseStatus find_text(const Conversion *conversion, const char *field, const char **out, BaseError *err)
{
    const json_t *const value = json_object_get(conversion->entry, field);
    *out = value ? json_string_value(value) : NULL;
    if (value && (!*out || !**out || !is_line(*out)))
        return fail_entry(conversion, field, "a text of one line", err);
    return BASE_OK;
}

static BaseStatus need_text(const Conversion *conversion, const char *field, const char **out, BaseError *err)
{
    const BaseStatus status = find_text(conversion, field, out, err);
    return status == BASE_OK && !*out ? fail_entry(conversion, field, "a text", err) : status;
}

/* The code may hold letters, digits and '-' only: it becomes a name. */
static BaseStatus need_code(const Conversion *conversion, const char *field, size_t least, const char **out,
                            BaseError *err)
{
    const BaseStatus status = need_text(conversion, field, out, err);
    if (status != BASE_OK)
        return status;
    for (const char *c = *out; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-')
            return fail_entry(conversion, field, "a code of letters, digits and '-'", err);
    return strlen(*out) < least ? fail_entry(conversion, field, "a longer code", err) : BASE_OK;
}

static void put(DatasetsPart *part, const char *prefix, const char *code, const char *relation, const char *value)
{
    fprintf(part->file.stream, "%s%s\t%s\t%s\n", prefix, code, relation, value);
    part->count++;
}

static BaseStatus put_literal(const Conversion *conversion, const char *prefix, const char *code, const char *relation,
                              const char *field, bool is_needed, BaseError *err)
{
    const char *text;
    const BaseStatus status =
        is_needed ? need_text(conversion, field, &text, err) : find_text(conversion, field, &text, err);
    if (status == BASE_OK && text)
        put(conversion->literals, prefix, code, relation, text);
    return status;
}

static BaseStatus put_label(const Conversion *conversion, const char *prefix, const char *code, BaseError *err)
{
    return put_literal(conversion, prefix, code, "label", "name", true, err);
}

/* ---- One function a standard --------------------------------------------------------------------------------------
 */

/* Labelled by the usual name where there is one: "Laos", not "Lao People's Democratic Republic". */
static BaseStatus convert_country(const Conversion *conversion, BaseError *err)
{
    const char *code, *usual;
    BaseStatus status = need_code(conversion, "alpha_2", 2, &code, err);
    if (status == BASE_OK)
        status = find_text(conversion, "common_name", &usual, err);
    if (status != BASE_OK)
        return status;
    put(conversion->triples, "", code, "type", "country");
    status = put_literal(conversion, "", code, "label", usual ? "common_name" : "name", true, err);
    if (status == BASE_OK)
        status = put_literal(conversion, "", code, "alpha_3", "alpha_3", true, err);
    if (status == BASE_OK)
        status = put_literal(conversion, "", code, "numeric", "numeric", true, err);
    if (status == BASE_OK)
        status = put_literal(conversion, "", code, "official_name", "official_name", false, err);
    return status;
}

/* "Group of islands (20 inhabited islands)" as group_of_islands_20_inhabited_islands_. */
static void make_name(const char *text, char *out, size_t capacity)
{
    size_t used = 0;
    for (; *text && used + 1 < capacity; text++) {
        const bool is_kept = (unsigned char)*text < 128 && isalnum((unsigned char)*text);
        if (is_kept)
            out[used++] = (char)tolower((unsigned char)*text);
        else if (used == 0 || out[used - 1] != '_')
            out[used++] = '_';
    }
    out[used] = '\0';
}

/* A parent is given as "GB-ENG" or, within its country, as "ENG". */
static BaseStatus convert_subdivision(const Conversion *conversion, BaseError *err)
{
    const char *code, *kind, *parent = NULL;
    char name[128], whole[32];
    BaseStatus status = need_code(conversion, "code", 4, &code, err);
    if (status == BASE_OK)
        status = need_text(conversion, "type", &kind, err);
    if (status == BASE_OK && json_object_get(conversion->entry, "parent"))
        status = need_code(conversion, "parent", 1, &parent, err);
    if (status != BASE_OK)
        return status;
    const char country[3] = {code[0], code[1], '\0'};
    if (parent && !strchr(parent, '-'))
        snprintf(whole, sizeof whole, "%s-%.24s", country, parent);
    else
        snprintf(whole, sizeof whole, "%.28s", parent ? parent : country);
    make_name(kind, name, sizeof name);
    put(conversion->triples, "", code, "type", "subdivision");
    fprintf(conversion->triples->file.stream, "%s\tsubdivision_type\tst:%s\n", code, name);
    conversion->triples->count++;
    put(conversion->triples, "", code, "in_country", country);
    put(conversion->triples, "", code, "part_of", whole);
    return put_label(conversion, "", code, err);
}

static BaseStatus convert_former_country(const Conversion *conversion, BaseError *err)
{
    const char *code;
    BaseStatus status = need_code(conversion, "alpha_4", 4, &code, err);
    if (status != BASE_OK)
        return status;
    put(conversion->triples, "former:", code, "type", "former_country");
    status = put_label(conversion, "former:", code, err);
    if (status == BASE_OK)
        status = put_literal(conversion, "former:", code, "withdrawn", "withdrawal_date", true, err);
    return status;
}

/* What a letter stands for in ISO 639-3. */
typedef struct Letter {
    char letter;
    const char *meaning;
} Letter;

static BaseStatus put_letter(const Conversion *conversion, const char *code, const char *relation, const char *field,
                             const Letter *letters, size_t count, BaseError *err)
{
    const char *text;
    const BaseStatus status = need_text(conversion, field, &text, err);
    if (status != BASE_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        if (text[0] == letters[i].letter && !text[1]) {
            put(conversion->triples, "", code, relation, letters[i].meaning);
            return BASE_OK;
        }
    return fail_entry(conversion, field, "a letter of ISO 639-3", err);
}

static BaseStatus convert_language(const Conversion *conversion, BaseError *err)
{
    static const Letter scopes[] = {{'I', "individual_language"}, {'M', "macrolanguage"}, {'S', "special_code"}};
    static const Letter types[] = {{'L', "living"},     {'E', "extinct"},     {'A', "ancient"},
                                   {'H', "historical"}, {'C', "constructed"}, {'S', "special"}};
    const char *code;
    BaseStatus status = need_code(conversion, "alpha_3", 3, &code, err);
    if (status == BASE_OK)
        status = put_letter(conversion, code, "type", "scope", scopes, sizeof scopes / sizeof *scopes, err);
    if (status == BASE_OK)
        status = put_letter(conversion, code, "status", "type", types, sizeof types / sizeof *types, err);
    if (status == BASE_OK)
        status = put_label(conversion, "", code, err);
    if (status == BASE_OK)
        status = put_literal(conversion, "", code, "alpha_2", "alpha_2", false, err);
    return status;
}

static BaseStatus convert_named(const Conversion *conversion, const char *prefix, const char *field, const char *type,
                                BaseError *err)
{
    const char *code;
    const BaseStatus status = need_code(conversion, field, 3, &code, err);
    if (status != BASE_OK)
        return status;
    put(conversion->triples, prefix, code, "type", type);
    return put_label(conversion, prefix, code, err);
}

static BaseStatus convert_family(const Conversion *conversion, BaseError *err)
{
    return convert_named(conversion, "fam:", "alpha_3", "language_family", err);
}

static BaseStatus convert_script(const Conversion *conversion, BaseError *err)
{
    return convert_named(conversion, "", "alpha_4", "script", err);
}

static BaseStatus convert_currency(const Conversion *conversion, BaseError *err)
{
    return convert_named(conversion, "cur:", "alpha_3", "currency", err);
}

/* ---- One file after another ----------------------------------------------------------------------------------------
 */

static const struct Standard {
    const char *key; /* of the list; the file is iso_KEY.json */
    BaseStatus (*convert)(const Conversion *conversion, BaseError *err);
} standards[] = {
    {"3166-1", convert_country}, {"3166-2", convert_subdivision}, {"3166-3", convert_former_country},
    {"639-3", convert_language}, {"639-5", convert_family},       {"15924", convert_script},
    {"4217", convert_currency},
};
#define STANDARD_COUNT (sizeof standards / sizeof *standards)

static BaseStatus convert_entries(const struct Standard *standard, const json_t *root, Conversion *conversion,
                                  BaseJob *job, BaseError *err)
{
    const json_t *const entries = json_object_get(root, standard->key);
    if (!json_is_array(entries))
        return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = conversion->path},
                            "expected an object with the list \"%s\"", standard->key);
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < json_array_size(entries) && status == BASE_OK; i++) {
        conversion->number = i + 1;
        conversion->entry = json_array_get(entries, i);
        if (!json_is_object(conversion->entry))
            status = base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = conversion->path},
                                  "entry %zu: expected an object", i + 1);
        else
            status = standard->convert(conversion, err);
        if (status == BASE_OK && base_job_cancelled(job))
            status = base_fail(err, BASE_CANCELLED, "cancelled while reading %s", conversion->path);
    }
    return status;
}

static BaseStatus convert_file(const char *folder, const struct Standard *standard, Conversion *conversion,
                               BaseJob *job, BaseError *err)
{
    char name[32];
    char *text = NULL;
    size_t length = 0;
    json_t *root = NULL;
    snprintf(name, sizeof name, "iso_%s.json", standard->key);
    char *const path = base_join_path(folder, name);
    if (!path)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", name);
    conversion->path = path;
    BaseStatus status = base_read_file(path, &text, &length, err);
    if (status != BASE_OK)
        goto done;
    json_error_t fault;
    root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
    if (!root) {
        const size_t at = fault.position > 0 ? (size_t)fault.position - 1 : 0;
        status =
            base_fail_at(err, BASE_BAD_INPUT, base_source_at(path, text, length, at, 1), "not JSON: %s", fault.text);
        goto done;
    }
    status = convert_entries(standard, root, conversion, job, err);
done:
    json_decref(root);
    free(text);
    free(path);
    return status;
}

BaseStatus datasets_convert_iso_codes(const char *folder, const DatasetsOptions *options, DatasetsOutput *output,
                                      BaseJob *job, BaseError *err)
{
    (void)options;
    Conversion conversion = {0};
    BaseStatus status = datasets_output_add(output, "triples.tsv", "triples", &conversion.triples, err);
    if (status == BASE_OK)
        status = datasets_output_add(output, "literals.tsv", "literals", &conversion.literals, err);
    for (size_t i = 0; i < STANDARD_COUNT && status == BASE_OK; i++) {
        status = convert_file(folder, &standards[i], &conversion, job, err);
        base_job_step(job, "reading iso-codes", "files", i + 1, STANDARD_COUNT, NULL);
    }
    return status;
}
