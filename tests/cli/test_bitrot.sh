#!/usr/bin/env bash
# Single bits that turn over at random places of data.mdb: `kgq check` finds each (exit 1), and a question either gets the
# right answer or hears that the database is damaged (exit 1); never a wrong answer, a signal or a hang.
#     test_bitrot.sh [FLIPS [SEED]]    KGQ_BITROT_FILE=catalog.db: that file instead
. "$(dirname "$0")/lib.sh"
FLIPS=${1:-40}
SEED=${2:-11}
FILE=${KGQ_BITROT_FILE:-data.mdb}
RANDOM=$SEED
export OPENBLAS_NUM_THREADS=1
X='http://www.w3.org/2001/XMLSchema#'

awk -v x="$X" 'BEGIN { for (i = 0; i < 3400; i++) {
    printf "thing%d\ttype\tclass%d\n", i, i * 31 % 17
    printf "thing%d\tpart-of\tthing%d\n", i, int(i / 7)
    printf "thing%d\tnear\tthing%d\n", i, i * 7919 % 3400
    printf "thing%d\tsize\t\"%d\"^^<%sinteger>\n", i, i * 104729 % 100003 - 5000, x
    printf "thing%d\tmade\t\"%04d-%02d-%02d\"^^<%sdate>\n", i, 1900 + i % 120, 1 + i % 12, 1 + i % 28, x
    printf "thing%d\tlabel\t\"%s %d\"\n", i, i % 3 ? "ab" : "a label that is longer than what fits into a word, number", i }
    for (i = 0; i < 12; i++) {
        printf "thing%d\ttext\t\"", i
        for (k = 0; k < 900; k++) printf "line %d of %d, ", k, i
        print "end\"" } }' > "$T/data.tsv"
check 0 "$KGQ" import "$T/start" "$T/data.tsv"
check 0 "$KGQ" compact "$T/start"

questions=(
    "query DB SELECT_(COUNT(*)_AS_?n)_{_?s_?p_?o_}"
    "query DB SELECT_(COUNT(*)_AS_?n)_(SUM(?v)_AS_?sum)_{_?s_:size_?v_FILTER(?v_>_20000)_}"
    "query DB SELECT_(COUNT(?l)_AS_?n)_(MAX(?l)_AS_?most)_{_?s_:label_?l_FILTER(CONTAINS(STR(?l),'7'))_}"
    "query DB SELECT_(COUNT(*)_AS_?n)_{_?a_:part-of_?b_._?b_:part-of_?c_._?c_:near_?d_}"
    "query DB SELECT_?o_{_:thing1234_:near_?o_}"
    "query DB SELECT_?p_?o_{_:thing77_?p_?o_}"
    "query DB SELECT_?s_{_?s_:type_:class5_}"
    "query DB SELECT_?s_?p_{_?s_?p_:thing99_}"
    "query DB SELECT_?t_{_:thing7_:text_?t_}"
    "export DB --format_nt"
)
# ask N DATABASE: its answer, sorted, to $T/answer; the program's exit code.
ask() {
    local words code=0
    read -ra words <<< "${questions[$1]}"
    words[1]=$2
    words[2]=${words[2]//_/ }
    [ "${words[0]}" = export ] && words=(export "$2" --format nt)
    { timeout 20 "$KGQ" "${words[@]}" --quiet > "$T/raw" 2> "$T/said" < /dev/null || code=$?; } 2> /dev/null
    LC_ALL=C sort "$T/raw" > "$T/answer"
    return $code
}
for n in "${!questions[@]}"; do
    ask "$n" "$T/start" || fail "${questions[n]}: $(head -3 "$T/said")"
    [ "$(wc -l < "$T/answer")" -gt 1 ] || fail "${questions[n]}: no answer"
    cp "$T/answer" "$T/right.$n"
done

size=$(stat -c %s "$T/start/$FILE")
# Which part of an LMDB file a byte is in: meta, branch, leaf, overflow, or the gap of a page that holds nothing.
place() { # OFFSET
    local page=$(($1 / 4096)) byte=$(($1 % 4096)) number flags lower upper
    [ "$FILE" = data.mdb ] || { echo "byte $1"; return; }
    read -r number _ < <(od -An -tu8 -j $((page * 4096)) -N 8 "$T/start/$FILE")
    read -r _ flags lower upper < <(od -An -tu2 -j $((page * 4096 + 8)) -N 8 "$T/start/$FILE")
    [ "$number" = "$page" ] || flags=4
    case $((flags & 15)) in
    1) number=branch ;;
    2) number=leaf ;;
    8) number=meta ;;
    *) number=overflow ;;
    esac
    [ $((flags & 3)) != 0 ] && [ "$byte" -ge "$lower" ] && [ "$byte" -lt "$upper" ] && number="unused gap of a $number"
    echo "page $page byte $byte ($number)"
}
found=0 missed=0 ill=0
declare -A kinds=([right]=0 [told]=0 [wrong]=0 [crashed]=0 [other]=0)
note() { # KIND WHAT
    kinds[$1]=$((kinds[$1] + 1))
    case $1 in right | told) ;; *) ill=$((ill + 1)); [ "$ill" -gt 60 ] || echo "$where: $1: $2" ;; esac
}
for flip in $(seq "$FLIPS"); do
    rm -rf "$T/db"
    cp -r "$T/start" "$T/db"
    offset=$(((RANDOM * 32768 + RANDOM) % size))
    old=$(od -An -tu1 -j "$offset" -N 1 "$T/db/$FILE" | tr -d ' ')
    new=$((old ^ (1 << RANDOM % 8)))
    printf "\\x$(printf %02x "$new")" | dd of="$T/db/$FILE" bs=1 seek="$offset" conv=notrunc status=none
    where="flip $flip: $(place "$offset"), $old -> $new"
    code=0
    { timeout 30 "$KGQ" check "$T/db" > /dev/null 2> "$T/said" || code=$?; } 2> /dev/null
    case $code in
    1) found=$((found + 1)) ;;
    0) missed=$((missed + 1)); note other "check finds nothing" ;;
    124 | 13[0-9]) note crashed "check ends with $code" ;;
    *) note other "check ends with $code: $(head -1 "$T/said")" ;;
    esac
    for n in "${!questions[@]}"; do
        code=0
        ask "$n" "$T/db" || code=$?
        case $code in
        0) if cmp -s "$T/answer" "$T/right.$n"; then note right; else note wrong "${questions[n]}"; fi ;;
        1) if grep -qE 'damaged|not a kgq database|format version' "$T/said"; then
               note told
           else
               note other "${questions[n]}: exit 1 without saying that it is damaged: $(head -1 "$T/said")"
           fi ;;
        124 | 13[0-9]) note crashed "${questions[n]}: ends with $code" ;;
        *) note other "${questions[n]}: exit $code: $(head -1 "$T/said")" ;;
        esac
    done
done
echo "$FLIPS flips in $size bytes of $FILE (seed $SEED): check found $found, missed $missed;" \
    "questions: ${kinds[right]} right, ${kinds[told]} told of damage, ${kinds[wrong]} wrong, ${kinds[crashed]} crashes or hangs;" \
    "anything else (missed checks, other exits): ${kinds[other]}"
[ "$found" = "$FLIPS" ] || fail "check found $found of $FLIPS flips"
[ $((kinds[wrong] + kinds[crashed] + kinds[other] - missed)) = 0 ] || fail "questions went wrong"
finish
