//! Bits of variants × samples turned to bits of samples × variants, 64 × 64 at a time.

/// Two bits a call, heterozygous and missing, with a row a sample.
#[derive(Debug, Default)]
pub(super) struct Turned {
    samples: usize,
    words: usize,
    /// Rows that wait until there are 64: heterozygous and missing, a variant each.
    waiting: Vec<u64>,
    rows: usize,
    /// For each 64 variants, heterozygous and missing words of each sample.
    tiles: Vec<Vec<u64>>,
}

impl Turned {
    pub(super) fn new(samples: usize) -> Self {
        Self { samples, words: samples.div_ceil(64), ..Self::default() }
    }

    /// Appends variants: for each, the words of heterozygous and then of missing samples.
    pub(super) fn push_rows(&mut self, rows: &[u64]) {
        let size = 2 * self.words;
        if size == 0 {
            return;
        }
        for row in rows.chunks_exact(size) {
            self.waiting.extend_from_slice(row);
            self.rows += 1;
            if self.rows.is_multiple_of(64) {
                let tile = self.tile();
                self.tiles.push(tile);
                self.waiting.clear();
            }
        }
    }

    /// The waiting rows turned.
    fn tile(&self) -> Vec<u64> {
        let size = 2 * self.words;
        let mut out = vec![0; 2 * 64 * self.words];
        let mut square = [0u64; 64];
        for plane in 0..2 {
            for word in 0..self.words {
                square.fill(0);
                for (to, row) in square.iter_mut().zip(self.waiting.chunks_exact(size)) {
                    *to = row[plane * self.words + word];
                }
                turn(&mut square);
                for (column, &value) in square.iter().enumerate() {
                    out[2 * (word * 64 + column) + plane] = value;
                }
            }
        }
        out
    }

    /// A sample's bits over all variants: heterozygous and missing.
    pub(super) fn sample(&self, sample: usize) -> (Vec<u64>, Vec<u64>) {
        debug_assert!(sample < self.samples);
        let rest = (!self.waiting.is_empty()).then(|| self.tile());
        let tiles = || self.tiles.iter().chain(&rest);
        (tiles().map(|tile| tile[2 * sample]).collect(), tiles().map(|tile| tile[2 * sample + 1]).collect())
    }

    /// Turns what waits, so that [`Turned::sample`] need not do it for each.
    pub(super) fn finish(&mut self) {
        if !self.waiting.is_empty() {
            let tile = self.tile();
            self.tiles.push(tile);
            self.waiting.clear();
        }
    }
}

/// Turns a square of 64 × 64 bits: bit c of word r becomes bit r of word c (blocks of 32, 16 ... 1 change places).
fn turn(square: &mut [u64; 64]) {
    let mut size = 32;
    let mut mask = 0x0000_0000_ffff_ffffu64;
    while size > 0 {
        let mut row = 0;
        while row < 64 {
            for index in row..row + size {
                let change = ((square[index] >> size) ^ square[index + size]) & mask;
                square[index] ^= change << size;
                square[index + size] ^= change;
            }
            row += 2 * size;
        }
        size /= 2;
        mask ^= mask << size;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_are_found_where_they_belong(samples in 1usize..150, rows in 1usize..200, seed in any::<u64>()) {
            let words = samples.div_ceil(64);
            let is_set = |row: usize, sample: usize, plane: usize| {
                (seed.wrapping_mul(2 * (row * 1000 + sample * 2 + plane) as u64 + 1) >> 33) & 1
            };
            let mut turned = Turned::new(samples);
            for row in 0..rows {
                let mut bits = vec![0u64; 2 * words];
                for sample in 0..samples {
                    for plane in 0..2 {
                        bits[plane * words + sample / 64] |= is_set(row, sample, plane) << (sample % 64);
                    }
                }
                turned.push_rows(&bits);
            }
            if seed % 2 == 0 {
                turned.finish();
            }
            for sample in 0..samples {
                let (first, second) = turned.sample(sample);
                for row in 0..rows {
                    prop_assert_eq!((first[row / 64] >> (row % 64)) & 1, is_set(row, sample, 0));
                    prop_assert_eq!((second[row / 64] >> (row % 64)) & 1, is_set(row, sample, 1));
                }
            }
        }
    }
}
