//! The variants most linked with each variant: squared correlations of dosages (composite linkage disequilibrium,
//! which needs no phase) from popcounts, over all variants or over a window and a sample of the rest.

use std::ops::Range;

use crate::matrix::GenotypeMatrix;
use crate::plane::planes_for;

/// Variants side by side in a tile: one a lane.
pub(super) const LANES: usize = 8;
/// Pairs of variants × words above which not all pairs are looked at.
const WHOLE: u64 = 60_000_000_000;
/// Tiles of the window to either side where not all pairs are looked at.
const WINDOW: usize = 128;

/// The calls of all variants, eight by eight, for sweeps of one variant over all others. Samples are in groups of
/// one ploidy; where a variant's block groups them otherwise, its calls count as missing.
pub(super) struct Tiles {
    variants: usize,
    groups: Vec<TileGroup>,
}

/// Samples of one ploidy.
struct TileGroup {
    ploidy: f32,
    planes: usize,
    words: usize,
    /// Tiles × words × (planes + 1) × lanes: the mask of known calls, then the planes with missing calls zero.
    bits: Vec<u64>,
}

/// A variant linked with another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Linked {
    pub(super) variant: u32,
    pub(super) r2: f32,
}

/// Sums over the samples that two variants have, one pair a lane.
#[derive(Clone, Copy, Default)]
pub(super) struct LaneSums {
    /// n, Σx, Σy, Σx², Σy², Σxy.
    pub(super) sums: [[u64; LANES]; 6],
}

impl Tiles {
    /// Rearranges a matrix. The groups of samples are those of the first block.
    pub(super) fn of(matrix: &GenotypeMatrix) -> Self {
        let variants = matrix.variants();
        let tiles = variants.div_ceil(LANES);
        let first = matrix.blocks().first();
        let groups = first.map_or(&[][..], |block| &block.groups).iter().map(|model| {
            let (planes, words) = (planes_for(model.calls.ploidy()), model.calls.words());
            let mut bits = vec![0u64; tiles * words * (planes + 1) * LANES];
            let mut variant = 0;
            for block in matrix.blocks() {
                let same = block.groups.iter().find(|group| {
                    group.calls.ploidy() == model.calls.ploidy() && group.samples == model.samples
                });
                for row in 0..block.rows() {
                    if let Some(group) = same {
                        let own = group.calls.row(row).bits();
                        let base = (variant / LANES) * words * (planes + 1) * LANES + variant % LANES;
                        for word in 0..words {
                            let plane = |index: usize| own[index * words + word];
                            let known = !(0..planes).fold(!0, |all, index| all & plane(index));
                            let at = base + word * (planes + 1) * LANES;
                            bits[at] = known;
                            for index in 0..planes {
                                bits[at + (index + 1) * LANES] = plane(index) & known;
                            }
                        }
                    }
                    variant += 1;
                }
            }
            TileGroup { ploidy: f32::from(model.calls.ploidy()), planes, words, bits }
        });
        Self { variants, groups: groups.collect() }
    }

    fn words(&self) -> usize {
        self.groups.iter().map(|group| group.words).sum()
    }

    /// The tiles to look at for a variant: all, or those near it and an even sample of the others.
    fn tiles_for(&self, variant: usize) -> (Range<usize>, usize) {
        let tiles = self.variants.div_ceil(LANES);
        let cost = (self.variants as u64).saturating_mul(self.variants as u64) * self.words() as u64;
        if cost <= WHOLE {
            return (0..tiles, 1);
        }
        let own = variant / LANES;
        let near = own.saturating_sub(WINDOW)..(own + WINDOW + 1).min(tiles);
        let affordable = WHOLE / (self.variants as u64 * self.words() as u64 * LANES as u64);
        (near, tiles.div_ceil((affordable as usize).max(WINDOW)))
    }

    /// The `most` variants of highest r² with a variant, highest first; of equals the one that comes first.
    pub(super) fn most_linked(&self, variant: usize, most: usize) -> Vec<Linked> {
        let mut best = Best { most, least: 0.0, found: Vec::with_capacity(4 * most) };
        let own: Vec<Vec<u64>> = self.groups.iter().map(|group| group.row(variant)).collect();
        let (near, stride) = self.tiles_for(variant);
        let far = (0..self.variants.div_ceil(LANES)).step_by(stride);
        let far = far.filter(|tile| !near.contains(tile));
        for tile in near.clone().chain(far) {
            let r2 = self.correlate(&own, tile);
            for (lane, &r2) in r2.iter().enumerate() {
                let other = tile * LANES + lane;
                if r2 > best.least && other != variant && other < self.variants {
                    best.add(Linked { variant: other as u32, r2 });
                }
            }
        }
        best.finish()
    }

    /// r² of a variant's planes with the variants of a tile; 0 where either does not vary.
    fn correlate(&self, own: &[Vec<u64>], tile: usize) -> [f32; LANES] {
        let mut total = [[0f64; LANES]; 6];
        for (group, own) in self.groups.iter().zip(own) {
            let size = group.words * (group.planes + 1) * LANES;
            let bits = &group.bits[tile * size..(tile + 1) * size];
            let sums = super::simd::lane_sums(own, bits, group.planes).sums;
            let p = f64::from(group.ploidy);
            let scales = [1.0, 1.0 / p, 1.0 / p, 1.0 / (p * p), 1.0 / (p * p), 1.0 / (p * p)];
            for ((total, own), scale) in total.iter_mut().zip(&sums).zip(scales) {
                for (total, &own) in total.iter_mut().zip(own) {
                    *total += own as f64 * scale;
                }
            }
        }
        let [n, x, y, xx, yy, xy] = total;
        std::array::from_fn(|lane| {
            let covariance = n[lane] * xy[lane] - x[lane] * y[lane];
            let spread = (n[lane] * xx[lane] - x[lane] * x[lane]) * (n[lane] * yy[lane] - y[lane] * y[lane]);
            if spread > 1e-6 { (covariance * covariance / spread).min(1.0) as f32 } else { 0.0 }
        })
    }
}

