//! The header of a BAM file: contigs, read groups and the command that made it.

use landrace_genome::ContigDictionary;

/// What is wrong with what a header is to hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A contig that BAM's positions cannot reach.
    #[error("contig '{name}' has {length} bases, but BAM ends at {}; split the contig", i32::MAX)]
    LongContig {
        /// The contig.
        name: String,
        /// Its length in bases.
        length: u64,
    },
    /// A text that would break the header's lines.
    #[error("the {what} {text:?} holds a tab or a line end; rename it")]
    Text {
        /// What the text is.
        what: &'static str,
        /// The text.
        text: String,
    },
}

/// A sequencing unit of a sample: one `@RG` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadGroup {
    /// `ID`, which each record names in its `RG` tag.
    pub id: String,
    /// `LB`: duplicates are sought within one library.
    pub library: String,
    /// `PU`: lane or unit.
    pub unit: String,
}

/// The header of a BAM file as bytes: its text and its table of contigs.
///
/// # Errors
/// Returns an error if a contig is too long for BAM, or if a name holds a tab or a line end.
pub fn header_bytes(
    contigs: &ContigDictionary,
    sample: &str,
    read_groups: &[ReadGroup],
    command_line: &str,
) -> Result<Vec<u8>, HeaderError> {
    let mut text = String::from("@HD\tVN:1.6\tSO:coordinate\n");
    let mut table = Vec::new();
    for (_, contig) in contigs.iter() {
        let length = i32::try_from(contig.length)
            .map_err(|_| HeaderError::LongContig { name: contig.name.clone(), length: contig.length })?;
        text.push_str(&format!("@SQ\tSN:{}\tLN:{length}\n", contig.name));
        put_length(&mut table, contig.name.len() + 1);
        table.extend_from_slice(contig.name.as_bytes());
        table.push(0);
        table.extend_from_slice(&length.to_le_bytes());
    }
    let sample = checked("sample name", sample)?;
    for group in read_groups {
        let (id, library) = (checked("read group", &group.id)?, checked("library name", &group.library)?);
        let unit = checked("lane name", &group.unit)?;
        text.push_str(&format!("@RG\tID:{id}\tSM:{sample}\tLB:{library}\tPU:{unit}\tPL:ILLUMINA\n"));
    }
    let version = env!("CARGO_PKG_VERSION");
    let command_line = command_line.replace(['\t', '\n', '\r'], " ");
    text.push_str(&format!("@PG\tID:landrace\tPN:landrace\tVN:{version}\tCL:{command_line}\n"));
    let mut bytes = b"BAM\x01".to_vec();
    put_length(&mut bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
    put_length(&mut bytes, contigs.len());
    bytes.extend_from_slice(&table);
    Ok(bytes)
}

fn checked<'a>(what: &'static str, text: &'a str) -> Result<&'a str, HeaderError> {
    if text.contains(['\t', '\n', '\r']) {
        return Err(HeaderError::Text { what, text: text.to_owned() });
    }
    Ok(text)
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, length: u64, sample: &str) -> Result<Vec<u8>, HeaderError> {
        let mut contigs = ContigDictionary::default();
        contigs.push(name, length).unwrap();
        let group = ReadGroup { id: "S 1.1".into(), library: "lib".into(), unit: "1".into() };
        header_bytes(&contigs, sample, &[group], "landrace align ref.fa r.fq")
    }

    #[test]
    fn noodles_reads_the_header() {
        let bytes = header("chr1", 800_000_000, "S 1").unwrap();
        let header = noodles::bam::io::Reader::from(&bytes[..]).read_header().unwrap();
        assert_eq!(header.reference_sequences()[0].length().get(), 800_000_000);
        assert_eq!(header.read_groups().keys().next().unwrap(), "S 1.1");
    }

    #[test]
    fn refuses_what_would_break_it() {
        assert!(header("chr1", 1 << 31, "S").unwrap_err().to_string().contains("split the contig"));
        assert!(header("chr1", 100, "S\t1").unwrap_err().to_string().contains("holds a tab"));
    }
}
