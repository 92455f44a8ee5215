//! `landrace ld prune`: variants of which no pair in a window is above an r².

use std::io::Write;
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::format;
use landrace_genotypes::ld::band::Place;
use landrace_genotypes::ld::prune::{PruneOptions, Pruned, Window, prune, write_kept};
use landrace_genotypes::{GenotypeError, Wanted};

use super::share;
use crate::cli::Session;
use crate::{genotypes, output};

/// Contigs that the summary's picture shows one by one.
const CONTIGS_SHOWN: usize = 60;

/// Keep variants of which no pair within a window has an r² above a threshold
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace ld prune panel.bcf --window 50 --step 5 --r2 0.2 -o pruned.bed --kept pruned.txt\n\n\
    Keeps the same variants as PLINK 2's --indep-pairwise with the same three numbers: of a pair above the \
    threshold, the variant of lower minor allele frequency goes, the later one of equals. Variants that do not vary \
    go, too. All samples count. The input is read twice if genotypes are written."
)]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Genotypes kept, where the ending is that of a format (.bed, .bcf, .vcf.gz …); the variants kept as a table,
    /// where it is .tsv
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Window: a number of variants, such as 50, or a length, such as 500kb
    #[arg(long, value_name = "N|LENGTH", default_value = "50", value_parser = window)]
    window: Window,
    /// Variants by which the window moves on; 1 for a window in bases [default: 5, or 1 for a window in bases]
    #[arg(long, value_name = "N")]
    step: Option<usize>,
    /// r² above which a pair loses one of the two
    #[arg(long, value_name = "R2", default_value_t = 0.2, value_parser = share)]
    r2: f64,
    /// IDs of the variants kept, one a line
    #[arg(long, value_name = "FILE")]
    kept: Option<PathBuf>,
    /// IDs of the variants removed, one a line
    #[arg(long, value_name = "FILE")]
    removed: Option<PathBuf>,
}

fn window(text: &str) -> Result<Window, String> {
    if let Ok(variants) = text.parse() {
        return Ok(Window::Variants(variants));
    }
    let length = super::length(text).map(Window::Bases);
    length.map_err(|_| "write a number of variants, such as 50, or a length, such as 500kb".to_owned())
}

impl Args {
    fn options(&self) -> anyhow::Result<PruneOptions> {
        let step = match (self.window, self.step) {
            (Window::Bases(_), Some(step)) if step != 1 => {
                anyhow::bail!("a window in bases moves by one variant; leave out --step");
            }
            (Window::Bases(_), _) => 1,
            (Window::Variants(size), step) => step.unwrap_or(5.min(size)),
        };
        Ok(PruneOptions { window: self.window, step, r2: self.r2 })
    }

    /// Whether the output is a table.
    fn is_table(&self) -> bool {
        let name = self.output.to_string_lossy();
        name == "-" || [".tsv", ".tsv.gz", ".txt"].iter().any(|ending| name.ends_with(ending))
    }
}

/// Where verdicts go while the source is read.
struct Lists {
    table: Option<Output>,
    kept: Option<Output>,
    removed: Option<Output>,
}

impl Lists {
    fn create(args: &Args) -> anyhow::Result<Self> {
        let create = |path: &Option<PathBuf>| path.as_ref().map(file::create).transpose();
        let mut table = args.is_table().then(|| file::create(&args.output)).transpose()?;
        if let Some(out) = &mut table {
            writeln!(out, "contig\tposition\tid")?;
        }
        Ok(Self { table, kept: create(&args.kept)?, removed: create(&args.removed)? })
    }

    fn write(&mut self, place: &Place, is_kept: bool) -> Result<(), GenotypeError> {
        let list = if is_kept { &mut self.kept } else { &mut self.removed };
        if let Some(out) = list {
            match &*place.id {
                "." => writeln!(out, "{}:{}", place.contig, place.position)?,
                id => writeln!(out, "{id}")?,
            }
        }
        if let (Some(out), true) = (&mut self.table, is_kept) {
            writeln!(out, "{}", place.fields())?;
        }
        Ok(())
    }
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let options = args.options()?;
    let mut source = args.input.open(Wanted::default())?;
    let header = source.header().clone();
    // A name that no format has is refused before the work.
    let writer = (!args.is_table()).then(|| format::create(&args.output, &header, &session.command_line));
    drop(writer.transpose()?);
    let mut lists = Lists::create(args)?;
    let bar = genotypes::follow(session, "ld prune", source.as_ref());
    let pruned = prune(source.as_mut(), &options, &mut |contig, verdict| {
        lists.write(&Place::of(contig, &verdict.site), verdict.is_kept)
    })?;
    drop(bar);
    let mut files: Vec<Output> = lists.removed.into_iter().chain(lists.kept).chain(lists.table).collect();
    if !args.is_table() {
        files.extend(write_genotypes(args, &pruned, session)?);
    }
    let mut summary = Summary::new("ld prune", &session.command_line);
    summary.inputs = source.digests();
    describe(&mut summary, &pruned, &options, header.samples.len());
    output::publish(&args.output, &summary, files)?;
    let kept = pruned.kept.iter().filter(|&&kept| kept).count();
    session.progress.note(&format!("{kept} of {} variants kept", pruned.kept.len()));
    Ok(())
}

/// Reads the input again and writes what is kept.
fn write_genotypes(args: &Args, pruned: &Pruned, session: &Session) -> anyhow::Result<Vec<Output>> {
    if args.input.genotypes.iter().any(|path| path == Path::new("-")) {
        anyhow::bail!(
            "standard input cannot be read twice; give a file, or write the list alone (-o kept.tsv)"
        );
    }
    let mut source = args.input.open_for(&args.output, Wanted::default())?;
    let mut writer = format::create(&args.output, source.header(), &session.command_line)?;
    // What the input was read as is said already.
    let bar = session.progress.follow("writing", source.meters(), source.size());
    let losses = write_kept(source.as_mut(), &pruned.kept, writer.as_mut())?;
    drop(bar);
    genotypes::tell_losses(session, &losses, false)?;
    Ok(writer.finish()?)
}

fn describe(summary: &mut Summary, pruned: &Pruned, options: &PruneOptions, samples: usize) {
    let kept = pruned.kept.iter().filter(|&&kept| kept).count();
    summary.count("variants_read", pruned.kept.len()).count("variants_kept", kept).count("samples", samples);
    summary.count("variants_that_do_not_vary", pruned.constant).count("r2_threshold", options.r2);
    let window = match options.window {
        Window::Bases(bases) => landrace_genome::length::format_bases(bases),
        Window::Variants(size) => format!("{size} variants"),
    };
    summary.count("window", window).count("step", options.step);
    summary.headline =
        "{variants_kept} of {variants_read} variants kept ({variants_kept/variants_read}): within \
                        {window} no pair has an r² above {r2_threshold}."
            .to_owned();
    let row = |(contig, read, kept): &(std::sync::Arc<str>, u64, u64)| {
        vec![(&**contig).into(), (*kept).into(), (read - kept).into()]
    };
    summary.tables.push(Table {
        name: "contigs".into(),
        title: "Variants kept and removed, by contig".into(),
        chart: if pruned.contigs.len() > CONTIGS_SHOWN { Chart::Table } else { Chart::StackedBar },
        columns: vec!["contig".into(), "kept".into(), "removed".into()],
        rows: pruned.contigs.iter().map(row).collect(),
        path: None,
    });
}
