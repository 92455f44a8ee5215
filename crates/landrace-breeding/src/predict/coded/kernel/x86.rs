//! The kernels for AVX2 (the plain bodies compiled for it) and for AVX-512 with VNNI.

#![allow(unsafe_code, reason = "vector instructions, chosen by features that were found at run time")]

use std::arch::x86_64::{
    __m512i, _mm_loadu_si128, _mm512_add_pd, _mm512_broadcast_i32x4, _mm512_castsi512_si256,
    _mm512_cvtepi32_pd, _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64, _mm512_loadu_pd, _mm512_loadu_si512,
    _mm512_mask_add_epi8, _mm512_maskz_mov_epi8, _mm512_mul_pd, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_set1_pd, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_storeu_pd,
    _mm512_unpackhi_epi8, _mm512_unpackhi_epi16, _mm512_unpacklo_epi8, _mm512_unpacklo_epi16,
};

use super::{Digits, Row, plain};

/// See [`super::largest`].
pub(super) fn largest_avx512(numbers: &[f64], weights: Option<&[f64]>) -> f64 {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn body(numbers: &[f64], weights: Option<&[f64]>) -> f64 {
        plain::largest(numbers, weights)
    }
    // SAFETY: called only if the processor has AVX-512.
    unsafe { body(numbers, weights) }
}

/// See [`super::largest`].
pub(super) fn largest_avx2(numbers: &[f64], weights: Option<&[f64]>) -> f64 {
    #[target_feature(enable = "avx2")]
    fn body(numbers: &[f64], weights: Option<&[f64]>) -> f64 {
        plain::largest(numbers, weights)
    }
    // SAFETY: called only if the processor has AVX2.
    unsafe { body(numbers, weights) }
}

/// See [`super::split`].
pub(super) fn split_avx512(numbers: &[f64], weights: Option<&[f64]>, scale: f64, out: &mut Digits) -> i64 {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn body(numbers: &[f64], weights: Option<&[f64]>, scale: f64, out: &mut Digits) -> i64 {
        plain::split(numbers, weights, scale, out)
    }
    // SAFETY: called only if the processor has AVX-512.
    unsafe { body(numbers, weights, scale, out) }
}

/// See [`super::split`].
pub(super) fn split_avx2(numbers: &[f64], weights: Option<&[f64]>, scale: f64, out: &mut Digits) -> i64 {
    #[target_feature(enable = "avx2")]
    fn body(numbers: &[f64], weights: Option<&[f64]>, scale: f64, out: &mut Digits) -> i64 {
        plain::split(numbers, weights, scale, out)
    }
    // SAFETY: called only if the processor has AVX2.
    unsafe { body(numbers, weights, scale, out) }
}

