//! The table of answers, a line a query, and the certificate of one.

use std::io::{self, Write};

use super::certificate::CertificateFields;
use super::rule::{Rule, RuleVerdict};
use super::search::Identified;
use super::table::{Answer, Declared, Verdict, figure};

/// What a probability says of a plant that is declared to be of a variety.
pub fn true_to_type(declared: &Declared, level: f64) -> &'static str {
    match declared.posterior {
        None => "not in the library",
        Some(share) if share >= level => "true to type",
        Some(share) if share <= 1.0 - level => "off-type",
        Some(_) => "uncertain",
    }
}

impl Identified {
    /// What a rule says of a query and its best match.
    pub fn judge(&self, answer: &Answer, rule: &Rule) -> RuleVerdict {
        let best = answer.best().map_or((0, 0), |best| (best.compared - best.matching, best.compared));
        rule.judge(best.0, best.1, self.join.shared())
    }

    /// Writes a line a query.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_answers(&self, level: f64, rule: Option<&Rule>, out: &mut impl Write) -> io::Result<()> {
        let has_declared = self.answers.iter().any(|answer| answer.declared.is_some());
        write!(
            out,
            "query\tverdict\tanswer\tprobability\tbest_variety\tposterior\tlog_likelihood_ratio\tcompared\tmatching\t\
             mismatching\tnone_of_these\tmixture_or_cross\tnearest_if_none\tbest_pair\tcalled\theterozygous\t\
             heterozygous_in_query_alone"
        )?;
        if has_declared {
            write!(
                out,
                "\tdeclared\ttrue_to_type\tdeclared_mismatching\tdeclared_compared\tdeclared_verdict"
            )?;
        }
        if rule.is_some() {
            write!(out, "\trule\trule_verdict")?;
        }
        writeln!(out)?;
        for (query, answer) in self.queries.iter().zip(&self.answers) {
            let or_dot = |text: String| if text.is_empty() { ".".to_owned() } else { text };
            write!(
                out,
                "{query}\t{}\t{}\t{}\t",
                answer.verdict.word(),
                or_dot(self.words(answer)),
                figure(answer.probability)
            )?;
            match answer.best().filter(|_| answer.verdict != Verdict::NoCalls) {
                Some(best) => write!(
                    out,
                    "{}\t{}\t{:.3}\t{}\t{}\t{}",
                    self.variety(best.variety),
                    figure(best.posterior),
                    best.ln,
                    best.compared,
                    best.matching,
                    best.compared - best.matching
                )?,
                None => write!(out, ".\t.\t.\t0\t0\t0")?,
            }
            write!(
                out,
                "\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                figure(answer.none),
                figure(answer.mixed),
                or_dot(self.nearest_words(answer)),
                answer.pair.map_or_else(|| ".".to_owned(), |pair| self.pair_words(&pair)),
                answer.called,
                answer.heterozygous,
                answer.best().map_or(0, |best| best.excess),
            )?;
            if has_declared {
                write_declared(answer, level, out)?;
            }
            if let Some(rule) = rule {
                write!(out, "\t{}\t{}", rule.name, rule.word(self.judge(answer, rule)))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// The certificate of a query as lines: the heading that a line stands under, what it is, and its text.
    pub fn certificate(
        &self,
        query: usize,
        fields: &CertificateFields,
        rule: Option<&Rule>,
    ) -> Vec<[String; 3]> {
        let (answer, name) = (&self.answers[query], &self.queries[query]);
        let line = |section: &str, item: &str, text: String| [section.to_owned(), item.to_owned(), text];
        let mut out = fields.opening("Certificate of variety identity");
        out.push(line("Sample", "sample", name.clone()));
        if let Some(declared) = &answer.declared {
            out.push(line("Sample", "declared variety", declared.name.clone()));
        }
        let library = self.varieties.names.len();
        out.push(line("Comparison", "library", format!("{library} varieties")));
        out.push(line("Comparison", "markers shared", self.join.shared().to_string()));
        out.push(line("Comparison", "markers with a call", answer.called.to_string()));
        if let Some(best) = answer.best().filter(|_| answer.verdict != Verdict::NoCalls) {
            let compared = format!(
                "{}: {} compared, {} equal, {} different",
                self.variety(best.variety),
                best.compared,
                best.matching,
                best.compared - best.matching
            );
            out.push(line("Comparison", "best match", compared));
        }
        let method = format!(
            "posterior probability over all varieties of the library, none of these, and mixtures; rate of wrong calls {}",
            figure(self.error)
        );
        out.push(line("Comparison", "statistics", method));
        out.push(line("verdict", "", self.sentence(answer)));
        if let Some(rule) = rule {
            out.push(line("Rule", "rule", format!("{} {}", rule.name, rule.standard).trim().to_owned()));
            out.push(line("Rule", "thresholds", rule.thresholds()));
            out.push(line(
                "Rule",
                "verdict on the best match",
                rule.word(self.judge(answer, rule)).to_owned(),
            ));
            let checked = match rule.checked.as_str() {
                "" => {
                    "by nobody yet: do not sign before the numbers are compared with the standard".to_owned()
                }
                who => who.to_owned(),
            };
            out.push(line("Rule", "thresholds checked against the standard", checked));
        }
        let note = |text: &str| line("note", "", text.to_owned());
        out.push(note(
            "The result holds for the sample as received and for the varieties and markers of the library named above; \
             varieties that are not in the library can be excluded, never named.",
        ));
        out.extend(fields.closing());
        out
    }

    /// The answer in a sentence.
    pub fn sentence(&self, answer: &Answer) -> String {
        let chance = percent(answer.probability);
        match answer.verdict {
            Verdict::Identified => {
                format!("The sample is of the variety {} (probability {chance})", self.words(answer))
            }
            Verdict::OneOf => {
                format!("The sample is of one of the varieties {} (probability {chance})", self.words(answer))
            }
            Verdict::Mixture => {
                format!("The sample is a mixture or a cross of {} (probability {chance})", self.words(answer))
            }
            Verdict::NoneOfThese => {
                format!("The sample is of none of the varieties of the library (probability {chance})")
            }
            Verdict::Unresolved => "The markers do not decide which variety the sample is of".to_owned(),
            Verdict::NoCalls => "The sample has no call at the markers of the library".to_owned(),
        }
    }
}

/// A probability that never rounds to 100%.
fn percent(share: f64) -> String {
    if share > 0.9999 { "above 99.99%".to_owned() } else { format!("{:.2}%", (share * 1e4).floor() / 1e2) }
}

fn write_declared(answer: &Answer, level: f64, out: &mut impl Write) -> io::Result<()> {
    let Some(declared) = &answer.declared else { return write!(out, "\t.\t.\t.\t.\t.") };
    let (mismatching, compared) = declared
        .mismatching
        .map_or_else(|| (".".to_owned(), ".".to_owned()), |(m, n)| (m.to_string(), n.to_string()));
    let posterior = declared.posterior.map_or_else(|| ".".to_owned(), figure);
    let verdict = true_to_type(declared, level);
    write!(out, "\t{}\t{posterior}\t{mismatching}\t{compared}\t{verdict}", declared.name)
}
