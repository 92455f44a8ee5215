//! The likelihood of read counts and its slopes.

use super::{OUTLIERS, Prior, Reads};
use crate::hwe::shares;

/// Number of parameters: logit ε, ln h, logit τ and logit of the alternate frequency.
pub(super) const PARAMETERS: usize = 4;
/// A value of each parameter.
pub(super) type Point = [f64; PARAMETERS];

/// Means and standard deviations of the normal densities that hold ε, h and τ where the reads say little; those of
/// ε and h are updog's. The frequency is held off 0 and 1 only as far as numbers need it.
const PENALTIES: [(f64, f64); PARAMETERS] = [(-4.7, 1.0), (0.0, 0.7), (-5.0, 1.0), (0.0, 20.0)];
/// Beyond these no parameter goes.
const BOUNDS: [(f64, f64); PARAMETERS] = [(-14.0, -0.7), (-4.0, 4.0), (-13.0, 0.0), (-14.0, 14.0)];

/// Samples with the same ploidy and reads.
#[derive(Clone, Debug)]
pub(super) struct Group {
    ploidy: u8,
    reference: u32,
    alternate: u32,
    samples: f64,
    /// ln of the number of ways to draw these reads.
    choices: f64,
}

impl Group {
    pub(super) fn new(ploidy: u8, reads: Reads, samples: u32) -> Self {
        let alternate = reads.total.saturating_sub(reads.reference);
        let choices = rising(1.0, reads.total).0 - rising(1.0, reads.reference).0 - rising(1.0, alternate).0;
        Self { ploidy, reference: reads.reference, alternate, samples: samples.into(), choices }
    }

    fn total(&self) -> u32 {
        self.reference + self.alternate
    }

    /// ln of the likelihood of an outlier: all counts alike.
    fn outlier(&self) -> f64 {
        -(f64::from(self.total()) + 1.0).ln()
    }
}

/// The parameters as people know them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Natural {
    pub(super) error: f64,
    pub(super) bias: f64,
    pub(super) overdispersion: f64,
    pub(super) frequency: f64,
}

impl Natural {
    pub(super) fn of(point: &Point) -> Self {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        Self {
            error: logistic(point[0]),
            bias: point[1].exp(),
            overdispersion: logistic(point[2]),
            frequency: logistic(point[3]),
        }
    }
}

/// What reads of one dosage look like: the chance ξ of a reference read and its slopes by logit ε and ln h; the
/// prior of the dosage and its relative slope by the logit of the frequency.
#[derive(Clone, Copy, Debug, Default)]
struct Class {
    xi: f64,
    by_error: f64,
    by_bias: f64,
    prior: f64,
    prior_slope: f64,
}

/// The classes of a ploidy: dosages 0 to the ploidy.
type Classes = Vec<Class>;

/// The reads of a variant.
#[derive(Clone, Debug)]
pub(super) struct Likelihood {
    groups: Vec<Group>,
    prior: Prior,
}

impl Likelihood {
    pub(super) fn new(groups: Vec<Group>, prior: Prior) -> Self {
        Self { groups, prior }
    }

    /// Share of reference reads, off 0 and 1, and reads a sample.
    pub(super) fn reference_share_and_depth(&self) -> (f64, f64) {
        let sum = |value: fn(&Group) -> f64| -> f64 {
            self.groups.iter().map(|group| group.samples * value(group)).sum()
        };
        let (reference, all) = (sum(|group| group.reference.into()), sum(|group| group.total().into()));
        let samples = sum(|_| 1.0).max(1.0);
        ((reference + 0.5) / (all + 1.0), all / samples)
    }

    /// ln of the posterior density, up to a constant, and its slopes; `None` out of bounds.
    pub(super) fn at(&self, point: &Point) -> Option<(f64, Point)> {
        if point.iter().zip(BOUNDS).any(|(&x, (low, high))| !(low..=high).contains(&x)) {
            return None;
        }
        let mut value = 0.0;
        let mut slopes = [0.0; PARAMETERS];
        for ((x, slope), (mean, deviation)) in point.iter().zip(&mut slopes).zip(PENALTIES) {
            let z = (x - mean) / deviation;
            value -= z * z / 2.0;
            *slope -= z / deviation;
        }
        let precision = (-point[2]).exp();
        let (mut ploidy, mut classes) = (0, Classes::new());
        let mut terms = Vec::new();
        for group in &self.groups {
            if group.ploidy != ploidy {
                ploidy = group.ploidy;
                classes = self.classes(ploidy, &Natural::of(point));
            }
            value += group.samples * add(group, (&classes, precision), &mut terms, &mut slopes);
        }
        Some((value, slopes))
    }

