//! Nucleotide diversity π, Watterson's θ and Tajima's D in windows along the genome, and how pairs of groups differ there.

use std::io::Write;

use landrace_genotypes::digits::{push_count, push_six};
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, for_each_block};

use super::accessible::Accessible;
use super::counts::{BlockCalls, LocusCalls};
use super::grouping::Grouping;
use super::locus::LocusDiversity;
use super::pairs::ratio;

/// Windows and what they go by.
#[derive(Clone, Debug)]
pub struct WindowOptions {
    /// Bases of a window.
    pub window: u64,
    /// Bases from the start of a window to that of the next; the window is a multiple of it.
    pub step: u64,
    /// Stretches in which every variant would have been seen; `None` for all bases.
    pub accessible: Option<Accessible>,
}

/// Sums of one group in a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SiteSums {
    /// Sites with two gene copies and more.
    pub sites: u64,
    /// Sites with two alleles.
    pub segregating: u64,
    /// Σ of the chance that two copies differ.
    pub differences: f64,
    /// Σ over the segregating sites of 1 / (1 + 1/2 + ... + 1/(n − 1)).
    pub watterson: f64,
    /// Σ of gene copies over the segregating sites.
    pub copies: f64,
}

impl SiteSums {
    fn add(&mut self, other: &Self) {
        self.sites += other.sites;
        self.segregating += other.segregating;
        self.differences += other.differences;
        self.watterson += other.watterson;
        self.copies += other.copies;
    }

    /// Tajima's (1989) D; where calls are missing, n of its variance is the mean over the segregating sites. `None`
    /// without segregating sites or with fewer than four copies.
    pub fn tajima_d(&self) -> Option<f64> {
        let s = self.segregating as f64;
        let n = ratio(self.copies, s)?.round();
        if n < 4.0 {
            return None;
        }
        let count = n as u32;
        let (a1, a2) =
            (1..count).map(f64::from).fold((0.0, 0.0), |(a, b), i| (a + 1.0 / i, b + 1.0 / (i * i)));
        let b1 = (n + 1.0) / (3.0 * (n - 1.0));
        let b2 = 2.0 * (n * n + n + 3.0) / (9.0 * n * (n - 1.0));
        let (c1, c2) = (b1 - 1.0 / a1, b2 - (n + 2.0) / (a1 * n) + a2 / (a1 * a1));
        let (e1, e2) = (c1 / a1, c2 / (a1 * a1 + a2));
        ratio(self.differences - self.watterson, (e1 * s + e2 * s * (s - 1.0)).sqrt())
    }
}

/// Sums of a pair of groups in a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct PairSites {
    between: f64,
    hudson: f64,
}

/// A stretch of one step.
#[derive(Clone, Debug, Default)]
struct Bin {
    groups: Vec<SiteSums>,
    pairs: Vec<PairSites>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowAccount {
    /// Variants read.
    pub read: u64,
    /// Variants left out: without a place, outside the accessible stretches, and those that are no SNPs of two alleles.
    pub unplaced: u64,
    /// Outside the accessible stretches.
    pub inaccessible: u64,
    /// No SNPs of two alleles.
    pub other: u64,
    /// Windows written.
    pub windows: u64,
    /// Bases of the contigs that count.
    pub bases: u64,
    /// Of each group over the whole genome.
    pub groups: Vec<SiteSums>,
}

/// A window of a group: contig, start, end, accessible bases, π a base, Tajima's D.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Index of the group.
    pub group: usize,
    /// Name of the contig.
    pub contig: String,
    /// First and last base.
    pub place: (u64, u64),
    /// Differences a base.
    pub pi: Option<f64>,
    /// Tajima's D.
    pub d: Option<f64>,
}

/// Where windows go.
pub struct WindowSinks<'a> {
    /// A line a window and group.
    pub windows: &'a mut dyn Write,
    /// A line a window and pair of groups, if wanted.
    pub pairs: Option<&'a mut dyn Write>,
    /// What pictures are made of.
    pub seen: &'a mut dyn FnMut(Window),
}

/// Sums of a block by step.
struct Part {
    contig: std::sync::Arc<str>,
    bins: Vec<(usize, Bin)>,
    account: WindowAccount,
    last: u64,
}

