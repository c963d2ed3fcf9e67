#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool base_is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

bool base_is_file(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

BaseStatus base_make_folder(const char *path, BaseError *err)
{
    char *const copy = strdup(path);
    if (!copy)
        return base_fail(err, BASE_NO_MEMORY, "no memory to make the folder %s", path);
    BaseStatus status = BASE_OK;
    for (char *slash = copy + 1; status == BASE_OK; slash++) {
        slash = slash < copy + strlen(copy) ? strchr(slash, '/') : NULL;
        if (slash)
            *slash = '\0';
        if (mkdir(copy, 0777) != 0 && !(errno == EEXIST && base_is_folder(copy)))
            status = base_fail_errno(err, "cannot make the folder %s", copy);
        if (!slash)
            break;
        *slash = '/';
    }
    free(copy);
    return status;
}

static int remove_entry(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

BaseStatus base_remove(const char *path, BaseError *err)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return base_fail_errno(err, "cannot remove %s", path);
    return BASE_OK;
}

char *base_join_path(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const char *const slash = length && folder[length - 1] == '/' ? "" : "/";
    char *path = NULL;
    return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

BaseStatus base_file_create(const char *path, BaseNewFile *out, BaseError *err)
{
    *out = (BaseNewFile){0};
    out->path = strdup(path);
    if (!out->path || asprintf(&out->temporary, "%s.XXXXXX", path) < 0) {
        out->temporary = NULL;
        base_file_abort(out);
        return base_fail(err, BASE_NO_MEMORY, "no memory to write %s", path);
    }
    const int file = mkstemp(out->temporary);
    if (file < 0) {
        const BaseStatus status = base_fail_errno(err, "cannot write %s", path);
        free(out->temporary);
        out->temporary = NULL;
        base_file_abort(out);
        return status;
    }
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(file, 0666 & ~mask);
    out->stream = fdopen(file, "w+b");
    if (!out->stream) {
        const BaseStatus status = base_fail_errno(err, "cannot write %s", path);
        close(file);
        base_file_abort(out);
        return status;
    }
    return BASE_OK;
}

/* The name itself lasts through a power cut only once the folder is synced. */
static void sync_folder_of(const char *path)
{
    char *const copy = strdup(path);
    if (!copy)
        return;
    char *const slash = strrchr(copy, '/');
    if (slash)
        *slash = '\0';
    const int folder = open(slash ? (slash == copy ? "/" : copy) : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
    free(copy);
}

BaseStatus base_file_commit(BaseNewFile *file, BaseError *err)
{
    BaseStatus status = BASE_OK;
    if (ferror(file->stream) || fflush(file->stream) != 0 || fsync(fileno(file->stream)) != 0)
        status = base_fail_errno(err, "cannot write %s", file->path);
    if (fclose(file->stream) != 0 && status == BASE_OK)
        status = base_fail_errno(err, "cannot write %s", file->path);
    file->stream = NULL;
    if (status == BASE_OK && rename(file->temporary, file->path) != 0)
        status = base_fail_errno(err, "cannot write %s", file->path);
    if (status == BASE_OK) {
        sync_folder_of(file->path);
        free(file->temporary);
        file->temporary = NULL;
    }
    base_file_abort(file);
    return status;
}

void base_file_abort(BaseNewFile *file)
{
    if (file->stream)
        fclose(file->stream);
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (BaseNewFile){0};
}
