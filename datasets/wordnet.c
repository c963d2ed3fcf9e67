/* wordnet.c - WordNet's database files as triples. The format is that of the manual pages wndb(5WN) and lexnames(5WN):
 * data.POS has a line per synset (a set of words with one sense), index.POS a line per lemma with its synsets in the
 * order of its senses. A synset is named after its first lemma, its part of speech and which sense of that lemma it is:
 * dog.n.01. Only one of a pair of inverse pointers is written (hypernym, not hyponym): rules give the other.
 * Memory: the files' texts, with words, pointers and names in one arena; about 70 MB for WordNet 3.0. */
#include "datasets/output.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct Text {
    const char *bytes;
    size_t length;
} Text;

typedef struct File {
    char *path;
    char *bytes; /* owned */
    size_t length;
} File;

enum { NOUN, VERB, ADJECTIVE, ADVERB, POS_COUNT };
static const struct Pos {
    const char *suffix;
    char letter;
} parts_of_speech[POS_COUNT] = {{"noun", 'n'}, {"verb", 'v'}, {"adj", 'a'}, {"adv", 'r'}};

static const char *const lexnames[] = {
    "adj.all",          "adj.pert",           "adv.all",
    "noun.Tops",        "noun.act",           "noun.animal",
    "noun.artifact",    "noun.attribute",     "noun.body",
    "noun.cognition",   "noun.communication", "noun.event",
    "noun.feeling",     "noun.food",          "noun.group",
    "noun.location",    "noun.motive",        "noun.object",
    "noun.person",      "noun.phenomenon",    "noun.plant",
    "noun.possession",  "noun.process",       "noun.quantity",
    "noun.relation",    "noun.shape",         "noun.state",
    "noun.substance",   "noun.time",          "verb.body",
    "verb.change",      "verb.cognition",     "verb.communication",
    "verb.competition", "verb.consumption",   "verb.contact",
    "verb.creation",    "verb.emotion",       "verb.motion",
    "verb.perception",  "verb.possession",    "verb.social",
    "verb.stative",     "verb.weather",       "adj.ppl",
};
#define LEXNAME_COUNT (sizeof lexnames / sizeof *lexnames)

/* A NULL relation: the other side says it. */
static const struct Symbol {
    const char *symbol, *relation;
} symbols[] = {
    {"!", "antonym"},
    {"@", "hypernym"},
    {"@i", "instance_hypernym"},
    {"#m", "member_holonym"},
    {"#s", "substance_holonym"},
    {"#p", "part_holonym"},
    {"=", "attribute"},
    {"+", "derivationally_related_form"},
    {";c", "domain_topic"},
    {";r", "domain_region"},
    {";u", "domain_usage"},
    {"*", "entails"},
    {">", "causes"},
    {"^", "also_see"},
    {"$", "verb_group"},
    {"&", "similar_to"},
    {"<", "participle_of"},
    {"\\", "pertains_to"},
    {"~", NULL},
    {"~i", NULL},
    {"%m", NULL},
    {"%s", NULL},
    {"%p", NULL},
    {"-c", NULL},
    {"-r", NULL},
    {"-u", NULL},
};

typedef struct Pointer {
    const char *relation;
    uint32_t offset; /* of the synset it points to, in the file of `pos` */
    int pos;
    Text field; /* that says so in the file's text */
} Pointer;

typedef struct Synset {
    uint32_t offset; /* its name inside its file */
    uint32_t sense;  /* of its first lemma; 0 until the index is read */
    const char *lexname;
    char letter; /* n v a s r; s: an adjective satellite */
    const Text *words;
    size_t word_count;
    const Pointer *pointers; /* those that are written */
    size_t pointer_count;
    Text gloss, line;
    const char *lemma; /* the first, in lower case */
    const char *name;
} Synset;

typedef struct WordNet {
    File data[POS_COUNT], index[POS_COUNT];
    struct {
        Synset *items;
        size_t count, capacity;
    } synsets;
    size_t first[POS_COUNT + 1]; /* where each part of speech begins in `synsets` */
    BaseMap by_offset;           /* synset_key -> place in `synsets` */
    BaseArena arena;
} WordNet;

