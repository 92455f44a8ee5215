"""Makes a library of varieties and queries with known answers, as VCF: KIND OUTDIR SEED.

KIND: outbred (unrelated, Hardy-Weinberg), family (outbred: founders, parents and full sibs of absent queries are in
the library), inbred (sister lines of biparental crosses) or backcross (lines of three backcrosses to 60 recurrent
parents and four selfings). 5,000 varieties, 1,000 queries, 96 markers; 2% of the
queries' calls are another genotype (of the library's 0.5%), 3% of calls are missing; 10% of the queries are of no
variety of the library. Their truth is in truth.tsv (query, variety or absent)."""
import sys
import numpy as np

kind, out, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
VARIETIES, QUERIES, MARKERS, ERROR, LIBRARY_ERROR, MISSING, ABSENT = 5000, 1000, 96, 0.02, 0.005, 0.03, 0.10
rng = np.random.default_rng(seed)
absent = int(QUERIES * ABSENT)
total = VARIETIES + absent
frequency = rng.uniform(0.1, 0.9, MARKERS)
length = 12  # chromosomes of 8 markers, 15 cM apart: linked markers, as real panels have
breaks = np.where(np.arange(MARKERS) % (MARKERS // length) == 0, 0.5, 0.5 * (1 - np.exp(-0.3)))


def gametes(first, second):
    """One gamete of each plant, given its two haplotypes."""
    switch = rng.random(first.shape) < breaks
    strand = np.cumsum(switch, axis=1) % 2
    return np.where(strand == 0, first, second)


def haplotypes(n):
    return (rng.random((n, MARKERS)) < frequency).astype(np.int8)


if kind == "outbred":
    genotypes = haplotypes(total) + haplotypes(total)
elif kind == "family":
    founders = total // 5
    a, b = haplotypes(founders), haplotypes(founders)
    pairs = rng.integers(0, founders, (total // 8 + 1, 2))
    family = rng.integers(0, len(pairs), total - founders)
    mother, father = pairs[family, 0], pairs[family, 1]
    a = np.vstack([a, gametes(a[mother], b[mother])])
    b = np.vstack([b, gametes(a[father], b[father])])
    genotypes = a + b
elif kind in ("inbred", "backcross"):
    founders = haplotypes(60)
    cross = np.array([rng.choice(60, 2, replace=False) for _ in range(total // 10)])
    family = rng.integers(0, len(cross), total)
    a, b = founders[cross[family, 0]], founders[cross[family, 1]]
    for _ in range(3 if kind == "backcross" else 0):
        a, b = founders[cross[family, 0]], gametes(a, b)
    for _ in range(4 if kind == "backcross" else 6):
        a, b = gametes(a, b), gametes(a, b)
    genotypes = a + b
    np.savez(f"{out}/families.npz", founders=founders, cross=cross, family=family[order := rng.permutation(total)])
else:
    sys.exit(f"unknown kind {kind}")

if kind not in ("inbred", "backcross"):
    order = rng.permutation(total)
library, missing_varieties = order[:VARIETIES], order[VARIETIES:]
present = rng.choice(VARIETIES, QUERIES - absent, replace=False)
truth = [f"V{i}" for i in present] + ["absent"] * absent
queries = np.vstack([genotypes[library[present]], genotypes[missing_varieties]])


def observe(true, error):
    wrong = rng.random(true.shape) < error
    seen = np.where(wrong, (true + rng.integers(1, 3, true.shape)) % 3, true)
    return np.where(rng.random(true.shape) < MISSING, 3, seen)


def write(path, names, seen):
    text = np.array(["0/0", "0/1", "1/1", "./."])
    with open(path, "w") as vcf:
        print('##fileformat=VCFv4.3\n##contig=<ID=1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">', file=vcf)
        print("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names, sep="\t", file=vcf)
        for marker in range(MARKERS):
            print(1, 1000 * (marker + 1), f"m{marker}", "A", "C", ".", ".", ".", "GT", *text[seen[:, marker]], sep="\t", file=vcf)


write(f"{out}/library.vcf", [f"V{i}" for i in range(VARIETIES)], observe(genotypes[library], LIBRARY_ERROR))
write(f"{out}/queries.vcf", [f"Q{i}" for i in range(QUERIES)], observe(queries, ERROR))
with open(f"{out}/truth.tsv", "w") as table:
    for i, name in enumerate(truth):
        print(f"Q{i}", name, sep="\t", file=table)
