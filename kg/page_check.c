/* page_check.c - every page of data.mdb against its sum. */
#include "kg/page_state.h"
#include "kg/pages.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN 64 /* pages read at once */

/* What a page holds; named in `names`. */
enum { FREE = 0, META = 1, FIRST_TABLE = 2 };
#define IS_VALUE 0x8000u

typedef struct PageCheck {
    const KgSums *sums;
    const KgPageSnapshot *snapshot;
    void (*tell)(void *context, const char *fault);
    void *context;
    uint16_t *roles; /* one per page */
    uint64_t page_count;
    bool walkable;
    struct {
        char (*items)[64];
        size_t count, capacity;
    } names;
} PageCheck;

static void __attribute__((format(printf, 2, 3))) tell(const PageCheck *check, const char *format, ...)
{
    char fault[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault, sizeof fault, format, arguments);
    va_end(arguments);
    check->tell(check->context, fault);
}

static BaseStatus note_role(void *context, const KgPageVisit *visit, BaseError *err)
{
    PageCheck *const check = context;
    if (check->names.count == 0 || strcmp(check->names.items[check->names.count - 1], visit->table) != 0) {
        if (!BASE_RESERVE(&check->names, check->names.count + 1))
            return base_fail(err, BASE_NO_MEMORY, "no memory to check");
        snprintf(check->names.items[check->names.count++], sizeof *check->names.items, "%s", visit->table);
    }
    const unsigned role =
        (unsigned)(FIRST_TABLE + check->names.count - 1) | (visit->role == KG_PAGE_VALUE ? IS_VALUE : 0);
    for (uint64_t page = visit->first; page < visit->first + visit->count; page++)
        check->roles[page] = (uint16_t)role;
    return BASE_OK;
}

static void tell_page(PageCheck *check, uint64_t page, bool sum_is_damaged)
{
    const unsigned role = page < 2 ? META : check->roles[page], table = (role & ~IS_VALUE) - FIRST_TABLE;
    const char *const what = role == META                   ? "a meta page"
                             : role == FREE                 ? "a free page"
                             : role & IS_VALUE              ? "values of "
                             : check->names.items[table][0] ? "a page of "
                                                            : "a page of the list of tables";
    const char *const name = role >= FIRST_TABLE ? check->names.items[table] : "";
    if (!sum_is_damaged &&
        (role == META || (role >= FIRST_TABLE && (!(role & IS_VALUE) || strcmp(name, kg_free_list) == 0))))
        check->walkable = false;
    if (sum_is_damaged)
        tell(check, "data.sum has no sound checksum of page %llu of data.mdb (%s%s)", (unsigned long long)page, what,
             name);
    else
        tell(check, "page %llu of data.mdb (%s%s) does not match its checksum", (unsigned long long)page, what, name);
}

/* Whether the sums of pages that the snapshot has no use for, and of meta pages, could be compared since `before`. */
static bool is_quiet(const PageCheck *check, const KgSumsHeader *before, bool *metas)
{
    KgSumsHeader now;
    const bool same = kg_sums_header(check->sums, &now) && now.serial == before->serial;
    *metas = same && (now.state == KG_SUMS_SETTLED || now.state == KG_SUMS_WRITING);
    return same && now.state == KG_SUMS_SETTLED;
}

/* `before` is the header as it was before the pages were read. */
static void compare_run(PageCheck *check, const KgSumsHeader *before, uint64_t first, size_t count, const char *bytes,
                        const uint64_t *entries)
{
    const size_t page_bytes = check->snapshot->data.page_bytes;
    for (size_t i = 0; i < count; i++) {
        const uint64_t page = first + i;
        const bool sound = kg_sums_is_entry(page, entries[i]);
        bool metas;
        if (sound && entries[i] == kg_sums_of(page, bytes + i * page_bytes, page_bytes))
            continue;
        if (page < 2 || check->roles[page] == FREE) {
            const bool quiet = is_quiet(check, before, &metas);
            if (page < 2 ? !metas : !quiet || page >= before->page_count)
                continue;
        }
        tell_page(check, page, !sound);
    }
}

