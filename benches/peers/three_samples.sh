#!/usr/bin/env bash
# Three real samples called together (40 kb of chromosome 21): genotypes against the phased panel at its SNP sites.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_="$data/cohort3_1kg_chr21"
samples=(NA12878 NA19401 NA20359)
zcat "$set_/ref.fa.gz" > ref.fa
samtools faidx ref.fa
bwa index ref.fa 2>/dev/null

printf 'sample\tfastq_1\tfastq_2\n' > sheet.tsv
for sample in "${samples[@]}"; do
  bwa_bam pairs.bam "$sample" ref.fa "$set_/$sample"_R{1,2}.fastq.gz
  bwa_bam singles.bam "$sample" ref.fa "$set_/${sample}_single.fastq.gz"
  samtools merge -f -c -p -u - pairs.bam singles.bam | samtools markdup - "bwa.$sample.bam" 2>/dev/null
  samtools index "bwa.$sample.bam"
  printf '%s\t%s\t%s\n%s\t%s\t\n' "$sample" "$set_/${sample}_R1.fastq.gz" "$set_/${sample}_R2.fastq.gz" \
    "$sample" "$set_/${sample}_single.fastq.gz" >> sheet.tsv
done
bcftools mpileup -a AD,DP -f ref.fa bwa.*.bam 2>/dev/null | bcftools call -mv -Oz -o bcftools.vcf.gz

"$landrace" index -q ref.fa
"$landrace" align -q -t "$threads" ref.fa --samples sheet.tsv -o .
"$landrace" call -q -t "$threads" ref.fa "${samples[@]/%/.bam}" -o landrace.vcf.gz
"$landrace" call -q -t "$threads" ref.fa bwa.*.bam -o landrace_on_bwa.vcf.gz

# genotypes VCF: CHROM POS REF ALT SAMPLE GENOTYPE (alleles sorted, phase dropped) of every SNP allele
genotypes() {
  bcftools norm -f ref.fa -m -any "$1" 2>/dev/null | bcftools view -v snps |
    bcftools query -f '[%CHROM:%POS:%REF:%ALT\t%SAMPLE\t%GT\n]' |
    awk -F '\t' '{ gsub(/\|/, "/", $3); split($3, a, "/"); g = (a[1] == "." || a[2] == ".") ? "none" : a[1] + a[2]; print $1 "\t" $2 "\t" g }'
}
genotypes "$set_/truth_all_panel_sites.vcf.gz" > truth.tsv
printf 'calls\tgenotypes\tdiscordant\twith ALT in the truth\tof these right\n'
for calls in bcftools landrace landrace_on_bwa; do
  genotypes "$calls.vcf.gz" > found.tsv
  # A site without a record is called homozygous reference, as every caller of variants means it.
  awk -F '\t' -v calls="$calls" 'NR == FNR { found[$1, $2] = $3; next }
    { n++; g = (($1, $2) in found) ? found[$1, $2] : 0; if (g != $3) wrong++; if ($3 > 0) { alt++; if (g == $3) right++ } }
    END { printf "%s\t%d\t%d\t%d\t%d\n", calls, n, wrong, alt, right }' found.tsv truth.tsv
done
