//! What an offspring has, given its parents: chances of genotypes at one variant, and their logarithms for scoring.
//!
//! Chromosomes pair at random (polysomic inheritance) and gametes carry half of the copies, without double reduction.
//! An unknown parent's gamete is drawn from the allele frequency. A stated share of the calls is wrong; a wrong call is any
//! other genotype, all alike, and the genotype behind a call is summed over. (Kalinowski et al. 2007, Molecular Ecology
//! 16:1099, draw such calls from the population instead, by which some stay right.)

/// Chances at any variant of one ploidy.
#[derive(Clone, Debug)]
pub(crate) struct Inheritance {
    ploidy: usize,
    /// For each dosage of a parent, the chance of each dosage of its gamete.
    gametes: Vec<Vec<f64>>,
    /// Share of the heterozygosity of the cross that is left after selfing; 1 without selfing.
    kept: f64,
    /// Share of the calls that are wrong.
    error: f64,
}

/// Chances of an offspring's dosage at one variant.
struct Chances {
    /// Of an unrelated individual: [offspring].
    base: Vec<f64>,
    /// Of the offspring of one known parent: [offspring][parent].
    one: Vec<Vec<f64>>,
}

/// Logarithms of likelihood ratios against an unrelated individual, at all variants. The code of a missing call is
/// [`Scores::missing`]; whoever lacks a call adds nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores {
    /// Codes of a call: the dosages, and missing.
    states: usize,
    /// Of one parent and an unknown one: [variant][offspring][parent].
    one: Vec<f32>,
    /// Of two parents: [variant][offspring][first][second].
    two: Vec<f32>,
    /// The chance at each variant that a true parent and its offspring mismatch by error; likewise of two parents.
    pub(crate) stray: Vec<[f64; 2]>,
}

impl Scores {
    /// Codes of a call, the missing one included.
    pub(crate) fn states(&self) -> usize {
        self.states
    }

    /// The code of a dosage.
    pub(crate) fn code(&self, dosage: u8) -> usize {
        usize::from(dosage).min(self.states - 1)
    }

    /// Puts the scores of each candidate's code as the only known parent of an offspring into `out`: variants × states.
    pub(crate) fn single_table(&self, offspring: &[u8], out: &mut Vec<f32>) {
        let size = self.states * self.states;
        out.clear();
        for (variant, &own) in offspring.iter().enumerate() {
            let start = variant * size + self.code(own) * self.states;
            out.extend_from_slice(&self.one[start..start + self.states]);
        }
    }

    /// The log-likelihood ratio of a candidate by the offspring's [`Scores::single_table`].
    pub(crate) fn single(&self, table: &[f32], candidate: &[u8]) -> f64 {
        let rows = table.chunks_exact(self.states).zip(candidate);
        rows.map(|(row, &code)| f64::from(row[self.code(code)])).sum()
    }

    /// The log-likelihood ratio of two parents.
    pub(crate) fn pair(&self, offspring: &[u8], first: &[u8], second: &[u8]) -> f64 {
        let size = self.states.pow(3);
        let mut sum = 0.0;
        for (variant, ((&own, &a), &b)) in offspring.iter().zip(first).zip(second).enumerate() {
            let place = (self.code(own) * self.states + self.code(a)) * self.states + self.code(b);
            sum += f64::from(self.two[variant * size + place]);
        }
        sum
    }
}

fn choose(n: usize, k: usize) -> f64 {
    if k > n {
        return 0.0;
    }
    (0..k).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64)
}

/// Sum of two independent dosages.
fn sum_of(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += x * y;
        }
    }
    out
}

impl Inheritance {
    /// `selfings` counts the generations of selfing between the cross and the offspring, for diploids; infinity for
    /// doubled haploids; `error` is the share of the calls that are wrong.
    pub(crate) fn new(ploidy: u8, selfings: f64, error: f64) -> Self {
        let ploidy = usize::from(ploidy);
        let half = ploidy / 2;
        let gamete = |d: usize| {
            (0..=half)
                .map(|g| {
                    if g <= d {
                        choose(d, g) * choose(ploidy - d, half - g) / choose(ploidy, half)
                    } else {
                        0.0
                    }
                })
                .collect()
        };
        Self { ploidy, gametes: (0..=ploidy).map(gamete).collect(), kept: 0.5f64.powf(selfings), error }
    }

    /// Whether the offspring are lines selfed down from their cross.
    pub(crate) fn is_of_lines(&self) -> bool {
        self.kept < 1.0
    }

    /// The gametes of a parent of a dosage: the chance of each dosage.
    pub(crate) fn gamete(&self, dosage: u8) -> &[f64] {
        &self.gametes[usize::from(dosage)]
    }

    /// Share of heterozygosity that selfing leaves.
    pub(crate) fn kept(&self) -> f64 {
        self.kept
    }

    /// The gametes of an unknown parent, where the counted allele has the frequency `p`.
    pub(crate) fn unknown_gamete(&self, p: f64) -> Vec<f64> {
        let half = self.ploidy / 2;
        (0..=half).map(|g| choose(half, g) * p.powi(g as i32) * (1.0 - p).powi((half - g) as i32)).collect()
    }

