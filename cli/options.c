/* options.c - reading a command's options from a table, with help and "did you mean". */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COMMON_OPTIONS 5

int usage_error(const Command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("kgq: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (command)
        fprintf(stderr, "\nusage: kgq %s %s\n", command->name, command->usage);
    else
        fputs("\nkgq --help lists the commands\n", stderr);
    return EXIT_USAGE;
}

static void print_option(const Option *option)
{
    char form[48];
    const bool letter = strlen(option->name) == 1;
    snprintf(form, sizeof form, "%s%s%s%s", letter ? "-" : "--", option->name, option->argument ? " " : "",
             option->argument ? option->argument : "");
    printf("  %-24s %s\n", form, option->help);
}

static void print_help(const Command *command, const Option *options, size_t count, const Option *common)
{
    printf("kgq %s %s\n%s\n\n", command->name, command->usage, command->summary);
    for (size_t i = 0; i < count; i++)
        print_option(&options[i]);
    for (size_t i = 0; i < COMMON_OPTIONS; i++)
        if (common[i].help)
            print_option(&common[i]);
}

static const Option *find_option(const Option *options, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(options[i].name, name, length) == 0 && options[i].name[length] == '\0')
            return &options[i];
    return NULL;
}

bool parse_size(const char *text, uint64_t *out)
{
    static const char letters[] = "kMGT";
    char digits[24];
    const size_t length = strlen(text);
    const char *const letter = length ? strchr(letters, text[length - 1]) : NULL;
    const size_t count = letter ? length - 1 : length;
    const unsigned shift = letter ? 10 * (unsigned)(letter - letters + 1) : 0;
    if (count >= sizeof digits)
        return false;
    memcpy(digits, text, count);
    digits[count] = '\0';
    uint64_t number;
    if (!base_parse_uint(digits, 1, UINT64_MAX >> shift, &number))
        return false;
    *out = number << shift;
    return true;
}

bool parse_layers(const char *text, unsigned *out)
{
    static const char *const names[] = {"asserted", "inferred", "predicted", "observed", "all"};
    static const unsigned bits[] = {KG_IN(KG_ASSERTED), KG_IN(KG_INFERRED), KG_IN(KG_PREDICTED), KG_IN(KG_OBSERVED),
                                    KG_ALL_LAYERS};
    unsigned layers = 0;
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ",");
        size_t i = 0;
        while (i < sizeof bits / sizeof *bits && (strlen(names[i]) != length || strncmp(at, names[i], length) != 0))
            i++;
        if (i == sizeof bits / sizeof *bits)
            return false;
        layers |= bits[i];
        at += length;
        if (!*at)
            break;
    }
    *out = layers;
    return true;
}

/* Stores `text` in the option's place; false when it is not what the option takes. */
static bool take_value(const Option *option, const char *text)
{
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->value = true;
        return true;
    case OPTION_TEXT:
        *(const char **)option->value = text;
        return true;
    case OPTION_COUNT:
        return base_parse_uint(text, 0, UINT64_MAX, option->value);
    case OPTION_POSITIVE:
        return base_parse_uint(text, 1, UINT64_MAX, option->value);
    case OPTION_AMOUNT:
        return base_parse_double(text, 1e-300, 1e300, option->value);
    case OPTION_SIZE:
        return parse_size(text, option->value);
    case OPTION_SHARE:
        return base_parse_double(text, 0, 1, option->value);
    case OPTION_LAYERS:
        return parse_layers(text, option->value);
    case OPTION_LIST: /* kept by the caller, who has words for the lack of memory */
        return true;
    case OPTION_LATER:
        break;
    }
    return false;
}

static int no_memory(Cli *cli)
{
    return report_error(cli, &(BaseError){.status = BASE_NO_MEMORY, .message = "no memory for the words of a command"});
}

/* What a value is to be, for the message about one that is not. */
static const char *expected(OptionKind kind)
{
    switch (kind) {
    case OPTION_COUNT:
        return "a whole number";
    case OPTION_POSITIVE:
        return "a whole number from 1 on";
    case OPTION_AMOUNT:
        return "a number above 0";
    case OPTION_SIZE:
        return "a size such as 512M or 2G";
    case OPTION_SHARE:
        return "a number from 0 to 1";
    case OPTION_LAYERS:
        return "layers such as asserted,inferred,predicted,observed or all";
    default:
        return "a value";
    }
}

