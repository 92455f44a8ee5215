//! Is it one genotype? How probable two calls of a locus are under "one genotype, called twice with error" and under
//! kinship, at any ploidy.
//!
//! A [`Locus`] holds the genotypes that were called and how often; [`Locus::table`] gives the joint probability of every
//! two calls under a [`Relation`]. What the calls of two samples say over all loci is weighed in [`weigh`]; differences
//! that come in stretches of the genome, as those of a backcross line do and those of errors do not, in [`segments`];
//! and the error rate is learnt from the data in [`learn`].
//!
//! The frequencies are those of the genotypes as called, not of Hardy-Weinberg proportions, so inbred lines, clones and
//! crosses need no inbreeding coefficient. A parent hands on half of its copies, drawn without replacement (no double
//! reduction); the other parent is drawn from the collection.

pub mod learn;
pub mod segments;
pub mod weigh;

/// How a laboratory errs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallError {
    /// Share of the calls that are wrong, from 0 to below 1.
    pub rate: f64,
    /// Share of the wrong calls that may be any other genotype. In the others one copy is taken for another allele.
    pub stray: f64,
}

impl CallError {
    /// Errors at a rate, of which one in ten strays.
    pub fn of(rate: f64) -> Self {
        Self { rate, stray: 0.1 }
    }
}

/// How the accessions came about, as far as kinship goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mating {
    /// Plants of two different gametes: clones, outcrossers, hybrids.
    Outbred,
    /// Lines: parent and offspring, and two lines of one cross, are equal at half of the loci, and else as unrelated.
    Inbred,
}

/// What two samples may be to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// One genotype.
    Same,
    /// Parent and offspring (of lines: a line and its parent).
    ParentOffspring,
    /// Full sibs (of lines: two lines of one cross).
    FullSibs,
    /// No kin.
    Unrelated,
}

/// A locus: the genotypes that were called, each as its alleles in ascending order, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Locus {
    ploidy: u8,
    genotypes: Vec<Box<[u8]>>,
    /// Share of the calls, summing to 1.
    frequencies: Vec<f64>,
    has_two_alleles: bool,
}

/// Joint probabilities of the calls of two samples: row and column are genotypes.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    size: usize,
    values: Vec<f64>,
}

/// Up to this many genotypes errors are summed over exactly; above it, to the first order.
const EXACT: usize = 16;

impl Table {
    fn new(size: usize, mut value: impl FnMut(usize, usize) -> f64) -> Self {
        let values = (0..size * size).map(|at| value(at / size, at % size)).collect();
        Self { size, values }
    }

    /// Number of genotypes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The probability of the calls `a` and `b` of two samples.
    pub fn get(&self, a: usize, b: usize) -> f64 {
        self.values[a * self.size + b]
    }

    /// The probability that the two calls are the same.
    pub fn agreement(&self) -> f64 {
        (0..self.size).map(|genotype| self.get(genotype, genotype)).sum()
    }

    /// A mixture: `1 − share` of this and `share` of the other.
    pub fn mixed(&self, other: &Self, share: f64) -> Self {
        let values = self.values.iter().zip(&other.values);
        Self { size: self.size, values: values.map(|(a, b)| a * (1.0 - share) + b * share).collect() }
    }

    fn symmetric(self) -> Self {
        Self::new(self.size, |a, b| (self.get(a, b) + self.get(b, a)) / 2.0)
    }

    /// What is seen of true genotypes of this joint probability.
    fn seen(self, locus: &Locus, error: &CallError) -> Self {
        let n = self.size;
        if error.rate <= 0.0 || n < 2 {
            return self;
        }
        if n > EXACT {
            let (kept, lost) = ((1.0 - error.rate).powi(2), 1.0 - (1.0 - error.rate).powi(2));
            return Self::new(n, |a, b| {
                kept * self.get(a, b) + lost * locus.frequencies[a] * locus.frequencies[b]
            });
        }
        let call = Self::new(n, |truth, call| locus.called(truth, call, error));
        let half = Self::new(n, |a, b| (0..n).map(|g| self.get(a, g) * call.get(g, b)).sum());
        Self::new(n, |a, b| (0..n).map(|g| call.get(g, a) * half.get(g, b)).sum())
    }
}

