//! Genotypes of formats whose lines are not variants: collected in memory in whatever order they come, then handed
//! out as blocks.
//!
//! A call costs one byte (a dosage) or one byte a copy (alleles).

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use landrace_genome::ContigDictionary;
use landrace_genome::file::{FileError, Input};
use landrace_genome::summary::InputDigest;

use super::ReadOptions;
use super::places::{MarkerMap, UNPLACED};
use super::vcf::needs_names;
use crate::block::Site;
use crate::block::layer::{ABSENT, UNKNOWN, Wanted};
use crate::matrix::GenotypeMatrix;
use crate::plane::{MAX_PLOIDY, MISSING};
use crate::source::{GenotypeError, GenotypeSource, SampleColumns, SourceHeader};

mod blocks;
mod source;
#[cfg(test)]
mod tests;

use blocks::Blocks;
use source::HeldSource;

/// Reference allele where a format names none, as VCF writes an unknown base.
pub(crate) const UNKNOWN_REFERENCE: &str = "N";
/// Alternate allele where a format names none.
pub(crate) const UNKNOWN_ALTERNATE: &str = "<ALT>";
/// Variants a block at most.
const BLOCK_ROWS: usize = 1024;
/// Calls held at most.
const MOST_CALLS: u64 = 16 << 30;
/// Alleles of a marker at most: their indices are bytes.
const MOST_ALLELES: usize = 250;

/// Collects calls; see [`Held::finish`].
#[derive(Default)]
pub(crate) struct Held {
    samples: Vec<String>,
    sample_index: HashMap<String, usize>,
    markers: Vec<HeldMarker>,
    marker_index: HashMap<Box<str>, usize>,
    /// Copies of each chromosome where dosages are kept; alleles say it themselves.
    ploidy: Option<u8>,
    /// What was taken for granted.
    notes: Vec<String>,
    has_depths: bool,
    has_estimates: bool,
    sample_columns: Option<SampleColumns>,
}

/// A marker and its calls.
#[derive(Default)]
pub(crate) struct HeldMarker {
    /// Its contig, if the format says.
    pub(crate) contig: Option<Arc<str>>,
    /// Copies of its chromosome where dosages are kept, if the format says so marker by marker.
    pub(crate) ploidy: Option<u8>,
    /// Its site. Alleles named here come first, in this order; leave `reference` empty if the format names none.
    pub(crate) site: Site,
    calls: Calls,
    /// Reads of each allele: samples × alleles; −1 where not known.
    depths: Vec<i32>,
    depth_width: usize,
    /// Estimated dosage of the alternate allele, one a sample; NaN where not known.
    estimates: Vec<f32>,
}

/// The calls of a marker.
enum Calls {
    /// One non-reference dosage a sample, or [`MISSING`].
    Dosages(Vec<u8>),
    /// Names of the alleles, and `width` indices of them a sample.
    Alleles { names: Vec<Box<str>>, width: usize, codes: Vec<u8> },
}

impl Default for Calls {
    fn default() -> Self {
        Self::Dosages(Vec::new())
    }
}

impl Held {
    /// Collects calls of samples that are known beforehand, or of none yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Notes what was taken for granted.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Keeps what the file says of each sample beside its calls; as many rows as samples.
    pub(crate) fn set_sample_columns(&mut self, columns: SampleColumns) {
        self.sample_columns = Some(columns);
    }

    /// Copies of each chromosome, for dosages. Without it `ReadOptions::ploidy` or 2 is taken.
    pub(crate) fn set_ploidy(&mut self, ploidy: u8) {
        self.ploidy = Some(ploidy);
    }

    /// Number of samples so far.
    pub(crate) fn samples(&self) -> usize {
        self.samples.len()
    }

    /// Number of markers so far.
    pub(crate) fn markers(&self) -> usize {
        self.markers.len()
    }

    /// The index of a sample, which is added if it is new.
    pub(crate) fn sample(&mut self, name: &str) -> usize {
        if let Some(&index) = self.sample_index.get(name) {
            return index;
        }
        self.samples.push(name.to_owned());
        self.sample_index.insert(name.to_owned(), self.samples.len() - 1);
        self.samples.len() - 1
    }

