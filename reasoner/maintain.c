/* What was derived brought up to what changed, without deriving the rest again. A fact's height is that of its lowest
 * proof, so each fact rests on lower ones, and an update can go upwards through the heights once, stratum by stratum
 * (support that is well-founded makes the counting of Gupta, Mumick, Subrahmanian, "Maintaining views incrementally",
 * SIGMOD 1993, right for recursion, too; the backward look for another proof is that of Motik, Nenov, Piro, Horrocks,
 * "Incremental update of datalog materialisation: the backward/forward algorithm", AAAI 2015).
 *
 * Round h settles the facts whose height is h, before or after:
 *   - A fact whose rule instance at its old height lost a premise, or has one that rose, is suspect. It stays when some
 *     instance with all premises below h is left, by the lowest such rule; else it is suspended.
 *   - What a suspended fact gave at that height becomes suspect in its turn.
 *   - A fact that comes, falls or rises to h may give others, at a height above; one that is suspended is looked for
 *     anew among what is known. Where that rests on heights that are not settled, it is verified in its own round.
 * What is suspended after the last round does not hold any more. */
#include "reasoner/maintain.h"

#include <stdlib.h>
#include <string.h>

/* A fact that some instance gives, or gave. */
typedef struct Claim {
    KgTriple triple;
    uint32_t height, rule;
    bool departs, must_verify;
} Claim;

typedef struct FactList {
    uint32_t *items;
    size_t count, capacity;
} FactList;

typedef struct Rounds {
    Maintenance *with;
    const MaintainInput *input;
    uint32_t stratum, height;
    struct {
        FactList *items; /* by height */
        size_t count, capacity;
    } suspects, pending;
    struct {
        Claim *items;
        size_t count, capacity;
    } claims;
    FactList suspended, settled; /* in this round */
    FactList gone;               /* facts of rules that are none any more */
} Rounds;

static BaseStatus no_memory(const Rounds *rounds)
{
    return base_fail(rounds->with->err, BASE_NO_MEMORY, "no memory to update what was derived");
}

static Known *fact_at(const Rounds *rounds, uint32_t fact)
{
    return &rounds->with->ledger.facts.items[fact];
}

static uint32_t index_of(const Rounds *rounds, const Known *fact)
{
    return (uint32_t)(fact - rounds->with->ledger.facts.items);
}

/* Whether some body reads such facts. */
static bool is_read(const Maintenance *with, KgTriple triple)
{
    const AtomLists positive = reasoner_atoms_of(with, &with->positive, triple),
                    negative = reasoner_atoms_of(with, &with->negative, triple);
    for (int i = 0; i < 3; i++)
        if (positive.items[i] || negative.items[i])
            return true;
    return false;
}

/* ---- By height ----------------------------------------------------------------------------------------------- */

#define BY_HEIGHT(lists, height) ((height) < (lists)->count ? &(lists)->items[height] : NULL)

static bool reach(Rounds *rounds, uint32_t height)
{
    while (rounds->suspects.count <= height)
        if (!BASE_PUSH(&rounds->suspects, (FactList){0}))
            return false;
    while (rounds->pending.count <= height)
        if (!BASE_PUSH(&rounds->pending, (FactList){0}))
            return false;
    return true;
}

static bool add_suspect(Rounds *rounds, uint32_t fact)
{
    Known *const known = fact_at(rounds, fact);
    if (known->is_suspect || known->state != KNOWN_SAME)
        return true;
    known->is_suspect = true;
    return reach(rounds, known->old_height) && BASE_PUSH(&rounds->suspects.items[known->old_height], fact);
}

/* The fact may hold at this height, by this rule. What is certain and what is not go together as what is not: it is
 * verified by looking at all rules. */
static bool add_pending(Rounds *rounds, uint32_t fact, uint32_t height, uint32_t rule, bool must_verify)
{
    Known *const known = fact_at(rounds, fact);
    if (height > known->pending_height)
        return true;
    if (height == known->pending_height) {
        known->must_verify |= must_verify;
        known->pending_rule = rule < known->pending_rule ? rule : known->pending_rule;
        return true;
    }
    known->pending_height = height;
    known->pending_rule = rule;
    known->must_verify = must_verify;
    return reach(rounds, height) && BASE_PUSH(&rounds->pending.items[height], fact);
}