static uint64_t synset_key(int pos, uint32_t offset)
{
    return (uint64_t)pos << 32 | offset;
}

/* ---- Reading a line field by field --------------------------------------------------------------------------- */

typedef struct Cursor {
    const File *file;
    const char *at, *end; /* the rest of the line */
    const char *next;     /* the line after it */
    Text field;           /* the last one read */
} Cursor;

static BaseSource place(const File *file, const char *at, size_t width)
{
    return base_source_at(file->path, file->bytes, file->length, (size_t)(at - file->bytes), width);
}

static Cursor start_of(const File *file)
{
    return (Cursor){.file = file, .at = file->bytes, .end = file->bytes, .next = file->bytes};
}

/* The next line that is not of the licence at the top, whose lines begin with a space. BASE_END after the last. */
static BaseStatus next_line(Cursor *cursor, BaseError *err)
{
    const File *const file = cursor->file;
    const char *const stop = file->bytes + file->length;
    do {
        if (cursor->next == stop)
            return BASE_END;
        cursor->at = cursor->next;
        cursor->end = memchr(cursor->at, '\n', (size_t)(stop - cursor->at));
        if (!cursor->end)
            return base_fail_at(err, BASE_BAD_INPUT, place(file, stop, 1),
                                "the file ends inside a line: it has been cut short");
        cursor->next = cursor->end + 1;
    } while (*cursor->at == ' ');

    const size_t length = (size_t)(cursor->end - cursor->at);
    const size_t good = base_utf8_check(cursor->at, length);
    if (good < length)
        return base_fail_at(err, BASE_BAD_INPUT, place(file, cursor->at + good, 1),
                            "expected UTF-8, found the byte 0x%02x", (unsigned)(unsigned char)cursor->at[good]);
    for (const char *c = cursor->at; c < cursor->end; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return base_fail_at(err, BASE_BAD_INPUT, place(file, c, 1),
                                "expected text, found the control character 0x%02x", (unsigned)*c);
    return BASE_OK;
}

static bool has_field(const Cursor *cursor)
{
    const char *at = cursor->at;
    while (at < cursor->end && *at == ' ')
        at++;
    return at < cursor->end;
}

static BaseStatus read_field(Cursor *cursor, const char *what, Text *out, BaseError *err)
{
    while (cursor->at < cursor->end && *cursor->at == ' ')
        cursor->at++;
    if (cursor->at == cursor->end)
        return base_fail_at(err, BASE_BAD_INPUT, place(cursor->file, cursor->end, 1),
                            "expected %s, found the end of the line", what);
    const char *const start = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != ' ')
        cursor->at++;
    *out = cursor->field = (Text){start, (size_t)(cursor->at - start)};
    return BASE_OK;
}

/* The last field is not `what` was expected. */
static BaseStatus fail_field(const Cursor *cursor, const char *what, BaseError *err)
{
    const Text found = cursor->field;
    return base_fail_at(err, BASE_BAD_INPUT, place(cursor->file, found.bytes, found.length),
                        "expected %s, found \"%.*s\"", what, (int)(found.length < 60 ? found.length : 60), found.bytes);
}

/* All of a field as a number of `base` 10 or 16, at most `high`. */
static BaseStatus read_number(Cursor *cursor, const char *what, unsigned base, uint32_t high, uint32_t *out,
                              BaseError *err)
{
    static const char digits[] = "0123456789abcdef";
    Text field;
    const BaseStatus status = read_field(cursor, what, &field, err);
    if (status != BASE_OK)
        return status;
    uint64_t value = 0;
    for (size_t i = 0; i < field.length; i++) {
        const char *const digit = memchr(digits, tolower((unsigned char)field.bytes[i]), base);
        if (!digit)
            return fail_field(cursor, what, err);
        value = value * base + (uint64_t)(digit - digits);
        if (value > high)
            return fail_field(cursor, what, err);
    }
    *out = (uint32_t)value;
    return BASE_OK;
}

