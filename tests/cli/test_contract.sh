#!/usr/bin/env bash
# The contract of the commands: exit codes, what goes to stdout and stderr, faults with their place, all-or-nothing.
. "$(dirname "$0")/lib.sh"

# Usage.
check 2 "$KGQ" improt
err_has "did you mean import"
check 2 "$KGQ" import "$T/db"
check 2 "$KGQ" import "$T/db" x.tsv --max-error 3
err_has "--max-errors"
check 2 "$KGQ" import "$T/db" x.tsv --max-errors many
check 0 "$KGQ" --help
out_has "kgq import"
check 0 "$KGQ" import --help
out_has "--rejects FILE"
check 0 "$KGQ" --version
check 2 "$KGQ" "$T" ASK
err_has "nothing more is expected"

# What the contract has and kgq not yet is said to be so, and is wrong usage; so are values that make no sense.
for command in mine audit 'classifier explain'; do
    check 2 "$KGQ" $command "$T/db"
    err_has "$command is not there yet"
done
later() {
    check 2 "$KGQ" "$@"
    err_has "not there yet"
}
later classifier train -o "$T/m" --folder d
later classifier train -o "$T/m" --valid d
check 2 "$KGQ" train "$T/db" --epochs 0
check 2 "$KGQ" train "$T/db" --time-budget -3
check 2 "$KGQ" predict "$T/db" --name m 'a b ?' --store 2
check 2 "$KGQ" query "$T/db" 'ASK {}' --repeat 0
check 2 "$KGQ" link "$T/db" --text x --threshold 7
check 2 "$KGQ" import "$T/db" x.tsv --memory 2X
err_has "512M"
check 2 "$KGQ" import "$T/db" x.tsv --memory 99999999999G
check 2 "$KGQ" import "$T/db" x.tsv --format rdfxml
# An output format that a command does not have is refused, not passed over.
check 2 "$KGQ" stats "$T/db" --output json
err_has "tsv"
check 2 "$KGQ" evaluate "$T/db" --name m --test f --output xml
err_has "tsv json"
check 2 "$KGQ" train "$T/db" --output json

# What is not a database, and what is not there.
check 1 "$KGQ" query "$T/none" 'ASK {}'
err_has "$T/none"
mkdir "$T/folder"; echo hello > "$T/folder/readme.txt"
check 1 "$KGQ" stats "$T/folder"
err_has "$T/folder"
check 1 "$KGQ" import "$T/folder" <(printf 'a\tb\tc\n')
[ "$(ls "$T/folder")" = readme.txt ] || fail "a folder that is no database was written to"
mkdir "$T/garbled"; head -c 20000 /dev/urandom > "$T/garbled/data.mdb"
check 1 "$KGQ" check "$T/garbled"
check 1 "$KGQ" import "$T/new" "$T/no-such.tsv"
err_has no-such.tsv
[ ! -e "$T/new" ] || fail "a failed import left a database behind"

# A TSV with three broken lines among 1,000: a missing column, invalid UTF-8, an unterminated literal.
awk 'BEGIN { for (i = 1; i <= 1000; i++)
    if (i == 100) print "s100\tp"; else if (i == 500) printf "s500\tp\to\377x\n";
    else if (i == 900) print "s900\tp\t\"open"; else printf "s%d\tp\to%d\n", i, i % 7 }' > "$T/bad.tsv"
check 1 "$KGQ" import "$T/db" "$T/bad.tsv"
err_has "$T/bad.tsv:100:"
err_has "$T/bad.tsv:500:9"
err_has "$T/bad.tsv:900:8"
err_has "^"
[ ! -e "$T/db" ] || fail "the refused import left something behind"
check 0 "$KGQ" import "$T/db" "$T/bad.tsv" --max-errors 5 --rejects "$T/rejects"
sed -n '100p;500p;900p' "$T/bad.tsv" | cmp - "$T/rejects" || fail "the rejects are not the three lines"
check 0 "$KGQ" query "$T/db" 'SELECT (COUNT(*) AS ?n) { ?s ?p ?o }' --output csv
out_has 997
check 1 "$KGQ" import "$T/db" "$T/bad.tsv" --max-errors 2
check 0 "$KGQ" query "$T/db" 'SELECT (COUNT(*) AS ?n) { ?s ?p ?o }' --output csv
out_has 997

