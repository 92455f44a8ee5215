//! What workflows may use: each command's inputs and output, and how genomes and sample sheets are read.

use std::path::{Path, PathBuf};

use landrace_genome::Reference;
use landrace_genome::sheet::{SampleSheet, Table};
use landrace_workflow::catalogue::{Catalogue, Command, Make, Part, Sheet, Take};

use crate::cli;

/// Columns of a sample sheet that name files.
const FILE_COLUMNS: [&str; 3] = ["fastq_1", "fastq_2", "bam"];

/// The commands of this program.
pub(crate) struct Installed {
    commands: Vec<Command>,
    program: PathBuf,
}

impl Installed {
    /// Looks at the command line for the flags of each command.
    pub(crate) fn new() -> std::io::Result<Self> {
        let line = cli::command();
        let with_flags = |command: Command| {
            let found =
                command.name.split(' ').try_fold(&line, |within, name| within.find_subcommand(name))?;
            Some(Command { flags: flags(&line, found), ..command })
        };
        let commands = known().into_iter().filter_map(with_flags).collect();
        Ok(Self { commands, program: std::env::current_exe()? })
    }
}

/// The commands that make steps. A version is raised whenever the command's output changes.
fn known() -> Vec<Command> {
    let genotypes = || vec![Take::positional("genotypes")];
    let corrected = || {
        let beside = [Take::flag("relationship", "--relationship"), Take::flag("structure", "--structure")];
        [genotypes(), beside.to_vec()].concat()
    };
    vec![
        Command {
            makes: Make::Beside { input: "reference" },
            ..command("index", 1, vec![Take::positional("reference")], "")
        },
        command(
            "align",
            1,
            vec![
                Take::positional("reference"),
                Take::in_place_of("index", "reference"),
                Take::flag("reads", "--samples")
                    .required()
                    .of_columns(&["sample", "fastq_1", "fastq_2", "library", "lane", "layout"]),
            ],
            ".bam",
        ),
        Command {
            regions_flag: Some("--regions"),
            ..command(
                "call",
                1,
                vec![
                    Take::positional("reference"),
                    Take::positional("alignments"),
                    Take::flag("samples", "--samples").of_columns(&["sample", "ploidy"]),
                ],
                ".bcf",
            )
        },
        command("convert", 2, genotypes(), ".bcf"),
        command("filter", 2, genotypes(), ".bcf"),
        Command { makes: Make::Tables { flag: "-o" }, ..command("stats", 1, genotypes(), "") },
        command("impute", 1, genotypes(), ".bcf"),
        command("pca", 2, genotypes(), ".tsv"),
        command("ld pairs", 1, corrected(), ".tsv"),
        command("ld decay", 1, corrected(), ".tsv"),
        command("ld blocks", 1, genotypes(), ".tsv"),
        command("ld prune", 1, genotypes(), ".bcf"),
        command("relationship", 1, genotypes(), ".tsv"),
        command("report", 1, vec![Take { part: Part::Summary, ..Take::positional("from") }], ".html"),
    ]
    .into_iter()
    .chain(of_gene_banks())
    .chain(of_breeding())
    .collect()
}

/// The steps of breeding.
fn of_breeding() -> Vec<Command> {
    let genotypes = Take::positional("genotypes");
    let with = |flags: &[(&'static str, &'static str)]| {
        let flags = flags.iter().map(|&(name, flag)| Take::flag(name, flag));
        std::iter::once(genotypes.clone()).chain(flags).collect::<Vec<_>>()
    };
    let (phenotypes, covariates) = (("phenotypes", "--phenotypes"), ("covariates", "--covariates"));
    let mut associated = with(&[phenotypes, ("relationship", "--relationship"), covariates]);
    associated[1] = associated[1].clone().required();
    let valued = [phenotypes, covariates, ("model", "--model"), ("pedigree", "--pedigree")];
    let kin = vec![Take::positional("pedigree"), Take::flag("genotypes", "--genotypes")];
    vec![
        command("markers", 1, with(&[]), ".tsv"),
        command("phenotypes", 1, vec![Take::positional("plots")], ".tsv"),
        command("pedigree", 1, kin, ".tsv"),
        command("gwas", 1, associated, ".tsv"),
        command("predict", 1, with(&valued), ".tsv"),
    ]
}

