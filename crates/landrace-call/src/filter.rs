//! What makes a called site doubtful.

use crate::site::SiteCall;

/// A reason to doubt a site, as FILTER names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Filter {
    /// QUAL is low.
    LowQuality,
    /// The alternate allele comes on one strand only, the reference on both.
    StrandBias,
    /// Reads with the alternate allele map badly.
    LowMappingQuality,
    /// The alternate allele comes only near the ends of reads.
    ReadEnds,
    /// Nearly all samples are heterozygous: two places of the genome may lie on one of the reference.
    Collapsed,
}

impl Filter {
    /// All filters with the header's words.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::LowQuality, "LowQual", "QUAL below 5"),
        (
            Self::StrandBias,
            "StrandBias",
            "Alternate allele on one strand, unlike the reference (P below 1e-4)",
        ),
        (
            Self::LowMappingQuality,
            "LowMQ",
            "Reads with an alternate allele have a mean mapping quality below 30",
        ),
        (Self::ReadEnds, "ReadEnds", "Alternate alleles lie within 5 bases of the ends of their reads"),
        (
            Self::Collapsed,
            "Collapsed",
            "F below -0.6 in 10 samples or more: places of the genome lie on one another",
        ),
    ];

    /// The name in the file.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(filter, ..)| *filter == self).map_or("", |(_, name, _)| name)
    }
}

/// The filters that a site falls to.
pub(crate) fn filters(call: &SiteCall) -> Vec<Filter> {
    let notes = &call.notes;
    let called = call.samples.iter().filter(|sample| sample.genotype.is_some()).count();
    let doubts = [
        (Filter::LowQuality, call.quality < 5.0),
        (Filter::StrandBias, strand_bias(notes.strands) < 1e-4),
        (Filter::LowMappingQuality, notes.alternate_mapping_quality < 30.0),
        (Filter::ReadEnds, notes.from_end < 5),
        (Filter::Collapsed, called >= 10 && notes.inbreeding.is_some_and(|f| f < -0.6)),
    ];
    doubts.into_iter().filter(|(_, is_doubtful)| *is_doubtful).map(|(filter, _)| filter).collect()
}

/// Fisher's exact test, two-sided, of alleles against strands.
pub(crate) fn strand_bias(table: [[u32; 2]; 2]) -> f64 {
    let rows = [table[0][0] + table[0][1], table[1][0] + table[1][1]];
    let column = table[0][0] + table[1][0];
    let total = rows[0] + rows[1];
    let log_factorials = cumulative_log_factorials(total as usize);
    let f = |n: u32| log_factorials[n as usize];
    let log_probability = |a: u32| {
        let (b, c) = (rows[0] - a, column - a);
        let d = rows[1] - c;
        f(rows[0]) + f(rows[1]) + f(column) + f(total - column) - f(total) - f(a) - f(b) - f(c) - f(d)
    };
    let seen = log_probability(table[0][0]);
    let range = column.saturating_sub(rows[1])..=column.min(rows[0]);
    range.map(log_probability).filter(|log| *log <= seen + 1e-7).map(f64::exp).sum::<f64>().min(1.0)
}

fn cumulative_log_factorials(n: usize) -> Vec<f64> {
    let mut sum = 0.0;
    (0..=n)
        .map(|i| {
            if i > 1 {
                sum += (i as f64).ln();
            }
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fisher_test_gives_known_values() {
        assert!((strand_bias([[3, 1], [1, 3]]) - 0.485_714_285_7).abs() < 1e-9);
        assert!((strand_bias([[10, 10], [10, 0]]) - 0.011_5).abs() < 1e-3);
        assert!((strand_bias([[0, 0], [4, 0]]) - 1.0).abs() < 1e-9);
    }
}
