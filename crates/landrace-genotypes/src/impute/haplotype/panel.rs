//! The reference panel: phased haplotypes read from any format that holds them.

use std::sync::Arc;

use super::rows::Haplotypes;
use crate::block::layer::UNKNOWN;
use crate::block::{GenotypeBlock, Site};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Phased haplotypes of a panel, held in memory: a bit an allele.
#[derive(Clone, Debug, Default)]
pub struct ReferencePanel {
    /// Names of the samples.
    pub samples: Arc<[String]>,
    /// Its contigs, in the file's order.
    pub contigs: Vec<PanelContig>,
    /// Variants left out because they do not have exactly two alleles.
    pub not_biallelic: u64,
}

/// A contig of a panel.
#[derive(Clone, Debug, Default)]
pub struct PanelContig {
    /// Its name.
    pub name: Arc<str>,
    /// The variants, by position.
    pub sites: Vec<Site>,
    /// Their alleles.
    pub haplotypes: Haplotypes,
}

impl ReferencePanel {
    /// Reads a panel whose calls are all there and phased (homozygous calls need not say so); read the source with
    /// the layer of phase.
    ///
    /// # Errors
    /// Returns an error that names the variant and the sample of a call that is missing or not phased.
    pub fn read(source: &mut dyn GenotypeSource) -> Result<Self, GenotypeError> {
        let mut panel = Self { samples: source.header().samples.clone(), ..Self::default() };
        let names = panel.samples.clone();
        let work = |block: GenotypeBlock| read_block(block, &names);
        for_each_block(source, work, |(part, left_out)| {
            panel.not_biallelic += left_out;
            panel.append(part)
        })?;
        if panel.contigs.iter().all(|contig| contig.sites.is_empty()) {
            let message = "the reference panel has no variant with two alleles; give phased haplotypes";
            return Err(GenotypeError::Request(message.to_owned()));
        }
        Ok(panel)
    }

    /// A contig by name.
    pub fn contig(&self, name: &str) -> Option<&PanelContig> {
        self.contigs.iter().find(|contig| &*contig.name == name)
    }

    fn append(&mut self, part: PanelContig) -> Result<(), GenotypeError> {
        match self.contigs.iter_mut().find(|contig| contig.name == part.name) {
            None => self.contigs.push(part),
            Some(contig) => {
                let position = |site: Option<&Site>| site.and_then(|site| site.position);
                if position(part.sites.first()) < position(contig.sites.last()) {
                    return Err(GenotypeError::Request(format!(
                        "the reference panel is not sorted near {}; sort it",
                        part.sites.first().map_or(String::new(), |site| site.label(&part.name))
                    )));
                }
                if part.haplotypes.haplotypes() != contig.haplotypes.haplotypes() && !part.sites.is_empty() {
                    return Err(GenotypeError::Request(format!(
                        "samples of the reference panel change their ploidy within {}; split the panel there",
                        part.name
                    )));
                }
                contig.sites.extend(part.sites);
                contig.haplotypes.append(&part.haplotypes);
            }
        }
        Ok(())
    }
}

/// The biallelic variants of a block as haplotypes, and the number of the others.
fn read_block(block: GenotypeBlock, names: &[String]) -> Result<(PanelContig, u64), GenotypeError> {
    let ploidies = block.ploidies();
    if let Some(sample) = ploidies.iter().position(|&ploidy| ploidy > 2) {
        return Err(GenotypeError::Request(format!(
            "sample '{}' of the reference panel has ploidy {}; haplotypes of diploids and haploids serve alone",
            names[sample], ploidies[sample]
        )));
    }
    let count = ploidies.iter().map(|&ploidy| usize::from(ploidy)).sum();
    let mut out =
        PanelContig { name: block.contig.clone(), haplotypes: Haplotypes::new(count), ..Default::default() };
    let mut left_out = 0;
    let mut codes = Vec::new();
    for row in 0..block.rows() {
        let site = &block.sites[row];
        if site.alleles() != 2 {
            left_out += 1;
            continue;
        }
        let alleles = haplotypes_of(&block, row, &ploidies, &mut codes).map_err(|(sample, what)| {
            GenotypeError::Request(format!(
                "the reference panel's call of '{}' at {} is {what}; give a phased panel without missing calls \
                 (landrace impute --method haplotype makes one)",
                names[sample],
                site.label(&block.contig)
            ))
        })?;
        out.haplotypes.push_row(alleles.into_iter());
        out.sites.push(site.clone());
    }
    Ok((out, left_out))
}

/// The alleles of a variant, haplotype by haplotype; or the sample whose call does not tell, and why.
fn haplotypes_of(
    block: &GenotypeBlock,
    row: usize,
    ploidies: &[u8],
    codes: &mut Vec<u8>,
) -> Result<Vec<u8>, (usize, &'static str)> {
    let mut out = Vec::with_capacity(2 * ploidies.len());
    let layer = block.layers.alleles.as_ref();
    if let Some((calls, phased)) = layer.and_then(|layer| Some((layer.row(row)?, layer.phased(row)?))) {
        for ((sample, call), (&ploidy, &is_phased)) in calls.enumerate().zip(ploidies.iter().zip(phased)) {
            let call = &call[..usize::from(ploidy)];
            if call.contains(&UNKNOWN) {
                return Err((sample, "missing"));
            }
            if !is_phased && call.windows(2).any(|pair| pair[0] != pair[1]) {
                return Err((sample, "heterozygous and not phased"));
            }
            out.extend_from_slice(call);
        }
        return Ok(out);
    }
    block.unpack(row, codes);
    for (sample, (&code, &ploidy)) in codes.iter().zip(ploidies).enumerate() {
        match (code, ploidy) {
            (0, 1) => out.push(0),
            (1, 1) => out.push(1),
            (0, 2) => out.extend([0, 0]),
            (2, 2) => out.extend([1, 1]),
            (1, 2) => return Err((sample, "heterozygous and not phased")),
            _ => return Err((sample, "missing")),
        }
    }
    Ok(out)
}
