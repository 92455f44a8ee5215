//! Candidates and their linkage from genotypes of any ploidy.

use landrace_genome::ContigDictionary;
use landrace_genotypes::block::{Filters, Site};
use landrace_genotypes::kernel::pair_sums;
use landrace_genotypes::plane::BitPlanes;
use landrace_genotypes::{
    CallGroup, GenotypeBlock, GenotypeError, GenotypeSource, SiteCounts, for_each_block,
};

use super::{Candidate, Candidates, Linkage, MarkerError};

/// Which variants may become markers, and which neighbours they stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Eligibility {
    /// Least share of samples with a call.
    pub min_call_rate: f64,
    /// Least minor allele frequency.
    pub min_maf: f64,
    /// Neighbours are looked for within this many bases.
    pub window: u64,
    /// Neighbours are looked for among this many candidates on each side.
    pub most: usize,
    /// r² from which a neighbour counts as tagged.
    pub min_r2: f64,
}

impl Default for Eligibility {
    fn default() -> Self {
        Self { min_call_rate: 0.5, min_maf: 0.0, window: 500_000, most: 200, min_r2: 0.5 }
    }
}

/// How many variants there were, and why some are no candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Samples.
    pub samples: usize,
    /// Variants read.
    pub variants: u64,
    /// Those without a position.
    pub without_position: u64,
    /// Those that had failed a filter.
    pub failed_filter: u64,
    /// Those of which one allele alone was called.
    pub one_allele: u64,
    /// Those below the least call rate.
    pub low_call_rate: u64,
    /// Those below the least minor allele frequency.
    pub low_maf: u64,
}

