//! Ancestry: each sample as a mixture of K populations, by maximum likelihood (Alexander, Novembre and Lange 2009), at any
//! and mixed ploidy. A gene copy of sample i is allele j of a variant with chance h = Σ q_ik f_kj: a variant of two alleles
//! is binomial, one of more (a microsatellite) multinomial. Missing calls say nothing.

use std::sync::Arc;

use landrace_genotypes::{GenotypeError, GenotypeSource};

mod calls;
mod fit;
pub mod frequencies;
mod kernel;
pub mod matching;
mod random;
mod read;
mod start;
mod step;
pub mod study;
#[cfg(test)]
mod tests;
pub mod validate;

use crate::diversity::Grouping;
use calls::Calls;
use fit::{Fit, Free, Limits, fit};
use frequencies::Frequencies;
use random::Stream;
pub use read::Account;
use step::{Model, log_likelihood, step_variants};

/// A fit ends when a sweep gains less than a tenth of this.
const TOLERANCE: f64 = 0.01;

/// A panel ready for fitting: variants that vary, one byte a call (or a call and allele, where there are more than two) in
/// two layouts.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Names of the samples.
    pub samples: Arc<[String]>,
    /// What each column of the frequencies counts: contig, position (0 if unknown), id, allele, and the other allele, `.`
    /// where the other alleles have columns of their own.
    pub columns: Vec<String>,
    /// What became of the variants.
    pub account: Account,
    /// Whether each sample has any call.
    pub is_typed: Vec<bool>,
    calls: Calls,
}

/// How fits are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Starts, of which the best is kept.
    pub starts: usize,
    /// Seed of the starts, and of the calls that cross-validation hides.
    pub seed: u64,
    /// Sweeps over samples and variants at most.
    pub sweeps: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { starts: 1, seed: 1, sweeps: 1000 }
    }
}

/// One start of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Log-likelihood without the coefficients of the binomials.
    pub likelihood: f64,
    /// Sweeps over samples and variants.
    pub sweeps: usize,
    /// Whether the last sweeps gained next to nothing; else it was stopped.
    pub has_converged: bool,
    /// How alike its ancestries are to those of the best start: G' of [`matching`], 1 for equal ones.
    pub similarity: f64,
}

/// Fitted ancestries.
#[derive(Clone, Debug)]
pub struct Ancestry {
    /// Names of the populations: A1, A2 ... or those of known groups.
    pub names: Vec<String>,
    /// `shares[sample][population]`, in all 1; `None` for a sample without calls, of which nothing can be said.
    pub shares: Vec<Option<Vec<f64>>>,
    /// `frequencies[population][column]`, from 10⁻⁶ to 1 − 10⁻⁶.
    pub frequencies: Vec<Vec<f32>>,
    /// The starts, in their order.
    pub runs: Vec<Run>,
    /// The start that is kept.
    pub best: usize,
    /// Its log-likelihood before each sweep.
    pub trace: Vec<f64>,
}

impl Ancestry {
    /// The start that is kept.
    pub fn run(&self) -> Run {
        self.runs[self.best]
    }

    /// Puts the populations in the order in which they are most like those of another fit of no more populations, so that
    /// A1 is A1 there; those that are new follow.
    pub fn align_with(&mut self, other: &Self) {
        self.reorder(&matching::order_like(&other.shares, &self.shares));
    }

    fn reorder(&mut self, order: &[usize]) {
        for own in self.shares.iter_mut().flatten() {
            *own = order.iter().map(|&population| own[population]).collect();
        }
        self.frequencies = order.iter().map(|&population| self.frequencies[population].clone()).collect();
    }
}

impl Panel {
    /// Reads a source to its end. A sample without any call stays, and gets no ancestry.
    ///
    /// # Errors
    /// Returns the source's error, or one if no variant varies.
    pub fn read(source: &mut dyn GenotypeSource) -> Result<Self, GenotypeError> {
        Ok(read::read(source, None)?.0)
    }

