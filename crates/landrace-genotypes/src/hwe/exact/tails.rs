//! Sums over the tables beside the one seen, for several variants side by side, one in each lane of a vector.
//!
//! Outwards from the table seen probabilities only fall; inwards they rise, pass the likeliest table and fall to where
//! they are below that of the table seen. In Hardy-Weinberg proportions the sum over all tables is known, so that what lies
//! between gives the p-value, and the far tail is summed only where the p-value is so small that the difference would
//! lose digits.

use super::LANES;
use super::Start;

/// What was summed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tails {
    /// Tables further out than the one seen.
    pub(super) outward: f64,
    /// Tables that are likelier.
    pub(super) middle: f64,
    /// Other tables that are as likely.
    pub(super) tied: f64,
    /// Tables on the other side that are less likely; `None` where they are what is left of 1.
    pub(super) far: Option<f64>,
}

/// A number for each lane.
type Lanes<const N: usize> = [f64; N];

/// A term that is smaller than this part of the sum of a tail ends it.
const NEGLIGIBLE: f64 = 1e-12;

/// P-values below are sums, not what is left of 1.
const SMALL: f64 = 0.01;

/// Tables as unlikely as this have a small p-value, as there are not so many of them; and so little can have lost digits, so
/// that the sum over the middle says nothing.
const UNLIKELY: f64 = 1e-30;

/// Steps for which one division is made.
const STRIDE: usize = 4;

/// A walk from table to table. The weight of the next is that of this one times `odds` · above / below, products of two
/// numbers each that go down and up by fixed steps.
#[derive(Clone, Copy)]
struct Walk<const N: usize> {
    weight: Lanes<N>,
    odds: Lanes<N>,
    above: [Lanes<N>; 2],
    below: [Lanes<N>; 2],
    /// By how much the numbers above fall and those below rise.
    steps: [Lanes<N>; 2],
}

impl<const N: usize> Walk<N> {
    /// From the tables seen: towards more heterozygotes, where lanes have two fewer homozygotes of either kind for two
    /// more of them, or towards fewer.
    #[inline(always)]
    fn new(starts: &[Start; N], is_up: impl Fn(&Start) -> bool) -> Self {
        let zeros = [0.0; N];
        let two = [zeros; 2];
        let mut out = Self { weight: zeros, odds: zeros, above: two, below: two, steps: two };
        for (lane, own) in starts.iter().enumerate() {
            let Start { heterozygous, rare, common, odds, weight, .. } = *own;
            let (odds, above, below, steps) = if is_up(own) {
                (odds, [rare, common], [heterozygous + 2.0, heterozygous + 1.0], [1.0, 2.0])
            } else {
                (1.0 / odds, [heterozygous, heterozygous - 1.0], [rare + 1.0, common + 1.0], [2.0, 1.0])
            };
            (out.weight[lane], out.odds[lane]) = (weight, odds);
            for side in 0..2 {
                out.above[side][lane] = above[side];
                out.below[side][lane] = below[side];
                out.steps[side][lane] = steps[side];
            }
        }
        out
    }

    /// Numerator and denominator of the ratio of a lane's next weight to this one; goes there.
    #[inline(always)]
    fn ratio(&mut self, lane: usize) -> (f64, f64) {
        let [above, below] = [&mut self.above, &mut self.below];
        let parts = (self.odds[lane] * (above[0][lane] * above[1][lane]), below[0][lane] * below[1][lane]);
        for side in 0..2 {
            above[side][lane] -= self.steps[0][lane];
            below[side][lane] += self.steps[1][lane];
        }
        parts
    }

    /// The sum of the weights of all tables to come. Past the last weights are nought, and stay so.
    #[inline(always)]
    fn rest(mut self) -> Lanes<N> {
        let mut sums = [0.0; N];
        loop {
            // The sum of the next weights as parts / all, and the last of them as last / all, in terms of this one.
            let (mut parts, mut last, mut all) = ([0.0; N], [1.0; N], [1.0; N]);
            for _ in 0..STRIDE {
                for lane in 0..N {
                    let (above, below) = self.ratio(lane);
                    last[lane] *= above;
                    parts[lane] = parts[lane] * below + last[lane];
                    all[lane] *= below;
                }
            }
            for lane in 0..N {
                let scale = self.weight[lane] / all[lane];
                sums[lane] += scale * parts[lane];
                let weight = scale * last[lane];
                self.weight[lane] = if weight <= NEGLIGIBLE * sums[lane] { 0.0 } else { weight };
            }
            if is_nought(&self.weight) {
                return sums;
            }
        }
    }

