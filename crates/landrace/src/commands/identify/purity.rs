//! `landrace identify purity`: the purity of a seed lot, from counts, single seeds or the reads of pools.

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::{Chart, InputDigest, Summary, Table};
use landrace_germplasm::identity::certificate::CertificateFields;
use landrace_germplasm::purity::{OffTypes, TestError};

use super::{chance, share};
use crate::cli::Session;
use crate::{genotypes, output};

mod lots;

/// Title of a certificate whose file gives none.
const TITLE: &str = "Certificate of varietal purity";

/// Purity of a seed lot with exact intervals, from counts, genotypes of single seeds, or reads of pooled seeds
#[derive(clap::Args)]
#[command(
    mut_arg("genotypes", |arg| arg.required(false).required_unless_present("tested")),
    after_help = "Examples:\n  landrace identify purity --tested 400 --off-types 3 -o lot.tsv\n  \
    landrace identify purity --tested 20 --off-types 2 --seeds-each 50 -o groups.tsv\n  \
    landrace identify purity seeds.vcf.gz --against lines.vcf.gz --female B73 --male Mo17 -o lot.tsv\n  \
    landrace identify purity pools.vcf.gz --against lines.vcf.gz --variety B73 --pooled -o pools.tsv\n\n\
    Single seeds are weighed as true to type, selfs of a hybrid's parents, outcrosses, or others, with wrong calls; \
    <output>.seeds.tsv has a line each. Undecided seeds are in no count and are said. The interval of seeds is exact (Clopper \
    and Pearson) beside Jeffreys's; that of pools is by profile likelihood of overdispersed reads, and holds for the seeds of \
    the pool. Foreign seeds are taken to be as the other samples of --against, or as those of --foreign; in pools of a hybrid \
    they are selfs of its female parent. Markers of two alleles count."
)]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The result (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Genotypes of the variety or of the hybrid's parents, where they are not among the seeds
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "tested",
        help_heading = "Genotypes of seeds and pools"
    )]
    against: Option<PathBuf>,
    /// Samples of the variety; of several the commonest call counts
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        num_args = 1,
        conflicts_with = "tested",
        help_heading = "Genotypes of seeds and pools"
    )]
    variety: Vec<String>,
    /// Samples of the hybrid's female parent
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        num_args = 1,
        requires = "male",
        conflicts_with = "tested",
        help_heading = "Genotypes of seeds and pools"
    )]
    female: Vec<String>,
    /// Samples of the hybrid's male parent
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        num_args = 1,
        requires = "female",
        conflicts_with = "tested",
        help_heading = "Genotypes of seeds and pools"
    )]
    male: Vec<String>,
    /// Samples of what the lot may be mixed with
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        num_args = 1,
        conflicts_with = "tested",
        help_heading = "Genotypes of seeds and pools"
    )]
    foreign: Vec<String>,
    /// Each sample is a pool of seeds: its reads of each allele (AD) are compared
    #[arg(long, conflicts_with = "tested", help_heading = "Genotypes of seeds and pools")]
    pooled: bool,
    /// Chance that a call is wrong [default: 0.01], or a read of a pool [default: 0.002]
    #[arg(long, value_name = "RATE", value_parser = chance, conflicts_with = "tested", help_heading = "Genotypes of seeds and pools")]
    error: Option<f64>,
    /// Probability from which a seed is true to type, or an off-type
    #[arg(long, value_name = "PROBABILITY", value_parser = chance, default_value_t = 0.95, help_heading = "Genotypes of seeds and pools")]
    level: f64,
    /// Markers with a call that a seed needs [default: 8], or with reads that a pool needs [default: 5]
    #[arg(long, value_name = "N", conflicts_with = "tested", help_heading = "Genotypes of seeds and pools")]
    min_markers: Option<u32>,
    /// Make a certificate for the report, with the laboratory's fields (TOML)
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Seeds, or groups, tested
    #[arg(
        long,
        value_name = "N",
        requires = "off_types",
        conflicts_with = "genotypes",
        help_heading = "Counts"
    )]
    tested: Option<u64>,
    /// Off-types, or positive groups
    #[arg(long, value_name = "N", requires = "tested", help_heading = "Counts")]
    off_types: Option<u64>,
    /// Seeds tested together in each group
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Counts")]
    seeds_each: u64,
    /// Chance that a pure seed or group tests as an off-type
    #[arg(long, value_name = "CHANCE", value_parser = share, default_value_t = 0.0, help_heading = "Counts")]
    false_positive: f64,
    /// Chance that an off-type, or a group with one, tests as pure
    #[arg(long, value_name = "CHANCE", value_parser = share, default_value_t = 0.0, help_heading = "Counts")]
    false_negative: f64,
    /// Two-sided confidence of the intervals
    #[arg(long, value_name = "SHARE", value_parser = chance, default_value_t = 0.95)]
    confidence: f64,
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut summary = Summary::new("identify purity", &session.command_line);
    let fields = fields(args, &mut summary)?;
    let mut out = file::create(&args.output)?;
    let mut files = Vec::new();
    let result = if let Some((tested, off)) = args.tested.zip(args.off_types) {
        let error = TestError { false_off_type: args.false_positive, missed: args.false_negative };
        let own = OffTypes::count(off, tested, args.seeds_each, &error, args.confidence)?;
        let (head, line) = columns_of(&own);
        writeln!(out, "{head}\n{line}")?;
        describe(&own, &mut summary);
        vec![("lot".to_owned(), counted(&own))]
    } else {
        let lot = lots::Lot::read(args, &mut summary, session)?;
        if args.pooled {
            let found = lots::pools(args, &lot)?;
            lots::write_pools(&found, args.confidence, &mut out)?;
            lots::describe_pools(&found, &mut summary);
            found.iter().map(|(name, own)| (name.clone(), lots::of_pool(own))).collect()
        } else {
            let (own, seeds) = lots::seeds(args, &lot, &mut summary)?;
            lots::write_seed_lot(&own, args.confidence, &mut out)?;
            files.extend(seeds);
            describe(&own.off_types, &mut summary);
            vec![("lot".to_owned(), lots::sentence(&own))]
        }
    };
    if let Some(fields) = fields {
        summary.tables.extend(result.iter().map(|own| certificate(own, args, &fields)));
    }
    files.push(out);
    output::publish(&args.output, &summary, files)?;
    result.iter().for_each(|(name, text)| session.progress.note(&format!("{name}: {text}")));
    Ok(())
}

