/* functions.c - what insight adds to SPARQL: explanations within queries. */
#include "insight/explain.h"

#include <string.h>

/* The ids of the three arguments; BASE_NOT_FOUND: the database does not have them all. */
static BaseStatus read_triple(KgCall *call, KgTriple *out, BaseError *err)
{
    KgId *const ids[3] = {&out->s, &out->p, &out->o};
    for (size_t i = 0; i < 3; i++) {
        const BaseStatus status = kg_call_argument(call, i, ids[i], err);
        if (status != BASE_OK)
            return status;
        if (kg_tag(*ids[i]) >= 0x80)
            return BASE_NOT_FOUND;
    }
    return BASE_OK;
}

static BaseStatus give_text(KgCall *call, const char *text, KgTerm *out, BaseError *err)
{
    const size_t length = strlen(text);
    *out = (KgTerm){.kind = KG_LITERAL, .text = {base_arena_copy(kg_call_arena(call), text, length), length}};
    return out->text.bytes ? BASE_OK : base_fail(err, BASE_NO_MEMORY, "no memory for an explanation");
}

/* What of an explanation is wanted; NULL: it has no such thing. */
typedef const char *Excerpt(const InsightExplanation *explanation);

static const char *summary_of(const InsightExplanation *explanation)
{
    return explanation->summary;
}

static const char *rule_of(const InsightExplanation *explanation)
{
    for (size_t i = 0; i < explanation->proofs.count && insight_holds(explanation); i++)
        if (explanation->proofs.items[i]->rule_name)
            return explanation->proofs.items[i]->rule_name;
    return NULL;
}

static BaseStatus explain_arguments(KgCall *call, Excerpt *excerpt, KgTerm *out, BaseError *err)
{
    const InsightOptions options = {.no_models = true};
    InsightExplanation *explanation = NULL;
    KgTriple triple;
    BaseStatus status = read_triple(call, &triple, err);
    if (status == BASE_OK)
        status = insight_explain(kg_call_txn(call), triple, &options, &explanation, kg_call_job(call), err);
    const char *const text = status == BASE_OK ? excerpt(explanation) : NULL;
    if (status == BASE_OK)
        status = text ? give_text(call, text, out, err) : BASE_NOT_FOUND;
    insight_explanation_free(explanation);
    return status;
}

static BaseStatus call_why(void *context, KgCall *call, const KgTerm *arguments, size_t count, KgTerm *out,
                           BaseError *err)
{
    (void)context;
    (void)arguments;
    (void)count;
    return explain_arguments(call, summary_of, out, err);
}

static BaseStatus call_rule_name(void *context, KgCall *call, const KgTerm *arguments, size_t count, KgTerm *out,
                                 BaseError *err)
{
    (void)context;
    (void)arguments;
    (void)count;
    return explain_arguments(call, rule_of, out, err);
}

BaseStatus insight_add_functions(KgExtensions *extensions, BaseError *err)
{
    static const KgFunction functions[] = {
        {.iri = KG_VOCABULARY "why", .least = 3, .most = 3, .call = call_why},
        {.iri = KG_VOCABULARY "ruleName", .least = 3, .most = 3, .call = call_rule_name},
    };
    BaseStatus status = BASE_OK;
    for (size_t i = 0; i < sizeof functions / sizeof *functions && status == BASE_OK; i++)
        status = kg_add_function(extensions, &functions[i], err);
    return status;
}
