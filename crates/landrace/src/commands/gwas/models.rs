//! The models that markers are tested in: relationship, covariates, groups of traits.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use landrace_breeding::gwas::{Frames, Group, GroupData, Kinships, Method, TraitData};
use landrace_breeding::mixed_model::{Bound, ModelError};
use landrace_breeding::phenotype::AnalysisSet;
use landrace_genome::nearest::hint;
use landrace_genome::summary::InputDigest;
use landrace_genotypes::pca;
use landrace_genotypes::relationship::{self, Options, SampleMatrix};
use landrace_genotypes::{SourceHeader, Wanted};

use super::binary::{self, TraitKind};
use super::{Args, joint, multi_locus, streamed};
use crate::cli::Session;

/// Relationship and fixed effects.
#[derive(clap::Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArgs {
    /// Relationship of the samples, of any form that `relationship` writes, or GEMMA's .cXX.txt; samples are found by
    /// name [default: computed from the markers]
    #[arg(long, value_name = "FILE")]
    relationship: Option<PathBuf>,
    /// How the relationship is computed
    #[arg(long, value_name = "METHOD", default_value = "vanraden1", conflicts_with = "relationship", value_parser = ["vanraden1", "vanraden2", "yang", "ibs"])]
    relationship_method: String,
    /// Test each contig's markers with the relationship by all other contigs
    #[arg(long, conflicts_with = "relationship")]
    loco: bool,
    /// Principal components as covariates
    #[arg(long, value_name = "K", default_value_t = 0)]
    pcs: usize,
}

impl ModelArgs {
    /// Whether a relationship was given.
    pub(super) fn has_given(&self) -> bool {
        self.relationship.is_some()
    }

    /// Whether another way to compute the relationship was asked for.
    pub(super) fn is_by_other_method(&self) -> bool {
        self.relationship_method != relationship::Method::VanRaden1.name()
    }

    /// Whether relationships without each contig were asked for.
    pub(super) fn is_loco(&self) -> bool {
        self.loco
    }
}

/// What was fitted.
pub(super) struct Models {
    /// Traits of the same samples.
    pub(super) groups: Vec<Group>,
    /// Names of the traits.
    pub(super) traits: Vec<String>,
    /// Traits or environments that are tested together, of each group.
    pub(super) together: Vec<Vec<String>>,
    /// Columns of X of each trait, the mean first.
    pub(super) covariates: Vec<Vec<String>>,
    pub(super) method: Method,
    /// What is fitted, for people.
    pub(super) fitted: &'static str,
    /// The relationship in words.
    pub(super) relationship: String,
    /// Pseudo-QTN of each trait, by multi-locus methods.
    pub(super) found: Vec<multi_locus::Found>,
    /// Files read beside genotypes and phenotypes.
    pub(super) digests: Vec<InputDigest>,
}

/// Reads or computes the relationship, and fits the models without markers.
pub(super) fn fit(
    args: &Args,
    header: &SourceHeader,
    sets: Vec<AnalysisSet>,
    session: &Session,
) -> anyhow::Result<Models> {
    let method = args.method();
    let mut digests = Vec::new();
    let (kinships, relationship) = related(args, (header, &sets), &mut digests, session)?;
    let components = components(args)?;
    let calls = args.streamed_calls()?;
    let mut models = Models {
        groups: Vec::new(),
        together: Vec::new(),
        traits: sets.iter().map(|set| set.name.to_string()).collect(),
        covariates: vec![Vec::new(); sets.len()],
        method,
        fitted: args.fitted(),
        relationship,
        found: Vec::new(),
        digests,
    };
    if let Some(test) = args.joint_test() {
        joint::fit(args, &mut models, (&sets, &components, &kinships), test)?;
        say(&models, session);
        return Ok(models);
    }
    for (members, design) in grouped(&sets, &components) {
        let first = &sets[members[0]];
        let traits: Vec<TraitData> = members
            .iter()
            .map(|&of| TraitData { name: models.traits[of].clone(), values: sets[of].values.clone() })
            .collect();
        let data = GroupData {
            samples: &first.samples,
            weights: first.weights.as_deref(),
            covariates: &design.1,
            traits: &traits,
        };
        if method.is_multi_locus() {
            multi_locus::fit((args, &kinships), &data, (&members, &design.0), &mut models)?;
            continue;
        }
        let refusal = |name: &str, error: &ModelError| anyhow::anyhow!("{}", refusal(name, error, &design.0));
        let frames = match (args.kind(), &calls) {
            (_, Some(calls)) => streamed::fit(calls, &data)
                .map_err(|(name, error)| anyhow::anyhow!("trait '{name}': {error}"))?,
            (TraitKind::Quantitative, None) => {
                Frames::fit(method, &kinships, &data).map_err(|(name, error)| refusal(&name, &error))?
            }
            (TraitKind::Binary, None) => Frames::fit_logistic(&kinships, &data)
                .map_err(|(name, error)| binary::refusal(&name, &error, &design.0, refusal))?,
        };
        members.iter().for_each(|&of| models.covariates[of] = design.0.clone());
        models.groups.push(Group { samples: first.samples.clone(), traits: members, frames });
    }
    say(&models, session);
    multi_locus::say(&models, session);
    Ok(models)
}

