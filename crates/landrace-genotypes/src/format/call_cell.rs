//! One call in one cell of a table: a dosage, or alleles.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use super::table::is_missing;
use crate::plane::MAX_PLOIDY;

/// How alleles stand in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A number: how many copies are not the reference.
    Dosage,
    /// Between `/`, `|` or `:`, such as `165/168` or `A/G`; a single one is a homozygote.
    Separated,
    /// A letter a copy, such as `AG` or `AAAG`; a single one is a homozygote, or IUPAC for two.
    Letters,
}

/// What separates alleles.
const SEPARATORS: [char; 3] = ['/', '|', ':'];

impl Style {
    /// Whether a cell that is not missing may be a call of this style.
    pub(crate) fn fits(self, cell: &str) -> bool {
        let cell = cell.trim();
        match self {
            Self::Dosage => {
                let value = cell.parse::<f64>();
                value.is_ok_and(|value| (-8.0..=f64::from(MAX_PLOIDY)).contains(&value) || value == -9.0)
            }
            Self::Separated => {
                let alleles: Vec<&str> = cell.split(SEPARATORS).collect();
                let is_date = matches!(alleles.as_slice(), [year, _, _] | [_, _, year] if year.len() == 4);
                let is_name = |allele: &&str| {
                    let allele = allele.trim();
                    !allele.is_empty()
                        && allele.len() <= 24
                        && allele.bytes().all(|b| {
                            b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'*' | b'?' | b'.' | b'_')
                        })
                };
                (2..=usize::from(MAX_PLOIDY)).contains(&alleles.len())
                    && !is_date
                    && alleles.iter().all(is_name)
            }
            // Pairs of letters may stand between slashes as well.
            Self::Letters if cell.contains(SEPARATORS) => {
                cell.split(SEPARATORS).all(|allele| allele.trim().len() == 1 && self.fits(allele))
            }
            Self::Letters => {
                let is_letter = |b: u8| {
                    matches!(b.to_ascii_uppercase(), b'A' | b'C' | b'G' | b'T' | b'N' | b'+' | b'-' | b'B')
                };
                match cell.as_bytes() {
                    [single] => is_letter(*single) || iupac(*single).is_some(),
                    letters => {
                        letters.len() <= usize::from(MAX_PLOIDY) && letters.iter().all(|&b| is_letter(b))
                    }
                }
            }
        }
    }

    /// The style that cells of some columns have, if any: most of those that are not missing fit, so that a few wrong
    /// ones are told with their place.
    pub(crate) fn of<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let count = |fits: &dyn Fn(&str) -> bool| cells.clone().filter(|&cell| fits(cell)).count();
        let called = count(&|cell| !is_missing(cell));
        let most = |style: Self| count(&|cell| !is_missing(cell) && style.fits(cell)) * 4 >= called * 3;
        if called == 0 {
            return None;
        }
        let separated = count(&|cell| !is_missing(cell) && Self::Separated.fits(cell));
        if most(Self::Dosage) {
            Some(Self::Dosage)
        } else if separated * 20 >= called {
            Some(Self::Separated)
        } else {
            most(Self::Letters).then_some(Self::Letters)
        }
    }
}

/// The two bases of an IUPAC letter for two.
pub(crate) fn iupac(letter: u8) -> Option<[&'static str; 2]> {
    Some(match letter.to_ascii_uppercase() {
        b'R' => ["A", "G"],
        b'Y' => ["C", "T"],
        b'S' => ["C", "G"],
        b'W' => ["A", "T"],
        b'K' => ["G", "T"],
        b'M' => ["A", "C"],
        b'0' => ["+", "-"],
        _ => return None,
    })
}

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call<'a> {
    /// Alleles, one a copy; a single one stands for as many copies as the sample has.
    Alleles(Vec<&'a str>),
    /// Nothing of this many copies (0 if it does not say).
    Missing(u8),
    /// Some copies are known and others not, of this many.
    Partial(u8),
}

/// Reads the alleles of a cell.
///
/// # Errors
/// Returns what is wrong with it.
pub(crate) fn read_alleles(cell: &str, style: Style) -> Result<Call<'_>, String> {
    let cell = cell.trim();
    if cell.contains(SEPARATORS) {
        return separated(cell);
    }
    if is_missing(cell) || is_no_allele(cell) {
        return Ok(Call::Missing(0));
    }
    if style == Style::Separated {
        return match cell.len() <= 64 && !cell.contains(char::is_whitespace) {
            true => Ok(Call::Alleles(vec![cell])),
            false => {
                Err(format!("cannot read the call '{}'; write alleles such as 165/168 or A/G", short(cell)))
            }
        };
    }
    let Some(ploidy) = u8::try_from(cell.len()).ok().filter(|&ploidy| ploidy <= MAX_PLOIDY) else {
        return Err(format!(
            "the call '{}' has {} letters; the highest ploidy is {MAX_PLOIDY}",
            short(cell),
            cell.len()
        ));
    };
    if !Style::Letters.fits(cell) {
        return Err(format!(
            "cannot read the call '{}'; write a base a copy (A, C, G, T, + and - for indels), NA for missing",
            short(cell)
        ));
    }
    if let ([single], Some(both)) = (cell.as_bytes(), cell.bytes().next().and_then(iupac)) {
        debug_assert!(iupac(*single).is_some());
        return Ok(Call::Alleles(both.to_vec()));
    }
    let letters: Vec<&str> = (0..cell.len()).map(|at| upper(&cell[at..=at])).collect();
    match letters.iter().filter(|&&letter| letter == "N").count() {
        0 => Ok(Call::Alleles(letters)),
        n if n == letters.len() => Ok(Call::Missing(ploidy)),
        _ => Ok(Call::Partial(ploidy)),
    }
}

