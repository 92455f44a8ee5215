//! Where the restricted likelihood of a trial is greatest.

use faer::Mat;
use rayon::prelude::*;

/// Variances over that of the residual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratios {
    pub(super) main: f64,
    pub(super) interaction: f64,
}

/// Which effects the model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effects {
    /// Main effect and interaction.
    Both,
    /// The main effect alone.
    Main,
}

/// The model at some ratios.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Restricted log-likelihood, the residual's variance at its best, but for a constant.
    pub(super) likelihood: f64,
    /// The residual's variance.
    pub(super) residual: f64,
    /// The mean of each environment.
    pub(super) means: Vec<f64>,
    /// V⁻¹(y − X b), V in units of the residual's variance: line by line, an environment each; 0 without a record.
    pub(super) dual: Vec<f64>,
}

/// The restricted likelihood of some records.
pub(super) trait Likelihood: Sync {
    /// The model at some ratios; `None` if they do not determine it.
    fn at(&self, ratios: Ratios) -> Option<Point>;

    /// The variance of values that the records explain, in units of the residual's: for each sample in each environment
    /// and, last, of the main effect.
    fn explained(&self, ratios: Ratios, samples: &Chunks<'_>) -> Option<Vec<Vec<f64>>>;
}

/// The relationship of all samples to the lines, some samples at a time.
pub(super) struct Chunks<'a> {
    /// Lines × samples of a chunk.
    pub(super) relation: &'a (dyn Fn(usize) -> Mat<f64> + Sync),
    pub(super) count: usize,
}

impl Chunks<'_> {
    /// What a function makes of each chunk, one after another.
    pub(super) fn each(&self, of: impl Fn(&Mat<f64>) -> Vec<Vec<f64>> + Sync) -> Vec<Vec<f64>> {
        let parts: Vec<Vec<Vec<f64>>> =
            (0..self.count).into_par_iter().map(|at| of(&(self.relation)(at))).collect();
        parts.concat()
    }
}

/// Ends of the range of a ratio, as logarithms: those of GEMMA.
const ENDS: [f64; 2] = [-11.512_925_464_970_229, 11.512_925_464_970_229];
/// Where the search begins, if nothing is known: ratios.
const STARTS: [f64; 4] = [0.01, 0.1, 0.5, 2.0];
/// Where a known start must lie.
const INNER: [f64; 2] = [0.02, 50.0];
/// The first steps, in ln ratio: without and with a known start.
const STEPS: [f64; 2] = [0.7, 0.25];
/// The search ends when all corners lie so near, in ln ratio, and differ so little in likelihood.
const NEAR: [(f64, f64); 2] = [(1e-5, 1e-10), (5e-3, 1e-5)];
/// Looks at most.
const LOOKS: usize = 400;

/// The likeliest ratios: from the best of a few starts or from a known one, downhill by the simplex of Nelder and Mead
/// (1965).
pub(super) fn likeliest(own: &dyn Likelihood, effects: Effects, start: Option<Ratios>) -> Option<Ratios> {
    let is_known = usize::from(start.is_some());
    let value = |at: &[f64]| own.at(ratios(effects, at)).map_or(f64::INFINITY, |point| -point.likelihood);
    let logs = |ratios: Ratios| match effects {
        Effects::Both => vec![ratios.main.ln(), ratios.interaction.ln()],
        Effects::Main => vec![ratios.main.ln()],
    };
    let pairs: Vec<Ratios> = match start {
        Some(start) => around(start),
        None => STARTS
            .iter()
            .flat_map(|&main| STARTS.iter().map(move |&interaction| Ratios { main, interaction }))
            .collect(),
    };
    let all = pairs.into_iter().map(|ratios| (logs(ratios), value(&logs(ratios))));
    let first = all.reduce(|a, b| if b.1 < a.1 { b } else { a })?.0;
    let (best, found) = simplex(&value, &first, STEPS[is_known], NEAR[is_known]);
    found.is_finite().then(|| ratios(effects, &best))
}

