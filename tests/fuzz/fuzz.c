/* fuzz.c - the entry of libFuzzer, built once for each reader: KGQ_FUZZ_READER says which. */
#include "readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(KGQ_FUZZ_READER, data, size);
    return 0;
}