/// The relationship, read or computed, and in words.
fn related(
    args: &Args,
    (header, sets): (&SourceHeader, &[AnalysisSet]),
    digests: &mut Vec<InputDigest>,
    session: &Session,
) -> anyhow::Result<(Kinships, String)> {
    match (&args.model.relationship, args.method()) {
        (_, Method::Streamed) => Ok((Kinships::None, "vanraden1, not formed".to_owned())),
        (_, method) if !method.has_relationship() => Ok((Kinships::None, "none".to_owned())),
        (Some(path), _) => {
            let kinship = read(path, header, sets, session)?;
            digests.push(InputDigest::read(path)?);
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((Kinships::One(kinship), format!("as given ({name})")))
        }
        (None, _) => compute(args),
    }
}

/// The error for people: covariates by name.
pub(super) fn refusal(name: &str, error: &ModelError, covariates: &[String]) -> String {
    match error {
        ModelError::Collinear(column) => format!(
            "trait '{name}': covariate '{}' is a combination of those before it ({}); leave one out",
            covariates[*column],
            covariates[..*column].join(", ")
        ),
        ModelError::Constant => format!("trait '{name}' {error}"),
        _ => format!("trait '{name}': {error}"),
    }
}

/// Names and columns of X.
pub(super) type DesignColumns = (Vec<String>, Vec<Vec<f64>>);

/// Traits with the same samples, weights and covariates, in the order of their first.
fn grouped(sets: &[AnalysisSet], components: &[Vec<f64>]) -> Vec<(Vec<usize>, DesignColumns)> {
    let mut out: Vec<(Vec<usize>, DesignColumns)> = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        let like = |own: &&mut (Vec<usize>, DesignColumns)| {
            let first = &sets[own.0[0]];
            first.samples == set.samples && first.weights == set.weights && first.design == set.design
        };
        if let Some(group) = out.iter_mut().find(like) {
            group.0.push(index);
            continue;
        }
        out.push((vec![index], design_of(set, components)));
    }
    out
}

/// Mean, covariates and components of a set's samples.
pub(super) fn design_of(set: &AnalysisSet, components: &[Vec<f64>]) -> DesignColumns {
    let mut names = vec!["mean".to_owned()];
    let mut columns = vec![vec![1.0; set.samples.len()]];
    names.extend(set.design.names.iter().cloned());
    columns.extend(set.design.columns.iter().cloned());
    for (k, component) in components.iter().enumerate() {
        names.push(format!("PC{}", k + 1));
        columns.push(set.samples.iter().map(|&sample| component[sample]).collect());
    }
    (names, columns)
}

/// Principal components of all samples of the genotypes.
fn components(args: &Args) -> anyhow::Result<Vec<Vec<f64>>> {
    if args.model.pcs == 0 {
        return Ok(Vec::new());
    }
    let mut source = args.input.open(Wanted::default())?;
    let samples = source.header().samples.len();
    let open =
        || landrace_genotypes::format::open(&args.input.genotypes, args.input.options(Wanted::default()));
    let found = match pca::Method::for_samples(samples) {
        pca::Method::Exact => pca::principal_components(source.as_mut(), args.model.pcs)?,
        pca::Method::Randomised => pca::randomised_components(source.as_mut(), &open, args.model.pcs, 1)?,
    };
    if found.vectors.len() < args.model.pcs {
        anyhow::bail!(
            "--pcs {}: {samples} samples have no more than {} components; ask for fewer",
            args.model.pcs,
            found.vectors.len()
        );
    }
    Ok(found.vectors)
}

