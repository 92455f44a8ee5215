//! Cores of fractions: each accession counts from 0 to 1, and the sum is the size of the core. Where the objective is
//! concave, its tangent at any point is above every core's value: that is the bound, and the weights say who is wanted.
//!
//! The optimum is approached by conditional gradients (Frank and Wolfe 1956).

use landrace_genotypes::plane::MISSING;
use rayon::prelude::*;

use super::alleles::AlleleTable;
use super::distance::Square;
use super::rules::Plan;
use super::state::Allelic;

/// What the relaxation gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Relaxed {
    /// How much each accession is wanted.
    pub(crate) weights: Vec<f64>,
    /// No core's value is above it; `None` where that cannot be said.
    pub(crate) bound: Option<f64>,
}

/// 32-bit distances and sums are sure to so much of their size.
const ROUNDING: f64 = 2e-6;

/// Weights evenly shared.
fn even(plan: &Plan) -> Vec<f64> {
    let free = plan.is_free.iter().filter(|free| **free).count();
    let share = plan.size as f64 / free.max(1) as f64;
    plan.is_free.iter().map(|&free| if free { share } else { 0.0 }).collect()
}

/// The mean distance of pairs of entries: w' D w / (s (s − 1)), which is concave where D is of negative type.
pub(crate) fn dispersion(plan: &Plan, square: &Square, rounds: usize) -> Relaxed {
    let pairs = (plan.size * plan.size.saturating_sub(1)).max(1) as f64;
    let mut weights = even(plan);
    let mut product: Vec<f64> = square.rows().map(|row| dot(row, &weights)).collect();
    let mut bound = f64::INFINITY;
    for _ in 0..rounds {
        let value = inner(&weights, &product);
        let (best, vertex) = plan.best(&product);
        bound = bound.min(value + 2.0 * (best - value));
        let mut towards = vec![0.0; square.len()];
        for &member in &vertex {
            towards.iter_mut().zip(square.row(member)).for_each(|(sum, &d)| *sum += f64::from(d));
        }
        // Along w + γ (v − w) the value is a parabola.
        let across = best;
        let there: f64 = vertex.iter().map(|&member| towards[member]).sum();
        let (slope, bend) = (2.0 * (across - value), there - 2.0 * across + value);
        if slope <= 1e-9 * value.abs() {
            break;
        }
        let step = if bend < 0.0 { (-slope / (2.0 * bend)).min(1.0) } else { 1.0 };
        weights.iter_mut().for_each(|weight| *weight *= 1.0 - step);
        vertex.iter().for_each(|&member| weights[member] += step);
        product.iter_mut().zip(&towards).for_each(|(own, new)| *own += step * (new - *own));
    }
    let bound = bound / pairs;
    Relaxed { weights, bound: square.is_euclidean().then_some(bound * (1.0 + ROUNDING)) }
}

