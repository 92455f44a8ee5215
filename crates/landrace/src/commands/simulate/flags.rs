//! The flags of `landrace simulate`, group by group.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use landrace_simulate::admixture::AdmixtureOptions;
use landrace_simulate::cohort::Observation;
use landrace_simulate::dataset::Sequencing;
use landrace_simulate::founders::FounderOptions;
use landrace_simulate::genome::{Genome, GenomeOptions};
use landrace_simulate::population::{Bank, Design, PopulationOptions};
use landrace_simulate::reads::{
    AmpliconPanel, Digest, ENZYMES, Enzyme, LibraryLayout, QualityProfile, ReadOptions,
};
use landrace_simulate::traits::TraitOptions;

/// A length that may end in kb, Mb or Gb.
fn parse_length(text: &str) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase();
    let lower = lower.trim_end_matches("bp").trim_end_matches('b');
    let (number, unit) = match lower.strip_suffix(['k', 'm', 'g']) {
        Some(number) => (number, &lower[number.len()..]),
        None => (lower, ""),
    };
    let scale = match unit {
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        _ => 1.0,
    };
    let value = number.parse::<f64>().ok().map(|value| (value * scale).round());
    let value = value.filter(|value| (1.0..=1e12).contains(value));
    value
        .and_then(|value| format!("{value:.0}").parse().ok())
        .ok_or_else(|| "write it as 300000, 300kb or 1.5Mb".into())
}

/// Two numbers with a comma between.
fn parse_range(text: &str) -> Result<(f64, f64), String> {
    let parts = text.split_once(',').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    parts.ok_or_else(|| "write two numbers with a comma between, for example 0.003,0.12".into())
}

#[derive(Args)]
#[command(next_help_heading = "Genome")]
pub(super) struct GenomeFlags {
    /// Take this genome (FASTA, plain or compressed) and simulate none
    #[arg(long, value_name = "REF.fa")]
    pub(super) reference: Option<PathBuf>,
    /// Total length
    #[arg(long, default_value = "1Mb", value_parser = parse_length, value_name = "BASES")]
    genome_length: u64,
    /// Number of contigs
    #[arg(long, default_value_t = 3, value_name = "N")]
    contigs: usize,
    /// Share of G and C
    #[arg(long, default_value_t = 0.40, value_name = "SHARE")]
    gc: f64,
    /// Share of the genome that comes from transposon families
    #[arg(long, default_value_t = 0.60, value_name = "SHARE")]
    transposons: f64,
    /// Number of transposon families
    #[arg(long, default_value_t = 60, value_name = "N")]
    families: usize,
    /// Least and greatest divergence of transposon copies from their family
    #[arg(long, default_value = "0.003,0.12", value_parser = parse_range, value_name = "LOW,HIGH")]
    divergence: (f64, f64),
    /// How young the transposon families are: at 1 their divergences spread evenly, above it most are near the least
    #[arg(long, default_value_t = 1.0, value_name = "POWER")]
    youth: f64,
    /// Shape of the Pareto distribution of copy numbers: smaller is more skewed
    #[arg(long, default_value_t = 1.0, value_name = "SHAPE")]
    copy_number_shape: f64,
    /// Share of segmental duplications
    #[arg(long, default_value_t = 0.03, value_name = "SHARE")]
    duplications: f64,
    /// Share of tandem repeats
    #[arg(long, default_value_t = 0.02, value_name = "SHARE")]
    tandem_repeats: f64,
}

impl GenomeFlags {
    pub(super) fn options(&self) -> GenomeOptions {
        GenomeOptions {
            length: self.genome_length,
            contigs: self.contigs,
            gc: self.gc,
            repeat_fraction: self.transposons,
            families: self.families,
            least_divergence: self.divergence.0,
            greatest_divergence: self.divergence.1,
            youth: self.youth,
            copy_number_shape: self.copy_number_shape,
            duplication_fraction: self.duplications,
            tandem_fraction: self.tandem_repeats,
        }
    }
}

/// How the samples come from their founders.
#[derive(Clone, Copy, ValueEnum)]
enum PopulationWord {
    /// A diversity panel: the samples are unrelated
    Founders,
    /// Full sibs of two parents
    F1,
    /// Progeny of one selfed F1 plant
    F2,
    /// An F1 plant crossed with its first parent, --generations times
    Bc,
    /// Lines selfed --generations times after the F1
    Ril,
    /// Doubled haploids of one F1 plant
    Dh,
    /// Each founder selfed --generations times
    Selfing,
    /// --generations of random mating
    Open,
    /// Copies of founders
    Clones,
    /// Mosaics of --ancestries populations that drifted apart (--fst), in shares by --alpha, at --markers SNPs
    Admixed,
    /// A gene bank: accessions, with --plant among them
    Genebank,
}

