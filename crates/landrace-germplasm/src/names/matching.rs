//! All names that match among many records.
//!
//! Distinct keywords are compared once each. Those that may be spelled alike are found by deletions: two words within
//! distance d share a word that comes of deleting at most d letters of each, which holds for their first letters alone
//! too, so that 100,000 names take seconds. Sounds are compared by their codes.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::clean::{Cleaning, keywords};
use super::distance::within_letters;
use super::{Alike, Keyword, Kind, phonetic};

/// First letters of a word that deletions are made of.
const PREFIX: usize = 10;

/// What to search by.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// How names are cut.
    pub cleaning: Cleaning,
    /// What counts as alike.
    pub alike: Alike,
    /// Names for one and the same, as sets; cleaned as the records are.
    pub synonyms: Vec<Vec<String>>,
    /// Records that a keyword may stand in and still tell accessions apart; `None` for no bound.
    pub commonest: Option<usize>,
}

/// A keyword and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The keyword.
    pub keyword: Keyword,
    /// Record and field of each place, in order.
    pub places: Vec<(usize, usize)>,
}

impl Entry {
    /// The records, each once.
    fn records(&self) -> BTreeSet<usize> {
        self.places.iter().map(|place| place.0).collect()
    }
}

/// Two different keywords that match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// The first by spelling.
    pub a: usize,
    /// The second.
    pub b: usize,
    /// How they match.
    pub kind: Kind,
    /// As [`super::Similarity::score`].
    pub score: f64,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matches {
    /// The distinct keywords, sorted.
    pub entries: Vec<Entry>,
    /// Places of keywords: a keyword counts once a field.
    pub keywords: usize,
    /// Keywords that stand in too many records to tell them apart.
    pub too_common: Vec<(String, usize)>,
    /// Pairs of different keywords that match, by place of their entries.
    pub links: Vec<Link>,
}

/// Records that are joined by matching keywords.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// The records, in order.
    pub records: Vec<usize>,
    /// The entries that join them.
    pub entries: Vec<usize>,
    /// The kinds of match within, in order; each once.
    pub kinds: Vec<Kind>,
}

/// Finds the keywords of records (each some fields) that match each other.
///
/// Memory is that of the keywords, and up to 176 numbers a keyword that may match by spelling.
pub fn find(records: &[Vec<String>], search: &Search) -> Matches {
    let mut found: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    let cut: Vec<Vec<(String, usize)>> = records
        .par_iter()
        .map(|fields| {
            let words = fields.iter().enumerate().flat_map(|(field, text)| {
                keywords(text, &search.cleaning).into_iter().map(move |word| (word, field))
            });
            words.collect()
        })
        .collect();
    for (record, words) in cut.into_iter().enumerate() {
        for (word, field) in words {
            found.entry(word).or_default().push((record, field));
        }
    }
    let mut out = Matches { keywords: found.values().map(Vec::len).sum(), ..Matches::default() };
    for (word, places) in found {
        let entry = Entry { keyword: Keyword::of(&word), places };
        let count = entry.records().len();
        if search.commonest.is_some_and(|most| count > most) {
            out.too_common.push((word, count));
        } else {
            out.entries.push(entry);
        }
    }
    out.links = links(&out.entries, search);
    out
}

/// The pairs of entries that match, sorted; of several kinds the best.
fn links(entries: &[Entry], search: &Search) -> Vec<Link> {
    let mut best: BTreeMap<(usize, usize), (Kind, f64)> = BTreeMap::new();
    let mut note = |a: usize, b: usize, kind: Kind, score: f64| {
        let own = best.entry((a.min(b), a.max(b))).or_insert((kind, score));
        if kind < own.0 {
            *own = (kind, score);
        }
    };
    let place: HashMap<&str, usize> =
        entries.iter().map(|entry| entry.keyword.text.as_str()).zip(0..).collect();
    for set in &search.synonyms {
        let members: BTreeSet<usize> = set
            .iter()
            .flat_map(|name| keywords(name, &search.cleaning))
            .filter_map(|word| place.get(word.as_str()).copied())
            .collect();
        let first = members.first().copied();
        members.iter().skip(1).for_each(|&member| note(first.unwrap_or(member), member, Kind::Synonym, 1.0));
    }
    for (a, b, differ, longest) in fuzzy(entries, &search.alike) {
        note(a, b, Kind::Fuzzy, 1.0 - differ as f64 / longest as f64);
    }
    for (a, b) in phonetic_pairs(entries, &search.alike) {
        note(a, b, Kind::Phonetic, 0.5);
    }
    best.into_iter().map(|((a, b), (kind, score))| Link { a, b, kind, score }).collect()
}

