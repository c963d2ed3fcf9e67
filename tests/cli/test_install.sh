#!/usr/bin/env bash
# An installed kgq: a program outside the checkout finds headers and libraries through pkg-config and runs.
. "$(dirname "$0")/lib.sh"
if grep -q '^KGQ_SANITIZE:STRING=.' "$KGQ_BUILD/CMakeCache.txt"; then
    echo "SKIPPED: a sanitized build is not for installing"
    exit 77
fi
cmake --install "$KGQ_BUILD" --prefix "$T/usr" > "$T/log" 2>&1 || { cat "$T/log"; exit 1; }
[ -x "$T/usr/bin/kgq" ] || fail "no usr/bin/kgq"
cat > "$T/use.c" << 'C'
#include <kgq/base.h>
#include <kgq/datasets.h>
#include <kgq/embed.h>
#include <kgq/insight.h>
#include <kgq/kg.h>
#include <kgq/nn.h>
#include <kgq/reasoner.h>
int main(int argc, char **argv)
{
    (void)argc;
    BaseError err = {0};
    KgStore *store;
    if (kg_open(argv[1], &(KgOptions){.create = true}, &store, &err) != BASE_OK)
        return base_error_print(stderr, &err), 1;
    kg_close(store);
    return datasets_count() > 0 ? 0 : 1;
}
C
pc=$(find "$T/usr" -name kgq.pc)
sed -i "s|^prefix=.*|prefix=$T/usr|" "$pc"
export PKG_CONFIG_PATH=${pc%/kgq.pc}
check 0 cc -std=c17 -Wall -Werror "$T/use.c" -o "$T/use" $(pkg-config --cflags --libs kgq)
check 0 "$T/use" "$T/db"
check 0 "$T/usr/bin/kgq" check "$T/db"
finish
