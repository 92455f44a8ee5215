//! Lines of VCF to BCF records (BCF 2.2, section 6 of the VCF specification).

use landrace_genome::Interval;

use super::dictionary::Dictionary;
use crate::format::vcf::{Meta, next_field};

/// Encodes lines for files of one header.
#[derive(Clone, Debug)]
pub(crate) struct Encoder {
    names: Dictionary,
    samples: usize,
}

/// Where an encoded record lies: the contig's number and the bases.
pub(crate) struct Place {
    pub(crate) contig: usize,
    pub(crate) interval: Interval,
}

/// How a field's values are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flag,
    Integer,
    Float,
    Text,
}

const INT8_MISSING: i32 = -128;
const MISSING: i32 = i32::MIN;
const END: i32 = i32::MIN + 1;
const FLOAT_MISSING: u32 = 0x7f80_0001;
const FLOAT_END: u32 = 0x7f80_0002;

impl Encoder {
    /// For files with this header.
    pub(crate) fn new(meta: &Meta, samples: usize) -> Self {
        Self { names: Dictionary::new(meta), samples }
    }

    /// Where a line's record lies.
    ///
    /// # Errors
    /// Gives what is wrong with the line.
    pub(crate) fn place(&self, line: &[u8]) -> Result<Place, String> {
        let mut columns = line.split(|&b| b == b'\t');
        let name = text(columns.next().unwrap_or_default());
        let contig = self.names.contigs.number(name).ok_or_else(|| {
            format!("the header does not declare the contig '{name}'; add a line ##contig=<ID={name}>")
        })?;
        let position: u64 = text(columns.next().unwrap_or_default()).parse().unwrap_or(0);
        let reference = columns.nth(1).unwrap_or_default().len() as u64;
        let info = columns.nth(3).unwrap_or_default();
        let end = info.split(|&b| b == b';').find_map(|field| field.strip_prefix(b"END="));
        let end = end.and_then(|end| text(end).parse::<u64>().ok());
        let start = position.saturating_sub(1);
        let end = end.filter(|&end| end > start).unwrap_or(start + reference.max(1));
        Ok(Place { contig, interval: Interval::new(start, end) })
    }

    /// Appends the record of a line (without its end) to `out`.
    ///
    /// # Errors
    /// Gives what is wrong with the line.
    pub(crate) fn encode(&self, line: &[u8], out: &mut Vec<u8>) -> Result<Place, String> {
        let place = self.place(line)?;
        let columns: Vec<&[u8]> = line.splitn(10, |&b| b == b'\t').collect();
        let column = |index: usize| columns.get(index).copied().unwrap_or(b".");
        let start = out.len();
        out.extend_from_slice(&[0; 8]);
        let alternates = column(4);
        let alternates: Vec<&[u8]> =
            if is_dot(alternates) { Vec::new() } else { alternates.split(|&b| b == b',').collect() };
        let info: Vec<&[u8]> =
            if is_dot(column(7)) { Vec::new() } else { column(7).split(|&b| b == b';').collect() };
        let format: Vec<&[u8]> = match self.samples {
            0 => Vec::new(),
            _ if is_dot(column(8)) => Vec::new(),
            _ => column(8).split(|&b| b == b':').collect(),
        };
        let position = place.interval.start() as i64 - i64::from(column(1) == b"0");
        let position =
            i32::try_from(position).map_err(|_| "the position does not fit BCF; write VCF".to_owned())?;
        put_i32(out, i32::try_from(place.contig).unwrap_or(i32::MAX));
        put_i32(out, position);
        put_i32(out, i32::try_from(place.interval.len()).unwrap_or(i32::MAX));
        put_float(out, column(5))?;
        out.extend_from_slice(&((alternates.len() as u32 + 1) << 16 | info.len() as u32).to_le_bytes());
        out.extend_from_slice(&((format.len() as u32) << 24 | self.samples as u32).to_le_bytes());
        put_string(out, if is_dot(column(2)) { b"" } else { column(2) });
        for allele in std::iter::once(column(3)).chain(alternates) {
            put_string(out, allele);
        }
        self.put_filters(column(6), out)?;
        for field in info {
            self.put_info(field, out)?;
        }
        let shared = (out.len() - start - 8) as u32;
        self.put_calls(&format, column(9), out)?;
        let individual = (out.len() - start - 8) as u32 - shared;
        out[start..start + 4].copy_from_slice(&shared.to_le_bytes());
        out[start + 4..start + 8].copy_from_slice(&individual.to_le_bytes());
        Ok(place)
    }