fn compute(args: &Args) -> anyhow::Result<(Kinships, String)> {
    let method = relationship::Method::from_name(&args.model.relationship_method)
        .unwrap_or(relationship::Method::VanRaden1);
    let options = Options::new(method);
    let mut source = args.input.open(Wanted::default())?;
    if args.model.loco {
        let all = relationship::without_each_contig(source.as_mut(), &options)?;
        let words = format!(
            "{} by {} variants, those of the tested contig left out ({} contigs)",
            method.name(),
            all.account.used,
            all.matrices.len()
        );
        return Ok((Kinships::Without(all.matrices), words));
    }
    let made = relationship::relate(source.as_mut(), &options)?;
    let words = format!("{} by {} variants", method.name(), made.account.used);
    Ok((Kinships::One(made.matrix), words))
}

/// Reads a relationship and puts it in the order of the genotypes' samples, by name. Samples that no trait uses may lack.
fn read(
    path: &std::path::Path,
    header: &SourceHeader,
    sets: &[AnalysisSet],
    session: &Session,
) -> anyhow::Result<SampleMatrix> {
    let (matrix, is_named) = relationship::file::read_beside(path, &header.samples)?;
    if !is_named {
        session.progress.note(&format!(
            "{}: has no names ({}.id is not there); its rows are taken in the order of the genotypes' samples",
            path.display(),
            path.display()
        ));
    }
    let places: HashMap<&str, usize> = matrix.samples.iter().map(String::as_str).zip(0..).collect();
    let is_used = |sample: usize| sets.iter().any(|set| set.samples.binary_search(&sample).is_ok());
    let mut lacking = Vec::new();
    let mut chosen = Vec::new();
    for (index, name) in header.samples.iter().enumerate() {
        match places.get(name.as_str()) {
            Some(&place) => chosen.push(Some(place)),
            None if is_used(index) => lacking.push(name.as_str()),
            None => chosen.push(None),
        }
    }
    if let Some(first) = lacking.first() {
        let here: HashSet<&str> = header.samples.iter().map(String::as_str).collect();
        anyhow::bail!(
            "{}: lacks {} of the samples with phenotypes, '{first}' the first of them{}; give a relationship of all of \
             them, by the names of the genotypes",
            path.display(),
            lacking.len(),
            hint(first, matrix.samples.iter().map(String::as_str).filter(|name| !here.contains(name)))
        );
    }
    // Samples without relationship stand for the first one, and are never looked at.
    let order: Vec<usize> = chosen.into_iter().map(|place| place.unwrap_or(0)).collect();
    let mut out = matrix.subset(&order);
    out.samples = header.samples.clone();
    Ok(out)
}

/// Says what was fitted.
fn say(models: &Models, session: &Session) {
    session.progress.note(&format!("{}; relationship: {}", models.fitted, models.relationship));
    for group in &models.groups {
        for (contig, frame) in group.frames.each() {
            let (negative, lowest) = frame.negative();
            joint::say(frame, contig, session);
            let whose = contig.map(|contig| format!(" without contig {contig}")).unwrap_or_default();
            if negative > 0 {
                session.progress.note(&format!(
                    "the relationship{whose} is no covariance: {negative} of {} eigenvalues are below 0, down to \
                     {lowest:.3e}; they count as 0",
                    frame.samples()
                ));
            }
            frame.notes().iter().for_each(|note| session.progress.note(note));
            for (name, model) in frame.models() {
                let Some(model) = model else {
                    if contig.is_none() {
                        session.progress.note(&format!("{name}: {} samples", frame.samples()));
                    }
                    continue;
                };
                let se = model.h2_se.map(|se| format!(" (se {se:.4})")).unwrap_or_default();
                let line = format!(
                    "{name}{whose}: {} samples; Vg {:.6}, Ve {:.6}, share explained by the relationship {:.4}{se}",
                    frame.samples(),
                    model.vg,
                    model.ve,
                    model.h2
                );
                match (contig, model.bound) {
                    (None, None) => session.progress.note(&line),
                    (Some(_), None) => session.progress.detail(&line),
                    (_, Some(Bound::Low)) => session.progress.note(&format!(
                        "{line}: λ is at its lower end, 1e-5: the relationship explains nothing, and markers are tested \
                         nearly as by a linear model"
                    )),
                    (_, Some(Bound::High)) => session.progress.note(&format!(
                        "{line}: λ is at its upper end, 1e5: no residual variance is left; are there replicated or equal \
                         samples, or more covariates than the trait bears?"
                    )),
                }
            }
        }
    }
}
