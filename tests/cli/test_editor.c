/* The line editor: keys from bytes, editing, rows of a terminal, history across runs. A pseudo-terminal plays the
 * terminal where a whole editor is asked. */
#include "expect.h"

#include "cli/editor/draw.h"
#include "cli/editor/editor.h"
#include "cli/editor/keys.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

/* ---- Keys ---- */

typedef struct Keys {
    KeyReader reader;
    KeySignals signals;
    int to;
} Keys;

static void send(Keys *keys, const char *bytes, size_t length)
{
    assert_int_equal(write(keys->to, bytes, length), (ssize_t)length);
}

static void begin_keys(Keys *keys, const char *bytes)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *keys = (Keys){.reader.input = ends[0], .to = ends[1]};
    keys_begin(&keys->reader, &keys->signals);
    send(keys, bytes, strlen(bytes));
}

static void end_keys(Keys *keys)
{
    keys_end(&keys->signals);
    close(keys->reader.input);
    if (keys->to >= 0)
        close(keys->to);
    base_buffer_free(&keys->reader.paste);
}

static void sequences_are_keys(void **state)
{
    (void)state;
    static const KeyKind expected[] = {KEY_UP,        KEY_DOWN,       KEY_HOME,          KEY_END,
                                       KEY_WORD_LEFT, KEY_WORD_RIGHT, KEY_DELETE,        KEY_SHIFT_TAB,
                                       KEY_TEXT_HOME, KEY_ALT_ENTER,  KEY_ALT_BACKSPACE, KEY_ENTER,
                                       KEY_TAB,       KEY_UNKNOWN,    KEY_PAGE_UP};
    Keys keys;
    begin_keys(&keys,
               "\x1b[A\x1bOB\x1b[H\x1b[4~\x1b[1;5D\x1b[1;3C\x1b[3~\x1b[Z\x1b[1;5H\x1b\r\x1b\x7f\r\t\x1b[24~\x1b[5~");
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(key_read(&keys.reader).kind, expected[i]);
    end_keys(&keys);
}

static void characters_come_whole_and_letters_with_their_modifier(void **state)
{
    (void)state;
    Keys keys;
    begin_keys(&keys, "\xe6\xbc\xa2z\x01\x1b"
                      "f");
    Key key = key_read(&keys.reader);
    assert_int_equal(key.kind, KEY_TEXT);
    assert_int_equal(key.length, 3);
    assert_memory_equal(key.text, "\xe6\xbc\xa2", 3);
    assert_int_equal(key_read(&keys.reader).length, 1);
    key = key_read(&keys.reader);
    assert_int_equal(key.kind, KEY_CONTROL);
    assert_int_equal(key.letter, 'A');
    key = key_read(&keys.reader);
    assert_int_equal(key.kind, KEY_ALT);
    assert_int_equal(key.letter, 'f');
    send(&keys, "\xff\xfe", 2);
    assert_int_equal(key_read(&keys.reader).kind, KEY_UNKNOWN);
    end_keys(&keys);
}

static void a_paste_is_one_key_of_lines_without_controls(void **state)
{
    (void)state;
    Keys keys;
    begin_keys(&keys, "\x1b[200~ASK {}\r\nx\ty\r\x1b[A\x03\xff\xe6\xbc\xa2\x1b[201~q");
    assert_int_equal(key_read(&keys.reader).kind, KEY_PASTE);
    assert_int_equal(keys.reader.paste.count, strlen("ASK {}\nx\ty\n[A\xe6\xbc\xa2"));
    assert_memory_equal(keys.reader.paste.items, "ASK {}\nx\ty\n[A\xe6\xbc\xa2", keys.reader.paste.count);
    assert_int_equal(key_read(&keys.reader).text[0], 'q');
    end_keys(&keys);
}

static void a_lone_escape_and_a_closed_terminal_are_told(void **state)
{
    (void)state;
    Keys keys;
    begin_keys(&keys, "\x1b");
    assert_int_equal(key_read(&keys.reader).kind, KEY_ESCAPE);
    raise(SIGWINCH);
    assert_int_equal(key_read(&keys.reader).kind, KEY_RESIZE);
    close(keys.to);
    keys.to = -1;
    assert_int_equal(key_read(&keys.reader).kind, KEY_CLOSED);
    end_keys(&keys);
}

/* ---- Text ---- */

static void set(Text *text, const char *bytes)
{
    assert_true(text_set(text, bytes, strlen(bytes), strlen(bytes)));
}

