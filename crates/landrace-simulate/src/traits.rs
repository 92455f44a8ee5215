//! Traits with known loci and a known heritability.

use std::io::{self, Write};

use landrace_genome::ContigId;

use crate::cohort::{Cohort, SiteRun};
use crate::genome::Genome;
use crate::population::Population;
use crate::random::Stream;

/// A trait to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct TraitOptions {
    /// Name.
    pub name: String,
    /// Number of loci that act on it.
    pub loci: usize,
    /// Share of the phenotypic variance among the samples that is genetic.
    pub heritability: f64,
    /// Mean degree of dominance: 0 additive, 1 the heterozygote as good as the better homozygote.
    pub dominance: f64,
}

/// A locus that acts on a trait.
#[derive(Clone, Debug, PartialEq)]
pub struct Locus {
    /// The contig.
    pub contig: ContigId,
    /// Index of the site on it.
    pub site: usize,
    /// Effect of one more alternate allele.
    pub effect: f64,
    /// Effect of being heterozygous, over the additive expectation.
    pub dominance: f64,
    /// Frequency of the alternate allele among the samples.
    pub frequency: f64,
}

/// A trait of every sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedTrait {
    /// Name.
    pub name: String,
    /// Its loci, by place.
    pub loci: Vec<Locus>,
    /// Genetic value of each sample.
    pub genetic_values: Vec<f64>,
    /// Phenotype of each sample: the genetic value and a deviation of the environment.
    pub phenotypes: Vec<f64>,
}

/// Why a trait cannot be simulated.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TraitError {
    /// Fewer varying SNPs than loci asked for.
    #[error(
        "trait '{name}': {asked} loci are asked for, but only {found} SNPs vary among the samples; ask for fewer, or give more samples or diversity"
    )]
    TooFewSites {
        /// The trait.
        name: String,
        /// Loci asked for.
        asked: usize,
        /// SNPs that vary.
        found: usize,
    },
    /// A heritability out of range.
    #[error("trait '{name}': heritability {value} must be above 0 and at most 1")]
    Heritability {
        /// The trait.
        name: String,
        /// As given.
        value: f64,
    },
    /// A trait without loci.
    #[error("trait '{0}' needs at least one locus")]
    NoLoci(String),
}

/// Draws the loci among the SNPs that vary among the samples, their effects from a normal distribution, and the
/// phenotypes. The environment's variance follows from the variance of the genetic values among the samples and
/// the heritability.
///
/// # Errors
/// Returns an error if too few SNPs vary or the heritability is out of range.
pub fn simulate_trait(
    genome: &Genome,
    population: &Population,
    options: &TraitOptions,
    seed: u64,
) -> Result<SimulatedTrait, TraitError> {
    let name = options.name.clone();
    if !(options.heritability > 0.0 && options.heritability <= 1.0) {
        return Err(TraitError::Heritability { name, value: options.heritability });
    }
    if options.loci == 0 {
        return Err(TraitError::NoLoci(name));
    }
    let cohort = Cohort::new(genome, population);
    let mut stream = Stream::of(seed, "trait", 0);
    let chosen = choose_sites(&cohort, population, options, &mut stream)?;
    let mut genetic_values = vec![0.0; population.samples.len()];
    let mut loci = Vec::with_capacity(chosen.len());
    for (contig, site) in chosen {
        let effect = stream.normal();
        let dominance = options.dominance * effect.abs() * (1.0 + 0.3 * stream.normal());
        let run = SiteRun { contig, sites: site..site + 1 };
        let Some(calls) = cohort.calls(&run).into_iter().next() else { continue };
        let mut alleles = calls.alleles.iter();
        for (value, sample) in genetic_values.iter_mut().zip(cohort.samples()) {
            let ploidy = sample.ploidy();
            let dosage: u8 = alleles.by_ref().take(ploidy).sum();
            let (dosage, copies) = (f64::from(dosage), ploidy as f64);
            // At half of the copies the heterozygote is complete.
            let heterozygosity = 4.0 * dosage * (copies - dosage) / (copies * copies);
            *value += effect * dosage + dominance * copies / 2.0 * heterozygosity;
        }
        let frequency = calls.alternate_count as f64 / calls.alleles.len() as f64;
        loci.push(Locus { contig, site, effect, dominance, frequency });
    }
    let noise = (variance(&genetic_values) * (1.0 / options.heritability - 1.0)).sqrt();
    let mut stream = Stream::of(seed, "environment", 0);
    let phenotypes = genetic_values.iter().map(|value| value + noise * stream.normal()).collect();
    Ok(SimulatedTrait { name, loci, genetic_values, phenotypes })
}

