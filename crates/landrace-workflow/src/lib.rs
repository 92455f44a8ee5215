//! Workflow files: plans, tasks, resume by content and local runs.
