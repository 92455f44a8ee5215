//! Pruning: variants are removed until no pair within a window has an r² above a threshold.
//!
//! The same variants are kept as by PLINK 2's `--indep-pairwise`. Its rule: windows slide along each contig; in
//! each, the variants that are left are taken in order, each compared with the later ones that it has not been
//! compared with, up to the first pair above the threshold; of that pair the variant with the commoner major allele
//! goes, or the later one if both are equal; this is repeated until a round removes none. Variants whose calls are
//! all the same go first, except where a variant has no neighbour to be compared with.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use landrace_genome::batch::receive;
use rayon::Scope;
use rayon::prelude::*;

use crate::block::{GenotypeBlock, Site};
use crate::format::{GenotypeWriter, Losses};
use crate::ld::rows::{Layout, Rows};
use crate::plane::planes_for;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

#[cfg(test)]
mod tests;

/// Bytes of calls that are gathered before the contigs among them are pruned at once.
const BATCH_BYTES: usize = 6 << 20;
/// PLINK's allowance for rounding in thresholds: 2⁻⁴⁴.
const ROUNDING: f64 = 1.0 / (1u64 << 44) as f64;

/// How far apart the variants of a pair may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Bases from the first to the last position.
    Bases(u64),
    /// Variants in a window.
    Variants(usize),
}

/// What to prune by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PruneOptions {
    /// The window.
    pub window: Window,
    /// Variants by which a window of [`Window::Variants`] moves on.
    pub step: usize,
    /// Pairs above this r² lose one of the two.
    pub r2: f64,
}

impl PruneOptions {
    /// Checks that the options make sense.
    ///
    /// # Errors
    /// Returns an error that says what to give instead.
    pub fn check(&self) -> Result<(), GenotypeError> {
        let wrong = |message: &str| Err(GenotypeError::Request(message.to_owned()));
        match self.window {
            _ if !(0.0..1.0).contains(&self.r2) => {
                wrong("r² of 1 or more prunes nothing; give one from 0 to below 1")
            }
            Window::Variants(size) if size < 2 => {
                wrong("a window of fewer than 2 variants has no pairs; give more")
            }
            Window::Variants(size) if self.step == 0 || self.step > size => {
                wrong("the step must be from 1 to the window's number of variants")
            }
            _ => Ok(()),
        }
    }
}

/// What became of the variants.
#[derive(Clone, Debug, Default)]
pub struct Pruned {
    /// Whether each variant was kept, in the source's order.
    pub kept: Vec<bool>,
    /// Of those removed, how many had the same call everywhere.
    pub constant: u64,
    /// For each contig, its name and how many variants were read and kept.
    pub contigs: Vec<(Arc<str>, u64, u64)>,
}

/// A variant and whether it is kept.
#[derive(Debug)]
pub struct Verdict {
    /// The variant.
    pub site: Site,
    /// Whether it stays.
    pub is_kept: bool,
}

/// What takes each variant's contig and verdict, in order.
pub type Tell<'a> = dyn FnMut(&Arc<str>, &Verdict) -> Result<(), GenotypeError> + 'a;

/// Prunes a source and hands each variant with its verdict to `tell`, in order.
///
/// Contigs are pruned side by side, each in order. All samples are used (as PLINK does with `--nonfounders`).
///
/// # Errors
/// Returns an error if the source or `tell` fails, if a contig comes twice, or if positions fall or are missing where
/// the window is in bases.
pub fn prune(
    source: &mut dyn GenotypeSource,
    options: &PruneOptions,
    tell: &mut Tell<'_>,
) -> Result<Pruned, GenotypeError> {
    options.check()?;
    rayon::in_place_scope(|scope| prune_beside(scope, source, options, tell))
}

/// Reads on while the variants that were read are pruned in the scope.
fn prune_beside<'scope>(
    scope: &Scope<'scope>,
    source: &mut dyn GenotypeSource,
    options: &PruneOptions,
    tell: &mut Tell<'_>,
) -> Result<Pruned, GenotypeError> {
    let mut state = Progress { options: *options, ..Progress::default() };
    for_each_block(source, Ok, |block| {
        state.bytes += block
            .groups
            .iter()
            .map(|group| 8 * planes_for(group.calls.ploidy()) * group.calls.words())
            .sum::<usize>()
            * block.rows();
        state.waiting.push(block);
        if state.bytes >= BATCH_BYTES { state.start(scope, false, tell) } else { Ok(()) }
    })?;
    state.start(scope, true, tell)?;
    state.collect(tell)?;
    Ok(state.out)
}

