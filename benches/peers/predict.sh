#!/usr/bin/env bash
# Five-fold GBLUP beside JanusX: time and accuracy, on mice and on a simulated panel of 2,000 x 100,000.
# JanusX (PyPI) is used if JX names its program: python3 -m venv v && v/bin/pip install janusx numpy; JX=v/bin/jx.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
python="${PYTHON:-python3}"
threads="${THREADS:-2}"
runs="${RUNS:-5}"
[ -f g.bed ] || $python "$repository/benches/peers/panel.py" 2000 100000 0.02 2 g
[ -f g.pheno.tsv ] || $python - <<'P'
import numpy as np

samples = [line.split()[1] for line in open("g.fam")]
n, stream = len(samples), np.random.default_rng(1)
width = (n + 3) // 4
calls = np.memmap("g.bed", dtype=np.uint8, mode="r", offset=3).reshape(-1, width)
value = np.zeros(n)
for row in stream.choice(len(calls), 200, replace=False):
    codes = np.stack([calls[row] >> shift & 3 for shift in (0, 2, 4, 6)], axis=1).ravel()[:n]
    dosage = np.array([2.0, np.nan, 1.0, 0.0])[codes]
    value += np.where(np.isnan(dosage), np.nanmean(dosage), dosage) * stream.normal()
value = (value - value.mean()) / value.std() + stream.normal(size=n)
with open("g.pheno.tsv", "w") as out:
    out.write("sample\tyield\n")
    out.writelines(f"{name}\t{y:.6f}\n" for name, y in zip(samples, value))
P
mice="$data/mouse_hs1940"
rm -f ./*.runs

for _ in $(seq "$runs"); do
  turn ours_mice "$landrace" predict -t "$threads" "$mice/mouse_hs1940.vcf.gz" -p "$mice/mouse_hs1940.pheno.tsv.gz" --trait test0 --folds 5 -o mice.tsv
  turn ours "$landrace" predict -t "$threads" g.bed -p g.pheno.tsv --folds 5 -o g.tsv
  if [ -n "${JX:-}" ]; then
    zcat "$mice/mouse_hs1940.pheno.tsv.gz" >mice.pheno.tsv
    turn janusx_mice "$JX" gs -vcf "$mice/mouse_hs1940.vcf.gz" -p mice.pheno.tsv -n test0 -BLUP -cv 5 -maf 0 -geno 1 -t "$threads" -o jx -prefix mice
    turn janusx "$JX" gs -bfile g -p g.pheno.tsv -n yield -BLUP -cv 5 -maf 0 -geno 1 -t "$threads" -o jx -prefix g
  fi
done

heading work_and_peer
if [ -n "${JX:-}" ]; then
  compare gblup_mice_1410x10300_janusx ours_mice janusx_mice
  compare gblup_2000x100000_janusx ours janusx
else
  echo "mice: $(median ours_mice 1) s wall, $(median ours_mice 2) s CPU; 2,000 x 100,000: $(median ours 1) s wall, $(median ours 2) s CPU"
fi
for name in mice g; do
  awk -v name="$name" 'NR > 1 { if ($3 == "all") all = $5; else { sum += $5; n++ } }
    END { printf "%s: r %s over all folds, mean of folds %.4f\n", name, all, sum / n }' "$name.tsv.cv.tsv"
done
if [ -n "${JX:-}" ]; then
  grep -hi "blup" janusx_mice.log janusx.log | head -40
fi
