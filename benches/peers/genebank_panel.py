#!/usr/bin/env python3
"""A gene bank with planted duplicates, fixed seed: genebank_panel.py KIND SAMPLES VARIANTS OUT.

KIND is outbred, inbred (doubled haploids) or tetraploid. Of the samples 5% are duplicates, and 5% each are offspring,
full sibs (of lines: sister lines) and backcrosses 1 to 5 to an accession, which all carry the donor at a target as bred
lines do. Ten chromosomes of 100 cM, eight populations. 1% of the calls have one allele wrong, 10% are missing.
Writes OUT.bed/.bim/.fam (OUT.vcf of tetraploids) and OUT.truth.tsv: sample, genotype (the accession copied, or its own),
role, source. Needs numpy.
"""
import sys

import numpy as np

kind, samples, variants, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
random = np.random.default_rng(7)
ploidy = 4 if kind == "tetraploid" else 2
lines = kind == "inbred"
chromosomes, errors, missing = 10, 0.01, 0.10
loci = variants // chromosomes
planted = samples // 20
roles = ["duplicate"] * planted + ["offspring"] * planted + ["sib"] * planted + ["backcross"] * planted
own = samples - len(roles)
order = random.permutation(samples)
plan = []
for at, role in enumerate(roles):
    family = at // 4 if role == "sib" else at
    pick = np.random.default_rng([11, ["duplicate", "offspring", "sib", "backcross"].index(role), family])
    first, second = pick.choice(own, 2, replace=False)
    plan.append((role, int(first), int(second), 1 + at % 5, int(pick.integers(chromosomes)), int(pick.integers(loci))))
shares = random.dirichlet(np.full(8, 0.2), own).astype(np.float32)


def gamete(copies):
    """Half of the copies, recombined in random pairs; copies are rows."""
    pairs = random.permutation(len(copies)).reshape(-1, 2)
    rows = []
    for a, b in pairs:
        cuts = np.sort(random.integers(0, loci, random.poisson(1.0)))
        strand = (np.searchsorted(cuts, np.arange(loci), side="right") + random.integers(2)) % 2
        rows.append(np.where(strand == 0, copies[a], copies[b]))
    return np.array(rows)


def chosen(copies, donor, locus):
    """A gamete that has the donor at the target, if there is one here; `donor` marks its copies."""
    while True:
        both = gamete(copies * 2 + donor)
        got, marked = both // 2, both % 2
        if locus is None or marked[:, locus].any():
            return got, marked


def bred(role, first, second, times, target, base):
    """The copies of a planted sample on this chromosome; target is the locus, or None elsewhere."""
    if role == "duplicate":
        return base[first]
    child = np.concatenate([gamete(base[first]), gamete(base[second])])
    if role != "backcross":
        return np.repeat(gamete(child), 2, 0) if lines else child
    half = ploidy // 2
    donor = np.concatenate([np.zeros((half, loci), np.int8), np.ones((half, loci), np.int8)])
    for _ in range(times):
        got, marked = chosen(child, donor, target)
        child = np.concatenate([gamete(base[first]), got])
        donor = np.concatenate([np.zeros((half, loci), np.int8), marked])
    return np.repeat(chosen(child, donor, target)[0], 2, 0) if lines else child


def dosages(chromosome):
    """True dosages, loci x samples, in the samples' order."""
    p, f = random.uniform(0.05, 0.95, loci), 0.1
    local = random.beta(p[:, None] * (1 - f) / f, (1 - p[:, None]) * (1 - f) / f, (loci, 8)).astype(np.float32)
    chance = (local @ shares.T).clip(0.001, 0.999).T
    draws = 1 if lines else ploidy
    base = np.stack([(random.random((own, loci), dtype=np.float32) < chance).astype(np.int8) for _ in range(draws)], 1)
    if lines:
        base = np.repeat(base, 2, 1)
    x = np.empty((samples, loci), np.int8)
    x[order[:own]] = base.sum(1)
    for at, (role, first, second, times, where, locus) in zip(order[own:], plan):
        copies = bred(role, first, second, times, locus if where == chromosome else None, base)
        x[at] = copies.sum(0)
    return x.T.copy()


def observed(x):
    wrong = random.random(x.shape, dtype=np.float32) < errors
    down = random.random(x.shape, dtype=np.float32) * ploidy < x
    x = x + wrong * np.where(down, -1, 1).astype(np.int8)
    x[random.random(x.shape, dtype=np.float32) < missing] = -1
    return x


def write_bed():
    with open(out + ".bed", "wb") as bed, open(out + ".bim", "w") as bim, open(out + ".fam", "w") as fam:
        bed.write(bytes([0x6C, 0x1B, 1]))
        for chromosome in range(chromosomes):
            code = np.array([3, 2, 0, 1], np.uint8)[observed(dosages(chromosome))]
            code = np.pad(code, ((0, 0), (0, -samples % 4))).reshape(loci, -1, 4)
            bed.write((code[:, :, 0] | code[:, :, 1] << 2 | code[:, :, 2] << 4 | code[:, :, 3] << 6).tobytes())
            for j in range(loci):
                bim.write(f"{chromosome + 1}\tm{chromosome + 1}_{j}\t0\t{(j + 1) * 20000}\tA\tG\n")
        for i in range(samples):
            fam.write(f"S{i}\tS{i}\t0\t0\t0\t-9\n")


def write_vcf():
    calls = np.array(["\t" + "/".join("1" * d + "0" * (ploidy - d)) for d in range(ploidy + 1)] + ["\t./././."], "S8")
    with open(out + ".vcf", "wb") as vcf:
        head = '##fileformat=VCFv4.3\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        head += "".join(f"##contig=<ID={c + 1}>\n" for c in range(chromosomes))
        names = "\t".join(f"S{i}" for i in range(samples))
        vcf.write(f"{head}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n".encode())
        for chromosome in range(chromosomes):
            for j, row in enumerate(observed(dosages(chromosome))):
                site = f"{chromosome + 1}\t{(j + 1) * 20000}\tm{chromosome + 1}_{j}\tA\tG\t.\t.\t.\tGT"
                vcf.write(site.encode() + calls[row].tobytes() + b"\n")


with open(out + ".truth.tsv", "w") as truth:
    truth.write("sample\tgenotype\trole\tsource\n")
    rows = {int(at): (int(at), "accession", int(at)) for at in order[:own]}
    for at, (role, first, *_) in zip(order[own:], plan):
        source = int(order[first])
        rows[int(at)] = (source if role == "duplicate" else int(at), role, source)
    for at in range(samples):
        genotype, role, source = rows[at]
        truth.write(f"S{at}\tS{genotype}\t{role}\tS{source}\n")
write_bed() if ploidy == 2 else write_vcf()
