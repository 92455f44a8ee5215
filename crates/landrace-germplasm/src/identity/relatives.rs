//! How near a relative of which variety a query is that is of none of them: learnt by leaving library samples out.
//!
//! The profiles of absent varieties are a mixture: unrelated, or a relative of degree r of library sample j, with a weight
//! for each (j, r). Every library sample that stands as a query is explained by the others, and votes for the samples and
//! degrees that explain it; the weights are the votes, shrunk to what all samples show together (expectation and
//! maximisation under a Dirichlet prior). So a line that has many near sisters is taken to have more of them, and one that
//! stands alone is not. How strongly to shrink is chosen by how well the votes of one half foretell the other half.

use super::model::RELATIONS;
use super::posterior::{Varieties, log_sum, same};
use super::score::QueryScore;

/// Number of relationships.
const KINDS: usize = RELATIONS.len();
/// Rounds of learning what all samples show together.
const ROUNDS: usize = 60;
/// Rounds of learning the votes.
const VOTES: usize = 12;
/// Samples that are spread over the kinds of relatives as a prior: relatives that the library never shows are rare.
const PRIOR_SAMPLES: f64 = 0.1;
/// Library samples that explain a member less than the best by this factor have no vote.
const LEAST: f64 = 1e-5;
/// Strengths of shrinking that are tried, as multiples of the number of voters.
const STRENGTHS: [f64; 6] = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
/// Voters below which the votes are not looked at.
const FEW: usize = 30;

/// How common relatives of each degree are among the varieties of the library.
#[derive(Clone, Debug, PartialEq)]
pub struct Relatives {
    /// Share of varieties that are like no other.
    pub unrelated: f64,
    /// Share of each of [`RELATIONS`].
    pub shares: [f64; KINDS],
    /// Share of library samples that are another sample's genotype.
    pub repeated: f64,
    /// Library samples that this was learnt from.
    pub learnt_from: usize,
    /// Share of the weights that is spread evenly over all varieties, by `shares`.
    pub spread: f64,
    /// The rest, by library sample and relationship; empty if nothing was learnt.
    votes: Vec<[f64; KINDS]>,
}

/// What a member's profile is worth under each explanation, over the best of them.
struct Explained {
    /// Library samples that explain it, with the likelihood ratio by relationship.
    near: Vec<(usize, [f64; KINDS])>,
    /// Itself, which explains nothing.
    own: usize,
    /// As another sample's genotype.
    repeated: f64,
    /// As unrelated.
    unrelated: f64,
}

/// Shares of all explanations: unrelated, relationships, repeated.
struct Shares {
    unrelated: f64,
    kinds: [f64; KINDS],
    repeated: f64,
}

/// Weights of the explanations at some strength of shrinking.
struct Weights {
    spread: f64,
    votes: Vec<[f64; KINDS]>,
}

impl Explained {
    fn of(member: &QueryScore, varieties: &Varieties) -> Option<Self> {
        let own = member.own?;
        let ln = |candidate: &super::score::Candidate| -> [f64; KINDS] {
            std::array::from_fn(|kind| candidate.ln[2 + kind])
        };
        let all = (1.0 - varieties.prior(own)).max(f64::MIN_POSITIVE);
        let mut terms: Vec<f64> = member
            .candidates
            .iter()
            .map(|own| (varieties.prior(own.library) / all).ln() + same(&own.ln))
            .collect();
        terms.push((member.others / varieties.of_samples.len().max(1) as f64).ln());
        let repeated = log_sum(&terms);
        let highest = member.candidates.iter().flat_map(ln).fold(0.0f64, f64::max).max(repeated);
        let near = member.candidates.iter().map(|own| (own.library, ln(own).map(|ln| (ln - highest).exp())));
        let near = near.filter(|(_, ratios)| ratios.iter().any(|&ratio| ratio > LEAST)).collect();
        Some(Self { near, own, repeated: (repeated - highest).exp(), unrelated: (-highest).exp() })
    }
}

