//! `landrace diversity roh`: runs of homozygosity.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::Wanted;
use landrace_germplasm::diversity::Grouping;
use landrace_germplasm::roh::{
    CLASSES, Homozygosity, Method, Rules, find, put_island, write_islands_head, write_runs, write_samples,
};
use serde_json::Value;

use super::chosen;
use super::groups::length;
use crate::cli::Session;
use crate::genotypes::{self, rounded};
use crate::output;

/// SNPs that the picture of islands holds, at most.
const SHOWN: u64 = 20_000;

/// Runs of homozygosity of each sample, F_ROH, and where runs are common
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace diversity roh sheep.bed --by family -o roh.tsv\n  \
    landrace diversity roh sheep.bed --method sliding --window 15 --threshold 0.1 --min-snps 15 -o roh.tsv\n\n\
    Writes the runs, and beside them <output>.samples.tsv (F_ROH: bases in runs over the bases from the first to the \
    last SNP of each contig, and by length of the runs) and <output>.islands.tsv (at each SNP, the share of samples \
    with a run there).\n\n\
    Methods: consecutive goes SNP by SNP until a run has more heterozygous or missing calls than allowed (Marras et \
    al. 2015); sliding takes SNPs of which more than --threshold of the windows over it are homozygous; plink as \
    `plink --homozyg` does: as much as the threshold, and runs are cut at gaps. detectRUNS gives the same runs by the \
    first two, but for windows that it lets reach from one contig into the next.")]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The runs (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    groups: chosen::Flags,
    #[command(flatten)]
    rules: RuleFlags,
}

/// What a run is.
#[derive(clap::Args)]
#[command(next_help_heading = "Runs")]
struct RuleFlags {
    /// How runs are found: consecutive, sliding or plink
    #[arg(long, value_name = "METHOD", default_value = "consecutive", value_parser = method)]
    method: Method,
    /// SNPs of a run, at least [default: 30; plink: 100]
    #[arg(long, value_name = "N")]
    min_snps: Option<usize>,
    /// Length of a run, at least
    #[arg(long, value_name = "LENGTH", default_value = "1Mb", value_parser = length)]
    min_length: u64,
    /// Heterozygous calls of a run (consecutive) or of a window, at most
    #[arg(long, value_name = "N", default_value_t = 1)]
    max_het: usize,
    /// Missing calls of a run (consecutive) or of a window, at most [default: 1; plink: 5]
    #[arg(long, value_name = "N")]
    max_missing: Option<usize>,
    /// Gap between neighbouring SNPs of a run, at most
    #[arg(long, value_name = "LENGTH", default_value = "1Mb", value_parser = length)]
    max_gap: u64,
    /// Bases a SNP of a run, at most, on average [default: any; plink: 50kb]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    max_spacing: Option<u64>,
    /// SNPs of a window [default: 15; plink: 50]
    #[arg(long, value_name = "N")]
    window: Option<usize>,
    /// Share of the windows over a SNP that must be homozygous
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    threshold: f64,
}

