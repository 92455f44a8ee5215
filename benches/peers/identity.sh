#!/usr/bin/env bash
# Answers of `identify variety`: 1,000 queries x 5,000 varieties x 96 markers, 2% wrong calls, a tenth absent.
# Four kinds of library; seeds that the method was never tuned on. For lines, beside what one could answer who knew the
# founders, the pedigrees, the map and both error rates.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$here/setup.sh"
seeds=${SEEDS:-"4711 8128"}
for kind in ${KINDS:-outbred family inbred backcross}; do
  for seed in $seeds; do
    mkdir -p "$kind.$seed"
    python3 "$here/identity_library.py" "$kind" "$kind.$seed" "$seed"
    /usr/bin/time -f "$kind seed $seed: %e s, %U s of CPU, %M KB" "$landrace" identify variety -q -t "$threads" \
      "$kind.$seed/queries.vcf" --against "$kind.$seed/library.vcf" -o "$kind.$seed/answers.tsv" 2>&1
    python3 "$here/identity_score.py" "$kind" "$kind.$seed/truth.tsv" "$kind.$seed/answers.tsv"
    if [ -f "$kind.$seed/families.npz" ]; then python3 "$here/identity_oracle.py" "$kind" "$kind.$seed"; fi
  done
done
