//! A tile: the unit of work, a pure function of the reads near it.

use std::sync::Arc;

use landrace_genome::{ContigId, Interval, Reference};

use crate::event::Event;
use crate::evidence::{Cluster, Frame, SampleReads, clusters, quiet_border};
use crate::haplotype::Haplotypes;
use crate::options::CallOptions;
use crate::read::{AlignedRead, Stretch, UNKNOWN, base_code};
use crate::region_set::{BAND, LOOK_AHEAD, LOOK_BACK, TILE};
use crate::site::{ReadNote, SampleEvidence, SiteCall, SiteEvidence, THETA, Tables, call_site, theta_of_gap};
use crate::stream::StartWindow;

/// Bases of the reference that are held beyond the reads' starts.
const MARGIN: u64 = 1024;
/// A haplotype is kept if it holds about this many reads of the cohort.
const LEAST_HELD: f64 = 1.0;

/// The reads near a tile, sample by sample.
pub(crate) struct TileReads {
    pub(crate) contig: ContigId,
    /// Number of the tile on its contig.
    pub(crate) number: u64,
    pub(crate) samples: Vec<Vec<Arc<AlignedRead>>>,
}

/// What calling a tile needs to know of the cohort.
pub(crate) struct TileContext<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) options: &'a CallOptions,
    /// Ploidies of the samples on the tile's contig.
    pub(crate) ploidies: &'a [u8],
}

/// A called site with its place.
pub(crate) struct PlacedCall {
    /// VCF's POS, 0-based.
    pub(crate) position: u64,
    /// Codes of the reference's bases from `position` on.
    pub(crate) reference: Vec<u8>,
    /// Codes of the alternate alleles' bases.
    pub(crate) alternates: Vec<Vec<u8>>,
    pub(crate) call: SiteCall,
}

/// The start positions of reads that a tile looks at.
pub(crate) fn start_window(contig: ContigId, number: u64) -> StartWindow {
    let low = (number * TILE).saturating_sub(LOOK_BACK);
    StartWindow { contig, low, high: (number + 1) * TILE + LOOK_AHEAD }
}

/// The called sites of a tile, in order.
pub(crate) fn call_tile(tile: &TileReads, context: &TileContext<'_>, tables: &mut Tables) -> Vec<PlacedCall> {
    if tile.samples.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let window = start_window(tile.contig, tile.number);
    let stretch = Interval::new(window.low.saturating_sub(MARGIN), window.high + MARGIN);
    let letters = context.reference.bases(tile.contig, stretch);
    let frame = Frame::new(stretch.start(), letters.into_iter().map(base_code).collect());
    let length = context.reference.contigs().get(tile.contig).length;
    let borders =
        [tile.number, tile.number + 1].map(|border| border_near(border * TILE, length, tile, &frame));
    let samples: Vec<SampleReads<'_>> = tile
        .samples
        .iter()
        .map(|reads| SampleReads::new(reads.iter().map(AsRef::as_ref).collect()))
        .collect();
    let within = (borders[0] - frame.start) as usize..(borders[1] - frame.start) as usize;
    let min_quality = context.options.min_base_quality;
    let mut caller = TileCaller { frame: &frame, samples: &samples, context, tables, calls: Vec::new() };
    for cluster in clusters(&samples, &frame, context.ploidies, min_quality, within.clone()) {
        match cluster {
            Cluster::Bases(places) => places.into_iter().for_each(|place| caller.call_base(place)),
            Cluster::Stretch(core) => caller.call_stretch(core),
        }
    }
    let mut calls = caller.calls;
    calls.retain(|call| (borders[0]..borders[1]).contains(&call.position));
    calls.sort_by(|a, b| {
        (a.position, &a.reference, &a.alternates).cmp(&(b.position, &b.reference, &b.alternates))
    });
    calls.dedup_by(|b, a| {
        (a.position, &a.reference, &a.alternates) == (b.position, &b.reference, &b.alternates)
    });
    calls
}

