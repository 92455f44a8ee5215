//! Candidate haplotypes of a stretch, and how likely each makes each read.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::event::{Event, applied, events};
use crate::evidence::{Frame, SampleReads};
use crate::pair_hmm::{ReadWindow, SLACK, Template, TemplateWindow, log_likelihoods};
use crate::read::{AlignedRead, Stretch, UNKNOWN};

/// Bases on both sides of a stretch that reads must align through to show a whole haplotype of it.
const ANCHOR: usize = 5;
/// Bases on both sides of a stretch that are compared.
const FLANK: usize = 60;
/// Haplotypes of a stretch beside the reference's.
const MOST: usize = 47;
/// Reads, of one sample or of all, that must show a haplotype or an event.
const LEAST_IN_ONE: u32 = 2;
const LEAST_IN_ALL: usize = 3;
/// Of so many reads of a cohort one more may show the same error at a place.
const READS_AN_ERROR: usize = 100;

/// A sequence that a chromosome may have in a stretch.
#[derive(Clone, Debug)]
pub(crate) struct Haplotype {
    /// Differences from the reference, as indices of the frame.
    pub(crate) events: Vec<Event>,
    template: Template,
}

/// The haplotypes of a stretch; the first is the reference's.
pub(crate) struct Haplotypes {
    pub(crate) all: Vec<Haplotype>,
    /// The stretch itself, as indices of the frame.
    core: Range<usize>,
    /// The stretch and its flanks.
    window: Range<usize>,
}

/// How many reads show something: the most in one sample, and in all.
#[derive(Clone, Copy, Debug, Default)]
struct Support {
    in_one: u32,
    in_all: u32,
}

impl Support {
    /// In a deep cohort single errors meet by chance: what no sample shows twice needs a share of all reads.
    fn is_enough(self, reads: usize) -> bool {
        self.in_one >= LEAST_IN_ONE || self.in_all as usize >= LEAST_IN_ALL + reads / READS_AN_ERROR
    }
}

/// Counts by key over samples.
struct Tally<K> {
    counts: BTreeMap<K, Support>,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self { counts: BTreeMap::new() }
    }
}

impl<K: Ord> Tally<K> {
    fn add_sample(&mut self, shown: impl Iterator<Item = K>) {
        let mut here: BTreeMap<K, u32> = BTreeMap::new();
        for key in shown {
            *here.entry(key).or_default() += 1;
        }
        for (key, count) in here {
            let support = self.counts.entry(key).or_default();
            support.in_one = support.in_one.max(count);
            support.in_all += count;
        }
    }

    /// What enough reads show, the best supported first.
    fn ranked(self, reads: usize) -> Vec<K> {
        let mut found: Vec<(K, Support)> =
            self.counts.into_iter().filter(|(_, support)| support.is_enough(reads)).collect();
        found.sort_by_key(|(_, support)| std::cmp::Reverse(support.in_all));
        found.into_iter().map(|(key, _)| key).collect()
    }
}

