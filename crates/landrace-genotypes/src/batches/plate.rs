//! Places on a plate.

use crate::tally::Tally;

/// A well: row and column, both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Well {
    /// Row: `A` is 0, `AA` is 26.
    pub row: usize,
    /// Column: `1` is 0.
    pub column: usize,
}

/// Reads a well as labs write it: `A1`, `a01`, `H12`, `AF48`; `None` if it is not one.
pub fn well(text: &str) -> Option<Well> {
    let text = text.trim();
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, digits) = text.split_at(letters);
    if letters.is_empty() || letters.len() > 2 || digits.len() > 3 {
        return None;
    }
    let place = |letter: u8| usize::from(letter.to_ascii_uppercase() - b'A') + 1;
    let row = letters.bytes().fold(0, |row, letter| row * 26 + place(letter)) - 1;
    let column: usize = digits.parse().ok().filter(|&column| column > 0)?;
    Some(Well { row, column: column - 1 })
}

impl Well {
    /// The row's letters.
    pub fn row_name(self) -> String {
        let letter = |index: usize| char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
        match self.row {
            row if row < 26 => letter(row).to_string(),
            row => format!("{}{}", letter(row / 26 - 1), letter(row)),
        }
    }
}

/// The share of missing calls of each well of a plate: a row of the plate each, `None` for empty wells.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateMap {
    /// The plate.
    pub name: String,
    /// Rows of wells, as long as the longest.
    pub rows: Vec<Vec<Option<f64>>>,
}

/// Maps of the plates: of each sample its plate (an index of `names`) and well. Of several samples in a well, the
/// mean.
pub fn plate_maps(names: &[String], places: &[Option<(usize, Well)>], tally: &Tally) -> Vec<PlateMap> {
    let map = |(plate, name): (usize, &String)| {
        let members = || {
            let own = |(sample, place): (usize, &Option<(usize, Well)>)| {
                place.filter(|place| place.0 == plate).map(|place| (sample, place.1))
            };
            places.iter().enumerate().filter_map(own)
        };
        let height = members().map(|(_, well)| well.row + 1).max().unwrap_or(0);
        let width = members().map(|(_, well)| well.column + 1).max().unwrap_or(0);
        let mut sums = vec![vec![(0.0, 0u32); width]; height];
        for (sample, well) in members() {
            let called = tally.samples[sample].called as f64 / tally.variants.max(1) as f64;
            let sum = &mut sums[well.row][well.column];
            *sum = (sum.0 + 1.0 - called, sum.1 + 1);
        }
        let mean = |&(sum, n): &(f64, u32)| (n > 0).then(|| sum / f64::from(n));
        let rows = sums.iter().map(|row| row.iter().map(mean).collect()).collect();
        PlateMap { name: name.clone(), rows }
    };
    names.iter().enumerate().map(map).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::SampleTally;

    #[test]
    fn wells_are_read_as_labs_write_them() {
        for (text, row, column) in
            [("A1", 0, 0), ("h12", 7, 11), (" P24 ", 15, 23), ("AF48", 31, 47), ("B007", 1, 6)]
        {
            assert_eq!(well(text), Some(Well { row, column }), "{text}");
        }
        assert_eq!(well("AF48").map(Well::row_name), Some("AF".to_owned()));
        for text in ["", "A", "7", "A0", "1A", "Ü3", "A-1"] {
            assert_eq!(well(text), None, "{text}");
        }
    }

    #[test]
    fn maps_hold_the_missing_calls() {
        let own = |called| SampleTally { called, ..SampleTally::default() };
        let tally =
            Tally { variants: 10, samples: vec![own(10), own(5), own(0), own(9)], ..Tally::default() };
        let place = |plate, text| well(text).map(|well| (plate, well));
        let places = [place(0, "A1"), place(0, "B2"), place(0, "B2"), None];
        let maps = plate_maps(&["P".to_owned()], &places, &tally);
        assert_eq!(maps[0].rows, [vec![Some(0.0), None], vec![None, Some(0.75)]]);
    }
}
