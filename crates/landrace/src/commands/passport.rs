//! `landrace passport`: passports of gene banks, checked and repaired.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::cells::{CellOptions, Cells, Encoding};
use landrace_germplasm::passport::origins::{landmarks, origins};
use landrace_germplasm::passport::write::{Separator, workbook, write_problems, write_table};
use landrace_germplasm::passport::{Passport, Severity, check};
use serde_json::Value;

use crate::cli::Session;
use crate::output;

mod brapi;
mod join;

/// Passports of a gene bank (MCPD v2.1): check every descriptor, repair what is certain
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace passport genebank.xlsx -o clean.csv\n  \
    landrace passport old.csv --columns 'NationalID=ACCENUMB,SourceCountry=ORIGCTY' -o clean.tsv --strict\n  \
    landrace passport genebank.xlsx --genotypes bank.vcf.gz --same-names -o clean.csv\n  \
    landrace passport genebank.xlsx --genotypes bank.vcf.gz --brapi brapi -o clean.xlsx\n\n\
    What was found lies beside the output in <output>.problems.tsv. Nothing is repaired that could mean two things.")]
pub(crate) struct Args {
    /// Passports: TSV, CSV or .xlsx
    #[arg(value_name = "FILE")]
    passports: PathBuf,
    /// The table as it is after repair; .xlsx a workbook, .csv with commas, else with tabs
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Which columns are which descriptors, where their names do not say: COLUMN=DESCRIPTOR, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = named)]
    columns: Vec<(String, String)>,
    /// Sheet of an Excel workbook; the first with content if not given
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Encoding of text
    #[arg(long, value_name = "NAME", default_value = "utf-8", value_parser = ["utf-8", "windows-1252"])]
    encoding: String,
    /// Say which accessions these genotypes lack, and which samples the passports lack, in <output>.genotypes.tsv
    #[arg(long, value_name = "FILE")]
    genotypes: Option<PathBuf>,
    /// A folder of BrAPI v2.1 pages (JSON): germplasm; with --genotypes also samples, variant sets, call sets, variants
    /// and the allele matrix
    #[arg(long, value_name = "DIR")]
    brapi: Option<PathBuf>,
    /// Accessions whose names or numbers match though written otherwise, in <output>.names.tsv
    #[arg(long)]
    same_names: bool,
    /// Fail if errors remain, and write the list of problems alone
    #[arg(long)]
    strict: bool,
}

fn named(text: &str) -> Result<(String, String), String> {
    let (column, name) = text.split_once('=').ok_or("write COLUMN=DESCRIPTOR, as NationalID=ACCENUMB")?;
    Ok((column.trim().to_owned(), name.trim().to_owned()))
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let encoding = if args.encoding == "utf-8" { Encoding::Utf8 } else { Encoding::Windows1252 };
    let cells = Cells::read(&args.passports, &CellOptions { sheet: args.sheet.clone(), encoding })?;
    cells.notes.iter().for_each(|note| session.progress.note(note));
    let mut summary = Summary::new("passport", &session.command_line);
    summary.inputs = vec![cells.digest.clone()];
    let passport = check(cells, &args.columns)?;
    describe(&mut summary, &passport);
    let mut files = Vec::new();
    if let Some(mut list) = beside(args, ".problems.tsv")? {
        write_problems(&passport.problems, &mut list)?;
        files.push(list);
    }
    let errors = passport.count(Severity::Error);
    if args.strict && errors > 0 {
        file::publish(files)?;
        bail!(
            "{}: {errors} errors; mend them (they are listed in {}.problems.tsv), or leave out --strict",
            passport.path,
            args.output.display()
        );
    }
    files.extend(beside_others(args, &passport, &mut summary, session)?);
    if let Some(folder) = &args.brapi {
        files.push(brapi::write(folder, &passport, args.genotypes.as_deref(), &mut summary)?);
    }
    files.push(write_whole(args, &passport)?);
    output::publish(&args.output, &summary, files)?;
    session.progress.note(&format!(
        "{} accessions: {errors} errors, {} warnings, {} values repaired",
        passport.rows.len(),
        passport.count(Severity::Warning),
        passport.count(Severity::Repaired)
    ));
    Ok(())
}

