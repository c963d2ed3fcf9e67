/* highlight.h - the colours of a statement while it is typed. */
#ifndef KGQ_CLI_HIGHLIGHT_H
#define KGQ_CLI_HIGHLIGHT_H

#include <stddef.h>

/* Fills in an EditorStyle (editor/editor.h) for each byte of the text, which may hold several statements. */
void highlight_text(const char *text, size_t length, unsigned char *styles);

#endif
