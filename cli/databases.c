/* databases.c - which database the shell is on. */
#include "cli/shell.h"
#include "reasoner/reasoner.h"

#include "cli/complete_lookup.h"

#include <stdlib.h>
#include <string.h>

void close_shell_store(Shell *shell)
{
    lookup_free(shell->lookup);
    shell->lookup = NULL;
    kg_close(shell->cli->store);
    shell->cli->store = NULL;
    if (shell->is_temporary && shell->path)
        base_remove(shell->path, NULL);
    free(shell->path);
    shell->path = NULL;
    shell->is_temporary = false;
}

int open_shell_store(Shell *shell, const char *path, bool is_temporary)
{
    KgStore *store = NULL;
    BaseError err = {0};
    char *const copy = strdup(path);
    if (!copy)
        return report_error(shell->cli, &(BaseError){.status = BASE_NO_MEMORY, .message = "no memory"});
    if (kg_open(path, &(KgOptions){.create = is_temporary}, &store, &err) != BASE_OK) {
        free(copy);
        return report_error(shell->cli, &err);
    }
    close_shell_store(shell);
    reasoner_keep(store);
    shell->cli->store = store;
    shell->path = copy;
    shell->is_temporary = is_temporary;
    forget_rules(shell);
    return EXIT_DONE;
}

int open_temporary_store(Shell *shell)
{
    const char *const folder = getenv("TMPDIR");
    char *path = base_join_path(folder && *folder ? folder : "/tmp", "kgq-XXXXXX");
    int exit_code;
    if (!path || !mkdtemp(path)) {
        BaseError err = {0};
        base_fail_errno(&err, "cannot make a temporary database");
        exit_code = report_error(shell->cli, &err);
    } else {
        exit_code = open_shell_store(shell, path, true);
        if (exit_code != EXIT_DONE)
            base_remove(path, NULL);
    }
    free(path);
    return exit_code;
}

/* ---- Its prefixes ---- */

int show_or_put_prefix(Shell *shell, const TextList *words)
{
    KgTxn *txn = NULL;
    BaseArena arena = {0};
    BaseError err = {0};
    BaseStatus status;
    if (words->count == 3) {
        char *const prefix = strdup(words->items[1]);
        const char *iri = words->items[2];
        size_t length = strlen(iri);
        if (prefix && *prefix && prefix[strlen(prefix) - 1] == ':')
            prefix[strlen(prefix) - 1] = '\0';
        if (length > 1 && iri[0] == '<' && iri[length - 1] == '>') {
            iri++;
            length -= 2;
        }
        char *const bare = base_arena_copy(&arena, iri, length);
        status = prefix && bare ? kg_write_begin(shell->cli->store, &txn, &err)
                                : base_fail(&err, BASE_NO_MEMORY, "no memory for a prefix");
        if (status == BASE_OK)
            status = kg_put_prefix(txn, prefix, bare, &err);
        if (status == BASE_OK) {
            status = kg_commit(txn, &err);
            txn = NULL;
        }
        free(prefix);
    } else {
        KgPrefix *prefixes = NULL;
        size_t count = 0;
        status = kg_read_begin(shell->cli->store, &txn, &err);
        if (status == BASE_OK)
            status = kg_prefixes(txn, &arena, &prefixes, &count, &err);
        for (size_t i = 0; i < count && status == BASE_OK; i++)
            fprintf(shell->cli->out, "%s:\t<%s>\n", prefixes[i].prefix, prefixes[i].iri);
    }
    kg_abort(txn);
    base_arena_free(&arena);
    return status == BASE_OK ? EXIT_DONE : report_error(shell->cli, &err);
}
