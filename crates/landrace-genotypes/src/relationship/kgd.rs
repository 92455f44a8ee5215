//! Relationship from read counts at low depth (Dodds et al. 2015, BMC Genomics 16:1047): what one read cannot show of
//! a heterozygote is allowed for on the diagonal, and pairs are divided by the variants that both have reads of.

use super::{Account, Counts, Options, ReadModel, Relationship, SampleMatrix, nothing_varies};
use crate::block::GenotypeBlock;
use crate::gram::Gram;
use crate::relationship::pairs::{Count, PairCounter};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// A block made ready on any thread.
struct Ready {
    /// For each variant, x − 2p of each sample, and √(2pq) where it has reads.
    rows: Vec<(Vec<f32>, Vec<f32>)>,
    /// Numerator and denominator of each sample's diagonal.
    own: Vec<(f64, f64)>,
    called: Vec<u64>,
    reads: u64,
    /// Whether any variant has reads, also of those left out.
    any_reads: bool,
    account: Account,
}

/// Samples with reads, as planes of bits made here.
struct WithReads;

impl Count for WithReads {
    type Counts = u32;

    fn planes(&self) -> usize {
        1
    }

    fn stage(&self, _: &GenotypeBlock, _: usize, _: &mut [u64]) {}

    fn compare(&self, a: &[u64], b: &[u64]) -> u32 {
        super::pairs::kernel::both(a, b)
    }
}

pub(super) fn relate(
    source: &mut dyn GenotypeSource,
    options: &Options,
) -> Result<Relationship, GenotypeError> {
    let samples = source.header().samples.clone();
    let n = samples.len();
    let (mut products, mut weights) = (Gram::new(n), Gram::new(n));
    let mut called = PairCounter::new(n, WithReads);
    let mut own = vec![(0.0, 0.0); n];
    let (mut account, mut reads, mut any_reads) = (Account::default(), 0u64, false);
    for_each_block(
        source,
        |block| prepare(&block, options),
        |ready| {
            for (products_row, weights_row) in &ready.rows {
                products.add_values(products_row);
                weights.add_values(weights_row);
            }
            called.add(&ready.called);
            for (own, new) in own.iter_mut().zip(&ready.own) {
                *own = (own.0 + new.0, own.1 + new.1);
            }
            account.merge(&ready.account);
            reads += ready.reads;
            any_reads |= ready.any_reads;
            Ok(())
        },
    )?;
    if account.used == 0 {
        return Err(if account.monomorphic == account.read && !any_reads {
            no_reads()
        } else {
            nothing_varies()
        });
    }
    account.mean_depth = Some(reads as f64 / account.used as f64 / n as f64);
    let ((mut values, _), (divisors, _)) = (products.finish(), weights.finish());
    values.iter_mut().zip(&divisors).for_each(|(value, divisor)| *value /= divisor);
    let mut counts = vec![u32::try_from(account.used).unwrap_or(u32::MAX); values.len()];
    called.finish(|(high, low), &count| counts[high * (high + 1) / 2 + low] = count);
    for (i, (above, below)) in own.into_iter().enumerate() {
        values[i * (i + 1) / 2 + i] = 1.0 + above / below;
    }
    let matrix = SampleMatrix { samples, values };
    Ok(Relationship {
        method: options.method,
        matrix,
        counts: Counts::Each(counts),
        details: Vec::new(),
        account,
    })
}

fn no_reads() -> GenotypeError {
    GenotypeError::Request(
        "the genotypes have no read counts (AD), which the method 'kgd' needs; give a VCF with AD or a table of counts, \
         or choose 'vanraden1' or 'vanraden2'"
            .to_owned(),
    )
}

fn prepare(block: &GenotypeBlock, options: &Options) -> Result<Ready, GenotypeError> {
    let n = block.samples;
    let account = Account { read: block.rows() as u64, ..Account::default() };
    let mut out = Ready {
        rows: Vec::new(),
        own: vec![(0.0, 0.0); n],
        called: Vec::new(),
        reads: 0,
        any_reads: false,
        account,
    };
    if block.groups.iter().any(|group| group.calls.ploidy() != 2) {
        return Err(GenotypeError::Request(format!(
            "contig '{}' has samples that are not diploid, and the method 'kgd' is for diploids; choose 'vanraden1' or \
             'vanraden2'",
            block.contig
        )));
    }
    let Some(depths) = &block.layers.allele_depths else { return Err(no_reads()) };
    let chances = Chances::new(options.reads);
    let mut reads = vec![(0u32, 0u32); n];
    for row in 0..block.rows() {
        for (sample, reads) in reads.iter_mut().enumerate() {
            let call = depths.call(row, sample);
            let count = |reads: i32| u32::try_from(reads).unwrap_or(0);
            *reads = (
                call.first().copied().map_or(0, count),
                call.iter().skip(1).map(|&reads| count(reads)).sum(),
            );
        }
        let own =
            options.frequencies.as_ref().map(|frequencies| frequencies.of(&block.contig, &block.sites[row]));
        match own {
            Some(None) => out.account.without_frequency += 1,
            own => out.add(&reads, own.flatten().map(|alternate| 1.0 - alternate), options, &chances),
        }
    }
    Ok(out)
}

