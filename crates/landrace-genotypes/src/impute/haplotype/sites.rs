//! Which variant of a panel each variant of the targets is.

use std::collections::HashMap;

use super::panel::ReferencePanel;
use crate::block::Site;
use crate::matrix::GenotypeMatrix;
use crate::source::GenotypeError;

/// The panel's row of each of the targets' variants.
#[derive(Clone, Debug, Default)]
pub(super) struct Matches {
    /// Row in the panel's contig, and whether the panel's reference allele is the target's alternate.
    pub(super) rows: Vec<Option<(usize, bool)>>,
    pub(super) counts: MatchCounts,
    /// The first of those that do not match.
    examples: Vec<String>,
}

/// How the targets' variants were matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MatchCounts {
    /// Found in the panel, in either order of alleles.
    pub(super) matched: u64,
    /// Of them, those with reference and alternate swapped.
    pub(super) swapped: u64,
    /// At a position of the panel, with other alleles.
    pub(super) other_alleles: u64,
    /// Of them, those whose complement would match.
    pub(super) other_strand: u64,
    /// At no position of the panel.
    pub(super) absent: u64,
}

/// Matches by contig, position and both alleles; monomorphic variants that name one allele by that one.
pub(super) fn match_sites(matrix: &GenotypeMatrix, panel: &ReferencePanel) -> Result<Matches, GenotypeError> {
    let mut out = Matches::default();
    let mut index: Option<(&str, HashMap<u64, Vec<usize>>)> = None;
    for block in matrix.blocks() {
        if index.as_ref().is_none_or(|(name, _)| *name != &*block.contig) {
            let mut rows: HashMap<u64, Vec<usize>> = HashMap::new();
            let sites = panel.contig(&block.contig).map_or(&[][..], |contig| contig.sites.as_slice());
            for (row, site) in sites.iter().enumerate() {
                if let Some(position) = site.position {
                    rows.entry(position.get()).or_default().push(row);
                }
            }
            index = Some((&block.contig, rows));
        }
        let sites = panel.contig(&block.contig).map_or(&[][..], |contig| contig.sites.as_slice());
        let rows = index.as_ref().map(|index| &index.1);
        for site in &block.sites {
            let at = site.position.and_then(|position| rows?.get(&position.get()));
            let found =
                at.and_then(|at| at.iter().find_map(|&row| Some((row, is_swapped(site, &sites[row])?))));
            out.rows.push(found);
            match (found, at) {
                (Some((_, is_swapped)), _) => {
                    out.counts.matched += 1;
                    out.counts.swapped += u64::from(is_swapped);
                }
                (None, Some(at)) => {
                    out.counts.other_alleles += 1;
                    let turned = complement(site);
                    let matches = at.iter().any(|&row| is_swapped_of(&turned, &sites[row]));
                    out.counts.other_strand += u64::from(matches);
                    if out.examples.len() < 5 {
                        out.examples.push(site.label(&block.contig));
                    }
                }
                (None, None) => out.counts.absent += 1,
            }
        }
    }
    if out.counts.matched == 0 {
        let first = matrix.blocks().first().map_or("", |block| &block.contig);
        let theirs = panel.contigs.first().map_or("", |contig| &contig.name);
        return Err(GenotypeError::Request(format!(
            "no variant has the contig, position and alleles of one in the reference panel; are both on the same \
             assembly, with the same contig names ('{first}' here, '{theirs}' in the panel)?"
        )));
    }
    Ok(out)
}

fn is_swapped_of(site: &Site, other: &Site) -> bool {
    is_swapped(site, other).is_some()
}

/// Whether the alleles are in the other order; `None` if they are others.
fn is_swapped(site: &Site, panel: &Site) -> Option<bool> {
    let [alternate] = panel.alternates.as_slice() else { return None };
    match site.alternates.as_slice() {
        [own] if site.reference == panel.reference && own == alternate => Some(false),
        [own] if site.reference == *alternate && *own == panel.reference => Some(true),
        // Whoever names no alternate saw the reference alone.
        [] if site.reference == panel.reference => Some(false),
        [] if site.reference == *alternate => Some(true),
        _ => None,
    }
}

/// The site as the other strand has it.
fn complement(site: &Site) -> Site {
    let turn = |allele: &str| {
        let base = |base: char| match base {
            'A' => 'T',
            'C' => 'G',
            'G' => 'C',
            'T' => 'A',
            other => other,
        };
        allele.chars().rev().map(base).collect::<String>().into_boxed_str()
    };
    Site {
        reference: turn(&site.reference),
        alternates: site.alternates.iter().map(|allele| turn(allele)).collect(),
        ..site.clone()
    }
}

impl Matches {
    /// What people should know of those that do not match.
    pub(super) fn notes(&self) -> Vec<String> {
        let counts = self.counts;
        let mut out = Vec::new();
        if counts.other_alleles > 0 {
            out.push(format!(
                "{} variants have other alleles than the panel at their position ({} of them would match on the other \
                 strand), as {}; they are kept and not used",
                counts.other_alleles,
                counts.other_strand,
                self.examples.join(", ")
            ));
        }
        if counts.absent > 0 {
            out.push(format!("{} variants are not in the panel; they are kept and not used", counts.absent));
        }
        out
    }
}
