//! What a panel shall do.

use std::collections::HashMap;

use landrace_genotypes::GenotypeError;

use super::calls::Certain;
use super::candidate::Candidate;
use super::power::Typing;
use super::search::Effort;
use super::task::{Rules, UNIT};

/// At how many markers two accessions shall differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Depth {
    /// So many.
    Differences(u32),
    /// As many as keep a sample typed anew from being confused with the other accession, but for this probability.
    Confusion(f64),
}

/// How the panel is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Greedy choice, needless markers taken out, local search, and all panels of small sets.
    #[default]
    Search,
    /// The plain greedy choice, for comparison.
    Greedy,
}

/// Least distance of two markers of a contig.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Spacing {
    /// Any.
    #[default]
    None,
    /// In bases.
    Bases(u64),
    /// In centimorgan, by the map that the genotypes carry.
    Centimorgan(f64),
}

impl Spacing {
    /// Whether a marker lacks the place that the spacing needs.
    pub(super) fn lacks(self, position: Option<u64>, centimorgan: Option<f64>) -> bool {
        match self {
            Self::None => false,
            Self::Bases(_) => position.is_none(),
            Self::Centimorgan(_) => centimorgan.is_none(),
        }
    }
}

/// Fewest and most markers a contig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Fewest.
    pub least: usize,
    /// Most.
    pub most: usize,
}

impl Default for Quota {
    fn default() -> Self {
        Self { least: 0, most: usize::MAX }
    }
}

/// Which variants may be markers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Eligibility {
    /// Least share of accessions with a call.
    pub call_rate: f64,
    /// Least minor allele frequency.
    pub maf: f64,
}

/// Names of markers, and the file that they stand in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameList {
    /// For messages.
    pub path: String,
    /// IDs or `CONTIG:POSITION`.
    pub names: Vec<String>,
}

/// Assay scores by marker, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// For messages.
    pub path: String,
    /// IDs or `CONTIG:POSITION`, and scores.
    pub of: Vec<(String, f64)>,
    /// How many markers of score 1 one of score 0 costs, less one.
    pub weight: f64,
}

/// What a panel shall do, and which markers it may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Differences of each pair; 1 if not given.
    pub depth: Option<Depth>,
    /// Number of markers; the fewest for the depth if not given. With it, every pair shall have as many differences as
    /// can be.
    pub size: Option<usize>,
    /// Probability that a call is wrong.
    pub error: f64,
    /// Probability that a call of a sample typed anew is missing; as in the data if not given.
    pub missing: Option<f64>,
    /// Which calls differ for certain.
    pub certain: Certain,
    /// Which variants may be markers.
    pub eligibility: Eligibility,
    /// Markers that must be chosen.
    pub force: NameList,
    /// Markers that must not be.
    pub forbid: NameList,
    /// Least distance of markers.
    pub spacing: Spacing,
    /// Fewest and most markers of every contig.
    pub quota: Quota,
    /// Fewest and most markers of single contigs.
    pub quotas: HashMap<String, Quota>,
    /// Assay scores.
    pub scores: Option<Scores>,
    /// How the panel is found.
    pub method: Method,
    /// How long to search.
    pub effort: Effort,
}

impl Request {
    /// What may happen to a call: errors as stated, missing calls as in the candidates.
    pub(super) fn typing(&self, candidates: &[Candidate]) -> Typing {
        let mean = candidates.iter().map(|candidate| 1.0 - candidate.call_rate).sum::<f64>()
            / candidates.len().max(1) as f64;
        Typing { error: self.error, missing: self.missing.unwrap_or(mean) }
    }

    pub(super) fn depth(&self, typing: Typing) -> Result<u32, GenotypeError> {
        match self.depth {
            None => Ok(1),
            Some(Depth::Differences(0)) => {
                Err(GenotypeError::Request("0 differences tell nothing apart; ask for 1 or more".to_owned()))
            }
            Some(Depth::Differences(depth)) => Ok(depth),
            Some(Depth::Confusion(alpha)) => typing.differences_for(alpha).ok_or_else(|| {
                GenotypeError::Request(format!(
                    "no number of differences up to 200 keeps the chance of confusion at {alpha}, with {} of the calls \
                     wrong and {:.3} missing; state a lower error or a higher chance",
                    typing.error, typing.missing
                ))
            }),
        }
    }

    /// What a marker of an assay score costs, in thousandths.
    pub(super) fn cost(&self, score: f64) -> u32 {
        let weight = self.scores.as_ref().map_or(0.0, |scores| scores.weight);
        // Scores are 0 to 1 and weights at most 1000.
        UNIT + (f64::from(UNIT) * weight * (1.0 - score)).round() as u32
    }

    /// The rules, checked against the forced markers and what there is.
    pub(super) fn rules(&self, candidates: &[Candidate], forced: &[usize]) -> Result<Rules, GenotypeError> {
        let fail = |message: String| Err(GenotypeError::Request(message));
        let mut contigs: Vec<&str> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let contig = candidates
            .iter()
            .map(|candidate| {
                *places.entry(&candidate.contig).or_insert_with(|| {
                    contigs.push(&candidate.contig);
                    contigs.len() - 1
                })
            })
            .collect();
        let mut named: Vec<&String> = self.quotas.keys().collect();
        named.sort();
        if let Some(unknown) = named.into_iter().find(|name| !places.contains_key(name.as_str())) {
            let hint = landrace_genome::nearest::hint(unknown, contigs.iter().copied());
            return fail(format!(
                "the quotas name contig '{unknown}', which has no marker that may be chosen{hint}"
            ));
        }
        let quota = |name: &&str| self.quotas.get(*name).copied().unwrap_or(self.quota);
        let quota: Vec<(usize, usize)> =
            contigs.iter().map(quota).map(|quota| (quota.least, quota.most)).collect();
        let place = |candidate: &Candidate| match self.spacing {
            Spacing::None => None,
            Spacing::Bases(_) => candidate.position.map(|position| position as f64),
            Spacing::Centimorgan(_) => candidate.centimorgan,
        };
        let spacing = match self.spacing {
            Spacing::None => 0.0,
            Spacing::Bases(bases) => bases as f64,
            Spacing::Centimorgan(length) => length,
        };
        let rules = Rules { contig, place: candidates.iter().map(place).collect(), spacing, quota };
        let count = |contig: usize, among: &mut dyn Iterator<Item = usize>| {
            among.filter(|&m| rules.contig[m] == contig).count()
        };
        for (contig, &(least, most)) in rules.quota.iter().enumerate() {
            let name = contigs[contig];
            let (have, asked) =
                (count(contig, &mut (0..candidates.len())), count(contig, &mut forced.iter().copied()));
            if least > most {
                return fail(format!(
                    "contig {name} shall have at least {least} and at most {most} markers; raise the second"
                ));
            }
            if least > have {
                return fail(format!(
                    "contig {name} shall have at least {least} markers, but {have} may be chosen; lower the quota"
                ));
            }
            if asked > most {
                return fail(format!(
                    "contig {name} shall have at most {most} markers, but {asked} of the forced ones lie on it; raise the quota or force fewer"
                ));
            }
        }
        for (index, &a) in forced.iter().enumerate() {
            if let Some(&b) = forced[..index].iter().find(|&&b| rules.conflict(a, b)) {
                let (a, b) = (&candidates[b].name, &candidates[a].name);
                return fail(format!(
                    "the forced markers {a} and {b} are closer than the spacing; lower the spacing or force one"
                ));
            }
        }
        Ok(rules)
    }
}
