//! The kernels in plain words, which the others must agree with to the last bit.

use super::{PANEL, Slice};

/// See [`super::multiply`].
pub(super) fn multiply(a: &[Slice], b: &[Slice], sums: &mut [f64; PANEL * PANEL]) {
    for (k, sums) in sums.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
        let mut own = [0.0f32; PANEL];
        for (a, b) in a.iter().zip(b) {
            for (own, &a) in own.iter_mut().zip(a) {
                *own = a.mul_add(b[k], *own);
            }
        }
        for (sum, own) in sums.iter_mut().zip(own) {
            *sum += f64::from(own);
        }
    }
}

/// See [`super::look_up`].
pub(super) fn look_up(planes: &[u64], table: &[f32; 16], out: &mut Slice) {
    let mut codes = [0usize; PANEL];
    for (plane, &bits) in planes.iter().enumerate().take(4) {
        for (i, code) in codes.iter_mut().enumerate() {
            *code |= (((bits >> i) & 1) as usize) << plane;
        }
    }
    for (out, code) in out.iter_mut().zip(codes) {
        *out = table[code & 15];
    }
}

/// See [`super::project`].
#[inline(always)]
pub(super) fn project(rows: &[Slice], vectors: &[Slice; PANEL], out: &mut [Slice]) {
    for (row, out) in rows.iter().zip(out) {
        let mut own = *out;
        for (z, vectors) in row.iter().zip(vectors) {
            for (own, &vector) in own.iter_mut().zip(vectors) {
                *own = z.mul_add(vector, *own);
            }
        }
        *out = own;
    }
}
