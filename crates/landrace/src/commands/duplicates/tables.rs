//! The account of a search for duplicates.

use landrace_genome::summary::{Chart, Summary, Table};
use landrace_germplasm::duplicates::table::{Choice, SURE, verdict};
use landrace_germplasm::duplicates::{BINS, Found, Pair, Profiles};
use landrace_germplasm::same::Mating;
use serde_json::Value;

use crate::cli::Session;
use crate::genotypes::rounded;

/// Groups that the summary lists.
const SHOWN: usize = 200;

/// Fills in counts and tables.
pub(super) fn fill(
    summary: &mut Summary,
    samples: &[String],
    profiles: &Profiles,
    found: &Found,
    choices: &[Choice],
) {
    let (n, members) = (samples.len(), members(choices));
    let dropped = members - choices.len();
    summary.count("samples", n).count("variants", profiles.loci.len());
    summary.count("variants_all_pairs_are_compared_by", found.screened);
    summary
        .count("pairs", n * n.saturating_sub(1) / 2)
        .count("pairs_without_shared_calls", found.without_shared);
    summary.count("pairs_looked_at_closely", found.pairs.len());
    summary.count("pairs_weighed_by_counts_alone", found.by_counts);
    summary.count("duplicate_pairs", found.pairs.iter().filter(|pair| pair.is_same()).count());
    let unsure = found.pairs.iter().filter(|pair| pair.is_same() && pair.evidence.posterior < SURE);
    summary.count("duplicate_pairs_that_may_be_kin", unsure.count());
    summary.count("duplicate_pairs_in_different_groups", found.unlinked);
    summary.count("groups", choices.len()).count("accessions_in_groups", members);
    summary.count("accessions_to_keep", n - dropped).count("genotypes", n - dropped);
    summary.count("samples_without_calls", profiles.called.iter().filter(|called| **called == 0).count());
    summary.count("call_error", rounded(found.error)).count("call_error_from", found.source.name());
    let mating = if found.mating == Mating::Inbred { "inbred lines" } else { "outbred plants or clones" };
    summary.count("accessions_taken_as", mating);
    summary.count("inbreeding", profiles.inbreeding.map_or(Value::Null, rounded));
    let ploidies: Vec<String> = profiles.ploidies.iter().map(u8::to_string).collect();
    summary.count("ploidy", ploidies.join(", "));
    let [same, kin, strangers] = found.expected.map(rounded);
    summary.count("expected_share_of_one_genotype", same).count("expected_share_of_nearest_kin", kin);
    summary.count("expected_share_of_strangers", strangers).count("valley", rounded(valley(found)));
    summary.count("llr_without_differences", rounded(found.power));
    summary.count("what_the_markers_can_tell", power(found));
    summary.headline = "{genotypes} genotypes among {samples} accessions: {groups} groups hold \
                        {accessions_in_groups} accessions, by {variants} variants at a call error of {call_error}."
        .to_owned();
    summary.tables.extend([distances(found), near(found), groups(samples, found, choices)]);
}

fn members(choices: &[Choice]) -> usize {
    choices.iter().map(|choice| choice.members.len()).sum()
}

/// What one can and cannot conclude from these markers.
fn power(found: &Found) -> String {
    // An accession has a handful of near kin: a likelihood ratio of 1,000 puts them beyond doubt.
    if found.power < 1000f64.ln() {
        "the markers cannot tell one genotype from near kin: groups are accessions that the markers do not tell apart"
            .to_owned()
    } else {
        "the markers tell one genotype from parents, offspring and full sibs".to_owned()
    }
}

/// The share of differing calls between duplicates and others: the middle of the gap where there is one, else the
/// share at which kin becomes likelier.
fn valley(found: &Found) -> f64 {
    let same = found.pairs.iter().filter(|pair| pair.is_same()).map(Pair::share).fold(f64::NAN, f64::max);
    let others = found.pairs.iter().filter(|pair| !pair.is_same()).map(Pair::share);
    let other = others.fold(found.cutoff, f64::min);
    if same < other { (same + other) / 2.0 } else { found.cutoff }
}

