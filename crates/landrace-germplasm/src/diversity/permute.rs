//! Permutation test of the analysis of molecular variance (Excoffier et al. 1992).
//!
//! The sums of squares of any regrouping follow from the products of the samples' centred allele counts, which are summed
//! up once. Missing calls count as the mean there; as they are shuffled together with their samples, the test stays exact.

use std::sync::Arc;

use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::plane::{BitPlanes, MISSING};
use landrace_genotypes::relationship::{Method, Options, SampleMatrix, relate};
use landrace_genotypes::source::ParseStretch;
use landrace_genotypes::{
    CallGroup, GenotypeBlock, GenotypeError, GenotypeSource, Layers, Site, SourceHeader, Stretch,
};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::grouping::Grouping;

/// How often samples and groups are shuffled.
#[derive(Clone, Copy, Debug)]
pub struct Permutations {
    /// How often.
    pub count: usize,
    /// Where the draws start.
    pub seed: u64,
}

/// The p-values of the levels among regions (groups are shuffled among regions) and among groups (samples are shuffled
/// among the groups of their region): the share of shufflings, the one seen included, that give as much variance among
/// them. `None` where there are no regions.
///
/// Memory: eight bytes a pair of samples.
///
/// # Errors
/// Returns an error if the source fails or nothing varies.
pub fn test(
    source: &mut dyn GenotypeSource,
    grouping: &Grouping,
    permutations: Permutations,
) -> Result<[Option<f64>; 2], GenotypeError> {
    let chosen: Vec<usize> =
        (0..grouping.of_samples.len()).filter(|&sample| grouping.of_samples[sample].is_some()).collect();
    let groups: Vec<usize> = grouping.of_samples.iter().flatten().copied().collect();
    let mut by_allele = ByAllele::new(source, chosen);
    let matrix = relate(&mut by_allele, &Options::new(Method::VanRaden1))?.matrix;
    let regions = (!grouping.region_of.is_empty()).then_some(grouping.region_of.as_slice());
    let of_regions = regions.map(|regions| among_regions(&matrix, &groups, regions, permutations));
    Ok([of_regions.flatten(), Some(among_groups(&matrix, &groups, regions, permutations))])
}

/// Shuffles in place, each order as likely.
fn shuffle<T>(values: &mut [T], random: &mut Xoshiro256PlusPlus) {
    for last in (1..values.len()).rev() {
        let place = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
        values.swap(last, place as usize);
    }
}

fn random(permutations: Permutations, which: usize) -> Xoshiro256PlusPlus {
    let task = (which as u64 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
    Xoshiro256PlusPlus::seed_from_u64(permutations.seed ^ task)
}

fn p_value(seen: f64, permutations: Permutations, draw: impl Fn(usize) -> f64 + Sync) -> f64 {
    let least = seen - 1e-9 * seen.abs();
    let draws = 0..permutations.count;
    let as_much = draws.into_par_iter().filter(|&which| draw(which) >= least).count();
    (as_much + 1) as f64 / (permutations.count + 1) as f64
}

fn among_groups(
    matrix: &SampleMatrix,
    groups: &[usize],
    regions: Option<&[usize]>,
    permutations: Permutations,
) -> f64 {
    // Samples by region: labels are shuffled within each.
    let region = |sample: usize| regions.map_or(0, |regions| regions[groups[sample]]);
    let count = (0..groups.len()).map(region).max().map_or(0, |last| last + 1);
    let mut by_region: Vec<Vec<usize>> = vec![Vec::new(); count];
    (0..groups.len()).for_each(|sample| by_region[region(sample)].push(sample));
    let draw = |which: usize| {
        let mut random = random(permutations, which);
        let mut labels = groups.to_vec();
        for samples in &by_region {
            let mut own: Vec<usize> = samples.iter().map(|&sample| groups[sample]).collect();
            shuffle(&mut own, &mut random);
            samples.iter().zip(own).for_each(|(&sample, label)| labels[sample] = label);
        }
        sum_of_groups(matrix, &labels)
    };
    p_value(sum_of_groups(matrix, groups), permutations, draw)
}

/// Σ over groups of (sum of products within) / size: all that a shuffling changes of the sum of squares among groups.
fn sum_of_groups(matrix: &SampleMatrix, groups: &[usize]) -> f64 {
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
    groups.iter().enumerate().for_each(|(sample, &group)| members[group].push(sample));
    let of_group = |own: &Vec<usize>| {
        let mut sum = 0.0;
        for (index, &sample) in own.iter().enumerate() {
            let row = &matrix.values[sample * (sample + 1) / 2..][..=sample];
            sum += row[sample] + 2.0 * own[..index].iter().map(|&other| row[other]).sum::<f64>();
        }
        sum / own.len() as f64
    };
    members.iter().filter(|own| !own.is_empty()).map(of_group).sum()
}

fn among_regions(
    matrix: &SampleMatrix,
    groups: &[usize],
    regions: &[usize],
    permutations: Permutations,
) -> Option<f64> {
    let count = regions.len();
    let mut sizes = vec![0.0; count];
    groups.iter().for_each(|&group| sizes[group] += 1.0);
    let mut products = vec![vec![0.0; count]; count];
    let mut alone = 0.0;
    for (sample, &group) in groups.iter().enumerate() {
        let row = &matrix.values[sample * (sample + 1) / 2..][..=sample];
        alone += row[sample];
        products[group][group] += row[sample];
        for (&value, &other) in row[..sample].iter().zip(groups) {
            products[group][other] += value;
            products[other][group] += value;
        }
    }
    let sums = GroupProducts { products, sizes, alone };
    let seen = sums.component(regions)?;
    Some(p_value(seen, permutations, |which| {
        let mut shuffled = regions.to_vec();
        shuffle(&mut shuffled, &mut random(permutations, which));
        sums.component(&shuffled).unwrap_or(f64::NEG_INFINITY)
    }))
}

/// Sums of products between all groups.
struct GroupProducts {
    products: Vec<Vec<f64>>,
    sizes: Vec<f64>,
    /// Sum of the diagonal.
    alone: f64,
}

impl GroupProducts {
    /// The component of variance among regions; `None` without degrees of freedom.
    fn component(&self, regions: &[usize]) -> Option<f64> {
        let groups = regions.len();
        let count = regions.iter().max().map_or(0, |last| last + 1);
        let mut size_of = vec![0.0; count];
        (0..groups).for_each(|group| size_of[regions[group]] += self.sizes[group]);
        let n: f64 = self.sizes.iter().sum();
        let mut of_regions = vec![0.0; count];
        let mut whole = 0.0;
        for a in 0..groups {
            for b in 0..groups {
                whole += self.products[a][b] / n;
                if regions[a] == regions[b] {
                    of_regions[regions[a]] += self.products[a][b] / size_of[regions[a]];
                }
            }
        }
        let among_groups: f64 =
            (0..groups).map(|group| self.products[group][group] / self.sizes[group]).sum();
        let among_regions: f64 = of_regions.iter().sum();
        let (g, r) = (groups as f64, count as f64);
        if r < 2.0 || g <= r || n <= g {
            return None;
        }
        let sigma_samples = (self.alone - among_groups) / (n - g);
        let squares = |group: usize| self.sizes[group] * self.sizes[group];
        let of_size = |value: &dyn Fn(usize) -> f64| (0..groups).map(value).sum::<f64>();
        let k_groups = n - of_size(&|group| squares(group) / size_of[regions[group]]);
        let sigma_groups = (among_groups - among_regions - (g - r) * sigma_samples) / k_groups;
        let k_lower = of_size(&|group| squares(group) * (1.0 / size_of[regions[group]] - 1.0 / n));
        let k_regions = n - size_of.iter().map(|size| size * size).sum::<f64>() / n;
        Some((among_regions - whole - (r - 1.0) * sigma_samples - k_lower * sigma_groups) / k_regions)
    }
}

/// A source in which every allele of a variant of several alternates is a variant of its own, of some samples.
struct ByAllele<'a> {
    source: &'a mut dyn GenotypeSource,
    header: SourceHeader,
    samples: Arc<[usize]>,
}

