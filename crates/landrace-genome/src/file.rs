//! The one place where Landrace opens and creates files.
//!
//! Reading tells gzip, BGZF and Zstandard by content and names the path in every error. Writing goes to a
//! temporary file beside the target, which takes the target's name only when it is whole and on the disk.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

mod early_sync;
mod output;

pub use output::{Output, create, create_folder, publish, remove_unfinished};

/// A file that could not be read or written: the path, what went wrong, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FileError {
    path: String,
    message: String,
    /// The kind of the error beneath.
    pub kind: io::ErrorKind,
}

impl FileError {
    /// Describes an input/output error at `path`.
    pub fn new(path: &Path, error: &io::Error) -> Self {
        Self { path: path.display().to_string(), message: explain(error), kind: error.kind() }
    }

    /// An error of content at `path`: `message` names the place and the remedy.
    pub fn content(path: &Path, message: impl Into<String>) -> Self {
        let kind = io::ErrorKind::InvalidData;
        Self { path: path.display().to_string(), message: message.into(), kind }
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        Self::new(error.kind, error)
    }
}

/// What went wrong, in words that say what to do.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file; check the path".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; check who may read or write it".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory; name a file in it".to_owned(),
        io::ErrorKind::StorageFull => "no space left on the disk; free some, or write elsewhere".to_owned(),
        io::ErrorKind::UnexpectedEof => "the file ends early; copy or download it again".to_owned(),
        _ => error.to_string(),
    }
}

/// Wraps an error in its path, unless that has been done.
fn with_path(path: &Path, error: io::Error) -> io::Error {
    if error.get_ref().is_some_and(|inner| inner.is::<FileError>()) {
        return error;
    }
    FileError::new(path, &error).into()
}

/// Compression of a file, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not compressed.
    None,
    /// Gzip in one or several members.
    Gzip,
    /// Blocked gzip, as bgzip, BAM and BCF use it.
    Bgzf,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// Tells the compression by the first bytes of a file (18 suffice).
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 8, flags, .., b'B', b'C', 2, 0] if head.len() >= 16 && flags & 4 != 0 => Self::Bgzf,
            [0x1f, 0x8b, _, flags, ..] => {
                let is_bgzf = flags & 4 != 0 && head.get(12..16) == Some(b"BC\x02\x00".as_slice());
                if is_bgzf { Self::Bgzf } else { Self::Gzip }
            }
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Counts and digests the bytes of a file as they are read, compressed as they lie on the disk.
#[derive(Clone, Default)]
pub struct Meter {
    bytes: Arc<AtomicU64>,
    hasher: Arc<Mutex<blake3::Hasher>>,
}

impl Meter {
    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// BLAKE3 digest of the bytes read so far, in hexadecimal.
    pub fn digest(&self) -> String {
        let hasher = self.hasher.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        hasher.finalize().to_hex().to_string()
    }
}

struct Metered<R> {
    inner: R,
    path: PathBuf,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer).map_err(|error| with_path(&self.path, error))?;
        self.meter.bytes.fetch_add(n as u64, Ordering::Relaxed);
        self.meter.hasher.lock().unwrap_or_else(std::sync::PoisonError::into_inner).update(&buffer[..n]);
        Ok(n)
    }
}

/// An open input: decompressed, buffered, metered; every error names its path.
pub struct Input {
    reader: Box<dyn BufRead + Send>,
    path: PathBuf,
    meter: Meter,
    size: Option<u64>,
    compression: Compression,
}

impl Input {
    /// The path as given; `-` for standard input.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts and digests what is read.
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Size on the disk in bytes, if it is a regular file.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// How the file is compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The first `most` decompressed bytes (fewer if there are no more), which stay to be read.
    ///
    /// # Errors
    /// Returns an error that names the path if they cannot be read.
    pub fn peek(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.by_ref().take(most).read_to_end(&mut head)?;
        let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(Cursor::new(head.clone()).chain(rest));
        Ok(head)
    }

    /// The same file with other content: what a container (a workbook) holds, once it was read to its end.
    #[must_use]
    pub fn with_content(mut self, content: Vec<u8>) -> Self {
        self.reader = Box::new(Cursor::new(content));
        self
    }

