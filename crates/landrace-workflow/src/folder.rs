//! The run folder: where everything of a run lies.

use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError};
use serde::Serialize;

use crate::plan::{Plan, PlannedStep, SCHEMA, Slot};

/// The folder of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    root: PathBuf,
}

/// The right to change a run folder; it ends with the process, however that ends.
#[derive(Debug)]
pub struct RunLock {
    _file: std::fs::File,
}

/// What can be wrong with a run folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file of it cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process runs in it.
    #[error("{0}: another landrace runs in this folder; wait for it to end, or give another folder with -o")]
    Busy(String),
    /// It is not there, or is none.
    #[error("{0}: is no run folder (it has no plan.json); name the folder that 'landrace run' wrote")]
    NotOne(String),
    /// Its plan is of another version.
    #[error("{path}: {message}")]
    Plan {
        /// The plan.
        path: String,
        /// What is wrong.
        message: String,
    },
}

impl RunFolder {
    /// Makes a run folder, or takes up the one that is there.
    ///
    /// # Errors
    /// Returns an error that names the folder if it cannot be made.
    pub fn create(root: &Path) -> Result<Self, FolderError> {
        file::create_directory(root)?;
        let root = std::fs::canonicalize(root).map_err(|error| FileError::new(root, &error))?;
        Ok(Self { root })
    }

    /// Opens a run folder.
    ///
    /// # Errors
    /// Returns an error if there is no plan in it.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let is_one = root.join("plan.json").is_file();
        let found = std::fs::canonicalize(root).ok().filter(|_| is_one);
        found.map(|root| Self { root }).ok_or_else(|| FolderError::NotOne(root.display().to_string()))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Takes the right to change the folder.
    ///
    /// # Errors
    /// Returns an error if a living process has it.
    pub fn lock(&self) -> Result<RunLock, FolderError> {
        let file = file::append(&self.root.join("run.lock"))?;
        if is_locked_now(&file) {
            Ok(RunLock { _file: file })
        } else {
            Err(FolderError::Busy(self.root.display().to_string()))
        }
    }

    /// Whether a living process runs in the folder.
    pub fn is_running(&self) -> bool {
        let path = self.root.join("run.lock");
        path.exists() && file::append(&path).is_ok_and(|file| !is_locked_now(&file))
    }

    /// Reads the plan.
    ///
    /// # Errors
    /// Returns an error if it is not there or of another version.
    pub fn plan(&self) -> Result<Plan, FolderError> {
        let path = self.root.join("plan.json");
        let wrong = |message: String| FolderError::Plan { path: path.display().to_string(), message };
        let plan: Plan = serde_json::from_str(&file::read_text(&path)?)
            .map_err(|error| wrong(format!("is no plan of this Landrace ({error}); run the workflow again")))?;
        if plan.schema != SCHEMA {
            return Err(wrong(format!("has the shape '{}', this Landrace reads '{SCHEMA}'", plan.schema)));
        }
        Ok(plan)
    }

    /// Writes the plan, unless the same is there.
    ///
    /// # Errors
    /// Returns an error that names the file.
    pub fn write_plan(&self, plan: &Plan) -> Result<(), FolderError> {
        Ok(write_json(&self.root.join("plan.json"), plan)?)
    }

    /// The folder of a task's outputs.
    pub fn slot(&self, plan: &Plan, step: &PlannedStep, slot: &Slot) -> PathBuf {
        self.root.join("work").join(&step.id).join(plan.slot_name(step, slot))
    }

    /// The log of an attempt at a task.
    pub fn log(&self, step: &str, slot: &str, attempt: u32) -> PathBuf {
        self.root.join("logs").join(step).join(format!("{slot}.{attempt}.log"))
    }

    /// The journal of input digests.
    pub(crate) fn digests(&self) -> PathBuf {
        self.root.join("inputs.lock")
    }

    /// Where published outputs are.
    pub fn results(&self) -> PathBuf {
        self.root.join("results")
    }

    /// Adds a line to the journal of events: one write a line.
    ///
    /// # Errors
    /// Returns an error that names the file.
    pub(crate) fn note_event(&self, event: &serde_json::Value) -> Result<(), FileError> {
        append_line(&self.root.join("events.jsonl"), event)
    }
}

/// Adds a value as one line of JSON in one write.
pub(crate) fn append_line(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let failed = |error: io::Error| FileError::new(path, &error);
    let line = serde_json::to_string(value).map_err(|error| failed(error.into()))? + "\n";
    file::append(path)?.write_all(line.as_bytes()).map_err(failed)
}

/// Writes a value as JSON, beside and then renamed.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let failed = |error: io::Error| FileError::new(path, &error);
    let text = serde_json::to_string_pretty(value).map_err(|error| failed(error.into()))? + "\n";
    let mut out = file::create(path)?;
    out.write_all(text.as_bytes()).map_err(failed)?;
    out.finish()
}

/// Takes the lock of a file, and says whether that was possible.
#[expect(unsafe_code, reason = "flock is a system call")]
fn is_locked_now(file: &std::fs::File) -> bool {
    // SAFETY: the descriptor is that of an open file, which outlives the call.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_while_the_first_lives() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(temporary.path()).unwrap();
        let lock = folder.lock().unwrap();
        assert!(folder.is_running());
        assert!(folder.lock().unwrap_err().to_string().contains("another landrace runs in this folder"));
        drop(lock);
        assert!(!folder.is_running());
        folder.lock().unwrap();
    }
}
