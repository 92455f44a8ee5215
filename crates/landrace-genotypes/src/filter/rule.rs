//! The rules by name, and the account of what fell to them.

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
    /// More heterozygotes than expected.
    HetExcess,
    /// Far more reads than other variants.
    MaxDepthZ,
    /// Reads of heterozygotes out of balance.
    MaxBalanceZ,
}

impl Rule {
    /// All rules, in the order in which they are applied.
    pub const ALL: [Self; 13] = [
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
        Self::HetExcess,
        Self::MaxDepthZ,
        Self::MaxBalanceZ,
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
            Self::HetExcess => "het-excess",
            Self::MaxDepthZ => "max-depth-z",
            Self::MaxBalanceZ => "max-balance-z",
        }
    }
}

/// A rule that a variant breaks, and the value by which it does; `None` where the rule has no number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Broken {
    /// The rule.
    pub rule: Rule,
    /// What it was judged by.
    pub value: Option<f64>,
}

impl Broken {
    pub(super) fn by(rule: Rule, value: impl Into<Option<f64>>) -> Self {
        Self { rule, value: value.into() }
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
