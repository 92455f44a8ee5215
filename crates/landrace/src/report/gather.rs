//! Summaries of one command joined to a chapter: counts and tables of several subjects become one.

use std::collections::{BTreeMap, HashMap};

use landrace_genome::summary::{Chart, Combine, Table};
use serde_json::{Number, Value};

use super::find::Found;
use super::text;

/// Subjects whose pictures stand side by side; further ones are in the table alone.
const PANELS: usize = 6;

/// One command and all its runs.
pub(super) struct Chapter<'a> {
    /// The command's name.
    pub(super) command: &'a str,
    /// Its runs, in natural order of their labels.
    pub(super) runs: Vec<&'a Found>,
    /// Counts over all runs.
    pub(super) counts: BTreeMap<&'a str, Count>,
    /// The joined tables.
    pub(super) figures: Vec<Figure>,
}

/// A count over several runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Count {
    /// The same in each run.
    Same(Value),
    /// A sum over runs.
    Sum(f64),
    /// What cannot be added, from the least to the most.
    Range(f64, f64),
    /// Words that differ.
    Several,
}

/// Tables of one name, joined.
pub(super) struct Figure {
    /// Everything, for the table under the picture and its download.
    pub(super) whole: Table,
    /// What is drawn: one picture, or several with the subject of each.
    pub(super) panels: Vec<(String, Table)>,
    /// What the reader should know of thinning and joining.
    pub(super) notes: Vec<String>,
}

/// Groups summaries by command, in the order of `commands` (others follow by name), and joins each group.
pub(super) fn chapters<'a>(found: &'a [Found], commands: &[(String, String)]) -> Vec<Chapter<'a>> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Found>> = BTreeMap::new();
    for one in found {
        let command = one.summary.command.as_str();
        let place = commands.iter().position(|(name, _)| name == command).unwrap_or(commands.len());
        groups.entry((place, command)).or_default().push(one);
    }
    groups
        .into_iter()
        .map(|((_, command), mut runs)| {
            runs.sort_by_cached_key(|run| text::natural_key(&run.label));
            let counts = join_counts(&runs);
            let figures = join_tables(&runs);
            Chapter { command, runs, counts, figures }
        })
        .collect()
}

/// Words in the names of figures that cannot be added over samples or regions.
const NOT_ADDED: [&str; 22] = [
    "mean",
    "median",
    "min",
    "max",
    "minimum",
    "maximum",
    "sd",
    "rate",
    "share",
    "fraction",
    "percent",
    "ratio",
    "depth",
    "length",
    "quality",
    "ploidy",
    "samples",
    "seed",
    "spacing",
    "coverage",
    "threshold",
    "limit",
];

fn join_counts<'a>(runs: &[&'a Found]) -> BTreeMap<&'a str, Count> {
    let mut values: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for run in runs {
        for (name, value) in &run.summary.counts {
            values.entry(name).or_default().push(value);
        }
    }
    values.into_iter().map(|(name, values)| (name, join_values(name, &values))).collect()
}

fn join_values(name: &str, values: &[&Value]) -> Count {
    if let [value] = values {
        return Count::Same((*value).clone());
    }
    let mut words = name.split(['_', '-', ' ']);
    let adds_up = values.iter().all(|value| value.is_u64()) && !words.any(|word| NOT_ADDED.contains(&word));
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.as_f64()).collect();
    match numbers {
        Some(numbers) if adds_up => Count::Sum(numbers.iter().sum()),
        _ if values.iter().all(|value| *value == values[0]) => Count::Same(values[0].clone()),
        Some(numbers) => {
            let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Count::Range(least, most)
        }
        None => Count::Several,
    }
}

impl Count {
    /// The count in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Same(value) => text::cell(value),
            Self::Sum(sum) => text::number(*sum),
            Self::Range(least, most) => format!("{} to {}", text::number(*least), text::number(*most)),
            Self::Several => "differs".to_owned(),
        }
    }

    /// The count as one number, if it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Same(value) => value.as_f64(),
            Self::Sum(sum) => Some(*sum),
            Self::Range(..) | Self::Several => None,
        }
    }
}

