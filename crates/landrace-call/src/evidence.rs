//! What the reads say against the reference, and the stretches where that is enough to look closer.

use crate::overlap::merged_qualities;
use crate::read::{AlignedRead, Stretch, UNKNOWN};
use crate::repeat::{Repeat, repeats};

/// A stretch of the reference that a tile looks at.
pub(crate) struct Frame {
    /// First base, 0-based on the contig.
    pub(crate) start: u64,
    /// Codes of the bases.
    pub(crate) bases: Vec<u8>,
    /// The strongest short tandem repeat at each base.
    pub(crate) repeats: Vec<Repeat>,
}

impl Frame {
    pub(crate) fn new(start: u64, bases: Vec<u8>) -> Self {
        let repeats = repeats(&bases);
        Self { start, bases, repeats }
    }

    /// One past the last base.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.bases.len() as u64
    }

    /// Index of a base of the contig; `None` outside the frame.
    pub(crate) fn index(&self, place: u64) -> Option<usize> {
        (self.start..self.end()).contains(&place).then(|| (place - self.start) as usize)
    }

    /// How far an indel can be moved without changing the sequence: the first and the last index at which it
    /// may start. `inserted` is empty for a deletion of `deleted` bases.
    pub(crate) fn shifts(&self, index: usize, deleted: usize, inserted: &[u8]) -> (usize, usize) {
        let bases = &self.bases;
        let (mut left, mut right) = (index, index);
        if inserted.is_empty() {
            while left > 0 && bases[left - 1] == bases[left + deleted - 1] {
                left -= 1;
            }
            while right + deleted < bases.len() && bases[right] == bases[right + deleted] {
                right += 1;
            }
        } else {
            let n = inserted.len();
            let mut last = n - 1;
            while left > 0 && bases[left - 1] == inserted[last] {
                left -= 1;
                last = (last + n - 1) % n;
            }
            let mut first = 0;
            while right < bases.len() && bases[right] == inserted[first] {
                right += 1;
                first = (first + 1) % n;
            }
        }
        (left, right)
    }
}

/// The reads of one sample in a tile, mates merged.
pub(crate) struct SampleReads<'a> {
    pub(crate) reads: Vec<&'a AlignedRead>,
    pub(crate) qualities: Vec<Vec<u8>>,
}

impl<'a> SampleReads<'a> {
    pub(crate) fn new(reads: Vec<&'a AlignedRead>) -> Self {
        let qualities = merged_qualities(&reads);
        Self { reads, qualities }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a AlignedRead, &[u8])> {
        self.reads.iter().copied().zip(self.qualities.iter().map(Vec::as_slice))
    }
}

/// One read's word against the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Signal {
    /// First base that it touches, as an index of the frame.
    start: u32,
    /// 0 to 3: another base; [`GAP`]; [`CLIP`].
    kind: u8,
    /// One past the last base that it touches.
    end: u32,
    /// Logarithm of how much better an alternative explains it than an error.
    weight: f32,
}

const GAP: u8 = 4;
const CLIP: u8 = 5;
/// Bases that an end must have clipped to count.
const LEAST_CLIP: usize = 8;
const CLIP_WEIGHT: f32 = 5.0;
/// Phred weight of a gap in the longest repeats: these are looked at, and judged by their haplotypes.
const LEAST_GAP_QUALITY: f64 = 15.0;
/// Log likelihood ratios from which on a place is looked at: in one sample, and summed over the cohort.
const ENOUGH_IN_ONE: f64 = 3.5;
const ENOUGH_IN_ALL: f64 = 7.0;
/// Active places this near are looked at together.
const NEAR: usize = 20;
/// Bases from which on a cluster takes no further places.
const LONGEST: usize = 200;
/// So many mismatched places in a cluster may be a gap in disguise.
const MANY_MISMATCHES: usize = 3;

/// What to look at closer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cluster {
    /// Places of single bases without gaps near.
    Bases(Vec<usize>),
    /// A stretch (indices of the frame) that needs haplotypes.
    Stretch(std::ops::Range<usize>),
}

/// A place where the reads speak against the reference.
#[derive(Clone, Copy, Debug)]
struct ActivePlace {
    start: usize,
    end: usize,
    is_gap: bool,
}

/// Log of the error probability of a base, as a weight of a mismatch: `ln(3 / e)`.
fn mismatch_weight(quality: u8, mapping_quality: u8) -> f32 {
    1.1 + 0.2303 * f32::from(quality.min(mapping_quality).min(40))
}

