/* maintain.h - keeping what was derived up to what changed: facts in question, rule instances looked for over the
 * database as it was and as it becomes, rounds. Private to the room. */
#ifndef KGQ_REASONER_MAINTAIN_H
#define KGQ_REASONER_MAINTAIN_H

#include "reasoner/terms.h"

#define NO_HEIGHT UINT32_MAX        /* it does not hold */
#define RULE_GONE (UINT32_MAX - 1u) /* the rule that gave it is no rule any more */
#define NO_STRATUM UINT32_MAX       /* no rule derives such facts */

/* The id of a term that the database lacks, by its number in the table of terms: a kind that kg never uses. */
static inline KgId unknown_id(uint32_t number)
{
    return kg_id((KgKind)0xff, number);
}
static inline bool is_unknown_id(KgId id)
{
    return kg_tag(id) == 0xff;
}

/* ---- Facts in question ------------------------------------------------------------------------------------- */

typedef enum KnownState {
    KNOWN_SAME,      /* as it was, so far */
    KNOWN_SUSPENDED, /* it lost its support, and no other is known yet */
    KNOWN_SETTLED,   /* `height` and `rule` are final */
} KnownState;

enum { CHAIN_SUBJECT, CHAIN_OBJECT, CHAIN_PREDICATE, CHAIN_PAIR, CHAINS };

/* A fact whose height or rule may change. Rules are those of the new program. */
typedef struct Known {
    KgTriple triple;
    uint32_t old_height, old_rule, height, rule;
    uint32_t pending_height, pending_rule; /* it may hold at this height; NO_HEIGHT: nothing is pending */
    uint32_t stratum;
    uint32_t older[CHAINS];
    uint8_t state;
    bool must_verify; /* what is pending rests on premises that were not settled */
    bool is_suspect, is_asserted;
    bool is_stored; /* in KG_INFERRED */
} Known;

typedef struct Ledger {
    struct {
        Known *items;
        size_t count, capacity;
    } facts;
    uint32_t *slots; /* open addressing: index + 1 */
    size_t slot_count;
    uint64_t *filters[2];   /* bits by hash: of those that are asserted, and of the others */
    BaseMap chains[CHAINS]; /* of those that neither layer of the database has: key to the newest */
    struct {
        uint32_t *items;
        size_t count, capacity;
    } elsewhere; /* all of those */
} Ledger;

void reasoner_ledger_free(Ledger *ledger);
Known *reasoner_ledger_find(const Ledger *ledger, KgTriple triple); /* NULL: nothing is known of it */
/* The same of a triple that the database has, asserted or, else, stored; quick where nothing is known. */
Known *reasoner_ledger_find_stored(const Ledger *ledger, KgTriple triple, bool is_asserted);
uint32_t reasoner_ledger_add(Ledger *ledger, const Known *fact); /* its index; NOWHERE: no memory */
bool reasoner_ledger_chain(Ledger *ledger, uint32_t fact);       /* the database does not have it */
/* Of those that may fit the pattern the newest, and then the one before; NOWHERE: none. */
typedef struct LedgerCursor {
    int chain; /* CHAINS: all */
    uint32_t next;
} LedgerCursor;
LedgerCursor reasoner_ledger_match(const Ledger *ledger, KgTriple pattern);
const Known *reasoner_ledger_next(const Ledger *ledger, LedgerCursor *cursor, KgTriple pattern);

static inline uint32_t known_height(const Known *fact, bool is_old)
{
    return is_old                           ? fact->old_height
           : fact->state == KNOWN_SETTLED   ? fact->height
           : fact->state == KNOWN_SUSPENDED ? NO_HEIGHT
                                            : fact->old_height;
}

/* ---- Rules over triples ------------------------------------------------------------------------------------ */

typedef struct TripleAtom {
    Term terms[3];
    bool is_dead; /* of a relation that has no triples: nothing fits */
} TripleAtom;

typedef enum WayKind { WAY_ATOM, WAY_ABSENT, WAY_COMPARE, WAY_ASSIGN } WayKind;
typedef struct WayStep {
    WayKind kind;
    uint32_t literal;
    bool is_inferred; /* KG_INFERRED may have matches */
    KgFinder *asserted, *inferred;
    Operand from; /* ASSIGN */
    uint32_t to;
} WayStep;

/* A body in the order in which it is matched when some terms are known. */
typedef struct Way {
    bool is_planned;
    WayStep *steps;
    uint32_t count;
} Way;

typedef struct RuleForm {
    const Rule *rule;
    TripleAtom *heads, *body; /* of comparisons: not used */
    uint32_t *strata;         /* by head */
    bool is_dead;
    Way from_nothing, *from_heads, *from_body;
} RuleForm;

/* Atoms by what they speak of: an IRI, or for rdf:type also the class. */
typedef struct AtomPlace {
    uint32_t rule, place; /* head or literal */
} AtomPlace;
typedef struct AtomList {
    AtomPlace *items;
    size_t count, capacity;
} AtomList;
typedef struct AtomIndex {
    BaseMap lists; /* hash of predicate, or of class, to a place in `all` */
    struct {
        AtomList *items;
        size_t count, capacity;
    } all;
    AtomList open; /* with an open predicate */
} AtomIndex;