/// Draws the loci, without repeats; they come out by place.
fn choose_sites(
    cohort: &Cohort<'_>,
    population: &Population,
    options: &TraitOptions,
    stream: &mut Stream,
) -> Result<Vec<(ContigId, usize)>, TraitError> {
    let mut varying: Vec<(ContigId, usize)> = Vec::new();
    for run in cohort.runs() {
        let sites = &population.variation.contigs[run.contig.index()].sites;
        let calls = cohort.calls(&run).into_iter();
        let snps = calls
            .filter(|calls| !sites[calls.site].is_indel() && calls.alternate_count < calls.alleles.len());
        varying.extend(snps.map(|calls| (run.contig, calls.site)));
    }
    if varying.len() < options.loci {
        let (name, asked, found) = (options.name.clone(), options.loci, varying.len());
        return Err(TraitError::TooFewSites { name, asked, found });
    }
    for at in 0..options.loci {
        let other = at + stream.index(varying.len() - at);
        varying.swap(at, other);
    }
    varying.truncate(options.loci);
    varying.sort_unstable();
    Ok(varying)
}

/// The variance of values, with their number as the divisor.
fn variance(values: &[f64]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n
}

/// Writes a table of samples: for each trait the phenotype and the genetic value.
///
/// # Errors
/// Returns an error if the writer fails.
pub fn write_values(
    traits: &[SimulatedTrait],
    population: &Population,
    mut out: impl Write,
) -> io::Result<()> {
    write!(out, "sample")?;
    for one in traits {
        write!(out, "\t{0}\t{0}_genetic", one.name)?;
    }
    writeln!(out)?;
    for (index, sample) in population.individuals().iter().enumerate() {
        write!(out, "{}", sample.name)?;
        for one in traits {
            write!(out, "\t{:.6}\t{:.6}", one.phenotypes[index], one.genetic_values[index])?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Writes a table of the traits' loci, positions from 1.
///
/// # Errors
/// Returns an error if the writer fails.
pub fn write_loci(
    traits: &[SimulatedTrait],
    genome: &Genome,
    population: &Population,
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "trait\tcontig\tposition\tref\talt\teffect\tdominance\tfrequency")?;
    for one in traits {
        for locus in &one.loci {
            let bases = &genome.sequences[locus.contig.index()];
            let site = &population.variation.contigs[locus.contig.index()].sites[locus.site];
            let reference = String::from_utf8_lossy(site.reference_allele(bases)).into_owned();
            let alternate = site.alternate_allele(bases);
            let alternate = String::from_utf8_lossy(&alternate);
            let (contig, position) = (&genome.contigs.get(locus.contig).name, site.position + 1);
            write!(out, "{}\t{contig}\t{position}\t{reference}\t{alternate}", one.name)?;
            writeln!(out, "\t{:.6}\t{:.6}\t{:.6}", locus.effect, locus.dominance, locus.frequency)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::founders::FounderOptions;
    use crate::genome::{GenomeOptions, simulate_genome};
    use crate::population::{Design, PopulationOptions, simulate_population};

    fn bred(ploidy: usize) -> (Genome, Population) {
        let genome = simulate_genome(&GenomeOptions { length: 30_000, ..Default::default() }, 1).unwrap();
        let options = PopulationOptions {
            design: Design::F2,
            samples: 600,
            ploidy,
            founders: None,
            generations: None,
            are_founders_inbred: None,
        };
        let founders = FounderOptions { cm_per_mb: 5_000.0, effective_size: 50.0, ..Default::default() };
        let population = simulate_population(&genome, &options, &founders, 1).unwrap();
        (genome, population)
    }

    #[test]
    fn heritability_is_reached() {
        for (ploidy, heritability) in [(2, 0.3), (4, 0.7), (2, 1.0)] {
            let (genome, population) = bred(ploidy);
            let options = TraitOptions { name: "yield".into(), loci: 20, heritability, dominance: 0.3 };
            let one = simulate_trait(&genome, &population, &options, 3).unwrap();
            let found = variance(&one.genetic_values) / variance(&one.phenotypes);
            assert!((found - heritability).abs() < 0.06, "{found} against {heritability}");
            assert_eq!(one.loci.len(), 20);
        }
    }

    #[test]
    fn impossible_traits_are_refused() {
        let (genome, population) = bred(2);
        let refuse = |loci, heritability| {
            let options = TraitOptions { name: "y".into(), loci, heritability, dominance: 0.0 };
            simulate_trait(&genome, &population, &options, 3).unwrap_err().to_string()
        };
        assert!(refuse(1_000_000, 0.5).contains("only"));
        assert!(refuse(3, 0.0).contains("heritability 0"));
        assert!(refuse(0, 0.5).contains("at least one locus"));
    }
}
