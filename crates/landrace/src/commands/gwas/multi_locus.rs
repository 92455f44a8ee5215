//! Pseudo-QTN: asked for, written and told.

use std::io::Write;

use landrace_breeding::gwas::{
    Chosen, End, Frames, Group, GroupData, Kinships, Method, MultiLocus, MultiLocusSearch, SearchError,
    class_effects, gate, multi_locus,
};
use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::significance::probability_text;
use serde_json::Value;

use super::Args;
use super::account::marker_cells;
use super::models::{Models, refusal};
use crate::cli::Session;
use crate::genotypes::rounded;

/// Pseudo-QTN that a note lists.
const NAMED: usize = 8;

/// The pseudo-QTN of a trait, and how the search for them went.
pub(super) struct Found {
    of: usize,
    chosen: Vec<Chosen>,
    share: f64,
    rounds: usize,
    end: End,
}

impl Args {
    /// Refuses what multi-locus methods have no answer to.
    pub(super) fn check_multi_locus(&self) -> anyhow::Result<()> {
        let (own, method) = (self.method(), self.method().name());
        if !own.is_multi_locus() {
            return Ok(());
        }
        if self.model.is_loco() {
            anyhow::bail!(
                "--method {method} fits one model for all contigs, so --loco does not go with it; leave --loco out, or use \
             --method exact or p3d"
            );
        }
        if self.model.has_given() && !own.has_relationship() {
            anyhow::bail!(
                "--method {method} has no relationship in its model, so --relationship would do nothing; leave it out (and \
             take --pcs for structure), or use --method mlmm, which has both"
            );
        }
        if self.threshold.is_permutation() {
            anyhow::bail!(
                "--method {method}: --threshold permutation would keep markers that were chosen on the trait as it is; use \
             --threshold bonferroni or effective"
            );
        }
        Ok(())
    }
}

/// Finds the pseudo-QTN of traits of the same samples; each trait then has a group of its own.
pub(super) fn fit(
    (args, kinships): (&Args, &Kinships),
    data: &GroupData<'_>,
    (members, covariates): (&[usize], &[String]),
    models: &mut Models,
) -> anyhow::Result<()> {
    let open = || Ok(args.open_tested()?.source);
    let search = MultiLocusSearch { method: models.method, scanned: args.scanned(), window: args.window };
    let kinship = match kinships {
        Kinships::One(kinship) => Some(kinship),
        _ => None,
    };
    let found = multi_locus(&open, data, kinship, search).map_err(|error| match error {
        SearchError::Genotypes(error) => error.into(),
        SearchError::Model(of, error) => {
            anyhow::anyhow!("{}", refusal(&models.traits[members[of]], &error, covariates))
        }
    })?;
    for (&of, own) in members.iter().zip(found) {
        let MultiLocus { frame, chosen, share, rounds, end } = own;
        let count = chosen.len();
        models.covariates[of] = covariates.to_vec();
        if count > 0 {
            models.covariates[of].push(format!("{count} pseudo-QTN"));
        }
        let frames = Frames::One(frame);
        models.groups.push(Group { samples: data.samples.to_vec(), traits: vec![of], frames });
        models.found.push(Found { of, chosen, share, rounds, end });
    }
    Ok(())
}

/// Says which pseudo-QTN were taken.
pub(super) fn say(models: &Models, session: &Session) {
    for own in &models.found {
        session.progress.note(&words((models.method, &models.traits[own.of]), own));
    }
}

