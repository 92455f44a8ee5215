//! BCF records to lines of VCF (BCF 2.2, section 6 of the VCF specification).

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::Write;

use super::dictionary::Dictionary;
use crate::digits::push_integer;

/// The bytes of a record that are left to read.
struct Cursor<'a> {
    bytes: &'a [u8],
}

/// Type of a value: how wide its atoms are and what they mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Int8,
    Int16,
    Int32,
    Float,
    Char,
}

/// Why a record cannot be read.
pub(crate) type DecodeResult<T> = Result<T, String>;

const CUT: &str = "the record is cut short or damaged; copy or download the file again";

impl Kind {
    fn of(code: u8) -> DecodeResult<Self> {
        Ok(match code {
            0 => Self::None,
            1 => Self::Int8,
            2 => Self::Int16,
            3 => Self::Int32,
            5 => Self::Float,
            7 => Self::Char,
            _ => return Err(format!("unknown value type {code}; {CUT}")),
        })
    }

    fn size(self) -> usize {
        match self {
            Self::None => 0,
            Self::Int8 | Self::Char => 1,
            Self::Int16 => 2,
            Self::Int32 | Self::Float => 4,
        }
    }
}

/// An atom of a vector.
enum Atom {
    Missing,
    End,
    Integer(i32),
    Float(f32),
}

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> DecodeResult<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(n).ok_or(CUT)?;
        self.bytes = rest;
        Ok(head)
    }

    fn i32(&mut self) -> DecodeResult<i32> {
        let bytes = self.take(4)?;
        Ok(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// The type and length of a value.
    fn descriptor(&mut self) -> DecodeResult<(Kind, usize)> {
        let byte = self.take(1)?[0];
        let kind = Kind::of(byte & 15)?;
        let length = match byte >> 4 {
            15 => self.integer()?,
            short => usize::from(short),
        };
        Ok((kind, length))
    }

    /// A typed whole number that is not negative.
    fn integer(&mut self) -> DecodeResult<usize> {
        let (kind, length) = self.descriptor_without_overflow()?;
        if length != 1 {
            return Err(CUT.to_owned());
        }
        match atom(self.take(kind.size())?, kind) {
            Atom::Integer(value) => usize::try_from(value).map_err(|_| CUT.to_owned()),
            _ => Err(CUT.to_owned()),
        }
    }

    fn descriptor_without_overflow(&mut self) -> DecodeResult<(Kind, usize)> {
        let byte = self.take(1)?[0];
        if byte >> 4 == 15 {
            return Err(CUT.to_owned());
        }
        Ok((Kind::of(byte & 15)?, usize::from(byte >> 4)))
    }

    /// The bytes of a vector.
    fn vector(&mut self, kind: Kind, length: usize) -> DecodeResult<&'a [u8]> {
        self.take(kind.size().checked_mul(length).ok_or(CUT)?)
    }

    fn string(&mut self) -> DecodeResult<&'a [u8]> {
        let (kind, length) = self.descriptor()?;
        match kind {
            Kind::Char | Kind::None => self.vector(kind, length),
            _ => Err(CUT.to_owned()),
        }
    }
}

fn atom(bytes: &[u8], kind: Kind) -> Atom {
    match (kind, bytes) {
        (Kind::Int8, &[a]) => match i8::from_le_bytes([a]) {
            i8::MIN => Atom::Missing,
            -127 => Atom::End,
            value => Atom::Integer(value.into()),
        },
        (Kind::Int16, &[a, b]) => match i16::from_le_bytes([a, b]) {
            i16::MIN => Atom::Missing,
            -32_767 => Atom::End,
            value => Atom::Integer(value.into()),
        },
        (Kind::Int32, &[a, b, c, d]) => match i32::from_le_bytes([a, b, c, d]) {
            i32::MIN => Atom::Missing,
            -2_147_483_647 => Atom::End,
            value => Atom::Integer(value),
        },
        (Kind::Float, &[a, b, c, d]) => match u32::from_le_bytes([a, b, c, d]) {
            0x7f80_0001 => Atom::Missing,
            0x7f80_0002 => Atom::End,
            bits => Atom::Float(f32::from_bits(bits)),
        },
        _ => Atom::Missing,
    }
}

