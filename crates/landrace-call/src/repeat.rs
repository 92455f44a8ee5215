//! Short tandem repeats, and how often copying slips in them.

/// Longest unit of a repeat that is looked for, in bases.
const LONGEST_UNIT: usize = 6;
/// Phred quality of opening a gap outside repeats.
const GAP_OPEN: f64 = 45.0;
/// The least quality of opening a gap, in the longest repeats.
const LEAST_GAP_OPEN: f64 = 10.0;

/// A repeat that covers a base: length of its unit and of the whole run, in bases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) unit: usize,
    pub(crate) run: usize,
}

impl Repeat {
    /// Phred quality of an indel that starts here. Outside repeats 45, as polymerase and sequencer errors are
    /// rare; from some copies on it falls with every further one.
    pub(crate) fn gap_open(self) -> f64 {
        if self.unit == 0 {
            return GAP_OPEN;
        }
        let copies = self.run as f64 / self.unit as f64;
        let (free, slope) = if self.unit == 1 { (4.0, 2.0) } else { (2.5, 2.6) };
        (GAP_OPEN - slope * (copies - free).max(0.0)).max(LEAST_GAP_OPEN)
    }
}

/// The strongest repeat at each base of a sequence: the one in which an indel is likeliest.
pub(crate) fn repeats(bases: &[u8]) -> Vec<Repeat> {
    let mut strongest = vec![Repeat::default(); bases.len()];
    for unit in 1..=LONGEST_UNIT.min(bases.len()) {
        let mut start = 0;
        while start + unit < bases.len() {
            let same = bases[start + unit..].iter().zip(&bases[start..]).take_while(|(a, b)| a == b).count();
            let run = same + unit;
            if same >= unit {
                let repeat = Repeat { unit, run };
                for here in &mut strongest[start..start + run] {
                    if repeat.gap_open() < here.gap_open() {
                        *here = repeat;
                    }
                }
            }
            start += same + 1;
        }
    }
    strongest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_strongest_repeat() {
        let found = repeats(b"ACGTTTTTTTTTTGACACACACACACACG");
        assert_eq!(found[5], Repeat { unit: 1, run: 10 });
        assert_eq!(found[15], Repeat { unit: 2, run: 14 });
        assert_eq!(found[1], Repeat::default());
        assert!(found[5].gap_open() < found[0].gap_open());
    }
}