/// The border of two tiles near a multiple of [`TILE`], the same seen from both.
fn border_near(nominal: u64, length: u64, tile: &TileReads, frame: &Frame) -> u64 {
    if nominal == 0 {
        return 0;
    }
    if nominal >= length {
        return length;
    }
    let starts = nominal.saturating_sub(LOOK_BACK)..nominal + LOOK_AHEAD;
    let reads = tile.samples.iter().flatten().filter(|read| starts.contains(&read.start)).map(AsRef::as_ref);
    quiet_border(reads, frame, nominal, BAND)
}

struct TileCaller<'a> {
    frame: &'a Frame,
    samples: &'a [SampleReads<'a>],
    context: &'a TileContext<'a>,
    tables: &'a mut Tables,
    calls: Vec<PlacedCall>,
}

impl TileCaller<'_> {
    /// Calls single bases at a place without gaps near: each aligned base is as likely as its quality says.
    fn call_base(&mut self, place: usize) {
        let reference = self.frame.bases[place];
        let mut seen = [0u32; 4];
        let at = self.frame.start + place as u64;
        let columns: Vec<Vec<BaseRead>> = self
            .samples
            .iter()
            .map(|sample| {
                let bases = sample.iter().filter_map(|(read, qualities)| base_at(read, qualities, at));
                bases.filter(|base| base.quality >= self.context.options.min_base_quality.max(1)).collect()
            })
            .collect();
        for base in columns.iter().flatten() {
            seen[usize::from(base.code)] += 1;
        }
        let others: Vec<u8> =
            (0..4).filter(|&code| code != reference && seen[usize::from(code)] > 1).collect();
        if others.is_empty() || reference == UNKNOWN {
            return;
        }
        let mut samples = Vec::with_capacity(columns.len());
        for column in columns {
            let mut evidence = SampleEvidence::default();
            for base in column {
                let error = 10f64.powf(-f64::from(base.quality) / 10.0).min(0.75);
                let log = |code: u8| if code == base.code { (1.0 - error).ln() } else { (error / 3.0).ln() };
                evidence.push([reference].iter().chain(&others).map(|&code| log(code)), base.note);
            }
            samples.push(evidence);
        }
        let events =
            others.iter().map(|&code| Event { start: place, removed: 1, added: vec![code] }).collect();
        self.call(SiteEvidence { events, samples, theta: THETA });
    }

    /// Calls a stretch by comparing its reads to candidate haplotypes.
    fn call_stretch(&mut self, core: std::ops::Range<usize>) {
        let min_quality = self.context.options.min_base_quality;
        let mut haplotypes = Haplotypes::gather(self.samples, self.frame, core, min_quality);
        if haplotypes.all.len() < 2 {
            return;
        }
        let (mut compared, mut rows) = self.compare(&haplotypes);
        haplotypes.prune(&mut rows, LEAST_HELD);
        if haplotypes.add_joined(self.frame) {
            (compared, rows) = self.compare(&haplotypes);
            haplotypes.prune(&mut rows, LEAST_HELD);
        }
        let mut events: Vec<&Event> = haplotypes.all.iter().flat_map(|haplotype| &haplotype.events).collect();
        events.sort_unstable_by_key(|event| (event.start, event.is_gap(), *event));
        events.dedup();
        let sites: Vec<SiteEvidence> = events
            .chunk_by(|a, b| (a.start, a.is_gap()) == (b.start, b.is_gap()))
            .map(|group| self.site(group, &haplotypes, &compared, &rows))
            .collect();
        for site in sites {
            self.call(site);
        }
    }

    /// Compares all reads near a stretch to its haplotypes: the reads with their samples, and for each the
    /// logarithms of its likelihoods.
    fn compare(&self, haplotypes: &Haplotypes) -> (Vec<(usize, &AlignedRead)>, Vec<Vec<f64>>) {
        let (mut compared, mut rows) = (Vec::new(), Vec::new());
        for (index, sample) in self.samples.iter().enumerate() {
            for (read, qualities) in sample.iter() {
                if let Some(row) = haplotypes.compare(read, qualities, self.frame) {
                    compared.push((index, read));
                    rows.push(row);
                }
            }
        }
        (compared, rows)
    }

    /// What the reads that reach a site say of its alleles: the best haplotype with an allele speaks for it.
    fn site(
        &self,
        group: &[&Event],
        haplotypes: &Haplotypes,
        compared: &[(usize, &AlignedRead)],
        rows: &[Vec<f64>],
    ) -> SiteEvidence {
        let events: Vec<Event> = group.iter().map(|&event| event.clone()).collect();
        let alleles: Vec<usize> = haplotypes
            .all
            .iter()
            .map(|haplotype| {
                let carried =
                    haplotype.events.iter().find_map(|event| events.iter().position(|e| e == event));
                carried.map_or(0, |index| index + 1)
            })
            .collect();
        let mut samples = vec![SampleEvidence::default(); self.samples.len()];
        let start = self.frame.start + events[0].start as u64;
        let end = self.frame.start + events.iter().map(Event::end).max().unwrap_or(0) as u64;
        for (&(sample, read), row) in compared.iter().zip(rows) {
            if read.start >= end.max(start + 1) || read.end <= start {
                continue;
            }
            let mut best = vec![f64::NEG_INFINITY; events.len() + 1];
            for (&allele, &log) in alleles.iter().zip(row) {
                best[allele] = best[allele].max(log);
            }
            samples[sample].push(best.into_iter(), note(read, start));
        }
        let theta =
            if events[0].is_gap() { theta_of_gap(self.frame.repeats[events[0].start]) } else { THETA };
        SiteEvidence { events, samples, theta }
    }

    fn call(&mut self, site: SiteEvidence) {
        if let Some(call) = call_site(site, self.context.ploidies, self.context.options, self.tables) {
            self.calls.push(place_call(call, self.frame));
        }
    }
}

