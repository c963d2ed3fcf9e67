#!/usr/bin/env bash
# format.sh SOURCE: every C file is as clang-format (.clang-format) would write it. Skipped where there is no clang-format
# of the version that Debian 12 has, as others differ in details.
cd "$1" || exit 1
command -v clang-format > /dev/null && clang-format --version | grep -q 'version 14\.' ||
    { echo "SKIPPED: clang-format 14 is not installed"; exit 77; }
find base kg reasoner nn embed insight datasets cli tests -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run --Werror --ferror-limit=3
