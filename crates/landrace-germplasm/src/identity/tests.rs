//! Simulated laboratories: what is named must be right as often as the probabilities say.

use std::collections::HashMap;
use std::sync::Arc;

use landrace_genome::Position;
use landrace_genotypes::block::{CallGroup, GenotypeBlock, Layers, Site};
use landrace_genotypes::plane::{BitPlanes, MISSING as NO_CALL};
use landrace_genotypes::{GenotypeError, GenotypeMatrix, GenotypeSource, SourceHeader};
use proptest::prelude::*;

use super::table::Verdict;
use super::{Identified, Library, SearchOptions, identify};

/// A stream of random numbers (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    pub(crate) fn is(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }
}

const CHROMOSOMES: usize = 10;

/// A gamete of two haplotypes; markers of one chromosome are linked.
fn gamete(random: &mut Random, parents: [&[u8]; 2]) -> Vec<u8> {
    let markers = parents[0].len();
    let length = markers.div_ceil(CHROMOSOMES);
    let mut own = 0;
    (0..markers)
        .map(|marker| {
            let chance = if marker % length == 0 { 0.5 } else { 0.12 };
            own = if random.is(chance) { 1 - own } else { own };
            parents[own][marker]
        })
        .collect()
}

pub(crate) type Plant = [Vec<u8>; 2];

pub(crate) fn cross(random: &mut Random, a: &Plant, b: &Plant) -> Plant {
    [gamete(random, [&a[0], &a[1]]), gamete(random, [&b[0], &b[1]])]
}

/// Selfs until nearly fixed.
pub(crate) fn fix(random: &mut Random, plant: &Plant) -> Plant {
    (0..8).fold(plant.clone(), |own, _| cross(random, &own, &own))
}

pub(crate) fn founders(random: &mut Random, count: usize, markers: usize, is_inbred: bool) -> Vec<Plant> {
    let frequencies: Vec<f64> = (0..markers).map(|_| 0.1 + 0.8 * random.unit()).collect();
    (0..count)
        .map(|_| {
            let mut haplotype = || frequencies.iter().map(|&p| u8::from(random.is(p))).collect::<Vec<u8>>();
            let first = haplotype();
            let second = if is_inbred { first.clone() } else { haplotype() };
            [first, second]
        })
        .collect()
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Outbred,
    SisterLines,
    Families,
}

fn population(random: &mut Random, kind: Kind, size: usize, markers: usize) -> Vec<Plant> {
    let family = |random: &mut Random, parents: &[Plant], out: &mut Vec<Plant>| {
        let (a, b) = (random.below(parents.len()), random.below(parents.len()));
        for _ in 0..5 {
            let first = cross(random, &parents[a], &parents[b]);
            out.push(match kind {
                Kind::SisterLines => fix(random, &first),
                _ => first,
            });
        }
    };
    let is_inbred = matches!(kind, Kind::SisterLines);
    let mut out = match kind {
        Kind::Outbred => founders(random, size, markers, false),
        _ => founders(random, size / 3, markers, is_inbred),
    };
    let parents = out.clone();
    while out.len() < size {
        family(random, &parents, &mut out);
    }
    out
}

/// A laboratory's calls: any other genotype at the rate `error`, some missing.
pub(crate) fn called(random: &mut Random, plant: &Plant, error: f64, missing: f64) -> Vec<u8> {
    let call = |(a, b): (&u8, &u8)| match a + b {
        _ if random.is(missing) => NO_CALL,
        dosage if random.is(error) => (dosage + 1 + u8::from(random.is(0.5))) % 3,
        dosage => dosage,
    };
    plant[0].iter().zip(&plant[1]).map(call).collect()
}

pub(crate) fn matrix(
    samples: &[(String, Vec<u8>)],
    ploidy: u8,
    site: impl Fn(usize) -> Site,
) -> GenotypeMatrix {
    let markers = samples.first().map_or(0, |own| own.1.len());
    let mut calls = BitPlanes::new(ploidy, samples.len());
    for marker in 0..markers {
        calls.push_row(&samples.iter().map(|own| own.1[marker]).collect::<Vec<u8>>());
    }
    let block = GenotypeBlock {
        contig: "1".into(),
        samples: samples.len(),
        sites: (0..markers).map(site).collect(),
        groups: vec![CallGroup { samples: (0..samples.len()).collect(), calls }],
        layers: Layers::default(),
    };
    let names: Arc<[String]> = samples.iter().map(|own| own.0.clone()).collect();
    GenotypeMatrix::from_blocks(SourceHeader { samples: names, ..SourceHeader::default() }, vec![block])
}

pub(crate) fn site(marker: usize) -> Site {
    Site {
        position: Position::new(1000 * (marker as u64 + 1)),
        id: format!("m{marker}").into(),
        reference: "A".into(),
        alternates: vec!["G".into()],
        ..Site::default()
    }
}

fn search(
    queries: &[(String, Vec<u8>)],
    library: &[(String, Vec<u8>)],
    options: &SearchOptions,
) -> Result<Identified, GenotypeError> {
    let library = Arc::new(matrix(library, 2, site));
    let reopen = || Ok(Box::new(library.source()) as Box<dyn GenotypeSource>);
    let mut source = library.source();
    let held = Library { source: &mut source, reopen: &reopen, varieties: None };
    identify(matrix(queries, 2, site), held, &[], options)
}

/// What came of queries whose variety is known.
#[derive(Debug, Default)]
struct Score {
    present: f64,
    answered: f64,
    right: f64,
    absent: f64,
    absent_named: f64,
    /// Stated probability, and whether it was right, of the best variety of each query.
    stated: Vec<(f64, bool)>,
}

