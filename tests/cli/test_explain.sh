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

# Proofs in JSON are checked by another program: its own reading of rules, and the facts as they are exported.
world() { # DB: what is given, what holds, and what was derived
    check 0 "$KGQ" export "$1" --asserted --format tsv
    cp "$T/out" "$T/given.tsv"
    check 0 "$KGQ" export "$1" --format tsv
    cp "$T/out" "$T/holds.tsv"
    check 0 "$KGQ" export "$1" --inferred --format tsv
    cp "$T/out" "$T/derived.tsv"
}
sound() { # RULES FACTS OPTIONS...: explained and checked; what the checker says is the output
    check 0 "$KGQ" explain "$T/db" --facts "$2" --output json --quiet "${@:3}"
    cp "$T/out" "$T/proofs.json"
    check 0 bash -c '"$0" "$@" < '"$T/proofs.json" "$KGQ_CHECKER" "$1" "$T/given.tsv" "$T/holds.tsv"
}
world "$T/db"
sound "$T/up.rls" "$T/derived.tsv"
out_is '6 proofs, 0 near misses'
sound "$T/up.rls" "$T/derived.tsv" --all
sound "$T/up.rls" "$T/derived.tsv" --forest
printf 'dan\tup\tann\ndan\tup\tbob\ncid\tup\tann\n' > "$T/not.tsv"
sound "$T/up.rls" "$T/not.tsv"
out_is '0 proofs, 6 near misses'
check 0 "$KGQ" explain "$T/db" 'ann up dan' --output json --quiet
sed 's/"cid","child_of","dan"/"cid","child_of","bob"/' "$T/out" > "$T/wrong.json"
check 1 bash -c '"$0" "$@" < '"$T/wrong.json" "$KGQ_CHECKER" "$T/up.rls" "$T/given.tsv" "$T/holds.tsv"
out_has 'premise 1 does not fit atom 1 of its rule'

check 1 "$KGQ" explain "$T/db" --facts "$T/none.tsv"
err_has 'none.tsv'
check 2 "$KGQ" explain "$T/db" 'ann up dan' --facts "$T/ask.tsv"
err_has 'give a triple, a file of triples by --facts, or a query by --query'
check 2 "$KGQ" explain "$T/db" --facts "$T/ask.tsv" --output html
err_has 'text, json or dot'

# A chain of 3,000 steps: what is too deep for a page or for a reader of JSON goes on further down.
for i in $(seq 0 2999); do printf 'n%d\tnext\tn%d\n' "$i" $((i + 1)); done > "$T/chain.tsv"
printf 'reached(?y) :- next(n0, ?y).\nreached(?y) :- reached(?x), next(?x, ?y).\n' > "$T/reached.rls"
rm -r "$T/db"
check 0 "$KGQ" import "$T/db" "$T/chain.tsv" --quiet
check 0 "$KGQ" reason "$T/db" -r "$T/reached.rls" --quiet
world "$T/db"
printf 'n3000 rdf:type reached\n' > "$T/ask.tsv"
sound "$T/reached.rls" "$T/ask.tsv"
out_is '1 proofs, 0 near misses'
grep -q '"continued":\[' "$T/proofs.json" || fail "JSON is as deep as the proof"
check 0 "$KGQ" explain "$T/db" 'n3000 rdf:type reached'
out_has '[shown below]'
out_has 'continued'
[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n < 600 }' "$T/out")" = 1 ] || fail "text is as wide as the proof"
check 0 "$KGQ" explain "$T/db" 'n3000 rdf:type reached' --output html
out_has '<details'

# After an update of what was inferred, proofs are those of the facts as they are now.
rm -r "$T/db"
check 0 "$KGQ" import "$T/db" "$T/facts.tsv" --quiet
check 0 "$KGQ" reason "$T/db" -r "$T/up.rls" --quiet
printf 'dan\tchild_of\tzed\nann\tchild_of\tdan\n' > "$T/more.tsv"
check 0 "$KGQ" import "$T/db" "$T/more.tsv" --quiet
check 0 "$KGQ" update "$T/db" 'DELETE DATA { :bob :child_of :cid }' --quiet
check 0 "$KGQ" reason "$T/db" --incremental --quiet
world "$T/db"
sound "$T/up.rls" "$T/derived.tsv"
out_is '6 proofs, 0 near misses'
sound "$T/up.rls" "$T/derived.tsv" --forest
out_is '6 proofs, 0 near misses'

