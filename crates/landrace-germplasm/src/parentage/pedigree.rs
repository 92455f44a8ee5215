//! The table of individuals: who they are, who their parents are said to be, what sex they have and when they were born.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;

use landrace_genome::nearest::hint;
use landrace_genotypes::GenotypeError;
use landrace_genotypes::pedigree::individual::{
    BIRTH_WORDS, FATHER_WORDS, MOTHER_WORDS, NAME_WORDS, SEX_WORDS, known, plain,
};

pub use landrace_genotypes::pedigree::individual::{Birth, Sex};

/// An individual of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Individual {
    /// Its name in the table.
    pub name: String,
    /// Its name in the genotypes, where that is another.
    pub sample: Option<String>,
    /// The names of the father and the mother as declared.
    pub given: [Option<String>; 2],
    /// Its sex.
    pub sex: Option<Sex>,
    /// When it was born.
    pub birth: Option<Birth>,
    /// The groups that father and mother are looked for in.
    pub wanted_groups: [Option<String>; 2],
    /// The group of candidates that it belongs to.
    pub group: Option<String>,
}

/// A table of individuals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pedigree {
    /// The individuals, in the table's order.
    pub individuals: Vec<Individual>,
    path: String,
    index: HashMap<String, usize>,
}

/// What a column means, by its names in lower case without separators.
const COLUMNS: [(Column, &[&str]); 9] = [
    (Column::Name, NAME_WORDS),
    (
        Column::Sample,
        &["seqid", "genotype", "genotypeid", "sampleid", "samplename", "sampleingenotypes", "sample"],
    ),
    (Column::Father, FATHER_WORDS),
    (Column::Mother, MOTHER_WORDS),
    (Column::Sex, SEX_WORDS),
    (Column::Birth, BIRTH_WORDS),
    (Column::Group, &["group", "pargroup", "parentgroup", "candidategroup"]),
    (Column::FatherGroup, &["fathergroup", "siregroup"]),
    (Column::MotherGroup, &["mothergroup", "damgroup"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Sample,
    Father,
    Mother,
    Sex,
    Birth,
    Group,
    FatherGroup,
    MotherGroup,
}

/// Where each column stands.
type Places = [Option<usize>; COLUMNS.len()];

impl Pedigree {
    /// Reads a table with a header line, separated by tabs, semicolons or commas; without a header if `is_list`,
    /// one name a line. `path` names it in messages.
    ///
    /// # Errors
    /// Returns an error that names the line: no column of names, an individual twice, its own parent, a sex or a date
    /// that cannot be read.
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut lines = (1u64..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).peekable();
        let header = lines.peek().map_or("", |(_, line)| *line).to_owned();
        let separator = ['\t', ';', ','].into_iter().find(|&c| header.contains(c)).unwrap_or('\t');
        let split = |line: &str| -> Vec<String> {
            line.split(separator).map(|cell| cell.trim_matches(['\r', '"', ' ']).to_owned()).collect()
        };
        let mut out = Self { path: path.to_owned(), ..Self::default() };
        let names = split(&header);
        let mut places = places(&names);
        if places[Column::Name as usize].is_none() {
            if names.len() > 1 {
                let hint = hint("individual", names.iter().map(String::as_str));
                let remedy = if hint.is_empty() {
                    "; name one column 'individual' (or sample, id, animal)".to_owned()
                } else {
                    hint
                };
                return Err(
                    out.error(1, format!("the table has no column of the individuals' names{remedy}"))
                );
            }
            // A bare list of names.
            places[Column::Name as usize] = Some(0);
        } else {
            lines.next();
        }
        for (line, text) in lines {
            let cells = split(text);
            if cells.len() != names.len() {
                let message = format!("has {} cells, but the header has {}", cells.len(), names.len());
                return Err(out.error(line, message));
            }
            out.push(line, &places, &cells)?;
        }
        Ok(out)
    }

    fn error(&self, line: u64, message: String) -> GenotypeError {
        GenotypeError::Line { path: self.path.clone(), line, message }
    }

    fn push(&mut self, line: u64, places: &Places, cells: &[String]) -> Result<(), GenotypeError> {
        let cell = |column: Column| {
            places[column as usize].map(|at| cells[at].as_str()).and_then(known).map(str::to_owned)
        };
        let Some(name) = cell(Column::Name) else {
            return Err(self.error(line, "the individual has no name; fill in its cell".to_owned()));
        };
        let mut own = Individual {
            sample: cell(Column::Sample),
            given: [cell(Column::Father), cell(Column::Mother)],
            group: cell(Column::Group),
            wanted_groups: [cell(Column::FatherGroup), cell(Column::MotherGroup)],
            ..Individual::default()
        };
        if own.given.iter().flatten().any(|parent| *parent == name) {
            let message = format!("'{name}' is its own parent; correct the row, or leave the parent empty");
            return Err(self.error(line, message));
        }
        if let Some(text) = cell(Column::Sex) {
            own.sex = Sex::parse(&text)
                .map_err(|remedy| self.error(line, format!("cannot read the sex '{text}'; {remedy}")))?;
        }
        if let Some(text) = cell(Column::Birth) {
            own.birth = Some(Birth::parse(&text).ok_or_else(|| {
                self.error(
                    line,
                    format!("cannot read the birth '{text}'; write a year, or a date as 2021-04-30"),
                )
            })?);
        }
        if self.index.insert(name.clone(), self.individuals.len()).is_some() {
            return Err(self.error(line, format!("'{name}' is there twice; give each individual one row")));
        }
        own.name = name;
        self.individuals.push(own);
        Ok(())
    }

    /// The path that the table was read from.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The individual of a name.
    pub fn find(&self, name: &str) -> Option<&Individual> {
        self.index.get(name).map(|&at| &self.individuals[at])
    }

    /// The name in the genotypes of an individual, whether the table has a row of it or not.
    pub fn sample_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.find(name).and_then(|own| own.sample.as_deref()).unwrap_or(name)
    }

    /// Takes what another table says beside: sex, birth and group of those that lack them, and further individuals.
    pub fn add(&mut self, other: &Self) {
        for theirs in &other.individuals {
            match self.index.get(&theirs.name) {
                Some(&at) => {
                    let own = &mut self.individuals[at];
                    own.sex = own.sex.or(theirs.sex);
                    own.birth = own.birth.or(theirs.birth);
                    own.group = own.group.take().or_else(|| theirs.group.clone());
                    own.sample = own.sample.take().or_else(|| theirs.sample.clone());
                }
                None => {
                    self.index.insert(theirs.name.clone(), self.individuals.len());
                    self.individuals.push(theirs.clone());
                }
            }
        }
    }

    /// Whether any individual has a sex.
    pub fn has_sexes(&self) -> bool {
        self.individuals.iter().any(|own| own.sex.is_some())
    }

    /// Individuals that are their own ancestors, by the given parents: one of each circle.
    pub fn circles(&self) -> Vec<&str> {
        // 0 not seen, 1 on the way, 2 done.
        let mut state = vec![0u8; self.individuals.len()];
        let mut found = Vec::new();
        for start in 0..self.individuals.len() {
            let mut path = vec![(start, 0)];
            while let Some((own, next)) = path.pop() {
                if next == 0 {
                    if state[own] != 0 {
                        continue;
                    }
                    state[own] = 1;
                }
                let Some(parent) = self.individuals[own].given.get(next) else {
                    state[own] = 2;
                    continue;
                };
                path.push((own, next + 1));
                match parent.as_ref().and_then(|name| self.index.get(name)) {
                    Some(&parent) if state[parent] == 1 => found.push(self.individuals[parent].name.as_str()),
                    Some(&parent) if state[parent] == 0 => path.push((parent, 0)),
                    _ => {}
                }
            }
        }
        found
    }
}

