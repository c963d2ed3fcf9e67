/* program_text.h - the texts of a program as one string, and back. Private to the room. */
#ifndef KGQ_REASONER_PROGRAM_TEXT_H
#define KGQ_REASONER_PROGRAM_TEXT_H

#include "reasoner/reasoner.h"

/* Each text behind a line `%% LENGTH NAME`, a comment to the rule language. false: no memory. */
bool reasoner_program_join_texts(const ReasonerProgram *program, BaseBuffer *out);

/* rulesets/ruleset.c: whether the text is one that a rule set was made into. */
bool reasoner_text_is_ruleset(const ReasonerText *text, ReasonerRuleset *out);

#endif
