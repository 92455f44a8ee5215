//! Writing what a command made: the file and its summary together, or a table.

use std::io::Write;
use std::path::Path;

use landrace_genome::file::{self, FileError, Output};
use landrace_genome::summary::Summary;

/// The summary of an output, `<output>.summary.json`, ready to be published before it; `None` for standard
/// output and devices.
pub(crate) fn summary_beside(output: &Path, summary: &Summary) -> Result<Option<Output>, FileError> {
    let is_special = std::fs::metadata(output).is_ok_and(|metadata| !metadata.is_file());
    if output.as_os_str() == "-" || is_special {
        return Ok(None);
    }
    let path = file::beside(output, ".summary.json");
    let mut out = file::create(&path)?;
    out.write_all(summary.to_json().as_bytes()).map_err(|error| FileError::new(&path, &error))?;
    Ok(Some(out))
}

/// Publishes a summary and the files it is about; the data comes last.
pub(crate) fn publish(output: &Path, summary: &Summary, files: Vec<Output>) -> Result<(), FileError> {
    let mut all: Vec<Output> = summary_beside(output, summary)?.into_iter().collect();
    all.extend(files);
    file::publish(all)
}
