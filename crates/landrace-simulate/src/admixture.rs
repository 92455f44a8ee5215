//! Panels of admixed plants: ancestral populations that drifted apart, and plants that are mosaics of them.
//!
//! The frequency of an allele in ancestral population k is drawn around the common ancestor's, Beta(p(1 − F)/F,
//! (1 − p)(1 − F)/F) with F the fixation index (Balding and Nichols 1995); a plant's shares of the populations are
//! drawn from a Dirichlet distribution; each of its chromosomes changes population where recombination of so many
//! generations has put a border, and carries the alternate allele with the frequency of the population there.

use rayon::prelude::*;

use crate::genome::Genome;
use crate::individual::Individual;
use crate::population::{Plant, Population, PopulationError, sample_name};
use crate::random::Stream;
use crate::variation::{ContigVariation, Site, Variation};

/// Sites a task.
const STRETCH: usize = 256;

/// Lowest and highest frequency in the common ancestor.
const FREQUENCIES: (f64, f64) = (0.05, 0.95);

/// What the panel is like.
#[derive(Clone, Debug)]
pub struct AdmixtureOptions {
    /// Number of plants.
    pub samples: usize,
    /// Copies of each chromosome: 1, 2, 4, 6 or 8.
    pub ploidy: usize,
    /// Whether all copies of a plant are the same.
    pub is_inbred: bool,
    /// Number of ancestral populations.
    pub ancestries: usize,
    /// Fixation index of each ancestral population against the common ancestor, above 0 and below 1.
    pub fst: f64,
    /// Parameter of the Dirichlet distribution of the shares: below 1 most plants are nearly of one population.
    pub alpha: f64,
    /// Number of SNPs, all of which vary among the plants.
    pub markers: usize,
    /// Generations since the populations met.
    pub generations: usize,
    /// Recombination rate, in centimorgan a megabase.
    pub cm_per_mb: f64,
}

/// An admixed panel.
#[derive(Clone, Debug)]
pub struct AdmixedPanel {
    /// The plants, which are founders of their own.
    pub population: Population,
    /// For each plant the share of its chromosomes that comes from each ancestral population: the true ancestry.
    pub shares: Vec<Vec<f64>>,
}

impl AdmixedPanel {
    /// The true ancestry as a table: sample, A1, A2 ...
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_shares(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let ancestries = self.shares.first().map_or(0, Vec::len);
        let names: Vec<String> = (1..=ancestries).map(|k| format!("\tA{k}")).collect();
        writeln!(out, "sample{}", names.concat())?;
        for (plant, shares) in self.population.pedigree.iter().zip(&self.shares) {
            let cells: Vec<String> = shares.iter().map(|share| format!("\t{share:.6}")).collect();
            writeln!(out, "{}{}", plant.individual.name, cells.concat())?;
        }
        Ok(())
    }
}

/// A stretch of a chromosome of one ancestral population: from `start` up to the next.
struct Tract {
    start: u64,
    ancestry: usize,
}

/// Draws a panel on a genome.
///
/// # Errors
/// Returns an error if an option is out of range, or if the genome is too short for the markers.
pub fn simulate_admixed(
    genome: &Genome,
    options: &AdmixtureOptions,
    seed: u64,
) -> Result<AdmixedPanel, PopulationError> {
    options.check(genome)?;
    let expected: Vec<Vec<f64>> =
        (0..options.samples).map(|index| options.draw_shares(seed, index)).collect();
    let copies = options.haplotypes_a_plant();
    let haplotypes = options.samples * copies;
    let lengths: Vec<u64> = genome.sequences.iter().map(|bases| bases.len() as u64).collect();
    let mut covered = vec![vec![0.0; options.ancestries]; options.samples];
    let mut contigs = Vec::with_capacity(lengths.len());
    for (contig, sites) in options.spread(genome, seed).into_iter().enumerate() {
        let tracts: Vec<Vec<Tract>> = (0..haplotypes)
            .into_par_iter()
            .map(|haplotype| {
                let mut stream = Stream::of(seed, &format!("tracts of contig {contig}"), haplotype as u64);
                options.draw_tracts(&mut stream, &expected[haplotype / copies], lengths[contig])
            })
            .collect();
        for (haplotype, tracts) in tracts.iter().enumerate() {
            let ends = tracts.iter().skip(1).map(|tract| tract.start).chain([lengths[contig]]);
            for (tract, end) in tracts.iter().zip(ends) {
                covered[haplotype / copies][tract.ancestry] += (end - tract.start) as f64;
            }
        }
        contigs.push(options.draw_alleles(sites, &tracts, (seed, contig)));
    }
    for shares in &mut covered {
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total);
    }
    let population = options.plants(genome, Variation { contigs, haplotypes });
    Ok(AdmixedPanel { population, shares: covered })
}

