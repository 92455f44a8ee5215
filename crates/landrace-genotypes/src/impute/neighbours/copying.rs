//! Which samples a sample is like, place by place: a hidden Markov model along a contig in which the sample copies
//! the whole genotype of one other sample, now and then changing to another.
//!
//! It is the model of Li and Stephens (2003, Genetics 165:2213) with unphased genotypes of any ploidy as states.
//! For inbred lines that is the haplotype model itself; elsewhere it finds close relatives. It uses what
//! nearest-neighbour imputation leaves aside: that linked variants lie side by side.

use super::simd;
use crate::block::CallGroup;
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;

/// Lanes of the inner loops: sums are taken lane by lane, in this order at every level.
pub(super) const LANES: usize = 16;
/// Samples that one may be copied from, at most: those alike on the contig.
const MOST_STATES: usize = 512;
/// Variants between two places where the forward state is kept.
const STRETCH: usize = 64;
/// Chance of changing at each step, however short: an error must not end a long match.
const LEAST_CHANGE: f64 = 0.01;

/// What the model is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CopyingModel {
    /// How likely a dosage is that is one off, beside one that is right.
    pub(super) mismatch: f64,
    /// Changes expected along the whole genome.
    pub(super) changes: f64,
}

/// The samples of one ploidy over a contig, ready for the model.
pub(super) struct Contig {
    pub(super) samples: Vec<usize>,
    ploidy: u8,
    rows: usize,
    /// Rows × samples: the dosage, or ploidy + 1 for a missing call.
    codes: Vec<u8>,
    /// For each row, the share of each dosage among the known calls.
    shares: Vec<f32>,
    /// For each row, the distance from the row before as a share of the genome.
    gaps: Vec<f64>,
}

/// A step of the forward pass.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    /// State codes at the row reached.
    codes: &'a [u32],
    /// Likelihood of the target's call for each code.
    table: &'a [f32; 16],
    /// Codes in use.
    width: usize,
    /// Factor of staying, and chance of coming from anywhere.
    stay: f32,
    jump: f32,
    /// States in use; the others are padding.
    states: usize,
}

/// A step of the backward pass: from a row to the one before.
#[derive(Clone, Copy)]
pub(super) struct Backward<'a> {
    codes: &'a [u32],
    table: &'a [f32; 16],
    width: usize,
    /// Chance of changing between the rows.
    change: f32,
    states: usize,
}

/// Positions of the genome's contigs, so that distances can be given as shares of the genome.
pub(super) struct GenomeSpan {
    total: f64,
}

impl GenomeSpan {
    /// The sum over the contigs of last less first position.
    pub(super) fn of(matrix: &GenotypeMatrix) -> Self {
        let runs = super::super::contig_runs(matrix);
        let total = runs.iter().map(|run| {
            let sites = matrix.blocks()[run.clone()].iter().flat_map(|block| &block.sites);
            let mut ends: Option<(u64, u64)> = None;
            for position in sites.filter_map(|site| site.position) {
                let own = position.get();
                ends = Some(ends.map_or((own, own), |(low, high)| (low.min(own), high.max(own))));
            }
            ends.map_or(0.0, |(low, high)| (high - low) as f64)
        });
        Self { total: total.sum::<f64>().max(1.0) }
    }
}

