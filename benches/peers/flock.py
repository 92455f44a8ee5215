"""A flock for single-step prediction: flock.py SEED [ANIMALS GENOTYPED MARKERS] writes into the working folder.

Ten generations of the same size from 20 sires and 300 dams each (of 1,000; in proportion else); sires are the best third
by their own record of three times as many drawn. Two traits of 300 loci that are not among the markers, heritability 0.3,
recorded on all but the youngest generation; the truth is that of the first. Ten chromosomes of 1 Morgan; the founders come from 100 animals that mated
at random for 40 generations. Genotyped are half of the youngest, all sires, and others of the two generations before.

pedigree.tsv, flock.bed/.bim/.fam, phenotypes.tsv; truth.tsv holds breeding values, generation and who is genotyped.
"""
import sys

import numpy as np

seed = int(sys.argv[1])
animals, wanted, markers = (int(x) for x in sys.argv[2:5]) if len(sys.argv) > 2 else (10_000, 2_000, 3_000)
draw = np.random.default_rng(seed)
size = animals // 10
sires, dams = max(2, size // 50), max(4, 3 * size // 10)
loci_of_trait = 300
total = markers + loci_of_trait
chromosome = np.sort(draw.integers(0, 10, total))
position = draw.random(total)
order = np.lexsort((position, chromosome))
chromosome, position = chromosome[order], position[order]
distance = np.diff(position, prepend=0.0)
chance = np.where(np.diff(chromosome, prepend=-1) != 0, 0.5, 0.5 * (1 - np.exp(-2 * np.abs(distance))))


def gametes(parents):
    """One gamete of each parent (n, 2, loci)."""
    phase = (np.cumsum(draw.random((len(parents), total)) < chance, axis=1) + draw.integers(0, 2, (len(parents), 1))) % 2
    return np.where(phase == 0, parents[:, 0], parents[:, 1])


def offspring(fathers, mothers):
    return np.stack([gametes(fathers), gametes(mothers)], axis=1)


stock = (draw.random((100, 2, total)) < draw.uniform(0.2, 0.8, total)).astype(np.uint8)
for _ in range(40):
    stock = offspring(stock[draw.integers(0, 50, 100)], stock[draw.integers(50, 100, 100)])
herd = offspring(stock[draw.integers(0, 50, size)], stock[draw.integers(50, 100, size)])
frequency = herd.mean(axis=(0, 1))
varies = np.flatnonzero((frequency > 0.02) & (frequency < 0.98))
trait = np.sort(draw.choice(varies, min(loci_of_trait, len(varies) // 5), replace=False))
effects = draw.normal(size=len(trait))
of_wool = draw.normal(size=len(trait))
chip = np.setdiff1d(varies, trait)
first = herd[:, :, trait].sum(axis=1) @ effects
centre, scale = first.mean(), first.std()
noise = np.sqrt(0.7 / 0.3)

parents, values, records, wool, dosages, used = [], [], [], [], [], set()
start = 0
for generation in range(10):
    value = (herd[:, :, trait].sum(axis=1) @ effects - centre) / scale
    record = 50 + value + noise * draw.normal(size=size)
    values.append(value)
    records.append(record)
    other = herd[:, :, trait].sum(axis=1) @ of_wool
    wool.append(5 + (other - other.mean()) / other.std() + noise * draw.normal(size=size))
    dosages.append(herd[:, :, chip].sum(axis=1, dtype=np.uint8))
    if generation == 0:
        parents += [(-1, -1)] * size
    if generation == 9:
        break
    # The first half of each generation are males.
    drawn = draw.choice(size // 2, 3 * sires, replace=False)
    rams = drawn[np.argsort(-record[drawn])[:sires]]
    ewes = size // 2 + draw.choice(size - size // 2, dams, replace=False)
    mine, hers = rams[draw.integers(0, sires, size)], ewes[draw.integers(0, dams, size)]
    parents += [(start + a, start + b) for a, b in zip(mine, hers)]
    used |= {start + a for a in rams}
    herd = offspring(herd[mine], herd[hers])
    start += size

young = 9 * size + draw.choice(size, size // 2, replace=False)
chosen = set(young) | used
pool = [own for own in range(7 * size, 9 * size) if own not in chosen]
chosen |= set(draw.choice(pool, wanted - len(chosen), replace=False))
chosen = np.array(sorted(chosen))
typed = set(chosen.tolist())
name = lambda own: "0" if own < 0 else f"s{own + 1:05d}"
values, records, wool, dosages = (np.concatenate(own) for own in (values, records, wool, dosages))
with open("pedigree.tsv", "w") as out:
    out.write("id\tsire\tdam\tyear\n")
    for own, (sire, dam) in enumerate(parents):
        out.write(f"{name(own)}\t{name(sire)}\t{name(dam)}\t{2010 + own // size}\n")
with open("phenotypes.tsv", "w") as out:
    out.write("id\tgain\twool\n")
    for own in range(9 * size):
        out.write(f"{name(own)}\t{records[own]:.4f}\t{wool[own]:.4f}\n")
with open("truth.tsv", "w") as out:
    out.write("id\tvalue\tgeneration\tgenotyped\n")
    for own in range(len(parents)):
        out.write(f"{name(own)}\t{values[own]:.6f}\t{own // size}\t{int(own in typed)}\n")
with open("flock.fam", "w") as out:
    out.writelines(f"{name(own)}\t{name(own)}\t0\t0\t0\t-9\n" for own in chosen)
with open("flock.bim", "w") as out:
    for number, at in enumerate(chip):
        out.write(f"{chromosome[at] + 1}\tm{number + 1}\t{100 * position[at]:.6f}\t{1000 * number + 1}\tA\tC\n")
# Two bits a call, four a byte, the first lowest: 00 homozygous for the first allele of the .bim, 10, 11.
codes = np.array([3, 2, 0], dtype=np.uint8)[dosages[chosen].T]
codes = np.pad(codes, ((0, 0), (0, -len(chosen) % 4))).reshape(len(chip), -1, 4)
packed = codes[:, :, 0] | codes[:, :, 1] << 2 | codes[:, :, 2] << 4 | codes[:, :, 3] << 6
with open("flock.bed", "wb") as out:
    out.write(bytes([0x6C, 0x1B, 0x01]) + packed.tobytes())
