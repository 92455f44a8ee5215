//! All samples of a `.ped` in memory: two bits a call, and apart the few calls that two bits cannot hold.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;
use std::ops::Range;

use super::allele::{AlleleKey, LongNames};
use super::batch::{BATCH, Batch, OtherCall, place_among, put_dosage};
use crate::block::Site;
use crate::format::vcf::needs_names;
use crate::plane::MISSING;
use crate::source::Family;

/// A call that is not there, as a pair of alleles.
const NO_CALL: [u8; 2] = [u8::MAX; 2];

/// The samples read so far.
#[derive(Default)]
pub(super) struct Panel {
    pub(super) families: Vec<Family>,
    alleles: Vec<[AlleleKey; 2]>,
    more: HashMap<usize, Vec<AlleleKey>>,
    /// For each batch of samples, two words a marker.
    planes: Vec<Vec<[u64; 2]>>,
    others: Vec<OtherCall>,
    partial: Vec<usize>,
    dash_is_paired: bool,
    long: LongNames,
}

/// A marker's calls, its alleles from the commonest to the rarest.
pub(super) struct MarkerCalls {
    pub(super) alleles: Vec<Vec<u8>>,
    pub(super) calls: Calls,
}

/// The calls themselves.
pub(super) enum Calls {
    /// Copies of the second allele, as two planes one after another.
    Planes(Vec<u64>),
    /// Both alleles of each call; [`MISSING`] twice where it is missing.
    Pairs(Vec<[u8; 2]>),
}

impl Panel {
    /// Without samples.
    pub(super) fn new(markers: usize) -> Self {
        Self { alleles: vec![[AlleleKey::NONE; 2]; markers], ..Self::default() }
    }

    /// Takes the next samples; fails with the marker that has too many alleles.
    pub(super) fn push(&mut self, mut batch: Batch) -> Result<(), usize> {
        let first = self.families.len();
        let samples = batch.families.len();
        self.families.append(&mut batch.families);
        self.partial.append(&mut batch.partial);
        self.dash_is_paired |= batch.dash_is_paired;
        let (mut planes, mut others) = (Vec::with_capacity(batch.columns.len()), batch.others.as_slice());
        let mut map = Vec::new();
        for (marker, column) in batch.columns.iter().enumerate() {
            let own = others.iter().take_while(|call| call.marker == marker).count();
            let (own, rest) = others.split_at(own);
            others = rest;
            map.clear();
            let more = batch.more.get(&marker).map_or(&[][..], Vec::as_slice);
            for &key in column.alleles.iter().filter(|key| **key != AlleleKey::NONE).chain(more) {
                let key = key.moved(&batch.long, &mut self.long);
                map.push(self.index(marker, key).ok_or(marker)?);
            }
            planes.push(match (map.as_slice(), own) {
                ([] | [0] | [0, 1], []) => column.planes,
                ([1] | [1, 0], []) => flipped(column.planes),
                _ => {
                    let pairs = renamed(pairs_of(column.planes, samples, own), &map);
                    self.encode(marker, first, &pairs)
                }
            });
        }
        self.planes.push(planes);
        Ok(())
    }

    fn index(&mut self, marker: usize, key: AlleleKey) -> Option<u8> {
        for (place, allele) in (0..).zip(&mut self.alleles[marker]) {
            if *allele == AlleleKey::NONE {
                *allele = key;
            }
            if *allele == key {
                return Some(place);
            }
        }
        place_among(self.more.entry(marker).or_default(), key)
    }

    fn encode(&mut self, marker: usize, first: usize, pairs: &[[u8; 2]]) -> [u64; 2] {
        let mut planes = [!0; 2];
        for (place, &pair) in pairs.iter().enumerate().filter(|(_, pair)| **pair != NO_CALL) {
            match pair {
                [a @ 0..=1, b @ 0..=1] => put_dosage(&mut planes, place, a + b),
                alleles => self.others.push(OtherCall { marker, sample: first + place, alleles }),
            }
        }
        planes
    }

    /// Puts what was kept apart into the order of markers; gives the number of calls of `-` that are taken as
    /// missing. They are where nothing in the file says that `-` is an allele: no call has it beside another
    /// allele, and none has `+`.
    pub(super) fn settle(&mut self) -> u64 {
        self.others.sort_by_key(|call| call.marker);
        self.partial.sort_unstable();
        let has_plus = |keys: &[AlleleKey]| keys.contains(&AlleleKey::PLUS);
        let is_allele = self.dash_is_paired
            || self.alleles.iter().any(|keys| has_plus(keys))
            || self.more.values().any(|keys| has_plus(keys));
        if is_allele {
            return 0;
        }
        let dashes: Vec<Option<u8>> = (0..self.alleles.len()).map(|marker| self.dash_of(marker)).collect();
        let before = self.others.len();
        self.others.retain(|call| dashes[call.marker].is_none_or(|dash| call.alleles != [dash; 2]));
        let dropped = (before - self.others.len()) as u64;
        let in_planes = dashes.iter().enumerate().filter_map(|(marker, dash)| Some((marker, (*dash)?)));
        dropped + in_planes.map(|(marker, dash)| self.drop_from_planes(marker, dash)).sum::<u64>()
    }

    /// The place of `-` among a marker's alleles.
    fn dash_of(&self, marker: usize) -> Option<u8> {
        let place = self.keys(marker).position(|key| key == AlleleKey::DASH)?;
        u8::try_from(place).ok()
    }

