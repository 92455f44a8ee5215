//! Regions from a BED file.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::path::Path;

use landrace_genome::file::{self, FileError};
use landrace_genome::{ContigDictionary, Interval, Region};

/// Reads a BED file: contig, start (0-based), end; further columns are passed over. Ends are cut to the contig.
///
/// # Errors
/// Returns an error that names the file and the line if a contig is not in the reference, a number cannot be
/// read, or there is no region at all.
pub fn read_bed(path: &Path, contigs: &ContigDictionary) -> Result<Vec<Region>, FileError> {
    let text = file::read_text(path)?;
    let mut regions = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        let is_comment = ["#", "track", "browser"].iter().any(|word| line.starts_with(word));
        if line.is_empty() || is_comment {
            continue;
        }
        let region = parse_line(line, contigs)
            .map_err(|message| FileError::content(path, format!("line {number}: {message}")))?;
        regions.push(region);
    }
    if regions.is_empty() {
        return Err(FileError::content(path, "holds no region; write contig, start and end, tab-separated"));
    }
    Ok(regions)
}

fn parse_line(line: &str, contigs: &ContigDictionary) -> Result<Region, String> {
    let cells: Vec<&str> =
        if line.contains('\t') { line.split('\t').collect() } else { line.split_whitespace().collect() };
    let [name, start, end, ..] = cells[..] else {
        return Err("has fewer than three columns; write contig, start and end, tab-separated".to_owned());
    };
    let contig = contigs.require(name).map_err(|error| error.to_string())?;
    let length = contigs.get(contig).length;
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("'{text}' is not a position"));
    let (start, end) = (number(start)?, number(end)?);
    if end < start || start > length {
        return Err(format!("{start} to {end} is no stretch of '{name}', which has {length} bases"));
    }
    Ok(Region { contig, interval: Interval::new(start, end.min(length)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_or_says_why_not() {
        let mut contigs = ContigDictionary::default();
        let chr1 = contigs.push("chr1", 1_000).unwrap();
        let read = |line| parse_line(line, &contigs);
        let region = read("chr1\t10\t2000\tname").unwrap();
        assert_eq!((region.contig, region.interval), (chr1, Interval::new(10, 1_000)));
        assert!(read("chr2\t1\t2").unwrap_err().contains("did you mean 'chr1'"));
        assert!(read("chr1\t5").unwrap_err().contains("fewer than three"));
        assert!(read("chr1\tx\t5").unwrap_err().contains("'x' is not a position"));
        assert!(read("chr1\t50\t5").unwrap_err().contains("no stretch"));
    }
}
