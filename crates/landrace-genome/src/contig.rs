//! Contigs, their order and their names, and regions of them.

use std::collections::HashMap;

use crate::nearest::hint;
use crate::position::{ContigId, Interval};

/// A reference sequence: its name, byte for byte as the file has it, and its length in bases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contig {
    /// The name, up to the first white space of the FASTA header.
    pub name: String,
    /// Length in bases.
    pub length: u64,
}

/// The contigs of a reference, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContigDictionary {
    contigs: Vec<Contig>,
    by_name: HashMap<String, ContigId>,
}

/// A stretch of one contig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    /// The contig.
    pub contig: ContigId,
    /// The bases of it.
    pub interval: Interval,
}

/// What can be wrong with contigs and regions.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ContigError {
    /// Two contigs of one name.
    #[error("contig '{0}' occurs twice; rename one of them")]
    Duplicate(String),
    /// More contigs than can be numbered.
    #[error("more than {} contigs; join short scaffolds", i32::MAX)]
    TooMany,
    /// A name that the dictionary lacks.
    #[error("unknown contig '{name}'{hint}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The nearest name there is, as the end of a sentence.
        hint: String,
    },
    /// A region that cannot be read.
    #[error(
        "cannot read the region '{0}'; write CONTIG, CONTIG:START-END or CONTIG:START-, positions from 1"
    )]
    BadRegion(String),
    /// A region that starts beyond its contig.
    #[error("the region '{region}' starts beyond the end of its contig ({length} bases)")]
    BeyondEnd {
        /// The region as written.
        region: String,
        /// The contig's length.
        length: u64,
    },
    /// A contig whose length differs between two files.
    #[error(
        "contig '{name}' has {found} bases here but {expected} in the reference; use the reference that made the file"
    )]
    OtherLength {
        /// The contig.
        name: String,
        /// Its length in the file.
        found: u64,
        /// Its length in the reference.
        expected: u64,
    },
}

impl ContigDictionary {
    /// Adds a contig at the end.
    ///
    /// # Errors
    /// Returns an error if the name is already there, or if there are more than `i32::MAX` contigs.
    pub fn push(&mut self, name: impl Into<String>, length: u64) -> Result<ContigId, ContigError> {
        let name = name.into();
        let index = i32::try_from(self.contigs.len()).map_err(|_| ContigError::TooMany)?;
        let id = ContigId(index.unsigned_abs());
        if self.by_name.insert(name.clone(), id).is_some() {
            return Err(ContigError::Duplicate(name));
        }
        self.contigs.push(Contig { name, length });
        Ok(id)
    }

    /// Number of contigs.
    pub fn len(&self) -> usize {
        self.contigs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.contigs.is_empty()
    }

    /// The contig of an id of this dictionary.
    ///
    /// # Panics
    /// Panics if the id is of another dictionary and out of range.
    pub fn get(&self, id: ContigId) -> &Contig {
        &self.contigs[id.index()]
    }

