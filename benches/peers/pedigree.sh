#!/usr/bin/env bash
# Inbreeding and A⁻¹ of a million animals (COUNT): reading, checking, sorting and writing all results included.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
count="${COUNT:-1000000}"
runs="${RUNS:-3}"
for shape in wide deep families; do
  python3 "$repository/benches/peers/pedigree_million.py" "$shape" "$count" >"$shape.tsv"
done
for _ in $(seq "$runs"); do
  for shape in wide deep families; do
    turn "$shape" "$landrace" pedigree -q "$shape.tsv" -o "$shape.sorted.tsv" --inbreeding "$shape.f.tsv" --inverse "$shape.inverse.tsv"
  done
done
printf '%-12s %9s %9s %9s %10s %16s\n' pedigree wall_s cpu_s MiB mean_F triplets
for shape in wide deep families; do
  mean=$(python3 -c "import json; print(json.load(open('$shape.sorted.tsv.summary.json'))['counts']['mean_inbreeding'])")
  printf '%-12s %9.2f %9.2f %9.0f %10s %16s\n' "$shape" "$(median "$shape" 1)" "$(median "$shape" 2)" "$(median "$shape" 3)" "$mean" \
    "$(($(wc -l <"$shape.inverse.tsv") - 1))"
done