static BaseStatus compare_all(PageCheck *check, BaseJob *job, BaseError *err)
{
    const KgPageFile *const data = &check->snapshot->data;
    uint64_t entries[RUN];
    char *const bytes = malloc(RUN * data->page_bytes);
    BaseStatus status = bytes ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory to check");
    for (uint64_t first = 0; status == BASE_OK && first < check->page_count; first += RUN) {
        const uint64_t left = check->page_count - first, run = left < RUN ? left : RUN;
        KgSumsHeader before = {0};
        kg_sums_header(check->sums, &before);
        status = kg_page_read(data, first, run, bytes, err);
        if (status == BASE_OK)
            status = kg_sums_read(check->sums, first, run, entries, err);
        if (status == BASE_OK)
            compare_run(check, &before, first, (size_t)run, bytes, entries);
        base_job_step(job, "checking pages", "pages", first + run, check->page_count, NULL);
        if (status == BASE_OK && base_job_cancelled(job))
            status = base_fail(err, BASE_CANCELLED, "cancelled while checking");
    }
    free(bytes);
    return status;
}

/* The file ends where it did when the sums were taken. */
static void check_length(PageCheck *check)
{
    const KgSumsHeader before = check->snapshot->header;
    KgPageFile data = check->snapshot->data;
    bool metas;
    const uint64_t expected = before.page_count * data.page_bytes;
    if (kg_page_file_measure(&data, NULL) == BASE_OK && data.bytes != expected &&
        (data.bytes < expected || is_quiet(check, &before, &metas)))
        tell(check, "data.mdb has %llu bytes, expected %llu", (unsigned long long)data.bytes,
             (unsigned long long)expected);
}

static BaseStatus check_snapshot(PageCheck *check, BaseJob *job, BaseError *err)
{
    const KgPageSnapshot *const snapshot = check->snapshot;
    BaseError fault = {0};
    check->page_count = snapshot->data.page_count;
    const uint64_t last = snapshot->meta.last_page;
    check->roles = calloc((size_t)(last >= check->page_count ? last + 1 : check->page_count), sizeof *check->roles);
    if (!check->roles)
        return base_fail(err, BASE_NO_MEMORY, "no memory to check");
    BaseStatus status = kg_page_walk(&snapshot->data, &snapshot->meta, note_role, check, &fault);
    if (status == BASE_BAD_INPUT) {
        check->walkable = false;
        tell(check, "%s", fault.message);
        status = BASE_OK;
    } else if (status != BASE_OK && err) {
        *err = fault;
    }
    if (status != BASE_OK || !snapshot->trusted)
        return status;
    check_length(check);
    return compare_all(check, job, err);
}

BaseStatus kg_pages_check(KgStore *store, void (*teller)(void *context, const char *fault), void *context,
                          bool *walkable, BaseJob *job, BaseError *err)
{
    KgSums sums;
    KgPageSnapshot snapshot;
    *walkable = true;
    char *const path = base_join_path(store->path, KG_SUMS_NAME);
    if (!path)
        return base_fail(err, BASE_NO_MEMORY, "no memory to check");
    BaseStatus status = kg_sums_open(&sums, path, store->path, KG_SUMS_READ, err);
    free(path);
    if (status != BASE_OK)
        return status;
    PageCheck check = {.sums = &sums, .snapshot = &snapshot, .tell = teller, .context = context, .walkable = true};
    status = kg_page_snapshot_begin(store, &sums, &snapshot, err);
    if (status == BASE_OK) {
        status = check_snapshot(&check, job, err);
        kg_page_snapshot_end(&snapshot);
    }
    *walkable = check.walkable;
    free(check.roles);
    free(check.names.items);
    kg_sums_close(&sums);
    return status;
}
