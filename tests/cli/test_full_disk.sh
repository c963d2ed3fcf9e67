#!/usr/bin/env bash
# A disk that fills: on small tmpfs of growing sizes, import, reason, compact and backup end with exit 3 and a message and
# leave the database sound and as it was, readable on a disk with no byte left; with more room they work.
if [ -z "${KGQ_OWN_MOUNTS:-}" ]; then # mounts of our own, gone with us
    if unshare -m true 2> /dev/null; then
        KGQ_OWN_MOUNTS=1 exec unshare -m bash "$0" "$@"
    elif unshare -rm true 2> /dev/null; then
        KGQ_OWN_MOUNTS=1 exec unshare -rm bash "$0" "$@"
    fi
    echo "SKIPPED: full_disk: no mount namespace is to be had here"
    exit 77
fi
. "$(dirname "$0")/lib.sh"
export OPENBLAS_NUM_THREADS=1
D=$T/disk
mkdir "$D"
trap 'umount "$D" 2> /dev/null; rm -rf "$T"' EXIT
mount -t tmpfs -o size=64k kgq-full-disk "$D" 2> /dev/null || { echo "SKIPPED: full_disk: mounting a tmpfs is not allowed"; exit 77; }
umount "$D"

disk() { mountpoint -q "$D" && umount "$D"; mount -t tmpfs -o size="$1k" kgq-full-disk "$D"; }
kilobytes() { du -sk "$1" | cut -f1; }
state() {
    [ -s "$1/data.mdb" ] || { echo nothing; return; }
    "$KGQ" export "$1" --quiet > "$T/state" 2> "$T/state.err" || { echo "export fails: $(cat "$T/state.err")"; return; }
    [ -s "$T/state" ] || { echo nothing; return; }
    { LC_ALL=C sort "$T/state"; "$KGQ" stats "$1" | grep -E '^(triples|terms|import|run)' | cut -f1-3; } | sha256sum
}
triples() { # FROM TO
    awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i < to; i++) {
        printf "n%d\tnext\tn%d\n", i, i % 50 ? i - 1 : i
        printf "n%d\tlabel\t\"the %dth of the things that have a name of some length, written out\"\n", i, i } }'
}
triples 0 4000 > "$T/first.tsv"
triples 3500 9000 > "$T/more.tsv"
cat > "$T/closure.rls" << 'X'
#[name("step")] reaches(?x, ?y) :- next(?x, ?y).
#[name("chain")] reaches(?x, ?z) :- reaches(?x, ?y), next(?y, ?z).
X
check 0 "$KGQ" import "$T/start" "$T/first.tsv"

job() { # NAME, then how to run it
    local name=$1
    shift
    case $name in
    new | import) "$@" "$KGQ" import "$D/db" "$T/more.tsv" ;;
    reason) "$@" "$KGQ" reason "$D/db" -r "$T/closure.rls" ;;
    compact) "$@" "$KGQ" compact "$D/db" ;;
    backup) "$@" "$KGQ" backup "$T/start" "$D/db" ;;
    esac
}
begins_with_database() { case $1 in new | backup) false ;; *) true ;; esac; }

# What the job comes to, and how much room that takes.
for name in new import reason compact backup; do
    disk 400000
    start=0 before=nothing
    if begins_with_database "$name"; then
        cp -r "$T/start" "$D/db"
        before=$(state "$D/db")
        start=$(kilobytes "$D")
    fi
    job "$name" check 0
    after=$(state "$D/db")
    [ "$name" = backup ] && [ "$after" != "$(state "$T/start")" ] && fail "the backup holds something else"
    end=$(kilobytes "$D")
    [ "$name" = compact ] && end=$((2 * start))
    full=0 worked=0 told=
    for step in 0 1 2 3 5 8 12 20 30 45 60 75 90 96 99 101 115 150; do # percent of what it needs
        size=$((start + 8 + (end - start) * step / 100))
        where="$name on $size KiB"
        disk "$size"
        if begins_with_database "$name"; then
            cp -r "$T/start" "$D/db" 2> "$T/err" || { fail "$where: the start does not fit: $(cat "$T/err")"; continue; }
        fi
        code=0
        job "$name" timeout 60 > "$T/out" 2> "$T/said" < /dev/null || code=$?
        [ "$code" = 0 ] || cat /dev/zero > "$D/rest" 2> /dev/null # not a byte is left
        case $code in
        0) worked=$((worked + 1))
           [ "$(state "$D/db")" = "$after" ] || fail "$where: exit 0, but not everything is there" ;;
        3) full=$((full + 1)) told=$(head -1 "$T/said")
           grep -qF "$D" "$T/said" || fail "$where: the message names no file: $(head -c 300 "$T/said")"
           [ "$(state "$D/db")" = "$before" ] || fail "$where: the database is not as it was: $(state "$D/db" | head -c 300)" ;;
        *) fail "$where: exit code $code: $(head -c 300 "$T/said")" ;;
        esac
        if [ -s "$D/db/data.mdb" ]; then
            "$KGQ" check "$D/db" > /dev/null 2> "$T/err" || fail "$where: check: $(head -2 "$T/err")"
        fi
        if [ "$code" != 0 ]; then
            rm -f "$D/rest"
            mount -o remount,size=400000k "$D"
            job "$name" check 0
            "$KGQ" check "$D/db" > /dev/null 2> "$T/err" || fail "$where: check after making room: $(head -2 "$T/err")"
            [ "$(state "$D/db")" = "$after" ] || fail "$where: after making room it comes to something else"
        fi
    done
    echo "$name: full on $full sizes, enough room on $worked (needs about $((end - start)) KiB); the last message: $told"
    [ "$worked" -gt 0 ] || fail "$name: no size was enough"
    [ "$full" -gt 3 ] || fail "$name: the disk was full only $full times"
done
finish
