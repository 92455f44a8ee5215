//! What the genotype commands share: opening inputs, choosing samples and regions, tables for the report.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use landrace_genome::file;
use landrace_genome::summary::{Chart, Combine, Summary, Table};
use landrace_genotypes::dosage::Prior;
use landrace_genotypes::filter::{FilterAccount, FilterOptions, Regions, Rule, choose_samples};
use landrace_genotypes::format::{self, Losses, ReadOptions};
use landrace_genotypes::hwe::inbreeding_of;
use landrace_genotypes::tally::{BINS, Tally};
use landrace_genotypes::{GenotypeSource, SourceHeader, Wanted};
use serde_json::Value;

use crate::cli::Session;
use crate::progress::Following;

/// The genotypes that a command reads.
#[derive(clap::Args)]
pub(crate) struct Input {
    /// Genotypes; several files of the same samples are put together
    #[arg(required = true, value_name = "FILE")]
    pub(crate) genotypes: Vec<PathBuf>,
    /// Read the files as this format, where their content does not tell it
    #[arg(long, value_name = "FORMAT", help_heading = "Reading")]
    read_as: Option<String>,
    /// Copies of each chromosome, for formats that do not say
    #[arg(long, value_name = "N", help_heading = "Reading", value_parser = clap::value_parser!(u8).range(1..=14))]
    ploidy: Option<u8>,
    /// Table of the markers' places, for formats without them: columns marker, contig and position, and alleles
    /// if known; or a PLINK .map or .bim
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    map: Option<PathBuf>,
    /// Sheet of an Excel workbook; the first with content if not given
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    sheet: Option<String>,
    /// Call dosages anew from the reads of each allele (AD): beta-binomial, with error, bias and overdispersion of
    /// each variant, at the ploidy of the calls or of --ploidy
    #[arg(long, help_heading = "Reading")]
    from_counts: bool,
    /// Table of all reads that goes with a table of reference reads: the same rows and columns
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    total: Option<PathBuf>,
    /// What calls from reads take for granted: hwe, uniform, or inbreeding as inbred, dh, F4, S2 or a coefficient
    #[arg(long, value_name = "PRIOR", help_heading = "Reading", default_value = "hwe", value_parser = prior)]
    prior: Prior,
}

/// The prior that a word says.
fn prior(word: &str) -> Result<Prior, String> {
    match word {
        "hwe" => Ok(Prior::default()),
        "uniform" => Ok(Prior::Uniform),
        word => {
            match inbreeding_of(word) {
                Some(Some(inbreeding)) => Ok(Prior::HardyWeinberg { inbreeding }),
                _ => Err("write hwe, uniform, inbred, dh, F2, F3 ..., S1, S2 ..., or a number from 0 to 1"
                    .to_owned()),
            }
        }
    }
}

impl Input {
    /// How to read the files, with these layers.
    pub(crate) fn options(&self, wanted: Wanted) -> ReadOptions {
        let (read_as, map, sheet) = (self.read_as.clone(), self.map.clone(), self.sheet.clone());
        ReadOptions {
            wanted,
            read_as,
            ploidy: self.ploidy,
            map,
            sheet,
            total: self.total.clone(),
            from_counts: self.from_counts,
            prior: self.prior,
        }
    }

    /// Opens the files.
    pub(crate) fn open(&self, wanted: Wanted) -> anyhow::Result<Box<dyn GenotypeSource>> {
        Ok(format::open(&self.genotypes, self.options(wanted))?)
    }

    /// Opens the files for writing them anew to `output`: with all that it can hold, and every contig known.
    pub(crate) fn open_for(&self, output: &Path, wanted: Wanted) -> anyhow::Result<Box<dyn GenotypeSource>> {
        let held = format::wanted_by(output);
        let options = self.options(held.or(wanted));
        let mut source = format::open(&self.genotypes, options.clone())?;
        if held.records {
            format::declare_contigs(source.as_mut(), &self.genotypes, &options)?;
        }
        Ok(source)
    }
}

/// Which samples and which stretches of the genome.
#[derive(clap::Args, Default)]
pub(crate) struct Selection {
    /// Samples to keep: names separated by commas, or a file with one name a line
    #[arg(long, value_name = "FILE|LIST", help_heading = "Samples and regions")]
    samples: Option<String>,
    /// Samples to leave out: names separated by commas, or a file with one name a line
    #[arg(long, value_name = "FILE|LIST", help_heading = "Samples and regions")]
    exclude_samples: Option<String>,
    /// Stretch to keep, CONTIG or CONTIG:FROM-TO (from 1, by the variant's position); may be given again
    #[arg(long, value_name = "REGION", help_heading = "Samples and regions")]
    region: Vec<String>,
    /// Stretches to keep (BED)
    #[arg(long, value_name = "BED", help_heading = "Samples and regions")]
    regions: Option<PathBuf>,
}

impl Selection {
    /// Puts the selection into the rules.
    pub(crate) fn apply(&self, header: &SourceHeader, options: &mut FilterOptions) -> anyhow::Result<()> {
        if self.samples.is_some() || self.exclude_samples.is_some() {
            let include = self.samples.as_deref().map(names).transpose()?;
            let exclude = self.exclude_samples.as_deref().map(names).transpose()?.unwrap_or_default();
            options.samples = Some(choose_samples(&header.samples, include.as_deref(), &exclude)?);
        }
        if self.region.is_empty() && self.regions.is_none() {
            return Ok(());
        }
        let mut regions = Regions::default();
        for text in &self.region {
            regions.add_text(text, header)?;
        }
        if let Some(path) = &self.regions {
            regions.add_bed(&file::read_text(path)?).with_context(|| path.display().to_string())?;
        }
        options.regions = Some(regions);
        Ok(())
    }
}

