#!/usr/bin/env bash
# The README's session really runs: its commands, typed in a copy of the samples, print what stands there.
# With the argument `print` it writes the session as it is now, for the README.
. "$(dirname "$0")/lib.sh"
mkdir -p "$T/work/datasets" "$T/bin"
cp -r "$KGQ_SOURCE/datasets/samples" "$T/work/datasets/"
ln -s "$KGQ" "$T/bin/kgq"
PATH=$T/bin:$PATH
cd "$T/work" || exit 1

session=$(awk '/^```console$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$KGQ_SOURCE/README.md")
[ -n "$session" ] || fail "the README has no session"
# Times and dates differ from run to run.
timeless() { sed -E 's/[0-9]+\.[0-9]+ s/N s/g; s/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC/DATE/g; s/ +$//'; }
run_session() {
    while IFS= read -r command; do
        printf '$ %s\n' "$command"
        bash -c "$command" 2>&1 < /dev/null || fail "exit code $?: $command"
    done < <(printf '%s\n' "$session" | sed -n 's/^\$ //p')
}
if [ "${1:-}" = print ]; then
    run_session
    exit 0
fi
run_session > "$T/ran"
diff <(printf '%s\n' "$session" | timeless) <(timeless < "$T/ran") || fail "the README's session prints something else"
finish
