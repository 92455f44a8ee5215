//! The FORMAT fields of lines that are made from layers: their definitions and their values.

use super::meta::{attribute, attributes};
use crate::block::{GenotypeBlock, layer::Wanted};
use crate::digits::{push_integer, push_real};
use crate::source::SourceHeader;

/// What lines that are made anew hold beside GT.
#[derive(Clone, Debug, Default)]
pub(crate) struct Formats {
    layers: Wanted,
    /// Whether the header declares GQ as `Float`, so that its fractions may be written.
    has_real_quality: bool,
    /// Whether INFO `ALLELES` is declared.
    pub(crate) has_named_alleles: bool,
}

/// A field's values of one variant.
pub(super) enum Field<'a> {
    Integers(&'static str, usize, &'a [i32]),
    Rounded(&'a [f32]),
    Reals(&'static str, usize, &'a [f32]),
}

/// Id, `Number`, `Type` and description of the fields that layers become.
const DEFINITIONS: [(&str, &str, &str, &str); 7] = [
    ("GT", "1", "String", "Genotype"),
    ("AD", "R", "Integer", "Reads of each allele"),
    ("DP", "1", "Integer", "Reads"),
    ("GQ", "1", "Integer", "Genotype quality"),
    ("PL", "G", "Integer", "Phred-scaled likelihood of each genotype"),
    ("DS", "A", "Float", "Estimated dosage of each alternate allele"),
    ("GP", "G", "Float", "Probability of each genotype"),
];

impl Formats {
    /// What files with this header hold. Where lines go through as they are, nothing is made anew.
    pub(crate) fn of(header: &SourceHeader) -> Self {
        let layers = if header.layers.records { Wanted::default() } else { header.layers };
        let quality =
            header.meta.as_ref().and_then(|meta| Some(meta.definition("FORMAT", "GQ")?.kind == "Float"));
        let has_real_quality = quality.unwrap_or(false);
        Self { layers, has_real_quality, has_named_alleles: header.has_named_alleles }
    }

    fn has(&self, id: &str) -> bool {
        match id {
            "AD" => self.layers.allele_depths,
            "DP" => self.layers.depth,
            "GQ" => self.layers.genotype_quality,
            "PL" => self.layers.likelihoods,
            "DS" => self.layers.dosage,
            "GP" => self.layers.probabilities,
            _ => false,
        }
    }

    /// Adds the definitions that header lines lack, and puts right those of another type.
    pub(crate) fn declare(&self, lines: &mut Vec<String>) {
        for (id, number, kind, description) in DEFINITIONS.iter().filter(|field| self.has(field.0)) {
            let is_other = |line: &str| {
                let own = attributes(line);
                line.starts_with("##FORMAT=<") && attribute(&own, "ID") == Some(id)
            };
            let line =
                format!("##FORMAT=<ID={id},Number={number},Type={kind},Description=\"{description}\">");
            match lines.iter_mut().find(|line| is_other(line)) {
                Some(own) => {
                    let found = attribute(&attributes(own), "Type").map(str::to_owned);
                    if found.as_deref() != Some(kind) && !(*id == "GQ" && self.has_real_quality) {
                        *own = line;
                    }
                }
                None => lines.push(line),
            }
        }
    }

    /// The fields of a variant, in the order in which they are written; those without any value are left out.
    pub(super) fn fields_of<'a>(&self, block: &'a GenotypeBlock, row: usize) -> Vec<Field<'a>> {
        let layers = &block.layers;
        let mut out = Vec::new();
        let mut add = |field: Field<'a>| {
            if field.has_values() {
                out.push(field);
            }
        };
        if let (true, Some(values)) = (self.layers.allele_depths, &layers.allele_depths) {
            add(Field::Integers("AD", values.width(row), values.row(row)));
        }
        if let (true, Some(values)) = (self.layers.depth, &layers.depth) {
            add(Field::Integers("DP", 1, values.row(row)));
        }
        match (&layers.genotype_quality, self.has_real_quality) {
            (Some(values), true) if self.layers.genotype_quality => {
                add(Field::Reals("GQ", 1, values.row(row)))
            }
            (Some(values), false) if self.layers.genotype_quality => add(Field::Rounded(values.row(row))),
            _ => {}
        }
        if let (true, Some(values)) = (self.layers.likelihoods, &layers.likelihoods) {
            add(Field::Integers("PL", values.width(row), values.row(row)));
        }
        if let (true, Some(values)) = (self.layers.dosage, &layers.dosage) {
            add(Field::Reals("DS", values.width(row), values.row(row)));
        }
        if let (true, Some(values)) = (self.layers.probabilities, &layers.probabilities) {
            add(Field::Reals("GP", values.width(row), values.row(row)));
        }
        out
    }
}

impl Field<'_> {
    /// The field's id.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Integers(name, ..) | Self::Reals(name, ..) => name,
            Self::Rounded(_) => "GQ",
        }
    }

    fn has_values(&self) -> bool {
        match self {
            Self::Integers(_, _, values) => values.iter().any(|&value| value >= 0),
            Self::Rounded(values) => values.iter().any(|&value| value >= 0.0),
            Self::Reals(_, _, values) => values.iter().any(|value| is_known(*value)),
        }
    }

    /// Appends `:` and a sample's values; `.` where none is known.
    pub(super) fn write(&self, sample: usize, out: &mut Vec<u8>) {
        out.push(b':');
        match self {
            Self::Integers(_, width, values) => {
                let known = |value: &i32| *value >= 0;
                list(&values[sample * width..(sample + 1) * width], known, out, |value, out| {
                    push_integer(value.into(), out);
                });
            }
            Self::Rounded(values) => {
                let known = |value: &f32| is_known(*value);
                list(&values[sample..=sample], known, out, |value, out| {
                    push_integer(value.round() as i64, out)
                });
            }
            Self::Reals(name, width, values) => {
                let known = |value: &f32| is_known(*value);
                let mut own = &values[sample * width..(sample + 1) * width];
                // Beside samples of a higher ploidy there are more places than genotypes.
                while let ("GP", [first @ .., last]) = (*name, own)
                    && !first.is_empty()
                    && !is_known(*last)
                {
                    own = first;
                }
                list(own, known, out, push_real);
            }
        }
    }
}

/// Reals that are layers' are shares, dosages and qualities: never negative.
fn is_known(value: f32) -> bool {
    value >= 0.0
}

fn list<T: Copy>(
    values: &[T],
    is_known: impl Fn(&T) -> bool,
    out: &mut Vec<u8>,
    push: impl Fn(T, &mut Vec<u8>),
) {
    if !values.iter().any(&is_known) {
        return out.push(b'.');
    }
    for (index, &value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if is_known(&value) { push(value, out) } else { out.push(b'.') }
    }
}
