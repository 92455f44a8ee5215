//! Which candidates explain an offspring: likelihood ratios of single parents and of pairs, and what they say together.

use landrace_genotypes::mendel::{MendelCounts, MendelRows};

use super::inherit::Scores;

/// Candidates of one role that are scored at most; if there are more, those with the fewest mismatches.
const SCORED: usize = 96;
/// Candidates of one role that are tried in pairs at most.
const PAIRED: usize = 16;
/// Candidates are tried in pairs if they are at most this much (natural logarithm) behind the best, or half of it
/// behind somebody unrelated.
const BEHIND: f64 = 14.0;

/// A single candidate's likelihood ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Single {
    pub(crate) candidate: u32,
    /// Natural logarithm, against an unrelated individual, the other parent unknown.
    pub(crate) lod: f64,
}

/// Which candidates may have a role.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub(crate) candidates: Vec<u32>,
    /// Whether the one candidate is the declared parent, which the genotypes do not contradict.
    pub(crate) is_given: bool,
}

/// An offspring and who its parents may be.
pub(crate) struct Task<'a> {
    pub(crate) codes: &'a [u8],
    /// Mendelian counts with every candidate.
    pub(crate) counts: &'a [MendelCounts],
    pub(crate) searches: [Search; 2],
    /// Whether both parents come from one pool, `searches[0]`, without order.
    pub(crate) is_pool: bool,
}

/// What an offspring's genotype says of its candidates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// The best of each role, best first.
    pub(crate) singles: [Vec<Single>; 2],
    /// Pairs of those, with their likelihood ratios against two unrelated parents.
    pub(crate) pairs: Vec<(u32, u32, f64)>,
    /// Candidates of each role.
    pub(crate) sizes: [usize; 2],
    pub(crate) given: [bool; 2],
    pub(crate) is_pool: bool,
}

/// What is known before the genotypes are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Prior {
    /// Share of true fathers and mothers among the candidates.
    pub(crate) sampled: [f64; 2],
    /// Chance that a declared parent is right that no genotype contradicts.
    pub(crate) given: f64,
    /// Chance that both parents are one plant.
    pub(crate) selfing: f64,
}

/// The candidate of a role that explains the offspring best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) candidate: u32,
    /// Natural logarithm of the odds that it is the parent, against all others and nobody.
    pub(crate) log_odds: f64,
    /// The next candidate.
    pub(crate) second: Option<u32>,
    /// Natural logarithm of the weight of the best over that of the next.
    pub(crate) delta: Option<f64>,
    /// Log-odds that one of the best two is the parent.
    pub(crate) either: f64,
    /// Chance that no candidate is the parent.
    pub(crate) nobody: f64,
}

/// What the shared parts of scoring need.
pub(crate) struct Scorer<'a> {
    pub(crate) scores: &'a Scores,
    /// The candidates.
    pub(crate) genotypes: &'a MendelRows,
    pub(crate) selfing: bool,
}

impl Scorer<'_> {
    fn codes(&self, candidate: u32) -> &[u8] {
        self.genotypes.codes(candidate as usize)
    }

    /// Scores an offspring's candidates.
    pub(crate) fn weigh(&self, task: &Task<'_>, table: &mut Vec<f32>) -> Evidence {
        self.scores.single_table(task.codes, table);
        let single = |search: &Search| self.singles(search, task, table);
        let first = single(&task.searches[0]);
        let second = if task.is_pool { first.clone() } else { single(&task.searches[1]) };
        let sizes = [0, 1].map(|role| {
            let pool = if task.is_pool { 0 } else { role };
            task.searches[pool].candidates.len()
        });
        let mut pairs = Vec::new();
        let close = |list: &[Single]| -> usize {
            // With many markers true parents may lie far apart, but not below somebody unrelated.
            let least = list.first().map_or(0.0, |best| (best.lod - BEHIND).min(-BEHIND / 2.0));
            list.iter().take(PAIRED).take_while(|own| own.lod >= least).count()
        };
        let (of_first, of_second) = (close(&first), close(&second));
        for (place, a) in first[..of_first].iter().enumerate() {
            let from = if task.is_pool { place } else { 0 };
            for b in second.get(from..of_second).unwrap_or(&[]) {
                if a.candidate == b.candidate && !self.selfing {
                    continue;
                }
                let lod = self.scores.pair(task.codes, self.codes(a.candidate), self.codes(b.candidate));
                pairs.push((a.candidate, b.candidate, lod));
            }
        }
        let given = [0, 1].map(|role| task.searches[role].is_given && !task.is_pool);
        Evidence { singles: [first, second], pairs, sizes, given, is_pool: task.is_pool }
    }

    fn singles(&self, search: &Search, task: &Task<'_>, table: &[f32]) -> Vec<Single> {
        let mut chosen: Vec<u32> = search.candidates.clone();
        if chosen.len() > SCORED {
            // The share of mismatches in 2^-20, one more compared than there are, so that few markers rank behind.
            let key = |&candidate: &u32| {
                let counts = task.counts[candidate as usize];
                ((u64::from(counts.mismatches) * 2 + 1) << 20) / (u64::from(counts.compared) + 1)
            };
            chosen.select_nth_unstable_by_key(SCORED, |candidate| (key(candidate), *candidate));
            chosen.truncate(SCORED);
        }
        let mut out: Vec<Single> = chosen
            .into_iter()
            .map(|candidate| Single { candidate, lod: self.scores.single(table, self.codes(candidate)) })
            .collect();
        out.sort_by(|a, b| b.lod.total_cmp(&a.lod).then(a.candidate.cmp(&b.candidate)));
        out.truncate(PAIRED);
        out
    }
}

