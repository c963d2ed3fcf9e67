#!/usr/bin/env bash
# Each write, sync, change of size, renaming, new file, mapping and allocation of a command fails in turn, by the library
# tests/faults/shim.c: the command says so and leaves the database as it was, or survives and has done all of its work.
# The same with a kill at each of these calls.
#     KGQ_FAULT_SAMPLES=N   how many calls of a kind are tried at most, per command and error (default 14)
#     KGQ_FAULT_JOBS="new import reason compact backup update"   only these
. "$(dirname "$0")/lib.sh"
SAMPLES=${KGQ_FAULT_SAMPLES:-14}
export OPENBLAS_NUM_THREADS=1
[ -z "${KGQ_SANITIZE:-}" ] || { echo "SKIPPED: faults: a sanitizer's library must be loaded first, no other can be"; exit 77; }
[ -f "${KGQ_SHIM:-}" ] || { echo "SKIPPED: faults: there is no library to load, KGQ_SHIM=${KGQ_SHIM:-}"; exit 77; }
R=$T/run # what the command may touch: the database, the backup, temporary files

# faulted FAULT COMMAND...: with that fault; "" only counts.
faulted() {
    local fault=$1
    shift
    { # bash's own word about a killed child is not of interest
        timeout 30 env LD_PRELOAD="$KGQ_SHIM" KGQ_FAULT="$fault" KGQ_FAULT_FOLDER="$R" KGQ_FAULT_LOG="$T/log" \
            TMPDIR="$R/tmp" "$@" > "$T/out" 2> "$T/err" < /dev/null
    } 2> /dev/null
}

mkdir -p "$R/tmp"
faulted "" "$KGQ" --version
grep -q '^memory' "$T/log" 2> /dev/null || { echo "SKIPPED: faults: LD_PRELOAD has no effect on $KGQ"; exit 77; }

# ---- Data, jobs and what they come to ----

triples() { # FROM TO
    awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i < to; i++) {
        printf "n%d\tnext\tn%d\n", i, i % 30 ? i - 1 : i
        printf "n%d\tlabel\t\"the %dth of the things that have a name of some length, written out\"\n", i, i
        printf "n%d\tsize\t\"%d\"^^<http://www.w3.org/2001/XMLSchema#integer>\n", i, i * 7919 % 10007 } }'
}
triples 0 900 > "$T/first.tsv"
triples 800 1700 > "$T/more.tsv"
cat > "$T/closure.rls" << 'X'
#[name("step")] reaches(?x, ?y) :- next(?x, ?y).
#[name("chain")] reaches(?x, ?z) :- reaches(?x, ?y), next(?y, ?z).
X
update='INSERT DATA { :n1 :likes :somebody , "a word that is new here" } ; DELETE DATA { :n7 :next :n6 }'

job() { # JOB, after `faulted FAULT` or by itself
    local name=$1
    shift
    case $name in
    new | import) "$@" "$KGQ" import "$R/db" "$T/more.tsv" ;;
    reason) "$@" "$KGQ" reason "$R/db" -r "$T/closure.rls" ;;
    compact) "$@" "$KGQ" compact "$R/db" ;;
    backup) "$@" "$KGQ" backup "$R/db" "$R/copy" ;;
    update) "$@" "$KGQ" update "$R/db" "$update" ;;
    esac
}
jobs="new import reason compact backup"
"$KGQ" update --help > /dev/null 2>&1 && jobs="$jobs update"
jobs=${KGQ_FAULT_JOBS:-$jobs}

prepare() { # JOB: the database it begins with
    rm -rf "$R" "$T/log"
    mkdir -p "$R/tmp"
    [ "$1" = new ] || cp -r "$T/start" "$R/db"
}
# What a database holds; "nothing" when it is not there or empty.
state() {
    [ -s "$1/data.mdb" ] || { echo nothing; return; }
    "$KGQ" export "$1" --quiet > "$T/state" 2> "$T/state.err" || { echo "export fails: $(head -1 "$T/state.err")"; return; }
    [ -s "$T/state" ] || { echo nothing; return; }
    { LC_ALL=C sort "$T/state"; "$KGQ" stats "$1" | grep -E '^(triples|terms|predicate|import|run)' | cut -f1-3; } | sha256sum
}
contents() { LC_ALL=C sort "$1" | sha256sum; }
files() { (cd "$R" && find . | grep -v '^./copy' | LC_ALL=C sort); }

# ---- One case ----

