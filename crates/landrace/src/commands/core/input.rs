//! What a core is chosen from, and the rules that it obeys.

use std::path::{Path, PathBuf};

use anyhow::Context;
use landrace_genome::file;
use landrace_genome::summary::InputDigest;
use landrace_genotypes::Wanted;
use landrace_germplasm::accession::{self, AccessionTable};
use landrace_germplasm::core_collection::{
    AlleleTable, Allocation, Collection, Genetic, Measure, NamedMatrix, Objective, Rules, Strata, TraitTable,
    Weighted, parse_alleles,
};

use super::Args;
use crate::cli::Session;
use crate::genotypes;

/// Whom a core must and may have.
#[derive(clap::Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleArgs {
    /// Accessions that are always in the core: a file with a name a line, or names separated by commas
    #[arg(long, value_name = "FILE|LIST")]
    always: Option<String>,
    /// Accessions that are never in the core, likewise
    #[arg(long, value_name = "FILE|LIST")]
    never: Option<String>,
    /// Table of the accessions (TSV, CSV, XLSX), for quotas, groups and the composition
    #[arg(long, value_name = "FILE")]
    pub(super) passport: Option<PathBuf>,
    /// Column of the passport that names the accessions as the genotypes do
    #[arg(long, value_name = "COLUMN", requires = "passport")]
    key: Option<String>,
    /// Share the entries among the classes of this column: COLUMN or COLUMN:HOW, where HOW is proportional (the default),
    /// equal, sqrt or log
    #[arg(long, value_name = "COLUMN[:HOW]", requires = "passport")]
    quota: Option<String>,
    /// The entries of each class of --quota, as a table of class and number without a header
    #[arg(long, value_name = "FILE", requires = "quota")]
    quota_table: Option<PathBuf>,
    /// At most one entry of each group of this column, such as the groups of duplicates
    #[arg(long, value_name = "COLUMN", requires = "passport")]
    one_of: Option<String>,
    /// Show how the core is made up by this column of the passport [default: that of --quota]
    #[arg(long, value_name = "COLUMN", requires = "passport")]
    composition: Option<String>,
}

/// What was read.
pub(super) struct Given {
    pub(super) collection: Collection,
    pub(super) digests: Vec<InputDigest>,
    /// Column of the passport to show the core by, and each accession's class.
    pub(super) classes: Option<(String, Vec<String>)>,
    passport: Option<AccessionTable>,
    pub(super) notes: Vec<String>,
}

/// Reads all inputs and puts them together.
pub(super) fn read(args: &Args, session: &Session) -> anyhow::Result<Given> {
    let mut digests = Vec::new();
    let alleles = if args.input.genotypes.is_empty() {
        None
    } else {
        let mut source = args.input.open(Wanted::default())?;
        let bar = genotypes::follow(session, "core", source.as_ref());
        let table = AlleleTable::read(source.as_mut())?;
        drop(bar);
        digests = source.digests();
        Some(table)
    };
    let mut text = |path: &Option<PathBuf>| -> anyhow::Result<Option<(String, String)>> {
        let Some(path) = path else { return Ok(None) };
        let text = file::read_text(path)?;
        digests.push(InputDigest::read(path)?);
        Ok(Some((text, path.display().to_string())))
    };
    let frequencies = text(&args.frequencies)?.map(|(text, path)| parse_alleles(&text, &path)).transpose()?;
    let traits = text(&args.traits)?.map(|(text, path)| TraitTable::parse(&text, &path)).transpose()?;
    let matrix = text(&args.distances)?.map(|(text, path)| NamedMatrix::parse(&text, &path)).transpose()?;
    let collection = Collection::join(alleles.or(frequencies), traits, matrix)?;
    let mut notes = collection.notes.clone();
    let options = accession::Options { key: args.rules.key.clone(), ..Default::default() };
    let passport =
        args.rules.passport.as_deref().map(|path| AccessionTable::read(path, &options)).transpose()?;
    if let Some(table) = &passport {
        digests.push(table.digest().clone());
        notes.extend(table.notes().iter().cloned());
        notes.extend(table.account(&collection.names)?.note(table.path()));
    }
    let mut given = Given { collection, digests, classes: None, passport, notes };
    let column =
        args.rules.composition.clone().or_else(|| Some(quota(args.rules.quota.as_deref()?).0.to_owned()));
    given.classes =
        column.map(|column| Ok::<_, anyhow::Error>((column.clone(), given.cells(&column)?))).transpose()?;
    Ok(given)
}

/// A quota's column and how it is shared.
fn quota(text: &str) -> (&str, &str) {
    text.rsplit_once(':').unwrap_or((text, "proportional"))
}

/// Names from a file, the first cell of each line, or from the list itself. A header line of a table that this command
/// wrote is passed over.
fn names(text: &str) -> anyhow::Result<Vec<String>> {
    if !Path::new(text).is_file() {
        return Ok(text
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect());
    }
    let lines = file::read_text(text)?;
    let first = lines.lines().map(|line| line.split('\t').next().unwrap_or(line).trim().to_owned());
    let is_header = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "accession" | "sample" | "id");
    Ok(first
        .enumerate()
        .filter(|(row, name)| !(name.is_empty() || *row == 0 && is_header(name)))
        .map(|(_, name)| name)
        .collect())
}