/// Writes a number so that reading it gives the same 32 bits, as briefly as that can be: what a VCF said comes back.
fn write_float(value: f32, out: &mut Vec<u8>) {
    let size = value.abs();
    let _ = if value.is_nan() {
        write!(out, "nan")
    } else if value.is_infinite() {
        write!(out, "{}", if value > 0.0 { "inf" } else { "-inf" })
    } else if size != 0.0 && !(1e-4..1e9).contains(&size) {
        write!(out, "{value:e}")
    } else {
        write!(out, "{value}")
    };
}

fn write_atoms(bytes: &[u8], kind: Kind, out: &mut Vec<u8>) {
    if kind == Kind::Char {
        let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        out.extend_from_slice(if end == 0 { b"." } else { &bytes[..end] });
        return;
    }
    let start = out.len();
    for bytes in bytes.chunks_exact(kind.size().max(1)) {
        let value = atom(bytes, kind);
        if matches!(value, Atom::End) {
            break;
        }
        if out.len() > start {
            out.push(b',');
        }
        match value {
            Atom::Integer(value) => push_integer(value.into(), out),
            Atom::Float(value) => write_float(value, out),
            Atom::Missing | Atom::End => out.push(b'.'),
        }
    }
    if out.len() == start {
        out.push(b'.');
    }
}

/// The contig's number of a record, from its shared part.
pub(crate) fn contig_of(shared: &[u8]) -> Option<usize> {
    let bytes = shared.first_chunk::<4>()?;
    usize::try_from(i32::from_le_bytes(*bytes)).ok()
}

/// Appends a record as a line of VCF, without its end.
///
/// # Errors
/// Gives what is wrong with the record.
pub(crate) fn write_line(
    (shared, individual): (&[u8], &[u8]),
    names: &Dictionary,
    samples: usize,
    out: &mut Vec<u8>,
) -> DecodeResult<()> {
    let mut shared = Cursor { bytes: shared };
    let contig = usize::try_from(shared.i32()?).map_err(|_| CUT)?;
    let contig = names.contigs.name(contig).ok_or("the header does not declare the record's contig")?;
    let position = i64::from(shared.i32()?) + 1;
    shared.i32()?; // length on the reference: REF and INFO END say it
    let quality = atom(shared.take(4)?, Kind::Float);
    let counts = [shared.i32()?, shared.i32()?].map(i32::cast_unsigned);
    let (infos, alleles) = (counts[0] & 0xffff, counts[0] >> 16);
    let (found_samples, formats) = (counts[1] & 0xff_ffff, counts[1] >> 24);
    if found_samples as usize != samples {
        return Err(format!("has {found_samples} samples, but the header names {samples}; {CUT}"));
    }
    let _ = write!(out, "{contig}\t{position}\t");
    write_text(shared.string()?, out);
    for allele in 0..alleles.max(1) {
        out.push(if allele > 1 { b',' } else { b'\t' });
        if allele < alleles {
            write_text(shared.string()?, out);
        }
    }
    if alleles < 2 {
        out.extend_from_slice(b"\t.");
    }
    out.push(b'\t');
    match quality {
        Atom::Float(value) => write_float(value, out),
        _ => out.push(b'.'),
    }
    out.push(b'\t');
    write_filters(&mut shared, names, out)?;
    out.push(b'\t');
    write_info(&mut shared, names, infos, out)?;
    if samples > 0 {
        write_calls(individual, names, (samples, formats), out)?;
    }
    Ok(())
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
    // A tab or a line end within a value would make another line of it.
    let is_clean = !text[..end].iter().any(|b| matches!(b, b'\t' | b'\n' | b'\r'));
    out.extend_from_slice(if end == 0 || !is_clean { b"." } else { &text[..end] });
}

