"""The most that anybody could answer: KIND FOLDER of identity_library.py, kinds inbred and backcross.

This oracle knows what no testing service does: the founders' haplotypes, the pedigree of every variety, the genetic map,
both error rates and the share of absent queries. Ancestry along a chromosome is a first-order Markov chain of 0, 1 or 2
copies of the donor, learnt from 40,000 simulated lines. It answers as `identify variety` is asked to: with the fewest
varieties, at most ten, that hold 99% of the probability."""
import sys
import numpy as np

kind, folder = sys.argv[1], sys.argv[2]
ERROR, LIBRARY_ERROR, ABSENT, LEVEL, MOST, CHROMOSOMES = 0.02, 0.005, 0.10, 0.99, 10, 12


def read(path):
    codes = {"0/0": 0, "0/1": 1, "1/1": 2, "./.": 3}
    rows = [line.split("\t")[9:] for line in open(path) if line[0] != "#"]
    return np.array([[codes[call.strip()] for call in row] for row in rows], np.int8).T


library, queries = read(f"{folder}/library.vcf"), read(f"{folder}/queries.vcf")
truth = [line.rstrip("\n").split("\t")[1] for line in open(f"{folder}/truth.tsv")]
known = np.load(f"{folder}/families.npz")
founders, cross, family = known["founders"], known["cross"], known["family"][: len(library)]
markers, per = founders.shape[1], founders.shape[1] // CHROMOSOMES

rng = np.random.default_rng(1)
breaks = np.where(np.arange(per) == 0, 0.5, 0.5 * (1 - np.exp(-0.3)))
zero = np.zeros((40000, per), np.int8)


def gamete(a, b):
    strand = np.cumsum(rng.random(a.shape) < breaks, axis=1) % 2
    return np.where(strand == 0, a, b)


a, b = zero, zero + 1
for _ in range(3 if kind == "backcross" else 0):
    a, b = zero, gamete(a, b)
for _ in range(4 if kind == "backcross" else 6):
    a, b = gamete(a, b), gamete(a, b)
copies = a + b
start = np.bincount(copies.ravel(), minlength=3) / copies.size
step = np.zeros((3, 3))
np.add.at(step, (copies[:, :-1].ravel(), copies[:, 1:].ravel()), 1)
step /= step.sum(1, keepdims=True)
# Genotype of a family at a marker with 0, 1 or 2 copies of the donor's haplotype.
one, two = founders[cross[:, 0]], founders[cross[:, 1]]
genotype = np.stack([2 * one, one + two, 2 * two], -1)


def chance(calls, of, error):
    """Of calls given the ancestry, [..., markers, 3]; missing calls tell nothing."""
    equal = calls[..., None] == of
    return np.where(calls[..., None] == 3, 1.0, np.where(equal, 1 - error, error / 2))


def forward(emission):
    """Logarithms of the likelihoods of the rows."""
    out, state = np.zeros(len(emission)), None
    for m in range(markers):
        before = start if m % per == 0 else state @ step
        state = before * emission[:, m]
        total = state.sum(1)
        out += np.log(total)
        state = state / total[:, None]
    return out


of_library = genotype[family]
library_chance = chance(library, of_library, LIBRARY_ERROR)
library_ln = forward(library_chance)
answered = named = right = single = false = 0
for query, true in zip(queries, truth):
    differ = ((library != query) & (library != 3) & (query != 3)).sum(1)
    near = np.argsort(differ, kind="stable")[:300]
    same = forward(chance(query, of_library[near], ERROR) * library_chance[near]) - library_ln[near]
    none = forward(chance(query, genotype, ERROR))
    terms = np.append(same + np.log((1 - ABSENT) / len(library)), none.max() + np.log(np.exp(none - none.max()).mean()) + np.log(ABSENT))
    share = np.exp(terms - terms.max())
    share /= share.sum()
    order = np.argsort(-share[:-1], kind="stable")[:MOST]
    enough = np.cumsum(share[order]) >= LEVEL
    if not enough.any():
        continue
    size = int(np.argmax(enough)) + 1
    answer = {f"V{near[at]}" for at in order[:size]}
    named += 1
    single += size == 1
    right += true in answer
    false += true == "absent"
    answered += true != "absent"
present = sum(true != "absent" for true in truth)
print(f"{kind}: oracle answers {answered}/{present} ({100 * answered / present:.2f}%) of the present, {single} with one variety; "
      f"{100 * right / max(named, 1):.2f}% right; names {false}/{len(truth) - present} of the absent")
