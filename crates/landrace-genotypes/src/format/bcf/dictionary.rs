//! The numbers that BCF gives to the header's strings and contigs.

use std::collections::{HashMap, HashSet};

use crate::format::vcf::{Meta, attributes};

/// Strings (FILTER, INFO and FORMAT ids) and contigs by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary {
    pub(crate) strings: Names,
    pub(crate) contigs: Names,
    flags: HashSet<usize>,
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
                if kind == "INFO" && find("Type") == Some("Flag") {
                    out.flags.extend(out.strings.number(id));
                }
            }
        }
        out
    }

    /// Whether a string is the name of an INFO flag.
    pub(crate) fn is_flag(&self, string: i32) -> bool {
        usize::try_from(string).is_ok_and(|string| self.flags.contains(&string))
    }
}
