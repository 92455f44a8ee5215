//! Calling a cohort: tiles in order, worked on in parallel, written in order.

use std::path::Path;
use std::sync::Arc;

use landrace_genome::batch::map_in_order;
use landrace_genome::file::{FileError, Output};
use landrace_genome::variant_file::{Encoder, VariantFormat, VariantWriter};
use landrace_genome::{ContigId, Interval, Reference, Region};
use noodles::vcf;
use rayon::prelude::*;

use crate::alignment_file::ReadCounts;
use crate::cohort::Cohort;
use crate::error::CallError;
use crate::header::header;
use crate::options::CallOptions;
use crate::read::AlignedRead;
use crate::record::record;
use crate::region_set::RegionSet;
use crate::site::Tables;
use crate::stream::{ReadStream, StartWindow};
use crate::tally::Tally;
use crate::tile::{PlacedCall, TileContext, TileReads, call_tile, start_window};

/// What to call and where to.
pub struct CallPlan<'a> {
    /// The reference that the reads are aligned to.
    pub reference: &'a Reference,
    /// Regions; empty for the whole genome.
    pub regions: Vec<Region>,
    /// How.
    pub options: CallOptions,
    /// The file of variants: `.bcf`, `.vcf.gz` or `.vcf`.
    pub output: &'a Path,
    /// The canonical command line, for the header.
    pub command_line: &'a str,
}

/// What calling gave.
pub struct Called {
    /// The files to publish, the data last.
    pub outputs: Vec<Output>,
    /// Counts over the sites.
    pub tally: Tally,
    /// Counts over the reads.
    pub reads: ReadCounts,
}

struct EncodedTile {
    calls: Vec<PlacedCall>,
    contig: ContigId,
    bytes: Vec<u8>,
    /// Where each call's bytes end.
    ends: Vec<usize>,
}

struct Worker {
    encoder: Encoder,
    tables: Tables,
}

/// Calls a cohort and writes the sites, in order. The records do not depend on the regions asked for, except
/// that only those whose POS lies in them are written.
///
/// # Errors
/// Returns an error that names the file and the remedy: a region without an index, a damaged or unsorted BAM,
/// an output that cannot be written.
pub fn call(cohort: Cohort, plan: &CallPlan<'_>) -> Result<Called, CallError> {
    let contigs = plan.reference.contigs();
    let is_whole = plan.regions.is_empty();
    check_indexes(&cohort, is_whole)?;
    let regions = RegionSet::new(if is_whole { contigs.whole() } else { plan.regions.clone() });
    let header =
        header(contigs, cohort.samples.iter().map(|sample| sample.name.as_str()), plan.command_line)?;
    let mut writer = VariantWriter::create(plan.output, &header, contigs)?;
    let format = VariantFormat::of_path(plan.output).unwrap_or(VariantFormat::Vcf);
    let ploidies: Vec<Vec<u8>> = contigs.iter().map(|(_, contig)| cohort.ploidies_on(&contig.name)).collect();
    let mut tally = Tally::new(cohort.samples.len());
    let samples = cohort.samples.len();
    let limit = plan.options.reads_a_bin(samples);
    let mut streams: Vec<ReadStream> =
        cohort.files.into_iter().map(|file| ReadStream::new(file, limit)).collect();
    let tiles = regions
        .tiles(contigs)
        .filter_map(|(contig, number)| load(&mut streams, contig, number, samples).transpose());
    let new_worker =
        || Encoder::new(format, &header).map(|encoder| Worker { encoder, tables: Tables::default() }).ok();
    let work = |worker: &mut Option<Worker>, tile: TileReads| -> Result<EncodedTile, CallError> {
        let worker = worker.as_mut().ok_or_else(|| CallError::Samples("cannot encode records".to_owned()))?;
        let context = TileContext {
            reference: plan.reference,
            options: &plan.options,
            ploidies: &ploidies[tile.contig.index()],
        };
        let mut calls = call_tile(&tile, &context, &mut worker.tables);
        calls.retain(|call| regions.contains(tile.contig, call.position));
        encode(worker, &header, calls, &context, tile.contig)
            .map_err(|error| FileError::new(plan.output, &error).into())
    };
    map_in_order(tiles, new_worker, work, |tile| {
        let mut start = 0;
        for (call, &end) in tile.calls.iter().zip(&tile.ends) {
            tally.add(call);
            let interval = Interval::new(call.position, call.position + call.reference.len() as u64);
            writer.write_encoded(tile.contig, interval, &tile.bytes[start..end])?;
            start = end;
        }
        Ok(())
    })?;
    let reads =
        streams.iter().map(|stream| stream.file().counts).fold(ReadCounts::default(), ReadCounts::plus);
    Ok(Called { outputs: writer.finish()?, tally, reads })
}

fn check_indexes(cohort: &Cohort, is_whole: bool) -> Result<(), CallError> {
    for file in cohort.files.iter().filter(|file| !file.is_indexed()) {
        if !is_whole {
            let message = "has no index, which calling a region needs; make one with 'samtools index -c'";
            return Err(CallError::alignments(file.path(), message));
        }
        if !file.is_in_order() {
            let message =
                "has its contigs in another order than the reference; index it with 'samtools index -c'";
            return Err(CallError::alignments(file.path(), message));
        }
    }
    Ok(())
}

/// The reads near a tile; `None` if there is none.
fn load(
    streams: &mut [ReadStream],
    contig: ContigId,
    number: u64,
    samples: usize,
) -> Result<Option<TileReads>, CallError> {
    let window: StartWindow = start_window(contig, number);
    match &mut *streams {
        [one] => one.advance(window)?,
        many => many.par_iter_mut().try_for_each(|stream| stream.advance(window))?,
    }
    if streams.iter().all(|stream| stream.reads().next().is_none()) {
        return Ok(None);
    }
    let mut tile = TileReads { contig, number, samples: vec![Vec::new(); samples] };
    let mut is_mixed = vec![0usize; samples];
    for stream in streams.iter() {
        let mut touched = vec![false; samples];
        for read in stream.reads() {
            let sample = read.sample.index();
            tile.samples[sample].push(Arc::clone(read));
            touched[sample] = true;
        }
        is_mixed.iter_mut().zip(touched).for_each(|(files, touched)| *files += usize::from(touched));
    }
    for (reads, files) in tile.samples.iter_mut().zip(is_mixed) {
        if files > 1 {
            reads.sort_by_key(|read: &Arc<AlignedRead>| read.order());
        }
    }
    Ok(Some(tile))
}

fn encode(
    worker: &mut Worker,
    header: &vcf::Header,
    calls: Vec<PlacedCall>,
    context: &TileContext<'_>,
    contig: ContigId,
) -> std::io::Result<EncodedTile> {
    let name = &context.reference.contigs().get(contig).name;
    let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(calls.len()));
    for call in &calls {
        worker.encoder.encode(header, &record(call, name, context.ploidies), &mut bytes)?;
        ends.push(bytes.len());
    }
    Ok(EncodedTile { calls, contig, bytes, ends })
}
