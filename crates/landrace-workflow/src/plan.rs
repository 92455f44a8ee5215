//! The frozen plan of a run: every step with its slots, inputs and arguments.
//!
//! It is written at the level of steps: tasks are a step and a slot, and are worked out where they are needed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::workflow::{Binding, Needs, Value};

mod axis;
mod expand;
pub(crate) mod words;

pub use axis::{AxisSlot, Share, Span};
pub use expand::Given;

/// Version of the plan's shape.
pub const SCHEMA: &str = "landrace-plan/1";

/// A frozen plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: String,
    /// The workflow's name.
    pub workflow: String,
    /// Landrace's version.
    pub landrace: String,
    /// The program that runs Landrace's commands.
    pub program: PathBuf,
    /// Files that the user gave.
    pub inputs: BTreeMap<String, PlannedInput>,
    /// Slots of each scatter.
    pub axes: BTreeMap<String, Vec<AxisSlot>>,
    /// The steps, each after those it takes from.
    pub steps: Vec<PlannedStep>,
}

/// A file that the user gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlannedInput {
    /// A file.
    File(PathBuf),
    /// A file and those that belong to it: `.bed` with `.bim` and `.fam`.
    Set {
        /// The file that is named.
        path: PathBuf,
        /// The files that are read with it.
        companions: Vec<PathBuf>,
    },
    /// A sample sheet.
    Sheet {
        /// The sheet.
        path: PathBuf,
        /// Column names.
        columns: Vec<String>,
        /// Columns that name files.
        files: Vec<String>,
        /// Cells; files by absolute paths.
        rows: Vec<Vec<String>>,
    },
}

/// A step of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its name.
    pub id: String,
    /// What it runs, in words, with its version: part of the key.
    pub tool: String,
    /// A script of the user's, by content part of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<PathBuf>,
    /// Program and arguments with placeholders (see `words`).
    pub words: Vec<String>,
    /// The scatters it runs over.
    pub per: Vec<String>,
    /// What it takes.
    pub inputs: BTreeMap<String, PlannedTake>,
    /// Its arguments: part of the key.
    pub args: BTreeMap<String, Value>,
    /// What a task may use.
    pub needs: Needs,
    /// Further attempts after a failure.
    pub retries: u32,
    /// Folder of `results/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<String>,
    /// What it makes.
    pub makes: PlannedMake,
    /// The output that standard output goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
}

/// An input of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTake {
    /// Where it comes from.
    pub from: Vec<Binding>,
    /// Columns of a sheet that count; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Whether only the account of each file is read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_summary: bool,
}

/// The ending of the account beside an output.
pub(crate) const ACCOUNT: &str = ".summary.json";

/// What a step makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlannedMake {
    /// One file named after the slot, and what the program puts beside it under a longer name.
    Extension(String),
    /// Tables whose names begin with the slot's; the main one is their account.
    Tables,
    /// Files by their names.
    Named(BTreeMap<String, String>),
    /// Files beside a link to an input.
    Beside(String),
}

/// A task: a step and one slot of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// One index into each of the step's axes.
    pub at: Vec<usize>,
}

/// An index for each axis on which two slots must agree.
pub(crate) type Agreement = Vec<Option<usize>>;

/// The slot of a step that is not scattered.
const WHOLE: &str = "all";

