//! Known answers of real data sets, and what other tools make of our files.
//!
//! The data lies in `shared/data` beside the repository, or where `LANDRACE_SHARED` says. Where the data or a
//! tool is missing the test shows as ignored, by name; with `LANDRACE_REQUIRE_ALL` set it fails instead.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may read anything and fail anywhere"
)]

#[path = "real/bench.rs"]
mod bench;
#[path = "real/calls.rs"]
mod calls;
#[path = "real/chips.rs"]
mod chips;
#[path = "real/core.rs"]
mod core;
#[path = "real/counts.rs"]
mod counts;
#[path = "real/diversity.rs"]
mod diversity;
#[path = "real/duplicates.rs"]
mod duplicates;
#[path = "real/fingerprint.rs"]
mod fingerprint;
#[path = "real/genotypes.rs"]
mod genotypes;
#[path = "real/gwas.rs"]
mod gwas;
#[path = "real/imputation.rs"]
mod imputation;
#[path = "real/ld.rs"]
mod ld;
#[path = "real/multi_locus.rs"]
mod multi_locus;
#[path = "real/multi_trait.rs"]
mod multi_trait;
#[path = "real/neighbours.rs"]
mod neighbours;
#[path = "real/parentage.rs"]
mod parentage;
#[path = "real/passport.rs"]
mod passport;
#[path = "real/pedigree.rs"]
mod pedigree;
#[path = "real/peers.rs"]
mod peers;
#[path = "real/phenotypes.rs"]
mod phenotypes;
#[path = "real/prediction.rs"]
mod prediction;
#[path = "real/reads.rs"]
mod reads;
#[path = "real/relationship.rs"]
mod relationship;
#[path = "real/structure.rs"]
mod structure;
#[path = "real/tables.rs"]
mod tables;
#[path = "real/tree.rs"]
mod tree;
#[path = "real/writers.rs"]
mod writers;

use libtest_mimic::Arguments;

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let parts = [
        reads::trials(),
        calls::trials(),
        genotypes::trials(),
        tables::trials(),
        chips::trials(),
        counts::trials(),
        writers::trials(),
        relationship::trials(),
        ld::trials(),
        imputation::trials(),
        neighbours::trials(),
        duplicates::trials(),
        parentage::trials(),
        diversity::trials(),
        structure::trials(),
        tree::trials(),
        core::trials(),
        fingerprint::trials(),
        passport::trials(),
        pedigree::trials(),
        phenotypes::trials(),
        multi_locus::trials(),
        multi_trait::trials(),
        prediction::trials(),
        gwas::trials(),
        peers::trials(),
    ];
    let trials = parts.into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
