//! Parentage from low-depth read counts (Dodds et al. 2019, G3 9:3239): depth-adjusted relatedness, and the mismatches
//! in excess of those that heterozygotes make of which one allele alone was read.
//!
//! Genotypes are what the reads show: both alleles, or one. A heterozygote of depth d shows one given allele alone
//! with the chance (1/2)^d. The mismatches expected of true parents follow by adding up all true genotypes, given what
//! the offspring shows.

use landrace_genotypes::block::{GenotypeBlock, Ragged};
use landrace_genotypes::relationship::SampleMatrix;
use landrace_genotypes::{GenotypeError, GenotypeSource, for_each_block};

use super::{Given, ROLES, Study, request};

/// Thresholds of parentage from reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadRules {
    /// Relatedness of parent and offspring, above this.
    pub min_relatedness: f64,
    /// Excess mismatch rate of one parent, below this.
    pub max_excess: f64,
    /// Excess mismatch rate of both parents together, below this.
    pub max_pair_excess: f64,
    /// Difference in relatedness below which two candidates are not told apart.
    pub min_difference: f64,
    /// Variants with reads of all that must be there.
    pub min_markers: u64,
}

impl Default for ReadRules {
    fn default() -> Self {
        Self {
            min_relatedness: 0.4,
            max_excess: 0.01,
            max_pair_excess: 0.02,
            min_difference: 0.05,
            min_markers: 10,
        }
    }
}

/// Mismatches of an offspring with one parent, or with two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mismatch {
    /// Variants with reads of all.
    pub compared: u64,
    /// Mismatches.
    pub seen: u64,
    /// Mismatches expected of true parents.
    pub expected: f64,
}

impl Mismatch {
    /// Rate of mismatches in excess of the expected; `None` without variants to compare.
    pub fn excess(&self) -> Option<f64> {
        (self.compared > 0).then(|| (self.seen as f64 - self.expected) / self.compared as f64)
    }

    /// Rate of mismatches.
    pub fn rate(&self) -> Option<f64> {
        (self.compared > 0).then(|| self.seen as f64 / self.compared as f64)
    }
}

/// A parent by its reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadMatch {
    /// The candidate.
    pub candidate: u32,
    /// Depth-adjusted relatedness.
    pub relatedness: f64,
    /// Mismatches.
    pub mismatch: Mismatch,
}

/// What the reads say of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStatus {
    /// Related, without excess mismatches, and clearly more than the next.
    Assigned,
    /// As related as the next, nearly.
    Ambiguous,
    /// Related, but with too many mismatches.
    Mismatches,
    /// Not related enough.
    Unrelated,
    /// No reads in common, or no candidates.
    NotTestable,
}

impl ReadStatus {
    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Ambiguous => "ambiguous",
            Self::Mismatches => "excess_mismatches",
            Self::Unrelated => "unrelated",
            Self::NotTestable => "not_testable",
        }
    }
}

/// A role of an offspring, by reads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReadFinding {
    /// The declared parent, and whether it is confirmed.
    pub given: Option<(ReadMatch, Option<bool>)>,
    /// The most related candidates.
    pub best: [Option<ReadMatch>; 2],
    /// What comes of them.
    pub status: Option<ReadStatus>,
}

/// An offspring, by reads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReadFound {
    /// Father and mother.
    pub roles: [ReadFinding; ROLES],
    /// Both declared parents together, and whether they are confirmed.
    pub given_pair: Option<(Mismatch, Option<bool>)>,
    /// Both best candidates together.
    pub best_pair: Option<(Mismatch, ReadStatus)>,
}

/// One comparison: the offspring's sample, a parent's, and another parent's.
type Wanted = (usize, usize, Option<usize>);