    fn explain(&self, error: io::Error) -> io::Error {
        let damaged = matches!(
            error.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
        );
        if damaged && self.compression != Compression::None {
            let message = "the compressed data is cut short or damaged; copy or download the file again";
            return FileError::content(&self.path, message).into();
        }
        with_path(&self.path, error)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).map_err(|error| self.explain(error))
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // The first call fills the buffer or fails; the second only hands out what is there.
        if let Err(error) = self.reader.fill_buf() {
            return Err(self.explain(error));
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

const BUFFER: usize = 128 * 1024;

/// Opens a file, or standard input for `-`, and decompresses it by content.
///
/// # Errors
/// Returns an error that names the path if the file cannot be opened or read.
pub fn open(path: impl AsRef<Path>) -> Result<Input, FileError> {
    let path = path.as_ref();
    if path.as_os_str() == "-" {
        return decompress(Box::new(io::stdin()), path, None);
    }
    let file = open_raw(path)?;
    let metadata = file.metadata().map_err(|error| FileError::new(path, &error))?;
    let size = metadata.is_file().then_some(metadata.len());
    decompress(Box::new(file), path, size)
}

/// Opens a file for random access, as it lies on the disk.
///
/// # Errors
/// Returns an error that names the path if the file cannot be opened, or is a directory.
#[expect(clippy::disallowed_methods, reason = "the one place that opens files")]
pub fn open_raw(path: &Path) -> Result<File, FileError> {
    let file = File::open(path).map_err(|error| FileError::new(path, &error))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(FileError::new(path, &io::ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}

/// Opens a file to add to its end (each write is one piece), and makes it if it is not there; for journals and
/// locks.
///
/// # Errors
/// Returns an error that names the path if it cannot be written.
#[expect(clippy::disallowed_methods, reason = "the one place that opens files")]
pub fn append(path: &Path) -> Result<File, FileError> {
    let opened = fs::OpenOptions::new().create(true).append(true).open(path);
    opened.map_err(|error| FileError::new(path, &error))
}

fn decompress(raw: Box<dyn Read + Send>, path: &Path, size: Option<u64>) -> Result<Input, FileError> {
    let meter = Meter::default();
    let mut raw = Metered { inner: raw, path: path.to_owned(), meter: meter.clone() };
    let mut head = Vec::with_capacity(18);
    raw.by_ref().take(18).read_to_end(&mut head).map_err(|error| FileError::new(path, &error))?;
    let compression = Compression::of(&head);
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(raw));
    let reader: Box<dyn BufRead + Send> = match compression {
        Compression::None => Box::new(whole),
        Compression::Bgzf => Box::new(crate::bgzf::Reader::new(whole)),
        Compression::Gzip => {
            Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(whole)))
        }
        Compression::Zstd => {
            let decoder = zstd::Decoder::with_buffer(whole).map_err(|error| FileError::new(path, &error))?;
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        }
    };
    Ok(Input { reader, path: path.to_owned(), meter, size, compression })
}

/// Reads a whole text file, decompressed.
///
/// # Errors
/// Returns an error that names the path if the file cannot be read or is not UTF-8.
pub fn read_text(path: impl AsRef<Path>) -> Result<String, FileError> {
    let path = path.as_ref();
    let mut text = String::new();
    open(path)?.read_to_string(&mut text).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => FileError::content(path, "is not UTF-8 text; save it as UTF-8"),
        _ => FileError::new(path, &error),
    })?;
    Ok(text)
}

/// BLAKE3 digest of a file as it lies on the disk, in hexadecimal, and its size in bytes.
///
/// # Errors
/// Returns an error that names the path if the file cannot be read.
pub fn digest(path: &Path) -> Result<(String, u64), FileError> {
    let mut hasher = blake3::Hasher::new();
    let mut file = open_raw(path)?;
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let n = file.read(&mut buffer).map_err(|error| FileError::new(path, &error))?;
        if n == 0 {
            return Ok((hasher.finalize().to_hex().to_string(), size));
        }
        hasher.update(&buffer[..n]);
        size += n as u64;
    }
}

/// Maps a file into memory, read-only.
///
/// # Errors
/// Returns an error that names the path if the file cannot be opened or mapped.
#[expect(unsafe_code, reason = "memory mapping")]
pub fn map(path: &Path) -> Result<memmap2::Mmap, FileError> {
    let file = open_raw(path)?;
    // SAFETY: the map is read-only; Landrace replaces its own files by rename, never in place, so that the
    // mapped bytes stay as they are.
    unsafe { memmap2::Mmap::map(&file) }.map_err(|error| FileError::new(path, &error))
}

/// Makes a directory and its parents.
///
/// # Errors
/// Returns an error that names the path.
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|error| FileError::new(path, &error))
}

/// A file without a name in `directory`, for what does not fit in memory. It is gone when it is closed, even
/// if the process is killed.
///
/// # Errors
/// Returns an error that names the directory if no file can be made in it.
pub fn scratch(directory: &Path) -> Result<File, FileError> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    tempfile::tempfile_in(directory).map_err(|error| FileError::new(directory, &error))
}

/// `path` with `suffix` after its whole name: `a/x.bam` and `.csi` give `a/x.bam.csi`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
