//! What pedigrees say of an individual beside its parents: sex and birth, and the words that stand for nothing known.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

/// Sex of an individual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// May be a father alone.
    Male,
    /// May be a mother alone.
    Female,
}

impl Sex {
    /// Reads what people write: M, male, 1, ram, bull ... or F, female, 2, ewe, cow ...; `None` for plants and animals
    /// that are both, or whose sex is not known.
    ///
    /// # Errors
    /// Returns the remedy if the word is none of these.
    pub fn parse(text: &str) -> Result<Option<Self>, &'static str> {
        match text.to_ascii_lowercase().as_str() {
            "m" | "male" | "1" | "1.0" | "ram" | "bull" | "buck" | "boar" | "sire" | "wether" | "steer" => {
                Ok(Some(Self::Male))
            }
            "f" | "female" | "2" | "2.0" | "ewe" | "cow" | "doe" | "sow" | "dam" | "heifer" => {
                Ok(Some(Self::Female))
            }
            "h" | "u" | "both" | "hermaphrodite" | "3" => Ok(None),
            _ => Err("write M or F, or leave it empty"),
        }
    }

    /// One letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Male => "M",
            Self::Female => "F",
        }
    }
}

/// A year, month and day of birth, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    year: i32,
    month: Option<u8>,
    day: Option<u8>,
}

impl Birth {
    /// Reads `2021`, `2021-04` or `2021-04-30`, also with `/` or without a separator, and `2021.0`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix(".0").filter(|year| year.len() == 4).unwrap_or(text);
        let plain: Vec<&str> = text.split(['-', '/', '.']).collect();
        let parts: Vec<&str> = match plain.as_slice() {
            [one] if one.len() == 8 && one.is_ascii() => vec![&one[..4], &one[4..6], &one[6..]],
            _ => plain,
        };
        let (year, rest) = parts.split_first()?;
        if year.len() != 4 || rest.len() > 2 {
            return None;
        }
        let number = |text: &&str, most: u8| text.parse().ok().filter(|n| (1..=most).contains(n));
        let month = rest.first().map(|text| number(text, 12).ok_or(())).transpose().ok()?;
        let day = rest.get(1).map(|text| number(text, 31).ok_or(())).transpose().ok()?;
        Some(Self { year: year.parse().ok()?, month, day })
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.year
    }

    /// First and last year that the birth can have been in, as numbers.
    fn range(self) -> (f64, f64) {
        let start = f64::from(self.year) + self.month.map_or(0.0, |m| f64::from(m - 1) / 12.0);
        let start = start + self.day.map_or(0.0, |d| f64::from(d - 1) / 372.0);
        let width = match (self.month, self.day) {
            (None, _) => 1.0,
            (_, None) => 1.0 / 12.0,
            _ => 0.0,
        };
        (start, start + width)
    }

    /// Whether an individual born then is surely too young to be the parent of one born at `child`: less than
    /// `least` years older, or not older at all.
    pub fn is_too_young(self, child: Self, least: f64) -> bool {
        let age = child.range().1 - self.range().0;
        age <= 0.0 || age < least - 1e-9
    }

    /// Whether an individual born then is younger than one born at `child`, or equally old, by what both dates say: of
    /// one year if nothing else is known is equally old.
    pub fn is_not_older(self, child: Self) -> bool {
        let mut own = (self.year, self.month, self.day);
        let mut other = (child.year, child.month, child.day);
        if own.1.is_none() || other.1.is_none() {
            (own.1, own.2, other.1, other.2) = (None, None, None, None);
        }
        if own.2.is_none() || other.2.is_none() {
            (own.2, other.2) = (None, None);
        }
        own >= other
    }
}

impl std::fmt::Display for Birth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.year)?;
        self.month.map_or(Ok(()), |month| write!(f, "-{month:02}"))?;
        self.day.map_or(Ok(()), |day| write!(f, "-{day:02}"))
    }
}

/// The cell, unless it says that nothing is known.
pub fn known(cell: &str) -> Option<&str> {
    let is_unknown = matches!(cell, "" | "0" | "." | "-" | "?" | "*")
        || ["na", "n/a", "nan", "unknown", "none", "missing", "null", "0.0", "-9"]
            .iter()
            .any(|word| cell.eq_ignore_ascii_case(word));
    (!is_unknown).then_some(cell)
}

/// A name in lower case without separators, as column names compare.
pub fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// What columns of individuals are called, in lower case without separators.
pub const NAME_WORDS: &[&str] = &[
    "individ",
    "individual",
    "individualid",
    "id",
    "sample",
    "animal",
    "animalid",
    "offspring",
    "progeny",
    "plant",
    "accession",
    "accenumb",
    "name",
    "candidate",
    "lamb",
    "iid",
    "indiv",
    "ind",
    "calf",
    "progenyid",
    "offspringid",
    "lambid",
    "eartag",
    "tag",
];

/// What columns of fathers are called. The last words do not say which parent is the father.
pub const FATHER_WORDS: &[&str] = &[
    "father",
    "fatherid",
    "sire",
    "sireid",
    "male",
    "maleparent",
    "pollenparent",
    "pat",
    "patid",
    "paternalid",
    "pollendonor",
    "ram",
    "parent1",
    "par1",
    "p1",
];

/// What columns of mothers are called. The last words do not say which parent is the mother.
pub const MOTHER_WORDS: &[&str] = &[
    "mother",
    "motherid",
    "dam",
    "damid",
    "female",
    "femaleparent",
    "seedparent",
    "mat",
    "matid",
    "maternalid",
    "ovuleparent",
    "ewe",
    "parent2",
    "par2",
    "p2",
];

/// Words among [`FATHER_WORDS`] and [`MOTHER_WORDS`] that name a parent and not its sex.
pub const NEUTRAL_WORDS: &[&str] = &["parent1", "par1", "p1", "parent2", "par2", "p2"];

/// What columns of sexes are called.
pub const SEX_WORDS: &[&str] = &["sex", "gender"];

/// What columns of births are called.
pub const BIRTH_WORDS: &[&str] = &[
    "birth",
    "birthdate",
    "dateofbirth",
    "born",
    "dob",
    "birthyear",
    "yearofbirth",
    "yob",
    "bdate",
    "year",
    "sown",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_young_are_no_parents() {
        let born = |text| Birth::parse(text).unwrap();
        assert!(born("2021").is_too_young(born("2020"), 0.0));
        assert!(!born("2020").is_too_young(born("2020"), 0.0));
        assert!(born("2020-05-01").is_too_young(born("2020-05-01"), 0.0));
        assert!(born("2020-05").is_too_young(born("20200401"), 0.0));
        assert!(born("2019-12-31").is_too_young(born("2020-05-01"), 0.5));
        assert!(!born("2019-12-31").is_too_young(born("2020-07-01"), 0.5));
        assert!(Birth::parse("20").is_none() && Birth::parse("2020-13").is_none());
    }

    #[test]
    fn the_equally_old_are_not_older() {
        let born = |text| Birth::parse(text).unwrap();
        assert!(born("2020").is_not_older(born("2020-05-01")));
        assert!(born("2020-05-02").is_not_older(born("2020-05-01")));
        assert!(!born("2020-04-30").is_not_older(born("2020-05-01")));
        assert!(!born("2019-12").is_not_older(born("2020")));
        assert!(born("1976.0").is_not_older(born("1976")));
        assert_eq!(born("20210430").to_string(), "2021-04-30");
    }
}
