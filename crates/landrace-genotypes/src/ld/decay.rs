//! How r² falls with distance: means and quantiles by bins, and the fitted curve, for each contig and overall.

use std::io::Write;
use std::sync::Arc;

use rayon::prelude::*;

use crate::block::GenotypeBlock;
use crate::ld::band::{Batch, PairStore, Passed, Prepared, Reach, scan};
use crate::ld::hill_weir::{Decay, MeanAt};
use crate::source::{GenotypeError, GenotypeSource};

#[cfg(test)]
mod tests;

/// Steps of r² that quantiles are known to.
const R2_STEPS: usize = 1000;
/// Fine bins of distance for the fit, within each doubling.
const FINE: u64 = 32;

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecayOptions {
    /// Pairs up to this distance in bases count.
    pub within: u64,
    /// Bins that the distance is cut into.
    pub bins: usize,
    /// Partners of each variant at most; beyond that so many are drawn, evenly over the distance.
    pub partners: usize,
    /// Where the draws start.
    pub seed: u64,
    /// Gametes that the fit goes by; `None` for the mean number of samples that a pair has (of gametes, if phased).
    pub gametes: Option<f64>,
}

/// Pairs of one bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bin {
    /// Pairs.
    pub pairs: u64,
    /// Sum of r².
    pub sum: f64,
    /// Sum of the distances.
    pub distances: f64,
}

/// Pairs by distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Bins of equal width.
    pub bins: Vec<Bin>,
    /// For each bin, pairs by r² in steps of 0.001; empty if quantiles are not kept.
    steps: Vec<u64>,
    /// Fine bins for the fit.
    fine: Vec<Bin>,
    /// Pairs.
    pub pairs: u64,
    /// Sum over the pairs of the samples that they have.
    samples: u64,
    within: u64,
}

impl Curve {
    fn new(options: &DecayOptions) -> Self {
        let fine = fine_bin(options.within) + 1;
        Self {
            bins: vec![Bin::default(); options.bins],
            steps: vec![0; options.bins * (R2_STEPS + 1)],
            fine: vec![Bin::default(); fine],
            pairs: 0,
            samples: 0,
            within: options.within,
        }
    }

    fn add(&mut self, distance: u64, samples: u64, r2: f64) {
        let bin = self.bin_of(distance);
        for bin in [&mut self.bins[bin], &mut self.fine[fine_bin(distance)]] {
            bin.pairs += 1;
            bin.sum += r2;
            bin.distances += distance as f64;
        }
        self.steps[bin * (R2_STEPS + 1) + (r2 * R2_STEPS as f64) as usize] += 1;
        self.pairs += 1;
        self.samples += samples;
    }

    fn bin_of(&self, distance: u64) -> usize {
        let bin =
            u128::from(distance.saturating_sub(1)) * self.bins.len() as u128 / u128::from(self.within.max(1));
        usize::try_from(bin).unwrap_or(0).min(self.bins.len() - 1)
    }

    fn merge(&mut self, other: &Self) {
        for (own, other) in [(&mut self.bins, &other.bins), (&mut self.fine, &other.fine)] {
            for (own, other) in own.iter_mut().zip(other) {
                own.pairs += other.pairs;
                own.sum += other.sum;
                own.distances += other.distances;
            }
        }
        self.steps.iter_mut().zip(&other.steps).for_each(|(own, other)| *own += other);
        self.pairs += other.pairs;
        self.samples += other.samples;
    }

    /// First and last distance of a bin, in bases.
    pub fn edges(&self, bin: usize) -> (u64, u64) {
        let edge = |bin: usize| {
            let exact = (bin as u128 * u128::from(self.within)).div_ceil(self.bins.len() as u128);
            u64::try_from(exact).unwrap_or(u64::MAX)
        };
        (edge(bin) + 1, edge(bin + 1))
    }

