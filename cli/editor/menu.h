/* menu.h - what Tab offers: what all candidates share is typed at once, then they stand in a menu below the text, where
 * further Tabs go from one to the next. */
#ifndef KGQ_CLI_EDITOR_MENU_H
#define KGQ_CLI_EDITOR_MENU_H

#include "cli/editor/draw.h"
#include "cli/editor/editor.h"

typedef struct Menu {
    bool is_open;
    BaseArena arena;
    EditorCandidates candidates;
    size_t chosen;     /* candidates.count: what was typed */
    const char *typed; /* and what that was */
    size_t length;     /* of what stands in its place now */
    size_t first;      /* row that is shown */
    DrawnLine *lines;
    size_t line_count;
} Menu;

void menu_close(Menu *menu); /* what stands in the text stays */
/* Tab, or with `back` Shift-Tab. False: nothing is offered. */
bool menu_tab(Menu *menu, Text *text, const EditorHooks *hooks, bool back);
void menu_revert(Menu *menu, Text *text); /* closes it; what was typed is back */
/* Fills in menu->lines, which are the menu's until the next call. False: no memory. */
bool menu_lay_out(Menu *menu, size_t width, size_t height, bool has_colours);

#endif
