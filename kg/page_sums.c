/* page_sums.c - the file data.sum: its header and its entries. */
#include "kg/page_sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "kgqsums1"
#define HEADER_BYTES 4096
#define MAP_BYTES ((uint64_t)1 << 31) /* the sums of 1 TiB */
#define CHUNK 512                     /* entries */
#define CHUNKS 256

/* ---- Bytes ---- */

static BaseStatus read_bytes(const KgSums *sums, void *out, size_t length, uint64_t offset, size_t *got, BaseError *err)
{
    *got = 0;
    if (sums->map && offset + length <= sums->room) {
        memcpy(out, sums->map + offset, length);
        *got = length;
        return BASE_OK;
    }
    while (*got < length) {
        const ssize_t n = pread(sums->file, (char *)out + *got, length - *got, (off_t)(offset + *got));
        if (n < 0 && errno != EINTR)
            return base_fail_errno(err, "cannot read %s/%s", sums->name, KG_SUMS_NAME);
        if (n == 0)
            break;
        *got += n > 0 ? (size_t)n : 0;
    }
    return BASE_OK;
}

/* Room on the disk for what is to be written through the map: without it, that would be SIGBUS. */
static bool have_room(KgSums *sums, uint64_t bytes)
{
    if (bytes > sums->room && bytes <= MAP_BYTES && fallocate(sums->file, 0, 0, (off_t)bytes) == 0)
        sums->room = bytes;
    return bytes <= sums->room;
}

static BaseStatus write_bytes(KgSums *sums, const void *bytes, size_t length, uint64_t offset, BaseError *err)
{
    if (sums->map && have_room(sums, offset + length)) {
        memcpy(sums->map + offset, bytes, length);
        return BASE_OK;
    }
    for (size_t done = 0; done < length;) {
        const ssize_t n = pwrite(sums->file, (const char *)bytes + done, length - done, (off_t)(offset + done));
        if (n < 0 && errno != EINTR)
            return base_fail_errno(err, "cannot write %s/%s", sums->name, KG_SUMS_NAME);
        done += n > 0 ? (size_t)n : 0;
    }
    return BASE_OK;
}

/* ---- Opening ---- */

/* Zero where the system does not tell; that fits no other. */
static BaseHash128 id_of_this_boot(void)
{
    char id[64];
    const int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t got = file >= 0 ? read(file, id, sizeof id) : 0;
    if (file >= 0)
        close(file);
    return got > 0 ? base_hash128(id, (size_t)got) : (BaseHash128){0};
}

BaseStatus kg_sums_open(KgSums *sums, const char *path, const char *name, KgSumsMode mode, BaseError *err)
{
    static const int flags[] = {
        [KG_SUMS_READ] = O_RDONLY, [KG_SUMS_READ_WRITE] = O_RDWR, [KG_SUMS_MAKE] = O_RDWR | O_CREAT};
    *sums = (KgSums){.name = name, .boot = id_of_this_boot()};
    sums->file = open(path, flags[mode] | O_CLOEXEC, 0666);
    struct stat found;
    if (sums->file >= 0 && fstat(sums->file, &found) == 0) {
        sums->device = found.st_dev;
        sums->inode = found.st_ino;
    }
    if (sums->file >= 0 || errno == ENOENT)
        return BASE_OK;
    return base_fail_errno(err, "cannot open %s", path);
}

bool kg_sums_are_at(const KgSums *sums, const char *path)
{
    struct stat found;
    return sums->file >= 0 && stat(path, &found) == 0 && found.st_dev == sums->device && found.st_ino == sums->inode &&
           (uint64_t)found.st_size >= sums->room;
}

void kg_sums_map(KgSums *sums)
{
    struct stat found;
    if (sums->map || sums->file < 0 || fstat(sums->file, &found) != 0)
        return;
    void *const map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, sums->file, 0);
    if (map == MAP_FAILED)
        return;
    sums->map = map;
    sums->room = 0;
    if (!have_room(sums, (uint64_t)found.st_size > HEADER_BYTES ? (uint64_t)found.st_size : HEADER_BYTES)) {
        munmap(map, MAP_BYTES);
        sums->map = NULL;
    }
}

