//! What the calls of two samples say: one genotype, or kin, or neither.

use super::segments::Track;
use super::{CallError, Locus, Mating, Relation};

/// A class of loci that are weighed alike.
#[derive(Clone, Debug)]
pub enum Class {
    /// Loci of these genotypes and frequencies.
    Genotypes(Locus),
    /// Loci of which only agreement counts: the chance that two unrelated samples agree. Genotype 0 stands for
    /// agreement, 1 for difference.
    Agreement(f64),
}

/// What two samples may be other than one genotype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Parent and offspring.
    ParentOffspring,
    /// Full sibs, or two lines of one cross.
    FullSibs,
    /// Alike but for differences scattered over the genome: kin within a narrow population.
    Kin,
    /// Alike but for stretches: backcross and sister lines; sports that lost a stretch.
    Stretches,
    /// No kin.
    Unrelated,
}

impl Other {
    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ParentOffspring => "parent_offspring",
            Self::FullSibs => "full_sibs",
            Self::Kin => "kin",
            Self::Stretches => "stretches",
            Self::Unrelated => "unrelated",
        }
    }
}

/// How many accessions of a collection are what to one, on average, before their calls are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Priors {
    /// Duplicates.
    pub same: f64,
    /// Parents and offspring; full sibs; kin of a narrow population: each.
    pub kin: f64,
    /// Lines that differ in stretches.
    pub stretches: f64,
}

impl Default for Priors {
    fn default() -> Self {
        Self { same: 0.1, kin: 1.0, stretches: 0.05 }
    }
}

/// Shares of the loci that kin of a narrow population differ at as unrelated samples do.
const KIN: [f64; 9] = [0.5, 0.354, 0.25, 0.177, 0.125, 0.0884, 0.0625, 0.0442, 0.03125];
/// Steps of the error rate, by the square root of two, around the one learnt; a pair of poor samples errs more.
const STEPS: i32 = 4;
/// How far, as a natural logarithm, the error rate of a pair lies from the one learnt (standard deviation).
const SPREAD: f64 = 0.7;
/// Nothing is quite impossible.
const LEAST: f64 = 1e-300;

/// Weighs pairs of samples.
#[derive(Clone, Debug)]
pub struct Weigher {
    bases: Vec<(usize, usize)>,
    /// Hypotheses about one genotype, and the logarithm of the weight of each.
    rates: Vec<f64>,
    /// For each cell (two calls of a class), the log-probability under every hypothesis.
    tables: Vec<f64>,
    /// For each cell and each error rate, how much more probable it is in a stretch that is other.
    ratios: Vec<f32>,
    cells: usize,
    /// For each cell, its class, and whether its calls differ.
    kinds: Vec<(u32, bool)>,
    /// For each class, the chance of differing: one genotype at the learnt error, kin, unrelated.
    differing: Vec<[f64; 3]>,
    width: usize,
}

/// What was found of a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Loci that both have a call of.
    pub compared: u32,
    /// Those at which the calls differ.
    pub different: u32,
    /// How many would differ by error alone.
    pub expected: f64,
    /// Chance that errors alone make so many or more differ.
    pub p_value: f64,
    /// The most probable of what else they may be.
    pub other: Other,
    /// Natural log of the likelihood of "one genotype" over that of `other`: above 0, one genotype is likelier.
    pub llr: f64,
    /// Probability that they are one genotype, given the [`Priors`].
    pub posterior: f64,
}

/// Counts of cells of one pair, to be used again for the next.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    counts: Vec<u32>,
    touched: Vec<u32>,
}

impl Cells {
    /// Counts a cell.
    pub fn add(&mut self, cell: usize) {
        if self.counts.len() <= cell {
            self.counts.resize(cell + 1, 0);
        }
        if self.counts[cell] == 0 {
            self.touched.push(cell as u32);
        }
        self.counts[cell] += 1;
    }

    fn clear(&mut self) {
        self.touched.drain(..).for_each(|cell| self.counts[cell as usize] = 0);
    }
}

