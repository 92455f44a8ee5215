//! `landrace diversity groups`: heterozygosity, alleles and differentiation of groups.

use std::path::PathBuf;

use landrace_genome::file::{self, Output};
use landrace_genome::length::{format_bases, parse_bases};
use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;
use landrace_germplasm::diversity::permute::{self, Permutations};
use landrace_germplasm::diversity::{
    Bootstrap, Diversity, Sinks, amova_rows, measure, rarefy, write_amova, write_groups, write_pairs,
};

use super::{chosen, pictures};
use crate::cli::Session;
use crate::{genotypes, output};

/// He, Ho, F, PIC, allelic richness, private alleles, pairwise Fst and AMOVA of groups of samples
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  landrace diversity groups cattle.tsv --by breed --within country -o cattle\n  \
    landrace diversity groups panel.bcf --groups passports.tsv --by country -o panel\n\n\
    Writes <output>.groups.tsv, <output>.markers.tsv and <output>.summary.json; with --by also <output>.fst.tsv (pairs \
    of groups), <output>.private.tsv (alleles that one group alone has) and <output>.amova.tsv.\n\n\
    Columns: ho, the chance that two gene copies of one sample differ (for diploids the share of heterozygotes); he, \
    1 - sum p²; uhe, the same for small samples (Nei 1978); hs, the chance that copies of two samples differ, unbiased \
    also among inbred lines (Nei and Chesser 1983); f, 1 - ho / hs. Means are over the loci, F and Fst are ratios of \
    sums. hudson is the Fst of Hudson as Bhatia et al. (2013) have it, weir_cockerham theta of 1984. Intervals are 95% \
    percentiles of a bootstrap over stretches of the genome, or over loci where they have no places. \
    Allelic richness counts the alleles expected among as many gene copies of every group (El Mousadik and Petit \
    1996), private richness those that no other group would show (Kalinowski 2004). AMOVA sums the components of \
    the loci; its p-values count missing calls as the mean."
)]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// What the names of the tables begin with
    #[arg(short, long, value_name = "PREFIX")]
    output: PathBuf,
    #[command(flatten)]
    groups: chosen::Flags,
    /// Rarefy alleles to this number of gene copies; 0 for not at all. Without it, to what 95 in 100 loci have in
    /// every group. The genotypes are read twice for it
    #[arg(long, value_name = "COPIES")]
    rarefy: Option<u32>,
    /// Replicates of the bootstrap; 0 for no intervals
    #[arg(long, value_name = "N", default_value_t = 1000)]
    bootstrap: usize,
    /// Stretch of the genome that the bootstrap draws as a whole
    #[arg(long, value_name = "LENGTH", default_value = "5Mb", value_parser = length)]
    stretch: u64,
    /// Permutations of AMOVA's test; 0 for none. It holds the products of all pairs of samples
    #[arg(long, value_name = "N", default_value_t = 999)]
    permutations: usize,
    /// Where the random draws start
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
}

