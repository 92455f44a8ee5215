//! A marker that queries and library share, with the genotypes of both in one code.

/// Code of a missing genotype.
pub const MISSING: u16 = u16::MAX;

/// What the codes of a marker mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Genotypes {
    /// Copies of the second allele, of as many as the ploidy.
    Dosage {
        /// Copies of the chromosome in all samples.
        ploidy: u8,
    },
    /// None, some (1) or all (2) copies are of the second allele: samples differ in ploidy.
    Presence,
    /// Indices of lists of alleles.
    Lists {
        /// Number of alleles.
        alleles: usize,
        /// Copies in all samples; `None` if they differ, and each list names its alleles once.
        ploidy: Option<u8>,
        /// The genotypes, each a sorted list of alleles.
        lists: Vec<Box<[u8]>>,
    },
}

impl Genotypes {
    /// Number of codes.
    pub fn classes(&self) -> usize {
        match self {
            Self::Dosage { ploidy } => usize::from(*ploidy) + 1,
            Self::Presence => 3,
            Self::Lists { lists, .. } => lists.len(),
        }
    }

    /// Whether a code is a heterozygote's.
    pub fn is_heterozygous(&self, code: u16) -> bool {
        match self {
            Self::Dosage { ploidy } => code > 0 && code < u16::from(*ploidy),
            Self::Presence => code == 1,
            Self::Lists { lists, .. } => {
                lists.get(usize::from(code)).is_some_and(|list| list.first() != list.last())
            }
        }
    }

    /// Copies of the second allele as 0, some (1) or all (2); `None` for lists and missing calls.
    pub fn presence(&self, code: u16) -> Option<u8> {
        match self {
            _ if code == MISSING => None,
            Self::Lists { .. } => None,
            Self::Presence => u8::try_from(code).ok(),
            Self::Dosage { ploidy } if code == u16::from(*ploidy) => Some(2),
            Self::Dosage { .. } => Some(u8::from(code > 0)),
        }
    }
}

/// A marker's genotypes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkerRow {
    /// The query's variant, by its place in the queries' file.
    pub variant: usize,
    /// What the codes mean.
    pub genotypes: Genotypes,
    /// A code a library sample, or [`MISSING`].
    pub library: Vec<u16>,
    /// A code a query, or [`MISSING`].
    pub queries: Vec<u16>,
}
