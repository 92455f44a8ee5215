//! What the user may choose.

/// What is expected of genotypes, given the frequencies of the alleles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GenotypePrior {
    /// Hardy-Weinberg proportions: alleles drawn independently.
    HardyWeinberg,
    /// With probability `f` all copies are one by descent, else as Hardy-Weinberg: lines and selfing species.
    Inbred {
        /// Inbreeding coefficient, 0 to 1.
        f: f64,
    },
    /// Each genotype alike: the reads of the sample alone decide.
    None,
}

impl GenotypePrior {
    /// The probability that all copies of a sample are one by descent.
    pub fn inbreeding(self) -> f64 {
        match self {
            Self::Inbred { f } => f,
            Self::HardyWeinberg | Self::None => 0.0,
        }
    }
}

/// How to call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallOptions {
    /// Reads of lower mapping quality are left out.
    pub min_mapping_quality: u8,
    /// Bases of lower quality say nothing.
    pub min_base_quality: u8,
    /// Prior of genotypes.
    pub prior: GenotypePrior,
    /// Sites of a lower QUAL are not written.
    pub min_quality: f64,
    /// Reads of a sample that start within 256 bases of the reference: more are thinned, by a hash of the
    /// read's name. `None`: 16,000 shared among the samples, at least 64 and at most 1,000 each.
    pub max_reads: Option<usize>,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            min_mapping_quality: 20,
            min_base_quality: 10,
            prior: GenotypePrior::HardyWeinberg,
            min_quality: 5.0,
            max_reads: None,
        }
    }
}

impl CallOptions {
    /// Reads that are kept of one sample and one bin of start positions, in a cohort of `samples`.
    pub fn reads_a_bin(&self, samples: usize) -> usize {
        self.max_reads.unwrap_or_else(|| (16_000 / samples.max(1)).clamp(64, 1_000)).max(1)
    }
}
