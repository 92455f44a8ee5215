//! What will run, and why.

use std::collections::BTreeSet;
use std::fmt;

use landrace_genome::FileError;
use landrace_genome::nearest::hint;

use crate::folder::RunFolder;
use crate::key::{Key, KeyError, Keys};
use crate::plan::{Plan, PlannedStep, Slot};
use crate::record::Failure;
use crate::workflow::WorkflowError;

/// Which part of a plan is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only this step and what it takes from.
    pub until: Option<String>,
    /// This step and what takes from it are done anew; what comes before is taken as it is.
    pub from: Option<String>,
}

/// Whether a task will run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done, and nothing that it depends on has changed.
    Current,
    /// It will run.
    Run(Reason),
    /// It is not asked for.
    NotWanted,
}

/// Why a task will run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It has never been done.
    New,
    /// It failed the last time.
    Failed(String),
    /// These parts of its key changed.
    Changed(Vec<String>),
    /// An output is gone or was changed.
    Damaged(String),
    /// A step that it takes from runs.
    After(String),
    /// The user asked for it.
    Asked,
    /// An input cannot be read.
    Unreadable(String),
}

/// The verdict on each task of a step, in the order of its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepVerdicts {
    /// The step.
    pub step: String,
    /// Slot, as people write it, and verdict.
    pub tasks: Vec<(String, Verdict)>,
}

impl Wanted {
    /// Checks that the steps are there.
    ///
    /// # Errors
    /// Returns an error that names the nearest step.
    pub fn check(&self, plan: &Plan) -> Result<(), WorkflowError> {
        for (flag, step) in [("--until", &self.until), ("--from", &self.from)] {
            if let Some(step) = step.as_ref().filter(|step| plan.step(step).is_none()) {
                let near = hint(step, plan.steps.iter().map(|step| step.id.as_str()));
                return Err(WorkflowError::Given(format!("{flag} {step}: there is no step '{step}'{near}")));
            }
        }
        Ok(())
    }

    /// For each step: whether it is wanted, and whether it is to be done anew.
    fn of_steps(&self, plan: &Plan) -> Vec<(bool, bool)> {
        let up = |step: &PlannedStep| -> Vec<usize> {
            let from = step.inputs.values().flat_map(|take| &take.from).filter_map(|from| from.step());
            from.filter_map(|id| plan.step(id).map(|(number, _)| number)).collect()
        };
        let count = plan.steps.len();
        let last = self.until.as_ref().and_then(|id| plan.step(id)).map(|(number, _)| number);
        let mut is_wanted = vec![last.is_none(); count];
        for number in (0..count).rev() {
            if Some(number) == last || is_wanted[number] {
                is_wanted[number] = true;
                up(&plan.steps[number]).into_iter().for_each(|source| is_wanted[source] = true);
            }
        }
        let first = self.from.as_ref().and_then(|id| plan.step(id)).map(|(number, _)| number);
        let mut is_anew = vec![false; count];
        for number in 0..count {
            is_anew[number] =
                Some(number) == first || up(&plan.steps[number]).iter().any(|&source| is_anew[source]);
        }
        is_wanted.into_iter().zip(is_anew).collect()
    }
}

/// Looks at every task of the plan: done, or to be run and why. Nothing is changed but `inputs.lock`.
///
/// # Errors
/// Returns an error if `inputs.lock` cannot be read.
pub fn assess(plan: &Plan, folder: &RunFolder, wanted: &Wanted) -> Result<Vec<StepVerdicts>, FileError> {
    let keys = Keys::new(plan, folder)?;
    let verdicts = assess_with(plan, folder, wanted, &keys);
    let named = |(step, tasks): (&PlannedStep, Vec<Verdict>)| StepVerdicts {
        step: step.id.clone(),
        tasks: plan.slots(step).iter().map(|slot| plan.label(step, slot)).zip(tasks).collect(),
    };
    Ok(plan.steps.iter().zip(verdicts).map(named).collect())
}

/// The verdicts by step and slot.
pub(crate) fn assess_with(
    plan: &Plan,
    folder: &RunFolder,
    wanted: &Wanted,
    keys: &Keys<'_>,
) -> Vec<Vec<Verdict>> {
    let mut verdicts: Vec<Vec<Verdict>> = Vec::new();
    for (number, (is_wanted, is_anew)) in wanted.of_steps(plan).into_iter().enumerate() {
        let step = &plan.steps[number];
        let running = Running::of(plan, step, &verdicts);
        let verdict = |slot: &Slot| match (is_wanted, is_anew) {
            (false, _) => Verdict::NotWanted,
            (true, true) => Verdict::Run(Reason::Asked),
            (true, false) => judge(plan, folder, keys, (number, slot), running.source_of(plan, step, slot)),
        };
        verdicts.push(plan.slots(step).iter().map(verdict).collect());
    }
    verdicts
}

