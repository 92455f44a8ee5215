#!/usr/bin/env python3
"""Hides calls of a VCF: mask_genotypes.py IN.vcf.gz SHARE SEED OUT.vcf HIDDEN.tsv [CONTIG]

Keeps biallelic variants and GT alone; each known call is hidden with the probability given. HIDDEN gets contig,
position, sample's index and dosage of those hidden.
"""
import gzip
import random
import sys

source, share, seed, target, table = sys.argv[1:6]
contig = sys.argv[6] if len(sys.argv) > 6 else None
draw = random.Random(int(seed))
with gzip.open(source, "rt") as lines, open(target, "w") as out, open(table, "w") as hidden:
    last = None
    for line in lines:
        if line.startswith("#"):
            out.write(line)
            continue
        fields = line.rstrip("\n").split("\t")
        # Beagle takes a position once.
        if "," in fields[4] or fields[4] == "." or fields[:2] == last or (contig and fields[0] != contig):
            continue
        last = fields[:2]
        fields[8] = "GT"
        for index in range(9, len(fields)):
            call = fields[index].split(":", 1)[0].replace("|", "/")
            if "." in call:
                call = "./."
            elif draw.random() < float(share):
                dosage = sum(allele != "0" for allele in call.split("/"))
                hidden.write(f"{fields[0]}\t{fields[1]}\t{index - 9}\t{dosage}\n")
                call = "./."
            fields[index] = call
        out.write("\t".join(fields) + "\n")