fn method(word: &str) -> Result<Method, String> {
    match word {
        "consecutive" => Ok(Method::Consecutive),
        "sliding" => Ok(Method::Sliding),
        "plink" => Ok(Method::Plink),
        _ => Err("write consecutive, sliding or plink".to_owned()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("give a number from 0 to 1".to_owned()) }
}

impl RuleFlags {
    fn rules(&self) -> anyhow::Result<Rules> {
        let is_plink = self.method == Method::Plink;
        let or = |given: Option<usize>, other: usize, plink: usize| {
            given.unwrap_or(if is_plink { plink } else { other })
        };
        let spacing = self.max_spacing.or(is_plink.then_some(50_000));
        let rules = Rules {
            method: self.method,
            min_snps: or(self.min_snps, 30, 100),
            min_length: self.min_length,
            max_heterozygous: self.max_het,
            max_missing: or(self.max_missing, 1, 5),
            max_gap: self.max_gap,
            max_spacing: spacing.map(|bases| bases as f64),
            window: or(self.window, 15, 50),
            threshold: self.threshold,
        };
        if rules.min_snps == 0 || rules.window == 0 {
            bail!("--min-snps and --window count SNPs; give 1 at least");
        }
        Ok(rules)
    }
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let rules = args.rules.rules()?;
    let mut source = args.input.open(Wanted::default())?;
    let chosen::Chosen { grouping, table } = args.groups.read(source.header(), session)?;
    let sizes = grouping.sizes();
    let mut islands = file::create(file::beside(&args.output, ".islands.tsv"))?;
    write_islands_head(&grouping, &mut islands)?;
    let bar = genotypes::follow(session, "diversity roh", source.as_ref());
    let mut picture = Islands::default();
    let mut line = Vec::new();
    let found = find(source.as_mut(), &rules, &grouping.of_samples, |contig, position, id, counts| {
        line.clear();
        put_island((contig, position, id), counts, &sizes, &mut line);
        picture.add(contig, position, counts);
        Ok(islands.write_all(&line)?)
    })?;
    drop(bar);
    let mut samples = file::create(file::beside(&args.output, ".samples.tsv"))?;
    write_samples(&found, &grouping, &mut samples)?;
    let mut out = file::create(&args.output)?;
    write_runs(&found, &grouping, &mut out)?;
    let mut summary = Summary::new("diversity roh", &session.command_line);
    summary.inputs = source.digests();
    summary.inputs.extend(table);
    describe(&mut summary, &found, &grouping);
    summary.tables.push(picture.table(sizes.iter().sum()));
    output::publish(&args.output, &summary, vec![samples, islands, out])?;
    let unplaced = match found.unplaced {
        0 => String::new(),
        n => format!("; {n} variants without a place left out"),
    };
    session.progress.note(&format!(
        "{} runs of {} samples over {:.1} Mb{unplaced}",
        found.runs.len(),
        found.samples.len(),
        found.covered() as f64 / 1e6
    ));
    Ok(())
}

/// What the picture of islands is made of: every SNP until there are too many, then every other one, and so on.
struct Islands {
    snps: u64,
    every: u64,
    rows: Vec<(u64, String, u64, u32)>,
}

impl Default for Islands {
    fn default() -> Self {
        Self { snps: 0, every: 1, rows: Vec::new() }
    }
}

impl Islands {
    fn add(&mut self, contig: &str, position: u64, counts: &[u32]) {
        if self.snps.is_multiple_of(self.every) {
            self.rows.push((self.snps, contig.to_owned(), position, counts.iter().sum()));
        }
        self.snps += 1;
        if self.rows.len() as u64 > SHOWN {
            self.every *= 2;
            let every = self.every;
            self.rows.retain(|row| row.0.is_multiple_of(every));
        }
    }

    fn table(self, samples: usize) -> Table {
        let row = |(_, contig, position, count): (u64, String, u64, u32)| {
            vec![contig.into(), position.into(), rounded(f64::from(count) / samples.max(1) as f64)]
        };
        Table {
            name: "islands".into(),
            title: "Share of samples with a run of homozygosity along the genome".into(),
            chart: Chart::Contigs,
            columns: ["contig", "position", "share of samples"].map(String::from).to_vec(),
            rows: self.rows.into_iter().map(row).collect(),
            path: None,
        }
    }
}

fn describe(summary: &mut Summary, found: &Homozygosity, grouping: &Grouping) {
    let by_sample = found.by_sample();
    let (covered, n) = (found.covered() as f64, by_sample.len().max(1) as f64);
    let total: u64 = by_sample.iter().map(|own| own.length).sum();
    let inbreeding = |length: u64| if covered > 0.0 { length as f64 / covered } else { 0.0 };
    summary.count("samples", by_sample.len()).count("runs", found.runs.len());
    summary.count("bases_in_runs", total).count("bases_covered", found.covered());
    summary.count("snps", found.contigs.iter().map(|contig| contig.snps).sum::<u64>());
    summary.count("variants_without_a_place", found.unplaced);
    summary.count("mean_f_roh", rounded(inbreeding(total) / n));
    summary.headline =
        "{runs} runs of homozygosity in {samples} samples; mean F_ROH {mean_f_roh}.".to_owned();
    summary.tables.push(classes(found, grouping));
    let mut scatter = Table {
        name: "samples".into(),
        title: "Number and length of runs per sample".into(),
        chart: Chart::Scatter,
        columns: ["sample", "runs", "bases in runs [Mb]", "group"].map(String::from).to_vec(),
        rows: Vec::new(),
        path: None,
    };
    for (sample, own) in by_sample.iter().enumerate() {
        let group = grouping.of_samples[sample].map_or("NA", |group| &grouping.names[group]);
        let megabases = rounded(own.length as f64 / 1e6);
        scatter.rows.push(vec![
            found.samples[sample].as_str().into(),
            own.runs.into(),
            megabases,
            group.into(),
        ]);
    }
    summary.tables.push(scatter);
}

/// F_ROH by length of the runs, a bar a group.
fn classes(found: &Homozygosity, grouping: &Grouping) -> Table {
    let (sizes, covered) = (grouping.sizes(), found.covered() as f64);
    let mut sums = vec![[0u64; CLASSES.len()]; grouping.len()];
    for (own, group) in found.by_sample().iter().zip(&grouping.of_samples) {
        let Some(group) = *group else { continue };
        sums[group].iter_mut().zip(own.classes).for_each(|(sum, length)| *sum += length);
    }
    let titles = ["under 1 Mb", "1 to 2 Mb", "2 to 4 Mb", "4 to 8 Mb", "8 to 16 Mb", "over 16 Mb"];
    let row = |(group, sums): (usize, &[u64; CLASSES.len()])| {
        let scale = (covered * sizes[group] as f64).max(1.0);
        let shares = sums.iter().map(|&sum| rounded(sum as f64 / scale));
        [Value::from(grouping.names[group].as_str())].into_iter().chain(shares).collect()
    };
    Table {
        name: "length-classes".into(),
        title: "Mean F_ROH by length of the runs".into(),
        chart: Chart::StackedBar,
        columns: ["group"].into_iter().chain(titles).map(str::to_owned).collect(),
        rows: sums.iter().enumerate().map(row).collect(),
        path: None,
    }
}
