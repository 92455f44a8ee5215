//! The objectives and distances by name, and distances at both accuracies.

use std::fmt;
use std::str::FromStr;

use landrace_genotypes::GenotypeError;

use super::collection::Collection;
use super::distance::{Genetic, GeneticDistance, Missing, Square};
use super::state::Allelic;

/// A distance of accessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Of alleles.
    Genetic(Genetic),
    /// Of traits (Gower).
    Gower,
    /// As given.
    Matrix,
}

/// What a core shall be good at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Objective {
    /// Mean distance of entries to the nearest other entry; to be large.
    EntryNearest(Measure),
    /// Mean distance of all accessions to the nearest entry; to be small.
    AccessionNearest(Measure),
    /// Mean distance of pairs of entries; to be large.
    EntryEntry(Measure),
    /// An index of alleles; to be large.
    Allelic(Allelic),
}

/// An objective and its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighted {
    /// The objective.
    pub objective: Objective,
    /// Its weight, above 0; 0 where it is only evaluated.
    pub weight: f64,
}

/// How missing calls and values count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingRule {
    /// Means over what both accessions have.
    #[default]
    Shared,
    /// The worst for the objective, as Core Hunter: nothing where distances shall be large, all where small.
    Worst,
}

const WORDS: [(&str, Measure); 4] = [
    ("MR", Measure::Genetic(Genetic::ModifiedRogers)),
    ("CE", Measure::Genetic(Genetic::CavalliSforzaEdwards)),
    ("GD", Measure::Gower),
    ("PD", Measure::Matrix),
];

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        match upper.as_str() {
            "SH" => return Ok(Self::Allelic(Allelic::Shannon)),
            "HE" => return Ok(Self::Allelic(Allelic::Heterozygosity)),
            "CV" => return Ok(Self::Allelic(Allelic::Coverage)),
            _ => {}
        }
        let wrong = || {
            format!(
                "there is no objective '{text}'; write EN, AN or EE with a distance (EN-MR, AN-CE, EE-GD, EN-PD), or SH, \
                 HE or CV"
            )
        };
        let (kind, word) = upper.split_once('-').ok_or_else(wrong)?;
        let measure = WORDS.iter().find(|(name, _)| *name == word).ok_or_else(wrong)?.1;
        match kind {
            "EN" => Ok(Self::EntryNearest(measure)),
            "AN" => Ok(Self::AccessionNearest(measure)),
            "EE" => Ok(Self::EntryEntry(measure)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WORDS.iter().find(|(_, own)| own == self).map_or("", |(name, _)| name))
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntryNearest(measure) => write!(f, "EN-{measure}"),
            Self::AccessionNearest(measure) => write!(f, "AN-{measure}"),
            Self::EntryEntry(measure) => write!(f, "EE-{measure}"),
            Self::Allelic(Allelic::Shannon) => f.write_str("SH"),
            Self::Allelic(Allelic::Heterozygosity) => f.write_str("HE"),
            Self::Allelic(Allelic::Coverage) => f.write_str("CV"),
        }
    }
}

impl FromStr for Weighted {
    type Err = String;

    /// An objective, or an objective and its weight: `EN-MR` or `EN-MR=0.5`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, weight) = text.split_once('=').unwrap_or((text, "1"));
        let weight: f64 =
            weight.parse().map_err(|_| format!("'{weight}' is no weight; write a number above 0"))?;
        if !(weight > 0.0 && weight.is_finite()) {
            return Err(format!("the weight {weight} is not above 0; leave the objective out instead"));
        }
        Ok(Self { objective: name.parse()?, weight })
    }
}

impl Objective {
    /// The distance that it goes by.
    pub fn measure(self) -> Option<Measure> {
        match self {
            Self::EntryNearest(own) | Self::AccessionNearest(own) | Self::EntryEntry(own) => Some(own),
            Self::Allelic(_) => None,
        }
    }

    /// Whether small values are good.
    pub fn is_minimised(self) -> bool {
        matches!(self, Self::AccessionNearest(_))
    }

