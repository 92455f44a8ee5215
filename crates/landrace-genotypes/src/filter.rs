//! Keeping the variants and calls that can be trusted, with an account of what fell to which rule.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use landrace_genome::nearest::hint;

use crate::block::{Filters, GenotypeBlock, SiteCounts};
use crate::format::{GenotypeWriter, Losses};
use crate::hwe;
use crate::source::{GenotypeError, GenotypeSource, SourceHeader, for_each_block};
use crate::tally::Tally;

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
    /// Inbreeding coefficient that the Hardy-Weinberg test takes for granted.
    pub inbreeding: f64,
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
    /// Stretches to keep; `None` for all.
    pub regions: Option<Regions>,
}

/// The rules, in the order in which they are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Outside the regions.
    Region,
    /// Not exactly two alleles.
    Biallelic,
    /// Not single bases.
    SnpsOnly,
    /// Failed a filter.
    PassOnly,
    /// Low or no quality.
    MinQuality,
    /// Too few calls.
    MinCallRate,
    /// Too rare.
    MinMaf,
    /// Too common.
    MaxMaf,
    /// Too many heterozygous calls.
    MaxHet,
    /// Not in Hardy-Weinberg proportions.
    HardyWeinberg,
}

impl Rule {
    /// All rules, in the order in which they are applied.
    pub const ALL: [Self; 10] = [
        Self::Region,
        Self::Biallelic,
        Self::SnpsOnly,
        Self::PassOnly,
        Self::MinQuality,
        Self::MinCallRate,
        Self::MinMaf,
        Self::MaxMaf,
        Self::MaxHet,
        Self::HardyWeinberg,
    ];

    /// The rule's name: the word of its flag.
    pub fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Biallelic => "biallelic",
            Self::SnpsOnly => "snps-only",
            Self::PassOnly => "pass-only",
            Self::MinQuality => "min-quality",
            Self::MinCallRate => "min-call-rate",
            Self::MinMaf => "min-maf",
            Self::MaxMaf => "max-maf",
            Self::MaxHet => "max-het",
            Self::HardyWeinberg => "hwe",
        }
    }
}

/// Stretches of contigs, by name.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    /// For each contig, first and last positions of ranges that neither overlap nor touch.
    by_contig: HashMap<String, BTreeMap<u64, u64>>,
}

impl Regions {
    /// Adds a stretch, from and to in 1-based positions, both inclusive.
    pub fn add(&mut self, contig: &str, from: u64, to: u64) {
        let ranges = self.by_contig.entry(contig.to_owned()).or_default();
        let (mut from, mut to) = (from, to.max(from));
        while let Some((&start, &end)) = ranges.range(..=to.saturating_add(1)).next_back()
            && end.saturating_add(1) >= from
        {
            ranges.remove(&start);
            (from, to) = (from.min(start), to.max(end));
        }
        ranges.insert(from, to);
    }

    /// Adds `CONTIG`, `CONTIG:FROM-TO`, `CONTIG:FROM-` or `CONTIG:POSITION`, from 1 and inclusive. A contig whose
    /// own name holds a colon is taken whole if it matches.
    ///
    /// # Errors
    /// Returns an error if the text cannot be read, or if the header declares contigs and not this one.
    pub fn add_text(&mut self, text: &str, header: &SourceHeader) -> Result<(), GenotypeError> {
        let is_known = |name: &str| header.contigs.is_empty() || header.contigs.id(name).is_some();
        let whole = (text, (1, u64::MAX));
        let (name, (from, to)) = match text.rsplit_once(':') {
            _ if header.contigs.id(text).is_some() => whole,
            None => whole,
            Some((name, range)) => (
                name,
                parse_range(range).ok_or_else(|| {
                    let message = "write CONTIG, CONTIG:FROM-TO or CONTIG:FROM-, positions from 1";
                    GenotypeError::Request(format!("cannot read the region '{text}'; {message}"))
                })?,
            ),
        };
        if !is_known(name) {
            let error =
                header.contigs.require(name).err().map_or_else(String::new, |error| error.to_string());
            return Err(GenotypeError::Request(error));
        }
        self.add(name, from, to);
        Ok(())
    }