    /// Adds a sample that must be new.
    ///
    /// # Errors
    /// Returns what is wrong if its name is empty or occurs twice.
    pub(crate) fn new_sample(&mut self, name: &str) -> Result<usize, String> {
        if name.trim().is_empty() {
            return Err("a sample has no name; give it one".to_owned());
        }
        match self.sample_index.contains_key(name) {
            true => Err(format!("sample '{name}' occurs twice; rename one of them")),
            false => Ok(self.sample(name)),
        }
    }

    /// The index of a marker, which is added if it is new.
    pub(crate) fn marker(&mut self, name: &str) -> usize {
        if let Some(&index) = self.marker_index.get(name) {
            return index;
        }
        let site = Site { id: name.into(), ..Site::default() };
        self.markers.push(HeldMarker { site, ..HeldMarker::default() });
        self.marker_index.insert(name.into(), self.markers.len() - 1);
        self.markers.len() - 1
    }

    /// Adds a marker that must be new.
    ///
    /// # Errors
    /// Returns what is wrong if its name is empty or occurs twice.
    pub(crate) fn new_marker(&mut self, name: &str) -> Result<usize, String> {
        if name.trim().is_empty() {
            return Err("a marker has no name; give it one".to_owned());
        }
        match self.marker_index.contains_key(name) {
            true => Err(format!("marker '{name}' occurs twice; rename one of them")),
            false => Ok(self.marker(name)),
        }
    }

    /// Adds a marker without a name, which its place tells from others.
    pub(crate) fn unnamed_marker(&mut self) -> usize {
        self.markers.push(HeldMarker::default());
        self.markers.len() - 1
    }

    /// Keeps a row of what the file says of a sample beside its calls; `names` are those of all rows.
    pub(crate) fn push_sample_columns(&mut self, names: &[String], cells: Vec<String>) {
        let columns = self
            .sample_columns
            .get_or_insert_with(|| SampleColumns { names: names.to_vec(), rows: Vec::new() });
        columns.rows.push(cells);
    }

    /// The ploidy that the format says of a marker.
    pub(crate) fn ploidy_of(&self, marker: usize) -> Option<u8> {
        self.markers[marker].ploidy
    }

    /// Whether the format says the ploidy of every marker.
    pub(crate) fn has_told_ploidies(&self) -> bool {
        !self.markers.is_empty() && self.markers.iter().all(|marker| marker.ploidy.is_some())
    }

    /// A marker, to say where it lies and what its alleles are.
    pub(crate) fn marker_mut(&mut self, marker: usize) -> &mut HeldMarker {
        &mut self.markers[marker]
    }

    /// Keeps a dosage of the alternate alleles, or [`MISSING`]. A marker holds dosages or alleles, never both.
    pub(crate) fn set_dosage(&mut self, marker: usize, sample: usize, dosage: u8) {
        if let Calls::Dosages(codes) = &mut self.markers[marker].calls {
            put(codes, sample, 1, MISSING)[0] = dosage;
        }
    }

    /// Keeps a call as the names of its alleles, as many as its ploidy.
    ///
    /// # Errors
    /// Returns what is wrong if it has more than 14 alleles, or the marker more than 250 different ones.
    pub(crate) fn set_alleles(
        &mut self,
        marker: usize,
        sample: usize,
        alleles: &[&str],
    ) -> Result<(), String> {
        let mut indices = [ABSENT; MAX_PLOIDY as usize];
        if alleles.len() > indices.len() {
            return Err(format!(
                "the call has {} alleles; the highest ploidy is {MAX_PLOIDY}",
                alleles.len()
            ));
        }
        let own = self.markers[marker].alleles_mut(alleles.len());
        for (slot, allele) in indices.iter_mut().zip(alleles) {
            let index = own.0.iter().position(|name| **name == **allele).unwrap_or_else(|| {
                own.0.push((*allele).into());
                own.0.len() - 1
            });
            *slot = u8::try_from(index).ok().filter(|&index| usize::from(index) < MOST_ALLELES).ok_or_else(
                || {
                    format!(
                        "the marker has more than {MOST_ALLELES} alleles; is this column one of genotypes?"
                    )
                },
            )?;
        }
        let (width, codes) = (own.1, own.2);
        put(codes, sample, width, UNKNOWN).copy_from_slice(&indices[..width]);
        Ok(())
    }

