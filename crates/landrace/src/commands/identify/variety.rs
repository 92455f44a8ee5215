//! `landrace identify variety`: which variety of a library each sample is.

use std::path::{Path, PathBuf};

use anyhow::Context;
use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::format::{self, ReadOptions};
use landrace_genotypes::{GenotypeMatrix, GenotypeSource, Wanted};
use landrace_germplasm::accession::{AccessionTable, Options};
use landrace_germplasm::identity::answers::true_to_type;
use landrace_germplasm::identity::certificate::CertificateFields;
use landrace_germplasm::identity::posterior::Priors;
use landrace_germplasm::identity::rule::Rule;
use landrace_germplasm::identity::table::Verdict;
use landrace_germplasm::identity::{Identified, Library, RELATIONS, SearchOptions, identify};

use super::{chance, share};
use crate::cli::Session;
use crate::{genotypes, output};

/// Certificates made where fields are given and no number is.
const PAGES: usize = 20;
/// Queries that the report lists.
const LISTED: usize = 200;

/// Which variety of a library each sample is, with its probability, or none of these
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  landrace identify variety lots.vcf.gz --against varieties.vcf.gz -o lots.tsv\n  \
    landrace identify variety plate.csv --against library.vcf.gz --declared plate.tsv:variety --rules rules/maize-ssr.toml \
    --certificate laboratory.toml -o plate.tsv\n\n\
    Writes a line a query, and beside it <output>.matches.tsv with the varieties that each query was compared with. Markers \
    are joined by name, else by contig and position; alleles by their letters, from the other strand where they only fit so. \
    An answer is given at the probability of --level. Before looking, a tenth of the queries is taken to be of no variety of \
    the library (--absent), and such a query to be as near a relative of the library's varieties as these are of each other: \
    so a sister line that is not in the library is not named as its sister."
)]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The library: genotypes of known varieties; several files of the same samples are put together
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    against: Vec<PathBuf>,
    /// Copies of each chromosome in the library, for formats that do not say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=14))]
    against_ploidy: Option<u8>,
    /// Answers, a line a query (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Which variety each sample of the library is of, where varieties have several: a table with a column sample or
    /// accession, a colon and a column. The table of `duplicates` with :group ranks duplicates as one
    #[arg(long, value_name = "TABLE:COLUMN")]
    varieties: Option<String>,
    /// Which variety each query is declared to be: off-types are told
    #[arg(long, value_name = "TABLE:COLUMN")]
    declared: Option<String>,
    /// Leave out the library sample of the query's own name
    #[arg(long)]
    leave_one_out: bool,
    /// Varieties listed a query in <output>.matches.tsv
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// Chance that a call is wrong [default: estimated from the best matches]
    #[arg(long, value_name = "RATE", value_parser = chance, help_heading = "Probabilities")]
    error: Option<f64>,
    /// Share of the queries that is of no variety of the library, before looking
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share, help_heading = "Probabilities")]
    absent: f64,
    /// Share of the queries that is a mixture or cross of two varieties, before looking; 0 to leave that out
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share, help_heading = "Probabilities")]
    mixed: f64,
    /// Probability from which an answer is given
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.99, value_parser = chance, help_heading = "Probabilities")]
    level: f64,
    /// Varieties that an answer may name at most, where markers do not tell them apart
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Probabilities")]
    group: usize,
    /// Rule of a standard or a laboratory (TOML): differing loci for same, near and different
    #[arg(long, value_name = "FILE", help_heading = "Verdicts and certificates")]
    rules: Option<PathBuf>,
    /// Make certificates for the report, with the laboratory's fields (TOML)
    #[arg(long, value_name = "FILE", help_heading = "Verdicts and certificates")]
    certificate: Option<PathBuf>,
    /// Certificates for the first queries [default: 20 with --certificate, else none]
    #[arg(long, value_name = "N", help_heading = "Verdicts and certificates")]
    certificates: Option<usize>,
}

impl Args {
    fn options(&self) -> SearchOptions {
        let priors = Priors { absent: self.absent, mixed: self.mixed };
        SearchOptions {
            error: self.error,
            priors,
            level: self.level,
            most: self.group,
            leave_out_own: self.leave_one_out,
            ..SearchOptions::default()
        }
    }

    fn open_library(&self) -> Result<Box<dyn GenotypeSource>, landrace_genotypes::GenotypeError> {
        let own = self.input.options(Wanted::default());
        let options = ReadOptions { map: own.map, ploidy: self.against_ploidy, ..ReadOptions::default() };
        format::open(&self.against, options)
    }