    /// Makes the homozygotes of an allele missing.
    fn drop_from_planes(&mut self, marker: usize, allele: u8) -> u64 {
        let mut dropped = 0;
        for planes in &mut self.planes {
            let [low, high] = &mut planes[marker];
            let own = match allele {
                0 => !*low & !*high,
                1 => !*low & *high,
                _ => 0,
            };
            (*low, *high) = (*low | own, *high | own);
            dropped += u64::from(own.count_ones());
        }
        dropped
    }

    fn keys(&self, marker: usize) -> impl Iterator<Item = AlleleKey> {
        let more = self.more.get(&marker).map_or(&[][..], Vec::as_slice);
        self.alleles[marker].iter().chain(more).copied().filter(|key| *key != AlleleKey::NONE)
    }

    fn others_of(&self, marker: usize) -> &[OtherCall] {
        let start = self.others.partition_point(|call| call.marker < marker);
        let end = self.others.partition_point(|call| call.marker <= marker);
        &self.others[start..end]
    }

    /// Whether a variant file must name the alleles of a marker apart, since they are no bases.
    pub(super) fn needs_names(&self, marker: usize) -> bool {
        let name = |key: AlleleKey| String::from_utf8_lossy(&key.name(&self.long)).into_owned().into();
        let is_plain = |key: AlleleKey| b"ACGT".iter().any(|&base| key == AlleleKey::single(base));
        self.keys(marker)
            .any(|key| !is_plain(key) && needs_names(&Site { reference: name(key), ..Site::default() }))
    }

    /// Calls of a marker of which one allele is missing.
    pub(super) fn partial_calls(&self, marker: usize) -> u64 {
        let range: Range<usize> = self.partial.partition_point(|&other| other < marker)
            ..self.partial.partition_point(|&other| other <= marker);
        range.len() as u64
    }

    /// A marker's calls. The commonest allele comes first, and of those as common the one that the file has
    /// first, as PLINK settles it.
    pub(super) fn marker(&self, marker: usize) -> MarkerCalls {
        let others = self.others_of(marker);
        if others.is_empty() {
            return self.marker_of_two(marker);
        }
        let mut pairs = Vec::with_capacity(self.families.len());
        let mut rest = others;
        for (batch, planes) in self.planes.iter().enumerate() {
            let samples = BATCH.min(self.families.len() - batch * BATCH);
            let own = rest.iter().take_while(|call| call.sample < batch * BATCH + samples).count();
            pairs.extend(pairs_of(planes[marker], samples, &[]));
            for call in &rest[..own] {
                pairs[call.sample] = call.alleles;
            }
            rest = &rest[own..];
        }
        let keys: Vec<AlleleKey> = self.keys(marker).collect();
        let mut counts = vec![0u64; keys.len()];
        for index in pairs.iter().filter(|pair| **pair != NO_CALL).flatten() {
            counts[usize::from(*index)] += 1;
        }
        let mut order: Vec<usize> = (0..keys.len()).filter(|&index| counts[index] > 0).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(counts[index]));
        let mut map = vec![MISSING; keys.len()];
        for (to, &from) in (0..).zip(&order) {
            map[from] = to;
        }
        let alleles = order.iter().map(|&index| keys[index].name(&self.long)).collect();
        MarkerCalls { alleles, calls: Calls::Pairs(renamed(pairs, &map)) }
    }

    fn marker_of_two(&self, marker: usize) -> MarkerCalls {
        let mut counts = [0u64; 2];
        for planes in &self.planes {
            let [low, high] = planes[marker];
            let heterozygous = u64::from((low & !high).count_ones());
            counts[0] += 2 * u64::from((!low & !high).count_ones()) + heterozygous;
            counts[1] += 2 * u64::from((!low & high).count_ones()) + heterozygous;
        }
        let is_turned = counts[1] > counts[0];
        let words = self.planes.len();
        let mut bits = vec![0; 2 * words];
        for (word, planes) in self.planes.iter().enumerate() {
            let [low, high] = if is_turned { flipped(planes[marker]) } else { planes[marker] };
            bits[word] = low;
            bits[words + word] = high;
        }
        let order = if is_turned { [1, 0] } else { [0, 1] };
        let alleles = order.iter().filter(|&&index| counts[index] > 0);
        let alleles = alleles.map(|&index| self.alleles[marker][index].name(&self.long)).collect();
        MarkerCalls { alleles, calls: Calls::Planes(bits) }
    }
}

/// Copies of the other of two alleles.
fn flipped([low, high]: [u64; 2]) -> [u64; 2] {
    [low, high ^ !low]
}

/// The calls of a batch as pairs of alleles.
fn pairs_of([low, high]: [u64; 2], samples: usize, others: &[OtherCall]) -> Vec<[u8; 2]> {
    let pair = |place: usize| match ((low >> place) & 1, (high >> place) & 1) {
        (0, 0) => [0, 0],
        (1, 0) => [0, 1],
        (0, 1) => [1, 1],
        _ => NO_CALL,
    };
    let mut pairs: Vec<[u8; 2]> = (0..samples).map(pair).collect();
    for call in others {
        pairs[call.sample] = call.alleles;
    }
    pairs
}

/// The pairs with each allele's place replaced, the lower first.
fn renamed(mut pairs: Vec<[u8; 2]>, map: &[u8]) -> Vec<[u8; 2]> {
    for pair in pairs.iter_mut().filter(|pair| **pair != NO_CALL) {
        let [a, b] = pair.map(|index| map.get(usize::from(index)).copied().unwrap_or(MISSING));
        *pair = if a == MISSING || b == MISSING { NO_CALL } else { [a.min(b), a.max(b)] };
    }
    pairs
}