fn signals(sample: &SampleReads<'_>, frame: &Frame, min_quality: u8) -> (Vec<Signal>, Vec<i32>) {
    let mut found = Vec::new();
    let mut depth = vec![0i32; frame.bases.len() + 1];
    for (read, qualities) in sample.iter() {
        for block in read.blocks() {
            let Some(index) = frame.index(block.start) else { continue };
            match block.stretch {
                Stretch::Aligned => {
                    let length = block.length.min(frame.bases.len() - index);
                    depth[index] += 1;
                    depth[index + length] -= 1;
                    let bases = &read.bases()[block.offset..][..length];
                    for (i, (&base, &reference)) in bases.iter().zip(&frame.bases[index..]).enumerate() {
                        let quality = qualities[block.offset + i];
                        if base != reference
                            && base != UNKNOWN
                            && reference != UNKNOWN
                            && quality >= min_quality
                        {
                            let start = (index + i) as u32;
                            let weight = mismatch_weight(quality, read.mapping_quality);
                            found.push(Signal { start, kind: base, end: start + 1, weight });
                        }
                    }
                }
                Stretch::Insertion | Stretch::Deletion => {
                    found.extend(gap_signal(read, qualities, block, frame, index));
                }
                Stretch::SoftClip if block.length >= LEAST_CLIP => {
                    let sum: usize =
                        qualities[block.offset..][..block.length].iter().map(|&q| usize::from(q)).sum();
                    if sum >= 15 * block.length {
                        let start = index as u32;
                        found.push(Signal { start, kind: CLIP, end: start + 1, weight: CLIP_WEIGHT });
                    }
                }
                Stretch::SoftClip | Stretch::Skip => {}
            }
        }
    }
    (found, depth)
}

fn gap_signal(
    read: &AlignedRead,
    qualities: &[u8],
    block: crate::read::Block,
    frame: &Frame,
    index: usize,
) -> Option<Signal> {
    let is_insertion = block.stretch == Stretch::Insertion;
    if qualities.get(block.offset).is_none_or(|&quality| quality == 0) || index == 0 {
        return None;
    }
    let inserted = if is_insertion { &read.bases()[block.offset..][..block.length] } else { &[] };
    let deleted = if is_insertion { 0 } else { block.length };
    if index + deleted > frame.bases.len() {
        return None;
    }
    let (left, right) = frame.shifts(index, deleted, inserted);
    let repeat = frame.repeats[left.min(frame.repeats.len() - 1)];
    // Copying slips by one unit; each further one is rarer by a factor of ten.
    let units = (block.length as f64 / repeat.unit.max(1) as f64).max(1.0);
    let slip = repeat.gap_open() + 10.0 * (units - 1.0);
    let quality = slip.max(LEAST_GAP_QUALITY).min(f64::from(read.mapping_quality)).min(40.0);
    let end = (right + deleted + 1).min(frame.bases.len());
    let start = left.saturating_sub(1) as u32;
    Some(Signal { start, kind: GAP, end: end as u32, weight: 0.2303 * quality as f32 })
}

/// The log likelihood ratio of the best dosage against none, for `count` reads of summed weight among `depth`.
fn best_ratio(weight: f64, count: f64, depth: f64, ploidy: u8) -> f64 {
    let others = (depth - count).max(0.0);
    (1..=ploidy)
        .map(|dosage| {
            let share = f64::from(dosage) / f64::from(ploidy);
            let rest = if dosage == ploidy { 1e-3 } else { 1.0 - share };
            weight + count * share.ln() + others * rest.ln()
        })
        .fold(0.0, f64::max)
}

