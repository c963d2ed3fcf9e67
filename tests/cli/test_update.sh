#!/usr/bin/env bash
# kgq update: what it changes, what it says, faults with their place, the shell, provenance, and kill -9 at random moments.
. "$(dirname "$0")/lib.sh"
ROUNDS=${KGQ_KILL_ROUNDS:-12}
RANDOM=11

printf 'a\tp\tb\n' > "$T/data.tsv"
check 0 "$KGQ" import "$T/db" "$T/data.tsv"
check 0 "$KGQ" update "$T/db" 'INSERT DATA { :a :p :c , "x"@en } ; DELETE { ?s :p :b } INSERT { ?s :q :b } WHERE { ?s :p :b }'
out_is ""
err_has "inserted 3, deleted 1 triples in "
check 0 "$KGQ" export "$T/db" --format tsv
[ "$(sort "$T/out")" = "$(printf 'a\tp\t"x"@en\na\tp\tc\na\tq\tb')" ] || fail "wrong triples: $(cat "$T/out")"
check 0 "$KGQ" explain "$T/db" 'a q b'
out_has 'asserted by import 2: <update>'
check 0 "$KGQ" update "$T/db" --quiet 'DELETE WHERE { :a :p ?o }'
[ ! -s "$T/err" ] || fail "--quiet said: $(cat "$T/err")"

# From a file, from standard input; the file is the source.
printf 'PREFIX : <kg:>\nINSERT DATA {\n  :f :p :g }\n' > "$T/u.ru"
check 0 "$KGQ" update "$T/db" -f "$T/u.ru"
check 0 "$KGQ" explain "$T/db" 'f p g'
out_has "asserted by import 3: $T/u.ru"
check 0 bash -c '"$0" update "$1" -f - < "$2"' "$KGQ" "$T/db" "$T/u.ru"
err_has "inserted 0, deleted 0 triples"

# Faults: place, caret, hint, exit code, nothing changed.
before=$("$KGQ" export "$T/db")
check 1 "$KGQ" update "$T/db" 'INSERT DATA { :n :p :o } ; DELETE DATA { :n :p ?o }'
err_has '<update>:1:48: error: DELETE DATA takes no variables: ?o'
err_has '^'
check 1 "$KGQ" update "$T/db" 'INSERT DATA { :n :p :o } ; MOVE <urn:none> TO DEFAULT'
err_has '<update>:1:33: error: there is no graph <urn:none>'
printf 'INSERT DATA {\n  :a skso:x :b }' > "$T/bad.ru"
check 1 "$KGQ" update "$T/db" -f "$T/bad.ru"
err_has "$T/bad.ru:2:6: error: unknown prefix 'skso:'"
[ "$("$KGQ" export "$T/db")" = "$before" ] || fail "a failed update changed the database"
check 1 "$KGQ" query "$T/db" 'INSERT DATA { :n :p :o }'
err_has "it is an update, not a query"
check 1 "$KGQ" update "$T/db" 'ASK { }'
check 1 "$KGQ" update "$T/none" 'CLEAR ALL'
[ ! -e "$T/none" ] || fail "an update made a database"
check 2 "$KGQ" update "$T/db"
check 2 "$KGQ" update "$T/db" 'CLEAR ALL' -f "$T/u.ru"

# In the shell, a statement each.
printf 'PREFIX x: <urn:x:>\nINSERT DATA { x:a x:p 1 .\n  x:a x:p 2 };\n.mode csv\nSELECT ?o { <urn:x:a> ?p ?o } ORDER BY ?o;\nclear default;\nASK { ?s ?p ?o };\n' > "$T/script"
check 0 bash -c '"$0" "$1" < "$2"' "$KGQ" "$T/db" "$T/script"
[ "$(tr -d '\r' < "$T/out")" = "$(printf 'o\n1\n2\nfalse')" ] || fail "the shell said: $(cat "$T/out")"
err_has "inserted 2, deleted 0 triples"
check 0 "$KGQ" check "$T/db"

# kill -9 while an update runs: afterwards all of it is there, or nothing.
awk 'BEGIN { print "DELETE WHERE { ?s :old ?o } ;\nINSERT DATA {"; for (i = 0; i < 30000; i++) printf ":n%d :next :n%d .\n", i, i + 1; print "}" }' > "$T/many.ru"
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "n%d\told\tn%d\n", i, i * 7 }' > "$T/old.tsv"
check 0 "$KGQ" import "$T/before" "$T/old.tsv"
fingerprint() { "$KGQ" export "$1" --quiet | sort | sha256sum; }
before=$(fingerprint "$T/before")
cp -r "$T/before" "$T/after"
begin=$(date +%s.%N)
check 0 "$KGQ" update "$T/after" -f "$T/many.ru"
whole=$(awk -v a="$begin" -v b="$(date +%s.%N)" 'BEGIN { print b - a }')
err_has "inserted 30,000, deleted 3,000 triples"
after=$(fingerprint "$T/after")
hit=0
for round in $(seq "$ROUNDS"); do
    rm -rf "$T/victim"
    cp -r "$T/before" "$T/victim"
    "$KGQ" update "$T/victim" -f "$T/many.ru" > "$T/said" 2>&1 &
    pid=$!
    sleep "$(awk -v most="$whole" -v r="$RANDOM" 'BEGIN { printf "%.4f", 1.5 * most * r / 32768 }')"
    kill -9 "$pid" 2> /dev/null
    wait "$pid" 2> /dev/null
    check 0 "$KGQ" check "$T/victim"
    now=$(fingerprint "$T/victim")
    [ "$now" = "$before" ] && hit=$((hit + 1))
    [ "$now" = "$before" ] || [ "$now" = "$after" ] || fail "round $round: neither the state before nor the one after"
    grep -q inserted "$T/said" && [ "$now" != "$after" ] && fail "round $round: told as done, and lost"
done
echo "update: killed before its commit in $hit of $ROUNDS rounds"
finish