impl Contig {
    /// One a group of samples. Blocks of a run whose groups differ from the first's are not joined: their calls
    /// count as missing.
    pub(super) fn of(matrix: &GenotypeMatrix, run: std::ops::Range<usize>, span: &GenomeSpan) -> Vec<Self> {
        let blocks = &matrix.blocks()[run];
        let Some(first) = blocks.first() else { return Vec::new() };
        let sites: Vec<_> = blocks.iter().flat_map(|block| &block.sites).collect();
        let mut gaps = vec![0.0; sites.len()];
        for row in 1..sites.len() {
            if let (Some(before), Some(own)) = (sites[row - 1].position, sites[row].position) {
                gaps[row] = own.get().abs_diff(before.get()) as f64 / span.total;
            }
        }
        let of_group = |model: &CallGroup| {
            let ploidy = model.calls.ploidy();
            let n = model.samples.len();
            let (mut codes, mut shares) = (Vec::with_capacity(sites.len() * n), Vec::new());
            let mut own = Vec::new();
            for block in blocks {
                let same = block
                    .groups
                    .iter()
                    .find(|group| group.calls.ploidy() == ploidy && group.samples == model.samples);
                for row in 0..block.rows() {
                    match same {
                        Some(group) => group.calls.row(row).unpack(n, &mut own),
                        None => own.resize(n, MISSING),
                    }
                    let mut counts = vec![0.5f32; usize::from(ploidy) + 1];
                    for &code in own.iter().filter(|&&code| code != MISSING) {
                        counts[usize::from(code)] += 1.0;
                    }
                    let all: f32 = counts.iter().sum();
                    shares.extend(counts.iter().map(|count| count / all));
                    codes.extend(own.iter().map(|&code| if code == MISSING { ploidy + 1 } else { code }));
                }
            }
            Self {
                samples: model.samples.to_vec(),
                ploidy,
                rows: sites.len(),
                codes,
                shares,
                gaps: gaps.clone(),
            }
        };
        first.groups.iter().map(of_group).collect()
    }

    /// Number of dosages.
    pub(super) fn width(&self) -> usize {
        usize::from(self.ploidy) + 1
    }

    /// The samples that a target may copy: all others, or those that agree most with it; by index.
    fn states_of(&self, target: usize) -> Vec<usize> {
        let n = self.samples.len();
        let others = (0..n).filter(|&sample| sample != target);
        if n <= MOST_STATES + 1 {
            return others.collect();
        }
        let missing = self.ploidy + 1;
        let mut agreement = vec![0u32; n];
        for row in self.codes.chunks_exact(n) {
            let own = row[target];
            if own != missing {
                for (sum, &code) in agreement.iter_mut().zip(row) {
                    *sum += u32::from(code == own);
                }
            }
        }
        let mut ranked: Vec<usize> = others.collect();
        ranked.sort_by_key(|&sample| (std::cmp::Reverse(agreement[sample]), sample));
        ranked.truncate(MOST_STATES);
        ranked.sort_unstable();
        ranked
    }

    /// What the copied samples say of a target's calls at some rows (ascending): for each, the share of each
    /// dosage, all NaN if no copied sample has a call.
    pub(super) fn votes(&self, target: usize, asked: &[usize], model: CopyingModel) -> Vec<f32> {
        let width = self.width();
        let mut out = vec![f32::NAN; asked.len() * width];
        let states = self.states_of(target);
        if states.is_empty() || asked.is_empty() {
            return out;
        }
        let mut pass = Pass::new(self, target, &states, model);
        let mut ends = pass.forward();
        let mut behind = vec![1.0f32; pass.padded];
        let mut last = asked.len();
        let mut stretch = vec![0.0f32; STRETCH * pass.padded];
        for first_row in (0..self.rows).step_by(STRETCH).collect::<Vec<_>>().into_iter().rev() {
            let end_row = (first_row + STRETCH).min(self.rows);
            let start = ends.pop().unwrap_or_default();
            pass.forward_stretch(first_row..end_row, start, &mut stretch);
            for row in (first_row..end_row).rev() {
                if last > 0 && asked[last - 1] == row {
                    last -= 1;
                    let ahead = &stretch[(row - first_row) * pass.padded..][..pass.padded];
                    pass.tally(row, ahead, &behind, &mut out[last * width..(last + 1) * width]);
                }
                pass.backward(row, &mut behind);
            }
        }
        out
    }
}