/// Writes windows of every contig, in the file's order. Memory: the sums of one contig's windows.
///
/// # Errors
/// Returns an error if the source or a sink fails, if no variant has a place, or if a contig comes twice.
pub fn write_windows(
    source: &mut dyn GenotypeSource,
    grouping: &Grouping,
    options: &WindowOptions,
    mut sinks: WindowSinks<'_>,
) -> Result<WindowAccount, GenotypeError> {
    writeln!(
        sinks.windows,
        "contig\tstart\tend\tgroup\taccessible\tsites\tsegregating\tpi\twatterson_theta\ttajima_d"
    )?;
    if let Some(pairs) = sinks.pairs.as_mut() {
        writeln!(pairs, "contig\tstart\tend\tgroup_1\tgroup_2\tdxy\thudson_fst")?;
    }
    let lengths: Vec<(String, u64)> =
        source.header().contigs.iter().map(|(_, contig)| (contig.name.clone(), contig.length)).collect();
    let length_of = |name: &str| lengths.iter().find(|contig| contig.0 == name).map_or(0, |contig| contig.1);
    let mut account =
        WindowAccount { groups: vec![SiteSums::default(); grouping.len()], ..Default::default() };
    let mut open: Option<Contig> = None;
    let mut done: Vec<String> = Vec::new();
    let pairs = if sinks.pairs.is_some() { grouping.pairs() } else { Vec::new() };
    let plan = Plan { grouping, options, pairs };
    for_each_block(
        source,
        |block| Ok(plan.part(&block)),
        |part| {
            account.read += part.account.read;
            account.unplaced += part.account.unplaced;
            account.inaccessible += part.account.inaccessible;
            account.other += part.account.other;
            if part.last == 0 {
                return Ok(());
            }
            if open.as_ref().is_none_or(|own| own.name != *part.contig) {
                if let Some(own) = open.take() {
                    plan.close(&own, &mut sinks, &mut account)?;
                    done.push(own.name);
                }
                if done.contains(&part.contig.to_string()) {
                    let message = format!("contig '{}' comes twice; sort the variants by place", part.contig);
                    return Err(GenotypeError::Request(message));
                }
                let length = length_of(&part.contig);
                open = Some(Contig { name: part.contig.to_string(), length, bins: Vec::new() });
            }
            if let Some(own) = open.as_mut() {
                own.length = own.length.max(part.last);
                part.bins.into_iter().for_each(|(index, bin)| plan.add(own, index, bin));
            }
            Ok(())
        },
    )?;
    if let Some(own) = open.take() {
        plan.close(&own, &mut sinks, &mut account)?;
        done.push(own.name);
    }
    if done.is_empty() {
        let message = "no variant has a place, and windows lie along the genome; give places with --map";
        return Err(GenotypeError::Request(message.to_owned()));
    }
    Ok(account)
}

/// The contig that is being read.
struct Contig {
    name: String,
    length: u64,
    bins: Vec<Bin>,
}

struct Plan<'a> {
    grouping: &'a Grouping,
    options: &'a WindowOptions,
    pairs: Vec<(usize, usize)>,
}