    /// Takes the heterozygosity that selfing takes (diploids alone).
    fn selfed(&self, mut chances: Vec<f64>) -> Vec<f64> {
        if let ([none, one, two], true) = (chances.as_mut_slice(), self.is_of_lines()) {
            let lost = *one * (1.0 - self.kept);
            (*none, *one, *two) = (*none + lost / 2.0, *one - lost, *two + lost / 2.0);
        }
        chances
    }

    fn chances(&self, p: f64) -> Chances {
        let unknown = self.unknown_gamete(p);
        let base = self.selfed(sum_of(&unknown, &unknown));
        let by_parent: Vec<Vec<f64>> =
            self.gametes.iter().map(|gamete| self.selfed(sum_of(gamete, &unknown))).collect();
        let one = (0..=self.ploidy).map(|o| by_parent.iter().map(|chances| chances[o]).collect()).collect();
        Chances { base, one }
    }

    /// The chance of each genotype of an unrelated individual.
    pub(crate) fn base(&self, p: f64) -> Vec<f64> {
        self.chances(p).base
    }

    /// The chance of a call given the genotype.
    fn called(&self, call: usize, genotype: usize) -> f64 {
        if call == genotype { 1.0 - self.error } else { self.error / self.ploidy as f64 }
    }

    /// The call of a genotype, by a number from 0 to below 1.
    pub(crate) fn call(&self, genotype: u8, unit: f64) -> u8 {
        if unit >= self.error {
            return genotype;
        }
        let other = ((unit / self.error * self.ploidy as f64) as usize).min(self.ploidy - 1) as u8;
        if other < genotype { other } else { other + 1 }
    }

    /// The chance of each genotype behind each call of an individual that genotypes of these chances are drawn for:
    /// [call][genotype].
    pub(crate) fn behind(&self, base: &[f64]) -> Vec<Vec<f64>> {
        let row = |call: usize| {
            let joint =
                base.iter().enumerate().map(|(genotype, chance)| chance * self.called(call, genotype));
            let joint: Vec<f64> = joint.collect();
            let total: f64 = joint.iter().sum();
            if total > 0.0 { joint.iter().map(|own| own / total).collect() } else { base.to_vec() }
        };
        (0..=self.ploidy).map(row).collect()
    }

    /// Chances of calls from chances of genotypes.
    fn seen(&self, genotypes: &[f64]) -> Vec<f64> {
        let chance =
            |call: usize| genotypes.iter().enumerate().map(|(g, own)| own * self.called(call, g)).sum();
        (0..=self.ploidy).map(chance).collect()
    }

    /// The scores at variants whose counted alleles have these frequencies, none of them 0 or 1.
    pub(crate) fn scores(&self, frequencies: &[f64]) -> Scores {
        let states = self.ploidy + 2;
        let mut out = Scores { states, ..Scores::default() };
        let crosses: Vec<Vec<Vec<f64>>> = self
            .gametes
            .iter()
            .map(|a| self.gametes.iter().map(|b| self.selfed(sum_of(a, b))).collect())
            .collect();
        for &p in frequencies {
            let marker = self.marker(p, &crosses);
            let missing = states - 1;
            let single = |o: usize, a: usize| match (o, a) {
                (o, a) if o == missing || a == missing => 1.0,
                (o, a) => marker.one[a][o] / marker.seen[o],
            };
            let pair = |o: usize, a: usize, b: usize| match (o, a, b) {
                (o, a, b) if o == missing || a == missing || b == missing => {
                    single(o, if a == missing { b } else { a })
                }
                (o, a, b) => marker.two[a][b][o] / marker.seen[o],
            };
            for o in 0..states {
                for a in 0..states {
                    out.one.push(single(o, a).ln() as f32);
                    out.two.extend((0..states).map(|b| pair(o, a, b).ln() as f32));
                }
            }
            out.stray.push(self.stray(&marker, &crosses));
        }
        out
    }

