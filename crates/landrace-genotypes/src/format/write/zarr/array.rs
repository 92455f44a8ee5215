//! Arrays of Zarr, version 2: their description, and their chunks, which are compressed one by one.

use landrace_genome::file::{FileError, Output};
use serde_json::{Value, json};

/// Level of Zstandard.
const LEVEL: i32 = 3;

/// What an array holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int8,
    Int32,
    Float,
    Text,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "|b1",
            Self::Int8 => "|i1",
            Self::Int32 => "<i4",
            Self::Float => "<f4",
            Self::Text => "|O",
        }
    }

    /// Bytes a value; texts have no fixed size.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool | Self::Int8 => 1,
            Self::Int32 | Self::Float => 4,
            Self::Text => 0,
        }
    }
}

/// An array being written: its last dimension may grow.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Names of the dimensions; `samples` is the only one that is cut beside the first.
    pub(super) dimensions: Vec<&'static str>,
    /// Size of the last dimension, if it is neither variants nor samples.
    pub(super) width: usize,
    pub(super) description: &'static str,
}

/// Appends a text as the codec `vlen-utf8` has it.
pub(super) fn put_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Compresses a chunk's bytes.
pub(super) fn compressed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL)
}

impl Array {
    /// Whether it has a dimension of samples.
    pub(super) fn has_samples(&self) -> bool {
        self.dimensions.get(1) == Some(&"samples")
    }

    /// Whether its last dimension is one of its own.
    pub(super) fn has_width(&self) -> bool {
        !matches!(self.dimensions.last(), None | Some(&"variants" | &"samples"))
    }

    /// What pads a list that is shorter than others: −2, or the NaN that says so; where there is no allele the mask
    /// is set.
    pub(super) fn padding(&self) -> &'static [u8] {
        match self.kind {
            Kind::Bool if self.name == "call_genotype_mask" => &[1],
            Kind::Bool => &[0],
            Kind::Int8 => &[0xfe],
            Kind::Int32 => &[0xfe, 0xff, 0xff, 0xff],
            Kind::Float => &[0x02, 0x00, 0x80, 0x7f],
            Kind::Text => &[],
        }
    }

    /// Path of a chunk: by the number of its variants and, if it has them, samples.
    pub(super) fn chunk_name(&self, variants: usize, samples: usize) -> String {
        let mut name = format!("{}/{variants}", self.name);
        if self.has_samples() {
            name += &format!(".{samples}");
        }
        if self.has_width() {
            name += ".0";
        }
        name
    }

    /// Writes an array of one dimension in one chunk.
    pub(super) fn write_whole(&self, out: &Output, bytes: &[u8], length: usize) -> Result<Value, FileError> {
        let bytes = compressed(bytes).map_err(|error| FileError::new(out.path(), &error))?;
        if length > 0 {
            out.write_inside(&format!("{}/0", self.name), &bytes)?;
        }
        self.describe(out, &[length], &[length.max(1)])
    }

    /// Writes the description; gives what the store's own description repeats.
    pub(super) fn describe(
        &self,
        out: &Output,
        shape: &[usize],
        chunks: &[usize],
    ) -> Result<Value, FileError> {
        let is_text = self.kind == Kind::Text;
        let array = json!({
            "zarr_format": 2,
            "shape": shape,
            "chunks": chunks,
            "dtype": self.kind.name(),
            "compressor": {"id": "zstd", "level": LEVEL},
            "fill_value": if is_text { json!("") } else { Value::Null },
            "filters": if is_text { json!([{"id": "vlen-utf8"}]) } else { Value::Null },
            "order": "C",
        });
        let mut attributes = json!({"_ARRAY_DIMENSIONS": self.dimensions});
        if !self.description.is_empty() {
            attributes["description"] = json!(self.description);
        }
        out.write_inside(&format!("{}/.zarray", self.name), format!("{array:#}").as_bytes())?;
        out.write_inside(&format!("{}/.zattrs", self.name), format!("{attributes:#}").as_bytes())?;
        let (array_key, attributes_key) =
            (format!("{}/.zarray", self.name), format!("{}/.zattrs", self.name));
        Ok(json!({array_key: array, attributes_key: attributes}))
    }

    /// Rewrites a chunk of `rows` lists (padded ones included) with a wider last dimension.
    pub(super) fn widen(
        &self,
        out: &Output,
        name: &str,
        (from, to): (usize, usize),
        rows: usize,
    ) -> Result<(), FileError> {
        let failed = |error: std::io::Error| FileError::new(out.path(), &error);
        let raw = out.read_inside(name)?;
        let mut wider = Vec::new();
        if self.kind == Kind::Text {
            let old = zstd::stream::decode_all(raw.as_slice()).map_err(failed)?;
            wider.extend_from_slice(&u32::try_from(rows * to).unwrap_or(u32::MAX).to_le_bytes());
            let mut rest = old.get(4..).unwrap_or_default();
            for _ in 0..rows {
                for _ in 0..from {
                    let length =
                        rest.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
                    let (own, after) = rest.split_at_checked(4 + length).unwrap_or((rest, &[]));
                    wider.extend_from_slice(own);
                    rest = after;
                }
                (from..to).for_each(|_| put_text("", &mut wider));
            }
        } else {
            let size = self.kind.size();
            let old = zstd::bulk::decompress(&raw, rows * from * size).map_err(failed)?;
            for list in old.chunks_exact((from * size).max(1)) {
                wider.extend_from_slice(list);
                (from..to).for_each(|_| wider.extend_from_slice(self.padding()));
            }
        }
        out.write_inside(name, &compressed(&wider).map_err(failed)?)
    }
}
