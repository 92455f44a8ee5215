//! Coordinates as passports have them: decimal degrees, and degrees, minutes and seconds with the hemisphere.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use super::value::Verdict;

/// Judges decimal degrees between minus and plus `limit`.
pub(super) fn judge_decimal(text: &str, limit: u8) -> Verdict {
    if let Ok(value) = text.parse::<f64>() {
        return match value.is_finite() && value.abs() <= f64::from(limit) {
            true if is_plain(text) => Verdict::Right,
            true => Verdict::repaired(value.to_string(), "decimal degrees"),
            false => Verdict::wrong(format!("is beyond ±{limit} degrees"), ""),
        };
    }
    let point = text.replace('\u{2212}', "-");
    let with_point = match point.matches(',').count() == 1 && !point.contains('.') {
        true => point.replace(',', "."),
        false => point,
    };
    let letters = if limit == 90 { ['N', 'S'] } else { ['E', 'W'] };
    let bare = with_point.trim_matches(|c: char| c == '°' || c.is_whitespace()).to_uppercase();
    let sign = letters.iter().find(|letter| bare.starts_with(**letter) || bare.ends_with(**letter)).copied();
    let number = bare.trim_matches(|c: char| letters.contains(&c) || c == '°' || c.is_whitespace());
    let value =
        number.parse::<f64>().ok().filter(|value| value.is_finite() && value.abs() <= f64::from(limit));
    match (value, sign) {
        (Some(value), None) => Verdict::repaired(plain(value), "decimal degrees have a point"),
        (Some(value), Some(letter)) if value >= 0.0 => {
            let value = if letter == letters[1] { -value } else { value };
            Verdict::repaired(plain(value), "the hemisphere is the sign")
        }
        _ => match degrees(text, limit) {
            Some(_) => Verdict::wrong(
                "is degrees, minutes and seconds".to_owned(),
                if limit == 90 { "write it as LATITUDE" } else { "write it as LONGITUDE" },
            ),
            None => Verdict::wrong("is no number of degrees".to_owned(), "write decimal degrees, as -12.345"),
        },
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.'))
}

fn plain(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { value.to_string() }
}

/// Degrees, minutes and seconds; what is not known is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sexagesimal {
    degrees: u32,
    minutes: Option<u32>,
    seconds: Option<u32>,
    is_negative: bool,
}

impl Sexagesimal {
    /// Decimal degrees, and how far off they may be: a whole of what is not known.
    pub(super) fn decimal(self) -> (f64, f64) {
        let minutes = f64::from(self.minutes.unwrap_or(0));
        let seconds = f64::from(self.seconds.unwrap_or(0));
        let value = f64::from(self.degrees) + minutes / 60.0 + seconds / 3600.0;
        let off = match (self.minutes, self.seconds) {
            (None, _) => 1.0,
            (_, None) => 1.0 / 60.0,
            _ => 1.0 / 3600.0,
        };
        (if self.is_negative { -value } else { value }, off)
    }

    /// As the standard writes it, with this many digits of degrees.
    fn written(self, width: u8, letters: (char, char)) -> String {
        let part = |value: Option<u32>| value.map_or_else(|| "--".to_owned(), |value| format!("{value:02}"));
        let letter = if self.is_negative { letters.1 } else { letters.0 };
        let width = usize::from(width);
        format!("{:0width$}{}{}{letter}", self.degrees, part(self.minutes), part(self.seconds))
    }
}

/// Reads degrees, minutes and seconds, as the standard has them or with signs between them.
pub(super) fn degrees(text: &str, limit: u8) -> Option<Sexagesimal> {
    let (positive, negative) = if limit == 90 { ('N', 'S') } else { ('E', 'W') };
    let upper = text.trim().to_uppercase();
    let (body, letter) = match (upper.chars().next()?, upper.chars().last()?) {
        (_, last) if last == positive || last == negative => (upper.strip_suffix(last)?.to_owned(), last),
        (first, _) if first == positive || first == negative => {
            (upper.strip_prefix(first)?.to_owned(), first)
        }
        _ => return None,
    };
    let width = if limit == 90 { 2 } else { 3 };
    let body = body.trim();
    let is_compact =
        body.len() == width + 4 && body.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let parts: Vec<Option<u32>> = if is_compact {
        let part = |text: &str| if text == "--" { Some(None) } else { text.parse().ok().map(Some) };
        [&body[..width], &body[width..width + 2], &body[width + 2..]]
            .into_iter()
            .map(part)
            .collect::<Option<_>>()?
    } else {
        // Signs of degrees, minutes and seconds must part the numbers.
        let marks = ['°', 'º', '\'', '’', '′', '"', '”', '″', ' '];
        let words: Vec<&str> = body.split(marks).filter(|word| !word.is_empty()).collect();
        if words.len() > 3 || words.len() < 2 && !body.contains(['°', 'º']) {
            return None;
        }
        words.iter().map(|word| word.parse().ok().map(Some)).collect::<Option<_>>()?
    };
    let at = |index: usize| parts.get(index).copied().flatten();
    let found =
        Sexagesimal { degrees: at(0)?, minutes: at(1), seconds: at(2), is_negative: letter == negative };
    let is_right = found.minutes.is_none_or(|minutes| minutes < 60)
        && found.seconds.is_none_or(|seconds| seconds < 60 && found.minutes.is_some())
        && found.decimal().0.abs() <= f64::from(limit);
    is_right.then_some(found)
}

/// Judges degrees, minutes and seconds.
pub(super) fn judge_sexagesimal(text: &str, width: u8, letters: (char, char)) -> Verdict {
    let limit = if width == 2 { 90 } else { 180 };
    let form = if width == 2 { "DDMMSSN" } else { "DDDMMSSE" };
    match degrees(text, limit) {
        Some(found) => {
            let written = found.written(width, letters);
            if written == text {
                Verdict::Right
            } else {
                Verdict::repaired(written, "degrees, minutes, seconds")
            }
        }
        None if text.parse::<f64>().is_ok() => {
            let decimal = if width == 2 { "DECLATITUDE" } else { "DECLONGITUDE" };
            Verdict::wrong("is decimal degrees".to_owned(), format!("write it as {decimal}"))
        }
        None => Verdict::wrong(
            "is no degrees, minutes and seconds".to_owned(),
            format!(
                "write {form}, hyphens for what is not known, as {}",
                if width == 2 { "10----S" } else { "076----W" }
            ),
        ),
    }
}
