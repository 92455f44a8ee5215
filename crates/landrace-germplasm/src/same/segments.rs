//! Differences in stretches: a backcross or sister line differs from its kin where it has another parent's chromosome,
//! and nowhere else; wrong calls are scattered.
//!
//! A chain of two states runs along each contig: equal here, or other here. The likelihood of "other in at least one
//! stretch" is taken against that of "equal throughout", over several shares of the genome that may be other.

/// Shares of the genome that may be other, each as likely as the next: backcrosses 1 to 7, roughly.
const SHARES: [f64; 8] = [0.5, 0.25, 0.125, 1.0 / 16.0, 1.0 / 32.0, 1.0 / 64.0, 1.0 / 128.0, 1.0 / 256.0];
/// Mean length of a stretch, as a share of its contig.
const LENGTH: f64 = 0.2;
/// Loci with a place that there must be, on average a contig, for stretches to be looked for.
const LEAST: usize = 5;

/// How the loci follow each other along the contigs.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// For each locus the chance that a stretch ended since the locus before; 1 at the first locus of a contig, and
    /// none where the locus has no known place.
    ends: Vec<Option<f32>>,
    placed: usize,
    contigs: usize,
}

impl Track {
    /// Puts loci in their order; `places` gives contig and position of each, and `None` where it is not known. Loci of
    /// a contig follow each other.
    pub fn new(places: &[Option<(u32, u64)>]) -> Self {
        let mut spans: std::collections::HashMap<u32, (u64, u64)> = std::collections::HashMap::new();
        for (contig, position) in places.iter().flatten() {
            let span = spans.entry(*contig).or_insert((*position, *position));
            *span = (span.0.min(*position), span.1.max(*position));
        }
        let mut track = Self { ends: Vec::with_capacity(places.len()), placed: 0, contigs: spans.len() };
        let mut before: Option<(u32, u64)> = None;
        for place in places {
            let end = place.map(|(contig, position)| match before.filter(|before| before.0 == contig) {
                Some((_, last)) => {
                    let span = spans.get(&contig).map_or(1, |span| span.1 - span.0).max(1);
                    let gap = position.abs_diff(last) as f64 / (LENGTH * span as f64);
                    (1.0 - (-gap).exp()) as f32
                }
                None => 1.0,
            });
            track.placed += usize::from(end.is_some());
            track.ends.push(end);
            before = place.or(before);
        }
        track
    }

    /// Whether there are loci enough on each contig to look for stretches.
    pub fn is_usable(&self) -> bool {
        self.contigs > 0 && self.placed >= LEAST * self.contigs
    }

    /// The log-likelihood of "other in at least one stretch" less that of "equal throughout". `ratios` gives for each
    /// locus how much more probable its two calls are where the samples are other than where they are equal, 1
    /// where a call is missing.
    pub fn log_ratio(&self, ratios: impl Iterator<Item = f32>) -> f64 {
        const N: usize = SHARES.len();
        let into = SHARES.map(|share| share / (1.0 - share));
        // Never other so far; equal again; other. The first has seen nothing that speaks against it: its ratio is 1.
        let (mut never, mut again, mut other) = ([1.0f64; N], [0.0f64; N], [0.0f64; N]);
        let mut scale = 0.0;
        for (ratio, end) in ratios.zip(&self.ends) {
            let Some(end) = end.map(f64::from) else { continue };
            let ratio = f64::from(ratio);
            for at in 0..N {
                // At the first locus of a contig all begins anew; else a stretch begins so often that the share holds.
                let (enter, leave) = if end >= 1.0 {
                    (SHARES[at], 1.0 - SHARES[at])
                } else {
                    ((end * into[at]).min(1.0), end)
                };
                let (from_never, from_again, from_other) = (never[at], again[at], other[at]);
                never[at] = from_never * (1.0 - enter);
                again[at] = from_again * (1.0 - enter) + from_other * leave;
                other[at] = ((from_never + from_again) * enter + from_other * (1.0 - leave)) * ratio;
            }
            let most = again.iter().chain(&other).chain(&never).fold(0.0f64, |most, value| most.max(*value));
            if !(1e-100..1e100).contains(&most) {
                let by = 1.0 / most.max(1e-300);
                for value in never.iter_mut().chain(&mut again).chain(&mut other) {
                    *value *= by;
                }
                scale -= by.ln();
            }
        }
        let free = self.chance_of_none();
        let sum: f64 =
            (0..N).map(|at| (again[at] + other[at]) / (1.0 - free[at]).max(1e-12) / N as f64).sum();
        sum.max(1e-300).ln() + scale
    }

    /// For each share, the chance that no stretch is other.
    fn chance_of_none(&self) -> [f64; SHARES.len()] {
        SHARES.map(|share| {
            let one = |end: &f32| {
                let end = f64::from(*end);
                if end >= 1.0 {
                    (-share).ln_1p()
                } else {
                    (-(end * share / (1.0 - share)).min(1.0 - 1e-12)).ln_1p()
                }
            };
            self.ends.iter().flatten().map(one).sum::<f64>().exp()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand loci on two contigs; errors at every fiftieth, and a stretch that differs at each third.
    fn ratios(stretch: std::ops::Range<usize>, errors: usize) -> impl Iterator<Item = f32> {
        (0..1000).map(move |locus| {
            let differs = stretch.contains(&locus) && locus % 3 == 0 || errors > 0 && locus % errors == 7;
            if differs { 0.33 / 0.02 } else { 0.67 / 0.98 }
        })
    }

    fn track() -> Track {
        let places: Vec<_> =
            (0..1000u32).map(|at| Some((at / 500, u64::from(at % 500) * 1000 + 1))).collect();
        Track::new(&places)
    }

    #[test]
    fn a_stretch_is_told_from_scattered_errors() {
        let track = track();
        assert!(track.is_usable());
        let scattered = track.log_ratio(ratios(0..0, 50));
        let stretched = track.log_ratio(ratios(300..360, 0));
        assert!(scattered < -2.0, "{scattered}");
        assert!(stretched > 20.0, "{stretched}");
    }

    #[test]
    fn loci_without_places_are_passed_over() {
        let track = Track::new(&[None, None]);
        assert!(!track.is_usable());
        assert!(track.log_ratio([0.1f32, 9.0].into_iter()) <= 0.0);
    }
}
