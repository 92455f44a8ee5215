#!/usr/bin/env bash
# PLINK text (.ped and .map) to .bed, beside PLINK 1.9 and PLINK 2: the same files, runs interleaved, medians.
# Wall and CPU (user + system) seconds; the three .bed files must be the same bytes.
#   benches/peers/ped.sh [SAMPLES] [MARKERS]      RUNS=5 BENCH_DIR=/some/folder
samples="${1:-2000}" markers="${2:-50000}" runs="${RUNS:-5}"
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

python3 - "$samples" "$markers" <<'PYTHON'
import random, sys
samples, markers = map(int, sys.argv[1:3])
random.seed(1)
shares = [random.uniform(0.05, 0.95) for _ in range(markers)]
letters = [random.sample("ACGT", 2) for _ in range(markers)]
with open("x.map", "w") as out:
    for marker in range(markers):
        out.write(f"{1 + marker // 5000}\tm{marker}\t0\t{marker % 5000 * 1000 + 1}\n")
# Each marker's calls come from a pool, since drawing all of them would take longer than what is measured.
pools = [[f"{pair[random.random() < p]} {pair[random.random() < p]}" for _ in range(63)] + ["0 0"]
         for p, pair in zip(shares, letters)]
with open("x.ped", "w") as out:
    for sample in range(samples):
        draws = random.choices(range(64), k=markers)
        calls = " ".join([pool[draw] for pool, draw in zip(pools, draws)])
        out.write(f"f{sample // 10} s{sample} 0 0 0 -9 {calls}\n")
PYTHON

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
once() { /usr/bin/time -a -o "$1.log" -f '%e %U %S %M' "${@:2}" > /dev/null 2>&1; }

rm -f ours.log plink19.log plink2.log
for _ in $(seq "$runs"); do
  once ours "$landrace" convert x.ped -o ours.bed
  once plink19 plink1.9 --file x --make-bed --out plink19
  once plink2 plink2 --pedmap x --make-bed --out plink2
done
cmp ours.bed plink19.bed && cmp ours.bed plink2.bed
printf 'program\twall\tcpu\tMiB\n'
for name in ours plink19 plink2; do
  printf '%s' "$name"
  for column in '{ print $1 }' '{ print $2 + $3 }' '{ print $4 / 1024 }'; do
    printf '\t%.2f' "$(awk "$column" "$name.log" | median)"
  done
  printf '\n'
done
