//! What a task's outputs depend on, by content: no cores, memory, paths, hosts or times.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use landrace_genome::FileError;

use crate::digest::Digests;
use crate::folder::RunFolder;
use crate::plan::{ACCOUNT, Agreement, Plan, PlannedInput, PlannedStep, PlannedTake, Slot};
use crate::record::Record;
use crate::workflow::Binding;

/// A task's key and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) digest: String,
    pub(crate) parts: BTreeMap<String, String>,
}

/// Works out keys; what many tasks share (a gather, the words of a step) is worked out once.
pub(crate) struct Keys<'a> {
    plan: &'a Plan,
    folder: &'a RunFolder,
    digests: Digests,
    gathers: Mutex<HashMap<(usize, Agreement, bool), String>>,
    records: Mutex<HashMap<(usize, Slot), Option<Record>>>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A task that it takes from has not been done.
    #[error("it takes from {step} {slot}, which has not been done")]
    Missing {
        /// The step.
        step: String,
        /// The slot.
        slot: String,
    },
}

impl<'a> Keys<'a> {
    pub(crate) fn new(plan: &'a Plan, folder: &'a RunFolder) -> Result<Self, FileError> {
        let digests = Digests::open(&folder.digests())?;
        Ok(Self { plan, folder, digests, gathers: Mutex::default(), records: Mutex::default() })
    }

    /// The record of a task, read once.
    pub(crate) fn record(&self, number: usize, slot: &Slot) -> Option<Record> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || Record::read(&self.folder.slot(self.plan, &self.plan.steps[number], slot));
        records.entry((number, slot.clone())).or_insert_with(read).clone()
    }

    /// Forgets what was read of a task, which has been done anew.
    pub(crate) fn forget(&self, number: usize, slot: &Slot) {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).remove(&(number, slot.clone()));
        self.gathers.lock().unwrap_or_else(PoisonError::into_inner).retain(|(from, ..), _| *from != number);
    }

    /// The key of a task whose sources are all done.
    pub(crate) fn of(&self, step: &PlannedStep, slot: &Slot) -> Result<Key, KeyError> {
        let mut parts = BTreeMap::from([("tool".to_owned(), step.tool.clone())]);
        if let Some(script) = &step.script {
            parts.insert("script".to_owned(), self.digests.of(script)?);
        }
        for (name, value) in &step.args {
            parts.insert(format!("args.{name}"), value.to_string());
        }
        for (name, take) in &step.inputs {
            let sources = take.from.iter().map(|from| self.source(step, slot, take, from));
            let sources: Vec<String> = sources.collect::<Result<_, _>>()?;
            let digest = if sources.len() == 1 { sources[0].clone() } else { hash(&sources) };
            parts.insert(format!("in.{name}"), digest);
        }
        if let Some(spans) = self.plan.spans(step, slot) {
            let text = spans.iter().map(|span| format!("{}:{}-{}", span.contig, span.start + 1, span.end));
            let text: Vec<String> = text.collect();
            parts.insert("region".to_owned(), if text.len() == 1 { text[0].clone() } else { hash(&text) });
        }
        let words: Vec<String> =
            parts.iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect();
        Ok(Key { digest: hash(&words), parts })
    }

    fn source(
        &self,
        step: &PlannedStep,
        slot: &Slot,
        take: &PlannedTake,
        from: &Binding,
    ) -> Result<String, KeyError> {
        let (Binding::Step(id) | Binding::Gather(id)) = from else {
            let Binding::Input(name) = from else { return Ok(String::new()) };
            return self.input(step, slot, take, name);
        };
        let Some((number, source)) = self.plan.step(id) else { return Ok(String::new()) };
        let place = (number, self.plan.agreement(step, slot, source), take.is_summary);
        let known = self.gathers.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        if let Some(digest) = known {
            return Ok(digest);
        }
        let mut words = Vec::new();
        for slot in &self.plan.agreeing(source, &place.1) {
            let record = self.record(number, slot).ok_or_else(|| KeyError::Missing {
                step: id.clone(),
                slot: self.plan.slot_name(source, slot),
            })?;
            let counts = |file: &str| take.is_summary || !file.ends_with(ACCOUNT);
            words
                .extend(record.outputs.into_iter().filter(|made| counts(&made.file)).map(|made| made.blake3));
        }
        let digest = hash(&words);
        self.gathers.lock().unwrap_or_else(PoisonError::into_inner).insert(place, digest.clone());
        Ok(digest)
    }

    fn input(
        &self,
        step: &PlannedStep,
        slot: &Slot,
        take: &PlannedTake,
        name: &str,
    ) -> Result<String, KeyError> {
        let (columns, files) = match self.plan.inputs.get(name) {
            None => return Ok(String::new()),
            Some(PlannedInput::File(path)) => return Ok(self.digests.of(path)?),
            Some(PlannedInput::Set { path, companions }) => {
                let files = std::iter::once(path).chain(companions).map(|file| self.digests.of(file));
                return Ok(hash(&files.collect::<Result<Vec<_>, _>>()?));
            }
            Some(PlannedInput::Sheet { columns, files, .. }) => (columns, files),
        };
        let counts = |column: &String| take.columns.is_empty() || take.columns.contains(column);
        let mut rows = Vec::new();
        for row in self.plan.sheet_rows(step, slot, name) {
            let mut words = Vec::new();
            for (column, cell) in
                columns.iter().zip(row).filter(|(column, cell)| counts(column) && !cell.is_empty())
            {
                let content =
                    if files.contains(column) { self.digests.of(cell.as_ref())? } else { cell.clone() };
                words.extend([column.clone(), content]);
            }
            rows.push(hash(&words));
        }
        Ok(hash(&rows))
    }
}

/// Digest of a list of words; lengths keep `ab, c` and `a, bc` apart.
fn hash(words: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for word in words {
        hasher.update(&(word.len() as u64).to_le_bytes());
        hasher.update(word.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
