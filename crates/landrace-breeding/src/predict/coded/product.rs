//! Products of the standardised calls with vectors: Zᵀv, one number a variant, and Za, one number a sample.

use rayon::prelude::*;

use super::CodedCalls;
use super::kernel::{Digits, Row, add_products, dots};

/// Variants whose products with a coefficient are added up under one scale.
const DEPTH: usize = 256;

/// Variants of a task.
const ROWS: usize = 64;

impl CodedCalls {
    /// Zᵀv for several vectors of one number a sample; the result has one vector a vector.
    pub fn transposed_products(&self, vectors: &[Digits]) -> Vec<Vec<f64>> {
        let mut out = vec![0.0; self.variants.len() * vectors.len()];
        if vectors.is_empty() {
            return Vec::new();
        }
        out.par_chunks_mut(ROWS * vectors.len()).enumerate().for_each(|(task, out)| {
            let first = task * ROWS;
            let count = out.len() / vectors.len();
            let mut sums = [0.0; 4];
            for start in (0..count).step_by(4) {
                let four = 4.min(count - start);
                let rows: Vec<Row<'_>> = (0..four).map(|k| self.row(first + start + k)).collect();
                for (index, digits) in vectors.iter().enumerate() {
                    dots(&rows, digits, &mut sums[..four]);
                    for (k, &sum) in sums[..four].iter().enumerate() {
                        let own = &self.variants[first + start + k];
                        out[(start + k) * vectors.len() + index] =
                            own.unit * (sum - own.centre * digits.total());
                    }
                }
            }
        });
        let column = |index: usize| out.iter().skip(index).step_by(vectors.len()).copied().collect();
        (0..vectors.len()).map(column).collect()
    }

    /// Za for several vectors of one number a variant; the result has one vector a vector.
    pub fn products(&self, vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let words = self.words();
        let rows: Vec<Row<'_>> = (0..self.variants.len()).map(|variant| self.row(variant)).collect();
        let coefficients: Vec<Vec<(Digits, f64)>> =
            vectors.par_iter().map(|vector| self.scaled(vector)).collect();
        // Tasks are stretches of samples, few enough that a stretch's calls are read in whole lines.
        let stretch = (words / 24).clamp(1, 8);
        let tasks: Vec<usize> = (0..words).step_by(stretch).collect();
        let parts: Vec<Vec<f64>> = tasks
            .par_iter()
            .map(|&first| {
                let own = stretch.min(words - first) * 64;
                let mut out = vec![0.0; own * vectors.len()];
                for (chunk, rows) in rows.chunks(DEPTH).enumerate() {
                    for (vector, out) in coefficients.iter().zip(out.chunks_mut(own)) {
                        let (digits, base) = &vector[chunk];
                        add_products(rows, digits, *base, first, out);
                    }
                }
                out
            })
            .collect();
        let vector = |index: usize| {
            let own = |part: &Vec<f64>| {
                let length = part.len() / vectors.len();
                part[index * length..(index + 1) * length].to_vec()
            };
            let mut out: Vec<f64> = parts.iter().flat_map(own).collect();
            out.truncate(self.samples);
            out
        };
        (0..vectors.len()).map(vector).collect()
    }

    /// Numbers a variant as digits of what a step of its byte is worth, chunk by chunk, and what the centres take off.
    fn scaled(&self, vector: &[f64]) -> Vec<(Digits, f64)> {
        let chunks = vector.chunks(DEPTH).zip(self.variants.chunks(DEPTH));
        chunks
            .map(|(numbers, variants)| {
                let scaled: Vec<f64> = numbers.iter().zip(variants).map(|(a, own)| a * own.unit).collect();
                let digits = Digits::of(&scaled, None);
                let base = -digits.values().zip(variants).map(|(a, own)| a * own.centre).sum::<f64>();
                (digits, base)
            })
            .collect()
    }
}

impl Digits {
    /// The numbers as they are held, the padding too.
    pub(in crate::predict) fn values(&self) -> impl Iterator<Item = f64> {
        let digits = self.high.iter().zip(&self.middle).zip(&self.low);
        digits.map(|((&high, &middle), &low)| {
            let whole = (i32::from(high) << 16) + (i32::from(middle) << 8) + i32::from(low);
            f64::from(whole) * self.step
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::matrix;
    use super::*;

    #[test]
    fn products_are_those_of_the_numbers() {
        let (samples, variants) = (150, 300);
        let rows: Vec<Vec<u8>> = (0..variants)
            .map(|j| {
                (0..samples)
                    .map(|i| if (i * 7 + j) % 31 == 0 { 255 } else { ((i * j + j) % 3) as u8 })
                    .collect()
            })
            .collect();
        let coded = CodedCalls::of(&matrix(&vec![2; samples], &rows)).unwrap();
        let m = coded.variants().len();
        let v: Vec<Vec<f64>> =
            (1..4).map(|k| (0..samples).map(|i| ((i * k) as f64).sin()).collect()).collect();
        let a: Vec<Vec<f64>> = (1..4).map(|k| (0..m).map(|j| ((j * k) as f64).cos()).collect()).collect();
        let digits: Vec<Digits> = v.iter().map(|v| Digits::of(v, None)).collect();
        let (down, up) = (coded.transposed_products(&digits), coded.products(&a));
        let mut z = vec![0.0; samples];
        let mut sums = vec![vec![0.0; samples]; 3];
        for j in 0..m {
            coded.decode(j, &mut z);
            for k in 0..3 {
                let exact: f64 = z.iter().zip(&v[k]).map(|(z, v)| z * v).sum();
                assert!((down[k][j] - exact).abs() < 1e-4, "{} {exact}", down[k][j]);
                sums[k].iter_mut().zip(&z).for_each(|(sum, z)| *sum += z * a[k][j]);
            }
        }
        for (up, sums) in up.iter().zip(&sums) {
            up.iter().zip(sums).for_each(|(up, sum)| assert!((up - sum).abs() < 1e-4, "{up} {sum}"));
        }
    }
}
