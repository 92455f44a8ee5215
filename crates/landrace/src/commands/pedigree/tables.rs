//! What the report draws of a pedigree, and what is said of it.

use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::pedigree::conflicts::Conflicts;
use landrace_genotypes::pedigree::history::{
    Cohort, Founders, History, by_generation, by_year, effective_size,
};
use landrace_genotypes::pedigree::{Checked, Kind, Kinship, Pedigree, Severity, UNKNOWN};
use landrace_genotypes::relationship::bins;
use serde_json::Value;

use crate::cli::Session;
use crate::genotypes::rounded;

/// Rows of lists that the report shows at most.
const SHOWN: usize = 200;

fn table(name: &str, title: &str, chart: Chart, columns: &[&str], rows: Vec<Vec<Value>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name: name.into(), title: title.into(), chart, columns, rows, path: None }
}

/// Counts and the list of problems.
pub(super) fn problems(summary: &mut Summary, checked: &Checked, is_repaired: bool) {
    summary.count("errors", checked.severe(Severity::Error));
    summary.count("warnings", checked.severe(Severity::Warning));
    for kind in Kind::ALL.into_iter().filter(|&kind| checked.count(kind) > 0) {
        summary.count(kind.name(), checked.count(kind));
    }
    let lacks_row = |kind: Kind| kind == Kind::NoRow;
    let told: Vec<_> = checked.problems.iter().filter(|problem| !lacks_row(problem.kind)).collect();
    let changed = told.iter().filter(|problem| is_repaired && !problem.repair.is_empty()).count();
    summary.count("repaired", changed);
    if told.is_empty() {
        return;
    }
    let counts = Kind::ALL.into_iter().filter(|&kind| checked.count(kind) > 0 && !lacks_row(kind));
    let rows = counts.map(|kind| vec![kind.name().into(), checked.count(kind).into()]).collect();
    summary.tables.push(table(
        "problems",
        "Problems of the pedigree",
        Chart::Bar,
        &["problem", "count"],
        rows,
    ));
    let rows = told.iter().take(SHOWN).map(|problem| {
        let repair = if is_repaired { problem.repair.as_str() } else { "" };
        vec![
            problem.line.into(),
            problem.individual.as_str().into(),
            problem.kind.name().into(),
            problem.message.as_str().into(),
            repair.into(),
        ]
    });
    let columns = ["line", "individual", "problem", "message", "repaired"];
    let rows = rows.collect();
    summary.tables.push(table("problem-list", "What is wrong, by line", Chart::Table, &columns, rows));
}

/// Individuals, inbreeding, generations and founders.
pub(super) fn describe(summary: &mut Summary, kinship: &Kinship<'_>, history: &History) {
    let pedigree = kinship.pedigree;
    let inbreeding: Vec<f64> = (0..pedigree.len()).map(|own| kinship.inbreeding(own)).collect();
    let founders = pedigree.parents.iter().filter(|parents| **parents == [UNKNOWN; 2]).count();
    let one =
        pedigree.parents.iter().filter(|parents| (parents[0] == UNKNOWN) != (parents[1] == UNKNOWN)).count();
    let mean = |values: &[f64]| rounded(values.iter().sum::<f64>() / values.len().max(1) as f64);
    summary.count("individuals", pedigree.len()).count("founders", founders).count("one_parent_known", one);
    summary.count("generations", history.generation.iter().copied().max().unwrap_or(0));
    summary.count("mean_inbreeding", mean(&inbreeding));
    summary.count("highest_inbreeding", rounded(inbreeding.iter().copied().fold(0.0, f64::max)));
    summary.count("inbred", inbreeding.iter().filter(|f| **f > 1e-9).count());
    let youngest: Vec<u32> = (0u32..)
        .zip(pedigree.has_offspring())
        .filter(|(_, is_parent)| !is_parent)
        .map(|(own, _)| own)
        .collect();
    let shares = Founders::of(pedigree, &youngest);
    let equivalent: Vec<f64> = youngest.iter().map(|&own| history.equivalent[own as usize]).collect();
    summary.count("without_offspring", youngest.len()).count("equivalent_generations", mean(&equivalent));
    summary.count("effective_founders", rounded(shares.effective));
    let size = effective_size(kinship, history, &youngest);
    summary.count("effective_size", size.map_or(Value::Null, rounded));
    summary.headline =
        "{individuals} individuals, {founders} of them founders: {errors} errors, {warnings} warnings; \
                        mean inbreeding {mean_inbreeding}, {effective_founders} effective founders."
            .to_owned();
    over_time(summary, kinship, history);
    let rows =
        bins(&inbreeding, 40).into_iter().map(|(edge, count)| vec![rounded(edge), count.into()]).collect();
    let columns = ["inbreeding coefficient", "individuals"];
    summary.tables.push(table(
        "inbreeding",
        "Inbreeding of the individuals",
        Chart::Histogram,
        &columns,
        rows,
    ));
    let name = |own: u32| Value::from(pedigree.names[own as usize].as_str());
    let rows = shares.shares.iter().take(20).map(|&(own, share)| vec![name(own), rounded(share)]).collect();
    let title = "Shares of the founders in those without offspring: the largest";
    summary.tables.push(table("founders", title, Chart::Bar, &["founder", "share"], rows));
}