    /// Adds the stretches of a BED file's text.
    ///
    /// # Errors
    /// Returns an error that names the line that cannot be read.
    pub fn add_bed(&mut self, text: &str) -> Result<(), GenotypeError> {
        for (number, line) in (1..).zip(text.lines()) {
            let is_comment = ["#", "track", "browser"].iter().any(|start| line.starts_with(start));
            if line.trim().is_empty() || is_comment {
                continue;
            }
            let mut fields = line.split('\t');
            let name = fields.next().unwrap_or_default();
            let mut offset = || fields.next().and_then(|text| text.trim().parse::<u64>().ok());
            let (Some(start), Some(end)) = (offset(), offset()) else {
                let message =
                    format!("line {number}: not BED; write contig, start and end, separated by tabs");
                return Err(GenotypeError::Request(message));
            };
            if end > start {
                self.add(name, start + 1, end);
            }
        }
        Ok(())
    }

    /// Whether a position lies in one of the stretches.
    pub fn contain(&self, contig: &str, position: u64) -> bool {
        let ranges = self.by_contig.get(contig);
        ranges.is_some_and(|ranges| {
            ranges.range(..=position).next_back().is_some_and(|(_, &last)| position <= last)
        })
    }
}

/// Reads `FROM-TO`, `FROM-` or `POSITION`.
fn parse_range(range: &str) -> Option<(u64, u64)> {
    let number = |text: &str| text.replace(',', "").parse::<u64>().ok().filter(|&n| n > 0);
    match range.split_once('-') {
        Some((from, "")) => Some((number(from)?, u64::MAX)),
        Some((from, to)) => Some((number(from)?, number(to)?)).filter(|(from, to)| from <= to),
        None => number(range).map(|position| (position, position)),
    }
}

/// What became of the variants and calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterAccount {
    /// Variants read.
    pub read: u64,
    /// Variants kept.
    pub kept: u64,
    /// Calls made missing for their depth.
    pub low_depth: u64,
    /// Calls made missing for their genotype quality.
    pub low_genotype_quality: u64,
    /// Variants that fell to each rule; a variant falls to the first that it breaks.
    pub removed: [u64; Rule::ALL.len()],
}

impl FilterAccount {
    /// Takes over another block's account.
    pub fn merge(&mut self, other: &Self) {
        self.read += other.read;
        self.kept += other.kept;
        self.low_depth += other.low_depth;
        self.low_genotype_quality += other.low_genotype_quality;
        for (own, other) in self.removed.iter_mut().zip(other.removed) {
            *own += other;
        }
    }
}

/// A block after the rules.
pub struct Filtered {
    /// What is kept.
    pub block: GenotypeBlock,
    /// The account.
    pub account: FilterAccount,
    /// Counts of the variants kept, in the block's order.
    pub counts: Vec<SiteCounts>,
    /// Lines of the list of variants removed: contig, position, id, rule.
    pub removed: String,
}

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
            let verdict = self.judge_site(&block, row).map_or_else(
                || {
                    self.blank_calls(&mut block, row, &mut account);
                    self.judge_counts(&block.counts(row))
                },
                Err,
            );
            keep.push(verdict.is_ok());
            match verdict {
                Ok(own) => counts.push(own),
                Err(rule) => {
                    account.removed[rule as usize] += 1;
                    let site = &block.sites[row];
                    let position = site.position.map_or(0, landrace_genome::Position::get);
                    let id = if site.id.is_empty() { "." } else { &site.id };
                    removed += &format!("{}\t{position}\t{id}\t{}\n", block.contig, rule.name());
                }
            }
        }
        block.keep_rows(&keep);
        account.kept = block.rows() as u64;
        Filtered { block, account, counts, removed }
    }

    /// The first rule that the site itself breaks.
    fn judge_site(&self, block: &GenotypeBlock, row: usize) -> Option<Rule> {
        let site = &block.sites[row];
        let position = site.position.map_or(0, landrace_genome::Position::get);
        if self.regions.as_ref().is_some_and(|regions| !regions.contain(&block.contig, position)) {
            return Some(Rule::Region);
        }
        if self.biallelic && site.alleles() != 2 {
            return Some(Rule::Biallelic);
        }
        if self.snps_only && !site.is_snp() {
            return Some(Rule::SnpsOnly);
        }
        if self.pass_only && matches!(site.filters, Filters::Failed(_)) {
            return Some(Rule::PassOnly);
        }
        let is_low = |least: f32| !site.quality.is_some_and(|quality| quality >= least);
        self.min_quality.is_some_and(is_low).then_some(Rule::MinQuality)
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

    /// The counts, or the first rule that they break.
    fn judge_counts(&self, counts: &SiteCounts) -> Result<SiteCounts, Rule> {
        if self.min_call_rate.is_some_and(|least| counts.call_rate() < least) {
            return Err(Rule::MinCallRate);
        }
        let maf = counts.minor_frequency().unwrap_or(0.0);
        if self.min_maf.is_some_and(|least| maf < least) {
            return Err(Rule::MinMaf);
        }
        if self.max_maf.is_some_and(|most| maf > most) {
            return Err(Rule::MaxMaf);
        }
        if self.max_het.is_some_and(|most| counts.heterozygosity().is_some_and(|het| het > most)) {
            return Err(Rule::MaxHet);
        }
        if self.hardy_weinberg.is_some_and(|least| hwe::p_value(counts, self.inbreeding) < least) {
            return Err(Rule::HardyWeinberg);
        }
        Ok(counts.clone())
    }

    /// Whether single calls are made missing for depth; then the depth layer is wanted.
    pub fn wants_depth(&self) -> bool {
        self.min_depth.is_some()
    }

    /// Whether single calls are made missing for genotype quality; then that layer is wanted.
    pub fn wants_genotype_quality(&self) -> bool {
        self.min_genotype_quality.is_some()
    }
}

