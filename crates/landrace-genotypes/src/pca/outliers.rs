//! Samples that lie far out on the first components.

use super::PrincipalComponents;

/// How far out a sample lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlier {
    /// Index of the sample.
    pub sample: usize,
    /// Root mean square of its deviations on the components looked at.
    pub distance: f64,
    /// The component on which it deviates most, from 1.
    pub component: usize,
    /// That deviation: from the median, in robust standard deviations (1.4826 times the median absolute deviation).
    pub deviation: f64,
}

/// The samples by their distance from the middle on the first `components`, the farthest first. Components whose
/// median absolute deviation is 0 are passed over.
pub fn outliers(pca: &PrincipalComponents, components: usize) -> Vec<Outlier> {
    let scaled: Vec<(usize, Vec<f64>)> = pca
        .vectors
        .iter()
        .take(components)
        .zip(1..)
        .filter_map(|(vector, component)| {
            let middle = median(vector.clone());
            let spread = 1.4826 * median(vector.iter().map(|value| (value - middle).abs()).collect());
            (spread > 1e-12)
                .then(|| (component, vector.iter().map(|value| (value - middle) / spread).collect()))
        })
        .collect();
    let outlier = |sample: usize| {
        let own = scaled.iter().map(|(component, values)| (*component, values[sample]));
        let squares: f64 = own.clone().map(|(_, value)| value * value).sum();
        let (component, deviation) =
            own.fold((0, 0.0f64), |worst, own| if own.1.abs() > worst.1.abs() { own } else { worst });
        Outlier { sample, distance: (squares / scaled.len().max(1) as f64).sqrt(), component, deviation }
    };
    let mut out: Vec<Outlier> = (0..pca.samples.len()).map(outlier).collect();
    out.sort_by(|a, b| b.distance.total_cmp(&a.distance).then(a.sample.cmp(&b.sample)));
    out
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}