    fn rule(&self) -> anyhow::Result<Option<Rule>> {
        let read = |path: &PathBuf| {
            Ok::<_, anyhow::Error>(Rule::parse(&file::read_text(path)?, &path.display().to_string())?)
        };
        self.rules.as_ref().map(read).transpose()
    }

    fn fields(&self) -> anyhow::Result<CertificateFields> {
        match &self.certificate {
            Some(path) => Ok(CertificateFields::parse(&file::read_text(path)?, &path.display().to_string())?),
            None => Ok(CertificateFields::default().with_defaults()),
        }
    }
}

/// A column of a table for samples of these names, written `TABLE:COLUMN`.
fn column(text: &str, samples: &[String], session: &Session) -> anyhow::Result<Vec<Option<String>>> {
    let (path, column) = text.rsplit_once(':').with_context(|| {
        format!(
            "'{text}' names no column; write the table, a colon and the column, such as samples.tsv:variety"
        )
    })?;
    let table = AccessionTable::read(Path::new(path), &Options::default())?;
    let (joined, account) = table.join(samples, column)?;
    if let Some(note) = account.note(path) {
        session.progress.note(&note);
    }
    Ok(joined.cells)
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.absent + args.mixed < 1.0,
        "--absent and --mixed add up to 1; leave some for the varieties"
    );
    let (rule, fields, options) = (args.rule()?, args.fields()?, args.options());
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "queries", source.as_ref());
    let queries = GenotypeMatrix::from_source(source.as_mut())?;
    drop(bar);
    let mut library = args.open_library()?;
    let in_library = library.header().samples.clone();
    let read = |text: &String, samples| column(text, samples, session);
    let declared = args.declared.as_ref().map(|text| read(text, queries.samples())).transpose()?;
    let varieties = args.varieties.as_ref().map(|text| read(text, &in_library)).transpose()?;
    let bar = genotypes::follow(session, "library", library.as_ref());
    let reopen = || args.open_library();
    let found = identify(
        queries,
        Library { source: library.as_mut(), reopen: &reopen, varieties },
        &declared.unwrap_or_default(),
        &options,
    )?;
    drop(bar);
    let mut summary = Summary::new("identify variety", &session.command_line);
    summary.inputs = source.digests();
    summary.inputs.extend(library.digests());
    describe(&mut summary, &found, &options);
    certificates(&mut summary, args, &found, (&fields, rule.as_ref()));
    let files = write(args, &found, rule.as_ref())?;
    output::publish(&args.output, &summary, files)?;
    tell(&found, rule.as_ref(), session);
    Ok(())
}

fn write(args: &Args, found: &Identified, rule: Option<&Rule>) -> anyhow::Result<Vec<Output>> {
    let mut files = Vec::new();
    if args.output.as_os_str() != "-" {
        let mut matches = file::create(file::beside(&args.output, ".matches.tsv"))?;
        found.write_matches(args.top, &mut matches)?;
        files.push(matches);
    }
    let mut out = file::create(&args.output)?;
    found.write_answers(args.level, rule, &mut out)?;
    files.push(out);
    Ok(files)
}

fn certificates(
    summary: &mut Summary,
    args: &Args,
    found: &Identified,
    (fields, rule): (&CertificateFields, Option<&Rule>),
) {
    let pages = args.certificates.unwrap_or(if args.certificate.is_some() { PAGES } else { 0 });
    for query in 0..found.answers.len().min(pages) {
        let lines = found.certificate(query, fields, rule).into_iter();
        summary.tables.push(Table {
            name: format!("certificate-{}", query + 1),
            title: format!("Certificate: {}", found.queries[query]),
            chart: Chart::Certificate,
            columns: ["section", "item", "text"].map(str::to_owned).to_vec(),
            rows: lines.map(|line| line.map(serde_json::Value::from).to_vec()).collect(),
            path: None,
        });
    }
}