    fn number(&self, name: &[u8], kind: &str) -> Result<i32, String> {
        let name = text(name);
        let number = self.names.strings.number(name).and_then(|number| i32::try_from(number).ok());
        number.ok_or_else(|| {
            format!("the header does not declare {kind} '{name}', as BCF needs; declare it, or write VCF")
        })
    }

    fn put_filters(&self, filters: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let mut numbers = Vec::new();
        if !is_dot(filters) {
            for name in filters.split(|&b| b == b';') {
                numbers.push(self.number(name, "the filter")?);
            }
        }
        put_integers(out, &numbers);
        Ok(())
    }

    fn put_info(&self, field: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let (key, value) = next_field(field, b'=');
        let number = self.number(key, "the INFO field")?;
        put_integers(out, &[number]);
        let kind = self.names.kind("INFO", number);
        match (kind, value) {
            (Kind::Flag, _) | (_, None) => out.push(0),
            (Kind::Text, Some(value)) => put_string(out, value),
            (Kind::Integer, Some(value)) => put_integers(out, &integers(value)?),
            (Kind::Float, Some(value)) => {
                let values: Vec<u32> =
                    value.split(|&b| b == b',').map(float_bits).collect::<Result<_, _>>()?;
                put_descriptor(out, 5, values.len());
                values.iter().for_each(|bits| out.extend_from_slice(&bits.to_le_bytes()));
            }
        }
        Ok(())
    }

    fn put_calls(&self, format: &[&[u8]], calls: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let calls: Vec<Vec<&[u8]>> =
            calls.split(|&b| b == b'\t').map(|call| call.split(|&b| b == b':').collect()).collect();
        for (index, key) in format.iter().enumerate() {
            let number = self.number(key, "the FORMAT field")?;
            put_integers(out, &[number]);
            let fields = calls.iter().take(self.samples).map(|call| call.get(index).copied().unwrap_or(b"."));
            match (*key == b"GT", self.names.kind("FORMAT", number)) {
                (true, _) => put_genotypes(out, fields.map(genotype).collect::<Result<Vec<_>, _>>()?),
                (_, Kind::Integer) => {
                    put_integer_rows(out, &fields.map(integers).collect::<Result<Vec<_>, _>>()?)
                }
                (_, Kind::Float) => put_float_rows(out, fields)?,
                _ => put_text_rows(out, &fields.collect::<Vec<_>>()),
            }
        }
        Ok(())
    }
}

