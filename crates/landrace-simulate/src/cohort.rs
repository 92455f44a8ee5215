//! What the samples truly are: genotypes as VCF and PLINK, pedigree and origins as tables.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::Range;

use landrace_genome::{ContigId, Interval};

use crate::genome::Genome;
use crate::individual::Individual;
use crate::population::Population;
use crate::random::Stream;

/// The samples of a population on its genome.
pub struct Cohort<'a> {
    genome: &'a Genome,
    population: &'a Population,
    samples: Vec<&'a Individual>,
}

/// A run of sites of one contig: the unit of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRun {
    /// The contig.
    pub contig: ContigId,
    /// Indices of its sites.
    pub sites: Range<usize>,
}

/// A site that at least one sample varies at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteCalls {
    /// Index of the site on its contig.
    pub site: usize,
    /// For each sample and each of its copies, 1 if it carries the alternate allele.
    pub alleles: Vec<u8>,
    /// How many copies carry it.
    pub alternate_count: usize,
}

/// How a laboratory sees the genotypes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Share of calls that are missing.
    pub missing: f64,
    /// Share of the other calls in which one allele is taken for the other.
    pub errors: f64,
    /// The seed.
    pub seed: u64,
}

fn put_call(alleles: &[u8], separator: char, text: &mut String) {
    for (copy, &allele) in alleles.iter().enumerate() {
        if copy > 0 {
            text.push(separator);
        }
        text.push(if allele == 1 { '1' } else { '0' });
    }
}

const SITES_A_RUN: usize = 1_000;

impl<'a> Cohort<'a> {
    /// The samples of a population.
    pub fn new(genome: &'a Genome, population: &'a Population) -> Self {
        Self { genome, population, samples: population.individuals() }
    }

    /// The samples, in order.
    pub fn samples(&self) -> &[&'a Individual] {
        &self.samples
    }

    /// All sites, cut into runs.
    pub fn runs(&self) -> Vec<SiteRun> {
        let contigs = (0..).map(ContigId).zip(&self.population.variation.contigs);
        contigs
            .flat_map(|(contig, variation)| {
                let n = variation.sites.len();
                (0..n.div_ceil(SITES_A_RUN)).map(move |run| SiteRun {
                    contig,
                    sites: run * SITES_A_RUN..((run + 1) * SITES_A_RUN).min(n),
                })
            })
            .collect()
    }

    /// The genotypes of a run, without the sites at which no sample carries the alternate allele.
    pub fn calls(&self, run: &SiteRun) -> Vec<SiteCalls> {
        let variation = &self.population.variation.contigs[run.contig.index()];
        let mut copies: Vec<_> = self
            .samples
            .iter()
            .flat_map(|sample| &sample.copies[run.contig.index()])
            .map(|mosaic| (mosaic.0.as_slice(), 0usize))
            .collect();
        let mut found = Vec::new();
        for site in run.sites.clone() {
            let position = variation.sites[site].position;
            let alleles: Vec<u8> = copies
                .iter_mut()
                .map(|(segments, at)| {
                    *at += segments[*at + 1..].iter().take_while(|next| next.start <= position).count();
                    u8::from(variation.is_alternate(site, segments[*at].haplotype as usize))
                })
                .collect();
            let alternate_count = alleles.iter().map(|&allele| usize::from(allele)).sum();
            if alternate_count > 0 {
                found.push(SiteCalls { site, alleles, alternate_count });
            }
        }
        found
    }

    /// The header of the VCF.
    pub fn vcf_header(&self, command_line: &str) -> String {
        let mut text = "##fileformat=VCFv4.3\n".to_owned();
        let version = env!("CARGO_PKG_VERSION");
        let _ = writeln!(text, "##source=landrace {version}\n##landrace_command={command_line}");
        for (_, contig) in self.genome.contigs.iter() {
            let _ = writeln!(text, "##contig=<ID={},length={}>", contig.name, contig.length);
        }
        text.push_str(
            "##INFO=<ID=AC,Number=A,Type=Integer,Description=\"Copies of the alternate allele\">\n\
             ##INFO=<ID=AN,Number=1,Type=Integer,Description=\"Copies of all alleles\">\n\
             ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"True genotype, by chromosome copy\">\n\
             #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT",
        );
        for sample in &self.samples {
            let _ = write!(text, "\t{}", sample.name);
        }
        text + "\n"
    }

