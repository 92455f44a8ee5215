//! Records of one trait: whose they are, how much they weigh, and what fixed effects act on them.

use super::SingleStepError;

/// Records of one trait.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// The individual of each record, by number in the pedigree; one may have several.
    pub individuals: Vec<u32>,
    /// The values.
    pub values: Vec<f64>,
    /// What each weighs, the inverse of its residual variance; `None` if all weigh alike.
    pub weights: Option<Vec<f64>>,
    /// Columns of fixed effects beside the mean.
    pub fixed: Vec<Vec<f64>>,
}

impl Records {
    /// Records with a mean alone.
    pub fn new(individuals: Vec<u32>, values: Vec<f64>) -> Self {
        Self { individuals, values, ..Self::default() }
    }

    pub(super) fn weight(&self, record: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[record])
    }

    /// Orthonormal columns of the fixed effects, the mean first, each multiplied by the root of the weights.
    ///
    /// # Errors
    /// Returns an error if there are fewer records than effects, if values do not vary, or if effects are collinear.
    pub(super) fn basis(&self) -> Result<Vec<Vec<f64>>, SingleStepError> {
        let n = self.values.len();
        let failed = |message: String| Err(SingleStepError::Request(message));
        if n <= self.fixed.len() + 2 {
            return failed(format!(
                "{n} records do not suffice for {} fixed effects and two variances",
                self.fixed.len() + 1
            ));
        }
        if self.values.iter().all(|value| *value == self.values[0]) {
            return failed(format!("all {n} records are {}; there is nothing to predict", self.values[0]));
        }
        let mut out: Vec<Vec<f64>> = Vec::new();
        let mean = vec![1.0; n];
        for (number, column) in std::iter::once(&mean).chain(&self.fixed).enumerate() {
            let mut own: Vec<f64> =
                column.iter().enumerate().map(|(i, x)| x * self.weight(i).sqrt()).collect();
            let before = dot(&own, &own);
            // Twice, for what rounding leaves.
            for _ in 0..2 {
                project_off(&out, &mut own);
            }
            let left = dot(&own, &own);
            if left <= 1e-10 * before {
                return failed(format!("fixed effect {number} is a sum of those before it; leave it out"));
            }
            let scale = left.sqrt().recip();
            own.iter_mut().for_each(|x| *x *= scale);
            out.push(own);
        }
        Ok(out)
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Takes the part off that orthonormal columns explain.
pub(super) fn project_off(basis: &[Vec<f64>], x: &mut [f64]) {
    for column in basis {
        let share = dot(column, x);
        x.iter_mut().zip(column).for_each(|(x, c)| *x -= share * c);
    }
}
