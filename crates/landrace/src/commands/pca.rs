//! `landrace pca`: principal components of the samples.

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::Wanted;
use landrace_genotypes::pca::{PrincipalComponents, principal_components};

use crate::cli::Session;
use crate::{genotypes, output};

/// Principal components of the samples, exactly, at any ploidy
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace pca filtered.bcf -o pca.tsv\n\n\
    Writes the coordinates to the output and the eigenvalues beside it (<output>.eigenvalues.tsv).")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Coordinates of the samples (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Number of components
    #[arg(short = 'k', long, value_name = "N", default_value = "10")]
    components: std::num::NonZeroUsize,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "pca", source.as_ref());
    let pca = principal_components(source.as_mut(), args.components.get())?;
    drop(bar);
    let mut vectors = file::create(&args.output)?;
    pca.write_vectors(&mut vectors)?;
    let mut summary = Summary::new("pca", &session.command_line);
    summary.inputs = source.digests();
    describe(&mut summary, &pca);
    let mut files = vec![vectors];
    if args.output.as_os_str() != "-" {
        let mut values = file::create(file::beside(&args.output, ".eigenvalues.tsv"))?;
        values.write_all(pca.value_table().as_bytes())?;
        files.insert(0, values);
    }
    output::publish(&args.output, &summary, files)?;
    if pca.vectors.is_empty() {
        session.progress.note("one sample only: it has no principal components, which need two samples");
        return Ok(());
    }
    let PrincipalComponents { used, imputed, monomorphic, .. } = pca;
    session.progress.note(&format!(
        "{used} variants used, {monomorphic} that do not vary left out; {imputed} missing calls counted as the mean"
    ));
    Ok(())
}

fn describe(summary: &mut Summary, pca: &PrincipalComponents) {
    summary.count("samples", pca.samples.len()).count("variants_used", pca.used);
    summary.count("variants_that_do_not_vary", pca.monomorphic);
    summary.count("missing_calls_counted_as_the_mean", pca.imputed);
    summary.headline = match pca.samples.len() {
        1 => "One sample only: principal components need two.",
        _ => "{samples} samples placed by {variants_used} variants.",
    }
    .to_owned();
    let share = |k: usize| pca.values.get(k).map_or(0.0, |value| 100.0 * value / pca.total);
    if let [first, second, ..] = pca.vectors.as_slice() {
        let columns = ["sample".to_owned(), axis(1, share(0)), axis(2, share(1))].to_vec();
        let row = |((name, x), y): ((&String, &f64), &f64)| {
            vec![name.as_str().into(), genotypes::rounded(*x), genotypes::rounded(*y)]
        };
        let rows = pca.samples.iter().zip(first).zip(second).map(row).collect();
        let title = "Principal components of the samples".to_owned();
        summary.tables.push(Table {
            name: "components".into(),
            title,
            chart: Chart::Scatter,
            columns,
            rows,
            path: None,
        });
    }
    let row = |k: usize| vec![format!("PC{}", k + 1).into(), genotypes::rounded(share(k))];
    summary.tables.push(Table {
        name: "scree".into(),
        title: "Variance that each component explains".into(),
        chart: Chart::Bar,
        columns: vec!["component".into(), "share of variance [%]".into()],
        rows: (0..pca.values.len()).map(row).collect(),
        path: None,
    });
}

fn axis(component: usize, share: f64) -> String {
    format!("PC{component} ({share:.1}%)")
}
