//! What a scan found, for people: the summary's tables, the list of the best markers, notes.

use landrace_breeding::gwas::{Association, Components, Genomewide, Marker, MarkerAccount, Method, Results};
use landrace_breeding::mixed_model::Bound;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::significance::probability_text;
use serde_json::Value;

use super::Args;
use super::joint;
use super::models::Models;
use super::threshold::Threshold;
use crate::cli::Session;
use crate::genotypes::rounded;

/// The best markers of a trait that are listed.
const LISTED: usize = 50;

/// Points that a Manhattan plot shows at most, those below the best thinned.
const DRAWN: usize = 5000;

/// The scan of one trait.
pub(super) struct Found {
    pub(super) results: Results,
    pub(super) all: Genomewide,
    /// How the threshold was made.
    pub(super) threshold: String,
}

/// Sums up the traits.
pub(super) fn sum_up(args: &Args, results: Vec<Results>, thresholds: &[Threshold]) -> Vec<Found> {
    let sum_up = |(mut results, threshold): (Results, &Threshold)| {
        let all = results.genomewide(threshold.p, args.window, LISTED);
        Found { results, all, threshold: threshold.words.clone() }
    };
    results.into_iter().zip(thresholds).map(sum_up).collect()
}

/// Fills the summary.
pub(super) fn describe(summary: &mut Summary, models: &Models, found: &[Found], accounts: &[MarkerAccount]) {
    let read = accounts.first().map_or(0, |own| own.read);
    summary.count("method", models.method.name()).count("fitted", models.fitted);
    summary.count("relationship", models.relationship.as_str()).count("traits", models.traits.len());
    summary.count("markers_read", read).count("markers_tested", tested(found));
    summary.count("findings", found.iter().map(significant_leads).sum::<usize>());
    summary.headline = match found {
        [_] => "{markers_tested} of {markers_read} markers tested; {findings} findings past the threshold.",
        _ => "{traits} traits, {markers_tested} tests; {findings} findings past the threshold.",
    }
    .to_owned();
    summary.tables.push(model_table(models, found));
    summary.tables.extend(joint::covariance_table(models));
    summary.tables.push(marker_table(models, accounts));
    for (name, own) in models.traits.iter().zip(found) {
        summary.tables.push(hit_table(name, own));
        summary.tables.push(manhattan(name, own));
        summary.tables.push(quantiles(name, own));
    }
}

fn tested(found: &[Found]) -> usize {
    found.iter().map(|own| own.all.tests).sum()
}

fn significant_leads(own: &Found) -> usize {
    own.all.leads.iter().filter(|lead| lead.near > 0).count()
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// The models without markers; with LOCO the first contig's.
fn model_table(models: &Models, found: &[Found]) -> Table {
    let mut rows = Vec::new();
    for group in &models.groups {
        for (contig, frame) in group.frames.each() {
            for (&of, (name, model)) in group.traits.iter().zip(frame.models()) {
                let own = &found[of];
                let numbers = model.map_or_else(|| vec![Value::Null; 5], |model| model_numbers(&model));
                let start: [Value; 4] = [
                    name.into(),
                    contig.unwrap_or("all").into(),
                    frame.samples().into(),
                    models.covariates[of].join(", ").into(),
                ];
                let end: [Value; 5] = [
                    rounded(own.all.inflation),
                    own.threshold.as_str().into(),
                    probability_text(own.all.threshold.ln()).into(),
                    own.all.significant.into(),
                    own.all.at_fdr.into(),
                ];
                rows.push(start.into_iter().chain(numbers).chain(end).collect());
            }
        }
    }
    Table {
        name: "models".into(),
        title: "The models without markers, and what the scan found".into(),
        chart: Chart::Table,
        columns: columns(&[
            "trait",
            "contigs",
            "samples",
            "fixed effects",
            "Vg",
            "Ve",
            "share explained by the relationship",
            "its standard error",
            "end of the range of λ",
            "λ GC",
            "threshold",
            "threshold p",
            "markers past it",
            "markers with a false-discovery rate up to 5%",
        ]),
        rows,
        path: None,
    }
}

fn model_numbers(model: &Components) -> Vec<Value> {
    let bound = match model.bound {
        None => "",
        Some(Bound::Low) => "lower",
        Some(Bound::High) => "upper",
    };
    vec![
        rounded(model.vg),
        rounded(model.ve),
        rounded(model.h2),
        model.h2_se.map_or(Value::Null, rounded),
        bound.into(),
    ]
}

fn marker_table(models: &Models, accounts: &[MarkerAccount]) -> Table {
    let row = |(group, own): (&landrace_breeding::gwas::Group, &MarkerAccount)| {
        let names: Vec<&str> = group.traits.iter().map(|&of| models.traits[of].as_str()).collect();
        let left_out = own.uncalled + own.rare + own.constant + own.collinear;
        vec![
            names.join(", ").into(),
            own.read.into(),
            (own.read - left_out).into(),
            own.uncalled.into(),
            own.rare.into(),
            own.constant.into(),
            own.collinear.into(),
        ]
    };
    Table {
        name: "markers".into(),
        title: "The markers tested, and why others were not".into(),
        chart: Chart::Table,
        columns: columns(&[
            "traits",
            "read",
            "tested",
            "too few calls",
            "too rare",
            "do not vary",
            "explained by covariates",
        ]),
        rows: models.groups.iter().zip(accounts).map(row).collect(),
        path: None,
    }
}

const HIT_COLUMNS: [&str; 11] = [
    "marker",
    "contig",
    "position",
    "allele counted",
    "other allele",
    "frequency",
    "effect",
    "standard error",
    "p",
    "false-discovery rate",
    "markers past the threshold within the window",
];

/// One row a lead.
fn hit_rows(own: &Found) -> impl Iterator<Item = [String; 11]> + '_ {
    own.all.leads.iter().map(|lead| {
        let [id, contig, position, effect, other, frequency, beta, se, p] =
            marker_cells(&lead.marker, &lead.association);
        let (q, near) = (format!("{:.3e}", lead.q), lead.near.to_string());
        [id, contig, position, effect, other, frequency, beta, se, p, q, near]
    })
}

