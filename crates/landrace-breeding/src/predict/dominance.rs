//! GBLUP with additive and dominance effects (Vitezica, Varona and Legarra 2013; at higher ploidy Endelman et al. 2018).

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;
use rayon::prelude::*;

use super::cholesky::Cholesky;
use super::gblup::Refit;
use super::kernel_fit::{KernelFit, model_error};
use super::several_kernels::{Problem, Several};
use super::{Fit, Held, Heritability, Method, Population, PredictError, Split, Variance, without};
use crate::phenotype::AnalysisSet;

/// Samples whose reliabilities one task computes.
const ROWS: usize = 256;

/// Two random effects: additive, and digenic dominance. The value is their sum, the breeding value the additive one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dominance {
    /// When the variances are estimated in cross-validation.
    pub refit: Refit,
}

/// The part of a kernel among some samples.
fn among(kernel: &SampleMatrix, samples: &[usize]) -> Mat<f64> {
    Mat::from_fn(samples.len(), samples.len(), |i, k| kernel.get(samples[i], samples[k]))
}

/// Variances to begin with: those of the additive model, a third of the genetic one given to dominance.
fn start(population: &Population, set: &AnalysisSet) -> Result<[f64; 3], PredictError> {
    let additive = population.relationship()?;
    let spectrum = population.spectrum("additive", additive, set).map_err(model_error(set))?;
    let null = KernelFit::new(spectrum, set)?.null;
    let total = null.vg + null.ve;
    Ok([0.67 * null.vg, 0.33 * null.vg, null.ve].map(|variance| variance.max(0.02 * total)))
}

fn problem<'a>(population: &Population, set: &'a AnalysisSet) -> Result<Problem<'a>, PredictError> {
    let kernels = [population.relationship()?, population.dominance()?];
    Ok(Problem { kernels: kernels.map(|kernel| among(kernel, &set.samples)).into(), set })
}

/// The sum over the kernels of variance times relationship to the records, of some samples: samples × records.
fn covariance(
    kernels: &[(&SampleMatrix, f64)],
    samples: std::ops::Range<usize>,
    records: &[usize],
) -> Mat<f64> {
    let first = samples.start;
    Mat::from_fn(samples.len(), records.len(), |i, k| {
        kernels.iter().map(|(kernel, variance)| variance * kernel.get(first + i, records[k])).sum()
    })
}

fn values(kernels: &[(&SampleMatrix, f64)], set: &AnalysisSet, projected: &[f64]) -> Vec<f64> {
    let value = |i: usize| -> f64 {
        let row = covariance(kernels, i..i + 1, &set.samples);
        projected.iter().enumerate().map(|(k, own)| row[(0, k)] * own).sum()
    };
    (0..kernels[0].0.len()).into_par_iter().map(value).collect()
}

/// Variance of each value that the records explain, and its whole variance.
fn explained(kernels: &[(&SampleMatrix, f64)], set: &AnalysisSet, model: &Several) -> Vec<(f64, f64)> {
    let n = kernels[0].0.len();
    let starts: Vec<usize> = (0..n).step_by(ROWS).collect();
    let of_chunk = |&first: &usize| -> Vec<(f64, f64)> {
        let last = n.min(first + ROWS);
        let rows = covariance(kernels, first..last, &set.samples);
        let mut image = Mat::zeros(rows.nrows(), rows.ncols());
        matmul(image.as_mut(), Accum::Replace, rows.as_ref(), model.projection.as_ref(), 1.0, Par::Seq);
        let own = |i: usize| (0..rows.ncols()).map(|k| rows[(i, k)] * image[(i, k)]).sum::<f64>();
        let whole =
            |i: usize| kernels.iter().map(|(kernel, s)| s * kernel.get(first + i, first + i)).sum::<f64>();
        (0..last - first).map(|i| (own(i), whole(i))).collect()
    };
    starts.par_iter().map(of_chunk).collect::<Vec<_>>().concat()
}

