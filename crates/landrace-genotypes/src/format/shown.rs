//! Small files of any format, written, read and shown, for the tests of the readers.

#![expect(clippy::disallowed_methods, reason = "a test may read anything")]

use crate::format::{self, ReadOptions};
use crate::{GenotypeMatrix, SourceHeader};

/// What a file gives: a line a variant (`contig:position id reference>alternates codes`), and the header.
pub(crate) struct Shown {
    pub(crate) rows: Vec<String>,
    pub(crate) header: SourceHeader,
}

impl Shown {
    /// The line that says what it was read as, without the path.
    pub(crate) fn note(&self) -> &str {
        self.header.notes[0].split_once(": ").unwrap().1
    }
}

/// Writes a file (and a map) and reads it; errors without the folder.
pub(crate) fn show(text: impl AsRef<[u8]>, map: Option<&str>) -> Result<Shown, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.txt");
    std::fs::write(&path, text).unwrap();
    let mut options = ReadOptions::default();
    if let Some(map) = map {
        options.map = Some(folder.path().join("map.txt"));
        std::fs::write(folder.path().join("map.txt"), map).unwrap();
    }
    let read = || {
        let mut source = format::open(&[path], options)?;
        GenotypeMatrix::from_source(source.as_mut())
    };
    let matrix =
        read().map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))?;
    let row = |index: usize| {
        let (site, mut codes) = (matrix.site(index), Vec::new());
        matrix.unpack(index, &mut codes);
        let code = |code: &u8| if *code == 255 { ".".to_owned() } else { code.to_string() };
        let codes: String = codes.iter().map(code).collect();
        let place = site.position.map_or(0, landrace_genome::Position::get);
        let alleles = format!("{}>{}", site.reference, site.alternates.join(","));
        format!("{}:{place} {} {alleles} {codes}", matrix.contig(index), site.id)
    };
    Ok(Shown { rows: (0..matrix.variants()).map(row).collect(), header: matrix.header().clone() })
}

/// The error of a file that cannot be read.
pub(crate) fn error(text: impl AsRef<[u8]>) -> String {
    match show(text, None) {
        Ok(shown) => panic!("was read: {:?}", shown.rows),
        Err(message) => message,
    }
}
