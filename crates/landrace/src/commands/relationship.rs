//! `landrace relationship`: how related the samples are, pair by pair.

use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::relationship::file::{Layout, write, write_pairs};
use landrace_genotypes::relationship::{Frequencies, Method, Options, ReadModel, Relationship, bins, relate};
use serde_json::Value;

use crate::cli::Session;
use crate::{genotypes, output};

/// How related the samples are: genomic relationship, dominance, identity by state, kinship
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace relationship filtered.bcf -o g.tsv\n  \
    landrace relationship panel.bed --method vanraden2 -o panel.grm.bin\n  \
    landrace relationship gbs.vcf.gz --method kgd --min-disequilibrium=-0.05 -o g5.tsv\n  \
    landrace relationship panel.bed --method king --pairs --min 0.177 -o relatives.tsv\n\n\
    Methods: vanraden1 (ZZ' / sum Ppq, at any ploidy: the additive matrix of autopolyploids too), vanraden2 (each \
    variant by its own variance, as 'plink2 --make-rel meanimpute'), yang (GCTA's), dominance (Vitezica 2013; digenic \
    at higher ploidy), ibs (identity by state, any ploidy), king (KING-robust, as 'plink2 --make-king'), kgd (depth-\
    adjusted, from read counts). Samples of several ploidies compare by their dosages as shares of the ploidy. The \
    summary says what was computed and what it was divided by.\n\n\
    The ending says the form: .grm.bin GCTA, .rel.bin, .king.bin, .rel and .king PLINK 2, .cXX.txt GEMMA, else a table.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The matrix, or with --pairs the table of pairs; the ending says the form
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How relationship is measured
    #[arg(short, long, value_name = "METHOD", default_value = "vanraden1", value_parser = method_names())]
    method: String,
    /// Write this form, whatever the ending
    #[arg(long = "as", value_name = "FORM", value_parser = layout_names())]
    layout: Option<String>,
    /// Write a table with a line a pair instead of the matrix
    #[arg(long, conflicts_with = "layout")]
    pairs: bool,
    /// With --pairs: the lowest value to write
    #[arg(long, value_name = "VALUE", requires = "pairs", allow_negative_numbers = true)]
    min: Option<f64>,
    #[command(flatten)]
    variants: Variants,
    /// Memory that may be taken [default: what is free]
    #[arg(long, value_name = "SIZE", value_parser = super::align::parse_memory)]
    memory: Option<u64>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Variants")]
struct Variants {
    /// Minor allele frequency of a variant, at least
    #[arg(long, value_name = "FREQUENCY", default_value_t = 0.0)]
    min_maf: f64,
    /// Allele frequencies of the base population in place of the samples' own: a table with contig and position (or
    /// id) and alternate_frequency
    #[arg(long, value_name = "FILE")]
    frequencies: Option<PathBuf>,
    /// For kgd: leave out variants whose Hardy-Weinberg disequilibrium is not above this (paralogs: try -0.05)
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    min_disequilibrium: Option<f64>,
    /// For kgd: reads of a heterozygote are beta-binomial with both parameters ALPHA [default: binomial]
    #[arg(long, value_name = "ALPHA", value_parser = positive)]
    overdispersion: Option<f64>,
}

fn method_names() -> clap::builder::PossibleValuesParser {
    Method::ALL.map(Method::name).into()
}

pub(super) fn layout_names() -> clap::builder::PossibleValuesParser {
    Layout::ALL.map(|(name, _)| name).into()
}

fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| *value > 0.0 && value.is_finite());
    value.ok_or_else(|| "give a number above 0".to_owned())
}

impl Args {
    fn options(&self) -> anyhow::Result<Options> {
        let method = Method::from_name(&self.method).unwrap_or(Method::VanRaden1);
        let Variants { min_maf, frequencies, min_disequilibrium, overdispersion } = &self.variants;
        if method != Method::Kgd && (min_disequilibrium.is_some() || overdispersion.is_some()) {
            anyhow::bail!("--min-disequilibrium and --overdispersion are for '--method kgd'; leave them out");
        }
        Ok(Options {
            min_maf: *min_maf,
            frequencies: frequencies.as_deref().map(Frequencies::read).transpose()?,
            reads: ReadModel { overdispersion: *overdispersion, min_disequilibrium: *min_disequilibrium },
            details: self.pairs,
            memory: self.memory.or_else(free_memory),
            ..Options::new(method)
        })
    }

    fn layout(&self) -> Layout {
        let named =
            |name: &String| Layout::ALL.iter().find(|(known, _)| known == name).map(|(_, layout)| *layout);
        self.layout.as_ref().and_then(named).unwrap_or_else(|| Layout::of_path(&self.output))
    }
}

/// Inbreeding coefficient above which KING's kinship is not to be trusted: less than half the heterozygotes are there.
const INBRED: f64 = 0.5;

