#!/usr/bin/env python3
"""Power of association at equal false findings, on traits made from a real panel's own markers.

multi_locus_power.py traits PANEL REPLICATES SEED OUT [--without]
    writes OUT.pheno.tsv (a trait a replicate and heritability), OUT.qtn.tsv (the markers that cause them) and, with
    --without, OUT.REPLICATE.bed/.bim/.fam, which lack the replicate's causal markers.
multi_locus_power.py score PANEL OUT WINDOW METHOD=TABLE ...
    prints power by method; TABLE names `gwas` tables, separated by commas.

PANEL is a PLINK set without .bed. 15 causal markers a trait, of minor allele frequency 0.05 and more, with effects of
either sign that fall by 0.85 each (per standard deviation of the marker); noise to heritabilities of 0.5 and 0.8.
A finding is a marker that no better one is within WINDOW of, nor, on its contig, correlated with by r2 of 0.25 or more; it
is true if a causal marker is within WINDOW, else false. All methods' findings are made alike from all their p-values, and
those of all replicates are put in one order by p. Power is the share of causal markers that true findings are near to;
in brackets what it is above that of the method named exact, with the standard error over the replicates. Needs numpy.
"""
import csv
import sys

import numpy as np

CAUSAL, SHRINK, HERITABILITIES = 15, 0.85, (0.5, 0.8)
FALSE_A_SCAN = (0.1, 0.25, 0.5, 1.0)
RATES = (0.05, 0.1, 0.2)
LINKED = 0.5  # |r|


class Panel:
    def __init__(self, prefix):
        self.prefix = prefix
        self.bim = [line.split() for line in open(prefix + ".bim")]
        self.fam = [line.split() for line in open(prefix + ".fam")]
        n = len(self.fam)
        self.raw = np.fromfile(prefix + ".bed", dtype=np.uint8)[3:].reshape(len(self.bim), -1)
        codes = np.stack([(self.raw >> shift) & 3 for shift in (0, 2, 4, 6)], axis=2)
        codes = codes.reshape(len(self.bim), -1)[:, :n]
        self.dosage = np.array([2, np.nan, 1, 0])[codes]
        self.place = {row[1]: k for k, row in enumerate(self.bim)}
        self.contig = [row[0] for row in self.bim]
        self.position = [int(row[3]) for row in self.bim]

    def unit(self, k):
        x = self.dosage[k]
        x = np.where(np.isnan(x), np.nanmean(x), x)
        x = x - x.mean()
        return x / np.sqrt(x @ x)

    def without(self, rows, prefix):
        keep = np.setdiff1d(np.arange(len(self.bim)), rows)
        with open(prefix + ".bed", "wb") as out:
            out.write(bytes([0x6C, 0x1B, 1]))
            out.write(self.raw[keep].tobytes())
        with open(prefix + ".bim", "w") as out:
            out.writelines("\t".join(self.bim[k]) + "\n" for k in keep)
        with open(prefix + ".fam", "w") as out:
            out.writelines("\t".join(row) + "\n" for row in self.fam)


def traits(prefix, replicates, seed, out, is_without):
    panel = Panel(prefix)
    with np.errstate(all="ignore"):
        frequency = np.nanmean(panel.dosage, axis=1) / 2
    called = 1 - np.isnan(panel.dosage).mean(axis=1)
    fit = np.flatnonzero((np.minimum(frequency, 1 - frequency) >= 0.05) & (called >= 0.9))
    n, columns, causes = len(panel.fam), {}, []
    for replicate in range(replicates):
        source = np.random.default_rng([seed, replicate])
        chosen = source.choice(fit, CAUSAL, replace=False)
        effects = np.sign(source.normal(size=CAUSAL)) * SHRINK ** np.arange(CAUSAL)
        genetic = sum(b * panel.unit(k) for b, k in zip(effects, chosen))
        genetic = genetic / genetic.std()
        noise = source.normal(size=n)
        for h2 in HERITABILITIES:
            columns[f"r{replicate}h{h2}"] = np.sqrt(h2) * genetic + np.sqrt(1 - h2) * noise
        causes.extend((replicate, panel.bim[k][1], b) for b, k in zip(effects, chosen))
        if is_without:
            panel.without(chosen, f"{out}.{replicate}")
    with open(out + ".pheno.tsv", "w") as table:
        table.write("\t".join(["sample", *columns]) + "\n")
        for i, row in enumerate(panel.fam):
            table.write("\t".join([row[1], *(f"{y[i]:.6f}" for y in columns.values())]) + "\n")
    with open(out + ".qtn.tsv", "w") as table:
        table.writelines(f"{replicate}\t{name}\t{b:.4f}\n" for replicate, name, b in causes)


