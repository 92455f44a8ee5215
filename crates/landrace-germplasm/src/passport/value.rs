//! One value of one descriptor: right, repaired for certain, doubtful or wrong.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use super::descriptor::{Descriptor, Form, OTHER_WORDS};
use super::{coordinate, country, date};

/// What was found of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As the standard has it.
    Right,
    /// What it means is certain: the value to write, and why.
    Repaired {
        /// The value.
        value: String,
        /// Why.
        why: String,
    },
    /// May be right.
    Doubtful {
        /// What is odd.
        problem: String,
        /// What may be meant; may be empty.
        suggestion: String,
    },
    /// Not as the standard has it, and what it means is not certain.
    Wrong {
        /// What is wrong.
        problem: String,
        /// What may be meant, or what to write; may be empty.
        suggestion: String,
    },
}

impl Verdict {
    pub(super) fn repaired(value: impl Into<String>, why: &str) -> Self {
        Self::Repaired { value: value.into(), why: why.to_owned() }
    }

    pub(super) fn wrong(problem: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self::Wrong { problem: problem.into(), suggestion: suggestion.into() }
    }

    pub(super) fn doubtful(problem: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self::Doubtful { problem: problem.into(), suggestion: suggestion.into() }
    }
}

/// Words that people write where nothing is known. `NA` is Namibia's short code and a region's name: it is taken for
/// nothing known where a country or a number is asked, too.
const NOTHING: [&str; 9] = ["NA", "N/A", "#N/A", "NULL", "-", "--", "?", "UNKNOWN", "NIL"];

/// Judges one value that is not empty. A repaired value is judged right (or doubtful) in turn.
pub fn judge(descriptor: &Descriptor, text: &str) -> Verdict {
    let trimmed = tidy(text, descriptor.form);
    let inner = match descriptor.form {
        Form::Text | Form::Names | Form::Accession | Form::Url => judge_tidy(descriptor, &trimmed),
        _ if NOTHING.contains(&trimmed.to_uppercase().as_str()) => {
            Verdict::repaired("", "what is not known is left empty")
        }
        _ => judge_tidy(descriptor, &trimmed),
    };
    match inner {
        Verdict::Right if trimmed != text => Verdict::repaired(trimmed, "white space and separators"),
        other => other,
    }
}

/// Without white space at the ends, and with bare semicolons between several values.
fn tidy(text: &str, form: Form) -> String {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}');
    match form {
        Form::Names | Form::Institutes | Form::OtherNumbers | Form::Codes(_) if text.contains(';') => {
            text.split(';').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(";")
        }
        _ => text.to_owned(),
    }
}

fn judge_tidy(descriptor: &Descriptor, text: &str) -> Verdict {
    if text.is_empty() {
        return Verdict::Right;
    }
    if let Some(meant) = wrong_encoding(text) {
        return Verdict::doubtful("was read in the wrong encoding", meant);
    }
    match descriptor.form {
        Form::Text | Form::Names => Verdict::Right,
        Form::Accession => accession(text),
        Form::Institute if text.contains(';') => {
            Verdict::wrong("holds several codes, but one is asked", "keep one")
        }
        Form::Institute => institute(text),
        Form::Institutes => each(text, institute),
        Form::OtherNumbers => other_numbers(text),
        Form::Genus => genus(text),
        Form::Species => species(text),
        Form::Date => date::judge(text),
        Form::Country => country_code(text),
        Form::Degrees(limit) => coordinate::judge_decimal(text, limit),
        Form::Sexagesimal(width, positive, negative) => {
            coordinate::judge_sexagesimal(text, width, (positive, negative))
        }
        Form::Metres(low, high) => metres(text, low, high),
        Form::Code(list) => code(descriptor, list, text),
        Form::Codes(list) => each(text, |part| code(descriptor, list, part)),
        Form::Url => match text.starts_with("http://") || text.starts_with("https://") {
            true => Verdict::Right,
            false => Verdict::doubtful("is no address of the web", "write it with https://"),
        },
    }
}

