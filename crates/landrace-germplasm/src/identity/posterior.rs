//! From likelihoods to probabilities: a variety of the library, a mixture or cross of two, or none of these.
//!
//! Before looking, each variety is as likely as the next. A query that is of no variety is taken to be a relative of
//! a random variety with the chances that the library shows when its own varieties are left out one at a time.

use super::model::{HYPOTHESES, RELATIONS};
use super::score::QueryScore;

/// Chance that a sample has poor calls.
const POOR_SAMPLES: f64 = 0.05;
/// Rounds of learning how common relatives are.
const ROUNDS: usize = 60;
/// Samples that are spread over the kinds of relatives as a prior: relatives that the library never shows are rare.
const PRIOR_SAMPLES: f64 = 0.1;

/// How common relatives of each degree are among the nearest varieties of the library.
#[derive(Clone, Debug, PartialEq)]
pub struct Relatives {
    /// Share of varieties that are like no other.
    pub unrelated: f64,
    /// Share of each of [`RELATIONS`].
    pub shares: [f64; RELATIONS.len()],
    /// Share of library samples that are another sample's genotype.
    pub repeated: f64,
    /// Library samples that this was learnt from.
    pub learnt_from: usize,
}

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
    fn prior(&self, sample: usize) -> f64 {
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

/// Logarithms of the mean likelihood ratios of a query over the library: as one genotype, then by relationship.
fn means(score: &QueryScore, varieties: &Varieties) -> [f64; 1 + RELATIONS.len()] {
    let own = score.own.map_or(0.0, |own| varieties.prior(own));
    let all = (1.0 - own).max(f64::MIN_POSITIVE);
    let prior = |sample: usize| varieties.prior(sample) / all;
    let near: f64 = score.candidates.iter().map(|candidate| prior(candidate.library)).sum();
    let mut out = [0.0; 1 + RELATIONS.len()];
    let of_each = |at: &dyn Fn(&[f64; HYPOTHESES]) -> f64, rest: f64| {
        let mut terms: Vec<f64> =
            score.candidates.iter().map(|own| prior(own.library).ln() + at(&own.ln)).collect();
        terms.push(rest.ln());
        log_sum(&terms)
    };
    let mean_other = 1.0 / varieties.of_samples.len().max(1) as f64;
    out[0] = of_each(&same, score.others * mean_other);
    for (relation, to) in out[1..].iter_mut().enumerate() {
        // Those that are not near are as good as unrelated.
        *to = of_each(&|ln| ln[2 + relation], (1.0 - near).max(0.0));
    }
    out
}

impl Relatives {
    /// Where there is nothing to learn from.
    fn unknown() -> Self {
        let share = 0.2 / RELATIONS.len() as f64;
        Self { unrelated: 0.8, shares: [share; RELATIONS.len()], repeated: 0.0, learnt_from: 0 }
    }

    /// Learns from library samples that were compared with the others: the shares of relationships that make their
    /// profiles most likely (EM), with a tenth of a sample in all spread over the relationships as a prior.
    pub(crate) fn learn(members: &[QueryScore], varieties: &Varieties) -> Self {
        if members.is_empty() || varieties.names.len() < 3 {
            return Self::unknown();
        }
        let tables: Vec<[f64; 1 + RELATIONS.len()]> =
            members.iter().map(|member| means(member, varieties)).collect();
        let kinds = 2 + RELATIONS.len();
        // Unrelated, repeated, relationships.
        let mut shares = vec![1.0 / kinds as f64; kinds];
        for _ in 0..ROUNDS {
            let mut sums = vec![PRIOR_SAMPLES / kinds as f64; kinds];
            for table in &tables {
                let terms: Vec<f64> = std::iter::once(0.0)
                    .chain(table.iter().copied())
                    .zip(&shares)
                    .map(|(ln, share)| ln + share.ln())
                    .collect();
                let all = log_sum(&terms);
                sums.iter_mut().zip(&terms).for_each(|(sum, term)| *sum += (term - all).exp());
            }
            let total: f64 = sums.iter().sum();
            shares = sums.iter().map(|sum| sum / total).collect();
        }
        let others = 1.0 - shares[1];
        let mut out = Self { learnt_from: members.len(), repeated: shares[1], ..Self::unknown() };
        out.unrelated = shares[0] / others;
        out.shares.iter_mut().zip(&shares[2..]).for_each(|(to, share)| *to = share / others);
        out
    }
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
    let means = means(score, varieties);
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
    let unrelated = relatives.unrelated.ln();
    let related = relatives.shares.iter().zip(&means[1..]).map(|(share, mean)| share.ln() + mean);
    let kinds: Vec<f64> = std::iter::once(unrelated).chain(related).collect();
    let none = priors.absent.ln() + log_sum(&kinds);
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
        for (relation, share) in relatives.shares.iter().enumerate() {
            let term = share.ln() + varieties.prior(candidate.library).ln() + candidate.ln[2 + relation];
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
