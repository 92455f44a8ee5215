//! `landrace diversity windows`: π and Tajima's D along the genome.

use std::path::PathBuf;

use anyhow::bail;
use landrace_genome::file;
use landrace_genome::length::format_bases;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::Wanted;
use landrace_germplasm::diversity::accessible::Accessible;
use landrace_germplasm::diversity::windows::{
    Window, WindowAccount, WindowOptions, WindowSinks, write_windows,
};
use landrace_germplasm::diversity::{Grouping, ratio};

use super::chosen;
use super::groups::length;
use crate::cli::Session;
use crate::genotypes::{self, rounded};
use crate::output;

/// Windows that pictures hold, at most; then every other one, and so on.
const SHOWN: usize = 5000;

/// Nucleotide diversity, Watterson's theta and Tajima's D in windows, and how groups differ there
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace diversity windows wild.bcf --groups sheet.tsv --by population --window 100kb \
    --accessible callable.bed -o windows.tsv\n\n\
    Writes a line a window and group; with --pairs also <output>.pairs.tsv with d_xy and Hudson's Fst. SNPs of two \
    alleles count. pi and theta are a base: of the accessible bases if --accessible says them, else of all bases of \
    the window, as if every other base had been seen and did not vary. They hold for sequenced samples: SNP chips \
    carry chosen SNPs, and tell of the choice. Where calls are missing, each site counts by its own number of gene \
    copies."
)]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The windows (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    groups: chosen::Flags,
    /// Length of a window
    #[arg(long, value_name = "LENGTH", default_value = "100kb", value_parser = length)]
    window: u64,
    /// From the start of one window to that of the next; the window without it
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    step: Option<u64>,
    /// Stretches in which variants would have been seen (BED); SNPs elsewhere are left out
    #[arg(long, value_name = "BED")]
    accessible: Option<PathBuf>,
    /// Also pairs of groups
    #[arg(long, requires = "by")]
    pairs: bool,
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let step = args.step.unwrap_or(args.window);
    if step > args.window || !args.window.is_multiple_of(step) {
        bail!(
            "a window of {} is no multiple of a step of {}; give a step that divides the window",
            format_bases(args.window),
            format_bases(step)
        );
    }
    let bed = |path: &PathBuf| -> anyhow::Result<Accessible> {
        Ok(Accessible::parse_bed(&file::read_text(path)?, &path.display().to_string())?)
    };
    let accessible = args.accessible.as_ref().map(bed).transpose()?;
    let options = WindowOptions { window: args.window, step, accessible };
    let mut source = args.input.open(Wanted::default())?;
    let chosen::Chosen { grouping, table } = args.groups.read(source.header(), session)?;
    let mut out = file::create(&args.output)?;
    let mut pairs = args.pairs.then(|| file::create(file::beside(&args.output, ".pairs.tsv"))).transpose()?;
    let mut picture = Picture::new(grouping.len());
    let bar = genotypes::follow(session, "diversity windows", source.as_ref());
    let sinks = WindowSinks {
        windows: &mut out,
        pairs: pairs.as_mut().map(|file| file as &mut dyn std::io::Write),
        seen: &mut |window| picture.add(window),
    };
    let account = write_windows(source.as_mut(), &grouping, &options, sinks)?;
    drop(bar);
    let mut summary = Summary::new("diversity windows", &session.command_line);
    summary.inputs = source.digests();
    summary.inputs.extend(table);
    describe(&mut summary, &account, &grouping);
    summary.tables.extend(picture.tables(&grouping));
    output::publish(&args.output, &summary, pairs.into_iter().chain([out]).collect())?;
    tell(&account, session);
    Ok(())
}

fn tell(account: &WindowAccount, session: &Session) {
    let WindowAccount { read, unplaced, inaccessible, other, windows, bases, .. } = account;
    session.progress.note(&format!(
        "{windows} windows over {:.1} Mb; of {read} variants {other} are no SNPs of two alleles, {unplaced} have no \
         place, {inaccessible} lie outside the accessible stretches",
        *bases as f64 / 1e6
    ));
    let most = account.groups.iter().map(|own| own.segregating).max().unwrap_or(0);
    if most > 0 && bases / most > 2000 {
        session.progress.note(&format!(
            "one SNP in {} bases: if these are chosen SNPs (a chip), pi and D tell of the choice, not of the population",
            bases / most
        ));
    }
}

