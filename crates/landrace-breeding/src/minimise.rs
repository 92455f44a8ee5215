//! Minima of smooth functions of few numbers: BFGS, steps halved until they help.

/// Rounds at most.
const ROUNDS: usize = 500;
/// The longest step of any number.
const LONGEST: f64 = 2.0;

/// Where a function is smallest near `start`, and its value there. `f` may be infinite where it is not defined, but not
/// at the start.
pub(crate) fn minimise(
    f: &dyn Fn(&[f64]) -> f64,
    gradient: &dyn Fn(&[f64]) -> Vec<f64>,
    start: Vec<f64>,
) -> (Vec<f64>, f64) {
    let inverse = identity(start.len());
    minimise_from(f, gradient, start, inverse)
}

/// As [`minimise`], from what is known of the inverse of the second derivatives.
pub(crate) fn minimise_from(
    f: &dyn Fn(&[f64]) -> f64,
    gradient: &dyn Fn(&[f64]) -> Vec<f64>,
    start: Vec<f64>,
    mut inverse: Vec<Vec<f64>>,
) -> (Vec<f64>, f64) {
    let n = start.len();
    let mut value = f(&start);
    if n == 0 {
        return (start, value);
    }
    let mut x = start;
    let mut slope = gradient(&x);
    let mut is_fresh = true;
    for _ in 0..ROUNDS {
        let Some((next, found)) = step(f, (&x, value), &slope, &inverse) else {
            if is_fresh {
                break;
            }
            (inverse, is_fresh) = (identity(n), true);
            continue;
        };
        let after = gradient(&next);
        let moved: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = after.iter().zip(&slope).map(|(a, b)| a - b).collect();
        let is_still = moved.iter().all(|own| own.abs() < 1e-8) && value - found < 1e-9;
        (x, value, slope) = (next, found, after);
        if is_still && is_fresh {
            break;
        }
        is_fresh = is_still;
        if is_still { inverse = identity(n) } else { update(&mut inverse, &moved, &turned) }
    }
    (x, value)
}

/// A step along the direction that lowers the function enough (Armijo); `None` if there is none.
fn step(
    f: &dyn Fn(&[f64]) -> f64,
    (x, value): (&[f64], f64),
    slope: &[f64],
    inverse: &[Vec<f64>],
) -> Option<(Vec<f64>, f64)> {
    let mut direction: Vec<f64> = inverse.iter().map(|row| -dot(row, slope)).collect();
    let longest = direction.iter().fold(0.0f64, |most, own| most.max(own.abs()));
    if longest > LONGEST {
        direction.iter_mut().for_each(|own| *own *= LONGEST / longest);
    }
    let along = dot(&direction, slope);
    let mut share = 1.0;
    while share > 1e-10 {
        let next: Vec<f64> = x.iter().zip(&direction).map(|(x, own)| x + share * own).collect();
        let found = f(&next);
        if found <= value + 1e-4 * share * along {
            return Some((next, found));
        }
        share /= 2.0;
    }
    None
}

/// The update of Broyden, Fletcher, Goldfarb and Shanno.
fn update(inverse: &mut [Vec<f64>], moved: &[f64], turned: &[f64]) {
    let curvature = dot(moved, turned);
    if curvature <= 1e-14 {
        return;
    }
    let along: Vec<f64> = inverse.iter().map(|row| dot(row, turned)).collect();
    let own = (1.0 + dot(turned, &along) / curvature) / curvature;
    for (i, row) in inverse.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell += own * moved[i] * moved[j] - (along[i] * moved[j] + moved[i] * along[j]) / curvature;
        }
    }
}

/// The gradient by central differences.
pub(crate) fn differences(f: &dyn Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    let at = |k: usize, by: f64| {
        let mut moved = x.to_vec();
        moved[k] += by;
        f(&moved)
    };
    let one = |k: usize| {
        let by = 1e-4 * x[k].abs().max(1e-2);
        (at(k, by) - at(k, -by)) / (2.0 * by)
    };
    (0..x.len()).map(one).collect()
}

/// Short first steps: functions are sums over hundreds of samples.
fn identity(n: usize) -> Vec<Vec<f64>> {
    (0..n).map(|i| (0..n).map(|j| if i == j { 0.01 } else { 0.0 }).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_bent_valley() {
        let f = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let exact = |x: &[f64]| {
            let bend = x[1] - x[0] * x[0];
            vec![-2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend, 200.0 * bend]
        };
        for gradient in [&exact as &dyn Fn(&[f64]) -> Vec<f64>, &|x: &[f64]| differences(&f, x)] {
            let (x, value) = minimise(&f, gradient, vec![-1.2, 1.0]);
            assert!((x[0] - 1.0).abs() < 1e-4 && (x[1] - 1.0).abs() < 1e-4 && value < 1e-8, "{x:?}");
        }
    }
}
