//! Files that take their name only when they are whole.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::{NamedTempFile, TempDir};

use super::early_sync::EarlySync;
use super::{FileError, with_path};

/// Temporary files of this process that have not taken their final name.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes what this process has not finished writing; for signal handlers, just before the process ends.
pub fn remove_unfinished() {
    for path in UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        if fs::remove_file(&path).is_err() {
            let _ = fs::remove_dir_all(path);
        }
    }
}

fn forget(path: &Path) {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| other != path);
}

enum Target {
    /// A temporary file beside the target.
    Beside(Box<BufWriter<EarlySync>>),
    /// A temporary folder beside the target.
    Folder(Box<TempDir>),
    /// Standard output, a pipe or a device: written through.
    Through(BufWriter<Box<dyn Write + Send>>),
}

/// A file being written. It takes its name at [`Output::finish`]; dropped before that, it leaves nothing.
pub struct Output {
    target: Option<Target>,
    path: PathBuf,
}

/// Creates a file, or standard output for `-`.
///
/// Symbolic links are followed; what exists and is no regular file (`/dev/null`, a pipe) is written through.
/// The directory must be there.
///
/// # Errors
/// Returns an error that names the path if it cannot be written.
#[expect(clippy::disallowed_methods, reason = "the one place that creates files")]
pub fn create(path: impl AsRef<Path>) -> Result<Output, FileError> {
    let path = path.as_ref();
    let failed = |error: io::Error| FileError::new(path, &error);
    if path.as_os_str() == "-" {
        let target = Target::Through(BufWriter::new(Box::new(io::stdout())));
        return Ok(Output { target: Some(target), path: path.to_owned() });
    }
    if let Ok(metadata) = fs::metadata(path) {
        let kind = metadata.file_type();
        if kind.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        if kind.is_char_device() || kind.is_block_device() || kind.is_fifo() || kind.is_socket() {
            let file = fs::OpenOptions::new().write(true).open(path).map_err(failed)?;
            let target = Target::Through(BufWriter::new(Box::new(file)));
            return Ok(Output { target: Some(target), path: path.to_owned() });
        }
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = temporary_beside(&path)?;
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(temporary.path().to_owned());
    Ok(Output {
        target: Some(Target::Beside(Box::new(BufWriter::with_capacity(
            256 * 1024,
            EarlySync::new(temporary),
        )))),
        path,
    })
}

/// Creates a folder that takes its name when it is whole; files go into it by [`Output::write_inside`].
///
/// A folder that is there already is replaced if it is empty or holds a file of the name `mark`, which says that
/// it is of the same kind.
///
/// # Errors
/// Returns an error that names the path if it is there and of another kind, or cannot be written.
pub fn create_folder(path: impl AsRef<Path>, mark: &str) -> Result<Output, FileError> {
    let path = path.as_ref();
    let failed = |error: io::Error| FileError::new(path, &error);
    if let Ok(metadata) = fs::metadata(path) {
        let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if !metadata.is_dir() || !(is_empty() || path.join(mark).exists()) {
            let message = "is there already and is something else; remove it, or give another name";
            return Err(FileError::content(path, message));
        }
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".partial")
        .permissions(fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .map_err(failed)?;
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(folder.path().to_owned());
    Ok(Output { target: Some(Target::Folder(Box::new(folder))), path })
}

/// Gives a temporary folder its name, in place of one that is there.
fn rename_folder(folder: TempDir, path: &Path) -> io::Result<()> {
    let new = folder.keep();
    let old = new.with_extension("old");
    let is_there = path.exists();
    if is_there {
        fs::rename(path, &old)?;
    }
    let renamed = fs::rename(&new, path);
    match (&renamed, is_there) {
        (Ok(()), true) => fs::remove_dir_all(&old)?,
        (Err(_), true) => fs::rename(&old, path)?,
        _ => {}
    }
    if renamed.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    renamed
}

fn temporary_beside(path: &Path) -> Result<NamedTempFile, FileError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".partial")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(directory)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FileError::content(
                path,
                format!("the folder {} is not there; make it first", directory.display()),
            ),
            _ => FileError::new(path, &error),
        })
}

