/* rules.c - rules and facts typed into the shell: each is tried at once, together with those before it and with what
 * the database derives already. */
#include "cli/shell.h"

#include <stdlib.h>
#include <string.h>

void forget_rules(Shell *shell)
{
    base_buffer_free(&shell->rules);
    base_arena_free(&shell->base_memory);
    shell->base_texts = NULL;
    shell->base_count = 0;
    shell->has_base = false;
}

/* A typed rule adds to what the database derives already, so the rules behind that run along. */
static BaseStatus find_base_rules(Shell *shell, BaseError *err)
{
    KgTxn *txn = NULL;
    uint64_t inferred = 0;
    BaseStatus status = kg_read_begin(shell->cli->store, &txn, err);
    if (status == BASE_OK)
        status = kg_count(txn, KG_IN(KG_INFERRED), (KgTriple){0}, &inferred, err);
    if (status == BASE_OK && inferred > 0)
        status = read_latest_rules(txn, &shell->base_memory, &shell->base_texts, &shell->base_count, err);
    kg_abort(txn);
    shell->has_base = status == BASE_OK;
    return status;
}

int run_typed_rule(Shell *shell, const char *text, size_t length)
{
    const size_t before = shell->rules.count;
    unsigned long first_line = 1;
    for (size_t i = 0; i < before; i++)
        first_line += shell->rules.items[i] == '\n';
    BaseError err = {0};
    BaseStatus status = shell->has_base ? BASE_OK : find_base_rules(shell, &err);
    if (status == BASE_OK &&
        (!base_buffer_add(&shell->rules, text, length) || !base_buffer_add(&shell->rules, "\n", 1)))
        status = base_fail(&err, BASE_NO_MEMORY, "no memory for the rule");
    ReasonerText *const texts = calloc(shell->base_count + 1, sizeof *texts);
    if (status == BASE_OK && !texts)
        status = base_fail(&err, BASE_NO_MEMORY, "no memory for the rule");
    int exit_code = EXIT_DONE;
    if (status == BASE_OK) {
        if (shell->base_count > 0)
            memcpy(texts, shell->base_texts, shell->base_count * sizeof *texts);
        texts[shell->base_count] =
            (ReasonerText){.name = TYPED_RULES, .text = shell->rules.items, .length = shell->rules.count};
        exit_code = try_rules(shell->cli, shell->cli->store, texts, shell->base_count + 1, first_line);
    } else {
        exit_code = report_error(shell->cli, &err);
    }
    if (exit_code != EXIT_DONE && shell->rules.items) { /* a rule that fails is not kept */
        shell->rules.count = before;
        shell->rules.items[before] = '\0';
    }
    free(texts);
    return exit_code;
}

int show_rules(Shell *shell)
{
    fputs(shell->rules.count ? shell->rules.items : "no rules yet: type one, or .rules FILE\n", shell->cli->out);
    return EXIT_DONE;
}
