# Sourced by every script here: where the binary, the data and the scratch folder are.
set -euo pipefail
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
data="${LANDRACE_SHARED:-$repository/../shared}/data"
landrace="${LANDRACE:-$repository/target/release/landrace}"
aardvark="${AARDVARK:-aardvark}"
threads="${THREADS:-1}"
work="${BENCH_DIR:-$(mktemp -d)}"
mkdir -p "$work"
cd "$work"

# cpu NAME COMMAND...: runs a command and notes its user + system seconds and peak memory (MiB) under NAME.
cpu() {
  local name="$1"; shift
  /usr/bin/time -o "$name.time" -f '%U %S %M' "$@"
  awk -v name="$name" 'END { printf "%s\t%.2f CPU s\t%.0f MiB\n", name, $1 + $2, $3 / 1024 }' "$name.time" >&2
}

# seconds NAME: the CPU seconds noted under NAME.
seconds() { awk 'END { printf "%.2f", $1 + $2 }' "$1.time"; }

# bwa_bam OUT SAMPLE REFERENCE R1 [R2]: bwa mem, mates fixed, sorted.
bwa_bam() {
  local out="$1" sample="$2"; shift 2
  bwa mem -t "$threads" -R "@RG\tID:$out\tSM:$sample" "$@" 2>/dev/null |
    samtools fixmate -m -u - - | samtools sort -u -o "$out" - 2>/dev/null
}
