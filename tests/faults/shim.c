/* shim.c - makes the n-th call of a kind fail in a program that knows nothing of it. Loaded by LD_PRELOAD:
 *     KGQ_FAULT=KIND:N[+]:ERROR   the N-th call (from 1) of the kind fails; with +, all later ones as well
 *     KGQ_FAULT_FOLDER=DIR        counts only what concerns files below DIR (memory: everything)
 *     KGQ_FAULT_LOG=FILE          gets "hit NAME" when the fault strikes, and at the end "KIND COUNT" for each kind
 * Kinds: write (write, pwrite, writev, pwritev, and stdio's fwrite and fflush), sync (fsync, fdatasync, msync),
 * size (ftruncate, fallocate), rename (rename, link), open (open, openat, fopen, mkstemp where they make a file,
 * mkdir), map (mmap of a file), memory (malloc, calloc, realloc, posix_memalign, aligned_alloc), io (all but memory).
 * Errors: EIO, ENOSPC, ENOMEM, EDQUOT, EACCES; SHORT: a write does half of its work and says so; KILL: SIGKILL.
 * Counting begins with main, so that what the loader and other libraries' constructors do is left alone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

typedef enum Kind { WRITE, SYNC, SIZE, RENAME, OPEN, MAP, MEMORY, KINDS, IO = KINDS, NONE } Kind;
static const char *const kind_names[] = {"write", "sync", "size", "rename", "open", "map", "memory", "io", NULL};

#define SHORT_WRITE 10001
#define KILL 10002

static struct {
    Kind kind;
    unsigned long first; /* the call that fails, from 1 */
    bool lasting;        /* and all after it */
    int error;
    char folder[PATH_MAX], log[PATH_MAX];
} fault = {.kind = NONE};
static atomic_bool counting;
static atomic_ulong calls[KINDS], matching;

/* ---- Reading the environment, writing the log ---- */

static int error_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC},     {"ENOMEM", ENOMEM}, {"EDQUOT", EDQUOT},
                  {"EACCES", EACCES}, {"SHORT", SHORT_WRITE}, {"KILL", KILL}};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(errors[i].name, name) == 0)
            return errors[i].number;
    return EIO;
}

static void copy_environment(const char *name, char out[PATH_MAX])
{
    const char *const value = getenv(name);
    snprintf(out, PATH_MAX, "%s", value ? value : "");
}

static void read_settings(void)
{
    const char *const text = getenv("KGQ_FAULT");
    char kind[16] = "", count[24] = "", error[16] = "";
    copy_environment("KGQ_FAULT_FOLDER", fault.folder);
    copy_environment("KGQ_FAULT_LOG", fault.log);
    if (!text || sscanf(text, "%15[^:]:%23[^:]:%15s", kind, count, error) < 2)
        return;
    fault.error = error_number(error);
    fault.lasting = strchr(count, '+') != NULL;
    fault.first = strtoul(count, NULL, 10);
    for (Kind i = 0; kind_names[i]; i++)
        if (strcmp(kind_names[i], kind) == 0)
            fault.kind = i;
}

/* By system calls alone: it is called where memory may not be asked for. */
static void write_log(const char *word, const char *rest)
{
    char line[256];
    if (!*fault.log)
        return;
    const int length = snprintf(line, sizeof line, "%s %s\n", word, rest);
    const int file = (int)syscall(SYS_openat, AT_FDCWD, fault.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file >= 0) {
        syscall(SYS_write, file, line, length);
        syscall(SYS_close, file);
    }
}

__attribute__((destructor)) static void write_counts(void)
{
    char count[24];
    if (!atomic_exchange(&counting, false))
        return;
    for (Kind kind = 0; kind < KINDS; kind++) {
        snprintf(count, sizeof count, "%lu", atomic_load(&calls[kind]));
        write_log(kind_names[kind], count);
    }
}

/* ---- Deciding ---- */

/* Counts a call; its error number when it is to fail, else 0. */
static int strike(Kind kind, const char *name)
{
    atomic_fetch_add(&calls[kind], 1);
    if (fault.kind != kind && (fault.kind != IO || kind == MEMORY))
        return 0;
    const unsigned long number = atomic_fetch_add(&matching, 1) + 1;
    if (number != fault.first && !(fault.lasting && number > fault.first))
        return 0;
    if (number == fault.first)
        write_log("hit", name);
    if (fault.error == KILL)
        syscall(SYS_kill, getpid(), SIGKILL);
    return fault.error;
}

static bool is_below(const char *path)
{
    const size_t length = strlen(fault.folder);
    return length == 0 || (strncmp(path, fault.folder, length) == 0 && (path[length] == '/' || path[length] == '\0'));
}

static int strike_path(Kind kind, const char *name, const char *path)
{
    return atomic_load(&counting) && is_below(path) ? strike(kind, name) : 0;
}

