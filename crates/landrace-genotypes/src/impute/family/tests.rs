use std::sync::Arc;

use landrace_genome::Position;
use landrace_simulate::founders::FounderOptions;
use landrace_simulate::genome::{GenomeOptions, simulate_genome};
use landrace_simulate::population::{Design, PopulationOptions, simulate_population};

use super::*;
use crate::block::{CallGatherer, GenotypeBlock, Layers, Site};
use crate::impute::neighbours::{NeighbourOptions, Neighbours};
use crate::impute::{Accuracy, Hidden, spread};
use crate::plane::MISSING;
use crate::source::SourceHeader;

/// A family of two parents (P1, P2, first) with every `step`-th of its variants, a share of the calls missing and a
/// share wrong.
fn family(options: &PopulationOptions, missing: f64, wrong: f64, seed: u64) -> GenotypeMatrix {
    let genome_options = GenomeOptions { length: 600_000, ..GenomeOptions::default() };
    let genome = simulate_genome(&genome_options, seed).unwrap();
    // A megabase here is a chromosome of 100 cM.
    let founders = FounderOptions { cm_per_mb: 300.0, ..FounderOptions::default() };
    let population = simulate_population(&genome, options, &founders, seed).unwrap();
    let plants: Vec<usize> = [0, 1].into_iter().chain(population.samples.iter().copied()).collect();
    let names: Arc<[String]> =
        plants.iter().map(|&p| population.pedigree[p].individual.name.clone()).collect();
    let mut blocks = Vec::new();
    for (id, contig) in genome.contigs.iter() {
        let sites = &population.variation.contigs[id.index()].sites;
        let mut gatherer = CallGatherer::new(plants.len());
        let mut kept = Vec::new();
        for (index, site) in sites.iter().enumerate().step_by((sites.len() / 80).max(1)) {
            let codes: Vec<u8> = plants
                .iter()
                .enumerate()
                .map(|(sample, &plant)| {
                    let truth =
                        population.pedigree[plant].individual.dosage(&population.variation, id, index);
                    let draw = |purpose: u64| spread(seed + purpose, site.position, sample as u64);
                    match (draw(1) < missing, draw(2) < wrong) {
                        (true, _) => MISSING,
                        (_, true) => (draw(3) * 3.0) as u8,
                        _ => truth as u8,
                    }
                })
                .collect();
            gatherer.push(&vec![2; plants.len()], &codes);
            kept.push(Site {
                position: Position::new(site.position + 1),
                reference: "A".into(),
                alternates: vec!["C".into()],
                ..Site::default()
            });
        }
        if !kept.is_empty() {
            let groups = gatherer.take(2);
            let contig = contig.name.as_str().into();
            blocks.push(GenotypeBlock {
                contig,
                samples: plants.len(),
                sites: kept,
                groups,
                layers: Layers::default(),
            });
        }
    }
    GenotypeMatrix::from_blocks(SourceHeader { samples: names, ..Default::default() }, blocks)
}

fn population(design: Design, generations: Option<usize>, inbred: bool) -> PopulationOptions {
    PopulationOptions {
        design,
        samples: 80,
        ploidy: 2,
        founders: None,
        generations,
        are_founders_inbred: Some(inbred),
    }
}

fn check(matrix: &GenotypeMatrix, method: &mut dyn Method) -> Accuracy {
    let hidden = Hidden::draw(matrix, 0.05, 5);
    let masked = hidden.hide(matrix);
    method.learn(&masked, 1).unwrap();
    method.prepare(&masked).unwrap();
    let mut out = Accuracy::default();
    for run in method.runs(&masked) {
        for estimates in method.fill(&masked, run, Asked::Hidden(&hidden)).unwrap() {
            out.add(&estimates, &masked, &hidden, 0.0);
        }
    }
    out
}

fn spec() -> FamilySpec {
    FamilySpec { parents: ["P1".to_owned(), "P2".to_owned()], progeny: None, cross: None }
}

#[test]
fn families_come_back_and_their_cross_is_seen() {
    let cases = [
        (Design::F2, None, true, "f2"),
        (Design::Backcross, Some(1), true, "bc1"),
        (Design::Ril, Some(7), true, "ril"),
        (Design::DoubledHaploid, None, true, "ril"),
        (Design::F1, None, false, "f1"),
    ];
    for (design, generations, inbred, name) in cases {
        for seed in [1, 2, 3] {
            let matrix = family(&population(design, generations, inbred), 0.4, 0.005, seed);
            let mut method = FamilyMethod::new(vec![spec()], GeneticMap::uniform(300.0));
            let own = check(&matrix, &mut method).all;
            assert_eq!(method.families[0].cross.name(), name, "{design:?} {seed}");
            let right = own.method.concordance().unwrap();
            let plain = own.plain.concordance().unwrap();
            assert!(right > 0.95, "{design:?} {seed}: {right} beside {plain}");
        }
    }
}

#[test]
fn a_sparse_family_is_better_served_by_its_parents_than_by_neighbours() {
    let matrix = family(&population(Design::F2, None, true), 0.7, 0.01, 4);
    let own = check(&matrix, &mut FamilyMethod::new(vec![spec()], GeneticMap::uniform(300.0)))
        .all
        .method
        .concordance()
        .unwrap();
    let neighbours =
        check(&matrix, &mut Neighbours::new(NeighbourOptions::default())).all.method.concordance().unwrap();
    assert!(own > 0.93 && own > neighbours, "{own} {neighbours}");
}

#[test]
fn crossovers_are_counted() {
    // Doubled haploids have as many as their gamete: one a morgan.
    let matrix = family(&population(Design::DoubledHaploid, None, true), 0.2, 0.005, 6);
    let mut method = FamilyMethod::new(vec![spec()], GeneticMap::uniform(300.0));
    check(&matrix, &mut method);
    let centimorgans: f64 = contig_runs(&matrix)
        .into_iter()
        .map(|run| {
            let sites: Vec<_> = matrix.blocks()[run].iter().flat_map(|block| &block.sites).collect();
            let place =
                |site: Option<&&Site>| site.and_then(|site| site.position).map_or(0, Position::get) as f64;
            (place(sites.last()) - place(sites.first())) / 1e6 * 300.0
        })
        .sum();
    // A crossover changes both copies of a doubled haploid.
    let found = method.findings()[2].1 / 2.0 / 80.0;
    let expected = centimorgans / 100.0;
    assert!((found / expected - 1.0).abs() < 0.3, "{found} {expected}");
}

#[test]
fn mistakes_are_named() {
    let matrix = family(&population(Design::F2, None, true), 0.1, 0.0, 7);
    let message = |spec: FamilySpec| {
        FamilyMethod::new(vec![spec], GeneticMap::uniform(1.0)).prepare(&matrix).unwrap_err().to_string()
    };
    let parents = ["P1".to_owned(), "P3".to_owned()];
    assert!(
        message(FamilySpec { parents, ..spec() })
            .starts_with("the parent 'P3' is no sample of the input; did you")
    );
    let progeny = Some(vec!["nobody at all".to_owned()]);
    assert!(message(FamilySpec { progeny, ..spec() }).contains("the plant 'nobody at all' is no sample"));
    let progeny = Some(Vec::new());
    assert!(message(FamilySpec { progeny, ..spec() }).contains("have no progeny"));
}
