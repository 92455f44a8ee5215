//! What an association scan needs of a model without relationship matrix: Vy = (A + δ)⁻¹ P W^½ y once, and for every marker x
//! the quadratic form x'(A + δ)⁻¹x. Its part along the largest components of A is exact; of the rest, of squared length L, it
//! is L / (a + b L), a and b being fitted to some markers for which it is solved. GRAMMAR-Gamma and BOLT-LMM (Svishcheva et
//! al. 2012, Loh et al. 2015) have a alone and no components: but samples may be structured, and each marker is part of A
//! itself, the more so the more it varies (by Sherman and Morrison's formula the b of independent markers is 1/k).

use faer::{Mat, Side};
use landrace_genotypes::GenotypeError;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::bayes::Records;
use super::super::bayes::fixed::Fixed;
use super::super::coded::CodedCalls;
use super::krylov::Krylov;
use super::operator::Operator;
use super::{LargeFit, Options, fit};

/// Largest components of A that are kept, vectors beside them that make them surer, and rounds of their iteration.
const COMPONENTS: usize = 200;
const BESIDE: usize = 20;
const ROUNDS: usize = 4;

/// Markers for which the quadratic form is solved, and how exactly.
const MARKERS: usize = 30;
const SOLVED: f64 = 1e-3;

/// A trait's model, ready for markers.
pub(crate) struct AssociationModel {
    pub(crate) fit: LargeFit,
    /// (A + δ)⁻¹ P W^½ y, a number a sample: the score of a marker x is its product with W^½ x.
    pub(crate) solution: Vec<f64>,
    /// yᵀ W^½ P (A + δ)⁻¹ P W^½ y.
    pub(crate) length: f64,
    /// Records less fixed effects.
    pub(crate) freedom: f64,
    /// For each component 1 / (its eigenvalue + δ).
    pub(crate) inverses: Vec<f64>,
    /// What is beside the components.
    pub(crate) rest: Rest,
    /// How far standard errors of single markers by it are off, as a share of them (root mean square).
    pub(crate) off: f64,
}

/// The quadratic form beside the components, by squared length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    a: f64,
    b: f64,
}

impl Rest {
    pub(crate) fn form(self, length: f64) -> f64 {
        length / (self.a + self.b * length)
    }

    /// By least squares of L / form on L; b is not below 0.
    fn of(lengths: &[f64], forms: &[f64]) -> Self {
        let n = lengths.len() as f64;
        let ratios: Vec<f64> = lengths.iter().zip(forms).map(|(length, form)| length / form).collect();
        let (x, y) = (lengths.iter().sum::<f64>() / n, ratios.iter().sum::<f64>() / n);
        let both: f64 = lengths.iter().zip(&ratios).map(|(length, ratio)| (length - x) * (ratio - y)).sum();
        let own: f64 = lengths.iter().map(|length| (length - x).powi(2)).sum();
        // a stays above 0, too.
        let b = if own > 0.0 { (both / own).clamp(0.0, 0.99 * y / x) } else { 0.0 };
        Self { a: y - b * x, b }
    }
}

/// What all traits of the same samples share.
pub(crate) struct AssociationSpace<'a> {
    calls: &'a CodedCalls,
    components: Components,
    /// Orthonormal columns that span W^½ X.
    pub(crate) basis: Vec<Vec<f64>>,
}

/// The largest components of A.
pub(crate) struct Components {
    /// Orthonormal vectors, a number a sample.
    pub(crate) vectors: Vec<Vec<f64>>,
    values: Vec<f64>,
}

impl<'a> AssociationSpace<'a> {
    /// For records of a trait of these samples; the values of the records do not matter.
    ///
    /// # Errors
    /// Returns an error if covariates are combinations of others.
    pub(crate) fn new(calls: &'a CodedCalls, records: &Records, seed: u64) -> Result<Self, GenotypeError> {
        let fixed = Fixed::of(records)?;
        let operator = Operator::new(calls, records, &fixed);
        let components = Components::of(&operator, seed);
        Ok(Self { calls, components, basis: operator.basis.clone() })
    }

    pub(crate) fn components(&self) -> &[Vec<f64>] {
        &self.components.vectors
    }

    /// Fits a trait.
    ///
    /// # Errors
    /// As [`fit`].
    pub(crate) fn model(
        &self,
        records: &Records,
        options: &Options,
    ) -> Result<AssociationModel, GenotypeError> {
        let fit = fit(self.calls, records, options)?;
        let fixed = Fixed::of(records)?;
        let operator = Operator::new(self.calls, records, &fixed);
        let delta = fit.residual / fit.genetic;
        let mut y = operator.whitened(&records.values);
        operator.project(&mut y);
        let mut krylov = Krylov::of(vec![y.clone()]);
        solve(&mut krylov, (&operator, delta), options.tolerance, options.most_steps);
        let solution = krylov.solution(0, delta);
        let inverses: Vec<f64> = self.components.values.iter().map(|value| 1.0 / (value + delta)).collect();
        let (rest, off) = self.calibrate(&operator, (delta, &inverses), options);
        let freedom = records.count() as f64 - self.basis.len() as f64;
        Ok(AssociationModel { length: dot(&y, &solution), fit, solution, freedom, inverses, rest, off })
    }

