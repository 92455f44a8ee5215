//! Ancestry: each sample as a mixture of K populations, by maximum likelihood of the binomial model (Alexander, Novembre
//! and Lange 2009), at any and mixed ploidy. Missing calls say nothing.

use std::io::Write;
use std::sync::Arc;

use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeError, GenotypeSource, for_each_block};

mod calls;
mod fit;
mod kernel;
mod random;
mod start;
mod step;

use calls::Calls;
use fit::{Free, Limits, fit};
use random::Stream;
use step::{Model, step_variants};

/// A panel ready for fitting: variants that vary, one byte a call in two layouts. The non-reference alleles of a variant
/// count together.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Names of the samples.
    pub samples: Arc<[String]>,
    /// Contig, position (0 if unknown), id, reference and alternate alleles of each variant used.
    pub sites: Vec<String>,
    /// Variants left out because they do not vary.
    pub monomorphic: u64,
    calls: Calls,
}

/// Fitted ancestries.
#[derive(Clone, Debug)]
pub struct Ancestry {
    /// `shares[sample][population]`, in all 1.
    pub shares: Vec<Vec<f64>>,
    /// `frequencies[population][variant]` of the non-reference allele, from 10⁻⁶ to 1 − 10⁻⁶.
    pub frequencies: Vec<Vec<f32>>,
    /// Log-likelihood without the binomial coefficients.
    pub likelihood: f64,
    /// Sweeps over samples and variants.
    pub sweeps: usize,
    /// Whether little was left to gain when it ended.
    pub has_converged: bool,
}

impl Panel {
    /// Reads a source to its end.
    ///
    /// # Errors
    /// Returns the source's error, or one if no variant varies.
    pub fn read(source: &mut dyn GenotypeSource) -> Result<Self, GenotypeError> {
        let samples = source.header().samples.clone();
        let n = samples.len();
        let wide = Calls::row_length(n);
        let (mut rows, mut sites, mut monomorphic) = (Vec::new(), Vec::new(), 0);
        for_each_block(
            source,
            |block| {
                let ploidies = block.ploidies();
                let (mut rows, mut sites, mut codes) = (Vec::new(), Vec::new(), Vec::new());
                for row in 0..block.rows() {
                    block.unpack(row, &mut codes);
                    let pairs = || codes.iter().zip(&ploidies).filter(|(code, _)| **code != MISSING);
                    if pairs().all(|(&code, _)| code == 0) || pairs().all(|(code, ploidy)| code == ploidy) {
                        continue;
                    }
                    let bytes = codes.iter().zip(&ploidies);
                    rows.extend(bytes.map(|(&code, &n)| if code == MISSING { 0 } else { (n << 4) | code }));
                    rows.resize(rows.len().next_multiple_of(wide), 0u8);
                    let site = &block.sites[row];
                    let position = site.position.map_or(0, landrace_genome::Position::get);
                    let alternates = site.alternates.join(",");
                    sites.push(format!(
                        "{}\t{position}\t{}\t{}\t{alternates}",
                        block.contig, site.id, site.reference
                    ));
                }
                Ok((rows, sites, block.rows()))
            },
            |(own, names, read)| {
                monomorphic += (read - names.len()) as u64;
                rows.extend(own);
                sites.extend(names);
                Ok(())
            },
        )?;
        if sites.is_empty() {
            return Err(GenotypeError::Request(
                "no variant varies among the samples; filter less".to_owned(),
            ));
        }
        Ok(Self { samples, sites, monomorphic, calls: Calls::new(n, rows) })
    }

    /// Fits `k` populations from several starts and keeps the best. The first start is from the corners of the principal
    /// components, the others from corners along random directions of `seed`.
    ///
    /// # Errors
    /// Returns an error if there are no populations, or more than samples.
    pub fn fit(&self, k: usize, starts: usize, seed: u64) -> Result<Ancestry, GenotypeError> {
        let n = self.samples.len();
        if k == 0 || k > n {
            let message = format!("{k} populations for {n} samples; give from 1 to the number of samples");
            return Err(GenotypeError::Request(message));
        }
        let calls = &self.calls;
        let places = start::components(calls, (k - 1).max(1), &mut Stream::of(seed, 0));
        let mut best: Option<fit::Fit> = None;
        for index in 0..starts.max(1) {
            let mut stream = Stream::of(seed, index as u64 + 1);
            let shares = start::ancestries(&places, k, (index > 0).then_some(&mut stream));
            let mut model = Model::new(calls, &shares, |_, variant| self.mean(variant));
            step_variants(calls, &mut model);
            let free = Free { samples: &|_| true, variants: true };
            let own = fit(calls, model, &free, Limits { sweeps: 1000, tolerance: 0.01 });
            if best.as_ref().is_none_or(|best| own.likelihood > best.likelihood) {
                best = Some(own);
            }
        }
        let Some(best) = best else { return Err(GenotypeError::Request("no start".to_owned())) };
        let shares = (0..n).map(|sample| {
            let row = best.model.sample(sample);
            let total: f64 = row.iter().map(|&x| f64::from(x)).sum();
            row.iter().map(|&x| f64::from(x) / total).collect()
        });
        let of_variants = |own: &Vec<f32>| own[..calls.variants].to_vec();
        Ok(Ancestry {
            shares: shares.collect(),
            frequencies: best.model.frequency.iter().map(of_variants).collect(),
            likelihood: best.likelihood,
            sweeps: best.sweeps,
            has_converged: best.has_converged,
        })
    }

    fn mean(&self, variant: usize) -> f32 {
        let (mut alleles, mut copies) = (0u32, 0u32);
        for &call in self.calls.variant(variant) {
            alleles += u32::from(call & 15);
            copies += u32::from(call >> 4);
        }
        alleles as f32 / copies.max(1) as f32
    }

    /// The ancestries as a table: sample, A1, A2 ...
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_shares(&self, ancestry: &Ancestry, out: &mut impl Write) -> std::io::Result<()> {
        let names: Vec<String> = (1..=ancestry.frequencies.len()).map(|k| format!("\tA{k}")).collect();
        writeln!(out, "sample{}", names.concat())?;
        for (sample, shares) in self.samples.iter().zip(&ancestry.shares) {
            let cells: Vec<String> = shares.iter().map(|share| format!("\t{share:.8}")).collect();
            writeln!(out, "{sample}{}", cells.concat())?;
        }
        Ok(())
    }
}
