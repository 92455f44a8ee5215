//! The workflows that come with Landrace, so that they run wherever it is installed.

use std::path::Path;

use landrace_workflow::Workflow;
use landrace_workflow::workflow::WorkflowError;

/// Name and text of each.
pub(crate) const READY: &[(&str, &str)] = &[
    ("reads-to-panel", include_str!("../../../workflows/reads-to-panel.toml")),
    ("genotype-qc", include_str!("../../../workflows/genotype-qc.toml")),
    ("genebank-duplicates", include_str!("../../../workflows/genebank-duplicates.toml")),
    ("core-collection", include_str!("../../../workflows/core-collection.toml")),
    ("gwas", include_str!("../../../workflows/gwas.toml")),
    ("variety-identity", include_str!("../../../workflows/variety-identity.toml")),
    ("genomic-selection", include_str!("../../../workflows/genomic-selection.toml")),
    ("sheep-evaluation", include_str!("../../../workflows/sheep-evaluation.toml")),
];

/// Reads a workflow file, or a ready workflow if there is no such file.
pub(crate) fn open(path: &Path) -> Result<Workflow, WorkflowError> {
    match READY.iter().find(|(name, _)| path.as_os_str() == *name && !path.is_file()) {
        Some((name, text)) => Workflow::parse(text, Path::new(name)),
        None => Workflow::read(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_workflow_is_read() {
        for (name, _) in READY {
            assert_eq!(open(Path::new(name)).unwrap().name, *name);
        }
    }
}
