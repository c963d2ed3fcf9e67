#include "cli/editor/menu.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_ROWS 10
#define ELLIPSIS "\xe2\x80\xa6"

void menu_close(Menu *menu)
{
    free(menu->candidates.items);
    base_arena_free(&menu->arena);
    *menu = (Menu){0};
}

/* ---- Choosing ---- */

static bool put_in(Menu *menu, Text *text, const char *word, size_t length)
{
    const size_t start = menu->candidates.start;
    if (!text_delete(text, start, start + menu->length))
        return false;
    text->cursor = start;
    menu->length = 0;
    if (!text_insert(text, word, length))
        return false;
    menu->length = length;
    return true;
}

/* What all candidates begin with; 0 where one does not begin with what was typed. */
static size_t shared_length(const Menu *menu, size_t typed)
{
    const EditorCandidates *const all = &menu->candidates;
    size_t shared = strlen(all->items[0].text);
    for (size_t i = 0; i < all->count; i++) {
        if (strncasecmp(all->items[i].text, menu->typed, typed) != 0)
            return 0;
        size_t same = 0;
        while (same < shared && all->items[i].text[same] == all->items[0].text[same])
            same++;
        shared = same;
    }
    while (shared > 0 && ((unsigned char)all->items[0].text[shared] & 0xc0) == 0x80)
        shared--;
    return shared;
}

/* A whole word is followed by a blank, but not where it goes on. */
static void put_blank(Text *text)
{
    const char last = text->cursor > 0 ? text->bytes.items[text->cursor - 1] : ' ';
    const char next = text->cursor < text->bytes.count ? text->bytes.items[text->cursor] : '\n';
    if (!strchr("/:( ", last) && next != ' ')
        text_insert(text, " ", 1);
}

static bool open_menu(Menu *menu, Text *text, const EditorHooks *hooks)
{
    menu_close(menu);
    EditorCandidates *const all = &menu->candidates;
    all->start = text->cursor;
    hooks->complete(hooks->context, text->bytes.items ? text->bytes.items : "", text->bytes.count, text->cursor,
                    &menu->arena, all);
    const size_t typed = text->cursor - all->start;
    menu->typed = base_arena_copy(&menu->arena, text->bytes.items + all->start, typed);
    menu->length = typed;
    menu->chosen = all->count;
    if (!menu->typed || (all->count == 0 && !all->remark)) {
        menu_close(menu);
        return false;
    }
    if (all->count == 1) {
        const char *const word = all->items[0].text;
        if (put_in(menu, text, word, strlen(word)))
            put_blank(text);
        menu_close(menu);
        return true;
    }
    const size_t shared = all->count > 0 ? shared_length(menu, typed) : 0;
    if (shared > typed && put_in(menu, text, all->items[0].text, shared))
        menu->typed = base_arena_copy(&menu->arena, all->items[0].text, shared);
    menu->is_open = menu->typed != NULL;
    return menu->is_open;
}

static void choose(Menu *menu, Text *text)
{
    const bool is_typed = menu->chosen == menu->candidates.count;
    const char *const word = is_typed ? menu->typed : menu->candidates.items[menu->chosen].text;
    put_in(menu, text, word, strlen(word));
}

bool menu_tab(Menu *menu, Text *text, const EditorHooks *hooks, bool back)
{
    if (!menu->is_open || menu->candidates.count == 0)
        return open_menu(menu, text, hooks);
    const size_t places = menu->candidates.count + 1;
    menu->chosen = (menu->chosen + (back ? places - 1 : 1)) % places;
    choose(menu, text);
    return true;
}

void menu_revert(Menu *menu, Text *text)
{
    menu->chosen = menu->candidates.count;
    if (menu->is_open)
        choose(menu, text);
    menu_close(menu);
}

/* ---- Its lines ---- */

/* As much of the text as fits in `width` columns; what it takes. */
static bool add_cut(BaseBuffer *line, const char *text, size_t width, size_t *used)
{
    const size_t length = strlen(text), columns = base_utf8_columns(text, length);
    *used = columns;
    if (columns <= width)
        return base_buffer_add(line, text, length);
    size_t at = 0, reached = 0;
    while (at < length) {
        uint32_t c;
        const size_t found = base_utf8_decode(text + at, length - at, &c), bytes = found ? found : 1;
        const size_t wide = base_utf8_columns(text + at, bytes);
        if (reached + wide + 1 > width)
            break;
        reached += wide;
        at += bytes;
    }
    *used = reached + 1;
    return base_buffer_add(line, text, at) && base_buffer_add(line, ELLIPSIS, strlen(ELLIPSIS));
}

static bool add_blanks(BaseBuffer *line, size_t count)
{
    bool is_added = true;
    while (count-- > 0 && is_added)
        is_added = base_buffer_add(line, " ", 1);
    return is_added;
}

typedef struct Grid {
    size_t text, note, cell; /* columns: of the widest text and note, and of a cell with its margin */
    size_t per_row, rows, shown;
} Grid;

