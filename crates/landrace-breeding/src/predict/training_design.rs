//! Which samples to phenotype, so that all are predicted best (CDmean: Rincent et al. 2012).

use landrace_genotypes::relationship::SampleMatrix;
use rayon::prelude::*;

use super::PredictError;

/// Variance of the mean before any record, in units of the mean relationship of a sample with itself: nothing is known
/// of it.
const VAGUE: f64 = 1e4;
/// Rounds of exchanges at most.
const ROUNDS: usize = 5;
/// Gain below which an exchange is not made.
const LEAST: f64 = 1e-9;

/// What to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingRequest {
    /// Number of samples to phenotype.
    pub count: usize,
    /// Genetic share of the variance of a record.
    pub heritability: f64,
    /// Samples that have been phenotyped already, by index.
    pub phenotyped: Vec<usize>,
}

/// Samples to phenotype.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingDesign {
    /// The samples, the one that helps most first, and the mean reliability of all samples once it and those before
    /// have records.
    pub chosen: Vec<(usize, f64)>,
    /// Mean reliability before.
    pub before: f64,
    /// Mean reliability that the first samples of greedy choice reach, without exchanges.
    pub greedy: f64,
    /// The reliability of each sample's difference from the mean of all, once the chosen have records.
    pub reliabilities: Vec<f64>,
}

/// What is known of genetic values and the mean at some records: their covariance given these, in units of the genetic
/// variance.
struct Knowledge {
    samples: usize,
    /// (samples + 1)², the mean last.
    covariance: Vec<f64>,
    /// Residual over genetic variance.
    residual: f64,
    /// Variance of each sample's difference from the mean of all, before any record.
    before: Vec<f64>,
}

impl Knowledge {
    fn new(kernel: &SampleMatrix, heritability: f64) -> Result<Self, PredictError> {
        let n = kernel.len();
        let centred = kernel.centred();
        let before: Vec<f64> = (0..n).map(|i| centred.get(i, i)).collect();
        let size = before.iter().sum::<f64>() / n as f64;
        if size.is_nan() || size <= 0.0 {
            return Err(PredictError::Request(
                "the samples are all alike, so that none says more than another; give other genotypes"
                    .to_owned(),
            ));
        }
        let width = n + 1;
        let mut covariance = vec![0.0; width * width];
        for i in 0..n {
            for k in 0..n {
                covariance[i * width + k] = kernel.get(i, k);
            }
        }
        covariance[width * width - 1] = VAGUE * size;
        Ok(Self { samples: n, covariance, residual: size * (1.0 - heritability) / heritability, before })
    }

    /// Covariance of a sample's record, but for its residual, with all values and the mean.
    fn column(&self, sample: usize) -> Vec<f64> {
        let width = self.samples + 1;
        let row = |index: usize| &self.covariance[index * width..][..width];
        row(sample).iter().zip(row(self.samples)).map(|(own, mean)| own + mean).collect()
    }

    fn variance(&self, column: &[f64], sample: usize) -> f64 {
        column[sample] + column[self.samples]
    }

    /// The sum over all samples of what a record adds to the reliability, times its variance.
    fn worth(&self, column: &[f64]) -> f64 {
        let mean = column[..self.samples].iter().sum::<f64>() / self.samples as f64;
        let one =
            |(own, before): (&f64, &f64)| if *before > 0.0 { (own - mean).powi(2) / before } else { 0.0 };
        column.iter().zip(&self.before).map(one).sum()
    }

    /// What a record of a sample would add to the mean reliability.
    fn gain(&self, sample: usize) -> f64 {
        let column = self.column(sample);
        self.worth(&column) / (self.variance(&column, sample) + self.residual) / self.samples as f64
    }

