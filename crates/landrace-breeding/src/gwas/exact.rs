//! Tests of a marker: at one λ, or with λ searched anew.

use faer::Mat;
use landrace_genotypes::significance::{ln_chi_squared_tail, ln_f_tail};

use super::frame::{Fitted, score_point};
use super::points::{Association, Place, PointSums, Points};
use crate::mixed_model::Bound;
use crate::mixed_model::likelihood::{Criterion, Size, log_weights};
use crate::mixed_model::moments::{Moments, pair};
use crate::mixed_model::search::{INTERVALS, Optimum, maximise};
use crate::mixed_model::solve;

/// Part of a column that is left when it is a combination of others of its marker.
const COLLINEAR: f64 = 1e-9;

/// What the search for λ adds to a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Log-likelihood with the marker.
    pub loglik: f64,
    /// λ by restricted likelihood.
    pub lambda_reml: f64,
    /// λ by full likelihood.
    pub lambda_ml: f64,
    /// The end of the range of λ, if the restricted likelihood is greatest there.
    pub bound: Option<Bound>,
    /// ln of the p-value of the likelihood-ratio test.
    pub ln_p_lrt: f64,
    /// ln of the p-value of the score test.
    pub ln_p_score: f64,
}

/// A marker beside a trait, at any λ.
pub(crate) struct MarkerFit<'a> {
    own: &'a Fitted,
    /// Covariates, columns of the marker, trait.
    columns: Vec<&'a [f64]>,
    /// With the marker fitted.
    size: Size,
    moments: Moments,
}

impl<'a> MarkerFit<'a> {
    pub(crate) fn new(
        own: &'a Fitted,
        rotated: &'a Mat<f64>,
        marker: &std::ops::Range<usize>,
        size: Size,
    ) -> Self {
        let x = own.rotated.x.iter().map(Vec::as_slice);
        let columns = x
            .chain(marker.clone().map(|column| rotated.col_as_slice(column)))
            .chain(std::iter::once(own.rotated.y.as_slice()))
            .collect();
        let size = Size { fitted: size.fitted + marker.len(), ..size };
        Self { own, columns, size, moments: Moments::default() }
    }

    fn compute(&mut self, log_lambda: f64) {
        let rotated = &self.own.rotated;
        self.moments.compute((&rotated.values, rotated.padding()), &self.columns, log_lambda.exp());
    }

    fn slopes(&mut self, criterion: Criterion, log_lambda: f64) -> (f64, f64) {
        self.compute(log_lambda);
        let yy = fit_all(&mut self.moments, self.size.fitted);
        criterion.derivatives(&self.moments, yy, self.size)
    }

    /// The log-likelihood; the restricted one but for a constant.
    fn value(&mut self, criterion: Criterion, log_lambda: f64) -> f64 {
        self.compute(log_lambda);
        let yy = fit_all(&mut self.moments, self.size.fitted);
        let log_h = log_weights(&self.own.rotated.values, log_lambda.exp());
        criterion.value(&self.moments, yy[0], self.size, (log_h, 0.0))
    }

    fn maximise(&mut self, criterion: Criterion, firsts: &[f64; INTERVALS + 1], start: f64) -> Optimum {
        let slopes = |fit: &mut Self, t: f64| fit.slopes(criterion, t);
        maximise(firsts, start, self, slopes, |fit, t| fit.value(criterion, t))
    }
}

fn fit_all(moments: &mut Moments, columns: usize) -> [f64; 3] {
    (0..columns).for_each(|column| {
        moments.fit(column, 0.0, 0.0);
    });
    moments.of(columns, columns)
}