/// Blocks that are encoded side by side.
const BLOCKS_AT_ONCE: usize = 32;

/// Writes the variants of a source whose flag is set; the source is the one that was pruned, read again.
///
/// # Errors
/// Returns the errors of the source and of the writer, and an error if the source has other variants than flags.
pub fn write_kept(
    source: &mut dyn GenotypeSource,
    kept: &[bool],
    writer: &mut dyn GenotypeWriter,
) -> Result<Losses, GenotypeError> {
    let encoder = writer.encoder();
    let mut losses = writer.losses();
    let mut write = |blocks: &mut Vec<GenotypeBlock>| {
        let encoded: Vec<_> = blocks.par_iter().map(|block| encoder.encode(block)).collect();
        blocks.clear();
        encoded.into_iter().try_for_each(|encoded| {
            let encoded = encoded?;
            losses.merge(&encoded.losses);
            writer.write(&encoded)
        })
    };
    let changed =
        || GenotypeError::Request("the input changed while it was read; run the command again".to_owned());
    let (mut start, mut blocks) = (0, Vec::new());
    for_each_block(source, Ok, |mut block| {
        let flags = kept.get(start..start + block.rows()).ok_or_else(changed)?;
        start += block.rows();
        block.keep_rows(flags);
        blocks.push(block);
        if blocks.len() < BLOCKS_AT_ONCE { Ok(()) } else { write(&mut blocks) }
    })?;
    write(&mut blocks)?;
    if start == kept.len() { Ok(losses) } else { Err(changed()) }
}

impl Default for PruneOptions {
    fn default() -> Self {
        Self { window: Window::Variants(50), step: 5, r2: 0.2 }
    }
}

/// Blocks that wait, and the contig that is not at its end.
#[derive(Default)]
struct Progress {
    options: PruneOptions,
    waiting: Vec<GenotypeBlock>,
    bytes: usize,
    open: Option<ContigPruner>,
    running: Option<Receiver<Vec<Outcome>>>,
    out: Pruned,
}

/// A contig's pruner, the verdicts it came to, and whether it is at its end.
type Outcome = Result<(ContigPruner, Vec<Verdict>, bool), GenotypeError>;

/// A contig's pruner with its next blocks.
struct Task {
    pruner: ContigPruner,
    blocks: Vec<GenotypeBlock>,
    is_last: bool,
}

impl Progress {
    /// Begins to prune what waits, the contigs side by side, once what was begun before is done; the last contig stays
    /// open unless the source is at its end.
    fn start(&mut self, scope: &Scope<'_>, is_end: bool, tell: &mut Tell<'_>) -> Result<(), GenotypeError> {
        self.collect(tell)?;
        self.bytes = 0;
        let mut tasks = self.tasks()?;
        if let (false, Some(last)) = (is_end, tasks.last_mut()) {
            last.is_last = false;
        }
        let (sender, receiver) = channel();
        // The receiver is gone only when the caller has given up on an error.
        scope.spawn(move |_| drop(sender.send(tasks.into_par_iter().map(Task::run).collect())));
        self.running = Some(receiver);
        Ok(())
    }

    /// Waits for what was begun, and tells its verdicts.
    fn collect(&mut self, tell: &mut Tell<'_>) -> Result<(), GenotypeError> {
        let results = self.running.take().map(|receiver| receive(&receiver)).unwrap_or_default();
        for result in results {
            let (pruner, verdicts, is_last) = result?;
            let kept = verdicts.iter().filter(|verdict| verdict.is_kept).count() as u64;
            match self.out.contigs.last_mut() {
                Some((name, read, all_kept)) if *name == pruner.contig => {
                    *read += verdicts.len() as u64;
                    *all_kept += kept;
                }
                _ => self.out.contigs.push((pruner.contig.clone(), verdicts.len() as u64, kept)),
            }
            for verdict in &verdicts {
                tell(&pruner.contig, verdict)?;
                self.out.kept.push(verdict.is_kept);
            }
            match is_last {
                true => self.out.constant += pruner.constant,
                false => self.open = Some(pruner),
            }
        }
        Ok(())
    }

