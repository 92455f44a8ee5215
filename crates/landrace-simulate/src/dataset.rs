//! A whole data set as files of one folder.

use std::io::{self, Write};
use std::path::Path;

use landrace_genome::file::{self, FileError, Output};
use landrace_genome::{Interval, batch, bgzf, csi};

use crate::admixture::AdmixedPanel;
use crate::cohort::{Cohort, Observation, SiteRun};
use crate::genome::Genome;
use crate::individual::Individual;
use crate::population::Population;
use crate::random::derive;
use crate::reads::{
    AmpliconPanel, LibraryLayout, ReadOptions, ReadsError, Sequencer, SimulatedPair, SimulatedRead,
};
use crate::traits::{SimulatedTrait, write_loci, write_values};

/// Compression level of reads and variants.
const LEVEL: u8 = 6;

/// Why a data set cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The reads cannot be drawn.
    #[error(transparent)]
    Reads(#[from] ReadsError),
}

/// Writes a file through a closure and gives it its name.
fn write_file(path: &Path, write: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<(), FileError> {
    let mut out = file::create(path)?;
    write(&mut out).map_err(|error| FileError::new(path, &error))?;
    out.finish()
}

/// Writes `genome.fa`, `genome.fa.fai` and `repeats.bed`.
///
/// # Errors
/// Returns an error that names the file.
pub fn write_genome(genome: &Genome, folder: &Path) -> Result<(), FileError> {
    write_file(&folder.join("repeats.bed"), |out| genome.write_repeats(out))?;
    write_file(&folder.join("genome.fa.fai"), |out| genome.write_fai(out))?;
    write_file(&folder.join("genome.fa"), |out| genome.write_fasta(out))
}

/// Writes the truth of a population: `truth.vcf.gz` and its index; for ploidy 1 and 2 `truth.bed`, `.bim` and
/// `.fam`; `pedigree.tsv`, `origins.tsv`; of a gene bank `accessions.tsv`; and with traits `traits.tsv` and `trait_loci.tsv`.
///
/// # Errors
/// Returns an error that names the file.
pub fn write_truth(
    genome: &Genome,
    population: &Population,
    traits: &[SimulatedTrait],
    folder: &Path,
    provenance: &Provenance<'_>,
) -> Result<(), FileError> {
    let cohort = Cohort::new(genome, population);
    let header = cohort.vcf_header(provenance.command_line);
    write_vcf(&cohort, genome, &folder.join("truth.vcf.gz"), &header, |run| cohort.vcf_lines(run))?;
    if cohort.samples().iter().all(|sample| sample.ploidy() <= 2) {
        let phenotypes = traits.first().map(|one| one.phenotypes.as_slice());
        write_plink(&cohort, folder, provenance.cm_per_mb, &cohort.fam(phenotypes))?;
    }
    write_file(&folder.join("pedigree.tsv"), |out| cohort.write_pedigree(out))?;
    write_file(&folder.join("origins.tsv"), |out| cohort.write_origins(out))?;
    if !population.truth.is_empty() {
        write_file(&folder.join("accessions.tsv"), |out| cohort.write_accessions(out))?;
    }
    if !traits.is_empty() {
        write_file(&folder.join("trait_loci.tsv"), |out| write_loci(traits, genome, population, out))?;
        write_file(&folder.join("traits.tsv"), |out| write_values(traits, population, out))?;
    }
    Ok(())
}

/// Writes the true ancestry of an admixed panel: `ancestry.tsv`.
///
/// # Errors
/// Returns an error that names the file.
pub fn write_ancestry(panel: &AdmixedPanel, folder: &Path) -> Result<(), FileError> {
    write_file(&folder.join("ancestry.tsv"), |out| panel.write_shares(out))
}

/// What files say of how they were made.
#[derive(Clone, Copy, Debug)]
pub struct Provenance<'a> {
    /// The canonical command line.
    pub command_line: &'a str,
    /// Recombination rate, for genetic positions.
    pub cm_per_mb: f64,
}

/// Writes the genotypes of a population as a laboratory would report them: `observed.vcf.gz` and its index.
///
/// # Errors
/// Returns an error that names the file.
pub fn write_observed(
    genome: &Genome,
    population: &Population,
    observation: &Observation,
    folder: &Path,
    provenance: &Provenance<'_>,
) -> Result<(), FileError> {
    let cohort = Cohort::new(genome, population);
    let header = cohort.vcf_header(provenance.command_line);
    let path = folder.join("observed.vcf.gz");
    write_vcf(&cohort, genome, &path, &header, |run| cohort.observed_lines(run, observation))
}