impl Haplotypes {
    /// Gathers the candidates: the reference, what reads show that span the stretch, and single differences that
    /// reads show in part of it.
    pub(crate) fn gather(
        samples: &[SampleReads<'_>],
        frame: &Frame,
        core: Range<usize>,
        min_quality: u8,
    ) -> Self {
        let core = core.start.saturating_sub(ANCHOR)..(core.end + ANCHOR).min(frame.bases.len());
        let window = core.start.saturating_sub(FLANK)..(core.end + FLANK).min(frame.bases.len());
        let (low, high) = (frame.start + core.start as u64, frame.start + core.end as u64);
        let near = samples.iter().flat_map(|sample| &sample.reads);
        let reads = near.filter(|read| read.start < high && low < read.end).count();
        let mut spanning = Tally::default();
        let mut partial = Tally::default();
        let mut single = Tally::default();
        for sample in samples {
            spanning.add_sample(sample.iter().filter_map(|(read, _)| spanned(read, frame, &core)));
            let shown: Vec<Vec<Event>> = sample
                .iter()
                .map(|(read, qualities)| shown_events(read, qualities, frame, &core, min_quality))
                .filter(|events| !events.is_empty())
                .collect();
            single.add_sample(shown.iter().flatten().cloned());
            partial.add_sample(shown.into_iter());
        }
        let mut found = Self { all: vec![Haplotype::new(Vec::new(), frame, &window)], core, window };
        let core = found.core.clone();
        for bases in spanning.ranked(reads) {
            let mut events = events(&frame.bases[core.clone()], &bases);
            events.iter_mut().for_each(|event| event.start += core.start);
            anchor_left(&mut events, frame, found.window.start + 1);
            found.add(events, frame);
        }
        for events in partial.ranked(reads) {
            found.add(events, frame);
        }
        for event in single.ranked(reads) {
            if !found.all.iter().any(|haplotype| haplotype.events.contains(&event)) {
                found.add(vec![event], frame);
            }
        }
        found
    }

    /// Adds a haplotype, unless it is known or there are enough.
    fn add(&mut self, events: Vec<Event>, frame: &Frame) {
        if self.all.len() <= MOST && !self.all.iter().any(|haplotype| haplotype.events == events) {
            self.all.push(Haplotype::new(events, frame, &self.window));
        }
    }

    /// Adds the haplotypes that join the differences of two others that do not contradict each other: reads may
    /// be too short to show both. Gives whether there was any.
    pub(crate) fn add_joined(&mut self, frame: &Frame) -> bool {
        let known = self.all.len();
        for i in 1..known {
            for j in i + 1..known {
                if let Some(events) = joined(&self.all[i].events, &self.all[j].events) {
                    self.add(events, frame);
                }
            }
        }
        self.all.len() > known
    }

    /// Natural logarithms of the likelihoods of a read given each haplotype; `None` if the read does not reach
    /// the stretch.
    pub(crate) fn compare(&self, read: &AlignedRead, qualities: &[u8], frame: &Frame) -> Option<Vec<f64>> {
        let part = ReadPart::of(read, frame, &self.window, &self.core)?;
        let shift = self.all.iter().map(Haplotype::largest_shift).max().unwrap_or(0);
        let low = part.expected.start.saturating_sub(SLACK).max(self.window.start);
        let high = (part.expected.end + SLACK).min(self.window.end);
        let windows: Vec<TemplateWindow<'_>> = self
            .all
            .iter()
            .map(|haplotype| {
                haplotype.template.window(
                    haplotype.offset(low, self.window.start)..haplotype.offset(high, self.window.start),
                )
            })
            .collect();
        let mut distinct: Vec<TemplateWindow<'_>> = Vec::new();
        let which: Vec<usize> = windows
            .iter()
            .map(|window| {
                distinct.iter().position(|known| known == window).unwrap_or_else(|| {
                    distinct.push(*window);
                    distinct.len() - 1
                })
            })
            .collect();
        if distinct.len() == 1 {
            return None;
        }
        let window =
            ReadWindow { bases: &read.bases()[part.offsets.clone()], qualities: &qualities[part.offsets] };
        let logs = log_likelihoods(window, &distinct, shift + part.lead);
        Some(which.into_iter().map(|index| logs[index]).collect())
    }

    /// Keeps the haplotypes that reads need: the mixture of haplotypes that explains all reads best is found by
    /// expectation-maximisation, and those that hold less than `least` reads are dropped, the reference apart.
    pub(crate) fn prune(&mut self, rows: &mut [Vec<f64>], least: f64) {
        let number = self.all.len();
        let mut shares = vec![1.0 / number as f64; number];
        let likelihoods: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| {
                let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                row.iter().map(|log| (log - best).exp() + 1e-6).collect()
            })
            .collect();
        let mut held = vec![0.0; number];
        for _ in 0..30 {
            held.fill(0.0);
            for row in &likelihoods {
                let total: f64 = row.iter().zip(&shares).map(|(l, s)| l * s).sum();
                for ((held, l), s) in held.iter_mut().zip(row).zip(&shares) {
                    *held += l * s / total;
                }
            }
            let total: f64 = held.iter().sum::<f64>().max(1.0);
            shares = held.iter().map(|held| held / total).collect();
        }
        let keep: Vec<bool> = held.iter().enumerate().map(|(i, &held)| i == 0 || held >= least).collect();
        let mut flags = keep.iter();
        self.all.retain(|_| *flags.next().unwrap_or(&true));
        for row in rows {
            let mut flags = keep.iter();
            row.retain(|_| *flags.next().unwrap_or(&true));
        }
    }
}

impl Haplotype {
    fn new(events: Vec<Event>, frame: &Frame, window: &Range<usize>) -> Self {
        let local: Vec<Event> =
            events.iter().map(|event| Event { start: event.start - window.start, ..event.clone() }).collect();
        let template = Template::new(applied(&frame.bases[window.clone()], &local));
        Self { events, template }
    }

    /// Where a base of the reference lies on the haplotype.
    fn offset(&self, index: usize, window_start: usize) -> usize {
        let before = self.events.iter().take_while(|event| event.end() <= index);
        let growth: isize = before.map(Event::growth).sum();
        let inside = self.events.iter().find(|event| event.start < index && index < event.end());
        let index = inside.map_or(index, |event| event.start);
        (index - window_start).saturating_add_signed(growth).min(self.template.bases.len())
    }

    fn largest_shift(&self) -> usize {
        let (mut at, mut largest) = (0isize, 0);
        for event in &self.events {
            at += event.growth();
            largest = largest.max(at.unsigned_abs());
        }
        largest
    }
}