    /// Takes in a record of a sample, or takes it away; gives the change of the mean reliability.
    fn record(&mut self, sample: usize, is_added: bool) -> f64 {
        let column = self.column(sample);
        let variance = self.variance(&column, sample);
        let divisor = if is_added { variance + self.residual } else { variance - self.residual };
        let width = self.samples + 1;
        self.covariance.par_chunks_mut(width).zip(&column).for_each(|(row, own)| {
            let factor = own / divisor;
            row.iter_mut().zip(&column).for_each(|(value, other)| *value -= factor * other);
        });
        self.worth(&column) / divisor / self.samples as f64
    }

    fn best(&self, is_open: &[bool]) -> Option<(usize, f64)> {
        let open: Vec<usize> = (0..self.samples).filter(|&sample| is_open[sample]).collect();
        let gains: Vec<f64> = open.par_iter().map(|&sample| self.gain(sample)).collect();
        let better = |best: Option<(usize, f64)>, own: (usize, f64)| match best {
            Some(best) if best.1 >= own.1 => Some(best),
            _ => Some(own),
        };
        open.into_iter().zip(gains).fold(None, better)
    }

    fn reliabilities(&self) -> Vec<f64> {
        let (n, width) = (self.samples, self.samples + 1);
        let means: Vec<f64> =
            (0..n).map(|i| self.covariance[i * width..][..n].iter().sum::<f64>() / n as f64).collect();
        let all = means.iter().sum::<f64>() / n as f64;
        let left = |i: usize| self.covariance[i * width + i] - 2.0 * means[i] + all;
        let one = |i: usize| {
            if self.before[i] > 0.0 { (1.0 - left(i) / self.before[i]).clamp(0.0, 1.0) } else { 0.0 }
        };
        (0..n).map(one).collect()
    }
}

/// Chooses samples to phenotype so that the mean reliability of the differences of all samples from their mean is
/// greatest: one by one, then by exchanges as long as they gain. Memory: 8 bytes times the square of the samples,
/// twice.
///
/// # Errors
/// Returns an error if there are fewer samples to choose from than asked for, or the heritability is not between 0 and
/// 1.
pub fn design_training(
    kernel: &SampleMatrix,
    request: &TrainingRequest,
) -> Result<TrainingDesign, PredictError> {
    let (n, count) = (kernel.len(), request.count);
    let mut is_open = vec![true; n];
    request.phenotyped.iter().for_each(|&sample| is_open[sample] = false);
    let open = is_open.iter().filter(|own| **own).count();
    if count == 0 || count > open {
        return Err(PredictError::Request(format!(
            "{count} samples to phenotype were asked for, and {open} without records are there; ask for 1 to {open}"
        )));
    }
    if !(request.heritability > 0.0 && request.heritability < 1.0) {
        return Err(PredictError::Request("the heritability must lie between 0 and 1".to_owned()));
    }
    let mut known = Knowledge::new(kernel, request.heritability)?;
    request.phenotyped.iter().for_each(|&sample| {
        known.record(sample, true);
    });
    let mean = |known: &Knowledge| known.reliabilities().iter().sum::<f64>() / n as f64;
    let before = mean(&known);
    let mut chosen = Vec::with_capacity(count);
    for _ in 0..count {
        let Some((sample, _)) = known.best(&is_open) else { break };
        known.record(sample, true);
        is_open[sample] = false;
        chosen.push(sample);
    }
    let greedy = mean(&known);
    exchange(&mut known, &mut is_open, &mut chosen);
    let reliabilities = known.reliabilities();
    Ok(TrainingDesign { chosen: ranked(kernel, request, &chosen)?, before, greedy, reliabilities })
}

/// Takes each chosen sample out and the best in its place in, round by round, as long as that gains.
fn exchange(known: &mut Knowledge, is_open: &mut [bool], chosen: &mut [usize]) {
    for _ in 0..ROUNDS {
        let mut has_changed = false;
        for own in chosen.iter_mut() {
            let lost = -known.record(*own, false);
            is_open[*own] = true;
            let better = known.best(is_open).filter(|best| best.0 != *own && best.1 > lost + LEAST);
            if let Some((sample, _)) = better {
                *own = sample;
                has_changed = true;
            }
            known.record(*own, true);
            is_open[*own] = false;
        }
        if !has_changed {
            break;
        }
    }
}

