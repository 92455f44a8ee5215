//! The kernels for AVX2 with FMA and for AVX-512. Both add the variants up in order with fused multiply-adds, as the
//! plain twin does, so that all give the same bits.

#![allow(unsafe_code, reason = "vector instructions, chosen by features that were found at run time")]

use std::arch::x86_64::{
    __m256, __m512, __m512i, _mm256_add_pd, _mm256_broadcast_ss, _mm256_castps256_ps128, _mm256_cvtps_pd,
    _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_setzero_ps,
    _mm256_storeu_pd, _mm512_add_pd, _mm512_castps512_ps256, _mm512_cvtps_pd, _mm512_extractf32x8_ps,
    _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_mask_or_epi32, _mm512_permutexvar_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_pd,
    _mm512_storeu_ps,
};

use super::{PANEL, Slice};

/// See [`super::multiply`].
pub(super) fn multiply_avx512(a: &[Slice], b: &[Slice], sums: &mut [f64; PANEL * PANEL]) {
    let b = &b[..b.len().min(a.len())];
    // SAFETY: `level()` gives this level only if the processor has AVX-512.
    unsafe { avx512(a, b, sums) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn avx512(a: &[Slice], b: &[Slice], sums: &mut [f64; PANEL * PANEL]) {
    for (strip, sums) in sums.as_chunks_mut::<{ 8 * PANEL }>().0.iter_mut().enumerate() {
        let mut own: [[__m512; 3]; 8] = [[_mm512_setzero_ps(); 3]; 8];
        for (a, b) in a.iter().zip(b) {
            // SAFETY: a row has 48 numbers: three vectors of sixteen.
            let a = unsafe { [0, 16, 32].map(|at| _mm512_loadu_ps(a.as_ptr().add(at))) };
            for (k, own) in own.iter_mut().enumerate() {
                let b = _mm512_set1_ps(b[8 * strip + k]);
                for (own, a) in own.iter_mut().zip(a) {
                    *own = _mm512_fmadd_ps(a, b, *own);
                }
            }
        }
        for (own, sums) in own.iter().zip(sums.as_chunks_mut::<PANEL>().0) {
            for (own, sums) in own.iter().zip(sums.as_chunks_mut::<16>().0) {
                let low = _mm512_cvtps_pd(_mm512_castps512_ps256(*own));
                let high = _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(*own));
                let at = sums.as_mut_ptr();
                // SAFETY: `sums` has 16 numbers: two vectors of eight.
                unsafe {
                    _mm512_storeu_pd(at, _mm512_add_pd(_mm512_loadu_pd(at), low));
                    _mm512_storeu_pd(at.add(8), _mm512_add_pd(_mm512_loadu_pd(at.add(8)), high));
                }
            }
        }
    }
}

/// See [`super::multiply`].
pub(super) fn multiply_avx2(a: &[Slice], b: &[Slice], sums: &mut [f64; PANEL * PANEL]) {
    let b = &b[..b.len().min(a.len())];
    // SAFETY: called only if the processor has AVX2 and FMA.
    unsafe { avx2(a, b, sums) }
}

#[target_feature(enable = "avx2,fma")]
fn avx2(a: &[Slice], b: &[Slice], sums: &mut [f64; PANEL * PANEL]) {
    for (strip, sums) in sums.as_chunks_mut::<{ 6 * PANEL }>().0.iter_mut().enumerate() {
        for third in 0..3 {
            let mut own: [[__m256; 2]; 6] = [[_mm256_setzero_ps(); 2]; 6];
            for (a, b) in a.iter().zip(b) {
                // SAFETY: 16 * third + 16 is at most 48, the numbers of a row.
                let a = unsafe { [0, 8].map(|at| _mm256_loadu_ps(a.as_ptr().add(16 * third + at))) };
                for (k, own) in own.iter_mut().enumerate() {
                    let b = _mm256_broadcast_ss(&b[6 * strip + k]);
                    for (own, a) in own.iter_mut().zip(a) {
                        *own = _mm256_fmadd_ps(a, b, *own);
                    }
                }
            }
            for (own, sums) in own.iter().zip(sums.as_chunks_mut::<PANEL>().0) {
                for (own, sums) in own.iter().zip(sums[16 * third..].as_chunks_mut::<8>().0) {
                    let low = _mm256_cvtps_pd(_mm256_castps256_ps128(*own));
                    let high = _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(*own));
                    let at = sums.as_mut_ptr();
                    // SAFETY: `sums` has 8 numbers: two vectors of four.
                    unsafe {
                        _mm256_storeu_pd(at, _mm256_add_pd(_mm256_loadu_pd(at), low));
                        _mm256_storeu_pd(at.add(4), _mm256_add_pd(_mm256_loadu_pd(at.add(4)), high));
                    }
                }
            }
        }
    }
}