    fn tasks(&mut self) -> Result<Vec<Task>, GenotypeError> {
        let mut tasks: Vec<Task> = Vec::new();
        let task = |pruner| Task { pruner, blocks: Vec::new(), is_last: true };
        tasks.extend(self.open.take().map(task));
        for block in self.waiting.drain(..) {
            if tasks.last().is_none_or(|last| last.pruner.contig != block.contig) {
                let is_known = self.out.contigs.iter().any(|known| known.0 == block.contig)
                    || tasks.iter().any(|task| task.pruner.contig == block.contig);
                if is_known {
                    let message = "its variants are not together; sort the file by contig and position";
                    return Err(GenotypeError::Request(format!("{}: {message}", block.contig)));
                }
                tasks.push(task(ContigPruner::new(block.contig.clone(), self.options)));
            }
            if let Some(last) = tasks.last_mut() {
                last.blocks.push(block);
            }
        }
        Ok(tasks)
    }
}

impl Task {
    fn run(mut self) -> Outcome {
        let mut out = Vec::new();
        for mut block in self.blocks {
            let layout = Layout::of(&block);
            self.pruner.check(&layout)?;
            for row in 0..block.rows() {
                self.pruner.push(&mut block, row, &layout, &mut out)?;
            }
        }
        if self.is_last {
            self.pruner.finish(&mut out);
        }
        Ok((self.pruner, out, self.is_last))
    }
}

/// A variant in the window that has not been removed.
#[derive(Clone, Copy, Debug)]
struct Live {
    /// Its place on the contig, from 0.
    index: usize,
    /// Its row.
    slot: usize,
    /// Variants before this index it has been compared with.
    unchecked: usize,
    is_removed: bool,
}

/// A variant on its way out.
struct Pending {
    site: Site,
    position: u64,
    is_kept: bool,
}

/// One contig's window.
struct ContigPruner {
    contig: Arc<str>,
    options: PruneOptions,
    rows: Rows,
    free: Vec<usize>,
    live: Vec<Live>,
    /// Variants from the window's start on, and before it those not told yet.
    pending: VecDeque<Pending>,
    /// Index of the first pending variant, of the window's first, and of the next to come.
    told: usize,
    start: usize,
    seen: usize,
    /// Where the window ends: an index, or a position.
    end: u64,
    /// Variants since the last gap that no window spans.
    run: usize,
    is_first_constant: bool,
    constant: u64,
}

impl ContigPruner {
    fn new(contig: Arc<str>, options: PruneOptions) -> Self {
        Self {
            contig,
            options,
            rows: Rows::default(),
            free: Vec::new(),
            live: Vec::new(),
            pending: VecDeque::new(),
            told: 0,
            start: 0,
            seen: 0,
            end: 0,
            run: 0,
            is_first_constant: false,
            constant: 0,
        }
    }

    /// Refuses a layout that pairs with those before cannot be compared in.
    fn check(&self, layout: &Layout) -> Result<(), GenotypeError> {
        if self.rows.layout().is_some_and(|own| own != layout) {
            let message = "the ploidy of samples changes along the contig; split the file where it does";
            return Err(GenotypeError::Request(format!("{}: {message}", self.contig)));
        }
        Ok(())
    }

    /// Takes the contig's next variant, and its site out of the block; what is decided goes to `out`.
    fn push(
        &mut self,
        block: &mut GenotypeBlock,
        row: usize,
        layout: &Layout,
        out: &mut Vec<Verdict>,
    ) -> Result<(), GenotypeError> {
        let position = self.place(&block.sites[row])?;
        self.advance(position, out);
        self.run += 1;
        let is_constant = self.add(block, row, layout);
        let site = std::mem::take(&mut block.sites[row]);
        self.pending.push_back(Pending { site, position, is_kept: true });
        match (is_constant, self.run) {
            (true, 1) => self.is_first_constant = true,
            (true, _) => self.remove_constant(self.seen),
            (false, _) => {}
        }
        if self.run == 2 && std::mem::take(&mut self.is_first_constant) {
            self.remove_constant(self.seen - 1);
        }
        self.seen += 1;
        Ok(())
    }

