//! Which method predicts.

use std::path::PathBuf;

use landrace_breeding::predict::bayes::{self, Model};
use landrace_breeding::predict::{Dominance, Gaussian, Gblup, Method, Refit, Sampled, Streamed, large};

#[derive(clap::Args)]
#[command(next_help_heading = "Method")]
pub(super) struct MethodArgs {
    /// gblup: best linear unbiased prediction with the genomic relationship, equal to ridge regression on all markers;
    /// dominance: with effects of dominance beside, for clones and crosses; rkhs: a Gaussian kernel, which takes in
    /// interactions; streamed: gblup for many samples, without the relationship matrix; bayesa, bayesb, bayescpi, bayesr,
    /// brr, lasso: marker effects by Gibbs sampling, where some may be large or most zero
    #[arg(short, long, value_name = "METHOD", default_value = "gblup", value_parser = [
        "gblup", "dominance", "rkhs", "streamed", "bayesa", "bayesb", "bayescpi", "bayesr", "brr", "lasso",
    ])]
    method: String,
    /// Relationship matrix in place of VanRaden's first from the genotypes: a table, or a file of GCTA, PLINK or GEMMA
    #[arg(long, value_name = "FILE")]
    pub(super) relationship: Option<PathBuf>,
    /// When cross-validation estimates the variance ratio: in each-fold anew, or once from all records
    #[arg(long, value_name = "WHEN", default_value = "each-fold", value_parser = ["each-fold", "once"])]
    variances: String,
    /// Rounds of each Gibbs chain
    #[arg(long, value_name = "N", default_value_t = 2500)]
    rounds: usize,
    /// Rounds at the start of each chain that do not count [default: a fifth]
    #[arg(long, value_name = "N")]
    burn_in: Option<usize>,
    /// Gibbs chains, which are compared
    #[arg(long, value_name = "N", default_value_t = 4)]
    chains: usize,
    /// Random vectors of 'streamed': more make its variances and reliabilities surer
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u16).range(2..=1000))]
    probes: u16,
}

impl MethodArgs {
    /// When cross-validation estimates the variances.
    pub(super) fn refit(&self) -> Refit {
        if self.variances == "once" { Refit::Once } else { Refit::EachFold }
    }

    /// The method asked for.
    pub(super) fn method(&self, seed: u64) -> Box<dyn Method> {
        let refit = self.refit();
        match self.method.as_str() {
            "dominance" => Box::new(Dominance { refit }),
            "rkhs" => Box::new(Gaussian { refit, ..Gaussian::default() }),
            "streamed" => {
                let probes = usize::from(self.probes);
                Box::new(Streamed { options: large::Options { probes, seed, ..large::Options::default() } })
            }
            name => match Model::ALL.into_iter().find(|model| model.name() == name) {
                Some(model) => Box::new(Sampled { options: self.sampling(model, seed) }),
                None => Box::new(Gblup { refit }),
            },
        }
    }

    fn sampling(&self, model: Model, seed: u64) -> bayes::Options {
        let burn_in = self.burn_in.unwrap_or(self.rounds / 5);
        bayes::Options {
            rounds: self.rounds,
            burn_in,
            chains: self.chains,
            seed,
            ..bayes::Options::new(model)
        }
    }
}