    /// Probability of each dosage, for each group.
    pub(super) fn posteriors(&self, point: &Point) -> Vec<Vec<f64>> {
        let precision = (-point[2]).exp();
        let (mut ploidy, mut classes) = (0, Classes::new());
        let mut out = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            if group.ploidy != ploidy {
                ploidy = group.ploidy;
                classes = self.classes(ploidy, &Natural::of(point));
            }
            let outlier = group.outlier().exp() * OUTLIERS;
            let weight = |class: &Class| {
                class.prior * ((1.0 - OUTLIERS) * terms_of(group, class, precision).value.exp() + outlier)
            };
            let weights: Vec<f64> = classes.iter().map(weight).collect();
            let sum: f64 = weights.iter().sum();
            out.push(weights.iter().map(|weight| weight / sum).collect());
        }
        out
    }

    fn classes(&self, ploidy: u8, natural: &Natural) -> Classes {
        let copies = usize::from(ploidy);
        let (error, bias, p) = (natural.error, natural.bias, natural.frequency);
        let (priors, f) = match self.prior {
            Prior::HardyWeinberg { inbreeding } => (shares(copies, p, inbreeding), inbreeding),
            Prior::Uniform => (vec![1.0 / (copies as f64 + 1.0); copies + 1], 0.0),
        };
        let class = |(dosage, &prior): (usize, &f64)| {
            let reference = 1.0 - dosage as f64 / copies as f64;
            let seen = reference * (1.0 - error) + (1.0 - reference) * error;
            let xi = seen / (bias * (1.0 - seen) + seen);
            let prior_slope = match self.prior {
                Prior::Uniform => 0.0,
                Prior::HardyWeinberg { .. } => prior_slope((dosage, copies), p, f, prior),
            };
            Class {
                xi,
                by_error: xi * (1.0 - xi) / (seen * (1.0 - seen))
                    * (1.0 - 2.0 * reference)
                    * error
                    * (1.0 - error),
                by_bias: -xi * (1.0 - xi),
                prior: prior.max(1e-300),
                prior_slope,
            }
        };
        priors.iter().enumerate().map(class).collect()
    }
}

/// Slope of ln prior by the logit of the frequency.
fn prior_slope((dosage, copies): (usize, usize), p: f64, f: f64, prior: f64) -> f64 {
    let homozygous = match dosage {
        0 => (1.0 - p, -1.0),
        d if d == copies => (p, 1.0),
        _ => (0.0, 0.0),
    };
    let binomial = prior - f * homozygous.0;
    let slope = binomial * (dosage as f64 - copies as f64 * p) + f * homozygous.1 * p * (1.0 - p);
    if prior > 0.0 { slope / prior } else { 0.0 }
}

/// ln of the beta-binomial likelihood of a dosage, and its slopes by ξ and by the precision (1 − τ)/τ.
struct Term {
    value: f64,
    by_xi: f64,
    by_precision: f64,
}

fn terms_of(group: &Group, class: &Class, precision: f64) -> Term {
    let (a, by_a) = rising(class.xi * precision, group.reference);
    let (b, by_b) = rising((1.0 - class.xi) * precision, group.alternate);
    let (all, by_all) = rising(precision, group.total());
    Term {
        value: group.choices + a + b - all,
        by_xi: precision * (by_a - by_b),
        by_precision: class.xi * by_a + (1.0 - class.xi) * by_b - by_all,
    }
}

