//! Statistics of every variant and every sample, as tables.

use std::io::Write;

use crate::block::{Filters, GenotypeBlock, SiteCounts};
use crate::hwe;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};
use crate::tally::Tally;

/// Column names of the table of variants.
pub const VARIANT_COLUMNS: &str = "contig\tposition\tid\treference\talternate\tquality\tfilter\tcalled\tcall_rate\t\
    alternate_frequency\tminor_allele_frequency\theterozygosity\texpected_heterozygosity\thwe_p\tmean_depth\t\
    mean_genotype_quality";

/// Column names of the table of samples.
pub const SAMPLE_COLUMNS: &str =
    "sample\tcalled\tcall_rate\theterozygosity\talternate_homozygous\tmean_depth\tmean_genotype_quality";

/// Goes through a source once and writes a line a variant to `variants`; gives the counts of all.
///
/// Memory does not grow with the number of variants.
///
/// # Errors
/// Returns an error if the source or the writer fails.
pub fn describe(source: &mut dyn GenotypeSource, variants: &mut dyn Write) -> Result<Tally, GenotypeError> {
    writeln!(variants, "{VARIANT_COLUMNS}")?;
    let mut all = Tally::default();
    let work = |block: GenotypeBlock| {
        let counts: Vec<SiteCounts> = (0..block.rows()).map(|row| block.counts(row)).collect();
        let mut lines = String::new();
        for (row, counts) in counts.iter().enumerate() {
            variant_line(&block, row, counts, &mut lines);
        }
        Ok((Tally::of(&block, &counts), lines))
    };
    for_each_block(source, work, |(tally, lines)| {
        all.merge(&tally);
        Ok(variants.write_all(lines.as_bytes())?)
    })?;
    all.samples.resize(source.header().samples.len(), Default::default());
    Ok(all)
}

fn variant_line(block: &GenotypeBlock, row: usize, counts: &SiteCounts, out: &mut String) {
    let site = &block.sites[row];
    let or_dot = |text: &str| if text.is_empty() { ".".to_owned() } else { text.to_owned() };
    let position = site.position.map_or(0, landrace_genome::Position::get);
    let quality = site.quality.map_or_else(|| ".".to_owned(), |quality| quality.to_string());
    let filter = match &site.filters {
        Filters::NotApplied => ".",
        Filters::Pass => "PASS",
        Filters::Failed(names) => names,
    };
    let depth = block.layers.depth.as_ref().and_then(|grid| {
        mean(grid.row(row).iter().filter(|&&depth| depth >= 0).map(|&depth| f64::from(depth)))
    });
    let genotype_quality = block.layers.genotype_quality.as_ref().and_then(|grid| {
        mean(grid.row(row).iter().filter(|quality| **quality >= 0.0).map(|&quality| f64::from(quality)))
    });
    let p = counts.dosages.iter().any(|(ploidy, _)| *ploidy > 1).then(|| hwe::p_value(counts, 0.0));
    let numbers = [
        Some(counts.call_rate()),
        counts.alternate_frequency(),
        counts.minor_frequency(),
        counts.heterozygosity(),
        counts.expected_heterozygosity(),
        p,
        depth,
        genotype_quality,
    ];
    *out += &format!(
        "{}\t{position}\t{}\t{}\t{}\t{quality}\t{filter}\t{}",
        block.contig,
        or_dot(&site.id),
        site.reference,
        or_dot(&site.alternates.join(",")),
        counts.called
    );
    for value in numbers {
        out.push('\t');
        *out += &number(value);
    }
    out.push('\n');
}

/// The table of samples: one line each.
pub fn sample_table(tally: &Tally, samples: &[String]) -> String {
    let ratio = |part: u64, whole: u64| number((whole > 0).then(|| part as f64 / whole as f64));
    let mut out = SAMPLE_COLUMNS.to_owned() + "\n";
    for (name, own) in samples.iter().zip(&tally.samples) {
        out += &format!(
            "{name}\t{}\t{}\t{}\t{}\t{}\t{}\n",
            own.called,
            ratio(own.called, tally.variants),
            ratio(own.heterozygous, own.could_be_heterozygous),
            own.alternate,
            ratio(own.depth.0, own.depth.1),
            ratio(own.genotype_quality.0, own.genotype_quality.1),
        );
    }
    out
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0u64), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// Six significant digits; `NA` where there is no value.
fn number(value: Option<f64>) -> String {
    match value {
        None => "NA".to_owned(),
        Some(value) if value != 0.0 && value.abs() < 1e-3 => format!("{value:.5e}"),
        Some(value) => {
            let text = format!("{value:.6}");
            let short = text.trim_end_matches('0').trim_end_matches('.');
            if short.is_empty() { "0".to_owned() } else { short.to_owned() }
        }
    }
}
