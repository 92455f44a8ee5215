//! Dates as passports have them: `YYYYMMDD`, what is not known as hyphens or zeros.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use super::value::Verdict;

/// Names of months in English, by their first three letters.
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Judges a date.
pub(super) fn judge(text: &str) -> Verdict {
    let text = text.strip_suffix(".0").filter(|own| own.bytes().all(|b| b.is_ascii_digit())).unwrap_or(text);
    if text.len() == 8
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        && let Some(parts) = parts_of(text)
    {
        return match written(parts) {
            Ok(date) if date == text.replace("00", "--") || is_kept(text, &date) => Verdict::Right,
            Ok(date) => Verdict::repaired(date, "a date is YYYYMMDD"),
            Err(problem) => Verdict::wrong(problem, ""),
        };
    }
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let number = |word: &str| word.parse::<u32>().ok().filter(|_| word.len() <= 4);
    let year = |word: &str| number(word).filter(|year| word.len() == 4 && (1500..=2100).contains(year));
    let found = match words[..] {
        [a] => year(a).map(|year| Ok((year, 0, 0))),
        [a, b] => match (year(a), year(b)) {
            (Some(year), None) => month(b).map(|month| Ok((year, month, 0))),
            (None, Some(year)) => month(a).map(|month| Ok((year, month, 0))),
            _ => None,
        },
        [a, b, c] => match (year(a), year(c)) {
            // 1968-06-12 is always year, month, day.
            (Some(year), None) => month(b).zip(number(c)).map(|(month, day)| Ok((year, month, day))),
            (None, Some(year)) => day_and_month(a, b, year),
            _ => None,
        },
        _ => None,
    };
    match found {
        Some(Ok(parts)) => match written(parts) {
            Ok(date) => Verdict::repaired(date, "a date is YYYYMMDD"),
            Err(problem) => Verdict::wrong(problem, ""),
        },
        Some(Err((one, other))) => {
            Verdict::wrong("day and month cannot be told apart".to_owned(), format!("{one} or {other}"))
        }
        None => Verdict::wrong(
            "is no date".to_owned(),
            "write YYYYMMDD, hyphens for what is not known, as 1968----",
        ),
    }
}

/// Zeros for what is not known stay zeros.
fn is_kept(text: &str, date: &str) -> bool {
    text.len() == date.len()
        && text
            .as_bytes()
            .chunks(2)
            .zip(date.as_bytes().chunks(2))
            .all(|(a, b)| a == b || (a == b"00" && b == b"--"))
}

/// Year, month and day of eight characters; 0 for what is not known.
fn parts_of(text: &str) -> Option<(u32, u32, u32)> {
    let part = |text: &str| if matches!(text, "--" | "00") { Some(0) } else { text.parse().ok() };
    Some((text.get(..4)?.parse().ok()?, part(text.get(4..6)?)?, part(text.get(6..)?)?))
}

fn month(word: &str) -> Option<u32> {
    let named = || {
        let upper = word.to_uppercase();
        let place = MONTHS.iter().position(|name| upper.starts_with(name) && upper.is_ascii())?;
        u32::try_from(place + 1).ok()
    };
    word.parse().ok().filter(|_| word.len() <= 2).or_else(named)
}

type Parts = (u32, u32, u32);

/// Day and month before a year, in the order that holds; both readings if either could.
fn day_and_month(a: &str, b: &str, year: u32) -> Option<Result<Parts, (String, String)>> {
    let (first, second) = (month(a)?, month(b)?);
    let is_word = |word: &str| !word.bytes().all(|byte| byte.is_ascii_digit());
    if is_word(a) && is_word(b) {
        return None;
    }
    if is_word(b) || (first > 12 && second <= 12) || first == second {
        return Some(Ok((year, second, first)));
    }
    if is_word(a) || (second > 12 && first <= 12) {
        return Some(Ok((year, first, second)));
    }
    let both = (written((year, second, first)).ok()?, written((year, first, second)).ok()?);
    Some(Err(both))
}

/// The date as the standard has it.
fn written((year, month, day): Parts) -> Result<String, String> {
    if !(1500..=2100).contains(&year) {
        return Err(format!("the year {year} cannot be"));
    }
    if month > 12 {
        return Err(format!("there is no month {month}"));
    }
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => 31,
    };
    if day > last {
        return Err(format!("month {month} of {year} has no day {day}"));
    }
    if month == 0 && day > 0 {
        return Err("has a day without a month".to_owned());
    }
    let part = |value: u32| if value == 0 { "--".to_owned() } else { format!("{value:02}") };
    Ok(format!("{year:04}{}{}", part(month), part(day)))
}
