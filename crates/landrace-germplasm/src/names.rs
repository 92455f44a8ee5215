//! Names of accessions as people write them: cleaned, cut into keywords, and matched exactly, by spelling and by sound.
//!
//! Gene banks hold one variety under `ICG-4709`, `icg 04709` and `ICG4709; NC 5`. [`clean`] brings such spellings
//! together, [`similarity`] compares two names, and [`matching::find`] finds all that match among many records: exact
//! keywords, spelling within an edit distance that grows with the length, the same sound (Double Metaphone), and given
//! synonyms. Numbers always compare exactly: accession 4708 is another than 4709.
//!
//! The approach is that of keyword-in-context indices of passport databases (Knüpffer 1988, Die Kulturpflanze 36:135).

use std::cmp::Ordering;

pub mod clean;
pub mod distance;
pub mod matching;
pub mod phonetic;

pub use clean::{Cleaning, clean};

/// How two keywords match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Equal after cleaning.
    Exact,
    /// Given as synonyms.
    Synonym,
    /// Spelled alike.
    Fuzzy,
    /// Sounding alike.
    Phonetic,
}

impl Kind {
    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Synonym => "synonym",
            Self::Fuzzy => "fuzzy",
            Self::Phonetic => "phonetic",
        }
    }
}

/// How alike two names are.
#[derive(Clone, Debug, PartialEq)]
pub struct Similarity {
    /// The best kind of match.
    pub kind: Kind,
    /// From 0 to 1: 1 for exact, 1 minus the share of letters that differ for fuzzy, 0.5 for sound alone.
    pub score: f64,
    /// The keyword of the first name, and that of the second.
    pub keywords: (String, String),
}

/// What counts as alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// Letters that may differ at most; `None` for one from 5 letters on and two from 8 on.
    pub max_distance: Option<usize>,
    /// Letters that a keyword must have to match otherwise than exactly.
    pub min_letters: usize,
    /// Letters that the code of its sound must have; `None` not to go by sound.
    pub min_code: Option<usize>,
}

impl Default for Alike {
    fn default() -> Self {
        Self { max_distance: None, min_letters: 5, min_code: Some(3) }
    }
}

impl Alike {
    /// Letters that may differ in a keyword of this many letters.
    pub fn limit(&self, letters: usize) -> usize {
        match (letters < self.min_letters, self.max_distance) {
            (true, _) => 0,
            (false, Some(most)) => most,
            (false, None) => 1 + usize::from(letters >= 8),
        }
    }
}

/// A keyword: its letters and its digits, which compare apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Keyword {
    /// The whole, cleaned.
    pub text: String,
    /// What is no digit.
    pub letters: String,
    /// The digits, and `#` for each run of letters between them: `U4A47` is `4#47`.
    pub digits: String,
}

impl Keyword {
    /// Takes a cleaned word apart.
    pub fn of(word: &str) -> Self {
        let (mut letters, mut digits) = (String::new(), String::new());
        for letter in word.chars() {
            if letter.is_ascii_digit() {
                digits.push(letter);
            } else {
                letters.push(letter);
                if !digits.is_empty() && !digits.ends_with('#') {
                    digits.push('#');
                }
            }
        }
        if digits.ends_with('#') {
            digits.pop();
        }
        Self { text: word.to_owned(), letters, digits }
    }

    /// How it matches another; `None` if it does not.
    pub fn matches(&self, other: &Self, alike: &Alike) -> Option<(Kind, f64)> {
        if self.text == other.text {
            return Some((Kind::Exact, 1.0));
        }
        let (a, b) = (self.letters.chars().count(), other.letters.chars().count());
        if self.digits != other.digits || a.min(b) < alike.min_letters {
            return None;
        }
        let limit = alike.limit(a.min(b));
        if let Some(differ) = distance::within(&self.letters, &other.letters, limit) {
            return Some((Kind::Fuzzy, 1.0 - differ as f64 / a.max(b) as f64));
        }
        let least = alike.min_code?;
        let (own, its) = (phonetic::code(&self.letters).0, phonetic::code(&other.letters).0);
        (own == its && own.len() >= least).then_some((Kind::Phonetic, 0.5))
    }
}

/// How alike two names are: the best match among their keywords; `None` if none matches.
///
/// Words that say nothing (see [`Cleaning::exceptions`]) do not count.
pub fn similarity(a: &str, b: &str, cleaning: &Cleaning, alike: &Alike) -> Option<Similarity> {
    let words = |name: &str| -> Vec<Keyword> {
        clean::keywords(name, cleaning).iter().map(|word| Keyword::of(word)).collect()
    };
    let (left, right) = (words(a), words(b));
    let pairs = left.iter().flat_map(|own| right.iter().map(move |other| (own, other)));
    let found = pairs.filter_map(|(own, other)| {
        let (kind, score) = own.matches(other, alike)?;
        Some(Similarity { kind, score, keywords: (own.text.clone(), other.text.clone()) })
    });
    let better = |a: &Similarity, b: &Similarity| {
        b.kind.cmp(&a.kind).then(a.score.partial_cmp(&b.score).unwrap_or(Ordering::Equal))
    };
    // Of equals the first.
    found.reduce(|best, next| if better(&next, &best).is_gt() { next } else { best })
}

#[cfg(test)]
mod tests;