static int by_triple(const Known *a, const Known *b)
{
    if (a->triple.s != b->triple.s)
        return a->triple.s < b->triple.s ? -1 : 1;
    if (a->triple.p != b->triple.p)
        return a->triple.p < b->triple.p ? -1 : 1;
    return (a->triple.o > b->triple.o) - (a->triple.o < b->triple.o);
}

static int compare_facts(const void *left, const void *right, void *context)
{
    const Known *const facts = context;
    return by_triple(&facts[*(const uint32_t *)left], &facts[*(const uint32_t *)right]);
}

/* In the order of the database, so that lookups go forward. */
static void sort_facts(const Rounds *rounds, FactList *list)
{
    bool is_sorted = true; /* as facts mostly come into the ledger */
    for (size_t i = 1; is_sorted && i < list->count; i++)
        is_sorted = by_triple(fact_at(rounds, list->items[i - 1]), fact_at(rounds, list->items[i])) < 0;
    if (!is_sorted)
        qsort_r(list->items, list->count, sizeof *list->items, compare_facts, rounds->with->ledger.facts.items);
}

/* ---- What is known of a fact --------------------------------------------------------------------------------- */

/* A stored fact's rule by its number now. */
static uint32_t rule_now(const Rounds *rounds, uint32_t rule)
{
    if (!rounds->input->new_rules)
        return rule;
    return rule < rounds->input->old_rule_count ? rounds->input->new_rules[rule] : RULE_GONE;
}

static BaseStatus add_known(Rounds *rounds, const Known *fact, bool is_elsewhere, uint32_t *out)
{
    Ledger *const ledger = &rounds->with->ledger;
    *out = reasoner_ledger_add(ledger, fact);
    return *out == NOWHERE ||
                   (is_elsewhere && is_read(rounds->with, fact->triple) && !reasoner_ledger_chain(ledger, *out))
               ? no_memory(rounds)
               : BASE_OK;
}

/* The fact's entry in the ledger, as `state` found it in the database. */
static BaseStatus enter(Rounds *rounds, KgTriple triple, const FactState *state, uint32_t *out)
{
    if (state->known) {
        *out = index_of(rounds, state->known);
        return BASE_OK;
    }
    const uint32_t rule = state->is_stored ? rule_now(rounds, state->rule) : 0;
    const Known fact = {.triple = triple,
                        .old_height = state->height,
                        .old_rule = rule,
                        .height = state->height,
                        .rule = rule,
                        .pending_height = NO_HEIGHT,
                        .stratum = reasoner_stratum_of(rounds->with, triple),
                        .is_asserted = state->is_asserted,
                        .is_stored = state->is_stored};
    return add_known(rounds, &fact, !state->is_asserted && !state->is_stored, out);
}

/* ---- Claims -------------------------------------------------------------------------------------------------- */

static bool take_claim(Instance *instance, uint32_t highest)
{
    Rounds *const rounds = instance->context;
    Maintenance *const with = rounds->with;
    const RuleForm *const form = &with->rules[instance->rule];
    for (uint32_t h = 0; h < form->rule->head_count; h++) {
        if (form->strata[h] != rounds->stratum)
            continue;
        Claim claim = {.height = highest + 1, .rule = instance->rule, .departs = instance->is_old};
        claim.must_verify = claim.height > rounds->height + 1;
        claim.triple = (KgTriple){term_id(with, instance->binding, form->heads[h].terms[0]),
                                  term_id(with, instance->binding, form->heads[h].terms[1]),
                                  term_id(with, instance->binding, form->heads[h].terms[2])};
        bool is_storable = true;
        if (!claim.departs)
            instance->status = reasoner_is_storable(with, claim.triple, &is_storable);
        if (!is_storable && instance->status == BASE_OK && !is_read(with, claim.triple))
            continue; /* nobody sees it */
        if (!is_storable && instance->status == BASE_OK)
            with->given_up = "a rule derives what no triple can say";
        else if (instance->status == BASE_OK && !BASE_PUSH(&rounds->claims, claim))
            instance->status = no_memory(rounds);
    }
    return instance->status != BASE_OK || with->given_up != NULL;
}