    /// The position, where the window needs one.
    fn place(&self, site: &Site) -> Result<u64, GenotypeError> {
        let Window::Bases(_) = self.options.window else { return Ok(self.seen as u64) };
        let wrong = |message: &str| {
            let label = site.label(&self.contig);
            Err(GenotypeError::Request(format!("{label}: {message}")))
        };
        match (site.position, self.pending.back()) {
            (None, _) => wrong("has no position; give --map, or a window in variants"),
            (Some(position), Some(before)) if position.get() < before.position => {
                wrong("lies before the variant above it; sort the file by position")
            }
            (Some(position), _) => Ok(position.get()),
        }
    }

    /// Ends the window if the variant of this position is beyond it, and begins the next.
    fn advance(&mut self, position: u64, out: &mut Vec<Verdict>) {
        match self.options.window {
            Window::Variants(size) => {
                if self.seen == 0 {
                    self.end = size as u64;
                } else if self.seen as u64 == self.end {
                    self.prune_window();
                    self.start += self.options.step;
                    self.end = (self.start + size) as u64;
                    self.leave(out);
                }
            }
            Window::Bases(size) => {
                let Some(before) = self.pending.back().map(|last| last.position) else {
                    self.end = position + size;
                    return;
                };
                if position > self.end {
                    self.prune_window();
                    self.start += 1;
                    let at =
                        |pruner: &Self| pruner.pending.get(pruner.start - pruner.told).map(|p| p.position);
                    while at(self).is_some_and(|first| first + size < position) {
                        self.start += 1;
                    }
                    self.end = at(self).unwrap_or(position) + size;
                    if position - before > size {
                        (self.run, self.is_first_constant) = (0, false);
                    }
                    self.leave(out);
                }
            }
        }
    }

    /// Lets go of the variants before the window's start.
    fn leave(&mut self, out: &mut Vec<Verdict>) {
        let start = self.start;
        let gone = self.live.partition_point(|live| live.index < start);
        self.free.extend(self.live.drain(..gone).map(|live| live.slot));
        while self.told < start
            && let Some(Pending { site, is_kept, .. }) = self.pending.pop_front()
        {
            out.push(Verdict { site, is_kept });
            self.told += 1;
        }
    }

    /// Puts a variant into a free slot; whether it is constant, so that it needs none.
    fn add(&mut self, block: &GenotypeBlock, row: usize, layout: &Layout) -> bool {
        let slot = self.free.pop().unwrap_or(self.rows.len());
        self.rows.put(slot, layout, block, row);
        if self.rows.sums(slot).is_constant() {
            self.free.push(slot);
            return true;
        }
        self.live.push(Live { index: self.seen, slot, unchecked: self.seen + 1, is_removed: false });
        false
    }

    fn remove_constant(&mut self, index: usize) {
        self.constant += 1;
        self.pending[index - self.told].is_kept = false;
    }

    fn finish(&mut self, out: &mut Vec<Verdict>) {
        self.prune_window();
        self.start = self.seen;
        self.leave(out);
    }

    /// Removes variants of the window until no pair that is left exceeds the threshold.
    fn prune_window(&mut self) {
        loop {
            let mut removed = false;
            for first in 0..self.live.len() {
                if !self.live[first].is_removed {
                    removed |= self.prune_by(first);
                }
            }
            if !removed {
                break;
            }
        }
        for live in self.live.iter().filter(|live| live.is_removed) {
            self.pending[live.index - self.told].is_kept = false;
            self.free.push(live.slot);
        }
        self.live.retain(|live| !live.is_removed);
    }

    /// Compares a variant with the later ones that it has not met, up to the first pair above the threshold, which
    /// loses one of the two; whether there was one.
    fn prune_by(&mut self, first: usize) -> bool {
        let Live { unchecked, slot, .. } = self.live[first];
        let from = self.live.partition_point(|live| live.index < unchecked).max(first + 1);
        for second in from..self.live.len() {
            let other = self.live[second];
            if other.is_removed || !self.exceeds(slot, other.slot) {
                continue;
            }
            if self.rows.sums(slot).is_less_balanced_than(self.rows.sums(other.slot)) {
                self.live[first].is_removed = true;
            } else {
                self.live[second].is_removed = true;
                self.live[first].unchecked = other.index + 1;
            }
            return true;
        }
        self.live[first].unchecked = self.seen;
        false
    }

    fn exceeds(&self, first: usize, second: usize) -> bool {
        let (covariance, x, y) = self.rows.moments(first, second).spreads();
        let threshold = self.options.r2 * (1.0 + ROUNDING);
        covariance * covariance > threshold * x * y
    }
}