    /// Fits `k` populations from several starts and keeps the best. The first start is from the corners of the principal
    /// components, the others from corners along random directions. The populations are in the order of their ancestry in
    /// all samples, the greatest first. One population needs no sweep.
    ///
    /// # Errors
    /// Returns an error if there are no populations, or more than samples with calls.
    pub fn fit(&self, k: usize, options: &Options) -> Result<Ancestry, GenotypeError> {
        self.check(k)?;
        let names = (1..=k).map(|k| format!("A{k}")).collect();
        let calls = &self.calls;
        let starts = if k == 1 { 1 } else { options.starts.max(1) };
        let places = match k {
            1 => vec![Vec::new(); self.samples.len()],
            _ => start::components(calls, k - 1, &mut Stream::of(options.seed, 0)),
        };
        let fits = (0..starts).map(|index| {
            let mut stream = Stream::of(options.seed, index as u64 + 1);
            let shares = start::ancestries(&places, k, (index > 0).then_some(&mut stream));
            fit_shares(calls, &shares, options.sweeps)
        });
        let mut ancestry = self.best_of(names, fits);
        ancestry.reorder(&matching::by_size(&ancestry.shares));
        Ok(ancestry)
    }

    /// Fits the populations that groups of samples are taken to be: the ancestries of these samples are wholly of their
    /// group, those of the others are found.
    ///
    /// # Errors
    /// Returns an error if no sample of a group has a call.
    pub fn fit_known(&self, groups: &Grouping, options: &Options) -> Result<Ancestry, GenotypeError> {
        let k = groups.len();
        let is_of = |group: usize, sample: usize| groups.of_samples[sample] == Some(group);
        for (group, name) in groups.names.iter().enumerate() {
            if !(0..self.samples.len()).any(|sample| is_of(group, sample) && self.is_typed[sample]) {
                let message =
                    format!("no sample of group '{name}' has a call; leave the group out, or add samples");
                return Err(GenotypeError::Request(message));
            }
        }
        let shares: Vec<Vec<f64>> = groups
            .of_samples
            .iter()
            .map(|group| match *group {
                Some(group) => (0..k).map(|own| if own == group { 1.0 } else { 0.0 }).collect(),
                None => even(k),
            })
            .collect();
        let is_free = |sample: usize| groups.of_samples[sample].is_none() && self.is_typed[sample];
        let mut model = self.model(&shares);
        step_variants(&self.calls, &mut model);
        let free = Free { samples: &is_free, variants: true };
        let limits = Limits { sweeps: options.sweeps, tolerance: TOLERANCE };
        let own = fit(&self.calls, model, &free, limits);
        Ok(self.best_of(groups.names.clone(), std::iter::once(own)))
    }

    /// Reads genotypes and puts each sample among populations whose frequencies are known. The samples do not sway each
    /// other: each gets what it would get alone.
    ///
    /// # Errors
    /// Returns the source's error, or one if none of the variants is known.
    pub fn project(
        source: &mut dyn GenotypeSource,
        known: &Frequencies,
        options: &Options,
    ) -> Result<(Self, Ancestry), GenotypeError> {
        let (panel, rows) = read::read(source, Some(known))?;
        let k = known.populations.len();
        let shares = vec![even(k); panel.samples.len()];
        let columns: Vec<usize> = panel.calls.variants().flatten().collect();
        let mut values = vec![vec![0.5; panel.calls.long]; k];
        for (&column, &row) in columns.iter().zip(&rows) {
            values.iter_mut().zip(known.row(row)).for_each(|(own, &value)| own[column] = value);
        }
        let mut model = Model::new(&panel.calls, &shares, |a, column| values[a][column]);
        model.bound_frequencies(&panel.calls);
        let is_free = |sample: usize| panel.is_typed[sample];
        let free = Free { samples: &is_free, variants: false };
        let own =
            fit(&panel.calls, model, &free, Limits { sweeps: options.sweeps, tolerance: TOLERANCE / 10.0 });
        let ancestry = panel.best_of(known.populations.clone(), std::iter::once(own));
        Ok((panel, ancestry))
    }

