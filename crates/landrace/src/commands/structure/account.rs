//! What is written of ancestries.

use std::io::Write as _;

use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_germplasm::structure::study::Study;
use landrace_germplasm::structure::validate::Validation;
use landrace_germplasm::structure::{Ancestry, Panel};
use serde_json::Value;

use super::Args;
use crate::cli::Session;
use crate::genotypes::rounded;

/// Samples whose ancestries the summary holds, for the picture; of more, one in two, three ...
const HELD: usize = 2000;

/// Ancestries and all that is said of them.
pub(super) struct Account<'a> {
    pub(super) args: &'a Args,
    pub(super) panel: &'a Panel,
    pub(super) study: &'a Study,
}

/// Says that a number of populations is done.
pub(super) fn tell(session: &Session, fit: &Ancestry, validation: Option<&Validation>) {
    let error = validation.map_or(String::new(), |own| {
        format!(", cross-validation error {:.5} ± {:.5}", own.error, own.standard_error)
    });
    let (k, run) = (fit.names.len(), fit.run());
    session.progress.note(&format!(
        "K = {k}: log-likelihood {:.2}{error}, {} sweeps{}",
        run.likelihood,
        run.sweeps,
        if run.has_converged { "" } else { ", not converged" }
    ));
}

impl Account<'_> {
    fn is_range(&self) -> bool {
        self.study.fits.len() > 1
    }

    /// The files; the ancestries last.
    pub(super) fn files(&self) -> anyhow::Result<Vec<Output>> {
        let (panel, best) = (self.panel, self.study.best());
        let create = |ending: &str| file::create(file::beside(&self.args.output, ending));
        let mut files = Vec::new();
        for fit in &self.study.fits {
            let k = fit.names.len();
            if self.is_range() {
                let mut out = create(&format!(".k{k}.tsv"))?;
                panel.write_shares(fit, &mut out)?;
                files.push(out);
            }
            if self.args.admixture {
                let (mut q, mut p) = (create(&format!(".{k}.Q"))?, create(&format!(".{k}.P"))?);
                panel.write_q(fit, &mut q)?;
                panel.write_p(fit, &mut p)?;
                files.extend([q, p]);
            }
            if self.args.frequencies.is_none() {
                let ending = if self.is_range() {
                    format!(".k{k}.frequencies.tsv")
                } else {
                    ".frequencies.tsv".into()
                };
                let mut out = create(&ending)?;
                panel.write_frequencies(fit, &mut out)?;
                files.push(out);
            }
        }
        let mut out = create(".fits.tsv")?;
        out.write_all(self.fits_text().as_bytes())?;
        files.push(out);
        let mut out = file::create(&self.args.output)?;
        panel.write_shares(best, &mut out)?;
        files.push(out);
        Ok(files)
    }

    /// Each start of each number of populations.
    fn fits_text(&self) -> String {
        let mut text =
            "K\tstart\tlog_likelihood\tsweeps\tconverged\tkept\tsimilarity\tcv_error\tcv_standard_error\n"
                .to_owned();
        let word = |is: bool| if is { "yes" } else { "no" };
        for (index, fit) in self.study.fits.iter().enumerate() {
            for (start, run) in fit.runs.iter().enumerate() {
                let own = self.study.validations.get(index).filter(|_| start == fit.best);
                let errors = own.map_or("NA\tNA".to_owned(), |own| {
                    format!("{:.6}\t{:.6}", own.error, own.standard_error)
                });
                text += &format!(
                    "{}\t{}\t{:.4}\t{}\t{}\t{}\t{:.4}\t{errors}\n",
                    fit.names.len(),
                    start + 1,
                    run.likelihood,
                    run.sweeps,
                    word(run.has_converged),
                    word(start == fit.best),
                    run.similarity,
                );
            }
        }
        text
    }

    pub(super) fn summary(&self, session: &Session) -> Summary {
        let mut summary = Summary::new("structure", &session.command_line);
        let (account, best) = (self.panel.account, self.study.best());
        let untyped = self.untyped().count();
        summary.count("samples", self.panel.samples.len()).count("samples_without_calls", untyped);
        summary.count("variants_used", account.used).count("variants_of_more_alleles", account.multiallelic);
        summary.count("variants_that_do_not_vary", account.monomorphic);
        summary.count("variants_with_alleles_counted_together", account.together);
        if self.args.frequencies.is_some() {
            summary.count("variants_without_known_frequencies", account.unknown);
            summary.count("calls_of_unknown_alleles", account.unknown_calls);
        }
        summary.count("populations", best.names.len()).count("starts", best.runs.len());
        summary.count("log_likelihood", rounded(best.run().likelihood)).count("sweeps", best.run().sweeps);
        summary.count("converged", best.run().has_converged);
        summary.headline = "{samples} samples as mixtures of {populations} populations.".to_owned();
        if let Some(own) = self.study.validations.get(self.study.chosen) {
            summary.count("cross_validation_error", rounded(own.error));
        }
        if self.is_range() && !self.study.validations.is_empty() {
            summary.headline += " Of the numbers tried, this one foretells hidden calls best.";
            let simplest = self.study.fits[self.study.simplest].names.len();
            summary.count("populations_within_one_standard_error", simplest);
        }
        if !best.run().has_converged {
            summary.headline += " The fit has not converged: give more sweeps.";
        }
        let order = self.order();
        summary.tables.extend(self.study.fits.iter().map(|fit| self.bars(fit, &order)));
        summary.tables.extend(self.curves());
        summary
    }

    /// Samples with ancestries in the order of the picture: by their main population in the fit that was chosen, and by
    /// their share of it.
    fn order(&self) -> Vec<usize> {
        let best = self.study.best();
        let main = |shares: &[f64]| {
            (0..shares.len()).fold(0, |best, a| if shares[a] > shares[best] { a } else { best })
        };
        let keyed = best.shares.iter().enumerate().filter_map(|(sample, shares)| {
            let shares = shares.as_ref()?;
            let main = main(shares);
            Some((main, shares[main], sample))
        });
        let mut keyed: Vec<(usize, f64, usize)> = keyed.collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
        keyed.into_iter().map(|(_, _, sample)| sample).collect()
    }

    /// The ancestries of one number of populations.
    fn bars(&self, fit: &Ancestry, order: &[usize]) -> Table {
        let k = fit.names.len();
        let row = |&sample: &usize| {
            let shares = fit.shares[sample].iter().flatten();
            let name = Value::from(self.panel.samples[sample].as_str());
            std::iter::once(name).chain(shares.map(|&share| rounded(share))).collect()
        };
        let stride = order.len().div_ceil(HELD).max(1);
        let which = if stride > 1 { format!(", one sample in {stride}") } else { String::new() };
        Table {
            name: format!("ancestry-k{k}"),
            title: format!("Ancestry of the samples, K = {k}{which}"),
            chart: Chart::StackedBar,
            columns: std::iter::once("sample".to_owned()).chain(fit.names.clone()).collect(),
            rows: order.iter().step_by(stride).map(row).collect(),
            path: None,
        }
    }

    /// The curve of cross-validation, the starts, and the way to the maximum.
    fn curves(&self) -> Vec<Table> {
        let table = |name: &str, title: &str, chart, columns: &[&str], rows: Vec<Vec<Value>>| Table {
            name: name.into(),
            title: title.into(),
            chart,
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows,
            path: None,
        };
        let mut tables = Vec::new();
        let with_errors = self.study.fits.iter().zip(&self.study.validations);
        let errors = with_errors.map(|(fit, own)| {
            let (low, high) = (own.error - own.standard_error, own.error + own.standard_error);
            vec![fit.names.len().into(), rounded(own.error), rounded(low), rounded(high)]
        });
        if self.is_range() && !self.study.validations.is_empty() {
            tables.push(table(
                "cross-validation",
                "Cross-validation: deviance of a hidden call",
                Chart::Line,
                &["K", "error", "less one standard error", "plus one standard error"],
                errors.collect(),
            ));
        }
        let runs = self.study.fits.iter().flat_map(|fit| {
            fit.runs.iter().enumerate().map(|(start, run)| {
                let kept = if start == fit.best { "yes" } else { "no" };
                let converged = if run.has_converged { "yes" } else { "no" };
                vec![
                    fit.names.len().into(),
                    (start + 1).into(),
                    rounded(run.likelihood),
                    run.sweeps.into(),
                    converged.into(),
                    kept.into(),
                    rounded(run.similarity),
                ]
            })
        });
        let columns =
            ["K", "start", "log-likelihood", "sweeps", "converged", "kept", "similarity to the one kept"];
        tables.push(table("starts", "Starts of each K", Chart::Table, &columns, runs.collect()));
        let best = self.study.best();
        let last = best.run().likelihood;
        let gaps = best
            .trace
            .iter()
            .enumerate()
            .map(|(sweep, &value)| vec![(sweep + 1).into(), rounded((last - value).max(1e-3).log10())]);
        if best.trace.len() > 2 {
            tables.push(table(
                "convergence",
                "Convergence: what was left to gain in log-likelihood",
                Chart::Line,
                &["sweep", "log10 of the gap"],
                gaps.collect(),
            ));
        }
        tables
    }

    fn untyped(&self) -> impl Iterator<Item = &str> {
        let all = self.panel.samples.iter().zip(&self.panel.is_typed);
        all.filter(|(_, is_typed)| !**is_typed).map(|(sample, _)| sample.as_str())
    }

    pub(super) fn tell(&self, session: &Session) {
        let say = |line: String| session.progress.note(&line);
        let (account, best, run) = (self.panel.account, self.study.best(), self.study.best().run());
        let untyped: Vec<&str> = self.untyped().collect();
        if !untyped.is_empty() {
            let more = if untyped.len() > 5 { ", …" } else { "" };
            let few = untyped[..untyped.len().min(5)].join(", ");
            say(format!("samples without calls, which get NA: {} ({few}{more})", untyped.len()));
        }
        if account.monomorphic > 0 {
            say(format!("variants that do not vary, left out: {}", account.monomorphic));
        }
        if account.together > 0 {
            say(format!(
                "variants of three alleles or more whose other alleles the format does not tell apart: {}; they count \
                 together",
                account.together
            ));
        }
        if account.unknown > 0 {
            say(format!("variants without known frequencies, left out: {}", account.unknown));
        }
        if account.unknown_calls > 0 {
            say(format!(
                "calls with an allele that the frequencies lack, left out: {}",
                account.unknown_calls
            ));
        }
        if self.args.populations.is_none() {
            say(format!("log-likelihood {:.2} after {} sweeps", run.likelihood, run.sweeps));
        }
        self.tell_of_choice(session);
        for fit in self.study.fits.iter().filter(|fit| !fit.run().has_converged) {
            say(format!(
                "K = {}: the fit was stopped after {} sweeps and has not converged; give more with --sweeps",
                fit.names.len(),
                fit.run().sweeps
            ));
        }
        let alike = best.runs.iter().filter(|own| run.likelihood - own.likelihood < 1.0).count();
        if best.runs.len() > 1 && alike == 1 {
            say("only one start reached the best likelihood: others may be better still; give more --starts"
                .into());
        }
    }

    fn tell_of_choice(&self, session: &Session) {
        if !self.is_range() {
            return;
        }
        let k = self.study.best().names.len();
        let simplest = self.study.fits[self.study.simplest].names.len();
        session.progress.note(&match (self.study.validations.is_empty(), simplest == k) {
            (true, _) => format!("no cross-validation: the output holds the largest K, {k}"),
            (false, true) => format!("least cross-validation error: K = {k}"),
            (false, false) => {
                format!(
                    "least cross-validation error: K = {k}; within one standard error of it: K = {simplest}"
                )
            }
        });
        if !self.study.validations.is_empty() && self.study.chosen + 1 == self.study.fits.len() {
            session.progress.note(&format!("K = {k} is the end of the range: larger ones may be better"));
        }
    }
}
