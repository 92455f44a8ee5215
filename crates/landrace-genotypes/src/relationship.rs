//! Relationship of all pairs of samples: by products of centred dosages, by states in common, or by read counts.

use std::sync::Arc;

pub(crate) mod additive;
pub mod file;
mod frequency;
mod kgd;
mod loco;
mod order;
pub(crate) mod pairs;
mod part;
mod states;

pub use file::{Layout, read};
pub use frequency::Frequencies;
pub use loco::{WithoutContig, without_each_contig};

use crate::block::layer::Wanted;
use crate::source::{GenotypeError, GenotypeSource};

/// Ways to measure relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// VanRaden (2008), first matrix.
    VanRaden1,
    /// VanRaden (2008), second matrix.
    VanRaden2,
    /// Yang et al. (2010).
    Yang,
    /// Vitezica et al. (2013), at higher ploidy Endelman et al. (2018).
    Dominance,
    /// Identity by state.
    Ibs,
    /// KING-robust kinship (Manichaikul et al. 2010).
    King,
    /// Dodds et al. (2015).
    Kgd,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 7] =
        [Self::VanRaden1, Self::VanRaden2, Self::Yang, Self::Dominance, Self::Ibs, Self::King, Self::Kgd];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::VanRaden1 => "vanraden1",
            Self::VanRaden2 => "vanraden2",
            Self::Yang => "yang",
            Self::Dominance => "dominance",
            Self::Ibs => "ibs",
            Self::King => "king",
            Self::Kgd => "kgd",
        }
    }

    /// The method of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// What is computed and what it is divided by, with its source. P is the ploidy, x the dosage of the alternate
    /// allele, p its frequency, q = 1 − p.
    pub fn description(self) -> &'static str {
        match self {
            Self::VanRaden1 => {
                "VanRaden (2008) matrix 1: sum (x - Pp)(y - Pp) / sum Ppq, which is the additive matrix of Slater et al. \
                 (2014) and Endelman et al. (2018) for autopolyploids; missing calls count as the mean"
            }
            Self::VanRaden2 => {
                "VanRaden (2008) matrix 2: mean of (x - Pp)(y - Pp) / Ppq over the variants; missing calls count as the \
                 mean"
            }
            Self::Yang => {
                "Yang et al. (2010): mean of (x - 2p)(y - 2p) / 2pq over the variants called in both; on the diagonal 1 + \
                 mean of (x² - (1 + 2p)x + 2p²) / 2pq over those called"
            }
            Self::Dominance => {
                "dominance deviations of Vitezica et al. (2013), the digenic ones of Endelman et al. (2018) at higher \
                 ploidy: sum DD' / sum 4 C(P,2) p²q² with D = -2 C(P,2) p² + 2(P - 1)px - x(x - 1); missing calls count \
                 as the mean"
            }
            Self::Ibs => "identity by state: 1 - mean of |x/P - y/Q| over the variants called in both",
            Self::King => {
                "KING-robust kinship (Manichaikul et al. 2010), between families: 0.5 - (4 IBS0 + het1hom2 + het2hom1) / \
                 (4 min(het1, het2)) over the variants called in both"
            }
            Self::Kgd => {
                "KGD's G5 (Dodds et al. 2015): sum (x - 2p)(y - 2p) / sum 2pq over the variants with reads in both; on \
                 the diagonal 1 + sum (((x - 2p)² - 2pq(1 + 2K)) / (1 - 2K)) / sum 2pq over those with two reads and more, \
                 K being the chance that a heterozygote shows one allele at this depth"
            }
        }
    }

    /// What a value is called.
    pub fn value_name(self) -> &'static str {
        match self {
            Self::Ibs => "identity",
            Self::King => "kinship",
            _ => "relationship",
        }
    }

    /// The layers that the method reads.
    pub fn wanted(self) -> Wanted {
        Wanted { allele_depths: self == Self::Kgd, ..Wanted::default() }
    }
}

