//! What the report shows of a panel.

use landrace_genome::ContigDictionary;
use landrace_genome::summary::{Chart, Summary, Table};
use serde_json::Value;

use super::Fingerprint;
use super::pairs::Why;
use super::write::{Population, information};

/// Unseparable pairs that the report lists; the file has all.
const LISTED: usize = 500;

/// Fills in counts, headline and tables. `pictures` accessions at most get a picture of their barcode.
pub fn describe(
    summary: &mut Summary,
    own: &Fingerprint,
    (population, contigs): (Population, &ContigDictionary),
    pictures: usize,
) {
    counts(summary, own, population);
    summary.headline = headline(own);
    summary.tables = vec![
        markers(own, population),
        coverage(own),
        differences(own),
        places(own, contigs),
        closest(own),
        unseparable(own),
        groups(own),
        barcodes(own, pictures),
    ];
    summary.tables.retain(|table| !table.rows.is_empty());
}

fn counts(summary: &mut Summary, own: &Fingerprint, population: Population) {
    let gap = own.markers.len().saturating_sub(own.bound.markers);
    summary.count("accessions", own.samples.len()).count("markers_chosen", own.markers.len());
    summary.count("lower_bound_markers", own.bound.markers).count("gap_markers", gap);
    summary.count("lower_bound_by", own.bound.argument).count("counting_bound_markers", own.bound.counting);
    summary.count("is_proved_optimal", own.is_optimal).count("plain_greedy_markers", own.greedy);
    summary
        .count("cost", rounded(own.cost as f64 / 1000.0))
        .count("lower_bound_cost", rounded(own.bound.cost as f64 / 1000.0));
    if let Some(size) = own.size {
        summary.count("markers_asked_for", size.markers).count("most_differences", size.most_differences);
        summary.count("greedy_differences", size.greedy_differences);
    }
    summary.count("differences_asked_for", own.depth).count("pairs_told_apart", own.told_apart);
    summary.count("unseparable_pairs", own.unseparable.len()).count("groups_of_clones", own.groups.len());
    let least = own.closest.first().map_or(0, |pair| pair.0);
    summary.count("fewest_differences", least).count("call_error", own.typing.error);
    summary.count("missing_calls", rounded(own.typing.missing));
    summary.count("two_look_equal_probability", precise(own.typing.looks_equal(least)));
    summary.count("confusion_probability", precise(own.typing.confused(least)));
    let identity =
        (0..own.markers.len()).map(|marker| information(&own.barcodes, marker, population).identity);
    summary.count("probability_of_identity", precise(identity.product()));
    let sibs: Option<f64> =
        own.barcodes.frequencies.iter().map(super::power::AlleleFrequencies::sib_identity).product();
    if let Some(sibs) = sibs {
        summary.count("probability_of_identity_of_sibs", precise(sibs));
    }
    summary.count("inbreeding", rounded(population.inbreeding)).count("theta", population.theta);
    summary.count("panel", own.barcodes.panel.as_str());
    let sifted = &own.sifted;
    summary.count("variants_read", sifted.variants).count("variants_usable", sifted.usable);
    for (name, count) in [
        ("left out: failed a filter", sifted.failed_filter),
        ("left out: one genotype alone", sifted.one_class),
        ("left out: low call rate", sifted.low_call_rate),
        ("left out: low minor allele frequency", sifted.low_maf),
        ("left out: no place for the spacing", sifted.without_place),
        ("left out: forbidden", sifted.forbidden),
        ("calls of rare genotypes counted as missing", sifted.beyond),
    ] {
        if count > 0 {
            summary.count(name, count);
        }
    }
}

fn headline(own: &Fingerprint) -> String {
    let lost =
        if own.unseparable.is_empty() { "" } else { " {unseparable_pairs} pairs cannot be told apart." };
    if own.size.is_some() {
        return format!(
            "{{markers_chosen}} markers tell {{pairs_told_apart}} pairs of {{accessions}} accessions apart, each by at \
             least {{fewest_differences}} certain differences; no panel of so many gives every pair more than \
             {{most_differences}}, and a plain greedy choice gives {{greedy_differences}}.{lost}"
        );
    }
    let optimum = if own.is_optimal {
        "no panel does with less (proved)"
    } else {
        "no panel does with fewer than {lower_bound_markers} (gap {gap_markers})"
    };
    format!(
        "{{markers_chosen}} markers tell {{pairs_told_apart}} pairs of {{accessions}} accessions apart, each by at least \
         {{differences_asked_for}} certain differences; {optimum}, and a plain greedy choice takes \
         {{plain_greedy_markers}}.{lost}"
    )
}

fn rounded(value: f64) -> Value {
    Value::from((value * 1e6).round() / 1e6)
}

/// Three digits, however small.
fn precise(value: f64) -> Value {
    format!("{value:.3e}").parse::<f64>().map_or(Value::Null, Value::from)
}

fn table((name, title): (&str, &str), chart: Chart, columns: &[&str], rows: Vec<Vec<Value>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name: name.to_owned(), title: title.to_owned(), chart, columns, rows, path: None }
}

