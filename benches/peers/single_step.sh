#!/usr/bin/env bash
# Breeding values of a simulated flock (10,000 in the pedigree, 2,000 genotyped) by pedigree, by genotypes and by both in
# a single step: accuracy (correlation with the true values) of the youngest, without records, ungenotyped and genotyped.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
seeds="${SEEDS:-1 2 3 4 5 6 7 8 9 10}"
single_step="${SINGLE_STEP:-$repository/target/release/examples/single_step}" # cargo build --release --example single_step

printf 'seed\tgenotyped: single-step\tpedigree\tgenotypes\tungenotyped: single-step\tpedigree\th2 single-step\tpedigree\tgenotypes\tCPU s\n'
for seed in $seeds; do
  python3 "$repository/benches/peers/flock.py" "$seed"
  seconds=$( { /usr/bin/time -f '%U' "$single_step" pedigree.tsv flock.bed phenotypes.tsv values.tsv; } 2>&1 | tail -1)
  python3 - "$seed" "$seconds" <<'SCORE'
import csv, sys
import numpy as np
truth = {row["id"]: row for row in csv.DictReader(open("truth.tsv"), delimiter="\t")}
lines = [line.rstrip("\n").split("\t") for line in open("values.tsv")]
head, rows = lines[0], {row[0]: row for row in lines[1:]}
def accuracy(column, typed):
    young = [own for own, row in truth.items() if row["generation"] == "9" and row["genotyped"] == typed]
    return np.corrcoef([float(truth[own]["value"]) for own in young], [float(rows[own][column]) for own in young])[0, 1]
found = [accuracy(3, "1"), accuracy(2, "1"), accuracy(4, "1"), accuracy(3, "0"), accuracy(2, "0")]
print(sys.argv[1], *(f"{r:.3f}" for r in found), head[6], head[5], head[7], sys.argv[2], sep="\t", flush=True)
SCORE
done
