//! Tables of the effects of plates and batches.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::batches::{
    BINS, BatchTests, GROUP_COLUMNS, Grouping, LEVELS, PValues, PlateMap, VARIANT_COLUMNS, Well, plate_maps,
    well,
};
use landrace_genotypes::sample_table::{Joined, SampleTable};
use landrace_genotypes::tally::Tally;
use landrace_genotypes::{GenotypeError, SourceHeader};
use serde_json::Value;

use crate::cli::Session;
use crate::genotypes::rounded;
use crate::hardy_weinberg::read_table;

#[derive(clap::Args)]
#[command(next_help_heading = "Plates and batches")]
pub(super) struct Flags {
    /// Table of where the samples were: column sample, and any of plate, well and batch; not needed where the
    /// genotypes' own file says it. Each variant is tested for differences between batches (between plates, if
    /// there is no column batch)
    #[arg(long, value_name = "TABLE")]
    plates: Option<PathBuf>,
}

/// The tables under way.
pub(super) struct Tables {
    /// The grouping by which each variant is tested.
    pub(super) tested: Option<Grouping>,
    groupings: Vec<Grouping>,
    plates: (Vec<String>, Vec<Option<(usize, Well)>>),
    tests: BatchTests,
    groups: Output,
    variants: Option<Output>,
}

impl Tables {
    /// Reads the sheet and begins the tables, if they are asked for.
    pub(super) fn begin(
        flags: &Flags,
        header: &SourceHeader,
        output: &Path,
        session: &Session,
    ) -> anyhow::Result<Option<Self>> {
        let names = &header.samples;
        let Some(table) = table_of(flags, header)? else { return Ok(None) };
        table.join(names)?.note(table.path()).into_iter().for_each(|note| session.progress.note(&note));
        let mut groupings = Vec::new();
        for kind in ["batch", "plate"].into_iter().filter(|kind| table.has(kind)) {
            groupings.push(grouping(kind, &table.column(kind, names)?));
        }
        let tested = groupings.iter().find(|own: &&Grouping| own.names.len() > 1).cloned();
        let wells = wells(&table, names)?;
        groupings.extend(lines_of_plates(&wells));
        if groupings.is_empty() {
            bail!("{}: the table has none of the columns batch, plate and well; add one", table.path());
        }
        let plates = places(groupings.iter().find(|own| own.kind == "plate"), &wells);
        let groups = file::create(file::beside(output, ".batches.tsv"))?;
        let mut variants = None;
        if tested.is_some() {
            let out = variants.insert(file::create(file::beside(output, ".batch-variants.tsv"))?);
            writeln!(out, "{VARIANT_COLUMNS}")?;
        }
        Ok(Some(Self { tested, groupings, plates, tests: BatchTests::default(), groups, variants }))
    }

    /// Takes over a block's tests.
    pub(super) fn add(&mut self, part: BatchTests) -> Result<(), GenotypeError> {
        let lines = self.tests.add(part);
        Ok(self.variants.as_mut().map_or(Ok(()), |out| out.write_all(lines.as_bytes()))?)
    }

    /// Ends the tables and says what they show.
    pub(super) fn finish(
        mut self,
        tally: &Tally,
        summary: &mut Summary,
        session: &Session,
    ) -> anyhow::Result<Vec<Output>> {
        writeln!(self.groups, "{GROUP_COLUMNS}")?;
        for own in &self.groupings {
            self.groups.write_all(own.lines(tally).as_bytes())?;
        }
        summary.tables.push(self.effects(tally));
        summary.tables.extend(self.groupings.iter().map(|own| group_chart(own, tally)));
        summary.tables.extend(plate_maps(&self.plates.0, &self.plates.1, tally).iter().map(plate_chart));
        if let Some(tested) = &self.tested {
            let line = |what: &str, own: &PValues| {
                let expected = own.tested as f64 * LEVELS[1];
                format!("{} variants differ in {what} (by chance about {expected:.1})", own.below[1])
            };
            session.progress.note(&format!(
                "between {} of {} at p < {}: {}; {}",
                if tested.kind == "batch" { "batches" } else { "plates" },
                tested.names.len(),
                LEVELS[1],
                line("call rate", &self.tests.call_rate),
                line("allele frequency", &self.tests.allele_frequency),
            ));
            summary.tables.extend([self.levels(), self.histogram()]);
        }
        Ok([self.groups].into_iter().chain(self.variants).collect())
    }

    /// P-values of differences between groups of samples.
    fn effects(&self, tally: &Tally) -> Table {
        let value = |p: Option<f64>| p.map_or(Value::Null, |p| serde_json::json!(p));
        let row = |own: &Grouping| {
            let (call_rate, het) = own.tests(tally);
            vec![own.kind.as_str().into(), own.names.len().into(), value(call_rate), value(het)]
        };
        let columns = ["grouping", "groups", "p of call rate", "p of heterozygosity"];
        table("batch-effects", "Do groups of samples differ?", (Chart::Table, &columns))
            .with(self.groupings.iter().map(row).collect())
    }

    /// How many variants differ between the groups, and how many would by chance.
    fn levels(&self) -> Table {
        let row = |what: &str, own: &PValues, level: usize| -> Vec<Value> {
            let expected = rounded(own.tested as f64 * LEVELS[level]);
            vec![what.into(), LEVELS[level].into(), own.tested.into(), own.below[level].into(), expected]
        };
        let kinds =
            [("call rate", &self.tests.call_rate), ("allele frequency", &self.tests.allele_frequency)];
        let rows = kinds.iter().flat_map(|(what, own)| (0..LEVELS.len()).map(|level| row(what, own, level)));
        let columns = ["difference in", "p below", "variants tested", "variants", "by chance at most"];
        table("batch-variants", "Variants that differ between groups", (Chart::Table, &columns))
            .with(rows.collect())
    }

