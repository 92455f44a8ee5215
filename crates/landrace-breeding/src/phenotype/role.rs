//! What the columns of a table of phenotypes are, by their names.

use landrace_genotypes::cells::is_named;

/// Names of the column that names the samples, the surest first.
const SAMPLE: [&str; 28] = [
    "sample",
    "sample_name",
    "sample_id",
    "IID",
    "taxa",
    "taxon",
    "<Trait>",
    "genotype",
    "genotype_name",
    "germplasmName",
    "accession",
    "accession_name",
    "accession_number",
    "ACCENUMB",
    "line",
    "line_name",
    "entry",
    "entry_name",
    "clone",
    "variety",
    "cultivar",
    "individual",
    "animal",
    "animal_id",
    "PlinkIDs",
    "GID",
    "name",
    "id",
];
/// An environment on its own.
const ENVIRONMENT: [&str; 2] = ["environment", "env"];
/// What an environment is made of where no column says it.
const PARTS_OF_ENVIRONMENT: [&[&str]; 3] = [
    &["location", "loc", "site", "locationName"],
    &["year", "season", "harvest_year"],
    &["trial", "study", "studyName", "experiment", "expt"],
];
const REPLICATE: [&str; 4] = ["replicate", "rep", "replication", "repNumber"];
const BLOCK: [&str; 6] = ["block", "blk", "incomplete_block", "iblock", "ib", "blockNumber"];
const ROW: [&str; 3] = ["row", "rowNumber", "row_number"];
const COLUMN: [&str; 4] = ["column", "col", "colNumber", "column_number"];
const TRAIT: [&str; 5] = ["trait", "trait_name", "variable", "observationVariableName", "phenotype"];
const VALUE: [&str; 4] = ["value", "trait_value", "observation", "measurement"];
const UNIT: [&str; 3] = ["unit", "units", "uom"];
const WEIGHT: [&str; 2] = ["weight", "weights"];
const STANDARD_ERROR: [&str; 5] = ["standard_error", "std_error", "se", "stderr", "std.error"];
/// Columns that are neither traits nor factors of a model.
const ASIDE: [&str; 15] = [
    "FID",
    "family",
    "father",
    "mother",
    "PAT",
    "MAT",
    "plot",
    "plotNumber",
    "plot_id",
    "date",
    "note",
    "notes",
    "remark",
    "remarks",
    "observationUnitDbId",
];

/// Where the design of the trials stands: places of columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Roles {
    /// Columns that together name the environment.
    pub(super) environment: Vec<usize>,
    pub(super) replicate: Option<usize>,
    pub(super) block: Option<usize>,
    pub(super) row: Option<usize>,
    pub(super) column: Option<usize>,
    /// Columns that say nothing of the plant.
    pub(super) aside: Vec<usize>,
    /// The columns of a long table; `None` in a wide one.
    pub(super) long: Option<Long>,
}

/// Columns of a long table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Long {
    pub(super) name: usize,
    pub(super) value: usize,
    pub(super) unit: Option<usize>,
    pub(super) weight: Option<usize>,
    pub(super) standard_error: Option<usize>,
}

impl Roles {
    /// Looks at the names; `sample` is the column that names the samples.
    pub(super) fn of(columns: &[String], sample: usize) -> Self {
        let find = |names: &[&str]| {
            (0..columns.len()).find(|&index| index != sample && is_named(&columns[index], names))
        };
        let environment = match find(&ENVIRONMENT) {
            Some(column) => vec![column],
            None => PARTS_OF_ENVIRONMENT.iter().filter_map(|names| find(names)).collect(),
        };
        let long = find(&TRAIT).zip(find(&VALUE)).map(|(name, value)| Long {
            name,
            value,
            unit: find(&UNIT),
            weight: find(&WEIGHT),
            standard_error: find(&STANDARD_ERROR),
        });
        let aside = (0..columns.len()).filter(|&index| is_named(&columns[index], &ASIDE)).collect();
        let (replicate, block, row, column) = (find(&REPLICATE), find(&BLOCK), find(&ROW), find(&COLUMN));
        Self { environment, replicate, block, row, column, aside, long }
    }

    /// Whether a column is part of the design, and so no trait.
    pub(super) fn is_design(&self, column: usize) -> bool {
        let own = [self.replicate, self.block, self.row, self.column];
        self.environment.contains(&column) || own.contains(&Some(column)) || self.aside.contains(&column)
    }
}

/// How sure a name is that of the samples' column: smaller is surer.
pub(super) fn sample_rank(column: &str) -> Option<usize> {
    SAMPLE.iter().position(|name| is_named(column, &[name]))
}

/// Name and unit of a header such as `height (cm)` or `yield [t/ha]`.
pub(super) fn name_and_unit(header: &str) -> (String, Option<String>) {
    let text = header.trim();
    for (open, close) in [('(', ')'), ('[', ']')] {
        let inner = text.strip_suffix(close).and_then(|front| front.rsplit_once(open));
        if let Some((name, unit)) = inner
            && !name.trim().is_empty()
            && !unit.trim().is_empty()
        {
            return (name.trim().to_owned(), Some(unit.trim().to_owned()));
        }
    }
    (text.to_owned(), None)
}