impl Output {
    /// The path that the file will take.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a whole file into a folder made by [`create_folder`]; `name` may name folders within, which are made.
    ///
    /// # Errors
    /// Returns an error that names the path.
    #[expect(clippy::disallowed_methods, reason = "the one place that creates files")]
    pub fn write_inside(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let Some(Target::Folder(folder)) = &self.target else {
            return Err(FileError::content(&self.path, "is no folder"));
        };
        let path = folder.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| FileError::new(&self.path.join(name), &error))?;
        }
        fs::write(path, bytes).map_err(|error| FileError::new(&self.path.join(name), &error))
    }

    /// Reads back a file written by [`Output::write_inside`].
    ///
    /// # Errors
    /// Returns an error that names the path.
    #[expect(clippy::disallowed_methods, reason = "the one place that opens files")]
    pub fn read_inside(&self, name: &str) -> Result<Vec<u8>, FileError> {
        let Some(Target::Folder(folder)) = &self.target else {
            return Err(FileError::content(&self.path, "is no folder"));
        };
        fs::read(folder.path().join(name)).map_err(|error| FileError::new(&self.path.join(name), &error))
    }

    /// Whether this is a file on the disk, not standard output, a pipe or a device.
    pub fn is_regular(&self) -> bool {
        matches!(self.target, Some(Target::Beside(_)))
    }

    /// Writes everything to the disk and gives the file its name.
    ///
    /// # Errors
    /// Returns an error that names the path; nothing is then left behind.
    pub fn finish(mut self) -> Result<(), FileError> {
        self.settle()?;
        self.rename()
    }

    /// Writes everything to the disk, without giving the file its name yet.
    fn settle(&mut self) -> Result<(), FileError> {
        let failed = |error: io::Error| FileError::new(&self.path, &error);
        match &mut self.target {
            Some(Target::Beside(writer)) => {
                writer.flush().map_err(failed)?;
                writer.get_mut().settle().map_err(failed)
            }
            Some(Target::Through(writer)) => writer.flush().map_err(failed),
            // Thousands of chunks would wait for the disk one by one; the system writes them when it will.
            Some(Target::Folder(_)) | None => Ok(()),
        }
    }

    fn rename(mut self) -> Result<(), FileError> {
        let failed = |error: io::Error| FileError::new(&self.path, &error);
        let writer = match self.target.take() {
            Some(Target::Beside(writer)) => writer,
            Some(Target::Folder(folder)) => {
                let name = folder.path().to_owned();
                let renamed = rename_folder(*folder, &self.path).map_err(failed);
                forget(&name);
                return renamed;
            }
            _ => return Ok(()),
        };
        let temporary = writer.into_inner().map_err(|error| failed(error.into_error()))?.into_file();
        let name = temporary.path().to_owned();
        let renamed = temporary.persist(&self.path).map_err(|error| failed(error.error));
        forget(&name);
        renamed.map(|_| ())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Some(Target::Beside(writer)) => writer.write(bytes),
            Some(Target::Through(writer)) => writer.write(bytes),
            Some(Target::Folder(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Ok(bytes.len()),
        };
        written.map_err(|error| with_path(&self.path, error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.target {
            Some(Target::Beside(writer)) => writer.flush(),
            Some(Target::Through(writer)) => writer.flush(),
            Some(Target::Folder(_)) | None => Ok(()),
        };
        flushed.map_err(|error| with_path(&self.path, error))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        match self.target.take() {
            Some(Target::Beside(writer)) => {
                let (temporary, _) = writer.into_parts();
                forget(temporary.file().path());
            }
            Some(Target::Folder(folder)) => forget(folder.path()),
            _ => {}
        }
    }
}

/// Gives several files that belong together their names, in the order given: put the data last, so that
/// whoever sees it finds its index too.
///
/// # Errors
/// Returns an error that names the path that failed. No file is renamed before all are on the disk.
pub fn publish(mut outputs: Vec<Output>) -> Result<(), FileError> {
    for output in &mut outputs {
        output.settle()?;
    }
    outputs.into_iter().try_for_each(Output::rename)
}
