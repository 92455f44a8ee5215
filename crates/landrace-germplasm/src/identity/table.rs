//! What is said of each query, and the tables of it.

use std::io::{self, Write};

use super::mixture::Pair;
use super::model::RELATIONS;
use super::posterior::{Posterior, Varieties, log_sum, same};
use super::relatives::Relatives;
use super::score::QueryScore;
use super::search::{Identified, SearchOptions};

/// Chance, before looking, that a plant is of the variety that it is declared to be.
const TRUE_TO_TYPE: f64 = 0.95;

/// What a query is taken to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One variety.
    Identified,
    /// One of a few varieties that these markers do not tell apart.
    OneOf,
    /// A mixture or cross of two varieties.
    Mixture,
    /// None of the library.
    NoneOfThese,
    /// No answer is probable enough.
    Unresolved,
    /// No call at any shared marker.
    NoCalls,
}

impl Verdict {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identified => "identified",
            Self::OneOf => "one of a group",
            Self::Mixture => "mixture or cross",
            Self::NoneOfThese => "none of these",
            Self::Unresolved => "unresolved",
            Self::NoCalls => "no calls",
        }
    }

    /// All verdicts, in the order of tables.
    pub const ALL: [Self; 6] =
        [Self::Identified, Self::OneOf, Self::Mixture, Self::NoneOfThese, Self::Unresolved, Self::NoCalls];
}

/// A variety that a query was compared with in full.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The variety.
    pub variety: usize,
    /// Its library sample that fits best.
    pub sample: usize,
    /// Probability that the query is of it.
    pub posterior: f64,
    /// Logarithm of the likelihood of both profiles as one genotype over that as unrelated ones.
    pub ln: f64,
    /// Markers that both have.
    pub compared: u32,
    /// Those at which they are equal.
    pub matching: u32,
    /// Those at which they are homozygous for different alleles.
    pub opposite: u32,
    /// Those at which the query alone is heterozygous.
    pub excess: u32,
}

/// Whether a plant is what it is declared to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Name of the variety.
    pub name: String,
    /// Probability that the query is of it; `None` if the library does not have it.
    pub posterior: Option<f64>,
    /// Markers that differ from the declared variety, and those compared.
    pub mismatching: Option<(u32, u32)>,
}

/// What is said of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// Probability of what the verdict says; of the best variety if nothing is resolved.
    pub probability: f64,
    /// Varieties that the verdict names.
    pub named: Vec<usize>,
    /// Varieties by probability.
    pub matches: Vec<Match>,
    /// Probability of none of these.
    pub none: f64,
    /// Probability of a mixture or cross.
    pub mixed: f64,
    /// The likeliest relationship (index of [`RELATIONS`]) and library sample if it is none of these.
    pub nearest: Option<(usize, usize)>,
    /// The likeliest pair, if pairs were tried.
    pub pair: Option<Pair>,
    /// Shared markers that the query has a call of.
    pub called: u32,
    /// Those at which it is heterozygous.
    pub heterozygous: u32,
    /// What it is declared to be.
    pub declared: Option<Declared>,
}

type Known<'a> = (&'a Varieties, &'a Relatives, &'a SearchOptions);

impl Answer {
    pub(crate) fn of(
        (score, posterior, pair): (&QueryScore, &Posterior, Option<Pair>),
        declared: Option<&str>,
        (varieties, relatives, options): Known<'_>,
    ) -> Self {
        let matches = matches(score, posterior, varieties);
        let declared =
            declared.map(|name| of_declared(name, score, (varieties, relatives, options), posterior));
        let (verdict, named, probability) = verdict(score, posterior, &matches, options);
        Self {
            verdict,
            probability,
            named,
            none: posterior.none,
            mixed: posterior.mixed,
            nearest: posterior.nearest,
            pair,
            called: score.called,
            heterozygous: score.heterozygous,
            declared,
            matches,
        }
    }

    /// The best match.
    pub fn best(&self) -> Option<&Match> {
        self.matches.first()
    }
}

fn matches(score: &QueryScore, posterior: &Posterior, varieties: &Varieties) -> Vec<Match> {
    let of_variety = |&(variety, probability): &(usize, f64)| {
        let own = score.candidates.iter().filter(|own| varieties.of_samples[own.library] == variety);
        let best = own.max_by(|a, b| same(&a.ln).total_cmp(&same(&b.ln)).then(b.library.cmp(&a.library)))?;
        Some(Match {
            variety,
            sample: best.library,
            posterior: probability,
            ln: same(&best.ln),
            compared: best.compared,
            matching: best.matching,
            opposite: best.opposite,
            excess: best.excess,
        })
    };
    posterior.varieties.iter().filter_map(of_variety).collect()
}

