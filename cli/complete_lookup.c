#include "cli/complete_lookup.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 25
#define BATCH 1024
#define MOST_OBJECTS_COUNTED 1000000 /* triples of a predicate looked at */

#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

/* One question and its answer. Whoever reads or writes these holds the lock, but for the fields of the thread. */
typedef struct Slot {
    LookupKind kind;
    KgStore *store;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool has_thread;  /* to be joined */
    bool is_running;  /* and at work */
    bool is_answered; /* wholly */
    char *question;
    size_t length;
    uint64_t facts; /* of the database, when it was asked */
    BaseArena arena;
    struct {
        LookupFound *items;
        size_t count, capacity;
    } found;
    BaseJob job;
} Slot;

struct Lookup {
    Slot slots[LOOKUP_KINDS];
};

/* ---- At work: on the slot's thread ---- */

static bool copy_text(BaseArena *arena, KgText *text)
{
    const char *const copy = text->length ? base_arena_copy(arena, text->bytes, text->length) : "";
    text->bytes = copy;
    return copy != NULL;
}

static bool copy_found(BaseArena *arena, LookupFound *found)
{
    if (!copy_text(arena, &found->term.text) || !copy_text(arena, &found->term.datatype) ||
        !copy_text(arena, &found->term.language))
        return false;
    if (!found->label)
        return true;
    found->label = base_arena_copy(arena, found->label, strlen(found->label));
    return found->label != NULL;
}

/* False: enough, or no memory. */
static bool publish(Slot *slot, LookupFound found)
{
    pthread_mutex_lock(&slot->lock);
    const bool is_added =
        slot->found.count < LOOKUP_MOST && copy_found(&slot->arena, &found) && BASE_PUSH(&slot->found, found);
    pthread_mutex_unlock(&slot->lock);
    return is_added;
}

static BaseStatus find_names(Slot *slot, KgTxn *txn)
{
    BaseArena arena = {0};
    const BaseArenaMark start = base_arena_mark(&arena);
    const uint64_t count = kg_term_count(txn, KG_IRI);
    BaseStatus status = BASE_OK;
    for (uint64_t i = 0; i < count && status == BASE_OK && !base_job_cancelled(&slot->job); i++) {
        KgTerm term;
        base_arena_rewind(&arena, start);
        status = kg_term(txn, kg_id(KG_IRI, i), &arena, &term, NULL);
        if (status == BASE_OK && term.text.length > slot->length &&
            memcmp(term.text.bytes, slot->question, slot->length) == 0 && !publish(slot, (LookupFound){.term = term}))
            break;
    }
    base_arena_free(&arena);
    return status;
}

static BaseStatus find_labels(Slot *slot, KgTxn *txn)
{
    BaseArena arena = {0};
    KgLabelHit *hits = NULL;
    size_t count = 0;
    const KgLabelOptions options = {.limit = 30, .job = &slot->job};
    BaseStatus status =
        kg_search_labels(txn, (KgText){slot->question, slot->length}, &options, &arena, &hits, &count, NULL);
    for (size_t i = 0; i < count && status == BASE_OK; i++) {
        LookupFound found = {.label = hits[i].label};
        status = kg_term(txn, hits[i].entity, &arena, &found.term, NULL);
        if (status == BASE_OK && !publish(slot, found))
            break;
    }
    base_arena_free(&arena);
    return status;
}

typedef struct ObjectCount {
    KgId object;
    uint64_t count;
} ObjectCount;
typedef struct ObjectCounts {
    ObjectCount *items;
    size_t count, capacity;
} ObjectCounts;

static int compare_counts(const void *left, const void *right)
{
    const ObjectCount *const a = left, *const b = right;
    return a->count != b->count ? (a->count < b->count ? 1 : -1) : (a->object > b->object) - (a->object < b->object);
}

/* Objects come in order, so equal ones stand together. */
static BaseStatus count_objects(Slot *slot, KgTxn *txn, KgId predicate, ObjectCounts *out)
{
    KgScan *scan = NULL;
    KgTriple triples[BATCH];
    size_t count = 0, seen = 0;
    BaseStatus status = kg_scan_open(txn, KG_FACTS, (KgTriple){.p = predicate}, KG_ORDER_POS, &scan, NULL);
    while (status == BASE_OK && seen < MOST_OBJECTS_COUNTED && !base_job_cancelled(&slot->job)) {
        status = kg_scan_many(scan, triples, BATCH, &count, NULL);
        for (size_t i = 0; i < count && status == BASE_OK; i++)
            if (out->count > 0 && out->items[out->count - 1].object == triples[i].o)
                out->items[out->count - 1].count++;
            else if (!BASE_PUSH(out, (ObjectCount){triples[i].o, 1}))
                status = BASE_NO_MEMORY;
        seen += count;
    }
    kg_scan_close(scan);
    return status == BASE_END ? BASE_OK : status;
}

static BaseStatus find_objects(Slot *slot, KgTxn *txn, KgText predicate)
{
    ObjectCounts counts = {0};
    BaseArena arena = {0};
    KgId id;
    const KgTerm term = {.kind = KG_IRI, .text = predicate};
    BaseStatus status = kg_find(txn, &term, &id, NULL);
    if (status == BASE_OK)
        status = count_objects(slot, txn, id, &counts);
    if (counts.count > 1)
        qsort(counts.items, counts.count, sizeof *counts.items, compare_counts);
    for (size_t i = 0; i < counts.count && status == BASE_OK; i++) {
        LookupFound found = {.count = counts.items[i].count};
        status = kg_term(txn, counts.items[i].object, &arena, &found.term, NULL);
        if (status == BASE_OK && !publish(slot, found))
            break;
    }
    free(counts.items);
    base_arena_free(&arena);
    return status;
}

