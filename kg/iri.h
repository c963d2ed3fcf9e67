/* iri.h - private to kg: resolving a relative IRI against a base. */
#ifndef KGQ_KG_IRI_H
#define KGQ_KG_IRI_H

#include "kg/kg.h"

bool kg_iri_is_absolute(KgText iri); /* it begins with a scheme */
/* RFC 3986, section 5.2. *out lies in `arena`; false: no memory. Without a base the IRI stays as it is. */
bool kg_iri_resolve(KgText base, KgText relative, BaseArena *arena, KgText *out);

#endif
