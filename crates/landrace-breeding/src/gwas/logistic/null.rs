//! The logistic mixed model without markers.

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Accum, Mat, Par};

use super::projection::{Projection, cross};
use super::saddle_point::{logistic, softplus};
use crate::mixed_model::{Bound, ModelError, Rotated, check_data};
use crate::predict::cholesky::Cholesky;

/// Steps at most, of the fixed and polygenic effects at one τ and of τ.
const STEPS: usize = 100;

/// |η| of a sample beyond which its class is taken as certain.
const CERTAIN: f64 = 25.0;

/// Ends of the range of τ, in units of one over the mean diagonal of K.
const ENDS: [f64; 2] = [1e-4, 1e3];

/// What can be wrong with a logistic model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LogisticError {
    /// As of linear models.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Covariates tell the classes apart.
    #[error("the covariates separate its two classes (covariate {0}, the mean is 0); leave it out")]
    Separated(usize),
    /// The steps did not end.
    #[error("the logistic model did not converge; are there more covariates than the rarer class bears?")]
    NotConverged,
}

/// A fitted model logit P(y = 1) = X a + b, b ~ N(0, τ K).
pub(super) struct LogisticNull {
    pub(super) tau: f64,
    /// From the average information; `None` at an end of the range.
    pub(super) tau_se: Option<f64>,
    pub(super) bound: Option<Bound>,
    /// a.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold them against other programs"))]
    pub(super) effects: Vec<f64>,
    /// η, μ, μ (1 − μ) and y − μ of each sample.
    pub(super) predictor: Vec<f64>,
    pub(super) means: Vec<f64>,
    pub(super) weights: Vec<f64>,
    pub(super) residuals: Vec<f64>,
    pub(super) projection: Projection,
}

/// The fit at one τ.
#[derive(Clone)]
struct State {
    /// a, and c with b = τ K c.
    effects: Vec<f64>,
    dual: Vec<f64>,
    predictor: Vec<f64>,
    /// bᵀ K⁻¹ b / τ.
    penalty: f64,
}

struct Fit<'a> {
    y: &'a [f64],
    x: Mat<f64>,
    kinship: Option<&'a Mat<f64>>,
}

/// Slope of the restricted quasi-likelihood by τ and its average information.
struct Slope {
    score: f64,
    information: f64,
}

impl LogisticNull {
    /// Fits the model to `y` of 0 and 1.
    ///
    /// # Errors
    /// Returns an error if there are too few samples, the covariates depend on each other or separate the classes, or the
    /// steps do not end.
    pub(super) fn fit(
        y: &[f64],
        covariates: &[Vec<f64>],
        kinship: Option<&Mat<f64>>,
    ) -> Result<Self, LogisticError> {
        check_data(&Rotated::plain(y, covariates, None))?;
        let x = Mat::from_fn(y.len(), covariates.len(), |i, k| covariates[k][i]);
        let fit = Fit { y, x, kinship };
        let start = fit.without_relationship()?;
        let (tau, bound, state) = match kinship {
            Some(kinship) => fit.with_relationship(start, kinship)?,
            None => (0.0, None, start),
        };
        let (means, weights) = means(&state.predictor);
        let factor = (tau > 0.0).then(|| fit.factor(&weights, tau)).transpose()?;
        let slope = match (&factor, kinship) {
            (Some(factor), Some(_)) if bound.is_none() => Some(fit.slope(&state, factor, tau)?),
            _ => None,
        };
        let inverse = factor.map(|factor| covariance_inverse(&factor, &weights));
        let projection = Projection::new(&fit.x, &weights, inverse).ok_or(LogisticError::NotConverged)?;
        let residuals = y.iter().zip(&means).map(|(y, mean)| y - mean).collect();
        let tau_se = slope.map(|slope| 1.0 / slope.information.sqrt());
        let State { effects, predictor, .. } = state;
        Ok(Self { tau, tau_se, bound, effects, predictor, means, weights, residuals, projection })
    }
}

