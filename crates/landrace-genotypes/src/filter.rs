//! Keeping the variants, calls and samples that can be trusted, with an account of what fell to which rule.

use std::io::Write;

use crate::block::{Filters, GenotypeBlock, SiteCounts};
use crate::format::{GenotypeWriter, Losses};
use crate::hwe::{HweTest, Side};
use crate::paralogs::{Balance, DepthScale, mean_depth};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};
use crate::stats::number;
use crate::tally::Tally;

mod regions;
mod rule;
mod samples;

pub use regions::Regions;
pub use rule::{Broken, FilterAccount, Rule};
pub use samples::{RemovedSample, SampleRule, Survey, choose_samples, survey};

/// What to keep. Rules that are `None` or `false` are not applied.
#[derive(Clone, Debug, Default)]
pub struct FilterOptions {
    /// Share of samples with a call, at least.
    pub min_call_rate: Option<f64>,
    /// Minor allele frequency, at least.
    pub min_maf: Option<f64>,
    /// Minor allele frequency, at most.
    pub max_maf: Option<f64>,
    /// Share of heterozygous calls, at most.
    pub max_het: Option<f64>,
    /// Calls with fewer reads become missing.
    pub min_depth: Option<i32>,
    /// Calls of lower genotype quality become missing.
    pub min_genotype_quality: Option<f32>,
    /// P-value of the Hardy-Weinberg test, at least.
    pub hardy_weinberg: Option<f64>,
    /// How that test is made, and what heterozygosity it expects of the samples that are kept.
    pub hwe_test: HweTest,
    /// P-value of the test for too many heterozygotes, at least.
    pub het_excess: Option<f64>,
    /// Standard deviations by which the variant's depth is above that of the set, at most.
    pub max_depth_z: Option<f64>,
    /// The set's depths, as [`survey`] finds them; without them no variant falls to `max_depth_z`.
    pub depth_scale: Option<DepthScale>,
    /// Standard deviations by which the reads of heterozygotes are out of balance to either side, at most.
    pub max_balance_z: Option<f64>,
    /// Phred quality of the variant, at least.
    pub min_quality: Option<f32>,
    /// Variants that failed a filter go.
    pub pass_only: bool,
    /// Variants without exactly two alleles go.
    pub biallelic: bool,
    /// Variants other than single bases go.
    pub snps_only: bool,
    /// Samples to keep, as indices in the source's order; `None` for all.
    pub samples: Option<Vec<usize>>,
    /// Share of the variants at which a sample is called, at least; [`survey`] applies it.
    pub min_sample_call_rate: Option<f64>,
    /// Share of a sample's calls that are heterozygous, at most; [`survey`] applies it.
    pub max_sample_het: Option<f64>,
    /// Stretches to keep; `None` for all.
    pub regions: Option<Regions>,
}

/// A block after the rules.
pub struct Filtered {
    /// What is kept.
    pub block: GenotypeBlock,
    /// The account.
    pub account: FilterAccount,
    /// Counts of the variants kept, in the block's order.
    pub counts: Vec<SiteCounts>,
    /// Lines of the list of variants removed: contig, position, id, rule, value.
    pub removed: String,
}

/// Columns of the list of variants removed.
pub const REMOVED_COLUMNS: &str = "contig\tposition\tid\trule\tvalue";

impl FilterOptions {
    /// Applies the rules to a block.
    pub fn apply(&self, block: GenotypeBlock) -> Filtered {
        let mut block = match &self.samples {
            Some(samples) => block.with_samples(samples),
            None => block,
        };
        let mut account = FilterAccount { read: block.rows() as u64, ..Default::default() };
        let (mut keep, mut counts, mut removed) = (Vec::new(), Vec::new(), String::new());
        for row in 0..block.rows() {
            let verdict = match self.judge_site(&block, row) {
                Some(broken) => Err(broken),
                None => {
                    self.blank_calls(&mut block, row, &mut account);
                    let own = block.counts(row);
                    self.judge_calls(&block, row, &own).map_or(Ok(own), Err)
                }
            };
            keep.push(verdict.is_ok());
            match verdict {
                Ok(own) => counts.push(own),
                Err(broken) => {
                    account.removed[broken.rule as usize] += 1;
                    removed += &removed_line(&block, row, broken);
                }
            }
        }
        block.keep_rows(&keep);
        account.kept = block.rows() as u64;
        Filtered { block, account, counts, removed }
    }

    /// The first rule that the site itself breaks.
    fn judge_site(&self, block: &GenotypeBlock, row: usize) -> Option<Broken> {
        let site = &block.sites[row];
        let position = site.position.map_or(0, landrace_genome::Position::get);
        if self.regions.as_ref().is_some_and(|regions| !regions.contain(&block.contig, position)) {
            return Some(Broken::by(Rule::Region, None));
        }
        if self.biallelic && site.alleles() != 2 {
            return Some(Broken::by(Rule::Biallelic, site.alleles() as f64));
        }
        if self.snps_only && !site.is_snp() {
            return Some(Broken::by(Rule::SnpsOnly, None));
        }
        if self.pass_only && matches!(site.filters, Filters::Failed(_)) {
            return Some(Broken::by(Rule::PassOnly, None));
        }
        let is_low = |least: f32| !site.quality.is_some_and(|quality| quality >= least);
        let broken = || Broken::by(Rule::MinQuality, site.quality.map(f64::from));
        self.min_quality.is_some_and(is_low).then(broken)
    }

