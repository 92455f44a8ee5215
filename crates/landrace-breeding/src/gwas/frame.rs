//! What the markers are tested against: traits of a set of samples, rotated, with the model without markers.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;

use super::Method;
use super::coding::{Coded, MarkerAccount};
use super::exact::{self, MarkerFit};
use super::marker_test::{Components, MarkerTest};
use super::points::{Association, Place, Points};
use crate::mixed_model::likelihood::Size;
use crate::mixed_model::moments::Moments;
use crate::mixed_model::search::{INTERVALS, grid};
use crate::mixed_model::{ModelError, NullModel, Rotated, Spectrum, check_data, fit_null};

/// Part of a marker's length that the covariates must leave, if there are more of them than the mean (GEMMA's 0.9999).
const LEFT: f64 = 1e-4;

/// A trait: a number a sample.
#[derive(Clone, Debug)]
pub struct TraitData {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<f64>,
}

/// Traits of the same samples, ready to be tested against.
pub struct Frame {
    method: Method,
    spectrum: Option<Spectrum>,
    /// √weight of each sample.
    scale: Option<Vec<f64>>,
    /// An orthonormal basis of the covariates, the mean included: samples × columns.
    basis: Mat<f64>,
    traits: Vec<Fitted>,
    points: Points,
    size: Size,
}

/// A trait, and sums of it and the covariates at the points.
pub(crate) struct Fitted {
    pub(crate) name: String,
    pub(crate) rotated: Rotated,
    pub(crate) null: Option<NullModel>,
    /// At each point of the grid; of the other methods at their one point.
    pub(crate) fixed: Vec<Fixed>,
    /// At the λ of the score test.
    pub(crate) score: Option<Fixed>,
}

/// Sums of covariates and trait at one λ.
pub(crate) struct Fixed {
    pub(crate) sums: Vec<[f64; 3]>,
    pub(crate) traces: [f64; 2],
}

/// What the samples' models are made of, beside the traits.
pub struct FrameData<'a> {
    /// Relationship of the samples; `None` for [`Method::Glm`].
    pub kinship: Option<&'a SampleMatrix>,
    /// Weights of the samples' residuals, if they have any.
    pub weights: Option<&'a [f64]>,
    /// The columns of X, the mean first.
    pub covariates: &'a [Vec<f64>],
}

impl Frame {
    /// Rotates traits and fits the models without markers. The relationship is centred over the samples, as GEMMA does it:
    /// with a mean among the covariates nothing else changes than the full likelihood.
    ///
    /// # Errors
    /// Returns an error that names the trait whose model cannot be fitted.
    pub fn new(
        method: Method,
        data: &FrameData<'_>,
        traits: &[TraitData],
    ) -> Result<Self, (String, ModelError)> {
        let first = traits.first().map(|own| own.name.clone()).unwrap_or_default();
        let spectrum = match data.kinship {
            Some(kinship) if method != Method::Glm => {
                Some(Spectrum::weighted(&kinship.centred(), data.weights).map_err(|error| (first, error))?)
            }
            _ => None,
        };
        let scale: Option<Vec<f64>> = data.weights.map(|own| own.iter().map(|w| w.sqrt()).collect());
        let mut fitted = Vec::new();
        for own in traits {
            let rotated = match &spectrum {
                Some(spectrum) => spectrum.rotate(&own.values, data.covariates),
                None => Rotated::plain(&own.values, data.covariates, scale.as_deref()),
            };
            let failed = |error| (own.name.clone(), error);
            let null = match spectrum {
                Some(_) => Some(fit_null(&rotated).map_err(failed)?),
                None => check_data(&rotated).map(|()| None).map_err(failed)?,
            };
            fitted.push(Fitted { name: own.name.clone(), rotated, null, fixed: Vec::new(), score: None });
        }
        let samples = traits.first().map_or(0, |own| own.values.len());
        let size = Size { samples, fitted: data.covariates.len() };
        let points = prepare(method, &mut fitted);
        Ok(Self { method, spectrum, scale, basis: basis(data.covariates), traits: fitted, points, size })
    }

