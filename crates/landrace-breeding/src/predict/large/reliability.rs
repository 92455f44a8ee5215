//! Reliabilities of the genetic values of samples with records, approximately.
//!
//! With N = (A + δ)⁻¹ on what is left of the fixed effects, A N A = A − δ P + δ² N, so that the variance of a predicted
//! value needs the diagonal of N alone. It is estimated from the random vectors, v ∘ N v (Bekas, Kokiopoulou and Saad
//! 2007), less a multiple of what the same vectors get wrong in the diagonal of A, which is known.

use super::krylov::Krylov;
use super::operator::Operator;

/// One number a sample; NaN without a record.
pub(super) fn of(operator: &Operator<'_>, krylov: &Krylov, diagonal: &[f64], delta: f64) -> Vec<f64> {
    let weights = &operator.records.weights;
    let probes = krylov.spaces().len() - 1;
    if probes == 0 {
        return vec![f64::NAN; diagonal.len()];
    }
    let (own, projected) = operator.diagonals(diagonal);
    let starts: Vec<&[f64]> = krylov.spaces()[1..].iter().map(|space| space.start.as_slice()).collect();
    let images = operator.apply(&starts);
    let n = diagonal.len();
    let (mut inverse, mut known) = (vec![0.0; n], vec![0.0; n]);
    for (probe, (start, image)) in starts.iter().zip(&images).enumerate() {
        let solution = krylov.solution(probe + 1, delta);
        for i in 0..n {
            inverse[i] += start[i] * solution[i] / probes as f64;
            known[i] += start[i] * image[i] / probes as f64;
        }
    }
    let records: Vec<usize> = (0..n).filter(|&i| weights[i] > 0.0).collect();
    // What is known to be wrong with the diagonal of A tells of what is wrong with that of N.
    let mean = records.iter().map(|&i| inverse[i]).sum::<f64>() / records.len() as f64;
    let (mut both, mut squares) = (0.0, 0.0);
    for &i in &records {
        let wrong = known[i] - own[i];
        both += wrong * (inverse[i] - mean);
        squares += wrong * wrong;
    }
    let slope = if squares > 0.0 { both / squares } else { 0.0 };
    let mut out = vec![f64::NAN; n];
    for i in records {
        let inverse = inverse[i] - slope * (known[i] - own[i]);
        let explained = own[i] - delta * (projected[i] - delta * inverse);
        out[i] = (explained / (weights[i] * diagonal[i])).clamp(0.0, 1.0);
    }
    out
}