/// Memory that is free, where the system says so.
pub(super) fn free_memory() -> Option<u64> {
    let text = file::read_text("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let options = args.options()?;
    let mut source = args.input.open(options.method.wanted())?;
    let bar = genotypes::follow(session, "relationship", source.as_ref());
    let relationship = relate(source.as_mut(), &options)?;
    drop(bar);
    let mut summary = Summary::new("relationship", &session.command_line);
    summary.inputs = source.digests();
    describe(&mut summary, &relationship);
    let files = if args.pairs {
        let (out, written) = write_pairs(&relationship, args.min.unwrap_or(f64::NEG_INFINITY), &args.output)?;
        summary.count("pairs_written", written);
        vec![out]
    } else {
        write(&relationship, source.header().families.as_deref(), args.layout(), &args.output)?
    };
    output::publish(&args.output, &summary, files)?;
    let account = &relationship.account;
    if let (Method::King, Some(inbreeding)) = (options.method, account.inbreeding().filter(|f| *f > INBRED)) {
        session.progress.note(&format!(
            "these samples are inbred (F = {inbreeding:.2} over all), and KING's kinship goes by shared heterozygotes: \
             it means little here; choose 'ibs' or 'vanraden1' for lines"
        ));
    }
    let left_out = account.read - account.used;
    session.progress.note(&format!(
        "{}: {} samples by {} variants, {left_out} left out; {} missing calls",
        options.method.name(),
        relationship.matrix.len(),
        account.used,
        account.missing
    ));
    Ok(())
}

fn describe(summary: &mut Summary, relationship: &Relationship) {
    let account = &relationship.account;
    summary.count("method", relationship.method.name()).count("computed", relationship.method.description());
    summary.count("samples", relationship.matrix.len()).count("variants_used", account.used);
    summary.count("variants_that_do_not_vary", account.monomorphic).count("variants_too_rare", account.rare);
    summary.count("variants_without_frequency", account.without_frequency);
    summary.count("variants_in_disequilibrium", account.disequilibrium);
    summary.count("missing_calls", account.missing).count("samples_of_several_ploidies", account.is_mixed);
    if let Some(denominator) = account.denominator {
        summary.count("denominator", denominator);
    }
    if let Some(depth) = account.mean_depth {
        summary.count("mean_depth", genotypes::rounded(depth));
    }
    let matrix = &relationship.matrix;
    let n = matrix.len();
    let own: Vec<f64> = (0..n).map(|i| matrix.get(i, i)).collect();
    let others: Vec<f64> =
        (0..n).flat_map(|i| (0..i).map(move |k| (i, k))).map(|(i, k)| matrix.get(i, k)).collect();
    summary.count("mean_with_itself", mean(&own)).count("mean_of_pairs", mean(&others));
    summary.headline = "{samples} samples related by {variants_used} variants.".to_owned();
    let value = relationship.method.value_name();
    summary.tables.push(heatmap(relationship));
    if own.iter().any(|value| *value != own[0]) {
        summary.tables.push(histogram(
            "with-itself",
            &format!("Each sample's {value} with itself"),
            value,
            &own,
        ));
    }
    summary.tables.push(histogram("pairs", &format!("The {value} of pairs of samples"), value, &others));
    let row = |&(low, high, value): &(usize, usize, f64)| {
        let names = [low, high].map(|sample| matrix.samples[sample].as_str().into());
        names.into_iter().chain([genotypes::rounded(value)]).collect()
    };
    summary.tables.push(Table {
        name: "closest".into(),
        title: "The closest pairs".into(),
        chart: Chart::Table,
        columns: vec!["sample".into(), "other sample".into(), value.into()],
        rows: relationship.closest(20).iter().map(row).collect(),
        path: None,
    });
}

fn mean(values: &[f64]) -> Value {
    let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    if known.is_empty() {
        Value::Null
    } else {
        genotypes::rounded(known.iter().sum::<f64>() / known.len() as f64)
    }
}

/// Samples that the heat map shows at most.
const SHOWN: usize = 96;

fn heatmap(relationship: &Relationship) -> Table {
    let matrix = &relationship.matrix;
    let order = matrix.representatives(SHOWN);
    let of = |count: usize| {
        if count < matrix.len() { format!(" of {count} samples that stand for all") } else { String::new() }
    };
    let value = |a: usize, b: usize| {
        Some(matrix.get(a, b)).filter(|v| v.is_finite()).map_or(Value::Null, genotypes::rounded)
    };
    let row = |&a: &usize| {
        let name = Value::from(matrix.samples[a].as_str());
        std::iter::once(name).chain(order.iter().map(|&b| value(a, b))).collect()
    };
    Table {
        name: "heatmap".into(),
        title: format!("The {}{}", relationship.method.value_name(), of(order.len())),
        chart: Chart::Heatmap,
        columns: std::iter::once("sample".to_owned())
            .chain(order.iter().map(|&b| matrix.samples[b].clone()))
            .collect(),
        rows: order.iter().map(row).collect(),
        path: None,
    }
}

fn histogram(name: &str, title: &str, value: &str, values: &[f64]) -> Table {
    let rows = bins(values, 40).into_iter();
    Table {
        name: name.into(),
        title: title.into(),
        chart: Chart::Histogram,
        columns: vec![value.into(), "count".into()],
        rows: rows.map(|(edge, count)| vec![genotypes::rounded(edge), count.into()]).collect(),
        path: None,
    }
}
