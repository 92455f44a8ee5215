//! Reading TOML with errors that name the file, the line and the nearest right word.

use std::fmt::Display;
use std::path::Path;

use landrace_genome::nearest::hint;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::workflow::{Value, WorkflowError};

/// The text of a workflow file, to tell lines by.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// Line of a byte, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|&byte| byte == b'\n').count()
    }

    pub(crate) fn error(&self, line: usize, message: impl Display) -> WorkflowError {
        WorkflowError::File { path: self.path.display().to_string(), line, message: message.to_string() }
    }
}

/// A table of the document and what it is, for messages: `[workflow]`, `step 'align'`.
pub(crate) struct Table<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) entries: &'a DeTable<'a>,
    pub(crate) what: String,
    pub(crate) line: usize,
}

/// A value, its key and where it stands.
pub(crate) struct Entry<'a> {
    source: Source<'a>,
    pub(crate) key: &'a str,
    pub(crate) line: usize,
    what: &'a str,
    value: &'a DeValue<'a>,
    span: std::ops::Range<usize>,
}

impl<'a> Table<'a> {
    /// Refuses keys that are not among `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), WorkflowError> {
        for key in self.entries.keys() {
            let word = key.get_ref().as_ref();
            if !known.contains(&word) {
                let hint = match hint(word, known.iter().copied()) {
                    hint if hint.is_empty() => format!("; known are {}", known.join(", ")),
                    hint => hint,
                };
                let line = self.source.line(key.span().start);
                return Err(self.source.error(line, format!("unknown key '{word}' in {}{hint}", self.what)));
            }
        }
        Ok(())
    }

    /// The entries, sorted by key.
    pub(crate) fn iter(&'a self) -> impl Iterator<Item = Entry<'a>> {
        self.entries.iter().map(|(key, value)| self.entry(key, value))
    }

    pub(crate) fn get(&'a self, word: &str) -> Option<Entry<'a>> {
        self.entries.get_key_value(word).map(|(key, value)| self.entry(key, value))
    }

    pub(crate) fn require(&'a self, word: &str) -> Result<Entry<'a>, WorkflowError> {
        self.get(word).ok_or_else(|| {
            let near = hint(word, self.entries.keys().map(|key| key.get_ref().as_ref()));
            self.source.error(self.line, format!("{} has no '{word}'{near}", self.what))
        })
    }

    fn entry(
        &'a self,
        key: &'a Spanned<std::borrow::Cow<'a, str>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Entry<'a> {
        Entry {
            source: self.source,
            key: key.get_ref(),
            line: self.source.line(key.span().start),
            what: &self.what,
            value: value.get_ref(),
            span: value.span(),
        }
    }
}

impl<'a> Entry<'a> {
    /// An error about this value.
    pub(crate) fn error(&self, message: impl Display) -> WorkflowError {
        self.source.error(self.line, format!("'{}' in {}: {message}", self.key, self.what))
    }

    fn expected(&self, what: &str) -> WorkflowError {
        let found = &self.source.text[self.span.clone()];
        let found: String = found.chars().take(40).collect();
        self.error(format!("expected {what}, found {found}"))
    }

    pub(crate) fn text(&self) -> Result<&'a str, WorkflowError> {
        self.value.as_str().ok_or_else(|| self.expected("a text in quotes"))
    }

    /// A whole number from `low` on.
    pub(crate) fn number(&self, low: u32) -> Result<u32, WorkflowError> {
        let digits = self.value.as_integer().filter(|n| n.radix() == 10).map(|n| n.as_str().replace('_', ""));
        let number = digits.and_then(|text| text.parse().ok()).filter(|&number| number >= low);
        number.ok_or_else(|| self.expected(&format!("a whole number from {low} on")))
    }

    /// A text, or a list of texts.
    pub(crate) fn texts(&self) -> Result<Vec<&'a str>, WorkflowError> {
        let wrong = || self.expected("a text in quotes or a list of such");
        match self.value {
            DeValue::String(text) => Ok(vec![text]),
            DeValue::Array(items) => {
                items.iter().map(|item| item.get_ref().as_str().ok_or_else(wrong)).collect()
            }
            _ => Err(wrong()),
        }
    }

    /// A table within, named `what`.
    pub(crate) fn table(&self, what: String) -> Result<Table<'a>, WorkflowError> {
        let entries = self.value.as_table().ok_or_else(|| self.expected("a table"))?;
        Ok(Table { source: self.source, entries, what, line: self.line })
    }

    /// A list of tables, each with the line where it starts.
    pub(crate) fn tables(&self) -> Result<Vec<Table<'a>>, WorkflowError> {
        let wrong = || self.expected("a list of tables; write [[step]]");
        let items = self.value.as_array().ok_or_else(wrong)?;
        let table = |item: &'a Spanned<DeValue<'a>>| {
            let entries = item.get_ref().as_table().ok_or_else(wrong)?;
            let line = self.source.line(item.span().start);
            Ok(Table { source: self.source, entries, what: format!("[[{}]]", self.key), line })
        };
        items.iter().map(table).collect()
    }

    /// The value of an argument.
    pub(crate) fn argument(&self) -> Result<Value, WorkflowError> {
        argument(self.value).ok_or_else(|| self.expected("a text, a number, true, false or a list of these"))
    }
}

fn argument(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::Text(text.to_string())),
        DeValue::Boolean(flag) => Some(Value::Switch(*flag)),
        DeValue::Integer(number) => Some(Value::Text(number.as_str().replace('_', ""))),
        DeValue::Float(number) => {
            let number: f64 = number.as_str().replace('_', "").parse().ok()?;
            Some(Value::Text(number.to_string()))
        }
        DeValue::Array(items) => items
            .iter()
            .map(|item| match argument(item.get_ref()) {
                Some(Value::Text(text)) => Some(text),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Value::List),
        _ => None,
    }
}
