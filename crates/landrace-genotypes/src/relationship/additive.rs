//! Matrices that are sums of products of centred dosages.

use super::pairs::{Called, PairCounter};
use super::{Account, Counts, Method, Options, Relationship, SampleMatrix, nothing_varies};
use crate::block::{GenotypeBlock, SiteCounts};
use crate::gram::{CallTable, Gram, RowTables};
use crate::plane::planes_for;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// A block made ready on any thread.
pub(super) struct Ready {
    pub(super) block: GenotypeBlock,
    pub(super) parts: (Vec<usize>, Vec<CallTable>, Vec<f64>),
    called: Vec<u64>,
    pub(super) denominator: f64,
    pub(super) account: Account,
}

/// How one variant's dosages are turned to numbers.
pub(crate) struct Scale {
    /// Frequency of the alternate allele.
    pub(crate) p: f64,
    /// Mean ploidy of the samples called.
    pub(crate) ploidy: f64,
}

impl Scale {
    /// Of a variant's counts; `None` without calls.
    pub(crate) fn of(counts: &SiteCounts) -> Option<Self> {
        let (mut dosage, mut copies) = (0u64, 0u64);
        for (ploidy, dosages) in &counts.dosages {
            for (&n, x) in dosages.iter().zip(0u64..) {
                dosage += u64::from(n) * x;
                copies += u64::from(n) * u64::from(*ploidy);
            }
        }
        (copies > 0)
            .then(|| Self { p: dosage as f64 / copies as f64, ploidy: copies as f64 / counts.called as f64 })
    }

    /// Whether both alleles are there.
    pub(crate) fn varies(&self) -> bool {
        self.p > 0.0 && self.p < 1.0
    }

    /// One over the standard deviation of the dosage as a share of the ploidy, in Hardy-Weinberg proportions.
    pub(crate) fn precision(&self) -> f64 {
        (self.ploidy / (self.p * (1.0 - self.p))).sqrt()
    }
}

/// A table of the dosages of a ploidy; a missing call counts as 0.
pub(crate) fn table(ploidy: u8, value: impl Fn(f64) -> f64) -> CallTable {
    let mut out = [0.0; 16];
    let missing = (1usize << planes_for(ploidy)) - 1;
    for (x, out) in out.iter_mut().enumerate().take((usize::from(ploidy) + 1).min(missing)) {
        *out = value(x as f64) as f32;
    }
    out
}

pub(super) fn relate(
    source: &mut dyn GenotypeSource,
    options: &Options,
) -> Result<Relationship, GenotypeError> {
    let samples = source.header().samples.clone();
    let n = samples.len();
    let mut sum = Gram::new(n);
    let is_pairwise = options.method == Method::Yang;
    let mut called = is_pairwise.then(|| PairCounter::new(n, Called));
    let (mut account, mut denominator) = (Account::default(), 0.0);
    let mut own = vec![0u32; if is_pairwise { n } else { 0 }];
    for_each_block(
        source,
        |block| prepare(block, options),
        |ready: Ready| {
            account.merge(&ready.account);
            denominator += ready.denominator;
            if let Some(called) = &mut called {
                called.add(&ready.called);
                for row in ready.called.chunks_exact(n.div_ceil(64)) {
                    own.iter_mut()
                        .enumerate()
                        .for_each(|(i, own)| *own += (row[i / 64] >> (i % 64) & 1) as u32);
                }
            }
            sum.add(&RowTables::from_parts(&ready.block, ready.parts));
            Ok(())
        },
    )?;
    if account.used == 0 {
        return Err(nothing_varies());
    }
    let (mut values, linear) = sum.finish();
    let counts = match called {
        None => {
            values.iter_mut().for_each(|value| *value /= denominator);
            account.denominator = Some(denominator);
            Counts::Same(account.used)
        }
        Some(called) => Counts::Each(divide_pairwise(&mut values, &linear, called, &own)),
    };
    let matrix = SampleMatrix { samples, values };
    Ok(Relationship { method: options.method, matrix, counts, details: Vec::new(), account })
}

/// Divides by the variants called in both. In terms of z = (x − 2p) / √(2pq), Yang's diagonal is the mean of
/// z² − z (1 − 2p) / √(2pq).
fn divide_pairwise(values: &mut [f64], linear: &[f64], called: PairCounter<Called>, own: &[u32]) -> Vec<u32> {
    let mut counts = vec![0; values.len()];
    called.finish(|(high, low), &count| {
        let at = high * (high + 1) / 2 + low;
        values[at] /= f64::from(count);
        counts[at] = count;
    });
    for (i, (&own, &linear)) in own.iter().zip(linear).enumerate() {
        let at = i * (i + 1) / 2 + i;
        values[at] = (values[at] - linear) / f64::from(own);
        counts[at] = own;
    }
    counts
}