impl Weigher {
    /// Weighs by these classes of loci, at an error rate and its steps around.
    pub fn new(classes: &[Class], error: f64, mating: Mating) -> Self {
        let rates: Vec<f64> = if error > 0.0 {
            (-STEPS..=STEPS).map(|step| (error * 2f64.powf(f64::from(step) / 2.0)).min(0.4)).collect()
        } else {
            vec![0.0]
        };
        let width = rates.len() + 3 + KIN.len();
        let mut out = Self {
            bases: Vec::new(),
            rates,
            tables: Vec::new(),
            ratios: Vec::new(),
            cells: 0,
            kinds: Vec::new(),
            differing: Vec::new(),
            width,
        };
        classes.iter().for_each(|class| out.add(class, error, mating));
        out
    }

    fn add(&mut self, class: &Class, error: f64, mating: Mating) {
        let call = CallError::of(error);
        let locus = match class {
            Class::Genotypes(locus) => locus,
            Class::Agreement(chance) => return self.add_agreement(*chance, error),
        };
        let n = locus.size();
        self.bases.push((self.cells, n));
        let same: Vec<_> = self
            .rates
            .iter()
            .map(|rate| locus.table(Relation::Same, &CallError::of(*rate), mating))
            .collect();
        let one = &same[same.len() / 2];
        let [po, fs, no] = [Relation::ParentOffspring, Relation::FullSibs, Relation::Unrelated]
            .map(|relation| locus.table(relation, &call, mating));
        let kin = KIN.map(|share| one.mixed(&no, share));
        let other = if mating == Mating::Inbred { no.clone() } else { no.mixed(&po, 0.5) };
        let nearest = po.agreement().max(fs.agreement());
        self.differing.push([1.0 - one.agreement(), 1.0 - nearest, 1.0 - no.agreement()]);
        for (a, b) in (0..n).flat_map(|a| (0..n).map(move |b| (a, b))) {
            let all = same.iter().chain([&po, &fs, &no]).chain(&kin);
            self.tables.extend(all.map(|table| table.get(a, b).max(LEAST).ln()));
            let apart = other.get(a, b).max(LEAST);
            self.ratios.extend(same.iter().map(|one| (apart / one.get(a, b).max(LEAST)).min(1e30) as f32));
            self.kinds.push((self.bases.len() as u32 - 1, a != b));
            self.cells += 1;
        }
    }

    fn add_agreement(&mut self, chance: f64, error: f64) {
        self.bases.push((self.cells, 2));
        let differs = |rate: f64| 2.0 * rate * (1.0 - rate);
        let (one, no) = (differs(error), 1.0 - chance);
        let mix = |share: f64| one * (1.0 - share) + no * share;
        let all: Vec<f64> = self
            .rates
            .iter()
            .map(|rate| differs(*rate))
            .chain([mix(0.5), mix(0.5), no])
            .chain(KIN.map(mix))
            .collect();
        for is_different in [false, true, true, false] {
            let chance = |p: f64| if is_different { p } else { 1.0 - p };
            self.tables.extend(all.iter().map(|p| chance(*p).max(LEAST).ln()));
            let ones = self.rates.iter().map(|rate| chance(differs(*rate)).max(LEAST));
            self.ratios.extend(ones.map(|one| (chance(no).max(LEAST) / one).min(1e30) as f32));
            self.kinds.push((self.bases.len() as u32 - 1, is_different));
            self.cells += 1;
        }
        self.differing.push([one, mix(0.5), no]);
    }

    /// The cell of two calls at a locus of a class.
    pub fn cell(&self, class: usize, a: usize, b: usize) -> usize {
        let (base, size) = self.bases[class];
        match size {
            // Agreement: any two calls.
            _ if a >= size || b >= size => base + usize::from(a != b),
            size => base + a * size + b,
        }
    }

    /// Where a class's cells begin, and its number of genotypes.
    pub fn base(&self, class: usize) -> (usize, usize) {
        self.bases[class]
    }

    /// Chances of differing at a locus of a class: one genotype at the learnt error, the nearest kin, unrelated.
    pub fn differing(&self, class: usize) -> [f64; 3] {
        self.differing[class]
    }

