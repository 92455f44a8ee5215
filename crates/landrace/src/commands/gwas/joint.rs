//! Several traits together, and traits in several environments: which samples, the models, what was fitted.

use landrace_breeding::gwas::{
    Frames, Group, GroupData, JointError, JointModel, JointTest, Kinships, MarkerTest, Method, Refit,
    TraitData,
};
use landrace_breeding::phenotype::AnalysisSet;
use landrace_genome::summary::{Chart, Table};
use serde_json::Value;

use super::Args;
use super::binary::TraitKind;
use super::models::{self, Models};
use crate::cli::Session;
use crate::genotypes::rounded;
use crate::phenotypes::{Phenotypes, Reading};

/// Tests of several traits at once.
#[derive(clap::Args)]
#[command(next_help_heading = "Several traits")]
pub(crate) struct JointArgs {
    /// Test all traits together in one model, as GEMMA's -n 1 2: effects on each with their covariances
    #[arg(long, conflicts_with = "gxe")]
    joint: bool,
    /// Traits of several environments (columns trait@environment, or a column 'environment'): test the mean effect and
    /// the interaction with environments
    #[arg(long)]
    gxe: bool,
}

impl Args {
    /// What is tested together.
    pub(super) fn joint_test(&self) -> Option<JointTest> {
        match (self.together.joint, self.together.gxe) {
            (true, _) => Some(JointTest::Traits),
            (_, true) => Some(JointTest::Environments),
            _ => None,
        }
    }

    /// How traits are read.
    pub(super) fn reading(&self) -> Reading {
        match (self.kind(), self.joint_test()) {
            (TraitKind::Binary, _) => Reading::TwoValued,
            (_, Some(JointTest::Environments)) => Reading::ByEnvironment,
            _ => Reading::EachTrait,
        }
    }

    /// What is fitted, for people.
    pub(super) fn fitted(&self) -> &'static str {
        match (self.joint_test(), self.refit()) {
            (None, _) => self.kind().fitted(self.method()),
            (Some(JointTest::Environments), Refit::None) => {
                "mixed model of environments together, covariances of the model without markers (P3D); F tests of the \
                 mean effect and of the interaction"
            }
            (Some(JointTest::Environments), _) => {
                "mixed model of environments together, covariances of the model without markers, where they are free (up to \
                 6 environments) estimated again for promising markers; F tests of the mean effect and of the interaction"
            }
            (_, Refit::None) => {
                "mixed model of all traits together, covariances of the model without markers (P3D); Wald test"
            }
            (_, Refit::Promising) => {
                "mixed model of all traits together, covariances of the model without markers, estimated again where p is \
                 below 0.005; Wald test"
            }
            (_, Refit::All) => {
                "mixed model of all traits together, covariances estimated for each marker; Wald test"
            }
        }
    }

    fn refit(&self) -> Refit {
        match self.method.as_deref().and_then(Method::from_name) {
            None => Refit::Promising,
            Some(Method::Exact) => Refit::All,
            Some(_) => Refit::None,
        }
    }

    /// Refuses what joint tests have none of.
    pub(super) fn check_joint(&self) -> anyhow::Result<()> {
        let Some(test) = self.joint_test() else { return Ok(()) };
        let flag = if test == JointTest::Traits { "--joint" } else { "--gxe" };
        if self.kind() == TraitKind::Binary {
            anyhow::bail!("{flag} is for quantitative traits; test two-valued traits one by one");
        }
        if !matches!(self.method(), Method::Exact | Method::P3d) {
            anyhow::bail!(
                "{flag} has the methods exact and p3d, not {}; without --method covariances are estimated again for \
                 promising markers",
                self.method().name()
            );
        }
        if self.action().has_classes() {
            anyhow::bail!(
                "--gene-action {}: {flag} tests one column a marker; choose additive or a dominant action",
                self.gene_action
            );
        }
        self.threshold.refuse_permutation(flag)
    }
}

/// Names of traits that are tested together.
fn groups(sets: &[AnalysisSet], test: JointTest) -> Vec<(String, Vec<usize>)> {
    if test == JointTest::Traits {
        let names: Vec<String> = sets.iter().map(|set| set.name.to_string()).collect();
        return vec![(names.join("+"), (0..sets.len()).collect())];
    }
    let mut out: Vec<(String, Vec<usize>)> = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        match out.iter_mut().find(|own| own.0 == set.name.name) {
            Some(own) => own.1.push(index),
            None => out.push((set.name.name.clone(), vec![index])),
        }
    }
    out
}

/// Leaves only values of samples that have all traits of their group, and says how many those are.
pub(super) fn keep_complete(
    phenotypes: &mut Phenotypes,
    test: JointTest,
    session: &Session,
) -> anyhow::Result<()> {
    let of = |name: &str| if test == JointTest::Traits { String::new() } else { name.to_owned() };
    let keys: Vec<String> = phenotypes.traits.iter().map(|own| of(&own.name.name)).collect();
    if keys.len() < 2 {
        anyhow::bail!("--joint tests several traits together; give --trait twice or more");
    }
    let rows: Vec<usize> = phenotypes.join.rows.iter().copied().flatten().collect();
    for (at, key) in keys.iter().enumerate() {
        if keys[..at].contains(key) {
            continue;
        }
        let members: Vec<usize> = (0..keys.len()).filter(|&k| &keys[k] == key).collect();
        let count =
            |row: usize| members.iter().filter(|&&k| phenotypes.traits[k].values[row].is_some()).count();
        let some = rows.iter().filter(|&&row| count(row) > 0).count();
        let complete = rows.iter().filter(|&&row| count(row) == members.len()).count();
        let what = if test == JointTest::Traits { "traits" } else { "environments" };
        let whose = if key.is_empty() { String::new() } else { format!("{key}: ") };
        session.progress.note(&format!(
            "{whose}{complete} of {some} samples have all {} {what} and are used",
            members.len()
        ));
        let lacking: Vec<usize> =
            (0..phenotypes.table.names().len()).filter(|&row| count(row) < members.len()).collect();
        let mut had_weights = false;
        for &k in &members {
            let own = &mut phenotypes.traits[k];
            lacking.iter().for_each(|&row| own.values[row] = None);
            had_weights |= own.weights.take().is_some();
        }
        if had_weights {
            session.progress.note(&format!("{whose}weights are left aside: values count alike"));
        }
    }
    Ok(())
}

