//! `landrace pca`: principal components of the samples.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::pca::{
    Loadings, Method, PrincipalComponents, Projection, outliers, principal_components, randomised_components,
};
use landrace_genotypes::{GenotypeSource, Wanted};

use crate::cli::Session;
use crate::{genotypes, output};

/// Principal components of the samples, at any ploidy
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace pca filtered.bcf -o pca.tsv\n  \
    landrace pca panel.bed -o pca.tsv --loadings panel.loadings.tsv --outliers --groups samples.tsv:country\n  \
    landrace pca new.vcf.gz --onto panel.loadings.tsv -o new.tsv\n\n\
    Writes the coordinates to the output and the eigenvalues beside it (<output>.eigenvalues.tsv). Projected samples lie \
    nearer to the middle than those analysed: compare directions, not distances.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Coordinates of the samples (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Number of components
    #[arg(short = 'k', long, value_name = "N", default_value = "10")]
    components: std::num::NonZeroUsize,
    /// exact: from the relationship matrix; randomised: a few passes, without a matrix of samples x samples; auto:
    /// exact up to 5,000 samples
    #[arg(long, value_name = "METHOD", default_value = "auto", value_parser = ["auto", "exact", "randomised"])]
    method: String,
    /// Seed of the random vectors of the randomised method
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Place the samples of this file on the components too (<output>.projected.tsv)
    #[arg(long, value_name = "FILE", help_heading = "New samples")]
    project: Option<PathBuf>,
    /// Place the samples on components of an earlier run, by the loadings that it wrote
    #[arg(long, value_name = "LOADINGS", help_heading = "New samples", conflicts_with_all = ["project", "loadings", "outliers", "method", "components"])]
    onto: Option<PathBuf>,
    /// Write the weights of the variants, which place new samples later
    #[arg(long, value_name = "FILE", help_heading = "New samples")]
    loadings: Option<PathBuf>,
    /// List the samples by how far out they lie (<output>.outliers.tsv)
    #[arg(long)]
    outliers: bool,
    /// Robust standard deviations on one component from which a sample is called an outlier
    #[arg(long, value_name = "N", default_value_t = 6.0, requires = "outliers")]
    outlier_threshold: f64,
    /// Colour the samples by a column of a table that has a column 'sample' too (tab-separated)
    #[arg(long, value_name = "SHEET:COLUMN")]
    groups: Option<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    if let Some(loadings) = &args.onto {
        return project_onto(args, loadings, session);
    }
    let groups = args.groups.as_deref().map(Groups::read).transpose()?;
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "pca", source.as_ref());
    let pca = compute(args, source.as_mut())?;
    drop(bar);
    let mut vectors = file::create(&args.output)?;
    pca.write_vectors(&mut vectors)?;
    let mut summary = Summary::new("pca", &session.command_line);
    summary.inputs = source.digests();
    describe(&mut summary, &pca, groups.as_ref());
    let mut files = beside(args, &mut summary, &pca)?;
    files.extend(with_loadings(args, &mut summary, &pca, session)?);
    files.push(vectors);
    output::publish(&args.output, &summary, files)?;
    if pca.vectors.is_empty() {
        session.progress.note("one sample only: it has no principal components, which need two samples");
        return Ok(());
    }
    let PrincipalComponents { used, imputed, monomorphic, .. } = pca;
    session.progress.note(&format!(
        "{used} variants used, {monomorphic} that do not vary left out; {imputed} missing calls counted as the mean"
    ));
    if pca.method == Method::Randomised {
        let (sure, passes) = (pca.converged, pca.passes);
        session
            .progress
            .note(&format!("{passes} passes; the first {sure} components are sure to about four digits"));
    }
    Ok(())
}

fn compute(args: &Args, source: &mut dyn GenotypeSource) -> anyhow::Result<PrincipalComponents> {
    let method = match args.method.as_str() {
        "exact" => Method::Exact,
        "randomised" => Method::Randomised,
        _ => Method::for_samples(source.header().samples.len()),
    };
    let components = args.components.get();
    let open =
        || landrace_genotypes::format::open(&args.input.genotypes, args.input.options(Wanted::default()));
    Ok(match method {
        Method::Exact => principal_components(source, components)?,
        Method::Randomised => randomised_components(source, &open, components, args.seed)?,
    })
}