/// The places of a tile that are looked at closer, in order. `ploidies` are the samples'.
pub(crate) fn clusters(
    samples: &[SampleReads<'_>],
    frame: &Frame,
    ploidies: &[u8],
    min_quality: u8,
    within: std::ops::Range<usize>,
) -> Vec<Cluster> {
    let mut best = vec![[0f32; 2]; frame.bases.len()];
    let mut total = vec![[0f32; 2]; frame.bases.len()];
    let mut ends = vec![0u32; frame.bases.len()];
    for (sample, &ploidy) in samples.iter().zip(ploidies) {
        let (mut signals, changes) = signals(sample, frame, min_quality);
        signals.sort_unstable_by_key(|signal| (signal.start, signal.kind));
        let mut depth = 0;
        let depths: Vec<i32> = changes
            .iter()
            .map(|change| {
                depth += change;
                depth
            })
            .collect();
        for group in signals.chunk_by(|a, b| (a.start, a.kind) == (b.start, b.kind)) {
            let first = group[0];
            let weight: f64 = group.iter().map(|signal| f64::from(signal.weight)).sum();
            let place = first.start as usize;
            let count = group.len() as f64;
            let ratio = best_ratio(weight, count, f64::from(depths[place]).max(count), ploidy) as f32;
            let is_gap = usize::from(first.kind >= GAP);
            best[place][is_gap] = best[place][is_gap].max(ratio);
            total[place][is_gap] += ratio;
            if is_gap == 1 {
                ends[place] = group.iter().map(|signal| signal.end).fold(ends[place], u32::max);
            }
        }
    }
    let is_enough = |place: usize, kind: usize| {
        f64::from(best[place][kind]) >= ENOUGH_IN_ONE || f64::from(total[place][kind]) >= ENOUGH_IN_ALL
    };
    let mut active = Vec::new();
    for (place, &end) in ends.iter().enumerate().take(within.end).skip(within.start) {
        if is_enough(place, 1) {
            active.push(ActivePlace { start: place, end: end as usize, is_gap: true });
        }
        if is_enough(place, 0) {
            active.push(ActivePlace { start: place, end: place + 1, is_gap: false });
        }
    }
    gather(&active, within.end)
}

/// Joins active places that lie near one another.
fn gather(active: &[ActivePlace], limit: usize) -> Vec<Cluster> {
    let mut clusters = Vec::new();
    let mut rest = active;
    while let Some(&first) = rest.first() {
        let mut end = first.end;
        let mut taken = 1;
        while let Some(next) = rest.get(taken)
            && next.start < end + NEAR
            && (next.start < end || next.start < first.start + LONGEST)
        {
            end = end.max(next.end);
            taken += 1;
        }
        let (group, others) = rest.split_at(taken);
        let is_tangled = group.len() >= MANY_MISMATCHES && end - first.start <= NEAR * group.len() / 2;
        if group.iter().any(|place| place.is_gap) || is_tangled {
            clusters.push(Cluster::Stretch(first.start..end.min(limit.max(first.start + 1))));
        } else {
            clusters.push(Cluster::Bases(group.iter().map(|place| place.start).collect()));
        }
        rest = others;
    }
    clusters
}

/// The quietest place near `nominal`: the border of two tiles. It is decided by the reads as they are, all that
/// start from `look_back` before the band on, so that both tiles find the same.
pub(crate) fn quiet_border<'a>(
    reads: impl Iterator<Item = &'a AlignedRead>,
    frame: &Frame,
    nominal: u64,
    band: u64,
) -> u64 {
    let low = nominal.saturating_sub(band).max(frame.start);
    let high = (nominal + band).min(frame.end());
    if low >= high {
        return nominal;
    }
    let width = (high - low) as usize;
    let mut noise = vec![0u32; width];
    for read in reads {
        for block in read.blocks() {
            let reach = if block.stretch == Stretch::Insertion { 1 } else { block.length as u64 };
            let (start, end) = (block.start.max(low), (block.start + reach).min(high));
            for place in start..end {
                let at = (place - low) as usize;
                match block.stretch {
                    Stretch::Aligned => {
                        let offset = block.offset + (place - block.start) as usize;
                        let differs =
                            frame.index(place).is_some_and(|i| frame.bases[i] != read.bases()[offset]);
                        noise[at] += u32::from(differs && read.qualities()[offset] >= 20);
                    }
                    Stretch::Insertion | Stretch::Deletion => noise[at] += 4,
                    Stretch::SoftClip | Stretch::Skip => {}
                }
            }
        }
    }
    const REACH: usize = 24;
    let around = |at: usize| noise[at.saturating_sub(REACH)..(at + REACH).min(width)].iter().sum::<u32>();
    let best = (0..width).min_by_key(|&at| (around(at), (low + at as u64).abs_diff(nominal), at));
    low + best.unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::base_code;
    use crate::read::tests::read;

    fn frame(bases: &str) -> Frame {
        Frame::new(100, bases.bytes().map(base_code).collect())
    }

    #[test]
    fn indels_move_within_their_repeat() {
        let frame = frame("GGCAAAATGC");
        assert_eq!(frame.shifts(5, 1, &[]), (3, 6));
        assert_eq!(frame.shifts(5, 0, &[0]), (3, 7));
        assert_eq!(frame.shifts(8, 0, &[3]), (7, 8));
    }

    #[test]
    fn a_repeated_mismatch_is_active_and_one_error_is_not() {
        let frame = frame("GATTACAGATTACAGATTACAGATTACAG");
        let reads: Vec<_> = (0..16)
            .map(|i| {
                read(
                    100,
                    "29M",
                    if i < 3 { "GATTACAGATTGCAGATTACAGATTACAG" } else { "GATTACAGATTACAGATTACAGATTACAC" },
                    30,
                )
            })
            .collect();
        let sample = SampleReads { reads: reads.iter().collect(), qualities: vec![vec![30; 29]; 16] };
        assert_eq!(clusters(&[sample], &frame, &[2], 10, 0..20), [Cluster::Bases(vec![11])]);
        let sample = SampleReads { reads: reads[2..].iter().collect(), qualities: vec![vec![30; 29]; 14] };
        assert_eq!(clusters(&[sample], &frame, &[2], 10, 0..20), []);
    }

    #[test]
    fn the_border_lies_where_it_is_quiet() {
        let frame = Frame::new(0, vec![0; 1000]);
        let noisy = read(400, "100M", &"C".repeat(100), 30);
        let border = quiet_border([&noisy].into_iter(), &frame, 450, 200);
        assert!(!(390..510).contains(&border), "{border}");
        assert_eq!(quiet_border(std::iter::empty(), &frame, 450, 200), 450);
    }
}