void kg_sums_close(KgSums *sums)
{
    if (sums->map)
        munmap(sums->map, MAP_BYTES);
    sums->map = NULL;
    if (sums->file >= 0)
        close(sums->file);
    sums->file = -1;
}

/* ---- Header ---- */

static uint64_t check_of(const KgSumsHeader *header)
{
    return base_hash(header, offsetof(KgSumsHeader, check), 0);
}

static bool same_boot(const KgSums *sums, const KgSumsHeader *header)
{
    return (sums->boot.low | sums->boot.high) != 0 && sums->boot.low == header->boot.low &&
           sums->boot.high == header->boot.high;
}

bool kg_sums_header(const KgSums *sums, KgSumsHeader *out)
{
    size_t got;
    if (sums->file < 0)
        return false;
    for (int i = 0; i < 10; i++) { /* a writer may be at it */
        if (read_bytes(sums, out, sizeof *out, 0, &got, NULL) == BASE_OK && got == sizeof *out &&
            memcmp(out->magic, MAGIC, sizeof out->magic) == 0 && out->check == check_of(out))
            return out->state >= KG_SUMS_SETTLED && out->state <= KG_SUMS_COMMITTING &&
                   (out->synced == 1 || same_boot(sums, out));
    }
    return false;
}

BaseStatus kg_sums_put_header(KgSums *sums, KgSumsHeader *header, BaseError *err)
{
    memcpy(header->magic, MAGIC, sizeof header->magic);
    header->serial++;
    header->boot = sums->boot;
    header->check = check_of(header);
    return write_bytes(sums, header, sizeof *header, 0, err);
}

/* ---- Entries ---- */

BaseStatus kg_sums_read(const KgSums *sums, uint64_t first, uint64_t count, uint64_t *out, BaseError *err)
{
    size_t got;
    const size_t length = (size_t)count * sizeof *out;
    const BaseStatus status = read_bytes(sums, out, length, HEADER_BYTES + first * sizeof *out, &got, err);
    if (status == BASE_OK)
        memset((char *)out + got, 0, length - got);
    return status;
}

BaseStatus kg_sums_write(KgSums *sums, uint64_t first, uint64_t count, const uint64_t *entries, BaseError *err)
{
    return write_bytes(sums, entries, (size_t)count * sizeof *entries, HEADER_BYTES + first * sizeof *entries, err);
}

BaseStatus kg_sums_get(const KgSums *sums, KgSumsCache *cache, uint64_t page, uint64_t *out, BaseError *err)
{
    if (!cache->entries) {
        cache->entries = malloc((size_t)CHUNKS * CHUNK * sizeof *cache->entries);
        cache->chunks = calloc(CHUNKS, sizeof *cache->chunks);
        if (!cache->entries || !cache->chunks) {
            kg_sums_free_cache(cache);
            return base_fail(err, BASE_NO_MEMORY, "no memory to read %s/%s", sums->name, KG_SUMS_NAME);
        }
    }
    const uint64_t chunk = page / CHUNK, place = chunk % CHUNKS;
    uint64_t *const entries = cache->entries + place * CHUNK;
    BaseStatus status = BASE_OK;
    if (cache->chunks[place] != chunk + 1) {
        cache->chunks[place] = 0;
        status = kg_sums_read(sums, chunk * CHUNK, CHUNK, entries, err);
        if (status == BASE_OK)
            cache->chunks[place] = chunk + 1;
    }
    *out = status == BASE_OK ? entries[page % CHUNK] : 0;
    return status;
}

void kg_sums_free_cache(KgSumsCache *cache)
{
    free(cache->entries);
    free(cache->chunks);
    *cache = (KgSumsCache){0};
}