fn write_vcf(
    cohort: &Cohort<'_>,
    genome: &Genome,
    path: &Path,
    header: &str,
    lines: impl Fn(&SiteRun) -> Vec<(Interval, String)> + Sync,
) -> Result<(), FileError> {
    let failed = |error: io::Error| FileError::new(path, &error);
    let names = genome.contigs.iter().map(|(_, contig)| contig.name.as_str()).collect();
    let mut index = csi::Builder::new(genome.contigs.len(), genome.contigs.longest())
        .for_vcf(&csi::TextColumns { names });
    let mut out = bgzf::Writer::new(file::create(path)?, LEVEL);
    out.write_all(header.as_bytes()).map_err(failed)?;
    batch::map_in_order(
        cohort.runs().into_iter().map(Ok),
        || (),
        |(), run| Ok((run.contig, lines(&run))),
        |(contig, lines)| {
            for (interval, line) in lines {
                let start = out.offset();
                let bytes = start..start + line.len() as u64;
                index.push(Some((contig.index(), interval)), true, bytes);
                out.write_all(line.as_bytes()).map_err(failed)?;
            }
            Ok(())
        },
    )?;
    let (out, table) = out.finish().map_err(failed)?;
    let index_path = file::beside(path, ".csi");
    let written = index.write(&table, file::create(&index_path)?);
    file::publish(vec![written.map_err(|error| FileError::new(&index_path, &error))?, out])
}

fn write_plink(cohort: &Cohort<'_>, folder: &Path, cm_per_mb: f64, fam: &str) -> Result<(), FileError> {
    let create = |name: &str| file::create(folder.join(name));
    let failed = |name: &'static str| move |error: io::Error| FileError::new(&folder.join(name), &error);
    let (mut bed, mut bim, mut fam_out) = (create("truth.bed")?, create("truth.bim")?, create("truth.fam")?);
    fam_out.write_all(fam.as_bytes()).map_err(failed("truth.fam"))?;
    // The magic number, and one variant after another.
    bed.write_all(&[0x6c, 0x1b, 0x01]).map_err(failed("truth.bed"))?;
    batch::map_in_order(
        cohort.runs().into_iter().map(Ok),
        || (),
        |(), run| Ok(cohort.plink_rows(&run, cm_per_mb)),
        |(rows, lines)| {
            bed.write_all(&rows).map_err(failed("truth.bed"))?;
            bim.write_all(lines.as_bytes()).map_err(failed("truth.bim"))
        },
    )?;
    file::publish(vec![fam_out, bim, bed])
}

/// How the samples are sequenced.
#[derive(Clone, Debug)]
pub struct Sequencing {
    /// The reads of each sample.
    pub reads: ReadOptions,
    /// So many of the first samples are sequenced on two lanes, half of their reads on each.
    pub two_lanes: usize,
    /// The seed.
    pub seed: u64,
}

/// What was sequenced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Pairs, or single reads.
    pub fragments: u64,
    /// Bases.
    pub bases: u64,
    /// Fragments that are PCR copies of another.
    pub duplicates: u64,
}

/// Sequences every sample into `reads/` and writes the sample sheet, `samples.tsv`, last. `on_sample` is called
/// after each sample.
///
/// # Errors
/// Returns an error that names the file, or if the read options make no sense.
pub fn write_reads(
    genome: &Genome,
    population: &Population,
    sequencing: &Sequencing,
    folder: &Path,
    mut on_sample: impl FnMut(),
) -> Result<ReadCounts, DatasetError> {
    file::create_directory(&folder.join("reads"))?;
    if let LibraryLayout::Amplicons(panel) = &sequencing.reads.layout {
        write_file(&folder.join("amplicons.bed"), |out| write_amplicons(panel, genome, out))?;
    }
    let mut sheet = "sample\tfastq_1\tfastq_2\tlibrary\tlane\tploidy\tlayout\n".to_owned();
    let mut counts = ReadCounts::default();
    for (index, sample) in population.individuals().into_iter().enumerate() {
        let lanes = if index < sequencing.two_lanes { 2 } else { 1 };
        for lane in 1..=lanes {
            let stem = if lanes == 1 { sample.name.clone() } else { format!("{}_L{lane}", sample.name) };
            let mut options = sequencing.reads.clone();
            options.depth /= f64::from(lanes);
            options.fragments = options.fragments.map(|fragments| fragments / u64::from(lanes));
            let seed = derive(sequencing.seed, "unit", index as u64 * 64 + u64::from(lane));
            let haplotypes = sample.haplotypes(genome, &population.variation);
            let sequencer = Sequencer::new(genome, haplotypes, &options, seed)?;
            write_unit(&sequencer, &options, &folder.join("reads").join(&stem), &mut counts)?;
            sheet.push_str(&sheet_row(sample, &stem, lane, &options));
        }
        on_sample();
    }
    write_file(&folder.join("samples.tsv"), |out| out.write_all(sheet.as_bytes()))?;
    Ok(counts)
}

