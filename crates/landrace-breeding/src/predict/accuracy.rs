//! How good predictions are.

/// Predictions beside what was observed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Records predicted.
    pub records: usize,
    /// Pearson's correlation of observed and predicted; `None` if either does not vary.
    pub correlation: Option<f64>,
    /// Slope of observed on predicted: 1 without bias, below 1 if predictions differ too much between samples.
    pub slope: Option<f64>,
    /// Root of the mean squared difference.
    pub rmse: f64,
    /// Share of the best by observation that are among as many best by prediction.
    pub overlap: f64,
}

/// Judges pairs of observed and predicted values; `top` is the share that would be selected, of the highest values.
/// `None` without pairs.
pub fn accuracy(pairs: &[(f64, f64)], top: f64) -> Option<Accuracy> {
    let n = pairs.len();
    if n == 0 {
        return None;
    }
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n as f64;
    let (own, other) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut oo, mut pp, mut op, mut squares) = (0.0, 0.0, 0.0, 0.0);
    for &(observed, predicted) in pairs {
        oo += (observed - own).powi(2);
        pp += (predicted - other).powi(2);
        op += (observed - own) * (predicted - other);
        squares += (observed - predicted).powi(2);
    }
    // Predictions that differ by rounding alone do not vary.
    let varies = pp > 1e-18 * (oo + n as f64 * other * other) && oo > 0.0;
    Some(Accuracy {
        records: n,
        correlation: varies.then(|| op / (oo * pp).sqrt()),
        slope: varies.then(|| op / pp),
        rmse: (squares / n as f64).sqrt(),
        overlap: overlap(pairs, top),
    })
}

fn overlap(pairs: &[(f64, f64)], top: f64) -> f64 {
    let n = pairs.len();
    let count = ((top * n as f64).round() as usize).clamp(1, n);
    let best = |of: fn(&(f64, f64)) -> f64| {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| of(&pairs[b]).total_cmp(&of(&pairs[a])).then(a.cmp(&b)));
        order.truncate(count);
        order.sort_unstable();
        order
    };
    let (own, other) = (best(|pair| pair.0), best(|pair| pair.1));
    own.iter().filter(|index| other.binary_search(index).is_ok()).count() as f64 / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_by_slope_and_correlation() {
        let pairs: Vec<(f64, f64)> = (0..20).map(|i| (3.0 + 2.0 * f64::from(i), f64::from(i))).collect();
        let own = accuracy(&pairs, 0.1).unwrap();
        assert_eq!(own.records, 20);
        assert!((own.correlation.unwrap() - 1.0).abs() < 1e-12);
        assert!((own.slope.unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(own.overlap, 1.0);
        let upside: Vec<(f64, f64)> = pairs.iter().map(|&(o, p)| (o, -p)).collect();
        assert_eq!(accuracy(&upside, 0.1).unwrap().overlap, 0.0);
        let flat: Vec<(f64, f64)> = pairs.iter().map(|&(o, _)| (o, 0.7)).collect();
        assert_eq!(accuracy(&flat, 0.1).unwrap().correlation, None);
        assert!(accuracy(&[], 0.1).is_none());
    }
}