#[derive(Args)]
#[command(next_help_heading = "Population")]
pub(super) struct PopulationFlags {
    /// How the samples come from their founders
    #[arg(long, value_enum, default_value = "founders", value_name = "WORD")]
    population: PopulationWord,
    /// Number of samples
    #[arg(short = 'n', long, default_value_t = 8, value_name = "N")]
    individuals: usize,
    /// Copies of each chromosome: 1, 2, 4, 6 or 8
    #[arg(long, default_value_t = 2, value_name = "N")]
    ploidy: usize,
    /// Number of founders, for open pollination and gene banks [default: as many as samples] and clones [default: 1]
    #[arg(long, value_name = "N")]
    founders: Option<usize>,
    /// Generations of selfing, backcrossing or mating, or since admixture [default: 7 for ril, 10 for admixed, else 1]
    #[arg(long, value_name = "N")]
    generations: Option<usize>,
    /// Founders are inbred lines [default: the diploid parents of a cross are]
    #[arg(long, conflicts_with = "outbred")]
    inbred: bool,
    /// Founders are heterozygous
    #[arg(long)]
    outbred: bool,
    /// SNPs a base between two haplotypes
    #[arg(long, default_value_t = 0.004, value_name = "RATE")]
    snp_rate: f64,
    /// Insertions and deletions a base between two haplotypes
    #[arg(long, default_value_t = 0.0005, value_name = "RATE")]
    indel_rate: f64,
    /// Effective size of the ancestral population: the larger, the faster linkage disequilibrium decays
    #[arg(long, default_value_t = 10_000.0, value_name = "N")]
    effective_size: f64,
    /// Recombination, in centimorgan a megabase
    #[arg(long, default_value_t = 1.0, value_name = "RATE")]
    cm_per_mb: f64,
    /// For admixed: number of ancestral populations
    #[arg(long, default_value_t = 3, value_name = "N")]
    ancestries: usize,
    /// For admixed: fixation index of each ancestral population against their common ancestor
    #[arg(long, default_value_t = 0.15, value_name = "F")]
    fst: f64,
    /// For admixed: parameter of the Dirichlet distribution of the shares; below 1 most samples are nearly pure
    #[arg(long, default_value_t = 0.5, value_name = "ALPHA")]
    alpha: f64,
    /// For admixed: number of SNPs
    #[arg(long, default_value_t = 5000, value_name = "N")]
    markers: usize,
    /// Shares of a gene bank that are planted: duplicates, sports (at --sport-sites), offspring, sibs, backcrosses
    #[arg(long, value_name = "ROLE:SHARE,…", value_delimiter = ',', default_value = PLANTED)]
    plant: Vec<Planted>,
    /// Sites at which a planted sport differs
    #[arg(long, value_name = "N", default_value_t = 5)]
    sport_sites: usize,
}

/// What is planted by default.
const PLANTED: &str = "duplicates:0.05,sports:0.01,offspring:0.05,sibs:0.05,backcrosses:0.05";

/// `duplicates:0.05`.
#[derive(Clone)]
struct Planted {
    role: String,
    share: f64,
}

impl FromStr for Planted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let roles = ["duplicates", "sports", "offspring", "sibs", "backcrosses"];
        let parts = text.split_once(':').filter(|(role, _)| roles.contains(role));
        let share = parts.and_then(|(_, share)| parse_share(share).ok());
        let role = parts.map(|(role, _)| role.to_owned());
        let planted = role.zip(share).map(|(role, share)| Self { role, share });
        planted.ok_or_else(|| format!("write ROLE:SHARE, the role one of {}", roles.join(", ")))
    }
}

impl PopulationFlags {
    /// The admixed panel, if it is one.
    pub(super) fn admixture(&self) -> Option<AdmixtureOptions> {
        matches!(self.population, PopulationWord::Admixed).then(|| AdmixtureOptions {
            samples: self.individuals,
            ploidy: self.ploidy,
            is_inbred: self.inbred,
            ancestries: self.ancestries,
            fst: self.fst,
            alpha: self.alpha,
            markers: self.markers,
            generations: self.generations.unwrap_or(10),
            cm_per_mb: self.cm_per_mb,
        })
    }

