//! Multi-locus models: markers that stand for causal ones (pseudo-QTN) are found round by round and taken into the model
//! beside which all markers are tested.
//!
//! - BLINK (Huang et al. 2019, GigaScience 8:giy154): markers that pass, best first, each with |r| ≥ 0.7 to a better one
//!   left out; the first so many by the Bayesian information criterion;
//! - FarmCPU (Liu et al. 2016, PLoS Genet. 12:e1005767): the best markers of bins of the genome; their size and number by
//!   the restricted likelihood of the model in which these markers are the random effect;
//! - MLMM: BLINK's choice beside a relationship, the variance ratio fitted anew with each set of pseudo-QTN (after Segura
//!   et al. 2012, Nat. Genet. 44:825, whose choice is forward and backward).
//!
//! A marker is tested beside all pseudo-QTN but those that it could stand for: |r| ≥ 0.7 and within the window, or, at any
//! distance, if they explain it. A pseudo-QTN's own test is thus that beside the others. p-values do not know that the
//! others were chosen.

use std::collections::BTreeSet;

use landrace_genotypes::relationship::SampleMatrix;
use landrace_genotypes::{GenotypeError, GenotypeSource};

use super::Method;
use super::coding::{Coder, Marker};
use super::frame::TraitData;
use super::loco::GroupData;
use super::marker_test::MarkerTest;
use super::points::Association;
use super::scan::Scanned;
use crate::mixed_model::ModelError;

mod basis;
mod blink;
mod candidates;
mod farmcpu;
mod joint;
mod space;

use joint::{JointFrame, JointModel, Pseudo};
use space::Space;

/// Scans at most.
const ROUNDS: usize = 10;

/// Candidates pass this over the number of markers tested (FarmCPU: the best one of the first round). BLINK's and FarmCPU's
/// authors take 0.01 without a relationship, whose absence makes p-values too small; beside one 0.05 is what it says.
pub fn gate(method: Method) -> f64 {
    if method.has_relationship() { 0.05 } else { 0.01 }
}

/// Markers correlated by this much or more stand for the same cause.
const ALIKE: f64 = 0.7;

/// How pseudo-QTN are looked for.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// [`Method::Blink`], [`Method::FarmCpu`] or [`Method::Mlmm`].
    pub method: Method,
    /// How markers are coded and which are looked at.
    pub scanned: Scanned<'a>,
    /// Bases within which a marker may stand for a pseudo-QTN.
    pub window: u64,
}

/// A pseudo-QTN.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The marker.
    pub marker: Marker,
    /// Its test beside the other pseudo-QTN.
    pub association: Association,
    /// Share of the variance beside the covariates that it alone explains (of whitened values, if there is a
    /// relationship): what would be lost without it.
    pub share: f64,
    /// The round that it was taken in, from 1.
    pub round: usize,
}

/// How the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last round chose what the one before it had chosen.
    Settled,
    /// A set came again that was not the last one.
    Circle,
    /// The rounds were over.
    Rounds,
    /// The next set would leave nothing of the trait to be explained; the last model that leaves something is kept.
    Explained,
}

/// What was found for one trait.
pub struct MultiLocus {
    /// The model to test markers in.
    pub frame: Box<dyn MarkerTest>,
    /// The pseudo-QTN, the best first.
    pub chosen: Vec<Chosen>,
    /// Share of the variance beside the covariates that they explain together.
    pub share: f64,
    /// Scans that were made.
    pub rounds: usize,
    /// How it ended.
    pub end: End,
}

/// What goes wrong in the search.
#[derive(Debug)]
pub enum SearchError {
    /// Reading the genotypes.
    Genotypes(GenotypeError),
    /// The model of this trait of the group.
    Model(usize, ModelError),
}

impl From<GenotypeError> for SearchError {
    fn from(error: GenotypeError) -> Self {
        Self::Genotypes(error)
    }
}

/// Opens the genotypes once more.
pub type Open<'a> = &'a dyn Fn() -> Result<Box<dyn GenotypeSource>, GenotypeError>;

/// A trait on its way.
struct Job<'a> {
    of: &'a TraitData,
    model: JointModel,
    seen: Vec<BTreeSet<Key>>,
    rounds: usize,
    end: Option<End>,
}

