//! The regions asked for: sorted, merged, and cut into tiles that lie at fixed places of the reference.

use landrace_genome::{ContigDictionary, ContigId, Interval, Region};

/// Bases a tile. Tiles lie at multiples of it on each contig, whatever is asked for.
pub(crate) const TILE: u64 = 4096;
/// How far the border between two tiles may lie from a multiple of [`TILE`]: it is put where it is quietest.
pub(crate) const BAND: u64 = 256;
/// Reads that start up to this far before a tile are looked at.
pub(crate) const LOOK_BACK: u64 = 1024;
/// Reads that start up to this far past a tile are looked at.
pub(crate) const LOOK_AHEAD: u64 = 512;

/// Regions in the reference's order that neither overlap nor touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegionSet {
    regions: Vec<Region>,
}

impl RegionSet {
    /// Sorts and merges regions.
    pub(crate) fn new(mut regions: Vec<Region>) -> Self {
        regions.retain(|region| !region.interval.is_empty());
        regions.sort_unstable();
        let mut merged: Vec<Region> = Vec::with_capacity(regions.len());
        for region in regions {
            match merged.last_mut() {
                Some(last)
                    if last.contig == region.contig && region.interval.start() <= last.interval.end() =>
                {
                    let end = last.interval.end().max(region.interval.end());
                    last.interval = Interval::new(last.interval.start(), end);
                }
                _ => merged.push(region),
            }
        }
        Self { regions: merged }
    }

    /// Whether a base was asked for.
    pub(crate) fn contains(&self, contig: ContigId, offset: u64) -> bool {
        let after = self
            .regions
            .partition_point(|region| (region.contig, region.interval.start()) <= (contig, offset));
        let region = after.checked_sub(1).map(|index| self.regions[index]);
        region.is_some_and(|region| region.contig == contig && region.interval.contains(offset))
    }

    /// The tiles that may hold sites of the regions, in order, each once.
    pub(crate) fn tiles<'a>(
        &'a self,
        contigs: &'a ContigDictionary,
    ) -> impl Iterator<Item = (ContigId, u64)> + 'a {
        let mut last = None;
        let tiles = self.regions.iter().flat_map(move |region| {
            let number = contigs.get(region.contig).length.div_ceil(TILE);
            let first = region.interval.start().saturating_sub(BAND) / TILE;
            let end = ((region.interval.end() + BAND).div_ceil(TILE)).min(number);
            (first..end).map(move |tile| (region.contig, tile))
        });
        tiles.filter(move |tile| last.replace(*tile).is_none_or(|last| last < *tile))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(contig: u32, start: u64, end: u64) -> Region {
        Region { contig: ContigId(contig), interval: Interval::new(start, end) }
    }

    #[test]
    fn regions_are_merged_and_tiles_come_once() {
        let mut contigs = ContigDictionary::default();
        contigs.push("a", 20_000).unwrap();
        contigs.push("b", 100).unwrap();
        let set = RegionSet::new(vec![
            region(1, 5, 9),
            region(0, 5_000, 6_000),
            region(0, 4_500, 5_000),
            region(0, 7_900, 8_000),
        ]);
        assert_eq!(set.regions.len(), 3);
        let tiles: Vec<_> = set.tiles(&contigs).map(|(contig, tile)| (contig.0, tile)).collect();
        assert_eq!(tiles, [(0, 1), (0, 2), (1, 0)]);
        assert!(set.contains(ContigId(0), 5_999) && !set.contains(ContigId(0), 6_000));
        assert!(set.contains(ContigId(1), 5) && !set.contains(ContigId(1), 4));
    }
}
