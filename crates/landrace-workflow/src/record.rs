//! The record that a task leaves: what it was made from, and what it made. It is the truth about the task.

use std::collections::BTreeMap;
use std::path::Path;

use landrace_genome::file::{self, FileError};
use serde::{Deserialize, Serialize};

use crate::digest::Stamp;
use crate::folder::write_json;

/// Name of the record in a task's folder.
const RECORD: &str = ".record.json";
/// Name of the note of a failure in a task's folder.
const FAILURE: &str = ".failure.json";

/// A finished task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Digest of `parts`.
    pub key: String,
    /// What the outputs depend on, by name.
    pub parts: BTreeMap<String, String>,
    /// The files made; the first is the main one.
    pub outputs: Vec<MadeFile>,
    /// The attempt that succeeded, from 1.
    pub attempt: u32,
    /// Time it took, in seconds.
    pub seconds: f64,
}

/// A file that a task made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeFile {
    /// Its name in the task's folder.
    pub file: String,
    /// Its content.
    pub blake3: String,
    pub(crate) stamp: Stamp,
}

/// A task that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened.
    pub message: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Why, if it matters to the next attempt.
    pub cause: Cause,
}

/// Why a task failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// It was killed, as the system does when memory runs out.
    Killed,
    /// It took longer than its step allows.
    Time,
    /// A Landrace command refused its input or arguments, or could not write: another attempt would end
    /// alike.
    Refused,
    /// Anything else.
    Other,
}

impl Record {
    /// Reads the record of a task's folder; `None` without one that can be read.
    pub fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(RECORD);
        path.exists()
            .then(|| file::read_text(&path).ok())
            .flatten()
            .and_then(|text| serde_json::from_str(&text).ok())
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), FileError> {
        write_json(&folder.join(RECORD), self)?;
        let _ = std::fs::remove_file(folder.join(FAILURE));
        sync_folder(folder)
    }

    /// Takes the record away, before its outputs are replaced.
    pub(crate) fn remove(folder: &Path) -> Result<(), FileError> {
        let path = folder.join(RECORD);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::new(&path, &error)),
            _ => sync_folder(folder),
        }
    }

    /// The first output that is missing or is not what the task made, and what is wrong with it.
    pub(crate) fn damaged(&self, folder: &Path) -> Option<String> {
        self.outputs.iter().find_map(|made| {
            let path = folder.join(&made.file);
            match Stamp::of(&path) {
                Err(_) => Some(format!("{} is gone", made.file)),
                Ok(stamp) if stamp == made.stamp => None,
                Ok(stamp) if stamp.size() == made.stamp.size() => {
                    let is_same = file::digest(&path).is_ok_and(|(digest, _)| digest == made.blake3);
                    (!is_same).then(|| format!("{} was changed", made.file))
                }
                Ok(_) => Some(format!("{} was changed", made.file)),
            }
        })
    }
}

impl MadeFile {
    /// Describes a file of a task's folder.
    pub(crate) fn of(folder: &Path, name: &str, blake3: String) -> Result<Self, FileError> {
        Ok(Self { file: name.to_owned(), blake3, stamp: Stamp::of(&folder.join(name))? })
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.stamp.size()
    }
}

impl Failure {
    /// Reads the note of the last failure of a task's folder.
    pub fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(FAILURE);
        path.exists()
            .then(|| file::read_text(&path).ok())
            .flatten()
            .and_then(|text| serde_json::from_str(&text).ok())
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), FileError> {
        write_json(&folder.join(FAILURE), self)
    }
}

/// Makes renames within a folder last through a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), FileError> {
    let failed = |error: std::io::Error| FileError::new(folder, &error);
    #[expect(clippy::disallowed_methods, reason = "a directory, opened only to be synced")]
    std::fs::File::open(folder).and_then(|directory| directory.sync_all()).map_err(failed)
}
