#!/usr/bin/env bash
# Real reads of NA12878 (100 kb of chromosome 20) to calls, scored by haplotype, beside bwa mem + bcftools.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_="$data/na12878_chr20_10mb"
zcat "$set_/ref.fa.gz" > ref.fa
samtools faidx ref.fa
bwa index ref.fa 2>/dev/null

bwa_bam pairs.bam NA12878 ref.fa "$set_"/NA12878_R{1,2}.fastq.gz
bwa_bam singles.bam NA12878 ref.fa "$set_/NA12878_single.fastq.gz"
samtools merge -f -c -p -u - pairs.bam singles.bam | samtools markdup - bwa.bam 2>/dev/null
samtools index bwa.bam
cpu bcftools bash -c 'bcftools mpileup -a AD,DP -f ref.fa bwa.bam 2>/dev/null | bcftools call -mv -Oz -o bcftools.vcf.gz'

"$landrace" index -q ref.fa
printf 'sample\tfastq_1\tfastq_2\nNA12878\t%s\t%s\nNA12878\t%s\t\n' \
  "$set_/NA12878_R1.fastq.gz" "$set_/NA12878_R2.fastq.gz" "$set_/NA12878_single.fastq.gz" > sheet.tsv
cpu align "$landrace" align -q -t "$threads" ref.fa --samples sheet.tsv -o .
cpu call "$landrace" call -q -t "$threads" ref.fa NA12878.bam -o landrace.vcf.gz
cpu call_on_bwa "$landrace" call -q -t "$threads" ref.fa bwa.bam -o landrace_on_bwa.vcf.gz

# score VCF BED: true and extra SNPs and indels, and true calls with a wrong genotype.
score() {
  tabix -f "$1"
  "$aardvark" compare -r ref.fa -t "$set_/truth.vcf.gz" -q "$1" -b "$2" -o scored > scored.log 2>&1
  awk -F '\t' '$2 == "GT" && $5 == "Snv" { s = $7 "\t" $11; g += $15 } $2 == "GT" && $5 == "JointIndel" { i = $7 "\t" $11; g += $15 }
    END { print s "\t" i "\t" g }' scored/summary.tsv
}
at_quality() { bcftools view -i "QUAL>=$2" -Oz -o cut.vcf.gz "$1" && score cut.vcf.gz "$3"; }

printf 'calls\tregion\tQUAL\ttrue SNPs\textra SNPs\ttrue indels\textra indels\twrong genotypes\n'
peer="$(score bcftools.vcf.gz "$set_/read_region.bed")"
printf 'bcftools\tall\t0\t%s\n' "$peer"
printf 'bcftools\tconfident\t0\t%s\n' "$(score bcftools.vcf.gz "$set_/confident_first10kb.bed")"
read -r _ extra_snps _ extra_indels _ <<< "$peer"
for calls in landrace landrace_on_bwa; do
  printf '%s\tall\t0\t%s\n' "$calls" "$(score "$calls.vcf.gz" "$set_/read_region.bed")"
  printf '%s\tconfident\t0\t%s\n' "$calls" "$(score "$calls.vcf.gz" "$set_/confident_first10kb.bed")"
  # The lowest quality at which there are no more extra calls than the peer's, for SNPs and for indels.
  snps=""; indels=""
  for quality in $(seq 0 2 120) 150 200 300 500 1000; do
    row="$(at_quality "$calls.vcf.gz" "$quality" "$set_/read_region.bed")"
    read -r _ s _ i _ <<< "$row"
    if [ -z "$snps" ] && [ "$s" -le "$extra_snps" ]; then snps=1; printf '%s\tall, SNPs even\t%s\t%s\n' "$calls" "$quality" "$row"; fi
    if [ -z "$indels" ] && [ "$i" -le "$extra_indels" ]; then indels=1; printf '%s\tall, indels even\t%s\t%s\n' "$calls" "$quality" "$row"; fi
    [ -n "$snps$indels" ] && [ -n "$snps" ] && [ -n "$indels" ] && break
  done
done