fn dot(row: &[f32], weights: &[f64]) -> f64 {
    row.iter().zip(weights).map(|(&d, &w)| f64::from(d) * w).sum()
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Weighted sums of alleles and of calls, locus by locus: those of two alleles, and the columns of the others.
#[derive(Clone)]
struct Sums {
    alleles: Vec<f64>,
    calls: Vec<f64>,
}

/// Allele frequencies that are not to be nearer to 0 and 1, where Shannon's index is infinitely steep.
const EDGE: f64 = 1e-6;

/// Shannon's index or expected heterozygosity by fractions. Coverage takes the weights of Shannon's index.
///
/// Both are concave in the frequencies of a locus, which are means over the entries with a call: with c of s calls there,
/// c times the locus's value is at most the tangent summed over those calls, and s − c times it at most s − c times the
/// most that the locus can have. So a missing call counts as the most, a call as the tangent, and their sum over the
/// entries is a bound that is linear in who is chosen.
pub(crate) fn alleles(plan: &Plan, kind: Allelic, table: &AlleleTable, rounds: usize) -> Relaxed {
    let kind = if kind == Allelic::Coverage { Allelic::Shannon } else { kind };
    let most = Most::of(kind, table);
    let mut weights = even(plan);
    let mut sums = Sums::of(table, &weights);
    let mut bound = f64::INFINITY;
    for _ in 0..rounds {
        let tangent = Tangent::at(kind, table, &sums, &most);
        let scores: Vec<f64> = (0..weights.len()).into_par_iter().map(|i| tangent.score(table, i)).collect();
        let (best, vertex) = plan.best(&scores);
        bound = bound.min(tangent.constant + best / plan.size as f64);
        let mut corner = vec![0.0; weights.len()];
        vertex.iter().for_each(|&member| corner[member] = 1.0);
        let towards = Sums::of(table, &corner);
        let step = sums.best_step(&towards, kind, table);
        if step < 1e-9 {
            break;
        }
        sums = sums.towards(&towards, step);
        weights.iter_mut().zip(&corner).for_each(|(own, new)| *own += step * (new - *own));
    }
    let bound = kind.of_sum(bound, table.loci(), 1) * (1.0 + ROUNDING);
    Relaxed { weights, bound: Some(bound) }
}

impl Sums {
    fn of(table: &AlleleTable, weights: &[f64]) -> Self {
        let (pairs, size) = (table.pairs(), table.pairs() + table.width());
        let chosen: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
        let steps = f64::from(table.steps());
        let (mut alleles, mut calls) = (vec![0.0; size], vec![0.0; size]);
        // Stretches of loci go apart, so that the order of the sums is that of the accessions.
        alleles[..pairs].par_chunks_mut(512).zip(calls[..pairs].par_chunks_mut(512)).enumerate().for_each(
            |(chunk, (alleles, calls))| {
                for &i in &chosen {
                    let codes = &table.codes(i)[chunk * 512..][..alleles.len()];
                    for ((sum, called), &code) in alleles.iter_mut().zip(calls.iter_mut()).zip(codes) {
                        if code != MISSING {
                            *sum += weights[i] * f64::from(code) / steps;
                            *called += weights[i];
                        }
                    }
                }
            },
        );
        for &i in &chosen {
            for (column, &p) in table.frequencies(i).iter().enumerate().filter(|(_, p)| !p.is_nan()) {
                alleles[pairs + column] += weights[i] * p;
                calls[pairs + column] += weights[i];
            }
        }
        Self { alleles, calls }
    }

    fn frequency(&self, place: usize) -> f64 {
        if self.calls[place] > 0.0 { self.alleles[place] / self.calls[place] } else { 0.0 }
    }

    fn value(&self, kind: Allelic, table: &AlleleTable) -> f64 {
        let part = |place: usize| {
            let p = self.frequency(place);
            let other = if place < table.pairs() { kind.part((1.0 - p).max(0.0)) } else { 0.0 };
            kind.part(p) + other
        };
        (0..self.alleles.len()).map(part).sum()
    }

    fn towards(&self, other: &Self, step: f64) -> Self {
        let mix = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + step * (b - a)).collect();
        Self { alleles: mix(&self.alleles, &other.alleles), calls: mix(&self.calls, &other.calls) }
    }

    /// The step from 0 to 1 that goes highest, by golden section.
    fn best_step(&self, other: &Self, kind: Allelic, table: &AlleleTable) -> f64 {
        let value = |step: f64| self.towards(other, step).value(kind, table);
        let ratio = (5f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..16 {
            let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
            if value(a) < value(b) { low = a } else { high = b }
        }
        let step = (low + high) / 2.0;
        if value(step) > value(0.0) { step } else { 0.0 }
    }
}

/// The most that each locus can have: even frequencies of the alleles that occur.
pub(crate) struct Most {
    /// Of loci of two alleles.
    pairs: Vec<f64>,
    /// Of the others.
    wide: Vec<f64>,
}

impl Most {
    pub(crate) fn of(kind: Allelic, table: &AlleleTable) -> Self {
        let accessions = table.samples().len();
        let even = |alleles: usize| match kind {
            Allelic::Heterozygosity => 1.0 - 1.0 / alleles.max(1) as f64,
            _ => (alleles.max(1) as f64).ln(),
        };
        // Bit 1: the first allele occurs; bit 2: the second.
        let mut present = vec![0u8; table.pairs()];
        present.par_chunks_mut(512).enumerate().for_each(|(chunk, present)| {
            for i in 0..accessions {
                let codes = &table.codes(i)[chunk * 512..][..present.len()];
                for (own, &code) in present.iter_mut().zip(codes) {
                    let is_called = code != MISSING;
                    *own |=
                        u8::from(is_called & (code < table.steps())) | u8::from(is_called & (code > 0)) << 1;
                }
            }
        });
        let pairs = present.iter().map(|bits| even(bits.count_ones() as usize)).collect();
        let occurs = |column: &usize| (0..accessions).any(|i| table.frequencies(i)[*column] > 0.0);
        let wide = table.wide().map(|columns| even(columns.filter(occurs).count())).collect();
        Self { pairs, wide }
    }

    /// The sum over all loci.
    pub(crate) fn sum(&self) -> f64 {
        self.pairs.iter().sum::<f64>() + self.wide.iter().sum::<f64>()
    }
}

/// The plane that touches an objective at some frequencies.
struct Tangent {
    /// Slope by the dosage of loci of two alleles, in steps.
    slopes: Vec<f32>,
    /// What a missing call there counts more than the constant.
    lacks: Vec<f32>,
    /// Slope by the frequency of each allele of the others.
    wide: Vec<f64>,
    /// What a missing call counts more there, at the locus's first allele.
    wide_lacks: Vec<f64>,
    constant: f64,
}

impl Tangent {
    fn at(kind: Allelic, table: &AlleleTable, sums: &Sums, most: &Most) -> Self {
        let slope = |p: f64| match kind {
            Allelic::Heterozygosity => 1.0 - 2.0 * p,
            _ => -p.ln() - 1.0,
        };
        let (mut slopes, mut lacks, mut constant) = (Vec::new(), Vec::new(), 0.0);
        let steps = f64::from(table.steps());
        for (locus, most) in most.pairs.iter().enumerate() {
            let p = sums.frequency(locus).clamp(EDGE, 1.0 - EDGE);
            let by_share = slope(p) - slope(1.0 - p);
            let own = kind.part(p) + kind.part(1.0 - p) - by_share * p;
            constant += own;
            slopes.push((by_share / steps) as f32);
            lacks.push((most - own) as f32);
        }
        let (mut wide, mut wide_lacks) = (vec![0.0; table.width()], vec![0.0; table.width()]);
        for (columns, most) in table.wide().zip(&most.wide) {
            let mut own = 0.0;
            for column in columns.clone() {
                let p = sums.frequency(table.pairs() + column).clamp(EDGE, 1.0);
                own += kind.part(p) - slope(p) * p;
                wide[column] = slope(p);
            }
            constant += own;
            if let Some(first) = wide_lacks.get_mut(columns.start) {
                *first = most - own;
            }
        }
        Self { slopes, lacks, wide, wide_lacks, constant }
    }

    fn score(&self, table: &AlleleTable, i: usize) -> f64 {
        let mut sum = 0.0;
        let planes = self.slopes.chunks(256).zip(self.lacks.chunks(256));
        for ((slopes, lacks), codes) in planes.zip(table.codes(i).chunks(256)) {
            let mut lanes = [0f32; 8];
            for ((slopes, lacks), codes) in slopes.chunks(8).zip(lacks.chunks(8)).zip(codes.chunks(8)) {
                for (lane, ((&slope, &lack), &code)) in
                    lanes.iter_mut().zip(slopes.iter().zip(lacks).zip(codes))
                {
                    *lane += if code == MISSING { lack } else { slope * f32::from(code) };
                }
            }
            sum += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        }
        let wide = self.wide.iter().zip(&self.wide_lacks).zip(table.frequencies(i));
        sum + wide.map(|((slope, lack), &p)| if p.is_nan() { *lack } else { slope * p }).sum::<f64>()
    }
}
