//! The tables of runs of homozygosity.

use std::io::Write;

use landrace_genotypes::GenotypeError;
use landrace_genotypes::digits::{push_count, push_six};

use super::Homozygosity;
use crate::diversity::Grouping;

/// Classes of length: name, and the bases of a run that belongs to it, at least. Long runs come of recent inbreeding: a
/// run of an ancestor g generations back measures some 100 / 2g centimorgans.
pub const CLASSES: [(&str, u64); 6] = [
    ("under_1mb", 0),
    ("1_to_2mb", 1_000_000),
    ("2_to_4mb", 2_000_000),
    ("4_to_8mb", 4_000_000),
    ("8_to_16mb", 8_000_000),
    ("over_16mb", 16_000_000),
];

/// The class of a length.
pub fn class_of(length: u64) -> usize {
    CLASSES.iter().rposition(|class| length >= class.1).unwrap_or(0)
}

fn group_of(grouping: &Grouping, sample: usize) -> &str {
    let group = grouping.of_samples.get(sample).copied().flatten();
    group.map_or("NA", |group| &grouping.names[group])
}

/// Writes a line a run.
///
/// # Errors
/// Returns the writer's error.
pub fn write_runs(
    found: &Homozygosity,
    grouping: &Grouping,
    out: &mut dyn Write,
) -> Result<(), GenotypeError> {
    writeln!(out, "sample\tgroup\tcontig\tstart\tend\tlength\tsnps\theterozygous\tmissing")?;
    let mut line = Vec::new();
    for run in &found.runs {
        line.clear();
        let names =
            [&found.samples[run.sample], group_of(grouping, run.sample), &found.contigs[run.contig].name];
        for name in names {
            line.extend_from_slice(name.as_bytes());
            line.push(b'\t');
        }
        let counts = [run.snps, run.heterozygous, run.missing].map(u64::from);
        for (index, value) in [run.start, run.end, run.length()].into_iter().chain(counts).enumerate() {
            if index > 0 {
                line.push(b'\t');
            }
            push_count(value, &mut line);
        }
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// What the runs of one sample add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleRuns {
    /// Runs.
    pub runs: u64,
    /// Bases in them.
    pub length: u64,
    /// Bases of the longest.
    pub longest: u64,
    /// Bases by class of length, see [`CLASSES`].
    pub classes: [u64; CLASSES.len()],
}

impl Homozygosity {
    /// The sums of each sample's runs.
    pub fn by_sample(&self) -> Vec<SampleRuns> {
        let mut out = vec![SampleRuns::default(); self.samples.len()];
        for run in &self.runs {
            let own = &mut out[run.sample];
            own.runs += 1;
            own.length += run.length();
            own.longest = own.longest.max(run.length());
            own.classes[class_of(run.length())] += run.length();
        }
        out
    }
}

/// Writes a line a sample: F_ROH is the bases in runs over those that the SNPs cover, from the first to the last of each
/// contig.
///
/// # Errors
/// Returns the writer's error.
pub fn write_samples(
    found: &Homozygosity,
    grouping: &Grouping,
    out: &mut dyn Write,
) -> Result<(), GenotypeError> {
    let classes: Vec<&str> = CLASSES.iter().map(|class| class.0).collect();
    writeln!(out, "sample\tgroup\truns\tlength\tmean_length\tlongest\tf_roh\t{}", classes.join("\t"))?;
    let covered = found.covered() as f64;
    for (sample, own) in found.by_sample().iter().enumerate() {
        let mut line = format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t",
            found.samples[sample],
            group_of(grouping, sample),
            own.runs,
            own.length,
            own.length.checked_div(own.runs).unwrap_or(0),
            own.longest
        )
        .into_bytes();
        push_six(if covered > 0.0 { own.length as f64 / covered } else { 0.0 }, &mut line);
        for &length in &own.classes {
            line.push(b'\t');
            push_count(length, &mut line);
        }
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// Writes the head of the table of SNPs: the share of all grouped samples with a run there, and that of each group.
///
/// # Errors
/// Returns the writer's error.
pub fn write_islands_head(grouping: &Grouping, out: &mut dyn Write) -> Result<(), GenotypeError> {
    write!(out, "contig\tposition\tid\tsamples\tshare")?;
    if grouping.len() > 1 {
        write!(out, "\t{}", grouping.names.join("\t"))?;
    }
    Ok(writeln!(out)?)
}

/// Appends a line of the table of SNPs; `counts` are the samples of each group with a run there, `sizes` all of each.
pub fn put_island(
    (contig, position, id): (&str, u64, &str),
    counts: &[u32],
    sizes: &[usize],
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(contig.as_bytes());
    out.push(b'\t');
    push_count(position, out);
    out.push(b'\t');
    out.extend_from_slice(if id.is_empty() { b"." } else { id.as_bytes() });
    out.push(b'\t');
    let all: u32 = counts.iter().sum();
    let share = |count: u32, size: usize| if size > 0 { f64::from(count) / size as f64 } else { 0.0 };
    push_count(u64::from(all), out);
    out.push(b'\t');
    push_six(share(all, sizes.iter().sum()), out);
    if counts.len() > 1 {
        for (&count, &size) in counts.iter().zip(sizes) {
            out.push(b'\t');
            push_six(share(count, size), out);
        }
    }
    out.push(b'\n');
}
