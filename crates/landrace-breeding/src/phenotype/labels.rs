//! Traits of two words: `resistant` and `susceptible` become 1 and 0.

use std::collections::BTreeSet;

use super::table::PhenotypeTable;
use super::trait_values::Place;

/// Words of controls and cases that need no alphabet, lower case.
const PAIRS: [[&str; 2]; 16] = [
    ["no", "yes"],
    ["n", "y"],
    ["false", "true"],
    ["f", "t"],
    ["control", "case"],
    ["controls", "cases"],
    ["absent", "present"],
    ["negative", "positive"],
    ["neg", "pos"],
    ["healthy", "diseased"],
    ["healthy", "infected"],
    ["unaffected", "affected"],
    ["susceptible", "resistant"],
    ["s", "r"],
    ["dead", "alive"],
    ["died", "survived"],
];

impl PhenotypeTable {
    /// Writes 0 and 1 for the words of traits that have just two, and notes which is which: known pairs such as `no` and
    /// `yes` by their meaning, others by the alphabet. `asked` are the traits to look at, letter case aside; if there are
    /// none, all with a known pair. Traits of numbers or of more words are left alone.
    pub(super) fn code_labels(&mut self, asked: &[String]) {
        for (name, places) in self.label_places() {
            let is_it = |word: &String| {
                let own = word.split('@').next().unwrap_or(word);
                [word.to_lowercase(), own.to_lowercase()].contains(&name.to_lowercase())
            };
            let is_asked = asked.iter().any(is_it);
            if !(asked.is_empty() || is_asked) {
                continue;
            }
            let words: BTreeSet<String> = places
                .iter()
                .filter_map(|place| self.known(place.row, place.column))
                .map(str::to_lowercase)
                .collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let Some([control, case]) = order(&words, is_asked) else { continue };
            let (control, case) = (control.to_owned(), case.to_owned());
            for place in places {
                let Some(cell) = self.known(place.row, place.column) else { continue };
                let value = if cell.to_lowercase() == case { "1" } else { "0" };
                self.rows[place.row].1[place.column] = value.to_owned();
            }
            self.add_note(format!("{name}: '{case}' is read as 1, '{control}' as 0"));
        }
    }

    /// The cells of each trait, by name.
    fn label_places(&self) -> Vec<(String, Vec<Place>)> {
        let mut names: Vec<String> = match self.long() {
            Some(long) => {
                (0..self.len()).filter_map(|row| self.known(row, long.name)).map(str::to_owned).collect()
            }
            None => self.trait_columns().map(|column| self.headings[column].name.clone()).collect(),
        };
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names.into_iter().map(|name| (name.clone(), self.all_places(&name))).collect()
    }
}

/// Control and case; of words that are no known pair only if they may go by the alphabet.
fn order<'a>(words: &[&'a str], may_guess: bool) -> Option<[&'a str; 2]> {
    let &[first, second] = words else { return None };
    let is_number = |word: &str| word.replace(',', ".").parse::<f64>().is_ok();
    if is_number(first) || is_number(second) {
        return None;
    }
    let is_pair = |own: [&str; 2]| PAIRS.contains(&own);
    match (is_pair([first, second]), is_pair([second, first])) {
        (_, true) => Some([second, first]),
        (true, _) => Some([first, second]),
        _ => may_guess.then_some([first, second]),
    }
}
