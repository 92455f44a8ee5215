//! Flapjack's tab-separated genotypes (`# fjFile = GENOTYPE`): a row a line, a column a marker, alleles by any name,
//! `-` for missing, `A` for `A/A`. Its map lies beside it, or where the options say.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::path::{Path, PathBuf};

use landrace_genome::file::{FileError, Input};

use super::by_sample::{self, Layout};
use super::call_cell::Style;
use super::{Opened, ReadOptions, Reader};

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader =
    Reader { name: "flapjack", about: "Flapjack", recognise: |head| mark(&head.bytes).is_some(), open };

/// What the first line says that the file holds.
fn mark(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line = bytes.split(|&b| b == b'\n' || b == b'\r').next()?;
    let rest = std::str::from_utf8(line).ok()?.strip_prefix('#')?.trim_start();
    let kind = rest.strip_prefix("fjFile")?.trim_start().strip_prefix('=')?;
    Some(kind.trim().to_ascii_uppercase())
}

fn open(mut input: Input, options: &ReadOptions) -> Opened {
    let path = input.path().to_owned();
    let kind = mark(&input.peek(200)?).unwrap_or_else(|| "GENOTYPE".to_owned());
    if kind != "GENOTYPE" {
        let message = match kind.as_str() {
            "MAP" => {
                format!("is a Flapjack map; give the genotypes, and this file with --map {}", path.display())
            }
            other => format!("is a Flapjack file of {other}; give the one of GENOTYPE"),
        };
        return Err(FileError::content(&path, message).into());
    }
    let beside = options.map.clone().or_else(|| map_beside(&path));
    let options = ReadOptions { map: beside, ..options.clone() };
    let layout = Layout { is_short: false, id: 0, first: 1, style: Style::Separated };
    by_sample::open(input, &options, Some(("Flapjack", layout)))
}

/// `x.map` beside `x.dat` (compressed or not), if it is there.
fn map_beside(path: &Path) -> Option<PathBuf> {
    let name = path.to_string_lossy();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = [".dat", ".geno", ".txt", ".genotypes"]
        .iter()
        .find_map(|ending| stem.strip_suffix(ending))
        .unwrap_or(stem);
    let candidates = [format!("{stem}.map"), format!("{stem}.map.gz")].map(PathBuf::from);
    candidates.into_iter().find(|candidate| candidate != path && candidate.is_file())
}
