//! The plain body compiled for AVX2, and vectors by hand for AVX-512.

#![allow(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_andnot_si512, _mm512_loadu_si512, _mm512_or_si512,
    _mm512_popcnt_epi64, _mm512_reduce_add_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_ternarylogic_epi64,
};

use super::{Counts, plain};

/// a | (b ^ c).
const OR_DIFFERS: i32 = 0b1111_0110;

pub(super) fn avx2(own: &[u64], others: &[u64], planes: usize, out: &mut [Counts]) {
    #[target_feature(enable = "popcnt,avx2,bmi1,bmi2")]
    fn body(own: &[u64], others: &[u64], planes: usize, out: &mut [Counts]) {
        plain(own, others, planes, out);
    }
    // SAFETY: `level()` gives this level only if the processor has the features.
    unsafe { body(own, others, planes, out) }
}

pub(super) fn avx512(own: &[u64], others: &[u64], planes: usize, out: &mut [Counts]) {
    // SAFETY: `level()` gives this level only if the processor has the features.
    unsafe {
        match planes {
            1 => body(own, others, 1, out),
            2 => body(own, others, 2, out),
            3 => body(own, others, 3, out),
            4 => body(own, others, 4, out),
            _ => body(own, others, planes, out),
        }
    }
}

#[target_feature(enable = "avx512f")]
fn load(eight: &[u64; 8]) -> __m512i {
    // SAFETY: eight words are a vector.
    unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq")]
fn body(own: &[u64], others: &[u64], planes: usize, out: &mut [Counts]) {
    let zero = _mm512_setzero_si512();
    let slabs = own.len() / (8 * planes);
    let own_slabs = own.as_chunks::<8>().0;
    for (other, counts) in others.chunks_exact(own.len().max(1)).zip(out) {
        let (mut lost_sum, mut differ_sum) = (zero, zero);
        let all = own_slabs.chunks_exact(planes).zip(other.as_chunks::<8>().0.chunks_exact(planes));
        for (a, b) in all {
            let mut differs = zero;
            let (mut lost_a, mut lost_b) = (_mm512_set1_epi64(-1), _mm512_set1_epi64(-1));
            for (x, y) in a.iter().zip(b) {
                let (x, y) = (load(x), load(y));
                differs = _mm512_ternarylogic_epi64::<OR_DIFFERS>(differs, x, y);
                lost_a = _mm512_and_si512(lost_a, x);
                lost_b = _mm512_and_si512(lost_b, y);
            }
            let lost = _mm512_or_si512(lost_a, lost_b);
            lost_sum = _mm512_add_epi64(lost_sum, _mm512_popcnt_epi64(lost));
            differ_sum =
                _mm512_add_epi64(differ_sum, _mm512_popcnt_epi64(_mm512_andnot_si512(lost, differs)));
        }
        counts.compared += (slabs * 512) as u32 - _mm512_reduce_add_epi64(lost_sum) as u32;
        counts.different += _mm512_reduce_add_epi64(differ_sum) as u32;
    }
}
