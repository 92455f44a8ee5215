//! Pedigrees, inbreeding and A⁻¹ as tables.

use std::fmt::Write as _;
use std::io::{self, Write};

use rayon::prelude::*;

use super::history::History;
use super::{Kinship, Pedigree, SparseSymmetric, UNKNOWN};

/// Lines that are formatted at a time by one thread.
const LINES: usize = 4096;

/// Formats the lines of `count` individuals and writes them in order.
fn in_order(count: usize, out: &mut impl Write, line: impl Fn(usize, &mut String) + Sync) -> io::Result<()> {
    let starts: Vec<usize> = (0..count).step_by(LINES).collect();
    for some in starts.chunks(64) {
        let texts: Vec<String> = some
            .par_iter()
            .map(|&start| {
                let mut text = String::new();
                (start..(start + LINES).min(count)).for_each(|own| line(own, &mut text));
                text
            })
            .collect();
        texts.iter().try_for_each(|text| out.write_all(text.as_bytes()))?;
    }
    Ok(())
}

fn name(pedigree: &Pedigree, own: u32) -> &str {
    if own == UNKNOWN { "0" } else { &pedigree.names[own as usize] }
}

/// Writes a pedigree, ancestors first: id, sire, dam, and sex and birth where any is known. Unknown parents are 0.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn write_pedigree(pedigree: &Pedigree, out: &mut impl Write) -> io::Result<()> {
    let has_sexes = pedigree.sexes.iter().any(Option::is_some);
    let has_births = pedigree.births.iter().any(Option::is_some);
    let more = [("\tsex", has_sexes), ("\tbirth", has_births)];
    let more: String = more.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name).collect();
    writeln!(out, "id\tsire\tdam{more}")?;
    in_order(pedigree.len(), out, |own, text| {
        let [sire, dam] = pedigree.parents[own].map(|parent| name(pedigree, parent));
        // Writing to a string does not fail.
        let _ = write!(text, "{}\t{sire}\t{dam}", pedigree.names[own]);
        if has_sexes {
            let _ = write!(text, "\t{}", pedigree.sexes[own].map_or("NA", super::Sex::letter));
        }
        if has_births {
            let _ = match pedigree.births[own] {
                Some(birth) => write!(text, "\t{birth}"),
                None => write!(text, "\tNA"),
            };
        }
        text.push('\n');
    })
}

/// Writes the inbreeding of each individual, with its generation and how complete its pedigree is.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn write_inbreeding(kinship: &Kinship<'_>, history: &History, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "id\tinbreeding\tgeneration\tequivalent_generations\tcomplete_generations")?;
    in_order(kinship.pedigree.len(), out, |own, text| {
        let _ = writeln!(
            text,
            "{}\t{:.9}\t{}\t{:.4}\t{}",
            kinship.pedigree.names[own],
            kinship.inbreeding(own),
            history.generation[own],
            history.equivalent[own],
            history.complete[own]
        );
    })
}

/// Writes the lower half of the inverse as triplets: row, column and value, by name.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn write_inverse(pedigree: &Pedigree, inverse: &SparseSymmetric, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "row\tcolumn\tvalue")?;
    in_order(pedigree.len(), out, |own, text| {
        for (column, value) in inverse.row(own) {
            let _ = writeln!(text, "{}\t{}\t{value}", pedigree.names[own], pedigree.names[column]);
        }
    })
}
