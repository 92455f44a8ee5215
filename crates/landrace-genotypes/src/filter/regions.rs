//! Stretches of the genome to keep.

use std::collections::{BTreeMap, HashMap};

use crate::source::{GenotypeError, SourceHeader};

/// Stretches of contigs, by name.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    /// For each contig, first and last positions of ranges that neither overlap nor touch.
    by_contig: HashMap<String, BTreeMap<u64, u64>>,
}

impl Regions {
    /// Adds a stretch, from and to in 1-based positions, both inclusive.
    pub fn add(&mut self, contig: &str, from: u64, to: u64) {
        let ranges = self.by_contig.entry(contig.to_owned()).or_default();
        let (mut from, mut to) = (from, to.max(from));
        while let Some((&start, &end)) = ranges.range(..=to.saturating_add(1)).next_back()
            && end.saturating_add(1) >= from
        {
            ranges.remove(&start);
            (from, to) = (from.min(start), to.max(end));
        }
        ranges.insert(from, to);
    }

    /// Adds `CONTIG`, `CONTIG:FROM-TO`, `CONTIG:FROM-` or `CONTIG:POSITION`, from 1 and inclusive. A contig whose
    /// own name holds a colon is taken whole if it matches.
    ///
    /// # Errors
    /// Returns an error if the text cannot be read, or if the header declares contigs and not this one.
    pub fn add_text(&mut self, text: &str, header: &SourceHeader) -> Result<(), GenotypeError> {
        let is_known = |name: &str| header.contigs.is_empty() || header.contigs.id(name).is_some();
        let whole = (text, (1, u64::MAX));
        let (name, (from, to)) = match text.rsplit_once(':') {
            _ if header.contigs.id(text).is_some() => whole,
            None => whole,
            Some((name, range)) => (
                name,
                parse_range(range).ok_or_else(|| {
                    let message = "write CONTIG, CONTIG:FROM-TO or CONTIG:FROM-, positions from 1";
                    GenotypeError::Request(format!("cannot read the region '{text}'; {message}"))
                })?,
            ),
        };
        if !is_known(name) {
            let error =
                header.contigs.require(name).err().map_or_else(String::new, |error| error.to_string());
            return Err(GenotypeError::Request(error));
        }
        self.add(name, from, to);
        Ok(())
    }

    /// Adds the stretches of a BED file's text.
    ///
    /// # Errors
    /// Returns an error that names the line that cannot be read.
    pub fn add_bed(&mut self, text: &str) -> Result<(), GenotypeError> {
        for (number, line) in (1..).zip(text.lines()) {
            let is_comment = ["#", "track", "browser"].iter().any(|start| line.starts_with(start));
            if line.trim().is_empty() || is_comment {
                continue;
            }
            let mut fields = line.split('\t');
            let name = fields.next().unwrap_or_default();
            let mut offset = || fields.next().and_then(|text| text.trim().parse::<u64>().ok());
            let (Some(start), Some(end)) = (offset(), offset()) else {
                let message =
                    format!("line {number}: not BED; write contig, start and end, separated by tabs");
                return Err(GenotypeError::Request(message));
            };
            if end > start {
                self.add(name, start + 1, end);
            }
        }
        Ok(())
    }

    /// Whether a position lies in one of the stretches.
    pub fn contain(&self, contig: &str, position: u64) -> bool {
        let ranges = self.by_contig.get(contig);
        ranges.is_some_and(|ranges| {
            ranges.range(..=position).next_back().is_some_and(|(_, &last)| position <= last)
        })
    }
}

/// Reads `FROM-TO`, `FROM-` or `POSITION`.
fn parse_range(range: &str) -> Option<(u64, u64)> {
    let number = |text: &str| text.replace(',', "").parse::<u64>().ok().filter(|&n| n > 0);
    match range.split_once('-') {
        Some((from, "")) => Some((number(from)?, u64::MAX)),
        Some((from, to)) => Some((number(from)?, number(to)?)).filter(|(from, to)| from <= to),
        None => number(range).map(|position| (position, position)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn regions_hold_what_their_ranges_hold(
            ranges in prop::collection::vec((1u64..60, 0u64..12), 0..12),
            position in 1u64..80,
        ) {
            let mut regions = Regions::default();
            ranges.iter().for_each(|&(from, more)| regions.add("1", from, from + more));
            let expected = ranges.iter().any(|&(from, more)| (from..=from + more).contains(&position));
            prop_assert_eq!(regions.contain("1", position), expected);
            prop_assert!(!regions.contain("2", position));
        }
    }

    #[test]
    fn regions_are_read_as_people_write_them() {
        let mut header = SourceHeader::default();
        header.declare(vec!["chr1".to_owned(), "a:1-5".to_owned()]);
        let held = |text: &str| {
            let mut regions = Regions::default();
            regions.add_text(text, &header).map(|()| regions).map_err(|error| error.to_string())
        };
        assert!(held("a:1-5").unwrap().contain("a:1-5", 99));
        assert!(held("chr1:1,000-").unwrap().contain("chr1", 1_000_000));
        assert!(!held("chr1:7").unwrap().contain("chr1", 8));
        assert!(held("chr1:9-3").unwrap_err().contains("cannot read the region"));
        assert!(held("chr2:9").unwrap_err().contains("did you mean 'chr1'"));
        let mut regions = Regions::default();
        regions.add_bed("track x\nchr1\t0\t10\textra\n\nchr1\t10\t10\n").unwrap();
        assert!(regions.contain("chr1", 1) && regions.contain("chr1", 10) && !regions.contain("chr1", 11));
        assert!(regions.add_bed("chr1 0 10\n").unwrap_err().to_string().contains("line 1: not BED"));
    }
}