/// μ and μ (1 − μ).
fn means(predictor: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let means: Vec<f64> = predictor.iter().map(|&eta| logistic(eta)).collect();
    let weights = predictor.iter().map(|&eta| logistic(eta) * logistic(-eta)).collect();
    (means, weights)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A v.
fn times(matrix: &Mat<f64>, v: &[f64]) -> Vec<f64> {
    let column = Mat::from_fn(v.len(), 1, |i, _| v[i]);
    let mut out = Mat::zeros(matrix.nrows(), 1);
    matmul(out.as_mut(), Accum::Replace, matrix.as_ref(), column.as_ref(), 1.0, Par::Seq);
    out.col_as_slice(0).to_vec()
}

/// The lower factor of I + τ √W K √W.
type Factor = Cholesky;

/// Σ⁻¹ = √W (L Lᵀ)⁻¹ √W.
fn covariance_inverse(factor: &Factor, weights: &[f64]) -> Mat<f64> {
    let half = inverse_factor(factor);
    let n = weights.len();
    let half = Mat::from_fn(n, n, |i, k| half[(i, k)] * weights[k].sqrt());
    cross(half.as_ref(), half.as_ref())
}

/// L⁻¹.
fn inverse_factor(factor: &Factor) -> Mat<f64> {
    let lower = factor.lower();
    let mut out = Mat::zeros(lower.nrows(), lower.ncols());
    invert_lower_triangular(out.as_mut(), lower, Par::Seq);
    out
}

impl Fit<'_> {
    /// ln P(y) less half the penalty.
    fn value(&self, state: &State) -> f64 {
        let each = self.y.iter().zip(&state.predictor);
        each.map(|(y, eta)| y * eta - softplus(*eta)).sum::<f64>() - 0.5 * state.penalty
    }

    fn factor(&self, weights: &[f64], tau: f64) -> Result<Factor, LogisticError> {
        let kinship = self.kinship.ok_or(LogisticError::NotConverged)?;
        let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
        let n = roots.len();
        let cell =
            |i: usize, k: usize| tau * kinship[(i, k)] * roots[i] * roots[k] + if i == k { 1.0 } else { 0.0 };
        Cholesky::of(Mat::from_fn(n, n, cell)).ok_or(LogisticError::NotConverged)
    }

    /// Logistic regression by Newton steps.
    fn without_relationship(&self) -> Result<State, LogisticError> {
        let (n, c) = (self.x.nrows(), self.x.ncols());
        let state =
            State { effects: vec![0.0; c], dual: vec![0.0; n], predictor: vec![0.0; n], penalty: 0.0 };
        match self.climb(state, 0.0) {
            Ok(state) if state.predictor.iter().all(|eta| eta.abs() < CERTAIN) => Ok(state),
            Ok(state) => Err(self.separated(&state)),
            Err(error) => Err(error),
        }
    }

    /// The covariate that moves the predictor most.
    fn separated(&self, state: &State) -> LogisticError {
        let spread = |k: usize| {
            let column = self.x.col_as_slice(k);
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            let square: f64 = column.iter().map(|x| (x - mean).powi(2)).sum();
            state.effects[k].powi(2) * square
        };
        let most = (0..self.x.ncols()).max_by(|&a, &b| spread(a).total_cmp(&spread(b)));
        LogisticError::Separated(most.unwrap_or(0))
    }

    /// The greatest penalised likelihood at one τ: Newton steps, halved until they help.
    fn climb(&self, mut state: State, tau: f64) -> Result<State, LogisticError> {
        let mut value = self.value(&state);
        for _ in 0..STEPS {
            let Some(full) = self.step(&state, tau)? else { return Ok(state) };
            let mut share = 1.0;
            let (next, found) = loop {
                let next = state.towards(&full, share, self, tau);
                let found = self.value(&next);
                if found >= value - 1e-10 * value.abs() || share < 1e-6 {
                    break (next, found);
                }
                share *= 0.5;
            };
            let moved = next.predictor.iter().zip(&state.predictor).map(|(a, b)| (a - b).abs());
            let most = moved.fold(0.0, f64::max);
            (state, value) = (next, found);
            let is_certain = tau == 0.0 && state.predictor.iter().any(|eta| eta.abs() > CERTAIN);
            if most < 1e-9 || is_certain {
                return Ok(state);
            }
        }
        Err(LogisticError::NotConverged)
    }

    /// The state that a whole Newton step gives; `None` if the weights leave nothing to solve for.
    fn step(&self, state: &State, tau: f64) -> Result<Option<State>, LogisticError> {
        let (means, weights) = means(&state.predictor);
        let (n, c) = (self.x.nrows(), self.x.ncols());
        let working = |i: usize| state.predictor[i] + (self.y[i] - means[i]) / weights[i];
        let root = |i: usize| weights[i].sqrt();
        // √W X and √W Y, then L⁻¹ of them.
        let mut right =
            Mat::from_fn(n, c + 1, |i, k| root(i) * if k < c { self.x[(i, k)] } else { working(i) });
        let factor = if tau > 0.0 { Some(self.factor(&weights, tau)?) } else { None };
        if let Some(factor) = &factor {
            factor.half_solve(right.as_mut());
        }
        let sums = cross(right.as_ref(), right.as_ref());
        let Some(normal) = Cholesky::of(Mat::from_fn(c, c, |i, k| sums[(i, k)])) else {
            return if tau > 0.0 { Err(LogisticError::NotConverged) } else { Ok(None) };
        };
        let effects = normal.solved(&(0..c).map(|k| sums[(k, c)]).collect::<Vec<_>>());
        let mut rest = Mat::from_fn(n, 1, |i, _| {
            right[(i, c)] - (0..c).map(|k| right[(i, k)] * effects[k]).sum::<f64>()
        });
        if let Some(factor) = &factor {
            factor.second_half_solve(rest.as_mut());
        }
        let dual: Vec<f64> = (0..n).map(|i| rest[(i, 0)] * root(i)).collect();
        Ok(Some(State::of(self, effects, dual, tau)))
    }

    /// Slope and average information of τ at a fit, whose factor is given; at τ = 0 there is none.
    fn slope(&self, state: &State, factor: &Factor, tau: f64) -> Result<Slope, LogisticError> {
        let kinship = self.kinship.ok_or(LogisticError::NotConverged)?;
        let weights = means(&state.predictor).1;
        let half = inverse_factor(factor);
        let trace: f64 = (0..half.ncols()).map(|k| half.col(k).iter().map(|x| x * x).sum::<f64>()).sum();
        let whole = (weights.len() as f64 - trace) / tau;
        self.slope_with(kinship, &weights, state, (whole, Some(factor)))
    }

    fn slope_with(
        &self,
        kinship: &Mat<f64>,
        weights: &[f64],
        state: &State,
        (whole, factor): (f64, Option<&Factor>),
    ) -> Result<Slope, LogisticError> {
        let (n, c) = (self.x.nrows(), self.x.ncols());
        let residuals: Vec<f64> =
            self.y.iter().zip(&state.predictor).map(|(y, &eta)| y - logistic(eta)).collect();
        let related = times(kinship, &residuals);
        // Σ⁻¹ of X and of K r.
        let mut right = Mat::from_fn(n, c + 1, |i, k| {
            weights[i].sqrt() * if k < c { self.x[(i, k)] } else { related[i] }
        });
        if let Some(factor) = factor {
            factor.solve(right.as_mut());
        }
        let solved = Mat::from_fn(n, c + 1, |i, k| right[(i, k)] * weights[i].sqrt());
        let normal = cross(self.x.as_ref(), solved.as_ref());
        let fixed =
            Cholesky::of(Mat::from_fn(c, c, |i, k| normal[(i, k)])).ok_or(LogisticError::NotConverged)?;
        let columns = solved.as_ref().subcols(0, c);
        let mut turned = Mat::zeros(n, c);
        matmul(turned.as_mut(), Accum::Replace, kinship.as_ref(), columns, 1.0, Par::Seq);
        let mut taken = cross(columns, turned.as_ref());
        fixed.solve(taken.as_mut());
        let trace = whole - (0..c).map(|k| taken[(k, k)]).sum::<f64>();
        let along: Vec<f64> = (0..c).map(|k| normal[(k, c)]).collect();
        let explained = dot(&fixed.solved(&along), &along);
        let solved_related: Vec<f64> = (0..n).map(|i| solved[(i, c)]).collect();
        Ok(Slope {
            score: 0.5 * (dot(&residuals, &related) - trace),
            information: 0.5 * (dot(&related, &solved_related) - explained),
        })
    }

    /// τ by restricted quasi-likelihood: secant steps within a bracket, the first ones by the average information.
    fn with_relationship(
        &self,
        start: State,
        kinship: &Mat<f64>,
    ) -> Result<(f64, Option<Bound>, State), LogisticError> {
        let n = self.y.len();
        let mean = (0..n).map(|i| kinship[(i, i)]).sum::<f64>() / n as f64;
        let [least, most] = ENDS.map(|end| end / mean);
        let weights = means(&start.predictor).1;
        let whole = (0..n).map(|i| kinship[(i, i)] * weights[i]).sum();
        let at_nothing = self.slope_with(kinship, &weights, &start, (whole, None))?;
        if at_nothing.score <= 0.0 {
            return Ok((0.0, Some(Bound::Low), start));
        }
        let (mut low, mut high) = ((0.0, at_nothing.score), None::<(f64, f64)>);
        let mut tau = (at_nothing.score / at_nothing.information).clamp(least, 2.0 / mean);
        let mut state = start;
        for _ in 0..STEPS {
            state = self.climb(state.at(self, tau), tau)?;
            let factor = self.factor(&means(&state.predictor).1, tau)?;
            let slope = self.slope(&state, &factor, tau)?;
            let last = if slope.score > 0.0 { low.0 } else { high.map_or(f64::INFINITY, |own| own.0) };
            let before = if slope.score > 0.0 { Some(low) } else { high };
            if slope.score > 0.0 {
                low = (tau, slope.score)
            } else {
                high = Some((tau, slope.score))
            }
            if tau >= most && slope.score > 0.0 {
                return Ok((tau, Some(Bound::High), state));
            }
            if tau <= least && slope.score < 0.0 {
                return Ok((tau, Some(Bound::Low), state));
            }
            let secant = before
                .filter(|_| last.is_finite() && last > 0.0)
                .map(|(at, score)| (slope.score - score) / (tau - at));
            let steepness = secant.filter(|own| *own < 0.0).unwrap_or(-slope.information);
            let next = tau - slope.score / steepness;
            let next = match high {
                Some(high) if next > low.0 && next < high.0 => next,
                Some(high) => 0.5 * (low.0 + high.0),
                None => next.clamp(low.0, 4.0 * tau),
            };
            let next = next.clamp(least, most);
            if (next - tau).abs() <= 1e-7 * tau {
                return Ok((tau, None, state));
            }
            tau = next;
        }
        Err(LogisticError::NotConverged)
    }
}

