//! Rules of standards and laboratories: at how many loci two profiles must differ to be different varieties.
//!
//! A rule is a TOML file, never code: its numbers come from a standard's text, which differ by crop, year and country.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genotypes::GenotypeError;

use super::document::parse;

/// A rule file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The rule's name.
    pub name: String,
    /// The standard that it follows.
    pub standard: String,
    /// Who checked the numbers against the standard's text, and when; empty if nobody did.
    pub checked: String,
    /// Loci of the panel, if the rule says so.
    pub panel: Option<u32>,
    /// Loci that must be compared at least.
    pub least_loci: u32,
    /// Share of the panel (or of the shared loci) that must be compared at least.
    pub least_call_rate: f64,
    /// Whether thresholds are shares of the compared loci rather than counts.
    pub is_share: bool,
    /// Up to so many differing loci, two profiles are the same.
    pub same_at_most: f64,
    /// Up to so many, near; above, different.
    pub near_at_most: f64,
    /// Words for the verdicts same, near and different.
    pub words: [String; 3],
}

/// What a rule says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleVerdict {
    /// The same, as far as the rule can tell.
    Same,
    /// Near.
    Near,
    /// Different varieties.
    Different,
    /// Too few loci were compared.
    TooFew,
}

const KNOWN: &[(&str, &[&str])] = &[
    ("rule", &["name", "standard", "checked", "note"]),
    ("loci", &["panel", "least", "least_call_rate"]),
    ("verdict", &["unit", "same_at_most", "near_at_most"]),
    ("words", &["same", "near", "different"]),
];

impl Rule {
    /// Reads a rule; `path` names it in messages.
    ///
    /// # Errors
    /// Returns an error that names the line and the key: an unknown key, a value of another kind, thresholds out of
    /// order.
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        parse(text, path, KNOWN, |document| {
            let (rule, loci) = (document.section("rule"), document.section("loci"));
            let (verdict, words) = (document.section("verdict"), document.section("words"));
            let name = rule.text("name")?;
            if name.is_empty() {
                return Err(rule.error("name", "is missing; give the rule a name for the verdict column"));
            }
            let is_share = match verdict.text("unit")?.as_str() {
                "" | "loci" => false,
                "share" => true,
                _ => return Err(verdict.error("unit", "is to be \"loci\" or \"share\"")),
            };
            let (same, near) = (verdict.required("same_at_most")?, verdict.required("near_at_most")?);
            if near < same {
                return Err(verdict.error("near_at_most", "is below same_at_most; it cannot be"));
            }
            if is_share && near > 1.0 {
                return Err(verdict.error("near_at_most", "is a share of the loci, from 0 to 1"));
            }
            let rate = loci.number("least_call_rate")?.unwrap_or(0.0);
            if rate > 1.0 {
                return Err(loci.error("least_call_rate", "is a share of the loci, from 0 to 1"));
            }
            let whole = |key: &str| {
                let found = loci.number(key)?;
                match found {
                    Some(n) if n.fract() != 0.0 || n > 1e9 => Err(loci.error(key, "is to be a whole number")),
                    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 1e9")]
                    found => Ok(found.map(|n| n as u32)),
                }
            };
            let word = |key: &str| {
                let own = words.text(key)?;
                Ok::<_, GenotypeError>(if own.is_empty() { key.to_owned() } else { own })
            };
            Ok(Self {
                name,
                standard: rule.text("standard")?,
                checked: rule.text("checked")?,
                panel: whole("panel")?,
                least_loci: whole("least")?.unwrap_or(1),
                least_call_rate: rate,
                is_share,
                same_at_most: same,
                near_at_most: near,
                words: [word("same")?, word("near")?, word("different")?],
            })
        })
    }

    /// What the rule says of two profiles that differ at `mismatching` of `compared` loci; `shared` is the number of
    /// loci that both files have.
    pub fn judge(&self, mismatching: u32, compared: u32, shared: u64) -> RuleVerdict {
        let of = self.panel.map_or(shared as f64, f64::from);
        let is_little = compared < self.least_loci || f64::from(compared) < self.least_call_rate * of;
        if is_little || compared == 0 {
            return RuleVerdict::TooFew;
        }
        let value =
            if self.is_share { f64::from(mismatching) / f64::from(compared) } else { f64::from(mismatching) };
        if value <= self.same_at_most {
            RuleVerdict::Same
        } else if value <= self.near_at_most {
            RuleVerdict::Near
        } else {
            RuleVerdict::Different
        }
    }

    /// The rule's word for a verdict.
    pub fn word(&self, verdict: RuleVerdict) -> &str {
        match verdict {
            RuleVerdict::Same => &self.words[0],
            RuleVerdict::Near => &self.words[1],
            RuleVerdict::Different => &self.words[2],
            RuleVerdict::TooFew => "too few loci",
        }
    }

    /// The thresholds in words.
    pub fn thresholds(&self) -> String {
        let number =
            |value: f64| if self.is_share { format!("{}%", 100.0 * value) } else { value.to_string() };
        let unit = if self.is_share { "of the loci differ" } else { "loci differ" };
        format!(
            "{}: at most {} {unit}; {}: at most {}; {}: more",
            self.words[0],
            number(self.same_at_most),
            self.words[1],
            number(self.near_at_most),
            self.words[2]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[rule]\nname = \"R\"\n[loci]\npanel = 40\nleast = 30\nleast_call_rate = 0.8\n\
                        [verdict]\nsame_at_most = 0\nnear_at_most = 1\n[words]\nnear = \"近似\"\n";

    fn fails(text: &str) -> String {
        Rule::parse(text, "r.toml").unwrap_err().to_string()
    }

    #[test]
    fn thresholds_come_from_the_file() {
        let rule = Rule::parse(GOOD, "r.toml").unwrap();
        let word = |mismatching, compared| rule.word(rule.judge(mismatching, compared, 40));
        assert_eq!(
            [word(0, 40), word(1, 40), word(2, 40), word(0, 31)],
            ["same", "近似", "different", "too few loci"]
        );
        let shares = "[rule]\nname='S'\n[verdict]\nunit='share'\nsame_at_most=0.02\nnear_at_most=0.1\n";
        let rule = Rule::parse(shares, "s").unwrap();
        assert_eq!(rule.judge(2, 100, 100), RuleVerdict::Same);
        assert_eq!(rule.judge(9, 100, 100), RuleVerdict::Near);
        assert_eq!(rule.judge(11, 100, 100), RuleVerdict::Different);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        assert_eq!(
            fails(&GOOD.replace("same_at_most", "same_atmost")),
            "r.toml: line 8: unknown key 'same_atmost' in [verdict]; did you mean 'same_at_most'?"
        );
        assert!(
            fails(&GOOD.replace("[loci]", "[locus]")).contains("line 3: unknown table [locus]; known are")
        );
        assert!(
            fails(&GOOD.replace("near_at_most = 1", "near_at_most = \"one\""))
                .contains("line 9: 'near_at_most'")
        );
        assert!(
            fails(&GOOD.replace("same_at_most = 0", "same_at_most = 3")).contains("is below same_at_most")
        );
        assert!(fails("[rule]\nname = 'x'\n[verdict]\nsame_at_most = 1\n").contains("has no 'near_at_most'"));
        assert!(fails("[rule\n").contains("line 1: is not TOML"));
        assert!(fails(&GOOD.replace("0.8", "8")).contains("from 0 to 1"));
    }
}
