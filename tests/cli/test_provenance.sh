#!/usr/bin/env bash
# Layers and provenance from the command line: --layers, kgq: functions, and kgq explain of a row of a query.
. "$(dirname "$0")/lib.sh"

printf 'rex\tparent\tben\nben\tparent\tcid\nrex\tname\t"Rex"\n' > "$T/data.tsv"
printf 'ancestor(?x, ?y) :- parent(?x, ?y) .\nancestor(?x, ?z) :- parent(?x, ?y), ancestor(?y, ?z) .\n' > "$T/rules.rls"
check 0 "$KGQ" import "$T/db" "$T/data.tsv"
printf '<kg:ben> <kg:parent> <kg:zoe> .\n' > "$T/g.nt"
check 0 "$KGQ" import "$T/db" "$T/g.nt" --graph g
check 0 "$KGQ" reason "$T/db" -r "$T/rules.rls"

check 0 "$KGQ" query "$T/db" 'SELECT ?y ?l { :rex :ancestor ?y . (:rex :ancestor ?y) kgq:layer ?l } ORDER BY ?y'
out_is "$(printf '?y\t?l\n<kg:ben>\t<https://kgq.dev/ns#inferred>\n<kg:cid>\t<https://kgq.dev/ns#inferred>')"
check 0 "$KGQ" query "$T/db" 'SELECT (COUNT(*) AS ?n) { ?s ?p ?o }' --layers asserted
out_is "$(printf '?n\n3')"
check 0 "$KGQ" query "$T/db" 'SELECT (COUNT(*) AS ?n) { ?s ?p ?o }' --layers inferred,predicted
out_is "$(printf '?n\n3')"
check 0 "$KGQ" query "$T/db" 'SELECT (COUNT(*) AS ?n) { ?s ?p ?o }' --layers all
out_is "$(printf '?n\n6')"
check 2 "$KGQ" query "$T/db" 'ASK { }' --layers asserted,guessed
err_has 'does not take "asserted,guessed", expected layers such as'

# A row: each triple it rests on, with those of variables that are not selected.
check 0 "$KGQ" explain "$T/db" --query 'SELECT DISTINCT ?n { ?x :name ?n ; :ancestor ?y FILTER(?y = :cid) }'
out_has 'row 1: ?n = "Rex"'
out_has 'rex name "Rex"'
out_has 'holds: asserted by import 1:'
out_has 'rex ancestor cid'
out_has 'holds: derived by'
out_has 'ben parent cid'
check 0 "$KGQ" explain "$T/db" --query 'SELECT ?y { :rex :ancestor ?y } ORDER BY ?y' --row 2
out_has 'row 2: ?y = cid'
check 0 "$KGQ" explain "$T/db" --query 'SELECT ?y { :rex :parent/:parent ?y }'
out_has 'rex parent ben'
out_has 'ben parent cid'
check 0 "$KGQ" explain "$T/db" --query 'SELECT ?x (COUNT(?y) AS ?n) { ?x :ancestor ?y } GROUP BY ?x HAVING(?n = 1)'
out_has 'row 1: ?x = ben, ?n = "1"^^<http://www.w3.org/2001/XMLSchema#integer>'
out_has 'ben ancestor cid'
check 0 "$KGQ" explain "$T/db" --query 'SELECT ?y { GRAPH ?g { ?x :parent ?y } }'
out_has 'ben parent zoe'
out_has 'holds in graph g: asserted by import 2:'
check 0 "$KGQ" explain "$T/db" --query 'SELECT ?y { :rex :parent+ ?y }'
out_has 'The row also rests on paths'
check 0 "$KGQ" explain "$T/db" --query 'SELECT ?y { :rex :parent ?y FILTER EXISTS { ?y ?p ?o } }'
out_has 'The row also rests on paths'
check 0 "$KGQ" explain "$T/db" --query 'ASK { :rex :parent ?y }' --output json
[[ "$(cat "$T/out")" == '{"row":1,"bindings":{},"whole":true,"triples":[{"subject":"rex","predicate":"parent","object":"ben",'*'"layers":["asserted"]'*']}' ]] ||
    fail "the JSON is not as expected: $(cat "$T/out")"
check 1 "$KGQ" explain "$T/db" --query 'SELECT ?y { :rex :ancestor ?y }' --row 3
err_has 'there is no row 3: the query has 2 rows'
check 1 "$KGQ" explain "$T/db" --query 'ASK { :rex :parent :zoe }'
err_has 'the answer is false'
check 2 "$KGQ" explain "$T/db" --query 'DESCRIBE :rex'
err_has 'only the rows of SELECT and ASK'
check 1 "$KGQ" explain "$T/db" --query 'SELECT ?y { :rex skso:x ?y }'
err_has "unknown prefix 'skso:'"
check 2 "$KGQ" explain "$T/db" 'rex parent ben' --query 'ASK { }'
check 2 "$KGQ" explain "$T/db" 'rex parent ben' --row 2
check 2 "$KGQ" explain "$T/db"
check 2 "$KGQ" explain "$T/db" --query 'ASK { :rex ?p ?y }' --output dot
finish
