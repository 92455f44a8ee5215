//! What the report shows of a panel.

use landrace_genome::summary::{Chart, Table};
use serde_json::Value;

use super::{Candidates, Linkage, Panel};

/// Bins of the minor allele frequency, 0 to 0.5.
const FREQUENCY_BINS: usize = 10;

/// Markers that the list of reasons holds; the panel's file has all.
const LISTED: usize = 2000;

/// The tables of a panel: its places on the contigs, the gaps between neighbours, allele frequencies of chosen
/// and all candidates, and each marker with its reason.
pub fn panel_tables(panel: &Panel, candidates: &Candidates, linkage: &Linkage) -> Vec<Table> {
    vec![
        places(panel, candidates),
        gaps(panel, candidates),
        frequencies(panel, candidates),
        reasons(panel, candidates, linkage),
    ]
}

fn table((name, title): (&str, &str), chart: Chart, columns: &[&str], rows: Vec<Vec<Value>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name: name.to_owned(), title: title.to_owned(), chart, columns, rows, path: None }
}

fn places(panel: &Panel, candidates: &Candidates) -> Table {
    let contigs = candidates.contigs();
    let mut rows: Vec<Vec<Value>> = contigs
        .iter()
        .filter(|(_, contig)| contig.length > 0)
        .map(|(_, contig)| vec![contig.name.as_str().into(), Value::Null, contig.length.into()])
        .collect();
    for index in panel.in_order() {
        let own = &candidates.all()[index];
        rows.push(vec![contigs.get(own.contig).name.as_str().into(), own.position.get().into(), Value::Null]);
    }
    let columns = ["contig", "position", "length [bp]"];
    table(("panel", "The panel along the chromosomes"), Chart::Contigs, &columns, rows)
}

fn gaps(panel: &Panel, candidates: &Candidates) -> Table {
    let gaps = panel.gaps(candidates);
    let most = gaps.iter().copied().max().unwrap_or(0);
    let width = round_width(most / 40);
    let mut counts = vec![0u64; (most / width) as usize + 1];
    for gap in &gaps {
        counts[(gap / width) as usize] += 1;
    }
    let rows = counts.iter().zip(0u64..).map(|(&count, bin)| vec![(bin * width).into(), count.into()]);
    let rows = if gaps.is_empty() { Vec::new() } else { rows.collect() };
    let title = "Gaps between neighbouring markers";
    table(("gaps", title), Chart::Histogram, &["gap [bp]", "gaps"], rows)
}

/// The next of 1, 2, 5, 10, 20, 50, ... from a width on.
fn round_width(width: u64) -> u64 {
    let mut power = 1u64;
    loop {
        for factor in [1, 2, 5] {
            if power * factor >= width {
                return power * factor;
            }
        }
        power *= 10;
    }
}

fn frequencies(panel: &Panel, candidates: &Candidates) -> Table {
    let (mut chosen, mut all) = ([0u64; FREQUENCY_BINS], [0u64; FREQUENCY_BINS]);
    let bin = |maf: f64| ((maf * 2.0 * FREQUENCY_BINS as f64) as usize).min(FREQUENCY_BINS - 1);
    for candidate in candidates.all() {
        all[bin(candidate.minor_frequency)] += 1;
    }
    for choice in &panel.choices {
        chosen[bin(candidates.all()[choice.candidate].minor_frequency)] += 1;
    }
    let share = |count: u64, of: usize| (count as f64 / of.max(1) as f64 * 1e4).round() / 1e2;
    let rows = (0..FREQUENCY_BINS)
        .map(|bin| {
            let edge = bin as f64 / (2.0 * FREQUENCY_BINS as f64);
            let (own, whole) = (panel.choices.len(), candidates.all().len());
            vec![format!("{edge:.2}").into(), share(chosen[bin], own).into(), share(all[bin], whole).into()]
        })
        .collect();
    let columns = ["minor allele frequency, from", "chosen [%]", "all candidates [%]"];
    table(("maf", "Minor allele frequency of the panel and of all candidates"), Chart::Bar, &columns, rows)
}

fn reasons(panel: &Panel, candidates: &Candidates, linkage: &Linkage) -> Table {
    let rows = panel
        .choices
        .iter()
        .take(LISTED)
        .enumerate()
        .map(|(index, choice)| {
            let reason = panel.reason(choice, candidates, linkage.threshold);
            let name = candidates.label(choice.candidate);
            vec![(index + 1).into(), candidates.place(choice.candidate).into(), name.into(), reason.into()]
        })
        .collect();
    table(
        ("reasons", "Why each marker was chosen"),
        Chart::Table,
        &["rank", "place", "marker", "reason"],
        rows,
    )
}