/// An explanation of an offspring: its candidates by role, and its prior × likelihood ratio, against the likeliest.
#[derive(Clone, Copy, Debug)]
struct Explanation {
    parents: [Option<u32>; 2],
    weight: f64,
}

impl Explanation {
    fn has(&self, candidate: u32) -> bool {
        self.parents.contains(&Some(candidate))
    }
}

impl Evidence {
    /// Prior share of sampled parents of a role: none without candidates.
    fn share(&self, role: usize, prior: &Prior) -> f64 {
        match (self.sizes[role], self.given[role]) {
            (0, _) => 0.0,
            (_, true) => prior.given,
            _ => prior.sampled[role],
        }
    }

    /// All explanations with their weights.
    fn explanations(&self, prior: &Prior) -> Vec<Explanation> {
        let shares = [self.share(0, prior), self.share(1, prior)];
        let each = [0, 1].map(|role| (shares[role] / self.sizes[role].max(1) as f64).ln());
        let nobody = shares.map(|share| (1.0 - share).ln());
        let mut out = vec![Explanation { parents: [None; 2], weight: nobody[0] + nobody[1] }];
        let (selfed, crossed) = (prior.selfing.ln(), (1.0 - prior.selfing).ln());
        // In a pool each pair stands for both orders, and each single parent for both roles.
        let double = if self.is_pool { 2.0f64.ln() } else { 0.0 };
        for own in &self.singles[0] {
            let weight = each[0] + nobody[1] + own.lod + double;
            out.push(Explanation { parents: [Some(own.candidate), None], weight });
        }
        if !self.is_pool {
            for own in &self.singles[1] {
                let weight = nobody[0] + each[1] + own.lod;
                out.push(Explanation { parents: [None, Some(own.candidate)], weight });
            }
        }
        for &(a, b, lod) in &self.pairs {
            let prior = if a == b { selfed + each[0] } else { crossed + each[0] + each[1] + double };
            out.push(Explanation { parents: [Some(a), Some(b)], weight: prior + lod });
        }
        let most = out.iter().map(|own| own.weight).fold(f64::NEG_INFINITY, f64::max);
        out.iter_mut().for_each(|own| own.weight = (own.weight - most).exp());
        // What weighs less changes no odds that anybody would act on.
        out.retain(|own| own.weight > 1e-30);
        out
    }

    /// The likeliest candidate of each role, given what is known before.
    pub(crate) fn choose(&self, prior: &Prior) -> [Option<Choice>; 2] {
        let all = self.explanations(prior);
        if self.is_pool {
            return choose_of_pool(&all);
        }
        [0, 1].map(|role| {
            let ranking = ranked(all.iter().filter_map(|own| Some((own.parents[role]?, own.weight))));
            let nobody = sum(&all, |own| own.parents[role].is_none());
            choice(&all, &ranking, nobody)
        })
    }

    /// How many of this offspring's parents of each role are expected among the candidates (the step of expectation in
    /// estimating their shares); `None` for a role that is not searched.
    pub(crate) fn expected_sampled(&self, prior: &Prior) -> [Option<f64>; 2] {
        let all = self.explanations(prior);
        let everything = sum(&all, |_| true);
        [0, 1].map(|role| {
            if self.sizes[role] == 0 || self.given[role] {
                return None;
            }
            let found = |own: &Explanation| match (self.is_pool, own.parents[role]) {
                (true, _) => own.parents.iter().flatten().count() as f64 / 2.0,
                (false, Some(_)) => 1.0,
                (false, None) => 0.0,
            };
            Some(all.iter().map(|own| found(own) * own.weight).sum::<f64>() / everything)
        })
    }
}

/// Sum of the weights of some explanations.
fn sum(all: &[Explanation], keep: impl Fn(&Explanation) -> bool) -> f64 {
    all.iter().filter(|own| keep(own)).map(|own| own.weight).sum()
}

/// Candidates by the sum of their weights, heaviest first.
fn ranked(weights: impl Iterator<Item = (u32, f64)>) -> Vec<(u32, f64)> {
    let mut out: Vec<(u32, f64)> = weights.collect();
    out.sort_by_key(|own| own.0);
    out.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        kept.1 += if is_same { next.1 } else { 0.0 };
        is_same
    });
    out.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    out
}

/// Logarithm of a ratio of weights, kept finite.
fn log_ratio(above: f64, below: f64) -> f64 {
    (above.max(1e-300) / below.max(1e-30)).ln()
}

