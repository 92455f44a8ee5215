//! The purity of a lot by the genotypes of its seeds, or by the reads of pools.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use landrace_genome::file::{self, Output};
use landrace_genome::nearest::hint;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::format::{self, ReadOptions};
use landrace_genotypes::{GenotypeMatrix, Wanted};
use landrace_germplasm::purity::lot::{LotMarkers, SeedLot};
use landrace_germplasm::purity::pool::{PoolEstimate, PoolOptions};
use landrace_germplasm::purity::seeds::{Class, Profile, ProfileOf, SeedOptions};

use super::{Args, columns_of, counted};
use crate::cli::Session;
use crate::genotypes;

/// A lot as read.
pub(super) struct Lot {
    markers: LotMarkers,
    profile: Profile,
    /// The samples of the lot: all but those that it is compared with.
    samples: Vec<usize>,
}

impl Lot {
    /// Reads the lot and what it is compared with.
    pub(super) fn read(args: &Args, summary: &mut Summary, session: &Session) -> anyhow::Result<Self> {
        let mut source = args.input.open(Wanted { allele_depths: args.pooled, ..Wanted::default() })?;
        let bar = genotypes::follow(session, "seeds", source.as_ref());
        let lot = GenotypeMatrix::from_source(source.as_mut())?;
        drop(bar);
        summary.inputs = source.digests();
        let against = args.against.as_ref().map(|path| read_reference(args, path, summary)).transpose()?;
        let is_one = against.is_none();
        let reference = against.unwrap_or_else(|| lot.clone());
        let of = profile_of(args, reference.samples(), is_one)?;
        let own: Vec<usize> = of.variety.iter().chain(of.parents.iter().flatten()).copied().collect();
        let of_lot = 0..lot.samples().len();
        let samples =
            of_lot.filter(|sample| !(is_one && (own.contains(sample) || of.others.contains(sample))));
        let samples: Vec<usize> = samples.collect();
        anyhow::ensure!(
            !samples.is_empty(),
            "the file holds no sample but those of the variety; add the seeds, or give the variety's with --against"
        );
        let markers = LotMarkers::join(lot, &reference)?;
        let profile = markers.profile(&of)?;
        summary.count("markers", markers.markers()).count("markers_known", profile.known());
        summary.count("markers_of_several_alleles", markers.left_out);
        if markers.left_out > 0 {
            session.progress.note(&format!(
                "{} markers left out: they have several alleles, or samples of unlike numbers of chromosomes",
                markers.left_out
            ));
        }
        Ok(Self { markers, profile, samples })
    }

    fn name(&self, place: usize) -> &str {
        &self.markers.samples()[self.samples[place]]
    }
}

fn read_reference(args: &Args, path: &PathBuf, summary: &mut Summary) -> anyhow::Result<GenotypeMatrix> {
    let own = args.input.options(Wanted::default());
    let options = ReadOptions { map: own.map, ploidy: own.ploidy, ..ReadOptions::default() };
    let mut source = format::open(std::slice::from_ref(path), options)?;
    let matrix = GenotypeMatrix::from_source(source.as_mut())?;
    summary.inputs.extend(source.digests());
    Ok(matrix)
}

/// Whose samples stand for the variety, its parents and what seeds may be mixed with.
fn profile_of(args: &Args, samples: &[String], is_one: bool) -> anyhow::Result<ProfileOf> {
    let find = |names: &Vec<String>| {
        let place = |name: &String| {
            samples.iter().position(|own| own == name).with_context(|| {
                let near = hint(name, samples.iter().map(String::as_str));
                let remedy = match (near.is_empty(), is_one) {
                    (false, _) => near,
                    (true, true) => "; give the file that has it with --against".to_owned(),
                    (true, false) => String::new(),
                };
                format!("'{name}' is not among the {} samples{remedy}", samples.len())
            })
        };
        names.iter().map(place).collect::<anyhow::Result<Vec<usize>>>()
    };
    let (variety, parents) = (find(&args.variety)?, [find(&args.female)?, find(&args.male)?]);
    let is_own = |sample: &usize| variety.contains(sample) || parents.iter().any(|own| own.contains(sample));
    let others = match (args.foreign.is_empty(), is_one) {
        (false, _) => find(&args.foreign)?,
        (true, true) => Vec::new(),
        (true, false) => (0..samples.len()).filter(|sample| !is_own(sample)).collect(),
    };
    Ok(ProfileOf { variety, parents, others, is_known: !args.foreign.is_empty() })
}

