//! How likely two calls of one marker are, under "one genotype" and under relationships, against "unrelated".
//!
//! The genotype G of a variety has the frequency π(G) of the library. A call is right with probability 1 − e; a quarter
//! of the errors take a neighbouring genotype (one copy more or less; a heterozygote that loses an allele), the rest
//! any other genotype. Two varieties share a genotype, one gamete or nothing at a marker with the probabilities
//! k2, k1 and k0 of their relationship (Thompson 1975); fixed sister lines share all or nothing, so for them k1 is 0.

use super::marker::{Genotypes, MISSING, MarkerRow};

/// Share of the errors that take a neighbouring genotype.
const NEIGHBOUR: f64 = 0.25;
/// Weight, in samples, of Hardy-Weinberg proportions beside the counts of the library.
const PRIOR_SAMPLES: f64 = 2.0;
/// Errors of a poor sample in multiples of the usual rate.
const POOR: f64 = 3.0;
/// Number of hypotheses whose likelihoods are kept: one genotype, at the usual and at a poor sample's error, and
/// the relationships.
pub(crate) const HYPOTHESES: usize = 2 + RELATIONS.len();
/// Markers of at most so many genotypes have their likelihoods in a table.
const TABLED: usize = 16;

/// A relationship between two varieties.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relation {
    /// Its name.
    pub name: &'static str,
    /// Probabilities that nothing, one gamete, or the genotype is shared.
    pub shared: [f64; 3],
}

const fn relation(name: &'static str, shared: [f64; 3]) -> Relation {
    Relation { name, shared }
}

/// The relationships that "none of these" allows for beside "unrelated".
pub const RELATIONS: [Relation; 14] = [
    relation("half sib", [0.5, 0.5, 0.0]),
    relation("parent or offspring", [0.0, 1.0, 0.0]),
    relation("full sib", [0.25, 0.5, 0.25]),
    relation("line that shares a quarter", [0.75, 0.0, 0.25]),
    relation("sister line", [0.5, 0.0, 0.5]),
    relation("line that shares 60%", [0.4, 0.0, 0.6]),
    relation("line that shares 68%", [0.32, 0.0, 0.68]),
    relation("line that shares three quarters", [0.25, 0.0, 0.75]),
    relation("line that shares 82%", [0.18, 0.0, 0.82]),
    relation("line that shares 88%", [0.12, 0.0, 0.88]),
    relation("line that shares 92%", [0.08, 0.0, 0.92]),
    relation("line that shares 95%", [0.05, 0.0, 0.95]),
    relation("line that shares 97%", [0.03, 0.0, 0.97]),
    relation("line that shares 98.5%", [0.015, 0.0, 0.985]),
];

/// The likelihood ratios of a marker.
pub(crate) struct MarkerModel<'a> {
    genotypes: &'a Genotypes,
    kind: Kind,
    /// Frequencies: of genotypes for dosages, of alleles for lists.
    frequencies: Vec<f64>,
    /// Inbreeding, for lists.
    inbreeding: f64,
    error: f64,
    /// Probabilities of a call (row) given the genotype (column), and of each call, for dosages.
    calls: Vec<f64>,
    margins: Vec<f64>,
}

enum Kind {
    /// For each pair of codes (query × classes + library), the logarithms of all hypotheses, and the plain ratio
    /// of one gamete shared.
    Table(Vec<[f32; HYPOTHESES]>),
    Direct,
}

/// Likelihood ratios of a pair of calls: one genotype, one genotype with poor calls, one gamete shared.
type Ratios = [f64; 3];

impl<'a> MarkerModel<'a> {
    /// The model of a marker at the error rate `error`, with the frequencies that its library samples show.
    pub(crate) fn new(row: &'a MarkerRow, error: f64) -> Self {
        let genotypes = &row.genotypes;
        let (frequencies, inbreeding) = frequencies(row);
        let (calls, margins) = (Vec::new(), Vec::new());
        let kind = Kind::Direct;
        let mut model = Self { genotypes, kind, frequencies, inbreeding, error, calls, margins };
        if !matches!(genotypes, Genotypes::Lists { .. }) {
            model.calls = model.calls(error);
            model.margins = model.margins(&model.calls);
        }
        let classes = genotypes.classes();
        if classes <= TABLED {
            let ratios = model.all_ratios();
            model.kind = Kind::Table(ratios.iter().map(hypotheses).collect());
        }
        model
    }

