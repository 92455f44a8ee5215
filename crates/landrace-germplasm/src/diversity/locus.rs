//! Diversity of one group at one locus.

use super::counts::LocusCalls;

/// Measures of one group at one locus; `None` where the calls do not suffice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LocusDiversity {
    /// Gene copies called.
    pub copies: u32,
    /// Alleles called.
    pub alleles: u32,
    /// Observed heterozygosity: mean over the samples of two copies and more of the chance that two of a sample's copies
    /// differ (gametic heterozygosity; for diploids the share of heterozygotes).
    pub observed: Option<f64>,
    /// Expected heterozygosity 1 − Σ p².
    pub expected: Option<f64>,
    /// The same for a small sample, N / (N − 1) times, N being gene copies (Nei 1978).
    pub unbiased: Option<f64>,
    /// The chance that two copies of different samples differ: unbiased whatever the inbreeding (Nei and Chesser 1983),
    /// at any ploidy.
    pub between: Option<f64>,
    /// Σ p².
    pub homozygosity: f64,
    /// Polymorphism information content (Botstein et al. 1980).
    pub information: Option<f64>,
    /// Shannon's index −Σ p ln p.
    pub shannon: Option<f64>,
}

impl LocusDiversity {
    /// Measures a group of a locus.
    pub fn of(locus: &LocusCalls<'_>, group: usize) -> Self {
        let calls = &locus.groups[group];
        let mut out = Self { copies: calls.copies, ..Self::default() };
        if calls.copies == 0 {
            return out;
        }
        let n = f64::from(calls.copies);
        let (mut squares, mut fourths, mut shannon) = (0.0, 0.0, 0.0);
        for &count in locus.alleles(group).iter().filter(|count| **count > 0) {
            let p = f64::from(count) / n;
            out.alleles += 1;
            squares += p * p;
            fourths += p * p * p * p;
            if p < 1.0 {
                shannon -= p * p.ln();
            }
        }
        let expected = if out.alleles > 1 { 1.0 - squares } else { 0.0 };
        out.homozygosity = squares;
        out.expected = Some(expected);
        out.information = Some(expected - (squares * squares - fourths));
        out.shannon = Some(shannon);
        if calls.polyploid > 0 {
            out.observed = Some(calls.heterozygosity / f64::from(calls.polyploid));
        }
        if calls.copies > 1 {
            out.unbiased = Some(expected * n / (n - 1.0));
        }
        if calls.samples > 1 {
            // Pairs of copies, counted in both orders: those of different samples, and of these the unlike ones.
            let pairs = n * n - f64::from(calls.squares);
            out.between = Some((expected * n * n - calls.unlike) / pairs);
        }
        out
    }
}
