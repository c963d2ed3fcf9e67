/* note_sum DB - how many facts are inferred, and a sum over all of them with their rules and heights: two databases
 * with the same ids and the same sum infer the same. */
#include "kg/kg.h"

#include <stdio.h>

static BaseStatus add_up(KgTxn *txn, uint64_t *count, uint64_t *sum, BaseError *err)
{
    KgFinder *finder = NULL;
    KgTriple triple;
    KgNote note;
    BaseStatus status = kg_finder_open(txn, KG_INFERRED, &finder, err);
    if (status == BASE_OK)
        status = kg_finder_seek(finder, (KgTriple){0}, err);
    while (status == BASE_OK && (status = kg_finder_next(finder, &triple, &note, err)) == BASE_OK) {
        const uint64_t of_note = base_mix((uint64_t)note.rule << 32 | note.height);
        *sum += base_mix(triple.s + base_mix(triple.p + base_mix(triple.o + of_note)));
        ++*count;
    }
    kg_finder_close(finder);
    return status == BASE_END ? BASE_OK : status;
}

int main(int argc, char **argv)
{
    KgStore *store = NULL;
    KgTxn *txn = NULL;
    BaseError err = {0};
    uint64_t count = 0, sum = 0;
    BaseStatus status = BASE_BAD_CALL;
    if (argc == 2)
        status = kg_open(argv[1], &(KgOptions){.read_only = true}, &store, &err);
    if (status == BASE_OK)
        status = kg_read_begin(store, &txn, &err);
    if (status == BASE_OK)
        status = add_up(txn, &count, &sum, &err);
    if (status == BASE_OK)
        printf("%llu %016llx\n", (unsigned long long)count, (unsigned long long)sum);
    else
        fprintf(stderr, "%s\n", argc == 2 ? err.message : "usage: note_sum DB");
    kg_abort(txn);
    kg_close(store);
    return status == BASE_OK ? 0 : 1;
}
