//! Genetic values of all samples for several traits and their index, from records that need not be complete.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;
use rayon::prelude::*;

use super::{CovarianceError, Covariances, Square};
use crate::phenotype::{AnalysisSet, TraitName};

/// Records of all traits together at most: their covariance takes 8 bytes a pair.
const MOST_RECORDS: usize = 20_000;
/// Columns that one task solves for.
const COLUMNS: usize = 64;

/// Values of all samples for one trait, or for the index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// The trait; `None` for the index.
    pub name: Option<TraitName>,
    /// Genetic values as deviations from the mean, one a sample of the relationship matrix.
    pub values: Vec<f64>,
    /// Standard errors (root of the prediction error variance).
    pub errors: Vec<f64>,
    /// Reliabilities: squared correlation of true and predicted value, 0 to 1.
    pub reliabilities: Vec<f64>,
}

/// Several traits evaluated together.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiTrait {
    /// Covariances of the traits, in the order of the sets.
    pub covariances: Covariances,
    /// Samples with all traits, which the covariances are estimated from.
    pub complete: usize,
    /// Values by trait, and of the index last if weights were given.
    pub values: Vec<Values>,
}

/// The records in the order of traits, and of samples within.
struct Records<'a> {
    sets: &'a [AnalysisSet],
    /// Sample and trait of each.
    places: Vec<(usize, usize)>,
}

/// Evaluates several traits: covariances from the samples that have all of them (records count alike there), values from
/// all records, with their weights. `index` weighs the traits' genetic values, one a trait.
///
/// # Errors
/// Returns an error if there are fewer than two traits, too few samples with all, covariates that differ between traits,
/// more than 20,000 records, or covariances that cannot be estimated.
pub fn evaluate(
    kinship: &SampleMatrix,
    sets: &[AnalysisSet],
    index: Option<&[f64]>,
) -> Result<MultiTrait, CovarianceError> {
    let wrong = |message: String| Err(CovarianceError(message));
    if sets.len() < 2 {
        return wrong("several traits are evaluated together: give --trait twice or more".to_owned());
    }
    let (covariances, complete) = from_complete(kinship, sets)?;
    let of_set = |(t, set): (usize, &AnalysisSet)| {
        set.samples.iter().map(move |&sample| (sample, t)).collect::<Vec<_>>()
    };
    let places: Vec<(usize, usize)> = sets.iter().enumerate().flat_map(of_set).collect();
    if places.len() > MOST_RECORDS {
        return wrong(format!(
            "{} records of all traits together; at most {MOST_RECORDS} are taken, for their covariance is held in memory; \
             evaluate fewer traits together",
            places.len()
        ));
    }
    let records = Records { sets, places };
    let solved = Solved::of(kinship, &records, &covariances)?;
    let d = sets.len();
    let mut directions: Vec<(Option<TraitName>, Vec<f64>)> = (0..d)
        .map(|t| (Some(sets[t].name.clone()), (0..d).map(|s| if s == t { 1.0 } else { 0.0 }).collect()))
        .collect();
    directions.extend(index.map(|weights| (None, weights.to_vec())));
    let values = directions.into_iter().map(|(name, direction)| {
        let along = covariances.genetic.times(&direction);
        let variance: f64 = along.iter().zip(&direction).map(|(a, b)| a * b).sum();
        Values { name, ..solved.values(kinship, &records, &along, variance) }
    });
    Ok(MultiTrait { values: values.collect(), covariances, complete })
}