static int strike_file(Kind kind, const char *name, int file)
{
    char link[32], path[PATH_MAX];
    if (!atomic_load(&counting) || file < 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = '\0';
    return is_below(path) ? strike(kind, name) : 0;
}

static bool strike_memory(const char *name)
{
    return atomic_load(&counting) && strike(MEMORY, name) != 0;
}

/* For calls that say -1: true when this one is to fail; a write cut short is to be done in part by its caller. */
static bool fails(int error)
{
    if (error == 0)
        return false;
    errno = error == SHORT_WRITE ? ENOSPC : error;
    return true;
}

/* ---- Writing ---- */

ssize_t write(int file, const void *bytes, size_t count)
{
    const int error = strike_file(WRITE, "write", file);
    if (error == SHORT_WRITE && count > 1)
        count /= 2;
    else if (fails(error))
        return -1;
    return syscall(SYS_write, file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    const int error = strike_file(WRITE, "pwrite", file);
    if (error == SHORT_WRITE && count > 1)
        count /= 2;
    else if (fails(error))
        return -1;
    return syscall(SYS_pwrite64, file, bytes, count, offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) __attribute__((alias("pwrite")));

ssize_t writev(int file, const struct iovec *parts, int count)
{
    const int error = strike_file(WRITE, "writev", file);
    if (error == SHORT_WRITE && count > 1)
        count /= 2;
    else if (fails(error))
        return -1;
    return syscall(SYS_writev, file, parts, count);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset)
{
    const int error = strike_file(WRITE, "pwritev", file);
    if (error == SHORT_WRITE && count > 1)
        count /= 2;
    else if (fails(error))
        return -1;
    return syscall(SYS_pwritev, file, parts, count, offset, 0);
}
ssize_t pwritev64(int file, const struct iovec *parts, int count, off_t offset) __attribute__((alias("pwritev")));

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *stream)
{
    static size_t (*real)(const void *, size_t, size_t, FILE *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fwrite");
    return fails(strike_file(WRITE, "fwrite", fileno(stream))) ? 0 : real(bytes, size, count, stream);
}

int fflush(FILE *stream)
{
    static int (*real)(FILE *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fflush");
    return stream && fails(strike_file(WRITE, "fflush", fileno(stream))) ? EOF : real(stream);
}

/* ---- Syncing, sizes, names ---- */

int fsync(int file)
{
    return fails(strike_file(SYNC, "fsync", file)) ? -1 : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    return fails(strike_file(SYNC, "fdatasync", file)) ? -1 : (int)syscall(SYS_fdatasync, file);
}

int msync(void *address, size_t length, int flags)
{
    return atomic_load(&counting) && fails(strike(SYNC, "msync")) ? -1
                                                                  : (int)syscall(SYS_msync, address, length, flags);
}

int ftruncate(int file, off_t length)
{
    return fails(strike_file(SIZE, "ftruncate", file)) ? -1 : (int)syscall(SYS_ftruncate, file, length);
}
int ftruncate64(int file, off_t length) __attribute__((alias("ftruncate")));

int fallocate(int file, int mode, off_t offset, off_t length)
{
    return fails(strike_file(SIZE, "fallocate", file)) ? -1 : (int)syscall(SYS_fallocate, file, mode, offset, length);
}
int fallocate64(int file, int mode, off_t offset, off_t length) __attribute__((alias("fallocate")));

int posix_fallocate(int file, off_t offset, off_t length)
{
    return fails(strike_file(SIZE, "posix_fallocate", file)) || syscall(SYS_fallocate, file, 0, offset, length) != 0
               ? errno
               : 0;
}
int posix_fallocate64(int file, off_t offset, off_t length) __attribute__((alias("posix_fallocate")));

int rename(const char *from, const char *to)
{
    return fails(strike_path(RENAME, "rename", to)) ? -1 : (int)syscall(SYS_rename, from, to);
}

int link(const char *from, const char *to)
{
    return fails(strike_path(RENAME, "link", to)) ? -1 : (int)syscall(SYS_link, from, to);
}

/* ---- Making files ---- */

static int open_at(int folder, const char *path, int flags, unsigned mode)
{
    if ((flags & O_CREAT) != 0 && fails(strike_path(OPEN, "open", path)))
        return -1;
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static unsigned mode_of(int flags, va_list more)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, unsigned) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const unsigned mode = mode_of(flags, more);
    va_end(more);
    return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const unsigned mode = mode_of(flags, more);
    va_end(more);
    return open_at(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) __attribute__((alias("openat")));

FILE *fopen(const char *path, const char *mode)
{
    static FILE *(*real)(const char *, const char *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fopen64");
    return *mode != 'r' && fails(strike_path(OPEN, "fopen", path)) ? NULL : real(path, mode);
}
FILE *fopen64(const char *path, const char *mode) __attribute__((alias("fopen")));

int mkstemp(char *template)
{
    static int (*real)(char *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "mkstemp64");
    return fails(strike_path(OPEN, "mkstemp", template)) ? -1 : real(template);
}
int mkstemp64(char *template) __attribute__((alias("mkstemp")));

int mkdir(const char *path, mode_t mode)
{
    return fails(strike_path(OPEN, "mkdir", path)) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

/* ---- Memory ---- */

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset)
{
    if (fails(strike_file(MAP, "mmap", file)))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}
void *mmap64(void *address, size_t length, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));

/* glibc's own names for what these replace. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return strike_memory("malloc") ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return strike_memory("calloc") ? no_memory() : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return strike_memory("realloc") ? no_memory() : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return strike_memory("aligned_alloc") ? no_memory() : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *const memory = strike_memory("posix_memalign") ? NULL : __libc_memalign(alignment, size);
    if (!memory)
        return ENOMEM;
    *out = memory;
    return 0;
}

/* ---- Beginning ---- */

static int (*real_main)(int, char **, char **);

static int counted_main(int argc, char **argv, char **environment)
{
    atomic_store(&counting, true);
    return real_main(argc, argv, environment);
}

int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*loader_fini)(void), void *stack_end);
int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*loader_fini)(void), void *stack_end)
{
    int (*real)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = program;
    read_settings();
    return real(counted_main, argc, argv, init, fini, loader_fini, stack_end);
}