    /// The r² below which a share of a bin's pairs lie, to 0.001; `None` without pairs.
    pub fn quantile(&self, bin: usize, share: f64) -> Option<f64> {
        let steps = &self.steps[bin * (R2_STEPS + 1)..(bin + 1) * (R2_STEPS + 1)];
        let rank = (share * self.bins[bin].pairs as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let step = steps.iter().position(|&pairs| {
            seen += pairs;
            seen >= rank
        })?;
        Some(step as f64 / R2_STEPS as f64)
    }

    /// Mean number of samples that a pair has.
    pub fn mean_samples(&self) -> f64 {
        self.samples as f64 / self.pairs.max(1) as f64
    }

    /// The fitted curve; `None` with fewer than three distances.
    pub fn fit(&self, gametes: Option<f64>) -> Option<Decay> {
        let mean = |bin: &Bin| MeanAt {
            pairs: bin.pairs as f64,
            distance: bin.distances / bin.pairs as f64,
            r2: bin.sum / bin.pairs as f64,
        };
        let means: Vec<MeanAt> = self.fine.iter().filter(|bin| bin.pairs > 0).map(mean).collect();
        Decay::fit(&means, gametes.unwrap_or_else(|| self.mean_samples()))
    }
}

/// Bins of which each is a 32nd of a doubling wide: distances alike to 3%.
fn fine_bin(distance: u64) -> usize {
    let doubling = distance.checked_ilog2().unwrap_or(0);
    let within = if u64::from(doubling) <= 5 { distance } else { distance >> (u64::from(doubling) - 5) };
    let start = u64::from(doubling.saturating_sub(5)) * FINE;
    usize::try_from(start + within).unwrap_or(0)
}

/// A contig's fit.
#[derive(Clone, Debug, PartialEq)]
pub struct ContigDecay {
    /// Its name.
    pub contig: Arc<str>,
    /// Variants used.
    pub variants: u64,
    /// Pairs.
    pub pairs: u64,
    /// Mean r² of its pairs.
    pub mean: f64,
    /// The fit, if there were pairs enough.
    pub fit: Option<Decay>,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct DecayReport {
    /// All contigs together.
    pub curve: Curve,
    /// The fit to all.
    pub fit: Option<Decay>,
    /// Contig by contig.
    pub contigs: Vec<ContigDecay>,
    /// Variants.
    pub passed: Passed,
    /// Whether some variant had more partners than were drawn.
    pub is_sampled: bool,
}

/// Measures the decay over a source; bins of each contig and of all (`all`) go to `out`.
///
/// Pairs at distance 0 and pairs of which either variant is constant over the common samples do not count.
///
/// # Errors
/// Returns the errors of the source and of writing.
pub fn measure_decay<S: PairStore>(
    source: &mut dyn GenotypeSource,
    options: &DecayOptions,
    prepare: impl Fn(&GenotypeBlock) -> Result<Prepared<S>, GenotypeError> + Sync,
    out: &mut dyn Write,
) -> Result<DecayReport, GenotypeError> {
    if options.within == 0 || options.bins == 0 || options.partners == 0 {
        let message = "the distance, the number of bins and the partners of a variant must be above 0";
        return Err(GenotypeError::Request(message.to_owned()));
    }
    writeln!(out, "contig\tfrom\tto\tpairs\tmean_distance\tmean_r2\tq05_r2\tmedian_r2\tq95_r2\tfitted_r2")?;
    let reach = Reach { bases: Some(options.within), ..Reach::default() };
    let (mut all, mut own, mut variants) = (Curve::new(options), Curve::new(options), 0);
    let (mut contigs, mut is_sampled) = (Vec::new(), false);
    let passed = scan(source, reach, prepare, &mut |batch| {
        is_sampled |= add_batch(batch, options, &mut own);
        variants += batch.ready as u64;
        if !batch.is_end {
            return Ok(());
        }
        let contig = batch.places[0].contig.clone();
        let fit = own.fit(options.gametes);
        write_bins(&contig, &own, fit.as_ref(), out)?;
        let mean = own.bins.iter().map(|bin| bin.sum).sum::<f64>() / own.pairs.max(1) as f64;
        contigs.push(ContigDecay { contig, variants, pairs: own.pairs, mean, fit });
        all.merge(&own);
        (own, variants) = (Curve::new(options), 0);
        Ok(())
    })?;
    let fit = all.fit(options.gametes);
    write_bins("all", &all, fit.as_ref(), out)?;
    Ok(DecayReport { curve: all, fit, contigs, passed, is_sampled })
}

impl DecayReport {
    /// Writes the fits, contig by contig and for `all`: variants, pairs, mean r², ρ a base, gametes, and distances in
    /// bases. `NA` stands where there are too few pairs, or where the curve does not reach the r².
    ///
    /// # Errors
    /// Returns the error of writing.
    pub fn write_fits(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(
            out,
            "contig\tvariants\tpairs\tmean_r2\trho_per_base\tgametes\thalf_decay_distance\tdistance_of_r2_0.2\t\
             distance_of_r2_0.1\tmisfit"
        )?;
        let sum: f64 = self.curve.bins.iter().map(|bin| bin.sum).sum();
        let all = ContigDecay {
            contig: "all".into(),
            variants: self.passed.read - self.passed.left_out,
            pairs: self.curve.pairs,
            mean: sum / self.curve.pairs.max(1) as f64,
            fit: self.fit,
        };
        for ContigDecay { contig, variants, pairs, mean, fit } in self.contigs.iter().chain([&all]) {
            write!(out, "{contig}\t{variants}\t{pairs}\t{mean:.6}")?;
            let Some(fit) = fit else {
                writeln!(out, "{}", "\tNA".repeat(6))?;
                continue;
            };
            let distance =
                |found: Option<f64>| found.map_or_else(|| "NA".to_owned(), |bases| format!("{bases:.0}"));
            let (half, fifth, tenth) = (fit.half_distance(), fit.distance_of(0.2), fit.distance_of(0.1));
            let distances = [half, fifth, tenth].map(distance).join("\t");
            writeln!(out, "\t{:.6e}\t{:.1}\t{distances}\t{:.6}", fit.rho, fit.n, fit.misfit)?;
        }
        Ok(())
    }
}

/// Adds the pairs of a batch's ready variants, in their order; whether partners were drawn.
fn add_batch<S: PairStore>(batch: &Batch<S>, options: &DecayOptions, curve: &mut Curve) -> bool {
    let pairs = |first: usize| -> (Vec<(u64, u64, f64)>, bool) {
        let count = batch.end(first) - first - 1;
        let is_drawn = count > options.partners;
        let mut random = Draws::new(options.seed, batch.first + first as u64);
        let seconds = (0..count.min(options.partners)).map(|k| match is_drawn {
            false => first + 1 + k,
            // One from each of as many stretches of partners, so that all distances have their share.
            true => {
                let place = (k as f64 + random.next()) * count as f64 / options.partners as f64;
                first + 1 + (place as usize).min(count - 1)
            }
        });
        let pair = |second: usize| {
            let distance =
                batch.places[first].distance(&batch.places[second]).filter(|&distance| distance > 0)?;
            let (samples, r) = batch.store.correlation(first, second)?;
            Some((distance, samples, r * r))
        };
        (seconds.filter_map(pair).collect(), is_drawn)
    };
    let found: Vec<_> = (0..batch.ready).into_par_iter().map(pairs).collect();
    let mut is_sampled = false;
    for (pairs, is_drawn) in found {
        is_sampled |= is_drawn;
        pairs.into_iter().for_each(|(distance, samples, r2)| curve.add(distance, samples, r2.min(1.0)));
    }
    is_sampled
}

fn write_bins(
    contig: &str,
    curve: &Curve,
    fit: Option<&Decay>,
    out: &mut dyn Write,
) -> Result<(), GenotypeError> {
    for (index, bin) in curve.bins.iter().enumerate().filter(|(_, bin)| bin.pairs > 0) {
        let (from, to) = curve.edges(index);
        let quantile = |share| curve.quantile(index, share).unwrap_or(0.0);
        let (distance, mean) = (bin.distances / bin.pairs as f64, bin.sum / bin.pairs as f64);
        let fitted = fit.map_or_else(|| "NA".to_owned(), |fit| format!("{:.6}", fit.at(distance)));
        writeln!(
            out,
            "{contig}\t{from}\t{to}\t{}\t{distance:.1}\t{mean:.6}\t{:.3}\t{:.3}\t{:.3}\t{fitted}",
            bin.pairs,
            quantile(0.05),
            quantile(0.5),
            quantile(0.95)
        )?;
    }
    Ok(())
}

/// Random numbers of one variant (SplitMix64): they depend on the seed and the variant's number alone.
struct Draws(u64);

impl Draws {
    fn new(seed: u64, variant: u64) -> Self {
        let mut draws = Self(seed ^ variant.wrapping_mul(0xd134_2543_de82_ef95));
        draws.next();
        draws
    }

    /// From 0 to below 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
