//! Which reads make which BAM file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use landrace_align::UnitReads;
use landrace_align::header::ReadGroup;
use landrace_genome::FileError;
use landrace_genome::file::{self, Meter};
use landrace_genome::read::{PairReader, ReadReader};
use landrace_genome::sheet::{Layout, Sample, SampleSheet};
use landrace_genome::summary::InputDigest;

use crate::cli::Session;

/// The reads, and what is said of them.
#[derive(clap::Args)]
pub(crate) struct Inputs {
    /// Reads (FASTQ or FASTA, plain or compressed; '-' is standard input): one file, or two with mates
    #[arg(value_name = "READS", num_args = 0..=2, conflicts_with = "samples")]
    reads: Vec<PathBuf>,
    /// Reads without mates, in addition
    #[arg(long, value_name = "READS", conflicts_with = "samples")]
    single: Vec<PathBuf>,
    /// The one file of reads holds first and second mates in turn
    #[arg(long, conflicts_with = "samples")]
    interleaved: bool,
    /// Name of the sample
    #[arg(long, required_unless_present = "samples", conflicts_with = "samples")]
    sample: Option<String>,
    /// Library; duplicates are sought within one [default: the sample's name]
    #[arg(long, conflicts_with = "samples")]
    library: Option<String>,
    /// How the library was made: wgs, gbs or amplicon
    #[arg(long, conflicts_with = "samples", default_value = "wgs", value_parser = parse_layout)]
    layout: Layout,
    /// Sample sheet: all its samples, each to <output>/<sample>.bam
    #[arg(long, value_name = "SHEET")]
    samples: Option<PathBuf>,
}

fn parse_layout(word: &str) -> Result<Layout, String> {
    Layout::from_word(word).ok_or_else(|| "write wgs, gbs or amplicon".to_owned())
}

/// A sample before its files are opened: what is to be read, and the file it goes to.
pub(crate) struct Plan {
    pub(crate) sample: String,
    pub(crate) output: PathBuf,
    units: Vec<PlannedUnit>,
}

struct PlannedUnit {
    files: Vec<PathBuf>,
    is_interleaved: bool,
    library: String,
    lane: String,
    layout: Layout,
}

/// The opened reads of a sample.
pub(crate) struct Reads(pub(crate) Vec<UnitReads>);

impl Inputs {
    /// The samples in order. All their files must be there; each sample's are opened when its turn comes.
    pub(crate) fn plans(&self, output: &Path, session: &Session) -> anyhow::Result<Vec<Plan>> {
        let plans = match &self.samples {
            Some(sheet) => sheet_plans(sheet, output, session)?,
            None => vec![self.one_plan(output)?],
        };
        let files = plans.iter().flat_map(|plan| &plan.units).flat_map(|unit| &unit.files);
        for path in files.filter(|path| path.as_os_str() != "-") {
            std::fs::metadata(path).map_err(|error| FileError::new(path, &error))?;
        }
        Ok(plans)
    }

    fn one_plan(&self, output: &Path) -> anyhow::Result<Plan> {
        let sample = self.sample.clone().unwrap_or_default();
        ensure!(!sample.is_empty(), "the sample has no name; name it with --sample");
        ensure!(
            !self.reads.is_empty() || !self.single.is_empty(),
            "no reads; name one file, or two with mates, after the reference"
        );
        ensure!(
            !self.interleaved || self.reads.len() == 1,
            "--interleaved goes with one file that holds both mates, but {} are given",
            self.reads.len()
        );
        let from_stdin = self.reads.iter().chain(&self.single).filter(|path| path.as_os_str() == "-").count();
        ensure!(
            from_stdin <= 1,
            "standard input ('-') can be read once only; give mates in turn with --interleaved"
        );
        let library = self.library.clone().unwrap_or_else(|| sample.clone());
        let pairs = (!self.reads.is_empty()).then(|| (self.reads.clone(), self.interleaved));
        let singles = self.single.iter().map(|path| (vec![path.clone()], false));
        let units = (1..).zip(pairs.into_iter().chain(singles));
        let units = units.map(|(number, (files, is_interleaved)): (u32, _)| PlannedUnit {
            files,
            is_interleaved,
            library: library.clone(),
            lane: number.to_string(),
            layout: self.layout,
        });
        Ok(Plan { units: units.collect(), sample, output: output.to_owned() })
    }
}