impl Plan {
    /// The step of a name, and its number.
    pub fn step(&self, id: &str) -> Option<(usize, &PlannedStep)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id == id)
    }

    /// All slots of a step; the last axis varies fastest.
    pub fn slots(&self, step: &PlannedStep) -> Vec<Slot> {
        let mut slots = vec![Slot { at: Vec::new() }];
        for axis in &step.per {
            let length = self.axes.get(axis).map_or(0, Vec::len);
            let longer = |slot: &Slot| {
                let at = slot.at.clone();
                (0..length).map(move |index| Slot { at: [at.clone(), vec![index]].concat() })
            };
            slots = slots.iter().flat_map(longer).collect();
        }
        slots
    }

    /// The name of a slot, which is its folder: `all` if the step is not scattered.
    pub fn slot_name(&self, step: &PlannedStep, slot: &Slot) -> String {
        if step.per.is_empty() {
            return WHOLE.to_owned();
        }
        let names = step.per.iter().zip(&slot.at).map(|(axis, &index)| self.axes[axis][index].name.as_str());
        names.collect::<Vec<_>>().join(",")
    }

    /// The name of a slot as people write it: a sample's name, a region.
    pub fn label(&self, step: &PlannedStep, slot: &Slot) -> String {
        if step.per.is_empty() {
            return WHOLE.to_owned();
        }
        let labels =
            step.per.iter().zip(&slot.at).map(|(axis, &index)| self.axes[axis][index].label.as_str());
        labels.collect::<Vec<_>>().join(",")
    }

    /// The name that a slot's files begin with.
    pub fn stem(&self, step: &PlannedStep, slot: &Slot) -> String {
        if step.per.is_empty() { step.id.clone() } else { self.slot_name(step, slot) }
    }

    /// The slot of a name, as folders or as people write it (a sample's name, a region).
    pub fn find_slot(&self, step: &PlannedStep, name: &str) -> Option<Slot> {
        let slots = self.slots(step);
        let is_it = |slot: &&Slot| self.slot_name(step, slot) == name || self.label(step, slot) == name;
        slots.iter().find(is_it).cloned()
    }

    /// Where a slot of `step` and the slots of `from` that it takes must agree: one entry for each axis of
    /// `from`.
    pub(crate) fn agreement(&self, step: &PlannedStep, slot: &Slot, from: &PlannedStep) -> Agreement {
        let shared =
            |axis: &String| step.per.iter().position(|other| other == axis).map(|index| slot.at[index]);
        from.per.iter().map(shared).collect()
    }

    /// The slots of a step that agree, in order.
    pub(crate) fn agreeing(&self, step: &PlannedStep, agreement: &Agreement) -> Vec<Slot> {
        if agreement.iter().all(Option::is_some) {
            return vec![Slot { at: agreement.iter().flatten().copied().collect() }];
        }
        let mut slots = self.slots(step);
        slots.retain(|slot| {
            slot.at.iter().zip(agreement).all(|(at, want)| want.is_none_or(|want| want == *at))
        });
        slots
    }

    /// Rows of a sheet that a slot sees: those of its sample, or all.
    pub(crate) fn sheet_rows(&self, step: &PlannedStep, slot: &Slot, input: &str) -> Vec<&Vec<String>> {
        let Some(PlannedInput::Sheet { rows, .. }) = self.inputs.get(input) else { return Vec::new() };
        for (axis, &index) in step.per.iter().zip(&slot.at) {
            if let Share::Rows { sheet, rows: numbers } = &self.axes[axis][index].share
                && sheet == input
            {
                return numbers.iter().map(|&number| &rows[number]).collect();
            }
        }
        rows.iter().collect()
    }

    /// The stretches of the reference that a slot works on; `None` if the step is not scattered over regions.
    pub(crate) fn spans(&self, step: &PlannedStep, slot: &Slot) -> Option<&[Span]> {
        step.per.iter().zip(&slot.at).find_map(|(axis, &index)| match &self.axes[axis][index].share {
            Share::Spans(spans) => Some(spans.as_slice()),
            Share::Rows { .. } => None,
        })
    }
}

impl PlannedStep {
    /// The word for the output on the command line: the main output, or what its tables' names begin with.
    pub(crate) fn output_word(&self, plan: &Plan, slot: &Slot) -> String {
        match &self.makes {
            PlannedMake::Tables => plan.stem(self, slot),
            _ => self.main_output(plan, slot),
        }
    }

    /// The name of the main output of a slot.
    pub(crate) fn main_output(&self, plan: &Plan, slot: &Slot) -> String {
        match &self.makes {
            PlannedMake::Extension(extension) => {
                format!("{}{extension}", plan.stem(self, slot))
            }
            PlannedMake::Tables => plan.stem(self, slot) + ACCOUNT,
            PlannedMake::Named(files) => {
                files.get("out").or_else(|| files.values().next()).cloned().unwrap_or_default()
            }
            PlannedMake::Beside(input) => {
                let from = self.inputs.get(input).and_then(|take| take.from.first());
                match from {
                    Some(Binding::Input(name)) => match plan.inputs.get(name) {
                        Some(
                            PlannedInput::File(path)
                            | PlannedInput::Set { path, .. }
                            | PlannedInput::Sheet { path, .. },
                        ) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                        None => String::new(),
                    },
                    _ => plan.stem(self, slot),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
