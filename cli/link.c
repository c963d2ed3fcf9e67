/* link.c - `kgq link`: what texts and pictures speak of, found in the graph and, with --store, written into it. */
#include "cli/images.h"
#include "embed/embed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Everything one `kgq link` works with. */
typedef struct Linking {
    Cli *cli;
    KgTxn *txn;
    EmbedLinkOptions options;
    bool stores;
    const char *subject, *predicate; /* of the triples stored; NULL: by what was read */
    uint64_t stored;
} Linking;

static const char *file_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static BaseStatus print_mention(Linking *linking, const EmbedMention *mention, double confidence, BaseError *err)
{
    clear_progress(linking->cli);
    FILE *const out = linking->cli->out;
    if (mention->chosen < 0) {
        fprintf(out, "%s\tNIL\t\t\n", mention->text);
        return BASE_OK;
    }
    const EmbedCandidate *const chosen = &mention->candidates[mention->chosen];
    BaseBuffer name = {0};
    const BaseStatus status = kg_write_term(linking->txn, chosen->entity, KG_SYNTAX_NAME, &name, err);
    if (status == BASE_OK)
        fprintf(out, "%s\t%s\t%.4f\t%s\n", mention->text, name.items, confidence, chosen->evidence);
    base_buffer_free(&name);
    return status;
}

static BaseStatus intern_name(KgTxn *txn, const char *name, KgId *out, BaseError *err)
{
    BaseArena arena = {0};
    KgTerm term;
    BaseStatus status = kg_parse_term((KgText){name, strlen(name)}, &arena, &term, err);
    if (status == BASE_OK)
        status = kg_intern(txn, &term, out, err);
    base_arena_free(&arena);
    return status;
}

/* subject predicate entity, in *observed*, with the words, the source and the way it was found as evidence. */
static BaseStatus store_mention(Linking *linking, const char *subject, const char *predicate,
                                const EmbedMention *mention, double confidence, const char *source, const char *method,
                                BaseError *err)
{
    if (!linking->stores || mention->chosen < 0)
        return BASE_OK;
    const EmbedCandidate *const chosen = &mention->candidates[mention->chosen];
    KgTriple triple = {.o = chosen->entity};
    BaseStatus status = intern_name(linking->txn, linking->subject ? linking->subject : subject, &triple.s, err);
    if (status == BASE_OK)
        status = intern_name(linking->txn, linking->predicate ? linking->predicate : predicate, &triple.p, err);
    bool added = false;
    if (status == BASE_OK)
        status = embed_store_link(
            linking->txn, triple, confidence,
            &(KgEvidence){.mention = mention->text, .source = source, .method = method, .score = confidence}, &added,
            err);
    linking->stored += added;
    return status;
}

static BaseStatus link_one_text(Linking *linking, const char *text, size_t length, const char *subject,
                                const char *source, BaseError *err)
{
    EmbedLinks links = {0};
    BaseStatus status = embed_link_text(linking->txn, text, length, &linking->options, &links, &linking->cli->job, err);
    for (size_t i = 0; i < links.count && status == BASE_OK; i++) {
        const EmbedMention *const mention = &links.mentions[i];
        const double score = mention->chosen >= 0 ? mention->candidates[mention->chosen].score : 0;
        const char *const method = mention->chosen >= 0 ? mention->candidates[mention->chosen].evidence : "";
        status = print_mention(linking, mention, score, err);
        if (status == BASE_OK)
            status = store_mention(linking, subject, "mentions", mention, score, source, method, err);
    }
    embed_links_free(&links);
    return status;
}

/* A text is named by its content, so that linking it again says nothing twice. */
static BaseStatus link_typed_text(Linking *linking, const char *text, BaseError *err)
{
    char subject[40];
    snprintf(subject, sizeof subject, "text:%016" PRIx64, base_hash(text, strlen(text), 0));
    return link_one_text(linking, text, strlen(text), subject, "--text", err);
}

/* A text a line; line n of FILE is FILE#n. */
static BaseStatus link_file(Linking *linking, const char *path, BaseError *err)
{
    BaseInput *input = NULL;
    BaseStatus status = base_input_open(path, &input, err);
    for (uint32_t number = 1; status == BASE_OK; number++) {
        const char *line;
        size_t length;
        status = base_input_line(input, &line, &length, err);
        if (status != BASE_OK)
            break;
        const size_t bad = base_utf8_check(line, length);
        if (bad < length) {
            status = base_fail_at(err, BASE_BAD_INPUT,
                                  (BaseSource){.name = path,
                                               .line = number,
                                               .column = (uint32_t)base_utf8_count(line, bad) + 1,
                                               .text = line,
                                               .text_length = length},
                                  "this byte is not UTF-8 text");
            break;
        }
        char *subject = NULL;
        if (asprintf(&subject, "%s#%u", file_name(path), number) < 0)
            status = base_fail(err, BASE_NO_MEMORY, "no memory for line %u", number);
        else
            status = link_one_text(linking, line, length, subject, path, err);
        free(subject);
    }
    base_input_close(input);
    return status == BASE_END ? BASE_OK : status;
}