/// The passports beside the genotypes, and beside each other by names.
fn beside_others(
    args: &Args,
    passport: &Passport,
    summary: &mut Summary,
    session: &Session,
) -> anyhow::Result<Vec<Output>> {
    let mut files = Vec::new();
    if let (Some(path), Some(mut out)) = (&args.genotypes, beside(args, ".genotypes.tsv")?) {
        let joined = join::write_genotypes(passport, path, &mut out)?;
        summary.count("accessions_with_genotypes", joined.matched);
        summary.count("accessions_without_genotypes", joined.without_genotypes);
        summary.count("samples_without_passport", joined.without_passport);
        session.progress.note(&format!(
            "{} accessions have genotypes, {} have none; {} samples have no passport",
            joined.matched, joined.without_genotypes, joined.without_passport
        ));
        files.push(out);
    }
    if let (true, Some(mut out)) = (args.same_names, beside(args, ".names.tsv")?) {
        let (sets, records) = join::write_names(passport, &mut out)?;
        summary.count("sets_of_names", sets).count("accessions_in_sets_of_names", records);
        session.progress.note(&format!("{records} accessions share names or numbers, in {sets} sets"));
        files.push(out);
    }
    Ok(files)
}

/// The table after repair, as the output's ending says.
fn write_whole(args: &Args, passport: &Passport) -> anyhow::Result<Output> {
    let mut out = file::create(&args.output)?;
    let ending = args.output.extension().map(|own| own.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("xlsx") => out.write_all(&workbook(passport)?)?,
        Some("csv") => write_table(passport, Separator::Comma, &mut out)?,
        _ => write_table(passport, Separator::Tab, &mut out)?,
    }
    Ok(out)
}

/// A file beside the output; `None` where the output is a stream.
fn beside(args: &Args, ending: &str) -> anyhow::Result<Option<Output>> {
    let is_special = std::fs::metadata(&args.output).is_ok_and(|metadata| !metadata.is_file());
    if args.output.as_os_str() == "-" || is_special {
        return Ok(None);
    }
    Ok(Some(file::create(file::beside(&args.output, ending))?))
}

fn describe(summary: &mut Summary, passport: &Passport) {
    summary.count("accessions", passport.rows.len()).count("columns", passport.columns.len());
    summary.count("errors", passport.count(Severity::Error));
    summary.count("warnings", passport.count(Severity::Warning));
    summary.count("repaired", passport.count(Severity::Repaired));
    summary.headline =
        "{accessions} accessions: {errors} errors, {warnings} warnings, {repaired} values repaired."
            .to_owned();
    let filled = passport.columns.iter().zip(passport.completeness());
    let rows = filled.filter(|(column, _)| column.descriptor.is_some());
    let rows = rows.map(|(column, count)| vec![column.name.as_str().into(), count.into()]).collect();
    summary.tables.push(bar("completeness", "Accessions with a value", "descriptor", rows));
    for (name, title, descriptor) in [
        ("countries", "Accessions by country of origin", "ORIGCTY"),
        ("status", "Accessions by biological status", "SAMPSTAT"),
    ] {
        let tally = passport.tally(descriptor).into_iter();
        let rows = tally.map(|(value, count)| vec![value.into(), count.into()]).collect();
        summary.tables.push(bar(name, title, descriptor, rows));
    }
    add_map(summary, passport);
}

/// The map of origins, where any is known.
fn add_map(summary: &mut Summary, passport: &Passport) {
    let (places, unknown) = origins(passport);
    summary.count("accessions_of_unknown_origin", unknown);
    if places.is_empty() {
        return;
    }
    let kind = |is_site| if is_site { "site" } else { "country, about its middle" };
    let rows = places.iter().map(|own| {
        vec![own.label.as_str().into(), own.latitude.into(), own.longitude.into(), kind(own.is_site).into()]
    });
    let names = landmarks(&places).into_iter();
    let names = names
        .map(|(code, latitude, longitude)| vec![code.into(), latitude.into(), longitude.into(), "".into()]);
    summary.tables.push(Table {
        name: "origins".into(),
        title: "Where the accessions are from".into(),
        chart: Chart::Map,
        columns: ["accession", "latitude [degrees]", "longitude [degrees]", "place"].map(String::from).into(),
        rows: rows.chain(names).collect(),
        path: None,
    });
}

fn bar(name: &str, title: &str, column: &str, rows: Vec<Vec<Value>>) -> Table {
    Table {
        name: name.into(),
        title: title.into(),
        chart: Chart::Bar,
        columns: vec![column.into(), "accessions".into()],
        rows,
        path: None,
    }
}