fn separated(cell: &str) -> Result<Call<'_>, String> {
    let alleles: Vec<&str> = cell.split(SEPARATORS).map(str::trim).collect();
    let Some(ploidy) = u8::try_from(alleles.len()).ok().filter(|&ploidy| ploidy <= MAX_PLOIDY) else {
        return Err(format!(
            "the call '{}' has {} alleles; the highest ploidy is {MAX_PLOIDY}",
            short(cell),
            alleles.len()
        ));
    };
    if alleles.iter().all(|allele| is_missing(allele) || is_no_allele(allele)) {
        return Ok(Call::Missing(ploidy));
    }
    // Beside another allele, - is a deletion.
    let is_unknown = |allele: &&str| *allele != "-" && (is_missing(allele) || is_no_allele(allele));
    if alleles.iter().any(is_unknown) {
        return Ok(Call::Partial(ploidy));
    }
    match alleles.iter().find(|allele| allele.len() > 64 || allele.contains(char::is_whitespace)) {
        Some(_) => {
            Err(format!("cannot read the call '{}'; write alleles such as 165/168 or A/G", short(cell)))
        }
        None => Ok(Call::Alleles(alleles)),
    }
}

/// Codes that microsatellite tables use for no allele.
fn is_no_allele(allele: &str) -> bool {
    allele == "-9" || (!allele.is_empty() && allele.bytes().all(|b| b == b'0'))
}

/// A base in upper case.
fn upper(letter: &str) -> &str {
    match letter {
        "a" => "A",
        "c" => "C",
        "g" => "G",
        "t" => "T",
        "n" => "N",
        "b" => "B",
        other => other,
    }
}

/// The first letters of a value, for messages.
pub(crate) fn short(cell: &str) -> String {
    match cell.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &cell[..at]),
        None => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_read_as_written() {
        let read = |cell| read_alleles(cell, Style::Letters).unwrap();
        assert_eq!(read("AAAG"), Call::Alleles(vec!["A", "A", "A", "G"]));
        assert_eq!(read("R"), Call::Alleles(vec!["A", "G"]));
        assert_eq!(read("t"), Call::Alleles(vec!["T"]));
        assert_eq!(
            (read("NN"), read("NA"), read("NNNN")),
            (Call::Missing(0), Call::Missing(0), Call::Missing(4))
        );
        assert_eq!(read("ANGG"), Call::Partial(4));
        assert_eq!(read("A/-"), Call::Alleles(vec!["A", "-"]));
        let size = |cell| read_alleles(cell, Style::Separated).unwrap();
        assert_eq!(size("093/95"), Call::Alleles(vec!["093", "95"]));
        assert_eq!(
            (size("000/000"), size("0"), size("0/168")),
            (Call::Missing(2), Call::Missing(0), Call::Partial(2))
        );
        assert_eq!(size("ATTG|A"), Call::Alleles(vec!["ATTG", "A"]));
        assert!(read_alleles("XY", Style::Letters).unwrap_err().starts_with("cannot read the call 'XY'"));
    }

    #[test]
    fn styles_are_told_by_most_cells() {
        let of = |cells: &[&str]| Style::of(cells.iter().copied());
        assert_eq!(of(&["0", "1", "NA", "2"]), Some(Style::Dosage));
        assert_eq!(of(&["0.5", "-1"]), Some(Style::Dosage));
        assert_eq!(of(&["165/168", "165", "-"]), Some(Style::Separated));
        assert_eq!(of(&["AA", "AG", "NN"]), Some(Style::Letters));
        assert_eq!(of(&["A", "R", "N"]), Some(Style::Letters));
        assert_eq!((of(&["Borgou", "AF"]), of(&["NA"]), of(&["2007", "2008"])), (None, None, None));
    }

    proptest! {
        #[test]
        fn any_cell_is_read_or_refused(cell in "\\PC{0,20}") {
            let _ = read_alleles(&cell, Style::Letters);
            let _ = read_alleles(&cell, Style::Separated);
            let _ = Style::of(std::iter::once(cell.as_str()));
        }
    }
}
