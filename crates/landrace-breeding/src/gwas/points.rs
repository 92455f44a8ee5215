//! Sums of rotated markers with traits and covariates at given λ: products of matrices.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use crate::mixed_model::moments::{Moments, pair};

/// The test of one marker against one trait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Association {
    /// Effect of one copy of the allele counted; of several columns the first one's.
    pub beta: f64,
    /// Its standard error.
    pub se: f64,
    /// Effects and standard errors of all columns, where there are several.
    pub effects: Vec<(f64, f64)>,
    /// Covariances of effects on several traits, row by row from the diagonal on.
    pub covariance: Vec<f64>,
    /// ln of the p-value of Wald's F test of all columns.
    pub ln_p: f64,
    /// ln of the p-value of a score test by the normal distribution, where `ln_p` may be by a saddle point.
    pub ln_p_normal: Option<f64>,
    /// What the search for λ adds.
    pub search: Option<super::exact::Search>,
}

/// Weights of the samples, at one λ.
pub(crate) struct Weighting {
    weights: Vec<f64>,
    /// The trait that it is for; `None` for all.
    of: Option<usize>,
    /// First column of its products with covariates and traits.
    first: usize,
}

/// Weighted covariates and traits, against which markers are multiplied.
pub(crate) struct Points {
    pub(crate) weightings: Vec<Weighting>,
    /// Samples (padded) × products.
    factors: Mat<f64>,
    /// Samples (padded) × weightings.
    weights: Mat<f64>,
    covariates: usize,
}

/// What a block of markers gives at all points.
pub(crate) struct PointSums {
    /// Products × columns of the markers.
    linear: Mat<f64>,
    /// Weightings × pairs of columns of one marker.
    square: Mat<f64>,
}

impl Points {
    /// `weightings` are weights and the trait they are for; `covariates` and `traits` are rotated and padded.
    pub(crate) fn new(
        weightings: Vec<(Vec<f64>, Option<usize>)>,
        covariates: &[Vec<f64>],
        traits: &[&[f64]],
    ) -> Self {
        let rows = covariates.first().map_or(0, Vec::len);
        let mut columns: Vec<Vec<f64>> = Vec::new();
        let mut out = Vec::new();
        for (weights, of) in weightings {
            let first = columns.len();
            let weighted = |own: &[f64]| own.iter().zip(&weights).map(|(a, b)| a * b).collect::<Vec<f64>>();
            columns.extend(covariates.iter().map(|own| weighted(own)));
            let chosen = traits.iter().enumerate().filter(|(index, _)| of.is_none_or(|of| of == *index));
            columns.extend(chosen.map(|(_, own)| weighted(own)));
            out.push(Weighting { weights, of, first });
        }
        let factors = Mat::from_fn(rows, columns.len(), |i, k| columns[k][i]);
        let weights = Mat::from_fn(rows, out.len(), |i, k| out[k].weights[i]);
        Self { weightings: out, factors, weights, covariates: covariates.len() }
    }

    /// Sums of a block's rotated columns; `pairs` are the products of columns of one marker.
    pub(crate) fn sums(&self, columns: &Mat<f64>, pairs: &Mat<f64>) -> PointSums {
        let product = |left: &Mat<f64>, right: &Mat<f64>| {
            let mut out = Mat::zeros(left.ncols(), right.ncols());
            matmul(out.as_mut(), Accum::Replace, left.transpose(), right.as_ref(), 1.0, Par::Seq);
            out
        };
        PointSums { linear: product(&self.factors, columns), square: product(&self.weights, pairs) }
    }

    /// Puts the sums of one marker and trait into `out`: columns of X, of the marker, and the trait. `fixed` are the sums
    /// of X and the trait alone at these weights.
    pub(crate) fn gather(
        &self,
        sums: &PointSums,
        place: &Place<'_>,
        (powers, fixed): ([Option<usize>; 2], &[[f64; 3]]),
        out: &mut Moments,
    ) {
        let (c, k) = (self.covariates, place.columns.len());
        let total = c + k + 1;
        let is_marker = |column: usize| column >= c && column < c + k;
        // Columns of X and the trait as the fixed sums have them.
        let plain = |column: usize| if column < c { column } else { c };
        let at = |point: usize, first: usize, second: usize| {
            let weighting = &self.weightings[point];
            match (is_marker(first), is_marker(second)) {
                (true, true) => sums.square[(point, place.pairs.start + pair(first - c, second - c))],
                (true, false) => {
                    let own = if weighting.of.is_some() { 0 } else { place.of };
                    sums.linear[(weighting.first + c + own, place.columns.start + first - c)]
                }
                _ => sums.linear[(weighting.first + first, place.columns.start + second - c)],
            }
        };
        let all = (0..total).flat_map(|second| (0..=second).map(move |first| (first, second)));
        let each = all.map(|(first, second)| {
            if is_marker(first) || is_marker(second) {
                let own = powers.map(|point| point.map_or(0.0, |point| at(point, first, second)));
                [own[0], own[1], 0.0]
            } else {
                fixed[pair(plain(first), plain(second))]
            }
        });
        out.set(each, total, place.traces);
    }
}

/// Which marker and trait.
pub(crate) struct Place<'a> {
    /// Its columns.
    pub(crate) columns: &'a std::ops::Range<usize>,
    /// The products of its columns.
    pub(crate) pairs: std::ops::Range<usize>,
    /// The trait.
    pub(crate) of: usize,
    /// Σ h and Σ h².
    pub(crate) traces: [f64; 2],
}
