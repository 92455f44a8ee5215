//! Statistics of every variant and every sample, as tables.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use crate::block::{Filters, GenotypeBlock, SiteCounts};
use crate::hwe::HweTest;
use crate::paralogs::{Balance, DepthProfile, mean_depth};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};
use crate::tally::Tally;

mod spool;

use spool::Spool;

/// Column names of the table of variants.
pub const VARIANT_COLUMNS: &str = "contig\tposition\tid\treference\talternate\tquality\tfilter\tcalled\tcall_rate\t\
    alternate_frequency\tminor_allele_frequency\theterozygosity\texpected_heterozygosity\thwe_p\tmean_depth\t\
    mean_genotype_quality\thet_excess_p\treference_share\tbalance_z\tdepth_z";

/// Column names of the table of samples.
pub const SAMPLE_COLUMNS: &str = "sample\tcalled\tcall_rate\theterozygosity\talternate_homozygous\tmean_depth\t\
    mean_genotype_quality\texpected_heterozygosity\tinbreeding\tsingletons";

/// A further statistic that is folded over the same blocks.
pub trait Fold: Sync {
    /// What a block adds.
    type Part: Send;

    /// Works on a block, whose variants' counts are at hand; on any thread.
    fn part(&self, block: &GenotypeBlock, counts: &[SiteCounts]) -> Self::Part;
}

/// What [`describe`] needs beside the source.
pub struct Describe<'a> {
    /// The Hardy-Weinberg test.
    pub hwe_test: &'a HweTest,
    /// Folder for a file without a name, if the table of variants does not fit in memory.
    pub scratch: &'a Path,
}

/// Goes through a source once and writes a line a variant to `variants`; gives the counts of all, and hands what
/// `extra` makes of each block to `take`, in order.
///
/// Memory does not grow with the number of variants.
///
/// # Errors
/// Returns an error if the source, the writer or `take` fails.
pub fn describe<F: Fold>(
    source: &mut dyn GenotypeSource,
    options: &Describe<'_>,
    variants: &mut dyn Write,
    (extra, mut take): (&F, impl FnMut(F::Part) -> Result<(), GenotypeError>),
) -> Result<Tally, GenotypeError> {
    writeln!(variants, "{VARIANT_COLUMNS}")?;
    let mut all = Tally::default();
    let (mut spool, mut depths) = (Spool::new(options.scratch), DepthProfile::default());
    let work = |block: GenotypeBlock| {
        let counts: Vec<SiteCounts> = (0..block.rows()).map(|row| block.counts(row)).collect();
        let lines = variant_lines(&block, &counts, options.hwe_test);
        Ok((Tally::of(&block, &counts), lines, extra.part(&block, &counts)))
    };
    for_each_block(source, work, |(tally, lines, part)| {
        all.merge(&tally);
        for (line, depth) in lines {
            depth.into_iter().for_each(|depth| depths.add(depth));
            spool.push(&line, depth.unwrap_or(f64::NAN))?;
        }
        take(part)
    })?;
    let scale = depths.scale();
    spool.for_each(|line, depth| {
        let z = scale.and_then(|scale| scale.z(Some(depth).filter(|depth| !depth.is_nan())?));
        variants.write_all(line)?;
        Ok(writeln!(variants, "\t{}", number(z))?)
    })?;
    all.samples.resize(source.header().samples.len(), Default::default());
    Ok(all)
}

impl<A: Fold, B: Fold> Fold for (Option<A>, Option<B>) {
    type Part = (Option<A::Part>, Option<B::Part>);

    fn part(&self, block: &GenotypeBlock, counts: &[SiteCounts]) -> Self::Part {
        let first = self.0.as_ref().map(|fold| fold.part(block, counts));
        (first, self.1.as_ref().map(|fold| fold.part(block, counts)))
    }
}

/// Lines of variants without the last column, and their mean depths.
fn variant_lines(block: &GenotypeBlock, counts: &[SiteCounts], test: &HweTest) -> Vec<(String, Option<f64>)> {
    let ploidies = block.ploidies();
    let mut codes = Vec::new();
    let line = |(row, counts): (usize, &SiteCounts)| {
        let depth = mean_depth(block, row);
        let balance = block.layers.allele_depths.as_ref().and_then(|_| {
            block.unpack(row, &mut codes);
            Balance::of(block, row, &codes, &ploidies)
        });
        let genotype_quality = block.layers.genotype_quality.as_ref().and_then(|grid| {
            mean(grid.row(row).iter().filter(|quality| **quality >= 0.0).map(|&quality| f64::from(quality)))
        });
        let can_test = counts.dosages.iter().any(|(ploidy, _)| *ploidy > 1);
        let p = can_test.then(|| test.p_values((block, row), counts));
        let numbers = [
            Some(counts.call_rate()),
            counts.alternate_frequency(),
            counts.minor_frequency(),
            counts.heterozygosity(),
            counts.expected_heterozygosity(),
            p.map(|p| p[0]),
            depth,
            genotype_quality,
            p.map(|p| p[1]),
            balance.map(|balance| balance.reference_share),
            balance.map(|balance| balance.z),
        ];
        let mut out = site_columns(block, row);
        // Writing to a string never fails.
        let _ = write!(out, "\t{}", counts.called);
        for value in numbers {
            out.push('\t');
            push_number(value, &mut out);
        }
        (out, depth)
    };
    counts.iter().enumerate().map(line).collect()
}