/* The classifier's classes are linked together, once; each picture then is of its class's entity. */
static BaseStatus link_pictures(Linking *linking, const char *path, const char *model, BaseError *err)
{
    NnClassifier *classifier = NULL;
    Images images = {0};
    EmbedLinks links = {0};
    float *probabilities = NULL;
    const char **classes = NULL;
    BaseStatus status = nn_classifier_load(model, &classifier, err);
    if (status == BASE_OK)
        status = images_read_any(path, &images, err);
    const int count = status == BASE_OK ? nn_classifier_class_count(classifier) : 0;
    if (status == BASE_OK) {
        classes = calloc((size_t)count, sizeof *classes);
        probabilities = calloc((size_t)images.view.count * (size_t)count, sizeof *probabilities);
        if (!classes || !probabilities)
            status = base_fail(err, BASE_NO_MEMORY, "no memory for %d classes", count);
    }
    for (int i = 0; status == BASE_OK && i < count; i++)
        classes[i] = nn_classifier_class_name(classifier, i);
    if (status == BASE_OK)
        status = images_fault(nn_classifier_predict(classifier, &images.view, probabilities, &linking->cli->job, err),
                              path, err);
    if (status == BASE_OK)
        status =
            embed_link_labels(linking->txn, classes, (size_t)count, &linking->options, &links, &linking->cli->job, err);
    for (int64_t i = 0; status == BASE_OK && i < images.view.count; i++) {
        const float *const row = probabilities + i * count;
        int best = 0;
        for (int j = 1; j < count; j++)
            best = row[j] > row[best] ? j : best;
        const EmbedMention *const mention = &links.mentions[best];
        const double likely = (double)row[best];
        const double confidence = mention->chosen >= 0 ? likely * mention->candidates[mention->chosen].score : 0;
        char *subject = NULL, *method = NULL;
        const bool is_one = images.view.count == 1;
        if (asprintf(&subject, is_one ? "%s" : "%s#%" PRId64, file_name(path), i) < 0 ||
            asprintf(&method, "classifier %s: %s with probability %.4f; %s", file_name(model), classes[best], likely,
                     mention->chosen >= 0 ? mention->candidates[mention->chosen].evidence : "no entity") < 0)
            status = base_fail(err, BASE_NO_MEMORY, "no memory for a picture's name");
        if (status == BASE_OK)
            status = print_mention(linking, mention, confidence, err);
        if (status == BASE_OK)
            status = store_mention(linking, subject, "depicts", mention, confidence, path, method, err);
        free(subject);
        free(method);
    }
    embed_links_free(&links);
    free(classes);
    free(probabilities);
    images_free(&images);
    nn_classifier_free(classifier);
    return status;
}

int command_link(Cli *cli, const Command *command, int argc, char **argv)
{
    const char *text = NULL, *image = NULL, *classifier = NULL, *name = NULL;
    double threshold = 0;
    Linking linking = {.cli = cli};
    const Option options[] = {
        {"text", OPTION_TEXT, &text, "'...'", "the text to read"},
        {"image", OPTION_TEXT, &image, "F", "the picture (PGM), or pictures (IDX), to look at; wants --model"},
        {"model", OPTION_TEXT, &classifier, "C", "the classifier to look with"},
        {"name", OPTION_TEXT, &name, "M", "an embedding of the database that helps to choose"},
        {"threshold", OPTION_SHARE, &threshold, "T", "below this the answer is NIL (default 0.05)"},
        {"store", OPTION_FLAG, &linking.stores, NULL, "write triples with confidence and evidence into observed"},
        {"subject", OPTION_TEXT, &linking.subject, "NAME", "of those triples (default: the file's or text's name)"},
        {"predicate", OPTION_TEXT, &linking.predicate, "NAME", "of those triples (default: mentions, depicts)"},
    };
    TextList words = {0};
    int exit_code = EXIT_DONE;
    KgStore *store = NULL;
    EmbedModel *model = NULL;
    BaseError err = {0};
    if (!READ_OPTIONS(options, 1, 2))
        goto done;
    if ((text != NULL) + (image != NULL) + (words.count == 2) != 1 || (image != NULL) != (classifier != NULL)) {
        exit_code = usage_error(command, "give one of: a file of texts, --text '...', --image F with --model C");
        goto done;
    }
    linking.options.threshold = threshold;
    store = open_database(cli, words.items[0], false, !linking.stores, &exit_code);
    if (!store)
        goto done;
    BaseStatus status =
        linking.stores ? kg_write_begin(store, &linking.txn, &err) : kg_read_begin(store, &linking.txn, &err);
    if (status == BASE_OK && name)
        status = embed_open(linking.txn, name, &model, &err);
    linking.options.model = model;
    if (status == BASE_OK)
        fputs("mention\tentity\tscore\tevidence\n", cli->out);
    if (status == BASE_OK && text)
        status = link_typed_text(&linking, text, &err);
    else if (status == BASE_OK && image)
        status = link_pictures(&linking, image, classifier, &err);
    else if (status == BASE_OK)
        status = link_file(&linking, words.items[1], &err);
    if (status == BASE_OK && linking.stores) {
        status = kg_commit(linking.txn, &err);
        linking.txn = NULL;
    }
    if (status != BASE_OK)
        exit_code = report_error(cli, &err);
    else if (linking.stores)
        say(cli, "stored %s triples in observed", grouped(linking.stored));
done:
    embed_close(model);
    kg_abort(linking.txn);
    close_database(cli, store);
    free(words.items);
    return exit_code;
}
