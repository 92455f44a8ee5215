//! A gene bank: accessions, and planted among them duplicates, sports, offspring, sibs and backcross lines.

use crate::individual::{Individual, Mosaic, Segment};
use crate::random::Stream;
use crate::variation::Variation;

use super::{Breeder, PopulationOptions, sample_name};

/// What is planted among the accessions of a gene bank, in numbers of accessions. The others are founders, or bred from
/// them: outbred plants by two generations of random mating, lines by selfing crosses of two founders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bank {
    /// Copies of another accession.
    pub duplicates: usize,
    /// Copies of another accession that differ at a few places.
    pub sports: usize,
    /// At how many sites a sport differs.
    pub sport_sites: usize,
    /// Progeny of two accessions (of lines: a line bred from their cross).
    pub offspring: usize,
    /// Full sibs, four of each two parents (of lines: sister lines).
    pub sibs: usize,
    /// Plants crossed with an accession 1 to 5 times after the first cross (of lines: and made homozygous).
    pub backcrosses: usize,
}

/// What an accession of a gene bank is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One of its own.
    Accession,
    /// A copy.
    Duplicate,
    /// A copy that differs at a few places.
    Sport,
    /// Progeny of two accessions.
    Offspring,
    /// A full sib of others.
    Sib,
    /// A backcross plant or line.
    Backcross,
}

impl Role {
    /// What the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accession => "accession",
            Self::Duplicate => "duplicate",
            Self::Sport => "sport",
            Self::Offspring => "offspring",
            Self::Sib => "sib",
            Self::Backcross => "backcross",
        }
    }
}

/// The truth of an accession.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// What it is.
    pub role: Role,
    /// Index in the pedigree of the accession that it comes from: the one copied, the mother, the recurrent parent; its
    /// own if there is none.
    pub of: usize,
    /// Crosses with the recurrent parent after the first.
    pub backcrosses: usize,
}

impl Bank {
    /// How many are planted.
    pub fn planted(&self) -> usize {
        self.duplicates + self.sports + self.offspring + self.sibs + self.backcrosses
    }

    /// How many need meiosis.
    pub(super) fn bred(&self) -> usize {
        self.offspring + self.sibs + self.backcrosses
    }
}

/// Selfings after a cross that make a line.
const SELFINGS: usize = 6;
/// Sibs of each two parents.
const FAMILY: usize = 4;

impl Breeder<'_> {
    /// Breeds the bank. Gives the samples in the order of their names, and the truth of each; what is planted lies
    /// anywhere among the others.
    pub(super) fn breed_bank(
        &mut self,
        bank: Bank,
        options: &PopulationOptions,
        variation: &Variation,
    ) -> (Vec<usize>, Vec<Truth>) {
        let n = options.samples;
        let mut names: Vec<usize> = (0..n).collect();
        Stream::of(self.seed, "bank order", 0).shuffle(&mut names);
        let is_inbred = options.is_inbred();
        let founders = options.founder_count();
        let own = n - bank.planted();
        let mut bred: Vec<(usize, usize, Truth)> = Vec::with_capacity(n);
        for (index, &number) in names.iter().enumerate().take(own) {
            let name = sample_name(number, n);
            let plant = self.accession(name, index, (founders, is_inbred));
            bred.push((number, plant, Truth { role: Role::Accession, of: plant, backcrosses: 0 }));
        }
        let accessions: Vec<usize> = bred.iter().map(|one| one.1).collect();
        let roles = [
            (Role::Offspring, bank.offspring),
            (Role::Sib, bank.sibs),
            (Role::Backcross, bank.backcrosses),
            (Role::Duplicate, bank.duplicates),
            (Role::Sport, bank.sports),
        ];
        let all = roles.into_iter().flat_map(|(role, count)| (0..count).map(move |index| (role, index)));
        for ((role, index), &number) in all.zip(&names[own..]) {
            let name = sample_name(number, n);
            let mut stream = Stream::of(
                self.seed,
                role.name(),
                (index / if role == Role::Sib { FAMILY } else { 1 }) as u64,
            );
            let first = stream.index(accessions.len());
            let second = (first + 1 + stream.index((accessions.len() - 1).max(1))) % accessions.len();
            let parents = [accessions[first], accessions[second]];
            let times = if role == Role::Backcross { 1 + index % 5 } else { 0 };
            let plant = match role {
                Role::Duplicate => self.clone_of(name, parents[0]),
                Role::Sport => self.sport(&name, parents[0], bank.sport_sites, variation),
                Role::Backcross => self.backcross(&name, parents, times, is_inbred),
                _ => self.child(&name, parents, is_inbred),
            };
            bred.push((number, plant, Truth { role, of: parents[0], backcrosses: times }));
        }
        bred.sort_by_key(|one| one.0);
        bred.into_iter().map(|(_, plant, truth)| (plant, truth)).unzip()
    }

    /// An accession of its own: a founder, or bred from two.
    fn accession(&mut self, name: String, index: usize, (founders, is_inbred): (usize, bool)) -> usize {
        if index < founders {
            return self.clone_of(name, index);
        }
        let mut stream = Stream::of(self.seed, "bank parents", index as u64);
        let mut pair = || {
            let first = stream.index(founders);
            [first, (first + 1 + stream.index((founders - 1).max(1))) % founders]
        };
        if is_inbred {
            let parents = pair();
            return self.child(&name, parents, true);
        }
        let parents: Vec<usize> = (0..2)
            .map(|side| {
                let [mother, father] = pair();
                self.cross(format!("{name}.p{}", side + 1), mother, father)
            })
            .collect();
        self.cross(name, parents[0], parents[1])
    }

    /// Progeny of two plants; a line of it among lines.
    fn child(&mut self, name: &str, [mother, father]: [usize; 2], is_inbred: bool) -> usize {
        if !is_inbred {
            return self.cross(name.to_owned(), mother, father);
        }
        let f1 = self.cross(format!("{name}.f1"), mother, father);
        self.repeat(name, f1, SELFINGS, None)
    }

    /// The first plant crossed with the second, then with the first so many times; a line of that among lines.
    fn backcross(
        &mut self,
        name: &str,
        [recurrent, donor]: [usize; 2],
        times: usize,
        is_inbred: bool,
    ) -> usize {
        let f1 = self.cross(format!("{name}.f1"), recurrent, donor);
        if !is_inbred {
            return self.repeat(name, f1, times, Some(recurrent));
        }
        let last = self.repeat(&format!("{name}.bc"), f1, times, Some(recurrent));
        self.repeat(name, last, SELFINGS, None)
    }

    /// A copy in which one chromosome copy holds the other allele at some sites.
    fn sport(&mut self, name: &str, of: usize, sites: usize, variation: &Variation) -> usize {
        let plant = self.clone_of(name.to_owned(), of);
        let mut stream = Stream::of(self.seed, "sport", plant as u64);
        let count = variation.site_count();
        for _ in 0..if count > 0 { sites } else { 0 } {
            let mut site = stream.index(count);
            let contig = variation.contigs.iter().position(|contig| {
                let is_here = site < contig.sites.len();
                site -= if is_here { 0 } else { contig.sites.len() };
                is_here
            });
            if let Some(contig) = contig {
                let individual = &mut self.pedigree[plant].individual;
                mutate(&mut stream, individual, (contig, site), variation);
            }
        }
        plant
    }
}