/// Compares offspring with declared parents and candidates: `relatedness` is the depth-adjusted matrix of all samples;
/// `source` is read once more for the mismatches, at all its variants.
///
/// # Errors
/// Returns an error if the source fails or has no read counts.
pub fn assign_by_reads(
    study: &Study,
    relatedness: &SampleMatrix,
    source: &mut dyn GenotypeSource,
    rules: &ReadRules,
) -> Result<Vec<ReadFound>, GenotypeError> {
    let mut found: Vec<ReadFound> =
        (0..study.offspring.len()).map(|index| nearest(study, index, relatedness)).collect();
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut want = |comparison: Wanted| -> usize {
        wanted.push(comparison);
        wanted.len() - 1
    };
    let sample = |own: &ReadMatch| study.candidates[own.candidate as usize].sample;
    let mut places: Vec<usize> = Vec::new();
    for (own, offspring) in found.iter().zip(&study.offspring) {
        let singles = own.roles.iter().flat_map(|role| {
            [role.given.map(|given| given.0), role.best[0], role.best[1]].into_iter().flatten()
        });
        places.extend(singles.map(|single| want((offspring.sample, sample(&single), None))));
        for pair in [given_pair(own), best_pair(own)].into_iter().flatten() {
            places.push(want((offspring.sample, sample(&pair[0]), Some(sample(&pair[1])))));
        }
    }
    let counts = count(source, &wanted)?;
    let mut next = places.into_iter().map(|place| counts[place]);
    for own in &mut found {
        fill(own, &mut next);
        judge(own, rules);
    }
    Ok(found)
}

fn given_pair(own: &ReadFound) -> Option<[ReadMatch; 2]> {
    Some([own.roles[0].given?.0, own.roles[1].given?.0])
}

fn best_pair(own: &ReadFound) -> Option<[ReadMatch; 2]> {
    Some([own.roles[0].best[0]?, own.roles[1].best[0]?])
}

/// The declared parents and the most related candidates.
fn nearest(study: &Study, index: usize, relatedness: &SampleMatrix) -> ReadFound {
    let offspring = &study.offspring[index];
    let has_groups = offspring.wanted_groups.iter().any(Option::is_some);
    let of = |candidate: u32| ReadMatch {
        candidate,
        relatedness: relatedness.get(offspring.sample, study.candidates[candidate as usize].sample),
        mismatch: Mismatch::default(),
    };
    let mut out = ReadFound::default();
    for role in 0..ROLES {
        if let Some(Given::Candidate(candidate)) = offspring.given[role] {
            out.roles[role].given = Some((of(candidate), None));
        }
        let group = &offspring.wanted_groups[role];
        if has_groups && group.is_none() {
            continue;
        }
        let is_other_sex = |sex| {
            study.has_sexes
                && sex
                    == Some(if role == 0 { super::pedigree::Sex::Female } else { super::pedigree::Sex::Male })
        };
        let mut ranked: Vec<ReadMatch> = (0u32..)
            .zip(&study.candidates)
            .filter(|(_, own)| own.is_offered && own.sample != offspring.sample && !is_other_sex(own.sex))
            .filter(|(_, own)| group.is_none() || own.group == *group)
            .filter(|(_, own)| !own.birth.zip(offspring.birth).is_some_and(|(p, c)| p.is_too_young(c, 0.0)))
            .map(|(candidate, _)| of(candidate))
            .filter(|own| own.relatedness.is_finite())
            .collect();
        ranked.sort_by(|a, b| b.relatedness.total_cmp(&a.relatedness).then(a.candidate.cmp(&b.candidate)));
        // Without sexes both parents come from one pool: the second is looked for beside the first.
        let from = usize::from(role == 1 && !study.has_sexes && offspring.wanted_groups[0] == *group);
        out.roles[role].best = [ranked.get(from).copied(), ranked.get(from + 1).copied()];
        out.roles[role].status = Some(ReadStatus::NotTestable);
    }
    out
}

fn fill(own: &mut ReadFound, counts: &mut impl Iterator<Item = Mismatch>) {
    let mut next = || counts.next().unwrap_or_default();
    for role in &mut own.roles {
        if let Some(given) = &mut role.given {
            given.0.mismatch = next();
        }
        role.best.iter_mut().flatten().for_each(|best| best.mismatch = next());
    }
    own.given_pair = given_pair(own).map(|_| (next(), None));
    own.best_pair = best_pair(own).map(|_| (next(), ReadStatus::NotTestable));
}

