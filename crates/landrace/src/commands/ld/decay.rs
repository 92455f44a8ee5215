//! `landrace ld decay`: how r² falls with distance.

use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::length::format_bases;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::Wanted;
use landrace_genotypes::ld::band::prepare_rows;
use landrace_genotypes::ld::decay::{DecayOptions, DecayReport, measure_decay};
use landrace_genotypes::ld::hill_weir::{Decay, whole_bases};
use serde_json::Value;

use super::{correction, length, share, tell_passed};
use crate::cli::Session;
use crate::{genotypes, output};

/// How r² falls with distance: means, quantiles and the fitted curve, for each contig and overall
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace ld decay panel.bcf --within 1Mb --min-maf 0.05 -o decay.tsv\n\n\
    Writes the bins to the output and the fits beside it (<output>.fits.tsv): ρ a base, half-decay distance and \
    the distances of r² 0.2 and 0.1 on the curve of Hill and Weir (1988). The curve takes the number of gametes: \
    without --gametes the mean number of samples of a pair, so that unlinked pairs come down to 1/n, as r² of \
    unphased dosages does; with --phased the gametes themselves."
)]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The bins (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Pairs up to this distance
    #[arg(long, value_name = "LENGTH", default_value = "500kb", value_parser = length)]
    within: u64,
    /// Bins of distance
    #[arg(long, value_name = "N", default_value_t = 100)]
    bins: usize,
    /// Leave out variants of lower minor allele frequency
    #[arg(long, value_name = "FREQUENCY", default_value_t = 0.05, value_parser = share)]
    min_maf: f64,
    /// Partners of each variant at most; where there are more, so many are drawn evenly over the distance
    #[arg(long, value_name = "N", default_value_t = 200)]
    partners: usize,
    /// Where the random draws start
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Number of gametes that the curve goes by
    #[arg(long, value_name = "N")]
    gametes: Option<f64>,
    /// Count gametes by the phase that the file has, at any ploidy
    #[arg(long, conflicts_with_all = ["relationship", "kinship", "structure"])]
    phased: bool,
    #[command(flatten)]
    correction: correction::Flags,
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted { phase: args.phased, ..Wanted::default() })?;
    let options = DecayOptions {
        within: args.within,
        bins: args.bins,
        partners: args.partners,
        seed: args.seed,
        gametes: args.gametes,
    };
    let mut out = file::create(&args.output)?;
    let mut summary = Summary::new("ld decay", &session.command_line);
    let correction =
        args.correction.is_any().then(|| args.correction.read(&args.input, source.header())).transpose()?;
    let bar = genotypes::follow(session, "ld decay", source.as_ref());
    let report = match &correction {
        Some(correction) => {
            summary.count("ridge_added_to_the_relationship", correction.ridge);
            measure_decay(
                source.as_mut(),
                &options,
                |block| correction.prepare(block, args.min_maf),
                &mut out,
            )?
        }
        None => {
            let prepare = |block: &_| prepare_rows(block, args.min_maf, args.phased);
            measure_decay(source.as_mut(), &options, prepare, &mut out)?
        }
    };
    drop(bar);
    if let Some(correction) = &correction {
        summary.count("missing_calls_counted_as_the_mean", correction.imputed());
    }
    let mut fits = file::create(file::beside(&args.output, ".fits.tsv"))?;
    report.write_fits(&mut fits)?;
    summary.inputs = source.digests();
    describe(&mut summary, args, &report);
    output::publish(&args.output, &summary, vec![fits, out])?;
    tell_passed(session, &report.passed);
    let half = report.fit.as_ref().and_then(Decay::half_distance);
    session.progress.note(&match half {
        Some(half) => format!("{} pairs; half-decay distance {}", report.curve.pairs, bases(half)),
        None => format!("{} pairs; too few for a curve", report.curve.pairs),
    });
    Ok(())
}

/// A length that is no whole number of bases.
fn bases(length: f64) -> String {
    format_bases(whole_bases(length))
}

fn describe(summary: &mut Summary, args: &Args, report: &DecayReport) {
    summary.count("variants_read", report.passed.read).count("variants_left_out", report.passed.left_out);
    summary.count("pairs", report.curve.pairs).count("measure", args.correction.measure());
    summary.count("partners_were_drawn", report.is_sampled);
    if let Some(fit) = &report.fit {
        summary.count("rho_per_base", fit.rho).count("gametes", genotypes::rounded(fit.n));
        let distances = [
            ("half_decay_distance", fit.half_distance()),
            ("distance_of_r2_0.2", fit.distance_of(0.2)),
            ("distance_of_r2_0.1", fit.distance_of(0.1)),
        ];
        for (name, distance) in distances {
            summary.count(name, distance.map_or_else(|| "-".to_owned(), bases));
        }
        summary.headline =
            "{measure} falls to half of its start within {half_decay_distance} and to 0.2 within \
                            {distance_of_r2_0.2} (curve of Hill and Weir through {pairs} pairs)."
                .to_owned();
    } else {
        summary.headline = "{pairs} pairs are too few for a curve.".to_owned();
    }
    summary.tables.push(curve_table(args, report));
    summary.tables.push(contig_table(report));
}

fn curve_table(args: &Args, report: &DecayReport) -> Table {
    let bins = report.curve.bins.iter().enumerate().filter(|(_, bin)| bin.pairs > 0);
    let rows = bins.map(|(index, bin)| {
        let distance = bin.distances / bin.pairs as f64;
        let fitted = report.fit.as_ref().map_or(Value::Null, |fit| genotypes::rounded(fit.at(distance)));
        let quantile = |share| genotypes::rounded(report.curve.quantile(index, share).unwrap_or(0.0));
        let mean = genotypes::rounded(bin.sum / bin.pairs as f64);
        vec![genotypes::rounded(distance / 1000.0), mean, quantile(0.5), quantile(0.95), fitted]
    });
    let measure = args.correction.measure();
    Table {
        name: "decay".into(),
        title: format!("{measure} by distance"),
        chart: Chart::Line,
        columns: ["distance [kb]", "mean", "median", "95% quantile", "Hill-Weir curve"]
            .map(String::from)
            .to_vec(),
        rows: rows.collect(),
        path: None,
    }
}

fn contig_table(report: &DecayReport) -> Table {
    let rows = report.contigs.iter().map(|contig| {
        let half = contig.fit.as_ref().and_then(Decay::half_distance);
        let half = half.map_or(Value::Null, |half| genotypes::rounded(half / 1000.0));
        vec![
            (&*contig.contig).into(),
            contig.variants.into(),
            contig.pairs.into(),
            genotypes::rounded(contig.mean),
            half,
        ]
    });
    Table {
        name: "contigs".into(),
        title: "Decay by contig".into(),
        chart: Chart::Table,
        columns: ["contig", "variants", "pairs", "mean r²", "half-decay distance [kb]"]
            .map(String::from)
            .to_vec(),
        rows: rows.take(1000).collect(),
        path: None,
    }
}
