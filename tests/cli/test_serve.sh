#!/usr/bin/env bash
# kgq serve: the protocol, formats, status codes, hostile clients, many at once, SERVICE between two servers, the end.
. "$(dirname "$0")/lib.sh"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
servers=()
trap 'for pid in "${servers[@]}"; do kill -9 "$pid" 2> /dev/null; done; rm -rf "$T"' EXIT

# start NAME ARGUMENTS...: serves, on a port of its own; $NAME is its address, $NAME_pid the process.
start() {
    local name=$1 address i
    shift
    rm -f "$T/$name.err"
    "$KGQ" serve "$@" --listen 127.0.0.1:0 > "$T/$name.out" 2> "$T/$name.err" < /dev/null &
    local pid=$!
    servers+=("$pid")
    for i in $(seq 200); do
        address=$(sed -n 's/^listening on //p' "$T/$name.err" 2> /dev/null)
        [ -n "$address" ] && break
        sleep 0.05
    done
    [ -n "$address" ] || { cat "$T/$name.err"; fail "$name did not start"; finish; }
    printf -v "$name" %s "$address"
    printf -v "${name}_pid" %s "$pid"
}
# stop PID SIGNAL: it ends with 0.
stop() {
    local got=0
    kill "-$2" "$1"
    wait "$1" || got=$?
    [ "$got" = 0 ] || fail "exit code $got after SIG$2"
}
# ask CODE CURL-ARGUMENTS...: the body in $T/out, the headers in $T/headers.
ask() {
    local wanted=$1 got
    shift
    got=$(curl -sS --max-time 60 -o "$T/out" -D "$T/headers" -w '%{http_code}' "$@" 2> "$T/err")
    [ "$got" = "$wanted" ] || fail "HTTP $got, expected $wanted: $* $(head -c 300 "$T/out" "$T/err")"
}
header_has() { tr -d '\r' < "$T/headers" | grep -qiF -- "$1" || fail "no header \"$1\": $(cat "$T/headers")"; }
header_lacks() { grep -qiF -- "$1" "$T/headers" && fail "header \"$1\": $(cat "$T/headers")"; }
q() { ask "$1" -G "$A" --data-urlencode "query=$2" "${@:3}"; }

awk 'BEGIN { for (i = 0; i < 8000; i++) printf "n%d\tnext\tn%d\nn%d\tname\t\"number %d, %s\"\n", i, i + 1, i, i, "é" }' > "$T/data.tsv"
check 0 "$KGQ" import "$T/db" "$T/data.tsv"
printf '<kg:x> <kg:in> <kg:g> .\n' > "$T/g.nt"
check 0 "$KGQ" import "$T/db" "$T/g.nt" --graph g
start A "$T/db" --threads 2 --timeout 600

# Three ways to ask.
q 200 'SELECT ?o { :n1 :next ?o }'
[ "$(tr -d '\n' < "$T/out")" = '{"head":{"vars":["o"]},"results":{"bindings":[{"o":{"type":"uri","value":"kg:n2"}}]}}' ] || fail "JSON: $(cat "$T/out")"
header_has 'Content-Type: application/sparql-results+json'
header_has 'Content-Length: '
header_lacks 'Access-Control-Allow-Origin'
ask 200 "$A" --data-urlencode 'query=ASK { :n1 :next :n2 }'
out_has '"boolean":true'
ask 200 "$A" -H 'Content-Type: application/sparql-query; charset=utf-8' --data-binary 'ASK { :n1 :name "number 1, é" }'
out_has '"boolean":true'
ask 200 "$A" -H 'Content-Type: application/sparql-query' --data-binary 'ASK { :n1 :next "x" }' -H 'Transfer-Encoding: chunked'
out_has '"boolean":false'

# Formats.
for type in application/sparql-results+json application/sparql-results+xml text/csv text/tab-separated-values; do
    q 200 'SELECT ?o { :n1 :next ?o }' -H "Accept: $type"
    header_has "Content-Type: $type"