/// Covariances from the samples that have all traits.
fn from_complete(
    kinship: &SampleMatrix,
    sets: &[AnalysisSet],
) -> Result<(Covariances, usize), CovarianceError> {
    let first = &sets[0];
    if let Some(other) = sets.iter().find(|set| set.design.names != first.design.names) {
        return Err(CovarianceError(format!(
            "covariates of '{}' and '{}' are not the same columns, for their samples differ; leave out the factor that \
             has other levels",
            first.name, other.name
        )));
    }
    let has = |set: &AnalysisSet, sample: &usize| set.samples.binary_search(sample).is_ok();
    let complete: Vec<usize> =
        first.samples.iter().copied().filter(|sample| sets.iter().all(|set| has(set, sample))).collect();
    let place = |set: &AnalysisSet, sample: &usize| set.samples.binary_search(sample).unwrap_or(0);
    let columns = std::iter::once(vec![1.0; complete.len()]).chain(
        first
            .design
            .columns
            .iter()
            .map(|column| complete.iter().map(|sample| column[place(first, sample)]).collect()),
    );
    let columns: Vec<Vec<f64>> = columns.collect();
    if complete.len() < columns.len() + sets.len() + 2 {
        return Err(CovarianceError(format!(
            "{} samples have all {} traits, too few to estimate their covariances; evaluate fewer traits together",
            complete.len(),
            sets.len()
        )));
    }
    let of_trait = |set: &AnalysisSet| complete.iter().map(|sample| set.values[place(set, sample)]).collect();
    let y: Vec<Vec<f64>> = sets.iter().map(of_trait).collect();
    Ok((Covariances::of_samples(&kinship.subset(&complete), &columns, &y)?, complete.len()))
}

/// The records' covariance taken apart, and what fixed effects leave of the records, weighed by its inverse.
struct Solved {
    factor: Mat<f64>,
    /// The factor's inverse times the fixed columns.
    fixed: Mat<f64>,
    /// Inverse of X' V⁻¹ X.
    inverse: Square,
    weighed: Vec<f64>,
}

impl Solved {
    fn of(kinship: &SampleMatrix, records: &Records<'_>, own: &Covariances) -> Result<Self, CovarianceError> {
        let singular =
            || CovarianceError("the records' covariance is singular; is a trait given twice?".to_owned());
        let n = records.places.len();
        let mut factor = records.covariance(kinship, own);
        cholesky(&mut factor).ok_or_else(singular)?;
        let x = records.columns();
        let p = x.len();
        let mut right = Mat::from_fn(n, p + 1, |i, k| if k < p { x[k][i] } else { records.value(i) });
        solve_lower_triangular_in_place(factor.as_ref(), right.as_mut(), Par::Seq);
        let product = |a: usize, b: usize| (0..n).map(|i| right[(i, a)] * right[(i, b)]).sum::<f64>();
        let (inverse, _) = Square::from_fn(p, product).inverse().ok_or_else(singular)?;
        let effects = inverse.times(&(0..p).map(|k| product(k, p)).collect::<Vec<_>>());
        let mut rest = Mat::from_fn(n, 1, |i, _| {
            right[(i, p)] - (0..p).map(|k| right[(i, k)] * effects[k]).sum::<f64>()
        });
        solve_upper_triangular_in_place(factor.transpose(), rest.as_mut(), Par::Seq);
        let fixed = Mat::from_fn(n, p, |i, k| right[(i, k)]);
        let weighed = (0..n).map(|i| rest[(i, 0)]).collect();
        Ok(Self { factor, fixed, inverse, weighed })
    }

    /// Values, errors and reliabilities of all samples: `along` is the covariance of what is valued with each trait,
    /// `variance` its own.
    fn values(&self, kinship: &SampleMatrix, records: &Records<'_>, along: &[f64], variance: f64) -> Values {
        let starts: Vec<usize> = (0..kinship.len()).step_by(COLUMNS).collect();
        let parts: Vec<Vec<[f64; 3]>> = starts
            .par_iter()
            .map(|&start| {
                let samples: Vec<usize> = (start..kinship.len().min(start + COLUMNS)).collect();
                self.of_samples(kinship, records, along, (&samples, variance))
            })
            .collect();
        let column = |k: usize| parts.iter().flatten().map(|own| own[k]).collect();
        Values { name: None, values: column(0), errors: column(1), reliabilities: column(2) }
    }

