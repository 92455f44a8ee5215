//! Formats with a line a sample and a table of markers beside it: Flapjack (`.dat`, `.map`) and PLINK's text form
//! (`.ped`, `.map`).

use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landrace_genome::file::{self, Output};

use super::cells::{AlleleNames, Calls, Delimiter, allele_names, marker_name};
use super::dosage::PLACES;
use super::sink::Sink;
use super::transpose::Transposer;
use super::{EncodeBlock, Encoded, GenotypeWriter, Losses};
use crate::block::{GenotypeBlock, Site};
use crate::digits::push_count;
use crate::source::{GenotypeError, SourceHeader};

/// Which of the formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `SAMPLE` and calls such as `A` and `A/G`; `-` is missing.
    Flapjack,
    /// Six columns of a family table, then two columns a marker; `0` is missing.
    Ped,
}

/// Writes both files.
pub(crate) struct SampleLinesWriter {
    out: Sink,
    map: Output,
    /// Names of markers, for Flapjack's first line.
    names: io::BufWriter<std::fs::File>,
    cells: Transposer,
    /// What each line begins with.
    heads: Vec<Vec<u8>>,
    encoder: Arc<Encoder>,
}

struct Encoder {
    layout: Layout,
    losses: Losses,
}

/// `x.dat`, `x.ped` and `x.ped.gz` give `x.map`.
fn map_path(path: &Path) -> PathBuf {
    let is_compressed = path.extension().is_some_and(|ending| ending == "gz" || ending == "bgz");
    let stem = if is_compressed { path.with_extension("") } else { path.to_owned() };
    stem.with_extension("map")
}

impl SampleLinesWriter {
    /// Begins the files.
    pub(crate) fn create(path: &Path, header: &SourceHeader, layout: Layout) -> Result<Self, GenotypeError> {
        let mut losses = match layout {
            Layout::Flapjack => header.losses_of_tables(&["GT"]),
            // It has columns for families.
            Layout::Ped => SourceHeader { families: None, ..header.clone() }.losses_of_tables(&["GT"]),
        };
        let mut heads = Vec::new();
        for (index, sample) in header.samples.iter().enumerate() {
            let mut head = Vec::new();
            let own: [&str; 6] = ["0", sample, "0", "0", "0", "-9"];
            let fields: Vec<&str> = match (layout, &header.families) {
                (Layout::Flapjack, _) => vec![sample],
                (Layout::Ped, Some(rows)) => rows[index].fields.iter().map(AsRef::as_ref).collect(),
                (Layout::Ped, None) => own.to_vec(),
            };
            for (column, field) in fields.iter().enumerate() {
                if column > 0 {
                    head.push(b'\t');
                }
                Delimiter::Tab.put(field, &mut head)?;
            }
            let is_split = layout == Layout::Ped && fields.iter().any(|field| field.contains(' '));
            losses.add(
                "sample names with spaces, which PLINK itself splits (Landrace reads them back whole)",
                is_split.into(),
            );
            heads.push(head);
        }
        let out = Sink::create(path)?;
        let mut map = file::create(map_path(path))?;
        if layout == Layout::Flapjack {
            map.write_all(b"# fjFile = MAP\n")?;
        }
        let names = io::BufWriter::new(file::scratch(path.parent().unwrap_or(Path::new("")))?);
        let cells = Transposer::new(path, header.samples.len())?;
        Ok(Self { out, map, names, cells, heads, encoder: Arc::new(Encoder { layout, losses }) })
    }
}

impl EncodeBlock for Encoder {
    fn encode(&self, block: &GenotypeBlock) -> Result<Encoded, GenotypeError> {
        if self.layout == Layout::Ped && block.max_ploidy() > 2 {
            return Err(GenotypeError::Request(format!(
                "contig '{}' has samples of ploidy {}, but PLINK .ped holds 2 at most; write VCF, BCF or Flapjack",
                block.contig,
                block.max_ploidy()
            )));
        }
        let mut out = Encoded { variants: block.rows() as u64, ..Encoded::default() };
        let mut names: Vec<AlleleNames<'_>> = Vec::new();
        for site in &block.sites {
            let own = allele_names(site, &mut out.losses);
            self.check_alleles(&own, &site.label(&block.contig))?;
            self.put_marker(block, site, &mut out)?;
            names.push(own);
        }
        let calls = Calls::of(block);
        let mut call = Vec::new();
        for sample in 0..block.samples {
            for (row, names) in names.iter().enumerate() {
                calls.get(row, sample, &mut call);
                self.put_call(&call, names, &mut out.bytes);
            }
            let end = u32::try_from(out.bytes.len()).map_err(|_| {
                GenotypeError::Request("a block of calls is too large to be turned round".to_owned())
            })?;
            out.ends.push(end);
        }
        out.losses.add("which allele of a variant is the reference", out.variants);
        let has_unseen = |row: &usize| {
            let alleles = block.counts(*row).alleles;
            alleles.len() > 1 && alleles.contains(&0)
        };
        out.losses.add("alleles that no sample carries", (0..block.rows()).filter(has_unseen).count() as u64);
        out.losses.add_of_block(block);
        if self.layout == Layout::Ped {
            let haploid: usize = block
                .groups
                .iter()
                .filter(|group| group.calls.ploidy() == 1)
                .map(|group| group.samples.len())
                .sum();
            out.losses.add("haploid calls, written as homozygous", haploid as u64 * out.variants);
        } else if block.groups.iter().any(|group| group.calls.ploidy() != 2) {
            out.losses.add("ploidy of homozygous calls other than diploid ones, in variants", out.variants);
        }
        Ok(out)
    }
}