static void assert_text(const Text *text, const char *expected)
{
    assert_int_equal(text->bytes.count, strlen(expected));
    assert_memory_equal(text->bytes.items, expected, text->bytes.count);
}

static void a_character_takes_what_combines_with_it_along(void **state)
{
    (void)state;
    Text text = {0};
    set(&text, "ae\xcc\x81\xe6\xbc\xa2"); /* a, e with a combining acute, a Han character */
    assert_int_equal(text_before(&text, 7), 4);
    assert_int_equal(text_before(&text, 4), 1);
    assert_int_equal(text_behind(&text, 1), 4);
    assert_true(text_delete(&text, text_before(&text, 4), 4));
    assert_text(&text, "a\xe6\xbc\xa2");
    text_free(&text);
}

static void what_was_cut_comes_back_and_changes_are_undone(void **state)
{
    (void)state;
    Text text = {0};
    set(&text, "SELECT ?x\nWHERE { ?x ?p ?o }");
    assert_int_equal(text_line_start(&text, text.cursor), 10);
    assert_int_equal(text_word_before(&text, 8), 0);
    assert_int_equal(text_word_behind(&text, 0), 6);
    assert_true(text_cut(&text, 10, text.bytes.count));
    assert_text(&text, "SELECT ?x\n");
    assert_true(text_paste_cut(&text));
    assert_text(&text, "SELECT ?x\nWHERE { ?x ?p ?o }");
    assert_true(text_type(&text, "a", 1));
    assert_true(text_type(&text, "b", 1));
    text_undo(&text); /* both letters */
    assert_text(&text, "SELECT ?x\nWHERE { ?x ?p ?o }");
    text_undo(&text);
    assert_text(&text, "SELECT ?x\n");
    set(&text, "ab");
    assert_true(text_swap(&text));
    assert_text(&text, "ba");
    for (int i = 0; i < 1000; i++)
        text_undo(&text);
    assert_text(&text, "");
    text_free(&text);
}

/* ---- Rows ---- */

static void rows_break_at_the_width_by_columns_and_not_by_bytes(void **state)
{
    (void)state;
    Drawing drawing = {.output = -1, .width = 20, .height = 10, .prompt = "kgq> ", .more = "...> "};
    Text text = {0};
    /* 5 columns of prompt and 8 wide characters: one does not fit any more. */
    set(&text, "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\nab");
    assert_true(drawing_lay_out(&drawing, &text));
    assert_int_equal(drawing.rows.count, 3);
    assert_int_equal(drawing.rows.items[0].columns, 19);
    assert_int_equal(drawing.rows.items[1].start, 21);
    assert_int_equal(drawing.rows.items[1].columns, 2);
    assert_true(drawing.rows.items[2].begins_line);
    assert_int_equal(drawing.cursor_row, 2);
    assert_int_equal(drawing.cursor_column, 7);
    assert_int_equal(drawing_place(&drawing, &text, 0, 8), 3); /* in the middle of the second: its start */
    assert_int_equal(drawing_place(&drawing, &text, 2, 99), text.bytes.count);
    /* A full row: the cursor behind it stands in the next one. */
    set(&text, "123456789012345");
    assert_true(drawing_lay_out(&drawing, &text));
    assert_int_equal(drawing.cursor_row, 1);
    assert_int_equal(drawing.cursor_column, 0);
    text_clear(&text);
    assert_true(drawing_lay_out(&drawing, &text));
    assert_int_equal(drawing.rows.count, 1);
    drawing_free(&drawing);
    text_free(&text);
}

/* ---- History ---- */

static void add(History *history, const char *text)
{
    history_add(history, text, strlen(text));
}

static void entries_come_back_whole_and_once(void **state)
{
    (void)state;
    char *const folder = make_temporary_folder();
    char path[4200];
    snprintf(path, sizeof path, "%s/state/kgq/history", folder);
    History history;
    history_open(&history, path);
    add(&history, "ASK {}\n;");
    add(&history, "SELECT \"\\n\"");
    add(&history, "ASK {}\n;");
    add(&history, "  \n");
    assert_int_equal(history.count, 2);
    history_close(&history);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    history_open(&history, path);
    assert_int_equal(history.count, 2);
    assert_string_equal(history.items[0], "SELECT \"\\n\"");
    assert_string_equal(history.items[1], "ASK {}\n;");
    history_close(&history);
    assert_int_equal(base_remove(folder, NULL), BASE_OK);
    free(folder);
}