static bool has_head_here(const Rounds *rounds, uint32_t rule)
{
    const RuleForm *const form = &rounds->with->rules[rule];
    for (uint32_t h = 0; h < form->rule->head_count; h++)
        if (form->strata[h] == rounds->stratum)
            return true;
    return false;
}

static Instance instance_of(Rounds *rounds, uint32_t rule, bool is_old)
{
    return (Instance){.with = rounds->with,
                      .rule = rule,
                      .is_old = is_old,
                      .most_height = NO_HEIGHT - 1,
                      .found = take_claim,
                      .context = rounds};
}

/* What the facts gave (is_old) or give, as premises or, where `index` says so, by being absent. */
static BaseStatus claim_from(Rounds *rounds, const AtomIndex *index, const FactList *facts, bool is_old)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < facts->count && status == BASE_OK; i++) {
        const KgTriple triple = fact_at(rounds, facts->items[i])->triple;
        const AtomLists lists = reasoner_atoms_of(rounds->with, index, triple);
        for (int l = 0; l < 3; l++)
            for (size_t a = 0; lists.items[l] && a < lists.items[l]->count && status == BASE_OK; a++) {
                const AtomPlace place = lists.items[l]->items[a];
                if (!has_head_here(rounds, place.rule) || rounds->with->given_up)
                    continue;
                Instance instance = instance_of(rounds, place.rule, is_old);
                status = reasoner_match_literal(&instance, place.place, triple);
            }
    }
    return status;
}

static int compare_claims(const void *left, const void *right)
{
    const Claim *const a = left, *const b = right;
    if (a->triple.s != b->triple.s)
        return a->triple.s < b->triple.s ? -1 : 1;
    if (a->triple.p != b->triple.p)
        return a->triple.p < b->triple.p ? -1 : 1;
    if (a->triple.o != b->triple.o)
        return a->triple.o < b->triple.o ? -1 : 1;
    return 0;
}

/* One claim on a fact of which this is known. */
static BaseStatus weigh(Rounds *rounds, const Claim *claim, FactState *state)
{
    uint32_t fact;
    const Known *known = state->known;
    const uint32_t rule = known ? known->rule : state->is_stored ? rule_now(rounds, state->rule) : 0;
    if (claim->departs) {
        const uint32_t old_height = known ? known->old_height : state->height;
        const uint32_t old_rule = known ? known->old_rule : rule;
        if (!state->is_stored || old_height != claim->height || old_rule != claim->rule)
            return BASE_OK;
    } else if (state->is_asserted || state->height < claim->height ||
               (state->height == claim->height && rule <= claim->rule)) {
        return BASE_OK;
    }
    const BaseStatus status = enter(rounds, claim->triple, state, &fact);
    if (status != BASE_OK)
        return status;
    state->known = fact_at(rounds, fact);
    return (claim->departs ? add_suspect(rounds, fact)
                           : add_pending(rounds, fact, claim->height, claim->rule, claim->must_verify))
               ? BASE_OK
               : no_memory(rounds);
}

static BaseStatus weigh_claims(Rounds *rounds)
{
    BaseStatus status = BASE_OK;
    FactState state = {0};
    if (rounds->claims.count > 1)
        qsort(rounds->claims.items, rounds->claims.count, sizeof *rounds->claims.items, compare_claims);
    for (size_t i = 0; i < rounds->claims.count && status == BASE_OK; i++) {
        const Claim *const claim = &rounds->claims.items[i];
        if (i == 0 || compare_claims(claim - 1, claim) != 0 || state.known)
            status = reasoner_fact_state(rounds->with, claim->triple, &state);
        if (status == BASE_OK)
            status = weigh(rounds, claim, &state);
    }
    rounds->claims.count = 0;
    return status;
}

/* ---- A round ------------------------------------------------------------------------------------------------- */

static BaseStatus settle(Rounds *rounds, uint32_t fact, uint32_t height, uint32_t rule)
{
    Known *const known = fact_at(rounds, fact);
    known->state = KNOWN_SETTLED;
    known->height = height;
    known->rule = rule;
    if (height == known->old_height) /* by another rule: nothing follows from that */
        return BASE_OK;
    return BASE_PUSH(&rounds->settled, fact) ? BASE_OK : no_memory(rounds);
}

