/* library.c - dlopen and dlsym. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

BaseStatus base_library_load(const char *const *names, const BaseSymbol *symbols, size_t count, BaseError *err)
{
    void *library = NULL;
    for (size_t i = 0; names[i] && !library; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!library) /* the first one's failure is told */
            base_fail(i == 0 ? err : NULL, BASE_IO, "cannot load a library: %s", dlerror());
    }
    if (!library)
        return BASE_IO;
    if (err)
        *err = (BaseError){0};
    for (size_t i = 0; i < count; i++) {
        void *const found = dlsym(library, symbols[i].name);
        if (!found)
            return base_fail(err, BASE_IO, "cannot use a library: %s", dlerror());
        memcpy(symbols[i].place, &found, sizeof found);
    }
    return BASE_OK;
}
