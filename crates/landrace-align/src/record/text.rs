//! Numbers, CIGARs and tags as bytes.

use crate::alignment::CigarOp;

/// Appends a number in decimal.
pub(super) fn put_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a CIGAR as text.
pub(super) fn put_cigar(out: &mut Vec<u8>, cigar: &[CigarOp]) {
    for op in cigar {
        put_number(out, u64::from(op.len()));
        out.push(b"MIDNSHP=X???????"[op.code() as usize]);
    }
}

/// Appends an integer tag in its smallest type, as samtools writes it.
pub(super) fn put_integer_tag(out: &mut Vec<u8>, tag: [u8; 2], value: i64) {
    out.extend_from_slice(&tag);
    if let Ok(value) = u8::try_from(value) {
        out.extend_from_slice(&[b'C', value]);
    } else if let Ok(value) = u16::try_from(value) {
        out.push(b'S');
        out.extend_from_slice(&value.to_le_bytes());
    } else if let Ok(value) = i8::try_from(value) {
        out.push(b'c');
        out.extend_from_slice(&value.to_le_bytes());
    } else if let Ok(value) = i16::try_from(value) {
        out.push(b's');
        out.extend_from_slice(&value.to_le_bytes());
    } else {
        let value = value.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        out.push(b'i');
        out.extend_from_slice(&value.to_le_bytes());
    }
}
