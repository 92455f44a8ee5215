//! Statistics of every variant and every sample, as tables.

use std::io::Write;
use std::path::Path;

use crate::block::{Filters, GenotypeBlock, SiteCounts};
use crate::digits::{push_count, push_six};
use crate::hwe::HweTest;
use crate::paralogs::{Balance, DepthProfile, mean_depth};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};
use crate::tally::Tally;

mod spool;

use spool::{Lines, Spool};

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
        lines.depths.iter().filter(|depth| !depth.is_nan()).for_each(|&depth| depths.add(depth));
        // Lines without a depth need not wait for the scale, if none before them does.
        if spool.is_empty() && lines.depths.iter().all(|depth| depth.is_nan()) {
            lines.for_each(|line, _| write_line(line, None, variants))?;
        } else {
            spool.push_all(&lines)?;
        }
        take(part)
    })?;
    let scale = depths.scale();
    spool.for_each(|line, depth| {
        let z = scale.and_then(|scale| scale.z(Some(depth).filter(|depth| !depth.is_nan())?));
        write_line(line, z, variants)
    })?;
    all.samples.resize(source.header().samples.len(), Default::default());
    Ok(all)
}

/// Writes a line of a variant with its last column.
fn write_line(line: &[u8], depth_z: Option<f64>, out: &mut dyn Write) -> Result<(), GenotypeError> {
    let mut last = vec![b'\t'];
    push_number(depth_z, &mut last);
    last.push(b'\n');
    out.write_all(line)?;
    Ok(out.write_all(&last)?)
}

impl<A: Fold, B: Fold> Fold for (Option<A>, Option<B>) {
    type Part = (Option<A::Part>, Option<B::Part>);

    fn part(&self, block: &GenotypeBlock, counts: &[SiteCounts]) -> Self::Part {
        let first = self.0.as_ref().map(|fold| fold.part(block, counts));
        (first, self.1.as_ref().map(|fold| fold.part(block, counts)))
    }
}

/// Lines of variants without the last column, with their mean depths.
fn variant_lines(block: &GenotypeBlock, counts: &[SiteCounts], test: &HweTest) -> Lines {
    let ploidies = block.ploidies();
    let (mut codes, mut out) = (Vec::new(), Lines::default());
    let tested = test.p_values(block, counts);
    for (row, (counts, p)) in counts.iter().zip(tested).enumerate() {
        let depth = mean_depth(block, row);
        let balance = block.layers.allele_depths.as_ref().and_then(|_| {
            block.unpack(row, &mut codes);
            Balance::of(block, row, &codes, &ploidies)
        });
        let genotype_quality = block.layers.genotype_quality.as_ref().and_then(|grid| {
            mean(grid.row(row).iter().filter(|quality| **quality >= 0.0).map(|&quality| f64::from(quality)))
        });
        let can_test = counts.dosages.iter().any(|(ploidy, _)| *ploidy > 1);
        let p = can_test.then_some(p);
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
        out.push(depth.unwrap_or(f64::NAN), |line| {
            put_site(block, row, line);
            line.push(b'\t');
            push_count(counts.called, line);
            for value in numbers {
                line.push(b'\t');
                push_number(value, line);
            }
        });
    }
    out
}

/// The columns from contig to filter.
fn put_site(block: &GenotypeBlock, row: usize, out: &mut Vec<u8>) {
    let site = &block.sites[row];
    let put = |text: &str, out: &mut Vec<u8>| {
        out.extend_from_slice(if text.is_empty() { b"." } else { text.as_bytes() });
        out.push(b'\t');
    };
    out.extend_from_slice(block.contig.as_bytes());
    out.push(b'\t');
    push_count(site.position.map_or(0, landrace_genome::Position::get), out);
    out.push(b'\t');
    put(&site.id, out);
    out.extend_from_slice(site.reference.as_bytes());
    out.push(b'\t');
    match site.alternates.as_slice() {
        [alternate] => put(alternate, out),
        alternates => put(&alternates.join(","), out),
    }
    match site.quality {
        Some(quality) => put(&quality.to_string(), out),
        None => put("", out),
    }
    out.extend_from_slice(match &site.filters {
        Filters::NotApplied => b".",
        Filters::Pass => b"PASS",
        Filters::Failed(names) => names.as_bytes(),
    });
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
    let mut out = Vec::new();
    push_number(value, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

fn push_number(value: Option<f64>, out: &mut Vec<u8>) {
    match value {
        None => out.extend_from_slice(b"NA"),
        Some(value) => push_six(value, out),
    }
}
