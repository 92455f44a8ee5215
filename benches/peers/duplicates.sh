#!/usr/bin/env bash
# Duplicate flags beside Picard MarkDuplicates on the same alignments: real reads, and simulated ones with many copies.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_="$data/na12878_chr20_10mb"
zcat "$set_/ref.fa.gz" > ref.fa
"$landrace" index -q ref.fa

# compare NAME BAM: reads flagged by us, by Picard, by one alone.
compare() {
  samtools view -b --remove-flags 1024 -o "$1.plain.bam" "$2"
  PicardCommandLine MarkDuplicates I="$1.plain.bam" O="$1.picard.bam" M="$1.metrics" > /dev/null 2>&1
  flagged() { samtools view -f 1024 "$1" | awk '{ print $1 "\t" $2 - 1024 }' | sort; }
  flagged "$2" > ours.txt
  flagged "$1.picard.bam" > theirs.txt
  printf '%s\t%s\t%s\t%s\n' "$1" "$(wc -l < ours.txt)" "$(wc -l < theirs.txt)" "$(comm -3 ours.txt theirs.txt | wc -l)"
}

printf 'reads\tflagged by Landrace\tby Picard\tby one alone\n'
printf 'sample\tfastq_1\tfastq_2\nNA12878\t%s\t%s\nNA12878\t%s\t\n' \
  "$set_/NA12878_R1.fastq.gz" "$set_/NA12878_R2.fastq.gz" "$set_/NA12878_single.fastq.gz" > sheet.tsv
"$landrace" align -q -t "$threads" ref.fa --samples sheet.tsv -o .
compare real NA12878.bam
