#!/usr/bin/env bash
# GBLUP of many samples without a relationship matrix (`predict --method streamed`): time and peak memory of
# 50,000 x 50,000, and on a small panel how far its values are from those of gblup. SAMPLES and VARIANTS make it smaller.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
python="${PYTHON:-python3}"
threads="${THREADS:-2}"

# panel NAME SAMPLES VARIANTS
panel() {
  [ -f "$1.pheno.tsv" ] && return
  plink2 --dummy "$2" "$3" acgt 0.01 --seed 2 --threads "$threads" --make-bed --out "$1" > /dev/null
  # Samples are named alike in .fam and table.
  $python "$repository/benches/peers/gwas_trait.py" "$1"
}

panel small 2000 20000
for method in gblup streamed; do
  "$landrace" predict -q -t "$threads" small.bed -p small.pheno.tsv -m "$method" -o "small.$method.tsv"
done
$python - <<'P'
import csv

import numpy as np

a, b = ([float(row["value"]) for row in csv.DictReader(open(f"small.{name}.tsv"), delimiter="\t")] for name in ("gblup", "streamed"))
print(f"2,000 x 20,000: correlation of the values with gblup's {np.corrcoef(a, b)[0, 1]:.6f}")
P
panel large "${SAMPLES:-50000}" "${VARIANTS:-50000}"
rm -f large.runs
for _ in $(seq "${RUNS:-1}"); do
  turn large "$landrace" predict -q -t "$threads" large.bed -p large.pheno.tsv -m streamed -o large.tsv
done
echo "${SAMPLES:-50000} x ${VARIANTS:-50000}: $(median large 1) s wall, $(median large 2) s CPU, $(median large 3) MiB"
