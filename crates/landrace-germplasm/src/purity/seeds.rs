//! Single seeds or plants against the profile of the variety that they should be.

use landrace_genotypes::GenotypeError;
use landrace_genotypes::plane::MISSING;

use crate::identity::{Genotypes, MarkerRow};

/// What a seed may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The variety.
    True,
    /// A self of the hybrid's female parent.
    SelfOfFemale,
    /// A self of the hybrid's male parent.
    SelfOfMale,
    /// One gamete of the variety (of a hybrid: of its female parent) and one of foreign pollen.
    Outcross,
    /// An unrelated plant of the population.
    Other,
}

impl Class {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::True, Self::SelfOfFemale, Self::SelfOfMale, Self::Outcross, Self::Other];

    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "true_to_type",
            Self::SelfOfFemale => "self_of_female",
            Self::SelfOfMale => "self_of_male",
            Self::Outcross => "outcross",
            Self::Other => "other",
        }
    }
}

/// How seeds are told.
#[derive(Clone, Copy, Debug)]
pub struct SeedOptions {
    /// Chance that a call is wrong; it is then any other genotype, all alike.
    pub error: f64,
    /// Share of off-types before a seed is looked at, split evenly over the kinds.
    pub prior: f64,
    /// Probability from which a seed is called one or the other.
    pub sure: f64,
    /// Markers with a call, at least.
    pub min_markers: u32,
}

impl Default for SeedOptions {
    fn default() -> Self {
        Self { error: 0.01, prior: 0.05, sure: 0.95, min_markers: 8 }
    }
}

/// What a variety has at each variant, and its parents if it is a hybrid.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The variety's dosages: of several samples, the commonest call.
    pub variety: Vec<u8>,
    /// The hybrid's female and male parent.
    pub parents: Option<[Vec<u8>; 2]>,
    /// Frequency of the counted allele among what seeds may be mixed with, one copy of each allele added.
    pub frequencies: Vec<f64>,
    /// The same without any copy added, where what the lot is mixed with is known; `None` where it has no call.
    pub foreign: Option<Vec<Option<f64>>>,
    /// Ploidy at each variant.
    pub ploidy: Vec<u8>,
}

/// Whose profile it is: samples by index.
#[derive(Clone, Debug, Default)]
pub struct ProfileOf {
    /// Samples of the variety.
    pub variety: Vec<usize>,
    /// Samples of the hybrid's female and male parents.
    pub parents: [Vec<usize>; 2],
    /// Samples that stand for what seeds may be mixed with; without any, both alleles count as equally common.
    pub others: Vec<usize>,
    /// Whether the lot is known to be mixed with those, rather than with something like them.
    pub is_known: bool,
}

impl Profile {
    /// Reads a profile from markers of two alleles, by the samples of the library. Without samples of the variety, a
    /// hybrid's is made from its parents where both are homozygous.
    ///
    /// # Errors
    /// Returns an error if there are neither samples of the variety nor of both parents.
    pub(crate) fn of_rows<'a>(
        rows: impl Iterator<Item = &'a MarkerRow>,
        of: &ProfileOf,
    ) -> Result<Self, GenotypeError> {
        let has_parents = of.parents.iter().all(|own| !own.is_empty());
        if of.variety.is_empty() && !has_parents {
            return Err(GenotypeError::Request(
                "no profile to compare with; name samples of the variety with --variety, or of a hybrid's parents with \
                 --female and --male"
                    .to_owned(),
            ));
        }
        let mut out = Self::default();
        let mut parents = [Vec::new(), Vec::new()];
        let mut foreign = Vec::new();
        for row in rows {
            let Genotypes::Dosage { ploidy } = row.genotypes else { continue };
            let codes: Vec<u8> =
                row.library.iter().map(|&code| u8::try_from(code).unwrap_or(MISSING)).collect();
            let of_parents = [0, 1].map(|side| consensus(&codes, &of.parents[side], ploidy));
            let own = consensus(&codes, &of.variety, ploidy);
            out.variety.push(if of.variety.is_empty() { hybrid(of_parents, ploidy) } else { own });
            parents.iter_mut().zip(of_parents).for_each(|(list, code)| list.push(code));
            let [copies, all] = copies(&codes, &of.others, ploidy);
            out.frequencies.push((copies + 1.0) / (all + 2.0));
            foreign.push((all > 0.0).then(|| copies / all));
            out.ploidy.push(ploidy);
        }
        out.parents = has_parents.then_some(parents);
        out.foreign = of.is_known.then_some(foreign);
        Ok(out)
    }

    /// Expected shares of the counted allele at a marker: of a pure lot, and of foreign seeds alone, which are those
    /// that it is known to be mixed with, or selfs of a hybrid's female parent, or as the frequencies have it. `None`
    /// where either is not known.
    pub(crate) fn expected(&self, at: usize) -> Option<(f64, f64)> {
        let share = |code: u8| (code != MISSING).then(|| f64::from(code) / f64::from(self.ploidy[at]));
        let pure = share(self.variety[at])?;
        let foreign = match (&self.foreign, &self.parents) {
            (Some(known), _) => known[at]?,
            (None, Some([female, _])) => share(female[at])?,
            (None, None) => self.frequencies[at],
        };
        Some((pure, foreign))
    }

    /// Whether reads of the counted allele are marked: those that foreign seeds have more of.
    pub(crate) fn marks_second(&self, at: usize) -> bool {
        self.expected(at).is_some_and(|(pure, foreign)| foreign >= pure)
    }

    /// Variants at which the variety has a call.
    pub fn known(&self) -> usize {
        self.variety.iter().filter(|code| **code != MISSING).count()
    }
}

