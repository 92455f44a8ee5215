//! Parents that the genotypes contradict: opposing homozygotes of parent and offspring, and trios that do not fit.

use std::collections::HashMap;
use std::io::{self, Write};

use landrace_genome::nearest::hint;
use rayon::prelude::*;

use super::{Pedigree, Sex, UNKNOWN};
use crate::matrix::GenotypeMatrix;
use crate::mendel::{MendelCounts, MendelRows, trio};
use crate::source::GenotypeError;

/// When a parent is taken to be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Share of the variants that may mismatch between parent and offspring; in a trio twice that.
    pub mismatch: f64,
    /// Variants that both must have been called at.
    pub compared: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { mismatch: 0.01, compared: 50 }
    }
}

/// What genotypes say of a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They fit.
    Fits,
    /// They do not.
    Wrong,
    /// Too few variants were called in both.
    TooFew,
}

impl Verdict {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Wrong => "wrong",
            Self::TooFew => "too_few",
        }
    }
}

/// An individual beside its genotyped parents.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The individual.
    pub own: u32,
    /// Counts with sire and dam, where they are genotyped.
    pub parents: [Option<(MendelCounts, Verdict)>; 2],
    /// Counts of the three.
    pub trio: Option<(MendelCounts, Verdict)>,
    /// In place of a wrong sire and dam: the genotyped individual that fits best, and its counts.
    pub instead: [Option<(u32, MendelCounts)>; 2],
}

impl Compared {
    /// Whether a parent is wrong, or both together are.
    pub fn is_wrong(&self) -> bool {
        self.parents.iter().flatten().chain(&self.trio).any(|(_, verdict)| *verdict == Verdict::Wrong)
    }
}

/// All that was compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conflicts {
    /// Individuals with a genotyped parent, in the pedigree's order.
    pub compared: Vec<Compared>,
    /// Genotyped individuals that are in the pedigree.
    pub genotyped: usize,
    /// Samples that the pedigree lacks.
    pub without_row: Vec<String>,
    /// Individuals of which two comparisons and more were made, as parent and as offspring, and none fits: their sample
    /// may be somebody else's.
    pub suspects: Vec<u32>,
}

impl Conflicts {
    /// Number of parent-offspring pairs compared, and of those that do not fit.
    pub fn pairs(&self) -> (usize, usize) {
        let all = || self.compared.iter().flat_map(|own| own.parents.iter().flatten());
        (all().count(), all().filter(|(_, verdict)| *verdict == Verdict::Wrong).count())
    }

    /// Number of trios compared, and of those that do not fit.
    pub fn trios(&self) -> (usize, usize) {
        let all = || self.compared.iter().filter_map(|own| own.trio);
        (all().count(), all().filter(|(_, verdict)| *verdict == Verdict::Wrong).count())
    }
}

fn verdict(counts: MendelCounts, most: f64, limits: Limits) -> Verdict {
    if counts.compared < limits.compared {
        Verdict::TooFew
    } else if f64::from(counts.mismatches) > most * f64::from(counts.compared) {
        Verdict::Wrong
    } else {
        Verdict::Fits
    }
}

/// Compares each genotyped individual with its genotyped parents.
///
/// # Errors
/// Returns an error if no sample is in the pedigree, or if samples differ in ploidy.
pub fn compare(
    pedigree: &Pedigree,
    genotypes: &GenotypeMatrix,
    limits: Limits,
) -> Result<Conflicts, GenotypeError> {
    let index = pedigree.index();
    let (mut own, mut samples, mut without_row) = (Vec::new(), Vec::new(), Vec::new());
    for (sample, name) in genotypes.samples().iter().enumerate() {
        match index.get(name.as_str()) {
            Some(&number) => {
                own.push(number);
                samples.push(sample);
            }
            None => without_row.push(name.clone()),
        }
    }
    if let (true, Some(first)) = (own.is_empty(), without_row.first()) {
        return Err(GenotypeError::Request(format!(
            "none of the samples of the genotypes (the first is '{first}') is in the pedigree{}; write names alike",
            hint(first, pedigree.names.iter().map(String::as_str))
        )));
    }
    let variants: Vec<usize> = (0..genotypes.variants()).collect();
    let rows = MendelRows::of(genotypes, &samples, &variants)?;
    let place: HashMap<u32, usize> = own.iter().copied().zip(0..).collect();
    let study = Study { pedigree, rows: &rows, own: &own, place: &place, limits };
    let mut compared: Vec<Compared> =
        (0..own.len()).into_par_iter().filter_map(|at| study.compare(at)).collect();
    compared.sort_by_key(|row| row.own);
    let suspects = suspects(pedigree, &compared);
    Ok(Conflicts { compared, genotyped: own.len(), without_row, suspects })
}

struct Study<'a> {
    pedigree: &'a Pedigree,
    rows: &'a MendelRows,
    own: &'a [u32],
    place: &'a HashMap<u32, usize>,
    limits: Limits,
}

