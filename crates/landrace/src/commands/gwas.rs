//! `landrace gwas`: association of markers with traits.

use std::io::Write;
use std::path::PathBuf;

use landrace_breeding::gwas::{
    Coding, GeneAction, MarkerAccount, MarkerFilter, Method, Results, Scanned, Tested, header,
    header_of_joint, header_of_two_valued, push_joint_row, push_row, scan,
};
use landrace_breeding::phenotype::AnalysisSet;
use landrace_genome::file;
use landrace_genome::length::parse_bases;
use landrace_genome::summary::Summary;
use landrace_genotypes::GenotypeError;

use crate::cli::Session;
use crate::phenotypes::{PhenotypeArgs, Phenotypes};
use crate::{genotypes, output};

mod account;
mod binary;
mod joint;
mod models;
mod multi_locus;
mod regions;
mod streamed;
mod tested;
mod threshold;

use binary::TraitKind;

/// Association of markers with traits, by exact mixed models
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace gwas panel.bed -p traits.tsv -o height.tsv --trait height\n  \
    landrace gwas panel.vcf.gz -p traits.tsv --pcs 3 --loco -o scan.tsv\n  \
    landrace gwas panel.bed -p traits.tsv --relationship g.tsv --covariates sex.tsv -o scan.tsv\n  \
    landrace gwas potato.vcf.gz -p traits.tsv --method p3d --gene-action general -o scan.tsv\n  \
    landrace gwas panel.bed -p traits.tsv --method blink --pcs 3 -o scan.tsv\n  \
    landrace gwas panel.bed -p blight.tsv --trait-kind binary -o scan.tsv\n  \
    landrace gwas biobank.bed -p traits.tsv --method streamed -o scan.tsv\n  \
    landrace gwas phased.vcf.gz -p traits.tsv --haplotypes blocks.tsv -o scan.tsv\n  \
    landrace gwas panel.bed -p trials.csv --trait yield --gxe -o scan.tsv\n\n\
    The table has a line a marker and trait, with GEMMA's columns: beta is the effect of one more copy of allele1 (the \
    alternate allele), af its frequency; dosages of samples of several ploidies count as shares of the highest one. With \
    another --gene-action beta is what its notes say; general and diplo-general have NA there and the effect of each \
    dosage, against the lowest, in the last column. Of traits of two values beta is log odds (Firth's penalised \
    likelihood), p_score the score test's p and p_spa the same with a saddle-point tail beyond two standard deviations, \
    which few cases and rare alleles need. With --joint the line of a marker has the effects on all traits, in their order, \
    with covariances and one p, as GEMMA's of several phenotypes; samples that lack a trait are left out. With --gxe beta is \
    the mean effect over environments, p_mean its test, p_interaction that of effects that differ, and the last column has the \
    effect in each environment (standard error); samples that lack an environment are left out, and residuals of a line may \
    be correlated. Up to 6 environments have variances and covariances of their own; more are brought to one variance, with \
    one covariance. The mean is always fitted; give other fixed effects with --covariates and \
    --pcs. Missing calls count as the marker's mean. What was fitted, variance components included, stands in the \
    notes and in <output>.summary.json; the best markers in <output>.hits.tsv. Multi-locus methods (blink, farmcpu, mlmm) \
    choose markers round by round, write them to <output>.qtn.tsv, and test each marker beside those that it cannot stand \
    for: all but the ones with |r| of 0.7 or more within --window.")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) input: genotypes::Input,
    #[command(flatten)]
    phenotypes: PhenotypeArgs,
    /// The associations (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// exact: the variance ratio is fitted for each marker (as GEMMA's -lmm 4); p3d: it is that of the model without
    /// markers; glm: no relationship; blink, farmcpu: no relationship, but markers that stand for causal ones in the model
    /// (pseudo-QTN); mlmm: these beside the relationship; streamed: p3d for many samples, without the relationship matrix
    /// [default: exact; p3d for binary traits; with --joint and --gxe p3d, exact where p is below 0.005]
    #[arg(short, long, value_name = "METHOD", value_parser = Method::ALL.map(Method::name))]
    method: Option<String>,
    /// quantitative: linear models; binary: traits of two values (0 and 1, or two words), by logistic mixed models and
    /// score tests with a saddle-point tail
    #[arg(long, value_name = "KIND", default_value = "quantitative", value_parser = TraitKind::NAMES)]
    trait_kind: String,
    /// How the trait answers to the copies of the alternate allele: in equal steps, by one or two copies of either allele
    /// (dom), with heterozygotes all alike (diplo), or as it may, dosage by dosage (general: an F test)
    #[arg(long, value_name = "ACTION", default_value = "additive", value_parser = GeneAction::ALL.map(|own| own.name()))]
    gene_action: String,
    #[command(flatten)]
    together: joint::JointArgs,
    #[command(flatten)]
    model: models::ModelArgs,
    /// Test the haplotypes of these blocks, each against all others, in place of the variants: columns contig, from and to,
    /// as `landrace ld blocks` writes. Samples need phase where they have two heterozygous calls in a block; relationship
    /// and components are by the variants
    #[arg(long, value_name = "FILE", help_heading = "Markers")]
    haplotypes: Option<PathBuf>,
    /// Share of a trait's samples with a call, at least, for a marker to be tested
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, help_heading = "Markers", value_parser = share)]
    min_call_rate: f64,
    /// Minor allele frequency among a trait's samples, at least
    #[arg(long, value_name = "FREQUENCY", default_value_t = 0.01, help_heading = "Markers", value_parser = share)]
    min_maf: f64,
    #[command(flatten)]
    threshold: threshold::ThresholdArgs,
    /// Distance within which markers count as one finding, and that is drawn around the best ones
    #[arg(long, value_name = "BASES", default_value = "1mb", help_heading = "Findings", value_parser = length)]
    window: u64,
}

