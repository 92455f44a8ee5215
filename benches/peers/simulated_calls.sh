#!/usr/bin/env bash
# Simulated founders of ploidy 1, 2, 4 and 6: recall, precision and dosage of the calls against the truth, over the
# whole genome and outside its repeats.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# variants VCF KIND REGION: CHROM:POS:REF:ALT and the samples' counts of ALT, one row an allele
variants() {
  bcftools norm -f "$3/genome.fa" -m -any "$1" 2>/dev/null | bcftools view -v "$2" ${4:+-T "$4"} |
    bcftools query -f '%CHROM:%POS:%REF:%ALT[\t%GT]\n' |
    awk -F '\t' '{ line = $1; any = 0
      for (i = 2; i <= NF; i++) { n = split($i, a, /[\/|]/); d = 0; for (j = 1; j <= n; j++) d = a[j] == "." || d == "." ? "." : d + a[j]; line = line "\t" d; if (d != "." && d > 0) any = 1 }
      if (any) print line }'
}

printf 'ploidy\tdepth\tkind\twhere\ttrue sites\trecall\tprecision\tgenotypes of found sites right\n'
while read -r ploidy depth; do
  run="ploidy$ploidy"
  "$landrace" simulate -q -t "$threads" -o "$run" --genome-length 1Mb --contigs 2 --transposons 0.5 --population founders -n 4 \
    --ploidy "$ploidy" --depth "$depth" --read-length 150 --insert-mean 400 --insert-sd 60 --snp-rate 0.004 --indel-rate 0.0005
  "$landrace" index -q "$run/genome.fa"
  "$landrace" align -q -t "$threads" "$run/genome.fa" --samples "$run/samples.tsv" -o "$run"
  cpu "call$ploidy" "$landrace" call -q -t "$threads" "$run/genome.fa" "$run"/S*.bam --ploidy "$ploidy" -o "$run/calls.vcf.gz"
  bcftools view -f PASS -Oz -o "$run/passing.vcf.gz" "$run/calls.vcf.gz"
  for kind in snps indels; do
    for where in all outside; do
      repeats=""
      [ "$where" = outside ] && repeats="^$run/repeats.bed"
      variants "$run/truth.vcf.gz" "$kind" "$run" "$repeats" > truth.tsv
      variants "$run/passing.vcf.gz" "$kind" "$run" "$repeats" > found.tsv
      awk -F '\t' -v OFS='\t' -v ploidy="$ploidy" -v depth="$depth" -v kind="$kind" -v where="$where" '
        NR == FNR { truth[$1] = $0; sites++; next }
        { calls++; if (!($1 in truth)) next; found++; split(truth[$1], t, "\t")
          for (i = 2; i <= NF; i++) { n++; if ($i == t[i]) right++ } }
        END { print ploidy, depth, kind, where, sites, found / sites, found / calls, right / n }' truth.tsv found.tsv
    done
  done
done <<'SETS'
1 20
2 20
4 40
6 40
SETS
