//! What a testing service writes on a certificate beside the result: a TOML file of its own.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genotypes::GenotypeError;

use super::document::parse;

/// The fields of a laboratory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFields {
    /// Title of the certificate; empty for the usual one.
    pub title: String,
    /// Lines about the laboratory and the test: what is written, and the value.
    pub laboratory: Vec<(String, String)>,
    /// Lines about the test.
    pub test: Vec<(String, String)>,
    /// Text at the foot, such as what the result holds for.
    pub note: String,
    /// Who signs.
    pub signatures: Vec<String>,
}

const LABORATORY: &[&str] = &["name", "address", "accreditation", "contact"];
const TEST: &[&str] = &["title", "reference", "client", "received", "crop", "method", "panel", "note"];
const KNOWN: &[(&str, &[&str])] = &[("laboratory", LABORATORY), ("test", TEST), ("signatures", &["lines"])];

impl CertificateFields {
    /// Reads the fields; `path` names the file in messages.
    ///
    /// # Errors
    /// Returns an error that names the line and the key.
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        parse(text, path, KNOWN, |document| {
            let (laboratory, test) = (document.section("laboratory"), document.section("test"));
            let lines = |section: &super::document::Section<'_>, keys: &[&str]| {
                let mut out = Vec::new();
                for &key in keys.iter().filter(|key| !matches!(**key, "title" | "note")) {
                    let value = section.text(key)?;
                    if !value.is_empty() {
                        let label = if key == "name" { "laboratory" } else { key };
                        out.push((label.to_owned(), value));
                    }
                }
                Ok::<_, GenotypeError>(out)
            };
            Ok(Self {
                title: test.text("title")?,
                laboratory: lines(&laboratory, LABORATORY)?,
                test: lines(&test, TEST)?,
                note: test.text("note")?,
                signatures: document.section("signatures").texts("lines")?,
            }
            .with_defaults())
        })
    }

    /// The lines that a certificate begins with: heading, what it is, and its text.
    pub fn opening(&self, usual_title: &str) -> Vec<[String; 3]> {
        let title = if self.title.is_empty() { usual_title } else { &self.title };
        let of = |section: &str, lines: &[(String, String)]| -> Vec<[String; 3]> {
            lines.iter().map(|(item, text)| [section.to_owned(), item.clone(), text.clone()]).collect()
        };
        let mut out = vec![["title".to_owned(), String::new(), title.to_owned()]];
        out.extend(of("Laboratory", &self.laboratory));
        out.extend(of("Sample", &self.test));
        out
    }

    /// The lines that it ends with: the laboratory's note and who signs.
    pub fn closing(&self) -> Vec<[String; 3]> {
        let line = |kind: &str, text: &String| [kind.to_owned(), String::new(), text.clone()];
        let note = (!self.note.is_empty()).then(|| line("note", &self.note));
        note.into_iter().chain(self.signatures.iter().map(|text| line("signature", text))).collect()
    }

    /// The fields with two lines to sign, where nothing is said.
    pub fn with_defaults(mut self) -> Self {
        if self.signatures.is_empty() {
            self.signatures = vec!["Analyst, date".to_owned(), "Head of laboratory, date, stamp".to_owned()];
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_mistakes_named() {
        let text = "[laboratory]\nname = \"Seed Testing <A>\"\n[test]\nclient = \"X & Y\"\n";
        let fields = CertificateFields::parse(text, "c.toml").unwrap();
        assert_eq!(fields.laboratory, [("laboratory".to_owned(), "Seed Testing <A>".to_owned())]);
        assert_eq!(fields.test, [("client".to_owned(), "X & Y".to_owned())]);
        assert_eq!(fields.signatures.len(), 2);
        assert_eq!(fields.opening("Usual title")[0], ["title", "", "Usual title"]);
        let error = CertificateFields::parse("[laboratry]\n", "c.toml").unwrap_err().to_string();
        assert_eq!(error, "c.toml: line 1: unknown table [laboratry]; did you mean 'laboratory'?");
    }
}
