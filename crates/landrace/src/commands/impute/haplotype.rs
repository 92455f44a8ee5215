//! The options of the haplotype model.

use std::path::PathBuf;

use landrace_genome::file;
use landrace_genotypes::impute::Method;
use landrace_genotypes::impute::haplotype::{
    CohortMethod, Effort, GeneticMap, HaplotypeOptions, PanelMethod, ReferencePanel,
};
use landrace_genotypes::{Wanted, format};

#[derive(clap::Args)]
#[command(next_help_heading = "Haplotype model")]
pub(super) struct Args {
    /// Phased haplotypes to impute from, of any format that holds them (VCF, BCF; inbred lines in any)
    #[arg(long, value_name = "FILE")]
    reference_panel: Option<PathBuf>,
    /// Genetic map: PLINK's four columns, or a header with contig, position and cM
    #[arg(long, value_name = "FILE")]
    genetic_map: Option<PathBuf>,
    /// Centimorgans a million bases, where no map says more
    #[arg(long, value_name = "RATE", default_value_t = 1.0, value_parser = positive)]
    cm_per_mb: f64,
    /// The samples are inbred lines: one haplotype each; heterozygous calls are kept and not used
    #[arg(long)]
    inbred: bool,
    /// Effective population size; learnt from the calls if it is not given
    #[arg(long, value_name = "N", value_parser = positive)]
    effective_size: Option<f64>,
    /// Chance that an allele differs from the one copied
    #[arg(long, value_name = "P", value_parser = share)]
    error: Option<f64>,
    /// Haplotypes that a sample may copy in a stretch; the longest matches are taken
    #[arg(long, value_name = "N", default_value_t = Effort::default().states)]
    states: usize,
    /// Start from the likelihoods of genotypes (PL) instead of the calls: low coverage
    #[arg(long)]
    pub(super) likelihoods: bool,
}

/// A number above 0.
fn positive(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err("give a number above 0".to_owned()) }
}

/// A chance above 0, and below a half.
fn share(text: &str) -> Result<f64, String> {
    let value = positive(text)?;
    if value < 0.5 { Ok(value) } else { Err("give a number below 0.5".to_owned()) }
}

impl Args {
    /// Whether there is a panel.
    pub(super) fn has_panel(&self) -> bool {
        self.reference_panel.is_some()
    }

    /// The genetic map.
    pub(super) fn map(&self) -> anyhow::Result<GeneticMap> {
        Ok(match &self.genetic_map {
            Some(path) => {
                GeneticMap::parse(&file::read_text(path)?, &path.display().to_string(), self.cm_per_mb)?
            }
            None => GeneticMap::uniform(self.cm_per_mb),
        })
    }

    fn options(&self) -> anyhow::Result<HaplotypeOptions> {
        Ok(HaplotypeOptions {
            map: self.map()?,
            effective_size: self.effective_size,
            error: self.error,
            from_likelihoods: self.likelihoods,
            is_inbred: self.inbred,
            effort: Effort { states: self.states.max(2), ..Effort::default() },
        })
    }

    /// The method for these options; reads the panel.
    pub(super) fn method(&self) -> anyhow::Result<Box<dyn Method>> {
        let options = self.options()?;
        let Some(path) = &self.reference_panel else {
            if self.likelihoods {
                anyhow::bail!(
                    "--likelihoods needs --reference-panel; without a panel, haplotypes are built from calls"
                );
            }
            return Ok(Box::new(CohortMethod::new(options)));
        };
        let wanted = Wanted { phase: true, ..Wanted::default() };
        let mut source = format::open(std::slice::from_ref(path), wanted)?;
        Ok(Box::new(PanelMethod::new(ReferencePanel::read(source.as_mut())?, options)))
    }
}
