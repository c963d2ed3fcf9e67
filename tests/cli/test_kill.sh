#!/usr/bin/env bash
# kill -9 at random moments of an import, an inference job and a training: the database opens, check finds nothing
# wrong, and it holds the state before or the state after.
. "$(dirname "$0")/lib.sh"
ROUNDS=${KGQ_KILL_ROUNDS:-12}
RANDOM=7

# 40,000 triples: a chain and a comb, so that an import and a closure take long enough to be hit.
awk 'BEGIN { for (i = 0; i < 40000; i++) printf "n%d\tnext\tn%d\n", i, i % 40 ? i - 1 : i + 20000 }' > "$T/data.tsv"
printf 'base\tnext\tground\n' > "$T/first.tsv"
cat > "$T/closure.rls" << 'R'
#[name("step")] reaches(?x, ?y) :- next(?x, ?y).
#[name("chain")] reaches(?x, ?z) :- reaches(?x, ?y), next(?y, ?z).
R
fingerprint() { "$KGQ" export "$1" "$2" --quiet | sort | sha256sum; }

# kill_at_random COMMAND...: starts it, kills it within the time that a whole run takes.
kill_at_random() {
    "$@" > /dev/null 2>&1 &
    local pid=$!
    sleep "$(awk -v most="$whole" -v r="$RANDOM" 'BEGIN { printf "%.4f", most * r / 32768 }')"
    kill -9 "$pid" 2> /dev/null
    wait "$pid" 2> /dev/null
}
seconds() { local begin; begin=$(date +%s.%N); "$@" > /dev/null 2>&1; awk -v a="$begin" -v b="$(date +%s.%N)" 'BEGIN { print b - a }'; }

# The import.
check 0 "$KGQ" import "$T/before" "$T/first.tsv"
before=$(fingerprint "$T/before" --asserted)
cp -r "$T/before" "$T/after"
whole=$(seconds "$KGQ" import "$T/after" "$T/data.tsv")
after=$(fingerprint "$T/after" --asserted)
[ "$before" != "$after" ] || fail "the import changed nothing"
hit=0
for round in $(seq "$ROUNDS"); do
    rm -rf "$T/db"
    cp -r "$T/before" "$T/db"
    kill_at_random "$KGQ" import "$T/db" "$T/data.tsv"
    check 0 "$KGQ" check "$T/db"
    now=$(fingerprint "$T/db" --asserted)
    imports=$("$KGQ" stats "$T/db" | grep -c '^import')
    case "$now" in
    "$before") hit=$((hit + 1)); [ "$imports" = 1 ] || fail "round $round: state before, but $imports imports in the catalog" ;;
    "$after") [ "$imports" = 2 ] || fail "round $round: state after, but $imports imports in the catalog" ;;
    *) fail "round $round: neither the state before the import nor the one after" ;;
    esac
done
echo "import: killed before its commit in $hit of $ROUNDS rounds"

# The very first import into a new folder.
for round in $(seq 5); do
    rm -rf "$T/db"
    kill_at_random "$KGQ" import "$T/db" "$T/data.tsv"
    check 0 "$KGQ" import "$T/db" "$T/data.tsv"
    check 0 "$KGQ" check "$T/db"
done

# The inference job.
cp -r "$T/after" "$T/inferred"
whole=$(seconds "$KGQ" reason "$T/inferred" -r "$T/closure.rls")
inferred=$(fingerprint "$T/inferred" --inferred)
empty=$(fingerprint "$T/after" --inferred)
hit=0
for round in $(seq "$ROUNDS"); do
    rm -rf "$T/db"
    cp -r "$T/after" "$T/db"
    kill_at_random "$KGQ" reason "$T/db" -r "$T/closure.rls"
    check 0 "$KGQ" check "$T/db"
    now=$(fingerprint "$T/db" --inferred)
    [ "$now" = "$empty" ] && hit=$((hit + 1))
    [ "$now" = "$empty" ] || [ "$now" = "$inferred" ] || fail "round $round: neither no inferences nor all of them"
    [ "$(fingerprint "$T/db" --asserted)" = "$after" ] || fail "round $round: the asserted triples changed"
done
echo "reason: killed before its commit in $hit of $ROUNDS rounds"
finish