/// What to compute.
#[derive(Clone, Debug)]
pub struct Options {
    /// How relationship is measured.
    pub method: Method,
    /// Minor allele frequency of a variant, at least. Variants that do not vary are left out by all methods but
    /// `ibs` and `king`, which have no need to.
    pub min_maf: f64,
    /// Frequencies of a base population, in place of the samples' own.
    pub frequencies: Option<Frequencies>,
    /// Read depths and Hardy-Weinberg, for `kgd`.
    pub reads: ReadModel,
    /// Whether [`Relationship::details`] are kept.
    pub details: bool,
    /// Bytes of memory that may be taken; `None` for no limit.
    pub memory: Option<u64>,
}

impl Options {
    /// The method with all variants that vary.
    pub fn new(method: Method) -> Self {
        let reads = ReadModel::default();
        Self { method, min_maf: 0.0, frequencies: None, reads, details: false, memory: None }
    }
}

/// How `kgd` takes read counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadModel {
    /// Both parameters of the beta distribution of a heterozygote's reads; `None` for one half, the binomial.
    pub overdispersion: Option<f64>,
    /// Hardy-Weinberg disequilibrium of a variant, at least: frequency of reference homozygotes less p² among the
    /// calls. Strong negative values are signs of paralogs. `None` for no limit.
    pub min_disequilibrium: Option<f64>,
}

/// A symmetric matrix over samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleMatrix {
    /// Names of the samples.
    pub samples: Arc<[String]>,
    /// The lower half, row by row with the diagonal: (0, 0), (1, 0), (1, 1), (2, 0) ...
    pub values: Vec<f64>,
}

impl SampleMatrix {
    /// The value of two samples.
    ///
    /// # Panics
    /// Panics if there is no such sample.
    pub fn get(&self, first: usize, second: usize) -> f64 {
        let (low, high) = (first.min(second), first.max(second));
        self.values[high * (high + 1) / 2 + low]
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// At most so many samples that stand for all, beside each other where they are alike: the farthest from those
    /// chosen is chosen next, and they are ordered by average linkage.
    pub fn representatives(&self, most: usize) -> Vec<usize> {
        order::representatives(self, most)
    }
}

/// A relationship matrix and what it was made of.
#[derive(Clone, Debug)]
pub struct Relationship {
    /// How it was measured.
    pub method: Method,
    /// The values.
    pub matrix: SampleMatrix,
    /// Variants behind each value.
    pub counts: Counts,
    /// What is known of each pair beside the value: pairs (1, 0), (2, 0), (2, 1) ..., as [`Relationship::pair_columns`]
    /// names them; none unless asked for.
    pub details: Vec<[u32; 2]>,
    /// What went in.
    pub account: Account,
}

/// Variants behind the values of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counts {
    /// As many for all pairs.
    Same(u64),
    /// By pair, as the values.
    Each(Vec<u32>),
}

impl Counts {
    /// Variants behind the value at an index of [`SampleMatrix::values`].
    pub fn at(&self, index: usize) -> u64 {
        match self {
            Self::Same(count) => *count,
            Self::Each(counts) => counts.get(index).copied().map_or(0, u64::from),
        }
    }
}

/// What went into a matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Variants read.
    pub read: u64,
    /// Variants that went in.
    pub used: u64,
    /// Variants left out because all calls are the same, or missing.
    pub monomorphic: u64,
    /// Variants left out for their minor allele frequency.
    pub rare: u64,
    /// Variants left out because the table of frequencies lacks them.
    pub without_frequency: u64,
    /// Variants left out for Hardy-Weinberg disequilibrium.
    pub disequilibrium: u64,
    /// Calls of the variants used that are missing.
    pub missing: u64,
    /// Heterozygous calls of the variants used, for `ibs` and `king`.
    pub heterozygous: u64,
    /// Heterozygous calls that random mating would give, for `ibs` and `king`.
    pub expected_heterozygous: f64,
    /// Whether samples of several ploidies are in one variant; dosages then count as shares of the ploidy.
    pub is_mixed: bool,
    /// What the sum of products was divided by, where that is one number.
    pub denominator: Option<f64>,
    /// Reads a sample and variant, for `kgd`.
    pub mean_depth: Option<f64>,
}

impl Account {
    fn merge(&mut self, other: &Self) {
        self.read += other.read;
        self.used += other.used;
        self.monomorphic += other.monomorphic;
        self.rare += other.rare;
        self.without_frequency += other.without_frequency;
        self.disequilibrium += other.disequilibrium;
        self.missing += other.missing;
        self.heterozygous += other.heterozygous;
        self.expected_heterozygous += other.expected_heterozygous;
        self.is_mixed |= other.is_mixed;
    }

