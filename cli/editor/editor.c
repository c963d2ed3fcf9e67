#include "cli/editor/editor.h"

#include "cli/editor/draw.h"
#include "cli/editor/find.h"
#include "cli/editor/keys.h"
#include "cli/editor/menu.h"

#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASTE_ON "\x1b[?2004h"
#define PASTE_OFF "\x1b[?2004l"

struct Editor {
    const EditorHooks *hooks;
    History *history;
    KeyReader keys;
    KeySignals signals;
    struct termios before;
    Drawing drawing;
    Text text;
    Menu menu;
    Find find;
    unsigned char *styles;
    size_t style_capacity;
    size_t recalled;        /* the history's entry that is edited; its count: a new text */
    BaseBuffer draft;       /* the new text, while an entry is */
    size_t wanted_column;   /* of the way up and down */
    bool keeps_column;      /* the key before moved up or down */
    bool is_done, is_short; /* is_short: no memory */
    EditorEnd end;
};

Editor *editor_new(int input, int output, const EditorHooks *hooks, History *history, bool has_colours)
{
    Editor *const editor = calloc(1, sizeof *editor);
    if (!editor)
        return NULL;
    editor->hooks = hooks;
    editor->history = history;
    editor->keys.input = input;
    editor->drawing.output = output;
    editor->drawing.has_colours = has_colours;
    return editor;
}

void editor_free(Editor *editor)
{
    if (!editor)
        return;
    base_buffer_free(&editor->keys.paste);
    drawing_free(&editor->drawing);
    text_free(&editor->text);
    menu_close(&editor->menu);
    find_close(&editor->find);
    base_buffer_free(&editor->draft);
    free(editor->styles);
    free(editor);
}

/* ---- The terminal ---- */

static void take_terminal(Editor *editor)
{
    struct termios raw;
    tcgetattr(editor->keys.input, &editor->before);
    raw = editor->before;
    raw.c_iflag &= (tcflag_t) ~(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT);
    raw.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(editor->keys.input, TCSADRAIN, &raw);
    keys_begin(&editor->keys, &editor->signals);
    drawing_write(&editor->drawing, PASTE_ON, strlen(PASTE_ON));
    drawing_measure(&editor->drawing);
    drawing_forget(&editor->drawing);
}

static void give_terminal_back(Editor *editor)
{
    drawing_write(&editor->drawing, PASTE_OFF, strlen(PASTE_OFF));
    keys_end(&editor->signals);
    tcsetattr(editor->keys.input, TCSADRAIN, &editor->before);
}

static void suspend(Editor *editor)
{
    drawing_write(&editor->drawing, "\r\n", 2);
    give_terminal_back(editor);
    raise(SIGTSTP);
    take_terminal(editor);
}

/* ---- Drawing ---- */

/* Marks the bracket at the cursor, or before it, and its partner; brackets in strings and comments are none. */
static void mark_pair(const Editor *editor)
{
    static const char brackets[] = "(){}[]";
    const Text *const text = &editor->text;
    size_t at = text->cursor;
    for (int i = 0; i < 2; i++, at--) {
        const char *const found = at < text->bytes.count && editor->styles[at] == STYLE_PLAIN
                                      ? memchr(brackets, text->bytes.items[at], sizeof brackets - 1)
                                      : NULL;
        const bool opens = found && (found - brackets) % 2 == 0;
        int depth = 0;
        for (size_t k = at; found && k < text->bytes.count; k += opens ? 1 : (size_t)-1) {
            if (editor->styles[k] != STYLE_PLAIN)
                continue;
            if (text->bytes.items[k] == *found)
                depth++;
            else if (text->bytes.items[k] == (opens ? found[1] : found[-1]) && --depth == 0) {
                editor->styles[at] = editor->styles[k] = STYLE_PAIR;
                return;
            }
        }
        if (at == 0)
            return;
    }
}

static bool paint(Editor *editor, bool is_last)
{
    const Text *const text = &editor->text;
    if (!base_reserve((void **)&editor->styles, &editor->style_capacity, text->bytes.count + 1, 1))
        return false;
    memset(editor->styles, STYLE_PLAIN, text->bytes.count + 1);
    if (!editor->drawing.has_colours || text->bytes.count == 0)
        return true;
    editor->hooks->paint(editor->hooks->context, text->bytes.items, text->bytes.count, editor->styles);
    if (!is_last)
        mark_pair(editor);
    return true;
}

static void draw(Editor *editor, bool is_last)
{
    Drawing *const drawing = &editor->drawing;
    DrawnLine line;
    const DrawnLine *below = &line;
    size_t below_count = 0;
    bool is_whole = paint(editor, is_last) && drawing_lay_out(drawing, &editor->text);
    if (editor->menu.is_open && !is_last) {
        is_whole = is_whole && menu_lay_out(&editor->menu, drawing->width, drawing->height, drawing->has_colours);
        below = editor->menu.lines;
        below_count = editor->menu.line_count;
    } else if (editor->find.is_open && !is_last) {
        line = find_line(&editor->find);
        below_count = 1;
    }
    if (!is_whole || !drawing_show(drawing, &editor->text, editor->styles, below, below_count))
        editor->is_short = true;
}

