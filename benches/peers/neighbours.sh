#!/usr/bin/env bash
# Unphased panels with a tenth of the known calls masked: landrace impute beside Beagle and each variant's mean and
# most frequent genotype. Several masks; agreement by minor allele frequency, differences sample by sample with a 95%
# interval, and times of both programs one after the other.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
masks="${MASKS:-1 2 3}"
panels="${PANELS:-maize rice potato}"

cat > mask.py <<'PY'
"""mask.py in.vcf.gz out.vcf.gz truth.tsv seed: hides a tenth of the known calls."""
import gzip, random, sys
source, target, truth, seed = sys.argv[1:]
draw = random.Random(int(seed))
with gzip.open(target, "wt", compresslevel=1) as out, open(truth, "w") as hidden:
    row = 0
    for line in gzip.open(source, "rt"):
        if line[0] == "#":
            out.write(line)
            continue
        cells = line.rstrip("\n").split("\t")
        for column in range(9, len(cells)):
            call = cells[column].split(":")[0]
            if "." not in call and draw.random() < 0.1:
                hidden.write(f"{row}\t{column - 9}\t{call}\n")
                cells[column] = "/".join("." for _ in call.split("/"))
            else:
                cells[column] = call
        cells[8] = "GT"
        out.write("\t".join(cells) + "\n")
        row += 1
PY

cat > score.py <<'PY'
"""score.py masked.vcf.gz truth.tsv name=imputed.vcf.gz ...: agreement of each program, and differences from the first."""
import gzip, math, sys
from collections import defaultdict
masked, truth, programs = sys.argv[1], sys.argv[2], [word.split("=", 1) for word in sys.argv[3:]]
EDGES = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5001]

def lines(path):
    return (line.rstrip("\n").split("\t") for line in gzip.open(path, "rt") if line[0] != "#")

def genotype(call):
    return tuple(sorted(call.replace("|", "/").split("/")))

hidden = defaultdict(list)
for line in open(truth):
    row, sample, call = line.split()
    hidden[int(row)].append((int(sample), genotype(call)))
# What the plain guess says, and the bin and the rarer allele of each row.
plain, bins, turned, results = {}, {}, {}, defaultdict(dict)
for row, cells in enumerate(lines(masked)):
    if row not in hidden:
        continue
    counts = defaultdict(int)
    for call in cells[9:]:
        if "." not in call:
            counts[genotype(call)] += 1
    total = sum(counts.values())
    dosage = lambda g: sum(allele != "0" for allele in g)
    ploidy = len(hidden[row][0][1])
    mean = sum(dosage(g) * n for g, n in counts.items()) / max(total, 1)
    mode = max(sorted(counts), key=lambda g: counts[g]) if counts else None
    frequency = mean / ploidy
    turned[row] = frequency > 0.5
    minor = min(frequency, 1 - frequency)
    bins[row] = max(i for i, edge in enumerate(EDGES[:-1]) if minor >= edge)
    for sample, _ in hidden[row]:
        results["mode"][row, sample] = (mode, mean)
for name, path in programs:
    for row, cells in enumerate(lines(path)):
        if row not in hidden:
            continue
        keys = cells[8].split(":")
        for sample, _ in hidden[row]:
            values = dict(zip(keys, cells[9 + sample].split(":")))
            call = genotype(values["GT"])
            dosage = values.get("DS", ".").split(",")
            known = "." not in call
            # Where there are several alternate alleles, the dosage is that of all of them.
            if "." in dosage or not dosage[0]:
                expected = sum(allele != "0" for allele in call) if known else results["mode"][row, sample][1]
            else:
                expected = sum(map(float, dosage))
            results[name][row, sample] = (call if known else None, expected)