/* Adjectives may tell where they stand: galore(ip). */
static Text without_marker(Text word)
{
    static const char *const markers[] = {"(a)", "(p)", "(ip)"};
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        const size_t length = strlen(markers[i]);
        if (word.length > length && memcmp(word.bytes + word.length - length, markers[i], length) == 0)
            return (Text){word.bytes, word.length - length};
    }
    return word;
}

static char *lower_copy(BaseArena *arena, Text word)
{
    char *const copy = base_arena_copy(arena, word.bytes, word.length);
    for (char *c = copy; c && *c; c++)
        *c = (char)((unsigned char)*c < 128 ? tolower((unsigned char)*c) : *c);
    return copy;
}

/* ---- data.POS: one line a synset ----------------------------------------------------------------------------- */

static BaseStatus read_words(Cursor *cursor, WordNet *net, Synset *synset, BaseError *err)
{
    uint32_t count = 0;
    BaseStatus status = read_number(cursor, "the number of words (hexadecimal)", 16, 0xff, &count, err);
    if (status != BASE_OK)
        return status;
    if (count == 0)
        return base_fail_at(err, BASE_BAD_INPUT, place(cursor->file, cursor->at, 1), "a synset without words");
    Text *const words = base_arena_alloc(&net->arena, count, sizeof *words);
    if (!words)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", cursor->file->path);
    for (uint32_t i = 0; i < count && status == BASE_OK; i++) {
        uint32_t lex_id;
        status = read_field(cursor, "a word", &words[i], err);
        if (status == BASE_OK)
            status = read_number(cursor, "a word's number (hexadecimal)", 16, 0xff, &lex_id, err);
        words[i] = without_marker(words[i]);
    }
    synset->words = words;
    synset->word_count = count;
    return status;
}

static const struct Symbol *find_symbol(Text text)
{
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (strlen(symbols[i].symbol) == text.length && memcmp(symbols[i].symbol, text.bytes, text.length) == 0)
            return &symbols[i];
    return NULL;
}

/* -1: no part of speech. A satellite, s, is an adjective. */
static int find_pos(Text letter)
{
    if (letter.length != 1)
        return -1;
    if (*letter.bytes == 's')
        return ADJECTIVE;
    for (int pos = 0; pos < POS_COUNT; pos++)
        if (*letter.bytes == parts_of_speech[pos].letter)
            return pos;
    return -1;
}

/* "@ 00001740 n 0000": symbol, target, the target's part of speech, which words it joins (a synset's all: 0000). */
static BaseStatus read_pointer(Cursor *cursor, Pointer *out, BaseError *err)
{
    Text symbol, pos;
    uint32_t words;
    BaseStatus status = read_field(cursor, "a pointer symbol", &symbol, err);
    if (status != BASE_OK)
        return status;
    const struct Symbol *const found = find_symbol(symbol);
    if (!found)
        return fail_field(cursor, "a pointer symbol", err);
    out->relation = found->relation;
    status = read_number(cursor, "the offset of a synset", 10, 99999999, &out->offset, err);
    out->field = cursor->field;
    if (status == BASE_OK)
        status = read_field(cursor, "a part of speech (n, v, a, s or r)", &pos, err);
    if (status != BASE_OK)
        return status;
    out->pos = find_pos(pos);
    if (out->pos < 0)
        return fail_field(cursor, "a part of speech (n, v, a, s or r)", err);
    return read_number(cursor, "source and target word (four hexadecimal digits)", 16, 0xffff, &words, err);
}

/* Several pairs of words of the same two synsets make one triple. */
static bool has_pointer(const Pointer *pointers, size_t count, const Pointer *pointer)
{
    for (size_t i = 0; i < count; i++)
        if (pointers[i].relation == pointer->relation && pointers[i].offset == pointer->offset &&
            pointers[i].pos == pointer->pos)
            return true;
    return false;
}