impl Shares {
    /// What makes all members most likely where every variety has relatives alike.
    fn learn(members: &[Explained], varieties: &Varieties) -> Self {
        let means: Vec<[f64; KINDS + 2]> = members.iter().map(|own| own.means(varieties)).collect();
        let mut shares = [1.0 / (KINDS + 2) as f64; KINDS + 2];
        for _ in 0..ROUNDS {
            let mut sums = [PRIOR_SAMPLES / (KINDS + 2) as f64; KINDS + 2];
            for own in &means {
                let total: f64 = own.iter().zip(&shares).map(|(mean, share)| mean * share).sum();
                if total > 0.0 {
                    (0..KINDS + 2).for_each(|at| sums[at] += own[at] * shares[at] / total);
                }
            }
            let total: f64 = sums.iter().sum();
            shares = sums.map(|sum| sum / total);
        }
        let others = 1.0 - shares[1];
        let kinds = std::array::from_fn(|kind| shares[2 + kind] / others);
        Self { unrelated: shares[0] / others, kinds, repeated: shares[1] }
    }
}

impl Explained {
    /// Mean over the library: unrelated, repeated, by relationship.
    fn means(&self, varieties: &Varieties) -> [f64; KINDS + 2] {
        let all = (1.0 - varieties.prior(self.own)).max(f64::MIN_POSITIVE);
        let near: f64 = self.near.iter().map(|(sample, _)| varieties.prior(*sample) / all).sum();
        let rest = (1.0 - near).max(0.0) * self.unrelated;
        let mut out = [rest; KINDS + 2];
        (out[0], out[1]) = (self.unrelated, self.repeated);
        for (sample, ratios) in &self.near {
            let prior = varieties.prior(*sample) / all;
            out[2..].iter_mut().zip(ratios).for_each(|(to, ratio)| *to += prior * ratio);
        }
        out
    }

    /// The likelihood under the weights of others, and each explanation's part of it: `vote` gets sample, relationship
    /// and the part.
    fn weigh(
        &self,
        weights: &Weights,
        known: (&Shares, &Varieties),
        mut vote: impl FnMut(usize, usize, f64),
    ) -> [f64; 2] {
        let (shares, varieties) = known;
        let weight = |sample: usize, kind: usize| weights.of(sample, kind, shares, varieties);
        let without_own: f64 = 1.0 - (0..KINDS).map(|kind| weight(self.own, kind)).sum::<f64>();
        let scale = (1.0 - shares.repeated) / without_own.max(f64::MIN_POSITIVE);
        let mut rest = without_own;
        let mut total = shares.repeated * self.repeated;
        for (sample, ratios) in &self.near {
            for (kind, ratio) in ratios.iter().enumerate() {
                let own = weight(*sample, kind);
                rest -= own;
                total += scale * own * ratio;
                vote(*sample, kind, scale * own * ratio);
            }
        }
        let unrelated = scale * rest.max(0.0) * self.unrelated;
        [total + unrelated, unrelated]
    }
}

impl Weights {
    fn of(&self, sample: usize, kind: usize, shares: &Shares, varieties: &Varieties) -> f64 {
        let voted = self.votes.get(sample).map_or(0.0, |own| own[kind]);
        self.spread * shares.kinds[kind] * varieties.prior(sample) + voted
    }

    /// Lets members vote, again and again, each time by the weights that the last votes gave.
    fn learn(members: &[&Explained], strength: f64, known: (&Shares, &Varieties)) -> Self {
        let varieties = known.1;
        let prior = strength * members.len() as f64;
        let mut out = Self { spread: 1.0, votes: Vec::new() };
        for _ in 0..VOTES {
            let mut votes = vec![[0.0; KINDS]; varieties.of_samples.len()];
            let mut unrelated = 0.0;
            let mut ballot: Vec<(usize, usize, f64)> = Vec::new();
            for own in members {
                ballot.clear();
                let [total, without] =
                    own.weigh(&out, known, |sample, kind, part| ballot.push((sample, kind, part)));
                if total > 0.0 {
                    ballot.iter().for_each(|&(sample, kind, part)| votes[sample][kind] += part / total);
                    unrelated += without / total;
                }
            }
            let voted: f64 = unrelated + votes.iter().flatten().sum::<f64>();
            let all = voted + prior;
            votes.iter_mut().flatten().for_each(|vote| *vote /= all);
            out = Self { spread: prior / all, votes };
        }
        out
    }