    /// What it is, in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::EntryNearest(_) => "entry to nearest entry",
            Self::AccessionNearest(_) => "accession to nearest entry",
            Self::EntryEntry(_) => "entry to entry",
            Self::Allelic(Allelic::Shannon) => "Shannon's index",
            Self::Allelic(Allelic::Heterozygosity) => "expected heterozygosity",
            Self::Allelic(Allelic::Coverage) => "alleles kept",
        }
    }

    /// All objectives that a collection has what they need for; distances of alleles by Modified Rogers.
    pub fn all_of(collection: &Collection) -> Vec<Self> {
        let measures = [
            collection.alleles.as_ref().map(|_| Measure::Genetic(Genetic::ModifiedRogers)),
            collection.traits.as_ref().map(|_| Measure::Gower),
            collection.matrix.as_ref().map(|_| Measure::Matrix),
        ];
        let distances = measures
            .into_iter()
            .flatten()
            .flat_map(|own| [Self::EntryNearest(own), Self::AccessionNearest(own), Self::EntryEntry(own)]);
        let kinds = [Allelic::Shannon, Allelic::Heterozygosity, Allelic::Coverage].map(Self::Allelic);
        distances.chain(kinds.into_iter().filter(|_| collection.alleles.is_some())).collect()
    }

    pub(crate) fn check(self, collection: &Collection) -> Result<(), GenotypeError> {
        let needs = match self.measure() {
            Some(Measure::Gower) if collection.traits.is_none() => "traits; give --traits",
            Some(Measure::Matrix) if collection.matrix.is_none() => "a matrix of distances; give --distances",
            Some(Measure::Genetic(_)) | None if collection.alleles.is_none() => {
                "genotypes; give a file of genotypes or --frequencies"
            }
            _ => return Ok(()),
        };
        Err(GenotypeError::Request(format!("the objective {self} needs {needs}")))
    }
}

impl MissingRule {
    /// What it means for an objective. Where nothing is missing all rules are one.
    pub(crate) fn of(self, objective: Objective, collection: &Collection, measure: Measure) -> Missing {
        let is_complete = match measure {
            Measure::Genetic(_) => collection.alleles.as_ref().is_none_or(|own| own.missing() == 0),
            Measure::Gower => collection.traits.as_ref().is_none_or(|own| own.missing() == 0),
            Measure::Matrix => true,
        };
        match self {
            Self::Worst if !is_complete && objective.is_minimised() => Missing::Farthest,
            Self::Worst if !is_complete => Missing::Nearest,
            _ => Missing::Shared,
        }
    }
}

/// Distances of all pairs: 32-bit numbers to search, and each pair at full accuracy.
pub(crate) struct Distances<'a> {
    pub(crate) square: Square,
    exact: Exact<'a>,
}

enum Exact<'a> {
    Genetic(GeneticDistance<'a>),
    Gower(&'a Collection, Missing),
    Matrix(&'a Collection),
}

impl<'a> Distances<'a> {
    pub(crate) fn new(collection: &'a Collection, measure: Measure, missing: Missing) -> Self {
        match (measure, &collection.alleles) {
            (Measure::Genetic(kind), Some(table)) => {
                let exact = GeneticDistance::new(table, kind, missing);
                Self { square: exact.square(), exact: Exact::Genetic(exact) }
            }
            (Measure::Gower, _) => {
                let square = collection.traits.as_ref().map(|traits| traits.square(missing));
                Self { square: square.unwrap_or_default(), exact: Exact::Gower(collection, missing) }
            }
            _ => {
                let matrix = collection.matrix.as_ref();
                let get = |i: usize, j: usize| matrix.map_or(0.0, |matrix| matrix.get(i, j));
                let square = Square::from_pairs(collection.names.len(), false, get);
                Self { square, exact: Exact::Matrix(collection) }
            }
        }
    }

    /// A distance at full accuracy.
    pub(crate) fn pair(&self, i: usize, j: usize) -> f64 {
        if i == j {
            return 0.0;
        }
        match &self.exact {
            Exact::Genetic(own) => own.pair(i, j),
            Exact::Gower(collection, missing) => {
                collection.traits.as_ref().map_or(0.0, |traits| traits.gower(i, j, *missing))
            }
            Exact::Matrix(collection) => collection.matrix.as_ref().map_or(0.0, |matrix| matrix.get(i, j)),
        }
    }

    /// The nearest entry of an accession and its distance; with `is_other`, of the entries but itself.
    pub(crate) fn nearest(&self, i: usize, members: &[usize], is_other: bool) -> (usize, f64) {
        let row = self.square.row(i);
        let others = || members.iter().copied().filter(|&j| !(is_other && j == i));
        let least = others().map(|j| row[j]).fold(f32::INFINITY, f32::min);
        let near = others().filter(|&j| row[j] <= least * (1.0 + 1e-6));
        let best = near
            .map(|j| (j, self.pair(i, j)))
            .reduce(|best, next| if next.1 < best.1 || next.0 == i { next } else { best });
        best.unwrap_or((i, 0.0))
    }
}
