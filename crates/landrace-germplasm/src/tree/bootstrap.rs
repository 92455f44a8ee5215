//! Bootstrap of markers: how often trees of resampled stretches of the genome have the branches of a tree.
//!
//! Neighbouring variants are not independent, so that what is drawn anew (with replacement, as many as there are) are
//! stretches of a contig of a stated number of variants; of one variant each, it is the bootstrap of Felsenstein (1985).
//! The distances of a replicate are sums over stretches, weighted by how often each was drawn. All sums are whole
//! numbers, and each replicate has random numbers of its own: the result does not depend on threads.

use std::collections::HashMap;
use std::ops::Range;

use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeMatrix};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::{Method, Square, Tree};
use crate::distance::{PARTS, Steps};

/// Bytes that the sums of the replicates of one pass take at most (of one replicate, if that takes more).
const HELD: usize = 512 << 20;
/// Branches no longer than this are none: they came of ties, and support nothing.
const NO_LENGTH: f64 = 1e-12;

/// Which distance of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Mean difference of the dosages as shares of the ploidy.
    Alleles,
    /// Share of calls that differ.
    Calls,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// How each tree is made.
    pub method: Method,
    /// Of which distance.
    pub measure: Measure,
    /// Number of replicates.
    pub replicates: usize,
    /// Variants of a stretch; the last of a contig may have fewer.
    pub stretch: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

/// What the bootstrap was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Number of stretches.
    pub stretches: usize,
    /// Pairs in replicates without a variant to compare, which kept their distance over all variants.
    pub kept: u64,
}

/// Runs of rows that make a stretch.
type Stretch<'a> = Vec<(&'a GenotypeBlock, Range<usize>)>;

/// Sums of a pair in a replicate: variants compared, and the differences.
type Sums = [u64; 2];

/// Sets the support of the inner branches of a tree made of these distances of the matrix.
///
/// # Errors
/// Returns an error if the matrix has no variants.
pub fn support(
    tree: &mut Tree,
    matrix: &GenotypeMatrix,
    distances: &Square,
    request: &Request,
) -> Result<Account, GenotypeError> {
    let stretches = stretches(matrix, request.stretch.max(1));
    if stretches.is_empty() {
        let message = "there is no variant to draw for the bootstrap; check the input";
        return Err(GenotypeError::Request(message.to_owned()));
    }
    let splits: HashMap<Vec<u64>, usize> = splits(tree, request.method).into_iter().collect();
    let mut account = Account { stretches: stretches.len(), kept: 0 };
    let mut found = vec![0u32; tree.nodes.len()];
    let pairs = tree.leaves() * tree.leaves().saturating_sub(1) / 2;
    let batch = (HELD / (size_of::<Sums>() * pairs.max(1))).max(1);
    for first in (0..request.replicates).step_by(batch) {
        let replicates = first..request.replicates.min(first + batch);
        let sums = sums(&stretches, tree.leaves(), replicates.clone(), request);
        let each: Vec<(Vec<usize>, u64)> = (0..replicates.len())
            .into_par_iter()
            .map(|index| replicate(tree, distances, &splits, (&sums, index), request))
            .collect::<Result<_, _>>()?;
        for (nodes, kept) in each {
            nodes.into_iter().for_each(|node| found[node] += 1);
            account.kept += kept;
        }
    }
    for node in splits.into_values() {
        tree.nodes[node].support = Some(f64::from(found[node]) / request.replicates.max(1) as f64);
    }
    Ok(account)
}

/// Cuts the variants: each contig from its start, in so many variants.
fn stretches(matrix: &GenotypeMatrix, size: usize) -> Vec<Stretch<'_>> {
    let mut out: Vec<Stretch<'_>> = Vec::new();
    let (mut contig, mut room) = (None, 0);
    for block in matrix.blocks() {
        if contig != Some(&block.contig) {
            (contig, room) = (Some(&block.contig), 0);
        }
        let mut row = 0;
        while row < block.rows() {
            if room == 0 {
                out.push(Vec::new());
                room = size;
            }
            let end = block.rows().min(row + room);
            if let Some(last) = out.last_mut() {
                last.push((block, row..end));
            }
            room -= end - row;
            row = end;
        }
    }
    out
}

