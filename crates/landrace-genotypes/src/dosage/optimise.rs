//! The greatest value of a smooth function of few parameters, by the method of Broyden, Fletcher, Goldfarb and
//! Shanno.

use super::likelihood::{Likelihood, PARAMETERS, Point};

/// Steps that are tried from every start, and from the best of them.
const STEPS: (usize, usize) = (8, 60);
/// A gain of ln likelihood that is none.
const NOTHING: f64 = 1e-6;

type Matrix = [[f64; PARAMETERS]; PARAMETERS];

/// The point of the greatest density: a few steps from each start, and on from the best; of equals, the first.
pub(super) fn maximise(likelihood: &Likelihood, starts: &[Point]) -> Point {
    let mut best: Option<Climb> = None;
    for &start in starts {
        let Some(mut climb) = Climb::from(likelihood, start) else { continue };
        climb.go(likelihood, STEPS.0);
        if best.as_ref().is_none_or(|best| climb.value > best.value + NOTHING) {
            best = Some(climb);
        }
    }
    let Some(mut climb) = best else { return starts[0] };
    climb.go(likelihood, STEPS.1);
    climb.point
}

/// A point on the way up.
struct Climb {
    point: Point,
    value: f64,
    slopes: Point,
    /// What is known of the inverse of the curvature.
    inverse: Matrix,
    is_done: bool,
}

fn dot(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn times(matrix: &Matrix, vector: &Point) -> Point {
    std::array::from_fn(|row| dot(&matrix[row], vector))
}

impl Climb {
    fn from(likelihood: &Likelihood, point: Point) -> Option<Self> {
        let (value, slopes) = likelihood.at(&point)?;
        let steepness = dot(&slopes, &slopes).sqrt();
        let mut climb = Self { point, value, slopes, inverse: Matrix::default(), is_done: false };
        climb.reset(0.3 / steepness.max(0.3));
        Some(climb)
    }

    fn reset(&mut self, scale: f64) {
        self.inverse =
            std::array::from_fn(|row| std::array::from_fn(|column| if row == column { scale } else { 0.0 }));
    }

    fn go(&mut self, likelihood: &Likelihood, steps: usize) {
        for _ in 0..steps {
            if self.is_done {
                return;
            }
            self.step(likelihood);
        }
    }

    /// One step uphill, as far as it gains; the climb is done when nothing gains.
    fn step(&mut self, likelihood: &Likelihood) {
        /// Farther no parameter goes at once.
        const FARTHEST: f64 = 1.5;
        let mut direction = times(&self.inverse, &self.slopes);
        let longest = direction.iter().fold(0.0f64, |longest, x| longest.max(x.abs()));
        if longest > FARTHEST {
            direction.iter_mut().for_each(|x| *x *= FARTHEST / longest);
        }
        let rise = dot(&direction, &self.slopes);
        let mut length = 1.0;
        for _ in 0..25 {
            let point: Point = std::array::from_fn(|i| self.point[i] + length * direction[i]);
            match likelihood.at(&point) {
                Some((value, slopes)) if value >= self.value + 1e-4 * length * rise => {
                    self.is_done = value - self.value < NOTHING;
                    self.learn(point, slopes);
                    self.value = value;
                    return;
                }
                _ => length /= 2.0,
            }
        }
        self.is_done = true;
    }

    /// Takes over a point and what the change of slopes says of the curvature.
    fn learn(&mut self, point: Point, slopes: Point) {
        let moved: Point = std::array::from_fn(|i| point[i] - self.point[i]);
        // Downhill, so that the curvature is positive.
        let changed: Point = std::array::from_fn(|i| self.slopes[i] - slopes[i]);
        let along = dot(&moved, &changed);
        if along > 1e-10 {
            let turned = times(&self.inverse, &changed);
            let scale = (along + dot(&changed, &turned)) / (along * along);
            self.inverse = std::array::from_fn(|i| {
                std::array::from_fn(|j| {
                    self.inverse[i][j] + scale * moved[i] * moved[j]
                        - (turned[i] * moved[j] + moved[i] * turned[j]) / along
                })
            });
        }
        (self.point, self.slopes) = (point, slopes);
    }
}