    pub(crate) fn fitted(&self) -> &[Fitted] {
        &self.traits
    }

    /// The markers that are combinations of the covariates.
    fn collinear(&self, coded: &Coded) -> Vec<bool> {
        if self.size.fitted < 2 {
            return vec![false; coded.markers.len()];
        }
        let mut along = Mat::zeros(self.basis.ncols(), coded.columns.ncols());
        matmul(along.as_mut(), Accum::Replace, self.basis.transpose(), coded.columns.as_ref(), 1.0, Par::Seq);
        let is_explained = |column: usize| {
            let all: f64 = coded.columns.col(column).iter().map(|x| x * x).sum();
            let explained: f64 = along.col(column).iter().map(|x| x * x).sum();
            all - explained <= LEFT * all
        };
        coded.markers.iter().map(|marker| marker.columns.clone().any(is_explained)).collect()
    }

    /// The columns in the directions of the eigenvectors, padded.
    pub(crate) fn rotate(&self, columns: &Mat<f64>) -> Mat<f64> {
        let (n, width) = (columns.nrows(), columns.ncols());
        let padded = self.traits.first().map_or(n, |own| own.rotated.values.len());
        let scaled =
            self.scale.as_ref().map(|scale| Mat::from_fn(n, width, |i, k| columns[(i, k)] * scale[i]));
        let columns = scaled.as_ref().unwrap_or(columns);
        let mut out = Mat::zeros(padded, width);
        let target = out.as_mut().subrows_mut(0, n);
        match &self.spectrum {
            Some(spectrum) => matmul(
                target,
                Accum::Replace,
                spectrum.vectors().transpose(),
                columns.as_ref(),
                1.0,
                Par::Seq,
            ),
            None => {
                let mut target = target;
                target.copy_from(columns);
            }
        }
        out
    }
}

impl MarkerTest for Frame {
    fn samples(&self) -> usize {
        self.size.samples
    }

    fn negative(&self) -> (usize, f64) {
        self.spectrum.as_ref().map_or((0, 0.0), Spectrum::negative)
    }

    fn models(&self) -> Vec<(&str, Option<Components>)> {
        let one = |own: &'_ Fitted| own.null.as_ref().map(Components::from);
        self.traits.iter().map(|own| (own.name.as_str(), one(own))).collect()
    }

    fn linear(&self) -> Option<&Frame> {
        Some(self)
    }

    fn test(&self, coded: &Coded, account: &mut MarkerAccount) -> Vec<Option<Vec<Association>>> {
        if coded.markers.is_empty() {
            return Vec::new();
        }
        let is_collinear = self.collinear(coded);
        let rotated = self.rotate(&coded.columns);
        let (pairs, starts) = pairs(coded, &rotated);
        let sums = self.points.sums(&rotated, &pairs);
        let mut moments = Moments::default();
        let mut out = Vec::new();
        for (index, marker) in coded.markers.iter().enumerate() {
            let k = marker.columns.len();
            let pairs = starts[index]..starts[index] + k * (k + 1) / 2;
            let each = |(of, own): (usize, &Fitted)| {
                let mut place =
                    Place { columns: &marker.columns, pairs: pairs.clone(), of, traces: [0.0; 2] };
                if self.method == Method::Exact {
                    let fit = MarkerFit::new(own, &rotated, &marker.columns, self.size);
                    return exact::test(fit, (&self.points, &sums), &mut place, &mut moments);
                }
                let point = if self.method == Method::Glm { 0 } else { of };
                place.traces = own.fixed[0].traces;
                self.points.gather(&sums, &place, ([Some(point), None], &own.fixed[0].sums), &mut moments);
                exact::wald(&mut moments, self.size, k)
            };
            let tests: Option<Vec<Association>> =
                if is_collinear[index] { None } else { self.traits.iter().enumerate().map(each).collect() };
            account.collinear += u64::from(tests.is_none());
            out.push(tests);
        }
        out
    }
}