    /// The contigs with their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = (ContigId, &Contig)> {
        (0u32..).map(ContigId).zip(&self.contigs)
    }

    /// The id of a name.
    pub fn id(&self, name: &str) -> Option<ContigId> {
        self.by_name.get(name).copied()
    }

    /// The id of a name that must be there.
    ///
    /// # Errors
    /// Returns an error that names the nearest contig if the name is not there.
    pub fn require(&self, name: &str) -> Result<ContigId, ContigError> {
        self.id(name).ok_or_else(|| ContigError::Unknown {
            name: name.to_owned(),
            hint: hint(name, self.contigs.iter().take(10_000).map(|contig| contig.name.as_str())),
        })
    }

    /// Length of the longest contig, in bases; 0 without contigs.
    pub fn longest(&self) -> u64 {
        self.contigs.iter().map(|contig| contig.length).max().unwrap_or(0)
    }

    /// Total length, in bases.
    pub fn total_length(&self) -> u64 {
        self.contigs.iter().map(|contig| contig.length).sum()
    }

    /// The whole of every contig, in order.
    pub fn whole(&self) -> Vec<Region> {
        self.iter().map(|(contig, c)| Region { contig, interval: Interval::new(0, c.length) }).collect()
    }

    /// Reads `CONTIG`, `CONTIG:START-END`, `CONTIG:START-` or `CONTIG:START`, positions 1-based and inclusive,
    /// with or without thousands separators. A contig whose own name holds a colon is taken whole if it
    /// matches. The end is cut to the contig's length.
    ///
    /// # Errors
    /// Returns an error for an unknown contig, unreadable numbers, or a start beyond the contig.
    pub fn parse_region(&self, text: &str) -> Result<Region, ContigError> {
        if let Some(contig) = self.id(text) {
            return Ok(Region { contig, interval: Interval::new(0, self.get(contig).length) });
        }
        let Some((name, range)) = text.rsplit_once(':') else {
            return Err(self.require(text).err().unwrap_or(ContigError::BadRegion(text.to_owned())));
        };
        let contig = self.require(name)?;
        let length = self.get(contig).length;
        let (start, end) = parse_range(range).ok_or_else(|| ContigError::BadRegion(text.to_owned()))?;
        if start > length {
            return Err(ContigError::BeyondEnd { region: text.to_owned(), length });
        }
        Ok(Region { contig, interval: Interval::new(start - 1, end.unwrap_or(length).min(length)) })
    }

    /// Writes a region as people read it: `chr1:1001-2000`.
    pub fn format_region(&self, region: Region) -> String {
        let Region { contig, interval } = region;
        format!("{}:{}-{}", self.get(contig).name, interval.start() + 1, interval.end())
    }

    /// Checks that every contig of `self` (a file's header) is in `reference` with the same length, and gives
    /// the reference's id of each.
    ///
    /// # Errors
    /// Returns an error that names the first contig that is missing or has another length.
    pub fn matched_to(&self, reference: &Self) -> Result<Vec<ContigId>, ContigError> {
        self.contigs
            .iter()
            .map(|contig| {
                let id = reference.require(&contig.name)?;
                let expected = reference.get(id).length;
                if expected != contig.length {
                    let name = contig.name.clone();
                    return Err(ContigError::OtherLength { name, found: contig.length, expected });
                }
                Ok(id)
            })
            .collect()
    }
}

/// Reads `START-END`, `START-` or `START` (to the end of the contig).
fn parse_range(range: &str) -> Option<(u64, Option<u64>)> {
    let number = |text: &str| text.replace(',', "").parse::<u64>().ok();
    let (start, end) = match range.split_once('-') {
        Some((start, "")) => (number(start)?, None),
        Some((start, end)) => (number(start)?, Some(number(end)?)),
        None => (number(range)?, None),
    };
    (start >= 1 && end.is_none_or(|end| end >= start)).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dictionary() -> ContigDictionary {
        let mut contigs = ContigDictionary::default();
        contigs.push("chr1", 5_000).unwrap();
        contigs.push("HLA:01", 300).unwrap();
        contigs
    }

    #[test]
    fn reads_regions_of_all_shapes() {
        let contigs = dictionary();
        let range = |text| contigs.parse_region(text).map(|r| (r.interval.start(), r.interval.end()));
        assert_eq!(range("chr1"), Ok((0, 5_000)));
        assert_eq!(range("chr1:1,001-2,000"), Ok((1_000, 2_000)));
        assert_eq!(range("chr1:4000-9000"), Ok((3_999, 5_000)));
        assert_eq!(range("HLA:01"), Ok((0, 300)));
        assert_eq!(range("HLA:01:5-"), Ok((4, 300)));
    }

    #[test]
    fn refuses_regions_with_the_nearest_name() {
        let contigs = dictionary();
        let message = |text| contigs.parse_region(text).unwrap_err().to_string();
        assert_eq!(message("chr2"), "unknown contig 'chr2'; did you mean 'chr1'?");
        assert!(message("chr1:9-3").starts_with("cannot read the region"));
        assert!(message("chr1:6000-7000").contains("beyond the end"));
    }

    #[test]
    fn a_contig_of_another_length_is_named() {
        let mut other = ContigDictionary::default();
        other.push("chr1", 4_000).unwrap();
        assert!(matches!(other.matched_to(&dictionary()), Err(ContigError::OtherLength { .. })));
    }
}