    /// The VCF lines of a run, each with the bases that its reference allele spans.
    pub fn vcf_lines(&self, run: &SiteRun) -> Vec<(Interval, String)> {
        let info = |calls: &SiteCalls| format!("AC={};AN={}", calls.alternate_count, calls.alleles.len());
        self.lines(run, info, |alleles, text| put_call(alleles, '|', text))
    }

    /// The VCF lines of a run as a laboratory would report them: without phase, with calls missing and wrong.
    pub fn observed_lines(&self, run: &SiteRun, observation: &Observation) -> Vec<(Interval, String)> {
        let index = (u64::from(run.contig.0) << 32) | run.sites.start as u64;
        let mut stream = Stream::of(observation.seed, "observed", index);
        let mut seen = Vec::new();
        self.lines(
            run,
            |_| ".".to_owned(),
            |alleles, text| {
                if stream.chance(observation.missing) {
                    text.push_str(&vec!["."; alleles.len()].join("/"));
                    return;
                }
                seen.clear();
                seen.extend_from_slice(alleles);
                if stream.chance(observation.errors) {
                    seen[stream.index(alleles.len())] ^= 1;
                }
                seen.sort_unstable();
                put_call(&seen, '/', text);
            },
        )
    }

    fn lines(
        &self,
        run: &SiteRun,
        info: impl Fn(&SiteCalls) -> String,
        mut put: impl FnMut(&[u8], &mut String),
    ) -> Vec<(Interval, String)> {
        let contig = &self.genome.contigs.get(run.contig).name;
        let bases = &self.genome.sequences[run.contig.index()];
        let sites = &self.population.variation.contigs[run.contig.index()].sites;
        let line = |calls: SiteCalls| {
            let site = &sites[calls.site];
            let reference = String::from_utf8_lossy(site.reference_allele(bases)).into_owned();
            let alternate = site.alternate_allele(bases);
            let alternate = String::from_utf8_lossy(&alternate);
            let (position, info) = (site.position + 1, info(&calls));
            let mut text = format!("{contig}\t{position}\t.\t{reference}\t{alternate}\t.\tPASS\t{info}\tGT");
            let mut alleles = calls.alleles.as_slice();
            for sample in &self.samples {
                let (own, rest) = alleles.split_at(sample.ploidy());
                text.push('\t');
                put(own, &mut text);
                alleles = rest;
            }
            text.push('\n');
            (Interval::new(site.position, site.position + site.reference_length()), text)
        };
        self.calls(run).into_iter().map(line).collect()
    }

    /// The PLINK `.bed` bytes and `.bim` lines of a run, for ploidy 1 and 2; A1 is the alternate allele, and a
    /// single copy counts as two equal ones. `cm_per_mb` gives the genetic positions.
    pub fn plink_rows(&self, run: &SiteRun, cm_per_mb: f64) -> (Vec<u8>, String) {
        let contig = &self.genome.contigs.get(run.contig).name;
        let bases = &self.genome.sequences[run.contig.index()];
        let sites = &self.population.variation.contigs[run.contig.index()].sites;
        let (mut bed, mut bim) = (Vec::new(), String::new());
        for calls in self.calls(run) {
            let site = &sites[calls.site];
            let reference = String::from_utf8_lossy(site.reference_allele(bases));
            let alternate = site.alternate_allele(bases);
            let alternate = String::from_utf8_lossy(&alternate);
            let position = site.position + 1;
            let centimorgan = site.position as f64 * cm_per_mb * 1e-6;
            let _ = writeln!(
                bim,
                "{contig}\t{contig}:{position}:{reference}:{alternate}\t{centimorgan:.6}\t{position}\t{alternate}\t{reference}"
            );
            let mut alleles = calls.alleles.iter();
            let codes: Vec<u8> = self
                .samples
                .iter()
                .map(|sample| {
                    let dosage: u8 = alleles.by_ref().take(sample.ploidy()).sum();
                    // 00 two of A1, 10 one, 11 none.
                    [0b11, 0b10, 0b00][usize::from(dosage) * 2 / sample.ploidy()]
                })
                .collect();
            bed.extend(codes.chunks(4).map(|four| four.iter().rev().fold(0, |byte, code| byte << 2 | code)));
        }
        (bed, bim)
    }

