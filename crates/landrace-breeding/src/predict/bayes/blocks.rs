//! Blocks of variants and their products with each other.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use rayon::prelude::*;

use super::Records;
use crate::predict::coded::CodedCalls;

/// Variants of a block.
pub(super) const BLOCK: usize = 64;

/// Products of 64 × 64 variants, row by row; those beyond the last variant are 0.
pub(super) type Products = [f32; BLOCK * BLOCK];

/// What sampling needs of the variants, block by block.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Z'WZ of each block.
    pub(super) products: Vec<Products>,
    /// Σ w z² of each variant.
    pub(super) squares: Vec<f64>,
    /// What a step of each variant's byte is worth.
    pub(super) units: Vec<f64>,
    /// What z of each variant was multiplied with: 1, or one over its standard deviation.
    pub(super) scales: Vec<f64>,
    /// Sum of the variances of z among the records.
    pub(super) variance: f64,
}

impl Blocks {
    pub(super) fn of(calls: &CodedCalls, records: &Records, is_standardised: bool) -> Self {
        let variants = calls.variants();
        let scale = |squares: f64| (calls.samples() as f64 / squares).sqrt();
        let scales: Vec<f64> =
            variants.iter().map(|own| if is_standardised { scale(own.squares) } else { 1.0 }).collect();
        let starts: Vec<usize> = (0..variants.len()).step_by(BLOCK).collect();
        let ready: Vec<(Products, f64)> =
            starts.par_iter().map(|&start| of_block(calls, records, &scales, start)).collect();
        let (products, variances): (Vec<Products>, Vec<f64>) = ready.into_iter().unzip();
        let square = |index: usize| f64::from(products[index / BLOCK][index % BLOCK * (BLOCK + 1)]);
        let squares = (0..variants.len()).map(square).collect();
        let units = variants.iter().zip(&scales).map(|(own, scale)| own.unit * scale).collect();
        Self { products, squares, units, scales, variance: variances.iter().sum() }
    }
}

/// The products of a block, and the sum of its variants' variances among the records.
fn of_block(calls: &CodedCalls, records: &Records, scales: &[f64], start: usize) -> (Products, f64) {
    let n = calls.samples();
    let count = BLOCK.min(scales.len() - start);
    let (mut z, mut own) = (Mat::<f64>::zeros(n, count), vec![0.0; n]);
    let mut variance = 0.0;
    for k in 0..count {
        calls.decode(start + k, &mut own);
        let (mut sum, mut squares, mut total) = (0.0, 0.0, 0.0);
        for ((z, own), &weight) in z.col_as_slice_mut(k).iter_mut().zip(&own).zip(&records.weights) {
            let value = own * scales[start + k];
            *z = value * weight.sqrt();
            if weight > 0.0 {
                (sum, squares, total) = (sum + value, squares + value * value, total + 1.0);
            }
        }
        variance += squares / total - (sum / total) * (sum / total);
    }
    let mut gram = Mat::<f64>::zeros(count, count);
    matmul(gram.as_mut(), Accum::Replace, z.transpose(), z.as_ref(), 1.0, Par::Seq);
    let mut out = [0.0; BLOCK * BLOCK];
    for row in 0..count {
        for column in 0..count {
            out[row * BLOCK + column] = gram[(row, column)] as f32;
        }
    }
    (out, variance)
}
