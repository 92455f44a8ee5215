//! The reads of one file, window after window, thinned where they are too many.

use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use landrace_genome::ContigId;

use crate::alignment_file::AlignmentFile;
use crate::error::CallError;
use crate::read::AlignedRead;

/// Start positions that are thinned together. Bins lie at multiples of it, whatever region is asked for.
pub(crate) const BIN: u64 = 256;
/// A gap in bases that is jumped over by the index rather than read.
const JUMP: u64 = 50_000;

/// A stretch of start positions: both ends are multiples of [`BIN`], but for the contig's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StartWindow {
    pub(crate) contig: ContigId,
    pub(crate) low: u64,
    pub(crate) high: u64,
}

/// A file read in windows of growing start positions.
///
/// Of each bin at most a given number of reads is kept, those whose names hash lowest: which ones does not
/// depend on the order in which equal positions come, nor on where reading began.
pub(crate) struct ReadStream {
    file: AlignmentFile,
    limit: usize,
    kept: VecDeque<Arc<AlignedRead>>,
    bin: u64,
    /// The bin being filled: the read that hashes highest is on top.
    open: BinaryHeap<((u64, bool), ByKey)>,
    /// The lowest hash that the bin has turned away.
    turned_away: Option<(u64, bool)>,
    ahead: Option<(ContigId, AlignedRead)>,
    at: Option<(ContigId, u64)>,
    is_over: bool,
}

/// A read in a heap that is ordered by the key beside it alone.
struct ByKey(Arc<AlignedRead>);

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for ByKey {}
impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ByKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.order().cmp(&other.0.order())
    }
}

impl ReadStream {
    pub(crate) fn new(file: AlignmentFile, limit: usize) -> Self {
        Self {
            file,
            limit,
            kept: VecDeque::new(),
            bin: 0,
            open: BinaryHeap::new(),
            turned_away: None,
            ahead: None,
            at: None,
            is_over: false,
        }
    }

    pub(crate) fn file(&self) -> &AlignmentFile {
        &self.file
    }

    /// Reads until every read of the window is held, and lets go of those before it.
    ///
    /// # Errors
    /// Returns an error that names the file if it is damaged or its contigs come in another order and it has
    /// no index.
    pub(crate) fn advance(&mut self, window: StartWindow) -> Result<(), CallError> {
        if self.at.is_none_or(|(contig, _)| contig != window.contig) {
            self.kept.clear();
        }
        while self.kept.front().is_some_and(|read| read.start < window.low) {
            self.kept.pop_front();
        }
        if !self.reach(window)? {
            return Ok(());
        }
        while let Some((contig, read)) = self.take_ahead()? {
            if contig != window.contig || read.start >= window.high {
                self.ahead = Some((contig, read));
                break;
            }
            if read.start >= window.low.max(self.at.map_or(0, |(_, start)| start)) {
                self.hold(read);
            }
        }
        self.close_bin();
        self.at = Some((window.contig, window.high));
        Ok(())
    }

    /// The reads held, in order of their starts.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &Arc<AlignedRead>> {
        self.kept.iter()
    }

    /// Brings the file to the window's contig; `false` if it holds no further read there.
    fn reach(&mut self, window: StartWindow) -> Result<bool, CallError> {
        let Some(rank) = self.file.rank(window.contig) else { return Ok(false) };
        let is_first = self.at.is_none();
        let same_contig = self.at.is_some_and(|(contig, _)| contig == window.contig);
        let ahead = self.ahead.as_ref().map(|(contig, read)| (self.file.rank(*contig), read.start));
        let is_near = match ahead {
            Some((at, start)) if at == Some(rank) => start + JUMP >= window.low,
            _ if same_contig => return Ok(false),
            Some((at, _)) if at > Some(rank) && self.file.is_in_order() => return Ok(false),
            Some(_) => false,
            None => is_first && rank == 0 && window.low == 0,
        };
        if !same_contig {
            self.at = Some((window.contig, 0));
        }
        if !is_near && self.file.is_indexed() {
            self.ahead = None;
            self.is_over = !self.file.seek(window.contig, window.low)?;
        }
        self.skip_to(rank)
    }

    /// Passes by reads of earlier contigs; `false` if the contig has none.
    fn skip_to(&mut self, rank: usize) -> Result<bool, CallError> {
        while let Some((contig, read)) = self.take_ahead()? {
            let at = self.file.rank(contig).unwrap_or(0);
            if at >= rank {
                self.ahead = Some((contig, read));
                return Ok(at == rank);
            }
        }
        Ok(false)
    }

    fn take_ahead(&mut self) -> Result<Option<(ContigId, AlignedRead)>, CallError> {
        if self.ahead.is_some() {
            return Ok(self.ahead.take());
        }
        if self.is_over {
            return Ok(None);
        }
        let next = self.file.next_read()?;
        self.is_over = next.is_none();
        Ok(next)
    }

    /// Takes a read into its bin, or turns away the one that hashes highest.
    fn hold(&mut self, read: AlignedRead) {
        if read.start / BIN != self.bin {
            self.close_bin();
            self.bin = read.start / BIN;
        }
        let key = (read.fragment, read.is_second);
        if self.turned_away.is_some_and(|limit| key >= limit) {
            self.file.counts.beyond_depth += 1;
            return;
        }
        self.open.push((key, ByKey(Arc::new(read))));
        if self.open.len() > self.limit
            && let Some((key, _)) = self.open.pop()
        {
            self.file.counts.beyond_depth += 1;
            self.turned_away = Some(key);
        }
    }

    fn close_bin(&mut self) {
        let mut reads: Vec<Arc<AlignedRead>> = self.open.drain().map(|(_, read)| read.0).collect();
        reads.sort_unstable_by_key(|read| read.order());
        self.kept.extend(reads);
        self.turned_away = None;
    }
}
