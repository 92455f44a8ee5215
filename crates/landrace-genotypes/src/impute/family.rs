//! Families of two parents: what a plant has between two places where its parents' alleles are known follows from
//! the map.
//!
//! Each contig is a hidden Markov model whose states say which parental haplotypes a plant has (Lander and Green
//! 1987; Broman et al. 2003 for the crosses): for crosses of lines, how many copies come from the second parent, with
//! transition probabilities that are exact for any backcrossing and selfing ([`cross`]); for full sibs of
//! heterozygous parents, one of two haplotypes of each ([`model`]). The parents' haplotypes are learnt with it, from
//! their own calls and from the progeny: parents may have missing and wrong calls, and need no phase.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use landrace_genome::nearest::hint;
use rayon::prelude::*;

use super::haplotype::GeneticMap;
use super::mean::block_starts;
use super::{Asked, Estimates, Method, contig_runs};
use crate::block::Ragged;
use crate::matrix::GenotypeMatrix;
use crate::source::GenotypeError;

pub mod cross;
mod model;
mod sheet;

pub use cross::Cross;
use model::{Markers, Solved};
pub use sheet::parse_families;

/// Two parents and their progeny, by the samples' names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilySpec {
    /// The parents; of a selfed plant, the same twice.
    pub parents: [String; 2],
    /// The progeny; `None` for all other samples.
    pub progeny: Option<Vec<String>>,
    /// How they come from the parents; `None` to go by the calls.
    pub cross: Option<Cross>,
}

/// The method.
pub struct FamilyMethod {
    specs: Vec<FamilySpec>,
    /// The genetic map, where the genotypes bring none.
    map: GeneticMap,
    families: Vec<Family>,
    has_map: bool,
    outside: usize,
    account: Mutex<HashMap<usize, PlantAccount>>,
}

/// A family by indices of samples.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) parents: [usize; 2],
    pub(crate) progeny: Vec<usize>,
    pub(crate) cross: Cross,
    is_inferred: bool,
}

/// What the model says of a plant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PlantAccount {
    pub(crate) crossovers: u64,
    pub(crate) calls: u64,
    pub(crate) disagreeing: f64,
}

impl FamilyMethod {
    /// Families to work on, and a genetic map; one that is no more than a general rate gives way to the places
    /// that the genotypes bring.
    pub fn new(specs: Vec<FamilySpec>, map: GeneticMap) -> Self {
        Self {
            specs,
            map,
            families: Vec::new(),
            has_map: false,
            outside: 0,
            account: Mutex::new(HashMap::new()),
        }
    }

    fn resolve(&self, matrix: &GenotypeMatrix) -> Result<Vec<Family>, GenotypeError> {
        let places: HashMap<&str, usize> = matrix.samples().iter().map(String::as_str).zip(0..).collect();
        let find = |name: &String, what: &str| {
            places.get(name.as_str()).copied().ok_or_else(|| {
                let near = hint(name, matrix.samples().iter().take(20_000).map(String::as_str));
                let remedy = if near.is_empty() { "; check the spelling".to_owned() } else { near };
                GenotypeError::Request(format!("the {what} '{name}' is no sample of the input{remedy}"))
            })
        };
        let mut taken = HashMap::new();
        let mut out = Vec::new();
        for spec in &self.specs {
            let parents = [find(&spec.parents[0], "parent")?, find(&spec.parents[1], "parent")?];
            let progeny: Vec<usize> = match &spec.progeny {
                Some(names) => names.iter().map(|name| find(name, "plant")).collect::<Result<_, _>>()?,
                None => (0..matrix.samples().len()).filter(|sample| !parents.contains(sample)).collect(),
            };
            for &sample in &progeny {
                if let Some(_other) = taken.insert(sample, out.len()) {
                    let name = &matrix.samples()[sample];
                    return Err(GenotypeError::Request(format!(
                        "'{name}' is the progeny of two families; name it in one"
                    )));
                }
            }
            if progeny.is_empty() {
                let [a, b] = &spec.parents;
                return Err(GenotypeError::Request(format!(
                    "the parents '{a}' and '{b}' have no progeny in the input; impute needs some"
                )));
            }
            let is_inferred = spec.cross.is_none();
            let cross = match &spec.cross {
                Some(cross) => cross.clone(),
                None => cross::infer(matrix, parents, &progeny)?,
            };
            let cross = cross.towards(matrix, parents, &progeny);
            out.push(Family { parents, progeny, cross, is_inferred });
        }
        Ok(out)
    }

    /// The estimates of a family over a run, as (sample, row, probabilities).
    fn solve(&self, matrix: &GenotypeMatrix, run: Range<usize>, family: &Family, order: &Order) -> Solved {
        let markers = Markers::of(matrix, run, family, order);
        model::solve(&markers, family)
    }
}

/// A run's rows in the order of their place, and the recombination fraction before each.
pub(crate) struct Order {
    pub(crate) rows: Vec<usize>,
    pub(crate) fractions: Vec<f64>,
}

/// Haldane's map function: recombination fraction from centimorgans; of equal places, a little.
fn fraction(centimorgans: f64) -> f64 {
    (0.5 * (1.0 - (-centimorgans / 50.0).exp())).clamp(1e-6, 0.5)
}

/// Rows without a place follow each other at this distance.
const UNPLACED: f64 = 1.0;

