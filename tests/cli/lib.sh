# lib.sh - sourced by the cli tests: a temporary folder, and checks that name what went wrong.
set -u
T=$(mktemp -d "${TMPDIR:-/tmp}/kgq-cli-XXXXXX")
trap 'rm -rf "$T"' EXIT
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}
# check CODE COMMAND...: runs it, stdout to $T/out, stderr to $T/err; its exit code must be CODE.
check() {
    local wanted=$1 got=0
    shift
    "$@" > "$T/out" 2> "$T/err" < /dev/null || got=$?
    [ "$got" = "$wanted" ] || {
        fail "exit code $got, expected $wanted: $*"
        sed 's/^/    /' "$T/err" | head -20
    }
}
# The last command's stdout is exactly this text; its stdout or stderr has these words.
out_is() { [ "$(cat "$T/out")" = "$1" ] || { fail "stdout is \"$(head -c 600 "$T/out")\", expected \"$1\""; }; }
out_has() { grep -qF -- "$1" "$T/out" || { fail "stdout has no \"$1\": $(head -c 600 "$T/out")"; }; }
err_has() { grep -qF -- "$1" "$T/err" || { fail "stderr has no \"$1\": $(head -c 600 "$T/err")"; }; }
finish() {
    [ "$failures" = 0 ] || { echo "$failures checks failed"; exit 1; }
    echo "all checks passed"
}
