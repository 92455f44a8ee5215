//! Alleles that VCF cannot write as they are (sizes of microsatellites, `B` beside `A`): a symbol in ALT, `N` in
//! REF, and their names in INFO `ALLELES`.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use crate::block::Site;

/// The header line of `ALLELES`.
pub(crate) const ALLELES_LINE: &str = r#"##INFO=<ID=ALLELES,Number=R,Type=String,Description="Names of the alleles where they are no sequences, percent-encoded">"#;

/// Whether VCF can hold an allele as it stands.
pub(crate) fn is_sequence(allele: &str) -> bool {
    let is_base = |byte: u8| matches!(byte.to_ascii_uppercase(), b'A' | b'C' | b'G' | b'T' | b'N');
    !allele.is_empty() && allele.bytes().all(is_base)
}

/// Whether VCF can hold an allele in ALT as it stands: bases, `*`, symbols in angle brackets and breakends.
fn fits_alternate(allele: &str) -> bool {
    is_sequence(allele)
        || allele == "*"
        || (allele.starts_with('<') && allele.ends_with('>'))
        || allele.contains(['[', ']'])
}

/// Whether an allele is a placeholder for one that is not known.
fn is_unknown(allele: &str) -> bool {
    matches!(allele, "" | "." | "0" | "N")
}

/// Whether a site's alleles need `ALLELES`.
pub(crate) fn needs_names(site: &Site) -> bool {
    let is_named = |allele: &str| !is_unknown(allele);
    (is_named(&site.reference) && !is_sequence(&site.reference))
        || site.alternates.iter().any(|allele| !fits_alternate(allele))
}

/// REF of a site.
pub(crate) fn reference(site: &Site, has_names: bool) -> &str {
    match &*site.reference {
        "-" | "+" => "N",
        unknown if is_unknown(unknown) => "N",
        other if has_names && !is_sequence(other) => "N",
        other => other,
    }
}

/// Appends ALT of a site, comma-separated.
pub(crate) fn put_alternates(site: &Site, has_names: bool, out: &mut Vec<u8>) {
    for (index, allele) in site.alternates.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match &**allele {
            "-" => out.extend_from_slice(b"<DEL>"),
            "+" => out.extend_from_slice(b"<INS>"),
            other if has_names && !fits_alternate(other) => {
                out.push(b'<');
                encode(other, out);
                out.push(b'>');
            }
            other => out.extend_from_slice(other.as_bytes()),
        }
    }
    if site.alternates.is_empty() {
        out.push(b'.');
    }
}

/// Appends the value of `ALLELES`.
pub(crate) fn put_names(site: &Site, out: &mut Vec<u8>) {
    encode(&site.reference, out);
    for allele in &site.alternates {
        out.push(b',');
        encode(allele, out);
    }
}

/// Appends text with the characters that have a meaning in VCF, and white space, as `%` and two digits.
fn encode(text: &str, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte <= b' ' || matches!(byte, b'%' | b',' | b';' | b'=' | b'<' | b'>' | b':') {
            out.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        } else {
            out.push(byte);
        }
    }
}

fn decode(text: &str) -> Box<str> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match (byte, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or_else(|_| text.into(), Into::into)
}

/// Gives a site the names that its INFO holds in `ALLELES`, if they are as many as its alleles.
pub(super) fn take_names(info: &[u8], site: &mut Site) {
    let field = info.split(|&b| b == b';').find_map(|field| field.strip_prefix(b"ALLELES="));
    let Some(text) = field.and_then(|field| std::str::from_utf8(field).ok()) else { return };
    let names: Vec<Box<str>> = text.split(',').map(decode).collect();
    if names.len() == site.alleles()
        && let Some((reference, alternates)) = names.split_first()
    {
        site.reference = reference.clone();
        site.alternates = alternates.to_vec();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_are_read_back(names in prop::collection::vec("[A-Z0-9 %,;=é.-]{1,6}", 1..5)) {
            let (first, rest) = (names[0].clone().into(), names[1..].iter().map(|name| name.clone().into()));
            let site = Site { reference: first, alternates: rest.collect(), ..Site::default() };
            let mut info = b"X=1;ALLELES=".to_vec();
            put_names(&site, &mut info);
            let mut back = Site { reference: "N".into(), alternates: vec!["<x>".into(); names.len() - 1], ..Site::default() };
            take_names(&info, &mut back);
            prop_assert_eq!(back, site);
        }
    }
}
