//! Tables with a line a variant: what their encoders give is appended as it comes.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use landrace_genome::file::Output;

use super::sink::Sink;
use super::{EncodeBlock, Encoded, GenotypeWriter, Losses};
use crate::source::GenotypeError;

/// Writes one table.
pub(crate) struct RowsWriter {
    out: Sink,
    losses: Losses,
    encoder: Arc<dyn EncodeBlock>,
}

impl RowsWriter {
    /// Begins a table with its header line; compressed if the name ends in `.gz`. `losses` are those of the header.
    pub(crate) fn create(
        path: &Path,
        line: &[u8],
        losses: Losses,
        encoder: impl EncodeBlock + 'static,
    ) -> Result<Self, GenotypeError> {
        let mut out = Sink::create(path)?;
        out.write_all(line)?;
        Ok(Self { out, losses, encoder: Arc::new(encoder) })
    }
}

impl GenotypeWriter for RowsWriter {
    fn encoder(&self) -> Arc<dyn EncodeBlock> {
        self.encoder.clone()
    }

    fn losses(&self) -> Losses {
        self.losses.clone()
    }

    fn write(&mut self, encoded: &Encoded) -> Result<(), GenotypeError> {
        Ok(self.out.write_all(&encoded.bytes)?)
    }

    fn finish(self: Box<Self>) -> Result<Vec<Output>, GenotypeError> {
        Ok(vec![self.out.finish()?])
    }
}