struct Lab {
    kind: Kind,
    seed: u64,
    varieties: usize,
    queries: usize,
}

fn run(lab: &Lab, options: &SearchOptions) -> (Score, f64) {
    let mut random = Random(lab.seed);
    let absent = lab.queries / 10;
    let mut plants = population(&mut random, lab.kind, lab.varieties + absent, 96);
    // Those that are absent are like the others.
    for place in (1..plants.len()).rev() {
        let other = random.below(place + 1);
        plants.swap(place, other);
    }
    let out = plants.split_off(lab.varieties);
    let error = 0.02;
    let library: Vec<(String, Vec<u8>)> = plants
        .iter()
        .enumerate()
        .map(|(place, plant)| (format!("V{place}"), called(&mut random, plant, error, 0.02)))
        .collect();
    let mut truth = HashMap::new();
    let mut queries = Vec::new();
    for query in 0..lab.queries {
        let name = format!("Q{query}");
        let plant = out.get(query).filter(|_| query < absent).unwrap_or_else(|| {
            let variety = random.below(plants.len());
            truth.insert(name.clone(), format!("V{variety}"));
            &plants[variety]
        });
        queries.push((name, called(&mut random, plant, error, 0.03)));
    }
    let found = search(&queries, &library, options).unwrap();
    let mut score = Score::default();
    for (query, answer) in found.queries.iter().zip(&found.answers) {
        let is_named = matches!(answer.verdict, Verdict::Identified | Verdict::OneOf);
        let named: Vec<&str> = answer.named.iter().map(|&variety| found.variety(variety)).collect();
        let known = truth.get(query).map(String::as_str);
        let is_right = known.is_some_and(|known| named.contains(&known));
        match known {
            Some(_) => {
                score.present += 1.0;
                score.answered += f64::from(u8::from(is_named));
            }
            None => {
                score.absent += 1.0;
                score.absent_named += f64::from(u8::from(is_named));
            }
        }
        score.right += f64::from(u8::from(is_right));
        let best = answer.best().unwrap();
        score.stated.push((best.posterior, Some(found.variety(best.variety)) == known));
    }
    (score, found.error)
}

/// Of 600 varieties and 300 queries each, a tenth absent, two calls in a hundred wrong on both sides.
#[test]
fn names_are_right_and_strangers_are_not_named() {
    for (kind, least) in [(Kind::Outbred, 0.95), (Kind::Families, 0.95), (Kind::SisterLines, 0.85)] {
        let (score, error) =
            run(&Lab { kind, seed: 5, varieties: 600, queries: 300 }, &SearchOptions::default());
        let named = score.answered + score.absent_named;
        assert!((0.01..0.04).contains(&error), "{kind:?}: {error}");
        assert!(score.answered >= least * score.present, "{kind:?}: {} answered", score.answered);
        assert!(score.right >= 0.985 * named, "{kind:?}: {} right of {named}", score.right);
        assert!(score.absent_named <= 0.01 * score.absent, "{kind:?}: {} named", score.absent_named);
        let sure: Vec<_> = score.stated.iter().filter(|own| own.0 >= 0.99).collect();
        assert!(sure.iter().filter(|own| own.1).count() as f64 >= 0.985 * sure.len() as f64, "{kind:?}");
    }
}

fn small_library() -> Vec<(String, Vec<u8>)> {
    let mut random = Random(9);
    let plants = founders(&mut random, 12, 40, true);
    plants.iter().zip(0..).map(|(p, i)| (format!("V{i}"), called(&mut random, p, 0.01, 0.05))).collect()
}

#[test]
fn bad_input_is_refused_or_said() {
    let mut library = small_library();
    let empty = vec![("empty".to_owned(), vec![NO_CALL; 40])];
    let found = search(&empty, &library, &SearchOptions::default()).unwrap();
    assert_eq!(found.answers[0].verdict, Verdict::NoCalls);
    let one = search(&library[..1], &library[..1], &SearchOptions::default()).unwrap();
    assert_eq!(one.answers.len(), 1);
    library[1].0 = "V0".to_owned();
    let twice = search(&empty, &library, &SearchOptions::default()).unwrap_err().to_string();
    assert!(twice.contains("samples 1 and 2 of the library are both named 'V0'"), "{twice}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn posteriors_sum_to_one_in_any_order(seed in any::<u64>(), is_streamed in any::<bool>()) {
        let library = small_library();
        let mut random = Random(seed);
        let plant = founders(&mut random, 1, 40, true).remove(0);
        let mut other = library[random.below(12)].1.clone();
        other[3] = NO_CALL;
        let queries = vec![
            ("a".to_owned(), other),
            ("b".to_owned(), called(&mut random, &plant, 0.02, 0.1)),
        ];
        let held_calls = is_streamed.then_some(1);
        let options = SearchOptions { error: Some(0.02), held_calls, ..SearchOptions::default() };
        let found = search(&queries, &library, &options).unwrap();
        let mut turned = library.clone();
        turned.reverse();
        let again = search(&queries, &turned, &options).unwrap();
        for (one, two) in found.answers.iter().zip(&again.answers) {
            let all: f64 = one.matches.iter().map(|own| own.posterior).sum();
            prop_assert!((all + one.none + one.mixed - 1.0).abs() < 1e-6);
            prop_assert_eq!(one.verdict, two.verdict);
            let (first, second) = (one.best().unwrap(), two.best().unwrap());
            prop_assert!((first.posterior - second.posterior).abs() < 1e-6);
        }
    }
}
