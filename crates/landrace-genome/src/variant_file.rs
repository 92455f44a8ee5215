//! Variant files: VCF, bgzipped VCF and BCF, written in parallel and indexed as they are written.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use noodles::bcf;
use noodles::vcf::{self, variant::RecordBuf, variant::io::Write as _};

use crate::bgzf;
use crate::contig::ContigDictionary;
use crate::csi;
use crate::file::{self, FileError, Output};
use crate::position::{ContigId, Interval};

/// Compression level of variant files.
const LEVEL: u8 = 6;

/// A variant file's format, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariantFormat {
    /// Plain text; also standard output.
    Vcf,
    /// Text in BGZF.
    VcfGz,
    /// Binary in BGZF.
    Bcf,
}

impl VariantFormat {
    /// The format of `.vcf`, `.vcf.gz` (or `.vcf.bgz`) and `.bcf`; `-` is plain text.
    pub fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        match name.as_str() {
            "-" => Some(Self::Vcf),
            _ if name.ends_with(".vcf") => Some(Self::Vcf),
            _ if name.ends_with(".vcf.gz") || name.ends_with(".vcf.bgz") => Some(Self::VcfGz),
            _ if name.ends_with(".bcf") => Some(Self::Bcf),
            _ => None,
        }
    }
}

/// Turns records into the file's bytes; one a thread, so that workers encode in parallel.
pub enum Encoder {
    /// Text.
    Vcf(vcf::io::Writer<Vec<u8>>),
    /// Binary.
    Bcf(bcf::io::Writer<Vec<u8>>),
}

impl Encoder {
    /// Makes an encoder for files of one header.
    ///
    /// # Errors
    /// Returns an error if the header cannot be written in the format.
    pub fn new(format: VariantFormat, header: &vcf::Header) -> io::Result<Self> {
        let mut encoder = match format {
            VariantFormat::Vcf | VariantFormat::VcfGz => Self::Vcf(vcf::io::Writer::new(Vec::new())),
            VariantFormat::Bcf => Self::Bcf(bcf::io::Writer::from(Vec::new())),
        };
        // The binary form numbers strings as the header lists them: it must have seen the header.
        encoder.encode_header(header)?;
        Ok(encoder)
    }

    fn encode_header(&mut self, header: &vcf::Header) -> io::Result<Vec<u8>> {
        match self {
            Self::Vcf(writer) => writer.write_variant_header(header)?,
            Self::Bcf(writer) => writer.write_variant_header(header)?,
        }
        Ok(self.take())
    }

    /// Appends the bytes of a record to `out`.
    ///
    /// # Errors
    /// Returns an error if the record does not fit the header.
    pub fn encode(&mut self, header: &vcf::Header, record: &RecordBuf, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Vcf(writer) => writer.write_variant_record(header, record)?,
            Self::Bcf(writer) => writer.write_variant_record(header, record)?,
        }
        out.append(match self {
            Self::Vcf(writer) => writer.get_mut(),
            Self::Bcf(writer) => writer.get_mut(),
        });
        Ok(())
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Vcf(writer) => writer.get_mut(),
            Self::Bcf(writer) => writer.get_mut(),
        })
    }
}

enum Sink {
    Plain(Output),
    Bgzf(bgzf::Writer<Output>),
}

/// Writes a variant file and its CSI index, whose depth fits the longest contig.
pub struct VariantWriter {
    path: PathBuf,
    sink: Sink,
    index: csi::Builder,
    /// What turns records into bytes; absent if the caller hands in bytes.
    encoder: Option<(Encoder, vcf::Header)>,
    buffer: Vec<u8>,
}

impl VariantWriter {
    /// Creates the file and writes the header. The contigs are those of the header, in its order.
    ///
    /// # Errors
    /// Returns an error that names the path if its ending is not known or it cannot be written.
    pub fn create(path: &Path, header: &vcf::Header, contigs: &ContigDictionary) -> Result<Self, FileError> {
        let failed = |error: io::Error| FileError::new(path, &error);
        let format = Self::format_of(path)?;
        let mut encoder = Encoder::new(format, header).map_err(failed)?;
        let bytes = encoder.encode_header(header).map_err(failed)?;
        let mut writer = Self::create_with_bytes(path, &bytes, contigs)?;
        writer.encoder = Some((encoder, header.clone()));
        Ok(writer)
    }

    /// Creates the file with a header that is kept byte for byte: `##` lines and the column line, each with its
    /// end. Records are then handed in as bytes, to [`VariantWriter::write_encoded`]; in BCF they number strings
    /// and contigs in the order in which the text declares them, `PASS` being 0.
    ///
    /// # Errors
    /// Returns an error that names the path if its ending is not known or it cannot be written.
    pub fn create_with_text(
        path: &Path,
        header: &str,
        contigs: &ContigDictionary,
    ) -> Result<Self, FileError> {
        if Self::format_of(path)? != VariantFormat::Bcf {
            return Self::create_with_bytes(path, header.as_bytes(), contigs);
        }
        let length = u32::try_from(header.len() + 1)
            .map_err(|_| FileError::content(path, "the header does not fit BCF; write VCF"))?;
        let bytes = [b"BCF\x02\x02", &length.to_le_bytes()[..], header.as_bytes(), &[0]].concat();
        Self::create_with_bytes(path, &bytes, contigs)
    }

    fn format_of(path: &Path) -> Result<VariantFormat, FileError> {
        VariantFormat::of_path(path).ok_or_else(|| {
            FileError::content(path, "not a name for variants; end it with .bcf, .vcf.gz or .vcf")
        })
    }