static void ring(const Editor *editor)
{
    drawing_write(&editor->drawing, "\a", 1);
}

/* ---- History ---- */

static bool show_entry(Editor *editor, size_t entry, bool from_below)
{
    const History *const history = editor->history;
    if (editor->recalled == history->count) {
        editor->draft.count = 0;
        if (!base_buffer_add(&editor->draft, editor->text.bytes.items ? editor->text.bytes.items : "",
                             editor->text.bytes.count))
            return false;
    }
    const bool is_draft = entry == history->count;
    const char *const bytes = is_draft ? editor->draft.items : history->items[entry];
    const size_t length = is_draft ? editor->draft.count : strlen(bytes);
    editor->recalled = entry;
    if (!text_set(&editor->text, bytes, length, length))
        return false;
    if (from_below) /* so that the next step up goes to the entry before */
        editor->text.cursor = text_line_end(&editor->text, 0);
    return true;
}

static bool older(Editor *editor)
{
    if (editor->recalled == 0) {
        ring(editor);
        return true;
    }
    return show_entry(editor, editor->recalled - 1, true);
}

static bool newer(Editor *editor)
{
    if (editor->recalled == editor->history->count) {
        ring(editor);
        return true;
    }
    return show_entry(editor, editor->recalled + 1, false);
}

/* ---- Keys ---- */

static bool move_rows(Editor *editor, bool up)
{
    Drawing *const drawing = &editor->drawing;
    if (!drawing_lay_out(drawing, &editor->text))
        return false;
    if (up ? drawing->cursor_row == 0 : drawing->cursor_row + 1 == drawing->rows.count)
        return up ? older(editor) : newer(editor);
    if (!editor->keeps_column)
        editor->wanted_column = drawing->cursor_column;
    editor->text.cursor =
        drawing_place(drawing, &editor->text, drawing->cursor_row + (up ? (size_t)-1 : 1), editor->wanted_column);
    return true;
}

/* What Enter would give: the text with the end of its last line. An entry of the history is whole as it was. */
static bool is_whole(Editor *editor)
{
    BaseBuffer whole = {0};
    const Text *const text = &editor->text;
    const bool is_entry = editor->recalled < editor->history->count;
    const bool is_made = base_buffer_add(&whole, text->bytes.items ? text->bytes.items : "", text->bytes.count) &&
                         base_buffer_add(&whole, "\n\n", is_entry ? 2 : 1);
    const bool result = is_made && editor->hooks->is_whole(editor->hooks->context, whole.items, whole.count);
    base_buffer_free(&whole);
    editor->is_short |= !is_made;
    return result;
}

static void finish(Editor *editor, EditorEnd end)
{
    editor->is_done = true;
    editor->end = end;
}

static bool enter(Editor *editor)
{
    if (!is_whole(editor))
        return text_insert(&editor->text, "\n", 1);
    finish(editor, EDITOR_ENTERED);
    return true;
}

static void clear_screen(Editor *editor)
{
    static const char sequence[] = "\x1b[H\x1b[2J";
    drawing_write(&editor->drawing, sequence, sizeof sequence - 1);
    drawing_forget(&editor->drawing);
}

static bool do_control(Editor *editor, char letter)
{
    Text *const text = &editor->text;
    const size_t at = text->cursor;
    switch (letter) {
    case 'A':
        text->cursor = text_line_start(text, at);
        return true;
    case 'B':
        text->cursor = text_before(text, at);
        return true;
    case 'C':
        finish(editor, EDITOR_DROPPED);
        return true;
    case 'D':
        if (text->bytes.count > 0)
            return text_delete(text, at, text_behind(text, at));
        finish(editor, EDITOR_LEFT);
        return true;
    case 'E':
        text->cursor = text_line_end(text, at);
        return true;
    case 'F':
        text->cursor = text_behind(text, at);
        return true;
    case 'K': {
        const size_t end = text_line_end(text, at);
        return text_cut(text, at, end > at ? end : text_behind(text, at));
    }
    case 'L':
        clear_screen(editor);
        return true;
    case 'N':
        return newer(editor);
    case 'P':
        return older(editor);
    case 'R':
        return find_open(&editor->find, text, editor->history);
    case 'T':
        return text_swap(text);
    case 'U':
        return text_cut(text, text_line_start(text, at), at);
    case 'W':
        return text_cut(text, text_word_before(text, at), at);
    case 'Y':
        return text_paste_cut(text);
    case 'Z':
        suspend(editor);
        return true;
    case '_':
        text_undo(text);
        return true;
    default:
        ring(editor);
        return true;
    }
}

