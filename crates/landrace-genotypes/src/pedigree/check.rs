//! Looks for what is wrong with a pedigree, and repairs what can be.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;

use super::individual::{Birth, Sex};
use super::read::{Record, Records};
use super::{Kind, Problem, Severity, UNKNOWN, order};

/// What a pedigree may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether one individual may be sire and dam, as plants are.
    pub selfing: bool,
}

/// A checked pedigree: individuals in the order in which the file names them, first those with a row.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What is wrong, by line.
    pub problems: Vec<Problem>,
    pub(super) names: Vec<String>,
    /// As written, and as repaired.
    pub(super) parents: [Vec<[u32; 2]>; 2],
    pub(super) sexes: [Vec<Option<Sex>>; 2],
    pub(super) births: Vec<Option<Birth>>,
    /// Line of each; 0 for parents without a row.
    pub(super) lines: Vec<u64>,
    pub(super) path: String,
}

const ROLES: [&str; 2] = ["sire", "dam"];

/// A number of rows.
fn rows(count: u32) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// Checks a pedigree.
pub fn check(records: Records, rules: Rules) -> Checked {
    let Records { names, rows, is_sexed, problems, path, .. } = records;
    let n = names.list.len();
    let mut own = Checked {
        problems,
        names: names.list,
        parents: [vec![[UNKNOWN; 2]; n], Vec::new()],
        sexes: [vec![None; n], Vec::new()],
        births: vec![None; n],
        lines: vec![0; n],
        path,
    };
    own.merge(&rows);
    own.missing_rows(&rows);
    own.parents[1] = own.parents[0].clone();
    own.sexes[1] = own.sexes[0].clone();
    own.repair_conflicting_rows();
    own.births_and_own_parents();
    if is_sexed && !rules.selfing {
        own.sex_conflicts();
    }
    if !rules.selfing {
        own.one_parent_twice();
    }
    own.circles();
    own.problems.sort_by_key(|problem| problem.line);
    own
}

