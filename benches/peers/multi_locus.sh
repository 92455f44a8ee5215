#!/usr/bin/env bash
# Power of multi-locus association at equal false findings: traits made from the real panels maize_mdp281 and rice44k_374
# (15 causal markers, heritability 0.5 and 0.8), causal markers kept and taken out, beside the exact mixed model; and CPU
# time of one trait of 2,000 samples x 100,000 variants beside the linear scan.
# multi_locus.sh [power] [speed]; REPLICATES (50) and SEED (1; the methods were chosen on others) of the traits.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
python="${PYTHON:-python3}"
threads="${THREADS:-2}"
runs="${RUNS:-3}"
replicates="${REPLICATES:-50}"
seed="${SEED:-1}"
parts="${*:-power speed}"
power="$repository/benches/peers/multi_locus_power.py"

# scan OUT PANEL TRAITS WINDOW METHOD: linear methods get three components, mixed models none. Markers of p up to 0.03 are
# kept.
scan() {
  local pcs=3
  case "$5" in exact | mlmm) pcs=0 ;; esac
  "$landrace" gwas -q -t "$threads" "$2.bed" -p "$3" --sample-column sample --method "$5" --pcs "$pcs" \
    --min-call-rate 0.9 --min-maf 0.05 --window "$4" -o whole.tsv
  awk -F '\t' 'NR == 1 { for (k = 1; k <= NF; k++) if ($k == "p_wald") p = k } NR == 1 || $p + 0 <= 0.03' whole.tsv >"$1"
}

panel_power() {
  local name="$1" window="$2" tables
  echo "== $name, $replicates replicates, window $window"
  $python "$power" traits "$name" "$replicates" "$seed" "$name.traits" --without
  for method in glm exact blink farmcpu mlmm; do
    scan "$name.$method.tsv" "$name" "$name.traits.pheno.tsv" "$window" "$method"
    for k in $(seq 0 $((replicates - 1))); do
      cut -f "1,$((2 * k + 2)),$((2 * k + 3))" "$name.traits.pheno.tsv" >one.tsv
      scan "$name.$method.$k.tsv" "$name.traits.$k" one.tsv "$window" "$method"
    done
  done
  for kept in in out; do
    echo "-- causal markers $kept"
    tables=()
    for method in exact glm blink farmcpu mlmm; do
      if [ "$kept" = in ]; then
        tables+=("$method=$name.$method.tsv")
      else
        tables+=("$method=$(seq -s, -f "$name.$method.%g.tsv" 0 $((replicates - 1)))")
      fi
    done
    $python "$power" score "$name" "$name.traits" "$window" "${tables[@]}"
  done
}

if [[ " $parts " == *" power "* ]]; then
  "$landrace" convert -q "$data/maize_mdp281/mdp_genotype.hmp.txt.gz" -o maize.bed
  "$landrace" convert -q "$data/rice44k_374/rice44k.bed.gz" -o rice.bed
  panel_power maize 1000000
  panel_power rice 500000
fi

if [[ " $parts " == *" speed "* ]]; then
  panel="a${SAMPLES:-2000}x${VARIANTS:-100000}"
  if [ ! -f "$panel.pheno.tsv" ]; then
    $python "$repository/benches/peers/panel.py" "${SAMPLES:-2000}" "${VARIANTS:-100000}" 0.02 2 "$panel"
    $python "$repository/benches/peers/gwas_trait.py" "$panel"
  fi
  rm -f ./*.runs
  for _ in $(seq "$runs"); do
    for method in glm blink farmcpu mlmm; do
      turn "$method" "$landrace" gwas -t "$threads" "$panel.bed" -p "$panel.pheno.tsv" --method "$method" -o "$method.tsv"
    done
  done
  heading method_and_linear_scan
  for method in blink farmcpu mlmm; do
    compare "$method" "$method" glm
    grep 'pseudo-QTN after' "$method.log" | cut -c 1-110
  done
fi
