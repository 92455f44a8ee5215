//! Reading a text as a file of any format, for the tests of the formats.

use std::io::Write as _;
use std::path::PathBuf;

use landrace_genome::file;

use super::{ReadOptions, open};
use crate::block::layer::ABSENT;
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;

/// What was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) matrix: GenotypeMatrix,
    /// The one line of what it was read as, without the folder.
    pub(crate) note: String,
}

/// Reads files by name and content, the first of which holds the genotypes. Errors come without the folder.
pub(crate) fn read_files(files: &[(&str, &[u8])], options: ReadOptions) -> Result<Read, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        let mut output = file::create(&path).unwrap();
        output.write_all(bytes).unwrap();
        output.finish().unwrap();
        paths.push(path);
    }
    let bare = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
    let map = options.map.map(|map| folder.path().join(map));
    let read = || {
        let mut source = open(&[paths[0].clone()], ReadOptions { map, ..options })?;
        GenotypeMatrix::from_source(source.as_mut())
    };
    let matrix = read().map_err(|error: crate::GenotypeError| bare(error.to_string()))?;
    let note = bare(matrix.header().notes.join("\n"));
    Ok(Read { matrix, note })
}

/// Reads one text.
pub(crate) fn read(text: &str) -> Result<Read, String> {
    read_files(&[("t.txt", text.as_bytes())], ReadOptions::default())
}

/// Reads one text that is told to be of a format, or of a ploidy.
pub(crate) fn read_as(text: &str, format: &str, ploidy: u8) -> Result<Read, String> {
    let read_as = Some(format.to_owned()).filter(|name| !name.is_empty());
    let ploidy = Some(ploidy).filter(|&ploidy| ploidy > 0);
    read_files(&[("t.txt", text.as_bytes())], ReadOptions { read_as, ploidy, ..ReadOptions::default() })
}

/// Reads a text with a map.
pub(crate) fn read_with_map(text: &str, map: &str) -> Result<Read, String> {
    let files = [("t.txt", text.as_bytes()), ("the.map", map.as_bytes())];
    read_files(&files, ReadOptions { map: Some(PathBuf::from("the.map")), ..ReadOptions::default() })
}

impl Read {
    /// Dosages of a variant; -1 for missing.
    pub(crate) fn dosages(&self, variant: usize) -> Vec<i32> {
        let mut codes = Vec::new();
        self.matrix.unpack(variant, &mut codes);
        codes.into_iter().map(|code| if code == MISSING { -1 } else { i32::from(code) }).collect()
    }

    /// Calls of a variant by allele names, `A/G`; `.` for missing.
    pub(crate) fn calls(&self, variant: usize) -> Vec<String> {
        let (block, row) = self.matrix.locate(variant);
        let site = &block.sites[row];
        if let Some(rows) = block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row)) {
            let name = |code: &u8| site.allele(usize::from(*code));
            let call = |codes: &[u8]| {
                let names: Option<Vec<&str>> =
                    codes.iter().filter(|code| **code != ABSENT).map(name).collect();
                names.map_or_else(|| ".".to_owned(), |names| names.join("/"))
            };
            return rows.map(call).collect();
        }
        let ploidies = block.ploidies();
        let call = |(dosage, ploidy): (i32, u8)| {
            let copies = (0..i32::from(ploidy)).map(|copy| usize::from(copy >= i32::from(ploidy) - dosage));
            let names: Option<Vec<&str>> = copies.map(|index| site.allele(index)).collect();
            if dosage < 0 { ".".to_owned() } else { names.unwrap_or_default().join("/") }
        };
        self.dosages(variant).into_iter().zip(ploidies).map(call).collect()
    }

    /// `contig:position reference>alternates` of each variant.
    pub(crate) fn sites(&self) -> Vec<String> {
        let site = |variant| {
            let site = self.matrix.site(variant);
            let place = site.label(self.matrix.contig(variant));
            format!("{place} {}>{}", site.reference, site.alternates.join(","))
        };
        (0..self.matrix.variants()).map(site).collect()
    }

    /// The samples.
    pub(crate) fn samples(&self) -> Vec<&str> {
        self.matrix.samples().iter().map(String::as_str).collect()
    }
}