    /// The chances of calls at a variant.
    fn marker(&self, p: f64, crosses: &[Vec<Vec<f64>>]) -> MarkerChances {
        let Chances { base, one } = self.chances(p);
        let behind = self.behind(&base);
        let calls = 0..=self.ploidy;
        // Of the offspring's genotype, over the genotypes behind a parent's call.
        let mixed = |weights: &[f64], of: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
            (0..=self.ploidy)
                .map(|o| weights.iter().enumerate().map(|(g, own)| own * of(g, o)).sum())
                .collect()
        };
        let single = |a: usize| self.seen(&mixed(&behind[a], &|g, o| one[o][g]));
        // First over the genotypes of one parent, then over those of the other.
        let half: Vec<Vec<Vec<f64>>> = calls
            .clone()
            .map(|a| calls.clone().map(|other| mixed(&behind[a], &|g, o| crosses[g][other][o])).collect())
            .collect();
        let pair = |a: usize, b: usize| self.seen(&mixed(&behind[b], &|g, o| half[a][g][o]));
        MarkerChances {
            seen: self.seen(&base),
            one: calls.clone().map(single).collect(),
            two: calls.clone().map(|a| calls.clone().map(|b| pair(a, b)).collect()).collect(),
        }
    }

    /// The chance that the calls of a true parent, or of two, and of the offspring contradict each other.
    fn stray(&self, marker: &MarkerChances, crosses: &[Vec<Vec<f64>>]) -> [f64; 2] {
        let (mut single, mut pair) = (0.0, 0.0);
        for (a, with_a) in crosses.iter().enumerate() {
            for o in 0..=self.ploidy {
                let fits = with_a.iter().any(|cross| cross[o] > 0.0);
                single += if fits { 0.0 } else { marker.seen[a] * marker.one[a][o] };
                let misfits = (0..=self.ploidy).filter(|&b| with_a[b][o] == 0.0);
                let chances = misfits.map(|b| marker.seen[b] * marker.two[a][b][o]);
                pair += marker.seen[a] * chances.sum::<f64>();
            }
        }
        [single, pair]
    }
}

/// Chances of calls at one variant.
struct MarkerChances {
    /// Of an unrelated individual.
    seen: Vec<f64>,
    /// Of the offspring, given the call of one parent: [parent][offspring].
    one: Vec<Vec<f64>>,
    /// Given the calls of both: [first][second][offspring].
    two: Vec<Vec<Vec<f64>>>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn diploid_scores_are_those_of_the_book() {
        // Marshall et al. (1998): offspring AA, parent AA, no error: T / P = p / p² = 1 / p.
        let scores = Inheritance::new(2, 0.0, 0.0).scores(&[0.2]);
        let mut table = Vec::new();
        scores.single_table(&[2], &mut table);
        assert!((scores.single(&table, &[2]) - (1.0f64 / 0.2).ln()).abs() < 1e-6);
        assert!((scores.single(&table, &[1]) - (0.5f64 / 0.2).ln()).abs() < 1e-6);
        assert_eq!(scores.single(&table, &[0]), f64::NEG_INFINITY);
        assert_eq!(scores.single(&table, &[0xff]), 0.0);
        // AA × AB gives AA by half; an unrelated AA is p².
        assert!((scores.pair(&[2], &[2], &[1]) - (0.5f64 / 0.04).ln()).abs() < 1e-5);
        assert!((scores.pair(&[2], &[2], &[0xff]) - (1.0f64 / 0.2).ln()).abs() < 1e-6);
    }

    #[test]
    fn lines_of_unlike_parents_are_either() {
        let scores = Inheritance::new(2, f64::INFINITY, 0.0).scores(&[0.5]);
        // A doubled haploid of AA × BB is AA or BB by half, as is an unrelated line; a heterozygote is impossible.
        assert!(scores.pair(&[2], &[2], &[0]).abs() < 1e-6);
        assert!((scores.pair(&[2], &[2], &[2]) - 2.0f64.ln()).abs() < 1e-6);
        assert_eq!(scores.pair(&[2], &[0], &[0]), f64::NEG_INFINITY);
    }

    #[test]
    fn so_many_calls_are_wrong_as_stated() {
        let own = Inheritance::new(4, 0.0, 0.02);
        let calls: Vec<u8> = (0..10_000).map(|step| own.call(3, f64::from(step) / 10_000.0)).collect();
        let share = |call: u8| calls.iter().filter(|own| **own == call).count();
        assert_eq!([0, 1, 2, 3, 4].map(share), [50, 50, 50, 9800, 50]);
        // Of opposite homozygotes at even frequencies one call is wrong: either, by half of the error.
        let scores = Inheritance::new(2, 0.0, 0.01).scores(&[0.5]);
        assert!((scores.stray[0][0] - 0.005).abs() < 2e-4, "{:?}", scores.stray);
    }

    proptest! {
        #[test]
        fn chances_sum_to_one(half in 1u8..=4, p in 0.01f64..0.99, error in 0.0f64..0.2, selfings in 0u32..4) {
            let ploidy = 2 * half;
            let inheritance = Inheritance::new(ploidy, f64::from(selfings), error);
            let base = inheritance.seen(&inheritance.base(p));
            prop_assert!((base.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let scores = inheritance.scores(&[p]);
            for a in 0..=ploidy {
                // The ratio times the unrelated chance is a chance.
                let total: f64 = (0..=ploidy).map(|o| {
                    let mut table = Vec::new();
                    scores.single_table(&[o], &mut table);
                    scores.single(&table, &[a]).exp() * base[usize::from(o)]
                }).sum();
                prop_assert!((total - 1.0).abs() < 1e-4, "{}", total);
                for b in 0..=ploidy {
                    let total: f64 =
                        (0..=ploidy).map(|o| scores.pair(&[o], &[a], &[b]).exp() * base[usize::from(o)]).sum();
                    prop_assert!((total - 1.0).abs() < 1e-4, "{}", total);
                }
            }
        }
    }
}