# Facts of a program by itself, from what it has in memory.
cat > "$T/p.rls" << 'END'
@import weight :- csv{resource="weight.csv"}.
edge(a, b). edge(b, c). edge(c, d). edge(d, <http://e.org/x-y>).
#[name("step")] path(?x, ?y, ?w) :- weight(?x, ?y, ?w).
#[name("further")] path(?x, ?z, ?w + ?v) :- path(?x, ?y, ?w), weight(?y, ?z, ?v), ?w < 10.
#[name("top")] top(?x), first(?x, "top", 1.5) :- edge(?x, _), ~edge(_, ?x), ?x != zoe.
#[name("null")] has(?x, !z), part(!z, ?x) :- top(?x).
#[name("back")] back(?x) :- part(?z, ?x), has(?x, ?z).
spare(?x) :- edge(?x, _).
@output path, first, back.
END
printf 'a,b,2\nb,c,3\nc,d,4\n' > "$T/weight.csv"
printf 'weight\ta\tb\t2\nweight\tb\tc\t3\nweight\tc\td\t4\n' > "$T/given.tsv"
{ cat "$T/given.tsv"; printf 'edge\ta\tb\nedge\tb\tc\nedge\tc\td\nedge\td\t<http://e.org/x-y>\ntop\ta\n'; } > "$T/holds.tsv"
check 0 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --output json --explain 'path(a, d, 9)' --explain 'top(a).' \
    --explain 'first(a, "top", 1.5)' --explain 'weight(a, b, 2)' --explain 'edge(d, <http://e.org/x-y>)' --explain 'back(a)'
cp "$T/out" "$T/proofs.json"
check 0 bash -c '"$0" "$@" < '"$T/proofs.json" "$KGQ_CHECKER" "$T/p.rls" "$T/given.tsv" "$T/holds.tsv" --by-itself
out_is '6 proofs, 0 near misses'
check 0 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --output json --explain 'path(a, c, 6)' --explain 'top(b)' \
    --explain 'part(a, a)' --explain 'path(b, a, 1)'
cp "$T/out" "$T/proofs.json"
check 0 bash -c '"$0" "$@" < '"$T/proofs.json" "$KGQ_CHECKER" "$T/p.rls" "$T/given.tsv" "$T/holds.tsv" --by-itself
out_is '0 proofs, 5 near misses'
check 0 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --explain 'path(a, c, 6)' --explain 'back(a)'
out_has '2 + 3 = 6  [does not hold]'
out_has 'unknown: not given, and no rule derives it'
out_has 'edge(a, b)  [stated at '
out_has 'has(a, _:0)'
check 0 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --output html --explain 'path(a, c, 5)'
out_has '<title>path(a, c, 5)</title>'
check 1 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --explain 'path(a)'
err_has 'path has 3 arguments, not 1'
check 1 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --explain 'none(a)'
err_has 'the program has no predicate none'
check 1 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --explain 'spare(a)'
err_has 'name it in @output'
check 1 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --explain 'path(a'
err_has '<fact>:1:7: error'
check 1 "$KGQ" run "$T/p.rls" --import-dir "$T" --quiet --explain 'path(?x, b, 1)'
check 2 "$KGQ" run "$T/p.rls" --output dot
err_has 'the form of what --explain prints'

# Violations of constraints come with their premises, and as JSON with their proofs.
cat > "$T/c.rls" << 'END'
up(?x, ?y) :- child_of(?x, ?y).
up(?x, ?z) :- up(?x, ?y), up(?y, ?z).
#[name("no loops")] #false :- up(?x, ?y), up(?y, ?x), ?x != ?y, ~fine(?x).
END
printf 'ann\tchild_of\tbob\nbob\tchild_of\tcid\ncid\tchild_of\tann\n' > "$T/loop.tsv"
rm -r "$T/db"
check 0 "$KGQ" import "$T/db" "$T/loop.tsv" --quiet
check 1 "$KGQ" reason "$T/db" -r "$T/c.rls" --quiet --output json
cp "$T/out" "$T/proofs.json"
err_has 'c.rls:3:21: error: no loops is violated: ?x = '
err_has 'hint: because ann up bob, bob up ann, ann != bob, not ann rdf:type fine'
world "$T/db"
check 0 bash -c '"$0" "$@" < '"$T/proofs.json" "$KGQ_CHECKER" "$T/c.rls" "$T/given.tsv" "$T/holds.tsv"
out_is '6 proofs, 0 near misses'
sed 's/child_of/parent/; s/^up(?x, ?y).*/& parent(ann, bob). parent(bob, cid). parent(cid, ann)./' "$T/c.rls" > "$T/own.rls"
check 1 "$KGQ" run "$T/own.rls" --quiet --output json
cp "$T/out" "$T/proofs.json"
err_has 'hint: because up(ann, bob), up(bob, ann), ann != bob, not fine(ann)'
: > "$T/nothing.tsv"
check 0 bash -c '"$0" "$@" < '"$T/proofs.json" "$KGQ_CHECKER" "$T/own.rls" "$T/nothing.tsv" "$T/nothing.tsv" --by-itself
out_is '6 proofs, 0 near misses'

finish
