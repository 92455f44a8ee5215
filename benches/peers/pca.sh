#!/usr/bin/env bash
# Twenty principal components of 2,000 x 100,000 beside PLINK 2, which is slow: RUNS=3 takes a while.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
python="${PYTHON:-python3}"
threads="${THREADS:-2}"
runs="${RUNS:-5}"
[ -f g.bed ] || $python "$repository/benches/peers/panel.py" 2000 100000 0.02 2 g
rm -f ./*.runs
for _ in $(seq "$runs"); do
  turn ours_exact "$landrace" pca -q -t "$threads" g.bed -k 20 --method exact -o exact.tsv
  turn ours_random "$landrace" pca -q -t "$threads" g.bed -k 20 --method randomised -o random.tsv
  turn plink_exact plink2 --bfile g --pca 20 meanimpute --threads "$threads" --out plink_exact
  turn plink_approx plink2 --bfile g --pca approx 20 meanimpute --threads "$threads" --out plink_approx
done
heading work_and_peer
compare exact_plink2_exact ours_exact plink_exact
compare exact_plink2_approx ours_exact plink_approx
compare randomised_plink2_approx ours_random plink_approx
$python - <<'P'
import numpy as np

ours = {name: np.loadtxt(f"{name}.tsv", skiprows=1, usecols=range(1, 21)) for name in ("exact", "random")}
theirs = {name: np.loadtxt(f"plink_{name}.eigenvec", skiprows=1, usecols=range(2, 22)) for name in ("exact", "approx")}
values = np.loadtxt("plink_exact.eigenval")
gap = int(np.argmax(values[:-1] / values[1:])) + 1
apart = lambda a, b: max(min(np.abs(a[:, k] - b[:, k]).max(), np.abs(a[:, k] + b[:, k]).max()) for k in range(gap))
print(f"{gap} components above the gap; largest difference from PLINK 2's exact ones:")
for what, vectors in [("ours, exact", ours["exact"]), ("ours, randomised", ours["random"]), ("PLINK 2, approximate", theirs["approx"])]:
    print(f"  {what}: {apart(vectors, theirs['exact']):.1e}")
P