/// Single seeds: a line a seed beside the output, and the lot's counts.
pub(super) fn seeds(
    args: &Args,
    lot: &Lot,
    summary: &mut Summary,
) -> anyhow::Result<(SeedLot, Option<Output>)> {
    let options = SeedOptions {
        error: args.error.unwrap_or(SeedOptions::default().error),
        sure: args.level,
        min_markers: args.min_markers.unwrap_or(SeedOptions::default().min_markers),
        ..SeedOptions::default()
    };
    let found = lot.markers.classify(&lot.profile, &lot.samples, &options);
    let own = SeedLot::count(&found, args.confidence)?;
    describe_seeds(&own, found.len(), summary);
    if args.output.as_os_str() == "-" {
        return Ok((own, None));
    }
    let mut out = file::create(file::beside(&args.output, ".seeds.tsv"))?;
    write!(out, "seed\tclass\tcompared\tdifferent")?;
    Class::ALL.iter().try_for_each(|class| write!(out, "\tp_{}", class.name()))?;
    writeln!(out)?;
    for (place, seed) in found.iter().enumerate() {
        let class = seed.class.map_or("undecided", Class::name);
        write!(out, "{}\t{class}\t{}\t{}", lot.name(place), seed.compared, seed.different)?;
        seed.posterior.iter().try_for_each(|own| write!(out, "\t{own:.6}"))?;
        writeln!(out)?;
    }
    Ok((own, Some(out)))
}

fn describe_seeds(own: &SeedLot, seeds: usize, summary: &mut Summary) {
    summary.count("seeds", seeds).count("undecided", own.undecided);
    summary.count("expected_misclassified", genotypes::rounded(own.expected_wrong));
    let rows = Class::ALL.iter().zip(own.classes).map(|(class, n)| (class.name(), n));
    let rows = rows.chain([("undecided", own.undecided)]);
    summary.tables.push(Table {
        name: "classes".into(),
        title: "What the seeds are".into(),
        chart: Chart::Bar,
        columns: ["class", "seeds"].map(str::to_owned).to_vec(),
        rows: rows.map(|(name, n)| vec![name.replace('_', " ").into(), n.into()]).collect(),
        path: None,
    });
}

/// The lot's line.
pub(super) fn write_seed_lot(own: &SeedLot, confidence: f64, out: &mut Output) -> anyhow::Result<()> {
    let (head, line) = columns_of(&own.off_types);
    write!(out, "{head}\tundecided\texpected_misclassified")?;
    Class::ALL.iter().try_for_each(|class| write!(out, "\t{}", class.name()))?;
    write!(out, "\tconfidence\n{line}\t{}\t{:.4}", own.undecided, own.expected_wrong)?;
    own.classes.iter().try_for_each(|count| write!(out, "\t{count}"))?;
    writeln!(out, "\t{confidence}")?;
    Ok(())
}

/// Pools: a line each.
pub(super) fn pools(args: &Args, lot: &Lot) -> anyhow::Result<Vec<(String, PoolEstimate)>> {
    let usual = PoolOptions::default();
    let options = PoolOptions {
        read_error: args.error.unwrap_or(usual.read_error),
        confidence: args.confidence,
        min_sites: args.min_markers.map_or(usual.min_sites, |n| n as usize),
    };
    let one = |(place, &sample): (usize, &usize)| -> anyhow::Result<(String, PoolEstimate)> {
        Ok((lot.name(place).to_owned(), lot.markers.pool(&lot.profile, sample, &options)?))
    };
    lot.samples.iter().enumerate().map(one).collect()
}

/// The pools' lines.
pub(super) fn write_pools(
    found: &[(String, PoolEstimate)],
    confidence: f64,
    out: &mut Output,
) -> anyhow::Result<()> {
    writeln!(out, "pool\tmarkers\treads\tpurity\tlow\thigh\toverdispersion\tread_bias\tconfidence")?;
    for (name, own) in found {
        let [high, low] = own.interval.map(|share| 1.0 - share);
        writeln!(
            out,
            "{name}\t{}\t{}\t{:.6}\t{low:.6}\t{high:.6}\t{:.6}\t{:.4}\t{confidence}",
            own.sites,
            own.reads,
            1.0 - own.share,
            own.overdispersion,
            own.bias
        )?;
    }
    Ok(())
}

/// The summary of pools.
pub(super) fn describe_pools(found: &[(String, PoolEstimate)], summary: &mut Summary) {
    summary.count("pools", found.len());
    let lowest = found.iter().map(|(_, own)| 1.0 - own.share).fold(1.0, f64::min);
    summary.count("lowest_purity", genotypes::rounded(lowest));
    summary.headline =
        "{pools} pools by {markers_known} markers; the lowest purity is {lowest_purity}.".to_owned();
    let row = |(name, own): &(String, PoolEstimate)| {
        let [high, low] = own.interval.map(|share| genotypes::rounded(1.0 - share));
        vec![name.as_str().into(), genotypes::rounded(1.0 - own.share), low, high]
    };
    summary.tables.push(Table {
        name: "pools".into(),
        title: "Purity of the pools".into(),
        chart: Chart::Table,
        columns: ["pool", "purity", "low", "high"].map(str::to_owned).to_vec(),
        rows: found.iter().map(row).collect(),
        path: None,
    });
}

/// A lot of seeds in words.
pub(super) fn sentence(own: &SeedLot) -> String {
    format!("{}; {} undecided", counted(&own.off_types), own.undecided)
}

/// A pool in words.
pub(super) fn of_pool(own: &PoolEstimate) -> String {
    let [high, low] = own.interval.map(|share| 100.0 * (1.0 - share));
    format!(
        "purity {:.2}%, interval {low:.2}% to {high:.2}%, by {} reads at {} markers",
        100.0 * (1.0 - own.share),
        own.reads,
        own.sites
    )
}
