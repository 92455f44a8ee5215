//! From genotypes to parents: declared parents are checked, candidates weighed, and the odds calibrated.

use landrace_genotypes::GenotypeError;
use landrace_genotypes::mendel::{MendelCounts, MendelRows};
use landrace_genotypes::plane::MISSING;
use rayon::prelude::*;

use super::confidence::{Calibration, Crosses, Draws, Trial};
use super::inherit::{Inheritance, Scores};
use super::pedigree::Sex;
use super::score::{Choice, Evidence, Prior, Scorer, Search, Task};
use super::verify::Check;
use super::{
    Finding, Found, Genotypes, Given, Match, Offspring, Options, ROLES, Status, Study, Verdict, request,
};

/// Another candidate that is so much likelier (natural logarithm: a hundred times) casts doubt on a declared parent.
const LIKELIER: f64 = 4.605;
/// Chance that a declared parent is right that the genotypes do not contradict.
const GIVEN: f64 = 0.98;
/// Candidates of a role from which on a true parent that was not sampled is simulated by leaving one out.
const ENOUGH: usize = 10;

/// What was found, and how.
#[derive(Clone, Debug)]
pub struct Assignments {
    /// Of each offspring, in the study's order.
    pub found: Vec<Found>,
    /// Shares of true parents among the candidates, by role; estimated unless given.
    pub sampled: [f64; ROLES],
    /// What odds are worth, by role, and by whether the other parent was known: `[role][known]`.
    pub calibrations: [[Calibration; 2]; ROLES],
    /// Comparisons left out for sex, for age, for group, and of an individual with itself.
    pub impossible: Impossible,
    /// Mismatches found and expected by error, of those assigned: together they tell whether the error rate is right.
    pub mismatches: [f64; 2],
}

/// Comparisons that were not made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impossible {
    /// Of the wrong sex.
    pub sex: u64,
    /// Too young.
    pub age: u64,
    /// In another group than asked for.
    pub group: u64,
    /// With itself.
    pub itself: u64,
}

impl std::ops::AddAssign for Impossible {
    fn add_assign(&mut self, other: Self) {
        self.sex += other.sex;
        self.age += other.age;
        self.group += other.group;
        self.itself += other.itself;
    }
}

/// All that is shared between offspring.
struct Analysis<'a> {
    study: &'a Study,
    genotypes: &'a Genotypes,
    options: &'a Options,
    inheritance: &'a Inheritance,
    scores: &'a Scores,
}

/// A declared parent as found.
type GivenFinding = Option<(Verdict, Option<Match>)>;

/// What is known of an offspring before its candidates are ranked.
struct Prepared {
    given: [GivenFinding; ROLES],
    given_pair: Option<(Verdict, MendelCounts)>,
    searches: [Search; ROLES],
    is_pool: bool,
    is_testable: bool,
    evidence: Evidence,
    impossible: Impossible,
}

/// Finds the parents of every offspring.
///
/// # Errors
/// Returns an error if lines that were selfed down are asked for at a higher ploidy, or if there is nothing to do.
pub fn assign(study: &Study, genotypes: &Genotypes, options: &Options) -> Result<Assignments, GenotypeError> {
    let ploidy = genotypes.offspring.ploidy();
    if options.selfings > 0.0 && ploidy != 2 {
        return Err(request(format!(
            "selfed generations are known for diploids, and the individuals have ploidy {ploidy}; leave out --generation"
        )));
    }
    if study.offspring.is_empty() {
        return Err(request("no individual is left whose parents could be looked for; name them".to_owned()));
    }
    let inheritance = Inheritance::new(ploidy, options.selfings, options.error);
    let scores = inheritance.scores(&genotypes.frequencies);
    let analysis = Analysis { study, genotypes, options, inheritance: &inheritance, scores: &scores };
    let prepared: Vec<Prepared> = (0..study.offspring.len())
        .into_par_iter()
        .map_init(Scratch::default, |scratch, index| analysis.prepare(index, scratch))
        .collect();
    let prior = analysis.prior(&prepared);
    let calibrations = analysis.calibrate(&prepared, &prior);
    let found: Vec<Found> = prepared
        .par_iter()
        .enumerate()
        .map(|(index, own)| analysis.conclude(index, own, &prior, &calibrations))
        .collect();
    let mut impossible = Impossible::default();
    prepared.iter().for_each(|own| impossible += own.impossible);
    let mismatches = analysis.mismatches(&found);
    Ok(Assignments { found, sampled: prior.sampled, calibrations, impossible, mismatches })
}