impl Checked {
    /// Number of problems of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.problems.iter().filter(|problem| problem.kind == kind).count()
    }

    /// Number of problems so bad.
    pub fn severe(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.kind.severity() == severity).count()
    }

    fn add(&mut self, (line, own): (u64, u32), kind: Kind, message: String, repair: String) {
        let individual = self.names[own as usize].clone();
        self.problems.push(Problem { line, individual, kind, message, repair });
    }

    fn name(&self, own: u32) -> &str {
        &self.names[own as usize]
    }

    /// Joins the rows of each individual.
    fn merge(&mut self, rows: &[Record]) {
        for row in rows {
            let at = row.name as usize;
            if self.lines[at] == 0 {
                self.lines[at] = row.line;
                self.parents[0][at] = row.parents;
                (self.sexes[0][at], self.births[at]) = (row.sex, row.birth);
                continue;
            }
            let mut conflicts = Vec::new();
            for (role, name) in ROLES.iter().enumerate() {
                let (first, second) = (self.parents[0][at][role], row.parents[role]);
                if first == UNKNOWN {
                    self.parents[0][at][role] = second;
                } else if second != UNKNOWN && second != first {
                    conflicts.push(format!(
                        "{name} '{}' there and '{}' here",
                        self.name(first),
                        self.name(second)
                    ));
                }
            }
            if self.sexes[0][at].zip(row.sex).is_some_and(|(a, b)| a != b) {
                conflicts.push("another sex".to_owned());
            }
            if let Some((a, b)) = self.births[at].zip(row.birth).filter(|(a, b)| a != b) {
                conflicts.push(format!("born {a} there and {b} here"));
            }
            self.sexes[0][at] = self.sexes[0][at].or(row.sex);
            self.births[at] = self.births[at].or(row.birth);
            let first = self.lines[at];
            let (kind, message, repair) = if conflicts.is_empty() {
                let message =
                    format!("also in line {first}, which says the same or adds to it; keep one row");
                (Kind::RowsAgree, message, "rows joined".to_owned())
            } else {
                let message = format!("also in line {first}: {}; keep the right row", conflicts.join(", "));
                (Kind::RowsConflict, message, self.conflict_repair(at, row))
            };
            self.add((row.line, row.name), kind, message, repair);
        }
    }

    fn conflict_repair(&self, at: usize, row: &Record) -> String {
        let unknown: Vec<&str> = (0..2)
            .filter(|&role| {
                let (first, second) = (self.parents[0][at][role], row.parents[role]);
                first != UNKNOWN && second != UNKNOWN && first != second
            })
            .map(|role| ROLES[role])
            .collect();
        match unknown.as_slice() {
            [] => format!("sex and birth of line {} kept", self.lines[at]),
            roles => format!("{} set to unknown", roles.join(" and ")),
        }
    }

    /// Conflicting parents become unknown.
    fn repair_conflicting_rows(&mut self) {
        let index: HashMap<&str, usize> =
            self.names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        for problem in self.problems.iter().filter(|problem| problem.kind == Kind::RowsConflict) {
            let Some(&at) = index.get(problem.individual.as_str()) else { continue };
            for (role, name) in ROLES.iter().enumerate() {
                if problem.repair.ends_with("unknown") && problem.repair.contains(name) {
                    self.parents[1][at][role] = UNKNOWN;
                }
            }
        }
    }

    /// Names the parents that have no row of their own, in the line that names them first.
    fn missing_rows(&mut self, rows: &[Record]) {
        let bare = |name: &str| -> String {
            name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let mut is_said = vec![false; self.names.len()];
        let mut near: Option<HashMap<String, u32>> = None;
        for row in rows {
            for (role, what) in ROLES.iter().enumerate() {
                let parent = row.parents[role];
                if parent == UNKNOWN || self.lines[parent as usize] > 0 || is_said[parent as usize] {
                    continue;
                }
                is_said[parent as usize] = true;
                let near = near.get_or_insert_with(|| {
                    rows.iter().map(|row| (bare(&self.names[row.name as usize]), row.name)).collect()
                });
                let name = self.name(parent);
                let hint = near
                    .get(&bare(name))
                    .filter(|_| !bare(name).is_empty())
                    .map(|&other| format!("; did you mean '{}'?", self.name(other)))
                    .unwrap_or_default();
                let message = format!("has no row of its own; {what} of '{}'{hint}", self.name(row.name));
                self.add((row.line, parent), Kind::NoRow, message, "added as a founder".to_owned());
            }
        }
    }

    /// Parents that are the individual itself, and parents that are not older.
    fn births_and_own_parents(&mut self) {
        for at in 0..self.names.len() {
            let (own, line) = (self.number(at), self.lines[at]);
            for (role, what) in ROLES.iter().enumerate() {
                let parent = self.parents[0][at][role];
                if parent == UNKNOWN {
                    continue;
                }
                let repair = format!("{what} set to unknown");
                if parent == own {
                    let message = format!("is its own {what}; correct the {what}, or leave it empty");
                    self.add((line, own), Kind::OwnParent, message, repair.clone());
                    self.parents[1][at][role] = UNKNOWN;
                }
                let births = self.births[at].zip(self.births[parent as usize]);
                let Some((born, before)) = births.filter(|(born, before)| before.is_not_older(*born)) else {
                    continue;
                };
                let message = format!(
                    "was born {born}, and its {what} '{}' (line {}) {before}, which is not earlier; correct a birth, or \
                     the {what}",
                    self.name(parent),
                    self.lines[parent as usize]
                );
                self.add((line, own), Kind::NotOlder, message, repair);
                self.parents[1][at][role] = UNKNOWN;
            }
        }
    }

    fn number(&self, at: usize) -> u32 {
        u32::try_from(at).unwrap_or(UNKNOWN)
    }

    /// How often each is a sire and a dam, and the line that first says so.
    fn uses(&self) -> Vec<[(u32, u64); 2]> {
        let mut uses = vec![[(0, 0); 2]; self.names.len()];
        for (at, parents) in self.parents[0].iter().enumerate() {
            for (role, &parent) in parents.iter().enumerate().filter(|(_, parent)| **parent != UNKNOWN) {
                let own = &mut uses[parent as usize][role];
                own.0 += 1;
                if own.1 == 0 {
                    own.1 = self.lines[at];
                }
            }
        }
        uses
    }

    /// Individuals whose use as a parent contradicts their sex, or themselves.
    fn sex_conflicts(&mut self) {
        let uses = self.uses();
        let mut wrong_role = vec![None; self.names.len()];
        for (at, &[sire, dam]) in uses.iter().enumerate() {
            let (own, sex) = (self.number(at), self.sexes[0][at]);
            let line = if self.lines[at] > 0 { self.lines[at] } else { sire.1.max(dam.1) };
            if sire.0 > 0 && dam.0 > 0 {
                let message = format!(
                    "is the sire in {} (first in line {}) and the dam in {} (line {}); correct the rows, or allow it \
                     with --selfing",
                    rows(sire.0),
                    sire.1,
                    rows(dam.0),
                    dam.1
                );
                let keep = match (sire.0.cmp(&dam.0), sex) {
                    (std::cmp::Ordering::Greater, _) | (std::cmp::Ordering::Equal, Some(Sex::Male)) => {
                        Some(0)
                    }
                    (std::cmp::Ordering::Less, _) | (std::cmp::Ordering::Equal, Some(Sex::Female)) => Some(1),
                    _ => None,
                };
                let repair = keep.map_or(String::new(), |keep| {
                    format!("where it is a {}, that parent is unknown", ROLES[1 - keep])
                });
                wrong_role[at] = keep.map(|keep| 1 - keep);
                self.add((line, own), Kind::BothRoles, message, repair);
                if let Some(keep) = keep {
                    self.sexes[1][at] = Some([Sex::Male, Sex::Female][keep]);
                }
                continue;
            }
            let conflict = match sex {
                Some(Sex::Female) if sire.0 > 0 => Some(("female", 0, sire, Sex::Male)),
                Some(Sex::Male) if dam.0 > 0 => Some(("male", 1, dam, Sex::Female)),
                _ => None,
            };
            if let Some((sex, role, (times, first), right)) = conflict {
                let message = format!(
                    "is recorded as {sex}, but is the {} in {} (first in line {first}); correct the sex, or the rows",
                    ROLES[role],
                    rows(times)
                );
                self.add((line, own), Kind::SexConflict, message, format!("sex set to {}", right.letter()));
                self.sexes[1][at] = Some(right);
            }
        }
        for parents in &mut self.parents[1] {
            for (role, parent) in parents.iter_mut().enumerate().filter(|(_, parent)| **parent != UNKNOWN) {
                if wrong_role[*parent as usize] == Some(role) {
                    *parent = UNKNOWN;
                }
            }
        }
    }

    /// Sires that are the dam too.
    fn one_parent_twice(&mut self) {
        for at in 0..self.names.len() {
            let [sire, dam] = self.parents[0][at];
            if sire == UNKNOWN || sire != dam {
                continue;
            }
            // A sex that is recorded says which of the two is wrong.
            let (wrong, repair): (&[usize], &str) = match self.sexes[0][sire as usize] {
                Some(Sex::Male) => (&[1], "dam set to unknown"),
                Some(Sex::Female) => (&[0], "sire set to unknown"),
                None => (&[0, 1], "sire and dam set to unknown"),
            };
            let message = format!(
                "has '{}' as sire and as dam; correct one of them, or say with --selfing that plants may be selfed",
                self.name(sire)
            );
            for &role in wrong {
                self.parents[1][at][role] = UNKNOWN;
            }
            self.add((self.lines[at], self.number(at)), Kind::OneParentTwice, message, repair.to_owned());
        }
    }

    /// Loops: those of the pedigree as it is written are named, those left after the other repairs are cut.
    fn circles(&mut self) {
        for members in order::loops(&self.parents[0]) {
            let circle = order::shortest_circle(&self.parents[0], &members);
            let shown: Vec<String> =
                circle.iter().take(12).map(|&own| format!("'{}'", self.name(own))).collect();
            let more = if circle.len() > 12 { " <- ..." } else { "" };
            let others = match members.len() + 1 - circle.len() {
                0 => String::new(),
                others => format!("; {others} others are in loops with them"),
            };
            let lines: Vec<String> =
                circle.iter().skip(1).take(12).map(|&own| self.lines[own as usize].to_string()).collect();
            let message = format!(
                "is its own ancestor: {}{more} (each the parent of the one before; lines {}){others}; correct one of \
                 these parents",
                shown.join(" <- "),
                lines.join(", ")
            );
            let repair = self.cut(&members);
            let first = members[0];
            self.add((self.lines[first as usize], first), Kind::Loop, message, repair);
        }
    }

    /// Makes the parents within a loop unknown if it is still one: where no birth says which is wrong, none of them is
    /// certain.
    fn cut(&mut self, members: &[u32]) -> String {
        let inside = |own: u32| members.binary_search(&own).is_ok();
        let local: Vec<[u32; 2]> = members
            .iter()
            .map(|&own| {
                self.parents[1][own as usize].map(|parent| {
                    members
                        .binary_search(&parent)
                        .ok()
                        .and_then(|at| u32::try_from(at).ok())
                        .unwrap_or(UNKNOWN)
                })
            })
            .collect();
        let left = order::loops(&local);
        if left.is_empty() {
            return "cut where a parent is not older".to_owned();
        }
        let mut changes = Vec::new();
        for own in left.iter().flatten().map(|&at| members[at as usize]) {
            for (role, what) in ROLES.iter().enumerate() {
                if inside(self.parents[1][own as usize][role]) {
                    self.parents[1][own as usize][role] = UNKNOWN;
                    changes.push(format!("{what} of '{}'", self.names[own as usize]));
                }
            }
        }
        format!("{} set to unknown", changes.join(", "))
    }
}
