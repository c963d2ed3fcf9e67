#!/usr/bin/env bash
# The sessions of the README and of docs/explaining.md really run: their commands, typed in a copy of the samples, print
# what stands there. With the arguments `print FILE` it writes the session as it is now, for that file.
. "$(dirname "$0")/lib.sh"
mkdir -p "$T/bin"
ln -s "$KGQ" "$T/bin/kgq"
PATH=$T/bin:$PATH

session() { awk '/^```console$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$KGQ_SOURCE/$1"; }
# Times and dates differ from run to run.
timeless() { sed -E 's/[0-9]+\.[0-9]+ (loading|deriving|storing)/N \1/g; s/[0-9]+\.[0-9]+ s/N s/g; s/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC/DATE/g; s/ +$//'; }
# run_session FILE: in a folder of its own; a command that is to fail says so: `; echo "exit code $?"`.
run_session() {
    mkdir -p "$T/$1.work/datasets"
    cp -r "$KGQ_SOURCE/datasets/samples" "$T/$1.work/datasets/"
    while IFS= read -r command; do
        printf '$ %s\n' "$command"
        (cd "$T/$1.work" && bash -c "$command" 2>&1 < /dev/null) || fail "exit code $?: $command"
    done < <(session "$1" | sed -n 's/^\$ //p')
}
if [ "${1:-}" = print ]; then
    run_session "$2"
    exit 0
fi
for file in README.md docs/explaining.md; do
    [ -n "$(session "$file")" ] || fail "$file has no session"
    run_session "$file" > "$T/ran"
    diff <(session "$file" | timeless) <(timeless < "$T/ran") || fail "the session of $file prints something else"
done
finish
