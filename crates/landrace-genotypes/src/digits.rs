//! Numbers as text, without the cost of formatting machinery: for the hot loops of writers.

use std::io::Write;

/// Appends a whole number.
pub fn push_integer(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    push_count(value.unsigned_abs(), out);
}

/// Appends a whole number that is not negative.
pub fn push_count(mut value: u64, out: &mut Vec<u8>) {
    if let Ok(digit) = u8::try_from(value)
        && digit < 10
    {
        out.push(b'0' + digit);
        return;
    }
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a number so that reading it gives the same 32 bits: with four digits after the point where they
/// suffice, else as briefly as that can be. `nan` and `inf` are written as words.
pub fn push_real(value: f32, out: &mut Vec<u8>) {
    let size = f64::from(value.abs());
    let parts = (size * 1e4).round();
    if size < 1e5 && (parts / 1e4) as f32 == value.abs() && (value != 0.0 || value.is_sign_positive()) {
        if value < 0.0 {
            out.push(b'-');
        }
        return push_parts(parts as u64, 4, out);
    }
    let _ = if value.is_nan() {
        write!(out, "nan")
    } else if value.is_infinite() {
        write!(out, "{}", if value > 0.0 { "inf" } else { "-inf" })
    } else if value != 0.0 && !(1e-4..1e9).contains(&size) {
        write!(out, "{value:e}")
    } else {
        write!(out, "{value}")
    };
}

/// Appends a number with six digits after the point, without zeros at the end, as `{:.6}` rounds it; below a
/// thousandth with six significant digits.
pub fn push_six(value: f64, out: &mut Vec<u8>) {
    let size = value.abs();
    if value != 0.0 && size < 1e-3 {
        let _ = write!(out, "{value:.5e}");
        return;
    }
    let parts = size * 1e6;
    // Near a tie the product may have been rounded over it; then the digits are worked out in full.
    let whole = parts as u64;
    let part = parts - whole as f64;
    if parts < 1e15 && (part - 0.5).abs() > 1e-3 {
        if value < 0.0 {
            out.push(b'-');
        }
        return push_parts(whole + u64::from(part > 0.5), 6, out);
    }
    let start = out.len();
    let _ = write!(out, "{value:.6}");
    if out[start..].contains(&b'.') {
        let kept = out[start..].trim_ascii_end().iter().rposition(|&b| b != b'0').map_or(0, |last| last + 1);
        out.truncate(start + kept);
        if out.last() == Some(&b'.') {
            out.pop();
        }
    }
}

/// Appends `parts / 10^digits` without trailing zeros.
pub fn push_parts(parts: u64, digits: u32, out: &mut Vec<u8>) {
    let scale = 10u64.pow(digits);
    push_count(parts / scale, out);
    let mut rest = parts % scale;
    if rest == 0 {
        return;
    }
    // Division by a constant ten is a multiplication.
    let mut text = [0; 20];
    let text = &mut text[..digits as usize];
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let kept = text.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    out.push(b'.');
    out.extend_from_slice(&text[..kept]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn reals_are_brief() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.25, "0.25"),
            (0.9713, "0.9713"),
            (-1.5, "-1.5"),
            (1e-9, "1e-9"),
        ] {
            assert_eq!(text(|out| push_real(value, out)), expected);
        }
    }

    proptest! {
        #[test]
        fn integers_are_those_of_the_standard_library(value in any::<i64>()) {
            prop_assert_eq!(text(|out| push_integer(value, out)), value.to_string());
        }

        #[test]
        fn six_digits_are_those_of_the_standard_library(share in -1f64..1.0, count in 1u64..5000, of in 1u64..5000) {
            for value in [share, 50.0 * share, count as f64 / of as f64, count as f64 / 64.0, count as f64 + 0.0000005] {
                let plain = if value != 0.0 && value.abs() < 1e-3 {
                    format!("{value:.5e}")
                } else {
                    format!("{value:.6}").trim_end_matches('0').trim_end_matches('.').to_owned()
                };
                prop_assert_eq!(text(|out| push_six(value, out)), plain);
            }
        }

        #[test]
        fn reals_are_read_back_bit_for_bit(bits in any::<u32>(), share in 0u32..=20_000) {
            for value in [f32::from_bits(bits), share as f32 / 10_000.0, share as f32 / 9_999.0] {
                let back: f32 = text(|out| push_real(value, out)).parse().unwrap_or(f32::NAN);
                prop_assert!(back.to_bits() == value.to_bits() || back.is_nan() && value.is_nan());
            }
        }
    }
}
