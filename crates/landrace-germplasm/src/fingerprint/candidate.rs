//! The variants that may become markers of the panel.

use std::collections::HashMap;

use landrace_genome::nearest::hint;
use landrace_genotypes::block::Filters;
use landrace_genotypes::{GenotypeError, GenotypeMatrix};

use super::calls::{Profiles, read_calls};
use super::request::Request;

/// Names that are looked through for a near one.
const LOOKED_THROUGH: usize = 20_000;

/// A variant that may be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its index in the matrix.
    pub variant: usize,
    /// Its name: the id, or `contig:position` where it has none.
    pub name: String,
    /// Its contig.
    pub contig: String,
    /// Its place, 1-based.
    pub position: Option<u64>,
    /// Its place on the genetic map, in centimorgan.
    pub centimorgan: Option<f64>,
    /// Its alleles, the reference first.
    pub alleles: Vec<String>,
    /// Minor allele frequency.
    pub maf: f64,
    /// Share of accessions with a call.
    pub call_rate: f64,
    /// Assay score, 0 to 1.
    pub score: f64,
    /// Whether it must be in the panel.
    pub is_forced: bool,
}

/// How many variants there were, and why some may not be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Variants read.
    pub variants: u64,
    /// Those that may be chosen.
    pub usable: u64,
    /// Those that had failed a filter.
    pub failed_filter: u64,
    /// Those without two genotypes that differ for certain.
    pub one_class: u64,
    /// Those below the least call rate.
    pub low_call_rate: u64,
    /// Those below the least minor allele frequency.
    pub low_maf: u64,
    /// Those without a place, where a spacing is asked for.
    pub without_place: u64,
    /// Those that must not be chosen.
    pub forbidden: u64,
    /// Calls of rare genotypes that count as missing, for a marker has more genotypes than there is room for.
    pub beyond: u64,
}

/// The variants of a name.
struct Names<'a> {
    matrix: &'a GenotypeMatrix,
    by_name: HashMap<String, Vec<usize>>,
}

impl<'a> Names<'a> {
    fn of(matrix: &'a GenotypeMatrix) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for variant in 0..matrix.variants() {
            let site = matrix.site(variant);
            let label = site.label(matrix.contig(variant));
            if !site.id.is_empty() && *site.id != *label {
                by_name.entry(site.id.to_string()).or_default().push(variant);
            }
            by_name.entry(label).or_default().push(variant);
        }
        Self { matrix, by_name }
    }

    /// The variant of a name; `list` says where the name stands.
    fn find(&self, name: &str, list: &str) -> Result<usize, GenotypeError> {
        match self.by_name.get(name).map(Vec::as_slice) {
            Some([variant]) => Ok(*variant),
            Some(several) => {
                let places: Vec<String> =
                    several.iter().take(4).map(|&variant| self.place(variant)).collect();
                Err(GenotypeError::Request(format!(
                    "{list}: '{name}' is the name of {} markers ({}); give them names of their own, or write \
                     CONTIG:POSITION if the places differ",
                    several.len(),
                    places.join(", ")
                )))
            }
            None => {
                let names = (0..self.matrix.variants().min(LOOKED_THROUGH))
                    .map(|variant| &*self.matrix.site(variant).id);
                let hint = hint(name, names.filter(|id| !id.is_empty()));
                Err(GenotypeError::Request(format!(
                    "{list}: '{name}' is no marker of these genotypes; write its ID or CONTIG:POSITION{hint}"
                )))
            }
        }
    }

    fn place(&self, variant: usize) -> String {
        self.matrix.site(variant).label(self.matrix.contig(variant))
    }
}

/// What the lists say of variants, by index.
#[derive(Default)]
struct Lists {
    forced: Vec<usize>,
    forbidden: Vec<usize>,
    scores: HashMap<usize, f64>,
}

