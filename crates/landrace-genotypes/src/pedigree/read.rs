//! Tables of individuals with their parents, as herd books, breeders' spreadsheets and programs write them.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;
use std::path::Path;

use landrace_genome::nearest::hint;
use landrace_genome::summary::InputDigest;

use super::individual::{
    BIRTH_WORDS, Birth, FATHER_WORDS, MOTHER_WORDS, NAME_WORDS, NEUTRAL_WORDS, SEX_WORDS, Sex, known, plain,
};
use super::{Kind, Problem, UNKNOWN};
use crate::cells::{CellOptions, Cells};
use crate::source::GenotypeError;

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The individual.
    Name,
    /// Its father.
    Sire,
    /// Its mother.
    Dam,
    /// Its sex.
    Sex,
    /// Its birth.
    Birth,
}

const WORDS: [(Role, &str, &[&str]); 5] = [
    (Role::Name, "id", NAME_WORDS),
    (Role::Sire, "sire", FATHER_WORDS),
    (Role::Dam, "dam", MOTHER_WORDS),
    (Role::Sex, "sex", SEX_WORDS),
    (Role::Birth, "birth", BIRTH_WORDS),
];

impl Role {
    /// The role of a word on the command line: id, sire, dam, sex, birth, or what columns are called for it.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = plain(name);
        WORDS.iter().find(|(_, own, words)| *own == name || words.contains(&&*name)).map(|(role, ..)| *role)
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) name: u32,
    pub(super) parents: [u32; 2],
    pub(super) sex: Option<Sex>,
    pub(super) birth: Option<Birth>,
}

/// Names by number, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) list: Vec<String>,
    index: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.index.get(name) {
            return number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(UNKNOWN);
        self.list.push(name.to_owned());
        self.index.insert(name.to_owned(), number);
        number
    }
}

/// A pedigree as it was written, unchecked.
#[derive(Clone, Debug)]
pub struct Records {
    /// The path as given.
    pub path: String,
    /// The file by name and content.
    pub digest: InputDigest,
    /// What was taken for granted in reading, one line each.
    pub notes: Vec<String>,
    pub(super) names: Names,
    pub(super) rows: Vec<Record>,
    /// Whether the columns say which parent is the father.
    pub(super) is_sexed: bool,
    /// Cells that could not be read.
    pub(super) problems: Vec<Problem>,
}

/// Where each role stands: name, sire, dam, sex, birth.
type Places = [Option<usize>; 5];

impl Records {
    /// Reads a table with a header: TSV, CSV, `.xlsx`, spaces; or PLINK's `.fam`; or individual, sire and dam without
    /// a header. `columns` says what columns mean whose names do not. Memory is that of the text.
    ///
    /// # Errors
    /// Returns an error that names the file and the line: no columns of individuals or parents, an individual without
    /// a name, rows of uneven length.
    pub fn read(path: &Path, columns: &[(String, Role)]) -> Result<Self, GenotypeError> {
        let mut cells = Cells::read(path, &CellOptions::default())?;
        let mut notes = std::mem::take(&mut cells.notes);
        let is_fam = path.to_string_lossy().trim_end_matches(".gz").ends_with(".fam");
        let places = match named(&cells, columns, &mut notes)? {
            Some(places) if !is_fam => places,
            _ => unnamed(&mut cells, is_fam, &mut notes)?,
        };
        let is_neutral = |at: usize| NEUTRAL_WORDS.contains(&plain(&cells.columns[at]).as_str());
        let is_sexed = !places[1..3].iter().flatten().any(|&at| is_neutral(at));
        let digest = cells.digest.clone();
        let mut out = Self {
            path: cells.path.clone(),
            digest,
            notes,
            names: Names::default(),
            rows: Vec::with_capacity(cells.rows.len()),
            is_sexed,
            problems: Vec::new(),
        };
        let sexes = Sexes::of(&cells, places[3], &places);
        out.notes.extend(sexes.note().map(str::to_owned));
        for (line, row) in &cells.rows {
            out.push(&cells, *line, row, (&places, &sexes))?;
        }
        if out.rows.is_empty() {
            return Err(
                cells.line_error(cells.header_line, "the pedigree holds no individual; add a row for each")
            );
        }
        Ok(out)
    }

    fn push(
        &mut self,
        cells: &Cells,
        line: u64,
        row: &[String],
        (places, sexes): (&Places, &Sexes),
    ) -> Result<(), GenotypeError> {
        let cell = |at: usize| places[at].map(|at| row[at].trim()).and_then(known);
        let Some(name) = cell(0) else {
            return Err(
                cells.line_error(line, "the individual has no name; fill in its cell, or remove the row")
            );
        };
        let own = self.names.number(name);
        let parents = [1, 2].map(|role| cell(role).map_or(UNKNOWN, |parent| self.names.number(parent)));
        let mut unread = |what: &str, text: &str, remedy: &str| {
            self.problems.push(Problem {
                line,
                individual: name.to_owned(),
                kind: Kind::Unreadable,
                message: format!("cannot read the {what} '{text}'; {remedy}"),
                repair: format!("{what} taken as unknown"),
            });
        };
        let sex = cell(3).and_then(|text| match sexes.parse(text) {
            Ok(sex) => sex,
            Err(remedy) => {
                unread("sex", text, remedy);
                None
            }
        });
        let birth = cell(4).and_then(|text| {
            let birth = Birth::parse(text);
            if birth.is_none() {
                unread("birth", text, "write a year, or a date as 2021-04-30");
            }
            birth
        });
        self.rows.push(Record { line, name: own, parents, sex, birth });
        Ok(())
    }
}