/// What stops the reading of candidates.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The genotypes cannot be read.
    #[error(transparent)]
    Genotypes(#[from] GenotypeError),
    /// They hold no candidate.
    #[error(transparent)]
    Markers(#[from] MarkerError),
}

/// The calls of a variant, as its block had them.
struct Calls {
    groups: Vec<CallGroup>,
}

/// Reads the candidates and finds which neighbours each tags.
///
/// The calls of all candidates are held in memory: 2 bits a diploid call, 3 a tetra- or hexaploid one. r² is the
/// squared correlation of the non-reference dosages, as shares of the ploidy, over the samples that have both.
///
/// # Errors
/// Returns the source's error, or an error if no variant can be a marker.
pub fn read_candidates(
    source: &mut dyn GenotypeSource,
    eligibility: &Eligibility,
) -> Result<(Candidates, Linkage, Sifted), ReadError> {
    let mut contigs = known_lengths(&source.header().contigs);
    let mut sifted = Sifted { samples: source.header().samples.len(), ..Sifted::default() };
    let mut found: Vec<(Candidate, Calls)> = Vec::new();
    for_each_block(source, Ok, |block| {
        gather(&block, eligibility, (&mut contigs, &mut sifted), &mut found);
        Ok(())
    })?;
    found.sort_by_key(|(candidate, _)| (candidate.contig, candidate.position));
    let (all, calls): (Vec<Candidate>, Vec<Calls>) = found.into_iter().unzip();
    let candidates = Candidates::new(&contigs, all)?;
    let reach = (eligibility.window, eligibility.most);
    let linkage = Linkage::find(&candidates, reach, eligibility.min_r2, |a, b| r2(&calls[a], &calls[b]));
    Ok((candidates, linkage, sifted))
}

/// PLINK writes lengths of 2³¹ − 3 and about for contigs whose length it does not know.
const DUMMY_LENGTHS: std::ops::RangeInclusive<u64> = 2_147_483_640..=2_147_483_648;

/// The contigs, with 0 for dummy lengths.
fn known_lengths(contigs: &ContigDictionary) -> ContigDictionary {
    let mut known = ContigDictionary::default();
    for (_, contig) in contigs.iter() {
        let length = if DUMMY_LENGTHS.contains(&contig.length) { 0 } else { contig.length };
        // The names come from a dictionary, so that none is there twice.
        let _ = known.push(contig.name.clone(), length);
    }
    known
}

fn gather(
    block: &GenotypeBlock,
    eligibility: &Eligibility,
    (contigs, sifted): (&mut ContigDictionary, &mut Sifted),
    found: &mut Vec<(Candidate, Calls)>,
) {
    // A contig that the header does not declare has no length to know.
    let contig = contigs.id(&block.contig).or_else(|| contigs.push(&*block.contig, 0).ok());
    for (row, site) in block.sites.iter().enumerate() {
        sifted.variants += 1;
        let (Some(position), Some(contig)) = (site.position, contig) else {
            sifted.without_position += 1;
            continue;
        };
        let counts = block.counts(row);
        if !passes(site, &counts, eligibility, sifted) {
            continue;
        }
        let candidate = Candidate {
            contig,
            position,
            id: site.id.to_string(),
            reference: site.reference.to_string(),
            alternates: site.alternates.join(","),
            minor_frequency: counts.minor_frequency().unwrap_or(0.0),
            expected_heterozygosity: counts.expected_heterozygosity().unwrap_or(0.0),
            call_rate: counts.call_rate(),
        };
        found.push((candidate, Calls::of(block, row)));
    }
}

/// Whether a variant is a candidate; the first reason against it is counted.
fn passes(site: &Site, counts: &SiteCounts, eligibility: &Eligibility, sifted: &mut Sifted) -> bool {
    let maf = counts.minor_frequency().unwrap_or(0.0);
    let reason = if matches!(site.filters, Filters::Failed(_)) {
        &mut sifted.failed_filter
    } else if maf <= 0.0 {
        &mut sifted.one_allele
    } else if counts.call_rate() < eligibility.min_call_rate {
        &mut sifted.low_call_rate
    } else if maf < eligibility.min_maf {
        &mut sifted.low_maf
    } else {
        return true;
    };
    *reason += 1;
    false
}

impl Calls {
    fn of(block: &GenotypeBlock, row: usize) -> Self {
        let own = |group: &CallGroup| {
            let mut calls = BitPlanes::new(group.calls.ploidy(), group.calls.columns());
            calls.push_planes(group.calls.row(row).bits());
            CallGroup { samples: group.samples.clone(), calls }
        };
        Self { groups: block.groups.iter().map(own).collect() }
    }
}

/// Sums of dosages as shares of the ploidy.
#[derive(Clone, Copy, Default)]
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

/// Squared correlation of two variants; `None` if one does not vary among the samples that have both, or if those
/// are fewer than four.
fn r2(a: &Calls, b: &Calls) -> Option<f64> {
    let mut sums = Sums::default();
    let are_alike = a.groups.len() == b.groups.len()
        && a.groups
            .iter()
            .zip(&b.groups)
            .all(|(a, b)| a.samples == b.samples && a.calls.ploidy() == b.calls.ploidy());
    if are_alike {
        for (a, b) in a.groups.iter().zip(&b.groups) {
            sums.add_group(a, b);
        }
    } else {
        sums.add_one_by_one(a, b);
    }
    sums.r2()
}

impl Sums {
    fn add_group(&mut self, a: &CallGroup, b: &CallGroup) {
        let sums = pair_sums(a.calls.row(0).bits(), b.calls.row(0).bits(), a.calls.words());
        let share = 1.0 / f64::from(a.calls.ploidy());
        self.n += sums.n as f64;
        self.x += sums.x as f64 * share;
        self.y += sums.y as f64 * share;
        self.xx += sums.xx as f64 * share * share;
        self.yy += sums.yy as f64 * share * share;
        self.xy += sums.xy as f64 * share * share;
    }

    /// For variants whose samples are grouped otherwise, as where the ploidy of a sample changes along a contig.
    fn add_one_by_one(&mut self, a: &Calls, b: &Calls) {
        let samples = a.groups.iter().flat_map(|group| group.samples.iter().copied());
        for sample in samples {
            if let (Some(x), Some(y)) = (a.share(sample), b.share(sample)) {
                self.n += 1.0;
                self.x += x;
                self.y += y;
                self.xx += x * x;
                self.yy += y * y;
                self.xy += x * y;
            }
        }
    }

    fn r2(&self) -> Option<f64> {
        let Self { n, x, y, xx, yy, xy } = *self;
        let (vx, vy) = (n * xx - x * x, n * yy - y * y);
        // Sums of shares of the ploidy are exact to about 1e-12: less is no variation.
        let least = 1e-9 * n;
        if n < 4.0 || vx <= least || vy <= least {
            return None;
        }
        let covariance = n * xy - x * y;
        Some(covariance * covariance / (vx * vy))
    }
}

impl Calls {
    /// A sample's dosage as a share of its ploidy.
    fn share(&self, sample: usize) -> Option<f64> {
        self.groups.iter().find_map(|group| {
            let column = group.samples.binary_search(&sample).ok()?;
            let dosage = group.calls.row(0).dosage(column)?;
            Some(f64::from(dosage) / f64::from(group.calls.ploidy()))
        })
    }
}

#[cfg(test)]
mod tests;
