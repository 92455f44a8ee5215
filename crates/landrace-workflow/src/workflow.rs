//! The workflow file: inputs, scatters and steps, as the author wrote them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landrace_genome::FileError;
use serde::{Deserialize, Serialize};

mod parse;
mod quantity;

pub use quantity::{format_bytes, parse_bytes};

/// A workflow file.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// One sentence on what it does.
    pub about: String,
    /// Where it was read from.
    pub path: PathBuf,
    /// Files that the user gives, by name.
    pub inputs: BTreeMap<String, Input>,
    /// Axes that steps are scattered over, by name.
    pub scatters: BTreeMap<String, Scatter>,
    /// The steps, each after those it takes from.
    pub steps: Vec<Step>,
}

/// A file that the user gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What it is.
    pub kind: InputKind,
    /// Used if the user names none; relative to the workflow file.
    pub default: Option<PathBuf>,
}

/// What an input is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A sample sheet and its columns.
    Sheet {
        /// Columns that must be there.
        required: Vec<String>,
        /// Columns that may be there.
        optional: Vec<String>,
    },
    /// A reference genome.
    Fasta,
    /// Any other file.
    File,
}

/// An axis: a step that is `per` it runs once for each of its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scatter {
    /// One slot for each value of the `sample` column of a sheet.
    Samples {
        /// The sheet.
        input: String,
    },
    /// Windows of a reference; contigs shorter than the window share a slot.
    Regions {
        /// The reference.
        input: String,
        /// Bases a slot.
        window: u64,
    },
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub id: String,
    /// Line of the workflow file, from 1.
    pub line: usize,
    /// What it runs.
    pub program: Program,
    /// The axes that it is scattered over.
    pub per: Vec<String>,
    /// What it takes, by the name that the program gives it.
    pub inputs: BTreeMap<String, Vec<Binding>>,
    /// Its arguments, by long name.
    pub args: BTreeMap<String, Value>,
    /// What it needs.
    pub needs: Needs,
    /// Further attempts after a failure.
    pub retries: u32,
    /// Folder of `results/` that its outputs are put into.
    pub publish: Option<String>,
}

/// What a task may use. None of it changes what a task makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Cores.
    pub cpus: u32,
    /// Memory in bytes; 0 if the step does not say.
    pub memory: u64,
    /// Time in seconds; 0 for no limit.
    pub seconds: u64,
}

/// What a step runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A Landrace command.
    Command(String),
    /// Any program, as a list of arguments.
    Foreign {
        /// The program and its arguments, with `{in}`, `{out}` and the like.
        words: Vec<String>,
        /// Its outputs: name and file name.
        outputs: BTreeMap<String, String>,
        /// The output that its standard output goes to.
        stdout: Option<String>,
    },
}

/// Where an input of a step comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// An input of the workflow.
    Input(String),
    /// The output of the same slot of a step.
    Step(String),
    /// The outputs of all slots of a step that agree with this one.
    Gather(String),
}

/// The value of an argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A switch: given or not.
    Switch(bool),
    /// One value.
    Text(String),
    /// The argument once for each of them.
    List(Vec<String>),
}

/// What can be wrong with a workflow.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] FileError),
    /// The workflow file is wrong.
    #[error("{path}: line {line}: {message}")]
    File {
        /// The workflow file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong and what to do.
        message: String,
    },
    /// What the user gave does not fit the workflow.
    #[error("{0}")]
    Given(String),
}

impl Workflow {
    /// Reads a workflow file.
    ///
    /// # Errors
    /// Returns an error that names the file, the line, what was expected and the nearest right word.
    pub fn read(path: &Path) -> Result<Self, WorkflowError> {
        Self::parse(&landrace_genome::file::read_text(path)?, path)
    }

    /// Reads the text of a workflow; `path` names it in messages, and relative paths start at its folder.
    ///
    /// # Errors
    /// As [`Workflow::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, WorkflowError> {
        parse::parse(text, path)
    }

    /// The step of a name.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// An error in a line of the file.
    pub(crate) fn error(&self, line: usize, message: impl Into<String>) -> WorkflowError {
        WorkflowError::File { path: self.path.display().to_string(), line, message: message.into() }
    }
}

impl Binding {
    /// The step that it comes from, if it does.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Input(_) => None,
            Self::Step(id) | Self::Gather(id) => Some(id),
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Switch(flag) => write!(f, "{flag}"),
            Self::Text(text) => write!(f, "{text}"),
            Self::List(items) => write!(f, "{}", items.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests;
