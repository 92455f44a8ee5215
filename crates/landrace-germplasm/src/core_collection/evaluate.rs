//! A core beside its collection: nearest entries, traits, and a picture.

use rayon::prelude::*;

use super::distance::Square;
use super::search::Stream;
use super::traits::{Scale, Trait, TraitTable};

/// The nearest entry of an accession.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// The entry.
    pub entry: usize,
    /// Its distance.
    pub distance: f64,
}

/// A trait in a core and in the whole collection.
#[derive(Clone, Debug, PartialEq)]
pub struct TraitComparison {
    /// The trait.
    pub name: String,
    /// Whether it is of numbers.
    pub is_number: bool,
    /// Mean in the whole and the core; for numbers.
    pub means: [f64; 2],
    /// Variance (n − 1) in the whole and the core; for numbers.
    pub variances: [f64; 2],
    /// Range in the whole and the core; for numbers.
    pub ranges: [f64; 2],
    /// Classes in the whole and the core; for classes.
    pub classes: [usize; 2],
    /// Shannon's index of the classes in the whole and the core; for classes.
    pub shannon: [f64; 2],
}

impl TraitComparison {
    /// |mean of the whole − mean of the core| / mean of the core, in percent (Kim et al. 2007).
    pub fn mean_difference(&self) -> f64 {
        percent((self.means[0] - self.means[1]).abs(), self.means[1].abs())
    }

    /// |variance of the whole − variance of the core| / variance of the core, in percent.
    pub fn variance_difference(&self) -> f64 {
        percent((self.variances[0] - self.variances[1]).abs(), self.variances[1])
    }

    /// Coincidence rate: the core's range of the whole's, in percent (Hu et al. 2000).
    pub fn coincidence(&self) -> f64 {
        if self.ranges[0] > 0.0 { percent(self.ranges[1], self.ranges[0]) } else { 100.0 }
    }

    /// Variable rate: the core's coefficient of variation of the whole's, in percent (Hu et al. 2000).
    pub fn variable_rate(&self) -> f64 {
        let variation = |k: usize| self.variances[k].sqrt() / self.means[k].abs();
        percent(variation(1), variation(0))
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

/// Each trait in the whole and in a core.
pub fn compare_traits(traits: &TraitTable, members: &[usize]) -> Vec<TraitComparison> {
    traits.traits.iter().map(|own| compare(own, members)).collect()
}

fn compare(own: &Trait, members: &[usize]) -> TraitComparison {
    let whole: Vec<f64> = own.values.iter().copied().filter(|value| !value.is_nan()).collect();
    let core: Vec<f64> = members.iter().map(|&i| own.values[i]).filter(|value| !value.is_nan()).collect();
    let both = |measure: fn(&[f64]) -> f64| [measure(&whole), measure(&core)];
    let counts = |values: &[f64]| -> Vec<usize> {
        let mut counts = vec![0; own.classes.len()];
        values.iter().for_each(|&value| counts[(value as usize).min(own.classes.len() - 1)] += 1);
        counts
    };
    let is_number = own.scale == Scale::Number;
    let (all, few) = if is_number || own.classes.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        (counts(&whole), counts(&core))
    };
    let present = |counts: &[usize]| counts.iter().filter(|count| **count > 0).count();
    TraitComparison {
        name: own.name.clone(),
        is_number,
        means: both(mean),
        variances: both(variance),
        ranges: both(range),
        classes: [present(&all), present(&few)],
        shannon: [shannon(&all), shannon(&few)],
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len().max(2) - 1) as f64
}

fn range(values: &[f64]) -> f64 {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() { 0.0 } else { most - least }
}

fn shannon(counts: &[usize]) -> f64 {
    let all: usize = counts.iter().sum();
    let part = |&count: &usize| {
        let p = count as f64 / all.max(1) as f64;
        if count == 0 { 0.0 } else { -p * p.ln() }
    };
    counts.iter().map(part).sum()
}

/// Two coordinates of each accession that keep the distances as well as two can (classical scaling, Gower 1966), and
/// the share of the variance that each has.
pub fn principal_coordinates(square: &Square) -> ([Vec<f64>; 2], [f64; 2]) {
    let n = square.len();
    let means: Vec<f64> =
        square.rows().map(|row| row.iter().map(|&d| f64::from(d).powi(2)).sum::<f64>() / n as f64).collect();
    let grand = means.iter().sum::<f64>() / n.max(1) as f64;
    // The trace of the centred matrix is that of the squared distances to the middle.
    let total = grand * n as f64 / 2.0;
    let mut stream = Stream::of(1, 0);
    let mut start =
        || -> Vec<f64> { (0..n).map(|_| stream.below(1 << 20) as f64 / f64::from(1 << 19) - 1.0).collect() };
    let mut vectors = [start(), start()];
    let mut values = [0.0; 2];
    for _ in 0..40 {
        for own in &mut vectors {
            let middle = own.iter().sum::<f64>() / n.max(1) as f64;
            own.iter_mut().for_each(|x| *x -= middle);
        }
        let [a, b] = &vectors;
        let product: Vec<[f64; 2]> = square
            .rows()
            .map(|row| {
                let mut sums = [0.0; 2];
                for (&d, (x, y)) in row.iter().zip(a.iter().zip(b)) {
                    let half = -0.5 * f64::from(d) * f64::from(d);
                    sums[0] += half * x;
                    sums[1] += half * y;
                }
                sums
            })
            .collect();
        for (k, own) in vectors.iter_mut().enumerate() {
            let middle = product.iter().map(|sums| sums[k]).sum::<f64>() / n.max(1) as f64;
            own.iter_mut().zip(&product).for_each(|(x, sums)| *x = sums[k] - middle);
        }
        values = orthonormalise(&mut vectors);
    }
    let scaled = [0, 1].map(|k| vectors[k].iter().map(|x| x * values[k].max(0.0).sqrt()).collect());
    (scaled, values.map(|value| if total > 0.0 { (value / total).clamp(0.0, 1.0) } else { 0.0 }))
}

/// Makes two vectors orthonormal; gives their lengths before.
fn orthonormalise([a, b]: &mut [Vec<f64>; 2]) -> [f64; 2] {
    let unit = |own: &mut Vec<f64>| {
        let length = own.iter().map(|x| x * x).sum::<f64>().sqrt();
        own.iter_mut().for_each(|x| *x /= length.max(f64::MIN_POSITIVE));
        length
    };
    let first = unit(a);
    let shared: f64 = a.iter().zip(b.iter()).map(|(x, y)| x * y).sum();
    b.iter_mut().zip(a.iter()).for_each(|(y, x)| *y -= shared * x);
    [first, unit(b)]
}
