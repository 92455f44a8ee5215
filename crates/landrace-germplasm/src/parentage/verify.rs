//! Whether declared parents fit.

use landrace_genotypes::mendel::{MendelCounts, trio, trio_of_line};

use super::inherit::{Inheritance, Scores};
use super::{Genotypes, Match, Options, Verdict};

/// A mismatch more than errors make in all but so many of true parents excludes.
const SURE: f64 = 0.999;

/// Compares declared parents with their offspring.
pub(crate) struct Check<'a> {
    pub(crate) genotypes: &'a Genotypes,
    pub(crate) scores: &'a Scores,
    pub(crate) inheritance: &'a Inheritance,
    pub(crate) options: &'a Options,
}

/// Mismatches that a true parent stays within, where so many are expected by error: the quantile of the Poisson
/// distribution.
fn by_error(expected: f64) -> u32 {
    let (mut chance, mut sum, mut k) = ((-expected).exp(), (-expected).exp(), 0u32);
    while sum < SURE && k < 100_000 {
        k += 1;
        chance *= expected / f64::from(k);
        sum += chance;
    }
    k
}

impl Check<'_> {
    /// Mismatches allowed: the share asked for, or what errors make, whichever is more. `kind` is 0 for one parent
    /// and 1 for two.
    fn allowed(&self, known: impl Iterator<Item = usize>, compared: u32, kind: usize) -> u32 {
        let expected: f64 = known.map(|marker| self.scores.stray[marker][kind]).sum();
        let share = (self.options.max_mismatch[kind] * f64::from(compared)).floor();
        by_error(expected).max(share as u32)
    }

    /// One declared parent.
    pub(crate) fn single(&self, offspring: usize, own: &Match) -> Verdict {
        let codes = self.genotypes.offspring.codes(offspring);
        let parent = self.genotypes.candidates.codes(own.candidate as usize);
        if own.counts.compared < self.options.min_markers {
            return Verdict::NotTestable;
        }
        let missing = self.scores.states() - 1;
        let is_known =
            |&at: &usize| self.scores.code(codes[at]) != missing && self.scores.code(parent[at]) != missing;
        let allowed = self.allowed((0..codes.len()).filter(is_known), own.counts.compared, 0);
        // A line may lose all that one parent gave: opposite homozygotes exclude nobody.
        if own.counts.mismatches > allowed && !self.inheritance.is_of_lines() {
            Verdict::Excluded
        } else if own.lod > 0.0 {
            Verdict::Confirmed
        } else {
            Verdict::Unlikely
        }
    }

    /// Counts of two parents together.
    pub(crate) fn count_pair(&self, offspring: usize, parents: [u32; 2]) -> MendelCounts {
        let codes = self.genotypes.offspring.codes(offspring);
        let [first, second] = parents.map(|at| self.genotypes.candidates.codes(at as usize));
        let ploidy = self.genotypes.offspring.ploidy();
        if self.inheritance.is_of_lines() {
            trio_of_line(codes, first, second, ploidy)
        } else {
            trio(codes, first, second, ploidy)
        }
    }

    /// Two declared parents together.
    pub(crate) fn pair(&self, offspring: usize, parents: [u32; 2]) -> (Verdict, MendelCounts) {
        let counts = self.count_pair(offspring, parents);
        if counts.compared < self.options.min_markers {
            return (Verdict::NotTestable, counts);
        }
        let missing = self.scores.states() - 1;
        let rows = [
            self.genotypes.offspring.codes(offspring),
            self.genotypes.candidates.codes(parents[0] as usize),
            self.genotypes.candidates.codes(parents[1] as usize),
        ];
        let is_known = |&at: &usize| rows.iter().all(|row| self.scores.code(row[at]) != missing);
        let allowed = self.allowed((0..rows[0].len()).filter(is_known), counts.compared, 1);
        let verdict = if counts.mismatches > allowed { Verdict::Excluded } else { Verdict::Confirmed };
        (verdict, counts)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn errors_make_few_mismatches() {
        assert_eq!(super::by_error(0.0), 0);
        assert_eq!(super::by_error(0.2), 3);
        assert_eq!(super::by_error(1.0), 5);
    }
}