    /// What is beside the components, and by how much standard errors by it are off: over markers drawn from those that vary.
    fn calibrate(
        &self,
        operator: &Operator<'_>,
        (delta, inverses): (f64, &[f64]),
        options: &Options,
    ) -> (Rest, f64) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(options.seed ^ 0x0067_616d_6d61);
        let variants = self.calls.variants().len() as u64;
        let (mut starts, mut along) = (Vec::new(), Vec::new());
        // Some markers may be explained by covariates and components.
        for _ in 0..4 * MARKERS {
            let mut x = vec![0.0; self.calls.samples()];
            self.calls.decode((random.next_u64() % variants) as usize, &mut x);
            let mut x = operator.whitened(&x);
            operator.project(&mut x);
            let (whole, mut form) = (dot(&x, &x), 0.0);
            for (vector, inverse) in self.components.vectors.iter().zip(inverses) {
                let own = dot(&x, vector);
                x.iter_mut().zip(vector).for_each(|(x, u)| *x -= own * u);
                form += own * own * inverse;
            }
            if dot(&x, &x) > 1e-6 * whole && starts.len() < MARKERS {
                starts.push(x);
                along.push(form);
            }
        }
        if starts.is_empty() {
            return (Rest { a: delta, b: 0.0 }, 0.0);
        }
        let lengths: Vec<f64> = starts.iter().map(|x| dot(x, x)).collect();
        let mut krylov = Krylov::of(starts);
        solve(&mut krylov, (operator, delta), SOLVED, options.most_steps);
        let solved: Vec<f64> = (0..lengths.len()).map(|k| krylov.form(k, delta)).collect();
        let rest = Rest::of(&lengths, &solved);
        let ratio = |k: usize| (along[k] + solved[k]) / (along[k] + rest.form(lengths[k]));
        let off = |k: usize| (ratio(k).sqrt() - 1.0).powi(2);
        let off = (0..solved.len()).map(off).sum::<f64>() / solved.len() as f64;
        (rest, off.sqrt())
    }
}

/// Makes steps until what is left of every vector at δ is below a share of it.
fn solve(krylov: &mut Krylov, (operator, delta): (&Operator<'_>, f64), tolerance: f64, most: usize) {
    while krylov.steps() < most && !krylov.is_spent() {
        krylov.extend(operator);
        if krylov.left(0, delta).max(krylov.largest_left(delta)) < tolerance {
            return;
        }
    }
}

impl Components {
    /// By iteration of a random block (Halko, Martinsson and Tropp 2011), with a Rayleigh-Ritz step at the end.
    fn of(operator: &Operator<'_>, seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let weights = &operator.records.weights;
        let records = weights.iter().filter(|&&weight| weight > 0.0).count();
        let width = (COMPONENTS + BESIDE).min(records.saturating_sub(operator.basis.len()));
        let mut block: Vec<Vec<f64>> = (0..width)
            .map(|_| {
                let sign = |&weight: &f64| match (weight > 0.0, random.next_u64() >> 63) {
                    (false, _) => 0.0,
                    (true, 0) => 1.0,
                    _ => -1.0,
                };
                let mut own: Vec<f64> = weights.iter().map(sign).collect();
                operator.project(&mut own);
                own
            })
            .collect();
        let mut image = Vec::new();
        for round in 0..=ROUNDS {
            orthonormalise(&mut block);
            image = operator.apply(&block.iter().map(Vec::as_slice).collect::<Vec<_>>());
            if round < ROUNDS {
                std::mem::swap(&mut block, &mut image);
            }
        }
        let small = Mat::from_fn(block.len(), block.len(), |i, k| {
            0.5 * (dot(&block[i], &image[k]) + dot(&block[k], &image[i]))
        });
        // Fails for numbers that are not finite alone.
        let Ok(eigen) = small.self_adjoint_eigen(Side::Lower) else {
            return Self { vectors: Vec::new(), values: Vec::new() };
        };
        let last = block.len();
        let kept = last.saturating_sub(COMPONENTS)..last;
        let vector = |k: usize| {
            let mut out = vec![0.0; weights.len()];
            for (i, own) in block.iter().enumerate() {
                out.iter_mut().zip(own).for_each(|(out, x)| *out += eigen.U()[(i, k)] * x);
            }
            out
        };
        let values = kept.clone().map(|k| eigen.S()[k].max(0.0)).collect();
        Self { vectors: kept.map(vector).collect(), values }
    }
}

/// Gram-Schmidt, twice; vectors that are combinations of others go.
fn orthonormalise(block: &mut Vec<Vec<f64>>) {
    let mut out: Vec<Vec<f64>> = Vec::with_capacity(block.len());
    for mut own in block.drain(..) {
        let before = dot(&own, &own).sqrt();
        for _ in 0..2 {
            for other in &out {
                let along = dot(&own, other);
                own.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
            }
        }
        let length = dot(&own, &own).sqrt();
        if length > 1e-10 * before {
            own.iter_mut().for_each(|x| *x /= length);
            out.push(own);
        }
    }
    *block = out;
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
