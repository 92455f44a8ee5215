//! Which method predicts.

use std::path::PathBuf;

use landrace_breeding::predict::{Dominance, Gaussian, Gblup, Method, Refit};

#[derive(clap::Args)]
#[command(next_help_heading = "Method")]
pub(super) struct MethodArgs {
    /// gblup: best linear unbiased prediction with the genomic relationship, equal to ridge regression on all markers;
    /// dominance: with effects of dominance beside, for clones and crosses; rkhs: a Gaussian kernel, which takes in
    /// interactions
    #[arg(short, long, value_name = "METHOD", default_value = "gblup", value_parser = ["gblup", "dominance", "rkhs"])]
    method: String,
    /// Relationship matrix in place of VanRaden's first from the genotypes: a table, or a file of GCTA, PLINK or GEMMA
    #[arg(long, value_name = "FILE")]
    pub(super) relationship: Option<PathBuf>,
    /// When cross-validation estimates the variance ratio: in each-fold anew, or once from all records
    #[arg(long, value_name = "WHEN", default_value = "each-fold", value_parser = ["each-fold", "once"])]
    variances: String,
}

impl MethodArgs {
    /// The method asked for.
    pub(super) fn method(&self) -> Box<dyn Method> {
        let refit = if self.variances == "once" { Refit::Once } else { Refit::EachFold };
        match self.method.as_str() {
            "dominance" => Box::new(Dominance { refit }),
            "rkhs" => Box::new(Gaussian { refit, ..Gaussian::default() }),
            _ => Box::new(Gblup { refit }),
        }
    }
}