fn order(matrix: &GenotypeMatrix, run: Range<usize>, has_map: bool, map: &GeneticMap) -> Order {
    let contig = &matrix.blocks()[run.start].contig;
    let sites = matrix.blocks()[run].iter().flat_map(|block| &block.sites);
    let place = |site: &crate::block::Site| -> Option<f64> {
        if has_map {
            let own = site.genetic_position.as_ref()?.parse::<f64>().ok()?;
            return own.is_finite().then_some(own);
        }
        site.position.map(|position| map.place(contig, position.get()))
    };
    let places: Vec<Option<f64>> = sites.map(place).collect();
    let mut rows: Vec<usize> = (0..places.len()).collect();
    let key = |row: usize| places[row].unwrap_or(f64::MAX);
    rows.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
    let fractions = (0..rows.len()).map(|index| match index.checked_sub(1) {
        None => 0.5,
        Some(before) => match (places[rows[before]], places[rows[index]]) {
            (Some(a), Some(b)) => fraction(b - a),
            _ => fraction(UNPLACED),
        },
    });
    let fractions = fractions.collect();
    Order { rows, fractions }
}

/// Whether any site has a place on a genetic map other than 0.
fn has_genetic_map(matrix: &GenotypeMatrix) -> bool {
    let mut sites = matrix.blocks().iter().flat_map(|block| &block.sites);
    sites.any(|site| {
        let own = site.genetic_position.as_ref().and_then(|text| text.parse::<f64>().ok());
        own.is_some_and(|own| own.is_finite() && own != 0.0)
    })
}

impl Method for FamilyMethod {
    fn name(&self) -> &'static str {
        "family"
    }

    fn prepare(&mut self, matrix: &GenotypeMatrix) -> Result<(), GenotypeError> {
        if let Some(block) = matrix.blocks().iter().find(|block| block.max_ploidy() > 2) {
            return Err(GenotypeError::Request(format!(
                "{}: families of ploidy {} are not imputed from their parents; use --method neighbours",
                block.contig,
                block.max_ploidy()
            )));
        }
        self.families = self.resolve(matrix)?;
        self.has_map = self.map.is_uniform() && has_genetic_map(matrix);
        let inside: std::collections::HashSet<usize> =
            self.families.iter().flat_map(|own| own.progeny.iter().chain(&own.parents)).copied().collect();
        self.outside = matrix.samples().len() - inside.len();
        self.account = Mutex::new(HashMap::new());
        Ok(())
    }

    fn runs(&self, matrix: &GenotypeMatrix) -> Vec<Range<usize>> {
        contig_runs(matrix)
    }

    fn fill(
        &self,
        matrix: &GenotypeMatrix,
        run: Range<usize>,
        _asked: Asked<'_>,
    ) -> Result<Vec<Estimates>, GenotypeError> {
        let order = order(matrix, run.clone(), self.has_map, &self.map);
        let solved: Vec<Solved> =
            self.families.par_iter().map(|family| self.solve(matrix, run.clone(), family, &order)).collect();
        if let Ok(mut account) = self.account.lock() {
            for (sample, own) in solved.iter().flat_map(|solved| &solved.plants) {
                let entry = account.entry(*sample).or_default();
                entry.crossovers += own.crossovers;
                entry.calls += own.calls;
                entry.disagreeing += own.disagreeing;
            }
        }
        let starts = block_starts(matrix);
        let mut first = 0;
        let mut out = Vec::new();
        for index in run {
            let block = &matrix.blocks()[index];
            let width = usize::from(block.max_ploidy()) + 1;
            let mut probabilities = Ragged::new(block.samples);
            for row in 0..block.rows() {
                let mut values = vec![f32::NAN; block.samples * width];
                for solved in &solved {
                    solved.put(first + row, width, &mut values);
                }
                probabilities.push_row(width, &values);
            }
            let variants = (starts[index]..starts[index] + block.rows()).map(Some).collect();
            first += block.rows();
            out.push(Estimates { block: block.clone(), variants, probabilities, alleles: None });
        }
        Ok(out)
    }

    fn findings(&self) -> Vec<(String, f64)> {
        let progeny: usize = self.families.iter().map(|family| family.progeny.len()).sum();
        let crossovers =
            self.account.lock().map_or(0, |own| own.values().map(|own| own.crossovers).sum::<u64>());
        vec![
            ("families".to_owned(), self.families.len() as f64),
            ("progeny".to_owned(), progeny as f64),
            ("crossovers".to_owned(), crossovers as f64),
        ]
    }

    fn notes(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (family, spec) in self.families.iter().zip(&self.specs) {
            let [a, b] = &spec.parents;
            let how = if family.is_inferred { "taken for" } else { "imputed as" };
            let n = family.progeny.len();
            let plants = if n == 1 { "plant" } else { "plants" };
            out.push(format!("{a} x {b}: {n} {plants}, {how} {}", family.cross.describe(a, b)));
        }
        if !self.has_map && self.map.is_uniform() {
            out.push(
                "no genetic map: distances are those of the bases, at the rate of --cm-per-mb".to_owned(),
            );
        }
        if self.outside > 0 {
            out.push(format!("{} samples are of no family: their missing calls stay missing", self.outside));
        }
        out
    }

    fn tables(&self, samples: &[String]) -> Vec<(&'static str, String)> {
        let mut out = "sample\tmother\tfather\tcross\tcrossovers\tcalls\tdisagreeing_calls\n".to_owned();
        let Ok(account) = self.account.lock() else { return Vec::new() };
        for (family, spec) in self.families.iter().zip(&self.specs) {
            let [a, b] = &spec.parents;
            for sample in &family.progeny {
                let own = account.get(sample).copied().unwrap_or_default();
                out += &format!(
                    "{}\t{a}\t{b}\t{}\t{}\t{}\t{:.2}\n",
                    samples[*sample],
                    family.cross.name(),
                    own.crossovers,
                    own.calls,
                    own.disagreeing
                );
            }
        }
        vec![("families", out)]
    }
}

#[cfg(test)]
mod tests;