/// Chooses the variants of a block and makes their tables.
pub(super) fn prepare(block: GenotypeBlock, options: &Options) -> Result<Ready, GenotypeError> {
    let mut account =
        Account { read: block.rows() as u64, is_mixed: block.groups.len() > 1, ..Account::default() };
    check_ploidy(&block, options.method)?;
    let mut tables = RowTables::new(&block);
    let mut denominator = 0.0;
    let mut rows = Vec::new();
    for row in 0..block.rows() {
        let counts = block.counts(row);
        let Some(scale) = choose(&block, row, &counts, options, &mut account) else { continue };
        account.used += 1;
        account.missing += block.samples as u64 - counts.called;
        let (own, weight) = tables_of(options.method, &block, &scale);
        denominator += weight.0;
        tables.push(row, own, weight.1);
        rows.push(row);
    }
    let parts = tables.into_parts();
    let called = match options.method {
        Method::Yang => PairCounter::stage(&Called, &block, rows.into_iter()),
        _ => Vec::new(),
    };
    Ok(Ready { block, parts, called, denominator, account })
}

fn check_ploidy(block: &GenotypeBlock, method: Method) -> Result<(), GenotypeError> {
    let refuse = |what: &str| {
        Err(GenotypeError::Request(format!(
            "contig '{}': {what}; choose 'vanraden1' or 'vanraden2'",
            block.contig
        )))
    };
    let ploidies = || block.groups.iter().map(|group| group.calls.ploidy());
    match method {
        Method::Yang if ploidies().any(|ploidy| ploidy != 2) => {
            refuse("the method 'yang' has its diagonal for diploids alone")
        }
        Method::Dominance if ploidies().any(|ploidy| ploidy == 1) => refuse(
            "the method 'dominance' needs two copies of each chromosome and more, and some samples have one",
        ),
        Method::Dominance if block.groups.len() > 1 => {
            refuse("the method 'dominance' has no common scale for samples of several ploidies")
        }
        _ => Ok(()),
    }
}

/// The scale of a variant, if it goes in; else the reason is counted.
pub(super) fn choose(
    block: &GenotypeBlock,
    row: usize,
    counts: &SiteCounts,
    options: &Options,
    account: &mut Account,
) -> Option<Scale> {
    let Some(mut scale) = Scale::of(counts) else {
        account.monomorphic += 1;
        return None;
    };
    if let Some(frequencies) = &options.frequencies {
        match frequencies.of(&block.contig, &block.sites[row]) {
            Some(p) => scale.p = p,
            None => {
                account.without_frequency += 1;
                return None;
            }
        }
    }
    if !scale.varies() {
        account.monomorphic += 1;
        return None;
    }
    if scale.p.min(1.0 - scale.p) < options.min_maf {
        account.rare += 1;
        return None;
    }
    Some(scale)
}

/// A table a group; what the variant adds to the denominator; its weight in the sum that Yang's diagonal needs.
fn tables_of(method: Method, block: &GenotypeBlock, scale: &Scale) -> (Vec<CallTable>, (f64, f64)) {
    let (p, q) = (scale.p, 1.0 - scale.p);
    let ploidies = block.groups.iter().map(|group| group.calls.ploidy());
    match method {
        Method::VanRaden1 => {
            // As shares of the ploidy, so that mixed ploidies are on one scale.
            let tables = ploidies.map(|ploidy| table(ploidy, |x| x / f64::from(ploidy) - p)).collect();
            (tables, (p * q / scale.ploidy, 0.0))
        }
        Method::Dominance => {
            let copies = ploidies.clone().max().map_or(2.0, f64::from);
            let duos = copies * (copies - 1.0) / 2.0;
            let value = |x: f64| -2.0 * duos * p * p + 2.0 * (copies - 1.0) * p * x - x * (x - 1.0);
            let tables = ploidies.map(|ploidy| table(ploidy, value)).collect();
            (tables, (4.0 * duos * p * p * q * q, 0.0))
        }
        _ => {
            let tables = standard_tables(block, scale);
            let weight = if method == Method::Yang { (1.0 - 2.0 * p) / (2.0 * p * q).sqrt() } else { 0.0 };
            (tables, (1.0, weight))
        }
    }
}

/// z = (x/P − p) / √(pq/P̄), a table a group.
pub(crate) fn standard_tables(block: &GenotypeBlock, scale: &Scale) -> Vec<CallTable> {
    let precision = scale.precision();
    let ploidies = block.groups.iter().map(|group| group.calls.ploidy());
    ploidies.map(|ploidy| table(ploidy, |x| (x / f64::from(ploidy) - scale.p) * precision)).collect()
}
