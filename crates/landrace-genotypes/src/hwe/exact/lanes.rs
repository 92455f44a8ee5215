//! The exact test of eight variants side by side, one in each lane of a vector: the divisions, which are most of the
//! cost, are then made eight at a time.

use super::{NOTHING, Start, Table};
use crate::significance::TailSums;

/// Variants side by side.
pub(super) const LANES: usize = 8;

/// A number for each lane.
type Lane = [f64; LANES];

/// Where each lane's walk is: as [`Table`].
#[derive(Clone, Copy)]
struct Walk {
    heterozygous: Lane,
    rare: Lane,
    common: Lane,
    weight: Lane,
}

impl Walk {
    #[inline(always)]
    fn at_peaks(starts: &[Start; LANES]) -> Self {
        let each = |of: fn(&Table) -> f64| std::array::from_fn(|lane| of(&starts[lane].peak));
        Self {
            heterozygous: each(|table| table.heterozygous),
            rare: each(|table| table.rare),
            common: each(|table| table.common),
            weight: each(|table| table.weight),
        }
    }

    /// As [`Table::up`]. Past the last table weights are nought, and stay so.
    #[inline(always)]
    fn up(&mut self, odds: &Lane) {
        for (lane, odds) in odds.iter().enumerate() {
            let (h, a, b) = (self.heterozygous[lane], self.rare[lane], self.common[lane]);
            self.weight[lane] *= odds * a * b / ((h + 2.0) * (h + 1.0));
            (self.heterozygous[lane], self.rare[lane], self.common[lane]) = (h + 2.0, a - 1.0, b - 1.0);
        }
    }

    /// As [`Table::down`]. Past the first table weights are nought, and stay so.
    #[inline(always)]
    fn down(&mut self, odds: &Lane) {
        for (lane, odds) in odds.iter().enumerate() {
            let (h, a, b) = (self.heterozygous[lane], self.rare[lane] + 1.0, self.common[lane] + 1.0);
            self.weight[lane] *= h * (h - 1.0) / (odds * a * b);
            (self.heterozygous[lane], self.rare[lane], self.common[lane]) = (h - 2.0, a, b);
        }
    }
}

/// As [`TailSums`], a lane each.
#[derive(Default)]
struct Sums {
    total: Lane,
    rarer: Lane,
    tied: Lane,
    above: Lane,
}

/// What the weights are compared with.
struct Seen {
    heterozygous: Lane,
    low: Lane,
    high: Lane,
}

impl Sums {
    /// Adds the tables where the walk is; a lane whose further tables do not matter gets weight 0. Whether any goes on.
    #[inline(always)]
    fn add(&mut self, walk: &mut Walk, seen: &Seen) -> bool {
        let mut left = 0.0;
        for lane in 0..LANES {
            let (weight, low) = (walk.weight[lane], seen.low[lane]);
            let is_rarer = weight < low;
            self.total[lane] += weight;
            self.rarer[lane] += if is_rarer { weight } else { 0.0 };
            self.tied[lane] += if !is_rarer & (weight <= seen.high[lane]) { weight } else { 0.0 };
            self.above[lane] += if walk.heterozygous[lane] > seen.heterozygous[lane] { weight } else { 0.0 };
            let is_last = is_rarer & (weight <= NOTHING * self.rarer[lane]);
            walk.weight[lane] = if is_last { 0.0 } else { weight };
        }
        for weight in walk.weight {
            left += weight;
        }
        left > 0.0
    }
}

/// As [`super::sums`], to the bit, for eight variants.
#[inline(always)]
pub(super) fn sums(starts: &[Start; LANES]) -> [TailSums; LANES] {
    let seen = Seen {
        heterozygous: std::array::from_fn(|lane| starts[lane].seen),
        low: std::array::from_fn(|lane| starts[lane].low()),
        high: std::array::from_fn(|lane| starts[lane].high()),
    };
    let odds = std::array::from_fn(|lane| starts[lane].odds);
    let mut sums = Sums::default();
    let mut walk = Walk::at_peaks(starts);
    let mut goes_on = sums.add(&mut walk, &seen);
    while goes_on {
        walk.up(&odds);
        goes_on = sums.add(&mut walk, &seen);
    }
    walk = Walk::at_peaks(starts);
    goes_on = true;
    while goes_on {
        walk.down(&odds);
        goes_on = sums.add(&mut walk, &seen);
    }
    std::array::from_fn(|lane| TailSums {
        total: sums.total[lane],
        rarer: sums.rarer[lane],
        tied: sums.tied[lane],
        above: sums.above[lane],
        seen: starts[lane].own,
    })
}

/// The same, at the widest level that the processor has.
pub(super) fn sums_at_best(starts: &[Start; LANES]) -> [TailSums; LANES] {
    #[cfg(target_arch = "x86_64")]
    match crate::kernel::level() {
        crate::kernel::Level::Avx512 => return x86::avx512(starts),
        crate::kernel::Level::Avx2 => return x86::avx2(starts),
        crate::kernel::Level::Scalar => {}
    }
    sums(starts)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #![expect(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

    use super::{LANES, Start, TailSums, sums};

    pub(super) fn avx512(starts: &[Start; LANES]) -> [TailSums; LANES] {
        #[target_feature(enable = "avx2,avx512f,avx512vl")]
        fn body(starts: &[Start; LANES]) -> [TailSums; LANES] {
            sums(starts)
        }
        // SAFETY: `level()` gives this level only if the processor has the features.
        unsafe { body(starts) }
    }

    pub(super) fn avx2(starts: &[Start; LANES]) -> [TailSums; LANES] {
        #[target_feature(enable = "avx2")]
        fn body(starts: &[Start; LANES]) -> [TailSums; LANES] {
            sums(starts)
        }
        // SAFETY: `level()` gives this level only if the processor has the features.
        unsafe { body(starts) }
    }
}
