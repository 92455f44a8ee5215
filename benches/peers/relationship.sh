#!/usr/bin/env bash
# Relationship matrices beside PLINK 2 and JanusX: time, and how far the values are apart.
# JanusX (PyPI) is used if JX names its program: python3 -m venv v && v/bin/pip install janusx numpy; JX=v/bin/jx.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
python="${PYTHON:-python3}"
threads="${THREADS:-2}"
runs="${RUNS:-5}"
make="$python $repository/benches/peers/panel.py"
[ -f g.bed ] || $make 2000 100000 0.02 2 g
[ -f k.bed ] || $make 5000 50000 0.01 2 k
rm -f ./*.runs

for _ in $(seq "$runs"); do
  turn ours_king "$landrace" relationship -q -t "$threads" k.bed -m king -o ours.king.bin
  turn plink_king plink2 --bfile k --make-king square bin --threads "$threads" --out plink
  turn ours_2 "$landrace" relationship -q -t "$threads" g.bed -m vanraden2 -o ours.rel.bin
  turn plink_2 plink2 --bfile g --make-rel meanimpute square bin --threads "$threads" --out plink
  turn ours_yang "$landrace" relationship -q -t "$threads" g.bed -m yang -o yang.rel.bin
  turn plink_yang plink2 --bfile g --make-rel square bin --threads "$threads" --out pairwise
  turn ours_1 "$landrace" relationship -q -t "$threads" g.bed -m vanraden1 -o ours1.rel.bin
  if [ -n "${JX:-}" ]; then
    turn janusx_1 "$JX" grm -bfile g -t "$threads" -maf 0 -geno 1 -m 1 -o jx -prefix g
    turn janusx_2 "$JX" grm -bfile g -t "$threads" -maf 0 -geno 1 -m 2 -o jx -prefix g
  fi
done

heading work_and_peer
compare king_5000x50000_plink2 ours_king plink_king
compare vanraden2_2000x100000_plink2 ours_2 plink_2
compare yang_2000x100000_plink2 ours_yang plink_yang
if [ -n "${JX:-}" ]; then
  compare vanraden1_2000x100000_janusx ours_1 janusx_1
  compare vanraden2_2000x100000_janusx ours_2 janusx_2
fi
$python - <<'P'
import os
import numpy as np

def apart(what, a, b):
    print(f"{what}: largest difference {np.nanmax(np.abs(a - b)):.2e}")

read = lambda name: np.fromfile(name)
apart("KING, PLINK 2", read("ours.king.bin"), read("plink.king.bin"))
apart("VanRaden 2, PLINK 2 --make-rel meanimpute", read("ours.rel.bin"), read("plink.rel.bin"))
n = int(read("yang.rel.bin").size ** 0.5)
others = ~np.eye(n, dtype=bool)
pairwise = read("pairwise.rel.bin").reshape(n, n)
apart("Yang without the diagonal, PLINK 2 --make-rel", read("yang.rel.bin").reshape(n, n)[others], pairwise[others])
if os.path.exists("jx/g.cGRM.npy"):
    apart("VanRaden 1, JanusX", read("ours1.rel.bin").reshape(n, n), np.load("jx/g.cGRM.npy"))
    apart("VanRaden 2, JanusX", read("ours.rel.bin").reshape(n, n), np.load("jx/g.sGRM.npy"))
P

# The cost of higher ploidy, beside the diploid one, without reading: differences of runs with twice the variants.
for ploidy in 2 4 6; do
  for variants in 10000 20000; do
    name="p$ploidy.$variants"
    if [ ! -f "$name.bcf" ]; then
      $make 1500 "$variants" 0.02 "$ploidy" "$name"
      if [ -f "$name.bed" ]; then "$landrace" convert -q "$name.bed" -o "$name.bcf"; else "$landrace" convert -q "$name.vcf" -o "$name.bcf"; fi
      rm -f "$name.vcf"
    fi
  done
done
for _ in $(seq "$runs"); do
  for ploidy in 2 4 6; do
    for variants in 10000 20000; do
      for method in ibs vanraden1; do
        turn "$method.$ploidy.$variants" "$landrace" relationship -q -t "$threads" "p$ploidy.$variants.bcf" -m "$method" -o o.rel.bin
      done
      turn "read.$ploidy.$variants" "$landrace" relationship -q -t "$threads" "p$ploidy.$variants.bcf" -m vanraden1 --min-maf 0.6 -o none.tsv || true
    done
  done
done
echo "CPU seconds of 10,000 variants of 1,500 samples, without reading them; planes 2, 3, 3"
for method in ibs vanraden1; do
  for ploidy in 2 4 6; do
    cost() { echo "$(median "$1.$ploidy.20000" 2) $(median "$1.$ploidy.10000" 2)" | awk '{ print $1 - $2 }'; }
    echo "$method ploidy $ploidy $(cost "$method") $(cost read)" | awk '{ printf "%s %s %s: %.3f\n", $1, $2, $3, $4 - $5 }'
  done
done