/// See [`super::look_up`].
pub(super) fn look_up_avx512(planes: &[u64], table: &[f32; 16], out: &mut Slice) {
    // SAFETY: `level()` gives this level only if the processor has AVX-512.
    unsafe { permute(planes, table, out) }
}

#[target_feature(enable = "avx512f,avx512vl")]
fn permute(planes: &[u64], table: &[f32; 16], out: &mut Slice) {
    // SAFETY: the table has 16 numbers.
    let table = unsafe { _mm512_loadu_ps(table.as_ptr()) };
    for (third, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let mut codes: __m512i = _mm512_setzero_si512();
        for (plane, bits) in planes.iter().enumerate().take(4) {
            let mask = ((bits >> (16 * third)) & 0xffff) as u16;
            codes = _mm512_mask_or_epi32(codes, mask, codes, _mm512_set1_epi32(1 << plane));
        }
        let values = _mm512_permutexvar_ps(codes, table);
        // SAFETY: `out` has 16 numbers.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), values) };
    }
}

/// See [`super::project`].
pub(super) fn project_avx2(rows: &[Slice], vectors: &[Slice; PANEL], out: &mut [Slice]) {
    #[target_feature(enable = "avx2,fma")]
    fn body(rows: &[Slice], vectors: &[Slice; PANEL], out: &mut [Slice]) {
        super::plain::project(rows, vectors, out);
    }
    // SAFETY: called only if the processor has AVX2 and FMA.
    unsafe { body(rows, vectors, out) }
}

/// See [`super::project`].
pub(super) fn project_avx512(rows: &[Slice], vectors: &[Slice; PANEL], out: &mut [Slice]) {
    // SAFETY: `level()` gives this level only if the processor has AVX-512.
    unsafe { projected(rows, vectors, out) }
}

#[target_feature(enable = "avx512f,avx512vl")]
fn projected(rows: &[Slice], vectors: &[Slice; PANEL], out: &mut [Slice]) {
    let mut rows = rows.chunks_exact(8);
    let mut out = out.chunks_exact_mut(8);
    for (rows, out) in rows.by_ref().zip(out.by_ref()) {
        // SAFETY: a row has 48 numbers: three vectors of sixteen.
        let load = |row: &Slice| unsafe { [0, 16, 32].map(|at| _mm512_loadu_ps(row.as_ptr().add(at))) };
        let mut own: [[__m512; 3]; 8] = std::array::from_fn(|r| load(&out[r]));
        for (i, vectors) in vectors.iter().enumerate() {
            let vectors = load(vectors);
            for (own, row) in own.iter_mut().zip(rows) {
                let z = _mm512_set1_ps(row[i]);
                for (own, vector) in own.iter_mut().zip(vectors) {
                    *own = _mm512_fmadd_ps(z, vector, *own);
                }
            }
        }
        for (own, out) in own.iter().zip(out) {
            for (own, at) in own.iter().zip([0, 16, 32]) {
                // SAFETY: a row has 48 numbers: three vectors of sixteen.
                unsafe { _mm512_storeu_ps(out.as_mut_ptr().add(at), *own) };
            }
        }
    }
    // At most seven rows are left.
    super::plain::project(rows.remainder(), vectors, out.into_remainder());
}