done
out_is "$(printf '?o\n<kg:n2>')"
q 200 'SELECT ?o { :n1 :next ?o }' -H 'Accept: text/html, text/csv;q=0.5, */*;q=0.1'
[ "$(tr -d '\r' < "$T/out")" = "$(printf 'o\nkg:n2')" ] || fail "CSV: $(cat "$T/out")"
q 200 'CONSTRUCT { ?s :back ?o } { ?o :next ?s . FILTER(?s = :n7) }'
header_has 'Content-Type: text/turtle'
q 200 'CONSTRUCT { ?s :back ?o } { ?o :next ?s . FILTER(?s = :n7) }' -H 'Accept: application/n-triples'
out_is '<kg:n7> <kg:back> <kg:n6> .'
q 406 'SELECT ?o { :n1 :next ?o }' -H 'Accept: image/png'
out_has 'text/csv'
q 406 'DESCRIBE :n1' -H 'Accept: text/csv'

# The dataset may come with the request.
q 200 'SELECT ?s { ?s :in ?o }' --data-urlencode 'default-graph-uri=kg:g' -H 'Accept: text/csv'
out_has 'kg:x'
q 200 'SELECT ?s FROM <kg:none> { GRAPH ?g { ?s :in ?o } }' --data-urlencode 'named-graph-uri=kg:g' -H 'Accept: text/csv'
out_has 'kg:x'
q 400 'ASK { }' --data-urlencode 'default-graph-uri=no iri'

# No.
q 400 'SELECT ?o { :n1 :next ?o'
out_has '<query>:1:25: error:'
out_has '^'
header_has 'Content-Type: text/plain'
q 400 'SELECT ?o { :n1 skso:next ?o }'
out_has "unknown prefix 'skso:'"
q 400 'INSERT DATA { :a :b :c }'
q 400 'SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }'
out_has 'SERVICE is not allowed here'
ask 400 "$A?query=%zz"
out_has 'not encoded'
ask 400 "$A?query=ASK%7B%7D%00"
ask 400 "$A?query=%ff%fe"
out_has 'not UTF-8'
ask 400 "$A?other=1"
ask 400 "$A?query=ASK%7B%7D&query=ASK%7B%7D"
ask 400 -X POST "$A" -H 'Content-Type: application/x-www-form-urlencoded' --data ''
ask 400 "$A?update=CLEAR+ALL"
ask 403 "$A" --data-urlencode 'update=CLEAR ALL'
out_has -- '--writable'
ask 415 "$A" -H 'Content-Type: text/plain' --data 'ASK { }'
ask 415 "$A" -H 'Content-Type: application/sparql-query; charset=latin1' --data 'ASK { }'
ask 405 -X PUT "$A" --data x
header_has 'Allow: GET, HEAD, POST, OPTIONS'
ask 405 -X DELETE "$A"
ask 404 "${A%sparql}other"
ask 200 "${A%sparql}"
ask 204 -X OPTIONS "$A"
ask 200 -I "$A?query=ASK%7B%7D"

# A name that is not ours is a page's of another site that had its name changed.
ask 403 "$A?query=ASK%7B%7D" -H 'Host: evil.example'
ask 200 "$A?query=ASK%7B%7D" -H 'Host: localhost:1234'

# What it is.
ask 200 "$A"
header_has 'Content-Type: text/turtle'
out_has 'sd:supportedLanguage sd:SPARQL11Query ;'
sed "s|<>|<urn:self>|" "$T/out" > "$T/sd.ttl"
check 0 "$KGQ" import "$T/sd" "$T/sd.ttl"

# Bodies that are too large: told by their length, or found out.
head -c 20000000 /dev/zero | tr '\0' a > "$T/huge"
ask 413 "$A" -H 'Content-Type: application/sparql-query' --data-binary "@$T/huge" -H 'Expect:'
ask 413 "$A" -H 'Content-Type: application/sparql-query' --data-binary "@$T/huge" -H 'Transfer-Encoding: chunked'
out_has 'too large'

