/* names.h - private to kg: reading terms with the place of a fault as an offset, for readers that know the line. */
#ifndef KGQ_KG_NAMES_H
#define KGQ_KG_NAMES_H

#include "kg/kg.h"

typedef struct KgFault {
    size_t offset, width; /* bytes */
    char message[200];
} KgFault;
BaseStatus kg_fault(KgFault *fault, size_t offset, size_t width, const char *format, ...)
    __attribute__((format(printf, 4, 5))); /* BASE_BAD_INPUT */

extern const bool kg_forbidden_in_iri[256];
static inline bool kg_is_forbidden_in_iri(unsigned char byte)
{
    return kg_forbidden_in_iri[byte];
}
/* Reads the escape at `at`, a backslash; *bytes gets its UTF-8. `only_unicode`: \u and \U, as in an IRI. */
BaseStatus kg_read_escape(KgText text, size_t at, bool only_unicode, char bytes[4], size_t *length, size_t *end,
                          KgFault *fault);
/* Reads the <iri>, _:label or "literal" that begins at `start`; *end is the offset after it. BASE_BAD_INPUT with
 * *fault; BASE_NO_MEMORY. */
BaseStatus kg_scan_term(KgText text, size_t start, BaseArena *arena, KgTerm *out, size_t *end, KgFault *fault);
/* A whole field: one of those, or a plain name. `text` is well-formed UTF-8. */
BaseStatus kg_parse_field(KgText text, BaseArena *arena, KgTerm *out, KgFault *fault);
/* Appends the IRI of a plain name. */
bool kg_name_iri(KgText name, BaseBuffer *out);
/* Whether `iri` begins with a scheme and has no character that IRIs forbid; else the offset of the fault. */
bool kg_iri_is_sound(KgText iri, size_t *offset);

#endif
