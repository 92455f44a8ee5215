//! Panels as files: a table for people, a BED for other tools.

use std::io::{self, Write};

use super::{Candidates, Linkage, Panel};

/// Columns of the panel table.
const COLUMNS: [&str; 14] = [
    "rank",
    "contig",
    "position",
    "id",
    "ref",
    "alt",
    "maf",
    "call_rate",
    "quality",
    "tagged",
    "mean_r2",
    "gap_before",
    "gap_after",
    "reason",
];

/// Writes a panel as TSV, one line a marker, the best first.
///
/// # Errors
/// Returns the writer's error.
pub fn write_panel(
    panel: &Panel,
    candidates: &Candidates,
    linkage: &Linkage,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "{}", COLUMNS.join("\t"))?;
    let or_na = |value: Option<u64>| value.map_or_else(|| "NA".to_owned(), |value| value.to_string());
    for (index, choice) in panel.choices.iter().enumerate() {
        let own = &candidates.all()[choice.candidate];
        let contig = &candidates.contigs().get(own.contig).name;
        let or_dot = |text: &str| if text.is_empty() { ".".to_owned() } else { text.to_owned() };
        let (id, reference, alternates) = (or_dot(&own.id), or_dot(&own.reference), or_dot(&own.alternates));
        write!(out, "{}\t{contig}\t{}\t{id}\t{reference}\t{alternates}\t", index + 1, own.position)?;
        write!(out, "{:.4}\t{:.4}\t{:.4}\t", own.minor_frequency, own.call_rate, own.quality())?;
        let mean = choice.mean_r2.map_or_else(|| "NA".to_owned(), |r2| format!("{r2:.3}"));
        write!(out, "{}\t{mean}\t{}\t{}\t", choice.tagged, or_na(choice.before), or_na(choice.after))?;
        writeln!(out, "{}", panel.reason(choice, candidates, linkage.threshold))?;
    }
    Ok(())
}

/// Writes a panel as BED in genome order (0-based starts and the marker's name), as `bcftools view -R` and others
/// take it. A marker takes up its reference allele.
///
/// # Errors
/// Returns the writer's error.
pub fn write_bed(panel: &Panel, candidates: &Candidates, out: &mut impl Write) -> io::Result<()> {
    for candidate in panel.in_order() {
        let own = &candidates.all()[candidate];
        let (contig, start) = (&candidates.contigs().get(own.contig).name, own.position.zero_based());
        let end = start + own.reference.len().max(1) as u64;
        writeln!(out, "{contig}\t{start}\t{end}\t{}", candidates.label(candidate))?;
    }
    Ok(())
}