    /// Logarithm of the likelihood of members that did not vote.
    fn foretells(&self, members: &[&Explained], known: (&Shares, &Varieties)) -> f64 {
        members.iter().map(|own| own.weigh(self, known, |_, _, _| {})[0].max(f64::MIN_POSITIVE).ln()).sum()
    }
}

impl Relatives {
    /// Where there is nothing to learn from.
    fn unknown() -> Self {
        let share = 0.2 / KINDS as f64;
        Self {
            unrelated: 0.8,
            shares: [share; KINDS],
            repeated: 0.0,
            learnt_from: 0,
            spread: 1.0,
            votes: Vec::new(),
        }
    }

    /// Learns from library samples that were compared with the others.
    pub(crate) fn learn(members: &[QueryScore], varieties: &Varieties) -> Self {
        let explained: Vec<Explained> =
            members.iter().filter_map(|member| Explained::of(member, varieties)).collect();
        if explained.is_empty() || varieties.names.len() < 3 {
            return Self::unknown();
        }
        let shares = Shares::learn(&explained, varieties);
        let known = (&shares, varieties);
        let halves: [Vec<&Explained>; 2] =
            [0, 1].map(|half| explained.iter().skip(half).step_by(2).collect());
        let foretold = |strength: f64| -> f64 {
            [0, 1]
                .map(|half: usize| {
                    Weights::learn(&halves[half], strength, known).foretells(&halves[1 - half], known)
                })
                .iter()
                .sum()
        };
        let mut weights = Weights { spread: 1.0, votes: Vec::new() };
        if explained.len() >= FEW {
            let evenly: f64 = halves.iter().map(|half| weights.foretells(half, known)).sum();
            let best = STRENGTHS.map(|strength| (foretold(strength), strength)).into_iter();
            let best = best.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|best| best.0 > evenly);
            if let Some((_, strength)) = best {
                weights = Weights::learn(&explained.iter().collect::<Vec<_>>(), strength, known);
            }
        }
        Self {
            unrelated: shares.unrelated,
            shares: shares.kinds,
            repeated: shares.repeated,
            learnt_from: members.len(),
            spread: weights.spread,
            votes: weights.votes,
        }
    }

    /// The chance that a query of no variety is such a relative of this library sample.
    pub(crate) fn weight(&self, sample: usize, kind: usize, varieties: &Varieties) -> f64 {
        let voted = self.votes.get(sample).map_or(0.0, |own| own[kind]);
        self.spread * self.shares[kind] * varieties.prior(sample) + voted
    }

    /// Logarithm of the likelihood ratio of a query as one of no variety.
    pub(crate) fn ln_absent(&self, score: &QueryScore, varieties: &Varieties) -> f64 {
        let weight = |sample: usize, kind: usize| self.weight(sample, kind, varieties);
        let own = score.own.map_or(0.0, |own| (0..KINDS).map(|kind| weight(own, kind)).sum());
        let mut rest: f64 = 1.0 - own;
        let mut terms = Vec::with_capacity(score.candidates.len() * KINDS + 1);
        for candidate in &score.candidates {
            for kind in 0..KINDS {
                let weight = weight(candidate.library, kind);
                rest -= weight;
                terms.push(weight.ln() + candidate.ln[2 + kind]);
            }
        }
        // Those that are not near are as good as unrelated.
        terms.push(rest.max(0.0).ln());
        log_sum(&terms) - (1.0 - own).max(f64::MIN_POSITIVE).ln()
    }
}
