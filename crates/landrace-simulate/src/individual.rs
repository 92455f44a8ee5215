//! Individuals: each copy of each chromosome is a mosaic of the founders' haplotypes.

use landrace_genome::ContigId;

use crate::genome::Genome;
use crate::haplotype::Haplotype;
use crate::variation::{ContigVariation, Variation};

/// A stretch of a chromosome that comes from one founder haplotype: from `start` up to the next stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First base, 0-based on the reference.
    pub start: u64,
    /// Index of the founder haplotype.
    pub haplotype: u32,
}

/// One copy of a chromosome, its stretches in order; the first starts at 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mosaic(pub Vec<Segment>);

impl Mosaic {
    /// A copy that is one founder haplotype from end to end.
    pub fn whole(haplotype: u32) -> Self {
        Self(vec![Segment { start: 0, haplotype }])
    }

    /// The founder haplotype at a position.
    pub fn at(&self, position: u64) -> u32 {
        let index = self.0.partition_point(|segment| segment.start <= position).max(1) - 1;
        self.0[index].haplotype
    }

    /// Indices of the sites at which this copy carries the alternate allele.
    pub fn carried<'a>(&'a self, contig: &'a ContigVariation) -> impl Iterator<Item = usize> + 'a {
        let mut segment = 0;
        contig.sites.iter().enumerate().filter_map(move |(index, site)| {
            while self.0.get(segment + 1).is_some_and(|next| next.start <= site.position) {
                segment += 1;
            }
            contig.is_alternate(index, self.0[segment].haplotype as usize).then_some(index)
        })
    }
}

/// A plant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Individual {
    /// Name.
    pub name: String,
    /// Copies by contig: `copies[contig][copy]`; the number of copies is the ploidy.
    pub copies: Vec<Vec<Mosaic>>,
}

impl Individual {
    /// A founder that has these haplotypes, one a copy, on each of `contigs` contigs.
    pub fn founder(name: &str, contigs: usize, haplotypes: &[u32]) -> Self {
        let copies = haplotypes.iter().map(|&haplotype| Mosaic::whole(haplotype)).collect();
        Self { name: name.to_owned(), copies: vec![copies; contigs] }
    }

    /// Copies of each chromosome.
    pub fn ploidy(&self) -> usize {
        self.copies.first().map_or(0, Vec::len)
    }

    /// Number of copies that carry the alternate allele of a site.
    pub fn dosage(&self, variation: &Variation, contig: ContigId, site: usize) -> usize {
        let sites = &variation.contigs[contig.index()];
        let position = sites.sites[site].position;
        let copies = &self.copies[contig.index()];
        copies.iter().filter(|copy| sites.is_alternate(site, copy.at(position) as usize)).count()
    }

    /// Its sequences: `[contig][copy]`.
    pub fn haplotypes<'a>(&self, genome: &'a Genome, variation: &'a Variation) -> Vec<Vec<Haplotype<'a>>> {
        let contigs = self.copies.iter().zip(&genome.sequences).zip(&variation.contigs);
        contigs
            .map(|((copies, bases), contig)| {
                let own = |copy: &Mosaic| {
                    Haplotype::new(bases, copy.carried(contig).map(|index| &contig.sites[index]))
                };
                copies.iter().map(own).collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mosaic_gives_each_position_its_founder() {
        let mosaic = Mosaic(vec![Segment { start: 0, haplotype: 3 }, Segment { start: 100, haplotype: 1 }]);
        assert_eq!((mosaic.at(0), mosaic.at(99), mosaic.at(100), mosaic.at(5_000)), (3, 3, 1, 1));
    }
}
