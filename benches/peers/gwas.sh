#!/usr/bin/env bash
# Exact association of 2,000 samples x 100,000 variants beside GEMMA (-gk 1 and -lmm 4 together) and JanusX: time, and
# how far the numbers are apart given GEMMA's relationship. SAMPLES and VARIANTS make it smaller.
# JanusX (PyPI) is used if JX names its program: python3 -m venv v && v/bin/pip install janusx numpy; JX=v/bin/jx.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
python="${PYTHON:-python3}"
threads="${THREADS:-2}"
runs="${RUNS:-3}"
panel="a${SAMPLES:-2000}x${VARIANTS:-100000}"
if [ ! -f "$panel.pheno.tsv" ]; then
  $python "$repository/benches/peers/panel.py" "${SAMPLES:-2000}" "${VARIANTS:-100000}" 0.02 2 "$panel"
  $python "$repository/benches/peers/gwas_trait.py" "$panel"
fi
export OPENBLAS_NUM_THREADS="$threads"
rm -f ./*.runs

both() {
  gemma -bfile "$panel" -gk 1 -o "$panel" >/dev/null
  gemma -bfile "$panel" -k "output/$panel.cXX.txt" -lmm 4 -o "$panel" >/dev/null
}
export -f both
export panel

for _ in $(seq "$runs"); do
  turn ours "$landrace" gwas -q -t "$threads" "$panel.bed" -p "$panel.pheno.tsv" -o ours.tsv
  turn gemma bash -c both
  if [ -n "${JX:-}" ]; then
    turn janusx "$JX" gwas -bfile "$panel" -p "$panel.pheno.tsv" -lmm -t "$threads" -o jx -prefix jx
  fi
done
"$landrace" gwas -q -t "$threads" "$panel.bed" -p "$panel.pheno.tsv" --relationship "output/$panel.cXX.txt" -o given.tsv

heading work_and_peer
compare "exact_${panel}_gemma" ours gemma
[ -z "${JX:-}" ] || compare "exact_${panel}_janusx" ours janusx
$python - "$panel" <<'P'
import csv
import sys

def read(name):
    return {row["rs"]: row for row in csv.DictReader(open(name), delimiter="\t")}

ours, theirs = read("given.tsv"), read(f"output/{sys.argv[1]}.assoc.txt")
print(f"markers: {len(ours)}, {len(theirs)} by GEMMA, {len(ours.keys() & theirs.keys())} common")
for column in "beta se logl_H1 l_remle l_mle p_wald p_lrt p_score".split():
    pairs = [(float(ours[rs][column]), float(theirs[rs][column])) for rs in ours.keys() & theirs.keys()]
    print(f"{column}: largest relative difference {max(abs(a - b) / max(abs(b), 1e-300) for a, b in pairs):.2e}")
P