impl Locus {
    /// A locus of two alleles: `counts[d]` samples were called with `d` copies of the second, for 0 to the ploidy.
    /// A thousandth of a Hardy-Weinberg population is added, so that no genotype is impossible.
    pub fn of_dosages(counts: &[f64]) -> Self {
        let ploidy = counts.len().saturating_sub(1).max(1);
        let all: f64 = counts.iter().sum::<f64>().max(1e-9);
        let copies: f64 = counts.iter().enumerate().map(|(dosage, n)| dosage as f64 * n).sum();
        let p = (copies / (all * ploidy as f64)).clamp(1e-4, 1.0 - 1e-4);
        let proportions = (0..=ploidy).map(|dosage| binomial(ploidy, dosage, p));
        let frequencies = counts.iter().zip(proportions).map(|(n, hw)| 0.999 * n / all + 0.001 * hw);
        let genotypes =
            (0..=ploidy).map(|dosage| (0..ploidy).map(move |copy| u8::from(copy >= ploidy - dosage)));
        Self {
            ploidy: ploidy as u8,
            genotypes: genotypes.map(Iterator::collect).collect(),
            frequencies: frequencies.collect(),
            has_two_alleles: true,
        }
    }

    /// A locus of any alleles: each genotype that was called, its alleles in ascending order, and how often.
    pub fn of_alleles(ploidy: u8, genotypes: Vec<Box<[u8]>>, counts: &[f64]) -> Self {
        let all: f64 = counts.iter().sum::<f64>().max(1e-9);
        let frequencies = counts.iter().map(|n| n / all).collect();
        Self { ploidy, genotypes, frequencies, has_two_alleles: false }
    }

    /// Number of genotypes.
    pub fn size(&self) -> usize {
        self.genotypes.len()
    }

    /// Share of the calls that are this genotype.
    pub fn frequency(&self, genotype: usize) -> f64 {
        self.frequencies[genotype]
    }

    /// A genotype's allele codes, as `0/1`.
    pub fn text(&self, genotype: usize) -> String {
        let alleles = self.genotypes.get(genotype).map_or(&[][..], |alleles| alleles);
        alleles.iter().map(u8::to_string).collect::<Vec<_>>().join("/")
    }

    /// The joint probability of the calls of two samples that are so related.
    pub fn table(&self, relation: Relation, error: &CallError, mating: Mating) -> Table {
        match relation {
            Relation::Same => self.same(error),
            Relation::Unrelated => self.unrelated().seen(self, error),
            // Plants of odd ploidy have no regular gametes: their kin is taken as that of lines.
            _ if mating == Mating::Inbred || self.ploidy % 2 == 1 => {
                self.same(error).mixed(&self.unrelated().seen(self, error), 0.5)
            }
            Relation::ParentOffspring => self.parent_offspring().seen(self, error),
            Relation::FullSibs => self.full_sibs().seen(self, error),
        }
    }

    fn unrelated(&self) -> Table {
        Table::new(self.size(), |a, b| self.frequencies[a] * self.frequencies[b])
    }

    fn same(&self, error: &CallError) -> Table {
        let (n, p) = (self.size(), &self.frequencies);
        if n <= EXACT {
            return Table::new(n, |a, b| if a == b { p[a] } else { 0.0 }).seen(self, error);
        }
        let e = error.rate;
        let wrong = Table::new(n, |truth, call| self.wrongly(truth, call, error.stray));
        Table::new(n, |a, b| {
            let once = e * (1.0 - e) * (p[a] * wrong.get(a, b) + p[b] * wrong.get(b, a));
            let right = if a == b { p[a] * (1.0 - e).powi(2) } else { once };
            right + e * e * p[a] * p[b]
        })
    }

    /// Chance that a true genotype is called as another or itself.
    fn called(&self, truth: usize, call: usize, error: &CallError) -> f64 {
        if truth == call { 1.0 - error.rate } else { error.rate * self.wrongly(truth, call, error.stray) }
    }

    /// Chance that a wrong call of a true genotype is this other one.
    fn wrongly(&self, truth: usize, call: usize, stray: f64) -> f64 {
        let n = self.size();
        if truth == call || n < 2 {
            return 0.0;
        }
        let any = 1.0 / (n - 1) as f64;
        let step = if self.has_two_alleles {
            let ploidy = f64::from(self.ploidy);
            match (truth, call) {
                (truth, call) if call == truth + 1 => (ploidy - truth as f64) / ploidy,
                (truth, call) if call + 1 == truth => truth as f64 / ploidy,
                _ => 0.0,
            }
        } else {
            any
        };
        (1.0 - stray) * step + stray * any
    }