    fn histogram(&self) -> Table {
        let row = |bin: usize| -> Vec<Value> {
            vec![
                rounded(bin as f64 / BINS as f64),
                self.tests.call_rate.histogram[bin].into(),
                self.tests.allele_frequency.histogram[bin].into(),
            ]
        };
        let columns = ["p-value from", "call rate", "allele frequency"];
        table("batch-p-values", "P-values of differences between groups", (Chart::Bar, &columns))
            .with((0..BINS).map(row).collect())
    }
}

/// A table without rows yet.
struct Bare(Table);

fn table(name: &str, title: &str, (chart, columns): (Chart, &[&str])) -> Bare {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Bare(Table { name: name.into(), title: title.into(), chart, columns, rows: Vec::new(), path: None })
}

impl Bare {
    fn with(self, rows: Vec<Vec<Value>>) -> Table {
        Table { rows, ..self.0 }
    }
}

/// The table that is named, or, without one, what the genotypes' own file says of plates.
fn table_of(flags: &Flags, header: &SourceHeader) -> anyhow::Result<Option<SampleTable>> {
    if let Some(path) = &flags.plates {
        return Ok(Some(read_table(path)?));
    }
    let Some(columns) = &header.sample_columns else { return Ok(None) };
    let is_told = |name: &String| matches!(name.as_str(), "plate" | "well" | "batch");
    if !columns.names.iter().any(is_told) {
        return Ok(None);
    }
    let table = SampleTable::parse(&columns.to_text(&header.samples), "the genotypes' own columns")?;
    Ok(Some(table))
}

fn grouping(kind: &str, joined: &Joined) -> Grouping {
    let (names, of_samples) = joined.groups();
    Grouping { kind: kind.to_owned(), names, of_samples }
}

/// The wells of the samples; none without the column.
fn wells(table: &SampleTable, names: &[String]) -> anyhow::Result<Vec<Option<Well>>> {
    if !table.has("well") {
        return Ok(vec![None; names.len()]);
    }
    let joined = table.column("well", names)?;
    let read = |(sample, cell): (usize, &Option<String>)| match cell {
        None => Ok(None),
        Some(text) => well(text).map(Some).ok_or_else(|| {
            let line = joined.line(sample);
            anyhow::anyhow!("{}: line {line}: cannot read the well '{text}'; write it as A1", table.path())
        }),
    };
    joined.cells.iter().enumerate().map(read).collect()
}

/// Rows and columns of the plates as groups.
fn lines_of_plates(wells: &[Option<Well>]) -> Vec<Grouping> {
    if wells.iter().all(Option::is_none) {
        return Vec::new();
    }
    let by = |kind: &str, index: fn(&Well) -> usize, name: fn(&Well) -> String| {
        let mut present: Vec<&Well> = wells.iter().flatten().collect();
        present.sort_by_key(|well| index(well));
        present.dedup_by_key(|well| index(well));
        let place = |well: &Well| present.iter().position(|own| index(own) == index(well));
        let of_samples = wells.iter().map(|well| well.as_ref().and_then(place)).collect();
        Grouping { kind: kind.to_owned(), names: present.iter().map(|well| name(well)).collect(), of_samples }
    };
    vec![
        by("row", |well| well.row, |well| well.row_name()),
        by("column", |well| well.column, |well| (well.column + 1).to_string()),
    ]
}

/// Plates by name, and each sample's plate and well. Without a column of plates there is one.
fn places(plates: Option<&Grouping>, wells: &[Option<Well>]) -> (Vec<String>, Vec<Option<(usize, Well)>>) {
    if wells.iter().all(Option::is_none) {
        return (Vec::new(), vec![None; wells.len()]);
    }
    match plates {
        None => (vec!["plate".to_owned()], wells.iter().map(|well| Some((0, (*well)?))).collect()),
        Some(own) => {
            let place = |(plate, well): (&Option<usize>, &Option<Well>)| Some(((*plate)?, (*well)?));
            (own.names.clone(), own.of_samples.iter().zip(wells).map(place).collect())
        }
    }
}

/// Missing and heterozygous calls of the groups, as bars.
fn group_chart(own: &Grouping, tally: &Tally) -> Table {
    let row = |(name, (samples, sums)): (&String, &(u64, landrace_genotypes::tally::SampleTally))| {
        let calls = (tally.variants * samples).max(1) as f64;
        let missing = rounded(1.0 - sums.called as f64 / calls);
        vec![name.as_str().into(), missing, sums.heterozygosity().map_or(Value::Null, rounded)]
    };
    let rows = own.names.iter().zip(&own.sums(&tally.samples)).map(row).collect();
    let columns = [own.kind.as_str(), "share missing", "share heterozygous"];
    let (name, title) =
        (format!("by-{}", own.kind), format!("Missing and heterozygous calls by {}", own.kind));
    table(&name, &title, (Chart::Bar, &columns)).with(rows)
}

fn plate_chart(plate: &PlateMap) -> Table {
    let width = plate.rows.first().map_or(0, Vec::len);
    let columns: Vec<String> =
        std::iter::once("row".to_owned()).chain((1..=width).map(|column| column.to_string())).collect();
    let row = |(row, wells): (usize, &Vec<Option<f64>>)| -> Vec<Value> {
        let name = Well { row, column: 0 }.row_name();
        let cells = wells.iter().map(|share| share.map_or(Value::Null, rounded));
        std::iter::once(name.into()).chain(cells).collect()
    };
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let (name, title) =
        (format!("plate-{}", plate.name), format!("Share of missing calls on plate {}", plate.name));
    table(&name, &title, (Chart::Heatmap, &columns)).with(plate.rows.iter().enumerate().map(row).collect())
}