    /// Keeps that a call is missing; `ploidy` 0 if the file does not say of how many copies.
    pub(crate) fn set_missing(&mut self, marker: usize, sample: usize, ploidy: u8) {
        let ploidy = usize::from(ploidy.min(MAX_PLOIDY));
        match &mut self.markers[marker].calls {
            Calls::Dosages(codes) => put(codes, sample, 1, MISSING)[0] = MISSING,
            Calls::Alleles { width, codes, .. } => {
                let call = put(codes, sample, *width, UNKNOWN);
                call.fill(UNKNOWN);
                if ploidy > 0 && ploidy < *width {
                    call[ploidy..].fill(ABSENT);
                }
            }
        }
    }

    /// Whether a call was kept that is not missing: long tables may say a call twice.
    pub(crate) fn is_called(&self, marker: usize, sample: usize) -> bool {
        match &self.markers[marker].calls {
            Calls::Dosages(codes) => codes.get(sample).is_some_and(|&code| code != MISSING),
            Calls::Alleles { width, codes, .. } => {
                codes.get(sample * width).is_some_and(|&code| code != UNKNOWN)
            }
        }
    }

    /// The names of a call's alleles; `None` if it is missing or kept as a dosage.
    pub(crate) fn alleles_of(&self, marker: usize, sample: usize) -> Option<Vec<&str>> {
        let Calls::Alleles { names, width, codes } = &self.markers[marker].calls else { return None };
        let call = codes.get(sample * width..(sample + 1) * width)?;
        let name = |code: &&u8| names.get(usize::from(**code)).map(AsRef::as_ref);
        let called: Vec<&str> =
            call.iter().take_while(|&&code| code != ABSENT).map_while(|code| name(&code)).collect();
        (!called.is_empty()).then_some(called)
    }

    /// Keeps the reads of each allele of a call, the reference first; as many for every call of a marker.
    pub(crate) fn set_depths(&mut self, marker: usize, sample: usize, depths: &[i32]) {
        self.has_depths = true;
        let own = &mut self.markers[marker];
        own.depth_width = depths.len();
        put(&mut own.depths, sample, depths.len(), -1).copy_from_slice(depths);
    }

    /// Whether reads of a call were kept: long tables may say a call twice.
    pub(crate) fn has_depths_of(&self, marker: usize, sample: usize) -> bool {
        let own = &self.markers[marker];
        own.depths.get(sample * own.depth_width).is_some_and(|&depth| depth >= 0)
    }

    /// Keeps an estimated dosage of the alternate allele, between 0 and the ploidy.
    pub(crate) fn set_estimate(&mut self, marker: usize, sample: usize, dosage: f32) {
        self.has_estimates = true;
        put(&mut self.markers[marker].estimates, sample, 1, f32::NAN)[0] = dosage;
    }

    /// Makes `names` the alleles of every marker, in this order, if no marker has others: so that what A and B are
    /// does not depend on which of them a marker shows.
    pub(crate) fn declare_if_all(&mut self, names: [&str; 2]) {
        let are_these = |marker: &HeldMarker| match &marker.calls {
            Calls::Alleles { names: own, .. } => own.iter().all(|own| names.contains(&&**own)),
            Calls::Dosages(codes) => codes.iter().all(|&code| code == MISSING),
        };
        if !self.markers.iter().all(are_these) {
            return;
        }
        for marker in self.markers.iter_mut().filter(|marker| marker.site.reference.is_empty()) {
            marker.site.reference = names[0].into();
            marker.site.alternates = vec![names[1].into()];
        }
    }

    /// Gives whole dosages and estimates their meaning, once the coding of the table is known. Calls with an
    /// estimate become the nearest whole dosage; where some calls have estimates, whole dosages are estimates too.
    pub(crate) fn recode_dosages(&mut self, whole: impl Fn(u8) -> u8, estimate: impl Fn(f32) -> f32) {
        let samples = self.samples.len();
        for marker in &mut self.markers {
            let Calls::Dosages(codes) = &mut marker.calls else { continue };
            codes.iter_mut().filter(|code| **code != MISSING).for_each(|code| *code = whole(*code));
            if !self.has_estimates {
                continue;
            }
            codes.resize(samples, MISSING);
            marker.estimates.resize(samples, f32::NAN);
            for (code, value) in codes.iter_mut().zip(&mut marker.estimates) {
                if value.is_nan() {
                    *value = if *code == MISSING { f32::NAN } else { f32::from(*code) };
                } else {
                    *value = estimate(*value);
                    *code = (0..=MAX_PLOIDY).find(|&code| f32::from(code) + 0.5 > *value).unwrap_or(MISSING);
                }
            }
        }
    }