/// Fits the joint models.
pub(super) fn fit(
    args: &Args,
    models: &mut Models,
    (sets, components, kinships): (&[AnalysisSet], &[Vec<f64>], &Kinships),
    test: JointTest,
) -> anyhow::Result<()> {
    models.traits.clear();
    models.covariates.clear();
    for (name, members) in groups(sets, test) {
        let first = &sets[members[0]];
        let design = models::design_of(first, components);
        let traits: Vec<TraitData> = members
            .iter()
            .map(|&of| TraitData { name: title(&sets[of], test), values: sets[of].values.clone() })
            .collect();
        let data =
            GroupData { samples: &first.samples, weights: None, covariates: &design.1, traits: &traits };
        let frames =
            Frames::fit_joint(kinships, &data, (test, args.refit(), &name)).map_err(|error| match error {
                JointError::Trait(name, error) => {
                    anyhow::anyhow!("{}", models::refusal(&name, &error, &design.0))
                }
                JointError::Covariances(error) => anyhow::anyhow!("{name}: {error}"),
            })?;
        let names: Vec<String> = match frames.each().first() {
            Some((_, frame)) => frame.models().iter().map(|own| own.0.to_owned()).collect(),
            None => Vec::new(),
        };
        models.together.push(traits.iter().map(|own| own.name.clone()).collect());
        let start = models.traits.len();
        models.covariates.extend(vec![design.0; names.len()]);
        models.traits.extend(names);
        models.groups.push(Group {
            samples: first.samples.clone(),
            traits: (start..models.traits.len()).collect(),
            frames,
        });
    }
    Ok(())
}

/// What a trait is called within its model.
fn title(set: &AnalysisSet, test: JointTest) -> String {
    match (&set.name.environment, test) {
        (Some(environment), JointTest::Environments) => environment.clone(),
        _ => set.name.to_string(),
    }
}

/// What was tested in a group, without the ending of the single tests.
pub(super) fn tested<'a>(models: &'a Models, group: &Group) -> &'a str {
    let name = group.traits.first().map_or("", |&of| models.traits[of].as_str());
    name.strip_suffix(":mean").unwrap_or(name)
}

/// Says the covariances that were fitted.
pub(super) fn say(frame: &dyn MarkerTest, contig: Option<&str>, session: &Session) {
    let Some(model) = frame.joint() else { return };
    let whose = contig.map(|contig| format!(" without contig {contig}")).unwrap_or_default();
    let tell = |line: String| match contig {
        None => session.progress.note(&line),
        Some(_) => session.progress.detail(&line),
    };
    let form = if model.is_free { "free" } else { "compound symmetric over environments of one variance" };
    tell(format!("covariances{whose}: {form}"));
    let (genetic, residual) = (&model.covariances.genetic, &model.covariances.residual);
    for (i, name) in model.names.iter().enumerate() {
        let (vg, ve) = (genetic.get(i, i), residual.get(i, i));
        let share = share(&model, i);
        tell(format!(
            "{name}{whose}: Vg {vg:.6}, Ve {ve:.6}, share explained by the relationship {share:.4}"
        ));
    }
}

fn share(model: &JointModel<'_>, i: usize) -> f64 {
    let vg = model.covariances.genetic.get(i, i) * model.mean_value;
    vg / (vg + model.covariances.residual.get(i, i))
}

/// Covariances and correlations of each pair of traits, for the summary.
pub(super) fn covariance_table(models: &Models) -> Option<Table> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for group in &models.groups {
        for (contig, frame) in group.frames.each() {
            let model = frame.joint()?;
            let (genetic, residual) = (&model.covariances.genetic, &model.covariances.residual);
            let d = model.names.len();
            for (i, j) in (0..d).flat_map(|i| (i..d).map(move |j| (i, j))) {
                let correlation = |own: &landrace_breeding::multi_trait::Square| {
                    own.get(i, j) / (own.get(i, i) * own.get(j, j)).sqrt()
                };
                rows.push(vec![
                    tested(models, group).into(),
                    contig.unwrap_or("all").into(),
                    model.names[i].as_str().into(),
                    model.names[j].as_str().into(),
                    rounded(genetic.get(i, j)),
                    rounded(residual.get(i, j)),
                    rounded(correlation(genetic)),
                    rounded(correlation(residual)),
                ]);
            }
        }
    }
    let columns =
        ["tested", "contigs", "first", "second", "Vg", "Ve", "genetic correlation", "residual correlation"];
    Some(Table {
        name: "covariances".into(),
        title: "Covariances of the model without markers".into(),
        chart: Chart::Table,
        columns: columns.map(str::to_owned).to_vec(),
        rows,
        path: None,
    })
}