    /// The PLINK `.fam` lines; `phenotypes` of the first trait, if there is one.
    pub fn fam(&self, phenotypes: Option<&[f64]>) -> String {
        let mut text = String::new();
        let name_of = |parent: Option<usize>| match parent.filter(|at| self.population.samples.contains(at)) {
            Some(parent) => self.population.pedigree[parent].individual.name.as_str(),
            None => "0",
        };
        for (index, &at) in self.population.samples.iter().enumerate() {
            let plant = &self.population.pedigree[at];
            let (name, father, mother) =
                (&plant.individual.name, name_of(plant.father), name_of(plant.mother));
            let phenotype =
                phenotypes.map_or_else(|| "-9".to_owned(), |values| format!("{:.6}", values[index]));
            let _ = writeln!(text, "{name}\t{name}\t{father}\t{mother}\t0\t{phenotype}");
        }
        text
    }

    /// Writes the pedigree as a table: every plant, with `0` for an unknown parent.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_pedigree(&self, mut out: impl Write) -> io::Result<()> {
        let pedigree = &self.population.pedigree;
        writeln!(out, "plant\tmother\tfather\tgeneration\tis_sample")?;
        let name = |at: Option<usize>| at.map_or("0", |at| pedigree[at].individual.name.as_str());
        for (index, plant) in pedigree.iter().enumerate() {
            let is_sample = u8::from(self.population.samples.contains(&index));
            let (mother, father) = (name(plant.mother), name(plant.father));
            writeln!(
                out,
                "{}\t{mother}\t{father}\t{}\t{is_sample}",
                plant.individual.name, plant.generation
            )?;
        }
        Ok(())
    }

    /// Writes what each accession of a gene bank is: its genotype (the accession that it equals at every site, or
    /// itself), its role, what it comes from, and at how many sites it differs from that.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_accessions(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "accession\tgenotype\trole\tof\tbackcrosses\tdiffering_sites")?;
        for (sample, truth) in self.samples.iter().zip(&self.population.truth) {
            let of = &self.population.pedigree[truth.of].individual;
            let differing = self.differing_sites(sample, of);
            let genotype = if differing == 0 { &of.name } else { &sample.name };
            let (name, role, times) = (&sample.name, truth.role.name(), truth.backcrosses);
            writeln!(out, "{name}\t{genotype}\t{role}\t{}\t{times}\t{differing}", of.name)?;
        }
        Ok(())
    }

    fn differing_sites(&self, a: &Individual, b: &Individual) -> usize {
        if std::ptr::eq(a, b) {
            return 0;
        }
        let variation = &self.population.variation;
        let differs = |contig: ContigId, site: usize| {
            a.dosage(variation, contig, site) != b.dosage(variation, contig, site)
        };
        let contigs = (0..).map(ContigId).zip(&variation.contigs);
        contigs.map(|(contig, own)| (0..own.sites.len()).filter(|&site| differs(contig, site)).count()).sum()
    }

    /// Writes from which founder haplotype each stretch of each sample's chromosomes comes, positions from 1.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_origins(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "sample\tcontig\tcopy\tstart\tend\tfounder_haplotype")?;
        for sample in &self.samples {
            for ((_, contig), copies) in self.genome.contigs.iter().zip(&sample.copies) {
                for (copy, mosaic) in copies.iter().enumerate() {
                    let ends = mosaic.0.iter().skip(1).map(|next| next.start).chain([contig.length]);
                    for (segment, end) in mosaic.0.iter().zip(ends) {
                        let (name, start) = (&sample.name, segment.start + 1);
                        let (contig, origin) = (&contig.name, segment.haplotype + 1);
                        writeln!(out, "{name}\t{contig}\t{}\t{start}\t{end}\t{origin}", copy + 1)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
