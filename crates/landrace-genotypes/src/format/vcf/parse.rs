//! Lines of VCF to blocks.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::ops::Range;
use std::sync::Arc;

use landrace_genome::Position;
use memchr::{memchr, memchr_iter};

use super::cells::{Cells, read_fixed, read_leading};
use super::meta::Meta;
use super::names::take_names;
use crate::block::layer::{ABSENT, UNKNOWN, Wanted};
use crate::block::{
    AlleleCodes, CallGatherer, Filters, GenotypeBlock, Grid, Layers, Ragged, RecordLines, Site,
};
use crate::plane::{MAX_PLOIDY, MISSING};

/// Parses lines of one file.
#[derive(Clone, Debug)]
pub(crate) struct LineParser {
    /// Number of samples.
    pub(crate) samples: usize,
    /// What to fill.
    pub(crate) wanted: Wanted,
    /// Whether the header declares INFO `ALLELES`.
    pub(crate) has_named_alleles: bool,
}

impl LineParser {
    /// For files with this header.
    pub(crate) fn new(meta: &Meta, samples: usize, wanted: Wanted) -> Self {
        Self { samples, wanted, has_named_alleles: meta.has("INFO", "ALLELES") }
    }

    /// What the header says of the layers: those wanted that its FORMAT lines declare.
    pub(crate) fn layers(&self, meta: &Meta) -> Wanted {
        let has = |id| meta.has("FORMAT", id);
        Wanted {
            phase: self.wanted.phase,
            depth: self.wanted.depth && (has("DP") || has("AD")),
            genotype_quality: self.wanted.genotype_quality && has("GQ"),
            allele_depths: self.wanted.allele_depths && has("AD"),
            likelihoods: self.wanted.likelihoods && has("PL"),
            dosage: self.wanted.dosage && has("DS"),
            probabilities: self.wanted.probabilities && has("GP"),
            records: self.wanted.records,
        }
    }
}

/// What is wrong with a line.
pub(crate) type LineResult<T> = Result<T, String>;

/// The pieces of one line.
struct Fields<'a> {
    fixed: [&'a [u8]; 8],
    format: &'a [u8],
    calls: &'a [u8],
}

/// Where in a sample's fields the wanted ones are.
#[derive(Clone, Copy, Default)]
struct Keys {
    gt: Option<usize>,
    dp: Option<usize>,
    gq: Option<usize>,
    ad: Option<usize>,
    pl: Option<usize>,
    ds: Option<usize>,
    gp: Option<usize>,
}

/// The calls of one line.
#[derive(Default)]
struct Row {
    ploidies: Vec<u8>,
    codes: Vec<u8>,
    /// Allele indices, `width` a sample.
    alleles: Vec<u8>,
    phased: Vec<bool>,
    phased_heterozygotes: u64,
    partial_calls: u64,
}

/// A block under construction.
struct Builder<'p> {
    parser: &'p LineParser,
    text: Arc<Vec<u8>>,
    contig: Arc<str>,
    calls: CallGatherer,
    sites: Vec<Site>,
    lines: Vec<Range<usize>>,
    layers: Layers,
    alleles: Vec<Option<(Vec<u8>, Vec<bool>)>>,
}

