//! Whether a plant is the F1 of two parents: counts as breeders read them, and probabilities of what else it may be.
//!
//! The counts are those that Flapjack (Milne et al. 2010) shows for pedigree verification of F1s: shares of alleles
//! that match each parent, of genotypes that match the expected F1, and how far heterozygosity is from the F1's.
//! The probabilities weigh eight classes alike before looking. At a marker, each parent's genotype is not taken
//! for sure: the genotypes that may lie behind its call have the weights of their frequencies and of the error
//! rate e (a wrong call is any other genotype alike), and its gametes are those of all of them. The query's
//! call may be wrong with e too. Markers are taken to be independent of each other.

use landrace_genotypes::{GenotypeError, GenotypeMatrix};

mod chances;
mod markers;
#[cfg(test)]
mod tests;
mod write;

use crate::binomial::clopper_pearson;
use chances::Chances;
use markers::{Marker, read_markers};

/// Number of classes.
pub const CLASSES: usize = 8;

/// What a query may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Mother x father.
    F1,
    /// Selfed mother, or the mother's own line.
    SelfOfMother,
    /// Selfed father, or the father's own line.
    SelfOfFather,
    /// Mother x somebody else.
    MotherByUnknown,
    /// Father x somebody else.
    FatherByUnknown,
    /// F1 x mother.
    BackcrossToMother,
    /// F1 x father.
    BackcrossToFather,
    /// Of neither parent.
    Unrelated,
}

impl Class {
    /// All, in the order of the probabilities.
    pub const ALL: [Self; CLASSES] = [
        Self::F1,
        Self::SelfOfMother,
        Self::SelfOfFather,
        Self::MotherByUnknown,
        Self::FatherByUnknown,
        Self::BackcrossToMother,
        Self::BackcrossToFather,
        Self::Unrelated,
    ];

    /// The word of the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::F1 => "F1",
            Self::SelfOfMother => "self of mother",
            Self::SelfOfFather => "self of father",
            Self::MotherByUnknown => "mother x unknown",
            Self::FatherByUnknown => "father x unknown",
            Self::BackcrossToMother => "backcross to mother",
            Self::BackcrossToFather => "backcross to father",
            Self::Unrelated => "unrelated",
        }
    }
}

/// A query and its declared parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cross {
    /// Index among the queries' samples.
    pub query: usize,
    /// Indices of mother and father among the samples of the parents' genotypes.
    pub parents: [usize; 2],
}

/// What is taken for granted.
#[derive(Clone, Copy, Debug)]
pub struct HybridOptions {
    /// Chance that a call is wrong.
    pub error: f64,
    /// Probability from which a class is named.
    pub level: f64,
}

impl Default for HybridOptions {
    fn default() -> Self {
        Self { error: 0.01, level: 0.99 }
    }
}

/// Counts at the markers of a cross.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HybridCounts {
    /// Markers that query and parents may share.
    pub markers: u64,
    /// Markers with a call of the query.
    pub called: u64,
    /// Those that are heterozygous.
    pub heterozygous: u64,
    /// Markers with calls of the query and both parents.
    pub loci: u64,
    /// Those whose parents have other genotypes.
    pub polymorphic: u64,
    /// Alleles of the query that mother and father have, of two a locus.
    pub alleles_of: [u64; 2],
    /// Loci with homozygous parents.
    pub fixed: u64,
    /// Those whose parents differ: there the F1 is heterozygous.
    pub fixed_unlike: u64,
    /// Heterozygous calls of the query at loci with homozygous parents.
    pub fixed_heterozygous: u64,
    /// Calls equal to the expected F1 at loci with homozygous parents.
    pub as_expected: u64,
}

/// What was found of a query.
#[derive(Clone, Debug)]
pub struct HybridAnswer {
    /// Query and parents.
    pub cross: Cross,
    /// The counts.
    pub counts: HybridCounts,
    /// Probabilities of [`Class::ALL`].
    pub posterior: [f64; CLASSES],
    /// The class, if its probability reaches the level.
    pub class: Option<Class>,
}

/// A lot of queries.
#[derive(Clone, Debug, Default)]
pub struct Hybrids {
    /// Names of the queries' samples, and of the parents' file.
    pub names: [Vec<String>; 2],
    /// An answer a query.
    pub answers: Vec<HybridAnswer>,
    /// Markers shared by both sides.
    pub markers: usize,
    /// Samples that allele frequencies are from; without any, alleles are equally frequent.
    pub others: usize,
}

impl Hybrids {
    /// Queries that are F1 at the level, and those that are something else.
    pub fn share(&self, level: f64) -> [u64; 2] {
        let of = |wanted: &dyn Fn(f64) -> bool| {
            self.answers
                .iter()
                .filter(|answer| answer.counts.polymorphic > 0 && wanted(answer.posterior[0]))
                .count() as u64
        };
        [of(&|own| own >= level), of(&|own| own <= 1.0 - level)]
    }

    /// The exact interval of the lot's share of F1, at a confidence of 0.95, from the queries that are decided.
    pub fn interval(&self, level: f64) -> [f64; 2] {
        let [f1, other] = self.share(level);
        if f1 + other == 0 { [0.0, 1.0] } else { clopper_pearson(f1, f1 + other, 0.95) }
    }
}

/// Compares each query with its declared parents.
///
/// `queries` and `parents` may be one set of genotypes. Allele frequencies are those of the samples of `parents` that
/// are nobody's parent and, if both are one set, no query; one is added to the count of each allele.
///
/// # Errors
/// Returns an error if no marker is shared, if samples are not diploid, or if the parents of a cross do not differ.
pub fn test_hybrids(
    queries: GenotypeMatrix,
    parents: &GenotypeMatrix,
    crosses: &[Cross],
    options: HybridOptions,
) -> Result<Hybrids, GenotypeError> {
    let is_one = queries.samples() == parents.samples();
    let names = [queries.samples().to_vec(), parents.samples().to_vec()];
    let mut is_other = vec![true; parents.samples().len()];
    for cross in crosses {
        cross.parents.iter().for_each(|&parent| is_other[parent] = false);
        if is_one {
            is_other[cross.query] = false;
        }
    }
    let markers = read_markers(queries, parents, crosses, &is_other)?;
    let mut answers = Vec::with_capacity(crosses.len());
    for &cross in crosses {
        let [mother, father] = cross.parents.map(|parent| names[1][parent].as_str());
        if !markers.iter().any(|marker| marker.differ(cross)) {
            let both = markers.iter().filter(|marker| marker.are_called(cross)).count();
            return Err(GenotypeError::Request(format!(
                "'{mother}' and '{father}' differ at none of the {both} markers that both have; no plant can be told \
                 to be their F1 by these markers; take others"
            )));
        }
        answers.push(answer(&markers, cross, options));
    }
    let others = is_other.iter().filter(|own| **own).count();
    Ok(Hybrids { names, answers, markers: markers.len(), others })
}

fn answer(markers: &[Marker], cross: Cross, options: HybridOptions) -> HybridAnswer {
    let (mut counts, mut chances) = (HybridCounts::default(), Chances::default());
    for marker in markers {
        marker.count(cross, &mut counts);
        if let Some(calls) = marker.calls(cross) {
            chances.add(calls, &marker.frequencies, options.error);
        }
    }
    let posterior = chances.posterior();
    let best = (0..CLASSES).max_by(|&a, &b| posterior[a].total_cmp(&posterior[b]));
    let class = best.filter(|&best| posterior[best] >= options.level).map(|best| Class::ALL[best]);
    HybridAnswer { cross, counts, posterior, class }
}
