//! Stretches of the genome in which every variant would have been seen.

use std::collections::BTreeMap;

use landrace_genotypes::GenotypeError;

/// Stretches by contig, 1-based with both ends in, in order and apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accessible {
    contigs: BTreeMap<String, Vec<(u64, u64)>>,
}

impl Accessible {
    /// Reads a BED file's text; `path` names it in messages. Stretches that overlap are joined.
    ///
    /// # Errors
    /// Returns an error that names the line that cannot be read, or if there is no stretch.
    pub fn parse_bed(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let mut out = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let is_comment = ["#", "track", "browser"].iter().any(|start| line.starts_with(start));
            if line.trim().is_empty() || is_comment {
                continue;
            }
            let mut fields = line.split('\t');
            let name = fields.next().unwrap_or_default();
            let mut offset = || fields.next().and_then(|text| text.trim().parse::<u64>().ok());
            let (Some(start), Some(end)) = (offset(), offset()) else {
                let message = "not BED; write contig, start and end, separated by tabs".to_owned();
                return Err(GenotypeError::Line { path: path.to_owned(), line: number, message });
            };
            if end > start {
                out.contigs.entry(name.to_owned()).or_default().push((start + 1, end));
            }
        }
        if out.contigs.is_empty() {
            return Err(GenotypeError::Request(format!("{path}: no stretches; give a BED file with some")));
        }
        out.contigs.values_mut().for_each(join);
        Ok(out)
    }

    /// The stretch that begins last at or before a position, and its place.
    fn before(&self, contig: &str, position: u64) -> Option<(&[(u64, u64)], usize)> {
        let stretches = self.contigs.get(contig)?;
        Some((stretches, stretches.partition_point(|stretch| stretch.0 <= position)))
    }

    /// Whether a position lies in a stretch.
    pub fn holds(&self, contig: &str, position: u64) -> bool {
        self.before(contig, position)
            .is_some_and(|(stretches, after)| after > 0 && position <= stretches[after - 1].1)
    }

    /// Bases of the stretches from `start` to `end`, both in.
    pub fn bases(&self, contig: &str, start: u64, end: u64) -> u64 {
        let Some((stretches, after)) = self.before(contig, start) else { return 0 };
        let near = stretches[after.saturating_sub(1)..].iter().take_while(|stretch| stretch.0 <= end);
        near.map(|&(from, to)| (to.min(end) + 1).saturating_sub(from.max(start))).sum()
    }
}

fn join(stretches: &mut Vec<(u64, u64)>) {
    stretches.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(stretches.len());
    for &(from, to) in stretches.iter() {
        match joined.last_mut() {
            Some(last) if from <= last.1 + 1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    *stretches = joined;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bases_are_those_held(
            stretches in prop::collection::vec((0u64..80, 1u64..12), 1..12),
            start in 1u64..90,
            more in 0u64..40,
        ) {
            let bed: String = stretches.iter().map(|(from, size)| format!("1\t{from}\t{}\n", from + size)).collect();
            let own = Accessible::parse_bed(&bed, "x.bed").unwrap();
            let held = (start..=start + more).filter(|&position| own.holds("1", position)).count();
            let plain = (start..=start + more)
                .filter(|position| stretches.iter().any(|(from, size)| (from + 1..=from + size).contains(position)));
            prop_assert_eq!(held, plain.count());
            prop_assert_eq!(own.bases("1", start, start + more), held as u64);
            prop_assert_eq!(own.bases("2", start, start + more), 0);
        }
    }

    #[test]
    fn mistakes_are_named() {
        let message = |text: &str| Accessible::parse_bed(text, "x.bed").unwrap_err().to_string();
        assert!(message("1 0 10\n").contains("x.bed: line 1: not BED"));
        assert!(message("# none\n").contains("no stretches"));
    }
}