static BaseStatus suspend(Rounds *rounds, uint32_t fact)
{
    fact_at(rounds, fact)->state = KNOWN_SUSPENDED;
    return BASE_PUSH(&rounds->suspended, fact) ? BASE_OK : no_memory(rounds);
}

/* Does the fact still hold at its old height? */
static BaseStatus judge_suspect(Rounds *rounds, uint32_t fact)
{
    const Known before = *fact_at(rounds, fact);
    Support support;
    if (before.state != KNOWN_SAME)
        return BASE_OK;
    const uint32_t first = before.old_rule == RULE_GONE ? 0 : before.old_rule;
    BaseStatus status = reasoner_find_support(rounds->with, before.triple, rounds->height - 1, first, &support);
    if (status != BASE_OK)
        return status;
    if (support.height < rounds->height)
        return support.rule == before.old_rule ? BASE_OK : settle(rounds, fact, rounds->height, support.rule);
    status = suspend(rounds, fact);
    if (status == BASE_OK && support.height != NO_HEIGHT &&
        !add_pending(rounds, fact, support.height + 1, support.rule, true))
        status = no_memory(rounds);
    return status;
}

/* Does it hold at the height that is pending? */
static BaseStatus judge_pending(Rounds *rounds, uint32_t fact)
{
    Known *const known = fact_at(rounds, fact);
    const uint32_t now = known_height(known, false), height = rounds->height;
    if (known->pending_height != height)
        return BASE_OK;
    known->pending_height = NO_HEIGHT;
    uint32_t rule = known->pending_rule;
    if (now < height)
        return BASE_OK;
    if (known->must_verify) {
        Support support;
        const KgTriple triple = known->triple;
        const BaseStatus status = reasoner_find_support(rounds->with, triple, height - 1, 0, &support);
        if (status != BASE_OK)
            return status;
        if (support.height >= height) { /* not yet, or not at all */
            if (support.height != NO_HEIGHT && now > support.height + 1 &&
                !add_pending(rounds, fact, support.height + 1, support.rule, true))
                return no_memory(rounds);
            return BASE_OK;
        }
        rule = support.rule;
    }
    if (now == height && rule >= fact_at(rounds, fact)->rule)
        return BASE_OK;
    return settle(rounds, fact, height, rule);
}

static BaseStatus each_of(Rounds *rounds, FactList *list, BaseStatus (*judge)(Rounds *rounds, uint32_t fact))
{
    BaseStatus status = BASE_OK;
    if (!list)
        return BASE_OK;
    FactList mine = *list; /* the array of lists may grow meanwhile, and move */
    *list = (FactList){0};
    sort_facts(rounds, &mine);
    for (size_t i = 0; i < mine.count && status == BASE_OK && !rounds->with->given_up; i++)
        status = judge(rounds, mine.items[i]);
    free(mine.items);
    return status;
}

/* From what was settled and suspended in the round to claims on facts above. */
static BaseStatus spread(Rounds *rounds)
{
    const AtomIndex *const premises = &rounds->with->positive;
    BaseStatus status = claim_from(rounds, premises, &rounds->suspended, true);
    if (status == BASE_OK)
        status = claim_from(rounds, premises, &rounds->settled, false);
    rounds->suspended.count = rounds->settled.count = 0;
    return status == BASE_OK ? weigh_claims(rounds) : status;
}

static BaseStatus run_round(Rounds *rounds)
{
    Maintenance *const with = rounds->with;
    base_job_step(with->job, "updating what was derived", "facts", with->ledger.facts.count, 0, NULL);
    if (base_job_cancelled(with->job))
        return base_fail(with->err, BASE_CANCELLED, "reasoning was cancelled");
    BaseStatus status = each_of(rounds, BY_HEIGHT(&rounds->suspects, rounds->height), judge_suspect);
    if (status == BASE_OK)
        status = each_of(rounds, BY_HEIGHT(&rounds->pending, rounds->height), judge_pending);
    return status == BASE_OK ? spread(rounds) : status;
}

/* ---- A stratum ----------------------------------------------------------------------------------------------- */

/* Facts that are settled differently from what they were, by how; of this stratum also those that are suspended as they
 * are asserted no more. */
