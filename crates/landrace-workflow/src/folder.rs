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
    /// It holds other things.
    #[error("{0}: is not empty and no run folder; give a new folder with -o")]
    Foreign(String),
    /// It holds the run of another workflow.
    #[error("{folder}: holds a run of the workflow '{there}', not of '{asked}'; give another folder with -o")]
    OtherWorkflow {
        /// The folder.
        folder: String,
        /// The workflow that ran in it.
        there: String,
        /// The workflow asked for.
        asked: String,
    },
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
    /// The run folder at a path, which may not be there yet.
    ///
    /// # Errors
    /// Returns an error if something else is there: a file, a folder with other things in it, or a run of another
    /// workflow.
    pub fn at(root: &Path, workflow: &str) -> Result<Self, FolderError> {
        let absolute = std::fs::canonicalize(root).or_else(|_| std::path::absolute(root));
        let folder = Self { root: absolute.map_err(|error| FileError::new(root, &error))? };
        let name = || root.display().to_string();
        if folder.root.join("plan.json").is_file() {
            let there = folder.plan()?.workflow;
            if there != workflow {
                return Err(FolderError::OtherWorkflow { folder: name(), there, asked: workflow.to_owned() });
            }
        } else if folder.root.exists() {
            let entries = std::fs::read_dir(&folder.root).map_err(|error| FileError::new(root, &error))?;
            let is_ours = |name: &str| name == "run.lock" || is_unfinished(name);
            if entries.flatten().any(|entry| !is_ours(&entry.file_name().to_string_lossy())) {
                return Err(FolderError::Foreign(name()));
            }
        }
        Ok(folder)
    }

    /// Makes the folder.
    ///
    /// # Errors
    /// Returns an error that names the folder if it cannot be made.
    pub fn create(self) -> Result<Self, FolderError> {
        file::create_directory(&self.root)?;
        let root = std::fs::canonicalize(&self.root).map_err(|error| FileError::new(&self.root, &error))?;
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

    /// Takes the right to change the folder, and removes what a killed run was writing into it.
    ///
    /// # Errors
    /// Returns an error if a living process has it.
    pub fn lock(&self) -> Result<RunLock, FolderError> {
        let file = file::append(&self.root.join("run.lock"))?;
        if is_locked_now(&file) {
            sweep(&self.root);
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
        let plan: Plan = serde_json::from_str(&file::read_text(&path)?).map_err(|error| {
            wrong(format!("is no plan of this Landrace ({error}); run the workflow again"))
        })?;
        if plan.schema != SCHEMA {
            return Err(wrong(format!("has the shape '{}', this Landrace reads '{SCHEMA}'", plan.schema)));
        }
        Ok(plan)
    }

    /// Writes the plan, and `versions.yml`: which version of what makes each step.
    ///
    /// # Errors
    /// Returns an error that names the file.
    pub fn write_plan(&self, plan: &Plan) -> Result<(), FolderError> {
        write_json(&self.root.join("plan.json"), plan)?;
        let mut text = format!("landrace: \"{}\"\nworkflow: {}\nsteps:\n", plan.landrace, plan.workflow);
        for step in &plan.steps {
            text.push_str(&format!("  {}: \"{}\"\n", step.id, step.tool.replace(['\\', '"'], "_")));
        }
        Ok(write_text(&self.root.join("versions.yml"), &text)?)
    }

    /// The folder of a task's outputs.
    pub fn slot(&self, plan: &Plan, step: &PlannedStep, slot: &Slot) -> PathBuf {
        self.root.join("work").join(&step.id).join(plan.slot_name(step, slot))
    }

    /// The log of an attempt at a task.
    pub fn log(&self, step: &str, slot: &str, attempt: u32) -> PathBuf {
        self.root.join("logs").join(step).join(format!("{slot}.{attempt}.log"))
    }

    /// The log of the last attempt at a task, if there is one.
    pub fn last_log(&self, step: &PlannedStep, slot: &str) -> Option<PathBuf> {
        let logs = (1..=step.retries + 1).rev().map(|attempt| self.log(&step.id, slot, attempt));
        logs.into_iter()
            .filter(|log| log.is_file())
            .max_by_key(|log| log.metadata().and_then(|m| m.modified()).ok())
    }

    /// Removes what interrupted tasks left, and, if only what is published is kept, all other outputs with their
    /// records. Gives the bytes freed. The caller holds the lock.
    ///
    /// # Errors
    /// Returns an error that names what cannot be removed.
    pub fn clean(&self, plan: &Plan, keeps_only_published: bool) -> Result<u64, FolderError> {
        let mut freed = 0;
        for step in &plan.steps {
            for slot in plan.slots(step) {
                let folder = self.slot(plan, step, &slot);
                freed += sweep(&folder);
                if keeps_only_published && step.publish.is_none() && folder.is_dir() {
                    freed += size_of(&folder);
                    std::fs::remove_dir_all(&folder).map_err(|error| FileError::new(&folder, &error))?;
                }
            }
        }
        Ok(freed)
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

/// How the folders begin in which programs work.
pub(crate) const DESK: &str = ".part-";

/// Whether a file was being written when its process was killed.
fn is_unfinished(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".partial")
}

/// Removes what killed processes left in a folder, and gives the bytes freed.
pub(crate) fn sweep(folder: &Path) -> u64 {
    let mut freed = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(DESK) {
            freed += size_of(&entry.path());
            let _ = std::fs::remove_dir_all(entry.path());
        } else if is_unfinished(&name) {
            freed += entry.metadata().map_or(0, |metadata| metadata.len());
            let _ = std::fs::remove_file(entry.path());
        }
    }
    freed
}

/// Bytes of the files in a folder and its folders; links count nothing.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => size_of(&entry.path()),
        Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |metadata| metadata.len()),
        _ => 0,
    };
    entries.map(size).sum()
}

/// Adds a value as one line of JSON in one write.
pub(crate) fn append_line(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let failed = |error: io::Error| FileError::new(path, &error);
    let line = serde_json::to_string(value).map_err(|error| failed(error.into()))? + "\n";
    file::append(path)?.write_all(line.as_bytes()).map_err(failed)
}

/// Writes a value as JSON, beside and then renamed.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| FileError::new(path, &error.into()))? + "\n";
    write_text(path, &text)
}

/// Writes a text, beside and then renamed.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), FileError> {
    let mut out = file::create(path)?;
    out.write_all(text.as_bytes()).map_err(|error| FileError::new(path, &error))?;
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
        let folder = RunFolder::at(temporary.path(), "demo").unwrap().create().unwrap();
        let lock = folder.lock().unwrap();
        assert!(folder.is_running());
        assert!(folder.lock().unwrap_err().to_string().contains("another landrace runs in this folder"));
        drop(lock);
        assert!(!folder.is_running());
        folder.lock().unwrap();
    }
}