/// The eigenvalues and the outliers, as files beside the output.
fn beside(args: &Args, summary: &mut Summary, pca: &PrincipalComponents) -> anyhow::Result<Vec<Output>> {
    let mut files = Vec::new();
    if args.outliers {
        let text = outlier_table(args, summary, pca);
        let mut out = file::create(file::beside(&args.output, ".outliers.tsv"))?;
        out.write_all(text.as_bytes())?;
        files.push(out);
    }
    if args.output.as_os_str() != "-" {
        let mut values = file::create(file::beside(&args.output, ".eigenvalues.tsv"))?;
        values.write_all(pca.value_table().as_bytes())?;
        files.push(values);
    }
    Ok(files)
}

fn outlier_table(args: &Args, summary: &mut Summary, pca: &PrincipalComponents) -> String {
    let found = outliers(pca, args.components.get());
    let mut text = "sample\tdistance\tcomponent\tdeviation\toutlier\n".to_owned();
    let (mut rows, mut count) = (Vec::new(), 0);
    for own in &found {
        let name = pca.samples[own.sample].as_str();
        let is_outlier = own.deviation.abs() > args.outlier_threshold;
        count += u64::from(is_outlier);
        let word = if is_outlier { "yes" } else { "no" };
        text += &format!("{name}\t{:.6}\tPC{}\t{:.6}\t{word}\n", own.distance, own.component, own.deviation);
        if rows.len() < 20 {
            let component = format!("PC{}", own.component).into();
            let (distance, deviation) = (genotypes::rounded(own.distance), genotypes::rounded(own.deviation));
            rows.push(vec![name.into(), distance, component, deviation, word.into()]);
        }
    }
    summary.count("outliers", count);
    summary.tables.push(Table {
        name: "outliers".into(),
        title: "The samples farthest out".into(),
        chart: Chart::Table,
        columns: ["sample", "distance [robust s.d.]", "component", "deviation [robust s.d.]", "outlier"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        path: None,
    });
    text
}

/// Loadings and projected samples, for which the genotypes are read once more.
fn with_loadings(
    args: &Args,
    summary: &mut Summary,
    pca: &PrincipalComponents,
    session: &Session,
) -> anyhow::Result<Vec<Output>> {
    let mut files = Vec::new();
    if args.loadings.is_none() && args.project.is_none() || pca.vectors.is_empty() {
        return Ok(files);
    }
    let loadings = Loadings::of(pca, args.input.open(Wanted::default())?.as_mut())?;
    if let Some(path) = &args.loadings {
        let mut out = file::create(path)?;
        loadings.write(&mut out)?;
        files.push(out);
    }
    if let Some(path) = &args.project {
        let mut source = landrace_genotypes::format::open(std::slice::from_ref(path), Wanted::default())?;
        let projection = loadings.project(source.as_mut()).with_context(|| path.display().to_string())?;
        summary.inputs.extend(source.digests());
        let mut out = file::create(file::beside(&args.output, ".projected.tsv"))?;
        projection.write(&mut out)?;
        files.push(out);
        tell(summary, &projection, session);
        add_points(summary, &projection);
    }
    Ok(files)
}

fn project_onto(args: &Args, path: &Path, session: &Session) -> anyhow::Result<()> {
    let loadings = Loadings::parse(&file::read_text(path)?, &path.display().to_string())?;
    let groups = args.groups.as_deref().map(Groups::read).transpose()?;
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "pca", source.as_ref());
    let projection = loadings.project(source.as_mut())?;
    drop(bar);
    let mut out = file::create(&args.output)?;
    projection.write(&mut out)?;
    let mut summary = Summary::new("pca", &session.command_line);
    summary.inputs = source.digests();
    summary.count("samples", projection.samples.len());
    summary.headline = "{samples} samples placed on components of others.".to_owned();
    let names = ["PC1".to_owned(), "PC2".to_owned()];
    summary.tables.push(scatter(names, &[], groups.as_ref()));
    tell(&mut summary, &projection, session);
    add_points(&mut summary, &projection);
    Ok(output::publish(&args.output, &summary, vec![out])?)
}

