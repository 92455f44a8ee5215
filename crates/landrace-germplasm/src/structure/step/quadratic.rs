//! The step that is best by the gradient and the information alone, within the bounds.

use super::LEAST;
use crate::structure::kernel::Sums;

/// The greatest of gᵀd − ½ dᵀHd with every frequency within its bounds, by coordinates.
pub(super) fn box_step(sums: &Sums, x: &[f32]) -> Vec<f64> {
    let k = x.len();
    let information = |a: usize, b: usize| sums.information[a.max(b) * k + a.min(b)];
    let mut d = vec![0.0; k];
    for _ in 0..60 {
        let mut gain = 0.0;
        for a in 0..k {
            let curvature = information(a, a);
            if curvature <= 0.0 {
                continue;
            }
            let slope = sums.gradient[a] - (0..k).map(|b| information(a, b) * d[b]).sum::<f64>();
            let (low, high) = (f64::from(LEAST - x[a]), f64::from(1.0 - LEAST - x[a]));
            let to = (d[a] + slope / curvature).clamp(low, high);
            gain += (to - d[a]).powi(2) * curvature;
            d[a] = to;
        }
        if gain < 1e-8 {
            break;
        }
    }
    d
}

/// The greatest of gᵀd − ½ dᵀHd with the frequencies of all alleles in each population still in all 1, by pairs of
/// alleles: what the worst gives, the best takes. `x` and the step are alleles × populations, and so are the sums.
pub(super) fn alleles_step(sums: &[Sums], x: &[f32]) -> Vec<f64> {
    let alleles = sums.len();
    let k = x.len() / alleles.max(1);
    let information = |allele: usize, a: usize, b: usize| sums[allele].information[a.max(b) * k + a.min(b)];
    let mut slope: Vec<f64> = sums.iter().flat_map(|own| own.gradient.iter().copied()).collect();
    let mut d = vec![0.0; x.len()];
    for _ in 0..60 * alleles {
        let mut gain = 0.0;
        for a in 0..k {
            let (mut to, mut from) = (0, None);
            for allele in 0..alleles {
                let at = allele * k + a;
                if slope[at] > slope[to * k + a] {
                    to = allele;
                }
                let has_some = f64::from(x[at]) + d[at] > f64::from(LEAST);
                if has_some && from.is_none_or(|from: usize| slope[at] < slope[from * k + a]) {
                    from = Some(allele);
                }
            }
            let Some(from) = from.filter(|&from| slope[from * k + a] < slope[to * k + a]) else { continue };
            let curvature = information(to, a, a) + information(from, a, a);
            let most = f64::from(x[from * k + a]) + d[from * k + a] - f64::from(LEAST);
            let difference = slope[to * k + a] - slope[from * k + a];
            let amount = if curvature > 0.0 { (difference / curvature).min(most) } else { most };
            d[to * k + a] += amount;
            d[from * k + a] -= amount;
            for b in 0..k {
                slope[to * k + b] -= amount * information(to, a, b);
                slope[from * k + b] += amount * information(from, a, b);
            }
            gain += difference * amount;
        }
        if gain < 1e-7 {
            break;
        }
    }
    d
}

/// The greatest of gᵀd − ½ dᵀHd with the ancestries still shares of 1, by pairs: what the worst gives, the best takes.
pub(super) fn simplex_step(sums: &Sums, x: &[f32]) -> Vec<f64> {
    let k = x.len();
    let information = |a: usize, b: usize| sums.information[a.max(b) * k + a.min(b)];
    let mut slope = sums.gradient.clone();
    let mut d = vec![0.0; k];
    for _ in 0..60 * k {
        let (mut to, mut from) = (0, None);
        for a in 0..k {
            if slope[a] > slope[to] {
                to = a;
            }
            let has_some = f64::from(x[a]) + d[a] > 0.0;
            if has_some && from.is_none_or(|from: usize| slope[a] < slope[from]) {
                from = Some(a);
            }
        }
        let Some(from) = from.filter(|&from| slope[from] < slope[to]) else { break };
        let curvature = information(to, to) + information(from, from) - 2.0 * information(to, from);
        let most = f64::from(x[from]) + d[from];
        let difference = slope[to] - slope[from];
        let amount = if curvature > 0.0 { (difference / curvature).min(most) } else { most };
        if difference * amount < 1e-7 {
            break;
        }
        d[to] += amount;
        // The last bit of a share is taken whole, so that it is 0 and stays so.
        d[from] = if amount == most { -f64::from(x[from]) } else { d[from] - amount };
        for (a, slope) in slope.iter_mut().enumerate() {
            *slope -= amount * (information(a, to) - information(a, from));
        }
    }
    d
}
