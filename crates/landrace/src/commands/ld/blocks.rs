//! `landrace ld blocks`: haplotype blocks.

use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::Wanted;
use landrace_genotypes::ld::band::prepare_rows;
use landrace_genotypes::ld::blocks::{
    BlockOptions, BlockReport, BlockRule, find_blocks, write_bed, write_table,
};
use landrace_genotypes::ld::pairs::check_haplotypes;

use super::{length, share, tell_passed};
use crate::cli::Session;
use crate::{genotypes, output};

/// Blocks with more variants are counted together.
const MOST_VARIANTS: usize = 30;

/// Haplotype blocks: stretches within which the variants hang together
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace ld blocks panel.bcf -o blocks.tsv --bed blocks.bed\n\n\
    For diploids and haploids, and phased samples of any ploidy. gabriel is the rule of Gabriel and others (2002) as \
    Haploview and plink --blocks have it; four-gametes ends a block where a pair shows all four gametes; spine wants \
    D′ of 0.8 between the first and last variant and all between. The haplotypes of a block are counted in the \
    samples whose calls leave no doubt of theirs.")]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The blocks (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The blocks as BED
    #[arg(long, value_name = "FILE")]
    bed: Option<PathBuf>,
    /// What makes a block
    #[arg(long, value_enum, default_value_t = Rule::Gabriel)]
    rule: Rule,
    /// Bases from a block's first to its last variant at most
    #[arg(long, value_name = "LENGTH", default_value = "200kb", value_parser = length)]
    within: u64,
    /// Leave out variants of lower minor allele frequency
    #[arg(long, value_name = "FREQUENCY", default_value_t = 0.05, value_parser = share)]
    min_maf: f64,
    /// Let blocks of two and three variants span more than 20 and 30 kb (rule gabriel)
    #[arg(long)]
    wide_small_blocks: bool,
    /// Count gametes by the phase that the file has, at any ploidy
    #[arg(long)]
    phased: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Rule {
    /// Confidence intervals of D′
    Gabriel,
    /// No pair with all four gametes
    FourGametes,
    /// Ends in strong disequilibrium with all between
    Spine,
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted { phase: args.phased, ..Wanted::default() })?;
    let rule = match args.rule {
        Rule::Gabriel => BlockRule::Gabriel,
        Rule::FourGametes => BlockRule::FourGametes,
        Rule::Spine => BlockRule::Spine,
    };
    let options = BlockOptions { rule, within: args.within, small_spans: args.wide_small_blocks };
    let bar = genotypes::follow(session, "ld blocks", source.as_ref());
    let report = find_blocks(source.as_mut(), &options, |block| {
        check_haplotypes(prepare_rows(block, args.min_maf, args.phased)?, &block.contig)
    })?;
    drop(bar);
    let mut files = Vec::new();
    if let Some(path) = &args.bed {
        let mut bed = file::create(path)?;
        write_bed(&report.blocks, &mut bed)?;
        files.push(bed);
    }
    let mut out = file::create(&args.output)?;
    write_table(&report.blocks, &mut out)?;
    files.push(out);
    let mut summary = Summary::new("ld blocks", &session.command_line);
    summary.inputs = source.digests();
    describe(&mut summary, &report);
    output::publish(&args.output, &summary, files)?;
    tell_passed(session, &report.passed);
    session.progress.note(&format!("{} blocks", report.blocks.len()));
    Ok(())
}

fn describe(summary: &mut Summary, report: &BlockReport) {
    let used = report.passed.read - report.passed.left_out;
    let within: usize = report.blocks.iter().map(|block| block.variants.len()).sum();
    let spans: u64 = report.blocks.iter().map(|block| block.to + 1 - block.from).sum();
    summary.count("variants_read", report.passed.read).count("variants_used", used);
    summary.count("blocks", report.blocks.len()).count("variants_in_blocks", within);
    summary.count("bases_in_blocks", spans);
    summary.headline = "{blocks} blocks hold {variants_in_blocks} of {variants_used} variants \
                        ({variants_in_blocks/variants_used})."
        .to_owned();
    let mut sizes = vec![0u64; MOST_VARIANTS + 1];
    report.blocks.iter().for_each(|block| sizes[block.variants.len().min(MOST_VARIANTS)] += 1);
    summary.tables.push(Table {
        name: "sizes".into(),
        title: "Blocks by number of variants".into(),
        chart: Chart::Histogram,
        columns: vec!["variants".into(), "blocks".into()],
        rows: sizes.iter().enumerate().skip(2).map(|(size, &n)| vec![size.into(), n.into()]).collect(),
        path: None,
    });
}
