#!/usr/bin/env bash
# peak_memory.sh COMMAND...: runs it, standard input and output being its own, and says on stderr how much anonymous and
# shared memory it had at most (RssAnon + RssShmem; pages of files it maps, which the system takes back, are not in),
# and with them (VmRSS).
set -uo pipefail
"$@" <&0 &
pid=$!
anonymous=0 resident=0
while [ -e "/proc/$pid/status" ]; do
    read -r a r < <(awk '/^Rss(Anon|Shmem):/ { a += $2 } /^VmRSS:/ { r = $2 } END { print a + 0, r + 0 }' "/proc/$pid/status" 2> /dev/null)
    anonymous=$((${a:-0} > anonymous ? a : anonymous)) resident=$((${r:-0} > resident ? r : resident))
    kill -0 "$pid" 2> /dev/null && grep -qs '^State:.*Z' "/proc/$pid/status" && break
    sleep 0.1
done
wait "$pid"
code=$?
echo "at most $((anonymous / 1024)) MiB of memory, $((resident / 1024)) MiB with mapped files; exit $code" >&2
exit $code
