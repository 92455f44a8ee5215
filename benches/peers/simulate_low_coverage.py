#!/usr/bin/env python3
"""Likelihoods of few reads from phased haplotypes: simulate_low_coverage.py TRUTH.vcf.gz DEPTH SEED > OUT.vcf

Reads of 150 bases start anywhere, on either haplotype, at the depth given; a base errs with probability 0.005. A
call's PL come from the reads over it.
"""
import bisect
import gzip
import math
import random
import sys

ERROR, READ = 0.005, 150
truth, depth, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
draw = random.Random(seed)
sites, names = [], ""
with gzip.open(truth, "rt") as lines:
    for line in lines:
        if line.startswith("#CHROM"):
            names = line.rstrip("\n").split("\t")[9:]
        if not line.startswith("#"):
            sites.append(line.rstrip("\n").split("\t"))
positions = [int(site[1]) for site in sites]
low, high = positions[0] - READ, positions[-1] + 1
counts = [[[0, 0] for _ in names] for _ in sites]
for sample in range(len(names)):
    for _ in range(int((high - low) * depth / READ)):
        start, side = draw.randrange(low, high), draw.randrange(2)
        index = bisect.bisect_left(positions, start)
        while index < len(sites) and positions[index] < start + READ:
            allele = int(sites[index][9 + sample].split("|")[side])
            counts[index][sample][allele ^ (draw.random() < ERROR)] += 1
            index += 1
print("##fileformat=VCFv4.2")
for contig in sorted({site[0] for site in sites}):
    print(f"##contig=<ID={contig}>")
print('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
print('##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Phred likelihoods">')
print("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(names))
right, wrong, half = math.log10(1 - ERROR), math.log10(ERROR), math.log10(0.5)
for site, row in zip(sites, counts):
    calls = []
    for zeros, ones in row:
        logs = [zeros * right + ones * wrong, (zeros + ones) * half, ones * right + zeros * wrong]
        phreds = [min(255, round(-10 * (log - max(logs)))) for log in logs]
        genotype = ["0/0", "0/1", "1/1"][phreds.index(0)] if zeros + ones else "./."
        calls.append(f"{genotype}:{','.join(map(str, phreds))}")
    print("\t".join([*site[:5], ".", ".", ".", "GT:PL", *calls]))