/// Writes alleles as VCF does: an indel with the base before it.
fn place_call(call: SiteCall, frame: &Frame) -> PlacedCall {
    let is_gap = call.events.iter().any(Event::is_gap);
    let first = call.events[0].start;
    // At the contig's first base the one after stands in.
    let lead = usize::from(is_gap && first > 0);
    let start = first - lead;
    let end = call.events.iter().map(Event::end).max().unwrap_or(first) + usize::from(is_gap && lead == 0);
    let reference = frame.bases[start..end].to_vec();
    let alternate = |event: &Event| {
        let head = &frame.bases[start..event.start];
        [head, &event.added, &frame.bases[event.end()..end]].concat()
    };
    let alternates = call.events.iter().map(alternate).collect();
    PlacedCall { position: frame.start + start as u64, reference, alternates, call }
}

/// A base of a read over a place.
#[derive(Clone, Copy, Debug)]
struct BaseRead {
    code: u8,
    quality: u8,
    note: ReadNote,
}

fn base_at(read: &AlignedRead, qualities: &[u8], place: u64) -> Option<BaseRead> {
    if place < read.start || place >= read.end {
        return None;
    }
    let holds = |start: u64, length: usize| (start..start + length as u64).contains(&place);
    let block = read.blocks().find(|b| b.stretch == Stretch::Aligned && holds(b.start, b.length))?;
    let offset = block.offset + (place - block.start) as usize;
    let code = read.bases()[offset];
    (code != UNKNOWN).then(|| BaseRead { code, quality: qualities[offset], note: note(read, place) })
}

fn note(read: &AlignedRead, place: u64) -> ReadNote {
    let from_end = place.saturating_sub(read.start).min(read.end.saturating_sub(place + 1));
    let from_end = u32::try_from(from_end).unwrap_or(u32::MAX);
    ReadNote { mapping_quality: read.mapping_quality, is_reverse: read.is_reverse, from_end }
}
