//! Known calls that are hidden, so that what a method says of them can be compared with what they are.

use crate::block::GenotypeBlock;
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;

/// Samples of which calls are hidden, at most.
const CHECKED_SAMPLES: usize = 160;

/// Hidden calls, by variant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Sample and dosage of each.
    calls: Vec<(u32, u8)>,
    /// Index of each variant's first call, and the number of calls at the end.
    starts: Vec<usize>,
}

/// A number in `0..1` that a seed and two indices determine: SplitMix64's finaliser (Steele et al. 2014) over them.
pub fn spread(seed: u64, first: u64, second: u64) -> f64 {
    let mix = |mut word: u64| {
        word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    };
    (mix(mix(mix(seed) ^ first) ^ second) >> 11) as f64 / (1u64 << 53) as f64
}

impl Hidden {
    /// Draws known calls with probability `share`, of 160 samples at most (methods that work sample by sample take
    /// as long for one call as for many). Variants of more than two alleles are left out: their dosages do not say all.
    /// Which calls are drawn depends on the seed and on their place alone.
    pub fn draw(matrix: &GenotypeMatrix, share: f64, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..matrix.samples().len()).collect();
        let key = |&sample: &usize| spread(seed, u64::MAX - 7, sample as u64);
        order.sort_by(|a, b| key(a).total_cmp(&key(b)).then(a.cmp(b)));
        let mut is_checked = vec![false; order.len()];
        order.iter().take(CHECKED_SAMPLES).for_each(|&sample| is_checked[sample] = true);
        let is_checked = &is_checked;
        Self::pick(matrix, |variant| {
            let is_drawn = move |sample: usize| {
                is_checked[sample] && spread(seed, variant as u64, sample as u64) < share
            };
            (share > 0.0 && matrix.site(variant).alleles() <= 2).then_some(is_drawn)
        })
    }

    /// Picks known calls: `of` gives, for a variant, which samples; or `None` for no sample.
    pub(super) fn pick<F: Fn(usize) -> bool>(
        matrix: &GenotypeMatrix,
        of: impl Fn(usize) -> Option<F>,
    ) -> Self {
        let mut out = Self { calls: Vec::new(), starts: vec![0] };
        let mut codes = Vec::new();
        for variant in 0..matrix.variants() {
            if let Some(is_picked) = of(variant) {
                matrix.unpack(variant, &mut codes);
                let known = codes.iter().enumerate().filter(|(_, code)| **code != MISSING);
                let picked = known.filter(|(sample, _)| is_picked(*sample));
                out.calls.extend(picked.map(|(sample, &code)| (sample as u32, code)));
            }
            out.starts.push(out.calls.len());
        }
        out
    }

    /// Sample and dosage of a variant's hidden calls, by sample.
    pub fn of(&self, variant: usize) -> &[(u32, u8)] {
        match (self.starts.get(variant), self.starts.get(variant + 1)) {
            (Some(&start), Some(&end)) => &self.calls[start..end],
            _ => &[],
        }
    }

    /// Number of hidden calls.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether none is hidden.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The matrix with these calls missing, and with what the layers say of them blanked.
    pub fn hide(&self, matrix: &GenotypeMatrix) -> GenotypeMatrix {
        let mut blocks: Vec<GenotypeBlock> = matrix.blocks().to_vec();
        let mut first = 0;
        for block in &mut blocks {
            for row in 0..block.rows() {
                let samples: Vec<usize> = self.of(first + row).iter().map(|call| call.0 as usize).collect();
                if !samples.is_empty() {
                    block.set_missing(row, &samples);
                    blank_layers(block, row, &samples);
                }
            }
            first += block.rows();
        }
        GenotypeMatrix::from_blocks(matrix.header().clone(), blocks)
    }
}

/// Reads and likelihoods would give the hidden call away.
fn blank_layers(block: &mut GenotypeBlock, row: usize, samples: &[usize]) {
    let layers = &mut block.layers;
    layers.likelihoods.iter_mut().for_each(|layer| layer.fill(row, samples, -1));
    layers.allele_depths.iter_mut().for_each(|layer| layer.fill(row, samples, -1));
    layers.dosage.iter_mut().for_each(|layer| layer.fill(row, samples, f32::NAN));
    layers.probabilities.iter_mut().for_each(|layer| layer.fill(row, samples, f32::NAN));
}