/// Mean inbreeding by year of birth where that is known of some years, and by generation.
fn over_time(summary: &mut Summary, kinship: &Kinship<'_>, history: &History) {
    let row = |time: Value, cohort: &Cohort| {
        let equivalent = cohort.equivalent / cohort.count.max(1) as f64;
        vec![time, rounded(cohort.mean()), rounded(cohort.max), rounded(equivalent), cohort.count.into()]
    };
    let tables = [
        (
            "year",
            "year of birth",
            by_year(kinship, history).iter().map(|(&t, c)| row(t.into(), c)).collect::<Vec<_>>(),
        ),
        (
            "generation",
            "generation",
            by_generation(kinship, history).iter().map(|(&t, c)| row(t.into(), c)).collect(),
        ),
    ];
    for (name, what, rows) in tables.into_iter().filter(|(.., rows)| rows.len() > 1) {
        let picture = rows.iter().map(|row| row[..3].to_vec()).collect();
        let title = format!("Inbreeding by {what}");
        let line = format!("inbreeding-by-{name}");
        summary.tables.push(table(&line, &title, Chart::Line, &[what, "mean", "highest"], picture));
        let columns = [what, "mean", "highest", "equivalent generations", "individuals"];
        let rows = rows.into_iter().rev().take(SHOWN).rev().collect();
        summary.tables.push(table(
            &format!("{name}s"),
            &format!("Individuals by {what}"),
            Chart::Table,
            &columns,
            rows,
        ));
    }
}

/// What genotypes contradict.
pub(super) fn conflicts(
    summary: &mut Summary,
    session: &Session,
    pedigree: &Pedigree,
    conflicts: &Conflicts,
) {
    let ((pairs, wrong), (trios, wrong_trios)) = (conflicts.pairs(), conflicts.trios());
    summary
        .count("genotyped", conflicts.genotyped)
        .count("samples_not_in_pedigree", conflicts.without_row.len());
    summary.count("parents_compared", pairs).count("parents_wrong", wrong);
    summary.count("trios_compared", trios).count("trios_wrong", wrong_trios);
    let name = |own: u32| pedigree.names.get(own as usize).map_or("", String::as_str);
    let is_wrong = conflicts.compared.iter().filter(|row| row.is_wrong());
    let rows = is_wrong.take(SHOWN).map(|row| {
        let mut cells: Vec<Value> = vec![name(row.own).into()];
        for role in 0..2 {
            let parent = name(pedigree.parents[row.own as usize][role]);
            let found = row.parents[role].map(|(counts, verdict)| {
                format!("{} of {}, {}", counts.mismatches, counts.compared, verdict.name())
            });
            let better = row.instead[role].map_or("", |(other, _)| name(other));
            cells.extend([parent.into(), found.unwrap_or_default().into(), better.into()]);
        }
        cells
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        let columns =
            ["individual", "sire", "sire mismatches", "fits better", "dam", "dam mismatches", "fits better "];
        let title = "Parents that the genotypes contradict";
        summary.tables.push(table("conflicts", title, Chart::Table, &columns, rows));
    }
    session.progress.note(&format!(
        "{} individuals have genotypes: {wrong} of {pairs} parents and {wrong_trios} of {trios} trios do not fit",
        conflicts.genotyped
    ));
    if pairs == 0 {
        session.progress.note("no parent and offspring both have genotypes: nothing to compare");
    }
    let suspects: Vec<&str> = conflicts.suspects.iter().take(10).map(|&own| name(own)).collect();
    if !suspects.is_empty() {
        session.progress.note(&format!(
            "{} fit none of their relatives, so the sample itself may be another's: {}",
            conflicts.suspects.len(),
            suspects.join(", ")
        ));
    }
}

/// Says in a line what was found.
pub(super) fn note(session: &Session, summary: &Summary) {
    let of = |name: &str| summary.counts.get(name).map(Value::to_string).unwrap_or_default();
    session.progress.note(&format!(
        "{} individuals, {} founders, {} generations: {} errors, {} warnings, {} repaired; mean inbreeding {}",
        of("individuals"),
        of("founders"),
        of("generations"),
        of("errors"),
        of("warnings"),
        of("repaired"),
        of("mean_inbreeding")
    ));
}