    /// Logarithms of the likelihood ratios of two calls under each hypothesis; zeros if either is missing.
    pub(crate) fn logarithms(&self, query: u16, library: u16) -> [f32; HYPOTHESES] {
        if query == MISSING || library == MISSING {
            return [0.0; HYPOTHESES];
        }
        match &self.kind {
            Kind::Table(table) => table[usize::from(query) * self.genotypes.classes() + usize::from(library)],
            Kind::Direct => hypotheses(&self.ratios_of_lists(usize::from(query), usize::from(library))),
        }
    }

    /// Logarithm of the likelihood of a call of a mixture or cross of two library samples over that of a sample
    /// that is unrelated; 0 if any call is missing.
    pub(crate) fn mixture(&self, query: u16, (a, b): (u16, u16)) -> f64 {
        if query == MISSING || a == MISSING || b == MISSING {
            return 0.0;
        }
        let error = (2.0 * self.error).min(0.5);
        let ratio = match self.genotypes {
            Genotypes::Lists { lists, ploidy, .. } => {
                let at = |code: u16| &lists[usize::from(code)][..];
                let of_query = self.frequency_of_list(at(query));
                united(at(query), (at(a), at(b)), *ploidy) / of_query
            }
            _ => {
                let n = self.frequencies.len();
                let shares = blended(n - 1, (usize::from(a), usize::from(b)));
                let q = usize::from(query);
                let chance: f64 = shares.iter().map(|&(g, share)| share * self.calls[q * n + g]).sum();
                chance / self.margins[q]
            }
        };
        ((1.0 - error) * ratio + error).ln()
    }

    /// Probability that two calls of one variety differ, averaged over varieties.
    pub(crate) fn mismatch(&self, error: f64) -> f64 {
        let right = match self.genotypes {
            Genotypes::Lists { .. } => {
                // A wrong call seldom agrees with another.
                return 1.0 - (1.0 - error).powi(2);
            }
            _ => {
                let calls = self.calls(error);
                let n = self.frequencies.len();
                (0..n)
                    .map(|g| self.frequencies[g] * (0..n).map(|o| calls[o * n + g].powi(2)).sum::<f64>())
                    .sum::<f64>()
            }
        };
        1.0 - right
    }

    /// Probabilities of a call (row) given the genotype (column), for dosages.
    fn calls(&self, error: f64) -> Vec<f64> {
        let n = self.frequencies.len();
        let mut out = vec![0.0; n * n];
        for genotype in 0..n {
            for call in 0..n {
                let mut chance = error * (1.0 - NEIGHBOUR) / (n - 1).max(1) as f64;
                if call == genotype {
                    chance = 1.0 - error;
                } else if call.abs_diff(genotype) == 1 {
                    let neighbours = if genotype == 0 || genotype == n - 1 { 1.0 } else { 2.0 };
                    chance += error * NEIGHBOUR / neighbours;
                }
                out[call * n + genotype] = chance;
            }
        }
        out
    }

    fn all_ratios(&self) -> Vec<Ratios> {
        let classes = self.genotypes.classes();
        if matches!(self.genotypes, Genotypes::Lists { .. }) {
            return (0..classes * classes)
                .map(|pair| self.ratios_of_lists(pair / classes, pair % classes))
                .collect();
        }
        let usual = self.same_of_dosages(self.error);
        let poor = self.same_of_dosages((self.error * POOR).min(0.3));
        let gamete = self.gamete_of_dosages(&usual);
        (0..classes * classes).map(|pair| [usual[pair], poor[pair], gamete[pair]]).collect()
    }

    /// Ratios of one genotype: Σ π(G) P(Q|G) P(L|G) over P(Q) P(L).
    fn same_of_dosages(&self, error: f64) -> Vec<f64> {
        let n = self.frequencies.len();
        let calls = self.calls(error);
        let margin = self.margins(&calls);
        let joint = |q: usize, l: usize| -> f64 {
            (0..n).map(|g| self.frequencies[g] * calls[q * n + g] * calls[l * n + g]).sum()
        };
        (0..n * n).map(|pair| joint(pair / n, pair % n) / (margin[pair / n] * margin[pair % n])).collect()
    }

