/* library.h - a shared library that few commands need, loaded when it is first wanted: starting it takes time, also
 * where it is not used. */
#ifndef KGQ_BASE_LIBRARY_H
#define KGQ_BASE_LIBRARY_H

#include "base/error.h"

#include <stddef.h>

typedef struct BaseSymbol {
    const char *name;
    void *place; /* of the pointer to the function */
} BaseSymbol;

/* Loads the first of these files (names ends with NULL) that is there, for as long as the program runs, and fills in
 * where its functions are. BASE_IO: there is none, or it lacks one of them; what was filled in is then not to be used.
 */
BaseStatus base_library_load(const char *const *names, const BaseSymbol *symbols, size_t count, BaseError *err);

#endif
