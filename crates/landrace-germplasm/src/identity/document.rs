//! Small TOML files of a laboratory, read with errors that name the file, the line, the key and the nearest right one.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::ops::Range;

use landrace_genome::nearest::hint;
use landrace_genotypes::GenotypeError;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text of a file, to tell lines by.
#[derive(Clone, Copy)]
struct Source<'a> {
    path: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, at: usize, message: String) -> GenotypeError {
        let line = 1 + self.text.bytes().take(at).filter(|&byte| byte == b'\n').count();
        GenotypeError::Line { path: self.path.to_owned(), line: line as u64, message }
    }
}

/// A table of the file and its keys that may be there.
pub(crate) struct Section<'a> {
    source: Source<'a>,
    name: &'a str,
    entries: Option<&'a DeTable<'a>>,
    at: usize,
}

/// Parses a file and hands its tables to `read`; `known` names them and their keys. Others are refused.
pub(crate) fn parse<T>(
    text: &str,
    path: &str,
    known: &[(&str, &[&str])],
    read: impl FnOnce(Document<'_>) -> Result<T, GenotypeError>,
) -> Result<T, GenotypeError> {
    let text = text.trim_start_matches('\u{feff}');
    let source = Source { path, text };
    let parsed = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span: Range<usize>| span.start);
        source.error(at, format!("is not TOML: {}", error.message()))
    })?;
    let document = parsed.get_ref();
    for (key, value) in document {
        let word: &str = key.get_ref().as_ref();
        let Some((_, keys)) = known.iter().find(|(name, _)| *name == word) else {
            let names = known.iter().map(|(name, _)| *name);
            let message = format!("unknown table [{word}]{}", remedy(word, names));
            return Err(source.error(key.span().start, message));
        };
        let Some(entries) = value.get_ref().as_table() else {
            let message = format!("'{word}' is to be a table; write [{word}] and its keys below");
            return Err(source.error(key.span().start, message));
        };
        for key in entries.keys() {
            let own: &str = key.get_ref().as_ref();
            if !keys.contains(&own) {
                let message = format!("unknown key '{own}' in [{word}]{}", remedy(own, keys.iter().copied()));
                return Err(source.error(key.span().start, message));
            }
        }
    }
    read(Document { source, entries: document })
}

/// A file that has known tables and keys alone.
#[derive(Clone, Copy)]
pub(crate) struct Document<'a> {
    source: Source<'a>,
    entries: &'a DeTable<'a>,
}

impl<'a> Document<'a> {
    /// The table of a name; empty if it is not there.
    pub(crate) fn section(&self, name: &'static str) -> Section<'a> {
        let found = self.entries.get_key_value(name);
        let entries = found.and_then(|(_, value)| value.get_ref().as_table());
        Section { source: self.source, name, entries, at: found.map_or(0, |(key, _)| key.span().start) }
    }
}

/// The nearest right word, or all of them.
fn remedy<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match hint(word, known.clone()) {
        near if near.is_empty() => format!("; known are {}", known.collect::<Vec<_>>().join(", ")),
        near => near,
    }
}

impl<'a> Section<'a> {
    fn entry(&self, key: &str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
        let (key, value) = self.entries?.get_key_value(key)?;
        Some((key.span().start, value))
    }

    /// An error about a key, or about the table where the key is not there.
    pub(crate) fn error(&self, key: &str, message: &str) -> GenotypeError {
        let at = self.entry(key).map_or(self.at, |(at, _)| at);
        self.source.error(at, format!("'{key}' in [{}] {message}", self.name))
    }

    fn expected(&self, key: &str, what: &str, value: &Spanned<DeValue<'_>>) -> GenotypeError {
        let found: String = self.source.text[value.span()].chars().take(40).collect();
        self.error(key, &format!("is to be {what}, not {found}"))
    }

    /// A text; empty if the key is not there.
    pub(crate) fn text(&self, key: &str) -> Result<String, GenotypeError> {
        match self.entry(key) {
            None => Ok(String::new()),
            Some((_, value)) => {
                let text = value.get_ref().as_str().map(str::to_owned);
                text.ok_or_else(|| self.expected(key, "a text in quotes", value))
            }
        }
    }

    /// Texts; none if the key is not there.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, GenotypeError> {
        let Some((_, value)) = self.entry(key) else { return Ok(Vec::new()) };
        let items = value.get_ref().as_array().map(|items| {
            items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        items.flatten().ok_or_else(|| self.expected(key, "a list of texts in quotes", value))
    }

    /// A number that is not below 0; `None` if the key is not there.
    pub(crate) fn number(&self, key: &str) -> Result<Option<f64>, GenotypeError> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let digits = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str()),
            DeValue::Float(number) => Some(number.as_str()),
            _ => None,
        };
        let number = digits.and_then(|digits| digits.replace('_', "").parse::<f64>().ok());
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        number.map(Some).ok_or_else(|| self.expected(key, "a number from 0 on", value))
    }

    /// A number that has to be there.
    pub(crate) fn required(&self, key: &str) -> Result<f64, GenotypeError> {
        self.number(key)?.ok_or_else(|| {
            let message = format!("[{}] has no '{key}'; write {key} = and a number", self.name);
            self.source.error(self.at, message)
        })
    }
}