    pub(super) fn options(&self) -> PopulationOptions {
        let design = match self.population {
            PopulationWord::Founders | PopulationWord::Admixed => Design::Founders,
            PopulationWord::F1 => Design::F1,
            PopulationWord::F2 => Design::F2,
            PopulationWord::Bc => Design::Backcross,
            PopulationWord::Ril => Design::Ril,
            PopulationWord::Dh => Design::DoubledHaploid,
            PopulationWord::Selfing => Design::Selfing,
            PopulationWord::Open => Design::OpenPollination,
            PopulationWord::Clones => Design::Clones,
            PopulationWord::Genebank => Design::GeneBank(self.bank()),
        };
        PopulationOptions {
            design,
            samples: self.individuals,
            ploidy: self.ploidy,
            founders: self.founders,
            generations: self.generations,
            are_founders_inbred: (self.inbred || self.outbred).then_some(self.inbred),
        }
    }

    /// What is planted, in accessions.
    fn bank(&self) -> Bank {
        let count = |role: &str| {
            let share: f64 = self.plant.iter().filter(|own| own.role == role).map(|own| own.share).sum();
            (0..self.individuals)
                .filter(|index| *index as f64 + 0.5 < share * self.individuals as f64)
                .count()
        };
        Bank {
            duplicates: count("duplicates"),
            sports: count("sports"),
            sport_sites: self.sport_sites,
            offspring: count("offspring"),
            sibs: count("sibs"),
            backcrosses: count("backcrosses"),
        }
    }

    pub(super) fn founder_options(&self) -> FounderOptions {
        FounderOptions {
            snp_rate: self.snp_rate,
            indel_rate: self.indel_rate,
            effective_size: self.effective_size,
            cm_per_mb: self.cm_per_mb,
            ..FounderOptions::default()
        }
    }
}

/// `NAME:LOCI:H2` or `NAME:LOCI:H2:DOMINANCE`.
#[derive(Clone)]
pub(super) struct TraitFlag(pub(super) TraitOptions);

impl FromStr for TraitFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let mut parts = text.split(':');
            let name = parts.next().filter(|name| !name.is_empty())?.to_owned();
            let loci = parts.next()?.parse().ok()?;
            let heritability = parts.next()?.parse().ok()?;
            let dominance = parts.next().map_or(Some(0.0), |text| text.parse().ok())?;
            parts.next().is_none().then_some(Self(TraitOptions { name, loci, heritability, dominance }))
        };
        parse().ok_or_else(|| "write NAME:LOCI:HERITABILITY, for example yield:50:0.6".into())
    }
}

/// How fragments come about.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum LayoutWord {
    /// Random fragments
    Wgs,
    /// Fragments between cut sites (genotyping by sequencing)
    Gbs,
    /// Amplified places
    Amplicon,
}

/// What a laboratory would report.
#[derive(Args)]
#[command(next_help_heading = "Observed genotypes (observed.vcf.gz, beside the truth)")]
pub(super) struct ObservedFlags {
    /// Share of calls that are missing
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    missing: Option<f64>,
    /// Share of calls in which one allele is taken for the other
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    call_errors: Option<f64>,
}

impl ObservedFlags {
    /// How the genotypes are seen, if either share is given.
    pub(super) fn observation(&self, seed: u64) -> Option<Observation> {
        let is_wanted = self.missing.is_some() || self.call_errors.is_some();
        let (missing, errors) = (self.missing.unwrap_or(0.0), self.call_errors.unwrap_or(0.0));
        is_wanted.then_some(Observation { missing, errors, seed })
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("give a number from 0 to 1".to_owned()) }
}