/// Names from a file, one a line, or from the list itself.
pub(crate) fn names(text: &str) -> anyhow::Result<Vec<String>> {
    if std::fs::metadata(text).is_ok_and(|metadata| !metadata.is_dir()) {
        let lines = file::read_text(text)?;
        return Ok(lines.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect());
    }
    Ok(text.split(',').map(str::to_owned).collect())
}

/// The table of what the input says of each sample beside its calls (plate, well, batch), `<output>.samples.tsv`, which
/// `stats --sheet` takes; `None` if it says nothing.
pub(crate) fn sample_sheet(
    session: &Session,
    output: &Path,
    header: &SourceHeader,
) -> anyhow::Result<Option<file::Output>> {
    let is_special = std::fs::metadata(output).is_ok_and(|metadata| !metadata.is_file());
    let Some(columns) = header.sample_columns.as_ref().filter(|_| output.as_os_str() != "-" && !is_special)
    else {
        return Ok(None);
    };
    let path = file::beside(output, ".samples.tsv");
    let mut out = file::create(&path)?;
    out.write_all(columns.to_text(&header.samples).as_bytes())?;
    session.progress.note(&format!("what the file says of its samples: {}", path.display()));
    Ok(Some(out))
}

/// A bar that follows the source's files.
pub(crate) fn follow(session: &Session, what: &str, source: &dyn GenotypeSource) -> Following {
    for note in &source.header().notes {
        session.progress.note(note);
    }
    session.progress.follow(what, source.meters(), source.size())
}

/// Says what the output's format could not hold; with `--strict` that is an error.
pub(crate) fn tell_losses(session: &Session, losses: &Losses, is_strict: bool) -> anyhow::Result<()> {
    if is_strict && !losses.is_empty() {
        let lines: Vec<String> = losses.lines().collect();
        anyhow::bail!(
            "the output's format loses {}; write VCF or BCF, or leave out --strict",
            lines.join("; ")
        );
    }
    losses.lines().for_each(|line| session.progress.note(&format!("lost in this format: {line}")));
    Ok(())
}

/// The tables that the report draws of a set of genotypes.
pub(crate) fn tally_tables(summary: &mut Summary, tally: &Tally, samples: &[String]) {
    summary.count("variants", tally.variants).count("samples", samples.len()).count("snps", tally.snps);
    summary.count("multiallelic", tally.multiallelic);
    if let Some(ratio) = tally.transition_ratio() {
        summary.count("transitions_per_transversion", rounded(ratio));
    }
    let histogram = |name: &str, title: &str, edge: &str, bins: &[u64; BINS], top: f64| Table {
        name: name.into(),
        title: title.into(),
        chart: Chart::Histogram,
        columns: vec![edge.into(), "variants".into()],
        rows: bins
            .iter()
            .enumerate()
            .map(|(index, &n)| vec![rounded(top * index as f64 / BINS as f64), n.into()])
            .collect(),
        path: None,
    };
    summary.tables.extend([
        histogram(
            "allele-frequency",
            "Allele-frequency spectrum",
            "minor allele frequency",
            &tally.minor_frequency,
            0.5,
        ),
        histogram("missing", "Missing calls per variant", "share missing", &tally.missing, 1.0),
        histogram(
            "heterozygosity",
            "Heterozygous calls per variant",
            "share heterozygous",
            &tally.heterozygosity,
            1.0,
        ),
        sample_table(tally, samples),
    ]);
    add_over_regions(summary, &["allele-frequency", "missing", "heterozygosity", "samples"]);
}

/// Counts of variants: the report adds them up where each run saw a region of its own.
fn add_over_regions(summary: &mut Summary, tables: &[&str]) {
    summary.combine.extend(tables.iter().map(|&name| (name.to_owned(), Combine::Sum)));
}

fn sample_table(tally: &Tally, samples: &[String]) -> Table {
    let row = |(name, own): (&String, &landrace_genotypes::tally::SampleTally)| {
        vec![name.as_str().into(), (tally.variants - own.called).into(), own.heterozygous.into()]
    };
    Table {
        name: "samples".into(),
        title: "Missing and heterozygous calls per sample".into(),
        chart: Chart::Scatter,
        columns: vec!["sample".into(), "missing calls".into(), "heterozygous calls".into()],
        rows: samples.iter().zip(&tally.samples).map(row).collect(),
        path: None,
    }
}

/// The account of the rules, as a table.
pub(crate) fn account_table(summary: &mut Summary, account: &FilterAccount) {
    summary.count("variants_read", account.read).count("variants_kept", account.kept);
    summary.count("calls_made_missing_for_depth", account.low_depth);
    summary.count("calls_made_missing_for_genotype_quality", account.low_genotype_quality);
    summary.headline =
        "{variants_kept} of {variants_read} variants kept ({variants_kept/variants_read}).".to_owned();
    add_over_regions(summary, &["filters"]);
    let rules = Rule::ALL.iter().zip(account.removed).filter(|(_, n)| *n > 0);
    let rows = rules.map(|(rule, n)| vec![rule.name().into(), n.into()]);
    let kept = vec!["kept".into(), account.kept.into()];
    summary.tables.push(Table {
        name: "filters".into(),
        title: "Variants removed by each rule".into(),
        chart: Chart::Bar,
        columns: vec!["rule".into(), "variants".into()],
        rows: rows.chain([kept]).collect(),
        path: None,
    });
}

/// Six digits after the point: what a picture can show.
pub(crate) fn rounded(value: f64) -> Value {
    Value::from((value * 1e6).round() / 1e6)
}
