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
check 0 "$KGQ" check "$DB"
check 0 "$KGQ" reason "$DB" --drop
check 0 "$KGQ" export "$DB" --format tsv
sort "$T/out" | cmp - <(zcat "$DATA" | sort) || fail "--drop did not bring the asserted triples back"
check 0 "$KGQ" check "$DB"
finish
