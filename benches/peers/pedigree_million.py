"""A pedigree of a million animals, from a fixed seed: pedigree_million.py wide|deep|families N > pedigree.tsv

wide: ten overlapping years, many sires, few known generations. deep: a hundred generations of few sires. families:
twenty generations of full-sib families, as many sires as dams, as in fish.
"""
import random
import sys

shape, count = sys.argv[1], int(sys.argv[2])
draw = random.Random(7)
generations, sires, dams = {"wide": (5, 4000, 100_000), "deep": (100, 100, 2000), "families": (20, 2500, 2500)}[shape]
size = count // generations
scale = count / 1_000_000
sires, dams = max(2, int(sires * scale)), max(2, int(dams * scale))
out = sys.stdout
out.write("id\tsire\tdam\tyear\n")
before = []
for generation in range(generations):
    names = [f"a{generation * size + at + 1}" for at in range(size)]
    rams, ewes = [], []
    if before:
        # The first half of each generation are males. A tenth of the parents come from the generation before the last.
        rams = draw.sample(before[-1][: size // 2], sires)
        ewes = draw.sample(before[-1][size // 2 :], dams)
        if len(before) > 1:
            rams[: sires // 10] = draw.sample(before[-2][: size // 2], sires // 10)
            ewes[: dams // 10] = draw.sample(before[-2][size // 2 :], dams // 10)
    pairs = list(zip(rams, ewes)) if shape == "families" else None
    for name in names:
        if pairs:
            sire, dam = draw.choice(pairs)
        elif rams:
            sire, dam = draw.choice(rams), draw.choice(ewes)
        else:
            sire, dam = "0", "0"
        out.write(f"{name}\t{sire}\t{dam}\t{1900 + generation}\n")
    before.append(names)
