#!/usr/bin/env bash
# A few rounds of tests/bench/kill_many.sh, each time with another seed, which is printed. KGQ_KILLS, KGQ_KILL_SEED: how
# many, and which seed.
exec bash "$(dirname "$0")/../bench/kill_many.sh" "${KGQ_KILLS:-16}" ${KGQ_KILL_SEED:+"$KGQ_KILL_SEED"}
