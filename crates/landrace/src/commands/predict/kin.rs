//! `--pedigree`: values of all individuals of a pedigree, by it alone or in a single step with the genotypes.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::Session;
use crate::genotypes::rounded;
use landrace_breeding::predict::{self, Population};
use landrace_breeding::single_step::{GenomicOptions, Relationship, SingleStep};
use landrace_genome::summary::{InputDigest, Summary};
use landrace_genotypes::GenotypeMatrix;
use landrace_genotypes::pedigree::{Kinship, Pedigree, Rules, Severity};
use landrace_genotypes::relationship::{Method, Options, SampleMatrix, relate};

#[derive(clap::Args)]
#[command(next_help_heading = "Pedigree")]
pub(super) struct PedigreeArgs {
    /// Pedigree (as 'landrace pedigree' writes it): values of all its individuals, genotyped or not, in a single step
    #[arg(long, value_name = "FILE", conflicts_with_all = ["relationship", "method"])]
    pedigree: Option<PathBuf>,
    /// With --pedigree: one individual may be sire and dam, as plants are
    #[arg(long, requires = "pedigree")]
    selfing: bool,
    /// With --pedigree: leave the genotypes out, to compare
    #[arg(long, requires = "pedigree")]
    pedigree_alone: bool,
    /// With --pedigree: weight of the pedigree's relationship beside the genomic one
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    pedigree_weight: f64,
    /// With --pedigree: genotyped individuals that the genomic relationship is inverted by (APY) [default: all]
    #[arg(long, value_name = "N", requires = "pedigree")]
    apy_core: Option<usize>,
    /// With --pedigree: heritability [default: estimated]
    #[arg(long, value_name = "SHARE", requires = "pedigree", value_parser = share)]
    h2: Option<f64>,
}

fn share(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| *value > 0.0 && *value < 1.0);
    value.ok_or_else(|| "give a number between 0 and 1".to_owned())
}

/// A pedigree that was read.
pub(super) struct Read {
    pub(super) pedigree: Pedigree,
    digest: InputDigest,
}

impl PedigreeArgs {
    /// Reads the pedigree, if there is one.
    pub(super) fn read(&self, session: &Session) -> anyhow::Result<Option<Read>> {
        let Some(path) = &self.pedigree else { return Ok(None) };
        let file = Pedigree::read(path, Rules { selfing: self.selfing })?;
        file.notes.iter().for_each(|note| session.progress.note(note));
        let warnings =
            file.problems.iter().filter(|problem| problem.kind.severity() == Severity::Warning).count();
        if warnings > 0 {
            session.progress.note(&format!(
                "the pedigree has {warnings} warnings; 'landrace pedigree' lists and repairs them"
            ));
        }
        Ok(Some(Read { pedigree: file.pedigree, digest: file.digest }))
    }

    /// The relationship of all individuals of the pedigree.
    pub(super) fn relationship<'a>(
        &self,
        kinship: &'a Kinship<'a>,
        genotypes: &Arc<GenotypeMatrix>,
        session: &Session,
    ) -> anyhow::Result<Relationship<'a>> {
        if self.pedigree_alone {
            return Ok(Relationship::of_pedigree(kinship)?);
        }
        let index = kinship.pedigree.index();
        let samples = genotypes.samples();
        let place = |name: &String| index.get(name.as_str()).copied();
        let places: Vec<usize> = (0..samples.len()).filter(|&at| place(&samples[at]).is_some()).collect();
        let genotyped: Vec<u32> = places.iter().filter_map(|&at| place(&samples[at])).collect();
        session.progress.note(&format!(
            "{} individuals in the pedigree, {} of them genotyped; {} samples are not in the pedigree and are left out",
            index.len(),
            genotyped.len(),
            samples.len() - genotyped.len()
        ));
        let whole = relate(&mut genotypes.source(), &Options::new(Method::VanRaden1))?.matrix;
        let g: SampleMatrix = if places.len() == samples.len() { whole } else { whole.subset(&places) };
        let options =
            GenomicOptions { pedigree_weight: self.pedigree_weight, core: self.apy_core, align: true };
        Ok(Relationship::single_step(kinship, &g, genotyped, &options)?)
    }
}

/// Individuals that an index of several traits is worked out for together.
const TOGETHER: usize = 5000;

impl PedigreeArgs {
    /// The individuals of the pedigree, with their relationship as a whole where an index needs it.
    pub(super) fn population(&self, kin: &Relationship<'_>, with_index: bool) -> anyhow::Result<Population> {
        if !with_index {
            return Ok(Population::of_samples(kin.kinship.pedigree.names.clone()));
        }
        if kin.len() > TOGETHER {
            anyhow::bail!(
                "--index evaluates traits together, which takes too long for the {} individuals of the pedigree; leave \
                 out --index, or old individuals ({TOGETHER} at most)",
                kin.len()
            );
        }
        Ok(Population::of_relationship(kin.whole()))
    }

    /// The method that knows the relationship.
    pub(super) fn method<'a>(&self, kin: &'a Relationship<'a>, seed: u64) -> Box<dyn predict::Method + 'a> {
        Box::new(SingleStep { relationship: kin, heritability: self.h2, seed, with_reliabilities: true })
    }
}

/// What the summary says of it.
pub(super) fn describe(summary: &mut Summary, read: &Read, relationship: &Relationship<'_>) {
    summary.inputs.push(read.digest.clone());
    summary.count("individuals_in_pedigree", relationship.len());
    if let Some(genomic) = &relationship.genomic {
        summary.count("genotyped_in_pedigree", genomic.genotyped.len());
        summary.count("alignment_intercept", rounded(genomic.alignment.intercept));
        summary.count("alignment_slope", rounded(genomic.alignment.slope));
    }
}
