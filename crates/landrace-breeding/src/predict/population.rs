//! The samples that are valued: their genotypes and their relationship.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use landrace_genotypes::relationship::{self, SampleMatrix};
use landrace_genotypes::{GenotypeMatrix, GenotypeSource};

use super::PredictError;
use crate::mixed_model::{ModelError, Spectrum};
use crate::phenotype::AnalysisSet;

/// Numbers of eigenvectors that are kept for the next trait; at least those of one relationship are.
const HELD: usize = 32 << 20;

/// All samples, those with records and those without.
#[derive(Debug)]
pub struct Population {
    samples: Arc<[String]>,
    genotypes: Option<Arc<GenotypeMatrix>>,
    additive: OnceLock<Additive>,
    dominance: OnceLock<SampleMatrix>,
    /// The last relationships of records that were taken apart: traits with the same records share them.
    apart: Mutex<VecDeque<Apart>>,
}

#[derive(Debug)]
struct Apart {
    kernel: String,
    samples: Vec<usize>,
    weights: Option<Vec<f64>>,
    spectrum: Arc<Spectrum>,
}

/// The additive relationship of all samples.
#[derive(Debug)]
pub(super) struct Additive {
    pub(super) matrix: SampleMatrix,
    /// What the sum of products was divided by; `None` if the matrix was not made of the genotypes at hand.
    pub(super) denominator: Option<f64>,
}

impl Population {
    /// Samples with their genotypes. The relationship is computed when it is first asked for.
    pub fn of_genotypes(genotypes: GenotypeMatrix) -> Self {
        let samples = genotypes.header().samples.clone();
        Self {
            samples,
            genotypes: Some(Arc::new(genotypes)),
            additive: OnceLock::new(),
            dominance: OnceLock::new(),
            apart: Mutex::default(),
        }
    }

    /// Samples with a relationship made elsewhere, of a pedigree for example; no effects of markers can be told.
    pub fn of_relationship(matrix: SampleMatrix) -> Self {
        let samples = matrix.samples.clone();
        let additive = OnceLock::from(Additive { matrix, denominator: None });
        Self { samples, genotypes: None, additive, dominance: OnceLock::new(), apart: Mutex::default() }
    }

    /// Samples alone, for methods that know their relationship.
    pub fn of_samples(samples: Arc<[String]>) -> Self {
        Self {
            samples,
            genotypes: None,
            additive: OnceLock::new(),
            dominance: OnceLock::new(),
            apart: Mutex::default(),
        }
    }

    /// Names of the samples.
    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    /// The genotypes, if there are any.
    pub fn genotypes(&self) -> Option<&Arc<GenotypeMatrix>> {
        self.genotypes.as_ref()
    }

    /// A source of the genotypes' blocks.
    ///
    /// # Errors
    /// Returns an error if there are no genotypes.
    pub fn source(&self) -> Result<impl GenotypeSource + use<>, PredictError> {
        self.genotypes.as_ref().map(GenotypeMatrix::source).ok_or_else(|| {
            PredictError::Request("a relationship without genotypes does for 'gblup' alone".to_owned())
        })
    }

    /// The additive relationship of all samples: VanRaden's (2008) first matrix, at any ploidy; 8 bytes a pair.
    ///
    /// # Errors
    /// Returns an error if no variant varies.
    pub fn relationship(&self) -> Result<&SampleMatrix, PredictError> {
        Ok(&self.additive()?.matrix)
    }

    /// The dominance relationship of all samples (Vitezica et al. 2013; Endelman et al. 2018); 8 bytes a pair.
    ///
    /// # Errors
    /// Returns an error if no variant varies, or if samples have one copy of a chromosome or are of several ploidies.
    pub fn dominance(&self) -> Result<&SampleMatrix, PredictError> {
        if let Some(dominance) = self.dominance.get() {
            return Ok(dominance);
        }
        let options = relationship::Options::new(relationship::Method::Dominance);
        let found = relationship::relate(&mut self.source()?, &options)?;
        Ok(self.dominance.get_or_init(|| found.matrix))
    }

    pub(super) fn additive(&self) -> Result<&Additive, PredictError> {
        if let Some(additive) = self.additive.get() {
            return Ok(additive);
        }
        let options = relationship::Options::new(relationship::Method::VanRaden1);
        let found = relationship::relate(&mut self.source()?, &options)?;
        let additive = Additive { matrix: found.matrix, denominator: found.account.denominator };
        Ok(self.additive.get_or_init(|| additive))
    }

    /// The eigenvectors of a kernel among the records of a set; `name` tells kernels apart.
    pub(super) fn spectrum(
        &self,
        name: &str,
        kernel: &SampleMatrix,
        set: &AnalysisSet,
    ) -> Result<Arc<Spectrum>, ModelError> {
        self.look_up(name, set, || Spectrum::weighted(&kernel.subset(&set.samples), set.weights.as_deref()))
    }

    /// As [`Self::spectrum`], with a kernel that is made if it is needed.
    pub(super) fn spectrum_of(
        &self,
        name: &str,
        kernel: impl FnOnce() -> SampleMatrix,
        set: &AnalysisSet,
    ) -> Result<Arc<Spectrum>, ModelError> {
        self.look_up(name, set, || Spectrum::weighted(&kernel().subset(&set.samples), set.weights.as_deref()))
    }

    fn look_up(
        &self,
        name: &str,
        set: &AnalysisSet,
        make: impl FnOnce() -> Result<Spectrum, ModelError>,
    ) -> Result<Arc<Spectrum>, ModelError> {
        let is_it =
            |own: &&Apart| own.kernel == name && own.samples == set.samples && own.weights == set.weights;
        let last = || self.apart.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = last().iter().find(is_it) {
            return Ok(own.spectrum.clone());
        }
        let spectrum = Arc::new(make()?);
        let (kernel, samples, weights) = (name.to_owned(), set.samples.clone(), set.weights.clone());
        let mut last = last();
        last.push_back(Apart { kernel, samples, weights, spectrum: spectrum.clone() });
        let held = |last: &VecDeque<Apart>| last.iter().map(|own| own.samples.len().pow(2)).sum::<usize>();
        while last.len() > 1 && held(&last) > HELD {
            last.pop_front();
        }
        Ok(spectrum)
    }
}