fn sheet_plans(sheet_path: &Path, output: &Path, session: &Session) -> anyhow::Result<Vec<Plan>> {
    let sheet = SampleSheet::read(sheet_path)?;
    let is_file =
        output.as_os_str() == "-" || (output.extension().is_some_and(|e| e == "bam") && !output.is_dir());
    if is_file && sheet.samples.len() > 1 {
        bail!(
            "{}: is one file, but the sheet has {} samples; name a folder",
            output.display(),
            sheet.samples.len()
        );
    }
    let mut plans = Vec::new();
    let mut taken: HashMap<String, String> = HashMap::new();
    for sample in &sheet.samples {
        if sample.units.iter().all(|unit| unit.bam.is_some() && unit.fastq_1.as_os_str().is_empty()) {
            session.progress.note(&format!("{}: has a BAM and no reads: nothing to align", sample.name));
            continue;
        }
        let output = if is_file { output.to_owned() } else { output.join(file_name(sample, sheet_path)?) };
        // Some file systems do not tell upper from lower case.
        if let Some(other) = taken.insert(sample.name.to_lowercase(), sample.name.clone()) {
            bail!(
                "{}: samples '{other}' and '{}' would share a file name; rename one",
                sheet_path.display(),
                sample.name
            );
        }
        plans.push(Plan { sample: sample.name.clone(), output, units: planned_units(sample) });
    }
    if !is_file {
        file::create_directory(output)?;
    }
    Ok(plans)
}

fn file_name(sample: &Sample, sheet: &Path) -> anyhow::Result<String> {
    let row = sample.units.first().map_or(0, |unit| unit.row);
    ensure!(
        !sample.name.contains('/') && !sample.name.starts_with('.'),
        "{}: row {row}: the sample name '{}' cannot name a file; take out the slash or the leading dot",
        sheet.display(),
        sample.name
    );
    Ok(format!("{}.bam", sample.name))
}

fn planned_units(sample: &Sample) -> Vec<PlannedUnit> {
    let with_reads = sample.units.iter().filter(|unit| !unit.fastq_1.as_os_str().is_empty());
    with_reads
        .map(|unit| PlannedUnit {
            files: std::iter::once(&unit.fastq_1).chain(&unit.fastq_2).cloned().collect(),
            is_interleaved: false,
            library: unit.library.clone(),
            lane: unit.lane.clone(),
            layout: unit.layout,
        })
        .collect()
}

impl Plan {
    /// Opens the files.
    pub(crate) fn open(&self) -> anyhow::Result<Reads> {
        let mut units: Vec<UnitReads> = Vec::new();
        for (index, unit) in self.units.iter().enumerate() {
            // Lanes may repeat, of two libraries for example; read groups may not.
            let is_repeated = self.units[..index].iter().any(|other| other.lane == unit.lane);
            let lane = if is_repeated { format!("{}.{}", unit.lane, index + 1) } else { unit.lane.clone() };
            let id = format!("{}.{lane}", self.sample);
            let group = ReadGroup { id, library: unit.library.clone(), unit: unit.lane.clone() };
            units.push(UnitReads { group, layout: unit.layout, reader: unit.open()? });
        }
        Ok(Reads(units))
    }
}

impl PlannedUnit {
    fn open(&self) -> anyhow::Result<PairReader> {
        let open = |path: &PathBuf| file::open(path).map(ReadReader::new);
        Ok(match self.files.as_slice() {
            [first, second] => PairReader::Paired(open(first)?, open(second)?),
            [both] if self.is_interleaved => PairReader::Interleaved(open(both)?),
            [single] => PairReader::Single(open(single)?),
            _ => bail!("sample reads come in one file or two"),
        })
    }
}

impl Reads {
    fn readers(&self) -> impl Iterator<Item = &ReadReader> {
        self.0.iter().flat_map(|unit| unit.reader.readers())
    }

    /// Meters of the files, for the progress bar.
    pub(crate) fn meters(&self) -> Vec<Meter> {
        self.readers().map(|reader| reader.input().meter()).collect()
    }

    /// Size of the files, as far as it is known, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.readers().filter_map(|reader| reader.input().size()).sum()
    }

    /// Digests of the files; call it when they have been read.
    pub(crate) fn digests(&self) -> Vec<InputDigest> {
        self.readers().map(|reader| InputDigest::of(reader.input())).collect()
    }
}