impl Method for Dominance {
    fn name(&self) -> &'static str {
        "dominance"
    }

    fn description(&self) -> String {
        "GBLUP with additive (VanRaden 2008) and dominance effects (Vitezica et al. 2013; Endelman et al. 2018), \
         variances by average-information restricted likelihood"
            .to_owned()
    }

    fn fit(&self, population: &Population, set: &AnalysisSet) -> Result<Fit, PredictError> {
        let (additive, dominance) = (population.relationship()?, population.dominance()?);
        let model = problem(population, set)?.likeliest(&start(population, set)?)?;
        let [va, vd, ve] = [model.variances[0], model.variances[1], model.variances[2]];
        let kernels = [(additive, va), (dominance, vd)];
        let parts = explained(&kernels, set, &model);
        let covariates = model.beta[1..].to_vec();
        let mean_of = |column: &Vec<f64>| column.iter().sum::<f64>() / column.len() as f64;
        let shift: f64 = set.design.columns.iter().zip(&covariates).map(|(x, b)| mean_of(x) * b).sum();
        let size = |kernel: &SampleMatrix| {
            set.samples.iter().map(|&i| kernel.get(i, i)).sum::<f64>() / set.samples.len() as f64
        };
        let genetic = va * size(additive) + vd * size(dominance);
        let mut notes = Vec::new();
        if !model.has_converged {
            notes.push("the variances still changed after the last round: take them with care".to_owned());
        }
        Ok(Fit {
            mean: model.beta[0] + shift,
            covariates,
            values: values(&kernels, set, &model.projected),
            breeding_values: Some(values(&kernels[..1], set, &model.projected)),
            reliabilities: Some(parts.iter().map(|(own, whole)| (own / whole).clamp(0.0, 1.0)).collect()),
            errors: Some(parts.iter().map(|(own, whole)| (whole - own).max(0.0).sqrt()).collect()),
            effects: None,
            variances: vec![
                Variance { name: "additive", value: va },
                Variance { name: "dominance", value: vd },
                Variance { name: "residual", value: ve },
            ],
            heritability: Some(Heritability { value: genetic / (genetic + ve), se: None }),
            notes,
        })
    }

    fn cross_validate(
        &self,
        population: &Population,
        set: &AnalysisSet,
        splits: &[Split],
    ) -> Result<Vec<Vec<Held>>, PredictError> {
        let model = problem(population, set)?.likeliest(&start(population, set)?)?;
        let kernels = [population.relationship()?, population.dominance()?];
        let one = |split: &Split| {
            let is_plain = self.refit == Refit::Once && set.design.columns.is_empty();
            if let Some(held) = is_plain.then(|| at_once(&model, set, split)).flatten() {
                return Ok(held);
            }
            anew(&kernels, set, split, &model.variances)
        };
        splits.par_iter().map(one).collect()
    }
}

/// Record less P_ee⁻¹ (P y)_e, at the variances of all records.
fn at_once(model: &Several, set: &AnalysisSet, split: &Split) -> Option<Vec<Held>> {
    let out = &split.left_out;
    let block = Cholesky::of(Mat::from_fn(out.len(), out.len(), |i, k| model.projection[(out[i], out[k])]))?;
    let sides: Vec<f64> = out.iter().map(|&record| model.projected[record]).collect();
    let residuals = block.solved(&sides);
    let held = |&record: &usize| {
        let observed = set.values[record];
        Some(Held { record, observed, predicted: observed - residuals[out.binary_search(&record).ok()?] })
    };
    split.tested.iter().map(held).collect()
}

/// Variances from the other records, from those of all on.
fn anew(
    kernels: &[&SampleMatrix; 2],
    set: &AnalysisSet,
    split: &Split,
    start: &[f64],
) -> Result<Vec<Held>, PredictError> {
    let (training, columns) = without(set, &split.left_out);
    let matrices = kernels.map(|kernel| among(kernel, &training.samples)).into();
    let model = Problem { kernels: matrices, set: &training }.likeliest(start)?;
    let own = [(kernels[0], model.variances[0]), (kernels[1], model.variances[1])];
    let means: Vec<f64> = training
        .design
        .columns
        .iter()
        .map(|column| column.iter().sum::<f64>() / column.len() as f64)
        .collect();
    let shift: f64 = means.iter().zip(&model.beta[1..]).map(|(mean, b)| mean * b).sum();
    let held = |&record: &usize| {
        let sample = set.samples[record];
        let row = covariance(&own, sample..sample + 1, &training.samples);
        let value: f64 = model.projected.iter().enumerate().map(|(k, own)| row[(0, k)] * own).sum();
        let explained: f64 = columns
            .iter()
            .zip(&means)
            .zip(&model.beta[1..])
            .map(|((&column, mean), b)| (set.design.columns[column][record] - mean) * b)
            .sum();
        Held { record, observed: set.values[record] - explained, predicted: model.beta[0] + shift + value }
    };
    Ok(split.tested.iter().map(held).collect())
}
