//! How likely a read is, given a haplotype: the pair hidden Markov model with affine gaps (Durbin et al. 1998,
//! chapter 4), many haplotypes at a time.
//!
//! Lanes of a vector are haplotypes; each lane does the same operations in the same order whatever the width of
//! the machine's vectors, so that results do not depend on the machine.

use crate::repeat::repeats;

/// Haplotypes worked on together.
const LANES: usize = 8;
/// Probability that a gap goes on by one more base, outside repeats.
const EXTEND: f64 = 0.1;
/// Bases by which a read may lie off its expected place, beside the gaps of the haplotypes themselves.
pub(crate) const SLACK: usize = 12;

/// A haplotype, ready to be compared with reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    /// Codes of the bases.
    pub(crate) bases: Vec<u8>,
    /// Probability of opening a gap at each base.
    open: Vec<f32>,
    /// Probability of extending one.
    extend: Vec<f32>,
}

impl Template {
    pub(crate) fn new(bases: Vec<u8>) -> Self {
        let found = repeats(&bases);
        // An indel can be written at any base of its repeat: the places share its probability.
        let open = found.iter().map(|repeat| {
            let places = (repeat.run.max(repeat.unit) - repeat.unit + 1) as f64;
            (10f64.powf(-repeat.gap_open() / 10.0) / places) as f32
        });
        let extend = found.iter().map(|repeat| EXTEND.powf(1.0 / repeat.unit.max(1) as f64) as f32);
        Self { open: open.collect(), extend: extend.collect(), bases }
    }

    /// The part of the template that a window covers.
    pub(crate) fn window(&self, range: std::ops::Range<usize>) -> TemplateWindow<'_> {
        TemplateWindow {
            bases: &self.bases[range.clone()],
            open: &self.open[range.clone()],
            extend: &self.extend[range],
        }
    }
}

/// A stretch of a template.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TemplateWindow<'a> {
    pub(crate) bases: &'a [u8],
    open: &'a [f32],
    extend: &'a [f32],
}

/// A read, or the part of it that lies in a region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadWindow<'a> {
    /// Codes of the bases.
    pub(crate) bases: &'a [u8],
    /// Base qualities; 0 says nothing.
    pub(crate) qualities: &'a [u8],
}

/// The number that the kernel computes with.
trait Real:
    Copy
    + Default
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::AddAssign
{
    const ONE: Self;
    /// The scale that keeps products above the smallest number.
    const SCALE: f64;
    /// Results below it may have lost digits.
    const TRUSTED: f64;
    fn of(value: f64) -> Self;
    fn get(self) -> f64;
}

