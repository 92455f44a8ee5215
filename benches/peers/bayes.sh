#!/usr/bin/env bash
# Gibbs sampling of marker effects, 2,000 samples x 50,000 variants: CPU time of a round beside BGLR and hibayes (R), each
# from two runs of different length, so that reading and setting up do not count; and one whole run of 10,000 rounds.
# SAMPLES, VARIANTS and ROUNDS make it smaller; METHODS are some of brr bayesr bayesa.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$repository/benches/peers/interleaved.sh"
python="${PYTHON:-python3}"
panel="b${SAMPLES:-2000}x${VARIANTS:-50000}"
if [ ! -f "$panel.pheno.tsv" ]; then
  $python "$repository/benches/peers/panel.py" "${SAMPLES:-2000}" "${VARIANTS:-50000}" 0 2 "$panel"
  $python "$repository/benches/peers/gwas_trait.py" "$panel"
fi
# Dosages for R: variants in columns, one byte a call.
[ -f "$panel.raw" ] || $python - "$panel" <<'P'
import sys
import numpy as np

out = sys.argv[1]
n, m = (sum(1 for _ in open(out + end)) for end in (".fam", ".bim"))
calls = np.memmap(out + ".bed", np.uint8, "r", 3).reshape(m, (n + 3) // 4)
with open(out + ".raw", "wb") as raw:
    for row in calls:
        codes = np.stack([row >> shift & 3 for shift in (0, 2, 4, 6)], 1).reshape(-1)[:n]
        raw.write(np.array([2, 0, 1, 0], np.uint8)[codes].tobytes())
P
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
cat > peer.R <<'R'
own <- commandArgs(TRUE); panel <- own[1]; package <- own[2]; method <- own[3]; rounds <- as.integer(own[4])
y <- read.delim(paste0(panel, ".pheno.tsv")); n <- nrow(y); file <- paste0(panel, ".raw")
x <- matrix(as.double(as.integer(readBin(file, "raw", file.size(file)))), n)
if (package == "BGLR") {
  model <- c(brr = "BRR", bayesa = "BayesA")[[method]]
  BGLR::BGLR(y$trait, ETA = list(list(X = scale(x, scale = FALSE), model = model)), nIter = rounds, burnIn = 1, verbose = FALSE)
} else {
  model <- c(brr = "BayesRR", bayesr = "BayesR", bayesa = "BayesA")[[method]]
  rownames(x) <- y$sample
  hibayes::ibrm(trait ~ 1, data = y, M = x, M.id = y$sample, method = model, niter = rounds, nburn = 1, threads = 1, verbose = FALSE)
}
R

# round NAME SHORT LONG COMMAND...: milliseconds of CPU time a round; the command gets the number of rounds last.
round() {
  local name="$1" short="$2" long="$3"; shift 3
  for rounds in "$short" "$long"; do
    rm -f "$name.$rounds.runs"
    for _ in $(seq "${RUNS:-3}"); do turn "$name.$rounds" "$@" "$rounds"; done
  done
  awk -v a="$(median "$name.$short" 2)" -v b="$(median "$name.$long" 2)" -v rounds="$((long - short))" \
    -v name="$name" 'BEGIN { printf "%-24s %8.2f ms a round\n", name, 1000 * (b - a) / rounds }'
}

for method in ${METHODS:-brr bayesr bayesa}; do
  round "landrace_$method" 100 600 "$landrace" predict -q -t 1 "$panel.bed" -p "$panel.pheno.tsv" -m "$method" --chains 1 \
    --burn-in 10 -o ours.tsv --rounds
  if [ "$method" != bayesr ] && Rscript -e 'quit(status = !requireNamespace("BGLR", quietly = TRUE))'; then
    round "BGLR_$method" 10 60 Rscript peer.R "$panel" BGLR "$method"
  fi
  if Rscript -e 'quit(status = !requireNamespace("hibayes", quietly = TRUE))'; then
    round "hibayes_$method" 10 60 Rscript peer.R "$panel" hibayes "$method"
  fi
done
rm -f whole.runs
turn whole "$landrace" predict -q -t "${THREADS:-2}" "$panel.bed" -p "$panel.pheno.tsv" -m bayesr --chains 2 \
  --rounds "${ROUNDS:-10000}" -o whole.tsv
echo "two chains of ${ROUNDS:-10000} rounds: $(median whole 1) s wall, $(median whole 2) s CPU, $(median whole 3) MiB"
