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
# Plans, limits, layers and help; classes and predicates with what is known of them.
printf '.explain SELECT ?x { ?x :parent :adam };\n' > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
out_has ":parent"
! grep -q abel "$T/out" || fail ".explain runs the query"
printf '.profile SELECT ?x {\n ?x :parent :adam }\n\n' > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
out_has "2 rows"
printf '.explain\nSELECT ?x { ?x :parent };\n' > "$T/script"
check 2 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
printf '.explain SELECT ?x\n{ ?x :parent };\n' > "$T/script"
check 1 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
err_has "<query>:2:14: error:"
printf '.timeout\n.timeout 2.5\n.timeout\n.memory 64M\n.memory\n.memory off\n.memory\n.layers\n.layers predicted\n.layers\n.mode csv\nASK { ?x ?p ?y };\n' > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
out_is "$(printf 'off\n2.5 seconds\n67,108,864 bytes\noff\nasserted,inferred\npredicted\nfalse')"
for wrong in '.timeout soon' '.memory much' '.layers some' '.timer maybe' '.mode tabel' '.profile' '.help nothing' '.prefix a'; do
    printf '%s\n' "$wrong" > "$T/script"
    check 2 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
done
printf '.mode tabel\n' > "$T/script"
check 2 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
err_has "did you mean table"
printf '.help .mode\n.help import\n' > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
out_has "ntriples or turtle"
out_has "--max-errors"
printf 'SELCT ?x { ?x :parent :adam };\n' > "$T/script"
check 1 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
err_has "did you mean SELECT?"
printf '.mode csv\nASK { ?x :parents :adam };\n' > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
out_is false
err_has "did you mean :parent?"
printf 'INSERT DATA { :rex a :dog ; :age 3 . :fido a :dog . :tom a :cat ; :age 4 };\n.schema\n' > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
out_has "$(printf ':dog\t2\t:age 50 %%')"
out_has "$(printf ':cat\t1\t:age')"
grep -q "$(printf '^:age\t2\t.*:dog, ...\txsd:integer$')" "$T/out" || fail "no domain and range: $(cat "$T/out")"
printf '.schema AG\n' > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
! grep -q parent "$T/out" || fail ".schema NAME shows other names"
# A long statement comes in one pass; a comment of either kind may stand before it.
{ echo '% note'; echo '# note'; echo 'INSERT DATA {'; for ((i = 0; i < 30000; i++)); do echo ":s$i :long"; echo "  :o ."; done; echo '};'; echo '.mode csv'; echo 'SELECT (COUNT(*) AS ?n) { ?x :long ?y };'; } > "$T/script"
check 0 bash -c '"$0" "$2" < "$1"' "$KGQ" "$T/script" "$T/db"
[ "$(tr -d '\r' < "$T/out")" = "$(printf 'n\n30000')" ] || fail "wrong output: $(cat "$T/out")"

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
