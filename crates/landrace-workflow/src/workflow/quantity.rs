//! Sizes, times and lengths as people write them.

const BYTE_UNITS: [(&str, u64); 5] =
    [("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10), ("", 1)];
const BASE_UNITS: [(&str, u64); 7] =
    [("gb", 1_000_000_000), ("mb", 1_000_000), ("kb", 1_000), ("bp", 1), ("b", 1), ("k", 1_000), ("", 1)];
const TIME_UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads a size in memory: `6G`, `500M`, `1.5 GiB`.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let upper = text.trim().to_ascii_uppercase();
    let short = upper.trim_end_matches('B').trim_end_matches('I');
    parse(short, &BYTE_UNITS)
}

/// Writes a size in memory with the largest unit that keeps it readable.
pub fn format_bytes(bytes: u64) -> String {
    let unit = BYTE_UNITS.iter().find(|(_, factor)| bytes >= *factor).unwrap_or(&("", 1));
    let amount = bytes as f64 / unit.1 as f64;
    if amount.fract() < 0.05 { format!("{amount:.0}{}", unit.0) } else { format!("{amount:.1}{}", unit.0) }
}

/// Reads a length in bases: `5Mb`, `50kb`, `1000`.
pub(crate) fn parse_bases(text: &str) -> Option<u64> {
    parse(&text.trim().to_ascii_lowercase().replace([',', '_'], ""), &BASE_UNITS).filter(|&bases| bases > 0)
}

/// Reads a time: `2h`, `90m`, `30s`, `1d`.
pub(crate) fn parse_seconds(text: &str) -> Option<u64> {
    parse(&text.trim().to_ascii_lowercase(), &TIME_UNITS).filter(|&seconds| seconds > 0)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be in range, and a fraction of a byte is no loss"
)]
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number.trim(), *factor)))?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount = number.parse::<f64>().ok().filter(|_| is_number)? * factor as f64;
    (amount < 1e18).then_some(amount as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse_bytes("6G"), Some(6 << 30));
        assert_eq!(parse_bytes("1.5 GiB"), Some(3 << 29));
        assert_eq!(parse_bytes("512"), Some(512));
        assert_eq!(parse_bytes("6 apples"), None);
        assert_eq!(parse_bytes("-1G"), None);
        assert_eq!(parse_bases("5Mb"), Some(5_000_000));
        assert_eq!(parse_bases("1,000"), Some(1_000));
        assert_eq!(parse_bases("0"), None);
        assert_eq!(parse_seconds("90m"), Some(5_400));
        assert_eq!(parse_seconds("90"), None);
    }

    #[test]
    fn writes_sizes_short() {
        assert_eq!(format_bytes(6 << 30), "6G");
        assert_eq!(format_bytes(3 << 29), "1.5G");
        assert_eq!(format_bytes(100), "100");
    }
}
