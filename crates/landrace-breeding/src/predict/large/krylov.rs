//! Krylov spaces of A for y and for random vectors, step by step (Lanczos 1950). Each serves every δ.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::Options;
use super::operator::Operator;

/// All spaces: that of y first, then those of the random vectors.
pub(super) struct Krylov {
    spaces: Vec<Space>,
}

/// The space of a vector.
pub(super) struct Space {
    /// The vector that it starts from, projected.
    pub(super) start: Vec<f64>,
    /// Its length.
    pub(super) length: f64,
    /// Orthonormal vectors of the steps.
    steps: Vec<Vec<f32>>,
    current: Vec<f64>,
    before: Vec<f64>,
    /// The tridiagonal matrix.
    pub(super) diagonal: Vec<f64>,
    pub(super) below: Vec<f64>,
    is_spent: bool,
}

/// What is left of a vector below this share of it is rounding.
const SPENT: f64 = 1e-6;

impl Space {
    fn new(start: Vec<f64>) -> Self {
        let length = dot(&start, &start).sqrt();
        let current = start.iter().map(|x| if length > 0.0 { x / length } else { 0.0 }).collect();
        let before = vec![0.0; start.len()];
        let (steps, diagonal, below) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            start,
            length,
            steps,
            current,
            before,
            diagonal,
            below,
            is_spent: length.is_nan() || length <= 0.0,
        }
    }

    /// Takes the product of A with the current vector.
    fn take(&mut self, mut product: Vec<f64>) {
        if self.is_spent {
            return;
        }
        let own = dot(&self.current, &product);
        let last = self.below.last().copied().unwrap_or(0.0);
        for ((x, current), before) in product.iter_mut().zip(&self.current).zip(&self.before) {
            *x -= own * current + last * before;
        }
        self.steps.push(self.current.iter().map(|&x| x as f32).collect());
        self.diagonal.push(own);
        let next = dot(&product, &product).sqrt();
        let largest = self.diagonal.iter().fold(0.0f64, |a, b| a.max(*b));
        self.is_spent = next.is_nan() || next <= SPENT * largest;
        self.below.push(if self.is_spent { 0.0 } else { next });
        self.before = std::mem::take(&mut self.current);
        product.iter_mut().for_each(|x| *x = if next > 0.0 { *x / next } else { 0.0 });
        self.current = product;
    }

    /// Solves (T + δ) c = e₁, T being the tridiagonal matrix; without pivots, for it is positive definite.
    fn coordinates(&self, delta: f64) -> Vec<f64> {
        let n = self.diagonal.len();
        let (mut pivots, mut right) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for k in 0..n {
            let (mut pivot, mut value) = (self.diagonal[k] + delta, if k == 0 { 1.0 } else { 0.0 });
            if k > 0 {
                let factor = self.below[k - 1] / pivots[k - 1];
                pivot -= factor * self.below[k - 1];
                value -= factor * right[k - 1];
            }
            pivots.push(pivot);
            right.push(value);
        }
        let mut out = vec![0.0; n];
        for k in (0..n).rev() {
            let next = if k + 1 < n { self.below[k] * out[k + 1] } else { 0.0 };
            out[k] = (right[k] - next) / pivots[k];
        }
        out
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Krylov {
    pub(super) fn new(operator: &Operator<'_>, y: Vec<f64>, options: &Options) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(options.seed);
        let mut spaces = vec![Space::new(y)];
        for _ in 0..options.probes {
            let mut signs: Vec<f64> = operator
                .records
                .weights
                .iter()
                .map(|&weight| {
                    let sign = if random.next_u64() >> 63 == 0 { 1.0 } else { -1.0 };
                    if weight > 0.0 { sign } else { 0.0 }
                })
                .collect();
            operator.project(&mut signs);
            spaces.push(Space::new(signs));
        }
        Self { spaces }
    }

    /// The spaces of vectors that are projected already.
    pub(super) fn of(starts: Vec<Vec<f64>>) -> Self {
        Self { spaces: starts.into_iter().map(Space::new).collect() }
    }

    /// v'(A + δ)⁻¹v for a space's vector.
    pub(super) fn form(&self, space: usize, delta: f64) -> f64 {
        let own = &self.spaces[space];
        own.length * own.length * own.coordinates(delta).first().copied().unwrap_or(0.0)
    }

    /// All spaces, that of y first.
    pub(super) fn spaces(&self) -> &[Space] {
        &self.spaces
    }

    /// Steps made.
    pub(super) fn steps(&self) -> usize {
        self.spaces.iter().map(|space| space.diagonal.len()).max().unwrap_or(0)
    }

    /// Whether all spaces are complete.
    pub(super) fn is_spent(&self) -> bool {
        self.spaces.iter().all(|space| space.is_spent)
    }

    /// Makes a step in all spaces at once.
    pub(super) fn extend(&mut self, operator: &Operator<'_>) {
        let open: Vec<&mut Space> = self.spaces.iter_mut().filter(|space| !space.is_spent).collect();
        let vectors: Vec<&[f64]> = open.iter().map(|space| space.current.as_slice()).collect();
        let products = operator.apply(&vectors);
        open.into_par_iter().zip(products).for_each(|(space, product)| space.take(product));
    }

    /// Length of what is left of a space's vector at δ, as a share of the vector.
    pub(super) fn left(&self, space: usize, delta: f64) -> f64 {
        let space = &self.spaces[space];
        let last = space.coordinates(delta).last().copied().unwrap_or(1.0);
        (space.below.last().copied().unwrap_or(1.0) * last).abs()
    }

    /// The largest of what is left of the random vectors.
    pub(super) fn largest_left(&self, delta: f64) -> f64 {
        (1..self.spaces.len()).map(|space| self.left(space, delta)).fold(0.0, f64::max)
    }

    /// (A + δ)⁻¹ times a space's vector.
    pub(super) fn solution(&self, space: usize, delta: f64) -> Vec<f64> {
        let own = &self.spaces[space];
        let mut out = vec![0.0; own.start.len()];
        for (vector, coordinate) in own.steps.iter().zip(own.coordinates(delta)) {
            out.iter_mut().zip(vector).for_each(|(x, &v)| *x += coordinate * f64::from(v));
        }
        out.iter_mut().for_each(|x| *x *= own.length);
        out
    }
}
