//! Digests of input files, each read once: `inputs.lock` remembers them by size, time and place on the disk.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use landrace_genome::file::{self, FileError};
use serde::{Deserialize, Serialize};

use crate::folder::append_line;

/// A file as the disk shows it without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    size: u64,
    modified: i64,
    nanoseconds: i64,
    inode: u64,
}

/// One line of the journal.
#[derive(Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    #[serde(flatten)]
    stamp: Stamp,
    blake3: String,
}

/// Digests of files, remembered.
pub(crate) struct Digests {
    journal: PathBuf,
    known: Mutex<HashMap<PathBuf, (Stamp, String)>>,
}

impl Stamp {
    /// Looks at a file, following links.
    pub(crate) fn of(path: &Path) -> Result<Self, FileError> {
        let metadata = std::fs::metadata(path).map_err(|error| FileError::new(path, &error))?;
        Ok(Self {
            size: metadata.size(),
            modified: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
            inode: metadata.ino(),
        })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Digests {
    /// Reads the journal; a line that was cut short by a power cut is passed over.
    pub(crate) fn open(journal: &Path) -> Result<Self, FileError> {
        let text = if journal.exists() { file::read_text(journal)? } else { String::new() };
        let entries = text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok());
        let known = entries.map(|entry| (entry.path, (entry.stamp, entry.blake3))).collect();
        Ok(Self { journal: journal.to_owned(), known: Mutex::new(known) })
    }

    /// The digest of a file.
    pub(crate) fn of(&self, path: &Path) -> Result<String, FileError> {
        let stamp = Stamp::of(path)?;
        if let Some((known, digest)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path)
            && *known == stamp
        {
            return Ok(digest.clone());
        }
        let (digest, _) = file::digest(path)?;
        self.remember(path, stamp, &digest)?;
        Ok(digest)
    }

    fn remember(&self, path: &Path, stamp: Stamp, digest: &str) -> Result<(), FileError> {
        let entry = Entry { path: path.to_owned(), stamp, blake3: digest.to_owned() };
        append_line(&self.journal, &entry)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(entry.path, (stamp, entry.blake3));
        Ok(())
    }
}