/// Pairs of entries that are spelled alike, with the letters that differ and the longer one's length.
fn fuzzy(entries: &[Entry], alike: &Alike) -> Vec<(usize, usize, usize, usize)> {
    let words: Vec<Vec<char>> = entries.iter().map(|entry| entry.keyword.letters.chars().collect()).collect();
    let eligible: Vec<usize> = (0..entries.len())
        .filter(|&index| words[index].len() >= alike.min_letters && words[index].len() > 1)
        .collect();
    let mut keys: Vec<(u64, usize)> = eligible
        .par_iter()
        .flat_map_iter(|&index| {
            // The shorter word of a pair says the distance, so that the longer may have to give more.
            let limit = alike.limit(words[index].len());
            let digits = &entries[index].keyword.digits;
            deletions(&words[index], limit).into_iter().map(move |letters| (hash(&letters, digits), index))
        })
        .collect();
    keys.par_sort_unstable();
    keys.dedup();
    let mut candidates: Vec<(usize, usize)> = keys
        .chunk_by(|a, b| a.0 == b.0)
        .flat_map(|bucket| {
            let pairs = |(at, own): (usize, &(u64, usize))| {
                let a = own.1;
                bucket[at + 1..].iter().map(move |other| (a, other.1)).collect::<Vec<_>>()
            };
            bucket.iter().enumerate().flat_map(pairs)
        })
        .filter(|&(a, b)| {
            let (short, long) = (words[a].len().min(words[b].len()), words[a].len().max(words[b].len()));
            long - short <= alike.limit(short)
        })
        .collect();
    candidates.par_sort_unstable();
    candidates.dedup();
    candidates
        .into_par_iter()
        .filter(|&(a, b)| entries[a].keyword.digits == entries[b].keyword.digits)
        .filter_map(|(a, b)| {
            let (own, other) = (&words[a], &words[b]);
            let differ = within_letters(own, other, alike.limit(own.len().min(other.len())))?;
            Some((a, b, differ, own.len().max(other.len())))
        })
        .collect()
}

fn hash(letters: &[char], digits: &str) -> u64 {
    // Of fixed keys: the same in each run.
    let mut hasher = DefaultHasher::new();
    (letters, digits).hash(&mut hasher);
    hasher.finish()
}

/// What the first letters of a word become when up to `limit` of them are deleted.
fn deletions(word: &[char], limit: usize) -> BTreeSet<Vec<char>> {
    let prefix = word[..word.len().min(PREFIX)].to_vec();
    let mut all = BTreeSet::from([prefix.clone()]);
    let mut last = vec![prefix];
    for _ in 0..limit {
        let mut next = BTreeSet::new();
        for own in &last {
            for at in 0..own.len() {
                let mut shorter = own.clone();
                shorter.remove(at);
                next.insert(shorter);
            }
        }
        last = next.iter().cloned().collect();
        all.extend(next);
    }
    all
}

/// Pairs of entries that sound alike: each with the next of its sound.
fn phonetic_pairs(entries: &[Entry], alike: &Alike) -> Vec<(usize, usize)> {
    let Some(least) = alike.min_code else { return Vec::new() };
    let mut sounds: BTreeMap<(String, &str), Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if entry.keyword.letters.chars().count() >= alike.min_letters {
            let code = phonetic::code(&entry.keyword.letters).0;
            if code.len() >= least {
                sounds.entry((code, &entry.keyword.digits)).or_default().push(index);
            }
        }
    }
    sounds
        .values()
        .flat_map(|same| same.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>())
        .collect()
}

impl Matches {
    /// Records joined by matches of these kinds, as sets without common members; records that stand alone are left out.
    pub fn sets(&self, kinds: &[Kind]) -> Vec<Set> {
        let mut union = Union::new(self.entries.len());
        self.links
            .iter()
            .filter(|link| kinds.contains(&link.kind))
            .for_each(|link| union.join(link.a, link.b));
        // Records join the entries that they hold.
        let mut first: HashMap<usize, usize> = HashMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            for record in entry.records() {
                match first.get(&record) {
                    Some(&other) => union.join(index, other),
                    None => {
                        first.insert(record, index);
                    }
                }
            }
        }
        let mut by_root: BTreeMap<usize, Set> = BTreeMap::new();
        let mut members: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let root = union.root(index);
            let set = by_root.entry(root).or_insert(Set { records: vec![], entries: vec![], kinds: vec![] });
            if entry.records().len() > 1 {
                set.entries.push(index);
                set.kinds.push(Kind::Exact);
            }
            members.entry(root).or_default().extend(entry.records());
        }
        for link in self.links.iter().filter(|link| kinds.contains(&link.kind)) {
            if let Some(set) = by_root.get_mut(&union.root(link.a)) {
                set.entries.extend([link.a, link.b]);
                set.kinds.push(link.kind);
            }
        }
        let mut sets: Vec<Set> = Vec::new();
        for (root, mut set) in by_root {
            let records = members.remove(&root).unwrap_or_default();
            if records.len() > 1 {
                set.records = records.into_iter().collect();
                set.entries.sort_unstable();
                set.entries.dedup();
                set.kinds.sort_unstable();
                set.kinds.dedup();
                sets.push(set);
            }
        }
        sets.sort_by(|a, b| a.records.cmp(&b.records));
        sets
    }

    /// The sets of records that share one keyword or one that matches it by these kinds, each once, as keyword-in-
    /// context indices give them: they may overlap.
    pub fn keyword_sets(&self, kinds: &[Kind]) -> Vec<Vec<usize>> {
        let mut near: Vec<BTreeSet<usize>> = self.entries.iter().map(Entry::records).collect();
        for link in self.links.iter().filter(|link| kinds.contains(&link.kind)) {
            near[link.a].extend(self.entries[link.b].records());
            near[link.b].extend(self.entries[link.a].records());
        }
        let sets: BTreeSet<Vec<usize>> =
            near.into_iter().filter(|set| set.len() > 1).map(|set| set.into_iter().collect()).collect();
        sets.into_iter().collect()
    }
}

/// Sets without common members.
struct Union(Vec<usize>);

impl Union {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&mut self, mut of: usize) -> usize {
        while self.0[of] != of {
            self.0[of] = self.0[self.0[of]];
            of = self.0[of];
        }
        of
    }

    /// The lower root stays, so that sets do not depend on the order.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
