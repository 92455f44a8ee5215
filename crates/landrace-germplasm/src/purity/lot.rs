//! A seed lot by the genotypes of single seeds, or by the reads of pools, against samples of its variety or of its parents.

use landrace_genotypes::{GenotypeError, GenotypeMatrix};

use super::pool::{PoolEstimate, PoolOptions, PoolSite, estimate};
use super::seeds::{Class, Profile, ProfileOf, Seed, SeedOptions, classify};
use super::{OffTypes, TestError};
use crate::identity::join::{Join, Shared};
use crate::identity::{Genotypes, MISSING};

/// The markers that a lot shares with the samples it is compared with.
pub struct LotMarkers {
    join: Join,
    shared: Vec<Shared>,
    /// Shared markers that were left out for having several alleles, or unlike numbers of copies.
    pub left_out: usize,
}

impl LotMarkers {
    /// Joins the markers of a lot and of a reference by name or place.
    ///
    /// # Errors
    /// Returns an error if no marker of two alleles and one number of copies is shared.
    pub fn join(lot: GenotypeMatrix, reference: &GenotypeMatrix) -> Result<Self, GenotypeError> {
        let join = Join::new(lot, Vec::new())?;
        let mut shared = join.shared_with(reference)?;
        let all = shared.len();
        shared.retain(|own| matches!(own.row.genotypes, Genotypes::Dosage { .. }));
        let left_out = all - shared.len();
        if shared.is_empty() {
            return Err(GenotypeError::Request(format!(
                "all {left_out} shared markers have several alleles, or samples of unlike numbers of chromosomes; purity is \
                 told by markers of two alleles"
            )));
        }
        Ok(Self { join, shared, left_out })
    }

    /// Names of the lot's samples.
    pub fn samples(&self) -> &[String] {
        self.join.queries().samples()
    }

    /// Number of markers.
    pub fn markers(&self) -> usize {
        self.shared.len()
    }

    /// What the variety has at each marker.
    ///
    /// # Errors
    /// Returns an error if neither the variety nor both parents are given, or if it has no call.
    pub fn profile(&self, of: &ProfileOf) -> Result<Profile, GenotypeError> {
        let profile = Profile::of_rows(self.shared.iter().map(|own| &own.row), of)?;
        if profile.known() == 0 {
            return Err(GenotypeError::Request(format!(
                "the variety's genotype is known at none of the {} shared markers; a hybrid's is where both parents are \
                 homozygous: give other samples",
                self.markers()
            )));
        }
        Ok(profile)
    }

    /// Tells what each of some samples of the lot is.
    pub fn classify(&self, profile: &Profile, seeds: &[usize], options: &SeedOptions) -> Vec<Seed> {
        let one = |&seed: &usize| {
            let code = |own: &Shared| match own.row.queries[seed] {
                MISSING => landrace_genotypes::plane::MISSING,
                code => u8::try_from(code).unwrap_or(landrace_genotypes::plane::MISSING),
            };
            classify(profile, &self.shared.iter().map(code).collect::<Vec<u8>>(), options)
        };
        seeds.iter().map(one).collect()
    }

    /// The reads of a pool at each marker that the variety's genotype is known at.
    pub fn reads(&self, profile: &Profile, pool: usize) -> Vec<PoolSite> {
        let mut out = Vec::new();
        for (at, own) in self.shared.iter().enumerate() {
            let (block, row) = self.join.queries().locate(own.row.variant);
            let Some(depths) = &block.layers.allele_depths else { continue };
            let Some((pure, foreign)) = profile.expected(at) else { continue };
            let mut reads = [0u64; 2];
            for (&joint, &depth) in own.fit.to_joint.iter().zip(depths.call(row, pool)) {
                if let Some(sum) = reads.get_mut(usize::from(joint)) {
                    *sum += u64::try_from(depth).unwrap_or(0);
                }
            }
            // Reads are marked that foreign seeds have more of.
            let is_second = profile.marks_second(at);
            let marked = reads[usize::from(is_second)];
            let (pure, foreign) = if is_second { (pure, foreign) } else { (1.0 - pure, 1.0 - foreign) };
            let is_reference = own.fit.to_joint.first() == Some(&u8::from(is_second));
            out.push(PoolSite { marked, reads: reads[0] + reads[1], pure, foreign, is_reference });
        }
        out
    }

    /// Estimates the share of foreign seeds of a pool.
    ///
    /// # Errors
    /// Returns an error that names the pool if it has no read counts or too few of them.
    pub fn pool(
        &self,
        profile: &Profile,
        pool: usize,
        options: &PoolOptions,
    ) -> Result<PoolEstimate, GenotypeError> {
        let name = &self.samples()[pool];
        let reads = self.reads(profile, pool);
        if reads.iter().all(|site| site.reads == 0) {
            return Err(GenotypeError::Request(format!(
                "pool '{name}' has no reads of each allele (AD) at the {} shared markers; purity of pools is estimated from \
                 those: give a file that has them, or leave out --pooled for single seeds",
                self.markers()
            )));
        }
        estimate(&reads, options).map_err(|error| GenotypeError::Request(format!("pool '{name}': {error}")))
    }
}

/// What the seeds of a lot are together.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedLot {
    /// Seeds of each of [`Class::ALL`].
    pub classes: [u64; 5],
    /// Seeds that are neither surely true nor surely off-types.
    pub undecided: u64,
    /// Decided seeds that are something else than they are called, as their probabilities have it.
    pub expected_wrong: f64,
    /// The share of off-types among the decided.
    pub off_types: OffTypes,
}

impl SeedLot {
    /// Counts a lot's seeds.
    ///
    /// # Errors
    /// Returns an error if no seed is decided.
    pub fn count(seeds: &[Seed], confidence: f64) -> Result<Self, GenotypeError> {
        let mut classes = [0u64; 5];
        let mut expected_wrong = 0.0;
        for seed in seeds {
            if let Some(class) = seed.class {
                classes[class as usize] += 1;
                let right = seed.posterior[0];
                expected_wrong += if class == Class::True { 1.0 - right } else { right };
            }
        }
        let decided: u64 = classes.iter().sum();
        if decided == 0 {
            return Err(GenotypeError::Request(format!(
                "none of the {} seeds is surely true to type or an off-type; type more markers, or lower --level or \
                 --min-markers",
                seeds.len()
            )));
        }
        let off = decided - classes[0];
        let off_types = OffTypes::count(off, decided, 1, &TestError::default(), confidence)?;
        Ok(Self { classes, undecided: seeds.len() as u64 - decided, expected_wrong, off_types })
    }
}