#[derive(Args)]
#[command(next_help_heading = "Reads")]
pub(super) struct ReadFlags {
    /// Simulate no reads
    #[arg(long)]
    no_reads: bool,
    /// How fragments come about
    #[arg(long, value_enum, default_value = "wgs", value_name = "WORD")]
    layout: LayoutWord,
    /// Enzyme of a gbs layout, or two with a comma between
    #[arg(long, default_value = "ApeKI", value_delimiter = ',', value_name = "NAME[,NAME]")]
    enzymes: Vec<String>,
    /// Shortest and longest fragment that a gbs layout keeps
    #[arg(long, default_value = "100,400", value_parser = parse_range, value_name = "LOW,HIGH")]
    fragment_sizes: (f64, f64),
    /// Number of amplicons of an amplicon layout
    #[arg(long, default_value_t = 100, value_name = "N")]
    amplicons: usize,
    /// Length of amplicons, primers included
    #[arg(long, default_value_t = 200, value_name = "BASES")]
    amplicon_length: u64,
    /// How unevenly gbs fragments and amplicons are read: the coefficient of variation of their depths
    #[arg(long, default_value_t = 0.5, value_name = "CV")]
    unevenness: f64,
    /// Bases sequenced of each sample, over the length of the genome; of gbs and amplicon layouts, fragments a place
    #[arg(long, default_value_t = 10.0, value_name = "X")]
    depth: f64,
    /// Number of pairs (or single reads) of each sample, in place of the depth
    #[arg(long, value_name = "N", conflicts_with = "depth")]
    fragments: Option<u64>,
    /// Read one end of each fragment only
    #[arg(long)]
    single: bool,
    /// Length of reads
    #[arg(long, default_value_t = 150, value_name = "BASES")]
    read_length: usize,
    /// Mean length of fragments
    #[arg(long, default_value_t = 400.0, value_name = "BASES")]
    insert_mean: f64,
    /// Standard deviation of the length of fragments
    #[arg(long, default_value_t = 60.0, value_name = "BASES")]
    insert_sd: f64,
    /// Share of fragments that are PCR copies of another
    #[arg(long, default_value_t = 0.02, value_name = "SHARE")]
    duplicates: f64,
    /// Mean base quality at the first and at the last base; errors follow the qualities
    #[arg(long, default_value = "37,31", value_parser = parse_range, value_name = "FIRST,LAST")]
    quality: (f64, f64),
    /// Qualities in four steps (2, 12, 23, 37), as newer machines write them; the files are a third the size
    #[arg(long)]
    binned_qualities: bool,
    /// So many of the first samples are sequenced on two lanes
    #[arg(long, default_value_t = 0, value_name = "N")]
    two_lanes: usize,
}

impl ReadFlags {
    /// How to sequence, if at all. A panel of amplicons is laid over the genome.
    pub(super) fn sequencing(&self, genome: &Genome, seed: u64) -> anyhow::Result<Option<Sequencing>> {
        if self.no_reads {
            return Ok(None);
        }
        let reads = ReadOptions {
            layout: self.library_layout(genome, seed)?,
            read_length: self.read_length,
            is_paired: !self.single,
            insert_mean: self.insert_mean,
            insert_sd: self.insert_sd,
            depth: self.depth,
            fragments: self.fragments,
            duplicate_rate: self.duplicates,
            quality: QualityProfile {
                start: self.quality.0,
                end: self.quality.1,
                is_binned: self.binned_qualities,
                ..Default::default()
            },
        };
        reads.check()?;
        Ok(Some(Sequencing { reads, two_lanes: self.two_lanes, seed }))
    }

    fn library_layout(&self, genome: &Genome, seed: u64) -> anyhow::Result<LibraryLayout> {
        let unevenness = self.unevenness;
        match self.layout {
            LayoutWord::Wgs => Ok(LibraryLayout::Shotgun),
            LayoutWord::Gbs => {
                let enzymes = self.enzymes.iter().map(|name| enzyme(name)).collect::<anyhow::Result<_>>()?;
                let sizes = (whole(self.fragment_sizes.0)?, whole(self.fragment_sizes.1)?);
                Ok(LibraryLayout::CutSites(Digest { enzymes, sizes, unevenness }))
            }
            LayoutWord::Amplicon => {
                let panel = AmpliconPanel::spread(genome, self.amplicons, self.amplicon_length, seed)?;
                Ok(LibraryLayout::Amplicons(AmpliconPanel { unevenness, ..panel }))
            }
        }
    }
}

fn enzyme(name: &str) -> anyhow::Result<Enzyme> {
    Enzyme::of_name(name).ok_or_else(|| {
        let known: Vec<&str> = ENZYMES.iter().map(|enzyme| enzyme.name).collect();
        anyhow!("unknown enzyme '{name}'; take one of {}", known.join(", "))
    })
}

fn whole(length: f64) -> anyhow::Result<u64> {
    parse_length(&length.to_string())
        .map_err(|_| anyhow!("'{length}' is no length; give whole bases above 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_units() {
        assert_eq!(parse_length("300kb"), Ok(300_000));
        assert_eq!(parse_length("1.5Mb"), Ok(1_500_000));
        assert_eq!(parse_length("12345"), Ok(12_345));
        assert!(parse_length("long").is_err() && parse_length("-3").is_err());
    }

    #[test]
    fn traits_are_read() {
        let one = TraitFlag::from_str("yield:50:0.6").map(|flag| flag.0);
        assert_eq!(one.map(|one| (one.name, one.loci, one.heritability)), Ok(("yield".into(), 50, 0.6)));
        assert!(TraitFlag::from_str("yield:50").is_err());
    }
}
