#!/usr/bin/env bash
# Ancestry of simulated admixed panels, K = 3, beside fastmixture: the log-likelihood of both results by one evaluator in
# float64 (ancestry_likelihood.py), how far both are from the true ancestry, CPU time and peak memory.
#   RUNS=3 SIZES="300x9000 2000x50000" PEER_SECONDS=600 benches/peers/structure.sh
# A run of the peer that takes longer than PEER_SECONDS of wall time is stopped and shown as such.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
evaluate="$repository/benches/peers/ancestry_likelihood.py"

for size in ${SIZES:-300x9000 2000x50000}; do
  samples=${size%x*} variants=${size#*x}
  # Markers of a dense map: 0.55 cM apart for 9,000.
  "$landrace" simulate -q -o "$size" --population admixed -n "$samples" --markers "$variants" --genome-length 10Mb \
    --cm-per-mb 50 --no-reads --seed 1
  rm -f ./*.runs
  is_stopped=
  for _ in $(seq "${RUNS:-3}"); do
    turn ours "$landrace" structure "$size/truth.bed" -k 3 --admixture -t "$threads" -o ours.tsv
    [[ -n $is_stopped ]] ||
      turn fastmixture timeout "${PEER_SECONDS:-600}" fastmixture --bfile "$size/truth" --K 3 --threads "$threads" --out theirs ||
      is_stopped=yes
  done
  heading "ancestry of $size"
  compare "K=3" ours fastmixture
  [[ -z $is_stopped ]] || echo "fastmixture was stopped after ${PEER_SECONDS:-600} s of wall time: its figures are bounds"
  python3 "$evaluate" "$size/truth" "$size/ancestry.tsv" ours.tsv.3.Q ours.tsv.3.P
  [[ -n $is_stopped ]] || python3 "$evaluate" "$size/truth" "$size/ancestry.tsv" theirs*.Q theirs*.P
  rm -f theirs*.Q theirs*.P
done