/* Is `word` one of the blank-separated `list`? */
static bool is_listed(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = list; at && *at; at += strspn(at, " ")) {
        const size_t item = strcspn(at, " ");
        if (item == length && strncmp(at, word, length) == 0)
            return true;
        at += item;
    }
    return false;
}

static bool is_output(const Command *command, const char *format, int *exit_code)
{
    if (is_listed(command->outputs, format))
        return true;
    *exit_code = command->outputs ? usage_error(command, "--output \"%s\" is not offered here; these are: %s", format,
                                                command->outputs)
                                  : usage_error(command, "--output is of no use here: nothing is printed");
    return false;
}

static int unknown_option(const Command *command, const char *word, const Option *options, size_t count,
                          const Option *common)
{
    const char *names[64];
    size_t known = 0;
    for (size_t i = 0; i < count && known < 48; i++)
        names[known++] = options[i].name;
    for (size_t i = 0; i < COMMON_OPTIONS; i++)
        names[known++] = common[i].name;
    const char *const near = base_nearest(word + strspn(word, "-"), names, known);
    if (near)
        return usage_error(command, "unknown option %s; did you mean %s%s?", word, near[1] ? "--" : "-", near);
    return usage_error(command, "unknown option %s", word);
}

bool read_options(Cli *cli, const Command *command, const Option *options, size_t count, int argc, char **argv,
                  size_t least, size_t most, TextList *words, int *exit_code)
{
    bool help = false;
    uint64_t threads = 0;
    const Option common[COMMON_OPTIONS] = {
        {"output", OPTION_TEXT, &cli->output, "FORMAT", command->outputs},
        {"threads", OPTION_COUNT, &threads, "N", "worker threads (default: one per core)"},
        {"seed", OPTION_COUNT, &cli->seed, "N", "the start of all chance (default 1)"},
        {"quiet", OPTION_FLAG, &cli->quiet, NULL, "no progress and no notes on stderr"},
        {"help", OPTION_FLAG, &help, NULL, "this text"},
    };
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        const char *const word = argv[i];
        if (only_words || word[0] != '-' || word[1] == '\0') {
            if (!BASE_PUSH(words, word)) {
                *exit_code = no_memory(cli);
                return false;
            }
            continue;
        }
        if (strcmp(word, "--") == 0) {
            only_words = true;
            continue;
        }
        const char *const name = word + (word[1] == '-' ? 2 : 1);
        const char *const equals = word[1] == '-' ? strchr(name, '=') : NULL;
        const size_t length = equals ? (size_t)(equals - name) : strlen(name);
        const Option *option = find_option(options, count, name, length);
        if (!option)
            option = find_option(common, COMMON_OPTIONS, name, length);
        if (!option) {
            *exit_code = unknown_option(command, word, options, count, common);
            return false;
        }
        if (option->kind == OPTION_LATER) {
            *exit_code = usage_error(command, "--%s: %s", option->name, option->help);
            return false;
        }
        const char *value = equals ? equals + 1 : NULL;
        if (option->kind == OPTION_FLAG && value) {
            *exit_code = usage_error(command, "--%s takes no value", option->name);
            return false;
        }
        if (option->kind != OPTION_FLAG && !value) {
            if (i + 1 == argc) {
                *exit_code = usage_error(command, "%s needs a value: %s", word, option->argument);
                return false;
            }
            value = argv[++i];
        }
        if (option->kind == OPTION_LIST && !BASE_PUSH((TextList *)option->value, value)) {
            *exit_code = no_memory(cli);
            return false;
        }
        if (!take_value(option, value)) {
            *exit_code =
                usage_error(command, "%s does not take \"%s\", expected %s", word, value, expected(option->kind));
            return false;
        }
        if (option == common && !is_output(command, value, exit_code))
            return false;
    }
    if (help) {
        print_help(command, options, count, common);
        *exit_code = EXIT_DONE;
        return false;
    }
    if (threads > 1024) {
        *exit_code = usage_error(command, "--threads takes at most 1024");
        return false;
    }
    cli->job.threads = (int)threads;
    if (cli->quiet)
        cli->job.report = NULL;
    if (words->count < least || words->count > most) {
        *exit_code = usage_error(command, words->count < least ? "something is missing" : "too many words: \"%s\"",
                                 words->count > most ? words->items[most] : "");
        return false;
    }
    return true;
}
