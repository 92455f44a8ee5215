"""A flock with known sires: lambs, sires and markers, as a VCF, a table of candidates and the truth.

python3 parentage_flock.py SEED [LAMBS SIRES MARKERS]
"""

import random
import sys

seed = int(sys.argv[1])
lambs, sires, markers = (int(value) for value in sys.argv[2:5]) if len(sys.argv) > 2 else (3000, 120, 84)
draw = random.Random(seed)
ERROR, MISSING = 0.01, 0.02

frequencies = [draw.uniform(0.2, 0.5) for _ in range(markers)]


def founder():
    return [(draw.random() < p) + (draw.random() < p) for p in frequencies]


def gamete(parent):
    return [copies // 2 if copies != 1 else int(draw.random() < 0.5) for copies in parent]


def typed(genotype):
    """Calls: some missing, some wrong (another genotype, either with the same chance)."""
    calls = []
    for copies in genotype:
        if draw.random() < MISSING:
            calls.append("./.")
            continue
        if draw.random() < ERROR:
            copies = draw.choice([other for other in range(3) if other != copies])
        calls.append(("0/0", "0/1", "1/1")[copies])
    return calls


rams = [founder() for _ in range(sires)]
names, columns, truth = [], [], []
for at, ram in enumerate(rams):
    names.append(f"ram{at + 1}")
    columns.append(typed(ram))
for at in range(lambs):
    sire = draw.randrange(sires)
    dam = founder()
    names.append(f"lamb{at + 1}")
    columns.append(typed([a + b for a, b in zip(gamete(rams[sire]), gamete(dam))]))
    truth.append((f"lamb{at + 1}", f"ram{sire + 1}"))

with open("flock.vcf", "w") as out:
    out.write("##fileformat=VCFv4.2\n##contig=<ID=1,length=1000000>\n")
    out.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
    out.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(names) + "\n")
    for marker in range(markers):
        calls = "\t".join(column[marker] for column in columns)
        out.write(f"1\t{1000 * (marker + 1)}\tm{marker + 1}\tA\tG\t.\t.\t.\tGT\t{calls}\n")
with open("rams.tsv", "w") as out:
    out.write("sample\tsex\n" + "".join(f"ram{at + 1}\tM\n" for at in range(sires)))
with open("truth.tsv", "w") as out:
    out.write("lamb\tsire\n" + "".join(f"{lamb}\t{sire}\n" for lamb, sire in truth))
