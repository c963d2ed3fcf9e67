#!/usr/bin/env bash
# incremental.sh KGQ NOTE_SUM [UNIVERSITIES [FOLDER]]: 1 % of the facts of a lubm graph added, then deleted again, each
# with an update of what is inferred, beside full runs; and whether both give the same, heights and rules included.
set -eu
KGQ=$1 SUM=$2 N=${3:-20} T=${4:-$(mktemp -d)}
BENCH=$(cd "$(dirname "$0")/../../../shared/bench/reasoner" && pwd)
python3 "$BENCH/gen.py" lubm "$N" "$T/data" > "$T/log"
sed 's/\b\([A-Z]\)\b/?\1/g' "$BENCH/lubm/rules.dl" > "$T/lubm.rls"
awk 'NR % 100 == 37' "$T/data/triples.tsv" > "$T/one.tsv"
awk 'NR % 100 != 37' "$T/data/triples.tsv" > "$T/base.tsv"
awk -F'\t' 'BEGIN { print "DELETE DATA {" } { printf "<kg:%s> %s <kg:%s> .\n", $1, $2 == "type" ? "a" : "<kg:" $2 ">", $3 }
            END { print "}" }' "$T/one.tsv" > "$T/delete.ru"
# timed NAME COMMAND...: wall and CPU seconds of the whole process.
timed() {
    local name=$1 TIMEFORMAT='%R s wall, %U + %S s CPU'
    shift
    echo "$name: $( { time "$@" > /dev/null 2>> "$T/log"; } 2>&1)"
}
same() { [ "$1" = "$2" ] && echo "the same as a full run" || { echo "DIFFERENT: $1, a full run gives $2"; exit 1; }; }

"$KGQ" import "$T/db" "$T/base.tsv" --type-relation type --quiet 2>> "$T/log"
timed "full run" "$KGQ" reason "$T/db" -r "$T/lubm.rls"
before=$("$SUM" "$T/db")
timed "import of 1 %" "$KGQ" import "$T/db" "$T/one.tsv" --type-relation type
timed "update after it" "$KGQ" reason "$T/db" --incremental
cp -r "$T/db" "$T/full"
"$KGQ" reason "$T/full" -r "$T/lubm.rls" 2>> "$T/log"
same "$("$SUM" "$T/db")" "$("$SUM" "$T/full")"
rm -r "$T/full"
timed "deletion of 1 %" "$KGQ" update "$T/db" -f "$T/delete.ru"
timed "update after it" "$KGQ" reason "$T/db" --incremental
same "$("$SUM" "$T/db")" "$before"