impl AdmixtureOptions {
    fn check(&self, genome: &Genome) -> Result<(), PopulationError> {
        let wrong = |message: String| Err(PopulationError::Admixture(message));
        if ![1, 2, 4, 6, 8].contains(&self.ploidy) {
            return Err(PopulationError::Ploidy(self.ploidy));
        }
        if self.samples < 2 {
            return wrong("an admixed panel has at least 2 samples; give more".to_owned());
        }
        if self.ancestries < 1 || self.ancestries > 64 {
            return wrong(format!("{} ancestral populations; give 1 to 64", self.ancestries));
        }
        if !(self.fst > 0.0 && self.fst < 1.0) {
            return wrong(format!("the fixation index is {}; give a number between 0 and 1", self.fst));
        }
        if !(self.alpha > 0.0 && self.alpha.is_finite()) {
            return wrong(format!("the parameter of the shares is {}; give a number above 0", self.alpha));
        }
        let length = genome.contigs.total_length();
        if self.markers == 0 || self.markers as u64 * 2 > length {
            let message = "markers do not fit on a genome of";
            return wrong(format!("{} {message} {length} bases; give fewer, or a longer one", self.markers));
        }
        Ok(())
    }

    fn haplotypes_a_plant(&self) -> usize {
        if self.is_inbred { 1 } else { self.ploidy }
    }

    /// Shares of the ancestral populations: Dirichlet.
    fn draw_shares(&self, seed: u64, index: usize) -> Vec<f64> {
        let mut stream = Stream::of(seed, "ancestry", index as u64);
        let parts: Vec<f64> = (0..self.ancestries).map(|_| stream.gamma(self.alpha)).collect();
        let total: f64 = parts.iter().sum();
        if total > 0.0 {
            return parts.iter().map(|part| part / total).collect();
        }
        // Every part was too small for a number: one population has it all.
        let whole = stream.index(self.ancestries);
        (0..self.ancestries).map(|k| if k == whole { 1.0 } else { 0.0 }).collect()
    }

    fn draw_tracts(&self, stream: &mut Stream, shares: &[f64], length: u64) -> Vec<Tract> {
        let sums: Vec<f64> = shares
            .iter()
            .scan(0.0, |sum, share| {
                *sum += share;
                Some(*sum)
            })
            .collect();
        let mut tracts = vec![Tract { start: 0, ancestry: stream.weighted(&sums) }];
        let rate = self.generations as f64 * self.cm_per_mb * 1e-8;
        if rate <= 0.0 {
            return tracts;
        }
        let mut at = stream.exponential(1.0 / rate);
        while at < length as f64 {
            let ancestry = stream.weighted(&sums);
            if tracts.last().is_some_and(|last| last.ancestry != ancestry) {
                tracts.push(Tract { start: at as u64, ancestry });
            }
            at += stream.exponential(1.0 / rate);
        }
        tracts
    }

    /// Places of the markers, by contig: as many as asked for, spread by chance.
    fn spread(&self, genome: &Genome, seed: u64) -> Vec<Vec<Site>> {
        let mut stream = Stream::of(seed, "admixed sites", 0);
        let total = genome.contigs.total_length();
        let mut taken = std::collections::HashSet::new();
        let mut sites = vec![Vec::new(); genome.sequences.len()];
        let (mut found, mut tries) = (0, 0);
        // Unknown bases take no site; a genome of nothing else ends this.
        while found < self.markers && tries < 100 * self.markers {
            tries += 1;
            let place = stream.below(total);
            if taken.contains(&place) {
                continue;
            }
            let mut position = place as usize;
            let contig = genome.sequences.iter().position(|bases| {
                let is_here = position < bases.len();
                if !is_here {
                    position -= bases.len();
                }
                is_here
            });
            let Some(contig) = contig else { continue };
            if let Some(site) = Site::draw_substitution(&mut stream, &genome.sequences[contig], position) {
                taken.insert(place);
                sites[contig].push(site);
                found += 1;
            }
        }
        sites.iter_mut().for_each(|own| own.sort_by_key(|site| site.position));
        sites
    }

    /// Who carries the alternate allele of each site of a contig.
    fn draw_alleles(
        &self,
        sites: Vec<Site>,
        tracts: &[Vec<Tract>],
        (seed, contig): (u64, usize),
    ) -> ContigVariation {
        let purpose = format!("alleles of contig {contig}");
        let carried: Vec<Vec<(Site, Vec<u64>)>> = sites
            .par_chunks(STRETCH)
            .enumerate()
            .map(|(stretch, sites)| {
                let mut own = vec![0usize; tracts.len()];
                let numbered = (stretch * STRETCH..).zip(sites);
                numbered
                    .map(|(index, site)| {
                        for (own, tracts) in own.iter_mut().zip(tracts) {
                            while tracts.get(*own + 1).is_some_and(|next| next.start <= site.position) {
                                *own += 1;
                            }
                        }
                        let ancestry = |haplotype: usize| tracts[haplotype][own[haplotype]].ancestry;
                        let mut stream = Stream::of(seed, &purpose, index as u64);
                        (site.clone(), self.draw_site(&mut stream, tracts.len(), ancestry))
                    })
                    .collect()
            })
            .collect();
        ContigVariation::from_sites(carried.into_iter().flatten().collect(), tracts.len())
    }