/// The events of both in order; `None` if they overlap or touch.
fn joined(a: &[Event], b: &[Event]) -> Option<Vec<Event>> {
    let mut events: Vec<Event> = a.iter().chain(b).cloned().collect();
    events.sort_unstable();
    events.dedup();
    let is_apart = |pair: &[Event]| {
        pair[0].end() < pair[1].start
            || (pair[0].end() == pair[1].start && pair[0].removed > 0 && pair[1].removed > 0)
    };
    events.windows(2).all(is_apart).then_some(events)
}

/// Moves indels left as far as they go, each up to the one before.
fn anchor_left(events: &mut [Event], frame: &Frame, limit: usize) {
    let mut limit = limit;
    for event in events {
        event.shift_left(&frame.bases, limit);
        limit = event.end().max(limit);
    }
}

/// The bases of a read from the first to the last base of `core`, if it aligns through both ends.
fn spanned(read: &AlignedRead, frame: &Frame, core: &Range<usize>) -> Option<Vec<u8>> {
    let (low, high) = (frame.start + core.start as u64, frame.start + core.end as u64 - 1);
    if read.start > low || read.end <= high {
        return None;
    }
    let at = |place: u64| {
        read.blocks()
            .find(|block| {
                block.stretch == Stretch::Aligned
                    && (block.start..block.start + block.length as u64).contains(&place)
            })
            .map(|block| block.offset + (place - block.start) as usize)
    };
    let bases = read.bases().get(at(low)?..=at(high)?)?;
    (!bases.contains(&UNKNOWN)).then(|| bases.to_vec())
}

/// The differences that a read's alignment shows in `core`.
fn shown_events(
    read: &AlignedRead,
    qualities: &[u8],
    frame: &Frame,
    core: &Range<usize>,
    min_quality: u8,
) -> Vec<Event> {
    let mut found = Vec::new();
    for block in read.blocks() {
        let Some(index) = frame.index(block.start) else { continue };
        match block.stretch {
            Stretch::Aligned => {
                let from = core.start.max(index) - index;
                let to = core.end.min(index + block.length).saturating_sub(index);
                for i in from..to.max(from) {
                    let base = read.bases()[block.offset + i];
                    let is_good = qualities[block.offset + i] >= min_quality && base != UNKNOWN;
                    if is_good && base != frame.bases[index + i] {
                        found.push(Event { start: index + i, removed: 1, added: vec![base] });
                    }
                }
            }
            Stretch::Insertion | Stretch::Deletion => {
                let is_deletion = block.stretch == Stretch::Deletion;
                let added = if is_deletion { &[] } else { &read.bases()[block.offset..][..block.length] };
                let removed = if is_deletion { block.length } else { 0 };
                let mut event = Event { start: index, removed, added: added.to_vec() };
                if event.end() > core.end || added.contains(&UNKNOWN) {
                    continue;
                }
                event.shift_left(&frame.bases, core.start.min(index));
                if event.start >= core.start {
                    found.push(event);
                }
            }
            Stretch::SoftClip | Stretch::Skip => {}
        }
    }
    found
}

/// The part of a read that lies in a window, and where it is expected there.
struct ReadPart {
    offsets: Range<usize>,
    /// Indices of the frame.
    expected: Range<usize>,
    /// Bases by which the expected start was cut to the window.
    lead: usize,
}

impl ReadPart {
    /// Cuts a read to `window`; clipped ends are taken along, as far as they would reach unclipped. `None` if
    /// nothing of it lies in `core`.
    fn of(read: &AlignedRead, frame: &Frame, window: &Range<usize>, core: &Range<usize>) -> Option<Self> {
        let (low, high) = (frame.start + window.start as u64, frame.start + window.end as u64);
        let mut offsets: Option<Range<usize>> = None;
        let (mut first, mut last) = (0i64, 0i64);
        for block in read.blocks() {
            let (mut from, mut to) = (block.start as i64, (block.start + block.length as u64) as i64);
            match block.stretch {
                Stretch::SoftClip if block.offset == 0 => {
                    (from, to) = (from - block.length as i64, from);
                }
                Stretch::SoftClip | Stretch::Aligned => {}
                Stretch::Insertion | Stretch::Deletion | Stretch::Skip => continue,
            }
            let (start, end) = (from.max(low as i64), to.min(high as i64));
            if start >= end {
                continue;
            }
            let range = block.offset + (start - from) as usize..block.offset + (end - from) as usize;
            match &mut offsets {
                Some(offsets) => offsets.end = range.end,
                None => {
                    offsets = Some(range);
                    first = start;
                }
            }
            last = end;
        }
        let offsets = offsets?;
        let expected = (first - frame.start as i64) as usize..(last - frame.start as i64) as usize;
        let reaches = expected.start < core.end && core.start < expected.end;
        let lead = SLACK.saturating_sub(expected.start.saturating_sub(window.start));
        reaches.then_some(Self { offsets, expected, lead })
    }
}