def findings(panel, scores, window):
    """The places and ln p of up to 60 findings."""
    out, units = [], []
    for k, p in scores:
        if len(out) == 60:
            break
        here = [i for i, (other, _) in enumerate(out) if panel.contig[other] == panel.contig[k]]
        if any(abs(panel.position[out[i][0]] - panel.position[k]) <= window for i in here):
            continue
        unit = panel.unit(k)
        if any(abs(unit @ units[i]) >= LINKED for i in here):
            continue
        out.append((k, p))
        units.append(unit)
    return out


def read(panel, tables):
    """By trait, markers and their -log10 p, the best first."""
    out = {}
    for table in tables.split(","):
        with open(table) as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                p = row["p_wald"]
                mantissa, _, exponent = p.partition("e")
                log = -np.log10(max(float(mantissa), 1e-300)) - int(exponent or 0)
                if log > 1.5:
                    out.setdefault(row["trait"], []).append((panel.place[row["rs"]], log))
    return {name: sorted(scores, key=lambda own: -own[1]) for name, scores in out.items()}


def events(panel, causes, window, tables):
    """By heritability: (-log10 p, replicate, causal markers near) of all findings, the best first."""
    out = {h2: [] for h2 in HERITABILITIES}
    for name, scores in read(panel, tables).items():
        replicate, h2 = int(name[1:].split("h")[0]), float(name.split("h")[1])
        for k, log in findings(panel, scores, window):
            near = frozenset(
                c for c in causes[replicate]
                if panel.contig[c] == panel.contig[k] and abs(panel.position[c] - panel.position[k]) <= window
            )
            out[h2].append((log, replicate, near))
    return {h2: sorted(own, key=lambda event: -event[0]) for h2, own in out.items()}


def curve(own, replicates):
    """Power by replicate, -log10 p and FDR at each bound."""
    bounds = {}
    got, false, last = {r: set() for r in range(replicates)}, 0, None
    total = 0
    for log, replicate, near in own:
        total += 1
        if near:
            got[replicate] |= near
        else:
            false += 1
        power = None
        for many in FALSE_A_SCAN:
            if false <= many * replicates:
                power = power or {r: len(found) / CAUSAL for r, found in got.items()}
                bounds[many] = (power, log)
        for rate in RATES:
            if false <= rate * total:
                power = power or {r: len(found) / CAUSAL for r, found in got.items()}
                bounds[f"FDR {rate}"] = (power, log)
    return bounds


def score(prefix, out, window, methods):
    panel = Panel(prefix)
    causes = {}
    for line in open(out + ".qtn.tsv"):
        replicate, name, _ = line.split("\t")
        causes.setdefault(int(replicate), []).append(panel.place[name])
    replicates = len(causes)
    all_events = {name: events(panel, causes, window, tables) for name, tables in methods}
    for h2 in HERITABILITIES:
        curves = {name: curve(own[h2], replicates) for name, own in all_events.items()}
        base = curves.get("exact", {})
        for name, own in curves.items():
            cells = []
            for bound in [*FALSE_A_SCAN, *(f"FDR {rate}" for rate in RATES)]:
                power, log = own.get(bound, ({r: 0.0 for r in range(replicates)}, np.nan))
                other = base.get(bound, ({r: 0.0 for r in range(replicates)}, np.nan))[0]
                apart = np.array([power[r] - other[r] for r in range(replicates)])
                error = apart.std(ddof=1) / np.sqrt(replicates) if replicates > 1 else 0
                cells.append(f"{np.mean(list(power.values())):.3f} ({apart.mean():+.3f}±{error:.3f})")
            print(f"{h2}\t{name}\t" + "\t".join(cells))


def main():
    command, *rest = sys.argv[1:]
    if command == "traits":
        is_without = "--without" in rest
        prefix, replicates, seed, out = [own for own in rest if own != "--without"]
        traits(prefix, int(replicates), int(seed), out, is_without)
    else:
        prefix, out, window, *methods = rest
        print("h2\tmethod\t" + "\t".join(f"{many} false a scan" for many in FALSE_A_SCAN)
              + "\t" + "\t".join(f"FDR {rate}" for rate in RATES))
        score(prefix, out, float(window), [own.split("=", 1) for own in methods])


main()