impl LineParser {
    /// Parses whole lines of one contig.
    ///
    /// # Errors
    /// Gives the number of the wrong line within the text, from 0, and what is wrong with it.
    pub(crate) fn parse(&self, text: Vec<u8>) -> Result<Vec<GenotypeBlock>, (u64, String)> {
        let text = Arc::new(text);
        let mut blocks = Vec::new();
        let mut builder: Option<Builder<'_>> = None;
        let mut row = Row::default();
        let mut start = 0;
        let ends =
            memchr_iter(b'\n', &text).chain((text.last().is_some_and(|b| *b != b'\n')).then_some(text.len()));
        for (number, end) in (0u64..).zip(ends) {
            let line = start..trimmed_end(&text, start, end);
            start = end + 1;
            if line.is_empty() {
                continue;
            }
            let failed = |message: String| (number, message);
            let fields = self.split(&text[line.clone()]).map_err(failed)?;
            let mut site = site(&fields).map_err(failed)?;
            if self.has_named_alleles {
                take_names(fields.fixed[7], &mut site);
            }
            let keys = self.read_calls(&fields, &site, &mut row).map_err(failed)?;
            if let Some(full) = builder.take_if(|b| !b.calls.fits(&row.ploidies)) {
                blocks.push(full.finish());
            }
            let contig = fields.fixed[0];
            let builder = match &mut builder {
                Some(builder) => builder,
                none => none.insert(Builder::new(self, text.clone(), contig).map_err(failed)?),
            };
            builder.add_layers(&fields, keys, site.alleles()).map_err(failed)?;
            builder.push(site, &row, line);
        }
        blocks.extend(builder.map(Builder::finish));
        Ok(blocks)
    }

    fn split<'a>(&self, line: &'a [u8]) -> LineResult<Fields<'a>> {
        let mut fixed = [&line[..0]; 8];
        let mut rest = Some(line);
        for (index, field) in fixed.iter_mut().enumerate() {
            let Some(text) = rest else {
                return Err(format!("has {index} columns, but VCF has at least 8; is the file cut short?"));
            };
            (*field, rest) = next_field(text, b'\t');
        }
        let (format, calls) = match rest {
            Some(text) => {
                let (format, calls) = next_field(text, b'\t');
                (format, calls.unwrap_or_default())
            }
            None => (&line[..0], &line[..0]),
        };
        let found = if calls.is_empty() { 0 } else { 1 + memchr_iter(b'\t', calls).count() };
        if found != self.samples {
            return Err(format!(
                "has {found} sample columns, but the header names {}; is the file cut short?",
                self.samples
            ));
        }
        Ok(Fields { fixed, format, calls })
    }

    /// Reads the genotypes of a line into `row`.
    fn read_calls(&self, fields: &Fields<'_>, site: &Site, row: &mut Row) -> LineResult<Keys> {
        let keys = Keys::of(fields.format);
        row.ploidies.clear();
        row.codes.clear();
        row.alleles.clear();
        row.phased.clear();
        (row.phased_heterozygotes, row.partial_calls) = (0, 0);
        let Some(gt) = keys.gt else {
            row.ploidies.resize(self.samples, 0);
            row.codes.resize(self.samples, MISSING);
            return Ok(keys);
        };
        let keeps_alleles = site.alleles() > 2 || self.wanted.phase;
        let alleles = site.alleles();
        if alleles == 2 && !keeps_alleles && gt == 0 && row.read_diploids(fields, self.samples) {
            return Ok(keys);
        }
        for call in Cells::of(fields.calls).take(self.samples) {
            let genotype = if gt == 0 { next_field(call, b':').0 } else { subfield(call, gt) };
            if let (&[a, separator @ (b'/' | b'|'), b], false) = (genotype, keeps_alleles)
                && a.is_ascii_digit()
                && b.is_ascii_digit()
                && usize::from(a.max(b) - b'0') < alleles
            {
                row.ploidies.push(2);
                row.codes.push(u8::from(a != b'0') + u8::from(b != b'0'));
                row.phased_heterozygotes += u64::from(separator == b'|' && a != b);
                continue;
            }
            read_genotype(genotype, alleles, keeps_alleles, row)?;
        }
        Ok(keys)
    }
}

impl Row {
    /// Reads a line whose calls are all `a/b` or `a|b` with a and b of `0`, `1` and `.`; `false`, and nothing read,
    /// if it is not one.
    fn read_diploids(&mut self, fields: &Fields<'_>, samples: usize) -> bool {
        self.codes.resize(samples, MISSING);
        let phased = match fields.format {
            b"GT" => read_fixed(fields.calls, &mut self.codes),
            _ => read_leading(fields.calls, &mut self.codes),
        };
        match phased {
            Some(phased) => {
                self.ploidies.resize(samples, 2);
                self.phased_heterozygotes = phased;
            }
            None => self.codes.clear(),
        }
        phased.is_some()
    }
}

