//! The ring: variants of a contig flow through a window, and each is met with all that lie within reach after it.

use std::sync::Arc;

use crate::block::{GenotypeBlock, Site};
use crate::ld::rows::Rows;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Variants that are ready before they are worked on together.
const BATCH: usize = 512;

/// How far the second variant of a pair may lie after the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Bases at most; `None` for any distance.
    pub bases: Option<u64>,
    /// Variants at most: 1 for the next alone; `None` for any number.
    pub variants: Option<usize>,
    /// Also between contigs: everything is held in memory, and nothing else bounds the pairs.
    pub across_contigs: bool,
}

/// A variant's place and name.
#[derive(Clone, Debug)]
pub struct Place {
    /// Name of the contig.
    pub contig: Arc<str>,
    /// Position; 0 where the map does not know it.
    pub position: u64,
    /// Name of the variant; `.` if it has none.
    pub id: Box<str>,
}

impl Place {
    /// The place of a site.
    pub fn of(contig: &Arc<str>, site: &Site) -> Self {
        let id: Box<str> = if site.id.is_empty() { ".".into() } else { site.id.clone() };
        Self { contig: contig.clone(), position: site.position.map_or(0, landrace_genome::Position::get), id }
    }

    /// Contig, position and id, with tabs between them; `.` for an unknown position.
    pub fn fields(&self) -> String {
        match self.position {
            0 => format!("{}\t.\t{}", self.contig, self.id),
            position => format!("{}\t{position}\t{}", self.contig, self.id),
        }
    }

    /// The id, or contig and position where it has none.
    pub fn label(&self) -> String {
        match &*self.id {
            "." => format!("{}:{}", self.contig, self.position),
            id => id.to_owned(),
        }
    }

    /// Bases to a later place; `None` on another contig or where a position is unknown.
    pub fn distance(&self, later: &Self) -> Option<u64> {
        let is_known = self.position > 0 && later.position > 0 && self.contig == later.contig;
        is_known.then(|| later.position.abs_diff(self.position))
    }
}

/// Variants in a form that pairs can be compared in.
pub trait PairStore: Default + Send + Sync {
    /// Variants held.
    fn held(&self) -> usize;
    /// Whether the other's variants can be compared with these.
    fn fits_with(&self, other: &Self) -> bool;
    /// Appends another's variants.
    fn take_over(&mut self, other: &Self);
    /// Lets the first variants go.
    fn let_go(&mut self, count: usize);
    /// Number of samples (or gametes) that both variants have, and the correlation; `None` if either is constant.
    fn correlation(&self, first: usize, second: usize) -> Option<(u64, f64)>;
}

impl PairStore for Rows {
    fn held(&self) -> usize {
        self.len()
    }

    fn fits_with(&self, other: &Self) -> bool {
        self.fits(other)
    }

    fn take_over(&mut self, other: &Self) {
        self.append(other);
    }

    fn let_go(&mut self, count: usize) {
        self.drop_front(count);
    }

    fn correlation(&self, first: usize, second: usize) -> Option<(u64, f64)> {
        let moments = self.moments(first, second);
        Some((u64::try_from(moments.n).unwrap_or(0), moments.r()?))
    }
}

/// A block's variants, ready for pairs.
pub struct Prepared<S> {
    /// Their places.
    pub places: Vec<Place>,
    /// Their calls.
    pub store: S,
    /// Variants left out.
    pub left_out: u64,
}

/// Variants whose reach is wholly in memory, and those within it.
pub struct Batch<'a, S> {
    /// The variants, in order: first those that are ready, then those in their reach.
    pub places: &'a [Place],
    /// Their calls.
    pub store: &'a S,
    /// How many are ready.
    pub ready: usize,
    /// Number of variants before these, over all contigs.
    pub first: u64,
    /// Whether the contig ends with these.
    pub is_end: bool,
    reach: Reach,
}

impl<S> Batch<'_, S> {
    /// The end of a variant's reach: those after it and before this index are its partners.
    pub fn end(&self, index: usize) -> usize {
        let limit = self.reach.variants.map_or(self.places.len(), |n| self.places.len().min(index + 1 + n));
        let Some(bases) = self.reach.bases else { return limit };
        let last = self.places[index].position + bases;
        index + 1 + self.places[index + 1..limit].partition_point(|place| place.position <= last)
    }
}

/// Packs a block's variants that have at least this minor allele frequency and vary, by dosage or (`is_phased`) by
/// gamete.
///
/// # Errors
/// Returns an error if gametes are asked for and not known.
pub fn prepare_rows(
    block: &GenotypeBlock,
    min_maf: f64,
    is_phased: bool,
) -> Result<Prepared<Rows>, GenotypeError> {
    let all = if is_phased { Rows::pack_gametes(block)? } else { Rows::pack(block) };
    let is_wanted =
        |row: usize| !all.sums(row).is_constant() && all.sums(row).minor_frequency() >= min_maf - 1e-9;
    let keep: Vec<usize> = (0..all.len()).filter(|&row| is_wanted(row)).collect();
    let places = keep.iter().map(|&row| Place::of(&block.contig, &block.sites[row])).collect();
    let left_out = (all.len() - keep.len()) as u64;
    if left_out == 0 {
        return Ok(Prepared { places, store: all, left_out });
    }
    let mut store = Rows::default();
    keep.iter().for_each(|&row| store.append_row(&all, row));
    Ok(Prepared { places, store, left_out })
}

