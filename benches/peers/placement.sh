#!/usr/bin/env bash
# Placement (within 50 bases) and CPU time of simulated reads, beside bwa mem: on a plant-like genome with our own
# reads, and on real genomes with reads of wgsim and ART. One thread; index building is not counted.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
score="$repository/target/release/score_placement"
pairs="${PAIRS:-100000}"

# The recipe of plant_genome.md.
plant() {
  "$landrace" simulate -q -o plant --seed 1 --genome-length 8Mb --contigs 5 --transposons 0.85 --youth 2 \
    --copy-number-shape 0.75 --ploidy 1 -n 1 --snp-rate 0.004 --indel-rate 0.0005 --fragments 10000 --duplicates 0
  cp plant/genome.fa plant.fa
  zcat plant/reads/S01_1.fastq.gz > plant.1.fq
  zcat plant/reads/S01_2.fastq.gz > plant.2.fq
}

# Reads of wgsim, 2 x 150, renamed as our simulator names them; either mate may be the left one.
wgsim_reads() {
  wgsim -S 7 -N "$pairs" -1 150 -2 150 -d 400 -s 60 -e 0.005 -r 0.004 -R 0.12 "$1.fa" "$1.w1" "$1.w2" > /dev/null 2>&1
  for mate in 1 2; do
    awk -v prefix="wgsim" 'NR % 4 == 1 { name = substr($1, 2); sub(/\/[12]$/, "", name); print "@" prefix "!" name; next } { print }' "$1.w$mate" > "$2.$mate.fq"
  done
}

# Reads of ART's HiSeq 2500 profile, named by the places of both mates.
art_reads() {
  local fold
  fold="$(awk -v pairs="$pairs" '{ bases += $2 } END { print pairs * 300 / bases }' "$1.fa.fai")"
  art_illumina -ss HS25 -sam -na -i "$1.fa" -p -l 150 -f "$fold" -m 400 -s 60 -rs 7 -o "$1.art" > /dev/null 2>&1
  # The SAM of the truth lists both mates of a pair one after the other.
  awk -F '\t' '/^@/ { next } { if (int($2 / 64) % 2) { place[$1] = $3 "_" $4 } else { mate[$1] = $4 } } END { for (n in place) print n "\t" place[n] "_" mate[n] }' "$1.art.sam" > "$1.places"
  for mate in 1 2; do
    awk -F '\t' -v mate="$mate" 'NR == FNR { place[$1] = $2; next } FNR % 4 == 1 { name = substr($1, 2); sub(/\/[12]$/, "", name); print "@art!" place[name] "!" name; next } { print }' \
      "$1.places" "$1.art$mate.fq" > "$2.$mate.fq"
  done
}

# score_sam KIND: correct, at quality 20 and above, wrong among those (percent), from SAM on standard input
score_sam() {
  case "$1" in
    own) "$score" | awk '/^correct/ { c = $2 } /^MAPQ>=20/ { q = $2 } /^wrong at MAPQ>=20/ { w = $4 } END { print c "\t" q "\t" w }' ;;
    *) awk -F '\t' -v kind="$1" '
      function near(a, b) { return a - b <= 50 && b - a <= 50 }
      /^@/ || (int($2 / 256) % 2 || int($2 / 2048) % 2) { next }
      { n++; split($1, part, "!"); k = split(part[2], f, "_")
        if (kind == "wgsim") { contig = f[1]; first = 0; for (i = 2; i <= k; i++) if (f[i] ~ /^[0-9]+$/ && f[i + 1] ~ /^[0-9]+$/) { first = f[i]; last = f[i + 1]; break } else contig = contig "_" f[i] }
        else { contig = f[1]; for (i = 2; i <= k - 2; i++) contig = contig "_" f[i]; own = int($2 / 128) % 2 ? f[k] : f[k - 1] }
        if (int($2 / 4) % 2) next
        start = $4; if (match($6, /^[0-9]+S/)) start -= substr($6, 1, RLENGTH - 1)
        right = $3 == contig && (kind == "wgsim" ? near(start, first) || near(start, last - 149) : near(start, own))
        if (right) correct++
        if ($5 >= 20) { sure++; if (!right) wrong++ } }
      END { printf "%.3f\t%.3f\t%.4f\n", 100 * correct / n, 100 * sure / n, sure ? 100 * wrong / sure : 0 }' ;;
  esac
}

# contest NAME KIND REFERENCE: both aligners on NAME.1.fq and NAME.2.fq
contest() {
  cpu "$1.bwa" bwa mem -t 1 -R '@RG\tID:1\tSM:x' "$3" "$1.1.fq" "$1.2.fq" > "$1.bwa.sam" 2> "$1.bwa.log"
  cpu "$1.landrace" "$landrace" align -q -t 1 --no-trim --sample x "$3" "$1.1.fq" "$1.2.fq" -o "$1.bam"
  printf '%s\tbwa mem\t%s\t%s\n' "$1" "$(score_sam "$2" < "$1.bwa.sam")" "$(seconds "$1.bwa")"
  printf '%s\tlandrace\t%s\t%s\n' "$1" "$(samtools view -h "$1.bam" | score_sam "$2")" "$(seconds "$1.landrace")"
}

prepare() { samtools faidx "$1"; bwa index "$1" 2> /dev/null; "$landrace" index -q "$1"; }

printf 'reads\taligner\tcorrect %%\tat quality 20 %%\twrong of these %%\tCPU s\n'
plant
prepare plant.fa
contest plant own plant.fa
zcat "$data/genome_yeast_r64/S288C_R64-1-1.fa.gz" > yeast.fa
zcat "$data/genome_kiwifruit_chr1_7mb/kiwifruit_chr1_7Mb.fa.gz" > kiwifruit.fa
zcat "$data/human_chr20_b37/chr20.fa.gz" > human.fa
for genome in ${GENOMES:-yeast kiwifruit human}; do
  prepare "$genome.fa"
  wgsim_reads "$genome" "$genome.wgsim" && contest "$genome.wgsim" wgsim "$genome.fa"
  art_reads "$genome" "$genome.artreads" && contest "$genome.artreads" art "$genome.fa"
done