/// The commonest call of some samples; missing if two are as common.
fn consensus(codes: &[u8], samples: &[usize], ploidy: u8) -> u8 {
    let mut counts = vec![0u32; usize::from(ploidy) + 1];
    samples.iter().map(|&s| codes[s]).filter(|&c| c != MISSING).for_each(|c| counts[usize::from(c)] += 1);
    let most = counts.iter().copied().max().unwrap_or(0);
    let mut best = (0..=ploidy).filter(|&code| counts[usize::from(code)] == most);
    match (most, best.next(), best.next()) {
        (1.., Some(code), None) => code,
        _ => MISSING,
    }
}

/// The genotype of a cross of homozygous parents, else missing.
fn hybrid([a, b]: [u8; 2], ploidy: u8) -> u8 {
    let is_homozygous = |code: u8| code != MISSING && code.is_multiple_of(ploidy);
    if is_homozygous(a) && is_homozygous(b) && ploidy.is_multiple_of(2) { a.midpoint(b) } else { MISSING }
}

/// Copies of the counted allele among some samples, and of both.
fn copies(codes: &[u8], samples: &[usize], ploidy: u8) -> [f64; 2] {
    let known = samples.iter().map(|&s| codes[s]).filter(|&c| c != MISSING);
    known.fold([0.0, 0.0], |[x, n], c| [x + f64::from(c), n + f64::from(ploidy)])
}

/// A seed against the profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Seed {
    /// Variants compared.
    pub compared: u32,
    /// Calls that are not the variety's.
    pub different: u32,
    /// Probabilities of [`Class::ALL`]; zero for those that cannot be.
    pub posterior: [f64; 5],
    /// What it is called; `None` if unsure, or too few variants.
    pub class: Option<Class>,
}

impl Seed {
    /// The likeliest class.
    pub fn likeliest(&self) -> Class {
        let best =
            (0..5).fold(0, |best, at| if self.posterior[at] > self.posterior[best] { at } else { best });
        Class::ALL[best]
    }
}

/// Tells what each seed is. `codes` gives a seed's calls by variant.
pub fn classify(profile: &Profile, codes: &[u8], options: &SeedOptions) -> Seed {
    let mut logs = [0.0f64; 5];
    let (mut compared, mut different) = (0u32, 0u32);
    for (at, &own) in codes.iter().enumerate() {
        if own == MISSING || profile.variety[at] == MISSING {
            continue;
        }
        compared += 1;
        different += u32::from(own != profile.variety[at]);
        let chances = class_chances(profile, at, own);
        let ploidy = f64::from(profile.ploidy[at]);
        for (log, chance) in logs.iter_mut().zip(chances) {
            // A wrong call is any of the other genotypes.
            *log += (chance * (1.0 - options.error) + (1.0 - chance) * options.error / ploidy).ln();
        }
    }
    let is_hybrid = profile.parents.is_some();
    let can_be = [true, is_hybrid, is_hybrid, true, true];
    let kinds = can_be.iter().filter(|can| **can).count() as f64 - 1.0;
    let prior = |at: usize| match (at, can_be[at]) {
        (_, false) => 0.0,
        (0, _) => 1.0 - options.prior,
        _ => options.prior / kinds,
    };
    let most = (0..5).filter(|&at| can_be[at]).map(|at| logs[at]).fold(f64::NEG_INFINITY, f64::max);
    let weights: [f64; 5] = std::array::from_fn(|at| prior(at) * (logs[at] - most).exp());
    let total: f64 = weights.iter().sum();
    let posterior = weights.map(|weight| weight / total);
    let mut out = Seed { compared, different, posterior, class: None };
    if compared >= options.min_markers {
        if posterior[0] >= options.sure {
            out.class = Some(Class::True);
        } else if 1.0 - posterior[0] >= options.sure {
            out.class = Class::ALL[1..]
                .iter()
                .copied()
                .max_by(|a, b| posterior[*a as usize].total_cmp(&posterior[*b as usize]));
        }
    }
    out
}

