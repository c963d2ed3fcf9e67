/* file.h - folders, temporary files, and files that are whole or not there. */
#ifndef KGQ_BASE_FILE_H
#define KGQ_BASE_FILE_H

#include "base/error.h"

/* Makes the folder and those above it; fine when it is there. */
BaseStatus base_make_folder(const char *path, BaseError *err);
bool base_is_folder(const char *path);
bool base_is_file(const char *path);
/* Removes a file or a folder with all in it; fine when it is not there. */
BaseStatus base_remove(const char *path, BaseError *err);
/* "a" + "/" + "b"; owned by the caller; NULL: no memory. */
char *base_join_path(const char *folder, const char *name);

/* A file under a temporary name beside `path`, given its name by base_file_commit after fsync: readers see the old
 * content or the new, never half. Abort removes it. Either call ends the BaseNewFile. */
typedef struct BaseNewFile {
    FILE *stream;
    char *path, *temporary;
} BaseNewFile;
BaseStatus base_file_create(const char *path, BaseNewFile *out, BaseError *err);
BaseStatus base_file_commit(BaseNewFile *file, BaseError *err);
void base_file_abort(BaseNewFile *file);

#endif