/// The steps of gene banks and testing services.
fn of_gene_banks() -> Vec<Command> {
    let genotypes = || Take::positional("genotypes");
    let with = |flags: &[(&'static str, &'static str)]| {
        let flags = flags.iter().map(|&(name, flag)| Take::flag(name, flag));
        std::iter::once(genotypes()).chain(flags).collect::<Vec<_>>()
    };
    let grouped = || with(&[("groups", "--groups")]);
    vec![
        Command { makes: Make::Tables { flag: "-o" }, ..command("diversity groups", 1, grouped(), "") },
        command("diversity windows", 1, grouped(), ".tsv"),
        command("diversity roh", 1, grouped(), ".tsv"),
        command("structure", 2, with(&[("groups", "--groups"), ("frequencies", "--frequencies")]), ".tsv"),
        command("tree", 2, with(&[]), ".nwk"),
        command("duplicates", 2, with(&[("passport", "--passport")]), ".tsv"),
        command(
            "identify variety",
            2,
            vec![
                Take::positional("queries"),
                Take::flag("against", "--against").required(),
                Take::flag("rules", "--rules"),
                Take::flag("certificate", "--certificate"),
            ],
            ".tsv",
        ),
        command("identify hybrid", 1, with(&[("crosses", "--crosses"), ("against", "--against")]), ".tsv"),
        command(
            "identify parents",
            2,
            with(&[("candidates", "--candidates"), ("pedigree", "--pedigree")]),
            ".tsv",
        ),
        command(
            "identify purity",
            1,
            with(&[("against", "--against"), ("certificate", "--certificate")]),
            ".tsv",
        ),
        command("core", 2, with(&[("traits", "--traits"), ("passport", "--passport")]), ".tsv"),
        command("fingerprint", 2, with(&[]), ".tsv"),
        command("passport", 1, vec![Take::positional("table")], ".tsv"),
    ]
}

fn command(name: &'static str, version: u32, inputs: Vec<Take>, extension: &'static str) -> Command {
    let makes = Make::File { flag: "-o", extension };
    Command { name, version, inputs, makes, regions_flag: None, flags: Vec::new() }
}

fn flags(line: &clap::Command, command: &clap::Command) -> Vec<String> {
    let shared = line.get_arguments().filter(|arg| arg.is_global_set());
    let all = command.get_arguments().chain(shared);
    all.flat_map(|arg| {
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        long.into_iter().chain(short)
    })
    .collect()
}

impl Catalogue for Installed {
    fn commands(&self) -> &[Command] {
        &self.commands
    }

    fn contigs(&self, reference: &Path) -> Result<Vec<(String, u64)>, String> {
        let reference = Reference::open(reference).map_err(|error| error.to_string())?;
        Ok(reference.contigs().iter().map(|(_, contig)| (contig.name.clone(), contig.length)).collect())
    }

    fn sheet(&self, path: &Path) -> Result<Sheet, String> {
        SampleSheet::read(path).map_err(|error| error.to_string())?;
        let table = Table::read(path).map_err(|error| error.to_string())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let is_file: Vec<bool> =
            table.columns.iter().map(|column| FILE_COLUMNS.contains(&column.as_str())).collect();
        let rows = table.rows.into_iter().map(|(number, mut cells)| {
            for (cell, _) in
                cells.iter_mut().zip(&is_file).filter(|(cell, is_file)| **is_file && !cell.is_empty())
            {
                *cell = folder.join(&*cell).display().to_string();
            }
            (number, cells)
        });
        let rows = rows.collect();
        let file_columns = FILE_COLUMNS.iter().map(|column| (*column).to_owned()).collect();
        Ok(Sheet { columns: table.columns, file_columns, rows })
    }

    fn companions(&self, path: &Path) -> Vec<PathBuf> {
        landrace_genotypes::format::companions(path)
    }

    fn check(&self, words: &[String]) -> Result<(), String> {
        let words = std::iter::once("landrace".to_owned()).chain(words.iter().cloned());
        let Err(error) = cli::command().try_get_matches_from(words) else { return Ok(()) };
        let text = error.to_string();
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Err(line.trim_start_matches("error: ").to_owned())
    }

    fn program(&self) -> PathBuf {
        self.program.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_one_of_ours() {
        let installed = Installed::new().unwrap();
        for command in installed.commands() {
            let has_output =
                matches!(command.makes, Make::Beside { .. }) || command.flags.contains(&"-o".into());
            assert!(has_output, "{} has no -o", command.name);
            let regions =
                command.regions_flag.is_none_or(|flag| command.flags.iter().any(|known| known == flag));
            assert!(regions, "{} has no flag for regions", command.name);
        }
    }
}