fn judge(own: &mut ReadFound, rules: &ReadRules) {
    let fits = |own: &ReadMatch| -> Option<bool> {
        let excess = own.mismatch.excess().filter(|_| own.mismatch.compared >= rules.min_markers)?;
        own.relatedness
            .is_finite()
            .then_some(own.relatedness > rules.min_relatedness && excess < rules.max_excess)
    };
    for role in &mut own.roles {
        if let Some((given, verdict)) = &mut role.given {
            *verdict = fits(given);
        }
        let Some(best) = role.best[0] else { continue };
        let next = role.best[1].map_or(f64::NEG_INFINITY, |own| own.relatedness);
        role.status = Some(match fits(&best) {
            None => ReadStatus::NotTestable,
            _ if best.relatedness <= rules.min_relatedness => ReadStatus::Unrelated,
            Some(false) => ReadStatus::Mismatches,
            Some(true) if best.relatedness - next < rules.min_difference => ReadStatus::Ambiguous,
            Some(true) => ReadStatus::Assigned,
        });
    }
    let alone = own.roles.map(|role| role.given.and_then(|given| given.1));
    if let Some((counts, verdict)) = &mut own.given_pair {
        *verdict = alone[0].zip(alone[1]).map(|(father, mother)| {
            father && mother && counts.excess().is_some_and(|excess| excess < rules.max_pair_excess)
        });
    }
    let statuses = own.roles.map(|role| role.status.unwrap_or(ReadStatus::NotTestable));
    if let Some((counts, status)) = &mut own.best_pair {
        let is_excess = counts.excess().is_some_and(|excess| excess >= rules.max_pair_excess);
        let both = statuses == [ReadStatus::Assigned; 2];
        *status = match statuses.into_iter().find(|own| *own != ReadStatus::Assigned) {
            None if both && is_excess => ReadStatus::Mismatches,
            None => ReadStatus::Assigned,
            Some(status) => status,
        };
    }
}

/// Counts the mismatches of all comparisons in one pass.
fn count(source: &mut dyn GenotypeSource, wanted: &[Wanted]) -> Result<Vec<Mismatch>, GenotypeError> {
    let mut out = vec![Mismatch::default(); wanted.len()];
    for_each_block(
        source,
        |block| count_block(&block, wanted),
        |part: Vec<Mismatch>| {
            for (own, new) in out.iter_mut().zip(part) {
                own.compared += new.compared;
                own.seen += new.seen;
                own.expected += new.expected;
            }
            Ok(())
        },
    )?;
    Ok(out)
}

/// What the reads of a sample show: copies of the first allele, and the chance that a heterozygote of this depth shows
/// one given allele.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    copies: usize,
    alone: f64,
}

fn shown(depths: &Ragged<i32>, row: usize, samples: usize) -> (Vec<Option<Shown>>, f64) {
    let (mut first_reads, mut all_reads) = (0u64, 0u64);
    let own = (0..samples)
        .map(|sample| {
            let call = depths.call(row, sample);
            let reads = |reads: &i32| u64::try_from(*reads).unwrap_or(0);
            let first = call.first().map_or(0, reads);
            let other: u64 = call.iter().skip(1).map(reads).sum();
            first_reads += first;
            all_reads += first + other;
            let copies = match (first, other) {
                (0, 0) => return None,
                (_, 0) => 2,
                (0, _) => 0,
                _ => 1,
            };
            Some(Shown { copies, alone: 0.5f64.powi(i32::try_from(first + other).unwrap_or(i32::MAX)) })
        })
        .collect();
    (own, first_reads as f64 / all_reads as f64)
}

fn count_block(block: &GenotypeBlock, wanted: &[Wanted]) -> Result<Vec<Mismatch>, GenotypeError> {
    let Some(depths) = &block.layers.allele_depths else {
        return Err(request(
            "the genotypes have no read counts (AD); give a VCF with AD or a table of counts, or leave out --reads"
                .to_owned(),
        ));
    };
    let mut out = vec![Mismatch::default(); wanted.len()];
    for row in 0..block.rows() {
        let (shown, p) = shown(depths, row, block.samples);
        if !(p > 0.0 && p < 1.0) {
            continue;
        }
        for (own, &(offspring, first, second)) in out.iter_mut().zip(wanted) {
            let (Some(child), Some(parent)) = (shown[offspring], shown[first]) else { continue };
            let expected = match second {
                None => {
                    own.seen += u64::from(child.copies.abs_diff(parent.copies) == 2);
                    expected_single(p, child, parent)
                }
                Some(second) => {
                    let Some(other) = shown[second] else { continue };
                    own.seen += u64::from(is_mismatch(child.copies, [parent.copies, other.copies]));
                    expected_pair(p, child, [parent, other])
                }
            };
            own.compared += 1;
            own.expected += expected;
        }
    }
    Ok(out)
}

