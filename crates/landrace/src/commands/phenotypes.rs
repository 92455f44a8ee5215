//! `landrace phenotypes`: stage one, from plots to one value a sample.

use std::path::PathBuf;

use landrace_breeding::phenotype::{PhenotypeTable, ReadOptions, TraitName};
use landrace_breeding::stage_one::{
    Analysis, Samples, analyse, write_components, write_estimates, write_outliers,
};
use landrace_genome::file;
use landrace_genome::summary::Summary;

use crate::cli::Session;
use crate::output;

/// One value a sample from the plots of trials, with weights and heritability, for gwas and predict
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace phenotypes trial.csv -o blues.tsv\n  \
    landrace phenotypes plots.xlsx --trait yield --samples random -o blups.tsv\n\n\
    The table is wide (a column a trait) or long (columns sample, trait and value); columns environment (or location and \
    year), replicate, block, row and column say where the plots stood. For each trait and environment a mixed model: \
    samples fixed or random, replicate, block within replicate, row and column random; over several environments their \
    means fixed, sample x environment random, one residual variance. Variances and heritabilities are written to \
    <output>.components.tsv, plots out of line to <output>.outliers.tsv.")]
pub(crate) struct Args {
    /// Table of plots: TSV, CSV, .xlsx, TASSEL, PLINK, .fam
    #[arg(value_name = "FILE")]
    table: PathBuf,
    /// One row a sample, trait and environment (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Trait to analyse, or TRAIT@ENVIRONMENT for one environment alone; may be given again [default: all]
    #[arg(long = "trait", value_name = "NAME")]
    traits: Vec<String>,
    /// fixed: best linear unbiased estimates, which stage two wants; random: best linear unbiased predictions
    #[arg(long, value_name = "HOW", default_value = "fixed", value_parser = ["fixed", "random"])]
    samples: String,
    /// Column that names the samples [default: by its name]
    #[arg(long, value_name = "COLUMN", help_heading = "Reading")]
    sample_column: Option<String>,
    /// Cells that mean missing, separated by commas, beside NA, NaN, '.', '-' and empty cells
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        allow_hyphen_values = true,
        help_heading = "Reading"
    )]
    missing: Vec<String>,
    /// Sheet of an Excel workbook; the first with content if not given
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    sheet: Option<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let (sample_column, missing, sheet) =
        (args.sample_column.clone(), args.missing.clone(), args.sheet.clone());
    let options = ReadOptions { sample_column, missing, sheet, samples: Vec::new(), two_valued: None };
    let table = PhenotypeTable::read(&args.table, &options)?;
    table.notes().iter().for_each(|line| session.progress.note(line));
    let traits: Vec<TraitName> = match args.traits.as_slice() {
        [] => table.base_traits(),
        words => words.iter().map(|word| table.find_base_trait(word)).collect::<Result<_, _>>()?,
    };
    if traits.is_empty() {
        anyhow::bail!("{}: no column holds numbers, so there is no trait", table.path());
    }
    let how = if args.samples == "random" { Samples::Random } else { Samples::Fixed };
    let analyses = analyse(&table, &traits, how)?;
    let mut out = file::create(&args.output)?;
    write_estimates(&analyses, &mut out)?;
    let mut files = Vec::new();
    if args.output.as_os_str() != "-" {
        let mut components = file::create(file::beside(&args.output, ".components.tsv"))?;
        write_components(&analyses, &mut components)?;
        let mut outliers = file::create(file::beside(&args.output, ".outliers.tsv"))?;
        write_outliers(&analyses, &mut outliers)?;
        files.extend([components, outliers]);
    }
    files.push(out);
    let mut summary = Summary::new("phenotypes", &session.command_line);
    summary.inputs.push(table.digest().clone());
    Analysis::describe(&analyses, &mut summary);
    output::publish(&args.output, &summary, files)?;
    tell(&analyses, session);
    Ok(())
}

/// One line a model: heritability, or why not.
fn tell(analyses: &[Analysis], session: &Session) {
    for own in analyses {
        let label = own.label();
        if let (Some(cullis), Some(entry_mean)) = (own.cullis, own.entry_mean) {
            session.progress.note(&format!(
                "{label}: {} samples in {} plots; heritability {cullis:.3} (Cullis), {entry_mean:.3} of entry means; {} \
                 plots out of line",
                own.estimates.len(),
                own.plots,
                own.outliers.len()
            ));
        }
        own.notes.iter().for_each(|line| session.progress.note(&format!("{label}: {line}")));
    }
}
