//! From likelihoods to probabilities: a variety of the library, a mixture or cross of two, or none of these.
//!
//! Before looking, each variety is as likely as the next. A query that is of no variety is taken to be as near a relative
//! of the library's varieties as these are of each other ([`super::relatives`]).

use super::model::{HYPOTHESES, RELATIONS};
use super::relatives::Relatives;
use super::score::QueryScore;

/// Chance that a sample has poor calls.
const POOR_SAMPLES: f64 = 0.05;
/// Chances before looking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Priors {
    /// That the query is of no variety of the library.
    pub absent: f64,
    /// That it is a mixture or cross of two.
    pub mixed: f64,
}

/// Varieties of the library: which samples are of which, and how many each has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Varieties {
    /// Names.
    pub names: Vec<String>,
    /// The variety of each library sample.
    pub of_samples: Vec<usize>,
    /// Library samples of each variety.
    pub sizes: Vec<u32>,
}

impl Varieties {
    /// Each sample a variety of its own.
    pub fn samples(names: &[String]) -> Self {
        Self { names: names.to_vec(), of_samples: (0..names.len()).collect(), sizes: vec![1; names.len()] }
    }

    /// Samples of one name are one variety; those without a name are varieties of their own.
    pub fn named(samples: &[String], names: &[Option<String>]) -> Self {
        let mut out = Self::default();
        let mut places = std::collections::HashMap::new();
        for (sample, name) in samples.iter().zip(names) {
            let name = name.as_ref().unwrap_or(sample);
            let place = *places.entry(name.clone()).or_insert_with(|| {
                out.names.push(name.clone());
                out.sizes.push(0);
                out.names.len() - 1
            });
            out.of_samples.push(place);
            out.sizes[place] += 1;
        }
        out
    }

    /// Chance of a library sample before looking, given that the query is of some variety.
    pub(crate) fn prior(&self, sample: usize) -> f64 {
        let variety = self.of_samples[sample];
        1.0 / (self.names.len() as f64 * f64::from(self.sizes[variety]))
    }
}

/// Logarithm of a sum of exponentials; −∞ of nothing.
pub(crate) fn log_sum(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln()
}

/// Logarithm of the likelihood ratio of "one genotype".
pub(crate) fn same(ln: &[f64; HYPOTHESES]) -> f64 {
    log_sum(&[(1.0 - POOR_SAMPLES).ln() + ln[0], POOR_SAMPLES.ln() + ln[1]])
}

/// Probabilities of what a query is, given its profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// Varieties and their probabilities, the likeliest first; those that were not compared in full are left out.
    pub varieties: Vec<(usize, f64)>,
    /// That it is of none.
    pub none: f64,
    /// That it is a mixture or cross of two.
    pub mixed: f64,
    /// That it is one of the varieties that were not compared in full.
    pub others: f64,
    /// The likeliest relationship with a library sample if it is of none; `None` for unrelated.
    pub nearest: Option<(usize, usize)>,
}

/// Weighs the hypotheses of a query. `mixture` is the logarithm of the mean likelihood ratio over all pairs of
/// library samples.
pub(crate) fn posterior(
    score: &QueryScore,
    varieties: &Varieties,
    relatives: &Relatives,
    priors: &Priors,
    mixture: f64,
) -> Posterior {
    let present = (1.0 - priors.absent - priors.mixed).max(0.0).ln();
    let prior = |sample: usize| varieties.prior(sample).ln();
    let mut each: Vec<(usize, f64)> = Vec::new();
    for candidate in &score.candidates {
        let variety = varieties.of_samples[candidate.library];
        let term = present + prior(candidate.library) + same(&candidate.ln);
        match each.iter_mut().find(|(known, _)| *known == variety) {
            Some((_, sum)) => *sum = log_sum(&[*sum, term]),
            None => each.push((variety, term)),
        }
    }
    let others = present + (score.others / varieties.of_samples.len().max(1) as f64).ln();
    let none = priors.absent.ln() + relatives.ln_absent(score, varieties);
    let mixed = priors.mixed.ln() + mixture;
    let terms: Vec<f64> = each.iter().map(|(_, term)| *term).chain([others, none, mixed]).collect();
    let all = log_sum(&terms);
    let share = |term: f64| if all.is_finite() { (term - all).exp() } else { 0.0 };
    each.iter_mut().for_each(|(_, term)| *term = share(*term));
    each.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let nearest = nearest(score, varieties, relatives);
    Posterior { varieties: each, none: share(none), mixed: share(mixed), others: share(others), nearest }
}

/// The likeliest relationship and library sample of a query that is of no variety.
fn nearest(score: &QueryScore, varieties: &Varieties, relatives: &Relatives) -> Option<(usize, usize)> {
    let mut best = (relatives.unrelated.ln(), None);
    for candidate in &score.candidates {
        for relation in 0..RELATIONS.len() {
            let weight = relatives.weight(candidate.library, relation, varieties);
            let term = weight.ln() + candidate.ln[2 + relation];
            if term > best.0 {
                best = (term, Some((relation, candidate.library)));
            }
        }
    }
    best.1
}

/// Error rates that are tried: 0.0005 to 0.15.
pub(crate) fn error_grid() -> Vec<f64> {
    (0..=40).map(|step| 0.0005 * (300f64).powf(f64::from(step) / 40.0)).collect()
}

/// The error rate that the queries' best matches show: the counts of differences are those of one variety at this
/// rate, or anything (a query of no variety). `mismatch` holds the share that differs at each rate of
/// [`error_grid`]; a log-normal prior around 0.01 stands for a laboratory of which nothing is known.
pub(crate) fn estimate_error(best: &[(u32, u32)], mismatch: &[f64]) -> f64 {
    let grid = error_grid();
    let fit = |(error, share): (&f64, &f64)| {
        let of_one = |&(different, compared): &(u32, u32)| {
            let (d, n) = (f64::from(different), f64::from(compared));
            let ln = ln_choose(compared, different) + d * share.ln() + (n - d) * (1.0 - share).ln();
            log_sum(&[0.8f64.ln() + ln, 0.2f64.ln() - (n + 1.0).ln()])
        };
        best.iter().map(of_one).sum::<f64>() - 0.5 * (error / 0.01).ln().powi(2)
    };
    let fits: Vec<f64> = grid.iter().zip(mismatch).map(fit).collect();
    let place = (0..fits.len()).max_by(|&a, &b| fits[a].total_cmp(&fits[b]).then(b.cmp(&a)));
    place.map_or(0.01, |place| grid[place])
}

fn ln_choose(n: u32, k: u32) -> f64 {
    let k = k.min(n - k.min(n));
    (0..k).map(|i| (f64::from(n - i) / f64::from(i + 1)).ln()).sum()
}