/// The columns from contig to filter.
fn site_columns(block: &GenotypeBlock, row: usize) -> String {
    let site = &block.sites[row];
    let or_dot = |text: &str| if text.is_empty() { ".".to_owned() } else { text.to_owned() };
    let position = site.position.map_or(0, landrace_genome::Position::get);
    let quality = site.quality.map_or_else(|| ".".to_owned(), |quality| quality.to_string());
    let filter = match &site.filters {
        Filters::NotApplied => ".",
        Filters::Pass => "PASS",
        Filters::Failed(names) => names,
    };
    let (id, alternates) = (or_dot(&site.id), or_dot(&site.alternates.join(",")));
    format!("{}\t{position}\t{id}\t{}\t{alternates}\t{quality}\t{filter}", block.contig, site.reference)
}

/// The table of samples: one line each.
pub fn sample_table(tally: &Tally, samples: &[String]) -> String {
    let ratio = |part: u64, whole: u64| number((whole > 0).then(|| part as f64 / whole as f64));
    let mut out = SAMPLE_COLUMNS.to_owned() + "\n";
    for (name, own) in samples.iter().zip(&tally.samples) {
        let could_be = own.could_be_heterozygous;
        let expected = (could_be > 0).then(|| own.expected_heterozygous() / could_be as f64);
        out += &format!(
            "{name}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
            own.called,
            ratio(own.called, tally.variants),
            ratio(own.heterozygous, could_be),
            own.alternate,
            ratio(own.depth.0, own.depth.1),
            ratio(own.genotype_quality.0, own.genotype_quality.1),
            number(expected),
            number(own.inbreeding()),
            own.singletons,
        );
    }
    out
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0u64), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// Six digits after the point, or six significant ones of what is smaller than a thousandth; `NA` where there is
/// no value.
pub fn number(value: Option<f64>) -> String {
    let mut out = String::new();
    push_number(value, &mut out);
    out
}

fn push_number(value: Option<f64>, out: &mut String) {
    // Writing to a string never fails.
    match value {
        None => out.push_str("NA"),
        Some(value) if value != 0.0 && value.abs() < 1e-3 => _ = write!(out, "{value:.5e}"),
        Some(value) if value.abs() < 1e9 => {
            let parts = (value.abs() * 1e6).round() as u64;
            if value < 0.0 {
                out.push('-');
            }
            push_millionths(parts, out);
        }
        Some(value) => _ = write!(out, "{value:.6}"),
    }
}

/// A number of millionths as a decimal fraction, without zeros at its end.
fn push_millionths(parts: u64, out: &mut String) {
    let (mut whole, mut fraction) = (parts / 1_000_000, parts % 1_000_000);
    let mut digits = [b'0'; 28];
    let mut start = digits.len();
    if fraction > 0 {
        let mut places = 6;
        while fraction % 10 == 0 {
            fraction /= 10;
            places -= 1;
        }
        for _ in 0..places {
            start -= 1;
            digits[start] = b'0' + (fraction % 10) as u8;
            fraction /= 10;
        }
        start -= 1;
        digits[start] = b'.';
    }
    loop {
        start -= 1;
        digits[start] = b'0' + (whole % 10) as u8;
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[start..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown: Vec<String> = [0.0, 1.0, -0.5, 0.001, 12.25, 100.0, 4.2e-5, 1e12, 0.1 + 0.2, 0.999_999_9]
            .map(|x| number(Some(x)))
            .to_vec();
        assert_eq!(
            shown,
            ["0", "1", "-0.5", "0.001", "12.25", "100", "4.20000e-5", "1000000000000.000000", "0.3", "1"]
        );
        assert_eq!(number(None), "NA");
    }

    proptest! {
        #[test]
        fn numbers_are_near(value in -1e6f64..1e6) {
            let back: f64 = number(Some(value)).parse().unwrap();
            prop_assert!((back - value).abs() <= 5.1e-7);
        }
    }
}
