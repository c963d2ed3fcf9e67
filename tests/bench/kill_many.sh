#!/usr/bin/env bash
# kill_many.sh [KILLS [SEED]]: that many times kill -9 at random moments of import, update, reason, compact and backup, over one database
# that lives on with whatever the kills left, while a reader may be at work. After each: the database is sound, and holds
# the state before or the state after; a killed backup is whole or does not pass for one. KGQ: the program.
. "$(dirname "$0")/../cli/lib.sh"
KGQ=${KGQ:-build/release/cli/kgq}
KILLS=${1:-200}
SEED=${2:-$(date +%N | sed 's/^0*//')}
RANDOM=$((SEED % 32768))
export OPENBLAS_NUM_THREADS=1
echo "seed $SEED"
D=$T/db

state() { # asserted and inferred triples, and how many terms, imports and runs
    { "$KGQ" export "$1" --quiet | LC_ALL=C sort
      "$KGQ" stats "$1" | grep -E '^(triples|terms|predicate)' | cut -f1-4
      "$KGQ" stats "$1" | grep -cE '^(import|run)'; } 2>&1 | sha256sum
}
triples() { # FROM TO: chains of 60, labels
    awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i < to; i++) {
        printf "n%d\tnext\tn%d\n", i, i % 60 ? i - 1 : i
        printf "n%d\tlabel\t\"the %dth thing\"\n", i, i } }'
}
cat > "$T/closure.rls" << 'X'
#[name("step")] reaches(?x, ?y) :- next(?x, ?y).
#[name("chain")] reaches(?x, ?z) :- reaches(?x, ?y), next(?y, ?z).
X
fresh() {
    rm -rf "$D"
    from=0 to=2000
    triples 0 2000 > "$T/more.tsv"
    check 0 "$KGQ" import "$D" "$T/more.tsv"
}
kinds=(import reason compact backup new)
"$KGQ" update --help > /dev/null 2>&1 && kinds+=(update)

job() { # KIND DATABASE [exec]
    case $1 in
    import | new) ${3:-} "$KGQ" import "$2" "$T/more.tsv" ;;
    reason) ${3:-} "$KGQ" reason "$2" -r "$T/closure.rls" ;;
    compact) ${3:-} "$KGQ" compact "$2" ;;
    backup) ${3:-} "$KGQ" backup "$2" "$T/copy" ;;
    update) ${3:-} "$KGQ" update "$2" "DELETE WHERE { :n$((from + 1)) ?p ?o } ; INSERT DATA { :new$round :next :n1 }" ;;
    esac
}

declare -A killed early late
exec {silence}<> <(:)
fresh
round=0 kills=0
while [ "$kills" -lt "$KILLS" ] && [ "$round" -lt $((4 * KILLS + 20)) ]; do
    round=$((round + 1))
    kind=${kinds[$((RANDOM % ${#kinds[@]}))]}
    where="round $round ($kind, seed $SEED)"
    if [ "$kind" = import ]; then
        from=$to to=$((to + 1000 + RANDOM % 6000))
        triples "$from" "$to" > "$T/more.tsv"
    fi
    # What it comes to and how long it takes, on a copy.
    rm -rf "$T/sure" "$T/copy" "$T/other"
    [ "$kind" = new ] || cp -r "$D" "$T/sure"
    began=$(date +%s%N)
    job "$kind" "$T/sure" > "$T/out" 2> "$T/err" || fail "$where: fails by itself: $(head -2 "$T/err")"
    whole=$(($(date +%s%N) - began))
    rm -rf "$T/copy"
    after=$(state "$T/sure")
    target=$D before=
    if [ "$kind" = new ]; then target=$T/other; else before=$(state "$D"); fi

    reader=
    if [ "$kind" != new ] && [ "$kind" != compact ] && [ $((RANDOM % 3)) = 0 ]; then
        "$KGQ" query "$D" 'SELECT (COUNT(*) AS ?n) { ?x :next ?y . ?y :next ?z }' --repeat 50 > /dev/null 2>&1 &
        reader=$!
    fi
    at=$((whole / 1000 * RANDOM / 32768)) # microseconds
    printf -v moment '%d.%06d' $((at / 1000000)) $((at % 1000000))
    (job "$kind" "$target" exec) > /dev/null 2>&1 &
    pid=$!
    read -rt "$moment" <&"$silence" # a sleep without a process
    kill -9 "$pid" 2> /dev/null
    { wait "$pid"; code=$?; } 2> /dev/null
    if [ "$code" = 137 ]; then
        killed[$kind]=$((${killed[$kind]:-0} + 1))
        kills=$((kills + 1))
    elif [ "$code" != 0 ]; then
        fail "$where: exit code $code"
    fi
    if [ -n "$reader" ]; then
        [ $((RANDOM % 2)) = 0 ] && kill -9 "$reader" 2> /dev/null
        { wait "$reader"; } 2> /dev/null
    fi

    if [ "$kind" = new ]; then # nothing, an empty database, or all of it; and it can be done again
        if [ -s "$T/other/data.mdb" ]; then
            "$KGQ" check "$T/other" > /dev/null 2> "$T/err" || fail "$where: check: $(head -3 "$T/err")"
            [ -z "$("$KGQ" export "$T/other" --quiet 2>&1)" ] || [ "$(state "$T/other")" = "$after" ] ||
                fail "$where: half a database"
        fi
        imports=$("$KGQ" stats "$T/other" 2> /dev/null | grep -c '^import')
        check 0 "$KGQ" import "$T/other" "$T/more.tsv"
        [ "$imports" = 1 ] && late[$kind]=$((${late[$kind]:-0} + 1)) || early[$kind]=$((${early[$kind]:-0} + 1))
        continue
    fi
    "$KGQ" check "$D" > /dev/null 2> "$T/err" || fail "$where: check: $(head -3 "$T/err")"
    now=$(state "$D")
    case $now in
    "$before") early[$kind]=$((${early[$kind]:-0} + 1)) ;;
    "$after") late[$kind]=$((${late[$kind]:-0} + 1)) ;;
    *) fail "$where: neither the state before nor the state after" ;;
    esac
    if [ "$kind" = backup ] && "$KGQ" check "$T/copy" > /dev/null 2>&1; then
        [ "$(state "$T/copy")" = "$before" ] || fail "$where: the copy holds something else"
    fi
    [ "$(du -sk "$D" | cut -f1)" -lt 60000 ] || fresh
done
rm -rf "$T/copy"
[ "$kills" = "$KILLS" ] || fail "only $kills kills met a program that was still at work"
check 0 "$KGQ" compact "$D"
left=$(ls "$D" | grep -vxE 'data\.mdb|lock\.mdb|data\.sum|catalog\.db|labels\.db|models' | tr '\n' ' ')
[ -z "$left" ] || fail "files left in the database's folder: $left"
for kind in "${kinds[@]}"; do
    echo "$kind: ${killed[$kind]:-0} killed; ${early[$kind]:-0} rounds left the state before (or one that is the same), ${late[$kind]:-0} the state after"
done
finish
