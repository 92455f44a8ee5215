//! Parentage of simulated flocks and crops, whose parents are known.

use landrace_genotypes::mendel::MendelRows;
use landrace_genotypes::plane::MISSING;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

/// Random numbers of tests.
pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn index(&mut self, length: usize) -> usize {
        (self.unit() * length as f64) as usize
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.unit(), self.unit());
        (-2.0 * a.ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos()
    }

    /// Gamma of a shape and scale 1 (Marsaglia and Tsang 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let u = 1.0 - self.unit();
            return self.gamma(shape + 1.0) * u.powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let x = self.normal();
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    pub(crate) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }
}

/// A simulated population.
struct Flock {
    random: Random,
    p: Vec<f64>,
    ploidy: u8,
}

impl Flock {
    fn new(seed: u64, markers: usize, ploidy: u8) -> Self {
        let mut random = Random::new(seed);
        let p = (0..markers).map(|_| 0.2 + 0.6 * random.unit()).collect();
        Self { random, p, ploidy }
    }

    fn founder(&mut self) -> Vec<u8> {
        let draw = |p: f64, random: &mut Random, n: u8| (0..n).map(|_| u8::from(random.unit() < p)).sum();
        (0..self.p.len()).map(|at| draw(self.p[at], &mut self.random, self.ploidy)).collect()
    }

    fn cross(&mut self, a: &[u8], b: &[u8]) -> Vec<u8> {
        let ploidy = self.ploidy;
        let mut gamete = |dosage: u8| {
            let (mut left, mut copies, mut out) = (dosage, ploidy, 0);
            for _ in 0..ploidy / 2 {
                if self.random.unit() * f64::from(copies) < f64::from(left) {
                    (left, out) = (left - 1, out + 1);
                }
                copies -= 1;
            }
            out
        };
        a.iter().zip(b).map(|(&a, &b)| gamete(a) + gamete(b)).collect()
    }

    /// What a laboratory reports: errors and missing calls.
    fn typed(&mut self, truth: &[u8], error: f64, missing: f64) -> Vec<u8> {
        let other = self.founder();
        let mut out = truth.to_vec();
        for (own, other) in out.iter_mut().zip(other) {
            if self.random.unit() < error {
                *own = other;
            }
            if self.random.unit() < missing {
                *own = MISSING;
            }
        }
        out
    }
}

/// Counts of a comparison with the truth.
#[derive(Debug, Default)]
struct Score {
    present: usize,
    assigned: usize,
    wrong: usize,
    stated: f64,
}

/// A study of offspring and candidates given by their calls; fathers alone, or one pool.
fn study(
    offspring: &[Vec<u8>],
    fathers: &[Vec<u8>],
    mothers: &[Vec<u8>],
    flock: &Flock,
) -> (Study, Genotypes) {
    let rows = |lists: &[&[Vec<u8>]]| {
        let mut rows = MendelRows::new(flock.ploidy, flock.p.len());
        lists.iter().flat_map(|list| list.iter()).for_each(|codes| rows.push(codes));
        rows
    };
    let sexes = [(fathers, Some(Sex::Male)), (mothers, Some(Sex::Female))];
    let has_sexes = !mothers.is_empty();
    let candidates = sexes.into_iter().flat_map(|(list, sex)| list.iter().map(move |_| sex)).enumerate();
    let candidates = candidates.map(|(index, sex)| Candidate {
        name: format!("c{index}"),
        sample: 1_000_000 + index,
        sex: sex.filter(|_| has_sexes),
        is_offered: true,
        ..Candidate::default()
    });
    let study = Study {
        offspring: (0..offspring.len())
            .map(|index| Offspring { name: format!("o{index}"), sample: index, ..Offspring::default() })
            .collect(),
        candidates: candidates.collect(),
        has_sexes,
    };
    let genotypes = Genotypes {
        offspring: rows(&[offspring]),
        candidates: rows(&[fathers, mothers]),
        frequencies: flock.p.clone(),
    };
    (study, genotypes)
}

fn score(found: &Assignments, role: usize, truth: &[Option<u32>]) -> Score {
    let mut out = Score::default();
    for (own, truth) in found.found.iter().zip(truth) {
        let finding = &own.roles[role];
        out.present += usize::from(truth.is_some());
        if finding.status == Status::Assigned {
            out.assigned += 1;
            out.wrong += usize::from(finding.best.map(|best| best.candidate) != *truth);
            out.stated += 1.0 - finding.confidence.unwrap();
        }
    }
    out
}

