//! The table of parents.

use std::io::{self, Write};

use super::{Assignments, Finding, Found, Given, Match, Status, Study};

/// Father and mother, or parents without order.
pub fn role_names(study: &Study) -> [&'static str; 2] {
    if study.has_sexes { ["father", "mother"] } else { ["parent_1", "parent_2"] }
}

/// A number with so many digits after the point; empty for none.
fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(String::new, |value| format!("{value:.digits$}"))
}

fn match_cells(own: Option<&Match>) -> String {
    own.map_or_else(
        || "\t\t".to_owned(),
        |own| format!("{:.3}\t{}\t{}", own.lod, own.counts.mismatches, own.counts.compared),
    )
}

/// Name of the parent that a finding stands for: none unless named; both of a tie.
pub fn named<'a>(study: &'a Study, finding: &Finding) -> Vec<&'a str> {
    let name = |own: Option<Match>| own.map(|own| study.candidates[own.candidate as usize].name.as_str());
    match finding.status {
        status if status.is_named() => name(finding.best).into_iter().collect(),
        Status::Tie => [name(finding.best), name(finding.second)].into_iter().flatten().collect(),
        _ => Vec::new(),
    }
}

/// Writes one line an offspring, with a header. Likelihood ratios are natural logarithms.
///
/// # Errors
/// Returns an error if the output fails.
pub fn write_parents(study: &Study, found: &Assignments, out: &mut impl Write) -> io::Result<()> {
    let names = role_names(study);
    let has_given = study.offspring.iter().any(|own| own.given.iter().any(Option::is_some));
    write!(out, "sample\tmarkers")?;
    for name in names {
        write!(out, "\t{name}\t{name}_status\t{name}_confidence")?;
    }
    write!(out, "\tpair_lod\tpair_mismatches\tpair_compared")?;
    for name in names {
        write!(out, "\t{name}_best\t{name}_lod\t{name}_mismatches\t{name}_compared")?;
        write!(out, "\t{name}_delta\t{name}_second\t{name}_candidates")?;
    }
    if has_given {
        for name in names {
            write!(out, "\tgiven_{name}\tgiven_{name}_verdict\tgiven_{name}_lod")?;
            write!(out, "\tgiven_{name}_mismatches\tgiven_{name}_compared")?;
        }
        write!(out, "\tgiven_pair_verdict\tgiven_pair_mismatches\tgiven_pair_compared")?;
    }
    writeln!(out)?;
    for (index, own) in found.found.iter().enumerate() {
        write_offspring(study, index, own, out)?;
        if has_given {
            write_given(study, index, own, out)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_offspring(study: &Study, index: usize, own: &Found, out: &mut impl Write) -> io::Result<()> {
    let name =
        |own: Option<Match>| own.map_or("", |own| study.candidates[own.candidate as usize].name.as_str());
    write!(out, "{}\t{}", study.offspring[index].name, own.called)?;
    for finding in &own.roles {
        let parent = named(study, finding).join("|");
        write!(out, "\t{parent}\t{}\t{}", finding.status.name(), cell(finding.confidence, 4))?;
    }
    match &own.pair {
        Some((counts, lod)) => write!(out, "\t{lod:.3}\t{}\t{}", counts.mismatches, counts.compared)?,
        None => write!(out, "\t\t\t")?,
    }
    for finding in &own.roles {
        write!(out, "\t{}\t{}", name(finding.best), match_cells(finding.best.as_ref()))?;
        write!(out, "\t{}\t{}\t{}", cell(finding.delta, 3), name(finding.second), finding.eligible)?;
    }
    Ok(())
}

fn write_given(study: &Study, index: usize, own: &Found, out: &mut impl Write) -> io::Result<()> {
    for (finding, given) in own.roles.iter().zip(&study.offspring[index].given) {
        let name = match given {
            None => "",
            Some(Given::WithoutGenotypes(name)) => name,
            Some(Given::Candidate(candidate)) => &study.candidates[*candidate as usize].name,
        };
        let (verdict, found) = finding.given.as_ref().map_or(("", None), |(v, own)| (v.name(), own.as_ref()));
        write!(out, "\t{name}\t{verdict}\t{}", match_cells(found))?;
    }
    match &own.given_pair {
        Some((verdict, counts)) => {
            write!(out, "\t{}\t{}\t{}", verdict.name(), counts.mismatches, counts.compared)
        }
        None => write!(out, "\t\t\t"),
    }
}