/* Triples of one predicate and layer in memory (maintain_shelf.c). */
typedef struct Shelf {
    KgLayer layer;
    KgId predicate;
    bool by_object, is_filled;
    size_t count;             /* triples */
    uint64_t asked, patience; /* lookups, and after how many it is filled */
    BaseMap groups;           /* subject or object to where its others begin (high half), and how many */
    KgId *others;
    uint32_t *heights; /* NULL: all 0 */
} Shelf;
typedef struct ShelfCursor {
    const Shelf *shelf; /* NULL: to be looked up in the database */
    uint32_t at, end;
} ShelfCursor;

typedef struct Maintenance {
    KgTxn *txn;
    const ReasonerProgram *program;
    BaseJob *job;
    BaseError *err;
    KgId *constants; /* by constant of the program */
    KgId type;
    RuleForm *rules;
    AtomIndex heads, positive, negative;
    Ledger ledger;
    KgFinder *asserted, *inferred; /* for facts looked at one by one */
    KgStatistics statistics;
    Terms terms;
    BaseMap found;       /* number of a computed value to its id */
    BaseMap asserted_of; /* predicate to whether something is asserted with it */
    struct {
        Shelf **items;
        size_t count, capacity;
    } shelves;
    BaseMap shelf_places;
    uint64_t work, work_limit; /* rows looked at */
    const char *given_up;      /* why the changes cannot be followed; NULL: they can */
    BaseArena memory;
} Maintenance;

/* The forms of the rules, and where atoms are. BASE_OK, or a failure. */
BaseStatus reasoner_forms_open(Maintenance *with);
void reasoner_forms_close(Maintenance *with);
void reasoner_shelves_free(Maintenance *with);
BaseStatus reasoner_shelf_find(Maintenance *with, KgLayer layer, KgTriple pattern, ShelfCursor *out);
/* false: no more. */
bool reasoner_shelf_next(ShelfCursor *cursor, KgTriple pattern, KgTriple *triple, uint32_t *height);
/* Lists of atoms that may fit the triple; at most three, NULL where there is none. */
typedef struct AtomLists {
    const AtomList *items[3];
} AtomLists;
AtomLists reasoner_atoms_of(const Maintenance *with, const AtomIndex *index, KgTriple triple);
uint32_t reasoner_stratum_of(const Maintenance *with, KgTriple triple);

/* Whether the term may stand where RDF has subjects, or predicates. */
BaseStatus reasoner_is_storable(const Maintenance *with, KgTriple triple, bool *out);

/* The id that a term has under the binding; KG_ANY: open. */
static inline KgId term_id(const Maintenance *with, const KgId *binding, Term term)
{
    return term.is_variable ? binding[term.index] : with->constants[term.index];
}

/* Orders the body, where it has not been: `given` (NULL: nothing) is known at the beginning, and literal `done`, unless
 * NOWHERE, is met. */
BaseStatus reasoner_plan_way(Maintenance *with, const RuleForm *form, const TripleAtom *given, uint32_t done, Way *way);

/* ---- Instances --------------------------------------------------------------------------------------------- */

typedef struct Instance Instance;
struct Instance {
    Maintenance *with;
    uint32_t rule;
    bool is_old;          /* over the facts as they were */
    uint32_t most_height; /* of a premise; may be lowered by `found` */
    /* Called for each instance, `highest` of its premises; true: enough. */
    bool (*found)(Instance *instance, uint32_t highest);
    void *context;
    KgId *binding; /* by variable */
    BaseStatus status;
};

/* Instances of the rule: all, those whose head is the triple, and those with it as that literal, a positive or a
 * negated one. The caller sets the fields up to `context`. */
BaseStatus reasoner_match_all(Instance *instance);
BaseStatus reasoner_match_head(Instance *instance, uint32_t head, KgTriple triple);
BaseStatus reasoner_match_literal(Instance *instance, uint32_t literal, KgTriple triple);

/* How a fact is: its entry of the ledger, or, where that is NULL, as it was and is. */
typedef struct FactState {
    Known *known;
    bool is_asserted, is_stored;
    uint32_t height, rule;
} FactState;
BaseStatus reasoner_fact_state(Maintenance *with, KgTriple triple, FactState *out);

/* The lowest-numbered rule from `first` on with an instance whose premises are not above `limit`; where there is none,
 * the lowest instance of any rule. */
typedef struct Support {
    uint32_t limit;
    uint32_t height, rule; /* of the premises; NO_HEIGHT: there is no instance */
} Support;
BaseStatus reasoner_find_support(Maintenance *with, KgTriple triple, uint32_t limit, uint32_t first, Support *out);

/* ---- All of it --------------------------------------------------------------------------------------------- */

/* What changed, and what became of it. */
typedef struct MaintainInput {
    const KgChanged *changes; /* of what is asserted */
    size_t change_count;
    const uint32_t *new_rules; /* by rule of the run before: its number now, or RULE_GONE; NULL: they are the same */
    size_t old_rule_count;
    const bool *is_added; /* by rule of the program */
} MaintainInput;
/* Fills with->ledger: facts with a new height or rule are settled. with->given_up may be set instead. */
BaseStatus reasoner_maintain(Maintenance *with, const MaintainInput *input);

#endif