static BaseStatus read_pointers(Cursor *cursor, WordNet *net, Synset *synset, BaseError *err)
{
    uint32_t count = 0;
    BaseStatus status = read_number(cursor, "the number of pointers", 10, 999, &count, err);
    if (status != BASE_OK)
        return status;
    Pointer *const pointers = base_arena_alloc(&net->arena, count, sizeof *pointers);
    if (count && !pointers)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", cursor->file->path);
    size_t kept = 0;
    for (uint32_t i = 0; i < count && status == BASE_OK; i++) {
        Pointer pointer = {0};
        status = read_pointer(cursor, &pointer, err);
        if (status == BASE_OK && pointer.relation && !has_pointer(pointers, kept, &pointer))
            pointers[kept++] = pointer;
    }
    synset->pointers = pointers;
    synset->pointer_count = kept;
    return status;
}

/* Which sentence frames a verb fits, "+ 08 00": not written. */
static BaseStatus skip_frames(Cursor *cursor, BaseError *err)
{
    uint32_t count = 0;
    BaseStatus status = read_number(cursor, "the number of sentence frames", 10, 99, &count, err);
    for (uint32_t i = 0; i < count && status == BASE_OK; i++) {
        Text plus;
        uint32_t number;
        status = read_field(cursor, "\"+\" before a sentence frame", &plus, err);
        if (status == BASE_OK && !(plus.length == 1 && *plus.bytes == '+'))
            status = fail_field(cursor, "\"+\" before a sentence frame", err);
        if (status == BASE_OK)
            status = read_number(cursor, "a sentence frame", 10, 99, &number, err);
        if (status == BASE_OK)
            status = read_number(cursor, "a word's number (hexadecimal)", 16, 0xff, &number, err);
    }
    return status;
}

static BaseStatus read_gloss(Cursor *cursor, Synset *synset, BaseError *err)
{
    Text bar;
    const BaseStatus status = read_field(cursor, "\"|\" and a gloss", &bar, err);
    if (status != BASE_OK)
        return status;
    if (!(bar.length == 1 && *bar.bytes == '|'))
        return fail_field(cursor, "\"|\" and a gloss", err);
    while (cursor->at < cursor->end && *cursor->at == ' ')
        cursor->at++;
    const char *end = cursor->end;
    while (end > cursor->at && end[-1] == ' ')
        end--;
    if (end == cursor->at)
        return base_fail_at(err, BASE_BAD_INPUT, place(cursor->file, cursor->end, 1),
                            "expected a gloss, found the end of the line");
    synset->gloss = (Text){cursor->at, (size_t)(end - cursor->at)};
    return BASE_OK;
}

static BaseStatus read_synset_type(Cursor *cursor, int pos, Synset *synset, BaseError *err)
{
    Text type;
    const BaseStatus status = read_field(cursor, "the synset's type", &type, err);
    if (status != BASE_OK)
        return status;
    if (find_pos(type) != pos)
        return fail_field(cursor, pos == ADJECTIVE ? "the type a or s" : "the file's own part of speech", err);
    synset->letter = *type.bytes;
    return BASE_OK;
}

static BaseStatus read_synset(Cursor *cursor, int pos, WordNet *net, Synset *out, BaseError *err)
{
    uint32_t lexname = 0;
    out->line = (Text){cursor->at, (size_t)(cursor->end - cursor->at)};
    BaseStatus status = read_number(cursor, "the synset's offset", 10, 99999999, &out->offset, err);
    if (status == BASE_OK)
        status = read_number(cursor, "the number of a lexicographer's file (00 to 44)", 10, LEXNAME_COUNT - 1, &lexname,
                             err);
    if (status == BASE_OK)
        status = read_synset_type(cursor, pos, out, err);
    if (status == BASE_OK)
        status = read_words(cursor, net, out, err);
    if (status == BASE_OK)
        status = read_pointers(cursor, net, out, err);
    if (status == BASE_OK && pos == VERB)
        status = skip_frames(cursor, err);
    if (status == BASE_OK)
        status = read_gloss(cursor, out, err);
    if (status != BASE_OK)
        return status;
    out->lexname = lexnames[lexname];
    out->lemma = lower_copy(&net->arena, out->words[0]);
    return out->lemma ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to read %s", cursor->file->path);
}

