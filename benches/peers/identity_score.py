"""Scores the answers of `landrace identify variety` against truth.tsv: KIND TRUTH ANSWERS."""
import csv
import sys

kind = sys.argv[1]
truth = dict(line.rstrip("\n").split("\t") for line in open(sys.argv[2]))
rows = list(csv.DictReader(open(sys.argv[3]), delimiter="\t"))
assert len(rows) == len(truth), "a line a query"
named = [row for row in rows if row["verdict"] in ("identified", "one of a group")]
right = [row for row in named if truth[row["query"]] in row["answer"].split("; ")]
present = [row for row in rows if truth[row["query"]] != "absent"]
absent = [row for row in rows if truth[row["query"]] == "absent"]
share = lambda part, whole: f"{len(part)}/{len(whole)} ({100 * len(part) / max(len(whole), 1):.2f}%)"
single = [row for row in named if row["verdict"] == "identified"]
false = [row for row in named if truth[row["query"]] == "absent"]
none = [row for row in rows if row["verdict"] == "none of these"]
print(f"{kind}: answers at 99% right {share(right, named)}; asked 98.5%")
print(f"{kind}: answers that name one variety {len(single)}")
print(f"{kind}: present and answered {share([r for r in named if truth[r['query']] != 'absent'], present)}; asked 95%")
print(f"{kind}: absent and named {share(false, absent)}; asked at most 1%")
print(f"{kind}: 'none of these' that are present {share([r for r in none if truth[r['query']] != 'absent'], none)}")
print("kind\tposterior of the best variety\tqueries\tmean posterior\tright")
for low, high in [(0, .1), (.1, .5), (.5, .9), (.9, .99), (.99, .999), (.999, 1.01)]:
    bin_ = [(float(r["posterior"]), r["best_variety"] == truth[r["query"]]) for r in rows
            if r["posterior"] != "." and low <= float(r["posterior"]) < high]
    if bin_:
        n = len(bin_)
        print(f"{kind}\t{low}-{min(high, 1)}\t{n}\t{sum(p for p, _ in bin_) / n:.4f}\t{sum(r for _, r in bin_) / n:.4f}")
