//! The tables of diversity, one line a group, pair, locus, private allele or level.

use std::io::Write;

use landrace_genotypes::digits::{push_count, push_six};
use landrace_genotypes::{GenotypeBlock, GenotypeError};

use super::counts::LocusCalls;
use super::fold::{GroupSums, Measured};
use super::grouping::Grouping;
use super::pairs::ratio;
use super::stretches::Interval;
use super::variance::Components;
use super::{Diversity, Sinks};

/// Columns of the table of groups.
pub const GROUP_COLUMNS: &str = "group\tsamples\tloci\tcall_rate\tpolymorphic\talleles\teffective_alleles\t\
    allelic_richness\tprivate_alleles\tprivate_richness\tshannon\tho\the\tuhe\tuhe_low\tuhe_high\ths\tf\tf_low\tf_high\t\
    pic";

const PAIR_COLUMNS: &str = "group_1\tgroup_2\tloci\thudson\thudson_low\thudson_high\tweir_cockerham\t\
    weir_cockerham_low\tweir_cockerham_high\tdxy_per_locus\tnei_distance";

const MARKER_COLUMNS: &str = "contig\tposition\tid\talleles\tsamples\tcopies\tmajor_frequency\tho\the\tuhe\ths\tf\t\
    shannon\tpic\tfst";

const PRIVATE_COLUMNS: &str = "contig\tposition\tid\tallele\tgroup\tcopies\tfrequency";

/// The heads of the tables that the pass writes.
pub(super) fn write_heads(sinks: &mut Sinks<'_>) -> Result<(), GenotypeError> {
    writeln!(sinks.markers, "{MARKER_COLUMNS}")?;
    Ok(writeln!(sinks.private, "{PRIVATE_COLUMNS}")?)
}

fn put_place((block, row): (&GenotypeBlock, usize), out: &mut Vec<u8>) {
    let site = &block.sites[row];
    out.extend_from_slice(block.contig.as_bytes());
    out.push(b'\t');
    push_count(site.position.map_or(0, landrace_genome::Position::get), out);
    out.push(b'\t');
    out.extend_from_slice(if site.id.is_empty() { b"." } else { site.id.as_bytes() });
}

fn put_value(value: Option<f64>, out: &mut Vec<u8>) {
    out.push(b'\t');
    match value {
        // A zero of rounding has no sign.
        Some(value) => push_six(if value == 0.0 { 0.0 } else { value }, out),
        None => out.extend_from_slice(b"NA"),
    }
}

/// A line of the table of loci: all groups together.
pub(super) fn put_marker(
    place: (&GenotypeBlock, usize),
    (locus, own): Measured<'_>,
    components: Option<&Components>,
    out: &mut Vec<u8>,
) {
    let last = own.len() - 1;
    let all = &own[last];
    put_place(place, out);
    for count in [all.alleles, locus.groups[last].samples, all.copies] {
        out.push(b'\t');
        push_count(u64::from(count), out);
    }
    let most = locus.alleles(last).iter().copied().max().unwrap_or(0);
    let inbreeding = all
        .observed
        .zip(all.between)
        .and_then(|(seen, expected)| ratio(seen, expected))
        .map(|share| 1.0 - share);
    let differentiation =
        components.and_then(|own| ratio(own.sigma[0] + own.sigma[1], own.sigma.iter().sum()));
    for value in [
        ratio(f64::from(most), f64::from(all.copies)),
        all.observed,
        all.expected,
        all.unbiased,
        all.between,
        inbreeding,
        all.shannon,
        all.information,
        differentiation,
    ] {
        put_value(value, out);
    }
    out.push(b'\n');
}