/// What tells a marker from others.
type Key = (String, Option<u64>, String, String);

fn key(marker: &Marker) -> Key {
    (marker.contig.to_string(), marker.position, marker.id.to_string(), marker.effect.to_string())
}

/// Pseudo-QTN that n samples bear: n / ln n, rounded down, and never so many that no two degrees of freedom are left.
fn most(samples: usize, covariates: usize) -> usize {
    let n = samples as f64;
    ((n / n.ln()) as usize).min(samples.saturating_sub(covariates + 3))
}

/// Finds the pseudo-QTN of each trait of a group. Each round reads the genotypes once to test all markers beside those chosen
/// so far, for all traits together, and once more for the columns of new candidates. It ends when a set comes again, at
/// the latest after ten rounds. `kinship` is for [`Method::Mlmm`] alone. Memory: 8 bytes for each of up to 1,000
/// candidates, sample and trait.
///
/// # Errors
/// Returns an error if the genotypes cannot be read or a trait has no model.
pub fn multi_locus(
    open: Open<'_>,
    data: &GroupData<'_>,
    kinship: Option<&SampleMatrix>,
    search: Search<'_>,
) -> Result<Vec<MultiLocus>, SearchError> {
    let part = kinship.map(|kinship| kinship.subset(data.samples));
    let space = Space::new(part.as_ref(), data.weights).map_err(|error| SearchError::Model(0, error))?.into();
    let coder = Coder { samples: data.samples, coding: search.scanned.coding, filter: search.scanned.filter };
    let mut jobs = Vec::new();
    for (index, of) in data.traits.iter().enumerate() {
        let model = JointModel::first(&space, (&of.values, data.covariates), search.window)
            .map_err(|error| SearchError::Model(index, error))?;
        jobs.push(Job { of, model, seen: vec![BTreeSet::new()], rounds: 0, end: None });
    }
    while jobs.iter().any(|job| job.end.is_none()) {
        let mut active: Vec<&mut Job<'_>> = jobs.iter_mut().filter(|job| job.end.is_none()).collect();
        let models: Vec<&JointModel> = active.iter().map(|job| &job.model).collect();
        let proposals = candidates::of_round((open, &coder), &models, search.method)?;
        for (job, proposal) in active.iter_mut().zip(proposals) {
            let next = match search.method {
                Method::FarmCpu => farmcpu::choose(&job.model, proposal, job.rounds == 0),
                _ => blink::choose(&job.model, proposal),
            };
            job.go_on(next);
        }
    }
    Ok(jobs.into_iter().map(Job::finish).collect())
}

impl Job<'_> {
    /// Takes the set that a round chose.
    fn go_on(&mut self, mut next: Vec<Pseudo>) {
        self.rounds += 1;
        let keys: BTreeSet<Key> = next.iter().map(|own| key(&own.marker)).collect();
        if self.seen.contains(&keys) {
            let is_last = self.seen.last() == Some(&keys);
            self.end = Some(if is_last { End::Settled } else { End::Circle });
            return;
        }
        self.seen.push(keys);
        let held: Vec<(Key, usize)> =
            self.model.pseudo().iter().map(|own| (key(&own.marker), own.round)).collect();
        for own in &mut next {
            let before = held.iter().find(|held| held.0 == key(&own.marker));
            own.round = before.map_or(self.rounds, |held| held.1);
        }
        match self.model.with(next) {
            Ok(model) => self.model = model,
            Err(_) => self.end = Some(End::Explained),
        }
        if self.rounds == ROUNDS {
            self.end = self.end.or(Some(End::Rounds));
        }
    }

    fn finish(self) -> MultiLocus {
        let mut chosen = self.model.own_tests();
        // Stable: equal ones stay in the order in which they were taken.
        chosen.sort_by(|a, b| a.association.ln_p.total_cmp(&b.association.ln_p));
        let (share, rounds) = (self.model.share(), self.rounds);
        let end = self.end.unwrap_or(End::Rounds);
        let frame = Box::new(JointFrame { name: self.of.name.clone(), model: self.model });
        MultiLocus { frame, chosen, share, rounds, end }
    }
}

#[cfg(test)]
mod tests;
