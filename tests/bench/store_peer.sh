#!/usr/bin/env bash
# store_peer.sh DIR [RUNS 3] [TRIPLES 1000000] [--ten]: import side by side with the sqlite3 shell (../shared/bench/store),
# in turns. DIR gets data.tsv and data.nt of gen_shop.py when they are not there, and the databases. --ten: ten times the
# data as well, in DIR/ten, to see whether time grows in line. Medians; CPU is user and system. KGQ, KGQ_SHARED: the
# program, the shared folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
KGQ=$(realpath "${KGQ:-build/release/cli/kgq}")
PEER=$(realpath "${KGQ_SHARED:-../shared}/bench/store")
DIR=$(realpath -m "${1:?store_peer.sh DIR [RUNS] [TRIPLES] [--ten]}")
RUNS=${2:-3}
TRIPLES=${3:-1000000}
TIMEFORMAT='%R %U %S'

data() { # FOLDER TRIPLES
    [ -s "$1/data.tsv" ] && [ -s "$1/data.nt" ] || python3 "$PEER/gen_shop.py" "$2" "$1"
    cat "$1/data.tsv" "$1/data.nt" > /dev/null # warm
}
# timed LIST COMMAND...: appends "wall cpu" to the file LIST.
timed() {
    local list=$1 spent
    shift
    spent=$({ time "$@" > "$DIR/out" 2> "$DIR/err"; } 2>&1) || { echo "failed: $*" >&2; head -5 "$DIR/err" >&2; exit 3; }
    echo "$spent" | tail -n 1 | awk '{ printf "%.3f %.3f\n", $1, $2 + $3 }' >> "$list"
}
median() { # LIST COLUMN
    sort -n -k"$2","$2" "$1" | awk -v column="$2" '{ v[NR] = $column } END { print v[int((NR + 1) / 2)] }'
}
bytes() { du -sb "$1" | cut -f1; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
import() { # LIST FILE
    rm -rf "$DIR/db"
    timed "$1" "$KGQ" import "$DIR/db" "$2" --quiet
}

data "$DIR" "$TRIPLES"
rm -f "$DIR"/*.times
for run in $(seq "$RUNS"); do
    timed "$DIR/sqlite.times" bash "$PEER/sqlite.sh" "$DIR" "$DIR/peer.sqlite"
    import "$DIR/nt.times" "$DIR/data.nt"
    import "$DIR/tsv.times" "$DIR/data.tsv"
done
triples=$("$KGQ" stats "$DIR/db" | awk -F'\t' '$1 == "triples" && $2 == "asserted" { print $3 }')
ours=$(median "$DIR/tsv.times" 1) peer=$(median "$DIR/sqlite.times" 1)
line() { printf '%-28s wall %8.3f s   CPU %8.3f s   %s\n' "$@"; }
echo "$triples triples, medians of $RUNS, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1) x$(nproc), load $(cut -d' ' -f1 /proc/loadavg), commit $(git rev-parse --short HEAD)"
line "sqlite3, data.tsv" "$peer" "$(median "$DIR/sqlite.times" 2)" "$(ratio "$(stat -c %s "$DIR/peer.sqlite")" "$triples") bytes/triple"
line "kgq import, data.tsv" "$ours" "$(median "$DIR/tsv.times" 2)" "$(ratio "$(bytes "$DIR/db")" "$triples") bytes/triple"
line "kgq import, data.nt" "$(median "$DIR/nt.times" 1)" "$(median "$DIR/nt.times" 2)" ""
echo "kgq is $(ratio "$peer" "$ours") times as fast as sqlite3 (wall)"

if [[ " $* " == *" --ten "* ]]; then
    data "$DIR/ten" $((10 * TRIPLES))
    for run in $(seq "$RUNS"); do
        import "$DIR/tsv2.times" "$DIR/data.tsv"
        import "$DIR/ten.times" "$DIR/ten/data.tsv"
    done
    line "kgq import, ten times" "$(median "$DIR/ten.times" 1)" "$(median "$DIR/ten.times" 2)" ""
    echo "ten times the data take $(ratio "$(median "$DIR/ten.times" 1)" "$(median "$DIR/tsv2.times" 1)") times as long"
fi
rm -rf "$DIR/db" "$DIR/peer.sqlite" "$DIR/out" "$DIR/err"
