//! Where a read came from, and its name, which says so.

use landrace_genome::Interval;

/// Where one mate lies on the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MateTruth {
    /// From its leftmost to its rightmost base on the reference.
    pub interval: Interval,
    /// Whether the read is the reference's reverse complement.
    pub is_reverse: bool,
}

/// Where a fragment came from, in coordinates of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadTruth {
    /// The contig.
    pub contig: String,
    /// The first mate, or the only read.
    pub first: MateTruth,
    /// The second mate.
    pub second: Option<MateTruth>,
    /// The chromosome copy of the individual, from 0.
    pub copy: u32,
    /// 0 for a molecule's first read; 1, 2, … for PCR copies of it.
    pub duplicate: u32,
}

impl ReadTruth {
    /// The name of read `serial`: `SERIAL_CONTIG:START-END+:START-END-:COPY:DUPLICATE`, positions from 1, `+` or
    /// `-` for the strand, `*` in place of the second mate of a single read. For example
    /// `17_chr1:1001-1150+:1301-1450-:0:0`.
    pub fn to_name(&self, serial: u64) -> String {
        let mate = |mate: &MateTruth| {
            let strand = if mate.is_reverse { '-' } else { '+' };
            format!("{}-{}{strand}", mate.interval.start() + 1, mate.interval.end())
        };
        let second = self.second.as_ref().map_or_else(|| "*".to_owned(), mate);
        let (contig, first) = (&self.contig, mate(&self.first));
        format!("{serial}_{contig}:{first}:{second}:{}:{}", self.copy, self.duplicate)
    }

    /// Reads a name back: the serial number and the truth. `None` if the name is not one of ours.
    pub fn parse(name: &str) -> Option<(u64, Self)> {
        let (serial, rest) = name.split_once('_')?;
        // From the right, for contig names may hold colons.
        let mut fields = rest.rsplitn(5, ':');
        let duplicate = fields.next()?.parse().ok()?;
        let copy = fields.next()?.parse().ok()?;
        let second = match fields.next()? {
            "*" => None,
            text => Some(parse_mate(text)?),
        };
        let first = parse_mate(fields.next()?)?;
        let contig = fields.next()?.to_owned();
        Some((serial.parse().ok()?, Self { contig, first, second, copy, duplicate }))
    }
}

fn parse_mate(text: &str) -> Option<MateTruth> {
    let is_reverse = text.ends_with('-');
    let (start, end) = text.strip_suffix(['+', '-'])?.split_once('-')?;
    let start = start.parse::<u64>().ok()?.checked_sub(1)?;
    Some(MateTruth { interval: Interval::new(start, end.parse().ok()?), is_reverse })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let mate = |start, end, is_reverse| MateTruth { interval: Interval::new(start, end), is_reverse };
        let mut truth = ReadTruth {
            contig: "HLA:01_x".into(),
            first: mate(1_000, 1_150, false),
            second: Some(mate(1_300, 1_450, true)),
            copy: 3,
            duplicate: 1,
        };
        assert_eq!(truth.to_name(17), "17_HLA:01_x:1001-1150+:1301-1450-:3:1");
        assert_eq!(ReadTruth::parse(&truth.to_name(17)), Some((17, truth.clone())));
        truth.second = None;
        assert_eq!(ReadTruth::parse(&truth.to_name(5)), Some((5, truth)));
        assert_eq!(ReadTruth::parse("SRR1.1"), None);
    }
}
