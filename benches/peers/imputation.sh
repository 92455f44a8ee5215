#!/usr/bin/env bash
# Imputation beside Beagle: a real panel with 100 people left out (array sites), low coverage, and inbred lines with
# calls hidden by several masks. Accuracy by allele frequency on the same masks, and medians of five interleaved runs. RUNS sets how many.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
peers="$repository/benches/peers"
set_="$data/impute_1kg_chr21"
runs="${RUNS:-5}"
seed="${SEED:-21}" # of the draw of people; the method was tuned on 21
threads="${THREADS:-2}"

# Everyone of a fixed draw leaves the panel.
bcftools query -l "$set_/panel_3199.bcf" > all.txt
python3 -c 'import random, sys; names = open("all.txt").read().split(); random.seed(int(sys.argv[1]))
print("\n".join(names[i] for i in sorted(random.sample(range(len(names)), 100))))' "$seed" > left_out.txt
bcftools view -S ^left_out.txt "$set_/panel_3199.bcf" -Oz -o panel.vcf.gz
bcftools view -S left_out.txt "$set_/panel_3199.bcf" -Oz -o truth.vcf.gz
tr ':' '\t' < "$set_/snp6_array_sites.tsv" > array.tsv
bcftools view -T array.tsv truth.vcf.gz | sed 's/|/\//g; s#1/0#0/1#g' | bgzip > array.vcf.gz
# Beagle refuses a missing call that is written with one dot.
bcftools view -T array.tsv -e 'GT="mis"' "$set_/NA12878_30x_truth.vcf.gz" -Oz -o na12878.vcf.gz

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

echo "== 100 people left out of the panel, at the sites of an array"
ours=("$landrace" impute -q -t "$threads" array.vcf.gz --reference-panel panel.vcf.gz -o ours.array.vcf.gz)
theirs=(beagle gt=array.vcf.gz ref=panel.vcf.gz out=theirs.array nthreads="$threads")
race array
python3 "$peers/score_imputation.py" truth.vcf.gz panel.vcf.gz array.tsv Landrace=ours.array.vcf.gz Beagle=theirs.array.vcf.gz

echo "== NA12878 at the same sites, beside her 30x genotypes"
"$landrace" impute -q na12878.vcf.gz --reference-panel panel.vcf.gz -o ours.na.vcf.gz
beagle gt=na12878.vcf.gz ref=panel.vcf.gz out=theirs.na nthreads="$threads" > theirs.na.log
python3 "$peers/score_imputation.py" "$set_/NA12878_30x_truth.vcf.gz" panel.vcf.gz array.tsv Landrace=ours.na.vcf.gz Beagle=theirs.na.vcf.gz

echo "== likelihoods of 1x, simulated of the people left out; and NA12878's own (each call's likeliest genotype beside)"
python3 "$peers/simulate_low_coverage.py" truth.vcf.gz 1 7 | bgzip > low.vcf.gz
timed low.ours "$landrace" impute -q -t "$threads" low.vcf.gz --likelihoods --check 0 --reference-panel panel.vcf.gz -o ours.low.vcf.gz
awk '{ printf "wall %s s, CPU %.1f s\n", $1, $2 + $3 }' low.ours.times
python3 "$peers/score_imputation.py" truth.vcf.gz panel.vcf.gz - Landrace=ours.low.vcf.gz
"$landrace" impute -q "$set_/NA12878_1x_PL.vcf.gz" --likelihoods --check 0 --reference-panel panel.vcf.gz -o ours.na1x.vcf.gz
python3 "$peers/score_imputation.py" "$set_/NA12878_30x_truth.vcf.gz" panel.vcf.gz - Landrace=ours.na1x.vcf.gz calls="$set_/NA12878_1x_PL.vcf.gz"

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