    /// How much more probable a cell is where two samples are other than where they are one genotype, at one of the
    /// error rates.
    pub fn ratio(&self, cell: usize, rate: usize) -> f32 {
        self.ratios[cell * self.rates.len() + rate]
    }

    /// Weighs the cells counted, and forgets them. `others` is the number of other samples. `stretches` is called for the log-likelihood ratio
    /// of [`Track::log_ratio`] at the error rate that suits the pair best, unless the rest decides.
    pub fn weigh(
        &self,
        cells: &mut Cells,
        others: usize,
        stretches: impl FnOnce(usize) -> Option<f64>,
    ) -> Evidence {
        let mut sums = vec![0.0; self.width];
        let (mut compared, mut different, mut expected) = (0, 0, 0.0);
        // Sums have a fixed order.
        cells.touched.sort_unstable();
        for &cell in &cells.touched {
            let (times, at) = (cells.counts[cell as usize], cell as usize * self.width);
            let (count, (class, is_different)) = (f64::from(times), self.kinds[cell as usize]);
            compared += times;
            different += if is_different { times } else { 0 };
            expected += count * self.differing[class as usize][0];
            for (sum, value) in sums.iter_mut().zip(&self.tables[at..at + self.width]) {
                *sum += count * value;
            }
        }
        cells.clear();
        let rates = self.rates.len();
        let ones: Vec<f64> =
            sums[..rates].iter().zip(self.weights()).map(|(sum, weight)| sum + weight).collect();
        let one = log_sum(ones.iter().copied());
        let rate = (0..rates).fold(0, |best, at| if ones[at] > ones[best] { at } else { best });
        let kin = log_mean(&sums[rates + 3..]);
        let mut found = vec![
            (Other::ParentOffspring, sums[rates]),
            (Other::FullSibs, sums[rates + 1]),
            (Other::Unrelated, sums[rates + 2]),
            (Other::Kin, kin),
        ];
        let best = |found: &[(Other, f64)]| {
            found.iter().copied().reduce(|best, next| if next.1 > best.1 { next } else { best })
        };
        // Where scattered differences speak clearly, stretches change nothing.
        if best(&found).is_some_and(|(_, most)| one - most > -10.0)
            && let Some(ratio) = stretches(rate)
        {
            found.push((Other::Stretches, one + ratio));
        }
        let (other, most) = best(&found).unwrap_or((Other::Unrelated, one));
        let posterior = posterior(one, &found, others);
        let p_value = poisson_tail(different, expected);
        Evidence { compared, different, expected, p_value, other, llr: one - most, posterior }
    }

    fn weights(&self) -> Vec<f64> {
        let middle = (self.rates.len() / 2) as f64;
        let step = 2f64.ln() / 2.0 / SPREAD;
        let raw: Vec<f64> =
            (0..self.rates.len()).map(|at| -0.5 * ((at as f64 - middle) * step).powi(2)).collect();
        let all = log_sum(raw.iter().copied());
        raw.into_iter().map(|weight| weight - all).collect()
    }
}

fn posterior(one: f64, found: &[(Other, f64)], others: usize) -> f64 {
    let priors = Priors::default();
    let near = priors.same + 3.0 * priors.kin + priors.stretches;
    let rest = (others as f64 - near).max(1.0);
    let weight = |other: Other| match other {
        Other::Stretches => priors.stretches,
        Other::Unrelated => rest,
        _ => priors.kin,
    };
    let own = one + priors.same.ln();
    let all = log_sum(found.iter().map(|(other, sum)| sum + weight(*other).ln()).chain([own]));
    (own - all).exp().clamp(0.0, 1.0)
}

fn log_sum(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() { most + values.map(|value| (value - most).exp()).sum::<f64>().ln() } else { most }
}

fn log_mean(values: &[f64]) -> f64 {
    log_sum(values.iter().copied()) - (values.len().max(1) as f64).ln()
}

