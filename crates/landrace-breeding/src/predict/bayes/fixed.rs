//! The fixed part: intercept and covariates, on a basis that is orthonormal under the weights.

use landrace_genotypes::GenotypeError;

use super::Records;

/// What is left of a column beside those before it, as a share of its length, below which it counts as their
/// combination.
const LEAST: f64 = 1e-8;

/// X = Q R with Q'WQ = I, over the samples with records; Q is 0 elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::predict) struct Fixed {
    /// Columns of Q.
    pub(in crate::predict) basis: Vec<Vec<f64>>,
    /// Columns of R, each as long as its index and one.
    triangle: Vec<Vec<f64>>,
}

impl Fixed {
    /// The basis of the intercept and the covariates.
    pub(in crate::predict) fn of(records: &Records) -> Result<Self, GenotypeError> {
        let mut out = Self::default();
        let has_record = |column: &[f64]| -> Vec<f64> {
            column.iter().zip(&records.weights).map(|(&x, &w)| if w > 0.0 { x } else { 0.0 }).collect()
        };
        let ones = vec![1.0; records.values.len()];
        for column in std::iter::once(&ones).chain(&records.covariates) {
            let mut rest = has_record(column);
            let length = product(&rest, &rest, &records.weights).sqrt();
            let mut along = vec![0.0; out.basis.len()];
            // Twice, for what rounding leaves.
            for _ in 0..2 {
                for (own, along) in out.basis.iter().zip(&mut along) {
                    let more = product(own, &rest, &records.weights);
                    rest.iter_mut().zip(own).for_each(|(x, y)| *x -= more * y);
                    *along += more;
                }
            }
            let left = product(&rest, &rest, &records.weights).sqrt();
            if left.is_nan() || left <= LEAST * length {
                return Err(GenotypeError::Request(format!(
                    "covariate {} does not vary among the records, or is a combination of those before it; leave it out",
                    out.basis.len()
                )));
            }
            rest.iter_mut().for_each(|x| *x /= left);
            along.push(left);
            out.basis.push(rest);
            out.triangle.push(along);
        }
        Ok(out)
    }

    /// Coefficients of the columns of X, the intercept first, from those of the basis.
    pub(in crate::predict) fn coefficients(&self, on_basis: &[f64]) -> Vec<f64> {
        let mut out = on_basis.to_vec();
        for column in (0..out.len()).rev() {
            out[column] /= self.triangle[column][column];
            for row in 0..column {
                out[row] -= self.triangle[column][row] * out[column];
            }
        }
        out
    }
}

/// Σ w x y.
pub(in crate::predict) fn product(x: &[f64], y: &[f64], weights: &[f64]) -> f64 {
    x.iter().zip(y).zip(weights).map(|((x, y), w)| x * y * w).sum()
}

/// Mean and variance of the records, by their weights.
pub(super) fn moments(records: &Records) -> (f64, f64) {
    let total: f64 = records.weights.iter().sum();
    let ones = vec![1.0; records.values.len()];
    let mean = product(&records.values, &ones, &records.weights) / total;
    let centred: Vec<f64> = records.values.iter().map(|y| y - mean).collect();
    let count = records.count() as f64;
    (mean, product(&centred, &centred, &records.weights) / total * count / (count - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_come_back_from_the_basis() {
        let x: Vec<f64> = (0..20).map(|i| f64::from(i) * 0.5).collect();
        let z: Vec<f64> = (0..20).map(|i| f64::from(i * i % 7)).collect();
        let weights: Vec<f64> = (0..20).map(|i| if i == 3 { 0.0 } else { 1.0 + f64::from(i % 3) }).collect();
        let values: Vec<f64> = x.iter().zip(&z).map(|(x, z)| 2.0 + 3.0 * x - z).collect();
        let mut records = Records { values, weights, covariates: vec![x.clone(), z] };
        let fixed = Fixed::of(&records).unwrap();
        let on_basis: Vec<f64> =
            fixed.basis.iter().map(|q| product(q, &records.values, &records.weights)).collect();
        for (own, expected) in fixed.coefficients(&on_basis).iter().zip([2.0, 3.0, -1.0]) {
            assert!((own - expected).abs() < 1e-9, "{own} {expected}");
        }
        records.covariates[1] = x.iter().map(|x| 1.0 - x).collect();
        let message = Fixed::of(&records).unwrap_err().to_string();
        assert!(message.starts_with("covariate 2 does not vary"), "{message}");
    }
}
