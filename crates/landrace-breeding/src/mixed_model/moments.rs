//! Sums of products of the rotated columns at one λ, and what is left of them after columns are fitted.

use super::kernel::{LANES, Parts, add_moments};

/// Index of a pair of columns, the first not after the second.
pub(crate) fn pair(first: usize, second: usize) -> usize {
    second * (second + 1) / 2 + first
}

/// Σ a b hᵏ for k = 1 to 3, of all pairs of columns, at one λ.
///
/// For columns that were fitted, these become aᵀ P b, aᵀ P P b and aᵀ P P P b of Zhou and Stephens (2012,
/// supplement), by the same recursion over the columns fitted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moments {
    /// By [`pair`].
    pub(crate) sums: Vec<[f64; 3]>,
    columns: usize,
    /// Σ h and Σ h².
    pub(crate) traces: [f64; 2],
    /// What fitting took off the traces: tr(H⁻¹) − tr(P) and tr(H⁻²) − tr(P²).
    fitted: [f64; 2],
    /// ln |XᵀH⁻¹X| of the columns fitted.
    pub(crate) log_determinant: f64,
    parts: Vec<[Parts; 3]>,
}

impl Moments {
    /// Sums over the samples; `padding` of the values are zeros added to fill the lanes.
    pub(crate) fn compute(&mut self, (values, padding): (&[f64], usize), columns: &[&[f64]], lambda: f64) {
        let pairs = columns.len() * (columns.len() + 1) / 2;
        self.parts.clear();
        self.parts.resize(pairs, [[0.0; LANES]; 3]);
        let mut traces = [[0.0; LANES]; 2];
        add_moments(values, columns, lambda, &mut self.parts, &mut traces);
        self.sums.clear();
        self.sums.extend(self.parts.iter().map(|parts| parts.map(|part| total(&part))));
        self.traces = traces.map(|part| total(&part) - padding as f64);
        self.start(columns.len());
    }

    /// Takes sums that were made elsewhere.
    pub(crate) fn set(&mut self, sums: impl Iterator<Item = [f64; 3]>, columns: usize, traces: [f64; 2]) {
        self.sums.clear();
        self.sums.extend(sums);
        self.traces = traces;
        self.start(columns);
    }

    fn start(&mut self, columns: usize) {
        self.columns = columns;
        self.fitted = [0.0; 2];
        self.log_determinant = 0.0;
    }

    /// Fits a column; those before it have been fitted. False, and nothing done, if it is a combination of them: less
    /// than a part `tolerance` of it is left.
    pub(crate) fn fit(&mut self, column: usize, original: f64, tolerance: f64) -> bool {
        let own = self.sums[pair(column, column)];
        let [ww, ww2, ww3] = own;
        if ww <= original * tolerance || !ww.is_finite() {
            return false;
        }
        self.log_determinant += ww.ln();
        self.fitted[0] += ww2 / ww;
        self.fitted[1] += 2.0 * ww3 / ww - ww2 * ww2 / (ww * ww);
        for second in column + 1..self.columns {
            let [bw, bw2, bw3] = self.sums[pair(column, second)];
            for first in column + 1..=second {
                let [aw, aw2, aw3] = self.sums[pair(column, first)];
                let sums = &mut self.sums[pair(first, second)];
                sums[2] += -aw * bw * ww2 * ww2 / (ww * ww * ww) - (aw * bw3 + bw * aw3 + aw2 * bw2) / ww
                    + (aw * bw2 * ww2 + bw * aw2 * ww2 + aw * bw * ww3) / (ww * ww);
                sums[1] += aw * bw * ww2 / (ww * ww) - (aw * bw2 + bw * aw2) / ww;
                sums[0] -= aw * bw / ww;
            }
        }
        true
    }

    /// The sums of two columns as they are now: aᵀPb, aᵀPPb, aᵀPPPb.
    pub(crate) fn of(&self, first: usize, second: usize) -> [f64; 3] {
        self.sums[pair(first, second)]
    }

    /// tr(P) and tr(P²).
    pub(crate) fn projected_traces(&self) -> [f64; 2] {
        [self.traces[0] - self.fitted[0], self.traces[1] - self.fitted[1]]
    }
}

fn total(parts: &Parts) -> f64 {
    parts.iter().sum()
}
