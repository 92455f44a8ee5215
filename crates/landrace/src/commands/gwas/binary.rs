//! Traits of two values: which kind is asked for, their coding, errors in words.

use landrace_breeding::gwas::{LogisticError, Method, TwoValues};
use landrace_breeding::mixed_model::ModelError;
use landrace_breeding::phenotype::AnalysisSet;

use super::Args;
use crate::cli::Session;

/// Cases or controls below which a note says that little can be found.
const FEW: usize = 10;

/// What the values of a trait are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TraitKind {
    /// Measurements.
    Quantitative,
    /// One of two.
    Binary,
}

impl TraitKind {
    /// The names on the command line.
    pub(super) const NAMES: [&str; 2] = ["quantitative", "binary"];

    /// The kind of a name.
    pub(super) fn from_name(name: &str) -> Self {
        if name == Self::NAMES[1] { Self::Binary } else { Self::Quantitative }
    }

    /// What is fitted, for people.
    pub(super) fn fitted(self, method: Method) -> &'static str {
        match (self, method) {
            (Self::Quantitative, _) => method.description(),
            (Self::Binary, Method::Glm) => {
                "logistic model without relationship; score test (p_score), by saddle point beyond two standard \
                 deviations (p_spa)"
            }
            (Self::Binary, _) => {
                "logistic mixed model; score test (p_score), by saddle point beyond two standard deviations (p_spa)"
            }
        }
    }
}

impl Args {
    /// The kind of the traits.
    pub(super) fn kind(&self) -> TraitKind {
        TraitKind::from_name(&self.trait_kind)
    }

    /// The method asked for, or that of the kind of traits.
    pub(super) fn method(&self) -> Method {
        let own = self.method.as_deref().and_then(Method::from_name);
        own.unwrap_or(if self.kind() == TraitKind::Binary { Method::P3d } else { Method::Exact })
    }

    /// Refuses what two-valued traits have none of.
    pub(super) fn check_binary(&self) -> anyhow::Result<()> {
        if self.kind() == TraitKind::Quantitative {
            return Ok(());
        }
        if !matches!(self.method(), Method::P3d | Method::Glm) {
            anyhow::bail!(
                "--method {} is for quantitative traits; two-valued traits have p3d (the logistic mixed model's variance \
                 is that without markers) and glm",
                self.method().name()
            );
        }
        if self.action().has_classes() {
            anyhow::bail!(
                "--gene-action {}: a two-valued trait is tested with one column a marker; choose additive or a dominant \
                 action",
                self.gene_action
            );
        }
        self.threshold.refuse_permutation("--trait-kind binary")
    }
}

/// The sets of two-valued traits with values 0 and 1; says how each is coded. Of traits that were not asked for, those of
/// other values are passed over.
pub(super) fn two_valued(
    sets: Vec<AnalysisSet>,
    is_asked: bool,
    session: &Session,
) -> anyhow::Result<Vec<AnalysisSet>> {
    let mut out = Vec::new();
    let mut failed = None;
    for set in sets {
        match coded(set, session) {
            Ok(set) => out.push(set),
            Err(error) if is_asked => return Err(error),
            Err(error) => {
                session.progress.note(&format!("passed over: {error}"));
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if out.is_empty() => Err(error),
        _ => Ok(out),
    }
}

fn coded(set: AnalysisSet, session: &Session) -> anyhow::Result<AnalysisSet> {
    let name = set.name.to_string();
    let own = TwoValues::of(&set.values).map_err(|own| {
        let few: Vec<String> = own.few.iter().map(f64::to_string).collect();
        anyhow::anyhow!(
            "trait '{name}' has {} values ({}{}); --trait-kind binary takes traits of two, such as 0 and 1",
            own.distinct,
            few.join(", "),
            if own.distinct > few.len() { ", …" } else { "" }
        )
    })?;
    if set.weights.is_some() {
        anyhow::bail!(
            "trait '{name}' has weights, and a logistic model takes none; give the plain 0 and 1 of the samples, or use \
             --trait-kind quantitative"
        );
    }
    let [controls, cases] = own.counts;
    session.progress.note(&format!(
        "{name}: {} is taken as the case ({cases} samples), {} as the control ({controls})",
        own.case, own.control
    ));
    if cases.min(controls) < FEW {
        session
            .progress
            .note(&format!("{name}: with {} of a class little can be found", cases.min(controls)));
    }
    let values = own.coded(&set.values);
    Ok(AnalysisSet { values, ..set })
}

/// Says of two-valued traits that they are analysed as quantitative ones.
pub(super) fn hint(sets: &[AnalysisSet], session: &Session) {
    for set in sets {
        if let Ok(own) = TwoValues::of(&set.values) {
            session.progress.note(&format!(
                "{}: has two values, {} and {}, and is analysed as a quantitative trait; --trait-kind binary fits a \
                 logistic mixed model",
                set.name, own.control, own.case
            ));
        }
    }
}

/// The error for people: covariates by name.
pub(super) fn refusal(
    name: &str,
    error: &LogisticError,
    covariates: &[String],
    of_model: impl Fn(&str, &ModelError) -> anyhow::Error,
) -> anyhow::Error {
    match error {
        LogisticError::Model(ModelError::Constant) => anyhow::anyhow!(
            "trait '{name}': its two classes are a sum of the covariates ({}); leave out the one that tells them apart",
            covariates.join(", ")
        ),
        LogisticError::Model(error) => of_model(name, error),
        LogisticError::Separated(column) => anyhow::anyhow!(
            "trait '{name}': the covariates separate its two classes, '{}' most of all, so that no effect can be \
             estimated; leave it out",
            covariates[*column]
        ),
        LogisticError::NotConverged => anyhow::anyhow!("trait '{name}': {error}"),
    }
}