    /// Frequencies of the alleles, by their codes.
    fn alleles(&self) -> Vec<f64> {
        let most =
            self.genotypes.iter().flat_map(|alleles| alleles.iter()).max().map_or(0, |&a| usize::from(a));
        let mut out = vec![0.0; most + 1];
        for (alleles, frequency) in self.genotypes.iter().zip(&self.frequencies) {
            let share = frequency / alleles.len().max(1) as f64;
            alleles.iter().for_each(|&allele| out[usize::from(allele)] += share);
        }
        out
    }

    fn parent_offspring(&self) -> Table {
        if self.has_two_alleles {
            let gametes = self.gametes();
            let half = gametes[0].len();
            let pool: Vec<f64> = (0..half)
                .map(|dosage| gametes.iter().zip(&self.frequencies).map(|(own, p)| own[dosage] * p).sum())
                .collect();
            let child: Vec<Vec<f64>> = gametes.iter().map(|own| joined(own, &pool)).collect();
            return Table::new(self.size(), |a, b| self.frequencies[a] * child[a][b]).symmetric();
        }
        let p = self.alleles();
        if self.ploidy == 2 {
            // The child has either allele of the parent, and one of the pool.
            let given = |child: &[u8], allele: u8| match child {
                [c, d] if *c == allele && *d == allele => p[usize::from(allele)],
                [c, d] if *c == allele => p[usize::from(*d)],
                [c, d] if *d == allele => p[usize::from(*c)],
                _ => 0.0,
            };
            return Table::new(self.size(), |a, b| {
                let parent = &self.genotypes[a];
                let sum: f64 = parent.iter().map(|&allele| given(&self.genotypes[b], allele)).sum();
                self.frequencies[a] * sum / 2.0
            })
            .symmetric();
        }
        let matching: f64 = p.iter().map(|p| p * p).sum();
        self.alike(matching.powi(i32::from(self.ploidy / 2)))
    }

    fn full_sibs(&self) -> Table {
        if self.has_two_alleles {
            let (n, gametes) = (self.size(), self.gametes());
            let mut values = vec![0.0; n * n];
            for (mother, father) in (0..n).flat_map(|a| (0..n).map(move |b| (a, b))) {
                let child = joined(&gametes[mother], &gametes[father]);
                let weight = self.frequencies[mother] * self.frequencies[father];
                for (at, value) in values.iter_mut().enumerate() {
                    *value += weight * child[at / n] * child[at % n];
                }
            }
            return Table { size: n, values };
        }
        if self.ploidy == 2 {
            // Both, one or none of the two alleles by descent.
            let same = Table::new(self.size(), |a, b| if a == b { self.frequencies[a] } else { 0.0 });
            return same.mixed(&self.unrelated(), 0.5).mixed(&self.parent_offspring(), 0.5);
        }
        let ways = binomial(usize::from(self.ploidy), usize::from(self.ploidy / 2), 0.5)
            * 2f64.powi(i32::from(self.ploidy));
        self.alike(1.0 / (ways * ways))
    }

    /// Equal with this chance, else as unrelated: kin of polyploids at loci of many alleles, roughly.
    fn alike(&self, chance: f64) -> Table {
        let same = Table::new(self.size(), |a, b| if a == b { self.frequencies[a] } else { 0.0 });
        self.unrelated().mixed(&same, chance)
    }

    /// For each dosage of a parent, the chances of its gametes' dosages (hypergeometric).
    fn gametes(&self) -> Vec<Vec<f64>> {
        let ploidy = usize::from(self.ploidy);
        let half = ploidy / 2;
        let ways = |n: usize, k: usize| if k > n { 0.0 } else { binomial(n, k, 0.5) * 2f64.powi(n as i32) };
        let chance = |dosage: usize, given: usize| {
            ways(dosage, given) * ways(ploidy - dosage, half.saturating_sub(given)) / ways(ploidy, half)
        };
        (0..=ploidy).map(|dosage| (0..=half).map(|given| chance(dosage, given)).collect()).collect()
    }
}

/// Distribution of the sum of two dosages.
fn joined(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += x * y;
        }
    }
    out
}

/// Chance of `k` of `n` at a chance `p` each.
fn binomial(n: usize, k: usize, p: f64) -> f64 {
    let ways: f64 = (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product();
    ways * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
}

#[cfg(test)]
mod tests;