fn distances(found: &Found) -> Table {
    let last = found.histogram.iter().rposition(|count| *count > 0).unwrap_or(0);
    let row = |(bin, count): (usize, &u64)| vec![rounded(bin as f64 / BINS as f64), (*count).into()];
    Table {
        name: "distances".into(),
        title: "Share of differing calls, all pairs".into(),
        chart: Chart::Histogram,
        columns: vec!["share of differing calls".into(), "pairs".into()],
        rows: found.histogram.iter().enumerate().take(last + 1).map(row).collect(),
        path: None,
    }
}

/// Bins of the picture of near pairs.
const NEAR_BINS: usize = 40;

fn near(found: &Found) -> Table {
    let top = found.pairs.iter().map(Pair::share).fold(0.0, f64::max).max(1e-6);
    let mut counts = [[0u64; 3]; NEAR_BINS];
    for pair in &found.pairs {
        let is_above = |edge: &usize| pair.share() / top * NEAR_BINS as f64 >= *edge as f64;
        let bin = (1..NEAR_BINS).take_while(is_above).count();
        let kind = match verdict(pair) {
            "same" => 0,
            "same_or_kin" => 1,
            _ => 2,
        };
        counts[bin][kind] += 1;
    }
    let row = |(bin, counts): (usize, &[u64; 3])| {
        let edge = rounded(top * bin as f64 / NEAR_BINS as f64);
        [edge].into_iter().chain(counts.iter().map(|count| Value::from(*count))).collect()
    };
    Table {
        name: "near-pairs".into(),
        title: format!("Pairs looked at closely; the valley is at {:.4}", valley(found)),
        chart: Chart::StackedBar,
        columns: ["share of differing calls", "one genotype", "one genotype or kin", "other"]
            .map(Into::into)
            .to_vec(),
        rows: counts.iter().enumerate().map(row).collect(),
        path: None,
    }
}

fn groups(samples: &[String], found: &Found, choices: &[Choice]) -> Table {
    let mut group = vec![0usize; samples.len()];
    for (number, choice) in (1..).zip(choices) {
        choice.members.iter().for_each(|&member| group[member] = number);
    }
    let mut worst = vec![(0.0f64, 1.0f64, 1.0f64); choices.len() + 1];
    for pair in &found.pairs {
        let own = group[pair.a];
        if own > 0 && own == group[pair.b] {
            let worst = &mut worst[own];
            worst.0 = worst.0.max(pair.share());
            worst.1 = worst.1.min(pair.evidence.p_value);
            worst.2 = worst.2.min(pair.evidence.posterior);
        }
    }
    let row = |(number, choice): (usize, &Choice)| {
        let names: Vec<&str> = choice.members.iter().map(|&member| samples[member].as_str()).collect();
        let shown = names.iter().take(12).copied().collect::<Vec<_>>().join("; ");
        let more = if names.len() > 12 { format!("; and {} more", names.len() - 12) } else { String::new() };
        let (share, p_value, posterior) = worst[number];
        vec![
            number.into(),
            names.len().into(),
            samples[choice.kept].as_str().into(),
            rounded(share),
            rounded(p_value),
            rounded(posterior),
            (shown + &more).into(),
        ]
    };
    let columns = [
        "group",
        "accessions",
        "kept",
        "greatest share differing",
        "least p-value",
        "least posterior",
        "members",
    ];
    Table {
        name: "groups".into(),
        title: if choices.len() > SHOWN { format!("The first {SHOWN} groups") } else { "Groups".to_owned() },
        chart: Chart::Table,
        columns: columns.map(Into::into).to_vec(),
        rows: (1..).zip(choices).take(SHOWN).map(row).collect(),
        path: None,
    }
}

/// Says what was found.
pub(super) fn note(session: &Session, profiles: &Profiles, found: &Found, choices: &[Choice]) {
    let members = members(choices);
    session.progress.note(&format!(
        "{} genotypes among {} accessions: {} groups hold {members}; call error {:.5} ({}), valley at {:.4}",
        profiles.samples - (members - choices.len()),
        profiles.samples,
        choices.len(),
        found.error,
        found.source.name(),
        valley(found)
    ));
    if found.power < 1000f64.ln() {
        session.progress.note(&power(found));
    }
}