impl Encoder {
    /// Refuses alleles that would be read as something else.
    fn check_alleles(&self, names: &AlleleNames<'_>, place: &str) -> Result<(), GenotypeError> {
        let is_wrong = |name: &str| {
            name.contains(char::is_whitespace)
                || (self.layout == Layout::Flapjack && (name.contains('/') || name == "-"))
                || (self.layout == Layout::Ped && name == "0" && names.len() > 1)
        };
        match names.iter().find(|name| is_wrong(name)) {
            Some(name) => Err(GenotypeError::Request(format!(
                "{place}: the format cannot hold the allele '{name}'; write VCF or BCF"
            ))),
            None => Ok(()),
        }
    }

    /// Appends a marker's line of the `.map`, and its name to the first line of the `.dat`.
    fn put_marker(&self, block: &GenotypeBlock, site: &Site, out: &mut Encoded) -> Result<(), GenotypeError> {
        let name = marker_name(block, site, &mut out.losses);
        let position = site.position.map_or(0, landrace_genome::Position::get);
        out.losses.add("variants without a position, written as 0", site.position.is_none().into());
        match self.layout {
            Layout::Flapjack => {
                out.names.push(b'\t');
                Delimiter::Tab.put(&name, &mut out.names)?;
                Delimiter::Tab.put(&name, &mut out.sites)?;
                out.sites.push(b'\t');
                Delimiter::Tab.put(&block.contig, &mut out.sites)?;
                out.losses.add(PLACES, site.genetic_position.is_some().into());
            }
            Layout::Ped => {
                Delimiter::Tab.put(&block.contig, &mut out.sites)?;
                out.sites.push(b'\t');
                Delimiter::Tab.put(&name, &mut out.sites)?;
                out.sites.push(b'\t');
                out.sites.extend_from_slice(site.genetic_position.as_deref().unwrap_or("0").as_bytes());
            }
        }
        out.sites.push(b'\t');
        push_count(position, &mut out.sites);
        out.sites.push(b'\n');
        Ok(())
    }

    /// Appends a call's cells. Alleles are in order of their names, so that the cells do not depend on which of them
    /// is the reference.
    fn put_call(&self, call: &[u8], names: &AlleleNames<'_>, out: &mut Vec<u8>) {
        let name = |allele: u8| names.get(usize::from(allele)).map_or(&b"0"[..], |name| name.as_bytes());
        let mut sorted = [&b""[..]; 16];
        let own = sorted.get_mut(..call.len()).unwrap_or_default();
        own.iter_mut().zip(call).for_each(|(slot, &allele)| *slot = name(allele));
        own.sort_unstable();
        match (self.layout, &*own) {
            (Layout::Flapjack, []) => out.extend_from_slice(b"\t-"),
            (Layout::Flapjack, own) => {
                let shown = if own.first() == own.last() { &own[..1] } else { own };
                for (copy, name) in shown.iter().enumerate() {
                    out.push(if copy == 0 { b'\t' } else { b'/' });
                    out.extend_from_slice(name);
                }
            }
            (Layout::Ped, []) => out.extend_from_slice(b"\t0\t0"),
            (Layout::Ped, own) => {
                for name in [own[0], own[own.len() - 1]] {
                    out.push(b'\t');
                    out.extend_from_slice(name);
                }
            }
        }
    }
}

impl GenotypeWriter for SampleLinesWriter {
    fn encoder(&self) -> Arc<dyn EncodeBlock> {
        self.encoder.clone()
    }

    fn losses(&self) -> Losses {
        self.encoder.losses.clone()
    }

    fn write(&mut self, encoded: &Encoded) -> Result<(), GenotypeError> {
        self.map.write_all(&encoded.sites)?;
        self.names.write_all(&encoded.names)?;
        Ok(self.cells.push(&encoded.bytes, &encoded.ends)?)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<Output>, GenotypeError> {
        if self.encoder.layout == Layout::Flapjack {
            self.out.write_all(b"# fjFile = GENOTYPE\n")?;
            let mut names = self.names.into_inner().map_err(io::IntoInnerError::into_error)?;
            names.seek(SeekFrom::Start(0))?;
            io::copy(&mut names, &mut self.out)?;
            self.out.write_all(b"\n")?;
        }
        let heads = &self.heads;
        self.cells.finish(&mut self.out, |sample, line| {
            line.extend_from_slice(&heads[sample]);
            Ok(())
        })?;
        Ok(vec![self.map, self.out.finish()?])
    }
}
