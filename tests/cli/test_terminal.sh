#!/usr/bin/env bash
# The shell in a real terminal, played by tmux: completion, history across runs, Ctrl-C in a long query, windows that
# change their size, pastes, and tables of wide characters. Nothing is timed: each step waits for what it should bring.
. "$(dirname "$0")/lib.sh"
command -v tmux > /dev/null || { echo "SKIPPED: tmux is not there"; exit 77; }
locale -a 2> /dev/null | grep -qix 'c.utf-\?8' || { echo "SKIPPED: the locale C.UTF-8 is not there"; exit 77; }
export LC_ALL=C.UTF-8 KGQ_HISTORY=$T/history TERM=xterm-256color TMUX_TMPDIR=$T
unset NO_COLOR LESS PAGER
socket=kgq-test-$$-0
tmux() { command tmux -u -L "$socket" -f /dev/null "$@"; }
trap 'tmux kill-server 2> /dev/null; rm -rf "$T"' EXIT
patience=${KGQ_PATIENCE:-60} # seconds that a step may take

# start COLUMNS ROWS: the shell in a new terminal.
start() {
    tmux kill-server 2> /dev/null
    socket=kgq-test-$$-$((${socket##*-} + 1))
    tmux new-session -d -s shell -x "$1" -y "$2" "\"$KGQ\" \"$T/db\"; echo left with \$?; sleep 1000" ||
        { echo "SKIPPED: tmux does not start here"; exit 77; }
    sees '^kgq>'
}
screen() { tmux capture-pane -p -t shell; }
lines_back() { tmux capture-pane -p -S - -t shell; } # with what has scrolled away
type() { tmux send-keys -t shell -l -- "$1"; }
# A semicolon that ends an argument is tmux's own.
enter() { tmux send-keys -t shell -l -- "$1"'\;'; tmux send-keys -t shell Enter; }
press() { tmux send-keys -t shell "$@"; }
tries() { echo $((patience * 10)); }
# sees REGEX [MESSAGE]: waits until the screen has it.
sees() {
    local i
    for ((i = 0; i < $(tries); i++)); do
        screen | grep -qE -- "$1" && return 0
        sleep 0.1
    done
    fail "${2:-the screen never has} \"$1\":"
    screen | sed 's/^/    /'
    return 1
}
# The prompt is empty and last on the screen: what was entered is done.
sees_prompt() {
    local i
    for ((i = 0; i < $(tries); i++)); do
        [ "$(screen | grep -v '^ *$' | tail -1)" = "kgq>" ] && return 0
        sleep 0.1
    done
    fail "no prompt comes:"
    screen | sed 's/^/    /'
    return 1
}
# tab REGEX: Tab, and again while the database is still being asked.
tab() {
    local i k
    for ((i = 0; i < patience; i++)); do
        press Tab
        for ((k = 0; k < 20; k++)); do
            screen | grep -qE -- "$1" && return 0
            screen | grep -qE 'Tab again' && break
            sleep 0.1
        done
    done
    sees "$1" "Tab never brings"
}
# q, and again where the pager missed it, busy with a new size.
leave_pager() {
    local i
    for ((i = 0; i < patience; i++)); do
        [ "$(screen | grep -v '^ *$' | tail -1)" = : ] && press q
        sleep 0.5
        [ "$(screen | grep -v '^ *$' | tail -1)" = 'kgq>' ] && return 0
    done
    sees_prompt
}
# resize COLUMNS ROWS: until the program's terminal has the size as well, which tmux tells it a little later.
resize() {
    local i tty
    tty=$(tmux display-message -p -t shell '#{pane_tty}')
    tmux resize-window -t shell -x "$1" -y "$2"
    for ((i = 0; i < $(tries); i++)); do
        [ "$(stty -F "$tty" size)" = "$2 $1" ] && return 0
        sleep 0.1
    done
    fail "the terminal does not become $1 columns wide"
}
wide() { printf '%s' "$1" | wc -L; }
# Every line of the tables on the screen has its bars in the same columns; prints the width of each table.
table_widths() {
    local line row rest bars previous='' width
    while IFS= read -r line; do
        case "$line" in
        ┌*) previous='' ;;
        │*) ;;
        *) continue ;;
        esac
        rest=$line bars='' row=''
        while [[ $rest == *[│┌┬┐]* ]]; do
            row+=${rest%%[│┌┬┐]*}
            bars+=" $(wide "$row")"
            rest=${rest#*[│┌┬┐]}
            row+=x
        done
        [ -z "$previous" ] || [ "$bars" = "$previous" ] || fail "the bars stand at$bars, above at$previous: $line"
        previous=$bars
        width=$(wide "$line")
        [ "${line:0:1}" = ┌ ] && echo "$width"
    done < <(screen)
}

{
    printf 'abel\tparent\tadam\ncain\tparent\tadam\nseth\tparent\tadam\nadam\tage\t930\n'
    for ((i = 0; i < 2000; i++)); do printf 'n%d\tlinks\tn%d\n' $i $(((i * 7 + 1) % 2000)); done
} > "$T/data.tsv"
cat > "$T/labels.ttl" << 'S'
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix kg: <kg:> .
kg:tokyo rdfs:label "東京都は日本の首都である" ; kg:short "東" .
kg:seoul rdfs:label "서울특별시" ; kg:short "서" .
kg:ete rdfs:label "été en décembre" ; kg:short "é" .
kg:cat rdfs:label "a cat 🐈 and a fish 🐟" ; kg:short "🐈" .
kg:plain rdfs:label "plain" ; kg:short "p" .
S
check 0 "$KGQ" import "$T/db" "$T/data.tsv" "$T/labels.ttl"

# Completion: predicates behind a subject with their counts; the rest of a word; a menu to go through; labels.
start 80 24
type 'SELECT * { ?x '
press Tab
sees '^ *:links +2,000 +'
sees ':parent +3'
type 'par'
press Tab
sees '^kgq> SELECT \* \{ \?x :parent *$'
enter '?y } ORDER BY ?x'
sees '│ abel +│ adam +│'
sees '^3 rows, [0-9.]+ ms'
sees_prompt
type 'DESCRIBE :n199'
tab ':n1991'
press Tab
press Tab
sees '^kgq> DESCRIBE :n199[01] *$' "the menu does not go on to"
press Escape
sees '^kgq> DESCRIBE :n199 *$'
press C-c
sees_prompt
type 'DESCRIBE décem'
tab '^kgq> DESCRIBE :ete'
press C-c
sees_prompt

# Statements of several lines are edited as a whole, and errors show their place and a way out.
type 'SELECT ?who'
press Enter
type 'WHERE { ?who :parent :adan }'
press Left Left BSpace
type 'm'
press Up C-e
type ' # line 1'
press Down C-e
enter ''
sees '^kgq> SELECT \?who # line 1$'
sees '│ seth │'
sees_prompt
enter 'SELECT * { ?s skso:label ?o }'
sees "unknown prefix 'skso:'"
sees_prompt
press Up
press BSpace
sees '^kgq> SELECT \* \{ \?s skso:label \?o \} *$'
press C-c
sees_prompt
enter 'SELECT (COUNT(*) AS ?first) { ?x :parent :adam }'
sees '│ first │'
sees_prompt

# Ctrl-D leaves; the next run knows what the last one was told, whole.
press C-d
sees '^left with 0'
start 80 24
press Up
sees '^kgq> SELECT \(COUNT\(\*\) AS \?first\) \{ \?x :parent :adam \};$' "the history has lost"
press Up Up
sees '^kgq> SELECT \?who # line 1$'
sees '^\.\.\.> WHERE \{ \?who :parent :adam \};$'
press C-c
press C-r
type 'AS ?fi'
sees '^search: AS \?fi'
press Enter
sees '│ first │'
sees_prompt

# Ctrl-C stops a query that would take for ever, and nothing else.
enter 'SELECT (COUNT(*) AS ?n) { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f FILTER(CONTAINS(STR(?a), CONCAT(STR(?d), STR(?f)))) }'
for ((i = 0; i < patience; i++)); do
    press C-c
    for ((k = 0; k < 20; k++)); do
        screen | grep -q 'error: .*cancelled' && break 2
        sleep 0.1
    done
done
sees 'error: .*cancelled'
sees_prompt
enter 'SELECT (COUNT(*) AS ?alive) { ?x :parent :adam }'
sees '│ alive │'
sees '│ +3 │'
sees_prompt
press C-c C-c
sees_prompt
enter 'ASK {}'
sees '│ true +│'
sees_prompt

# A table longer than the screen is paged; the window may change its size while it is shown.
enter 'SELECT ?x ?y { ?x :links ?y }'
sees '^:$' "no pager shows"
resize 50 15
sees '^:$'
leave_pager
resize 44 20
enter 'SELECT ?s ?label { ?s rdfs:label ?label } ORDER BY ?s'
sees '5 rows'
sees_prompt
widths=$(table_widths)
[ -n "$widths" ] || fail "no table is on the screen"
for width in $widths; do [ "$width" -le 44 ] || fail "a table of $width columns in a window of 44"; done
type 'SELECT ?s ?o WHERE { ?s :parent ?o . ?s :parent :adam } ORDER BY ?s'
sees 'ORDER BY \?s|ER BY \?s'
resize 30 20
sees '^kgq> SELECT \?s \?o WHERE \{ \?s :$'
resize 90 20
sees '^kgq> SELECT \?s \?o WHERE .* ORDER BY \?s$' "typed text does not follow the window:"
[ "$(screen | grep -c 'WHERE { ?s')" = 1 ] || { fail "a resize leaves copies of the text"; screen; }
enter ''
sees '│ abel +│ adam +│'
sees_prompt

# Wide and combining characters: bars line up, in whole and in cut cells.
for columns in 80 40 30 26; do
    press C-l
    resize $columns 30
    sees_prompt
    enter 'SELECT ?s ?label ?short { ?s rdfs:label ?label ; :short ?short } ORDER BY ?s'
    sees '5 rows'
    sees_prompt
    widths=$(table_widths | tail -1)
    [ "${widths:-99}" -le $columns ] || fail "a table of ${widths:-no} columns in a window of $columns"
    [ $columns -lt 80 ] || sees '東京都は日本の首都である'
    [ $columns -gt 40 ] || sees '…'
done
resize 80 24

# A paste of 1,000 lines is one text: nothing of it runs before Enter, then all of it.
{
    echo 'INSERT DATA {'
    for ((i = 1; i <= 998; i++)); do echo "  :pasted$i :in :paste ."; done
    echo '};'
} > "$T/paste"
press C-l
sees_prompt
tmux load-buffer -b text "$T/paste"
tmux paste-buffer -p -b text -t shell
sees '^\.\.\.>   :pasted998 :in :paste \.$'
sees '^\.\.\.> };$'
! lines_back | grep -q 'inserted' || fail "a paste runs before it is entered"
press Enter
sees 'inserted 998, deleted 0 triples'
sees_prompt
press Up
sees '^kgq> INSERT DATA \{$' "the paste is no entry of the history:"
press C-c
# Of several statements, those behind one that fails are not run.
{
    for i in 1 2 3; do echo "INSERT DATA { :few$i :in :few };"; done
    echo 'SELECT nonsense;'
    for i in 4 5 6; do echo "INSERT DATA { :few$i :in :few };"; done
} > "$T/paste"
press C-l
sees_prompt
tmux load-buffer -b text "$T/paste"
tmux paste-buffer -p -b text -t shell
sees ':few6 :in :few'
press Enter
sees 'the 3 lines behind it were not run'
sees_prompt
enter 'SELECT (COUNT(*) AS ?few) { ?x :in :few }'
sees '│ few │'
sees '│ +3 │'
sees_prompt

# Colours, and none where they are not wanted.
tmux capture-pane -p -e -t shell | grep -q $'\e\\[[0-9;]*34mSELECT' || fail "keywords have no colour"
press C-d
sees '^left with 0'
export NO_COLOR=1
start 80 24
enter 'SELECT * { ?x :parent :adam }'
sees '3 rows'
! tmux capture-pane -p -e -t shell | grep -q $'\e\\[[0-9;]*3[1-6]m' || fail "NO_COLOR is not respected"
type '.output '"$T/rows"
press Enter
enter 'SELECT * { ?x :parent :adam } ORDER BY ?x'
sees_prompt
type '.quit'
press Enter
sees '^left with 0'
[ "$(cat "$T/rows")" = "$(printf '?x\n<kg:abel>\n<kg:cain>\n<kg:seth>')" ] || fail "wrong .output: $(cat "$T/rows")"
finish
