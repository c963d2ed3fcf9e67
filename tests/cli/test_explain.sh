#!/bin/bash
# kgq explain from outside: many facts from a file, faults in it, formats.
. "$(dirname "$0")/lib.sh"

printf 'ann\tchild_of\tbob\nbob\tchild_of\tcid\ncid\tchild_of\tdan\nNew York\tpart_of\tUnited States\n' > "$T/facts.tsv"
cat > "$T/up.rls" << 'END'
#[name("parents")] up(?x, ?y) :- child_of(?x, ?y).
#[name("further")] up(?x, ?z) :- child_of(?x, ?y), up(?y, ?z).
END
check 0 "$KGQ" import "$T/db" "$T/facts.tsv" --quiet
check 0 "$KGQ" reason "$T/db" -r "$T/up.rls" --quiet

# A triple on each line, in their order; blank lines are passed over; what holds and what does not.
printf 'ann\tup\tdan\n\nNew York\tpart_of\tUnited States\r\ndan up ann\n' > "$T/ask.tsv"
check 0 "$KGQ" explain "$T/db" --facts "$T/ask.tsv"
[ "$(grep -c '^ann up dan$' "$T/out")" = 2 ] || fail "ann up dan is not explained"
out_has 'New York part_of United States'
out_has 'asserted by import 1'
out_has 'dan up ann'
err_has '3 facts explained'
check 0 bash -c "'$KGQ' explain '$T/db' --facts - --output json --quiet < '$T/ask.tsv'"
[ "$(wc -l < "$T/out")" = 3 ] || fail "JSON is not one object a line"
[ "$(head -1 "$T/out" | grep -o '"steps":[0-9]*')" = '"steps":3' ] || fail "the first line is not of ann up dan"
[ ! -s "$T/err" ] || fail "--quiet says something"
check 0 "$KGQ" explain "$T/db" --facts "$T/ask.tsv" --output dot
[ "$(grep -c '^digraph' "$T/out")" = 3 ] || fail "not three graphs"

# What is no triple of the database is told with its place, and the rest is explained.
printf 'ann up dan\nann up\nzoe up dan\nbob up dan\n' > "$T/bad.tsv"
check 1 "$KGQ" explain "$T/db" --facts "$T/bad.tsv"
err_has 'bad.tsv:2:7: error: expected three fields'
err_has 'bad.tsv:3:1: error:'
err_has 'no term zoe'
err_has '2 faults'
out_has 'bob up dan'

check 1 "$KGQ" explain "$T/db" --facts "$T/none.tsv"
err_has 'none.tsv'
check 2 "$KGQ" explain "$T/db" 'ann up dan' --facts "$T/ask.tsv"
err_has 'give a triple, a file of triples by --facts, or a query by --query'
check 2 "$KGQ" explain "$T/db" --facts "$T/ask.tsv" --output html
err_has 'text, json or dot'

finish
