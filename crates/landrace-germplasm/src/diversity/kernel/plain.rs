//! The kernel in plain words, which the others must agree with.

/// Sums over the called samples of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DosageSums {
    /// Samples with a call.
    pub called: u32,
    /// Sum of their dosages.
    pub dosage: u32,
    /// Sum of the squares of their dosages.
    pub squares: u32,
}

/// The columns of each group: words of a plane and the bits of the group in them.
#[derive(Clone, Debug, Default)]
pub struct Members {
    words: Vec<(u32, u64)>,
    /// Where each group's words end.
    ends: Vec<usize>,
}

impl Members {
    /// Groups from their words and masks.
    pub fn new(masks: Vec<Vec<(u32, u64)>>) -> Self {
        let mut out = Self::default();
        for own in masks {
            out.words.extend(own);
            out.ends.push(out.words.len());
        }
        out
    }
}

/// See [`super::group_sums`].
#[inline(always)]
pub fn group_sums(bits: &[u64], words: usize, members: &Members, out: &mut [DosageSums]) {
    match bits.len().checked_div(words).unwrap_or(0) {
        2 => sums_of::<2>(bits, words, members, out),
        3 => sums_of::<3>(bits, words, members, out),
        4 => sums_of::<4>(bits, words, members, out),
        _ => out.fill(DosageSums::default()),
    }
}

#[inline(always)]
fn sums_of<const B: usize>(bits: &[u64], words: usize, members: &Members, out: &mut [DosageSums]) {
    let planes: [&[u64]; B] = std::array::from_fn(|plane| &bits[plane * words..(plane + 1) * words]);
    let mut start = 0;
    for (own, &end) in out.iter_mut().zip(&members.ends) {
        let mut called = 0;
        // Counts of bit i and bit j together; those of one bit alone on the diagonal.
        let mut both = [[0u32; B]; B];
        for &(word, mask) in &members.words[start..end] {
            let here: [u64; B] = std::array::from_fn(|plane| planes[plane][word as usize]);
            let valid = mask & !here.iter().fold(!0, |all, plane| all & plane);
            called += valid.count_ones();
            for i in 0..B {
                for j in 0..=i {
                    // A dosage of 3 at two planes is a missing call.
                    if B > 2 || i == j {
                        both[i][j] += (here[i] & here[j] & valid).count_ones();
                    }
                }
            }
        }
        start = end;
        *own = DosageSums { called, ..DosageSums::default() };
        for (i, row) in both.iter().enumerate() {
            own.dosage += row[i] << i;
            own.squares += row[i] << (2 * i);
            for (j, count) in row.iter().enumerate().take(i) {
                own.squares += count << (i + j + 1);
            }
        }
    }
}