/// See [`super::dots_of_four`].
pub(super) fn dots_avx2(rows: &[Row<'_>], digits: &Digits) -> [i64; 4] {
    #[target_feature(enable = "avx2")]
    fn body(rows: &[Row<'_>], digits: &Digits) -> [i64; 4] {
        plain::dots(rows, digits)
    }
    // SAFETY: called only if the processor has AVX2.
    unsafe { body(rows, digits) }
}

/// See [`super::add_products`].
pub(super) fn add_products_avx2(
    rows: &[Row<'_>],
    coefficients: &Digits,
    base: f64,
    first: usize,
    out: &mut [f64],
) {
    #[target_feature(enable = "avx2")]
    fn body(rows: &[Row<'_>], coefficients: &Digits, base: f64, first: usize, out: &mut [f64]) {
        plain::add_products(rows, coefficients, base, first, out);
    }
    // SAFETY: called only if the processor has AVX2.
    unsafe { body(rows, coefficients, base, first, out) }
}

/// Words that are added up in 32 bits: 16,000 times 4 · 255 · 128 a lane is below 2³¹.
const SAFE_WORDS: usize = 16_000;

/// See [`super::dots_of_four`].
pub(super) fn dots_avx512(rows: &[Row<'_>], digits: &Digits) -> [i64; 4] {
    let planes = rows[0].planes;
    let mut out = [0; 4];
    if rows.len() == 4 && rows.iter().all(|row| row.planes == planes) {
        let rows: &[Row<'_>; 4] = rows.try_into().unwrap_or_else(|_| unreachable!());
        let mut first = 0;
        while first < digits.high.len() / 64 {
            let end = (first + SAFE_WORDS).min(digits.high.len() / 64);
            // SAFETY: called only if the processor has AVX-512 with VNNI.
            let sums = unsafe {
                match planes {
                    2 => dots_of::<4, 2>(rows, digits, first..end),
                    3 => dots_of::<4, 3>(rows, digits, first..end),
                    _ => dots_of::<4, 4>(rows, digits, first..end),
                }
            };
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
            first = end;
        }
        return out;
    }
    for (row, out) in rows.iter().zip(&mut out) {
        let mut first = 0;
        while first < digits.high.len() / 64 {
            let end = (first + SAFE_WORDS).min(digits.high.len() / 64);
            // SAFETY: called only if the processor has AVX-512 with VNNI.
            let sums = unsafe {
                match row.planes {
                    2 => dots_of::<1, 2>(&[*row], digits, first..end),
                    3 => dots_of::<1, 3>(&[*row], digits, first..end),
                    _ => dots_of::<1, 4>(&[*row], digits, first..end),
                }
            };
            *out += sums[0];
            first = end;
        }
    }
    out
}

/// The bytes of 64 samples.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn bytes<const P: usize>(bits: &[u64], word: usize, words: usize, table: __m512i) -> __m512i {
    let mut codes = _mm512_maskz_mov_epi8(bits[word], _mm512_set1_epi8(1));
    for plane in 1..P {
        codes = _mm512_mask_add_epi8(codes, bits[plane * words + word], codes, _mm512_set1_epi8(1 << plane));
    }
    _mm512_shuffle_epi8(table, codes)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn load_table(table: &[u8; 16]) -> __m512i {
    // SAFETY: the table has 16 bytes.
    _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn dots_of<const R: usize, const P: usize>(
    rows: &[Row<'_>; R],
    digits: &Digits,
    range: std::ops::Range<usize>,
) -> [i64; R] {
    let words = digits.high.len() / 64;
    let tables = std::array::from_fn::<__m512i, R, _>(|r| load_table(rows[r].table));
    let bits: [&[u64]; R] = std::array::from_fn(|r| &rows[r].bits[..P * words]);
    let mut sums = [[_mm512_setzero_si512(); 3]; R];
    for word in range {
        let own = word * 64..word * 64 + 64;
        let digits = [&digits.high[own.clone()], &digits.middle[own.clone()], &digits.low[own]];
        // SAFETY: each slice has 64 bytes.
        let digits = digits.map(|digits| unsafe { _mm512_loadu_si512(digits.as_ptr().cast()) });
        for ((sums, bits), &table) in sums.iter_mut().zip(bits).zip(&tables) {
            let bytes = bytes::<P>(bits, word, words, table);
            for (sum, digits) in sums.iter_mut().zip(digits) {
                *sum = _mm512_dpbusd_epi32(*sum, bytes, digits);
            }
        }
    }
    sums.map(|sums| {
        let [high, middle, low] = sums.map(|sums| total(sums));
        (high << 16) + (middle << 8) + low
    })
}

/// The sum of sixteen whole numbers that may be too large for 32 bits.
#[target_feature(enable = "avx512f")]
fn total(sums: __m512i) -> i64 {
    let mut lanes = [0i32; 16];
    // SAFETY: both are 64 bytes.
    unsafe { std::arch::x86_64::_mm512_storeu_si512(lanes.as_mut_ptr().cast(), sums) };
    lanes.into_iter().map(i64::from).sum()
}

/// See [`super::add_products`].
pub(super) fn add_products_avx512(
    rows: &[Row<'_>],
    coefficients: &Digits,
    base: f64,
    first: usize,
    out: &mut [f64],
) {
    let Some(planes) = rows.first().map(|row| row.planes) else {
        return plain::add_products(rows, coefficients, base, first, out);
    };
    if rows.iter().any(|row| row.planes != planes) || !out.len().is_multiple_of(64) {
        return plain::add_products(rows, coefficients, base, first, out);
    }
    // SAFETY: called only if the processor has AVX-512 with VNNI.
    unsafe {
        match planes {
            2 => products_of::<2>(rows, coefficients, base, first, out),
            3 => products_of::<3>(rows, coefficients, base, first, out),
            _ => products_of::<4>(rows, coefficients, base, first, out),
        }
    }
}

/// A digit of four coefficients in one number; those beyond the last are 0.
fn four(digits: &[i8], index: usize) -> i32 {
    i32::from_le_bytes(std::array::from_fn(|k| digits[4 * index + k].cast_unsigned()))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn products_of<const P: usize>(
    rows: &[Row<'_>],
    coefficients: &Digits,
    base: f64,
    first: usize,
    out: &mut [f64],
) {
    let words = rows[0].bits.len() / P;
    let zero = _mm512_setzero_si512();
    let (step, base) = (_mm512_set1_pd(coefficients.step), _mm512_set1_pd(base));
    for (word, out) in out.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        // Each digit's sums of 64 samples: in lane 4 a + b of vector c, those of sample 16 a + 4 c + b.
        let mut sums = [[zero; 4]; 3];
        for (index, rows) in rows.chunks(4).enumerate() {
            let own = |k: usize| match rows.get(k) {
                Some(row) => bytes::<P>(row.bits, first + word, words, load_table(row.table)),
                None => zero,
            };
            let own = [own(0), own(1), own(2), own(3)];
            let (a, b) = (_mm512_unpacklo_epi8(own[0], own[1]), _mm512_unpackhi_epi8(own[0], own[1]));
            let (c, d) = (_mm512_unpacklo_epi8(own[2], own[3]), _mm512_unpackhi_epi8(own[2], own[3]));
            let bytes = [
                _mm512_unpacklo_epi16(a, c),
                _mm512_unpackhi_epi16(a, c),
                _mm512_unpacklo_epi16(b, d),
                _mm512_unpackhi_epi16(b, d),
            ];
            for (sums, digits) in
                sums.iter_mut().zip([&coefficients.high, &coefficients.middle, &coefficients.low])
            {
                let digits = _mm512_set1_epi32(four(digits, index));
                for (sum, bytes) in sums.iter_mut().zip(bytes) {
                    *sum = _mm512_dpbusd_epi32(*sum, bytes, digits);
                }
            }
        }
        let [high, middle, low] = sums.map(|sums| in_order(sums));
        for (quarter, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let digits = [high[quarter], middle[quarter], low[quarter]];
            let halves = [
                digits.map(|d| _mm512_cvtepi32_pd(_mm512_castsi512_si256(d))),
                digits.map(|d| _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64::<1>(d))),
            ];
            for ([high, middle, low], out) in halves.into_iter().zip(out.as_chunks_mut::<8>().0) {
                let high = _mm512_mul_pd(high, _mm512_set1_pd(65_536.0));
                let middle = _mm512_mul_pd(middle, _mm512_set1_pd(256.0));
                let total = _mm512_add_pd(_mm512_add_pd(high, middle), low);
                let change = _mm512_add_pd(_mm512_mul_pd(total, step), base);
                // SAFETY: `out` has eight numbers.
                unsafe {
                    let before = _mm512_loadu_pd(out.as_ptr());
                    _mm512_storeu_pd(out.as_mut_ptr(), _mm512_add_pd(before, change));
                }
            }
        }
    }
}

/// Puts lanes 4 a + b of vector c to lane 4 c + b of vector a: quarters are transposed.
#[target_feature(enable = "avx512f")]
fn in_order(sums: [__m512i; 4]) -> [__m512i; 4] {
    let a = _mm512_shuffle_i32x4::<0x44>(sums[0], sums[1]);
    let b = _mm512_shuffle_i32x4::<0xee>(sums[0], sums[1]);
    let c = _mm512_shuffle_i32x4::<0x44>(sums[2], sums[3]);
    let d = _mm512_shuffle_i32x4::<0xee>(sums[2], sums[3]);
    [
        _mm512_shuffle_i32x4::<0x88>(a, c),
        _mm512_shuffle_i32x4::<0xdd>(a, c),
        _mm512_shuffle_i32x4::<0x88>(b, d),
        _mm512_shuffle_i32x4::<0xdd>(b, d),
    ]
}