/// Lambs of sires of whom only the first `listed` are candidates; sires come in pairs of brothers if `brothers`.
fn flock_score(seed: u64, listed: usize, sires: usize, brothers: bool) -> (Score, f64) {
    let mut flock = Flock::new(seed, 84, 2);
    let mut truth_of_sires: Vec<Vec<u8>> = Vec::new();
    while truth_of_sires.len() < sires {
        if brothers {
            let (a, b) = (flock.founder(), flock.founder());
            truth_of_sires.push(flock.cross(&a, &b));
            let brother = flock.cross(&a, &b);
            truth_of_sires.push(brother);
        } else {
            let own = flock.founder();
            truth_of_sires.push(own);
        }
    }
    // Brothers are not beside each other in the list.
    for at in (1..sires).rev() {
        let other = flock.random.index(at + 1);
        truth_of_sires.swap(at, other);
    }
    let (mut lambs, mut truth) = (Vec::new(), Vec::new());
    for _ in 0..600 {
        let sire = flock.random.index(sires);
        let dam = flock.founder();
        let lamb = flock.cross(&truth_of_sires[sire].clone(), &dam);
        lambs.push(flock.typed(&lamb, 0.01, 0.02));
        truth.push((sire < listed).then_some(sire as u32));
    }
    let candidates: Vec<Vec<u8>> =
        truth_of_sires[..listed].iter().map(|own| flock.typed(own, 0.01, 0.02)).collect();
    // One dam typed, so that the sexes are told apart; she is nobody's mother.
    let dam = vec![flock.founder()];
    let (study, genotypes) = study(&lambs, &candidates, &dam, &flock);
    let found = assign(&study, &genotypes, &Options { simulations: 2000, ..Options::default() }).unwrap();
    (score(&found, 0, &truth), found.sampled[0])
}

#[test]
fn sires_of_lambs_are_found_and_the_error_is_kept() {
    let (own, sampled) = flock_score(1, 60, 60, false);
    assert!(own.assigned as f64 >= 0.97 * own.present as f64, "{own:?}");
    assert!(own.wrong as f64 <= 0.01 * own.assigned as f64 + 3.0, "{own:?}");
    assert!(sampled > 0.97, "{sampled}");
}

#[test]
fn sires_that_are_not_listed_are_not_replaced() {
    let (own, sampled) = flock_score(2, 30, 60, false);
    assert!(own.assigned as f64 >= 0.9 * own.present as f64, "{own:?}");
    assert!(own.wrong as f64 <= 0.01 * own.assigned as f64 + 3.0, "{own:?}");
    assert!((sampled - own.present as f64 / 600.0).abs() < 0.06, "{sampled} {own:?}");
    assert!(own.stated <= 0.015 * own.assigned as f64, "{own:?}");
}

#[test]
fn brothers_of_missing_sires_are_not_taken_for_them() {
    let (own, _) = flock_score(3, 30, 60, true);
    assert!(own.wrong as f64 <= 0.02 * own.assigned as f64 + 3.0, "{own:?}");
    assert!(own.assigned as f64 >= 0.4 * own.present as f64, "{own:?}");
}

/// Two parents of one pool of tetraploid plants.
#[test]
fn parents_of_tetraploids_come_from_one_pool() {
    let mut flock = Flock::new(5, 150, 4);
    let parents: Vec<Vec<u8>> = (0..20).map(|_| flock.founder()).collect();
    let mut plants = Vec::new();
    let mut truth = Vec::new();
    for at in 0..100 {
        let (a, b) = (at % 20, (at * 7 + 3) % 19);
        let b = if b == a { 19 } else { b };
        let plant = flock.cross(&parents[a].clone(), &parents[b].clone());
        plants.push(flock.typed(&plant, 0.01, 0.05));
        truth.push([a as u32, b as u32]);
    }
    let (study, genotypes) = study(&plants, &parents, &[], &flock);
    let found = assign(&study, &genotypes, &Options { simulations: 500, ..Options::default() }).unwrap();
    let mut right = 0;
    for (own, truth) in found.found.iter().zip(&truth) {
        let parents: Vec<u32> = own.roles.iter().filter_map(|role| Some(role.best?.candidate)).collect();
        right += usize::from(truth.iter().all(|parent| parents.contains(parent)));
    }
    assert!(right >= 97, "{right}");
}

