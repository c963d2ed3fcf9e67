#!/usr/bin/env bash
# The shell as a script on a pipe: statements, commands, errors, and what stops it.
. "$(dirname "$0")/lib.sh"
shell() { "$KGQ" "$@" < "$T/script"; }

printf 'abel\tparent\tadam\ncain\tparent\tadam\n' > "$T/family.tsv"
cat > "$T/script" << S
% a comment
.import $T/family.tsv
.mode csv
SELECT ?x { ?x :parent :adam }
ORDER BY ?x

sibling(?x, ?y) :- parent(?x, ?z),
    parent(?y, ?z), ?x != ?y.
ASK { :abel :sibling :cain };
SELECT (COUNT(*) AS ?n) { ?x :sibling ?y }
S
check 0 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
[ "$(tr -d '\r' < "$T/out")" = "$(printf 'x\nkg:abel\nkg:cain\ntrue\nn\n2')" ] || fail "wrong output: $(cat "$T/out")"
err_has "2 new facts"

# A script stops at its first error, with that error's exit code, unless told otherwise.
printf 'SELECT nonsense;\nASK {};\n' > "$T/script"
check 1 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
out_is ""
printf '.bail off\nSELECT nonsense;\n.mode csv\nASK {};\n' > "$T/script"
check 1 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
out_has true
printf '.no-such-thing\n' > "$T/script"
check 2 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
printf '.mine\n' > "$T/script"
check 2 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
err_has "not there yet"
printf '.expain a b c\n' > "$T/script"
check 2 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
err_has "did you mean .explain"
printf 'p(?x) :- q(?y).\n' > "$T/script"
check 1 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
err_has "?x"

# A forgotten end does not swallow the commands that follow; a string over lines may hold what looks like one.
printf 'parent(abel, adam)\n.mode csv\nASK {};\n' > "$T/script"
check 1 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
err_has "<statement>:1:19: error: expected the end of this statement (a full stop)"
out_is ""
printf '.bail off\nASK {\n.mode csv\nASK {};\n' > "$T/script"
check 1 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
out_is true
printf '.mode csv\nASK { FILTER("""\n.mode csv\n""" != "") };\n' > "$T/script"
check 0 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
out_is true
printf 'help\nexit\nnot reached\n' > "$T/script"
check 0 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
out_has .import

# .reason alone runs the rules again over what was imported since.
printf 'sibling(?x, ?y) :- parent(?x, ?z), parent(?y, ?z), ?x != ?y.\n.import %s\n.reason\n.mode csv\nASK { :abel :sibling :cain };\n' "$T/family.tsv" > "$T/script"
check 0 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
out_is true

# On a database; .read, .output, .prefix, .schema, .explain without quotes.
check 0 "$KGQ" import "$T/db" "$T/family.tsv"
printf '.prefix ex http://example.org/\n.output %s\n.mode tsv\nSELECT ?x { ?x :parent :adam } ORDER BY ?x;\n.output\n.explain abel parent adam\n.schema\n.quit\nnot reached\n' "$T/result" > "$T/inner"
printf '.read %s\n' "$T/inner" > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
[ "$(cat "$T/result")" = "$(printf '?x\n<kg:abel>\n<kg:cain>')" ] || fail "wrong .output: $(cat "$T/result")"
out_has family.tsv
out_has parent
printf '.prefix\n' > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
out_has "http://example.org/"
printf '.read %s\n' "$T/script" > "$T/script"
check 2 bash -c '"$0" < "$1"' "$KGQ" "$T/script"
err_has "read each other"
# On a terminal: the prompt takes a statement and leaves; the history is kept.
if command -v script > /dev/null; then
    printf 'ASK { :abel :parent :adam };\nexit\n' > "$T/script"
    export KGQ_HISTORY=$T/history
    check 0 bash -c 'script -qec "$0 $2" /dev/null < "$1"' "$KGQ" "$T/script" "$T/db"
    out_has true
    grep -q parent "$T/history" || fail "the history was not kept"
fi
[ -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'kgq-??????' -newer "$T/family.tsv" -print -quit)" ] || fail "a temporary database was left behind"
finish