/// Marker, contig, position, both alleles, frequency, effect, its standard error and p-value.
pub(super) fn marker_cells(marker: &Marker, association: &Association) -> [String; 9] {
    let one = |effect: f64| {
        if marker.classes.is_empty() && !effect.is_nan() { format!("{effect:.6e}") } else { "NA".to_owned() }
    };
    [
        marker.id.to_string(),
        marker.contig.to_string(),
        marker.position.map_or_else(|| "0".to_owned(), |position| position.to_string()),
        marker.effect.to_string(),
        marker.other.to_string(),
        format!("{:.3}", marker.frequency),
        one(association.beta),
        one(association.se),
        probability_text(association.ln_p),
    ]
}

fn hit_table(name: &str, own: &Found) -> Table {
    let number = |cell: String| cell.parse::<u64>().map_or(Value::from(cell), Value::from);
    let row = |cells: [String; 11]| {
        let [marker, contig, position, rest @ ..] = cells;
        [Value::from(marker), contig.into(), number(position)].into_iter().chain(rest.map(number)).collect()
    };
    Table {
        name: format!("hits-{name}"),
        title: format!("{name}: the best markers, at least the window apart"),
        chart: Chart::Table,
        columns: columns(&HIT_COLUMNS),
        rows: hit_rows(own).take(20).map(row).collect(),
        path: None,
    }
}

/// The best markers of all traits as a file.
pub(super) fn hits_table(models: &Models, found: &[Found]) -> String {
    let mut out = "trait\tmarker\tchr\tps\tallele1\tallele0\taf\tbeta\tse\tp\tq\tnear\n".to_owned();
    for (name, own) in models.traits.iter().zip(found) {
        for cells in hit_rows(own) {
            out.push_str(&format!("{name}\t{}\n", cells.join("\t")));
        }
    }
    out
}

fn manhattan(name: &str, own: &Found) -> Table {
    let threshold = -own.all.threshold.log10();
    let line = vec![Value::Null, Value::Null, rounded(threshold)];
    let point = |&(contig, position, value): &(usize, u32, f64)| {
        vec![own.results.contigs[contig].as_str().into(), position.into(), rounded(value)]
    };
    let points = own.results.manhattan(DRAWN);
    Table {
        name: format!("manhattan-{name}"),
        title: format!("{name}: association along the genome"),
        chart: Chart::Manhattan,
        columns: columns(&["contig", "position", "−log10 p"]),
        rows: std::iter::once(line).chain(points.iter().map(point)).collect(),
        path: None,
    }
}

fn quantiles(name: &str, own: &Found) -> Table {
    let row = |&(expected, seen): &(f64, f64)| vec![rounded(expected), rounded(seen), rounded(expected)];
    let mut points = own.all.quantiles.clone();
    points.reverse();
    Table {
        name: format!("qq-{name}"),
        title: format!("{name}: p-values seen and expected (λ GC {:.3})", own.all.inflation),
        chart: Chart::Line,
        columns: columns(&["expected −log10 p", "seen −log10 p", "as many as by chance"]),
        rows: points.iter().map(row).collect(),
        path: None,
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Says what was found.
pub(super) fn tell(models: &Models, found: &[Found], accounts: &[MarkerAccount], session: &Session) {
    for (group, own) in models.groups.iter().zip(accounts) {
        let left_out = own.uncalled + own.rare + own.constant + own.collinear;
        session.progress.note(&format!(
            "{} of {} markers tested on {} samples; left out: {} with too few calls, {} too rare, {} that do not vary, \
             {} explained by covariates",
            own.read - left_out,
            own.read,
            group.samples.len(),
            own.uncalled,
            own.rare,
            own.constant,
            own.collinear
        ));
    }
    for (name, own) in models.traits.iter().zip(found) {
        let best = own.all.leads.first().map(|lead| {
            let marker = &lead.marker;
            let place = marker.position.map_or_else(String::new, |at| format!(" ({}:{at})", marker.contig));
            format!("; best {}{place}, p {}", marker.id, probability_text(lead.association.ln_p))
        });
        session.progress.note(&format!(
            "{name}: λ GC {:.3}; {} at p up to {} ({}) in {}{}",
            own.all.inflation,
            counted(own.all.significant, "marker"),
            probability_text(own.all.threshold.ln()),
            own.threshold,
            counted(significant_leads(own), "place"),
            best.unwrap_or_default()
        ));
        if models.method == Method::Exact && own.results.at_bound > 0 {
            session.progress.detail(&format!(
                "{name}: {} markers have their λ at an end of the range",
                own.results.at_bound
            ));
        }
    }
}
