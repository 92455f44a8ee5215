//! `landrace ld matrix`: a few variants, each with each.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::Wanted;
use landrace_genotypes::filter::Regions;
use landrace_genotypes::ld::matrix::{LdMatrix, gather_matrix};
use serde_json::Value;

use crate::cli::Session;
use crate::{genotypes, output};

/// r² of a few variants, each with each: named markers, or those of a region
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace ld matrix panel.bcf --region 6:1500000-1800000 -o region.tsv\n  \
    landrace ld matrix panel.bcf --markers snp1,snp2 -o two.tsv\n\n\
    At most 200 variants. Writes the square table of r² to the output and the pairs, with samples, r and (for \
    diploids and haploids) r² and D′ of the haplotypes, beside it (<output>.pairs.tsv)."
)]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The table of r² (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Markers: IDs or CONTIG:POSITION separated by commas, or a file with one a line
    #[arg(long, value_name = "FILE|LIST", required_unless_present = "region")]
    markers: Option<String>,
    /// Stretch, CONTIG or CONTIG:FROM-TO; may be given again
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Count gametes by the phase that the file has, at any ploidy
    #[arg(long)]
    phased: bool,
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted { phase: args.phased, ..Wanted::default() })?;
    let mut regions = Regions::default();
    for text in &args.region {
        regions.add_text(text, source.header())?;
    }
    let names = args.markers.as_deref().map(markers).transpose()?.unwrap_or_default();
    let bar = genotypes::follow(session, "ld matrix", source.as_ref());
    let matrix = gather_matrix(source.as_mut(), &names, &regions, args.phased)?;
    drop(bar);
    let mut out = file::create(&args.output)?;
    matrix.write_square(&mut out)?;
    let mut pairs = file::create(file::beside(&args.output, ".pairs.tsv"))?;
    matrix.write_pairs(&mut pairs)?;
    let mut summary = Summary::new("ld matrix", &session.command_line);
    summary.inputs = source.digests();
    describe(&mut summary, &matrix);
    output::publish(&args.output, &summary, vec![pairs, out])?;
    if let [one, other] = matrix.places.as_slice() {
        let r2 = matrix.r2(0, 1).map_or_else(|| "unknown".to_owned(), |r2| format!("{r2:.4}"));
        session.progress.note(&format!("r² of {} and {}: {r2}", one.label(), other.label()));
    }
    Ok(())
}

/// Names from a file, one a line, or from the list itself.
fn markers(text: &str) -> anyhow::Result<HashSet<String>> {
    if std::fs::metadata(text).is_ok_and(|metadata| !metadata.is_dir()) {
        let lines = file::read_text(Path::new(text))?;
        return Ok(lines
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect());
    }
    Ok(text.split(',').map(str::to_owned).collect())
}

fn describe(summary: &mut Summary, matrix: &LdMatrix) {
    let count = matrix.places.len();
    summary.count("variants", count);
    summary.headline = "r² of {variants} variants, each with each.".to_owned();
    let labels: Vec<String> = matrix.places.iter().map(|place| place.label()).collect();
    let row = |i: usize| {
        let values = (0..count).map(|j| matrix.r2(i, j).map_or(Value::Null, genotypes::rounded));
        std::iter::once(labels[i].as_str().into()).chain(values).collect()
    };
    summary.tables.push(Table {
        name: "r2".into(),
        title: "r² of the variants".into(),
        chart: Chart::Heatmap,
        columns: std::iter::once("variant".to_owned()).chain(labels.iter().cloned()).collect(),
        rows: (0..count).map(row).collect(),
        path: None,
    });
}