/// The two passes for one target.
struct Pass<'a> {
    contig: &'a Contig,
    states: usize,
    padded: usize,
    /// Rows × padded states; as wide as the probabilities, so that both fill the same lanes.
    codes: Vec<u32>,
    /// The target's own codes.
    own: Vec<u8>,
    /// Likelihood by difference of dosages.
    likelihoods: Vec<f32>,
    changes: Vec<f32>,
}

impl<'a> Pass<'a> {
    fn new(contig: &'a Contig, target: usize, states: &[usize], model: CopyingModel) -> Self {
        let (n, padded) = (contig.samples.len(), states.len().next_multiple_of(LANES));
        let mut codes = Vec::with_capacity(contig.rows * padded);
        for row in contig.codes.chunks_exact(n) {
            codes.extend(states.iter().map(|&state| u32::from(row[state])));
            codes.resize(codes.len() + padded - states.len(), u32::from(contig.ploidy) + 1);
        }
        let own = contig.codes.chunks_exact(n).map(|row| row[target]).collect();
        let mut likelihoods = vec![1.0f32];
        let mut likelihood = model.mismatch;
        for _ in 0..contig.ploidy {
            likelihoods.push(likelihood as f32);
            likelihood *= 0.5;
        }
        let change = |gap: &f64| (1.0 - (-(gap * model.changes + LEAST_CHANGE)).exp()) as f32;
        let changes = contig.gaps.iter().map(change).collect();
        Self { contig, states: states.len(), padded, codes, own, likelihoods, changes }
    }

    /// Likelihood of the target's call at a row for each code that a state may have.
    fn table(&self, row: usize) -> [f32; 16] {
        let mut table = [1.0f32; 16];
        let own = usize::from(self.own[row]);
        let width = self.contig.width();
        if own >= width {
            return table;
        }
        let shares = &self.contig.shares[row * width..(row + 1) * width];
        let mut mean = 0.0;
        for (code, &share) in shares.iter().enumerate() {
            table[code] = self.likelihoods[own.abs_diff(code)];
            mean += share * table[code];
        }
        if let Some(missing) = table.get_mut(width) {
            *missing = mean;
        }
        table
    }

    fn row_codes(&self, row: usize) -> &[u32] {
        &self.codes[row * self.padded..(row + 1) * self.padded]
    }

    fn step(&self, row: usize, from: &[f32], sum: f32, to: &mut [f32]) -> f32 {
        let change = if row == 0 { 1.0 } else { self.changes[row] };
        let table = self.table(row);
        let step = Step {
            codes: self.row_codes(row),
            table: &table,
            width: self.contig.width() + 1,
            stay: (1.0 - change) / sum,
            jump: change / self.states as f32,
            states: self.states,
        };
        simd::step_forward(step, from, to)
    }

