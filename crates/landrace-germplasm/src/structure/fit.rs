//! Maximum likelihood: sweeps over samples and variants, accelerated.

use super::calls::Calls;
use super::step::{Model, as_shares, step_samples, step_variants};

/// Sweeps whose differences the acceleration remembers.
const MEMORY: usize = 8;

/// How far a fit goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Sweeps at most.
    pub(super) sweeps: usize,
    /// A fit ends when what is left to gain is estimated to be below this.
    pub(super) tolerance: f64,
}

/// A fitted model.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    pub(super) model: Model,
    pub(super) likelihood: f64,
    pub(super) sweeps: usize,
    pub(super) has_converged: bool,
    /// The log-likelihood before each sweep that was kept.
    pub(super) trace: Vec<f64>,
}

/// What may move.
pub(super) struct Free<'a> {
    /// Whether a sample's ancestries are to be found.
    pub(super) samples: &'a (dyn Fn(usize) -> bool + Sync),
    /// Whether the frequencies are.
    pub(super) variants: bool,
}

/// Fits a model from a start.
pub(super) fn fit(calls: &Calls, mut model: Model, free: &Free<'_>, limits: Limits) -> Fit {
    let mut anderson = Anderson::default();
    let mut last: Option<f64> = None;
    let mut kept: Option<(Model, f64)> = None;
    let mut has_converged = false;
    let mut quiet = 0;
    let mut sweeps = 0;
    let mut trace = Vec::new();
    while sweeps < limits.sweeps {
        sweeps += 1;
        let start = model.clone();
        let before = step_samples(calls, &mut model, free.samples);
        // A leap that lost is taken back.
        if let Some((plain, reached)) = kept.take()
            && before < reached
        {
            model = plain;
            anderson = Anderson::default();
            continue;
        }
        let middle = if free.variants { step_variants(calls, &mut model) } else { before };
        let gain = last.map_or(f64::INFINITY, |last| before - last);
        last = Some(before);
        trace.push(before);
        if gain < limits.tolerance * 0.1 {
            quiet += 1;
        } else {
            quiet = 0;
        }
        if quiet >= 2 {
            has_converged = true;
            break;
        }
        // Without the frequencies each sample is a problem of its own, which few steps solve.
        if free.variants
            && let Some(leap) = anderson.next(&start, &model, calls)
        {
            kept = Some((std::mem::replace(&mut model, leap), middle));
        }
    }
    if let Some((plain, _)) = kept {
        model = plain;
    }
    let likelihood = super::step::log_likelihood(calls, &model);
    Fit { model, likelihood, sweeps, has_converged, trace }
}

/// Anderson's acceleration of the sweep as a fixed-point iteration (Anderson 1965; Walker and Ni 2011): the next point is
/// the mixture of the last images whose residuals cancel best. Residuals are those of the ancestries.
#[derive(Default)]
struct Anderson {
    /// The last residual and image.
    last: Option<(Vec<f32>, Model)>,
    /// Differences of residuals, and of images.
    residuals: Vec<Vec<f32>>,
    images: Vec<Model>,
}

impl Anderson {
    /// Takes a point and its image, and gives the next point; `None` while there is nothing to go by.
    fn next(&mut self, start: &Model, image: &Model, calls: &Calls) -> Option<Model> {
        let residual: Vec<f32> = residual(start, image);
        if let Some((last, last_image)) = self.last.take() {
            if self.residuals.len() == MEMORY {
                self.residuals.remove(0);
                self.images.remove(0);
            }
            self.residuals.push(residual.iter().zip(&last).map(|(a, b)| a - b).collect());
            self.images.push(difference(image, &last_image));
        }
        let weights = least_squares(&self.residuals, &residual);
        self.last = Some((residual, image.clone()));
        let weights = weights?;
        let mut out = image.clone();
        for (weight, change) in weights.iter().zip(&self.images) {
            for (out, change) in out.ancestry.iter_mut().zip(&change.ancestry) {
                out.iter_mut().zip(change).for_each(|(out, change)| *out -= *weight as f32 * change);
            }
            for (out, change) in out.frequency.iter_mut().zip(&change.frequency) {
                out.iter_mut().zip(change).for_each(|(out, change)| *out -= *weight as f32 * change);
            }
        }
        for sample in 0..calls.samples {
            let mut row = out.sample(sample);
            as_shares(&mut row);
            out.ancestry.iter_mut().zip(row).for_each(|(own, value)| own[sample] = value);
        }
        out.bound_frequencies(calls);
        Some(out)
    }
}

fn residual(start: &Model, image: &Model) -> Vec<f32> {
    let pairs = image.ancestry.iter().flatten().zip(start.ancestry.iter().flatten());
    pairs.map(|(a, b)| a - b).collect()
}

fn difference(a: &Model, b: &Model) -> Model {
    let arrays = |a: &[Vec<f32>], b: &[Vec<f32>]| {
        a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect()).collect()
    };
    Model { ancestry: arrays(&a.ancestry, &b.ancestry), frequency: arrays(&a.frequency, &b.frequency) }
}

/// The weights w that make Σ w_i v_i nearest to `target`, by Cholesky's factor with a slight ridge.
fn least_squares(vectors: &[Vec<f32>], target: &[f32]) -> Option<Vec<f64>> {
    let k = vectors.len();
    if k == 0 {
        return None;
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let mut matrix: Vec<Vec<f64>> =
        vectors.iter().map(|a| vectors.iter().map(|b| dot(a, b)).collect()).collect();
    let mut right: Vec<f64> = vectors.iter().map(|a| dot(a, target)).collect();
    // Scaled to a diagonal of 1.
    let scale: Vec<f64> = (0..k).map(|i| matrix[i][i].sqrt()).collect();
    if scale.iter().any(|&own| own.is_nan() || own <= 0.0) {
        return None;
    }
    for i in 0..k {
        for j in 0..k {
            matrix[i][j] /= scale[i] * scale[j];
        }
        matrix[i][i] += 1e-8;
        right[i] /= scale[i];
    }
    for i in 0..k {
        for j in 0..=i {
            let sum = matrix[i][j] - (0..j).map(|l| matrix[i][l] * matrix[j][l]).sum::<f64>();
            if i == j {
                if sum <= 0.0 {
                    return None;
                }
                matrix[i][i] = sum.sqrt();
            } else {
                matrix[i][j] = sum / matrix[j][j];
            }
        }
    }
    for i in 0..k {
        right[i] = (right[i] - (0..i).map(|l| matrix[i][l] * right[l]).sum::<f64>()) / matrix[i][i];
    }
    for i in (0..k).rev() {
        right[i] = (right[i] - (i + 1..k).map(|l| matrix[l][i] * right[l]).sum::<f64>()) / matrix[i][i];
    }
    Some(right.iter().zip(&scale).map(|(w, scale)| w / scale).collect())
}