    fn margins(&self, calls: &[f64]) -> Vec<f64> {
        let n = self.frequencies.len();
        (0..n).map(|call| (0..n).map(|g| self.frequencies[g] * calls[call * n + g]).sum()).collect()
    }

    /// Ratios of one gamete shared: half the chromosomes of one are drawn from the other's, the rest at random.
    fn gamete_of_dosages(&self, same: &[f64]) -> Vec<f64> {
        let n = self.frequencies.len();
        let ploidy = n - 1;
        if ploidy % 2 == 1 {
            return same.iter().map(|ratio| 0.5 + 0.5 * ratio).collect();
        }
        let half = ploidy / 2;
        let second: f64 =
            self.frequencies.iter().enumerate().map(|(g, share)| share * g as f64 / ploidy as f64).sum();
        let other: Vec<f64> = (0..=half)
            .map(|k| choose(half, k) * second.powi(k as i32) * (1.0 - second).powi((half - k) as i32))
            .collect();
        // Probability of genotype `to` of the one given genotype `from` of the other.
        let passed = |from: usize, to: usize| -> f64 {
            (0..=half.min(to).min(from))
                .filter(|&k| to - k <= half && half - k <= ploidy - from)
                .map(|k| {
                    choose(from, k) * choose(ploidy - from, half - k) / choose(ploidy, half) * other[to - k]
                })
                .sum()
        };
        let calls = self.calls(self.error);
        let margin = self.margins(&calls);
        let mut out = vec![0.0; n * n];
        for library in 0..n {
            let mut true_genotype = vec![0.0; n];
            for from in 0..n {
                let weight = self.frequencies[from] * calls[library * n + from] / margin[library];
                (0..n).for_each(|to| true_genotype[to] += weight * passed(from, to));
            }
            for query in 0..n {
                let chance: f64 = (0..n).map(|g| true_genotype[g] * calls[query * n + g]).sum();
                out[query * n + library] = chance / margin[query];
            }
        }
        out
    }

    /// Frequency of a list of alleles: inbreeding for diploids, else random union.
    fn frequency_of_list(&self, list: &[u8]) -> f64 {
        let p = |allele: u8| self.frequencies[usize::from(allele)];
        match list {
            [a, b] if a == b => p(*a) * (self.inbreeding + (1.0 - self.inbreeding) * p(*a)),
            [a, b] => 2.0 * (1.0 - self.inbreeding) * p(*a) * p(*b),
            list => {
                let mut orders = 1.0;
                let mut run = 0.0;
                for (place, allele) in list.iter().enumerate() {
                    run = if place > 0 && list[place - 1] == *allele { run + 1.0 } else { 1.0 };
                    orders *= (place + 1) as f64 / run;
                }
                orders * list.iter().map(|&allele| p(allele)).product::<f64>()
            }
        }
        .max(1e-9)
    }

    fn ratios_of_lists(&self, query: usize, library: usize) -> Ratios {
        let Genotypes::Lists { lists, ploidy, .. } = self.genotypes else { return [1.0; 3] };
        let (q, l) = (&lists[query][..], &lists[library][..]);
        let (of_q, of_l) = (self.frequency_of_list(q), self.frequency_of_list(l));
        let is_diploid = *ploidy == Some(2);
        let lost = |from: &[u8], to: &[u8]| {
            let is_lost = from[0] != from[1] && to[0] == to[1] && from.contains(&to[0]);
            if is_diploid && is_lost { 0.5 } else { 0.0 }
        };
        let same = |error: f64| {
            let neighbour = if is_diploid { error * NEIGHBOUR } else { 0.0 };
            let right = 1.0 - error;
            let equal = if query == library { right * right / of_q } else { 0.0 };
            let dropped = right * neighbour * (lost(l, q) / of_q + lost(q, l) / of_l);
            // What is left of the probability is two draws that have nothing to do with each other.
            let rest = 1.0 - right * right - 2.0 * right * neighbour * (1.0 - self.homozygosity());
            equal + dropped + rest.max(error * 0.25)
        };
        let (usual, poor) = (same(self.error), same((self.error * POOR).min(0.3)));
        let gamete = if is_diploid {
            let p = |allele: u8| self.frequencies[usize::from(allele)];
            let passed = |allele: u8| match (q[0] == allele, q[1] == allele) {
                (true, true) => p(allele),
                (true, false) => p(q[1]),
                (false, true) => p(q[0]),
                (false, false) => 0.0,
            };
            let right = (1.0 - self.error).powi(2);
            right * 0.5 * (passed(l[0]) + passed(l[1])) / of_q + 1.0 - right
        } else {
            0.5 + 0.5 * usual
        };
        [usual, poor, gamete]
    }

