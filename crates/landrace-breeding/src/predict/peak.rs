//! The greatest value of a smooth function of one number.

/// Steps at most.
const STEPS: usize = 40;
/// How near the place is looked for.
const TOLERANCE: f64 = 1e-3;
/// The smaller part of a golden section.
const GOLDEN: f64 = 0.381_966_011_250_105;

/// A place and the value there.
type Point = (f64, f64);

/// The place within `range` where `f` is greatest, near `start`: uphill until it is bracketed, then by Brent's (1973)
/// parabolas and golden sections.
pub(super) fn peak(start: f64, range: (f64, f64), f: &impl Fn(f64) -> f64) -> f64 {
    let at = |t: f64| (t, f(t));
    let inside = |t: f64| t.clamp(range.0, range.1);
    let mut step = 0.5;
    let mut middle = at(inside(start));
    let (mut left, mut right) = (at(inside(middle.0 - step)), at(inside(middle.0 + step)));
    while left.1 > middle.1 && left.0 > range.0 {
        step *= 2.0;
        (left, middle, right) = (at(inside(left.0 - step)), left, middle);
    }
    while right.1 > middle.1 && right.0 < range.1 {
        step *= 2.0;
        (left, middle, right) = (middle, right, at(inside(right.0 + step)));
    }
    brent(left.0, right.0, [left, middle, right], &at)
}

/// Brent's method between two places, from three points known.
fn brent(mut low: f64, mut high: f64, mut points: [Point; 3], at: &impl Fn(f64) -> Point) -> f64 {
    // The best first, then the second best and the third.
    points.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (mut before_last, mut last) = (high - low, high - low);
    for _ in 0..STEPS {
        let best = points[0].0;
        let middle = 0.5 * (low + high);
        if (best - middle).abs() <= 2.0 * TOLERANCE - 0.5 * (high - low) {
            break;
        }
        let parabola = vertex(points) - best;
        let is_sound = parabola.is_finite()
            && parabola.abs() < 0.5 * before_last.abs()
            && best + parabola > low
            && best + parabola < high;
        let mut step = if is_sound {
            parabola
        } else if best >= middle {
            GOLDEN * (low - best)
        } else {
            GOLDEN * (high - best)
        };
        before_last = if is_sound {
            last
        } else if best >= middle {
            low - best
        } else {
            high - best
        };
        if step.abs() < TOLERANCE {
            step = if best < middle { TOLERANCE } else { -TOLERANCE };
        }
        last = step;
        let own = at(best + step);
        if own.1 >= points[0].1 {
            if own.0 >= best {
                low = best
            } else {
                high = best
            }
            points = [own, points[0], points[1]];
        } else {
            if own.0 < best {
                low = own.0
            } else {
                high = own.0
            }
            points[2] = own;
            if own.1 >= points[1].1 {
                points.swap(1, 2);
            }
        }
    }
    points[0].0
}

/// Where the parabola through three points is greatest or least; not a number if they lie on a line.
fn vertex([a, b, c]: [Point; 3]) -> f64 {
    let (ab, ac) = (a.0 - b.0, a.0 - c.0);
    let (p, q) = (ab * (a.1 - c.1), ac * (a.1 - b.1));
    a.0 - 0.5 * (ab * p - ac * q) / (p - q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_found_inside_and_at_the_ends() {
        let range = (-11.0, 11.0);
        for top in [-7.3, 0.0, 0.2, 5.5] {
            let found = peak(0.0, range, &|t| -(t - top).powi(2) - 0.1 * (t - top).powi(4));
            assert!((found - top).abs() < 3e-3, "{top} {found}");
            let skewed = peak(1.0, range, &|t| (t - top) - (t - top).exp());
            assert!((skewed - top).abs() < 3e-3, "{top} {skewed}");
        }
        assert!(peak(0.0, range, &|t| t) > 10.99);
        assert!(peak(-11.0, range, &|t| -t) < -10.99);
    }
}