fn markers(own: &Fingerprint, population: Population) -> Table {
    let row = |(index, marker): (usize, &super::Chosen)| {
        let found = information(&own.barcodes, index, population);
        let candidate = &marker.candidate;
        let place = candidate.position.map_or(Value::Null, Value::from);
        vec![
            (index + 1).into(),
            candidate.name.as_str().into(),
            candidate.contig.as_str().into(),
            place,
            candidate.alleles.join("/").into(),
            marker.newly.into(),
            rounded(candidate.maf),
            rounded(found.pic),
            rounded(found.power),
            rounded(candidate.call_rate),
        ]
    };
    let columns = [
        "order",
        "marker",
        "contig",
        "position",
        "alleles",
        "pairs newly told apart",
        "maf",
        "PIC",
        "discriminating power",
        "call rate",
    ];
    table(
        ("markers", "The markers, each with the pairs that it adds"),
        Chart::Table,
        &columns,
        own.markers.iter().enumerate().map(row).collect(),
    )
}

fn coverage(own: &Fingerprint) -> Table {
    let whole = (own.told_apart as u64 * u64::from(own.depth)).max(1) as f64;
    let mut sum = 0;
    let row = |(index, marker): (usize, &super::Chosen)| {
        sum += marker.newly;
        vec![(index + 1).into(), rounded(100.0 * sum as f64 / whole)]
    };
    let rows = own.markers.iter().enumerate().map(row).collect();
    table(
        ("coverage", "Differences asked for that the first markers give"),
        Chart::Line,
        &["markers", "share [%]"],
        rows,
    )
}

fn differences(own: &Fingerprint) -> Table {
    let first = own.differences.iter().position(|&count| count > 0).unwrap_or(0);
    let last = own.differences.iter().rposition(|&count| count > 0).unwrap_or(0);
    let rows = (first..=last).map(|count| vec![count.into(), own.differences[count].into()]).collect();
    table(
        ("differences", "Differences of the pairs told apart"),
        Chart::Histogram,
        &["markers that differ", "pairs"],
        rows,
    )
}

fn places(own: &Fingerprint, contigs: &ContigDictionary) -> Table {
    let with_markers = |name: &str| own.markers.iter().any(|marker| marker.candidate.contig == name);
    let mut rows: Vec<Vec<Value>> = contigs
        .iter()
        .filter(|(_, contig)| contig.length > 0 && contig.length < 2_147_483_640)
        .filter(|(_, contig)| contigs.len() <= 60 || with_markers(&contig.name))
        .map(|(_, contig)| vec![contig.name.as_str().into(), Value::Null, contig.length.into()])
        .collect();
    for marker in &own.markers {
        if let Some(position) = marker.candidate.position {
            rows.push(vec![marker.candidate.contig.as_str().into(), position.into(), Value::Null]);
        }
    }
    table(
        ("places", "The markers along the chromosomes"),
        Chart::Contigs,
        &["contig", "position", "length [bp]"],
        rows,
    )
}

fn closest(own: &Fingerprint) -> Table {
    let row = |&(different, a, b): &(u32, usize, usize)| {
        vec![
            own.samples[b].as_str().into(),
            own.samples[a].as_str().into(),
            different.into(),
            precise(own.typing.looks_equal(different)),
            precise(own.typing.confused(different)),
        ]
    };
    let columns = [
        "accession",
        "and",
        "differences",
        "probability that two samples look equal",
        "probability of confusion",
    ];
    table(
        ("closest", "The closest pairs that are told apart"),
        Chart::Table,
        &columns,
        own.closest.iter().map(row).collect(),
    )
}

fn unseparable(own: &Fingerprint) -> Table {
    let words = |why: Why| match why {
        Why::Identical => "identical at all markers that both have",
        Why::WithinError => "differ no more than the call error explains",
        Why::FewShared => "share too few calls",
        Why::FewDifferences => "differ at fewer markers than asked for",
        Why::Rules => "the spacing or the quotas leave too few markers",
        Why::TooFewMarkers => "differ at none of so few markers",
    };
    let row = |pair: &super::pairs::Unseparable| {
        vec![
            own.samples[pair.first].as_str().into(),
            own.samples[pair.second].as_str().into(),
            pair.shared.into(),
            pair.different.into(),
            words(pair.why).into(),
        ]
    };
    let columns = ["accession", "and", "markers that both have", "markers that differ", "why"];
    table(
        ("unseparable", "Pairs that cannot be told apart"),
        Chart::Table,
        &columns,
        own.unseparable.iter().take(LISTED).map(row).collect(),
    )
}

fn groups(own: &Fingerprint) -> Table {
    let row = |(index, group): (usize, &Vec<usize>)| {
        let names: Vec<&str> = group.iter().map(|&sample| own.samples[sample].as_str()).collect();
        vec![(index + 1).into(), group.len().into(), names.join(", ").into()]
    };
    let rows = own.groups.iter().take(LISTED).enumerate().map(row).collect();
    table(
        ("clones", "Accessions that are one genotype as far as the calls say"),
        Chart::Table,
        &["group", "accessions", "names"],
        rows,
    )
}

fn barcodes(own: &Fingerprint, pictures: usize) -> Table {
    let row = |(sample, name): (usize, &String)| {
        vec![
            name.as_str().into(),
            own.barcodes.picture_text(sample, name).into(),
            own.barcodes.text(sample).into(),
        ]
    };
    let rows = own.samples.iter().take(pictures).enumerate().map(row).collect();
    table(
        ("barcodes", "Barcodes of the accessions"),
        Chart::Barcode,
        &["accession", "text of the code", "barcode"],
        rows,
    )
}