    fn homozygosity(&self) -> f64 {
        let square: f64 = self.frequencies.iter().map(|p| p * p).sum();
        self.inbreeding + (1.0 - self.inbreeding) * square
    }
}

/// Genotypes that a mixture of two seed lots or a cross of the two shows, with their shares, by copies of the
/// second allele. Two heterozygotes blend to a heterozygote and cross to one half of the time: in between.
fn blended(ploidy: usize, (a, b): (usize, usize)) -> Vec<(usize, f64)> {
    let twice = a + b;
    match (twice % 2, twice / 2) {
        (0, 0) => vec![(0, 1.0)],
        (0, middle) if middle == ploidy => vec![(ploidy, 1.0)],
        (0, middle) if a.abs_diff(b) == ploidy => vec![(middle, 1.0)],
        (0, middle) => vec![(middle - 1, 0.125), (middle, 0.75), (middle + 1, 0.125)],
        (_, below) => vec![(below, 0.5), (below + 1, 0.5)],
    }
}

/// Probability of a list of alleles from a cross of two, one gamete of each (diploids), or as the alleles of both.
fn united(query: &[u8], (a, b): (&[u8], &[u8]), ploidy: Option<u8>) -> f64 {
    if ploidy != Some(2) {
        let mut all: Vec<u8> = a.iter().chain(b).copied().collect();
        all.sort_unstable();
        all.dedup();
        let mut own = query.to_vec();
        own.dedup();
        return f64::from(u8::from(all == own));
    }
    let pairs = a.iter().flat_map(|&x| b.iter().map(move |&y| [x.min(y), x.max(y)]));
    pairs.filter(|pair| pair[..] == *query).count() as f64 / 4.0
}

/// Logarithms of all hypotheses from the ratios.
fn hypotheses(ratios: &Ratios) -> [f32; HYPOTHESES] {
    let [usual, poor, gamete] = *ratios;
    let mut out = [0.0; HYPOTHESES];
    out[0] = usual.ln() as f32;
    out[1] = poor.ln() as f32;
    for (to, Relation { shared, .. }) in out[2..].iter_mut().zip(&RELATIONS) {
        *to = (shared[0] + shared[1] * gamete + shared[2] * usual).ln() as f32;
    }
    out
}

/// Frequencies of genotypes (dosages) or alleles (lists) in the library, and the inbreeding, for lists.
fn frequencies(row: &MarkerRow) -> (Vec<f64>, f64) {
    match &row.genotypes {
        Genotypes::Lists { alleles, ploidy, lists } => of_lists(row, *alleles, *ploidy, lists),
        genotypes => {
            let mut counts = vec![0.0; genotypes.classes()];
            for &code in row.library.iter().filter(|&&code| code != MISSING) {
                counts[usize::from(code)] += 1.0;
            }
            let ploidy = counts.len() - 1;
            let called: f64 = counts.iter().sum();
            let second: f64 =
                counts.iter().enumerate().map(|(g, n)| g as f64 * n).sum::<f64>() / ploidy as f64;
            let p = (second + 0.5) / (called + 1.0);
            let expected =
                |g: usize| choose(ploidy, g) * p.powi(g as i32) * (1.0 - p).powi((ploidy - g) as i32);
            let share = |g: usize| (counts[g] + PRIOR_SAMPLES * expected(g)) / (called + PRIOR_SAMPLES);
            ((0..counts.len()).map(share).collect(), 0.0)
        }
    }
}