/// The first of a ranking, and how it stands against the others.
fn choice(all: &[Explanation], ranking: &[(u32, f64)], nobody: f64) -> Option<Choice> {
    let &(candidate, weight) = ranking.first()?;
    let second = ranking.get(1).copied();
    let others = sum(all, |own| !own.has(candidate));
    let either = second.map_or(log_ratio(weight, others), |(next, _)| {
        let neither = sum(all, |own| !own.has(candidate) && !own.has(next));
        log_ratio(sum(all, |_| true) - neither, neither)
    });
    Some(Choice {
        candidate,
        log_odds: log_ratio(weight, others),
        second: second.map(|own| own.0),
        delta: second.map(|own| log_ratio(weight, own.1)),
        either,
        nobody: nobody / sum(all, |_| true),
    })
}

/// Both parents of one pool: the likeliest candidate, and the likeliest beside it (itself, if selfing says so).
fn choose_of_pool(all: &[Explanation]) -> [Option<Choice>; 2] {
    let mentions = |own: &Explanation| {
        let [a, b] = own.parents;
        [a, b.filter(|_| a != b)]
            .into_iter()
            .flatten()
            .map(|candidate| (candidate, own.weight))
            .collect::<Vec<_>>()
    };
    let ranking = ranked(all.iter().flat_map(mentions));
    let Some(&(first, _)) = ranking.first() else { return [None; 2] };
    let known = |own: &Explanation| own.parents.iter().flatten().count();
    let alone = sum(all, |own| known(own) < 2);
    let is_self = |own: &Explanation| own.parents == [Some(first); 2];
    let selfed = sum(all, is_self);
    if selfed > ranking.get(1).map_or(0.0, |own| own.1) {
        let log_odds = log_ratio(selfed, sum(all, |own| !is_self(own)));
        let twice = Choice {
            candidate: first,
            log_odds,
            second: ranking.get(1).map(|own| own.0),
            delta: ranking.get(1).map(|own| log_ratio(selfed, own.1)),
            either: log_odds,
            nobody: alone / sum(all, |_| true),
        };
        return [choice(all, &ranking, sum(all, |own| known(own) == 0)), Some(twice)];
    }
    // The partner does not contend with the first.
    let partner = choice(all, &ranking[1..], alone);
    let without: Vec<(u32, f64)> =
        ranking.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, own)| *own).collect();
    [choice(all, &without, sum(all, |own| known(own) == 0)), partner]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(pairs: Vec<(u32, u32, f64)>) -> Evidence {
        let single = |candidate, lod| Single { candidate, lod };
        Evidence {
            singles: [vec![single(0, 5.0), single(1, 1.0)], vec![single(2, 4.0)]],
            pairs,
            sizes: [10, 10],
            given: [false; 2],
            is_pool: false,
        }
    }

    #[test]
    fn a_pair_that_fits_decides() {
        let prior = Prior { sampled: [0.9; 2], given: 0.98, selfing: 0.0 };
        let alone = evidence(Vec::new()).choose(&prior);
        assert_eq!(alone[0].unwrap().candidate, 0);
        let paired = evidence(vec![(1, 2, 20.0), (0, 2, 6.0)]).choose(&prior);
        assert_eq!((paired[0].unwrap().candidate, paired[1].unwrap().candidate), (1, 2));
        assert!(paired[0].unwrap().log_odds > 10.0);
        assert!((paired[0].unwrap().delta.unwrap() - 13.6).abs() < 0.2);
    }

    #[test]
    fn odds_are_those_of_bayes() {
        let prior = Prior { sampled: [0.5, 0.0], given: 0.98, selfing: 0.0 };
        let own = Evidence {
            singles: [vec![Single { candidate: 7, lod: 3.0 }], Vec::new()],
            sizes: [4, 0],
            ..Evidence::default()
        };
        let choice = own.choose(&prior)[0].unwrap();
        assert!((choice.log_odds - (3.0 + (0.125f64 / 0.5).ln())).abs() < 1e-9);
        let nobody = 0.5 / (0.5 + 0.125 * 3f64.exp());
        assert!((choice.nobody - nobody).abs() < 1e-9);
        assert!((own.expected_sampled(&prior)[0].unwrap() - (1.0 - nobody)).abs() < 1e-9);
    }

    #[test]
    fn selfs_of_a_pool_have_one_parent_twice() {
        let prior = Prior { sampled: [0.9; 2], given: 0.98, selfing: 0.1 };
        let own = Evidence {
            singles: [vec![Single { candidate: 3, lod: 9.0 }, Single { candidate: 4, lod: 0.0 }], Vec::new()],
            pairs: vec![(3, 3, 25.0), (3, 4, 8.0)],
            sizes: [10, 10],
            given: [false; 2],
            is_pool: true,
        };
        let chosen = own.choose(&prior);
        assert_eq!((chosen[0].unwrap().candidate, chosen[1].unwrap().candidate), (3, 3));
        assert!(chosen[1].unwrap().log_odds > 5.0);
    }
}
