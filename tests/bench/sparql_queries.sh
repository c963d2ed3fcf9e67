#!/usr/bin/env bash
# sparql_queries.sh KGQ DB QUERIES.json [REPEAT]: median and least milliseconds of each query of the file on a database made
# of the N-Triples that its peers read, each in one process and warm (kgq query --repeat), with its number of rows.
set -euo pipefail
kgq=$1 db=$2 queries=$3 repeat=${4:-30}
times=$(mktemp)
trap 'rm -f "$times"' EXIT
python3 -c 'import json, sys
for name, text in json.load(open(sys.argv[1])).items(): print(name, text.replace("\n", " "), sep="\t")' "$queries" |
    while IFS=$'\t' read -r name text; do
        rows=$("$kgq" query "$db" "$text" --repeat "$repeat" --output tsv 2>"$times" | wc -l)
        printf '%s\t%s rows\t%s\n' "$name" $((rows - 1)) "$(tail -1 "$times")"
    done
