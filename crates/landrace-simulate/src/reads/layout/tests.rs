use std::collections::BTreeMap;

use super::*;
use crate::founders::{FounderOptions, simulate_founders};
use crate::genome::{GenomeOptions, simulate_genome};
use crate::individual::Individual;
use crate::reads::{QualityProfile, ReadOptions, Sequencer, SimulatedPair};

fn reads(layout: LibraryLayout, genome: &Genome, options: ReadOptions) -> Vec<SimulatedPair> {
    let founders = FounderOptions { snp_rate: 0.02, ..Default::default() };
    let variation = simulate_founders(genome, &founders, 1).unwrap();
    let plant = Individual::founder("plant", genome.contigs.len(), &[0, 1]);
    let options = ReadOptions { layout, ..options };
    Sequencer::new(genome, plant.haplotypes(genome, &variation), &options, 1).unwrap().all()
}

fn perfect() -> QualityProfile {
    QualityProfile { start: 60.0, end: 60.0, best: 60, ..Default::default() }
}

fn genome() -> Genome {
    simulate_genome(&GenomeOptions { length: 300_000, ..Default::default() }, 1).unwrap()
}

#[test]
fn enzymes_cut_where_they_should() {
    let bases = b"AAGCTGCAAGCAGCAAACTGCAGTT";
    let whole = Haplotype::new(bases, []);
    let places = |names: &[&str]| {
        let enzymes: Vec<Enzyme> = names.iter().map(|name| Enzyme::of_name(name).unwrap()).collect();
        cut_places(&whole, &enzymes).iter().map(|cut| (cut.start, cut.end, cut.enzyme)).collect::<Vec<_>>()
    };
    assert_eq!(places(&["ApeKI"]), [(3, 6, 0), (10, 13, 0)]);
    assert_eq!(places(&["psti", "ApeKI"]), [(3, 6, 1), (10, 13, 1), (18, 22, 0)]);
}

#[test]
fn recognition_sites_are_palindromes() {
    for enzyme in ENZYMES {
        let complement = |base: &u8| match base {
            b'W' | b'N' => *base,
            base => crate::sequence::complement(*base),
        };
        let reversed: Vec<u8> = enzyme.site.iter().rev().map(complement).collect();
        assert_eq!(reversed, enzyme.site, "{}", enzyme.name);
    }
}

#[test]
fn gbs_reads_start_at_the_overhang_and_have_the_sizes_asked_for() {
    let digest = Digest { enzymes: vec![ENZYMES[0]], sizes: (100, 400), unevenness: 0.5 };
    let options = ReadOptions { read_length: 64, quality: perfect(), depth: 10.0, ..Default::default() };
    let pairs = reads(LibraryLayout::CutSites(digest), &genome(), options);
    assert!(pairs.len() > 300);
    for pair in &pairs {
        let overhang = &pair.first.sequence[..4];
        assert!(overhang == b"CAGC" || overhang == b"CTGC", "{}", pair.name);
        let (first, second) = (pair.truth.first.interval, pair.truth.second.unwrap().interval);
        let size = first.end().max(second.end()) - first.start().min(second.start());
        // Indels change the size on the reference.
        assert!((50..=450).contains(&size), "{size}");
    }
}

#[test]
fn two_enzymes_give_one_end_of_each() {
    let enzymes = vec![Enzyme::of_name("PstI").unwrap(), Enzyme::of_name("MspI").unwrap()];
    let digest = Digest { enzymes, sizes: (50, 600), unevenness: 0.0 };
    let options = ReadOptions { read_length: 50, quality: perfect(), depth: 5.0, ..Default::default() };
    let pairs = reads(LibraryLayout::CutSites(digest), &genome(), options);
    assert!(pairs.len() > 20);
    for pair in &pairs {
        assert!(pair.first.sequence.starts_with(b"TGCAG"), "{}", pair.name);
        let second = pair.second.as_ref().unwrap();
        assert!(second.sequence.starts_with(b"CGG"), "{}", pair.name);
    }
}

#[test]
fn amplicons_are_read_unevenly_at_their_places() {
    let genome = genome();
    let panel = AmpliconPanel::spread(&genome, 40, 200, 1).unwrap();
    assert!((37..=40).contains(&panel.amplicons.len()));
    let options = ReadOptions { read_length: 100, quality: perfect(), depth: 50.0, ..Default::default() };
    let count = panel.amplicons.len();
    let pairs = reads(LibraryLayout::Amplicons(panel.clone()), &genome, options);
    assert_eq!(pairs.len(), 50 * count);
    let mut depths: BTreeMap<(String, u64), f64> = BTreeMap::new();
    for pair in &pairs {
        let start = pair.truth.first.interval.start().min(pair.truth.second.unwrap().interval.start());
        let contig = genome.contigs.id(&pair.truth.contig).unwrap();
        assert!(
            panel
                .amplicons
                .iter()
                .any(|(at, interval)| *at == contig && interval.start().abs_diff(start) < 60)
        );
        *depths.entry((pair.truth.contig.clone(), start)).or_default() += 1.0;
    }
    let values: Vec<f64> = depths.into_values().collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let sd = (values.iter().map(|depth| (depth - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
    assert!((0.25..0.85).contains(&(sd / mean)), "{}", sd / mean);
}

#[test]
fn panels_that_do_not_fit_are_refused() {
    assert!(AmpliconPanel::spread(&genome(), 10_000, 200, 1).is_err());
}