    /// The forward state before each stretch, with its sum.
    fn forward(&mut self) -> Vec<(Vec<f32>, f32)> {
        let mut state = vec![0.0f32; self.padded];
        let mut next = state.clone();
        let mut sum = 1.0;
        let mut ends = Vec::with_capacity(self.contig.rows.div_ceil(STRETCH));
        for row in 0..self.contig.rows {
            if row % STRETCH == 0 {
                ends.push((state.clone(), sum));
            }
            sum = self.step(row, &state, sum, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        ends
    }

    /// The forward states of a stretch's rows, one after another.
    fn forward_stretch(&self, rows: std::ops::Range<usize>, start: (Vec<f32>, f32), out: &mut [f32]) {
        let (state, mut sum) = start;
        for (index, row) in rows.enumerate() {
            let (before, own) = out.split_at_mut(index * self.padded);
            let from = if index == 0 { &state[..] } else { &before[(index - 1) * self.padded..] };
            sum = self.step(row, from, sum, &mut own[..self.padded]);
        }
    }

    /// Goes from what lies behind a row to what lies behind the row before it.
    fn backward(&self, row: usize, behind: &mut [f32]) {
        let table = self.table(row);
        let change = if row == 0 { 1.0 } else { self.changes[row] };
        let step = Backward {
            codes: self.row_codes(row),
            table: &table,
            width: self.contig.width() + 1,
            change,
            states: self.states,
        };
        simd::step_backward(step, behind);
    }

    /// Shares of the dosages of the copied samples at a row.
    fn tally(&self, row: usize, ahead: &[f32], behind: &[f32], out: &mut [f32]) {
        let mut sums = [0.0f64; 16];
        for ((&code, a), b) in self.row_codes(row).iter().zip(ahead).zip(behind).take(self.states) {
            sums[(code & 15) as usize] += f64::from(a * b);
        }
        let known = &sums[..out.len()];
        let all: f64 = known.iter().sum();
        if all > 0.0 {
            out.iter_mut().zip(known).for_each(|(to, sum)| *to = (sum / all) as f32);
        }
    }
}

/// The table's values for the codes of one group of lanes.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "lanes by index are what compilers turn into vectors")]
fn look_up<const W: usize>(codes: &[u32; LANES], table: &[f32; 16]) -> [f32; LANES] {
    let mut out = [table[0]; LANES];
    for code in 1..W {
        for lane in 0..LANES {
            out[lane] = if codes[lane] == code as u32 { table[code] } else { out[lane] };
        }
    }
    out
}

/// See [`Step`]: puts the next state into `to`, and gives its sum.
#[inline(always)]
pub(super) fn step_forward_plain(step: Step<'_>, from: &[f32], to: &mut [f32]) -> f32 {
    match step.width {
        0..=4 => forward_of::<4>(step, from, to),
        5..=6 => forward_of::<6>(step, from, to),
        7..=8 => forward_of::<8>(step, from, to),
        _ => forward_of::<16>(step, from, to),
    }
}

#[inline(always)]
fn forward_of<const W: usize>(step: Step<'_>, from: &[f32], to: &mut [f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (codes, from) = (step.codes.as_chunks::<LANES>().0, from.as_chunks::<LANES>().0);
    let chunks = to.as_chunks_mut::<LANES>().0.iter_mut().zip(from).zip(codes);
    for (index, ((to, from), codes)) in chunks.enumerate() {
        let emission = look_up::<W>(codes, step.table);
        for lane in 0..LANES {
            to[lane] = (step.stay * from[lane] + step.jump) * emission[lane];
        }
        if (index + 1) * LANES > step.states {
            to[step.states - index * LANES..].fill(0.0);
        }
        for lane in 0..LANES {
            sums[lane] += to[lane];
        }
    }
    sums.iter().sum::<f32>().max(f32::MIN_POSITIVE)
}

/// See [`Backward`]: turns what lies behind a row into what lies behind the row before, scaled to a mean of 1.
#[inline(always)]
pub(super) fn step_backward_plain(step: Backward<'_>, behind: &mut [f32]) {
    match step.width {
        0..=4 => backward_of::<4>(step, behind),
        5..=6 => backward_of::<6>(step, behind),
        7..=8 => backward_of::<8>(step, behind),
        _ => backward_of::<16>(step, behind),
    }
}

#[inline(always)]
fn backward_of<const W: usize>(step: Backward<'_>, behind: &mut [f32]) {
    let mut sums = [0.0f32; LANES];
    let codes = step.codes.as_chunks::<LANES>().0;
    for (index, (own, codes)) in behind.as_chunks_mut::<LANES>().0.iter_mut().zip(codes).enumerate() {
        let emission = look_up::<W>(codes, step.table);
        for lane in 0..LANES {
            own[lane] *= emission[lane];
        }
        if (index + 1) * LANES > step.states {
            own[step.states - index * LANES..].fill(0.0);
        }
        for lane in 0..LANES {
            sums[lane] += own[lane];
        }
    }
    let mean = (sums.iter().sum::<f32>() / step.states as f32).max(f32::MIN_POSITIVE);
    let (stay, jump) = ((1.0 - step.change) / mean, step.change);
    for own in behind.iter_mut() {
        *own = stay * *own + jump;
    }
}
