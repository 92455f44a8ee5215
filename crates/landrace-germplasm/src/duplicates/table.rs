//! Tables of what was found.

use std::collections::HashMap;
use std::io::{self, Write};

use super::groups::{Criterion, choose};
use super::{Found, Pair, Profiles, differences};

/// Posterior from which a pair is one genotype beyond reasonable doubt.
pub const SURE: f64 = 0.99;

/// A group, with the sample of it that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its samples, in their order.
    pub members: Vec<usize>,
    /// The one to keep.
    pub kept: usize,
    /// Why that one.
    pub reason: String,
}

/// Chooses the sample of each group to keep.
pub fn choose_all(found: &Found, criteria: &[Criterion]) -> Vec<Choice> {
    let of = |members: &Vec<usize>| {
        let (kept, decided) = choose(members, criteria);
        let reason = decided.map_or_else(|| "first of equals".to_owned(), |own| format!("best {}", own.name));
        Choice { members: members.clone(), kept, reason }
    };
    found.groups.iter().map(of).collect()
}

/// Columns of the table of accessions.
pub const COLUMNS: &str = "group\taccession\tkeep\treason\tnearest\tdiffering\texpected\tp_value\tcompared\tshare\tllr\t\
                           posterior\tcall_rate";

/// What a sample is to the others of its group: the nearest, ties by the greater likelihood ratio, then the first.
fn nearest_pairs(found: &Found, choices: &[Choice]) -> HashMap<usize, Pair> {
    let group: HashMap<usize, usize> = (0..)
        .zip(choices)
        .flat_map(|(index, choice)| choice.members.iter().map(move |member| (*member, index)))
        .collect();
    let mut out: HashMap<usize, Pair> = HashMap::new();
    for pair in found.pairs.iter().filter(|pair| pair.is_same()) {
        if group.get(&pair.a).is_none_or(|own| group.get(&pair.b) != Some(own)) {
            continue;
        }
        for sample in [pair.a, pair.b] {
            let is_nearer = out.get(&sample).is_none_or(|best| {
                let by = pair.share().total_cmp(&best.share());
                by.then(best.evidence.llr.total_cmp(&pair.evidence.llr)).is_lt()
            });
            if is_nearer {
                out.insert(sample, *pair);
            }
        }
    }
    out
}

/// Writes one line an accession that has a duplicate; `samples` are the names.
///
/// # Errors
/// Returns an error if the writer fails.
pub fn write_accessions(
    samples: &[String],
    profiles: &Profiles,
    found: &Found,
    choices: &[Choice],
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "{COLUMNS}")?;
    let nearest = nearest_pairs(found, choices);
    for (number, choice) in (1..).zip(choices) {
        for &sample in &choice.members {
            let Some(pair) = nearest.get(&sample) else { continue };
            let other = if pair.a == sample { pair.b } else { pair.a };
            let (keep, reason) = if sample == choice.kept {
                ("yes", choice.reason.clone())
            } else {
                ("no", format!("duplicate of {}", samples[choice.kept]))
            };
            let rate = f64::from(profiles.called[sample]) / profiles.loci.len().max(1) as f64;
            writeln!(
                out,
                "{number}\t{}\t{keep}\t{reason}\t{}\t{}\t{rate:.4}",
                samples[sample],
                samples[other],
                figures(pair)
            )?;
        }
    }
    Ok(())
}

/// Differing, expected, p-value, compared, share, likelihood ratio and posterior.
fn figures(pair: &Pair) -> String {
    let own = &pair.evidence;
    format!(
        "{}\t{:.1}\t{:.2e}\t{}\t{:.5}\t{:.2}\t{:.5}",
        own.different,
        own.expected,
        own.p_value,
        own.compared,
        pair.share(),
        own.llr,
        own.posterior
    )
}

/// Columns of the table of pairs.
pub const PAIR_COLUMNS: &str = "first\tsecond\tverdict\tgroup\tdiffering\texpected\tp_value\tcompared\tshare\tllr\t\
                                posterior\tagainst";

/// What tables call a pair: `same`; `same_or_kin`, where one genotype is likelier but kin cannot be excluded; or what
/// else it is likelier to be.
pub fn verdict(pair: &Pair) -> &'static str {
    match pair.is_same() {
        true if pair.evidence.posterior >= SURE => "same",
        true => "same_or_kin",
        false => pair.evidence.other.name(),
    }
}

/// Writes every pair that was looked at closely.
///
/// # Errors
/// Returns an error if the writer fails.
pub fn write_pairs(
    samples: &[String],
    found: &Found,
    choices: &[Choice],
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "{PAIR_COLUMNS}")?;
    let mut group = vec![0usize; samples.len()];
    for (number, choice) in (1..).zip(choices) {
        choice.members.iter().for_each(|&member| group[member] = number);
    }
    for pair in &found.pairs {
        let is_shared = group[pair.a] > 0 && group[pair.a] == group[pair.b];
        let own = if is_shared { group[pair.a].to_string() } else { "-".to_owned() };
        writeln!(
            out,
            "{}\t{}\t{}\t{own}\t{}\t{}",
            samples[pair.a],
            samples[pair.b],
            verdict(pair),
            figures(pair),
            pair.evidence.other.name()
        )?;
    }
    Ok(())
}

/// Writes the calls that differ between the kept sample of each group and the others.
///
/// # Errors
/// Returns an error if the writer fails.
pub fn write_differences(
    samples: &[String],
    profiles: &Profiles,
    choices: &[Choice],
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "group\tkept\tother\tcontig\tposition\tid\tkept_genotype\tother_genotype")?;
    for (number, choice) in (1..).zip(choices) {
        for &member in choice.members.iter().filter(|&&member| member != choice.kept) {
            for own in differences(profiles, choice.kept, member) {
                let place = &profiles.loci[own.locus];
                let position = place.position.map_or_else(|| "0".to_owned(), |position| position.to_string());
                writeln!(
                    out,
                    "{number}\t{}\t{}\t{}\t{position}\t{}\t{}\t{}",
                    samples[choice.kept],
                    samples[member],
                    profiles.contigs[place.contig as usize],
                    profiles.label(own.locus),
                    own.kept,
                    own.other
                )?;
            }
        }
    }
    Ok(())
}

/// Writes the names of the samples to keep, one a line: the kept ones of the groups, and all that have no duplicate.
///
/// # Errors
/// Returns an error if the writer fails.
pub fn write_kept(samples: &[String], choices: &[Choice], mut out: impl Write) -> io::Result<()> {
    let mut is_dropped = vec![false; samples.len()];
    for choice in choices {
        choice.members.iter().filter(|&&member| member != choice.kept).for_each(|&at| is_dropped[at] = true);
    }
    samples
        .iter()
        .zip(is_dropped)
        .filter(|(_, is_dropped)| !is_dropped)
        .try_for_each(|(name, _)| writeln!(out, "{name}"))
}
