//! The bodies of the kernels, for any processor.

use super::{Digits, Row};

/// Adding this leaves a number rounded to the nearest whole one in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Largest size of the numbers, each times its weight.
#[inline(always)]
pub(super) fn largest(numbers: &[f64], weights: Option<&[f64]>) -> f64 {
    let mut lanes = [0.0f64; 8];
    let mut add = |lane: usize, value: f64| {
        let value = value.abs();
        lanes[lane] = if value > lanes[lane] { value } else { lanes[lane] };
    };
    let (eights, rest) = numbers.as_chunks::<8>();
    match weights {
        None => {
            eights.iter().for_each(|eight| (0..8).for_each(|k| add(k, eight[k])));
            rest.iter().enumerate().for_each(|(k, &x)| add(k, x));
        }
        Some(weights) => {
            let (own, own_rest) = weights.as_chunks::<8>();
            eights.iter().zip(own).for_each(|(x, w)| (0..8).for_each(|k| add(k, x[k] * w[k])));
            rest.iter().zip(own_rest).enumerate().for_each(|(k, (&x, &w))| add(k, x * w));
        }
    }
    lanes.into_iter().fold(0.0, f64::max)
}

/// Splits each number times its weight and the scale, rounded, into three signed bytes; gives the sum.
#[inline(always)]
pub(super) fn split(numbers: &[f64], weights: Option<&[f64]>, scale: f64, out: &mut Digits) -> i64 {
    let digits = out.high.iter_mut().zip(&mut out.middle).zip(&mut out.low);
    let mut sum = 0i64;
    let mut put = |value: f64, ((high, middle), low): ((&mut i8, &mut i8), &mut i8)| {
        let whole = (value * scale + ROUND).to_bits() as i32;
        sum += i64::from(whole);
        *low = whole as i8;
        let rest = (whole - i32::from(*low)) >> 8;
        *middle = rest as i8;
        *high = ((rest - i32::from(*middle)) >> 8) as i8;
    };
    match weights {
        None => numbers.iter().zip(digits).for_each(|(&x, digits)| put(x, digits)),
        Some(weights) => {
            numbers.iter().zip(weights).zip(digits).for_each(|((&x, &w), digits)| put(x * w, digits));
        }
    }
    sum
}

/// The bytes of 64 samples.
#[inline(always)]
fn bytes(row: Row<'_>, word: usize, words: usize) -> [u8; 64] {
    let mut codes = [0u8; 64];
    for plane in 0..row.planes {
        let bits = row.bits[plane * words + word];
        for (index, eight) in codes.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let spread =
                ((bits >> (8 * index)) & 0xff).wrapping_mul(0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
            let ones = ((spread + 0x7f7f_7f7f_7f7f_7f7f) >> 7) & 0x0101_0101_0101_0101;
            *eight = (u64::from_le_bytes(*eight) | (ones << plane)).to_le_bytes();
        }
    }
    codes.map(|code| row.table[usize::from(code & 15)])
}

/// See [`super::dots_of_four`].
#[inline(always)]
pub(super) fn dots(rows: &[Row<'_>], digits: &Digits) -> [i64; 4] {
    let words = digits.high.len() / 64;
    let mut out = [0i64; 4];
    for (row, out) in rows.iter().zip(&mut out) {
        for word in 0..words {
            let bytes = bytes(*row, word, words);
            let sum = |digits: &[i8]| -> i64 {
                let digits = &digits[word * 64..word * 64 + 64];
                i64::from(bytes.iter().zip(digits).map(|(&b, &d)| i32::from(b) * i32::from(d)).sum::<i32>())
            };
            *out += (sum(&digits.high) << 16) + (sum(&digits.middle) << 8) + sum(&digits.low);
        }
    }
    out
}

/// See [`super::add_products`].
#[inline(always)]
pub(super) fn add_products(
    rows: &[Row<'_>],
    coefficients: &Digits,
    base: f64,
    first: usize,
    out: &mut [f64],
) {
    let Some(words) = rows.first().map(|row| row.bits.len() / row.planes) else {
        return out.iter_mut().for_each(|out| *out += base);
    };
    for (word, out) in out.chunks_mut(64).enumerate() {
        let mut sums = [[0i32; 64]; 3];
        for (index, row) in rows.iter().enumerate() {
            let bytes = bytes(*row, first + word, words);
            let digits = [coefficients.high[index], coefficients.middle[index], coefficients.low[index]];
            for (sums, digit) in sums.iter_mut().zip(digits) {
                for (sum, &byte) in sums.iter_mut().zip(&bytes) {
                    *sum += i32::from(byte) * i32::from(digit);
                }
            }
        }
        for (sample, out) in out.iter_mut().enumerate() {
            let [high, middle, low] = [0, 1, 2].map(|digit: usize| f64::from(sums[digit][sample]));
            let total = (high * 65_536.0 + middle * 256.0) + low;
            *out += total * coefficients.step + base;
        }
    }
}