/// What a thread needs again and again.
#[derive(Default)]
struct Scratch {
    counts: Vec<MendelCounts>,
    table: Vec<f32>,
}

impl Analysis<'_> {
    fn check(&self) -> Check<'_> {
        Check {
            genotypes: self.genotypes,
            scores: self.scores,
            inheritance: self.inheritance,
            options: self.options,
        }
    }

    /// Candidates that may have a role.
    fn eligible(&self, offspring: &Offspring, role: usize, impossible: &mut Impossible) -> Vec<u32> {
        let wrong = if role == 0 { Sex::Female } else { Sex::Male };
        let mut out = Vec::new();
        for (index, candidate) in (0u32..).zip(&self.study.candidates) {
            if !candidate.is_offered {
                continue;
            }
            let is_too_young = || {
                candidate
                    .birth
                    .zip(offspring.birth)
                    .is_some_and(|(parent, child)| parent.is_too_young(child, self.options.min_age))
            };
            if candidate.sample == offspring.sample {
                impossible.itself += 1;
            } else if self.study.has_sexes && candidate.sex == Some(wrong) {
                impossible.sex += 1;
            } else if offspring.wanted_groups[role].is_some()
                && candidate.group != offspring.wanted_groups[role]
            {
                impossible.group += 1;
            } else if is_too_young() {
                impossible.age += 1;
            } else {
                out.push(index);
            }
        }
        out
    }

    fn single(&self, offspring: usize, candidate: u32, table: &[f32]) -> Match {
        let counts = self.genotypes.offspring.pair(offspring, &self.genotypes.candidates, candidate as usize);
        let lod = self.scores.single(table, self.genotypes.candidates.codes(candidate as usize));
        Match { candidate, counts, lod }
    }

    fn prepare(&self, index: usize, scratch: &mut Scratch) -> Prepared {
        let offspring = &self.study.offspring[index];
        let codes = self.genotypes.offspring.codes(index);
        let is_testable = self.genotypes.offspring.called(index) >= self.options.min_markers;
        self.scores.single_table(codes, &mut scratch.table);
        self.genotypes.offspring.compare(index, &self.genotypes.candidates, &mut scratch.counts);
        let mut impossible = Impossible::default();
        let mut searches = [0, 1].map(|role| Search {
            candidates: if role == 1 && !self.study.has_sexes && offspring.wanted_groups[1].is_none() {
                Vec::new()
            } else {
                self.eligible(offspring, role, &mut impossible)
            },
            is_given: false,
        });
        if !self.study.has_sexes && offspring.wanted_groups[1].is_none() {
            searches[1] = searches[0].clone();
        }
        let mut given = [0, 1].map(|role| self.judge(index, role, &scratch.table));
        let mut given_pair = None;
        let fits = |own: &GivenFinding| match own {
            Some((Verdict::Confirmed, Some(own))) => Some(own.candidate),
            _ => None,
        };
        if let (Some(father), Some(mother)) = (fits(&given[0]), fits(&given[1])) {
            given_pair = Some(self.check().pair(index, [father, mother]));
        }
        let do_not_fit = given_pair.is_some_and(|pair| pair.0 == Verdict::Excluded);
        for role in 0..ROLES {
            let Some(parent) = fits(&given[role]) else { continue };
            let best = searches[role]
                .candidates
                .iter()
                .filter(|&&other| scratch.counts[other as usize].compared >= self.options.min_markers)
                .map(|&other| {
                    self.scores.single(&scratch.table, self.genotypes.candidates.codes(other as usize))
                })
                .fold(f64::NEG_INFINITY, f64::max);
            if let Some((verdict, Some(own))) = &mut given[role]
                && best - own.lod > LIKELIER
            {
                *verdict = Verdict::Unlikely;
            } else if !do_not_fit {
                searches[role] = Search { candidates: vec![parent], is_given: true };
            }
        }
        let is_pool = !self.study.has_sexes
            && searches.iter().all(|search| !search.is_given)
            && offspring.wanted_groups[0] == offspring.wanted_groups[1];
        let task = Task { codes, counts: &scratch.counts, searches: searches.clone(), is_pool };
        let evidence =
            if is_testable { self.scorer().weigh(&task, &mut scratch.table) } else { Evidence::default() };
        Prepared { given, given_pair, searches, is_pool, is_testable, evidence, impossible }
    }

    fn scorer(&self) -> Scorer<'_> {
        Scorer {
            scores: self.scores,
            genotypes: &self.genotypes.candidates,
            selfing: self.options.selfing > 0.0,
        }
    }

    /// What the genotypes say of a declared parent.
    fn judge(&self, offspring: usize, role: usize, table: &[f32]) -> GivenFinding {
        Some(match self.study.offspring[offspring].given[role].as_ref()? {
            Given::WithoutGenotypes(_) => (Verdict::NotTestable, None),
            Given::Candidate(candidate) => {
                let own = self.single(offspring, *candidate, table);
                (self.check().single(offspring, &own), Some(own))
            }
        })
    }

    /// The shares of true parents among the candidates: those given, or the likeliest by expectation and maximisation.
    fn prior(&self, prepared: &[Prepared]) -> Prior {
        let sampled = self.options.sampled.map(|share| share.unwrap_or(0.5));
        let mut prior = Prior { sampled, given: GIVEN, selfing: self.options.selfing };
        for _ in 0..50 {
            let expected: Vec<[Option<f64>; ROLES]> =
                prepared.par_iter().map(|own| own.evidence.expected_sampled(&prior)).collect();
            let before = prior.sampled;
            for role in 0..ROLES {
                if self.options.sampled[role].is_some() {
                    continue;
                }
                let known: Vec<f64> = expected.iter().filter_map(|own| own[role]).collect();
                if !known.is_empty() {
                    prior.sampled[role] = (known.iter().sum::<f64>() + 0.5) / (known.len() as f64 + 1.0);
                }
            }
            if (0..ROLES).all(|role| (before[role] - prior.sampled[role]).abs() < 1e-4) {
                break;
            }
        }
        prior
    }

    /// Whether two candidates are one genotype, as far as errors tell.
    fn are_twins(&self, first: u32, second: u32) -> bool {
        if first == second {
            return true;
        }
        let [a, b] = [first, second].map(|at| self.genotypes.candidates.codes(at as usize));
        let (mut compared, mut different) = (0u32, 0u32);
        for (&a, &b) in a.iter().zip(b).filter(|(a, b)| **a != MISSING && **b != MISSING) {
            compared += 1;
            different += u32::from(a != b);
        }
        let rate = 2.0 * self.options.error;
        let most = rate + 3.0 * (rate * (1.0 - rate) / f64::from(compared.max(1))).sqrt();
        compared >= self.options.min_markers && f64::from(different) <= most * f64::from(compared)
    }

    fn calibrate(&self, prepared: &[Prepared], prior: &Prior) -> [[Calibration; 2]; ROLES] {
        let templates: Vec<usize> = (0..prepared.len())
            .filter(|&at| {
                let own = &prepared[at];
                own.is_testable && own.searches.iter().any(|s| !s.is_given && !s.candidates.is_empty())
            })
            .collect();
        if templates.is_empty() {
            return Default::default();
        }
        let p = &self.genotypes.frequencies;
        let crosses = Crosses {
            inheritance: self.inheritance,
            base: p.iter().map(|&p| self.inheritance.base(p)).collect(),
            behind: p.iter().map(|&p| self.inheritance.behind(&self.inheritance.base(p))).collect(),
            gametes: p.iter().map(|&p| self.inheritance.unknown_gamete(p)).collect(),
        };
        let trials: Vec<[Option<(usize, Trial)>; ROLES]> = (0..self.options.simulations)
            .into_par_iter()
            .map_init(Scratch::default, |scratch, index| {
                let template = templates[index % templates.len()];
                let mut draws = Draws::new(self.options.seed, index as u64);
                self.simulate((template, &prepared[template]), prior, &crosses, (&mut draws, scratch))
            })
            .collect();
        [0, 1].map(|role| {
            [0, 1].map(|known| {
                let own = trials.iter().filter_map(|trial| trial[role]);
                let own = own.filter(|(stratum, _)| *stratum == known).map(|(_, trial)| trial);
                Calibration::learn(own.collect(), self.options.levels)
            })
        })
    }

    /// One simulated offspring, assigned: for each role searched, whether the other parent is known, and the outcome.
    fn simulate(
        &self,
        (template, own): (usize, &Prepared),
        prior: &Prior,
        crosses: &Crosses<'_>,
        (draws, scratch): (&mut Draws, &mut Scratch),
    ) -> [Option<(usize, Trial)>; ROLES] {
        let mut searches = own.searches.clone();
        let mut truth = [None; ROLES];
        let mut parents: [Option<Vec<u8>>; ROLES] = [None, None];
        let is_selfed = own.is_pool && draws.unit() < prior.selfing;
        for role in 0..ROLES {
            let search = &own.searches[role];
            if role == 1 && is_selfed {
                (truth[1], parents[1]) = (truth[0], parents[0].clone());
                continue;
            }
            if search.candidates.is_empty() {
                continue;
            }
            let mut picked = search.candidates[draws.index(search.candidates.len())];
            while own.is_pool && role == 1 && truth[0] == Some(picked) && search.candidates.len() > 1 {
                picked = search.candidates[draws.index(search.candidates.len())];
            }
            let is_sampled = search.is_given || draws.unit() < prior.sampled[role];
            if is_sampled || search.candidates.len() >= ENOUGH {
                let codes = self.genotypes.candidates.codes(picked as usize);
                parents[role] = Some(crosses.parent(Some(codes), draws));
            } else {
                parents[role] = Some(crosses.parent(None, draws));
            }
            if is_sampled {
                truth[role] = Some(picked);
            } else if search.candidates.len() >= ENOUGH {
                let lists = if own.is_pool { 0..ROLES } else { role..role + 1 };
                searches[lists]
                    .iter_mut()
                    .for_each(|search| search.candidates.retain(|&other| other != picked));
            }
        }
        let pattern = self.genotypes.offspring.codes(template);
        let codes = crosses.offspring([parents[0].as_deref(), parents[1].as_deref()], pattern, draws);
        let mut row = MendelRows::new(self.genotypes.offspring.ploidy(), codes.len());
        row.push(&codes);
        row.compare(0, &self.genotypes.candidates, &mut scratch.counts);
        let task = Task { codes: &codes, counts: &scratch.counts, searches, is_pool: own.is_pool };
        let chosen = self.scorer().weigh(&task, &mut scratch.table).choose(prior);
        [0, 1].map(|role| {
            if task.searches[role].is_given {
                return None;
            }
            let choice = chosen[role]?;
            let is = |truth: Option<u32>| truth.is_some_and(|truth| self.are_twins(truth, choice.candidate));
            let is_right = if own.is_pool {
                let is_second_time =
                    role == 1 && chosen[0].is_some_and(|first| first.candidate == choice.candidate);
                if is_second_time {
                    truth[0] == truth[1] && is(truth[0])
                } else {
                    is(truth[0]) || is(truth[1])
                }
            } else {
                is(truth[role])
            };
            let known = usize::from(task.searches[1 - role].is_given);
            Some((known, Trial { log_odds: choice.log_odds, is_right }))
        })
    }

    fn conclude(
        &self,
        index: usize,
        own: &Prepared,
        prior: &Prior,
        calibrations: &[[Calibration; 2]; ROLES],
    ) -> Found {
        let mut table = Vec::new();
        self.scores.single_table(self.genotypes.offspring.codes(index), &mut table);
        let chosen = if own.is_testable { own.evidence.choose(prior) } else { [None; ROLES] };
        let roles = [0, 1].map(|role| {
            let calibration = &calibrations[role][usize::from(own.searches[1 - role].is_given)];
            let mut finding = Finding {
                given: own.given[role],
                status: Status::NotTestable,
                best: chosen[role].map(|choice| self.single(index, choice.candidate, &table)),
                second: chosen[role].and_then(|c| c.second).map(|second| self.single(index, second, &table)),
                delta: chosen[role].and_then(|choice| choice.delta),
                confidence: None,
                eligible: if own.searches[role].is_given { 0 } else { own.searches[role].candidates.len() },
            };
            if own.searches[role].is_given {
                finding.status = Status::Confirmed;
                (finding.second, finding.delta) = (None, None);
                finding.best = own.given[role].and_then(|given| given.1);
                return finding;
            }
            if own.searches[role].candidates.is_empty() {
                finding.status = Status::NoCandidates;
                return finding;
            }
            let Some(choice) = chosen[role] else {
                if own.is_testable {
                    finding.status = Status::Nobody;
                }
                return finding;
            };
            let confidence = calibration.confidence(choice.log_odds);
            finding.confidence = (calibration.trials > 0).then_some(confidence);
            finding.status = self.status(&choice, calibration);
            finding
        });
        let fits = |role: usize| roles[role].best.filter(|_| roles[role].status.is_named());
        let pair = fits(0).zip(fits(1)).map(|(father, mother)| {
            let parents = [father.candidate, mother.candidate];
            let codes = parents.map(|at| self.genotypes.candidates.codes(at as usize));
            let lod = self.scores.pair(self.genotypes.offspring.codes(index), codes[0], codes[1]);
            (self.check().count_pair(index, parents), lod)
        });
        Found { called: self.genotypes.offspring.called(index), roles, pair, given_pair: own.given_pair }
    }

    fn status(&self, choice: &Choice, calibration: &Calibration) -> Status {
        let reaches =
            |odds: f64, level: usize| calibration.levels[level].is_some_and(|own| odds >= own.least);
        let twin = choice.second.filter(|&second| self.are_twins(choice.candidate, second));
        if reaches(choice.log_odds, 0) {
            Status::Assigned
        } else if twin.is_some() && reaches(choice.either, 1) {
            Status::Tie
        } else if reaches(choice.log_odds, 1) {
            Status::Probable
        } else if choice.nobody > 0.5 {
            Status::Nobody
        } else {
            Status::Unresolved
        }
    }

    /// Mismatches of the parents named, and as many as errors make.
    fn mismatches(&self, found: &[Found]) -> [f64; 2] {
        let mean = |kind: usize| {
            self.scores.stray.iter().map(|own| own[kind]).sum::<f64>() / self.scores.stray.len().max(1) as f64
        };
        let per_marker = mean(0);
        let named = found.iter().flat_map(|own| &own.roles).filter(|role| role.status.is_named());
        named.filter_map(|role| role.best).fold([0.0, 0.0], |[seen, expected], own| {
            [seen + f64::from(own.counts.mismatches), expected + f64::from(own.counts.compared) * per_marker]
        })
    }
}