typedef struct Moved {
    FactList fallen, risen, came, went, lost;
} Moved;

static void free_moved(Moved *moved)
{
    free(moved->fallen.items);
    free(moved->risen.items);
    free(moved->came.items);
    free(moved->went.items);
    free(moved->lost.items);
}

static bool sort_out(Rounds *rounds, Moved *out)
{
    bool is_fine = true;
    for (uint32_t fact = 0; fact < rounds->with->ledger.facts.count && is_fine; fact++) {
        const Known *const known = fact_at(rounds, fact);
        if (known->state == KNOWN_SUSPENDED && known->stratum == rounds->stratum)
            is_fine = BASE_PUSH(&out->lost, fact) && BASE_PUSH(&out->risen, fact);
        if (known->state != KNOWN_SETTLED || known->height == known->old_height)
            continue;
        if (known->old_height != NO_HEIGHT && known->height > known->old_height)
            is_fine = is_fine && BASE_PUSH(&out->risen, fact); /* or went */
        if (known->height != NO_HEIGHT)
            is_fine = is_fine && BASE_PUSH(&out->fallen, fact); /* or came, or rose: it is there at another height */
        if (known->old_height == NO_HEIGHT)
            is_fine = is_fine && BASE_PUSH(&out->came, fact);
        if (known->height == NO_HEIGHT)
            is_fine = is_fine && BASE_PUSH(&out->went, fact);
    }
    sort_facts(rounds, &out->fallen);
    sort_facts(rounds, &out->risen);
    sort_facts(rounds, &out->came);
    sort_facts(rounds, &out->went);
    sort_facts(rounds, &out->lost);
    return is_fine;
}

/* Claims of what lower strata and assertions changed, and of rules that are new. */
static BaseStatus begin_stratum(Rounds *rounds, const Moved *moved)
{
    Maintenance *const with = rounds->with;
    BaseStatus status = claim_from(rounds, &with->positive, &moved->risen, true);
    if (status == BASE_OK)
        status = claim_from(rounds, &with->negative, &moved->came, true);
    if (status == BASE_OK)
        status = claim_from(rounds, &with->positive, &moved->fallen, false);
    if (status == BASE_OK)
        status = claim_from(rounds, &with->negative, &moved->went, false);
    for (uint32_t r = 0; status == BASE_OK && rounds->input->is_added && r < with->program->rules.count; r++) {
        Instance instance = instance_of(rounds, r, false);
        if (rounds->input->is_added[r] && has_head_here(rounds, r) && !with->given_up)
            status = reasoner_match_all(&instance);
    }
    return status == BASE_OK ? weigh_claims(rounds) : status;
}

/* Facts that are asserted no more, but may follow. */
static BaseStatus look_again(Rounds *rounds, const FactList *lost)
{
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < lost->count && status == BASE_OK; i++) {
        Support support;
        status = reasoner_find_support(rounds->with, fact_at(rounds, lost->items[i])->triple, 0, 0, &support);
        if (status == BASE_OK && support.height != NO_HEIGHT &&
            !add_pending(rounds, lost->items[i], support.height + 1, support.rule, true))
            status = no_memory(rounds);
    }
    return status;
}

/* What no round has brought back does not hold. */
static void end_stratum(Rounds *rounds)
{
    for (uint32_t fact = 0; fact < rounds->with->ledger.facts.count; fact++) {
        Known *const known = fact_at(rounds, fact);
        if (known->state != KNOWN_SUSPENDED || known->stratum != rounds->stratum)
            continue;
        known->state = KNOWN_SETTLED;
        known->height = NO_HEIGHT;
    }
}

static BaseStatus run_stratum(Rounds *rounds)
{
    Moved moved = {0};
    rounds->height = 0;
    BaseStatus status = sort_out(rounds, &moved) ? begin_stratum(rounds, &moved) : no_memory(rounds);
    for (size_t i = 0; i < rounds->gone.count && status == BASE_OK; i++)
        if (fact_at(rounds, rounds->gone.items[i])->stratum == rounds->stratum &&
            !add_suspect(rounds, rounds->gone.items[i]))
            status = no_memory(rounds);
    if (status == BASE_OK)
        status = look_again(rounds, &moved.lost);
    free_moved(&moved);
    for (rounds->height = 1; status == BASE_OK && !rounds->with->given_up &&
                             (rounds->height < rounds->pending.count || rounds->height < rounds->suspects.count);
         rounds->height++)
        status = run_round(rounds);
    end_stratum(rounds);
    return status;
}

