#!/usr/bin/env bash
# Duplicates of a gene bank against the truth, beside a plain cutoff, and beside PLINK 2's KING table for time.
# SAMPLES and VARIANTS make it smaller; RUNS interleaved runs.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
python="${PYTHON:-python3}"
threads="${THREADS:-2}"
samples="${SAMPLES:-5000}"
variants="${VARIANTS:-50000}"
runs="${RUNS:-5}"
kinds="${KINDS:-outbred inbred tetraploid}"
rm -f ./*.runs

for kind in $kinds; do
  name="bank.$kind.$samples.$variants"
  if [ ! -f "$name.truth.tsv" ]; then
    $python "$repository/benches/peers/genebank_panel.py" "$kind" "$samples" "$variants" "$name"
    if [ -f "$name.vcf" ]; then
      "$landrace" convert -q "$name.vcf" -o "$name.bcf" && rm "$name.vcf"
    fi
  fi
  input="$name.bed"
  [ -f "$name.bcf" ] && input="$name.bcf"
  for _ in $(seq "$runs"); do
    turn "ours_$kind" "$landrace" duplicates -q -t "$threads" "$input" -o "$kind.tsv" --pairs "$kind.pairs.tsv"
    if [ "$input" = "$name.bed" ]; then
      turn "plink_$kind" plink2 --bfile "$name" --make-king-table --king-table-filter 0.354 --threads "$threads" --out "plink.$kind"
    fi
  done
  echo "$kind: $samples accessions by $variants variants"
  $python - "$name.truth.tsv" "$kind.tsv" "$kind.pairs.tsv" "plink.$kind.kin0" <<'P'
import csv, itertools, os, sys
from collections import defaultdict
truth, found, pairs, king = sys.argv[1:]
rows = list(csv.DictReader(open(truth), delimiter="\t"))
by = defaultdict(list)
for row in rows:
    by[row["genotype"]].append(row["sample"])
true = {frozenset(p) for group in by.values() for p in itertools.combinations(group, 2)}
by = defaultdict(list)
for row in csv.DictReader(open(found), delimiter="\t"):
    by[row["group"]].append(row["accession"])
ours = {frozenset(p) for group in by.values() for p in itertools.combinations(group, 2)}
role = {row["sample"]: row["role"] for row in rows}
def say(what, got):
    wrong = got - true
    kinds = defaultdict(int)
    for pair in wrong:
        kinds["/".join(sorted(role[name] for name in pair))] += 1
    print(f"  {what:<38} found {len(got & true)} of {len(true)}, wrong {len(wrong)} {dict(kinds) if wrong else ''}")
say("landrace duplicates", ours)
close = [(frozenset((row["first"], row["second"])), float(row["share"])) for row in csv.DictReader(open(pairs), delimiter="\t")]
for cutoff in (0.02, 0.025, 0.03, 0.05):
    say(f"plain cutoff: {cutoff} of the calls differ", {pair for pair, share in close if share <= cutoff})
if os.path.exists(king):
    table = csv.DictReader(open(king), delimiter="\t")
    say("KING above 0.354 (PLINK 2)", {frozenset((row["IID1"], row["IID2"])) for row in table})
P
done

heading work_and_peer
for kind in $kinds; do
  if [ -f "plink_$kind.runs" ]; then
    compare "${kind}_${samples}x${variants}_plink2" "ours_$kind" "plink_$kind"
  else
    echo "${kind}_${samples}x$variants $(median "ours_$kind" 1) s wall, $(median "ours_$kind" 2) s CPU, $(median "ours_$kind" 3) MiB"
  fi
done
