//! One round's scan: the best markers, and their columns.

use std::collections::{BTreeMap, HashMap};

use landrace_genotypes::{GenotypeBlock, GenotypeError, for_each_block};

use super::super::Method;
use super::super::coding::{CodeScratch, Coder, Marker, MarkerAccount};
use super::joint::{JointModel, Pseudo};
use super::{Key, Open, farmcpu, gate, key};

/// Candidates that are looked at in a round, the best ones.
const MOST: usize = 1000;

/// p-value up to which markers are looked at at all.
const SCREEN: f64 = 0.01;

/// A marker and its ln p.
pub(super) type Scored = (Marker, f64);

/// What a round found for a trait.
pub(super) struct Proposal {
    /// Markers tested.
    pub(super) tests: usize,
    /// Candidates and their ln p, pseudo-QTN of the model included, the best first.
    pub(super) candidates: Vec<(Pseudo, f64)>,
}

/// The best markers of a scan that has not ended.
enum Best {
    /// Of all.
    All(Vec<Scored>),
    /// Of each bin of each contig.
    Bins(BTreeMap<(String, u64), Scored>),
}

impl Best {
    fn new(method: Method) -> Self {
        match method {
            Method::FarmCpu => Self::Bins(BTreeMap::new()),
            _ => Self::All(Vec::new()),
        }
    }

    fn take(&mut self, found: Vec<Scored>) {
        match self {
            Self::All(all) => {
                all.extend(found);
                if all.len() >= 4 * MOST {
                    trim(all);
                }
            }
            Self::Bins(bins) => {
                for (marker, ln_p) in found {
                    let bin = (marker.contig.to_string(), farmcpu::bin(&marker, farmcpu::FINEST));
                    match bins.get_mut(&bin) {
                        Some(held) if held.1 <= ln_p => {}
                        Some(held) => *held = (marker, ln_p),
                        None => {
                            bins.insert(bin, (marker, ln_p));
                        }
                    }
                }
            }
        }
    }

    fn finish(self, gate: f64, tests: usize, samples: usize) -> Vec<Scored> {
        match self {
            Self::All(mut all) => {
                trim(&mut all);
                let limit = (gate / tests.max(1) as f64).ln();
                all.retain(|own| own.1 <= limit);
                all
            }
            Self::Bins(bins) => farmcpu::leaders(bins.into_values().collect(), samples),
        }
    }
}

/// Stable: equal ones stay in the order of the file.
fn trim(all: &mut Vec<Scored>) {
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    all.truncate(MOST);
}

/// Tests all markers beside the models of some traits, and gives each one's candidates.
///
/// # Errors
/// Returns an error if the genotypes cannot be read.
pub(super) fn of_round(
    (open, coder): (Open<'_>, &Coder<'_>),
    models: &[&JointModel],
    method: Method,
) -> Result<Vec<Proposal>, GenotypeError> {
    let mut all: Vec<(usize, Best)> = models.iter().map(|_| (0, Best::new(method))).collect();
    for_each_block(
        open()?.as_mut(),
        |block| Ok(tested(&block, coder, models)),
        |found| {
            for ((tests, best), (own, found)) in all.iter_mut().zip(found) {
                *tests += own;
                best.take(found);
            }
            Ok(())
        },
    )?;
    let samples = coder.samples.len();
    let scored: Vec<(usize, Vec<Scored>)> =
        all.into_iter().map(|(tests, best)| (tests, best.finish(gate(method), tests, samples))).collect();
    let mut columns = HashMap::new();
    for ((_, found), model) in scored.iter().zip(models) {
        let held: Vec<Key> = model.pseudo().iter().map(|own| key(&own.marker)).collect();
        let lacking = found.iter().map(|own| key(&own.0)).filter(|own| !held.contains(own));
        columns.extend(lacking.map(|key| (key, None)));
    }
    if !columns.is_empty() {
        fetch((open, coder), &mut columns)?;
    }
    let each = scored.into_iter().zip(models);
    Ok(each.map(|((tests, found), model)| proposal(tests, found, model, &columns)).collect())
}

/// The number of markers of a block tested beside each model, and those that may be candidates.
fn tested(block: &GenotypeBlock, coder: &Coder<'_>, models: &[&JointModel]) -> Vec<(usize, Vec<Scored>)> {
    let (mut scratch, mut account) = (CodeScratch::default(), MarkerAccount::default());
    let mut out: Vec<(usize, Vec<Scored>)> = models.iter().map(|_| (0, Vec::new())).collect();
    let mut row = 0;
    while row < block.rows() {
        let (coded, next) = coder.code(block, row, &mut account, &mut scratch);
        for (model, (tests, found)) in models.iter().zip(&mut out) {
            for (marker, own) in coded.markers.iter().zip(model.test(&coded, &mut account)) {
                let Some(own) = own else { continue };
                *tests += 1;
                if own.ln_p <= SCREEN.ln() {
                    found.push((marker.clone(), own.ln_p));
                }
            }
        }
        row = next;
    }
    out
}

/// Reads the columns of some markers; of several by one name the first.
fn fetch(
    (open, coder): (Open<'_>, &Coder<'_>),
    columns: &mut HashMap<Key, Option<Pseudo>>,
) -> Result<(), GenotypeError> {
    let mut contigs: HashMap<String, Vec<Option<u64>>> = HashMap::new();
    for (contig, position, ..) in columns.keys() {
        contigs.entry(contig.clone()).or_default().push(*position);
    }
    contigs.values_mut().for_each(|own| own.sort_unstable());
    for_each_block(
        open()?.as_mut(),
        |block| {
            let mut out = Vec::new();
            let Some(wanted) = contigs.get(&*block.contig) else { return Ok(out) };
            let mut scratch = CodeScratch::default();
            for row in 0..block.rows() {
                let position = block.sites[row].position.map(|position| position.get());
                if wanted.binary_search(&position).is_ok() {
                    let coded = coder.one(&block, row, &mut scratch);
                    out.extend(coded.markers.first().map(|marker| Pseudo::new(marker, &coded.columns)));
                }
            }
            Ok(out)
        },
        |found| {
            for own in found {
                if let Some(column @ None) = columns.get_mut(&key(&own.marker)) {
                    *column = Some(own);
                }
            }
            Ok(())
        },
    )
}

fn proposal(
    tests: usize,
    found: Vec<Scored>,
    model: &JointModel,
    columns: &HashMap<Key, Option<Pseudo>>,
) -> Proposal {
    let held = model.pseudo().iter().zip(model.own_tests());
    let mut candidates: Vec<(Pseudo, f64)> =
        held.map(|(own, test)| (own.clone(), test.association.ln_p)).collect();
    let names: Vec<Key> = candidates.iter().map(|own| key(&own.0.marker)).collect();
    for (marker, ln_p) in found {
        let key = key(&marker);
        if let (false, Some(Some(own))) = (names.contains(&key), columns.get(&key)) {
            candidates.push((own.clone(), ln_p));
        }
    }
    candidates.sort_by(|a, b| a.1.total_cmp(&b.1));
    Proposal { tests, candidates }
}
