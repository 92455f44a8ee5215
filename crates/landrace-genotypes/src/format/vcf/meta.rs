//! The header lines of a variant file, kept as they are.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::ContigDictionary;
use landrace_genome::contig::ContigError;

/// Header lines that start with `##`, byte for byte and in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The lines, without their ends.
    pub lines: Vec<String>,
}

/// What a header says of an INFO or FORMAT field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    /// `Number`: a count, `A`, `R`, `G` or `.`.
    pub number: &'a str,
    /// `Type`: `Integer`, `Float`, `Flag`, `Character` or `String`.
    pub kind: &'a str,
}

/// The `key=value` pairs within the angle brackets of a structured line; quotes are kept.
pub(crate) fn attributes(line: &str) -> Vec<(&str, &str)> {
    let Some(inner) = line.split_once("=<").and_then(|(_, rest)| rest.trim_end().strip_suffix('>')) else {
        return Vec::new();
    };
    let (mut out, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in inner.bytes().chain([b',']).enumerate() {
        match byte {
            b'"' if !is_escaped => is_quoted = !is_quoted,
            b',' if !is_quoted || at == inner.len() => {
                out.extend(inner[start..at].split_once('='));
                start = at + 1;
            }
            _ => {}
        }
        is_escaped = byte == b'\\' && !is_escaped;
    }
    out
}

impl Meta {
    /// The structured lines of a kind (`INFO`, `contig` ...): their attributes.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Vec<(&'a str, &'a str)>> {
        let lines = self.lines.iter().map(String::as_str);
        lines.filter(move |line| is_of_kind(line, kind)).map(attributes)
    }

    /// The definition of a field; `kind` is `INFO` or `FORMAT`.
    pub fn definition<'a>(&'a self, kind: &'a str, id: &str) -> Option<Definition<'a>> {
        self.of_kind(kind).find(|line| attribute(line, "ID") == Some(id)).map(|line| Definition {
            number: attribute(&line, "Number").unwrap_or("."),
            kind: attribute(&line, "Type").unwrap_or("String"),
        })
    }

    /// Whether a structured line of a kind and id is there.
    pub fn has(&self, kind: &str, id: &str) -> bool {
        self.of_kind(kind).any(|line| attribute(&line, "ID") == Some(id))
    }

    /// The contigs declared; length 0 where none is given.
    ///
    /// # Errors
    /// Returns an error if a contig is declared twice.
    pub fn contigs(&self) -> Result<ContigDictionary, ContigError> {
        let mut contigs = ContigDictionary::default();
        for line in self.of_kind("contig") {
            let length = attribute(&line, "length").and_then(|text| text.parse().ok()).unwrap_or(0);
            contigs.push(attribute(&line, "ID").unwrap_or_default(), length)?;
        }
        Ok(contigs)
    }

    /// Adds the structured lines of another file's header that this one lacks, by kind and id.
    pub fn add_definitions_of(&mut self, other: &Self) {
        for line in &other.lines {
            let Some((kind, _)) = line.trim_start_matches('#').split_once("=<") else { continue };
            let attributes = attributes(line);
            if let Some(id) = attribute(&attributes, "ID")
                && !self.has(kind, id)
            {
                self.lines.push(line.clone());
            }
        }
    }

    /// Drops the numbers (`IDX`) that a BCF header carries: they are the file's, not the text's.
    pub(crate) fn drop_numbers(&mut self) {
        for line in &mut self.lines {
            if let Some(value) = attribute(&attributes(line), "IDX") {
                *line = line.replace(&format!(",IDX={value}"), "");
            }
        }
    }

    /// Notes the command that makes the file.
    pub fn add_command(&mut self, command: &str) {
        self.lines.push(format!("##landrace_command={command}"));
    }
}

fn is_of_kind(line: &str, kind: &str) -> bool {
    line.strip_prefix("##")
        .and_then(|rest| rest.strip_prefix(kind))
        .is_some_and(|rest| rest.starts_with("=<"))
}

/// The value of a key among attributes, without quotes.
pub(crate) fn attribute<'a>(attributes: &[(&'a str, &'a str)], key: &str) -> Option<&'a str> {
    let value = attributes.iter().find(|pair| pair.0 == key)?.1;
    Some(value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_quotes_do_not_end_an_attribute() {
        let line = r#"##INFO=<ID=AF,Number=A,Type=Float,Description="a, b=\"c\", d",Source=x>"#;
        let pairs = attributes(line);
        assert_eq!(pairs.len(), 5);
        assert_eq!(attribute(&pairs, "Description"), Some(r#"a, b=\"c\", d"#));
        assert_eq!(attribute(&pairs, "Source"), Some("x"));
    }

    #[test]
    fn contigs_keep_their_names() {
        let meta = Meta { lines: vec!["##contig=<ID=1 A_é:x,length=12>".into(), "##contig=<ID=b>".into()] };
        let contigs = meta.contigs().unwrap();
        assert_eq!(
            contigs.iter().map(|(_, c)| (c.name.as_str(), c.length)).collect::<Vec<_>>(),
            [("1 A_é:x", 12), ("b", 0)]
        );
    }
}
