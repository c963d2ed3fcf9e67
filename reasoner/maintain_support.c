/* Another proof of one fact, looked for backwards over the rules that may give it. */
#include "reasoner/maintain.h"

static bool take_support(Instance *instance, uint32_t highest)
{
    Support *const support = instance->context;
    if (highest >= support->height)
        return false;
    support->height = highest;
    support->rule = instance->rule;
    /* Only lower ones are of interest from now on. */
    instance->most_height = highest > 0 ? highest - 1 : 0;
    return highest <= support->limit;
}

/* Instances of one rule. */
static BaseStatus try_rule(Maintenance *with, KgTriple triple, AtomPlace place, Support *support)
{
    if (support->height == 0)
        return BASE_OK;
    Instance instance = {.with = with,
                         .rule = place.rule,
                         .most_height = support->height == NO_HEIGHT ? NO_HEIGHT - 1 : support->height - 1,
                         .found = take_support,
                         .context = support};
    return reasoner_match_head(&instance, place.place, triple);
}

/* The rules whose heads may be the triple, merged from three lists in the order of their numbers. */
typedef struct RuleWalk {
    AtomLists lists;
    size_t at[3];
} RuleWalk;

static bool next_rule(RuleWalk *walk, AtomPlace *out)
{
    int best = -1;
    for (int i = 0; i < 3; i++)
        if (walk->lists.items[i] && walk->at[i] < walk->lists.items[i]->count &&
            (best < 0 || walk->lists.items[i]->items[walk->at[i]].rule < out->rule)) {
            best = i;
            *out = walk->lists.items[i]->items[walk->at[i]];
        }
    if (best >= 0)
        walk->at[best]++;
    return best >= 0;
}

BaseStatus reasoner_find_support(Maintenance *with, KgTriple triple, uint32_t limit, uint32_t first, Support *out)
{
    BaseStatus status = BASE_OK;
    *out = (Support){.limit = limit, .height = NO_HEIGHT};
    for (int pass = 0; pass < 2 && status == BASE_OK; pass++) {
        RuleWalk walk = {.lists = reasoner_atoms_of(with, &with->heads, triple)};
        AtomPlace place;
        while (status == BASE_OK && (out->height == NO_HEIGHT || out->height > limit) && next_rule(&walk, &place))
            if ((place.rule >= first) == (pass == 0))
                status = try_rule(with, triple, place, out);
        if (first == 0)
            break;
    }
    return status;
}