# Sets `before`, `after`, `done_text`, `done_files` and $T/counts for a job, by a run without faults.
learn() {
    prepare "$1"
    before=$(state "$R/db")
    job "$1" faulted "" || { fail "$1 fails without a fault: $(head -3 "$T/err")"; return 1; }
    grep -v '^hit' "$T/log" > "$T/counts"
    after=$(state "$R/db")
    "$KGQ" export "$R/db" --quiet > "$T/state"
    done_text=$(contents "$T/state")
    done_files=$(files)
}
# The files are what they were, byte by byte, so the state is.
is_untouched() {
    [ "$job" != new ] && cmp -s "$T/start/data.mdb" "$R/db/data.mdb" && cmp -s "$T/start/catalog.db" "$R/db/catalog.db" &&
        [ ! -e "$R/db/catalog.db-journal" ] && [ ! -e "$R/copy" ]
}
# The same command again, without a fault, as if nothing had been.
try_again() {
    case $where in *memory:*+:* | *:KILL*) rm -rf "$R/copy" ;; esac
    if ! job "$job" check 0 || ! "$KGQ" check "$R/db" > /dev/null 2> "$T/err"; then
        fail "$where: check after a second run: $(head -2 "$T/err")"
    fi
    "$KGQ" export "$R/db" --quiet > "$T/state" 2> /dev/null
    [ "$(contents "$T/state")" = "$done_text" ] || fail "$where: a second run comes to something else"
    [ "$(files)" = "$done_files" ] || fail "$where: files left after a second run: $(files | tr '\n' ' ')"
}
# A backup that passes for one must be one. A failed one leaves nothing, unless it was killed or all memory is gone, which
# removing a folder takes.
check_copy() {
    if [ "$1" = 0 ] || "$KGQ" check "$R/copy" > /dev/null 2>&1; then
        "$KGQ" check "$R/copy" > /dev/null 2> "$T/err" || fail "$where: check of the copy: $(head -2 "$T/err")"
        [ "$(state "$R/copy")" = "$before" ] || fail "$where: the copy holds something else"
    fi
    case $where in
    *memory:*+:* | *:KILL*) ;;
    *) [ "$1" = 0 ] || [ ! -e "$R/copy" ] || fail "$where: a failed backup left $(ls "$R/copy" | tr '\n' ' ')" ;;
    esac
}
# try JOB KIND N[+] ERROR
try() {
    local code=0 error=$4 now extra
    job=$1 where="$1 $2:$3:$4"
    prepare "$job"
    job "$job" faulted "$2:$3:$4" || code=$?
    grep -q '^hit' "$T/log" 2> /dev/null || { [ "$code" = 0 ] || fail "$where: exit code $code without a fault"; return; }
    where="$where ($(sed -n 's/^hit //p' "$T/log" | head -1), exit $code)"
    cases=$((cases + 1))
    cp "$T/err" "$T/said"
    case $code in
    0) survived=$((survived + 1)) ;;
    3) if [ ! -s "$T/said" ] || ! grep -qE "memory|$R" "$T/said"; then
           fail "$where: the message names neither a file nor memory: $(head -c 300 "$T/said")"
       fi ;;
    137) [ "$error" = KILL ] || fail "$where: killed" ;;
    124) fail "$where: hangs" ;;
    *) fail "$where: exit code $code: $(head -c 300 "$T/said")" ;;
    esac
    [ "$code" = 3 ] && [ -n "$(ls -A "$R/tmp")" ] && fail "$where: temporary files left: $(ls "$R/tmp" | tr '\n' ' ')"
    if [ "$code" = 3 ]; then # SQLite needs its journal when what failed goes on failing
        extra=$(files | grep -vxF -e "$start_files" -e "$done_files" -e ./db/catalog.db-journal | tr '\n' ' ')
        [ -z "$extra" ] || fail "$where: files left: $extra"
    fi
    [ "$job" = backup ] && check_copy "$code"
    if [ "$code" = 0 ] || ! is_untouched; then
        [ ! -s "$R/db/data.mdb" ] || "$KGQ" check "$R/db" > /dev/null 2> "$T/err" ||
            fail "$where: check: $(head -2 "$T/err")"
        now=$(state "$R/db")
        if [ "$code" = 0 ]; then
            [ "$now" = "$after" ] || fail "$where: not everything is there: $(head -c 300 "$T/said")"
        elif [ "$now" != "$before" ]; then
            [ "$code" = 137 ] && [ "$now" = "$after" ] || fail "$where: the database is not as it was"
        fi
    fi
    if [ "$code" != 0 ] && { [ $((cases % 6)) = 0 ] || [ "$(files)" != "$start_files" ]; }; then
        try_again
    fi
}
# The numbers to try of COUNT calls: all when they are few; else the first half of the samples, then every k-th, the last.
numbers() {
    awk -v count="$1" -v samples="$SAMPLES" 'BEGIN {
        first = count <= samples ? count : int(samples / 2)
        for (i = 1; i <= first; i++) print i
        if (count > first) {
            step = (count - first) / (samples - first)
            for (i = 1; i <= samples - first; i++) print first + int(i * step + 0.5) } }'
}
# each JOB KIND ERROR [+]
each() {
    local count n
    count=$(sed -n "s/^$2 //p" "$T/counts")
    [ "$2" != io ] || count=$(awk '$1 != "memory" { sum += $2 } END { print sum }' "$T/counts")
    for n in $(numbers "${count:-0}"); do
        try "$1" "$2" "$n${4:-}" "$3"
    done
}

# ---- All of them ----

check 0 "$KGQ" import "$T/start" "$T/first.tsv"
for name in $jobs; do
    cases=0 survived=0
    [ "$name" = new ] || [ -d "$T/start" ] || break
    learn "$name" || continue
    prepare "$name"
    start_files=$(files)
    began=$SECONDS
    each "$name" write ENOSPC +
    each "$name" write EIO
    each "$name" write SHORT
    each "$name" sync EIO
    each "$name" size ENOSPC
    each "$name" rename EIO
    each "$name" open ENOSPC
    each "$name" map ENOMEM
    each "$name" memory ENOMEM
    each "$name" memory ENOMEM +
    each "$name" io KILL
    echo "$name: $cases faults, $survived survived, $((SECONDS - began)) s; calls: $(tr '\n' ' ' < "$T/counts")"
    [ "$cases" -ge 10 ] || fail "$name: only $cases faults struck"
done
finish