/// A line for each allele that one group alone has, and the group's count of them.
pub(super) fn put_private(
    place: (&GenotypeBlock, usize),
    locus: &LocusCalls<'_>,
    grouping: &Grouping,
    (out, sums): (&mut Vec<u8>, &mut [GroupSums]),
) {
    let groups = grouping.len();
    if groups < 2 {
        return;
    }
    for allele in 0..locus.width() {
        let mut owners = (0..groups).filter(|&group| locus.alleles(group)[allele] > 0);
        let (Some(group), None) = (owners.next(), owners.next()) else { continue };
        sums[group].private += 1;
        put_place(place, out);
        out.push(b'\t');
        let (block, row) = place;
        let name = block.sites[row].allele(allele).filter(|_| block.sites[row].alleles() <= locus.width());
        out.extend_from_slice(name.unwrap_or(".").as_bytes());
        out.push(b'\t');
        out.extend_from_slice(grouping.names[group].as_bytes());
        out.push(b'\t');
        let copies = locus.alleles(group)[allele];
        push_count(u64::from(copies), out);
        put_value(ratio(f64::from(copies), f64::from(locus.groups[group].copies)), out);
        out.push(b'\n');
    }
}

fn push_interval(interval: Interval, out: &mut Vec<u8>) {
    put_value(interval.map(|ends| ends.0), out);
    put_value(interval.map(|ends| ends.1), out);
}

