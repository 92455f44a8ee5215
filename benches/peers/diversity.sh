#!/usr/bin/env bash
# Fst of all pairs of five groups, with heterozygosity and alleles of each, beside PLINK 2 (Hudson's Fst alone) and
# vcftools (Weir and Cockerham's, of two groups): 2,000 samples x 100,000 variants, 2% missing. Medians of five runs in
# turn; CPU is user and system time together.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
runs=${RUNS:-5}
n=${SAMPLES:-2000}

# A row of a .bed costs two random words a bit of frequency: the genotypes are unlinked.
python3 - "$n" "${VARIANTS:-100000}" << 'PYTHON'
import random, sys
n, m = int(sys.argv[1]), int(sys.argv[2])
random.seed(11)
size = (n + 3) // 4
with open("sim.bed", "wb") as bed, open("sim.bim", "w") as bim:
    bed.write(bytes([0x6C, 0x1B, 1]))
    for variant in range(m):
        row = random.getrandbits(8 * size) | random.getrandbits(8 * size)
        if n % 4:
            row &= (1 << (2 * n)) - 1
        bed.write(row.to_bytes(size, "little"))
        bim.write(f"{variant * 10 // m + 1}\tv{variant}\t0\t{variant % (m // 10) * 1000 + 1}\tA\tG\n")
with open("sim.fam", "w") as fam:
    fam.writelines(f"G{i % 5}\tS{i}\t0\t0\t0\t-9\n" for i in range(n))
PYTHON

median() { sort -n -k "$1,$1" "$2" | awk -v k="$1" '{ v[NR] = $k } END { print v[int((NR + 1) / 2)] }'; }
timed() {
  local name=$1; shift
  /usr/bin/time -f '%e %U %S %M' -o one.time "$@" > /dev/null 2>&1
  awk '{ print $1, $2 + $3, $4 / 1024 }' one.time >> "$name.times"
}
rm -f ./*.times
for _ in $(seq "$runs"); do
  timed ours "$landrace" diversity groups sim.bed --by family --rarefy 0 --bootstrap 0 --permutations 0 -t "$threads" -o ours
  timed whole "$landrace" diversity groups sim.bed --by family --permutations 0 -t "$threads" -o whole
  timed plink2 plink2 --bfile sim --family POP --fst POP method=hudson --threads "$threads" --out theirs
done
# The same five-group values, to six digits.
same=$(join <(awk 'NR > 1 { print $1 ":" $2, $4 }' ours.fst.tsv | sort) \
  <(awk 'NR > 1 { print $1 ":" $2, $3 }' theirs.fst.summary | sort) |
  awk '{ d = $2 - $3; if (d < 0) d = -d; if (d > most) most = d } END { print NR " pairs, largest difference " most + 0 }')
printf 'work\twall s\tCPU s\tMiB\tCPU of plink2 / CPU\n'
theirs=$(median 2 plink2.times)
for name in ours whole plink2; do
  printf '%s\t%s\t%s\t%.0f\t%.2f\n' "$name" "$(median 1 $name.times)" "$(median 2 $name.times)" \
    "$(median 3 $name.times)" "$(awk "BEGIN { print $theirs / $(median 2 $name.times) }")"
done
echo "$same"
if command -v vcftools > /dev/null; then
  "$landrace" convert sim.bed -o sim.vcf 2> /dev/null
  # vcftools reads VCF up to 4.2.
  sed -i '1s/4.3/4.2/' sim.vcf
  for group in G0 G1; do awk -v g="$group" '$1 == g { print $2 }' sim.fam > "$group.txt"; done
  timed vcftools vcftools --vcf sim.vcf --weir-fst-pop G0.txt --weir-fst-pop G1.txt --out theirs
  awk 'BEGIN { print "sample\tgroup" } { print $2 "\t" $1 }' sim.fam > sheet.tsv
  timed vcf "$landrace" diversity groups sim.vcf --groups sheet.tsv --by group --rarefy 0 --bootstrap 0 \
    --permutations 0 -t "$threads" -o vcf
  printf 'from VCF, once: vcftools (one pair) %s CPU s, landrace (ten pairs) %s CPU s\n' \
    "$(median 2 vcftools.times)" "$(median 2 vcf.times)"
fi
