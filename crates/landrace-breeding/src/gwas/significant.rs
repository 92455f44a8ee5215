//! What a scan found, genome-wide: thresholds, inflation, the best markers.

use std::collections::HashMap;

use landrace_genotypes::significance::chi_squared_of_ln_tail;

use super::coding::Marker;
use super::points::Association;

/// Markers that are kept whole, the best ones.
const KEPT: usize = 1000;

/// A marker in the list of the best.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The marker.
    pub marker: Marker,
    /// Its test.
    pub association: Association,
    /// Least false-discovery rate at which it is found (Benjamini and Hochberg).
    pub q: f64,
    /// Markers within the window that pass the threshold, itself included.
    pub near: usize,
}

/// The p-values of one trait.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// Contigs in the order of their first marker.
    pub contigs: Vec<String>,
    /// Contig, position and ln p of each marker.
    pub points: Vec<(u32, u32, f64)>,
    best: Vec<(Marker, Association)>,
    by_name: HashMap<String, u32>,
    /// Tests whose restricted likelihood was greatest at an end of the range of λ.
    pub at_bound: u64,
}

/// What all tests of a trait say together.
#[derive(Clone, Debug)]
pub struct Genomewide {
    /// Markers tested.
    pub tests: usize,
    /// λ_GC: median χ² over that of no effect.
    pub inflation: f64,
    /// p-value that counts as significant.
    pub threshold: f64,
    /// Markers at or below it.
    pub significant: usize,
    /// Markers with a false-discovery rate of at most 5%.
    pub at_fdr: usize,
    /// Expected and observed −log10 p, thinned.
    pub quantiles: Vec<(f64, f64)>,
    /// The best markers, at least the window apart.
    pub leads: Vec<Hit>,
}

impl Results {
    /// Takes in a test.
    pub fn push(&mut self, marker: &Marker, association: &Association) {
        let contig = match self.by_name.get(&*marker.contig) {
            Some(&contig) => contig,
            None => {
                let contig = self.contigs.len() as u32;
                self.contigs.push(marker.contig.to_string());
                self.by_name.insert(marker.contig.to_string(), contig);
                contig
            }
        };
        let position = u32::try_from(marker.position.unwrap_or(0)).unwrap_or(u32::MAX);
        self.points.push((contig, position, association.ln_p));
        self.at_bound += u64::from(association.search.is_some_and(|search| search.bound.is_some()));
        if association.ln_p.is_finite() || association.ln_p == f64::NEG_INFINITY {
            self.best.push((marker.clone(), association.clone()));
            if self.best.len() >= 4 * KEPT {
                self.trim();
            }
        }
    }

    fn trim(&mut self) {
        // Stable: equal ones stay in the order of the file.
        self.best.sort_by(|a, b| a.1.ln_p.total_cmp(&b.1.ln_p));
        self.best.truncate(KEPT);
    }

