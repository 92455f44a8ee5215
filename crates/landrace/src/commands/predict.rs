//! `landrace predict`: genetic values of samples from genotypes and phenotypes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use landrace_breeding::phenotype::AnalysisSet;
use landrace_breeding::predict::{
    Method, Population, TraitResult, Validation, write_accuracies, write_held, write_values,
};
use landrace_breeding::single_step::Relationship;
use landrace_genome::file::{self, Output};
use landrace_genome::summary::Summary;
use landrace_genotypes::pedigree::{Inheritance, Kinship};
use landrace_genotypes::relationship;
use landrace_genotypes::{GenotypeMatrix, Wanted};

use crate::cli::Session;
use crate::phenotypes::PhenotypeArgs;
use crate::{genotypes, output};

mod apply;
mod design;
mod environments;
mod kin;
mod method;
mod several;
mod tables;
mod validation;

/// Genetic values of all samples from genotypes and the phenotypes of some
#[derive(clap::Args)]
#[command(mut_arg("phenotypes", |arg| arg.required(false).required_unless_present_any(["model", "training_design"])))]
#[command(after_help = "Examples:\n  \
    landrace predict lines.vcf.gz -p trials.tsv -o values.tsv\n  \
    landrace predict lines.vcf.gz -p trials.tsv --trait yield --folds 5 --repeats 10 -o values.tsv\n  \
    landrace predict lines.vcf.gz -p trials.tsv --leave-out family --groups trials.tsv:family -o values.tsv\n  \
    landrace predict lines.vcf.gz -p trials.tsv --forward passport.tsv:year -o values.tsv\n  \
    landrace predict lines.vcf.gz -p blues.tsv --index 'yield=1,protein=0.4' -o values.tsv\n  \
    landrace predict lines.vcf.gz -p blues.tsv --trait yield --environments --folds 5 -o values.tsv\n  \
    landrace predict flock.vcf.gz -p records.tsv --pedigree flock.tsv --index 'gain=2,wool=1' -o values.tsv\n  \
    landrace predict lines.vcf.gz -p trials.tsv -o values.tsv --save-model yield.model.tsv\n  \
    landrace predict new.vcf.gz --model yield.model.tsv -o new.tsv\n  \
    landrace predict lines.vcf.gz --training-design 100 -o to-phenotype.tsv\n\n\
    Samples with genotypes and no phenotype are predicted too; with --pedigree, all individuals of the pedigree, \
    genotyped or not, in a single step. A saved model is a table of markers and \
    their effects. Cross-validation writes accuracies to <output>.cv.tsv and each prediction to \
    <output>.cv-predictions.tsv.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Values of the samples (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    phenotypes: Option<PhenotypeArgs>,
    #[command(flatten)]
    method: method::MethodArgs,
    #[command(flatten)]
    pedigree: kin::PedigreeArgs,
    #[command(flatten)]
    validation: validation::ValidationArgs,
    #[command(flatten)]
    model: apply::ModelArgs,
    #[command(flatten)]
    several: several::SeveralArgs,
    #[command(flatten)]
    design: design::DesignArgs,
    #[command(flatten)]
    environments: environments::EnvironmentArgs,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    if args.design.is_wanted() {
        return design::run(args, session);
    }
    let Some(phenotypes) = &args.phenotypes else { return apply::run(args, session) };
    if args.environments.is_wanted() {
        return environments::run(args, phenotypes, session);
    }
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "predict", source.as_ref());
    let matrix = Arc::new(GenotypeMatrix::from_source(source.as_mut())?);
    drop(bar);
    let pedigree = args.pedigree.read(session)?;
    let kinship = pedigree.as_ref().map(|own| Kinship::new(&own.pedigree, Inheritance::default()));
    let kin = kinship.as_ref().map(|own| args.pedigree.relationship(own, &matrix, session)).transpose()?;
    let samples = kinship.as_ref().map_or(&matrix.header().samples, |own| &own.pedigree.names).clone();
    let phenotypes = phenotypes.read(session, &samples)?;
    let scheme = args.validation.scheme(session, &phenotypes, &samples)?;
    let groups = args.validation.groups(session, &phenotypes, &samples)?;
    let (population, method) = valued(args, kin.as_ref(), matrix)?;
    let mut results = Vec::new();
    let sets = phenotypes.sets(session)?.into_iter();
    for set in sets.filter(|set| !args.validation.uses(&set.name.name)) {
        results.push(predict(method.as_ref(), &population, set, scheme.as_ref())?);
    }
    let joint = args.several.evaluate(&population, &results)?;
    let mut summary = Summary::new("predict", &session.command_line);
    summary.inputs = source.digests();
    summary.inputs.extend(phenotypes.digests.iter().cloned());
    if let (Some(pedigree), Some(kin)) = (&pedigree, &kin) {
        kin::describe(&mut summary, pedigree, kin);
    }
    tables::describe(&mut summary, method.as_ref(), &population, &results);
    tables::validations(&mut summary, &population, &results, groups.as_deref());
    tell(session, &results);
    let mut files = write(args, &population, &results)?;
    if let Some(joint) = &joint {
        joint.tell(session);
        joint.describe(&mut summary, population.samples());
        files.splice(0..0, joint.write(&args.output, population.samples())?);
    }
    files.splice(0..0, args.model.save(method.name(), &population, &results)?);
    Ok(output::publish(&args.output, &summary, files)?)
}