    /// The bits of the haplotypes at a site, drawn until some carry the allele and some do not.
    fn draw_site(
        &self,
        stream: &mut Stream,
        haplotypes: usize,
        ancestry: impl Fn(usize) -> usize,
    ) -> Vec<u64> {
        loop {
            let ancestral = stream.between(FREQUENCIES.0, FREQUENCIES.1);
            let frequencies: Vec<f64> =
                (0..self.ancestries).map(|_| drifted(stream, ancestral, self.fst)).collect();
            let mut words = vec![0u64; haplotypes.div_ceil(64)];
            for haplotype in 0..haplotypes {
                let bit = u64::from(stream.chance(frequencies[ancestry(haplotype)]));
                words[haplotype / 64] |= bit << (haplotype % 64);
            }
            let ones: usize = words.iter().map(|word| word.count_ones() as usize).sum();
            if ones > 0 && ones < haplotypes {
                return words;
            }
        }
    }

    fn plants(&self, genome: &Genome, variation: Variation) -> Population {
        let copies = self.haplotypes_a_plant();
        let plant = |index: usize| {
            let own: Vec<u32> =
                (0..self.ploidy).map(|copy| (index * copies + copy % copies) as u32).collect();
            let name = sample_name(index, self.samples);
            let individual = Individual::founder(&name, genome.contigs.len(), &own);
            Plant { individual, mother: None, father: None, generation: 0 }
        };
        Population {
            pedigree: (0..self.samples).map(plant).collect(),
            variation,
            founders: self.samples,
            samples: (0..self.samples).collect(),
            truth: Vec::new(),
        }
    }
}

/// A frequency after drift (Balding and Nichols).
fn drifted(stream: &mut Stream, ancestral: f64, fst: f64) -> f64 {
    let scale = (1.0 - fst) / fst;
    let (a, b) = (ancestral * scale, (1.0 - ancestral) * scale);
    // The stream's gamma numbers have mean 1.
    let (x, y) = (a * stream.gamma(a), b * stream.gamma(b));
    if x + y > 0.0 { x / (x + y) } else { f64::from(u8::from(stream.chance(ancestral))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::{GenomeOptions, simulate_genome};

    fn options() -> AdmixtureOptions {
        AdmixtureOptions {
            samples: 120,
            ploidy: 2,
            is_inbred: false,
            ancestries: 3,
            fst: 0.2,
            alpha: 0.3,
            markers: 1500,
            generations: 10,
            cm_per_mb: 1000.0,
        }
    }

    fn genome() -> Genome {
        simulate_genome(&GenomeOptions { length: 200_000, contigs: 4, ..GenomeOptions::default() }, 3)
            .unwrap()
    }

    #[test]
    fn markers_are_as_many_as_asked_for_and_vary() {
        let panel = simulate_admixed(&genome(), &options(), 5).unwrap();
        let variation = &panel.population.variation;
        assert_eq!((variation.site_count(), variation.haplotypes), (1500, 240));
        for contig in &variation.contigs {
            for site in 0..contig.sites.len() {
                assert!((1..240).contains(&contig.alternate_count(site)));
            }
        }
        for shares in &panel.shares {
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn nearly_pure_plants_differ_as_much_as_the_fixation_index_says() {
        let panel = simulate_admixed(&genome(), &AdmixtureOptions { alpha: 0.02, ..options() }, 7).unwrap();
        let group = |haplotype: usize| panel.shares[haplotype / 2].iter().position(|&share| share > 0.99);
        let (mut within, mut between) = ((0.0, 0.0), (0.0, 0.0));
        for contig in &panel.population.variation.contigs {
            for site in 0..contig.sites.len() {
                for (first, second) in (0..118).map(|i| (i * 2, i * 2 + 2)) {
                    let (Some(a), Some(b)) = (group(first), group(second)) else { continue };
                    let differ = contig.is_alternate(site, first) != contig.is_alternate(site, second);
                    let sum = if a == b { &mut within } else { &mut between };
                    sum.0 += f64::from(u8::from(differ));
                    sum.1 += 1.0;
                }
            }
        }
        // Hudson: 1 - within / between, where all populations drifted alike.
        let fst = 1.0 - (within.0 / within.1) / (between.0 / between.1);
        assert!((fst - 0.2).abs() < 0.03, "{fst}");
    }

    #[test]
    fn options_out_of_range_are_refused() {
        let fails =
            |options: AdmixtureOptions| simulate_admixed(&genome(), &options, 1).unwrap_err().to_string();
        assert!(fails(AdmixtureOptions { fst: 0.0, ..options() }).contains("fixation index"));
        assert!(fails(AdmixtureOptions { markers: 150_000, ..options() }).contains("do not fit"));
        assert!(fails(AdmixtureOptions { alpha: -1.0, ..options() }).contains("above 0"));
    }
}