static BaseStatus add_synset(WordNet *net, int pos, const Synset *synset, const File *file, BaseError *err)
{
    bool is_new = false;
    if (!base_map_put(&net->by_offset, synset_key(pos, synset->offset), net->synsets.count, &is_new) ||
        !BASE_PUSH(&net->synsets, *synset))
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", file->path);
    if (!is_new)
        return base_fail_at(err, BASE_BAD_INPUT, place(file, synset->line.bytes, 8), "synset %08u is there twice",
                            synset->offset);
    return BASE_OK;
}

/* Tells how far the reader is; BASE_CANCELLED when it should stop. */
static BaseStatus step(const Cursor *cursor, BaseJob *job, BaseError *err)
{
    const char *const slash = strrchr(cursor->file->path, '/');
    char stage[64];
    snprintf(stage, sizeof stage, "reading %s", slash ? slash + 1 : cursor->file->path);
    base_job_step(job, stage, "bytes", (uint64_t)(cursor->next - cursor->file->bytes), cursor->file->length, NULL);
    return base_job_cancelled(job) ? base_fail(err, BASE_CANCELLED, "cancelled while %s", stage) : BASE_OK;
}

static BaseStatus read_data(WordNet *net, int pos, BaseJob *job, BaseError *err)
{
    Cursor cursor = start_of(&net->data[pos]);
    BaseStatus status;
    net->first[pos] = net->synsets.count;
    while ((status = next_line(&cursor, err)) == BASE_OK) {
        Synset synset = {0};
        status = read_synset(&cursor, pos, net, &synset, err);
        if (status == BASE_OK)
            status = add_synset(net, pos, &synset, cursor.file, err);
        if (status == BASE_OK && net->synsets.count % 1024 == 0)
            status = step(&cursor, job, err);
        if (status != BASE_OK)
            return status;
    }
    net->first[pos + 1] = net->synsets.count;
    if (status == BASE_END && net->first[pos] == net->synsets.count)
        return base_fail_at(err, BASE_BAD_INPUT, (BaseSource){.name = cursor.file->path, .line = 1},
                            "no synset is in it");
    return status == BASE_END ? step(&cursor, job, err) : status;
}

/* ---- index.POS: one line a lemma, its synsets in the order of its senses ---------------------------------------- */

static BaseStatus skip_symbols(Cursor *cursor, BaseError *err)
{
    uint32_t count = 0;
    BaseStatus status = read_number(cursor, "the number of pointer symbols", 10, 99, &count, err);
    for (uint32_t i = 0; i < count && status == BASE_OK; i++) {
        Text symbol;
        status = read_field(cursor, "a pointer symbol", &symbol, err); /* ";" stands for all of ";c", ";r" and ";u" */
    }
    return status;
}

