//! The samples to call, and the files that hold their reads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use landrace_genome::sheet::{Ploidy, SampleSheet};
use landrace_genome::{ContigDictionary, SampleIndex};

use crate::alignment_file::{AlignmentFile, Ownership};
use crate::error::CallError;

/// What a cohort is opened from.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// BAM files; if there is none, those of the sheet's `bam` column.
    pub alignments: Vec<PathBuf>,
    /// Names and ploidies of samples.
    pub sheet: Option<&'a SampleSheet>,
    /// Copies of each chromosome of samples of which the sheet does not say.
    pub ploidy: Ploidy,
    /// Whether files that name the same sample hold further reads of it; else that is an error.
    pub joins_same_names: bool,
    /// Reads of lower mapping quality are left out.
    pub min_mapping_quality: u8,
}

/// A sample of the cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortSample {
    /// Name, byte for byte.
    pub name: String,
    /// Copies of each chromosome.
    pub ploidy: Ploidy,
}

/// Samples, in the order in which the files name them, and their open files.
pub struct Cohort {
    /// The samples: columns of the output.
    pub samples: Vec<CohortSample>,
    pub(crate) files: Vec<AlignmentFile>,
}

struct Builder<'a> {
    sources: &'a Sources<'a>,
    samples: Vec<CohortSample>,
    /// Index of each sample, and the file that named it first.
    known: HashMap<String, (SampleIndex, PathBuf)>,
}

impl Cohort {
    /// Opens the files and settles whose reads they hold: the sheet's row of the file, else the read groups'
    /// `SM`. A file's name is never taken for a sample's.
    ///
    /// # Errors
    /// Returns an error that names the file and the remedy: no files, a BAM that is not whole or of another
    /// reference, no read groups, or a sample that two files name though nothing declares them as one.
    pub fn open(sources: &Sources<'_>, reference: &ContigDictionary) -> Result<Self, CallError> {
        let paths = sources.paths()?;
        let mut builder = Builder { sources, samples: Vec::new(), known: HashMap::new() };
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let (mut file, groups) = AlignmentFile::open(&path, reference)?;
            let ownership = builder.ownership(&path, &groups)?;
            file.set_use(ownership, sources.min_mapping_quality);
            files.push(file);
        }
        Ok(Self { samples: builder.samples, files })
    }

    /// The files' paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(AlignmentFile::path)
    }

    /// Copies of a contig in each sample.
    pub fn ploidies_on(&self, contig: &str) -> Vec<u8> {
        self.samples.iter().map(|sample| sample.ploidy.on(contig)).collect()
    }
}

impl Sources<'_> {
    fn paths(&self) -> Result<Vec<PathBuf>, CallError> {
        let mut paths = self.alignments.clone();
        if paths.is_empty() {
            let units = self.sheet.iter().flat_map(|sheet| &sheet.samples).flat_map(|sample| &sample.units);
            paths.extend(units.filter_map(|unit| unit.bam.clone()));
        }
        if paths.is_empty() {
            let message = "no BAM files; name them after the reference, or in a sheet's column 'bam'";
            return Err(CallError::Samples(message.to_owned()));
        }
        for (index, path) in paths.iter().enumerate() {
            if paths[..index].contains(path) {
                return Err(CallError::alignments(path, "is named twice; name each file once"));
            }
        }
        Ok(paths)
    }

    /// The sheet's sample of a file.
    fn declared(&self, path: &Path) -> Option<&str> {
        let is_it = |bam: &PathBuf| bam == path || same_file(bam, path);
        let samples = self.sheet.iter().flat_map(|sheet| &sheet.samples);
        samples
            .filter(|sample| sample.units.iter().filter_map(|unit| unit.bam.as_ref()).any(is_it))
            .map(|sample| sample.name.as_str())
            .next()
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    a.file_name() == b.file_name()
        && matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

impl Builder<'_> {
    fn ownership(
        &mut self,
        path: &Path,
        groups: &[(Vec<u8>, Option<String>)],
    ) -> Result<Ownership, CallError> {
        let mut named: Vec<&str> = groups.iter().filter_map(|(_, sample)| sample.as_deref()).collect();
        named.sort_unstable();
        named.dedup();
        if let Some(declared) = self.sources.declared(path) {
            if let Some(other) = named.iter().find(|&&name| name != declared) {
                let message = format!(
                    "its read groups name the sample '{other}', but the sheet says '{declared}'; correct one of them"
                );
                return Err(CallError::alignments(path, message));
            }
            return Ok(Ownership::One(self.sample(path, declared, true)?));
        }
        match named[..] {
            [] => {
                let message = "no read group names a sample; set one with 'samtools addreplacerg -r ID:1 -r SM:NAME', \
                               or name the file's sample in a sheet (--samples, columns 'sample' and 'bam')";
                Err(CallError::alignments(path, message))
            }
            [one] if groups.iter().all(|(_, sample)| sample.is_some()) => {
                Ok(Ownership::One(self.sample(path, one, false)?))
            }
            _ => self.by_read_group(path, groups),
        }
    }

    fn by_read_group(
        &mut self,
        path: &Path,
        groups: &[(Vec<u8>, Option<String>)],
    ) -> Result<Ownership, CallError> {
        let mut by_group = HashMap::new();
        for (group, sample) in groups {
            let Some(sample) = sample else {
                let group = String::from_utf8_lossy(group);
                let message =
                    format!("read group '{group}' names no sample; set its SM with 'samtools reheader'");
                return Err(CallError::alignments(path, message));
            };
            by_group.insert(group.clone(), self.sample(path, sample, false)?);
        }
        Ok(Ownership::ByReadGroup(by_group))
    }

    /// The index of a sample that a file names. Groups of one file may share a sample; files may not, unless
    /// that is declared.
    fn sample(&mut self, path: &Path, name: &str, is_declared: bool) -> Result<SampleIndex, CallError> {
        if let Some((index, first)) = self.known.get(name) {
            if is_declared || self.sources.joins_same_names || first == path {
                return Ok(*index);
            }
            let message = format!(
                "holds sample '{name}', as {} does; give --join-samples if both are reads of it, else rename one",
                first.display()
            );
            return Err(CallError::alignments(path, message));
        }
        let index = u32::try_from(self.samples.len())
            .map_err(|_| CallError::Samples("too many samples; call them in parts".to_owned()))?;
        let in_sheet = self.sources.sheet.and_then(|sheet| sheet.sample(name));
        let ploidy = in_sheet.and_then(|sample| sample.ploidy.clone());
        let ploidy = ploidy.unwrap_or_else(|| self.sources.ploidy.clone());
        self.samples.push(CohortSample { name: name.to_owned(), ploidy });
        self.known.insert(name.to_owned(), (SampleIndex(index), path.to_owned()));
        Ok(SampleIndex(index))
    }
}
