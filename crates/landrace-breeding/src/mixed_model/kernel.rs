//! Weighted sums of products, at the widest level the processor has.

use landrace_genotypes::kernel::{Level, level};

mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

/// Numbers that are added up side by side. Lengths are multiples of it, padded with zeros.
pub(crate) const LANES: usize = 8;

/// One sum, as parts that are not yet added.
pub(crate) type Parts = [f64; LANES];

/// For all pairs of columns (0,0), (0,1), (1,1), (0,2) ... adds Σ a b h, Σ a b h² and Σ a b h³ to `sums`, where
/// h = 1 / (λ d + 1), and Σ h and Σ h² to `traces`.
pub(crate) fn add_moments(
    values: &[f64],
    columns: &[&[f64]],
    lambda: f64,
    sums: &mut [[Parts; 3]],
    traces: &mut [Parts; 2],
) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 if is_x86_feature_detected!("fma") => {
            return x86::avx512::add_moments(values, columns, lambda, sums, traces);
        }
        Level::Avx512 | Level::Avx2 if is_x86_feature_detected!("fma") => {
            return x86::avx2::add_moments(values, columns, lambda, sums, traces);
        }
        _ => {}
    }
    plain::add_moments(values, columns, lambda, sums, traces);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_gives_the_same_bits() {
        let wave =
            |scale: f64| -> Vec<f64> { (0..264).map(|i| (f64::from(i) * scale).sin() + 0.3).collect() };
        let (values, a, b) = (wave(0.01), wave(0.7), wave(1.3));
        type Add<'a> = &'a dyn Fn(&[&[f64]], &mut [[Parts; 3]], &mut [Parts; 2]);
        let run = |add: Add<'_>| {
            let (mut sums, mut traces) = ([[[0.5; LANES]; 3]; 3], [[0.25; LANES]; 2]);
            add(&[&a, &b], &mut sums, &mut traces);
            (sums, traces)
        };
        let plain = run(&|columns, sums, traces| plain::add_moments(&values, columns, 0.8, sums, traces));
        assert_eq!(run(&|columns, sums, traces| add_moments(&values, columns, 0.8, sums, traces)), plain);
        #[cfg(target_arch = "x86_64")]
        if level() >= Level::Avx2 && is_x86_feature_detected!("fma") {
            let avx2 =
                run(&|columns, sums, traces| x86::avx2::add_moments(&values, columns, 0.8, sums, traces));
            assert_eq!(avx2, plain);
        }
        let h = |i: usize| 1.0 / (0.8 * values[i] + 1.0);
        let cube: f64 = (0..264).map(|i| a[i] * b[i] * h(i).powi(3)).sum();
        assert!((plain.0[1][2].iter().sum::<f64>() - 4.0 - cube).abs() < 1e-9);
    }
}
