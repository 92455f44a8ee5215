//! The calls of a panel as bytes, variant by variant and sample by sample, for methods that go over them many times.

use rayon::prelude::*;

use super::kernel::LANES;

/// Variants or samples that a task transposes at a time.
const TILE: usize = 64;

/// Calls of `variants` × `samples`, one byte each: `ploidy << 4 | dosage`, 0 if missing. Both layouts are held, padded
/// with missing calls: two bytes a call in all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    pub(crate) samples: usize,
    pub(crate) variants: usize,
    /// Samples and variants with their padding.
    pub(crate) wide: usize,
    pub(crate) long: usize,
    /// Variants × padded samples.
    pub(crate) by_variant: Vec<u8>,
    /// Samples × padded variants.
    pub(crate) by_sample: Vec<u8>,
    /// The highest ploidy.
    pub(crate) ploidy: u8,
}

impl Calls {
    /// Takes rows that are padded already, as [`Calls::row_length`] says.
    pub(crate) fn new(samples: usize, by_variant: Vec<u8>) -> Self {
        let wide = Self::row_length(samples);
        let variants = by_variant.len() / wide.max(1);
        let long = variants.next_multiple_of(LANES);
        let ploidy = by_variant.par_iter().map(|&call| call >> 4).max().unwrap_or(0);
        let by_sample = transposed(&by_variant, samples, (wide, long));
        Self { samples, variants, wide, long, by_variant, by_sample, ploidy }
    }

    /// Bytes of a row of so many samples.
    pub(crate) fn row_length(samples: usize) -> usize {
        samples.next_multiple_of(LANES)
    }

    /// A variant's calls, padded.
    pub(crate) fn variant(&self, variant: usize) -> &[u8] {
        &self.by_variant[variant * self.wide..(variant + 1) * self.wide]
    }

    /// A sample's calls, padded.
    pub(crate) fn sample(&self, sample: usize) -> &[u8] {
        &self.by_sample[sample * self.long..(sample + 1) * self.long]
    }
}

/// Rows become columns.
fn transposed(rows: &[u8], samples: usize, (wide, long): (usize, usize)) -> Vec<u8> {
    let mut out = vec![0u8; samples * long];
    let variants = rows.len() / wide.max(1);
    out.par_chunks_mut((TILE * long).max(1)).enumerate().for_each(|(strip, out)| {
        let first = strip * TILE;
        let count = TILE.min(samples - first);
        for start in (0..variants).step_by(TILE) {
            for variant in start..variants.min(start + TILE) {
                let row = &rows[variant * wide + first..][..count];
                for (sample, &call) in row.iter().enumerate() {
                    out[sample * long + variant] = call;
                }
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_hold_the_same_calls() {
        let (samples, variants) = (70, 131);
        let wide = Calls::row_length(samples);
        let mut rows = vec![0u8; wide * variants];
        for variant in 0..variants {
            for sample in 0..samples {
                rows[variant * wide + sample] =
                    if (variant + sample) % 7 == 0 { 0 } else { 0x20 | (variant * sample % 3) as u8 };
            }
        }
        let calls = Calls::new(samples, rows);
        assert_eq!((calls.variants, calls.ploidy), (variants, 2));
        for variant in 0..variants {
            for sample in 0..samples {
                assert_eq!(calls.variant(variant)[sample], calls.sample(sample)[variant]);
            }
        }
    }
}
