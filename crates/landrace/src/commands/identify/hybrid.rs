//! `landrace identify hybrid`.
use crate::cli::Session;
/// x
#[derive(clap::Args)]
pub(crate) struct Args {}
pub(super) fn run(_args: &Args, _session: &Session) -> anyhow::Result<()> { Ok(()) }