/// The chance of `count` or more where `mean` are expected (Poisson).
pub fn poisson_tail(count: u32, mean: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    // The larger side is summed from its greatest term outwards.
    let term = |k: f64| k * mean.ln() - mean - ln_factorial(k);
    let start = f64::from(count);
    if start > mean {
        let (mut sum, mut each, mut k) = (1.0, 1.0, start + 1.0);
        while each > 1e-17 * sum {
            each *= mean / k;
            sum += each;
            k += 1.0;
        }
        return (term(start).exp() * sum).min(1.0);
    }
    let (mut sum, mut each, mut k) = (1.0, 1.0, start - 1.0);
    while k > 0.0 && each > 1e-17 * sum {
        each *= k / mean;
        sum += each;
        k -= 1.0;
    }
    (1.0 - term(start - 1.0).exp() * sum).clamp(0.0, 1.0)
}

/// Stirling's series above 20, else the product.
fn ln_factorial(k: f64) -> f64 {
    if k < 20.0 {
        return (2..=(k as u32)).map(|i| f64::from(i).ln()).sum();
    }
    let x = k + 1.0;
    (x - 0.5) * x.ln() - x + 0.5 * (std::f64::consts::TAU).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
}

/// Stretches of a pair: `cells` gives the cell of each locus of the track, or `None` without both calls.
pub fn stretches(
    track: &Track,
    (weigher, rate): (&Weigher, usize),
    cells: impl Iterator<Item = Option<usize>>,
) -> Option<f64> {
    let ratios = cells.map(|cell| cell.map_or(1.0, |cell| weigher.ratio(cell, rate)));
    track.is_usable().then(|| track.log_ratio(ratios))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        // R: ppois(4, 5, lower.tail = FALSE), and for 900 of 800, 700 of 800.
        assert!((poisson_tail(5, 5.0) - 0.559_506_7).abs() < 1e-6);
        assert!(
            (poisson_tail(900, 800.0) - 0.000_275_9).abs() < 1e-8 * 100.0,
            "{}",
            poisson_tail(900, 800.0)
        );
        assert!(poisson_tail(700, 800.0) > 0.999);
        assert_eq!((poisson_tail(0, 3.0), poisson_tail(2, 0.0)), (1.0, 0.0));
    }

    fn evidence(classes: &[Class], error: f64, mating: Mating, calls: &[(usize, usize, u32)]) -> Evidence {
        let weigher = Weigher::new(classes, error, mating);
        let mut cells = Cells::default();
        for &(a, b, times) in calls {
            (0..times).for_each(|_| cells.add(weigher.cell(0, a, b)));
        }
        weigher.weigh(&mut cells, 100, |_| None)
    }

    #[test]
    fn duplicates_full_sibs_and_strangers_are_told_apart() {
        let classes = [Class::Genotypes(Locus::of_dosages(&[250.0, 500.0, 250.0]))];
        let of = |calls: &[(usize, usize, u32)]| evidence(&classes, 0.01, Mating::Outbred, calls);
        let same = of(&[(0, 0, 490), (1, 1, 980), (2, 2, 490), (0, 1, 20), (1, 2, 20)]);
        assert!(same.llr > 10.0 && same.posterior > 0.999, "{same:?}");
        assert!(same.p_value > 0.1);
        let sibs = of(&[(0, 0, 280), (1, 1, 625), (2, 2, 281), (0, 1, 375), (1, 2, 375), (0, 2, 62)]);
        assert!(sibs.llr < -100.0 && sibs.posterior < 1e-6, "{sibs:?}");
        assert_eq!(sibs.other, Other::FullSibs);
        let strangers = of(&[(0, 0, 125), (1, 1, 500), (2, 2, 125), (0, 1, 500), (1, 2, 500), (0, 2, 250)]);
        assert_eq!(strangers.other, Other::Unrelated);
    }

    #[test]
    fn few_loci_leave_kin_possible() {
        let classes = [Class::Genotypes(Locus::of_dosages(&[250.0, 500.0, 250.0]))];
        let few = evidence(&classes, 0.0, Mating::Outbred, &[(0, 0, 2), (1, 1, 3)]);
        assert!(few.llr > 0.0 && few.posterior < 0.9, "{few:?}");
        let apart = evidence(&classes, 0.0, Mating::Outbred, &[(0, 0, 2), (1, 1, 2), (0, 1, 1)]);
        assert!(apart.llr < -100.0, "{apart:?}");
    }
}
