//! `landrace identify plan`: how many seeds to test, and how many off-types to accept.

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_germplasm::purity::TestError;
use landrace_germplasm::purity::plan::{Limit, Plan, Testing, plan_for, smallest_plan, table};

use super::{chance, share};
use crate::cli::Session;
use crate::{genotypes, output};

/// Sampling plan: seeds to test and off-types to accept for stated qualities and risks
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace identify plan --aql 0.005 --lql 0.02 -o plan.tsv\n  \
    landrace identify plan --tests 100 --standard 0.01 --risk 0.05 -o uniformity.tsv\n  \
    landrace identify plan --aql 0.001 --lql 0.01 --seeds-each 50 -o pools.tsv\n\n\
    With --aql and --lql: the fewest tests that accept a lot of the acceptable share of off-types with a chance of 1 - \
    the producer's risk at least, and one of the lowest tolerable quality with the consumer's risk at most. With \
    --tests and --standard: how many off-types are accepted of so many plants, as in UPOV's tables of uniformity \
    (TGP/8), with the table up to that number (<output>.table.tsv). All chances are exact. The output is the operating \
    characteristic: share of off-types and chance of acceptance.")]
pub(super) struct Args {
    /// The operating characteristic (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Acceptable share of off-types
    #[arg(long, value_name = "SHARE", value_parser = share, requires = "lql", required_unless_present = "tests")]
    aql: Option<f64>,
    /// Share of off-types that is to be refused
    #[arg(long, value_name = "SHARE", value_parser = chance, requires = "aql")]
    lql: Option<f64>,
    /// Chance that a lot of the acceptable quality is refused, at most
    #[arg(long, value_name = "CHANCE", value_parser = chance, default_value_t = 0.05)]
    producer_risk: f64,
    /// Chance that a lot of the quality to be refused is accepted, at most
    #[arg(long, value_name = "CHANCE", value_parser = chance, default_value_t = 0.05)]
    consumer_risk: f64,
    /// Plants, seeds or groups that are tested
    #[arg(long, value_name = "N", requires = "standard", conflicts_with = "aql")]
    tests: Option<u64>,
    /// Share of off-types that a variety may have
    #[arg(long, value_name = "SHARE", value_parser = share, requires = "tests")]
    standard: Option<f64>,
    /// Chance that a variety within the standard is refused, at most
    #[arg(long, value_name = "CHANCE", value_parser = chance, default_value_t = 0.05)]
    risk: f64,
    /// Seeds tested together in each group
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds_each: u64,
    /// Chance that a pure seed or group tests as an off-type
    #[arg(long, value_name = "CHANCE", value_parser = share, default_value_t = 0.0)]
    false_positive: f64,
    /// Chance that an off-type, or a group with one, tests as pure
    #[arg(long, value_name = "CHANCE", value_parser = share, default_value_t = 0.0)]
    false_negative: f64,
}

/// Steps of the curve.
const STEPS: usize = 100;

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let error = TestError { false_off_type: args.false_positive, missed: args.false_negative };
    let testing = Testing { seeds_each: args.seeds_each, error };
    let mut summary = Summary::new("identify plan", &session.command_line);
    let mut files = Vec::new();
    let plan = match (args.aql, args.lql, args.tests) {
        (Some(aql), Some(lql), None) => {
            let (acceptable, lowest) = (args.producer_risk, args.consumer_risk);
            smallest_plan(
                Limit { share: aql, risk: acceptable },
                Limit { share: lql, risk: lowest },
                testing,
            )?
        }
        (_, _, tests) => {
            let standard = Limit { share: args.standard.unwrap_or(0.0), risk: args.risk };
            let rows = table(tests.unwrap_or(0), standard, testing)?;
            files.push(write_table(args, &rows, &mut summary)?);
            plan_for(tests.unwrap_or(0), standard, testing)?
        }
    };
    let most = curve_end(args, &plan);
    let curve = plan.curve(most, STEPS);
    let mut out = file::create(&args.output)?;
    writeln!(out, "off_types\taccepted")?;
    for (share, accepted) in &curve {
        writeln!(out, "{share:.6}\t{accepted:.6}")?;
    }
    files.push(out);
    describe(&mut summary, args, &plan, &curve);
    output::publish(&args.output, &summary, files)?;
    session.progress.note(&format!(
        "test {} {}; accept if at most {} {}",
        plan.tests,
        if args.seeds_each == 1 {
            "seeds".to_owned()
        } else {
            format!("groups of {} seeds", args.seeds_each)
        },
        plan.accept,
        if args.seeds_each == 1 { "are off-types" } else { "are positive" }
    ));
    Ok(())
}