static void two_shells_share_the_file_and_it_does_not_grow_without_end(void **state)
{
    (void)state;
    char *const folder = make_temporary_folder();
    char path[4200], text[64];
    snprintf(path, sizeof path, "%s/history", folder);
    History one, other;
    history_open(&one, path);
    history_open(&other, path);
    for (int i = 0; i < 3500; i++) {
        snprintf(text, sizeof text, "ASK { :a :b %d };", i % 10);
        add(i % 2 ? &one : &other, text);
    }
    add(&one, "of one");
    add(&other, "of the other");
    assert_int_equal(one.count, 6);
    history_close(&one);
    history_close(&other);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    history_open(&one, path);
    assert_int_equal(one.count, 12);
    assert_string_equal(one.items[11], "of the other");
    assert_string_equal(one.items[10], "of one");
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size < before.st_size / 100);
    history_close(&one);
    write_text_file(path, "_HiStOrY_V2_\nASK\\040{}\n\n\\\n");
    history_open(&one, path);
    assert_int_equal(one.count, 2);
    assert_string_equal(one.items[0], "ASK {}");
    history_close(&one);
    history_open(&one, NULL);
    add(&one, "kept nowhere");
    assert_int_equal(one.count, 1);
    history_close(&one);
    assert_int_equal(base_remove(folder, NULL), BASE_OK);
    free(folder);
}

static void the_file_is_where_the_environment_says(void **state)
{
    (void)state;
    unsetenv("KGQ_HISTORY");
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/ada", 1);
    char *path = history_default_path();
    assert_string_equal(path, "/home/ada/.kgq_history");
    free(path);
    setenv("XDG_STATE_HOME", "/state", 1);
    path = history_default_path();
    assert_string_equal(path, "/state/kgq/history");
    free(path);
    setenv("KGQ_HISTORY", "", 1);
    assert_null(history_default_path());
}

/* ---- The editor on a pseudo-terminal ---- */

static bool ends_with_semicolon(void *context, const char *text, size_t length)
{
    (void)context;
    while (length > 0 && text[length - 1] == '\n')
        length--;
    return length > 0 && text[length - 1] == ';';
}

static void paint_nothing(void *context, const char *text, size_t length, unsigned char *styles)
{
    (void)context;
    (void)text;
    (void)length;
    (void)styles;
}

static void offer_words(void *context, const char *text, size_t length, size_t cursor, BaseArena *arena,
                        EditorCandidates *out)
{
    (void)context;
    (void)length;
    static const char *const words[] = {"apple", "apricot", "beet"};
    out->start = cursor;
    while (out->start > 0 && text[out->start - 1] != ' ')
        out->start--;
    for (size_t i = 0; i < 3; i++)
        if (strncmp(words[i], text + out->start, cursor - out->start) == 0)
            assert_true(BASE_PUSH(out, (EditorCandidate){base_arena_copy(arena, words[i], strlen(words[i])), NULL}));
}

typedef struct Terminal {
    int master, slave;
    pthread_t reader;
    Editor *editor;
    History history;
} Terminal;

/* Takes what is drawn, as a screen would. */
static void *swallow(void *argument)
{
    char bytes[4096];
    while (read(*(int *)argument, bytes, sizeof bytes) > 0)
        ;
    return NULL;
}

static const EditorHooks hooks = {NULL, ends_with_semicolon, paint_nothing, offer_words};