/// A length in bases, above 0.
pub(super) fn length(text: &str) -> Result<u64, String> {
    let found = parse_bases(text).filter(|&bases| bases > 0);
    found.ok_or_else(|| "write a length such as 50kb, 1.5Mb or 20000".to_owned())
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let chosen::Chosen { grouping, table } = args.groups.read(source.header(), session)?;
    let has_pairs = grouping.len() > 1;
    let create = |suffix: &str| file::create(file::beside(&args.output, suffix));
    let mut markers = create(".markers.tsv")?;
    let mut private = create(".private.tsv")?;
    let bar = genotypes::follow(session, "diversity", source.as_ref());
    let bootstrap = Bootstrap { stretch: args.stretch, replicates: args.bootstrap, seed: args.seed };
    let sinks = Sinks { markers: &mut markers, private: &mut private };
    let mut diversity = measure(source.as_mut(), &grouping, &bootstrap, sinks)?;
    drop(bar);
    let mut summary = Summary::new("diversity groups", &session.command_line);
    summary.inputs = source.digests();
    summary.inputs.extend(table);
    count_alleles(args, &mut diversity, session)?;
    let p = test(args, &diversity)?;
    let amova = amova_rows(&diversity, args.groups.levels(), p);
    pictures::describe(&mut summary, &diversity, &amova, args.groups.levels().0);
    let mut groups = create(".groups.tsv")?;
    write_groups(&diversity, &mut groups)?;
    let mut files: Vec<Output> = vec![markers];
    if has_pairs {
        let mut pairs = create(".fst.tsv")?;
        write_pairs(&diversity, &mut pairs)?;
        let mut levels = create(".amova.tsv")?;
        write_amova(&amova, &mut levels)?;
        files.extend([private, pairs, levels]);
    }
    files.push(groups);
    output::publish(&args.output, &summary, files)?;
    tell(args, &diversity, session);
    Ok(())
}

/// Rarefied numbers of alleles, for which the genotypes are read once more.
fn count_alleles(args: &Args, diversity: &mut Diversity, session: &Session) -> anyhow::Result<()> {
    let copies = match args.rarefy {
        Some(0) => return Ok(()),
        Some(copies) => Some(copies),
        None => diversity.copies_to_rarefy_to(),
    };
    let Some(copies) = copies else {
        session.progress.note(
            "alleles are not rarefied: a group has fewer than two gene copies at more than 5 in 100 loci",
        );
        return Ok(());
    };
    rarefy(args.input.open(Wanted::default())?.as_mut(), diversity, copies)?;
    if let Some((_, own)) = &diversity.rarefied {
        session.progress.note(&format!(
            "alleles are counted among {copies} gene copies of each group, over {} of {} loci",
            own.loci, diversity.sums.loci
        ));
    }
    Ok(())
}

/// The p-values of AMOVA, for which the genotypes are read once more.
fn test(args: &Args, diversity: &Diversity) -> anyhow::Result<[Option<f64>; 2]> {
    let varies = diversity.sums.groups.last().is_some_and(|all| all.polymorphic > 0);
    if args.permutations == 0 || diversity.sums.components.loci == 0 || !varies {
        return Ok([None; 2]);
    }
    let permutations = Permutations { count: args.permutations, seed: args.seed };
    let mut source = args.input.open(Wanted::default())?;
    Ok(permute::test(source.as_mut(), &diversity.grouping, permutations)?)
}

fn tell(args: &Args, diversity: &Diversity, session: &Session) {
    let sums = &diversity.sums;
    session.progress.note(&format!(
        "{} loci of {} samples in {} groups",
        sums.loci,
        diversity.sizes.last().copied().unwrap_or(0),
        diversity.grouping.len()
    ));
    if sums.collapsed > 0 {
        session.progress.note(&format!(
            "{} loci of several alternate alleles count as reference against all others: the file does not tell them \
             apart",
            sums.collapsed
        ));
    }
    if args.bootstrap > 0 {
        let kind = match sums.unplaced {
            0 => format!("stretches of up to {}", format_bases(args.stretch)),
            n if n == sums.loci => "loci, which have no places".to_owned(),
            n => format!("stretches of up to {} and {n} loci without a place", format_bases(args.stretch)),
        };
        let warning = match diversity.stretches {
            0..20 if sums.unplaced == sums.loci => "; that is few: the intervals are rough",
            0..20 => "; that is few: the intervals are rough (a smaller --stretch gives more)",
            _ => "",
        };
        session.progress.note(&format!("intervals from {} units: {kind}{warning}", diversity.stretches));
    }
    for (name, &size) in diversity.grouping.names.iter().zip(&diversity.sizes) {
        if size == 1 && diversity.grouping.len() > 1 {
            session.progress.note(&format!("group '{name}' is one sample: its hs and F are not known"));
        }
    }
}
