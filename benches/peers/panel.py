#!/usr/bin/env python3
"""A structured panel with a fixed seed: panel.py SAMPLES VARIANTS MISSING PLOIDY OUT.

Eight populations (Balding-Nichols, F = 0.1), admixed samples. Ploidy 2 is written as OUT.bed/.bim/.fam, other ploidies
as OUT.vcf. Needs numpy.
"""
import sys

import numpy as np

samples, variants, missing, ploidy, out = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
random = np.random.default_rng(1)
shares = random.dirichlet(np.full(8, 0.2), samples).astype(np.float32)


def dosages(count):
    """Dosages of so many variants, missing as -1."""
    p, f = random.uniform(0.05, 0.95, count), 0.1
    own = random.beta(p[:, None] * (1 - f) / f, (1 - p[:, None]) * (1 - f) / f, (count, 8)).astype(np.float32)
    own = (own @ shares.T).clip(0.001, 0.999)
    x = sum((random.random((count, samples), dtype=np.float32) < own).astype(np.int8) for _ in range(ploidy))
    if missing:
        x[random.random((count, samples), dtype=np.float32) < missing] = -1
    return x


def write_bed():
    with open(out + ".bed", "wb") as bed, open(out + ".bim", "w") as bim, open(out + ".fam", "w") as fam:
        bed.write(bytes([0x6C, 0x1B, 1]))
        for first in range(0, variants, 2000):
            count = min(2000, variants - first)
            # Dosage of A1: none is 3, one 2, two 0; missing, the last, is 1.
            code = np.array([3, 2, 0, 1], np.uint8)[dosages(count)]
            code = np.pad(code, ((0, 0), (0, -samples % 4))).reshape(count, -1, 4)
            bed.write((code[:, :, 0] | code[:, :, 1] << 2 | code[:, :, 2] << 4 | code[:, :, 3] << 6).tobytes())
            for j in range(first, first + count):
                bim.write(f"{1 + j * 10 // variants}\tv{j}\t0\t{1 + j * 100}\tA\tG\n")
        for i in range(samples):
            fam.write(f"S{i}\tS{i}\t0\t0\t0\t-9\n")


def write_vcf():
    calls = ["/".join("1" * d + "0" * (ploidy - d)) for d in range(ploidy + 1)] + ["/".join("." * ploidy)]
    with open(out + ".vcf", "w") as vcf:
        vcf.write('##fileformat=VCFv4.3\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        names = "\t".join(f"S{i}" for i in range(samples))
        vcf.write(f"##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n")
        for first in range(0, variants, 2000):
            for j, row in enumerate(dosages(min(2000, variants - first)), first):
                text = "\t".join(calls[d] for d in row)
                vcf.write(f"1\t{1 + j * 100}\tv{j}\tA\tG\t.\t.\t.\tGT\t{text}\n")


write_bed() if ploidy == 2 else write_vcf()
