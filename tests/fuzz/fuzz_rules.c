/* The rule language's parser under libFuzzer: any bytes, as a program by itself and as one on a database. What parses
 * and imports nothing is run too, within narrow limits. */
#include "reasoner/reasoner.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static bool names_files(const char *bytes, size_t length)
{
    return memmem(bytes, length, "@import", 7) || memmem(bytes, length, "@export", 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const ReasonerText text = {"fuzz", (const char *)bytes, length};
    for (int for_files = 0; for_files < 2; for_files++) {
        BaseError err = {0};
        ReasonerProgram *program = NULL;
        const ReasonerParseOptions options = {.for_files = for_files};
        if (reasoner_parse(&text, 1, &options, NULL, &program, &err) == BASE_OK && for_files &&
            !names_files(text.text, length)) {
            BaseError fault = {0};
            reasoner_run_files(program, &(ReasonerFilesOptions){.seconds_limit = 0.05, .memory_limit = 1 << 24}, NULL,
                               NULL, &fault);
        }
        reasoner_program_free(program);
    }
    reasoner_is_complete(text.text, length);
    return 0;
}