fn join_tables(runs: &[&Found]) -> Vec<Figure> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_name: HashMap<&str, Vec<(&Found, &Table)>> = HashMap::new();
    for &run in runs {
        for table in &run.summary.tables {
            let same = by_name.entry(&table.name).or_default();
            if same.is_empty() {
                order.push(&table.name);
            }
            same.push((run, table));
        }
    }
    order.into_iter().map(|name| join(&by_name[name])).collect()
}

/// Joins the tables of one name, one a run.
fn join(tables: &[(&Found, &Table)]) -> Figure {
    let (first_run, first) = tables[0];
    let mut notes: Vec<String> = tables
        .iter()
        .flat_map(|(run, table)| run.notes.iter().filter(|(name, _)| *name == table.name))
        .map(|(_, note)| note.clone())
        .collect();
    if tables.len() == 1 {
        let panels = vec![(String::new(), first.clone())];
        return Figure { whole: first.clone(), panels, notes };
    }
    let is_alike = tables.iter().all(|(_, table)| table.columns.len() == first.columns.len());
    let hint = first_run.summary.combine.get(&first.name).copied();
    let how = if is_alike { hint.unwrap_or_else(|| usual(tables)) } else { Combine::Apart };
    let whole = match how {
        Combine::Sum => summed(tables),
        Combine::Overlay => overlaid(tables),
        Combine::Rows => followed(tables),
        Combine::Apart => {
            // Places along contigs have a picture for many subjects; of other kinds a few stand side by side.
            let most = if first.chart == Chart::Contigs { usize::MAX } else { PANELS };
            let panels =
                tables.iter().take(most).map(|(run, table)| (run.label.clone(), (*table).clone())).collect();
            if tables.len() > most {
                let all = text::counted(tables.len(), "picture");
                notes.push(format!("The first {PANELS} of {all} are drawn; the table below holds all."));
            }
            return Figure { whole: labelled(tables), panels, notes };
        }
    };
    Figure { panels: vec![(String::new(), whole.clone())], whole, notes }
}

/// How tables are joined where the command gives no hint.
fn usual(tables: &[(&Found, &Table)]) -> Combine {
    let are_regions = tables.iter().all(|(run, _)| is_region(&run.label));
    let is_single = tables[0].1.columns.len() == 2;
    match tables[0].1.chart {
        Chart::Table => Combine::Rows,
        Chart::Contigs | Chart::Manhattan | Chart::Scatter if are_regions => Combine::Rows,
        Chart::Contigs | Chart::Manhattan | Chart::Scatter => Combine::Apart,
        Chart::Bar | Chart::StackedBar if have_other_rows(tables) => Combine::Rows,
        Chart::Heatmap if are_regions => Combine::Sum,
        Chart::Heatmap => Combine::Apart,
        _ if are_regions => Combine::Sum,
        Chart::Histogram | Chart::Line | Chart::Bar if is_single => Combine::Overlay,
        _ => Combine::Apart,
    }
}

/// Whether no row label occurs in two of the tables: then each holds rows of its own subject.
fn have_other_rows(tables: &[(&Found, &Table)]) -> bool {
    let mut owner: HashMap<String, usize> = HashMap::new();
    tables.iter().enumerate().all(|(index, (_, table))| {
        table.rows.iter().all(|row| *owner.entry(text::plain(&row[0])).or_insert(index) == index)
    })
}

/// Whether a label reads as `CONTIG:START-END`.
fn is_region(label: &str) -> bool {
    let Some((name, range)) = label.rsplit_once(':') else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b',');
    !name.is_empty() && range.split_once('-').is_some_and(|(start, end)| is_number(start) && is_number(end))
}

/// First columns in the order in which they come first; numbers in order of size.
fn first_column(tables: &[(&Found, &Table)]) -> Vec<(String, Value)> {
    let mut seen = HashMap::new();
    let mut keys = Vec::new();
    for row in tables.iter().flat_map(|(_, table)| &table.rows) {
        let key = text::plain(&row[0]);
        if seen.insert(key.clone(), ()).is_none() {
            keys.push((key, row[0].clone()));
        }
    }
    if keys.iter().all(|(_, value)| value.is_number()) {
        let size = |value: &Value| value.as_f64().unwrap_or(0.0);
        keys.sort_by(|(_, a), (_, b)| size(a).total_cmp(&size(b)));
    }
    keys
}