fn tell(summary: &mut Summary, projection: &Projection, session: &Session) {
    let Projection { matched, flipped, absent, unlike, .. } = projection;
    summary.count("samples_projected", projection.samples.len()).count("variants_matched", *matched);
    summary.count("variants_turned", *flipped).count("variants_absent", *absent);
    summary.count("variants_with_other_alleles", *unlike);
    session.progress.note(&format!(
        "{} samples projected by {matched} variants, {flipped} of them turned; {absent} not there, {unlike} with other \
         alleles; projected samples lie nearer to the middle than those analysed",
        projection.samples.len()
    ));
}

/// Adds the projected samples to the picture of the components, as a group of their own.
fn add_points(summary: &mut Summary, projection: &Projection) {
    let Some(table) = summary.tables.iter_mut().find(|table| table.name == "components") else { return };
    if table.columns.len() == 3 {
        table.columns.push("group".into());
        table.rows.iter_mut().for_each(|row| row.push("analysed".into()));
    }
    for (name, coordinates) in projection.samples.iter().zip(&projection.coordinates) {
        if let [x, y, ..] = coordinates.as_slice() {
            let place = [genotypes::rounded(*x), genotypes::rounded(*y)];
            table
                .rows
                .push([name.as_str().into()].into_iter().chain(place).chain(["projected".into()]).collect());
        }
    }
}

/// The groups of samples, from a column of a sheet.
struct Groups {
    column: String,
    of: HashMap<String, String>,
}

impl Groups {
    fn read(text: &str) -> anyhow::Result<Self> {
        let (path, column) = text.rsplit_once(':').with_context(|| {
            format!("'{text}' names no column; write the sheet, a colon and the column, such as samples.tsv:country")
        })?;
        let text = file::read_text(path)?;
        let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let columns = lines.next().unwrap_or_default();
        let find = |name: &str| {
            let place = columns.iter().position(|column| *column == name);
            place.with_context(|| format!("{path} has no column '{name}'; it has {}", columns.join(", ")))
        };
        let (sample, group) = (find("sample")?, find(column)?);
        let cell = |cells: &[&str], at: usize| cells.get(at).copied().unwrap_or_default().to_owned();
        let of = lines.map(|cells| (cell(&cells, sample), cell(&cells, group))).collect();
        Ok(Self { column: column.to_owned(), of })
    }

    fn of(&self, sample: &str) -> &str {
        self.of.get(sample).map_or("not in the sheet", String::as_str)
    }
}

type Point<'a> = (&'a str, f64, f64);

fn scatter(axes: [String; 2], points: &[Point<'_>], groups: Option<&Groups>) -> Table {
    let row = |&(name, x, y): &Point<'_>| {
        let place = [name.into(), genotypes::rounded(x), genotypes::rounded(y)];
        place.into_iter().chain(groups.map(|groups| groups.of(name).into())).collect()
    };
    let columns =
        ["sample".to_owned()].into_iter().chain(axes).chain(groups.map(|groups| groups.column.clone()));
    Table {
        name: "components".into(),
        title: "Principal components of the samples".into(),
        chart: Chart::Scatter,
        columns: columns.collect(),
        rows: points.iter().map(row).collect(),
        path: None,
    }
}

fn describe(summary: &mut Summary, pca: &PrincipalComponents, groups: Option<&Groups>) {
    summary.count("samples", pca.samples.len()).count("variants_used", pca.used);
    summary.count("variants_that_do_not_vary", pca.monomorphic);
    summary.count("missing_calls_counted_as_the_mean", pca.imputed);
    summary.count("method", pca.method.name()).count("components_converged", pca.converged);
    summary.headline = match pca.samples.len() {
        1 => "One sample only: principal components need two.",
        _ => "{samples} samples placed by {variants_used} variants.",
    }
    .to_owned();
    let share = |k: usize| pca.values.get(k).map_or(0.0, |value| 100.0 * value / pca.total);
    if let [first, second, ..] = pca.vectors.as_slice() {
        let names = pca.samples.iter().map(String::as_str);
        let points: Vec<Point<'_>> =
            names.zip(first).zip(second).map(|((name, &x), &y)| (name, x, y)).collect();
        summary.tables.push(scatter([axis(1, share(0)), axis(2, share(1))], &points, groups));
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