    /// The sums of the weights above that of the table seen, and of those as likely.
    #[inline(always)]
    fn middle(mut self, bounds: &Bounds<N>) -> [Lanes<N>; 2] {
        let (mut likelier, mut tied) = ([0.0; N], [0.0; N]);
        loop {
            for lane in 0..N {
                let (above, below) = self.ratio(lane);
                let weight = self.weight[lane] * above / below;
                let is_likelier = weight > bounds.high[lane];
                likelier[lane] += if is_likelier { weight } else { 0.0 };
                // Past the first table that is less likely all are.
                let is_on = weight >= bounds.low[lane];
                tied[lane] += if is_on & !is_likelier { weight } else { 0.0 };
                self.weight[lane] = if is_on { weight } else { 0.0 };
            }
            if is_nought(&self.weight) {
                return [likelier, tied];
            }
        }
    }

    /// Goes on to the first table that is less likely than the one seen, which is at the beginning of the far tail.
    #[inline(always)]
    fn go_to_far_tail(&mut self, bounds: &Bounds<N>) {
        // 1 in lanes that are on their way.
        let mut goes_on = [1.0; N];
        while !is_nought(&goes_on) {
            let before = *self;
            for (lane, goes_on) in goes_on.iter_mut().enumerate() {
                let is_on = *goes_on != 0.0;
                let (above, below) = self.ratio(lane);
                let weight = self.weight[lane] * above / below;
                self.weight[lane] = if is_on { weight } else { before.weight[lane] };
                for side in 0..2 {
                    self.above[side][lane] =
                        if is_on { self.above[side][lane] } else { before.above[side][lane] };
                    self.below[side][lane] =
                        if is_on { self.below[side][lane] } else { before.below[side][lane] };
                }
                // A weight of nought is the end, whatever was seen.
                *goes_on = if is_on & (weight >= bounds.low[lane]) & (weight > 0.0) { 1.0 } else { 0.0 };
            }
        }
    }
}

/// Whether all are nought, of either sign.
#[inline(always)]
fn is_nought<const N: usize>(lanes: &Lanes<N>) -> bool {
    lanes.iter().fold(0, |bits, own| bits | (own.to_bits() << 1)) == 0
}

/// Between which weights tables are as likely as the one seen but for rounding.
struct Bounds<const N: usize> {
    low: Lanes<N>,
    high: Lanes<N>,
}

/// The sums over the far tail of the lanes that need it; 0 for others.
#[inline(always)]
fn far_tail<const N: usize>(mut inward: Walk<N>, needs: [bool; N], bounds: &Bounds<N>) -> Lanes<N> {
    inward.go_to_far_tail(bounds);
    inward.weight = std::array::from_fn(|lane| if needs[lane] { inward.weight[lane] } else { 0.0 });
    let (first, rest) = (inward.weight, inward.rest());
    std::array::from_fn(|lane| first[lane] + rest[lane])
}

/// The sums of each variant.
#[inline(always)]
pub(super) fn of<const N: usize>(starts: &[Start; N]) -> [Tails; N] {
    let outward = Walk::new(starts, |own| own.outward_is_up).rest();
    let inward = Walk::new(starts, |own| !own.outward_is_up);
    let part = |part: f64| std::array::from_fn(|lane| starts[lane].weight * part);
    let bounds = Bounds { low: part(1.0 - 1e-9), high: part(1.0 + 1e-9) };
    let [middle, tied] = inward.middle(&bounds);
    let needs = std::array::from_fn(|lane| {
        let Start { is_share, weight, .. } = starts[lane];
        !is_share || weight < UNLIKELY || 1.0 - middle[lane] < SMALL
    });
    let far = if needs.contains(&true) { far_tail(inward, needs, &bounds) } else { [0.0; N] };
    std::array::from_fn(|lane| Tails {
        outward: outward[lane],
        middle: middle[lane],
        tied: tied[lane],
        far: needs[lane].then_some(far[lane]),
    })
}

/// [`of`] eight variants, at the widest level that the processor has.
pub(super) fn at_best(starts: &[Start; LANES]) -> [Tails; LANES] {
    #[cfg(target_arch = "x86_64")]
    match crate::kernel::level() {
        crate::kernel::Level::Avx512 => return x86::avx512(starts),
        crate::kernel::Level::Avx2 => return x86::avx2(starts),
        crate::kernel::Level::Scalar => {}
    }
    of(starts)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #![expect(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

    use super::{LANES, Start, Tails, of};

    pub(super) fn avx512(starts: &[Start; LANES]) -> [Tails; LANES] {
        #[target_feature(enable = "avx2,avx512f,avx512vl")]
        fn body(starts: &[Start; LANES]) -> [Tails; LANES] {
            of(starts)
        }
        // SAFETY: `level()` gives this level only if the processor has the features.
        unsafe { body(starts) }
    }

    pub(super) fn avx2(starts: &[Start; LANES]) -> [Tails; LANES] {
        #[target_feature(enable = "avx2")]
        fn body(starts: &[Start; LANES]) -> [Tails; LANES] {
            of(starts)
        }
        // SAFETY: `level()` gives this level only if the processor has the features.
        unsafe { body(starts) }
    }
}
