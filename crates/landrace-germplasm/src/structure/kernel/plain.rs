//! The kernels in plain words. The other levels compile the same bodies for wider registers: each number is made by the
//! same fused operations, and sums run over sixteen lanes in a fixed order, so that every level gives the same bits.

use super::{LANES, Line, SPAN, Sums};

type Span = [f32; SPAN];

/// See [`super::add_sums`].
pub(super) fn add_sums(line: Line<'_>, x: &[f32], out: &mut Sums) {
    sums_of_any(line, x, out);
}

/// See [`super::likelihood`].
pub(super) fn likelihood(line: Line<'_>, x: &[f32]) -> f64 {
    likelihood_of_any(line, x)
}

/// A running product of numbers above 0 in each place of a span: its mantissas, and its powers of two beside them.
struct Product {
    mantissa: Span,
    power: [i32; SPAN],
}

impl Product {
    #[inline(always)]
    fn one() -> Self {
        Self { mantissa: [1.0; SPAN], power: [0; SPAN] }
    }

    /// Moves the powers of two out of the mantissas, so that the next products do not become too small.
    #[inline(always)]
    fn normalise(&mut self, size: usize) {
        for (mantissa, power) in self.mantissa[..size].iter_mut().zip(&mut self.power[..size]) {
            let bits = mantissa.to_bits();
            *power += (bits >> 23) as i32 - 127;
            *mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
        }
    }

    /// Multiplies by h^g (1 − h)^(n − g), a dosage of g of n copies at frequency h, at each call; for one allele of
    /// several by h^g. Both h and 1 − h are 10⁻⁷ or more: four of them are far from the smallest number.
    #[inline(always)]
    fn take<const ALLELE: bool>(&mut self, calls: &[u8], h: &Span, ploidy: u8) {
        let size = calls.len();
        for index in 0..ploidy {
            for ((mantissa, &call), &h) in self.mantissa[..size].iter_mut().zip(calls).zip(&h[..size]) {
                let other = if !ALLELE && index < call >> 4 { 1.0 - h } else { 1.0 };
                *mantissa *= if index < call & 15 { h } else { other };
            }
            if index % 4 == 3 {
                self.normalise(size);
            }
        }
        if !ploidy.is_multiple_of(4) {
            self.normalise(size);
        }
    }

    #[inline(always)]
    fn logarithm(&mut self) -> f64 {
        let whole: i32 = self.power.iter().sum();
        // Mantissas are below 2: sixty-four of them are below 2⁶⁴.
        let mut size = SPAN;
        while size > 4 {
            size /= 2;
            let (low, high) = self.mantissa.split_at_mut(size);
            low.iter_mut().zip(high).for_each(|(low, high)| *low *= *high);
        }
        let part: f64 = self.mantissa[..4].iter().map(|&mantissa| f64::from(mantissa).ln()).sum();
        f64::from(whole) * std::f64::consts::LN_2 + part
    }
}

/// The frequencies at the calls of a span.
#[inline(always)]
fn mix(factors: &[&[f32]], x: &[f32], start: usize, h: &mut [f32]) {
    match x.len() {
        1 => mix_few::<1>(factors, x, start, h),
        2 => mix_few::<2>(factors, x, start, h),
        3 => mix_few::<3>(factors, x, start, h),
        4 => mix_few::<4>(factors, x, start, h),
        5 => mix_few::<5>(factors, x, start, h),
        6 => mix_few::<6>(factors, x, start, h),
        7 => mix_few::<7>(factors, x, start, h),
        8 => mix_few::<8>(factors, x, start, h),
        _ => {
            h.fill(0.0);
            for (factor, &x) in factors.iter().zip(x) {
                let own = &factor[start..start + h.len()];
                h.iter_mut().zip(own).for_each(|(h, &f)| *h = x.mul_add(f, *h));
            }
        }
    }
}

#[inline(always)]
fn mix_few<const K: usize>(factors: &[&[f32]], x: &[f32], start: usize, h: &mut [f32]) {
    let size = h.len();
    let x: [f32; K] = std::array::from_fn(|k| x[k]);
    let own: [&[f32]; K] = std::array::from_fn(|k| &factors[k][start..start + size]);
    for (at, h) in h.iter_mut().enumerate() {
        let mut sum = 0.0;
        for k in 0..K {
            sum = x[k].mul_add(own[k][at], sum);
        }
        *h = sum;
    }
}

/// The sums of a line.
#[inline(always)]
pub(super) fn sums_of_any(line: Line<'_>, x: &[f32], out: &mut Sums) {
    if line.is_allele { sums_of::<true>(line, x, out) } else { sums_of::<false>(line, x, out) }
}

#[inline(always)]
fn sums_of<const ALLELE: bool>(line: Line<'_>, x: &[f32], out: &mut Sums) {
    let k = x.len();
    let mut product = Product::one();
    let (mut h, mut e, mut w, mut wf) = ([0.0f32; SPAN], [0.0f32; SPAN], [0.0f32; SPAN], [0.0f32; SPAN]);
    for (index, calls) in line.calls.chunks(SPAN).enumerate() {
        let (start, size) = (index * SPAN, calls.len());
        mix(line.factors, x, start, &mut h[..size]);
        for (((e, w), &h), &call) in e[..size].iter_mut().zip(&mut w[..size]).zip(&h[..size]).zip(calls) {
            let (g, n) = (f32::from(call & 15), f32::from(call >> 4));
            let r = 1.0 / if ALLELE { h } else { h * (1.0 - h) };
            *e = if ALLELE { g } else { (-n).mul_add(h, g) } * r;
            *w = n * r;
        }
        product.take::<ALLELE>(calls, &h, line.ploidy);
        for a in 0..k {
            let f = &line.factors[a][start..start + size];
            out.gradient[a] += dot(&e[..size], f);
            for ((to, &w), &f) in wf[..size].iter_mut().zip(&w[..size]).zip(f) {
                *to = w * f;
            }
            for b in 0..=a {
                out.information[a * k + b] += dot(&wf[..size], &line.factors[b][start..start + size]);
            }
        }
    }
    out.likelihood += product.logarithm();
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let mut size = LANES;
    while size > 1 {
        size /= 2;
        for lane in 0..size {
            sums[lane] += sums[lane + size];
        }
    }
    f64::from(sums[0])
}

/// The log-likelihood alone.
#[inline(always)]
pub(super) fn likelihood_of_any(line: Line<'_>, x: &[f32]) -> f64 {
    if line.is_allele { likelihood_of::<true>(line, x) } else { likelihood_of::<false>(line, x) }
}

#[inline(always)]
fn likelihood_of<const ALLELE: bool>(line: Line<'_>, x: &[f32]) -> f64 {
    let mut product = Product::one();
    let mut h = [0.0f32; SPAN];
    for (index, calls) in line.calls.chunks(SPAN).enumerate() {
        mix(line.factors, x, index * SPAN, &mut h[..calls.len()]);
        product.take::<ALLELE>(calls, &h, line.ploidy);
    }
    product.logarithm()
}
