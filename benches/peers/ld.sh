#!/usr/bin/env bash
# Pruning and pairs of linkage disequilibrium beside PLINK: 2,000 samples x 100,000 variants, 2% missing, in ten contigs.
# Medians of five runs in turn; CPU is user and system time together.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
runs=${RUNS:-5}

# Alleles drift from variant to variant: each keeps most of its neighbour's, so that r2 falls with distance.
python3 - "${SAMPLES:-2000}" "${VARIANTS:-100000}" << 'PYTHON'
import random, sys
n, m = int(sys.argv[1]), int(sys.argv[2])
random.seed(7)
bits = lambda: random.getrandbits(n)
low = bytes(sum(((b >> i) & 1) << (2 * i) for i in range(4)) for b in range(256))
high = bytes(sum(((b >> (4 + i)) & 1) << (2 * i) for i in range(4)) for b in range(256))
size, everyone = (n + 3) // 4, (1 << n) - 1

def spread(word):
    out = bytearray(2 * ((n + 7) // 8))
    text = word.to_bytes((n + 7) // 8, "little")
    out[0::2], out[1::2] = text.translate(low), text.translate(high)
    return int.from_bytes(out[:size], "little")

with open("sim.bed", "wb") as bed, open("sim.bim", "w") as bim:
    bed.write(bytes([0x6C, 0x1B, 1]))
    for variant in range(m):
        contig, place = variant * 10 // m + 1, variant % (m // 10)
        if place == 0:
            one, other, position = bits(), bits(), 0
        rare = [bits() & bits(), bits(), bits() | bits()][random.randrange(3)]
        keep = bits() | bits() | bits() | bits()
        one = (one & keep) | (rare & ~keep & everyone)
        keep = bits() | bits() | bits() | bits()
        other = (other & keep) | (bits() & rare & ~keep & everyone)
        missing = (bits() & bits() & bits() & bits() & bits() & bits()) | (
            bits() & bits() & bits() & bits() & bits() & bits() & bits() & bits())
        first = (everyone & ~(one | other)) | missing
        second = everyone & ~(one & other) & ~missing
        bed.write((spread(first) | spread(second) << 1).to_bytes(size, "little"))
        position += random.randrange(1, 2000)
        bim.write(f"{contig}\tv{variant}\t0\t{position}\tA\tG\n")
with open("sim.fam", "w") as fam:
    fam.writelines(f"S{i}\tS{i}\t0\t0\t0\t-9\n" for i in range(n))
PYTHON

# median COLUMN FILE
median() { sort -n -k "$1,$1" "$2" | awk -v k="$1" '{ v[NR] = $k } END { print v[int((NR + 1) / 2)] }'; }
# timed NAME COMMAND...: adds wall time, CPU time and peak memory in MiB to NAME.times
timed() {
  local name=$1; shift
  /usr/bin/time -f '%e %U %S %M' -o one.time "$@" > /dev/null 2>&1
  awk '{ print $1, $2 + $3, $4 / 1024 }' one.time >> "$name.times"
}
# row WORK OURS THEIRS SAME
row() {
  local a b
  a=$(median 2 "$2.times"); b=$(median 2 "$3.times")
  printf '%s\t%s\t%s\t%s\t%s\t%.2f\t%.0f\t%s\n' "$1" "$(median 1 "$2.times")" "$a" "$(median 1 "$3.times")" "$b" \
    "$(awk "BEGIN { print $b / $a }")" "$(median 3 "$2.times")" "$4"
}

printf 'work\twall [s]\tCPU [s]\tpeer wall\tpeer CPU\tCPU ratio\tpeak [MiB]\tthe same\n'
for numbers in '50 5 0.2' '200 20 0.5' '100kb 1 0.2'; do
  read -r window step r2 <<< "$numbers"
  theirs=("$window" "$step" "$r2")
  [[ $window == *kb ]] && theirs=("$window" "$r2")
  rm -f prune.times plink2.times
  for ((run = 0; run < runs; run++)); do
    timed plink2 plink2 --bfile sim --indep-pairwise "${theirs[@]}" --threads "$threads" --out theirs
    timed prune "$landrace" ld prune -q -t "$threads" sim.bed --window "$window" --step "$step" --r2 "$r2" -o kept.tsv --kept kept.txt
  done
  same=no; cmp -s kept.txt theirs.prune.in && same=$(wc -l < kept.txt)
  row "prune $numbers, plink2" prune plink2 "$same"
done
rm -f pairs.times plink1.times
for ((run = 0; run < runs; run++)); do
  timed plink1 plink1.9 --bfile sim --r2 --ld-window 100000 --ld-window-kb 50 --ld-window-r2 0.2 --threads "$threads" --out theirs
  timed pairs "$landrace" ld pairs -q -t "$threads" sim.bed --window 50kb --min-r2 0.2 -o pairs.tsv
done
row 'pairs within 50 kb, plink1.9 --r2' pairs plink1 "$(($(wc -l < pairs.tsv) - $(wc -l < theirs.ld))) rows apart"
rm -f blocks.times plink1.times
for ((run = 0; run < (runs + 2) / 3; run++)); do
  timed plink1 plink1.9 --bfile sim --blocks no-pheno-req --threads "$threads" --out theirs
  timed blocks "$landrace" ld blocks -q -t "$threads" sim.bed -o blocks.tsv
done
same=no
cmp -s <(awk 'NR > 1 { print $1, $2, $3, $6 }' theirs.blocks.det) <(awk 'NR > 1 { print $1, $2, $3, $8 }' blocks.tsv) &&
  same=$(($(wc -l < blocks.tsv) - 1))
row 'blocks, plink1.9 --blocks' blocks plink1 "$same"
