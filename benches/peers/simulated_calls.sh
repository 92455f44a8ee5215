#!/usr/bin/env bash
# Simulated founders of ploidy 1, 2, 4 and 6: recall, precision and dosage of the calls against the truth, over the
# whole genome and outside its repeats.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# variants VCF KIND BED: CONTIG:POS:REF:ALT and the samples' counts of ALT, one row an allele that a sample carries.
# Alleles are split and trimmed here: 'bcftools norm -m' does not split genotypes above ploidy 2.
variants() {
  bcftools query ${3:+-T "$3"} -f '%CHROM\t%POS\t%REF\t%ALT[\t%GT]\n' "$1" | awk -F '\t' -v kind="$2" '
    { alleles = split($4, alt, ",")
      for (k = 1; k <= alleles; k++) {
        r = $3; a = alt[k]; pos = $2; line = ""; any = 0
        while (length(r) > 1 && length(a) > 1 && substr(r, length(r)) == substr(a, length(a))) { r = substr(r, 1, length(r) - 1); a = substr(a, 1, length(a) - 1) }
        while (length(r) > 1 && length(a) > 1 && substr(r, 1, 1) == substr(a, 1, 1)) { r = substr(r, 2); a = substr(a, 2); pos++ }
        if ((length(r) == 1 && length(a) == 1) != (kind == "snps") || a == "*") continue
        for (i = 5; i <= NF; i++) { n = split($i, c, /[\/|]/); d = 0; for (j = 1; j <= n; j++) if (c[j] == ".") d = "."; else if (c[j] == k && d != ".") d++
          line = line "\t" d; if (d != "." && d > 0) any = 1 }
        if (any) print $1 ":" pos ":" r ":" a line } }'
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
      variants "$run/truth.vcf.gz" "$kind" "$repeats" > truth.tsv
      variants "$run/passing.vcf.gz" "$kind" "$repeats" > found.tsv
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
