//! The λ that makes a likelihood greatest.

/// Least and greatest λ.
pub(crate) const RANGE: (f64, f64) = (1e-5, 1e5);

/// Intervals between the points where the derivative's sign is looked at.
pub(crate) const INTERVALS: usize = 10;

/// An end of the range of λ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// λ = 1e-5: no variance goes with the relationship.
    Low,
    /// λ = 1e5: no residual variance.
    High,
}

/// ln λ of the points, rising.
pub(crate) fn grid() -> [f64; INTERVALS + 1] {
    let (low, high) = (RANGE.0.ln(), RANGE.1.ln());
    std::array::from_fn(|i| low + (high - low) * i as f64 / INTERVALS as f64)
}

/// Where a likelihood is greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Optimum {
    /// ln λ.
    pub(crate) log_lambda: f64,
    /// The end of the range, if it is there.
    pub(crate) bound: Option<Bound>,
}

/// Finds the greatest likelihood from the derivatives at the [`grid`]; `slopes` gives first and second derivative at
/// any ln λ, `value` the log-likelihood. `start` is where Newton steps begin if it is in the interval.
pub(crate) fn maximise<S>(
    firsts: &[f64; INTERVALS + 1],
    start: f64,
    state: &mut S,
    slopes: impl Fn(&mut S, f64) -> (f64, f64),
    value: impl Fn(&mut S, f64) -> f64,
) -> Optimum {
    let grid = grid();
    let low = Optimum { log_lambda: grid[0], bound: Some(Bound::Low) };
    let high = Optimum { log_lambda: grid[INTERVALS], bound: Some(Bound::High) };
    let is_change = |&i: &usize| firsts[i] * firsts[i + 1] <= 0.0;
    let mut changes = (0..INTERVALS).filter(is_change);
    let Some(first) = changes.next() else {
        return if firsts[0] < 0.0 { low } else { high };
    };
    let root = |state: &mut S, i: usize| {
        let interval = ((grid[i], firsts[i]), (grid[i + 1], firsts[i + 1]));
        Optimum { log_lambda: refine(interval, start, state, &slopes), bound: None }
    };
    let mut best = root(state, first);
    let more: Vec<usize> = changes.collect();
    // One change from rising to falling: the root is the greatest.
    if more.is_empty() && firsts[first] > firsts[first + 1] {
        return best;
    }
    let mut most = value(state, best.log_lambda);
    for i in more {
        let other = root(state, i);
        let own = value(state, other.log_lambda);
        if own > most {
            (best, most) = (other, own);
        }
    }
    for end in [low, high] {
        let own = value(state, end.log_lambda);
        if own > most {
            (best, most) = (end, own);
        }
    }
    best
}

/// Steps of a search at most; halving alone needs some fifty.
const STEPS: usize = 80;

/// The root of the derivative in an interval at whose ends its signs differ.
fn refine<S>(
    ((mut left, at_left), (mut right, at_right)): ((f64, f64), (f64, f64)),
    start: f64,
    state: &mut S,
    slopes: &impl Fn(&mut S, f64) -> (f64, f64),
) -> f64 {
    let is_falling = at_left >= at_right;
    let secant = left + (right - left) * (at_left / (at_left - at_right)).clamp(0.05, 0.95);
    let mut at = if start > left && start < right { start } else { secant };
    if !at.is_finite() {
        at = 0.5 * (left + right);
    }
    for _ in 0..STEPS {
        let (first, second) = slopes(state, at);
        if first == 0.0 {
            return at;
        }
        if (first > 0.0) == is_falling {
            left = at
        } else {
            right = at
        }
        let newton = at - first / second;
        let is_inside = newton > left && newton < right;
        let next = if is_inside { newton } else { 0.5 * (left + right) };
        let step = (next - at).abs();
        at = next;
        // Newton's next step would be of the square of this one: nothing is left.
        if is_inside && step < 1e-6 || right - left < 1e-12 {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(first: impl Fn(f64) -> f64, value: impl Fn(f64) -> f64) -> Optimum {
        let firsts = grid().map(&first);
        let slopes = |_: &mut (), t: f64| (first(t), (first(t + 1e-6) - first(t - 1e-6)) / 2e-6);
        maximise(&firsts, 0.3, &mut (), slopes, |(), t| value(t))
    }

    #[test]
    fn the_greatest_of_roots_and_ends_is_found() {
        let one = find(|t| 2.0 - t, |t| 2.0 * t - t * t / 2.0);
        assert!((one.log_lambda - 2.0).abs() < 1e-9 && one.bound.is_none());
        assert_eq!(find(|_| -1.0, |t| -t).bound, Some(Bound::Low));
        assert_eq!(find(|_| 1.0, |t| t).bound, Some(Bound::High));
        // A minimum at 0 alone: the ends are greater.
        assert_eq!(find(|t| t, |t| t * t / 2.0 + t * 1e-3).bound, Some(Bound::High));
        // Two maxima, at −5 and 5, the second higher.
        let two =
            find(|t| -(t * t - 25.0) * t / 10.0, |t| -(t.powi(4) / 4.0 - 12.5 * t * t) / 10.0 + 0.1 * t);
        assert!((two.log_lambda - 5.0).abs() < 1e-6, "{two:?}");
    }
}