fn verdict(
    score: &QueryScore,
    posterior: &Posterior,
    matches: &[Match],
    options: &SearchOptions,
) -> (Verdict, Vec<usize>, f64) {
    let best = matches.first().map_or(0.0, |own| own.posterior);
    if score.called == 0 || matches.iter().all(|own| own.compared == 0) {
        return (Verdict::NoCalls, Vec::new(), 0.0);
    }
    if posterior.none >= options.level {
        return (Verdict::NoneOfThese, Vec::new(), posterior.none);
    }
    if posterior.mixed >= options.level {
        return (Verdict::Mixture, Vec::new(), posterior.mixed);
    }
    let (mut named, mut sum) = (Vec::new(), 0.0);
    for own in matches.iter().take(options.most.max(1)) {
        named.push(own.variety);
        sum += own.posterior;
        if sum >= options.level {
            let verdict = if named.len() == 1 { Verdict::Identified } else { Verdict::OneOf };
            return (verdict, named, sum);
        }
    }
    (Verdict::Unresolved, Vec::new(), best)
}

/// Probability that a plant is of its declared variety: 0.95 before looking, the rest being shared by the other
/// varieties, none of these and mixtures as they are for other queries.
fn of_declared(
    name: &str,
    score: &QueryScore,
    (varieties, _, options): Known<'_>,
    posterior: &Posterior,
) -> Declared {
    let unknown = Declared { name: name.to_owned(), posterior: None, mismatching: None };
    let Some(variety) = varieties.names.iter().position(|own| own == name) else { return unknown };
    let own: Vec<_> =
        score.candidates.iter().filter(|own| varieties.of_samples[own.library] == variety).collect();
    let Some(best) = own.iter().min_by_key(|own| (own.mismatching(), own.library)) else { return unknown };
    // Odds of the variety against everything else, before looking: those of a query, and those of a declared one.
    let share = posterior.varieties.iter().find(|(known, _)| *known == variety).map_or(0.0, |own| own.1);
    let present = 1.0 - options.priors.absent - options.priors.mixed;
    let usual = present / varieties.names.len() as f64;
    let odds = |chance: f64| (chance / (1.0 - chance).max(1e-300)).ln();
    let shift = odds(TRUE_TO_TYPE) - odds(usual.clamp(1e-12, 1.0 - 1e-12));
    let ln = odds(share.clamp(1e-300, 1.0)) + shift;
    let probability = (ln - log_sum(&[0.0, ln])).exp();
    Declared {
        name: name.to_owned(),
        posterior: Some(probability),
        mismatching: Some((best.mismatching(), best.compared)),
    }
}

/// A number for tables: six digits that matter.
pub(crate) fn figure(value: f64) -> String {
    if value.is_finite() { format!("{value:.6}") } else { "NA".to_owned() }
}

impl Identified {
    /// Name of a variety.
    pub fn variety(&self, variety: usize) -> &str {
        &self.varieties.names[variety]
    }

    /// Name of a library sample's variety.
    pub fn variety_of(&self, sample: usize) -> &str {
        self.variety(self.varieties.of_samples[sample])
    }

    /// What an answer names, in words.
    pub fn words(&self, answer: &Answer) -> String {
        match answer.verdict {
            Verdict::Identified | Verdict::OneOf => {
                let names: Vec<&str> = answer.named.iter().map(|&variety| self.variety(variety)).collect();
                names.join("; ")
            }
            Verdict::Mixture => answer.pair.map_or_else(String::new, |pair| self.pair_words(&pair)),
            Verdict::NoneOfThese | Verdict::Unresolved | Verdict::NoCalls => String::new(),
        }
    }

    /// The two varieties of a pair.
    pub fn pair_words(&self, pair: &Pair) -> String {
        let [a, b] = pair.samples.map(|sample| self.variety_of(sample));
        format!("{a} + {b}")
    }

    /// The nearest relationship, in words; empty for unrelated.
    pub fn nearest_words(&self, answer: &Answer) -> String {
        answer.nearest.map_or_else(String::new, |(relation, sample)| {
            format!("{} of {}", RELATIONS[relation].name, self.variety_of(sample))
        })
    }

    /// Writes a line a query and variety, the likeliest `most` of each query, and a line for none of these.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_matches(&self, most: usize, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "query\trank\tvariety\tlibrary_sample\tposterior\tlog_likelihood_ratio\tcompared\tmatching\tmismatching\t\
             opposite_homozygotes\theterozygous_in_query_alone"
        )?;
        for (query, answer) in self.queries.iter().zip(&self.answers) {
            for (rank, own) in answer.matches.iter().take(most).enumerate() {
                let Match { variety, sample, posterior, ln, compared, matching, opposite, excess } = own;
                writeln!(
                    out,
                    "{query}\t{}\t{}\t{}\t{}\t{ln:.3}\t{compared}\t{matching}\t{}\t{opposite}\t{excess}",
                    rank + 1,
                    self.variety(*variety),
                    self.samples[*sample],
                    figure(*posterior),
                    compared - matching,
                )?;
            }
            writeln!(out, "{query}\t.\tnone of these\t.\t{}\t.\t.\t.\t.\t.\t.", figure(answer.none))?;
            if let Some(pair) = answer.pair {
                let words = self.pair_words(&pair);
                let Answer { mixed, .. } = answer;
                writeln!(out, "{query}\t.\t{words}\t.\t{}\t{:.3}\t.\t.\t.\t.\t.", figure(*mixed), pair.ln)?;
            }
        }
        Ok(())
    }
}