static Grid measure(const Menu *menu, size_t width, size_t height)
{
    Grid grid = {0};
    for (size_t i = 0; i < menu->candidates.count; i++) {
        const EditorCandidate *const item = &menu->candidates.items[i];
        const size_t text = base_utf8_columns(item->text, strlen(item->text));
        const size_t note = item->note ? base_utf8_columns(item->note, strlen(item->note)) : 0;
        grid.text = text > grid.text ? text : grid.text;
        grid.note = note > grid.note ? note : grid.note;
    }
    const size_t usable = width > 4 ? width - 4 : 1;
    grid.note = grid.note > usable / 2 ? usable / 2 : grid.note;
    const size_t left = usable - (grid.note ? grid.note + 2 : 0);
    grid.text = grid.text > left ? left : grid.text;
    grid.cell = grid.text + (grid.note ? grid.note + 2 : 0) + 2;
    grid.per_row = width / grid.cell ? width / grid.cell : 1;
    grid.rows = (menu->candidates.count + grid.per_row - 1) / grid.per_row;
    const size_t most = height / 2 < MOST_ROWS ? height / 2 : MOST_ROWS;
    grid.shown = grid.rows < most ? grid.rows : most;
    return grid;
}

/* Numbers stand to the right. */
static bool add_note(BaseBuffer *line, const char *note, size_t width)
{
    const size_t columns = base_utf8_columns(note, strlen(note));
    const bool is_number = note[0] >= '0' && note[0] <= '9' && columns < width;
    size_t used;
    return (!is_number || add_blanks(line, width - columns)) && add_cut(line, note, width, &used) &&
           (is_number || add_blanks(line, width - used));
}

static bool add_item(BaseBuffer *line, const EditorCandidate *item, const Grid *grid, bool is_chosen, bool has_colours)
{
    size_t used;
    bool is_added = base_buffer_add(line, is_chosen && !has_colours ? ">" : " ", 1);
    if (is_chosen && has_colours)
        is_added = is_added && base_buffer_add(line, "\x1b[7m", 4);
    is_added = is_added && add_cut(line, item->text, grid->text, &used) && add_blanks(line, grid->text - used);
    if (grid->note > 0) {
        if (has_colours && !is_chosen)
            is_added = is_added && base_buffer_add(line, "\x1b[2m", 4);
        is_added = is_added && add_blanks(line, 2) && add_note(line, item->note ? item->note : "", grid->note);
    }
    if (has_colours)
        is_added = is_added && base_buffer_add(line, "\x1b[0m", 4);
    return is_added && add_blanks(line, 1);
}

static bool keep_line(Menu *menu, BaseBuffer *line, size_t columns)
{
    const char *const copy = base_arena_copy(&menu->arena, line->items ? line->items : "", line->count);
    if (!copy)
        return false;
    menu->lines[menu->line_count++] = (DrawnLine){copy, columns};
    line->count = 0;
    return true;
}

/* How many there are more, and what else is to be said. */
static bool add_remark(Menu *menu, const Grid *grid, size_t width, BaseBuffer *line)
{
    const bool has_more = grid->shown < grid->rows;
    size_t used;
    if (!has_more && !menu->candidates.remark)
        return true;
    BaseBuffer words = {0};
    bool is_added = true;
    if (has_more)
        is_added = base_buffer_format(&words, " %zu of %zu%s", grid->shown * grid->per_row, menu->candidates.count,
                                      menu->candidates.remark ? "; " : "");
    if (menu->candidates.remark)
        is_added = is_added && base_buffer_format(&words, "%s%s", has_more ? "" : " ", menu->candidates.remark);
    is_added = is_added && add_cut(line, words.items, width - 1, &used) && keep_line(menu, line, used);
    base_buffer_free(&words);
    return is_added;
}

bool menu_lay_out(Menu *menu, size_t width, size_t height, bool has_colours)
{
    menu->line_count = 0;
    if (!menu->is_open)
        return true;
    const Grid grid = measure(menu, width, height);
    const size_t row = menu->chosen / grid.per_row;
    if (menu->chosen < menu->candidates.count && row < menu->first)
        menu->first = row;
    if (menu->chosen < menu->candidates.count && row >= menu->first + grid.shown)
        menu->first = row - grid.shown + 1;
    if (menu->first + grid.shown > grid.rows || menu->chosen == menu->candidates.count)
        menu->first = 0;
    menu->lines = base_arena_alloc(&menu->arena, grid.shown + 1, sizeof *menu->lines);
    BaseBuffer line = {0};
    bool is_added = menu->lines != NULL;
    for (size_t i = 0; i < grid.shown && is_added; i++) {
        size_t columns = 0;
        for (size_t k = 0; k < grid.per_row && is_added; k++) {
            const size_t at = (menu->first + i) * grid.per_row + k;
            if (at >= menu->candidates.count)
                break;
            is_added = add_item(&line, &menu->candidates.items[at], &grid, at == menu->chosen, has_colours);
            columns += grid.cell;
        }
        is_added = is_added && keep_line(menu, &line, columns);
    }
    is_added = is_added && add_remark(menu, &grid, width, &line);
    base_buffer_free(&line);
    return is_added;
}
