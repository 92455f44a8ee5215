//! Markers in their order become blocks of one contig.

use std::sync::Arc;

use super::{BLOCK_ROWS, Calls, HeldMarker, UNKNOWN_ALTERNATE, UNKNOWN_REFERENCE, UNPLACED};
use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{AlleleCodes, CallGatherer, GenotypeBlock, Layers, Ragged, Site};
use crate::plane::MISSING;

/// Makes blocks of markers in order.
pub(super) struct Blocks {
    samples: usize,
    fallback: u8,
    has_depths: bool,
    has_estimates: bool,
    gatherer: CallGatherer,
    rows: Vec<Pending>,
    contig: Arc<str>,
    done: Vec<GenotypeBlock>,
}

/// A variant of the block under construction.
struct Pending {
    site: Site,
    /// Indices of alleles of each call, if there are more than two alleles, and how many a call.
    alleles: Option<(usize, Vec<u8>)>,
    depths: Vec<i32>,
    estimates: Vec<f32>,
}

impl Blocks {
    pub(super) fn new(samples: usize, fallback: u8, (has_depths, has_estimates): (bool, bool)) -> Self {
        let gatherer = CallGatherer::new(samples);
        let (rows, contig, done) = (Vec::new(), "".into(), Vec::new());
        Self { samples, fallback, has_depths, has_estimates, gatherer, rows, contig, done }
    }

    pub(super) fn of(mut self, markers: Vec<HeldMarker>) -> Vec<GenotypeBlock> {
        for marker in markers {
            let contig = marker.contig.clone().unwrap_or_else(|| UNPLACED.into());
            let (ploidies, codes, pending) = self.row(marker);
            if self.rows.len() == BLOCK_ROWS || *contig != *self.contig || !self.gatherer.fits(&ploidies) {
                self.end();
                self.contig = contig;
            }
            self.gatherer.push(&ploidies, &codes);
            self.rows.push(pending);
        }
        self.end();
        self.done
    }

    /// Ploidies (0 where unknown), dosages and the rest of a marker.
    fn row(&self, mut marker: HeldMarker) -> (Vec<u8>, Vec<u8>, Pending) {
        marker.depths.resize(self.samples * marker.depth_width, -1);
        marker.estimates.resize(if self.has_estimates { self.samples } else { 0 }, f32::NAN);
        let mut site = marker.site;
        let (ploidies, dosages, alleles) = match marker.calls {
            Calls::Dosages(mut codes) => {
                codes.resize(self.samples, MISSING);
                if site.reference.is_empty() {
                    site.reference = UNKNOWN_REFERENCE.into();
                    site.alternates = vec![UNKNOWN_ALTERNATE.into()];
                }
                (vec![marker.ploidy.unwrap_or(self.fallback); self.samples], codes, None)
            }
            Calls::Alleles { names, width, mut codes } => {
                codes.resize(self.samples * width, UNKNOWN);
                name_alleles(&mut site, &names, &mut codes);
                let (ploidies, dosages) = codes.chunks_exact(width).map(count).unzip();
                (ploidies, dosages, (site.alleles() > 2).then_some((width, codes)))
            }
        };
        (ploidies, dosages, Pending { site, alleles, depths: marker.depths, estimates: marker.estimates })
    }

    fn end(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        let rows = std::mem::take(&mut self.rows);
        let groups = self.gatherer.take(self.fallback);
        let mut layers = Layers::default();
        if rows.iter().any(|row| row.alleles.is_some()) {
            let width = usize::from(groups.iter().map(|group| group.calls.ploidy()).max().unwrap_or(2));
            let mut ploidies = vec![0; self.samples];
            for group in &groups {
                group.samples.iter().for_each(|&sample| ploidies[sample] = usize::from(group.calls.ploidy()));
            }
            layers.alleles = Some(self.allele_codes(&rows, width, &ploidies));
        }
        if self.has_depths {
            let mut depths = Ragged::new(self.samples);
            for row in &rows {
                push_or(&mut depths, &row.depths, self.samples, -1);
            }
            layers.allele_depths = Some(depths);
        }
        if self.has_estimates {
            let mut estimates = Ragged::new(self.samples);
            for row in &rows {
                push_or(&mut estimates, &row.estimates, self.samples, f32::NAN);
            }
            layers.dosage = Some(estimates);
        }
        let sites = rows.into_iter().map(|row| row.site).collect();
        let (contig, samples) = (self.contig.clone(), self.samples);
        self.done.push(GenotypeBlock { contig, samples, sites, groups, layers });
    }