static bool do_alt(Editor *editor, char letter)
{
    Text *const text = &editor->text;
    switch (letter) {
    case 'b':
        text->cursor = text_word_before(text, text->cursor);
        return true;
    case 'f':
        text->cursor = text_word_behind(text, text->cursor);
        return true;
    case 'd':
        return text_cut(text, text->cursor, text_word_behind(text, text->cursor));
    case '<':
        return editor->history->count == 0 || show_entry(editor, 0, true);
    case '>':
        return show_entry(editor, editor->history->count, false);
    default:
        ring(editor);
        return true;
    }
}

static bool do_key(Editor *editor, const Key *key)
{
    Text *const text = &editor->text;
    const size_t at = text->cursor;
    switch (key->kind) {
    case KEY_TEXT:
        return text_type(text, key->text, key->length);
    case KEY_PASTE:
        return text_insert(text, editor->keys.paste.items ? editor->keys.paste.items : "", editor->keys.paste.count);
    case KEY_CONTROL:
        return do_control(editor, key->letter);
    case KEY_ALT:
        return do_alt(editor, key->letter);
    case KEY_ENTER:
        return enter(editor);
    case KEY_ALT_ENTER:
        return text_insert(text, "\n", 1);
    case KEY_TAB:
    case KEY_SHIFT_TAB:
        if (!menu_tab(&editor->menu, text, editor->hooks, key->kind == KEY_SHIFT_TAB))
            ring(editor);
        return true;
    case KEY_BACKSPACE:
        return text_delete(text, text_before(text, at), at);
    case KEY_ALT_BACKSPACE:
        return text_cut(text, text_word_before(text, at), at);
    case KEY_DELETE:
        return text_delete(text, at, text_behind(text, at));
    case KEY_LEFT:
        text->cursor = text_before(text, at);
        return true;
    case KEY_RIGHT:
        text->cursor = text_behind(text, at);
        return true;
    case KEY_UP:
    case KEY_DOWN:
        return move_rows(editor, key->kind == KEY_UP);
    case KEY_HOME:
        text->cursor = text_line_start(text, at);
        return true;
    case KEY_END:
        text->cursor = text_line_end(text, at);
        return true;
    case KEY_PAGE_UP:
        return older(editor);
    case KEY_PAGE_DOWN:
        return newer(editor);
    case KEY_WORD_LEFT:
        text->cursor = text_word_before(text, at);
        return true;
    case KEY_WORD_RIGHT:
        text->cursor = text_word_behind(text, at);
        return true;
    case KEY_TEXT_HOME:
        text->cursor = 0;
        return true;
    case KEY_TEXT_END:
        text->cursor = text->bytes.count;
        return true;
    case KEY_RESIZE:
        drawing_resized(&editor->drawing);
        return true;
    case KEY_CLOSED:
        finish(editor, EDITOR_LEFT);
        return true;
    case KEY_ESCAPE:
    case KEY_UNKNOWN:
        return true;
    }
    return true;
}

static void take_key(Editor *editor, const Key *key)
{
    if (editor->find.is_open && find_take(&editor->find, key, &editor->text, editor->history)) {
        if (editor->find.is_open && editor->find.at < editor->history->count)
            editor->recalled = editor->find.at;
        return;
    }
    if (editor->menu.is_open && key->kind == KEY_ESCAPE)
        menu_revert(&editor->menu, &editor->text);
    if (key->kind != KEY_TAB && key->kind != KEY_SHIFT_TAB && key->kind != KEY_RESIZE)
        menu_close(&editor->menu);
    if (!do_key(editor, key))
        editor->is_short = true;
    editor->keeps_column = key->kind == KEY_UP || key->kind == KEY_DOWN;
    editor->text.is_typing = editor->text.is_typing && key->kind == KEY_TEXT;
}

/* ---- The call ---- */

static void leave(Editor *editor)
{
    menu_close(&editor->menu);
    find_close(&editor->find);
    editor->text.cursor = editor->text.bytes.count;
    draw(editor, true);
    const char *const mark = editor->end == EDITOR_DROPPED ? "^C\r\n" : "\r\n";
    drawing_write(&editor->drawing, mark, strlen(mark));
}

EditorEnd editor_read(Editor *editor, const char *prompt, const char *more, const char **text, size_t *length)
{
    editor->drawing.prompt = prompt;
    editor->drawing.more = more;
    editor->recalled = editor->history->count;
    editor->is_done = editor->is_short = editor->keeps_column = false;
    text_clear(&editor->text);
    take_terminal(editor);
    while (!editor->is_done && !editor->is_short) {
        if (!key_is_waiting(&editor->keys))
            draw(editor, false);
        const Key key = key_read(&editor->keys);
        take_key(editor, &key);
    }
    if (!editor->is_short)
        leave(editor);
    give_terminal_back(editor);
    if (editor->is_short)
        return EDITOR_FAILED;
    *text = editor->text.bytes.items ? editor->text.bytes.items : "";
    *length = editor->text.bytes.count;
    if (editor->end == EDITOR_ENTERED)
        history_add(editor->history, *text, *length);
    return editor->end;
}
