//! The p-value that counts as a finding.

use landrace_breeding::gwas::{EffectiveTests, Results, effective_tests, permuted_minima};

use super::Args;
use super::models::Models;

/// How findings are told from chance.
#[derive(clap::Args)]
#[command(next_help_heading = "Findings")]
pub(crate) struct ThresholdArgs {
    /// Chance of any false finding in the whole scan that the threshold allows
    #[arg(long, value_name = "P", default_value_t = 0.05, value_parser = super::share)]
    alpha: f64,
    /// bonferroni: --alpha over the markers tested; effective: over the independent tests that their correlations leave
    /// (Li and Ji 2005); permutation: passed by that share of scans of permuted residuals
    #[arg(long, value_name = "KIND", default_value = "bonferroni", value_parser = ["bonferroni", "effective", "permutation"])]
    threshold: String,
    /// Scans of permuted residuals
    #[arg(long, value_name = "N", default_value = "1000")]
    permutations: std::num::NonZeroUsize,
    /// Seed of the permutations
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl ThresholdArgs {
    /// Refuses permutation, which is for linear models of single traits.
    pub(super) fn refuse_permutation(&self, asked: &str) -> anyhow::Result<()> {
        if self.threshold == "permutation" {
            anyhow::bail!(
                "{asked}: the threshold 'permutation' is for quantitative traits one by one; use bonferroni or effective"
            );
        }
        Ok(())
    }

    /// Whether it is --alpha over the tests.
    pub(super) fn is_bonferroni(&self) -> bool {
        self.threshold == "bonferroni"
    }

    /// Whether it is made by permutations.
    pub(super) fn is_permutation(&self) -> bool {
        self.threshold == "permutation"
    }
}

/// The threshold of a trait.
pub(super) struct Threshold {
    pub(super) p: f64,
    /// How it was made.
    pub(super) words: String,
}

/// The threshold of each trait. All but Bonferroni's read the genotypes once more.
pub(super) fn of_traits(args: &Args, models: &Models, results: &[Results]) -> anyhow::Result<Vec<Threshold>> {
    let asked = &args.threshold;
    let mut out: Vec<Threshold> = results
        .iter()
        .map(|own| Threshold {
            p: asked.alpha / own.points.len().max(1) as f64,
            words: format!("Bonferroni, {} tests", own.points.len()),
        })
        .collect();
    if asked.is_bonferroni() {
        return Ok(out);
    }
    for group in &models.groups {
        let mut source = args.open_tested()?.source;
        if asked.threshold == "effective" {
            let EffectiveTests { li_ji, galwey, .. } =
                effective_tests(source.as_mut(), &group.samples, args.scanned())?;
            let words =
                format!("{li_ji:.1} independent tests by Li and Ji (2005); {galwey:.1} by Galwey (2009)");
            for &of in &group.traits {
                out[of] = Threshold { p: asked.alpha / li_ji.max(1.0), words: words.clone() };
            }
            continue;
        }
        let count = asked.permutations.get();
        let minima = permuted_minima(source.as_mut(), group, args.scanned(), (count, asked.seed))?;
        for (&of, own) in group.traits.iter().zip(minima) {
            // The lowest p of so many scans of chance alone.
            #[expect(clippy::cast_possible_truncation, reason = "a share of a count")]
            let rank = (asked.alpha * count as f64) as usize;
            let ln_p = own.get(rank.saturating_sub(1)).copied().unwrap_or(0.0);
            out[of] = Threshold { p: ln_p.exp(), words: format!("{count} permutations of residuals") };
        }
    }
    Ok(out)
}