/// The tasks of earlier steps that run, as far as a step takes from them.
struct Running<'a> {
    sources: Vec<(&'a PlannedStep, BTreeSet<Slot>)>,
}

impl<'a> Running<'a> {
    fn of(plan: &'a Plan, step: &PlannedStep, verdicts: &[Vec<Verdict>]) -> Self {
        let ids: BTreeSet<&str> =
            step.inputs.values().flat_map(|take| &take.from).filter_map(|from| from.step()).collect();
        let found = ids.into_iter().filter_map(|id| plan.step(id));
        let runs = |number: usize, source: &PlannedStep| -> BTreeSet<Slot> {
            let slots = plan.slots(source).into_iter().zip(&verdicts[number]);
            slots.filter(|(_, verdict)| matches!(verdict, Verdict::Run(_))).map(|(slot, _)| slot).collect()
        };
        let mut sources: Vec<_> =
            found.map(|(number, source)| (number, source, runs(number, source))).collect();
        sources.sort_by_key(|(number, ..)| *number);
        Self { sources: sources.into_iter().map(|(_, source, slots)| (source, slots)).collect() }
    }

    /// The first step that has a task running which this slot takes from.
    fn source_of(&self, plan: &Plan, step: &PlannedStep, slot: &Slot) -> Option<&'a str> {
        let hit = self.sources.iter().find(|(source, running)| {
            let agreement = plan.agreement(step, slot, source);
            running
                .iter()
                .any(|other| other.at.iter().zip(&agreement).all(|(at, want)| want.is_none_or(|w| w == *at)))
        });
        hit.map(|(source, _)| source.id.as_str())
    }
}

fn judge(
    plan: &Plan,
    folder: &RunFolder,
    keys: &Keys<'_>,
    (number, slot): (usize, &Slot),
    source: Option<&str>,
) -> Verdict {
    let step = &plan.steps[number];
    let place = folder.slot(plan, step, slot);
    let Some(record) = keys.record(number, slot) else {
        let failure = Failure::read(&place).map(|failure| Reason::Failed(failure.message));
        return Verdict::Run(failure.unwrap_or(Reason::New));
    };
    if let Some(source) = source {
        return Verdict::Run(Reason::After(source.to_owned()));
    }
    match keys.of(step, slot) {
        Err(KeyError::File(error)) => Verdict::Run(Reason::Unreadable(error.to_string())),
        Err(KeyError::Missing { step, .. }) => Verdict::Run(Reason::After(step)),
        Ok(key) if key.digest != record.key => Verdict::Run(Reason::Changed(changes(&record.parts, &key))),
        Ok(_) => match record.damaged(&place) {
            Some(what) => Verdict::Run(Reason::Damaged(what)),
            None => Verdict::Current,
        },
    }
}

/// What differs between the parts of an old key and a new one, in words.
fn changes(old: &std::collections::BTreeMap<String, String>, new: &Key) -> Vec<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.parts.keys()).collect();
    let word = |name: &String| {
        let (before, after) = (old.get(name), new.parts.get(name));
        if before == after {
            return None;
        }
        let argument = name.strip_prefix("args.");
        Some(match (argument, name.strip_prefix("in."), before, after) {
            (Some(argument), _, Some(before), Some(after)) => format!("{argument}: {before} -> {after}"),
            (Some(argument), _, None, Some(after)) => format!("{argument}: now {after}"),
            (Some(argument), ..) => format!("{argument}: no longer given"),
            (_, Some(input), Some(_), Some(_)) => format!("content of '{input}'"),
            (_, Some(input), None, _) => format!("'{input}' is new"),
            (_, Some(input), ..) => format!("'{input}' is no longer taken"),
            (None, None, Some(before), Some(after)) if name == "tool" => {
                format!("version: {before} -> {after}")
            }
            _ => name.clone(),
        })
    };
    names.into_iter().filter_map(word).collect()
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => write!(f, "not done yet"),
            Self::Failed(message) => write!(f, "failed the last time ({message})"),
            Self::Changed(what) => write!(f, "changed: {}", what.join(", ")),
            Self::Damaged(what) => write!(f, "{what}"),
            Self::After(step) => write!(f, "takes from '{step}', which runs"),
            Self::Asked => write!(f, "asked for with --from"),
            Self::Unreadable(message) => write!(f, "{message}"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => write!(f, "done"),
            Self::Run(reason) => write!(f, "run: {reason}"),
            Self::NotWanted => write!(f, "not asked for"),
        }
    }
}
