#!/usr/bin/env bash
# kgq reason --incremental and --keep-current: what is inferred follows the facts and the rules, by import, update and
# shell, and is what a full run infers.
. "$(dirname "$0")/lib.sh"

printf 'a\tedge\tb\nb\tedge\tc\n' > "$T/data.tsv"
printf 'path(?x, ?y) :- edge(?x, ?y).\npath(?x, ?z) :- path(?x, ?y), edge(?y, ?z).\n' > "$T/path.rls"
inferred() { "$KGQ" export "$1" --inferred --format tsv --quiet | sort; }
# same_as_full: a database of the same facts, all of them reasoned over at once, has the same inferences.
same_as_full() {
    rm -rf "$T/full"
    "$KGQ" export "$T/db" --asserted --format tsv --quiet > "$T/full.tsv"
    "$KGQ" import "$T/full" "$T/full.tsv" --quiet && "$KGQ" reason "$T/full" -r "$1" 2> "$T/err" ||
        fail "no full run: $(cat "$T/err")"
    [ "$(inferred "$T/db")" = "$(inferred "$T/full")" ] || fail "$2: $(inferred "$T/db") is not $(inferred "$T/full")"
}

check 0 "$KGQ" import "$T/db" "$T/data.tsv"
check 2 "$KGQ" reason "$T/db" --incremental
err_has 'no rules have run on this database yet'
check 0 "$KGQ" reason "$T/db" -r "$T/path.rls" --incremental
err_has 'a full run, as no run is followed'
check 0 "$KGQ" reason "$T/db" --incremental
err_has '0 facts changed'

check 0 "$KGQ" update "$T/db" 'INSERT DATA { :c :edge :d } ; DELETE DATA { :a :edge :b }'
check 0 "$KGQ" reason "$T/db" --incremental
err_has '2 facts changed; of what was inferred 2 added, 2 deleted, 0 changed'
same_as_full "$T/path.rls" "after an update"

# A rule more, and one less.
printf 'path(?x, ?y) :- edge(?x, ?y).\nnear(?y, ?x) :- edge(?x, ?y).\n' > "$T/near.rls"
check 0 "$KGQ" reason "$T/db" --incremental -r "$T/near.rls"
err_has '0 facts changed; of what was inferred 2 added, 1 deleted, 0 changed'
same_as_full "$T/near.rls" "after a change of rules"
check 0 "$KGQ" explain "$T/db" 'd near c'
out_has 'near(?y, ?x) :- edge(?x, ?y)'

# Kept current: within the transaction of the change.
check 0 "$KGQ" reason "$T/db" -r "$T/path.rls" --incremental --keep-current
printf 'd\tedge\te\nx\tedge\ty\n' > "$T/more.tsv"
check 0 "$KGQ" import "$T/db" "$T/more.tsv"
same_as_full "$T/path.rls" "after an import"
check 0 "$KGQ" query "$T/db" 'ASK { :b :path :e }' --output tsv
out_has true
check 0 "$KGQ" update "$T/db" 'DELETE DATA { :c :edge :d }'
same_as_full "$T/path.rls" "after a deletion"
printf '.import %s\n.quit\n' "$T/data.tsv" > "$T/script"
check 0 bash -c '"$0" "$1" < "$2"' "$KGQ" "$T/db" "$T/script"
same_as_full "$T/path.rls" "after an import in the shell"
check 0 "$KGQ" check "$T/db"
check 0 "$KGQ" backup "$T/db" "$T/copy"
check 0 "$KGQ" compact "$T/db"
check 0 "$KGQ" update "$T/db" 'INSERT DATA { :e :edge :f }'
same_as_full "$T/path.rls" "after a compaction"
check 0 "$KGQ" update "$T/copy" 'INSERT DATA { :e :edge :f }'
[ "$(inferred "$T/db")" = "$(inferred "$T/copy")" ] || fail "a backup does not go on alike"

check 0 "$KGQ" reason "$T/db" --incremental --no-keep-current
before=$(inferred "$T/db")
check 0 "$KGQ" update "$T/db" 'INSERT DATA { :f :edge :g }'
[ "$(inferred "$T/db")" = "$before" ] || fail "it is still kept current"
check 2 "$KGQ" reason "$T/db" --keep-current --no-keep-current

# Killed anywhere in an update of a database that is kept current, facts and inferences go together.
check 0 "$KGQ" reason "$T/db" --keep-current
RANDOM=5
for i in $(seq 1 "${KGQ_KILL_ROUNDS:-12}"); do
    "$KGQ" update "$T/db" "INSERT DATA { :k$i :edge :a } ; DELETE DATA { :k$((i - 1)) :edge :a }" 2> /dev/null &
    pid=$!
    sleep "0.0$((RANDOM % 10))"
    kill -9 "$pid" 2> /dev/null
    wait "$pid" 2> /dev/null
done
same_as_full "$T/path.rls" "after kills"
check 0 "$KGQ" reason "$T/db" --incremental
err_has '0 facts changed'
check 0 "$KGQ" reason "$T/db" --drop
check 2 "$KGQ" reason "$T/db" --incremental
finish
