//! Sixty-four samples of a `.ped`: one word a plane of each marker, filled line by line.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;
use std::ops::Range;

use super::allele::{AlleleKey, LongNames};
use crate::source::Family;

/// Samples in a batch: the bits of a word.
pub(super) const BATCH: usize = 64;
/// Columns before the calls.
pub(super) const FIXED: usize = 6;
/// Alleles of a marker at most.
const MOST_ALLELES: usize = 250;

/// How the calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Two columns a marker.
    Pairs,
    /// One column a marker, such as `AG`.
    Compound,
}

impl Layout {
    /// Columns of a line.
    pub(super) fn columns(self, markers: usize) -> usize {
        match self {
            Self::Pairs => FIXED + 2 * markers,
            Self::Compound => FIXED + markers,
        }
    }
}

/// Lines of a file, not yet parsed.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) bytes: Vec<u8>,
    /// Number of each line and where it lies.
    pub(super) lines: Vec<(u64, Range<usize>)>,
}

/// What two planes cannot hold: a call with an allele beyond the marker's first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OtherCall {
    pub(super) marker: usize,
    pub(super) sample: usize,
    pub(super) alleles: [u8; 2],
}

/// A marker's calls in a batch: its first two alleles, and the copies of the second as two planes (all ones is
/// missing).
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) alleles: [AlleleKey; 2],
    pub(super) planes: [u64; 2],
}

/// The calls of up to 64 samples.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) families: Vec<Family>,
    pub(super) columns: Vec<Column>,
    /// Alleles of a marker beyond the first two.
    pub(super) more: HashMap<usize, Vec<AlleleKey>>,
    /// Calls with such alleles, by marker and sample (its place in the batch).
    pub(super) others: Vec<OtherCall>,
    /// Markers of calls of which one allele is missing, one entry a call.
    pub(super) partial: Vec<usize>,
    /// Whether `-` stands beside another allele in a call.
    pub(super) dash_is_paired: bool,
    pub(super) long: LongNames,
}

/// What is wrong with a line.
pub(super) type LineError = (u64, String);

impl Batch {
    /// Parses lines of `markers` markers.
    pub(super) fn parse(lines: &Lines, layout: Layout, markers: usize) -> Result<Self, LineError> {
        let column = Column { alleles: [AlleleKey::NONE; 2], planes: [!0; 2] };
        let mut batch = Self { columns: vec![column; markers], ..Self::default() };
        for (sample, (number, range)) in lines.lines.iter().enumerate() {
            let line = &lines.bytes[range.clone()];
            batch.add_line(line, layout, sample).map_err(|message| (*number, message))?;
        }
        batch.others.sort_unstable_by_key(|call| (call.marker, call.sample));
        Ok(batch)
    }

    fn add_line(&mut self, line: &[u8], layout: Layout, sample: usize) -> Result<(), String> {
        let markers = self.columns.len();
        let mut tokens = Tokens::of(line, layout.columns(markers));
        let family = read_family(&mut tokens).ok_or_else(|| wrong_count(line, markers))??;
        self.families.push(family);
        for marker in 0..markers {
            if let (Layout::Pairs, Some(letters)) = (layout, tokens.next_letters()) {
                self.add_call(marker, sample, letters.map(AlleleKey::single))?;
                continue;
            }
            let first = tokens.next().ok_or_else(|| wrong_count(line, markers))?;
            let pair = match layout {
                Layout::Pairs => {
                    let second = tokens.next().ok_or_else(|| wrong_count(line, markers))?;
                    [AlleleKey::of(first, &mut self.long), AlleleKey::of(second, &mut self.long)]
                }
                Layout::Compound => split_pair(first).ok_or_else(|| {
                    format!(
                        "column {}: cannot read the call '{}'; write two letters, such as AG, and 00 where it is \
                         missing",
                        FIXED + marker + 1,
                        String::from_utf8_lossy(first)
                    )
                })?,
            };
            self.add_call(marker, sample, pair)?;
        }
        match tokens.next() {
            Some(_) => Err(wrong_count(line, markers)),
            None => Ok(()),
        }
    }

    fn add_call(&mut self, marker: usize, sample: usize, pair: [AlleleKey; 2]) -> Result<(), String> {
        let missing = pair.map(AlleleKey::is_missing);
        if missing[0] || missing[1] {
            if missing[0] != missing[1] {
                self.partial.push(marker);
            }
            return Ok(());
        }
        if pair[0] != pair[1] && pair.contains(&AlleleKey::DASH) {
            self.dash_is_paired = true;
        }
        let mut alleles = [0; 2];
        for (index, key) in alleles.iter_mut().zip(pair) {
            *index = self.index(marker, key)?;
        }
        if alleles.iter().any(|&index| index > 1) {
            self.others.push(OtherCall { marker, sample, alleles });
        } else {
            put_dosage(&mut self.columns[marker].planes, sample, alleles[0] + alleles[1]);
        }
        Ok(())
    }

