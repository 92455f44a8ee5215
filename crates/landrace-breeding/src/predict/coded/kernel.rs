//! Products of bytes with numbers, at the widest level the processor has.
//!
//! Numbers are held as whole numbers of three signed bytes under one scale, so that a product with bytes is a sum of
//! whole numbers: exact, and the same at every level. The error of a number is 6e-8 of the largest.

use landrace_genotypes::kernel::{Level, level};

mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

/// The largest whole number of three signed bytes, with room for their carries.
const LARGEST: f64 = 8_300_000.0;

/// A variant's calls: planes one after another, and the byte of each code.
#[derive(Clone, Copy)]
pub(in crate::predict) struct Row<'a> {
    pub(in crate::predict) bits: &'a [u64],
    pub(in crate::predict) planes: usize,
    pub(in crate::predict) table: &'a [u8; 16],
}

impl Row<'_> {
    /// The code of a sample.
    pub(in crate::predict) fn code(self, sample: usize, words: usize) -> usize {
        let (word, bit) = (sample / 64, sample % 64);
        (0..self.planes).fold(0, |code, plane| {
            code | ((((self.bits[plane * words + word] >> bit) & 1) as usize) << plane)
        })
    }
}

/// Numbers as three signed bytes each, padded with zeros to whole words of 64.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digits {
    pub(super) high: Vec<i8>,
    pub(super) middle: Vec<i8>,
    pub(super) low: Vec<i8>,
    /// What one step is worth.
    pub(super) step: f64,
    /// Sum of the whole numbers.
    pub(super) sum: i64,
}

impl Digits {
    /// The digits of `numbers`, each times its weight if weights are given.
    pub fn of(numbers: &[f64], weights: Option<&[f64]>) -> Self {
        let mut out = Self::default();
        out.take(numbers, weights);
        out
    }

    /// Takes other numbers in place of its own.
    pub fn take(&mut self, numbers: &[f64], weights: Option<&[f64]>) {
        let length = numbers.len().next_multiple_of(64);
        for digits in [&mut self.high, &mut self.middle, &mut self.low] {
            digits.resize(length, 0);
            digits[numbers.len()..].fill(0);
        }
        let largest = largest(numbers, weights);
        let scale = if largest > 0.0 { LARGEST / largest } else { 0.0 };
        self.step = if largest > 0.0 { largest / LARGEST } else { 0.0 };
        self.sum = split(numbers, weights, scale, self);
    }

    /// The sum of the numbers as they are held.
    pub fn total(&self) -> f64 {
        self.sum as f64 * self.step
    }
}

/// Whether the processor has the parts of AVX-512 that the kernels use.
#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    level() >= Level::Avx512 && is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vnni")
}

fn largest(numbers: &[f64], weights: Option<&[f64]>) -> f64 {
    #[cfg(target_arch = "x86_64")]
    match level() {
        _ if has_avx512() => return x86::largest_avx512(numbers, weights),
        Level::Avx2 | Level::Avx512 => return x86::largest_avx2(numbers, weights),
        Level::Scalar => {}
    }
    plain::largest(numbers, weights)
}

fn split(numbers: &[f64], weights: Option<&[f64]>, scale: f64, out: &mut Digits) -> i64 {
    #[cfg(target_arch = "x86_64")]
    match level() {
        _ if has_avx512() => return x86::split_avx512(numbers, weights, scale, out),
        Level::Avx2 | Level::Avx512 => return x86::split_avx2(numbers, weights, scale, out),
        Level::Scalar => {}
    }
    plain::split(numbers, weights, scale, out)
}