fn write_amplicons(panel: &AmpliconPanel, genome: &Genome, out: &mut Output) -> io::Result<()> {
    for (contig, interval) in &panel.amplicons {
        let name = &genome.contigs.get(*contig).name;
        writeln!(out, "{name}\t{}\t{}\t{name}_{}", interval.start(), interval.end(), interval.start() + 1)?;
    }
    Ok(())
}

fn sheet_row(sample: &Individual, stem: &str, lane: u32, options: &ReadOptions) -> String {
    let (name, ploidy) = (&sample.name, sample.ploidy());
    let layout = match options.layout {
        LibraryLayout::Shotgun => "wgs",
        LibraryLayout::CutSites(_) => "gbs",
        LibraryLayout::Amplicons(_) => "amplicon",
    };
    let (first, second) = if options.is_paired {
        (format!("reads/{stem}_1.fastq.gz"), format!("reads/{stem}_2.fastq.gz"))
    } else {
        (format!("reads/{stem}.fastq.gz"), String::new())
    };
    format!("{name}\t{first}\t{second}\t{name}\t{lane}\t{ploidy}\t{layout}\n")
}

/// Writes the reads of one unit, compressed: `<stem>_1.fastq.gz` and `_2`, or `<stem>.fastq.gz`.
fn write_unit(
    sequencer: &Sequencer<'_>,
    options: &ReadOptions,
    stem: &Path,
    counts: &mut ReadCounts,
) -> Result<(), FileError> {
    let endings: &[&str] = if options.is_paired { &["_1.fastq.gz", "_2.fastq.gz"] } else { &[".fastq.gz"] };
    let mut files = Vec::new();
    for ending in endings {
        files.push(bgzf::Writer::new(file::create(file::beside(stem, ending))?, LEVEL));
    }
    let mates = endings.len() as u64;
    batch::map_in_order(
        (0..sequencer.batches()).map(Ok),
        || (),
        |(), index| Ok(sequencer.batch(index)),
        |pairs| {
            counts.fragments += pairs.len() as u64;
            counts.bases += pairs.len() as u64 * mates * options.read_length as u64;
            counts.duplicates += pairs.iter().filter(|pair| pair.truth.duplicate > 0).count() as u64;
            let texts = fastq(&pairs);
            let writes = files.iter_mut().zip(&texts).map(|(file, text)| file.write_all(text));
            writes.into_iter().collect::<io::Result<()>>().map_err(|error| FileError::new(stem, &error))
        },
    )?;
    let outputs: io::Result<Vec<Output>> =
        files.into_iter().map(|file| file.finish().map(|(out, _)| out)).collect();
    file::publish(outputs.map_err(|error| FileError::new(stem, &error))?)
}

/// First and second mates as FASTQ; of single reads the second text is empty.
pub fn fastq(pairs: &[SimulatedPair]) -> [Vec<u8>; 2] {
    let mut texts = [Vec::new(), Vec::new()];
    for pair in pairs {
        put_record(&mut texts[0], &pair.name, &pair.first);
        if let Some(second) = &pair.second {
            put_record(&mut texts[1], &pair.name, second);
        }
    }
    texts
}

fn put_record(out: &mut Vec<u8>, name: &str, read: &SimulatedRead) {
    out.push(b'@');
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(&read.sequence);
    out.extend_from_slice(b"\n+\n");
    out.extend(read.qualities.iter().map(|quality| quality + b'!'));
    out.push(b'\n');
}

#[cfg(test)]
mod tests;
