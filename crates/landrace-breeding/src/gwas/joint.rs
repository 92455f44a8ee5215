//! Several traits, or a trait in several environments, tested together.
//!
//! The model is Y = X B + g βᵀ + G + E with covariances Vg ⊗ K and Ve ⊗ I over d traits (Zhou and Stephens 2014). In the
//! directions of K's eigenvectors the samples are independent, each with covariance δ Vg + Ve, so that a marker's d effects
//! and their covariance come from products of matrices: samples × (d + c d²) a marker. Vg and Ve are those of the
//! model without markers (P3D); of promising markers, or of all if asked, they are estimated again with the marker in.
//!
//! Environments are traits of one name. Their covariances are free up to [`FREE`] environments; of more, line effects and
//! residuals are compound symmetric over environments brought to one variance: Vg and Ve have two numbers each, found by two
//! single-trait models, of the mean over environments and of its contrasts, which share the decomposition. The mean
//! effect is tested with one degree of freedom, the interaction (effects that differ) with d − 1.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;
use landrace_genotypes::significance::{ln_chi_squared_tail, ln_f_tail};

use super::coding::{Coded, Marker, MarkerAccount};
use super::frame::TraitData;
use super::loco::{GroupData, Kinships};
use super::marker_test::{Components, MarkerTest};
use super::points::Association;
use super::scan::Frames;
use crate::mixed_model::{ModelError, Spectrum};
use crate::multi_trait::{CovarianceError, Covariances, Refiner};

mod compound;
mod gls;
#[cfg(test)]
mod tests;

use gls::{Data, Estimate, Products};

/// Environments up to which their covariances are free.
pub const FREE: usize = 6;

/// p-value of the test at the model's covariances below which they are estimated again with the marker.
const PROMISING: f64 = 5e-3;

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JointTest {
    /// That any of the traits answers to the marker.
    Traits,
    /// That the mean over environments does, and that environments differ.
    Environments,
}

/// Of which markers the covariances are estimated again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refit {
    /// Of none.
    None,
    /// Of those with p below 0.005.
    Promising,
    /// Of all.
    All,
}

/// Why a joint model cannot be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JointError {
    /// Of one trait alone, by name.
    #[error("trait '{0}': {1}")]
    Trait(String, ModelError),
    /// The covariances.
    #[error(transparent)]
    Covariances(#[from] CovarianceError),
}

/// Traits of the same samples, tested together.
pub(super) struct JointFrame {
    test: JointTest,
    refit: Refit,
    negative: (usize, f64),
    spectrum: Spectrum,
    names: Vec<String>,
    data: Data,
    products: Products,
    covariances: Covariances,
    /// Where covariances are free and estimated again with markers.
    refiner: Option<Refiner>,
    /// Names of the tests.
    tests: Vec<String>,
    /// Whether Vg and Ve are free.
    is_free: bool,
    mean_value: f64,
}

impl Frames {
    /// Fits the joint model of a group's traits; those of several contigs in parallel. Weights are not taken.
    ///
    /// # Errors
    /// Returns an error if there is no relationship, a trait's own model cannot be fitted, or covariances cannot be
    /// estimated.
    pub fn fit_joint(
        kinships: &Kinships,
        data: &GroupData<'_>,
        (test, refit, name): (JointTest, Refit, &str),
    ) -> Result<Self, JointError> {
        Self::by_kinship(kinships, |kinship| {
            let part = kinship.map(|kinship| kinship.subset(data.samples));
            let frame = JointFrame::new(part.as_ref(), data, (test, refit, name))?;
            Ok(Box::new(frame) as Box<dyn MarkerTest>)
        })
    }
}

impl JointFrame {
    fn new(
        kinship: Option<&SampleMatrix>,
        group: &GroupData<'_>,
        (test, refit, name): (JointTest, Refit, &str),
    ) -> Result<Self, JointError> {
        let of_first =
            |error| JointError::Trait(group.traits.first().map_or("", |own| &own.name).to_owned(), error);
        let kinship = kinship.ok_or_else(|| {
            of_first(ModelError::Kinship("joint tests need a relationship of the samples".to_owned()))
        })?;
        let spectrum = Spectrum::of(&kinship.centred()).map_err(of_first)?;
        let data = Data::of(&spectrum, group.covariates, group.traits)
            .map_err(|(name, error)| JointError::Trait(name, error))?;
        let d = group.traits.len();
        let is_free = test == JointTest::Traits || d <= FREE;
        let covariances = if is_free {
            Covariances::estimate(&data.values, &data.x, &data.y)?
        } else {
            compound::estimate(&data).map_err(|error| JointError::Trait(name.to_owned(), error))?
        };
        let products = Products::new(&data, &covariances).ok_or_else(|| {
            of_first(ModelError::Kinship(
                "the traits' residual covariance is singular; leave one out".to_owned(),
            ))
        })?;
        let tests = match test {
            JointTest::Traits => vec![name.to_owned()],
            JointTest::Environments => vec![format!("{name}:mean"), format!("{name}:interaction")],
        };
        let is_refitted = is_free && refit != Refit::None;
        let refiner =
            is_refitted.then(|| Refiner::new(&covariances, &data.values, &data.x, &data.y)).flatten();
        let names = group.traits.iter().map(|own| own.name.clone()).collect();
        let (negative, mean_value) =
            (spectrum.negative(), data.values.iter().sum::<f64>() / data.values.len() as f64);
        Ok(Self {
            test,
            refit,
            refiner,
            negative,
            spectrum,
            names,
            data,
            products,
            covariances,
            tests,
            is_free,
            mean_value,
        })
    }