fn is_dot(text: &[u8]) -> bool {
    text.is_empty() || text == b"."
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn put_i32(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_float(out: &mut Vec<u8>, value: &[u8]) -> Result<(), String> {
    out.extend_from_slice(&float_bits(value)?.to_le_bytes());
    Ok(())
}

fn float_bits(value: &[u8]) -> Result<u32, String> {
    if is_dot(value) {
        return Ok(FLOAT_MISSING);
    }
    let number: f32 = text(value).parse().map_err(|_| format!("'{}' is not a number", text(value)))?;
    Ok(number.to_bits())
}

fn put_descriptor(out: &mut Vec<u8>, kind: u8, length: usize) {
    if length < 15 {
        out.push((length as u8) << 4 | kind);
        return;
    }
    out.push(0xf0 | kind);
    put_integers(out, &[length as i32]);
}

fn put_string(out: &mut Vec<u8>, value: &[u8]) {
    put_descriptor(out, 7, value.len());
    out.extend_from_slice(value);
}

/// Whole numbers, comma-separated; `.` alone is one missing value.
fn integers(value: &[u8]) -> Result<Vec<i32>, String> {
    let parse = |text_of: &[u8]| match text_of {
        b"." | b"" => Ok(MISSING),
        digits => match text(digits).parse::<i32>() {
            // The smallest eight values are the format's own.
            Ok(value) if value > i32::MIN + 7 => Ok(value),
            _ => Err(format!("'{}' is not a whole number that BCF can hold; write VCF", text(digits))),
        },
    };
    value.split(|&b| b == b',').map(parse).collect()
}

/// Size code of the narrowest integers that hold all values; 1, 2 or 3.
fn width_of(values: impl Iterator<Item = i32>) -> u8 {
    let (mut low, mut high) = (0, 0);
    for value in values.filter(|&value| value != MISSING && value != END) {
        (low, high) = (low.min(value), high.max(value));
    }
    match (low, high) {
        (-120.., ..=127) => 1,
        (-32_760.., ..=32_767) => 2,
        _ => 3,
    }
}

fn put_atom(out: &mut Vec<u8>, width: u8, value: i32) {
    match (width, value) {
        (1, MISSING) => out.push(INT8_MISSING as u8),
        (1, END) => out.push((INT8_MISSING + 1) as u8),
        (1, value) => out.push(value as u8),
        (2, MISSING) => out.extend_from_slice(&i16::MIN.to_le_bytes()),
        (2, END) => out.extend_from_slice(&(i16::MIN + 1).to_le_bytes()),
        (2, value) => out.extend_from_slice(&(value as i16).to_le_bytes()),
        (_, value) => put_i32(out, value),
    }
}

/// A vector of whole numbers at the narrowest width; an empty one has no type.
fn put_integers(out: &mut Vec<u8>, values: &[i32]) {
    if values.is_empty() {
        out.push(0);
        return;
    }
    let width = width_of(values.iter().copied());
    put_descriptor(out, width, values.len());
    values.iter().for_each(|&value| put_atom(out, width, value));
}

/// One vector a sample, padded to the longest.
fn put_integer_rows(out: &mut Vec<u8>, rows: &[Vec<i32>]) {
    let length = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = width_of(rows.iter().flatten().copied());
    put_descriptor(out, width, length);
    for row in rows {
        for index in 0..length {
            put_atom(out, width, row.get(index).copied().unwrap_or(END));
        }
    }
}

fn put_float_rows<'a>(out: &mut Vec<u8>, fields: impl Iterator<Item = &'a [u8]>) -> Result<(), String> {
    let rows = fields.map(|field| field.split(|&b| b == b',').map(float_bits).collect::<Result<Vec<_>, _>>());
    let rows: Vec<Vec<u32>> = rows.collect::<Result<_, _>>()?;
    let length = rows.iter().map(Vec::len).max().unwrap_or(0);
    put_descriptor(out, 5, length);
    for row in rows {
        for index in 0..length {
            out.extend_from_slice(&row.get(index).copied().unwrap_or(FLOAT_END).to_le_bytes());
        }
    }
    Ok(())
}

fn put_text_rows(out: &mut Vec<u8>, fields: &[&[u8]]) {
    let length = fields.iter().map(|field| field.len()).max().unwrap_or(0);
    put_descriptor(out, 7, length);
    for field in fields {
        out.extend_from_slice(field);
        out.resize(out.len() + length - field.len(), 0);
    }
}

/// The atoms of a genotype: `(allele + 1) << 1 | phased`.
fn genotype(field: &[u8]) -> Result<Vec<i32>, String> {
    let mut out = Vec::with_capacity(2);
    let body = field.strip_prefix(b"/").or(field.strip_prefix(b"|")).unwrap_or(field);
    let (mut from, mut phased) = (0, i32::from(field.first() == Some(&b'|')));
    for to in memchr::memchr2_iter(b'/', b'|', body).chain([body.len()]) {
        let allele = match &body[from..to] {
            b"." | b"" => 0,
            digits => text(digits).parse::<i32>().ok().filter(|&n| (0..1 << 29).contains(&n)).map_or_else(
                || Err(format!("cannot read the genotype '{}'", text(field))),
                |index| Ok(index + 1),
            )?,
        };
        out.push(allele << 1 | phased);
        phased = i32::from(body.get(to) == Some(&b'|'));
        from = to + 1;
    }
    Ok(out)
}

fn put_genotypes(out: &mut Vec<u8>, rows: Vec<Vec<i32>>) {
    put_integer_rows(out, &rows);
}

impl Dictionary {
    fn kind(&self, line: &str, string: i32) -> Kind {
        match self.type_of(line, string) {
            Some("Flag") => Kind::Flag,
            Some("Integer") => Kind::Integer,
            Some("Float") => Kind::Float,
            _ => Kind::Text,
        }
    }
}