# Standard input, gzip, literals, round trip.
printf 'a\tlabel\t"x \\"y\\" \\t z"@en\n_:b\tp\t<http://e.org/c>\nUnited States\tp\t50%%\n' > "$T/mix.tsv"
check 0 bash -c '"$0" import "$1" - < "$2"' "$KGQ" "$T/mix" "$T/mix.tsv"
check 0 "$KGQ" export "$T/mix"
sort "$T/out" | cmp - <(sort "$T/mix.tsv") || fail "the mixed TSV did not come back as it was"
gzip -k "$T/mix.tsv"
check 0 "$KGQ" import "$T/mix2" "$T/mix.tsv.gz"
check 0 "$KGQ" export "$T/mix2" --format nt
out_has '<kg:United%20States> <kg:p> <kg:50%25> .'
cp "$T/out" "$T/mix.nt"
check 0 "$KGQ" import "$T/mix3" "$T/mix.nt"
check 0 "$KGQ" export "$T/mix3" --format nt
grep -v '^_:' "$T/mix.nt" | sort | cmp - <(grep -v '^_:' "$T/out" | sort) || fail "N-Triples did not come back"

# Labels, statistics, provenance.
printf 'rex\tlabel\t"Rex the d\303\266g"\nrex\tis_a\tdog\ntom\tlabel\t"Tom\\tcat"\n' > "$T/labels.tsv"
check 0 "$KGQ" import "$T/pets" "$T/labels.tsv"
check 0 "$KGQ" search "$T/pets" 'the DO'
out_has "$(printf 'rex\t"Rex the d\303\266g"\tlabel\t')"
check 0 "$KGQ" search "$T/pets" 'the DO' --whole-words
out_is "$(printf 'entity\tlabel\tpredicate\tscore')"
check 0 "$KGQ" search "$T/pets" tom cat -k 1 --output json
! command -v python3 > /dev/null || python3 -m json.tool "$T/out" > /dev/null || fail "search --output json is not JSON"
out_has '"Tom\tcat"'
check 0 "$KGQ" search "$T/pets" '" OR NEAR(* -'
check 2 "$KGQ" search "$T/pets"
check 2 "$KGQ" search "$T/pets" x --output csv
check 1 "$KGQ" search "$T/none" x
check 0 "$KGQ" stats "$T/pets"
out_has "$(printf 'statistics\tcurrent\t3 facts\t2 subjects\t2 predicates\t2 characteristic sets')"
out_has "$(printf '2 asserted\t0 inferred\t0 predicted\t0 observed\t2 subjects\t2 objects')"
out_has "$(printf '\t3 lines\ttsv\t%s bytes\tof 2' "$(wc -c < "$T/labels.tsv")")"
check 0 "$KGQ" check "$T/pets"

# Queries: formats, errors with caret.
check 0 "$KGQ" query "$T/db" 'SELECT ?s { ?s :p :o3 } ORDER BY ?s LIMIT 2' --output csv
[ "$(tr -d '\r' < "$T/out")" = "$(printf 's\nkg:s10\nkg:s101')" ] || fail "wrong rows: $(cat "$T/out")"
check 0 "$KGQ" query "$T/db" 'ASK { :s1 :p :o1 }' --output json
out_has true
check 0 "$KGQ" query "$T/db" 'SELECT (COUNT(*) AS ?n) { ?s ?p ?o }' --repeat 3
err_has "3 runs"
# The plan instead of rows; limits.
check 0 "$KGQ" query "$T/db" 'SELECT ?s { ?s :p :o3 }' --explain
out_has lookup
! grep -q s1 "$T/out" || fail "--explain shows rows"
check 0 "$KGQ" query "$T/db" 'SELECT ?s { ?s :p :o3 }' --profile
out_has lookup
check 2 "$KGQ" query "$T/db" 'ASK {}' --explain --profile
check 0 "$KGQ" query "$T/db" 'ASK { :s1 :p :o1 }' --timeout 30 --memory 64M
check 2 "$KGQ" query "$T/db" 'ASK {}' --timeout 0
check 2 "$KGQ" query "$T/db" 'ASK {}' --memory 2X
err_has "512M"
check 1 "$KGQ" query "$T/db" 'SELECT ?s WHERE { ?s skso:label ?o }'
err_has "<query>:1:22"
err_has "^"
check 1 "$KGQ" query "$T/db" 'SELECT ?s WHERE { ?s :p ?o '
err_has "<query>:1:"
printf 'SELECT *\nWHERE { ?s ?p }\n' > "$T/q.rq"
check 1 "$KGQ" query "$T/db" -f "$T/q.rq"
err_has "$T/q.rq:2:15"
check 2 "$KGQ" query "$T/db" 'ASK {}' --output nonsense