impl Plan<'_> {
    fn bin(&self) -> Bin {
        Bin {
            groups: vec![SiteSums::default(); self.grouping.len()],
            pairs: vec![PairSites::default(); self.pairs.len()],
        }
    }

    fn part(&self, block: &GenotypeBlock) -> Part {
        let calls = BlockCalls::of(block, self.grouping);
        let mut out = Part {
            contig: block.contig.clone(),
            bins: Vec::new(),
            account: WindowAccount::default(),
            last: 0,
        };
        for row in 0..block.rows() {
            let site = &block.sites[row];
            out.account.read += 1;
            let Some(position) = site.position.filter(|_| &*block.contig != "0") else {
                out.account.unplaced += 1;
                continue;
            };
            let position = position.get();
            out.last = out.last.max(position);
            let is_single = site.alternates.is_empty() && site.reference.len() == 1;
            if !(is_single || site.is_snp() && site.alleles() == 2) {
                out.account.other += 1;
                continue;
            }
            let accessible = self.options.accessible.as_ref();
            if accessible.is_some_and(|own| !own.holds(&block.contig, position)) {
                out.account.inaccessible += 1;
                continue;
            }
            let index = ((position - 1) / self.options.step) as usize;
            if out.bins.last().is_none_or(|last| last.0 != index) {
                out.bins.push((index, self.bin()));
            }
            if let Some((_, bin)) = out.bins.last_mut() {
                self.add_site(&calls.locus(row), bin);
            }
        }
        out
    }

    fn add_site(&self, locus: &LocusCalls<'_>, bin: &mut Bin) {
        for (group, own) in bin.groups.iter_mut().enumerate() {
            let measured = LocusDiversity::of(locus, group);
            let Some(unbiased) = measured.unbiased else { continue };
            own.sites += 1;
            own.differences += unbiased;
            if measured.alleles > 1 {
                let n = measured.copies;
                own.segregating += 1;
                own.watterson += 1.0 / (1..n).map(|i| 1.0 / f64::from(i)).sum::<f64>();
                own.copies += f64::from(n);
            }
        }
        for (&(first, second), own) in self.pairs.iter().zip(&mut bin.pairs) {
            let share = |group: usize| {
                let all = f64::from(locus.groups[group].copies);
                ratio(f64::from(locus.alleles(group)[0]), all)
            };
            let within = |group: usize| LocusDiversity::of(locus, group).unbiased;
            let known = (share(first), share(second), within(first), within(second));
            let (Some(p), Some(q), Some(a), Some(b)) = known else { continue };
            let between = p * (1.0 - q) + q * (1.0 - p);
            own.between += between;
            own.hudson += between - (a + b) / 2.0;
        }
    }

    fn add(&self, contig: &mut Contig, index: usize, bin: Bin) {
        if contig.bins.len() <= index {
            contig.bins.resize_with(index + 1, || self.bin());
        }
        add_bin(&mut contig.bins[index], &bin);
    }

    fn close(
        &self,
        contig: &Contig,
        sinks: &mut WindowSinks<'_>,
        account: &mut WindowAccount,
    ) -> Result<(), GenotypeError> {
        let (step, window) = (self.options.step, self.options.window);
        account.bases += self.bases(contig, 1, contig.length);
        for bin in &contig.bins {
            account.groups.iter_mut().zip(&bin.groups).for_each(|(own, more)| own.add(more));
        }
        let mut start = 1;
        while start <= contig.length {
            let end = (start + window - 1).min(contig.length);
            let mut sums = self.bin();
            let first = ((start - 1) / step) as usize;
            let bins = contig.bins.iter().skip(first).take((window / step) as usize);
            bins.for_each(|bin| add_bin(&mut sums, bin));
            account.windows += 1;
            self.write(contig, (start, end), &sums, sinks)?;
            if end == contig.length {
                break;
            }
            start += step;
        }
        Ok(())
    }

    fn bases(&self, contig: &Contig, start: u64, end: u64) -> u64 {
        self.options.accessible.as_ref().map_or(end + 1 - start, |own| own.bases(&contig.name, start, end))
    }

    fn write(
        &self,
        contig: &Contig,
        (start, end): (u64, u64),
        sums: &Bin,
        sinks: &mut WindowSinks<'_>,
    ) -> Result<(), GenotypeError> {
        let bases = self.bases(contig, start, end);
        let place = format!("{}\t{start}\t{end}\t", contig.name);
        for (group, own) in sums.groups.iter().enumerate() {
            let mut line = place.clone().into_bytes();
            line.extend_from_slice(self.grouping.names[group].as_bytes());
            for count in [bases, own.sites, own.segregating] {
                line.push(b'\t');
                push_count(count, &mut line);
            }
            let (pi, d) = (ratio(own.differences, bases as f64), own.tajima_d());
            [pi, ratio(own.watterson, bases as f64), d].into_iter().for_each(|value| put(value, &mut line));
            line.push(b'\n');
            sinks.windows.write_all(&line)?;
            (sinks.seen)(Window { group, contig: contig.name.clone(), place: (start, end), pi, d });
        }
        let Some(out) = sinks.pairs.as_mut() else { return Ok(()) };
        for (&(first, second), own) in self.pairs.iter().zip(&sums.pairs) {
            let names = &self.grouping.names;
            let mut line = format!("{place}{}\t{}", names[first], names[second]).into_bytes();
            let values = [ratio(own.between, bases as f64), ratio(own.hudson, own.between)];
            values.into_iter().for_each(|value| put(value, &mut line));
            line.push(b'\n');
            out.write_all(&line)?;
        }
        Ok(())
    }
}

fn put(value: Option<f64>, line: &mut Vec<u8>) {
    line.push(b'\t');
    match value {
        Some(value) => push_six(if value == 0.0 { 0.0 } else { value }, line),
        None => line.extend_from_slice(b"NA"),
    }
}

fn add_bin(own: &mut Bin, other: &Bin) {
    own.groups.iter_mut().zip(&other.groups).for_each(|(own, more)| own.add(more));
    for (own, more) in own.pairs.iter_mut().zip(&other.pairs) {
        own.between += more.between;
        own.hudson += more.hudson;
    }
}
