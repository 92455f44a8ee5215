#!/usr/bin/env python3
"""A trait of a panel with a fixed seed: gwas_trait.py OUT puts it into OUT.fam (column 6) and OUT.pheno.tsv.

Two hundred variants with normal effects make half the variance, and one more a hundredth. Needs numpy and OUT.bed.
"""
import sys

import numpy as np

out = sys.argv[1]
samples = [line.split() for line in open(out + ".fam")]
variants = sum(1 for _ in open(out + ".bim"))
n = len(samples)
random = np.random.default_rng(5)
width = (n + 3) // 4
calls = np.memmap(out + ".bed", np.uint8, "r", 3).reshape(variants, width)
chosen = np.sort(random.choice(variants, 201, replace=False))


def dosage(row):
    codes = np.stack([calls[row] >> shift & 3 for shift in (0, 2, 4, 6)], 1).reshape(-1)[:n]
    x = np.array([2.0, np.nan, 1.0, 0.0])[codes]
    x[np.isnan(x)] = np.nanmean(x)
    return (x - x.mean()) / (x.std() or 1.0)


scaled = lambda value, variance: (value - value.mean()) / value.std() * variance ** 0.5
many = sum(random.normal() * dosage(row) for row in chosen[:200])
trait = scaled(many, 0.5) + scaled(dosage(chosen[200]), 0.01) + scaled(random.normal(size=n), 0.49)
with open(out + ".fam", "w") as fam, open(out + ".pheno.tsv", "w") as table:
    table.write("sample\ttrait\n")
    for own, value in zip(samples, trait):
        fam.write("\t".join(own[:5] + [f"{value:.6f}"]) + "\n")
        table.write(f"{own[1]}\t{value:.6f}\n")