/// How often each stretch is drawn in a replicate.
fn weights(stretches: usize, seed: u64, replicate: usize) -> Vec<u64> {
    let stream = (replicate as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ stream);
    let mut out = vec![0; stretches];
    for _ in 0..stretches {
        let drawn = (u128::from(random.next_u64()) * stretches as u128) >> 64;
        out[usize::try_from(drawn).unwrap_or(0)] += 1;
    }
    out
}

/// For each accession: with each before it, the sums of each replicate.
fn sums(stretches: &[Stretch<'_>], n: usize, replicates: Range<usize>, request: &Request) -> Vec<Vec<Sums>> {
    let weights: Vec<Vec<u64>> =
        replicates.clone().map(|replicate| weights(stretches.len(), request.seed, replicate)).collect();
    let mut rows: Vec<Vec<Sums>> = (0..n).map(|sample| vec![[0; 2]; sample * weights.len()]).collect();
    for (index, stretch) in stretches.iter().enumerate() {
        let steps = Steps::of_rows(stretch);
        let own: Vec<u64> = weights.iter().map(|weights| weights[index]).collect();
        rows.par_iter_mut().enumerate().for_each(|(sample, row)| {
            for (other, sums) in row.chunks_exact_mut(own.len()).enumerate() {
                let (compared, different, parts) = steps.pair(sample, other);
                let difference = if request.measure == Measure::Alleles { parts } else { different };
                for (sums, &weight) in sums.iter_mut().zip(&own) {
                    sums[0] += weight * compared;
                    sums[1] += weight * difference;
                }
            }
        });
    }
    rows
}

/// The nodes of the tree whose branch a replicate has, and the pairs that it could not compare.
fn replicate(
    tree: &Tree,
    distances: &Square,
    known: &HashMap<Vec<u64>, usize>,
    (sums, index): (&[Vec<Sums>], usize),
    request: &Request,
) -> Result<(Vec<usize>, u64), GenotypeError> {
    let whole = if request.measure == Measure::Alleles { PARTS as f64 } else { 1.0 };
    let (n, mut kept) = (tree.leaves(), 0);
    let square = Square::from_pairs(n, |i, j| {
        let replicates = sums[i].len() / i.max(1);
        let [compared, difference] = sums[i][j * replicates + index];
        if compared == 0 {
            kept += 1;
            return Ok::<f64, GenotypeError>(distances.get(i, j));
        }
        Ok(difference as f64 / whole / compared as f64)
    })?;
    let other = request.method.tree(&tree.names, square)?;
    let nodes = splits(&other, request.method).into_iter().filter(|&(_, node)| has_length(&other, node));
    Ok((nodes.filter_map(|(split, _)| known.get(&split).copied()).collect(), kept))
}

fn has_length(tree: &Tree, node: usize) -> bool {
    tree.nodes[node].length > NO_LENGTH
}

/// The leaves below each inner branch as bits; without a root, those of the side without the first leaf.
fn splits(tree: &Tree, method: Method) -> Vec<(Vec<u64>, usize)> {
    let (leaves, words) = (tree.leaves(), tree.leaves().div_ceil(64));
    let mut below = vec![vec![0u64; words]; tree.nodes.len()];
    for &node in tree.from_the_root().iter().rev() {
        if tree.is_leaf(node) {
            below[node][node / 64] |= 1 << (node % 64);
        }
        if let Some(parent) = tree.nodes[node].parent {
            let own = below[node].clone();
            below[parent].iter_mut().zip(own).for_each(|(all, own)| *all |= own);
        }
    }
    let turned = |split: &[u64]| -> Vec<u64> {
        let all = |word: usize| if 64 * (word + 1) <= leaves { u64::MAX } else { (1 << (leaves % 64)) - 1 };
        split.iter().enumerate().map(|(word, bits)| !bits & all(word)).collect()
    };
    (leaves..tree.nodes.len())
        .filter(|&node| node != tree.root)
        .map(|node| {
            let split = &below[node];
            let is_turned = method == Method::NeighbourJoining && split[0] & 1 == 1;
            (if is_turned { turned(split) } else { split.clone() }, node)
        })
        .collect()
}