impl Lists {
    fn read(matrix: &GenotypeMatrix, request: &Request) -> Result<Self, GenotypeError> {
        let mut lists = Self::default();
        if request.force.names.is_empty() && request.forbid.names.is_empty() && request.scores.is_none() {
            return Ok(lists);
        }
        let names = Names::of(matrix);
        let find = |list: &super::request::NameList| -> Result<Vec<usize>, GenotypeError> {
            list.names.iter().map(|name| names.find(name, &list.path)).collect()
        };
        lists.forced = find(&request.force)?;
        lists.forbidden = find(&request.forbid)?;
        if let Some(both) = lists.forced.iter().find(|variant| lists.forbidden.contains(variant)) {
            return Err(GenotypeError::Request(format!(
                "marker {} is in both {} and {}; take it out of one",
                names.place(*both),
                request.force.path,
                request.forbid.path
            )));
        }
        for (name, score) in request.scores.iter().flat_map(|scores| &scores.of) {
            // A table of scores may hold more markers than these genotypes.
            if let Some([variant]) = names.by_name.get(name).map(Vec::as_slice) {
                lists.scores.insert(*variant, *score);
            }
        }
        match &request.scores {
            Some(scores) if lists.scores.is_empty() => Err(GenotypeError::Request(format!(
                "{}: none of its markers is in these genotypes; write their IDs or CONTIG:POSITION",
                scores.path
            ))),
            _ => Ok(lists),
        }
    }
}

/// Finds the candidates and their classes.
pub(super) fn read(
    matrix: &GenotypeMatrix,
    request: &Request,
) -> Result<(Vec<Candidate>, Profiles, Sifted), GenotypeError> {
    let lists = Lists::read(matrix, request)?;
    let mut sifted = Sifted { variants: matrix.variants() as u64, ..Sifted::default() };
    let mut candidates: Vec<Candidate> = (0..matrix.variants())
        .filter_map(|variant| candidate(matrix, variant, (request, &lists), &mut sifted))
        .collect();
    let variants: Vec<usize> = candidates.iter().map(|candidate| candidate.variant).collect();
    let mut calls = read_calls(matrix, &variants, request.certain);
    let keep: Vec<bool> = candidates
        .iter()
        .zip(&calls)
        .map(|(candidate, calls)| candidate.is_forced || calls.classes.len() > 1)
        .collect();
    sifted.one_class = keep.iter().filter(|keep| !**keep).count() as u64;
    let mut flags = keep.iter();
    candidates.retain(|_| flags.next().copied().unwrap_or(false));
    let mut flags = keep.iter();
    calls.retain(|_| flags.next().copied().unwrap_or(false));
    sifted.usable = candidates.len() as u64;
    sifted.beyond = calls.iter().map(|calls| calls.beyond as u64).sum();
    let rows: Vec<&[u8]> = calls.iter().map(|calls| calls.codes.as_slice()).collect();
    let profiles = Profiles::new(matrix.samples().len(), &rows);
    Ok((candidates, profiles, sifted))
}

/// A variant as a candidate; the first reason against it is counted. Forced ones pass whatever their calls.
fn candidate(
    matrix: &GenotypeMatrix,
    variant: usize,
    (request, lists): (&Request, &Lists),
    sifted: &mut Sifted,
) -> Option<Candidate> {
    let site = matrix.site(variant);
    let counts = matrix.counts(variant);
    let (call_rate, maf) = (counts.call_rate(), counts.minor_frequency().unwrap_or(0.0));
    let is_forced = lists.forced.contains(&variant);
    let centimorgan: Option<f64> = site.genetic_position.as_ref().and_then(|text| text.parse().ok());
    let contig = matrix.contig(variant);
    let position = site.position.map(landrace_genome::Position::get);
    let score = lists.scores.get(&variant).copied();
    let least = &request.eligibility;
    let reason = if lists.forbidden.contains(&variant) {
        Some(&mut sifted.forbidden)
    } else if is_forced {
        None
    } else if matches!(site.filters, Filters::Failed(_)) {
        Some(&mut sifted.failed_filter)
    } else if call_rate < least.call_rate {
        Some(&mut sifted.low_call_rate)
    } else if maf < least.maf {
        Some(&mut sifted.low_maf)
    } else if request.spacing.lacks(position, centimorgan) {
        Some(&mut sifted.without_place)
    } else {
        None
    };
    if let Some(reason) = reason {
        *reason += 1;
        return None;
    }
    let name = if site.id.is_empty() { site.label(contig) } else { site.id.to_string() };
    let alleles =
        std::iter::once(&site.reference).chain(&site.alternates).map(|allele| allele.to_string()).collect();
    let score = score.unwrap_or(if request.scores.is_some() { 0.0 } else { 1.0 });
    let contig = contig.to_owned();
    Some(Candidate {
        variant,
        name,
        contig,
        position,
        centimorgan,
        alleles,
        maf,
        call_rate,
        score,
        is_forced,
    })
}