    fn create_with_bytes(path: &Path, header: &[u8], contigs: &ContigDictionary) -> Result<Self, FileError> {
        let format = Self::format_of(path)?;
        let mut index = csi::Builder::new(contigs.len(), contigs.longest());
        if format == VariantFormat::VcfGz {
            let names = contigs.iter().map(|(_, contig)| contig.name.as_str()).collect();
            index = index.for_vcf(&csi::TextColumns { names });
        }
        let output = file::create(path)?;
        let sink = match format {
            VariantFormat::Vcf => Sink::Plain(output),
            VariantFormat::VcfGz | VariantFormat::Bcf => Sink::Bgzf(bgzf::Writer::new(output, LEVEL)),
        };
        let mut writer = Self { path: path.to_owned(), sink, index, encoder: None, buffer: Vec::new() };
        writer.put(header)?;
        Ok(writer)
    }

    /// Writes a record that lies on `contig`. Records come in the order of contigs and positions.
    ///
    /// # Errors
    /// Returns an error that names the path, also if the writer was made for encoded records alone.
    pub fn write(&mut self, contig: ContigId, record: &RecordBuf) -> Result<(), FileError> {
        let Some((encoder, header)) = &mut self.encoder else {
            return Err(FileError::content(
                &self.path,
                "was begun with a text header; write encoded records",
            ));
        };
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.clear();
        let encoded = encoder.encode(header, record, &mut bytes);
        encoded.map_err(|error| FileError::new(&self.path, &error))?;
        let interval = record_interval(header, record);
        self.write_encoded(contig, interval, &bytes)?;
        self.buffer = bytes;
        Ok(())
    }

    /// Writes a record that an [`Encoder`] of the same format and header has encoded.
    ///
    /// # Errors
    /// Returns an error that names the path.
    pub fn write_encoded(
        &mut self,
        contig: ContigId,
        interval: Interval,
        bytes: &[u8],
    ) -> Result<(), FileError> {
        if let Sink::Bgzf(writer) = &self.sink {
            let start = writer.offset();
            self.index.push(Some((contig.index(), interval)), true, start..start + bytes.len() as u64);
        }
        self.put(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let written = match &mut self.sink {
            Sink::Plain(writer) => writer.write_all(bytes),
            Sink::Bgzf(writer) => writer.write_all(bytes),
        };
        written.map_err(|error| FileError::new(&self.path, &error))
    }

    /// Ends the file. Gives what is to be published: the index first, if there is one, and the data last.
    ///
    /// # Errors
    /// Returns an error that names the path.
    pub fn finish(self) -> Result<Vec<Output>, FileError> {
        let failed = |error: io::Error| FileError::new(&self.path, &error);
        let (data, table) = match self.sink {
            Sink::Plain(output) => return Ok(vec![output]),
            Sink::Bgzf(writer) => writer.finish().map_err(failed)?,
        };
        if !data.is_regular() {
            return Ok(vec![data]);
        }
        let index = file::create(file::beside(&self.path, ".csi"))?;
        Ok(vec![self.index.write(&table, index).map_err(failed)?, data])
    }
}

/// The bases of the reference that a record spans: its REF, or up to INFO END.
pub fn record_interval(header: &vcf::Header, record: &RecordBuf) -> Interval {
    use noodles::vcf::variant::Record as _;
    let start = record.variant_start().map_or(0, |start| start.get() as u64 - 1);
    let span = record.variant_end(header).map(|end| end.get() as u64);
    Interval::new(start, span.unwrap_or(start + record.reference_bases().len() as u64))
}

#[cfg(test)]
mod tests {
    use noodles::core::Position;
    use noodles::vcf::header::record::value::{Map, map::Contig};

    use super::*;

    fn written(name: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut contigs = ContigDictionary::default();
        contigs.push("chr1", 800_000_000).unwrap();
        let header = vcf::Header::builder().add_contig("chr1", Map::<Contig>::new()).build();
        let mut writer = VariantWriter::create(&path, &header, &contigs).unwrap();
        let record = RecordBuf::builder()
            .set_reference_sequence_name("chr1")
            .set_variant_start(Position::try_from(700_000_000).unwrap())
            .set_reference_bases("AC")
            .set_alternate_bases(vec!["A".to_owned()].into())
            .build();
        writer.write(ContigId(0), &record).unwrap();
        file::publish(writer.finish().unwrap()).unwrap();
        (folder, path)
    }

    #[test]
    fn text_is_plain_or_compressed_by_name() {
        let (_folder, path) = written("x.vcf");
        let plain = file::read_text(&path).unwrap();
        assert!(plain.ends_with("chr1\t700000000\t.\tAC\tA\t.\t.\t.\n"), "{plain}");
        let (_folder, path) = written("x.vcf.gz");
        assert_eq!(file::read_text(&path).unwrap(), plain);
    }

    #[test]
    fn a_record_beyond_two_to_the_29_is_found_by_its_index() {
        let (_folder, path) = written("x.bcf");
        let index = noodles::csi::io::Reader::new(file::open_raw(&file::beside(&path, ".csi")).unwrap());
        let index = {
            let mut index = index;
            index.read_index().unwrap()
        };
        let mut reader = bcf::io::Reader::new(file::open_raw(&path).unwrap());
        let header = reader.read_header().unwrap();
        let region = "chr1:699999990-700000010".parse().unwrap();
        assert_eq!(reader.query(&header, &index, &region).unwrap().records().count(), 1);
    }

    #[test]
    fn a_wrong_ending_is_refused() {
        let error =
            VariantWriter::create(Path::new("x.txt"), &vcf::Header::default(), &ContigDictionary::default());
        assert!(error.err().unwrap().to_string().contains("end it with .bcf"));
    }
}