/// Wald's, likelihood-ratio and score test, each at its own λ; `None` if the marker's columns depend on each other.
pub(crate) fn test(
    mut fit: MarkerFit<'_>,
    (points, sums): (&Points, &PointSums),
    place: &mut Place<'_>,
    moments: &mut Moments,
) -> Option<Association> {
    let own = fit.own;
    let null = own.null.as_ref()?;
    let (size, k) = (fit.size, place.columns.len());
    let base = Size { fitted: size.fitted - k, ..size };
    let (mut reml, mut ml) = ([0.0; INTERVALS + 1], [0.0; INTERVALS + 1]);
    for (g, fixed) in own.fixed.iter().enumerate() {
        place.traces = fixed.traces;
        points.gather(sums, place, ([Some(2 * g), Some(2 * g + 1)], &fixed.sums), moments);
        let yy = fit_all(moments, size.fitted);
        reml[g] = Criterion::Reml.derivatives(moments, yy, size).0;
        ml[g] = Criterion::Ml.derivatives(moments, yy, size).0;
    }
    let best = fit.maximise(Criterion::Reml, &reml, null.lambda.ln());
    fit.compute(best.log_lambda);
    let mut out = wald(&mut fit.moments, base, k)?;
    // The full likelihood's λ differs from the restricted one's about as it does without the marker.
    let start = best.log_lambda + null.lambda_ml.ln() - null.lambda.ln();
    let best_ml = fit.maximise(Criterion::Ml, &ml, start);
    let loglik = fit.value(Criterion::Ml, best_ml.log_lambda);
    let statistic = 2.0 * (loglik - null.loglik_ml);
    let score = own.score.as_ref()?;
    place.traces = score.traces;
    points.gather(sums, place, ([Some(score_point(place.of)), None], &score.sums), moments);
    out.search = Some(Search {
        loglik,
        lambda_reml: best.log_lambda.exp(),
        lambda_ml: best_ml.log_lambda.exp(),
        bound: best.bound,
        ln_p_lrt: ln_chi_squared_tail(statistic.max(0.0), k as u32),
        ln_p_score: score_test(moments, base, k)?,
    });
    Some(out)
}

/// Wald's test of sums that are not yet fitted; `size` is that without the marker.
pub(crate) fn wald(moments: &mut Moments, size: Size, k: usize) -> Option<Association> {
    let c = size.fitted;
    (0..c).for_each(|column| {
        moments.fit(column, 0.0, 0.0);
    });
    let effects =
        solve(k, |i, j| moments.sums[pair(c + i.min(j), c + i.max(j))][0], |i| moments.of(c + i, c + k)[0]);
    let (before, explained) = explain_fitted(moments, c, k)?;
    let degrees = size.degrees() - k as f64;
    // A marker that explains all of the trait leaves rounding, of either sign.
    let variance = (before - explained).max(f64::EPSILON * before) / degrees;
    let effects: Vec<(f64, f64)> =
        effects.0.iter().zip(&effects.1).map(|(&beta, own)| (beta, (variance * own).sqrt())).collect();
    let (beta, se) = effects[0];
    let ln_p = ln_f_tail(explained / variance / k as f64, k as f64, degrees);
    let effects = if k > 1 { effects } else { Vec::new() };
    Some(Association { beta, se, effects, ln_p, ..Association::default() })
}

fn score_test(moments: &mut Moments, size: Size, k: usize) -> Option<f64> {
    let c = size.fitted;
    (0..c).for_each(|column| {
        moments.fit(column, 0.0, 0.0);
    });
    let (before, explained) = explain_fitted(moments, c, k)?;
    let f = size.samples as f64 * explained / before / k as f64;
    Some(ln_f_tail(f, k as f64, size.degrees() - k as f64))
}

/// With the covariates fitted: yᵀPy, and what the marker's columns take off it.
fn explain_fitted(moments: &mut Moments, c: usize, k: usize) -> Option<(f64, f64)> {
    let last = c + k;
    let before = moments.of(last, last)[0];
    let originals: Vec<f64> = (c..last).map(|column| moments.of(column, column)[0]).collect();
    let mut explained = 0.0;
    for (column, original) in (c..last).zip(originals) {
        let (xx, xy) = (moments.of(column, column)[0], moments.of(column, last)[0]);
        explained += xy * xy / xx;
        if !moments.fit(column, original, COLLINEAR) {
            return None;
        }
    }
    Some((before, explained))
}
