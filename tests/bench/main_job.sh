#!/usr/bin/env bash
# main_job.sh [KGQ [SHARED]]: times the main job on WordNet, two embeddings and MNIST, and prints lines for results.csv:
#   date,benchmark,figure,unit,processor,compiler,OPENBLAS_CORETYPE,load,commit
# Each figure is the median of three runs, but for trainings, which run once.
set -euo pipefail
cd "$(dirname "$0")/../.."
K=${1:-build/release/cli/kgq}
S=${2:-../shared}/data
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT

processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
compiler=$(cc --version | head -n 1)
commit=$(git rev-parse --short HEAD)
line() { # benchmark figure unit
    printf '%s,%s,%s,%s,%s,%s,%s,%s,%s\n' "$(date -u +%F)" "$1" "$2" "$3" "$processor x$(nproc)" "${compiler//,/}" \
        "${OPENBLAS_CORETYPE:-unset}" "$(cut -d' ' -f1 /proc/loadavg)" "$commit"
}
seconds() { local from; from=$(date +%s.%N); "$@" > "$T/out" 2> "$T/err"; awk -v a="$from" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f\n", b - a }'; }
median() { sort -n | sed -n 2p; }

line "import wordnet triples.tsv.gz (353061)" "$(for i in 1 2 3; do rm -rf "$T/db"; seconds "$K" import "$T/db" $S/kg/wordnet/triples.tsv.gz; done | median)" s
line "reason wordnet.rls (1991068 derived)" "$(for i in 1 2 3; do seconds "$K" reason "$T/db" -r datasets/samples/wordnet.rls; done | median)" s
line "query count is_a (778320)" "$("$K" query "$T/db" 'SELECT (COUNT(*) AS ?n) { ?x :is_a ?y }' --repeat 9 2>&1 > /dev/null | sed 's/median \([0-9.]*\) ms.*/\1/')" ms
for set in UMLS CoDEx-S; do
    rm -rf "$T/kge"
    "$K" import "$T/kge" $S/kge/$set/train.tsv.gz --quiet
    line "train transe $set" "$(seconds "$K" train "$T/kge" --model transe --name t)" s
    line "evaluate transe $set" "$("$K" evaluate "$T/kge" --name t --test $S/kge/$set/test.tsv.gz --known $S/kge/$set/valid.tsv.gz --output json | sed 's/{"mrr":\([0-9.]*\).*/\1/')" "test MRR"
done
M=$S/nn/mnist
line "classifier train seed-cnn MNIST 5 epochs" "$(seconds "$K" classifier train -o "$T/m" --images $M/train-images-idx3-ubyte.gz --labels $M/train-labels-idx1-ubyte.gz)" s
line "classifier evaluate seed-cnn MNIST" "$("$K" classifier evaluate --model "$T/m" --images $M/t10k-images-idx3-ubyte.gz --labels $M/t10k-labels-idx1-ubyte.gz --output json | sed 's/{"accuracy":\([0-9.]*\).*/\1/')" "test accuracy"