static void open_terminal(Terminal *terminal)
{
    *terminal = (Terminal){.master = posix_openpt(O_RDWR | O_NOCTTY)};
    assert_true(terminal->master >= 0);
    assert_int_equal(grantpt(terminal->master), 0);
    assert_int_equal(unlockpt(terminal->master), 0);
    terminal->slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
    assert_true(terminal->slave >= 0);
    const struct winsize size = {.ws_row = 10, .ws_col = 40};
    ioctl(terminal->master, TIOCSWINSZ, &size);
    history_open(&terminal->history, NULL);
    terminal->editor = editor_new(terminal->slave, terminal->slave, &hooks, &terminal->history, true);
    assert_non_null(terminal->editor);
    /* Keys wait in the terminal until the editor reads them: nothing of them is to be handled by the terminal. */
    struct termios raw;
    tcgetattr(terminal->slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(terminal->slave, TCSANOW, &raw);
    assert_int_equal(pthread_create(&terminal->reader, NULL, swallow, &terminal->master), 0);
}

static void close_terminal(Terminal *terminal)
{
    editor_free(terminal->editor);
    history_close(&terminal->history);
    close(terminal->slave);
    pthread_join(terminal->reader, NULL);
    close(terminal->master);
}

static void assert_typed(Terminal *terminal, const char *keys, EditorEnd end, const char *expected)
{
    const char *text = NULL;
    size_t length = 0;
    assert_int_equal(write(terminal->master, keys, strlen(keys)), (ssize_t)strlen(keys));
    assert_int_equal(editor_read(terminal->editor, "> ", ". ", &text, &length), end);
    if (!expected)
        return;
    char *const copy = strndup(text, length);
    assert_string_equal(copy, expected);
    free(copy);
}

static void a_statement_is_edited_as_a_whole(void **state)
{
    (void)state;
    Terminal terminal;
    open_terminal(&terminal);
    /* Two lines, then up into the first one, and Enter from there once the text is whole. */
    assert_typed(&terminal, "one\rtwo;\x1b[A\x01zero \x1b[F!\r", EDITOR_ENTERED, "zero one!\ntwo;");
    /* Recalled, changed at its start, and entered from there. */
    assert_typed(&terminal, "\x1b[A\x01x\r", EDITOR_ENTERED, "xzero one!\ntwo;");
    assert_typed(&terminal, "\x1b[A\x1b[A\x1b[B\x1b[B\x1b[Bnew;\r", EDITOR_ENTERED, "new;");
    assert_typed(&terminal, "\x12zero\x12\r", EDITOR_ENTERED, "zero one!\ntwo;");
    assert_typed(&terminal, "gone\x03", EDITOR_DROPPED, NULL);
    assert_typed(&terminal, "\x04", EDITOR_LEFT, NULL);
    assert_int_equal(terminal.history.count, 3);
    close_terminal(&terminal);
}

static void a_paste_runs_nothing_by_itself(void **state)
{
    (void)state;
    Terminal terminal;
    open_terminal(&terminal);
    BaseBuffer keys = {0}, expected = {0};
    assert_true(base_buffer_format(&keys, "\x1b[200~"));
    for (int i = 0; i < 60; i++) {
        assert_true(base_buffer_format(&keys, "line %d;\r", i));
        assert_true(base_buffer_format(&expected, "line %d;\n", i));
    }
    assert_true(base_buffer_format(&keys, "\x1b[201~end;\r"));
    assert_true(base_buffer_format(&expected, "end;"));
    assert_typed(&terminal, keys.items, EDITOR_ENTERED, expected.items);
    base_buffer_free(&keys);
    base_buffer_free(&expected);
    close_terminal(&terminal);
}

static void tab_types_what_is_shared_and_then_goes_through_the_menu(void **state)
{
    (void)state;
    Terminal terminal;
    open_terminal(&terminal);
    assert_typed(&terminal, "b\t;\r", EDITOR_ENTERED, "beet ;");
    assert_typed(&terminal, "a\t;\r", EDITOR_ENTERED, "ap;");
    assert_typed(&terminal, "a\t\t;\r", EDITOR_ENTERED, "apple;");
    assert_typed(&terminal, "a\t\t\t;\r", EDITOR_ENTERED, "apricot;");
    assert_typed(&terminal, "a\t\x1b[Z;\r", EDITOR_ENTERED, "apricot;");
    assert_typed(&terminal, "a\t\t\t\t;\r", EDITOR_ENTERED, "ap;");
    assert_typed(&terminal, "x a\t\t y\t;\r", EDITOR_ENTERED, "x apple y;");
    close_terminal(&terminal);
}

int main(void)
{
    alarm(120); /* an editor that waits for a key that does not come ends the test */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_are_keys),
        cmocka_unit_test(characters_come_whole_and_letters_with_their_modifier),
        cmocka_unit_test(a_paste_is_one_key_of_lines_without_controls),
        cmocka_unit_test(a_lone_escape_and_a_closed_terminal_are_told),
        cmocka_unit_test(a_character_takes_what_combines_with_it_along),
        cmocka_unit_test(what_was_cut_comes_back_and_changes_are_undone),
        cmocka_unit_test(rows_break_at_the_width_by_columns_and_not_by_bytes),
        cmocka_unit_test(entries_come_back_whole_and_once),
        cmocka_unit_test(two_shells_share_the_file_and_it_does_not_grow_without_end),
        cmocka_unit_test(the_file_is_where_the_environment_says),
        cmocka_unit_test(a_statement_is_edited_as_a_whole),
        cmocka_unit_test(a_paste_runs_nothing_by_itself),
        cmocka_unit_test(tab_types_what_is_shared_and_then_goes_through_the_menu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
