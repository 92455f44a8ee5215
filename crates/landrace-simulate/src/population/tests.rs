use landrace_genome::ContigId;

use super::*;
use crate::genome::{GenomeOptions, simulate_genome};

fn options(design: Design, samples: usize, ploidy: usize) -> PopulationOptions {
    PopulationOptions {
        design,
        samples,
        ploidy,
        founders: None,
        generations: None,
        are_founders_inbred: None,
    }
}

/// A population on a short genome with a long genetic map.
fn bred(options: &PopulationOptions) -> Population {
    let genome =
        simulate_genome(&GenomeOptions { length: 100_000, contigs: 2, ..Default::default() }, 1).unwrap();
    let founders = FounderOptions { cm_per_mb: 2_000.0, effective_size: 100.0, ..Default::default() };
    simulate_population(&genome, options, &founders, 1).unwrap()
}

/// Counts of dosages over samples and over sites at which `is_wanted` says so of the founders' dosages.
fn dosages(population: &Population, is_wanted: impl Fn(&[usize]) -> bool) -> Vec<f64> {
    let founders: Vec<&Individual> =
        population.pedigree[..population.founders].iter().map(|plant| &plant.individual).collect();
    let mut counts = vec![0.0; founders[0].ploidy() + 1];
    for (contig, sites) in (0..).map(ContigId).zip(&population.variation.contigs) {
        for site in 0..sites.sites.len() {
            let of_founders: Vec<usize> =
                founders.iter().map(|founder| founder.dosage(&population.variation, contig, site)).collect();
            if is_wanted(&of_founders) {
                for sample in population.individuals() {
                    counts[sample.dosage(&population.variation, contig, site)] += 1.0;
                }
            }
        }
    }
    let total: f64 = counts.iter().sum();
    counts.iter().map(|count| count / total).collect()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    let is_close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < tolerance);
    assert!(is_close && found.len() == expected.len(), "{found:?} against {expected:?}");
}

#[test]
fn f1_of_lines_is_heterozygous_where_they_differ() {
    let population = bred(&options(Design::F1, 5, 2));
    assert_close(&dosages(&population, |founders| founders == [0, 2]), &[0.0, 1.0, 0.0], 1e-9);
}

#[test]
fn f2_segregates_one_two_one() {
    let population = bred(&options(Design::F2, 400, 2));
    assert_close(&dosages(&population, |founders| founders == [0, 2]), &[0.25, 0.5, 0.25], 0.02);
    assert_eq!(population.pedigree.len(), 403);
}

#[test]
fn backcrosses_lose_the_donor_by_halves() {
    let mut backcross = options(Design::Backcross, 300, 2);
    let population = bred(&backcross);
    assert_close(&dosages(&population, |founders| founders == [0, 2]), &[0.5, 0.5, 0.0], 0.02);
    backcross.generations = Some(3);
    let population = bred(&backcross);
    assert_close(&dosages(&population, |founders| founders == [0, 2]), &[0.875, 0.125, 0.0], 0.02);
}

#[test]
fn lines_and_doubled_haploids_are_homozygous() {
    let lines = dosages(&bred(&options(Design::Ril, 150, 2)), |founders| founders == [0, 2]);
    assert_close(&lines, &[0.496, 1.0 / 128.0, 0.496], 0.06);
    assert!((lines[1] - 1.0 / 128.0).abs() < 0.006, "{lines:?}");
    let doubled = dosages(&bred(&options(Design::DoubledHaploid, 300, 2)), |founders| founders == [0, 2]);
    assert_close(&doubled, &[0.5, 0.0, 0.5], 0.04);
    assert!(doubled[1] == 0.0);
}

#[test]
fn selfing_halves_heterozygosity() {
    let mut selfing = options(Design::Selfing, 200, 2);
    let het = |population: &Population, sampled: bool| {
        let plants: Vec<&Individual> = if sampled {
            population.individuals()
        } else {
            population.pedigree[..population.founders].iter().map(|plant| &plant.individual).collect()
        };
        let sites = population.variation.contigs[0].sites.len();
        let of = |plant: &&Individual| {
            (0..sites).filter(|&site| plant.dosage(&population.variation, ContigId(0), site) == 1).count()
        };
        plants.iter().map(of).sum::<usize>() as f64
    };
    selfing.generations = Some(2);
    let population = bred(&selfing);
    let ratio = het(&population, true) / het(&population, false);
    assert!((ratio - 0.25).abs() < 0.03, "{ratio}");
}

#[test]
fn tetraploid_f1_of_simplex_and_nulliplex() {
    let population = bred(&options(Design::F1, 300, 4));
    assert_close(&dosages(&population, |founders| founders == [1, 0]), &[0.5, 0.5, 0.0, 0.0, 0.0], 0.02);
    let duplex = dosages(&population, |founders| founders == [2, 0]);
    assert_close(&duplex, &[1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0, 0.0, 0.0], 0.03);
}

#[test]
fn open_pollination_keeps_frequencies_and_never_selfs() {
    let mut open = options(Design::OpenPollination, 300, 2);
    open.founders = Some(10);
    open.generations = Some(3);
    let population = bred(&open);
    assert_eq!(population.samples.len(), 300);
    assert!(population.pedigree[10..].iter().all(|plant| plant.mother != plant.father));
    assert!(
        population.pedigree.iter().enumerate().all(|(index, plant)| plant.mother.is_none_or(|m| m < index))
    );
}

#[test]
fn clones_equal_their_founder_at_any_ploidy() {
    for ploidy in [1, 2, 6, 8] {
        let mut clones = options(Design::Clones, 5, ploidy);
        clones.founders = Some(2);
        let population = bred(&clones);
        let samples = population.individuals();
        assert_eq!(samples[0].copies, samples[2].copies);
        assert_ne!(samples[0].copies, samples[1].copies);
        assert_eq!(samples[0].ploidy(), ploidy);
    }
}

#[test]
fn contradictions_are_refused() {
    let genome =
        simulate_genome(&GenomeOptions { length: 5_000, contigs: 1, ..Default::default() }, 1).unwrap();
    let refuse = |options: PopulationOptions| {
        simulate_population(&genome, &options, &FounderOptions::default(), 1).unwrap_err().to_string()
    };
    assert!(refuse(options(Design::F2, 5, 1)).contains("cannot be crossed"));
    assert!(refuse(options(Design::F2, 5, 3)).contains("ploidy 3"));
    assert!(
        refuse(PopulationOptions { founders: Some(3), ..options(Design::F2, 5, 2) }).contains("2 founders")
    );
}