/// ln of a group's likelihood; adds its slopes.
fn add(
    group: &Group,
    (classes, precision): (&[Class], f64),
    terms: &mut Vec<(f64, Term)>,
    slopes: &mut Point,
) -> f64 {
    terms.clear();
    for class in classes {
        let term = terms_of(group, class, precision);
        terms.push((class.prior.ln() + term.value + (1.0 - OUTLIERS).ln(), term));
    }
    let outlier = group.outlier() + OUTLIERS.ln();
    let top = terms.iter().map(|term| term.0).fold(outlier, f64::max);
    let sum = terms.iter().map(|term| (term.0 - top).exp()).sum::<f64>() + (outlier - top).exp();
    for ((joint, term), class) in terms.iter().zip(classes) {
        let weight = group.samples * (joint - top).exp() / sum;
        slopes[0] += weight * term.by_xi * class.by_error;
        slopes[1] += weight * term.by_xi * class.by_bias;
        slopes[2] -= weight * term.by_precision * precision;
        slopes[3] += weight * class.prior_slope;
    }
    top + sum.ln()
}

/// Σ ln(a + j) for j from 0 to n − 1, which is ln Γ(a + n) − ln Γ(a), and its slope Σ 1/(a + j).
fn rising(a: f64, n: u32) -> (f64, f64) {
    /// Terms that are taken one by one; beyond, Stirling's series is exact to rounding.
    const DIRECT: u32 = 16;
    let (mut product, mut slope, mut at) = (1.0, 0.0, a);
    for _ in 0..n.min(DIRECT) {
        product *= at;
        slope += 1.0 / at;
        at += 1.0;
    }
    if n <= DIRECT {
        return (product.ln(), slope);
    }
    let end = a + f64::from(n);
    let (low, high) = (stirling(at), stirling(end));
    (product.ln() + high.0 - low.0, slope + high.1 - low.1)
}

/// ln Γ without its constant, and its slope, for arguments of 16 and more.
fn stirling(z: f64) -> (f64, f64) {
    let (ln, r) = (z.ln(), 1.0 / z);
    let s = r * r;
    let value = (z - 0.5) * ln - z + r * (1.0 / 12.0 - s * (1.0 / 360.0 - s / 1260.0));
    (value, ln - 0.5 * r - s * (1.0 / 12.0 - s * (1.0 / 120.0 - s / 252.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rising_factorials_are_sums_of_logarithms() {
        for (a, n) in [(0.003, 5u32), (0.4, 16), (0.4, 17), (2.5, 300), (90_000.0, 4000), (1e-6, 40)] {
            let (mut value, mut slope) = (0.0, 0.0);
            for j in 0..n {
                value += (a + f64::from(j)).ln();
                slope += 1.0 / (a + f64::from(j));
            }
            let found = rising(a, n);
            assert!((found.0 - value).abs() < 1e-7 * value.abs().max(1.0), "{a} {n}: {} {value}", found.0);
            assert!((found.1 / slope - 1.0).abs() < 1e-9, "{a} {n}: {} {slope}", found.1);
        }
    }

    #[test]
    fn slopes_are_those_of_differences() {
        let reads = [(9, 30), (30, 30), (2, 31), (14, 29), (0, 3), (1, 2)];
        for (ploidies, prior) in [
            ([4u8; 6], Prior::default()),
            ([2, 2, 2, 4, 4, 6], Prior::HardyWeinberg { inbreeding: 0.4 }),
            ([6; 6], Prior::Uniform),
        ] {
            let groups = reads
                .iter()
                .zip(ploidies)
                .map(|(&(reference, total), ploidy)| Group::new(ploidy, Reads { reference, total }, 2));
            let likelihood = Likelihood::new(groups.collect(), prior);
            let point = [-4.0, 0.3, -3.0, 0.4];
            let (_, slopes) = likelihood.at(&point).unwrap();
            for parameter in 0..PARAMETERS {
                let moved = |by: f64| {
                    let mut point = point;
                    point[parameter] += by;
                    likelihood.at(&point).unwrap().0
                };
                let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((numeric - slopes[parameter]).abs() < 1e-5 * numeric.abs().max(1.0), "{parameter}");
            }
            for posterior in likelihood.posteriors(&point) {
                assert!((posterior.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn beta_binomial_chances_sum_to_one() {
        let class = Class { xi: 0.3, ..Class::default() };
        let chance =
            |reference| terms_of(&Group::new(4, Reads { reference, total: 40 }, 1), &class, 25.0).value.exp();
        assert!(((0..=40).map(chance).sum::<f64>() - 1.0).abs() < 1e-10);
    }
}