    fn associations(&self, own: &Estimate) -> Option<Vec<Association>> {
        let d = self.names.len();
        let (inverse, _) = own.covariance.inverse()?;
        let statistic: f64 = inverse.times(&own.beta).iter().zip(&own.beta).map(|(a, b)| a * b).sum();
        let effects: Vec<(f64, f64)> =
            (0..d).map(|i| (own.beta[i], own.covariance.get(i, i).sqrt())).collect();
        if self.test == JointTest::Traits {
            let covariance =
                (0..d).flat_map(|i| (i..d).map(move |j| (i, j))).map(|(i, j)| own.covariance.get(i, j));
            return Some(vec![Association {
                beta: f64::NAN,
                se: f64::NAN,
                effects,
                covariance: covariance.collect(),
                ln_p: ln_chi_squared_tail(statistic, d as u32),
                ..Association::default()
            }]);
        }
        let mean = own.beta.iter().sum::<f64>() / d as f64;
        let all: f64 = (0..d * d).map(|at| own.covariance.get(at / d, at % d)).sum();
        let se = all.sqrt() / d as f64;
        // What is left beside the contrast that all effects are one: the least distance of the effects from a common one.
        let (one, both): (f64, f64) = (0..d * d).fold((0.0, 0.0), |(one, both), at| {
            let cell = inverse.get(at / d, at % d);
            (one + cell, both + cell * own.beta[at % d])
        });
        let differ = (statistic - both * both / one).max(0.0);
        let [of_mean, of_differ] = self.degrees();
        let q = (d - 1) as f64;
        let ln_differ = ln_f_tail(differ / q * of_differ.1, q, of_differ.0);
        let ln_mean = ln_f_tail((mean / se).powi(2), 1.0, of_mean.0);
        let main = Association { beta: mean, se, effects, ln_p: ln_mean, ..Association::default() };
        let interaction =
            Association { beta: f64::NAN, se: f64::NAN, ln_p: ln_differ, ..Association::default() };
        Some(vec![main, interaction])
    }

    /// Denominators of the F tests of mean and interaction, and what the statistic over its degrees of freedom is
    /// multiplied by: as in Hotelling's test where covariances are free.
    fn degrees(&self) -> [(f64, f64); 2] {
        let left = (self.data.values.len() - self.data.x.len() - 1) as f64;
        let q = (self.names.len() - 1) as f64;
        if self.is_free {
            [(left, 1.0), (left - q + 1.0, (left - q + 1.0) / left)]
        } else {
            [(left, 1.0), (left * q, 1.0)]
        }
    }

    /// The test with covariances that the marker had a part in.
    fn refitted(&self, own: Option<Vec<Association>>, g: &[f64]) -> Option<Vec<Association>> {
        let own = own?;
        let least = own.iter().map(|own| own.ln_p).fold(0.0, f64::min);
        let is_asked = match self.refit {
            Refit::None => false,
            Refit::Promising => least < PROMISING.ln(),
            Refit::All => true,
        };
        let Some(refiner) = self.refiner.as_ref().filter(|_| is_asked) else { return Some(own) };
        let mut x = self.data.x.clone();
        x.push(g.to_vec());
        let refined = refiner.refined(&self.data.values, &x, &self.data.y);
        let estimate = refined.and_then(|own| gls::estimate(&self.data, &own, g));
        estimate.and_then(|own| self.associations(&own)).or(Some(own))
    }
}

/// What a joint model has found without markers.
#[derive(Clone, Copy, Debug)]
pub struct JointModel<'a> {
    /// The traits, or the trait in its environments.
    pub names: &'a [String],
    /// Their covariances.
    pub covariances: &'a Covariances,
    /// Mean eigenvalue: what K adds to the variance of a sample, in units of Vg.
    pub mean_value: f64,
    /// Whether the covariances are free, or compound symmetric.
    pub is_free: bool,
}

impl MarkerTest for JointFrame {
    fn samples(&self) -> usize {
        self.data.values.len()
    }

    fn negative(&self) -> (usize, f64) {
        self.negative
    }

    fn models(&self) -> Vec<(&str, Option<Components>)> {
        self.tests.iter().map(|name| (name.as_str(), None)).collect()
    }

    fn joint(&self) -> Option<JointModel<'_>> {
        Some(JointModel {
            names: &self.names,
            covariances: &self.covariances,
            mean_value: self.mean_value,
            is_free: self.is_free,
        })
    }

    fn test(&self, coded: &Coded, account: &mut MarkerAccount) -> Vec<Option<Vec<Association>>> {
        if coded.markers.is_empty() {
            return Vec::new();
        }
        let mut rotated = Mat::zeros(self.samples(), coded.columns.ncols());
        let (vectors, columns) = (self.spectrum.vectors(), gls::centred_columns(&coded.columns));
        matmul(rotated.as_mut(), Accum::Replace, vectors.transpose(), columns.as_ref(), 1.0, Par::Seq);
        let sums = self.products.sums(&rotated);
        let left = self.data.left_by_covariates(&rotated);
        let one = |marker: &Marker| {
            let k = marker.columns.start;
            let own = if left[k] { self.products.estimate(&sums, k) } else { None };
            let tested = own.and_then(|own| self.associations(&own));
            let tested = self.refitted(tested, rotated.col_as_slice(k));
            account.collinear += u64::from(tested.is_none());
            tested
        };
        coded.markers.iter().map(one).collect()
    }
}
