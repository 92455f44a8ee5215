#!/usr/bin/env bash
# Sires of 3,000 lambs among 120 by 84 markers, dams unknown: how many are found, how many wrongly, and in what time.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
flock="$repository/benches/peers/parentage_flock.py"

# measure SEED ERROR: one line of the table.
measure() {
  python3 "$flock" "$1"
  seconds=$( { /usr/bin/time -f %e "$landrace" identify parents -q flock.vcf --candidates rams.tsv --error "$2" -o parents.tsv; } 2>&1 | tail -1)
  python3 - "$1" "$2" "$seconds" <<'SCORE'
import csv, json, sys
truth = {row["lamb"]: row["sire"] for row in csv.DictReader(open("truth.tsv"), delimiter="\t")}
rows = list(csv.DictReader(open("parents.tsv"), delimiter="\t"))
assert {row["sample"] for row in rows} == set(truth)
strict = [row for row in rows if row["father_status"] == "assigned"]
named = [row for row in rows if row["father_status"] in ("assigned", "probable")]
positive = [row for row in rows if row["father_best"] and float(row["father_lod"]) > 0]
wrong = lambda rows, column: sum(row[column] != truth[row["sample"]] for row in rows)
counts = json.load(open("parents.tsv.summary.json"))["counts"]
percent = lambda part: f"{100 * part / len(rows):.2f}"
print(sys.argv[1], sys.argv[2], percent(len(strict)), percent(wrong(strict, "father")), percent(len(named)), percent(wrong(named, "father")),
      counts["fathers_expected_wrong"], wrong(named, "father"), percent(len(positive)), percent(wrong(positive, "father_best")),
      counts["father_share_sampled"], sys.argv[3], sep="\t")
SCORE
}

printf 'seed\terror\tassigned %%\twrong %%\twith probable %%\twrong %%\texpected wrong\twrong\tLOD above 0 %%\twrong %%\tshare sampled\tseconds\n'
for seed in ${SEEDS:-1 2 3 4 5 6 7 8 9 10}; do measure "$seed" 0.01; done
