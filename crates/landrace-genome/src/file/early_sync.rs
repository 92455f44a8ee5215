//! A file that goes to the disk while it is written, so that its end does not wait for all of it.

use std::fs::File;
use std::io::{self, Write};
use std::thread::JoinHandle;

use tempfile::NamedTempFile;

/// Bytes written before the disk is asked to take them.
const AT_ONCE: usize = 1 << 20;

/// A temporary file of which what was written is synced beside the writing.
pub(super) struct EarlySync {
    file: NamedTempFile,
    unsynced: usize,
    syncing: Option<JoinHandle<io::Result<()>>>,
}

impl EarlySync {
    pub(super) fn new(file: NamedTempFile) -> Self {
        Self { file, unsynced: 0, syncing: None }
    }

    pub(super) fn file(&self) -> &NamedTempFile {
        &self.file
    }

    pub(super) fn into_file(self) -> NamedTempFile {
        self.file
    }

    /// Waits until all is on the disk.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        self.end_sync()?;
        self.file.as_file().sync_all()
    }

    /// The result of the sync under way. It must not be lost: the system tells of a failed write once.
    fn end_sync(&mut self) -> io::Result<()> {
        let done = self.syncing.take().map(JoinHandle::join);
        done.map_or(Ok(()), |joined| {
            joined.unwrap_or_else(|_| Err(io::Error::other("the disk's thread ended early")))
        })
    }

    fn sync_beside(&mut self) -> io::Result<()> {
        if self.syncing.as_ref().is_some_and(|sync| !sync.is_finished()) {
            return Ok(());
        }
        self.end_sync()?;
        self.unsynced = 0;
        let file: File = self.file.as_file().try_clone()?;
        // Without a thread to spare the end of the file waits for the disk.
        self.syncing =
            std::thread::Builder::new().name("disk".to_owned()).spawn(move || file.sync_data()).ok();
        Ok(())
    }
}

impl Write for EarlySync {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written;
        if self.unsynced >= AT_ONCE {
            self.sync_beside()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