    fn allele_codes(&self, rows: &[Pending], width: usize, ploidies: &[usize]) -> AlleleCodes {
        let mut out = AlleleCodes::new(self.samples, width);
        let phased = vec![false; self.samples];
        let mut wide = Vec::new();
        for row in rows {
            let Some((own, codes)) = &row.alleles else {
                out.push_row(None);
                continue;
            };
            wide.clear();
            for (call, &ploidy) in codes.chunks_exact(*own).zip(ploidies) {
                let code = |slot: usize| match call.get(slot) {
                    _ if slot >= ploidy => ABSENT,
                    Some(&code) if code != ABSENT => code,
                    _ => UNKNOWN,
                };
                wide.extend((0..width).map(code));
            }
            out.push_row(Some((&wide, &phased)));
        }
        out
    }
}

/// Appends a variant's values, `samples` × as many as there are, or one empty value a sample.
fn push_or<T: Copy>(to: &mut Ragged<T>, values: &[T], samples: usize, empty: T) {
    match values.len().checked_div(samples) {
        Some(width) if width > 0 => to.push_row(width, &values[..width * samples]),
        _ => to.push_row(1, &vec![empty; samples]),
    }
}

/// Ploidy and non-reference dosage of a call; a call known in part is missing.
fn count(call: &[u8]) -> (u8, u8) {
    let copies = call.iter().take_while(|&&code| code != ABSENT).count();
    let called = call[..copies].iter().filter(|&&code| code != UNKNOWN).count();
    let ploidy = u8::try_from(copies).unwrap_or(0);
    if called < copies {
        // All unknown, as wide as can be: the ploidy is not known either.
        let is_told = called > 0 || copies < call.len();
        return (if is_told { ploidy } else { 0 }, MISSING);
    }
    let dosage = call[..copies].iter().filter(|&&code| code > 0).count();
    (ploidy, u8::try_from(dosage).unwrap_or(MISSING))
}

/// Puts alleles in order and gives them to the site: those that the site names first; then by name (numbers by
/// value), unless there are more than two: then the commonest is the reference, so that counts of the other alleles
/// tell samples apart.
fn name_alleles(site: &mut Site, names: &[Box<str>], codes: &mut [u8]) {
    let mut declared: Vec<Box<str>> = Vec::new();
    if !site.reference.is_empty() {
        declared.push(site.reference.clone());
        declared.extend(site.alternates.iter().cloned());
    }
    let mut counts = vec![0u64; names.len()];
    for &code in codes.iter() {
        if let Some(count) = counts.get_mut(usize::from(code)) {
            *count += 1;
        }
    }
    // A deletion comes after the bases that it lacks.
    let number = |name: &str| (name == "-", name.parse::<u64>().unwrap_or(u64::MAX));
    let mut rest: Vec<usize> = (0..names.len()).filter(|&i| !declared.contains(&names[i])).collect();
    rest.sort_by(|&a, &b| (number(&names[a]), &names[a]).cmp(&(number(&names[b]), &names[b])));
    if declared.is_empty() && rest.len() > 2 {
        let top = rest.iter().map(|&i| counts[i]).max().unwrap_or(0);
        if let Some(at) = rest.iter().position(|&i| counts[i] == top) {
            rest[..=at].rotate_right(1);
        }
    }
    declared.extend(rest.into_iter().map(|i| names[i].clone()));
    let place = |name: &str| {
        declared
            .iter()
            .position(|own| **own == *name)
            .and_then(|i| u8::try_from(i).ok().filter(|&i| i < ABSENT))
    };
    let places: Vec<u8> = names.iter().map(|name| place(name).unwrap_or(UNKNOWN)).collect();
    for code in codes.iter_mut() {
        *code = places.get(usize::from(*code)).copied().unwrap_or(*code);
    }
    let mut declared = declared.into_iter();
    site.reference = declared.next().unwrap_or_else(|| UNKNOWN_REFERENCE.into());
    site.alternates = declared.collect();
}
