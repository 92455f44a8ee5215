//! Plates and wells of samples, and names for samples that lie in several wells.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;

use super::held::Held;
use super::table::is_named;
use crate::source::SampleColumns;

/// What a file says of its samples, one cell a sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wells {
    pub(crate) plates: Option<Vec<String>>,
    pub(crate) wells: Option<Vec<String>>,
    /// Other columns by their names.
    pub(crate) others: Vec<(String, Vec<String>)>,
}

const PLATE: [&str; 7] =
    ["plate", "plate name", "plate id", "plateid", "master plate", "plate barcode", "dna plate"];
const WELL: [&str; 6] = ["well", "well id", "well position", "master well", "well name", "wellposition"];

impl Wells {
    /// Takes a column by its name.
    pub(crate) fn push(&mut self, name: &str, cells: Vec<String>) {
        if self.plates.is_none() && is_named(name, &PLATE) {
            self.plates = Some(cells);
        } else if self.wells.is_none() && is_named(name, &WELL) {
            self.wells = Some(cells);
        } else {
            self.others.push((name.to_owned(), cells));
        }
    }

    /// Plate and well of a sample, joined as in its name; `None` if the file does not say the well.
    fn place(&self, sample: usize) -> Option<String> {
        let well = self.wells.as_ref()?.get(sample).filter(|well| !well.is_empty())?;
        Some(match self.plates.as_ref().and_then(|plates| plates.get(sample)).filter(|own| !own.is_empty()) {
            Some(plate) => format!("{plate}_{well}"),
            None => well.clone(),
        })
    }

    /// Keeps the columns beside the samples collected.
    pub(crate) fn keep(self, held: &mut Held) {
        if let Some(columns) = self.into_columns(held.samples()) {
            held.set_sample_columns(columns);
        }
    }

    /// The columns as a table; `None` if there are none.
    fn into_columns(self, samples: usize) -> Option<SampleColumns> {
        let plates = self.plates.map(|cells| ("plate".to_owned(), cells));
        let wells = self.wells.map(|cells| ("well".to_owned(), cells));
        let named = |(name, cells): (String, Vec<String>)| {
            let name = if is_named(&name, &["batch"]) { "batch".to_owned() } else { name };
            (name, cells)
        };
        let all: Vec<(String, Vec<String>)> =
            plates.into_iter().chain(wells).chain(self.others.into_iter().map(named)).collect();
        let cell = |cells: &Vec<String>, sample: usize| cells.get(sample).cloned().unwrap_or_default();
        (!all.is_empty()).then(|| SampleColumns {
            rows: (0..samples).map(|s| all.iter().map(|(_, cells)| cell(cells, s)).collect()).collect(),
            names: all.into_iter().map(|(name, _)| name).collect(),
        })
    }
}

/// Adds samples of a grid, each with its place in the file, and keeps what is said of them. A name that occurs several
/// times is made distinct by its plates and wells (`NAME_PLATE_WELL` for each), and that is said; nothing is merged.
///
/// # Errors
/// Returns the place and what is wrong of a sample without a name, or of one that occurs twice where no wells tell the
/// two apart.
pub(crate) fn add_samples(
    held: &mut Held,
    names: &[(usize, String)],
    wells: Wells,
) -> Result<(), (usize, String)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, name) in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut first = None;
    for (sample, (place, name)) in names.iter().enumerate() {
        let is_repeated = counts[name.as_str()] > 1;
        let own = match (is_repeated, wells.place(sample)) {
            (true, Some(well)) => format!("{name}_{well}"),
            _ => name.clone(),
        };
        held.new_sample(&own).map_err(|message| (*place, message))?;
        if is_repeated {
            first.get_or_insert((name.clone(), own));
        }
    }
    if let Some((name, own)) = first {
        let repeated = counts.values().filter(|&&n| n > 1).count();
        held.note(format!(
            "{repeated} samples lie in several wells: their wells are named apart, as '{own}' for '{name}'"
        ));
    }
    wells.keep(held);
    Ok(())
}
