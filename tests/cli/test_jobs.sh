#!/usr/bin/env bash
# kgq reason as a job: its report, dry runs, budgets, Ctrl-C and SIGTERM, and progress on a terminal alone. Whatever
# stops a job, the database is as it was before.
. "$(dirname "$0")/lib.sh"

for i in $(seq 1 3000); do printf 'n%d\tnext\tn%d\n' "$i" $((i + 1)); done > "$T/chain.tsv"
check 0 "$KGQ" import "$T/db" "$T/chain.tsv"
printf 'two(?x, ?z) :- next(?x, ?y), next(?y, ?z).\n' > "$T/two.rls"
# A rule that would not end within anybody's patience, and its round: the second one.
cat > "$T/endless.rls" <<'RLS'
node(?x) :- next(?x, _).
#[name("all threes")] three(?x, ?y, ?z) :- node(?x), node(?y), node(?z).
RLS
state() { "$KGQ" export "$T/db" 2> /dev/null; "$KGQ" query "$T/db" 'SELECT ?s ?p ?o WHERE { GRAPH kgq:inferred { ?s ?p ?o } } ORDER BY ?s' --output csv; }

# A dry run derives and reports, and that is all.
before=$(state)
check 0 "$KGQ" reason "$T/db" -r "$T/two.rls" --dry-run --report
out_has "$(printf 'predicate\ttwo\t2999')"
out_has "$(printf '\t2999 facts\t')"
err_has "3,000 facts in, 2,999 derived, 1 round,"
err_has "nothing was stored"
[ "$(state)" = "$before" ] || fail "a dry run changed the database"
check 2 "$KGQ" reason "$T/db" # no rules have run
err_has "no rules have run on this database yet"
check 2 "$KGQ" reason "$T/db" --dry-run --drop
err_has "goes with a full run alone"

# What is stored, and what stops afterwards and leaves it so.
check 0 "$KGQ" reason "$T/db" -r "$T/two.rls"
before=$(state)
[ "$("$KGQ" query "$T/db" 'SELECT (COUNT(*) AS ?n) { ?x kg:two ?y }' --output csv | tail -n 1 | tr -d '\r')" = 2999 ] || fail "two is not there"
check 3 "$KGQ" reason "$T/db" -r "$T/endless.rls" --timeout 0.3
err_has 'the time budget of 0.3 s was spent in round 2, all threes, after '
check 3 "$KGQ" reason "$T/db" -r "$T/endless.rls" --memory 8M
err_has 'the memory budget of 8 MiB was spent in round 2, all threes, after '
[ "$(state)" = "$before" ] || fail "a job over its budget changed the database"

# stops SIGNAL: sent once the rule is at work.
stops() {
    local got=0
    "$KGQ" reason "$T/db" -r "$T/endless.rls" > "$T/out" 2> "$T/err" < /dev/null &
    local job=$!
    sleep 0.7
    kill -s "$1" $job
    wait $job || got=$?
    [ "$got" = 130 ] || fail "exit code $got after SIG$1, expected 130"
    err_has "reasoning was cancelled in round 2, all threes"
    [ "$(state)" = "$before" ] || fail "SIG$1 changed the database"
    check 0 "$KGQ" check "$T/db"
}
stops TERM
# A shell's background jobs ignore SIGINT; one of a terminal does not.
set -m
stops INT
set +m

# Progress is drawn on a terminal, and nowhere else.
check 3 "$KGQ" reason "$T/db" -r "$T/endless.rls" --timeout 1
grep -q $'\r' "$T/err" && fail "progress was drawn into a file"
if command -v script > /dev/null; then
    TERM=xterm script -qec "stty cols 120; '$KGQ' reason '$T/db' -r '$T/endless.rls' --timeout 1.5" /dev/null < /dev/null > "$T/screen" 2>&1
    grep -qE 'round 2: three +[0-9,]+ facts +[0-9,]+/s' "$T/screen" || fail "no progress with round, rule, facts and rate: $(tail -c 300 "$T/screen")"
    TERM=xterm script -qec "'$KGQ' reason '$T/db' -r '$T/endless.rls' --timeout 1 --quiet" /dev/null < /dev/null > "$T/screen" 2>&1
    grep -q 'round 2: three' "$T/screen" && fail "--quiet drew progress"
fi
finish
