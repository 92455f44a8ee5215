"""Log-likelihood of ancestries and frequencies for a .bed, in float64, and the mean error against the true ancestry.

    ancestry_likelihood.py PREFIX TRUTH.tsv RESULT.Q RESULT.P

The allele that P counts is whichever of the two makes the data likelier. Frequencies are kept within 1e-6 of 0 and 1, and
ancestries are scaled to a sum of 1, for both programs alike.
"""
import itertools
import sys

import numpy as np

prefix, truth, q_path, p_path = sys.argv[1:5]
q = np.loadtxt(q_path, ndmin=2)
p = np.clip(np.loadtxt(p_path, ndmin=2), 1e-6, 1 - 1e-6)
q /= q.sum(axis=1, keepdims=True)
n, m = len(q), len(p)
size = (n + 3) // 4
body = np.fromfile(prefix + ".bed", dtype=np.uint8)[3:].reshape(-1, size)
assert len(body) == m, f"{len(body)} variants, {m} lines of P"
# Copies of the first allele of the .bim by code; code 1 is missing.
copies = np.array([2.0, np.nan, 1.0, 0.0])


def total(flip):
    out = 0.0
    for start in range(0, m, 1024):
        rows = body[start : start + 1024]
        codes = np.stack([(rows >> shift) & 3 for shift in (0, 2, 4, 6)], axis=2).reshape(len(rows), -1)[:, :n]
        g = copies[codes]
        h = np.clip(p[start : start + 1024] @ q.T, 1e-9, 1 - 1e-9)
        a = 2 - g if flip else g
        out += np.nansum(a * np.log(h) + (2 - a) * np.log1p(-h))
    return out


true = np.loadtxt(truth, skiprows=1, usecols=range(1, q.shape[1] + 1), delimiter="\t", ndmin=2)
orders = itertools.permutations(range(q.shape[1]))
error = min(np.abs(true - q[:, list(order)]).mean() for order in orders)
print(f"{q_path}\tlog-likelihood {max(total(False), total(True)):.3f}\tmean error of ancestry {error:.5f}")
