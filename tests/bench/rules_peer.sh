#!/usr/bin/env bash
# rules_peer.sh DIR [RUNS 5]: closure, class rules and points-to rules (../shared/bench/reasoner) by kgq and by gringo, in
# turns, and by kgq on ten times the data. Whole processes, reading facts and counting included; CPU is user and system,
# medians. DIR gets the data of gen.py when it is not there. Prints lines for results.csv, as main_job.sh does. KGQ,
# KGQ_SHARED: the program, the shared folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
KGQ=$(realpath "${KGQ:-build/release/cli/kgq}")
PEER=$(realpath "${KGQ_SHARED:-../shared}/bench/reasoner")
DIR=$(realpath -m "${1:?rules_peer.sh DIR [RUNS]}")
mkdir -p "$DIR"
RUNS=${2:-5}
TIMEFORMAT='%U %S'

processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
compiler=$(cc --version | head -n 1)
commit=$(git rev-parse --short HEAD)
line() { # benchmark figure unit
    printf '%s,%s,%s,%s,%s,%s,%s,%s,%s\n' "$(date -u +%F)" "$1" "$2" "$3" "$processor x$(nproc)" "${compiler//,/}" \
        "${OPENBLAS_CORETYPE:-unset}" "$(cut -d' ' -f1 /proc/loadavg)" "$commit"
}
data() { # FOLDER WORK SIZE...
    local folder=$1
    shift
    [ -d "$folder" ] || python3 "$PEER/gen.py" "$@" "$folder" > "$DIR/gen.log"
}
# Datalog with capital letters becomes a program that imports the folder's files.
program() { # WORK FOLDER
    for file in "$2"/*.facts; do
        grep -qE "\<$(basename "$file" .facts)\(" "$PEER/$1/rules.dl" || continue
        echo "@import $(basename "$file" .facts) :- tsv{resource = \"$(basename "$file")\"} ."
    done
    sed -E 's/\b([A-Z][A-Za-z]*)\b/?\1/g' "$PEER/$1/rules.dl"
}
cpu() { # COMMAND...: seconds of one run
    local spent
    spent=$({ time "$@" > "$DIR/out" 2> "$DIR/err"; } 2>&1) || { echo "failed: $*" >&2; head -5 "$DIR/err" >&2; exit 3; }
    echo "$spent" | tail -n 1 | awk '{ printf "%.3f\n", $1 + $2 }'
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
run() { cpu "$KGQ" run "$DIR/$1.rls" --import-dir "$2" --report --quiet; }

# WORK, size and ten times the size
for work in "tc 2000_4000 20000_40000" "lubm 5 50" "andersen 2000 20000"; do
    read -r name one ten <<< "$work"
    data "$DIR/$name" "$name" ${one//_/ }
    data "$DIR/${name}10" "$name" ${ten//_/ }
    program "$name" "$DIR/$name" > "$DIR/$name.rls"
    rm -f "$DIR"/*.times
    for _ in $(seq "$RUNS"); do
        run "$name" "$DIR/$name" >> "$DIR/kgq.times"
        cpu gringo "$DIR/$name/facts.lp" "$PEER/$name/prog.clingo.lp" >> "$DIR/gringo.times"
    done
    ours=$(median "$DIR/kgq.times")
    theirs=$(median "$DIR/gringo.times")
    run "$name" "$DIR/$name" > "$DIR/last"
    facts=$(awk '{ n += $2 } END { print n }' "$DIR/out")
    for _ in 1 2 3; do run "$name" "$DIR/${name}10" >> "$DIR/ten.times"; done
    more=$(median "$DIR/ten.times")
    grown=$(awk '{ n += $2 } END { print n }' "$DIR/out")
    peak=$(/usr/bin/time -f %M "$KGQ" run "$DIR/$name.rls" --import-dir "$DIR/${name}10" --report --quiet 2>&1 > "$DIR/out" | tail -n 1)
    line "rules $name ${one//_/ } ($facts facts)" "$ours" "CPU s"
    line "rules $name; gringo in the same sitting" "$theirs" "CPU s"
    line "rules $name ${ten//_/ } ($grown facts)" "$more" "CPU s"
    line "rules $name; time grew by / facts by" "$(awk -v a="$more" -v b="$ours" -v c="$grown" -v d="$facts" 'BEGIN { printf "%.1f / %.1f", a / b, c / d }')" times
    line "rules $name ${ten//_/ }; memory above 50 MiB" "$(awk -v kb="$peak" -v n="$grown" 'BEGIN { printf "%.1f", (kb * 1024 - 50 * 1048576) / n }')" "B a fact"
done