fn fields(args: &Args, summary: &mut Summary) -> anyhow::Result<Option<CertificateFields>> {
    let Some(path) = &args.certificate else { return Ok(None) };
    summary.inputs.push(InputDigest::read(path)?);
    Ok(Some(CertificateFields::parse(&file::read_text(path)?, &path.display().to_string())?))
}

/// Header and line of counted off-types.
fn columns_of(own: &OffTypes) -> (&'static str, String) {
    let [exact, jeffreys] = [own.exact, own.jeffreys].map(|[low, high]| [1.0 - high, 1.0 - low]);
    let [off, tested] = own.counted;
    let line = format!(
        "{tested}\t{off}\t{}\t{:.6}\t{:.6}\t{:.6}\t{:.6}\t{:.6}",
        own.seeds_each,
        1.0 - own.share,
        exact[0],
        exact[1],
        jeffreys[0],
        jeffreys[1]
    );
    ("tested\toff_types\tseeds_each\tpurity\texact_low\texact_high\tjeffreys_low\tjeffreys_high", line)
}

/// Counted off-types in words.
fn counted(own: &OffTypes) -> String {
    let ([off, tested], [high, low]) = (own.counted, own.exact.map(|share| 100.0 * (1.0 - share)));
    let what = if own.seeds_each == 1 { "seeds are off-types" } else { "groups are positive" };
    format!(
        "{off} of {tested} {what}: purity {:.2}%, exact interval {low:.2}% to {high:.2}%",
        100.0 * (1.0 - own.share)
    )
}

fn describe(own: &OffTypes, summary: &mut Summary) {
    let ([off, tested], [high, low]) = (own.counted, own.exact.map(|share| 1.0 - share));
    summary.count("tested", tested).count("off_types", off);
    summary.count("purity", genotypes::rounded(1.0 - own.share));
    summary.count("exact_low", genotypes::rounded(low)).count("exact_high", genotypes::rounded(high));
    summary.headline = "Purity {purity}, exact interval {exact_low} to {exact_high}.".to_owned();
}

/// A page for the laboratory to sign.
fn certificate((name, text): &(String, String), args: &Args, fields: &CertificateFields) -> Table {
    let list = |names: &[String]| names.join(", ");
    let mut lines = fields.opening(TITLE);
    let line = |section: &str, item: &str, text: String| [section.to_owned(), item.to_owned(), text];
    if args.pooled {
        lines.push(line("Sample", "pool", name.clone()));
    }
    if !args.variety.is_empty() {
        lines.push(line("Comparison", "variety", list(&args.variety)));
    }
    if !args.female.is_empty() {
        lines.push(line("Comparison", "hybrid of", format!("{} × {}", list(&args.female), list(&args.male))));
    }
    let method = match (args.tested.is_some(), args.pooled) {
        (true, _) => "counts; exact interval of Clopper and Pearson",
        (_, true) => "reads of each allele in the pool; profile likelihood with overdispersion",
        _ => "genotypes of single seeds with wrong calls; exact interval of Clopper and Pearson",
    };
    lines.push(line("Comparison", "statistics", format!("{method}, confidence {}", args.confidence)));
    lines.push(line("verdict", "", text.clone()));
    lines.push(line("note", "", "The result holds for the sample as received.".to_owned()));
    lines.extend(fields.closing());
    Table {
        name: format!("certificate-{name}"),
        title: format!("Certificate: {name}"),
        chart: Chart::Certificate,
        columns: ["section", "item", "text"].map(str::to_owned).to_vec(),
        rows: lines.into_iter().map(|line| line.map(serde_json::Value::from).to_vec()).collect(),
        path: None,
    }
}