/// Reads one genotype of any ploidy.
fn read_genotype(genotype: &[u8], alleles: usize, keeps_alleles: bool, row: &mut Row) -> LineResult<()> {
    let wrong = |why: &str| {
        let text = String::from_utf8_lossy(genotype);
        Err(format!("cannot read the genotype '{}'; {why}", text.chars().take(40).collect::<String>()))
    };
    // VCF 4.4 may say the phase of the first allele, too.
    let body = genotype.strip_prefix(b"/").or(genotype.strip_prefix(b"|")).unwrap_or(genotype);
    let (mut ploidy, mut dosage, mut known) = (0u8, 0u8, 0u8);
    let start = row.alleles.len();
    let separators = memchr::memchr2_iter(b'/', b'|', body);
    let mut from = 0;
    for to in separators.chain([body.len()]) {
        let allele = &body[from..to];
        from = to + 1;
        ploidy += 1;
        if ploidy > MAX_PLOIDY {
            return wrong("the highest ploidy is 14");
        }
        let code = match allele {
            b"." | b"" => None,
            _ => match std::str::from_utf8(allele).ok().and_then(|text| text.parse::<usize>().ok()) {
                Some(index) if index < alleles => Some(u8::try_from(index).unwrap_or(UNKNOWN - 2)),
                Some(_) => return wrong("there is no allele of this number"),
                None => return wrong("write allele numbers, separated by / or |"),
            },
        };
        known += u8::from(code.is_some());
        dosage += u8::from(code.is_some_and(|code| code > 0));
        if keeps_alleles {
            row.alleles.push(code.unwrap_or(UNKNOWN));
        }
    }
    let is_empty = body == b"." || body.is_empty();
    row.ploidies.push(if is_empty { 0 } else { ploidy });
    // A call that is known in part has no dosage.
    row.codes.push(if known == ploidy { dosage } else { MISSING });
    row.partial_calls += u64::from(known > 0 && known < ploidy);
    let is_phased = memchr(b'|', genotype).is_some();
    row.phased_heterozygotes += u64::from(is_phased && dosage > 0 && (dosage < ploidy || alleles > 2));
    if keeps_alleles {
        row.alleles.resize(start + usize::from(MAX_PLOIDY), ABSENT);
        row.phased.push(is_phased);
    }
    Ok(())
}

impl Keys {
    fn of(format: &[u8]) -> Self {
        let mut keys = Self::default();
        for (index, key) in format.split(|&b| b == b':').enumerate() {
            let slot = match key {
                b"GT" => &mut keys.gt,
                b"DP" => &mut keys.dp,
                b"GQ" => &mut keys.gq,
                b"AD" => &mut keys.ad,
                b"PL" => &mut keys.pl,
                b"DS" => &mut keys.ds,
                b"GP" => &mut keys.gp,
                _ => continue,
            };
            *slot = Some(index);
        }
        keys
    }
}

impl<'p> Builder<'p> {
    fn new(parser: &'p LineParser, text: Arc<Vec<u8>>, contig: &[u8]) -> LineResult<Self> {
        let samples = parser.samples;
        let wanted = parser.wanted;
        let layers = Layers {
            depth: wanted.depth.then(|| Grid::new(samples)),
            genotype_quality: wanted.genotype_quality.then(|| Grid::new(samples)),
            allele_depths: wanted.allele_depths.then(|| Ragged::new(samples)),
            likelihoods: wanted.likelihoods.then(|| Ragged::new(samples)),
            dosage: wanted.dosage.then(|| Ragged::new(samples)),
            probabilities: wanted.probabilities.then(|| Ragged::new(samples)),
            ..Layers::default()
        };
        let contig = text_of(contig, "the contig's name")?.into();
        let calls = CallGatherer::new(samples);
        Ok(Self {
            parser,
            text,
            contig,
            calls,
            sites: Vec::new(),
            lines: Vec::new(),
            layers,
            alleles: Vec::new(),
        })
    }