/// Judges each of several values; they are repaired together if none is wrong.
fn each(text: &str, judge: impl Fn(&str) -> Verdict) -> Verdict {
    let mut parts = Vec::new();
    let (mut reason, mut doubt) = (None, None);
    for part in text.split(';') {
        match judge(part) {
            Verdict::Right => parts.push(part.to_owned()),
            Verdict::Repaired { value, why } => {
                parts.push(value);
                reason.get_or_insert(why);
            }
            Verdict::Doubtful { problem, suggestion } => {
                parts.push(part.to_owned());
                doubt.get_or_insert((format!("'{part}' {problem}"), suggestion));
            }
            Verdict::Wrong { problem, suggestion } => {
                return Verdict::wrong(format!("'{part}' {problem}"), suggestion);
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    match (reason, doubt) {
        (Some(why), _) => Verdict::Repaired { value: parts.join(";"), why },
        (None, Some((problem, suggestion))) => Verdict::Doubtful { problem, suggestion },
        (None, None) => Verdict::Right,
    }
}

fn accession(text: &str) -> Verdict {
    if NOTHING.contains(&text.to_uppercase().as_str()) {
        return Verdict::wrong("names no accession", "give its number");
    }
    if text.contains(';') {
        return Verdict::doubtful("holds several numbers", "keep the accession's; the others are OTHERNUMB");
    }
    if text.contains(['\t', '\n', '\r']) {
        return Verdict::wrong("holds a tab or a line end", "");
    }
    Verdict::Right
}

/// An FAO WIEWS code: a country's code and three digits (four where a country has a thousand institutes).
fn institute(text: &str) -> Verdict {
    let upper: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    let (letters, digits) =
        upper.split_at(upper.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(upper.len()));
    let has_number = (3..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if letters.len() != 3 || !has_number {
        let example = "write the FAO WIEWS code: a country's code and three digits, as ITA004";
        return Verdict::wrong("is no code of an institute", example);
    }
    if country::by_code(letters).is_none() && country::obsolete(letters).is_none() {
        return Verdict::wrong(format!("begins with '{letters}', which is no country's code"), "");
    }
    if upper == text { Verdict::Right } else { Verdict::repaired(upper, "codes are in capitals") }
}

fn other_numbers(text: &str) -> Verdict {
    let judge = |part: &str| match part.split_once(':') {
        Some(("", number)) if !number.trim().is_empty() => Verdict::Right,
        Some((holder, number)) if !number.trim().is_empty() => match institute(holder.trim()) {
            Verdict::Right if holder.trim() == holder && number.trim() == number => Verdict::Right,
            Verdict::Right => {
                Verdict::repaired(format!("{}:{}", holder.trim(), number.trim()), "no white space around ':'")
            }
            Verdict::Repaired { value, why } => {
                Verdict::Repaired { value: format!("{value}:{}", number.trim()), why }
            }
            _ => Verdict::doubtful(
                format!("has '{holder}' for the holder, which is no institute's code"),
                "write INSTCODE:number, or :number if the institute is not known",
            ),
        },
        _ => Verdict::doubtful("does not say whose number it is", "write INSTCODE:number, or :number"),
    };
    each(text, judge)
}

fn genus(text: &str) -> Verdict {
    let is_word = |c: char| c.is_alphabetic() || matches!(c, '-' | '×' | 'x' | '.');
    if let Some((first, rest)) = text.split_once(' ').filter(|(first, _)| !matches!(*first, "×" | "x" | "X"))
    {
        return Verdict::wrong("is more than a genus", format!("{first} as GENUS, {rest} as SPECIES"));
    }
    if !text.chars().all(|c| is_word(c) || c == ' ') {
        return Verdict::doubtful("has signs that a genus has not", "");
    }
    let mut letters = text.chars();
    let written: String = match text.contains(['×', ' ', '.', '-']) {
        true => text.to_owned(),
        false => letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(letters.flat_map(char::to_lowercase))
            .collect(),
    };
    if written == text { Verdict::Right } else { Verdict::repaired(written, "a genus begins with a capital") }
}

fn species(text: &str) -> Verdict {
    if text == "spp." || text == "spp" || text == "sp" {
        return Verdict::repaired("sp.", "an unknown species is 'sp.'");
    }
    let first = text.split(' ').next().unwrap_or_default();
    let is_capital = first.chars().next().is_some_and(char::is_uppercase);
    if is_capital && text == first && text.is_ascii() && text.len() > 1 {
        return Verdict::repaired(text.to_lowercase(), "a species is in small letters");
    }
    if is_capital {
        return Verdict::doubtful("begins with a capital", "the species alone, in small letters");
    }
    Verdict::Right
}

fn country_code(text: &str) -> Verdict {
    let upper = text.to_uppercase();
    if country::by_code(&upper).is_some() {
        return if upper == text {
            Verdict::Right
        } else {
            Verdict::repaired(upper, "codes are in capitals")
        };
    }
    if let Some((name, after)) = country::obsolete(&upper) {
        let problem = format!("is the former code of {name}");
        return Verdict::doubtful(problem, format!("now {}", after.join(", ")));
    }
    if let Some(found) = country::by_name(text) {
        return Verdict::repaired(found.code, &format!("the code of {}", found.name));
    }
    let near = country::nearest(text);
    let codes = || landrace_genome::nearest::nearest(&upper, country::all().iter().map(|own| own.code));
    let suggestion = match near {
        Some(found) => format!("{} ({})?", found.code, found.name),
        None if upper.len() == 3 => codes().map(|code| format!("{code}?")).unwrap_or_default(),
        None => String::new(),
    };
    Verdict::wrong("is no country's ISO 3166-1 alpha-3 code", suggestion)
}

fn metres(text: &str, low: i32, high: i32) -> Verdict {
    let lower = text.to_lowercase();
    let bare = ["meters", "metres", "masl", "m.a.s.l.", "m"]
        .iter()
        .find_map(|unit| lower.strip_suffix(unit))
        .unwrap_or(&lower)
        .trim();
    let bare = bare.strip_suffix(".0").unwrap_or(bare);
    match bare.parse::<i32>() {
        Ok(value) if (low..=high).contains(&value) => {
            let written = value.to_string();
            if written == text { Verdict::Right } else { Verdict::repaired(written, "whole metres") }
        }
        Ok(_) => Verdict::wrong(format!("is not from {low} to {high} m"), ""),
        Err(_) => match bare.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                Verdict::wrong("is no whole number of metres", format!("{value:.0}?"))
            }
            _ => Verdict::wrong("is no number of metres", "write whole metres"),
        },
    }
}

fn code(descriptor: &Descriptor, list: &[(&str, &str)], text: &str) -> Verdict {
    if list.iter().any(|(own, _)| *own == text) {
        return Verdict::Right;
    }
    let number = text.strip_suffix(".0").unwrap_or(text);
    if list.iter().any(|(own, _)| *own == number) {
        return Verdict::repaired(number, "codes are whole numbers");
    }
    let word = crate::names::clean(text);
    let titled = list.iter().find(|(_, title)| crate::names::clean(title) == word).map(|own| own.0);
    let other = || OTHER_WORDS.iter().find(|own| own.0 == descriptor.name && own.1 == word).map(|own| own.2);
    if let Some(found) = titled.or_else(other) {
        return Verdict::repaired(found, &format!("the code of '{text}'"));
    }
    let codes: Vec<&str> = list.iter().map(|own| own.0).collect();
    let near = landrace_genome::nearest::nearest(text, list.iter().map(|own| own.1));
    let suggestion = match near.and_then(|title| list.iter().find(|own| own.1 == title)) {
        Some((own, title)) => format!("{own} ({title})?"),
        None => format!("one of {}", codes.join(", ")),
    };
    Verdict::wrong(format!("is no code of {}", descriptor.name), suggestion)
}

/// What text was before UTF-8 was read as Windows-1252; `None` if it does not look so.
fn wrong_encoding(text: &str) -> Option<String> {
    if text.contains('\u{fffd}') {
        return Some("read the file again in its own encoding".to_owned());
    }
    if !text.contains(['Ã', 'Â', 'â']) {
        return None;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    let meant = String::from_utf8(bytes?).ok()?;
    (meant != text && meant.chars().all(|letter| !letter.is_control())).then_some(meant)
}
