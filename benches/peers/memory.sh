#!/usr/bin/env bash
# Peak memory: sorting under --memory, and calling 100 samples of depth 10.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

"$landrace" simulate -q -t 2 -o one --genome-length 2Mb --contigs 2 -n 1 --depth 40 --read-length 150
"$landrace" index -q one/genome.fa
for memory in 64M 2G; do
  cpu "align_$memory" "$landrace" align -q -t 2 --memory "$memory" one/genome.fa one/reads/S01_{1,2}.fastq.gz --sample S01 -o "one.$memory.bam"
done
cmp one.64M.bam one.2G.bam && echo "the same bytes with 64 MiB and with 2 GiB"

"$landrace" simulate -q -t 2 -o many --genome-length "${MANY_LENGTH:-40kb}" --contigs 1 --population founders -n 100 --depth 10 --read-length 150 --snp-rate 0.002
"$landrace" index -q many/genome.fa
"$landrace" align -q -t 2 many/genome.fa --samples many/samples.tsv -o many/bams
cpu call_100 "$landrace" call -q -t 2 many/genome.fa many/bams/*.bam -o many.bcf
