/* pipe.h - private to kg/io: formats of one statement a line, read by several threads. */
#ifndef KGQ_KG_IO_PIPE_H
#define KGQ_KG_IO_PIPE_H

#include "kg/io/import.h"

/* Reads importer->input to its end: in chunks of whole lines, parsed on as many threads as the job allows, the caller's
 * among them, and taken by kg_import_take in the order of the file. */
BaseStatus kg_read_lines(KgImporter *importer, KgTakeLine *take, BaseError *err);

#endif
