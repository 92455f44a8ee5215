//! Lengths in bases as people write them: `50kb`, `1.5 Mb`, `1,000`.

/// Longest first, so that `kb` is not taken for `b`.
const UNITS: [(&str, u64); 9] = [
    ("gbp", 1_000_000_000),
    ("mbp", 1_000_000),
    ("kbp", 1_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("bp", 1),
    ("k", 1_000),
    ("m", 1_000_000),
];

/// Reads a length in bases: a whole number, with thousands separators or not, or a number with a unit (bp, kb,
/// Mb, Gb; letter case does not count). `None` if it cannot be read or is no whole number of bases.
///
/// ```
/// use landrace_genome::length::parse_bases;
///
/// assert_eq!(parse_bases("1.5 kb"), Some(1_500));
/// assert_eq!(parse_bases("0.0001kb"), None);
/// ```
pub fn parse_bases(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase().replace([',', '_'], "");
    let (number, unit) = UNITS
        .iter()
        .find_map(|(unit, bases)| text.strip_suffix(unit).map(|number| (number.trim_end(), *bases)))
        .unwrap_or((&text, 1));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = 10u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let product = digits.parse::<u64>().ok()?.checked_mul(unit)?;
    product.is_multiple_of(scale).then_some(product / scale)
}

/// Writes a length for people, to three digits: `740 bp`, `50 kb`, `1.24 Mb`.
pub fn format_bases(bases: u64) -> String {
    let (unit, name) = match bases {
        0..1_000 => return format!("{bases} bp"),
        1_000..999_500 => (1e3, "kb"),
        999_500..999_500_000 => (1e6, "Mb"),
        _ => (1e9, "Gb"),
    };
    let amount = bases as f64 / unit;
    let decimals = if amount >= 99.95 {
        0
    } else if amount >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{amount:.decimals$}");
    let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let cases = [
            ("50kb", Some(50_000)),
            ("50 KB", Some(50_000)),
            ("1,000", Some(1_000)),
            ("2.25Mb", Some(2_250_000)),
            ("3Gbp", Some(3_000_000_000)),
            ("7bp", Some(7)),
            ("0", Some(0)),
            ("", None),
            ("kb", None),
            ("-5", None),
            ("1e3", None),
            ("50cm", None),
            ("99999999999Gb", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_bases(text), expected, "{text}");
        }
    }

    #[test]
    fn writes_three_digits() {
        let cases = [
            (0, "0 bp"),
            (999, "999 bp"),
            (1_000, "1 kb"),
            (140_000, "140 kb"),
            (12_345, "12.3 kb"),
            (999_600, "1 Mb"),
            (1_240_000, "1.24 Mb"),
            (3_100_000_000, "3.1 Gb"),
        ];
        for (bases, expected) in cases {
            assert_eq!(format_bases(bases), expected);
        }
    }
}