/// Σ byte × number over the samples, for each row.
pub(in crate::predict) fn dots(rows: &[Row<'_>], digits: &Digits, out: &mut [f64]) {
    for (rows, out) in rows.chunks(4).zip(out.chunks_mut(4)) {
        let sums = dots_of_four(rows, digits);
        for (out, sums) in out.iter_mut().zip(sums) {
            *out = sums as f64 * digits.step;
        }
    }
}

/// Σ byte × whole number of up to four rows.
fn dots_of_four(rows: &[Row<'_>], digits: &Digits) -> [i64; 4] {
    #[cfg(target_arch = "x86_64")]
    match level() {
        _ if has_avx512() => return x86::dots_avx512(rows, digits),
        Level::Avx2 | Level::Avx512 => return x86::dots_avx2(rows, digits),
        Level::Scalar => {}
    }
    plain::dots(rows, digits)
}

/// Adds Σ over the rows of byte × coefficient, and `base`, to each of 64 samples a word, from word `first`.
///
/// `coefficients` holds one number a row, padded.
pub(in crate::predict) fn add_products(
    rows: &[Row<'_>],
    coefficients: &Digits,
    base: f64,
    first: usize,
    out: &mut [f64],
) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        _ if has_avx512() => return x86::add_products_avx512(rows, coefficients, base, first, out),
        Level::Avx2 | Level::Avx512 => return x86::add_products_avx2(rows, coefficients, base, first, out),
        Level::Scalar => {}
    }
    plain::add_products(rows, coefficients, base, first, out);
}

#[cfg(test)]
mod tests {
    use landrace_genotypes::plane::{BitPlanes, MISSING};
    use proptest::prelude::*;

    use super::*;

    /// Calls of a ploidy, a table of bytes a row, and numbers.
    #[derive(Debug)]
    struct Case {
        planes: BitPlanes,
        tables: Vec<[u8; 16]>,
        numbers: Vec<f64>,
        effects: Vec<f64>,
    }

    fn cases() -> impl Strategy<Value = Case> {
        (1u8..=14, 1usize..200, 1usize..20).prop_flat_map(|(ploidy, samples, rows)| {
            let code = prop_oneof![5 => 0..=ploidy, 1 => Just(MISSING)];
            let calls = prop::collection::vec(prop::collection::vec(code, samples), rows);
            let tables = prop::collection::vec(prop::array::uniform16(0u8..=240), rows);
            let numbers = prop::collection::vec(-5.0f64..5.0, samples);
            let effects = prop::collection::vec(-1.0f64..1.0, rows);
            (calls, tables, numbers, effects).prop_map(move |(calls, tables, numbers, effects)| {
                let mut planes = BitPlanes::new(ploidy, samples);
                calls.iter().for_each(|row| planes.push_row(row));
                Case { planes, tables, numbers, effects }
            })
        })
    }

    impl Case {
        fn rows(&self) -> Vec<Row<'_>> {
            let row = |(index, table)| {
                let row = self.planes.row(index);
                Row { bits: row.bits(), planes: row.planes(), table }
            };
            self.tables.iter().enumerate().map(row).collect()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_level_gives_the_same_and_it_is_right(case in cases()) {
            let rows = case.rows();
            let (words, samples) = (case.planes.words(), case.numbers.len());
            let byte = |row: usize, sample: usize| f64::from(case.tables[row][rows[row].code(sample, words)]);
            let digits = Digits::of(&case.numbers, None);
            let mut plain_digits = digits.clone();
            let scale = if digits.step > 0.0 { LARGEST / plain::largest(&case.numbers, None) } else { 0.0 };
            prop_assert_eq!(plain::split(&case.numbers, None, scale, &mut plain_digits), digits.sum);
            prop_assert_eq!(&plain_digits, &digits);
            prop_assert!((digits.total() - case.numbers.iter().sum::<f64>()).abs() < 1e-4);
            for (index, four) in rows.chunks(4).enumerate() {
                let sums = plain::dots(four, &digits);
                prop_assert_eq!(dots_of_four(four, &digits), sums);
                #[cfg(target_arch = "x86_64")]
                if level() >= Level::Avx2 {
                    prop_assert_eq!(x86::dots_avx2(four, &digits), sums);
                }
                for (k, &sum) in sums.iter().enumerate().take(four.len()) {
                    let exact: f64 =
                        (0..samples).map(|i| byte(4 * index + k, i) * case.numbers[i]).sum();
                    prop_assert!((sum as f64 * digits.step - exact).abs() < 240.0 * 5.0 * 6.1e-8 * samples as f64);
                }
            }
            let effects = Digits::of(&case.effects, None);
            let start: Vec<f64> = (0..words * 64).map(|i| i as f64 / 7.0).collect();
            let (mut expected, mut own) = (start.clone(), start.clone());
            plain::add_products(&rows, &effects, -0.3, 0, &mut expected);
            add_products(&rows, &effects, -0.3, 0, &mut own);
            prop_assert_eq!(&own, &expected);
            #[cfg(target_arch = "x86_64")]
            if level() >= Level::Avx2 {
                let mut own = start.clone();
                x86::add_products_avx2(&rows, &effects, -0.3, 0, &mut own);
                prop_assert_eq!(&own, &expected);
            }
            let last = words - 1;
            let mut part = start[last * 64..].to_vec();
            add_products(&rows, &effects, -0.3, last, &mut part);
            prop_assert_eq!(&part[..], &expected[last * 64..]);
            for i in 0..samples {
                let sum: f64 = (0..rows.len()).map(|row| byte(row, i) * case.effects[row]).sum();
                prop_assert!((expected[i] - start[i] + 0.3 - sum).abs() < 1e-3);
            }
        }
    }
}