impl State {
    fn of(fit: &Fit<'_>, effects: Vec<f64>, dual: Vec<f64>, tau: f64) -> Self {
        let fixed = times(&fit.x, &effects);
        let (predictor, penalty) = match fit.kinship.filter(|_| tau > 0.0) {
            Some(kinship) => {
                let polygenic: Vec<f64> = times(kinship, &dual).iter().map(|own| own * tau).collect();
                let penalty = dot(&polygenic, &dual);
                (fixed.iter().zip(&polygenic).map(|(a, b)| a + b).collect(), penalty)
            }
            None => (fixed, 0.0),
        };
        Self { effects, dual, predictor, penalty }
    }

    /// The same polygenic effects under another τ are another c; it starts from the same c, which costs nothing.
    fn at(self, fit: &Fit<'_>, tau: f64) -> Self {
        Self::of(fit, self.effects, self.dual, tau)
    }

    fn towards(&self, full: &Self, share: f64, fit: &Fit<'_>, tau: f64) -> Self {
        if share == 1.0 {
            return full.clone();
        }
        let mixed = |a: &[f64], b: &[f64]| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| a + share * (b - a)).collect()
        };
        Self::of(fit, mixed(&self.effects, &full.effects), mixed(&self.dual, &full.dual), tau)
    }
}
