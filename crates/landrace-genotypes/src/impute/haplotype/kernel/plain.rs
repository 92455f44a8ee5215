//! The bodies of the loops, for any processor.

use super::{Emission, Step};

const LANES: usize = 16;

/// Adds the lanes in a fixed order.
#[inline(always)]
fn total(lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    let mut lanes = lanes;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[inline(always)]
pub(in super::super) fn advance(
    f: &mut [f32],
    weights: &[f32],
    alleles: &[u8],
    step: Step,
    emission: Emission,
) -> f32 {
    let mut sums = [0f32; LANES];
    let (f, f_rest) = f.as_chunks_mut::<LANES>();
    let (w, w_rest) = weights.as_chunks::<LANES>();
    let (a, a_rest) = alleles.as_chunks::<LANES>();
    let body = |f: &mut f32, w: f32, a: u8, sum: &mut f32| {
        *f = (step.stay * *f + step.jump * w) * (emission.base + emission.slope * f32::from(a));
        *sum += *f;
    };
    for ((f, w), a) in f.iter_mut().zip(w).zip(a) {
        for lane in 0..LANES {
            body(&mut f[lane], w[lane], a[lane], &mut sums[lane]);
        }
    }
    for (((f, w), a), sum) in f_rest.iter_mut().zip(w_rest).zip(a_rest).zip(&mut sums) {
        body(f, *w, *a, sum);
    }
    total(sums)
}

#[inline(always)]
pub(in super::super) fn retreat(
    g: &mut [f32],
    weights: &[f32],
    alleles: &[u8],
    step: Step,
    emission: Emission,
) -> f32 {
    let mut sums = [0f32; LANES];
    let (g, g_rest) = g.as_chunks_mut::<LANES>();
    let (w, w_rest) = weights.as_chunks::<LANES>();
    let (a, a_rest) = alleles.as_chunks::<LANES>();
    let body = |g: &mut f32, w: f32, a: u8, sum: &mut f32| {
        *g = (step.stay * *g + step.jump) * (emission.base + emission.slope * f32::from(a));
        *sum += w * *g;
    };
    for ((g, w), a) in g.iter_mut().zip(w).zip(a) {
        for lane in 0..LANES {
            body(&mut g[lane], w[lane], a[lane], &mut sums[lane]);
        }
    }
    for (((g, w), a), sum) in g_rest.iter_mut().zip(w_rest).zip(a_rest).zip(&mut sums) {
        body(g, *w, *a, sum);
    }
    total(sums)
}

#[inline(always)]
pub(in super::super) fn predict(f: &mut [f32], weights: &[f32], alleles: &[u8], step: Step) -> (f32, f32) {
    let (mut sums, mut shares) = ([0f32; LANES], [0f32; LANES]);
    let (f, f_rest) = f.as_chunks_mut::<LANES>();
    let (w, w_rest) = weights.as_chunks::<LANES>();
    let (a, a_rest) = alleles.as_chunks::<LANES>();
    let body = |f: &mut f32, w: f32, a: u8, sum: &mut f32, share: &mut f32| {
        *f = step.stay * *f + step.jump * w;
        *sum += *f;
        *share += *f * f32::from(a);
    };
    for ((f, w), a) in f.iter_mut().zip(w).zip(a) {
        for lane in 0..LANES {
            body(&mut f[lane], w[lane], a[lane], &mut sums[lane], &mut shares[lane]);
        }
    }
    let rest = f_rest.iter_mut().zip(w_rest).zip(a_rest);
    for ((((f, w), a), sum), share) in rest.zip(&mut sums).zip(&mut shares) {
        body(f, *w, *a, sum, share);
    }
    (total(sums), total(shares) / 255.0)
}

#[inline(always)]
pub(in super::super) fn emit(f: &mut [f32], alleles: &[u8], emission: Emission) -> f32 {
    let mut sums = [0f32; LANES];
    let (f, f_rest) = f.as_chunks_mut::<LANES>();
    let (a, a_rest) = alleles.as_chunks::<LANES>();
    let body = |f: &mut f32, a: u8, sum: &mut f32| {
        *f *= emission.base + emission.slope * f32::from(a);
        *sum += *f;
    };
    for (f, a) in f.iter_mut().zip(a) {
        for lane in 0..LANES {
            body(&mut f[lane], a[lane], &mut sums[lane]);
        }
    }
    for ((f, a), sum) in f_rest.iter_mut().zip(a_rest).zip(&mut sums) {
        body(f, *a, sum);
    }
    total(sums)
}

#[inline(always)]
pub(in super::super) fn shares(f: &[f32], g: &[f32], weights: &[f32], alleles: &[u8]) -> [f32; 4] {
    let mut sums = [[0f32; LANES]; 4];
    let (f, f_rest) = f.as_chunks::<LANES>();
    let (g, g_rest) = g.as_chunks::<LANES>();
    let (w, w_rest) = weights.as_chunks::<LANES>();
    let (a, a_rest) = alleles.as_chunks::<LANES>();
    let mut body = |f: f32, g: f32, w: f32, a: u8, lane: usize| {
        let (a, both) = (f32::from(a), f * g);
        sums[0][lane] += both;
        sums[1][lane] += both * a;
        sums[2][lane] += f * a;
        sums[3][lane] += w * g * a;
    };
    for (((f, g), w), a) in f.iter().zip(g).zip(w).zip(a) {
        for lane in 0..LANES {
            body(f[lane], g[lane], w[lane], a[lane], lane);
        }
    }
    for ((((f, g), w), a), lane) in f_rest.iter().zip(g_rest).zip(w_rest).zip(a_rest).zip(0..) {
        body(*f, *g, *w, *a, lane);
    }
    let [all, both, first, second] = sums.map(total);
    [all, both / 255.0, first / 255.0, second / 255.0]
}