    /// Inbreeding coefficient of all samples together, 1 − heterozygotes seen / expected, where they were counted.
    pub fn inbreeding(&self) -> Option<f64> {
        (self.expected_heterozygous > 0.0)
            .then(|| 1.0 - self.heterozygous as f64 / self.expected_heterozygous)
    }
}

impl Relationship {
    /// Names of the columns of [`Relationship::details`].
    pub fn pair_columns(&self) -> &'static [&'static str] {
        match self.method {
            Method::King => &["both_heterozygous", "opposite_homozygous"],
            Method::Ibs => &["different", "opposite_homozygous"],
            _ => &[],
        }
    }

    /// The pairs of different samples with the highest values, at most `most`: sample, sample, value. Ties go in
    /// order; pairs without a value are left out.
    pub fn closest(&self, most: usize) -> Vec<(usize, usize, f64)> {
        let mut best: Vec<(usize, usize, f64)> = Vec::new();
        for high in 0..self.matrix.len() {
            for low in 0..high {
                let value = self.matrix.get(high, low);
                let is_in = best.len() < most || best.last().is_some_and(|last| value > last.2);
                if value.is_nan() || !is_in {
                    continue;
                }
                let place = best.partition_point(|other| other.2 >= value);
                best.insert(place, (low, high, value));
                best.truncate(most);
            }
        }
        best
    }
}

/// Computes the relationship of a source's samples.
///
/// Memory: the values, eight bytes a pair, are summed in place; `king` takes 20 and `ibs` 24 bytes a pair more, and
/// what is decoded takes 2 KiB a sample (at most 128 MiB for the counts of `ibs` and `king`), whatever the number of
/// variants.
///
/// # Errors
/// Returns an error if the source fails, if there are no samples or no variants that vary, if the method does not
/// hold at their ploidy, or if the matrix does not fit the memory given.
pub fn relate(source: &mut dyn GenotypeSource, options: &Options) -> Result<Relationship, GenotypeError> {
    let n = source.header().samples.len();
    if n == 0 {
        return Err(GenotypeError::Request("no samples; a relationship matrix relates samples".to_owned()));
    }
    check_memory(n, options)?;
    match options.method {
        Method::VanRaden1 | Method::VanRaden2 | Method::Yang | Method::Dominance => {
            additive::relate(source, options)
        }
        Method::Ibs => states::identity(source, options),
        Method::King => states::king(source, options),
        Method::Kgd => kgd::relate(source, options),
    }
}

fn check_memory(samples: usize, options: &Options) -> Result<(), GenotypeError> {
    let n = samples as u64;
    let pairs = n * (n + 1) / 2;
    let a_pair = match options.method {
        Method::King => 20 + 8 + 12,
        Method::Ibs => 24 + 8 + 12,
        Method::Kgd => 16 + 4,
        Method::Yang => 8 + 4,
        _ => 8,
    };
    let needed = pairs * a_pair + n * (4 << 10) + (64 << 20);
    if options.memory.is_none_or(|memory| needed <= memory) {
        return Ok(());
    }
    Err(GenotypeError::Request(format!(
        "the relationships of {samples} samples by {} take {} of memory, and {} are allowed; relate fewer samples, or \
         give more with --memory",
        options.method.name(),
        size(needed),
        size(options.memory.unwrap_or(0))
    )))
}

/// Bytes in the unit that people count them in.
fn size(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

/// Counts values in `count` bins of one width between the lowest and the highest: lower edge and count of each. Values
/// that are not known are left out.
pub fn bins(values: &[f64], count: usize) -> Vec<(f64, u64)> {
    let known = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = known().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return Vec::new();
    }
    let width = ((high - low) / count as f64).max(1e-6);
    let mut out: Vec<(f64, u64)> = (0..count).map(|bin| (low + width * bin as f64, 0)).collect();
    known().for_each(|value| out[(((value - low) / width) as usize).min(count - 1)].1 += 1);
    out
}

fn nothing_varies() -> GenotypeError {
    GenotypeError::Request("no variant is left that varies among the samples; filter less".to_owned())
}

#[cfg(test)]
mod tests;