/// Who is valued, and how: the individuals of a pedigree, or the samples.
fn valued<'a>(
    args: &Args,
    kin: Option<&'a Relationship<'a>>,
    matrix: Arc<GenotypeMatrix>,
) -> anyhow::Result<(Population, Box<dyn Method + 'a>)> {
    Ok(match kin {
        Some(own) => (
            args.pedigree.population(own, args.several.is_wanted())?,
            args.pedigree.method(own, args.validation.seed),
        ),
        None => (population(args, Arc::unwrap_or_clone(matrix))?, args.method.method(args.validation.seed)),
    })
}

/// The samples, with the relationship given in place of the genotypes' own.
fn population(args: &Args, matrix: GenotypeMatrix) -> anyhow::Result<Population> {
    let Some(path) = args.method.relationship.as_deref() else { return Ok(Population::of_genotypes(matrix)) };
    let own = relationship::read(path)?;
    let place = |name: &String| own.samples.iter().position(|other| other == name);
    let places: Vec<Option<usize>> = matrix.samples().iter().map(place).collect();
    if let Some(lacking) = places.iter().position(Option::is_none) {
        anyhow::bail!(
            "{} lacks the sample '{}' of the genotypes; give a matrix of all samples",
            path.display(),
            matrix.samples()[lacking]
        );
    }
    let places: Vec<usize> = places.into_iter().flatten().collect();
    Ok(Population::of_relationship(own.subset(&places)))
}

fn predict(
    method: &dyn Method,
    population: &Population,
    set: AnalysisSet,
    scheme: Option<&validation::Plan>,
) -> anyhow::Result<TraitResult> {
    let fit = method.fit(population, &set)?;
    let validation = match scheme {
        None => None,
        Some(plan) => {
            let splits = plan.scheme.splits(&set)?;
            let held = method.cross_validate(population, &set, &splits)?;
            Some(Validation { splits, held, top: plan.top })
        }
    };
    Ok(TraitResult { set, fit, validation })
}

fn tell(session: &Session, results: &[TraitResult]) {
    for TraitResult { set, fit, validation } in results {
        let h2 = fit.heritability.map_or(String::new(), |h2| {
            let se = h2.se.map_or(String::new(), |se| format!(" ± {se:.3}"));
            format!(", genetic share of the variance {:.3}{se}", h2.value)
        });
        session.progress.note(&format!("{}: {} records{h2}", set.name, set.samples.len()));
        fit.notes.iter().for_each(|line| session.progress.note(&format!("{}: {line}", set.name)));
        if let Some(validation) = validation {
            let [r, slope, _, overlap] = validation.mean();
            let number =
                |value: Option<f64>| value.map_or("not known".to_owned(), |value| format!("{value:.3}"));
            session.progress.note(&format!(
                "{}: cross-validation r {}, slope {}, overlap of the best {:.0}% {}",
                set.name,
                number(r),
                number(slope),
                100.0 * validation.top,
                number(overlap)
            ));
        }
    }
}

fn write(args: &Args, population: &Population, results: &[TraitResult]) -> anyhow::Result<Vec<Output>> {
    let mut files = Vec::new();
    let beside = |path: &Path, ending: &str| file::create(file::beside(path, ending));
    if results.iter().any(|result| result.validation.is_some()) && args.output.as_os_str() != "-" {
        let mut accuracies = beside(&args.output, ".cv.tsv")?;
        write_accuracies(results, &mut accuracies)?;
        let mut held = beside(&args.output, ".cv-predictions.tsv")?;
        write_held(population, results, &mut held)?;
        files.extend([accuracies, held]);
    }
    let mut values = file::create(&args.output)?;
    write_values(population, results, &mut values)?;
    files.push(values);
    Ok(files)
}