/// The indices of the samples to keep: those named in `include` (all, if `None`), in the source's order, without
/// those in `exclude`.
///
/// # Errors
/// Returns an error that names a sample that is not there and the nearest one that is.
pub fn choose_samples(
    all: &[String],
    include: Option<&[String]>,
    exclude: &[String],
) -> Result<Vec<usize>, GenotypeError> {
    let places: HashMap<&str, usize> = all.iter().map(String::as_str).zip(0..).collect();
    let find = |name: &String| {
        places.get(name.as_str()).copied().ok_or_else(|| {
            let hint = hint(name, all.iter().take(20_000).map(String::as_str));
            let remedy = if hint.is_empty() { "; check the spelling".to_owned() } else { hint };
            GenotypeError::Request(format!("there is no sample '{name}' in the input{remedy}"))
        })
    };
    let mut chosen = vec![include.is_none(); all.len()];
    for name in include.unwrap_or_default() {
        chosen[find(name)?] = true;
    }
    for name in exclude {
        chosen[find(name)?] = false;
    }
    let kept: Vec<usize> = (0..all.len()).filter(|&index| chosen[index]).collect();
    if kept.is_empty() && !all.is_empty() {
        return Err(GenotypeError::Request("no sample is left; exclude fewer".to_owned()));
    }
    Ok(kept)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn regions_hold_what_their_ranges_hold(
            ranges in prop::collection::vec((1u64..60, 0u64..12), 0..12),
            position in 1u64..80,
        ) {
            let mut regions = Regions::default();
            ranges.iter().for_each(|&(from, more)| regions.add("1", from, from + more));
            let expected = ranges.iter().any(|&(from, more)| (from..=from + more).contains(&position));
            prop_assert_eq!(regions.contain("1", position), expected);
            prop_assert!(!regions.contain("2", position));
        }
    }

    #[test]
    fn regions_are_read_as_people_write_them() {
        let mut header = SourceHeader::default();
        header.declare(vec!["chr1".to_owned(), "a:1-5".to_owned()]);
        let held = |text: &str| {
            let mut regions = Regions::default();
            regions.add_text(text, &header).map(|()| regions).map_err(|error| error.to_string())
        };
        assert!(held("a:1-5").unwrap().contain("a:1-5", 99));
        assert!(held("chr1:1,000-").unwrap().contain("chr1", 1_000_000));
        assert!(!held("chr1:7").unwrap().contain("chr1", 8));
        assert!(held("chr1:9-3").unwrap_err().contains("cannot read the region"));
        assert!(held("chr2:9").unwrap_err().contains("did you mean 'chr1'"));
        let mut regions = Regions::default();
        regions.add_bed("track x\nchr1\t0\t10\textra\n\nchr1\t10\t10\n").unwrap();
        assert!(regions.contain("chr1", 1) && regions.contain("chr1", 10) && !regions.contain("chr1", 11));
        assert!(regions.add_bed("chr1 0 10\n").unwrap_err().to_string().contains("line 1: not BED"));
    }

    #[test]
    fn samples_are_chosen_by_name_in_the_files_order() {
        let all: Vec<String> = ["b 1", "a", "c"].map(str::to_owned).to_vec();
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(choose_samples(&all, Some(&named(&["c", "b 1"])), &[]).unwrap(), [0, 2]);
        assert_eq!(choose_samples(&all, None, &named(&["a"])).unwrap(), [0, 2]);
        let message = choose_samples(&all, Some(&named(&["b1"])), &[]).unwrap_err().to_string();
        assert_eq!(message, "there is no sample 'b1' in the input; did you mean 'b 1'?");
        assert!(choose_samples(&all, Some(&named(&["a"])), &named(&["a"])).is_err());
    }
}