/// A known place and some about it: the likelihood may have another peak nearby, and is flat where a ratio is next to 0.
fn around(start: Ratios) -> Vec<Ratios> {
    let inner = |own: f64| own.clamp(INNER[0], INNER[1]);
    let own = Ratios { main: inner(start.main), interaction: inner(start.interaction) };
    let by = |main: f64, interaction: f64| Ratios {
        main: inner(own.main * main),
        interaction: inner(own.interaction * interaction),
    };
    vec![own, by(0.2, 1.0), by(5.0, 1.0), by(1.0, 0.2), by(1.0, 5.0)]
}

/// The ratios of logarithms; one at the low end counts as 0.
fn ratios(effects: Effects, at: &[f64]) -> Ratios {
    let own = |k: usize| at[k].clamp(ENDS[0], ENDS[1]).exp();
    Ratios { main: own(0), interaction: if effects == Effects::Both { own(1) } else { 0.0 } }
}

/// What people should know of ratios at an end of the range.
pub(super) fn notes(ratios: Ratios) -> Vec<String> {
    let low = 2.0 * ENDS[0].exp();
    let mut notes = Vec::new();
    if ratios.main < low {
        notes.push(
            "no variance goes with the main effect: environments have nothing genetic in common".to_owned(),
        );
    }
    if ratios.interaction < low {
        notes.push("no variance goes with the interaction: lines rank alike in all environments".to_owned());
    }
    if ratios.main.max(ratios.interaction) > 0.5 * ENDS[1].exp() {
        notes.push("no residual variance is left: values repeat the records".to_owned());
    }
    notes
}

/// The least value by a simplex whose corners are kept within the range.
fn simplex(
    value: &dyn Fn(&[f64]) -> f64,
    first: &[f64],
    step: f64,
    (near, alike): (f64, f64),
) -> (Vec<f64>, f64) {
    let d = first.len();
    let at = |x: Vec<f64>| -> (Vec<f64>, f64) {
        let x: Vec<f64> = x.into_iter().map(|own| own.clamp(ENDS[0], ENDS[1])).collect();
        let found = value(&x);
        (x, found)
    };
    let corner = |k: usize| {
        let moved = |(i, own): (usize, &f64)| {
            let by = if *own + step > ENDS[1] { -step } else { step };
            if i + 1 == k { own + by } else { *own }
        };
        at(first.iter().enumerate().map(moved).collect())
    };
    let mut corners: Vec<(Vec<f64>, f64)> = (0..=d).map(corner).collect();
    for _ in 0..LOOKS {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let width =
            |k: usize| corners.iter().map(|own| (own.0[k] - corners[0].0[k]).abs()).fold(0.0, f64::max);
        let is_flat = corners[d].1 - corners[0].1 < alike;
        if is_flat && (0..d).all(|k| width(k) < near) {
            break;
        }
        let middle: Vec<f64> =
            (0..d).map(|k| corners[..d].iter().map(|own| own.0[k]).sum::<f64>() / d as f64).collect();
        let worst = corners[d].clone();
        let along = |by: f64| at(middle.iter().zip(&worst.0).map(|(m, w)| m + by * (w - m)).collect());
        let turned = along(-1.0);
        let next = if turned.1 < corners[0].1 {
            let farther = along(-2.0);
            if farther.1 < turned.1 { farther } else { turned }
        } else if turned.1 < corners[d.saturating_sub(1)].1 {
            turned
        } else {
            let nearer = along(if turned.1 < worst.1 { -0.5 } else { 0.5 });
            if nearer.1 < worst.1.min(turned.1) { nearer } else { worst.clone() }
        };
        if next.1 < worst.1 {
            corners[d] = next;
            continue;
        }
        let best = corners[0].0.clone();
        for own in &mut corners[1..] {
            *own = at(own.0.iter().zip(&best).map(|(x, b)| 0.5 * (x + b)).collect());
        }
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners.swap_remove(0)
}
