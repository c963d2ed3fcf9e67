/* OWL 2 RL */
#include "reasoner/rulesets/rulesets.h"
void ruleset_add_owl(RulesetBuilder *builder)
{
    (void)builder;
}