/* ---- The beginning ------------------------------------------------------------------------------------------- */

/* A fact that came to be asserted, or is asserted no more. */
static BaseStatus enter_change(Rounds *rounds, const KgChanged *change)
{
    FactState state;
    uint32_t fact;
    BaseStatus status = reasoner_fact_state(rounds->with, change->triple, &state);
    if (status != BASE_OK)
        return status;
    const uint32_t rule = state.is_stored ? rule_now(rounds, state.rule) : 0;
    Known known = {.triple = change->triple,
                   .old_height = state.is_stored ? state.height : NO_HEIGHT,
                   .old_rule = rule,
                   .rule = rule,
                   .pending_height = NO_HEIGHT,
                   .stratum = reasoner_stratum_of(rounds->with, change->triple),
                   .state = KNOWN_SETTLED,
                   .is_asserted = true,
                   .is_stored = state.is_stored};
    if (change->was_there) {
        known.is_asserted = false;
        known.old_height = 0;
        known.height = NO_HEIGHT;
        known.state = known.stratum == NO_STRATUM ? KNOWN_SETTLED : KNOWN_SUSPENDED;
    }
    return add_known(rounds, &known, change->was_there && !state.is_stored, &fact);
}

static bool has_gone_rules(const MaintainInput *input)
{
    for (size_t r = 0; input->new_rules && r < input->old_rule_count; r++)
        if (input->new_rules[r] == RULE_GONE)
            return true;
    return false;
}

/* A stored fact that a rule gave which is none any more. */
static BaseStatus enter_gone(Rounds *rounds, KgTriple triple, const KgNote *note)
{
    uint32_t fact;
    const Known *const known = reasoner_ledger_find(&rounds->with->ledger, triple);
    const FactState state = {.height = note->height, .rule = note->rule, .is_stored = true};
    if (known) /* asserted now */
        return BASE_OK;
    const BaseStatus status = enter(rounds, triple, &state, &fact);
    if (status != BASE_OK)
        return status;
    if (fact_at(rounds, fact)->stratum == NO_STRATUM) {
        fact_at(rounds, fact)->state = KNOWN_SETTLED;
        fact_at(rounds, fact)->height = NO_HEIGHT;
    }
    return BASE_PUSH(&rounds->gone, fact) ? BASE_OK : no_memory(rounds);
}

static BaseStatus find_gone(Rounds *rounds)
{
    Maintenance *const with = rounds->with;
    KgFinder *finder = NULL;
    KgTriple triple;
    KgNote note;
    if (!has_gone_rules(rounds->input))
        return BASE_OK;
    BaseStatus status = kg_finder_open(with->txn, KG_INFERRED, &finder, with->err);
    if (status == BASE_OK)
        status = kg_finder_seek(finder, (KgTriple){0}, with->err);
    while (status == BASE_OK && (status = kg_finder_next(finder, &triple, &note, with->err)) == BASE_OK)
        if (rule_now(rounds, note.rule) == RULE_GONE)
            status = enter_gone(rounds, triple, &note);
    kg_finder_close(finder);
    return status == BASE_END ? BASE_OK : status;
}

static void free_lists(FactList *lists, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(lists[i].items);
    free(lists);
}

BaseStatus reasoner_maintain(Maintenance *with, const MaintainInput *input)
{
    Rounds rounds = {.with = with, .input = input};
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < input->change_count && status == BASE_OK; i++)
        status = enter_change(&rounds, &input->changes[i]);
    if (status == BASE_OK)
        status = find_gone(&rounds);
    for (rounds.stratum = 0; rounds.stratum < with->program->stratum_count && status == BASE_OK && !with->given_up;
         rounds.stratum++)
        status = run_stratum(&rounds);
    free_lists(rounds.suspects.items, rounds.suspects.count);
    free_lists(rounds.pending.items, rounds.pending.count);
    free(rounds.claims.items);
    free(rounds.suspended.items);
    free(rounds.settled.items);
    free(rounds.gone.items);
    return status;
}
