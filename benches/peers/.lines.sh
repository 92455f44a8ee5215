#!/usr/bin/env bash
# Imputation beside Beagle: a real panel with 100 people left out (array sites), low coverage, and inbred lines with
# calls hidden by several masks. Accuracy by allele frequency on the same masks, and medians of five interleaved runs. RUNS sets how many.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
peers="$repository/benches/peers"
set_="$data/impute_1kg_chr21"
runs="${RUNS:-5}"
seed="${SEED:-21}" # of the draw of people; the method was tuned on 21
threads="${THREADS:-2}"

# timed NAME COMMAND...: one line of wall and CPU seconds and MiB to NAME.times.
timed() {
  local name="$1"; shift
  /usr/bin/time -a -o "$name.times" -f '%e %U %S %M' "$@" > "$name.log" 2>&1
}

# medians OURS THEIRS: wall, CPU and memory of both, and their ratios.
medians() {
  python3 - "$1" "$2" <<'PYTHON'
import statistics, sys
def read(name):
    rows = [[float(x) for x in line.split()] for line in open(name + ".times")]
    return [statistics.median(v) for v in ([r[0] for r in rows], [r[1] + r[2] for r in rows], [r[3] / 1024 for r in rows])]
ours, theirs = map(read, sys.argv[1:])
for what, a, b in zip(("wall s", "CPU s", "MiB"), ours, theirs):
    print(f"{what}\tLandrace {a:.2f}\tBeagle {b:.2f}\tratio {a / b:.3f}")
PYTHON
}

# race NAME PROGRAM-OPTIONS: both programs by turns; `ours` and `theirs` are arrays.
race() {
  rm -f "$1.ours.times" "$1.theirs.times"
  for _ in $(seq "$runs"); do
    timed "$1.ours" "${ours[@]}"
    timed "$1.theirs" "${theirs[@]}"
  done
  medians "$1.ours" "$1.theirs"
}

# pooled MASK FILE: records with the mask's number before the name of the contig.
pooled() { zcat -f "$2" | awk -v mask="$1" '/^#/ { next } { print mask "_" $0 }'; }

# lines NAME IN CONTIG: 5% of the calls hidden, several times over, both programs.
lines() {
  "$landrace" convert -q "$2" -o "$1.vcf.gz"
  rm -f "$1".pool.*
  for mask in ${MASKS:-5 11 12 13}; do
    python3 "$peers/mask_genotypes.py" "$1.vcf.gz" 0.05 "$mask" "$1.masked.vcf" "$1.hidden.tsv" $3
    bgzip -f "$1.masked.vcf"
    ours=("$landrace" impute -q -t "$threads" "$1.masked.vcf.gz" --method haplotype --inbred --check 0 -o "ours.$1.vcf.gz")
    theirs=(beagle gt="$1.masked.vcf.gz" out="theirs.$1" nthreads="$threads")
    race "$1"
    pooled "$mask" "$1.hidden.tsv" >> "$1.pool.hidden.tsv"
    pooled "$mask" "$1.masked.vcf.gz" >> "$1.pool.masked.vcf"
    for program in ours theirs; do pooled "$mask" "$program.$1.vcf.gz" >> "$1.pool.$program.vcf"; done
  done
  python3 "$peers/score_imputation.py" "$1.pool.hidden.tsv" "$1.pool.masked.vcf" - \
    Landrace="$1.pool.ours.vcf" Beagle="$1.pool.theirs.vcf"
}
runs="${LINE_RUNS:-1}"
echo "== maize lines, 5% of the calls hidden"
lines maize "$data/maize_mdp281/mdp_genotype.hmp.txt.gz" ""
echo "== rice lines, chromosome 12, 5% of the calls hidden"
lines rice "$data/rice44k_374/rice44k.bed.gz" 12
