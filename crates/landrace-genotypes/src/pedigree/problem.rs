//! What can be wrong with a pedigree.

use std::io::{self, Write};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The pedigree cannot be used as it stands.
    Error,
    /// It can be used, but something in it is wrong.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An individual is its own parent.
    OwnParent,
    /// Individuals are their own ancestors.
    Loop,
    /// One animal is sire and dam.
    OneParentTwice,
    /// Rows of one individual contradict each other.
    RowsConflict,
    /// A parent is younger than its offspring, or equally old.
    NotOlder,
    /// A sire is recorded as female, or a dam as male.
    SexConflict,
    /// One individual is a sire here and a dam there.
    BothRoles,
    /// A sex or a birth cannot be read.
    Unreadable,
    /// Rows of one individual say the same, or add to each other.
    RowsAgree,
    /// A parent has no row of its own.
    NoRow,
}

impl Kind {
    /// All kinds, the worst first.
    pub const ALL: [Self; 10] = [
        Self::OwnParent,
        Self::Loop,
        Self::OneParentTwice,
        Self::RowsConflict,
        Self::NotOlder,
        Self::SexConflict,
        Self::BothRoles,
        Self::Unreadable,
        Self::RowsAgree,
        Self::NoRow,
    ];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::OwnParent => "own_parent",
            Self::Loop => "loop",
            Self::OneParentTwice => "one_parent_twice",
            Self::RowsConflict => "rows_conflict",
            Self::NotOlder => "parent_not_older",
            Self::SexConflict => "sex_conflict",
            Self::BothRoles => "sire_and_dam",
            Self::Unreadable => "unreadable",
            Self::RowsAgree => "rows_agree",
            Self::NoRow => "parent_without_row",
        }
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::OwnParent | Self::Loop | Self::OneParentTwice | Self::RowsConflict => Severity::Error,
            Self::NotOlder | Self::SexConflict | Self::BothRoles | Self::Unreadable => Severity::Warning,
            Self::RowsAgree | Self::NoRow => Severity::Note,
        }
    }
}

/// Something wrong with a pedigree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the file, from 1.
    pub line: u64,
    /// The individual.
    pub individual: String,
    /// What kind of problem it is.
    pub kind: Kind,
    /// What is wrong, and what to look at.
    pub message: String,
    /// What repairing changes; empty if it changes nothing.
    pub repair: String,
}

/// Writes the problems, a line each; `is_repaired` says whether what repairing changes was changed.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn write_problems(problems: &[Problem], is_repaired: bool, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "line\tindividual\tseverity\tproblem\tmessage\trepair\trepaired")?;
    for Problem { line, individual, kind, message, repair } in problems {
        // Parents are added, rows joined and cells passed over in any case.
        let is_always = matches!(kind, Kind::NoRow | Kind::RowsAgree | Kind::Unreadable);
        let is_done = !repair.is_empty() && (is_repaired || is_always);
        let done = if is_done { "yes" } else { "no" };
        let (severity, kind) = (kind.severity().name(), kind.name());
        let repair = if repair.is_empty() { "." } else { repair };
        writeln!(out, "{line}\t{individual}\t{severity}\t{kind}\t{message}\t{repair}\t{done}")?;
    }
    Ok(())
}
