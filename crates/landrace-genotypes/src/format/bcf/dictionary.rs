//! The numbers that BCF gives to the header's strings and contigs.

use std::collections::HashMap;

use crate::format::vcf::{Meta, attributes};

/// Strings (FILTER, INFO and FORMAT ids) and contigs by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary {
    pub(crate) strings: Names,
    pub(crate) contigs: Names,
    /// Types of the strings that are INFO fields, and of those that are FORMAT fields.
    types: [HashMap<usize, String>; 2],
}

/// Names by number, and back. Numbers may have gaps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    names: Vec<Option<String>>,
    numbers: HashMap<String, usize>,
}

impl Names {
    /// The name of a number.
    pub(crate) fn name(&self, number: usize) -> Option<&str> {
        self.names.get(number)?.as_deref()
    }

    /// The number of a name.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    fn add(&mut self, name: &str, number: Option<usize>) {
        /// No header has more.
        const MOST: usize = 1 << 26;
        if self.numbers.contains_key(name) {
            return;
        }
        let number = number.filter(|&number| number < MOST).unwrap_or(self.names.len());
        if number >= self.names.len() {
            self.names.resize(number + 1, None);
        }
        self.names[number] = Some(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
    }
}

impl Dictionary {
    /// As the specification numbers them: by `IDX`, or in order of appearance, `PASS` being 0.
    pub(crate) fn new(meta: &Meta) -> Self {
        let mut out = Self::default();
        out.strings.add("PASS", Some(0));
        for line in &meta.lines {
            let Some((kind, _)) = line.strip_prefix("##").and_then(|rest| rest.split_once("=<")) else {
                continue;
            };
            let names = match kind {
                "contig" => &mut out.contigs,
                "FILTER" | "INFO" | "FORMAT" => &mut out.strings,
                _ => continue,
            };
            let attributes = attributes(line);
            let find = |key: &str| attributes.iter().find(|pair| pair.0 == key).map(|pair| pair.1);
            if let Some(id) = find("ID") {
                names.add(id, find("IDX").and_then(|text| text.parse().ok()));
                if kind == "INFO" || kind == "FORMAT" {
                    let kind = find("Type").unwrap_or("String").to_owned();
                    let fields = &mut out.types[usize::from(line.starts_with("##FORMAT"))];
                    fields.extend(out.strings.number(id).map(|number| (number, kind)));
                }
            }
        }
        out
    }

    /// Whether a string is the name of an INFO flag.
    pub(crate) fn is_flag(&self, string: i32) -> bool {
        self.type_of("INFO", string) == Some("Flag")
    }

    /// The type that the header gives a field; `line` is `INFO` or `FORMAT`.
    pub(crate) fn type_of(&self, line: &str, string: i32) -> Option<&str> {
        let string = usize::try_from(string).ok()?;
        self.types[usize::from(line == "FORMAT")].get(&string).map(String::as_str)
    }
}