    /// Whether there may be so many populations.
    fn check(&self, k: usize) -> Result<(), GenotypeError> {
        let typed = self.is_typed.iter().filter(|&&is_typed| is_typed).count();
        if (1..=typed).contains(&k) {
            return Ok(());
        }
        let samples = if typed == 1 { "sample" } else { "samples" };
        let message = format!(
            "{k} populations, but {typed} {samples} with calls; -k may be from 1 to the number of samples"
        );
        Err(GenotypeError::Request(message))
    }

    fn model(&self, shares: &[Vec<f64>]) -> Model {
        let means: Vec<f32> = means(&self.calls);
        Model::new(&self.calls, shares, |_, column| means[column])
    }

    /// The best of some fits, and how alike the others are to it.
    fn best_of(&self, names: Vec<String>, fits: impl Iterator<Item = Fit>) -> Ancestry {
        let (mut runs, mut all, mut kept): (Vec<Run>, Vec<_>, Option<Fit>) = (Vec::new(), Vec::new(), None);
        let mut best = 0;
        for (index, own) in fits.enumerate() {
            let (likelihood, sweeps, has_converged) = (own.likelihood, own.sweeps, own.has_converged);
            runs.push(Run { likelihood, sweeps, has_converged, similarity: 1.0 });
            all.push(self.shares(&own.model));
            if kept.as_ref().is_none_or(|best| own.likelihood > best.likelihood) {
                (best, kept) = (index, Some(own));
            }
        }
        for (index, run) in runs.iter_mut().enumerate().filter(|(index, _)| *index != best) {
            let order = matching::order_like(&all[best], &all[index]);
            let alike: Vec<Option<Vec<f64>>> = all[index]
                .iter()
                .map(|own| own.as_ref().map(|own| order.iter().map(|&place| own[place]).collect()))
                .collect();
            run.similarity = matching::similarity(&all[best], &alike);
        }
        let (frequencies, trace) = kept.map_or((Vec::new(), Vec::new()), |fit| {
            let columns: Vec<usize> = self.calls.variants().flatten().collect();
            let of_columns = |own: &Vec<f32>| columns.iter().map(|&column| own[column]).collect();
            (fit.model.frequency.iter().map(of_columns).collect(), fit.trace)
        });
        let shares = all.get(best).cloned().unwrap_or_default();
        Ancestry { names, shares, frequencies, runs, best, trace }
    }

    fn shares(&self, model: &Model) -> Vec<Option<Vec<f64>>> {
        let share = |(sample, &is_typed): (usize, &bool)| {
            let row = model.sample(sample);
            let total: f64 = row.iter().map(|&x| f64::from(x)).sum();
            is_typed.then(|| row.iter().map(|&x| f64::from(x) / total).collect())
        };
        self.is_typed.iter().enumerate().map(share).collect()
    }
}

/// Fits everything from ancestries to start with. Samples without calls keep even shares.
fn fit_shares(calls: &Calls, shares: &[Vec<f64>], sweeps: usize) -> Fit {
    let k = shares.first().map_or(1, Vec::len);
    let is_typed: Vec<bool> = (0..calls.samples).map(|sample| calls.has_calls(sample)).collect();
    let own = |(shares, &is_typed): (&Vec<f64>, &bool)| if is_typed { shares.clone() } else { even(k) };
    let shares: Vec<Vec<f64>> = shares.iter().zip(&is_typed).map(own).collect();
    let means = means(calls);
    let mut model = Model::new(calls, &shares, |_, column| means[column]);
    model.bound_frequencies(calls);
    if k == 1 {
        // The shares of the alleles among all copies are the maximum.
        let likelihood = log_likelihood(calls, &model);
        return Fit { model, likelihood, sweeps: 0, has_converged: true, trace: vec![likelihood] };
    }
    step_variants(calls, &mut model);
    let free = Free { samples: &|sample| is_typed[sample], variants: true };
    fit(calls, model, &free, Limits { sweeps, tolerance: TOLERANCE })
}

/// The mean of each column.
fn means(calls: &Calls) -> Vec<f32> {
    let mut means = vec![0.5; calls.long];
    calls.variants().flatten().for_each(|column| means[column] = calls.mean(column));
    means
}

fn even(k: usize) -> Vec<f64> {
    vec![1.0 / k as f64; k]
}