    fn push(&mut self, site: Site, row: &Row, line: Range<usize>) {
        self.calls.push(&row.ploidies, &row.codes);
        self.sites.push(site);
        self.layers.phased_heterozygotes += row.phased_heterozygotes;
        self.layers.partial_calls += row.partial_calls;
        let has_alleles = row.phased.len() == self.parser.samples && self.parser.samples > 0;
        self.alleles.push(has_alleles.then(|| (row.alleles.clone(), row.phased.clone())));
        self.lines.push(line);
    }

    fn add_layers(&mut self, fields: &Fields<'_>, keys: Keys, alleles: usize) -> LineResult<()> {
        let samples = self.parser.samples;
        let layers = &mut self.layers;
        if let Some(grid) = &mut layers.depth {
            // Where a caller wrote allele depths alone, their sum is the depth.
            let mut row = integers(fields.calls, keys.dp, 1, samples, "DP")?;
            if keys.dp.is_none() && keys.ad.is_some() {
                let depths = integers(fields.calls, keys.ad, alleles, samples, "AD")?;
                let sum = |call: &[i32]| match call.iter().all(|&n| n < 0) {
                    true => -1,
                    false => call.iter().fold(0i32, |sum, &n| sum.saturating_add(n.max(0))),
                };
                row = depths.chunks_exact(alleles).map(sum).collect();
            }
            grid.push_row(&row);
        }
        if let Some(grid) = &mut layers.genotype_quality {
            grid.push_row(&floats(fields.calls, keys.gq, 1, samples, "GQ")?);
        }
        if let Some(ragged) = &mut layers.allele_depths {
            ragged.push_row(alleles, &integers(fields.calls, keys.ad, alleles, samples, "AD")?);
        }
        if let Some(ragged) = &mut layers.likelihoods {
            let width = keys.pl.map_or(0, |key| widest(fields.calls, key));
            ragged.push_row(width, &integers(fields.calls, keys.pl, width, samples, "PL")?);
        }
        if let Some(ragged) = &mut layers.dosage {
            let width = alleles.saturating_sub(1);
            ragged.push_row(width, &floats(fields.calls, keys.ds, width, samples, "DS")?);
        }
        if let Some(ragged) = &mut layers.probabilities {
            let width = keys.gp.map_or(0, |key| widest(fields.calls, key));
            ragged.push_row(width, &floats(fields.calls, keys.gp, width, samples, "GP")?);
        }
        Ok(())
    }

    fn finish(mut self) -> GenotypeBlock {
        let samples = self.parser.samples;
        let groups = self.calls.take(2);
        if self.alleles.iter().any(Option::is_some) {
            let width = usize::from(groups.iter().map(|group| group.calls.ploidy()).max().unwrap_or(2));
            let mut codes = AlleleCodes::new(samples, width);
            for row in &self.alleles {
                let narrow = row.as_ref().map(|(alleles, phased)| {
                    let calls = alleles.chunks_exact(usize::from(MAX_PLOIDY));
                    (calls.flat_map(|call| &call[..width]).copied().collect::<Vec<u8>>(), phased)
                });
                codes.push_row(narrow.as_ref().map(|(codes, phased)| (codes.as_slice(), phased.as_slice())));
            }
            self.layers.alleles = Some(codes);
        }
        if self.parser.wanted.records {
            self.layers.records =
                Some(RecordLines { text: self.text, lines: self.lines, ..Default::default() });
        }
        GenotypeBlock { contig: self.contig, samples, sites: self.sites, groups, layers: self.layers }
    }
}