/// What went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Variants read.
    pub read: u64,
    /// Variants left out: constant, or of low minor allele frequency.
    pub left_out: u64,
}

/// Lets a source's variants flow through the window. `prepare` runs on all threads; `visit` gets each variant
/// exactly once among the ready ones, in order.
///
/// # Errors
/// Returns the errors of the source, of `prepare` and of `visit`, and an error if a contig comes twice, if positions
/// fall, or if they are missing where the reach is in bases.
pub fn scan<S: PairStore>(
    source: &mut dyn GenotypeSource,
    reach: Reach,
    prepare: impl Fn(&GenotypeBlock) -> Result<Prepared<S>, GenotypeError> + Sync,
    visit: &mut dyn FnMut(&Batch<S>) -> Result<(), GenotypeError>,
) -> Result<Passed, GenotypeError> {
    let mut band = Band { reach, ..Band::default() };
    for_each_block(source, |block| prepare(&block), |prepared| band.push(prepared, visit))?;
    band.flush(true, visit)?;
    Ok(band.passed)
}

struct Band<S> {
    reach: Reach,
    places: Vec<Place>,
    store: S,
    /// Contigs that came before.
    ended: Vec<Arc<str>>,
    first: u64,
    passed: Passed,
}

impl<S: PairStore> Default for Band<S> {
    fn default() -> Self {
        Self {
            reach: Reach::default(),
            places: Vec::new(),
            store: S::default(),
            ended: Vec::new(),
            first: 0,
            passed: Passed::default(),
        }
    }
}

impl<S: PairStore> Band<S> {
    fn push(
        &mut self,
        prepared: Prepared<S>,
        visit: &mut dyn FnMut(&Batch<S>) -> Result<(), GenotypeError>,
    ) -> Result<(), GenotypeError> {
        self.passed.read += prepared.places.len() as u64 + prepared.left_out;
        self.passed.left_out += prepared.left_out;
        let Some(first) = prepared.places.first() else { return Ok(()) };
        let is_new = self.places.last().is_some_and(|last| last.contig != first.contig);
        if is_new && !self.reach.across_contigs {
            self.flush(true, visit)?;
        }
        self.check(&prepared, is_new)?;
        self.store.take_over(&prepared.store);
        self.places.extend(prepared.places);
        self.flush(false, visit)
    }

    fn check(&mut self, prepared: &Prepared<S>, is_new: bool) -> Result<(), GenotypeError> {
        let mut before = self.places.last();
        let first = &prepared.places[0];
        if (is_new || before.is_none()) && self.ended.last().is_none_or(|last| *last != first.contig) {
            if self.ended.contains(&first.contig) {
                let message = "its variants are not together; sort the file by contig and position";
                return Err(GenotypeError::Request(format!("{}: {message}", first.contig)));
            }
            self.ended.push(first.contig.clone());
        }
        if !self.store.fits_with(&prepared.store) {
            let message = "the ploidy of samples differs from that before; split the file where it changes";
            return Err(GenotypeError::Request(format!("{}:{}: {message}", first.contig, first.position)));
        }
        if self.reach.bases.is_none() || self.reach.across_contigs {
            return Ok(());
        }
        for place in &prepared.places {
            let message = match before {
                _ if place.position == 0 => "has no position; give --map, or a window in variants",
                Some(before) if before.contig == place.contig && before.position > place.position => {
                    "lies before the variant above it; sort the file by position"
                }
                _ => {
                    before = Some(place);
                    continue;
                }
            };
            return Err(GenotypeError::Request(format!(
                "{}:{} ({}): {message}",
                place.contig, place.position, place.id
            )));
        }
        Ok(())
    }

    /// Visits the variants that are ready: those whose reach has ended, or all at a contig's end.
    fn flush(
        &mut self,
        is_end: bool,
        visit: &mut dyn FnMut(&Batch<S>) -> Result<(), GenotypeError>,
    ) -> Result<(), GenotypeError> {
        let ready = if is_end { self.places.len() } else { self.ready() };
        if ready == 0 || (!is_end && ready < BATCH) {
            return Ok(());
        }
        let (places, store, first, reach) = (&self.places[..], &self.store, self.first, self.reach);
        visit(&Batch { places, store, ready, first, is_end, reach })?;
        self.first += ready as u64;
        self.places.drain(..ready);
        if is_end {
            self.store = S::default();
        } else {
            self.store.let_go(ready);
        }
        Ok(())
    }

    fn ready(&self) -> usize {
        let Reach { bases, variants, across_contigs } = self.reach;
        let Some(last) = self.places.last().filter(|_| !across_contigs) else { return 0 };
        let by_variants = variants.map_or(0, |n| self.places.len().saturating_sub(n));
        let by_bases =
            bases.map_or(0, |n| self.places.partition_point(|place| place.position + n < last.position));
        by_variants.max(by_bases)
    }
}
