//! Which method predicts.

use std::path::PathBuf;

use landrace_breeding::predict::{Gblup, Method, Refit};

#[derive(clap::Args)]
#[command(next_help_heading = "Method")]
pub(super) struct MethodArgs {
    /// gblup: best linear unbiased prediction with the genomic relationship, equal to ridge regression on all markers
    #[arg(short, long, value_name = "METHOD", default_value = "gblup", value_parser = ["gblup"])]
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
        Box::new(Gblup { refit })
    }
}