/* Reads "dog n 7 5 @ ~ #m #p %p 7 1 02084071 10114209 ...". */
static BaseStatus read_lemma(Cursor *cursor, int pos, WordNet *net, BaseError *err)
{
    Text lemma, letter;
    uint32_t sense_count = 0, number = 0;
    BaseStatus status = read_field(cursor, "a lemma", &lemma, err);
    if (status == BASE_OK)
        status = read_field(cursor, "a part of speech", &letter, err);
    if (status == BASE_OK && find_pos(letter) != pos)
        status = fail_field(cursor, "the file's own part of speech", err);
    if (status == BASE_OK)
        status = read_number(cursor, "the number of senses", 10, 9999, &sense_count, err);
    if (status == BASE_OK)
        status = skip_symbols(cursor, err);
    if (status == BASE_OK)
        status = read_number(cursor, "the number of senses", 10, 9999, &number, err);
    if (status == BASE_OK)
        status = read_number(cursor, "the number of senses met in texts", 10, 9999, &number, err);
    for (uint32_t sense = 1; sense <= sense_count && status == BASE_OK; sense++) {
        status = read_number(cursor, "the offset of a synset", 10, 99999999, &number, err);
        if (status != BASE_OK)
            return status;
        const uint64_t *const found = base_map_get(&net->by_offset, synset_key(pos, number));
        if (!found)
            return base_fail_at(err, BASE_BAD_INPUT, place(cursor->file, cursor->field.bytes, cursor->field.length),
                                "synset %08u is not in data.%s", number, parts_of_speech[pos].suffix);
        Synset *const synset = &net->synsets.items[*found];
        if (strlen(synset->lemma) == lemma.length && memcmp(synset->lemma, lemma.bytes, lemma.length) == 0)
            synset->sense = sense;
    }
    if (status == BASE_OK && has_field(cursor))
        return base_fail_at(err, BASE_BAD_INPUT, place(cursor->file, cursor->at + 1, 1),
                            "expected the end of the line after %u senses", sense_count);
    return status;
}

static BaseStatus read_index(WordNet *net, int pos, BaseJob *job, BaseError *err)
{
    Cursor cursor = start_of(&net->index[pos]);
    BaseStatus status;
    for (size_t lines = 1; (status = next_line(&cursor, err)) == BASE_OK; lines++) {
        status = read_lemma(&cursor, pos, net, err);
        if (status == BASE_OK && lines % 1024 == 0)
            status = step(&cursor, job, err);
        if (status != BASE_OK)
            return status;
    }
    return status == BASE_END ? step(&cursor, job, err) : status;
}

static BaseStatus name_synsets(WordNet *net, int pos, BaseError *err)
{
    BaseBuffer name = {0};
    BaseStatus status = BASE_OK;
    for (size_t i = net->first[pos]; i < net->first[pos + 1] && status == BASE_OK; i++) {
        Synset *const synset = &net->synsets.items[i];
        name.count = 0;
        if (synset->sense == 0)
            status = base_fail_at(err, BASE_BAD_INPUT, place(&net->data[pos], synset->line.bytes, 8),
                                  "index.%s has no sense of \"%s\" for this synset", parts_of_speech[pos].suffix,
                                  synset->lemma);
        else if (!base_buffer_format(&name, "%s.%c.%02u", synset->lemma, synset->letter, synset->sense) ||
                 !(synset->name = base_arena_copy(&net->arena, name.items, name.count)))
            status = base_fail(err, BASE_NO_MEMORY, "no memory for the names of synsets");
    }
    base_buffer_free(&name);
    return status;
}

/* ---- Writing -------------------------------------------------------------------------------------------------- */

static BaseStatus write_triples(const WordNet *net, int pos, const Synset *synset, DatasetsPart *part, BaseError *err)
{
    fprintf(part->file.stream, "%s\tlexname\t%s\n", synset->name, synset->lexname);
    for (size_t i = 0; i < synset->pointer_count; i++) {
        const Pointer *const pointer = &synset->pointers[i];
        const uint64_t *const found = base_map_get(&net->by_offset, synset_key(pointer->pos, pointer->offset));
        if (!found)
            return base_fail_at(err, BASE_BAD_INPUT,
                                place(&net->data[pos], pointer->field.bytes, pointer->field.length),
                                "synset %08u is not in data.%s", pointer->offset, parts_of_speech[pointer->pos].suffix);
        fprintf(part->file.stream, "%s\t%s\t%s\n", synset->name, pointer->relation, net->synsets.items[*found].name);
    }
    part->count += 1 + synset->pointer_count;
    return BASE_OK;
}