# Rules: every fault of a program at once, each with its place.
printf 'p(?x, ?z) :- q(?x, ?y).\nok(?x) :- p(?x, ?y).\nr(?x :- p(?x, ?y).\n' > "$T/bad.rls"
check 1 "$KGQ" reason "$T/db" -r "$T/bad.rls"
err_has "$T/bad.rls:3:"
err_has "^"
printf 'p(?x, ?z) :- q(?x, ?y).\n' > "$T/unsafe.rls"
check 1 "$KGQ" reason "$T/db" -r "$T/unsafe.rls"
err_has "$T/unsafe.rls:1:7"
err_has "?z"
printf 'a(?x, ?y) :- p(?x, ?y), ~b(?x, ?y).\nb(?x, ?y) :- p(?x, ?y), ~a(?x, ?y).\n' > "$T/cycle.rls"
check 1 "$KGQ" reason "$T/db" -r "$T/cycle.rls"
err_has "$T/cycle.rls:"
err_has "^"
check 1 "$KGQ" reason "$T/db" -r "$T/none.rls"
err_has none.rls

# Reason, explain, drop.
printf 'abel\tparent\tadam\nenoch\tparent\tcain\ncain\tparent\tadam\n' > "$T/family.tsv"
cat > "$T/family.rls" << 'R'
#[name("parent is ancestor")] ancestor(?x, ?y) :- parent(?x, ?y).
#[name("ancestor goes on")] ancestor(?x, ?z) :- parent(?x, ?y), ancestor(?y, ?z).
#[name("no child")] childless(?x) :- parent(?x, ?y), ~parent(?z, ?x).
R
check 0 "$KGQ" import "$T/fam" "$T/family.tsv"
check 0 "$KGQ" reason "$T/fam" -r "$T/family.rls"
err_has "3 facts in, 6 derived"
check 0 "$KGQ" query "$T/fam" 'SELECT ?x { ?x :ancestor :adam } ORDER BY ?x' --output csv
[ "$(tr -d '\r' < "$T/out")" = "$(printf 'x\nkg:abel\nkg:cain\nkg:enoch')" ] || fail "wrong ancestors: $(cat "$T/out")"
check 0 "$KGQ" reason "$T/fam"
err_has "3 facts in, 6 derived"
check 2 "$KGQ" reason "$T/db"
err_has "-r FILE.rls"
check 0 "$KGQ" explain "$T/fam" 'enoch ancestor adam'
out_has "ancestor goes on"
out_has "cain parent adam"
out_has "family.tsv"
check 0 "$KGQ" explain "$T/fam" 'enoch ancestor adam' --output json
! command -v python3 > /dev/null || python3 -m json.tool "$T/out" > /dev/null || fail "explain --output json is not JSON"
check 0 "$KGQ" explain "$T/fam" 'adam ancestor abel'
out_has "not"
check 1 "$KGQ" explain "$T/fam" 'eve ancestor abel'
err_has eve
check 0 "$KGQ" reason "$T/fam" --drop
check 0 "$KGQ" export "$T/fam"
sort "$T/out" | cmp - <(sort "$T/family.tsv") || fail "--drop did not bring back the asserted triples"

