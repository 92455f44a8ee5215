//! Text for people and for HTML: escaping, numbers, names, base64.

use serde_json::Value;

/// Escapes text for HTML content and attributes; control characters become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A number as people read it: whole numbers with thousands separators, others with four digits.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "NA".to_owned();
    }
    let size = value.abs();
    if value == value.round() && size < 1e15 {
        return grouped(&format!("{value:.0}"));
    }
    if size < 1e-3 {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        s if s >= 1000.0 => return grouped(&format!("{value:.0}")),
        s if s >= 100.0 => 1,
        s if s >= 10.0 => 2,
        s if s >= 1.0 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}").replace('-', "\u{2212}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Puts commas between groups of three digits of a whole number.
fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("\u{2212}", rest));
    if digits == "0" {
        return "0".to_owned();
    }
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A percentage with as many digits as tell it from 0 and 100.
pub(super) fn percent(part: f64, whole: f64) -> String {
    if whole == 0.0 {
        return "0%".to_owned();
    }
    let share = 100.0 * part / whole;
    let from_edge = share.min(100.0 - share);
    if from_edge > 0.0 && from_edge < 0.05 { format!("{share:.3}%") } else { format!("{share:.1}%") }
}

/// A cell as people read it; nothing for null.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(_) => value.as_f64().map_or_else(|| value.to_string(), number),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A cell as programs read it: exact numbers; tabs and line ends, which would break the table, become spaces.
pub(super) fn plain(value: &Value) -> String {
    let text = match value {
        Value::Null => "NA".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.replace(['\t', '\n', '\r'], " ")
}

/// `mapped_reads` and `call-rate` as a heading: "Mapped reads", "Call rate".
pub(super) fn heading(name: &str) -> String {
    let words: Vec<&str> = name.split(['_', '-', ' ']).map(spelled).collect();
    let words = words.join(" ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Abbreviations as the field writes them.
fn spelled(word: &str) -> &str {
    match word {
        "snp" => "SNP",
        "snps" => "SNPs",
        "pca" => "PCA",
        "maf" => "MAF",
        "qual" => "QUAL",
        "dna" => "DNA",
        "ld" => "LD",
        other => other,
    }
}

/// At most `limit` characters; what is longer ends in an ellipsis.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// "1 sample", "2 samples".
pub(super) fn counted(count: usize, one: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {one}{ending}", grouped(&count.to_string()))
}

/// Base64 (RFC 4648) of the text's bytes, for data URIs.
pub(super) fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sextet = (word >> (18 - 6 * place)) & 63;
            let is_there = place <= chunk.len();
            encoded.push(if is_there { char::from(LETTERS[sextet as usize]) } else { '=' });
        }
    }
    encoded
}

/// Orders names as people do: `S2` before `S10`, `chr2:1-100` before `chr10:1-100`.
pub(super) fn natural_key(name: &str) -> Vec<(u8, u64, String)> {
    let mut key: Vec<(u8, u64, String)> = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match run.parse::<u64>() {
            Ok(value) if is_digit => key.push((0, value, run.to_owned())),
            _ => key.push((1, 0, run.to_owned())),
        }
        rest = after;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_inert() {
        assert_eq!(escape("<b a=\"x\">&'\u{7}é"), "&lt;b a=&quot;x&quot;&gt;&amp;&#39;\u{fffd}é");
    }

    #[test]
    fn numbers_read_well() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (999.0, "999"),
            (1000.0, "1,000"),
            (-1_234_567.0, "\u{2212}1,234,567"),
            (0.25, "0.25"),
            (-0.5, "\u{2212}0.5"),
            (12.3456, "12.35"),
            (0.000_012_34, "1.23e-5"),
            (f64::NAN, "NA"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
        assert_eq!(percent(999.0, 1000.0), "99.9%");
        assert_eq!(percent(99_999.0, 100_000.0), "99.999%");
        assert_eq!(percent(1.0, 0.0), "0%");
    }

    #[test]
    fn base64_as_in_the_rfc() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (text, expected) in cases {
            assert_eq!(base64(text), expected);
        }
    }

    #[test]
    fn names_are_ordered_as_people_do() {
        let mut names = ["chr10:1-5", "chr2:1-5", "chr2", "A", "S10", "S9"];
        names.sort_by_key(|name| natural_key(name));
        assert_eq!(names, ["A", "S9", "S10", "chr2", "chr2:1-5", "chr10:1-5"]);
    }
}