impl<'a> ByAllele<'a> {
    fn new(source: &'a mut dyn GenotypeSource, samples: Vec<usize>) -> Self {
        let header = source.header().with_samples(Some(&samples));
        Self { source, header, samples: samples.into() }
    }
}

impl GenotypeSource for ByAllele<'_> {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        self.source.next_stretch()
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        self.source.extent(stretch)
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        Arc::new(Split { parser: self.source.parser(), samples: self.samples.clone() })
    }
}

struct Split {
    parser: Arc<dyn ParseStretch>,
    samples: Arc<[usize]>,
}

impl ParseStretch for Split {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let blocks = self.parser.blocks(stretch)?;
        Ok(blocks.iter().map(|block| split(&block.with_samples(&self.samples))).collect())
    }
}

/// One row an allele for variants of several alternates, one row for the others.
fn split(block: &GenotypeBlock) -> GenotypeBlock {
    if block.layers.alleles.is_none() {
        return GenotypeBlock { layers: Layers::default(), ..block.clone() };
    }
    let mut groups: Vec<CallGroup> = block
        .groups
        .iter()
        .map(|own| CallGroup {
            samples: own.samples.clone(),
            calls: BitPlanes::new(own.calls.ploidy(), own.samples.len()),
        })
        .collect();
    let (mut sites, mut codes) = (Vec::new(), Vec::new());
    for row in 0..block.rows() {
        let has_codes = block.layers.alleles.as_ref().is_some_and(|alleles| alleles.row(row).is_some());
        let alleles = if has_codes { block.sites[row].alleles() } else { 1 };
        for allele in 0..alleles {
            for (to, own) in groups.iter_mut().zip(&block.groups) {
                codes.clear();
                match &block.layers.alleles {
                    Some(layer) if has_codes => codes.extend(
                        own.samples
                            .iter()
                            .map(|&sample| copies_of(layer.call(row, sample).unwrap_or_default(), allele)),
                    ),
                    _ => own.calls.row(row).unpack(own.samples.len(), &mut codes),
                }
                to.calls.push_row(&codes);
            }
            sites.push(Site::default());
        }
    }
    let (contig, samples) = (block.contig.clone(), block.samples);
    GenotypeBlock { contig, samples, sites, groups, layers: Layers::default() }
}

/// Copies of an allele in a call, or [`MISSING`].
fn copies_of(call: &[u8], allele: usize) -> u8 {
    let copies = call.iter().filter(|&&code| code != ABSENT);
    if copies.clone().next().is_none() || copies.clone().any(|&code| code == UNKNOWN) {
        return MISSING;
    }
    copies.filter(|&&code| usize::from(code) == allele).count() as u8
}
