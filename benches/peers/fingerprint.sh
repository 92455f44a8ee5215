#!/usr/bin/env bash
# Panels of fewest markers: the plain greedy choice beside landrace's search, on simulated varieties.
# Usage: fingerprint.sh [landrace] [runs]; needs python3 with numpy and GNU time.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
landrace=${1:-$here/../../target/release/landrace}
runs=${2:-5}
accessions=${ACCESSIONS:-1000} markers=${MARKERS:-5000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 "$here/fingerprint_panel.py" "$accessions" "$markers" "$work/inbred.vcf" 7 0.9
python3 "$here/fingerprint_panel.py" "$accessions" "$markers" "$work/outbred.vcf" 8 0.05
count() { grep -m1 "\"$2\"" "$1.summary.json" | tr -dc '0-9\n'; }
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

printf 'panel\td\tmethod\tmarkers\tbound\tlog_n\twall_s\tcpu_s\tpeak_MB\n'
for panel in inbred outbred; do
  for d in 1 3; do
    for run in $(seq "$runs"); do
      for method in greedy search; do
        /usr/bin/time -f '%e %U %S %M' -o "$work/time" "$landrace" fingerprint "$work/$panel.vcf" -d "$d" \
          --method "$method" --threads 2 --quiet -o "$work/$method.tsv"
        awk '{print $1, $2 + $3, $4 / 1024}' "$work/time" >> "$work/$panel.$d.$method"
      done
    done
    for method in greedy search; do
      out=$work/$method.tsv times=$work/$panel.$d.$method
      printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$panel" "$d" "$method" "$(count "$out" markers_chosen)" \
        "$(count "$out" lower_bound_markers)" "$(count "$out" counting_bound_markers)" \
        "$(cut -d' ' -f1 "$times" | median)" "$(cut -d' ' -f2 "$times" | median)" "$(cut -d' ' -f3 "$times" | median)"
    done
  done
done