impl TileGroup {
    /// A variant's mask and planes: words × (planes + 1).
    fn row(&self, variant: usize) -> Vec<u64> {
        let size = self.words * (self.planes + 1);
        let base = (variant / LANES) * size * LANES + variant % LANES;
        (0..size).map(|index| self.bits[base + index * LANES]).collect()
    }
}

/// The best of many, kept short.
struct Best {
    most: usize,
    least: f32,
    found: Vec<Linked>,
}

impl Best {
    fn add(&mut self, linked: Linked) {
        self.found.push(linked);
        if self.found.len() >= 4 * self.most.max(1) {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        self.found.sort_unstable_by(|a, b| b.r2.total_cmp(&a.r2).then(a.variant.cmp(&b.variant)));
        self.found.truncate(self.most);
        if self.found.len() == self.most {
            self.least = self.found.last().map_or(0.0, |last| last.r2 * (1.0 - 1e-7));
        }
    }

    fn finish(mut self) -> Vec<Linked> {
        self.shorten();
        self.found
    }
}

/// Sums of one variant (words × (planes + 1), the mask first) with the eight of a tile.
#[inline(always)]
pub(super) fn lane_sums_plain(own: &[u64], tile: &[u64], planes: usize) -> LaneSums {
    match planes {
        2 => lane_sums_of::<3>(own, tile),
        3 => lane_sums_of::<4>(own, tile),
        _ => lane_sums_of::<5>(own, tile),
    }
}

#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "two indices run over one set of planes")]
fn lane_sums_of<const B: usize>(own: &[u64], tile: &[u64]) -> LaneSums {
    let mut out = LaneSums::default();
    let [n, x, y, xx, yy, xy] = &mut out.sums;
    for (own, tile) in own.as_chunks::<B>().0.iter().zip(tile.chunks_exact(B * LANES)) {
        let rows = tile.as_chunks::<LANES>().0;
        let add = |to: &mut [u64; LANES], bits: [u64; LANES], shift: usize| {
            for (to, bits) in to.iter_mut().zip(bits) {
                *to += u64::from(bits.count_ones()) << shift;
            }
        };
        let and = |word: u64, row: &[u64; LANES]| row.map(|bits| bits & word);
        add(n, and(own[0], &rows[0]), 0);
        for i in 1..B {
            add(x, and(own[i], &rows[0]), i - 1);
            add(y, and(own[0], &rows[i]), i - 1);
            for j in 1..B {
                add(xy, and(own[i], &rows[j]), i + j - 2);
            }
            // Of two planes never both bits are set: the dosage is at most 2.
            add(xx, and(own[i], &rows[0]), 2 * i - 2);
            add(yy, and(own[0], &rows[i]), 2 * i - 2);
            for j in (i + 1)..(if B > 3 { B } else { 0 }) {
                add(xx, and(own[i] & own[j], &rows[0]), i + j - 1);
                let both: [u64; LANES] = std::array::from_fn(|lane| rows[i][lane] & rows[j][lane]);
                add(yy, and(own[0], &both), i + j - 1);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::block::{CallGatherer, GenotypeBlock, Layers, Site};
    use crate::plane::MISSING;
    use crate::source::SourceHeader;

    proptest! {
        #[test]
        fn the_most_linked_are_those_of_the_matrix(
            rows in (3usize..80).prop_flat_map(|n| prop::collection::vec(prop::collection::vec(0u8..7, n), 2..20)),
            is_mixed in any::<bool>(),
        ) {
            let n = rows[0].len();
            let ploidies: Vec<u8> = (0..n).map(|s| if is_mixed && s % 3 == 0 { 4 } else { 2 }).collect();
            let mut gatherer = CallGatherer::new(n);
            for row in &rows {
                let codes: Vec<u8> = row.iter().zip(&ploidies).map(|(&c, &p)| if c > p { MISSING } else { c }).collect();
                gatherer.push(&ploidies, &codes);
            }
            let block = GenotypeBlock {
                contig: "1".into(), samples: n, sites: vec![Site::default(); rows.len()],
                groups: gatherer.take(2), layers: Layers::default(),
            };
            let names: Arc<[String]> = (0..n).map(|s| s.to_string()).collect();
            let header = SourceHeader { samples: names, ..Default::default() };
            let matrix = GenotypeMatrix::from_blocks(header, vec![block]);
            let tiles = Tiles::of(&matrix);
            for variant in 0..rows.len() {
                let found = tiles.most_linked(variant, 5);
                let mut expected: Vec<f64> = (0..rows.len()).filter(|&v| v != variant)
                    .filter_map(|v| matrix.r2(variant, v)).filter(|&r2| r2 > 1e-12).collect();
                expected.sort_by(|a, b| b.total_cmp(a));
                expected.truncate(5);
                prop_assert_eq!(found.len(), expected.len());
                for (own, expected) in found.iter().zip(expected) {
                    prop_assert!((f64::from(own.r2) - expected).abs() < 1e-5);
                }
            }
        }
    }
}
