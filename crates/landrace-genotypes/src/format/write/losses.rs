//! What a format could not hold.

use std::collections::BTreeMap;

use crate::block::{Filters, GenotypeBlock, Site};
use crate::source::{Family, SourceHeader};

/// What a format could not hold: a sentence each, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(BTreeMap<&'static str, u64>);

/// The loss of HapMap's descriptive columns, which no format here holds, not even HapMap as it is written.
pub(crate) const HAPMAP_NOTES: &str = "variants with something in HapMap's columns from strand to QCcode";

impl Losses {
    /// Notes a loss of `n` items of what.
    pub fn add(&mut self, what: &'static str, n: u64) {
        if n > 0 {
            *self.0.entry(what).or_default() += n;
        }
    }

    /// Takes over another block's losses.
    pub fn merge(&mut self, other: &Self) {
        for (what, n) in &other.0 {
            self.add(what, *n);
        }
    }

    /// Whether nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line a loss, with its number.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(what, n)| format!("{what}: {n}"))
    }

    /// Notes what a table of calls alone cannot hold of a block.
    pub(crate) fn add_of_block(&mut self, block: &GenotypeBlock) {
        let having = |test: fn(&Site) -> bool| block.sites.iter().filter(|site| test(site)).count() as u64;
        self.add("qualities of variants", having(|site| site.quality.is_some()));
        self.add("filters of variants", having(|site| site.filters != Filters::NotApplied));
        self.add("phased heterozygous calls, written without phase", block.layers.phased_heterozygotes);
        self.add(HAPMAP_NOTES, block.layers.hapmap_notes);
        self.add("calls known in part, written as missing", block.layers.partial_calls);
    }

    /// Notes what variant files cannot hold of a family table.
    pub(crate) fn add_families(&mut self, header: &SourceHeader) {
        let is_telling =
            |family: &&Family| family.fields[2..].iter().any(|field| !matches!(&**field, "0" | "-9"));
        let rows = header.families.iter().flat_map(|rows| rows.iter());
        self.add("parents, sexes and phenotypes of samples", rows.clone().filter(is_telling).count() as u64);
        self.add("families of samples", rows.filter(|row| *row.fields[0] != *"0").count() as u64);
    }
}

impl SourceHeader {
    /// What a table of calls cannot hold of this header's file; `formats` are the FORMAT fields that it does hold.
    pub(crate) fn losses_of_tables(&self, formats: &[&str]) -> Losses {
        let mut losses = Losses::default();
        if let Some(rows) = &self.families {
            losses.add("families, parents, sexes and phenotypes of samples", rows.len() as u64);
        }
        let lengths = self.contigs.iter().filter(|(_, contig)| contig.length > 0).count() as u64;
        losses.add("lengths of contigs", lengths);
        if let Some(meta) = &self.meta {
            let others = |line: &Vec<(&str, &str)>| {
                !line.iter().any(|(key, value)| *key == "ID" && formats.contains(value))
            };
            losses.add("INFO fields declared in the header", meta.of_kind("INFO").count() as u64);
            let fields = meta.of_kind("FORMAT").filter(others).count() as u64;
            losses.add("FORMAT fields beside GT declared in the header", fields);
            return losses;
        }
        let own = &self.layers;
        let fields = [
            ("DP", own.depth),
            ("GQ", own.genotype_quality),
            ("AD", own.allele_depths),
            ("PL", own.likelihoods),
            ("DS", own.dosage),
            ("GP", own.probabilities),
        ];
        let lost = fields.iter().filter(|(id, is_there)| *is_there && !formats.contains(id)).count() as u64;
        losses.add("kinds of values beside the calls (reads, qualities, likelihoods, dosages)", lost);
        losses.add("INFO fields declared in the header", self.info.len() as u64);
        losses
    }
}
