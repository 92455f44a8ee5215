//! The account of a simulated data set.

use landrace_genome::summary::{Chart, Summary, Table};
use landrace_simulate::cohort::Cohort;
use landrace_simulate::dataset::ReadCounts;
use landrace_simulate::genome::Genome;
use landrace_simulate::population::Population;

/// Bins of the allele-frequency spectrum.
const BINS: usize = 20;

/// Fills in the counts and the tables.
pub(super) fn fill(
    summary: &mut Summary,
    genome: &Genome,
    population: &Population,
    counts: Option<ReadCounts>,
) {
    let cohort = Cohort::new(genome, population);
    let mut spectrum = [0u64; BINS];
    let (mut snps, mut indels) = (0u64, 0u64);
    for run in cohort.runs() {
        let sites = &population.variation.contigs[run.contig.index()].sites;
        for calls in cohort.calls(&run) {
            let bin = (calls.alternate_count * BINS / calls.alleles.len()).min(BINS - 1);
            spectrum[bin] += 1;
            *(if sites[calls.site].is_indel() { &mut indels } else { &mut snps }) += 1;
        }
    }
    summary.count("contigs", genome.contigs.len()).count("genome_bases", genome.contigs.total_length());
    summary.count("samples", population.samples.len()).count("plants", population.pedigree.len());
    summary.count("snps", snps).count("indels", indels);
    let mut headline =
        "{samples} samples with {snps} SNPs and {indels} indels on {genome_bases} bases".to_owned();
    if let Some(counts) = counts {
        summary.count("fragments", counts.fragments).count("read_bases", counts.bases);
        summary.count("duplicates", counts.duplicates);
        headline.push_str(", sequenced in {fragments} fragments");
    }
    summary.headline = headline + ".";
    summary.tables.push(Table {
        name: "true-allele-frequencies".into(),
        title: "True frequency of the alternate allele".into(),
        chart: Chart::Histogram,
        columns: vec!["frequency".into(), "variants".into()],
        rows: (0u32..)
            .zip(spectrum)
            .map(|(bin, count)| vec![(f64::from(bin) / 20.0).into(), count.into()])
            .collect(),
        path: None,
    });
}

/// The headline with its counts filled in.
pub(super) fn sentence(summary: &Summary) -> String {
    summary.counts.iter().fold(summary.headline.clone(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), &value.to_string())
    })
}