/// Where the curve ends: beyond what is hardly ever accepted.
fn curve_end(args: &Args, plan: &Plan) -> f64 {
    let low = plan.share_accepted(0.005);
    let named = args.lql.or(args.standard).unwrap_or(0.0) * 1.5;
    let most = low.max(named).clamp(1e-4, 1.0);
    // Two digits, so that the steps are round.
    let unit = 10f64.powf(most.log10().floor() - 1.0);
    ((most / unit).ceil() * unit).min(1.0)
}

fn write_table(args: &Args, rows: &[Plan], summary: &mut Summary) -> anyhow::Result<file::Output> {
    let mut out = file::create(file::beside(&args.output, ".table.tsv"))?;
    let standard = args.standard.unwrap_or(0.0);
    writeln!(
        out,
        "from\tto\taccepted_off_types\taccepted_at_standard\taccepted_at_2x\taccepted_at_5x\taccepted_at_10x"
    )?;
    let mut from = 1;
    let mut shown = Vec::new();
    for plan in rows {
        let at = [1.0, 2.0, 5.0, 10.0].map(|times| plan.accepts((standard * times).min(1.0)));
        writeln!(
            out,
            "{from}\t{}\t{}\t{:.6}\t{:.6}\t{:.6}\t{:.6}",
            plan.tests, plan.accept, at[0], at[1], at[2], at[3]
        )?;
        let chances = at.into_iter().map(genotypes::rounded);
        shown.push([from.into(), plan.tests.into(), plan.accept.into()].into_iter().chain(chances).collect());
        from = plan.tests + 1;
    }
    shown.truncate(1000);
    summary.tables.push(Table {
        name: "table".into(),
        title: "Off-types accepted by number tested, and chances of acceptance at the largest number".into(),
        chart: Chart::Table,
        columns: [
            "from",
            "to",
            "accepted off-types",
            "at the standard",
            "at 2 times",
            "at 5 times",
            "at 10 times",
        ]
        .map(String::from)
        .to_vec(),
        rows: shown,
        path: None,
    });
    Ok(out)
}

fn describe(summary: &mut Summary, args: &Args, plan: &Plan, curve: &[(f64, f64)]) {
    summary.count("tests", plan.tests).count("accept", plan.accept).count("seeds_each", args.seeds_each);
    summary.count("seeds", plan.tests * args.seeds_each);
    let mut limit = |name: &str, share: Option<f64>| {
        if let Some(share) = share {
            summary.count(&format!("{name}_off_types"), share);
            summary.count(&format!("{name}_accepted"), genotypes::rounded(plan.accepts(share)));
        }
    };
    limit("acceptable", args.aql);
    limit("lowest", args.lql);
    limit("standard", args.standard);
    for (name, chance) in [("accepted_by_half", 0.5), ("accepted_by_one_in_twenty", 0.05)] {
        summary.count(name, genotypes::rounded(plan.share_accepted(chance)));
    }
    let what = if args.seeds_each == 1 { "seeds" } else { "groups of {seeds_each} seeds" };
    summary.headline = format!(
        "Test {{tests}} {what} and accept the lot if at most {{accept}} are off-types; a lot with a share of \
         {{accepted_by_one_in_twenty}} off-types is accepted once in twenty times."
    );
    summary.tables.push(Table {
        name: "operating-characteristic".into(),
        title: "Chance of acceptance by share of off-types".into(),
        chart: Chart::Line,
        columns: vec!["off-types [%]".into(), "accepted".into()],
        rows: curve
            .iter()
            .map(|(share, accepted)| vec![genotypes::rounded(share * 100.0), genotypes::rounded(*accepted)])
            .collect(),
        path: None,
    });
}