/// The chance of a genotype at a variant under each class, without error.
fn class_chances(profile: &Profile, at: usize, own: u8) -> [f64; 5] {
    let (ploidy, p) = (profile.ploidy[at], profile.frequencies[at]);
    let unrelated = binomial_dosage(own, ploidy, p);
    let of_self =
        |code: u8| if code == MISSING { unrelated } else { cross(own, Some(code), Some(code), ploidy, p) };
    let parents = profile.parents.as_ref().map(|own| [own[0][at], own[1][at]]);
    let mother = parents.map_or(profile.variety[at], |own| own[0]);
    [
        f64::from(u8::from(own == profile.variety[at])),
        parents.map_or(0.0, |own| of_self(own[0])),
        parents.map_or(0.0, |own| of_self(own[1])),
        cross(own, (mother != MISSING).then_some(mother), None, ploidy, p),
        unrelated,
    ]
}

fn choose(n: u8, k: u8) -> f64 {
    if k > n { 0.0 } else { (0..k).fold(1.0, |out, i| out * f64::from(n - i) / f64::from(i + 1)) }
}

fn binomial_dosage(own: u8, ploidy: u8, p: f64) -> f64 {
    choose(ploidy, own) * p.powi(i32::from(own)) * (1.0 - p).powi(i32::from(ploidy - own))
}

/// The chance of a genotype from two gametes, those of unknown parents drawn from the frequency. A ploidy that has no
/// halves is unrelated.
fn cross(own: u8, mother: Option<u8>, father: Option<u8>, ploidy: u8, p: f64) -> f64 {
    if !ploidy.is_multiple_of(2) {
        return binomial_dosage(own, ploidy, p);
    }
    let half = ploidy / 2;
    let gamete = |parent: Option<u8>, g: u8| match parent {
        Some(d) => choose(d, g) * choose(ploidy - d, half - g) / choose(ploidy, half),
        None => binomial_dosage(g, half, p),
    };
    (0..=half.min(own)).filter(|g| own - g <= half).map(|g| gamete(mother, g) * gamete(father, own - g)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(variety: Vec<u8>, parents: Option<[Vec<u8>; 2]>) -> Profile {
        let n = variety.len();
        Profile { variety, parents, frequencies: vec![0.5; n], foreign: None, ploidy: vec![2; n] }
    }

    #[test]
    fn off_types_are_told_by_their_kind() {
        let own = profile(vec![0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2], None);
        let options = SeedOptions::default();
        let kind = |codes: &[u8]| classify(&own, codes, &options).class;
        assert_eq!(kind(&own.variety), Some(Class::True));
        let mut one_wrong = own.variety.clone();
        one_wrong[3] = 0;
        assert_eq!(kind(&one_wrong), Some(Class::True));
        assert_eq!(kind(&[1, 1, 0, 2, 1, 1, 0, 1, 0, 2, 1, 2]), Some(Class::Outcross));
        assert_eq!(kind(&[2, 0, 2, 0, 1, 2, 2, 1, 0, 0, 2, 0]), Some(Class::Other));
        assert_eq!(kind(&[MISSING; 12]), None);
        assert_eq!(
            kind(&[0, 2, 0, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING]),
            None
        );
    }

    #[test]
    fn hybrids_are_told_from_selfs() {
        let (female, male) = (vec![0u8; 10], vec![2u8; 10]);
        let own = profile(vec![1; 10], Some([female.clone(), male]));
        let options = SeedOptions::default();
        assert_eq!(classify(&own, &[1; 10], &options).class, Some(Class::True));
        assert_eq!(classify(&own, &female, &options).class, Some(Class::SelfOfFemale));
        let outcross = classify(&own, &[1, 0, 1, 0, 0, 1, 1, 0, 1, 0], &options);
        assert_eq!(outcross.class, Some(Class::Outcross));
        assert!((outcross.posterior.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
