//! Several files of the same samples as one source, in reference order.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landrace_genome::file::Meter;
use landrace_genome::summary::InputDigest;

use super::{ReadOptions, open_one};
use crate::block::GenotypeBlock;
use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

/// Files that were cut by region, put together again.
pub struct GatheredSource {
    files: Vec<Member>,
    header: SourceHeader,
    parser: Arc<GatheredParser>,
    /// Contig and end of what was handed out last.
    last: Option<(usize, u64)>,
}

struct Member {
    source: Box<dyn GenotypeSource>,
    path: PathBuf,
    next: Option<(Stretch, Place)>,
}

/// Where a stretch begins and ends: rank of its contig, positions.
#[derive(Clone, Copy)]
struct Place {
    contig: usize,
    first: u64,
    last: u64,
}

struct GatheredParser {
    members: Vec<MemberParser>,
}

/// A file's parser, and the order in which its samples are those of the first file, if that is another.
struct MemberParser {
    parser: Arc<dyn ParseStretch>,
    order: Option<Vec<usize>>,
}

impl ParseStretch for GatheredParser {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let MemberParser { parser, order } = &self.members[stretch.file];
        let blocks = parser.blocks(stretch)?;
        Ok(match order {
            Some(order) => blocks.iter().map(|block| block.with_samples(order)).collect(),
            None => blocks,
        })
    }
}

impl GatheredSource {
    /// Opens the files.
    ///
    /// # Errors
    /// Returns an error that names the files and a sample if they do not have the same samples.
    pub fn open(paths: &[PathBuf], options: &ReadOptions) -> Result<Self, GenotypeError> {
        let mut files = Vec::new();
        for path in paths {
            files.push(Member { source: open_one(path, options)?, path: path.clone(), next: None });
        }
        let mut header = files[0].source.header().clone();
        header.notes.clear();
        let mut members = Vec::new();
        for file in &files {
            let other = file.source.header();
            header.notes.extend(other.notes.iter().cloned());
            let order = sample_order(&header, &files[0].path, other, &file.path)?;
            for (_, contig) in
                other.contigs.iter().filter(|(_, c)| header.contigs.id(&c.name).is_none()).collect::<Vec<_>>()
            {
                // Names that are there already were left out.
                let _ = header.contigs.push(contig.name.clone(), contig.length);
            }
            if let (Some(meta), Some(others)) = (&mut header.meta, &other.meta) {
                Arc::make_mut(meta).add_definitions_of(others);
            }
            members.push(MemberParser { parser: file.source.parser(), order });
        }
        Ok(Self { files, header, parser: Arc::new(GatheredParser { members }), last: None })
    }

    /// Reads ahead one stretch of a file and finds where it lies.
    fn read_ahead(&mut self, index: usize) -> Result<(), GenotypeError> {
        let file = &mut self.files[index];
        if file.next.is_some() {
            return Ok(());
        }
        let Some(mut stretch) = file.source.next_stretch()? else { return Ok(()) };
        stretch.file = index;
        let Some((contig, first, last)) = file.source.extent(&stretch) else {
            file.next = Some((stretch, Place { contig: usize::MAX, first: 0, last: 0 }));
            return Ok(());
        };
        let contig = match self.header.contigs.id(&contig) {
            Some(id) => id.index(),
            None => {
                self.header.declare(vec![contig]);
                self.header.contigs.len() - 1
            }
        };
        file.next = Some((stretch, Place { contig, first, last }));
        Ok(())
    }
}

/// The order in which another file's samples are those of the first; `None` if it is the same.
fn sample_order(
    first: &SourceHeader,
    first_path: &Path,
    other: &SourceHeader,
    path: &Path,
) -> Result<Option<Vec<usize>>, GenotypeError> {
    if first.samples == other.samples {
        return Ok(None);
    }
    let places: HashMap<&str, usize> = other.samples.iter().map(String::as_str).zip(0..).collect();
    let missing = |name: &str, lacking: &Path, having: &Path| {
        GenotypeError::Request(format!(
            "{} lacks sample '{name}' of {}; give files of the same samples",
            lacking.display(),
            having.display()
        ))
    };
    let find =
        |name: &String| places.get(name.as_str()).copied().ok_or_else(|| missing(name, path, first_path));
    let order: Vec<usize> = first.samples.iter().map(find).collect::<Result<_, _>>()?;
    match other.samples.iter().find(|name| !first.samples.contains(name)) {
        Some(name) => Err(missing(name, first_path, path)),
        None => Ok(Some(order)),
    }
}

impl GenotypeSource for GatheredSource {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        for index in 0..self.files.len() {
            self.read_ahead(index)?;
        }
        let places = self.files.iter().map(|file| file.next.as_ref().map(|next| next.1));
        let first = places.enumerate().filter_map(|(index, place)| place.map(|place| (index, place)));
        let Some((index, place)) = first.min_by_key(|(_, place)| (place.contig, place.first)) else {
            return Ok(None);
        };
        if self.last.is_some_and(|(contig, last)| contig == place.contig && place.first < last) {
            return Err(GenotypeError::Request(format!(
                "{}: overlaps the other files near position {}, or is not sorted; sort it, and give files that do \
                 not overlap",
                self.files[index].path.display(),
                place.first
            )));
        }
        self.last = Some((place.contig, place.last));
        Ok(self.files[index].next.take().map(|next| next.0))
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        self.files[stretch.file].source.extent(stretch)
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        self.parser.clone()
    }

    fn meters(&self) -> Vec<Meter> {
        self.files.iter().flat_map(|file| file.source.meters()).collect()
    }

    fn size(&self) -> u64 {
        self.files.iter().map(|file| file.source.size()).sum()
    }

    fn digests(&self) -> Vec<InputDigest> {
        self.files.iter().flat_map(|file| file.source.digests()).collect()
    }
}
