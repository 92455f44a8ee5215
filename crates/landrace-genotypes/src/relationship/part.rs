//! Parts of a matrix over samples, and the matrix about its mean.

use super::SampleMatrix;

impl SampleMatrix {
    /// The chosen samples, in the order given.
    ///
    /// # Panics
    /// Panics if there is no such sample.
    pub fn subset(&self, chosen: &[usize]) -> Self {
        let samples = chosen.iter().map(|&index| self.samples[index].clone()).collect();
        let row = |(i, &own): (usize, &usize)| chosen[..=i].iter().map(move |&other| self.get(own, other));
        let values = chosen.iter().enumerate().flat_map(row).collect();
        Self { samples, values }
    }

    /// P K P with P = I − 11ᵀ/n: rows and columns add up to 0. Differences between samples stay as they are.
    pub fn centred(&self) -> Self {
        let n = self.len();
        let means: Vec<f64> =
            (0..n).map(|i| (0..n).map(|k| self.get(i, k)).sum::<f64>() / n as f64).collect();
        let mean = means.iter().sum::<f64>() / n as f64;
        let mut values = self.values.clone();
        let mut at = values.iter_mut();
        for i in 0..n {
            // The means first: the shorter of the two must be the one that ends the row.
            for (other, value) in means[..=i].iter().zip(at.by_ref()) {
                *value += mean - means[i] - other;
            }
        }
        Self { samples: self.samples.clone(), values }
    }

    /// The mean of the diagonal.
    pub fn mean_diagonal(&self) -> f64 {
        (0..self.len()).map(|i| self.get(i, i)).sum::<f64>() / self.len() as f64
    }

    /// The first pair whose value is not a finite number.
    pub fn unknown(&self) -> Option<(&str, &str)> {
        let at = self.values.iter().position(|value| !value.is_finite())?;
        let row = (0..self.len()).find(|row| at < (row + 1) * (row + 2) / 2)?;
        Some((&self.samples[row], &self.samples[at - row * (row + 1) / 2]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_means() {
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let matrix = SampleMatrix { samples: names.into(), values: vec![2.0, 1.0, 4.0, 0.5, 0.0, 6.0] };
        let part = matrix.subset(&[2, 0]);
        assert_eq!(
            (&*part.samples, part.values),
            (&["c".to_owned(), "a".to_owned()][..], vec![6.0, 0.5, 2.0])
        );
        let centred = matrix.centred();
        for i in 0..3 {
            assert!((0..3).map(|k| centred.get(i, k)).sum::<f64>().abs() < 1e-12);
        }
        let contrast = |m: &SampleMatrix| m.get(0, 0) - 2.0 * m.get(0, 1) + m.get(1, 1);
        assert!((contrast(&matrix) - contrast(&centred)).abs() < 1e-12);
        assert_eq!(matrix.mean_diagonal(), 4.0);
        let unknown = SampleMatrix { values: vec![1.0, 1.0, 1.0, 1.0, f64::NAN, 1.0], ..matrix };
        assert_eq!(unknown.unknown(), Some(("c", "b")));
    }
}
