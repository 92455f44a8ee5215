//! The greatest value of a smooth function of one number.

/// Steps at most.
const STEPS: usize = 24;
/// Steps below this are no longer taken.
const TOLERANCE: f64 = 1e-3;

/// The place within `range` where `f` is greatest, near `start`: uphill until it is bracketed, then by parabolas.
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
    if left.1 > middle.1 {
        middle = left;
    } else if right.1 > middle.1 {
        middle = right;
    }
    for _ in 0..STEPS {
        let next = vertex(left, middle, right);
        // At an end of the range, and where a parabola does not help, halve the wider side.
        let next = if next > left.0 && next < right.0 && next.is_finite() {
            next
        } else if right.0 - middle.0 > middle.0 - left.0 {
            0.5 * (middle.0 + right.0)
        } else {
            0.5 * (left.0 + middle.0)
        };
        if (next - middle.0).abs() < TOLERANCE {
            return next;
        }
        let own = at(next);
        if own.1 > middle.1 {
            if next > middle.0 {
                left = middle;
            } else {
                right = middle;
            }
            middle = own;
        } else if next > middle.0 {
            right = own;
        } else {
            left = own;
        }
    }
    middle.0
}

/// Where the parabola through three points is greatest; not a number if it has no peak.
fn vertex(left: (f64, f64), middle: (f64, f64), right: (f64, f64)) -> f64 {
    let (dl, dr) = (middle.0 - left.0, right.0 - middle.0);
    let (fl, fr) = (middle.1 - left.1, middle.1 - right.1);
    let bend = fl * dr + fr * dl;
    if bend > 0.0 && dl > 0.0 && dr > 0.0 {
        middle.0 + 0.5 * (fl * dr * dr - fr * dl * dl) / bend
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_found_inside_and_at_the_ends() {
        let range = (-11.0, 11.0);
        for top in [-7.3, 0.0, 0.2, 5.5] {
            let found = peak(0.0, range, &|t| -(t - top).powi(2) - 0.1 * (t - top).powi(4));
            assert!((found - top).abs() < 5e-3, "{top} {found}");
            let skewed = peak(1.0, range, &|t| (t - top) - (t - top).exp());
            assert!((skewed - top).abs() < 5e-3, "{top} {skewed}");
        }
        assert!(peak(0.0, range, &|t| t) > 10.9);
        assert!(peak(-11.0, range, &|t| -t) < -10.9);
    }
}
