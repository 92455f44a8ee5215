//! A panel as tables: its markers, the barcodes, and the pairs that stay together.

use std::io::{self, Write};

use super::barcode::Barcodes;
use super::calls::NO_CLASS;
use super::{Candidate, Fingerprint};

/// What is taken for granted of the population, for probabilities of identity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Population {
    /// Inbreeding of the accessions, 0 to 1.
    pub inbreeding: f64,
    /// Coancestry of accessions (θ of Balding and Nichols), 0 to 1.
    pub theta: f64,
}

/// How informative a marker is among the accessions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Information {
    /// Share of heterozygous calls.
    pub heterozygosity: f64,
    /// Polymorphism information content.
    pub pic: f64,
    /// Discriminating power: 1 − Σ g² over the genotypes seen.
    pub power: f64,
    /// Probability of identity.
    pub identity: f64,
    /// That of full sibs, for diploids.
    pub sib_identity: Option<f64>,
}

/// The information of a panel's marker.
pub fn information(barcodes: &Barcodes, marker: usize, population: Population) -> Information {
    let (calls, own) = (&barcodes.calls[marker], &barcodes.frequencies[marker]);
    let mut counts = vec![0u64; calls.classes.len()];
    calls.codes.iter().filter(|&&code| code != NO_CLASS).for_each(|&code| counts[usize::from(code) - 1] += 1);
    let all = counts.iter().sum::<u64>().max(1) as f64;
    let mixed: u64 =
        counts.iter().zip(&calls.classes).filter(|(_, class)| class.len() > 1).map(|(count, _)| count).sum();
    Information {
        heterozygosity: mixed as f64 / all,
        pic: own.pic(),
        power: 1.0 - counts.iter().map(|&count| (count as f64 / all).powi(2)).sum::<f64>(),
        identity: own.identity(population.inbreeding),
        sib_identity: own.sib_identity(),
    }
}

const MARKER_COLUMNS: [&str; 19] = [
    "order",
    "marker",
    "contig",
    "position",
    "alleles",
    "newly_told_apart",
    "told_apart",
    "forced",
    "maf",
    "call_rate",
    "heterozygosity",
    "pic",
    "discriminating_power",
    "identity",
    "sib_identity",
    "assay_score",
    "cm",
    "symbols",
    "codes",
];

/// Writes the markers, one a line, in the order of their use and of the barcode.
///
/// # Errors
/// Returns the writer's error.
pub fn write_markers(own: &Fingerprint, population: Population, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", MARKER_COLUMNS.join("\t"))?;
    for (index, marker) in own.markers.iter().enumerate() {
        let Candidate { name, contig, position, alleles, maf, call_rate, score, centimorgan, .. } =
            &marker.candidate;
        let key = &own.barcodes.keys[index];
        let information = information(&own.barcodes, index, population);
        write!(out, "{}\t{name}\t{contig}\t{}\t{}\t", index + 1, or_na(*position), alleles.join("/"))?;
        write!(
            out,
            "{}\t{}\t{}\t",
            marker.newly,
            marker.told_apart,
            if marker.is_forced { "yes" } else { "no" }
        )?;
        write!(out, "{maf:.4}\t{call_rate:.4}\t{:.4}\t{:.4}\t", information.heterozygosity, information.pic)?;
        write!(out, "{:.4}\t{:.4}\t", information.power, information.identity)?;
        let sibs = information.sib_identity.map_or_else(|| "NA".to_owned(), |value| format!("{value:.4}"));
        writeln!(out, "{sibs}\t{score}\t{}\t{}\t{}", or_na(*centimorgan), key.width, key.legend())?;
    }
    Ok(())
}

fn or_na<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "NA".to_owned(), |value| value.to_string())
}

/// The nearest other accession at the panel's markers: differences, markers that both have a call at, and who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The other.
    pub other: usize,
    /// Markers at which their calls differ.
    pub different: usize,
    /// Markers at which both have a call.
    pub shared: usize,
}

/// The nearest accession of each by its barcode, any pair counted; the first if several are as near.
pub fn nearest(barcodes: &Barcodes) -> Vec<Option<Nearest>> {
    use rayon::prelude::*;
    let all = &barcodes.genotypes;
    let of = |sample: usize| {
        let compare = |other: usize| {
            let calls = all[sample].iter().zip(&all[other]);
            let both = calls.filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)));
            let (shared, different) = both
                .fold((0, 0), |(shared, different), (a, b)| (shared + 1, different + usize::from(a != b)));
            Nearest { other, different, shared }
        };
        (0..all.len())
            .filter(|&other| other != sample)
            .map(compare)
            .min_by_key(|near| (near.different, near.other))
    };
    (0..all.len()).into_par_iter().map(of).collect()
}

const BARCODE_COLUMNS: [&str; 11] = [
    "accession",
    "barcode",
    "compact",
    "panel",
    "calls",
    "clones",
    "nearest",
    "nearest_different",
    "nearest_shared",
    "confusion_probability",
    "match_probability",
];

/// Writes the barcodes, one accession a line.
///
/// # Errors
/// Returns the writer's error.
pub fn write_barcodes(own: &Fingerprint, population: Population, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", BARCODE_COLUMNS.join("\t"))?;
    let nearest = nearest(&own.barcodes);
    for (sample, name) in own.samples.iter().enumerate() {
        let codes = &own.barcodes;
        let calls = codes.genotypes[sample].iter().flatten().count();
        let clones: Vec<&str> = own
            .groups
            .iter()
            .filter(|group| group.contains(&sample))
            .flatten()
            .filter(|&&other| other != sample)
            .map(|&other| own.samples[other].as_str())
            .collect();
        let clones = if clones.is_empty() { ".".to_owned() } else { clones.join(",") };
        write!(
            out,
            "{name}\t{}\t{}\t{}\t{calls}\t{clones}\t",
            codes.text(sample),
            codes.compact(sample),
            codes.panel
        )?;
        if let Some(near) = nearest[sample] {
            let confused = own.typing.confused(u32::try_from(near.different).unwrap_or(u32::MAX));
            write!(
                out,
                "{}\t{}\t{}\t{confused:.3e}\t",
                own.samples[near.other], near.different, near.shared
            )?;
        }
        writeln!(out, "{:.3e}", codes.match_probability(sample, population.inbreeding, population.theta))?;
    }
    Ok(())
}

/// Writes the pairs that cannot be told apart as often as asked for, with the reason.
///
/// # Errors
/// Returns the writer's error.
pub fn write_unseparable(own: &Fingerprint, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "accession_1\taccession_2\tshared_calls\tdifferent_calls\treason")?;
    for pair in &own.unseparable {
        let (first, second) = (&own.samples[pair.first], &own.samples[pair.second]);
        writeln!(out, "{first}\t{second}\t{}\t{}\t{}", pair.shared, pair.different, pair.why.name())?;
    }
    Ok(())
}
