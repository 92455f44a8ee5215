#!/usr/bin/env python3
"""Scores imputed genotypes against the truth, by minor allele frequency, two programs on the same calls.

score_imputation.py TRUTH FREQUENCIES SITES NAME=FILE [NAME=FILE]

TRUTH is a VCF (all its calls count, but those of variants in SITES, lines `contig:position`; `-` for none), or a table
of hidden calls (contig, position, sample's index, dosage). FREQUENCIES is the VCF that gives each variant's allele
frequency. FILEs are VCFs with GT and, if they have it, DS. Prints for each bin the squared correlation of dosages over
all calls and the share of right genotypes among those whose true or imputed genotype is not the reference, and 95%
intervals of the first program less the last, over 400 draws of the samples.
"""
import collections
import gzip
import random
import sys

EDGES = [0.0, 0.001, 0.005, 0.01, 0.05, 0.2, 0.5000001]


def lines(path):
    with gzip.open(path, "rt") if path.endswith("gz") else open(path) as text:
        for line in text:
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def dosage(genotype):
    alleles = genotype.replace("|", "/").split("/")
    return None if "." in alleles else sum(allele != "0" for allele in alleles)


def calls(path):
    """Contig and position -> genotype and dosage of each sample."""
    out = {}
    for fields in lines(path):
        keys = fields[8].split(":")
        gt, ds = keys.index("GT"), keys.index("DS") if "DS" in keys else None
        row = []
        for call in fields[9:]:
            parts = call.split(":")
            own = dosage(parts[gt])
            row.append((own, float(parts[ds]) if ds is not None and parts[ds] != "." else own))
        out[fields[0], fields[1]] = row
    return out


def frequencies(path):
    out = {}
    for fields in lines(path):
        ones = zeros = 0
        for call in fields[9:]:
            for allele in call.split(":", 1)[0].replace("|", "/").split("/"):
                ones += allele == "1"
                zeros += allele == "0"
        share = ones / max(1, ones + zeros)
        out[fields[0], fields[1]] = min(share, 1 - share)
    return out


def truths(path, skipped):
    if path.endswith(".tsv"):
        for contig, position, sample, own in lines(path):
            yield (contig, position), int(sample), int(own)
        return
    places = [(fields[0], fields[1]) for fields in lines(path)]
    # Where several variants share a position, programs may order them as they like.
    several = {place for place, count in collections.Counter(places).items() if count > 1}
    for fields in lines(path):
        if f"{fields[0]}:{fields[1]}" not in skipped and (fields[0], fields[1]) not in several:
            for sample, call in enumerate(fields[9:]):
                own = dosage(call.split(":", 1)[0])
                if own is not None:
                    yield (fields[0], fields[1]), sample, own


def r2(sums):
    n, x, y, xx, yy, xy = sums[:6]
    if n == 0:
        return float("nan")
    vx, vy, cov = xx - x * x / n, yy - y * y / n, xy - x * y / n
    return cov * cov / (vx * vy) if vx * vy > 1e-9 else float("nan")


def concordance(sums):
    return sums[7] / sums[6] if sums[6] else float("nan")


def main():
    truth, panel, sites, *files = sys.argv[1:]
    skipped = set() if sites == "-" else {line.strip().replace("\t", ":") for line in open(sites)}
    share = frequencies(panel)
    names = [name for name, _ in (file.split("=", 1) for file in files)]
    sets = [calls(path) for _, path in (file.split("=", 1) for file in files)]
    # bin -> program -> sample -> sums
    bins = [[{} for _ in names] for _ in range(len(EDGES))]
    left_out = 0
    for site, sample, own in truths(truth, skipped):
        found = [one[site][sample] if site in one else (None, None) for one in sets]
        if site not in share or any(gt is None for gt, _ in found):
            left_out += 1
            continue
        own_bin = next(i for i in range(len(EDGES) - 1) if share[site] < EDGES[i + 1])
        for index in (own_bin, len(EDGES) - 1):
            for program, (gt, ds) in enumerate(found):
                sums = bins[index][program].setdefault(sample, [0.0] * 8)
                counts = own > 0 or gt > 0
                for slot, value in enumerate((1, own, ds, own * own, ds * ds, own * ds, counts, counts and gt == own)):
                    sums[slot] += value
    print(f"calls left out because a program lacks them: {left_out}")
    head = "\t".join(f"{name} r2\t{name} non-ref concordance" for name in names)
    print(f"minor allele frequency\tcalls\t{head}\tr2 difference (95%)\tconcordance difference (95%)")
    for index, programs in enumerate(bins):
        if not programs[0]:
            continue
        whole = index == len(EDGES) - 1
        label = "all" if whole else f"{EDGES[index]:g} to {min(0.5, EDGES[index + 1]):g}"
        samples = sorted(programs[0])
        total = [[sum(one[s][k] for s in samples) for k in range(8)] for one in programs]
        row = [label, str(int(total[0][0]))]
        row += [f"{measure(sums):.4f}" for sums in total for measure in (r2, concordance)]
        row += intervals(programs, samples) if len(names) > 1 and len(samples) > 5 else ["", ""]
        print("\t".join(row))


def intervals(programs, samples):
    draw = random.Random(1)
    differences = ([], [])
    for _ in range(400):
        drawn = draw.choices(samples, k=len(samples))
        sums = [[sum(column) for column in zip(*(one[s] for s in drawn))] for one in (programs[0], programs[-1])]
        for measure, out in zip((r2, concordance), differences):
            value = measure(sums[0]) - measure(sums[1])
            if value == value:
                out.append(value)
    texts = []
    for values in map(sorted, differences):
        if not values:
            texts.append("")
            continue
        low, high = values[int(0.025 * len(values))], values[min(len(values) - 1, int(0.975 * len(values)))]
        texts.append(f"{low:+.4f} to {high:+.4f}")
    return texts


main()
