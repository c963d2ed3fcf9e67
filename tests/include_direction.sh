#!/usr/bin/env bash
# include_direction.sh SOURCE_DIR - every #include "room/..." goes only where the house allows: down, and from one room
# into another only through the public header. First it plants bad includes in a copy and expects to find them.
set -euo pipefail
source_dir=${1:?usage: include_direction.sh SOURCE_DIR}

declare -A may_include=(
    [base]=""
    [kg]="base"
    [reasoner]="kg base"
    [nn]="base"
    [datasets]="base"
    [embed]="nn kg base"
    [insight]="embed reasoner kg nn base"
    [cli]="insight embed reasoner kg nn datasets base"
)
rooms="${!may_include[*]}"

# check TREE: prints each bad include as file:line: reason; fails when there is one.
check()
{
    local tree=$1 faults=0 room file line text target
    for room in $rooms; do
        [[ -d $tree/$room ]] || continue
        while IFS=: read -r file line text; do
            [[ $text =~ ^[[:space:]]*#[[:space:]]*include[[:space:]]*[\<\"](kgq/)?(([a-z]+)/[^\>\"]*)[\>\"] ]] || continue
            local path=${BASH_REMATCH[2]}
            target=${BASH_REMATCH[3]}
            [[ -v may_include[$target] && $target != "$room" ]] || continue
            if [[ " ${may_include[$room]} " != *" $target "* ]]; then
                echo "${file#"$tree"/}:$line: $room/ may not include $target/ (only: ${may_include[$room]:-itself})"
                faults=$((faults + 1))
            elif [[ $path != "$target/$target.h" ]] ; then
                echo "${file#"$tree"/}:$line: $path is private to $target/; include $target/$target.h"
                faults=$((faults + 1))
            fi
        done < <(grep -rnHE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' "$tree/$room" || true)
    done
    [[ $faults -eq 0 ]]
}

# expect_caught FILE INCLUDE: a copy of the rooms with that line added to that file must fail.
expect_caught()
{
    local copy
    copy=$(mktemp -d)
    for room in $rooms; do
        if [[ -d $source_dir/$room ]]; then
            (cd "$source_dir" && find "$room" -name '*.[ch]' -exec cp --parents -t "$copy" {} +)
        fi
    done
    mkdir -p "$copy/$(dirname "$1")"
    printf '%s\n' "$2" >> "$copy/$1"
    if found=$(check "$copy") || ! grep -qF "$1:" <<< "$found"; then
        rm -rf "$copy"
        echo "the check itself is broken: it did not see $2 in $1"
        exit 1
    fi
    rm -rf "$copy"
}

expect_caught base/planted.c '#include "kg/kg.h"'
expect_caught kg/planted.c '#include "nn/nn.h"'
expect_caught kg/sparql/planted.c '  #  include <kgq/reasoner/reasoner.h>'
expect_caught reasoner/planted.h '#include "embed/embed.h"'
expect_caught nn/planted.c '#include "kg/kg.h"'
expect_caught datasets/planted.c '#include "kg/kg.h"'
expect_caught embed/planted.c '#include "reasoner/reasoner.h"'
expect_caught insight/planted.c '#include "cli/cli.h"'
expect_caught cli/planted.c '#include "kg/store.h"'
expect_caught embed/planted.c '#include "base/text.h"'

check "$source_dir" && echo "every include points down"