/// The chosen, the one that adds most first.
fn ranked(
    kernel: &SampleMatrix,
    request: &TrainingRequest,
    chosen: &[usize],
) -> Result<Vec<(usize, f64)>, PredictError> {
    let mut known = Knowledge::new(kernel, request.heritability)?;
    request.phenotyped.iter().for_each(|&sample| {
        known.record(sample, true);
    });
    let mut is_open = vec![false; kernel.len()];
    chosen.iter().for_each(|&sample| is_open[sample] = true);
    let mut out = Vec::with_capacity(chosen.len());
    while let Some((sample, _)) = known.best(&is_open) {
        known.record(sample, true);
        is_open[sample] = false;
        out.push((sample, known.reliabilities().iter().sum::<f64>() / kernel.len() as f64));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::Population;
    use super::super::tests::flock;
    use super::*;

    /// Mean reliability of the contrasts, from the mixed model equations.
    fn by_hand(kernel: &SampleMatrix, chosen: &[usize], heritability: f64) -> f64 {
        use super::super::cholesky::Cholesky;
        use faer::Mat;
        let (n, t) = (kernel.len(), chosen.len());
        let centred = kernel.centred();
        let size = centred.mean_diagonal();
        let residual = size * (1.0 - heritability) / heritability;
        let v = Mat::from_fn(t, t, |i, k| {
            kernel.get(chosen[i], chosen[k]) + VAGUE * size + if i == k { residual } else { 0.0 }
        });
        let factor = Cholesky::of(v).unwrap();
        let one = |i: usize| {
            let means: Vec<f64> =
                chosen.iter().map(|&c| (0..n).map(|k| kernel.get(k, c)).sum::<f64>() / n as f64).collect();
            let side: Vec<f64> = chosen.iter().zip(means).map(|(&c, mean)| kernel.get(i, c) - mean).collect();
            let explained: f64 = factor.solved(&side).iter().zip(&side).map(|(a, b)| a * b).sum();
            explained / centred.get(i, i)
        };
        (0..n).map(one).sum::<f64>() / n as f64
    }

    #[test]
    fn designs_are_as_good_as_the_equations_say_and_better_than_chance() {
        let population = Population::of_genotypes(flock(40, 80, 5).0);
        let kernel = population.relationship().unwrap();
        let request = TrainingRequest { count: 10, heritability: 0.5, phenotyped: Vec::new() };
        let design = design_training(kernel, &request).unwrap();
        let chosen: Vec<usize> = design.chosen.iter().map(|own| own.0).collect();
        let last = design.chosen.last().unwrap().1;
        assert!(
            (by_hand(kernel, &chosen, 0.5) - last).abs() < 1e-4,
            "{last} {} {chosen:?}",
            by_hand(kernel, &chosen, 0.5)
        );
        assert!(
            last >= design.greedy - 1e-9 && design.before.abs() < 1e-6,
            "{last} {} {}",
            design.greedy,
            design.before
        );
        for first in 0..5 {
            let chance: Vec<usize> = (0..10).map(|i| (first * 7 + i * 3) % 40).collect();
            assert!(by_hand(kernel, &chance, 0.5) < last);
        }
        let more = TrainingRequest { count: 5, phenotyped: chosen.clone(), ..request.clone() };
        let more = design_training(kernel, &more).unwrap();
        assert!((more.before - last).abs() < 1e-6 && more.chosen.iter().all(|own| !chosen.contains(&own.0)));
        let message =
            design_training(kernel, &TrainingRequest { count: 41, ..request }).unwrap_err().to_string();
        assert!(message.contains("ask for 1 to 40"), "{message}");
    }
}