static void write_literals(const Synset *synset, DatasetsPart *part)
{
    FILE *const out = part->file.stream;
    fprintf(out, "%s\tlabel\t", synset->name);
    for (size_t i = 0; i < synset->word_count; i++) {
        if (i > 0)
            fputs(", ", out);
        for (size_t c = 0; c < synset->words[i].length; c++)
            fputc(synset->words[i].bytes[c] == '_' ? ' ' : synset->words[i].bytes[c], out);
    }
    fprintf(out, "\n%s\tgloss\t%.*s\n", synset->name, (int)synset->gloss.length, synset->gloss.bytes);
    fprintf(out, "%s\toffset\t%08u\n", synset->name, synset->offset);
    part->count += 3;
}

static BaseStatus write_words(WordNet *net, const Synset *synset, DatasetsPart *part, BaseError *err)
{
    const BaseArenaMark mark = base_arena_mark(&net->arena);
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < synset->word_count && status == BASE_OK; i++) {
        const char *const word = lower_copy(&net->arena, synset->words[i]);
        if (word)
            fprintf(part->file.stream, "%s\tlemma\t%s\n", synset->name, word);
        else
            status = base_fail(err, BASE_NO_MEMORY, "no memory to write %s", part->name);
    }
    base_arena_rewind(&net->arena, mark);
    part->count += synset->word_count;
    return status;
}

static BaseStatus write_all(WordNet *net, DatasetsOutput *output, BaseJob *job, BaseError *err)
{
    DatasetsPart *triples, *literals, *words;
    BaseStatus status = datasets_output_add(output, "triples.tsv", "triples", &triples, err);
    if (status == BASE_OK)
        status = datasets_output_add(output, "literals.tsv", "literals", &literals, err);
    if (status == BASE_OK)
        status = datasets_output_add(output, "words.tsv", "lemmas", &words, err);
    for (int pos = 0; pos < POS_COUNT && status == BASE_OK; pos++)
        for (size_t i = net->first[pos]; i < net->first[pos + 1] && status == BASE_OK; i++) {
            const Synset *const synset = &net->synsets.items[i];
            status = write_triples(net, pos, synset, triples, err);
            write_literals(synset, literals);
            if (status == BASE_OK)
                status = write_words(net, synset, words, err);
            base_job_step(job, "writing", "synsets", i + 1, net->synsets.count, NULL);
            if (status == BASE_OK && base_job_cancelled(job))
                status = base_fail(err, BASE_CANCELLED, "cancelled while writing");
        }
    return status;
}

/* ---- The whole ------------------------------------------------------------------------------------------------ */

static BaseStatus load(const char *folder, const char *kind, int pos, File *out, BaseError *err)
{
    char name[32];
    snprintf(name, sizeof name, "%s.%s", kind, parts_of_speech[pos].suffix);
    out->path = base_join_path(folder, name);
    if (!out->path)
        return base_fail(err, BASE_NO_MEMORY, "no memory to read %s", name);
    return base_read_file(out->path, &out->bytes, &out->length, err);
}

static void free_wordnet(WordNet *net)
{
    for (int pos = 0; pos < POS_COUNT; pos++) {
        free(net->data[pos].path);
        free(net->data[pos].bytes);
        free(net->index[pos].path);
        free(net->index[pos].bytes);
    }
    free(net->synsets.items);
    base_map_free(&net->by_offset);
    base_arena_free(&net->arena);
}

BaseStatus datasets_convert_wordnet(const char *folder, const DatasetsOptions *options, DatasetsOutput *output,
                                    BaseJob *job, BaseError *err)
{
    (void)options;
    WordNet net = {0};
    BaseStatus status = BASE_OK;
    for (int pos = 0; pos < POS_COUNT && status == BASE_OK; pos++) {
        status = load(folder, "data", pos, &net.data[pos], err);
        if (status == BASE_OK)
            status = load(folder, "index", pos, &net.index[pos], err);
        if (status == BASE_OK)
            status = read_data(&net, pos, job, err);
        if (status == BASE_OK)
            status = read_index(&net, pos, job, err);
        if (status == BASE_OK)
            status = name_synsets(&net, pos, err);
    }
    if (status == BASE_OK)
        status = write_all(&net, output, job, err);
    free_wordnet(&net);
    return status;
}