fn describe(summary: &mut Summary, account: &WindowAccount, grouping: &Grouping) {
    summary.count("variants", account.read).count("windows", account.windows).count("bases", account.bases);
    summary.count("variants_without_a_place", account.unplaced);
    summary.count("variants_outside_accessible", account.inaccessible);
    summary.count("variants_of_other_kinds", account.other);
    summary.headline = "{windows} windows over {bases} bases.".to_owned();
    let mut table = Table {
        name: "genome".into(),
        title: "Nucleotide diversity and Tajima's D over the whole genome".into(),
        chart: Chart::Table,
        columns: ["group", "segregating sites", "π [per kb]", "θ (Watterson) [per kb]", "Tajima's D"]
            .map(String::from)
            .to_vec(),
        rows: Vec::new(),
        path: None,
    };
    let per_kb = |sum: f64| ratio(1000.0 * sum, account.bases as f64).map_or_else(Default::default, rounded);
    for (name, own) in grouping.names.iter().zip(&account.groups) {
        let d = own.tajima_d().map_or_else(Default::default, rounded);
        table.rows.push(vec![
            name.as_str().into(),
            own.segregating.into(),
            per_kb(own.differences),
            per_kb(own.watterson),
            d,
        ]);
    }
    summary.tables.push(table);
}

/// The windows of pictures.
struct Picture {
    groups: usize,
    windows: usize,
    every: usize,
    kept: Vec<(usize, Window)>,
}

impl Picture {
    fn new(groups: usize) -> Self {
        Self { groups, windows: 0, every: 1, kept: Vec::new() }
    }

    /// Takes the windows of all groups in turn.
    fn add(&mut self, window: Window) {
        let index = self.windows / self.groups.max(1);
        self.windows += 1;
        if index.is_multiple_of(self.every) {
            self.kept.push((index, window));
        }
        if self.kept.len() > SHOWN * self.groups && self.windows.is_multiple_of(self.groups) {
            self.every *= 2;
            let every = self.every;
            self.kept.retain(|own| own.0.is_multiple_of(every));
        }
    }

    /// π along the contigs of the first group, and the two measures of all groups by window.
    fn tables(self, grouping: &Grouping) -> Vec<Table> {
        let mut out = Vec::new();
        for (group, name) in grouping.names.iter().enumerate().take(8) {
            let of_group = || self.kept.iter().filter(move |own| own.1.group == group);
            let rows = of_group().filter_map(|(_, own)| {
                Some(vec![own.contig.as_str().into(), own.place.0.into(), rounded(1000.0 * own.pi?)])
            });
            let title = if grouping.len() > 1 {
                format!("Nucleotide diversity along the genome: {name}")
            } else {
                "Nucleotide diversity along the genome".to_owned()
            };
            out.push(Table {
                name: format!("pi-{group}"),
                title,
                chart: Chart::Contigs,
                columns: ["contig", "position", "π [per kb]"].map(String::from).to_vec(),
                rows: rows.collect(),
                path: None,
            });
        }
        out.push(self.histogram(grouping));
        out
    }

    /// Windows by Tajima's D, a line a group.
    fn histogram(&self, grouping: &Grouping) -> Table {
        let groups = grouping.len().min(8);
        let mut counts = vec![vec![0u64; groups]; 33];
        for (_, own) in self.kept.iter().filter(|own| own.1.group < groups) {
            let Some(d) = own.d else { continue };
            // Bins of 0.25 about -4 to 4; what lies beyond is in the last ones.
            let bin = (0..32).take_while(|&bin| d >= -3.875 + 0.25 * f64::from(bin)).count();
            counts[bin][own.group] += 1;
        }
        let row = |(bin, counts): (usize, &Vec<u64>)| {
            let edge = rounded(bin as f64 * 0.25 - 4.0);
            [vec![edge], counts.iter().map(|&count| count.into()).collect()].concat()
        };
        Table {
            name: "tajima-d".into(),
            title: "Windows by Tajima's D".into(),
            chart: Chart::Line,
            columns: [vec!["Tajima's D".to_owned()], grouping.names[..groups].to_vec()].concat(),
            rows: counts.iter().enumerate().map(row).collect(),
            path: None,
        }
    }
}