impl Given {
    /// A column of the passport, one cell an accession.
    fn cells(&self, column: &str) -> anyhow::Result<Vec<String>> {
        let passport =
            self.passport.as_ref().context("a column is asked for; give the table with --passport")?;
        let (joined, _) = passport.join(&self.collection.names, column)?;
        Ok(joined.cells.into_iter().map(|cell| cell.unwrap_or_else(|| "unknown".to_owned())).collect())
    }

    /// The rules of the command line; with `--evaluate` the core itself is what is always chosen.
    pub(super) fn rules(&self, args: &Args) -> anyhow::Result<Rules> {
        let list = |text: &Option<String>, name: &str| -> anyhow::Result<Vec<usize>> {
            let Some(text) = text else { return Ok(Vec::new()) };
            Ok(self.collection.find(&names(text)?, name)?)
        };
        let n = self.collection.names.len();
        let always = match &args.evaluate {
            Some(_) => list(&args.evaluate, "--evaluate")?,
            None => list(&args.rules.always, "--always")?,
        };
        let size = args.count.map_or(always.len(), |count| count.of(n));
        let mut rules = Rules { never: list(&args.rules.never, "--never")?, always, ..self.free_rules(size) };
        if let Some(text) = &args.rules.quota {
            let (column, how) = quota(text);
            rules.strata = Some(self.strata((column, how), args, &rules)?);
        }
        if let Some(column) = &args.rules.one_of {
            let passport = self.passport.as_ref().context("give the table of groups with --passport")?;
            let (joined, _) = passport.join(&self.collection.names, column)?;
            rules.groups = joined.groups().1.into_iter().map(|group| group.unwrap_or(usize::MAX)).collect();
        }
        Ok(rules)
    }

    /// Any core of a size.
    pub(super) fn free_rules(&self, size: usize) -> Rules {
        Rules { accessions: self.collection.names.len(), size, ..Rules::default() }
    }

    fn strata(&self, (column, how): (&str, &str), args: &Args, rules: &Rules) -> anyhow::Result<Strata> {
        let cells = self.cells(column)?;
        let mut names: Vec<String> = cells.clone();
        names.sort();
        names.dedup();
        let of: Vec<usize> = cells.iter().map(|cell| names.binary_search(cell).unwrap_or(0)).collect();
        let mut room = vec![0; names.len()];
        (0..of.len()).filter(|i| rules.never.binary_search(i).is_err()).for_each(|i| room[of[i]] += 1);
        let allocation = match how {
            "proportional" => Allocation::Proportional,
            "equal" => Allocation::Equal,
            "sqrt" => Allocation::SquareRoot,
            "log" => Allocation::Logarithmic,
            _ => anyhow::bail!("--quota: '{how}' is no allocation; write proportional, equal, sqrt or log"),
        };
        let quotas = match &args.rules.quota_table {
            Some(path) => quotas(path, &names)?,
            None => Strata::allocate(allocation, rules.size, &room),
        };
        Ok(Strata { names, of, quotas })
    }

    /// The objectives asked for, or EN of each kind of input, as Core Hunter does.
    pub(super) fn objectives(&self, args: &Args) -> Vec<Weighted> {
        if !args.objective.is_empty() {
            return args.objective.clone();
        }
        let Collection { alleles, traits, matrix, .. } = &self.collection;
        let kinds = [
            alleles.as_ref().map(|_| Measure::Genetic(Genetic::ModifiedRogers)),
            traits.as_ref().map(|_| Measure::Gower),
            matrix.as_ref().map(|_| Measure::Matrix),
        ];
        let own = |measure| Weighted { objective: Objective::EntryNearest(measure), weight: 1.0 };
        kinds.into_iter().flatten().map(own).collect()
    }

    /// The other objectives, which the core is evaluated by.
    pub(super) fn evaluated(&self, searched: &[Weighted]) -> Vec<Weighted> {
        let is_searched = |objective: &Objective| searched.iter().any(|own| own.objective == *objective);
        let others =
            Objective::all_of(&self.collection).into_iter().filter(|objective| !is_searched(objective));
        others.map(|objective| Weighted { objective, weight: 0.0 }).collect()
    }
}

/// The number of each class, from a table of class and number.
fn quotas(path: &Path, classes: &[String]) -> anyhow::Result<Vec<usize>> {
    let mut out = vec![0; classes.len()];
    for (line, text) in (1..).zip(file::read_text(path)?.lines()).filter(|(_, text)| !text.trim().is_empty())
    {
        let place = || format!("{}: line {line}", path.display());
        let (class, number) = text
            .rsplit_once(['\t', ','])
            .with_context(|| format!("{}: write a class and a number", place()))?;
        let hint = landrace_genome::nearest::hint(class.trim(), classes.iter().map(String::as_str));
        let index = classes.binary_search_by(|own| own.as_str().cmp(class.trim()));
        let index = index.map_err(|_| anyhow::anyhow!("{}: no accession is of '{class}'{hint}", place()))?;
        out[index] = number
            .trim()
            .parse()
            .with_context(|| format!("{}: '{number}' is no number of entries", place()))?;
    }
    Ok(out)
}