# A large answer is sent in pieces, whole, to a slow client too.
q 200 'SELECT ?a ?b ?n { ?a :next ?b ; :name ?n } ORDER BY ?n' -H 'Accept: text/csv' --limit-rate 400k
header_has 'Transfer-Encoding: chunked'
[ "$(wc -l < "$T/out")" = 8001 ] || fail "a large answer has $(wc -l < "$T/out") lines"

# Fifty at once, with their answers.
for i in $(seq 50); do
    curl -sS --max-time 60 -G "$A" -H 'Accept: text/csv' -o "$T/par.$i" \
        --data-urlencode "query=SELECT (COUNT(*) AS ?n) { ?x :name ?a ; :next ?b FILTER(CONTAINS(?a, '$i')) }" &
    pids[i]=$!
done
wait "${pids[@]}"
for i in 1 25 50; do
    wanted=$("$KGQ" query "$T/db" --output csv "SELECT (COUNT(*) AS ?n) { ?x :name ?a ; :next ?b FILTER(CONTAINS(?a, '$i')) }")
    [ "$(cat "$T/par.$i")" = "$wanted" ] || fail "of fifty at once, $i answered: $(cat "$T/par.$i")"
done
[ "$(cat "$T"/par.* | tr -d '\r' | grep -c '^[0-9]')" = 50 ] || fail "not all of fifty at once were answered"