fn describe(summary: &mut Summary, found: &Identified, options: &SearchOptions) {
    let join = &found.join;
    summary.count("queries", found.queries.len()).count("varieties", found.varieties.names.len());
    summary.count("library_samples", found.samples.len()).count("markers_compared", join.shared());
    summary.count("markers_of_queries", join.of_queries).count("markers_of_library", join.of_library);
    summary.count("markers_by_name", join.by_name).count("markers_by_place", join.by_place);
    summary.count("markers_with_other_alleles", join.unlike).count("markers_turned", join.turned);
    summary.count("markers_of_the_other_strand", join.flipped).count("markers_repeated", join.repeated);
    summary.count("markers_at_or_cg", join.ambiguous);
    summary.count("markers_at_or_cg_are_left_out", join.left_out_ambiguous);
    summary.count("markers_compared_by_presence", join.by_presence);
    summary.count("error_rate", genotypes::rounded(found.error));
    summary.count("error_rate_is_estimated", options.error.is_none());
    summary.count("level", options.level);
    let of = |verdict: Verdict| found.answers.iter().filter(|answer| answer.verdict == verdict).count();
    let named = of(Verdict::Identified) + of(Verdict::OneOf);
    summary.count("named", named).count("none_of_these", of(Verdict::NoneOfThese));
    summary.headline = "{named} of {queries} queries named ({named/queries}) from {varieties} varieties at \
                        {markers_compared} markers; {none_of_these} are none of these."
        .to_owned();
    let table = |name: &str, title: &str, chart, columns: &[&str], rows| Table {
        name: name.into(),
        title: title.into(),
        chart,
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        rows,
        path: None,
    };
    let rows = Verdict::ALL.map(|verdict| vec![verdict.word().into(), of(verdict).into()]).to_vec();
    summary.tables.push(table(
        "verdicts",
        "What was said of the queries",
        Chart::Bar,
        &["verdict", "queries"],
        rows,
    ));
    let row = |(query, answer): (&String, &_)| vec![query.as_str().into(), found.sentence(answer).into()];
    let rows = found.queries.iter().zip(&found.answers).take(LISTED).map(row).collect();
    summary.tables.push(table("answers", "The answers", Chart::Table, &["query", "answer"], rows));
    let relatives = &found.relatives;
    let rows = std::iter::once(("unrelated", relatives.unrelated))
        .chain(RELATIONS.iter().map(|relation| relation.name).zip(relatives.shares))
        .map(|(name, share)| vec![name.into(), genotypes::rounded(share)])
        .collect();
    let title = "How near the library's varieties are to each other";
    summary.tables.push(table("relatives", title, Chart::Bar, &["relationship", "share of varieties"], rows));
    let off = |answer: &&_| {
        let answer: &landrace_germplasm::identity::table::Answer = answer;
        answer.declared.as_ref().is_some_and(|own| true_to_type(own, options.level) == "off-type")
    };
    if found.answers.iter().any(|answer| answer.declared.is_some()) {
        summary.count("off_types", found.answers.iter().filter(off).count());
    }
}

fn tell(found: &Identified, rule: Option<&Rule>, session: &Session) {
    let note = |text: String| session.progress.note(&text);
    let join = &found.join;
    note(format!(
        "{} markers compared ({} by name, {} by place) of {} in the queries and {} in the library; error rate {:.4}",
        join.shared(),
        join.by_name,
        join.by_place,
        join.of_queries,
        join.of_library,
        found.error
    ));
    if join.unlike > 0 {
        note(format!("{} markers left out: their alleles are others in the library", join.unlike));
    }
    if join.flipped > 0 {
        note(format!("{} markers turned to the other strand", join.flipped));
    }
    if join.left_out_ambiguous {
        note(format!(
            "{} A/T and C/G markers left out: other markers are of the other strand, and these do not tell theirs",
            join.ambiguous
        ));
    }
    if join.by_presence > 0 {
        note(format!(
            "{} markers compared by which alleles are there, since ploidies differ",
            join.by_presence
        ));
    }
    if found.varieties.names.len() < 10 {
        note("fewer than 10 varieties in the library: their allele frequencies, and with them the probabilities, are rough".to_owned());
    }
    let namesakes = found.queries.iter().filter(|name| found.samples.contains(name)).count();
    if namesakes > 0 && !session.command_line.contains("--leave-one-out") {
        note(format!(
            "{namesakes} queries have the name of a library sample; --leave-one-out compares each with the others alone"
        ));
    }
    if let Some(rule) = rule.filter(|rule| rule.checked.is_empty()) {
        note(format!(
            "rule '{}': nobody has checked its thresholds against the standard yet (key 'checked')",
            rule.name
        ));
    }
    let of = |verdict: Verdict| found.answers.iter().filter(|answer| answer.verdict == verdict).count();
    let counts: Vec<String> = Verdict::ALL
        .iter()
        .filter(|verdict| of(**verdict) > 0)
        .map(|verdict| format!("{} {}", of(*verdict), verdict.word()))
        .collect();
    note(format!("{} queries: {}", found.queries.len(), counts.join(", ")));
}