    /// Gives calls of one allele as many copies as the sample has elsewhere, or, where nothing says, as most samples
    /// have (2 if none does); `ploidy` overrides.
    pub(crate) fn expand_single(&mut self, ploidy: Option<u8>) -> Result<(), String> {
        let mut copies = vec![0usize; self.samples.len()];
        for marker in &self.markers {
            let Calls::Alleles { width, codes, .. } = &marker.calls else { continue };
            for (most, call) in copies.iter_mut().zip(codes.chunks_exact(*width)) {
                let is_called = call[0] != UNKNOWN;
                let own = call.iter().take_while(|&&code| code != ABSENT).count();
                *most = (*most).max(if is_called { own } else { 0 });
            }
        }
        let elsewhere = copies.iter().copied().filter(|&n| n > 1).max().unwrap_or(2);
        for (copies, name) in copies.iter_mut().zip(&self.samples) {
            let own = if *copies > 1 { *copies } else { elsewhere };
            *copies = match ploidy.map(usize::from) {
                Some(ploidy) if *copies > ploidy => {
                    return Err(format!(
                        "sample '{name}' has calls of {copies} alleles, above the ploidy of {ploidy}; \
                                        correct them, or --ploidy"
                    ));
                }
                Some(ploidy) => ploidy,
                None => own,
            };
        }
        let widest = copies.iter().copied().max().unwrap_or(2);
        for marker in &mut self.markers {
            let (_, width, codes) = marker.alleles_mut(widest);
            for (call, &copies) in codes.chunks_exact_mut(width).zip(&copies) {
                let is_single = call[0] < ABSENT && call.get(1).is_none_or(|&code| code == ABSENT);
                if is_single {
                    let allele = call[0];
                    call[..copies].fill(allele);
                }
            }
        }
        Ok(())
    }

    /// Makes a source of what was collected, of an input that was read to its end.
    ///
    /// Markers without a contig are looked up in the map of the options; what the map lacks is kept without a place.
    /// Markers come out in the order in which they went in if that is an order of places; else contig by contig, in
    /// the order in which contigs came, and by position.
    ///
    /// # Errors
    /// Returns an error that names the file if it has no samples or no markers, or if the map fits none of them.
    pub(crate) fn finish(
        mut self,
        format: &'static str,
        input: &Input,
        options: &ReadOptions,
    ) -> Result<Box<dyn GenotypeSource>, GenotypeError> {
        let wrong = |message: &str| GenotypeError::from(FileError::content(input.path(), message));
        if self.samples.is_empty() || self.markers.is_empty() {
            return Err(wrong("holds no genotypes; was it written to its end?"));
        }
        let cells = self.samples.len() as u64 * self.markers.len() as u64;
        if cells > MOST_CALLS {
            let message = format!(
                "has {} samples and {} markers: more calls than are held in memory; give VCF or PLINK .bed",
                self.samples.len(),
                self.markers.len()
            );
            return Err(wrong(&message));
        }
        let map = options.map.as_deref().map(MarkerMap::read).transpose()?;
        if let Some(map) = &map {
            self.place(map)?;
        }
        let unplaced = self.markers.iter().filter(|marker| marker.contig.is_none()).count();
        if unplaced > 0 && map.is_none() {
            self.note("markers without places (give a map with --map)");
        }
        let contigs = self.sort(map.as_ref()).map_err(|message| wrong(&message))?;
        let has_genetic_map = self.markers.iter().any(|marker| marker.site.genetic_position.is_some());
        let fallback = self.ploidy.or(options.ploidy).unwrap_or(2);
        let blocks = Blocks::new(self.samples.len(), fallback, (self.has_depths, self.has_estimates));
        let blocks = blocks.of(std::mem::take(&mut self.markers));
        let header = SourceHeader {
            has_named_alleles: blocks.iter().flat_map(|block| &block.sites).any(needs_names),
            sample_columns: self.sample_columns.take().map(Arc::new),
            layers: Wanted {
                dosage: self.has_estimates,
                allele_depths: self.has_depths,
                ..Wanted::default()
            },
            samples: std::mem::take(&mut self.samples).into(),
            contigs,
            has_genetic_map,
            format,
            notes: std::mem::take(&mut self.notes),
            ..SourceHeader::default()
        };
        let matrix = Arc::new(GenotypeMatrix::from_blocks(header, blocks));
        let mut digests = vec![InputDigest::of(input)];
        let mut meters = vec![input.meter()];
        let size = input.size().unwrap_or(0);
        if let Some(map) = map {
            digests.push(map.digest);
            meters.push(map.meter);
        }
        Ok(Box::new(HeldSource { blocks: matrix.source(), meters, size, digests }))
    }

