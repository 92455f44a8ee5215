//! The variants that markers are chosen from.

use std::collections::HashMap;

use landrace_genome::nearest::hint;
use landrace_genome::{ContigDictionary, ContigId, Position};

use super::MarkerError;

/// A variant that could become a marker.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its contig.
    pub contig: ContigId,
    /// Its place, 1-based.
    pub position: Position,
    /// Its name; empty if it has none.
    pub id: String,
    /// The reference allele.
    pub reference: String,
    /// The other alleles, joined by commas.
    pub alternates: String,
    /// Minor allele frequency: 1 minus the frequency of the commonest allele.
    pub minor_frequency: f64,
    /// Expected heterozygosity 1 − Σ p², from 0 to 1.
    pub expected_heterozygosity: f64,
    /// Share of samples with a call.
    pub call_rate: f64,
}

impl Candidate {
    /// How well the marker would serve, from 0 to 1: call rate × informativeness. An expected heterozygosity of
    /// a half, the most that two alleles can have, counts as 1.
    pub fn quality(&self) -> f64 {
        self.call_rate * (2.0 * self.expected_heterozygosity).min(1.0)
    }
}

/// The candidates in genome order, with their contigs.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    contigs: ContigDictionary,
    all: Vec<Candidate>,
}

impl Candidates {
    /// Sorts candidates to genome order; those of one place keep the order given. A contig shorter than its last
    /// candidate (its length is unknown, or 0) is taken to end there.
    ///
    /// # Errors
    /// Returns an error if there is none.
    pub fn new(contigs: &ContigDictionary, mut all: Vec<Candidate>) -> Result<Self, MarkerError> {
        if all.is_empty() {
            return Err(MarkerError::NoCandidates);
        }
        all.sort_by_key(|candidate| (candidate.contig, candidate.position));
        let mut last: HashMap<ContigId, u64> = HashMap::new();
        for candidate in &all {
            last.insert(candidate.contig, candidate.position.get());
        }
        let mut known = ContigDictionary::default();
        for (id, contig) in contigs.iter() {
            let length = contig.length.max(last.get(&id).copied().unwrap_or(0));
            // The names come from a dictionary, so that none is there twice.
            let _ = known.push(contig.name.clone(), length);
        }
        Ok(Self { contigs: known, all })
    }

    /// The contigs, each at least as long as its last candidate needs.
    pub fn contigs(&self) -> &ContigDictionary {
        &self.contigs
    }

    /// The candidates, in genome order.
    pub fn all(&self) -> &[Candidate] {
        &self.all
    }

    /// The candidate's name in messages: its id, or `contig:position`.
    pub fn label(&self, index: usize) -> String {
        let candidate = &self.all[index];
        if candidate.id.is_empty() { self.place(index) } else { candidate.id.clone() }
    }

    /// `contig:position`.
    pub fn place(&self, index: usize) -> String {
        let candidate = &self.all[index];
        format!("{}:{}", self.contigs.get(candidate.contig).name, candidate.position)
    }

    /// Finds the candidates of a list of ids or `CONTIG:POSITION`; `list` names it in errors. A place with several
    /// variants means the first of them.
    ///
    /// # Errors
    /// Returns an error that names the first entry that is not a candidate.
    pub fn find(&self, names: &[String], list: &'static str) -> Result<Vec<usize>, MarkerError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut by_name: HashMap<String, usize> = HashMap::new();
        for index in 0..self.all.len() {
            by_name.entry(self.place(index)).or_insert(index);
        }
        for (index, candidate) in self.all.iter().enumerate().filter(|(_, c)| !c.id.is_empty()) {
            by_name.entry(candidate.id.clone()).or_insert(index);
        }
        let find = |name: &String| {
            by_name.get(name).copied().ok_or_else(|| MarkerError::Unknown {
                name: name.clone(),
                list,
                hint: hint(
                    name,
                    self.all.iter().take(10_000).map(|c| c.id.as_str()).filter(|id| !id.is_empty()),
                ),
            })
        };
        names.iter().map(find).collect()
    }
}