/// Whether two parents as shown cannot have the offspring as shown.
fn is_mismatch(child: usize, [a, b]: [usize; 2]) -> bool {
    child.abs_diff(a) == 2 || child.abs_diff(b) == 2 || (child == 1 && a == b && a != 1)
}

/// The chance that a genotype shows so many copies.
fn shows(genotype: usize, copies: usize, alone: f64) -> f64 {
    match (genotype, copies) {
        (1, 1) => 1.0 - 2.0 * alone,
        (1, _) => alone,
        _ => f64::from(u8::from(genotype == copies)),
    }
}

/// The chance that a parent passes on the first allele.
const PASSES: [f64; 3] = [0.0, 0.5, 1.0];

/// The chance of an offspring's genotype, given the chances that each parent passes on the first allele.
fn child_chance(genotype: usize, a: f64, b: f64) -> f64 {
    match genotype {
        0 => (1.0 - a) * (1.0 - b),
        1 => a * (1.0 - b) + b * (1.0 - a),
        _ => a * b,
    }
}

/// The chance that a true parent shows the other homozygote, given what the offspring shows.
fn expected_single(p: f64, child: Shown, parent: Shown) -> f64 {
    if child.copies == 1 {
        return 0.0;
    }
    let prior = [(1.0 - p) * (1.0 - p), 2.0 * p * (1.0 - p), p * p];
    let (mut above, mut below) = (0.0, 0.0);
    for (genotype, &weight) in prior.iter().enumerate() {
        for own in 0..3 {
            let joint =
                weight * child_chance(own, PASSES[genotype], p) * shows(own, child.copies, child.alone);
            above += joint * shows(genotype, 2 - child.copies, parent.alone);
            below += joint;
        }
    }
    above / below
}

/// The chance that two true parents show what cannot have the offspring, given what it shows.
fn expected_pair(p: f64, child: Shown, parents: [Shown; 2]) -> f64 {
    let prior = [(1.0 - p) * (1.0 - p), 2.0 * p * (1.0 - p), p * p];
    let (mut above, mut below) = (0.0, 0.0);
    for a in 0..3 {
        for b in 0..3 {
            let cross: f64 = (0..3)
                .map(|own| child_chance(own, PASSES[a], PASSES[b]) * shows(own, child.copies, child.alone))
                .sum();
            let joint = prior[a] * prior[b] * cross;
            if joint == 0.0 {
                continue;
            }
            below += joint;
            for (x, y) in (0..9).map(|both| (both / 3, both % 3)) {
                if is_mismatch(child.copies, [x, y]) {
                    above += joint * shows(a, x, parents[0].alone) * shows(b, y, parents[1].alone);
                }
            }
        }
    }
    if below > 0.0 { above / below } else { 0.0 }
}

/// Writes one line an offspring, with a header.
///
/// # Errors
/// Returns an error if the output fails.
pub fn write_reads(study: &Study, found: &[ReadFound], out: &mut impl std::io::Write) -> std::io::Result<()> {
    let names = super::write::role_names(study);
    write!(out, "sample")?;
    for name in names {
        write!(out, "\t{name}\t{name}_status\t{name}_best")?;
        for which in [format!("{name}_"), format!("{name}_second_"), format!("given_{name}_")] {
            if which != format!("{name}_") {
                write!(out, "\t{}", which.trim_end_matches('_'))?;
            }
            write!(out, "\t{which}relatedness\t{which}excess_mismatch\t{which}mismatch\t{which}compared")?;
        }
        write!(out, "\tgiven_{name}_verdict")?;
    }
    writeln!(
        out,
        "\tpair_status\tpair_excess_mismatch\tpair_compared\tgiven_pair_verdict\tgiven_pair_excess_mismatch\
         \tgiven_pair_compared"
    )?;
    for (own, offspring) in found.iter().zip(&study.offspring) {
        write!(out, "{}", offspring.name)?;
        for (role, given) in own.roles.iter().zip(&offspring.given) {
            write_role(study, role, given.as_ref(), out)?;
        }
        let pair = own.best_pair.as_ref();
        write!(out, "\t{}\t{}", pair.map_or("", |p| p.1.name()), pair_cells(pair.map(|p| &p.0)))?;
        let pair = own.given_pair.as_ref();
        writeln!(out, "\t{}\t{}", pair.map_or("", |p| word(p.1)), pair_cells(pair.map(|p| &p.0)))?;
    }
    Ok(())
}