    /// Gives markers without a contig the places that the map knows.
    fn place(&mut self, map: &MarkerMap) -> Result<(), GenotypeError> {
        let mut without: Vec<Box<str>> = Vec::new();
        let (mut asked, mut lacking) = (0, 0);
        for marker in &mut self.markers {
            if marker.contig.is_some() {
                continue;
            }
            asked += 1;
            let Some(place) = map.get(&marker.site.id) else {
                lacking += 1;
                without.extend((without.is_empty()).then(|| marker.site.id.clone()));
                continue;
            };
            marker.contig = Some(place.contig.clone());
            marker.site.position = place.position;
            marker.site.genetic_position.clone_from(&place.genetic);
            if let (true, Some((reference, alternate))) = (marker.site.reference.is_empty(), &place.alleles) {
                marker.site.reference = reference.clone();
                marker.site.alternates = vec![alternate.clone()];
            }
        }
        let Some(first) = without.first() else { return Ok(()) };
        if lacking == asked {
            return Err(GenotypeError::Request(format!(
                "{}: names none of the {asked} markers (the first is '{first}'); give the map of these markers",
                map.path
            )));
        }
        self.note(format!(
            "{lacking} of {asked} markers are not in the map, first '{first}': kept without a place"
        ));
        Ok(())
    }

    /// Puts markers in order of places, if they are not; gives the contigs.
    fn sort(&mut self, map: Option<&MarkerMap>) -> Result<ContigDictionary, String> {
        let unplaced: Arc<str> = UNPLACED.into();
        let mut contigs = ContigDictionary::default();
        // A map says the order of contigs, but only those that are used are named.
        let used: HashSet<&str> = self.markers.iter().filter_map(|marker| marker.contig.as_deref()).collect();
        for name in map.into_iter().flat_map(|map| &map.contigs).filter(|name| used.contains(&***name)) {
            contigs.push(&**name, 0).map_err(|error| error.to_string())?;
        }
        let mut keys = Vec::with_capacity(self.markers.len());
        for marker in &mut self.markers {
            let name = marker.contig.get_or_insert_with(|| unplaced.clone());
            let contig = match contigs.id(name) {
                Some(id) => id,
                None => contigs.push(&**name, 0).map_err(|error| error.to_string())?,
            };
            keys.push((contig.index(), marker.site.position));
        }
        if keys.is_sorted() {
            return Ok(contigs);
        }
        self.note("markers are put in order of their places");
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|&index| keys[index]);
        let mut markers: Vec<Option<HeldMarker>> =
            std::mem::take(&mut self.markers).into_iter().map(Some).collect();
        self.markers = order.into_iter().filter_map(|index| markers[index].take()).collect();
        Ok(contigs)
    }
}

/// The values of a sample, `width` each, made room for.
fn put<T: Copy>(values: &mut Vec<T>, sample: usize, width: usize, empty: T) -> &mut [T] {
    let (start, end) = (sample * width, (sample + 1) * width);
    if values.len() < end {
        values.resize(end, empty);
    }
    &mut values[start..end]
}

impl HeldMarker {
    /// Names, width and codes of the alleles, with room for calls of `copies`.
    fn alleles_mut(&mut self, copies: usize) -> (&mut Vec<Box<str>>, usize, &mut Vec<u8>) {
        if let Calls::Dosages(codes) = &self.calls {
            // Missing calls may have come first.
            let width = copies.max(1);
            let codes = vec![UNKNOWN; codes.len() * width];
            self.calls = Calls::Alleles { names: Vec::new(), width, codes };
        }
        let Calls::Alleles { names, width, codes } = &mut self.calls else { unreachable!("made so above") };
        if copies > *width {
            let mut wider = Vec::with_capacity(codes.len() / *width * copies);
            for call in codes.chunks_exact(*width) {
                let is_unknown = call.iter().all(|&code| code == UNKNOWN);
                wider.extend_from_slice(call);
                wider.resize(wider.len() + copies - *width, if is_unknown { UNKNOWN } else { ABSENT });
            }
            (*width, *codes) = (copies, wider);
        }
        (names, *width, codes)
    }
}