/// Writes the table of groups; where there are several, all together come last.
///
/// # Errors
/// Returns the writer's error.
pub fn write_groups(diversity: &Diversity, out: &mut dyn Write) -> Result<(), GenotypeError> {
    writeln!(out, "{GROUP_COLUMNS}")?;
    for group in diversity.rows() {
        let mut line = diversity.name(group).as_bytes().to_vec();
        let sums = &diversity.sums.groups[group];
        for count in [diversity.sizes[group] as u64, sums.loci] {
            line.push(b'\t');
            push_count(count, &mut line);
        }
        let loci = sums.loci as f64;
        let mean = |sum: f64| ratio(sum, loci);
        let mean_of = |(sum, count): (f64, u64)| ratio(sum, count as f64);
        let calls = loci * diversity.sizes[group] as f64;
        let is_single = group < diversity.grouping.len() && diversity.grouping.len() > 1;
        let private = is_single.then_some(sums.private as f64);
        for value in [
            ratio(sums.calls as f64, calls),
            mean(sums.polymorphic as f64),
            mean(sums.alleles as f64),
            mean(sums.effective),
            diversity.richness(group),
            private,
            diversity.private_richness(group),
            mean(sums.shannon),
            mean_of(sums.observed),
            mean(sums.expected),
            mean_of(sums.unbiased),
        ] {
            put_value(value, &mut line);
        }
        push_interval(diversity.within[group][0], &mut line);
        put_value(mean_of(sums.between), &mut line);
        put_value(diversity.inbreeding(group), &mut line);
        push_interval(diversity.within[group][1], &mut line);
        put_value(mean(sums.information), &mut line);
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

impl Diversity {
    /// Groups that have a line of their own: with several, all together is the last.
    pub fn rows(&self) -> std::ops::Range<usize> {
        0..self.grouping.len() + usize::from(self.grouping.len() > 1)
    }

    /// The name of a group.
    pub fn name(&self, group: usize) -> &str {
        self.grouping.names.get(group).map_or("(all)", String::as_str)
    }

    /// Alleles a locus expected in a sample of one size; `None` before [`super::rarefy`].
    pub fn richness(&self, group: usize) -> Option<f64> {
        let (_, own) = self.rarefied.as_ref()?;
        ratio(own.richness[group], own.loci as f64)
    }

    /// Alleles a locus expected in the group's sample and in no other group's.
    pub fn private_richness(&self, group: usize) -> Option<f64> {
        let (_, own) = self.rarefied.as_ref().filter(|_| self.grouping.len() > 1)?;
        ratio(*own.private.get(group)?, own.loci as f64)
    }
}

/// Writes the table of pairs of groups.
///
/// # Errors
/// Returns the writer's error.
pub fn write_pairs(diversity: &Diversity, out: &mut dyn Write) -> Result<(), GenotypeError> {
    writeln!(out, "{PAIR_COLUMNS}")?;
    for ((&(first, second), sums), intervals) in
        diversity.pairs.iter().zip(&diversity.sums.pairs).zip(&diversity.between)
    {
        let names = &diversity.grouping.names;
        let mut line = format!("{}\t{}\t{}", names[first], names[second], sums.loci).into_bytes();
        put_value(sums.hudson_fst(), &mut line);
        push_interval(intervals[0], &mut line);
        put_value(sums.weir_cockerham(), &mut line);
        push_interval(intervals[1], &mut line);
        put_value(ratio(sums.between, sums.loci as f64), &mut line);
        put_value(sums.nei_distance(), &mut line);
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// A level of the analysis of molecular variance.
#[derive(Clone, Debug, PartialEq)]
pub struct AmovaRow {
    /// What varies.
    pub source: String,
    /// Degrees of freedom, the mean over the loci.
    pub freedom: f64,
    /// Sum of squares, over the loci.
    pub squares: f64,
    /// Component of variance, over the loci.
    pub sigma: f64,
    /// Its share of the total, in percent.
    pub percent: Option<f64>,
    /// Name and value of the fixation index.
    pub index: (&'static str, Option<f64>),
    /// Share of permutations that give as much.
    pub p: Option<f64>,
}

/// The levels of the analysis, from the top; `by` and `within` name the columns of groups and regions, `p` holds those of
/// regions and of groups. None with fewer than two groups, or if no locus suffices.
pub fn amova_rows(diversity: &Diversity, (by, within): (&str, &str), p: [Option<f64>; 2]) -> Vec<AmovaRow> {
    let own = &diversity.sums.components;
    if own.loci == 0 {
        return Vec::new();
    }
    let has_regions = !diversity.grouping.region_of.is_empty();
    let has_within = own.freedom[3] > 0.0;
    let of_groups = if has_regions { format!("among {by} within {within}") } else { format!("among {by}") };
    let sources = [
        format!("among {within}"),
        of_groups,
        format!("among samples within {by}"),
        "within samples".to_owned(),
    ];
    let from = |level: usize| own.sigma[level..].iter().sum::<f64>();
    let total = from(0);
    let whole = ("F_IT", ratio(total - own.sigma[3], total));
    let indices = [
        ("F_CT", ratio(own.sigma[0], total)),
        (if has_regions { "F_SC" } else { "F_ST" }, ratio(own.sigma[1], from(1))),
        if has_within { ("F_IS", ratio(own.sigma[2], from(2))) } else { ("", None) },
        whole,
    ];
    let levels = usize::from(!has_regions)..if has_within { 4 } else { 3 };
    let row = |level: usize| AmovaRow {
        source: sources[level].clone(),
        freedom: own.freedom[level] / own.loci as f64,
        squares: own.squares[level],
        sigma: own.sigma[level],
        percent: ratio(100.0 * own.sigma[level], total),
        index: indices[level],
        p: p.get(level).copied().flatten(),
    };
    levels.map(row).collect()
}

/// Writes the analysis of molecular variance.
///
/// # Errors
/// Returns the writer's error.
pub fn write_amova(rows: &[AmovaRow], out: &mut dyn Write) -> Result<(), GenotypeError> {
    writeln!(out, "source\tdf\tsum_of_squares\tvariance\tpercent\tindex\tvalue\tp")?;
    for row in rows {
        let mut line = row.source.clone().into_bytes();
        for value in [Some(row.freedom), Some(row.squares), Some(row.sigma), row.percent] {
            put_value(value, &mut line);
        }
        line.push(b'\t');
        line.extend_from_slice(if row.index.0.is_empty() { b"." } else { row.index.0.as_bytes() });
        put_value(row.index.1, &mut line);
        put_value(row.p, &mut line);
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}