    /// Makes missing the calls that have too few reads or too low a quality.
    fn blank_calls(&self, block: &mut GenotypeBlock, row: usize, account: &mut FilterAccount) {
        if self.min_depth.is_none() && self.min_genotype_quality.is_none() {
            return;
        }
        let mut codes = Vec::new();
        block.unpack(row, &mut codes);
        let mut blanked = Vec::new();
        for (sample, _) in codes.iter().enumerate().filter(|(_, code)| **code != crate::plane::MISSING) {
            let depth = block.layers.depth.as_ref().map(|grid| grid.row(row)[sample]);
            let quality = block.layers.genotype_quality.as_ref().map(|grid| grid.row(row)[sample]);
            if self.min_depth.is_some_and(|least| depth.is_none_or(|depth| depth < least)) {
                account.low_depth += 1;
                blanked.push(sample);
            } else if self
                .min_genotype_quality
                .is_some_and(|least| quality.is_none_or(|quality| quality.is_nan() || quality < least))
            {
                account.low_genotype_quality += 1;
                blanked.push(sample);
            }
        }
        if !blanked.is_empty() {
            block.set_missing(row, &blanked);
        }
    }

    /// The first rule that the calls break.
    fn judge_calls(&self, block: &GenotypeBlock, row: usize, counts: &SiteCounts) -> Option<Broken> {
        let low = |rule, value: f64, least: Option<f64>| {
            least.is_some_and(|least| value < least).then(|| Broken::by(rule, value))
        };
        let high = |rule, value: Option<f64>, most: Option<f64>| {
            let (value, most) = (value?, most?);
            (value > most).then(|| Broken::by(rule, value))
        };
        let maf = counts.minor_frequency().unwrap_or(0.0);
        low(Rule::MinCallRate, counts.call_rate(), self.min_call_rate)
            .or_else(|| low(Rule::MinMaf, maf, self.min_maf))
            .or_else(|| high(Rule::MaxMaf, Some(maf), self.max_maf))
            .or_else(|| high(Rule::MaxHet, counts.heterozygosity(), self.max_het))
            .or_else(|| {
                let least = self.hardy_weinberg?;
                low(Rule::HardyWeinberg, self.hwe_test.p_value(Side::Both, (block, row), counts), Some(least))
            })
            .or_else(|| {
                let least = self.het_excess?;
                let p = self.hwe_test.p_value(Side::Excess, (block, row), counts);
                low(Rule::HetExcess, p, Some(least))
            })
            .or_else(|| {
                let z = self.depth_scale?.z(mean_depth(block, row)?);
                high(Rule::MaxDepthZ, z, self.max_depth_z)
            })
            .or_else(|| self.judge_balance(block, row))
    }

    fn judge_balance(&self, block: &GenotypeBlock, row: usize) -> Option<Broken> {
        let most = self.max_balance_z?;
        let mut codes = Vec::new();
        block.unpack(row, &mut codes);
        let z = Balance::of(block, row, &codes, &block.ploidies())?.z;
        (z.abs() > most).then(|| Broken::by(Rule::MaxBalanceZ, z))
    }

    /// Whether the depth layer is wanted: for single calls, or for the variant's depth.
    pub fn wants_depth(&self) -> bool {
        self.min_depth.is_some() || self.max_depth_z.is_some()
    }

    /// Whether single calls are made missing for genotype quality; then that layer is wanted.
    pub fn wants_genotype_quality(&self) -> bool {
        self.min_genotype_quality.is_some()
    }

    /// Whether the layer of allele depths is wanted.
    pub fn wants_allele_depths(&self) -> bool {
        self.max_balance_z.is_some()
    }

    /// Whether a rule needs to know all of the input first: then [`survey`] goes through it before the filter.
    pub fn needs_survey(&self) -> bool {
        self.min_sample_call_rate.is_some() || self.max_sample_het.is_some() || self.max_depth_z.is_some()
    }
}

fn removed_line(block: &GenotypeBlock, row: usize, broken: Broken) -> String {
    let site = &block.sites[row];
    let position = site.position.map_or(0, landrace_genome::Position::get);
    let id = if site.id.is_empty() { "." } else { &site.id };
    let value = broken.value.map_or_else(|| ".".to_owned(), |value| number(Some(value)));
    format!("{}\t{position}\t{id}\t{}\t{value}\n", block.contig, broken.rule.name())
}

/// What a run of the filter did.
#[derive(Clone, Debug, Default)]
pub struct FilterReport {
    /// The account of the rules.
    pub account: FilterAccount,
    /// The variants kept.
    pub tally: Tally,
    /// Variants written: those kept, less those that the output's format cannot hold.
    pub written: u64,
    /// What the output's format could not hold.
    pub losses: Losses,
}

/// Filters a source into a writer; lines of the variants removed go to `removed`, if given.
///
/// # Errors
/// Returns an error if the source or a writer fails.
pub fn filter(
    source: &mut dyn GenotypeSource,
    options: &FilterOptions,
    writer: &mut dyn GenotypeWriter,
    mut removed: Option<&mut dyn Write>,
) -> Result<FilterReport, GenotypeError> {
    let encoder = writer.encoder();
    let mut report = FilterReport { losses: writer.losses(), ..FilterReport::default() };
    let work = |block: GenotypeBlock| {
        let filtered = options.apply(block);
        let tally = Tally::of(&filtered.block, &filtered.counts);
        Ok((encoder.encode(&filtered.block)?, filtered.account, tally, filtered.removed))
    };
    for_each_block(source, work, |(encoded, account, tally, lines)| {
        report.account.merge(&account);
        report.tally.merge(&tally);
        report.losses.merge(&encoded.losses);
        report.written += encoded.variants;
        if let Some(out) = &mut removed {
            out.write_all(lines.as_bytes())?;
        }
        writer.write(&encoded)
    })?;
    Ok(report)
}
