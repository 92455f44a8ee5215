//! The product of two panels, at the widest level the processor has.

use crate::kernel::{Level, level};

mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

/// Samples a panel: three vectors of sixteen numbers, or six of eight.
pub(crate) const PANEL: usize = 48;

/// One variant's numbers of a panel.
pub(crate) type Slice = [f32; PANEL];

/// Adds Σ a bᵀ over the rows to `sums`, column by column (`sums[k * 48 + i]` is that of a's i and b's k).
pub(crate) fn multiply(a: &[Slice], b: &[Slice], sums: &mut [f64; PANEL * PANEL]) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::multiply_avx512(a, b, sums),
        Level::Avx2 if is_x86_feature_detected!("fma") => return x86::multiply_avx2(a, b, sums),
        _ => {}
    }
    plain::multiply(a, b, sums);
}

/// Adds each row's numbers times the vectors to `out`: a row of 48 numbers by 48 rows of 48.
pub(crate) fn project(rows: &[Slice], vectors: &[Slice; PANEL], out: &mut [Slice]) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::project_avx512(rows, vectors, out),
        Level::Avx2 if is_x86_feature_detected!("fma") => return x86::project_avx2(rows, vectors, out),
        _ => {}
    }
    plain::project(rows, vectors, out);
}

/// Looks up 48 calls: bit i of `planes[p]` is bit p of the code of sample i.
pub(crate) fn look_up(planes: &[u64], table: &[f32; 16], out: &mut Slice) {
    #[cfg(target_arch = "x86_64")]
    if level() == Level::Avx512 {
        return x86::look_up_avx512(planes, table, out);
    }
    plain::look_up(planes, table, out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn panel() -> impl Strategy<Value = Vec<Slice>> {
        let slice = prop::collection::vec(-30.0f32..30.0, PANEL);
        prop::collection::vec(slice.prop_map(|v| v.try_into().unwrap()), 0..70)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_level_gives_the_same_bits((a, b) in (panel(), panel())) {
            let rows = a.len().min(b.len());
            let (a, b) = (&a[..rows], &b[..rows]);
            let mut expected = [0.5; PANEL * PANEL];
            plain::multiply(a, b, &mut expected);
            #[cfg(target_arch = "x86_64")]
            {
                type Multiply = fn(&[Slice], &[Slice], &mut [f64; PANEL * PANEL]);
                let mut levels: Vec<Multiply> = Vec::new();
                if crate::kernel::level() == Level::Avx512 {
                    levels.push(x86::multiply_avx512);
                }
                if crate::kernel::level() >= Level::Avx2 && is_x86_feature_detected!("fma") {
                    levels.push(x86::multiply_avx2);
                }
                for multiply in levels {
                    let mut sums = [0.5; PANEL * PANEL];
                    multiply(a, b, &mut sums);
                    prop_assert!(sums == expected);
                }
            }
            for (i, k) in [(0, 0), (47, 3), (16, 40)] {
                let exact: f64 = 0.5 + a.iter().zip(b).map(|(a, b)| f64::from(a[i]) * f64::from(b[k])).sum::<f64>();
                prop_assert!((expected[k * PANEL + i] - exact).abs() < 0.1);
            }
        }

        #[test]
        fn every_level_projects_to_the_same_bits((rows, seed) in (panel(), panel())) {
            let mut vectors = [[0.25f32; PANEL]; PANEL];
            vectors.iter_mut().zip(&seed).for_each(|(to, from)| *to = *from);
            let start = vec![[0.5f32; PANEL]; rows.len()];
            let mut expected = start.clone();
            plain::project(&rows, &vectors, &mut expected);
            let mut own = start.clone();
            project(&rows, &vectors, &mut own);
            prop_assert!(own == expected);
            #[cfg(target_arch = "x86_64")]
            if crate::kernel::level() >= Level::Avx2 && is_x86_feature_detected!("fma") {
                let mut own = start.clone();
                x86::project_avx2(&rows, &vectors, &mut own);
                prop_assert!(own == expected);
            }
            if let (Some(row), Some(out)) = (rows.first(), expected.first()) {
                let exact: f64 = 0.5 + row.iter().zip(&vectors).map(|(z, v)| f64::from(*z) * f64::from(v[7])).sum::<f64>();
                prop_assert!((f64::from(out[7]) - exact).abs() < 0.1);
            }
        }

        #[test]
        fn calls_are_looked_up(planes in prop::collection::vec(any::<u64>(), 2..=4), table: [f32; 16]) {
            let (mut plain_out, mut out) = ([0.0; PANEL], [0.0; PANEL]);
            plain::look_up(&planes, &table, &mut plain_out);
            look_up(&planes, &table, &mut out);
            for i in 0..PANEL {
                let code = planes.iter().enumerate().fold(0, |code, (p, bits)| code | (((bits >> i) & 1) as usize) << p);
                prop_assert_eq!(plain_out[i].to_bits(), table[code].to_bits());
                prop_assert_eq!(out[i].to_bits(), table[code].to_bits());
            }
        }
    }
}