#[test]
fn selfs_are_told_from_crosses() {
    let mut flock = Flock::new(6, 200, 2);
    let parents: Vec<Vec<u8>> = (0..15).map(|_| flock.founder()).collect();
    let mut plants = Vec::new();
    for at in 0..30 {
        let other = if at < 15 { at } else { (at + 4) % 15 };
        plants.push(flock.cross(&parents[at % 15].clone(), &parents[other].clone()));
    }
    let (study, genotypes) = study(&plants, &parents, &[], &flock);
    let options = Options { selfing: 0.2, simulations: 500, ..Options::default() };
    let found = assign(&study, &genotypes, &options).unwrap();
    for (at, own) in found.found.iter().enumerate() {
        let pair = [0, 1].map(|role| own.roles[role].best.unwrap().candidate as usize);
        assert_eq!(pair[0] == pair[1], at < 15, "{at}: {pair:?}");
        assert!(pair.contains(&(at % 15)));
    }
}

#[test]
fn lines_may_lack_what_one_parent_had() {
    let mut flock = Flock::new(8, 300, 2);
    let inbred = |flock: &mut Flock| -> Vec<u8> {
        flock.founder().iter().map(|&c| if c == 0 { 0 } else { 2 }).collect()
    };
    let parents: Vec<Vec<u8>> = (0..12).map(|_| inbred(&mut flock)).collect();
    let mut lines = Vec::new();
    for at in 0..24 {
        let (a, b) = (parents[at % 12].clone(), parents[(at + 5) % 12].clone());
        lines.push(a.iter().zip(&b).map(|(&a, &b)| if flock.random.unit() < 0.5 { a } else { b }).collect());
    }
    flock.p = flock.p.iter().map(|p| 1.0 - (1.0 - p) * (1.0 - p)).collect();
    let (study, genotypes) = study(&lines, &parents, &[], &flock);
    let options = Options { selfings: f64::INFINITY, simulations: 300, ..Options::default() };
    let found = assign(&study, &genotypes, &options).unwrap();
    for (at, own) in found.found.iter().enumerate() {
        let pair = [0, 1].map(|role| own.roles[role].best.unwrap().candidate as usize);
        assert!(pair.contains(&(at % 12)) && pair.contains(&((at + 5) % 12)), "{at}: {pair:?}");
        assert_eq!(own.pair.unwrap().0.mismatches, 0);
    }
}

#[test]
fn declared_parents_are_confirmed_or_excluded() {
    let mut flock = Flock::new(9, 200, 2);
    let fathers: Vec<Vec<u8>> = (0..12).map(|_| flock.founder()).collect();
    let mothers: Vec<Vec<u8>> = (0..12).map(|_| flock.founder()).collect();
    let own = flock.cross(&fathers[2].clone(), &mothers[3].clone());
    let (mut study, genotypes) =
        study(&[own.clone(), own.clone(), own, vec![MISSING; 200]], &fathers, &mothers, &flock);
    let candidate = |at: u32| Some(Given::Candidate(at));
    study.offspring[0].given = [candidate(2), candidate(12 + 3)];
    study.offspring[1].given = [candidate(5), candidate(12 + 3)];
    study.offspring[2].given = [Some(Given::WithoutGenotypes("lost".into())), None];
    study.offspring[3].given = [candidate(2), None];
    let found = assign(&study, &genotypes, &Options::default()).unwrap().found;
    let verdict = |at: usize, role: usize| found[at].roles[role].given.map(|given| given.0);
    assert_eq!([verdict(0, 0), verdict(0, 1)], [Some(Verdict::Confirmed); 2]);
    assert_eq!(found[0].given_pair.unwrap().0, Verdict::Confirmed);
    assert_eq!([verdict(1, 0), verdict(1, 1)], [Some(Verdict::Excluded), Some(Verdict::Confirmed)]);
    assert_eq!(found[1].roles[0].best.unwrap().candidate, 2);
    assert_eq!(found[1].roles[0].status, Status::Assigned);
    assert_eq!((verdict(2, 0), verdict(3, 0)), (Some(Verdict::NotTestable), Some(Verdict::NotTestable)));
    assert_eq!(found[3].roles[0].status, Status::NotTestable);
}

#[test]
fn one_genotype_twice_is_a_tie() {
    let mut flock = Flock::new(10, 150, 2);
    let mut fathers: Vec<Vec<u8>> = (0..12).map(|_| flock.founder()).collect();
    fathers.push(fathers[4].clone());
    let mothers = vec![flock.founder()];
    let lambs: Vec<Vec<u8>> = (0..8)
        .map(|at| {
            let dam = flock.founder();
            flock.cross(&fathers[at].clone(), &dam)
        })
        .collect();
    let (study, genotypes) = study(&lambs, &fathers, &mothers, &flock);
    let found = assign(&study, &genotypes, &Options::default()).unwrap().found;
    assert_eq!(found[4].roles[0].status, Status::Tie);
    assert_eq!(write::named(&study, &found[4].roles[0]), ["c4", "c12"]);
    assert_eq!(found[3].roles[0].status, Status::Assigned);
}
