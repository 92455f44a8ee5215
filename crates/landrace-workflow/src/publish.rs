//! Putting published outputs into `results/`: hard links, or copies where the disk has none.

use std::fs;
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError};

use crate::folder::{RunFolder, sweep};
use crate::key::Keys;
use crate::plan::Plan;
use crate::record::Record;

/// A published file of this name is also put where people look first.
const REPORT: &str = "report.html";

/// Publishes the outputs of every step that asks for it.
pub(crate) fn publish(plan: &Plan, folder: &RunFolder, keys: &Keys<'_>) -> Result<(), FileError> {
    for (number, step) in plan.steps.iter().enumerate() {
        let Some(target) = &step.publish else { continue };
        let target = folder.results().join(target);
        sweep(&target);
        for slot in plan.slots(step) {
            let Some(record) = keys.record(number, &slot) else { continue };
            let from = folder.slot(plan, step, &slot);
            file::create_directory(&target)?;
            for made in &record.outputs {
                put(&from.join(&made.file), &target.join(&made.file))?;
                if made.file == REPORT {
                    put(&from.join(REPORT), &folder.path().join(REPORT))?;
                }
            }
        }
    }
    Ok(())
}

/// The published main outputs that are there, in the plan's order.
pub fn published(plan: &Plan, folder: &RunFolder) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for step in &plan.steps {
        let Some(target) = &step.publish else { continue };
        let slots = plan.slots(step);
        let records = slots.iter().filter_map(|slot| Record::read(&folder.slot(plan, step, slot)));
        let paths = records
            .filter_map(|record| Some(folder.results().join(target).join(&record.outputs.first()?.file)));
        found.extend(paths.filter(|path| path.is_file()));
    }
    found
}

/// Links or copies a file under a temporary name and renames it, so that a reader sees the old one or the new.
fn put(from: &Path, to: &Path) -> Result<(), FileError> {
    let failed = |error: std::io::Error| FileError::new(to, &error);
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let beside = to.with_file_name(format!(".{name}.{}.partial", std::process::id()));
    let _ = fs::remove_file(&beside);
    let put = fs::hard_link(from, &beside).or_else(|_| fs::copy(from, &beside).map(|_| ()));
    put.and_then(|()| fs::rename(&beside, to)).map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })?;
    // Renaming a link onto another link of the same file does nothing and leaves both.
    let _ = fs::remove_file(&beside);
    Ok(())
}