impl Real for f32 {
    const ONE: Self = 1.0;
    const SCALE: f64 = 1.329_227_995_784_916e36;
    const TRUSTED: f64 = 1e-28;
    fn of(value: f64) -> Self {
        value as Self
    }
    fn get(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    const ONE: Self = 1.0;
    const SCALE: f64 = 1e280;
    const TRUSTED: f64 = 0.0;
    fn of(value: f64) -> Self {
        value
    }
    fn get(self) -> f64 {
        self
    }
}

/// Probabilities that a base of a quality is read from an equal and from another base.
fn emission(quality: u8) -> (f64, f64) {
    let error = if quality == 0 { 0.75 } else { 10f64.powf(-f64::from(quality) / 10.0).min(0.75) };
    (1.0 - error, error / 3.0)
}

/// Natural logarithm of the likelihood of a read given each template, as if the read started anywhere on it.
/// `shift` is how far beyond [`SLACK`] on both sides the read may lie off the diagonal.
pub(crate) fn log_likelihoods(
    read: ReadWindow<'_>,
    templates: &[TemplateWindow<'_>],
    shift: usize,
) -> Vec<f64> {
    let mut found = Vec::with_capacity(templates.len());
    for lanes in templates.chunks(LANES) {
        let quick = forward::<f32>(read, lanes, shift);
        let is_trusted = quick[..lanes.len()].iter().all(|&sum| sum >= f32::TRUSTED);
        let (sums, scale) =
            if is_trusted { (quick, f32::SCALE) } else { (forward::<f64>(read, lanes, shift), f64::SCALE) };
        let logs = sums[..lanes.len()].iter().map(|sum| sum.max(f64::MIN_POSITIVE).ln() - scale.ln());
        found.extend(logs);
    }
    found
}

type Lanes<T> = [T; LANES];

/// Two rows of the three states, a column a base of the template (column 0 stands before the first).
struct Row<T> {
    matched: Vec<Lanes<T>>,
    inserted: Vec<Lanes<T>>,
    deleted: Vec<Lanes<T>>,
}

impl<T: Real> Row<T> {
    fn new(columns: usize) -> Self {
        let zero = vec![[T::default(); LANES]; columns];
        Self { matched: zero.clone(), inserted: zero.clone(), deleted: zero }
    }
}

/// The templates' columns, lane by lane.
struct Columns<T> {
    bases: Vec<[u8; LANES]>,
    open: Vec<Lanes<T>>,
    extend: Vec<Lanes<T>>,
}

impl<T: Real> Columns<T> {
    fn new(templates: &[TemplateWindow<'_>], width: usize) -> Self {
        let mut columns = Self {
            bases: vec![[u8::MAX; LANES]; width],
            open: vec![[T::default(); LANES]; width],
            extend: vec![[T::default(); LANES]; width],
        };
        for (lane, template) in templates.iter().enumerate() {
            for (j, &base) in template.bases.iter().enumerate() {
                columns.bases[j][lane] = base;
                columns.open[j][lane] = T::of(f64::from(template.open[j]));
                columns.extend[j][lane] = T::of(f64::from(template.extend[j]));
            }
        }
        columns
    }
}

fn forward<T: Real>(read: ReadWindow<'_>, templates: &[TemplateWindow<'_>], shift: usize) -> [f64; LANES] {
    let width = templates.iter().map(|template| template.bases.len()).max().unwrap_or(0);
    let columns = Columns::<T>::new(templates, width);
    let (mut last, mut row) = (Row::<T>::new(width + 1), Row::<T>::new(width + 1));
    let mut start = [T::default(); LANES];
    for (start, template) in start.iter_mut().zip(templates) {
        *start = T::of(T::SCALE / template.bases.len() as f64);
    }
    last.deleted.fill(start);
    let rows = read.bases.len();
    for i in 1..=rows {
        let band = i.saturating_sub(shift).max(1)..=(i + 2 * SLACK + shift).min(width);
        if band.is_empty() {
            return [0.0; LANES];
        }
        // What lies just outside the band is what an earlier row left there.
        let before = *band.start() - 1;
        for state in [&mut row.matched, &mut row.inserted, &mut row.deleted] {
            state[before] = [T::default(); LANES];
            if let Some(after) = state.get_mut(*band.end() + 1) {
                *after = [T::default(); LANES];
            }
        }
        let (equal, other) = emission(read.qualities[i - 1]);
        advance(&last, &mut row, &columns, (read.bases[i - 1], T::of(equal), T::of(other)), band);
        std::mem::swap(&mut last, &mut row);
    }
    sums(&last, templates, rows, shift)
}

/// One row: the three states of each column of the band.
fn advance<T: Real>(
    last: &Row<T>,
    row: &mut Row<T>,
    columns: &Columns<T>,
    (base, equal, other): (u8, T, T),
    band: std::ops::RangeInclusive<usize>,
) {
    let is_unknown = base > 3;
    for j in band {
        let (open, extend) = (&columns.open[j - 1], &columns.extend[j - 1]);
        let bases = &columns.bases[j - 1];
        let (up_left, up, left) = (j - 1, j, j - 1);
        let (mut matched, mut inserted, mut deleted) =
            ([T::default(); LANES], [T::default(); LANES], [T::default(); LANES]);
        for lane in 0..LANES {
            let emit = if bases[lane] == base || is_unknown { equal } else { other };
            let stay = T::ONE - open[lane] - open[lane];
            let close = T::ONE - extend[lane];
            let gaps = last.inserted[up_left][lane] + last.deleted[up_left][lane];
            matched[lane] = emit * (stay * last.matched[up_left][lane] + close * gaps);
            inserted[lane] = open[lane] * last.matched[up][lane] + extend[lane] * last.inserted[up][lane];
            deleted[lane] = open[lane] * row.matched[left][lane] + extend[lane] * row.deleted[left][lane];
        }
        (row.matched[j], row.inserted[j], row.deleted[j]) = (matched, inserted, deleted);
    }
}

/// The last row's sum over the places where the read may end, each lane within its own template.
fn sums<T: Real>(last: &Row<T>, templates: &[TemplateWindow<'_>], rows: usize, shift: usize) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    let first = rows.saturating_sub(shift).max(1);
    for (lane, template) in templates.iter().enumerate() {
        let end = (rows + 2 * SLACK + shift).min(template.bases.len());
        for j in first..=end.max(first).min(last.matched.len() - 1) {
            sums[lane] += last.matched[j][lane].get() + last.inserted[j][lane].get();
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::genotype::log_sum;

    /// The same model without bands or lanes, in logarithms.
    fn oracle(read: ReadWindow<'_>, template: &Template) -> f64 {
        let (rows, width) = (read.bases.len(), template.bases.len());
        let none = f64::NEG_INFINITY;
        let mut m = vec![vec![none; width + 1]; rows + 1];
        let (mut x, mut y) = (m.clone(), m.clone());
        y[0] = vec![-(width as f64).ln(); width + 1];
        let sum = |terms: &[f64]| log_sum(terms.iter().copied());
        for i in 1..=rows {
            for j in 1..=width {
                let (open, extend) = (f64::from(template.open[j - 1]), f64::from(template.extend[j - 1]));
                let (equal, other) = emission(read.qualities[i - 1]);
                let is_equal = read.bases[i - 1] == template.bases[j - 1] || read.bases[i - 1] > 3;
                let emit = if is_equal { equal } else { other }.ln();
                m[i][j] = emit
                    + sum(&[
                        (1.0 - 2.0 * open).ln() + m[i - 1][j - 1],
                        (1.0 - extend).ln() + x[i - 1][j - 1],
                        (1.0 - extend).ln() + y[i - 1][j - 1],
                    ]);
                x[i][j] = sum(&[open.ln() + m[i - 1][j], extend.ln() + x[i - 1][j]]);
                y[i][j] = sum(&[open.ln() + m[i][j - 1], extend.ln() + y[i][j - 1]]);
            }
        }
        log_sum((1..=width).flat_map(|j| [m[rows][j], x[rows][j]]).collect::<Vec<_>>().into_iter())
    }

    proptest! {
        #[test]
        fn equals_the_plain_model(
            haplotypes in prop::collection::vec(prop::collection::vec(0u8..4, 5..40), 1..12),
            read in prop::collection::vec((0u8..5, 0u8..41), 1..30),
        ) {
            let templates: Vec<Template> = haplotypes.into_iter().map(Template::new).collect();
            let windows: Vec<TemplateWindow<'_>> =
                templates.iter().map(|template| template.window(0..template.bases.len())).collect();
            let (bases, qualities): (Vec<u8>, Vec<u8>) = read.into_iter().unzip();
            let read = ReadWindow { bases: &bases, qualities: &qualities };
            let found = log_likelihoods(read, &windows, 60);
            for (template, log) in templates.iter().zip(found) {
                let expected = oracle(read, template);
                prop_assert!((log - expected).abs() < 1e-3, "{log} {expected}");
            }
        }
    }

    #[test]
    fn underflow_is_computed_again() {
        let template = Template::new([0, 1, 2, 3].repeat(150));
        let read = [2u8, 2, 0, 0].repeat(145);
        let qualities = vec![40; read.len()];
        let read = ReadWindow { bases: &read, qualities: &qualities };
        let found = log_likelihoods(read, &[template.window(0..600)], 600)[0];
        assert!(found < -300.0 && (found - oracle(read, &template)).abs() < 1e-2, "{found}");
    }
}