    /// Contig, position and −log10 p of at most about `most` markers: the best ones, and of the others one in each cell of
    /// a fine raster, so that a picture of them looks like that of all.
    pub fn manhattan(&self, most: usize) -> Vec<(usize, u32, f64)> {
        let mut lengths = vec![1u64; self.contigs.len()];
        for &(contig, position, _) in &self.points {
            let length = &mut lengths[contig as usize];
            *length = (*length).max(u64::from(position));
        }
        let total: u64 = lengths.iter().sum();
        let width = (total / 500).max(1);
        let height = |ln_p: f64| (-ln_p / std::f64::consts::LN_10).clamp(0.0, 1e6);
        let mut sorted: Vec<f64> = self.points.iter().map(|own| own.2).filter(|p| !p.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let whole = sorted.get(most / 4).copied().unwrap_or(0.0);
        let mut taken = std::collections::HashSet::new();
        let known = self.points.iter().filter(|own| !own.2.is_nan());
        known
            .filter(|&&(contig, position, ln_p)| {
                // A fifth of a unit suits the flat part, where most markers lie.
                let cell = (contig, u64::from(position) / width, (height(ln_p) * 5.0) as u64);
                ln_p <= whole || taken.insert(cell)
            })
            .map(|&(contig, position, ln_p)| (contig as usize, position, height(ln_p)))
            .collect()
    }

    /// Sums up. `threshold` is the p-value that counts as significant; leads are at least `window` bases apart.
    pub fn genomewide(&mut self, threshold: f64, window: u64, most: usize) -> Genomewide {
        self.trim();
        let mut sorted: Vec<f64> = self.points.iter().map(|own| own.2).filter(|p| !p.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let m = sorted.len();
        let q = q_values(&sorted);
        let limit = threshold.ln();
        let significant = sorted.partition_point(|&ln_p| ln_p <= limit);
        let at_fdr = q.partition_point(|&q| q <= 0.05);
        let median = if m == 0 { f64::NAN } else { 0.5 * (sorted[(m - 1) / 2] + sorted[m / 2]) };
        let inflation = chi_squared_of_ln_tail(median) / chi_squared_of_ln_tail(0.5f64.ln());
        let leads = self.leads((limit, window, most), &sorted, &q);
        Genomewide {
            tests: m,
            inflation,
            threshold,
            significant,
            at_fdr,
            quantiles: quantiles(&sorted),
            leads,
        }
    }

    fn leads(&self, (limit, window, most): (f64, u64, usize), sorted: &[f64], q: &[f64]) -> Vec<Hit> {
        let mut out: Vec<Hit> = Vec::new();
        let is_near = |a: &Marker, b: &Marker| {
            a.contig == b.contig && a.position.zip(b.position).is_some_and(|(a, b)| a.abs_diff(b) < window)
        };
        for (marker, association) in &self.best {
            if let Some(lead) = out.iter_mut().find(|lead| is_near(&lead.marker, marker)) {
                lead.near += usize::from(association.ln_p <= limit);
                continue;
            }
            if out.len() < most {
                let at = sorted.partition_point(|&ln_p| ln_p < association.ln_p);
                let near = usize::from(association.ln_p <= limit);
                let q = q.get(at).copied().unwrap_or(1.0);
                out.push(Hit { marker: marker.clone(), association: association.clone(), q, near });
            }
        }
        out
    }
}

/// False-discovery rates of sorted ln p, each the least over those above it.
fn q_values(sorted: &[f64]) -> Vec<f64> {
    let m = sorted.len() as f64;
    let mut out = vec![1.0; sorted.len()];
    let mut least = 1.0f64;
    for (rank, ln_p) in sorted.iter().enumerate().rev() {
        least = least.min((ln_p + (m / (rank + 1) as f64).ln()).exp());
        out[rank] = least;
    }
    out
}

/// Expected and observed −log10 p: all of the lowest two hundred, then evenly spaced in the logarithm of the rank.
fn quantiles(sorted: &[f64]) -> Vec<(f64, f64)> {
    let m = sorted.len();
    let mut ranks: Vec<usize> = (0..m.min(200)).collect();
    let mut at = 200.0f64;
    while (at as usize) < m {
        ranks.push(at as usize);
        at *= 1.02;
    }
    let tens = std::f64::consts::LN_10;
    ranks.iter().map(|&rank| (-((rank as f64 + 0.5) / m as f64).log10(), -sorted[rank] / tens)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discovery_rates_are_those_of_r() {
        // R: p.adjust(c(0.001, 0.008, 0.039, 0.041, 0.2, 0.9), "BH")
        let sorted: Vec<f64> = [0.001f64, 0.008, 0.039, 0.041, 0.2, 0.9].iter().map(|p| p.ln()).collect();
        let expected = [0.006, 0.024, 0.0615, 0.0615, 0.24, 0.9];
        for (own, expected) in q_values(&sorted).iter().zip(expected) {
            assert!((own - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn even_p_values_are_not_inflated() {
        let points = (1..2000).map(|i| (0, i, (f64::from(i) / 2000.0).ln())).collect();
        let mut results = Results { points, ..Results::default() };
        let all = results.genomewide(0.001, 1000, 10);
        assert!((all.inflation - 1.0).abs() < 1e-6);
        assert_eq!((all.tests, all.significant, all.at_fdr), (1999, 2, 0));
        assert!(all.quantiles.iter().all(|(expected, own)| (expected - own).abs() < 0.31));
    }
}