# Models: unknown, and a file that is not one.
check 1 "$KGQ" predict "$T/fam" --name nobody 'abel parent ?'
err_has nobody
check 1 "$KGQ" train "$T/fam" --model nonsense
err_has nonsense
echo "not a model" > "$T/model.kgc"
check 1 "$KGQ" classifier predict --model "$T/model.kgc" --images "$T/model.kgc"
err_has "$T/model.kgc"
printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2abcd' > "$T/short-idx"
printf '\0\0\10\1\0\0\0\2ab' > "$T/labels-idx"
check 1 "$KGQ" classifier train --arch seed-cnn -o "$T/m" --images "$T/short-idx" --labels "$T/labels-idx"
err_has "$T/short-idx"
[ ! -e "$T/m" ] || fail "a failed training wrote a model"
check 3 "$KGQ" classifier train -o "$T/nowhere/m" --images "$T/short-idx" --labels "$T/labels-idx"
err_has "cannot write $T/nowhere/m"
check 3 "$KGQ" classifier train -o "$T" --images "$T/short-idx" --labels "$T/labels-idx"
err_has "it is a folder"
head -c 4000 /dev/zero > "$T/zeros"
{ printf '\0\0\10\3\0\0\0\4\0\0\0\34\0\0\0\34'; head -c 3136 "$T/zeros"; } > "$T/four-idx"
printf '\0\0\10\1\0\0\0\4\0\1\0\1' > "$T/four-labels-idx"
{ printf '\0\0\10\3\0\0\0\1\0\0\0\20\0\0\0\20'; head -c 256 "$T/zeros"; } > "$T/other-idx"
check 0 "$KGQ" classifier train --arch seed-cnn -o "$T/c" --images "$T/four-idx" --labels "$T/four-labels-idx" --epochs 1
cp "$T/c" "$T/first"
check 0 "$KGQ" classifier train --arch seed-cnn -o "$T/c" --images "$T/four-idx" --labels "$T/four-labels-idx" --epochs 1
cmp "$T/c" "$T/first" || fail "the same seed gave another classifier"
check 1 "$KGQ" classifier predict --model "$T/c" --images "$T/other-idx"
err_has "$T/other-idx: error: the images are 16 x 16"
printf '\0\0\10\3\0\0\0\0\0\0\0\34\0\0\0\34' > "$T/none-idx"
check 1 "$KGQ" classifier predict --model "$T/c" --images "$T/none-idx"
err_has "$T/none-idx"
head -c 300000 "$T/c" > "$T/cut"
check 1 "$KGQ" classifier predict --model "$T/cut" --images "$T/four-idx"
err_has "$T/cut: error: byte 300000"
: > "$T/empty.tsv"
check 1 "$KGQ" train "$T/fam" --model transe --valid "$T/empty.tsv"
err_has "$T/empty.tsv"
check 0 "$KGQ" export "$T/fam" --output ntriples
out_has '<kg:abel> <kg:parent> <kg:adam> .'

# A disk that is full (here: a file that may not grow) fails the import and leaves the database as it was.
awk 'BEGIN { for (i = 0; i < 60000; i++) printf "node%d\tnext\tnode%d\n", i, i + 1 }' > "$T/big.tsv"
"$KGQ" export "$T/db" --quiet > "$T/before"
check 3 bash -c 'ulimit -f 512; exec "$0" import "$1" "$2"' "$KGQ" "$T/db" "$T/big.tsv"
"$KGQ" export "$T/db" --quiet | cmp - "$T/before" || fail "an import into a full disk changed the database"

# On a terminal, progress is gone before a result is printed. What stands behind the last erasing of a line is seen.
if command -v script > /dev/null; then
    for command in "check '$T/db'" "export '$T/fam'" "link '$T/fam' --text 'abel and cain'"; do
        eval "'$KGQ' $command" > "$T/piped" 2> /dev/null
        script -qec "'$KGQ' $command" /dev/null < /dev/null | tr -d '\r' | sed "s/.*$(printf '\033')\[K//" |
            grep -v '^exported ' > "$T/seen"
        cmp -s "$T/piped" "$T/seen" || fail "progress among the results of $command: $(head -c 300 "$T/seen")"
    done
fi

# Results that cannot be written are the machine's failure.
[ ! -e /dev/full ] || { check 3 bash -c '"$0" export "$1" > /dev/full' "$KGQ" "$T/db"; }
check 0 "$KGQ" check "$T/db"
check 0 "$KGQ" backup "$T/db" "$T/copy"
check 0 "$KGQ" check "$T/copy"
check 0 "$KGQ" compact "$T/copy"
"$KGQ" export "$T/copy" --quiet | cmp - "$T/before" || fail "backup or compact changed what is in the database"
finish
