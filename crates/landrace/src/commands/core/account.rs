//! What is written of a core.

use std::fmt::Write as _;
use std::io::Write as _;

use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_germplasm::core_collection::{
    Core, Hunt, Nearest, Objective, Outcome, TraitComparison, compare_traits, principal_coordinates,
};
use serde_json::Value;

use super::Args;
use super::curve::Curve;
use super::input::Given;
use crate::cli::Session;
use crate::genotypes::rounded;

/// Points that a picture holds at most; beyond, every so manieth accession that is not in the core is drawn.
const MOST_POINTS: usize = 3000;

/// A core and all that is said of it.
pub(super) struct Account<'a> {
    pub(super) args: &'a Args,
    pub(super) given: &'a Given,
    pub(super) hunt: &'a Hunt<'a>,
    pub(super) core: &'a Core,
    pub(super) curve: Curve,
}

impl Account<'_> {
    fn name(&self, i: usize) -> &str {
        &self.given.collection.names[i]
    }

    /// The objective whose distance nearest entries go by: the first that has one.
    fn by_distance(&self) -> Option<Objective> {
        self.core.outcomes.iter().map(|own| own.objective).find(|own| own.measure().is_some())
    }

    fn nearest(&self) -> Vec<Nearest> {
        self.by_distance().map_or_else(Vec::new, |objective| self.hunt.nearest(objective, &self.core.members))
    }

    fn is_entry(&self) -> Vec<bool> {
        let mut is_entry = vec![false; self.given.collection.names.len()];
        self.core.members.iter().for_each(|&i| is_entry[i] = true);
        is_entry
    }

    fn traits(&self) -> Vec<TraitComparison> {
        let traits = self.given.collection.traits.as_ref();
        traits.map_or_else(Vec::new, |traits| compare_traits(traits, &self.core.members))
    }

    /// The files, the core last.
    pub(super) fn files(&self) -> anyhow::Result<Vec<Output>> {
        let nearest = self.nearest();
        let mut texts = vec![(".evaluation.tsv", self.evaluation_text()), (".names.txt", self.names_text())];
        if !nearest.is_empty() {
            texts.push((".nearest.tsv", self.nearest_text(&nearest)));
        }
        if self.given.collection.traits.is_some() {
            texts.push((".traits.tsv", self.traits_text()));
        }
        let mut files = Vec::new();
        if self.args.output.as_os_str() != "-" {
            for (suffix, text) in texts {
                let mut out = file::create(file::beside(&self.args.output, suffix))?;
                out.write_all(text.as_bytes())?;
                files.push(out);
            }
        }
        if let (Some(path), Some(objective)) = (&self.args.write_distances, self.by_distance()) {
            let mut out = file::create(path)?;
            self.write_distances(objective, &mut out)?;
            files.push(out);
        }
        let mut out = file::create(&self.args.output)?;
        out.write_all(self.core_text(&nearest)?.as_bytes())?;
        files.push(out);
        Ok(files)
    }

    fn core_text(&self, nearest: &[Nearest]) -> anyhow::Result<String> {
        let always = self.given.rules(self.args)?.always;
        let members = &self.core.members;
        let mut text = "accession\twhy".to_owned();
        let class = self.given.classes.as_ref();
        class.iter().for_each(|(column, _)| text += &format!("\t{column}"));
        if !nearest.is_empty() {
            text += "\tstands_for\tnearest_entry\tdistance";
        }
        text.push('\n');
        let mut count = vec![0usize; self.given.collection.names.len()];
        nearest.iter().for_each(|own| count[own.entry] += 1);
        for &i in members {
            let why = match (&self.args.evaluate, always.binary_search(&i)) {
                (Some(_), _) => "given",
                (_, Ok(_)) => "always",
                _ => "chosen",
            };
            write!(text, "{}\t{why}", self.name(i))?;
            class.map_or(Ok(()), |(_, cells)| write!(text, "\t{}", cells[i]))?;
            if let Some(objective) = self.by_distance() {
                let others = members
                    .iter()
                    .filter(|&&j| j != i)
                    .filter_map(|&j| Some((j, self.hunt.pair(objective, i, j)?)));
                let near = others.reduce(|best, next| if next.1 < best.1 { next } else { best });
                let near =
                    near.map_or("\t".to_owned(), |(j, distance)| format!("{}\t{distance:.6}", self.name(j)));
                write!(text, "\t{}\t{near}", count[i])?;
            }
            text.push('\n');
        }
        Ok(text)
    }

    fn nearest_text(&self, nearest: &[Nearest]) -> String {
        let is_entry = self.is_entry();
        let line = |(i, own): (usize, &Nearest)| {
            let word = if is_entry[i] { "yes" } else { "no" };
            format!("{}\t{word}\t{}\t{:.6}\n", self.name(i), self.name(own.entry), own.distance)
        };
        let lines: String = nearest.iter().enumerate().map(line).collect();
        format!("accession\tentry\tnearest_entry\tdistance\n{lines}")
    }

    fn names_text(&self) -> String {
        self.core.members.iter().map(|&i| format!("{}\n", self.name(i))).collect()
    }

    fn evaluation_text(&self) -> String {
        let line = |own: &Outcome| {
            let better = if own.objective.is_minimised() { "small" } else { "large" };
            let range = own.range.map_or("\t".to_owned(), |(least, most)| format!("{least:.9}\t{most:.9}"));
            format!(
                "{}\t{}\t{better}\t{}\t{:.9}\t{:.9}\t{:.4}\t{:.9}\t{range}\t{}\n",
                own.objective,
                own.objective.meaning(),
                own.weight,
                own.value,
                own.bound,
                100.0 * own.gap(),
                own.random,
                own.by
            )
        };
        let lines: String = self.core.outcomes.iter().map(line).collect();
        let header = "objective\tmeaning\tgood_is\tweight\tvalue\tbound\tgap_percent\trandom_cores\trange_from\trange_to\tbound_by\n";
        header.to_owned() + &lines
    }

    fn traits_text(&self) -> String {
        let number = |own: &TraitComparison| {
            let [mean, core_mean] = own.means;
            let [variance, core_variance] = own.variances;
            format!(
                "{}\tnumber\t{mean:.6}\t{core_mean:.6}\t{:.4}\t{variance:.6}\t{core_variance:.6}\t{:.4}\t{:.4}\t{:.4}\t\t\t\t\n",
                own.name,
                own.mean_difference(),
                own.variance_difference(),
                own.coincidence(),
                own.variable_rate()
            )
        };
        let class = |own: &TraitComparison| {
            let ([whole, core], [shannon, core_shannon]) = (own.classes, own.shannon);
            format!("{}\tclass\t\t\t\t\t\t\t\t\t{whole}\t{core}\t{shannon:.6}\t{core_shannon:.6}\n", own.name)
        };
        let lines: String =
            self.traits().iter().map(|own| if own.is_number { number(own) } else { class(own) }).collect();
        let header = "trait\tkind\tmean\tcore_mean\tmean_difference_percent\tvariance\tcore_variance\tvariance_difference_percent\t\
            coincidence_percent\tvariable_rate_percent\tclasses\tcore_classes\tshannon\tcore_shannon\n";
        header.to_owned() + &lines
    }

    fn write_distances(&self, objective: Objective, out: &mut Output) -> anyhow::Result<()> {
        let names = &self.given.collection.names;
        writeln!(out, "accession\t{}", names.join("\t"))?;
        for (i, name) in names.iter().enumerate() {
            write!(out, "{name}")?;
            for j in 0..names.len() {
                write!(out, "\t{}", self.hunt.pair(objective, i.max(j), i.min(j)).unwrap_or(0.0))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// The summary for the report.
    pub(super) fn summary(&self, session: &Session) -> Summary {
        let mut summary = Summary::new("core", &session.command_line);
        summary.inputs.clone_from(&self.given.digests);
        let collection = &self.given.collection;
        summary.count("accessions", collection.names.len()).count("entries", self.core.members.len());
        if let Some(table) = &collection.alleles {
            summary.count("loci", table.loci()).count("missing_calls", table.missing());
        }
        if let Some(traits) = &collection.traits {
            summary.count("traits", traits.traits.len()).count("missing_values", traits.missing());
        }
        summary.count("missing_in_distances", self.args.missing.as_str());
        for own in &self.core.outcomes {
            let name = own.objective.to_string().to_ascii_lowercase().replace('-', "_");
            summary
                .count(&name, rounded(own.value))
                .count(&format!("{name}_gap_percent"), rounded(100.0 * own.gap()));
        }
        let gaps: Vec<String> = self
            .searched()
            .map(|own| {
                let name = own.objective.to_string().to_ascii_lowercase().replace('-', "_");
                format!("{} {{{name}}} (at most {{{name}_gap_percent}}% from the best)", own.objective)
            })
            .collect();
        let verb = if self.args.evaluate.is_some() { "evaluated of" } else { "chosen from" };
        summary.headline =
            format!("{{entries}} entries {verb} {{accessions}} accessions: {}.", gaps.join(", "));
        summary.tables = self.tables();
        summary
    }

    fn searched(&self) -> impl Iterator<Item = &Outcome> {
        self.core.outcomes.iter().filter(|own| own.weight > 0.0)
    }

    fn tables(&self) -> Vec<Table> {
        let mut tables = vec![self.evaluation_table()];
        tables.extend(self.scatter());
        tables.extend(self.composition());
        if !self.curve.is_empty() {
            tables.extend(self.curve_tables());
        }
        if self.given.collection.traits.is_some() {
            tables.push(self.trait_table());
        }
        tables
    }

    fn evaluation_table(&self) -> Table {
        let row = |own: &Outcome| {
            vec![
                own.objective.to_string().into(),
                own.objective.meaning().into(),
                rounded(own.value),
                rounded(own.bound),
                rounded(100.0 * own.gap()),
                rounded(own.random),
                own.weight.into(),
            ]
        };
        let columns = ["objective", "meaning", "core", "bound", "gap [%]", "random cores", "weight"];
        table(
            ("evaluation", "The core by each objective"),
            Chart::Table,
            &columns,
            self.core.outcomes.iter().map(row).collect(),
        )
    }

    fn scatter(&self) -> Option<Table> {
        let square = self.hunt.square(self.by_distance()?)?;
        if square.len() < 3 {
            return None;
        }
        let ([x, y], shares) = principal_coordinates(square);
        let is_entry = self.is_entry();
        let every = square.len().div_ceil(MOST_POINTS);
        // Entries come last, so that they are drawn over the others.
        let others = (0..square.len()).filter(|&i| !is_entry[i] && i % every == 0);
        let row = |i: usize| {
            let group = if is_entry[i] { "core" } else { "others" };
            vec![self.name(i).into(), rounded(x[i]), rounded(y[i]), group.into()]
        };
        let rows = others.chain(self.core.members.iter().copied()).map(row).collect();
        let axis = |k: usize| format!("coordinate {} ({:.1}%)", k + 1, 100.0 * shares[k]);
        let columns = ["accession", &axis(0), &axis(1), "group"];
        Some(table(("coordinates", "Core and collection by their distances"), Chart::Scatter, &columns, rows))
    }

    fn composition(&self) -> Option<Table> {
        let (column, cells) = self.given.classes.as_ref()?;
        let mut names: Vec<&String> = cells.iter().collect();
        names.sort();
        names.dedup();
        let is_entry = self.is_entry();
        let row = |name: &&String| {
            let own = || (0..cells.len()).filter(|&i| cells[i] == **name);
            let entries = own().filter(|&i| is_entry[i]).count();
            let share = |part: usize, whole: usize| rounded(100.0 * part as f64 / whole.max(1) as f64);
            let [whole, core] = [share(own().count(), cells.len()), share(entries, self.core.members.len())];
            vec![name.as_str().into(), whole, core]
        };
        let columns = [column.as_str(), "collection [%]", "core [%]"];
        Some(table(
            ("composition", "Collection and core by class"),
            Chart::Bar,
            &columns,
            names.iter().map(row).collect(),
        ))
    }

    /// Objectives have scales of their own: a picture each.
    fn curve_tables(&self) -> Vec<Table> {
        let one = |(index, own): (usize, &Outcome)| {
            let rows = self
                .curve
                .iter()
                .map(|(size, values)| vec![(*size).into(), rounded(values[index])])
                .collect();
            let title = format!("{} against the size of the core (quick searches)", own.objective);
            let name = format!("curve-{}", own.objective.to_string().to_ascii_lowercase());
            table((&name, &title), Chart::Line, &["entries", &own.objective.to_string()], rows)
        };
        self.searched().enumerate().map(one).collect()
    }

    fn trait_table(&self) -> Table {
        let row = |own: &TraitComparison| {
            let empty = || Value::from("");
            if own.is_number {
                let values = [
                    own.mean_difference(),
                    own.variance_difference(),
                    own.coincidence(),
                    own.variable_rate(),
                ];
                let numbers = values.map(rounded);
                [own.name.as_str().into()].into_iter().chain(numbers).chain([empty(), empty()]).collect()
            } else {
                let kept = format!("{} of {}", own.classes[1], own.classes[0]).into();
                let shannon = format!("{:.3} of {:.3}", own.shannon[1], own.shannon[0]).into();
                vec![own.name.as_str().into(), empty(), empty(), empty(), empty(), kept, shannon]
            }
        };
        let columns = [
            "trait",
            "mean difference [%]",
            "variance difference [%]",
            "coincidence of range [%]",
            "variable rate [%]",
            "classes kept",
            "Shannon's index",
        ];
        table(
            ("traits", "Traits in the core and the whole"),
            Chart::Table,
            &columns,
            self.traits().iter().map(row).collect(),
        )
    }

    /// Says what the user should know.
    pub(super) fn tell(&self, session: &Session) {
        let progress = &session.progress;
        self.given.notes.iter().for_each(|note| progress.note(note));
        for own in &self.core.outcomes {
            let searched = if own.weight > 0.0 { "" } else { " (not searched by)" };
            let best = if own.gap() == 0.0 {
                "which is the best there can be".to_owned()
            } else {
                format!("at most {:.2}% from the best", 100.0 * own.gap())
            };
            progress.note(&format!(
                "{} {:.6}, {best}: no core passes {:.6}; random cores have {:.6}{searched}",
                own.objective, own.value, own.bound, own.random
            ));
        }
    }
}

fn table((name, title): (&str, &str), chart: Chart, columns: &[&str], rows: Vec<Vec<Value>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name: name.to_owned(), title: title.to_owned(), chart, columns, rows, path: None }
}