    /// The place of an allele among the marker's.
    fn index(&mut self, marker: usize, key: AlleleKey) -> Result<u8, String> {
        let own = &mut self.columns[marker].alleles;
        for (place, allele) in (0..).zip(own.iter_mut()) {
            if *allele == AlleleKey::NONE {
                *allele = key;
            }
            if *allele == key {
                return Ok(place);
            }
        }
        place_among(self.more.entry(marker).or_default(), key)
            .ok_or_else(|| format!("marker {} has more than {MOST_ALLELES} alleles", marker + 1))
    }
}

/// The place of an allele beyond the first two, which is added if it is new; `None` if there are too many.
pub(super) fn place_among(more: &mut Vec<AlleleKey>, key: AlleleKey) -> Option<u8> {
    let place = more.iter().position(|&allele| allele == key).unwrap_or(more.len());
    if place == more.len() {
        more.push(key);
    }
    u8::try_from(place + 2).ok().filter(|&place| usize::from(place) < MOST_ALLELES)
}

/// Notes a call of 0, 1 or 2 copies in planes where it was missing.
pub(super) fn put_dosage(planes: &mut [u64; 2], sample: usize, dosage: u8) {
    for (plane, bits) in planes.iter_mut().enumerate() {
        if (dosage >> plane) & 1 == 0 {
            *bits &= !(1 << sample);
        }
    }
}

/// The first six columns; `None` if there are fewer.
fn read_family(tokens: &mut Tokens<'_>) -> Option<Result<Family, String>> {
    let mut fields: [Box<str>; FIXED] = Default::default();
    for (column, field) in (1..).zip(&mut fields) {
        match std::str::from_utf8(tokens.next()?) {
            Ok(text) => *field = text.into(),
            Err(_) => return Some(Err(format!("column {column}: is not UTF-8; save the file as UTF-8"))),
        }
    }
    Some(Ok(Family { fields }))
}

fn wrong_count(line: &[u8], markers: usize) -> String {
    format!(
        "has {} columns, but {markers} markers of the .map make {} (six, then two a marker) or {} (calls such as \
         AG); give a .ped and a .map of one set, with all six columns before the calls",
        count_columns(line),
        Layout::Pairs.columns(markers),
        Layout::Compound.columns(markers)
    )
}

/// Columns of a line, whatever separates them.
pub(super) fn count_columns(line: &[u8]) -> usize {
    Tokens { line, at: 0, is_tabbed: false }.count()
}

/// The layout of a line for so many markers; `None` if it fits none.
pub(super) fn layout_of(line: &[u8], markers: usize) -> Option<Layout> {
    let (tabs, all) = (memchr::memchr_iter(b'\t', line).count(), count_columns(line));
    let is_of = |layout: &Layout| {
        let expected = layout.columns(markers);
        tabs + 1 == expected || all == expected
    };
    [Layout::Pairs, Layout::Compound].into_iter().find(is_of)
}

/// The two letters of a compound call: `AG`, `A/G`, `A|G` or `A G`; one letter only where it is missing.
fn split_pair(call: &[u8]) -> Option<[AlleleKey; 2]> {
    let key = AlleleKey::single;
    match *call {
        [a] if key(a).is_missing() || a == b'-' => Some([key(b'0'); 2]),
        [b'N', b'A'] => Some([key(b'0'); 2]),
        [a, b] | [a, b'/' | b'|' | b' ', b] => Some([key(a), key(b)]),
        _ => None,
    }
}

/// Columns of a line: by tabs alone where tabs alone make the number expected, so that names may hold spaces;
/// else by any white space.
struct Tokens<'a> {
    line: &'a [u8],
    at: usize,
    is_tabbed: bool,
}

impl<'a> Tokens<'a> {
    fn of(line: &'a [u8], columns: usize) -> Self {
        // Lines of single tabs without spaces are read faster as white space.
        let needs_tabs =
            || memchr::memchr(b' ', line).is_some() || memchr::memmem::find(line, b"\t\t").is_some();
        let is_tabbed = memchr::memchr_iter(b'\t', line).count() + 1 == columns && needs_tabs();
        Self { line, at: 0, is_tabbed }
    }

    /// The next two columns, if both are single letters, as they mostly are.
    fn next_letters(&mut self) -> Option<[u8; 2]> {
        match *self.line.get(self.at..)? {
            [before, a, between, b, after, ..]
                if !self.is_tabbed
                    && is_space(before)
                    && is_space(between)
                    && is_space(after)
                    && !is_space(a)
                    && !is_space(b) =>
            {
                self.at += 4;
                Some([a, b])
            }
            _ => None,
        }
    }

    fn next_tabbed(&mut self) -> Option<&'a [u8]> {
        let rest = self.line.get(self.at..)?;
        let end = memchr::memchr(b'\t', rest).unwrap_or(rest.len());
        self.at += end + 1;
        Some(rest[..end].trim_ascii())
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.is_tabbed {
            return self.next_tabbed();
        }
        let line = self.line;
        while self.at < line.len() && is_space(line[self.at]) {
            self.at += 1;
        }
        let start = self.at;
        while self.at < line.len() && !is_space(line[self.at]) {
            self.at += 1;
        }
        (self.at > start).then(|| &line[start..self.at])
    }
}