fn length(text: &str) -> Result<u64, String> {
    parse_bases(text).ok_or_else(|| "write a length such as 50kb, 1.5Mb or 20000".to_owned())
}

/// A share from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "give a number from 0 to 1".to_owned())
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    args.check()?;
    let mut tested = args.open_tested()?;
    let source = &mut tested.source;
    let mut phenotypes = args.phenotypes.read_as(session, &source.header().samples, args.reading())?;
    let models = models::fit(args, source.header(), args.sets(&mut phenotypes, session)?, session)?;
    let bar = genotypes::follow(session, "gwas", source.as_ref());
    let mut out = file::create(&args.output)?;
    writeln!(out, "{}", args.header(&models))?;
    let mut results: Vec<Results> = models.traits.iter().map(|_| Results::default()).collect();
    let accounts = scan(
        source.as_mut(),
        &models.groups,
        args.scanned(),
        &|tested, text| args.push_rows(tested, text, &models),
        |tested, text| {
            for own in tested {
                let traits = &models.groups[own.group].traits;
                traits.iter().zip(&own.results).for_each(|(&of, one)| results[of].push(&own.marker, one));
            }
            Ok::<_, GenotypeError>(out.write_all(text.as_bytes())?)
        },
    )?;
    drop(bar);
    let mut summary = Summary::new("gwas", &session.command_line);
    summary.inputs = [tested.digests(), phenotypes.digests, models.digests.clone()].concat();
    tested.describe(&mut summary, session);
    summary.count("rows_of_phenotypes", phenotypes.table.len());
    finish(args, (&models, results, &accounts), summary, (out, session))
}

impl Args {
    fn action(&self) -> GeneAction {
        GeneAction::from_name(&self.gene_action).unwrap_or(GeneAction::Additive)
    }

    /// What is tested.
    fn scanned(&self) -> Scanned<'static> {
        let filter = MarkerFilter { min_call_rate: self.min_call_rate, min_maf: self.min_maf };
        let place = GeneAction::ALL.iter().position(|own| *own == self.action()).unwrap_or(0);
        Scanned { coding: &GeneAction::ALL[place], filter }
    }

    /// The samples and values of each trait.
    fn sets(&self, phenotypes: &mut Phenotypes, session: &Session) -> anyhow::Result<Vec<AnalysisSet>> {
        if let Some(test) = self.joint_test() {
            joint::keep_complete(phenotypes, test, session)?;
        }
        let sets = phenotypes.sets(session)?;
        match self.kind() {
            TraitKind::Binary => binary::two_valued(sets, phenotypes.is_asked, session),
            TraitKind::Quantitative => {
                binary::hint(&sets, session);
                Ok(sets)
            }
        }
    }

    fn header(&self, models: &models::Models) -> String {
        let traits = models.together.first().map_or(0, Vec::len);
        match (self.joint_test(), self.kind()) {
            (Some(test), _) => header_of_joint(test, traits),
            (_, TraitKind::Binary) => header_of_two_valued().to_owned(),
            (_, TraitKind::Quantitative) => header(self.method(), self.action().has_classes()),
        }
    }

    /// The lines of a marker.
    fn push_rows(&self, tested: &Tested, text: &mut String, models: &models::Models) {
        let group = &models.groups[tested.group];
        if let Some(test) = self.joint_test() {
            let of = (test, models.together[tested.group].as_slice(), joint::tested(models, group));
            return push_joint_row(text, &tested.marker, &tested.results, of);
        }
        for (own, &of) in tested.results.iter().zip(&group.traits) {
            push_row(text, &tested.marker, own, &models.traits[of]);
        }
    }

    /// Refuses thresholds that the gene action has none of, and what two-valued traits have none of.
    fn check(&self) -> anyhow::Result<()> {
        self.check_binary()?;
        self.check_joint()?;
        self.check_multi_locus()?;
        self.check_streamed()?;
        if self.action().has_classes() && !self.threshold.is_bonferroni() {
            anyhow::bail!(
                "--gene-action {}: the thresholds 'effective' and 'permutation' are for tests of one column a marker; \
                 use --threshold bonferroni",
                self.gene_action
            );
        }
        Ok(())
    }
}

fn finish(
    args: &Args,
    (models, results, accounts): (&models::Models, Vec<Results>, &[MarkerAccount]),
    mut summary: Summary,
    (out, session): (file::Output, &Session),
) -> anyhow::Result<()> {
    let thresholds = threshold::of_traits(args, models, &results)?;
    let found = account::sum_up(args, results, &thresholds);
    account::describe(&mut summary, models, &found, accounts);
    summary.count("gene_action", args.gene_action.as_str());
    multi_locus::describe(&mut summary, models);
    let mut files = Vec::new();
    if args.output.as_os_str() != "-" {
        let mut hits = file::create(file::beside(&args.output, ".hits.tsv"))?;
        hits.write_all(account::hits_table(models, &found).as_bytes())?;
        files.push(hits);
        files.extend(multi_locus::write(args, models)?);
        summary.tables.extend(regions::tables(args, models, &found)?);
    }
    files.push(out);
    output::publish(&args.output, &summary, files)?;
    if args.action() != GeneAction::Additive {
        session.progress.note(&format!("gene action: {}", args.action().description()));
    }
    account::tell(models, &found, accounts, session);
    Ok(())
}