/// Products of the columns of each marker, and where each marker's begin.
fn pairs(coded: &Coded, rotated: &Mat<f64>) -> (Mat<f64>, Vec<usize>) {
    let mut all: Vec<(usize, usize)> = Vec::new();
    let mut starts = Vec::new();
    for marker in &coded.markers {
        starts.push(all.len());
        let columns = marker.columns.clone();
        all.extend(columns.clone().flat_map(|b| (columns.start..=b).map(move |a| (a, b))));
    }
    let mut out = Mat::zeros(rotated.nrows(), all.len());
    for (k, &(a, b)) in all.iter().enumerate() {
        let (a, b) = (rotated.col_as_slice(a), rotated.col_as_slice(b));
        for ((out, a), b) in out.col_as_slice_mut(k).iter_mut().zip(a).zip(b) {
            *out = a * b;
        }
    }
    (out, starts)
}

/// Chooses the points of the method, and sums covariates and traits there.
fn prepare(method: Method, fitted: &mut [Fitted]) -> Points {
    let Some(first) = fitted.first() else { return Points::new(Vec::new(), &[], &[]) };
    let (values, samples) = (first.rotated.values.clone(), first.rotated.samples);
    let weights =
        |lambda: f64| -> Vec<f64> { values.iter().map(|value| 1.0 / lambda.mul_add(*value, 1.0)).collect() };
    let mut weightings = Vec::new();
    let mut moments = Moments::default();
    match method {
        Method::Exact => {
            for t in grid() {
                let own = weights(t.exp());
                let square = own.iter().map(|h| h * h).collect();
                weightings.extend([(own, None), (square, None)]);
            }
            for (index, own) in fitted.iter_mut().enumerate() {
                own.fixed = grid().iter().map(|t| Fixed::at(own, t.exp(), &mut moments)).collect();
                let lambda = own.null.as_ref().map_or(0.0, |null| null.lambda_ml);
                own.score = Some(Fixed::at(own, lambda, &mut moments));
                weightings.push((weights(lambda), Some(index)));
            }
        }
        Method::P3d | Method::Streamed => {
            for (index, own) in fitted.iter_mut().enumerate() {
                let lambda = own.null.as_ref().map_or(0.0, |null| null.lambda);
                own.fixed = vec![Fixed::at(own, lambda, &mut moments)];
                weightings.push((weights(lambda), Some(index)));
            }
        }
        // Multi-locus models are others.
        Method::Glm | Method::Blink | Method::FarmCpu | Method::Mlmm => {
            for own in fitted.iter_mut() {
                own.fixed = vec![Fixed::at(own, 0.0, &mut moments)];
            }
            let is_sample = (0..values.len()).map(|i| f64::from(u8::from(i < samples)));
            weightings.push((is_sample.collect(), None));
        }
    }
    let traits: Vec<&[f64]> = fitted.iter().map(|own| own.rotated.y.as_slice()).collect();
    Points::new(weightings, &fitted[0].rotated.x, &traits)
}

/// The score test's place among the weightings of a trait.
pub(crate) fn score_point(of: usize) -> usize {
    2 * (INTERVALS + 1) + of
}

impl Fixed {
    fn at(own: &Fitted, lambda: f64, moments: &mut Moments) -> Self {
        let rotated = &own.rotated;
        let columns: Vec<&[f64]> =
            rotated.x.iter().chain(std::iter::once(&rotated.y)).map(Vec::as_slice).collect();
        moments.compute((&rotated.values, rotated.padding()), &columns, lambda);
        Self { sums: moments.sums.clone(), traces: moments.traces }
    }
}

/// An orthonormal basis of columns that are no combinations of each other (Gram and Schmidt, twice).
pub(super) fn basis(columns: &[Vec<f64>]) -> Mat<f64> {
    let mut out: Vec<Vec<f64>> = Vec::new();
    for column in columns {
        let mut own = column.clone();
        for other in out.iter().chain(&out) {
            let along: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
            own.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
        }
        let length = own.iter().map(|a| a * a).sum::<f64>().sqrt();
        own.iter_mut().for_each(|a| *a /= length);
        out.push(own);
    }
    Mat::from_fn(columns.first().map_or(0, Vec::len), out.len(), |i, k| out[k][i])
}
