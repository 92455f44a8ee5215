#!/usr/bin/env bash
# Genotype conversion and counting beside plink2: the same files, the same threads, runs interleaved, medians of five.
# Wall and CPU (user + system) seconds; ratios are plink2's over ours, so that above 1 we are faster.
#   benches/peers/genotypes.sh [convert] [counts] [memory]      THREADS=2 RUNS=5 BENCH_DIR=/some/folder
threads="${THREADS:-2}" runs="${RUNS:-5}"
export THREADS="$threads"
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
parts="${*:-convert counts memory}"

# rich SAMPLES VARIANTS SEED: a VCF of GT:DP:AD on standard output.
rich() {
  python3 - "$@" <<'PYTHON'
import random, sys
samples, variants, seed = map(int, sys.argv[1:4])
random.seed(seed)
cells = []
for _ in range(4096):
    p, depth = random.random(), random.randint(0, 40)
    if depth == 0 or random.random() < 0.02:
        cells.append(b"./.:0:0,0")
        continue
    gt = (random.random() < p) + (random.random() < p)
    alt = [0, random.randint(0, depth), depth][gt]
    cells.append(b"%s:%d:%d,%d" % ([b"0/0", b"0/1", b"1/1"][gt], depth, depth - alt, alt))
out = sys.stdout.buffer
for line in ("##fileformat=VCFv4.2", "##contig=<ID=1>",
             '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
             '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads">',
             '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">'):
    out.write(line.encode() + b"\n")
out.write(b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
out.write(b"".join(b"\ts%d" % s for s in range(samples)) + b"\n")
for v in range(variants):
    out.write(b"1\t%d\tsnp%d\tA\tG\t.\tPASS\t.\tGT:DP:AD\t" % (v + 1, v))
    out.write(b"\t".join(random.choices(cells, k=samples)) + b"\n")
PYTHON
}

# dummy NAME SAMPLES VARIANTS SEED EXPORT...: random genotypes, 2 % missing, by plink2.
dummy() {
  local name="$1" samples="$2" variants="$3" seed="$4"; shift 4
  plink2 --dummy "$samples" "$variants" acgt 0.02 --seed "$seed" --threads "$threads" "$@" --out "$name" > /dev/null
}

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# once FILE COMMAND...: appends wall, user and system seconds (to the millisecond) and the peak memory (KiB) of a run.
once() {
  local log="$1" TIMEFORMAT='%3R %3U %3S'; shift
  { time /usr/bin/time -o "$log.peak" -f '%M' "$@" > /dev/null 2> "$log.err"; } 2> "$log.seconds" ||
    { cat "$log.err" >&2; exit 1; }
  echo "$(cat "$log.seconds") $(tail -n 1 "$log.peak")" >> "$log"
}

# beside NAME OURS -- THEIRS: both commands, interleaved.
beside() {
  local name="$1"; shift
  local ours=() theirs=() seen=
  for word in "$@"; do
    if [[ "$word" == -- && -z "$seen" ]]; then seen=1; elif [[ -z "$seen" ]]; then ours+=("$word"); else theirs+=("$word"); fi
  done
  rm -f "$name.ours" "$name.theirs"
  for _ in $(seq "$runs"); do
    once "$name.ours" "${ours[@]}"
    once "$name.theirs" "${theirs[@]}"
  done
  local line="$name"
  for column in '{ print $1 }' '{ print $2 + $3 }'; do
    local a b
    a="$(awk "$column" "$name.ours" | median)" b="$(awk "$column" "$name.theirs" | median)"
    line+="$(awk -v a="$a" -v b="$b" 'BEGIN { printf "\t%.3f\t%.3f\t%.2f", a, b, b / (a > 0 ? a : 0.005) }')"
  done
  line+="$(awk '{ if ($4 > m) m = $4 } END { printf "\t%.0f", m / 1024 }' "$name.ours")"
  line+="$(awk '{ if ($4 > m) m = $4 } END { printf "\t%.0f", m / 1024 }' "$name.theirs")"
  printf '%s\n' "$line"
}

printf 'work\twall s\tplink2\tratio\tCPU s\tplink2\tratio\tpeak MiB\tplink2\n'
if [[ "$parts" == *convert* ]]; then
  [[ -s plain.vcf.gz ]] || dummy plain 1000 100000 1 --export vcf bgz
  [[ -s rich.vcf.gz ]] || rich 1000 100000 1 | bgzip -@ "$threads" > rich.vcf.gz
  for file in plain rich; do
    beside "vcf_to_bed_$file" "$landrace" convert -q -t "$threads" "$file.vcf.gz" -o "ours_$file.bed" \
      -- plink2 --threads "$threads" --vcf "$file.vcf.gz" --make-bed --out "theirs_$file"
    cmp "ours_$file.bed" "theirs_$file.bed"
  done
fi
if [[ "$parts" == *counts* ]]; then
  [[ -s two.bed ]] || dummy two 2000 100000 2 --make-bed
  beside counts "$landrace" stats -q -t "$threads" two.bed -o ours_counts \
    -- plink2 --threads "$threads" --bfile two --freq --hardy --missing --out theirs_counts
  # The same numbers: frequency of A1, missing calls and the test's p-value, by variant.
  paste <(tail -n +2 ours_counts.variants.tsv) <(tail -n +2 theirs_counts.afreq) <(tail -n +2 theirs_counts.hardy) \
    <(tail -n +2 theirs_counts.vmiss) | awk -F '\t' '
    function off(a, b) { d = a - b; if (d < 0) d = -d; return d > 2e-5 * (b > 0.001 ? b : 0.001) + 1e-6 * (b > 0.001) }
    { n++; if (off($10, $25) || off($14, $36) || off(1 - $9, $41)) bad++ }
    END { printf "%d variants compared, %d differ\n", n, bad; exit bad > 0 }'
fi
if [[ "$parts" == *memory* ]]; then
  large_samples="${LARGE_SAMPLES:-5000}" large_variants="${LARGE_VARIANTS:-300000}"
  [[ -s large.bed ]] || dummy large "$large_samples" "$large_variants" 3 --make-bed
  [[ -s large.vcf.gz ]] || plink2 --bfile large --threads "$threads" --export vcf bgz --out large > /dev/null
  printf 'streaming %s x %s\twall s\tCPU s\tpeak MiB\n' "$large_samples" "$large_variants"
  memory() {
    local name="$1"; shift
    rm -f "$name.large"
    once "$name.large" "$@"
    awk -v name="$name" '{ printf "%s\t%.1f\t%.1f\t%.0f%s\n", name, $1, $2 + $3, $4 / 1024, $4 > 524288 ? " above 512" : "" }' "$name.large"
  }
  memory convert_vcf_bed "$landrace" convert -q -t "$threads" large.vcf.gz -o large_out.bed
  memory filter_vcf_bed "$landrace" filter -q -t "$threads" large.vcf.gz --min-maf 0.05 --hwe 1e-6 -o large_out.bed
  memory stats_vcf "$landrace" stats -q -t "$threads" large.vcf.gz -o large_out
  memory stats_bed "$landrace" stats -q -t "$threads" large.bed -o large_out
  memory filter_bed_bed "$landrace" filter -q -t "$threads" large.bed --min-maf 0.05 -o large_out.bed
  for ending in bcf vcf.gz ped dat dosage.tsv.gz gwaspoly.csv vcz; do
    memory "convert_bed_$ending" "$landrace" convert -q -t "$threads" large.bed -o "large_out.$ending"
    rm -rf "large_out.$ending"
  done
fi
