//! What a pedigree tells of a population's past: generations, completeness, founders, inbreeding over time.

use std::collections::BTreeMap;

use super::{Kinship, Pedigree, UNKNOWN};

/// How far each individual's pedigree goes back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The longest way back to a founder; 0 for founders.
    pub generation: Vec<u32>,
    /// The shortest way back to an unknown parent: generations that are known completely.
    pub complete: Vec<u32>,
    /// Equivalent complete generations: the sum of (1/2)^n over the known ancestors, n generations back (Maignel et
    /// al. 1996).
    pub equivalent: Vec<f64>,
}

impl History {
    /// Looks back from each individual.
    pub fn of(pedigree: &Pedigree) -> Self {
        let mut own = Self::default();
        for parents in &pedigree.parents {
            let known = || parents.iter().filter(|parent| **parent != UNKNOWN).map(|&parent| parent as usize);
            own.generation.push(known().map(|parent| own.generation[parent] + 1).max().unwrap_or(0));
            let is_complete = known().count() == 2;
            let complete = known().map(|parent| own.complete[parent] + 1).min().filter(|_| is_complete);
            own.complete.push(complete.unwrap_or(0));
            let equivalent = known().fold(0.0, |sum, parent| sum + (own.equivalent[parent] + 1.0) / 2.0);
            own.equivalent.push(equivalent);
        }
        own
    }
}

/// What the living descend from: founders and their shares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Founders {
    /// Founders by number and their share of the genes, the largest first.
    pub shares: Vec<(u32, f64)>,
    /// Share of the genes that comes from unknown parents of individuals with one known parent.
    pub unnamed: f64,
    /// How many founders of equal shares would leave as much: 1 / sum of squared shares (Lacy 1989). Each unknown
    /// parent of an individual with one known parent is a founder.
    pub effective: f64,
}

impl Founders {
    /// Shares of the founders in the individuals given.
    pub fn of(pedigree: &Pedigree, individuals: &[u32]) -> Self {
        let mut share = vec![0.0; pedigree.len()];
        let part = 1.0 / individuals.len().max(1) as f64;
        individuals.iter().for_each(|&own| share[own as usize] += part);
        let (mut shares, mut unnamed, mut squares) = (Vec::new(), 0.0, 0.0);
        for own in (0..pedigree.len()).rev() {
            if share[own] == 0.0 {
                continue;
            }
            let parents = pedigree.parents[own];
            if parents == [UNKNOWN; 2] {
                shares.push((own as u32, share[own]));
                squares += share[own] * share[own];
                continue;
            }
            let half = share[own] / 2.0;
            for parent in parents {
                match parent {
                    UNKNOWN => {
                        unnamed += half;
                        squares += half * half;
                    }
                    parent => share[parent as usize] += half,
                }
            }
        }
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Self { shares, unnamed, effective: if squares > 0.0 { 1.0 / squares } else { 0.0 } }
    }
}

/// Inbreeding of those born in one year, or of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cohort {
    /// Individuals.
    pub count: u64,
    /// Sum of their inbreeding coefficients.
    pub sum: f64,
    /// The highest.
    pub max: f64,
    /// Sum of their equivalent complete generations.
    pub equivalent: f64,
}

impl Cohort {
    /// The mean.
    pub fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}

/// Inbreeding by year of birth, of those whose birth is known.
pub fn by_year(kinship: &Kinship<'_>, history: &History) -> BTreeMap<i32, Cohort> {
    let births = &kinship.pedigree.births;
    cohorts(kinship, history, |own| births[own].map(super::Birth::year))
}

/// Inbreeding by generation.
pub fn by_generation(kinship: &Kinship<'_>, history: &History) -> BTreeMap<u32, Cohort> {
    cohorts(kinship, history, |own| Some(history.generation[own]))
}

fn cohorts<K: Ord>(
    kinship: &Kinship<'_>,
    history: &History,
    key: impl Fn(usize) -> Option<K>,
) -> BTreeMap<K, Cohort> {
    let mut out: BTreeMap<K, Cohort> = BTreeMap::new();
    for own in 0..kinship.pedigree.len() {
        let Some(key) = key(own) else { continue };
        let inbreeding = kinship.inbreeding(own);
        let cohort = out.entry(key).or_default();
        cohort.count += 1;
        cohort.sum += inbreeding;
        cohort.max = cohort.max.max(inbreeding);
        cohort.equivalent += history.equivalent[own];
    }
    out
}

/// Effective size of the population from the rise of each individual's inbreeding over its equivalent generations
/// (Gutierrez et al. 2009), of those with two and more; `None` if none of them is inbred, or too little is known.
pub fn effective_size(kinship: &Kinship<'_>, history: &History, individuals: &[u32]) -> Option<f64> {
    let rise = |&own: &u32| {
        let equivalent = history.equivalent[own as usize];
        let inbreeding = kinship.inbreeding(own as usize);
        (equivalent >= 2.0).then(|| 1.0 - (1.0 - inbreeding).powf(1.0 / (equivalent - 1.0)))
    };
    let rises: Vec<f64> = individuals.iter().filter_map(rise).collect();
    let mean = rises.iter().sum::<f64>() / rises.len().max(1) as f64;
    (mean > 1e-9).then(|| 1.0 / (2.0 * mean))
}
