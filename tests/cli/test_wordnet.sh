#!/usr/bin/env bash
# WordNet through the program: an exact round trip, the two closures, --drop, proofs and queries.
. "$(dirname "$0")/lib.sh"
DATA=$KGQ_SHARED/data/kg/wordnet/triples.tsv.gz
[ -r "$DATA" ] || { echo "SKIPPED: $DATA is not there"; exit 77; }
DB=$T/wn
check 0 "$KGQ" import "$DB" "$DATA"
check 0 "$KGQ" export "$DB" --format tsv
sort "$T/out" | cmp - <(zcat "$DATA" | sort) || fail "the export is not the import"
check 0 "$KGQ" query "$DB" 'SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }' --output csv
out_has 353061

check 0 "$KGQ" reason "$DB" -r "$KGQ_SOURCE/datasets/samples/wordnet.rls"
check 0 "$KGQ" query "$DB" 'SELECT (COUNT(*) AS ?n) WHERE { ?x :kind_of ?y }' --output csv
out_has 698587
check 0 "$KGQ" query "$DB" 'SELECT (COUNT(*) AS ?n) WHERE { ?x :is_a ?y }' --output csv
out_has 778320
check 0 "$KGQ" explain "$DB" 'dog.n.01 is_a entity.n.01'
out_has "dog.n.01 hypernym"
out_has "import 1"

# 1,000 of what was derived, spread over all of it, each explained and its proof checked by another program; and as many
# that do not hold.
zcat "$DATA" > "$T/given.tsv"
check 0 "$KGQ" export "$DB" --inferred --format tsv
cp "$T/out" "$T/derived.tsv"
cat "$T/given.tsv" "$T/derived.tsv" > "$T/holds.tsv"
awk 'NR % 2000 == 1' "$T/derived.tsv" > "$T/some.tsv"
awk -F '\t' 'NR % 20 == 1 { print $3 "\tis_a\t" $1 }' "$T/some.tsv" > "$T/turned.tsv"
for options in "$T/some.tsv" "$T/some.tsv --all" "$T/turned.tsv"; do
    check 0 "$KGQ" explain "$DB" --output json --quiet --facts $options
    cp "$T/out" "$T/proofs.json"
    check 0 bash -c '"$0" "$@" < '"$T/proofs.json" "$KGQ_CHECKER" "$KGQ_SOURCE/datasets/samples/wordnet.rls" \
        "$T/given.tsv" "$T/holds.tsv"
    cat "$T/out"
done
check 0 "$KGQ" check "$DB"
check 0 "$KGQ" reason "$DB" --drop
check 0 "$KGQ" export "$DB" --format tsv
sort "$T/out" | cmp - <(zcat "$DATA" | sort) || fail "--drop did not bring the asserted triples back"
check 0 "$KGQ" check "$DB"
finish
