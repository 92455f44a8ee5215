//! The kernel in plain words, which the others must agree with to the last bit.

use super::{LANES, Parts};

/// Weights that are computed before they are used: they stay in the first cache.
const GROUPS: usize = 16;

/// See [`super::add_moments`].
#[inline(always)]
pub(super) fn add_moments(
    values: &[f64],
    columns: &[&[f64]],
    lambda: f64,
    sums: &mut [[Parts; 3]],
    traces: &mut [Parts; 2],
) {
    let (values, _) = values.as_chunks::<LANES>();
    let mut weights = [[[0.0; LANES]; 3]; GROUPS];
    for (index, values) in values.chunks(GROUPS).enumerate() {
        let first = index * GROUPS;
        for (weights, values) in weights.iter_mut().zip(values) {
            for lane in 0..LANES {
                let h = 1.0 / lambda.mul_add(values[lane], 1.0);
                let square = h * h;
                weights[0][lane] = h;
                weights[1][lane] = square;
                weights[2][lane] = square * h;
                traces[0][lane] += h;
                traces[1][lane] += square;
            }
        }
        let weights = &weights[..values.len()];
        let mut at = sums.iter_mut();
        for (k, b) in columns.iter().enumerate() {
            let b = &b.as_chunks::<LANES>().0[first..first + values.len()];
            for a in &columns[..=k] {
                let a = &a.as_chunks::<LANES>().0[first..first + values.len()];
                if let Some(sums) = at.next() {
                    add_products((a, b), weights, sums);
                }
            }
        }
    }
}

#[inline(always)]
fn add_products((a, b): (&[Parts], &[Parts]), weights: &[[Parts; 3]], sums: &mut [Parts; 3]) {
    let mut own = *sums;
    for ((a, b), weights) in a.iter().zip(b).zip(weights) {
        for lane in 0..LANES {
            let product = a[lane] * b[lane];
            own[0][lane] = product.mul_add(weights[0][lane], own[0][lane]);
            own[1][lane] = product.mul_add(weights[1][lane], own[1][lane]);
            own[2][lane] = product.mul_add(weights[2][lane], own[2][lane]);
        }
    }
    *sums = own;
}