impl Study<'_> {
    fn compare(&self, at: usize) -> Option<Compared> {
        let own = self.own[at];
        let parents = self.pedigree.parents[own as usize];
        let places = parents.map(|parent| self.place.get(&parent).copied());
        if places == [None, None] {
            return None;
        }
        let of = |place: usize| {
            let counts = self.rows.pair(at, self.rows, place);
            (counts, verdict(counts, self.limits.mismatch, self.limits))
        };
        let pairs = places.map(|place| place.map(of));
        let trio = places[0].zip(places[1]).map(|(sire, dam)| {
            let codes = |place: usize| self.rows.codes(place);
            let counts = trio(codes(at), codes(sire), codes(dam), self.rows.ploidy());
            (counts, verdict(counts, 2.0 * self.limits.mismatch, self.limits))
        });
        let is_wrong = |role: usize| pairs[role].is_some_and(|(_, verdict)| verdict == Verdict::Wrong);
        let mut instead = [None, None];
        if is_wrong(0) || is_wrong(1) {
            let mut counts = Vec::new();
            self.rows.compare(at, self.rows, &mut counts);
            for role in (0..2).filter(|&role| is_wrong(role)) {
                instead[role] = self.best(own, role, &counts);
            }
        }
        Some(Compared { own, parents: pairs, trio, instead })
    }

    /// The individual that fits best as a parent: neither the individual's child nor its declared parent, not of the
    /// other sex, not younger.
    fn best(&self, own: u32, role: usize, counts: &[MendelCounts]) -> Option<(u32, MendelCounts)> {
        let pedigree = self.pedigree;
        let parents = pedigree.parents[own as usize];
        let sex = [Sex::Female, Sex::Male][role];
        let may_be = |other: u32| {
            let at = other as usize;
            let births = pedigree.births[at].zip(pedigree.births[own as usize]);
            other != own
                && !parents.contains(&other)
                && !pedigree.parents[at].contains(&own)
                && pedigree.sexes[at] != Some(sex)
                && births.is_none_or(|(before, born)| !before.is_not_older(born))
        };
        let fits =
            |counts: &MendelCounts| verdict(*counts, self.limits.mismatch, self.limits) == Verdict::Fits;
        let share = |counts: &MendelCounts| f64::from(counts.mismatches) / f64::from(counts.compared.max(1));
        let candidates =
            self.own.iter().zip(counts).filter(|(other, counts)| may_be(**other) && fits(counts));
        let best = candidates.min_by(|a, b| share(a.1).total_cmp(&share(b.1)).then(a.0.cmp(b.0)));
        best.map(|(&other, &counts)| (other, counts))
    }
}

fn suspects(pedigree: &Pedigree, compared: &[Compared]) -> Vec<u32> {
    let mut tally: HashMap<u32, (u32, u32)> = HashMap::new();
    for row in compared {
        let parents = pedigree.parents[row.own as usize];
        for (parent, found) in parents.into_iter().zip(row.parents).filter(|(parent, _)| *parent != UNKNOWN) {
            let Some((_, verdict)) = found.filter(|(_, verdict)| *verdict != Verdict::TooFew) else {
                continue;
            };
            for own in [row.own, parent] {
                let count = tally.entry(own).or_default();
                count.0 += 1;
                count.1 += u32::from(verdict == Verdict::Wrong);
            }
        }
    }
    let mut out: Vec<u32> =
        tally.into_iter().filter(|(_, (all, wrong))| *all >= 2 && all == wrong).map(|(own, _)| own).collect();
    out.sort_unstable();
    out
}

/// Writes what was compared, a line an individual.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn write_conflicts(pedigree: &Pedigree, conflicts: &Conflicts, out: &mut impl Write) -> io::Result<()> {
    write!(out, "id")?;
    for role in ["sire", "dam"] {
        write!(out, "\t{role}\t{role}_compared\t{role}_mismatches\t{role}_verdict\t{role}_fits_better")?;
    }
    writeln!(out, "\ttrio_compared\ttrio_mismatches\ttrio_verdict")?;
    let counts = |out: &mut dyn Write, found: Option<(MendelCounts, Verdict)>| match found {
        Some((counts, verdict)) => {
            write!(out, "\t{}\t{}\t{}", counts.compared, counts.mismatches, verdict.name())
        }
        None => write!(out, "\t.\t.\tnot_genotyped"),
    };
    for row in &conflicts.compared {
        write!(out, "{}", pedigree.names[row.own as usize])?;
        for role in 0..2 {
            let parent = pedigree.parents[row.own as usize][role];
            let name = |own: u32| pedigree.names.get(own as usize).map_or("0", String::as_str);
            write!(out, "\t{}", name(parent))?;
            counts(out, row.parents[role])?;
            write!(out, "\t{}", row.instead[role].map_or(".", |(other, _)| name(other)))?;
        }
        counts(out, row.trio)?;
        writeln!(out)?;
    }
    Ok(())
}