    fn of_samples(
        &self,
        kinship: &SampleMatrix,
        records: &Records<'_>,
        along: &[f64],
        (samples, variance): (&[usize], f64),
    ) -> Vec<[f64; 3]> {
        let n = records.places.len();
        let mut cross = Mat::from_fn(n, samples.len(), |i, k| {
            let (sample, t) = records.places[i];
            kinship.get(samples[k], sample) * along[t]
        });
        let value = |k: usize| (0..n).map(|i| cross[(i, k)] * self.weighed[i]).sum::<f64>();
        let values: Vec<f64> = (0..samples.len()).map(value).collect();
        solve_lower_triangular_in_place(self.factor.as_ref(), cross.as_mut(), Par::Seq);
        let p = self.fixed.ncols();
        let one = |(k, value): (usize, f64)| {
            let known: f64 = (0..n).map(|i| cross[(i, k)] * cross[(i, k)]).sum();
            let fixed: Vec<f64> =
                (0..p).map(|a| (0..n).map(|i| cross[(i, k)] * self.fixed[(i, a)]).sum()).collect();
            let lost: f64 = self.inverse.times(&fixed).iter().zip(&fixed).map(|(a, b)| a * b).sum();
            let whole = variance * kinship.get(samples[k], samples[k]);
            let left = (whole - known + lost).max(0.0);
            let reliability = if whole > 0.0 { (1.0 - left / whole).clamp(0.0, 1.0) } else { 0.0 };
            [value, left.sqrt(), reliability]
        };
        values.into_iter().enumerate().map(one).collect()
    }
}

impl Records<'_> {
    /// Place of a record in its set.
    fn within(&self, record: usize) -> usize {
        let (sample, t) = self.places[record];
        self.sets[t].samples.binary_search(&sample).unwrap_or(0)
    }

    fn value(&self, record: usize) -> f64 {
        self.sets[self.places[record].1].values[self.within(record)]
    }

    /// The mean and the covariates of each trait, 0 for records of others.
    fn columns(&self) -> Vec<Vec<f64>> {
        let n = self.places.len();
        let mut out = Vec::new();
        for (t, set) in self.sets.iter().enumerate() {
            let own = |record: &usize| self.places[*record].1 == t;
            let mut mean = vec![0.0; n];
            (0..n).filter(own).for_each(|record| mean[record] = 1.0);
            out.push(mean);
            for column in &set.design.columns {
                let mut values = vec![0.0; n];
                (0..n).filter(own).for_each(|record| values[record] = column[self.within(record)]);
                out.push(values);
            }
        }
        out
    }

    /// Vg ⊗ K and, for records of one sample, Ve over the roots of their weights.
    fn covariance(&self, kinship: &SampleMatrix, own: &Covariances) -> Mat<f64> {
        let n = self.places.len();
        let weight = |record: usize| {
            let weights = self.sets[self.places[record].1].weights.as_ref();
            weights.map_or(1.0, |weights| weights[self.within(record)])
        };
        let weights: Vec<f64> = (0..n).map(weight).collect();
        Mat::from_fn(n, n, |i, j| {
            let ((a, t), (b, s)) = (self.places[i], self.places[j]);
            let residual =
                if a == b { own.residual.get(t, s) / (weights[i] * weights[j]).sqrt() } else { 0.0 };
            kinship.get(a, b) * own.genetic.get(t, s) + residual
        })
    }
}

/// The lower factor in place; `None` if the matrix is not positive definite.
fn cholesky(matrix: &mut Mat<f64>) -> Option<()> {
    let n = matrix.nrows();
    let parameters = faer::Spec::default();
    let scratch = llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, parameters);
    let mut memory = MemBuffer::new(scratch);
    let regularisation = llt::factor::LltRegularization::default();
    let stack = MemStack::new(&mut memory);
    llt::factor::cholesky_in_place(matrix.as_mut(), regularisation, Par::Seq, stack, parameters)
        .ok()
        .map(|_| ())
}