static void *work(void *argument)
{
    Slot *const slot = argument;
    KgTxn *txn = NULL;
    BaseStatus status = kg_read_begin(slot->store, &txn, NULL);
    if (status == BASE_OK) {
        if (slot->kind == LOOKUP_NAMES)
            status = find_names(slot, txn);
        else if (slot->kind == LOOKUP_LABELS)
            status = find_labels(slot, txn);
        else if (slot->kind == LOOKUP_CLASSES)
            status = find_objects(slot, txn, KG_TEXT(RDF_TYPE));
        else
            status = find_objects(slot, txn, (KgText){slot->question, slot->length});
    }
    kg_abort(txn);
    pthread_mutex_lock(&slot->lock);
    slot->is_running = false;
    slot->is_answered = !base_job_cancelled(&slot->job);
    pthread_cond_broadcast(&slot->changed);
    pthread_mutex_unlock(&slot->lock);
    return NULL;
}

/* ---- Asking ---- */

Lookup *lookup_new(KgStore *store)
{
    Lookup *const lookup = calloc(1, sizeof *lookup);
    for (int i = 0; lookup && i < LOOKUP_KINDS; i++) {
        Slot *const slot = &lookup->slots[i];
        slot->kind = (LookupKind)i;
        slot->store = store;
        pthread_mutex_init(&slot->lock, NULL);
        pthread_cond_init(&slot->changed, NULL);
    }
    return lookup;
}

static void join(Slot *slot)
{
    if (slot->has_thread)
        pthread_join(slot->thread, NULL);
    slot->has_thread = false;
}

void lookup_free(Lookup *lookup)
{
    if (!lookup)
        return;
    for (int i = 0; i < LOOKUP_KINDS; i++)
        atomic_store(&lookup->slots[i].job.cancelled, true);
    for (int i = 0; i < LOOKUP_KINDS; i++) {
        Slot *const slot = &lookup->slots[i];
        join(slot);
        pthread_mutex_destroy(&slot->lock);
        pthread_cond_destroy(&slot->changed);
        base_arena_free(&slot->arena);
        free(slot->found.items);
        free(slot->question);
    }
    free(lookup);
}

/* Until the thread is done, or the moment is over. With the lock. */
static bool wait_for(Slot *slot, const struct timespec *end)
{
    while (slot->is_running && pthread_cond_timedwait(&slot->changed, &slot->lock, end) == 0)
        ;
    return !slot->is_running;
}

static void start(Slot *slot, const char *question, size_t length, uint64_t facts)
{
    join(slot);
    free(slot->question);
    base_arena_free(&slot->arena);
    slot->question = strndup(question, length);
    slot->length = length;
    slot->facts = facts;
    slot->found.count = 0;
    slot->is_answered = false;
    atomic_store(&slot->job.cancelled, false);
    slot->is_running = slot->question != NULL;
    slot->has_thread = slot->is_running && pthread_create(&slot->thread, NULL, work, slot) == 0;
    slot->is_running = slot->has_thread;
}

/* Changes with most changes of the database. */
static uint64_t count_facts(KgStore *store)
{
    KgTxn *txn = NULL;
    uint64_t count = 0;
    if (kg_read_begin(store, &txn, NULL) == BASE_OK)
        kg_count(txn, KG_IN(KG_ASSERTED), (KgTriple){0}, &count, NULL);
    kg_abort(txn);
    return count;
}

static void copy_answer(const Slot *slot, BaseArena *arena, LookupAnswer *out)
{
    out->items = base_arena_alloc(arena, slot->found.count + 1, sizeof *out->items);
    out->is_whole = slot->is_answered;
    for (size_t i = 0; i < slot->found.count && out->items; i++) {
        out->items[out->count] = slot->found.items[i];
        if (copy_found(arena, &out->items[out->count]))
            out->count++;
    }
}

void lookup_ask(Lookup *lookup, LookupKind kind, const char *question, size_t length, BaseArena *arena,
                LookupAnswer *out)
{
    *out = (LookupAnswer){0};
    if (!lookup)
        return;
    Slot *const slot = &lookup->slots[kind];
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += PATIENCE_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    const uint64_t facts = count_facts(slot->store);
    pthread_mutex_lock(&slot->lock);
    const bool is_same = slot->question && slot->length == length && slot->facts == facts &&
                         memcmp(slot->question, question, length) == 0;
    /* The index of labels is worth waiting for, whatever it was asked for first. */
    if (!is_same && slot->is_running && kind != LOOKUP_LABELS)
        atomic_store(&slot->job.cancelled, true);
    if (!is_same || (!slot->is_running && !slot->is_answered)) {
        if (wait_for(slot, &end))
            start(slot, question, length, facts);
        else {
            pthread_mutex_unlock(&slot->lock);
            return;
        }
    }
    wait_for(slot, &end);
    copy_answer(slot, arena, out);
    pthread_mutex_unlock(&slot->lock);
}