fn words((method, name): (Method, &str), own: &Found) -> String {
    let end = match own.end {
        End::Settled => "",
        End::Circle => ", where the choice went in a circle",
        End::Rounds => ", without coming to rest",
        End::Explained => ", for the next ones would leave nothing of the trait",
    };
    let plural = if own.rounds == 1 { "" } else { "s" };
    let start = format!("{name}: {} pseudo-QTN after {} round{plural}{end}", own.chosen.len(), own.rounds);
    if own.chosen.is_empty() && own.end == End::Explained {
        return start;
    }
    if own.chosen.is_empty() {
        let gate = gate(method);
        return format!(
            "{start}: no marker with p up to {gate} over the markers tested is worth a place, and all are tested without \
             any"
        );
    }
    let each = own.chosen.iter().take(NAMED).map(|own| {
        let marker = &own.marker;
        let place = marker.position.map_or_else(String::new, |at| format!(" ({}:{at})", marker.contig));
        format!("{}{place} p {}", marker.id, probability_text(own.association.ln_p))
    });
    let listed = each.collect::<Vec<_>>().join(", ");
    let more = own.chosen.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "{start}; together {:.1}% of the variance beside the covariates: {listed}{more}",
        100.0 * own.share
    )
}

const COLUMNS: [&str; 13] = [
    "trait", "marker", "chr", "ps", "allele1", "allele0", "af", "beta", "se", "p", "share", "round",
    "effects",
];

fn rows(models: &Models) -> impl Iterator<Item = [String; 13]> + '_ {
    models.found.iter().flat_map(|found| found.chosen.iter().map(|own| (found.of, own))).map(|(of, own)| {
        let [id, contig, position, effect, other, frequency, beta, se, p] =
            marker_cells(&own.marker, &own.association);
        let (share, round) = (format!("{:.4}", own.share), own.round.to_string());
        let classes = match own.marker.classes.is_empty() {
            true => "NA".to_owned(),
            false => class_effects(&own.marker, &own.association),
        };
        let name = models.traits[of].clone();
        [name, id, contig, position, effect, other, frequency, beta, se, p, share, round, classes]
    })
}

/// Writes the pseudo-QTN beside the output, if the method has any.
pub(super) fn write(args: &Args, models: &Models) -> anyhow::Result<Option<file::Output>> {
    if !models.method.is_multi_locus() {
        return Ok(None);
    }
    let mut out = file::create(file::beside(&args.output, ".qtn.tsv"))?;
    writeln!(out, "{}", COLUMNS.join("\t"))?;
    for row in rows(models) {
        writeln!(out, "{}", row.join("\t"))?;
    }
    Ok(Some(out))
}

/// Adds the pseudo-QTN to the summary.
pub(super) fn describe(summary: &mut Summary, models: &Models) {
    if !models.method.is_multi_locus() {
        return;
    }
    summary.count("pseudo_qtn", models.found.iter().map(|own| own.chosen.len()).sum::<usize>());
    let number = |cell: String| cell.parse::<u64>().map_or(Value::from(cell), Value::from);
    let cells = |[of, marker, contig, position, rest @ ..]: [String; 13]| -> Vec<Value> {
        let names = [of, marker, contig].map(Value::from).into_iter();
        names.chain([number(position)]).chain(rest.map(number)).collect()
    };
    let names = [
        "trait",
        "marker",
        "contig",
        "position",
        "allele counted",
        "other allele",
        "frequency",
        "effect",
        "standard error",
        "p beside the others",
        "share of the variance that it alone explains",
        "taken in round",
        "effects of dosages",
    ];
    let searches = models.found.iter().map(|own| {
        let end = match own.end {
            End::Settled => "came to rest",
            End::Circle => "went in a circle",
            End::Rounds => "rounds over",
            End::Explained => "nothing of the trait left",
        };
        let name = models.traits[own.of].as_str();
        vec![name.into(), own.chosen.len().into(), rounded(own.share), own.rounds.into(), end.into()]
    });
    summary.tables.push(Table {
        name: "multi-locus".into(),
        title: "The search for pseudo-QTN".into(),
        chart: Chart::Table,
        columns: ["trait", "pseudo-QTN", "share of the variance beside the covariates", "rounds", "end"]
            .map(str::to_owned)
            .to_vec(),
        rows: searches.collect(),
        path: None,
    });
    summary.tables.push(Table {
        name: "pseudo-qtn".into(),
        title: "The pseudo-QTN, each beside the others".into(),
        chart: Chart::Table,
        columns: names.map(str::to_owned).to_vec(),
        rows: rows(models).map(cells).collect(),
        path: None,
    });
}