/// How the sexes are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sexes {
    /// As [`Sex::parse`] reads them.
    Usual,
    /// 0 is male and 1 female.
    ZeroIsMale,
}

impl Sexes {
    /// A column of 0 and 1 alone has 0 for males if that agrees with who is a sire and who a dam.
    fn of(cells: &Cells, sex: Option<usize>, places: &Places) -> Self {
        let (Some(sex), [Some(name), Some(sire), Some(dam), ..]) = (sex, places) else { return Self::Usual };
        let codes = || cells.rows.iter().map(|(_, row)| row[sex].trim());
        if !codes().all(|code| matches!(code, "0" | "1" | "" | "NA")) || !codes().any(|code| code == "0") {
            return Self::Usual;
        }
        let of: HashMap<&str, &str> =
            cells.rows.iter().map(|(_, row)| (row[*name].trim(), row[sex].trim())).collect();
        let count = |column: usize, code: &str| {
            cells.rows.iter().filter(|(_, row)| of.get(row[column].trim()) == Some(&code)).count()
        };
        let zero_is_male = count(*sire, "0") + count(*dam, "1");
        if zero_is_male > count(*sire, "1") + count(*dam, "0") { Self::ZeroIsMale } else { Self::Usual }
    }

    fn parse(self, text: &str) -> Result<Option<Sex>, &'static str> {
        match self {
            Self::Usual => Sex::parse(text),
            // 0 was taken for unknown before it came here.
            Self::ZeroIsMale => Ok((text == "1").then_some(Sex::Female)),
        }
    }

    fn note(self) -> Option<&'static str> {
        (self == Self::ZeroIsMale).then_some("sex is coded 0 and 1, and sires have 0: 1 taken as female")
    }
}

/// Where the roles stand by the header; `None` if the first line is no header.
fn named(
    cells: &Cells,
    columns: &[(String, Role)],
    notes: &mut Vec<String>,
) -> Result<Option<Places>, GenotypeError> {
    let mut out: Places = [None; 5];
    for (name, role) in columns {
        out[*role as usize] = Some(cells.column(name)?);
    }
    let names: Vec<String> = cells.columns.iter().map(|name| plain(name)).collect();
    for (role, _, words) in WORDS {
        if out[role as usize].is_none() {
            let free = |at: &usize| !out.contains(&Some(*at));
            let find = |word: &&str| (0..names.len()).filter(free).find(|&at| names[at] == **word);
            out[role as usize] = words.iter().find_map(find);
        }
    }
    if out[1].is_none() && out[2].is_none() {
        return Ok(None);
    }
    if out[0].is_none() {
        let first = (0..names.len()).find(|at| !out.contains(&Some(*at)));
        out[0] = first;
        notes.extend(first.map(|at| format!("individuals taken from the column '{}'", cells.columns[at])));
    }
    for (role, what) in [(1, "sires"), (2, "dams")] {
        if out[role].is_none() {
            let hint = hint(["", "sire", "dam"][role], cells.columns.iter().map(String::as_str));
            notes.push(format!("no column of {what}: all taken as unknown{hint}"));
        }
    }
    match out[0] {
        Some(_) => Ok(Some(out)),
        None => {
            Err(cells.line_error(cells.header_line, "no column names the individuals; add one called 'id'"))
        }
    }
}

/// Columns of a table without a header: the first line becomes a row.
fn unnamed(cells: &mut Cells, is_fam: bool, notes: &mut Vec<String>) -> Result<Places, GenotypeError> {
    let first = cells.columns.clone();
    let is_fam = is_fam || (first.len() == 6 && matches!(first[4].as_str(), "0" | "1" | "2"));
    let places: Places = match (is_fam, first.len()) {
        (true, 5..) => [Some(1), Some(2), Some(3), Some(4), None],
        (false, 3..) => [Some(0), Some(1), Some(2), None, None],
        _ => {
            let message = "no columns of parents; a pedigree has the columns id, sire and dam (or individual, father \
                           and mother); name others with --columns";
            return Err(cells.line_error(cells.header_line, message));
        }
    };
    let (name, parents) = (places[0].unwrap_or(0), [places[1].unwrap_or(1), places[2].unwrap_or(2)]);
    let is_there = |parent: &str| {
        known(parent).is_none()
            || cells
                .rows
                .iter()
                .any(|(_, row)| [name, parents[0], parents[1]].iter().any(|&at| row[at] == parent))
    };
    if !is_fam && !parents.iter().all(|&at| is_there(&first[at])) {
        let names = first.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
        let message = format!(
            "none of the columns ({names}) is called sire or dam (or father and mother); rename them, or say which they \
             are with --columns, as --columns '{}=sire,{}=dam'",
            first[parents[0]], first[parents[1]]
        );
        return Err(cells.line_error(cells.header_line, message));
    }
    notes.push(if is_fam {
        "no header: read as PLINK's .fam (family, individual, father, mother, sex)".to_owned()
    } else {
        "no header: the first columns taken as individual, sire and dam".to_owned()
    });
    cells.rows.insert(0, (cells.header_line, first));
    Ok(places)
}