/// The site of a line.
fn site(fields: &Fields<'_>) -> LineResult<Site> {
    let [_, position, id, reference, alternates, quality, filters, _] = fields.fixed;
    let position =
        std::str::from_utf8(position).ok().and_then(|text| text.parse::<u64>().ok()).ok_or_else(|| {
            format!("cannot read the position '{}'; is this a VCF file?", String::from_utf8_lossy(position))
        })?;
    let quality = match quality {
        b"." => None,
        text => Some(std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            format!("cannot read the quality '{}'; write a number or .", String::from_utf8_lossy(text))
        })?),
    };
    let alternates = text_of(alternates, "ALT")?;
    Ok(Site {
        position: Position::new(position),
        id: Some(text_of(id, "the ID")?).filter(|id| *id != ".").unwrap_or_default().into(),
        reference: text_of(reference, "REF")?.into(),
        alternates: match alternates {
            "." | "" => Vec::new(),
            text => text.split(',').map(Into::into).collect(),
        },
        quality,
        filters: match filters {
            b"." => Filters::NotApplied,
            b"PASS" => Filters::Pass,
            failed => Filters::Failed(text_of(failed, "FILTER")?.into()),
        },
        genetic_position: None,
    })
}

fn text_of<'a>(bytes: &'a [u8], what: &str) -> LineResult<&'a str> {
    std::str::from_utf8(bytes).map_err(|_| format!("{what} is not UTF-8; save the file as UTF-8"))
}

fn trimmed_end(text: &[u8], start: usize, end: usize) -> usize {
    if end > start && text[end - 1] == b'\r' { end - 1 } else { end }
}

/// What comes before the separator, and what after it, if it is there.
pub(crate) fn next_field(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(separator, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn subfield(call: &[u8], index: usize) -> &[u8] {
    call.split(|&b| b == b':').nth(index).unwrap_or_default()
}

/// The most values that any sample has in a field.
fn widest(calls: &[u8], key: usize) -> usize {
    let count = |call: &[u8]| match subfield(call, key) {
        b"" | b"." => 0,
        values => 1 + memchr_iter(b',', values).count(),
    };
    Cells::of(calls).map(count).max().unwrap_or(0)
}

/// The values of an integer field, `width` a sample; −1 where there is none.
fn integers(
    calls: &[u8],
    key: Option<usize>,
    width: usize,
    samples: usize,
    name: &str,
) -> LineResult<Vec<i32>> {
    let parse = |text: &str| text.parse::<i64>().ok().map(|n| i32::try_from(n).unwrap_or(i32::MAX));
    values(calls, key, (width, samples, name), (-1, parse))
}

/// The values of a number field, `width` a sample; NaN where there is none.
fn floats(
    calls: &[u8],
    key: Option<usize>,
    width: usize,
    samples: usize,
    name: &str,
) -> LineResult<Vec<f32>> {
    values(calls, key, (width, samples, name), (f32::NAN, |text: &str| text.parse().ok()))
}

fn values<T: Copy>(
    calls: &[u8],
    key: Option<usize>,
    (width, samples, name): (usize, usize, &str),
    (missing, parse): (T, impl Fn(&str) -> Option<T>),
) -> LineResult<Vec<T>> {
    let mut out = vec![missing; width * samples];
    let Some(key) = key else { return Ok(out) };
    for (call, slots) in Cells::of(calls).zip(out.chunks_exact_mut(width.max(1))) {
        let field = subfield(call, key);
        for (text, slot) in field.split(|&b| b == b',').zip(slots) {
            if text.is_empty() || text == b"." {
                continue;
            }
            let value = std::str::from_utf8(text).ok().and_then(&parse);
            *slot = value.ok_or_else(|| {
                format!("cannot read the {name} '{}'; write numbers or .", String::from_utf8_lossy(field))
            })?;
        }
    }
    Ok(out)
}