def r2(pairs):
    n = len(pairs)
    x, y = sum(p[0] for p in pairs), sum(p[1] for p in pairs)
    xx, yy, xy = (sum(p[i] * p[j] for p in pairs) for i, j in ((0, 0), (1, 1), (0, 1)))
    spread = (n * xx - x * x) * (n * yy - y * y)
    return (n * xy - x * y) ** 2 / spread if spread > 1e-9 else float("nan")

names = [name for name, _ in programs] + ["mode"]
print("maf\tcalls\t" + "\t".join(f"{name}: right\tof rarer\tr2" for name in names))
by_sample = {name: defaultdict(lambda: [0, 0]) for name in names}
for wanted in list(range(len(EDGES) - 1)) + [None]:
    cells = []
    calls = 0
    for name in names:
        right = rare = rare_right = calls = 0
        pairs = []
        for row, own in hidden.items():
            if wanted is not None and bins[row] != wanted:
                continue
            for sample, true in own:
                call, expected = results[name][row, sample]
                calls += 1
                right += call == true
                major = "1" if turned[row] else "0"
                is_rare = any(a != major for a in true) or (call is not None and any(a != major for a in call))
                rare += is_rare
                rare_right += is_rare and call == true
                sign = -1 if turned[row] else 1
                pairs.append((sign * sum(a != "0" for a in true) + (len(true) if turned[row] else 0),
                              sign * expected + (len(true) if turned[row] else 0)))
                if wanted is None:
                    by_sample[name][sample][0] += call == true
                    by_sample[name][sample][1] += 1
        cells.append(f"{right / max(calls, 1):.4f}\t{rare_right / max(rare, 1):.4f}\t{r2(pairs):.4f}")
    label = "all" if wanted is None else f"{EDGES[wanted]:g}-{min(EDGES[wanted + 1], 0.5):g}"
    print(f"{label}\t{calls}\t" + "\t".join(cells))
first = names[0]
for other in names[1:]:
    gains = [by_sample[first][s][0] / n - by_sample[other][s][0] / n for s, (_, n) in by_sample[first].items()]
    mean = sum(gains) / len(gains)
    spread = math.sqrt(sum((g - mean) ** 2 for g in gains) / max(len(gains) - 1, 1) / len(gains))
    print(f"{first} - {other}, sample by sample: {mean:+.4f} ({mean - 1.96 * spread:+.4f} to {mean + 1.96 * spread:+.4f})")
PY

# timed NAME COMMAND…: seconds of the clock and of the processors, into NAME.time
timed() {
  local name="$1"
  shift
  /usr/bin/env bash -c 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null 2>&1' - "$@" 2>> "$name.time"
}

maize="$data/maize_mdp281/mdp_genotype.hmp.txt.gz"
rice="$data/rice44k_374/rice44k.bed.gz"
potato="$data/potato4x_gwaspoly/genotypes_4x.csv.gz"
for panel in $panels; do
  "$landrace" convert -q "${!panel}" -o "$panel.vcf.gz"
  rm -f -- *.time
  for mask in $masks; do
    python3 mask.py "$panel.vcf.gz" masked.vcf.gz truth.tsv "$mask"
    programs=(landrace=ours.vcf.gz)
    timed landrace "$landrace" impute -q -t "$threads" --method neighbours masked.vcf.gz -o ours.vcf.gz
    if [ "$panel" != potato ]; then
      timed beagle beagle gt=masked.vcf.gz out=beagle nthreads="$threads" seed="$mask"
      programs+=(beagle=beagle.vcf.gz)
    fi
    printf '\n%s, mask %s\n' "$panel" "$mask"
    python3 score.py masked.vcf.gz truth.tsv "${programs[@]}"
  done
  for program in landrace beagle; do
    [ -e "$program.time" ] || continue
    sort -n "$program.time" | awk -v name="$program" '{ wall[NR] = $1; cpu[NR] = $2 + $3 }
      END { m = int((NR + 1) / 2); printf "%s: median %.1f s, processors %.1f s\n", name, wall[m], cpu[m] }'
  done
done