/// Where each column stands: by the first of its names that is there; no column serves twice.
fn places(names: &[String]) -> Places {
    let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let mut out: Places = [None; COLUMNS.len()];
    for (column, words) in COLUMNS {
        let taken = |at: &usize| out.contains(&Some(*at));
        out[column as usize] =
            words.iter().filter_map(|word| plain.iter().position(|name| name == word)).find(|at| !taken(at));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_programs_and_people_are_read() {
        let kgd = "IndivID,seqID,Family,Relationship,FatherID,MotherID,FatherGroup,MotherGroup\n\
                   1,Seq1,1,Dam,5,3,,B\n5,Seq5,1,Sire,,,,\n";
        let table = Pedigree::parse(kgd, "p.csv").unwrap();
        let own = table.find("1").unwrap();
        assert_eq!(own.given, [Some("5".to_owned()), Some("3".to_owned())]);
        assert_eq!((table.sample_of("1"), table.sample_of("3")), ("Seq1", "3"));
        assert_eq!(own.wanted_groups, [None, Some("B".to_owned())]);
        let table = Pedigree::parse("sample\tSire\tDam\tSex\tBirth date\nx\tram 1\tNA\tF\t2021-04-30\n", "p")
            .unwrap();
        assert_eq!(table.individuals[0].sex, Some(Sex::Female));
        assert_eq!(table.individuals[0].given, [Some("ram 1".to_owned()), None]);
        let list = Pedigree::parse("ram 1\nram 2\n", "p").unwrap();
        assert_eq!(list.individuals.len(), 2);
    }

    #[test]
    fn mistakes_are_named() {
        let fails = |text: &str| Pedigree::parse(text, "p").unwrap_err().to_string();
        assert!(fails("id\tsire\na\ta\n").contains("line 2: 'a' is its own parent"));
        assert!(fails("id\tsire\na\tb\na\tc\n").contains("line 3: 'a' is there twice"));
        assert!(fails("id\tborn\na\t30.4.21\n").contains("line 2: cannot read the birth"));
        assert!(fails("id\tsex\na\tx\n").contains("cannot read the sex 'x'"));
        assert!(fails("what\tsire\na\tb\n").contains("no column of the individuals' names"));
        let round = Pedigree::parse("id\tsire\na\tb\nb\tc\nc\ta\nd\ta\n", "p").unwrap();
        assert_eq!(round.circles(), ["a"]);
    }
}
