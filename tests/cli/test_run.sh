#!/usr/bin/env bash
# kgq run: imports and exports by folders, parameters, the report, faults with their place, exit codes, budgets.
. "$(dirname "$0")/lib.sh"

mkdir "$T/in"
printf 'a,b,1\nb,c,2\nc\n' > "$T/in/e.csv"
cat > "$T/p.rls" <<'RLS'
@parameter $least = 1.
@import e :- csv{}.
@export path :- csv{}.
@export <https://example.org/total> :- csv{}.
path(?x, ?y) :- e(?x, ?y, ?n), ?n >= $least.
path(?x, ?z) :- path(?x, ?y), path(?y, ?z).
<https://example.org/total>(#sum(?n)) :- e(_, _, ?n).
RLS
check 0 "$KGQ" run "$T/p.rls" --import-dir "$T/in" --export-dir "$T/out.d" --report
out_is "$(printf 'path\t3\nhttps://example.org/total\t1')"
err_has "$T/in/e.csv:3:1: warning: this record has 1 cell, and 3 are expected"
err_has "3 records in"
[ "$(sort "$T/out.d/path.csv")" = "$(printf 'a,b\na,c\nb,c')" ] || fail "path.csv is $(cat "$T/out.d/path.csv")"
[ "$(cat "$T/out.d/https___example.org_total.csv")" = 3 ] || fail "the total is wrong"
check 0 "$KGQ" run "$T/p.rls" --import-dir "$T/in" --export-dir "$T/out.d" --param least=2 --quiet
out_is ""
[ "$(cat "$T/out.d/path.csv")" = b,c ] || fail "path.csv is $(cat "$T/out.d/path.csv") with least=2"

# A pipe is read once, whatever is in it: quotes, which the quick way does not take, and records to be left out.
mkfifo "$T/pipe"
printf '@import e :- csv{resource="%s"}.\n@export p :- csv{resource=""}.\np(?x) :- e(?x, _).\n' "$T/pipe" > "$T/pipe.rls"
printf '"a,1",b\nc\nd,e\n' > "$T/pipe" &
check 0 timeout 20 "$KGQ" run "$T/pipe.rls"
[ "$(sort "$T/out")" = "$(printf '"a,1"\nd' | sort)" ] || fail "the pipe gave $(cat "$T/out")"
err_has "$T/pipe:2:1: warning: this record has 1 cell, and 2 are expected"

# The same file, byte by byte, for any number of threads.
awk 'BEGIN { srand(5); for (i = 0; i < 40000; i++) printf "n%d,n%d\n", rand() * 4000, rand() * 4000 }' > "$T/in/g.csv"
printf '@import g :- csv{}.\n@export two :- csv{}.\n@export back :- csv{}.\ntwo(?x, ?z) :- g(?x, ?y), g(?y, ?z).\nback(?z, ?x) :- two(?x, ?z).\n' > "$T/g.rls"
for threads in 1 2 3; do
    check 0 "$KGQ" run "$T/g.rls" --import-dir "$T/in" --export-dir "$T/by.$threads" --threads $threads --quiet
    cmp "$T/by.1/two.csv" "$T/by.$threads/two.csv" && cmp "$T/by.1/back.csv" "$T/by.$threads/back.csv" ||
        fail "$threads threads export something else than one"
done
[ "$(wc -l < "$T/by.1/two.csv")" -gt 300000 ] || fail "there is not enough to be shared by threads"

# Faults: all of them, each with place, caret and hint; nothing is written.
printf '@export p :- cvs{}.\np(?x) :- q(?y).\nq(STRLN(a)).\n' > "$T/bad.rls"
check 1 "$KGQ" run "$T/bad.rls" --export-dir "$T/none"
err_has "bad.rls:1:14: error: [231] unknown format \`cvs\`"
err_has "did you mean csv?"
err_has "bad.rls:2:3: error: [202] variable ?x"
err_has "bad.rls:3:3: error: [996]"
err_has "did you mean STRLEN?"
[ ! -e "$T/none" ] || fail "a faulty program wrote something"
check 1 "$KGQ" run "$T/p.rls" --import-dir "$T/nowhere"
err_has "p.rls:2:1: error: "
check 1 "$KGQ" run "$T/missing.rls"
check 2 "$KGQ" run
check 1 "$KGQ" run "$T/p.rls" --param least

# Constraints, and a chase without end.
printf 'p(a).\n#false :- p(?x).\n' > "$T/c.rls"
check 1 "$KGQ" run "$T/c.rls"
err_has "c.rls:2:1: error: rule at $T/c.rls:2 is violated: ?x = a"
printf 'p(a, b).\np(?y, !z) :- p(_, ?y).\n' > "$T/endless.rls"
check 3 "$KGQ" run "$T/endless.rls" --memory 16M
err_has "the memory budget of 16 MiB was spent in round "
err_has "rule at $T/endless.rls:2"
finish