# Nonsense, half requests and those who leave do no harm.
port=${A##*:}; port=${port%/sparql}
for bytes in 'nonsense\r\n\r\n' 'GET /sparql' 'POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n' \
    'POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\nContent-Length: 100\r\n\r\nASK {'; do
    printf "$bytes" | timeout 2 bash -c "cat > /dev/tcp/127.0.0.1/$port" 2> /dev/null
done
slow='SELECT (COUNT(*) AS ?n) { ?a :name ?x . ?b :name ?y . ?c :name ?z FILTER(CONTAINS(CONCAT(?x, ?y), ?z)) }'
for i in 1 2 3 4 5 6; do
    curl -sS --max-time 0.5 -G "$A" --data-urlencode "query=$slow" > /dev/null 2>&1
done
q 200 'ASK { :n1 :next :n2 }'
grep -q true "$T/out" || fail "those who left are still worked for"
stop "$A_pid" TERM

# Time, memory, turns.
start A "$T/db" --timeout 0.7 --threads 1 --max-waiting 2 --cors http://page.example
q 503 "$slow"
out_has 'stopped'
header_has 'Retry-After'
header_has 'Access-Control-Allow-Origin: http://page.example'
for i in 1 2 3 4 5 6 7 8; do
    curl -sS -o /dev/null -w '%{http_code} ' --max-time 10 -G "$A" --data-urlencode "query=$slow" >> "$T/codes" &
    pids[i]=$!
done
wait "${pids[@]:1:8}"
grep -q '^\(503 \)*$' "$T/codes" || fail "of eight that take too long: $(cat "$T/codes")"
q 200 'ASK { :n1 :next :n2 }'
# It stops while a request runs.
curl -sS -o /dev/null --max-time 10 -G "$A" --data-urlencode "query=$slow" 2> /dev/null &
sleep 0.2
stop "$A_pid" INT

# More than may wait are sent away at once, and those who leave make room.
start A "$T/db" --timeout 60 --threads 1 --max-waiting 1
for i in 1 2; do
    curl -sS -o /dev/null --max-time 60 -G "$A" --data-urlencode "query=$slow" 2> /dev/null &
    pids[i]=$!
    sleep 0.5
done
SECONDS=0
q 503 'ASK { }'
header_has 'Retry-After'
[ "$SECONDS" -lt 10 ] || fail "sent away after $SECONDS seconds"
kill "${pids[1]}" "${pids[2]}"
wait "${pids[1]}" "${pids[2]}" 2> /dev/null
for i in $(seq 100); do
    curl -sSf --max-time 10 -o /dev/null -G "$A" --data-urlencode 'query=ASK { }' 2> /dev/null && break
    sleep 0.1
done
q 200 'ASK { }'
stop "$A_pid" TERM

# Updates.
start W "$T/db" --writable
ask 200 "$W" --data-urlencode 'update=INSERT DATA { :new :next :n0 }'
out_is 'inserted 1, deleted 0 triples'
ask 200 "$W" -H 'Content-Type: application/sparql-update' --data-binary 'DELETE { ?s :next :n0 } INSERT { ?s :was :n0 } WHERE { ?s :next :n0 }'
out_is 'inserted 1, deleted 1 triples'
ask 200 -G "$W" --data-urlencode 'query=ASK { :new :was :n0 }'
out_has true
ask 200 "$W" --data-urlencode 'update=INSERT { ?s :copied true } WHERE { ?s :in ?o }' --data-urlencode 'using-graph-uri=kg:g'
out_is 'inserted 1, deleted 0 triples'
ask 400 "$W" --data-urlencode 'update=INSERT { ?s :c 1 } USING <kg:g> WHERE { ?s :in ?o }' --data-urlencode 'using-graph-uri=kg:g'
ask 400 "$W" --data-urlencode 'update=INSERT DATA { :a'
ask 400 "$W" --data-urlencode 'update=LOAD <file:///etc/passwd>'
out_has 'LOAD is not allowed here'
ask 403 "$W" --data-urlencode 'update=CLEAR ALL' -H 'Origin: http://evil.example'
ask 200 "$W" --data-urlencode 'update=INSERT DATA { :a :b :c }' -H "Origin: ${W%/sparql}"
ask 200 "$W"
out_has 'sd:SPARQL11Update'
stop "$W_pid" TERM
check 0 "$KGQ" check "$T/db"
check 0 "$KGQ" query "$T/db" 'ASK { :a :b :c }'
out_has true

# SERVICE between two.
printf 'n5\tlabel\t"five"\nn6\tlabel\t"six"@en\nn5\tlabel\t_:b\n' > "$T/there.tsv"
check 0 "$KGQ" import "$T/there" "$T/there.tsv"
start B "$T/there"
start A "$T/db" --allow-service
q 200 "SELECT ?s ?l { ?s :next ?o SERVICE <$B> { ?o :label ?l FILTER(!isBlank(?l)) } } ORDER BY ?s" -H 'Accept: text/tab-separated-values'
out_is "$(printf '?s\t?l\n<kg:n4>\t"five"\n<kg:n5>\t"six"@en')"
check 0 "$KGQ" query "$T/db" "SELECT ?l { VALUES ?o { :n6 } SERVICE <$B> { ?o :label ?l } }"
out_is "$(printf '?l\n"six"@en')"
check 3 "$KGQ" query "$T/db" "SELECT ?l { SERVICE <$B?nonsense> { ?o :label ?l } SERVICE <${B}x> { ?a ?b ?c } }"
err_has 'HTTP status 404'
check 0 "$KGQ" query "$T/db" "ASK { SERVICE SILENT <http://127.0.0.1:1/> { ?a ?b ?c } }"
stop "$A_pid" TERM
start A "$T/db" --allow-service --memory 1
q 503 "SELECT ?s ?l { ?s :next ?o SERVICE <$B> { ?o :label ?l } }"
out_has 'it needs more than'
stop "$A_pid" TERM
stop "$B_pid" TERM

check 2 "$KGQ" serve "$T/db" --listen nowhere
err_has -- '--listen takes HOST:PORT'
check 2 "$KGQ" serve "$T/db" --listen 127.0.0.1:99999
check 1 "$KGQ" serve "$T/none"
finish
