//! Scores alignments of simulated reads against the places in their names: SAM text on standard input, a line of
//! figures on standard output.
//!
//! ```sh
//! samtools view aligned.bam | cargo run --release -p landrace-bench --bin score_placement
//! ```
//!
//! Primary alignments count. A read is right if its leftmost aligned base lies on its contig within 50 bases of
//! where it came from, soft-clipped bases counted as if aligned (a PCR copy is a read like any other).

use std::io::{self, BufRead, Write};

use landrace_simulate::reads::ReadTruth;

/// How far from its place a read may lie and still be right, in bases.
const TOLERANCE: u64 = 50;
/// Mapping qualities from here on are trusted.
const TRUSTED: u32 = 20;

#[derive(Default)]
struct Score {
    reads: u64,
    mapped: u64,
    right: u64,
    trusted: u64,
    wrong_trusted: u64,
    /// Reads and wrong ones by mapping quality, in steps of ten.
    by_quality: [(u64, u64); 7],
}

fn main() -> io::Result<()> {
    let mut score = Score::default();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.starts_with('@') {
            continue;
        }
        score.add(&line).ok_or_else(|| io::Error::other(format!("not a simulated read in SAM: {line}")))?;
    }
    write!(io::stdout(), "{}", score.report())
}

impl Score {
    fn add(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split('\t');
        let name = fields.next()?;
        let flags: u32 = fields.next()?.parse().ok()?;
        if flags & 0x900 != 0 {
            return Some(());
        }
        let (_, truth) = ReadTruth::parse(name)?;
        let (contig, position) = (fields.next()?, fields.next()?.parse::<u64>().ok()?);
        let quality: u32 = fields.next()?.parse().ok()?;
        let cigar = fields.next()?;
        self.reads += 1;
        if flags & 4 != 0 {
            return Some(());
        }
        self.mapped += 1;
        let mate = if flags & 0x80 != 0 { truth.second? } else { truth.first };
        let start = position.saturating_sub(1 + clipped_start(cigar));
        let is_right = contig == truth.contig && start.abs_diff(mate.interval.start()) <= TOLERANCE;
        self.right += u64::from(is_right);
        if quality >= TRUSTED {
            self.trusted += 1;
            self.wrong_trusted += u64::from(!is_right);
        }
        let bin = &mut self.by_quality[(quality as usize / 10).min(6)];
        bin.0 += 1;
        bin.1 += u64::from(!is_right);
        Some(())
    }

    fn report(&self) -> String {
        let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
        let mut text = format!(
            "reads {}\nmapped {:.3} %\ncorrect {:.3} %\nMAPQ>={TRUSTED} {:.3} %\nwrong at MAPQ>={TRUSTED} {:.4} % ({})\n",
            self.reads,
            share(self.mapped, self.reads),
            share(self.right, self.reads),
            share(self.trusted, self.reads),
            share(self.wrong_trusted, self.trusted),
            self.wrong_trusted,
        );
        for (step, (reads, wrong)) in self.by_quality.iter().enumerate() {
            text.push_str(&format!(
                "MAPQ {}+ reads {reads} wrong {:.4} %\n",
                step * 10,
                share(*wrong, *reads)
            ));
        }
        text
    }
}

/// Bases clipped softly before the first aligned one.
fn clipped_start(cigar: &str) -> u64 {
    let mut number = 0;
    for byte in cigar.bytes() {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            b'H' => number = 0,
            b'S' => return number,
            _ => return 0,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_compared_by_the_unclipped_start() {
        let mut score = Score::default();
        let name = "0_chr1:1001-1150+:1301-1450-:0:0";
        for (flags, place, cigar) in [
            (99, "chr1\t1011\t60", "10S140M"),
            (147, "chr1\t1351\t30", "150M"),
            (147, "chr1\t1352\t30", "150M"),
            (99, "chr2\t1001\t3", "150M"),
            (2147, "chr2\t1\t60", "150M"),
            (77, "*\t0\t0", "*"),
        ] {
            score.add(&format!("{name}\t{flags}\t{place}\t{cigar}\t=\t1\t0\tA\tF")).unwrap();
        }
        assert_eq!((score.reads, score.mapped, score.right), (5, 4, 2));
        assert_eq!((score.trusted, score.wrong_trusted), (3, 1));
    }
}
