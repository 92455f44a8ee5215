//! Families from a table: who comes from whom, and how.

use super::{Cross, FamilySpec};
use crate::source::GenotypeError;

/// Reads a table with a header: `sample`, `mother`, `father` and, if need be, `cross` (or `type`), separated by tabs
/// or commas. Rows with the same parents and cross are a family; rows without parents are founders.
///
/// # Errors
/// Returns an error that names the line: a missing column, one parent without the other, an unknown cross.
pub fn parse_families(text: &str, path: &str) -> Result<Vec<FamilySpec>, GenotypeError> {
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().next().unwrap_or_default();
    let separator = if head.contains('\t') { '\t' } else { ',' };
    let wrong = |line: u64, message: String| GenotypeError::Line { path: path.to_owned(), line, message };
    let names: Vec<String> = head.split(separator).map(|name| name.trim().to_ascii_lowercase()).collect();
    let column = |name: &str| names.iter().position(|own| own == name);
    let required = |name: &str| {
        column(name).ok_or_else(|| {
            wrong(
                1,
                format!(
                    "there is no column '{name}'; name columns sample, mother, father and, if known, cross"
                ),
            )
        })
    };
    let (sample, mother, father) = (required("sample")?, required("mother")?, required("father")?);
    let cross = column("cross").or_else(|| column("type"));
    let mut out: Vec<FamilySpec> = Vec::new();
    for (line, number) in text.lines().zip(1u64..).skip(1).filter(|(line, _)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(separator).map(str::trim).collect();
        let cell = |index: usize| cells.get(index).copied().unwrap_or_default();
        let is_known = |name: &str| !matches!(name, "" | "0" | "." | "NA");
        let parents = [cell(mother), cell(father)];
        match parents.map(is_known) {
            [false, false] => continue,
            [true, true] => {}
            _ => {
                let message = format!("'{}' has one parent only; name both, or neither", cell(sample));
                return Err(wrong(number, message));
            }
        }
        let word = cross.map_or("", cell);
        let own = match is_known(word) {
            false => None,
            true => Some(Cross::parse(word).ok_or_else(|| {
                wrong(
                    number,
                    format!("'{word}' is no cross; write f1, f2, f5, ril, dh, bc1, bc2f3 or leave it empty"),
                )
            })?),
        };
        let parents = parents.map(str::to_owned);
        let name = cell(sample).to_owned();
        match out.iter_mut().find(|family| family.parents == parents && family.cross == own) {
            Some(family) => family.progeny.get_or_insert_default().push(name),
            None => out.push(FamilySpec { parents, progeny: Some(vec![name]), cross: own }),
        }
    }
    if out.is_empty() {
        return Err(wrong(1, "no row names parents; name a mother and a father for each plant".to_owned()));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_same_parents_are_a_family() {
        let text = "sample,mother,father,type\nA,,,\nB,0,0,\n1,A,B,F2\n2,A,B,f2\n3,A,B,bc1\n";
        let found = parse_families(text, "x").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].progeny.as_ref().map(Vec::len), Some(2));
        assert_eq!(found[1].cross.as_ref().map(Cross::name), Some("bc1"));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let message = |text: &str| parse_families(text, "x").unwrap_err().to_string();
        assert!(message("sample\tmother\n").contains("no column 'father'"));
        assert!(
            message("sample\tmother\tfather\n1\tA\t\n").starts_with("x: line 2: '1' has one parent only")
        );
        assert!(message("sample\tmother\tfather\tcross\n1\tA\tB\tx9\n").contains("'x9' is no cross"));
        assert!(message("sample\tmother\tfather\n").contains("no row names parents"));
    }
}
