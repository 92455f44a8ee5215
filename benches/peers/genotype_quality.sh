#!/usr/bin/env bash
# Counts, missingness, heterozygosity and Hardy-Weinberg of a .bed of 2,000 samples x 100,000 variants, 2 % missing:
# `landrace stats` beside `plink2 --freq --missing --hardy --het`. Medians of five interleaved runs.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

plink2 --dummy 2000 100000 0.02 --seed 1 --threads 1 --make-bed --out panel > /dev/null

run() { # name, command…: wall and CPU seconds
    local name=$1
    shift
    /usr/bin/env bash -c 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null 2>&1' run "$@" 2>> "$name.times"
}
for _ in 1 2 3 4 5; do
    run landrace "$landrace" stats panel.bed -t "$threads" -q -o ours
    run plink2 plink2 --bfile panel --threads "$threads" --freq --missing --hardy --het --out theirs
done
python3 - <<'PY'
import csv, math, statistics
def times(name):
    rows = [[float(x) for x in line.split()] for line in open(f"{name}.times")]
    return statistics.median(r[0] for r in rows), statistics.median(r[1] + r[2] for r in rows)
ours, theirs = times("landrace"), times("plink2")
print("program\twall\tcpu")
print(f"landrace stats\t{ours[0]:.2f}\t{ours[1]:.2f}")
print(f"plink2\t{theirs[0]:.2f}\t{theirs[1]:.2f}")
print(f"plink2 / landrace\t{theirs[0] / ours[0]:.2f}\t{theirs[1] / ours[1]:.2f}")
read = lambda path: list(csv.DictReader(open(path), delimiter="\t"))
a, freq, hardy, het = read("ours.variants.tsv"), read("theirs.afreq"), read("theirs.hardy"), read("theirs.het")
apart = lambda pairs: max(abs(x - y) for x, y in pairs)
print("largest difference of alternate frequency", apart((float(x["alternate_frequency"]), float(y["ALT_FREQS"])) for x, y in zip(a, freq)))
print("of log10 p", apart((math.log10(max(float(x["hwe_p"]), 1e-280)), math.log10(max(float(y["P"]), 1e-280))) for x, y in zip(a, hardy)))
print("of F", apart((float(x["inbreeding"]), float(y["F"])) for x, y in zip(read("ours.samples.tsv"), het)))
PY