fn of_lists(row: &MarkerRow, alleles: usize, ploidy: Option<u8>, lists: &[Box<[u8]>]) -> (Vec<f64>, f64) {
    let mut counts = vec![0.0; alleles];
    let (mut called, mut homozygous) = (0.0, 0.0);
    for &code in row.library.iter().filter(|&&code| code != MISSING) {
        let list = &lists[usize::from(code)];
        list.iter().for_each(|&allele| counts[usize::from(allele)] += 1.0 / list.len() as f64);
        called += 1.0;
        homozygous += f64::from(u8::from(list.first() == list.last()));
    }
    let share: Vec<f64> = counts.iter().map(|n| (n + 1.0 / alleles as f64) / (called + 1.0)).collect();
    let expected: f64 = share.iter().map(|p| p * p).sum();
    let inbreeding = match ploidy {
        Some(2) if called > 0.0 && expected < 1.0 => {
            ((homozygous / called - expected) / (1.0 - expected)).clamp(0.0, 0.99)
        }
        _ => 0.0,
    };
    (share, inbreeding)
}

pub(crate) fn choose(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dosage_row(ploidy: u8, counts: &[usize]) -> MarkerRow {
        let library = counts.iter().zip(0u16..).flat_map(|(&n, code)| std::iter::repeat_n(code, n)).collect();
        MarkerRow { variant: 0, genotypes: Genotypes::Dosage { ploidy }, library, queries: vec![] }
    }

    /// Under every hypothesis the probabilities of the query's calls, given the library's, add up to one.
    #[test]
    fn ratios_are_of_proper_probabilities() {
        for (ploidy, counts) in [(2, vec![50, 20, 30]), (4, vec![5, 9, 30, 10, 4]), (1, vec![30, 20])] {
            let row = dosage_row(ploidy, &counts);
            let model = MarkerModel::new(&row, 0.02);
            let margin = model.margins(&model.calls(0.02));
            let n = counts.len();
            for library in 0..n {
                for h in (0..HYPOTHESES).filter(|&h| h != 1) {
                    let sum: f64 = (0..n)
                        .map(|q| {
                            let ratio = f64::from(model.logarithms(q as u16, library as u16)[h]).exp();
                            margin[q] * ratio
                        })
                        .sum();
                    assert!((sum - 1.0).abs() < 1e-5, "ploidy {ploidy}, hypothesis {h}: {sum}");
                }
            }
        }
    }

    #[test]
    fn equal_calls_speak_for_one_genotype_and_opposite_ones_against() {
        let row = dosage_row(2, &[40, 20, 40]);
        let model = MarkerModel::new(&row, 0.01);
        assert!(model.logarithms(0, 0)[0] > 0.5);
        assert!(model.logarithms(0, 2)[0] < model.logarithms(0, 1)[0]);
        assert!(model.logarithms(0, 1)[0] < -2.0);
        assert_eq!(model.logarithms(MISSING, 1), [0.0; HYPOTHESES]);
    }

    #[test]
    fn microsatellites_have_proper_probabilities_too() {
        let lists: Vec<Box<[u8]>> =
            [[0, 0], [0, 1], [1, 1], [0, 2], [1, 2], [2, 2]].iter().map(|l| l.to_vec().into()).collect();
        let library = [9, 20, 10, 12, 11, 4].iter().zip(0u16..).flat_map(|(&n, c)| std::iter::repeat_n(c, n));
        let row = MarkerRow {
            variant: 0,
            library: library.collect(),
            genotypes: Genotypes::Lists { alleles: 3, ploidy: Some(2), lists: lists.clone() },
            queries: vec![],
        };
        let model = MarkerModel::new(&row, 0.02);
        for library in 0..6u16 {
            for h in [0, 3, 4] {
                let sum: f64 = (0..6u16)
                    .map(|q| {
                        let ratio = f64::from(model.logarithms(q, library)[h]).exp();
                        model.frequency_of_list(&lists[usize::from(q)]) * ratio
                    })
                    .sum();
                assert!((sum - 1.0).abs() < 0.03, "{library} {h}: {sum}");
            }
        }
    }
}
