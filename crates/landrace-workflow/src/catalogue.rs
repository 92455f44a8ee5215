//! What the workflow must know of commands and files, and is told by the binary.

use std::path::{Path, PathBuf};

/// How a command is started and what it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name on the command line; a command within a command has both names, with a space between them.
    pub name: &'static str,
    /// Raised whenever its output changes, so that old outputs are made anew.
    pub version: u32,
    /// What it takes, positional arguments in their order.
    pub inputs: Vec<Take>,
    /// What it makes.
    pub makes: Make,
    /// The flag that takes a BED file of regions, if it works by regions.
    pub regions_flag: Option<&'static str>,
    /// Further flags, with their dashes.
    pub flags: Vec<String>,
}

/// One input of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// Its name in a workflow's `in`.
    pub name: &'static str,
    /// How it is given.
    pub pass: Pass,
    /// Whether it must be bound.
    pub is_required: bool,
    /// Which file of a step it is.
    pub part: Part,
    /// Columns of a sample sheet that the output depends on; empty for other files.
    pub columns: &'static [&'static str],
}

/// How an input is given to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// As a positional argument.
    Positional,
    /// After a flag.
    Flag(&'static str),
    /// In place of another input: an index lies beside (a link to) the reference.
    InPlaceOf(&'static str),
}

/// Which file of a step's outputs an input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// The main output.
    #[default]
    Main,
    /// The main output, of which only the account beside it (`.summary.json`) and its tables are read.
    Summary,
}

/// What a command makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// A file named after a flag.
    File {
        /// The flag, with its dashes.
        flag: &'static str,
        /// The file's extension, with its point.
        extension: &'static str,
    },
    /// Tables that share what their names begin with, and the account of them (`.summary.json`).
    Tables {
        /// The flag that takes what the names begin with.
        flag: &'static str,
    },
    /// Files beside an input; the task gives it a link to the input.
    Beside {
        /// The input.
        input: &'static str,
    },
}

/// A sample sheet as a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Column names.
    pub columns: Vec<String>,
    /// Columns that name files.
    pub file_columns: Vec<String>,
    /// Rows: number in the file (the header is row 1) and cells; files by paths that start where the program runs.
    pub rows: Vec<(usize, Vec<String>)>,
}

/// What the binary knows and this crate does not: the commands, genomes and sample sheets.
pub trait Catalogue: Sync {
    /// The commands that a workflow can use.
    fn commands(&self) -> &[Command];

    /// Contigs of a reference, in its order: name and length in bases.
    ///
    /// # Errors
    /// Returns a message that names the file if it cannot be read or holds no contig.
    fn contigs(&self, reference: &Path) -> Result<Vec<(String, u64)>, String>;

    /// A sample sheet, checked.
    ///
    /// # Errors
    /// Returns a message that names the file, the row and the column.
    fn sheet(&self, path: &Path) -> Result<Sheet, String>;

    /// The files that are read with a file, without being named: the tables beside a PLINK `.bed`.
    fn companions(&self, _path: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Checks the arguments of a command without running it.
    ///
    /// # Errors
    /// Returns the first line of what the command says.
    fn check(&self, words: &[String]) -> Result<(), String>;

    /// The program that runs Landrace's commands.
    fn program(&self) -> PathBuf;

    /// The command of a name.
    fn command(&self, name: &str) -> Option<&Command> {
        self.commands().iter().find(|command| command.name == name)
    }
}

impl Take {
    /// A required positional input.
    pub fn positional(name: &'static str) -> Self {
        Self { name, pass: Pass::Positional, is_required: true, part: Part::Main, columns: &[] }
    }

    /// An optional input after a flag.
    pub fn flag(name: &'static str, flag: &'static str) -> Self {
        Self { name, pass: Pass::Flag(flag), is_required: false, part: Part::Main, columns: &[] }
    }

    /// An optional input that lies where another is looked for: an index beside a link to its reference.
    pub fn in_place_of(name: &'static str, other: &'static str) -> Self {
        Self { name, pass: Pass::InPlaceOf(other), is_required: false, part: Part::Main, columns: &[] }
    }

    /// The same, that must be bound.
    #[must_use]
    pub fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// The same, that depends on some columns of a sheet.
    #[must_use]
    pub fn of_columns(self, columns: &'static [&'static str]) -> Self {
        Self { columns, ..self }
    }
}