fn word(verdict: Option<bool>) -> &'static str {
    match verdict {
        Some(true) => "confirmed",
        Some(false) => "not_confirmed",
        None => "not_testable",
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.6}"))
}

fn pair_cells(own: Option<&Mismatch>) -> String {
    own.map_or_else(|| "\t".to_owned(), |own| format!("{}\t{}", number(own.excess()), own.compared))
}

fn cells(own: Option<&ReadMatch>) -> String {
    own.map_or_else(
        || "\t\t\t".to_owned(),
        |own| {
            let mismatch = &own.mismatch;
            format!(
                "{:.6}\t{}\t{}\t{}",
                own.relatedness,
                number(mismatch.excess()),
                number(mismatch.rate()),
                mismatch.compared
            )
        },
    )
}

fn write_role(
    study: &Study,
    role: &ReadFinding,
    given: Option<&Given>,
    out: &mut impl std::io::Write,
) -> std::io::Result<()> {
    let name = |own: Option<&ReadMatch>| {
        own.map_or("", |own| study.candidates[own.candidate as usize].name.as_str())
    };
    let best = role.best[0].as_ref();
    let named = if role.status == Some(ReadStatus::Assigned) { name(best) } else { "" };
    write!(out, "\t{named}\t{}\t{}\t{}", role.status.map_or("", ReadStatus::name), name(best), cells(best))?;
    let second = role.best[1].as_ref();
    write!(out, "\t{}\t{}", name(second), cells(second))?;
    let declared = match given {
        None => "",
        Some(Given::WithoutGenotypes(name)) => name,
        Some(Given::Candidate(candidate)) => &study.candidates[*candidate as usize].name,
    };
    let own = role.given.as_ref();
    let verdict = if given.is_some() { word(own.and_then(|own| own.1)) } else { "" };
    write!(out, "\t{declared}\t{}\t{verdict}", cells(own.map(|own| &own.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The closed form for one parent, worked out by hand from the same sums.
    fn by_hand(p: f64, child: Shown, k: f64) -> f64 {
        let (p, ko) = (if child.copies == 2 { p } else { 1.0 - p }, child.alone);
        let q = 1.0 - p;
        p * q * (p * k + q * ko + k * ko) / (p * p + 2.0 * p * q * ko)
    }

    #[test]
    fn expected_mismatches_are_those_worked_out() {
        for p in [0.05, 0.3, 0.8] {
            for (copies, depth, other) in [(2, 1, 1), (0, 3, 2), (2, 9, 1)] {
                let child = Shown { copies, alone: 0.5f64.powi(depth) };
                let parent = Shown { copies: 0, alone: 0.5f64.powi(other) };
                let own = expected_single(p, child, parent);
                assert!((own - by_hand(p, child, parent.alone)).abs() < 1e-12, "{p} {copies}");
            }
        }
        let deep = |copies| Shown { copies, alone: 0.0 };
        assert_eq!(expected_single(0.3, deep(2), deep(0)), 0.0);
        assert_eq!(expected_pair(0.3, deep(1), [deep(0), deep(0)]), 0.0);
        let shallow = Shown { copies: 1, alone: 0.25 };
        // A heterozygote shown: both parents homozygous alike only if reads hid an allele.
        assert!(expected_pair(0.5, shallow, [Shown { copies: 0, alone: 0.5 }; 2]) > 0.1);
    }
}
