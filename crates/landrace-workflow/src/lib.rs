//! Workflow files: plans, tasks, resume by content and local runs.
//!
//! A [`Workflow`] is what the author wrote. With the files that a user gives it becomes a [`Plan`], frozen in a
//! [`RunFolder`]. Each task is a step and a slot; [`assess`](assess::assess) says which of them must run and
//! why, by the content of what they depend on, and [`local::run`] runs them. This crate knows files and
//! commands and no biology: what it must know of commands, genomes and sample sheets comes through the
//! [`Catalogue`].

pub mod assess;
pub mod catalogue;
mod digest;
mod document;
pub mod folder;
pub mod graph;
pub mod interrupt;
mod key;
pub mod local;
pub mod plan;
mod publish;
pub mod record;
pub mod task;
pub mod workflow;

pub use catalogue::Catalogue;
pub use folder::RunFolder;
pub use plan::{Given, Plan};
pub use publish::published;
pub use workflow::Workflow;