/// Gives one copy of a plant the other allele at a site.
fn mutate(
    stream: &mut Stream,
    plant: &mut Individual,
    (contig, site): (usize, usize),
    variation: &Variation,
) {
    let sites = &variation.contigs[contig];
    let position = sites.sites[site].position;
    let copies = &mut plant.copies[contig];
    let copy = stream.index(copies.len());
    let is_alternate = sites.is_alternate(site, copies[copy].at(position) as usize);
    let other =
        (0..variation.haplotypes).find(|&haplotype| sites.is_alternate(site, haplotype) != is_alternate);
    if let Some(other) = other {
        copies[copy] = patched(&copies[copy], position, other as u32);
    }
}

/// A mosaic with another origin at one base.
fn patched(mosaic: &Mosaic, position: u64, haplotype: u32) -> Mosaic {
    let before = mosaic.0.iter().copied().filter(|segment| segment.start < position);
    let after = Segment { start: position + 1, haplotype: mosaic.at(position + 1) };
    let rest = mosaic.0.iter().copied().filter(|segment| segment.start > position + 1);
    Mosaic(before.chain([Segment { start: position, haplotype }, after]).chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{Design, simulate_population};
    use super::*;
    use crate::founders::FounderOptions;
    use crate::genome::{GenomeOptions, simulate_genome};

    fn bank(ploidy: usize, is_inbred: bool) -> super::super::Population {
        let genome = simulate_genome(&GenomeOptions { length: 60_000, ..Default::default() }, 1).unwrap();
        let planted =
            Bank { duplicates: 4, sports: 2, sport_sites: 5, offspring: 3, sibs: 4, backcrosses: 5 };
        let options = PopulationOptions {
            design: Design::GeneBank(planted),
            samples: 40,
            ploidy,
            founders: Some(10),
            generations: None,
            are_founders_inbred: Some(is_inbred),
        };
        let founders = FounderOptions { cm_per_mb: 1000.0, ..Default::default() };
        simulate_population(&genome, &options, &founders, 3).unwrap()
    }

    #[test]
    fn what_is_planted_is_there() {
        for (ploidy, is_inbred) in [(2, false), (2, true), (4, false)] {
            let population = bank(ploidy, is_inbred);
            let count = |role: Role| population.truth.iter().filter(|truth| truth.role == role).count();
            let counts =
                [Role::Accession, Role::Duplicate, Role::Sport, Role::Offspring, Role::Sib, Role::Backcross];
            assert_eq!(counts.map(count), [22, 4, 2, 3, 4, 5]);
            let mut donated = 0;
            for (&sample, truth) in population.samples.iter().zip(&population.truth) {
                let own = &population.pedigree[sample].individual;
                assert_eq!(own.ploidy(), ploidy);
                let copied = own.copies == population.pedigree[truth.of].individual.copies;
                let is_copy = matches!(truth.role, Role::Accession | Role::Duplicate);
                // So short a genome may come wholly from the recurrent parent.
                assert!(copied == is_copy || truth.role == Role::Backcross, "{truth:?}");
                donated += usize::from(truth.role == Role::Backcross && !copied);
            }
            assert!(donated > 0);
            let names: Vec<_> = population.individuals().iter().map(|own| own.name.clone()).collect();
            assert!(names.is_sorted());
        }
    }

    #[test]
    fn a_sport_differs_at_its_sites() {
        let population = bank(2, false);
        let (sport, truth) = population
            .samples
            .iter()
            .zip(&population.truth)
            .find(|(_, truth)| truth.role == Role::Sport)
            .map(|(&sample, truth)| (&population.pedigree[sample].individual, truth))
            .unwrap();
        let of = &population.pedigree[truth.of].individual;
        let differing: usize = (0..)
            .map(landrace_genome::ContigId)
            .zip(&population.variation.contigs)
            .map(|(contig, sites)| {
                let dosage = |own: &Individual, site| own.dosage(&population.variation, contig, site);
                (0..sites.sites.len()).filter(|&site| dosage(sport, site) != dosage(of, site)).count()
            })
            .sum();
        assert!((1..=5).contains(&differing), "{differing}");
    }
}