fn write_filters(shared: &mut Cursor<'_>, names: &Dictionary, out: &mut Vec<u8>) -> DecodeResult<()> {
    let (kind, length) = shared.descriptor()?;
    let bytes = shared.vector(kind, length)?;
    let start = out.len();
    for bytes in bytes.chunks_exact(kind.size().max(1)) {
        if let Atom::Integer(number) = atom(bytes, kind) {
            if out.len() > start {
                out.push(b';');
            }
            out.extend_from_slice(name(names, number)?.as_bytes());
        }
    }
    if out.len() == start {
        out.push(b'.');
    }
    Ok(())
}

fn name(names: &Dictionary, number: i32) -> DecodeResult<&str> {
    let name = usize::try_from(number).ok().and_then(|number| names.strings.name(number));
    name.ok_or_else(|| format!("the header has no string {number}; {CUT}"))
}

fn write_info(
    shared: &mut Cursor<'_>,
    names: &Dictionary,
    infos: u32,
    out: &mut Vec<u8>,
) -> DecodeResult<()> {
    for index in 0..infos {
        if index > 0 {
            out.push(b';');
        }
        let key = i32::try_from(shared.integer()?).map_err(|_| CUT)?;
        out.extend_from_slice(name(names, key)?.as_bytes());
        let (kind, length) = shared.descriptor()?;
        let bytes = shared.vector(kind, length)?;
        if kind == Kind::None || names.is_flag(key) {
            continue;
        }
        out.push(b'=');
        if kind == Kind::Char { write_text(bytes, out) } else { write_atoms(bytes, kind, out) }
    }
    if infos == 0 {
        out.push(b'.');
    }
    Ok(())
}

/// FORMAT and the samples' fields; trailing fields that are all missing stay, as the record has them.
fn write_calls(
    individual: &[u8],
    names: &Dictionary,
    (samples, formats): (usize, u32),
    out: &mut Vec<u8>,
) -> DecodeResult<()> {
    let mut individual = Cursor { bytes: individual };
    let mut fields = Vec::new();
    out.push(b'\t');
    for index in 0..formats {
        if index > 0 {
            out.push(b':');
        }
        let key = i32::try_from(individual.integer()?).map_err(|_| CUT)?;
        let key = name(names, key)?;
        out.extend_from_slice(key.as_bytes());
        let (kind, length) = individual.descriptor()?;
        let size = kind.size().checked_mul(length).ok_or(CUT)?;
        let bytes = individual.take(size.checked_mul(samples).ok_or(CUT)?)?;
        fields.push((key == "GT" && kind != Kind::Float && kind != Kind::Char, kind, size, bytes));
    }
    if formats == 0 {
        out.push(b'.');
    }
    for sample in 0..samples {
        out.push(b'\t');
        if formats == 0 {
            out.push(b'.');
        }
        for (index, (is_genotype, kind, size, bytes)) in fields.iter().enumerate() {
            if index > 0 {
                out.push(b':');
            }
            let own = &bytes[sample * size..(sample + 1) * size];
            match (is_genotype, kind) {
                (true, _) => write_genotype(own, *kind, out),
                (false, Kind::Char) => write_text(own, out),
                (false, _) => write_atoms(own, *kind, out),
            }
        }
    }
    Ok(())
}

/// A genotype: each atom is `(allele + 1) << 1 | phased`.
fn write_genotype(bytes: &[u8], kind: Kind, out: &mut Vec<u8>) {
    let start = out.len();
    for bytes in bytes.chunks_exact(kind.size().max(1)) {
        let value = match atom(bytes, kind) {
            Atom::Integer(value) => value,
            Atom::Missing => 0,
            Atom::End | Atom::Float(_) => break,
        };
        if out.len() > start {
            out.push(if value & 1 == 1 { b'|' } else { b'/' });
        }
        match (value >> 1) - 1 {
            allele if allele >= 0 => push_integer(allele.into(), out),
            _ => out.push(b'.'),
        }
    }
    if out.len() == start {
        out.push(b'.');
    }
}