fn summed(tables: &[(&Found, &Table)]) -> Table {
    let first = tables[0].1;
    let width = first.columns.len();
    let mut sums: HashMap<String, Vec<Value>> = HashMap::new();
    for row in tables.iter().flat_map(|(_, table)| &table.rows) {
        let sum = sums.entry(text::plain(&row[0])).or_insert_with(|| vec![Value::Null; width]);
        for (cell, value) in sum.iter_mut().zip(row).skip(1) {
            *cell = added(cell, value);
        }
    }
    let rows = first_column(tables)
        .into_iter()
        .map(|(key, label)| {
            let mut row = sums.remove(&key).unwrap_or_default();
            row[0] = label;
            row
        })
        .collect();
    Table { rows, ..first.clone() }
}

/// The sum of two cells; whole numbers stay whole.
fn added(a: &Value, b: &Value) -> Value {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.saturating_add(b).into();
    }
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => Number::from_f64(a + b).map_or(Value::Null, Value::Number),
        (None, Some(_)) => b.clone(),
        _ => a.clone(),
    }
}

fn overlaid(tables: &[(&Found, &Table)]) -> Table {
    let first = tables[0].1;
    let keys = first_column(tables);
    let place: HashMap<&str, usize> =
        keys.iter().enumerate().map(|(i, (key, _))| (key.as_str(), i)).collect();
    // A bin that a histogram leaves out is empty; a point that a line leaves out is unknown.
    let absent = if first.chart == Chart::Line { Value::Null } else { Value::from(0) };
    let mut rows: Vec<Vec<Value>> = keys
        .iter()
        .map(|(_, label)| [vec![label.clone()], vec![absent.clone(); tables.len()]].concat())
        .collect();
    for (column, (_, table)) in tables.iter().enumerate() {
        for row in &table.rows {
            rows[place[text::plain(&row[0]).as_str()]][column + 1] = row[1].clone();
        }
    }
    let mut columns = vec![first.columns[0].clone()];
    columns.extend(tables.iter().map(|(run, _)| run.label.clone()));
    Table { columns, rows, title: format!("{}: {}", first.title, first.columns[1]), ..first.clone() }
}

/// All rows, one table after the other. Contig lengths are said once; rows of a plain table get their subject.
fn followed(tables: &[(&Found, &Table)]) -> Table {
    let first = tables[0].1;
    if first.chart == Chart::Table && !has_subject(tables) {
        return labelled(tables);
    }
    let mut lengths = HashMap::new();
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for row in tables.iter().flat_map(|(_, table)| &table.rows) {
        let is_length = first.chart == Chart::Contigs && row.get(1).is_none_or(Value::is_null);
        if !is_length || lengths.insert(text::plain(&row[0]), ()).is_none() {
            rows.push(row.clone());
        }
    }
    Table { rows, ..first.clone() }
}

/// Whether each table names its subject in the first column already.
fn has_subject(tables: &[(&Found, &Table)]) -> bool {
    tables.iter().all(|(run, table)| table.rows.iter().all(|row| text::plain(&row[0]) == run.label))
}

/// All rows with the run's label in front. Tables of other columns are left out after the first's shape.
fn labelled(tables: &[(&Found, &Table)]) -> Table {
    let first = tables[0].1;
    let mut columns = vec!["subject".to_owned()];
    columns.extend(first.columns.iter().cloned());
    let rows = tables
        .iter()
        .filter(|(_, table)| table.columns.len() == first.columns.len())
        .flat_map(|(run, table)| {
            table.rows.iter().map(|row| [vec![Value::from(run.label.as_str())], row.clone()].concat())
        })
        .collect();
    Table { columns, rows, chart: Chart::Table, ..first.clone() }
}