impl Ready {
    /// Takes in a variant's reads of the two alleles. `given` is the reference allele's frequency, if one is given.
    fn add(&mut self, reads: &[(u32, u32)], given: Option<f64>, options: &Options, chances: &Chances) {
        let (first, second) = reads
            .iter()
            .fold((0u64, 0u64), |sum, reads| (sum.0 + u64::from(reads.0), sum.1 + u64::from(reads.1)));
        self.any_reads |= first + second > 0;
        let p = given.unwrap_or_else(|| first as f64 / (first + second) as f64);
        if first + second == 0 || !(p > 0.0 && p < 1.0) {
            self.account.monomorphic += 1;
            return;
        }
        if p.min(1.0 - p) < options.min_maf {
            self.account.rare += 1;
            return;
        }
        let calls: Vec<Option<u8>> = reads.iter().map(|&reads| dosage(reads)).collect();
        if options.reads.min_disequilibrium.is_some_and(|least| disequilibrium(&calls) <= least) {
            self.account.disequilibrium += 1;
            return;
        }
        let spread = 2.0 * p * (1.0 - p);
        let mut planes = vec![0u64; reads.len().div_ceil(64)];
        let mut row = (vec![0.0; reads.len()], vec![0.0; reads.len()]);
        for (i, (&(a, b), call)) in reads.iter().zip(&calls).enumerate() {
            let Some(x) = call else {
                self.account.missing += 1;
                continue;
            };
            let z = f64::from(*x) - 2.0 * p;
            row.0[i] = z as f32;
            row.1[i] = spread.sqrt() as f32;
            planes[i / 64] |= 1 << (i % 64);
            if a + b >= 2 {
                let k = chances.of(a + b);
                self.own[i].0 += (z * z - spread * (1.0 + 2.0 * k)) / (1.0 - 2.0 * k);
                self.own[i].1 += spread;
            }
        }
        self.rows.push(row);
        self.called.extend(planes);
        self.reads += first + second;
        self.account.used += 1;
    }
}

/// The dosage that reads show: both alleles make a heterozygote.
fn dosage((first, second): (u32, u32)) -> Option<u8> {
    match (first, second) {
        (0, 0) => None,
        (_, 0) => Some(2),
        (0, _) => Some(0),
        _ => Some(1),
    }
}

/// Frequency of the homozygotes of the first allele less the square of its frequency, among the calls as they are.
fn disequilibrium(calls: &[Option<u8>]) -> f64 {
    let (mut called, mut copies, mut homozygous) = (0.0, 0.0, 0.0);
    for x in calls.iter().flatten() {
        called += 1.0;
        copies += f64::from(*x);
        homozygous += f64::from(u8::from(*x == 2));
    }
    let p: f64 = copies / (2.0 * called);
    homozygous / called - p * p
}

/// The chance that all reads of a heterozygote show one given allele, by depth.
struct Chances {
    table: Vec<f64>,
    overdispersion: Option<f64>,
}

impl Chances {
    const DEPTHS: u32 = 512;

    fn new(model: ReadModel) -> Self {
        let mut table = vec![1.0];
        for depth in 0..Self::DEPTHS {
            let last = table[table.len() - 1];
            table.push(last * Self::next(depth, model.overdispersion));
        }
        Self { table, overdispersion: model.overdispersion }
    }

    /// The chance that the read after `depth` reads of one allele shows it too.
    fn next(depth: u32, overdispersion: Option<f64>) -> f64 {
        let depth = f64::from(depth);
        overdispersion.map_or(0.5, |alpha| (alpha + depth) / (2.0 * alpha + depth))
    }

    fn of(&self, depth: u32) -> f64 {
        match self.table.get(depth as usize) {
            Some(&chance) => chance,
            None => (Self::DEPTHS..depth).fold(self.table[self.table.len() - 1], |chance, depth| {
                chance * Self::next(depth, self.overdispersion)
            }),
        }
    }
}
